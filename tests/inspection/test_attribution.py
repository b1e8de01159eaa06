"""Contribution and Grad-CAM against the papers' equations, literally, and captum."""

import numpy as np
import pytest
import torch
from captum import attr as captum
from torch import nn

from sklearn_raman.inspection import contribution, grad_cam
from sklearn_raman.inspection._reference import blank_level
from sklearn_raman.neural_network import CNN
from tests.inspection.conftest import build


def literal_map(net, x, target, score):
    """Eq. 8 and 9 of Fukuhara et al. for one spectrum, weights of the hidden layer."""
    features = net.features(x[None])
    logits = net.head(features)[0]
    (slope,) = torch.autograd.grad(score(logits, target), net.hidden.weight)
    beta = slope.sum(dim=1)  # eq. 8: sum over x and k
    weights = (beta[:, None] * net.hidden.weight).sum(dim=0).reshape(features[0].shape)
    return (features[0] * weights).sum(dim=0).detach()


SCORES = {
    "logit": lambda z, c: z[c],
    "prob": lambda z, c: torch.softmax(z, 0)[c],
    "logodds": lambda z, c: z[c] - torch.logsumexp(torch.cat([z[:c], z[c + 1 :]]), 0),
    "contrast": lambda z, c: z[c] - z.mean(),
}


@pytest.mark.parametrize("n_classes", [3, 9])
@pytest.mark.parametrize("score", SCORES)
def test_is_eq_8_and_9(score, n_classes, batch):
    torch.manual_seed(0)
    net = CNN(41, n_classes, n_filters=4, kernel_size=5, n_hidden=6).double().eval()
    found = contribution(net, batch, "all", score=score, scale="paper")
    for x, maps in zip(batch, found, strict=True):
        for target in range(n_classes):
            expected = literal_map(net, x, target, SCORES[score])
            np.testing.assert_allclose(maps[target], expected, rtol=1e-5, atol=1e-12)


def test_paper_scale_is_one_factor_a_spectrum(net, batch):
    literal = contribution(net, batch, reference="zero", scale="paper")
    expected = contribution(net, batch, reference="zero")
    expected = expected * net.features(batch).sum(dim=(1, 2), keepdim=True)[:, :, 0]
    np.testing.assert_allclose(literal, expected.detach(), rtol=1e-12)


def test_adds_up_to_the_logit(net, batch):
    """The head is linear, so nothing of the logit is left over."""
    features = net.features(batch)
    expected = net.head(features) - net.head(torch.zeros_like(features))
    found = contribution(net, batch, "all", score="logit", reference="zero")
    np.testing.assert_allclose(found.sum(dim=2), expected.detach(), rtol=1e-10)


@pytest.mark.parametrize("reference", ["blank", "local", "given"])
def test_adds_up_to_the_difference_from_a_reference(reference, net, batch):
    if reference == "blank":
        nothing = blank_level(batch)[:, None].expand_as(batch)
    elif reference == "given":
        nothing = reference = torch.linspace(0, 1, batch.shape[1])
        nothing = nothing.expand_as(batch).double()
    else:  # the moving median over a tenth of 41 points, by its definition
        padded = nn.functional.pad(batch[:, None], (2, 1), mode="replicate")[:, 0]
        nothing = padded.unfold(1, 4, 1).sort(dim=2).values[:, :, 2]
    expected = (net(batch) - net(nothing)).detach()
    found = contribution(net, batch, "all", score="logit", reference=reference)
    np.testing.assert_allclose(found.sum(dim=2), expected, rtol=1e-9, atol=1e-12)


def test_a_blank_spectrum_has_no_contributions(net):
    flat = torch.full((2, 41), 3.7, dtype=torch.float64)
    np.testing.assert_array_equal(contribution(net, flat, reference="blank"), 0)


def test_reference_is_automatic(net, batch):
    """A network that subtracts a mean spectrum needs a blank one to compare with."""
    blank, zero = (contribution(net, batch, reference=r) for r in ("blank", "zero"))
    assert not torch.allclose(blank, zero)
    assert torch.equal(contribution(net, batch), blank)
    plain = build(CNN, n_filters=4, scaling=None, derivative=False)
    expected = contribution(plain, batch, reference="zero")
    assert torch.equal(contribution(plain, batch), expected)


