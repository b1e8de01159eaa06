"""None of these: scores against formulas of others, threshold, what is found."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.neural_network import GAPCNNClassifier
from sklearn_raman.preprocessing import SNV
from sklearn_raman.uncertainty import SpectralNoveltyDetector

MODEL = PLSLDA(n_components=4, calibration=None)


def fit(data, estimator=MODEL, **settings):
    settings = {"random_state": 0, "cv": 5, "false_alarm_rate": 0.1, **settings}
    return SpectralNoveltyDetector(estimator, **settings).fit(
        data.X, data.y, data.groups
    )


def test_relative_distance_by_its_formula(minerals, new):
    def squared(Z, center, covariance):
        size = np.trace(covariance) / len(covariance)
        shrunk = 0.98 * covariance + 0.02 * size * np.eye(len(covariance))
        return np.einsum(
            "ij,ji->i", Z - center, np.linalg.solve(shrunk, (Z - center).T)
        )

    detector = fit(minerals, novelty_score="relative_mahalanobis")
    Z, Z_new = (detector.estimator_.transform(data.X) for data in (minerals, new))
    means = {label: Z[minerals.y == label].mean(axis=0) for label in detector.classes_}
    within = Z - np.stack([means[label] for label in minerals.y])
    nearest = [squared(Z_new, m, within.T @ within / 45) for m in means.values()]
    overall = squared(Z_new, Z.mean(axis=0), np.cov(Z.T, bias=True))
    expected = overall - np.min(nearest, axis=0)
    np.testing.assert_allclose(detector.score_samples(new.X), expected, rtol=1e-8)


def test_correlation_by_its_formula(minerals, new):
    detector = fit(minerals, KNeighborsClassifier(1))
    r = np.corrcoef(new.X, minerals.X)[: len(new.X), len(new.X) :]
    expected = r.max(axis=1) - 1
    np.testing.assert_allclose(detector.score_samples(new.X), expected, atol=1e-12)


def test_both_is_a_sum_of_distance_and_correlation_less_background(minerals, new):
    def less_background(X):
        padded = np.pad(X, ((0, 0), (1, 1)), mode="symmetric")
        X = X - np.stack([padded[:, k : k + 30] for k in range(3)]).mean(axis=0)
        return X / np.linalg.norm(X, axis=1, keepdims=True)

    own = minerals.X - minerals.X.mean(axis=1, keepdims=True)
    own = less_background(own / np.linalg.norm(own, axis=1, keepdims=True))
    means = [own[minerals.y == label].mean(axis=0) for label in np.unique(minerals.y)]
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    likeness = (less_background(new.X) @ means.T).max(axis=1)
    nearness = fit(minerals, novelty_score="relative_mahalanobis").score_samples(new.X)
    parts = np.stack([nearness, likeness, np.ones(len(likeness))], axis=1)
    score = fit(minerals, novelty_score="both").score_samples(new.X)
    weights = np.linalg.lstsq(parts, score)[0]
    assert (weights[:2] > 0).all()
    np.testing.assert_allclose(parts @ weights, score, atol=1e-9)


def test_a_background_makes_nothing_similar(minerals):
    """A bare one is called unknown, however much of it all known spectra have."""
    slope = 100 * np.linspace(0, 1, 30) ** 2
    data = type(minerals)(**{**minerals, "X": minerals.X + slope})
    bare = slope + np.random.default_rng(0).normal(0, 0.5, (10, 30))
    assert np.corrcoef(bare, data.X)[:10, 10:].max(axis=1).min() > 0.99
    assert (fit(data, novelty_score="both").predict(bare) == -1).all()


@pytest.mark.parametrize("model", [MODEL, KNeighborsClassifier(1)])
def test_correlation_checks_spectra_as_predict_does(model, minerals, new):
    """It asks the classifier nothing, which would check them."""
    names = [str(at) for at in 400.0 + np.arange(new.X.shape[1])]
    train = type(minerals)(**{**minerals, "X": pd.DataFrame(minerals.X, columns=names)})
    detector = fit(train, model, novelty_score="correlation", cv=2)
    X = pd.DataFrame(new.X.copy(), columns=names)
    for wrong in (X.set_axis([f"1{name}" for name in names], axis=1), X.iloc[:, 1:]):
        with pytest.raises(ValueError, match="cm-1|names|features"):
            detector.predict(wrong)
    X.iloc[2, 7] = np.nan
    with pytest.raises(ValueError, match=r"NaN or infinity in 1 of .*row 2"):
        detector.predict(X)


@pytest.mark.parametrize("step", [StandardScaler(copy=False), SNV()])
def test_spectra_are_only_read(step, minerals, new):
    """Also where a step works in place."""
    data = type(minerals)(**{**minerals, "X": minerals.X.copy()})
    detector = fit(data, make_pipeline(step, MODEL), cv=2)
    X = new.X.copy()
    for _ in range(2):
        detector.predict(X)
        np.testing.assert_array_equal(X, new.X)


def test_neither_unit_nor_precision_matters(minerals, new):
    for model in (MODEL, KNeighborsClassifier(1)):
        detector = fit(minerals, model, cv=2)
        large = type(minerals)(**{**minerals, "X": np.ldexp(minerals.X, 1000)})
        found = fit(large, model, cv=2).score_samples(np.ldexp(new.X, 1000))
        np.testing.assert_allclose(found, detector.score_samples(new.X), rtol=1e-9)
    half = new.X.astype(np.float16)
    expected = detector.score_samples(half.astype(float))
    np.testing.assert_array_equal(detector.score_samples(half), expected)


@pytest.mark.parametrize("kind", ["relative_mahalanobis", "correlation"])
@pytest.mark.parametrize("unit", ["spectrum", "group"])
def test_p_values_by_hand(kind, unit, minerals, new, folds):
    """The share of held-out spectra (or groups) as strange; the new one counts."""
    held_out = np.zeros(45)
    for train, held in folds:
        part = type(minerals)(**{key: minerals[key][train] for key in minerals})
        held_out[held] = fit(part, novelty_score=kind).score_samples(minerals.X[held])
    detector = fit(minerals, novelty_score=kind, cv=folds, unit=unit)
    scores = detector.score_samples(new.X)
    as_strange = held_out[:, None] <= scores + 1e-12
    if unit == "group":
        as_strange = as_strange.reshape(15, 3, -1).mean(axis=1)
    expected = (as_strange.sum(axis=0) + 1) / (len(as_strange) + 1)
    np.testing.assert_allclose(detector.p_value(new.X), expected, atol=1e-9)


@pytest.mark.parametrize(
    "kind", ["auto", "relative_mahalanobis", "correlation", "both"]
)
def test_what_is_found(kind, minerals, new):
    """Noise and a line with one spike, and what the outlier API says of them."""
    rng = np.random.default_rng(0)
    noise, spike = rng.normal(0, 3, (10, 30)), 100 * np.eye(30)[::3]
    strange = np.concatenate([noise, spike])
    detector = fit(minerals, novelty_score=kind)
    known, unknown = detector.score_samples(new.X), detector.score_samples(strange)
    assert roc_auc_score(np.repeat([1, 0], [45, 20]), np.r_[known, unknown]) > 0.99
    assert (detector.predict(strange) == -1).mean() > 0.9
    assert (detector.predict(new.X) == -1).mean() < 0.25
    for X in (new.X, strange, minerals.X):
        decision, found = detector.decision_function(X), detector.predict(X)
        np.testing.assert_array_equal(
            decision, detector.score_samples(X) - detector.offset_
        )
        np.testing.assert_array_equal(found, np.where(decision < 0, -1, 1))
        np.testing.assert_array_equal(found == -1, detector.p_value(X) <= 0.1)


@pytest.mark.parametrize("scale", [1, 1e-200, 1e200])
@pytest.mark.parametrize("background", [0, 1e4])
def test_a_bound_decides_as_the_score_does(background, scale, minerals, new):
    """Most spectra are known by a bound of the score, with one product."""
    slope = background * np.linspace(0, 1, 30)
    X = scale * (minerals.X + slope)
    detector = fit(type(minerals)(**{**minerals, "X": X}), cv=3)
    rng = np.random.default_rng(0)
    mixed = rng.uniform(-1, 1, (60, 45)) * rng.uniform(size=(60, 1)) ** 4
    half_known = new.X[:, ::-1] * rng.uniform(0, 1, (45, 1)) + new.X
    known = np.concatenate([new.X, -new.X, mixed @ minerals.X, half_known])
    Z = scale * (known + slope)
    found = detector.predict(Z)
    np.testing.assert_array_equal(found == -1, detector.decision_function(Z) < 0)
    assert 0 < (found == 1).sum() < len(Z)
    if scale == 1:
        single = Z.astype(np.float32)
        expected = detector.decision_function(single) < 0
        np.testing.assert_array_equal(detector.predict(single) == -1, expected)
    np.testing.assert_array_equal(detector.predict(Z[:1]), found[:1])


def test_constant_spectra_are_strange(minerals):
    for kind in ("correlation", "both"):
        detector = fit(minerals, novelty_score=kind)
        flat = np.array([np.zeros(30), np.full(30, 0.1), np.full(30, 1e9)])
        assert (detector.predict(flat) == -1).all()


def test_a_distance_needs_an_embedding(minerals):
    with pytest.raises(TypeError, match='KNeighborsClassifier does not tell.*"auto"'):
        fit(minerals, KNeighborsClassifier(), novelty_score="relative_mahalanobis")


def test_a_class_of_one_group_and_too_few_spectra(minerals):
    kept = (minerals.y != "zircon") | (minerals.groups == minerals.groups[-1])
    data = type(minerals)(**{key: minerals[key][kept] for key in minerals})
    with pytest.warns(UserWarning, match="too few held-out spectra.*rate=0.01"):
        detector = fit(data, false_alarm_rate=0.01)
    assert detector.offset_ == -np.inf
    assert (detector.n_calibrated_, detector.n_calibrated_classes_) == (30, 2)
    assert detector.smallest_p_value_ == pytest.approx(1 / 31)
    assert (detector.predict(100 * np.eye(30)) == 1).all()
    by_group = fit(minerals, unit="group", cv=15)  # 15 groups, at a rate of a tenth
    assert by_group.smallest_p_value_ == pytest.approx(1 / 16)


def test_just_enough_spectra_for_the_rate(minerals, recwarn):
    """What is stranger than all 39 known spectra has the p-value 1 / 40."""
    first = type(minerals)(**{key: minerals[key][:39] for key in minerals})
    detector = fit(first, false_alarm_rate=0.025)
    assert detector.n_calibrated_ == 39 and not recwarn.list
    assert detector.smallest_p_value_ == detector.false_alarm_rate
    assert np.isfinite(detector.offset_)
    assert (detector.predict(100 * np.eye(30)) == -1).all()


def test_groups_are_asked_for(minerals):
    with pytest.raises(ValueError, match="needs groups.*grouped=False"):
        SpectralNoveltyDetector().fit(minerals.X, minerals.y)


def test_a_network_in_a_pipeline(minerals, new):
    """Averages of feature maps are never negative: their roots are compared."""
    net = GAPCNNClassifier(n_filters=(4, 4, 4), max_epochs=2, random_state=0)
    model = make_pipeline(SNV(), net)
    detector = fit(minerals, model, cv=2, novelty_score="relative_mahalanobis")
    assert np.isfinite(detector.score_samples(new.X)).all()
    assert (detector.predict(minerals.X) == 1).mean() > 0.8
