"""Checks that several estimators share."""

import sys
import warnings
from collections import Counter
from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import Bunch
from sklearn.utils.validation import check_array, validate_data

from sklearn_raman._utils._frames import frame_like, is_our_own
from sklearn_raman._utils._ragged import refuse_ragged, unmask
from sklearn_raman._utils._wavenumbers import (
    are_positions,
    check_same_axis,
    check_wavenumbers,
    labels_as_wavenumbers,
    resolve_wavenumbers,
)

_MOST_JOBS = 2**31 - 1  # joblib's C int
_OURS = ("sklearn", "imblearn", "joblib")  # between the user and a warning
_SMALLEST_SINGLE = 1e-33  # what bands are made of is 1e5 times smaller


def check_spectra(
    estimator,
    X,
    y="no_validation",
    *,
    reset,
    dtype=(np.float64, np.float32),
    finite=True,
    **checks,
):
    """Validate spectra for an estimator and keep hold of their axis.

    Like scikit-learn's `validate_data`; beside it, fit (`reset=True`) stores the axis
    as `wavenumbers_in_` (cm-1, or None), and later calls compare with it.

    Parameters
    ----------
    estimator : estimator
        May have a parameter `wavenumbers`.
    X : array-like or data frame of shape (n_spectra, n_points)
    y : array-like of shape (n_spectra,) or "no_validation"
    reset : bool
        True in fit.
    dtype : dtype or sequence of dtype
        Kept if X has one of them, else converted to the first.
    finite : bool
        Whether NaN and infinity are refused. False leaves it to the caller, who uses
        some of the points only (`check_finite`).
    **checks
        Further arguments of `validate_data`.

    Returns
    -------
    X, or the pair X, y if y was given
    """
    owner = type(estimator).__name__
    refuse_ragged(X, owner)
    X = unmask(X)
    if not isinstance(y, str):
        refuse_other_order("y", y, X)
        refuse_missing("y", y)
        refuse_mixed("y", y)
        y = plain_numbers(y)
    if reset:
        axis = resolve_wavenumbers(X, getattr(estimator, "wavenumbers", None))
        if axis is None:
            warn_of_positions(X)
    else:
        X = _with_fitted_labels(estimator, X)
        axis = getattr(estimator, "wavenumbers_in_", None)
    settings = {"dtype": dtype, "order": "C", "ensure_all_finite": False, **checks}
    with np.errstate(over="ignore", under="ignore"):
        if isinstance(y, str) and _holds_floats(X):
            validate_data(estimator, X, reset=reset, skip_check_array=True)
            checked = check_array(X.to_numpy(), estimator=estimator, **settings)
        else:
            checked = validate_data(estimator, X, y, reset=reset, **settings)
    spectra = checked[0] if isinstance(checked, tuple) else checked
    if dtype == "float32":
        _refuse_out_of_range(X, spectra, owner, reset)
    if finite:
        check_finite(spectra, owner=owner, axis=axis)
    if reset:
        if axis is not None:
            check_wavenumbers(axis, n_points=estimator.n_features_in_)
        estimator.wavenumbers_in_ = axis
    return checked


def warn_of_positions(X):
    """Warn if columns are taken for positions that may be wavenumbers.

    pandas makes a RangeIndex of evenly spaced whole numbers that it reads, as well as
    of the columns that are left of a frame in which nobody named any.
    """
    labels = X.columns if isinstance(X, pd.DataFrame) else None
    is_told = is_our_own(X)  # warned of where it came from
    if isinstance(labels, pd.RangeIndex) and not are_positions(labels) and not is_told:
        warnings.warn(
            f"The columns of X are {labels!r}, which may be wavenumbers or positions, "
            "and are taken for positions. Write X.rename(columns=float) if they are "
            "wavenumbers, X.to_numpy() if they are not.",
            UserWarning,
            stacklevel=levels_to_user(),
        )


def _refuse_out_of_range(X, spectra, owner, reset):
    """Raise if single precision, to which spectra were converted, can't hold them.

    Among others a small spectrum is as good as zero; if all training spectra are as
    small, what they tell is lost.
    """
    largest = max(spectra.max(), -spectra.min())
    if np.isnan(largest) or _SMALLEST_SINGLE <= largest < np.inf:
        return
    given = np.abs(np.asarray(X, dtype=np.float64)).max()
    if np.isfinite(given) and (largest == np.inf or (reset and given > 0)):
        raise ValueError(
            f"The largest intensity of X is {given:g}, with which {owner} can't "
            "compute in single precision: multiply all spectra by a constant first."
        )


