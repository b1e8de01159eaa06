"""Transformers that subtract the slowly varying background of a spectrum."""

import inspect

import numpy as np

from sklearn_raman.preprocessing._base import SpectrumTransformer
from sklearn_raman.preprocessing._whittaker.correct import airpls, arpls, asls

# collab_pls shares weights between the spectra of a set, so that the correction of one
# would depend on the others.
_COUPLES_SPECTRA = {"collab_pls"}


# Methods that have kernels here, with pybaselines' defaults.
_FAST = {"airpls": airpls, "arpls": arpls, "asls": asls}
_SHARED_DEFAULTS = {"diff_order": 2, "max_iter": 50, "tol": 1e-3}
_FAST_DEFAULTS = {
    "airpls": {"lam": 1e6, **_SHARED_DEFAULTS},
    "arpls": {"lam": 1e5, **_SHARED_DEFAULTS},
    "asls": {"lam": 1e6, "p": 0.01, **_SHARED_DEFAULTS},
}


def pybaselines_class():
    """Return pybaselines.Baseline, imported when first needed: it takes a while."""
    from pybaselines import Baseline

    return Baseline


def baseline_methods():
    """Return the names that `BaselineCorrection(method=...)` accepts, sorted."""
    offered = {
        name
        for name, method in inspect.getmembers(pybaselines_class(), inspect.isfunction)
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
    AIRPLS, ARPLS, ASLS : Methods whose parameters a grid can search directly.

    Notes
    -----
    "airpls", "arpls" and "asls" are computed by this package, many times faster than by
    pybaselines and equal to it within 1e-6 of the range of a spectrum for lam up to
    1e7; with parameters that only pybaselines has, by pybaselines.

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
        if self.method == "linear":
            if self.method_params:
                raise ValueError(
                    f'method_params={self.method_params!r}: "linear" takes none.'
                )
            return
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
        signature = inspect.signature(getattr(pybaselines_class(), self.method))
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
        fast = self._fast_settings(X.shape[1])
        if fast is not None:
            return _FAST[self.method](X, **fast)
        axis = self._known_axis(X.shape[1])
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

    def _fast_settings(self, n_points):
        """Return the arguments of our own function, or None where it does not apply.

        pybaselines solves once more than its max_iter says.
        """
        if self.method not in _FAST:
            return None
        params = {**_FAST_DEFAULTS[self.method], **(self.method_params or {})}
        params["max_iter"] = params["max_iter"] + 1
        ours = inspect.signature(_FAST[self.method]).parameters
        order = params["diff_order"]
        if set(params) <= set(ours) and order in (1, 2, 3) and order < n_points:
            return params
        return None

    def _baselines(self, X, axis):
        if self.method == "linear":
            position = (axis - axis[0]) / (axis[-1] - axis[0])
            return X[:, :1] + (X[:, -1:] - X[:, :1]) * position
        fit_baseline = getattr(pybaselines_class()(axis), self.method)
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
