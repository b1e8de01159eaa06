"""Intensity scales: transformers that change the height of a spectrum, not its grid."""

import numpy as np
from scipy.integrate import trapezoid
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._sklearn import StrOptions
from sklearn_raman._utils._validation import warn_unscaled
from sklearn_raman.preprocessing._base import SpectrumTransformer


def _divide_rows(X, scale, *, offset=0.0, owner, reason):
    """Return (X - offset) / scale in X's dtype; rows of scale 0 as they are."""
    if not np.isfinite(scale).all():
        raise ValueError(
            f"{owner} can't scale intensities as large as {np.abs(X).max():g}: their "
            "sum or square is no finite number. Divide the spectra by a constant first."
        )
    flat = scale == 0
    warn_unscaled(flat, owner=owner, reason=reason)
    scaled = (X - np.reshape(offset, (-1, 1))) / np.where(flat, 1, scale)[:, None]
    scaled = scaled.astype(X.dtype, copy=False)
    scaled[flat] = X[flat]
    return scaled


class SquareRoot(SpectrumTransformer):
    """Square root of the spectrum above its minimum.

    Compresses strong peaks so that weak ones count, and makes shot noise (whose
    variance grows with the signal) about equal everywhere. Before :class:`SNV` it is a
    strong choice for classical models on mineral spectra.

    Attributes
    ----------
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    See Also
    --------
    SNV : Centre and scale each spectrum.

    Examples
    --------
    >>> from sklearn_raman.preprocessing import SquareRoot
    >>> SquareRoot().fit_transform([[2.0, 3.0, 6.0]])
    array([[0., 1., 2.]])
    """

    def _transform_spectra(self, X):
        return np.sqrt(X - X.min(axis=1, keepdims=True))


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
        Minimum and maximum learnt with per="feature" or "dataset".
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Warns
    -----
    UserWarning
        If spectra are constant: they come back as they are.

    Notes
    -----
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

    _parameter_constraints: dict = {
        "per": [StrOptions({"spectrum", "feature", "dataset"})],
        "feature_range": [tuple],
    }

    def __init__(self, *, per="spectrum", feature_range=(0.0, 1.0)):
        self.per = per
        self.feature_range = feature_range

    def _learn(self, X):
        if len(self.feature_range) != 2 or not np.less(*self.feature_range):
            raise ValueError(
                f"feature_range must be (low, high) with low < high, got "
                f"{self.feature_range!r}."
            )
        if self.per == "spectrum":
            return
        axis = 0 if self.per == "feature" else None
        self.data_min_ = np.atleast_1d(X.min(axis=axis))
        self.data_max_ = np.atleast_1d(X.max(axis=axis))

    def _transform_spectra(self, X):
        low, high = self.feature_range
        if self.per == "spectrum":
            bottom, spread = X.min(axis=1), np.ptp(X, axis=1)
            unit = spread / (high - low)
            return _divide_rows(
                X,
                unit,
                offset=bottom - low * unit,
                owner="SpectrumMinMaxScaler",
                reason="are constant",
            )
        check_is_fitted(self)
        spread = self.data_max_ - self.data_min_
        unit = np.where(spread == 0, 1, spread / (high - low))
        return ((X - self.data_min_) / unit + low).astype(X.dtype, copy=False)

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
        Axis in cm-1 for norm="area". None takes numeric column labels.

    Attributes
    ----------
    n_features_in_ : int
        Number of points of a spectrum.
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

    def __init__(self, *, norm="max", wavenumbers=None):
        self.norm = norm
        self.wavenumbers = wavenumbers

    def _transform_spectra(self, X):
        height = np.abs(X).astype(np.float64, copy=False)
        if self.norm == "max":
            scale = height.max(axis=1)
        elif self.norm == "l1":
            scale = height.sum(axis=1)
        elif self.norm == "l2":
            scale = np.linalg.norm(height, axis=1)
        else:
            scale = self._area(height)
        return _divide_rows(
            X, scale, owner="SpectrumNormalizer", reason=f"have {self.norm} 0"
        )

    def _area(self, height):
        axis = self._known_axis(height.shape[1])
        if axis is None:
            return trapezoid(height, axis=1)
        return np.abs(trapezoid(height, axis, axis=1))  # a falling axis integrates < 0


class SNV(SpectrumTransformer):
    """Standard normal variate: centre each spectrum and divide by its spread.

    Removes the offset and the gain of each spectrum: the result has mean 0 and standard
    deviation 1 (with divisor n, as in scikit-learn's scalers).

    Attributes
    ----------
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Warns
    -----
    UserWarning
        If spectra are constant: they come back as they are.

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
        spread = X.std(axis=1, dtype=np.float64)
        spread[np.ptp(X, axis=1) == 0] = 0  # rounding must not pass for spread
        return _divide_rows(
            X,
            spread,
            offset=X.mean(axis=1, dtype=np.float64),
            owner="SNV",
            reason="are constant",
        )


class MSC(SpectrumTransformer):
    """Multiplicative scatter correction: fit each spectrum to a reference.

    Each spectrum x is regressed on the reference r, x = a + b r + rest, and returned
    as (x - a) / b.

    Parameters
    ----------
    reference : {"mean", "median"} or array-like of shape (n_points,), default="mean"
        Reference spectrum: mean or median of the training spectra (learnt in fit, so
        the result depends on them), or a given spectrum.

    Attributes
    ----------
    reference_ : ndarray of shape (n_points,)
        The reference spectrum.
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If a given reference is constant, not finite or of another length.

    Warns
    -----
    UserWarning
        If spectra (or the learnt reference) are constant, so that no slope exists: they
        come back as they are.

    References
    ----------
    .. [1] P. Geladi, D. MacDougall, H. Martens, "Linearization and scatter-correction
       for near-infrared reflectance spectra of meat", Appl. Spectrosc. 39 (1985)
       491-500.

    Examples
    --------
    >>> from sklearn_raman.preprocessing import MSC
    >>> MSC(reference=[0.0, 1.0, 2.0]).fit_transform([[5.0, 7.0, 9.0]])
    array([[0., 1., 2.]])
    """

    _parameter_constraints: dict = {
        "reference": [StrOptions({"mean", "median"}), "array-like"],
    }

    def __init__(self, *, reference="mean"):
        self.reference = reference

    def _learn(self, X):
        if isinstance(self.reference, str):
            combine = np.mean if self.reference == "mean" else np.median
            self.reference_ = combine(X.astype(np.float64, copy=False), axis=0)
            return
        reference = np.asarray(self.reference, dtype=np.float64)
        if reference.shape != (X.shape[1],) or not np.isfinite(reference).all():
            raise ValueError(
                f"reference must be one finite spectrum of {X.shape[1]} points as in "
                f"X, got shape {reference.shape}."
            )
        if np.ptp(reference) == 0:
            raise ValueError(
                "reference is constant: no spectrum can be fitted to it. Give a "
                'spectrum with peaks, or "mean".'
            )
        self.reference_ = reference

    def _transform_spectra(self, X):
        check_is_fitted(self)
        centred = self.reference_ - self.reference_.mean()
        power = (centred**2).sum()
        # Row by row: a matrix product may round a row by which others stand beside it.
        slope = np.asarray([(row * centred).sum() for row in X]) / (power or 1)
        slope[np.ptp(X, axis=1) == 0] = 0
        return _divide_rows(
            X,
            slope,
            offset=X.mean(axis=1, dtype=np.float64) - slope * self.reference_.mean(),
            owner="MSC",
            reason="have no slope against the reference",
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags
