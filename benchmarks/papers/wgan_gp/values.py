"""What the page of the poster names besides its experiments."""

import numpy as np

from benchmarks.papers._values import Values, reduce, table
from benchmarks.papers.wgan_gp.classifiers import COPIES, NOTHING, SMOTE
from benchmarks.papers.wgan_gp.networks import CLIP, CONVOLUTIONAL, HIDDEN, WIDE_CLIP
from benchmarks.papers.wgan_gp.quality import MEAN, MEAN_AND_NOISE, REAL
from benchmarks.papers.wgan_gp.tasks import DEFAULT, PLAIN

__all__ = ["COPIES", "DEFAULT", "MEAN", "MEAN_AND_NOISE", "NOTHING", "PLAIN", "SMOTE"]
DENSE, SMALL = HIDDEN
THREE, FOUR = "3 crystals", "4 crystals"
ADAM, CLIPPED, WIDE = "penalty, Adam", "clipping, Adam", "wide clipping, Adam"
RMS, RMS_CLIPPED = "penalty, RMSprop", "clipping, RMSprop"
WAYS = {
    ADAM: (None, "Adam"),
    CLIPPED: (CLIP, "Adam"),
    WIDE: (WIDE_CLIP, "Adam"),
    RMS: (None, "RMSprop"),
    RMS_CLIPPED: (CLIP, "RMSprop"),
}
VANISHED, EXPLODED = 0.01, 100.0  # slopes of the critic; the penalty asks for 1
_SHOWN = {"poster_ari": "PCA + K-means", "one_nn_accuracy": "1-NN"}
_SHOWN |= {"forest_accuracy": "forest", "coverage": "coverage"}
_SHOWN |= {"frechet_distance": "Frechet", "noise_ratio": "noise"}
_SHOWN |= {"nn_distance_ratio": "nearest", "band_position": "bands (cm-1)"}


def log(values):
    """Return natural logarithms."""
    return values.apply(np.log)


