"""Class summaries of maps, and their stability over fits: by hand, and invariances."""

import pickle
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_raman._utils._explanation import normalize_maps
from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import (
    ExplanationSummary,
    deletion_curve,
    explain_pipeline,
    localization_score,
    map_stability,
    occlusion,
)
from sklearn_raman.inspection._summary import active_points
from sklearn_raman.preprocessing import SNV, WavenumberCrop, WavenumberResampler
from tests.uncertainty.conftest import make

MAPS = np.array(
    [[0.0, 2, 4, 0], [1, 3, 1, 2], [10, 5, 0, 0], [0, 1, 2, 8], [0, 0, 0, 1]]
)
TRUE = np.array(["a", "a", "b", "b", "b"])
PREDICTED = np.array(["a", "a", "b", "a", "b"])


@pytest.fixture
def summary():
    return ExplanationSummary.from_maps(
        MAPS, TRUE, PREDICTED, wavenumbers=[100, 110, 120, 130], fraction=0.5
    )


def test_by_hand(summary):
    a, b = [[0, 0.5, 1, 0], [0, 1, 0, 0.5]], [[1, 0.5, 0, 0], [0, 0, 0, 1]]
    assert summary.mean.index.to_list() == ["a", "b"]
    assert summary.mean.columns.to_list() == [100, 110, 120, 130]
    np.testing.assert_allclose(summary.mean, [np.mean(a, axis=0), np.mean(b, axis=0)])
    np.testing.assert_allclose(summary.std, [np.std(a, axis=0), np.std(b, axis=0)])
    # Two of four points are active, the last map has only one above its minimum.
    np.testing.assert_allclose(
        summary.top_frequency, [[0, 1, 0.5, 0.5], [0.5, 0.5, 0, 0.5]]
    )
    np.testing.assert_allclose(summary.zero_level, [np.mean([0, -1 / 2]), 0])
    assert summary.counts.to_numpy().tolist() == [[2, 2], [2, 3]]
    assert summary.unit == "cm-1"


def test_misclassified_spectra_are_kept_apart(summary):
    assert summary.misclassified.index.to_list() == [(3, "b", "a")]
    np.testing.assert_allclose(summary.misclassified, [[0, 1 / 8, 2 / 8, 1]])


def test_scale_and_offset_of_a_map_do_not_matter(summary, rng):
    scale, offset = rng.uniform(1, 5, (5, 1)), rng.normal(size=(5, 1))
    other = ExplanationSummary.from_maps(
        scale * MAPS + offset, TRUE, PREDICTED, fraction=0.5
    )
    np.testing.assert_allclose(other.mean, summary.mean, atol=1e-12)
    np.testing.assert_allclose(other.std, summary.std, atol=1e-12)
    np.testing.assert_array_equal(other.top_frequency, summary.top_frequency)
    assert other.unit == "point"


def test_a_class_never_recognised_is_missing_with_a_warning():
    with pytest.warns(UserWarning, match=r"No spectrum of .*b.* classified correctly"):
        summary = ExplanationSummary.from_maps(MAPS, TRUE, ["a"] * 5)
    for table in (summary.mean, summary.std, summary.top_frequency):
        assert table.index.to_list() == ["a"]
        assert table.notna().all(axis=None)
    assert set(summary.to_frame()["class"]) == {"a"}
    assert summary.counts.loc["b"].to_list() == [0, 3]
    assert len(summary.misclassified) == 3


def test_all_wrong():
    with pytest.warns(UserWarning, match="No spectrum of"):
        summary = ExplanationSummary.from_maps(MAPS, TRUE, ["c"] * 5)
    assert summary.mean.shape == (0, 4)
    assert len(summary.bands()) == len(summary.to_frame()) == 0
    assert len(summary.agreement(np.arange(4))) == 0


