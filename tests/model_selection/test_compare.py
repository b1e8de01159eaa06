"""compare against scikit-learn's own functions, and its guards against leakage."""

import re
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numba import njit
from numba.core import event
from numba.core.compiler_lock import global_compiler_lock
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import Bunch

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import occlusion
from sklearn_raman.model_selection import (
    OneGroupPerClassSplit,
    _compare,
    _evaluate,
    compare,
)
from sklearn_raman.preprocessing import WavenumberCrop, WavenumberResampler

METRICS = ["accuracy", "balanced_accuracy", "f1_macro", "log_loss"]


NO_REFIT = GridSearchCV(KNeighborsClassifier(), {}, refit=False)


def run(models, X, y=None, **settings):
    return compare(models, X, y, **{"progress": False, "random_state": 0, **settings})


def folds_of(result, model):
    frame = result.to_frame("folds")
    return frame[frame["model"] == model].sort_values("fold").reset_index(drop=True)


class SpySplitter(StratifiedGroupKFold):
    """Remembers the groups it was given; the list is shared with its copies."""

    seen = []

    def split(self, X, y=None, groups=None):
        self.seen.append(None if groups is None else np.asarray(groups))
        return super().split(X, y, groups)


class Broken(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise ZeroDivisionError("no light on the detector")

    def predict(self, X):
        return np.zeros(len(X))


# The scorer of scikit-learn warns where a fold lacks a class; ours has no need to.
@pytest.mark.filterwarnings("ignore:y_pred contains classes:UserWarning")
@pytest.mark.parametrize("grouped", [True, False])
def test_equals_cross_validate_on_the_same_folds(spectra, grouped):
    X, y, groups = spectra
    groups = groups if grouped else None
    models = {"LDA": make_pipeline(StandardScaler(), LinearDiscriminantAnalysis())}
    models["naive Bayes"] = GaussianNB()
    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    cv = kind(4, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run(models, X, y, groups=groups, cv=4)
    for name, model in models.items():
        scoring = ["accuracy", "balanced_accuracy", "f1_macro", "neg_log_loss"]
        oracle = cross_validate(model, X, y, groups=groups, cv=cv, scoring=scoring)
        ours = folds_of(result, name)
        for metric in METRICS[:3]:
            np.testing.assert_allclose(ours[metric], oracle[f"test_{metric}"])
        np.testing.assert_allclose(ours["log_loss"], -oracle["test_neg_log_loss"])
        assert not ours["calibrated"].any()
        assert (ours["fit_time"] > 0).all() and (ours["score_time"] > 0).all()


def test_all_models_get_the_same_folds_and_predictions_are_kept(spectra):
    X, y, groups = spectra
    models = {"KNN": KNeighborsClassifier(3), "guess": DummyClassifier()}
    result = run(models, X, y, groups=groups, cv=5)
    frame = result.predictions
    rows = [part["row"].to_numpy() for _, part in frame.groupby("model")]
    np.testing.assert_array_equal(*rows)
    np.testing.assert_array_equal(np.sort(rows[0]), np.arange(len(y)))
    np.testing.assert_array_equal(frame["true"], y[frame["row"]])
    right = frame["true"] == frame["predicted"]
    accuracy = right.groupby([frame["model"], frame["fold"]]).mean()
    folds = result.to_frame("folds").set_index(["model", "fold"])["accuracy"]
    pd.testing.assert_series_equal(
        accuracy.sort_index(), folds.sort_index(), check_names=False
    )


def test_two_processes_give_the_same_bits(spectra, explainer):
    X, y, groups = spectra
    models = {"KNN": KNeighborsClassifier(3), "SVM": SVC(), "mean": explainer}
    one, two = (run(models, X, y, groups=groups, cv=3, n_jobs=n) for n in (1, 2))
    columns = ["model", "fold", *METRICS, "calibrated", "n_train", "n_test"]
    pd.testing.assert_frame_equal(
        one.to_frame("folds")[columns], two.to_frame("folds")[columns], check_exact=True
    )
    pd.testing.assert_frame_equal(one.predictions, two.predictions)
    for key in ("mean", "std", "mean_spectrum", "counts", "misclassified"):
        pd.testing.assert_frame_equal(
            *(getattr(r.explanations["mean"], key) for r in (one, two)),
            check_exact=True,
        )


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_inner_searches_get_the_groups_of_their_training_part(
    spectra, wrapped, routing
):
    X, y, groups = spectra
    SpySplitter.seen.clear()
    inner = SpySplitter(2)
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=inner)
    model = Pipeline([("scale", StandardScaler()), ("search", search)])
    outer = StratifiedGroupKFold(3, shuffle=True, random_state=0)
    with warnings.catch_warnings(), config_context(enable_metadata_routing=routing):
        warnings.simplefilter("error")
        run({"KNN": model if wrapped else search}, X, y, groups=groups, cv=outer)
    expected = [groups[train] for train, _ in outer.split(X, y, groups)]
    assert len(SpySplitter.seen) == 3
    for seen, wanted in zip(SpySplitter.seen, expected, strict=True):
        np.testing.assert_array_equal(seen, wanted)


@pytest.mark.parametrize("inner", [None, 2, StratifiedKFold(2)])
def test_a_search_that_ignores_groups_is_named_once(spectra, inner):
    X, y, groups = spectra
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=inner)
    with pytest.warns(UserWarning) as caught:
        run({"tuned KNN": search}, X, y, groups=groups, cv=3)
    assert len(caught) == 1
    assert "'tuned KNN'" in str(caught[0].message)
    assert "cv=StratifiedGroupKFold(k)" in str(caught[0].message)


