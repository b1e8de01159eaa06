"""Which spectra do the compared models call "none of these"?"""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import Bunch

from sklearn_raman._utils._pipeline import best_of, unshared
from sklearn_raman._utils._ragged import check_holds_spectra, is_ragged, unmask
from sklearn_raman._utils._wavenumbers import labels_as_wavenumbers
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
    known : ndarray of shape (n_test,), bool
        False where a test spectrum is called none of the classes.
    of_unknown : DataFrame or None
        `row`, `predicted` (by the model) and `known` of the unknown spectra.
    """
    detector = clone(detector).set_params(estimator=clone(best_of(model)))
    detector.fit(*train)
    known = detector.predict(test) == 1
    if unknown is None:
        return known, None
    found = {
        "row": np.arange(len(unknown)),
        "predicted": model.predict(unshared(unknown)),
        "known": detector.predict(unknown) == 1,
    }
    return known, pd.DataFrame(found)


def count_novel(comparison):
    """Count the spectra that each model calls none of the classes.

    Returns
    -------
    list of (str, int, list of int)
        For each class, for all of them and, if there are any, for the unknown spectra:
        name, number of spectra over all folds, and how many each model calls so.
    """
    models = list(comparison.to_frame().index)

    def count(spectra):
        called = spectra["model"][~spectra["known"]].value_counts()
        return len(spectra) // len(models), [
            int(called.get(name, 0)) for name in models
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
    missed = comparison.unknown[comparison.unknown["known"]]
    names = missed.groupby("model")["predicted"]
    return {
        model: names.get_group(model).value_counts()
        for model in comparison.to_frame().index
        if model in names.groups
    }
