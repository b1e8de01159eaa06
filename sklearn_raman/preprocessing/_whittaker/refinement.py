"""Iterative refinement for 32 spectra side by side.

With a high order or a large lam the systems are ill-conditioned, and a residual r is
off by up to 5e-3 of the range of the spectrum. The error solves the same system with
the right side D'D (y - r) - (w / lam) r, which is small and, computed from the smooth
curve y - r, accurate: one step mostly leaves 1e-15. Where hardly a point lies below the
baseline it leaves too much, and there are further steps for these spectra alone.
"""

import numpy as np
from numba import njit

from sklearn_raman.preprocessing._whittaker.math import fma
from sklearn_raman.preprocessing._whittaker.solvers import (
    DIFFERENCE,
    FORWARD,
    INVERSE,
    LOSS,
    LOWER,
    LOWER_2,
    OPTIONS,
    PADDING,
    SPECTRUM,
    WEIGHT,
)
from sklearn_raman.preprocessing._whittaker.reference import MAX_REFINEMENTS, NEGLIGIBLE_STEP

_SAMPLING = 16  # the error is so smooth that every 16th point shows its size


@njit(**OPTIONS)
def refine(n_points, work, diff_order, rows, step, again, layout):
    """Refine the residuals of all lanes, order 2 or 3, right after they were solved.

    A lane with a spectrum (rows >= 0) gets another step while its last one was not
    negligible, and smaller than the one before. `step` and `again` are room for a
    number per lane.
    """
    size = np.uint64(n_points)
    step[:] = np.inf
    for k in range(MAX_REFINEMENTS):
        if diff_order == 2:
            _forward_2(size, work, layout)
            _backward_2(size, work, layout)
        else:
            _forward_3(size, work, layout)
            _backward_3(size, work, layout)
        if k > 0:
            _drop_errors(size, work, again, layout)
        any_left = _needs_more(size, work, rows, step, again, layout)
        _add_errors(size, work, layout)
        if not any_left:
            break


@njit(**OPTIONS)
def _needs_more(n_points, work, rows, step, again, layout):
    """Set `again` to 1 for lanes that need another step, else to 0. Are there any?"""
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    forward = np.uint64(FORWARD) * width
    largest, error = np.zeros(width), np.zeros(width)
    here = np.uint64(PADDING) * record
    for _ in range(np.uint64(0), n_points, np.uint64(_SAMPLING)):
        for lane in range(width):
            r, e = abs(work[here + lane]), abs(work[here + lane + forward])
            largest[lane] = r if r > largest[lane] else largest[lane]
            error[lane] = e if e > error[lane] else error[lane]
        here = here + np.uint64(_SAMPLING) * record
    any_left = False
    for lane in range(width):
        more = NEGLIGIBLE_STEP * largest[lane] < error[lane] < step[lane]
        more = more and rows[lane] >= 0
        again[lane] = 1.0 if more else 0.0
        step[lane] = error[lane]
        any_left = any_left or more
    return any_left


@njit(**OPTIONS)
def _drop_errors(n_points, work, again, layout):
    """Set the errors of lanes that are accurate already to -0, which changes no bit."""
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    here = np.uint64(PADDING) * record + np.uint64(FORWARD) * width
    for _ in range(n_points):
        for lane in range(width):
            if again[lane] == 0.0:
                work[here + lane] = -0.0
        here = here + record


@njit(**OPTIONS)
def _forward_2(n_points, work, layout):
    """Substitute forward, order 2, with the factors that solve_2 left.

    The right side is D' of the differences of the curve y - r, with zeros before the
    first and behind the last, less (w / lam) r. It is computed difference by
    difference: neighbours of a smooth curve are so close that their difference is
    exact, while a weighted sum over the bands of D'D would round.
    """
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    lower, loss = np.uint64(LOWER) * width, np.uint64(LOSS) * width
    forward, weight = np.uint64(FORWARD) * width, np.uint64(WEIGHT) * width
    spectrum = np.uint64(SPECTRUM) * width
    difference = np.uint64(DIFFERENCE) * width
    record_2 = record + record
    last = n_points - np.uint64(2)  # number of differences
    for i in range(n_points):
        here = (i + np.uint64(PADDING)) * record
        inside = 1.0 if i < last else 0.0
        for lane in range(width):
            at = here + lane
            z_0 = work[at + spectrum] - work[at]
            z_1 = work[at + record + spectrum] - work[at + record]
            z_2 = work[at + record_2 + spectrum] - work[at + record_2]
            d_0 = ((z_2 - z_1) - (z_1 - z_0)) * inside
            d_1 = work[at - record + difference]
            work[at + difference] = d_0
            total = (d_0 - d_1) - (d_1 - work[at - record_2 + difference])
            total = fma(-work[at + weight], work[at], total)
            total = fma(2.0 - work[at + lower], work[at - record + forward], total)
            work[at + forward] = fma(
                work[at - record_2 + loss] - 1.0, work[at - record_2 + forward], total
            )


