"""Partial least squares followed by linear discriminant analysis (PLS-LDA)."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.covariance import shrunk_covariance
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._explanation import (
    check_reference,
    maps_like,
    normalize_maps,
    reference_spectra,
    resolve_target,
    score_weights,
)
from sklearn_raman._utils._folds import train_on_each_class
from sklearn_raman._utils._sklearn import (
    DocLinkMixin,
    Interval,
    StrOptions,
    fit_context,
)
from sklearn_raman._utils._temperature import temperature_excess
from sklearn_raman._utils._typing import Floats, Frame, RandomState
from sklearn_raman._utils._validation import (
    check_answers,
    check_spectra,
    lower_default,
    one_per_spectrum,
    refuse_other_order,
    unchanged_on_error,
)

__all__ = ["PLSLDA"]


def __dir__():
    return __all__


_DEFAULT_COMPONENTS = 2
_SMALLEST = 1e-305  # intensities whose reciprocal is a number, with room for a slope
_CALIBRATION_FOLDS = 5
_HIGHEST_TEMPERATURE = 1e4  # leaves little but the shares of the classes
_ROUNDING = 1e-11  # share of discriminant scores that says nothing
_RMSE_RANGE = (2, 20)  # numbers of latent variables that the source compares


class PLSLDA(
    DocLinkMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Linear discriminant analysis on the scores of a partial least squares model.

    PLS regression of the class indicators on the spectra finds a few directions (latent
    variables) that vary together with the classes; LDA separates the classes in them.
    The classical chemometric classifier, and the one CNNs are compared with in [1]_.

    Parameters
    ----------
    n_components : int or "rmse", default=2
        Number of latent variables. "rmse" compares 2 to 20 and takes the number with
        the lowest RMSEC + RMSEV (root mean squared errors of the class indicators on
        the calibration and the validation part of an inner split), as in [1]_.
    scale : bool, default=False
        Scale each wavenumber to unit variance. Off, because it raises channels that
        hold only noise.
    validation_fraction : float, default=0.125
        Part of the spectra that "rmse" validates on; the default is the 7:1 split of
        [1]_. Each class keeps a group (spectrum) to train on. Plays no part otherwise.
    shrinkage : float, default=0.1
        How far LDA shrinks the covariance of the latent variables, each divided by its
        spread within classes, towards equal variances: from 0, plain LDA as in [1]_,
        to 1. Above 0 the sum of squares within classes is divided by n_spectra -
        n_classes; at 0 scikit-learn's LDA divides it, recent versions by n_spectra.
    calibration : {"auto"} or None, default="auto"
        "auto" divides the discriminant scores by a temperature of at least 1, so that
        probabilities of new spectra mean what they say; the predicted classes stay.
        None leaves the scores as LDA gives them, as in [1]_, and saves about four
        fifths of the time of `fit`.
    random_state : int, RandomState or None, default=None
        Seed of the inner split of "rmse".

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_components_ : int
        Number of latent variables used.
    vip_ : ndarray of shape (n_points,)
        Variable importance in projection. Values above 1 mark wavenumbers that matter,
        below 0.5 those that do not; the mean of the squares is 1.
    mean_ : ndarray of shape (n_points,)
        Mean training spectrum.
    rotations_ : ndarray of shape (n_points, n_components_)
        Turns a centered spectrum into scores.
    temperature_ : float
        What the discriminant scores of LDA were divided by; 1 without calibration.
    coef_ : ndarray of shape (n_classes, n_points) or (1, n_points)
        Derivative of the decision function with respect to the spectrum; one row for
        two classes.
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If there are fewer than two classes, or `n_components` exceeds the number of
        latent variables that the spectra have (at most their rank), or is "rmse" where
        each group (spectrum) is the only one of a class.

    Warns
    -----
    UserWarning
        If the default `n_components` is lowered because the rank is 1.

    Notes
    -----
    Eq. 8 of [1]_ writes w_aj / ||w_a||^2 inside the sum of VIP, which is not a share;
    the square is restored here, (w_aj / ||w_a||)^2.

    Plain LDA is over-sure: latent variables are made to separate the training spectra,
    and others lie closer together. ``shrinkage=0, calibration=None`` is the method of
    [1]_ to the letter. The temperature [2]_ is the one with the lowest log-loss
    on spectra left out in five folds, by group if `fit` gets groups. A model that has
    seen n' of the n groups (spectra) of a class knows its mean less well: its scores
    count as divided by (1 + 1/n') / (1 + 1/n) [3]_. Classes with a single group
    (spectrum) play no part in it. The temperature is 1 if none is left, or if LDA is
    not over-sure.

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta 1119 (2020) 41-51,
       section 2.4 and eq. 8, https://doi.org/10.1016/j.aca.2020.03.055
    .. [2] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural
       networks", Proc. Mach. Learn. Res. 70 (2017) 1321-1330
    .. [3] J. Aitchison, J. D. F. Habbema, J. W. Kay, "A critical comparison of two
       methods of statistical discrimination", Appl. Stat. 26 (1977) 15-25

    Examples
    --------
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> X, y = load_minerals(return_X_y=True)
    >>> model = PLSLDA(n_components=20).fit(X, y)
    >>> model.explain_(X[:5]).shape == X[:5].shape
    True
    """

    # Metadata routing: groups are asked for unless set_fit_request says otherwise.
    __metadata_request__fit = {"groups": True}

    _parameter_constraints: dict = {
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"rmse"}),
        ],
        "scale": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "shrinkage": [Interval(Real, 0, 1, closed="both")],
        "calibration": [StrOptions({"auto"}), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        n_components: int | Literal["rmse"] = _DEFAULT_COMPONENTS,
        scale: bool = False,
        validation_fraction: float = 0.125,
        shrinkage: float = 0.1,
        calibration: Literal["auto"] | None = "auto",
        random_state: RandomState = None,
    ) -> None:
        self.n_components = n_components
        self.scale = scale
        self.validation_fraction = validation_fraction
        self.shrinkage = shrinkage
        self.calibration = calibration
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike | Frame, y: ArrayLike, groups: ArrayLike | None = None
    ) -> Self:
        """Fit the latent variables and the discriminant.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Training spectra.
        y : array-like of shape (n_spectra,)
            Labels.
        groups : array-like of shape (n_spectra,) or None, default=None
            Crystal, patient or replicate of each spectrum. No group is on both sides of
            the inner split of ``n_components="rmse"`` or of the calibration.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        with unchanged_on_error(self):
            self._fit(X, y, groups)
        return self

    def _fit(self, X, y, groups):
        refuse_other_order("groups", groups, X)
        X, y = check_spectra(self, X, y, reset=True)
        if groups is not None:
            groups = one_per_spectrum("groups", groups, len(X))
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(
                "PLSLDA needs samples of at least 2 classes in the data, but the data "
                f"contains only one class: {self.classes_[0]}"
            )
        # Squares of very large or small intensities overflow or vanish. Division by a
        # power of two changes no bit of the result otherwise.
        largest = np.abs(X).max()
        if 0 < largest < _SMALLEST:
            raise ValueError(
                f"The largest intensity is {largest:g}, too small to be divided by: "
                "multiply the spectra by a constant first."
            )
        unit = np.ldexp(1.0, np.frexp(largest)[1] - 1)
        X = X.astype(np.float64, copy=False) / unit
        mean = X.mean(axis=0)
        centered = X - mean
        # The mean of equal numbers is not always that number.
        rounding = 4 * np.finfo(np.float64).eps * np.abs(X).max(axis=0)
        constant = np.ptp(X, axis=0) <= rounding
        centered[:, constant] = 0
        spread = X.std(axis=0, ddof=1) if self.scale else np.ones(X.shape[1])
        spread[constant] = 1
        scaled = centered / spread
        indicators = (y[:, None] == self.classes_).astype(np.float64)
        if constant.all():
            raise ValueError(
                "All training spectra are equal: there is nothing for latent variables "
                "to describe."
            )
        above = indicators - indicators.mean(axis=0)
        limit = np.multiply.outer(rounding / spread, np.abs(above).sum(axis=0))
        if (np.abs(scaled.T @ above) <= np.sqrt(len(X)) * limit).all():
            raise ValueError(
                "All classes have the same mean spectrum: no latent variable varies "
                "together with them."
            )
        if self.n_components == "rmse":
            wanted = self._lowest_rmse(scaled, indicators, y, groups)
        else:
            most = min(len(X) - 1, X.shape[1])
            wanted = self._limit_components(self.n_components, most)
        pls = _fit_pls(scaled, indicators, wanted)
        self.n_components_ = self._limit_components(wanted, pls.scores.shape[1])
        rotations = pls.rotations / spread[:, None]
        self.vip_ = vip_scores(pls.weights, pls.scores, pls.y_loadings)
        self._n_features_out = self.n_components_
        self._lda = _fit_lda((X - mean) @ rotations, y, self.shrinkage)
        self.temperature_ = 1.0
        if self.calibration is not None:
            left_out = _left_out_scores(
                scaled, y, indicators, groups, wanted, self.shrinkage
            )
            self.temperature_ = _fit_temperature(left_out)
        self._lda.coef_ /= self.temperature_
        self._lda.intercept_ /= self.temperature_
        # Back to the unit of the spectra: scores have it too, unless they are scaled.
        unit_of_scores = 1.0 if self.scale else unit
        self.mean_ = mean * unit
        self.rotations_ = rotations * (unit_of_scores / unit)
        self._lda.coef_ /= unit_of_scores
        self.coef_ = self._lda.coef_ @ self.rotations_.T

    def _limit_components(self, wanted, limit):
        return lower_default(
            None if wanted == _DEFAULT_COMPONENTS else wanted,
            _DEFAULT_COMPONENTS,
            max(limit, 1),
            owner="PLSLDA",
            name="n_components",
            why=f"the {self.n_features_in_}-point training spectra hold {limit} latent "
            "variables",
        )

    def _lowest_rmse(self, X, indicators, y, groups):
        train, valid = self._inner_split(X, y, groups)
        low, high = _RMSE_RANGE
        high = min(high, len(train) - 1, X.shape[1])
        pls = _fit_pls(X[train], indicators[train], max(high, 1))
        n_found = max(pls.scores.shape[1], 1)  # equal spectra have none
        candidates = range(min(low, n_found), n_found + 1)
        errors = [
            sum(
                root_mean_squared_error(indicators[part], _predict(pls, X[part], n))
                for part in (train, valid)
            )
            for n in candidates
        ]
        return candidates[int(np.argmin(errors))]

    def _inner_split(self, X, y, groups):
        kind, size = ShuffleSplit, self.validation_fraction
        counts = np.unique(y, return_counts=True)[1]
        n_valid = max(round(size * len(X)), len(counts))
        if groups is not None:
            if len(np.unique(groups)) < 2:
                raise ValueError(
                    "All spectra are of one group, so that none is left to compare "
                    'numbers of latent variables on, as n_components="rmse" does: '
                    "check that groups names the crystal, patient or sample, or give "
                    "a number."
                )
            kind = GroupShuffleSplit
        elif counts.min() > 1 and len(X) - n_valid >= len(counts):
            kind, size = StratifiedShuffleSplit, n_valid
        splitter = kind(1, test_size=size, random_state=self.random_state)
        train, valid = next(splitter.split(X, y, groups))
        kept = train_on_each_class(train, y, groups)
        if kept is None:
            one = "spectrum" if groups is None else "group"
            raise ValueError(
                f"Each {one} is the only one of a class, so that none is left to "
                'compare numbers of latent variables on, as n_components="rmse" does: '
                f"measure more than one {one} of a class, or give a number."
            )
        if kept is train:
            return train, valid
        return kept, np.setdiff1d(np.arange(len(X)), kept)

    def _project(self, X):
        """Return the spectra, checked, and their scores in double precision."""
        check_is_fitted(self)
        X = check_spectra(self, X, reset=False)
        with np.errstate(over="ignore", invalid="ignore"):
            scores = (X - self.mean_) @ self.rotations_
            check_answers(np.abs(scores), "PLSLDA")
            check_answers(np.abs(self._lda.decision_function(scores)), "PLSLDA")
        return X, scores

    def transform(self, X: ArrayLike | Frame) -> Floats | Any:
        """Project spectra on the latent variables.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.

        Returns
        -------
        ndarray or data frame of shape (n_spectra, n_components_)
            PLS scores.
        """
        X, scores = self._project(X)
        return scores.astype(X.dtype, copy=False)

    def embed_(self, X: ArrayLike | Frame) -> Floats:
        """Return what the discriminant is given, the PLS scores, as an array.

        The networks have the same method, for their last fully connected layer.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_components_)
            PLS scores in double precision.
        """
        return self._project(X)[1]

    def decision_function(self, X: ArrayLike | Frame) -> Floats:
        """Return the discriminant scores.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra,) or (n_spectra, n_classes)
            Log-posterior up to a constant, divided by `temperature_`; for two classes
            the log-odds of the second.
        """
        _, scores = self._project(X)
        return self._lda.decision_function(scores)

    def predict_proba(self, X: ArrayLike | Frame) -> Floats:
        """Return class probabilities.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_classes)
            Probabilities in the order of `classes_`.
        """
        _, scores = self._project(X)
        return self._lda.predict_proba(scores)

    def predict(self, X: ArrayLike | Frame) -> NDArray[Any]:
        """Return the most probable class of each spectrum.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            Labels.
        """
        scores = self.decision_function(X)
        is_binary = scores.ndim == 1
        return self.classes_[(scores > 0) * 1 if is_binary else scores.argmax(axis=1)]

    def explain_(
        self,
        X: ArrayLike | Frame,
        target: ArrayLike | None = None,
        *,
        method: Literal["auto", "input_x_gradient"] = "auto",
        score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
        reference: Literal["auto", "zero"] | ArrayLike = "auto",
        normalize: Literal["max", "minmax", "sum"] | None = None,
    ) -> Any:
        """Map each wavenumber's contribution to the score of a class.

        The map is (x - reference) times the derivative of the score with respect to x.
        "logit" is linear in x, so that its map adds up to the difference between the
        score of a spectrum and that of the reference.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.
        target : None, "all", label or array-like of shape (n_spectra,), default=None
            Class to explain: the predicted one, every one, or the given ones.
        method : {"auto", "input_x_gradient"}, default="auto"
            Both are the same; the argument exists on every classifier that explains.
        score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
            What is explained: the log-odds of the class, its discriminant score, its
            probability, or its discriminant score minus the mean one.
        reference : {"auto", "zero"}, float or array-like of shape (n_points,) or \
