"""Look inside fitted Pipelines, searches and wrappers."""

import numbers
import warnings
from copy import copy, deepcopy

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from sklearn_raman._utils._ragged import is_ragged, unmask
from sklearn_raman._utils._sklearn import safe_indexing

# They move the threshold of one fitted model. Other estimators with an attribute
# `estimator_` (bagging, RFE) predict with more than that.
_THRESHOLDS = (FixedThresholdClassifier, TunedThresholdClassifierCV)
_PACKAGE = f"{__name__.partition('.')[0]}."


def is_search(estimator):
    """Say whether an estimator tries parameters of another one on inner folds.

    scikit-learn's searches share a base class without a public name, and other packages
    have searches that don't derive from it; all have these three parameters.
    """
    return all(hasattr(estimator, name) for name in ("estimator", "cv", "refit"))


def picks_model(estimator):
    """Say whether it is a search that picks a model, not one that tunes a threshold."""
    return is_search(estimator) and not isinstance(estimator, _THRESHOLDS)


def _gives_sets(estimator):
    return hasattr(estimator, "predict_set") and hasattr(estimator, "estimator")


def _inner_model(estimator):
    """Return the model that a search or wrapper predicts with, None if it is neither.

    A search that is not fitted, or was with refit=False, gives the model it starts
    from.
    """
    if isinstance(estimator, FrozenEstimator):
        return estimator.estimator
    if isinstance(estimator, _THRESHOLDS) or _gives_sets(estimator):
        return getattr(estimator, "estimator_", estimator.estimator)
    if is_search(estimator):
        return getattr(estimator, "best_estimator_", estimator.estimator)
    return None


def flat_steps(estimator, name=""):
    """List what acts on spectra in prediction, in order, the final estimator last.

    Parameters
    ----------
    estimator : estimator
        Pipelines in it, also as steps, are opened; so are searches and wrappers.
    name : str
        Its name, "" for the outermost.

    Returns
    -------
    list of (name, estimator)
        Names as in `get_params`: "outer__inner". Left out are "passthrough" and None,
        and samplers, which act on training spectra only.
    """
    inner = _inner_model(estimator)
    if inner is not None:
        return flat_steps(inner, name)
    if isinstance(estimator, Pipeline):
        prefix = f"{name}__" if name else ""
        return [
            leaf
            for step_name, step in estimator.steps
            for leaf in flat_steps(step, prefix + step_name)
        ]
    is_skipped = estimator is None or isinstance(estimator, str)
    if is_skipped or hasattr(estimator, "fit_resample"):
        return []
    return [(name, estimator)]


def steps_to(kinds, model):
    """Open Pipelines and searches until the last step is of one of these kinds.

    Returns
    -------
    steps : list of estimator
        What acts on spectra before it.
    found : estimator or None
    """
    before = []
    while isinstance(model, Pipeline) or picks_model(model):
        if isinstance(model, Pipeline):
            before += model.steps[:-1]
            model = model.steps[-1][1]
        else:
            model = _inner_model(model)
    if not isinstance(model, kinds):
        return [], None
    return [step for _, step in flat_steps(Pipeline(before))] if before else [], model


def unshared(X):
    """Return spectra that a step may overwrite without changing X.

    NaN stands where some are masked: most models would take that for measured.
    """
    X = unmask(X)
    if is_ragged(X):
        return deepcopy(X)
    return X.copy() if hasattr(X, "copy") else X


def own_rows(X, rows):
    """Return some spectra, which a step may overwrite without changing X.

    Indices make a copy of a matrix; of a list, whose spectra would be shared, they
    don't.
    """
    part = safe_indexing(unmask(X), rows)
    return deepcopy(part) if is_ragged(part) else part


def kept_from(model, X):
    """Return spectra to give to a fitted model that must leave X as it is.

    That is X itself if all that sees it is of this package, where nothing works in
    place, and a copy otherwise.
    """
    return unmask(X) if _only_reads(flat_steps(model)) else unshared(X)


def _only_reads(steps):
    return all(type(step).__module__.startswith(_PACKAGE) for _, step in steps)


