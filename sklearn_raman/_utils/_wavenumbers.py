"""The wavenumber axis: where it comes from and what a valid one is.

A spectrum matrix carries its own axis. It is looked for in this order: the parameter
`wavenumbers`, then column labels that are wavenumbers (pandas or polars, numbers or
text). A plain array without the parameter has no axis, and a step that needs cm-1 says
so.
"""

import itertools
import re
from functools import lru_cache

import numpy as np
import pandas as pd

from sklearn_raman._utils._frames import is_frame

# Two axes are the same if no point differs by more than this part of the distance to
# its nearest neighbor: files write wavenumbers with few digits.
AXIS_TOLERANCE = 0.01
# A step this many times as long as those on both sides of it is a gap.
GAP_STEPS = 10
_BESIDE = 5  # steps on each side that are looked at
_MOST_POINTS = 1e8  # of a grid: no memory holds spectra with more
# Raman spectra start above this (cm-1); whole numbers counted from below are positions.
_LOWEST_START = 50

# How cm-1 is written, as a regular expression without groups.
_CM = r"(?:cm|centimet(?:er|re)s?)"
PER_CM = (
    rf"{_CM}\s*\$?\s*(?:\^|\*\*)?\s*\{{?\(?\s*[-−–⁻]\s*[1¹]|1\s*/\s*{_CM}|"
    "(?:inverse|reciprocal)[ _]cent"
)
_BARE = r"(?<!\d)(?<!\d\s)"  # 785 nm is a laser, not a unit
_UNITS = (  # the first that fits: a unit that is stated, then words
    ("THz", re.compile(r"\bTHz\b")),
    ("GHz", re.compile(r"\bGHz\b")),
    (
        "µm",
        re.compile(r"wave[\s_]*length.*(?:[µμ]m\b|\bum\b|micro)|wellenl.*[µμ]m", re.I),
    ),
    ("cm-1", re.compile(PER_CM, re.I)),
    ("1/mm", re.compile(r"\b1\s*/\s*mm\b|\bmm\s*\^?\s*[-−–⁻]\s*[1¹]")),
    ("1/m", re.compile(r"\b1\s*/\s*m\b|\bm\s*\^?\s*[-−–⁻]\s*[1¹]")),
    ("nm", re.compile(rf"{_BARE}(?:\bnm\b|nanomet)", re.I)),
    ("meV", re.compile(rf"{_BARE}\bmeV\b")),
    ("eV", re.compile(rf"{_BARE}\beV\b|(?i:electron[ _-]?volt|photon energy)")),
    ("eV", re.compile(r"^energy\W*$", re.I)),
    ("nm", re.compile(r"^(?!.*(?:shift|number)).*(?:wave[\s_]*length|wellenl)", re.I)),
    ("cm-1", re.compile(r"raman|\bshift|wave[\s_]*number|wellenzahl", re.I)),
)


def unit_of_heading(heading):
    """Return "cm-1", "nm", "eV", ... if a heading or a name says so, else None."""
    for unit, pattern in _UNITS:
        if heading and pattern.search(heading):
            return unit
    return None


def check_wavenumbers(wavenumbers, **settings):
    """Do what `check_axis` does, and return an array that nobody else has."""
    return check_axis(wavenumbers, **settings).copy()


