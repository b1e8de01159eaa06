"""`explain_` on a trained network: shapes, alignment, and where the bands are."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import polars
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from skorch.exceptions import NotInitializedError
from torch import nn

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.inspection import occlusion, randomization_test
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    SpectralNetClassifier,
    paper_settings,
)
from sklearn_raman.neural_network.attribution import (
    contribution,
    decision_terms,
    deconv,
    place_on_bands,
    unit_windows,
)

CENTERS = (60, 130, 210)


@pytest.fixture(scope="module")
def data():
    return make_lorentzian_spectra(
        40, n_points=256, centers=CENTERS, n_distractors=2, random_state=0
    )


@pytest.fixture(scope="module")
def cnn(data):
    return CNNClassifier(n_filters=16, max_epochs=20, random_state=0).fit(*data)


def test_shapes(cnn, data):
    X = data[0][:9]
    assert cnn.explain_(X).shape == (9, 256)
    assert cnn.explain_(X, target="all").shape == (9, 3, 256)
    assert cnn.explain_(X, upsample=False).shape == (9, 64)
    assert cnn.explain_(X).dtype == np.float32


def test_maps_follow_a_change_of_the_layers(cnn, data):
    """What units see is remembered for a network as it is built."""
    X = data[0][:4]
    before = cnn.explain_(X)
    changed = copy.deepcopy(cnn)
    np.testing.assert_array_equal(changed.explain_(X), before)
    for part in changed.module_.modules():
        if isinstance(part, nn.Conv2d):
            part.dilation = (1, 3)
        if isinstance(part, nn.ConstantPad2d):
            part.padding = (9, 12, 0, 0)
    units = changed.explain_(X, upsample=False)
    windows = unit_windows(changed.module_, X.shape[1])
    expected = place_on_bands(units, X.astype(np.float32), windows.astype(np.float32))
    np.testing.assert_allclose(changed.explain_(X), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(cnn.explain_(X), before)


def test_maps_point_at_the_band_of_the_class(cnn):
    """Distractors are as high as the class's own band; the map must not follow them."""
    X, y = make_lorentzian_spectra(
        30, n_points=256, centers=CENTERS, n_distractors=2, random_state=1
    )
    right = cnn.predict(X) == y
    assert right.mean() > 0.95
    found = cnn.explain_(X[right]).argmax(axis=1)
    near = np.abs(found - np.take(CENTERS, y[right])) <= 8
    assert near.mean() > 0.9


def test_native_map_is_the_contribution(cnn, data):
    X = data[0][:5].astype(np.float32)
    expected = contribution(cnn.module_.eval(), torch.tensor(X))
    found = cnn.explain_(X, upsample=False)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_targets(cnn, data):
    X, y = data
    together = cnn.explain_(X[:7], target="all")
    for c in cnn.classes_:
        np.testing.assert_allclose(
            together[:, c], cnn.explain_(X[:7], target=c), rtol=1e-5, atol=1e-6
        )
    np.testing.assert_array_equal(
        cnn.explain_(X[:7]), cnn.explain_(X[:7], target=cnn.predict(X[:7]))
    )


def test_batches_do_not_matter(cnn, data):
    X, y = data
    expected = cnn.explain_(X, target=y)
    found = cnn.explain_(X, target=y, batch_size=17)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
    for size in (0, -1, True, 1.5):
        with pytest.raises((ValueError, TypeError), match="batch_size must be"):
            cnn.explain_(X, batch_size=size)


def test_normalize(cnn, data):
    maps = cnn.explain_(data[0], normalize="max")
    np.testing.assert_allclose(np.abs(maps).max(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "tarot"}, "method='tarot'.*'contribution', 'grad_cam'"),
        ({"method": "cam"}, "method='cam' is not available for CNN"),
        ({"score": "luck"}, "score"),
        ({"upsample": "magic"}, "upsample"),
        ({"normalize": "l7"}, "normalize"),
        ({"target": 7}, "not a class"),
    ],
)
def test_bad_arguments(settings, message, cnn, data):
    with pytest.raises(ValueError, match=message):
        cnn.explain_(data[0], **settings)


