"""Compare models on the same folds of the same spectra."""

from __future__ import annotations

import numbers
import re
import warnings
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed

from sklearn_raman._utils._explanation import auto_space
from sklearn_raman._utils._folds import as_pairs, is_splitter
from sklearn_raman._utils._pipeline import (
    flat_steps,
    ignores_groups,
    is_search,
    last_step,
    refuse_no_refit,
    warn_frozen,
)
from sklearn_raman._utils._progress import progress_bar
from sklearn_raman._utils._ragged import check_holds_spectra, is_ragged, unmask
from sklearn_raman._utils._sklearn import safe_indexing
from sklearn_raman._utils._typing import RandomState, SpectraLike
from sklearn_raman._utils._validation import (
    check_n_jobs,
    one_per_spectrum,
    open_bunch,
    refuse_other_order,
)
from sklearn_raman._utils._wavenumbers import (
    describe_axis,
    find_gaps,
    is_even,
    labels_as_wavenumbers,
)
from sklearn_raman.inspection import ExplanationSummary
from sklearn_raman.model_selection._comparison import CHOICES, Comparison
from sklearn_raman.model_selection._evaluate import evaluate_fold, write_label
from sklearn_raman.model_selection._leakage import (
    count_leaks,
    describe_leaks,
)
from sklearn_raman.model_selection._novelty import check_novelty, check_same_points
from sklearn_raman.model_selection._spectra import (
    list_missed,
    map_missed,
    sum_up_spectra,
)
from sklearn_raman.model_selection._standard import standard_models
from sklearn_raman.preprocessing import WavenumberResampler
from sklearn_raman.uncertainty import SpectralNoveltyDetector

# Of a model in a report; longer ones are cut in the middle.
MOST_CHARACTERS = 20_000


