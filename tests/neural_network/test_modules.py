"""Networks: dimensions, and what they compute."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from sklearn_raman.neural_network import CNN


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
