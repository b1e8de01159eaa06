"""Interpolation and averages along the wavenumber axis."""

from functools import partial

import numpy as np
from scipy.interpolate import PchipInterpolator, make_interp_spline
from scipy.sparse import csr_array, hstack
from sklearn.utils import gen_batches

from sklearn_raman._utils._wavenumbers import (
    axis_tolerance,
    describe_axis,
    find_gaps,
    measured_parts,
)

_DEGREE = {"linear": 1, "quadratic": 2, "cubic": 3}
_MIN_POINTS = {"linear": 2, "quadratic": 3, "cubic": 4, "pchip": 2}
# Spectra at a time, so that a block and its result stay in the processor's cache.
# Measured with 1000 points; time is flat around these, and 128 spectra are slower than
# 96 because columns that lie a power of 2 apart compete for the same cache lines.
_BLOCK = 64
_BLOCK_OPERATOR = 96


def interpolate_rows(axis, rows, target, kind, reduction=None):
    """Interpolate spectra from one axis to another, or average them there.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
        Rising or falling, cm-1.
    rows : ndarray of shape (n_spectra, n_points)
    target : ndarray of shape (n_points_out,)
        cm-1; where nothing was measured the nearest measured point is evaluated.
    kind : {"linear", "quadratic", "cubic", "pchip"}
    reduction : {"mean"} or None
        "mean" averages the interpolated curve over the bin of each target point.

    Returns
    -------
    ndarray of shape (n_spectra, n_points_out), float64
    """
    _check_n_points(axis, kind)
    if kind == "linear" and reduction is None:
        rows = rows.astype(np.float64, copy=False)
        return _take_linear(*_neighbors(axis, target), rows)
    if axis[0] > axis[-1]:
        axis, rows = axis[::-1], rows[:, ::-1]
    if kind == "pchip":
        curve = PchipInterpolator(axis, rows, axis=1)
    else:
        curve = make_interp_spline(axis, rows, k=_DEGREE[kind], axis=1)
    inside = _measured_place(axis, target)
    if reduction is None:
        return curve(inside)
    low, high = _measured_bins(axis, target, inside)
    area = curve.antiderivative()
    width = high - low
    is_bin = width > 1e-6 * width.max()
    average = (area(high) - area(low)) / np.where(is_bin, width, 1)
    return average if is_bin.all() else np.where(is_bin, average, curve(inside))


def _measured_place(axis, target):
    """Return each target where something was measured, else the nearest such place.

    The axis rises. Outside its range, and in its gaps, nothing was measured.
    """
    inside = np.clip(target, axis[0], axis[-1])
    for gap in find_gaps(axis):
        before, after = axis[gap], axis[gap + 1]
        is_in_gap = (inside > before) & (inside < after)
        nearest = np.where(inside - before <= after - inside, before, after)
        inside = np.where(is_in_gap, nearest, inside)
    return inside


def _bins(target):
    """Return the lower and upper ends of the bin of each target point.

    A bin reaches half-way to the next target points. At an end of the target, and at a
    gap in it, it is as wide as on the other side.
    """
    steps = np.abs(np.diff(target))
    steps[find_gaps(target)] = np.nan
    before, after = np.append(np.nan, steps), np.append(steps, np.nan)
    half = [
        np.nan_to_num(np.where(np.isnan(side), other, side)) / 2
        for side, other in ((before, after), (after, before))
    ]
    left, right = half if target[0] <= target[-1] else half[::-1]
    return target - left, target + right


def _measured_bins(axis, target, inside):
    """Return the bins as far as they were measured; the axis rises."""
    low, high = _bins(target)
    for part in measured_parts(axis):
        first, last = axis[part][[0, -1]]
        is_here = (inside >= first) & (inside <= last)
        low = np.where(is_here, np.clip(low, first, last), low)
        high = np.where(is_here, np.clip(high, first, last), high)
    return low, high


def _check_n_points(axis, kind):
    if len(axis) < _MIN_POINTS[kind]:
        raise ValueError(
            f"kind={kind!r} needs at least {_MIN_POINTS[kind]} points in a spectrum, "
            f"but there are {len(axis)}."
        )


