"""How well models recognize measured spectra: three CNNs and six tuned rivals.

    python -m benchmarks.bench_accuracy --data FOLDER    (hours on 2 cores)
    python -m benchmarks.bench_accuracy --quick          (two splits, nothing saved)
    python -m benchmarks.bench_accuracy --data FOLDER --sets meat --models LDA
    python -m benchmarks.bench_accuracy --page           (the table of the docs)
    python -m benchmarks.bench_accuracy --blend --sets noisy crystals

Each model on each fold is kept in `--cache` as soon as it is done, and not computed
again: stop and go on at any time. What is missing is left out of the table, and said.

Sets, each with splits that keep together what belongs together:

- crystals: RRUFF minerals with two crystals or more (97), one crystal of each held out
  (`OneGroupPerClassSplit`), seeds 100 to 104. Extra `rruff`.
- instrument, with crystals: the same models, but the test spectra come from another,
  simulated instrument: bands blurred to a resolution of 12 cm-1, an axis off by up to 2
  cm-1, a background as high as the strongest band, noise of a fiftieth of it.
- noisy: two training crystals of each of the 18 bundled minerals, all other crystals to
  recognize, white noise of a third of the strongest band; draws 100 to 109.
- meat, purees, coffee: mid-infrared spectra of food, in five folds. Meat by sample
  (each measured twice), the others by spectrum.
- tissue: mid-infrared spectra of tissue, four classes, five folds by spectrum.
- sers: surface-enhanced Raman spectra with and without proteins of SARS-CoV-2 (103 and
  17), five folds by spectrum. Seven of its nine folders hold one class only, so that no
  split by folder exists.
- saliva: Raman spectra of saliva of 70 people (Parkinson's, Alzheimer's, control), five
  folds by person.
- parkinson: two classes of the same on three random folds, as a public benchmark splits
  them. Spectra of one person are on both sides, which makes it easy.

`--data` is a folder of numpy archives with X, y, axis and, where known, group:
`meat_mir.npz`, `purees_mir.npz` and `coffee_mir.npz` (example data sets of the Quadram
Institute), `tissue_ftir.npz` (teaching set "collagen" of Orange's spectroscopy add-on),
`sers_vlp.npz` (DeepATsers) and `saliva_pd_ad.npz` (MIND-Lab, Raman-Spectra-Data). Their
owners publish them as tables; a set that is not in the folder is skipped, and said.

The CNNs have their defaults and get SNV. All others choose among nothing, square root,
first derivative and smoothing (windows 9 and 21), each followed by SNV, beside their
own parameters, by inner cross-validation in three folds by group. The probabilities of
rivals are calibrated: one temperature, learned by group on the training part. PLS-LDA
has its own, and is there a second time as published, without shrinkage and temperature.
LDA is there a second time on the smoothed first derivative (window 21), fixed: inner
folds cannot know that another instrument comes. The CNNs are there a second time with
small baselines and no broader bands in training, as on one instrument. LDA and
logistic regression get principal components, at most 300, which makes them faster.
RRUFF spectra are resampled to 2 cm-1 for all. Seeds 0 to 4 (`--development`) were there
to choose defaults with; nothing was chosen on the others.

`--blend` averages the probabilities of a network, LDA and random convolutions, all with
fixed settings, on the development seeds.

Paired differences of accuracy: mean over the splits, with the 95 % interval that is
corrected for overlapping training sets, as `compare` gives it, and one of a bootstrap
over groups, which asks what other crystals (samples, people) would have given. The
expected calibration error has 15 bins of equal width.
"""

import argparse
import json
import time
import warnings
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.metrics import accuracy_score, log_loss, recall_score
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.parallel import Parallel, delayed

