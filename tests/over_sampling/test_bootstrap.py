"""The statistical model: components, shared and borrowed variation."""

import numpy as np
import pytest

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.over_sampling._bootstrap import (
    Bootstrap,
    shared_coefficients,
    shared_curves,
)
from sklearn_raman.over_sampling._noise import white_noise_level

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
    """What is learnt on one class is applied to the bands of the other."""
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
