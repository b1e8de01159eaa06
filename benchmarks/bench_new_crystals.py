"""Recognise minerals of the RRUFF library on a crystal that no model has seen.

    python -m benchmarks.bench_new_crystals            (about 20 minutes on 2 cores)
    python -m benchmarks.bench_new_crystals --quick    (one split, fewest models)

97 minerals with two crystals or more; one crystal of each is held out
(`OneGroupPerClassSplit`), seeds 100 to 104. Seeds 0 to 4 (`--development`) are for
choosing; nothing was chosen on the others. Accuracy, balanced accuracy, macro-F1 and
log-loss on the held-out crystals; searches choose inside the training part, by crystal.
Needs the extra `rruff`. One torch thread a process.

The common grid is filled with 0 where a crystal was not measured, which is the same for
every model.
"""

import argparse

from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from benchmarks._results import rounded, write_results
from sklearn_raman.datasets import fetch_rruff
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import OneGroupPerClassSplit, compare
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.preprocessing import (
    SNV,
    SpectrumNormalizer,
    SquareRoot,
    WavenumberResampler,
)


def models():
    """Return the models by name."""
    inner = StratifiedGroupKFold(3, shuffle=True, random_state=0)
    pls_lda = GridSearchCV(
        make_pipeline(SquareRoot(), SNV(), PLSLDA()),
        {"plslda__n_components": [40, 60, 80, 100, 120]},
        cv=inner,
    )
    svm = GridSearchCV(
        make_pipeline(SquareRoot(), SNV(), SVC()),
        [
            {"svc__kernel": ["linear"], "svc__C": [0.001, 0.01, 0.1, 1]},
            {"svc__kernel": ["rbf"], "svc__C": [1, 10, 100]},
        ],
        cv=inner,
    )
    cnn = make_pipeline(
        WavenumberResampler(target_wavenumbers=(150, 1508, 2)),
        SpectrumNormalizer(),
        CNNClassifier(random_state=0),
    ).set_output(transform="pandas")
    return {
        "PLS-LDA": pls_lda,
        "CNN": cnn,
        "SVM": svm,
        "KNN": make_pipeline(SquareRoot(), SNV(), KNeighborsClassifier(1)),
    }


def splits(minerals, seeds):
    """Return one split a seed: one crystal of each mineral held out."""
    return [
        next(
            OneGroupPerClassSplit(1, random_state=seed).split(
                minerals.data, minerals.target, minerals.groups
            )
        )
        for seed in seeds
    ]


def main(argv=None):
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--development", action="store_true", help="seeds 0 to 4")
    parser.add_argument("--models", nargs="+", help="only these")
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args(argv)

    minerals = fetch_rruff(min_crystals=2, as_frame=True)
    seeds = range(5) if options.development else range(100, 105)
    chosen = options.models or (["KNN"] if options.quick else list(models()))
    result = compare(
        {name: models()[name] for name in chosen},
        minerals,
        groups=minerals.groups,
        cv=splits(minerals, list(seeds)[: 1 if options.quick else None]),
        explain=False,
        n_jobs=options.n_jobs,
    )
    print(result)
    if not (options.quick or options.development or options.models):
        figures = {
            "seeds": list(seeds),
            "summary": rounded(result.to_frame()),
            "folds": rounded(result.to_frame(kind="folds")),
            "differences": rounded(result.differences("accuracy")),
        }
        print(write_results("new_crystals", figures))


if __name__ == "__main__":
    main()