(n_spectra, n_points), default="auto"
            What contributes nothing. "auto" is the mean training spectrum, "zero" is
            zero intensity everywhere.
        normalize : {"max", "minmax", "sum"} or None, default=None
            Scale of each map: as it is, by the largest absolute value, to 0..1, or to a
            sum of absolute values of 1.

        Returns
        -------
        ndarray or data frame (n_spectra, n_points), or ndarray (n_spectra, n_classes, \
n_points)
            Contributions, aligned with X; a frame with the labels of X if X is one
            whose axis is known; 3-D for target="all".

        Raises
        ------
        ValueError
            If an argument is not valid.
        """
        check_is_fitted(self)
        if method not in ("auto", "input_x_gradient"):
            raise ValueError(
                f'method={method!r} is not available for PLSLDA; use "auto" or '
                '"input_x_gradient".'
            )
        refuse_other_order("target", target, X)
        check_reference(reference, X)
        given, (X, scores) = X, self._project(X)
        target = resolve_target(target, self.classes_, len(X))
        logits, gradients = self._lda.decision_function(scores), self.coef_
        if logits.ndim == 1:  # two classes: LDA keeps their difference only
            halves = [-0.5, 0.5]
            logits = np.multiply.outer(logits, halves)
            gradients = np.multiply.outer(halves, gradients[0])
        if isinstance(reference, str) and reference not in ("auto", "zero"):
            raise ValueError(
                f"reference={reference!r} is not available for PLSLDA; use "
                '"auto" (the mean training spectrum), "zero", a number or an array.'
            )
        if isinstance(reference, str) and reference == "auto":
            reference = self.mean_
        above = X - reference_spectra(X.astype(np.float64, copy=False), reference)

        def explain(positions):
            return above * (score_weights(logits, positions, score) @ gradients)

        if isinstance(target, str):
            every_class = range(len(self.classes_))
            maps = np.stack([explain(position) for position in every_class], axis=1)
        else:
            maps = explain(logits.argmax(axis=1) if target is None else target)
        return maps_like(normalize_maps(maps, normalize).astype(X.dtype), given)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@dataclass
class _PLS:
    """Latent variables; arrays have one column per component."""

    weights: np.ndarray
    """w, shape (n_points, n_components)."""
    rotations: np.ndarray
    """r: a centered spectrum times r is its score."""
    scores: np.ndarray
    """t, shape (n_spectra, n_components)."""
    y_loadings: np.ndarray
    """q, shape (n_targets, n_components)."""
    x_mean: np.ndarray
    y_mean: np.ndarray


def _fit_pls(X, indicators, n_components):
    """Fit PLS regression, with fewer components if no more exist.

    The improved kernel algorithm of Dayal and MacGregor (J. Chemometr. 11 (1997) 73):
    what scikit-learn's PLSRegression finds, without a deflated copy of the spectra for
    each component, which takes several times as long.
    """
    x_mean, y_mean = X.mean(axis=0), indicators.mean(axis=0)
    X, Y = X - x_mean, indicators - y_mean
    covariance = X.T @ Y
    shape = X.shape[1], n_components
    weights, rotations, loadings = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    scores = np.zeros((len(X), n_components))
    y_loadings = np.zeros((Y.shape[1], n_components))
    n_found, most = 0, np.finfo(float).tiny
    for a in range(n_components):
        w = covariance @ np.linalg.eigh(covariance.T @ covariance)[1][:, -1]
        w /= max(np.linalg.norm(w), np.finfo(float).tiny)
        w *= np.sign(w[np.abs(w).argmax()])
        r = w - rotations[:, :a] @ (loadings[:, :a].T @ w)
        t = X @ r
        power = t @ t
        most = max(most, power)
        # Later components are zero, or noise of the size of rounding.
        if power <= 1e-20 * most:
            break
        weights[:, a], rotations[:, a], scores[:, a] = w, r, t
        loadings[:, a], y_loadings[:, a] = X.T @ t / power, Y.T @ t / power
        covariance -= power * np.multiply.outer(loadings[:, a], y_loadings[:, a])
        n_found = a + 1
    kept = slice(n_found)
    found = (weights, rotations, scores, y_loadings)
    return _PLS(*(values[:, kept] for values in found), x_mean, y_mean)


class _Shrunk:
    """The covariance of all classes for each of them, shrunk: what LDA averages.

    scikit-learn's own estimate by class warns where one has a single spectrum.
    """

    def __init__(self, covariance, shrinkage):
        self.covariance_ = shrunk_covariance(covariance, shrinkage)

    def fit(self, X):
        return self


def _within_classes(scores, y):
    """Return scores minus the mean of their class."""
    classes, codes = np.unique(y, return_inverse=True)
    means = np.stack([scores[y == label].mean(axis=0) for label in classes])
    return scores - means[codes]


def _fit_lda(scores, y, shrinkage):
    """Fit LDA on scores; shrinkage is measured in their spread within classes."""
    residuals = _within_classes(scores, y)
    if shrinkage == 0:
        if not residuals.any():
            raise ValueError(
                "All spectra of each class are equal, so that PLSLDA(shrinkage=0) has "
                "no scatter within classes to divide by: use shrinkage=0.1, or check "
                "whether spectra were read several times."
            )
        return LinearDiscriminantAnalysis().fit(scores, y)
    spread = np.maximum(residuals.std(axis=0), 1e-6 * scores.std(axis=0))
    covariance = (residuals / spread).T @ (residuals / spread)
    covariance /= max(len(scores) - len(np.unique(y)), 1)
    if not residuals.any():  # equal spectra in each class: the nearest mean is left
        covariance = np.eye(len(spread))
    lda = LinearDiscriminantAnalysis(
        solver="lsqr", covariance_estimator=_Shrunk(covariance, shrinkage)
    )
    lda.fit(scores / spread, y)
    lda.coef_ /= spread
    return lda


def _left_out_scores(X, y, indicators, groups, n_components, shrinkage):
    """Yield discriminant scores of spectra that the model has not seen.

    Yields
    ------
    scores : ndarray of shape (n_left_out, n_trained_classes)
        As sure as those of a model of all spectra may be.
    codes : ndarray of shape (n_left_out,), int
        Classes, as positions among the trained ones.
    """
    folds = _calibration_folds(y, np.arange(len(y)) if groups is None else groups)
    codes = indicators.argmax(axis=1)
    for fold in range(_CALIBRATION_FOLDS):
        train = np.flatnonzero(folds != fold)
        classes = np.unique(y[train])
        test = np.flatnonzero((folds == fold) & np.isin(y, classes))
        # The scatter within classes, which LDA inverts, has no more dimensions.
        wanted = min(n_components, len(train) - len(classes), X.shape[1])
        varies = len(test) and np.ptp(X[train], axis=0).any()
        if not varies or len(classes) < 2 or wanted < 1:
            continue
        pls = _fit_pls(X[train], indicators[train], wanted)
        if shrinkage == 0 and not _within_classes(pls.scores, y[train]).any():
            continue
        lda = _fit_lda(pls.scores, y[train], shrinkage)
        scores = lda.decision_function((X[test] - pls.x_mean) @ pls.rotations)
        if scores.ndim == 1:
            scores = np.multiply.outer(scores, [-0.5, 0.5])
        excess = temperature_excess(codes, groups, train, test)
        yield scores / excess[:, None], np.searchsorted(classes, y[test])


def _calibration_folds(y, units):
    """Return the fold of each spectrum; -1 for classes that have a single unit.

    Units of a class take turns. No class begins in the same fold as the one before, so
    that small ones are not all left out at once.
    """
    _, first, units = np.unique(units, return_index=True, return_inverse=True)
    folds_of_units = np.full(len(first), -1)
    for place, label in enumerate(np.unique(y)):
        own = np.unique(units[y == label])
        own = own[np.argsort(first[own])]
        own = own[folds_of_units[own] < 0] if len(own) > 1 else own[:0]
        folds_of_units[own] = (np.arange(len(own)) + place) % _CALIBRATION_FOLDS
    return folds_of_units[units]


def _fit_temperature(left_out):
    """Return the temperature, at least 1, with the lowest log-loss.

    Parameters
    ----------
    left_out : iterable of (scores, codes)
    """
    # By how much other classes exceed the true one. Of sure spectra these differences
    # weigh next to nothing; in a difference of weighted scores, rounding would be more.
    excess = [
        scores - scores[np.arange(len(codes)), codes][:, None]
        for scores, codes in left_out
    ]

    def slope(factor):
        """Derivative of the log-loss with respect to 1/temperature; it only rises."""
        return sum((softmax(factor * part, axis=1) * part).sum() for part in excess)

    lowest = 1 / _HIGHEST_TEMPERATURE
    size = sum(np.abs(part).max(axis=1).sum() for part in excess)
    if slope(1.0) <= _ROUNDING * size:
        return 1.0
    if slope(lowest) >= 0:
        return _HIGHEST_TEMPERATURE
    return 1 / brentq(slope, lowest, 1.0, xtol=1e-12)


def _predict(pls, X, n_components):
    """Predict class indicators with the first components of a larger model."""
    scores = (X - pls.x_mean) @ pls.rotations[:, :n_components]
    return scores @ pls.y_loadings[:, :n_components].T + pls.y_mean


def vip_scores(weights, scores, y_loadings):
    """Return the variable importance in projection of each point.

    Parameters
    ----------
    weights : ndarray of shape (n_points, n_components)
        PLS weights w.
    scores : ndarray of shape (n_spectra, n_components)
        PLS scores t.
    y_loadings : ndarray of shape (n_targets, n_components)
        PLS loadings q of the responses.

    Returns
    -------
    ndarray of shape (n_points,)
        sqrt(p sum_a(s_a (w_aj / ||w_a||)^2) / sum_a(s_a)), where s_a = q_a'q_a t_a't_a
        is the variance of the responses that component a explains.
    """
    explained = (y_loadings**2).sum(axis=0) * (scores**2).sum(axis=0)
    share = (weights / np.linalg.norm(weights, axis=0)) ** 2
    return np.sqrt(len(weights) * (share @ explained) / explained.sum())
