"""What replaces points, and the scores that are watched."""

import numpy as np
import pytest
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from sklearn_raman.inspection._perturbation import (
    class_scores,
    local_baseline,
    log_odds,
    replacement,
)


def test_local_baseline_is_the_median_of_the_window(rng):
    X = rng.normal(size=(3, 40))
    found = local_baseline(X, 5)
    for point in range(2, 38):
        window = X[:, point - 2 : point + 3]
        np.testing.assert_array_equal(found[:, point], np.median(window, axis=1))


def test_local_baseline_keeps_a_slope_and_drops_a_line():
    points = np.arange(200.0)
    slope = 5 + 0.1 * points
    line = 50 / (1 + ((points - 100) / 2) ** 2)
    found = local_baseline((slope + line)[None])[0]
    # A Lorentzian has wide tails; a tenth of its height is what may be left of it.
    np.testing.assert_allclose(found[20:-20], slope[20:-20], atol=5)


def test_replacement_broadcasts(rng):
    X = rng.normal(size=(3, 8))
    for baseline in (0.5, np.full(8, 0.5), np.full((3, 8), 0.5)):
        np.testing.assert_array_equal(replacement(X, baseline), np.full((3, 8), 0.5))


@pytest.mark.parametrize(
    "baseline, window, message",
    [
        ("zero", None, 'must be "local", a number, or an array'),
        (np.zeros(7), None, "does not fit"),
        (np.nan, None, "NaN"),
        ("local", 9, "window == 9, must be <= 8"),
        ("local", 0, "window == 0"),
    ],
)
def test_replacement_refuses(baseline, window, message):
    with pytest.raises(ValueError, match=message):
        replacement(np.zeros((3, 8)), baseline, window)


def test_log_odds(rng):
    p = rng.dirichlet(np.ones(4), size=20)
    np.testing.assert_allclose(log_odds(p), logit(p))
    # 1 - p would be 0 here.
    sure = np.array([[1.0, 1e-30, 1e-40]])
    np.testing.assert_allclose(log_odds(sure)[0, 0], -np.log(1e-30))


def test_scores_of_every_kind(spectra, labels):
    model = LogisticRegression().fit(spectra / spectra.max(), labels)
    X = spectra / spectra.max()
    np.testing.assert_array_equal(
        class_scores(model, X, "prob"), model.predict_proba(X)
    )
    np.testing.assert_allclose(class_scores(model, X), logit(model.predict_proba(X)))
    two = LogisticRegression().fit(X[:8], labels[:8])
    decision = two.decision_function(X)
    expected = np.stack([-decision, decision], axis=1)
    np.testing.assert_array_equal(class_scores(two, X, "decision"), expected)
    np.testing.assert_allclose(class_scores(two, X, "logodds"), expected)


def test_scores_that_are_not_there(spectra, labels):
    knn = KNeighborsClassifier(1).fit(spectra, labels)
    with pytest.raises(ValueError, match="no decision_function"):
        class_scores(knn, spectra, "decision")
    with pytest.warns(UserWarning, match="exactly 0 or 1"):
        assert np.isfinite(class_scores(knn, spectra)).all()
    four = np.repeat(np.arange(4), 3)
    svm = SVC(decision_function_shape="ovo").fit(spectra, four)
    with pytest.raises(ValueError, match="no predict_proba"):
        class_scores(svm, spectra, "prob")
    with pytest.raises(ValueError, match="6 columns for 4 classes"):
        class_scores(svm, spectra, "auto")
    with pytest.raises(ValueError, match="score must be one of"):
        class_scores(svm, spectra, "margin")
