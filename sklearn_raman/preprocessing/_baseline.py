"""Transformers that subtract the slowly varying background of a spectrum."""

import inspect
from numbers import Integral, Real

import numpy as np
from pybaselines import Baseline

from sklearn_raman._utils._sklearn import Interval, fit_context
from sklearn_raman._utils._validation import lower_default
from sklearn_raman._utils._wavenumbers import check_wavenumbers
from sklearn_raman.preprocessing._base import SpectrumTransformer
from sklearn_raman.preprocessing._whittaker import airpls

# collab_pls shares weights between the spectra of a set, so that the correction of one
# would depend on the others.
_COUPLES_SPECTRA = {"collab_pls"}


def baseline_methods():
    """Return the names that `BaselineCorrection(method=...)` accepts, sorted."""
    offered = {
        name
        for name, method in inspect.getmembers(Baseline, inspect.isfunction)
        if not name.startswith("_") and "data" in inspect.signature(method).parameters
    }
    return sorted((offered - _COUPLES_SPECTRA) | {"linear"})


class BaselineCorrection(SpectrumTransformer):
    """Subtract a baseline found by a method chosen by name.

    One transformer for all methods, so that a grid search can compare them.

    Parameters
    ----------
    method : str, default="linear"
        "linear" subtracts the straight line through the first and the last point (as
        before the CNN of [1]_). Any other name is a method of
        :class:`pybaselines.Baseline` [2]_ that corrects spectra one by one, for example
        "asls", "arpls", "modpoly", "snip" or "rubberband".
    method_params : dict or None, default=None
        Further arguments of the pybaselines method, for example ``{"lam": 1e5}``. None
        uses its defaults.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1. None takes numeric column labels; where there are none, points are
        taken as evenly spaced. Some pybaselines methods use the axis, those of the
        Whittaker family ("asls", "arpls", ...) count points.

    Attributes
    ----------
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If the method does not exist, does not take a parameter that was given, or finds
        no finite baseline for a spectrum.

    See Also
    --------
    AIRPLS : airPLS, whose parameters a grid can search directly.

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), section 2.1,
       https://doi.org/10.1016/j.aca.2019.08.064
    .. [2] D. Erb, "pybaselines: a Python library of algorithms for the baseline
       correction of experimental data", https://doi.org/10.5281/zenodo.5608581

    Examples
    --------
    >>> from sklearn_raman.preprocessing import BaselineCorrection
    >>> X = [[10.0, 11.0, 17.0, 13.0, 14.0]]
    >>> BaselineCorrection().fit_transform(X)
    array([[0., 0., 5., 0., 0.]])
    >>> arpls = BaselineCorrection(method="arpls", method_params={"lam": 10.0})
    >>> arpls.fit_transform(X).shape
    (1, 5)
    """

    _min_points = 2  # one point is its own baseline
    _parameter_constraints: dict = {
        "method": [str],
        "method_params": [dict, None],
        "wavenumbers": ["array-like", None],
    }

    def __init__(self, *, method="linear", method_params=None, wavenumbers=None):
        self.method = method
        self.method_params = method_params
        self.wavenumbers = wavenumbers

    def _learn(self, X):
        if self.method not in baseline_methods():
            reason = (
                "corrects all spectra of a set together, which lets one spectrum's "
                "result depend on the others"
                if self.method in _COUPLES_SPECTRA
                else "is not known"
            )
            raise ValueError(
                f"method={self.method!r} {reason}. Choose one of: "
                f"{', '.join(baseline_methods())}."
            )
        self._check_method_params()

    def _check_method_params(self):
        params = self.method_params or {}
        if self.method == "linear":
            allowed = []
        else:
            signature = inspect.signature(getattr(Baseline, self.method))
            kinds = {parameter.kind for parameter in signature.parameters.values()}
            if inspect.Parameter.VAR_KEYWORD in kinds:
                return  # passed on to a padding function: pybaselines checks them
            allowed = [name for name in signature.parameters if name != "self"]
            allowed.remove("data")
        if unknown := sorted(set(params) - set(allowed)):
            raise ValueError(
                f"method_params has {unknown}, which method={self.method!r} does not "
                f"take; it takes {allowed}."
            )

    def _transform_spectra(self, X):
        axis = getattr(self, "wavenumbers_in_", None)
        if axis is None and self.wavenumbers is not None:
            axis = check_wavenumbers(self.wavenumbers, n_points=X.shape[1])
        if axis is None:
            axis = np.arange(X.shape[1], dtype=np.float64)
        corrected = X - self._baselines(X, axis)
        bad = np.flatnonzero(~np.isfinite(corrected).all(axis=1))
        if len(bad):
            raise ValueError(
                f"method={self.method!r} found no finite baseline for {len(bad)} of "
                f"{len(X)} spectra, the first at row {bad[0]}: change method_params "
                f"(now {self.method_params!r}) or the method."
            )
        return corrected.astype(X.dtype, copy=False)

    def _baselines(self, X, axis):
        if self.method == "linear":
            position = (axis - axis[0]) / (axis[-1] - axis[0])
            return X[:, :1] + (X[:, -1:] - X[:, :1]) * position
        fit_baseline = getattr(Baseline(axis), self.method)
        params = self.method_params or {}
        baselines = np.empty(X.shape)
        for i, row in enumerate(X):
            try:
                baselines[i] = fit_baseline(row, **params)[0]
            except Exception as error:
                raise ValueError(
                    f"method={self.method!r} with method_params={params!r} fails on "
                    f"the spectrum at row {i}, which has {len(row)} points: {error}"
                ) from error
        return baselines


