"""What a map is, whatever the model: of which class and score, against what."""

import numpy as np
from scipy.ndimage import median_filter
from scipy.special import softmax

from sklearn_raman._utils._frames import frame_like, is_frame
from sklearn_raman._utils._ragged import is_ragged, refuse_unread_axes, unmask
from sklearn_raman._utils._validation import refuse_other_order
from sklearn_raman._utils._wavenumbers import (
    as_real,
    check_labels,
    labels_as_wavenumbers,
)

NORMALIZATIONS = ("max", "minmax", "sum")
SCORES = ("logodds", "logit", "prob", "contrast")
REFERENCES = ("local", "blank", "zero")

# Surroundings of a point, as a share of the spectrum and at least: wider than two
# bands, narrower than a fluorescence background.
_LOCAL_WIDTH = 0.1
_SMALLEST_LOCAL_WIDTH = 31
# The level of a blank is rounded to between 1/64 and 1/32 of the spectrum's range.
_LEVELS_PER_RANGE = 32
# A map whose values differ by less than this share of the largest is flat: what is left
# is the rounding of single precision, in which networks compute.
_FLAT = 1e-6


def resolve_target(target, classes, n_spectra):
    """Turn the argument `target` of `explain_` into class positions.

    Parameters
    ----------
    target : None, "all", a label, or array-like of shape (n_spectra,)
        None means the predicted class of each spectrum.
    classes : ndarray of shape (n_classes,)
        Labels of the fitted classifier.
    n_spectra : int

    Returns
    -------
    None, "all" or ndarray of shape (n_spectra,), int
        None and "all" are passed on: the model knows what it predicts.
    """
    if target is None:
        return None
    if isinstance(target, str) and target == "all" and "all" not in classes:
        return "all"
    labels = np.asarray(target)
    if labels.ndim == 0:
        labels = np.broadcast_to(labels, n_spectra)
    if labels.shape != (n_spectra,):
        raise ValueError(
            f"target has shape {labels.shape} but X has {n_spectra} spectra: pass one "
            'label, one label for each spectrum, or "all".'
        )
    known = labels[:, None] == classes[None, :]
    if labels.dtype == bool and classes.dtype != bool:  # True is not the label 1
        known[:] = False
    if not known.any(axis=1).all():
        unknown = labels[~known.any(axis=1)].tolist()[0]
        raise ValueError(
            f"target={unknown!r} is not a class of this model; its classes are "
            f"{classes.tolist()}."
        )
    return known.argmax(axis=1)


def smallest_spread(maps):
    """Return the spread up to which each map (last axis) is flat, of shape (..., 1)."""
    return _FLAT * np.abs(maps).max(axis=-1, keepdims=True)


def normalize_maps(maps, how):
    """Scale each map (last axis) for display; a map of zeros stays one.

    Parameters
    ----------
    maps : ndarray of shape (..., n_points)
    how : None or {"max", "minmax", "sum"}
        None leaves them; "max" divides by the largest absolute value and keeps the
        sign; "minmax" maps each to 0..1, a flat one to 0; "sum" makes the absolute
        values add up to 1.
    """
    if how is None:
        return maps
    if how not in NORMALIZATIONS:
        raise ValueError(
            f"normalize must be None or one of {NORMALIZATIONS}, got {how!r}."
        )
    # In units of its largest value, a map's sum and range are numbers.
    largest = np.abs(maps).max(axis=-1, keepdims=True)
    maps = maps / np.ldexp(np.ones_like(largest), np.frexp(largest)[1] - 1)
    offset = maps.min(axis=-1, keepdims=True) if how == "minmax" else 0
    shifted = maps - offset
    reduce = np.sum if how == "sum" else np.max
    scale = reduce(np.abs(shifted), axis=-1, keepdims=True)
    has_spread = scale > smallest_spread(maps)
    return np.divide(shifted, scale, out=np.zeros_like(maps), where=has_spread)


def maps_like(maps, X):
    """Return maps as the kind of frame that their spectra are.

    Parameters
    ----------
    maps : ndarray
    X : array-like or data frame of shape (n_spectra, n_points)

    Returns
    -------
    ndarray or data frame
        A frame with the index and columns of X, if X is one with a wavenumber axis and
        each of its values has one in `maps`; else the array.
    """
    on_axis = maps.shape == np.shape(X) and labels_as_wavenumbers(X) is not None
    return frame_like(maps, X) if on_axis else maps


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
    if isinstance(maps, list) and len({np.shape(one) for one in maps}) > 1:
        raise ValueError(
            f"{name} holds arrays of different lengths, as for ragged spectra: pass "
            'one at a time, as map[None], or explain with space="model", where all '
            "have one axis."
        )
    refuse_unread_axes(maps, name)
    maps = as_real(unmask(maps) if is_frame(maps) else maps, name)
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


