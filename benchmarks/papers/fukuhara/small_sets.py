"""Section 4.2: four training spectra a class, each noisier than the one before.

The paper measured nine medicines 44 times each; four spectra of a class, with 1, 1/2,
1/3 and 1/4 of the highest signal, were for training. Here nine minerals stand for the
medicines: those of RRUFF that have 44 spectra or more over 350-1500 cm-1, from six
crystals or more. In each draw 44 spectra of a mineral are taken at random and white
noise is added; the four training spectra have signal-to-noise ratios (strongest line
over the noise's standard deviation) of SNR, SNR/2, SNR/3 and SNR/4, each test spectrum
one of the four at random. The bundled minerals hold up to 18 spectra of the same nine.

The paper names 5-fold cross-validation, which four spectra a class do not allow with
even classes: all 36 are trained on, 200 epochs at a learning rate of 1e-4, after a
straight baseline and division by the maximum; `five_folds` leaves every fifth out. PCA
+ SVM and PLS-LDA choose their settings in four inner folds with one training spectrum a
class each; the steps before them treat each spectrum by itself and stand outside the
search. One fit is scored twice: on all test spectra (the paper's random split), and on
those from crystals without a training spectrum.

The paper has one powder of each substance. "acids" are repeats of one sample each: four
to train with, six to test, baseline-corrected before noise is added.
"""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils import Bunch

from benchmarks.compare_minerals import add_noise
from benchmarks.papers._spectra import rruff
from benchmarks.papers.fukuhara import bands
from benchmarks.papers.fukuhara.mixing import pure_acids
from benchmarks.papers.fukuhara.models import paper_cnn, pca_svm
from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import ExplanationSummary, explain_pipeline, peak_share
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.preprocessing import (
    SNV,
    BaselineCorrection,
    SavitzkyGolay,
    SpectrumNormalizer,
    WavenumberResampler,
)

GRID = (350.0, 1500.0, 1.0)
MINERALS = ("Actinolite", "Andalusite", "Axinite-(Fe)", "Cerussite", "Diopside")
MINERALS += ("Enstatite", "Epidote", "Fluorapatite", "Forsterite")
SIGNALS = (1, 1 / 2, 1 / 3, 1 / 4)
THIN = slice(None, None, 3)  # points kept for pictures
SHOWN_MAPS = {"mode": "density", "normalize": "max", "upsample": "linear"}
PAPER_CNN, CNN = "CNN, paper", "CNN, default"
PCA_SVM, PCA_SVM_SNV = "PCA + SVM", "PCA + SVM, SNV"
PLS_LDA = "PLS-LDA"


@cache
def nine_substances(source, folder=None):
    """Return spectra of nine minerals, "RRUFF" or "bundled", or of six "acids"."""
    if source == "acids":
        pure = pure_acids(folder)
        X, y = map(np.concatenate, zip(pure.train, pure.test, strict=True))
        return Bunch(spectra=X, y=y, groups=y, wavenumbers=pure.wavenumbers)
    if source == "RRUFF":
        data = rruff(wavenumbers=GRID, full_coverage=True)
    else:
        data = load_minerals()
    axis, names = data.wavenumbers, data.target_names[data.target]
    inside, rows = (axis >= GRID[0]) & (axis <= GRID[1]), np.isin(names, MINERALS)
    found = {"spectra": data.data[rows][:, inside], "wavenumbers": axis[inside]}
    return Bunch(**found, y=names[rows], groups=data.groups[rows])


