"""Contribution and Grad-CAM against the papers' equations, literally, and captum."""

import numpy as np
import pytest
import torch
from captum import attr as captum
from torch import nn

from sklearn_raman._utils._explanation import (
    blank_level,
    local_width,
    reference_spectra,
)
from sklearn_raman.neural_network import CNN, FMCNN, GAPCNN, attribution
from sklearn_raman.neural_network.attribution import (
    attribute,
    available_methods,
    captum_attribution,
    contribution,
    feature_maps,
    grad_cam,
)
from tests.neural_network.attribution.conftest import build


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
    literal = contribution(net, batch, reference="zero_features", scale="paper")
    expected = contribution(net, batch, reference="zero_features")
    expected = expected * net.features(batch).sum(dim=(1, 2), keepdim=True)[:, :, 0]
    np.testing.assert_allclose(literal, expected.detach(), rtol=1e-12)


def test_adds_up_to_the_logit(net, batch):
    """The head is linear, so nothing of the logit is left over."""
    features = net.features(batch)
    expected = net.head(features) - net.head(torch.zeros_like(features))
    found = contribution(net, batch, "all", score="logit", reference="zero_features")
    np.testing.assert_allclose(found.sum(dim=2), expected.detach(), rtol=1e-10)


@pytest.mark.parametrize("reference", ["blank", "local", "given"])
def test_adds_up_to_the_difference_from_a_reference(reference, net, batch):
    if reference == "blank":
        nothing = torch.from_numpy(blank_level(batch.numpy()))[:, None].expand_as(batch)
    elif reference == "given":
        nothing = reference = torch.linspace(0, 1, batch.shape[1])
        nothing = nothing.expand_as(batch).double()
    else:  # the running median over 31 points, by its definition
        padded = nn.functional.pad(batch[:, None], (15, 15), mode="replicate")[:, 0]
        nothing = padded.unfold(1, local_width(41), 1).median(dim=2).values
    expected = (net(batch) - net(nothing)).detach()
    found = contribution(net, batch, "all", score="logit", reference=reference)
    np.testing.assert_allclose(found.sum(dim=2), expected, rtol=1e-9, atol=1e-12)


def test_a_blank_spectrum_has_no_contributions(net):
    flat = torch.full((2, 41), 3.7, dtype=torch.float64)
    np.testing.assert_array_equal(contribution(net, flat, reference="blank"), 0)


def test_reference_is_automatic(net, batch):
    """A network that subtracts a mean spectrum needs a blank one to compare with."""
    blank = contribution(net, batch, reference="blank")
    assert not torch.allclose(
        blank, contribution(net, batch, reference="zero_features")
    )
    assert torch.equal(contribution(net, batch), blank)
    plain = build(CNN, n_filters=4, scaling=None, derivative=False)
    expected = contribution(plain, batch, reference="zero_features")
    assert torch.equal(contribution(plain, batch), expected)


def test_equals_captum(any_net, batch):
    layer = any_net.blocks
    for target in range(3):
        expected = captum.LayerGradientXActivation(any_net, layer).attribute(
            batch, target=target
        )
        found = contribution(
            any_net, batch, target, score="logit", reference="zero_features"
        )
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


def test_grad_cam_of_any_layer(any_net, batch):
    """Against a hook that keeps the layer's answer; the last one is the default."""
    for name in feature_maps(any_net, batch):
        kept = []
        hook = any_net.get_submodule(name).register_forward_hook(
            lambda called, inputs, output, kept=kept: kept.append(output)
        )
        logits = any_net(batch.clone().requires_grad_())
        hook.remove()
        (slope,) = torch.autograd.grad(logits[:, 1].sum(), kept)
        answer, slope = kept[0][:, :, 0].detach(), slope[:, :, 0]
        settings = {"score": "logit", "relu": False, "layer": name}
        for scale, alpha in (("paper", slope.sum(dim=2)), (None, slope.mean(dim=2))):
            found = grad_cam(any_net, batch, "all", scale=scale, **settings)
            expected = torch.einsum("nk,nkx->nx", alpha, answer)
            np.testing.assert_allclose(found[:, 1], expected, rtol=1e-8, atol=1e-12)
    default = grad_cam(any_net, batch)
    np.testing.assert_allclose(grad_cam(any_net, batch, layer=name), default, 1e-10)
    with pytest.raises(ValueError, match="layer='output' has no feature maps"):
        grad_cam(any_net, batch, layer="output")