from benchmarks._bootstrap import group_bootstrap
from benchmarks._random_convolution import RandomConvolution
from benchmarks._results import RESULTS, rounded, write_between, write_results
from benchmarks.compare_minerals import (
    N_TRAINING_CRYSTALS,
    SNR,
    add_noise,
    few_crystals_split,
)
from sklearn_raman._utils._pipeline import best_of, group_parameters
from sklearn_raman.datasets import fetch_rruff, load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import Comparison, OneGroupPerClassSplit
from sklearn_raman.neural_network import (
    Augmentation,
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
)
from sklearn_raman.preprocessing import (
    SNV,
    SavitzkyGolay,
    SquareRoot,
    WavenumberResampler,
)

CNNS = ("CNN", "FMCNN", "GAP-CNN")
SMALL_VARIATIONS = tuple(f"{name}, small baselines" for name in CNNS)
RIVALS = (
    "SVM",
    "PLS-LDA",
    "PLS-LDA, plain",
    "LDA",
    "LDA, derivative",
    "Logistic regression",
    "KNN",
    "Random convolutions",
)
N_BINS, N_AXES = 15, 300
PAGE = Path(__file__).parent / "README.md"


@dataclass
class Set:
    """Spectra, labels, groups (or None) and splits."""

    tests: dict
    """Name of each kind of test: its title, and what happens to test spectra."""
    X: pd.DataFrame
    y: np.ndarray
    groups: np.ndarray | None
    splits: list
    n_components: tuple
    people: np.ndarray | None = None
    """Units of the bootstrap, where splits ignore them."""
    n_inner: int = 3


def models(data):
    """Return the models by name; rivals choose inside, in folds by group."""
    kind = StratifiedKFold if data.groups is None else StratifiedGroupKFold
    inner = kind(data.n_inner, shuffle=True, random_state=0)
    preparations = [
        "passthrough",
        SquareRoot(),
        SavitzkyGolay(window_length=9, polyorder=2, deriv=1),
        SavitzkyGolay(window_length=9, polyorder=2),
        SavitzkyGolay(window_length=21, polyorder=2),
    ]

    def net(classifier, **params):
        return make_pipeline(SNV(), classifier(random_state=0, **params))

    small = Augmentation(baseline=0.5, broadening=0.0)

    def tuned(classifier, *grids):
        steps = make_pipeline(SquareRoot(), SNV(), *classifier)
        last = steps.steps[-1][0]
        choices = [
            {
                "squareroot": preparations,
                **{f"{last}__{name}": values for name, values in grid.items()},
            }
            for grid in grids
        ]
        return GridSearchCV(steps, choices, cv=inner)

    # All that there are, or what 600 spectra or more can fill in an inner fold.
    n_axes = None if len(data.splits[0][0]) < 600 else min(N_AXES, data.X.shape[1])
    n_components = [
        n for n in data.n_components if n < min(len(data.splits[0][0]) // 2, 1000)
    ]
    return {
        "CNN": net(CNNClassifier),
        "FMCNN": net(FMCNNClassifier),
        "GAP-CNN": net(GAPCNNClassifier),
        # For those who know that no other instrument comes.
        "CNN, small baselines": net(CNNClassifier, augmentation=small),
        "FMCNN, small baselines": net(FMCNNClassifier, augmentation=small),
        "GAP-CNN, small baselines": net(GAPCNNClassifier, augmentation=small),
        "SVM": tuned(
            [SVC()],
            {"kernel": ["linear"], "C": [0.001, 0.01, 0.1, 1.0]},
            {"kernel": ["rbf"], "C": [1.0, 10.0, 100.0]},
        ),
        # Calibrated once it is chosen.
        "PLS-LDA": tuned([PLSLDA(calibration=None)], {"n_components": n_components}),
        "PLS-LDA, plain": tuned(
            [PLSLDA(shrinkage=0, calibration=None)], {"n_components": n_components}
        ),
        "LDA": tuned(
            [PCA(n_axes), LinearDiscriminantAnalysis(solver="lsqr")],
            {"shrinkage": [0.9, 0.5, 0.2, 0.05]},
        ),
        # For those who know that another comes: fixed, in hindsight.
        "LDA, derivative": make_pipeline(
            SavitzkyGolay(window_length=21, polyorder=2, deriv=1),
            SNV(),
            PCA(n_axes),
            LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.2),
        ),
        "Logistic regression": tuned(
            # The scales of components stay: the last ones are noise.
            [PCA(n_axes), LogisticRegression(max_iter=200)],
            {"C": [0.01, 0.1, 1.0, 10.0]},
        ),
        "KNN": tuned([KNeighborsClassifier()], {"n_neighbors": [1, 3, 5]}),
        "Random convolutions": tuned(
            [
                RandomConvolution(),
                StandardScaler(),
                RidgeClassifierCV(np.logspace(0, 5, 11)),
            ],
            {},
        ),
    }


