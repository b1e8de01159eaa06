"""The experiments of Zhang et al. (2020), one function for each kind of task.

All take the name of the data ("meat", "minerals"), how they are split ("by sample",
"random"), the seed of the split, a size, and the folder that holds the meat. A network
has the seed of its split; further runs have 1000 more each.
"""

from dataclasses import dataclass, field

import numpy as np

from benchmarks.papers.zhang.data import meat, split, two_minerals
from benchmarks.papers.zhang.maps import (
    activations,
    by_class,
    class_means,
    decision,
    inside,
    layers,
    summarise,
    what_layers_do,
)
from benchmarks.papers.zhang.models import (
    BINS,
    CNN,
    NARROW,
    NETWORKS,
    PAPER_NET,
    PER_SPECTRUM,
    PLS,
    PLS_MODELS,
    accuracies,
    fit_pls,
    network,
)
from sklearn_raman.inspection import map_stability

EXPLAINED = PAPER_NET, BINS


@dataclass(frozen=True)
class Size:
    """How much of everything; `changes` are settings of all networks."""

    repeats: int = 10
    partitions: int = 6
    runs: int = 3
    copies: int = 7
    step: int = 4
    networks: tuple = (PAPER_NET, PER_SPECTRUM, BINS, CNN)
    changes: dict = field(default_factory=dict)


SIZES = {
    "full": Size(),
    "quick": Size(1, partitions=2, runs=2, copies=4, networks=(PAPER_NET, BINS)),
    "tiny": Size(
        repeats=1,
        partitions=2,
        runs=2,
        copies=2,
        step=16,
        networks=(PAPER_NET, BINS),
        changes={"max_epochs": 3},
    ),
}


def load(data, size, folder):
    """Return the spectra of an experiment."""
    if data == "meat":
        return meat(folder)
    return two_minerals(SIZES[size].copies, SIZES[size].step)


def windows(data, spectra):
    """Return the bands in cm-1 that the maps are asked about, the main one first.

    Meat: those that the paper names. Minerals: 20 cm-1 around the point where the mean
    spectrum of a class is highest above the other's.
    """
    if data == "meat":
        return {
            "1740": (1730, 1750),
            "1650": (1640, 1660),
            "1000-1150": (1000, 1150),
            "1400": (1380, 1420),
        }
    heights = spectra.clean / spectra.clean.max(axis=1, keepdims=True)
    lines = spectra.wavenumbers[(heights - heights[::-1]).argmax(axis=1)]
    return {
        name: (line - 10, line + 10)
        for name, line in zip(spectra.names, lines, strict=True)
    }


def repeat(data, how, seed, size, folder=None):
    """Fit all models once: accuracies, and what the networks look at."""
    spectra, settings = load(data, size, folder), SIZES[size]
    bands = windows(data, spectra)
    parts = split(spectra, how, seed)
    train, valid, _ = parts
    pls = {n: fit_pls(n, data, spectra, train, valid) for n in PLS_MODELS[data]}
    vips = {name: model[-1].vip_ for name, model in pls.items()}
    record = {
        "accuracy": {n: accuracies(model, spectra, parts) for n, model in pls.items()},
        "sizes": [len(part) for part in parts],
        "n_classes": len(spectra.names),
        "n_points": len(spectra.wavenumbers),
        "latent": {name: model[-1].n_components_ for name, model in pls.items()},
        "bands": bands,
        "vip": {n: inside(vip, spectra.wavenumbers, bands) for n, vip in vips.items()},
        "vip_highest": {n: spectra.wavenumbers[v.argmax()] for n, v in vips.items()},
        "maps": {},
    }
    for name in settings.networks:
        if name not in NETWORKS[data]:
            continue
        model = network(name, data, seed, **settings.changes)
        model.fit(spectra.X[train], spectra.y[train])
        record["accuracy"][name] = accuracies(model, spectra, parts)
        if name in EXPLAINED:
            record["maps"][name] = _looked_at(model, spectra, vips[PLS], bands)
    return record