def _holds_floats(X):
    """Tell whether X is a pandas frame of one plain type of floating-point numbers.

    scikit-learn looks at each column by itself, which takes longer than most steps.
    """
    if not isinstance(X, pd.DataFrame) or X.empty:
        return False
    dtypes = X.dtypes.unique()
    return len(dtypes) == 1 and dtypes[0] in (np.float64, np.float32)


def _with_fitted_labels(estimator, X):
    """Return X under the labels seen in fit, if its own mean the same wavenumbers.

    scikit-learn compares names letter by letter: "400" would not be "400.0".
    """
    fitted_axis = getattr(estimator, "wavenumbers_in_", None)
    labels = check_same_axis(X, fitted_axis)
    if labels is None or fitted_axis is None:
        return X
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return np.asarray(X)
    unchanged = np.array_equal(np.asarray(X.columns, dtype=object), names)
    return X if unchanged else frame_like(np.asarray(X), X, names)


def check_spectra_array(X, *, owner=None, name="X"):
    """Return spectra, of a function, as a finite 2-D array, float32 or float64.

    Parameters
    ----------
    X : array-like or data frame of shape (n_spectra, n_points)
    owner, name : str
        As `check_finite` takes them.

    Returns
    -------
    ndarray of shape (n_spectra, n_points)
    """
    settings = {"dtype": (np.float64, np.float32), "ensure_all_finite": False}
    refuse_ragged(X, owner or "This function")
    axis = labels_as_wavenumbers(X)
    spectra = check_array(unmask(X), input_name=name, **settings)
    check_finite(spectra, owner=owner, axis=axis, name=name)
    return spectra


def check_finite(X, *, owner=None, axis=None, used=None, name="X"):
    """Raise if spectra hold NaN or infinity, and say which and where.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
    owner : str or None
        Estimator or function that asks.
    axis : ndarray of shape (n_points,) or None
        In cm-1, if known.
    used : ndarray of shape (n_points,), bool, or None
        The points that have to be finite; None means all.
    name : str
        What X is called.
    """
    if X.dtype.kind != "f":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(X.sum()):  # faster than a look at each value
            return
    bad = ~np.isfinite(X)
    if used is not None:
        bad &= used
    rows = np.flatnonzero(bad.any(axis=1))
    if len(rows):
        where = bad.any(axis=0)
        raise_not_finite(
            f"in {len(rows)} of {len(X)} spectra ({name_numbers(rows, 'row')}), "
            f"{name_points(where, axis)}",
            has_nan=np.isnan(X[bad]).any(),
            owner=owner,
            name=name,
        )