def _draws(options, n):
    """Return the seeds of n draws."""
    return range(n) if options.development else range(100, 100 + n)


def _folds(y, groups, seeds, n_folds=5):
    """Return stratified folds, by group if there are groups, of each draw."""
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    return [
        split
        for seed in seeds
        for split in kind(n_folds, shuffle=True, random_state=seed).split(y, y, groups)
    ]


def unaltered(X, seed):
    """Return the test spectra as they are."""
    return X


def _resampled(X):
    """Return spectra every 2 cm-1."""
    grid = WavenumberResampler(target_wavenumbers=(150, 1508, 2))
    return grid.fit_transform(X)


def crystals(options):
    """New crystals of known minerals, on the same and on another instrument."""
    minerals = fetch_rruff(min_crystals=2, as_frame=True)
    X, groups = _resampled(minerals.data), np.asarray(minerals.groups)
    y = np.asarray(minerals.target)
    splits = [
        next(OneGroupPerClassSplit(1, random_state=seed).split(X, y, groups))
        for seed in _draws(options, 5)
    ]
    components = (40, 60, 80, 100, 120)
    tests = {
        "crystals": ("new crystals of 97 minerals", unaltered),
        "instrument": ("the same on another instrument (simulated)", other_instrument),
    }
    return Set(tests, X, y, groups, splits, components)


def other_instrument(X, seed):
    """Return spectra on the 2 cm-1 grid as another instrument would give them."""
    rng = np.random.default_rng(seed)
    (n_spectra, n_points), spectra = X.shape, X.to_numpy()
    highest = np.ptp(spectra, axis=1, keepdims=True)
    at = np.arange(n_points)
    shifts = rng.uniform(-1, 1, n_spectra)  # of points: up to 2 cm-1
    moved = [
        np.interp(at + shift, at, row)
        for row, shift in zip(spectra, shifts, strict=True)
    ]
    fwhm = 12 / 2  # points
    blurred = gaussian_filter1d(moved, fwhm / 2.355, axis=1)
    x = np.linspace(0, 1, n_points)
    waves = [x, x**2, np.cos(np.pi * x), np.cos(2 * np.pi * x), np.cos(3 * np.pi * x)]
    background = rng.normal(size=(n_spectra, len(waves))) @ np.array(waves)
    background -= background.min(axis=1, keepdims=True)
    background /= background.max(axis=1, keepdims=True)
    noise = rng.normal(size=X.shape) / 50
    seen = blurred + highest * (background + noise)
    return pd.DataFrame(seen, columns=X.columns)


def noisy(options):
    """Few crystals and noise."""
    minerals = load_minerals(as_frame=True)
    # Every 1 cm-1: to take every other point would leave smoothing less to average.
    X = add_noise(minerals.data, SNR, random_state=0)
    y, groups = np.asarray(minerals.target), np.asarray(minerals.groups)
    splits = [
        few_crystals_split(y, groups, N_TRAINING_CRYSTALS, random_state=seed)
        for seed in _draws(options, 10)
    ]
    title = "two crystals of 18 minerals each, noise"
    tests = {"noisy": (title, unaltered)}
    return Set(tests, X, y, groups, splits, (10, 15, 20, 30, 40), n_inner=2)