def classifier_and_input(model, X):
    """Return the classifier inside a fitted model, and what its steps make of spectra.

    Parameters
    ----------
    model : fitted estimator
        Pipelines, searches and wrappers are opened as in `flat_steps`.
    X : spectra as the model takes them
        Not changed, even if a step works in place.

    Returns
    -------
    classifier : estimator
    inputs : spectra as the classifier takes them
    """
    *steps, (_, classifier) = flat_steps(model)
    inputs = unmask(X) if _only_reads(steps) else unshared(X)
    for _, step in steps:
        inputs = step.transform(inputs)
    return classifier, inputs


def predict_class(model, X):
    """Return the class that a fitted model takes each spectrum for.

    Where a wrapper answers that it is none of them, that is what the model inside it
    says.
    """
    predicted = np.asarray(model.predict(kept_from(model, X)))
    classes = set(getattr(model, "classes_", predicted).tolist())
    known = np.asarray([label in classes for label in predicted.tolist()], dtype=bool)
    if known.all():
        return predicted
    named = np.asarray(_without_sets(model).predict(kept_from(model, X)))
    return np.where(known, predicted, named).astype(named.dtype)


def _without_sets(model):
    """Return a fitted model whose last step names a class, whatever a wrapper says."""
    if isinstance(model, Pipeline):
        name, last = model.steps[-1]
        opened = copy(model)
        opened.steps = [*model.steps[:-1], (name, _without_sets(last))]
        return opened
    if _gives_sets(model) or picks_model(model) or isinstance(model, FrozenEstimator):
        return _without_sets(_inner_model(model))
    return model


def decision_by_class(classifier, values):
    """Return the decision function with a column for each class, or raise.

    Parameters
    ----------
    classifier : fitted classifier
    values : ndarray of shape (n_spectra,) or (n_spectra, n_columns)
        What its `decision_function` returns.
    """
    if values.ndim == 1:
        values = np.stack([-values, values], axis=1)
    n_classes = len(classifier.classes_)
    # Three classes have three pairs.
    last = flat_steps(classifier)[-1][1]
    of_pairs = n_classes > 2 and getattr(last, "decision_function_shape", "") == "ovo"
    if of_pairs or values.shape[1] != n_classes:
        raise ValueError(
            f"The decision function of {type(classifier).__name__} has "
            f"{values.shape[1]} columns for {n_classes} classes"
            f"{', one for each pair' if of_pairs else ''}: use one-versus-rest (SVC's "
            'decision_function_shape="ovr").'
        )
    return values


def refuse_no_classifier(owner, estimator):
    """Raise if an estimator is a class, or says of itself that it is something else."""
    if isinstance(estimator, type):
        raise TypeError(
            f"{owner} needs a classifier, got the class {estimator.__name__}: "
            f"make one, {estimator.__name__}()."
        )
    known = hasattr(estimator, "__sklearn_tags__")
    kind = get_tags(estimator).estimator_type if known else None
    if kind not in (None, "classifier"):
        name = type(flat_steps(estimator)[-1][1]).__name__
        raise TypeError(
            f"{owner} needs a classifier or a Pipeline that ends with one, got {name}, "
            f"a {kind.replace('_', ' ')}."
        )
    refuse_no_refit(f"The model of {owner}", estimator)


def holds_frozen(estimator):
    """Tell whether a model, or one in it, is frozen: fit leaves it as it is."""
    parts = (estimator, *estimator.get_params(deep=True).values())
    return any(
        isinstance(part, FrozenEstimator) and hasattr(part.estimator, "predict")
        for part in parts
    )


def warn_frozen(owner, name, estimator):
    """Warn if a model that is frozen would be judged by fits that leave it as it is."""
    if holds_frozen(estimator):
        warnings.warn(
            f"{name} holds a FrozenEstimator, which {owner} does not fit: if it has "
            "seen some of these spectra, it is judged on what it knows. Pass the model "
            "itself, or spectra of groups that it was not fitted on.",
            UserWarning,
            stacklevel=4,
        )


def moves_threshold(estimator):
    """Say whether the labels come from a threshold that a wrapper sets.

    Then the predicted class is not always the one with the highest score.
    """
    return any(isinstance(part, _THRESHOLDS) for part in _way_in(estimator))


def lacks_refit(estimator):
    """Say whether a search on the way to the last step has no model of its choice."""
    return any(
        picks_model(part) and not hasattr(part, "best_estimator_")
        for part in _way_in(estimator)
    )


