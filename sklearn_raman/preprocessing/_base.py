"""What all transformers of spectra share: axis, frames, and what rounding can do."""

from __future__ import annotations

import copy
import re
import warnings
from functools import partial
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._frames import frame_like, is_frame
from sklearn_raman._utils._map_back import check_maps, check_mode, check_n_maps
from sklearn_raman._utils._ragged import by_axis, is_ragged, read_ragged
from sklearn_raman._utils._sklearn import (
    DocLinkMixin,
    check_feature_names_in,
    fit_context,
    output_is_chosen,
)
from sklearn_raman._utils._typing import Floats, FrameT, SpectraLike
from sklearn_raman._utils._validation import (
    check_finite,
    check_spectra,
    levels_to_user,
    lower_default,
    name_numbers,
    name_points,
    raise_not_finite,
    unchanged_on_error,
)
from sklearn_raman._utils._wavenumbers import (
    check_wavenumbers,
    format_wavenumbers,
    resolve_wavenumbers,
)
from sklearn_raman.preprocessing._whittaker.reference import relative_rounding


class _MatrixTransformer(DocLinkMixin, TransformerMixin, BaseEstimator):
    """What `set_output` acts on: scikit-learn wraps this `transform`, no other."""

    def transform(self, X):
        """Transform spectra that share one axis."""
        step, spectra, has_axis = self._read(X)
        transformed = _transform_checked(step, spectra)
        if transformed is spectra:  # nothing was to be done
            transformed = spectra.copy()
        if not has_axis or output_is_chosen(self):
            return transformed
        return step._contain(transformed, X)

    def _contain(self, transformed, X):
        """Return transformed spectra as what X is, if it is a frame."""
        if not is_frame(X):
            return transformed
        return frame_like(transformed, X, self._labels_out(X.columns))


