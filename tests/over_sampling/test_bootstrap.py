"""The statistical model: components, shared variation, noise and its filter."""

import numpy as np
import pytest
from scipy.fft import dct
from scipy.stats import skew

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.over_sampling._bootstrap import (
    Bootstrap,
    block_weights,
    noise_level,
    resample_residuals,
    shared_coefficients,
    shared_curves,
    white_noise_level,
    wiener_filter,
)

N_POINTS = 400


@pytest.fixture
def rng():
    return np.random.RandomState(0)


@pytest.fixture(scope="module")
def simulated():
    """60 and 4 spectra of two classes, without spikes."""
    X, y = make_raman_spectra(
        64,
        weights=[60 / 64, 4 / 64],
        wavenumbers=(400, 1198, 2),
        spike_rate=0,
        random_state=3,
    )
    return X, y


def band(center, width=6.0):
    return np.exp(-0.5 * ((np.arange(N_POINTS) - center) / width) ** 2)


def test_shared_variation_is_found_again():
    mean = band(80) + 0.6 * band(300)
    slope = np.gradient(mean)
    changed = np.stack([0.2 * mean, 0.05 * np.ones(N_POINTS), -0.4 * slope])
    found = shared_coefficients(changed, mean) @ shared_curves(mean)
    assert np.abs(found - changed).max() < 0.02


def test_shared_variation_moves_with_the_bands():
    """What is learned on one class is applied to the bands of the other."""
    mean, other = band(80), band(300)
    coefficients = shared_coefficients(0.3 * mean[None], mean)
    applied = (coefficients @ shared_curves(other))[0]
    assert abs(np.argmax(np.abs(applied)) - 300) <= 3
    assert abs(applied[80]) < 0.02
    assert applied[300] == pytest.approx(0.3, abs=0.05)


def test_flat_class_lends_nothing():
    zero = np.zeros(50)
    assert (shared_coefficients(np.ones((2, 50)), zero) == 0).all()


def draw(start, code, n, rng):
    codes = np.full(n, code)
    scores, offset = start.draw(codes, rng)
    structure = np.einsum("nk,nkp->np", scores, start.loadings()[codes])
    return start.means()[codes] + structure + offset


def test_start_has_mean_variance_and_noise_of_the_spectra(simulated, rng):
    X, y = simulated
    X, y = X[y == 0], y[y == 0]
    start = Bootstrap(X, y, n_components=15, noise=True)
    drawn = draw(start, 0, 2000, rng)
    error = X.std(axis=0) / np.sqrt(len(X))
    assert (np.abs(drawn.mean(axis=0) - X.mean(axis=0)) < 2 * error).mean() > 0.95
    np.testing.assert_allclose(drawn.std(axis=0).mean(), X.std(axis=0).mean(), rtol=0.1)
    ratio = np.median(white_noise_level(drawn)) / np.median(white_noise_level(X))
    assert 0.9 < ratio < 1.1


@pytest.mark.parametrize(("n", "size"), [(1, 5), (5, 5), (12, 5), (3, 1), (4, 7)])
def test_real_spectra_are_parents_equally_often(n, size, rng):
    """A draw of as many as there are real spectra has one child of each."""
    X = band(80) * rng.uniform(0.5, 2, (size, 1)) + band(200) * rng.uniform(
        0.5, 2, (size, 1)
    )
    own = Bootstrap(X, np.zeros(size, dtype=int), n_components=2, noise=False)
    parents = own.classes[0].draw_scores(n, rng)[1]
    counts = np.bincount(parents, minlength=size)
    assert counts.sum() == n and np.ptp(counts) <= 1


def test_start_without_noise_is_smooth(simulated, rng):
    X, y = simulated
    start = Bootstrap(X, y, n_components=15, noise=False)
    drawn = draw(start, 0, 50, rng)
    assert np.median(white_noise_level(drawn)) < 0.3 * np.median(white_noise_level(X))


def test_components_are_those_above_the_noise(rng):
    shapes = np.stack([band(60), band(150), band(240)])
    scores = rng.standard_normal((50, 3)) * [3.0, 2.0, 1.0]
    X = scores @ shapes + 0.1 * rng.standard_normal((50, N_POINTS))
    start = Bootstrap(X, np.zeros(50, dtype=int), n_components=15, noise=True)
    assert start.classes[0].loadings.shape == (3, N_POINTS)
    limited = Bootstrap(X, np.zeros(50, dtype=int), n_components=2, noise=True)
    assert limited.classes[0].loadings.shape == (2, N_POINTS)


def test_small_class_borrows_gain_but_no_bands(rng):
    """Class 0 varies in gain and has a band of its own that comes and goes."""
    gain = 1 + 0.3 * rng.standard_normal((60, 1))
    own = rng.uniform(0, 1, (60, 1))
    large = gain * band(80) + own * band(200)
    single = band(320)
    X = np.vstack([large, single]) + 0.01 * rng.standard_normal((61, N_POINTS))
    codes = np.r_[np.zeros(60, dtype=int), 1]
    start = Bootstrap(X, codes, n_components=10, noise=True)
    drawn = draw(start, 1, 300, rng)
    heights = drawn[:, 320]
    assert 0.1 < heights.std() < 0.5
    foreign = drawn[:, 200].std() / draw(start, 0, 300, rng)[:, 200].std()
    assert foreign < 0.35


def test_large_class_borrows_nothing(simulated):
    X, y = simulated
    start = Bootstrap(X, y, n_components=5, noise=True)
    assert len(start._lent_to(0)) == 0
    assert len(start._lent_to(1)) == 60


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
