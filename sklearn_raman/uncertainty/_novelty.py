"""Spectra that belong to none of the classes that a model has learned."""

from __future__ import annotations

import warnings
from functools import partial
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import get_tags, indexable
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._pipeline import classifier_and_input
from sklearn_raman._utils._sklearn import (
    DocLinkMixin,
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    num_samples,
)
from sklearn_raman._utils._typing import Floats, RandomState, SpectraLike
from sklearn_raman._utils._validation import (
    levels_to_user,
    one_per_spectrum,
    unchanged_on_error,
)
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.uncertainty._calibration import (
    check_groups,
    fit_wrapped,
    make_folds,
    out_of_fold,
    unit_weights,
)
from sklearn_raman.uncertainty._novelty_scores import (
    SCORES,
    Alarm,
    find_strange,
    measure,
    novelty_scores,
)


class SpectralNoveltyDetector(DocLinkMixin, BaseEstimator):
    """Tell spectra of unknown substances from those a classifier can name.

    A classifier names one of its classes for whatever it is given, noise included. This
    one looks at how far a spectrum is from all that the classifier has learned, and
    learns what is too far from spectra that were held out, by group.

    Parameters
    ----------
    estimator : classifier or Pipeline, default=None
        Cloned and fitted. None means `PLSLDA()`. What `set_params` changes in it
        (``estimator__device``) holds from the next fit on; the fitted one is
        `estimator_`.
    novelty_score : {"auto", "relative_mahalanobis", "correlation", "both"}, \
default="auto"
        What makes a spectrum strange. "relative_mahalanobis": its distance to the
        nearest class minus that to all spectra together [1]_ [2]_, in the values that
        the last linear layer of the classifier is given; for `PLSLDA`, the networks and
        others with a method `embed_`. "correlation": its correlation with the most
        similar training spectrum, as in a library search, for any classifier; spectra
        are compared as the classifier is given them, after all steps of a Pipeline.
        "both": a weighted sum of the distance and of the correlation with the most
        similar mean spectrum of a class, since what is no spectrum at all is sometimes
        near a class but never like one. For this correlation a moving average over a
        twentieth of the axis is taken off first: a background makes nothing similar.
        "auto": "both" where the classifier has `embed_`, else "correlation".
    cv : int, splitter or iterable, default=10
        Folds whose held-out spectra say what scores known spectra have. An int deals
        out the groups of each class. Few folds train on less and are careful: fewer
        alarms.
    false_alarm_rate : float, default=0.05
        Share of spectra of the known classes that may be called unknown.
    unit : {"spectrum", "group"}, default="spectrum"
        What counts the same in the rate: each spectrum, or each group, however many
        spectra it has.
    grouped : bool, default=True
        False says that there are no groups: that each spectrum is of a crystal, patient
        or sample of its own. Without it, `fit` insists on groups.
    n_jobs : int or None, default=None
        Folds fitted at the same time; the result is the same.
    random_state : int, RandomState or None, default=None
        Decides the folds.

    Attributes
    ----------
    estimator_ : estimator
        The classifier or Pipeline, fitted on all spectra.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    offset_ : float
        `predict` calls unknown what `score_samples` puts below.
    n_calibrated_ : int
        Held-out spectra whose class their fold was trained on; the others say nothing
        about spectra of a known class and leave the calibration.
    n_calibrated_classes_ : int
        Classes of these spectra. A class with a single group is never among them.
    smallest_p_value_ : float
        The least that `p_value` can be, for whatever spectrum. Above
        `false_alarm_rate`, the detector never calls anything unknown.
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If groups are missing and `grouped` is not False, if a fold has a group on both
        sides, or if no class has two groups.
    TypeError
        If the classifier has no `embed_` and `novelty_score` asks for it.

    Warns
    -----
    UserWarning
        If there are too few held-out spectra for the rate, so that none is ever called
        unknown.

    See Also
    --------
    ConformalClassifier : Sets of classes, with this as an option.

    Notes
    -----
    The threshold comes from models that were fitted without the group in question, but
    is used with one that was fitted on everything: the rate is near the one asked for,
    not guaranteed. With folds that ignore groups it is several times as high, because
    spectra of one crystal are alike.

    What is not found: an unknown whose spectrum is that of a known one, as minerals of
    the same structure have (magnesite and dolomite).

    It is no `OutlierMixin`: outlier detectors are fitted without labels.

    References
    ----------
    .. [1] K. Lee, K. Lee, H. Lee, J. Shin, "A simple unified framework for detecting
       out-of-distribution samples and adversarial attacks", NeurIPS (2018),
       https://arxiv.org/abs/1807.03888
    .. [2] J. Ren et al., "A simple fix to Mahalanobis distance for improving near-OOD
       detection" (2021), https://arxiv.org/abs/2106.09022

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.preprocessing import SNV, SquareRoot
    >>> from sklearn_raman.uncertainty import SpectralNoveltyDetector
    >>> minerals = load_minerals()
    >>> model = make_pipeline(SquareRoot(), SNV(), PLSLDA(n_components=20))
    >>> detector = SpectralNoveltyDetector(model, cv=3, random_state=0)
    >>> detector = detector.fit(
    ...     minerals.data, minerals.target, groups=minerals.groups
    ... )
    >>> noise = np.random.default_rng(0).uniform(size=(3, minerals.data.shape[1]))
    >>> detector.predict(noise)
    array([-1, -1, -1])
    """

    # Metadata routing: groups are asked for unless set_fit_request says otherwise.
    __metadata_request__fit = {"groups": True}

    _parameter_constraints: dict = {
        "estimator": [HasMethods("fit"), None],
        "novelty_score": [StrOptions(set(SCORES))],
        "cv": [Interval(Integral, 2, None, closed="left"), "cv_object"],
        "false_alarm_rate": [Interval(Real, 0, 1, closed="neither")],
        "unit": [StrOptions({"spectrum", "group"})],
        "grouped": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        novelty_score: Literal[
            "auto", "relative_mahalanobis", "correlation", "both"
        ] = "auto",
        cv: Any = 10,
        false_alarm_rate: float = 0.05,
        unit: Literal["spectrum", "group"] = "spectrum",
        grouped: bool = True,
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.novelty_score = novelty_score
        self.cv = cv
        self.false_alarm_rate = false_alarm_rate
        self.unit = unit
        self.grouped = grouped
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: SpectraLike, y: ArrayLike, groups: ArrayLike | None = None
    ) -> Self:
        """Fit the classifier, and learn the scores of held-out spectra.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Training spectra, as the estimator takes them.
        y : array-like of shape (n_spectra,)
            Labels.
        groups : array-like of shape (n_spectra,) or None, default=None
            Crystal, patient or sample of each spectrum. Searches inside the estimator
            get them too.

        Returns
        -------
        self : object
            The fitted detector.
        """
        with unchanged_on_error(self):
            self._fit(X, y, groups)
        return self

    def _fit(self, X, y, groups):
        estimator = PLSLDA() if self.estimator is None else self.estimator
        groups = check_groups(type(self).__name__, X, groups, self.grouped)
        self.estimator_ = fit_wrapped(self, estimator, X, y, groups)
        self.classes_ = self.estimator_.classes_
        (X,) = indexable(X)
        y = one_per_spectrum("y", y, num_samples(X))
        folds = make_folds(self.cv, y, groups, self.random_state)
        judge = partial(_judge, self.novelty_score)
        found = out_of_fold(estimator, X, y, groups, folds, judge, self.n_jobs)
        self.n_calibrated_ = len(found.rows)
        self.n_calibrated_classes_ = len(np.unique(y[found.rows]))
        by_group = self.unit == "group" and groups is not None
        units = groups[found.rows] if by_group else found.rows
        self._alarm = Alarm(
            found.novelty, unit_weights(units), float(self.false_alarm_rate)
        )
        self.smallest_p_value_ = self._alarm.smallest_p
        if self.smallest_p_value_ > self.false_alarm_rate:
            warn_too_few(self.smallest_p_value_, self.false_alarm_rate)
        classifier, inputs = classifier_and_input(self.estimator_, X)
        self._scores = novelty_scores(self.novelty_score, classifier, inputs, y)
        self.offset_ = -float(self._alarm.threshold)

    def _measure(self, X):
        check_is_fitted(self)
        classifier, inputs = classifier_and_input(self.estimator_, X)
        return measure(self._scores, classifier, inputs)

    def score_samples(self, X: SpectraLike) -> Floats:
        """Return how familiar spectra are.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            High for spectra like those of the known classes: minus the distance, or the
            correlation minus 1. With novelty_score="both" the sum of the two, each in
            units in which 0 is usual for known spectra and -1 is rare.
        """
        scores = self._measure(X)
        return -self._alarm.strangeness(scores)

    def decision_function(self, X: SpectraLike) -> Floats:
        """Return `score_samples` minus `offset_`: negative for the unknown.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            The difference.
        """
        scores = self.score_samples(X)
        return scores - self.offset_

    def p_value(self, X: SpectraLike) -> Floats:
        """Return the share of known spectra that are at least as strange.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            Between 0 and 1; small for the unknown.
        """
        scores = self._measure(X)
        return self._alarm.p(scores)

    def predict(self, X: SpectraLike) -> NDArray[np.intp]:
        """Tell known spectra from unknown ones.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            1 for a spectrum of a known class, -1 for an unknown one.
        """
        check_is_fitted(self)
        classifier, inputs = classifier_and_input(self.estimator_, X)
        strange = find_strange(self._scores, self._alarm, classifier, inputs)
        return np.where(strange, -1, 1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        if self.estimator is not None:
            tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def _judge(kind, model, X, y, X_held):
    """Return the novelty scores of held-out spectra, for `out_of_fold`."""
    return {"novelty": judge_novelty(kind, model, X, y, X_held)}


def judge_novelty(kind, model, X, y, X_held):
    """Return the scores (n_held, n_scores) that a fitted model gives."""
    classifier, inputs = classifier_and_input(model, X)
    scores = novelty_scores(kind, classifier, inputs, y)
    return measure(scores, *classifier_and_input(model, X_held))


def warn_too_few(smallest, rate):
    """Warn that the calibration set is too small for any alarm."""
    warnings.warn(
        f"There are too few held-out spectra (or groups, where these count the same) "
        f"for false_alarm_rate={rate}: no p-value is below {smallest:.3f}, so that no "
        "spectrum is ever called unknown. Take more, or a higher rate.",
        UserWarning,
        stacklevel=levels_to_user(),
    )
