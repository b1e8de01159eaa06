"""Look inside Pipelines and searches."""

from sklearn.base import clone
from sklearn.pipeline import Pipeline


def is_search(estimator):
    """Say whether an estimator tries parameters of another one on inner folds.

    scikit-learn's searches share a base class without a public name, and other packages
    have searches that don't derive from it; all have these three parameters.
    """
    return all(hasattr(estimator, name) for name in ("estimator", "cv", "refit"))


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
    while True:
        if is_search(estimator):
            estimator = getattr(estimator, "best_estimator_", estimator.estimator)
        elif isinstance(estimator, Pipeline):
            for _, step in estimator.steps[:-1] if X is not None else ():
                # Samplers have no transform: they act on training spectra only.
                if hasattr(step, "transform"):
                    X = step.transform(X)
                    names = getattr(X, "columns", _names_out(step, names))
            estimator = estimator.steps[-1][1]
        else:
            return estimator, X, names


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
