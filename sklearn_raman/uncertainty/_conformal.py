"""Sets of classes that hold the true one as often as promised."""

from __future__ import annotations

import warnings
from functools import partial
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import get_tags, indexable
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._pipeline import (
    classifier_and_input,
    decision_by_class,
    flat_steps,
    kept_from,
)
from sklearn_raman._utils._sklearn import (
    DocLinkMixin,
    HasMethods,
    Interval,
    StrOptions,
    available_if,
    fit_context,
    num_samples,
)
from sklearn_raman._utils._typing import Floats, RandomState, SpectraLike
from sklearn_raman._utils._validation import (
    levels_to_user,
    name_numbers,
    one_per_spectrum,
    unchanged_on_error,
)
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.uncertainty._calibration import (
    DECIMALS,
    PValues,
    check_groups,
    fit_wrapped,
    make_folds,
    out_of_fold,
    unit_weights,
)
from sklearn_raman.uncertainty._novelty import judge_novelty, warn_too_few
from sklearn_raman.uncertainty._novelty_scores import (
    SCORES,
    Alarm,
    measure,
    novelty_scores,
)

# Two classes are look-alikes from this share of held-out spectra on.
_CONFUSED = 0.1
# What answers depend on beside what was learned with it.
_ANSWERS_BY = (
    "conformity_score",
    "coverage",
    "false_alarm_rate",
    "look_alikes",
    "max_set_size",
    "novelty_score",
    "unknown_label",
)
_MOST_NAMES = 4  # that `describe` writes out


def _refuse_no_scores(owner, classifier):
    if not any(hasattr(classifier, n) for n in ("predict_proba", "decision_function")):
        raise TypeError(
            f"{owner} needs predict_proba or decision_function, and "
            f"{type(classifier).__name__} has neither. (Of a VotingClassifier: take "
            'voting="soft".)'
        )


def _has_probabilities(wrapper):
    model = getattr(wrapper, "estimator_", wrapper.estimator)
    return model is None or hasattr(model, "predict_proba")


