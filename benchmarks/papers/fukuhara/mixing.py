"""Section 4.3: which of two substances is the larger part of a numerical mixture.

As in the paper: for each ordered pair of substances five mixtures `major + r * minor`
with r from 0.1 to 0.5, labelled by the major one only, divided by their maximum; as
many for testing; 30 epochs at a learning rate of 1e-3, five folds. Each fold's network
is scored on the fold and on the test mixtures. Pure spectra are divided by their
maximum first, so that r compares heights. PCA + SVM learn from the same mixtures; their
settings are chosen in each fold's training part.

"amino acids": six substances of a set published by MIT (785 nm, ten repeats of one
sample each), on the paper's axis, less a baseline by ARPLS since theirs is curved.
Training mixtures are made of repeats 1 to 5, test mixtures of 6 to 10; the sample is
the same by necessity.
"minerals": the 18 bundled ones, 2 cm-1 a point, nearly the paper's 20 substances. As in
the paper one pure spectrum of each (the one most like its mineral's mean) makes the
training and the test mixtures; `others` are mixtures of spectra of other crystals.
"""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils import Bunch

from benchmarks.papers._spectra import AMINO_ACIDS, lines_of, spectra_file
from benchmarks.papers.fukuhara.bands import is_near
from benchmarks.papers.fukuhara.models import paper_cnn, pca_svm
from sklearn_raman.datasets import load_minerals, make_mixtures
from sklearn_raman.preprocessing import ARPLS, SpectrumNormalizer, WavenumberResampler

RATIO = (0.1, 0.5)
N_FOLDS = 5
CLOSE = 15.0  # cm-1 between the strongest lines of two substances (850 and 861)
LINE = 0.1  # lines of pure spectra stand out by this part of the range
SHOWN_RATIO = 0.45  # of the paper's Figure 7
SCORES = ("logodds", "logit")


@cache
def pure_acids(folder):
    """Return pure spectra on the paper's axis: repeats to train with and to test."""
    with np.load(spectra_file(folder, AMINO_ACIDS)) as file:
        X, y, axis = file["X"].astype(float), file["y"], file["axis"]
    grid = {"target_wavenumbers": (350.0, 1800.0, 1.0), "wavenumbers": axis}
    resampler = WavenumberResampler(**grid, kind="quadratic")
    steps = make_pipeline(resampler, ARPLS(lam=1e6, max_iter=200), SpectrumNormalizer())
    spectra = steps.fit_transform(X)
    repeat = np.array([(y[:row] == y[row]).sum() for row in range(len(y))])
    late = repeat >= (repeat.max() + 1) // 2
    train, test = ((spectra[rows], y[rows]) for rows in (~late, late))
    axis = np.arange(350.0, 1801.0)
    return Bunch(train=train, test=test, others=None, wavenumbers=axis)


@cache
def pure_minerals(n_minerals):
    """Return one pure spectrum of each mineral, and those of other crystals."""
    data = load_minerals(as_frame=True)
    grid = WavenumberResampler(target_wavenumbers=(150.0, 1508.0, 2.0))
    steps = make_pipeline(grid, SpectrumNormalizer())
    spectra = steps.fit_transform(data.data).to_numpy()
    y = data.target_names[data.target]
    known = data.target.to_numpy() < n_minerals
    chosen, others = [], []
    for name in np.unique(y[known]):
        rows = np.flatnonzero(y == name)
        typical = rows[most_typical(spectra[rows])]
        chosen.append(typical)
        others.extend(rows[data.groups[rows] != data.groups[typical]])
    pure, others = ((spectra[rows], y[rows]) for rows in (chosen, others))
    axis = np.arange(150.0, 1509.0, 2.0)
    return Bunch(train=pure, test=pure, others=others, wavenumbers=axis)


def most_typical(spectra):
    """Return the row that correlates best with the mean of all rows."""
    return np.corrcoef(spectra, spectra.mean(axis=0))[-1, :-1].argmax()


def mixtures(pure, seed, n_per_pair=5, ratio=RATIO):
    """Mix pure spectra; also returns what the mixtures are made of."""
    X, y = pure
    return make_mixtures(
        X, y, n_per_pair=n_per_pair, ratio=ratio, return_truth=True, random_state=seed
    )


