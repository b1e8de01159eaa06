"""Solvers of penalized least squares for 32 spectra side by side.

One spectrum at a time, each step of a solver waits for the one before. Here 32 spectra
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

from sklearn_raman.preprocessing._whittaker.math import fma

ONE = np.uint64(1)
LANES = np.uint64(32)
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

# Where the numbers of the lanes begin, in arrays of their own: `numbers` (float64) ...
FACTOR = np.uint64(0) * LANES  # by which the spectrum was multiplied
LIMIT = np.uint64(1) * LANES  # airPLS: stop when less than this lies below the baseline
BELOW = np.uint64(2) * LANES  # sum of |r| below the baseline
SQUARES = np.uint64(3) * LANES  # sum of r ** 2 below the baseline
COUNT = np.uint64(4) * LANES  # number of points below the baseline
SLOPE, SHIFT = np.uint64(5) * LANES, np.uint64(6) * LANES  # of the weights' exponent
DONE = np.uint64(7) * LANES  # 1 if converged
STEP, LAST_STEP = np.uint64(8) * LANES, np.uint64(9) * LANES  # of the refinement
LARGEST = np.uint64(10) * LANES  # residual
AGAIN = np.uint64(11) * LANES  # 1 if another step of refinement is needed
PARTIAL = np.uint64(12) * LANES  # partial sums
N_NUMBERS = 13 * int(LANES)
# ... and `integers` (int64).
ROW = np.uint64(0) * LANES  # which row of X a lane holds, or -1
SOLVES = np.uint64(1) * LANES
MOVED, MOVED_ROW = np.uint64(2) * LANES, np.uint64(3) * LANES  # lanes to fill or empty
N_INTEGERS = 4 * int(LANES)

# Only kernels call these functions: without wrappers for Python they compile in half
# the time.
HELPER = {
    "error_model": "numpy",
    "boundscheck": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


@njit(**HELPER)
def solve_1(n_points, work, penalty):
    """Solve the systems of all lanes for differences of order 1."""
    for i in range(n_points):
        diagonal = penalty[0, i]
        before = (i + (PADDING - ONE)) * RECORD
        for lane in range(LANES):
            at = before + lane
            inverse_1 = work[at + INVERSE]
            work[at + RECORD + FORWARD] = fma(
                inverse_1, work[at + FORWARD], work[at + RECORD + RIGHT_SIDE]
            )
            work[at + RECORD + INVERSE] = 1.0 / (
                diagonal + work[at + RECORD + WEIGHT] - inverse_1
            )
    here = (n_points + (PADDING - ONE)) * RECORD
    for _ in range(n_points):
        for lane in range(LANES):
            at = here + lane
            r = (work[at + FORWARD] + work[at + RECORD]) * work[at + INVERSE]
            work[at] = r
            work[at + FORWARD] = work[at + RECORD + FORWARD] + (r if r < 0.0 else 0.0)
        here = here - RECORD


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
        beside = 2.0 if i == last else 0.0
        less = 5.0 if i == last else 1.0 if i + ONE == last else 0.0
        for lane in range(LANES):
            at = here - RECORD_2 + lane
            loss_2 = work[at + LOSS]
            before = work[at + RECORD + LOWER] - beside
            change = fma(work[at + RECORD + LOSS], 2.0 + before, -before)
            gain = fma(
                change,
                2.0 + before,
                fma(-2.0, before, (work[at + RECORD_2 + WEIGHT] + loss_2) - less),
            )
            work[at + RECORD_2 + LOSS] = gain / (1.0 + gain)
            work[at + RECORD_2 + LOWER] = change
            work[at + RECORD_2 + FORWARD] = fma(
                loss_2 - 1.0,
                work[at + FORWARD],
                fma(
                    2.0 - change,
                    work[at + RECORD + FORWARD],
                    work[at + RECORD_2 + RIGHT_SIDE],
                ),
            )
    here = (last + PADDING) * RECORD
    for _ in range(n_points):
        for lane in range(LANES):
            at = here + lane
            r = (work[at + FORWARD] - work[at + RECORD_2]) * (1.0 - work[at + LOSS])
            r = fma(2.0 - work[at + RECORD + LOWER], work[at + RECORD], r)
            work[at] = r
            work[at + FORWARD] = work[at + RECORD + FORWARD] + (r if r < 0.0 else 0.0)
        here = here - RECORD


@njit(**HELPER)
def solve_3(n_points, work, penalty):
    """Solve the systems of all lanes for differences of order 3."""
    for i in range(n_points):
        diagonal, beside, beside_2 = penalty[0, i], penalty[1, i], penalty[2, i]
        before_3 = i * RECORD
        for lane in range(LANES):
            at = before_3 + lane
            inverse_1 = work[at + RECORD_2 + INVERSE]
            inverse_2 = work[at + RECORD + INVERSE]
            inverse_3 = work[at + INVERSE]
            v_2 = beside_2 + work[at + RECORD + LOWER]
            v_1 = fma(
                -v_2,
                work[at + RECORD_2 + LOWER],
                beside + work[at + RECORD_2 + LOWER_2],
            )
            l_1 = v_1 * inverse_1
            l_2 = v_2 * inverse_2
            work[at + RECORD_3 + FORWARD] = fma(
                inverse_3,
                work[at + FORWARD],
                fma(
                    -l_2,
                    work[at + RECORD + FORWARD],
                    fma(
                        -l_1,
                        work[at + RECORD_2 + FORWARD],
                        work[at + RECORD_3 + RIGHT_SIDE],
                    ),
                ),
            )
            work[at + RECORD_3 + INVERSE] = 1.0 / (
                fma(
                    -l_2,
                    v_2,
                    fma(
                        -l_1, v_1, (diagonal + work[at + RECORD_3 + WEIGHT]) - inverse_3
                    ),
                )
            )
            work[at + RECORD_3 + LOWER] = l_1
            work[at + RECORD_3 + LOWER_2] = l_2
    here = (n_points + (PADDING - ONE)) * RECORD
    for _ in range(n_points):
        for lane in range(LANES):
            at = here + lane
            r = (work[at + FORWARD] + work[at + RECORD_3]) * work[at + INVERSE]
            r = fma(-work[at + RECORD + LOWER], work[at + RECORD], r)
            r = fma(-work[at + RECORD_2 + LOWER_2], work[at + RECORD_2], r)
            work[at] = r
            work[at + FORWARD] = work[at + RECORD + FORWARD] + (r if r < 0.0 else 0.0)
        here = here - RECORD
