"""What `explain_` means whatever the model: which class, and how maps are scaled."""

import numpy as np
from scipy.special import softmax

NORMALIZATIONS = ("max", "minmax", "sum")
SCORES = ("logodds", "logit", "prob", "contrast")


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
    if not known.any(axis=1).all():
        unknown = labels[~known.any(axis=1)][0]
        raise ValueError(
            f"target={unknown!r} is not a class of this model; its classes are "
            f"{list(classes)}."
        )
    return known.argmax(axis=1)


def normalize_maps(maps, how):
    """Scale each map (last axis) for display; a map without spread becomes zeros.

    Parameters
    ----------
    maps : ndarray of shape (..., n_points)
    how : None or {"max", "minmax", "sum"}
        None leaves them; "max" divides by the largest absolute value and keeps the
        sign; "minmax" maps each to 0..1; "sum" makes the absolute values add up to 1.
    """
    if how is None:
        return maps
    if how not in NORMALIZATIONS:
        raise ValueError(
            f"normalize must be None or one of {NORMALIZATIONS}, got {how!r}."
        )
    offset = maps.min(axis=-1, keepdims=True) if how == "minmax" else 0
    shifted = maps - offset
    reduce = np.sum if how == "sum" else np.max
    scale = reduce(np.abs(shifted), axis=-1, keepdims=True)
    return np.divide(shifted, scale, out=np.zeros_like(maps), where=scale > 0)


def check_score(score):
    """Raise if `score` is not one of `SCORES`."""
    if score not in SCORES:
        raise ValueError(f"score must be one of {SCORES}, got {score!r}.")


def score_weights(logits, positions, score):
    """Return the derivative of the explained score with respect to the logits.

    Parameters
    ----------
    logits : ndarray of shape (n_spectra, n_classes), float
        Scores of which the softmax is the probability.
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