METHODS = (
    "contribution",
    "grad_cam",
    "deconv",
    "class_deconv",
    "saliency",
    "input_x_gradient",
    "integrated_gradients",
    "occlusion",
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("normalize", [None, "max", "minmax", "sum"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method(method, normalize, dtype, cnn, data):
    """Aligned, finite (also for a flat spectrum), of the classifier's dtype."""
    X = np.vstack([data[0][:3], np.full(256, 0.5)]).astype(dtype)
    for target, shape in ((None, (4, 256)), ("all", (4, 3, 256)), (2, (4, 256))):
        found = cnn.explain_(X, target, method=method, normalize=normalize)
        assert found.shape == shape
        assert found.dtype == np.float32
        assert np.isfinite(found).all()


@pytest.mark.parametrize("method", METHODS[:4])
def test_upsampling(method, cnn, data):
    """From units at 4 i + 3, two pools of 2; maps on points stay as they are."""
    settings = {"X": data[0][:4], "method": method}
    native = cnn.explain_(**settings, upsample=False)
    linear = cnn.explain_(**settings, upsample="linear")
    spline = cnn.explain_(**settings, upsample="spline")
    assert linear.shape == spline.shape == (4, 256)
    if native.shape == linear.shape:
        np.testing.assert_array_equal(native, spline)
        np.testing.assert_array_equal(native, cnn.explain_(**settings))
        return
    on_bands = cnn.explain_(**settings)
    np.testing.assert_allclose(on_bands.sum(axis=1), native.sum(axis=1), rtol=1e-4)
    units = 4 * np.arange(64) + 3
    expected = [np.interp(np.arange(256), units, row) for row in native]
    np.testing.assert_allclose(linear, expected, rtol=1e-4, atol=1e-5)
    assert np.corrcoef(linear.ravel(), spline.ravel())[0, 1] > 0.98


def test_options_reach_the_method(cnn, data):
    X = data[0][:3]
    found = cnn.explain_(X, method="grad_cam", relu=False)
    assert (found < 0).any() and (cnn.explain_(X, method="grad_cam") >= 0).all()
    with pytest.raises(TypeError, match="no option 'flavour'.*reference"):
        cnn.explain_(X, flavour="sweet")


@pytest.mark.parametrize("method", ["contribution", "integrated_gradients"])
def test_a_reference_for_each_spectrum(method, cnn, data):
    """Rows of the reference belong to rows of X, in whatever batches."""
    X, nothing = data[0][:5], data[0][5:10]
    found = cnn.explain_(X, 0, method=method, reference=nothing, batch_size=2)
    for row, x, blank in zip(found, X, nothing, strict=True):
        expected = cnn.explain_(x[None], 0, method=method, reference=blank)[0]
        np.testing.assert_allclose(row, expected, rtol=1e-3, atol=1e-4)
    expected = cnn.explain_(X, 0, method=method, reference=nothing[0])
    found = cnn.explain_(X, 0, method=method, reference=nothing[:1], batch_size=2)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("method", ["contribution", "integrated_gradients"])
@pytest.mark.parametrize("n_references", [2, 3, 8])
def test_as_many_references_as_spectra(method, n_references, cnn, data):
    """Also where the spectra fill whole batches."""
    X, settings = data[0], {"method": method, "batch_size": 2}
    with pytest.raises(ValueError, match=r"reference has shape .* one spectrum for ea"):
        cnn.explain_(X[:4], reference=X[:n_references], **settings)


def test_captum(cnn, data):
    X = data[0][:3]
    found = cnn.explain_(X, "all", method="captum:LayerGradientXActivation")
    expected = cnn.explain_(X, "all", reference="zero_features")
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert cnn.explain_(X, method="captum:DeepLift").shape == (3, 256)
    with pytest.raises(ValueError, match="plain gradient"):
        cnn.explain_(X, method="captum:GuidedBackprop")


@pytest.mark.parametrize("settings", ["default", "paper"])
def test_the_distractor_simulation(settings):
    """Both kinds of settings: the class's band, and not the three others as high."""
    kwargs = paper_settings("fukuhara") if settings == "paper" else {}
    kwargs = {**kwargs, "n_filters": 16, "lr": 1e-3, "max_epochs": 30}
    train = make_lorentzian_spectra(60, n_distractors=3, random_state=0)
    cnn = CNNClassifier(**kwargs, random_state=0).fit(*train)
    X, y, truth = make_lorentzian_spectra(
        20, n_distractors=3, random_state=1, return_truth=True
    )
    maps = cnn.explain_(X, target=y)
    points, lines = np.arange(1024), truth.centers[:, None]
    near = np.abs(points - lines) <= 8  # two widths
    positive = np.clip(maps, 0, None)
    mass = (positive * near).sum(axis=1) / positive.sum(axis=1)
    assert mass.mean() > 0.45
    assert (np.abs(maps.argmax(axis=1) - truth.centers) <= 8).mean() > 0.95
    for row, line, others in zip(maps, truth.centers, truth.distractors, strict=True):
        height = row[np.abs(points - line) <= 8].max()
        far = [d for d in others if min(abs(d - c) for c in (100, 500, 1000)) > 24]
        assert all(row[np.abs(points - d) <= 8].max() < height for d in far)


@pytest.fixture(scope="module")
def gap(data):
    return GAPCNNClassifier(max_epochs=10, random_state=0).fit(*data)


@pytest.mark.parametrize("pool_bins", [1, 32])
def test_cam_adds_up(pool_bins, data):
    X, y = data
    gap = GAPCNNClassifier(pool_bins=pool_bins, max_epochs=2, random_state=0).fit(X, y)
    found = gap.explain_(X, "all", method="cam", score="logit", upsample=False)
    logits = np.log(gap.predict_proba(X))
    sums = found.sum(axis=2)
    # Log-probabilities are logits up to a number for each spectrum.
    shift = (sums - logits).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(sums, logits + shift, rtol=1e-4, atol=1e-4)


def test_decision_terms(gap, data):
    X, y = data[0][:40], data[1][:40]
    terms = gap.decision_terms(X, "all")
    assert terms.products.shape == (40, 3, 32, 32)
    assert (terms.sums.argmax(axis=1) == gap.predict(X)).all()
    expected = decision_terms(gap.module_.eval(), torch.tensor(X, dtype=torch.float32))
    np.testing.assert_allclose(gap.decision_terms(X).sums, expected.sums, rtol=1e-4)
    np.testing.assert_allclose(
        gap.decision_terms(X, y).products.sum(axis=(1, 2)),
        terms.sums[np.arange(40), y],
        rtol=1e-4,
        atol=1e-5,
    )


def test_decision_terms_of_another_network(cnn, data):
    with pytest.raises(ValueError, match="CNN is not one"):
        cnn.decision_terms(data[0])


def test_layers_on_show(cnn, data):
    X = data[0][:40]
    maps = cnn.feature_maps(X)
    assert maps["blocks.7"].shape == (40, 16, 64)
    assert list(maps)[0] == "input"
    one = cnn.feature_maps(X, "blocks.7", batch_size=7)
    np.testing.assert_allclose(one, maps["blocks.7"], rtol=1e-4, atol=1e-5)
    assert {name: found.shape for name, found in cnn.filters().items()} == {
        "blocks.1": (16, 3, 8),
        "blocks.5": (16, 16, 8),
    }
    np.testing.assert_array_equal(cnn.filters("blocks.5"), cnn.filters()["blocks.5"])
    with pytest.raises(ValueError, match="layer='blocks'"):
        cnn.feature_maps(X, "blocks")


def test_deconvolve(data):
    X, y = data
    net = FMCNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    batch = torch.tensor(X[:40], dtype=torch.float32)
    for settings in ({}, {"rule": "relu"}, {"feature": 3}, {"layer": "blocks.2"}):
        expected = deconv(net.module_.eval(), batch, **settings)
        found = net.deconvolve(X[:40], **settings)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    for settings in ({}, {"layer": "blocks.2"}):
        np.testing.assert_array_equal(
            net.explain_(X[:4], method="deconv", **settings),
            net.deconvolve(X[:4], **settings),
        )
    # Maps of a layer go to the points from the units of that layer, and keep their sum.
    for layer in ("blocks.2", None):
        settings = {"method": "grad_cam", "relu": False, "layer": layer}
        units = net.explain_(X[:4], upsample=False, **settings)
        for upsample in ("bands", "linear"):
            maps = net.explain_(X[:4], upsample=upsample, **settings)
            assert maps.shape == X[:4].shape
        maps = net.explain_(X[:4], **settings)
        np.testing.assert_allclose(maps.sum(1), units.sum(1), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "method", ["explain_", "feature_maps", "deconvolve", "decision_terms", "filters"]
)
def test_before_fit(method, data):
    with pytest.raises(NotInitializedError, match="fit"):
        getattr(CNNClassifier(), method)(data[0])


class Opaque(nn.Module):
    """A network in one piece."""

    def __init__(self, n_points, n_classes):
        super().__init__()
        self.layer = nn.Linear(n_points, n_classes)

    def forward(self, x):
        return self.layer(x)


def test_a_network_in_one_piece_says_what_it_lacks(data):
    net = SpectralNetClassifier(Opaque, max_epochs=1, random_state=0).fit(*data)
    assert not hasattr(net, "explain_")
    with pytest.raises(AttributeError, match="explain_") as caught:
        net.explain_(data[0])
    assert "no features and no head" in str(caught.value.__cause__)


@pytest.mark.parametrize("kind", ["cnn", "fmcnn", "gap"])
def test_embedding_is_what_the_last_layer_is_given(kind, small):
    net = NETS[kind]().fit(*small)
    with torch.no_grad():
        logits = net.module_.output(torch.as_tensor(net.embed_(small[0])))
    probabilities = torch.softmax(logits, dim=1)
    np.testing.assert_allclose(probabilities, net.predict_proba(small[0]), atol=1e-6)


def test_embedding_of_a_network_in_one_piece(small):
    """It needs no features and no head, but a linear layer at the end."""
    net = SpectralNetClassifier(Opaque, max_epochs=1, random_state=0).fit(*small)
    np.testing.assert_array_equal(net.embed_(small[0]), small[0])
    net.module_.layer = nn.Sequential(nn.Unflatten(1, (64, 1)), nn.Conv1d(64, 2, 1))
    with pytest.raises(ValueError, match="logits of Opaque do not come from a layer"):
        net.embed_(small[0])


# Occlusion, frames -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("score", ["logodds", "logit", "prob", "contrast"])
def test_occlusion_is_that_of_any_classifier(score, dtype, cnn, data):
    X = data[0][:3].astype(dtype)
    settings = {"score": score, "width": 15, "reference": "blank", "normalize": "max"}
    for target in (None, "all", 1):
        found = cnn.explain_(X, target, method="occlusion", **settings)
        np.testing.assert_array_equal(found, occlusion(cnn, X, target, **settings))


def test_frames_in_frames_out(data):
    X, y = data
    frame = pd.DataFrame(X, columns=np.arange(400.0, 400 + 2 * 256, 2).astype(str))
    net = CNNClassifier(n_filters=4, max_epochs=1, random_state=0).fit(frame, y)
    few = frame.iloc[[3, 90]].set_axis(["a", "b"])
    expected = net.explain_(frame, "all")[[3, 90]]
    for method in ("contribution", "saliency", "occlusion"):
        found = net.explain_(few, 0, method=method)
        assert found.index.equals(few.index) and found.columns.equals(few.columns)
    np.testing.assert_allclose(net.explain_(few, 0), expected[:, 0], rtol=1e-3)
    table = polars.DataFrame(few.to_numpy(), schema=list(few.columns))
    found = net.explain_(table, 0)
    assert isinstance(found, polars.DataFrame) and found.columns == table.columns
    np.testing.assert_array_equal(found, net.explain_(few, 0))
    for settings in ({"target": "all"}, {"upsample": False}):
        assert isinstance(net.explain_(few, **settings), np.ndarray)
    net.set_params(pool_size=1).fit(frame, y)  # as many units as points
    assert isinstance(net.explain_(few, upsample=False), np.ndarray)


@pytest.mark.parametrize("reference", ["local", "blank", "zero", 0.3])
def test_one_vocabulary_for_references(reference, cnn, data):
    """Each is one spectrum per spectrum, whatever the method."""
    X = data[0][:4]
    spectra = {
        "blank": None,
        "local": None,
        "zero": np.zeros(256),
        0.3: np.full(256, 0.3),
    }[reference]
    for method in ("contribution", "input_x_gradient", "class_deconv", "occlusion"):
        found = cnn.explain_(X, method=method, reference=reference)
        assert np.isfinite(found).all()
        if spectra is not None:
            expected = cnn.explain_(X, method=method, reference=spectra)
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


# A fitted classifier is only read ----------------------------------------------------


class Normed(nn.Module):
    """A network of a user with batch normalization and dropout."""

    def __init__(self, n_points, n_classes):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(1, 4, 8, padding="same"), nn.BatchNorm1d(4), nn.MaxPool1d(4)
        )
        self.norm, self.dropout = nn.BatchNorm1d(4 * (n_points // 4)), nn.Dropout(0.5)
        self.output = nn.Linear(4 * (n_points // 4), n_classes)

    def features(self, x):
        return self.layers(x[:, None])

    def head(self, features):
        return self.output(self.dropout(self.norm(features.flatten(1))))

    def forward(self, x):
        return self.head(self.features(x))


@pytest.fixture(scope="module")
def small():
    X, y = make_lorentzian_spectra(8, n_points=64, centers=(10, 40), random_state=0)
    return X.astype(np.float32), y


SETTINGS = {"max_epochs": 2, "random_state": 0}
NETS = {
    "cnn": lambda: CNNClassifier(n_filters=4, **SETTINGS),
    "fmcnn": lambda: FMCNNClassifier(**SETTINGS),
    "gap": lambda: GAPCNNClassifier(n_filters=(4, 5, 6), **SETTINGS),
    "own": lambda: SpectralNetClassifier(Normed, **SETTINGS),
}


def after_search(net, X, y):
    return GridSearchCV(net, {"lr": [1e-3]}, cv=2).fit(X, y).best_estimator_


def in_training_mode(net, X, y):
    net.fit(X, y).module_.train()
    return net


WAYS = {
    "fit": lambda net, X, y: net.fit(X, y),
    "partial_fit": lambda net, X, y: net.partial_fit(X, y).partial_fit(X, y),
    "search": after_search,
    "pickle": lambda net, X, y: pickle.loads(pickle.dumps(net.fit(X, y))),
    "train()": in_training_mode,
}


def all_answers(net, X):
    """Whatever a fitted network can be asked for."""
    methods = ("saliency", "deconv", "class_deconv")
    answers = [net.explain_(X, "all"), net.explain_(X, upsample="linear")]
    answers += [net.explain_(X, method=method) for method in methods]
    answers += [net.explain_(X, method="integrated_gradients", n_steps=3)]
    answers += [net.explain_(X, method="occlusion", width=32), net.deconvolve(X)]
    answers += [net.explain_(X, method="captum:DeepLift")]
    answers += [*net.feature_maps(X).values(), *net.filters().values(), net.embed_(X)]
    if isinstance(net, GAPCNNClassifier):
        answers += [net.explain_(X, method="cam"), *net.decision_terms(X).values()]
    return answers


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", NETS)
def test_nothing_of_the_network_changes(kind, way, small):
    """Straight after fit, and in whatever mode the module is."""
    X, y = small
    net = WAYS[way](NETS[kind](), X, y)
    module = net.module_
    before = {name: value.clone() for name, value in module.state_dict().items()}
    modes = [part.training for part in module.modules()]
    first, probabilities = all_answers(net, X[:3]), net.predict_proba(X)
    randomization_test(net, X[:3], n_repeats=1, random_state=0)
    for found, expected in zip(all_answers(net, X[:3]), first, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(net.predict_proba(X), probabilities)
    assert net.module_ is module
    assert modes == [part.training for part in module.modules()]
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), name
    for part in module.modules():
        assert not part._forward_hooks and "forward" not in vars(part)


@pytest.mark.parametrize("kind", NETS)
def test_threads_get_the_bits_of_one(kind, small):
    """Explaining and predicting with one model."""
    X, y = small
    net = NETS[kind]().fit(X, y)

    def ask(_):
        return [net.predict_proba(X), *all_answers(net, X[:3])]

    expected = ask(0)
    with ThreadPoolExecutor(4) as pool:
        for answers in pool.map(ask, range(12)):
            for found, wanted in zip(answers, expected, strict=True):
                np.testing.assert_array_equal(found, wanted)
