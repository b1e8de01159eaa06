"""Does a model know when not to answer? False alarms, unknowns detected, coverage.

    python -m benchmarks.bench_trust --parts minerals noisy     (bundled data; minutes)
    python -m benchmarks.bench_trust --parts rruff rruff_sets --data-home FOLDER
    python -m benchmarks.bench_trust --parts meat saliva --data FOLDER
    python -m benchmarks.bench_trust --quick                    (one split each)

Parts:

- rruff: minerals with two crystals or more (97) are known, one crystal of each held out
  (`OneGroupPerClassSplit`); those with one crystal (124) are unknown. Ten splits, seeds
  100 to 109. `SpectralNoveltyDetector` around PLS-LDA on square root + SNV, folds by
  crystal, and at random beside them; with `--gap` around the network too (seeds 100
  to 104, eleven fits each; on a GPU with `--device cuda`). Extra `rruff`.
  With `--data` also what is no spectrum of a mineral: white noise, saturated detectors,
  flat lines with a cosmic ray, and the sets in that folder (numpy archives with X and
  axis); a column "odd" for each.
- forms: other forms of the score on the splits of rruff; always seeds 0 to 4, by which
  the form was chosen.
- cost: processor time that `predict` of a detector takes over that of its Pipeline, for
  RRUFF spectra from 1 cm-1 on.
- minerals: the bundled minerals, three of 18 left out as unknown, one crystal of each
  other held out.
- rruff_sets, meat, saliva, noisy: `ConformalClassifier` at 90 % on held-out crystals,
  samples, people; ten splits. For meat and saliva halves by group; for noisy the
  bundled minerals with white noise (SNR 3), one crystal of each held out.

Seeds 0 to 4 (`--development`) were there to choose with; nothing was chosen on the
others. Results go to `benchmarks/results/trust.json` after each split; what is there
already is not done again (`--again` does it). `--n-jobs` splits are worked on at the
same time, each in a process of its own, with the same results (costs one by one).
"""

import argparse
import json
import time
import warnings
from functools import cache, partial
from itertools import groupby
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from benchmarks._novelty_forms import FORMS, judge_forms
from benchmarks._results import DOCS_IMAGES, RESULTS, write_results
from benchmarks.compare_minerals import add_noise
from sklearn_raman.datasets import fetch_rruff, load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import OneGroupPerClassSplit
from sklearn_raman.preprocessing import SNV, SquareRoot, WavenumberResampler
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector

GRID = (150.0, 1508.0, 2.0)
N_SPLITS = 10
FOREIGN = ("saliva_pd_ad", "sers_vlp", "amino_acids6", "meat_mir", "coffee_mir")
FOREIGN += ("purees_mir", "tissue_ftir")


# Data --------------------------------------------------------------------------------


def rruff(options):
    """Return spectra at 2 cm-1, names, crystals, and which minerals are known."""
    minerals = fetch_rruff(data_home=options.data_home, as_frame=True)
    X = on_grid(minerals.data)
    y = np.asarray(minerals.target_names)[np.asarray(minerals.target)]
    groups = np.asarray(minerals.groups)
    crystals = pd.Series(groups).groupby(y).nunique()
    return X, y, groups, (crystals[y] > 1).to_numpy()


def on_grid(frame):
    """Bring spectra to the common axis; ends that were not measured stay level."""
    steps = WavenumberResampler(target_wavenumbers=GRID, fill_value="edge")
    return steps.set_output(transform="pandas").fit_transform(frame).to_numpy()


def odd_spectra(X, folder, seed):
    """Return what nobody should name, by kind.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
        Measured spectra, which are saturated.
    folder : path or None
        Of other sets.
    seed : int
        Decides noise and the choice of at most 100 spectra of a set.
    """
    rng = np.random.default_rng(seed)
    n, n_points = 100, X.shape[1]
    odd = {"white noise": 100 + rng.normal(0, 5, (n, n_points))}
    # Fluorescence that rises beyond what the detector can count, with its own noise.
    slope = np.linspace(0.2, 3.0, n_points) * rng.uniform(0.8, 1.5, (n, 1))
    drawn = X[rng.choice(len(X), n)]
    counts = 60000 * slope + 5000 * drawn / drawn.max(axis=1, keepdims=True)
    odd["saturated"] = np.minimum(counts + rng.normal(0, 50, counts.shape), 60000)
    flat = 100 + rng.normal(0, 0.1, (n, n_points))
    flat[range(n), rng.integers(5, n_points - 5, n)] += rng.uniform(500, 5000, n)
    odd["flat line with a cosmic ray"] = flat
    for name in FOREIGN if folder else ():
        with np.load(folder / f"{name}.npz", allow_pickle=False) as archive:
            rows = rng.permutation(len(archive["X"]))[:n]
            frame = pd.DataFrame(archive["X"][rows].astype(float))
            axis = archive["axis"]
        if not (np.diff(axis) > 0).all():
            frame, axis = frame.iloc[:, ::-1], axis[::-1]
        frame.columns = axis
        odd[name] = on_grid(frame)
    return odd


