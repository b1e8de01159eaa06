"""Networks on a GPU say what they say on the CPU, and leave no trace there."""

import copy
import gc
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.mapping import apply_pipeline
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
)
from sklearn_raman.over_sampling import WGANGP, SpectrumBootstrap
from sklearn_raman.preprocessing import SNV
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device"
)
CLASSIFIERS = (CNNClassifier, FMCNNClassifier, GAPCNNClassifier)
METHODS = (
    "contribution",
    "grad_cam",
    "saliency",
    "input_x_gradient",
    "integrated_gradients",
    "deconv",
    "class_deconv",
    "occlusion",
)
CLOSE = 1e-4


@pytest.fixture(scope="module")
def data():
    """60 spectra of 100 points, three classes with names."""
    X, y = make_lorentzian_spectra(
        20, centers=(20, 50, 80), n_points=100, noise=0.1, random_state=0
    )
    return X, np.array(["agate", "beryl", "topaz"])[y]


@pytest.fixture(scope="module", params=CLASSIFIERS)
def both(request, data):
    """One network, trained on the CPU, there and on the GPU."""
    net = request.param(max_epochs=3, random_state=0).fit(*data)
    return net, copy.deepcopy(net).set_params(device="cuda")


def assert_close(found, expected):
    scale = max(np.abs(expected).max(), 1.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=CLOSE * scale)


@pytest.mark.parametrize("cls", CLASSIFIERS)
def test_fit(cls, data):
    """Without what is drawn on the device, training gives the same network."""
    quiet = {"augmentation": None, "calibration": None, "max_epochs": 3}
    if "dropout" in cls().get_params():
        quiet["dropout"] = 0.0
    one, other = (
        cls(**quiet, device=device, random_state=0).fit(*data)
        for device in ("cpu", "cuda")
    )
    assert next(other.module_.parameters()).is_cuda
    assert_close(other.predict_proba(data[0]), one.predict_proba(data[0]))
    assert_close(other.explain_(data[0]), one.explain_(data[0]))


@pytest.mark.parametrize("cls", CLASSIFIERS)
def test_same_seed_same_network(cls, data):
    one, other = (
        cls(max_epochs=3, device="cuda", random_state=0).fit(*data) for _ in "ab"
    )
    assert_close(other.predict_proba(data[0]), one.predict_proba(data[0]))


def test_predictions(both, data):
    one, other = both
    for call in ("predict_proba", "decision_function", "embed_"):
        if hasattr(one, call):
            assert_close(getattr(other, call)(data[0]), getattr(one, call)(data[0]))
    np.testing.assert_array_equal(other.predict(data[0]), one.predict(data[0]))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", [None, "all"])
def test_maps(both, data, method, target):
    one, other = both
    expected = one.explain_(data[0], target, method=method)
    found = other.explain_(data[0], target, method=method)
    np.testing.assert_allclose(found, expected, atol=CLOSE * np.abs(expected).max())


@pytest.mark.parametrize("cls", CLASSIFIERS)
def test_no_trace(cls, data):
    """Generators and switches of the user are as they were, as are the spectra."""

    def state():
        return (
            torch.get_rng_state().tolist(),
            torch.cuda.get_rng_state().tolist(),
            torch.backends.cudnn.allow_tf32,
            torch.backends.cuda.matmul.allow_tf32,
            torch.backends.cudnn.deterministic,
            torch.backends.cudnn.benchmark,
            torch.are_deterministic_algorithms_enabled(),
            torch.get_float32_matmul_precision(),
            torch.get_default_dtype(),
            torch.get_default_device(),
            torch.cuda.current_device(),
        )

    torch.rand(1, device="cuda")
    X = data[0].copy()
    before = state()
    net = cls(max_epochs=2, device="cuda", random_state=0).fit(X, data[1])
    net.predict(X)
    net.explain_(X)
    assert state() == before
    np.testing.assert_array_equal(X, data[0])


def test_failed_refit(both, data):
    _, net = both
    before = net.predict_proba(data[0])
    with pytest.raises(ValueError, match="NaN"):
        net.fit(np.full_like(data[0], np.nan), data[1])
    np.testing.assert_array_equal(net.predict_proba(data[0]), before)


def test_threads(both, data):
    _, net = both
    expected = net.predict_proba(data[0]), net.explain_(data[0])
    with ThreadPoolExecutor(4) as pool:
        for proba in pool.map(net.predict_proba, [data[0]] * 16):
            assert_close(proba, expected[0])
        for maps in pool.map(net.explain_, [data[0]] * 16):
            assert_close(maps, expected[1])


def test_files(both, data):
    one, other = both
    again = pickle.loads(pickle.dumps(other))
    assert next(again.module_.parameters()).is_cuda
    assert_close(again.predict_proba(data[0]), one.predict_proba(data[0]))


def test_maps_of_cubes(both, data):
    cube = data[0].reshape(6, 10, -1)
    expected, found = (apply_pipeline(net, cube) for net in both)
    for name in expected:
        if expected[name].dtype.kind == "f":
            assert_close(found[name].to_numpy(), expected[name].to_numpy())
        else:
            np.testing.assert_array_equal(found[name], expected[name])


def test_memory_is_given_back(data):
    def used():
        gc.collect()
        torch.cuda.synchronize()
        return torch.cuda.memory_allocated()

    def once():
        net = CNNClassifier(max_epochs=1, device="cuda", random_state=0).fit(*data)
        net.explain_(data[0])

    once()
    before = used()
    for _ in range(5):
        once()
    assert used() <= before + 2**20


def test_knows_when_not_to_answer(data):
    X, y = data
    net = GAPCNNClassifier(max_epochs=3, device="cuda", random_state=0)
    pipeline = make_pipeline(SNV(), net)
    detector = SpectralNoveltyDetector(pipeline, cv=3, grouped=False).fit(X, y)
    assert np.isfinite(detector.score_samples(X)).all()
    sets = ConformalClassifier(pipeline, cv=3, grouped=False).fit(X, y).predict_set(X)
    assert sets.shape == (len(X), 3)


@pytest.fixture
def drawn_on_the_cpu(monkeypatch):
    """torch's random tensors are the same on each device."""

    def drawn(draw):
        return lambda *size, device="cpu", **kwargs: draw(*size, **kwargs).to(device)

    for name in ("rand", "randn", "randint"):
        monkeypatch.setattr(torch, name, drawn(getattr(torch, name)))


@pytest.mark.parametrize(
    "kind", [{}, {"start": SpectrumBootstrap()}, {"network": "convolutional"}]
)
@pytest.mark.usefixtures("drawn_on_the_cpu")
def test_wgan(data, kind):
    """A short training on the GPU makes what it makes on the CPU."""
    few = {"max_iter": 3, "validation_fraction": None, "random_state": 0, **kind}
    one, other = (
        WGANGP(**few, device=device).fit(*data).sample(20, "beryl", random_state=0)
        for device in ("cpu", "cuda")
    )
    assert_close(other, one)
