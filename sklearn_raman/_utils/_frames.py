"""Frames in, frames out: the labels of what comes in stay on what goes out."""

import weakref

import pandas as pd

_OUR_OWN: weakref.WeakValueDictionary = weakref.WeakValueDictionary()


def is_frame(X):
    """Tell whether X is a data frame, of pandas or polars."""
    is_polars = type(X).__module__.partition(".")[0] == "polars"
    return isinstance(X, pd.DataFrame) or (is_polars and hasattr(X, "columns"))


def frame_like(values, X, columns=None):
    """Return a matrix as the kind of frame that X is; for an array, as it is.

    Parameters
    ----------
    values : ndarray of shape (n_spectra, n_points)
    X : array-like or data frame
        Its kind, its index where the number of rows is the same, and its column labels
        are taken over.
    columns : sequence of length n_points or None, default=None
        Column labels; None takes those of X.

    Returns
    -------
    ndarray or data frame of shape (n_spectra, n_points)
    """
    if not is_frame(X):
        return values
    columns = X.columns if columns is None else list(columns)
    if isinstance(X, pd.DataFrame):
        index = X.index if len(X) == len(values) else None
        frame = pd.DataFrame(values, index=index, columns=columns)
        if isinstance(frame.columns, pd.RangeIndex):
            _OUR_OWN[id(frame)] = frame
        return frame
    return type(X)(values, schema=[str(label) for label in columns], orient="row")


def is_our_own(X):
    """Tell whether `frame_like` made X, with columns that are a `RangeIndex`."""
    return _OUR_OWN.get(id(X)) is X
