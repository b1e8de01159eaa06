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
from sklearn_raman.preprocessing._whittaker.reference import NEGLIGIBLE_STEP
from sklearn_raman.preprocessing._whittaker.solvers import (
    AGAIN,
    FORWARD,
    HELPER,
    INVERSE,
    LANES,
    LARGEST,
    LAST_STEP,
    LOSS,
    LOWER,
    LOWER_2,
    ONE,
    PADDING,
    RECORD,
    RECORD_2,
    RECORD_3,
    ROW,
    STEP,
    WEIGHT,
)

# What only the refinement needs lies in an array of its own, `curves[point, field,
# lane]` with as many empty records: larger ones would slow down what is not refined.
DIFFERENCE = np.uint64(1) * LANES  # of the curve y - r; y is the first field
CURVE = np.uint64(2) * LANES
_CURVE_2, _CURVE_3 = np.uint64(2) * CURVE, np.uint64(3) * CURVE
_SAMPLING = np.uint64(16)  # the error is so smooth that every 16th point shows its size


@njit(**HELPER)
def needs_more(n_points, work, numbers, integers):
    """Set AGAIN to 1 for lanes that need another step, else to 0. Are there any?

    A lane with a spectrum needs one while its last step was not negligible, and smaller
    than the one before.
    """
    for lane in range(LANES):
        numbers[LARGEST + lane] = numbers[STEP + lane] = 0.0
    here = PADDING * RECORD
    for _ in range(np.uint64(0), n_points, _SAMPLING):
        for lane in range(LANES):
            r, e = abs(work[here + lane]), abs(work[here + lane + FORWARD])
            numbers[LARGEST + lane] = (
                r if r > numbers[LARGEST + lane] else numbers[LARGEST + lane]
            )
            numbers[STEP + lane] = (
                e if e > numbers[STEP + lane] else numbers[STEP + lane]
            )
        here = here + _SAMPLING * RECORD
    any_left = False
    for lane in range(LANES):
        more = (
            NEGLIGIBLE_STEP * numbers[LARGEST + lane]
            < numbers[STEP + lane]
            < numbers[LAST_STEP + lane]
        )
        more = more and integers[ROW + lane] >= 0
        numbers[AGAIN + lane] = 1.0 if more else 0.0
        numbers[LAST_STEP + lane] = numbers[STEP + lane]
        any_left = any_left or more
    return any_left


@njit(**HELPER)
def drop_errors(n_points, work, numbers):
    """Set the errors of lanes that are accurate already to -0, which changes no bit."""
    here = PADDING * RECORD + FORWARD
    for _ in range(n_points):
        for lane in range(LANES):
            if numbers[AGAIN + lane] == 0.0:
                work[here + lane] = -0.0
        here = here + RECORD


@njit(**HELPER)
def add_errors(n_points, work):
    """Add the errors to the residuals, and sum the residuals below the baseline.

    Sums from the last point on, as solvers do.
    """
    here = (n_points + (PADDING - ONE)) * RECORD
    for _ in range(n_points):
        for lane in range(LANES):
            at = here + lane
            r = work[at] + work[at + FORWARD]
            work[at] = r
            work[at + FORWARD] = work[at + RECORD + FORWARD] + (r if r < 0.0 else 0.0)
        here = here - RECORD


@njit(**HELPER)
def solve_error_2(n_points, work, curves):
    """Solve for the errors with the factors that `solve_2` left, into FORWARD.

    The right side is D' of the differences of the curve y - r, with zeros before the
    first and after the last, less (w / lam) r. It is computed difference by
    difference: neighbors of a smooth curve are so close that their difference is
    exact, while a weighted sum over the bands of D'D would round.
    """
    last = n_points - np.uint64(2)  # number of differences
    for i in range(n_points):
        here, curve = (i + PADDING) * RECORD, (i + PADDING) * CURVE
        inside = 1.0 if i < last else 0.0
        for lane in range(LANES):
            at, to = here + lane, curve + lane
            z_0 = curves[to] - work[at]
            z_1 = curves[to + CURVE] - work[at + RECORD]
            z_2 = curves[to + _CURVE_2] - work[at + RECORD_2]
            d_0 = ((z_2 - z_1) - (z_1 - z_0)) * inside
            d_1 = curves[to - CURVE + DIFFERENCE]
            curves[to + DIFFERENCE] = d_0
            total = (d_0 - d_1) - (d_1 - curves[to - _CURVE_2 + DIFFERENCE])
            total = fma(-work[at + WEIGHT], work[at], total)
            total = fma(2.0 - work[at + LOWER], work[at - RECORD + FORWARD], total)
            work[at + FORWARD] = fma(
                work[at - RECORD_2 + LOSS] - 1.0, work[at - RECORD_2 + FORWARD], total
            )
    here = (n_points + (PADDING - ONE)) * RECORD
    for _ in range(n_points):
        for lane in range(LANES):
            at = here + lane
            error = work[at + FORWARD] - work[at + RECORD_2 + FORWARD]
            error = error * (1.0 - work[at + LOSS])
            error = fma(
                2.0 - work[at + RECORD + LOWER], work[at + RECORD + FORWARD], error
            )
            work[at + FORWARD] = error
        here = here - RECORD


@njit(**HELPER)
def solve_error_3(n_points, work, curves):
    """Solve for the errors with the factors that `solve_3` left, into FORWARD."""
    last = n_points - np.uint64(3)  # number of differences
    for i in range(n_points):
        here, curve = (i + PADDING) * RECORD, (i + PADDING) * CURVE
        inside = 1.0 if i < last else 0.0
        for lane in range(LANES):
            at, to = here + lane, curve + lane
            z_0 = curves[to] - work[at]
            z_1 = curves[to + CURVE] - work[at + RECORD]
            z_2 = curves[to + _CURVE_2] - work[at + RECORD_2]
            z_3 = curves[to + _CURVE_3] - work[at + RECORD_3]
            middle = z_2 - z_1
            d_0 = (((z_3 - z_2) - middle) - (middle - (z_1 - z_0))) * inside
            d_1 = curves[to - CURVE + DIFFERENCE]
            d_2 = curves[to - _CURVE_2 + DIFFERENCE]
            curves[to + DIFFERENCE] = d_0
            total = ((d_1 - d_2) - (d_2 - curves[to - _CURVE_3 + DIFFERENCE])) - (
                (d_0 - d_1) - (d_1 - d_2)
            )
            total = fma(-work[at + WEIGHT], work[at], total)
            total = fma(-work[at + LOWER], work[at - RECORD + FORWARD], total)
            total = fma(-work[at + LOWER_2], work[at - RECORD_2 + FORWARD], total)
            work[at + FORWARD] = fma(
                work[at - RECORD_3 + INVERSE], work[at - RECORD_3 + FORWARD], total
            )
    here = (n_points + (PADDING - ONE)) * RECORD
    for _ in range(n_points):
        for lane in range(LANES):
            at = here + lane
            error = work[at + FORWARD] + work[at + RECORD_3 + FORWARD]
            error = error * work[at + INVERSE]
            error = fma(-work[at + RECORD + LOWER], work[at + RECORD + FORWARD], error)
            error = fma(
                -work[at + RECORD_2 + LOWER_2], work[at + RECORD_2 + FORWARD], error
            )
            work[at + FORWARD] = error
        here = here - RECORD
