"""The noise of spectra: how much there is, how to take it away, how to make more.

A model of a class knows bands and backgrounds; what it leaves of the real spectra is
noise, and is drawn from again. All in numpy and scipy.
"""

import numpy as np
from scipy.fft import dct, idct
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.signal import savgol_filter

# The residual of this filter holds what repeats within about four points.
NOISE_WINDOW, NOISE_ORDER = 7, 2
# Share of the variance of white noise in that residual: 1 minus the center weight of
# the filter (7 / 21).
_KEPT_VARIANCE = 2 / 3
_POWER_WINDOW = 9  # points over which the power of a curve is averaged
_SMOOTHED_FREQUENCIES = 8  # standard deviation, in steps of the transform

_BLOCK = 40  # points between the centers of blocks
# With few residuals blocks are shorter. Otherwise there are few combinations, and a
# linear classifier finds directions in which no draw varies.
_POINTS_PER_RESIDUAL = 4
_FEW = 6  # fewer residuals do not show which sign is preferred


def high_frequency_part(spectra):
    """Return what a Savitzky-Golay filter (7 points, order 2) takes away.

    Parameters
    ----------
    spectra : ndarray of shape (..., n_points)
        7 points or more.

    Returns
    -------
    ndarray of shape (..., n_points)
        0 where there is no more than rounding leaves.
    """
    rest = spectra - savgol_filter(spectra, NOISE_WINDOW, NOISE_ORDER, axis=-1)
    rounding = 1e-14 * np.abs(spectra).max(axis=-1, keepdims=True)
    return np.where(np.abs(rest) > rounding, rest, 0.0)


def noise_level(spectra):
    """Return the level of the high-frequency noise of each spectrum.

    Parameters
    ----------
    spectra : ndarray of shape (..., n_points)
        7 points or more.

    Returns
    -------
    ndarray of shape (...,)
        1.4826 times the median over the points of the absolute high-frequency part:
        its rms if it is Gaussian. The median ignores bands and spikes, as long as they
        cover less than about a third of the axis.
    """
    return 1.4826 * np.median(np.abs(high_frequency_part(spectra)), axis=-1)


def white_noise_level(spectra):
    """Return the standard deviation of the noise of each spectrum.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_points)

    Returns
    -------
    ndarray of shape (n_spectra,)
        From the high frequencies, as if the noise were white. 0 below 7 points.
    """
    if spectra.shape[1] < NOISE_WINDOW:
        return np.zeros(len(spectra))
    return noise_level(spectra) / np.sqrt(_KEPT_VARIANCE)


def wiener_filter(curves, noise_power):
    """Filter curves by the share of their power that is not noise.

    The gain at a frequency is 1 - N / P, at least 0 (Wiener 1949): N is the power of
    the noise, P that of the curve, smoothed over frequencies. A curve with narrow bands
    has power at all frequencies and keeps it; one with broad bands loses the noise
    beyond them. The cosine transform assumes nothing about what lies beyond the ends.

    Parameters
    ----------
    curves : ndarray of shape (n_curves, n_points)
    noise_power : ndarray that broadcasts to (n_curves, n_points)
        Variance of the noise at each frequency of the orthonormal DCT-II; for white
        noise, its variance per point.

    Returns
    -------
    filtered : ndarray of shape (n_curves, n_points)
    gain : ndarray of shape (n_curves, n_points)
        Of each frequency, 0 to 1.
    """
    # The mean is left out: smoothing would spread its power to its neighbors.
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
    size = min(_POWER_WINDOW, curves.shape[1])
    rest = high_frequency_part(curves)
    power = uniform_filter1d(rest**2, size, axis=1, mode="nearest")
    # Twice the variance, because an average over few points scatters.
    share = np.divide(2 * variance, power, out=np.zeros_like(power), where=power > 0)
    return curves - np.clip(share, 0, 1) * rest


def balanced_rows(size, n_samples, rng):
    """Draw rows of `size`, each equally often, plus or minus one, in random order.

    A balanced bootstrap (Davison, Hinkley and Schechtman 1986).
    """
    rounds = [rng.permutation(size) for _ in range(n_samples // size + 1)]
    return np.concatenate(rounds)[:n_samples]


def block_weights(n_points, block=_BLOCK):
    """Return weights that cut an axis into overlapping blocks.

    Parameters
    ----------
    n_points, block : int

    Returns
    -------
    ndarray of shape (n_blocks, n_points)
        The squares add up to 1 at every point, so that the sum of independent blocks
        has the variance of a single one.
    """
    n_blocks = max(1, round(n_points / block))
    width = n_points / n_blocks
    centers = (np.arange(n_blocks) + 0.5) * width
    points = np.clip(np.arange(n_points), centers[0], centers[-1])
    return np.sqrt(np.clip(1 - np.abs(points - centers[:, None]) / width, 0, None))


def resample_residuals(residuals, n_samples, rng):
    """Draw noise with the local distribution and color of residuals, but none of them.

    A bootstrap in blocks of the axis: each block comes from a real residual, drawn anew
    for every block, and neighboring blocks overlap. Variance, skewness and the
    correlation within a block stay; the combination is new. What components leave of
    bands that move or grow has a preferred sign, which a random forest would miss, so
    only blocks of few residuals (below 6) get a random sign.

    Parameters
    ----------
    residuals : ndarray of shape (n_spectra, n_points)
        Of one class, brought to a common level.
    n_samples : int
        Spectra to draw.
    rng : RandomState

    Returns
    -------
    ndarray of shape (n_samples, n_points)
        Around 0: what all residuals have in common is left out.
    """
    size, n_points = residuals.shape
    few = size < _FEW
    if not few:
        # Divided by n - 1, because deviations from their own mean are too small.
        residuals = (residuals - residuals.mean(axis=0)) * np.sqrt(size / (size - 1))
    drawn = np.zeros((n_samples, n_points))
    for weights in block_weights(n_points, min(_BLOCK, _POINTS_PER_RESIDUAL * size)):
        inside = np.flatnonzero(weights)
        rows = balanced_rows(size, n_samples, rng)
        block = (residuals[:, inside] * weights[inside])[rows]
        if few:
            block = block * rng.choice([-1, 1], (n_samples, 1))
        drawn[:, inside] += block
    return drawn
