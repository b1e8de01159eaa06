"""Where units sit, found by moving an impulse through the network."""

from math import ceil

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_raman.inspection import unit_positions, upsampling_operator
from sklearn_raman.neural_network import CNN


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
