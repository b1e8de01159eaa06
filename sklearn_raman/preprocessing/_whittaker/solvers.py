"""Solvers of penalised least squares for 32 spectra side by side.

One spectrum at a time, each step of a solver waits for the one before. Here 32 spectra
("lanes") are solved in step, so that one vector instruction serves several of them.

Working memory is one flat array of records, `work[point, field, lane]`, with three
empty records before and after the spectrum so that the recurrences need no special case
at the ends. What makes the compiler use vector instructions, found by reading what it
writes:

- one array, so that each address is a base plus a constant;
- unsigned indices, since numba lets signed ones count from the end;
- the numbers of lanes and of fields constants: they are the lengths of the two tuples
  in `layout`, which numba compiles in. With one lane it is the scalar kernel;
- sums kept as running sums in a field that is free, not in a second array;
- an exponential of its own (`math`).

Each fused multiplication and addition is spelled out (`fma`) and none is left to the
compiler, so that a spectrum gets the same bits in any lane, beside any others, and in
the scalar kernel.

A solver factorises W / lam + D'D = L d L' (1 on the diagonal of L) and substitutes
forward in one pass over the points, and substitutes backward in a second, in which it
also sums the residuals below the baseline. `penalty[k, i]` is element (i, i - k) of
D'D.
"""

import numpy as np
from numba import njit

from sklearn_raman.preprocessing._whittaker.math import fma

PADDING = 3  # empty records on each side: the order of the highest difference

# Fields of a record.
RESIDUAL = 0
RIGHT_SIDE = 1  # D'D y
LOWER = 2  # first off-diagonal l of L in L d L', but l + 2 for order 2
INVERSE = LOSS = 3  # 1 / d, but 1 - 1 / d for order 2
FORWARD = 4  # forward substitution; afterwards free for running sums
WEIGHT = 5  # w / lam
LOWER_2 = 6  # second off-diagonal of L, order 3 only
N_FIELDS = 7
SPECTRUM = 7  # y, and the next one, only where residuals are refined
DIFFERENCE = 8  # of the curve y - r
N_FIELDS_REFINED = 9

OPTIONS = {
    "nogil": True,
    "cache": True,
    "error_model": "numpy",
    "boundscheck": False,
}


@njit(**OPTIONS)
def solve_1(n_points, work, penalty, layout):
    """Solve the systems of all lanes for differences of order 1."""
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    right_side, inverse = np.uint64(RIGHT_SIDE) * width, np.uint64(INVERSE) * width
    forward, weight = np.uint64(FORWARD) * width, np.uint64(WEIGHT) * width
    for i in range(n_points):
        diagonal = penalty[0, i]
        before = (i + np.uint64(PADDING - 1)) * record
        for lane in range(width):
            at = before + lane
            inverse_1 = work[at + inverse]
            work[at + record + forward] = fma(
                inverse_1, work[at + forward], work[at + record + right_side]
            )
            work[at + record + inverse] = 1.0 / (
                diagonal + work[at + record + weight] - inverse_1
            )
    here = (n_points + np.uint64(PADDING - 1)) * record
    for _ in range(n_points):
        for lane in range(width):
            at = here + lane
            r = (work[at + forward] + work[at + record]) * work[at + inverse]
            work[at] = r
            work[at + forward] = work[at + record + forward] + (r if r < 0.0 else 0.0)
        here = here - record


@njit(inline="always")
def _eliminate_2(work, here, beside, less, layout):
    """Factorise and substitute forward at one point, order 2.

    The elements (i, i) and (i, i - 1) of D'D are 6 - less and -4 + beside. `gain` is
    d - 1 and `change` is l + 2, see `solve_2`.
    """
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    record_2 = record + record
    right_side, lower, loss = (
        np.uint64(RIGHT_SIDE) * width,
        np.uint64(LOWER) * width,
        np.uint64(LOSS) * width,
    )
    forward, weight = np.uint64(FORWARD) * width, np.uint64(WEIGHT) * width
    for lane in range(width):
        at = here - record_2 + lane
        loss_2 = work[at + loss]
        before = work[at + record + lower] - beside
        change = fma(work[at + record + loss], 2.0 + before, -before)
        gain = fma(
            change,
            2.0 + before,
            fma(-2.0, before, (work[at + record_2 + weight] + loss_2) - less),
        )
        work[at + record_2 + loss] = gain / (1.0 + gain)
        work[at + record_2 + lower] = change
        work[at + record_2 + forward] = fma(
            loss_2 - 1.0,
            work[at + forward],
            fma(
                2.0 - change,
                work[at + record + forward],
                work[at + record_2 + right_side],
            ),
        )