def test_a_classifier_whose_fit_has_groups_gets_them(spectra):
    X, y, groups = spectra
    seen = []

    class Asks(DummyClassifier):
        def fit(self, X, y, groups=None):
            seen.append(groups)
            return super().fit(X, y)

    cv = GroupKFold(3)
    run({"asks": make_pipeline(StandardScaler(), Asks())}, X, y, groups=groups, cv=cv)
    for given, (train, _) in zip(seen, cv.split(X, y, groups), strict=True):
        np.testing.assert_array_equal(given, groups[train])


@pytest.mark.parametrize("search", [False, True])
def test_support_vector_machine_is_calibrated_by_group(spectra, search):
    X, y, groups = spectra
    model = make_pipeline(StandardScaler(), SVC(C=2))
    best = model
    if search:
        model = GridSearchCV(model, {"svc__C": [2]}, cv=GroupKFold(2))
    cv = GroupKFold(3)
    result = run({"SVM": model}, X, y, groups=groups, cv=cv)
    ours = folds_of(result, "SVM")
    assert ours["calibrated"].all()
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    for fold, (train, test) in enumerate(cv.split(X, y, groups)):
        part = X.iloc[train], y[train], groups[train]
        n_folds = min(len(set(part[2][part[1] == label])) for label in set(y))
        inner = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        oracle = CalibratedClassifierCV(
            best, method="temperature", cv=list(inner.split(*part)), ensemble=False
        ).fit(*part[:2])
        loss = log_loss(
            y[test], oracle.predict_proba(X.iloc[test]), labels=np.unique(y)
        )
        assert ours["log_loss"][fold] == pytest.approx(loss, rel=1e-9)
        accuracy = best.fit(*part[:2]).score(X.iloc[test], y[test])
        assert ours["accuracy"][fold] == accuracy


def test_log_loss_is_missing_where_nothing_honest_can_be_had(spectra, explainer):
    X, y, groups = spectra
    few = np.isin(
        groups, [f"{label}-{group}" for label in range(3) for group in (0, 1)]
    )
    models = {"ridge": RidgeClassifier(), "mean": explainer}
    result = run(models, X[few], y[few], groups=groups[few], cv=2)
    # One group of each class is left for training, and the other has no scores at all.
    assert result.to_frame("folds")["log_loss"].isna().all()
    assert not result.to_frame("folds")["calibrated"].any()
    assert str(result).count("–") == 2


