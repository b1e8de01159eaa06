"""Interpolation along the wavenumber axis, and what a ragged set of spectra is."""

from functools import partial

import numpy as np
from scipy.interpolate import PchipInterpolator, make_interp_spline
from scipy.sparse import csr_array, hstack
from sklearn.utils import gen_batches

from sklearn_raman._utils._wavenumbers import (
    axis_tolerance,
    check_wavenumbers,
    describe_axis,
)

_DEGREE = {"quadratic": 2, "cubic": 3}
_MIN_POINTS = {"linear": 2, "quadratic": 3, "cubic": 4, "pchip": 2}
# Spectra at a time, so that a block and its result stay in the processor's cache.
# Measured with 1000 points; time is flat around these, and 128 spectra are slower than
# 96 because columns that lie a power of 2 apart compete for the same cache lines.
_BLOCK = 64
_BLOCK_OPERATOR = 96


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
    ndarray of shape (n_spectra, n_points_out), float64
    """
    _check_n_points(axis, kind)
    if kind == "linear":
        rows = rows.astype(np.float64, copy=False)
        return _take_linear(*_neighbors(axis, target), rows)
    if axis[0] > axis[-1]:
        axis, rows = axis[::-1], rows[:, ::-1]
    inside = np.clip(target, axis[0], axis[-1])
    if kind == "pchip":
        return PchipInterpolator(axis, rows, axis=1)(inside)
    return make_interp_spline(axis, rows, k=_DEGREE[kind], axis=1)(inside)


def _check_n_points(axis, kind):
    if len(axis) < _MIN_POINTS[kind]:
        raise ValueError(
            f"kind={kind!r} needs at least {_MIN_POINTS[kind]} points in a spectrum, "
            f"but there are {len(axis)}."
        )


def shared_axis_interpolator(axis, target, kind):
    """Prepare the interpolation of spectra that share one axis.

    Parameters
    ----------
    axis, target, kind
        As in `interpolate_rows`.

    Returns
    -------
    callable
        Takes spectra (n_spectra, n_points) and returns (n_spectra, n_points_out) in the
        same dtype. It works in blocks of spectra, so what it needs beside its result
        does not grow with their number. A spectrum's result does not depend on the
        others, to the last bit. It can be pickled.
    """
    _check_n_points(axis, kind)
    if kind == "linear":
        return partial(_take_linear, *_neighbors(axis, target))
    if kind == "pchip":  # not linear in the intensities: no operator
        one_block = partial(interpolate_rows, axis, target=target, kind=kind)
        return partial(_in_blocks, one_block, len(target), _BLOCK)
    operator = spline_operator(axis, target, kind)
    by_dtype = {name: operator.astype(name) for name in ("float64", "float32")}
    one_block = partial(_apply_operator, by_dtype)
    return partial(_in_blocks, one_block, len(target), _BLOCK_OPERATOR)


def _neighbors(axis, target):
    """Return the points around each target and where it lies between them, 0 to 1.

    A target on a measured point has fraction 0, also on the last one, so that its value
    comes through as measured.
    """
    last = len(axis) - 1
    rising = axis if axis[0] < axis[-1] else axis[::-1]
    inside = np.clip(target, rising[0], rising[-1])
    before = np.searchsorted(rising, inside, side="right") - 1
    after = np.minimum(before + 1, last)
    width = np.where(after > before, rising[after] - rising[before], 1.0)
    fraction = (inside - rising[before]) / width
    if rising is not axis:
        before, after = last - before, last - after
    return before, after, fraction


def _take_linear(before, after, fraction, rows):
    fraction = fraction.astype(rows.dtype)
    result = np.empty((len(rows), len(before)), dtype=rows.dtype)
    left = np.empty((min(_BLOCK, len(rows)), len(before)), dtype=rows.dtype)
    for block in gen_batches(len(rows), _BLOCK):
        start, out = left[: block.stop - block.start], result[block]
        # "clip" because with "raise" numpy fills a buffer first and copies it to out
        np.take(rows[block], before, axis=1, out=start, mode="clip")
        np.take(rows[block], after, axis=1, out=out, mode="clip")
        out -= start
        out *= fraction
        out += start  # start + fraction * (end - start)
    return result


def _in_blocks(interpolate, n_points, size, rows):
    result = np.empty((len(rows), n_points), dtype=rows.dtype)
    for block in gen_batches(len(rows), size):
        result[block] = interpolate(rows=rows[block])
    return result


def _apply_operator(by_dtype, rows):
    # The product wants spectra as columns: transposed here, they stay in the cache.
    return (by_dtype[rows.dtype.name] @ rows.T).T


def spline_operator(axis, target, kind):
    """Return the sparse matrix that interpolates spectra given as columns.

    A spline is linear in the intensities; the columns of the matrix are the splines of
    the unit vectors. They fall off by a constant factor per point (about 4 for a
    cubic), so that all but some 40 values per row are rounding. A block of unit vectors
    at a time keeps the memory small on a long axis.
    """
    blocks = []
    for block in gen_batches(len(axis), 256):
        units = np.zeros((block.stop - block.start, len(axis)))
        units[np.arange(len(units)), np.arange(block.start, block.stop)] = 1
        weights = interpolate_rows(axis, units, target, kind).T
        blocks.append(csr_array(np.where(np.abs(weights) < 1e-13, 0, weights)))
    return csr_array(hstack(blocks))


def resampling_operator(axis, target, kind):
    """Return the sparse matrix of an interpolation, spectra as columns.

    Parameters
    ----------
    axis, target, kind
        As in `interpolate_rows`. "pchip" is not linear in the intensities and has no
        matrix: it gets that of "linear", which looks at the same two points.

    Returns
    -------
    csr_array of shape (n_points_out, n_points)
        Each row adds up to 1.
    """
    if kind in _DEGREE:
        return spline_operator(axis, target, kind)
    before, after, fraction = _neighbors(axis, target)
    rows = np.tile(np.arange(len(target)), 2)
    places = rows, np.concatenate([before, after])
    values = np.concatenate([1 - fraction, fraction])
    return csr_array((values, places), shape=(len(target), len(axis)))


def unresample_maps(maps, axis, target, *, kind, fill_value, mode):
    """Carry maps from the target axis of an interpolation back to the measured one.

    Parameters
    ----------
    maps : ndarray of shape (..., n_points_out)
        float32 or float64; the result has the same.
    axis, target, kind
        As in `interpolate_rows`.
    fill_value : {"raise", "edge"} or float
        With a number, target points outside the measured range were made of no
        measured point: their values go nowhere.
    mode : {"conserve", "density"}
        The transposed operator, which keeps sums, or the linear interpolation of the
        map, which keeps heights and is 0 outside the target's range.

    Returns
    -------
    ndarray of shape (..., n_points)
    """
    flat = maps.reshape(-1, len(target))
    if mode == "density":
        found = _take_linear(*_neighbors(target, axis), flat)
        found[:, is_outside(target, axis)] = 0
    else:
        if not isinstance(fill_value, str):
            flat = np.where(is_outside(axis, target), 0, flat)
        found = flat @ resampling_operator(axis, target, kind)
    shape = (*maps.shape[:-1], len(axis))
    return np.ascontiguousarray(found, dtype=maps.dtype).reshape(shape)


def is_outside(axis, target):
    """Tell which target points lie outside the measured range, rounding aside."""
    slack = axis_tolerance(axis).min()  # 1800.0000000001 is inside 400..1800
    return (target < axis.min() - slack) | (target > axis.max() + slack)


def check_coverage(axis, target, fill_value, *, what="X"):
    """Raise if the target leaves the measured range and fill_value says so."""
    outside = is_outside(axis, target)
    if outside.any() and isinstance(fill_value, str) and fill_value == "raise":
        raise ValueError(
            f"{what} covers {describe_axis(axis)}, but target_wavenumbers runs from "
            f"{target.min():g} to {target.max():g} cm-1: {int(outside.sum())} of its "
            'points lie outside. Shorten it, or set fill_value to "edge" or a number.'
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