def test_active_points(rng):
    maps = rng.normal(size=(20, 101))
    for fraction in (0.01, 0.1, 0.5):
        active = active_points(maps, np.arange(maps.shape[1]), fraction)
        assert (active.sum(axis=1) == round(fraction * 101)).all()
        lowest = np.where(active, maps, np.inf).min(axis=1)
        assert (lowest > np.where(active, -np.inf, maps).max(axis=1)).all()
    flat = active_points(np.zeros((1, 9)), np.arange(9), 0.5)
    np.testing.assert_array_equal(flat, False)


def test_a_map_that_is_flat_up_to_rounding_says_nothing():
    maps = np.where(np.arange(9) == 4, 0.1 + 0.2, 0.3)[None]
    assert np.ptp(maps) > 0
    summary = ExplanationSummary.from_maps(maps, ["a"])
    for table in (summary.mean, summary.top_frequency, summary.zero_level):
        assert not table.to_numpy().any()
    for normalize in ("minmax", "max", None):
        flat = ExplanationSummary.from_maps(maps, ["a"], normalize=normalize)
        assert flat.bands().empty
    stability = map_stability([maps, maps])
    assert not stability["mean_correlation"].any()


def test_bands_are_where_the_lines_are(axis):
    line = np.exp(-((axis[None] - np.array([[450], [550], [650]])) ** 2) / 50)
    maps = np.stack([line[0] + 0.6 * line[1], line[2], 0 * line[2]])
    summary = ExplanationSummary.from_maps(maps - 0.2, list("abc"), wavenumbers=axis)
    bands = summary.bands()
    assert bands.loc["a", "position"].to_list() == [450, 550]
    np.testing.assert_allclose(bands.loc["a", "mean"], [1, 0.6], atol=0.01)
    assert bands.loc["b", "position"].to_list() == [650]
    assert "c" not in bands.index  # a flat map has no band
    assert (bands["top_frequency"] == 1).all()
    assert summary.bands(1).loc["a", "position"].to_list() == [450]
    assert summary.bands(min_distance=150).loc["a", "position"].to_list() == [450]


def test_agreement_is_looked_for_on_one_axis():
    axis = np.arange(400.0, 520.0, 4.0)
    data = make(0)
    X = pd.DataFrame(data.X, columns=axis.astype(str))
    model = PLSLDA().fit(X, data.y)
    summary = ExplanationSummary.from_estimator(model, X, data.y)
    wanted = summary.agreement(model)
    vip = pd.Series(model.vip_, index=axis)
    for same in (vip, model.vip_, vip.reset_index(drop=True)):
        pd.testing.assert_frame_equal(summary.agreement(same), wanted)
    other = PLSLDA().fit(X.set_axis((axis + 1).astype(str), axis=1), data.y)
    for wrong in (vip[::-1], vip.set_axis(axis + 1), other):
        with pytest.raises(ValueError, match="importance has the axis"):
            summary.agreement(wrong)


def test_agreement(rng):
    maps = rng.uniform(size=(4, 50))
    summary = ExplanationSummary.from_maps(maps, list("aabb"), fraction=0.2)
    mean = summary.mean.loc["a"].to_numpy()
    same = summary.agreement(np.exp(mean))
    np.testing.assert_allclose(same.loc["a", ["top_overlap", "spearman"]], 1)
    opposite = summary.agreement(-mean)
    np.testing.assert_allclose(opposite.loc["a", ["top_overlap", "spearman"]], [0, -1])
    assert (same["chance"] == 0.2).all()
    # Five of the ten highest, and five of the lowest.
    order = np.argsort(-mean)
    half = np.zeros(50)
    half[[*order[:5], *order[-5:]]] = 1
    assert summary.agreement(half).loc["a", "top_overlap"] == 0.5
    assert summary.agreement(half, fraction=1).loc["b", "top_overlap"] == 1


