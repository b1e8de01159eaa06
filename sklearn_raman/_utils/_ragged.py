"""Ragged spectra: each one brings its own axis.

Several forms mean the same, a list of pairs `(wavenumbers, intensities)`; `read_ragged`
turns all of them into it. What scikit-learn reads as a matrix stays a matrix: a list of
one-dimensional rows. A *tuple* of two one-dimensional sequences is one pair.
"""

from collections.abc import Iterator, Mapping, MappingView, Set

import numpy as np
import pandas as pd

from sklearn_raman._utils._frames import is_frame
from sklearn_raman._utils._wavenumbers import are_positions, check_axis

_FORMS = (
    "a pair (wavenumbers, intensities), an array of shape (2, n) or (n, 2), a frame of "
    "two columns, or a Series whose index holds the wavenumbers"
)


def is_ragged(X):
    """Tell whether X holds spectra that bring their own axes, and is not a matrix.

    Parameters
    ----------
    X : object
        Ragged are: a list, tuple, object array or pandas Series with at least one pair
        `(wavenumbers, intensities)`, array of shape (2, n) or (n, 2), data frame, or
        pandas Series in it; an array of shape (n_spectra, 2, n) or (n_spectra, n, 2);
        and a tuple of two one-dimensional sequences, which is one pair.
    """
    if isinstance(X, np.ndarray) and X.dtype != object:
        return X.ndim == 3 and 2 in X.shape[1:]
    if isinstance(X, pd.Series):
        return X.dtype == object and any(_is_spectrum(item) for item in X)
    if not isinstance(X, (list, tuple, np.ndarray)):
        return False
    return _is_one_pair(X) or any(_is_spectrum(item) for item in X)


def read_ragged(X):
    """Return ragged spectra as a list of pairs, whatever form they have.

    Parameters
    ----------
    X : ragged spectra
        As `is_ragged` describes them.

    Returns
    -------
    list of (wavenumbers, intensities)
        Arrays of equal length. Wavenumbers are float64 and rise or fall; intensities
        stay float32, or become float64. They may hold NaN.

    Raises
    ------
    ValueError
        Names the spectrum that is no pair, or whose axis is none.
    """
    check_holds_spectra(X)
    items = [X] if _is_one_pair(X) else X
    return [_read(item, number) for number, item in enumerate(items)]


def by_axis(spectra):
    """Group spectra that share an axis and a type.

    Parameters
    ----------
    spectra : list of (wavenumbers, intensities)
        As `read_ragged` returns them.

    Returns
    -------
    list of (wavenumbers, numbers, rows)
        An axis, the numbers of its spectra (an array of int), and their intensities as
        a matrix, in the order in which the axes come up.
    """
    groups = {}
    for number, (axis, intensities) in enumerate(spectra):
        key = axis.tobytes(), intensities.dtype
        groups.setdefault(key, []).append(number)
    return [
        (
            spectra[numbers[0]][0],
            np.asarray(numbers),
            np.stack([spectra[number][1] for number in numbers]),
        )
        for numbers in groups.values()
    ]


def check_holds_spectra(X, name="X"):
    """Raise if X holds nothing, no numbers, or has no order of its own that lasts."""
    is_unordered = isinstance(X, (Iterator, Mapping, MappingView, Set))
    if is_unordered and not hasattr(X, "shape"):  # scipy has a sparse matrix of dicts
        raise ValueError(
            f"{name} must be a matrix, a data frame or a list of spectra, got a "
            f"{type(X).__name__}: make a list of it; of a Bunch pass its data."
        )
    if hasattr(X, "collect_schema") and not hasattr(X, "shape"):
        raise ValueError(f"{name} is a frame that is not computed yet: X.collect().")
    refuse_unread_axes(X, name)
    types = getattr(X, "dtype", None)
    types = list(X.dtypes) if is_frame(X) and hasattr(X, "dtypes") else [types]
    dates = [one for one in types if _is_date(one)]
    if len(types) == 0 or getattr(types[0], "names", None):
        what = "a frame without columns" if len(types) == 0 else "a structured array"
        raise ValueError(f"{name} is {what}, and must be a matrix of numbers.")
    if dates:  # numpy would make numbers of them
        raise ValueError(
            f"{name} holds dates or times ({dates[0]}), which no spectrum has."
        )
    is_list = isinstance(X, (list, tuple))
    shape = (len(X),) if is_list else getattr(X, "shape", (1,))
    if len(shape) != 2 and shape[:1] == (0,):  # scikit-learn says so of a matrix
        raise ValueError(f"{name} holds no spectra.")