def compare(
    estimators: dict[str, Any] | Sequence[Any] | None = None,
    X: SpectraLike | Bunch | None = None,
    y: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    cv: Any = 5,
    quick: bool = False,
    n_jobs: int | None = None,
    explain: bool = True,
    novelty: bool | SpectralNoveltyDetector = False,
    unknown: SpectraLike | Bunch | None = None,
    progress: bool = True,
    random_state: RandomState = None,
) -> Comparison:
    """Compare classifiers, Pipelines and searches on one set of folds.

    Every model is fitted on the same training spectra and judged on the same test
    spectra. Searches choose their parameters inside the training part, by group where
    groups are given.

    Parameters
    ----------
    estimators : dict of str to estimator, list of estimators or None, default=None
        Models: classifiers, Pipelines, or searches such as GridSearchCV. A dict gives
        their names. In a list they are called by the class of their last step, in lower
        case and numbered where equal, as :func:`~sklearn.pipeline.make_pipeline` calls
        steps. None takes :func:`standard_models`; pairs, and spectra on an uneven axis,
        are resampled to the range that all spectra cover. It can also be left out:
        ``compare(X, y)``.
    X : array-like of shape (n_spectra, n_points), data frame, list or Bunch
        Spectra. Column labels of a data frame that are numbers are the wavenumbers in
        cm-1. A list may hold one pair (wavenumbers, intensities) per spectrum, for
        models whose first step resamples the axis. A Bunch, such as `load_spectra`
        returns, brings `data` and `target`; whole-number targets are shown by its
        `target_names`.
    y : array-like of shape (n_spectra,), default=None
        Class of each spectrum. None if X is a Bunch.
    groups : array-like of shape (n_spectra,), "ignore" or None, default=None
        What makes spectra alike apart from the class: crystal, patient, replicate.
        "ignore" splits without groups although the data set has some.
    cv : int, splitter or iterable of (train, test), default=5
        An int means stratified, shuffled folds, by group if there are groups.
    quick : bool, default=False
        Whether the standard models are the quick ones, for a first look. Models that
        are given are what they are.
    n_jobs : int or None, default=None
        Processes that work on models and folds at the same time. Folds and seeds don't
        depend on it.
    explain : bool or "all", default=True
        Whether to average, for each class, the maps of the classifiers that have
        `explain_`, over the correctly classified test spectra. Maps lie on the axis of
        X wherever there is a way back to it (see :func:`explain_pipeline`). "all" takes
        the other classifiers as well, by :func:`occlusion` of the whole model. That
        costs, for each test spectrum, a third as many predictions as it has points:
        450 for 1360 points, with all steps of the Pipeline.
    novelty : bool or SpectralNoveltyDetector, default=False
        Whether each model also learns when to answer "none of these", as
        :class:`~sklearn_raman.uncertainty.SpectralNoveltyDetector` does it, from
        spectra of its training part that are held out by group, and is asked about the
        test spectra: false alarms, since all are of known classes. A detector without
        `estimator` brings other settings (`grouped` follows from groups). Costs eleven
        more fits for each model and fold; a search is taken with what it chose.
    unknown : spectra as X, Bunch or None, default=None
        Spectra of what is no class: how many of them does each model call "none of
        these", and what does it take the others for? Makes `novelty` True.
    progress : bool, default=True
        Whether to show a progress bar on the standard error stream.
    random_state : int, RandomState instance or None, default=None
        Decides the folds of an int `cv`, the calibration folds and the standard models.
        The randomness of models given is theirs: set their `random_state`.

    Returns
    -------
    Comparison
        Table, predictions, differences, maps and a report.

    Raises
    ------
    ValueError
        If the data set has groups and none are given; if a group or a spectrum is on
        both sides of a fold; if a fold tests a class it does not train; if lengths
        differ, labels are missing or there is one class only; if a parameter is not
        valid.
    RuntimeError
        If a model fails: names the model and the fold.

    Warns
    -----
    UserWarning
        If test spectra are copies or mixtures of training spectra; if copies have
        different labels; if a search ignores the groups; if the maps of a model are not
        on wavenumbers, or lie on different axes in different folds; if a class has no
        correctly classified spectrum to explain; if ``explain="all"`` asks for the maps
        of a model that has no scores.

    See Also
    --------
    standard_models : The models that are compared if none are given.
    SpectralNoveltyDetector : Makes one model answer "none of these".
    OneGroupPerClassSplit : Holds out one crystal of each class.
    sklearn.model_selection.cross_validate : Scores of one model.

    Notes
    -----
    Macro-F1 averages over the classes that occur in a test part or are predicted there.
    Log-loss is given for models with probabilities of their own. For a model that
    only has `decision_function`, and for support vector machines in any case, one
    temperature [1]_ is learned on folds (by group) of the training part, and the column
    `calibrated` is True; its accuracy remains that of the model itself. Where the
    training part has too few groups for that, log-loss is missing.

    Probabilities, and so log-loss, take further fits that are not in `fit_time`. Nor is
    the time in which numba compiles or loads kernels, which each process does once
    whatever the model. It is in `fit_time` only if a search starts processes of its own
    (`n_jobs` of GridSearchCV).

    **Copies and mixtures.** A test spectrum counts as a copy if it is a training
    spectrum times a positive number plus a number, up to rounding (after subtracting
    the mean, the difference is below 0.05 % of the spectrum's length). So repeated
    files, bootstrap samples and RandomOverSampler are found. A test spectrum counts as
    a mixture if it and two of the 64 spectra of its class that are most like it lie on
    a line and some of them are in training. So SMOTE and its kin are found, and
    averages of two like spectra, also if the spectra were scaled later. *Not found* are
    averages of two spectra of a large class that are less alike, synthetic spectra with
    noise of their own (a smoothed bootstrap, a WGAN), mixtures of three or more, copies
    that were smoothed, baseline-corrected or resampled, mixtures of which roots or
    logarithms were taken, and anything in spectra of fewer than 10 points.
    Constant spectra are no copies of one another. Replicates with noise of their own
    are not counted either: that is what groups are for.

    References
    ----------
    .. [1] Guo, C., Pleiss, G., Sun, Y. and Weinberger, K. Q. (2017). On calibration of
       modern neural networks. Proceedings of Machine Learning Research 70, 1321-1330.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_raman.model_selection import compare
    >>> models = {"LDA": LinearDiscriminantAnalysis(), "KNN": KNeighborsClassifier()}
    >>> X, y = load_iris(return_X_y=True)
    >>> result = compare(models, X, y, cv=5, progress=False, random_state=0)
    >>> result.to_frame()["accuracy"].round(2)
    model
    LDA    0.98
    KNN    0.95
    Name: accuracy, dtype: float64
    """
    if not are_models(estimators) and y is None and not isinstance(X, Bunch):
        estimators, X, y = None, estimators, X
    if estimators is not None:
        if quick:
            raise ValueError(
                "quick=True is for the standard models, but estimators are given: "
                "leave out one of the two."
            )
        estimators = name_estimators(estimators)
    if not isinstance(explain, (bool, np.bool_)) and explain != "all":
        raise ValueError(f'explain must be True, False or "all", got {explain!r}.')
    check_n_jobs(n_jobs)
    data = check_data(X, y, groups)
    if isinstance(cv, numbers.Integral) and not isinstance(cv, bool):
        kind = StratifiedKFold if data.groups is None else StratifiedGroupKFold
        cv = kind(int(cv), shuffle=True, random_state=random_state)
    folds = make_folds(cv, data)
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    detector, unknown = check_novelty(novelty, unknown, data, seed)
    if estimators is None:
        axis = _common_axis(data.X)
        estimators = standard_models(seed, quick=quick, target_wavenumbers=axis)
    if unknown is not None:
        check_same_points(unknown, data.X, estimators)
    protocol = {
        "n_spectra": len(data.y),
        "n_groups": None if data.groups is None else len(np.unique(data.groups)),
        "grouping": data.grouping,
        "n_folds": len(folds),
        "n_train": [len(train) for train, _ in folds],
        "n_test": [len(test) for _, test in folds],
        "splitter": repr(cv) if hasattr(cv, "split") else None,
        **count_leaks(data.X, data.y, folds),
        "occluded": [],
        "false_alarm_rate": None if detector is None else detector.false_alarm_rate,
        "n_unknown": 0 if unknown is None else len(unknown),
        "models": {name: _write_model(model) for name, model in estimators.items()},
        "date": date.today().isoformat(),
    }
    if leaks := describe_leaks(protocol):
        warnings.warn(" ".join(leaks), UserWarning, stacklevel=2)
    for name, estimator in estimators.items():
        warn_frozen("compare", f"The model {name!r}", estimator)
        if data.groups is not None:
            warn_ungrouped_search(name, estimator)

    # Fold by fold, so that a slow model is not left to one process at the end.
    how = {"explain": explain, "seed": seed, "detector": detector, "unknown": unknown}
    tasks = [
        delayed(evaluate_fold)(name, estimator, (number, *fold), data, **how)
        for number, fold in enumerate(folds)
        for name, estimator in estimators.items()
    ]
    outcomes = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(tasks)
    done = {}
    with progress_bar(len(tasks), progress, desc="compare") as bar:
        for outcome in outcomes:
            done[outcome.model, outcome.fold] = outcome
            bar.set_postfix_str(f"{outcome.model}, fold {outcome.fold}", refresh=False)
            bar.update()
    explanations = {}
    for name in estimators:
        outcomes = [done[name, number] for number in range(len(folds))]
        explained = [o for o in outcomes if o.explanation]
        explanations |= _sum_up(name, explained, data)
        if any(outcome.explanation.occluded for outcome in explained):
            protocol["occluded"].append(name)
        if explain == "all" and not explained:
            warnings.warn(
                f"There are no maps of {name!r}: occlusion needs a classifier with "
                "predict_proba or decision_function.",
                UserWarning,
                stacklevel=2,
            )
    ordered = [done[name, k] for name in estimators for k in range(len(folds))]
    choices = [
        (o.model, o.fold, parameter, value)
        for o in ordered
        for parameter, value in o.choices.items()
    ]
    # Of the processes that fitted: torch may be loaded there only.
    protocol["versions"] = {k: v for o in ordered for k, v in o.versions.items()}
    predictions = pd.concat([o.predictions for o in ordered], ignore_index=True)
    if data.filenames is not None:
        predictions["file"] = data.filenames[predictions["row"]]
    missed = list_missed(predictions).index
    class_means, missed = sum_up_spectra(data.X, data.y, data.classes, missed)
    result = Comparison(
        folds=pd.DataFrame([o.scores for o in ordered]),
        predictions=predictions,
        classes=data.classes,
        protocol=protocol,
        explanations=explanations,
        choices=pd.DataFrame(choices, columns=CHOICES),
        class_means=class_means,
        missed=missed,
        unknown=None
        if unknown is None
        else pd.concat([o.unknown for o in ordered], ignore_index=True),
    )
    if missed is not None:
        place = {name: place for place, name in enumerate(result.to_frame().index)}
        ordered.sort(key=lambda outcome: place[outcome.model])
        result.missed_maps = map_missed(missed.index, ordered, data.X)
    return result