def test_bunch_brings_names_and_needs_groups(spectra):
    X, y, groups = spectra
    names, codes = np.unique(y, return_inverse=True)
    bunch = Bunch(data=X, target=codes, target_names=names, groups=groups)
    models = {"KNN": KNeighborsClassifier()}
    result = run(models, bunch, groups=bunch.groups, cv=3)
    assert list(result.classes) == list(names)
    assert set(result.predictions["predicted"]) <= set(names)
    with pytest.raises(ValueError, match="leakage.*groups=bunch.groups"):
        run(models, bunch, cv=3)
    ignored = run(models, bunch, groups="ignore", cv=3)
    assert ignored.protocol["grouping"] == "ignored"
    with pytest.raises(ValueError, match="y must be None when X is a Bunch"):
        run(models, bunch, y, groups=groups)


def test_attributes_of_a_frame_are_the_users_own(spectra):
    """Only a Bunch says that its data set has groups."""
    X, y, _ = spectra
    X = X.copy()
    X.attrs["groups"] = "RRUFF id of the crystal"
    result = run({"KNN": KNeighborsClassifier()}, X, y, cv=2)
    assert result.protocol["grouping"] == "none"


def test_steps_that_work_in_place_see_each_spectrum_as_it_is(spectra):
    """Each stage has its own copy: nothing is scaled twice."""
    X, y, groups = spectra
    X = X.to_numpy() + 5
    for model in (PLSLDA(), SVC()):
        models = {
            "in place": make_pipeline(StandardScaler(copy=False), model),
            "copied": make_pipeline(StandardScaler(), model),
        }
        before = X.copy()
        result = run(models, X, y, groups=groups, cv=3)
        np.testing.assert_array_equal(X, before)
        pd.testing.assert_frame_equal(
            *(folds_of(result, name)[METRICS] for name in models)
        )
        if result.explanations:
            pd.testing.assert_frame_equal(
                *(result.explanations[name].mean for name in models)
            )


def test_ragged_spectra_go_through_to_a_resampling_step(spectra):
    X, y, groups = spectra
    axis = X.columns.to_numpy(float)
    grid = np.linspace(300, 900, 20)
    start = np.random.default_rng(0).integers(0, 4, len(y))
    rows = X.to_numpy()
    ragged = [(axis[s:], row[s:]) for s, row in zip(start, rows, strict=True)]
    resample = FunctionTransformer(
        lambda pairs: np.stack([np.interp(grid, *pair) for pair in pairs])
    )
    models = {"SVM": make_pipeline(resample, SVC())}
    result = run(models, ragged, y, groups=groups, cv=3)
    direct = resample.transform(ragged)
    same = run({"SVM": SVC()}, direct, y, groups=groups, cv=3)
    pd.testing.assert_frame_equal(result.predictions, same.predictions)
    assert result.to_frame()["log_loss"].notna().all()


def test_ragged_spectra_without_a_resampling_step_name_the_axis(spectra):
    X, y, groups = spectra
    axis = X.columns.to_numpy(float)
    ragged = [(axis + 0.01 * k, row) for k, row in enumerate(X.to_numpy())]
    model = GridSearchCV(make_pipeline(SVC()), {"svc__C": [1]}, cv=GroupKFold(2))
    given = {"groups": groups, "cv": 2}
    with pytest.raises(
        RuntimeError, match="spectra are pairs.*its first step"
    ) as raised:
        run({"SVM": model}, ragged, y, **given)
    advice = re.search(r"target_wavenumbers=\((.*?)\)\)", str(raised.value))[1]
    target = tuple(float(number) for number in advice.split(","))
    grid = WavenumberResampler(target_wavenumbers=target)
    run({"SVM": make_pipeline(grid, SVC())}, ragged, y, **given)


def test_a_series_in_another_order_than_the_frame_is_refused(spectra):
    X, y, groups = spectra
    X = X.set_axis([f"s{k}" for k in range(60)])
    right, other = pd.Series(y, X.index), pd.Series(y, X.index[::-1])
    models = {"KNN": KNeighborsClassifier()}
    run(models, X, right, groups=pd.Series(groups), cv=2)
    with pytest.raises(ValueError, match=r"y has the index of X in another order"):
        run(models, X, other, groups=groups)
    with pytest.raises(ValueError, match=r"groups has the index.*groups.to_numpy"):
        run(models, X, y, groups=other)


