"""How spectra reach a network: split, over-sampled, weighted, as whole tensors."""

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedShuffleSplit
from sklearn.utils import compute_class_weight
from skorch.dataset import Dataset
from skorch.utils import data_from_dataset, is_skorch_dataset
from torch.utils.data import default_collate


class BatchDataset(Dataset):
    """Spectra, labels and optional sample weights as tensors.

    `__getitems__` is torch's own hook: a DataLoader (and a Subset, which a validation
    split makes) passes it a whole list of positions, so that nothing is collated row by
    row.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points), or dict of arrays
        Spectra, or {"x": spectra, "sample_weight": weights}.
    y : ndarray of shape (n_spectra,), int, or None
        Class positions; None (in prediction) gives zeros that are ignored.
    """

    def __init__(self, X, y=None):
        arrays = X if isinstance(X, Mapping) else {"x": X}
        # torch.tensor copies: from_numpy warns about the read-only memory maps that
        # joblib gives to its workers.
        self.arrays = {key: torch.tensor(np.asarray(v)) for key, v in arrays.items()}
        n_spectra = len(self.arrays["x"])
        self.y = torch.zeros(n_spectra, dtype=torch.int64)
        if y is not None:
            self.y = torch.tensor(np.asarray(y))

    @property
    def X(self):
        """What skorch's callbacks predict: that it is a data set tells `predict`."""
        return self

    def __len__(self):
        return len(self.y)

    def __getitems__(self, positions):
        positions = torch.as_tensor(positions)
        batch = {key: value[positions] for key, value in self.arrays.items()}
        return (batch if len(batch) > 1 else batch["x"]), self.y[positions]

    def __getitem__(self, position):
        X, y = self.__getitems__([position])
        X = {key: v[0] for key, v in X.items()} if isinstance(X, Mapping) else X[0]
        return X, y[0]


class OwnDataset(Dataset):
    """A user's data set of skorch's kind, which callbacks predict as they do ours.

    skorch would take the array out of it, and `predict` could not tell whose it is.
    """

    def __init__(self, dataset):
        self.dataset = dataset

    @property
    def X(self):
        """As of `BatchDataset`."""
        return self

    @property
    def y(self):
        """Class positions."""
        return data_from_dataset(self.dataset)[1]

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, position):
        return self.dataset[position]

    def __getattr__(self, name):
        # What else it has is there for the user's callbacks and for DataLoaders.
        if name == "dataset":  # asked for by pickle, before there is one
            raise AttributeError(name)
        return getattr(self.dataset, name)


class Split(NamedTuple):
    """The data sets of one fit, to train on and to validate on or None."""

    train: BatchDataset
    valid: torch.utils.data.Dataset | None
    sampler: object  # as fitted, or None


class Spectra(NamedTuple):
    """Rows of a training set: spectra, class positions, sample weights or None."""

    X: np.ndarray
    codes: np.ndarray
    weights: np.ndarray | None

    def take(self, positions):
        """Return some of the rows."""
        weights = None if self.weights is None else self.weights[positions]
        return Spectra(self.X[positions], self.codes[positions], weights)


def collate(batch):
    """Return a batch that is whole already, or join the rows of a user's data set."""
    return default_collate(batch) if isinstance(batch, list) else batch


def split(
    spectra,
    classes,
    *,
    groups=None,
    fraction=None,
    train_split=None,
    sampler=None,
    class_weight=None,
    random_state,
):
    """Hold out validation spectra, over-sample the others, join the weights.

    Parameters
    ----------
    spectra : Spectra
    classes : ndarray of shape (n_classes,)
        Labels.
    groups : ndarray of shape (n_spectra,) or None, default=None
        No group is on both sides.
    fraction : float or None, default=None
        Share of the spectra to hold out; None holds out none.
    train_split : callable or None, default=None
        skorch's way to hold out, which takes precedence over `fraction`.
    sampler : estimator with `fit_resample` or None, default=None
        Over-sampler for the training spectra.
    class_weight : dict, "balanced" or None, default=None
        As in scikit-learn.
    random_state : RandomState

    Returns
    -------
    Split
    """
    train, valid = spectra, None
    if train_split is not None:
        dataset = as_dataset(spectra)
        train_set, valid_set = train_split(dataset, spectra.codes)
        positions = _positions(train_set, dataset)
        if positions is None:
            raise ValueError(
                "train_split must return a subset of its data set to train on, got "
                f"{type(train_set).__name__}."
            )
        train = spectra.take(positions)
        positions = _positions(valid_set, dataset)
        if positions is not None:
            valid = spectra.take(positions)
        else:  # a data set of the user's, or None
            valid = OwnDataset(valid_set) if is_skorch_dataset(valid_set) else valid_set
    elif fraction is not None:
        kept, held_out = validation_split(spectra.codes, fraction, groups, random_state)
        train, valid = spectra.take(kept), spectra.take(held_out)
    if sampler is not None:
        train, sampler = over_sample(train, sampler, classes, random_state)
    own = valid if isinstance(valid, Spectra) else None
    train, own = join_weights(class_weight, classes, train, own)
    return Split(as_dataset(train), valid if own is None else as_dataset(own), sampler)


def _positions(subset, dataset):
    """Return which rows of a data set a subset (of a subset, ...) holds, or None."""
    if subset is dataset:
        return np.arange(len(dataset))
    if not isinstance(subset, torch.utils.data.Subset):
        return None
    rows = _positions(subset.dataset, dataset)
    return None if rows is None else rows[np.asarray(subset.indices, dtype=int)]