def test_blank_level_is_the_median_to_a_32nd_of_the_range(batch):
    spread = batch.amax(dim=1) - batch.amin(dim=1)
    error = (blank_level(batch) - batch.median(dim=1).values).abs()
    assert (error <= spread / 64 + 1e-12).all()
    found = torch.cat([blank_level(row[None]) for row in batch])
    assert torch.equal(blank_level(batch), found)  # each spectrum decides by itself


def test_equals_captum(any_net, batch):
    layer = any_net.blocks
    for target in range(3):
        expected = captum.LayerGradientXActivation(any_net, layer).attribute(
            batch, target=target
        )
        found = contribution(any_net, batch, target, score="logit", reference="zero")
        np.testing.assert_allclose(
            found, expected.sum(dim=1).squeeze(1).detach(), rtol=1e-8, atol=1e-12
        )
        for relu in (True, False):
            expected = captum.LayerGradCam(any_net, layer).attribute(
                batch, target=target, relu_attributions=relu
            )
            found = grad_cam(any_net, batch, target, score="logit", relu=relu)
            np.testing.assert_allclose(
                found, expected[:, 0, 0].detach(), rtol=1e-8, atol=1e-12
            )


def test_grad_cam_of_the_paper(net, batch):
    """Eq. 6 sums the gradient, eq. 7 weights and rectifies."""
    features = net.features(batch).detach().requires_grad_()
    (slope,) = torch.autograd.grad(net.head(features)[:, 1].sum(), features)
    alpha = slope.sum(dim=2)
    expected = torch.einsum("nk,nkx->nx", alpha, features).relu().detach()
    found = grad_cam(net, batch, 1, score="logit", scale="paper")
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


def test_targets(any_net, batch):
    together = contribution(any_net, batch, "all")
    predicted = any_net(batch).argmax(dim=1).numpy()
    rows = np.arange(5)
    mixed = np.array([2, 0, 1, 1, 2])
    for target, positions in ((None, predicted), (mixed, mixed), (1, rows * 0 + 1)):
        found = contribution(any_net, batch, target)
        np.testing.assert_allclose(found, together[rows, positions], rtol=1e-12)


@pytest.mark.parametrize("reference", ["zero", "blank"])
def test_many_classes_at_once_equal_the_loop(reference, batch):
    """From four classes on "all" takes another way to the same sums."""
    torch.manual_seed(0)
    net = CNN(41, 9, n_filters=4, n_hidden=6).double().eval()
    together = contribution(net, batch, "all", reference=reference)
    for c in range(9):
        found = contribution(net, batch, c, reference=reference)
        np.testing.assert_allclose(together[:, c], found, rtol=1e-9, atol=1e-12)


class Head(nn.Module):
    """A first layer, an activation in place, and perhaps a way around both."""

    def __init__(self, skips):
        super().__init__()
        self.skips = skips
        self.first, self.last = nn.Linear(8, 6), nn.Linear(6, 6)
        self.skip = nn.Linear(8, 6, bias=False)
        self.activation = nn.LeakyReLU(0.2, inplace=True)

    def features(self, x):
        return x.reshape(len(x), 2, 4)

    def head(self, features):
        flat = features.flatten(1)
        logits = self.last(self.activation(self.first(flat)))
        return logits + self.skip(flat) if self.skips else logits


@pytest.mark.parametrize("skips", [True, False])
def test_many_classes_with_other_heads(skips):
    torch.manual_seed(0)
    net, X = Head(skips), torch.randn(3, 8)
    together = contribution(net, X, "all")
    for c in range(6):
        np.testing.assert_allclose(
            together[:, c], contribution(net, X, c), rtol=1e-4, atol=1e-6
        )


def test_leaves_no_gradients(net, batch):
    contribution(net, batch)
    assert all(parameter.grad is None for parameter in net.parameters())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": 3}, "from 0 to 2"),
        ({"target": [0, 1]}, "5 spectra"),
        ({"target": "quartz"}, "quartz"),
        ({"score": "luck"}, "score"),
        ({"scale": "big"}, "scale"),
        ({"reference": "white"}, "reference"),
        ({"reference": np.ones(3)}, "reference has shape"),
    ],
)
def test_bad_arguments(settings, message, net, batch):
    with pytest.raises(ValueError, match=message):
        contribution(net, batch, **settings)