def test_polars_frames_work(spectra):
    X, y, groups = spectra
    models = {"KNN": KNeighborsClassifier(3)}
    ours, pandas = (
        run(models, given, y, groups=groups, cv=3, explain="all")
        for given in (pl.from_pandas(X), X)
    )
    pd.testing.assert_frame_equal(ours.predictions, pandas.predictions)
    assert ours.missed_maps.keys() == pandas.missed_maps.keys() != set()
    for row, found in ours.missed_maps.items():
        np.testing.assert_array_equal(found.spectrum, X.to_numpy()[row])
        pd.testing.assert_frame_equal(found.maps, pandas.missed_maps[row].maps)


def test_one_group_per_class_works_as_cv(spectra):
    X, y, groups = spectra
    cv = OneGroupPerClassSplit(4, random_state=1)
    result = run({"KNN": KNeighborsClassifier()}, X, y, groups=groups, cv=cv)
    assert (result.to_frame("folds")["n_test"] == 12).all()
    assert result.confusion_matrix("KNN").to_numpy().sum() == 48


def test_masks_and_positions_mean_the_same_folds(spectra):
    X, y, groups = spectra
    pairs = list(GroupKFold(3).split(X, y, groups))
    rows = np.arange(len(y))
    masks = [(np.isin(rows, train), np.isin(rows, test)) for train, test in pairs]
    models = {"KNN": KNeighborsClassifier()}
    one, two = (run(models, X, y, groups=groups, cv=cv) for cv in (iter(pairs), masks))
    pd.testing.assert_frame_equal(one.predictions, two.predictions)


LEAKY = KFold(3, shuffle=True, random_state=0)
ROWS = np.arange(60)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (LEAKY, r"Fold 0 has \d+ of \d+ test groups also in training"),
        ([(ROWS[::2], ROWS[1::2])], r"15 of 15 test groups .* 30 of 30 test spectra"),
        ([(ROWS[:40], ROWS[36:])], "4 spectra on both sides .first: row 36"),
        ([(ROWS[:20], ROWS[20:])], "tests 2 of 3 classes that are not in its training"),
        (
            [(ROWS[:16], ROWS[16:20])],
            "Fold 0 trains one class only .'mineral 0'.: there",
        ),
        ([(ROWS, [])], "Fold 0 has 60 training and 0 test spectra"),
        ([([0, 1], [60])], "cv gives row 60, but X has rows 0 to 59"),
        ([([0.5, 1], [2])], "cv must give row positions"),
        ([], "gives no fold"),
        ("five", "cv must be a number of folds"),
        ((1, 2, 3), r"cv must be a number of folds.*got \(1, 2, 3\)"),
        (np.array([1.0, 2.0]), "cv must be a number of folds"),
        (b"x", "cv must be a number of folds"),
        ([(ROWS[:20], ROWS[20:40], ROWS[40:])], "cv must be a number of folds"),
    ],
)
def test_bad_folds_are_explained(spectra, cv, message):
    X, y, groups = spectra
    with pytest.raises(ValueError, match=message):
        run({"KNN": KNeighborsClassifier()}, X, y, groups=groups, cv=cv)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": None}, "y is missing"),
        ({"y": np.zeros(60)}, "y has one class only .0.0.:"),
        ({"y": np.array([1, "1"] * 30, object)}, "y mixes texts and other values"),
        ({"y": np.zeros(59)}, r"y has shape \(59,\) but X has 60 spectra"),
        ({"y": np.linspace(0, 1, 60)}, "Unknown label type"),
        ({"groups": "crystal"}, "groups must be None"),
        ({"groups": ["a"] * 3}, r"groups has shape \(3,\)"),
        (
            {"groups": np.array([1, "1"] * 30, object)},
            "groups mixes texts and other values",
        ),
        ({"quick": True}, "quick=True is for the standard models"),
        ({"groups": [None] + ["a"] * 59}, "groups misses 1 of 60 values"),
        ({"estimators": {}}, "estimators must be a dict"),
        ({"estimators": {"KNN": KNeighborsClassifier}}, "'KNN': .* .not its class"),
        ({"estimators": [make_pipeline(PCA(2), NO_REFIT)]}, "model 0 .* refit=False"),
    ],
)
def test_bad_input_is_explained(spectra, changes, message):
    X, y, groups = spectra
    arguments = {"estimators": {"KNN": KNeighborsClassifier()}, "X": X, "y": y}
    with pytest.raises(ValueError, match=message):
        compare(**{**arguments, "groups": groups, "progress": False, **changes})


