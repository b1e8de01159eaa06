"""What occlusion and deletion share: checked maps, what replaces a line, and scores."""

import warnings
from numbers import Integral

import numpy as np
import pandas as pd
from scipy.ndimage import median_filter
from sklearn.utils import check_array, check_scalar

SCORES = ("auto", "logodds", "prob", "decision")


def check_maps(maps, *, shape=None, name="maps"):
    """Return maps as a finite float64 array of shape (n_spectra, n_points).

    Parameters
    ----------
    maps : array-like of shape (n_spectra, n_points)
    shape : tuple of int or None
        The shape of the spectra, if the maps must have it.
    name : str
        What error messages call them.
    """
    maps = np.asarray(maps, dtype=np.float64)
    if maps.ndim != 2 or maps.size == 0:
        raise ValueError(
            f"{name} must have the shape (n_spectra, n_points), got {maps.shape}. Pick "
            'one class of maps made with target="all", or pass one map as map[None].'
        )
    if shape is not None and maps.shape != tuple(shape):
        raise ValueError(
            f"{name} has shape {maps.shape} but the spectra have {tuple(shape)}: each "
            "point of each spectrum needs exactly one value."
        )
    if not np.isfinite(maps).all():
        rows = np.flatnonzero(~np.isfinite(maps).all(axis=1))
        raise ValueError(
            f"{name} contains NaN or infinity, first in row {rows[0]}: leave out the "
            "points or spectra for which there is no map."
        )
    return maps


def check_spectra_array(X):
    """Return spectra as a finite 2-D array, float32 or float64."""
    return check_array(X, dtype=(np.float64, np.float32), input_name="X")


def like_input(values, X):
    """Give an array the column labels of X, by which estimators know their axis."""
    columns = getattr(X, "columns", None)
    return values if columns is None else pd.DataFrame(values, columns=columns)


def local_baseline(X, window=None):
    """Return the running median of each spectrum: what is there without its lines.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
    window : int or None, default=None
        Points of the median; None means a tenth of the spectrum, but at least 31.

    Returns
    -------
    ndarray of shape (n_spectra, n_points)
    """
    if window is None:
        # A line must fill less than half of the window, also in a short spectrum.
        window = min(max(31, X.shape[1] // 10), X.shape[1])
    check_scalar(window, "window", Integral, min_val=1, max_val=X.shape[1])
    # Row by row is several times faster than one call for all rows.
    return np.stack([median_filter(row, size=window, mode="nearest") for row in X])


def replacement(X, baseline, window=None):
    """Return what is put in the place of each point.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
    baseline : "local", float or array-like
        The running median, a number, or values that broadcast to the shape of X.
    window : int or None, default=None
        See `local_baseline`.

    Returns
    -------
    ndarray of shape (n_spectra, n_points)
    """
    if isinstance(baseline, str):
        if baseline != "local":
            raise ValueError(
                f'baseline must be "local", a number, or an array, got {baseline!r}.'
            )
        return local_baseline(X, window)
    values = np.asarray(baseline, dtype=X.dtype)
    try:
        values = np.broadcast_to(values, X.shape)
    except ValueError as error:
        raise ValueError(
            f"baseline has shape {values.shape}, which does not fit spectra of shape "
            f"{X.shape}: pass one value, one spectrum, or one for each spectrum."
        ) from error
    if not np.isfinite(values).all():
        raise ValueError("baseline contains NaN or infinity.")
    return values


def class_scores(estimator, X, score="auto"):
    """Return the score of each class, higher for a likelier one.

    Parameters
    ----------
    estimator : fitted classifier
    X : array or data frame of shape (n_spectra, n_points)
    score : {"auto", "logodds", "prob", "decision"}
        "auto" is "logodds" where there is `predict_proba`, else "decision".

    Returns
    -------
    ndarray of shape (n_spectra, n_classes)
    """
    if score not in SCORES:
        raise ValueError(f"score must be one of {SCORES}, got {score!r}.")
    owner = type(estimator).__name__
    if score == "auto":
        score = "logodds" if hasattr(estimator, "predict_proba") else "decision"
    method = "decision_function" if score == "decision" else "predict_proba"
    if not hasattr(estimator, method):
        other = 'score="decision"' if score != "decision" else 'score="prob"'
        raise ValueError(
            f"{owner} has no {method}, which score={score!r} needs. Use {other}, or "
            "wrap the classifier in CalibratedClassifierCV."
        )
    values = np.asarray(getattr(estimator, method)(X))
    if score == "decision":
        return _decision_by_class(values, len(estimator.classes_), owner)
    return log_odds(values, owner) if score == "logodds" else values


def _decision_by_class(values, n_classes, owner):
    if values.ndim == 1:
        values = np.stack([-values, values], axis=1)
    if values.shape[1] != n_classes:
        raise ValueError(
            f"The decision function of {owner} has {values.shape[1]} columns for "
            f"{n_classes} classes: use one-versus-rest (SVC's "
            'decision_function_shape="ovr").'
        )
    return values


def log_odds(probabilities, owner="The classifier"):
    """Return log(p / (1 - p)), where 1 - p is the sum of the other classes.

    The sum keeps what 1 - p would round to zero. Probabilities of exactly 0 have no
    logarithm; the smallest number that the data type holds takes their place, with a
    warning.
    """
    n_classes = probabilities.shape[1]
    others = probabilities @ (1 - np.eye(n_classes, dtype=probabilities.dtype))
    if (probabilities <= 0).any() or (others <= 0).any():
        warnings.warn(
            f"{owner} gives probabilities of exactly 0 or 1, whose log-odds are "
            'infinite: use score="prob" or score="decision".',
            UserWarning,
            stacklevel=4,
        )
    floor = np.finfo(probabilities.dtype).tiny
    chosen, others = (
        np.log(np.maximum(p, floor).astype(np.float64)) for p in (probabilities, others)
    )
    return chosen - others


def predicted_positions(estimator, X):
    """Return the position in `classes_` of each predicted label."""
    predicted = np.asarray(estimator.predict(X))
    return (predicted[:, None] == estimator.classes_[None, :]).argmax(axis=1)