def check_answers(values, owner):
    """Raise if what a model says of spectra holds NaN or infinity, and say of which.

    Minus infinity is allowed: a module may rule out a class.

    Parameters
    ----------
    values : ndarray of shape (n_spectra, ...)
    owner : str
        Class of the model.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):  # faster than a look at each value
            return
    is_bad = ~(values < np.inf).reshape(len(values), -1).all(axis=1)
    if is_bad.any():
        raise ValueError(
            f"{owner} has no finite answer for {is_bad.sum()} of {len(values)} "
            f"spectra, the first at row {is_bad.argmax()}: their intensities are too "
            "far from those in training, or a function of your own returns NaN."
        )


def refuse_missing(name, values):
    """Raise if labels or groups are missing (None, NaN, masked) for some spectra."""
    missing = pd.isna(np.asarray(values, dtype=object)) | np.ma.getmask(values)
    if np.ndim(missing) == 1 and missing.any():
        raise ValueError(
            f"{name} misses {missing.sum()} of {len(values)} values (first at row "
            f"{missing.argmax()}): name each, or leave those rows out."
        )


def refuse_other_order(name, values, X, *, spectra="X"):
    """Raise if a Series or frame has the index of the frame X in another order.

    Anything else is taken by position.

    Parameters
    ----------
    name, spectra : str
        What values and X are called.
    values, X : object
        What has one entry, or row, for each spectrum, and the spectra.
    """
    indexes = getattr(values, "index", None), getattr(X, "index", None)
    if not all(isinstance(index, pd.Index) for index in indexes):
        return
    ours, theirs = indexes
    if len(ours) != len(theirs) or ours.equals(theirs):
        return
    ours, theirs = list(ours), list(theirs)
    if ours != theirs and (found := Counter(ours)) == Counter(theirs):
        is_unique = len(found) == len(ours)
        way_out = (
            f"Use {name}.loc[{spectra}.index]"
            if is_unique
            else "Give rows names of their own"
        )
        raise ValueError(
            f"{name} has the index of {spectra} in another order, and rows are "
            f"matched by position. {way_out}, or {name}.to_numpy() if the order is "
            "right."
        )


def open_bunch(X, y):
    """Return spectra, labels and known groups of a Bunch; X, y and None otherwise.

    Raises
    ------
    ValueError
        If there are two sources of labels, or none.
    """
    groups = None
    if isinstance(X, Bunch):
        if y is not None:
            raise ValueError("y must be None when X is a Bunch, which has its target.")
        if X.get("target") is None:
            raise ValueError(
                "The Bunch has no target: tell load_spectra or read_spectra_table "
                'where the class of each spectrum is, for example label="folder" or '
                "the name of a column."
            )
        refuse_other_order("target", X.target, X.data, spectra="data")
        X, y, groups = X.data, _named_target(X), X.get("groups")
    if y is None:
        raise ValueError("y is missing: pass the class of each spectrum, or a Bunch.")
    return X, y, groups


def _named_target(bunch):
    """Return the target of a Bunch as names where it holds positions of names."""
    target, names = np.asarray(bunch.target), bunch.get("target_names")
    if names is None or not np.issubdtype(target.dtype, np.integer):
        return target
    are_positions = 0 <= target.min() and target.max() < len(names)
    return np.asarray(names)[target] if are_positions else target


def one_per_spectrum(name, values, n_spectra, *, X="X"):
    """Return labels or groups as a 1-D array: one for each spectrum, as it was given.

    Parameters
    ----------
    name : str
        What error messages call them.
    values : array-like of shape (n_spectra,) or (n_spectra, 1)
    n_spectra : int
    X : str
        What the spectra are called.

    Raises
    ------
    ValueError
        If some are missing, if their number is another, or if they are of kinds that
        can't be sorted or would not stay apart in an array.
    """
    refuse_missing(name, values)
    found = np.asarray(plain_numbers(values))
    if found.shape not in ((n_spectra,), (n_spectra, 1)):
        raise ValueError(
            f"{name} has shape {found.shape} but {X} has {n_spectra} spectra: {name} "
            "needs one entry per spectrum."
        )
    refuse_mixed(name, values)
    found = found.ravel()
    # pandas can't index by these, or swapped bytes.
    if found.dtype in (np.float16, np.longdouble):
        return found.astype(np.float64)
    if found.dtype.kind == "T":
        return found.astype(object)
    return found.astype(found.dtype.newbyteorder("="), copy=False)


def plain_numbers(y):
    """Return labels with numpy's whole numbers and bools in the place of pandas' own.

    scikit-learn makes floats of these (Int64, boolean, int64[pyarrow]).
    """
    dtype = getattr(y, "dtype", None)
    is_nullable = hasattr(dtype, "numpy_dtype") and dtype.kind in "iub"
    return y.astype(dtype.numpy_dtype) if is_nullable else y


def refuse_mixed(name, values):
    """Raise if labels or groups can't be sorted, or are not told apart in an array.

    numpy makes the text "1" of 1 beside texts, cuts zero bytes off, and rounds large
    whole numbers beside fractions: two groups would be one, in silence.
    """
    found = np.asarray(values)
    if found.ndim != 1 or (found.dtype != object and hasattr(values, "dtype")):
        return
    given = np.asarray(values, dtype=object).tolist()
    try:
        sorted(set(given))
        sorted(given[:1] * 2)  # a single value tells nothing of its order
    except TypeError:
        kinds = {type(value) for value in given}
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        has_text = any(issubclass(kind, str) for kind in kinds)
        what = "mixes texts and other" if has_text else f"holds {names}"
        raise ValueError(
            f"{name} {what} values, which cannot be sorted: write all as text, "
            f"{name}=[str(value) for value in {name}]."
        ) from None
    if found.dtype.kind in "mM":
        return
    if found.dtype == object:  # what numpy makes of texts, sooner or later
        found = np.empty(len(given), dtype=object)
        found[:] = [_as_kept(value) for value in given]
    for row, (there, value) in enumerate(zip(found.tolist(), given, strict=True)):
        if there != value:
            raise ValueError(
                f"{name} would hold {there!r} in the place of {value!r} (row {row}), "
                "which an array can't hold beside the other values: name each in "
                "plain text."
            )


def _as_kept(value):
    """Return what an array of texts keeps of a text: no zero bytes at its end."""
    if isinstance(value, str):
        return str(value).rstrip("\0")
    return value.rstrip(b"\0") if isinstance(value, bytes) else value


def check_whole(value, name, *, low, high=None):
    """Raise if a number is not whole (True is none), or not within low and high."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}.")
    if value < low or (high is not None and value > high):
        allowed = f"{low} or more" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} must be {allowed}, got {value}.")


