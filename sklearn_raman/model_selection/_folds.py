"""One set of folds for all models, and the checks that make it a fair one."""

import numbers

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold


def resolve_cv(cv, groups, random_state):
    """Return the splitter that an int `cv` stands for; anything else as it is.

    An int means that many stratified folds, shuffled, and by group if there are groups.
    """
    if not isinstance(cv, numbers.Integral) or isinstance(cv, bool):
        return cv
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    return kind(int(cv), shuffle=True, random_state=random_state)


def make_folds(cv, X, y, groups):
    """Return the folds as a list of (train, test) row positions, checked.

    Parameters
    ----------
    cv : splitter, or iterable of (train, test)
    X : array, data frame or list of length n_spectra
    y : ndarray of shape (n_spectra,)
    groups : ndarray of shape (n_spectra,) or None

    Raises
    ------
    ValueError
        If a fold is empty, repeats a row or a group on both sides, or tests a class it
        does not train.
    """
    if hasattr(cv, "split") and not isinstance(cv, str):
        # Splitters that ignore groups warn when given some; check_fold decides here.
        given = None if ignores_groups(cv) else groups
        pairs = cv.split(X, y, given)
    elif np.iterable(cv) and not isinstance(cv, str):
        pairs = cv
    else:
        raise ValueError(
            "cv must be a number of folds, a scikit-learn splitter or an iterable of "
            f"(train, test) row positions, got {cv!r}."
        )
    folds = [
        (_row_positions(train, len(y)), _row_positions(test, len(y)))
        for train, test in pairs
    ]
    if not folds:
        raise ValueError(f"cv={cv!r} gives no fold.")
    for number, (train, test) in enumerate(folds):
        check_fold(number, train, test, y, groups)
    return folds


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


def check_fold(number, train, test, y, groups):
    """Raise if a fold can't tell how a model does on spectra it has not seen."""
    if len(train) == 0 or len(test) == 0:
        raise ValueError(
            f"Fold {number} has {len(train)} training and {len(test)} test spectra: "
            "use fewer folds, at most as many as there are groups."
        )
    shared = np.intersect1d(train, test)
    if len(shared):
        raise ValueError(
            f"Fold {number} has {len(shared)} spectra on both sides (first: row "
            f"{shared[0]}), so its score would reward memory. Correct the iterable "
            "given as cv."
        )
    if groups is not None:
        both = np.intersect1d(groups[train], groups[test])
        if len(both):
            rows = np.isin(groups[test], both).sum()
            raise ValueError(
                f"Fold {number} has {len(both)} of {len(np.unique(groups[test]))} test "
                f"groups also in training (first: {both[0]!r}; {rows} of {len(test)} "
                "test spectra), so its score would be a memory test. Use a splitter "
                "that keeps groups together (cv=5, StratifiedGroupKFold, "
                'OneGroupPerClassSplit), or groups="ignore" to do this on purpose.'
            )
    unseen = np.setdiff1d(y[test], y[train])
    if len(unseen):
        raise ValueError(
            f"Fold {number} tests {len(unseen)} classes that are not in its training "
            f"part (first: {unseen[0]!r}). A class needs spectra (with groups: two "
            "groups or more) on both sides: use fewer folds, leave such classes out, "
            "or use OneGroupPerClassSplit, which never tests a class with one group."
        )


def _row_positions(rows, n_spectra):
    """Return row positions from positions or a boolean mask."""
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n_spectra,):
        return np.flatnonzero(rows)
    if rows.size == 0:
        return rows.astype(np.intp).ravel()
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
        raise ValueError(
            "cv must give row positions (1-D integers) or masks with one entry for "
            f"each of the {n_spectra} spectra, got shape {rows.shape} and type "
            f"{rows.dtype}."
        )
    if rows.min() < 0 or rows.max() >= n_spectra:
        outside = rows.max() if rows.max() >= n_spectra else rows.min()
        raise ValueError(
            f"cv gives row {outside}, but X has rows 0 to {n_spectra - 1}."
        )
    return rows
