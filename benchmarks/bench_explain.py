"""How good maps are, what they cost, and which lines of minerals they find.

    python -m benchmarks.bench_explain              (25 minutes)
    python -m benchmarks.bench_explain --figures    (also makes the pictures in docs/)
    python -m benchmarks.bench_explain --quick      (seconds; writes no results)

``--parts`` runs some of the four; results of the others stay. One torch thread.

distractors: the simulation of Fukuhara et al. (2019), section 4.1: 1024 points, one
line of 4 points FWHM that tells the class (at 100, 500 or 1000), three lines as high at
random places, noise of 2.5 %, 100 training spectra a class. Maps of the true class of
300 fresh spectra (of 30 for integrated gradients and occlusion): share of the map
within 2 FWHM of the line, share of the maps whose highest point is there, share that is
higher there than at every other line, and the height at other lines over that at the
line (mean of three, median of the spectra with a positive height); `blank` is the share
of maps that are positive nowhere. Deletion: mean probability while the highest 10 % of
a map's points are taken from the spectrum, over that when the highest points of the
spectrum itself are taken; 30 spectra. Means and standard deviations over 5 seeds, which
decide about spectra and network. A local baseline stands for "no line" in deletion and
occlusion alike. Maps of units are put on bands; "interpolated" are straight lines
between units.

cost: CPU time for 1000 spectra of 1451 points and 9 classes, over that of a forward
pass (`forward` of the fitted network in the batches of `predict_proba`). The
contestants take turns, after a warm-up; medians of 3 rounds and of the ratios in a
round. Methods that go back to the spectrum get 100 spectra, integrated gradients and
occlusion 16, scaled.

minerals: bundled spectra on grids of 2 and 1 cm-1, SNV, a third of the crystals held
out, one split and one seed; the five strongest bands of the mean map of correctly named
test spectra, and whether each line of a textbook is within 10 cm-1 of one of them. Five
are asked for; bands below a tenth of the strongest do not count as bands.

carried: simulated raw spectra with a background, crop, new axis of 2 cm-1, AIRPLS and
min-max before the network; share of 60 new spectra whose map, back on the raw axis, is
highest within 8 cm-1 of the line that tells the class. 5 seeds.
"""

import argparse
import json
import time
from functools import partial

import numpy as np
import pandas as pd
import torch

from benchmarks._explain_carried import carried
from benchmarks._explain_minerals import LINES, draw_doublet, minerals
from benchmarks._results import DOCS_IMAGES, RESULTS, rounded, write_results
from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.inspection import (
    deletion_curve,
    localization_score,
    plot_explanation,
)
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    paper_settings,
)

PAPER = "CNN, as published"
NETS = {
    PAPER: partial(CNNClassifier, **paper_settings("fukuhara")),
    "CNN": CNNClassifier,
    "FMCNN": FMCNNClassifier,
    "GAP-CNN": GAPCNNClassifier,
}
METHODS = {
    "contribution": {"method": "contribution"},
    "contribution, interpolated": {"method": "contribution", "upsample": "linear"},
    "contribution, literal": {"method": "contribution", "reference": "zero_features"},
    "grad_cam": {"method": "grad_cam"},
    "cam": {"method": "cam"},
    "deconv": {"method": "deconv"},
    "class_deconv": {"method": "class_deconv"},
    "saliency": {"method": "saliency"},
    "input_x_gradient": {"method": "input_x_gradient"},
    "integrated_gradients": {"method": "integrated_gradients"},
    "occlusion": {"method": "occlusion"},
}
SLOW = ("integrated_gradients", "occlusion")
TO_THE_SPECTRUM = ("deconv", "class_deconv", "saliency", "input_x_gradient")
FWHM = 4.0


def methods_of(name):
    """Return the methods that fit a network."""
    return {k: v for k, v in METHODS.items() if k != "cam" or name == "GAP-CNN"}


def simulate(n_per_class, seed):
    """Return spectra, classes and positions of lines of the distractor simulation."""
    return make_lorentzian_spectra(
        n_per_class, n_distractors=3, return_truth=True, random_state=seed
    )