def _archive(options, name):
    """Return spectra on their axis, and the archive."""
    path = (options.data or Path()) / name
    if options.data is None or not path.exists():
        raise FileNotFoundError(f"{name} is not in --data {options.data}")
    archive = np.load(path, allow_pickle=False)
    labels = archive["axis"].astype(str)
    return pd.DataFrame(archive["X"].astype(np.float64), columns=labels), archive


SMALL = (2, 4, 6, 8, 10, 12, 15, 20)
LARGE = (5, 10, 15, 20, 30, 40)


def meat(options):
    """Chicken, pork or turkey, by sample."""
    X, archive = _archive(options, "meat_mir.npz")
    y, groups = archive["y"], archive["group"]
    splits = _folds(y, groups, _draws(options, 1))
    tests = {"meat": ("meat by sample", unaltered)}
    return Set(tests, X, y, groups, splits, SMALL)


def _by_spectrum(kind, title, name, n_draws, components):
    """Return a function that loads a set without groups."""

    def load(options):
        X, archive = _archive(options, name)
        splits = _folds(archive["y"], None, _draws(options, n_draws))
        tests = {kind: (title, unaltered)}
        return Set(tests, X, archive["y"], None, splits, components)

    return load


def saliva(options):
    """Parkinson's, Alzheimer's or control, by person."""
    X, archive = _archive(options, "saliva_pd_ad.npz")
    y, groups = archive["y"], archive["group"]
    splits = _folds(y, groups, _draws(options, 1))
    tests = {"saliva": ("saliva by person", unaltered)}
    return Set(tests, X, y, groups, splits, LARGE)


def parkinson(options):
    """Parkinson's or control, random folds."""
    X, archive = _archive(options, "saliva_pd_ad.npz")
    kept = archive["y"] != "AD"
    X, y, people = X[kept], archive["y"][kept], archive["group"]
    splits = _folds(y, None, _draws(options, 1), 3)
    title = "Parkinson's, random folds (people on both sides)"
    tests = {"parkinson": (title, unaltered)}
    return Set(tests, X, y, None, splits, (*LARGE, 60, 100), people=people[kept])


SETS = {
    "meat": meat,
    "coffee": _by_spectrum("coffee", "coffee", "coffee_mir.npz", 1, SMALL),
    "sers": _by_spectrum("sers", "SERS of virus proteins", "sers_vlp.npz", 1, SMALL),
    "tissue": _by_spectrum("tissue", "tissue", "tissue_ftir.npz", 1, LARGE),
    "purees": _by_spectrum("purees", "strawberry purees", "purees_mir.npz", 1, LARGE),
    "noisy": noisy,
    "saliva": saliva,
    "parkinson": parkinson,
    "crystals": crystals,
}


def scores_of(model, X, classes):
    """Return one score per class whose softmax are the probabilities of a model.

    Classes that it was not trained on have none: -inf.
    """
    if hasattr(model, "decision_function"):
        own = model.decision_function(X)
        if own.ndim == 1:
            own = np.multiply.outer(own, [-0.5, 0.5])
    else:
        own = np.log(np.maximum(model.predict_proba(X), 1e-6))
    scores = np.full((len(own), len(classes)), -np.inf)
    scores[:, np.searchsorted(classes, model.classes_)] = own
    return scores


def learn_temperature(model, X, y, groups):
    """Return the factor of scores with the lowest log-loss in five folds of training.

    Spectra of classes that are in no other fold do not count.
    """
    classes = np.unique(y)
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    parts = []
    for train, test in kind(5, shuffle=True, random_state=0).split(X, y, groups):
        test = test[np.isin(y[test], y[train])]
        fitted = clone(best_of(model)).fit(X.iloc[train], y[train])
        scores = scores_of(fitted, X.iloc[test], classes)
        parts.append((scores, np.searchsorted(classes, y[test])))
    scores = np.concatenate([scores for scores, _ in parts])
    codes = np.concatenate([codes for _, codes in parts])

    def loss(log_factor):
        shares = log_softmax(np.exp(log_factor) * scores, axis=1)
        return -shares[np.arange(len(codes)), codes].mean()

    return np.exp(minimize_scalar(loss, bounds=(-7, 5), method="bounded").x)