class AIRPLS(SpectrumTransformer):
    """Subtract a baseline by adaptive iteratively reweighted penalised least squares.

    Fits a smooth curve, gives points above it no weight and points below it a weight
    that grows with their distance and with the number of the iteration, and repeats
    until little is left below the curve [1]_.

    Parameters
    ----------
    lam : float, default=1e5
        Smoothness of the baseline. It counts points: at twice the sampling density the
        same baseline needs 2 ** (2 * diff_order) times the value.
    diff_order : int or None, default=None
        Order of the differences that are penalised. None means 2, or what short spectra
        allow.
    max_iter : int, default=50
        Largest number of times the smooth curve is solved for.
    tol : float, default=1e-3
        The iteration stops when the residuals below the baseline add up to less than
        tol times the sum of the absolute intensities. This makes the result depend on
        a constant offset of the spectrum, as in the published algorithm.

    Attributes
    ----------
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known. Points are taken as evenly spaced.
    n_iter_ : int
        Largest number of solves that a spectrum seen in fit needed.

    Raises
    ------
    ValueError
        If a given `diff_order` is not below the number of points.

    Warns
    -----
    ConvergenceWarning
        Once, with the number of spectra that needed more than max_iter solves.

    See Also
    --------
    BaselineCorrection : Other methods by name.

    Notes
    -----
    The definition is the paper's with the weights corrected by its author (the absolute
    value missing in eq. 9), t counted from 1 and capped at 50, and no special weights
    at the ends; pybaselines uses the same. Fewer than max(2, diff_order) points below
    the baseline end the iteration.

    References
    ----------
    .. [1] Z.-M. Zhang, S. Chen, Y.-Z. Liang, "Baseline correction using adaptive
       iteratively reweighted penalized least squares", Analyst 135 (2010) 1138-1146,
       https://doi.org/10.1039/b922045c

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import AIRPLS
    >>> axis = np.arange(400.0)
    >>> peak = 50 / (1 + ((axis - 200) / 4) ** 2)
    >>> corrected = AIRPLS(lam=1e5).fit_transform([peak + 100 + axis / 10])
    >>> float(abs(corrected - peak).max()) < 2
    True
    """

    _min_points = 2  # one point is its own baseline
    _parameter_constraints: dict = {
        "lam": [Interval(Real, 0, None, closed="neither")],
        "diff_order": [Interval(Integral, 1, 3, closed="both"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, *, lam=1e5, diff_order=None, max_iter=50, tol=1e-3):
        self.lam = lam
        self.diff_order = diff_order
        self.max_iter = max_iter
        self.tol = tol

    def _learn(self, X):
        self.n_iter_ = int(self._correct(X)[1].max())

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Correct each spectrum, once for fit and transform.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.
        y : None
            Ignored.

        Returns
        -------
        ndarray or data frame of shape (n_spectra, n_points)
            Corrected spectra; float32 stays float32, all else becomes float64.
        """
        X = self._check_training_spectra(X)
        corrected, n_iter = self._correct(X)
        self.n_iter_ = int(n_iter.max())
        return corrected

    def _resolve_order(self, n_points):
        return lower_default(
            self.diff_order,
            2,
            n_points - 1,
            owner="AIRPLS",
            name="diff_order",
            why=f"the spectra have {n_points} points",
        )

    def _correct(self, X):
        return airpls(
            X,
            lam=self.lam,
            diff_order=self._resolve_order(X.shape[1]),
            max_iter=self.max_iter,
            tol=self.tol,
        )

    def _transform_spectra(self, X):
        return self._correct(X)[0]
