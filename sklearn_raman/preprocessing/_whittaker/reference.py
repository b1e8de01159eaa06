"""Penalized least squares baselines as pure functions of one spectrum.

The baseline z of a spectrum y minimizes sum(w (y - z)^2) + lam sum((D z)^2), where D
takes differences of order d and w are the weights of the points, which each algorithm
updates from the residual r = y - z.

All functions solve for the residual, (W / lam + D'D) r = D'D y, instead of for z: the
right side does not depend on the weights, r is the corrected spectrum itself, and the
rounding error is smaller, because an offset and (for d = 2) a slope of the spectrum
drop out before anything is solved.

This file is the readable reference; `kernels.py` computes the same faster.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_solve_banded, cholesky_banded, solveh_banded
from scipy.special import expit

MAX_EXPONENT = 50.0  # of airPLS' iteration number

# Iterative refinement: a step of less than this part of the largest residual leaves an
# error below 1e-10 of the range, measured on simulated and mineral spectra.
NEGLIGIBLE_STEP = 1e-7
MAX_REFINEMENTS = 4

# Between these sums of absolute intensities no square over- or underflows.
SMALLEST_SAFE, LARGEST_SAFE = 2.0**-400, 2.0**100

# Columns of `info`, one row per spectrum.
N_ITER, CONVERGED, CONSTANT = range(3)


class Settings(NamedTuple):
    """What to compute: made once, passed on unchanged down to the kernels."""

    algorithm: str  # "airpls", "arpls" or "asls"
    lam: float
    diff_order: int
    max_iter: int
    tol: float
    rounding: float  # differences up to this part of an intensity are none
    p: float = 0.0  # asls: weight above the baseline
    zhang_ends: bool = False  # airpls: end weights of the published program
    above_minimum: bool = False  # airpls: tol refers to y - min(y)


def penalty_bands(n_points, diff_order):
    """Return D'D in scipy's lower banded form, shape (diff_order + 1, n_points)."""
    difference = np.diff(np.eye(diff_order + 1), n=diff_order, axis=0)[0]
    bands = np.zeros((diff_order + 1, n_points))
    n_differences = n_points - diff_order
    for offset in range(diff_order + 1):
        for i in range(diff_order + 1 - offset):
            product = difference[i] * difference[i + offset]
            bands[offset, i : i + n_differences] += product
    return bands


def penalize(y, diff_order):
    """Return D'D y along the last axis, the right side of the residual's equation."""
    differences = np.diff(y, n=diff_order)
    padding = [(0, 0)] * (y.ndim - 1) + [(diff_order, diff_order)]
    padded = np.pad(differences, padding)
    return (-1) ** diff_order * np.diff(padded, n=diff_order)


def solve_residual(weights, right_side, bands, lam):
    """Solve (W / lam + D'D) r = D'D y for the residual r of one spectrum."""
    matrix = bands.copy()
    matrix[0] += weights / lam
    return solveh_banded(
        matrix, right_side, lower=True, overwrite_ab=True, check_finite=False
    )


def refine(residual, y, weights, bands, lam):
    """Solve for the error of the residual of one spectrum, and take it off.

    The error solves the same system, with what the residual leaves over. One step is
    nearly always enough; a large one is followed by another.
    """
    last = np.inf
    for _ in range(MAX_REFINEMENTS):
        rest = penalize(y - residual, len(bands) - 1) - weights / lam * residual
        error = solve_residual(weights, rest, bands, lam)
        step = np.abs(error).max()
        more = NEGLIGIBLE_STEP * np.abs(residual).max() < step < last
        residual, last = residual + error, step
        if not more:
            break
    return residual


def needs_refinement(settings):
    """Tell whether a single solve of the kernels is too inaccurate.

    Measured against extended precision on 924 mineral spectra, which have little
    background, relative to the range: solving once is off by at most 7e-10 with order 2
    up to lam 3e5, by up to 1.3e-8 at 1e6 (AsLS, which gives every point some weight, by
    less than 1e-9), and by up to 5e-3 with order 3. Refined, all are below 1e-10.
    """
    largest = {1: np.inf, 2: 1e6 if settings.algorithm == "asls" else 3e5, 3: 0.0}
    return settings.lam > largest[settings.diff_order]


def smooth_spectra(X, weights, lam, diff_order):
    """Return the smooth curves z of all spectra for one set of weights.

    The matrix is the same for all of them and is factorized once.
    """
    matrix = penalty_bands(X.shape[1], diff_order)
    matrix[0] += weights / lam
    factor = cholesky_banded(matrix, lower=True, overwrite_ab=True, check_finite=False)
    y = X.astype(np.float64, copy=False)
    residual = cho_solve_banded(
        (factor, True), penalize(y, diff_order).T, overwrite_b=True, check_finite=False
    )
    return (y - residual.T).astype(X.dtype, copy=False)


def relative_rounding(dtype):
    """Return what rounding can do to intensities of a dtype, relative to them."""
    return 8 * float(np.finfo(np.float32 if dtype == np.float32 else np.float64).eps)


@np.errstate(over="ignore", invalid="ignore")
def are_constant(X, rounding):
    """Return for each spectrum whether all its points are equal, up to rounding."""
    first = X[:, :1]
    constant = np.abs(X[:, -1] - X[:, 0]) <= rounding * np.abs(X[:, 0])
    rows = np.flatnonzero(constant)  # of all others the last point tells
    steps = np.abs(X[rows] - first[rows])
    constant[rows] = (steps <= rounding * np.abs(first[rows])).all(axis=1)
    return constant


def sum_absolute(y, above_minimum):
    """Return the sum of |y|, or of y - min(y)."""
    return np.abs(y - y.min() if above_minimum else y).sum()


def safe_factor(total):
    """Return what brings a spectrum in a range where no square over- or underflows.

    1 for all but absurd spectra, else the power of two that brings the sum of their
    absolute intensities near 1.
    """
    if total == 0 or SMALLEST_SAFE <= total <= LARGEST_SAFE or np.isnan(total):
        return 1.0
    exponent = 1022 if total == np.inf else int(np.frexp(total)[1])
    return 2.0 ** -max(exponent, -1022)


def airpls_weights(residual, iteration, zhang_ends=False):
    """Return airPLS weights and the sum of absolute negative residuals.

    Points above the baseline get weight 0, points below it exp(t |r| / sum |r_neg|),
    with t the number of the iteration from 1, capped at 50: by then the weights are
    nearly binary, and larger exponents only overflow. Eq. 9 of the paper lacks the
    absolute value, a misprint that its author confirmed. The program published with the
    paper gives both ends the weight exp(-t |r_shallowest| / sum |r_neg|) instead.
    """
    depth = np.where(residual < 0, -residual, 0.0)
    total = depth.sum()
    weights = np.zeros_like(residual)
    below = depth > 0
    t = min(iteration, MAX_EXPONENT)
    weights[below] = np.exp(t / total * depth[below])
    if zhang_ends:
        weights[[0, -1]] = np.exp(-t * depth[below].min() / total)
    return weights, total


def asls_weights(residual, p):
    """Return weight p above the baseline and 1 - p below it."""
    return np.where(residual > 0, p, 1 - p)


def arpls_weights(residual):
    """Return logistic weights around 2 s - m, for mean m and deviation s below."""
    below = residual[residual < 0]
    deviation = max(below.std(ddof=1), 1e-150)
    return expit(-2 / deviation * (residual - (2 * deviation - below.mean())))


def correct_spectrum(y, bands, settings):
    """Correct one spectrum: returns the residual, number of solves, convergence."""
    algorithm, diff_order, tol = settings.algorithm, settings.diff_order, settings.tol
    factor = safe_factor(sum_absolute(y, settings.above_minimum))
    y = factor * y
    limit = tol * sum_absolute(y, settings.above_minimum)
    right_side = penalize(y, diff_order)
    # airPLS gives the other points weight 0; arPLS needs two for a deviation.
    needed = {"airpls": max(2, diff_order), "arpls": 2, "asls": 0}[algorithm]
    weights = np.ones_like(y)
    for iteration in range(1, settings.max_iter + 1):
        residual = solve_residual(weights, right_side, bands, settings.lam)
        if diff_order > 1:  # the kernels only where they need it: this is the reference
            residual = refine(residual, y, weights, bands, settings.lam)
        if np.count_nonzero(residual < 0) < needed:
            return residual / factor, iteration, True
        if algorithm == "airpls":
            new, total = airpls_weights(residual, iteration, settings.zhang_ends)
            done = total < limit
        else:
            new = (
                asls_weights(residual, settings.p)
                if algorithm == "asls"
                else arpls_weights(residual)
            )
            change = np.linalg.norm(new - weights)
            done = change < tol * np.linalg.norm(weights)
        if done:
            return residual / factor, iteration, True
        weights = new
    return residual / factor, settings.max_iter, False


@np.errstate(over="ignore", invalid="ignore")
def correct_with_numpy(X, out, info, settings):
    """Correct the rows of X one by one; fills out and info.

    A row without a finite result is NaN, at its first point at least.
    """
    bands = penalty_bands(X.shape[1], settings.diff_order)
    for i, y in enumerate(X):
        try:
            out[i], *info[i, :CONSTANT] = correct_spectrum(y, bands, settings)
        except np.linalg.LinAlgError:  # rounding leaves a matrix that is not definite
            out[i], info[i, :CONSTANT] = np.nan, (1, False)
        if not np.isfinite(out[i]).all():
            out[i] = np.nan
