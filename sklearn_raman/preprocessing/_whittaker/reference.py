"""Penalised least squares baselines: pure functions, and the choice of the engine.

The baseline z of a spectrum y minimises sum(w (y - z)^2) + lam sum((D z)^2), where D
takes differences of order d and w are the weights of the points, which each algorithm
updates from the residual r = y - z.

All functions solve for the residual, (W / lam + D'D) r = D'D y, instead of for z: the
right side does not depend on the weights, r is the corrected spectrum itself, and the
rounding error is smaller, because an offset and (for d = 2) a slope of the spectrum
drop out before anything is solved.

This file is the readable reference; `kernels` computes the same faster.
"""

import numpy as np
from scipy.linalg import cho_solve_banded, cholesky_banded, solveh_banded
from scipy.special import expit

# Rounding relative to the range of a spectrum, measured against extended precision with
# 1000 and 3000 points: above the first value 1e-7 to 1e-6, above the second 1e-4 and
# soon no factorisation at all. With weights of which many are 0 it comes sooner.
LAM_WARN = {1: 1e12, 2: 1e11, 3: 1e10}
LAM_MAX = {1: 1e15, 2: 1e14, 3: 1e13}

# Iterative refinement: a step of less than this part of the largest residual leaves an
# error below 1e-10 of the range, measured on simulated and mineral spectra.
NEGLIGIBLE_STEP = 1e-7
MAX_REFINEMENTS = 4


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


def penalise(y, diff_order):
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
        rest = penalise(y - residual, len(bands) - 1) - weights / lam * residual
        error = solve_residual(weights, rest, bands, lam)
        step = np.abs(error).max()
        more = NEGLIGIBLE_STEP * np.abs(residual).max() < step < last
        residual, last = residual + error, step
        if not more:
            break
    return residual


def smooth_spectra(X, weights, lam, diff_order):
    """Return the smooth curves z of all spectra for one set of weights.

    The matrix is the same for all of them and is factorised once.
    """
    matrix = penalty_bands(X.shape[1], diff_order)
    matrix[0] += weights / lam
    factor = cholesky_banded(matrix, lower=True, overwrite_ab=True, check_finite=False)
    y = X.astype(np.float64, copy=False)
    residual = cho_solve_banded(
        (factor, True), penalise(y, diff_order).T, overwrite_b=True, check_finite=False
    )
    return (y - residual.T).astype(X.dtype, copy=False)


def lam_from_cutoff(cutoff, spacing, diff_order):
    """Return the lam whose smooth curve follows half of a wave of that length.

    For equal weights the curve is a filter with the response 1 / (1 + lam (2 sin(pi s /
    P))^(2 d)) to a wave of length P sampled every s; it is 1/2 where the product is 1.

    Parameters
    ----------
    cutoff, spacing : float
        Wave length P and sampling interval s, both in cm-1.
    diff_order : int
        Order d of the differences.
    """
    return (2 * np.sin(np.pi * spacing / cutoff)) ** (-2 * diff_order)


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
    t = min(iteration, 50)
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


def correct_spectrum(
    y, bands, *, algorithm, lam, max_iter, tol, p, zhang_ends, above_minimum
):
    """Correct one spectrum: returns the residual, number of solves, convergence."""
    diff_order = len(bands) - 1
    right_side = penalise(y, diff_order)
    limit = tol * (y - y.min() if above_minimum else np.abs(y)).sum()
    # airPLS gives the other points weight 0; arPLS needs two for a deviation.
    needed = {"airpls": max(2, diff_order), "arpls": 2, "asls": 0}[algorithm]
    weights = np.ones_like(y)
    for iteration in range(1, max_iter + 1):
        residual = solve_residual(weights, right_side, bands, lam)
        if diff_order > 1:  # the kernels only where they need it: this is the reference
            residual = refine(residual, y, weights, bands, lam)
        if np.count_nonzero(residual < 0) < needed:
            return residual, iteration, True
        if algorithm == "airpls":
            new, total = airpls_weights(residual, iteration, zhang_ends)
            done = total < limit
        else:
            new = (
                asls_weights(residual, p)
                if algorithm == "asls"
                else arpls_weights(residual)
            )
            change = np.linalg.norm(new - weights)
            done = change < tol * np.linalg.norm(weights)
        if done:
            return residual, iteration, True
        weights = new
    return residual, max_iter, False


def correct_with_numpy(X, out, n_iter, converged, **settings):
    """Correct the rows of X one by one; fills out, n_iter and converged."""
    bands = penalty_bands(X.shape[1], settings.pop("diff_order"))
    for i, y in enumerate(X):
        y = y.astype(np.float64, copy=False)
        out[i], n_iter[i], converged[i] = correct_spectrum(y, bands, **settings)