@njit(**OPTIONS)
def _forward_3(n_points, work, layout):
    """Substitute forward, order 3, with the factors that solve_3 left; see order 2."""
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    lower, inverse = np.uint64(LOWER) * width, np.uint64(INVERSE) * width
    forward, weight = np.uint64(FORWARD) * width, np.uint64(WEIGHT) * width
    lower_2, spectrum = np.uint64(LOWER_2) * width, np.uint64(SPECTRUM) * width
    difference = np.uint64(DIFFERENCE) * width
    record_2, record_3 = record + record, record + record + record
    last = n_points - np.uint64(3)  # number of differences
    for i in range(n_points):
        here = (i + np.uint64(PADDING)) * record
        inside = 1.0 if i < last else 0.0
        for lane in range(width):
            at = here + lane
            z_0 = work[at + spectrum] - work[at]
            z_1 = work[at + record + spectrum] - work[at + record]
            z_2 = work[at + record_2 + spectrum] - work[at + record_2]
            z_3 = work[at + record_3 + spectrum] - work[at + record_3]
            middle = z_2 - z_1
            d_0 = (((z_3 - z_2) - middle) - (middle - (z_1 - z_0))) * inside
            d_1 = work[at - record + difference]
            d_2 = work[at - record_2 + difference]
            work[at + difference] = d_0
            total = ((d_1 - d_2) - (d_2 - work[at - record_3 + difference])) - (
                (d_0 - d_1) - (d_1 - d_2)
            )
            total = fma(-work[at + weight], work[at], total)
            total = fma(-work[at + lower], work[at - record + forward], total)
            total = fma(-work[at + lower_2], work[at - record_2 + forward], total)
            work[at + forward] = fma(
                work[at - record_3 + inverse], work[at - record_3 + forward], total
            )


@njit(**OPTIONS)
def _backward_2(n_points, work, layout):
    """Substitute backward, order 2: the error, in FORWARD."""
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    lower, loss = np.uint64(LOWER) * width, np.uint64(LOSS) * width
    forward = np.uint64(FORWARD) * width
    record_2 = record + record
    here = (n_points + np.uint64(PADDING - 1)) * record
    for _ in range(n_points):
        for lane in range(width):
            at = here + lane
            error = work[at + forward] - work[at + record_2 + forward]
            error = error * (1.0 - work[at + loss])
            error = fma(
                2.0 - work[at + record + lower], work[at + record + forward], error
            )
            work[at + forward] = error
        here = here - record


@njit(**OPTIONS)
def _backward_3(n_points, work, layout):
    """Substitute backward, order 3: the error, in FORWARD."""
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    lower, inverse = np.uint64(LOWER) * width, np.uint64(INVERSE) * width
    forward, lower_2 = np.uint64(FORWARD) * width, np.uint64(LOWER_2) * width
    record_2, record_3 = record + record, record + record + record
    here = (n_points + np.uint64(PADDING - 1)) * record
    for _ in range(n_points):
        for lane in range(width):
            at = here + lane
            error = work[at + forward] + work[at + record_3 + forward]
            error = error * work[at + inverse]
            error = fma(-work[at + record + lower], work[at + record + forward], error)
            error = fma(
                -work[at + record_2 + lower_2], work[at + record_2 + forward], error
            )
            work[at + forward] = error
        here = here - record


@njit(**OPTIONS)
def _add_errors(n_points, work, layout):
    """Add the errors to the residuals, and sum the residuals below the baseline.

    Sums from the last point on, as solvers do.
    """
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    forward = np.uint64(FORWARD) * width
    here = (n_points + np.uint64(PADDING - 1)) * record
    for _ in range(n_points):
        for lane in range(width):
            at = here + lane
            r = work[at] + work[at + forward]
            work[at] = r
            work[at + forward] = work[at + record + forward] + (r if r < 0.0 else 0.0)
        here = here - record
