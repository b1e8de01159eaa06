"""What layers answer, and their filters, against the layers themselves."""

import pytest
import torch

from sklearn_raman.inspection import feature_maps, filters, unit_positions


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
    assert not any(layer._forward_hooks for layer in net.modules())


def test_filters(any_net):
    found = filters(any_net)
    for name, weights in found.items():
        layer = any_net.get_submodule(name)
        assert torch.equal(weights, layer.weight[:, :, 0])
        assert torch.equal(filters(any_net, name), weights)
    with pytest.raises(ValueError, match="layer='output'.*blocks"):
        filters(any_net, "output")