def test_to_frame(summary):
    frame = summary.to_frame()
    assert len(frame) == 2 * 4
    wide = frame.pivot(index="class", columns="wavenumber", values="std")
    np.testing.assert_array_equal(wide, summary.std)
    assert "mean_spectrum" not in frame
    given = ExplanationSummary.from_maps(
        MAPS, TRUE, PREDICTED, spectra=2 * MAPS
    ).to_frame()
    assert given["mean_spectrum"].iloc[:4].to_list() == [1, 5, 5, 2]


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_the_axis_comes_from_the_spectra(frame, axis, labels):
    model = PLSLDA().fit(frame, labels)
    for X in (frame, frame.to_numpy()):  # the model remembers the axis
        found = ExplanationSummary.from_estimator(model, X, labels)
        assert found.unit == "cm-1"
        np.testing.assert_array_equal(found.axis, axis)
    with pytest.raises(ValueError, match="disagree"):
        ExplanationSummary.from_maps(frame, labels, wavenumbers=axis + 1)


def test_pipeline_is_explained_on_the_raw_axis_or_its_own(frame, axis, labels):
    steps = WavenumberCrop(region=(420, 680)), SNV(), PLSLDA()
    model = make_pipeline(*steps).set_output(transform="pandas").fit(frame, labels)
    expected = model[-1].explain_(model[:-1].transform(frame), normalize="minmax")
    found = ExplanationSummary.from_estimator(model, frame, labels, space="model")
    assert found.axis.min() == 420 and found.axis.max() == 680
    np.testing.assert_allclose(found.mean.iloc[0], expected[:4].mean(axis=0))
    raw = ExplanationSummary.from_estimator(model, frame, labels, normalize="max")
    np.testing.assert_array_equal(raw.axis, axis)
    outside = (axis < 420) | (axis > 680)
    assert (raw.mean.loc[:, outside] == 0).all(axis=None)
    np.testing.assert_array_equal(raw.bands(1)["position"], found.bands(1)["position"])
    with pytest.raises(ValueError, match="space must be"):
        ExplanationSummary.from_estimator(model, frame, labels, space="outer")


def test_space_of_the_model_through_searches_and_wrappers(frame, axis, labels):
    """They hold a Pipeline: the maps lie on the axis that its classifier sees."""
    steps = WavenumberCrop(region=(420, 680)), SNV(), PLSLDA()
    model = make_pipeline(*steps).set_output(transform="pandas")
    model.fit(frame, labels)
    expected = ExplanationSummary.from_estimator(model, frame, labels, space="model")
    inside = axis[(axis >= 420) & (axis <= 680)]
    np.testing.assert_array_equal(expected.axis, inside)
    nested = make_pipeline(*model[:-1], make_pipeline(PLSLDA()))
    last = make_pipeline(
        *model[:-1], GridSearchCV(PLSLDA(), {"n_components": [2]}, cv=2)
    )
    wrapped = (
        GridSearchCV(model, {"plslda__n_components": [2]}, cv=2),
        FrozenEstimator(model),
        nested,
        last,
    )
    for other in wrapped:
        found = ExplanationSummary.from_estimator(
            other.fit(frame, labels), frame, labels, space="model"
        )
        assert found.unit == "cm-1"
        np.testing.assert_array_equal(found.axis, inside)
        pd.testing.assert_frame_equal(found.mean, expected.mean)
        pd.testing.assert_frame_equal(found.mean_spectrum, expected.mean_spectrum)


@pytest.mark.parametrize("space, length", [("input", 150), ("model", 131)])
def test_other_explanations_through_a_search(space, length, frame, labels):
    steps = WavenumberCrop(region=(420, 680)), SVC()
    model = make_pipeline(*steps).set_output(transform="pandas")
    search = GridSearchCV(model, {"svc__C": [1]}, cv=2).fit(frame, labels)
    found = ExplanationSummary.from_estimator(
        search, frame, labels, explain=occlusion, space=space, width=5
    )
    assert len(found.axis) == length and found.unit == "cm-1"


