"""Layers: what they compute, against numpy, scipy and torch."""

import numpy as np
import pytest
import torch
from scipy.signal import savgol_filter
from torch import nn

from sklearn_raman.neural_network import SpectralInput
from sklearn_raman.neural_network._layers import (
    BatchNorm,
    BinnedAveragePool,
    smooth_derivative,
    weighted_spread,
)


@pytest.fixture
def X(rng):
    return torch.tensor(5 + rng.normal(size=(7, 40)).cumsum(axis=1))


def test_derivative_is_savitzky_golays(X):
    """scipy as oracle; at the ends spectra go on with their last value."""
    expected = savgol_filter(X.numpy(), 7, 1, deriv=1, mode="nearest")
    np.testing.assert_allclose(smooth_derivative(X), expected, atol=1e-12)


@pytest.mark.parametrize("n_points", [1, 2, 5])
def test_derivative_of_short_spectra(n_points):
    assert smooth_derivative(torch.ones(3, n_points)).tolist() == [[0.0] * n_points] * 3


def test_spread_counts_weights_as_repetitions(X):
    weights = torch.tensor([1, 2, 1, 3, 1, 1, 2])
    repeated = np.repeat(X.numpy(), weights, axis=0)
    center, spread = weighted_spread(X, weights)
    np.testing.assert_allclose(center, repeated.mean(axis=0))
    expected = np.sqrt(((repeated - repeated.mean(axis=0)) ** 2).mean())
    assert float(spread) == pytest.approx(expected)


def test_input_gives_both_channels_the_same_size(X):
    layer = SpectralInput(40).double()
    layer.learn(X * 1e4)
    image = layer(X * 1e4)
    assert image.shape == (7, 2, 1, 40)
    assert image.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(image.mean(dim=0), 0, atol=1e-12)
    np.testing.assert_allclose((image**2).mean(dim=(0, 2, 3)), 1)


def test_input_of_equal_spectra_is_finite():
    layer = SpectralInput(10)
    layer.learn(torch.ones(4, 10))
    assert layer(torch.ones(4, 10)).abs().max() == 0


def test_input_without_scaling_passes_spectra_on(X):
    layer = SpectralInput(40, scaling=None, derivative=False)
    layer.learn(X)
    torch.testing.assert_close(layer(X)[:, 0, 0], X.float(), check_dtype=False)
    with pytest.raises(ValueError, match="scaling must be"):
        SpectralInput(40, scaling="magic")


def test_batch_norm_of_a_single_value_is_that_of_prediction():
    layer = BatchNorm(3).train()
    layer.running_mean += 2
    x = torch.arange(3.0).reshape(1, 3, 1, 1)
    trained = layer(x)
    torch.testing.assert_close(trained, layer.eval()(x))
    torch.manual_seed(0)
    x = torch.randn(4, 3, 1, 5)
    torch.testing.assert_close(BatchNorm(3)(x), nn.BatchNorm2d(3)(x))


@pytest.mark.parametrize(("n_units", "n_bins"), [(10, 1), (10, 3), (170, 32), (5, 32)])
def test_bins_partition_the_units(n_units, n_bins, rng):
    pool = BinnedAveragePool(n_units, n_bins)
    weights = pool.weights.numpy()
    assert ((weights > 0).sum(axis=1) == 1).all()  # each unit in one bin
    sizes = (weights > 0).sum(axis=0)
    assert sizes.min() >= 1
    assert np.ptp(sizes) <= 1
    features = torch.tensor(rng.normal(size=(2, 4, n_units)), dtype=torch.float32)
    found = pool(features)
    first = features[:, :, : sizes[0]].mean(dim=2)
    torch.testing.assert_close(found[:, :, 0], first)