def auto_space(X):
    """Return where maps lie that have the spectra behind them: "auto" or "model".

    The latter if a matrix holds NaN, which leaves no mean spectrum on its axis.
    """
    if is_ragged(X):
        return "auto"
    try:
        values = np.asarray(unmask(X), dtype=np.float64)
    except (TypeError, ValueError):  # no spectra; the model may know what it is
        return "auto"
    return "auto" if np.isfinite(values).all() else "model"


def local_width(n_points):
    """Return the width in points of what counts as the surroundings of a point.

    A tenth of the spectrum, but at least 31 points: a band must fill less than half of
    it, in a short spectrum too.
    """
    return min(max(round(_LOCAL_WIDTH * n_points), _SMALLEST_LOCAL_WIDTH), n_points)


def blank_level(X):
    """Return the background level of each spectrum: its median, rounded.

    Rounded to steps that are powers of two, so that spectra share levels and a model
    needs to see only a few blank spectra. The level of a spectrum depends on nothing
    but that spectrum.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)

    Returns
    -------
    ndarray of shape (n_spectra,)
    """
    spread = np.ptp(X, axis=1)
    middle = (X.shape[1] - 1) // 2
    level = np.partition(X, middle, axis=1)[:, middle]
    _, exponent = np.frexp(spread)
    step = np.ldexp(np.ones_like(spread), exponent - 1) / _LEVELS_PER_RANGE
    return np.where(spread > 0, np.round(level / step) * step, level)


def check_reference(reference, X):
    """Raise if labels of reference spectra are not those of X: points, or rows."""
    check_labels(reference, labels_as_wavenumbers(X), "reference")
    refuse_other_order("reference", reference, X)


def reference_spectra(X, reference):
    """Return the spectrum that each spectrum is compared with.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
    reference : {"local", "blank", "zero"}, float or array-like
        The running median over :func:`local_width` points; a flat spectrum at the
        :func:`blank_level`; zero intensity; this intensity; or spectra of shape
        (n_points,) or (n_spectra, n_points).

    Returns
    -------
    ndarray of shape (n_spectra, n_points)
        Of the dtype of X; perhaps a view that repeats values.
    """
    if isinstance(reference, str):
        if reference not in REFERENCES:
            raise ValueError(
                f"reference must be a number, spectra or one of {REFERENCES}, got "
                f"{reference!r}."
            )
        if reference == "local":
            width = local_width(X.shape[1])
            # Row by row is several times faster than one call for all rows.
            return np.stack([median_filter(x, size=width, mode="nearest") for x in X])
        reference = blank_level(X)[:, None] if reference == "blank" else 0
    if np.asarray(reference).dtype == bool:
        raise ValueError(f"reference must hold intensities, got {reference!r}.")
    with np.errstate(over="ignore"):
        values = as_real(reference, "reference").astype(X.dtype)
    if not np.isfinite(values).all():
        raise ValueError(
            f"reference contains NaN or infinity, or is too large for {X.dtype}."
        )
    try:
        values = np.broadcast_to(values, X.shape)
    except ValueError as error:
        raise ValueError(
            f"reference has shape {values.shape}, X has {X.shape}: pass one intensity, "
            "one spectrum, or one spectrum for each of X."
        ) from error
    return values


def check_score(score):
    """Raise if `score` is not one of `SCORES`."""
    if score not in SCORES:
        raise ValueError(f"score must be one of {SCORES}, got {score!r}.")


def score_weights(logits, positions, score):
    """Return the derivative of the explained score with respect to the logits.

    Parameters
    ----------
    logits : ndarray of shape (n_spectra, n_classes), float
        Their softmax is the probability.
    positions : ndarray of shape (n_spectra,), int
        Class of each spectrum that is explained.
    score : {"logodds", "logit", "prob", "contrast"}
        "logodds" is z_c - logsumexp of the other z, which never saturates; "logit" is
        z_c; "prob" is the softmax probability; "contrast" is z_c minus the mean of all
        z, in which what all logits share cancels.

    Returns
    -------
    ndarray of shape (n_spectra, n_classes)
    """
    check_score(score)
    chosen = np.zeros_like(logits)
    chosen[np.arange(len(logits)), positions] = 1
    if score == "logit":
        return chosen
    if score == "contrast":
        return chosen - 1 / logits.shape[1]
    logodds = chosen - softmax(np.where(chosen == 1, -np.inf, logits), axis=1)
    if score == "logodds":
        return logodds
    # dp_c/dz = p_c (1 - p_c) times the derivative of the log-odds.
    probability = softmax(logits, axis=1)
    p_c = probability[np.arange(len(logits)), positions][:, None]
    others = np.where(chosen == 1, 0, probability).sum(axis=1, keepdims=True)
    return logodds * p_c * others
