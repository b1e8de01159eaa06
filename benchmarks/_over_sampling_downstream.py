"""Does over-sampling help classifiers? Imbalanced subsets of measured spectra."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from benchmarks._over_sampling import CLASSICAL, ours, plain
from benchmarks.compare_minerals import SNR, add_noise
from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.preprocessing import SNV, SavitzkyGolay, WavenumberResampler

FEW = (2, 4)  # training spectra of a class that is cut
CHEAP = ("SVM", "KNN", "PLS-LDA")


def load_sets(folder, quick):
    """Return name: (X, y, groups or None, PLS components)."""
    minerals = load_minerals(as_frame=True)
    steps = make_pipeline(
        SavitzkyGolay(window_length=9),
        WavenumberResampler(target_wavenumbers=(150, 1508, 16 if quick else 2)),
        SNV(),
    ).set_output(transform="pandas")
    noisy = add_noise(minerals.data, SNR, random_state=0)
    some = np.asarray(minerals.target) < (3 if quick else 18)
    y, groups = (np.asarray(part)[some] for part in (minerals.target, minerals.groups))
    sets = {}
    for name, X in (("minerals", minerals.data), ("minerals, noisy", noisy)):
        X = steps.fit_transform(X).to_numpy()
        sets[name] = X[some], y, groups, 3 if quick else 10
    for name, snr, n_components in (
        ("amino_acids6", SNR, 5),
        ("meat_mir", None, 10),
    ):
        path = Path(folder or "") / f"{name}.npz"
        if folder is None or not path.exists():
            continue
        with np.load(path, allow_pickle=False) as archive:
            X = archive["X"].astype(float)
            y = np.unique(archive["y"], return_inverse=True)[1]
            groups = archive["group"] if "group" in archive else None
        if snr:
            above = pd.DataFrame(X - X.min(axis=1, keepdims=True))
            X = add_noise(above, snr, random_state=0).to_numpy()
        sets[name] = SNV().fit_transform(X), y, groups, n_components
    return sets


def methods(quick):
    """Return the samplers, short-trained if quick."""
    max_iter = 20 if quick else 400
    return {
        "none": None,
        **CLASSICAL,
        "plain WGAN-GP": plain(max_iter, validation_fraction=None),
        "WGANGP, untrained": ours(0),
        "WGANGP": ours(max_iter),
    }


def imbalanced_split(y, groups, seed):
    """Halve the spectra by group, and cut half of the classes to 2 to 4 spectra."""
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = kind(2, shuffle=True, random_state=seed)
    train, test = next(iter(folds.split(y[:, None], y, groups)))
    rng = np.random.RandomState(seed)
    classes = rng.permutation(np.unique(y))
    kept = []
    for place, label in enumerate(classes):
        rows = rng.permutation(train[y[train] == label])
        cut = place < len(classes) // 2
        kept.append(rows[: rng.randint(FEW[0], FEW[1] + 1)] if cut else rows)
    return np.sort(np.concatenate(kept)), test


def downstream(folder, seeds, cnn_seeds, samplers, quick=False):
    """Return one row for each set, seed and sampler with the macro-F1 of each model."""
    rows = []
    for name, (X, y, groups, n_components) in load_sets(folder, quick).items():
        for seed in seeds:
            train, test = imbalanced_split(y, groups, seed)
            sizes = pd.Series(y[train]).value_counts()
            wanted = {c: sizes.max() - n for c, n in sizes.items() if n < sizes.max()}
            models = {
                "SVM": SVC(kernel="linear", C=100.0),
                "KNN": KNeighborsClassifier(3),
                "PLS-LDA": PLSLDA(n_components=n_components),
            }
            if seed in cnn_seeds:
                models["CNN"] = CNNClassifier(n_filters=16, random_state=seed)
            known = {}
            for method, draw in samplers.items():
                X_train, y_train, kept = X[train], y[train], None
                if draw is not None:
                    new, kept = draw(X_train, y_train, wanted, seed)
                    X_train = np.concatenate([X_train, new])
                    labels = np.repeat(list(wanted), list(wanted.values()))
                    y_train = np.concatenate([y_train, labels])
                key = X_train.tobytes()  # the start kept is the start: not fitted twice
                if key not in known:
                    known[key] = {
                        model: f1_score(
                            y[test],
                            classifier.fit(X_train, y_train).predict(X[test]),
                            average="macro",
                        )
                        for model, classifier in models.items()
                    }
                scores = known[key]
                rows.append(
                    {
                        "set": name,
                        "seed": seed,
                        "method": method,
                        "best_iter": kept,
                        **scores,
                        "mean of 3": np.mean([scores[model] for model in CHEAP]),
                    }
                )
            print(name, seed, f"{rows[-1]['mean of 3']:.3f}", flush=True)
    return pd.DataFrame(rows)