def test_a_threshold_is_explained_by_what_it_predicts(frame, labels):
    """A threshold out of reach never says True."""
    two = labels == "zircon"
    model = make_pipeline(WavenumberCrop(region=(420, 680)), PLSLDA())
    never = FixedThresholdClassifier(model, threshold=2.0, pos_label=True)
    never.fit(frame, two)
    for space in ("input", "model"):
        maps = explain_pipeline(never, frame, False, mode="density", space=space)
        with pytest.warns(UserWarning, match=r"No spectrum of \[.*True.*\]"):
            found = ExplanationSummary.from_estimator(never, frame, two, space=space)
        expected = normalize_maps(np.asarray(maps)[~two], "minmax").mean(axis=0)
        np.testing.assert_allclose(found.mean.loc[False], expected)


@pytest.mark.parametrize("space", ["input", "model", "auto"])
@pytest.mark.parametrize("explain", [None, occlusion])
def test_ragged_spectra(space, explain, spectra, axis, labels):
    """Summed up on the only axis they share, the model's."""
    ragged = [(axis[i:], row[i:]) for i, row in enumerate(spectra)]
    grid = WavenumberResampler(target_wavenumbers=(430, 680, 2))
    model = make_pipeline(SNV(), grid, PLSLDA()).fit(ragged, labels)
    found = ExplanationSummary.from_estimator(
        model, ragged, labels, space=space, explain=explain
    )
    assert found.unit == "cm-1"
    np.testing.assert_array_equal(found.axis, np.arange(430.0, 681, 2))
    seen = model[:-1].transform(ragged)
    expected = ExplanationSummary.from_estimator(
        model[-1], seen, labels, explain=explain
    )
    pd.testing.assert_frame_equal(found.mean, expected.mean)
    pd.testing.assert_frame_equal(found.counts, expected.counts)


def test_missing_where_the_model_does_not_look(frame, labels):
    X = frame.copy()
    X.loc[3:, :"410.0"] = np.nan
    model = make_pipeline(WavenumberCrop(region=(420, 680)), PLSLDA()).fit(X, labels)
    with pytest.raises(ValueError, match='does not look.* space="model"'):
        ExplanationSummary.from_estimator(model, X, labels)
    for space in ("model", "auto"):
        found = ExplanationSummary.from_estimator(model, X, labels, space=space)
        assert found.axis[0] == 420
    assert np.isfinite(found.mean_spectrum).all(axis=None)


def test_agreement_with_a_whole_pipeline(frame, labels):
    model = make_pipeline(WavenumberCrop(region=(420, 680)), PLSLDA()).fit(
        frame, labels
    )
    summary = ExplanationSummary.from_estimator(model, frame, labels, space="model")
    pd.testing.assert_frame_equal(
        summary.agreement(model), summary.agreement(model[-1].vip_)
    )
    on_input = ExplanationSummary.from_estimator(model, frame, labels)
    with pytest.raises(ValueError, match='space="model"'):
        on_input.agreement(model)


def test_spectra_and_model_are_only_read(spectra, labels):
    X = spectra.copy()
    model = make_pipeline(StandardScaler(copy=False), PLSLDA())
    model.fit(spectra.copy(), labels)
    safe = make_pipeline(StandardScaler(), PLSLDA()).fit(spectra, labels)
    expected = ExplanationSummary.from_estimator(safe, spectra, labels)
    before = pickle.dumps(model)
    for space in ("input", "model"):
        found = ExplanationSummary.from_estimator(model, X, labels, space=space)
        np.testing.assert_array_equal(X, spectra)
        assert pickle.dumps(model) == before
        pd.testing.assert_frame_equal(found.mean, expected.mean)
        pd.testing.assert_frame_equal(found.counts, expected.counts)


def test_maps_and_spectra_must_share_an_axis(frame, axis, labels):
    shifted = frame.set_axis(axis + 4, axis=1)
    with pytest.raises(ValueError, match="maps and the labels of spectra disagree"):
        ExplanationSummary.from_maps(frame, labels, spectra=shifted)
    counted = ExplanationSummary.from_maps(frame, labels, wavenumbers="points")
    assert counted.unit == "point"
    by_maps = ExplanationSummary.from_maps(frame, labels, spectra=frame.to_numpy())
    np.testing.assert_array_equal(by_maps.axis, axis)