def refuse_unread_axes(X, name="X"):
    """Raise if something else than a frame brings an axis, which would get lost."""
    if hasattr(X, "column_names") and hasattr(X, "to_pandas"):  # of pyarrow
        raise ValueError(f"{name} is a {type(X).__name__}: pass {name}.to_pandas().")
    dims = getattr(X, "dims", ())  # of xarray
    if len(dims) == 2 and dims[-1] in X.coords:
        raise ValueError(
            f"{name} is a {type(X).__name__}, whose coordinate {dims[-1]!r} is not "
            f"looked at: pass {name}.to_pandas(), whose columns are, or an array."
        )


def _is_date(dtype):
    """Tell whether a type of numpy, pandas or polars is one of dates or times."""
    is_temporal = getattr(dtype, "is_temporal", bool)
    return getattr(dtype, "kind", "") in ("m", "M") or is_temporal()


def unmask(values):
    """Return values with NaN where some are masked, or missing in pandas; others as
    they are.
    """
    if isinstance(values, pd.DataFrame):
        types = set(values.dtypes)
        if np.dtype(object) in types:  # may hold pd.NA, which is no number
            return values.where(values.notna(), np.nan)
        has_missing = all(
            pd.api.types.is_extension_array_dtype(one) and one.kind in "fiub"
            for one in types
        )
        return values.astype(np.float64) if types and has_missing else values
    if not isinstance(values, np.ma.MaskedArray):
        return values
    dtype = np.result_type(values.dtype, np.float32)
    return values.astype(dtype).filled(np.nan)


def refuse_ragged(X, owner):
    """Raise if spectra bring their own axes to an estimator that takes a matrix."""
    check_holds_spectra(X)
    if is_ragged(X):
        raise ValueError(
            f"{owner} needs all spectra on one axis, but X holds spectra that each "
            "bring their own: put a WavenumberResampler before it."
        )
    is_column = isinstance(X, pd.Series) or (isinstance(X, np.ndarray) and X.ndim == 1)
    if is_column and all(map(_is_line, X)):
        raise ValueError(
            "Each cell of X holds a whole spectrum: make a matrix of them, np.stack(X)."
        )
    if not isinstance(X, (list, tuple)):
        return
    lengths = {len(row) for row in X if isinstance(row, (list, tuple, np.ndarray))}
    if len(lengths) > 1:
        raise ValueError(
            f"X is a list of spectra with {min(lengths)} to {max(lengths)} points and "
            "without wavenumbers, so that nothing says which points belong together: "
            "give each one as a pair (wavenumbers, intensities)."
        )


def _is_line(part):
    """Tell whether something is a one-dimensional sequence of single values."""
    shape = getattr(part, "shape", None)
    if shape is not None:
        return len(shape) == 1
    if not isinstance(part, (list, tuple, range)):
        return False
    return not any(np.ndim(value) for value in part[:1]) and np.ndim(part) == 1


def _is_pair(item):
    is_sequence = isinstance(item, (list, tuple, np.ndarray))
    return is_sequence and len(item) == 2 and all(map(_is_line, item))


def _is_one_pair(X):
    return isinstance(X, tuple) and _is_pair(X)