# None of these -----------------------------------------------------------------------


class Remembers:
    """Fitted once for the same spectra: many settings share their folds."""

    _known: dict = {}

    def fit(self, X, y):
        """Fit, or take over what an equal one has found."""
        key = joblib.hash((type(self).__name__, X, y, self.get_params()))
        if key not in self._known:
            if len(self._known) > 50:
                self._known.clear()
            self._known[key] = dict(vars(super().fit(X, y)))
        vars(self).update(self._known[key])
        return self


class RememberedPLSLDA(Remembers, PLSLDA):
    """PLS-LDA."""


class RememberedLDA(Remembers, LinearDiscriminantAnalysis):
    """LDA."""


def plslda(n_components, **settings):
    """PLS-LDA on square root + SNV."""
    last = RememberedPLSLDA(n_components=n_components, **settings)
    return make_pipeline(SquareRoot(), SNV(), last)


uncalibrated = partial(plslda, calibration=None)  # detectors ask for no probabilities


def gap(device):
    """The network with averages before its output, on SNV."""
    from sklearn_raman.neural_network import GAPCNNClassifier

    network = GAPCNNClassifier(calibration=None, random_state=0, device=device)
    return make_pipeline(SNV(), network)


def judge_detector(model, score, data, test, unknown, odd, *, grouped, seed, n_folds):
    """Fit a detector and return its figures on known and unknown spectra."""
    X, y, groups = data
    detector = SpectralNoveltyDetector(
        model, novelty_score=score, cv=n_folds, grouped=grouped, random_state=seed
    )
    detector.fit(X, y, groups if grouped else None)
    known = detector.decision_function(test[0])
    strange = detector.decision_function(unknown)
    named = detector.estimator_.predict(test[0]) == test[1]
    return {
        "auroc": roc_auc_score(
            np.r_[np.zeros(len(known)), np.ones(len(strange))], -np.r_[known, strange]
        ),
        "detected_at_5": (strange < np.quantile(known, 0.05)).mean(),
        "false_at_95": (known <= np.quantile(strange, 0.95)).mean(),
        "false_alarms": (known < 0).mean(),
        "false_alarms_right": (known[named] < 0).mean(),
        "accuracy": named.mean(),
        "detected": (strange < 0).mean(),
        "n_calibrated": detector.n_calibrated_,
        "n_calibrated_classes": detector.n_calibrated_classes_,
        "odd": {name: (detector.predict(z) == -1).mean() for name, z in odd.items()},
    }


def cost(detector, X, n_times=25):
    """Return the processor time of `predict` over that of the Pipeline.

    The shortest of both, in turns: what else runs on the machine makes others longer.
    """
    shortest = {}
    for _ in range(n_times):
        for model in (detector.estimator_, detector):
            started = time.process_time()
            model.predict(X)
            took = time.process_time() - started
            shortest[model] = min(took, shortest.get(model, took))
    return shortest[detector] / shortest[detector.estimator_]


def costs(options):
    """Yield what a detector costs around the whole Pipeline, from raw spectra on."""
    minerals = fetch_rruff(data_home=options.data_home, as_frame=True, min_crystals=2)
    resample = WavenumberResampler(target_wavenumbers=GRID, fill_value="edge")
    model = make_pipeline(resample, *uncalibrated(80)).set_output(transform="pandas")
    for score in ("relative_mahalanobis", "correlation", "both"):
        detector = SpectralNoveltyDetector(model, novelty_score=score, cv=2)
        detector.set_params(random_state=0)

        def judge(detector=detector):
            detector.fit(minerals.data, minerals.target, minerals.groups)
            return {"cost": cost(detector, minerals.data)}

        yield ("PLS-LDA", score, "by group", 0), judge


