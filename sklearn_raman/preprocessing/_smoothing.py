"""Smoothing and derivatives along the wavenumber axis."""

from numbers import Integral, Real

import numpy as np
from scipy.signal import savgol_filter
from sklearn.utils import gen_batches

from sklearn_raman._utils._sklearn import Interval, StrOptions
from sklearn_raman.preprocessing._base import SpectrumTransformer
from sklearn_raman.preprocessing._baselines import PenaltyMixin
from sklearn_raman.preprocessing._whittaker.reference import smooth_spectra

_CHUNK_VALUES = 2**20  # smoothed at a time: the memory does not grow with the spectra


class SavitzkyGolay(SpectrumTransformer):
    """Savitzky-Golay smoothing and derivatives.

    Fits a polynomial to a moving window and evaluates it, or its derivative, in the
    middle (:func:`scipy.signal.savgol_filter`). Window and derivative count points: the
    filter assumes an even grid, so resample an uneven axis first
    (:class:`WavenumberResampler`).

    Parameters
    ----------
    window_length : int or None, default=None
        Number of points in the window. None means 11, or as many as the spectra have.
    polyorder : int or None, default=None
        Order of the polynomial, below `window_length`. None means 2 (or `deriv`, if
        that is larger), or as much as the window allows.
    deriv : int, default=0
        Order of the derivative; 0 smooths.
    delta : float, default=1.0
        Distance between points in cm-1, by which derivatives are divided; negative for
        a falling axis. With 1.0 a derivative is per point. It is not taken from the
        axis, and smoothing (deriv=0) does not use it.
    mode : {"interp", "mirror", "nearest", "constant", "wrap"}, default="interp"
        How the ends are treated; see :func:`scipy.signal.savgol_filter`. "constant"
        takes the intensity beyond the ends as 0.

    Attributes
    ----------
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If a given window is longer than the spectra, or a given order does not fit the
        window or the derivative.

    Warns
    -----
    UserWarning
        If a default is lowered because the spectra are short.

    References
    ----------
    .. [1] A. Savitzky, M. J. E. Golay, "Smoothing and differentiation of data by
       simplified least squares procedures", Anal. Chem. 36 (1964) 1627-1639.

    Examples
    --------
    >>> from sklearn_raman.preprocessing import SavitzkyGolay
    >>> X = [[1.0, 4.0, 9.0, 16.0, 25.0, 36.0]]
    >>> SavitzkyGolay(window_length=5, deriv=1).fit_transform(X).round(6)
    array([[ 2.,  4.,  6.,  8., 10., 12.]])
    """

    _parameter_constraints: dict = {
        "window_length": [Interval(Integral, 1, None, closed="left"), None],
        "polyorder": [Interval(Integral, 0, None, closed="left"), None],
        "deriv": [Interval(Integral, 0, None, closed="left")],
        "delta": [Interval(Real, None, None, closed="neither")],
        "mode": [StrOptions({"interp", "mirror", "nearest", "constant", "wrap"})],
    }

    def __init__(
        self,
        *,
        window_length=None,
        polyorder=None,
        deriv=0,
        delta=1.0,
        mode="interp",
    ):
        self.window_length = window_length
        self.polyorder = polyorder
        self.deriv = deriv
        self.delta = delta
        self.mode = mode

    def _transform_spectra(self, X):
        window = self._resolve_window(X.shape[1])
        how = {"deriv": self.deriv, "delta": self.delta, "mode": self.mode}
        if self._numbers is None:
            return savgol_filter(X, *window, **how, axis=1)
        # Ragged: a spectrum has the same bits whatever others are on its axis.
        return np.stack([savgol_filter(row, *window, **how) for row in X])

    def _learn(self, X):
        self._resolve_window(X.shape[1])  # a window that does not fit fails in fit

    def _resolve_window(self, n_points):
        """Return window length and polynomial order for spectra of n_points."""
        if self.delta == 0:
            raise ValueError("delta is the distance between points and can't be 0.")
        why = f"the spectra have {n_points} points"
        window_length = self._lowered("window_length", 11, n_points, why)
        why = f"the window has {window_length} points"
        default = max(2, self.deriv)
        polyorder = self._lowered("polyorder", default, window_length - 1, why)
        if self.deriv > polyorder:
            raise ValueError(
                f"SavitzkyGolay(deriv={self.deriv}) would be zero everywhere with "
                f"polyorder={polyorder}: raise it (and window_length above it)."
            )
        return window_length, polyorder


