"""Solvers of penalized least squares for 24 spectra side by side.

One spectrum at a time, each step of a solver waits for the one before. Here 24 spectra
("lanes") are solved in step, so that one vector instruction serves several of them.

Working memory is one flat array of records, `work[point, field, lane]`, with three
empty records before and after the spectrum so that the recurrences need no special case
at the ends. What makes the compiler use vector instructions, found by reading what it
writes:

- one array, so that each address is a base plus a constant;
- unsigned indices, since numba lets signed ones count from the end;
- the numbers of lanes and of fields are constants of this file, compiled in;
- sums kept as running sums in a field that is free, not in a second array;
- an exponential of its own (`math`).

Each fused multiplication and addition is spelled out (`fma`) and none is left to the
compiler, so that a spectrum gets the same bits in any lane and beside any others.

A solver factorizes W / lam + D'D = L d L' (1 on the diagonal of L) and substitutes
forward in one pass over the points, and substitutes backward in a second, in which it
also sums the residuals below the baseline. `penalty[k, i]` is element (i, i - k) of
D'D.
"""

import numpy as np
from numba import njit

from sklearn_raman.preprocessing._whittaker.math import fma, where
from sklearn_raman.preprocessing._whittaker.reference import NEGLIGIBLE_STEP

ZERO, ONE = np.uint64(0), np.uint64(1)
LANES = np.uint64(24)  # 32 keep a 1500-point spectrum out of a cache of 2 MB
PADDING = np.uint64(3)  # empty records on each side: the largest order of differences

# Where the fields of a record begin; the residual is the first.
RIGHT_SIDE = np.uint64(1) * LANES  # D'D y
LOWER = np.uint64(2) * LANES  # first off-diagonal l of L, but l + 2 for order 2
INVERSE = LOSS = np.uint64(3) * LANES  # 1 / d, but 1 - 1 / d for order 2
FORWARD = np.uint64(4) * LANES  # forward substitution; afterwards for running sums
WEIGHT = np.uint64(5) * LANES  # w / lam
LOWER_2 = np.uint64(6) * LANES  # second off-diagonal of L, order 3 only
RECORD = np.uint64(7) * LANES
RECORD_2, RECORD_3 = np.uint64(2) * RECORD, np.uint64(3) * RECORD

# Where the numbers of the lanes begin, in arrays of their own. Of `numbers` (float64),
# the refinement needs these, `kernels` those that follow; of `integers` (uint64), ROW.
STEP, LAST_STEP = np.uint64(0) * LANES, np.uint64(1) * LANES
LARGEST = np.uint64(2) * LANES  # residual
AGAIN = np.uint64(3) * LANES  # 1 if another step is needed
ROW = np.uint64(0) * LANES  # which row of X a lane holds, or NOBODY
NOBODY = np.uint64(2**64 - 1)

# Only kernels call these functions: without wrappers for Python, reference counts and
# passes that look for what is not there they compile in half the time. Small ones that
# have one caller are inlined instead, which takes less still.
HELPER = {
    "error_model": "numpy",
    "boundscheck": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
    "no_rewrites": True,
}


@njit(**HELPER)
def solve_1(n_points, work, penalty):
    """Solve the systems of all lanes for differences of order 1."""
    for i in range(n_points):
        here, diagonal = (i + PADDING) * RECORD, penalty[0, i]
        for lane in range(LANES):
            at = here + lane
            inverse_1 = work[at - RECORD + INVERSE]
            work[at + FORWARD] = fma(
                inverse_1, work[at - RECORD + FORWARD], work[at + RIGHT_SIDE]
            )
            work[at + INVERSE] = 1.0 / (diagonal + work[at + WEIGHT] - inverse_1)
    for i in range(n_points):
        here = (n_points - i + (PADDING - ONE)) * RECORD
        for lane in range(LANES):
            at = here + lane
            r = (work[at + FORWARD] + work[at + RECORD]) * work[at + INVERSE]
            work[at] = r
            work[at + FORWARD] = work[at + RECORD + FORWARD] + where(r < 0.0, r, 0.0)


