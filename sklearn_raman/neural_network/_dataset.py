"""How spectra reach a network: whole tensors, indexed a batch at a time."""

from collections.abc import Mapping

import numpy as np
import torch
from sklearn.utils import compute_class_weight


class BatchDataset(torch.utils.data.Dataset):
    """Spectra, labels and optional sample weights as tensors.

    `__getitems__` is torch's own hook: a DataLoader (and a Subset, which a validation
    split makes) hands it a whole list of positions, so that nothing is collated row by
    row.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points), or dict of arrays
        Spectra, or {"x": spectra, "sample_weight": weights}.
    y : ndarray of shape (n_spectra,), int, or None
        Class positions; None, in prediction, stands for zeros that nobody reads.
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


def keep_batch(batch):
    """Collate function of a dataset that gives whole batches."""
    return batch


def relative_weights(class_weight, classes, y, *, sample_weight=None):
    """Join sample weights and class weights to weights with mean 1.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
    classes : ndarray of shape (n_classes,)
        All labels, sorted.
    y : ndarray of shape (n_spectra,)
        Labels.
    sample_weight : ndarray of shape (n_spectra,) or None
        Positive weights.

    Returns
    -------
    ndarray of shape (n_spectra,), or None if all spectra count the same
        Divided by the mean over the set and not over a batch, where the sum may be 0.
    """
    if class_weight is None and sample_weight is None:
        return None
    weights = np.ones(len(y)) if sample_weight is None else sample_weight
    if class_weight is not None:
        by_class = compute_class_weight(
            class_weight, classes=classes, y=y, sample_weight=sample_weight
        )
        weights = weights * by_class[np.searchsorted(classes, y)]
    return weights / weights.mean()
