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
- an exponential of its own (`_numba_math`).

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

from sklearn_raman.preprocessing._numba_math import fma

PADDING = 3  # empty records on each side: the order of the highest difference

# Fields of a record.
RESIDUAL = 0
RIGHT_SIDE = 1  # D'D y
LOWER = 2  # first off-diagonal of L in L d L'
INVERSE = 3  # 1 / d
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


@njit(**OPTIONS)
def solve_2(n_points, work, penalty, layout):
    """Solve the systems of all lanes for differences of order 2.

    The second off-diagonal of the matrix is 1 and needs no storage.
    """
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    record_2 = record + record
    right_side, lower, inverse = (
        np.uint64(RIGHT_SIDE) * width,
        np.uint64(LOWER) * width,
        np.uint64(INVERSE) * width,
    )
    forward, weight = np.uint64(FORWARD) * width, np.uint64(WEIGHT) * width
    for i in range(n_points):
        diagonal, beside = penalty[0, i], penalty[1, i]
        before_2 = (i + np.uint64(PADDING - 2)) * record
        for lane in range(width):
            at = before_2 + lane
            inverse_1 = work[at + record + inverse]
            inverse_2 = work[at + inverse]
            v = beside - work[at + record + lower]
            l_1 = v * inverse_1
            work[at + record_2 + forward] = fma(
                -inverse_2,
                work[at + forward],
                fma(
                    -l_1, work[at + record + forward], work[at + record_2 + right_side]
                ),
            )
            work[at + record_2 + inverse] = 1.0 / (
                fma(-l_1, v, (diagonal + work[at + record_2 + weight]) - inverse_2)
            )
            work[at + record_2 + lower] = l_1
    here = (n_points + np.uint64(PADDING - 1)) * record
    for _ in range(n_points):
        for lane in range(width):
            at = here + lane
            r = (work[at + forward] - work[at + record_2]) * work[at + inverse]
            r = fma(-work[at + record + lower], work[at + record], r)
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