def evaluate(name, model, data, split):
    """Fit one model on one split; return what is kept of it for each kind of test.

    Returns
    -------
    dict of str to dict
        `accuracy`, `balanced_accuracy`, `log_loss`, `calibrated`, `fit_time`,
        `n_train`, `n_test`, `chosen`; and for each test spectrum its `row`, whether it
        is `right`, and the probability of the predicted class (`confidence`).
    """
    train, test = data.splits[split]
    X, y, y_test = data.X.iloc[train], data.y[train], data.y[test]
    groups = None if data.groups is None else data.groups[train]
    start = time.perf_counter()
    model = clone(model).fit(X, y, **group_parameters(model, groups))
    chosen = getattr(model, "best_params_", {})
    if name == "PLS-LDA":
        model = clone(best_of(model)).set_params(plslda__calibration="auto")
        model.fit(X, y, **group_parameters(model, groups))
    fit_time = time.perf_counter() - start
    is_rival = name not in (*CNNS, *SMALL_VARIATIONS, "PLS-LDA", "PLS-LDA, plain")
    factor = learn_temperature(model, X, y, groups) if is_rival else 1.0
    classes, found = np.unique(y), {}
    for kind, (_, alter) in data.tests.items():
        X_test = alter(data.X.iloc[test], 1000 + split)
        predicted = model.predict(X_test)
        if is_rival:
            shares = softmax(factor * scores_of(model, X_test, classes), axis=1)
        else:
            shares = model.predict_proba(X_test)
        found[kind] = {
            "model": name,
            "fold": split,
            "accuracy": accuracy_score(y_test, predicted),
            "balanced_accuracy": recall_score(
                y_test, predicted, labels=np.unique(y_test), average="macro"
            ),
            "log_loss": log_loss(y_test, shares, labels=classes),
            "calibrated": is_rival,
            "fit_time": fit_time,
            "n_train": len(train),
            "n_test": len(test),
            "chosen": ", ".join(f"{key}={value}" for key, value in chosen.items()),
            "row": test.tolist(),
            "right": (predicted == y_test).tolist(),
            "confidence": shares.max(axis=1).tolist(),
            "sure_right": (classes[shares.argmax(axis=1)] == y_test).tolist(),
        }
    return found


def blend_members():
    """Return three models of different families with fixed settings."""
    return {
        "GAP-CNN": make_pipeline(SNV(), GAPCNNClassifier(random_state=0)),
        "LDA": make_pipeline(
            SquareRoot(),
            SNV(),
            LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.2),
        ),
        "Random convolutions": make_pipeline(
            SNV(), RandomConvolution(), StandardScaler(), RidgeClassifierCV([1e2, 1e4])
        ),
    }


def evaluate_blend(data, split):
    """Average the probabilities of models of different families, and each two of them.

    Returns
    -------
    dict
        `n_test`; `all_wrong`, the share of test spectra that all three name wrongly;
        `averages`: for each average (names joined by " + ") `accuracy`, `log_loss`.
    """
    train, test = data.splits[split]
    X, y, y_test = data.X.iloc[train], data.y[train], data.y[test]
    groups = None if data.groups is None else data.groups[train]
    classes, shares = np.unique(y), {}
    for name, model in blend_members().items():
        model.fit(X, y, **group_parameters(model, groups))
        if name in CNNS:
            shares[name] = model.predict_proba(data.X.iloc[test])
        else:
            factor = learn_temperature(model, X, y, groups)
            scores = scores_of(model, data.X.iloc[test], classes)
            shares[name] = softmax(factor * scores, axis=1)
    found, wrong = {}, np.ones(len(test), dtype=bool)
    for n_members in (1, 2, 3):
        for names in combinations(shares, n_members):
            mean = np.mean([shares[name] for name in names], axis=0)
            right = classes[mean.argmax(axis=1)] == y_test
            found[" + ".join(names)] = {
                "accuracy": right.mean(),
                "log_loss": log_loss(y_test, mean, labels=classes),
            }
            if n_members == 1:
                wrong &= ~right
    return {"n_test": len(test), "all_wrong": wrong.mean(), "averages": found}


