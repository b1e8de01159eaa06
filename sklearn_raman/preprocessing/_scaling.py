"""Intensity scales: transformers that change the height of a spectrum, not its grid."""

from __future__ import annotations

from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import trapezoid

from sklearn_raman._utils._sklearn import StrOptions
from sklearn_raman.preprocessing._base import (
    SpectrumTransformer,
    are_constant,
    at_unit_size,
)


def divide(raised, scale, unscalable):
    """Divide each spectrum by its scale, those without one by 1."""
    return raised / np.where(unscalable, 1, scale)[:, None]


def keep_unscalable(step, scaled, X, unscalable, reason="are constant"):
    """Put spectra without a scale back as they were, and warn once with their number.

    The one rule for constant spectra: they never stop a set.
    """
    scaled = scaled.astype(X.dtype, copy=False)
    scaled[unscalable] = X[unscalable]
    step._warn_rows(unscalable, f"{reason} and come back as they are.")
    return scaled


class SquareRoot(SpectrumTransformer):
    """Square root of the spectrum above its minimum.

    Compresses strong bands so that weak ones count, and makes shot noise (whose
    variance grows with the signal) about equal everywhere. Before :class:`SNV` it is a
    strong choice for classical models on mineral spectra.

    Attributes
    ----------
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    See Also
    --------
    SNV : Center and scale each spectrum.

    Examples
    --------
    >>> from sklearn_raman.preprocessing import SquareRoot
    >>> SquareRoot().fit_transform([[2.0, 3.0, 6.0]])
    array([[0., 1., 2.]])
    """

    def _transform_spectra(self, X):
        resized, exponent = at_unit_size(X)
        root = np.sqrt(resized - resized.min(axis=1, keepdims=True))
        root[are_constant(resized, X.dtype)] = 0  # or the root enlarges rounding
        return np.ldexp(root, exponent[:, None] // 2).astype(X.dtype, copy=False)


class SpectrumMinMaxScaler(SpectrumTransformer):
    """Scale intensities to a range, per spectrum, per wavenumber or for the data set.

    Parameters
    ----------
    per : {"spectrum", "feature", "dataset"}, default="spectrum"
        What the minimum and maximum are taken of. "spectrum" is stateless; the other
        two learn from the training spectra, and new spectra may leave the range.
    feature_range : tuple (low, high), default=(0.0, 1.0)
        Range of the result, in intensity units.

    Attributes
    ----------
    data_min_, data_max_ : ndarray of shape (n_points,) or (1,)
        Minimum and maximum learned with per="feature" or "dataset".
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Warns
    -----
    UserWarning
        With per="spectrum", if spectra are constant, rounding aside: they come back
        as they are.

    Notes
    -----
    With per="feature", a wavenumber at which all training spectra are equal is only
    shifted.

    The source [1]_ gives two equations. In eq. 9, (x_ij - min(x_j)) / (max(x_j) -
    min(x_j)), the index j names the variable although the text says that the meat
    spectra were scaled "by different spectra"; it is read as the minimum and maximum
    of each spectrum: per="spectrum". Taken by the letter of its index it would be
    per="feature". Eq. 10 takes the minimum and maximum of all values ("by different
    spectra and variables"): per="dataset".

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta 1119 (2020), eq. 9-10,
       https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> from sklearn_raman.preprocessing import SpectrumMinMaxScaler
    >>> X = [[0.0, 5.0, 10.0], [2.0, 3.0, 4.0]]
    >>> SpectrumMinMaxScaler().fit_transform(X)
    array([[0. , 0.5, 1. ],
           [0. , 0.5, 1. ]])
    >>> SpectrumMinMaxScaler(per="dataset").fit_transform(X)
    array([[0. , 0.5, 1. ],
           [0.2, 0.3, 0.4]])
    """

    _learns_by = "per"
    _parameter_constraints: dict = {
        "per": [StrOptions({"spectrum", "feature", "dataset"})],
        "feature_range": [tuple],
    }

    def __init__(
        self,
        *,
        per: Literal["spectrum", "feature", "dataset"] = "spectrum",
        feature_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self.per = per
        self.feature_range = feature_range

    def _learn(self, X):
        self._range()
        if self.per != "spectrum":
            axis = 0 if self.per == "feature" else None
            self.data_min_ = np.atleast_1d(X.min(axis=axis))
            self.data_max_ = np.atleast_1d(X.max(axis=axis))

    def _range(self):
        numbers = all(isinstance(end, Real) for end in self.feature_range)
        if numbers and len(self.feature_range) == 2:
            low, high = self.feature_range
            if np.isfinite([low, high]).all() and low < high:
                return low, high
        raise ValueError(
            "feature_range must be (low, high), two finite numbers with low < high, "
            f"got {self.feature_range!r}."
        )

    def _transform_spectra(self, X):
        low, high = self._range()
        if self.per != "spectrum":
            # By halves, because the range may be larger than the largest number.
            bottom, top, half = (
                values.astype(np.float64, copy=False) / 2
                for values in (self.data_min_, self.data_max_, X)
            )
            constant = are_constant(np.stack([bottom, top], axis=1), X.dtype)
            part = (half - bottom) / np.where(constant, 0.5, top - bottom)
            return (low + (high - low) * part).astype(X.dtype, copy=False)
        resized, _ = at_unit_size(X)
        bottom, spread = resized.min(axis=1, keepdims=True), np.ptp(resized, axis=1)
        constant = are_constant(resized, X.dtype)
        part = divide(resized - bottom, spread, constant)
        scaled = np.clip(low * (1 - part) + high * part, low, high)
        return keep_unscalable(self, scaled, X, constant)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self.per != "spectrum"
        return tags


class SpectrumNormalizer(SpectrumTransformer):
    """Divide each spectrum by its height, its area or its norm.

    Parameters
    ----------
    norm : {"max", "area", "l1", "l2"}, default="max"
        "max" divides by the largest absolute intensity (as before the CNN of [1]_);
        "area" by the integral of the absolute intensity over the axis (trapezoidal
        rule; in intensity times cm-1 where the axis is known, else times points);
        "l1" and "l2" by the sum of absolute values and the Euclidean norm.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1, used by norm="area" only. None takes the column labels.

    Attributes
    ----------
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Warns
    -----
    UserWarning
        If spectra are zero everywhere: they come back as they are.

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), section 2.1,
       https://doi.org/10.1016/j.aca.2019.08.064

    Examples
    --------
    >>> from sklearn_raman.preprocessing import SpectrumNormalizer
    >>> SpectrumNormalizer().fit_transform([[0.0, 2.0, 4.0, 2.0]])
    array([[0. , 0.5, 1. , 0.5]])
    >>> SpectrumNormalizer(norm="area").fit_transform([[0.0, 2.0, 4.0, 2.0, 0.0]])
    array([[0.  , 0.25, 0.5 , 0.25, 0.  ]])
    """

    _parameter_constraints: dict = {
        "norm": [StrOptions({"max", "area", "l1", "l2"})],
        "wavenumbers": ["array-like", None],
    }

    def __init__(
        self,
        *,
        norm: Literal["max", "area", "l1", "l2"] = "max",
        wavenumbers: ArrayLike | None = None,
    ) -> None:
        self.norm = norm
        self.wavenumbers = wavenumbers

    def _transform_spectra(self, X):
        resized, _ = at_unit_size(X)
        height = np.abs(resized)
        if self.norm == "area":
            scale = self._area(height)
        else:
            order = {"max": np.inf, "l1": 1, "l2": 2}[self.norm]
            scale = np.linalg.norm(height, order, axis=1)
        zero = scale == 0
        scaled = divide(resized, scale, zero)
        return keep_unscalable(self, scaled, X, zero, f"have {self.norm} 0")

    def _area(self, height):
        axis = self._known_axis(height.shape[1])
        if axis is None:
            return trapezoid(height, axis=1)
        return np.abs(trapezoid(height, axis, axis=1))  # a falling axis integrates < 0


class SNV(SpectrumTransformer):
    """Standard normal variate: center each spectrum and divide by its spread.

    Removes the offset and the gain of each spectrum: the result has mean 0 and standard
    deviation 1 (with divisor n, as in scikit-learn's scalers).

    Attributes
    ----------
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Warns
    -----
    UserWarning
        If spectra are constant, rounding aside: they come back as they are.

    See Also
    --------
    MSC : Remove offset and gain with respect to a reference spectrum.

    References
    ----------
    .. [1] R. J. Barnes, M. S. Dhanoa, S. J. Lister, "Standard normal variate
       transformation and de-trending of near-infrared diffuse reflectance spectra",
       Appl. Spectrosc. 43 (1989) 772-777.

    Examples
    --------
    >>> from sklearn_raman.preprocessing import SNV
    >>> SNV().fit_transform([[1.0, 3.0, 1.0, 3.0]])
    array([[-1.,  1., -1.,  1.]])
    """

    def _transform_spectra(self, X):
        resized, _ = at_unit_size(X)
        constant = are_constant(resized, X.dtype)
        centered = resized - resized.mean(axis=1, keepdims=True)
        scaled = divide(centered, resized.std(axis=1), constant)
        return keep_unscalable(self, scaled, X, constant)
