"""Noise of spectra: its level, a filter that takes it away, and new noise."""

import numpy as np
import pytest
from scipy.fft import dct
from scipy.stats import skew

from sklearn_raman.over_sampling._noise import (
    balanced_rows,
    block_weights,
    noise_level,
    resample_residuals,
    white_noise_level,
    wiener_filter,
)

N_POINTS = 400


@pytest.fixture
def rng():
    return np.random.RandomState(0)


def band(center, width=6.0):
    return np.exp(-0.5 * ((np.arange(N_POINTS) - center) / width) ** 2)


@pytest.mark.parametrize(("n", "size"), [(0, 3), (1, 5), (5, 5), (12, 5), (4, 7)])
def test_rows_are_drawn_equally_often(n, size, rng):
    counts = np.bincount(balanced_rows(size, n, rng), minlength=size)
    assert counts.sum() == n and np.ptp(counts) <= 1


def test_noise_level_is_proportional_and_ignores_bands_and_spikes():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(200, N_POINTS))
    spectra = 30 * (band(80) + 0.5 * band(200) + 0.8 * band(320)) + noise
    spiked = spectra.copy()
    spiked[:, [20, 260]] += 1000
    plain = np.median(noise_level(noise))
    assert np.median(noise_level(spectra)) == pytest.approx(plain, rel=0.06)
    assert np.median(noise_level(spiked)) == pytest.approx(plain, rel=0.12)
    assert np.median(noise_level(3 * noise)) == pytest.approx(3 * plain)
    # What is left of white noise: one minus the center weight, 7/21, of its variance.
    assert plain == pytest.approx(np.sqrt(2 / 3), rel=0.05)


def test_noise_level_of_white_noise(rng):
    levels = np.array([0.1, 1.0, 5.0])
    noise = levels[:, None] * rng.standard_normal((3, 20000))
    np.testing.assert_allclose(white_noise_level(noise), levels, rtol=0.05)


def test_short_spectra_have_no_noise_level(rng):
    assert (white_noise_level(rng.standard_normal((3, 6))) == 0).all()


def test_filter_takes_noise_and_leaves_bands(rng):
    clean = band(100) + 0.5 * band(250, 10)
    noisy = clean + 0.1 * rng.standard_normal((40, N_POINTS))
    filtered, gain = wiener_filter(noisy, 0.01)
    error, before = np.std(filtered - clean), np.std(noisy - clean)
    assert error < 0.4 * before
    assert gain.min() >= 0 and gain.max() <= 1
    bias = (filtered - clean).mean(axis=0)
    assert np.abs(bias).max() < 0.1


def test_filter_without_noise_changes_nothing(rng):
    curves = rng.standard_normal((3, 50))
    np.testing.assert_allclose(wiener_filter(curves, 0.0)[0], curves, atol=1e-12)


def test_filter_does_not_see_a_background(rng):
    noisy = band(100) + 0.1 * rng.standard_normal((5, N_POINTS))
    filtered, gain = wiener_filter(noisy, 0.01)
    above, same_gain = wiener_filter(noisy + 1e6, 0.01)
    np.testing.assert_allclose(above - 1e6, filtered, atol=1e-6)
    np.testing.assert_allclose(same_gain, gain, atol=1e-6)


def test_filter_of_zeros_is_zero():
    assert (wiener_filter(np.zeros((2, 30)), 1.0)[0] == 0).all()


@pytest.mark.parametrize("n_points", [1, 7, 20, 31, 1000])
def test_block_weights_keep_variance(n_points):
    weights = block_weights(n_points)
    np.testing.assert_allclose((weights**2).sum(axis=0), 1.0)


def test_new_noise_has_local_level_and_color_of_the_residuals(rng):
    white = rng.standard_normal((200, N_POINTS + 2))
    colored = (white[:, 2:] + white[:, 1:-1] + white[:, :-2]) / np.sqrt(3)
    envelope = 1 + 2 * band(200, 60)
    residuals = envelope * colored
    drawn = resample_residuals(residuals, 4000, rng)
    np.testing.assert_allclose(drawn.std(axis=0), residuals.std(axis=0), rtol=0.15)
    power = (dct(drawn / envelope, norm="ortho", axis=1) ** 2).mean(axis=0)
    wanted = (dct(colored, norm="ortho", axis=1) ** 2).mean(axis=0)
    for part in np.array_split(np.arange(N_POINTS), 8):
        assert power[part].mean() == pytest.approx(wanted[part].mean(), abs=0.15)


def test_new_noise_keeps_the_skewness_of_the_residuals(rng):
    """What a model leaves of bands that move has a preferred sign."""
    residuals = rng.exponential(size=(100, N_POINTS)) - 1.0
    drawn = resample_residuals(residuals, 1000, rng)
    centers = block_weights(N_POINTS).max(axis=0) > 0.99  # hardly any other block
    wanted = skew(residuals[:, centers], axis=None)
    assert wanted > 1
    assert skew(drawn[:, centers], axis=None) == pytest.approx(wanted, rel=0.15)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_noise_of_few_residuals_varies(size, rng):
    residuals = rng.standard_normal((size, N_POINTS))
    drawn = resample_residuals(residuals, 400, rng)
    assert np.abs(drawn.mean(axis=0)).max() < 0.5
    np.testing.assert_allclose((drawn**2).mean(), (residuals**2).mean(), rtol=0.1)
    # Half of it is in many directions (with blocks of 40 points, in 5 at most of 10).
    variances = np.linalg.svd(drawn, compute_uv=False) ** 2
    assert np.searchsorted(variances.cumsum() / variances.sum(), 0.5) > 10


def test_new_noise_copies_no_residual(rng):
    residuals = rng.standard_normal((10, N_POINTS))
    drawn = resample_residuals(residuals, 50, rng)
    similarity = np.corrcoef(np.vstack([residuals, drawn]))[10:, :10]
    assert np.abs(similarity).max() < 0.6