def draw_spectra(y, groups, n_spectra, seed):
    """Choose training and test spectra of each class and how strong they are.

    A row for each: `row`, where it stands; `train`; `signal`, 1 to 1/4; `new_crystal`,
    whether it is a test spectrum of a crystal without a training spectrum.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for name in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == name))[:n_spectra]
        train = np.arange(len(rows)) < len(SIGNALS)
        signal = np.where(train, 0.0, rng.choice(SIGNALS, len(rows)))
        signal[train] = SIGNALS
        seen = np.isin(groups[rows], groups[rows[train]])
        part = {"row": rows, "train": train, "signal": signal, "new_crystal": ~seen}
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def small_set(source, seed, n_spectra, snr, folder=None):
    """Return the noisy spectra of a draw as a frame, with what is known of them."""
    data = nine_substances(source, folder)
    drawn = draw_spectra(data.y, data.groups, n_spectra, seed)
    labels = [f"{w:g}" for w in data.wavenumbers]
    clean = pd.DataFrame(data.spectra[drawn["row"]], columns=labels)
    ratio = snr * drawn["signal"].to_numpy()[:, None]
    X, y = add_noise(clean, ratio, random_state=[seed, 1]), data.y[drawn["row"]]
    known = {"drawn": drawn, "wavenumbers": data.wavenumbers}
    return Bunch(X=X, y=y, clean=clean.to_numpy(), **known)


def paper_steps(*last):
    """Straight baseline and division by the maximum; the axis is 1 cm-1 already."""
    return make_pipeline(BaselineCorrection(), SpectrumNormalizer(), *last)


def package_steps(*last):
    """Smooth, resample to 2 cm-1 and standardize, as the package advises."""
    low, high, _ = GRID
    grid = WavenumberResampler(target_wavenumbers=(low, high, 2.0))
    steps = make_pipeline(SavitzkyGolay(window_length=9), grid, SNV(), *last)
    return steps.set_output(transform="pandas")


def possible(numbers, n_train):
    """Return the numbers of components that an inner fold of the search allows."""
    return [n for n in numbers if n < n_train * (len(SIGNALS) - 1) / len(SIGNALS)]


def models(seed, n_train, n_filters, epochs):
    """Return the models by name; `epochs` None are the paper's and the default's.

    Searches have four inner folds, with one spectrum of each class.
    """
    inner = StratifiedKFold(len(SIGNALS), shuffle=True, random_state=0)
    components = possible([8, 16, 24], n_train)
    pls = PLSLDA(shrinkage=0, calibration=None)
    pls_grid = {"n_components": possible([8, 12, 16, 20], n_train)}
    sizes = {"n_filters": n_filters, "max_epochs": epochs or "auto"}
    default = CNNClassifier(**sizes, random_state=seed)
    network = paper_cnn("4.2", seed, n_filters=n_filters, epochs=epochs)
    return {
        PAPER_CNN: paper_steps(network),
        CNN: package_steps(default),
        PCA_SVM: paper_steps(pca_svm(components, inner)),
        PCA_SVM_SNV: package_steps(pca_svm(components, inner)),
        PLS_LDA: paper_steps(GridSearchCV(pls, pls_grid, cv=inner)),
    }


def small_training_set(
    source, seed, n_spectra, snr, n_filters=64, epochs=None, folder=None
):
    """Do one draw: accuracies on both test sets, and what the maps show."""
    data = small_set(source, seed, n_spectra, snr, folder)
    train = data.drawn["train"].to_numpy()
    test_sets = {"random": ~train, "by_crystal": data.drawn["new_crystal"].to_numpy()}
    if not test_sets["by_crystal"].any():
        del test_sets["by_crystal"]
    fitted = models(seed, train.sum(), n_filters, epochs)
    right = {}
    for name, model in fitted.items():
        model.fit(data.X[train], data.y[train])
        right[name] = model.predict(data.X) == data.y
    ways = {PAPER_CNN: {"upsample": "linear"}, CNN: {}}
    looks = {n: look(fitted[n], data, ~train, **how) for n, how in ways.items()}
    summary, _ = (found.pop("summary") for found in looks.values())
    signal = data.drawn["signal"][~train]
    pls = fitted[PLS_LDA][-1].best_estimator_
    record = {
        "n_test": {part: int(rows.sum()) for part, rows in test_sets.items()},
        "accuracy": {
            name: {part: found[rows].mean() for part, rows in test_sets.items()}
            for name, found in right.items()
        },
        "by_signal": {
            name: pd.Series(found[~train]).groupby(signal.to_numpy()).mean().to_dict()
            for name, found in right.items()
        },
        "maps": looks,
        "vip": look_of_vip(pls.vip_, data, ~train, summary),
    }
    if seed == 100:
        record["example"] = example(fitted[PAPER_CNN], pls, data, ~train)
    return record


def three_blocks(source, seed, n_spectra, snr, n_filters=64, epochs=None):
    """Train the paper's network with three blocks; say where its maps lie."""
    data = small_set(source, seed, n_spectra, snr)
    train = data.drawn["train"].to_numpy()
    network = paper_cnn("4.2", seed, n_blocks=3, n_filters=n_filters, epochs=epochs)
    model = paper_steps(network).fit(data.X[train], data.y[train])
    found = look(model, data, ~train, upsample="linear")
    found.pop("summary")
    return {"accuracy": model.score(data.X[~train], data.y[~train]), **found}


