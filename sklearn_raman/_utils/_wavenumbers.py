"""The wavenumber axis: where it comes from and what a valid one is.

A spectrum matrix carries its own axis. It is looked for in this order: the parameter
`wavenumbers`, then column labels that are numbers (pandas or polars, strings or
floats). A plain array without the parameter has no axis, and a step that needs cm-1
says so.
"""

import numpy as np


def check_wavenumbers(wavenumbers, *, name="wavenumbers", n_points=None):
    """Validate an axis and return it as float64.

    Parameters
    ----------
    wavenumbers : array-like of shape (n_points,)
        Axis in cm-1, strictly increasing or strictly decreasing.
    name : str
        What error messages call it.
    n_points : int or None
        Required length, if any.

    Returns
    -------
    ndarray of shape (n_points,), float64
    """
    try:
        axis = np.asarray(wavenumbers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be a sequence of numbers in cm-1, got {wavenumbers!r}."
        ) from error
    if axis.ndim != 1 or axis.size == 0:
        raise ValueError(
            f"{name} must be a non-empty 1-D axis in cm-1, got shape {axis.shape}."
        )
    if not np.isfinite(axis).all():
        raise ValueError(f"{name} contains NaN or infinity; every point needs a value.")
    if n_points is not None and len(axis) != n_points:
        raise ValueError(
            f"{name} has {len(axis)} points but the spectra have {n_points}: "
            "each column of X needs exactly one wavenumber."
        )
    steps = np.diff(axis)
    if not ((steps > 0).all() or (steps < 0).all()):
        where = int(np.flatnonzero(steps * np.sign(axis[-1] - axis[0] or 1) <= 0)[0])
        raise ValueError(
            f"{name} must be strictly increasing or strictly decreasing, but "
            f"{axis[where]:g} is followed by {axis[where + 1]:g} (position {where}): "
            "sort the axis together with the spectra and remove repeated points."
        )
    return axis


def expand_grid(grid, *, name="target_wavenumbers"):
    """Return the axis meant by an array, or by a tuple (start, stop, step).

    A tuple is a range that includes `stop` when it falls on the grid; a list or array
    is the grid itself.
    """
    if not isinstance(grid, tuple):
        return check_wavenumbers(grid, name=name)
    if len(grid) != 3:
        raise ValueError(
            f"{name} as a tuple must be (start, stop, step) in cm-1, got {grid!r}. "
            "Pass a list or an array to give the points themselves."
        )
    start, stop, step = (float(value) for value in grid)
    if not np.isfinite([start, stop, step]).all() or step == 0:
        raise ValueError(
            f"{name} must have finite values and a non-zero step, got {grid!r}."
        )
    # Rounding must not lose the last point: (stop - start) / step is 13.999999 for 14.
    n_steps = int(np.floor((stop - start) / step + 1e-9))
    if n_steps < 0:
        raise ValueError(
            f"{name}={grid!r} holds no point: the step leads away from stop."
        )
    return start + step * np.arange(n_steps + 1)


def labels_as_wavenumbers(X):
    """Return the column labels of a data frame as an axis, or None.

    pandas' automatic labels 0, 1, 2, ... are positions, not wavenumbers, and give None,
    as do labels of which one or more is not a number.
    """
    columns = getattr(X, "columns", None)
    if columns is None or callable(columns) or len(columns) == 0:
        return None
    if type(columns).__name__ == "RangeIndex" and (columns.start, columns.step) == (
        0,
        1,
    ):
        return None
    try:
        axis = np.asarray([float(label) for label in columns])
    except (TypeError, ValueError):
        return None
    return axis if np.isfinite(axis).all() else None


def resolve_wavenumbers(X, wavenumbers, n_points):
    """Find the axis of X: the parameter, else the column labels, else None.

    Raises
    ------
    ValueError
        If the axis is not valid, has another length than the spectra, or if parameter
        and labels disagree.
    """
    labels = labels_as_wavenumbers(X)
    if labels is not None:
        labels = check_wavenumbers(labels, name="The column labels of X")
    if wavenumbers is None:
        return labels
    axis = check_wavenumbers(wavenumbers, n_points=n_points)
    if labels is not None and not np.allclose(axis, labels, rtol=1e-9, atol=1e-6):
        where = int(np.argmax(np.abs(axis - labels)))
        raise ValueError(
            "The parameter wavenumbers and the column labels of X disagree: at "
            f"position {where} the parameter says {axis[where]:g} and the label "
            f"{labels[where]:g} cm-1. Drop the parameter, or pass X without labels."
        )
    return axis


def require_wavenumbers(axis, X, *, owner, purpose):
    """Return the axis, or raise an error that says how to give one."""
    if axis is not None:
        return axis
    columns = getattr(X, "columns", None)
    seen = (
        "X is a plain array"
        if columns is None
        else f"the column labels of X are not all numbers ({list(columns)[:3]!r}, ...)"
    )
    raise ValueError(
        f"{owner} needs the wavenumber of each column {purpose}, but {seen}. Either "
        f"pass {owner}(wavenumbers=...), or give X as a data frame whose column labels "
        "are wavenumbers and use pipeline.set_output(transform='pandas'), so that the "
        "axis travels from step to step."
    )


def check_same_axis(X, fitted_axis):
    """Raise if X carries labels that differ from the axis seen in fit."""
    labels = labels_as_wavenumbers(X)
    if labels is None or fitted_axis is None:
        return
    if len(labels) == len(fitted_axis) and np.allclose(
        labels, fitted_axis, rtol=1e-9, atol=1e-6
    ):
        return
    raise ValueError(
        f"The spectra have the axis {describe_axis(labels)}, but fit saw "
        f"{describe_axis(fitted_axis)}: resample them to one axis first "
        "(WavenumberResampler)."
    )


def describe_axis(axis):
    """Say in a few words what an axis is, for error messages."""
    return f"{axis[0]:g} to {axis[-1]:g} cm-1 with {len(axis)} points"


def format_wavenumbers(axis):
    """Return the axis as column labels: the shortest text that reads back exactly."""
    return np.asarray([str(float(value)) for value in axis], dtype=object)
