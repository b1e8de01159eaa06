"""How near are synthetic spectra to real ones? Metrics by seed and method."""

import warnings

import numpy as np
import pandas as pd

from sklearn_raman.over_sampling import synthesis_report
from sklearn_raman.over_sampling._noise import noise_level

TRAINING, YARDSTICK = "training spectra", "simulator"


def judge(known, train, test, new, axis, n_draws, seed):
    """Return metrics of synthetic and of training spectra; once for the same ones."""
    key = new[0].tobytes()
    if key not in known:
        with warnings.catch_warnings():  # random over-sampling copies, on purpose
            warnings.filterwarnings("ignore", message=".*are copies of real_train")
            warnings.filterwarnings("ignore", message=".*fewer than 5 spectra")
            report = synthesis_report(
                train[0],
                test[0],
                new[0],
                y_train=train[1],
                y_test=test[1],
                y_synthetic=new[1],
                wavenumbers=axis,
                n_draws=n_draws,
                random_state=seed,
            )
        frame = report.to_frame(metrics="all")
        real = np.median(noise_level(test[0]))
        pooled = [np.median(noise_level(X)) / real for X in (new[0], train[0])]
        known[key] = (
            {**frame["value"], "noise_ratio_pooled": pooled[0]},
            {**frame["reference"], "noise_ratio_pooled": pooled[1]},
            report,
        )
    return known[key]


def run_fidelity(data, samplers, seeds, n_draws):
    """Return one row for each seed and method.

    `data(seed)` gives training and held-out spectra, the axis, how many new spectra of
    each class, and, perhaps, fresh real ones; `samplers(seed)` the methods by name.
    """
    rows = []
    for seed in seeds:
        train, test, axis, wanted, fresh = data(seed)
        labels, known = np.repeat(list(wanted), list(wanted.values())), {}

        def score(method, new, kept=None, place=0):
            found = judge(known, train, test, new, axis, n_draws, seed)  # noqa: B023
            row = {"seed": seed, "method": method, "best_iter": kept}  # noqa: B023
            rows.append({**row, **found[place]})

        for number, (method, draw) in enumerate(samplers(seed).items()):
            new, kept = draw(*train, wanted, seed)
            score(method, (new, labels), kept)
            if number == 0:
                score(TRAINING, (new, labels), place=1)
        if fresh is not None:
            score(YARDSTICK, fresh)
        print(seed, {r["method"]: r["best_iter"] for r in rows[-4:]}, flush=True)
    return pd.DataFrame(rows)
