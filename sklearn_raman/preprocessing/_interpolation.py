"""Interpolation along the wavenumber axis, and what a ragged set of spectra is."""

import numpy as np
from scipy.interpolate import PchipInterpolator, make_interp_spline
from scipy.sparse import csr_array

from sklearn_raman._utils._wavenumbers import check_wavenumbers, describe_axis

_DEGREE = {"linear": 1, "quadratic": 2, "cubic": 3}
_MIN_POINTS = {"linear": 2, "quadratic": 3, "cubic": 4, "pchip": 2}


def interpolate_rows(axis, rows, target, kind):
    """Interpolate spectra from one axis to another; clipped to the measured range.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
        Rising or falling, cm-1.
    rows : ndarray of shape (n_spectra, n_points)
    target : ndarray of shape (n_points_out,)
        cm-1; outside the measured range the nearest end is evaluated.
    kind : {"linear", "quadratic", "cubic", "pchip"}

    Returns
    -------
    ndarray of shape (n_spectra, n_points_out)
    """
    if len(axis) < _MIN_POINTS[kind]:
        raise ValueError(
            f"kind={kind!r} needs at least {_MIN_POINTS[kind]} points in a spectrum, "
            f"but there are {len(axis)}."
        )
    if axis[0] > axis[-1]:
        axis, rows = axis[::-1], rows[:, ::-1]
    inside = np.clip(target, axis[0], axis[-1])
    if kind == "pchip":
        return PchipInterpolator(axis, rows, axis=1)(inside)
    return make_interp_spline(axis, rows, k=_DEGREE[kind], axis=1)(inside)


def interpolation_operator(axis, target, kind):
    """Return the matrix that interpolates: (n_points_out, n_points), sparse.

    A spline is linear in the intensities, so its values at the target are a matrix
    times the spectrum; the columns are the splines of the unit vectors. A cubic weight
    falls off by a factor of about 4 a point: below 1e-13 it is rounding.
    """
    weights = interpolate_rows(axis, np.eye(len(axis)), target, kind).T
    return csr_array(np.where(np.abs(weights) < 1e-13, 0, weights))


def is_outside(axis, target):
    """Tell which target points lie outside the measured range, rounding aside."""
    low, high = axis.min(), axis.max()
    slack = 1e-9 * max(abs(low), abs(high))  # 1800.0000000001 is inside 400..1800
    return (target < low - slack) | (target > high + slack)


def check_coverage(axis, target, fill_value, *, what="X"):
    """Raise if the target leaves the measured range and fill_value says so."""
    outside = is_outside(axis, target)
    if outside.any() and isinstance(fill_value, str) and fill_value == "raise":
        raise ValueError(
            f"{what} covers {describe_axis(axis)}, but target_wavenumbers runs from "
            f"{target.min():g} to {target.max():g} cm-1: {int(outside.sum())} of its "
            "points have no measured value. Choose a "
            'target inside the range, or set fill_value to "edge" or a number.'
        )


def is_ragged(X):
    """Tell whether X holds (wavenumbers, intensities) pairs and is not a matrix."""
    if isinstance(X, np.ndarray) and X.dtype != object:
        return False
    return isinstance(X, (list, tuple, np.ndarray)) and any(map(_is_pair, X))


def _is_pair(item):
    is_sequence = isinstance(item, (list, tuple, np.ndarray))
    return is_sequence and len(item) == 2 and all(np.ndim(part) == 1 for part in item)


def check_ragged(X):
    """Validate ragged spectra.

    Parameters
    ----------
    X : sequence of pairs (wavenumbers, intensities)

    Returns
    -------
    list of pairs of arrays of equal length; intensities float32 stay float32
    """
    spectra = []
    for number, pair in enumerate(X):
        if not _is_pair(pair):
            raise ValueError(
                f"Spectrum {number} is not a pair of wavenumbers and intensities, as "
                "others in X are: give each spectrum as two sequences of equal length."
            )
        axis, intensities = pair[0], np.asarray(pair[1])
        if intensities.dtype.kind not in "fiu":
            raise ValueError(
                f"Spectrum {number} has intensities of type {intensities.dtype}; they "
                "must be real numbers."
            )
        if intensities.dtype != np.float32:
            intensities = intensities.astype(np.float64)
        name = f"The axis of spectrum {number}"
        axis = check_wavenumbers(axis, name=name, n_points=len(intensities))
        if not np.isfinite(intensities).all():
            raise ValueError(
                f"Spectrum {number} contains NaN or infinity: remove these points "
                "together with their wavenumbers."
            )
        spectra.append((axis, intensities))
    return spectra