def test_targets(any_net, batch):
    together = contribution(any_net, batch, "all")
    predicted = any_net(batch).argmax(dim=1).numpy()
    rows = np.arange(5)
    mixed = np.array([2, 0, 1, 1, 2])
    for target, positions in ((None, predicted), (mixed, mixed), (1, rows * 0 + 1)):
        found = contribution(any_net, batch, target)
        np.testing.assert_allclose(found, together[rows, positions], rtol=1e-12)


@pytest.mark.parametrize("reference", ["zero_features", "zero", "blank"])
def test_many_classes_at_once_equal_the_loop(reference, batch):
    """From four classes on "all" takes another way to the same sums."""
    torch.manual_seed(0)
    net = CNN(41, 9, n_filters=4, n_hidden=6).double().eval()
    together = contribution(net, batch, "all", reference=reference)
    for c in range(9):
        found = contribution(net, batch, c, reference=reference)
        np.testing.assert_allclose(together[:, c], found, rtol=1e-9, atol=1e-12)


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


# By name ---------------------------------------------------------------------------


def test_every_listed_method_runs(any_net, batch):
    for name in available_methods(any_net)[:-1]:
        function = getattr(attribution, name)
        found = attribute(any_net, batch, "all", method=name, score="prob")
        assert torch.equal(found, function(any_net, batch, "all", score="prob"))
        assert found.shape[:2] == (5, 3) and torch.isfinite(found).all()
    expected = contribution(any_net, batch)
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
    with pytest.raises(TypeError, match="no option 'rule'.*'relu', 'layer', 'scale'"):
        attribute(net, batch, method="grad_cam", rule="leaky")


def test_captum_by_name(net, batch):
    found = attribute(net, batch, 1, method="captum:DeepLift", score="logit")
    expected = captum_attribution(net, batch, 1, name="DeepLift", score="logit")
    assert torch.equal(found, expected)


# Heads ------------------------------------------------------------------------------


class Net(nn.Module):
    """Feature maps of two channels; `head` is what a test chooses."""

    first_linear, affine_head = "first", True  # true or not

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        torch.manual_seed(0)
        self.blocks = nn.Sequential(nn.Conv1d(1, 2, 3, padding=1), nn.AvgPool1d(2))
        self.first = nn.Linear(20, 6)
        self.activation = nn.LeakyReLU(0.2, inplace=True)
        self.last = nn.Linear(6, 4)
        self.past = nn.Linear(20, 4)
        self.double()

    def features(self, x):
        self.middle = x.median(dim=1).values[:, None]
        self.mask = (x[:, :1] > self.middle).to(x) + 1
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
        if self.kind == "clamp":
            logits = self.last(hidden.clamp(-0.1, 0.1))
        if self.kind == "scaled":
            logits = logits * features.abs().amax(dim=(1, 2))[:, None]
        if self.kind == "permuted":
            logits = self.last(self.first(features.transpose(1, 2).flatten(1)).relu())
        if self.kind == "twice":
            logits = logits + self.last(self.first(2 * features.flatten(1)).relu())
        if self.kind == "dropout":
            hidden = nn.functional.dropout(hidden, 0.0, training=True)
            logits = self.last(hidden.relu())
        if self.kind == "by hand":
            flat = features.reshape(len(features), -1)
            logits = self.last(nn.functional.linear(flat, self.first.weight).relu())
        if self.kind == "dropped":
            logits = self.last(nn.functional.dropout(hidden, 0.0))
        if self.kind == "stored":
            logits = self.last(self.first(features.flatten(1).mul(self.mask)))
        if self.kind == "stored, added":
            logits = self.last(hidden.add(self.middle))
        if self.kind == "gate":
            logits = logits * (features.sum(dim=(1, 2)) > 0.5)[:, None]
        if self.kind == "square":
            logits = logits + features.square().sum(dim=(1, 2))[:, None]
        return logits


HEADS = ("affine", "activation", "function", "past", "gate", "square", "clamp")
HEADS += ("scaled", "permuted", "twice", "dropout", "by hand", "dropped", "stored")
HEADS += ("stored, added",)


