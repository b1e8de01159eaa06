"""What the Despiker finds, and what it should have left alone.

    python -m benchmarks.check_despiker            (seconds)
    python -m benchmarks.check_despiker --quick    (prints, writes no results)

Real lines: the 320 bundled minerals, whose lines are sharp and which hold hardly a
cosmic ray. Points and spectra that are flagged, how many spectra lose their highest
point, and the points that the modified z-scores of the difference alone would flag
(Whitaker and Hayes 2018, the same threshold), which is what the width test is for.

Spikes: 2000 spectra of white noise with one spike of one point at a random place; the
share that is found, by height in standard deviations of the noise.
"""

import argparse

import numpy as np
from scipy.stats import median_abs_deviation

from benchmarks._results import write_results
from sklearn_raman.datasets import load_minerals
from sklearn_raman.preprocessing import Despiker

HEIGHTS = (6, 8, 10, 12, 15)


def zscore_mask(X, threshold):
    """Flag the points behind and before a difference with a large z-score."""
    d = np.diff(X, axis=1)
    spread = median_abs_deviation(d, axis=1, scale="normal")[:, None]
    center = np.median(d, axis=1, keepdims=True)
    jumps = np.abs(d - center) > threshold * np.where(spread == 0, np.inf, spread)
    mask = np.zeros(X.shape, dtype=bool)
    mask[:, 1:] |= jumps
    return mask


def real_lines(despiker, X):
    """Measure what is flagged in spectra that should stay as they are."""
    spikes = despiker.fit(X).find_spikes(X)
    highest = X.argmax(axis=1)
    return {
        "points": float(spikes.mean()),
        "spectra": float(spikes.any(axis=1).mean()),
        "highest_points_lost": int(spikes[np.arange(len(X)), highest].sum()),
        "points_by_z_scores_alone": float(zscore_mask(X, despiker.threshold).mean()),
    }


def recall(despiker, n_spectra):
    """Return the share of planted spikes that is found, by height."""
    rng = np.random.default_rng(0)
    found = {}
    for height in HEIGHTS:
        X = rng.standard_normal((n_spectra, 500))
        place = rng.integers(10, 490, n_spectra)
        X[np.arange(n_spectra), place] += height
        spikes = despiker.fit(X).find_spikes(X)
        found[str(height)] = float(spikes[np.arange(n_spectra), place].mean())
    return found


def main(argv=None):
    """Run both parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    X = load_minerals().data[:: 20 if options.quick else 1]
    figures = {
        "real_lines": real_lines(Despiker(), X),
        "recall": recall(Despiker(), 50 if options.quick else 2000),
    }
    for part, values in figures.items():
        print(part, values)
    if not options.quick:
        print(write_results("despiker", figures))


if __name__ == "__main__":
    main()
