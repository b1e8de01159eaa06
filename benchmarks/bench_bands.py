"""Do intervals of bands hold what they promise, and are bands called used really so?

    python -m benchmarks.bench_bands                  (20 worlds; an hour, goes on)
    python -m benchmarks.bench_bands --parts cost
    python -m benchmarks.bench_bands --quick          (one small world, nothing saved)

A world is three substances of `make_raman_spectra` with eight bands each, half of them
shared, whose heights and positions vary from sample to sample. A set has 12 samples of
each with four spectra, after AIRPLS and SNV; the model is PLS-LDA with 5 latent
variables. Parts:

- worlds: `band_report` of one set; 100 other sets say what it should have found.
  Share, position: each of the other sets trains a model that explains the spectra of
  the first. Coverage is that of the mean of these 100 values; `single` that of the
  values one by one, which no interval of a mean has to cover. Positions count for
  bands that hold 2 % of the map or more: that of a band without a map is noise.
  Contribution: what is true is its mean over models of the other sets, each explaining
  the samples of another. A discovery is false if this is not above `min_effect`; power
  is the share of bands with more that are discovered, in five of the sets.
- null: sets of substances that are all the same. Any discovery is one too many.
- cost: seconds of processor time of 50 refits of PLS-LDA and 25 of a network, on the
  bundled minerals and on a set of a world.

Seeds 0 to 4 (`--development`) were there to choose with; nothing was chosen on the
others, which begin with 100. Results go to `benchmarks/results/bands.json` after each
world; what is there already is not done again (`--again` does it).
"""

import argparse
import json
import time
from functools import partial

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from benchmarks._results import DOCS_IMAGES, RESULTS, write_results
from benchmarks.bench_trust import draw_dots
from sklearn_raman.datasets import load_minerals, make_raman_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import band_intervals, band_report, band_test
from sklearn_raman.preprocessing import AIRPLS, SNV, WavenumberResampler

AXIS = np.arange(400.0, 1801.0, 4.0)
N_CLASSES, N_GROUPS, N_REPLICATES = 3, 12, 4
# Calibration would be most of the time.
MODEL = PLSLDA(n_components=5, calibration=None)
SMALLEST_SHARE = 0.02  # of bands whose position counts
MIN_EFFECT = 0.01  # the default of `band_test`


def make_sets(n_sets, seed, similarity=0.5):
    """Return independent sets of the same substances: spectra, classes, samples."""
    _, y, truth = make_raman_spectra(
        n_sets * N_GROUPS * N_CLASSES,
        n_classes=N_CLASSES,
        wavenumbers=AXIS,
        similarity=similarity,
        intensity_variation=0.25,
        position_variation=1.0,
        fluorescence=0.0,
        spike_rate=0.0,
        return_truth=True,
        random_state=seed,
    )
    rng = np.random.default_rng(seed + 1)
    sets = []
    for rows in np.arange(len(y)).reshape(N_CLASSES, n_sets, N_GROUPS).swapaxes(0, 1):
        repeated = np.repeat(rows.ravel(), N_REPLICATES)
        signal = 0.3 * truth.signal[repeated] + 100
        counts = rng.poisson(signal) + 2 * rng.normal(size=signal.shape)
        X = SNV().fit_transform(AIRPLS(lam=1e4).fit_transform(counts))
        sets.append((X, y[repeated], np.repeat(np.arange(rows.size), N_REPLICATES)))
    return sets


def explained_by(fitted, X, y, ranges):
    """Return shares and positions of bands in the mean maps of classes."""
    maps = fitted.explain_(X, y)
    mean = np.stack([maps[y == c].mean(axis=0) for c in np.unique(y)])
    mean /= np.abs(mean).sum(axis=1, keepdims=True)
    inside = (AXIS >= ranges[:, :1]) & (AXIS <= ranges[:, 1:])
    centers = [[center(AXIS[i], np.abs(row[i])) for i in inside] for row in mean]
    return np.abs(mean) @ inside.T, centers


def contributions(fitted, X, y, groups, ranges):
    """Return the part of the maps of samples that speaks for their class, by band."""
    maps = pd.DataFrame(fitted.explain_(X, y)).groupby(groups).mean().to_numpy()
    maps = maps / np.abs(maps).sum(axis=1, keepdims=True)
    inside = (AXIS >= ranges[:, :1]) & (AXIS <= ranges[:, 1:])
    own = pd.Series(y).groupby(groups).first().to_numpy()
    return np.stack([(maps @ inside.T)[own == c].mean(axis=0) for c in np.unique(y)])


def center(axis, weight):
    """Return the center of the part around the highest point above half of it."""
    first = last = weight.argmax()
    while first > 0 and weight[first - 1] >= weight.max() / 2:
        first -= 1
    while last < len(axis) - 1 and weight[last + 1] >= weight.max() / 2:
        last += 1
    part = slice(first, last + 1)
    return np.average(axis[part], weights=weight[part])


