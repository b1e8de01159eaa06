"""Savitzky-Golay against scipy, Whittaker against the dense solution."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from sklearn_raman.preprocessing import SavitzkyGolay, WhittakerSmoother


@pytest.mark.parametrize("mode", ["interp", "mirror", "nearest"])
@pytest.mark.parametrize("deriv", [0, 1, 2])
@pytest.mark.parametrize("window_length", [6, 9])
def test_equals_scipy(mode, deriv, window_length, spectra):
    settings = {"window_length": window_length, "polyorder": 3, "deriv": deriv}
    found = SavitzkyGolay(**settings, mode=mode, delta=2.0).fit_transform(spectra)
    expected = savgol_filter(spectra, **settings, mode=mode, delta=2.0)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_defaults(spectra):
    found = SavitzkyGolay().fit_transform(spectra)
    np.testing.assert_allclose(found, savgol_filter(spectra, 11, 2), atol=1e-9)


def test_default_window_follows_short_spectra():
    with pytest.warns(UserWarning, match="window_length=4 instead of its default 11"):
        found = SavitzkyGolay().fit_transform([[1.0, 4.0, 9.0, 16.0]])
    np.testing.assert_allclose(found, [[1, 4, 9, 16]])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window_length": 11}, "spectra have 5 points, which allows at most 5"),
        ({"window_length": 3, "polyorder": 3}, "window has 3 points"),
        ({"window_length": 5, "polyorder": 1, "deriv": 2}, "zero everywhere"),
        ({"delta": 0.0}, "delta"),
    ],
)
def test_what_does_not_fit_raises(settings, message):
    with pytest.raises(ValueError, match=message):
        SavitzkyGolay(**settings).fit([[1.0, 2.0, 3.0, 4.0, 5.0]])


@pytest.mark.parametrize("diff_order", [1, 2, 3])
def test_cutoff_is_where_half_is_followed(diff_order):
    """A long wave with the period of the cutoff comes through at half its height."""
    axis = np.arange(0.0, 6000.0, 2.0)
    wave = np.cos(2 * np.pi * axis / 300.0)
    smoother = WhittakerSmoother(cutoff=300.0, diff_order=diff_order, wavenumbers=axis)
    smooth = smoother.fit_transform(wave[None])[0]
    middle = slice(1000, 2000)
    np.testing.assert_allclose(smooth[middle], wave[middle] / 2, atol=1e-3)


@pytest.mark.parametrize("diff_order", [1, 2, 3])
def test_smoother_is_the_dense_solution(diff_order, spectra):
    weights = np.linspace(0, 1, spectra.shape[1])
    matrix = np.diff(np.eye(spectra.shape[1]), n=diff_order, axis=0)
    system = np.diag(weights) + 50.0 * matrix.T @ matrix
    expected = np.linalg.solve(system, (weights * spectra).T).T
    smoother = WhittakerSmoother(lam=50.0, diff_order=diff_order, weights=weights)
    np.testing.assert_allclose(smoother.fit_transform(spectra), expected, atol=1e-8)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), "150 values"),
        (-np.ones(150), "0 or more"),
        (np.zeros(150), "positive at 2 points"),
        (np.full(150, np.inf), "finite"),
    ],
)
def test_smoother_bad_weights(weights, message, spectra):
    with pytest.raises(ValueError, match=message):
        WhittakerSmoother(weights=weights).fit(spectra)
