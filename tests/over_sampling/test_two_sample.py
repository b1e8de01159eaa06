"""Two-sample tests, against other implementations and sets with a known answer."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from sklearn_raman.over_sampling._two_sample import (
    forest_accuracy,
    kmeans_index,
    one_nn_accuracy,
    pooled_scores,
)

IS_SECOND = np.arange(40) >= 20


@pytest.mark.parametrize("shift", [0.0, 0.5, 3.0])
def test_one_nn_equals_scikit_learn(rng, shift):
    X = rng.normal(size=(40, 6)) + shift * IS_SECOND[:, None]
    neighbour = KNeighborsClassifier(1)
    expected = cross_val_score(neighbour, X, IS_SECOND, cv=LeaveOneOut()).mean()
    assert one_nn_accuracy(cdist(X, X), IS_SECOND) == pytest.approx(expected)


def test_one_nn_shares_the_vote_of_equal_neighbours():
    """All spectra equal: nothing can be told, in whatever order they come."""
    accuracy = one_nn_accuracy(np.zeros((40, 40)), IS_SECOND)
    assert accuracy == pytest.approx(19 / 39)
    assert one_nn_accuracy(np.zeros((40, 40)), ~IS_SECOND) == pytest.approx(accuracy)


def test_far_sets_are_told_and_equal_ones_are_not(rng):
    first, second = rng.normal(size=(2, 20, 30))
    for shift, lowest, highest in ((0.0, 0.2, 0.8), (4.0, 1.0, 1.0)):
        scores = pooled_scores(first, second + shift)
        assert lowest <= forest_accuracy(scores, IS_SECOND, seed=0) <= highest
    assert kmeans_index(scores, IS_SECOND, seed=0) == 1.0
    assert kmeans_index(pooled_scores(first, second), IS_SECOND, seed=0) < 0.2


def test_kmeans_of_one_point_finds_nothing():
    assert kmeans_index(np.zeros((40, 3)), IS_SECOND, seed=0) == 0.0


def test_scores_treat_both_sets_alike(rng):
    first, second = rng.normal(size=(2, 20, 30))
    scores = pooled_scores(first, second)
    swapped = pooled_scores(second, first)
    np.testing.assert_allclose(
        np.abs(scores), np.abs(np.roll(swapped, 20, axis=0)), atol=1e-9
    )
    assert scores.shape == (40, 10)
    assert pooled_scores(first[:2], second[:2]).shape == (4, 3)