@njit(**HELPER)
def solve_2(n_points, work):
    """Solve the systems of all lanes for differences of order 2.

    Without weights d is 1 and the rows of L are (1, -2, 1), up to the last two points.
    Weights over lam change that little, and the error of r comes from rounding what is
    changed. So only the changes are kept, l + 2 in LOWER and 1 - 1 / d in LOSS, and
    computed without the numbers that cancel (6, 4 and 1): 10 to 20 times as accurate as
    with l and d, in the same time. Before the first point the empty records stand for
    points without weight, so that only the last two are special. `gain` is d - 1 and
    `change` is l + 2.
    """
    last = n_points - ONE
    for i in range(n_points):
        here = (i + PADDING) * RECORD
        # The elements (i, i) and (i, i - 1) of D'D are 6 - less and -4 + beside.
        beside = where(i == last, 2.0, 0.0)
        less = where(i == last, 5.0, where(i + ONE == last, 1.0, 0.0))
        for lane in range(LANES):
            at = here + lane
            back, back_2 = at - RECORD, at - RECORD_2
            loss_2 = work[back_2 + LOSS]
            before = work[back + LOWER] - beside
            change = fma(work[back + LOSS], 2.0 + before, -before)
            gain = fma(-2.0, before, (work[at + WEIGHT] + loss_2) - less)
            gain = fma(change, 2.0 + before, gain)
            total = work[at + RIGHT_SIDE]
            total = fma(2.0 - change, work[back + FORWARD], total)
            total = fma(loss_2 - 1.0, work[back_2 + FORWARD], total)
            work[at + LOSS] = gain / (1.0 + gain)
            work[at + LOWER] = change
            work[at + FORWARD] = total
    for i in range(n_points):
        here = (n_points - i + (PADDING - ONE)) * RECORD
        for lane in range(LANES):
            at = here + lane
            r = (work[at + FORWARD] - work[at + RECORD_2]) * (1.0 - work[at + LOSS])
            ahead = at + RECORD
            r = fma(2.0 - work[ahead + LOWER], work[ahead], r)
            work[at] = r
            work[at + FORWARD] = work[ahead + FORWARD] + where(r < 0.0, r, 0.0)


@njit(**HELPER)
def solve_3(n_points, work, penalty):
    """Solve the systems of all lanes for differences of order 3."""
    for i in range(n_points):
        here = (i + PADDING) * RECORD
        diagonal, beside, beside_2 = penalty[0, i], penalty[1, i], penalty[2, i]
        for lane in range(LANES):
            at = here + lane
            inverse_3 = work[at - RECORD_3 + INVERSE]
            v_2 = beside_2 + work[at - RECORD_2 + LOWER]
            v_1 = beside + work[at - RECORD + LOWER_2]
            v_1 = fma(-v_2, work[at - RECORD + LOWER], v_1)
            l_1 = v_1 * work[at - RECORD + INVERSE]
            l_2 = v_2 * work[at - RECORD_2 + INVERSE]
            pivot = fma(-l_1, v_1, (diagonal + work[at + WEIGHT]) - inverse_3)
            pivot = fma(-l_2, v_2, pivot)
            total = work[at + RIGHT_SIDE]
            total = fma(-l_1, work[at - RECORD + FORWARD], total)
            total = fma(-l_2, work[at - RECORD_2 + FORWARD], total)
            total = fma(inverse_3, work[at - RECORD_3 + FORWARD], total)
            work[at + FORWARD] = total
            work[at + INVERSE] = 1.0 / pivot
            work[at + LOWER] = l_1
            work[at + LOWER_2] = l_2
    for i in range(n_points):
        here = (n_points - i + (PADDING - ONE)) * RECORD
        for lane in range(LANES):
            at = here + lane
            r = (work[at + FORWARD] + work[at + RECORD_3]) * work[at + INVERSE]
            r = fma(-work[at + RECORD + LOWER], work[at + RECORD], r)
            r = fma(-work[at + RECORD_2 + LOWER_2], work[at + RECORD_2], r)
            work[at] = r
            work[at + FORWARD] = work[at + RECORD + FORWARD] + where(r < 0.0, r, 0.0)


