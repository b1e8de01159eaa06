"""Baselines under a spectrum: weighted anew until they converge, or any by name.

The classes stay in this file: models that were saved name them by it.
"""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from sklearn_raman._utils._sklearn import Interval, StrOptions
from sklearn_raman._utils._typing import Floats
from sklearn_raman._utils._wavenumbers import check_labels
from sklearn_raman.preprocessing._base import SpectrumTransformer, are_constant
from sklearn_raman.preprocessing._penalty import warn_uneven
from sklearn_raman.preprocessing._pybaselines import (
    check_method,
    counts_points,
    find_baselines,
)
from sklearn_raman.preprocessing._reweighted import CONSTANT, ReweightedBaseline, call

# Penalized least squares ------------------------------------------------------------


class AIRPLS(ReweightedBaseline):
    """Subtract a baseline by adaptive iteratively reweighted penalized least squares.

    Fits a smooth curve, gives points above it no weight and points below it a weight
    that grows with their distance and with the number of the iteration, and repeats
    until little is left below the curve [1]_.

    Parameters
    ----------
    lam : float, default=1e5
        Smoothness of the baseline. It counts points: at twice the sampling density the
        same baseline needs 2 ** (2 * diff_order) times the value.
    cutoff : float or None, default=None
        Smoothness in cm-1, in place of `lam`: the length of a wave of which the
        baseline would follow half. Means the same whatever the sampling; bands several
        times narrower than this are kept. Needs an even axis.
    diff_order : int or None, default=None
        Order of the differences that are penalized, 1 to 3. None means 2, or what short
        spectra allow.
    max_iter : int, default=50
        Largest number of times the smooth curve is solved for.
    tol : float, default=1e-3
        The iteration stops when the residuals below the baseline add up to less than
        tol times a reference.
    tol_reference : {"intensity", "above_minimum"}, default="intensity"
        The reference: the sum of the absolute intensities, as in the published
        algorithm, so that an offset of the spectrum changes the result; or the sum of
        the intensities above the minimum, which no offset changes.
    ends : {"zhang"} or None, default=None
        "zhang" weights the two end points like the program published with the paper.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1 for `cutoff`. None takes numeric column labels.
    engine : {"auto", "numba", "numpy"}, default="auto"
        "numba" for compiled kernels, "numpy" for the plain reference; "auto" takes
        numba where it is installed and NUMBA_DISABLE_JIT is not set. See Notes for how
        closely they agree.
    n_jobs : int or None, default=None
        Threads; None means 1. The result does not depend on it.

    Attributes
    ----------
    n_iter_ : int
        Number of solves that the first spectrum seen in fit needed. The function
        returns it for every spectrum.
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If a given `diff_order` is not below the number of points, `lam` is beyond what
        rounding allows (1e15, 1e14, 1e13 for order 1, 2, 3), `cutoff` meets an uneven
        or unknown axis, or intensities are so large that the result overflows.

    Warns
    -----
    ConvergenceWarning
        Once, with the number of spectra that needed more than `max_iter` solves.
    UserWarning
        Once, with the number of spectra that are constant and therefore come back as
        zeros; if `lam` meets an axis that is known to be uneven; if `lam` is so large
        (1e12, 1e11, 1e10 for order 1, 2, 3) that rounding may show; once per process,
        if numba has no folder in which to keep compiled kernels.

    See Also
    --------
    airpls : The same as a function, with the number of iterations and memory maps.
    BaselineCorrection : Other methods by name.

    Notes
    -----
    The definition is the paper's with the weights corrected by its author (the absolute
    value missing in eq. 9), t counted from 1 and capped at 50, and no special weights
    at the ends; pybaselines uses the same. Fewer than max(2, diff_order) points below
    the baseline end the iteration.

    The engines agree to 1e-9 of the range of a spectrum that has noise and bands above
    a background, at least 20 points, and lam up to 1e7. Where the baseline hangs on a
    few points (in pure noise, bands that point down, spectra of some ten points) it
    passes through diff_order of them, and rounding decides whether they count as below
    it: there the engines, or any two correct programs, may differ by more than the
    range. In ARPLS and ASLS every point has some weight, and the engines agree to 1e-8
    for such spectra too.

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
    >>> band = 50 / (1 + ((axis - 200) / 4) ** 2)
    >>> corrected = AIRPLS(lam=1e5).fit_transform([band + 100 + axis / 10])
    >>> float(abs(corrected - band).max()) < 2
    True
    """

    _algorithm = "airpls"
    _parameter_constraints: dict = {
        **ReweightedBaseline._parameter_constraints,
        "tol_reference": [StrOptions({"intensity", "above_minimum"})],
        "ends": [StrOptions({"zhang"}), None],
    }

    def __init__(
        self,
        *,
        lam: float = 1e5,
        cutoff: float | None = None,
        diff_order: int | None = None,
        max_iter: int = 50,
        tol: float = 1e-3,
        tol_reference: Literal["intensity", "above_minimum"] = "intensity",
        ends: Literal["zhang"] | None = None,
        wavenumbers: ArrayLike | None = None,
        engine: Literal["auto", "numba", "numpy"] = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.lam = lam
        self.cutoff = cutoff
        self.diff_order = diff_order
        self.max_iter = max_iter
        self.tol = tol
        self.tol_reference = tol_reference
        self.ends = ends
        self.wavenumbers = wavenumbers
        self.engine = engine
        self.n_jobs = n_jobs

    def _settings(self, X):
        return (
            super()
            ._settings(X)
            ._replace(
                zhang_ends=self.ends == "zhang",
                above_minimum=self.tol_reference == "above_minimum",
            )
        )


class ARPLS(ReweightedBaseline):
    """Subtract a baseline by asymmetrically reweighted penalized least squares.

    Like :class:`AIRPLS`, with weights that fall off smoothly with the height above the
    baseline, measured by the spread of the points below it [1]_: noise lies on both
    sides of the baseline instead of above it.

    Parameters
    ----------
    lam : float, default=1e5
        Smoothness of the baseline, counted in points; see :class:`AIRPLS`.
    cutoff : float or None, default=None
        Smoothness in cm-1, in place of `lam`; see :class:`AIRPLS`.
    diff_order : int or None, default=None
        Order of the differences that are penalized, 1 to 3. None means 2, or what short
        spectra allow.
    max_iter : int, default=50
        Largest number of times the smooth curve is solved for.
    tol : float, default=1e-3
        The iteration stops when the weights change by less than this, relative to
        their norm.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1 for `cutoff`. None takes numeric column labels.
    engine : {"auto", "numba", "numpy"}, default="auto"
        Compiled kernels or the plain reference; see :class:`AIRPLS`.
    n_jobs : int or None, default=None
        Threads; None means 1. The result does not depend on it.

    Attributes
    ----------
    n_iter_ : int
        Number of solves that the first spectrum seen in fit needed.
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    See Also
    --------
    arpls : The same as a function, with the number of iterations and memory maps.
    AIRPLS : What is raised and when there are warnings.

    References
    ----------
    .. [1] S.-J. Baek, A. Park, Y.-J. Ahn, J. Choo, "Baseline correction using
       asymmetrically reweighted penalized least squares smoothing", Analyst 140 (2015)
       250-257, https://doi.org/10.1039/C4AN01061B

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import ARPLS
    >>> axis = np.arange(400.0)
    >>> band = 50 / (1 + ((axis - 200) / 4) ** 2)
    >>> corrected = ARPLS(lam=1e5, max_iter=100).fit_transform([band + 100 + axis / 10])
    >>> float(abs(corrected - band).max()) < 2
    True
    """

    _algorithm = "arpls"

    def __init__(
        self,
        *,
        lam: float = 1e5,
        cutoff: float | None = None,
        diff_order: int | None = None,
        max_iter: int = 50,
        tol: float = 1e-3,
        wavenumbers: ArrayLike | None = None,
        engine: Literal["auto", "numba", "numpy"] = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.lam = lam
        self.cutoff = cutoff
        self.diff_order = diff_order
        self.max_iter = max_iter
        self.tol = tol
        self.wavenumbers = wavenumbers
        self.engine = engine
        self.n_jobs = n_jobs


class ASLS(ReweightedBaseline):
    """Subtract a baseline by asymmetric least squares.

    A smooth curve with weight p for the points above it and 1 - p for those below [1]_.

    Parameters
    ----------
    lam : float, default=1e5
        Smoothness of the baseline, counted in points; see :class:`AIRPLS`.
    p : float, default=0.01
        Weight of points above the baseline, between 0 and 1.
    cutoff : float or None, default=None
        Smoothness in cm-1, in place of `lam`; see :class:`AIRPLS`.
    diff_order : int or None, default=None
        Order of the differences that are penalized, 1 to 3. None means 2, or what short
        spectra allow.
    max_iter : int, default=50
        Largest number of times the smooth curve is solved for.
    tol : float, default=1e-3
        The iteration stops when the weights change by less than this, relative to
        their norm.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1 for `cutoff`. None takes numeric column labels.
    engine : {"auto", "numba", "numpy"}, default="auto"
        Compiled kernels or the plain reference; see :class:`AIRPLS`.
    n_jobs : int or None, default=None
        Threads; None means 1. The result does not depend on it.

    Attributes
    ----------
    n_iter_ : int
        Number of solves that the first spectrum seen in fit needed.
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    See Also
    --------
    asls : The same as a function, with the number of iterations and memory maps.
    AIRPLS : What is raised and when there are warnings.

    References
    ----------
    .. [1] P. H. C. Eilers, "A perfect smoother", Anal. Chem. 75 (2003) 3631-3636,
       https://doi.org/10.1021/ac034173t

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import ASLS
    >>> axis = np.arange(400.0)
    >>> band = 50 / (1 + ((axis - 200) / 4) ** 2)
    >>> corrected = ASLS(lam=1e6).fit_transform([band + 100 + axis / 10])
    >>> float(abs(corrected - band).max()) < 3
    True
    """

    _algorithm = "asls"
    _parameter_constraints: dict = {
        **ReweightedBaseline._parameter_constraints,
        "p": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        *,
        lam: float = 1e5,
        p: float = 0.01,
        cutoff: float | None = None,
        diff_order: int | None = None,
        max_iter: int = 50,
        tol: float = 1e-3,
        wavenumbers: ArrayLike | None = None,
        engine: Literal["auto", "numba", "numpy"] = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.lam = lam
        self.p = p
        self.cutoff = cutoff
        self.diff_order = diff_order
        self.max_iter = max_iter
        self.tol = tol
        self.wavenumbers = wavenumbers
        self.engine = engine
        self.n_jobs = n_jobs

    def _settings(self, X):
        return super()._settings(X)._replace(p=float(self.p))


def airpls(
    X: ArrayLike,
    *,
    lam: float = 1e5,
    diff_order: int | None = None,
    max_iter: int = 50,
    tol: float = 1e-3,
    tol_reference: Literal["intensity", "above_minimum"] = "intensity",
    ends: Literal["zhang"] | None = None,
    engine: Literal["auto", "numba", "numpy"] = "auto",
    n_jobs: int | None = None,
    out: Floats | None = None,
    return_info: bool = False,
    ensure_all_finite: bool = True,
) -> Floats | Any:
    """Subtract airPLS baselines from spectra, also from a memory map into another.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_points)
        Spectra. float32 stays float32 (computed in float64), all else becomes float64.
    lam, diff_order, max_iter, tol, tol_reference, ends, engine, n_jobs : object
        As in :class:`AIRPLS`.
    out : ndarray of shape (n_spectra, n_points) or None, default=None
        Where to write the corrected spectra, for example a memory map. May be X itself.
        If it overlaps X in another way, X is copied first.
    return_info : bool, default=False
        Also return the number of solves and whether each spectrum converged.
    ensure_all_finite : bool, default=True
        Raise if X holds NaN or infinity, or a result overflows. False makes such a row
        NaN, and leaves all others as they would be without it.

    Returns
    -------
    corrected : ndarray of shape (n_spectra, n_points)
        `out`, if given. The baseline is X - corrected.
    info : dict
        Only with `return_info=True`: "n_iter" (int) and "converged" (bool), each of
        shape (n_spectra,).

    See Also
    --------
    AIRPLS : The same as a transformer: the definition, and what is raised and when
        there are warnings.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import airpls
    >>> axis = np.arange(400.0)
    >>> X = 50 / (1 + ((axis - 200) / 4) ** 2) + [[100.0], [200.0]] + axis / 10
    >>> corrected, info = airpls(X, return_info=True)
    >>> baseline = X - corrected
    >>> info["converged"]
    array([ True,  True])
    """
    return call(AIRPLS, **locals())


def arpls(
    X: ArrayLike,
    *,
    lam: float = 1e5,
    diff_order: int | None = None,
    max_iter: int = 50,
    tol: float = 1e-3,
    engine: Literal["auto", "numba", "numpy"] = "auto",
    n_jobs: int | None = None,
    out: Floats | None = None,
    return_info: bool = False,
    ensure_all_finite: bool = True,
) -> Floats | Any:
    """Subtract arPLS baselines from spectra, also from a memory map into another.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_points)
        Spectra.
    lam, diff_order, max_iter, tol, engine, n_jobs : object
        As in :class:`ARPLS`.
    out, return_info, ensure_all_finite : object
        As in :func:`airpls`.

    Returns
    -------
    corrected : ndarray of shape (n_spectra, n_points)
        `out`, if given. The baseline is X - corrected.
    info : dict
        Only with `return_info=True`, as in :func:`airpls`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import arpls
    >>> axis = np.arange(400.0)
    >>> X = 50 / (1 + ((axis - 200) / 4) ** 2) + [[100.0], [200.0]] + axis / 10
    >>> arpls(X, max_iter=100).shape
    (2, 400)
    """
    return call(ARPLS, **locals())


def asls(
    X: ArrayLike,
    *,
    lam: float = 1e5,
    p: float = 0.01,
    diff_order: int | None = None,
    max_iter: int = 50,
    tol: float = 1e-3,
    engine: Literal["auto", "numba", "numpy"] = "auto",
    n_jobs: int | None = None,
    out: Floats | None = None,
    return_info: bool = False,
    ensure_all_finite: bool = True,
) -> Floats | Any:
    """Subtract asymmetric least squares baselines, also from one memory map to another.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_points)
        Spectra.
    lam, p, diff_order, max_iter, tol, engine, n_jobs : object
        As in :class:`ASLS`.
    out, return_info, ensure_all_finite : object
        As in :func:`airpls`.

    Returns
    -------
    corrected : ndarray of shape (n_spectra, n_points)
        `out`, if given. The baseline is X - corrected.
    info : dict
        Only with `return_info=True`, as in :func:`airpls`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import asls
    >>> axis = np.arange(400.0)
    >>> X = 50 / (1 + ((axis - 200) / 4) ** 2) + [[100.0], [200.0]] + axis / 10
    >>> asls(X).shape
    (2, 400)
    """
    return call(ASLS, **locals())


# Any method by name -----------------------------------------------------------------

# Computed here, unless parameters are given that only pybaselines has.
_OWN = {"airpls": AIRPLS, "arpls": ARPLS, "asls": ASLS}


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
        Further arguments of the pybaselines method, for example ``{"lam": 1e4}``. What
        is not given has pybaselines' default, with one exception: `lam` of a method
        of the Whittaker family ("airpls", "asls", "mpls", ...) is 1e5, as in
        :class:`AIRPLS`.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1. None takes numeric column labels; where there are none, points are
        taken as evenly spaced. Some pybaselines methods use the axis, those of the
        Whittaker family count points.

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
        If the method does not exist, does not take a parameter that was given, finds no
        finite baseline for a spectrum, or would have to do so for a spectrum whose
        largest intensity is not between 1e-8 and 1e12, where constants of pybaselines
        decide.

    Warns
    -----
    ConvergenceWarning
        "airpls", "arpls" and "asls": once, with the number of spectra that needed more
        solves than allowed.
    UserWarning
        Once, with the number of spectra that are constant: they are their own baseline
        and come back as zeros, whatever the method; "airpls", "arpls" and "asls" also
        where `AIRPLS` warns of a `lam` so large that rounding may show; those of the
        Whittaker family if the axis is known to be uneven.

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

    def __init__(
        self,
        *,
        method: str = "linear",
        method_params: dict[str, Any] | None = None,
        wavenumbers: ArrayLike | None = None,
    ) -> None:
        self.method = method
        self.method_params = method_params
        self.wavenumbers = wavenumbers

    def _learn(self, X):
        check_method(self.method, self.method_params or {})

    def _transform_spectra(self, X):
        params = self.method_params or {}
        check_method(self.method, params)
        axis = self._known_axis(X.shape[1])
        if counts_points(self.method):
            owner = f"BaselineCorrection(method={self.method!r})"
            warn_uneven(self, owner, "baseline", axis)
        own = self._own_params(X.shape[1])
        if own is not None:
            estimator = _OWN[self.method](**own)
            estimator._validate_params()
            estimator._warnings, estimator._numbers = self._warnings, self._numbers
            return estimator._correct(X)[0]
        constant = are_constant(X, X.dtype)
        self._warn_rows(constant, CONSTANT)
        check_labels(params.get("weights"), axis, "weights")
        if axis is None:
            axis = np.arange(X.shape[1], dtype=np.float64)
        corrected = np.zeros(X.shape)
        rows = np.flatnonzero(~constant)
        if self.method == "linear":
            first, last = X[rows, :1].astype(np.float64), X[rows, -1:]
            position = (axis - axis[0]) / (axis[-1] - axis[0])
            corrected[rows] = X[rows] - (first + (last - first) * position)
            corrected[rows, -1] = 0  # rounding there would be all that differs
        else:
            baselines = find_baselines(X, rows, axis, self.method, params)
            for row, baseline in zip(rows, baselines, strict=True):
                corrected[row] = X[row] - baseline
        corrected = corrected.astype(X.dtype, copy=False)
        bad = np.flatnonzero(~np.isfinite(corrected).all(axis=1))
        if len(bad):
            raise ValueError(
                f"method={self.method!r} with method_params={self.method_params!r} has "
                f"no finite baseline for {len(bad)} of {len(X)} spectra, the first at "
                f"row {bad[0]}: change either."
            )
        return corrected

    def _own_params(self, n_points):
        """Return the parameters of our transformer, None if it cannot take them.

        pybaselines solves once more than its max_iter says.
        """
        params = {"diff_order": 2, "max_iter": 50, **(self.method_params or {})}
        if (
            self.method not in _OWN
            or not set(params) <= set(_OWN[self.method]().get_params())
            or params["diff_order"] not in range(1, min(4, n_points))
        ):
            return None
        if type(params["max_iter"]) is int:
            params["max_iter"] += 1
        return params