@njit(**OPTIONS)
def solve_2(n_points, work, layout):
    """Solve the systems of all lanes for differences of order 2.

    Without weights d is 1 and the rows of L are (1, -2, 1), up to the last two points.
    Weights over lam change that little, and the error of r comes from rounding what is
    changed. So only the changes are kept, l + 2 in LOWER and 1 - 1 / d in LOSS, and
    computed without the numbers that cancel (6, 4 and 1): 10 to 20 times as accurate as
    with l and d, in the same time. Before the first point the empty records stand for
    points without weight, so that only the last two are special.
    """
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    record_2 = record + record
    lower, loss = np.uint64(LOWER) * width, np.uint64(LOSS) * width
    forward = np.uint64(FORWARD) * width
    here = np.uint64(PADDING) * record
    for _ in range(n_points - np.uint64(2)):
        _eliminate_2(work, here, 0.0, 0.0, layout)
        here = here + record
    _eliminate_2(work, here, 0.0, 1.0, layout)
    here = here + record
    _eliminate_2(work, here, 2.0, 5.0, layout)
    for _ in range(n_points):
        for lane in range(width):
            at = here + lane
            r = (work[at + forward] - work[at + record_2]) * (1.0 - work[at + loss])
            r = fma(2.0 - work[at + record + lower], work[at + record], r)
            work[at] = r
            work[at + forward] = work[at + record + forward] + (r if r < 0.0 else 0.0)
        here = here - record


@njit(**OPTIONS)
def solve_3(n_points, work, penalty, layout):
    """Solve the systems of all lanes for differences of order 3."""
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    record_2, record_3 = record + record, record + record + record
    right_side, lower, inverse = (
        np.uint64(RIGHT_SIDE) * width,
        np.uint64(LOWER) * width,
        np.uint64(INVERSE) * width,
    )
    forward, weight = np.uint64(FORWARD) * width, np.uint64(WEIGHT) * width
    lower_2 = np.uint64(LOWER_2) * width
    for i in range(n_points):
        diagonal, beside, beside_2 = penalty[0, i], penalty[1, i], penalty[2, i]
        before_3 = i * record
        for lane in range(width):
            at = before_3 + lane
            inverse_1 = work[at + record_2 + inverse]
            inverse_2 = work[at + record + inverse]
            inverse_3 = work[at + inverse]
            v_2 = beside_2 + work[at + record + lower]
            v_1 = fma(
                -v_2,
                work[at + record_2 + lower],
                beside + work[at + record_2 + lower_2],
            )
            l_1 = v_1 * inverse_1
            l_2 = v_2 * inverse_2
            work[at + record_3 + forward] = fma(
                inverse_3,
                work[at + forward],
                fma(
                    -l_2,
                    work[at + record + forward],
                    fma(
                        -l_1,
                        work[at + record_2 + forward],
                        work[at + record_3 + right_side],
                    ),
                ),
            )
            work[at + record_3 + inverse] = 1.0 / (
                fma(
                    -l_2,
                    v_2,
                    fma(
                        -l_1, v_1, (diagonal + work[at + record_3 + weight]) - inverse_3
                    ),
                )
            )
            work[at + record_3 + lower] = l_1
            work[at + record_3 + lower_2] = l_2
    here = (n_points + np.uint64(PADDING - 1)) * record
    for _ in range(n_points):
        for lane in range(width):
            at = here + lane
            r = (work[at + forward] + work[at + record_3]) * work[at + inverse]
            r = fma(-work[at + record + lower], work[at + record], r)
            r = fma(-work[at + record_2 + lower_2], work[at + record_2], r)
            work[at] = r
            work[at + forward] = work[at + record + forward] + (r if r < 0.0 else 0.0)
        here = here - record