def are_models(estimators):
    """Tell models, or None, from spectra in their place."""
    if estimators is None:
        return True
    if isinstance(estimators, dict):
        return not isinstance(estimators, Bunch)
    if isinstance(estimators, (list, tuple)):
        return len(estimators) == 0 or any(hasattr(e, "fit") for e in estimators)
    return hasattr(estimators, "fit")


def name_estimators(estimators):
    """Return a dict of names and models, or raise if there is something else."""
    if isinstance(estimators, (list, tuple)) and len(estimators):
        _check_models([(place, model) for place, model in enumerate(estimators)])
        lasts = [flat_steps(estimator)[-1][1] for estimator in estimators]
        names = [name for name, _ in make_pipeline(*lasts).steps]
        return dict(zip(names, estimators, strict=True))
    if not isinstance(estimators, dict) or not estimators:
        raise ValueError(
            "estimators must be a dict of names and models, for example "
            f'{{"SVM": make_pipeline(SNV(), SVC())}}, or a list of models, got '
            f"{_shorten(estimators)}."
        )
    for name in estimators:
        if not isinstance(name, str):
            raise ValueError(f"estimators has the name {name!r}; it needs a text.")
    _check_models(estimators.items())
    return estimators


def _check_models(named):
    """Raise unless all are estimator objects."""
    for name, estimator in named:
        usable = hasattr(estimator, "fit") and hasattr(estimator, "get_params")
        if not usable or isinstance(estimator, type):
            raise ValueError(
                f"estimators has the entry {name!r}: {_shorten(estimator)}; it needs "
                "an estimator object (not its class)."
            )
        refuse_no_refit(f"The model {name!r}", estimator)