@pytest.fixture
def X():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(70, 20, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("declares", [True, False])
@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("reference", ["zero_features", "blank", "local"])
def test_maps_by_autograd(kind, declares, reference, X):
    """Change of the feature maps times the gradient of each logit, for 70 spectra.

    Whatever the module says about its head, rightly or not.
    """
    net = Net(kind)
    if not declares:
        net.first_linear, net.affine_head = None, False
    features = net.features(X).detach().requires_grad_()
    logits = net.head(features)
    base = 0.0
    if reference != "zero_features":
        nothing = torch.tensor(reference_spectra(X.numpy(), reference))
        base = net.features(nothing).detach()
    expected = []
    for c in range(4):
        (slope,) = torch.autograd.grad(logits[:, c].sum(), features, retain_graph=True)
        expected.append(((features.detach() - base) * slope).sum(dim=1))
    expected = torch.stack(expected, dim=1)
    settings = {"score": "logit", "reference": reference}
    found = contribution(net, X, "all", **settings)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)
    target = torch.arange(70) % 4
    one = contribution(net, X, target, **settings)
    torch.testing.assert_close(one, expected[torch.arange(70), target])


@pytest.mark.parametrize("network", [CNN, FMCNN, GAPCNN])
def test_what_heads_declare_is_made_use_of(network):
    """A map takes no pass of the feature maps of all spectra through the head."""
    rows = []

    class Watched(network):
        affine_head = network.affine_head
        first_linear = getattr(network, "first_linear", None)

        def head(self, features):
            if type(features) is torch.Tensor:
                rows.append(len(features))
            return super().head(features)

    net, X = Watched(50, 3).eval(), torch.rand(5, 50)
    contribution(net, X, reference="zero_features")
    assert 5 not in rows
    net.affine_head, net.first_linear = False, None
    contribution(net, X, reference="zero_features")
    assert rows[-1] == 5


def test_many_classes(X):
    """More rows than are laid out transposed: slopes of an affine head."""
    net = Net("affine")
    net.last = nn.Linear(6, 80).double()
    found = contribution(net, X, "all", score="logit", reference="zero_features")
    rows = (net.last.weight @ net.first.weight).detach().reshape(80, 2, -1)
    features = net.features(X).detach()
    expected = torch.einsum("nku,cku->ncu", features, rows)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        contribution(net, X, 17, score="logit", reference="zero_features"),
        expected[:, 17],
    )


def test_targets_are_as_many_as_spectra(X):
    with pytest.raises(ValueError, match="shape .100.* but X has 70"):
        contribution(Net("affine"), X, [0] * 100)


@pytest.mark.parametrize("kind", HEADS)
def test_spectra_do_not_matter_to_one_another(kind, X):
    net = Net(kind)
    torch.testing.assert_close(
        contribution(net, X), torch.cat([contribution(net, row[None]) for row in X])
    )


def test_saturated_spectra_behind_weak_ones(X):
    """Which other spectra are explained says nothing about the head."""

    class Saturating(Net):
        def head(self, features):
            return self.last(self.first(features.flatten(1)).clamp(-10, 10))

    net = Saturating("affine")
    strong, weak = 1e4 * X[:2], 1e-3 * X[2:6]
    alone = contribution(net, strong, "all", score="logit")
    behind = contribution(net, torch.cat([weak, strong]), "all", score="logit")[4:]
    torch.testing.assert_close(behind, alone)


def test_first_layers_that_do_more(X):
    """Hooks and parametrizations of the layer count, once."""
    plain = Net("function")
    plain.first_linear = plain.affine_head = None
    declared = Net("function")
    for net in (plain, declared):
        net.first.register_forward_hook(lambda part, x, y: 2 * y - 0.1)
    expected = contribution(plain, X, "all", score="logit")
    found = contribution(declared, X, "all", score="logit")
    torch.testing.assert_close(found, expected)
    for net in (plain, declared):
        nn.utils.parametrizations.weight_norm(net.first)
    expected = contribution(plain, X, "all", score="logit")
    found = contribution(declared, X, "all", score="logit")
    torch.testing.assert_close(found, expected)


def test_a_first_layer_that_is_none(X):
    net = Net("affine")
    net.affine_head = False
    for name in ("blocks", "last", "nowhere"):
        net.first_linear = name
        with pytest.raises(ValueError, match=f"first_linear='{name}'.*torch.nn.Linear"):
            contribution(net, X)
