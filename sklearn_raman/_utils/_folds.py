"""Folds that keep groups together and deal each class out evenly."""

import numpy as np


def deal_groups(strata, units, n_folds, rng):
    """Return the fold of each spectrum: units of a stratum go to one after the other.

    Parameters
    ----------
    strata : ndarray of shape (n_spectra,)
        Class, or kind of group; the same for all spectra of a unit, or that of its
        first spectrum counts.
    units : ndarray of shape (n_spectra,)
        Group of each spectrum.
    n_folds : int
        At most this many; not more than there are units.
    rng : RandomState
        Decides who is dealt where.

    Returns
    -------
    ndarray of shape (n_spectra,), int
    """
    _, first, unit = np.unique(units, return_index=True, return_inverse=True)
    if len(first) < 2:
        raise ValueError(
            "All spectra are of one group, so none can be held out: check that groups "
            "names the crystal, patient or sample."
        )
    shuffled = rng.permutation(len(first))
    by_class = shuffled[np.argsort(strata[first][shuffled], kind="stable")]
    fold = np.empty(len(first), dtype=int)
    fold[by_class] = np.arange(len(first)) % n_folds
    return fold[unit]


def is_splitter(cv):
    """Tell whether `cv` splits by a method: texts have one of that name, too."""
    return hasattr(cv, "split") and not isinstance(cv, (str, bytes))


def as_pairs(cv, found):
    """Return the folds that `cv` gives as a list, or raise if they are no pairs.

    Parameters
    ----------
    cv : object
        As the user gave it, for the message.
    found : iterable
        What it gives.
    """
    folds = list(found)
    for fold in folds:
        is_pair = np.iterable(fold) and not isinstance(fold, (str, bytes))
        if not is_pair or len(fold) != 2 or not all(map(np.iterable, fold)):
            raise ValueError(
                "cv must be a number of folds, a scikit-learn splitter or an iterable "
                f"of (train, test) row positions, got {cv!r}."
            )
    return folds


def train_on_each_class(train, y, groups):
    """Return the training part of a split with a group of each class in it.

    Parameters
    ----------
    train : ndarray, int
        Positions.
    y : ndarray of shape (n_spectra,)
        Labels.
    groups : ndarray of shape (n_spectra,) or None
        None takes each spectrum for a group.

    Returns
    -------
    ndarray of int, or None
        `train` itself if nothing is missing; None if no group can be left out.
    """
    classes = np.unique(y)
    units = np.arange(len(y)) if groups is None else groups
    kept = np.isin(np.arange(len(y)), train)
    for label in classes:
        if not kept[y == label].any():
            kept |= units == units[y == label][0]
    if kept.all():  # what was left out was the only group of a class
        for unit in np.unique(units):
            kept = units != unit
            if len(np.unique(y[kept])) == len(classes):
                break
        else:
            return None
    return (
        train
        if kept[train].all() and kept.sum() == len(train)
        else np.flatnonzero(kept)
    )