def judge(net, X, y, truth, maps, area_of_input=None):
    """Score maps of the true class; the deletion needs the input's own."""
    scores = localization_score(
        maps,
        truth.centers,
        fwhm=FWHM,
        wavenumbers="points",
        distractors=truth.distractors,
    )
    found = scores[["mass", "pointing", "above_distractors"]].astype(float).mean()
    ratios = scores["distractor_ratio"]
    found["distractor_ratio"] = ratios[np.isfinite(ratios)].median()
    found["blank"] = float((maps.max(axis=1) <= 0).mean())
    few = slice(None, None, max(1, len(X) // 30))
    found["deletion_area"] = deletion_curve(
        net, X[few], maps[few], target=y[few]
    ).area.mean()
    found["deletion"] = found["deletion_area"] / (
        area_of_input or found["deletion_area"]
    )
    return found


def distractors(name, seed, *, n_train=100, n_test=100, **settings):
    """Train a network and score every map; also returns the network."""
    X, y, _ = simulate(n_train, seed)
    net = NETS[name](**settings, random_state=seed).fit(X, y)
    X, y, truth = simulate(n_test, 1000 + seed)
    step = max(1, len(X) // 30)
    rows = {"the spectrum itself": judge(net, X, y, truth, X)}
    area = rows["the spectrum itself"]["deletion_area"]
    noise = np.random.default_rng(seed).uniform(size=X.shape)
    rows["random"] = judge(net, X, y, truth, noise, area)
    for method, options in methods_of(name).items():
        few = slice(None, None, step if method in SLOW else 1)
        part = type(truth)(
            centers=truth.centers[few], distractors=truth.distractors[few]
        )
        maps = net.explain_(X[few], y[few], **options)
        rows[method] = judge(net, X[few], y[few], part, maps, area)
    table = pd.DataFrame(rows).T.rename_axis("map").reset_index()
    table.insert(0, "network", name)
    return table.assign(seed=seed, accuracy=net.score(X, y)), net


def over_seeds(table):
    """Return mean and standard deviation over seeds."""
    groups = table.groupby(["network", "map"], sort=False)
    n_seeds = groups["seed"].nunique().rename("n_seeds")
    values = table.columns.drop(["network", "map", "seed"])
    mean, std = groups[values].mean(), groups[values].std(ddof=1)
    return pd.concat([n_seeds, mean, std.add_suffix("_std")], axis=1)


def cost(name, *, n_spectra=1000, n_back=100, n_slow=16, n_rounds=3, **settings):
    """Time forward passes and maps of a network for nine classes."""
    X, y = make_lorentzian_spectra(
        -(-n_spectra // 9),
        centers=np.linspace(100, 1350, 9).round(),
        n_points=1451,
        random_state=0,
    )
    X = X[np.random.default_rng(0).permutation(len(X))[:n_spectra]].astype(np.float32)
    net = NETS[name](**{**settings, "max_epochs": 1}, random_state=0)
    net.fit(X[:18], np.arange(18) % 9)

    def forward():
        with torch.no_grad():
            for batch in torch.from_numpy(X).split(32):
                net.module_.eval()(batch)

    runs = {"forward": (forward, 1.0)}
    runs["predict_proba"] = (lambda: net.predict_proba(X), 1.0)
    for method, options in methods_of(name).items():
        n = n_spectra
        n = n_back if method in TO_THE_SPECTRUM else n_slow if method in SLOW else n
        part = X[:n]
        run = partial(net.explain_, part, y[:1].repeat(n), **options)
        runs[method] = run, n_spectra / n
        if method in ("contribution", "grad_cam"):
            every = partial(net.explain_, part, "all", **options)
            runs[f"{method}, 9 classes"] = every, n_spectra / n
    seconds = {run: [] for run in runs}
    for round_ in range(n_rounds + 1):
        for run, (function, factor) in runs.items():
            start = time.process_time()
            function()
            if round_:
                seconds[run].append((time.process_time() - start) * factor)
    seconds = pd.DataFrame(seconds)
    ratio = seconds.div(seconds["forward"], axis=0).median()
    table = pd.DataFrame({"cpu_s_per_1000": seconds.median(), "ratio": ratio})
    table = table.rename_axis("map").reset_index()
    table["cpu_s_per_1000"] *= 1000 / n_spectra
    table.insert(0, "network", name)
    return table


def draw_distractors(net, seed=2000):
    """Draw a simulated spectrum in the colors of four maps."""
    X, y, truth = simulate(1, seed)
    shown = {
        "contribution": "contribution: the line of the class",
        "grad_cam": "Grad-CAM: every line",
        "deconv": "deconvolution: every line, whatever the class",
        "occlusion": "occlusion: the line of the class",
    }
    row = slice(1, 2)
    maps = {
        text: net.explain_(X[row], y[row], **METHODS[method])[0]
        for method, text in shown.items()
    }
    figure = plot_explanation(X[1], maps, n_bands=1)
    figure.suptitle(
        f"The line at {truth.centers[1]:.0f} tells the class; the lines at "
        f"{', '.join(f'{p:.0f}' for p in np.sort(truth.distractors[1]))} say nothing.\n"
        "Number: highest point of the map",
        fontsize=10,
    )
    return figure


def main(argv=None):
    """Run the chosen parts, print their tables and save them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--figures", action="store_true", help="update docs/images/")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    path = RESULTS / "explain.json"
    saved = json.loads(path.read_text()) if path.exists() else {}
    saved.pop("versions", None)
    for part in options.parts:
        for table in PARTS[part](options):
            print(f"\n{table.round(3).to_string()}", flush=True)
            if not options.quick:
                saved[part] = rounded(table, 4)
                print(write_results("explain", saved), flush=True)


def run_distractors(options):
    """Yield the table of the simulation, longer after each fit."""
    small = {"n_train": 6, "n_test": 2, "max_epochs": 2} if options.quick else {}
    jobs = [(PAPER, seed) for seed in range(1 if options.quick else 5)]
    if options.quick:
        small["n_filters"] = 4
    else:
        jobs += [(name, seed) for seed in range(5) for name in NETS if name != PAPER]
    done = []
    for name, seed in jobs:
        table, net = distractors(name, seed, **small)
        done.append(table)
        yield over_seeds(pd.concat(done))
        if options.figures and (name, seed) == (PAPER, 0):
            save(draw_distractors(net), "explain_distractors.png")


def run_cost(options):
    """Yield the table of costs, longer after each network."""
    small = {"n_spectra": 36, "n_back": 18, "n_slow": 2, "n_rounds": 1}
    small["n_filters"] = 4
    done = []
    for name in [PAPER] if options.quick else NETS:
        done.append(cost(name, **(small if options.quick else {})))
        yield pd.concat(done).set_index(["network", "map"])


def run_minerals(options):
    """Yield the table of bands, on one grid, then on two."""
    done = []
    for step in (8,) if options.quick else (2, 1):
        max_epochs = 1 if options.quick else "auto"
        table, summaries = minerals(step, max_epochs=max_epochs)
        done.append(table)
        yield pd.concat(done).set_index(["step", "model", "map", "mineral"])
        if options.figures and step == 2:
            shown = summaries["GAP-CNN", "explain_"]
            figure = shown.plot(classes=list(LINES))
            save(figure, "explain_minerals.png")
            save(draw_doublet(summaries), "explain_forsterite.png")


def run_carried(options):
    """Yield shares over seeds, longer after each fit."""
    done = []
    jobs = [(name, seed) for seed in range(5) for name in NETS]
    for name, seed in jobs[:1] if options.quick else jobs:
        small = {"max_epochs": 2, "n_filters": 4} if options.quick else {}
        network = NETS[name](**small, random_state=0)
        few = {"n_per_class": 6} if options.quick else {}
        done.append(carried(name, network, seed, **few))
        groups = pd.concat(done).groupby(["network", "map", "step"], sort=False)
        means = groups[["within", "accuracy"]].mean()
        worst = groups["within"].min().rename("worst")
        yield means.join(worst).join(groups["seed"].nunique().rename("n_seeds"))


def save(figure, name):
    """Write a picture of the documentation."""
    figure.savefig(DOCS_IMAGES / name, dpi=110)


PARTS = {
    "minerals": run_minerals,
    "cost": run_cost,
    "distractors": run_distractors,
    "carried": run_carried,
}

if __name__ == "__main__":
    main()