class SpectrumTransformer(_MatrixTransformer, auto_wrap_output_keys=None):
    """Base of all transformers of spectra.

    A subclass writes `_transform_spectra(X)`: validated spectra in, as many spectra
    out. It checks the parameters that it uses, because they may change after fit. One
    that learns from the training spectra also writes `_learn(X)`; without it the
    transformer is stateless: each spectrum's result depends on that spectrum alone, and
    an unfitted transformer does what a fitted one would. One that changes the grid also
    writes `_labels_out` and `map_back`, and `_used_points` if it drops some.

    Ragged spectra, each with its own axis, come out as pairs. Those that share an axis
    go through `_transform_spectra` together, in a copy of the step that knows this
    axis. Warnings are collected there (`_warn`, `_warn_rows`), so that each is given
    once.
    """

    _parameter_constraints: dict = {}
    _min_points = 1  # shorter spectra get an error
    _learns_by: str | None = None  # the parameter that says what is learned
    _learned_by = None  # ... and its value in fit
    _axis_was_given = False  # the axis that fit saw was a parameter's
    _unites_axes = False  # makes a matrix of ragged spectra
    _selects = False  # keeps the points that it kept in fit: axes differ in rounding
    _warnings = None  # of a step at work on ragged spectra: where they are collected
    _numbers = None  # ... and which spectra it is at work on

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: SpectraLike, y: Any = None) -> Self:
        """Check the spectra and their axis, and learn what the parameters ask for.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points), or ragged
            Spectra. Column labels that are numbers are the wavenumbers in cm-1. Ragged
            spectra are pairs `(wavenumbers, intensities)`.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        with unchanged_on_error(self):
            for name in [name for name in vars(self) if _is_learned(name)]:
                delattr(self, name)  # left by an earlier fit
            if self._keeps_ragged(X):
                self._fit_ragged(X)
            else:
                spectra = self._check_training_spectra(X)
                self._axis_was_given = getattr(self, "wavenumbers", None) is not None
                self._learn(spectra)
            self._learned_by = self._what_to_learn()
        return self

    @overload
    def transform(self, X: np.ndarray) -> Floats: ...
    @overload
    def transform(self, X: FrameT) -> FrameT: ...
    @overload
    def transform(self, X: SpectraLike) -> Any: ...
    def transform(self, X: SpectraLike) -> Any:
        """Transform each spectrum.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points), or ragged
            Spectra on the axis seen in fit, or pairs `(wavenumbers, intensities)` on
            any axes.

        Returns
        -------
        ndarray or data frame of shape (n_spectra, n_points_out), or list of pairs
            Transformed spectra; float32 stays float32, all else becomes float64. A data
            frame if X is one with a known axis, or if `set_output` says so. Pairs if X
            is ragged, whatever `set_output` says.
        """
        if self._keeps_ragged(X):
            return self._transform_ragged(X)
        fitted = "wavenumbers_in_" if self._unites_axes else "n_features_in_"
        knows_labels = hasattr(self, fitted)
        if output_is_chosen(self) and not knows_labels:
            # `set_output` asks for labels, which are those of X. The copy has them.
            check_is_fitted(self)  # passes for stateless steps
            return _MatrixTransformer.transform(copy.copy(self).fit(X), X)
        return super().transform(X)

    @overload
    def fit_transform(self, X: np.ndarray, y: Any = None) -> Floats: ...
    @overload
    def fit_transform(self, X: FrameT, y: Any = None) -> FrameT: ...
    @overload
    def fit_transform(self, X: SpectraLike, y: Any = None) -> Any: ...
    def fit_transform(self, X: SpectraLike, y: Any = None) -> Any:
        """Fit to spectra, then transform them.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points), or ragged
            As in `fit`.
        y : None
            Ignored.

        Returns
        -------
        ndarray or data frame of shape (n_spectra, n_points_out), or list of pairs
            As `transform` returns them.
        """
        return self.fit(X, y).transform(X)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[Any]:
        """Return the column labels, which are the wavenumbers where they are known.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Labels of the input; None means those seen in fit.

        Returns
        -------
        ndarray of str
            Labels of the output.
        """
        check_is_fitted(self, "n_features_in_")
        named = input_features is not None or hasattr(self, "feature_names_in_")
        axis = self._known_axis(self.n_features_in_)
        if named or axis is None:
            labels = check_feature_names_in(self, input_features)
            return np.array(self._labels_out(labels))  # not that of this step
        return self._labels_out(format_wavenumbers(axis))

    def map_back(
        self,
        maps: ArrayLike,
        X: SpectraLike | None = None,
        *,
        mode: Literal["conserve", "density"] = "conserve",
    ) -> Floats | Any:
        """Carry maps from the output axis to the input axis: they stay as they are.

        The grid is the same, so a value stays at its wavenumber. What it means is the
        importance of that wavenumber, not the gradient with respect to raw counts: a
        scale or a baseline ties each value to others of the spectrum, and this is not
        undone.

        Parameters
        ----------
        maps : array-like of shape (..., n_points)
            Maps on the output axis.
        X : None or spectra, default=None
            Ragged spectra that the maps belong to; anything else is ignored.
        mode : {"conserve", "density"}, default="conserve"
            Both are the same here.

        Returns
        -------
        ndarray of shape (..., n_points), or list of such arrays
            The same maps.
        """
        check_mode(mode)
        if X is not None and is_ragged(X):
            return self._map_back_ragged(maps, X, mode)
        n_points = getattr(self, "n_features_in_", None)
        return check_maps(maps, n_points, owner=type(self).__name__)

    def _check_training_spectra(self, X):
        spectra = check_spectra(
            self, X, reset=True, finite=False, ensure_min_features=self._min_points
        )
        self._check_used(spectra)
        return spectra

    def _used_points(self, n_points):
        """Return which points have to be numbers, as a mask; None if all."""

    def _check_used(self, spectra):
        n_points = spectra.shape[1]
        axis, used = self._known_axis(n_points), self._used_points(n_points)
        check_finite(spectra, owner=type(self).__name__, axis=axis, used=used)

    def _learn(self, X):
        """Learn from the training spectra; by default there is nothing to learn."""

    def _read(self, X):
        """Look at the spectra to transform.

        Returns
        -------
        step : SpectrumTransformer
            A copy of this step that knows the axis of X. What is found out about X
            stays out of the step itself: transform only reads, and threads may share a
            step.
        spectra : ndarray of shape (n_spectra, n_points)
        has_axis : bool
            Whether labels or parameter give X an axis, not just fit.
        """
        self._validate_params()
        step = copy.copy(self)
        if not hasattr(self, "n_features_in_"):
            check_is_fitted(self)  # passes for stateless steps
            spectra = step._check_training_spectra(X)
            return step, spectra, step.wavenumbers_in_ is not None
        self._check_learned()
        given = getattr(self, "wavenumbers", None)
        axis = resolve_wavenumbers(X, given, self.n_features_in_)
        step.wavenumbers_in_ = self._known_axis(self.n_features_in_)
        step._axis_was_given = False
        spectra = check_spectra(step, X, reset=False, finite=False)
        fitted = step.wavenumbers_in_ if self._selects else None
        if axis is not None and fitted is None:
            step.wavenumbers_in_ = axis
        step._check_used(spectra)
        return step, spectra, axis is not None

    def _check_learned(self):
        """Raise if the parameters now ask for something else than fit learned."""
        if self._what_to_learn() not in (None, self._learned_by):
            raise NotFittedError(
                f"{self} was fitted with another value of {self._learns_by}: call fit "
                "again."
            )

    def _what_to_learn(self):
        """Return the value of the parameter that says it, None if nothing is."""
        if self._learns_by is None or not self.__sklearn_tags__().requires_fit:
            return None
        return getattr(self, self._learns_by)

    def _known_axis(self, n_points):
        """Return the axis of the spectra at hand in cm-1, or None.

        A parameter `wavenumbers` may have been set, or taken away, after fit.
        """
        given = getattr(self, "wavenumbers", None)
        if given is not None:
            return check_wavenumbers(given, n_points=n_points)
        return None if self._axis_was_given else getattr(self, "wavenumbers_in_", None)

    def _lowered(self, name, default, limit, why):
        """Return the size that a parameter sets, as `lower_default` resolves it."""
        owner = type(self).__name__
        value = getattr(self, name)
        place = {"owner": owner, "name": name, "why": why, "warn": self._warn}
        return lower_default(value, default, limit, **place)

    def _warn(self, message, category=UserWarning, *, rows=None):
        """Warn, or collect the warning where others of its kind may follow.

        With `rows`, a mask, the message goes on after "3 of 12 spectra".
        """
        if self._warnings is not None:
            numbers = self._numbers if rows is None else self._numbers[rows]
            # Axes differ in numbers, which are not what tells two warnings apart.
            kind = category, rows is not None, re.sub(r"[\d.]+", "", message)
            self._warnings.setdefault(kind, (message, []))[1].extend(numbers)
            return
        if rows is not None:
            message = self._say_rows(int(rows.sum()), len(rows), message)
        warnings.warn(message, category, stacklevel=levels_to_user())

    def _warn_rows(self, rows, what, category=UserWarning):
        """Warn once, with the number of spectra that it is about."""
        if rows.any():
            self._warn(what, category, rows=rows)

    def _say_rows(self, n_rows, n_spectra, what):
        return f"{type(self).__name__}: {n_rows} of {n_spectra} spectra {what}"

    def _check_finite(self, transformed):
        if np.isfinite(transformed.sum()):  # faster than a look at each value
            return
        bad = np.flatnonzero(~np.isfinite(transformed).all(axis=1))
        if len(bad):
            raise ValueError(
                f"{type(self).__name__} has no finite result for {len(bad)} of "
                f"{len(transformed)} spectra, the first at row {bad[0]}: their "
                "intensities are too large. Divide the spectra by a constant first."
            )

    # Ragged spectra ------------------------------------------------------------------

    def _keeps_ragged(self, X):
        return not self._unites_axes and is_ragged(X)

    def _fit_ragged(self, X):
        """Try the parameters on each axis; what one axis teaches is not kept."""
        self.wavenumbers_in_, self._axis_was_given = None, False
        first, *_ = self._on_each_axis(X, lambda step, rows: step._learn(rows))
        self._take_over(first[1])

    def _take_over(self, step):
        """Keep what a step learned from the spectra on the first axis."""

    def _transform_ragged(self, X):
        self._validate_params()
        spectra = {}
        for numbers, step, rows in self._on_each_axis(X, _transform_checked):
            axis = np.asarray(step._labels_out(step.wavenumbers_in_), np.float64)
            spectra |= {
                number: (axis.copy(), row)
                for number, row in zip(numbers, rows, strict=True)
            }
        return [spectra[number] for number in range(len(spectra))]

    def _on_each_axis(self, X, function):
        """Call a function of a step and of spectra, once for each axis.

        Returns
        -------
        list of (numbers, step, result)
            Which spectra, the step that knows their axis, what came out.
        """
        spectra, collected, results = self._read_ragged(X), {}, []
        for axis, numbers, rows in by_axis(spectra):
            act = partial(self._on_one_axis, axis, collected, function)
            results.append((numbers, *_name_spectrum(act, numbers, rows)))
        for (category, of_rows, _), (message, numbers) in collected.items():
            if of_rows:
                message = self._say_rows(len(numbers), len(spectra), message)
            message += f" ({name_numbers(sorted(numbers), 'spectrum')})"
            warnings.warn(message, category, stacklevel=levels_to_user())
        return results

    def _on_one_axis(self, axis, collected, function, numbers, rows):
        step = self._on_axis(axis, numbers)
        step._warnings = collected
        return step, function(step, rows)

    def _map_back_ragged(self, maps, X, mode):
        """Carry each map back on the axis of its spectrum."""
        spectra = self._read_ragged(X, finite=False)
        check_n_maps(maps, len(spectra))
        return [
            self._on_axis(axis, np.array([number])).map_back(one, mode=mode)
            for number, (one, (axis, _)) in enumerate(zip(maps, spectra, strict=True))
        ]

    def _read_ragged(self, X, *, finite=True):
        """Return ragged spectra as pairs, after a look at what this step needs."""
        self._refuse_what_needs_one_axis()
        spectra = read_ragged(X)
        bad = []
        for number, (axis, intensities) in enumerate(spectra):
            if len(axis) < self._min_points:
                raise ValueError(
                    f"Spectrum {number} has {len(axis)} point, but "
                    f"{type(self).__name__} needs {self._min_points} or more."
                )
            if finite and not np.isfinite(intensities).all():
                step = self._on_axis(axis, np.array([number]))
                is_bad = ~np.isfinite(intensities)
                look = partial(_used_points, step)
                used = _name_spectrum(look, [number], intensities[None])
                is_bad &= True if used is None else used
                if is_bad.any():
                    bad.append((number, axis, is_bad, np.isnan(intensities).any()))
        if bad:
            first, axis, is_bad, _ = bad[0]
            raise_not_finite(
                f"in {len(bad)} of {len(spectra)} spectra "
                f"({name_numbers([number for number, *_ in bad], 'spectrum')}); "
                f"spectrum {first} {name_points(is_bad, axis)}",
                has_nan=any(has_nan for *_, has_nan in bad),
                owner=type(self).__name__,
            )
        return spectra

    def _refuse_what_needs_one_axis(self):
        """Raise if this step, as it is set, can't treat each spectrum by itself."""
        owner = type(self).__name__
        way_out = "Put a WavenumberResampler before it."
        if self.__sklearn_tags__().requires_fit:
            how = (
                ""
                if self._learns_by is None
                else (f"({self._learns_by}={getattr(self, self._learns_by)!r})")
            )
            raise ValueError(
                f"{owner}{how} learns across spectra, which need one axis for that, "
                f"but each spectrum of X brings its own. {way_out}"
            )
        for name in _ONE_VALUE_PER_POINT:
            value = getattr(self, name, None)
            if value is not None and not isinstance(value, str):
                if name == "wavenumbers":
                    way_out = "Leave it at None."
                raise ValueError(
                    f"{owner}({name}=...) has one value per point of a shared axis, "
                    "but ragged spectra bring their own axes, each with its own "
                    f"points. {way_out}"
                )

    def _on_axis(self, axis, numbers):
        """Return a copy of this step for spectra on one axis."""
        step = copy.copy(self)
        vars(step).pop("feature_names_in_", None)
        step.n_features_in_, step.wavenumbers_in_ = len(axis), axis
        step._axis_was_given, step._numbers = False, numbers
        return step

    def _labels_out(self, labels):
        """Return the labels of the output, given those of the input."""
        return labels

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


