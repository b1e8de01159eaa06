"""The three algorithms for 32 spectra side by side, compiled by numba.

A lane whose spectrum is done takes the next one. Each round of `correct` refills the
lanes, solves for all residuals, weights the points anew, and retires the lanes that are
done. `reference.py` says in plain form what is computed, `solvers.py` how the working
memory is laid out.
"""

import hashlib
import logging
import math
from pathlib import Path

import numpy as np
from numba import njit
from numba.core import event

from sklearn_raman.preprocessing._whittaker import reference
from sklearn_raman.preprocessing._whittaker.math import exp, fma
from sklearn_raman.preprocessing._whittaker.reference import (
    CONSTANT,
    CONVERGED,
    MAX_EXPONENT,
    MAX_REFINEMENTS,
    N_ITER,
    needs_refinement,
    penalty_bands,
)
from sklearn_raman.preprocessing._whittaker.solvers import (
    CURVE,
    FORWARD,
    HELPER,
    INVERSE,
    LANES,
    LAST_STEP,
    LOWER,
    ONE,
    PADDING,
    RECORD,
    RIGHT_SIDE,
    ROW,
    WEIGHT,
    add_errors,
    drop_errors,
    needs_more,
    solve_1,
    solve_2,
    solve_3,
    solve_error_2,
    solve_error_3,
)

# What lies in `numbers` beside the numbers of the refinement ...
FACTOR = np.uint64(4) * LANES  # by which the spectrum was multiplied
LIMIT = np.uint64(5) * LANES  # airPLS: stop when less than this lies below the baseline
BELOW = np.uint64(6) * LANES  # sum of |r| below the baseline
SQUARES = np.uint64(7) * LANES  # sum of r ** 2 below the baseline
COUNT = np.uint64(8) * LANES  # number of points below the baseline
SLOPE, SHIFT = np.uint64(9) * LANES, np.uint64(10) * LANES  # of the weights' exponent
DONE = np.uint64(11) * LANES  # 1 if converged
PARTIAL = np.uint64(12) * LANES  # partial sums
N_NUMBERS = 13 * int(LANES)
# ... and in `integers` beside ROW.
SOLVES = np.uint64(1) * LANES
MOVED, MOVED_ROW = np.uint64(2) * LANES, np.uint64(3) * LANES  # lanes to fill or empty
N_INTEGERS = 4 * int(LANES)

_TILE = np.uint64(32)  # points moved at a time between rows and lanes
_EIGHT = np.uint64(8)

_is_constant = njit(**HELPER)(reference.is_constant)
_safe_factor = njit(**HELPER)(reference.safe_factor)


# From rows to lanes, and back -------------------------------------------------------


@njit(**HELPER)
def _sum_absolute(y, above_minimum, numbers):
    """Sum |y|, or y - min(y), in eight sums, which need not wait for one another."""
    offset = 0.0
    if above_minimum:
        offset = y[0]
        for value in y:
            offset = min(offset, value)
    for i in range(_EIGHT):
        numbers[PARTIAL + i] = 0.0
    n_points = np.uint64(len(y))
    n_whole = n_points - n_points % _EIGHT
    for start in range(np.uint64(0), n_whole, _EIGHT):
        for i in range(_EIGHT):
            numbers[PARTIAL + i] += abs(y[start + i] - offset)
    for i in range(n_whole, n_points):
        numbers[PARTIAL] += abs(y[i] - offset)
    total = 0.0
    for i in range(_EIGHT):
        total += numbers[PARTIAL + i]
    return total


@njit(**HELPER)
def _penalize(line, order, n_points):
    """Replace y, which begins at `order`, by D'D y, which begins at 0.

    (-1)^d times the differences of order d of D y with d zeros on either side.
    """
    for j in range(order):
        for i in range(order, n_points + order - ONE - j):
            line[i] = line[i + ONE] - line[i]
    for i in range(order):
        line[i] = 0.0
        line[n_points + i] = 0.0
        line[n_points + order + i] = 0.0
    for j in range(order):
        for i in range(n_points + order - ONE - j):
            line[i] = line[i + ONE] - line[i]
    if order % np.uint64(2):
        for i in range(n_points):
            line[i] = -line[i]


@njit(**HELPER)
def _read(x, y, lane, row, settings, info, numbers):
    """Copy a spectrum x to y, in a range where nothing overflows; note its limit."""
    for i in range(np.uint64(len(x))):
        y[i] = x[i]
    info[row, CONSTANT] = _is_constant(y, settings.rounding)
    if info[row, CONSTANT]:
        for i in range(np.uint64(len(y))):
            y[i] = 0.0
    total = _sum_absolute(y, settings.above_minimum, numbers)
    factor = _safe_factor(total)
    if factor != 1.0:
        for i in range(np.uint64(len(y))):
            y[i] *= factor
        total = _sum_absolute(y, settings.above_minimum, numbers)
    numbers[FACTOR + lane] = factor
    numbers[LIMIT + lane] = settings.tol * total