class ConformalClassifier(DocLinkMixin, ClassifierMixin, BaseEstimator):
    """Give each spectrum the set of classes it may belong to.

    The sets hold the true class of about `coverage` of new spectra, whatever the
    classifier: a sure one gives sets of one class, an unsure one larger sets, and a
    spectrum unlike any class an empty one. What is promised holds for new crystals,
    patients or samples, because the model is judged by groups that it has not seen.

    Parameters
    ----------
    estimator : classifier or Pipeline, default=None
        Cloned and fitted, with `predict_proba` or `decision_function`. None means
        `PLSLDA()`. What `set_params` changes, here as in all parameters, holds from the
        next fit on; the fitted one is `estimator_`.
    cv : int, splitter, iterable or None, default=None
        Folds whose held-out spectra the sets are made from. An int deals out the groups
        of each class; None means 10.
    coverage : float, default=0.9
        Share of new spectra whose set is to hold the true class.
    conformity_score : {"lac", "aps"}, default="lac"
        What makes a class implausible: "lac" its low probability [1]_, which gives the
        smallest sets; "aps" that more probable ones exist [2]_, which gives larger sets
        to hard spectra and hardly ever an empty one. (Half the probability of the class
        itself, and of others as probable, counts where [2]_ draws a random part, so
        that a spectrum always has the same set.)
    unit : {"spectrum", "group", "whole_group"}, default="spectrum"
        What the coverage is a share of: of spectra; of spectra of a new group, each
        group counting the same [3]_; of groups, all of whose spectra have the true
        class in their set. The last needs many groups and gives large sets.
    look_alikes : bool, default=False
        Whether a class joins the sets of another whose name alone stood in its place
        for a tenth of held-out spectra or more, of two groups at least: "dolomite or
        magnesite" instead of a sure name. Sets then hold the true class more often than
        `coverage`, never less. (`describe` names such look-alikes anyway.)
    novelty_score : {"auto", "relative_mahalanobis", "correlation", "both"} or None, \
default=None
        Look for spectra of no known class as well, as
        :class:`SpectralNoveltyDetector` does with this parameter, on the same folds.
    false_alarm_rate : float, default=0.05
        For `novelty_score`: share of spectra of known classes that may be called
        unknown.
    unknown_label : str, int or None, default=None
        What `predict` answers where the set is empty, has more than `max_set_size`
        classes, or `novelty_score` finds the spectrum strange. None: always the label
        that the estimator predicts.
    max_set_size : int or None, default=None
        See `unknown_label`; None allows any size.
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
        The classifier or Pipeline, fitted on all spectra; `explain_pipeline` makes
        maps of it.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    confusable_classes_ : list of (label, label, share)
        Look-alikes: pairs of classes of which one was the most probable, or in the set,
        for at least a tenth of the held-out spectra of the other, groups counting the
        same; most confusable first. Spectra do not tell them apart, at least not to
        this model.
    n_calibrated_ : int
        Held-out spectra whose class their fold was trained on. The others leave the
        calibration: their class had no probability there.
    n_calibrated_groups_ : int
        Groups of these spectra; without groups, their number.
    n_calibrated_classes_ : int
        Classes of these spectra. A class with a single group is never among them, and
        the sets promise nothing about it.
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
        sides, if no class has two groups, or if `unknown_label` is a class.
    TypeError
        If the classifier has neither `predict_proba` nor `decision_function`.

    Warns
    -----
    UserWarning
        If there are too few held-out spectra or groups for the coverage, so that every
        set holds every class.

    See Also
    --------
    SpectralNoveltyDetector : Finds spectra of no known class, without sets.

    Notes
    -----
    What is promised, and what is not:

    - It is a promise about many spectra (groups): among those of one class, or those
      with a set of one name, the true one may be missing more often.
    - New spectra have to come from where the training spectra do. Another instrument,
      another hospital, a substance that is no class are not covered.
    - One model fitted on everything, with the scores of others that were fitted on
      folds, usually keeps the coverage but guarantees nothing; a vote of the models of
      the folds would guarantee ``1 - 2 * (1 - coverage)`` [4]_.
    - With folds that ignore groups, sets hold the true class less often than promised,
      because spectra of one crystal are alike.

    The p-value of a class is the weighted share of held-out spectra to whose own class
    the model gave a score as bad as to this one, or worse; the new spectrum counts as
    one of them. A set holds the classes with p-values above ``1 - coverage``.

    References
    ----------
    .. [1] M. Sadinle, J. Lei, L. Wasserman, "Least ambiguous set-valued classifiers
       with bounded error levels", J. Am. Stat. Assoc. 114 (2019) 223-234
    .. [2] Y. Romano, M. Sesia, E. Candes, "Classification with valid and adaptive
       coverage", NeurIPS (2020), https://arxiv.org/abs/2006.02544
    .. [3] Y. Lee, R. F. Barber, R. Willett, "Distribution-free inference with
       hierarchical data" (2023), https://arxiv.org/abs/2306.06342
    .. [4] V. Vovk, "Cross-conformal predictors", Ann. Math. Artif. Intell. 74 (2015)
       9-28; R. F. Barber et al., "Predictive inference with the jackknife+", Ann. Stat.
       49 (2021) 486-507

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.preprocessing import SNV
    >>> from sklearn_raman.uncertainty import ConformalClassifier
    >>> minerals = load_minerals()
    >>> y = minerals.target_names[minerals.target]
    >>> model = ConformalClassifier(
    ...     make_pipeline(SNV(), PLSLDA(n_components=20)), cv=3, random_state=0
    ... )
    >>> model = model.fit(minerals.data, y, groups=minerals.groups)
    >>> model.predict_set(minerals.data[:5]).sum(axis=1)
    array([1, 1, 1, 1, 1])
    """

    # Metadata routing: groups are asked for unless set_fit_request says otherwise.
    __metadata_request__fit = {"groups": True}

    _parameter_constraints: dict = {
        "estimator": [HasMethods("fit"), None],
        "cv": [Interval(Integral, 2, None, closed="left"), "cv_object", None],
        "coverage": [Interval(Real, 0, 1, closed="neither")],
        "conformity_score": [StrOptions({"lac", "aps"})],
        "unit": [StrOptions({"spectrum", "group", "whole_group"})],
        "look_alikes": ["boolean"],
        "novelty_score": [StrOptions(set(SCORES)), None],
        "false_alarm_rate": [Interval(Real, 0, 1, closed="neither")],
        "unknown_label": [str, Integral, None],
        "max_set_size": [Interval(Integral, 1, None, closed="left"), None],
        "grouped": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        cv: Any = None,
        coverage: float = 0.9,
        conformity_score: Literal["lac", "aps"] = "lac",
        unit: Literal["spectrum", "group", "whole_group"] = "spectrum",
        look_alikes: bool = False,
        novelty_score: Literal["auto", "relative_mahalanobis", "correlation", "both"]
        | None = None,
        false_alarm_rate: float = 0.05,
        unknown_label: str | int | None = None,
        max_set_size: int | None = None,
        grouped: bool = True,
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.cv = cv
        self.coverage = coverage
        self.conformity_score = conformity_score
        self.unit = unit
        self.look_alikes = look_alikes
        self.novelty_score = novelty_score
        self.false_alarm_rate = false_alarm_rate
        self.unknown_label = unknown_label
        self.max_set_size = max_set_size
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
            The fitted classifier.
        """
        with unchanged_on_error(self):
            self._fit(X, y, groups)
        return self

    def _fit(self, X, y, groups):
        owner = type(self).__name__
        self._learned = {name: getattr(self, name) for name in _ANSWERS_BY}
        estimator = PLSLDA() if self.estimator is None else self.estimator
        groups = check_groups(owner, X, groups, self.grouped)
        self.estimator_ = fit_wrapped(self, estimator, X, y, groups)
        self.classes_ = self.estimator_.classes_
        _refuse_no_scores(owner, flat_steps(self.estimator_)[-1][1])
        if (
            self.unknown_label is not None
            and self.unknown_label in self.classes_.tolist()
        ):
            raise ValueError(
                f"unknown_label={self.unknown_label!r} is one of the classes; give the "
                "unknown a label of its own."
            )
        (X,) = indexable(X)
        y = one_per_spectrum("y", y, num_samples(X))
        cv = 10 if self.cv is None else self.cv
        folds = make_folds(cv, y, groups, self.random_state)
        judge = partial(_judge, self.classes_, self.novelty_score)
        found = out_of_fold(estimator, X, y, groups, folds, judge, self.n_jobs)
        code = _codes(y[found.rows], self.classes_)
        units = found.rows if groups is None else groups[found.rows]
        self.n_calibrated_ = len(code)
        self.n_calibrated_groups_ = len(np.unique(units))
        self.n_calibrated_classes_ = len(np.unique(code))
        scores = _implausibility(found.probabilities, self.conformity_score)
        own = scores[np.arange(len(code)), code]
        rows = found.rows
        by_spectrum = unit_weights(rows)
        if self.unit == "whole_group":
            worst = pd.Series(own).groupby(units).max()
            self._p_values = PValues(worst.to_numpy(), unit_weights(worst.index))
        else:
            weights = unit_weights(units) if self.unit == "group" else by_spectrum
            self._p_values = PValues(own, weights)
        if self._chosen(self._p_values.smallest):
            self._warn_too_few()
        sets = self._chosen(self._p_values(scores))
        self._learn_look_alikes(sets, scores.argmin(axis=1), code, units)
        if self.novelty_score is not None:
            weights = by_spectrum if self.unit == "spectrum" else unit_weights(units)
            rate = float(self.false_alarm_rate)
            self._alarm = Alarm(found.novelty, weights, rate)
            if self._alarm.smallest_p > rate:
                warn_too_few(self._alarm.smallest_p, rate)
            classifier, inputs = classifier_and_input(self.estimator_, X)
            self._novelty = novelty_scores(self.novelty_score, classifier, inputs, y)

    def _learn_look_alikes(self, sets, named, code, units):
        """Find out which classes stand in the sets of others, and instead of others."""
        either = sets.copy()
        either[np.arange(len(code)), named] = True
        weight = 1 / pd.Series(code).groupby([code, units]).transform("size").to_numpy()
        beside = np.zeros((len(self.classes_), len(self.classes_)))
        np.add.at(beside, code, either * weight[:, None])
        beside = _shares(beside, np.bincount(code, weight, len(beside)))
        beside = np.maximum(beside, beside.T)
        pairs = np.argwhere(np.triu(beside) >= _CONFUSED).tolist()
        names = self.classes_.tolist()
        self.confusable_classes_ = [
            (names[i], names[j], float(beside[i, j]))
            for i, j in sorted(pairs, key=lambda pair: (-beside[*pair], pair))
        ]
        alone = sets.sum(axis=1) == 1
        instead = np.zeros_like(beside)
        np.add.at(instead, (named[alone], code[alone]), weight[alone])
        instead = _shares(instead, instead.sum(axis=1))
        # One stray group does not make a look-alike.
        seen = pd.DataFrame({"named": named, "true": code, "unit": units})[alone]
        pairs = seen.drop_duplicates().groupby(["named", "true"]).size()
        self._instead = [
            pair
            for pair, n_groups in pairs.items()
            if instead[pair] >= _CONFUSED and n_groups > 1
        ]

    def _warn_too_few(self):
        unit = "held-out spectra" if self.unit == "spectrum" else "held-out groups"
        warnings.warn(
            f"There are too few {unit} for coverage={self.coverage}: no p-value is "
            f"below {self._p_values.smallest:.3f}, so that every set holds every "
            "class. Take more, or a lower coverage.",
            UserWarning,
            stacklevel=levels_to_user(),
        )

    def predict_p(self, X: SpectraLike) -> Floats:
        """Return a p-value for each class: how plausible it is for a spectrum.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_classes)
            Between 0 and 1, columns as `classes_`. They don't add up to 1: all are
            small where no class fits.
        """
        check_is_fitted(self)
        return self._p(*classifier_and_input(self.estimator_, X))

    def _p(self, classifier, inputs):
        probabilities = _probabilities(classifier, inputs)
        p = self._p_values(
            _implausibility(probabilities, self._learned["conformity_score"])
        )
        if self._learned["look_alikes"]:
            alone = p.copy()
            for named, true in self._instead:
                p[:, true] = np.maximum(p[:, true], alone[:, named])
        return p

    def predict_set(self, X: SpectraLike) -> NDArray[np.bool_]:
        """Return the classes that a spectrum may belong to.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_classes), bool
            Columns as `classes_`. A row without any True: no class fits.
        """
        return self._chosen(self.predict_p(X))

    def _chosen(self, p):
        # 1 - 0.9 is not quite 0.1.
        return p > round(1 - self._learned["coverage"], DECIMALS)

    def predict(self, X: SpectraLike) -> NDArray[Any]:
        """Name the class of each spectrum, or say that it is unknown.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            What the estimator predicts; on request `unknown_label`, see there.
        """
        check_is_fitted(self)
        labels = self.estimator_.predict(kept_from(self.estimator_, X))
        learned = self._learned
        if learned["unknown_label"] is None:
            return labels
        classifier, inputs = classifier_and_input(self.estimator_, X)
        size = self._chosen(self._p(classifier, inputs)).sum(axis=1)
        unknown = size == 0
        if learned["max_set_size"] is not None:
            unknown |= size > learned["max_set_size"]
        if learned["novelty_score"] is not None:
            unknown |= self._is_strange(self._known_p(classifier, inputs))
        return _replaced(labels, unknown, learned["unknown_label"])

    def _known_p(self, classifier, inputs):
        return self._alarm.p(measure(self._novelty, classifier, inputs))

    def _is_strange(self, p):
        return p <= self._learned["false_alarm_rate"]

    @available_if(_has_probabilities)
    def predict_proba(self, X: SpectraLike) -> Floats:
        """Return the class probabilities of the estimator.

        Also of spectra that `predict` calls unknown: they say how sure the name would
        be if the spectrum were of one of the classes.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_classes)
            Columns as `classes_`.
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(kept_from(self.estimator_, X))

    def describe(self, X: SpectraLike) -> pd.DataFrame:
        """Say in words what each spectrum is.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra.

        Returns
        -------
        DataFrame of shape (n_spectra, 3 or 4)
            `answer`: the names in the set, the most plausible first, with look-alikes
            ("Dolomite or Magnesite"); "none of these" where the set is empty or
            `novelty_score` finds the spectrum strange. `n_classes`: size of the set.
            `p`: largest p-value of a class. With `novelty_score` also `p_known`: share
            of known spectra at least as strange. The index is that of X if it has one.
        """
        check_is_fitted(self)
        classifier, inputs = classifier_and_input(self.estimator_, X)
        p = self._p(classifier, inputs)
        sets = self._chosen(p)
        table = {"n_classes": sets.sum(axis=1), "p": p.max(axis=1)}
        strange = np.zeros(len(p), dtype=bool)
        if self._learned["novelty_score"] is not None:
            table["p_known"] = self._known_p(classifier, inputs)
            strange = self._is_strange(table["p_known"])
        order = np.argsort(-p, axis=1, kind="stable")
        answers = [
            "none of these" if odd else self._write([c for c in best if chosen[c]])
            for best, chosen, odd in zip(order, sets, strange, strict=True)
        ]
        index = X.index if isinstance(X, (pd.DataFrame, pd.Series)) else None
        return pd.DataFrame({"answer": answers, **table}, index=index)

    def _write(self, codes):
        """Write the names of a set, and those that its only member stood instead of."""
        if len(codes) == 1:
            codes += [true for named, true in self._instead if named == codes[0]]
        names = [str(label) for label in self.classes_[codes]]
        if not names:
            return "none of these"
        if len(names) == len(self.classes_) > 2:
            return "any of these"
        if len(names) > _MOST_NAMES + 1:  # one more is as short as "1 others"
            names[_MOST_NAMES:] = [f"{len(names) - _MOST_NAMES} others"]
        *first, last = names
        return f"{', '.join(first)} or {last}" if first else last

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.estimator is not None:
            inner = get_tags(self.estimator)
            tags.input_tags = inner.input_tags
            if inner.classifier_tags is not None:
                tags.classifier_tags = inner.classifier_tags
        return tags


