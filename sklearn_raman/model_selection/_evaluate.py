"""One model on one fold: fit, predict, score, explain."""

import sys
import time
from contextlib import contextmanager, nullcontext
from threading import get_ident

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import accuracy_score, f1_score, log_loss, recall_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC, NuSVC
from sklearn.utils import Bunch

from sklearn_raman._utils._explanation import auto_space
from sklearn_raman._utils._pipeline import (
    best_of,
    flat_steps,
    group_parameters,
    is_search,
    own_rows,
)
from sklearn_raman._utils._ragged import is_ragged
from sklearn_raman._utils._wavenumbers import labels_as_wavenumbers
from sklearn_raman.inspection import explain_pipeline, occlusion
from sklearn_raman.model_selection._novelty import judge_novelty
from sklearn_raman.preprocessing import WavenumberResampler

MAX_CALIBRATION_FOLDS = 5
LIBRARIES = {
    "sklearn-raman": "sklearn_raman",
    "scikit-learn": "sklearn",
    "NumPy": "numpy",
    "PyTorch": "torch",
}


def evaluate_fold(name, estimator, fold, data, *, explain, seed, detector, unknown):
    """Fit a clone of a model on the training part of a fold and judge it on the rest.

    Parameters
    ----------
    name : str
    estimator : estimator, not fitted
    fold : tuple (number, train, test)
    data : Bunch
        `X`, `y`, `groups` (or None), `classes`, and the `space` of maps.
    explain : bool or "all"
    seed : int
        Decides the calibration folds.
    detector : SpectralNoveltyDetector or None
        What finds spectra of no class.
    unknown : spectra or None
        Of no class.

    Returns
    -------
    Bunch
        `model`, `fold`, `scores` (dict), `predictions` (data frame), `unknown` (data
        frame or None), `choices` (dict), `explanation` (or None), `versions` (dict).

    Raises
    ------
    RuntimeError
        If the model fails; names model, fold and stage, and has the cause attached.
    """
    number, train, test = fold
    y_train, y_test = data.y[train], data.y[test]
    groups = None if data.groups is None else data.groups[train]
    model = clone(estimator)

    def part(rows):
        """A copy for each use: steps that work in place (copy=False) overwrite it."""
        return own_rows(data.X, rows)

    X_train, X_test = part(train), part(test)
    stage = "fit"
    try:
        with stopwatch() as fit_clock:
            model.fit(X_train, y_train, **group_parameters(model, groups))

        stage = "predict"
        with stopwatch() as score_clock:
            predicted = np.asarray(model.predict(X_test))
        check_predictions(predicted, y_test, data.classes)

        stage = "predict_proba"
        loss, calibrated = probability_score(
            model, part(train), y_train, groups, part(test), y_test, seed
        )
        stage = "explain_ (explain=False leaves it out)"
        explanation = None
        if explain:
            how = {"space": data.space, "by_occlusion": explain == "all"}
            explanation = explain_fold(model, part(test), predicted, **how)
        if explanation is not None:
            wrong = np.flatnonzero(predicted != y_test)
            if len(wrong):
                rows = part(test[wrong])
                own = explain_fold(model, rows, y_test[wrong], **how)
                explanation.true_maps = own.maps
        stage = "the search for spectra of no class (novelty=False leaves it out)"
        known = of_unknown = None
        if detector is not None:
            training = part(train), y_train, groups
            known, of_unknown = judge_novelty(
                detector, model, training, part(test), unknown
            )
    except Exception as error:
        raise RuntimeError(
            f"The model {name!r} failed in fold {number} ({len(train)} training and "
            f"{len(test)} test spectra) in {stage}: {needed_axis(model, data.X)}"
            f"{type(error).__name__}: {error}"
        ) from error
    which = {"model": name, "fold": number}
    scores = {
        **which,
        "accuracy": accuracy_score(y_test, predicted),
        # Mean recall of the classes in the test part, so that no term is undefined.
        "balanced_accuracy": recall_score(
            y_test, predicted, labels=np.unique(y_test), average="macro"
        ),
        "f1_macro": f1_score(y_test, predicted, average="macro"),
        "log_loss": loss,
        "calibrated": calibrated,
        "fit_time": fit_clock.seconds,
        "score_time": score_clock.seconds,
        "n_train": len(train),
        "n_test": len(test),
    }
    predictions = pd.DataFrame(
        {**which, "row": test, "true": y_test, "predicted": predicted}
    )
    if known is not None:
        predictions["known"] = known
        scores["false_alarms"] = _share_novel(known)
    if of_unknown is not None:
        of_unknown = of_unknown.assign(**which)[[*which, *of_unknown.columns]]
        scores["detected"] = _share_novel(of_unknown["known"].array)
    return Bunch(
        **which,
        scores=scores,
        predictions=predictions,
        unknown=of_unknown,
        choices=describe_choices(model),
        explanation=explanation,
        versions=find_versions(),
    )