def test_other_explanations(frame, labels):
    svm = SVC().fit(frame, labels)
    with pytest.raises(TypeError, match="occlusion explains any classifier"):
        ExplanationSummary.from_estimator(svm, frame, labels)
    found = ExplanationSummary.from_estimator(
        svm, frame, labels, explain=occlusion, width=5, normalize="max"
    )
    for label, line in zip(found.mean.index, (450, 550, 650), strict=True):
        assert abs(found.bands(1).loc[label, "position"].item() - line) <= 10


@pytest.mark.parametrize(
    "change, message",
    [
        ({"fraction": 0}, "fraction"),
        ({"normalize": "l2"}, "normalize"),
        ({"spectra": MAPS[:, 1:]}, "the spectra have|spectra has shape"),
        ({"wavenumbers": [1, 2]}, "2 points"),
        ({"predicted": ["a"]}, "predicted has shape"),
        ({"maps": MAPS * np.nan}, "NaN"),
    ],
)
def test_refuses(change, message):
    arguments = {"maps": MAPS, "y": TRUE} | change
    with pytest.raises(ValueError, match=message):
        ExplanationSummary.from_maps(**arguments)


def test_agreement_refuses(summary):
    with pytest.raises(ValueError, match=r"4 finite values.*got shape \(3,\)"):
        summary.agreement([1, 2, 3])
    with pytest.raises(ValueError, match="fraction must be above 0 and at most 1"):
        summary.agreement([1, 2, 3, 4], fraction=5)


@pytest.mark.parametrize(
    "settings", [{"n_bands": -1}, {"n_bands": 1.5}, {"min_distance": -5}]
)
def test_bands_refuse(settings, summary):
    (name,) = settings
    with pytest.raises((TypeError, ValueError), match=name):
        summary.bands(**settings)


def test_pls_lda_looks_at_textbook_lines_of_minerals():
    """Raman lines of carbonate 1086 and 1097, silicate 824 and 856, phosphate 964."""
    minerals = load_minerals(as_frame=True)
    y = np.asarray(minerals.target_names)[minerals.target]
    model = make_pipeline(
        WavenumberResampler(target_wavenumbers=(150, 1508, 2)),
        SNV(),
        PLSLDA(n_components=20),
    ).set_output(transform="pandas")
    model.fit(minerals.data, y)
    summary = ExplanationSummary.from_estimator(model, minerals.data, y, space="model")
    bands = summary.bands()
    textbook = {
        "Calcite": [1086],
        "Dolomite": [1097],
        "Forsterite": [824, 856],
        "Fluorapatite": [964],
    }
    for mineral, lines in textbook.items():
        found = bands.loc[mineral, "position"].to_numpy()
        for line in lines:
            assert np.abs(found - line).min() <= 10, (mineral, line, found)
    agreement = summary.agreement(model[-1])
    assert (agreement["top_overlap"] > agreement["chance"]).mean() > 0.9
    assert isinstance(agreement, pd.DataFrame)


def test_stability_is_the_mean_of_pairs(rng):
    fits = rng.normal(size=(4, 2, 30))
    found = map_stability(list(fits))
    for label in (0, 1):
        pairs = [
            np.corrcoef(a[label], b[label])[0, 1] for a, b in combinations(fits, 2)
        ]
        row = found.loc[label]
        np.testing.assert_allclose(row["mean_correlation"], np.mean(pairs))
        np.testing.assert_allclose(row["min_correlation"], np.min(pairs))
    assert (found["n_fits"] == 4).all()


def test_stability_in_one_number(rng):
    fits = rng.normal(size=(3, 2, 30))
    summary = ExplanationSummary.from_maps(fits[0], [0, 1], normalize=None)
    expected = map_stability(list(fits))["mean_correlation"].mean()
    np.testing.assert_allclose(summary.stability(fits[1:]), expected)
    np.testing.assert_allclose(summary.stability([summary]), 1)


