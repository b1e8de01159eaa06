"""The curve against a loop by hand, its draws, its power law, its guards."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import Pipeline as SamplingPipeline
from joblib import parallel_config
from scipy.stats import binomtest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedGroupKFold,
    TunedThresholdClassifierCV,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from sklearn_raman.model_selection import SampleSizeCurve, sample_size_curve
from sklearn_raman.neural_network import GAPCNNClassifier
from sklearn_raman.preprocessing import SNV


def run(models, X, y=None, *args, **settings):
    settings = {"progress": False, "random_state": 0, "cv": 3, "n_draws": 2, **settings}
    return sample_size_curve(models, X, y, *args, **settings)


class Spy(ClassifierMixin, BaseEstimator):
    """Predicts the first class, and writes down the spectra it was fitted on."""

    def __init__(self, seen=None):
        self.seen = seen

    def __sklearn_clone__(self):
        return Spy(self.seen)

    def fit(self, X, y, groups=None):
        self.classes_ = np.unique(y)
        self.seen.append((np.asarray(X)[:, 0], np.asarray(y), groups))
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


@pytest.fixture
def numbered(spectra):
    """Spectra whose first point is the row."""
    X, y, groups = spectra
    X = X.to_numpy().copy()
    X[:, 0] = np.arange(len(X))
    return X, y, groups


def test_draws(numbered):
    """Sizes are kept, larger sets hold smaller ones, no test group is ever trained."""
    X, y, groups = numbered
    spy = Spy(seen=[])
    curve = run([spy], X, y, groups, [1, 2, 3])
    fits = {}
    assert len(spy.seen) == len(curve.folds) == 3 * 2 * 3
    order = curve.folds.sort_values(["split", "draw", "size"])
    for row, (rows, labels, _) in zip(order.itertuples(), spy.seen, strict=True):
        rows = rows.astype(int)
        np.testing.assert_array_equal(labels, y[rows])
        for label in np.unique(y):
            own = np.unique(groups[rows][labels == label])
            assert len(own) == row.size
            # all spectra of a group
            assert np.isin(groups, own).sum() == (labels == label).sum()
        fits[row.split, row.draw, row.size] = set(rows)
        assert row.n_train == len(rows) and row.n_groups == 3 * row.size
    tested = curve.predictions.groupby(["split", "draw", "size"])["row"].agg(set)
    for (split, draw, size), rows in fits.items():
        test = tested[split, draw, size]
        assert test == tested[split, 0, 1]  # the same for all sizes and draws
        assert not set(groups[list(test)]) & set(groups[list(rows)])
        assert size == 1 or fits[split, draw, size - 1] < rows
    assert set().union(*tested) == set(range(len(y)))
    assert fits[0, 0, 2] != fits[0, 1, 2] or fits[1, 0, 2] != fits[1, 1, 2]


def test_is_a_loop_by_hand(spectra, numbered):
    """On the rows that the draws had: accuracy, and the mean recall of the classes."""
    X, y, groups = spectra
    spy = Spy(seen=[])
    run([spy], numbered[0], y, groups, [1, 3])
    curve = run({"NB": GaussianNB()}, X, y, groups, [1, 3])
    folds = StratifiedGroupKFold(3, shuffle=True, random_state=0)
    tests = [test for _, test in folds.split(X, y, groups) for _ in range(4)]
    found = {1: ([], []), 3: ([], [])}
    for place, (test, (rows, *_)) in enumerate(zip(tests, spy.seen, strict=True)):
        rows = rows.astype(int)
        model = GaussianNB().fit(X.iloc[rows], y[rows])
        truth, predicted = found[(1, 3)[place % 2]]
        truth.append(y[test])
        predicted.append(model.predict(X.iloc[test]))
    frame = curve.to_frame().set_index("size")
    balanced = curve.to_frame("balanced_accuracy").set_index("size")
    for size, parts in found.items():
        truth, predicted = map(np.concatenate, parts)
        accuracy = np.mean(truth == predicted)
        assert frame.loc[size, "accuracy"] == pytest.approx(accuracy)
        assert frame.loc[size, "lower"] < accuracy < frame.loc[size, "upper"]
        expected = balanced_accuracy_score(truth, predicted)
        assert balanced.loc[size, "balanced_accuracy"] == pytest.approx(expected)
    assert (frame["n_draws"] == 6).all()


def test_without_groups_spectra_are_counted(spectra):
    X, y, _ = spectra
    spy = Spy(seen=[])
    curve = run([spy], X, y, sizes=(2, 7))
    for _, labels, _ in spy.seen:
        assert len(set(np.unique(labels, return_counts=True)[1])) == 1
    assert sorted(curve.to_frame()["n_train"]) == [6, 21]
    assert "spectra per class" in repr(curve) and "Warning" in repr(curve)
    assert curve.folds["n_groups"].isna().all()


def test_default_sizes(spectra):
    """From one group, or two for a search, to what the smallest class has."""
    X, y, groups = spectra
    search = GridSearchCV(
        make_pipeline(SNV(), KNeighborsClassifier()),
        {"kneighborsclassifier__n_neighbors": [1, 2]},
        cv=StratifiedGroupKFold(2),
    )
    data = Bunch(data=X, target=y, groups=groups)
    for model, smallest in ((NearestCentroid(), 1), (search, 2)):
        curve = run(
            [model], data, groups=groups, cv=[*folds_of(*spectra)][:1], n_draws=1
        )
        assert curve.to_frame()["size"].tolist() == list(range(smallest, 4))


class Hungry(NearestCentroid):
    """Needs 24 spectra, which it finds out in `fit`, or only in `predict`."""

    def __init__(self, stage="fit"):
        super().__init__()
        self.stage = stage

    def fit(self, X, y):
        self.n_seen_ = len(X)
        self._eat("fit")
        return super().fit(X, y)

    def predict(self, X):
        self._eat("predict")
        return super().predict(X)

    def _eat(self, stage):
        if stage == self.stage and self.n_seen_ < 24:
            raise ValueError(f"got {self.n_seen_} spectra")


@pytest.mark.parametrize("stage", ["fit", "predict"])
def test_default_sizes_are_enough_for_all_models(stage, spectra):
    """Three classes, crystals with four spectra: two of each class are 24 spectra."""
    X, y, groups = spectra
    models = {"a": NearestCentroid(), "hungry": Hungry(stage)}
    with pytest.warns(
        UserWarning, match=rf"begin at 2 groups .*'hungry' failed in {stage}"
    ) as caught:
        curve = run(models, X, y, groups, n_draws=1)
    assert caught[0].filename == __file__
    assert curve.to_frame()["size"].min() == 2
    assert curve.to_frame()["size"].max() == 3
    with pytest.raises(RuntimeError, match="'hungry' failed in .* with size 1"):
        run(models, X, y, groups, [1, 3], n_draws=1)


def test_a_model_that_no_size_is_enough_for(spectra):
    """Its own error, at the largest of the default sizes."""
    with pytest.raises(RuntimeError, match=r"with size 3 .*n_neighbors"):
        run([KNeighborsClassifier(500)], *spectra)


def folds_of(X, y, groups):
    return StratifiedGroupKFold(3, shuffle=True, random_state=0).split(X, y, groups)


def test_small_classes_give_all(numbered):
    X, y, groups = numbered
    keep = ~np.isin(groups, ["0-0", "0-1"])  # three of five are left
    curve = run([Spy(seen=[])], X[keep], y[keep], groups[keep], [1, 2, 3])
    complete = curve.to_frame().set_index("size")["complete"]
    assert complete.to_dict() == {1: True, 2: True, 3: False}
    assert "from 3 on, classes that have fewer" in repr(curve)


def test_group_of_two_classes_is_drawn_for_each(numbered):
    X, y, groups = numbered
    patients = np.array([name.split("-")[1] for name in groups])
    spy = Spy(seen=[])
    curve = run([spy], X, y, patients, [1], cv=GroupKFold(5))
    for rows, labels, _ in spy.seen:
        for label in np.unique(y):
            assert len(set(patients[rows.astype(int)][labels == label])) == 1
    assert (curve.folds["n_groups"] <= 3).all()


def measured(errors, n=40):
    """A curve whose errors are exact: n test spectra, each a group, one draw."""
    parts, folds = [], []
    for size, error in errors.items():
        wrong = np.arange(n) < round(error * n)
        place = {"model": "a", "sampler": "", "size": size, "split": 0, "draw": 0}
        row = np.arange(n)
        truth = np.array(["x", "y"])[row % 2]
        named = np.where(wrong, "z", truth)
        rows = {"row": row, "group": row, "true": truth, "predicted": named}
        parts.append(pd.DataFrame({**place, **rows}))
        folds.append({**place, "complete": True, "n_groups": 2 * size, "n_train": size})
    protocol = {"n_spectra": n, "n_groups": n, "grouping": "given", "n_test": [n]}
    protocol |= {"n_copies": [0], "n_mixtures": [0], "n_conflicts": 0}
    return SampleSizeCurve(
        pd.DataFrame(folds), pd.concat(parts), np.array(["x", "y"]), protocol
    )


@pytest.mark.parametrize("law", [(0.1, 0.8, 1.0), (0.0, 0.8, 1.0), (0.05, 0.8, 2.0)])
def test_power_law_is_recovered(law):
    """From exact data; the extrapolation is the law's."""
    floor, factor, exponent = law
    sizes = [1, 2, 4, 8]
    errors = {n: floor + factor * n**-exponent for n in sizes}
    curve = measured(errors, n=400)
    found = curve.power_law().iloc[0]
    names = ["floor", "factor", "exponent"]
    np.testing.assert_allclose(found[names].astype(float), law, atol=2e-4)
    assert found["residual"] < 1e-4
    beyond = curve.extrapolate([8, 32]).set_index("size")
    expected = 1 - floor - factor * 32**-exponent
    assert beyond.loc[32, "accuracy"] == pytest.approx(expected, abs=1e-3)
    assert beyond.loc[32, "lower"] <= expected <= beyond.loc[32, "upper"]
    assert beyond.loc[32, "times_measured"] == 4
    assert found["law"] in repr(curve) and found["law"] == beyond.loc[32, "law"]


