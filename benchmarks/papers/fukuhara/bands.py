"""Lines of spectra, and how maps lie on them and beside them."""

import numpy as np

from benchmarks.papers._spectra import PROMINENCE, lines_of
from sklearn_raman.inspection import peak_share

NEAR = 10.0  # cm-1


def is_near(positions, lines, reach=NEAR):
    """Say of each position whether a line is within reach."""
    if not len(lines):
        return np.zeros(len(positions), dtype=bool)
    return np.abs(np.subtract.outer(positions, lines)).min(axis=1) <= reach


def map_levels(maps, spectra, clean):
    """Say how high maps are on the lines of spectra and beside them.

    `on_lines`, the share of the positive part on lines; `chance`, the share of the axis
    that lines take; `background`, the mean absolute height beside lines over the
    highest absolute value; `background_of_input`, the same of the noisy spectrum
    itself. `clean` are the spectra without noise, which have the lines.
    """
    positive = peak_share(np.maximum(maps, 0), clean, min_prominence=PROMINENCE)
    levels = positive[["mass", "chance"]].rename(columns={"mass": "on_lines"})
    levels["background"] = level_beside_lines(maps, clean)
    levels["background_of_input"] = level_beside_lines(spectra, clean)
    return levels


def level_beside_lines(maps, clean):
    """Return each map's mean absolute height beside lines over its highest one."""
    share = peak_share(maps, clean, min_prominence=PROMINENCE)
    height = np.abs(maps)
    beside = height.sum(axis=1) * (1 - share["mass"].to_numpy())
    n_beside = maps.shape[1] * (1 - share["chance"].to_numpy())
    highest, level = height.max(axis=1), np.zeros(len(maps))
    return np.divide(beside, n_beside * highest, out=level, where=highest > 0)


def bands_on_lines(summary, n_bands=5):
    """Say which of the strongest bands of each mean map are lines of the mean spectrum.

    `share` of the bands that are within 10 cm-1 of a line, `chance` the share of the
    axis that is, a value for each class.
    """
    bands, lines = summary.bands(n_bands)["position"], lines_by_class(summary)
    share = [is_near(bands.loc[n].to_numpy(), own).mean() for n, own in lines.items()]
    chance = [is_near(summary.axis, own).mean() for own in lines.values()]
    return {"share": share, "chance": chance}


def lines_by_class(summary):
    """Return the lines of the mean spectrum of each class that has a mean map."""
    spectra = summary.mean_spectrum.loc[summary.mean.index]
    return {n: lines_of(summary.axis, row.to_numpy()) for n, row in spectra.iterrows()}


def weight_of_lines(summary):
    """Compare lines that one class alone has with lines that others have as well.

    Mean of map over spectrum, both relative to their highest point, at the lines that
    are `alone` and `shared` (another class has a line within 10 cm-1); None where there
    are none.
    """
    spectra, lines = summary.mean_spectrum, lines_by_class(summary)
    weights = {"alone": [], "shared": []}
    for name, own in lines.items():
        others = [lines[other] for other in lines if other != name]
        shared = is_near(own, np.concatenate(others or [np.empty(0)]))
        at = np.searchsorted(summary.axis, own)
        height = summary.mean.loc[name].to_numpy() / summary.mean.loc[name].max()
        spectrum = spectra.loc[name].to_numpy()
        weight = height[at] * spectrum.max() / spectrum[at]
        weights["alone"].extend(weight[~shared])
        weights["shared"].extend(weight[shared])
    return {kind: np.mean(w) if len(w) else None for kind, w in weights.items()}