def check_axis(wavenumbers, *, name="wavenumbers", n_points=None):
    """Validate an axis and return it as float64, where it is one as it is.

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
        axis = as_real(wavenumbers)
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
        # The direction that most steps have; of the two ends if there is a tie.
        direction = np.sign(steps).sum() or axis[-1] - axis[0] or 1
        where = int(np.flatnonzero(steps * direction <= 0)[0])
        raise ValueError(
            f"{name} must be strictly increasing or strictly decreasing, but "
            f"{axis[where]:g} is followed by {axis[where + 1]:g} (position {where}): "
            "sort the axis together with the spectra and remove repeated points."
        )
    return axis


def as_real(values, name="Input"):
    """Return numbers as a float64 array; raise TypeError for what is none.

    numpy makes floats of dates, of complex numbers and of what is masked. `name` is
    what the error calls them.
    """
    if np.ma.is_masked(values):
        raise TypeError(f"{name} must hold numbers, and some are masked.")
    values = np.asarray(values)
    if values.dtype.kind in "mMc":
        raise TypeError(f"{name} must hold real numbers, got {values.dtype}.")
    try:
        return values.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} must hold real numbers: {error}") from error


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
        raise ValueError(f"{name}={grid!r} must be finite, with a step that is not 0.")
    # Rounding must not lose the last point: (stop - start) / step is 13.999999 for 14.
    n_steps = np.floor((stop - start) / step + 1e-9)
    if n_steps > _MOST_POINTS:
        raise ValueError(f"{name}={grid!r} has {n_steps:g} points: raise the step.")
    if n_steps < 0:
        raise ValueError(f"{name}={grid!r} is empty: the step leads away from stop.")
    if n_steps == 0 and start != stop:
        raise ValueError(
            f"{name}={grid!r} as a tuple is (start, stop, step), and its step leads "
            f"past stop. Pass a list for three points: {list(grid)!r}."
        )
    return start + step * np.arange(int(n_steps) + 1)


def labels_as_wavenumbers(X):
    """Return the column labels of a data frame as an axis, or None.

    Labels are wavenumbers if all of them are numbers, also as text. Positions are not:
    those of a pandas `RangeIndex`, whatever it starts with, or evenly counted whole
    numbers that start below 50 (also as text, and with a few of them missing), as after
    a file or a selection of columns.

    Parameters
    ----------
    X : array-like or data frame of shape (n_spectra, n_points)

    Returns
    -------
    ndarray of shape (n_points,), float64, or None
        None also for an array.

    Raises
    ------
    ValueError
        If most labels are numbers and a few are not, if they neither rise nor fall
        from column to column, if pandas renamed repeated ones, or if wavenumbers are
        one of several levels.
    """
    if not is_frame(X) or len(X.columns) == 0 or isinstance(X.columns, pd.RangeIndex):
        return None
    labels = tuple(X.columns)
    if {*map(type, labels)} != {str}:
        return _read_labels.__wrapped__(labels)  # 1, 1.0 and True would be one key
    axis = _read_labels(labels)
    return None if axis is None else axis.copy()


@lru_cache(maxsize=8)  # all steps of a Pipeline ask for the same ones
def _read_labels(labels):
    _refuse_levels(labels)
    axis = np.asarray([_number(label) for label in labels])
    if not np.isfinite(axis).all():
        others = [
            label
            for label, value in zip(labels, axis, strict=True)
            if not np.isfinite(value)
        ]
        if 2 * len(others) >= len(labels):
            return None
        hint = " pandas renames a repeated '1796.0' to '1796.0.1'."
        is_renamed = any(str(label).count(".") == 2 for label in others)
        raise ValueError(
            f"{len(others)} of {len(labels)} column labels of X are not wavenumbers: "
            f"{others[:5]}.{hint if is_renamed else ''} Drop these columns or "
            "make them the index (X.set_index)."
        )
    if _count_columns(labels, axis):
        return None
    _refuse_renamed(labels, axis)
    return check_wavenumbers(axis, name="The column labels of X")


def _refuse_levels(labels):
    """Raise if wavenumbers are one of several levels of labels, as after a pivot."""
    if {*map(type, labels)} != {tuple} or len({*map(len, labels)}) > 1:
        return
    for number, level in enumerate(zip(*labels, strict=True)):
        axis = np.asarray([_number(label) for label in level])
        is_axis = np.isfinite(axis).all() and len(set(level)) == len(level)
        if is_axis and not are_positions(axis):
            raise ValueError(
                f"The columns of X have {len(labels[0])} levels, of which level "
                f"{number} seems to hold the wavenumbers ({level[0]}, ...): keep only "
                f"that, X.columns = X.columns.get_level_values({number})."
            )


def _refuse_renamed(labels, axis):
    """Raise if pandas made "401.1" of a repeated "401", which reads as a wavenumber."""
    steps = np.abs(np.diff(axis))
    for place, (label, after) in enumerate(itertools.pairwise(map(str, labels))):
        is_renamed = re.fullmatch(rf"{re.escape(label)}\.[1-9]\d*", after)
        if is_renamed and steps[place] < 0.3 * np.median(steps):
            raise ValueError(
                f"The column labels of X hold {label!r} and {after!r}, as pandas calls "
                f"a column {label!r} that comes twice: remove one of the two."
            )


def _number(label):
    """Return a label as a number, NaN if it is none.

    Python reads "400_1" as 4001, and True as 1.
    """
    if isinstance(label, bool | np.bool_) or "_" in str(label):
        return np.nan
    try:
        return float(label)
    except (TypeError, ValueError):
        return np.nan


def _count_columns(labels, axis):
    """Tell whether numeric labels count columns.

    Labels with a decimal point, "10.0", were written as wavenumbers.
    """
    if not all(str(label).strip().lstrip("+-").isdigit() for label in labels):
        return False
    return are_positions(axis)


def are_positions(values):
    """Tell whether numbers count points: evenly, in whole steps, from below 50.

    They may be a selection: each second one, without some, or in another order.

    Parameters
    ----------
    values : array-like of shape (n_points,)
    """
    values = np.asarray(values, dtype=np.float64)
    if len(values) == 0 or not 0 <= values.min() < _LOWEST_START:
        return False
    if (values != np.round(values)).any():
        return False
    steps = np.diff(np.sort(values))
    if len(steps) == 0:
        return True
    found, counts = np.unique(steps, return_counts=True)
    usual = found[counts.argmax()]
    if usual == 0 or 2 * counts.max() < len(steps):
        return False
    return bool((steps % usual == 0).all())


def resolve_wavenumbers(X, wavenumbers, n_points=None):
    """Find the axis of X: the parameter, else the column labels, else None.

    Parameters
    ----------
    X : array-like or data frame of shape (n_spectra, n_points)
    wavenumbers : array-like of shape (n_points,) or None
        The parameter, in cm-1.
    n_points : int or None, default=None
        Number of points, if it is known.

    Returns
    -------
    ndarray of shape (n_points,), float64, or None

    Raises
    ------
    ValueError
        If the axis is not valid, has another length than the spectra, or if parameter
        and labels disagree.
    """
    labels = labels_as_wavenumbers(X)
    if labels is not None:
        n_points = len(labels)
    if wavenumbers is None:
        return labels
    axis = check_wavenumbers(wavenumbers, n_points=n_points)
    if labels is not None and (where := first_difference(axis, labels)) is not None:
        raise ValueError(
            "The parameter wavenumbers and the column labels of X disagree: at "
            f"position {where} the parameter says {axis[where]:.10g} and the label "
            f"{labels[where]:.10g} cm-1. Drop the parameter, or pass X without labels."
        )
    return axis


def require_wavenumbers(axis, *, owner, purpose):
    """Return the axis, or raise an error that says how to give one."""
    if axis is not None:
        return axis
    raise ValueError(
        f"{owner} needs the wavenumber of each column {purpose}, but X is a plain "
        "array or its labels are not wavenumbers (0, 1, 2, ... and a RangeIndex "
        f"are positions). Pass {owner}(wavenumbers=...), or a data frame whose labels "
        "are wavenumbers: steps of this package hand them on, those of others do after "
        "pipeline.set_output(transform='pandas')."
    )


def check_same_axis(X, fitted_axis):
    """Raise if X carries labels that differ from the axis seen in fit.

    Returns
    -------
    ndarray of shape (n_points,), float64, or None
        The labels as an axis, if they are one.
    """
    labels = labels_as_wavenumbers(X)
    if labels is None or fitted_axis is None:
        return labels
    where = first_difference(labels, fitted_axis)
    if where is None:
        return labels
    place = (
        f"at position {where} it is {labels[where]:.10g} here and "
        f"{fitted_axis[where]:.10g} there"
        if where < min(len(labels), len(fitted_axis))
        else "one is the beginning of the other"
    )
    way_out = "Resample them to one axis first (WavenumberResampler)."
    if first_difference(labels[::-1], fitted_axis) is None:
        way_out = "The columns are in the opposite order: turn them round."
    raise ValueError(
        f"The spectra have the axis {describe_axis(labels)}, but fit saw "
        f"{describe_axis(fitted_axis)}; {place}. {way_out}"
    )


def check_labels(values, axis, name):
    """Raise if a given spectrum, or several, bring labels of another axis than X."""
    if isinstance(values, pd.Series):
        values = pd.DataFrame(columns=values.index)
    labels = labels_as_wavenumbers(values)
    if labels is None or axis is None:
        return
    where = first_difference(labels, axis)
    if where is not None:
        raise ValueError(
            f"{name} has the axis {describe_axis(labels)}, but the spectra have "
            f"{describe_axis(axis)}; they differ from position {where} on. Resample "
            "both to one axis first (WavenumberResampler)."
        )


def first_difference(axis, other):
    """Return the first position where two axes differ, None if they are the same."""
    n_common = min(len(axis), len(other))
    axis_start = axis[:n_common]
    differs = np.abs(axis_start - other[:n_common]) > axis_tolerance(axis_start)
    if differs.any():
        return int(differs.argmax())
    return None if len(axis) == len(other) else n_common


def axis_tolerance(axis):
    """Return how far each point may lie from another and still be the same (cm-1)."""
    if len(axis) < 2:
        return 1e-9 * np.abs(axis)
    steps = np.abs(np.diff(axis))
    before, after = np.append(np.inf, steps), np.append(steps, np.inf)
    return AXIS_TOLERANCE * np.minimum(before, after)


def lies_within(axis, low, high):
    """Tell which points of an axis lie from low to high, both ends included.

    What `axis_tolerance` calls the same point as an end lies within: rounding puts
    656.4000000000001 in the place of 656.4.
    """
    slack = axis_tolerance(axis)
    return (axis >= low - slack) & (axis <= high + slack)


def on_rising_axis(axis, values):
    """Return values with the points of a falling axis turned.

    What ranks points or looks for peaks takes the left one of equal points: at the
    lower wavenumber, if this has been done, whichever way the axis runs.
    """
    is_falling = axis is not None and len(axis) > 0 and axis[0] > axis[-1]
    return values[..., ::-1] if is_falling else values


def find_gaps(axis):
    """Return where an axis has gaps: after which points.

    In a gap nothing was measured. It is a step more than `GAP_STEPS` times as long as
    the usual step, the median of all and the median of up to five on either side of it:
    an axis whose steps drift, or that has two samplings, has none.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)

    Returns
    -------
    ndarray of shape (n_gaps,), int
        A gap lies between a point and the next.
    """
    steps = np.abs(np.diff(axis))
    if len(steps) < 2:
        return np.empty(0, dtype=int)
    return np.asarray(
        [
            place
            for place in np.flatnonzero(steps > GAP_STEPS * np.median(steps))
            if steps[place] > GAP_STEPS * _usual_step(steps, place)
        ],
        dtype=int,
    )


def _usual_step(steps, place):
    sides = steps[max(place - _BESIDE, 0) : place], steps[place + 1 :][:_BESIDE]
    return max(np.median(side) for side in sides if len(side))


def measured_parts(axis):
    """Return the parts of an axis between its gaps, as slices."""
    stops = [*(find_gaps(axis) + 1), len(axis)]
    return [slice(*ends) for ends in zip([0, *stops], stops, strict=False)]


def is_even(axis):
    """Tell whether the distance between points is the same along an axis."""
    steps = np.abs(np.diff(axis))
    return len(steps) < 2 or np.ptp(steps) <= 0.01 * steps.mean()


def describe_unevenness(axis):
    """Say how uneven an axis is, and the way out; nothing if it is even."""
    if is_even(axis):
        return ""
    gaps = find_gaps(axis)
    if len(gaps):
        before, after = axis[gaps[0]], axis[gaps[0] + 1]
        return (
            f"there is a gap between {before:g} and {after:g} cm-1: treat the parts on "
            "its sides one by one (WavenumberCrop)"
        )
    steps = np.abs(np.diff(axis))
    return (
        f"the distance between points varies from {steps.min():g} to {steps.max():g} "
        "cm-1: resample to an even axis (WavenumberResampler)"
    )


def describe_axis(axis):
    """Say in a few words what an axis is, for error messages."""
    return f"{axis[0]:g} to {axis[-1]:g} cm-1 with {len(axis)} points"


def format_wavenumbers(axis):
    """Return the axis as column labels: the shortest text that reads back exactly."""
    return np.asarray([str(float(value)) for value in axis], dtype=object)