def test_models_in_a_list_are_called_by_their_last_step(spectra):
    X, y, groups = spectra
    svc = make_pipeline(StandardScaler(), SVC())
    search = GridSearchCV(svc, {"svc__C": [1]}, cv=GroupKFold(2))
    models = [
        svc,
        KNeighborsClassifier(3),
        search,
        make_pipeline(StandardScaler(), search),
    ]
    result = run(models, X, y, groups=groups, cv=2, explain=False)
    names = ["svc-1", "kneighborsclassifier", "svc-2", "svc-3"]
    assert list(result.folds["model"].unique()) == names
    named = run({"KNN": models[1]}, X, y, groups=groups, cv=2)
    pd.testing.assert_frame_equal(
        folds_of(result, "kneighborsclassifier")[METRICS],
        folds_of(named, "KNN")[METRICS],
    )


def test_models_can_be_left_out(spectra, monkeypatch):
    """`compare(X, y)`, `compare(None, X, y)`, `compare(X=X, y=y)`, `compare(bunch)`."""
    X, y, groups = spectra
    seen = []

    def standard(random_state, *, quick, target_wavenumbers):
        assert not quick
        seen.append(target_wavenumbers)
        return {
            "guess": DummyClassifier(strategy="stratified", random_state=random_state)
        }

    monkeypatch.setattr(_compare, "standard_models", standard)
    given = {"groups": groups, "cv": 2, "progress": False, "random_state": 3}
    bunch = Bunch(data=X, target=y, groups=groups)
    results = [
        compare(X, y, **given),
        compare(None, X, y, **given),
        compare(X=X, y=y, **given),
        compare(bunch, **given),
        compare(X.to_numpy(), y, **given),
        compare(X.to_numpy().tolist(), y, **given),
    ]
    for other in results[1:]:
        pd.testing.assert_frame_equal(results[0].predictions, other.predictions)
    assert seen == [None] * 6


def bend(axis):
    """The axis of a grating: steps that shrink by a third."""
    return axis - (axis - axis[0]) ** 2 / 6 / np.ptp(axis)


@pytest.mark.parametrize(
    ("change", "resampled"),
    [
        (lambda axis: axis, False),
        (lambda axis: axis[::-1], False),
        (bend, True),
        (lambda axis: axis + 300 * (axis > 600), False),  # a gap, which stays one
    ],
    ids=["even", "falling", "uneven", "gap"],
)
def test_standard_models_get_an_even_axis(spectra, monkeypatch, change, resampled):
    X, y, groups = spectra
    seen = []

    def standard(random_state, *, quick, target_wavenumbers):
        assert not quick
        seen.append(target_wavenumbers)
        return {"guess": DummyClassifier()}

    monkeypatch.setattr(_compare, "standard_models", standard)
    axis = change(X.columns.to_numpy(float))
    X = X.set_axis(axis.astype(str), axis=1)
    compare(X, y, groups=groups, cv=2, progress=False)
    (target,) = seen
    if not resampled:
        assert target is None
        return
    steps = np.diff(target)
    np.testing.assert_allclose(steps, np.median(np.diff(axis)))
    assert axis[0] == target[0] and axis[-1] - steps[0] < target[-1] <= axis[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "X is missing"),
        (({"KNN": KNeighborsClassifier()},), "X is missing"),
        ((SVC(), np.eye(20), np.tile([0, 1], 10)), "a dict of names and models"),
        ((["SVM"], np.eye(20), np.tile([0, 1], 10)), "entry 0: 'SVM'"),
        ((["SVM"], Bunch(data=np.eye(20), target=np.tile([0, 1], 10))), "0: 'SVM'"),
        (([SVC(), "KNN"], np.eye(20), np.tile([0, 1], 10)), "entry 1: 'KNN'"),
        (({1: SVC()}, np.eye(20), np.tile([0, 1], 10)), "the name 1"),
        ((Bunch(data=np.eye(20), target=None),), 'no target.*label="folder"'),
    ],
)
def test_what_is_no_model_is_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(*arguments, progress=False)


