"""Look inside Pipelines and searches: what `compare` needs of it."""

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_raman._utils._pipeline import flat_steps, is_search


def innermost(estimator):
    """Return the last step of nested Pipelines and its parameter prefix in `fit`."""
    prefix = ""
    while isinstance(estimator, Pipeline):
        name, estimator = estimator.steps[-1]
        prefix += f"{name}__"
    return estimator, prefix


def final_estimator(estimator):
    """Return the classifier at the end of Pipelines and fitted searches."""
    return unwrap(estimator, None)[0]


def unwrap(estimator, X):
    """Walk through fitted searches and Pipelines down to the classifier.

    Parameters
    ----------
    estimator : estimator
    X : array, data frame, list, or None
        Spectra to take along through the preprocessing steps; None takes none.

    Returns
    -------
    final : estimator
    X : what the final estimator is given
    names : array of str or None
        The column names of that input, if the steps know them.
    """
    names = getattr(X, "columns", None)
    *steps, (_, final) = flat_steps(estimator)
    for _, step in steps if X is not None else ():
        X = step.transform(X)
        names = getattr(X, "columns", _names_out(step, names))
    return final, X, names


def _names_out(step, names):
    """Names of the columns that leave a fitted step; None if it does not know them."""
    try:
        return step.get_feature_names_out(names)
    except (AttributeError, ValueError):
        return None


def best_of(model):
    """Return a fitted model with each search in it replaced by what it chose."""
    if is_search(model):
        return best_of(model.best_estimator_)
    if isinstance(model, Pipeline):
        name, last = model.steps[-1]
        return clone(model).set_params(**{name: best_of(last)})
    return model
