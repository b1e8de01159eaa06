"""Guo et al. 2020, Fig. 5: what the pooling layer sends back to the spectrum.

An FMCNN learns all random folds but one; the maps are those of the correctly named
spectra of that fold, on the axis and with the scaling that the network sees. Since the
paper attaches a deconvolution to each layer, `by_layer` measures what each sends back.

Measured of each map: correlation with the spectrum, share on its lines
(`peak_share`), whether its highest point is on the strongest line (within 5 cm-1), and
its level off the lines, the median of the absolute values there over the highest one.

Whether a map tells what the decision rests on: correlation of the maps of the class
and of the runner-up; correlation with the map after the layers behind the pooling have
random weights (`randomization_test`); and rarity, as the paper describes it: a line
that no other mineral has should be higher in the map than one that many have. For each
line of a spectrum the height in the map over the height in the spectrum is set against
the number of other minerals whose mean training spectrum has a line within 5 cm-1 (rank
correlation within a spectrum, so that spectra do not mix; negative if the paper is
right).
"""

import numpy as np
from scipy.stats import spearmanr

from benchmarks.papers._paper import FIRST_SEED
from benchmarks.papers._spectra import PROMINENCE, correlation, lines_of
from benchmarks.papers.guo.models import minerals, model, random_fold
from sklearn_raman.inspection import peak_share, randomization_test

SHOWN = ("Albite", "Quartz", "Calcite", "Forsterite", "Fluorapatite")
N_SHOWN = 4
NEAR = 5.0  # cm-1
MAPS = ("deconv", "contribution")


def maps_of_fold(*, data, spectra, repetition=0, fold=0, n_folds=10, tiny=False):
    """Train on all folds but one; measure the maps of that one."""
    found = minerals(data)
    train, test = random_fold(found, repetition, fold, n_folds)
    pipeline = model("FMCNN", spectra, FIRST_SEED + repetition, tiny=tiny)
    pipeline.fit(found.data.iloc[train], found.target.iloc[train])
    net = pipeline[-1]
    seen = found.data if len(pipeline) == 1 else pipeline[:-1].transform(found.data)
    axis = seen.columns.astype(float).to_numpy()
    y = found.target.to_numpy()
    right = test[pipeline.predict(found.data.iloc[test]) == y[test]]
    if tiny:
        right = test[::8]
    X = seen.iloc[right]
    means = np.stack([seen.iloc[train][y[train] == c].mean() for c in np.unique(y)])
    lines = [lines_of(axis, row) for row in means]

    record = {"accuracy": len(right) / len(test), "n_spectra": len(right)}
    probability = net.predict_proba(X)
    runner_up = net.classes_[np.argsort(probability, axis=1)[:, -2]]
    values = X.to_numpy()
    for method in MAPS:
        maps = np.asarray(net.explain_(X, y[right], method=method))
        other = np.asarray(net.explain_(X, runner_up, method=method))
        few = {"n_repeats": 1} if tiny else {}
        forgotten = randomization_test(
            net, X.iloc[:60], method=method, target=y[right][:60], random_state=0, **few
        )
        record[method] = {
            **against_the_spectrum(maps, values, axis),
            "rarity": rarity(maps, values, axis, lines, y[right]),
            "other_class": correlation(maps, other).mean(),
            "forgotten": forgotten["pearson"].to_dict(),
        }
    record["by_layer"] = {
        layer: against_the_spectrum(net.deconvolve(X, layer=layer), values, axis)
        for layer in net.feature_maps(X[:1])
        if layer.startswith("blocks.") and layer.count(".") == 1
    }
    record["shown"] = shown(found, net, seen, right, axis)
    return record


def shown(found, net, seen, rows, axis):
    """Return axis, spectra and maps of one test spectrum of a few minerals."""
    names = found.target_names[found.target.iloc[rows]]
    wanted = [name for name in SHOWN if name in names]
    wanted += [name for name in dict.fromkeys(names) if name not in wanted]
    first = [rows[list(names).index(name)] for name in wanted[:N_SHOWN]]
    X, y = seen.iloc[first], found.target.iloc[first].to_numpy()
    every = -(-len(axis) // 680)
    drawn = {"spectrum": X.to_numpy()}
    drawn |= {m: np.asarray(net.explain_(X, y, method=m)) for m in MAPS}
    return {
        "minerals": wanted[:N_SHOWN],
        "axis": [axis[0], axis[-1], len(axis[::every])],
        **{name: _thinned(rows, every) for name, rows in drawn.items()},
    }


def _thinned(rows, every):
    """Divide each row by its highest point and keep the largest of `every` points."""
    rows = rows / np.abs(rows).max(axis=1, keepdims=True)
    parts = rows[:, : rows.shape[1] // every * every].reshape(len(rows), -1, every)
    largest = np.abs(parts).argmax(axis=2)[:, :, None]
    return np.take_along_axis(parts, largest, axis=2)[:, :, 0].round(3)


def against_the_spectrum(maps, X, axis):
    """Return means over the spectra of how maps follow the lines; see the top."""
    share = peak_share(maps, X, min_prominence=PROMINENCE)
    strongest = axis[X.argmax(axis=1)]
    level = []
    for one, spectrum in zip(maps, X, strict=True):
        off = np.abs(one[off_lines(spectrum, axis)])
        level.append(np.median(off) / np.abs(one).max() if len(off) else np.nan)
    away = np.abs(axis[maps.argmax(axis=1)] - strongest)
    return {
        "correlation": correlation(maps, X).mean(),
        "on_lines": share["mass"].mean(),
        "chance": share["chance"].mean(),
        "strongest_line": (away <= NEAR).mean(),
        "off_lines": np.nanmean(level),
    }


def off_lines(spectrum, axis):
    """Tell the points further than 3 times `NEAR` from every line of a spectrum."""
    lines = lines_of(axis, spectrum)
    return (np.abs(axis[:, None] - lines) > 3 * NEAR).all(axis=1)


def rarity(maps, X, axis, lines_of_class, classes):
    """Correlate a line's height in the map, over that in the spectrum, with sharing.

    `lines_of_class` are the positions of the lines of each class's mean spectrum.
    Returns the mean rank correlation over the spectra with three lines or more: between
    the relative height and the number of other classes that have a line there.
    """
    found = []
    for one, spectrum, own in zip(maps, X, classes, strict=True):
        lines = lines_of(axis, spectrum)
        positions = np.searchsorted(axis, lines)
        height = spectrum[positions] - spectrum.min()
        others = [rows for c, rows in enumerate(lines_of_class) if c != own]
        shared = [
            sum(bool((np.abs(rows - line) <= NEAR).any()) for rows in others)
            for line in lines
        ]
        if len(lines) < 3 or len(set(shared)) < 2:
            continue
        found.append(spearmanr(one[positions] / height, shared).statistic)
    return float(np.mean(found)) if found else None
