"""Networks: dimensions, and what they compute."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from sklearn_raman.neural_network import CNN, FMCNN, GAPCNN


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