def judge_world(seed, n_others, n_tested, n_refits):
    """Return the figures of one world."""
    own, *others = make_sets(1 + n_others, seed)
    started = time.process_time()
    report = band_report(
        MODEL,
        *own,
        wavenumbers=AXIS,
        n_refits=n_refits,
        n_permutations=0,
        progress=False,
        random_state=seed,
    )
    seconds = time.process_time() - started
    table = report.to_frame().sort_values(["class", "low"]).reset_index(drop=True)
    ranges = table.loc[table["class"] == 0, ["low", "high"]].to_numpy()
    fitted = [clone(MODEL).fit(*other[:2]) for other in others]
    found = [explained_by(model, *own[:2], ranges) for model in fitted]
    figures = {"n_bands": len(ranges), "score": report.score, "seconds": seconds}
    for name, values in zip(
        ("share", "position"), zip(*found, strict=True), strict=True
    ):
        values = np.reshape(values, (n_others, -1))
        low, high = (table[f"{name}_{end}"].to_numpy() for end in ("low", "high"))
        mean, counts = values.mean(axis=0), np.ones(len(table), dtype=bool)
        if name == "share":
            large = mean >= SMALLEST_SHARE
        else:
            counts = large
        figures[f"{name}_covered"] = ((low <= mean) & (mean <= high))[counts].mean()
        single = ((low <= values) & (values <= high))[:, counts]
        figures[f"{name}_single"] = single.mean()
        figures[f"{name}_width"] = np.median((high - low)[counts])
    # What is true: each model explains the samples of the next set.
    nexts = [*others[1:], others[0]]
    true = [
        contributions(*pair, ranges=ranges)
        for pair in ((m, *other) for m, other in zip(fitted, nexts, strict=True))
    ]
    true = np.mean(true, axis=0).ravel()
    used = np.stack(
        [
            band_test(
                MODEL,
                *other,
                bands=ranges,
                wavenumbers=AXIS,
                progress=False,
                random_state=seed,
            ).sort_values(["class", "low"])["used"]
            for other in others[:n_tested]
        ]
    )
    effect = true > MIN_EFFECT
    return figures | {
        "n_effects": effect.sum(),
        "discoveries": used.sum(axis=1).mean(),
        "false_discoveries": np.mean(
            [(one & ~effect).sum() / max(one.sum(), 1) for one in used]
        ),
        "power": used[:, effect].mean(),
        "power_2_percent": used[:, true > 0.02].mean(),
        "power_5_percent": used[:, true > 0.05].mean(),
    }


def judge_null(seed, n_sets):
    """Return how many sets have a discovery where classes do not differ."""
    sets = make_sets(n_sets, seed, similarity=1.0)
    found = [
        band_test(MODEL, *one, wavenumbers=AXIS, progress=False, random_state=seed)
        for one in sets
    ]
    used = np.array([one["used"].sum() for one in found])
    return {"n_sets": n_sets, "with_discovery": (used > 0).sum(), "bands": used.sum()}


def judge_cost(name):
    """Return the processor time of refits, in seconds."""
    if name.startswith("world"):
        data, step = make_sets(1, 0)[0], SNV()
    else:
        minerals = load_minerals(as_frame=True)
        grid = WavenumberResampler(target_wavenumbers=(150, 1506, 4))
        data = minerals.data, minerals.target.to_numpy(), minerals.groups
        step = make_pipeline(grid, SNV())
    if name.endswith("PLS-LDA"):
        model, n_refits = make_pipeline(step, PLSLDA(n_components=10)), 50
    else:
        from sklearn_raman.neural_network import GAPCNNClassifier

        model, n_refits = make_pipeline(step, GAPCNNClassifier()), 25
    started = time.process_time()
    band_intervals(
        model, *data, n_refits=n_refits, n_repeats=1, progress=False, random_state=0
    )
    return {"n_refits": n_refits, "seconds": time.process_time() - started}


def tasks(part, options):
    """Yield (name, function that returns the figures)."""
    first = 0 if options.development or options.quick else 100
    n_worlds = 1 if options.quick else options.worlds
    for seed in range(first, first + n_worlds):
        if part == "worlds":
            n_others, n_tested = (4, 2) if options.quick else (100, 5)
            n_refits = 10 if options.quick else 50
            yield str(seed), partial(judge_world, seed, n_others, n_tested, n_refits)
        elif part == "null":
            yield str(seed), partial(judge_null, seed, 2 if options.quick else 10)
    if part == "cost":
        names = ["world, PLS-LDA"]
        if not options.quick:
            names += ["minerals, PLS-LDA", "world, network", "minerals, network"]
        for name in names:
            yield name, partial(judge_cost, name)


def draw(worlds):
    """Draw coverage and discoveries of the worlds, a dot for each."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.2, 2.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    covered = {"shares": "share_covered", "positions": "position_covered"}
    used = {
        "false among used": "false_discoveries",
        "used of bands above 1 %": "power",
        "used of bands above 5 %": "power_5_percent",
    }
    rows = {name: worlds[kind] for name, kind in covered.items()}
    draw_dots(left, rows, 0.95, "intervals that hold the mean")
    rows = {name: worlds[kind] for name, kind in used.items()}
    draw_dots(right, rows, 0.05, "share of bands")
    figure.savefig(DOCS_IMAGES / "bands_worlds.png", dpi=110)


def main(argv=None):
    """Run the chosen parts, print their means, and save each world."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small world")
    parser.add_argument("--development", action="store_true", help="seeds 0 to 4")
    parts = ("worlds", "null", "cost")
    parser.add_argument("--parts", nargs="+", choices=parts, default=["worlds", "null"])
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--again", action="store_true")
    options = parser.parse_args(argv)
    if options.development:
        options.worlds = min(options.worlds, 5)
    saves = not (options.quick or options.development)
    path = RESULTS / "bands.json"
    figures = json.loads(path.read_text()) if saves and path.exists() else {}
    figures.pop("versions", None)
    for part in options.parts:
        done = {} if options.again else figures.get(part, {}).get("each", {})
        for name, judge in tasks(part, options):
            if name not in done:
                done[name] = {k: round(float(v), 5) for k, v in judge().items()}
                print(part, name, done[name], flush=True)
            table = pd.DataFrame.from_dict(done, orient="index")
            figures[part] = {"each": done}
            if part != "cost":
                figures[part]["means"] = table.mean().round(5).to_dict()
            if saves:
                write_results("bands", figures)
        if saves and part == "worlds":
            draw(table)
        print(f"\n{part}\n{table.mean().to_string()}", flush=True)


if __name__ == "__main__":
    main()
