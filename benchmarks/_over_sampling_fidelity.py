"""How near are synthetic spectra to real ones? Metrics by seed and method."""

import time
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
            warnings.filterwarnings("ignore", message="Left out|Fewer than 10")
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


def run_fidelity(data, samplers, seeds, n_draws, rows, save):
    """Add one row for each seed and method that `rows` does not hold yet.

    `data(seed)` gives training and held-out spectra, the axis, how many new spectra of
    each class, and, perhaps, fresh real ones; `samplers(seed)` the methods by name;
    `save(rows)` is called after each method.
    """
    for seed in seeds:
        done = {row["method"] for row in rows if row["seed"] == seed}
        train, test, axis, wanted, fresh = data(seed)
        labels, known = np.repeat(list(wanted), list(wanted.values())), {}
        for method, draw in samplers(seed).items():
            if method in done:
                continue
            start = time.process_time()
            new, kept = draw(*train, wanted, seed)
            row = {"seed": seed, "method": method, "best_iter": kept}
            row["seconds"] = time.process_time() - start
            found = judge(known, train, test, (new, labels), axis, n_draws, seed)
            rows.append({**row, **found[0]})
            if TRAINING not in done:
                rows.append({"seed": seed, "method": TRAINING, **found[1]})
                done.add(TRAINING)
            save(rows)
            print(seed, method, kept, f"{found[0]['forest_accuracy']:.2f}", flush=True)
        if fresh is not None and YARDSTICK not in done:
            found = judge(known, train, test, fresh, axis, n_draws, seed)
            rows.append({"seed": seed, "method": YARDSTICK, **found[0]})
            save(rows)
    return pd.DataFrame(rows)
