"""Noise and bands of spectra that are known."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.over_sampling._spectroscopic import (
    band_distances,
    find_bands,
    measure_bands,
    noise_level,
    noise_ratio,
)

POINTS = np.arange(300.0)
CENTRES = np.array([60.3, 150.0, 240.6])


def lines(positions, heights, fwhm=12.0):
    """Sums of Lorentzian lines on `POINTS`, one spectrum for each row."""
    distance = (POINTS - np.asarray(positions)[..., None]) / (fwhm / 2)
    return (np.asarray(heights)[..., None] / (1 + distance**2)).sum(axis=-2)


def test_noise_level_is_proportional_and_blind_to_lines(rng):
    noise = rng.normal(size=(200, 300))
    spectra = 30 * lines(CENTRES, [1, 0.5, 0.8]) + noise
    spiked = spectra.copy()
    spiked[:, [20, 200]] += 1000
    plain = np.median(noise_level(noise))
    assert np.median(noise_level(spectra)) == pytest.approx(plain, rel=0.06)
    assert np.median(noise_level(spiked)) == pytest.approx(plain, rel=0.12)
    assert np.median(noise_level(3 * noise)) == pytest.approx(3 * plain)
    # What is left of white noise: one minus the centre weight, 7/21, of its variance.
    assert plain == pytest.approx(np.sqrt(2 / 3), rel=0.05)


def test_ratio_without_noise():
    assert np.isnan(noise_ratio(np.zeros(5), np.zeros(5)))
    assert noise_ratio(np.ones(5), np.zeros(5)) == np.inf
    assert noise_ratio(np.zeros(5), np.ones(5)) == 0


def test_bands_of_the_simulator_are_found():
    axis = np.arange(400.0, 1000.0, 2.0)
    X, _, truth = make_raman_spectra(
        50,
        n_classes=1,
        n_peaks=3,
        wavenumbers=axis,
        spike_rate=0,
        return_truth=True,
        random_state=2,
    )
    found = axis[find_bands(X.mean(axis=0)).points]
    strongest = truth.class_positions[0][np.argmax(truth.class_heights[0])]
    assert np.abs(found - strongest).min() <= 3
    # Each found one is a line (not each line is found: some overlap).
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
    positions = CENTRES + rng.normal(0, 1.5, size=(40, 3))
    heights = [1.0, 0.5, 0.8] * np.exp(rng.normal(0, 0.2, size=(40, 3)))
    spectra = lines(positions, heights) + 0.001 * POINTS
    bands = find_bands(lines(CENTRES, [1.0, 0.5, 0.8]))
    np.testing.assert_allclose(bands.points, CENTRES, atol=0.6)
    found, height = measure_bands(spectra, bands)
    np.testing.assert_allclose(found, positions, atol=0.25)
    # Heights over the surroundings keep their ratios from spectrum to spectrum.
    share = height / heights
    assert (share.std(axis=0) / share.mean(axis=0)).max() < 0.1


def test_missing_band_has_the_smallest_height():
    bands = find_bands(lines(CENTRES, [1.0, 0.5, 0.8]))
    _, height = measure_bands(lines(CENTRES[None, :2], [[1.0, 0.5]]), bands)
    assert height[0, 2] == bands.floor[2]
    assert (height[0, :2] > bands.floor[:2]).all()


@pytest.mark.parametrize("axis", [POINTS, 3 * POINTS + 100, 1000 - 2 * POINTS])
def test_distances_are_those_of_scipy_in_units_of_the_axis(rng, axis):
    bands = find_bands(lines(CENTRES, [1.0, 0.5, 0.8]))
    sets = [
        lines(CENTRES + rng.normal(0, 1, (30, 3)), rng.uniform(0.5, 1, (30, 3)))
        for _ in range(2)
    ]
    measured = [measure_bands(X, bands) for X in sets]
    found = band_distances(*measured, axis)
    step = abs(axis[1] - axis[0])
    (first, _), (second, _) = measured
    expected = [wasserstein_distance(first[:, i], second[:, i]) for i in range(3)]
    assert found["peak_position"] == pytest.approx(step * np.mean(expected))


def test_intensity_ratios_do_not_see_a_common_factor(rng):
    bands = find_bands(lines(CENTRES, [1.0, 0.5, 0.8]))
    X = lines(CENTRES + np.zeros((20, 1)), rng.uniform(0.5, 1, (20, 3)))
    real = measure_bands(X, bands)
    brighter = measure_bands(7 * X, bands)
    assert band_distances(brighter, real, POINTS)["intensity_ratio"] == pytest.approx(0)
    positions, heights = real
    higher = positions, heights * [np.e, 1, 1]  # CLR moves by 2/3, 1/3, 1/3
    moved = band_distances(higher, real, POINTS)["intensity_ratio"]
    assert moved == pytest.approx(4 / 9)
