"""Penalised least squares baselines: pure functions on float64 spectra.

The baseline z of a spectrum y minimises sum(w (y - z)^2) + lam sum((D z)^2), where D
takes differences of order d and w are the weights of the points, which each algorithm
updates from the residual r = y - z.

All functions solve for the residual, (W / lam + D'D) r = D'D y, instead of for z: the
right side does not depend on the weights, r is the corrected spectrum itself, and the
rounding error is smaller, because an offset and (for d = 2) a slope of the spectrum
drop out before anything is solved.
"""

import warnings

import numpy as np
from scipy.linalg import solveh_banded
from sklearn.exceptions import ConvergenceWarning


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
    """Return D'D y, the right side of the residual's equation."""
    differences = np.diff(y, n=diff_order)
    padded = np.pad(differences, diff_order)
    return (-1) ** diff_order * np.diff(padded, n=diff_order)


def solve_residual(weights, right_side, bands, lam):
    """Solve (W / lam + D'D) r = D'D y for the residual r of one spectrum."""
    matrix = bands.copy()
    matrix[0] += weights / lam
    return solveh_banded(
        matrix, right_side, lower=True, overwrite_ab=True, check_finite=False
    )


def airpls_weights(residual, iteration):
    """Return airPLS weights and the sum of absolute negative residuals.

    Points above the baseline get weight 0, points below it exp(t |r| / sum |r_neg|),
    with t the number of the iteration from 1, capped at 50: by then the weights are
    nearly binary, and larger exponents only overflow. Eq. 9 of the paper lacks the
    absolute value, a misprint that its author confirmed.
    """
    depth = np.where(residual < 0, -residual, 0.0)
    total = depth.sum()
    weights = np.zeros_like(residual)
    below = depth > 0
    weights[below] = np.exp(min(iteration, 50) / total * depth[below])
    return weights, total


def airpls_residual(y, bands, lam, max_iter, tol):
    """Correct one spectrum: returns the residual, number of solves, convergence."""
    diff_order = len(bands) - 1
    right_side = penalise(y, diff_order)
    scale = np.abs(y).sum()
    weights = np.ones_like(y)
    for iteration in range(1, max_iter + 1):
        residual = solve_residual(weights, right_side, bands, lam)
        # The next system is singular with fewer supporting points than the order.
        n_below = np.count_nonzero(residual < 0)
        if n_below < max(2, diff_order):
            return residual, iteration, True
        weights, total = airpls_weights(residual, iteration)
        if total < tol * scale:
            return residual, iteration, True
    return residual, max_iter, False


def airpls(X, *, lam=1e5, diff_order=2, max_iter=50, tol=1e-3):
    """Subtract airPLS baselines from spectra; see :class:`AIRPLS`.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points), float64 or float32
    lam, diff_order, max_iter, tol
        As in :class:`AIRPLS`.

    Returns
    -------
    corrected : ndarray of shape (n_spectra, n_points), dtype of X
        The baseline is X - corrected.
    n_iter : ndarray of shape (n_spectra,), int
        Number of solves for each spectrum.
    """
    bands = penalty_bands(X.shape[1], diff_order)
    corrected = np.empty_like(X)
    n_iter = np.empty(len(X), dtype=int)
    converged = np.empty(len(X), dtype=bool)
    try:
        for i, y in enumerate(X.astype(np.float64, copy=False)):
            corrected[i], n_iter[i], converged[i] = airpls_residual(
                y, bands, lam, max_iter, tol
            )
    except np.linalg.LinAlgError as error:
        raise ValueError(
            f"lam={lam:g} is too large for diff_order={diff_order}: beside the penalty "
            f"the spectrum at row {i} vanishes in rounding ({error}). Use less."
        ) from error
    if not converged.all():
        warnings.warn(
            f"airPLS did not converge for {int((~converged).sum())} of {len(X)} "
            f"spectra within max_iter={max_iter} solves at tol={tol:g}: raise max_iter "
            "or tol.",
            ConvergenceWarning,
            stacklevel=3,
        )
    return corrected, n_iter
