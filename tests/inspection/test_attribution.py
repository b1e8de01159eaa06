"""The contribution map against the paper's equations, word for word, by autograd."""

import numpy as np
import pytest
import torch

from sklearn_raman.inspection import contribution
from sklearn_raman.neural_network import CNN


@pytest.fixture
def net():
    """A small untrained network of the paper, in double precision."""
    torch.manual_seed(0)
    return CNN(41, 3, n_filters=4, kernel_size=5, n_hidden=6).double().eval()


@pytest.fixture
def batch(rng):
    return torch.tensor(rng.normal(size=(5, 41)))


def literal_map(net, x, target, score):
    """Eq. 8 and 9 of Fukuhara et al. for one spectrum, weights of the hidden layer."""
    features = net.features(x[None])
    logits = net.head(features)[0]
    (slope,) = torch.autograd.grad(score(logits, target), net.hidden.weight)
    beta = slope.sum(dim=1)  # eq. 8: sum over x and k
    weights = (beta[:, None] * net.hidden.weight).sum(dim=0).reshape(features[0].shape)
    return (features[0] * weights).sum(dim=0).detach(), features.sum().detach()


SCORES = {
    "logit": lambda z, c: z[c],
    "prob": lambda z, c: torch.softmax(z, 0)[c],
    "logodds": lambda z, c: z[c] - torch.logsumexp(torch.cat([z[:c], z[c + 1 :]]), 0),
}


@pytest.mark.parametrize("score", SCORES)
def test_is_eq_8_and_9(score, net, batch):
    """Up to the sum over the feature maps, one factor for each spectrum."""
    found = contribution(net, batch, "all", score=score)
    for x, maps in zip(batch, found, strict=True):
        for target in range(3):
            expected, factor = literal_map(net, x, target, SCORES[score])
            np.testing.assert_allclose(
                maps[target] * factor, expected, rtol=1e-5, atol=1e-12
            )


def test_adds_up_to_the_logit(net, batch):
    """The head is linear, so nothing of the logit is left over."""
    features = net.features(batch)
    expected = net.head(features) - net.head(torch.zeros_like(features))
    found = contribution(net, batch, "all", score="logit").sum(dim=2)
    np.testing.assert_allclose(found, expected.detach(), rtol=1e-10)


def test_targets(net, batch):
    together = contribution(net, batch, "all")
    assert together.shape == (5, 3, 11)
    predicted = net(batch).argmax(dim=1).numpy()
    rows = np.arange(5)
    np.testing.assert_array_equal(contribution(net, batch), together[rows, predicted])
    np.testing.assert_array_equal(
        contribution(net, batch, np.array([2, 0, 1, 1, 2])),
        together[rows, [2, 0, 1, 1, 2]],
    )


def test_leaves_no_gradients(net, batch):
    contribution(net, batch)
    assert all(parameter.grad is None for parameter in net.parameters())
