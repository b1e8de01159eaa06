"""Are synthetic spectra any good, and do they help a classifier?

    python -m benchmarks.bench_over_sampling --folder DIR    (about two hours)
    python -m benchmarks.bench_over_sampling --figures       (and the pictures in docs/)
    python -m benchmarks.bench_over_sampling --quick         (seconds; no results)
    python -m benchmarks.bench_over_sampling --page          (a table of the docs)

``--parts`` runs some of the four. What is in the file of results is not run again,
figure by figure: an interrupted run goes on where it was (``--anew`` starts over). One
torch thread, and OMP_NUM_THREADS=1 for the rest. Seeds from 100 on decide about split,
sampler and models; all settings of the samplers were chosen on others.

simulator: spectra of `make_raman_spectra` without spikes, 1000 points, 2 classes, 50
training, 50 held-out and 50 synthetic spectra a class, metrics of `synthesis_report`
(2 draws). "training spectra" are the real training spectra in the place of synthetic
ones, "simulator" fresh spectra of the same simulator: nobody can do better. "poster's
network" is `paper_settings("wgan_gp")`, on two seeds.

minerals: the same of bundled minerals (SNV), half of the crystals held out, as many
synthetic as held-out spectra of each of the 18 classes, 1 draw, without networks.
`noise_ratio` is a mean over classes; `noise_ratio_pooled` is the median level of all
synthetic over that of all held-out spectra: crystals differ tenfold in noise.

small class: balanced accuracy on the other half (by crystal or sample, where there are
any) after one class, drawn anew for each seed, was cut to 4 to 10 training spectra and
the others to 100 at most. Linear SVM (C = 100), PLS-LDA; with ``--networks N``, in the
first N draws, `WGANGP` too, and the default CNN with all but the simplest samplers (12
CPU minutes a draw or more; the rows of `WGANGP` in the file of results are of its
former generator, with 2500 steps). Nothing is tuned. "class weights" is
`class_weight="balanced"`, which PLS-LDA does not have. Minerals with the first steps of
`compare_minerals`, as measured and with its white noise (SNR 3); and in `--folder`, if
there, numpy archives: amino_acids6.npz (Raman, five of ten repeats to train, two of the
small class, the same noise), sers_vlp.npz (surface-enhanced Raman, 17 negative against
103 positive spectra, by folder), purees_mir.npz (mid-infrared, 10 against 200).

networks: seconds of a fit of 200 spectra of 1000 points, parameters of the networks,
and how good their spectra are, one draw of the simulator; with a picture of both.

Differences are paired by seed: mean and t interval of 95 %. Seeds are independent on
the simulator. On measured sets they split the same spectra again and again: intervals
are too narrow as a statement about other minerals.
"""

import argparse
import json
import time
from itertools import product

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.model_selection import StratifiedGroupKFold

from benchmarks._over_sampling import (
    BOOTSTRAP,
    CLASSICAL,
    differences,
    network,
    poster,
    simulated,
)
from benchmarks._over_sampling_downstream import (
    METHODS,
    NETWORKS,
    WEIGHTED,
    downstream,
)
from benchmarks._over_sampling_fidelity import judge, run_fidelity
from benchmarks._results import (
    DOCS_IMAGES,
    RESULTS,
    rounded,
    write_between,
    write_results,
)
from sklearn_raman._utils._plot import ACCENT, INK, MAP
from sklearn_raman.datasets import load_minerals
from sklearn_raman.neural_network import paper_settings
from sklearn_raman.over_sampling import WGANGP, SpectrumBootstrap
from sklearn_raman.preprocessing import SNV

OURS, NETWORK, POSTER = "SpectrumBootstrap", "WGANGP", "poster's network"
STARTED = "WGANGP, start=SpectrumBootstrap()"
PAIRS = [
    *((OURS, m) for m in ("simulator", "SMOTE", "Gaussian PCA", "augmentation")),
    *((NETWORK, m) for m in ("simulator", "SMOTE", OURS, POSTER)),
    (STARTED, OURS),
]
PAGE = DOCS_IMAGES.parent / "guide" / "synthetic_spectra.md"
MEASURES = ("one_nn_accuracy", "forest_accuracy", "noise_ratio", "coverage")
MODELS = ("SVM", "PLS-LDA", "CNN")
ENOUGH = 5  # draws for an interval to count
TITLES = {
    "minerals": "minerals",
    "minerals, noisy": "minerals with noise",
    "amino_acids6": "amino acids with noise",
    "sers_vlp": "SERS (17 against 103)",
    "purees_mir": "purees (10 against 200)",
}
TO_NOTHING = [(m, "none") for m in (*METHODS, *NETWORKS) if m != "none"]
RIVALS = (WEIGHTED, "SMOTE")
TO_RIVALS = [(OURS, "augmentation"), *product((OURS, NETWORK), RIVALS), (NETWORK, OURS)]


