"""Maps on the points of the spectrum, against captum and their own definitions."""

import numpy as np
import pytest
import torch
from captum import attr as captum

from sklearn_raman.neural_network.attribution import (
    input_x_gradient,
    integrated_gradients,
    saliency,
)


def test_gradients_equal_captum(any_net, batch):
    for target in range(3):
        settings = {"score": "logit"}
        expected = captum.Saliency(any_net).attribute(batch, target=target)
        found = saliency(any_net, batch, target, **settings)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        expected = captum.InputXGradient(any_net).attribute(batch, target=target)
        found = input_x_gradient(any_net, batch, target, **settings)
        np.testing.assert_allclose(found, expected.detach(), rtol=1e-9)


def test_integrated_gradients_equal_captum(any_net, batch):
    baseline = torch.full_like(batch, 0.3)
    expected = captum.IntegratedGradients(any_net).attribute(
        batch, baselines=baseline, target=1, n_steps=8
    )
    found = integrated_gradients(
        any_net, batch, 1, score="logit", reference=baseline, n_steps=8
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("score", ["logit", "logodds", "prob", "contrast"])
def test_integrated_gradients_add_up(score, net, batch):
    """Between two spectra with a smooth enough way, the steps converge."""
    start = batch + 0.05 * torch.randn_like(batch)

    def value(X):
        z = net(X).detach()
        others = torch.logsumexp(z[:, 1:], dim=1)
        return {
            "logit": z[:, 0],
            "prob": z.softmax(dim=1)[:, 0],
            "logodds": z[:, 0] - others,
            "contrast": z[:, 0] - z.mean(dim=1),
        }[score]

    found = integrated_gradients(
        net, batch, 0, score=score, reference=start, n_steps=64
    ).sum(dim=1)
    np.testing.assert_allclose(found, value(batch) - value(start), atol=2e-2)


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        (saliency, {}),
        (input_x_gradient, {"reference": "blank"}),
        (integrated_gradients, {"n_steps": 4}),
    ],
)
def test_targets(method, settings, any_net, batch):
    together = method(any_net, batch, "all", **settings)
    predicted = any_net(batch).argmax(dim=1).numpy()
    found = method(any_net, batch, **settings)
    expected = together[np.arange(5), predicted]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        (integrated_gradients, {"n_steps": 0}, "n_steps"),
        (integrated_gradients, {"n_steps": 10**9}, "from 1 to 2000"),
        (input_x_gradient, {"reference": "auto"}, "reference"),
        (integrated_gradients, {"reference": "zero_features"}, "reference"),
        (input_x_gradient, {"reference": np.nan}, "NaN"),
    ],
)
def test_bad_arguments(method, settings, message, net, batch):
    with pytest.raises(ValueError, match=message):
        method(net, batch, **settings)