def five_folds(source, seed, n_spectra, snr, n_filters=64, epochs=None):
    """Train on four fifths of the training spectra, five times; compare the shapes.

    `validation` and `test` accuracies of the folds' networks; `default_svm` and
    `default_svm_by_crystal`, accuracies of an SVM with scikit-learn's defaults after as
    many components as there are classes; `shape`, for each class the correlation of the
    mean map, its positive part, with the mean spectrum, by a network of all training
    spectra, and `shape_of_others` with other classes'.
    """
    data = small_set(source, seed, n_spectra, snr)
    train = data.drawn["train"].to_numpy()
    new_crystal = data.drawn["new_crystal"].to_numpy()
    rows, record = np.flatnonzero(train), {"validation": [], "test": []}

    def trained_on(rows):
        model = paper_steps(paper_cnn("4.2", seed, n_filters=n_filters, epochs=epochs))
        return model.fit(data.X.iloc[rows], data.y[rows])

    for fit, held in KFold(5, shuffle=True, random_state=seed).split(rows):
        model, held = trained_on(rows[fit]), rows[held]
        record["validation"].append(model.score(data.X.iloc[held], data.y[held]))
        record["test"].append(model.score(data.X[~train], data.y[~train]))
    svm = paper_steps(PCA(len(MINERALS), random_state=0), SVC())
    svm.fit(data.X[train], data.y[train])
    for suffix, tested in (("", ~train), ("_by_crystal", new_crystal)):
        record[f"default_svm{suffix}"] = svm.score(data.X[tested], data.y[tested])
    maps = explain_pipeline(trained_on(rows), data.X[~train], **SHOWN_MAPS)
    positive = pd.DataFrame(np.maximum(np.asarray(maps), 0))
    of_class = positive.groupby(data.y[~train]).mean()
    spectra = pd.DataFrame(data.clean[~train]).groupby(data.y[~train]).mean()
    alike = np.corrcoef(of_class, spectra)[: len(of_class), len(of_class) :]
    own = np.eye(len(alike), dtype=bool)
    return {**record, "shape": alike[own], "shape_of_others": alike[~own].mean()}


def look(model, data, test, **how):
    """Say where the maps of correctly named test spectra lie, class by class."""
    y, clean = data.y[test], data.clean[test]
    predicted = model.predict(data.X[test])
    maps = np.asarray(explain_pipeline(model, data.X[test], mode="density", **how))
    right = predicted == y
    levels = bands.map_levels(maps, data.X[test].to_numpy(), clean)[right]
    known = {"spectra": clean, "wavenumbers": data.wavenumbers, "normalize": "max"}
    summary = ExplanationSummary.from_maps(maps, y, predicted, **known)
    by_class = levels.groupby(y[right]).mean()
    by_signal = levels.groupby(data.drawn["signal"][test].to_numpy()[right]).mean()
    return {
        "classes": by_class.index.to_list(),
        "by_class": {name: by_class[name].to_list() for name in by_class},
        "on_lines_by_signal": by_signal["on_lines"].to_dict(),
        "bands": bands.bands_on_lines(summary),
        "weight": bands.weight_of_lines(summary),
        "summary": summary,
    }


def look_of_vip(vip, data, test, summary):
    """Say where the VIP lies on each class's spectrum, and what it shares with maps."""
    means = pd.DataFrame(data.clean[test]).groupby(data.y[test]).mean().to_numpy()
    shares = peak_share(np.tile(vip, (len(means), 1)), means)
    top = summary.agreement(vip, fraction=0.05)
    return {
        "on_lines": shares["mass"].to_list(),
        "chance": shares["chance"].to_list(),
        "above_one": float((vip > 1).mean()),
        "top_overlap": top["top_overlap"].to_list(),
        "top_chance": float(top["chance"].iloc[0]),
    }


def example(model, pls, data, test):
    """Return for each class a test spectrum of the least noise and its map."""
    signal = data.drawn["signal"].to_numpy() * test
    rows = [np.argmax(signal * (data.y == name)) for name in np.unique(data.y)]
    maps = explain_pipeline(model, data.X.iloc[rows], **SHOWN_MAPS)
    spectra = data.X.iloc[rows].to_numpy()
    return {
        "classes": data.y[rows].tolist(),
        "wavenumbers": data.wavenumbers[THIN],
        "spectra": (spectra / spectra.max(axis=1, keepdims=True))[:, THIN].round(3),
        "maps": maps.to_numpy(dtype=float)[:, THIN].round(3),
        "vip": pls.vip_[THIN].round(3),
    }
