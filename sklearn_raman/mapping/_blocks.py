"""What happens to the pixels of one block: spectra in, labels, scores and maps out.

Plain arrays and nothing else: how blocks are cut, and on which machine they are
computed, is the business of dask.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from sklearn_raman._utils._pipeline import (
    classifier_and_input,
    flat_steps,
    moves_threshold,
    predict_class,
    steps_to,
)
from sklearn_raman._utils._wavenumbers import labels_as_wavenumbers
from sklearn_raman.inspection import explain_pipeline
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector

OUTPUTS = (
    "label",
    "proba",
    "decision",
    "novelty",
    "transform",
    "explanation",
    "class_means",
)
STATUS = ("named", "not finite", "saturated", "left out", "unknown")
NAMED, NOT_FINITE, SATURATED, LEFT_OUT, UNKNOWN = range(len(STATUS))
NOBODY = -1  # the code of no class
PRINT = "print"  # of a block: changes with its spectra
MEANS = ("class_count", "class_spectrum", "class_explanation")
# Values of spectra that go through the steps at a time, however large a block is.
_BATCH_VALUES = 2**21
_WRAPPERS = (ConformalClassifier, SpectralNoveltyDetector)


@dataclass(frozen=True)
class Task:
    """What is asked of every pixel.

    Attributes
    ----------
    output : tuple of str
    n_points : int
    labels : tuple of str or None
        Column labels of the frames that the model is given; None for plain arrays.
    target : label, "all" or None
    dtype : str
        Of floating-point results.
    saturation : float or None
    explain : dict or None
        Arguments of `explain_pipeline`; None if no map is needed.
    shapes : dict of str to tuple
        What a pixel gets of each result, found by `look_ahead`.
    prints : bool
        Whether a block tells by which values it was made.
    """

    output: tuple
    n_points: int
    labels: tuple | None
    target: Any
    dtype: str
    saturation: float | None
    explain: dict | None
    shapes: dict = field(default_factory=dict)
    prints: bool = False

    @property
    def names(self):
        """The maps that come out: one value or more for each pixel."""
        return tuple(name for name in self.shapes if name not in MEANS)

    def dtype_of(self, name):
        """Return the type of a map."""
        if name == "label":
            return np.dtype(np.int16)
        return np.dtype(np.uint8 if name == "status" else self.dtype)


# One batch of spectra through a model -------------------------------------------------


def wrapper_outside(model):
    """Put a wrapper that looks for unknown spectra around the steps before it."""
    before, wrapper = steps_to(_WRAPPERS, model)
    if wrapper is None:
        return model
    outer = copy.copy(wrapper)
    steps = [*before, wrapper.estimator_]
    outer.estimator_ = Pipeline([(f"step {k}", step) for k, step in enumerate(steps)])
    return outer


def without_wrapper(model):
    """Return the model inside a wrapper that looks for unknown spectra, or this one."""
    return model.estimator_ if isinstance(model, _WRAPPERS) else model


def classes_of(model):
    """Return the labels of a fitted model, None if it is no classifier."""
    last = flat_steps(without_wrapper(model))[-1][1]
    return getattr(model, "classes_", getattr(last, "classes_", None))


def evaluate(model, X, task):
    """Return what a model says of spectra that are whole.

    The steps before the classifier are run once, whatever is asked.

    Parameters
    ----------
    model : fitted estimator
    X : data frame or ndarray of shape (n_spectra, n_points)
    task : Task

    Returns
    -------
    dict of str to ndarray
        The results of `task.output`, and "unknown" where the model says so.
    """
    output, found = task.output, {}
    inner = without_wrapper(model)
    if not hasattr(flat_steps(inner)[-1][1], "predict"):
        return {"transform": _as_many(inner.transform(X), X, inner)}
    classifier, inputs = classifier_and_input(inner, X)
    _as_many(inputs, X, inner)
    if "transform" in output:
        found["transform"] = inputs
    if "proba" in output:
        found["proba"] = _ask(classifier, "predict_proba", inputs)
    if "decision" in output:
        found["decision"] = _ask(classifier, "decision_function", inputs)
    if "label" in output or "class_means" in output:
        found["label"] = _name(inner, classifier, X, inputs, found.get("proba"))
    if task.explain is not None:
        found["explanation"] = _explain(inner, classifier, X, inputs, task)
    if inner is not model:
        # The wrapper around the classifier alone: steps are not run again.
        judge = copy.copy(model)
        judge.estimator_ = classifier
        found |= _judge(judge, inputs)
    return found


class _Made(BaseEstimator):
    """Stands for a classifier whose maps are made already."""

    def __init__(self, maps):
        self.maps = maps

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def explain_(self, X, target=None):
        """Return the maps, whatever X is."""
        return self.maps

    def __sklearn_is_fitted__(self):
        return True


def _explain(model, classifier, X, inputs, task):
    """Return maps on the axis of the spectra.

    What `explain_pipeline` returns, but for spectra that have passed the steps already:
    a single one shows the maps of all the way back.
    """
    settings = dict(task.explain)
    going_back = {k: settings.pop(k) for k in ("mode", "normalize") if k in settings}
    target = task.target
    if target is None and moves_threshold(model):
        target = predict_class(model, X)  # not always the class of the highest score
    if not hasattr(classifier, "explain_"):
        going_back |= settings  # says what is wrong, and the way out
        return np.asarray(explain_pipeline(model, X, target, **going_back))
    maps = np.asarray(classifier.explain_(inputs, target, **settings))
    made = _Made(maps.reshape(1, -1, maps.shape[-1]))
    steps = [step for _, step in flat_steps(model)[:-1]]
    way_back = Pipeline([(f"step {k}", step) for k, step in enumerate([*steps, made])])
    back = np.asarray(explain_pipeline(way_back, X[:1], **going_back))
    return back.reshape(*maps.shape[:-1], -1)


def _as_many(outputs, X, model):
    """Return what comes out of steps, if each spectrum is still there."""
    if len(outputs) != len(X):
        raise ValueError(
            f"{len(X)} spectra went into {type(model).__name__} and {len(outputs)} "
            "came out: a step adds or drops spectra, so that pixels have no result."
        )
    return outputs


def _ask(classifier, method, inputs):
    """Return scores, or say which output a classifier has instead."""
    if not hasattr(classifier, method):
        raise TypeError(
            f"{type(classifier).__name__} has no {method}: ask for other outputs, such "
            'as output="label", or put CalibratedClassifierCV around it.'
        )
    return np.asarray(getattr(classifier, method)(inputs))


def _name(model, classifier, X, inputs, proba):
    """Return the labels that a model predicts."""
    if moves_threshold(model):
        return model.predict(X)
    # A network would be asked twice.
    method = getattr(type(classifier).predict, "__qualname__", "")
    if proba is not None and method == "SpectralNetClassifier.predict":
        return classifier.classes_[proba.argmax(axis=1)]
    return classifier.predict(inputs)


def _judge(model, inputs):
    """Return how strange spectra are, and which of them a wrapper does not name."""
    if isinstance(model, SpectralNoveltyDetector):
        p = model.p_value(inputs)
        return {"novelty": 1 - p, "unknown": p <= model.false_alarm_rate}
    found, known = {}, set(model.classes_.tolist())
    if model.unknown_label is not None:
        labels = model.predict(inputs)
        found["unknown"] = ~np.isin(labels, list(known))
    if model.novelty_score is not None:
        found["novelty"] = 1 - model.describe(inputs)["p_known"].to_numpy()
    return found


# One block ---------------------------------------------------------------------------


def apply_block(spectra, allowed=None, *, parcel, task):
    """Return what a model says of the pixels of a block.

    Parameters
    ----------
    spectra : ndarray of shape (..., n_points)
    allowed : ndarray of shape (..., 1), bool, or None
        Pixels to look at.
    parcel : Parcel
        Holds the fitted model.
    task : Task

    Returns
    -------
    dict of str to ndarray
        Maps of shape (..., what `task.shapes` says), NaN and -1 where there is nothing
        to say; sums for the means of classes; the print of the block.
    """
    model, pixels = parcel.model, spectra.shape[:-1]
    rows = np.asarray(spectra).reshape(-1, task.n_points)
    status = np.full(len(rows), NAMED, np.uint8)
    if allowed is not None:
        status[~np.asarray(allowed, dtype=bool).ravel()] = LEFT_OUT
    if task.saturation is not None:
        with np.errstate(invalid="ignore"):
            is_full = (rows >= task.saturation).any(axis=1)
        status[is_full & (status == NAMED)] = SATURATED
    status[_not_finite(rows) & (status == NAMED)] = NOT_FINITE
    result = {name: _nothing(name, len(rows), task) for name in task.names}
    result["status"] = status
    sums = {
        name: np.zeros(shape) for name, shape in task.shapes.items() if name in MEANS
    }
    size = max(1, _BATCH_VALUES // task.n_points)
    good = np.flatnonzero(status == NAMED)
    for start in range(0, len(good), size):
        _fill(result, sums, good[start : start + size], rows, model, task)
    for group in _gaps(rows, np.flatnonzero(status == NOT_FINITE)):
        try:
            # Steps may leave out the points that are missing; means can't.
            _fill(result, {}, group, rows, model, task)
        except ValueError:
            continue
        missing = status[group] == NOT_FINITE
        status[group[missing]] = NAMED
    maps = {
        name: values.reshape(*pixels, *task.shapes[name])
        for name, values in result.items()
    }
    return maps | sums | ({PRINT: print_of(spectra, allowed)} if task.prints else {})


def print_of(*arrays):
    """Return a number that changes with any value of arrays; None is left out."""
    found = hashlib.blake2b(digest_size=8)
    for values in arrays:
        if values is not None:
            values = np.asarray(values)
            found.update(f"{values.dtype.newbyteorder('=')}{values.shape}".encode())
            native = values.astype(values.dtype.newbyteorder("="), copy=False)
            found.update(np.ascontiguousarray(native).view(np.uint8))
    return np.uint64(int.from_bytes(found.digest(), "little"))


def print_block(spectra, allowed=None):
    """Return the print of a block as an array with one value."""
    ones = (1,) * (np.ndim(spectra) - 1)
    return np.full(ones, print_of(spectra, allowed), dtype=np.uint64)


def _nothing(name, n_rows, task):
    empty = NOBODY if name == "label" else 0 if name == "status" else np.nan
    return np.full((n_rows, *task.shapes[name]), empty, task.dtype_of(name))


def _not_finite(rows):
    if rows.dtype.kind != "f":
        return np.zeros(len(rows), dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(rows.sum()):  # faster than a look at each value
            return np.zeros(len(rows), dtype=bool)
    return ~np.isfinite(rows).all(axis=1)


def _gaps(rows, chosen):
    """Yield groups of spectra in which the same points are missing, but not all."""
    if len(chosen) == 0:
        return
    missing = np.packbits(~np.isfinite(rows[chosen]), axis=1)
    patterns, group = np.unique(missing, axis=0, return_inverse=True)
    for number in range(len(patterns)):
        members = chosen[group.ravel() == number]
        if np.isfinite(rows[members[0]]).any():
            yield members


def _native(labels):
    """Return labels in the byte order of this machine, which pandas can look up."""
    labels = np.asarray(labels)
    if labels.dtype.isnative:
        return labels  # numpy's strings know no byte order
    return labels.astype(labels.dtype.newbyteorder("="))


def _fill(result, sums, chosen, rows, model, task):
    """Evaluate some rows of a block, and write down what comes out."""
    X = as_input(rows[chosen], task.labels)
    found = evaluate(model, X, task)
    for values in found.values():
        _as_many(values, X, model)
    unknown = found.pop("unknown", None)
    if "label" in found:
        classes = pd.Index(_native(classes_of(model)))
        code = classes.get_indexer(_native(found["label"]))
        if unknown is not None:
            code = np.where(unknown, NOBODY, code)
        found["label"] = code
        result["status"][chosen[code == NOBODY]] = UNKNOWN
        for c in np.unique(code[code != NOBODY]) if sums else ():
            own = code == c
            sums["class_count"][c] += own.sum()
            sums["class_spectrum"][c] += np.asarray(X)[own].sum(axis=0, dtype=float)
            if "class_explanation" in sums:
                maps = found["explanation"][own]
                sums["class_explanation"][c] += maps.sum(axis=0, dtype=float)
    elif unknown is not None:
        result["status"][chosen[unknown]] = UNKNOWN
    for name, values in found.items():
        if name in result:
            result[name][chosen] = values


def as_input(rows, labels):
    """Return spectra as a model takes them: native numbers, a frame with an axis."""
    rows = np.ascontiguousarray(rows, dtype=rows.dtype.newbyteorder("="))
    if labels is None:
        return rows
    return pd.DataFrame(rows, columns=list(labels), copy=False)


# Before any block --------------------------------------------------------------------


def look_ahead(model, task, axis):
    """Try a model on made-up spectra: does it fit, and what comes out?

    Parameters
    ----------
    model : fitted estimator
    task : Task
    axis : ndarray of shape (n_points,) or None

    Returns
    -------
    shapes : dict of str to tuple
        For `Task.shapes`.
    transformed_axis : ndarray or None
        Axis of the spectra that "transform" gives, if it is known.
    """
    rng = np.random.default_rng(0)
    place = np.linspace(0, 1, task.n_points)
    rows = 1000 * (1.5 + np.sin(7 * place + [[0.0], [1.0]]))
    rows = (rows + rng.uniform(0, 100, rows.shape)).astype(np.float32)
    X = as_input(rows, task.labels)
    found = evaluate(model, X, task)
    transformed = found.get("transform")
    transformed_axis = labels_as_wavenumbers(transformed)
    found.pop("unknown", None)
    shapes = {"status": ()}
    for name in task.output:
        if name == "class_means":
            n_classes = len(classes_of(model))
            shapes["class_count"] = (n_classes,)
            shapes["class_spectrum"] = (n_classes, task.n_points)
            if task.explain is not None:
                shapes["class_explanation"] = (n_classes, task.n_points)
        elif name not in found:
            raise ValueError(_why_not(name, model))
        else:
            shapes[name] = np.shape(found[name])[1:]
    return shapes, transformed_axis


def _why_not(name, model):
    if name == "novelty":
        return (
            "output='novelty' is what a wrapper knows that looks for unknown spectra: "
            "fit a SpectralNoveltyDetector, or a ConformalClassifier with "
            f"novelty_score, around the Pipeline; this is a {type(model).__name__}."
        )
    return (
        f"output={name!r} needs a classifier at the end of the Pipeline; the last step "
        "of this one has no method predict. What such steps have is 'transform'."
    )


# After all blocks --------------------------------------------------------------------


def means_of(sums):
    """Turn sums over the pixels of each class into means; NaN where there is none.

    Parameters
    ----------
    sums : dict of str to array of numpy or dask
        "class_count" (n_classes,) and sums (n_classes, n_points).
    """
    number = sums["class_count"][:, None]
    number = np.where(number > 0, number, np.nan)
    return {
        name: total if name == "class_count" else total / number
        for name, total in sums.items()
    }