def _shorten(value):
    """Write a value, not longer than a line."""
    text = repr(value)
    return text if len(text) < 80 else f"{text[:80]} ..."


def _write_model(estimator):
    """Write a model and the parameters that are not at their default, in full."""
    with config_context(print_changed_only=True):
        if isinstance(estimator, BaseEstimator):
            text = BaseEstimator.__repr__(estimator, N_CHAR_MAX=MOST_CHARACTERS)
        else:
            text = repr(estimator)[:MOST_CHARACTERS]
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def check_data(X, y, groups):
    """Take a Bunch apart and check labels and groups against the spectra."""
    if X is None:
        raise ValueError("X is missing: pass the spectra, or a Bunch.")
    filenames = X.get("filenames") if isinstance(X, Bunch) else None
    X, y, known = open_bunch(X, y)
    if groups is None and known is not None:
        what = f" ({known})" if isinstance(known, str) else ""
        raise ValueError(
            f"This data set has groups{what} and groups is None. Spectra of one "
            "crystal, patient or replicate would be on both sides of a split, and the "
            "score would reward memory (leakage). Pass groups=bunch.groups (or the "
            'array of group names), or groups="ignore" to do this on purpose.'
        )
    check_holds_spectra(X)
    X = unmask(X)  # models would take what is masked for measured
    labels_as_wavenumbers(X)  # raises for columns that are no intensities
    n_spectra = X.shape[0] if hasattr(X, "shape") else len(X)
    refuse_other_order("y", y, X)
    refuse_other_order("groups", groups, X)
    y = one_per_spectrum("y", y, n_spectra)
    if n_spectra == 0:
        raise ValueError("X holds no spectra.")
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            f"y has one class only ({write_label(classes[0])}): there is nothing to "
            "tell apart."
        )
    grouping = "none" if groups is None else "given"
    if isinstance(groups, str):
        if groups != "ignore":
            raise ValueError(
                'groups must be None, "ignore" or one entry per spectrum, got '
                f"{groups!r}."
            )
        groups, grouping = None, "ignored"
    if groups is not None:
        groups = one_per_spectrum("groups", groups, n_spectra)
    return Bunch(
        X=X,
        y=y,
        groups=groups,
        classes=classes,
        grouping=grouping,
        filenames=_one_name_each(filenames, n_spectra),
        space=auto_space(X),
    )


