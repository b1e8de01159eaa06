"""Answers do not hang on rounding, or on the order of columns or classes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import Bunch

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import compare
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector


def other_forms(X, seed):
    """Yield what says the same: columns in another order, another unit."""
    rng = np.random.default_rng(seed)
    for factor in (1.0, 1.1):
        order = rng.permutation(X.shape[1])
        yield lambda Z, order=order, factor=factor: factor * Z[:, order]


def far_apart(seed, gap=8.0, n=24):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(2 * n, 60)), np.repeat([0, 1], n)
    X[y == 1, 20:25] += gap
    return X, y


@pytest.mark.parametrize("gap", [1.0, 3.0, 8.0, 50.0])
def test_temperature(gap):
    for seed in range(3):
        X, y = far_apart(seed, gap)
        model = PLSLDA().fit(X, y)
        if gap >= 8:
            assert model.temperature_ == 1
        for form in other_forms(X, seed):
            again = PLSLDA().fit(form(X), y)
            assert again.temperature_ == pytest.approx(model.temperature_, rel=1e-6)
            np.testing.assert_allclose(
                again.decision_function(form(X)), model.decision_function(X), rtol=1e-6
            )


def test_temperature_by_brute_force():
    """Of three classes, some of whose spectra lie among others."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 20)
    X = rng.normal(size=(60, 30)) + 1.2 * np.eye(3, 30)[y] * 2
    units = np.concatenate([np.arange(20)] * 3)
    # Those that fit deals: units of a class take turns, each class one fold further.
    fold = (units + y) % 5
    scores, codes = [], []
    for k in range(5):
        plain = PLSLDA(calibration=None).fit(X[fold != k], y[fold != k])
        # 16 spectra of a class tell its mean; 20 will.
        excess = (1 + 1 / 16) / (1 + 1 / 20)
        scores.append(plain.decision_function(X[fold == k]) / excess)
        codes.append(y[fold == k])
    scores, codes = np.concatenate(scores), np.concatenate(codes)
    factors = np.geomspace(0.05, 1, 4000)[:, None, None]
    z = factors * scores
    own = np.take_along_axis(z, codes[None, :, None], axis=2)[..., 0]
    loss = (np.logaddexp.reduce(z, axis=2) - own).sum(axis=1)
    wanted = 1 / factors[loss.argmin()].item()
    assert PLSLDA().fit(X, y).temperature_ == pytest.approx(wanted, rel=2e-3)
    assert wanted > 1.1


def without_noise():
    axis = np.arange(60.0)
    shapes = np.exp(-(((axis - np.array([[15.0], [40.0]])) / 4) ** 2))
    X = np.linspace(1, 2, 24)[:, None] * shapes[np.repeat([0, 1], 12)]
    new = np.linspace(1.03, 1.9, 10)[:, None] * shapes[np.arange(10) % 2]
    return X, np.repeat([0, 1], 12), new


def p_values(X, y, new, **settings):
    model = PLSLDA(n_components=1)
    settings = {"grouped": False, "cv": 4, "false_alarm_rate": 0.1, **settings}
    detector = SpectralNoveltyDetector(model, random_state=0, **settings).fit(X, y)
    p = detector.p_value(new)
    np.testing.assert_array_equal(detector.predict(new) == 1, p > 0.1)
    return p


def test_copies_are_as_familiar_as_each_other():
    """Their correlation with the library is 1, up to rounding."""
    X, y, new = without_noise()
    for form in other_forms(X, 0):
        assert (p_values(form(X), y, form(new), novelty_score="correlation") == 1).all()


def test_correlations_that_do_not_vary_leave_the_distance():
    X, y, new = without_noise()
    wanted = p_values(X, y, new, novelty_score="relative_mahalanobis")
    for factor in (1.0, 1.1, 3.0):
        found = p_values(factor * X, y, factor * new, novelty_score="both")
        np.testing.assert_allclose(found, wanted)