class Clock:
    """Time that passes only when told to."""

    now = 0.0

    def read(self):
        return self.now


def test_compilation_is_not_charged_to_a_model(spectra, monkeypatch):
    """In fit, which takes 3 s without it, and in predict, which takes 1 s."""
    X, y, groups = spectra
    clock = Clock()
    monkeypatch.setattr(_evaluate.time, "perf_counter", clock.read)
    monkeypatch.setattr(event, "timer", clock.read)

    class Compiles(DummyClassifier):
        def fit(self, X, y):
            clock.now += 1
            with global_compiler_lock:
                clock.now += 20
                with global_compiler_lock:  # of a function that the first one calls
                    clock.now += 5
            clock.now += 2
            return super().fit(X, y)

        def predict(self, X):
            with global_compiler_lock:
                clock.now += 10
            clock.now += 1
            return super().predict(X)

    result = run({"slow": Compiles()}, X, y, groups=groups, cv=2)
    assert result.to_frame("folds")["fit_time"].to_list() == [3, 3]
    assert result.to_frame("folds")["score_time"].to_list() == [1, 1]


def test_what_another_thread_compiles_is_not_taken_off(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(_evaluate.time, "perf_counter", clock.read)
    monkeypatch.setattr(event, "timer", clock.read)

    def compile_for(seconds):
        with global_compiler_lock:
            clock.now += seconds

    with ThreadPoolExecutor(1) as pool, _evaluate.stopwatch() as measured:
        pool.submit(compile_for, 20).result()
        compile_for(5)
        clock.now += 3
    assert measured.seconds == 23


def test_kernels_are_compiled_within_what_is_not_timed(spectra):
    """A kernel that numba meets for the first time takes longer than its model."""
    X, y, _ = spectra

    @njit
    def total(values):
        return values.sum()

    class Adds(DummyClassifier):
        def fit(self, X, y):
            start = time.perf_counter()
            total(X.to_numpy())
            self.seconds_ = time.perf_counter() - start
            return super().fit(X, y)

    model = Adds()
    with _evaluate.stopwatch() as clock:
        model.fit(X, y)
    assert len(total.signatures) == 1
    assert clock.seconds < model.seconds_


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda labels: labels[:-1], r"shape \(29,\) for 30 spectra"),
        (lambda labels: labels[:, None], r"shape \(30, 1\) for 30 spectra"),
        (lambda labels: labels + 7, r"labels that y does not hold \(first: [789]"),
    ],
)
def test_predictions_that_are_none_are_named(spectra, change, message):
    X, y, groups = spectra

    class Odd(KNeighborsClassifier):
        def predict(self, X):
            return change(super().predict(X))

    with pytest.raises(RuntimeError, match=f"'odd' failed .*in predict.*{message}"):
        run({"odd": Odd()}, X, np.unique(y, return_inverse=True)[1], cv=2)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_failing_model_is_named_with_its_fold_and_cause(spectra, n_jobs):
    X, y, groups = spectra
    message = r"'bad' failed in fold \d .* in fit: ZeroDivisionError: no light"
    with pytest.raises(RuntimeError, match=message) as caught:
        run({"bad": Broken()}, X, y, groups=groups, cv=3, n_jobs=n_jobs)
    if n_jobs == 1:
        assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_progress_goes_to_the_error_stream(spectra, capsys):
    X, y, groups = spectra
    for progress in (True, False):
        run({"KNN": KNeighborsClassifier()}, X, y, groups=groups, progress=progress)
        output = capsys.readouterr()
        assert output.out == ""
        assert ("5/5" in output.err) is progress


