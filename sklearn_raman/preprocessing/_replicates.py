"""Average the spectra of one sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sklearn_raman._utils._frames import frame_like, is_frame
from sklearn_raman._utils._ragged import (
    check_holds_spectra,
    is_ragged,
    read_ragged,
    unmask,
)
from sklearn_raman._utils._typing import SpectraLike
from sklearn_raman._utils._validation import (
    check_finite,
    check_spectra_array,
    one_per_spectrum,
    refuse_other_order,
)
from sklearn_raman._utils._wavenumbers import (
    describe_axis,
    first_difference,
)


def average_replicates(
    X: SpectraLike, y: ArrayLike | None, groups: ArrayLike
) -> tuple[Any, NDArray[Any] | Any, NDArray[Any]]:
    """Average the spectra of each group, such as replicates of one sample.

    Parameters
    ----------
    X : array-like, data frame (n_spectra, n_points), or sequence of pairs
        Spectra. Ragged ones are pairs `(wavenumbers, intensities)`, which must have one
        axis within each group.
    y : array-like of shape (n_spectra,) or None
        Labels, the same for all spectra of a group; None if there are none.
    groups : array-like of shape (n_spectra,)
        Which spectra belong together.

    Returns
    -------
    X : ndarray or data frame of shape (n_groups, n_points), or list of pairs
        Mean spectrum of each group, in the order in which groups first appear. float32
        stays float32. A data frame if X is one, with its column labels and rows counted
        anew; for ragged spectra a list of pairs.
    y : ndarray of shape (n_groups,) or None
        Label of each group.
    groups : ndarray of shape (n_groups,)
        The groups.

    Raises
    ------
    ValueError
        If a group has several labels or axes, if labels or groups are missing (None,
        NaN), if spectra hold NaN or infinity, or if lengths disagree.

    Examples
    --------
    >>> from sklearn_raman.preprocessing import average_replicates
    >>> X = [[1.0, 5.0], [0.0, 0.0], [3.0, 7.0]]
    >>> average_replicates(X, ["b", "a", "b"], [7, 2, 7])
    (array([[2., 6.],
           [0., 0.]]), array(['b', 'a'], dtype='<U1'), array([7, 2]))
    """
    refuse_other_order("groups", groups, X)
    refuse_other_order("y", y, X)
    check_holds_spectra(X)
    X = unmask(X)
    ragged = read_ragged(X) if is_ragged(X) else None
    if ragged is None:
        values = check_spectra_array(X, owner="average_replicates")
    n_spectra = len(values if ragged is None else ragged)
    groups = one_per_spectrum("groups", groups, n_spectra)
    number, names = pd.factorize(groups)
    _, first = np.unique(number, return_index=True)
    if y is not None:
        y = one_per_spectrum("y", y, n_spectra)
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
    if ragged is not None:
        return _average_ragged(ragged, number, names), y, names
    # Without the rows of X: those of the means are others.
    return frame_like(_means(values, number), X[:0] if is_frame(X) else X), y, names


def _means(values, number):
    """Return the mean of the rows with each number.

    Shares of the rows are added, because the sum of large ones might overflow.
    """
    size = np.bincount(number)[:, None]
    mean = np.zeros((len(size), values.shape[1]))
    np.add.at(mean, number, values / size[number])
    return mean.astype(values.dtype, copy=False)


def _average_ragged(spectra, number, names):
    """Return a pair for each group, after a look at whether it has one axis."""
    found = []
    for group, name in enumerate(names):
        rows = np.flatnonzero(number == group)
        axis, _ = spectra[rows[0]]
        for row in rows:
            if first_difference(axis, spectra[row][0]) is not None:
                raise ValueError(
                    f"Group {str(name)!r} has several axes: "
                    f"{describe_axis(axis)} (spectrum {rows[0]}) and "
                    f"{describe_axis(spectra[row][0])} (spectrum {row}). Resample the "
                    "spectra to one axis first (WavenumberResampler)."
                )
        values = np.stack([spectra[row][1] for row in rows])
        check_finite(
            values, owner=f"average_replicates, group {str(name)!r}", axis=axis
        )
        found.append((axis.copy(), _means(values, np.zeros(len(rows), dtype=int))[0]))
    return found