@pytest.mark.parametrize(
    "errors",
    [
        {1: 0.4, 2: 0.25, 4: 0.15, 8: 0.1},
        {1: 0.3, 2: 0.1, 4: 0.025, 8: 0.0},
        {1: 0.0, 2: 0.0, 4: 0.0, 8: 0.0},
        {1: 0.2, 2: 0.25, 4: 0.3, 8: 0.35},
        {1: 0.4, 2: 0.3, 4: 0.1, 8: 0.2},
    ],
)
@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_nobody_is_surer_of_what_was_not_measured(errors, metric):
    """The interval starts as the last measured one and never gets narrower."""
    curve = measured(errors)
    last = curve.to_frame(metric, confidence=0.9).iloc[-1]
    beyond = curve.extrapolate([8, 9, 16, 100, 1e6], metric, confidence=0.9)
    assert (beyond["lower"] <= beyond[metric]).all()
    assert (beyond[metric] <= beyond["upper"]).all()
    widths = (beyond["upper"] - beyond["lower"]).to_numpy()
    assert (widths >= last["upper"] - last["lower"] - 1e-12).all()
    assert (beyond["lower"] >= 0).all() and (beyond["upper"] <= 1).all()
    if last["lower"] <= beyond[metric][0] <= last["upper"]:
        ends = beyond.loc[0, ["lower", "upper"]].tolist()
        np.testing.assert_allclose(ends, last[["lower", "upper"]].tolist())


