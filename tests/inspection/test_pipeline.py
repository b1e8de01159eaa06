"""Maps of Pipelines on the axis of the raw spectra."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from sklearn_raman.datasets import make_lorentzian_spectra, make_raman_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import explain_pipeline
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    paper_settings,
)
from sklearn_raman.preprocessing import (
    AIRPLS,
    SNV,
    Despiker,
    SavitzkyGolay,
    SpectrumMinMaxScaler,
    WavenumberCrop,
    WavenumberResampler,
)
from sklearn_raman.uncertainty import ConformalClassifier

REGION = (440, 660)
TARGET = (445.0, 655.0, 1.7)


@pytest.fixture
def steps(axis):
    """Steps that change the axis, for a plain array."""
    crop = WavenumberCrop(region=REGION, wavenumbers=axis)
    inside = axis[(axis >= REGION[0]) & (axis <= REGION[1])]
    return crop, WavenumberResampler(target_wavenumbers=TARGET, wavenumbers=inside)


@pytest.fixture
def model(steps, spectra, labels):
    return make_pipeline(*steps, SNV(), PLSLDA()).fit(spectra, labels)


def step_by_step(model, X, **settings):
    """The maps of a Pipeline of our own transformers, one step after the other."""
    maps = model[-1].explain_(model[:-1].transform(X), **settings)
    for _, step in model.steps[-2::-1]:
        maps = step.map_back(maps)
    return maps


@pytest.mark.parametrize("target", [None, "all", "quartz"])
def test_walks_back_step_by_step(target, model, spectra, axis):
    maps = explain_pipeline(model, spectra, target, score="logit")
    expected = step_by_step(model, spectra, target=target, score="logit")
    np.testing.assert_array_equal(maps, expected)
    shape = (12, 3, len(axis)) if target == "all" else spectra.shape
    assert maps.shape == shape
    assert not maps[..., (axis < REGION[0]) | (axis > REGION[1])].any()


def test_sums_are_those_of_the_classifier(model, spectra):
    maps = explain_pipeline(model, spectra, "all")
    inner = explain_pipeline(model, spectra, "all", space="model")
    assert inner.shape == (12, 3, 124)
    np.testing.assert_allclose(maps.sum(axis=-1), inner.sum(axis=-1), atol=1e-9)


def test_density_keeps_heights(model, spectra):
    maps = explain_pipeline(model, spectra, mode="density")
    inner = explain_pipeline(model, spectra, space="model")
    np.testing.assert_allclose(maps.max(axis=1), inner.max(axis=1), rtol=0.2)
    assert (maps.max(axis=1) <= inner.max(axis=1)).all()


@pytest.mark.parametrize("step", [SNV(), AIRPLS(), Despiker(), SavitzkyGolay()])
def test_same_grid_is_passed_as_it_is(step, spectra, labels):
    model = make_pipeline(step, PLSLDA()).fit(spectra, labels)
    expected = model[-1].explain_(model[0].transform(spectra))
    np.testing.assert_array_equal(explain_pipeline(model, spectra), expected)


@pytest.mark.parametrize("container", ["pandas", "float labels", "polars"])
def test_frames(container, model, spectra, labels, axis):
    if container == "polars":
        X = pl.DataFrame(spectra, schema=[str(value) for value in axis])
    else:
        columns = axis if container == "float labels" else [str(v) for v in axis]
        X = pd.DataFrame(spectra, columns=columns)
    crop = WavenumberCrop(region=REGION)
    resampler = WavenumberResampler(target_wavenumbers=TARGET)
    framed = make_pipeline(crop, resampler, SNV(), PLSLDA())
    framed.set_output(transform="polars" if container == "polars" else "pandas")
    maps = explain_pipeline(framed.fit(X, labels), X)
    assert type(maps) is type(X) and list(maps.columns) == list(X.columns)
    np.testing.assert_allclose(maps, explain_pipeline(model, spectra), atol=1e-9)
    for_all = explain_pipeline(framed, X, "all")
    assert isinstance(for_all, np.ndarray) and for_all.shape == (12, 3, len(axis))
    inner = explain_pipeline(framed, X, space="model")
    assert list(inner.columns) == list(framed[:-1].transform(X).columns)


def test_rows_keep_their_names(frame, labels):
    X = frame.set_axis([f"crystal {i}" for i in range(12)])
    maps = explain_pipeline(make_pipeline(SNV(), PLSLDA()).fit(X, labels), X)
    assert list(maps.index) == list(X.index)


def test_a_frame_without_an_axis_gives_an_array(spectra, labels):
    X = pd.DataFrame(spectra)
    model = make_pipeline(StandardScaler(), PLSLDA()).fit(X, labels)
    for space in ("input", "model"):
        maps, info = explain_pipeline(model, X, space=space, return_info=True)
        assert isinstance(maps, np.ndarray) and info["wavenumbers"] is None


@pytest.mark.parametrize("labelled", [True, False])
def test_info_has_the_spectra_and_the_axis_of_the_maps(
    labelled, frame, spectra, labels, axis
):
    """The axis is known from labels, or from what the first step was told."""
    given = None if labelled else axis
    X = frame if labelled else spectra
    model = make_pipeline(
        WavenumberCrop(region=REGION, wavenumbers=given), StandardScaler(), PLSLDA()
    ).fit(X, labels)
    maps, info = explain_pipeline(model, X, return_info=True)
    assert info["spectra"] is X and info["space"] == "input"
    np.testing.assert_array_equal(info["wavenumbers"], axis)
    np.testing.assert_array_equal(maps, explain_pipeline(model, X))
    maps, info = explain_pipeline(model, X, space="model", return_info=True)
    inside = axis[(axis >= REGION[0]) & (axis <= REGION[1])]
    np.testing.assert_array_equal(info["wavenumbers"], inside)
    np.testing.assert_array_equal(info["spectra"], model[:-1].transform(X))
    assert info["space"] == "model" and maps.shape == (12, len(inside))


def test_auto_is_the_axis_of_x_where_there_is_a_way_back(model, spectra, labels, axis):
    maps, info = explain_pipeline(model, spectra, space="auto", return_info=True)
    np.testing.assert_array_equal(maps, explain_pipeline(model, spectra))
    assert info["space"] == "input" and info["reason"] is None
    mixing = make_pipeline(PCA(5), StandardScaler(), PLSLDA()).fit(spectra, labels)
    maps, info = explain_pipeline(mixing, spectra, space="auto", return_info=True)
    np.testing.assert_array_equal(
        maps, explain_pipeline(mixing, spectra, space="model")
    )
    assert info["space"] == "model" and info["wavenumbers"] is None
    assert "'pca' (PCA) mixes wavenumbers" in info["reason"]
    ragged = [(axis, row) for row in spectra]
    resampler = WavenumberResampler(target_wavenumbers=TARGET)
    own = make_pipeline(resampler, PLSLDA()).fit(ragged, labels)
    maps, info = explain_pipeline(own, ragged, space="auto", return_info=True)
    assert maps.shape == (12, 124) and "axis of its own" in info["reason"]
    np.testing.assert_allclose(info["wavenumbers"], 445 + 1.7 * np.arange(124))


@pytest.mark.parametrize("labelled", [True, False])
def test_changes_neither_spectra_nor_model(labelled, frame, spectra, labels):
    """Steps that work in place would scale the caller's spectra."""
    X = frame if labelled else spectra.copy()
    expected = explain_pipeline(
        make_pipeline(StandardScaler(), PLSLDA()).fit(X, labels), X
    )
    model = make_pipeline(StandardScaler(copy=False), PLSLDA())
    model.fit(X.copy(), labels)
    before = X.copy(), pickle.dumps(model)
    for _ in range(2):
        maps = explain_pipeline(model, X)
        np.testing.assert_allclose(maps, expected, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(X, before[0])
        assert pickle.dumps(model) == before[1]


def test_list_of_rows(spectra, labels):
    model = make_pipeline(StandardScaler(), PLSLDA()).fit(spectra, labels)
    maps = explain_pipeline(model, spectra.tolist())
    np.testing.assert_array_equal(maps, explain_pipeline(model, spectra))


@pytest.mark.parametrize("target", [None, "all"])
def test_ragged_equals_one_axis(target, spectra, labels, axis):
    """One axis for all, given once or with each spectrum: the same maps."""
    resampler = WavenumberResampler(target_wavenumbers=TARGET)
    ragged = [(axis, row) for row in spectra]
    model = make_pipeline(resampler, SNV(), PLSLDA()).fit(ragged, labels)
    maps = explain_pipeline(model, ragged, target, normalize="max")
    assert isinstance(maps, list)
    model.set_params(wavenumberresampler__wavenumbers=axis).fit(spectra, labels)
    expected = explain_pipeline(model, spectra, target, normalize="max")
    np.testing.assert_allclose(maps, expected, atol=1e-9)


def test_ragged_with_own_axes(spectra, labels, axis):
    ragged = [(axis[i:] + i / 10, row[i:]) for i, row in enumerate(spectra)]
    resampler = WavenumberResampler(target_wavenumbers=TARGET)
    model = make_pipeline(resampler, PLSLDA()).fit(ragged, labels)
    maps = explain_pipeline(model, ragged)
    assert [len(one) for one in maps] == [len(own) for own, _ in ragged]
    sums = explain_pipeline(model, ragged, space="model").sum(axis=1)
    np.testing.assert_allclose([one.sum() for one in maps], sums, atol=1e-9)
    pairs = np.empty(len(ragged), dtype=object)
    pairs[:] = ragged
    for one, other in zip(maps, explain_pipeline(model, pairs), strict=True):
        np.testing.assert_array_equal(one, other)


def test_any_form_of_spectra(frame, labels, axis):
    """A model fitted on frames explains pairs and frames on another axis."""
    steps = (
        Despiker(),
        WavenumberCrop(region=(410, 690), exclude=(500, 504)),
        WavenumberResampler(target_wavenumbers=(430.0, 670.0, 2.0)),
        SNV(),
        PLSLDA(),
    )
    model = make_pipeline(*steps).fit(frame, labels)
    expected = explain_pipeline(model, frame)
    values = frame.to_numpy()
    for ragged in (
        [(axis, row) for row in values],
        [np.stack([axis, row], axis=1) for row in values],
        [pd.Series(row, axis) for row in values],
    ):
        np.testing.assert_allclose(explain_pipeline(model, ragged), expected, atol=1e-9)
    (one,) = explain_pipeline(model, (axis, values[0]))
    np.testing.assert_allclose(one, expected.iloc[0], atol=1e-9)
    other = frame.iloc[:, 3:]
    model = make_pipeline(*steps[2:]).fit(frame, labels)
    for form in (other, pl.DataFrame(other)):
        found, info = explain_pipeline(model, form, return_info=True)
        assert list(found.columns) == list(other.columns)
        np.testing.assert_array_equal(info["wavenumbers"], axis[3:])
    expected = explain_pipeline(model, frame)
    np.testing.assert_allclose(found, expected.iloc[:, 3:], atol=1e-9)


def test_pairs_are_only_read(spectra, labels, axis):
    """Also where a step works in place."""

    def double(X):
        for _, row in X:
            row *= 2
        return X

    ragged = [(axis, row.copy()) for row in spectra]
    resampler = WavenumberResampler(target_wavenumbers=TARGET)
    model = make_pipeline(FunctionTransformer(double), resampler, PLSLDA())
    model.fit([(axis, row.copy()) for row in spectra], labels)
    explain_pipeline(model, ragged, space="model")
    np.testing.assert_array_equal([row for _, row in ragged], spectra)


@pytest.mark.parametrize(
    "step",
    [
        StandardScaler(),
        MinMaxScaler(),
        MaxAbsScaler(),
        RobustScaler(),
        Normalizer(),
        SimpleImputer(),
        PolynomialFeatures(degree=1, include_bias=False),
        KBinsDiscretizer(n_bins=4, encode="ordinal", quantile_method="linear"),
        FunctionTransformer(),
        FunctionTransformer(np.sqrt, feature_names_out="one-to-one"),
        "passthrough",
        None,
    ],
    ids=str,
)
@pytest.mark.parametrize("labelled", [False, True])
def test_columns_by_themselves(step, labelled, spectra, frame, labels):
    X = frame if labelled else spectra
    model = make_pipeline(SNV(), step, PLSLDA())
    if isinstance(step, FunctionTransformer):
        model = make_pipeline(step, PLSLDA())
    model.fit(X, labels)
    expected = model[-1].explain_(model[:-1].transform(X))
    np.testing.assert_array_equal(explain_pipeline(model, X), expected)


def test_a_frame_that_keeps_its_labels(frame, labels):
    """A function that says nothing about names, but hands the labels on."""
    model = make_pipeline(FunctionTransformer(lambda X: X - 1), PLSLDA())
    model.fit(frame, labels)
    maps = explain_pipeline(model, frame)
    np.testing.assert_array_equal(maps, model[-1].explain_(frame - 1))


@pytest.mark.filterwarnings("ignore:Skipping features")
@pytest.mark.parametrize(
    "step", [SelectKBest(k=20), VarianceThreshold(400), SimpleImputer()], ids=str
)
def test_selected_columns_are_placed_back(step, spectra, labels):
    X = spectra.copy()
    if isinstance(step, SimpleImputer):
        X[:, 30:50] = np.nan  # empty columns are dropped
    model = make_pipeline(step, PLSLDA()).fit(X, labels)
    inner = explain_pipeline(model, X, space="model")
    maps = explain_pipeline(model, X)
    assert inner.shape[1] < maps.shape[1] == X.shape[1]
    marked = model[0].transform(np.arange(150.0)[None]).ravel().astype(int)
    np.testing.assert_array_equal(maps[:, marked], inner)
    assert np.count_nonzero(maps.any(axis=0)) == len(marked)


def test_reordered_columns_find_back(frame, labels):
    order = list(frame.columns[100:50:-1])
    step = make_column_transformer(
        ("passthrough", order), verbose_feature_names_out=False
    )
    model = make_pipeline(step, PLSLDA()).set_output(transform="pandas")
    model.fit(frame, labels)
    maps = pd.DataFrame(explain_pipeline(model, frame), columns=frame.columns)
    np.testing.assert_array_equal(maps[order], model[-1].explain_(frame[order]))
    assert not maps.drop(columns=order).to_numpy().any()


def test_samplers_are_skipped(steps, spectra, labels):
    sampler = RandomOverSampler(random_state=0)
    model = make_imblearn_pipeline(steps[0], sampler, SNV(), PLSLDA())
    maps = explain_pipeline(model.fit(spectra[:-1], labels[:-1]), spectra)
    expected = model[-1].explain_(SNV().transform(steps[0].transform(spectra)))
    np.testing.assert_array_equal(maps, steps[0].map_back(expected))


def test_pipelines_and_searches_are_opened(model, steps, spectra, labels):
    expected = explain_pipeline(model, spectra)
    nested = make_pipeline(make_pipeline(*steps), make_pipeline(SNV(), PLSLDA()))
    search = GridSearchCV(nested, {"pipeline-2__plslda__n_components": [2]}, cv=2)
    ends_in_search = make_pipeline(
        *steps, SNV(), GridSearchCV(PLSLDA(), {"n_components": [2]}, cv=2)
    )
    for other in (nested, search, ends_in_search, FrozenEstimator(model)):
        other.fit(spectra, labels)
        np.testing.assert_array_equal(explain_pipeline(other, spectra), expected)


def test_classifier_alone(spectra, labels):
    model = PLSLDA().fit(spectra, labels)
    maps = explain_pipeline(model, spectra)
    np.testing.assert_array_equal(maps, model.explain_(spectra))


def test_predicted_class_is_that_of_the_threshold(spectra, labels):
    """A threshold out of reach never says True, whatever the scores."""
    two = labels == "zircon"
    inner = make_pipeline(SNV(), PLSLDA())
    model = FixedThresholdClassifier(inner, threshold=2.0, pos_label=True)
    model.fit(spectra, two)
    assert not model.predict(spectra).any()
    maps = explain_pipeline(model, spectra)
    np.testing.assert_array_equal(maps, explain_pipeline(model, spectra, False))
    assert not np.array_equal(maps, explain_pipeline(model.estimator_, spectra))


def test_tuned_thresholds_are_opened():
    X, y = make_raman_spectra(60, n_classes=2, random_state=0)
    model = TunedThresholdClassifierCV(make_pipeline(SNV(), PLSLDA()), cv=2)
    conformal = ConformalClassifier(model, grouped=False, cv=2)
    for wrapped in (model, conformal):
        predicted = wrapped.fit(X, y).predict(X)
        tuned = model if wrapped is model else conformal.estimator_
        expected = explain_pipeline(tuned.estimator_, X, predicted)
        np.testing.assert_array_equal(explain_pipeline(wrapped, X), expected)


def test_normalized_on_the_axis_of_the_result(model, spectra):
    for space in ("input", "model"):
        maps = explain_pipeline(model, spectra, space=space, normalize="sum")
        np.testing.assert_allclose(np.abs(maps).sum(axis=1), 1)


@pytest.mark.parametrize(
    "step",
    [
        PCA(5),
        PLSLDA(n_components=3),
        KBinsDiscretizer(
            n_bins=3, encode="onehot-dense", quantile_method="averaged_inverted_cdf"
        ),
        PolynomialFeatures(include_bias=False),
        FunctionTransformer(lambda X: X[:, ::-1]),
    ],
    ids=lambda step: type(step).__name__,
)
def test_a_step_that_mixes_is_named(step, spectra):
    y = np.repeat([0, 1, 2], 4)
    X = spectra[:, ::5]
    model = make_pipeline(SNV(), make_pipeline(step), PLSLDA()).fit(X, y)
    name = type(step).__name__
    named = rf"Step 'pipeline__{name.lower()}' \({name}\) mixes wavenumbers"
    with pytest.raises(ValueError, match=named) as caught:
        explain_pipeline(model, X)
    assert 'space="model"' in str(caught.value)
    assert ("one-to-one" in str(caught.value)) == (name == "FunctionTransformer")
    inner = explain_pipeline(model, X, space="model")
    np.testing.assert_array_equal(inner, model[-1].explain_(model[:-1].transform(X)))


def test_ragged_into_another_packages_step(spectra, labels, axis):
    ragged = [(axis, row) for row in spectra]
    shift = FunctionTransformer(lambda X: [(own + 1, row) for own, row in X])
    resampler = WavenumberResampler(target_wavenumbers=TARGET)
    model = make_pipeline(shift, resampler, PLSLDA()).fit(ragged, labels)
    with pytest.raises(ValueError, match="'functiontransformer'.*not a matrix"):
        explain_pipeline(model, ragged)


@pytest.mark.parametrize(
    "model", [PLSLDA(), CNNClassifier(), make_pipeline(SNV(), PLSLDA())], ids=str
)
def test_not_fitted(model, spectra):
    with pytest.raises(NotFittedError, match=f"{type(model).__name__} is not fitted"):
        explain_pipeline(model, spectra)


def test_search_without_refit(spectra, labels):
    search = GridSearchCV(PLSLDA(), {"n_components": [2]}, cv=2, refit=False)
    with pytest.raises(NotFittedError, match="refit=False"):
        explain_pipeline(search.fit(spectra, labels), spectra)
    search.estimator.fit(spectra, labels)  # by somebody, to something
    for model in (search, make_pipeline(SNV(), search).fit(spectra, labels)):
        with pytest.raises(NotFittedError, match="refit=False"):
            explain_pipeline(model, spectra)


@pytest.mark.parametrize("last", [KNeighborsClassifier(), "passthrough"])
def test_no_explanation(last, spectra, labels):
    model = make_pipeline(SNV(), last).fit(spectra, labels)
    with pytest.raises(TypeError, match="can't explain itself"):
        explain_pipeline(model, spectra)
    with pytest.raises(TypeError, match="needs a fitted classifier"):
        explain_pipeline(make_pipeline("passthrough"), spectra)


def test_arguments(model, spectra):
    with pytest.raises(ValueError, match="space must be .*got 'raw'"):
        explain_pipeline(model, spectra, space="raw")
    with pytest.raises(ValueError, match="mode must be .*got 'sum'"):
        explain_pipeline(model, spectra, mode="sum")
    with pytest.raises(ValueError, match="target=.*gold.* is not a class"):
        explain_pipeline(model, spectra, "gold")


def test_maps_on_units_have_no_place(spectra, frame, labels):
    model = make_pipeline(SNV(), CNNClassifier(max_epochs=1, random_state=0))
    model.fit(spectra, labels)
    with pytest.raises(ValueError, match=r"\(12, 38\).*\(12, 150\).*upsample=False"):
        explain_pipeline(model, spectra, upsample=False)
    for X in (spectra, frame):
        units = explain_pipeline(model, X, upsample=False, space="model")
        assert isinstance(units, np.ndarray) and units.shape == (12, 38)


def simulate(seed, spacing):
    """Raw spectra with a line that tells the class, three that do not, a background.

    Returns X, y, the axis in cm-1 and the true wavenumber of each spectrum's line.
    """
    rng = np.random.default_rng(seed)
    centers = np.array([150, 400, 650])
    X, y = make_lorentzian_spectra(
        60, centers=centers, fwhm=6, n_points=800, n_distractors=3, random_state=seed
    )
    t = np.linspace(0, 1, 800)
    size = rng.uniform(0.5, 1.5, (len(X), 3))
    hump = size[:, :1] * np.exp(-(((t - 0.2 - 0.3 * size[:, 1:2]) / 0.5) ** 2))
    X = 1000 * (X + hump + size[:, 2:] * t / 2)
    if spacing == "random":
        steps = rng.uniform(1.2, 2.8, 800)
    else:  # the dispersion of a grating: points get closer along the axis
        steps = np.linspace(2.6, 1.4, 800)
    axis = 210.7 + np.cumsum(steps)
    return X, y, axis, axis[centers[y]]


@pytest.mark.parametrize("spacing", ["grating", "random"])
@pytest.mark.parametrize("ragged", [False, True])
def test_peaks_come_back_to_their_place(spacing, ragged):
    """Through crop, new axis, baseline and scale: within 8 cm-1 of the true line."""
    X, y, axis, true = simulate(0, spacing)
    test = np.arange(len(X)) % 3 == 0
    low, high = axis[20], axis[-20]
    crop = WavenumberCrop(region=(low, high), wavenumbers=None if ragged else axis)
    resampler = WavenumberResampler(
        target_wavenumbers=(np.ceil(low), np.floor(high) - 1, 2.0)
    )
    settings = {"n_filters": 16, "n_hidden": 32, "max_epochs": 20, "lr": 2e-3}
    settings = {**paper_settings("fukuhara"), **settings}
    tail = (AIRPLS(lam=1e4), SpectrumMinMaxScaler())
    net = CNNClassifier(**settings, random_state=0)
    first = (resampler, crop) if ragged else (crop, resampler)
    model = make_pipeline(*first, *tail, net).set_output(transform="pandas")
    if ragged:
        train = [(axis, row) for row in X[~test]]
        new = [(axis, row) for row in X[test]]
    else:
        train, new = X[~test], X[test]
    model.fit(train, y[~test])
    for mode in ("conserve", "density"):
        maps = np.asarray(explain_pipeline(model, new, y[test], mode=mode))
        distance = np.abs(axis[maps.argmax(axis=1)] - true[test])
        assert (distance <= 8).mean() >= 0.95


@pytest.mark.parametrize(
    "network",
    [CNNClassifier(n_filters=16), FMCNNClassifier(n_filters=8), GAPCNNClassifier()],
)
def test_units_far_apart_put_peaks_in_place(network):
    """Default inputs, a grid of 2 cm-1: units 8 cm-1 apart that see 30 to 70 cm-1."""
    X, y, axis, true = simulate(1, "grating")
    test = np.arange(len(X)) % 3 == 0
    grid = (np.ceil(axis[20]), axis[-20] - 1, 2.0)
    model = make_pipeline(
        WavenumberResampler(target_wavenumbers=grid, wavenumbers=axis),
        AIRPLS(lam=1e4),
        SpectrumMinMaxScaler(),
        network.set_params(max_epochs=20, random_state=0),
    )
    model.fit(X[~test], y[~test])
    assert model.score(X[test], y[test]) > 0.9
    maps = explain_pipeline(model, X[test], y[test], mode="density")
    distance = np.abs(axis[maps.argmax(axis=1)] - true[test])
    assert (distance <= 8).mean() >= 0.95


@pytest.mark.parametrize("seed", [0, 1])
def test_peaks_of_pls_lda_move_by_less_than_a_step(seed):
    """What is added to the model's own error by going back: at most 2 target steps."""
    X, y, axis, _ = simulate(seed, "grating")
    target = (300.0, 1700.0, 2.0)
    resampler = WavenumberResampler(target_wavenumbers=target, wavenumbers=axis)
    model = make_pipeline(resampler, AIRPLS(lam=1e4), SNV(), PLSLDA(n_components=4))
    model.fit(X, y)
    inner = explain_pipeline(model, X, space="model")
    maps = explain_pipeline(model, X, mode="density")
    peak = resampler.wavenumbers_out_[inner.argmax(axis=1)]
    assert (np.abs(axis[maps.argmax(axis=1)] - peak) <= 4).mean() >= 0.95


def test_points_that_were_not_measured_get_nothing(frame, labels):
    """Also where the Pipeline is given a frame, whose rows share one axis."""
    X = frame.copy()
    X.iloc[3, :6] = np.nan
    resampler = WavenumberResampler(target_wavenumbers=(400, 698, 4), fill_value="edge")
    model = make_pipeline(resampler, PLSLDA()).fit(X, labels)
    maps = explain_pipeline(model, X)
    assert not maps.to_numpy()[np.isnan(X)].any()
    seen = explain_pipeline(model, X, space="model")
    np.testing.assert_allclose(maps.sum(axis=1), seen.sum(axis=1))


class Noting(SNV):
    """Notes what brings the axis on the way back."""

    def map_back(self, maps, X=None, *, mode="conserve"):
        self.seen.append((np.shape(maps), X))
        return maps


def test_what_a_step_of_ones_own_is_given(frame, spectra, labels):
    """As its guide says: the axis without spectra, for all maps at once."""
    step = Noting()
    step.seen = seen = []
    framed = make_pipeline(step, PLSLDA()).fit(frame, labels)
    explain_pipeline(framed, frame[:5])
    assert seen[-1][0] == (5, frame.shape[1]) and seen[-1][1].shape == (
        0,
        frame.shape[1],
    )
    assert seen[-1][1].columns.tolist() == frame.columns.tolist()
    explain_pipeline(make_pipeline(step, PLSLDA()).fit(spectra, labels), spectra[:5])
    assert seen[-1][0] == (5, frame.shape[1]) and seen[-1][1] is None