@njit(**HELPER)
def _load(lines, weight, n_moved, work, integers, n_points):
    """Put lines into the lanes to fill as their right sides, with equal weights.

    A few points for all of them together, since neighboring lanes share cache lines.
    """
    for start in range(np.uint64(0), n_points, _TILE):
        stop = min(start + _TILE, n_points)
        for k in range(n_moved):
            at = (PADDING + start) * RECORD + np.uint64(integers[MOVED + k])
            for i in range(start, stop):
                work[at + RIGHT_SIDE] = lines[k, i]
                work[at + WEIGHT] = weight
                at += RECORD


@njit(**HELPER)
def _load_curves(lines, order, n_moved, curves, integers, n_points):
    """Put spectra, which begin at `order` of the lines, into the lanes to fill."""
    for start in range(np.uint64(0), n_points, _TILE):
        stop = min(start + _TILE, n_points)
        for k in range(n_moved):
            at = (PADDING + start) * CURVE + np.uint64(integers[MOVED + k])
            for i in range(start, stop):
                curves[at] = lines[k, i + order]
                at += CURVE


@njit(**HELPER)
def _refill(X, next_row, settings, info, lines, work, curves, numbers, integers):
    """Give each lane without a spectrum the next one; return the first row left."""
    n_points, order = np.uint64(X.shape[1]), np.uint64(settings.diff_order)
    n_moved = np.uint64(0)
    for lane in range(LANES):
        if integers[ROW + lane] < 0 and next_row < len(X):
            y = lines[n_moved, order : n_points + order]
            _read(X[next_row], y, lane, next_row, settings, info, numbers)
            integers[ROW + lane] = next_row
            integers[SOLVES + lane] = 0
            integers[MOVED + n_moved] = lane
            n_moved += ONE
            next_row += 1
    if n_moved > np.uint64(0):
        if len(curves) > 0:
            _load_curves(lines, order, n_moved, curves, integers, n_points)
        for k in range(n_moved):
            _penalize(lines[k], order, n_points)
        _load(lines, 1.0 / settings.lam, n_moved, work, integers, n_points)
    return next_row


@njit(**HELPER)
def _store(out, n_moved, work, numbers, integers):
    """Write the residuals of lanes, the corrected spectra, to rows of out."""
    n_points = np.uint64(out.shape[1])
    for start in range(np.uint64(0), n_points, _TILE):
        stop = min(start + _TILE, n_points)
        for k in range(n_moved):
            row = np.uint64(integers[MOVED_ROW + k])
            lane = np.uint64(integers[MOVED + k])
            back = 1.0 / numbers[FACTOR + lane]
            at = (PADDING + start) * RECORD + lane
            for i in range(start, stop):
                out[row, i] = work[at] * back
                at += RECORD
    for k in range(n_moved):
        if numbers[FACTOR + np.uint64(integers[MOVED + k])] < 1.0:
            row = np.uint64(integers[MOVED_ROW + k])
            for i in range(n_points):
                if not np.isfinite(out[row, i]):  # as every row without a result
                    out[row, np.uint64(0)] = np.nan


@njit(**HELPER)
def _retire(out, info, max_iter, work, numbers, integers):
    """Store the spectra that are done and free their lanes; return their number."""
    n_moved = np.uint64(0)
    for lane in range(LANES):
        row = integers[ROW + lane]
        done = numbers[DONE + lane] > 0.0
        if row >= 0 and (done or integers[SOLVES + lane] >= max_iter):
            info[row, N_ITER] = integers[SOLVES + lane]
            info[row, CONVERGED] = done
            integers[MOVED + n_moved] = lane
            integers[MOVED_ROW + n_moved] = row
            integers[ROW + lane] = -1
            n_moved += ONE
    if n_moved > np.uint64(0):
        _store(out, n_moved, work, numbers, integers)
    return np.int64(n_moved)


# Weights ----------------------------------------------------------------------------


@njit(**HELPER)
def _weigh_airpls(n_points, work, numbers, log_scale):
    """Set weights exp(slope |r|) / lam below the baseline, 0 above; count points.

    slope is t / sum |r_below| of each lane, log_scale is -log(lam).
    """
    here = PADDING * RECORD
    for _ in range(n_points):
        for lane in range(LANES):
            at = here + lane
            r = work[at]
            grown = exp(fma(-numbers[SLOPE + lane], r, log_scale))
            work[at + WEIGHT] = grown if r < 0.0 else 0.0
            work[at + FORWARD] = work[at - RECORD + FORWARD] + (1.0 if r < 0.0 else 0.0)
        here = here + RECORD
    for lane in range(LANES):
        numbers[COUNT + lane] = work[here - RECORD + FORWARD + lane]