def _one_name_each(filenames, n_spectra):
    """Return the file of each spectrum as text, or None if it is not known."""
    if filenames is None or isinstance(filenames, str):
        return None
    names = np.array([str(name) for name in filenames], dtype=object)
    return names if names.shape == (n_spectra,) else None


def _common_axis(X):
    """Return the axis that standard models need: common to all spectra, and even.

    It is taken from all spectra, so that those of a test part are within it and the
    maps of all folds lie on it. Where points were measured says nothing of classes.

    Returns
    -------
    ndarray or None
        None if the spectra can stay as they are: on an even axis, on an unknown one, or
        on one whose gaps no resampling may fill.
    """
    if not is_ragged(X):
        axis = labels_as_wavenumbers(X)
        if axis is None or is_even(axis) or len(find_gaps(axis)):
            return None
    return WavenumberResampler(target_wavenumbers="common").fit(X).wavenumbers_out_


def warn_ungrouped_search(name, estimator):
    """Warn if a search picks its parameters on folds that ignore the groups."""
    search = last_step(estimator)[0]
    if is_search(search) and ignores_groups(search.cv):
        warnings.warn(
            f"The search of {name!r} has cv={search.cv!r}, which ignores groups: "
            "spectra of one group are on both sides of its inner folds, and it prefers "
            "parameters that memorize. Use cv=StratifiedGroupKFold(k) in the search.",
            UserWarning,
            stacklevel=3,
        )


def _sum_up(name, outcomes, data):
    """Sum up the maps of one model over its folds.

    Returns
    -------
    dict of str to ExplanationSummary
        The model's name and its summary; one summary per axis, with the folds in its
        name, where the maps do not all lie on one.
    """
    by_axis, names, off_axis = {}, {}, []
    for outcome in outcomes:
        found = outcome.explanation
        axis, n_points = found.wavenumbers, found.maps.shape[1]
        key = found.space, n_points if axis is None else tuple(np.round(axis, 6))
        by_axis.setdefault(key, []).append(outcome)
        names[key] = f"{n_points} points" if axis is None else describe_axis(axis)
        if found.reason and axis is None:
            off_axis.append(outcome)
    if off_axis:
        warnings.warn(
            f"The maps of {name!r} in {_name_folds(off_axis)} are not on wavenumbers "
            "but on what its classifier is given, one column after the other; their "
            "mean over folds says something only if the columns mean the same in each. "
            f"{off_axis[0].explanation.reason}",
            UserWarning,
            stacklevel=3,
        )
    if len(by_axis) == 1:
        return {name: _summary(outcomes, data)}
    if by_axis:
        axes = [f"{_name_folds(part)}: {names[key]}" for key, part in by_axis.items()]
        warnings.warn(
            f"The maps of {name!r} lie on different axes ({'; '.join(axes)}) and can't "
            "be averaged over all folds: there is one entry of explanations per axis. "
            "Resample the spectra to one given axis "
            "(WavenumberResampler(target_wavenumbers=...)).",
            UserWarning,
            stacklevel=3,
        )
    return {
        f"{name} ({_name_folds(part)})": _summary(part, data)
        for part in by_axis.values()
    }


def _summary(outcomes, data):
    """Return the class means of the maps of several folds that share an axis."""
    parts = [outcome.explanation for outcome in outcomes]
    predictions = pd.concat([outcome.predictions for outcome in outcomes])
    rows, axis = predictions["row"].to_numpy(), parts[0].wavenumbers
    if parts[0].space == "input":
        spectra = safe_indexing(data.X, rows)
    else:
        spectra = np.concatenate([part.spectra for part in parts])
    summary = ExplanationSummary.from_maps(
        np.concatenate([part.maps for part in parts]),
        data.y[rows],
        predictions["predicted"],
        spectra=spectra,
        wavenumbers="points" if axis is None else axis,
        normalize="max",
    )
    summary.misclassified = summary.misclassified.rename(
        index=dict(enumerate(rows)), level="spectrum"
    )
    return summary


