"""What the page of Zhang et al. names besides its experiments."""

from functools import reduce as reduce_
from operator import getitem

import numpy as np

from benchmarks.papers._values import Values, one, reduce, table
from benchmarks.papers.zhang.maps import near_lines, top_overlap
from benchmarks.papers.zhang.models import (
    BINS,
    CNN,
    NARROW,
    PAPER_NET,
    PARTS,
    PER_SPECTRUM,
    PLS,
    PLS_RAW,
    PLS_UNSCALED,
)
from sklearn_raman.inspection import map_stability

# What only the texts name.
__all__ = ["BINS", "CNN", "NARROW", "PER_SPECTRUM", "PLS", "PLS_RAW", "PLS_UNSCALED"]
ECOLI = ("Andradite", "Grossular")  # in place of 498 and 1116
MEAT = ("Chicken", "Pork", "Turkey")
SPLITS = "by sample", "random"
SMOOTH, ZERO = "like_input", "zero_maps"


def of_class(records, network, label):
    """Return what a network's map of a class shows, one a fit."""
    found = records.maps[network].classes
    return found.apply(lambda cs: [c for c in cs if c["class"] == label])[0]


def of_classes(records, network, labels, *path, spec=".2f"):
    """Write a number of the maps of several classes."""
    found = {n: reduce_(getitem, path, of_class(records, network, n)) for n in labels}
    return ", ".join(f"{label} {values:{spec}}" for label, values in found.items())


def layer(records, network, number, what):
    """Return a number of a layer, one a fit."""
    return records.maps[network].layers[number - 1][what]


def at_lines(records, network, label, example):
    """Say of each fit whether the map of a class is highest at a line of it."""
    if not len(example):
        return Values([])
    axis, near = _near(label, example)
    highest = of_class(records, network, label).highest
    return highest.apply(lambda place: float(near[np.abs(axis - place).argmin()]))


def by_chance(label, example):
    """Return the share of the axis that is close to a line of the class."""
    return one(_near(label, example)[1].mean()) if len(example) else Values([])


def _near(label, example):
    """Return the axis, and which of its points are close to a line of the class."""
    shown = next(iter(example))
    axis = np.array(shown["wavenumbers"])
    clean = np.array(shown["clean"][shown["classes"].index(label)])
    return axis, near_lines(axis, clean)


def wrong(records, network):
    """Return correlations of misclassified spectra's maps with the class's mean map."""
    found = records.maps[network].classes
    return found.apply(lambda cs: [w for c in cs for w in c["wrong"]]).where(len)


def n_wrong(records, network):
    """Return how many spectra were misclassified."""
    found = wrong(records, network)
    return reduce(lambda _: sum(map(len, found)), found)


def like_mean(records, network):
    """Return the same correlation of correctly classified spectra."""
    found = records.maps[network].classes
    return found.apply(lambda classes: [c["like_mean"] for c in classes])


def scores(records, network):
    """Write the scores of the first class's mean spectrum in the first fit."""
    found = next(iter(records.maps[network].decision.scores), [[]])
    return " and ".join(f"{score:+.2f}" for score in found[0]) or "not run yet"


def span(values, digits=3):
    """Write the lowest and the highest value."""
    if not len(values):
        return "not run yet"
    return f"{values.array.min():.{digits}f} to {values.array.max():.{digits}f}"


def width(values):
    """Return the distance of the lowest and the highest value."""
    return reduce(np.ptp, values)


def deviation(values):
    """Return the standard deviation."""
    return reduce(np.std, values)


def runs(partitions):
    """Return the standard deviation of the runs on each partition."""
    return partitions.tests.apply(lambda tests: np.std(tests, ddof=1))


def alike(partitions):
    """Return the correlation of mean maps of different partitions."""
    return _stability([*partitions.maps])


def alike_vip(partitions):
    """Return the correlation of the VIP of different partitions."""
    return _stability([[vip] for vip in partitions.vip])


def _stability(maps):
    if len(maps) < 2:
        return Values([])
    return one(map_stability(maps)["mean_correlation"].mean())


def common(rows):
    """Return the share of the highest tenth that partitions have in common."""
    return one(top_overlap([*rows])) if len(rows) > 1 else Values([])


def common_maps(partitions):
    """Return the same for mean maps, over the classes."""
    if len(partitions) < 2:
        return Values([])
    by_class = zip(*partitions.maps, strict=True)
    return one(np.mean([top_overlap(rows) for rows in by_class]))


def level_at(example, label, place, what="mean"):
    """Return mean or standard deviation of a class's shown maps at a wavenumber."""

    def level(shown):
        maps, axis = shown[PAPER_NET], np.array(shown["wavenumbers"])
        row = maps[what][maps["classes"].index(label)]
        return row[np.abs(axis - place).argmin()]

    known = example.where(lambda shown: label in shown[PAPER_NET]["classes"])
    return known.apply(level)


def tables(results):
    """Return what is made of the results, by name, tables among them."""
    found = {"width_table": _width_table(Values.of(results.get("meat_widths", [])))}
    for name in ("minerals_fresh", "minerals_layers"):  # a few runs do not decide
        values = Values.of(results.get(name, []))
        found[name] = values if len(values) >= 5 else Values([])
    for data in ("meat", "minerals"):
        values = Values.of(results.get(data, []))
        found[f"{data}_table"] = _accuracy_table(values)
        found |= {f"{data}_{how.split()[-1]}": values(how=how) for how in SPLITS}
    return found


def _accuracy_table(found):
    rows = [
        [name, how, *(f"{found(how=how).accuracy[name][p]:3}" for p in PARTS)]
        for name in next(iter(found.accuracy), ())
        for how in SPLITS
    ]
    return table(["model", "split", *PARTS], rows)


def _width_table(widths):
    rows = []
    for kind in dict.fromkeys(tuple(record["kernel_size"]) for record in widths):
        some = widths(kernel_size=list(kind))
        parts = [f"{some.accuracy[part]:3}" for part in PARTS]
        rows.append([", ".join(map(str, kind)), *parts])
    return table(["widths of the filters", *PARTS], rows) if rows else "Not run yet."