def test_maps_of_spectra_with_nan_are_on_the_axis_of_the_model(spectra):
    """One NaN that no model looks at must not end a comparison after all fits."""
    values, y, _ = spectra
    axis = 400.0 + np.arange(values.shape[1])
    X = pd.DataFrame(np.array(values), columns=axis)
    X.iloc[3, :4] = np.nan
    model = make_pipeline(WavenumberCrop(region=(405, None)), PLSLDA(n_components=2))
    found = run({"PLS-LDA": model}, X, y, cv=2).explanations["PLS-LDA"]
    assert found.unit == "cm-1"
    np.testing.assert_array_equal(found.axis, axis[5:])


class NoScores(ClassifierMixin, BaseEstimator):
    """Names the class of the highest point, and no more."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[np.asarray(X).argmax(axis=1) % len(self.classes_)]


def test_all_models_are_explained_on_request(spectra):
    """By occlusion of the whole model, on the axis of X, also behind PCA."""
    X, y, groups = spectra
    pca = make_pipeline(PCA(5), LinearDiscriminantAnalysis())
    models = {"LDA": pca, "KNN": KNeighborsClassifier(3), "none": NoScores()}
    with pytest.warns(
        UserWarning, match="no maps of 'none': occlusion needs"
    ) as caught:
        result = run(models, X, y, groups=groups, cv=2, explain="all")
    assert [str(w.message)[:12] for w in caught].count("There are no") == 1
    assert list(result.explanations) == result.protocol["occluded"] == ["LDA", "KNN"]
    for summary in result.explanations.values():
        np.testing.assert_array_equal(summary.axis, X.columns.astype(float))
    scores = {"LDA": "logit", "KNN": "prob"}
    cv = StratifiedGroupKFold(2, shuffle=True, random_state=0)
    folds = list(cv.split(X, y, groups))
    assert {found.model for found in result.missed_maps.values()} <= set(scores)
    for row, found in result.missed_maps.items():
        train = folds[found.fold][0]
        model = models[found.model].fit(X.iloc[train], y[train])
        for label, values in found.maps.iterrows():
            own = occlusion(model, X.iloc[[row]], label, score=scores[found.model])
            np.testing.assert_allclose(values, own.iloc[0], atol=1e-9)
    with pytest.raises(ValueError, match="True, False or \"all\", got 'occlusion'"):
        run(models, X, y, explain="occlusion")


@pytest.mark.parametrize("kind", ["pairs", "gaps"])
def test_occlusion_starts_where_spectra_are_one_matrix(spectra, kind):
    X, y, groups = spectra
    axis = X.columns.astype(float).to_numpy()
    if kind == "pairs":
        given = [(axis[k % 3 :], row[k % 3 :]) for k, row in enumerate(X.to_numpy())]
        first = WavenumberResampler(target_wavenumbers=(300, 900, 20))
        expected = np.arange(300, 901, 20)
    else:
        given = X.copy()
        given.iloc[::2, :3] = np.nan
        first, expected = WavenumberCrop(region=(axis[3], axis[-1])), axis[3:]
    models = {"PCA": make_pipeline(first, PCA(3), LinearDiscriminantAnalysis())}
    result = run(models, given, y, groups=groups, cv=2, explain="all")
    summary = result.explanations["PCA"]
    assert summary.unit == "cm-1"
    np.testing.assert_allclose(summary.axis, expected)
    assert len(result.missed_maps) > 0
    for found in result.missed_maps.values():
        assert found.spectrum.shape == expected.shape


def test_columns_that_are_no_intensities_are_named(spectra):
    """The models may be others' and take a row number for a band."""
    X, y, _ = spectra
    with pytest.raises(ValueError, match="column labels .*'Unnamed: 0'"):
        run([SVC()], X.assign(**{"Unnamed: 0": range(60)}), y)
