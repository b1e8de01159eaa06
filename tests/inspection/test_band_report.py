"""Bands with error bars: against a plain t-test, known bands, and invariances."""

from functools import partial
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils import Bunch

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import (
    band_intervals,
    band_report,
    band_test,
    occlusion,
)
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.preprocessing import SNV, WavenumberCrop, WavenumberResampler

AXIS = np.arange(400.0, 600.0, 4.0)
BANDS = [(400, 448), (452, 500), (504, 548), (552, 596)]
FITS = {"n_refits": 10, "n_repeats": 1, "progress": False, "random_state": 0}
QUICK = FITS | {"cv": 3}
TEST = {"cv": 3, "n_repeats": 1, "progress": False, "random_state": 0}
NO_REFIT = GridSearchCV(PLSLDA(), {"n_components": [2]}, refit=False)


def make(n_groups=6, n_spectra=2, seed=0, differ=True):
    """Two substances: one band of each, one that both have, and one without any."""
    rng = np.random.default_rng(seed)
    peaks = np.exp(-(((AXIS - np.array([[425.0], [475.0], [525.0]])) / 8) ** 2))
    code = np.repeat([0, 1], n_groups)
    heights = np.stack([code == 0, code == 1, np.ones(len(code))], axis=1) * 1.0
    if not differ:
        heights[:, :2] = 0.5
    heights *= np.exp(0.2 * rng.normal(size=heights.shape))
    group = np.repeat(np.arange(len(code)), n_spectra)
    X = 5 + (heights @ peaks)[group] + rng.normal(0, 0.05, (len(group), len(AXIS)))
    y = np.array(["apatite", "barite"])[code[group]]
    groups = np.char.add("c", group.astype(str))
    return pd.DataFrame(X, columns=[str(v) for v in AXIS]), y, groups


@pytest.fixture(scope="module")
def data():
    return make()


@pytest.fixture(scope="module")
def report(data):
    model = make_pipeline(SNV(), PLSLDA(n_components=3))
    return band_report(model, *data, bands=BANDS, n_permutations=19, **QUICK)


def test_known_bands_are_found_and_others_are_not(report):
    table = report.to_frame().set_index(["class", "low"])
    for label, own, other in (("apatite", 400, 452), ("barite", 452, 400)):
        assert table.loc[(label, own), "used"]
        assert table.loc[(label, other), "share"] > 0.1  # its absence speaks, too
        assert not table.loc[label].loc[[504, 552], "used"].any()
        assert abs(table.loc[(label, own), "position"] - {400: 425, 452: 475}[own]) < 4
        assert np.allclose(table.loc[label, "share"].sum(), 1)
    for name in ("position", "share"):
        assert (table[f"{name}_low"] <= table[f"{name}_high"]).all()
    assert (table["contribution"].abs() <= table["share"] + 0.1).all()
    assert report.score == 1 and report.p_value == 0.05
    assert report.n_groups.to_dict() == {"apatite": 6, "barite": 6}
    assert report.unit == "cm-1"


def test_the_report_is_its_parts(data, report):
    model = make_pipeline(SNV(), PLSLDA(n_components=3))
    whole = report.to_frame()
    part = band_intervals(model, *data, bands=BANDS, **FITS)
    pd.testing.assert_frame_equal(part, whole[part.columns], check_exact=True)
    settings = {key: value for key, value in QUICK.items() if key != "n_refits"}
    part = band_test(model, *data, bands=BANDS, **settings)
    keys = ["class", "low"]
    pd.testing.assert_frame_equal(
        part.set_index(keys).sort_index(),
        whole[part.columns].set_index(keys).sort_index(),
        check_exact=True,
    )
    whole["share"] = 0
    assert report.to_frame()["share"].any()


@pytest.mark.parametrize("min_effect", [0.0, 0.05])
def test_t_test_and_false_discovery_rates(data, min_effect):
    """Maps that no model has a say in, so that the test can be done by hand."""
    X, y, groups = data
    maps = X - X.mean()
    found = band_test(
        PLSLDA(),
        *data,
        bands=BANDS,
        explain=lambda model, X, target: maps.loc[X.index],
        min_effect=min_effect,
        n_repeats=1,
        progress=False,
        random_state=0,
    ).sort_values(["class", "low"])
    expected = []
    for label in np.unique(y):
        of_group = maps[y == label].groupby(groups[y == label]).mean()
        of_group = of_group.div(of_group.abs().sum(axis=1), axis=0)
        for low, high in BANDS:
            part = of_group.loc[:, (AXIS >= low) & (AXIS <= high)].sum(axis=1)
            test = stats.ttest_1samp(part, min_effect, alternative="greater")
            expected.append((part.mean(), test.pvalue))
    np.testing.assert_allclose(found[["contribution", "p_value"]], expected)
    ordered = np.sort(found["p_value"])
    passed = ordered <= 0.05 * np.arange(1, 9) / 8
    limit = ordered[passed].max() if passed.any() else -1
    assert (found["used"] == (found["p_value"] <= limit)).all()