def rruff_detectors(options):
    """Yield (key, function that returns the figures)."""
    X, y, groups, is_known = rruff(options)
    rows = np.flatnonzero(is_known)
    models = {"PLS-LDA": uncalibrated(80)}
    if options.gap:
        models["GAP-CNN"] = gap(options.device)
    for seed in options.seeds:
        splitter = OneGroupPerClassSplit(1, random_state=seed)
        train, test = next(splitter.split(rows, y[rows], groups[rows]))
        train, test = rows[train], rows[test]
        data, new = (X[train], y[train], groups[train]), (X[test], y[test])
        odd = odd_spectra(X[train], options.data, seed)
        for name, model in models.items():
            for score, grouped in (
                ("relative_mahalanobis", True),
                ("correlation", True),
                ("both", True),
                ("relative_mahalanobis", False),
            ):
                if name == "GAP-CNN" and (score != "both" or seed >= 105):
                    continue
                key = name, score, "by group" if grouped else "at random", seed
                yield (
                    key,
                    partial(
                        judge_detector,
                        model,
                        score,
                        data,
                        new,
                        X[~is_known],
                        odd,
                        grouped=grouped,
                        seed=seed,
                        n_folds=options.folds,
                    ),
                )


def rruff_forms(options):
    """Yield (key, function) for other forms of the score."""
    X, y, groups, is_known = rruff(options)
    rows = np.flatnonzero(is_known)
    for seed in range(1 if options.quick else 5):
        splitter = OneGroupPerClassSplit(1, random_state=seed)
        train, test = next(splitter.split(rows, y[rows], groups[rows]))
        train, test = rows[train], rows[test]
        judge_all = cache(
            partial(
                judge_forms,
                uncalibrated(80),
                (X[train], y[train], groups[train]),
                X[test],
                X[~is_known],
                odd_spectra(X[train], options.data, seed),
                seed=seed,
                n_folds=options.folds,
            )
        )
        for form in FORMS:
            yield (form, seed), lambda form=form, judge=judge_all: judge()[form]


def minerals_detectors(options):
    """Three minerals of the bundled set are unknown."""
    minerals = load_minerals(as_frame=True)
    X = on_grid(minerals.data)
    y = np.asarray(minerals.target_names)[np.asarray(minerals.target)]
    groups = np.asarray(minerals.groups)
    for seed in options.seeds:
        left_out = np.random.default_rng(seed).choice(np.unique(y), 3, replace=False)
        rows = np.flatnonzero(~np.isin(y, left_out))
        splitter = OneGroupPerClassSplit(1, random_state=seed)
        train, test = next(splitter.split(rows, y[rows], groups[rows]))
        train, test = rows[train], rows[test]
        for score in ("relative_mahalanobis", "correlation", "both"):
            yield (
                ("PLS-LDA", score, "by group", seed),
                partial(
                    judge_detector,
                    uncalibrated(20),
                    score,
                    (X[train], y[train], groups[train]),
                    (X[test], y[test]),
                    X[np.isin(y, left_out)],
                    {},
                    grouped=True,
                    seed=seed,
                    n_folds=options.folds,
                ),
            )


# Sets --------------------------------------------------------------------------------


def lda():
    """Linear discriminant analysis with shrinkage on square root + SNV."""
    return make_pipeline(
        SquareRoot(), SNV(), RememberedLDA(solver="lsqr", shrinkage=0.05)
    )


def rruff_split(options, seed):
    """Return training and test spectra of the 97 minerals."""
    X, y, groups, is_known = rruff(options)
    X, y, groups = X[is_known], y[is_known], groups[is_known]
    return X, y, groups, OneGroupPerClassSplit(1, random_state=seed)


def meat_split(options, seed):
    """Meat, mid-infrared: half of the samples."""
    return archive_split(options, "meat_mir", 1, seed)


def saliva_split(options, seed):
    """Saliva of patients: half of the people."""
    return archive_split(options, "saliva_pd_ad", 3, seed)


def archive_split(options, name, step, seed):
    """Return a set of `--data` and folds in halves by group."""
    if options.data is None:
        raise SystemExit(f"the part that reads {name} needs --data")
    with np.load(options.data / f"{name}.npz", allow_pickle=False) as archive:
        X, y = archive["X"][:, ::step].astype(float), archive["y"]
        groups = archive["group"]
    return X, y, groups, StratifiedGroupKFold(2, shuffle=True, random_state=seed)


