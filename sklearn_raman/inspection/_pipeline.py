"""Explanations of whole Pipelines: maps on the axis of the raw spectra."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import OneToOneFeatureMixin
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectorMixin
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._explanation import auto_space, normalize_maps
from sklearn_raman._utils._frames import frame_like, is_frame
from sklearn_raman._utils._map_back import check_mode, place_back
from sklearn_raman._utils._pipeline import (
    flat_steps,
    lacks_refit,
    moves_threshold,
    predict_class,
    unshared,
)
from sklearn_raman._utils._ragged import is_ragged, unmask
from sklearn_raman._utils._typing import SpectraLike
from sklearn_raman._utils._validation import refuse_other_order
from sklearn_raman._utils._wavenumbers import labels_as_wavenumbers

SPACES = ("input", "model", "auto")


def explain_pipeline(
    pipeline: Any,
    X: SpectraLike,
    target: ArrayLike | None = None,
    *,
    space: Literal["input", "model", "auto"] = "input",
    mode: Literal["conserve", "density"] = "conserve",
    normalize: Literal["max", "minmax", "sum"] | None = None,
    return_info: bool = False,
    **explain_settings: Any,
) -> Any:
    """Explain the classifier of a Pipeline on the axis of the spectra it is given.

    The steps before the classifier are run, the classifier explains what it sees
    (`explain_`), and the maps walk back through the steps, last one first.

    Parameters
    ----------
    pipeline : fitted estimator
        A Pipeline of scikit-learn or imbalanced-learn, a search, a threshold wrapper or
        a `ConformalClassifier` around one, Pipelines in Pipelines, or a classifier
        alone. The classifier has a method `explain_`, as `PLSLDA` and the networks do.
    X : array-like, data frame (n_spectra, n_points), or sequence of pairs
        Spectra as the Pipeline takes them; ragged ones are pairs
        `(wavenumbers, intensities)`.
    target : None, "all", label or array-like of shape (n_spectra,), default=None
        Class to explain: the one that the Pipeline predicts, every one, or the given
        ones.
    space : {"input", "model", "auto"}, default="input"
        Axis of the maps: that of X, or that of what the classifier is given. "auto" is
        "input" where all spectra share one axis and each step has a way back, else
        "model".
    mode : {"conserve", "density"}, default="conserve"
        How a map goes back through a resampled axis; ignored with
        ``space="model"``. "conserve" keeps its sum, as contributions need; "density"
        keeps its height at each wavenumber, for pictures. See
        `WavenumberResampler.map_back`.
    normalize : {"max", "minmax", "sum"} or None, default=None
        Scale of each map, on the axis of the result: as it is, by the largest absolute
        value, to 0..1, or to a sum of absolute values of 1.
    return_info : bool, default=False
        Whether to return the spectra on the axis of the maps as well.
    **explain_settings
        Further arguments of the classifier's `explain_`, for example `method` and
        `score`.

    Returns
    -------
    maps : ndarray or data frame (n_spectra, n_points), ndarray (n_spectra, n_classes, \
n_points), or list
        Maps, aligned with the columns of X: a frame with the labels of X if X is one
        whose axis is known. 3-D for target="all". For ragged spectra and space="input"
        a list with one array per spectrum, aligned with its own points.
    info : dict
        Only with `return_info`. `spectra`, the spectra on the axis of the maps, with
        ``space="input"`` X itself; `wavenumbers` (n_points,), this axis in cm-1, or
        None if it is not known; `space`, "input" or "model"; `reason`, why "auto" did
        not choose "input", or None.

    Raises
    ------
    NotFittedError
        If the Pipeline, or the model inside a search (refit=False), is not fitted.
    TypeError
        If the classifier can't explain itself.
    ValueError
        If a step mixes wavenumbers, as PCA does, so that there is no way back; the
        message names it. Also if an argument is not valid.

    Notes
    -----
    A value of a map says how much the classifier used this wavenumber *of the spectrum
    as it was given to it*. Baseline correction, smoothing, derivatives and scaling
    stay on the grid: a map passes them unchanged, because each of their values belongs
    to one wavenumber. They also tie it to others (a baseline to its surroundings, a
    maximum to the whole spectrum), and this is not followed: the map is the importance
    of the wavenumber, not the gradient with respect to raw counts. After a first
    derivative, a band shows at its flanks.

    Points outside a cropped region, and points from which no resampled point was made,
    are 0 and not missing: the model did not see them, so they added nothing to its
    score. With mode="conserve" a map adds up to the same sum on both axes, except for
    values that `WavenumberResampler(fill_value=<number>)` made up. The height then
    depends on the distance of the raw points: where they lie closer they share a
    contribution.

    These steps have a way back: each step with a method
    `map_back(maps, X=None, *, mode)`, as all transformers of this package (X is a frame
    without rows, None for arrays, and holds the spectra only where these have axes or
    missing points of their own); of other packages, steps that treat each column by
    itself (`OneToOneFeatureMixin`, like scikit-learn's scalers), feature selectors, and
    steps whose output columns have names of input columns. Samplers and "passthrough"
    are skipped.

    Neither the model nor X is changed, even if a step works in place (``copy=False``).

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import explain_pipeline
    >>> from sklearn_raman.preprocessing import SNV, WavenumberCrop
    >>> X, y = make_raman_spectra(40, as_frame=True, random_state=0)
    >>> model = make_pipeline(WavenumberCrop(region=(500, 1700)), SNV(), PLSLDA())
    >>> model = model.set_output(transform="pandas").fit(X, y)
    >>> maps = explain_pipeline(model, X)
    >>> maps.shape == X.shape, bool(maps.iloc[:, :100].any(axis=None))
    (True, False)
    """
    check_space(space)
    check_mode(mode)
    X = unmask(X)
    classifier, info, ways_back = run_steps(pipeline, X, space=space, mode=mode)
    inputs, owner = info["spectra"], type(classifier).__name__
    try:
        explain = classifier.explain_
    except AttributeError as error:
        while error.__cause__ is not None:  # who refuses says why
            error = error.__cause__
        raise TypeError(
            f"{owner} can't explain itself by a method explain_, as PLSLDA and the "
            f"networks of sklearn_raman do: {error} "
            "sklearn_raman.inspection.occlusion explains any classifier."
        ) from error
    refuse_other_order("target", target, X)
    if target is None and moves_threshold(pipeline):
        # Not always the class of the highest score.
        target = predict_class(pipeline, X)
    maps = np.asarray(explain(inputs, target, **explain_settings))
    if info["space"] == "input":
        wanted = np.shape(inputs)
        if len(wanted) == 2 and (len(maps), maps.shape[-1]) != wanted:
            raise ValueError(
                f"{owner}.explain_ returned maps of shape {maps.shape} for spectra of "
                f"shape {wanted}, not one value per point, so they have no place on "
                'the axis of X. Leave out upsample=False, or use space="model".'
            )
        for go_back in reversed(ways_back):
            maps = go_back(maps)
        info["spectra"] = X
    if isinstance(maps, list):
        maps = [normalize_maps(one, normalize) for one in maps]
    else:
        maps = normalize_maps(maps, normalize)
        on_axis = maps.shape == np.shape(info["spectra"])
        if on_axis and info["wavenumbers"] is not None:
            maps = frame_like(maps, info["spectra"])
    return (maps, info) if return_info else maps


def check_space(space):
    """Raise if `space` is not one that `explain_pipeline` knows."""
    if space not in SPACES:
        raise ValueError(f"space must be one of {SPACES}, got {space!r}.")


class _NoWayBackError(ValueError):
    """A map can't go back to the axis of X; "auto" then stays with the model's."""


def run_steps(pipeline, X, *, space, mode="conserve"):
    """Run the steps before the classifier.

    Parameters
    ----------
    pipeline, X, space, mode
        As in `explain_pipeline`.

    Returns
    -------
    classifier : estimator
        The last step.
    info : dict
        As `explain_pipeline` returns it, but that `spectra` is what the classifier is
        given, for every `space`.
    ways_back : list of callable
        One per step, for ``space="input"``: carries maps back through it.
    """
    *steps, (_, classifier) = _fitted_steps(pipeline)
    ways_back, reason = [], None
    inputs = unshared(X)
    # Labels that are positions must not be mistaken for wavenumbers later on.
    names = X.columns if labels_as_wavenumbers(X) is not None else None
    for name, step in steps:
        outputs = step.transform(inputs)
        if space != "model":
            try:
                ways_back.append(_way_back(name, step, inputs, outputs, mode))
            except _NoWayBackError as error:
                if space == "input":
                    raise
                space, reason = "model", str(error)
        names = getattr(outputs, "columns", _names_out(step, names))
        inputs = outputs
    if space == "auto" and _n_columns(X) is None:
        space, reason = "model", "Each spectrum has an axis of its own."
    if space == "model":
        axis = _axis(names, classifier, inputs)
    else:
        space, axis = "input", input_axis(pipeline, X)
    info = {"spectra": inputs, "wavenumbers": axis, "space": space, "reason": reason}
    return classifier, info, ways_back


def input_axis(pipeline, X):
    """Return the axis of X in cm-1, from X or a fitted Pipeline; None if unknown."""
    return _axis(getattr(X, "columns", None), flat_steps(pipeline)[0][1], X)


def _names_out(step, names):
    """Names of the columns that leave a fitted step; None if it does not know them."""
    try:
        return step.get_feature_names_out(names)
    except (AttributeError, ValueError):
        return None


def _axis(names, step, X):
    """Return the axis of the columns of X in cm-1, or None if it is not known.

    It is in the column names, or in what the step that takes X saw in fit.
    """
    # One empty matrix: pandas takes its time to make many empty columns.
    empty = np.empty((0, 0 if names is None else len(names)))
    axis = labels_as_wavenumbers(pd.DataFrame(empty, columns=names))
    if axis is None:
        axis = getattr(step, "wavenumbers_in_", None)
    return None if axis is None or len(axis) != _n_columns(X) else axis.copy()


def _fitted_steps(pipeline):
    steps = flat_steps(pipeline)
    if not steps:
        raise TypeError(
            "explain_pipeline needs a fitted classifier, or a Pipeline that ends in "
            f"one, got {pipeline!r}."
        )
    try:
        check_is_fitted(pipeline)
        check_is_fitted(steps[-1][1])
        if lacks_refit(pipeline):  # though the model it starts from may be fitted
            raise NotFittedError
    except NotFittedError as error:
        raise NotFittedError(
            f"This {type(pipeline).__name__} is not fitted, or holds a search with "
            "refit=False: call fit first; a search needs refit=True."
        ) from error
    return steps


def _way_back(name, step, inputs, outputs, mode):
    """Return the function that carries maps back through one step."""
    n_in, n_out = _n_columns(inputs), _n_columns(outputs)
    if hasattr(step, "map_back"):
        # Only ragged spectra and what holds NaN are needed again, and the labels of
        # others; a matrix is not kept in memory.
        own_axes = inputs[:0] if is_frame(inputs) else None
        if n_in is None or auto_space(inputs) == "model":
            own_axes = inputs
        return partial(step.map_back, X=own_axes, mode=mode)
    label = f"Step {name!r} ({type(step).__name__})"
    if n_in is None or n_out is None:
        raise _NoWayBackError(
            f"{label} takes or gives spectra that are not a matrix: give it a method "
            "map_back(maps, X=None, *, mode='conserve') that says how a map goes back."
        )
    kept = _origin(step, inputs, outputs)
    if kept is not None:
        return partial(place_back, kept=kept, n_points=n_in)
    message = (
        f"{label} mixes wavenumbers: it turns {n_in} columns into {n_out} that do not "
        "each belong to one of them, so no map finds its way back to the axis of X. "
        'Leave this step out, use space="model" for the map on what the classifier is '
        "given, or give the step a method map_back(maps, X=None, *, mode='conserve')."
    )
    if n_in == n_out:
        message += (
            " If each column still belongs to its wavenumber, say so, for example with "
            "FunctionTransformer(feature_names_out='one-to-one')."
        )
    raise _NoWayBackError(message)


def _n_columns(X):
    """Return the number of columns of an array, frame or list of rows.

    None if X is something else, as are pairs of wavenumbers and intensities.
    """
    if is_ragged(X):
        return None
    shape = np.shape(X)
    return shape[1] if len(shape) == 2 else None


def _origin(step, inputs, outputs):
    """Find the input column of each output column of a fitted step.

    Returns
    -------
    ndarray of shape (n_out,), int, or None
        None if an output column is not one of the input columns.
    """
    n_in, n_out = _n_columns(inputs), _n_columns(outputs)
    if isinstance(step, SelectorMixin):
        return step.get_support(indices=True)
    does_nothing = isinstance(step, FunctionTransformer) and step.func is None
    if does_nothing or (isinstance(step, OneToOneFeatureMixin) and n_in == n_out):
        return np.arange(n_in)
    before = getattr(step, "feature_names_in_", None)
    if before is None:
        before = np.asarray([f"x{i}" for i in range(n_in)], dtype=object)
    for names, names_out in (
        (before, _names_out(step, before)),
        (getattr(inputs, "columns", None), getattr(outputs, "columns", None)),
    ):
        if names is None or names_out is None:
            continue
        place = {label: position for position, label in enumerate(names)}
        known = len(place) == n_in and len(set(names_out)) == len(names_out) == n_out
        if known and place.keys() >= set(names_out):
            return np.asarray([place[label] for label in names_out])
    return None