def mixing(
    substances,
    seed,
    fold,
    *,
    folder=None,
    n_minerals=18,
    n_per_pair=5,
    high=RATIO[1],
    n_filters=64,
    epochs=30,
):
    """Do one fold: accuracies, by ratio, and the signs of maps at the lines."""
    pure = pure_acids(folder) if substances == "acids" else pure_minerals(n_minerals)
    ratio = (RATIO[0], high)
    X, y, _ = mixtures(pure.train, seed, n_per_pair, ratio)
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    train, held = list(folds.split(X, y))[fold]
    net = paper_cnn("4.3", 10 * seed + fold, n_filters=n_filters, epochs=epochs)
    components = [n for n in (5, 10, 20) if n < len(train) // 2]
    svm = pca_svm(components, StratifiedKFold(3))
    models = {"CNN": net, "PCA + SVM": svm}
    fitted = {name: model.fit(X[train], y[train]) for name, model in models.items()}
    X_test, y_test, truth = mixtures(pure.test, 1000 + seed, n_per_pair, ratio)
    sets = {"fold": (X[held], y[held]), "test": (X_test, y_test)}
    if pure.others is not None:
        sets["others"] = mixtures(pure.others, 2000 + seed, n_per_pair, ratio)[:2]
    right = net.predict(X_test) == y_test
    record = {
        "n_train": len(train),
        "n_test": len(y_test),
        "accuracy": {
            name: {part: model.score(*both) for part, both in sets.items()}
            for name, model in fitted.items()
        },
        "by_ratio": right_by_ratio(right, truth.ratio, ratio),
        "maps": maps_at_lines(net, pure, X_test, y_test, truth, right),
    }
    if (seed, fold, high) == (100, 0, RATIO[1]):
        record["example"] = example(net, pure)
    return record


def right_by_ratio(right, ratios, span, n_bins=4):
    """Return the share of mixtures that are named right, from low to high ratio."""
    edges = np.linspace(*span, n_bins + 1)
    which = np.digitize(ratios, edges[1:-1])
    shares = pd.Series(right).groupby(which).mean().reindex(range(n_bins))
    return {"edges": edges, "right": shares.to_list()}


def maps_at_lines(net, pure, X, y, truth, right):
    """Say which sign maps have at lines of the major, the minor and of both."""
    means = class_means(pure)
    lines = {name: lines_of(pure.wavenumbers, m, LINE) for name, m in means.items()}
    highest = {name: pure.wavenumbers[[m.argmax()]] for name, m in means.items()}
    found = {}

    def like_means(curve, names):
        return [np.corrcoef(curve, means[name])[0, 1] for name in names]

    for score in SCORES:
        maps = net.explain_(X[right], y[right], score=score, upsample="linear")
        values, correlations = [], []
        for one, *pair in zip(maps, y[right], truth.minor[right], strict=True):
            height, (major, minor) = one / np.abs(one).max(), pair
            kinds = kinds_of_lines(lines[major], lines[minor], highest[minor])
            for kind, places in kinds.items():
                at = heights_at(height, pure.wavenumbers, places)
                values.extend((kind, value) for value in at)
            correlations.append(like_means(np.maximum(one, 0), pair))
        table = pd.DataFrame(values, columns=["lines", "height"]).groupby("lines")
        found[score] = {
            "n": table.size().to_dict(),
            "height": table["height"].mean().to_dict(),
            "positive": table["height"].agg(lambda h: (h > 0).mean()).to_dict(),
            "negative": table["height"].agg(lambda h: (h < 0).mean()).to_dict(),
            "correlation": np.nanmean(correlations, axis=0),
            "background": level_without_lines(maps, pure.wavenumbers, lines),
        }
    pairs = zip(X, y, truth.minor, strict=True)
    inputs = [like_means(x, pair) for x, *pair in pairs]
    return {**found, "input_correlation": np.mean(inputs, axis=0)}


def class_means(pure):
    """Return the mean of the pure spectra of each substance that make test mixtures."""
    spectra, names = pure.test
    return {name: spectra[names == name].mean(axis=0) for name in np.unique(names)}


def level_without_lines(maps, wavenumbers, lines):
    """Return the mean absolute height of maps where no substance has a line."""
    everywhere = np.concatenate(list(lines.values()))
    beside = ~is_near(wavenumbers, everywhere)
    if not beside.any():
        return np.nan
    height = np.abs(maps)
    return (height[:, beside].mean(axis=1) / height.max(axis=1)).mean()


def kinds_of_lines(major, minor, strongest):
    """Tell lines of the major alone, of the minor alone, and of both apart."""
    common = is_near(major, minor)
    return {
        "major": major[~common],
        "both": major[common],
        "minor": minor[~is_near(minor, major)],
        "strongest of the minor": strongest[~is_near(strongest, major)],
    }


def heights_at(curve, wavenumbers, places, reach=4.0):
    """Return the mean height of a curve within reach of each place."""
    near = np.abs(np.subtract.outer(places, wavenumbers)) <= reach
    return (near * curve).sum(axis=1) / near.sum(axis=1)


def neighbors(substances, seed, *, folder=None, n_filters=64, epochs=30):
    """Train once on all mixtures: what if the strongest lines of two are close?

    In the paper weak lines of leucine stand out since the strongest one, 861 cm-1, lies
    beside alanine's, 850 cm-1.

    `near` and `far`: how high maps are at the weaker lines of the larger part over how
    high at its strongest one, for smaller parts whose strongest line is within 15 cm-1
    of it, or not; `n_near`, the number of such mixtures; `default_svm`, accuracy of PCA
    (20 components) and an SVM with scikit-learn's defaults.
    """
    pure = pure_acids(folder) if substances == "acids" else pure_minerals(18)
    X, y, _ = mixtures(pure.train, seed)
    X_test, y_test, truth = mixtures(pure.test, 1000 + seed)
    net = paper_cnn("4.3", seed, n_filters=n_filters, epochs=epochs).fit(X, y)
    svm = make_pipeline(PCA(20, random_state=0), SVC()).fit(X, y)
    means = class_means(pure)
    strongest = {name: pure.wavenumbers[m.argmax()] for name, m in means.items()}
    maps = np.asarray(net.explain_(X_test, y_test, upsample="linear"))
    found = {True: [], False: []}
    for one, major, minor in zip(maps, y_test, truth.minor, strict=True):
        lines = lines_of(pure.wavenumbers, means[major], LINE)
        weaker = lines[~is_near(lines, np.array([strongest[major]]))]
        top = heights_at(one, pure.wavenumbers, np.array([strongest[major]]))[0]
        if not len(weaker) or top <= 0:
            continue
        close = bool(abs(strongest[major] - strongest[minor]) <= CLOSE)
        found[close].append(heights_at(one, pure.wavenumbers, weaker).max() / top)
    return {
        "near": np.median(found[True]) if found[True] else None,
        "far": np.median(found[False]) if found[False] else None,
        "n_near": len(found[True]),
        "default_svm": svm.score(X_test, y_test),
    }


def example(net, pure):
    """Return maps of three substances with the second one added, as in Figure 7."""
    spectra, names = pure.test
    labels = np.unique(names)
    first = {name: spectra[names == name][0] for name in labels}
    minor = labels[1]
    majors = [name for name in labels if name != minor][1:4]
    X = np.array([first[name] + SHOWN_RATIO * first[minor] for name in majors])
    X /= X.max(axis=1, keepdims=True)
    maps = net.explain_(
        X, np.array(majors), score="logodds", upsample="linear", normalize="max"
    )
    thin = slice(None, None, 2 if len(pure.wavenumbers) > 1000 else 1)
    curves = {"pure": [first[name] for name in [minor, *majors]]}
    curves |= {"mixtures": X, "maps": maps}
    curves = {n: np.asarray(c, float)[:, thin].round(3) for n, c in curves.items()}
    known = {"minor": minor, "majors": majors, "wavenumbers": pure.wavenumbers[thin]}
    return known | curves
