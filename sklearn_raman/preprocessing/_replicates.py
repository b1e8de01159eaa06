"""Average the spectra of one sample."""

import numpy as np
import pandas as pd
from sklearn.utils import check_array, check_consistent_length

from sklearn_raman._utils._frames import frame_like, is_frame
from sklearn_raman._utils._wavenumbers import labels_as_wavenumbers


def average_replicates(X, y, groups):
    """Average the spectra of each group, such as replicates of one sample.

    Parameters
    ----------
    X : array-like or data frame of shape (n_spectra, n_points)
        Spectra on one axis.
    y : array-like of shape (n_spectra,) or None
        Labels, the same for all spectra of a group; None if there are none.
    groups : array-like of shape (n_spectra,)
        Which spectra belong together.

    Returns
    -------
    X : ndarray or data frame of shape (n_groups, n_points)
        Mean spectrum of each group, in the order in which groups first appear. float32
        stays float32. A data frame if X is one, with its column labels and rows counted
        anew.
    y : ndarray of shape (n_groups,) or None
        Label of each group.
    groups : ndarray of shape (n_groups,)
        The groups.

    Raises
    ------
    ValueError
        If a group has several labels, if labels or groups are missing (None, NaN), if
        spectra hold NaN or infinity, or if lengths disagree.

    Examples
    --------
    >>> from sklearn_raman.preprocessing import average_replicates
    >>> X = [[1.0, 5.0], [0.0, 0.0], [3.0, 7.0]]
    >>> average_replicates(X, ["b", "a", "b"], [7, 2, 7])
    (array([[2., 6.],
           [0., 0.]]), array(['b', 'a'], dtype='<U1'), array([7, 2]))
    """
    labels_as_wavenumbers(X)  # a stray column is an error
    values = check_array(X, dtype=(np.float64, np.float32), input_name="X")
    groups = _complete(groups, "groups")
    check_consistent_length(values, groups)
    number, names = pd.factorize(groups)
    _, first = np.unique(number, return_index=True)
    if y is not None:
        y = _complete(y, "y")
        check_consistent_length(values, y)
        differs = np.flatnonzero(y != y[first][number])
        if len(differs):
            row = differs[0]
            group, one, other = names[number[row]], y[first[number[row]]], y[row]
            raise ValueError(
                f"Group {str(group)!r} has several labels, {str(one)!r} and "
                f"{str(other)!r} (row {row}): a mean spectrum has one label. Make the "
                "groups finer, or correct y."
            )
        y = y[first]
    size = np.bincount(number)[:, None]
    # Shares of the spectra rather than of their sum, which might overflow.
    mean = np.zeros((len(names), values.shape[1]))
    np.add.at(mean, number, values / size[number])
    mean = mean.astype(values.dtype, copy=False)
    # Without the rows of X: those of the means are others.
    return frame_like(mean, X[:0] if is_frame(X) else X), y, names


def _complete(labels, name):
    """Return labels as a 1-D array, or say which are missing."""
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(
            f"{name} must hold one value for each spectrum, got shape {labels.shape}."
        )
    missing = np.flatnonzero(pd.isna(labels))
    if len(missing):
        raise ValueError(
            f"{name} has no value for {len(missing)} of {len(labels)} spectra, the "
            f"first at row {missing[0]}: leave these spectra out."
        )
    return labels