def test_no_mistakes_are_no_certainty():
    """A floor of 0, and a gain of 0, may be off by scipy's exact bound."""
    curve = measured({1: 0.0, 2: 0.0, 4: 0.0, 8: 0.0})
    most = 1 - binomtest(40, 40).proportion_ci(method="exact").low
    assert curve.power_law()["floor_upper"][0] == pytest.approx(most)
    twice = [curve.folds, curve.folds.assign(sampler="SMOTE")]
    named = [curve.predictions, curve.predictions.assign(sampler="SMOTE")]
    both = SampleSizeCurve(
        pd.concat(twice), pd.concat(named), curve.classes, curve.protocol
    )
    sampled = both.to_frame().query("sampler == 'SMOTE'")
    assert (sampled["gain"] == 0).all()
    np.testing.assert_allclose(sampled["gain_lower"], -most)
    np.testing.assert_allclose(sampled["gain_upper"], most)


def test_error_that_does_not_fall():
    curve = measured({1: 0.2, 2: 0.25, 4: 0.3, 8: 0.35})
    found = curve.power_law().iloc[0]
    assert found["factor"] == 0 and np.isnan(found["exponent"])
    assert "does not fall" in repr(curve)
    assert curve.extrapolate(100)["accuracy"][0] == pytest.approx(0.725)


