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
        if self.kind == "gate":
            logits = logits * (features.sum(dim=(1, 2)) > 0.5)[:, None]
        if self.kind == "square":
            logits = logits + features.square().sum(dim=(1, 2))[:, None]
        return logits


# What lies at the cut: logits, outputs of the first layer, or the features.
N_ROWS = {"affine": 4, "activation": 6, "function": 6}
N_ROWS |= {"past": None, "gate": None, "square": None}


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
    assert head.values(features).shape[1:] == (
        (n_rows,) if n_rows else features.shape[1:]
    )
    assert not any(layer._forward_hooks for layer in net.modules())


@pytest.mark.parametrize("kind", N_ROWS)
@pytest.mark.parametrize("from_zero", [True, False])
def test_logits_are_those_of_the_head(kind, from_zero, X):
    """Also where they are added up from what the units add."""
    net = Net(kind)
    with torch.no_grad():
        features = net.features(X)
        background = 0.0 if from_zero else net.features(X.flip(0))
        expected = net.head(features)
    head = Head(net, features[:4])

    def gradients(logits, inner):
        torch.testing.assert_close(logits.detach(), expected)
        return [torch.zeros_like(inner)]

    head.maps(features, background, head.values(background), gradients)
    assert not any("forward" in vars(layer) for layer in net.modules())


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
    """More rows than are laid out transposed: slopes of an affine head."""
    net = Net("affine")
    net.last = nn.Linear(6, 80).double()
    found = contribution(net, X, "all", score="logit", reference="zero")
    rows = (net.last.weight @ net.first.weight).detach().reshape(80, 2, -1)
    features = net.features(X).detach()
    expected = torch.einsum("nku,cku->ncu", features, rows)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        contribution(net, X, 17, score="logit", reference="zero"), expected[:, 17]
    )


def test_targets_are_as_many_as_spectra(X):
    with pytest.raises(ValueError, match="shape .100.* but X has 70"):
        contribution(Net("affine"), X, [0] * 100)


def test_batches_do_not_matter(X):
    net = Net("activation")
    torch.testing.assert_close(
        contribution(net, X), torch.cat([contribution(net, row[None]) for row in X])
    )