def _judge(classes, novelty, model, X, y, X_held):
    """Return what a model says of held-out spectra, for `out_of_fold`."""
    classifier, inputs = classifier_and_input(model, X_held)
    found = _probabilities(classifier, inputs)
    probabilities = np.zeros((len(found), len(classes)))
    probabilities[:, _codes(classifier.classes_, classes)] = found
    judged = {"probabilities": probabilities}
    if novelty is not None:
        judged["novelty"] = judge_novelty(novelty, model, X, y, X_held)
    return judged


def _codes(labels, classes):
    """Return the positions of labels among classes, in whatever order these are."""
    order = np.argsort(classes, kind="stable")
    return order[np.searchsorted(classes, labels, sorter=order)]


def _replaced(labels, chosen, value):
    """Return labels with a value in some places; all stay what they are.

    Texts and numbers need objects beside each other, and so do whole numbers and what
    numpy would make others of: True, and numbers above those with a sign.
    """
    kind = labels.dtype.kind
    fits = isinstance(value, str) == (kind in "UT")
    if kind in "bu":
        fits = fits and kind == "u" and np.can_cast(labels.dtype, np.int64)
    labels = labels if fits else labels.astype(object)
    return np.where(chosen, np.asarray(value), labels)


def _shares(counts, totals):
    """Return counts of pairs of classes over the totals of rows, 0 on the diagonal."""
    shares = counts / np.where(totals > 0, totals, 1)[:, None]
    np.fill_diagonal(shares, 0)
    return shares.round(6)  # a tenth is a tenth, however it was summed