def summarize(frame, pairs=PAIRS, keys=()):
    """Return tables: mean and deviation, differences, every seed."""
    fixed = ["seed", "method", "best_iter", *keys]
    metrics = [c for c in frame.columns if c not in fixed]
    by_method = frame.groupby([*keys, "method"], sort=False)[metrics]
    mean, std = by_method.mean(), by_method.std(ddof=1).add_suffix("_std")
    count = by_method.size().rename("n_seeds")
    return {
        "summary": rounded(mean.join(std).join(count)),
        "differences": rounded(differences(frame, pairs, metrics, keys=keys)),
        "seeds": rounded(frame.set_index("seed")),
    }


def run_simulator(options, rows, save):
    """Fidelity on simulated spectra; pictures of the first seed."""
    n, step = (12, 8) if options.quick else (50, 1)
    wavenumbers = (400.0, 1399.0, float(step))
    axis = np.arange(400.0, 1400.0, step)[: len(range(400, 1400, step))]
    seeds = range(100, 101) if options.quick else range(100, 110)
    short = {"max_iter": 4} if options.quick else {}

    def data(seed):
        train, test, fresh = simulated(n, n, n, seed, wavenumbers)
        return train, test, axis, {0: n, 1: n}, fresh

    def samplers(seed):
        found = {OURS: BOOTSTRAP, NETWORK: network(**short), **CLASSICAL}
        found[STARTED] = network(start=SpectrumBootstrap(), **short)
        if seed < seeds[0] + 2:
            found[POSTER] = poster(**short)
        return found

    if options.figures:
        train, test, _, wanted, _ = data(seeds[0])
        new, _ = BOOTSTRAP(*train, wanted, seeds[0])
        sets = train, test, (new, np.repeat([0, 1], n))
        figure = judge({}, *sets, axis, 2, seeds[0])[2].plot(classes=[0])
        figure.savefig(DOCS_IMAGES / "synthetic_report.png", dpi=110)
    n_draws = 1 if options.quick else 2
    frame = run_fidelity(data, samplers, seeds, n_draws, rows, save)
    return summarize(frame)


def run_minerals(options, rows, save):
    """Fidelity on minerals, half of the crystals held out."""
    minerals = load_minerals()
    some = minerals.target < (2 if options.quick else 18)
    every = 8 if options.quick else 2
    axis = np.asarray(minerals.wavenumbers)[::every]
    X = SNV().fit_transform(minerals.data[some][:, ::every])
    y, groups = minerals.target[some], minerals.groups[some]

    def data(seed):
        folds = StratifiedGroupKFold(2, shuffle=True, random_state=seed)
        train, test = next(iter(folds.split(X, y, groups)))
        labels, counts = np.unique(y[test], return_counts=True)
        wanted = dict(zip(labels.tolist(), counts.tolist(), strict=True))
        return (X[train], y[train]), (X[test], y[test]), axis, wanted, None

    def samplers(seed):
        return {**CLASSICAL, OURS: BOOTSTRAP}

    seeds = range(100, 101 if options.quick else 105)
    return summarize(run_fidelity(data, samplers, seeds, 1, rows, save))


def run_small_class(options, rows, save):
    """Balanced accuracy where one class is small."""
    seeds = range(100, 101 if options.quick else 120)
    slow = seeds[: options.networks]
    frame = downstream(options.folder, seeds, slow, rows, save, options.quick)
    return summarize(frame, TO_NOTHING + TO_RIVALS, keys=("set",))


def run_networks(options, rows, save):
    """Cost and quality of two networks beside the bootstrap's; a picture of both."""
    n, n_points = (10, 100) if options.quick else (100, 1000)
    axis = np.arange(400.0, 400.0 + n_points)
    train, test, _ = simulated(n, n, 1, 100, (400.0, axis[-1], 1.0))
    labels, short = np.repeat([0, 1], n), {"max_iter": 4} if options.quick else {}
    samplers = {
        OURS: SpectrumBootstrap(),
        NETWORK: WGANGP(**short),
        POSTER: WGANGP(**{**paper_settings("wgan_gp"), **short}),
    }
    drawn, known = {}, {}
    for method, sampler in samplers.items():
        if method in {row["method"] for row in rows}:
            continue
        start = time.process_time()
        sampler.set_params(random_state=100).fit(*train)
        seconds = time.process_time() - start
        new = np.concatenate([sampler.sample(n, c, 100 + c) for c in (0, 1)])
        row = {"seed": 100, "method": method, "seconds": seconds}
        if method != OURS:
            modules = sampler.generator_, sampler.critic_
            sizes = [w.numel() for module in modules for w in module.parameters()]
            row["n_parameters"] = sum(sizes)
        scores = judge(known, train, test, (new, labels), axis, 1, 100)[0]
        row |= {name: scores[name] for name in MEASURES}
        rows.append(row)
        save(rows)
        drawn[method] = sampler, new, row
        print(method, f"{seconds:.1f} s", flush=True)
    if options.figures and {NETWORK, POSTER} <= set(drawn):
        del drawn[OURS]
        draw_networks(drawn, axis, test).savefig(DOCS_IMAGES / "wgan_networks.png")
    return {"seeds": rows}