def test_position_is_of_what_speaks_for_the_class(data):
    """A deep dip beside a wide rise that weighs more: the rise is what is named."""
    maps = np.zeros(len(AXIS))
    maps[(AXIS >= 420) & (AXIS <= 436)] = 1.0
    maps[AXIS == 408] = -3.0
    for sign in (1, -1):
        found = band_intervals(
            PLSLDA(),
            *data,
            bands=[(400, 440)],
            explain=lambda model, X, target, sign=sign: (
                sign * np.tile(maps, (len(X), 1))
            ),
            **FITS,
        )
        np.testing.assert_allclose(found["position"], 428)


def test_what_does_not_vary_has_no_width(data):
    found = band_intervals(
        PLSLDA(), *data, bands=BANDS, explain=lambda model, X, target: X, **FITS
    )
    for name in ("share", "position"):
        for end in ("low", "high"):
            np.testing.assert_allclose(found[f"{name}_{end}"], found[name])


class Seeded(ClassifierMixin, BaseEstimator):
    """Its map is where its seed says for groups it knows, at the end for others."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, groups):
        self.classes_, self.groups_ = np.unique(y), list(set(groups))
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))

    def explain_(self, X, target=None):
        place = np.where(np.isin(X[:, 0], self.groups_), self.random_state % 9, 9)
        return np.eye(10)[place]


def test_each_fit_has_another_seed_and_the_test_is_of_other_groups():
    groups = np.repeat(np.arange(8.0), 2)
    X = np.repeat(groups[:, None], 10, axis=1)
    y = np.repeat([0, 1], 8)
    settings = {"bands": [(0, 8), (9, 9)], **QUICK, "n_permutations": 0}
    table = band_report(Seeded(3), X, y, groups, **settings).to_frame()
    table = table.set_index(["class", "low"]).sort_index()
    assert (table.loc[[(0, 9), (1, 9)], "contribution"] == 1).all()
    assert (table.loc[[(0, 0), (1, 0)], "contribution"] == 0).all()
    known = table.loc[[(0, 0), (1, 0)]]
    assert (known["position_high"] - known["position_low"] > 1).all()
    assert (known["share"] == 1).all() and (known["share_low"] < 1).all()


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_same_bits_for_any_number_of_jobs(data, report, backend):
    from joblib import parallel_config

    model = make_pipeline(SNV(), PLSLDA(n_components=3))
    with parallel_config(backend):
        other = band_report(
            model, *data, bands=BANDS, n_permutations=19, n_jobs=2, **QUICK
        )
    pd.testing.assert_frame_equal(other.bands, report.bands, check_exact=True)
    pd.testing.assert_frame_equal(other.lower_map, report.lower_map, check_exact=True)
    assert other.p_value == report.p_value


def test_networks_have_the_same_bits_for_any_number_of_jobs(data):
    """In threads: that processes change nothing is tested for all networks."""
    from joblib import parallel_config

    model = make_pipeline(SNV(), CNNClassifier(n_filters=2, max_epochs=1))
    with parallel_config("threading"):
        one, two = (
            band_intervals(model, *data, bands=BANDS, n_jobs=n_jobs, **FITS)
            for n_jobs in (1, 2)
        )
    pd.testing.assert_frame_equal(two, one, check_exact=True)
    assert (one["share_low"] < one["share_high"]).all()


def test_axes_and_kinds_of_spectra(data):
    """The same bands from a frame, pairs and a descending axis; points of an array."""
    X, y, groups = data
    test = partial(
        band_test, y=y, groups=groups, cv=3, n_repeats=1, progress=False, random_state=0
    )
    model = make_pipeline(SNV(), PLSLDA(n_components=3))
    expected = test(model, X, bands=BANDS)
    falling = test(model, X.iloc[:, ::-1], bands=BANDS)
    pd.testing.assert_frame_equal(falling, expected)
    pairs = [(AXIS, row) for row in X.to_numpy()]
    grid = WavenumberResampler(target_wavenumbers=AXIS)
    ragged = test(make_pipeline(grid, *model), pairs, bands=BANDS)
    pd.testing.assert_frame_equal(ragged, expected)
    counted = test(model, X.to_numpy(), bands=[(0, 12), (13, 25)])
    in_points = expected[expected["low"] < 500].set_index(["class", "low"])
    counted["low"] = AXIS[counted["low"].astype(int)]
    np.testing.assert_allclose(
        counted.set_index(["class", "low"])["contribution"].sort_index(),
        in_points["contribution"].sort_index(),
    )
    missing = X.copy()
    missing.iloc[0, 0] = np.nan
    crop = make_pipeline(WavenumberCrop(region=(410, 590)), *model)
    found = test(crop.set_output(transform="pandas"), missing, bands=4)
    assert found["low"].min() == 412 and found["high"].max() == 588


def test_bands_found_do_not_depend_on_the_direction_of_the_axis(data):
    X, y, groups = data
    rising = band_intervals(PLSLDA(), X, y, groups, **FITS)
    falling = band_intervals(PLSLDA(), X.iloc[:, ::-1], y, groups, **FITS)
    order = ["class", "low"]
    pd.testing.assert_frame_equal(
        falling.sort_values(order, ignore_index=True),
        rising.sort_values(order, ignore_index=True),
    )


def test_bands_found_in_the_spectra_cover_the_axis(data):
    found = band_test(PLSLDA(), *data, cv=2, n_repeats=1, progress=False)
    ranges = found[["low", "high"]].drop_duplicates().sort_values("low")
    assert ranges["low"].iloc[0] == 400 and ranges["high"].iloc[-1] == 596
    gaps = ranges["low"].to_numpy()[1:] - ranges["high"].to_numpy()[:-1]
    np.testing.assert_array_equal(gaps, 4)
    for peak in (425, 475, 525):
        inside = (ranges["low"] < peak) & (ranges["high"] > peak)
        assert inside.sum() == 1
    assert len(ranges) >= 3


def test_any_classifier_by_occlusion(data):
    model = make_pipeline(SNV(), SVC(kernel="linear"))
    found = band_test(
        model,
        *data,
        bands=BANDS,
        explain=partial(occlusion, width=5, score="logit"),
        n_repeats=1,
        cv=2,
        progress=False,
    ).set_index(["class", "low"])
    assert found.loc[[("apatite", 400), ("barite", 452)], "used"].all()
    default = band_test(model, *data, bands=BANDS, n_repeats=1, cv=2, progress=False)
    assert default["used"].any()


def test_groups_of_several_classes():
    """Patients of whom there is a spectrum of each kind."""
    X, y, _ = make(n_groups=10, n_spectra=1)
    patients = np.tile(np.arange(10), 2)
    report = band_report(
        PLSLDA(n_components=2), X, y, patients, bands=BANDS, n_permutations=19, **QUICK
    )
    assert report.p_value == 0.05 and report.n_groups.to_list() == [10, 10]
    assert report.to_frame().query("low == 400 and `class` == 'apatite'")["used"].all()


def test_nothing_is_said_where_nothing_is_known():
    data = make(differ=False, n_groups=4, seed=1)
    report = band_report(
        PLSLDA(n_components=2), *data, bands=BANDS, n_permutations=19, **QUICK
    )
    model, bands, few = report.verdict()
    assert "not shown to be better than chance" in model
    assert bands.startswith("No band is shown") and "Few groups: apatite (4)" in few
    assert "the data cannot tell any band" in report.plot().axes[0].get_title("left")
    report.p_value = np.nan
    assert report.verdict()[0].startswith("Not tested")


def test_text_and_figure(report):
    assert "The model tells the classes apart: balanced accuracy 1.00" in repr(report)
    strongest = f"{report.to_frame()['position'].iloc[0]:.0f}"
    assert "apatite" in repr(report) and f"{strongest} (4" in repr(report)
    html = report._repr_html_()
    assert "<table" in html and "apatite" in html
    figure = report.plot()
    file = BytesIO()
    figure.savefig(file, format="png")
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles[0].startswith("apatite (6 groups): ")
    assert strongest in [text.get_text() for text in figure.axes[0].texts]
    one = figure.add_subplot()
    assert report.plot(classes=["barite"], ax=one) is figure
    with pytest.raises(ValueError, match="gold"):
        report.plot(classes=["gold"])


def test_a_bunch_brings_spectra_and_names(data):
    """As for `compare`; groups are still to be given."""
    X, y, groups = data
    names, target = np.unique(y, return_inverse=True)
    bunch = Bunch(data=X, target=target, target_names=names, groups=groups)
    for study in (band_intervals, band_test):
        quick = FITS if study is band_intervals else {"cv": 3, "progress": False}
        quick = quick | {"bands": BANDS, "n_repeats": 1, "random_state": 0}
        found = study(PLSLDA(n_components=2), bunch, groups=groups, **quick)
        expected = study(PLSLDA(n_components=2), X, y, groups, **quick)
        pd.testing.assert_frame_equal(found, expected)
        with pytest.raises(ValueError, match=r"This Bunch has them: groups=bunch\."):
            study(PLSLDA(), bunch, **quick)
        with pytest.raises(ValueError, match="y must be None"):
            study(PLSLDA(), bunch, y, groups, **quick)
        with pytest.raises(ValueError, match="y is missing"):
            study(PLSLDA(), X, groups=groups, **quick)
    report = band_report(PLSLDA(), bunch, groups=groups, n_permutations=0, **QUICK)
    assert set(report.to_frame()["class"]) == set(y)


def test_rounding_does_not_move_the_ends_of_a_stretch(data):
    X, y, groups = data
    bands = [(400, 448), (452, 452)]
    expected = band_test(PLSLDA(), X, y, groups, bands=bands, **TEST)
    for toward in (0, 1e9):
        moved = X.set_axis(np.nextafter(AXIS, toward), axis=1)
        found = band_test(PLSLDA(), moved, y, groups, bands=bands, **TEST)
        pd.testing.assert_frame_equal(found, expected)


def test_as_many_bands_as_asked_for(rng):
    """Of thirty equal bands, all, the first twenty by default, or not forty."""
    axis = np.arange(400.0, 1600.0, 4.0)
    centers = np.linspace(420, 1580, 30)[:, None]
    curve = np.exp(-(((axis - centers) / 6) ** 2)).sum(axis=0)
    X = pd.DataFrame(curve + rng.normal(0, 1e-3, (12, len(axis))), columns=axis)
    settings = {"cv": 2, "n_repeats": 1, "progress": False, "random_state": 0}
    test = partial(band_test, PLSLDA(n_components=2), X, list("ab") * 6, range(12))
    for bands, n_bands in ((30, 30), (7, 7), (1, 1), ("auto", 20)):
        found = test(bands=bands, **settings)[["low", "high"]].drop_duplicates()
        assert len(found) == n_bands
        assert (found["low"].min(), found["high"].max()) == (axis[0], axis[-1])
    with pytest.raises(ValueError, match="bands=40, but only 30 stand out"):
        test(bands=40, **settings)


def test_the_table_says_where_a_band_begins_and_ends(report):
    used = report.to_frame().query("used")
    assert len(used) > 0
    for low, high in used[["low", "high"]].to_numpy():
        for text in (repr(report), report._repr_html_()):
            assert "band (cm⁻¹)" in text and f"{low:.0f} to {high:.0f}" in text


@pytest.mark.parametrize(
    "change, message",
    [
        ({"groups": None}, r"band_report needs groups.*groups=range\(len\(y\)\)"),
        ({"groups": ["a"] * 12 + ["b"] * 12}, "classes have a single group"),
        ({"groups": [None, *range(23)]}, "groups misses 1 of 24"),
        ({"y": ["one"] * 24}, "one class only"),
        ({"y": ["one"] * 23}, r"y has shape \(23,\) but X has 24 spectra"),
        ({"groups": [1, *"abcdefghijklmnopqrstuvw"]}, "groups mixes texts and other"),
        ({"bands": [(1, 2)]}, r"bands has \(1, 2\), in which no point"),
        ({"bands": [400, 500]}, r"shape \(2,\)"),
        ({"bands": [(400, 500), *BANDS, (400.0, 500)]}, r"has \(400, 500\) 2 times"),
        ({"n_refits": 3}, "n_refits"),
        ({"n_permutations": 10}, "n_permutations=10 cannot show"),
        ({"model": Ridge()}, "band_report needs a classifier .* a regressor"),
        ({"model": NO_REFIT}, "model of band_report is .* refit=False"),
        ({"model": PLSLDA}, "band_report needs a classifier, got the class PLSLDA"),
        ({"model": make_pipeline(PCA(3), PLSLDA())}, "mixes wavenumbers"),
        ({"explain": lambda model, X, target: X.iloc[:, 1:]}, "one value for each"),
        ({"explain": lambda model, X, target: X.iloc[:, ::-1]}, "maps disagree"),
    ],
)
def test_refuses(data, change, message):
    X, y, groups = data
    settings = {"model": PLSLDA(), "X": X, "y": y, "groups": groups, **QUICK}
    with pytest.raises((ValueError, TypeError), match=message):
        band_report(**(settings | change))


def test_refuses_axes_that_change_from_fit_to_fit(data):
    X, y, groups = data
    X = X.copy()
    X.iloc[0, 0] = np.nan  # the maps then lie on the axis of the model
    steps = WavenumberCrop(region=(410, 590)), SelectKBest(k=5), PLSLDA(n_components=2)
    model = make_pipeline(*steps).set_output(transform="pandas")
    with pytest.raises(ValueError, match="two refits lie on different axes"):
        band_intervals(model, X, y, groups, bands=[(410, 590)], **FITS)


@pytest.mark.parametrize("empty", [np.ones((0, 9)), pd.DataFrame(np.ones((0, 9))), []])
@pytest.mark.parametrize("study", [band_intervals, band_test, band_report])
def test_refuses_an_empty_selection(study, empty):
    with pytest.raises(ValueError, match="X holds no spectra"):
        study(PLSLDA(), empty, np.array([], dtype=str), [], progress=False)
