"""Where units sit, found by moving an impulse through the network."""

from math import ceil

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_raman.inspection import (
    unit_positions,
    unit_windows,
    upsampling_operator,
)
from sklearn_raman.neural_network import CNN, FMCNN, GAPCNN


def test_the_papers_network():
    """1451 points give 363 units, four points apart, the first centred on 0..3."""
    positions = unit_positions(CNN(1451, 9, n_filters=2), 1451)
    np.testing.assert_array_equal(positions, 4 * np.arange(363) + 1.5)


@pytest.mark.parametrize("n_points", [1, 2, 3, 4, 5, 7, 100])
def test_any_length(n_points):
    net = CNN(n_points, 2, n_filters=2)
    assert net(torch.zeros(3, n_points)).shape == (3, 2)
    assert len(unit_positions(net, n_points)) == ceil(ceil(n_points / 2) / 2)


class Strided(nn.Module):
    """Average of windows: the unit's position is where its inputs are centred."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.AvgPool1d(3, stride=2), nn.Conv1d(1, 1, 1, stride=2), nn.AvgPool1d(2)
        )

    def features(self, x):
        return self.layers(x[:, None])


def test_positions_are_centres_of_what_units_see():
    net = Strided()
    nn.init.ones_(net.layers[1].weight)
    nn.init.zeros_(net.layers[1].bias)
    answers = net.features(torch.eye(50))[:, 0].detach().numpy()
    centres = (np.arange(50)[:, None] * answers).sum(axis=0) / answers.sum(axis=0)
    np.testing.assert_allclose(unit_positions(net, 50), centres, rtol=1e-6)


@pytest.mark.parametrize(
    ("network", "settings"),
    [
        (CNN, {"kernel_size": 5}),
        (FMCNN, {}),
        (GAPCNN, {}),
        (GAPCNN, {"stride": (2, 1, 2), "pool_bins": 7}),
        (GAPCNN, {"kernel_size": (31, 15, 7), "stride": (2, 2, 2), "pool_size": 1}),
    ],
)
def test_networks_see_symmetrically(network, settings):
    """Mean filters instead of learnt ones: a unit is centred on what moves it."""
    n_points = 240
    net = network(n_points, 2, scaling=None, derivative=False, **settings).eval()
    for parameter in net.blocks.parameters():
        nn.init.constant_(parameter, 0.01 if parameter.ndim > 1 else 0.0)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
    # An average instead of the largest value, which would hide the others.
    for name, layer in net.blocks.named_children():
        if isinstance(layer, nn.MaxPool2d):
            setattr(net.blocks, name, nn.AvgPool2d(layer.kernel_size, ceil_mode=True))
    X = torch.eye(n_points)
    answers = net.features(X).sum(dim=1).detach().double().numpy()
    centres = (np.arange(n_points)[:, None] * answers).sum(axis=0) / answers.sum(axis=0)
    inner = slice(10, -10)  # away from the padding
    found = unit_positions(net, n_points)
    np.testing.assert_allclose(found[inner], centres[inner], atol=1e-3)


@pytest.mark.parametrize(
    ("network", "settings"),
    [
        (CNN, {"kernel_size": 5}),
        (CNN, {"derivative": False}),
        (CNN, {"n_blocks": 1, "pool_size": 3}),
        (FMCNN, {}),
        (GAPCNN, {}),
        (GAPCNN, {"kernel_size": (31, 15, 7), "stride": (2, 2, 2), "pool_size": 1}),
    ],
)
def test_windows_are_what_moves_units(network, settings):
    """The support, by gradients; an even filter is off centre by half a step."""
    torch.manual_seed(0)
    n_points = 240
    net = network(n_points, 2, **settings).double().eval()
    windows = unit_windows(net, n_points)
    np.testing.assert_allclose(windows.sum(axis=1), 1)
    assert np.diff(windows.indptr).max() < 100
    unit = windows.shape[0] // 2
    seen = np.zeros(n_points, dtype=bool)
    for _ in range(20):  # a pool passes on one of its inputs at a time
        x = torch.randn(1, n_points, dtype=torch.float64, requires_grad=True)
        outputs = net.features(x)[0, :, unit]
        for output in outputs:
            (slope,) = torch.autograd.grad(output, x, retain_graph=True)
            seen |= slope[0].numpy() != 0
    seen, found = np.flatnonzero(seen), np.flatnonzero(windows.toarray()[unit])
    assert abs(seen[0] - found[0]) <= 2 and abs(seen[-1] - found[-1]) <= 2


@pytest.mark.parametrize("network", [CNN, FMCNN, GAPCNN])
def test_windows_are_centred_on_units(network):
    net = network(300, 2)
    windows, positions = unit_windows(net, 300), unit_positions(net, 300)
    assert windows.shape == (len(positions), 300)
    inner = (positions > 60) & (positions < 240)
    np.testing.assert_allclose((windows @ np.arange(300))[inner], positions[inner])


def test_positions_of_any_layer():
    net = CNN(100, 2, n_filters=2)
    np.testing.assert_array_equal(unit_positions(net, 100, "input"), np.arange(100))
    found = unit_positions(net, 100, "blocks.2")
    np.testing.assert_array_equal(found, 2 * np.arange(50) + 0.5)
    last = unit_positions(net, 100, "blocks.7")
    np.testing.assert_array_equal(last, unit_positions(net, 100))
    with pytest.raises(ValueError, match="layer='output'.*blocks.1"):
        unit_positions(net, 100, "output")


def test_hooks_are_removed():
    net = CNN(20, 2, n_filters=2)
    unit_positions(net, 20)
    assert not any(layer._forward_hooks for layer in net.modules())


def test_upsampling_is_linear_interpolation(rng):
    positions = 4 * np.arange(6) + 1.5
    maps = rng.normal(size=(3, 6))
    found = maps @ upsampling_operator(positions, 24)
    expected = [np.interp(np.arange(24), positions, row) for row in maps]
    np.testing.assert_allclose(found, expected)


def test_spline_upsampling(rng):
    """Order 2, by what defines it: it passes the units, and is exact for parabolas."""
    positions = 4 * np.arange(6) + 1.5
    points = np.arange(24)
    inside = (points >= positions[0]) & (points <= positions[-1])
    operator = upsampling_operator(positions, 24, "spline")
    parabola = 3 - 2 * positions + 0.5 * positions**2
    expected = (3 - 2 * points + 0.5 * points**2)[inside]
    np.testing.assert_allclose((parabola @ operator)[inside], expected, rtol=1e-10)
    np.testing.assert_allclose(operator.sum(axis=0), 1)
    ends = rng.normal(size=6) @ operator
    assert ends[0] == ends[1] and ends[-1] == ends[-2]
    whole = upsampling_operator(np.arange(24), 24, "spline")
    np.testing.assert_allclose(whole, np.eye(24), atol=1e-10)


@pytest.mark.parametrize("kind", ["linear", "spline"])
@pytest.mark.parametrize("n_units", [1, 2, 3])
def test_few_units(n_units, kind):
    positions = 4 * np.arange(n_units) + 1.5
    operator = upsampling_operator(positions, 12, kind)
    assert operator.shape == (n_units, 12)
    np.testing.assert_allclose(np.ones(n_units) @ operator, 1)


def test_operator_is_made_once_and_can_not_be_changed():
    first = upsampling_operator([0.5, 2.5], 4)
    assert upsampling_operator(np.array([0.5, 2.5]), 4) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 7
    with pytest.raises(ValueError, match="kind"):
        upsampling_operator([0.5, 2.5], 4, "cubic")
