"""The experiments of Zhang et al. (2020), one function for each kind of task.

All take the name of the data ("meat", "minerals"), how they are split ("by sample",
"random"), the seed of the split, a size, and the folder that holds the meat. A network
has the seed of its split; further runs have 1000 more each.
"""

from dataclasses import dataclass, field

import numpy as np

from benchmarks.papers.zhang import maps, models
from benchmarks.papers.zhang.data import meat, split, two_minerals
from benchmarks.papers.zhang.maps import summarise
from sklearn_raman.inspection import map_stability

EXPLAINED = models.PAPER_NET, models.BINS


@dataclass(frozen=True)
class Size:
    """How much of everything; `changes` are settings of all networks."""

    repeats: int = 10
    partitions: int = 6
    runs: int = 3
    copies: int = 7
    step: int = 4
    networks: tuple = (models.PAPER_NET, models.PER_SPECTRUM, models.BINS, models.CNN)
    changes: dict = field(default_factory=dict)


SIZES = {
    "full": Size(),
    "quick": Size(1, 2, 2, 4, networks=(models.PAPER_NET, models.BINS)),
    "tiny": Size(1, 2, 2, 2, 16, (models.PAPER_NET, models.BINS), {"max_epochs": 3}),
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
        found = {"1740": (1730, 1750), "1650": (1640, 1660), "1000-1150": (1000, 1150)}
        return found | {"1400": (1380, 1420)}
    heights = spectra.clean / spectra.clean.max(axis=1, keepdims=True)
    lines = spectra.wavenumbers[(heights - heights[::-1]).argmax(axis=1)]
    return {n: (x - 10, x + 10) for n, x in zip(spectra.names, lines, strict=True)}


def repeat(data, how, seed, size, folder=None):
    """Fit all models once: accuracies, and what the networks look at."""
    spectra, settings = load(data, size, folder), SIZES[size]
    bands = windows(data, spectra)
    parts = split(spectra, how, seed)
    train, valid, _ = parts
    pls = {
        n: models.fit_pls(n, data, spectra, train, valid)
        for n in models.PLS_MODELS[data]
    }
    vips, axis = {n: model[-1].vip_ for n, model in pls.items()}, spectra.wavenumbers
    record = {
        "accuracy": {
            n: models.accuracies(model, spectra, parts) for n, model in pls.items()
        },
        "sizes": [len(part) for part in parts],
        "n_classes": len(spectra.names),
        "n_points": len(axis),
        "latent": {name: model[-1].n_components_ for name, model in pls.items()},
        "bands": bands,
        "vip": {n: maps.inside(vip, axis, bands) for n, vip in vips.items()},
        "vip_highest": {n: axis[vip.argmax()] for n, vip in vips.items()},
        "maps": {},
    }
    for name in (n for n in settings.networks if n in models.NETWORKS[data]):
        model = trained(name, data, spectra, train, seed, size)
        record["accuracy"][name] = models.accuracies(model, spectra, parts)
        if name in EXPLAINED:
            record["maps"][name] = _looked_at(model, spectra, vips[models.PLS], bands)
    return record


def trained(name, data, spectra, train, seed, size, **changes):
    """Return a network that has learned the training spectra."""
    model = models.network(name, data, seed, **{**SIZES[size].changes, **changes})
    return model.fit(spectra.X[train], spectra.y[train])


def narrow(data, how, seed, size, folder=None):
    """Fit the paper's network with narrow filters, and look at it in the same way."""
    spectra = load(data, size, folder)
    parts = split(spectra, how, seed)
    train, valid, _ = parts
    vip = models.fit_pls(models.PLS, data, spectra, train, valid)[-1].vip_
    model = trained(models.NARROW, data, spectra, train, seed, size)
    return {
        "accuracy": {models.NARROW: models.accuracies(model, spectra, parts)},
        "maps": {
            models.NARROW: _looked_at(model, spectra, vip, windows(data, spectra))
        },
    }


def what_it_does(data, how, seed, size, folder=None):
    """Fit the network with narrow filters; what its filters and later layers do."""
    spectra = load(data, size, folder)
    train, _, _ = split(spectra, how, seed)
    model = trained(models.NARROW, data, spectra, train, seed, size)
    return maps.what_layers_do(model, spectra)


def width(data, how, seed, kernel_size, size, folder=None):
    """Fit the paper's network with filters of these widths; its accuracy."""
    spectra, widths = load(data, size, folder), {"kernel_size": kernel_size}
    parts = split(spectra, how, seed)
    model = trained(models.PAPER_NET, data, spectra, parts[0], seed, size, **widths)
    return {"accuracy": models.accuracies(model, spectra, parts)}


def _looked_at(model, spectra, vip, bands):
    return {
        "classes": maps.by_class(model, spectra, vip, bands),
        "layers": maps.layers(model, spectra),
        "decision": maps.decision(model, spectra),
    }


def partition(data, how, seed, size, folder=None):
    """Fit PLS-LDA once and the paper's network several times on one partition."""
    spectra = load(data, size, folder)
    parts = split(spectra, how, seed)
    train, valid, _ = parts
    pls = models.fit_pls(models.PLS, data, spectra, train, valid)
    tests, means = [], []
    for run in range(SIZES[size].runs):
        model = trained(models.PAPER_NET, data, spectra, train, seed + 1000 * run, size)
        tests.append(models.accuracies(model, spectra, parts)["test"])
        means.append(summarise(model, spectra)[2].mean.reindex(spectra.names).fillna(0))
    return {
        "tests": tests,
        "pls_test": models.accuracies(pls, spectra, parts)["test"],
        "latent": pls[-1].n_components_,
        "classes": spectra.names,
        "wavenumbers": spectra.wavenumbers,
        "between_runs": map_stability(means)["mean_correlation"].mean(),
        "maps": np.round(np.mean(means, axis=0), 3),
        "vip": np.round(pls[-1].vip_, 3),
    }


def example(data, how, seed, size, folder=None):
    """Fit once and keep what the pictures show."""
    spectra = load(data, size, folder)
    train, valid, _ = split(spectra, how, seed)
    pls = models.fit_pls(models.PLS, data, spectra, train, valid)
    record = {"wavenumbers": spectra.wavenumbers, "classes": spectra.names}
    record |= {"clean": np.round(spectra.clean, 4), "vip": np.round(pls[-1].vip_, 3)}
    for name in EXPLAINED:
        model = trained(name, data, spectra, train, seed, size)
        summary = summarise(model, spectra)[2]
        record[name] = {"classes": summary.mean.index.tolist()}
        record[name] |= {n: summary.counts[n].to_dict() for n in ("correct", "total")}
        for part in ("mean", "std", "top_frequency"):
            record[name][part] = np.round(getattr(summary, part).to_numpy(), 3)
        if name == models.PAPER_NET:
            record |= _one_decision(model, spectra)
    return record


def _one_decision(model, spectra):
    """Return feature maps of the first class's mean spectrum, and their weights."""
    net = model[-1]
    X = model[:-1].transform(maps.class_means(spectra)[:1])
    found, terms = net.feature_maps(X), net.decision_terms(X, "all")
    return {
        "entered": np.round(X[0], 4),
        "layers": [np.round(found[name][0], 3) for name in maps.activations(net)],
        "pooled": np.round(terms.pooled[0, 0, :, 0], 3),
        "weights": np.round(terms.weights[0, :, :, 0], 3),
        "sums": terms.sums[0],
    }