def blend(options, folder):
    """Return means over the development splits of averages across families."""
    figures = {}
    for set_name in options.sets:
        data = SETS[set_name](options)
        cells = []
        for split in range(len(data.splits))[: options.splits]:
            path = folder / "blend" / set_name / f"{split}.json"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(evaluate_blend(data, split)))
            cells.append(json.loads(path.read_text()))
            print(set_name, split, cells[-1], flush=True)
        means = {
            name: {
                score: np.mean([cell["averages"][name][score] for cell in cells])
                for score in ("accuracy", "log_loss")
            }
            for name in cells[0]["averages"]
        }
        figures[set_name] = {
            "title": next(iter(data.tests.values()))[0],
            "all_wrong": np.mean([cell["all_wrong"] for cell in cells]),
            "means": means,
            "splits": cells,
        }
    return figures


def remembered(folder, set_name, name, model, data, split):
    """Return what `evaluate` gives, from the folder if it is there."""
    if folder is None:
        return evaluate(name, model, data, split)
    path = folder / set_name / name.replace(" ", "_") / f"{split}.json"
    if not path.exists():
        found = evaluate(name, model, data, split)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(found))
        part.replace(path)
    return json.loads(path.read_text())


def calibration_error(confidence, right):
    """Expected calibration error: mean distance of confidence and share of right ones.

    In bins of equal width, weighted by the number of spectra in each.
    """
    confidence, right = np.asarray(confidence), np.asarray(right, dtype=float)
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    gaps = np.bincount(bins, confidence - right, minlength=N_BINS)
    return np.abs(gaps).sum() / len(right)


def sum_up(found, title, data):
    """Return the figures of a set.

    Parameters
    ----------
    found : list of dict
        What `evaluate` gives for one kind of test, of models that have all splits.
    title : str
    data : Set
    """
    lists = ["row", "right", "confidence", "sure_right"]
    folds = pd.DataFrame(found)
    long = folds.explode(lists, ignore_index=True)
    errors = {
        name: calibration_error(
            part["confidence"].astype(float), part["sure_right"].astype(bool)
        )
        for name, part in long.groupby("model", sort=False)
    }
    folds = folds.drop(columns=lists)
    predictions = long[["model", "fold", "row"]].astype({"row": int})
    truth = data.y[predictions["row"]].astype(str)
    predictions["true"] = truth
    predictions["predicted"] = np.where(long["right"].astype(bool), truth, "-")
    first = folds[folds["model"] == folds["model"][0]]
    result = Comparison(
        folds.assign(f1_macro=np.nan, score_time=np.nan),
        predictions,
        classes=np.unique(data.y),
        protocol={
            "n_train": first["n_train"].to_numpy(),
            "n_test": first["n_test"].to_numpy(),
        },
        explanations={},
    )
    units = np.arange(len(data.y)) if data.groups is None else data.groups
    units = units if data.people is None else data.people
    names = list(dict.fromkeys(folds["model"]))
    intervals = (
        pd.concat(
            [group_bootstrap(result, units, [name]) for name in names],
            ignore_index=True,
        )
        if len(names) > 1
        else pd.DataFrame()
    )
    summary = result.to_frame().drop(
        columns=["f1_macro", "f1_macro_std", "score_time", "score_time_std"]
    )
    summary.insert(6, "calibration_error", pd.Series(errors))
    return {
        "title": title,
        "n_spectra": len(data.y),
        "n_classes": len(np.unique(data.y)),
        "n_splits": len(data.splits),
        "n_tested": int(first["n_test"].sum()),
        "summary": rounded(summary),
        "folds": rounded(folds),
        "differences": rounded(result.differences("accuracy")),
        "bootstrap": rounded(intervals) if len(intervals) else [],
    }