class WhittakerSmoother(PenaltyMixin, SpectrumTransformer):
    """Smooth spectra by penalized least squares.

    The smooth curve z minimizes sum(w (y - z)^2) + lam sum((D z)^2), where D takes
    differences [1]_. All spectra share the weights, so one factorization serves them.

    Parameters
    ----------
    lam : float, default=10.0
        Smoothness. It counts points: at twice the sampling density the same curve needs
        2 ** (2 * diff_order) times the value.
    cutoff : float or None, default=None
        Smoothness in cm-1, in place of `lam`: the length of a wave of which the curve
        follows half. It means the same whatever the sampling, and needs an even axis.
    diff_order : int or None, default=None
        Order of the differences that are penalized, 1 to 3. None means 2, or what short
        spectra allow.
    weights : array-like of shape (n_points,) or None, default=None
        Weights w of the points, not negative; 0 bridges a point. None means 1.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1, used by `cutoff` only. None takes the column labels.

    Attributes
    ----------
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If a given `diff_order` is not below the number of points, `weights` does not
        fit, is negative or has fewer positive values than `diff_order`, `lam` is beyond
        what rounding allows, or `cutoff` meets an uneven or unknown axis.

    See Also
    --------
    SavitzkyGolay : Smoothing by moving polynomials.

    References
    ----------
    .. [1] P. H. C. Eilers, "A perfect smoother", Anal. Chem. 75 (2003) 3631-3636,
       https://doi.org/10.1021/ac034173t

    Examples
    --------
    >>> from sklearn_raman.preprocessing import WhittakerSmoother
    >>> WhittakerSmoother(lam=1e6).fit_transform([[0.0, 2.0, 2.0, 4.0]]).round(3)
    array([[0.2, 1.4, 2.6, 3.8]])
    """

    _curve = "curve"
    _min_points = 2  # a single point has no neighbor to be smooth with
    _parameter_constraints: dict = {
        **PenaltyMixin.constraints,
        "weights": ["array-like", None],
    }

    def __init__(
        self,
        *,
        lam=10.0,
        cutoff=None,
        diff_order=None,
        weights=None,
        wavenumbers=None,
    ):
        self.lam = lam
        self.cutoff = cutoff
        self.diff_order = diff_order
        self.weights = weights
        self.wavenumbers = wavenumbers

    def _learn(self, X):
        self._settings(X)  # what does not fit fails in fit

    def _settings(self, X):
        """Return weights, lam and order of differences for these spectra."""
        lam, diff_order = self._penalty(X)
        if self.weights is None:
            return np.ones(X.shape[1]), lam, diff_order
        weights = np.asarray(self.weights, dtype=np.float64)
        if weights.shape != (X.shape[1],) or not (weights >= 0).all():
            raise ValueError(
                f"weights must be {X.shape[1]} values of 0 or more, one for each "
                f"point, got shape {weights.shape}."
            )
        if np.count_nonzero(weights) < diff_order or not np.isfinite(weights).all():
            raise ValueError(
                f"weights must be finite and positive at {diff_order} points or more, "
                "or the curve is not determined."
            )
        return weights, lam, diff_order

    def _transform_spectra(self, X):
        weights, lam, diff_order = self._settings(X)
        smooth = np.empty_like(X)
        for chunk in gen_batches(len(X), max(1, _CHUNK_VALUES // X.shape[1])):
            smooth[chunk] = smooth_spectra(X[chunk], weights, lam, diff_order)
        return smooth