@pytest.mark.parametrize("n_wrong", [3, 4, 7])
def test_error_that_stays_the_same(n_wrong):
    """It differs from the mean over sizes by rounding, which follows no law."""
    error = n_wrong / 40
    found = measured(dict.fromkeys([1, 2, 3, 5, 7, 10], error)).power_law().iloc[0]
    assert found["factor"] == 0 and np.isnan(found["exponent"])
    assert found["floor"] == pytest.approx(error)


def test_too_few_sizes_to_extrapolate():
    curve = measured({1: 0.4, 2: 0.3, 4: 0.2})
    for refused in (curve.power_law, lambda: curve.extrapolate(9)):
        with pytest.raises(ValueError, match=r"needs 4 sizes.*there are 3 \(\[1, 2, 4"):
            refused()
    with pytest.raises(ValueError, match="needs 4 sizes"):
        curve.plot(extrapolate_to=9)
    assert "no extrapolation" in repr(curve)


def test_interval_of_independent_groups():
    """The binomial's, and no pretended certainty where no answer is wrong."""
    curve = measured({1: 0.3, 2: 0.0}, n=400)
    frame = curve.to_frame()
    expected = 1.96 * np.sqrt(0.3 * 0.7 / 400)
    assert frame["upper"][0] - frame["lower"][0] == pytest.approx(2 * expected, rel=0.1)
    assert frame["upper"][1] == 1
    assert frame["lower"][1] == pytest.approx(0.025 ** (1 / 400))


def test_interval_where_one_class_is_always_wrong():
    """Resampling within classes shows no spread; scipy's exact interval has one."""
    y = np.repeat(["a", "b"], [6, 2])
    curve = sample_size_curve(
        {"a": DummyClassifier(strategy="most_frequent")},
        np.random.default_rng(0).normal(size=(8, 3)),
        y,
        sizes=[1],
        cv=[(np.r_[0:3, 6], np.r_[3:6, 7])],
        progress=False,
        random_state=0,
    )
    found = curve.to_frame().iloc[0]
    assert found["accuracy"] in (0.25, 0.75)
    exact = binomtest(round(4 * found["accuracy"]), 4).proportion_ci(method="exact")
    assert found[["lower", "upper"]].tolist() == pytest.approx(list(exact))


def test_sampler(numbered):
    """With and without, in Pipelines, searches and networks; training spectra only."""
    X, y, groups = numbered
    keep = ~np.isin(groups, ["0-0", "0-1"])
    X, y, groups = X[keep], y[keep], groups[keep]
    sampler, spy = RandomOverSampler(random_state=0), Spy(seen=[])
    search = GridSearchCV(
        make_pipeline(SNV(), KNeighborsClassifier(1)),
        {"kneighborsclassifier__weights": ["uniform", "distance"]},
        cv=StratifiedGroupKFold(2),
    )
    net = GAPCNNClassifier(max_epochs=1, random_state=0)
    models = {
        "spy": make_pipeline(SNV(), spy),
        "search": search,
        "net": make_pipeline(SNV(), net),
    }
    folds = [*folds_of(X, y, groups)][:1]
    given = clone(models["net"])
    curve = run(models, X, y, groups, [3], sampler, cv=folds, n_draws=1)
    assert str(models["net"]) == str(given)
    by_model = curve.to_frame().groupby("model")["sampler"].agg(list)
    assert by_model.to_dict() == {name: ["", "RandomOverSampler"] for name in models}
    plain, sampled = spy.seen
    counts = np.unique(plain[1], return_counts=True)[1]
    assert counts.min() < counts.max()
    assert (np.unique(sampled[1], return_counts=True)[1] == counts.max()).all()
    assert plain[2] is not None and sampled[2] is None
    found = curve.to_frame().set_index(["model", "sampler"])
    gain = found["accuracy"]["net", "RandomOverSampler"] - found["accuracy"]["net", ""]
    assert found["gain"]["net", "RandomOverSampler"] == pytest.approx(gain)
    assert "net + RandomOverSampler" in repr(curve)