@njit(**HELPER)
def _weigh_ends(n_points, work, lane, t, total, scale):
    """Give both ends of a lane the weight of the shallowest point below the baseline.

    These are the end weights of the published airPLS program, at most 1.
    """
    first = PADDING * RECORD + lane
    shallowest = -np.inf
    for i in range(n_points):
        r = work[first + i * RECORD]
        if r < 0.0 and r > shallowest:
            shallowest = r
    end = scale * math.exp(t * shallowest / total)
    work[first + WEIGHT] = end
    work[first + (n_points - ONE) * RECORD + WEIGHT] = end


@njit(**HELPER)
def _update_airpls(n_points, settings, work, numbers, integers):
    """Weight the points of all lanes anew, and tell which lanes are done."""
    for lane in range(LANES):
        below = numbers[BELOW + lane]
        done = below < numbers[LIMIT + lane] or not below > 0.0
        numbers[DONE + lane] = 1.0 if done else 0.0
        numbers[SLOPE + lane] = min(integers[SOLVES + lane], MAX_EXPONENT) / below
        if done or integers[ROW + lane] < 0:
            numbers[SLOPE + lane] = 0.0
    _weigh_airpls(n_points, work, numbers, -math.log(settings.lam))
    # All other points have weight 0: with fewer the next system would be singular.
    needed = max(2, settings.diff_order)
    for lane in range(LANES):
        if settings.zhang_ends and (
            integers[ROW + lane] >= 0
            and numbers[COUNT + lane] > 0.0
            and numbers[DONE + lane] == 0.0
        ):
            t = min(integers[SOLVES + lane], MAX_EXPONENT)
            below = numbers[BELOW + lane]
            _weigh_ends(n_points, work, lane, t, below, 1.0 / settings.lam)
        if numbers[COUNT + lane] < needed:
            numbers[DONE + lane] = 1.0


@njit(inline="always")
def _set_weight(work, at, new):
    """Set a weight, and sum the squares of its change and of the old one."""
    old = work[at + WEIGHT]
    step = new - old
    work[at + FORWARD] = fma(step, step, work[at - RECORD + FORWARD])
    work[at + LOWER] = fma(old, old, work[at - RECORD + LOWER])
    work[at + WEIGHT] = new


@njit(**HELPER)
def _tell_if_weights_stay(n_points, tol, work, numbers):
    """Lanes are done whose weights changed by less than tol times their norm."""
    last = (n_points + PADDING - ONE) * RECORD
    for lane in range(LANES):
        changed, total = work[last + FORWARD + lane], work[last + LOWER + lane]
        numbers[DONE + lane] = 1.0 if changed < tol * tol * total else 0.0


@njit(**HELPER)
def _update_asls(n_points, settings, work, numbers):
    """Weight the points of all lanes anew, and tell which lanes are done."""
    scale = 1.0 / settings.lam
    above, below = settings.p * scale, (1.0 - settings.p) * scale
    for i in range(n_points):
        here = (i + PADDING) * RECORD
        for lane in range(LANES):
            at = here + lane
            _set_weight(work, at, above if work[at] > 0.0 else below)
    _tell_if_weights_stay(n_points, settings.tol, work, numbers)


@njit(**HELPER)
def _count_below(n_points, work, numbers):
    """Sum the squares and count the points of the residuals below the baseline."""
    here = PADDING * RECORD
    for _ in range(n_points):
        for lane in range(LANES):
            at = here + lane
            r = work[at]
            low = r if r < 0.0 else 0.0
            work[at + LOWER] = fma(low, low, work[at - RECORD + LOWER])
            work[at + INVERSE] = work[at - RECORD + INVERSE] + (1.0 if r < 0.0 else 0.0)
        here = here + RECORD
    for lane in range(LANES):
        numbers[SQUARES + lane] = work[here - RECORD + LOWER + lane]
        numbers[COUNT + lane] = work[here - RECORD + INVERSE + lane]


@njit(**HELPER)
def _update_arpls(n_points, settings, work, numbers):
    """Weight the points of all lanes anew, and tell which lanes are done."""
    _count_below(n_points, work, numbers)
    for lane in range(LANES):
        below, count = numbers[BELOW + lane], numbers[COUNT + lane]
        mean = -below / count
        variance = (numbers[SQUARES + lane] + below * mean) / (count - 1.0)
        deviation = math.sqrt(max(variance, 1e-300))
        numbers[SLOPE + lane] = 2.0 / deviation
        numbers[SHIFT + lane] = -2.0 * (2.0 * deviation - mean) / deviation
    scale = 1.0 / settings.lam
    for i in range(n_points):
        here = (i + PADDING) * RECORD
        for lane in range(LANES):
            at = here + lane
            exponent = fma(numbers[SLOPE + lane], work[at], numbers[SHIFT + lane])
            exponent = min(max(exponent, -700.0), 700.0)
            _set_weight(work, at, scale / (1.0 + exp(exponent)))
    _tell_if_weights_stay(n_points, settings.tol, work, numbers)
    for lane in range(LANES):
        if numbers[COUNT + lane] < 2.0:  # a deviation needs two points
            numbers[DONE + lane] = 1.0


