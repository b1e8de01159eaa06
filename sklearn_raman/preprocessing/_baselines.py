"""Transformers that subtract penalised least squares baselines."""

from numbers import Integral, Real

from sklearn_raman._utils._sklearn import Interval, StrOptions, fit_context
from sklearn_raman.preprocessing._base import SpectrumTransformer
from sklearn_raman.preprocessing._whittaker.correct import airpls, arpls, asls
from sklearn_raman.preprocessing._penalty import PenaltyMixin


class PenalizedBaseline(PenaltyMixin, SpectrumTransformer):
    """Base of the baselines that are weighted anew until they converge.

    A subclass names the function that corrects and its own parameters.
    """

    _min_points = 2  # one point is its own baseline
    _parameter_constraints: dict = {
        **PenaltyMixin.constraints,
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "engine": [StrOptions({"auto", "numba", "numpy"})],
        "n_jobs": [Integral, None],
    }

    def _correct(self, X):
        lam, diff_order = self._penalty(X)
        return self._function(
            X,
            lam=lam,
            diff_order=diff_order,
            max_iter=self.max_iter,
            tol=self.tol,
            engine=self.engine,
            n_jobs=self.n_jobs,
            return_info=True,
            **self._own_settings(),
        )

    def _own_settings(self):
        return {}

    def _transform_spectra(self, X):
        return self._correct(X)[0]

    def _learn(self, X):
        self.n_iter_ = int(self._correct(X)[1]["n_iter"].max())

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
        corrected, info = self._correct(X)
        self.n_iter_ = int(info["n_iter"].max())
        return corrected


