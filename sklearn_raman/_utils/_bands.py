"""Where a curve on the wavenumber axis is high."""

import numpy as np
from scipy.signal import find_peaks


def strongest_bands(axis, mean_map, n_bands=3, min_distance=None):
    """Find the bands on which a map weighs most.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
    mean_map : ndarray of shape (n_points,)
        The largest absolute values count. A band below a tenth of the strongest is not
        one.
    n_bands : int, default=3
        At most this many.
    min_distance : float or None, default=None
        Two bands are at least this far apart, in the unit of the axis; None means 2 %
        of the axis.

    Returns
    -------
    ndarray of shape (n_found,), int
        Positions on the axis, strongest first.
    """
    # Zeros around it let a maximum at the very edge count: looking there is a finding.
    weight = np.pad(np.abs(mean_map), 1)
    if min_distance is None:
        distance = 0.02 * len(axis)
    else:
        step = abs(axis[-1] - axis[0]) / max(len(axis) - 1, 1)
        distance = min_distance / (step or 1.0)
    distance = max(1, round(distance))
    peaks = find_peaks(weight, distance=distance, height=0.1 * weight.max())[0]
    order = np.argsort(-weight[peaks], kind="stable")
    return peaks[order][:n_bands] - 1


def bands_above_median(axis, mean_map, n_bands=3, min_distance=None):
    """Find the strongest bands of a map whose idle level is not zero.

    The median is the level where nothing happens: with min-max scaling zero is the
    strongest evidence against a class. Parameters as in `strongest_bands`.
    """
    above = np.maximum(mean_map - np.median(mean_map), 0)
    return strongest_bands(axis, above, n_bands, min_distance)