def noisy_split(options, seed):
    """Bundled minerals with noise."""
    minerals = load_minerals(as_frame=True)
    noisy = add_noise(minerals.data, 3.0, random_state=0)
    y = np.asarray(minerals.target_names)[np.asarray(minerals.target)]
    splitter = OneGroupPerClassSplit(1, random_state=seed)
    return on_grid(noisy), y, np.asarray(minerals.groups), splitter


def plain(n_components):
    """PLS-LDA on SNV."""
    return make_pipeline(SNV(), RememberedPLSLDA(n_components=n_components))


SETS = {
    "rruff_sets": (rruff_split, {"PLS-LDA": plslda(80)}),
    "meat": (meat_split, {"PLS-LDA": plain(8)}),
    "saliva": (saliva_split, {"PLS-LDA": plain(10)}),
    "noisy": (noisy_split, {"PLS-LDA": plain(15), "LDA": lda()}),
}
KINDS = [  # settings, folds by group
    ({}, True),
    ({"unit": "group"}, True),
    ({"unit": "whole_group"}, True),
    ({"conformity_score": "aps"}, True),
    ({}, False),
]


def sets(part, options):
    """Yield (key, function that returns the figures)."""
    split, models = SETS[part]
    for seed in options.seeds:
        X, y, groups, splitter = split(options, seed)
        train, test = next(splitter.split(X, y, groups))
        data, new = (X[train], y[train]), (X[test], y[test], groups[test])
        for name, model in models.items():
            for settings, grouped in KINDS:
                label = " ".join(f"{v}" for v in settings.values()) or "spectrum"
                key = name, label, "by group" if grouped else "at random", seed
                yield (
                    key,
                    partial(
                        judge_sets,
                        ConformalClassifier(
                            model,
                            cv=options.folds,
                            grouped=grouped,
                            random_state=seed,
                            **settings,
                        ),
                        (*data, groups[train] if grouped else None),
                        new,
                    ),
                )


