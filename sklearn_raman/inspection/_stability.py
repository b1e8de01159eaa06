"""Does the next fit, on another fold or with another seed, look at the same lines?"""

import warnings
from itertools import combinations

import numpy as np
import pandas as pd

from sklearn_raman.inspection._metrics import pearson


def map_stability(fits):
    """Correlate the class means of several fits of one model, as in [1]_, Fig. 10.

    Parameters
    ----------
    fits : sequence of ExplanationSummary, DataFrame or array-like
        One for each fold or seed. An array (n_classes, n_points) or a frame with one
        row for each class stands for a summary: ``DataFrame(model.coef_,
        model.classes_)`` compares the coefficients of PLS-LDA.

    Returns
    -------
    DataFrame with one row for each class
        `n_fits`, the number of fits that have the class; `mean_correlation` and
        `min_correlation` over all pairs of them.

    Raises
    ------
    ValueError
        If there are fewer than two fits, or their axes disagree.

    Warns
    -----
    UserWarning
        If fewer than two fits have a class: its row is missing.

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta 1119 (2020) 41-51,
       section 3.4, https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.model_selection import StratifiedKFold
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import map_stability
    >>> X, y = load_minerals(return_X_y=True)
    >>> fits = []
    >>> for train, test in StratifiedKFold(3).split(X, y):
    ...     model = PLSLDA(n_components=10).fit(X[train], y[train])
    ...     fits.append(pd.DataFrame(model.coef_, model.classes_))
    >>> stability = map_stability(fits)
    >>> bool((stability["n_fits"] == 3).all())
    True
    """
    tables = class_means(fits)
    labels = list(dict.fromkeys(label for table in tables for label in table.index))
    rows = {}
    for label in labels:
        means = [
            table.loc[label].to_numpy(float) for table in tables if label in table.index
        ]
        if len(means) > 1:
            found = [pearson(a, b) for a, b in combinations(means, 2)]
            rows[label] = (len(means), np.mean(found), np.min(found))
    lonely = [label for label in labels if label not in rows]
    if lonely:
        warnings.warn(
            f"Fewer than two fits have a map of {lonely}: these classes are missing.",
            UserWarning,
            stacklevel=2,
        )
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["n_fits", "mean_correlation", "min_correlation"]
    )
    return table.rename_axis("class")


def class_means(fits):
    """Return a frame with one row for each class from each fit, on one axis.

    Parameters
    ----------
    fits : sequence of ExplanationSummary, DataFrame or array-like
    """
    tables = [
        fit.mean if hasattr(fit, "top_frequency") else pd.DataFrame(fit) for fit in fits
    ]
    if len(tables) < 2:
        raise ValueError(
            f"Stability needs at least two fits, got {len(tables)}: fit the model on "
            "several folds or with several random_state."
        )
    first = tables[0]
    for position, table in enumerate(tables):
        if not np.isfinite(table.to_numpy(float)).all():
            raise ValueError(f"Fit {position} contains NaN or infinity.")
        same = table.shape[1] == first.shape[1]
        if not (same and np.array_equal(table.columns, first.columns)):
            raise ValueError(
                f"Fit {position} has another axis than fit 0 ({table.shape[1]} and "
                f"{first.shape[1]} points): resample the spectra to one axis first."
            )
    return tables
