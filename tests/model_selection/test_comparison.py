"""The result: tables, the corrected t-test, and maps averaged by class."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.dummy import DummyClassifier
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    StratifiedGroupKFold,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import Bunch

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import compare
from sklearn_raman.model_selection._explanations import average_folds, explain_fold
from sklearn_raman.model_selection._statistics import corrected_t_test

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


def test_printing_shows_one_line_a_model(result):
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


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([0.0, 0.0, 0.0], (0, 0, 0, 1)),
        ([0.1, 0.1, 0.1], (0.1, 0.1, 0.1, 0)),
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
    assert list(zip(pairs["row"], pairs["column"], strict=True)) == [
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
            scores[pair.row] - scores[pair.column], sizes["n_train"], sizes["n_test"]
        )
        np.testing.assert_allclose(pair[3:], expected)
    narrow = result.differences(confidence=0.5)
    assert (narrow["upper"] - narrow["lower"] < pairs["upper"] - pairs["lower"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"metric": "auc"}, "metric must be one of"), ({"confidence": 95}, "got 95")],
)
def test_differences_name_bad_arguments(result, arguments, message):
    with pytest.raises(ValueError, match=message):
        result.differences(**arguments)


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
    explanation = result.explanations["mean"]
    np.testing.assert_array_equal(explanation.axis, X.columns.to_numpy(float))
    assert explanation.unit == "cm-1"

    maps, inputs, labels = [], [], []
    for train, test in CV.split(X, y, groups):
        pipeline.fit(X.iloc[train], y[train])
        right = test[pipeline.predict(X.iloc[test]) == y[test]]
        inputs.append(pipeline[:-1].transform(X.iloc[right]))
        maps.append(pipeline[-1].explain_(inputs[-1], normalize="max"))
        labels.append(y[right])
    maps, inputs, labels = (np.concatenate(part) for part in (maps, inputs, labels))
    assert 0 < len(labels) < len(y)
    for place, label in enumerate(explanation.classes):
        chosen = labels == label
        assert explanation.counts[place] == chosen.sum()
        np.testing.assert_allclose(
            explanation.mean_map[place], maps[chosen].mean(axis=0)
        )
        np.testing.assert_allclose(
            explanation.mean_spectrum[place], inputs[chosen].mean(axis=0)
        )


def test_axis_is_found_through_steps_that_return_arrays(spectra, explainer):
    X, y, groups = spectra
    models = {
        "scaled": make_pipeline(StandardScaler(), explainer),
        "nameless": make_pipeline(FunctionTransformer(np.asarray), explainer),
        "plain": explainer,
    }
    maps = compare(models, X, y, groups=groups, cv=CV, progress=False).explanations
    assert {name: maps[name].unit for name in maps} == {
        "scaled": "cm-1",
        "nameless": "point",
        "plain": "cm-1",
    }
    np.testing.assert_array_equal(maps["nameless"].axis, np.arange(X.shape[1]))


def test_models_without_maps_and_explain_false_give_none(spectra, explainer, result):
    X, y, groups = spectra
    assert result.explanations == {}
    with pytest.raises(ValueError, match="None of the models was explained"):
        result.plot_explanations()
    off = compare(
        {"mean": explainer}, X, y, groups=groups, explain=False, progress=False
    )
    assert off.explanations == {}


def fold_sums(axis, scale, counts):
    """Sums as one fold leaves them: every map is `scale`, every spectrum twice that."""
    sums = np.outer(counts, np.full(len(axis), float(scale)))
    return Bunch(
        axis=np.asarray(axis, float),
        unit="cm-1",
        map_sum=sums,
        spectrum_sum=2 * sums,
        counts=np.asarray(counts),
    )


def test_folds_with_another_axis_are_not_mixed_in():
    classes = np.array(["a", "b"])
    folds = [
        fold_sums([100, 200], 1, [3, 0]),
        fold_sums([100, 200, 300], 50, [9, 9]),
        fold_sums([100, 200], 5, [1, 0]),
    ]
    mean = average_folds(folds, classes)
    assert list(mean.counts) == [4, 0]
    np.testing.assert_allclose(mean.mean_map[0], 2)
    np.testing.assert_allclose(mean.mean_spectrum[0], 4)
    assert np.isnan(mean.mean_map[1]).all()


def test_a_map_of_the_wrong_shape_is_reported(spectra, explainer):
    X, y, groups = spectra

    class Short(type(explainer)):
        def explain_(self, X, target=None, *, normalize=None):
            return np.zeros((len(X), 3))

    with pytest.raises(RuntimeError, match=r"Short.explain_ returned maps of shape"):
        compare({"short": Short()}, X, y, groups=groups, progress=False)


def test_the_class_behind_a_threshold_is_explained(spectra):
    """A threshold out of reach never says True: the maps are those of False."""
    X, y, _ = spectra
    two = y == y[0]
    never = FixedThresholdClassifier(PLSLDA(), threshold=2.0, pos_label=True)
    model = make_pipeline(StandardScaler(), never)
    predicted = model.fit(X, two).predict(X)
    assert not predicted.any()
    found = explain_fold(model, X, two, predicted, np.array([False, True]))
    classifier = model[-1].estimator_
    maps = classifier.explain_(model[0].transform(X), False, normalize="max")
    np.testing.assert_allclose(found.map_sum[0], maps[~two].sum(axis=0))
    assert found.counts.tolist() == [np.count_nonzero(~two), 0]
