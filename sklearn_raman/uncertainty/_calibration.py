"""Scores of spectra that a model was not fitted on, and p-values from them."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.parallel import Parallel, delayed

from sklearn_raman._utils._folds import as_pairs, deal_groups, is_splitter
from sklearn_raman._utils._pipeline import (
    flat_steps,
    group_parameters,
    ignores_groups,
    own_rows,
    refuse_no_classifier,
    unshared,
    warn_frozen,
)
from sklearn_raman._utils._sklearn import num_samples
from sklearn_raman._utils._validation import (
    one_per_spectrum,
    plain_numbers,
    refuse_other_order,
)
from sklearn_raman._utils._wavenumbers import labels_as_wavenumbers

DECIMALS = 12  # of scores; what they differ by beyond is rounding
_INPUT = ("n_features_in_", "feature_names_in_", "wavenumbers_in_")


def check_groups(owner, X, groups, grouped):
    """Return groups as an array, None if there are none, or say what is missing."""
    if not grouped:
        if groups is not None:
            raise ValueError(
                f"{owner}(grouped=False) says that there are no groups, but fit got "
                "some: leave out grouped=False, or pass none."
            )
        return None
    if groups is None:
        raise ValueError(
            f"{owner} needs groups, the crystal, patient or sample of each spectrum: "
            "fit(X, y, groups=...). Spectra of one group are alike, and a model judged "
            "on spectra whose group it knows looks better than it is. If each spectrum "
            f"is from a sample of its own, say so: {owner}(..., grouped=False)."
        )
    refuse_other_order("groups", groups, X)
    return one_per_spectrum("groups", groups, num_samples(X))


def fit_wrapped(owner, estimator, X, y, groups):
    """Fit a clone on everything, for `owner`, which takes over what it says of X."""
    refuse_no_classifier(type(owner).__name__, estimator)
    warn_frozen(type(owner).__name__, type(estimator).__name__, estimator)
    refuse_other_order("y", y, X)
    labels_as_wavenumbers(X)  # raises for columns that are no intensities
    own = group_parameters(estimator, groups)
    fitted = clone(estimator).fit(unshared(X), plain_numbers(y), **own)
    if not hasattr(fitted, "predict"):  # some have it from fit on
        raise TypeError(
            f"{type(owner).__name__} needs a classifier or a Pipeline that ends with "
            f"one, got {estimator!r}, which predicts nothing."
        )
    first = flat_steps(fitted)[0][1]
    for name in _INPUT:
        vars(owner).pop(name, None)
        if hasattr(first, name):
            setattr(owner, name, getattr(first, name))
    return fitted


def make_folds(cv, y, groups, random_state):
    """Return (train, held) rows of each fold.

    Parameters
    ----------
    cv : int, splitter or iterable
        An int deals the groups of each class out to that many folds, at most one fold
        for each group.
    y : ndarray of shape (n_spectra,)
    groups : ndarray of shape (n_spectra,) or None
        None makes a group of each spectrum.
    random_state : int, RandomState or None
        Decides who is dealt where.
    """
    units = np.arange(len(y)) if groups is None else groups
    if isinstance(cv, Integral):
        fold = deal_groups(y, units, cv, check_random_state(random_state))
        return [
            (np.flatnonzero(fold != number), np.flatnonzero(fold == number))
            for number in range(fold.max() + 1)
        ]
    cv = check_cv(cv if is_splitter(cv) else as_pairs(cv, cv), y, classifier=True)
    given = None if ignores_groups(cv) else groups
    rows = np.arange(len(y))  # of which an iterable may hold lists or masks
    parts = cv.split(np.zeros((len(y), 1)), y, given)
    try:
        folds = [(rows[train], rows[held]) for train, held in parts]
    except IndexError as error:
        raise ValueError(
            f"cv={cv!r} gives a row or a mask that {len(y)} spectra don't have: {error}"
        ) from error
    if not folds:
        raise ValueError(
            f"cv={cv!r} gives no fold (an iterator is used up once: make it a list)."
        )
    held_out = np.zeros(len(y), dtype=int)
    for train, held in folds:
        held_out[held] += 1
        if both := sorted(set(units[train].tolist()) & set(units[held].tolist())):
            raise ValueError(
                f"cv={cv!r} puts {len(both)} groups on both sides of a fold (first: "
                f"{both[0]!r}): use a splitter that keeps groups together, an int, or "
                "grouped=False if groups don't matter."
            )
    if (held_out > 1).any():
        raise ValueError(
            f"cv={cv!r} holds out row {held_out.argmax()} {held_out.max()} times; each "
            "spectrum counts once: use folds (an int, StratifiedGroupKFold)."
        )
    return folds


def out_of_fold(estimator, X, y, groups, folds, judge, n_jobs):
    """Fit on each fold's training part, judge the spectra that were held out.

    Parameters
    ----------
    judge : callable
        Called with (model, X_train, y_train, X_held), returns a dict of arrays with one
        row for each held-out spectrum.

    Returns
    -------
    Bunch
        The arrays of all folds, one after the other, and `rows`, the spectra that they
        belong to. Spectra whose class the fold's training part lacks are left out:
        their score would say nothing about a model that knows the class.
    """
    tasks = (
        delayed(_one_fold)(estimator, X, y, groups, train, held, judge)
        for train, held in folds
    )
    found = [part for part in Parallel(n_jobs=n_jobs)(tasks) if part is not None]
    if not found:
        raise ValueError(
            "No held-out spectrum is of a class that its fold was trained on: each "
            "class needs two groups (without groups: two spectra) for that. Check that "
            "groups names the crystal, patient or sample and is not the class itself."
        )
    return Bunch(**{k: np.concatenate([part[k] for part in found]) for k in found[0]})


def _one_fold(estimator, X, y, groups, train, held, judge):
    taught = np.unique(y[train])
    held = held[np.isin(y[held], taught)]
    if len(taught) < 2 or len(held) == 0:
        return None
    own = None if groups is None else groups[train]
    model = clone(estimator)
    model.fit(own_rows(X, train), y[train], **group_parameters(model, own))
    # A second copy of the training spectra: a step may have worked in place.
    judged = judge(model, own_rows(X, train), y[train], own_rows(X, held))
    return {"rows": held, **judged}


def unit_weights(groups):
    """Return the weight of each calibration score, if each group counts the same.

    What they lack to 1 is the weight of the new group, of which nothing is known.
    """
    _, code, size = np.unique(groups, return_inverse=True, return_counts=True)
    return 1 / (size[code] * (len(size) + 1))


class PValues:
    """The share of calibration scores that are at least as large as a new one.

    Parameters
    ----------
    scores : ndarray of shape (n_calibrated,)
    weights : ndarray of shape (n_calibrated,)
        Positive, with a sum below 1; the rest stands at infinity.
    """

    def __init__(self, scores, weights):
        order = np.argsort(scores, kind="stable")
        self.scores = scores[order]
        above = np.cumsum(weights[order][::-1])[::-1]
        # Rounded: sums of equal weights should not miss a round number by one bit.
        self._p = np.round(np.append(above, 0) + (1 - weights.sum()), DECIMALS)
        self.smallest = float(self._p[-1])

    def __call__(self, scores):
        """Return p-values, of the shape of scores."""
        return self._p[np.searchsorted(self.scores, scores, side="left")]

    def threshold(self, level):
        """Return the score above which p-values are at most `level`; infinite if none.

        Scores at the threshold itself have larger p-values.
        """
        if self._p[-1] > level:
            return np.inf
        return self.scores[np.flatnonzero(self._p[:-1] > level)[-1]]
