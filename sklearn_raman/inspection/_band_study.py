"""Fits of one model to draws of the groups, and what they say of its bands."""

from numbers import Integral

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.utils import check_random_state

from sklearn_raman._utils._wavenumbers import lies_within
from sklearn_raman.inspection._bands import (
    band_centers,
    check_bands,
    common_axis,
    find_bands,
)
from sklearn_raman.inspection._refits import (
    bootstrap_designs,
    check_study,
    held_out_designs,
    permuted_designs,
    run_designs,
    whole_designs,
)

_MOST_BANDS = 20  # that "auto" takes
_MOST_SEEDS = np.iinfo(np.int32).max


class BandStudy:
    """Fits of one model to draws of the groups, and what bands they have in common."""

    def __init__(self, owner, model, X, y, groups, random_state, settings):
        self.model, self.data = model, check_study(owner, model, X, y, groups)
        self.settings = settings
        # Each part has a seed of its own, so that it is the same without the others.
        rng = check_random_state(random_state)
        self.seeds = rng.randint(_MOST_SEEDS, size=4)

    def fit_whole(self, n_repeats, bands, wavenumbers):
        """Fit to all groups, and find the bands."""
        designs = whole_designs(self.data, n_repeats, self.seeds[0])
        first, *_ = found = list(self._run(designs, "whole"))
        n_points = first.maps.shape[1]
        own = {} if first.axis is None else {"X": pd.DataFrame(columns=first.axis)}
        axis = common_axis(wavenumbers, n_points, **own)
        self.unit = "point" if axis is None else "cm-1"
        self.axis = np.arange(n_points) if axis is None else axis
        self.spectra = self.data.average @ first.spectra
        self.whole = self.class_maps(np.mean([one.maps for one in found], axis=0))
        if isinstance(bands, str):
            self.ranges = find_bands(self.axis, self.spectra, _MOST_BANDS)
        elif isinstance(bands, Integral):
            self.ranges = find_bands(self.axis, self.spectra, bands)
            if len(self.ranges) < bands:
                raise ValueError(
                    f"bands={bands}, but only {len(self.ranges)} stand out in the mean "
                    'spectra: ask for no more, for "auto", or give stretches '
                    "(low, high)."
                )
        else:
            self.ranges = check_bands(bands, self.axis, self.unit)
        low, high = self.ranges.T[..., None]
        self.inside = lies_within(self.axis, low, high)

    def refit(self, n_refits):
        """Fit to draws of the groups; keep the mean map of each class."""
        designs = bootstrap_designs(self.data, n_refits, self.seeds[1])
        found = self._run(designs, "refits")
        self.refits = np.stack([self.class_maps(one.maps) for one in found])

    def hold_out(self, cv, n_repeats):
        """Hold out all groups, several times; keep the maps of each group."""
        designs = held_out_designs(self.data, cv, n_repeats, self.seeds[2])
        found = list(self._run(designs, "held out"))
        self.score = found[0].score
        self.maps = np.mean([one.maps for one in found], axis=0)

    def permute(self, cv, n_permutations):
        """Return the p-value of the score among those with permuted labels."""
        if n_permutations == 0:
            return np.nan
        designs = permuted_designs(self.data, cv, n_permutations, self.seeds[3])
        scores = [one.score for one in self._run(designs, "permutations")]
        # Two sums of the same numbers may differ in their last bit.
        above = np.sum(np.array(scores) >= self.score - 1e-9)
        return (above + 1) / (n_permutations + 1)

    def _run(self, designs, name):
        return run_designs(self.model, self.data, designs, name=name, **self.settings)

    def class_maps(self, maps):
        """Return the mean map of each class, absolute values adding up to 1."""
        mean = self.data.average @ maps
        total = np.abs(mean).sum(axis=1, keepdims=True)
        return np.divide(mean, total, out=np.zeros_like(mean), where=total > 0)

    def map_intervals(self, confidence):
        """Return the mean map of each class, and the ends of its interval."""
        ends = np.quantile(self.refits, _levels(confidence), axis=0)
        return self.whole, *ends

    def intervals(self, confidence):
        """Return the table of `band_intervals`, in the order of classes and bands."""
        table = self._rows()
        for name, measure in (("position", self._positions), ("share", self._shares)):
            draws = measure(self.refits)
            ends = np.full((2, *draws.shape[1:]), np.nan)
            known = np.isfinite(draws).any(axis=0)
            levels = _levels(confidence)
            ends[:, known] = np.nanquantile(draws[:, known], levels, axis=0)
            table[name] = measure(self.whole).ravel()
            table[f"{name}_low"], table[f"{name}_high"] = ends.reshape(2, -1)
        return table

    def test(self, false_discovery_rate, min_effect):
        """Return the table of `band_test`, in the order of classes and bands."""
        parts = self.maps @ self.inside.T
        total = np.abs(self.maps).sum(axis=1, keepdims=True)
        parts = np.divide(parts, total, out=np.zeros_like(parts), where=total > 0)
        table = self._rows()
        table["contribution"] = (self.data.average @ parts).ravel()
        by_class = [
            _p_above(parts[self.data.units[:, 1] == code], min_effect)
            for code in range(len(self.data.classes))
        ]
        table["p_value"] = np.concatenate(by_class)
        table["q_value"] = stats.false_discovery_control(table["p_value"])
        table["used"] = table["q_value"] <= false_discovery_rate
        return table

    def _rows(self):
        low, high = np.tile(self.ranges, (len(self.data.classes), 1)).T
        names = np.repeat(self.data.classes, len(self.ranges))
        return pd.DataFrame({"class": names, "low": low, "high": high})

    def _shares(self, maps):
        return np.abs(maps) @ self.inside.T

    def _positions(self, maps):
        return band_centers(
            self.axis, maps, self.inside, np.sign(self.whole @ self.inside.T)
        )


def _levels(confidence):
    return [(1 - confidence) / 2, (1 + confidence) / 2]


def _p_above(values, level):
    """Return one-sided p-values of the means of columns being at most `level`."""
    mean = values.mean(axis=0) - level
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    t = np.divide(mean, error, out=np.sign(mean) * np.inf, where=error > 0)
    return np.where(np.isnan(t), 1.0, stats.t.sf(t, len(values) - 1))
