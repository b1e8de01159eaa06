"""Sets of classes: p-values by hand, coverage, groups, look-alikes, answers."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils import Bunch, get_tags

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import explain_pipeline
from sklearn_raman.preprocessing import SNV, WavenumberResampler
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector
from tests.uncertainty.conftest import make

# Calibrated, it would learn otherwise with groups than without.
MODEL = PLSLDA(n_components=2, calibration=None)


def fit(data, estimator=MODEL, **settings):
    settings = {"random_state": 0, "cv": 5, "coverage": 0.8, **settings}
    return ConformalClassifier(estimator, **settings).fit(data.X, data.y, data.groups)


def by_hand(data, folds, new, kind):
    """Scores of the true class of each training spectrum, and of all classes of new."""

    def implausibility(P):
        if kind == "lac":
            return 1 - P
        more = np.array([[row[row > p].sum() for p in row] for row in P])
        return more + P / 2

    own = np.zeros(len(data.y))
    for train, held in folds:
        fitted = clone(MODEL).fit(data.X[train], data.y[train])
        scores = implausibility(fitted.predict_proba(data.X[held]))
        own[held] = scores[
            np.arange(len(held)), np.searchsorted(fitted.classes_, data.y[held])
        ]
    fitted = clone(MODEL).fit(data.X, data.y)
    return own, implausibility(fitted.predict_proba(new.X))


@pytest.mark.parametrize("kind", ["lac", "aps"])
def test_p_values_by_hand(kind, minerals, new, folds):
    noise = np.random.default_rng(5).normal(0, 10, (2, *new.X.shape))
    minerals = Bunch(**{**minerals, "X": minerals.X + noise[0]})
    new = Bunch(X=new.X + noise[1])
    own, scores = by_hand(minerals, folds, new, kind)
    as_bad = own[:, None, None] >= scores - 1e-12
    n, names = len(own), np.unique(minerals.groups)
    by_group = [as_bad[minerals.groups == name] for name in names]
    expected = {
        "spectrum": (as_bad.sum(axis=0) + 1) / (n + 1),
        "group": (sum(part.mean(axis=0) for part in by_group) + 1) / (len(names) + 1),
        "whole_group": (sum(p.any(axis=0) for p in by_group) + 1) / (len(names) + 1),
    }
    for unit, p in expected.items():
        model = fit(minerals, cv=folds, unit=unit, conformity_score=kind)
        np.testing.assert_allclose(model.predict_p(new.X), p, atol=1e-9)
        np.testing.assert_array_equal(model.predict_set(new.X), p > 0.2 + 1e-9)


def test_coverage_of_new_crystals():
    """As promised with folds by crystal; far less with folds that ignore crystals."""
    covered = {True: [], False: []}
    for seed in range(4):
        data = make(seed, n_crystals=10, n_spectra=4, spread=8)
        test = make(100 + seed, n_crystals=40, n_spectra=1, spread=8)
        for grouped, found in covered.items():
            model = ConformalClassifier(
                GaussianNB(), grouped=grouped, coverage=0.8, random_state=0
            ).fit(data.X, data.y, data.groups if grouped else None)
            own = np.searchsorted(model.classes_, test.y)
            found.append(model.predict_set(test.X)[np.arange(len(own)), own].mean())
    assert 0.74 < np.mean(covered[True]) < 0.9
    assert np.mean(covered[False]) < np.mean(covered[True]) - 0.05


def test_groups_are_asked_for(minerals):
    X, y, groups = minerals.X, minerals.y, minerals.groups
    with pytest.raises(ValueError, match="needs groups.*grouped=False"):
        ConformalClassifier().fit(X, y)
    with pytest.raises(ValueError, match="says that there are no groups"):
        ConformalClassifier(grouped=False).fit(X, y, groups)
    with pytest.raises(ValueError, match="groups misses 1 of 45"):
        ConformalClassifier().fit(X, y, np.where(np.arange(45) == 3, None, groups))
    with pytest.raises(ValueError, match=r"groups has shape \(44,\) but X has 45"):
        ConformalClassifier(GaussianNB()).fit(X, y, groups[:-1])
    with pytest.raises(ValueError, match="groups mixes texts and other values"):
        ConformalClassifier().fit(X, y, [*groups[:-1], 1])
    with pytest.raises(ValueError, match="y mixes texts and other"):
        ConformalClassifier(GaussianNB()).fit(X, [*y[:-1], 1], groups)
    with pytest.raises(ValueError, match="All spectra are of one group"):
        ConformalClassifier().fit(X, y, np.zeros(45))
    with pytest.raises(ValueError, match="each class needs two groups"):
        ConformalClassifier().fit(X, y, y)
    with pytest.raises(ValueError, match="groups on both sides of a fold"):
        ConformalClassifier(cv=KFold(4)).fit(X, y, groups)
    with pytest.raises(ValueError, match="holds out row 0 2 times"):
        twice = [(np.arange(3, 45), np.arange(3))] * 2
        ConformalClassifier(cv=twice).fit(X, y, groups)


@pytest.mark.parametrize("kind", [ConformalClassifier, SpectralNoveltyDetector])
@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"estimator": Ridge()}, TypeError, "needs a classifier .*Ridge, a regressor"),
        ({"estimator": PLSLDA}, TypeError, r"the class PLSLDA: make one, PLSLDA\(\)"),
        (
            {"estimator": make_pipeline(SNV(), KMeans(2))},
            TypeError,
            "KMeans, a cluster",
        ),
        ({"estimator": SNV()}, TypeError, "needs a classifier .*SNV.*predicts nothing"),
        (
            {"estimator": GridSearchCV(MODEL, {}, refit=False)},
            ValueError,
            "a search with refit=False",
        ),
        ({"cv": [([0, 1], [99])]}, ValueError, "gives a row or a mask that 45 spectra"),
        ({"cv": iter([])}, ValueError, "gives no fold"),
        ({"cv": (1, 2, 3)}, ValueError, r"cv must be .* got \(1, 2, 3\)"),
        ({"cv": [([0], [1], [2])]}, ValueError, "cv must be"),
        ({"cv": b"x"}, ValueError, "cv must be"),
    ],
)
def test_what_is_no_classifier_or_no_fold(minerals, kind, settings, error, message):
    with pytest.raises(error, match=message):
        kind(**{"estimator": MODEL, **settings}).fit(
            minerals.X, minerals.y, minerals.groups
        )


@pytest.mark.parametrize("kind", [ConformalClassifier, SpectralNoveltyDetector])
def test_classifiers_that_learn_to_predict(minerals, kind):
    """A StackingClassifier has no predict before it is fitted."""
    X, y, groups = minerals.X, minerals.y, minerals.groups
    stack = StackingClassifier([("a", GaussianNB()), ("b", MODEL)], cv=2)
    answers = kind(stack, cv=2, novelty_score="correlation").fit(X, y, groups)
    assert len(answers.predict(X)) == len(y)


def test_votes_are_no_scores(minerals):
    votes = VotingClassifier([("a", GaussianNB()), ("b", MODEL)])
    with pytest.raises(TypeError, match='needs predict_proba .*Voting.*voting="soft"'):
        fit(minerals, make_pipeline(SNV(), votes))
    assert fit(minerals, votes.set_params(voting="soft")).predict_p(minerals.X).any()


def test_scores_that_are_none(minerals):
    """Pairs of classes in the place of classes; NaN in the place of a number."""
    with pytest.raises(ValueError, match="3 columns for 3 classes, one for each pair"):
        fit(minerals, make_pipeline(SNV(), SVC(decision_function_shape="ovo")))
    data = Bunch(X=np.full((9, 3), 1 / 3), y=np.arange(9) % 3, groups=None)
    model = fit(data, Given(), grouped=False, cv=3, coverage=0.5)
    with pytest.raises(ValueError, match=r"NaN, for 1 of 2 spectra \(row 1\)"):
        model.predict_set([[0.2, 0.3, 0.5], [np.nan, 0.5, 0.5]])


def test_folds_are_lists_or_masks_as_well(minerals, folds):
    lists = [tuple(part.tolist() for part in fold) for fold in folds]
    masks = [tuple(np.isin(np.arange(45), part) for part in fold) for fold in folds]
    p, *others = (
        fit(minerals, GaussianNB(), cv=cv).predict_p(minerals.X)
        for cv in (folds, lists, masks)
    )
    for other in others:
        np.testing.assert_array_equal(other, p)
    one_fold = fit(minerals, GaussianNB(), cv=folds[:1])
    assert one_fold.n_calibrated_ == len(folds[0][1])


def test_a_refit_forgets_the_axis_of_the_one_before(minerals):
    frame = pd.DataFrame(minerals.X, columns=np.arange(400.0, 430.0).astype(str))
    model = fit(Bunch(**{**minerals, "X": frame}))
    assert len(model.wavenumbers_in_) == len(model.feature_names_in_) == 30
    model.set_params(estimator=GaussianNB()).fit(
        minerals.X, minerals.y, minerals.groups
    )
    assert not hasattr(model, "wavenumbers_in_")
    assert not hasattr(model, "feature_names_in_")


def test_groups_reach_an_inner_search(minerals):
    """GroupKFold raises without groups."""
    grid = {"n_components": [1, 2]}
    inside = make_pipeline(SNV(), GridSearchCV(PLSLDA(), grid, cv=GroupKFold(2)))
    model = fit(minerals, inside, cv=2)
    assert model.score(minerals.X, minerals.y) > 0.9


def test_class_of_one_group_leaves_the_calibration(minerals):
    """It is named all the same."""
    kept = (minerals.y != "zircon") | (minerals.groups == minerals.groups[-1])
    model = ConformalClassifier(MODEL, random_state=0).fit(
        minerals.X[kept], minerals.y[kept], minerals.groups[kept]
    )
    assert (model.n_calibrated_classes_, model.n_calibrated_groups_) == (2, 10)
    assert model.n_calibrated_ == 30
    assert model.predict(minerals.X[-1:]) == "zircon"
    assert model.predict_set(minerals.X[-1:])[0, 2]


def test_a_fold_deals_out_the_groups_of_each_class(minerals):
    """Three crystals of a class never fall into one of three folds."""
    kept = np.isin(minerals.groups, ["c0", "c1", "c2", "c5", "c6", "c7"])
    for seed in range(5):
        model = ConformalClassifier(MODEL, cv=3, random_state=seed, coverage=0.5).fit(
            minerals.X[kept], minerals.y[kept], minerals.groups[kept]
        )
        assert model.n_calibrated_ == kept.sum()


def test_too_few_groups_for_the_coverage(minerals):
    with pytest.warns(UserWarning, match="too few held-out groups for coverage=0.95"):
        model = fit(minerals, unit="group", coverage=0.95)
    assert model.predict_set(minerals.X).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(minerals, unit="group", coverage=0.9)


def test_too_few_groups_for_the_alarm(minerals):
    with pytest.warns(UserWarning, match="too few.*false_alarm_rate=0.01"):
        fit(minerals, novelty_score="both", false_alarm_rate=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # 15 groups: p-values of 1/16
        fit(minerals, novelty_score="both", unit="group", false_alarm_rate=1 / 16)


class Given(ClassifierMixin, BaseEstimator):
    """Takes what it is given for probabilities."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return self.classes_[X.argmax(axis=1)]


