"""Guo et al. 2020: the five methods, and how they are asked about minerals.

Each method takes spectra in two ways:

- "paper": as RRUFF has them (background-corrected, between 0 and 1), on the paper's
  grid of 1360 points, with the paper's settings: KNN with k = 1, 500 trees, linear SVM
  with C = 100, LDA (scikit-learn's default solver, as the paper names no other), and
  FMCNN with Adam, an L2 penalty and early stopping. What the paper leaves open (widths
  and numbers of filters, size of the penalty, patience, batches) is as in
  `paper_settings("guo")`.
- "fair": square root + SNV for the classical methods, and shrinkage (Ledoit-Wolf,
  solver "lsqr") for LDA; for FMCNN what this package recommends: 2 cm-1, SNV and the
  defaults of `FMCNNClassifier`.
"""

import warnings
from functools import cache

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from benchmarks.papers._paper import FIRST_SEED
from benchmarks.papers._spectra import rruff
from sklearn_raman.datasets import load_minerals
from sklearn_raman.model_selection import OneGroupPerClassSplit
from sklearn_raman.neural_network import FMCNNClassifier, paper_settings
from sklearn_raman.preprocessing import SNV, SquareRoot, WavenumberResampler

# Cheapest first.
METHODS = ("KNN", "SVM", "LDA", "FMCNN", "Random forest")
INPUTS = ("paper", "fair")


@cache
def minerals(data, *, two_crystals=False):
    """Return spectra in a frame; "rruff" is the paper's subset, "bundled" is smaller.

    With `two_crystals` minerals of a single crystal are left out, and the paper's
    subset is not taken: then each mineral can be tested on a crystal of its own.
    """
    if data == "bundled":
        return load_minerals(as_frame=True)
    wanted = {"min_crystals": 2} if two_crystals else {"subset": "guo2020"}
    return rruff(**wanted, as_frame=True)


def model(method, spectra, random_state, *, tiny=False):
    """Return an unfitted method for spectra "paper" or "fair"; `tiny` is for tests."""
    fair = spectra == "fair"
    if method == "FMCNN":
        return _fmcnn(fair, random_state, **({"max_epochs": 1} if tiny else {}))
    shrinkage = {"solver": "lsqr", "shrinkage": "auto"} if fair else {}
    n_trees = 10 if tiny else 500
    classifier = {
        "KNN": KNeighborsClassifier(1),
        "SVM": SVC(kernel="linear", C=100.0),
        "LDA": LinearDiscriminantAnalysis(**shrinkage),
        "Random forest": RandomForestClassifier(n_trees, random_state=random_state),
    }[method]
    steps = [SquareRoot(), SNV()] if fair else []
    return make_pipeline(*steps, classifier)


def _fmcnn(fair, random_state, **changes):
    settings = {**({} if fair else paper_settings("guo")), **changes}
    network = FMCNNClassifier(**settings, random_state=random_state)
    if not fair:
        return make_pipeline(network)
    grid = WavenumberResampler(target_wavenumbers=(150, 1508, 2))
    return make_pipeline(grid, SNV(), network).set_output(transform="pandas")


def random_fold(found, repetition, fold, n_folds):
    """Return training and test rows of one of the random, stratified folds."""
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=FIRST_SEED + repetition)
    with warnings.catch_warnings():  # of minerals with fewer spectra than folds
        warnings.filterwarnings("ignore", message="The least populated class")
        return list(folds.split(found.data, found.target))[fold]


def on_random_fold(*, data, method, spectra, repetition, fold, n_folds=10, tiny=False):
    """Train on all folds but one, ask about that one."""
    found = minerals(data)
    rows = random_fold(found, repetition, fold, n_folds)
    return _ask(found, rows, model(method, spectra, FIRST_SEED + repetition, tiny=tiny))


def with_patience(*, data, patience, penalty, repetition, fold, n_folds=10, tiny=False):
    """Do the same with FMCNN, another patience and another L2 penalty."""
    found = minerals(data)
    rows = random_fold(found, repetition, fold, n_folds)
    changes = {"n_iter_no_change": patience, "weight_decay": penalty}
    changes |= {"max_epochs": 1} if tiny else {}
    network = _fmcnn(False, FIRST_SEED + repetition, **changes)
    return _ask(found, rows, network)


def on_new_crystals(*, data, method, spectra, seed, tiny=False):
    """Hold out one crystal of each mineral, drawn by `seed`, and ask about these."""
    found = minerals(data, two_crystals=True)
    split = OneGroupPerClassSplit(1, random_state=seed)
    rows = next(split.split(found.data, found.target, found.groups))
    return _ask(found, rows, model(method, spectra, seed, tiny=tiny))


def _ask(found, rows, untrained):
    """Fit on the training rows and score the test rows."""
    train, test = rows
    crystals = found.groups
    trained = untrained.fit(found.data.iloc[train], found.target.iloc[train])
    named = trained.predict(found.data.iloc[test])
    right = named == found.target.iloc[test].to_numpy()
    record = {"accuracy": right.mean(), "n_train": len(train), "n_test": len(test)}
    record["seen_crystals"] = np.isin(crystals[test], crystals[train]).mean()
    if isinstance(trained[-1], FMCNNClassifier):
        record["n_epochs"] = trained[-1].n_iter_
    return record