def table(figures):
    """Write who wins where: one row a set, the best network and each rival."""
    lines = [
        "| set | " + " | ".join([*CNNS, *RIVALS]) + " | verdict |",
        "|---" * (2 + len(CNNS) + len(RIVALS)) + "|",
    ]
    for part in figures.values():
        rows = {row["model"]: row for row in part["summary"]}
        shown = [row for name, row in rows.items() if name in (*CNNS, *RIVALS)]
        best = max(row["accuracy"] for row in shown)
        cells = []
        for name in [*CNNS, *RIVALS]:
            if name not in rows:
                cells.append("not run")
                continue
            row = rows[name]
            accuracy = f"{row['accuracy']:.3f}"
            if row["accuracy"] == best:
                accuracy = f"**{accuracy}**"
            cells.append(
                f"{accuracy} ({row['log_loss']:.2f}, {row['calibration_error']:.3f})"
            )
        text = f"{part['title']} ({part['n_tested']} in {part['n_splits']} splits)"
        lines.append(f"| {text} | " + " | ".join(cells) + f" | {verdict(part)} |")
    return "\n".join(lines)


def instruments_table(figures):
    """Write how much another instrument takes from each model."""
    here, there = (
        {row["model"]: row for row in figures[kind]["summary"]}
        for kind in ("crystals", "instrument")
    )
    lines = ["| | same instrument | another | |", "|---|---|---|---|"]
    for name in sorted(here, key=lambda name: -there[name]["accuracy"]):
        cells = [
            f"{row['accuracy']:.3f} ({row['log_loss']:.2f})"
            for row in (here[name], there[name])
        ]
        lost = here[name]["accuracy"] - there[name]["accuracy"]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} | -{lost:.3f} |")
    return "\n".join(lines)


def verdict(part):
    """Say how the best network and the best rival, or two best rivals, compare."""
    ranked = [row["model"] for row in part["summary"]]
    nets = [name for name in ranked if name in CNNS]
    others = [name for name in ranked if name in RIVALS]
    pair = (nets[:1] + others[:1]) if nets else others[:2]
    if len(pair) < 2:
        return ""
    a, b = pair
    by_model = {row["model"]: row["accuracy"] for row in part["summary"]}
    difference, note = by_model[a] - by_model[b], ""
    for row in part["bootstrap"]:
        if (row["a"], row["b"]) == (a, b):
            low, high = row["low"], row["high"]
            break
    else:
        low, high = over_splits(part, a, b)
        note = " over splits"
    how = "level with" if low <= 0 <= high else "ahead of" if low > 0 else "behind"
    return f"{a} {how} {b}: {difference:+.3f} [{low:+.3f}, {high:+.3f}]{note}"


def over_splits(part, a, b):
    """Return the interval of the difference of two models over training sets."""
    for row in part["differences"]:
        if (row["model"], row["other"]) == (a, b):
            return row["lower"], row["upper"]
        if (row["model"], row["other"]) == (b, a):
            return 0 - row["upper"], 0 - row["lower"]
    raise KeyError(f"No difference between {a} and {b}.")