def refuse_no_refit(name, estimator):
    """Raise if a search in a model will have no model of its choice to predict with."""
    if any(picks_model(part) and not part.refit for part in _way_in(estimator)):
        raise ValueError(
            f"{name} is or holds a search with refit=False, which predicts nothing: "
            "pass one with refit=True."
        )


def _way_in(estimator):
    """Yield an estimator, and what is in it on the way to the last step."""
    while estimator is not None:
        yield estimator
        is_pipeline = isinstance(estimator, Pipeline)
        estimator = estimator.steps[-1][1] if is_pipeline else _inner_model(estimator)


def last_step(estimator):
    """Return the last step of nested Pipelines and its parameter prefix in `fit`."""
    prefix = ""
    while isinstance(estimator, Pipeline):
        name, estimator = estimator.steps[-1]
        prefix += f"{name}__"
    return estimator, prefix


def best_of(model):
    """Return a fitted model with each search in it replaced by what it chose."""
    if picks_model(model):
        return best_of(model.best_estimator_)
    if isinstance(model, Pipeline):
        name, last = model.steps[-1]
        return clone(model).set_params(**{name: best_of(last)})
    return model


def group_parameters(estimator, groups):
    """Return the keyword arguments that pass groups to `estimator.fit`.

    Searches get them for their inner folds. Classifiers whose `fit` has a parameter
    `groups` get them for their validation split or calibration, also in a Pipeline that
    scikit-learn's grid or randomized search refits. After a sampler, rows are no longer
    those that groups were given for: a classifier behind one gets none. With
    scikit-learn's metadata routing switched on, its requests decide; what a model in a
    Pipeline or search leaves open, scikit-learn asks for.
    """
    if groups is None:
        return {}
    is_behind_sampler = _has_sampler(estimator)
    if get_config()["enable_metadata_routing"]:
        parts = (estimator, *estimator.get_params(deep=True).values())
        wanted = get_routing_for_object(estimator).consumes("fit", ["groups"])
        wanted = (wanted or any(map(_leaves_open, parts))) and not is_behind_sampler
        return {"groups": groups} if wanted else {}
    last, prefix = last_step(estimator)
    if is_search(last):
        wanted = not ignores_groups(last.cv)
    else:
        wanted = has_fit_parameter(last, "groups") and not is_behind_sampler
    found = {f"{prefix}groups": groups} if wanted else {}
    return found | {f"{prefix}{name}": groups for name in _searched_parameters(last)}


def _leaves_open(part):
    """Say whether `fit` of a model takes groups, of which routing was told nothing."""
    fit = getattr(get_routing_for_object(part), "fit", None)
    return getattr(fit, "requests", {}).get("groups", False) is None


def _searched_parameters(search):
    """Name the `groups` of the classifier in a Pipeline that a search refits.

    scikit-learn's searches pass on what else `fit` gets, cut to the rows of each fold.
    """
    grids = getattr(search, "param_grid", getattr(search, "param_distributions", None))
    if not isinstance(search, (GridSearchCV, RandomizedSearchCV)):
        return []
    last, prefix = last_step(search.estimator)
    grids = [grids] if isinstance(grids, dict) else grids
    is_swapped = any(prefix.removesuffix("__") in grid for grid in grids)
    if not prefix or is_swapped or not has_fit_parameter(last, "groups"):
        return []
    return [] if _has_sampler(search.estimator) else [f"{prefix}groups"]


def _has_sampler(estimator):
    """Say whether a step of nested Pipelines changes the number of training rows."""
    if isinstance(estimator, Pipeline):
        return any(_has_sampler(step) for _, step in estimator.steps)
    return hasattr(estimator, "fit_resample")


def ignores_groups(cv):
    """Say whether a `cv` argument splits without looking at groups.

    An int or None does, and so does a splitter that declares it (KFold, ShuffleSplit,
    ...). An iterable of splits and splitters that declare nothing count as knowing.
    """
    if cv is None or isinstance(cv, numbers.Integral):
        return True
    if not hasattr(cv, "get_metadata_routing"):
        return False
    return not cv.get_metadata_routing().consumes("split", ["groups"])