def judge_sets(model, data, test):
    """Return coverage and size of the sets of held-out spectra."""
    model.fit(*data)
    X, y, groups = test
    chosen = model.predict_set(X)
    hit = chosen[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    alone = chosen.sum(axis=1) == 1
    by_group = pd.Series(hit).groupby(groups)
    return {
        "coverage": hit.mean(),
        "coverage_of_groups": by_group.mean().mean(),
        "whole_groups": by_group.min().mean(),
        "size": chosen.sum(axis=1).mean(),
        "empty": (~chosen.any(axis=1)).mean(),
        "one_class": alone.mean(),
        "right_if_one_class": hit[alone].mean() if alone.any() else np.nan,
        "accuracy": (model.estimator_.predict(X) == y).mean(),
        "look_alikes": len(model.confusable_classes_),
        "n_calibrated": model.n_calibrated_,
        "n_calibrated_classes": model.n_calibrated_classes_,
    }


PARTS = {
    "rruff": rruff_detectors,
    "forms": rruff_forms,
    "cost": costs,
    "minerals": minerals_detectors,
    **{part: partial(sets, part) for part in SETS},
}


# Pictures ----------------------------------------------------------------------------

ALARMS = {  # rows of the left panel
    "both, by crystal": "PLS-LDA | both | by group",
    "distance, by crystal": "PLS-LDA | relative_mahalanobis | by group",
    "distance, random folds": "PLS-LDA | relative_mahalanobis | at random",
    "both, by crystal, GAP-CNN": "GAP-CNN | both | by group",
}
COVERED = {"rruff_sets": "RRUFF", "meat": "meat", "saliva": "saliva", "noisy": "noisy"}


def draw(figures):
    """Draw false alarms and coverage, a dot for each split, the mean as a bar."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.2, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    alarms = {
        name: of_kind(figures["rruff"], kind, "false_alarms")
        for name, kind in ALARMS.items()
    }
    covered = {
        f"{name}, {folds}": of_kind(
            figures[part], f"PLS-LDA | spectrum | {kind}", "coverage"
        )
        for part, name in COVERED.items()
        for folds, kind in (("by group", "by group"), ("random folds", "at random"))
    }
    draw_dots(left, alarms, 0.05, "false alarms")
    draw_dots(right, covered, 0.9, "sets that hold the true class")
    figure.savefig(DOCS_IMAGES / "trust_splits.png", dpi=110)


def of_kind(part, kind, column):
    """Return a figure of the splits of one kind."""
    splits = part["splits"].items()
    return [r[column] for k, r in splits if k.rpartition(" | ")[0] == kind]


def draw_dots(axes, rows, promise, label):
    """Draw the numbers of each row as dots, with a bar at their mean."""
    for row, (name, values) in enumerate(rows.items()):
        color = "#d55e00" if "random" in name else "#0072b2"
        at = np.full(len(values), -row)
        axes.plot(values, at, "o", color=color, ms=5, alpha=0.5, mew=0)
        axes.plot(np.mean(values), -row, "|", color="0.2", ms=16, mew=2)
    axes.axvline(promise, ls="--", color="0.5", lw=1)
    axes.set_yticks(-np.arange(len(rows)), rows)
    axes.set_ylim(0.4 - len(rows), 0.6)
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)


def flat(record):
    """Return a record with its nested figures beside the others, rounded."""
    odd = record.pop("odd", {})
    record |= {f"odd: {name}": value for name, value in odd.items()}
    return {k: round(float(v), 5) for k, v in record.items()}


def main(argv=None):
    """Run the chosen parts, print their means, and save each split."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one split, nothing saved")
    parser.add_argument("--development", action="store_true", help="seeds 0 to 4")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=["minerals"])
    parser.add_argument("--gap", action="store_true", help="the network as well")
    parser.add_argument("--device", default="cpu", help="of the network")
    parser.add_argument("--n-jobs", type=int, default=1, help="splits at a time")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--splits", type=int, default=N_SPLITS)
    parser.add_argument("--data", type=Path, help="folder of other sets")
    parser.add_argument("--data-home", type=Path, help="of fetch_rruff")
    options = parser.parse_args(argv)
    warnings.filterwarnings("ignore", message=".*constant.*")
    first, saves = 100, not (options.quick or options.development)
    if options.development:
        first, options.splits = 0, min(options.splits, 5)
    options.seeds = range(first, first + (1 if options.quick else options.splits))
    path = RESULTS / "trust.json"
    figures = json.loads(path.read_text()) if saves and path.exists() else {}
    figures.pop("versions", None)
    for part in options.parts:
        done = {} if options.again else figures.get(part, {}).get("splits", {})
        jobs = (
            joblib.delayed(judge_all)(tasks)
            for tasks in of_each_split(PARTS[part](options), done)
        )
        n_jobs = 1 if part == "cost" else options.n_jobs
        parallel = joblib.Parallel(n_jobs, return_as="generator_unordered")
        for found in parallel(jobs):
            for name, record in found.items():
                print(part, name, record, flush=True)
            done = dict(sorted((done | found).items(), key=by_split))
            figures[part] = {"splits": done, "means": means(done)}
            if saves:
                write_results("trust", figures)
        if saves and {"rruff", *COVERED} <= set(figures):
            draw(figures)
        table = pd.DataFrame.from_dict(means(done), orient="index")
        print(f"\n{part}\n{table.T.to_string()}", flush=True)


def of_each_split(tasks, done):
    """Yield what is to be done for each split: its tasks share fits, and so a process.

    Parameters
    ----------
    tasks : iterable of (key, function), split by split
    done : collection of str
        Names of what is done already.
    """
    for _, of_split in groupby(tasks, lambda task: task[0][-1]):
        named = ((" | ".join(map(str, key)), judge) for key, judge in of_split)
        if todo := [(name, judge) for name, judge in named if name not in done]:
            yield todo


def by_split(item):
    """Return the seed and the rest of a name, by which results are sorted."""
    kind, _, seed = item[0].rpartition(" | ")
    return int(seed), kind


def judge_all(tasks):
    """Return the figures of each task, by name."""
    return {name: flat(judge()) for name, judge in tasks}


def means(splits):
    """Return the mean over the splits of each kind, and how many there are."""
    table = pd.DataFrame.from_dict(splits, orient="index")
    kind = [name.rpartition(" | ")[0] for name in table.index]
    found = table.groupby(kind, sort=False)
    mean = found.mean().round(5).assign(n_splits=found.size())
    return {name: row.dropna().to_dict() for name, row in mean.iterrows()}


if __name__ == "__main__":
    main()