def _share_novel(known):
    """Return the share of spectra called none of the classes; NaN if none can be."""
    return np.nan if known.isna().any() else 1 - known.astype(float).mean()


def find_versions():
    """Return the versions of the libraries that this process has loaded, by name."""
    loaded = {name: sys.modules.get(module) for name, module in LIBRARIES.items()}
    return {
        name: str(getattr(module, "__version__", "?"))
        for name, module in loaded.items()
        if module is not None
    }


def check_predictions(predicted, y, classes):
    """Raise unless there is one label of the set for each spectrum."""
    if predicted.shape != y.shape:
        raise ValueError(
            f"it returned shape {predicted.shape} for {len(y)} spectra; each needs one "
            "label."
        )
    unknown = ~np.isin(predicted, classes)
    if unknown.any():
        raise ValueError(
            f"it returned labels that y does not hold (first: "
            f"{write_label(predicted[unknown][0])}): it is no classifier, or its "
            "labels are numbered in its own way."
        )


def write_label(label):
    """Write a label as its owner would: 'Quartz', not np.str_('Quartz')."""
    return repr(label.item() if isinstance(label, np.generic) else label)


def needed_axis(model, X):
    """Say how a model without a resampling step would take ragged spectra."""
    if not is_ragged(X) or any(
        isinstance(step, WavenumberResampler) for _, step in flat_steps(model)
    ):
        return ""
    try:
        grid = WavenumberResampler(target_wavenumbers="common").fit(X).wavenumbers_out_
    except ValueError:  # no range that all cover: it says so where it is asked
        return ""
    # Rounded inwards, to what all spectra cover.
    low, high = np.ceil(grid[0]), np.floor(grid[-1])
    return (
        "the spectra are pairs, each with its own axis, and the model does not bring "
        "them to one. Make WavenumberResampler(target_wavenumbers="
        f"({low:g}, {high:g}, {grid[1] - grid[0]:.3g})) its first step; "
        "standard_models has a parameter of that name. "
    )


@contextmanager
def stopwatch():
    """Time what happens inside, without what numba compiles or loads meanwhile.

    Kernels are compiled when a process first needs them, which would be charged to the
    model that happens to come first. numba itself says when it is at work, or waits for
    a thread that is; other threads have clocks of their own.

    Yields
    ------
    Bunch
        `seconds`, once the block is left.
    """
    compiling, listening = None, nullcontext()
    try:
        # Before the clock starts: to import numba takes longer than many fits.
        from numba.core.event import TimingListener, install_listener
    except (ImportError, OSError):  # not installed, or not for this numpy or system
        pass
    else:
        thread = get_ident()

        class OwnTimingListener(TimingListener):
            def notify(self, event):
                if get_ident() == thread:
                    super().notify(event)

        compiling = OwnTimingListener()
        listening = install_listener("numba:compiler_lock", compiling)
    clock = Bunch()
    with listening:
        start = time.perf_counter()
        yield clock
        clock.seconds = time.perf_counter() - start
    if compiling is not None and compiling.done:
        clock.seconds = max(clock.seconds - compiling.duration, 0.0)


def describe_choices(model):
    """Say what the searches in a fitted model chose.

    Returns
    -------
    dict of str to str
        Short names of the parameters and their values; empty without a search.
    """
    if isinstance(model, Pipeline):
        return describe_choices(model.steps[-1][1])
    if not is_search(model) or not hasattr(model, "best_params_"):
        return {}
    chosen = model.best_params_
    last = [name.rpartition("__")[2] for name in chosen]
    described = {
        short if last.count(short) == 1 else name: describe_value(value)
        for short, (name, value) in zip(last, chosen.items(), strict=True)
    }
    return described | describe_choices(getattr(model, "best_estimator_", None))


def describe_value(value):
    """Write the value of a parameter; steps by what they do, in order."""
    if isinstance(value, Pipeline):
        return " + ".join(describe_value(step) for _, step in value.steps)
    if hasattr(value, "get_params"):
        text = " ".join(repr(value).split())
        return text.removesuffix("()")
    if isinstance(value, str):
        return "nothing" if value == "passthrough" else value
    return repr(value)


