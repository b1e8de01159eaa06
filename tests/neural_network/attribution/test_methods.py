"""Methods by name, and which fit which network."""

import pytest
import torch

from sklearn_raman.neural_network import attribution
from sklearn_raman.neural_network.attribution import attribute, available_methods


def test_every_listed_method_runs(any_net, batch):
    for name in available_methods(any_net)[:-1]:
        function = getattr(attribution, name)
        found = attribute(any_net, batch, "all", method=name, score="prob")
        assert torch.equal(found, function(any_net, batch, "all", score="prob"))
        assert found.shape[:2] == (5, 3) and torch.isfinite(found).all()
    expected = attribution.contribution(any_net, batch)
    assert torch.equal(attribute(any_net, batch), expected)


def test_cam_is_listed_where_it_fits(any_net, batch):
    listed = "cam" in available_methods(any_net)
    assert listed == (type(any_net).__name__ == "GAPCNN")
    if not listed:
        with pytest.raises(ValueError, match="'cam'.*'contribution', 'grad_cam'"):
            attribute(any_net, batch, method="cam")


def test_options(net, batch):
    found = attribute(net, batch, method="grad_cam", relu=False)
    assert torch.equal(found, attribution.grad_cam(net, batch, relu=False))
    with pytest.raises(TypeError, match="no option 'rule'.*'relu', 'scale'"):
        attribute(net, batch, method="grad_cam", rule="leaky")


def test_captum_by_name(net, batch):
    found = attribute(net, batch, 1, method="captum:DeepLift", score="logit")
    expected = attribution.captum_attribution(
        net, batch, 1, name="DeepLift", score="logit"
    )
    assert torch.equal(found, expected)
