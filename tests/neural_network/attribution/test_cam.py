"""Class activation maps: they add up to the scores, for any bins and lengths."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_raman.neural_network import CNN, FMCNN, GAPCNN
from sklearn_raman.neural_network.attribution import cam, contribution, decision_terms


def gap_net(n_points, n_bins, n_classes=3):
    torch.manual_seed(0)
    return GAPCNN(n_points, n_classes, n_filters=(4, 5, 6), pool_bins=n_bins).eval()


@pytest.mark.parametrize("n_bins", [1, 32])
@pytest.mark.parametrize("n_points", [128, 200, 1451, 20])
def test_adds_up_to_the_logits(n_points, n_bins):
    net, X = gap_net(n_points, n_bins), torch.randn(4, n_points)
    found = cam(net, X, "all", score="logit").sum(dim=2)
    np.testing.assert_allclose(found, net(X).detach(), rtol=1e-5, atol=1e-5)


def test_is_eq_6(rng):
    net, X = gap_net(60, 1), torch.randn(4, 60)
    features, weights = net.features(X), net.output.weight
    expected = torch.einsum("ck,nkx->ncx", weights, features).detach()
    found = cam(net, X, "all", score="logit", scale="paper")
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    # Eq. 5: the score is the mean of the map.
    np.testing.assert_allclose(found.mean(dim=2), net(X).detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("score", ["logit", "logodds", "prob", "contrast"])
@pytest.mark.parametrize("n_bins", [1, 7])
def test_is_the_contribution_on_these_networks(n_bins, score):
    """One from the weights, the other by automatic differentiation."""
    net, X = gap_net(90, n_bins), torch.randn(4, 90)
    for target in (None, 2, "all"):
        expected = contribution(net, X, target, score=score, reference="zero_features")
        found = cam(net, X, target, score=score)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("score", ["contrast", "logodds", "prob"])
def test_does_not_see_what_all_classes_share(score):
    """One vector added to all rows of weights changes no probability."""
    net, X = gap_net(60, 1), torch.randn(4, 60)
    before, literal = cam(net, X, 0, score=score), cam(net, X, 0, score="logit")
    with torch.no_grad():
        net.output.weight += torch.randn(6)
    np.testing.assert_allclose(cam(net, X, 0, score=score), before, atol=1e-6)
    assert not torch.allclose(cam(net, X, 0, score="logit"), literal, atol=1e-2)


def test_a_network_of_ones_own():
    class Mine(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = nn.Conv1d(1, 4, 3, padding=1)
            self.pool = nn.AdaptiveAvgPool1d(1)
            self.output = nn.Linear(4, 3, bias=False)

        def features(self, x):
            return self.convolution(x[:, None]).relu()

        def head(self, features):
            return self.output(self.pool(features).flatten(1))

    torch.manual_seed(0)
    net, X = Mine(), torch.randn(4, 50)
    logits = net.head(net.features(X)).detach()
    found = cam(net, X, "all", score="logit").sum(dim=2)
    np.testing.assert_allclose(found, logits, rtol=1e-4, atol=1e-6)
    net.pool = nn.AdaptiveMaxPool1d(1)
    with pytest.raises(ValueError, match="not an average"):
        cam(net, X)


@pytest.mark.parametrize("method", [cam, decision_terms])
def test_heads_that_do_more_than_average(method):
    """They have the layers, and their terms do not add up to the logits."""

    class Rectified(GAPCNN):
        def head(self, features):
            return self.output((self.pool(features).flatten(1) - 1).relu())

    with pytest.raises(ValueError, match="head does something else too"):
        method(Rectified(50, 3), torch.randn(2, 50))


@pytest.mark.parametrize("network", [CNN, FMCNN])
@pytest.mark.parametrize("method", [cam, decision_terms])
def test_other_architectures(method, network):
    with pytest.raises(ValueError, match=f"{network.__name__} is not one"):
        method(network(50, 3), torch.randn(2, 50))


@pytest.mark.parametrize("n_bins", [1, 8])
def test_decision_terms(n_bins):
    net, X = gap_net(60, n_bins), torch.randn(4, 60)
    logits = net(X).detach()
    terms = decision_terms(net, X, "all")
    assert terms.products.shape == (4, 3, 6, n_bins)
    np.testing.assert_allclose(terms.products, terms.pooled * terms.weights)
    np.testing.assert_allclose(terms.sums, logits, rtol=1e-4, atol=1e-5)
    averages = net.pool(net.features(X)).detach()
    one = decision_terms(net, X)
    np.testing.assert_allclose(one.pooled, averages, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(one.sums, logits.amax(dim=1), rtol=1e-4, atol=1e-5)
