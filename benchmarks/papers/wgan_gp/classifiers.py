"""Do generated spectra replace measured ones in the training of a network?"""

import numpy as np
from sklearn.metrics import f1_score
from sklearn.svm import SVC

from benchmarks._over_sampling import BOOTSTRAP, CLASSICAL, poster
from benchmarks.compare_minerals import few_crystals_split
from benchmarks.papers.wgan_gp.data import minerals
from benchmarks.papers.wgan_gp.tasks import DEFAULT, PLAIN
from sklearn_raman.neural_network import CNNClassifier

NOTHING, COPIES, SMOTE = "nothing added", "copies", "SMOTE"
FEW, MORE = 2, (3, 4)  # crystals of a mineral to learn from
EVEN, RARE, COMMON = 5, 2, 8  # spectra of a mineral, balanced and not
FACTOR = 4  # a class grows to this many times its size


def samplers(n_iter):
    """Return what is added to the few real spectra, by name."""
    classical = {COPIES: CLASSICAL["random"], SMOTE: CLASSICAL["SMOTE"]}
    return {NOTHING: None, **classical, PLAIN: poster(n_iter), DEFAULT: BOOTSTRAP}


def nested_crystals(y, groups, seed):
    """Return rows of 2, 3 and 4 crystals of each mineral, one in the other, and others.

    The first by number of crystals, those of fewer among those of more; the others are
    the same for each number.
    """
    largest = max(MORE)
    rows, test = few_crystals_split(y, groups, largest, random_state=seed)
    training = {largest: rows}
    for n in range(largest - 1, FEW - 1, -1):
        kept, _ = few_crystals_split(y[rows], groups[rows], n, random_state=seed)
        rows = rows[kept]
        training[n] = rows
    return training, test


def classify(seed, snr, n_classes, step, n_iter, cnn, methods=None):
    """Return the macro-F1 of a CNN and an SVM on new crystals, by what was added.

    `snr`: white noise is added to the spectra before they are prepared; `n_iter` of the
    generative networks; `cnn`: parameters of `CNNClassifier`; `methods`: what is added,
    None means everything. Returns `f1` by what was added to two crystals a mineral, and
    by "3 crystals" and "4 crystals" measured instead; `n_train` likewise.
    """
    X, y, groups, _ = minerals(step, snr, n_classes)
    training, test = nested_crystals(y, groups, seed)
    few = training[FEW]
    labels, counts = np.unique(y[few], return_counts=True)
    wanted = dict(zip(labels.tolist(), (counts * (FACTOR - 1)).tolist(), strict=True))
    added = np.repeat(list(wanted), list(wanted.values()))
    sets = {}
    for name, draw in samplers(n_iter).items():
        if methods is not None and name not in methods:
            continue
        sets[name] = X[few], y[few]
        if draw is not None:
            new, _ = draw(X[few], y[few], wanted, seed)
            sets[name] = np.concatenate([X[few], new]), np.concatenate([y[few], added])
    for n in MORE if methods is None else ():
        sets[f"{n} crystals"] = X[training[n]], y[training[n]]
    f1 = {}
    for name, (X_train, y_train) in sets.items():
        f1[name] = {}
        for model, classifier in (
            ("CNN", CNNClassifier(random_state=seed, **cnn)),
            ("SVM", SVC(kernel="linear", C=100.0)),
        ):
            predicted = classifier.fit(X_train, y_train).predict(X[test])
            f1[name][model] = f1_score(y[test], predicted, average="macro")
    n_train = {name: len(y_train) for name, (_, y_train) in sets.items()}
    return {"f1": f1, "n_train": n_train}


def unbalanced(seed, snr, n_classes, step, cnn):
    """Train a CNN on as many spectra of each class, and on many and few of them.

    Both sets have as many spectra in all, of four crystals of each mineral: five of
    each, or eight of every other class and two of the rest.

    For "balanced" and "unbalanced": macro-F1 on the `training` spectra and on those of
    new crystals (`test`), and the recall there of the `rare` classes, those with two
    spectra in the unbalanced set.
    """
    X, y, groups, _ = minerals(step, snr, n_classes)
    training, test = nested_crystals(y, groups, seed)
    rng = np.random.RandomState(seed)
    rows = rng.permutation(training[max(MORE)])
    classes = rng.permutation(np.unique(y))
    rare = classes[: len(classes) // 2]
    n_common = {label: RARE if label in rare else COMMON for label in classes}
    record = {}
    for name, wanted in (
        ("balanced", dict.fromkeys(classes, EVEN)),
        ("unbalanced", n_common),
    ):
        chosen = np.concatenate([rows[y[rows] == c][:n] for c, n in wanted.items()])
        net = CNNClassifier(random_state=seed, **cnn).fit(X[chosen], y[chosen])
        predicted, found = net.predict(X[test]), np.isin(y[test], rare)
        record[name] = {
            "training": f1_score(y[chosen], net.predict(X[chosen]), average="macro"),
            "test": f1_score(y[test], predicted, average="macro"),
            "rare": (predicted == y[test])[found].mean(),
            "n": len(chosen),
        }
    return record
