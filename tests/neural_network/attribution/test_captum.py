"""Methods of captum on our modules."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from sklearn_raman._utils._torch import isolated_randomness
from sklearn_raman.neural_network.attribution import (
    captum_attribution,
    contribution,
    input_x_gradient,
    saliency,
)


@pytest.mark.parametrize("score", ["logit", "logodds", "prob", "contrast"])
@pytest.mark.parametrize("target", [None, "all", 1])
def test_scores_and_targets(target, score, any_net, batch):
    """The same method of ours is the oracle for the wiring."""
    settings = {"target": target, "score": score}
    for name, ours, ours_settings in (
        ("Saliency", saliency, {}),
        ("InputXGradient", input_x_gradient, {}),
        ("LayerGradientXActivation", contribution, {"reference": "zero_features"}),
    ):
        found = captum_attribution(any_net, batch, name=name, **settings)
        expected = ours(any_net, batch, **settings, **ours_settings)
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("DeepLift", {}),
        ("IntegratedGradients", {"n_steps": 4}),
        ("Occlusion", {"sliding_window_shapes": (5,)}),
        ("LayerGradCam", {}),
        ("LayerConductance", {"n_steps": 4}),
    ],
)
def test_others(name, options, net, batch):
    found = captum_attribution(net, batch, name=name, **options)
    assert found.shape == (5, 11 if name.startswith("Layer") else 41)
    assert torch.isfinite(found).all()


def streams():
    """Return the states of the global generators of torch and numpy."""
    numpy_state = np.random.get_state()  # noqa: NPY002 captum draws from it
    return torch.get_rng_state().tolist(), repr(numpy_state)


@pytest.mark.filterwarnings("ignore:You are providing multiple inputs")
@pytest.mark.parametrize("name", ["GradientShap", "LayerGradientShap", "Lime"])
def test_random_methods_repeat_and_leave_the_streams_alone(name, net, batch):
    before = streams()
    maps = [captum_attribution(net, batch, name=name, n_samples=3) for _ in range(2)]
    assert torch.equal(*maps)
    assert streams() == before


@pytest.mark.parametrize("name", ["GradientShap", "ShapleyValueSampling"])
def test_random_methods_in_threads(name, net, batch):
    """They get the bits of one thread, and neither wait for a fit nor disturb it."""
    expected = captum_attribution(net, batch, name=name, n_samples=3)
    with ThreadPoolExecutor(2) as pool, isolated_randomness(0):
        before = torch.get_rng_state()
        maps = [
            pool.submit(captum_attribution, net, batch, name=name, n_samples=3)
            for _ in range(4)
        ]
        for found in maps:
            assert torch.equal(found.result(timeout=60), expected)
        assert torch.equal(torch.get_rng_state(), before)


def test_other_methods_touch_no_stream(net, batch, monkeypatch):
    """Not even to put it back: another thread may be drawing from it."""
    before = streams()
    names = [
        "DeepLift",
        "DeepLiftShap",
        "FeatureAblation",
        "InputXGradient",
        "IntegratedGradients",
        "InternalInfluence",
        "LayerConductance",
        "LayerDeepLift",
        "LayerGradCam",
        "LayerIntegratedGradients",
        "Saliency",
    ]
    monkeypatch.delattr(np.random, "set_state")
    monkeypatch.delattr(torch, "set_rng_state")
    for name in names:
        options = {"n_steps": 2} if "Integrated" in name or "Cond" in name else {}
        captum_attribution(net, batch, name=name, **options)
        assert streams() == before


@pytest.mark.parametrize("name", ["GuidedBackprop", "Deconvolution", "GuidedGradCam"])
def test_refuses_what_would_be_the_plain_gradient(name, net, batch):
    with pytest.raises(ValueError, match="LeakyReLU.*class_deconv"):
        captum_attribution(net, batch, name=name)


def test_refuses_what_has_no_rule(net, batch):
    with pytest.raises(ValueError, match="no rule.*input_x_gradient"):
        captum_attribution(net, batch, name="LRP")


@pytest.mark.parametrize("name", ["Tarot", "NoiseTunnel", "LayerActivation", "Max"])
def test_names_that_are_no_method(name, net, batch):
    with pytest.raises(ValueError, match=f"no method '{name}'"):
        captum_attribution(net, batch, name=name)