def test_at_least_two_names_are_left_out():
    y = np.tile(list("abcdefgh"), 4)
    X = np.where(y[:, None] == np.unique(y), 0.15, 0.85 / 7)
    model = ConformalClassifier(Given(), grouped=False, cv=4, coverage=0.8).fit(X, y)
    rank = np.arange(8)
    new = [
        np.where(rank < size, 0.16, (1 - 0.16 * size) / (8 - size)) for size in (5, 6)
    ]
    answers = model.describe(np.array(new))["answer"].tolist()
    assert answers == ["a, b, c, d or e", "a, b, c, d or 2 others"]


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.99])
def test_how_many_spectra_are_too_few(coverage):
    """9 give p-values of 1/10, which is all that a coverage of 0.9 asks for."""
    needed = round(1 / (1 - coverage)) - 1
    for n_spectra in (needed - 1, needed):
        X, y = np.full((n_spectra, 2), 0.5), np.arange(n_spectra) % 2
        model = ConformalClassifier(Given(), grouped=False, coverage=coverage, cv=3)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model.fit(X, y)
        assert bool(told) is (n_spectra < needed)
        unlikely = model.predict_set([[1.0, 1e-9]])[0, 1]
        assert unlikely == bool(told)


def test_shares_of_look_alikes_by_hand(rng):
    """Each group of a class counts as one, however many spectra it has."""
    names, y = np.array(["a", "b", "c"]), rng.integers(3, size=80)
    groups = rng.choice(12, p=np.arange(1, 13) / 78, size=80)
    X = rng.dirichlet([1, 1, 1], size=80) + np.eye(3)[y] * [0.4, 0.4, 4]
    X /= X.sum(axis=1, keepdims=True)
    model = fit(Bunch(X=X, y=names[y], groups=groups), Given(), coverage=0.7, cv=3)
    named, sets = X.argmax(axis=1), model.predict_set(X)

    def share(i, j):
        """How often j stands beside the true class i."""
        beside = np.where(y == i, sets[:, j] | (named == j), np.nan)
        own = [beside[(groups == g) & (y == i)].mean() for g in set(groups[y == i])]
        return np.mean(own)

    expected = {
        (names[i], names[j]): max(share(i, j), share(j, i))
        for i, j in [(0, 1), (0, 2), (1, 2)]
    }
    found = {(first, second): s for first, second, s in model.confusable_classes_}
    assert found.keys() == {pair for pair, s in expected.items() if s >= 0.1}
    assert len(found) > 1
    for pair, s in found.items():
        assert s == pytest.approx(expected[pair], abs=1e-6)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_the_most_plausible_class_is_named_first(rng):
    y = np.arange(60) % 3
    X = rng.dirichlet([1, 1, 1], size=60) + np.eye(3)[y] / 2
    data = Bunch(X=X / X.sum(axis=1, keepdims=True), y=np.array(["a", "b", "c"])[y])
    model = fit(Bunch(**data, groups=None), Given(), grouped=False)
    p, two = model.predict_p(data.X), model.predict_set(data.X).sum(axis=1) == 2
    best = model.classes_[p.argmax(axis=1)]
    answers = model.describe(data.X)["answer"].str.split(" or ").str[0]
    assert two.sum() > 5 and (answers[two] == best[two]).all()


