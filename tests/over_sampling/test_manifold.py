"""Distances, balls and Gaussians, against brute force and scipy."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

from sklearn_raman.over_sampling._manifold import (
    frechet_distance,
    manifold_scores,
    memorisation_scores,
    neighbourhood_size,
    pairwise_distances,
)


def test_distances_equal_scipy_and_are_zero_between_equal_rows(rng):
    first, second = rng.normal(size=(2, 15, 40))
    second[3] = first[7]
    found = pairwise_distances(first, second)
    np.testing.assert_allclose(found, cdist(first, second), atol=1e-7)
    assert found[7, 3] == 0
    assert (np.diag(pairwise_distances(first, first)) == 0).all()


@pytest.mark.parametrize("k", [1, 3])
def test_manifold_scores_by_counting(rng, k):
    """The definitions, one pair of spectra at a time."""
    real, synthetic = rng.normal(size=(12, 2)), rng.normal(0.7, 0.8, size=(9, 2))

    def inside(point, centre, others):
        distances = sorted(np.linalg.norm(others - centre, axis=1))
        return np.linalg.norm(point - centre) <= distances[k]

    in_real = [[inside(s, r, real) for r in real] for s in synthetic]
    in_synthetic = [[inside(r, s, synthetic) for s in synthetic] for r in real]
    expected = {
        "precision": np.mean([any(row) for row in in_real]),
        "recall": np.mean([any(row) for row in in_synthetic]),
        "density": np.sum(in_real) / (k * len(synthetic)),
        "coverage": np.mean([any(column) for column in zip(*in_real, strict=True)]),
    }
    found = manifold_scores(
        cdist(real, real), cdist(synthetic, synthetic), cdist(real, synthetic), k
    )
    assert found == pytest.approx(expected)
    assert 0 < found["recall"] < 1


def test_one_mode_has_precision_but_no_recall(rng):
    real = rng.normal(size=(50, 3))
    collapsed = real[:1] + 1e-3 * rng.normal(size=(50, 3))
    found = manifold_scores(
        cdist(real, real), cdist(collapsed, collapsed), cdist(real, collapsed), 5
    )
    assert found["precision"] == 1
    assert found["recall"] < 0.05
    assert found["coverage"] < 0.5


@pytest.mark.parametrize("n_spectra", range(5, 30))
def test_neighbourhood_stays_below_half(n_spectra):
    assert 1 <= neighbourhood_size(n_spectra) <= min(5, n_spectra / 2)


def test_frechet_equals_scipy(rng):
    first = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5))
    second = rng.normal(size=(40, 5)) @ rng.normal(size=(5, 5)) + 1
    a, b = np.cov(first.T), np.cov(second.T)
    shift = first.mean(axis=0) - second.mean(axis=0)
    expected = shift @ shift + np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    assert frechet_distance(first, second) == pytest.approx(expected)
    assert frechet_distance(second, first) == pytest.approx(expected)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-6)


def test_frechet_of_shifted_copies_is_the_squared_shift(rng):
    """Also where there are fewer spectra than scores, and with one score."""
    for shape in ((4, 8), (30, 1)):
        X = rng.normal(size=shape)
        distance = frechet_distance(X, X + 2.0)
        assert distance == pytest.approx(4.0 * shape[1], abs=1e-6)


def test_a_few_copies_move_the_share_and_not_the_median(rng):
    held_out = rng.uniform(0.9, 1.1, 100)
    some = np.r_[np.zeros(30), rng.uniform(0.9, 1.1, 70)]
    found = memorisation_scores(some, held_out)
    assert found["nn_distance_ratio"] > 0.85
    assert found["near_copies"] == 0.3
    assert memorisation_scores(np.zeros(9), held_out)["nn_distance_ratio"] == 0
    assert np.isnan(list(memorisation_scores(some, np.zeros(9)).values())).all()
