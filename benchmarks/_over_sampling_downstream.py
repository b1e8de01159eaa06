"""Does over-sampling help classifiers? One class that is really small."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from benchmarks._over_sampling import BOOTSTRAP, CLASSICAL, network
from benchmarks.compare_minerals import SNR, add_noise
from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.preprocessing import SNV, SavitzkyGolay, WavenumberResampler

FEW = (4, 10)  # training spectra of the small class
MANY = 100  # of the others, at most
FILES = {  # name: which class is small (None: drawn), its spectra, those of the others
    "amino_acids6": (None, (2, 2), MANY),
    "sers_vlp": (0, FEW, MANY),
    "purees_mir": (None, (10, 10), 200),
}
WEIGHTED = "class weights"
METHODS = {"none": None, WEIGHTED: None, **CLASSICAL, "SpectrumBootstrap": BOOTSTRAP}
NETWORKS = {"WGANGP": network()}
# The CNN moves and scales its training spectra itself: no row of "augmentation".
OF_CNN = ("none", WEIGHTED, "SMOTE", "SpectrumBootstrap", "WGANGP")


def load_sets(folder, quick):
    """Return name: (X, y, groups or None, PLS components, small class, few, many)."""
    minerals = load_minerals(as_frame=True)
    steps = make_pipeline(
        SavitzkyGolay(window_length=9),
        WavenumberResampler(target_wavenumbers=(150, 1508, 16 if quick else 4)),
        SNV(),
    ).set_output(transform="pandas")
    some = np.asarray(minerals.target) < (3 if quick else 18)
    y, groups = (np.asarray(part)[some] for part in (minerals.target, minerals.groups))
    sets = {}
    noisy = add_noise(minerals.data, SNR, random_state=0)
    for name, X in (("minerals", minerals.data), ("minerals, noisy", noisy)):
        X = steps.fit_transform(X).to_numpy()[some]
        sets[name] = X, y, groups, 3 if quick else 10, None, FEW, MANY
    for name, cut in FILES.items():
        path = Path(folder or "") / f"{name}.npz"
        if folder is None or not path.exists():
            continue
        with np.load(path, allow_pickle=False) as archive:
            X = archive["X"].astype(float)
            y = np.unique(archive["y"], return_inverse=True)[1]
            groups = archive["folder"] if "folder" in archive else None
        if name == "amino_acids6":
            above = pd.DataFrame(X - X.min(axis=1, keepdims=True))
            X = add_noise(above, SNR, random_state=0).to_numpy()
        sets[name] = SNV().fit_transform(X), y, groups, 5, *cut
    return sets


def small_class_split(y, groups, seed, small, few, many):
    """Halve the spectra by group; cut one class to few, the others to many.

    Parameters
    ----------
    small : int or None
        The small class; None draws one.
    few : (int, int)
        Its training spectra are drawn from this range.
    many : int
        Training spectra of the others at most.

    Returns
    -------
    train, test : ndarray of int
    """
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = kind(2, shuffle=True, random_state=seed)
    train, test = next(iter(folds.split(y[:, None], y, groups)))
    rng = np.random.RandomState(seed)
    both = np.intersect1d(y[train], y[test])
    small = rng.choice(both) if small is None else small
    kept = []
    for label in np.unique(y[train]):
        rows = rng.permutation(train[y[train] == label])
        n = rng.randint(few[0], few[1] + 1) if label == small else many
        kept.append(rows[:n])
    return np.sort(np.concatenate(kept)), test[np.isin(y[test], y[train])]


def missing_models(row, method, n_components, n_classes, seed, with_cnn):
    """Return the classifiers that this row of results does not hold yet."""
    models = {
        "SVM": SVC(kernel="linear", C=100.0),
        "PLS-LDA": PLSLDA(n_components=n_components),
    }
    if with_cnn and method in OF_CNN:
        # Of two classes calibration changes no label, and it takes half a training.
        calibration = None if n_classes == 2 else "auto"
        models["CNN"] = CNNClassifier(calibration=calibration, random_state=seed)
    if method == WEIGHTED:
        models = {
            name: clone(model).set_params(class_weight="balanced")
            for name, model in models.items()
            if "class_weight" in model.get_params()
        }
    return {name: model for name, model in models.items() if row.get(name) is None}


def downstream(folder, seeds, slow_seeds, rows, save, quick=False):
    """Add what the rows, one for each set, seed and method, do not hold yet."""
    known = {(row["set"], row["seed"], row["method"]): row for row in rows}
    sets = load_sets(folder, quick)
    for seed, (name, (X, y, groups, n_components, *cut)) in product(
        seeds, sets.items()
    ):
        train, test = small_class_split(y, groups, seed, *cut)
        sizes = pd.Series(y[train]).value_counts()
        wanted = {c: sizes.max() - n for c, n in sizes.items() if n < sizes.max()}
        methods = {**METHODS, **(NETWORKS if seed in slow_seeds else {})}
        for method, draw in methods.items():
            row = known.get((name, seed, method), {})
            models = missing_models(
                row, method, n_components, len(sizes), seed, seed in slow_seeds
            )
            if not models:
                continue
            X_train, y_train = X[train], y[train]
            if draw is not None:
                new, _ = draw(X_train, y_train, wanted, seed)
                X_train = np.concatenate([X_train, new])
                labels = np.repeat(list(wanted), list(wanted.values()))
                y_train = np.concatenate([y_train, labels])
            if not row:
                row |= {"set": name, "seed": seed, "method": method}
                rows.append(row)
            for model, classifier in models.items():
                found = classifier.fit(X_train, y_train).predict(X[test])
                row[model] = balanced_accuracy_score(y[test], found)
            save(rows)
        print(name, seed, dict(sizes), flush=True)
    return pd.DataFrame(rows)