def test_unfitted(minerals):
    for name in ("predict", "predict_p", "predict_set", "describe"):
        with pytest.raises(NotFittedError):
            getattr(ConformalClassifier(MODEL), name)(minerals.X)


def test_tags_are_those_of_the_model_inside():
    class TwoClasses(Given):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.classifier_tags.multi_class = False
            return tags

    assert not get_tags(ConformalClassifier(TwoClasses())).classifier_tags.multi_class


@pytest.mark.parametrize("kind", ["lac", "aps"])
def test_tiny_probabilities_are_told_apart(kind):
    """1 - P would be 1 for all of them, and every class stand in every set."""
    P = 10.0 ** -np.arange(1, 21)
    X, y = np.stack([1 - P, P], axis=1), np.tile([1, 1, 0, 1], 5)
    model = ConformalClassifier(Given(), grouped=False, conformity_score=kind, cv=5)
    p = model.fit(X, y).predict_p([[1.0, 1e-12], [1.0, 1e-18], [1.0, 1e-30]])
    own = np.where(y == 1, P, 1 - P)
    expected = [((own <= low).sum() + 1) / 21 for low in (1e-12, 1e-18, 1e-30)]
    np.testing.assert_allclose(p[:, 1], expected, atol=1e-9)


def test_a_classifier_without_probabilities(minerals, new):
    for labels in (minerals.y, np.where(minerals.y == "zircon", 1, 0)):
        model = ConformalClassifier(SVC(), cv=3, random_state=0).fit(
            minerals.X, labels, minerals.groups
        )
        assert not hasattr(model, "predict_proba")
        best = model.classes_[model.predict_p(new.X).argmax(axis=1)]
        assert (best == model.predict(new.X)).mean() > 0.9
    assert hasattr(ConformalClassifier(), "predict_proba")


