"""Where a head is cut, and that maps do not depend on it: by plain autograd."""

import pytest
import torch
from torch import nn

from sklearn_raman.inspection import contribution
from sklearn_raman.inspection._head import Head
from sklearn_raman.inspection._reference import reference_spectra

N_POINTS, N_CLASSES = 20, 4


class Net(nn.Module):
    """Feature maps of two channels; `head` is what a test chooses."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        torch.manual_seed(0)
        self.blocks = nn.Sequential(nn.Conv1d(1, 2, 3, padding=1), nn.AvgPool1d(2))
        self.first = nn.Linear(N_POINTS, 6)
        self.activation = nn.LeakyReLU(0.2, inplace=True)
        self.last = nn.Linear(6, N_CLASSES)
        self.past = nn.Linear(N_POINTS, N_CLASSES)
        self.double()

    def features(self, x):
        return self.blocks(x[:, None])

    def head(self, features):
        hidden = self.first(features.flatten(1))
        if self.kind == "activation":
            hidden = self.activation(hidden)
        if self.kind == "function":
            hidden = torch.relu(hidden)
        logits = self.last(hidden)
        if self.kind == "past":
            logits = logits + self.past(features.flatten(1)).tanh()
        if self.kind == "square":
            logits = logits + features.square().sum(dim=(1, 2))[:, None]
        return logits


# What lies at the cut: logits, outputs of the first layer, or the features.
N_ROWS = {"affine": 4, "activation": 6, "function": 6, "past": None, "square": None}


@pytest.fixture
def X():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(70, N_POINTS, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize(("kind", "n_rows"), N_ROWS.items())
def test_where_the_cut_is(kind, n_rows, X):
    net = Net(kind)
    with torch.no_grad():
        features = net.features(X[:4])
    head = Head(net, features)
    assert (None if head.rows is None else len(head.rows)) == n_rows
    logits, inner = head(features)
    torch.testing.assert_close(logits, net.head(features))
    assert inner.shape[1:] == ((n_rows,) if n_rows else features.shape[1:])
    assert not any(layer._forward_hooks for layer in net.modules())


@pytest.mark.parametrize("kind", N_ROWS)
@pytest.mark.parametrize("reference", ["zero", "blank", "local"])
def test_maps_by_autograd(kind, reference, X):
    """Change of the feature maps times the gradient of each logit, for 70 spectra."""
    net = Net(kind)
    features = net.features(X).detach().requires_grad_()
    base = 0.0
    if reference != "zero":
        base = net.features(reference_spectra(X, reference)).detach()
    logits = net.head(features)
    expected = []
    for c in range(N_CLASSES):
        (slope,) = torch.autograd.grad(logits[:, c].sum(), features, retain_graph=True)
        expected.append(((features.detach() - base) * slope).sum(dim=1))
    expected = torch.stack(expected, dim=1)
    settings = {"score": "logit", "reference": reference}
    found = contribution(net, X, "all", **settings)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)
    target = torch.arange(70) % N_CLASSES
    one = contribution(net, X, target, **settings)
    torch.testing.assert_close(one, expected[torch.arange(70), target])


def test_many_classes(X):
    """More rows than are summed one by one."""
    net = Net("affine")
    net.last = nn.Linear(6, 30).double()
    found = contribution(net, X, "all", score="logit", reference="zero")
    for position in (0, 17, 29):
        one = contribution(net, X, position, score="logit", reference="zero")
        torch.testing.assert_close(found[:, position], one)


def test_targets_are_as_many_as_spectra(X):
    with pytest.raises(ValueError, match="shape .100.* but X has 70"):
        contribution(Net("affine"), X, [0] * 100)


def test_batches_do_not_matter(X):
    net = Net("activation")
    torch.testing.assert_close(
        contribution(net, X), torch.cat([contribution(net, row[None]) for row in X])
    )