def explain_fold(model, X, target, *, space, by_occlusion):
    """Explain a class of each test spectrum, on the axis that `space` says.

    Parameters
    ----------
    model : fitted classifier, Pipeline or search
    X : array-like, data frame or ragged spectra
    target : ndarray of shape (n_spectra,)
    space : {"auto", "model"}
        See `explain_pipeline`.
    by_occlusion : bool
        Whether classifiers without `explain_` are explained by :func:`occlusion`.

    Returns
    -------
    Bunch or None
        None if the classifier can't explain. Otherwise `maps` (n_spectra, n_points);
        `wavenumbers`, `space` and `reason` as `explain_pipeline` gives them; `spectra`,
        on the axis of the maps, where that is not the axis of X; `occluded`, whether
        the maps are those of :func:`occlusion`.
    """
    classifier, occluded = flat_steps(model)[-1][1], False
    if hasattr(classifier, "explain_"):
        maps, info = explain_pipeline(
            model, X, target, space=space, mode="density", return_info=True
        )
    elif by_occlusion and find_score(model) is not None:
        maps, info = occlude(model, X, target)
        occluded = True
    else:
        return None
    spectra = info.pop("spectra")
    if np.shape(maps) != np.shape(spectra):
        raise ValueError(
            f"{type(classifier).__name__}.explain_ returned maps of shape "
            f"{np.shape(maps)} for spectra of shape {np.shape(spectra)}; each point "
            "needs one value."
        )
    spectra = None if info["space"] == "input" else np.asarray(spectra)
    return Bunch(maps=np.asarray(maps), spectra=spectra, occluded=occluded, **info)


def find_score(model):
    """Return the score that `occlusion` of a fitted model explains, None without one.

    The decision function where there is one: probabilities of it would saturate.
    """
    if hasattr(model, "decision_function"):
        return "logit"
    return "prob" if hasattr(model, "predict_proba") else None


def occlude(model, X, target):
    """Hide stretches of spectra from a model, on an axis that all share.

    That is the axis of X. Spectra with axes of their own or with gaps go through steps
    of the model first, until they are one matrix without NaN.

    Returns
    -------
    maps : ndarray or data frame of shape (n_spectra, n_points)
    info : dict
        As `explain_pipeline` returns it.
    """
    *steps, (_, classifier) = flat_steps(model)
    axis, rest = labels_as_wavenumbers(X), model
    while is_ragged(X) or auto_space(X) == "model":
        if not steps:
            raise ValueError(
                "the spectra hold NaN where the classifier is given them, so there is "
                "no mean spectrum to lay its maps on."
            )
        (_, step), *steps = steps
        X = step.transform(X)
        axis = labels_as_wavenumbers(X)
        if axis is None:
            axis = getattr(step, "wavenumbers_out_", None)
        rest = Pipeline([*steps, ("classifier", classifier)])
    if axis is not None and len(axis) != np.shape(X)[1]:
        axis = None
    info = {
        "spectra": X,
        "wavenumbers": axis,
        "space": "input" if rest is model else "model",
        "reason": None,
    }
    return occlusion(rest, X, target, score=find_score(rest)), info


def probability_score(model, X_train, y_train, groups, X_test, y_test, seed):
    """Return the log-loss of a fitted model and whether it was calibrated for it.

    A classifier with `predict_proba` is taken at its word, except a support vector
    machine, whose `probability=True` splits without groups. Models that only have a
    `decision_function` are calibrated on folds of the training part.

    Returns
    -------
    loss : float
        NaN if there are no honest probabilities to be had.
    calibrated : bool
    """
    own = not isinstance(flat_steps(model)[-1][1], (SVC, NuSVC))
    calibrated = not (own and hasattr(model, "predict_proba"))
    if calibrated:
        folds = calibration_folds(y_train, groups, seed)
        if folds is None or not hasattr(model, "decision_function"):
            return np.nan, False
        # One temperature for all classes: sigmoid calibration learns two numbers per
        # class from few spectra, and is far off when the model is nearly always right.
        model = CalibratedClassifierCV(
            clone(best_of(model)), method="temperature", cv=folds, ensemble=False
        ).fit(X_train, y_train)
    order = np.argsort(model.classes_)  # log_loss takes columns for sorted ones
    found = np.asarray(model.predict_proba(X_test))[:, order]
    return log_loss(y_test, found, labels=model.classes_[order]), calibrated


def fewest_units(y, groups):
    """Return the number of spectra, or groups if given, of the smallest class."""
    units = np.arange(len(y)) if groups is None else np.asarray(groups)
    y = np.asarray(y)
    return min(len(np.unique(units[y == label])) for label in np.unique(y))


def calibration_folds(y, groups, seed):
    """Return folds of the training part that train every class, by group if given.

    None if a class has fewer than two spectra (groups), or if no such folds are found.
    """
    n_units = fewest_units(y, groups)
    if n_units < 2:
        return None
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    n_folds = min(MAX_CALIBRATION_FOLDS, n_units)
    splitter = kind(n_folds, shuffle=True, random_state=seed)
    folds = list(splitter.split(y, y, groups))
    complete = all(len(test) and np.isin(y, y[train]).all() for train, test in folds)
    return folds if complete else None
