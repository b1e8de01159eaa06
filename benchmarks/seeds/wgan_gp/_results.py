"""Figures out of the records of the poster's experiments."""

import numpy as np
from scipy.stats import t as student

from benchmarks.seeds._paper import Row, spread, verdict
from benchmarks.seeds.wgan_gp._data import AMINO_ACIDS, MINERALS, SIMULATED
from benchmarks.seeds.wgan_gp._networks import (
    CLIP,
    CONVOLUTIONAL,
    NETWORKS,
    WIDE_CLIP,
)

APART = {
    SIMULATED: "indistinguishable",
    MINERALS: "indistinguishable minerals",
    AMINO_ACIDS: "indistinguishable amino acids",
}
WAYS = {
    "penalty, Adam": (None, "Adam"),
    "clipping, Adam": (CLIP, "Adam"),
    "wide clipping, Adam": (WIDE_CLIP, "Adam"),
    "penalty, RMSprop": (None, "RMSprop"),
    "clipping, RMSprop": (CLIP, "RMSprop"),
}


def sets_of_spectra(results):
    """Return the records of the poster's pipeline by set, size and iterations."""
    found = {}
    for data, experiment in APART.items():
        records = results.get(experiment, [])
        usual = min((record["n_iter"] for record in records), default=0)
        for record in sorted(records, key=lambda r: r["n_iter"]):
            n = record["sizes"].get("n_train")
            name = f"{data}, {n} a class" if n else data
            if record["n_iter"] > usual:
                name += f", {record['n_iter']} iterations"
            found.setdefault(name, []).append(record)
    return found


def by_iterations(results):
    """Return records of the classifiers, and those with more iterations."""
    records = results.get("classifiers", [])
    usual = min((record["n_iter"] for record in records), default=0)
    return (
        [record for record in records if record["n_iter"] == usual],
        [record for record in records if record["n_iter"] > usual],
    )


def of_method(records, method, metric):
    """Return a figure of one method, one value a record."""
    return np.array([record["scores"][method][metric] for record in records], float)


def by_networks(results):
    """Return the records of quality by kind of networks."""
    records = results.get("networks", [])
    found = {name: [r for r in records if r["networks"] == name] for name in NETWORKS}
    return {name: part for name, part in found.items() if part}


def by_way(results):
    """Return records of quality by how the critic is held, and the optimizer."""
    penalised = by_networks(results).get(CONVOLUTIONAL, [])
    records = [*penalised, *results.get("constraints", [])]
    found = {
        name: [r for r in records if (r["clip"], r["optimizer"]) == way]
        for name, way in WAYS.items()
    }
    return {name: part for name, part in found.items() if part}


def paired(first, second, value):
    """Return mean and 95 % interval (t) of first minus second, paired by seed.

    Parameters
    ----------
    first, second : list of dict
        Records with a `seed`.
    value : callable
        `value(record)` is compared.

    Returns
    -------
    mean, low, high : float
        The interval is infinite for fewer than two pairs.
    """
    rivals = {record["seed"]: value(record) for record in second}
    gaps = np.array(
        [value(r) - rivals[r["seed"]] for r in first if r["seed"] in rivals], float
    )
    if len(gaps) < 2:
        return (gaps.mean() if len(gaps) else np.nan), -np.inf, np.inf
    reach = student.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    return gaps.mean(), gaps.mean() - reach, gaps.mean() + reach


def difference(mean, low, high, digits=3):
    """Write a difference with its interval."""
    if not np.isfinite(low):
        return f"{mean:+.{digits}f}"
    return f"{mean:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def spread_of(records, value, digits=3):
    """Write mean, deviation and number of a figure of records."""
    return spread([value(record) for record in records], digits)


def missing_row(place, claim, said="no figure"):
    """Return the row of a claim whose experiment was not run."""
    return Row(place, claim, said, "not run", "", verdict())
