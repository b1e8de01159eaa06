"""Savitzky-Golay against scipy."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from sklearn_raman.preprocessing import SavitzkyGolay


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
