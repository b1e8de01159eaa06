"""Variation that spectra of different classes share: gain, shift and baseline."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

# Numbers of cosines: at most this many half waves over the axis.
_N_BASELINE, _N_GAIN, _N_SHIFT = 6, 6, 2
_RIDGE = 1e-4  # of a curve's square, for its constant


def shared_curves(mean):
    """Return what small instrumental changes add to a spectrum, to first order.

    A smooth baseline b, a smooth relative gain g and a smooth shift s of the axis turn
    m(v) into m(v - s) (1 + g) + b, which is about m + b + g m - s m'. Each of b, g, s
    is a sum of cosines. The coefficients mean the same for every class.

    Parameters
    ----------
    mean : ndarray of shape (n_points,)
        Mean spectrum of a class.

    Returns
    -------
    ndarray of shape (n_curves, n_points)
        Baselines relative to the rms of the mean spectrum, gains, shifts in points.
    """
    n_points = len(mean)
    position = (np.arange(n_points) + 0.5) / n_points
    baseline, gain, shift = (
        np.cos(np.pi * orders[:, None] * position) for orders in _orders(n_points)
    )
    slope = np.zeros_like(mean)
    if n_points > 1:
        slope = np.gradient(gaussian_filter1d(mean, 1.0, mode="nearest"))
    size = np.sqrt(np.mean(mean**2))
    return np.concatenate([size * baseline, mean * gain, -slope * shift])


def shared_coefficients(deviations, mean):
    """Express deviations from a class mean by shared curves (ridge regression).

    The penalty grows with the fourth power of a cosine's order: where a class has no
    lines that would tell, gain and shift are what they are at its lines.

    Parameters
    ----------
    deviations : ndarray of shape (n_spectra, n_points)
    mean : ndarray of shape (n_points,)

    Returns
    -------
    ndarray of shape (n_spectra, n_curves)
    """
    curves = shared_curves(mean)
    gram = curves @ curves.T
    squares = np.diag(gram).copy()
    squares[squares == 0] = 1.0  # a curve that is 0 gets the coefficient 0
    orders = np.concatenate(_orders(len(mean)))
    gram[np.diag_indices_from(gram)] += _RIDGE * (1 + orders) ** 4 * squares
    return np.linalg.solve(gram, curves @ deviations.T).T


def _orders(n_points):
    """Return orders of the cosines of baseline, gain and shift."""
    limit = max(1, n_points // 8)
    return [np.arange(min(n, limit)) for n in (_N_BASELINE, _N_GAIN, _N_SHIFT)]
