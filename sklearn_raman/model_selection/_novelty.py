"""Which spectra do the compared models call "none of these"?"""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Bunch

from sklearn_raman._utils._pipeline import best_of, flat_steps, is_search, unshared
from sklearn_raman._utils._ragged import check_holds_spectra, is_ragged, unmask
from sklearn_raman._utils._wavenumbers import (
    check_same_axis,
    labels_as_wavenumbers,
)
from sklearn_raman.preprocessing import WavenumberResampler
from sklearn_raman.uncertainty import SpectralNoveltyDetector


def check_novelty(novelty, unknown, data, seed):
    """Return the detector to put around each model, and the unknown spectra.

    Parameters
    ----------
    novelty : bool or SpectralNoveltyDetector
    unknown : spectra, Bunch or None
    data : Bunch
        `X` and `groups` (or None).
    seed : int
        Decides the folds of the detector, unless it has a `random_state`.

    Returns
    -------
    detector : SpectralNoveltyDetector or None
    unknown : spectra or None
    """
    if isinstance(unknown, Bunch):
        unknown = unknown.data
    if unknown is not None:
        check_holds_spectra(unknown, "unknown")
        unknown = unmask(unknown)
        _check_points(unknown, data.X)
        if len(unknown) == 0:
            raise ValueError("unknown holds no spectrum: leave it out, or give some.")
    if isinstance(novelty, SpectralNoveltyDetector):
        if novelty.estimator is not None:
            raise ValueError(
                "novelty is a detector with an estimator of its own: leave the "
                "estimator out, the models that are compared take its place."
            )
        detector = clone(novelty)
    elif isinstance(novelty, (bool, np.bool_)):
        if not novelty and unknown is None:
            return None, None
        detector = SpectralNoveltyDetector()
    else:
        raise ValueError(
            f"novelty must be True, False or a SpectralNoveltyDetector, got {novelty!r}"
            "; spectra of no class are given as unknown."
        )
    detector._validate_params()  # before anything is fitted
    if detector.random_state is None:
        detector.random_state = seed
    return detector.set_params(grouped=data.groups is not None), unknown


def _check_points(unknown, X):
    """Raise if the unknown spectra can't be on the axis of X; others tell models."""
    if is_ragged(X) or is_ragged(unknown):
        return
    found, expected = np.shape(unknown), np.shape(X)
    has_axis = labels_as_wavenumbers(X) is not None
    if len(found) != 2 or (found[1] != expected[1] and not has_axis):
        raise ValueError(
            f"unknown has shape {found} and X has {expected}: both need spectra in "
            "rows and the same points in columns."
        )


def check_same_points(unknown, X, estimators):
    """Raise, before anything is fitted, if a model can't take the unknown spectra.

    Parameters
    ----------
    unknown, X : spectra
    estimators : dict of str to estimator, not fitted
    """
    if is_ragged(X) or np.shape(X)[0] == 0:
        return
    if is_ragged(unknown):
        why = "unknown are pairs, each with its own axis."
    else:
        try:
            check_same_axis(unknown, labels_as_wavenumbers(X))
            if np.shape(unknown)[1] == np.shape(X)[1]:
                return
            why = f"unknown has shape {np.shape(unknown)} and X has {np.shape(X)}."
        except ValueError as error:
            why = f"unknown and X differ. {error}"
    for name, model in estimators.items():
        while is_search(model):
            model = model.estimator
        first = flat_steps(model)[0][1]
        is_ours = type(first).__module__.startswith(("sklearn.", "sklearn_raman."))
        unites = (WavenumberResampler, FunctionTransformer, ColumnTransformer)
        if is_ours and not isinstance(first, unites):
            raise ValueError(
                f"The model {name!r} does not bring spectra to one axis, and {why} "
                "Bring them to the axis of X, or make a WavenumberResampler with given "
                "target_wavenumbers its first step."
            )


def judge_novelty(detector, model, train, test, unknown):
    """Calibrate a detector around a fitted model and ask it of other spectra.

    Parameters
    ----------
    detector : SpectralNoveltyDetector
    model : fitted classifier, Pipeline or search
        A search is taken with what it chose.
    train : tuple (X, y, groups)
    test, unknown : spectra; unknown may be None

    Returns
    -------
    known : array of shape (n_test,), bool
        False where a test spectrum is called none of the classes; NA if the held-out
        spectra are so few that none ever could be.
    of_unknown : DataFrame or None
        `row`, `predicted` (by the model) and `known` of the unknown spectra.
    """
    detector = clone(detector).set_params(estimator=clone(best_of(model)))
    detector.fit(*train)
    can_tell = detector.smallest_p_value_ <= detector.false_alarm_rate

    def is_known(spectra):
        found = pd.array(detector.predict(spectra) == 1, dtype="boolean")
        return found if can_tell else pd.array([pd.NA] * len(found), dtype="boolean")

    known = is_known(test)
    if unknown is None:
        return known, None
    found = {
        "row": np.arange(len(unknown)),
        "predicted": model.predict(unshared(unknown)),
        "known": is_known(unknown),
    }
    return known, pd.DataFrame(found)


def count_novel(comparison):
    """Count the spectra that each model calls none of the classes.

    Returns
    -------
    list of (str, int, list of int or None)
        For each class, for all of them and, if there are any, for the unknown spectra:
        name, number of spectra over all folds, and how many each model calls so; None
        where its detector could call none so in some fold.
    """
    models = list(comparison.to_frame().index)

    def count(spectra):
        by_model = dict(list(spectra.groupby("model")["known"]))
        return len(spectra) // len(models), [
            None if by_model[name].isna().any() else int((~by_model[name]).sum())
            for name in models
        ]

    of_class = dict(list(comparison.predictions.groupby("true")))
    rows = [(str(c), *count(of_class[c])) for c in comparison.classes if c in of_class]
    rows.append(("all classes", *count(comparison.predictions)))
    if comparison.unknown is not None:
        rows.append(("unknown", *count(comparison.unknown)))
    return rows


def sum_up_missed(comparison):
    """Return what unknown spectra are taken for that a model does not find.

    Returns
    -------
    dict of str to Series
        By model: names and how often, most frequent first; models that miss some only.
    """
    if comparison.unknown is None:
        return {}
    missed = comparison.unknown[comparison.unknown["known"].fillna(False)]
    names = missed.groupby("model")["predicted"]
    return {
        model: names.get_group(model).value_counts()
        for model in comparison.to_frame().index
        if model in names.groups
    }