def narrow(data, how, seed, size, folder=None):
    """Fit the paper's network with narrow filters, and look at it in the same way."""
    spectra = load(data, size, folder)
    parts = split(spectra, how, seed)
    train, valid, _ = parts
    vip = fit_pls(PLS, data, spectra, train, valid)[-1].vip_
    model = network(NARROW, data, seed, **SIZES[size].changes)
    model.fit(spectra.X[train], spectra.y[train])
    return {
        "accuracy": {NARROW: accuracies(model, spectra, parts)},
        "maps": {NARROW: _looked_at(model, spectra, vip, windows(data, spectra))},
    }


def what_it_does(data, how, seed, size, folder=None):
    """Fit the network with narrow filters; what its filters and later layers do."""
    spectra = load(data, size, folder)
    train, _, _ = split(spectra, how, seed)
    model = network(NARROW, data, seed, **SIZES[size].changes)
    model.fit(spectra.X[train], spectra.y[train])
    return what_layers_do(model, spectra)


def width(data, how, seed, kernel_size, size, folder=None):
    """Fit the paper's network with filters of these widths; its accuracy."""
    spectra = load(data, size, folder)
    parts = split(spectra, how, seed)
    changes = {**SIZES[size].changes, "kernel_size": kernel_size}
    model = network(PAPER_NET, data, seed, **changes)
    model.fit(spectra.X[parts[0]], spectra.y[parts[0]])
    return {"accuracy": accuracies(model, spectra, parts)}


def _looked_at(model, spectra, vip, bands):
    return {
        "classes": by_class(model, spectra, vip, bands),
        "layers": layers(model, spectra),
        "decision": decision(model, spectra),
    }


def partition(data, how, seed, size, folder=None):
    """Fit PLS-LDA once and the paper's network several times on one partition."""
    spectra, settings = load(data, size, folder), SIZES[size]
    parts = split(spectra, how, seed)
    train, valid, _ = parts
    pls = fit_pls(PLS, data, spectra, train, valid)
    tests, means = [], []
    for run in range(settings.runs):
        model = network(PAPER_NET, data, seed + 1000 * run, **settings.changes)
        model.fit(spectra.X[train], spectra.y[train])
        tests.append(accuracies(model, spectra, parts)["test"])
        means.append(summarise(model, spectra)[2].mean.reindex(spectra.names).fillna(0))
    return {
        "tests": tests,
        "pls_test": accuracies(pls, spectra, parts)["test"],
        "latent": pls[-1].n_components_,
        "classes": spectra.names,
        "wavenumbers": spectra.wavenumbers,
        "between_runs": map_stability(means)["mean_correlation"].mean(),
        "maps": np.round(np.mean(means, axis=0), 3),
        "vip": np.round(pls[-1].vip_, 3),
    }


def example(data, how, seed, size, folder=None):
    """Fit once and keep what the pictures show."""
    spectra, settings = load(data, size, folder), SIZES[size]
    train, valid, _ = split(spectra, how, seed)
    pls = fit_pls(PLS, data, spectra, train, valid)
    record = {
        "wavenumbers": spectra.wavenumbers,
        "classes": spectra.names,
        "clean": np.round(spectra.clean, 4),
        "vip": np.round(pls[-1].vip_, 3),
    }
    for name in EXPLAINED:
        model = network(name, data, seed, **settings.changes)
        model.fit(spectra.X[train], spectra.y[train])
        summary = summarise(model, spectra)[2]
        record[name] = {
            "classes": summary.mean.index.tolist(),
            "correct": summary.counts["correct"].to_dict(),
            "total": summary.counts["total"].to_dict(),
            "mean": np.round(summary.mean.to_numpy(), 3),
            "std": np.round(summary.std.to_numpy(), 3),
            "top_frequency": np.round(summary.top_frequency.to_numpy(), 3),
        }
        if name == PAPER_NET:
            record |= _one_decision(model, spectra)
    return record


def _one_decision(model, spectra):
    """Return feature maps of the first class's mean spectrum, and their weights."""
    network = model[-1]
    X = model[:-1].transform(class_means(spectra)[:1])
    found = network.feature_maps(X)
    terms = network.decision_terms(X, "all")
    return {
        "entered": np.round(X[0], 4),
        "layers": [np.round(found[name][0], 3) for name in activations(network)],
        "pooled": np.round(terms.pooled[0, 0, :, 0], 3),
        "weights": np.round(terms.weights[0, :, :, 0], 3),
        "sums": terms.sums[0],
    }
