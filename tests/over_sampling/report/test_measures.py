"""Measures, against brute force, scipy, scikit-learn and spectra that are known."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.over_sampling.report._measures import (
    band_distances,
    distances_between,
    find_bands,
    forest_accuracy,
    frechet_distance,
    kmeans_index,
    manifold_scores,
    measure_bands,
    memorization_scores,
    neighborhood_size,
    noise_ratio,
    one_nn_accuracy,
    pooled_scores,
)

IS_SECOND = np.arange(40) >= 20
POINTS = np.arange(300.0)
CENTERS = np.array([60.3, 150.0, 240.6])


def spectra_of(positions, heights, fwhm=12.0):
    """Sums of Lorentzian bands on `POINTS`, one spectrum per row."""
    distance = (POINTS - np.asarray(positions)[..., None]) / (fwhm / 2)
    return (np.asarray(heights)[..., None] / (1 + distance**2)).sum(axis=-2)


def test_ratio_without_noise():
    assert np.isnan(noise_ratio(np.zeros(5), np.zeros(5)))
    assert noise_ratio(np.ones(5), np.zeros(5)) == np.inf
    assert noise_ratio(np.zeros(5), np.ones(5)) == 0


def test_bands_of_the_simulator_are_found():
    axis = np.arange(400.0, 1000.0, 2.0)
    X, _, truth = make_raman_spectra(
        50,
        n_classes=1,
        n_bands=3,
        wavenumbers=axis,
        spike_rate=0,
        return_truth=True,
        random_state=2,
    )
    found = axis[find_bands(X.mean(axis=0)).points]
    strongest = truth.class_positions[0][np.argmax(truth.class_heights[0])]
    assert np.abs(found - strongest).min() <= 3
    # Each of them is a band (not every band is found: some overlap).
    gaps = np.abs(found[:, None] - truth.class_positions[0])
    assert gaps.min(axis=1).max() <= 3


@pytest.mark.parametrize("n_points", [7, 60, 300])
def test_no_bands_in_noise_or_nothing(rng, n_points):
    assert len(find_bands(np.zeros(n_points)).points) == 0
    flat = np.zeros((6, n_points))
    assert measure_bands(flat, find_bands(flat[0]))[0].shape == (6, 0)
    found = [len(find_bands(rng.normal(size=n_points)).points) for _ in range(100)]
    assert np.mean(found) < 0.2


def test_positions_and_heights_of_known_lines(rng):
    positions = CENTERS + rng.normal(0, 1.5, size=(40, 3))
    heights = [1.0, 0.5, 0.8] * np.exp(rng.normal(0, 0.2, size=(40, 3)))
    spectra = spectra_of(positions, heights) + 0.001 * POINTS
    bands = find_bands(spectra_of(CENTERS, [1.0, 0.5, 0.8]))
    np.testing.assert_allclose(bands.points, CENTERS, atol=0.6)
    found, height = measure_bands(spectra, bands)
    np.testing.assert_allclose(found, positions, atol=0.25)
    # Heights over the surroundings keep their ratios from spectrum to spectrum.
    share = height / heights
    assert (share.std(axis=0) / share.mean(axis=0)).max() < 0.1


def test_missing_band_has_the_smallest_height():
    bands = find_bands(spectra_of(CENTERS, [1.0, 0.5, 0.8]))
    _, height = measure_bands(spectra_of(CENTERS[None, :2], [[1.0, 0.5]]), bands)
    assert height[0, 2] == bands.floor[2]
    assert (height[0, :2] > bands.floor[:2]).all()


@pytest.mark.parametrize("axis", [POINTS, 3 * POINTS + 100, 1000 - 2 * POINTS])
def test_distances_are_those_of_scipy_in_units_of_the_axis(rng, axis):
    bands = find_bands(spectra_of(CENTERS, [1.0, 0.5, 0.8]))
    sets = [
        spectra_of(CENTERS + rng.normal(0, 1, (30, 3)), rng.uniform(0.5, 1, (30, 3)))
        for _ in range(2)
    ]
    measured = [measure_bands(X, bands) for X in sets]
    found = band_distances(*measured, axis)
    step = abs(axis[1] - axis[0])
    (first, _), (second, _) = measured
    expected = [wasserstein_distance(first[:, i], second[:, i]) for i in range(3)]
    assert found["band_position"] == pytest.approx(step * np.mean(expected))


def test_intensity_ratios_do_not_see_a_common_factor(rng):
    bands = find_bands(spectra_of(CENTERS, [1.0, 0.5, 0.8]))
    X = spectra_of(CENTERS + np.zeros((20, 1)), rng.uniform(0.5, 1, (20, 3)))
    real = measure_bands(X, bands)
    brighter = measure_bands(7 * X, bands)
    assert band_distances(brighter, real, POINTS)["intensity_ratio"] == pytest.approx(0)
    positions, heights = real
    higher = positions, heights * [np.e, 1, 1]  # CLR moves by 2/3, 1/3, 1/3
    moved = band_distances(higher, real, POINTS)["intensity_ratio"]
    assert moved == pytest.approx(4 / 9)


def test_distances_equal_scipy_and_are_zero_between_equal_rows(rng):
    first, second = rng.normal(size=(2, 15, 40))
    second[3] = first[7]
    found = distances_between(first, second)
    np.testing.assert_allclose(found, cdist(first, second), atol=1e-7)
    assert found[7, 3] == 0
    assert (np.diag(distances_between(first, first)) == 0).all()


@pytest.mark.parametrize("k", [1, 3])
def test_manifold_scores_by_counting(rng, k):
    """The definitions, one pair of spectra at a time."""
    real, synthetic = rng.normal(size=(12, 2)), rng.normal(0.7, 0.8, size=(9, 2))

    def inside(point, center, others):
        distances = sorted(np.linalg.norm(others - center, axis=1))
        return np.linalg.norm(point - center) <= distances[k]

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
def test_neighborhood_stays_below_half(n_spectra):
    assert 1 <= neighborhood_size(n_spectra) <= min(5, n_spectra / 2)


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
    found = memorization_scores(some, held_out)
    assert found["nn_distance_ratio"] > 0.85
    assert found["near_copies"] == 0.3
    assert memorization_scores(np.zeros(9), held_out)["nn_distance_ratio"] == 0
    assert np.isnan(list(memorization_scores(some, np.zeros(9)).values())).all()


@pytest.mark.parametrize("shift", [0.0, 0.5, 3.0])
def test_one_nn_equals_scikit_learn(rng, shift):
    X = rng.normal(size=(40, 6)) + shift * IS_SECOND[:, None]
    neighbor = KNeighborsClassifier(1)
    expected = cross_val_score(neighbor, X, IS_SECOND, cv=LeaveOneOut()).mean()
    assert one_nn_accuracy(cdist(X, X), IS_SECOND) == pytest.approx(expected)


def test_one_nn_shares_the_vote_of_equal_neighbors():
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