def test_stability_at_its_extremes(rng):
    means = rng.normal(size=(2, 30))
    np.testing.assert_allclose(
        map_stability([means, 3 * means + 1])["mean_correlation"], 1
    )
    np.testing.assert_allclose(map_stability([means, -means])["min_correlation"], -1)


def test_stability_of_summaries_and_coefficients(frame, labels):
    models = [PLSLDA().fit(frame.iloc[k::2], labels[k::2]) for k in (0, 1)]
    fits = [ExplanationSummary.from_estimator(m, frame, labels) for m in models]
    found = map_stability(fits)
    expected = map_stability([fit.mean for fit in fits])
    pd.testing.assert_frame_equal(found, expected)
    coefficients = [pd.DataFrame(m.coef_, m.classes_) for m in models]
    assert map_stability(coefficients).index.to_list() == list(models[0].classes_)


def test_coefficients_are_the_slope_of_the_decision(frame, labels):
    X = frame.to_numpy()
    for rows in (slice(None), slice(8)):  # three classes, two classes
        model = PLSLDA().fit(X[rows], labels[rows])
        step = np.zeros_like(X)
        step[:, 40] = 1
        slope = model.decision_function(X + step) - model.decision_function(X)
        expected = np.broadcast_to(model.coef_[:, 40], (12, len(model.coef_)))
        np.testing.assert_allclose(slope.reshape(12, -1), expected, rtol=1e-6)


def test_classes_that_too_few_fits_have(rng):
    a, b, c = (pd.DataFrame(rng.normal(size=(3, 9)), list("xyz")) for _ in range(3))
    with pytest.warns(UserWarning, match=r"Fewer than two fits .*'z'"):
        found = map_stability([a, b.loc[["x", "y"]], c.loc[["x"]]])
    assert found["n_fits"].to_dict() == {"x": 3, "y": 2}


@pytest.mark.parametrize(
    "fits, message",
    [
        ([np.ones((2, 9))], "at least two fits, got 1"),
        ([np.ones(9), np.ones(9)], "Fit 0 has shape .9,.: give one row per class"),
        ([np.ones((2, 9)), np.ones((2, 8))], "9 and|8 and"),
        ([np.ones((2, 9)), np.full((2, 9), np.nan)], "Fit 1 contains NaN"),
    ],
)
def test_stability_refuses(fits, message):
    with pytest.raises(ValueError, match=message):
        map_stability(fits)


@pytest.mark.parametrize("dtype", ["float16", ">i4", "column"])
def test_labels_of_any_type(dtype):
    """Classifiers take such labels, pandas has no index of them."""
    maps = np.random.default_rng(0).uniform(size=(4, 9))
    y = np.array([1, 1, 2, 2])
    as_given = y[:, None] if dtype == "column" else y.astype(dtype)
    found = ExplanationSummary.from_maps(maps, as_given)
    pd.testing.assert_frame_equal(
        found.mean, ExplanationSummary.from_maps(maps, y).mean, check_index_type=False
    )


@pytest.mark.parametrize("missing", [None, np.nan])
def test_missing_labels_are_refused(missing):
    """NaN is equal to nothing, itself included: its spectra would be lost."""
    maps, y = np.eye(3), ["a", "b", None] if missing is None else [1.0, 2.0, missing]
    for given in ({"y": y}, {"y": [*y[:2], y[0]], "predicted": y}):
        name = list(given)[-1]
        with pytest.raises(ValueError, match=f"{name} misses 1 of 3 values .*row 2"):
            ExplanationSummary.from_maps(maps, **given)