def check_number(value, name, *, high=None):
    """Raise if a value is no number (True is none) above 0 and at most `high`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    if not 0 < value < np.inf or (high is not None and value > high):
        upper = "" if high is None else f" and at most {high}"
        raise ValueError(f"{name} must be above 0{upper}, got {value!r}.")


def check_text(value, name):
    """Raise if a value is no text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, got {value!r}.")


def check_n_jobs(n_jobs):
    """Raise if `n_jobs` is neither None nor a whole number: joblib makes 1 of 1.5."""
    if n_jobs is not None:
        check_whole(n_jobs, "n_jobs", low=-_MOST_JOBS, high=_MOST_JOBS)


def raise_not_finite(where, *, has_nan, owner=None, name="X"):
    """Raise the error that all share for values that are no numbers."""
    what = "NaN or infinity" if has_nan else "infinity"
    asks = "" if owner is None else f" {owner} needs a number at each point."
    raise ValueError(
        f"Input {name} contains {what} {where}.{asks} Cut these wavenumbers off "
        "(WavenumberCrop), or leave these spectra out."
    )


def name_numbers(numbers, noun):
    """Name a few of many: "rows 3, 5, 9, ..."; `noun` is "row" or "spectrum"."""
    numbers = [int(number) for number in numbers]
    few = ", ".join(str(number) for number in numbers[:5])
    plural = (
        noun if len(numbers) == 1 else {"spectrum": "spectra"}.get(noun, noun + "s")
    )
    return f"{plural} {few}{', ...' if len(numbers) > 5 else ''}"


def name_points(chosen, axis):
    """Name points by their wavenumbers, or by their columns: "at 400 to 404 cm-1".

    Parameters
    ----------
    chosen : ndarray of shape (n_points,), bool
    axis : ndarray of shape (n_points,) or None
    """
    edges = np.flatnonzero(np.diff(np.pad(chosen.astype(int), 1)))
    values = np.arange(len(chosen)) if axis is None else axis
    runs = [
        f"{values[first]:g}" + (f" to {values[stop - 1]:g}" if stop - first > 1 else "")
        for first, stop in zip(edges[::2], edges[1::2], strict=True)
    ]
    shown = ", ".join(runs[:3]) + (", ..." if len(runs) > 3 else "")
    return f"in columns {shown}" if axis is None else f"at {shown} cm-1"


@contextmanager
def unchanged_on_error(estimator):
    """Leave an estimator as it was, fitted or not, if what is inside raises.

    A refit that fails half-way must not leave new labels beside an old model. What is
    inside may assign attributes; it must not change the old ones in place.
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def levels_to_user():
    """Return the `stacklevel` at which a warning points to the user's line.

    That is the first outside this package and those that call it, for who calls this
    in `warnings.warn`.
    """
    frame, level = sys._getframe(1), 1
    while frame.f_globals.get("__name__", "").startswith(_OURS) and frame.f_back:
        frame, level = frame.f_back, level + 1
    return level


def lower_default(value, default, limit, *, owner, name, why, warn=None):
    """Resolve a size that the row length (or rank) limits.

    A size left at its default is lowered to `limit` with a warning, because the default
    is our choice; one the user set raises, because it is theirs.

    Parameters
    ----------
    value : int or None
        What the user gave; None means the default.
    default : int
        The size used when there is room for it.
    limit : int
        The largest possible size.
    owner, name : str
        Class and parameter, for the message.
    why : str
        What sets the limit, for example "the spectra have 5 points".
    warn : callable or None
        Takes the message; None warns at once.

    Returns
    -------
    int
    """
    wanted = default if value is None else value
    if wanted <= limit:
        return wanted
    if value is not None:
        raise ValueError(
            f"{owner}({name}={value}) is too large: {why}, which allows at most "
            f"{limit}. Use a smaller {name}."
        )
    message = f"{owner} uses {name}={limit} instead of its default {default}: {why}."
    if warn is None:
        warnings.warn(message, UserWarning, stacklevel=3)
    else:
        warn(message)
    return limit
