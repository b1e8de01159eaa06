"""Guo et al. 2020: the spectra, how alike they are, and choices that the paper made.

How alike: correlation of each spectrum with the one that is most like it, of the same
crystal, of another crystal of the mineral, and of another mineral. Medians over the
spectra that have such a one.
"""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from benchmarks.papers._spectra import rruff
from benchmarks.papers.guo.models import minerals, random_fold
from sklearn_raman.preprocessing import WavenumberResampler

SHOWN = "Albite"  # the mineral of Fig. 1
# What a grid search of the paper chose, first, and what it might have.
CHOICES = {
    "KNN": {f"k = {k}": KNeighborsClassifier(k) for k in (1, 3, 5, 7)},
    "SVM": {
        "linear, C = 100": SVC(kernel="linear", C=100.0),
        "RBF, C = 100, gamma = 0.0078": SVC(C=100.0, gamma=0.0078),
    },
}
KINDS = ("linear", "quadratic", "cubic", "pchip")
GRID = (150.0, 1509.0, 1.0)


def interpolation(*, kind, fold):
    """Put the spectra on the grid in another way; accuracies of KNN and linear SVM."""
    found = minerals("rruff")
    ragged = rruff(subset="guo2020", ragged=True)
    resampler = WavenumberResampler(
        target_wavenumbers=GRID, kind=kind, fill_value=0.0, reduction=None
    )
    X, y = np.asarray(resampler.fit_transform(ragged.data)), found.target.to_numpy()
    train, test = random_fold(found, 0, fold, 10)
    models = {"KNN": KNeighborsClassifier(1), "SVM": SVC(kernel="linear", C=100.0)}
    return {
        name: model.fit(X[train], y[train]).score(X[test], y[test])
        for name, model in models.items()
    }


def likeness(*, data):
    """Count spectra, and measure how alike those of a crystal are."""
    found = minerals(data)
    y, crystal = found.target.to_numpy(), found.groups
    alike = np.corrcoef(found.data.to_numpy())
    np.fill_diagonal(alike, -np.inf)
    same = y[:, None] == y
    of_crystal = same & (crystal[:, None] == crystal)
    kinds = {"same_crystal": of_crystal, "other_crystal": same & ~of_crystal}
    kinds |= {"other_mineral": ~same}
    record = {
        "n_spectra": len(y),
        "n_minerals": len(found.target_names),
        "n_crystals": len(np.unique(crystal)),
        "whole_range": (found.coverage == 1).mean(),
    }
    for kind, pairs in kinds.items():
        best = np.where(pairs, alike, -np.inf).max(axis=1)
        record[kind] = float(np.median(best[np.isfinite(best)]))
    if SHOWN in found.target_names:
        rows = np.flatnonzero(found.target_names[y] == SHOWN)
        pairs = alike[np.ix_(rows, rows)][np.triu_indices(len(rows), 1)]
        numbers = {"n_spectra": len(rows), "n_crystals": len(np.unique(crystal[rows]))}
        levels = {"median": np.median(pairs), "lowest": pairs.min()}
        record["shown"] = numbers | levels
    return record


def choice(*, data, method, n_folds):
    """Compare settings of a method on the first repetition's folds."""
    found = minerals(data)
    X, y = found.data.to_numpy(), found.target.to_numpy()
    accuracy = {name: [] for name in CHOICES[method]}
    for fold in range(n_folds):
        train, test = random_fold(found, 0, fold, n_folds)
        for name, classifier in CHOICES[method].items():
            score = classifier.fit(X[train], y[train]).score(X[test], y[test])
            accuracy[name].append(score)
    return {"accuracy": accuracy}
