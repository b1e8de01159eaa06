"""The three algorithms for 24 spectra side by side, compiled by numba.

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

from sklearn_raman.preprocessing._whittaker.math import exp, fma, where
from sklearn_raman.preprocessing._whittaker.reference import (
    CONVERGED,
    LARGEST_SAFE,
    MAX_EXPONENT,
    MAX_REFINEMENTS,
    N_ITER,
    SMALLEST_SAFE,
    needs_refinement,
    penalty_bands,
    safe_factor,
    sum_absolute,
)
from sklearn_raman.preprocessing._whittaker.solvers import (
    CURVE,
    FORWARD,
    HELPER,
    INVERSE,
    LANES,
    LAST_STEP,
    LOWER,
    NOBODY,
    ONE,
    PADDING,
    RECORD,
    RIGHT_SIDE,
    ROW,
    WEIGHT,
    ZERO,
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
SOLVES = np.uint64(4) * LANES  # how often the spectrum was solved for
LIMIT = np.uint64(5) * LANES  # airPLS: stop when less than this lies below the baseline
BELOW = np.uint64(6) * LANES  # sum of |r| below the baseline
SQUARES = np.uint64(7) * LANES  # sum of r ** 2 below the baseline
COUNT = np.uint64(8) * LANES  # number of points below the baseline
SLOPE, SHIFT = np.uint64(9) * LANES, np.uint64(10) * LANES  # of the weights' exponent
DONE = np.uint64(11) * LANES  # 1 if converged
N_NUMBERS = 12 * int(LANES)
# ... and in `integers` beside ROW.
MOVED = np.uint64(1) * LANES  # lanes to fill or empty ...
MOVED_ROW = np.uint64(2) * LANES  # ... and the rows of those to empty
N_INTEGERS = 3 * int(LANES)

_TILE = np.uint64(32)  # points moved at a time between rows and lanes


# From rows to lanes, and back -------------------------------------------------------


@njit(**HELPER)
def _lowest(X, row, n_points):
    """Return the smallest value of a row of X."""
    low = X[row, ZERO]
    for i in range(n_points):
        low = where(X[row, i] < low, X[row, i], low)
    return low


@njit(inline="always")
def _sum_absolute(X, row, low, lines, k, n_points):
    """Return the sum of |y - low| of a row of X.

    In line k, halves are added until one number is left: several at a time.
    """
    for i in range(n_points):
        lines[k, i] = abs(X[row, i] - low)
    n_left = n_points
    while n_left > ONE:
        half = (n_left + ONE) // np.uint64(2)
        for i in range(n_left - half):
            lines[k, i] += lines[k, i + half]
        n_left = half
    return lines[k, ZERO]


@njit(inline="always")
def _penalize(X, row, lines, k, order, n_points):
    """Write D'D y of a row of X, up to its sign, to the first points of line k.

    It is the differences of order d of D y with d zeros on either side.
    """
    for i in range(n_points - ONE):
        lines[k, i + order] = X[row, i + ONE] - X[row, i]
    for j in range(ONE, order):
        for i in range(order, n_points + order - ONE - j):
            lines[k, i] = lines[k, i + ONE] - lines[k, i]
    for i in range(order):
        lines[k, i] = lines[k, n_points + i] = 0.0
    for j in range(order):
        for i in range(n_points + order - ONE - j):
            lines[k, i] = lines[k, i + ONE] - lines[k, i]


@njit(inline="always")
def _penalize_2(X, row, lines, k, n_points):
    """Do what `_penalize` does for order 2, two differences at a time."""
    two = np.uint64(2)
    for i in range(n_points - two):
        middle = X[row, i + ONE]
        lines[k, i + two] = (X[row, i + two] - middle) - (middle - X[row, i])
    lines[k, ZERO] = lines[k, ONE] = 0.0
    lines[k, n_points] = lines[k, n_points + ONE] = 0.0
    for i in range(n_points):
        middle = lines[k, i + ONE]
        lines[k, i] = (lines[k, i + two] - middle) - (middle - lines[k, i])


@njit(inline="always")
def _load(lines, sign, n_moved, n_points, weight, work, integers):
    """Put lines into the lanes to fill as their right sides, with equal weights.

    A few points for all of them together, since neighboring lanes share cache lines.
    """
    for start in range(ZERO, n_points, _TILE):
        stop = where(start + _TILE < n_points, start + _TILE, n_points)
        for k in range(n_moved):
            at = (PADDING + start) * RECORD + integers[MOVED + k]
            for i in range(start, stop):
                work[at + RIGHT_SIDE] = sign * lines[k, i]
                work[at + WEIGHT] = weight
                at += RECORD


@njit(**HELPER)
def _load_curves(X, n_moved, n_points, curves, integers):
    """Put the spectra themselves into the lanes to fill."""
    for start in range(ZERO, n_points, _TILE):
        stop = where(start + _TILE < n_points, start + _TILE, n_points)
        for k in range(n_moved):
            lane = integers[MOVED + k]
            row, at = integers[ROW + lane], (PADDING + start) * CURVE + lane
            for i in range(start, stop):
                curves[at] = X[row, i]
                at += CURVE


@njit(inline="always")
def _store(out, n_moved, n_points, work, integers):
    """Write the residuals of the lanes to empty, the corrected spectra, to out.

    A row without a finite result gets NaN at its first point.
    """
    for start in range(ZERO, n_points, _TILE):
        stop = where(start + _TILE < n_points, start + _TILE, n_points)
        for k in range(n_moved):
            row = integers[MOVED_ROW + k]
            at = (PADDING + start) * RECORD + integers[MOVED + k]
            for i in range(start, stop):
                out[row, i] = work[at]
                at += RECORD


# Weights ----------------------------------------------------------------------------


@njit(**HELPER)
def _weigh_airpls(n_points, work, numbers, log_scale):
    """Set weights exp(slope |r|) / lam below the baseline, 0 above; count points.

    slope is t / sum |r_below| of each lane, log_scale is -log(lam).
    """
    for i in range(n_points):
        here = (i + PADDING) * RECORD
        for lane in range(LANES):
            at = here + lane
            r = work[at]
            below = r < 0.0
            grown = exp(fma(-numbers[SLOPE + lane], r, log_scale))
            work[at + WEIGHT] = where(below, grown, 0.0)
            work[at + FORWARD] = work[at - RECORD + FORWARD] + where(below, 1.0, 0.0)
    last = (n_points + PADDING - ONE) * RECORD + FORWARD
    for lane in range(LANES):
        numbers[COUNT + lane] = work[last + lane]


@njit(**HELPER)
def _weigh_ends(n_points, scale, work, numbers, integers):
    """Give both ends the weight of the shallowest point below the baseline.

    These are the end weights of the published airPLS program, at most 1.
    """
    for lane in range(LANES):
        if (
            integers[ROW + lane] != NOBODY
            and numbers[COUNT + lane] > 0.0
            and numbers[DONE + lane] == 0.0
        ):
            first = PADDING * RECORD + lane
            shallowest = -np.inf
            for i in range(n_points):
                r = work[first + i * RECORD]
                if r < 0.0 and r > shallowest:
                    shallowest = r
            t = numbers[SOLVES + lane]
            t = where(t < MAX_EXPONENT, t, MAX_EXPONENT)
            end = scale * math.exp(t * shallowest / numbers[BELOW + lane])
            work[first + WEIGHT] = end
            work[first + (n_points - ONE) * RECORD + WEIGHT] = end


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
        numbers[DONE + lane] = where(changed < tol * tol * total, 1.0, 0.0)


@njit(**HELPER)
def _update_asls(n_points, above, below, tol, work, numbers):
    """Weight the points of all lanes anew, and tell which lanes are done."""
    for i in range(n_points):
        here = (i + PADDING) * RECORD
        for lane in range(LANES):
            at = here + lane
            _set_weight(work, at, where(work[at] > 0.0, above, below))
    _tell_if_weights_stay(n_points, tol, work, numbers)


@njit(**HELPER)
def _count_below(n_points, work, numbers):
    """Sum the squares and count the points of the residuals below the baseline."""
    here = PADDING * RECORD
    for _ in range(n_points):
        for lane in range(LANES):
            at = here + lane
            r = work[at]
            low = where(r < 0.0, r, 0.0)
            work[at + LOWER] = fma(low, low, work[at - RECORD + LOWER])
            one = where(r < 0.0, 1.0, 0.0)
            work[at + INVERSE] = work[at - RECORD + INVERSE] + one
        here = here + RECORD
    for lane in range(LANES):
        numbers[SQUARES + lane] = work[here - RECORD + LOWER + lane]
        numbers[COUNT + lane] = work[here - RECORD + INVERSE + lane]


@njit(**HELPER)
def _update_arpls(n_points, scale, tol, work, numbers):
    """Weight the points of all lanes anew, and tell which lanes are done."""
    _count_below(n_points, work, numbers)
    for lane in range(LANES):
        below, count = numbers[BELOW + lane], numbers[COUNT + lane]
        mean = -below / count
        variance = (numbers[SQUARES + lane] + below * mean) / (count - 1.0)
        deviation = math.sqrt(max(variance, 1e-300))
        numbers[SLOPE + lane] = 2.0 / deviation
        numbers[SHIFT + lane] = -2.0 * (2.0 * deviation - mean) / deviation
    for i in range(n_points):
        here = (i + PADDING) * RECORD
        for lane in range(LANES):
            at = here + lane
            exponent = fma(numbers[SLOPE + lane], work[at], numbers[SHIFT + lane])
            exponent = min(max(exponent, -700.0), 700.0)
            _set_weight(work, at, scale / (1.0 + exp(exponent)))
    _tell_if_weights_stay(n_points, tol, work, numbers)


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
    refined, zhang_ends = needs_refinement(settings), settings.zhang_ends
    above_minimum = settings.above_minimum
    order, sign = np.uint64(diff_order), (-1.0) ** diff_order
    # airPLS gives the other points weight 0; arPLS needs two for a deviation.
    needed = float({"airpls": max(2, diff_order), "arpls": 2, "asls": 0}[algorithm])
    version = _hash_of_sources()

    @njit(
        nogil=True,
        error_model="numpy",
        boundscheck=False,
        no_cfunc_wrapper=True,
        _nrt=False,
        cache=keep,
    )
    def correct(
        X,
        out,
        info,
        n_spectra,
        n_points,
        penalty,
        scale,
        log_scale,
        p,
        tol,
        max_iter,
        lines,
        work,
        curves,
        numbers,
        integers,
    ):
        """Correct the rows of X, as `reference.correct_spectrum` does for one.

        Rows that need a factor first (`reference.safe_factor`) are left out: their
        number of solves is 0.
        """
        version  # noqa: B018
        next_row = n_done = ZERO
        while n_done < n_spectra:
            # Give each lane without a spectrum the next one.
            n_moved = ZERO
            for lane in range(LANES):
                if (integers[ROW + lane] == NOBODY) & (next_row < n_spectra):
                    low = 0.0
                    if above_minimum:
                        low = _lowest(X, next_row, n_points)
                    total = _sum_absolute(X, next_row, low, lines, n_moved, n_points)
                    small = (0.0 < total) & (total < SMALLEST_SAFE)
                    if small | (total > LARGEST_SAFE):
                        n_done += ONE
                    else:
                        integers[ROW + lane] = next_row
                        integers[MOVED + n_moved] = lane
                        numbers[SOLVES + lane] = 0.0
                        numbers[LIMIT + lane] = tol * total
                        if diff_order == 2:
                            _penalize_2(X, next_row, lines, n_moved, n_points)
                        else:
                            _penalize(X, next_row, lines, n_moved, order, n_points)
                        n_moved += ONE
                    next_row += ONE
            _load(lines, sign, n_moved, n_points, scale, work, integers)
            if refined:
                _load_curves(X, n_moved, n_points, curves, integers)

            # Solve for the residuals of all lanes.
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
                below = -work[PADDING * RECORD + FORWARD + lane]
                solves = numbers[SOLVES + lane] + 1.0
                numbers[BELOW + lane] = below
                numbers[SOLVES + lane] = solves
                if algorithm == "airpls":
                    done = (below < numbers[LIMIT + lane]) | (not below > 0.0)
                    idle = done | (integers[ROW + lane] == NOBODY)
                    t = where(solves < MAX_EXPONENT, solves, MAX_EXPONENT)
                    numbers[SLOPE + lane] = where(idle, 0.0, t / below)
                    numbers[DONE + lane] = where(done, 1.0, 0.0)

            # Weight the points anew.
            if algorithm == "airpls":
                _weigh_airpls(n_points, work, numbers, log_scale)
                if zhang_ends:
                    _weigh_ends(n_points, scale, work, numbers, integers)
            elif algorithm == "asls":
                _update_asls(n_points, p * scale, (1.0 - p) * scale, tol, work, numbers)
            else:
                _update_arpls(n_points, scale, tol, work, numbers)

            # Store the spectra that are done, and free their lanes.
            n_moved = ZERO
            for lane in range(LANES):
                row, solves = integers[ROW + lane], numbers[SOLVES + lane]
                done = (numbers[DONE + lane] > 0.0) | (numbers[COUNT + lane] < needed)
                if (row != NOBODY) & (done | (solves >= max_iter)):
                    info[row, N_ITER] = solves
                    info[row, CONVERGED] = done
                    integers[ROW + lane] = NOBODY
                    integers[MOVED + n_moved] = lane
                    integers[MOVED_ROW + n_moved] = row
                    n_moved += ONE
            _store(out, n_moved, n_points, work, integers)
            n_done += n_moved

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


@np.errstate(over="ignore", invalid="ignore")
def correct_with_numba(kernel, X, out, info, settings):
    """Correct the rows of X, 24 side by side; fills out and info.

    The counterpart of `reference.correct_with_numpy`.
    """
    _run(kernel, X, out, info, settings)
    left_out = np.flatnonzero(info[:, N_ITER] == 0)
    if len(left_out):
        rows, facts = X[left_out], info[left_out]
        totals = [sum_absolute(y, settings.above_minimum) for y in rows]
        factors = np.array([[safe_factor(total)] for total in totals])
        residuals = np.full_like(rows, np.nan)  # where a row holds infinity
        _run(kernel, factors * rows, residuals, facts, settings)
        residuals /= factors
        residuals[~np.isfinite(residuals).all(axis=1)] = np.nan
        out[left_out], info[left_out] = residuals, facts


def _run(kernel, X, out, info, settings):
    """Call the kernel with its working memory."""
    n_spectra, n_points = X.shape
    refined = needs_refinement(settings)
    n_records = n_points + 2 * int(PADDING)
    kernel(
        X,
        out,
        info,
        np.uint64(n_spectra),
        np.uint64(n_points),
        None if settings.diff_order == 2 else _penalty(n_points, settings.diff_order),
        1.0 / settings.lam,
        -math.log(settings.lam),
        settings.p,
        settings.tol,
        float(settings.max_iter),
        np.empty((int(LANES), n_points + settings.diff_order)),
        _aligned_zeros(n_records * int(RECORD)),
        _aligned_zeros(n_records * int(CURVE)) if refined else None,
        np.zeros(N_NUMBERS),
        np.full(N_INTEGERS, NOBODY),
    )


def _penalty(n_points, diff_order):
    """Return D'D as an array whose element [k, i] is element (i, i - k) of it."""
    bands = penalty_bands(n_points, diff_order)
    penalty = np.zeros_like(bands)
    for k, band in enumerate(bands):
        penalty[k, k:] = band[: n_points - k]
    return penalty


def _aligned_zeros(size):
    """Zeros that start at a cache line, so that no vector lies across two of them."""
    values = np.zeros(size + 8)
    start = (64 - values.ctypes.data % 64) // 8 % 8
    return values[start : start + size]
