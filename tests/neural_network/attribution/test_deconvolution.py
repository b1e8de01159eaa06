"""The way back, against automatic differentiation and transposed layers by hand."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from sklearn_raman._utils._explanation import reference_spectra
from sklearn_raman.neural_network import CNN, FMCNN
from sklearn_raman.neural_network.attribution import (
    class_deconv,
    contribution,
    deconv,
    feature_maps,
    filters,
    unit_positions,
)
from tests.neural_network.attribution.conftest import NETWORKS, build


def test_linear_rule_is_the_transposed_jacobian(any_net, batch):
    """Row by row from torch's Jacobian: learned input, pools, fire module and all."""
    features = any_net.features(batch)
    found = deconv(any_net, batch, rule="linear", reference="zero_features")
    for x, maps, row in zip(batch, features, found, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda x: any_net.features(x[None])[0], x
        )
        expected = torch.tensordot(maps.detach(), jacobian, dims=2)
        np.testing.assert_allclose(row, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("rule", ["leaky", "relu"])
def test_layer_by_layer(rule, batch):
    """The paper's layers backwards by hand: activation, unpooling, filters transposed.

    On one block and plain input, where each step is one function of torch.
    """
    net = build(
        CNN, n_blocks=1, n_filters=4, kernel_size=5, scaling=None, derivative=False
    )
    pad, convolution, _, _ = net.blocks
    before = convolution(pad(batch[:, None, None]))[:, :, 0]
    pooled, switches = functional.max_pool1d(
        before, 2, ceil_mode=True, return_indices=True
    )
    signal = functional.leaky_relu(pooled, 0.2)
    slope = 0.2 if rule == "leaky" else 0.0
    signal = functional.leaky_relu(signal, slope)
    signal = functional.max_unpool1d(signal, switches, 2, output_size=before.shape)
    expected = functional.conv_transpose1d(
        signal, convolution.weight[:, :, 0], padding=2
    )
    found = deconv(net, batch, rule=rule)
    np.testing.assert_allclose(found, expected[:, 0].detach(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("reference", ["zero_features", "blank"])
def test_any_layer(reference, any_net, batch):
    """With the linear rule, the transposed Jacobian of the layer, kept by a hook."""
    level = torch.from_numpy(reference_spectra(batch.numpy(), "blank").copy())
    for name, maps in feature_maps(any_net, batch).items():
        kept = []
        hook = any_net.get_submodule(name).register_forward_hook(
            lambda called, inputs, output, kept=kept: kept.append(output)
        )
        X = batch.clone().requires_grad_()
        any_net.features(X)
        any_net.features(level)
        hook.remove()
        answer, blank = kept
        change = answer - (blank if reference == "blank" else 0)
        (expected,) = torch.autograd.grad(answer, X, change.detach())
        settings = {"rule": "linear", "reference": reference, "layer": name}
        found = deconv(any_net, batch, **settings)
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)
        each = [deconv(any_net, batch, feature=k, **settings) for k in (0, 1, 2)]
        if maps.shape[1] == 3:
            np.testing.assert_allclose(sum(each), found, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("rule", ["leaky", "relu", "linear"])
def test_last_layer_is_the_default(rule, any_net, batch):
    """Bit for bit, with the rule at the layer itself."""
    last = list(feature_maps(any_net, batch))[-1]
    expected = deconv(any_net, batch, rule=rule)
    assert torch.equal(deconv(any_net, batch, rule=rule, layer=last), expected)
    together = deconv(any_net, batch, "all", rule=rule, layer=last)
    assert torch.equal(together[:, 1], expected)


@pytest.mark.parametrize("rule", ["leaky", "relu", "linear"])
def test_does_not_see_the_head(rule, any_net, batch):
    """It shows features, so that a head drawn anew changes nothing."""
    before = deconv(any_net, batch, rule=rule)
    weights = any_net.output.weight
    nn.init.normal_(weights)
    assert torch.equal(deconv(any_net, batch, rule=rule), before)
    together = deconv(any_net, batch, "all", rule=rule)
    other = together[:, 1].clone()
    together[:, 0] += 1  # a class of its own
    assert torch.equal(together[:, 1], other)
    together[:, 0] -= 1
    assert together.shape == (5, 3, 41)
    assert torch.equal(together[:, 2], before)


def test_class_deconv_sees_the_class(any_net, batch):
    together = class_deconv(any_net, batch, "all")
    for target in range(3):
        found = class_deconv(any_net, batch, target)
        np.testing.assert_allclose(together[:, target], found, rtol=1e-10)
    assert not torch.allclose(together[:, 0], together[:, 1])


def test_class_deconv_starts_from_contributions(net, batch):
    """An oracle by automatic differentiation in one go."""
    features = net.features(batch).detach().requires_grad_()
    (slope,) = torch.autograd.grad(net.head(features)[:, 1].sum(), features)
    X = batch.clone().requires_grad_()
    (expected,) = torch.autograd.grad(net.features(X), X, (features * slope).detach())
    found = class_deconv(net, batch, 1, score="logit", reference="zero_features")
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    seed = contribution(net, batch, 1, score="logit", reference="zero_features")
    np.testing.assert_allclose((features * slope).sum(dim=1).detach(), seed)


def test_features_add_up(net, batch):
    """With the linear rule, one feature map after the other is all together."""
    each = sum(deconv(net, batch, rule="linear", feature=k) for k in range(4))
    np.testing.assert_allclose(each, deconv(net, batch, rule="linear"), atol=1e-10)


def test_rules_differ():
    net = NETWORKS["fmcnn"]()
    X = torch.randn(3, 41, dtype=torch.float64)
    maps = [deconv(net, X, rule=rule) for rule in ("leaky", "relu", "linear")]
    assert not torch.allclose(maps[0], maps[1])
    assert not torch.allclose(maps[0], maps[2])


@pytest.mark.parametrize("rule", ["leaky", "relu", "linear"])
def test_activations_in_place(rule, net, batch):
    """They overwrite what a convolution answered, but not here."""
    expected, maps = deconv(net, batch, rule=rule), feature_maps(net, batch)
    net.blocks[3].inplace = True
    assert torch.equal(deconv(net, batch, rule=rule), expected)
    for name, found in feature_maps(net, batch).items():
        assert torch.equal(found, maps[name])
    assert net.blocks[3].inplace


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule": "zeiler"}, "rule"),
        ({"feature": 99}, "from 0 to 63"),
        ({"feature": True}, "feature must be a whole number, got True"),
        ({"target": 3}, "class positions from 0 to 2, got 3"),
        ({"feature": 32, "layer": "blocks.1"}, "from 0 to 31"),
        ({"layer": "hidden"}, "layer='hidden' has no feature maps.*'blocks.1'"),
    ],
)
def test_bad_arguments(settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        deconv(FMCNN(50, 3).eval(), torch.rand(2, 50), **settings)


def test_chain_of_layers(any_net, batch):
    maps = feature_maps(any_net, batch)
    image, names = any_net.input(batch), ["input"]
    assert torch.equal(maps["input"], image[:, :, 0])
    for name, layer in any_net.blocks.named_children():
        image = layer(image)
        if f"blocks.{name}" in maps:
            names.append(f"blocks.{name}")
            assert torch.equal(maps[names[-1]], image[:, :, 0])
    inner = [name for name in maps if name.count(".") > 1]  # of the fire module
    assert [name for name in maps if name not in inner] == names
    assert torch.equal(maps[names[-1]], any_net.features(batch))
    for name, found in maps.items():
        assert len(unit_positions(any_net, 41, name)) == found.shape[2]
        assert not found.requires_grad


def test_one_layer(net, batch):
    expected = feature_maps(net, batch)["blocks.2"]
    assert torch.equal(feature_maps(net, batch, "blocks.2"), expected)
    with pytest.raises(ValueError, match="layer='hidden'.*'blocks.1'"):
        feature_maps(net, batch, "hidden")


def test_filters(any_net):
    found = filters(any_net)
    for name, weights in found.items():
        layer = any_net.get_submodule(name)
        assert torch.equal(weights, layer.weight[:, :, 0])
        assert torch.equal(filters(any_net, name), weights)
    with pytest.raises(ValueError, match="layer='output'.*blocks"):
        filters(any_net, "output")


def test_filters_are_copies(net):
    before = net.blocks[1].weight.clone()
    filters(net, "blocks.1").zero_()
    assert torch.equal(net.blocks[1].weight, before)
