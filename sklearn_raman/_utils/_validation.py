"""Checks that several estimators share."""

import warnings
from contextlib import contextmanager

import numpy as np
from sklearn.utils.validation import validate_data

from sklearn_raman._utils._frames import frame_like
from sklearn_raman._utils._wavenumbers import (
    check_same_axis,
    check_wavenumbers,
    resolve_wavenumbers,
)


def check_spectra(
    estimator, X, y="no_validation", *, reset, dtype=(np.float64, np.float32), **checks
):
    """Validate spectra for an estimator and keep hold of their axis.

    Like scikit-learn's `validate_data`; beside it, fit (`reset=True`) stores the axis
    as `wavenumbers_in_` (cm-1, or None), and later calls compare with it.

    Parameters
    ----------
    estimator : estimator
        May have a parameter `wavenumbers`.
    X : array-like or data frame of shape (n_spectra, n_points)
    y : array-like of shape (n_spectra,) or "no_validation"
    reset : bool
        True in fit.
    dtype : dtype or sequence of dtype
        Kept if X has one of them, else converted to the first.
    **checks
        Further arguments of `validate_data`.

    Returns
    -------
    X, or the pair X, y if y was given
    """
    if reset:
        axis = resolve_wavenumbers(X, getattr(estimator, "wavenumbers", None))
    else:
        X = _with_fitted_labels(estimator, X)
    checked = validate_data(
        estimator, X, y, dtype=dtype, order="C", reset=reset, **checks
    )
    if reset:
        if axis is not None:
            check_wavenumbers(axis, n_points=estimator.n_features_in_)
        estimator.wavenumbers_in_ = axis
    return checked


def _with_fitted_labels(estimator, X):
    """Return X under the labels seen in fit, if its own mean the same wavenumbers.

    scikit-learn compares names letter by letter: "400" would not be "400.0".
    """
    fitted_axis = getattr(estimator, "wavenumbers_in_", None)
    labels = check_same_axis(X, fitted_axis)
    if labels is None or fitted_axis is None:
        return X
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return np.asarray(X)
    unchanged = np.array_equal(np.asarray(X.columns, dtype=object), names)
    return X if unchanged else frame_like(np.asarray(X), X, names)


@contextmanager
def unchanged_on_error(estimator):
    """Leave an estimator as it was, fitted or not, if what is inside raises.

    A refit that fails half-way must not leave new labels beside an old model. What is
    inside may assign attributes; it must not change the old ones in place.
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def lower_default(value, default, limit, *, owner, name, why):
    """Resolve a size that the row length (or rank) limits.

    A size left at its default is lowered to `limit` with a warning, because the default
    is our choice; one the user set raises, because it is theirs.

    Parameters
    ----------
    value : int or None
        What the user gave; None means the default.
    default : int
        The size used when there is room for it.
    limit : int
        The largest possible size.
    owner, name : str
        Class and parameter, for the message.
    why : str
        What sets the limit, for example "the spectra have 5 points".

    Returns
    -------
    int
    """
    wanted = default if value is None else value
    if wanted <= limit:
        return wanted
    if value is not None:
        raise ValueError(
            f"{owner}({name}={value}) is too large: {why}, which allows at most "
            f"{limit}. Use a smaller {name}."
        )
    warnings.warn(
        f"{owner} uses {name}={limit} instead of its default {default}: {why}.",
        UserWarning,
        stacklevel=3,
    )
    return limit
