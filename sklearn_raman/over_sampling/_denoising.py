"""Take noise out of a curve that holds lines: a Wiener filter with a measured gain."""

import numpy as np
from scipy.fft import dct, idct
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from sklearn_raman.over_sampling._spectroscopic import (
    NOISE_WINDOW,
    high_frequency_part,
    noise_level,
)

# Variance that the residual of the noise filter keeps of white noise: 1 minus the
# centre weight of a Savitzky-Golay filter of 7 points and order 2 (7 / 21).
_KEPT_VARIANCE = 2 / 3
_WINDOW = 9  # points over which the power of a curve is averaged
_SMOOTHED_FREQUENCIES = 8  # standard deviation, in steps of the transform


def white_noise_level(spectra):
    """Return the standard deviation of the noise of each spectrum.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_points)

    Returns
    -------
    ndarray of shape (n_spectra,)
        From high frequencies, as if the noise were white. 0 below 7 points.
    """
    if spectra.shape[1] < NOISE_WINDOW:
        return np.zeros(len(spectra))
    return noise_level(spectra) / np.sqrt(_KEPT_VARIANCE)


def wiener_filter(curves, noise_power):
    """Filter curves by the share of their power that is not noise.

    The gain at a frequency is 1 - N / P, at least 0 (Wiener 1949): N is the power of
    the noise, P that of the curve, smoothed over frequencies. A curve with narrow lines
    has power at all frequencies and keeps them; one with broad bands loses the noise
    beyond them. The cosine transform needs no assumption about what lies beyond the
    ends.

    Parameters
    ----------
    curves : ndarray of shape (n_curves, n_points)
    noise_power : ndarray that broadcasts to (n_curves, n_points)
        Variance of the noise at each frequency of the orthonormal DCT-II; for white
        noise the variance of a point.

    Returns
    -------
    filtered : ndarray of shape (n_curves, n_points)
    gain : ndarray of shape (n_curves, n_points)
        Of each frequency, 0 to 1.
    """
    # Without the mean: its power would reach its neighbours when that is smoothed.
    mean = curves.mean(axis=1, keepdims=True)
    frequencies = dct(curves - mean, norm="ortho", axis=1)
    power = gaussian_filter1d(
        frequencies**2, _SMOOTHED_FREQUENCIES, axis=1, mode="nearest"
    )
    share = np.divide(noise_power, power, out=np.zeros_like(power), where=power > 0)
    gain = np.clip(1 - share, 0, 1)
    filtered = idct(gain * frequencies, norm="ortho", axis=1) + mean
    left = np.broadcast_to(noise_power * gain**2, curves.shape).mean(axis=1)
    return _local_wiener(filtered, left[:, None]), gain


def _local_wiener(curves, variance):
    """Smooth where a curve varies no more than noise of that variance (Lee 1980)."""
    if curves.shape[1] < NOISE_WINDOW:
        return curves
    size = min(_WINDOW, curves.shape[1])
    rest = high_frequency_part(curves)
    power = uniform_filter1d(rest**2, size, axis=1, mode="nearest")
    # Twice the variance, since the average over few points scatters.
    share = np.divide(2 * variance, power, out=np.zeros_like(power), where=power > 0)
    return curves - np.clip(share, 0, 1) * rest
