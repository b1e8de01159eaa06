"""What both samplers share: kinds of spectra in and out, units, labels, warnings."""

import os
import warnings
from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._frames import frame_like, is_frame
from sklearn_raman._utils._ragged import (
    is_ragged,
    read_ragged,
    refuse_ragged,
    unmask,
)
from sklearn_raman._utils._sklearn import DocLinkMixin, Interval, validate_params
from sklearn_raman._utils._validation import (
    check_finite,
    plain_numbers,
    refuse_missing,
    refuse_mixed,
    refuse_other_order,
    unchanged_on_error,
)
from sklearn_raman._utils._wavenumbers import resolve_wavenumbers

_ROUNDING = 1e-14  # relative to the largest intensity
_MOST_VALUES = 2**40  # 8 TB, where the memory is not known


class SpectrumSampler(DocLinkMixin, BaseOverSampler):
    """Base of samplers that learn spectra of all classes, and draw new ones.

    A subclass has `_fit_spectra(X, codes, rng)`, which learns from spectra of magnitude
    1 and class positions, `_draw(code, n_samples, rng)`, which returns new ones of that
    magnitude, `_single_source()`, and perhaps `_check_settings()`.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from spectra, to draw new ones with `sample`.

        Parameters
        ----------
        X : array-like, data frame (pandas, polars) or sparse matrix of shape \
                (n_spectra, n_points), or list of pairs (wavenumbers, intensities)
            Spectra. Pairs must have the same wavenumbers.
        y : array-like of shape (n_spectra,)
            Labels.

        Returns
        -------
        self
        """
        self.fit_resample(X, y)
        return self

    def fit_resample(self, X: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Learn from spectra, and return them with synthetic ones after them.

        Parameters
        ----------
        X : array-like, data frame (pandas, polars) or sparse matrix of shape \
                (n_spectra, n_points), or list of pairs (wavenumbers, intensities)
            Spectra. Pairs must have the same wavenumbers.
        y : array-like of shape (n_spectra,)
            Labels.

        Returns
        -------
        X_resampled : of the type of X, of shape (n_spectra_new, n_points)
            The rows of X first, in their order.
        y_resampled : of the type of y, of shape (n_spectra_new,)
        """
        owner, pairs_axis = type(self).__name__, None
        if is_ragged(X):
            pairs_axis, X = _one_axis(read_ragged(X), owner)
            axis = pairs_axis
        else:
            refuse_ragged(X, owner)
            axis = resolve_wavenumbers(X, None)  # labels that are no axis are refused
        _check_numbers(X, axis, owner)
        refuse_other_order("y", y, X)
        refuse_missing("y", y)
        refuse_mixed("y", y)
        with unchanged_on_error(self):
            plain = plain_numbers(_as_series(y))
            X_new, y_new = super().fit_resample(_as_float_frame(X), plain)
        if _is_polars(X):
            X_new = frame_like(X_new.to_numpy(), X)
        if _is_polars(y):
            y_new = type(y)(y.name, y_new.tolist())
        elif isinstance(y, pd.Series):
            y_new = y_new.astype(y.dtype)
        if pairs_axis is not None:
            X_new = [(pairs_axis.copy(), row) for row in X_new]
        return X_new, y_new

    @validate_params(
        {
            "n_samples": [Interval(Integral, 0, None, closed="left")],
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=True,
    )
    def sample(
        self,
        n_samples: int,
        label: Any,
        random_state: int | np.random.RandomState | None = None,
    ) -> NDArray[np.float64]:
        """Return new synthetic spectra of a class.

        The fitted sampler is only read, so several threads may draw from it.

        Parameters
        ----------
        n_samples : int
            How many.
        label : str or int
            One of `classes_`.
        random_state : int, RandomState instance or None, default=None
            Same seed, same spectra (to the last bits, with the same number of threads).

        Returns
        -------
        ndarray of shape (n_samples, n_points), float64

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError
            If a parameter is not valid, or the label was not seen in fit.

        Warns
        -----
        UserWarning
            If the class has a single spectrum.
        """
        check_is_fitted(self, "classes_")
        known = self.classes_.tolist()
        is_flag = isinstance(label, bool | np.bool_) and self.classes_.dtype != bool
        if np.ndim(label) or is_flag or label not in known:
            raise ValueError(f"label={label!r} is none of the classes {known}.")
        _check_count(n_samples, len(self._constants), "n_samples")
        self._warn_of_single_spectra([label])
        return self._sample(n_samples, label, check_random_state(random_state))

    def _sample(self, n_samples, label, rng):
        code = self.classes_.tolist().index(label)
        spectra = np.ldexp(self._draw(code, n_samples, rng), self._exponent)
        return np.where(np.isnan(self._constants), spectra, self._constants)

    def _fit_resample(self, X, y):
        if sparse.issparse(X):
            dense, y = self._fit_resample(X.toarray(), y)
            return type(X)(dense), y
        for n_samples in self.sampling_strategy_.values():
            given = f"sampling_strategy={self.sampling_strategy!r}"
            _check_count(n_samples, X.shape[1], given)
        rng = check_random_state(self.random_state)
        sample_rng = np.random.RandomState(rng.randint(2**31 - 1))
        X = X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)
        self._learn(X, y, rng)
        spectra, labels = [X], [y]
        for label, n_samples in self.sampling_strategy_.items():
            new = self._sample(n_samples, label, sample_rng)
            spectra.append(_cast(new, X.dtype))
            labels.append(np.full(n_samples, label, dtype=y.dtype))
        return np.concatenate(spectra), np.concatenate(labels)

    def _learn(self, X, y, rng):
        """Bring the spectra to magnitude 1, and learn from them."""
        self._check_settings()
        self.classes_, codes = np.unique(y, return_inverse=True)
        # One layout in memory, whatever X was: sums depend on it.
        X = np.array(X, dtype=np.float64, order="C")
        self._constants = np.where((X == X[0]).all(axis=0), X[0], np.nan)
        # A power of 2 loses no digits, and keeps squares from overflow and underflow.
        self._exponent = int(np.frexp(np.abs(X).max())[1])
        X = np.ldexp(X, -self._exponent)
        same = [not vary(X[codes == code]) for code in range(len(self.classes_))]
        if all(same):
            raise ValueError(
                f"{type(self).__name__} learns how spectra of a class differ, but no "
                "class has two spectra that do. Measure at least two of one class."
            )
        self._single = self.classes_[same].tolist()
        self._warn_of_single_spectra(
            [label for label, n in self.sampling_strategy_.items() if n]
        )
        self._fit_spectra(X, codes, rng)

    def _check_settings(self):
        """Refuse values that would be noticed late; nothing here."""

    def _warn_of_single_spectra(self, labels):
        """Say where a class without variation of its own gets it from."""
        single = [label for label in self._single if label in labels]
        source = self._single_source()
        if not single or source is None:
            return
        warnings.warn(
            f"{type(self).__name__}: the classes {single} have a single spectrum each "
            f"(or equal ones). What varies in their synthetic spectra is {source}. "
            "Measure more, or leave them out (sampling_strategy).",
            UserWarning,
            stacklevel=3,
        )


def vary(X):
    """Tell whether spectra, of magnitude 1, differ by more than rounding."""
    return np.ptp(X, axis=0).max() > _ROUNDING


def _most_values():
    """Return how many numbers this machine's memory holds, or any, if it tells not."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 8
    except (AttributeError, ValueError, OSError):
        return _MOST_VALUES


def _check_count(n_samples, n_points, name):
    """Raise if so many spectra can't be drawn."""
    if not isinstance(n_samples, Integral):
        raise TypeError(f"{name} must ask for whole numbers of spectra.")
    if int(n_samples) * n_points > _most_values():
        raise ValueError(
            f"{name} asks for {n_samples} new spectra of {n_points} points, more "
            "than the memory of this machine holds."
        )


def _one_axis(spectra, owner):
    """Return the axis that all pairs have, and their intensities as a matrix."""
    first = spectra[0][0]
    for number, (axis, _) in enumerate(spectra):
        if not np.array_equal(axis, first):
            text = " and ".join(
                f"spectrum {k} has {len(a)} points from {a[0]:g} to {a[-1]:g} cm-1"
                for k, a in ((0, first), (number, axis))
            )
            raise ValueError(
                f"{owner} needs all spectra on one axis, but {text}: put a "
                "WavenumberResampler before it."
            )
    return first, np.stack([intensities for _, intensities in spectra])


def _cast(spectra, dtype):
    """Return spectra in the precision of the real ones, or say that it is too small."""
    with np.errstate(over="ignore"):
        spectra = spectra.astype(dtype)
    if not np.isfinite(spectra).all():
        raise ValueError(
            f"Synthetic spectra are too large for {dtype}, as X nearly is: divide X by "
            "a constant first."
        )
    return spectra


def _is_polars(values):
    return type(values).__module__.startswith("polars")


def _check_numbers(X, axis, owner):
    """Say where numbers are missing; imbalanced-learn says what else is wrong."""
    if sparse.issparse(X) or np.iscomplexobj(X):
        return
    try:
        values = np.asarray(unmask(X), dtype=np.float64)
    except (TypeError, ValueError):
        return
    if values.ndim == 2:
        check_finite(values, owner=owner, axis=axis)


def _as_float_frame(X):
    """Return a frame as one of pandas whose values are floats; an array as it is.

    Synthetic spectra come back in the types of X: they are none of its categories.
    """
    if not is_frame(X):
        return X
    X = pd.DataFrame(X.to_numpy(), columns=X.columns) if _is_polars(X) else X
    others = [c for c, t in X.dtypes.items() if t.kind not in "fc"]
    return X.astype(dict.fromkeys(others, np.float64))


def _as_series(y):
    """Return labels of polars as a series of pandas; others as they are."""
    return pd.Series(y.to_list(), name=y.name) if _is_polars(y) else y