def validation_split(codes, fraction, groups, random_state):
    """Return positions of training and validation spectra.

    Parameters
    ----------
    codes : ndarray of shape (n_spectra,), int
        Class positions.
    fraction : float
        Share of the spectra for validation; about that with groups.
    groups : ndarray of shape (n_spectra,) or None
        No group is on both sides. A class keeps a group to train on.
    random_state : RandomState

    Returns
    -------
    train, valid : ndarray, int
        In the order of the spectra.
    """
    seed = random_state.randint(2**31 - 1)
    held_out = np.zeros(len(codes), dtype=bool)
    # A class of one spectrum can't be split: it is trained on.
    rows = np.flatnonzero(np.bincount(codes)[codes] > 1)
    if groups is None and len(rows):
        n_classes = len(np.unique(codes[rows]))
        n_valid = max(int(np.ceil(fraction * len(rows))), n_classes)
        n_valid = min(n_valid, len(rows) - n_classes)
        shuffled = StratifiedShuffleSplit(1, test_size=n_valid, random_state=seed)
        _, valid = next(shuffled.split(rows, codes[rows]))
        held_out[rows[valid]] = True
        for code in np.setdiff1d(codes, codes[~held_out]):
            held_out[np.argmax(codes == code)] = False
        return np.flatnonzero(~held_out), np.flatnonzero(held_out)
    units = np.arange(len(codes)) if groups is None else groups
    for valid in _group_folds(codes, units, max(round(1 / fraction), 2), seed):
        held_out[:] = False
        held_out[valid] = True
        for code in np.setdiff1d(codes, codes[~held_out]):
            held_out &= ~np.isin(units, units[codes == code])
        if held_out.any():
            return np.flatnonzero(~held_out), np.flatnonzero(held_out)
    one, more = ("spectrum", "spectra") if groups is None else ("group", "groups")
    raise ValueError(
        f"No {one} can be held out of {len(np.unique(units))} without taking a whole "
        f"class from training. Use early_stopping=False, or collect more {more} of "
        "each class."
    )


def _group_folds(codes, groups, n_folds, seed):
    """Return positions of the spectra of each fold by group; at most `n_folds`."""
    n_folds = min(n_folds, len(np.unique(groups)), np.bincount(codes).max())
    if n_folds < 2:
        return []
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # It warns of classes with fewer spectra than folds: not a concern here.
        warnings.filterwarnings("ignore", message="The least populated class")
        return [valid for _, valid in folds.split(codes, codes, groups)]


def over_sample(spectra, sampler, classes, random_state):
    """Return the training spectra after a sampler, and the fitted sampler.

    Parameters
    ----------
    spectra : Spectra
        Without weights: a synthetic spectrum would have none.
    sampler : estimator with `fit_resample`
        As in imbalanced-learn. A clone is used; where its `random_state` is None it is
        set.
    classes : ndarray of shape (n_classes,)
        Labels, which the sampler sees instead of positions.
    random_state : RandomState
    """
    sampler = clone(sampler)
    seeds = {
        name: random_state.randint(2**31 - 1)
        for name, value in sorted(sampler.get_params().items())
        if name.split("__")[-1] == "random_state" and value is None
    }
    sampler.set_params(**seeds)
    X, y = map(np.asarray, sampler.fit_resample(spectra.X, classes[spectra.codes]))
    n_points = spectra.X.shape[1]
    fits = X.dtype.kind in "iuf" and len(X) and X.shape == (*y.shape, n_points)
    unknown = set(y.ravel().tolist()) - set(classes.tolist())
    if not fits or unknown or not np.isfinite(X).all():
        raise ValueError(
            f"{type(sampler).__name__} must return finite spectra of {n_points} points "
            f"and a known label for each, got {X.dtype} spectra of shape {X.shape} and "
            f"labels of shape {y.shape}, unknown labels: {sorted(unknown, key=str)}."
        )
    X = np.ascontiguousarray(X, dtype=spectra.X.dtype)
    return Spectra(X, np.searchsorted(classes, y), None), sampler


def join_weights(class_weight, classes, train, valid=None):
    """Return training and validation rows with sample and class weights joined.

    Class weights are those of the training spectra. The weights are divided by their
    mean over the training set, and not over a batch, where the sum may be 0.
    """
    if class_weight is None and train.weights is None:
        return train, valid
    # scikit-learn balances no class without spectra, which may have any weight.
    balanced = class_weight == "balanced"
    known = np.unique(train.codes) if balanced else np.arange(len(classes))
    factors = np.ones(len(classes))
    factors[known] = compute_class_weight(
        class_weight,
        classes=classes[known],
        y=classes[train.codes],
        sample_weight=train.weights,
    )

    def joined(rows):
        own = 1.0 if rows.weights is None else rows.weights
        return own * factors[rows.codes]

    mean = joined(train).mean()
    if not (factors.min() >= 0 and 0 < mean < np.inf):
        raise ValueError(
            "class_weight must hold finite weights of 0 or more, not all 0, got "
            f"{class_weight!r}."
        )
    return tuple(
        rows if rows is None else rows._replace(weights=joined(rows) / mean)
        for rows in (train, valid)
    )


def as_dataset(spectra):
    """Return rows as a data set."""
    arrays = {"x": spectra.X}
    if spectra.weights is not None:
        arrays["sample_weight"] = spectra.weights.astype(spectra.X.dtype)
    return BatchDataset(arrays, spectra.codes)
