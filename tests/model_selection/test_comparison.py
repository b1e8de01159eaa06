"""The result: tables, the corrected t-test, and maps averaged by class."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import Comparison, compare
from sklearn_raman.model_selection._comparison import corrected_t_test
from sklearn_raman.preprocessing import (
    SNV,
    SpectrumNormalizer,
    SquareRoot,
    WavenumberCrop,
    WavenumberResampler,
)

CV = StratifiedGroupKFold(4, shuffle=True, random_state=0)


@pytest.fixture(scope="module")
def result(spectra):
    X, y, groups = spectra
    models = {
        "guess": DummyClassifier(),
        "KNN": KNeighborsClassifier(3),
        "SVM": make_pipeline(StandardScaler(), SVC()),
    }
    return compare(models, X, y, groups=groups, cv=CV, progress=False, random_state=0)


def test_summary_is_mean_and_deviation_with_the_best_first(result):
    summary, folds = result.to_frame(), result.to_frame("folds")
    assert summary["accuracy"].is_monotonic_decreasing
    assert summary.index[-1] == "guess"
    for name in ("accuracy", "f1_macro", "log_loss", "fit_time", "score_time"):
        values = folds[folds["model"] == "KNN"][name].to_numpy()
        assert summary.loc["KNN", name] == pytest.approx(values.mean())
        assert summary.loc["KNN", f"{name}_std"] == pytest.approx(values.std(ddof=1))
    assert summary["calibrated"].to_dict() == {
        "guess": False,
        "KNN": False,
        "SVM": True,
    }
    with pytest.raises(ValueError, match="kind must be"):
        result.to_frame("all")


def test_changing_a_returned_frame_leaves_the_result_alone(result):
    before = result.to_frame("folds")
    changed = result.to_frame("folds")
    changed["accuracy"] = 0
    pd.testing.assert_frame_equal(result.to_frame("folds"), before)


def test_confusion_matrix_equals_scikit_learn(result):
    rows = result.predictions[result.predictions["model"] == "KNN"]
    matrix = result.confusion_matrix("KNN")
    np.testing.assert_array_equal(
        matrix, confusion_matrix(rows["true"], rows["predicted"])
    )
    assert list(matrix.index) == list(matrix.columns) == list(result.classes)
    # A model that never predicts a class still has its column.
    assert result.confusion_matrix("guess").shape == (3, 3)
    with pytest.raises(ValueError, match="model='CNN' was not compared"):
        result.confusion_matrix("CNN")


def test_printing_shows_one_line_per_model(result):
    lines = str(result).splitlines()
    assert lines[0].startswith("3 models, 4 folds, 60 spectra, 3 classes, 15 groups")
    assert [line.split()[0] for line in lines[3:6]] == list(result.to_frame().index)
    assert lines[-1].startswith("* probabilities calibrated")


def test_corrected_t_test_by_hand():
    # Four folds, 30 and 10 spectra: s^2 = 0.0014/3, factor 1/4 + 1/3.
    differences = np.array([0.02, 0.05, 0.01, 0.06])
    deviations = differences - 0.035
    variance = (1 / 4 + 10 / 30) * (deviations @ deviations) / 3
    t = 0.035 / np.sqrt(variance)
    mean, lower, upper, p_value = corrected_t_test(differences, [30] * 4, [10] * 4)
    assert mean == pytest.approx(0.035)
    assert upper - mean == pytest.approx(3.182446305 * np.sqrt(variance))
    assert mean - lower == pytest.approx(upper - mean)
    assert p_value == pytest.approx(2 * (1 - stats.t.cdf(t, 3)))


def test_corrected_t_test_becomes_the_paired_one_without_overlap():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 8))
    oracle = stats.ttest_rel(first, second)
    mean, lower, upper, p_value = corrected_t_test(
        first - second, [10**12] * 8, [1] * 8, confidence=0.9
    )
    assert p_value == pytest.approx(oracle.pvalue, rel=1e-6)
    interval = oracle.confidence_interval(0.9)
    assert (lower, upper) == pytest.approx((interval.low, interval.high), rel=1e-6)


def test_interval_holds_the_truth_as_often_as_it_says():
    # Scores of folds as correlated as the test assumes: n_test / (n_test + n_train).
    rng = np.random.default_rng(1)
    shared = rng.normal(size=(2000, 1)) * np.sqrt(0.2)
    draws = shared + rng.normal(size=(2000, 5)) * np.sqrt(0.8)
    intervals = [corrected_t_test(draw, [80] * 5, [20] * 5)[1:3] for draw in draws]
    covered = np.mean([lower <= 0 <= upper for lower, upper in intervals])
    assert covered == pytest.approx(0.95, abs=0.015)


def test_one_spectrum_more_in_each_of_three_folds_is_no_proof():
    """Equal differences have no variance, but only as far as shares are that fine."""
    three = corrected_t_test([1 / 20] * 3, [40] * 3, [20] * 3)
    assert three[1] < 0 < three[2]
    assert three[3] > 0.05
    # The variance of a number that was rounded to 1/20.
    width = stats.t.ppf(0.975, 2) * np.sqrt((1 / 3 + 1 / 2) / 12) / 20
    assert three[2] - three[0] == pytest.approx(width)
    many = corrected_t_test([10 / 20] * 3, [40] * 3, [20] * 3)
    assert many[1] > 0
    assert many[3] < 0.05


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([0.0, 0.0, 0.0], (0, 0, 0, 1)),
        ([0.1], (0.1, np.nan, np.nan, np.nan)),
        ([0.1, np.nan], (np.nan,) * 4),
    ],
)
def test_corrected_t_test_at_its_limits(differences, expected):
    n_folds = len(differences)
    found = corrected_t_test(differences, [8] * n_folds, [2] * n_folds)
    np.testing.assert_allclose(found, expected)


def test_differences_hold_each_pair_once(result):
    pairs = result.differences()
    order = list(result.to_frame().index)
    assert list(zip(pairs["model"], pairs["other"], strict=True)) == [
        (order[0], order[1]),
        (order[0], order[2]),
        (order[1], order[2]),
    ]
    scores = result.to_frame("folds").pivot(
        index="fold", columns="model", values="accuracy"
    )
    sizes = result.to_frame("folds").query("model == 'KNN'")
    for pair in pairs.itertuples():
        expected = corrected_t_test(
            scores[pair.model] - scores[pair.other], sizes["n_train"], sizes["n_test"]
        )
        np.testing.assert_allclose(pair[3:-1], expected)
    narrow = result.differences(confidence=0.5)
    assert (narrow["upper"] - narrow["lower"] < pairs["upper"] - pairs["lower"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"metric": "auc"}, "metric must be one of"), ({"confidence": 95}, "got 95")],
)
def test_differences_name_bad_arguments(result, arguments, message):
    with pytest.raises(ValueError, match=message):
        result.differences(**arguments)


def scored(scores, **protocol):
    """A result with given accuracies, one list for each model."""
    n_folds = len(next(iter(scores.values())))
    rows = [
        {
            "model": model,
            "fold": fold,
            "accuracy": value,
            "balanced_accuracy": value,
            "f1_macro": value,
            "log_loss": 1 - value,
            "calibrated": False,
            "fit_time": 1.0,
            "score_time": 1.0,
        }
        for model, values in scores.items()
        for fold, value in enumerate(values)
    ]
    return Comparison(
        folds=pd.DataFrame(rows),
        predictions=pd.DataFrame(),
        classes=np.array(["a", "b"]),
        protocol={
            "n_spectra": 100,
            "n_groups": 20,
            "grouping": "given",
            "n_folds": n_folds,
            "n_train": [80] * n_folds,
            "n_test": [20] * n_folds,
            "n_copies": [0] * n_folds,
            "n_mixtures": [0] * n_folds,
            "n_conflicts": 0,
            "splitter": None,
            **protocol,
        },
        explanations={},
    )


SCORES = {
    "poor": [0.5, 0.52, 0.51, 0.5],
    "best": [0.9, 0.92, 0.91, 0.9],
    "level": [0.91, 0.9, 0.92, 0.88],
}


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_ties_are_called_ties(metric):
    """Whether more is better or less: a tie is an interval that holds 0."""
    pairs = scored(SCORES).differences(metric)
    assert pairs["verdict"].to_list() == ["tie", "best is better", "level is better"]
    holds_zero = (pairs["lower"] <= 0) & (pairs["upper"] >= 0)
    assert ((pairs["verdict"] == "tie") == holds_zero).all()
    for n_folds in (1, 2):
        few = scored({name: values[:n_folds] for name, values in SCORES.items()})
        assert set(few.differences(metric)["verdict"]) == {"unknown"}
    same = scored({"one": [0.5, 0.6, 0.7], "other": [0.5, 0.6, 0.7]})
    assert same.differences(metric)["verdict"].to_list() == ["tie"]


def test_print_marks_what_is_level_with_the_best():
    lines = str(scored(SCORES)).splitlines()
    shown = {line.split()[0]: line.split()[4] for line in lines[3:6]}
    assert shown == {"best": "best", "level": "tie", "poor": "worse"}
    assert lines[6].startswith("tie: these folds cannot tell it from the best")
    clear = str(scored({name: SCORES[name] for name in ("best", "poor")}))
    assert "tie" not in clear
    one = str(scored({name: values[:1] for name, values in SCORES.items()}))
    assert [line.split()[2] for line in one.splitlines()[3:6]] == ["best", "?", "?"]
    assert "vs best" not in str(scored({"alone": [0.5, 0.6]}))


def test_one_is_not_written_in_the_plural(spectra, tmp_path):
    X, y, groups = spectra
    split = [(np.arange(0, 60, 2), np.arange(1, 60, 2))]
    models = [DummyClassifier()]
    result = compare(models, X, y, cv=split, progress=False)
    assert str(result).startswith("1 model, 1 fold, 60 spectra, 3 classes;")
    page = result.save_html(tmp_path / "one.html").read_text("utf-8")
    assert "<b>1</b><span>fold</span>" in page and "spectra were split once" in page


@pytest.mark.parametrize(
    ("grouping", "words"),
    [
        ("none", "no groups were given"),
        ("ignored", "the groups of this data set were ignored on purpose"),
    ],
)
def test_print_says_that_groups_play_no_part(grouping, words):
    result = scored(SCORES, grouping=grouping)
    assert f"Warning: {words}" in str(result)
    assert "Warning" not in str(scored(SCORES))


def test_a_notebook_shows_the_table_escaped():
    scores = {"<b>bold</b>": [0.9, 0.8], "&": [0.1, 0.3]}
    html = scored(scores, grouping="none")._repr_html_()
    assert "&lt;b&gt;bold&lt;/b&gt;" in html and "<b>bold" not in html
    assert "<table" in html and "0.850 ± 0.071" in html
    assert "2 models, 2 folds" in html and "no groups were given" in html


@pytest.mark.parametrize("nested", [False, True])
def test_what_searches_chose_is_told_for_each_fold(spectra, nested):
    X, y, groups = spectra
    steps = make_pipeline(SquareRoot(), SNV(), KNeighborsClassifier())
    grid = {
        "squareroot": [make_pipeline(SNV(), SquareRoot()), "passthrough"],
        "kneighborsclassifier__n_neighbors": [1, 3, 5],
    }
    search = GridSearchCV(steps, grid, cv=GroupKFold(2))
    model = make_pipeline(StandardScaler(), search) if nested else search
    models = {"KNN": model, "guess": DummyClassifier()}
    cv = GroupKFold(2)
    result = compare(models, X, y, groups=groups, cv=cv, progress=False)
    words = {"p": "SNV + SquareRoot", "s": "nothing"}
    expected = []
    for train, _ in cv.split(X, y, groups):
        part = X.iloc[train]
        if nested:
            part = StandardScaler().fit_transform(part)
        best = search.fit(part, y[train], groups=groups[train]).best_params_
        step = words["s" if best["squareroot"] == "passthrough" else "p"]
        n = best["kneighborsclassifier__n_neighbors"]
        expected.append(f"n_neighbors={n}, squareroot={step}")
    folds = result.to_frame("folds").set_index("model")["chosen"]
    assert folds["KNN"].to_list() == expected
    assert folds["guess"].to_list() == [""] * 2
    assert len(result.choices) == 4
    assert "KNN chose n_neighbors=" in str(result)
    assert "guess chose" not in str(result)


@pytest.mark.parametrize("search", [False, True])
def test_maps_are_means_over_correctly_classified_test_spectra(
    spectra, explainer, search
):
    X, y, groups = spectra
    pipeline = make_pipeline(StandardScaler(), explainer).set_output(transform="pandas")
    model = pipeline
    if search:
        model = GridSearchCV(pipeline, {"standardscaler__with_std": [True]}, cv=CV)
    result = compare({"mean": model}, X, y, groups=groups, cv=CV, progress=False)
    found = result.explanations["mean"]
    np.testing.assert_array_equal(found.axis, X.columns.to_numpy(float))
    assert found.unit == "cm-1"

    maps, rows = [], []
    for train, test in CV.split(X, y, groups):
        pipeline.fit(X.iloc[train], y[train])
        right = test[pipeline.predict(X.iloc[test]) == y[test]]
        own = pipeline[-1].explain_(pipeline[:-1].transform(X.iloc[right]))
        maps.append(own / np.abs(own).max(axis=1, keepdims=True))
        rows.append(right)
    maps, rows = np.concatenate(maps), np.concatenate(rows)
    assert 0 < len(rows) < len(y)
    for label in result.classes:
        chosen = y[rows] == label
        assert found.counts.loc[label].to_list() == [chosen.sum(), (y == label).sum()]
        np.testing.assert_allclose(found.mean.loc[label], maps[chosen].mean(axis=0))
        np.testing.assert_allclose(
            found.mean_spectrum.loc[label], X.iloc[rows[chosen]].mean(axis=0)
        )


def test_misclassified_spectra_are_named_by_their_row(spectra, explainer):
    X, y, groups = spectra
    result = compare({"mean": explainer}, X, y, groups=groups, cv=CV, progress=False)
    wrong = result.predictions.query("true != predicted")
    index = result.explanations["mean"].misclassified.index
    assert 0 < len(index) < len(y)
    assert list(index) == list(
        zip(wrong["row"], wrong["true"], wrong["predicted"], strict=True)
    )


def test_axis_is_that_of_the_spectra(spectra, explainer):
    """Also behind steps that return arrays; without labels there is none."""
    X, y, groups = spectra
    models = {
        "scaled": make_pipeline(StandardScaler(), explainer),
        "shorter": make_pipeline(WavenumberCrop(region=(300, 700)), SNV(), PLSLDA()),
        "plain": explainer,
    }
    for labelled in (True, False):
        given = X if labelled else X.to_numpy()
        if not labelled:
            models.pop("shorter")
        found = compare(models, given, y, groups=groups, cv=CV, progress=False)
        for summary in found.explanations.values():
            assert summary.unit == ("cm-1" if labelled else "point")
            assert summary.mean.shape[1] == X.shape[1]


class ByFold(BaseEstimator, TransformerMixin):
    """Resamples to a grid that depends on the training spectra, with no way back."""

    def fit(self, X, y=None):
        self.step_ = 1 + len(X) % 2
        return self

    def transform(self, X):
        kept = X.iloc[:, :: self.step_]
        return kept.set_axis([str(float(label) + 1) for label in kept], axis=1)


def prefers_by_fold(model, X, y):
    """A scorer whose favorite region depends on the spectra."""
    return float((model[0].region[0] == 200) == (X.iloc[0, 0] > 0))


def test_grids_that_differ_between_folds_come_back_to_one_axis(spectra):
    """Each fold chooses another region: all maps are on the axis of X, none is lost."""
    X, y, groups = spectra
    choices = [WavenumberCrop(region=(200, 700)), WavenumberCrop(region=(300, 980))]
    model = GridSearchCV(
        make_pipeline(WavenumberCrop(), SNV(), PLSLDA()),
        {"wavenumbercrop": choices},
        cv=GroupKFold(2),
        scoring=prefers_by_fold,
    )
    chosen = {
        model.fit(X.iloc[train], y[train], groups=groups[train]).best_index_
        for train, _ in CV.split(X, y, groups)
    }
    assert chosen == {0, 1}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = compare({"PLS": model}, X, y, groups=groups, cv=CV, progress=False)
    (found,) = result.explanations.values()
    np.testing.assert_array_equal(found.axis, X.columns.to_numpy(float))
    assert found.counts["total"].sum() == len(y)
    right = (result.predictions["true"] == result.predictions["predicted"]).sum()
    assert found.counts["correct"].sum() == right


def test_axes_that_have_no_way_back_are_kept_apart_with_a_warning(spectra):
    X, y, _ = spectra
    rows = np.arange(len(y))
    cv = [(rows[rows % 4 != k], rows[rows % 4 == k]) for k in (0, 1)]
    cv.append((rows[(rows % 4 != 2) & (rows > 0)], rows[rows % 4 == 2]))
    model = make_pipeline(ByFold(), PLSLDA())
    with pytest.warns(UserWarning, match="'PLS' lie on different axes") as caught:
        result = compare({"PLS": model}, X, y, cv=cv, progress=False)
    assert len(caught) == 1
    for part in ("folds 0, 1: 201 to 961 cm-1", "fold 2: 201 to 981 cm-1"):
        assert part in str(caught[0].message)
    found = result.explanations
    assert list(found) == ["PLS (folds 0, 1)", "PLS (fold 2)"]
    assert sum(s.counts["total"].sum() for s in found.values()) == 45
    assert {len(s.axis) for s in found.values()} == {20, 40}
    assert len(result.plot_explanations([result.classes[0]]).axes) == 2


def test_maps_that_are_not_on_wavenumbers_say_so(spectra):
    X, y, groups = spectra
    models = {"PCA": make_pipeline(PCA(5), PLSLDA()), "PLS": PLSLDA()}
    with pytest.warns(UserWarning, match="'PCA' in folds 0, 1, 2, 3 are not") as caught:
        result = compare(models, X, y, groups=groups, cv=CV, progress=False)
    assert len(caught) == 1
    assert "Step 'pca' (PCA) mixes wavenumbers" in str(caught[0].message)
    assert result.explanations["PCA"].unit == "point"
    assert result.explanations["PLS"].unit == "cm-1"
    assert len(result.plot_explanations([result.classes[0]]).axes) == 2


def test_ragged_spectra_are_shown_on_the_axis_of_the_model(spectra):
    X, y, groups = spectra
    axis = X.columns.to_numpy(float)
    ragged = [
        (axis[i % 3 :], row[i % 3 :]) for i, row in enumerate(X.to_numpy(copy=True))
    ]
    grid = WavenumberResampler(target_wavenumbers=(300, 900, 10))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = compare(
            {"PLS": make_pipeline(grid, PLSLDA())},
            ragged,
            y,
            groups=groups,
            cv=CV,
            progress=False,
        )
    found = result.explanations["PLS"]
    assert found.unit == "cm-1" and found.counts["total"].sum() == len(y)
    np.testing.assert_array_equal(found.axis, np.arange(300, 901, 10))


def test_swapped_steps_keep_the_axis(spectra):
    """A grid of whole steps, as in `make compare`."""
    X, y, groups = spectra
    pipeline = make_pipeline(SpectrumNormalizer(), SNV(), PLSLDA())
    grid = {"spectrumnormalizer": [SpectrumNormalizer(), SquareRoot(), "passthrough"]}
    model = GridSearchCV(pipeline, grid, cv=GroupKFold(2))
    result = compare(
        {"PLS": model}, X - X.min(axis=None), y, groups=groups, cv=CV, progress=False
    )
    (found,) = result.explanations.values()
    assert found.unit == "cm-1"
    np.testing.assert_array_equal(found.axis, X.columns.to_numpy(float))


def test_models_without_maps_and_explain_false_give_none(spectra, explainer, result):
    X, y, groups = spectra
    assert result.explanations == {}
    with pytest.raises(ValueError, match="None of the models was explained"):
        result.plot_explanations()
    off = compare(
        {"mean": explainer}, X, y, groups=groups, explain=False, progress=False
    )
    assert off.explanations == {}


def test_a_map_of_the_wrong_shape_is_reported(spectra, explainer):
    X, y, groups = spectra

    class Short(type(explainer)):
        def explain_(self, X, target=None):
            return np.zeros((len(X), 3))

    with pytest.raises(RuntimeError, match=r"Short.explain_ returned maps of shape"):
        compare({"short": Short()}, X, y, groups=groups, progress=False)


def test_the_class_behind_a_threshold_is_explained(spectra):
    """A threshold out of reach never says True: the maps are those of False."""
    X, y, _ = spectra
    two = np.where(y == y[0], "yes", "no")
    never = FixedThresholdClassifier(PLSLDA(), threshold=2.0, pos_label="yes")
    model = make_pipeline(StandardScaler(), never)
    cv = StratifiedKFold(2)
    with pytest.warns(UserWarning, match=r"No spectrum of \[.*yes.*\] was classified"):
        result = compare({"never": model}, X, two, cv=cv, progress=False)
    assert set(result.predictions["predicted"]) == {"no"}
    maps = []
    for train, test in cv.split(X, two):
        own = test[two[test] == "no"]
        model.fit(X.iloc[train], two[train])
        inputs = model[0].transform(X.iloc[own])
        maps.append(model[-1].estimator_.explain_(inputs, "no", normalize="max"))
    found = result.explanations["never"]
    np.testing.assert_allclose(found.mean.loc["no"], np.concatenate(maps).mean(axis=0))
    assert found.counts["correct"].to_dict() == {"no": (two == "no").sum(), "yes": 0}