# Iterative refinement ---------------------------------------------------------------
#
# With a high order or a large lam the systems are ill-conditioned, and a residual r is
# off by up to 5e-3 of the range of the spectrum. The error solves the same system with
# the right side D'D (y - r) - (w / lam) r, which is small and, computed from the smooth
# curve y - r, accurate: one step mostly leaves 1e-15. Where hardly a point lies below
# the baseline it leaves too much, and there are further steps for these spectra alone.

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
    for i in range(ZERO, n_points, _SAMPLING):
        here = (i + PADDING) * RECORD
        for lane in range(LANES):
            r, e = abs(work[here + lane]), abs(work[here + lane + FORWARD])
            largest, step = numbers[LARGEST + lane], numbers[STEP + lane]
            numbers[LARGEST + lane] = where(r > largest, r, largest)
            numbers[STEP + lane] = where(e > step, e, step)
    any_left = False
    for lane in range(LANES):
        step = numbers[STEP + lane]
        more = NEGLIGIBLE_STEP * numbers[LARGEST + lane] < step
        more = more and step < numbers[LAST_STEP + lane]
        more = more and integers[ROW + lane] != NOBODY
        numbers[AGAIN + lane] = where(more, 1.0, 0.0)
        numbers[LAST_STEP + lane] = step
        any_left = any_left or more
    return any_left


@njit(**HELPER)
def drop_errors(n_points, work, numbers):
    """Set the errors of lanes that are accurate already to -0, which changes no bit."""
    for i in range(n_points):
        here = (i + PADDING) * RECORD + FORWARD
        for lane in range(LANES):
            if numbers[AGAIN + lane] == 0.0:
                work[here + lane] = -0.0


@njit(**HELPER)
def add_errors(n_points, work):
    """Add the errors to the residuals, and sum the residuals below the baseline.

    Sums from the last point on, as solvers do.
    """
    for i in range(n_points):
        here = (n_points - i + (PADDING - ONE)) * RECORD
        for lane in range(LANES):
            at = here + lane
            r = work[at] + work[at + FORWARD]
            work[at] = r
            work[at + FORWARD] = work[at + RECORD + FORWARD] + where(r < 0.0, r, 0.0)


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
        inside = where(i < last, 1.0, 0.0)
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
            loss_2 = work[at - RECORD_2 + LOSS]
            work[at + FORWARD] = fma(loss_2 - 1.0, work[at - RECORD_2 + FORWARD], total)
    for i in range(n_points):
        here = (n_points - i + (PADDING - ONE)) * RECORD
        for lane in range(LANES):
            at = here + lane
            error = work[at + FORWARD] - work[at + RECORD_2 + FORWARD]
            error = error * (1.0 - work[at + LOSS])
            change = work[at + RECORD + LOWER]
            work[at + FORWARD] = fma(2.0 - change, work[at + RECORD + FORWARD], error)


@njit(**HELPER)
def solve_error_3(n_points, work, curves):
    """Solve for the errors with the factors that `solve_3` left, into FORWARD."""
    last = n_points - np.uint64(3)  # number of differences
    for i in range(n_points):
        here, curve = (i + PADDING) * RECORD, (i + PADDING) * CURVE
        inside = where(i < last, 1.0, 0.0)
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
            d_3 = curves[to - _CURVE_3 + DIFFERENCE]
            total = ((d_1 - d_2) - (d_2 - d_3)) - ((d_0 - d_1) - (d_1 - d_2))
            total = fma(-work[at + WEIGHT], work[at], total)
            total = fma(-work[at + LOWER], work[at - RECORD + FORWARD], total)
            total = fma(-work[at + LOWER_2], work[at - RECORD_2 + FORWARD], total)
            inverse_3 = work[at - RECORD_3 + INVERSE]
            work[at + FORWARD] = fma(inverse_3, work[at - RECORD_3 + FORWARD], total)
    for i in range(n_points):
        here = (n_points - i + (PADDING - ONE)) * RECORD
        for lane in range(LANES):
            at = here + lane
            error = work[at + FORWARD] + work[at + RECORD_3 + FORWARD]
            error = error * work[at + INVERSE]
            error = fma(-work[at + RECORD + LOWER], work[at + RECORD + FORWARD], error)
            l_2 = work[at + RECORD_2 + LOWER_2]
            work[at + FORWARD] = fma(-l_2, work[at + RECORD_2 + FORWARD], error)