# The loop ---------------------------------------------------------------------------


def _hash_of_sources():
    """Return a hash of the files of this folder."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def compile_kernel(settings, *, keep=True):
    """Return the compiled kernel for these settings.

    numba leaves out the branches that the constants below rule out. With `keep` it
    reads from disk what an earlier process compiled, or writes it there. It does so
    only if all constants of the function are the same: among them a hash of the sources
    of everything it calls, whose changes numba would not see.
    """
    algorithm, diff_order = settings.algorithm, settings.diff_order
    refined = needs_refinement(settings)
    version = _hash_of_sources()

    @njit(nogil=True, error_model="numpy", boundscheck=False, cache=keep)
    def correct(
        X, out, info, penalty, settings, lines, work, curves, numbers, integers
    ):
        """Correct the rows of X, as `reference.correct_spectrum` does for one."""
        version  # noqa: B018
        n_points = np.uint64(X.shape[1])
        next_row, n_left = 0, len(X)
        while n_left > 0:
            next_row = _refill(
                X, next_row, settings, info, lines, work, curves, numbers, integers
            )
            if diff_order == 1:
                solve_1(n_points, work, penalty)
            elif diff_order == 2:
                solve_2(n_points, work)
            else:
                solve_3(n_points, work, penalty)
            if refined:
                for lane in range(LANES):
                    numbers[LAST_STEP + lane] = np.inf
                for k in range(MAX_REFINEMENTS):
                    if diff_order == 2:
                        solve_error_2(n_points, work, curves)
                    else:
                        solve_error_3(n_points, work, curves)
                    if k > 0:
                        drop_errors(n_points, work, numbers)
                    any_left = needs_more(n_points, work, numbers, integers)
                    add_errors(n_points, work)
                    if not any_left:
                        break
            for lane in range(LANES):
                # The solvers leave the sum of the residuals below at the first point.
                numbers[BELOW + lane] = -work[PADDING * RECORD + FORWARD + lane]
                integers[SOLVES + lane] += 1
            if algorithm == "airpls":
                _update_airpls(n_points, settings, work, numbers, integers)
            elif algorithm == "asls":
                _update_asls(n_points, settings, work, numbers)
            else:
                _update_arpls(n_points, settings, work, numbers)
            n_left -= _retire(out, info, settings.max_iter, work, numbers, integers)

    nothing = np.empty((0, diff_order + 1))
    info = np.empty((0, 3), np.int64)
    how_often = "once, it is kept on disk" if keep else "in each process"
    line = (
        f"Compiling the kernel of {algorithm}, which takes some seconds ({how_often})."
    )
    with event.install_listener("numba:compile", _Announcement(correct, line)):
        correct_with_numba(correct, nothing, nothing, info, settings)
    return correct


class _Announcement(event.Listener):
    """Says that a kernel is being compiled, unless numba has it on disk."""

    def __init__(self, kernel, line):
        self.kernel = kernel
        self.line = line

    def on_start(self, event):
        if event.data["dispatcher"] is self.kernel:
            logging.getLogger("sklearn_raman").info(self.line)

    def on_end(self, event):
        pass


def correct_with_numba(kernel, X, out, info, settings):
    """Correct the rows of X, 32 side by side; fills out and info.

    The counterpart of `reference.correct_with_numpy`.
    """
    n_points = X.shape[1]
    bands = penalty_bands(n_points, settings.diff_order)
    penalty = np.zeros_like(bands)
    for k, band in enumerate(bands):  # penalty[k, i] is element (i, i - k)
        penalty[k, k:] = band[: n_points - k]
    n_records = n_points + 2 * int(PADDING)
    kernel(
        X,
        out,
        info,
        penalty,
        settings,
        np.empty((int(LANES), n_points + 2 * settings.diff_order)),
        _aligned_zeros(n_records * int(RECORD)),
        _aligned_zeros(n_records * int(CURVE) if needs_refinement(settings) else 0),
        np.zeros(N_NUMBERS),
        np.full(N_INTEGERS, -1),
    )


def _aligned_zeros(size):
    """Zeros that start at a cache line, so that no vector lies across two of them."""
    values = np.zeros(size + 8)
    start = (64 - values.ctypes.data % 64) // 8 % 8
    return values[start : start + size]
