"""airPLS, arPLS and AsLS for many spectra: checks, chunks, threads, one warning."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from joblib import effective_n_jobs
from sklearn.exceptions import ConvergenceWarning

from sklearn_raman.preprocessing._whittaker.reference import (
    LAM_MAX,
    LAM_WARN,
    correct_with_numpy,
)

# Values that all threads together work on at a time: 32 MB in float64.
_CHUNK_VALUES = 2**22


def airpls(
    X,
    *,
    lam=1e5,
    diff_order=2,
    max_iter=50,
    tol=1e-3,
    tol_reference="intensity",
    ends=None,
    out=None,
    return_info=False,
    ensure_all_finite=True,
    engine="auto",
    n_jobs=None,
):
    """Subtract airPLS baselines from spectra, also from a memory map into another.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_points)
        Spectra. float32 stays float32 (computed in float64), all else becomes float64.
    lam : float, default=1e5
        Smoothness of the baseline, see :class:`AIRPLS`.
    diff_order : {1, 2, 3}, default=2
        Order of the differences that are penalised.
    max_iter : int, default=50
        Largest number of times the smooth curve is solved for.
    tol : float, default=1e-3
        The iteration stops when the residuals below the baseline add up to less than
        tol times a reference.
    tol_reference : {"intensity", "above_minimum"}, default="intensity"
        The reference: the sum of the absolute intensities (as published; an offset of
        the spectrum changes the result), or of the intensities above the minimum.
    ends : {"zhang"} or None, default=None
        "zhang" weighs the two end points as the program published with the paper.
    out : ndarray of shape (n_spectra, n_points) or None, default=None
        Where to write the corrected spectra, for example a memory map. May be X.
    return_info : bool, default=False
        Also return the number of solves and whether each spectrum converged.
    ensure_all_finite : bool, default=True
        Raise if X holds NaN or infinity. False leaves such a row NaN, and all others
        as they would be without it.
    engine : {"auto", "numba", "numpy"}, default="auto"
        "numba" for compiled kernels, "numpy" for the plain reference; "auto" takes
        numba where it is installed. They agree to 1e-9 of the range of a spectrum; with
        lam above 1e7, on spectra without background, to 1e-6.
    n_jobs : int or None, default=None
        Threads; None means 1. The result does not depend on it.

    Returns
    -------
    corrected : ndarray of shape (n_spectra, n_points)
        `out`, if given. The baseline is X - corrected.
    info : dict
        Only with `return_info=True`: "n_iter" (int) and "converged" (bool), each of
        shape (n_spectra,).

    Raises
    ------
    ValueError
        If X is not a finite matrix, too short for `diff_order`, `out` does not fit, or
        `lam` is beyond what rounding allows (1e15, 1e14, 1e13 for order 1, 2, 3).

    Warns
    -----
    ConvergenceWarning
        Once, with the number of spectra that needed more than max_iter solves.
    UserWarning
        If lam is so large (1e12, 1e11, 1e10) that rounding may show.

    See Also
    --------
    AIRPLS : The same as a transformer.

    References
    ----------
    .. [1] Z.-M. Zhang, S. Chen, Y.-Z. Liang, "Baseline correction using adaptive
       iteratively reweighted penalized least squares", Analyst 135 (2010) 1138-1146,
       https://doi.org/10.1039/b922045c

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import airpls
    >>> axis = np.arange(400.0)
    >>> X = 50 / (1 + ((axis - 200) / 4) ** 2) + [[100.0], [200.0]] + axis / 10
    >>> corrected, info = airpls(X, return_info=True)
    >>> baseline = X - corrected
    >>> info["converged"]
    array([ True,  True])
    """
    return correct_spectra(
        X,
        out=out,
        return_info=return_info,
        ensure_all_finite=ensure_all_finite,
        engine=engine,
        n_jobs=n_jobs,
        algorithm="airpls",
        lam=lam,
        diff_order=diff_order,
        max_iter=max_iter,
        tol=tol,
        zhang_ends=ends == "zhang",
        above_minimum=tol_reference == "above_minimum",
    )


def arpls(
    X,
    *,
    lam=1e5,
    diff_order=2,
    max_iter=50,
    tol=1e-3,
    out=None,
    return_info=False,
    ensure_all_finite=True,
    engine="auto",
    n_jobs=None,
):
    """Subtract arPLS baselines from spectra, also from a memory map into another.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_points)
        Spectra. float32 stays float32 (computed in float64), all else becomes float64.
    lam : float, default=1e5
        Smoothness of the baseline, see :class:`ARPLS`.
    diff_order : {1, 2, 3}, default=2
        Order of the differences that are penalised.
    max_iter : int, default=50
        Largest number of times the smooth curve is solved for.
    tol : float, default=1e-3
        The iteration stops when the weights change by less than this, relative to
        their norm.
    out : ndarray of shape (n_spectra, n_points) or None, default=None
        See :func:`airpls`, also for what follows.
    return_info : bool, default=False
        Also return the number of solves and whether each spectrum converged.
    ensure_all_finite : bool, default=True
        Raise if X holds NaN or infinity.
    engine : {"auto", "numba", "numpy"}, default="auto"
        Compiled kernels or the plain reference.
    n_jobs : int or None, default=None
        Threads; None means 1.

    Returns
    -------
    corrected : ndarray of shape (n_spectra, n_points)
        `out`, if given. The baseline is X - corrected.
    info : dict
        Only with `return_info=True`, as in :func:`airpls`.

    References
    ----------
    .. [1] S.-J. Baek, A. Park, Y.-J. Ahn, J. Choo, "Baseline correction using
       asymmetrically reweighted penalized least squares smoothing", Analyst 140 (2015)
       250-257, https://doi.org/10.1039/C4AN01061B

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import arpls
    >>> axis = np.arange(400.0)
    >>> X = 50 / (1 + ((axis - 200) / 4) ** 2) + [[100.0], [200.0]] + axis / 10
    >>> arpls(X).shape
    (2, 400)
    """
    return correct_spectra(
        X,
        out=out,
        return_info=return_info,
        ensure_all_finite=ensure_all_finite,
        engine=engine,
        n_jobs=n_jobs,
        algorithm="arpls",
        lam=lam,
        diff_order=diff_order,
        max_iter=max_iter,
        tol=tol,
    )


def asls(
    X,
    *,
    lam=1e6,
    p=0.01,
    diff_order=2,
    max_iter=50,
    tol=1e-3,
    out=None,
    return_info=False,
    ensure_all_finite=True,
    engine="auto",
    n_jobs=None,
):
    """Subtract asymmetric least squares baselines, also from one memory map to another.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_points)
        Spectra. float32 stays float32 (computed in float64), all else becomes float64.
    lam : float, default=1e6
        Smoothness of the baseline, see :class:`ASLS`.
    p : float, default=0.01
        Weight of points above the baseline; those below have 1 - p.
    diff_order : {1, 2, 3}, default=2
        Order of the differences that are penalised.
    max_iter : int, default=50
        Largest number of times the smooth curve is solved for.
    tol : float, default=1e-3
        The iteration stops when the weights change by less than this, relative to
        their norm.
    out : ndarray of shape (n_spectra, n_points) or None, default=None
        See :func:`airpls`, also for what follows.
    return_info : bool, default=False
        Also return the number of solves and whether each spectrum converged.
    ensure_all_finite : bool, default=True
        Raise if X holds NaN or infinity.
    engine : {"auto", "numba", "numpy"}, default="auto"
        Compiled kernels or the plain reference.
    n_jobs : int or None, default=None
        Threads; None means 1.

    Returns
    -------
    corrected : ndarray of shape (n_spectra, n_points)
        `out`, if given. The baseline is X - corrected.
    info : dict
        Only with `return_info=True`, as in :func:`airpls`.

    References
    ----------
    .. [1] P. H. C. Eilers, "A perfect smoother", Anal. Chem. 75 (2003) 3631-3636,
       https://doi.org/10.1021/ac034173t

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import asls
    >>> axis = np.arange(400.0)
    >>> X = 50 / (1 + ((axis - 200) / 4) ** 2) + [[100.0], [200.0]] + axis / 10
    >>> asls(X).shape
    (2, 400)
    """
    return correct_spectra(
        X,
        out=out,
        return_info=return_info,
        ensure_all_finite=ensure_all_finite,
        engine=engine,
        n_jobs=n_jobs,
        algorithm="asls",
        lam=lam,
        diff_order=diff_order,
        max_iter=max_iter,
        tol=tol,
        p=p,
    )


def correct_spectra(
    X,
    *,
    out,
    return_info,
    ensure_all_finite,
    engine,
    n_jobs,
    algorithm,
    lam,
    diff_order,
    p=0.0,
    zhang_ends=False,
    above_minimum=False,
    **settings,
):
    """Correct spectra chunk by chunk; the functions above say what the arguments are.

    A chunk is copied only if it has to be (another dtype, not contiguous, read-only),
    so the memory beside X and out does not grow with the number of spectra.
    """
    X = np.asarray(X)
    if X.ndim != 2 or X.size == 0:
        raise ValueError(
            f"X must be a matrix of spectra in rows, got shape {X.shape}: reshape one "
            "spectrum with X[None, :]."
        )
    n_spectra, n_points = X.shape
    if n_points <= diff_order:
        raise ValueError(
            f"diff_order={diff_order} needs more than {diff_order} points in a "
            f"spectrum, but there are {n_points}."
        )
    check_lam(lam, diff_order)
    dtype = np.float32 if X.dtype == np.float32 else np.float64
    if out is None:
        out = np.empty(X.shape, dtype)
    elif out.shape != X.shape or out.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"out must be float32 or float64 of shape {X.shape}, got {out.dtype} of "
            f"shape {out.shape}."
        )
    correct = choose_engine(engine)
    n_iter = np.empty(n_spectra, dtype=np.int64)
    converged = np.empty(n_spectra, dtype=bool)
    settings = {
        "algorithm": algorithm,
        "lam": lam,
        "diff_order": diff_order,
        "p": p,
        "zhang_ends": zhang_ends,
        "above_minimum": above_minimum,
        **settings,
    }

    # The result tells at no cost whether X is finite, but then X must still be there.
    in_place = np.may_share_memory(X, out)

    def correct_rows(start, stop):
        rows = slice(start, stop)
        chunk = np.require(X[rows], dtype, "CW")
        if ensure_all_finite and in_place:
            check_finite(chunk, start)
        direct = out.flags.c_contiguous and out.dtype == dtype
        target = np.asarray(out[rows]) if direct else np.empty(chunk.shape, dtype)
        correct(chunk, target, n_iter[rows], converged[rows], **settings)
        # A value that is not finite makes its spectrum NaN from the start, and so does
        # rounding that leaves no factorisation.
        failed = np.flatnonzero(~np.isfinite(target[:, 0]))
        if ensure_all_finite and len(failed):
            check_finite(chunk, start)
            raise ValueError(
                f"lam={lam:g} with diff_order={diff_order} leaves no baseline for row "
                f"{start + int(failed[0])}: its matrix is singular in rounding. Use a "
                "smaller lam."
            )
        if not direct:
            out[rows] = target

    n_threads = effective_n_jobs(n_jobs)
    fits = max(1, _CHUNK_VALUES // n_threads // n_points)
    size = max(1, min(fits, -(-n_spectra // n_threads)))
    chunks = [(s, min(s + size, n_spectra)) for s in range(0, n_spectra, size)]
    if n_threads == 1:
        for chunk in chunks:
            correct_rows(*chunk)
    else:
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(correct_rows, *zip(*chunks, strict=True)))
    if ensure_all_finite and not converged.all():
        warnings.warn(
            f"{algorithm} did not converge for {int((~converged).sum())} of "
            f"{n_spectra} spectra within max_iter={settings['max_iter']} solves at "
            f"tol={settings['tol']:g}: raise max_iter or tol.",
            ConvergenceWarning,
            stacklevel=3,
        )
    return (out, {"n_iter": n_iter, "converged": converged}) if return_info else out


def check_finite(chunk, start):
    """Raise if spectra hold NaN or infinity; start is the row of the first one."""
    bad = np.flatnonzero(~np.isfinite(chunk).all(axis=1))
    if len(bad):
        raise ValueError(
            f"X contains NaN or infinity, first in row {start + int(bad[0])}. Pass "
            "ensure_all_finite=False to have such rows come back as NaN."
        )


def choose_engine(engine):
    """Return the function that corrects a chunk; "auto" takes numba if it can."""
    if engine not in ("auto", "numba", "numpy"):
        raise ValueError(f'engine must be "auto", "numba" or "numpy", got {engine!r}.')
    if engine == "numpy":
        return correct_with_numpy
    try:
        # Imported when needed: numba takes longer to import than all of this package.
        from sklearn_raman.preprocessing._whittaker.kernels import correct_with_numba
    except ImportError:  # not installed, or not for this version of numpy
        if engine == "numba":
            raise
        return correct_with_numpy
    return correct_with_numba


def check_lam(lam, diff_order):
    """Raise or warn if rounding would spoil the baseline."""
    if not 0 < lam <= LAM_MAX[diff_order]:
        raise ValueError(
            f"lam={lam:g} must be above 0 and at most {LAM_MAX[diff_order]:g} for "
            f"diff_order={diff_order}: beyond, rounding is all that is left of the "
            "spectrum."
        )
    if lam > LAM_WARN[diff_order]:
        warnings.warn(
            f"lam={lam:g} is so large for diff_order={diff_order} that rounding may "
            f"show; up to {LAM_WARN[diff_order]:g} it does not.",
            UserWarning,
            stacklevel=4,
        )
