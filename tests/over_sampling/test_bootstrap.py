"""SpectrumBootstrap: mean, variance, components, borrowed variation, parents."""

import numpy as np
import pytest
from scipy.stats import kurtosis

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.over_sampling import SpectrumBootstrap
from sklearn_raman.over_sampling._bootstrap import shared_coefficients, shared_curves
from sklearn_raman.over_sampling._noise import white_noise_level

N_POINTS = 400


@pytest.fixture
def rng():
    return np.random.RandomState(0)


@pytest.fixture(scope="module")
def simulated():
    """60 and 4 spectra of two classes, without spikes."""
    return make_raman_spectra(
        64,
        weights=[60 / 64, 4 / 64],
        wavenumbers=(400, 1198, 2),
        spike_rate=0,
        random_state=3,
    )


def band(center, width=6.0):
    return np.exp(-0.5 * ((np.arange(N_POINTS) - center) / width) ** 2)


def fit(X, y, **params):
    """Fit; a flat class, which is never drawn, makes two of one class."""
    y = np.asarray(y)
    if len(np.unique(y)) == 1:
        X, y = np.vstack([X, np.ones((2, X.shape[1]))]), np.r_[y, [99, 99]]
    params = {"sampling_strategy": {y[0]: len(y)}, **params}
    return SpectrumBootstrap(**params).fit(X, y)


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


def test_mean_variance_and_noise_are_those_of_the_spectra(simulated):
    X, y = simulated
    drawn = fit(X, y).sample(2000, 0, random_state=0)
    X = X[y == 0]
    error = X.std(axis=0) / np.sqrt(len(X))
    assert (np.abs(drawn.mean(axis=0) - X.mean(axis=0)) < 2 * error).mean() > 0.95
    np.testing.assert_allclose(drawn.std(axis=0).mean(), X.std(axis=0).mean(), rtol=0.1)
    ratio = np.median(white_noise_level(drawn)) / np.median(white_noise_level(X))
    assert 0.9 < ratio < 1.1


def test_without_noise_spectra_are_smooth(simulated):
    X, y = simulated
    drawn = fit(X, y, noise=None).sample(50, 0, random_state=0)
    assert np.median(white_noise_level(drawn)) < 0.3 * np.median(white_noise_level(X))


def test_without_a_step_scores_are_repeated(rng):
    """One kind of variation, two states: a step fills the gap, none leaves it."""
    state = np.repeat([-1.0, 1.0], 20)[:, None]
    X = band(80) + 0.3 * state * band(200) + 0.001 * rng.standard_normal((40, N_POINTS))
    y = np.zeros(40, dtype=int)
    heights = {
        width: fit(X, y, bandwidth=width).sample(400, 0, random_state=0)[:, 200]
        for width in (0.0, 2.0)
    }
    assert np.ptp(np.abs(heights[0.0])) < 0.02
    assert kurtosis(heights[2.0]) > kurtosis(heights[0.0]) + 0.5
    for drawn in heights.values():  # the variance is that of the real ones
        np.testing.assert_allclose(drawn.std(), 0.3, rtol=0.1)


def test_components_are_those_above_the_noise(rng):
    shapes = np.stack([band(60), band(150), band(240)])
    scores = rng.standard_normal((50, 3)) * [3.0, 2.0, 1.0]
    X = scores @ shapes + 0.1 * rng.standard_normal((50, N_POINTS))
    y = np.zeros(50, dtype=int)
    assert fit(X, y).n_components_[0] == 3
    assert fit(X, y, n_components=2).n_components_[0] == 2


def test_small_class_borrows_gain_but_no_bands(rng):
    """Class 0 varies in gain and has a band of its own that comes and goes."""
    gain = 1 + 0.3 * rng.standard_normal((60, 1))
    own = rng.uniform(0, 1, (60, 1))
    large = gain * band(80) + own * band(200)
    single = band(320)
    X = np.vstack([large, single]) + 0.01 * rng.standard_normal((61, N_POINTS))
    y = np.r_[np.zeros(60, dtype=int), 1]
    sampler = fit(X, y)
    with pytest.warns(UserWarning, match="borrowed from larger classes, never bands"):
        drawn = sampler.sample(300, 1, random_state=0)
    assert 0.1 < drawn[:, 320].std() < 0.5
    of_large = sampler.sample(300, 0, random_state=0)
    assert drawn[:, 200].std() / of_large[:, 200].std() < 0.35


def test_class_of_six_borrows_nothing(rng):
    """A class that varies in gain lends it to three spectra, but not to six."""
    large = (1 + 0.5 * rng.standard_normal((40, 1))) * band(80)
    X = large + 0.001 * rng.standard_normal((40, N_POINTS))
    small = band(320) + 0.001 * rng.standard_normal((6, N_POINTS))
    spread = {}
    for size in (3, 6):
        y = np.repeat([0, 1], [40, size])
        sampler = fit(np.vstack([X, small[:size]]), y)
        spread[size] = sampler.sample(200, 1, random_state=0)[:, 320].std()
    assert spread[3] > 0.1 and spread[6] < 0.01
