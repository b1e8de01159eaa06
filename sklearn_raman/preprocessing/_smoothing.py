"""Smoothing and derivatives along the wavenumber axis."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Literal

import numpy as np
from numpy.polynomial.legendre import legder, legval, legvander
from numpy.typing import ArrayLike
from scipy.ndimage import correlate1d
from scipy.sparse import csr_array
from sklearn.utils import gen_batches

from sklearn_raman._utils._sklearn import Interval, StrOptions
from sklearn_raman._utils._wavenumbers import (
    as_real,
    check_labels,
    is_even,
    measured_parts,
    require_wavenumbers,
)
from sklearn_raman.preprocessing._base import SpectrumTransformer
from sklearn_raman.preprocessing._penalty import LAM_MAX, PenaltyMixin
from sklearn_raman.preprocessing._whittaker.reference import smooth_spectra

_LEAST_WEIGHT = 1e-12  # relative to the largest; beside that one it is rounding
_CHUNK_VALUES = 2**20  # smoothed at a time: the memory does not grow with the spectra


class SavitzkyGolay(SpectrumTransformer):
    """Savitzky-Golay smoothing and derivatives.

    Fits a polynomial to a moving window and evaluates it, or its derivative, at the
    point in the middle (the second of two). The window counts points. On an axis that
    is known to be uneven the polynomial is fitted over the wavenumbers, and no window
    reaches across a gap; else the points count as even
    (:func:`scipy.signal.savgol_filter`).

    Parameters
    ----------
    window_length : int or None, default=None
        Number of points in the window. None means 11, or as many as the spectra have.
    polyorder : int or None, default=None
        Order of the polynomial, below `window_length`. None means 2 (or `deriv`, if
        that is larger), or as much as the window allows.
    deriv : int, default=0
        Order of the derivative; 0 smooths.
    delta : float or "axis", default=1.0
        Distance between points in cm-1, by which derivatives are divided; negative for
        a falling axis. With 1.0 a derivative is per point, which on an uneven axis has
        the mean size. "axis" takes the distance from the axis, so that derivatives are
        per cm-1: what spectra with different sampling need. Smoothing (deriv=0) does
        not use it.
    mode : {"interp", "mirror", "nearest", "constant", "wrap"}, default="interp"
        How the ends are treated; see :func:`scipy.signal.savgol_filter`. "constant"
        takes the intensity beyond the ends as 0.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1. None takes the column labels; where there are none, points count
        as even.

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
        If a given window is longer than the spectra, or than their part on one side of
        a gap; if a given order does not fit the window or the derivative, or is so
        high that rounding decides; if delta="axis" and the axis is not known.

    Warns
    -----
    UserWarning
        If a default is lowered because the spectra are short, or if derivatives are
        per point and ragged spectra have points at different distances.

    Notes
    -----
    On an uneven axis the modes other than "interp" go on beyond the ends with the
    mirror image of the distances there.

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
        "delta": [StrOptions({"axis"}), Interval(Real, None, None, closed="neither")],
        "mode": [StrOptions({"interp", "mirror", "nearest", "constant", "wrap"})],
        "wavenumbers": ["array-like", None],
    }

    def __init__(
        self,
        *,
        window_length: int | None = None,
        polyorder: int | None = None,
        deriv: int = 0,
        delta: float | Literal["axis"] = 1.0,
        mode: Literal["interp", "mirror", "nearest", "constant", "wrap"] = "interp",
        wavenumbers: ArrayLike | None = None,
    ) -> None:
        self.window_length = window_length
        self.polyorder = polyorder
        self.deriv = deriv
        self.delta = delta
        self.mode = mode
        self.wavenumbers = wavenumbers

    def _transform_spectra(self, X):
        axis, parts = self._axis_in_parts(X.shape[1])
        window = self._resolve_window(X.shape[1], parts)
        how = {"deriv": self.deriv, "mode": self.mode}
        if axis is None or is_even(axis):
            return _even_filter(X, *window, delta=self._distance(axis), **how)
        smooth = np.empty_like(X)
        for part in parts:
            operator, columns = _uneven_filter(axis[part], *window, **how)
            for rows in gen_batches(len(X), max(1, _CHUNK_VALUES // X.shape[1])):
                piece = X[rows, part].astype(np.float64, copy=False)
                smooth[rows, part] = (operator @ _take(piece, columns, self.mode).T).T
        if self.delta != "axis":
            mean = np.mean(np.concatenate([np.diff(axis[part]) for part in parts]))
            smooth *= (mean / float(self.delta)) ** self.deriv
        return smooth

    def _learn(self, X):
        _, parts = self._axis_in_parts(X.shape[1])
        self._resolve_window(X.shape[1], parts)  # what does not fit fails in fit

    def _read_ragged(self, X, *, finite=True):
        spectra = super()._read_ragged(X, finite=finite)
        if finite and self.deriv > 0 and self.delta != "axis":
            steps = [np.median(np.abs(np.diff(a))) for a, _ in spectra if len(a) > 1]
            if steps and max(steps) > 1.01 * min(steps):
                self._warn(
                    "SavitzkyGolay: derivatives are per point, and the points of these "
                    f"spectra are {min(steps):g} to {max(steps):g} cm-1 apart. With "
                    'delta="axis" they are per cm-1 and can be compared.'
                )
        return spectra

    def _axis_in_parts(self, n_points):
        """Return the axis, or None, and its parts between gaps."""
        if isinstance(self.delta, Real) and self.delta == 0:
            raise ValueError("delta is the distance between points and can't be 0.")
        axis = self._known_axis(n_points)
        if self.delta == "axis":
            purpose = 'with delta="axis"'
            axis = require_wavenumbers(axis, owner="SavitzkyGolay", purpose=purpose)
        return axis, [slice(None)] if axis is None else measured_parts(axis)

    def _distance(self, axis):
        if self.delta != "axis":
            return float(self.delta)
        return np.mean(np.diff(axis)) if len(axis) > 1 else 1.0

    def _resolve_window(self, n_points, parts):
        """Return window length and polynomial order for spectra of n_points."""
        why = f"the spectra have {n_points} points"
        if len(parts) > 1:
            n_points = min(part.stop - part.start for part in parts)
            why = f"the spectra have {n_points} points on one side of a gap"
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


_PAD = {
    "mirror": "reflect",
    "nearest": "edge",
    "constant": "constant",
    "wrap": "wrap",
}


def _even_filter(X, window_length, polyorder, *, deriv, delta, mode):
    """Filter spectra on an even axis; each to the same bits whatever is beside it.

    What `scipy.signal.savgol_filter` does, whose weights are lost in rounding for high
    orders: for order 8 in a window of 151 points they are 0. With an even number of
    points it evaluates between two of them, where no label is.
    """
    window, half = delta * np.arange(window_length), window_length // 2
    weights = _derivative_weights(window[None], window[half], polyorder, deriv)[0]
    padding = "nearest" if mode == "interp" else mode
    smooth = correlate1d(X, weights, axis=1, mode=padding)
    if half and mode == "interp":
        ends, _ = _uneven_filter(
            window, window_length, polyorder, deriv=deriv, mode="interp"
        )
        smooth[:, :half] = (ends[:half] @ X[:, :window_length].T).T
        smooth[:, -half:] = (ends[-half:] @ X[:, -window_length:].T).T
    return smooth


def _uneven_filter(axis, window_length, polyorder, *, deriv, mode):
    """Return the Savitzky-Golay filter of an uneven axis.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
    window_length, polyorder, deriv, mode
        As in `SavitzkyGolay`; the derivative is per cm-1.

    Returns
    -------
    operator : csr_array of shape (n_points, n_points + sum(columns))
        For spectra as columns, padded by `_take`.
    columns : tuple (before, after)
        How many points it wants to be added at each end.
    """
    n_points, half = len(axis), window_length // 2
    columns = (0, 0) if mode == "interp" else (half, window_length - 1 - half)
    first = np.arange(n_points)
    if mode == "interp":
        first = np.clip(first - half, 0, n_points - window_length)
    points = np.pad(axis, columns, mode="reflect", reflect_type="odd")
    window = first[:, None] + np.arange(window_length)
    weights = _derivative_weights(points[window], axis, polyorder, deriv)
    rows = np.repeat(np.arange(n_points), window_length)
    shape = n_points, len(points)
    return csr_array((weights.ravel(), (rows, window.ravel())), shape=shape), columns


def _derivative_weights(points, at, polyorder, deriv):
    """Return what values are multiplied by for the derivative of their polynomial.

    Parameters
    ----------
    points : ndarray of shape (n_windows, window_length)
    at : ndarray of shape (n_windows,), or float
        Where the derivative of the polynomial fitted in each window is taken.
    polyorder, deriv : int

    Returns
    -------
    ndarray of shape (n_windows, window_length)
    """
    low, high = points.min(axis=1), points.max(axis=1)
    middle, half = (low + high) / 2, (high - low) / 2
    half[half == 0] = 1  # of a window of one point
    # Unlike powers, Legendre polynomials are hardly dependent on one another.
    basis = legvander((points - middle[:, None]) / half[:, None], polyorder)
    q, r = np.linalg.qr(basis)
    if polyorder > 10 and np.linalg.cond(r).max() > 1e10:
        raise ValueError(
            f"polyorder={polyorder} is too large for a window of {points.shape[1]} "
            "points: its polynomial is lost in rounding. Lower polyorder."
        )
    derivatives = legder(np.eye(polyorder + 1), deriv)
    wanted = legval((at - middle) / half, derivatives).T[:, :, None]
    weights = q @ np.linalg.solve(r.transpose(0, 2, 1), wanted)
    return weights[:, :, 0] / half[:, None] ** deriv


def _take(X, columns, mode):
    """Return spectra continued at their ends."""
    return X if mode == "interp" else np.pad(X, ((0, 0), columns), mode=_PAD[mode])


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
        Axis in cm-1: `cutoff` needs it, and with `lam` a warning tells if it is
        uneven. None takes the column labels.

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
        fit, has another axis, is negative or has fewer positive values than
        `diff_order`, `lam` is beyond what rounding allows, or `cutoff` meets an uneven
        or unknown axis.

    Warns
    -----
    UserWarning
        If the spectra are too short for the default `diff_order`; if `lam` meets an
        axis that is known to be uneven; if `lam` is so large (1e12, 1e11, 1e10 for
        order 1, 2, 3) that rounding may show.

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
        lam: float = 10.0,
        cutoff: float | None = None,
        diff_order: int | None = None,
        weights: ArrayLike | None = None,
        wavenumbers: ArrayLike | None = None,
    ) -> None:
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
        check_labels(self.weights, self._known_axis(X.shape[1]), "weights")
        weights = as_real(self.weights, "weights")
        if weights.shape != (X.shape[1],) or not (weights >= 0).all():
            raise ValueError(
                f"weights must be {X.shape[1]} values of 0 or more, one for each "
                f"point, got shape {weights.shape}."
            )
        largest = weights.max()
        has_weight = weights > _LEAST_WEIGHT * largest
        if has_weight.sum() < diff_order or not np.isfinite(largest):
            raise ValueError(
                f"weights must be finite, and positive at {diff_order} points or more "
                f"(above {_LEAST_WEIGHT:g} of the largest), or the curve is not "
                "determined."
            )
        if lam > LAM_MAX[diff_order] * largest:
            raise ValueError(
                f"lam={lam:g} is too large for weights of at most {largest:g}: rounding"
                " is all that would be left of the spectrum."
            )
        return weights, lam, diff_order

    def _transform_spectra(self, X):
        weights, lam, diff_order = self._settings(X)
        smooth = np.empty_like(X)
        for chunk in gen_batches(len(X), max(1, _CHUNK_VALUES // X.shape[1])):
            smooth[chunk] = smooth_spectra(X[chunk], weights, lam, diff_order)
        return smooth