def slope(records):
    """Return the critic's slope in the last half of each run."""
    slopes = records.curves.slope.where(len)
    return slopes.apply(lambda found: np.median(found[len(found) // 2 :]))


def is_lost(records):
    """Say of each run whether the slope vanished or exploded, or training stopped."""

    def lost(record):
        slopes = record["curves"]["slope"]
        late = np.median(slopes[len(slopes) // 2 :]) if slopes else np.nan
        return float(bool(record["problem"]) or not VANISHED < late < EXPLODED)

    return records.apply(lost)


def held_out(records, place):
    """Return the energy score of held-out spectra at the first or last look."""
    return records.curves.held_out.apply(lambda found: found[place])


def ratios(times, name, what):
    """Return cost over that of the convolutional pair, one value a number of points."""

    def of(record):
        costs = {n: np.sum(cost) for n, cost in record[what].items()}
        return costs[name] / costs[CONVOLUTIONAL]

    sizes = sorted({record["n_points"] for record in times})
    medians = [reduce(np.median, times(n_points=n).apply(of)).mean for n in sizes]
    return Values(zip(sizes, medians, strict=True))


def listed(values):
    """Write values with two digits that count."""
    return ", ".join(f"{value:.2g}x" for value in values) or "not run yet"


def told(records, metric):
    """Write how well a classifier tells generated from held-out spectra, by method."""
    names = {PLAIN: "the poster's network", DEFAULT: DEFAULT, REAL: "real spectra"}
    texts = [f"{records.scores[m][metric]:3} {w}" for m, w in names.items()]
    return "; ".join(texts)


def not_told(records, metric):
    """Say whether the network's spectra are told by at most 0.1 more than real ones."""
    lead = records.scores[PLAIN][metric] - records.scores[REAL][metric]
    return lead <= 0.1


def near_mean(records):
    """Say whether spectra are as like the held-out mean as real ones, less 0.02."""
    return records.scores[PLAIN].likeness - records.scores[REAL].likeness > -0.02


def near_bands(records):
    """Say whether bands are at most 1 cm-1 further off than those of real spectra."""
    found = records.scores[PLAIN].band_position - records.scores[REAL].band_position
    return found < 1.0


def alike(records):
    """Write how like the held-out mean spectra are, and how far off their bands."""
    own, real = records.scores[PLAIN], records.scores[REAL]
    like = f"with the held-out mean {own.likeness:3} (real {real.likeness:.3f})"
    off = f"{own.band_position:2} cm-1 off (real {real.band_position:.2f})"
    return f"correlation {like}; bands {off}"


def easily_passed(records):
    """Write the poster's test of methods that are no better than they should be."""
    names = (SMOTE, COPIES, MEAN, MEAN_AND_NOISE)
    return ", ".join(f"{n} {records.scores[n].poster_ari:.2f}" for n in names)


def tables(results):
    """Return what is made of the results, by name, tables among them."""
    sets = _sets(results)
    networks, constraints, classifiers = (
        Values.of(results.get(name, []))
        for name in ("networks", "constraints", "classifiers")
    )
    penalized = networks(networks=CONVOLUTIONAL)
    ways = {
        name: constraints(clip=clip, optimizer=optimizer)
        for name, (clip, optimizer) in WAYS.items()
    }
    ways[ADAM] = penalized
    kinds = {name: networks(networks=name) for name in (CONVOLUTIONAL, DENSE, SMALL)}
    expansions = [values.expansion for values in sets.values()]
    tables_ = [
        f"### {name} iterations (mean of {len(values)})\n\n{_methods_table(values)}"
        for name, values in sets.items()
        if len(values)
    ]
    return {
        **{name.replace(" ", "_").replace(",", ""): v for name, v in sets.items()},
        "ways": ways,
        "kinds": kinds,
        "f1": {n: classifiers(n_iter=n).f1 for n in (400, 2000)},
        "n_longer": len(classifiers(n_iter=2000)),
        "expansion": Values(pair for values in expansions for pair in values._found),
        "sets_table": "\n\n".join(tables_),
        "networks_table": _variants_table(kinds),
        "ways_table": _variants_table(ways),
        "f1_table": _f1_table(classifiers),
    }


def _sets(results):
    """Return the records of the poster's pipeline by set, size and iterations."""
    simulated, minerals, acids = (
        [Values.of(results.get(f"indistinguishable{name}", [])) for name in names]
        for names in (("", "_long"), ("_minerals",), ("_amino_acids",))
    )
    found = {}
    for n in (20, 50):
        for values, n_iter in zip(simulated, (400, 2000), strict=True):
            of_size = values.where(lambda r, n=n: r["sizes"]["n_train"] == n)
            found[f"simulated {n}, {n_iter}"] = of_size
    for name, (values,) in (("minerals", minerals), ("acids", acids)):
        found |= {f"{name}, {n}": values(n_iter=n) for n in (400, 2000)}
    return found


def _methods_table(values):
    names = [name for name in next(iter(values.scores)) if name != REAL]
    rows = [
        [name, *(_short(values.scores[name][metric]) for metric in _SHOWN)]
        for name in (REAL, *names)
    ]
    return table(["", *_SHOWN.values()], rows)


def _variants_table(groups):
    reference = next(iter(groups.values())).reference
    rows = [[REAL, *(_short(reference[metric]) for metric in _SHOWN), "", ""]]
    for name, values in groups.items():
        scores = (_short(values.scores[metric]) for metric in _SHOWN)
        rows.append([name, *scores, f"{values.training_seconds:.0f}", len(values)])
    return table(["", *_SHOWN.values(), "CPU s", "repetitions"], rows)


def _f1_table(classifiers):
    usual, longer = (classifiers(n_iter=n) for n in (400, 2000))
    lines = [(name, name, usual) for name in next(iter(usual.f1), ())]
    lines.append((f"{PLAIN}, 2000 iterations ({len(longer)} draws)", PLAIN, longer))
    rows = [
        [head, f"{v.n_train[n]:.0f}", *(f"{v.f1[n][m]:3}" for m in ("CNN", "SVM"))]
        for head, n, v in lines
    ]
    return table(["added to 2 crystals of each mineral", "spectra", "CNN", "SVM"], rows)


def _short(values):
    found = values.array
    return "" if not len(found) or np.isnan(found).all() else f"{np.nanmean(found):.3g}"
