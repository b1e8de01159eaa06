"""Networks and layers: dimensions, and what they compute by numpy, scipy and torch."""

import numpy as np
import pytest
import torch
from scipy.signal import savgol_filter
from torch import nn
from torch.nn import functional

from sklearn_raman.neural_network import CNN, FMCNN, GAPCNN, SpectralInput
from sklearn_raman.neural_network._layers import (
    BatchNorm,
    BinnedAveragePool,
    smooth_derivative,
    weighted_spread,
)


def test_sizes_of_the_paper():
    """1451 points, 363 units of 64 channels, about 3 million weights for 9 classes."""
    net = CNN(1451, 9)
    assert net.features(torch.zeros(2, 1451)).shape == (2, 64, 363)
    assert net.hidden.weight.shape == (128, 363 * 64)
    n_weights = sum(parameter.numel() for parameter in net.parameters())
    assert 2.9e6 < n_weights < 3.1e6


@pytest.mark.parametrize("kernel_size", [3, 8])
def test_is_a_one_dimensional_network(kernel_size, rng):
    """The image of height 1 computes what conv1d and max_pool1d do."""
    settings = {"n_filters": 5, "kernel_size": kernel_size, "pool_size": 3}
    net = CNN(101, 4, scaling=None, derivative=False, **settings).eval()
    x = torch.tensor(rng.normal(size=(6, 101)), dtype=torch.float32)
    maps = x[:, None]
    for layer in (m for m in net.blocks if isinstance(m, nn.Conv2d)):
        left = (kernel_size - 1) // 2
        padded = functional.pad(maps, (left, kernel_size - 1 - left))
        maps = functional.conv1d(padded, layer.weight[:, :, 0], layer.bias)
        maps = functional.leaky_relu(maps, 0.2)
        maps = functional.max_pool1d(maps, 3, ceil_mode=True)
    np.testing.assert_allclose(
        net.features(x).detach(), maps.detach(), rtol=1e-5, atol=1e-6
    )
    hidden = functional.linear(maps.flatten(1), net.hidden.weight, net.hidden.bias)
    logits = functional.linear(hidden, net.output.weight, net.output.bias)
    np.testing.assert_allclose(net(x).detach(), logits.detach(), rtol=1e-4, atol=1e-5)


def test_each_layer_is_registered_once():
    names = [name for name, _ in CNN(20, 2).named_modules(remove_duplicate=False)]
    assert len(names) == len(list(CNN(20, 2).modules()))


NETS = [CNN(40, 3), FMCNN(40, 3, dropout=0.5), GAPCNN(40, 3, dropout=0.5)]


@pytest.mark.parametrize("net", NETS)
def test_declared_heads(net, rng):
    """What a module declares about its head is true of it."""
    net = net.double().eval()
    features = net.features(torch.tensor(rng.normal(size=(5, 40)))).detach()
    if net.first_linear is not None:
        layer = net.get_submodule(net.first_linear)
        seen = []
        hook = layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        net.head(features)
        hook.remove()
        assert torch.equal(*seen, features.flatten(1))
    if net.affine_head:
        other = torch.tensor(rng.normal(size=features.shape)) * 100
        middle = net.head((features + other) / 2)
        torch.testing.assert_close(middle, (net.head(features) + net.head(other)) / 2)
    assert net.first_linear or net.affine_head


def test_declaration_holds_for_its_own_head_only():
    """A subclass with another head declares anew."""

    class Clamped(CNN):
        def head(self, features):
            return super().head(features).clamp(-1, 1)

    class Wider(CNN):
        pass

    class Declared(GAPCNN):
        first_linear = "output"

        def head(self, features):
            return self.output(features.flatten(1))

    assert (Clamped.first_linear, Clamped.affine_head) == (None, False)
    assert (Wider.first_linear, Wider.affine_head) == ("hidden", True)
    assert (Declared.first_linear, Declared.affine_head) == ("output", False)


# Layers -----------------------------------------------------------------------------


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


def test_channels_of_the_input(X):
    """Spectrum, derivative and its signed root; of one size without classes."""
    layer = SpectralInput(40).double()
    layer.learn(X * 1e4)
    image = layer(X * 1e4)
    assert image.shape == (7, 3, 1, 40)
    assert image.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(image.mean(dim=0), 0, atol=1e-12)
    np.testing.assert_allclose((image**2).mean(dim=(0, 2, 3)), [1, 1, 0.25])
    background = layer(X * 1e4 + 1e6)
    np.testing.assert_allclose(background[:, 1:], image[:, 1:], atol=1e-6)
    steep = layer(X * 4e8) * layer.scale[:, None] + layer.center[:, None]
    twice = layer(X * 16e8) * layer.scale[:, None] + layer.center[:, None]
    ratio = (twice / steep)[:, 2].abs().median()
    assert float(ratio) == pytest.approx(2, rel=0.01)


def test_channels_count_by_their_share_between_classes():
    """The level tells two classes apart; slopes are noise."""
    rng = np.random.default_rng(0)
    codes = torch.arange(40) % 2
    X = codes[:, None] * 3.0 + torch.tensor(rng.normal(size=(40, 60)))
    plain, aware = SpectralInput(60).double(), SpectralInput(60).double()
    plain.learn(X)
    aware.learn(X, codes=codes)
    size = (plain.scale / aware.scale)[:, 0]
    values = [X, smooth_derivative(X)]
    expected = []
    for channel in values:
        means = torch.stack([channel[codes == code].mean(dim=0) for code in (0, 1)])
        between = ((means - channel.mean(dim=0)) ** 2).sum(dim=1).mean()
        expected.append(between / ((channel - channel.mean(dim=0)) ** 2).sum(1).mean())
    assert float(size[0]) == pytest.approx(1)
    assert float(size[1]) == pytest.approx(max(expected[1] / expected[0], 0.05))
    assert size[1] < 0.2


def test_neighboring_points_are_averaged(rng):
    """The same as averages that go in; an incomplete window counts its points."""
    X = torch.tensor(rng.normal(size=(5, 31)), dtype=torch.float32)
    means = torch.stack([X[:, i : i + 4].mean(dim=1) for i in range(0, 31, 4)], dim=1)
    coarse, fine = CNN(8, 3).eval(), CNN(31, 3, n_averaged=4).eval()
    fine.load_state_dict(coarse.state_dict())
    for net, spectra in ((coarse, means), (fine, X)):
        net.learn_input(spectra)
    torch.testing.assert_close(fine(X), coarse(means))


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


def test_convolutions_need_one_value_each():
    with pytest.raises(ValueError, match=r"one value per convolution, got \(8, 8\)"):
        GAPCNN(50, 3, n_filters=(8, 8), kernel_size=(3,), stride=(1,))