def main(argv=None):
    """Run the chosen sets, print their tables and save them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two splits, cheap models")
    parser.add_argument("--development", action="store_true", help="seeds 0 to 4")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--models", nargs="+", help="only these")
    parser.add_argument(
        "--blend", action="store_true", help="averages across families, seeds 0 to 4"
    )
    parser.add_argument("--splits", type=int, help="of --blend: only the first ones")
    parser.add_argument("--data", type=Path, help="folder with the archives")
    parser.add_argument("--cache", type=Path, default=Path(".cache/bench_accuracy"))
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument(
        "--page", action="store_true", help="write the table of the docs"
    )
    options = parser.parse_args(argv)
    if options.page:
        figures = json.loads((RESULTS / "accuracy.json").read_text())
        figures.pop("versions")
        write_between(PAGE, "another instrument", instruments_table(figures))
        return write_between(PAGE, "who wins where", table(figures))
    if options.blend:
        options.development = True
        figures = blend(options, options.cache / "development")
        return print(write_results("accuracy_blend", figures))
    folder = options.cache / ("development" if options.development else "reported")
    if options.quick:
        folder = None
    # Some minerals have fewer crystals than there are inner folds.
    warnings.filterwarnings("ignore", message="The least populated class")
    for set_name in options.sets:
        try:
            data = SETS[set_name](options)
        except (FileNotFoundError, ImportError) as error:
            print(f"\n{set_name} is left out: {error}")
            continue
        if options.quick:
            data.splits = data.splits[:2]
        roster = models(data)
        wanted = options.models or (["LDA", "KNN"] if options.quick else list(roster))
        tasks = [
            delayed(remembered)(folder, set_name, name, roster[name], data, split)
            for name in wanted
            for split in range(len(data.splits))
        ]
        found = Parallel(n_jobs=options.n_jobs)(tasks)
        for kind, (title, _) in data.tests.items():
            part = sum_up([cell[kind] for cell in found], title, data)
            print(f"\n{title}")
            print(pd.DataFrame(part["summary"]).round(3).to_string(index=False))
            print(verdict(part), flush=True)
    if folder is not None and not options.development:
        print(write_results("accuracy", collect(options, folder)))


def collect(options, folder):
    """Return the figures of everything in the cache that has all its splits.

    Models, and sets, that are not there keep their figures.
    """
    path = RESULTS / "accuracy.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    before.pop("versions", None)
    figures = dict(before)
    for set_name, load in SETS.items():
        try:
            data = load(options)
        except (FileNotFoundError, ImportError):
            continue
        found = []
        for name in models(data):
            paths = [
                folder / set_name / name.replace(" ", "_") / f"{split}.json"
                for split in range(len(data.splits))
            ]
            if all(path.exists() for path in paths):
                found += [json.loads(path.read_text()) for path in paths]
        if not found:
            continue
        for kind, (title, _) in data.tests.items():
            part = sum_up([cell[kind] for cell in found], title, data)
            figures[kind] = with_others(part, before.get(kind))
    return figures


def with_others(part, before):
    """Add the figures of models that were not run again.

    Intervals over groups need the predictions of both models: those between a model
    that was run again and one that was not are left out.
    """
    if before is None:
        return part
    again = {row["model"] for row in part["summary"]}
    summary = part["summary"] + [
        row for row in before["summary"] if row["model"] not in again
    ]
    folds = part["folds"] + [
        row for row in before["folds"] if row["model"] not in again
    ]
    long = pd.DataFrame(folds).drop(columns="index")
    first = long[long["model"] == long["model"][0]]
    protocol = {name: first[name].to_numpy() for name in ("n_train", "n_test")}
    result = Comparison(
        long.assign(f1_macro=np.nan, score_time=np.nan),
        pd.DataFrame(columns=["model", "fold", "row", "true", "predicted"]),
        classes=np.arange(part["n_classes"]),
        protocol=protocol,
        explanations={},
    )
    kept = [row for row in before["bootstrap"] if not again & {row["a"], row["b"]}]
    return part | {
        "summary": sorted(summary, key=lambda row: -row["accuracy"]),
        "folds": folds,
        "differences": rounded(result.differences("accuracy")),
        "bootstrap": part["bootstrap"] + kept,
    }


if __name__ == "__main__":
    main()