@pytest.mark.parametrize("normalize", ["sum", "minmax", "max"])
def test_size_does_not_matter(normalize):
    maps = np.random.default_rng(0).normal(size=(6, 9))
    found = [
        ExplanationSummary.from_maps(
            np.ldexp(maps, exponent),
            list("aaabbb"),
            spectra=np.ldexp(maps, exponent),
            normalize=normalize,
        )
        for exponent in (0, 1020, -1000)
    ]
    for exponent, other in zip((1020, -1000), found[1:], strict=True):
        pd.testing.assert_frame_equal(other.mean, found[0].mean)
        spread = np.ldexp(found[0].std_spectrum, exponent)
        np.testing.assert_allclose(other.std_spectrum, spread, rtol=1e-12)


def test_printed_table():
    """Classes, how many of their spectra, where their map is high; escaped in HTML."""
    axis = np.arange(400.0, 500.0)
    maps = np.zeros((5, 100))
    maps[0, 20], maps[1, [20, 60]], maps[2, 80] = 1, (1, 0.5), 1
    y = np.array(["<b>calcite", "<b>calcite", "quartz", "quartz", "zircon"])
    predicted = np.array(["<b>calcite", "<b>calcite", "quartz", "zircon", "quartz"])
    with pytest.warns(UserWarning, match="No spectrum of"):
        summary = ExplanationSummary.from_maps(maps, y, predicted, wavenumbers=axis)
    lines = [line.split() for line in str(summary).splitlines()]
    assert "3 correctly classified spectra of 5, 400 to 499 cm-1 (100 points)" in str(
        summary
    )
    assert ["<b>calcite", "2", "of", "2", "420,", "460"] in lines
    assert ["quartz", "1", "of", "2", "480"] in lines
    assert ["zircon", "0", "of", "1", "-"] in lines
    page = summary._repr_html_()
    assert "<table" in page and "420, 460" in page
    assert "<b>" not in page and "&lt;b&gt;calcite" in page
    counted = ExplanationSummary.from_maps(maps[:3], y[:3])
    assert "0 to 99 points" in str(counted) and "strongest bands (points)" in str(
        counted
    )


def test_labels_with_the_index_of_the_spectra_in_another_order(frame, labels):
    """pandas would match them by index; by position the maps would be of others."""
    model, turned = PLSLDA(n_components=2).fit(frame, labels), pd.Series(labels)[::-1]
    for explain in (explain_pipeline, occlusion):
        with pytest.raises(ValueError, match="target has the index of X in another"):
            explain(model, frame, turned)
    maps = explain_pipeline(model, frame)
    with pytest.raises(ValueError, match="y has the index of maps in another order"):
        ExplanationSummary.from_maps(maps, turned)


@pytest.mark.parametrize("kind", ["frame", "pairs"])
def test_equal_points_do_not_depend_on_the_direction_of_the_axis(kind, rng):
    """Ranks, peaks and plateaus of maps with few different values."""
    axis = np.arange(400.0, 532.0, 4.0)
    X = pd.DataFrame(rng.normal(10, 1, (12, 33)), columns=axis)
    y = np.arange(12) % 2
    grid = WavenumberResampler(target_wavenumbers=axis)
    model = make_pipeline(grid, PLSLDA(n_components=2)).fit(X, y)
    maps = pd.DataFrame(
        np.repeat(rng.integers(0, 4, (12, 9)), 4, 1)[:, :33], columns=axis
    )

    def answers(step):
        spectra, own = X.iloc[:, ::step], maps.iloc[:, ::step]
        summary = ExplanationSummary.from_maps(own, y, fraction=0.2)
        yield summary.top_frequency.loc[:, axis]
        yield summary.bands(3)
        yield summary.agreement((axis // 50)[::step])
        yield localization_score(own, np.full(12, 461.0), fwhm=9)
        if kind == "pairs":
            spectra = [(axis[::step], row) for row in spectra.to_numpy()]
            own = list(own.to_numpy())
        yield pd.DataFrame(deletion_curve(model, spectra, own, target=y).curve)

    for rising, falling in zip(answers(1), answers(-1), strict=True):
        pd.testing.assert_frame_equal(rising, falling)
