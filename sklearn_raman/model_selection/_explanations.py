"""What each model looked at, gathered over folds and averaged by class."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_raman._utils._wavenumbers import labels_as_wavenumbers
from sklearn_raman.model_selection._unwrap import final_estimator, unwrap


def explain_fold(estimator, X, y, predicted, classes):
    """Add up maps and spectra of the correctly classified spectra of each class.

    Parameters
    ----------
    estimator : fitted estimator
        Its final classifier may have `explain_`.
    X : array, data frame or list of n_spectra spectra
        Test spectra.
    y, predicted : ndarray of shape (n_spectra,)
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    None or Bunch
        None if the classifier can't explain. Otherwise `axis` (n_points,), `unit`
        ("cm-1" or "point"), `map_sum` and `spectrum_sum` (n_classes, n_points) and
        `counts` (n_classes,).
    """
    if not hasattr(final_estimator(estimator), "explain_"):
        return None
    final, inputs, names = unwrap(estimator, X)
    # Of the class that was predicted: a threshold may choose one of a lower score.
    maps = final.explain_(inputs, predicted, normalize="max")
    maps = np.asarray(maps, dtype=np.float64)
    spectra = np.asarray(inputs, dtype=np.float64)
    if maps.shape != spectra.shape:
        raise ValueError(
            f"{type(final).__name__}.explain_ returned maps of shape {maps.shape} for "
            f"spectra of shape {spectra.shape}; each point needs one value."
        )
    axis = None if names is None else labels_as_wavenumbers(pd.DataFrame(columns=names))
    chosen = (y[None, :] == classes[:, None]) & (predicted == y)[None, :]
    members = chosen.astype(np.float64)
    return Bunch(
        axis=np.arange(maps.shape[1], dtype=np.float64) if axis is None else axis,
        unit="point" if axis is None else "cm-1",
        map_sum=members @ maps,
        spectrum_sum=members @ spectra,
        counts=chosen.sum(axis=1),
    )


def average_folds(folds, classes):
    """Average the sums of `explain_fold` over the folds with the axis of the first.

    Parameters
    ----------
    folds : list of Bunch
        At least one, in the order of the folds.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    Bunch
        `axis`, `unit`, `classes`, `mean_map` and `mean_spectrum` (n_classes, n_points;
        NaN where no spectrum was classified correctly) and `counts`, the number of
        spectra in each mean.
    """
    first = folds[0]
    same = [fold for fold in folds if np.array_equal(fold.axis, first.axis)]
    counts = sum(fold.counts for fold in same)
    divisor = np.where(counts > 0, counts, np.nan)[:, None]
    return Bunch(
        axis=first.axis,
        unit=first.unit,
        classes=classes,
        mean_map=sum(fold.map_sum for fold in same) / divisor,
        mean_spectrum=sum(fold.spectrum_sum for fold in same) / divisor,
        counts=counts,
    )