@pytest.mark.parametrize(
    ("labels", "unknown"), [(str, "?"), (int, -1), (int, "?"), (str, -1)]
)
def test_unknown_label(labels, unknown, minerals, new):
    data = Bunch(**minerals)
    if labels is int:
        data.y = np.unique(data.y, return_inverse=True)[1]
    model = fit(data, novelty_score="both", unknown_label=unknown)
    noise = np.random.default_rng(0).normal(0, 3, (4, 30))
    found = model.predict(np.concatenate([new.X, noise]))
    assert all(label == unknown for label in found[-4:])
    assert (found[:-4] == model.estimator_.predict(new.X)).mean() > 0.6
    with pytest.raises(ValueError, match="is one of the classes"):
        fit(data, unknown_label=data.y.tolist()[0])


def _named_beside_noise(minerals, y, unknown):
    data = Bunch(**{**minerals, "y": y})
    model = fit(data, novelty_score="both", unknown_label=unknown)
    noise = np.random.default_rng(0).normal(0, 3, (4, 30))
    return model.predict(np.concatenate([minerals.X, noise])).tolist()


@pytest.mark.parametrize(
    "labels",
    [
        np.array([2**53 + 1, 2**53 + 3, 5], dtype=np.uint64),
        np.array([0, 3, 250], dtype=np.uint8),
        np.array([2**53 + 1, 7, 5]),
        np.array([0.5, 1.0, 2.0]).astype(str),
    ],
)
@pytest.mark.parametrize("unknown", [-1, "none"])
def test_labels_stay_what_they_are_beside_the_unknown(labels, unknown, minerals):
    y = labels[np.unique(minerals.y, return_inverse=True)[1]]
    found = _named_beside_noise(minerals, y, unknown)
    assert 0 < found.count(unknown) < len(y)
    named = [label for label in found if label != unknown]
    assert set(named) <= set(labels.tolist())
    assert {type(label) for label in named} == {type(labels.tolist()[0])}