def draw_networks(drawn, axis, test):
    """Draw how far each critic saw the two sets apart, and what came out."""
    figure = Figure(figsize=(11, 6.2), dpi=110, layout="constrained")
    rows = figure.subplots(len(drawn), 2, width_ratios=[1, 1.6])
    real = test[0][test[1] == 0][:2]
    shift = 1.3 * np.ptp(real, axis=1).max()
    for (left, right), (method, found) in zip(rows, drawn.items(), strict=True):
        sampler, new, row = found
        distance = sampler.history_["wasserstein"]
        window = max(1, len(distance) // 100)
        smooth = np.convolve(distance, np.full(window, 1 / window), "valid")
        left.plot(np.arange(len(smooth)) + window // 2, smooth, color=INK, lw=1)
        left.set_ylim(bottom=min(0, smooth.min()))
        left.set(xlabel="generator step", ylabel="critic's estimate")
        left.set_title(f"{method}: distance of real and synthetic", fontsize=10)
        both = ((real, ACCENT, "real"), (new[:2], MAP, "synthetic"))
        for place, (spectra, color, name) in enumerate(both):
            for k, spectrum in enumerate(spectra):
                height = spectrum - spectrum.min() - (2 * place + k) * shift
                right.plot(
                    axis, height, color=color, lw=0.7, label=name if not k else None
                )
        right.set(yticks=[], xlabel="Raman shift (cm$^{-1}$)", ylabel="intensity")
        right.set_title(
            f"{row['n_parameters']:,} parameters, "
            f"{row['seconds']:.0f} s; a forest tells {row['forest_accuracy']:.0%}, "
            f"noise {row['noise_ratio']:.2f} of the real",
            fontsize=10,
        )
        right.legend(loc="upper right", fontsize=8, frameon=False)
    return figure


PARTS = {
    "simulator": run_simulator,
    "small class": run_small_class,
    "minerals": run_minerals,
    "networks": run_networks,
}


def table(figures):
    """Write who gains from over-sampling: two tables, a row for each set and model."""
    part = figures["small class"]
    shown = ["none", WEIGHTED, "SMOTE", "augmentation", OURS]
    others = [method for method in (*METHODS, *NETWORKS) if method not in shown]
    found = {(row["set"], row["method"]): row for row in part["summary"]}
    paired = {
        (row["set"], row["metric"], row["a"], row["b"]): row
        for row in part["differences"]
    }

    def difference(*key):
        row = paired.get(key)
        if row is None:
            return ""
        cell = f"{row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
        is_sure = row["n_seeds"] >= ENOUGH and (row["low"] > 0 or row["high"] < 0)
        return f"**{cell}**" if is_sure else cell

    def draws(*key):
        return str(paired[key]["n_seeds"])

    def head(*columns):
        names = ("set", "model", *columns)
        return [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]

    gains = ("none", *RIVALS)
    lines = head(*shown, *(f"bootstrap - {method}" for method in gains), "draws")
    rest = head(*others)
    for name in dict.fromkeys(row["set"] for row in part["summary"]):
        for model in MODELS:
            if found[name, "none"].get(model) is None:
                continue
            which = f"| {TITLES[name]} | {model} | "
            means = [found[name, method].get(model) for method in shown]
            cells = ["" if mean is None else f"{mean:.3f}" for mean in means]
            cells += [difference(name, model, OURS, method) for method in gains]
            cells.append(draws(name, model, OURS, "none"))
            lines.append(f"{which}{' | '.join(cells)} |")
            cells = [difference(name, model, method, "none") for method in others]
            rest.append(f"{which}{' | '.join(cells)} |")
    more = "The other samplers, balanced accuracy less that with nothing added:"
    return "\n".join([*lines, "", more, "", *rest])


def main(argv=None):
    """Run the parts and save their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--folder", help="where the numpy archives lie")
    parser.add_argument("--figures", action="store_true")
    parser.add_argument(
        "--networks", type=int, default=0, metavar="N", help="N draws with networks too"
    )
    parser.add_argument("--anew", action="store_true")
    parser.add_argument("--page", action="store_true", help="write a table of the docs")
    options = parser.parse_args(argv)

    path = RESULTS / "over_sampling.json"
    figures = json.loads(path.read_text()) if path.exists() else {}
    if options.page:
        return write_between(PAGE, "small classes", table(figures))
    figures.pop("versions", None)
    for name in options.parts:
        print(f"\n{name}", flush=True)
        known = [] if options.anew or options.quick else figures.get(name, {})
        rows = list(known.get("seeds", [])) if known else []

        def save(rows, name=name):
            if not options.quick:
                frame = pd.DataFrame(rows).set_index("seed")
                figures[name] = {**figures.get(name, {}), "seeds": rounded(frame)}
                write_results("over_sampling", figures)

        figures[name] = PARTS[name](options, rows, save)
        if not options.quick:
            print(write_results("over_sampling", figures))


if __name__ == "__main__":
    main()
