"""One step of iterative refinement for 32 spectra side by side.

With a high order or a large lam the systems are ill-conditioned, and a residual r is
off by up to 1e-4 of the range of the spectrum. The error solves the same system with
the right side D'D (y - r) - (w / lam) r, which is small and, computed from the smooth
curve y - r, accurate: one step leaves about 1e-10.
"""

import numpy as np
from numba import njit

from sklearn_raman.preprocessing._numba_math import fma
from sklearn_raman.preprocessing._numba_solvers import (
    DIFFERENCE,
    FORWARD,
    INVERSE,
    LOWER,
    LOWER_2,
    OPTIONS,
    PADDING,
    SPECTRUM,
    WEIGHT,
)


@njit(**OPTIONS)
def refine(n_points, work, diff_order, layout):
    """Refine the residuals of all lanes, order 2 or 3, right after they were solved."""
    size = np.uint64(n_points)
    if diff_order == 2:
        _forward_2(size, work, layout)
        _backward_2(size, work, layout)
    else:
        _forward_3(size, work, layout)
        _backward_3(size, work, layout)
    _sum_below(size, work, layout)


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
    lower, inverse = np.uint64(LOWER) * width, np.uint64(INVERSE) * width
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
            total = fma(-work[at + lower], work[at - record + forward], total)
            work[at + forward] = fma(
                -work[at - record_2 + inverse], work[at - record_2 + forward], total
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
    """Substitute backward, order 2, and add the error to r."""
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    lower, inverse = np.uint64(LOWER) * width, np.uint64(INVERSE) * width
    forward = np.uint64(FORWARD) * width
    record_2 = record + record
    here = (n_points + np.uint64(PADDING - 1)) * record
    for _ in range(n_points):
        for lane in range(width):
            at = here + lane
            error = work[at + forward] - work[at + record_2 + forward]
            error = error * work[at + inverse]
            error = fma(-work[at + record + lower], work[at + record + forward], error)
            work[at + forward] = error
            work[at] = work[at] + error
        here = here - record


@njit(**OPTIONS)
def _backward_3(n_points, work, layout):
    """Substitute backward, order 3, and add the error to r."""
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
            work[at] = work[at] + error
        here = here - record


@njit(**OPTIONS)
def _sum_below(n_points, work, layout):
    """Sum the residuals below the baseline from the last point on, as solvers do."""
    width = np.uint64(len(layout[0]))
    record = np.uint64(len(layout[1])) * width
    forward = np.uint64(FORWARD) * width
    here = (n_points + np.uint64(PADDING - 1)) * record
    for _ in range(n_points):
        for lane in range(width):
            at = here + lane
            r = work[at]
            work[at + forward] = work[at + record + forward] + (r if r < 0.0 else 0.0)
        here = here - record