# Parameters that do not go together with axes of different spectra.
_ONE_VALUE_PER_POINT = ("wavenumbers", "weights", "reference", "interferents")


def _is_learned(name):
    return name.endswith("_") and not name.startswith("_")


def _used_points(step, numbers, rows):
    return step._used_points(rows.shape[1])


def _transform_checked(step, rows):
    with np.errstate(over="ignore", invalid="ignore"):
        transformed = step._transform_spectra(rows)
        step._check_finite(transformed)
    return transformed


def _name_spectrum(function, numbers, rows):
    """Call a function of spectra that share an axis; an error names the spectrum."""
    try:
        return function(numbers, rows)
    except ValueError as error:
        if len(rows) > 1:  # find the one
            for k in range(len(rows)):
                _name_spectrum(function, numbers[k : k + 1], rows[k : k + 1])
        raise ValueError(f"Spectrum {numbers[0]}: {error}") from error


def rounding(X, dtype):
    """Return what rounding can do to the values of each spectrum.

    Differences up to this are none.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
    dtype : dtype
        That of the spectra as they were given.

    Returns
    -------
    ndarray of shape (n_spectra,)
    """
    return relative_rounding(dtype) * np.abs(X).max(axis=1)


def are_constant(X, dtype):
    """Tell which spectra are constant, apart from rounding.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
    dtype : dtype
        That of the spectra as they were given.

    Returns
    -------
    ndarray of shape (n_spectra,), bool
    """
    first = X[:, :1]
    return (np.abs(X - first) <= relative_rounding(dtype) * np.abs(first)).all(axis=1)


def at_unit_size(X):
    """Return spectra as float64, very large and very small ones near 1.

    Squares and sums of these would leave the range of floating-point numbers. The
    factor is a power of 2, so that nothing is rounded; other spectra stay as they are.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)

    Returns
    -------
    resized : ndarray of shape (n_spectra, n_points), float64
        X / 2 ** exponent.
    exponent : ndarray of shape (n_spectra,), int
        An even number, 0 for ordinary spectra.
    """
    X = X.astype(np.float64, copy=False)
    size = np.abs(X).max(axis=1)
    extreme = (size > 1e100) | ((size < 1e-100) & (size > 0))
    exponent = np.where(extreme, np.frexp(size)[1], 0)
    exponent += exponent % 2
    if extreme.any():
        X = np.ldexp(X, -exponent[:, None])
    return X, exponent