def test_true_stays_true_beside_the_unknown(minerals):
    y = minerals.y == "quartz"
    found = _named_beside_noise(minerals, y, -1)
    assert {str(label) for label in found} == {"True", "False", "-1"}


@pytest.fixture(scope="module")
def twins():
    """Two classes of the same spectra, and a third."""
    data = make(0, n_crystals=8)
    data.y = np.where(data.y == "zircon", "zircon", "dolomite")
    rng = np.random.default_rng(3)
    magnesite = rng.choice(
        np.unique(data.groups[data.y == "dolomite"]), 8, replace=False
    )
    data.y = np.where(np.isin(data.groups, magnesite), "magnesite", data.y)
    return data


def test_look_alikes(twins):
    model = fit(twins, unit="group")
    [(first, second, share)] = model.confusable_classes_
    assert (first, second) == ("dolomite", "magnesite") and share >= 0.25
    answers = model.describe(pd.DataFrame(twins.X, index=twins.groups))
    assert list(answers.index) == list(twins.groups)
    wording = {"dolomite or magnesite", "magnesite or dolomite"}
    found = set(answers["answer"][twins.y != "zircon"])
    assert found & wording and not found & {"dolomite", "magnesite"}
    assert set(answers["answer"][twins.y == "zircon"]) <= {"zircon", "none of these"}
    alone, together = (
        model.predict_p(twins.X),
        fit(twins, unit="group", look_alikes=True).predict_p(twins.X),
    )
    assert (together >= alone).all() and (together[:, 2] == alone[:, 2]).all()
    assert (together > alone).any()


def test_max_set_size(twins):
    model = fit(twins, coverage=0.9, unknown_label="?", max_set_size=1)
    size = model.predict_set(twins.X).sum(axis=1)
    assert set(size) >= {1, 2}
    np.testing.assert_array_equal(model.predict(twins.X) == "?", size != 1)


def test_answers_of_large_and_empty_sets(minerals):
    with pytest.warns(UserWarning, match="too few"):
        model = fit(minerals, unit="group", coverage=0.99)
    assert set(model.describe(minerals.X)["answer"]) == {"any of these"}
    strange = fit(minerals, novelty_score="auto").describe(np.eye(30)[:3])
    assert list(strange["answer"]) == ["none of these"] * 3
    assert (strange["p_known"] < 0.05).all()


def test_reading_changes_nothing_and_pickles_give_the_same(minerals, new):
    model = fit(minerals, novelty_score="both")
    before, answers = dict(vars(model)), model.describe(new.X)
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.predict_p(new.X), other.predict_p(new.X))
    pd.testing.assert_frame_equal(other.describe(new.X), answers)
    model.predict(new.X)
    assert vars(model) == before


def test_maps_of_the_model_inside(minerals, new):
    model = fit(minerals, make_pipeline(SNV(), MODEL))
    for X in (new.X, pd.DataFrame(new.X, columns=np.arange(400.0, 520.0, 4.0))):
        found = explain_pipeline(model, X)
        np.testing.assert_array_equal(found, explain_pipeline(model.estimator_, X))
    nested = make_pipeline(SNV(), ConformalClassifier(MODEL, grouped=False))
    assert explain_pipeline(nested.fit(minerals.X, minerals.y), new.X).any()


def test_frames_and_pairs(minerals, new):
    """Whatever the Pipeline takes, in fit and later."""
    axis = np.arange(400.0, 520.0, 4.0)
    steps = WavenumberResampler(target_wavenumbers=(404, 512, 4))
    model = make_pipeline(steps, SNV(), MODEL)
    frame = pd.DataFrame(minerals.X, columns=axis.astype(str))
    expected = fit(Bunch(**{**minerals, "X": frame}), model, novelty_score="both")
    pairs = [(axis, row) for row in minerals.X]
    ragged = fit(Bunch(**{**minerals, "X": pairs}), model, novelty_score="both")
    descending = pd.DataFrame(new.X[:, ::-1], columns=axis[::-1])
    wanted = expected.describe(pd.DataFrame(new.X, columns=axis.astype(str)))
    for X in ([(axis, row) for row in new.X], descending):
        pd.testing.assert_frame_equal(ragged.describe(X), wanted)
    assert list(expected.feature_names_in_) == list(frame.columns)
    assert not hasattr(ragged, "feature_names_in_")