def _name_folds(outcomes):
    """Write "fold 1" or "folds 0, 2"."""
    numbers = ", ".join(str(outcome.fold) for outcome in outcomes)
    return f"fold{'s' if len(outcomes) > 1 else ''} {numbers}"


def make_folds(cv, data):
    """Return the folds as a list of (train, test) row positions, checked.

    Parameters
    ----------
    cv : splitter, or iterable of (train, test)
    data : Bunch
        `X`, `y` and `groups` (or None).

    Raises
    ------
    ValueError
        If a fold is empty, repeats a row or a group on both sides, or tests a class it
        does not train.
    """
    if is_splitter(cv):
        # Splitters that ignore groups warn when given some; _check_fold decides here.
        given = None if ignores_groups(cv) else data.groups
        pairs = cv.split(data.X, data.y, given)
    elif np.iterable(cv) and not isinstance(cv, str):
        pairs = cv
    else:
        raise ValueError(
            "cv must be a number of folds, a scikit-learn splitter or an iterable of "
            f"(train, test) row positions, got {cv!r}."
        )
    folds = [
        [_row_positions(rows, len(data.y)) for rows in pair]
        for pair in as_pairs(cv, pairs)
    ]
    if not folds:
        raise ValueError(f"cv={cv!r} gives no fold.")
    for number, (train, test) in enumerate(folds):
        _check_fold(number, train, test, data)
    return folds


def _check_fold(number, train, test, data):
    """Raise if a fold can't tell how a model does on spectra it has not seen."""
    if len(train) == 0 or len(test) == 0:
        raise ValueError(
            f"Fold {number} has {len(train)} training and {len(test)} test spectra: "
            "use fewer folds, at most as many as there are groups."
        )
    shared = np.intersect1d(train, test)
    if len(shared):
        raise ValueError(
            f"Fold {number} has {len(shared)} spectra on both sides (first: row "
            f"{shared[0]}), so its score would reward memorization. Fix the iterable "
            "given as cv."
        )
    if data.groups is not None:
        tested = data.groups[test]
        both = np.intersect1d(data.groups[train], tested)
        if len(both):
            rows = np.isin(tested, both).sum()
            raise ValueError(
                f"Fold {number} has {len(both)} of {len(np.unique(tested))} test "
                f"groups also in training (first: {write_label(both[0])}; {rows} of "
                f"{len(test)} test spectra), so its score would be a memory test. Use "
                "a splitter that keeps groups together (cv=5, StratifiedGroupKFold, "
                'OneGroupPerClassSplit), or groups="ignore" to do this on purpose.'
            )
    trained = np.unique(data.y[train])
    unseen = np.setdiff1d(data.y[test], trained)
    if len(unseen):
        raise ValueError(
            f"Fold {number} tests {len(unseen)} of {len(data.classes)} classes that "
            f"are not in its training part (first: {write_label(unseen[0])}). A class "
            "needs spectra (with groups: a group) on both sides: use fewer folds, "
            "leave such classes out, or use OneGroupPerClassSplit."
        )
    if len(trained) < 2:
        raise ValueError(
            f"Fold {number} trains one class only ({write_label(trained[0])}): there "
            "is nothing to tell apart. Use a splitter that is stratified (cv=5)."
        )


def _row_positions(rows, n_spectra):
    """Return row positions from positions or a boolean mask."""
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n_spectra,):
        return np.flatnonzero(rows)
    if rows.size == 0:
        return np.empty(0, dtype=np.intp)
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
        raise ValueError(
            "cv must give row positions (1-D integers) or masks with one entry for "
            f"each of the {n_spectra} spectra, got shape {rows.shape} and type "
            f"{rows.dtype}."
        )
    outside = rows[(rows < 0) | (rows >= n_spectra)]
    if len(outside):
        raise ValueError(
            f"cv gives row {outside[0]}, but X has rows 0 to {n_spectra - 1}."
        )
    return rows