def shared_axis_interpolator(axis, target, kind, reduction=None):
    """Prepare the interpolation of spectra that share one axis.

    Parameters
    ----------
    axis, target, kind, reduction
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
    if kind == "linear" and reduction is None:
        return partial(_take_linear, *_neighbors(axis, target))
    how = {"target": target, "kind": kind, "reduction": reduction}
    if kind == "pchip":  # not linear in the intensities: no operator
        one_block = partial(interpolate_rows, axis, **how)
        return partial(_in_blocks, one_block, len(target), _BLOCK)
    operator = spline_operator(axis, **how)
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
    inside = _measured_place(rising, target)
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


def spline_operator(axis, target, kind, reduction=None):
    """Return the sparse matrix that resamples spectra given as columns.

    A spline is linear in the intensities; the columns of the matrix are the splines of
    the unit vectors. They fall off by a constant factor per point (about 4 for a
    cubic), so that all but some 40 values per row are rounding. A block of unit vectors
    at a time keeps the memory small on a long axis.
    """
    blocks = []
    for block in gen_batches(len(axis), 256):
        units = np.zeros((block.stop - block.start, len(axis)))
        units[np.arange(len(units)), np.arange(block.start, block.stop)] = 1
        weights = interpolate_rows(axis, units, target, kind, reduction).T
        blocks.append(csr_array(np.where(np.abs(weights) < 1e-13, 0, weights)))
    return csr_array(hstack(blocks))


def resampling_operator(axis, target, kind, reduction=None):
    """Return the sparse matrix of an interpolation, spectra as columns.

    Parameters
    ----------
    axis, target, kind, reduction
        As in `interpolate_rows`. "pchip" is not linear in the intensities and has no
        matrix: it gets that of "linear", which looks at the same two points.

    Returns
    -------
    csr_array of shape (n_points_out, n_points)
        Each row adds up to 1.
    """
    kind = "linear" if kind == "pchip" else kind
    if kind != "linear" or reduction is not None:
        return spline_operator(axis, target, kind, reduction)
    before, after, fraction = _neighbors(axis, target)
    rows = np.tile(np.arange(len(target)), 2)
    places = rows, np.concatenate([before, after])
    values = np.concatenate([1 - fraction, fraction])
    return csr_array((values, places), shape=(len(target), len(axis)))


def unresample_maps(maps, axis, target, *, kind, reduction, fill_value, mode):
    """Carry maps from the target axis of an interpolation back to the measured one.

    Parameters
    ----------
    maps : ndarray of shape (..., n_points_out)
        float32 or float64; the result has the same.
    axis, target, kind, reduction
        As in `interpolate_rows`.
    fill_value : {"raise", "edge"} or float
        With a number, target points where nothing was measured were made of no
        measured point: their values go nowhere.
    mode : {"conserve", "density"}
        The transposed operator, which keeps sums, or the linear interpolation of the
        map, which keeps heights and is 0 outside the target's range and in its gaps.

    Returns
    -------
    ndarray of shape (..., n_points)
    """
    flat = maps.reshape(-1, len(target))
    if mode == "density":
        found = _take_linear(*_neighbors(target, axis), flat)
        found[:, is_unmeasured(target, axis)] = 0
    else:
        if not isinstance(fill_value, str):
            flat = np.where(is_unmeasured(axis, target), 0, flat)
        found = flat @ resampling_operator(axis, target, kind, reduction)
    shape = (*maps.shape[:-1], len(axis))
    return np.ascontiguousarray(found, dtype=maps.dtype).reshape(shape)


def is_outside(axis, target):
    """Tell which target points lie outside the measured range, rounding aside."""
    slack = axis_tolerance(axis).min()  # 1800.0000000001 is inside 400..1800
    return (target < axis.min() - slack) | (target > axis.max() + slack)


def is_unmeasured(axis, target):
    """Tell which target points lie outside the measured range or in a gap of it."""
    unmeasured = is_outside(axis, target)
    slack = axis_tolerance(axis).min()
    for gap in find_gaps(axis):
        low, high = sorted(axis[gap : gap + 2])
        unmeasured |= (target > low + slack) & (target < high - slack)
    return unmeasured


def check_coverage(axis, target, fill_value, *, what="X", is_common=False):
    """Raise if the target leaves what was measured and fill_value says so."""
    if not isinstance(fill_value, str) or fill_value != "raise":
        return
    ways_out = 'or set fill_value to "edge" or a number.'
    shorten = "Shorten it"
    if is_common:
        shorten = (
            'That is what the training spectra have in common ("common"): give a range '
            "that new spectra cover too"
        )
    outside = is_outside(axis, target)
    if outside.any():
        raise ValueError(
            f"{what} covers {describe_axis(axis)}, but target_wavenumbers runs from "
            f"{target.min():g} to {target.max():g} cm-1: {int(outside.sum())} of its "
            f"points lie outside. {shorten}, {ways_out}"
        )
    unmeasured = is_unmeasured(axis, target)
    if unmeasured.any():
        inside = target[unmeasured.argmax()]
        gap = next(
            g
            for g in find_gaps(axis)
            if (inside - axis[g]) * (inside - axis[g + 1]) < 0
        )
        raise ValueError(
            f"{what} has a gap between {axis[gap]:g} and {axis[gap + 1]:g} cm-1, where "
            f"nothing was measured, but {int(unmeasured.sum())} points of "
            f"target_wavenumbers lie in gaps (the first at {inside:g}). Leave them "
            f"out, {ways_out}"
        )


def common_axis(axes, noun):
    """Return the longest axis that all axes cover, with their median step.

    Parameters
    ----------
    axes : dict of int to ndarray
        Axes by the number of the spectrum.
    noun : str
        "spectrum" or "row", for messages.

    Returns
    -------
    ndarray of shape (n_points,)
        Rising and even.
    """
    low = {number: axis.min() for number, axis in axes.items()}
    high = {number: axis.max() for number, axis in axes.items()}
    last, first = max(low, key=low.get), min(high, key=high.get)
    steps = [
        np.median(np.abs(np.diff(axis))) for axis in axes.values() if len(axis) > 1
    ]
    step = np.median(steps) if steps else np.inf
    # Rounding must not lose the last point.
    n_steps = int(np.floor((high[first] - low[last]) / step + 1e-9))
    if n_steps < 1:
        raise ValueError(
            'target_wavenumbers="common" finds no range that all spectra cover: '
            f"{noun} {last} begins at {low[last]:g} and {noun} {first} ends at "
            f"{high[first]:g} cm-1. Leave out such spectra, or give the target and a "
            "fill_value."
        )
    return low[last] + step * np.arange(n_steps + 1)


def without_nan(axis, row, target, reduction=None):
    """Leave out the points of a spectrum that are no numbers, if the target can.

    Those at the ends make the measured range shorter.

    Parameters
    ----------
    axis, row : ndarray of shape (n_points,)
    target : ndarray of shape (n_points_out,)
    reduction : {"mean"} or None

    Returns
    -------
    axis, row : ndarray
        Without these points.
    needed : ndarray of shape (n_points,), bool
        Those of them that the target needs: it has points, or bins, between their
        neighbors. All of them if there is no other.
    """
    finite = np.isfinite(row)
    if not finite.any():
        return axis, row, ~finite
    low, high = (target, target) if reduction is None else _bins(target)
    slack = axis_tolerance(axis).min()
    needed = np.zeros(len(row), dtype=bool)
    edges = np.flatnonzero(np.diff(finite.astype(int)))
    inner = edges if finite[0] else edges[1:]  # pairs: last before, last inside
    for before, inside in zip(inner[::2], inner[1::2], strict=False):
        start, stop = sorted((axis[before], axis[inside + 1]))
        if ((high > start + slack) & (low < stop - slack)).any():
            needed[before + 1 : inside + 1] = True
    return axis[finite], row[finite], needed