def _probabilities(classifier, inputs):
    """Return numbers in the order of the classes that add up to 1 for each spectrum.

    A classifier without probabilities has its decision function squeezed: sets need
    an order of plausibility, not true probabilities.
    """
    inputs = kept_from(classifier, inputs)
    if hasattr(classifier, "predict_proba"):
        found = np.asarray(classifier.predict_proba(inputs), dtype=float)
    else:
        decision = np.asarray(classifier.decision_function(inputs), dtype=float)
        by_class = decision_by_class(classifier, decision)
        found = expit(by_class) if decision.ndim == 1 else softmax(by_class, axis=1)
    rows = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if len(rows):
        raise ValueError(
            f"{type(classifier).__name__} gives no probabilities, but NaN, for "
            f"{len(rows)} of {len(found)} spectra ({name_numbers(rows, 'row')}): check "
            "their intensities, or leave them out."
        )
    return found


def _implausibility(probabilities, score):
    """Return a number for each spectrum and class, high where the class is not it.

    Minus the logarithm of the probability orders as 1 minus the probability does, but
    still tells 1e-20 from 1e-30, which sure classifiers give to the true class.
    """
    if score == "aps":
        probabilities = _mass_below(probabilities)
    found = -np.log(np.maximum(probabilities, np.finfo(float).tiny))
    return found.round(DECIMALS)  # of sure names, rounding would decide


def _mass_below(probabilities):
    """Return the probability of the less probable classes, and half of the others'.

    The others are those that are as probable as the class, itself among them.
    """
    order = np.argsort(probabilities, axis=1, kind="stable")
    rising = np.take_along_axis(probabilities, order, axis=1)
    total = rising.cumsum(axis=1)
    step = np.diff(rising, axis=1) > 10.0**-DECIMALS * rising[:, 1:]
    edge = np.ones((len(rising), 1), dtype=bool)
    first, last = np.hstack([edge, step]), np.hstack([step, edge])
    before = np.where(first, np.hstack([0 * edge, total[:, :-1]]), 0)
    before = np.maximum.accumulate(before, axis=1)
    until = np.where(last, total, np.inf)[:, ::-1]
    until = np.minimum.accumulate(until, axis=1)[:, ::-1]
    below = (before + until) / 2
    return np.take_along_axis(below, np.argsort(order, axis=1), axis=1)
