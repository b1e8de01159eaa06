"""Intervals that ask what other crystals would have given."""

import numpy as np
import pandas as pd


def group_bootstrap(result, groups, networks, n_draws=10_000):
    """Return 95 % intervals of differences in accuracy, resampling groups.

    What would other crystals (samples, patients) have given? All test spectra of a
    group, in whatever split, are drawn together; the training sets stay.

    Parameters
    ----------
    result : Comparison
        Of all models on the same folds.
    groups : array-like of shape (n_spectra,)
        Crystal of each spectrum.
    networks : sequence of str
        Models that are compared with each of the others.
    n_draws : int
        Number of draws.

    Returns
    -------
    DataFrame
        Columns `a`, `b`, and `low` and `high` of accuracy of a minus that of b.
    """
    found = result.predictions
    right = (found["predicted"] == found["true"]).astype(float)
    by_group = (
        right.groupby([found["model"], np.asarray(groups)[found["row"]]])
        .agg(["sum", "size"])
        .unstack(0)
    )
    rng = np.random.default_rng(0)
    n_groups = len(by_group)
    draws = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_draws)
    accuracy = {
        name: (draws @ by_group["sum"][name].to_numpy())
        / (draws @ by_group["size"][name].to_numpy())
        for name in by_group["sum"].columns
    }
    return pd.DataFrame(
        [
            {
                "a": cnn,
                "b": rival,
                "low": np.quantile(accuracy[cnn] - accuracy[rival], 0.025),
                "high": np.quantile(accuracy[cnn] - accuracy[rival], 0.975),
            }
            for cnn in networks
            if cnn in accuracy
            for rival in accuracy
            if rival not in networks
        ]
    )
