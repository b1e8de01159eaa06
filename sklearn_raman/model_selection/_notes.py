"""Why a map has evidence where the class has no band: what the class means show."""

import numpy as np
from scipy.ndimage import maximum_filter1d

from sklearn_raman._utils._explanation import reference_spectra

# A band rises above its surroundings by this share of the spectrum, and above noise.
SMALLEST_BAND = 0.03
NOISES_PER_BAND = 5
# It reaches this share of the axis beyond where it is that high: maps of derivatives
# lie on its flanks.
REACH = 0.01
# So many of the classes that have a band are named; the rest are counted.
MOST_NAMED = 3


def find_bands(means):
    """Tell where the mean of each class has a band.

    Parameters
    ----------
    means : ndarray of shape (n_classes, n_points)
        Each between 0 and 1; NaN where it is not known.

    Returns
    -------
    ndarray of shape (n_classes, n_points), bool
    """
    points = np.arange(means.shape[1])
    filled = np.zeros(means.shape)
    for values, row in zip(filled, means, strict=True):
        known = np.isfinite(row)
        if known.any():
            values[:] = np.interp(points, points[known], row[known])
    heights = filled - reference_spectra(filled, "local")
    # A difference of two points has twice the variance of one; bands are few.
    steps = np.abs(np.diff(heights, axis=1))
    noise = np.median(steps, axis=1, keepdims=True) / 0.6745 / np.sqrt(2)
    high = heights > np.maximum(SMALLEST_BAND, NOISES_PER_BAND * noise)
    width = 2 * round(REACH * means.shape[1]) + 1
    return maximum_filter1d(high, width, axis=1, mode="constant")


def explain_labels(label, positions, means, bands):
    """Say of each position that a map of a class calls out what the means show there.

    Parameters
    ----------
    label : label
        The class whose maps these are.
    positions : list of (float, int)
        Position and sign of each.
    means : DataFrame of shape (n_classes, n_points)
        As `Comparison.class_means`.
    bands : ndarray of shape (n_classes, n_points), bool
        From `find_bands`.

    Returns
    -------
    list of (str, str)
        Positions that have something in common, and a sentence on them; what has no
        band first.
    """
    axis, values = means.columns.to_numpy(), means.to_numpy()
    own = means.index.get_loc(label)
    others = np.arange(len(means)) != own
    by_kind, found = {}, {}
    for position, sign in sorted(set(positions)):
        point = np.abs(axis - position).argmin()
        level = values[:, point]
        if not np.isfinite(level[own]) or not np.isfinite(level[others]).any():
            continue
        is_lower = level[own] < np.nanmean(level[others])
        if bands[own, point]:
            kind = (3, 0, False)
        elif (bands[:, point] & others).any():
            kind = (1, sign, True) if is_lower else (2, 0, False)
        else:
            kind = (0, 0, is_lower)
        by_kind.setdefault(kind, []).append((position, point))
    for kind, places in by_kind.items():
        for run in _close(places, REACH * np.ptp(axis)):
            points = [point for _, point in run]
            heights = np.where(bands[:, points], values[:, points], -1).max(axis=1)
            rivals = np.argsort(-heights, kind="stable")[: (heights >= 0).sum()]
            names = [str(means.index[place]) for place in rivals]
            rivals = _join(names) if kind[0] in (1, 2) else ""
            found.setdefault((kind, rivals), []).append(run)
    return [
        (_write_positions(runs), _explain(label, *kind, rivals))
        for (kind, rivals), runs in sorted(found.items())
    ]


def _close(places, reach):
    """Gather sorted places of which each is within `reach` of the one before."""
    runs = []
    for place in places:
        if runs and place[0] - runs[-1][-1][0] <= reach:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _explain(label, kind, sign, is_lower, rivals):
    """Write the sentence on one kind of evidence."""
    if kind == 3:
        return f"on a band of {label}."
    if kind == 0:
        return (
            f"no class has a band here; {label} is {'lower' if is_lower else 'higher'} "
            "than the mean of the others. Background, scaling or noise."
        )
    text = f"no band of {label} here, but one of {rivals}; "
    if kind == 2:
        return text + f"yet {label} is no lower than the others. Background or scaling."
    if sign > 0:
        return text + f"{label} is lower than the others: the missing band is evidence."
    return text + f"what intensity there is speaks against {label}."


def _join(names):
    """Write the first few names and how many more there are."""
    rest = len(names) - MOST_NAMED
    if rest > 1:
        return f"{', '.join(names[:MOST_NAMED])} and {rest} other classes"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _write_positions(runs):
    """Write positions, close ones as a range: "412, 1084–1090"."""
    ends = [dict.fromkeys(f"{run[end][0]:.0f}" for end in (0, -1)) for run in runs]
    return ", ".join("–".join(pair) for pair in ends)
