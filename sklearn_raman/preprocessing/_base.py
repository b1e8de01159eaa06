"""What all transformers of spectra share: axis, frames, and what rounding can do."""

import copy
import warnings

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._frames import frame_like, is_frame
from sklearn_raman._utils._map_back import check_maps, check_mode
from sklearn_raman._utils._sklearn import (
    check_feature_names_in,
    fit_context,
    output_is_chosen,
)
from sklearn_raman._utils._validation import (
    check_spectra,
    lower_default,
    unchanged_on_error,
)
from sklearn_raman._utils._wavenumbers import (
    check_wavenumbers,
    format_wavenumbers,
    resolve_wavenumbers,
)
from sklearn_raman.preprocessing._whittaker.reference import relative_rounding


class SpectrumTransformer(TransformerMixin, BaseEstimator):
    """Base of all transformers of spectra.

    A subclass writes `_transform_spectra(X)`: validated spectra in, as many spectra
    out. It checks the parameters that it uses, because they may change after fit. One
    that learns from the training spectra also writes `_learn(X)`; without it the
    transformer is stateless: each spectrum's result depends on that spectrum alone, and
    an unfitted transformer does what a fitted one would. One that changes the grid also
    writes `_labels_out` and `map_back`.
    """

    _parameter_constraints: dict = {}
    _min_points = 1  # shorter spectra get an error
    _ensure_all_finite = True  # False if the subclass checks what it uses itself
    _learns_by = None  # the parameter that says what is learned
    _axis_was_given = False  # the axis that fit saw was a parameter's

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the spectra and their axis, and learn what the parameters ask for.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra. Column labels that are numbers are the wavenumbers in cm-1.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        with unchanged_on_error(self):
            spectra = self._check_training_spectra(X)
            self._axis_was_given = getattr(self, "wavenumbers", None) is not None
            self._learn(spectra)
            self._learned_by = self._what_to_learn()
        return self

    def transform(self, X):
        """Transform each spectrum.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra on the axis seen in fit.

        Returns
        -------
        ndarray or data frame of shape (n_spectra, n_points_out)
            Transformed spectra; float32 stays float32, all else becomes float64. A data
            frame if X is one with a known axis, or if `set_output` says so.
        """
        step, spectra, has_axis = self._read(X)
        with np.errstate(over="ignore", invalid="ignore"):
            transformed = step._transform_spectra(spectra)
            self._check_finite(transformed)
        if not (has_axis and is_frame(X)) or output_is_chosen(self):
            return transformed
        return frame_like(transformed, X, step._labels_out(X.columns))

    def get_feature_names_out(self, input_features=None):
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
            return self._labels_out(check_feature_names_in(self, input_features))
        return self._labels_out(format_wavenumbers(axis))

    def map_back(self, maps, X=None, *, mode="conserve"):
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
            Ignored.
        mode : {"conserve", "density"}, default="conserve"
            Both are the same here.

        Returns
        -------
        ndarray of shape (..., n_points)
            The same maps.
        """
        check_mode(mode)
        n_points = getattr(self, "n_features_in_", None)
        return check_maps(maps, n_points, owner=type(self).__name__)

    def _check_training_spectra(self, X):
        return check_spectra(
            self,
            X,
            reset=True,
            ensure_min_features=self._min_points,
            ensure_all_finite=self._ensure_all_finite,
        )

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
        if self._what_to_learn() not in (None, self._learned_by):
            raise NotFittedError(
                f"{self} was fitted with another value of {self._learns_by}: call fit "
                "again."
            )
        given = getattr(self, "wavenumbers", None)
        axis = resolve_wavenumbers(X, given, self.n_features_in_)
        step.wavenumbers_in_ = self._known_axis(self.n_features_in_)
        step._axis_was_given = False
        spectra = check_spectra(
            step, X, reset=False, ensure_all_finite=self._ensure_all_finite
        )
        if axis is not None:
            step.wavenumbers_in_ = axis
        return step, spectra, axis is not None

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
        return lower_default(value, default, limit, owner=owner, name=name, why=why)

    def _warn_rows(self, rows, what, category=UserWarning, stacklevel=5):
        """Warn once, with the number of spectra that it is about."""
        if n_rows := int(rows.sum()):
            warnings.warn(
                f"{type(self).__name__}: {n_rows} of {len(rows)} spectra {what}",
                category,
                stacklevel=stacklevel,
            )

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

    def _labels_out(self, labels):
        """Return the labels of the output, given those of the input."""
        return labels

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


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
    """Tell which spectra are constant, apart from rounding; `is_constant` for many.

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