class AIRPLS(PenalizedBaseline):
    """Subtract a baseline by adaptive iteratively reweighted penalised least squares.

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
        Order of the differences that are penalised, 1 to 3. None means 2, or what short
        spectra allow.
    max_iter : int, default=50
        Largest number of times the smooth curve is solved for.
    tol : float, default=1e-3
        The iteration stops when the residuals below the baseline add up to less than
        tol times a reference.
    tol_reference : {"intensity", "above_minimum"}, default="intensity"
        The reference: the sum of the absolute intensities, as in the published
        algorithm, so that an offset of the spectrum changes the result; or the sum of
        the intensities above the minimum, which does not know an offset.
    ends : {"zhang"} or None, default=None
        "zhang" weighs the two end points as the program published with the paper.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1 for `cutoff`. None takes numeric column labels.
    engine : {"auto", "numba", "numpy"}, default="auto"
        "numba" for compiled kernels, "numpy" for the plain reference; "auto" takes
        numba where it is installed.
    n_jobs : int or None, default=None
        Threads; None means 1. The result does not depend on it.

    Attributes
    ----------
    n_iter_ : int
        Largest number of solves that a spectrum seen in fit needed.
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If a given `diff_order` is not below the number of points, `lam` is beyond what
        rounding allows, or `cutoff` meets an uneven or unknown axis.

    Warns
    -----
    ConvergenceWarning
        Once, with the number of spectra that needed more than max_iter solves.
    UserWarning
        If `lam` meets an axis that is known to be uneven, or rounding may show.

    See Also
    --------
    airpls : The same as a function, with the number of iterations and memory maps.
    BaselineCorrection : Other methods by name.

    Notes
    -----
    The definition is the paper's with the weights corrected by its author (the absolute
    value missing in eq. 9), t counted from 1 and capped at 50, and no special weights
    at the ends; pybaselines uses the same. Fewer than max(2, diff_order) points below
    the baseline end the iteration. A baseline that hangs on just diff_order points
    passes through them, and rounding decides whether they count as below it: on spectra
    of a few points, or without background, two correct programs may then differ.

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

    _function = staticmethod(airpls)
    _parameter_constraints: dict = {
        **PenalizedBaseline._parameter_constraints,
        "tol_reference": [StrOptions({"intensity", "above_minimum"})],
        "ends": [StrOptions({"zhang"}), None],
    }

    def __init__(
        self,
        *,
        lam=1e5,
        cutoff=None,
        diff_order=None,
        max_iter=50,
        tol=1e-3,
        tol_reference="intensity",
        ends=None,
        wavenumbers=None,
        engine="auto",
        n_jobs=None,
    ):
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

    def _own_settings(self):
        return {"tol_reference": self.tol_reference, "ends": self.ends}


class ARPLS(PenalizedBaseline):
    """Subtract a baseline by asymmetrically reweighted penalised least squares.

    Like :class:`AIRPLS`, with weights that fall off smoothly with the height above the
    baseline, measured by the spread of the points below it [1]_: noise lies on both
    sides of the baseline instead of above it.

    Parameters
    ----------
    lam : float, default=1e5
        Smoothness of the baseline. It counts points: at twice the sampling density the
        same baseline needs 2 ** (2 * diff_order) times the value.
    cutoff : float or None, default=None
        Smoothness in cm-1, in place of `lam`; see :class:`AIRPLS`.
    diff_order : int or None, default=None
        Order of the differences that are penalised, 1 to 3. None means 2, or what short
        spectra allow.
    max_iter : int, default=50
        Largest number of times the smooth curve is solved for.
    tol : float, default=1e-3
        The iteration stops when the weights change by less than this, relative to
        their norm.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1 for `cutoff`. None takes numeric column labels.
    engine : {"auto", "numba", "numpy"}, default="auto"
        See :class:`AIRPLS`.
    n_jobs : int or None, default=None
        Threads; None means 1. The result does not depend on it.

    Attributes
    ----------
    n_iter_ : int
        Largest number of solves that a spectrum seen in fit needed.
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        As :class:`AIRPLS`.

    Warns
    -----
    ConvergenceWarning
        Once, with the number of spectra that needed more than max_iter solves.

    See Also
    --------
    arpls : The same as a function, with the number of iterations and memory maps.

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
    >>> peak = 50 / (1 + ((axis - 200) / 4) ** 2)
    >>> corrected = ARPLS(lam=1e5).fit_transform([peak + 100 + axis / 10])
    >>> float(abs(corrected - peak).max()) < 2
    True
    """

    _function = staticmethod(arpls)

    def __init__(
        self,
        *,
        lam=1e5,
        cutoff=None,
        diff_order=None,
        max_iter=50,
        tol=1e-3,
        wavenumbers=None,
        engine="auto",
        n_jobs=None,
    ):
        self.lam = lam
        self.cutoff = cutoff
        self.diff_order = diff_order
        self.max_iter = max_iter
        self.tol = tol
        self.wavenumbers = wavenumbers
        self.engine = engine
        self.n_jobs = n_jobs


class ASLS(PenalizedBaseline):
    """Subtract a baseline by asymmetric least squares.

    A smooth curve with weight p for the points above it and 1 - p for those below [1]_.

    Parameters
    ----------
    lam : float, default=1e6
        Smoothness of the baseline. It counts points: at twice the sampling density the
        same baseline needs 2 ** (2 * diff_order) times the value.
    p : float, default=0.01
        Weight of points above the baseline, between 0 and 1.
    cutoff : float or None, default=None
        Smoothness in cm-1, in place of `lam`; see :class:`AIRPLS`.
    diff_order : int or None, default=None
        Order of the differences that are penalised, 1 to 3. None means 2, or what short
        spectra allow.
    max_iter : int, default=50
        Largest number of times the smooth curve is solved for.
    tol : float, default=1e-3
        The iteration stops when the weights change by less than this, relative to
        their norm.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1 for `cutoff`. None takes numeric column labels.
    engine : {"auto", "numba", "numpy"}, default="auto"
        See :class:`AIRPLS`.
    n_jobs : int or None, default=None
        Threads; None means 1. The result does not depend on it.

    Attributes
    ----------
    n_iter_ : int
        Largest number of solves that a spectrum seen in fit needed.
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        As :class:`AIRPLS`.

    Warns
    -----
    ConvergenceWarning
        Once, with the number of spectra that needed more than max_iter solves.

    See Also
    --------
    asls : The same as a function, with the number of iterations and memory maps.

    References
    ----------
    .. [1] P. H. C. Eilers, "A perfect smoother", Anal. Chem. 75 (2003) 3631-3636,
       https://doi.org/10.1021/ac034173t

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import ASLS
    >>> axis = np.arange(400.0)
    >>> peak = 50 / (1 + ((axis - 200) / 4) ** 2)
    >>> corrected = ASLS(lam=1e6).fit_transform([peak + 100 + axis / 10])
    >>> float(abs(corrected - peak).max()) < 3
    True
    """

    _function = staticmethod(asls)
    _parameter_constraints: dict = {
        **PenalizedBaseline._parameter_constraints,
        "p": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        *,
        lam=1e6,
        p=0.01,
        cutoff=None,
        diff_order=None,
        max_iter=50,
        tol=1e-3,
        wavenumbers=None,
        engine="auto",
        n_jobs=None,
    ):
        self.lam = lam
        self.p = p
        self.cutoff = cutoff
        self.diff_order = diff_order
        self.max_iter = max_iter
        self.tol = tol
        self.wavenumbers = wavenumbers
        self.engine = engine
        self.n_jobs = n_jobs

    def _own_settings(self):
        return {"p": self.p}