def test_sampler_that_does_not_fit(spectra):
    X, y, groups = spectra
    sampler = RandomOverSampler(random_state=0)
    bare = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1]})
    with pytest.raises(ValueError, match="search of 'a' searches KNeighborsClassifier"):
        run({"a": bare}, X, y, groups, sampler=sampler)
    with pytest.raises(
        ValueError, match="RidgeClassifierCV in 'a' splits its training"
    ):
        run({"a": RidgeClassifierCV()}, X, y, groups, sampler=sampler)
    for wrong in (SNV(), "x", [], {}, RandomOverSampler):
        with pytest.raises(ValueError, match="sampler must be an imbalanced-learn"):
            run({"a": NearestCentroid()}, X, y, groups, sampler=wrong)
    two = np.where(y == y[0], "a", "b")
    tuned = {"a": TunedThresholdClassifierCV(NearestCentroid(), cv=2)}
    how = {"cv": GroupKFold(5), "n_draws": 1}
    assert len(run(tuned, X, two, groups, [3], sampler, **how).to_frame()) == 2
    with pytest.raises(ValueError, match="The model 'a' .* refit=False"):
        run({"a": bare.set_params(refit=False)}, X, y, groups)
    own = SamplingPipeline([("randomoversampler", sampler), ("b", NearestCentroid())])
    curve = run({"a": own}, X, y, groups, [1], sampler, cv=GroupKFold(5), n_draws=1)
    assert len(curve.to_frame()) == 2


@pytest.mark.parametrize(
    "sizes, message",
    [
        ([0], r"sizes must be numbers of groups per class.*got \[0\]"),
        ([1.5], "sizes must be"),
        ([True], "sizes must be"),
        ([], "sizes must be"),
        (3, "sizes must be"),
        ("12", "sizes must be"),
        (
            [2, 9],
            r"up to 9 groups per class, but the largest class \('mineral 0'\) has 4",
        ),
    ],
)
def test_wrong_sizes(sizes, message, spectra):
    with pytest.raises(ValueError, match=message):
        run([NearestCentroid()], *spectra, sizes)


def test_wrong_arguments(spectra):
    X, y, groups = spectra
    for models in (None, {}, X, [NearestCentroid], NearestCentroid()):
        with pytest.raises(ValueError, match="^models "):
            run(models, X, y, groups)
    with pytest.raises(ValueError, match="n_draws must be"):
        run([NearestCentroid()], X, y, groups, n_draws=0)
    with pytest.raises(ValueError, match="groups is None"):
        run([NearestCentroid()], Bunch(data=X, target=y, groups=groups))
    curve = run([NearestCentroid()], X, y, groups, [1])
    with pytest.raises(ValueError, match="metric must be one of"):
        curve.to_frame("f1")
    with pytest.raises(ValueError, match="confidence must be"):
        curve.to_frame(confidence=95)
    for size in (0, [2, np.nan], np.inf):
        with pytest.raises(ValueError, match="size must be numbers"):
            curve.extrapolate(size)


def test_a_model_that_fails_is_named(spectra):
    X, y, groups = spectra
    model = make_pipeline(KNeighborsClassifier(13))
    message = r"'knn' failed in predict with size 1 \(12 training.*split 0, draw 0\)"
    with pytest.raises(RuntimeError, match=message):
        run({"knn": model}, X, y, groups, [1, 2], cv=5)


def test_leaks_are_reported(spectra):
    X, y, groups = spectra
    X, y = pd.concat([X, X.iloc[:1]], ignore_index=True), np.append(y, y[0])
    groups = np.append(groups, "0-x")  # a copy under another name
    with pytest.warns(UserWarning, match="are copies of training spectra"):
        curve = run([NearestCentroid()], X, y, groups)
    assert "copies" in repr(curve)


def test_same_seed_same_curve(spectra):
    models = [make_pipeline(SNV(), NearestCentroid())]
    first = run(models, *spectra, [1, 2])
    with parallel_config("threading"):
        second = run(models, *spectra, [1, 2], n_jobs=2)
    pd.testing.assert_frame_equal(first.predictions, second.predictions)
    pd.testing.assert_frame_equal(first.to_frame(), second.to_frame())
    other = run(models, *spectra, [1, 2], random_state=1)
    assert not other.predictions.equals(first.predictions)


def test_plot_and_page(spectra):
    models = {"a": NearestCentroid(), "b": DummyClassifier()}
    curve = run(models, *spectra, [1, 2, 3], RandomOverSampler(random_state=0))
    figure = curve.plot()
    assert len(figure.axes[0].get_lines()) == 4
    axes = measured({1: 0.4, 2: 0.3, 4: 0.2, 8: 0.1}).plot(extrapolate_to=64).axes[0]
    assert axes.get_xlim()[1] > 64
    assert curve.plot("balanced_accuracy", ax=axes) is axes.figure
    page = curve._repr_html_()
    assert "a + RandomOverSampler" in page and page.count("<tr") == 5
