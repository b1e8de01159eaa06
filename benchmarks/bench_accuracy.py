"""How well models recognize measured spectra: three CNNs and seven rivals.

    python -m benchmarks.bench_accuracy                  (an hour on 2 cores)
    python -m benchmarks.bench_accuracy --quick          (one split, cheapest models)
    python -m benchmarks.bench_accuracy --sets meat --meat-file meat_mir.npz
    python -m benchmarks.bench_accuracy --cache FOLDER   (goes on where it stopped)

Sets, each with splits that keep together what belongs together:

- crystals: RRUFF minerals with two crystals or more (97), one crystal of each held out
  (`OneGroupPerClassSplit`), seeds 100 to 104. Extra `rruff`.
- random: RRUFF minerals with six spectra or more (187), ten random folds as in Guo et
  al. (2020). Orientations of one crystal are on both sides, which makes it easy: it is
  here to compare with the paper. Only FMCNN, the GAP network, KNN, and the SVM as
  in the paper (linear, C = 100) on square root + SNV.
- meat: mid-infrared spectra of chicken, pork and turkey (Al-Jowder, Kemsley, Wilson
  1997; from the Quadram Institute), each sample measured twice; five folds by sample,
  three draws. Needs `--meat-file`, a numpy archive with X (120, 448), y, axis and
  group.

- noisy: the headline of `compare_minerals` (two training crystals of each of 18
  minerals, noise), with 40 draws instead of 5, for the CNNs and the tuned SVM: seeds
  100 to 119, and 200 to 219, which were drawn to confirm what the first had shown.

The CNNs have their defaults and get SNV; with one bin the GAP network averages as in
its paper. All others choose among SNV, square root + SNV, and first derivative + SNV
beside their own parameters, by inner cross-validation in three folds of groups.
Minerals are resampled to 2 cm-1 for all. Seeds 0 to 4
(`--development`) were there to choose the defaults with; nothing was chosen on the
others. One torch thread a process.

Paired differences of accuracy: mean over the splits, with the 95 % interval that is
corrected for overlapping training sets, as `compare` gives it, and one of a bootstrap
over the classes' groups, which asks what other crystals would have given.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Memory
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import Bunch

from benchmarks._bootstrap import group_bootstrap
from benchmarks._random_convolution import RandomConvolution
from benchmarks._results import RESULTS, rounded, write_results
from benchmarks.compare_minerals import (
    N_TRAINING_CRYSTALS,
    SNR,
    add_noise,
    few_crystals_split,
)
from benchmarks.compare_minerals import models as compare_models
from sklearn_raman.datasets import fetch_rruff, load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import Comparison, OneGroupPerClassSplit, compare
from sklearn_raman.neural_network import (
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

CNNS = ("CNN", "FMCNN", "GAP-CNN", "GAP-CNN, 1 bin")


def models(n_components, *, resample, grouped=True):
    """Return the models by name, with PLS components to choose from."""
    grid_step = (
        [WavenumberResampler(target_wavenumbers=(150, 1508, 2))] if resample else []
    )
    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    inner = kind(3, shuffle=True, random_state=0)

    def pipeline(*steps):
        return make_pipeline(*grid_step, *steps).set_output(transform="pandas")

    def tuned(classifier, *grids):
        steps = pipeline(SquareRoot(), SNV(), *classifier)
        last = steps.steps[-1][0]
        choices = [
            {
                "squareroot": [
                    "passthrough",
                    SquareRoot(),
                    SavitzkyGolay(window_length=9, polyorder=2, deriv=1),
                ],
                **{f"{last}__{name}": values for name, values in grid.items()},
            }
            for grid in grids
        ]
        return GridSearchCV(steps, choices, cv=inner)

    one_bin = GAPCNNClassifier(pool_bins=1, random_state=0)
    return {
        "CNN": pipeline(SNV(), CNNClassifier(random_state=0)),
        "FMCNN": pipeline(SNV(), FMCNNClassifier(random_state=0)),
        "GAP-CNN": pipeline(SNV(), GAPCNNClassifier(random_state=0)),
        "GAP-CNN, 1 bin": pipeline(SNV(), one_bin),
        "SVM": tuned(
            [SVC()],
            {"kernel": ["linear"], "C": [0.001, 0.01, 0.1, 1.0]},
            {"kernel": ["rbf"], "C": [1.0, 10.0, 100.0]},
        ),
        "PLS-LDA": tuned([PLSLDA()], {"n_components": n_components}),
        "KNN": tuned([KNeighborsClassifier()], {"n_neighbors": [1, 3, 5]}),
        "LDA": tuned(
            [LinearDiscriminantAnalysis(solver="lsqr")],
            {"shrinkage": [0.9, 0.5, 0.2, 0.05]},
        ),
        "Random forest": tuned([RandomForestClassifier(300, random_state=0)], {}),
        "Logistic regression": tuned(
            [StandardScaler(), LogisticRegression(max_iter=200)],
            {"C": [0.0001, 0.001, 0.01]},
        ),
        "Random convolutions + ridge": tuned(
            [
                RandomConvolution(),
                StandardScaler(),
                RidgeClassifierCV(np.logspace(0, 5, 11)),
            ],
            {},
        ),
    }


def crystals(options):
    """Return data, groups, splits and models for new crystals."""
    minerals = fetch_rruff(min_crystals=2, as_frame=True)
    splits = [
        next(
            OneGroupPerClassSplit(1, random_state=seed).split(
                minerals.data, minerals.target, minerals.groups
            )
        )
        for seed in (range(5) if options.development else range(100, 105))
    ]
    return minerals, splits, models([40, 60, 80, 100, 120], resample=True)


def random(options):
    """Return data, splits and models for the random folds of Guo et al."""
    minerals = fetch_rruff(min_spectra=6, as_frame=True)
    folds = StratifiedKFold(10, shuffle=True, random_state=100)
    found = models([], resample=True, grouped=False)
    chosen = {name: found[name] for name in ("FMCNN", "GAP-CNN", "KNN")}
    svm = make_pipeline(SquareRoot(), SNV(), SVC(kernel="linear", C=100.0))
    chosen["SVM, C = 100"] = svm
    return minerals, list(folds.split(minerals.data, minerals.target)), chosen


def meat(options):
    """Return data, splits and models for meat by sample."""
    archive = np.load(options.meat_file, allow_pickle=False)
    data = Bunch(
        data=pd.DataFrame(archive["X"], columns=archive["axis"].astype(str)),
        target=archive["y"],
        groups=archive["group"],
    )
    seeds = range(3) if options.development else range(100, 103)
    splits = [
        split
        for seed in seeds
        for split in StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(
            data.data, data.target, data.groups
        )
    ]
    return data, splits, models([4, 6, 8, 10, 12, 15, 20], resample=False)


def noisy(options):
    """Return data, splits and models for few crystals and noise."""
    minerals = load_minerals(as_frame=True)
    noisy_spectra = add_noise(minerals.data, SNR, random_state=0)
    seeds = range(5) if options.development else [*range(100, 120), *range(200, 220)]
    splits = [
        few_crystals_split(
            minerals.target, minerals.groups, N_TRAINING_CRYSTALS, random_state=seed
        )
        for seed in seeds
    ]
    found = compare_models(2)
    chosen = {"CNN": found["CNN"], "SVM": found["SVM"]}
    for name, net in (("FMCNN", FMCNNClassifier), ("GAP-CNN", GAPCNNClassifier)):
        steps = [step for _, step in found["CNN"].steps[:-1]]
        chosen[name] = make_pipeline(*steps, net(random_state=0))
        chosen[name].set_output(transform="pandas")
    data = Bunch(**{**minerals, "data": noisy_spectra})
    return data, splits, chosen


SETS = {"crystals": crystals, "random": random, "meat": meat, "noisy": noisy}


def run(set_name, model, options):
    """Return the comparison of a single model with none, on one of the sets."""
    data, splits, found = SETS[set_name](options)
    return compare(
        {model: found[model]},
        data,
        groups="ignore" if set_name == "random" else data.groups,
        cv=splits[: 1 if options.quick else None],
        explain=False,
        n_jobs=options.n_jobs,
        random_state=0,
    )


def join(results):
    """Return one comparison of the models of several, on the same folds."""
    return Comparison(
        pd.concat([result.to_frame(kind="folds") for result in results]),
        pd.concat([result.predictions for result in results]),
        classes=results[0].classes,
        protocol=results[0].protocol,
        explanations={},
    )


def main(argv=None):
    """Run the chosen sets, print their tables and save them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--development", action="store_true", help="seeds 0 to 4")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["crystals"])
    parser.add_argument("--models", nargs="+", help="only these")
    parser.add_argument("--meat-file", type=Path)
    parser.add_argument("--cache", type=Path, help="folder for finished models")
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args(argv)
    if options.cache and (options.quick or options.development):
        parser.error("--cache is for complete runs")
    if "meat" in options.sets and options.meat_file is None:
        parser.error("the set meat needs --meat-file; see the top of this script")

    path = RESULTS / "accuracy.json"
    figures = json.loads(path.read_text()) if path.exists() else {}
    figures.pop("versions", None)
    remembered = Memory(options.cache, verbose=0).cache(run, ignore=["options"])
    for name in options.sets:
        data, _, found = SETS[name](options)
        wanted = options.models or (["KNN", "GAP-CNN"] if options.quick else found)
        result = join([remembered(name, model, options) for model in wanted])
        print(f"\n{name}\n{result}")
        bootstrap = group_bootstrap(result, data.groups, CNNS)
        print(bootstrap.to_string(index=False))
        figures[name] = {
            "summary": rounded(result.to_frame()),
            "folds": rounded(result.to_frame(kind="folds")),
            "differences": rounded(result.differences("accuracy")),
            "bootstrap": rounded(bootstrap),
        }
        if not (options.quick or options.development or options.models):
            print(write_results("accuracy", figures))


if __name__ == "__main__":
    main()
