"""Stability over fits: identical, opposite and missing classes."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import ExplanationSummary, map_stability


def test_is_the_mean_of_pairs(rng):
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


def test_extremes(rng):
    means = rng.normal(size=(2, 30))
    np.testing.assert_allclose(
        map_stability([means, 3 * means + 1])["mean_correlation"], 1
    )
    np.testing.assert_allclose(map_stability([means, -means])["min_correlation"], -1)


def test_summaries_and_coefficients(frame, labels):
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
        ([np.ones((2, 9)), np.ones((2, 8))], "9 and|8 and"),
        ([np.ones((2, 9)), np.full((2, 9), np.nan)], "Fit 1 contains NaN"),
    ],
)
def test_refuses(fits, message):
    with pytest.raises(ValueError, match=message):
        map_stability(fits)