class Given(ClassifierMixin, BaseEstimator):
    """Takes spectra for probabilities; its classes may be in any order."""

    def __init__(self, classes=None):
        self.classes = classes

    def fit(self, X, y):
        labels = np.unique(y) if self.classes is None else self.classes
        self.classes_ = np.asarray(labels)
        return self

    def predict_proba(self, X):
        found = np.asarray(X, dtype=float)
        return found[:, np.argsort(np.argsort(self.classes_))]

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def given(n=40, n_classes=3, digits=17, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = rng.dirichlet(np.ones(n_classes), size=n).round(digits)
    X[np.arange(n), y] += 1
    return Bunch(X=X / X.sum(axis=1, keepdims=True), y=np.array(list("ABCDEF"))[y])


def fit(estimator, data, **settings):
    settings = {"cv": 4, "grouped": False, "random_state": 0, **settings}
    return ConformalClassifier(estimator, **settings).fit(data.X, data.y)


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_sure_names(score):
    """1 and 1 minus rounding are as sure as each other."""
    y = np.repeat(["A", "B"], 20)
    sure = np.where(np.arange(40) % 10 == 0, 1 - 2**-53, 1.0)
    X = np.stack([sure, 1 - sure], axis=1)
    X[20:] = X[20:, ::-1]
    model = fit(Given(), Bunch(X=X, y=y), conformity_score=score)
    p = model.predict_p(X)
    assert (p[np.arange(40), (y == "B").astype(int)] == 1).all()


def test_as_probable_classes_are_as_plausible():
    rng = np.random.default_rng(0)
    y = np.repeat(["A", "B", "C"], 20)
    X = rng.normal(size=(60, 5)) + np.eye(3, 5)[np.repeat([0, 1, 2], 20)]
    new = rng.normal(size=(100, 5)) + 0.2
    settings = {"conformity_score": "aps", "coverage": 0.7}
    model = fit(KNeighborsClassifier(3), Bunch(X=X, y=y), **settings)
    p, probability = model.predict_p(new), model.predict_proba(new)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        same = probability[:, one] == probability[:, other]
        assert same.any()
        np.testing.assert_array_equal(p[same, one], p[same, other])
    turned = pd.Series(y).map({"A": "C", "B": "B", "C": "A"}).to_numpy()
    other = fit(KNeighborsClassifier(3), Bunch(X=X, y=turned), **settings)
    np.testing.assert_allclose(other.predict_p(new)[:, ::-1], p)


def test_mass_of_less_probable_classes_by_its_formula():
    """Half of what is as probable; strictly by definition, class by class."""
    data = given(digits=1)
    model = fit(Given(), data, conformity_score="aps")
    P = model.predict_proba(data.X)
    below = np.empty_like(P)
    for row, values in enumerate(P):
        for k, value in enumerate(values):
            same = np.isclose(values, value, rtol=1e-9, atol=0)
            less = (values < value) & ~same
            below[row, k] = values[less].sum() + values[same].sum() / 2
    own = np.sort(below[np.arange(40), np.arange(40) % 3])
    weight = (below[..., None] >= own - 1e-9).sum(axis=-1)
    np.testing.assert_allclose(model.predict_p(data.X), (weight + 1) / 41)


def test_classes_in_any_order():
    data = given()
    model = fit(Given(), data, novelty_score="correlation")
    other = fit(Given(["A", "C", "B"]), data, novelty_score="correlation")
    assert list(other.classes_) == ["A", "C", "B"]
    pair = compare(
        [Given(), Given(["A", "C", "B"])],
        data.X,
        data.y,
        cv=2,
        explain=False,
        progress=False,
        random_state=0,
    ).to_frame()
    assert pair["log_loss"].iloc[0] == pytest.approx(pair["log_loss"].iloc[1])
    np.testing.assert_array_equal(
        other.predict_p(data.X)[:, [0, 2, 1]], model.predict_p(data.X)
    )
    pd.testing.assert_frame_equal(other.describe(data.X), model.describe(data.X))