def _is_points(item):
    """Tell whether an item lists points, each a wavenumber and an intensity."""
    if not isinstance(item, (list, tuple)) or not item:
        return False
    first = item[0]
    if not isinstance(first, (list, tuple, np.ndarray)) or len(first) != 2:
        return False
    return all(isinstance(point, (list, tuple)) and len(point) == 2 for point in item)


def _is_spectrum(item):
    if isinstance(item, np.ndarray) and item.dtype != object:
        return item.ndim == 2 and 2 in item.shape
    if isinstance(item, pd.Series) or is_frame(item):
        return True
    return _is_pair(item) or _is_points(item)


def _read(item, number):
    """Return one spectrum, of whatever form, as (wavenumbers, intensities)."""
    axis, intensities = map(unmask, _take_apart(unmask(item), number))
    intensities = _as_intensities(intensities, number)
    name = f"The axis of spectrum {number}"
    try:
        axis = check_axis(axis, name=name, n_points=len(intensities))
    except ValueError as error:
        if isinstance(item, (tuple, list)):
            raise ValueError(
                f"{error} The first of two sequences is taken as the wavenumbers; a "
                "matrix of two spectra is an array, or a list of lists."
            ) from error
        raise
    if are_positions(axis):
        raise ValueError(
            f"{name} counts points ({axis[0]:g}, ..., {axis[-1]:g}): these are "
            "positions, not wavenumbers. Put the wavenumbers in cm-1 in their place; "
            "if they are such numbers indeed, a matrix with the parameter wavenumbers "
            "may have them."
        )
    return axis, intensities


def _take_apart(item, number):
    if not _is_spectrum(item):
        raise ValueError(
            f"Spectrum {number} is not {_FORMS}, as others in X are: got "
            f"{_describe(item)}."
        )
    if isinstance(item, pd.Series):
        if isinstance(item.index, pd.RangeIndex):
            raise ValueError(
                f"Spectrum {number} is a Series with a RangeIndex: these are "
                "positions, not wavenumbers. Write series.rename(float) if they are "
                "wavenumbers, or give a pair (wavenumbers, intensities)."
            )
        return item.index, item
    if is_frame(item):
        if len(item.columns) != 2:
            raise ValueError(
                f"Spectrum {number} is a frame of {len(item.columns)} columns: a frame "
                "in a list is one spectrum and has two, wavenumbers and intensities. A "
                "frame of many spectra goes in by itself."
            )
        first, second = item.columns
        return item[first], item[second]
    if isinstance(item, tuple) and _is_pair(item):
        return item
    is_object = isinstance(item, np.ndarray) and item.dtype == object
    if _is_pair(item) and (is_object or len(item[0]) != 2):
        return item
    table = np.asarray(item)
    if table.shape == (2, 2):
        raise ValueError(
            f"Spectrum {number} has the shape (2, 2), which does not say whether rows "
            "or columns are wavenumbers and intensities: give it as a tuple "
            "(wavenumbers, intensities)."
        )
    return table if table.shape[0] == 2 else table.T


def _as_intensities(values, number):
    """Return the intensities of one spectrum as float32 or float64."""
    if isinstance(values, pd.Series) and pd.api.types.is_numeric_dtype(values):
        if values.dtype != np.float32:
            values = values.to_numpy(dtype=np.float64, na_value=np.nan)
    values = np.asarray(values)
    if values.dtype == object:
        values = _numbers_in(values)
    if values.dtype.kind not in "fiu" or values.ndim != 1:
        raise ValueError(
            f"Spectrum {number} has intensities of type {values.dtype}; they must be "
            "real numbers."
        )
    return values if values.dtype == np.float32 else values.astype(np.float64)


def _numbers_in(values):
    """Return numbers that stand in an array of objects, None as NaN."""
    if any(isinstance(value, (str, complex, bool)) for value in values):
        return values
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        return values


def _describe(item):
    shape = getattr(item, "shape", None)
    if shape is None and hasattr(item, "__len__"):
        return f"a {type(item).__name__} of length {len(item)}"
    return f"a {type(item).__name__}" + ("" if shape is None else f" of shape {shape}")
