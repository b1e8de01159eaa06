"""Correct many spectra: the engine, chunks, threads, memory maps."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils import gen_batches

from sklearn_raman._utils._locks import lock_forks_wait_for
from sklearn_raman._utils._validation import name_numbers, name_points
from sklearn_raman.preprocessing._whittaker.reference import (
    CONSTANT,
    CONVERGED,
    N_ITER,
    are_constant,
    correct_with_numpy,
    needs_refinement,
)

# Values that all threads together work on at a time: 32 MB in float64.
_CHUNK_VALUES = 2**22


def correct_spectra(
    X, settings, *, out=None, ensure_all_finite=True, engine="auto", n_jobs=None
):
    """Correct spectra chunk by chunk.

    One compiled kernel serves all dtypes: it computes in float64. A chunk is copied
    only if it has to be (another dtype, not contiguous, read-only), so the memory
    beside X and out does not grow with the number of spectra.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
    settings : Settings
    out : ndarray of shape (n_spectra, n_points) or None, default=None
    ensure_all_finite : bool, default=True
        Raise where there is no finite result; False makes such a row NaN.
    engine : {"auto", "numba", "numpy"}, default="auto"
    n_jobs : int or None, default=None

    Returns
    -------
    out : ndarray of shape (n_spectra, n_points)
    info : dict
        "n_iter" (int), "converged" and "constant" (bool), each of shape (n_spectra,).
    """
    if out is None:
        out = np.empty(X.shape, np.float32 if X.dtype == np.float32 else np.float64)
    in_place = _place(X) == _place(out)
    if not in_place and _may_overlap(X, out):
        X = X.copy()  # else rows would be overwritten before they are read
    direct = out.dtype == np.float64 and out.flags.c_contiguous and out.flags.aligned
    correct = choose_engine(engine, settings)
    info = np.zeros((len(X), 3), dtype=np.int64)

    def correct_rows(rows):
        chunk = np.require(X[rows], np.float64, "CAW")
        target = np.asarray(out[rows]) if direct else np.empty(chunk.shape)
        constant = are_constant(chunk, settings.rounding)
        if constant.any():
            chunk = np.where(constant[:, None], 0.0, chunk)
        info[rows, CONSTANT] = constant
        correct(chunk, target, info[rows], settings)
        if not direct:
            with np.errstate(over="ignore"):  # told below
                target = target.astype(out.dtype)
            target[~np.isfinite(target).all(axis=1)] = np.nan
        # A row without a finite result has none at its first point either.
        failed = np.flatnonzero(~np.isfinite(target[:, 0]))
        if len(failed) and ensure_all_finite:
            _check_finite(X, rows)
            _raise_failure(X, rows.start + int(failed[0]), out.dtype, settings)
        target[failed] = np.nan
        info[rows.start + failed, CONVERGED] = False
        if not direct:
            out[rows] = target

    n_threads = effective_n_jobs(n_jobs)
    fits = max(1, _CHUNK_VALUES // n_threads // X.shape[1])
    chunks = list(gen_batches(len(X), min(fits, -(-len(X) // n_threads))))
    if in_place and ensure_all_finite:  # otherwise the result tells, at no cost
        for rows in chunks:
            _check_finite(X, rows)
    if n_threads == 1:
        for rows in chunks:
            correct_rows(rows)
    else:
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(correct_rows, chunks))
    return out, {
        "n_iter": info[:, N_ITER],
        "converged": info[:, CONVERGED] == 1,
        "constant": info[:, CONSTANT] == 1,
    }


def _place(array):
    """Return what two arrays have in common only if they are one."""
    return array.__array_interface__["data"][0], array.strides, array.dtype


def _may_overlap(X, out):
    """Tell whether X and out share memory, or it is hard to say."""
    try:
        return np.shares_memory(X, out, max_work=10_000)
    except np.exceptions.TooHardError:
        return True


def _check_finite(X, rows):
    """Raise if rows of X hold NaN or infinity, and name all such rows of X."""
    if np.isfinite(np.asarray(X[rows], float)).all():
        return
    bad_rows, bad_columns = [], np.zeros(X.shape[1], dtype=bool)
    for chunk in gen_batches(len(X), max(1, _CHUNK_VALUES // X.shape[1])):
        bad = ~np.isfinite(np.asarray(X[chunk], float))
        bad_rows.extend(chunk.start + np.flatnonzero(bad.any(axis=1)))
        bad_columns |= bad.any(axis=0)
    raise ValueError(
        f"X contains NaN or infinity in {len(bad_rows)} of {len(X)} spectra "
        f"({name_numbers(bad_rows, 'row')}), {name_points(bad_columns, None)}. Pass "
        "ensure_all_finite=False to have such rows come back as NaN."
    )


def _raise_failure(X, row, dtype, settings):
    """Say why a finite row has no finite result."""
    intensities = np.abs(np.asarray(X[row], float))
    largest = intensities[~np.isnan(intensities)].max(initial=0)
    if largest > np.finfo(dtype).max / 1e4:
        raise ValueError(
            f"Row {row} has intensities up to {largest:g}, and its result exceeds the "
            f"largest {dtype} number: divide the spectra by a constant first."
        )
    raise ValueError(
        f"lam={settings.lam:g} with diff_order={settings.diff_order} is too large for "
        f"row {row}, whose matrix is singular in rounding: use a smaller lam."
    )


# The engine --------------------------------------------------------------------------

_kernels = {}
_compiling = lock_forks_wait_for()  # held while numba is imported or compiles


def choose_engine(engine, settings):
    """Return the function that corrects a chunk; "auto" takes numba if it can."""
    if engine == "numpy":
        return correct_with_numpy
    refined = needs_refinement(settings)
    options = settings.zhang_ends, settings.above_minimum
    key = (settings.algorithm, settings.diff_order, refined, *options)
    if key in _kernels:
        return _kernels[key]
    with _compiling:
        try:
            # Imported when needed: numba takes longer than all of this package.
            from numba import config

            if config.DISABLE_JIT:  # then kernels are no functions that Python can call
                raise ImportError(
                    "numba compiles nothing while NUMBA_DISABLE_JIT is set: unset it, "
                    'or pass engine="numpy".'
                )
            from sklearn_raman.preprocessing._whittaker.kernels import (
                compile_kernel,
                correct_with_numba,
            )
        except (ImportError, OSError):  # not there, off, or not for this numpy
            if engine == "numba":
                raise
            return correct_with_numpy
        if key not in _kernels:
            try:
                kernel = compile_kernel(settings, keep=True)
            except Exception as error:  # no folder to write to, a full disk, ...
                kernel = compile_kernel(settings, keep=False)
                _warn_not_kept(error)
            _kernels[key] = partial(correct_with_numba, kernel)
        return _kernels[key]


def _warn_not_kept(error):
    """Say once per process that kernels are compiled, but not kept."""
    if not _kernels:
        warnings.warn(
            f"numba cannot keep compiled kernels on disk ({error}), so each process "
            "compiles them anew: set NUMBA_CACHE_DIR to a folder it can write to.",
            UserWarning,
            stacklevel=5,
        )
