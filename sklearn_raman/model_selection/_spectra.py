"""Spectra for a report: the mean of each class, and the often missed with maps."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_raman._utils._ragged import is_ragged
from sklearn_raman._utils._sklearn import safe_indexing
from sklearn_raman._utils._wavenumbers import labels_as_wavenumbers
from sklearn_raman.preprocessing import WavenumberResampler

MOST_DRAWN = 6


def list_missed(predictions):
    """List the spectra that some model named wrongly, the most often missed first.

    Parameters
    ----------
    predictions : DataFrame
        As in `Comparison`.

    Returns
    -------
    DataFrame
        Indexed by row: `true`, `n_models` (models that were wrong in some fold) and
        `n_wrong` (wrong answers of all models and folds).
    """
    wrong = predictions[predictions["true"] != predictions["predicted"]].groupby("row")
    missed = pd.DataFrame(
        {
            "true": wrong["true"].first(),
            "n_models": wrong["model"].nunique(),
            "n_wrong": wrong.size(),
        }
    )
    order = ["n_models", "n_wrong", "row"]
    return missed.sort_values(order, ascending=[False, False, True])


def sum_up_spectra(X, y, classes, missed):
    """Return the mean spectrum of each class and the first spectra of a list.

    Each spectrum is stretched to 0..1, so that bright ones don't decide the mean.

    Parameters
    ----------
    X : array-like, data frame or ragged spectra
    y : ndarray of shape (n_spectra,)
    classes : ndarray of shape (n_classes,)
    missed : array-like of int
        Rows, of which the first `MOST_DRAWN` are returned.

    Returns
    -------
    means, spectra : DataFrame or None
        Indexed by class and by row; columns are wavenumbers, whose index is then called
        "cm-1", or points ("point"). None if the spectra share no axis.
    """
    axis, resampler = None, None
    try:
        if is_ragged(X):
            resampler = WavenumberResampler(target_wavenumbers="common").fit(X)
            axis = resampler.wavenumbers_out_
        else:
            axis = labels_as_wavenumbers(X)
        means = [_mean(_scaled(X, np.flatnonzero(y == k), resampler)) for k in classes]
        drawn = np.asarray(missed[:MOST_DRAWN], dtype=int)
        spectra = _scaled(X, drawn, resampler) if len(drawn) else []
    except (TypeError, ValueError):  # no range that all cover, or no dense matrix
        return None, None
    n_points = len(means[0])
    columns = pd.Index(
        np.arange(n_points) if axis is None else axis,
        name="point" if axis is None else "cm-1",
    )
    spectra = np.reshape(spectra, (len(drawn), n_points))
    return (
        pd.DataFrame(means, pd.Index(classes, name="class"), columns),
        pd.DataFrame(spectra, pd.Index(drawn, name="row"), columns),
    )


def map_missed(rows, outcomes, X):
    """Return two maps of each spectrum: of the class it was taken for, and of its own.

    Parameters
    ----------
    rows : array-like of int
        Those of X to look for.
    outcomes : list of Bunch
        From `evaluate_fold`, in order of preference: the maps of a spectrum are those
        of the first that named it wrongly and has maps that are not zero.
    X : array-like, data frame or ragged spectra

    Returns
    -------
    dict of int to Bunch
        As `Comparison.missed_maps`.
    """
    found = {}
    for outcome in outcomes:
        part, predictions = outcome.explanation, outcome.predictions
        if part is None:
            continue
        wrong = predictions["true"] != predictions["predicted"]
        for number, place in enumerate(np.flatnonzero(wrong)):
            row, true, predicted = (
                predictions[name].iloc[place] for name in ("row", "true", "predicted")
            )
            if row not in rows or row in found:
                continue
            spectra = part.spectra
            one = safe_indexing(X, [int(row)]) if spectra is None else spectra[[place]]
            axis, name = part.wavenumbers, "cm-1"
            if axis is None:
                axis, name = np.arange(part.maps.shape[1]), "point"
            maps = np.stack([part.maps[place], part.true_maps[number]])
            if not maps.any():  # no stretch alone decides for this model
                continue
            labels = pd.Index([predicted, true], name="class")
            found[int(row)] = Bunch(
                model=outcome.model,
                fold=outcome.fold,
                true=true,
                predicted=predicted,
                spectrum=np.asarray(one, dtype=float)[0],
                maps=pd.DataFrame(maps, labels, pd.Index(axis, name=name)),
            )
    return found


def _scaled(X, rows, resampler):
    """Return some spectra on the common axis, each stretched to 0..1; NaN stays."""
    part = safe_indexing(X, rows)
    part = part if resampler is None else resampler.transform(part)
    values = np.array(part, dtype=float, ndmin=2)
    values[~np.isfinite(values)] = np.nan
    low = np.fmin.reduce(values, axis=1, keepdims=True)
    span = np.fmax.reduce(values, axis=1, keepdims=True) - low
    return (values - low) / np.where(span > 0, span, 1)


def _mean(values):
    """Average the spectra that have a value, at each point."""
    counts = np.isfinite(values).sum(axis=0)
    sums = np.nansum(values, axis=0)
    return np.where(counts, sums / np.maximum(counts, 1), np.nan)
