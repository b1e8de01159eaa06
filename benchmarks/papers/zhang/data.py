"""Spectra for the paper of Zhang et al. (2020), and its split into three parts.

meat: the paper's own 120 mid-infrared spectra of chicken, pork and turkey; 60 samples,
each measured twice.

minerals: in place of the paper's E. coli spectra (853, two strains), which are not
public. The two of the bundled minerals whose mean spectra correlate most, on a grid of
4 cm-1. Each of their 36 spectra is taken several times, as if it were measured again:
with a constant offset, a slope and white noise of its own. The sizes of these are ours;
the paper only says that offsets are large. In a random split copies of one spectrum
come to both sides; "by sample" a crystal is on one side.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from benchmarks.papers._spectra import MEAT, spectra_file
from sklearn_raman.datasets import load_minerals
from sklearn_raman.preprocessing import WavenumberResampler

# Of the strongest peak: the most an offset and a slope add, and the noise.
OFFSET, SLOPE, NOISE = 1.0, 0.2, 0.02


@dataclass(frozen=True)
class Spectra:
    """Spectra with their classes, axis in cm-1, and the sample or crystal of each.

    `clean` holds the mean spectrum of each class before anything was added to it.
    """

    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray
    wavenumbers: np.ndarray
    clean: np.ndarray

    @property
    def names(self):
        """Classes in the order of the rows of `clean`."""
        return np.unique(self.y).tolist()


@lru_cache(maxsize=1)
def meat(folder):
    """Return the paper's meat spectra."""
    with np.load(spectra_file(folder, MEAT), allow_pickle=False) as file:
        X, y, groups = file["X"].astype(float), file["y"], file["group"]
        return Spectra(X, y, groups, file["axis"], mean_of_each(X, y))


@lru_cache(maxsize=1)
def two_minerals(n_copies=7, step=4, random_state=100):
    """Return two minerals that are alike, each spectrum measured anew several times.

    Seven copies of 36 spectra are 252, a third of the paper's 853.
    """
    minerals = load_minerals(as_frame=True)
    names = minerals.target_names[minerals.target]
    resampler = WavenumberResampler(target_wavenumbers=(150, 1508, step))
    X = np.asarray(resampler.fit_transform(minerals.data))
    chosen = np.isin(names, most_alike(X, names))
    X, y, groups = X[chosen], names[chosen], np.asarray(minerals.groups)[chosen]
    copies = np.tile(np.arange(len(X)), n_copies)
    rng = np.random.default_rng(random_state)
    measured, axis = add_background(X[copies], rng), np.arange(150.0, 1509.0, step)
    return Spectra(measured, y[copies], groups[copies], axis, mean_of_each(X, y))


def most_alike(X, y):
    """Return the two classes whose mean spectra correlate most."""
    means = mean_of_each(X, y)
    correlation = np.corrcoef(means)
    pairs = combinations(range(len(means)), 2)
    return np.unique(y)[list(max(pairs, key=lambda pair: correlation[pair]))].tolist()


def add_background(X, rng):
    """Add an offset, a slope and white noise of its own to each spectrum.

    All are in units of the spectrum's strongest peak: the offset uniform up to
    `OFFSET`, the slope from end to end uniform up to `SLOPE` either way, the standard
    deviation of the noise `NOISE`.
    """
    offset = rng.uniform(0, OFFSET, (len(X), 1))
    slope = rng.uniform(-SLOPE, SLOPE, (len(X), 1))
    background = offset + slope * np.linspace(-0.5, 0.5, X.shape[1])
    noise = NOISE * rng.standard_normal(X.shape)
    return X + (background + noise) * X.max(axis=1, keepdims=True)


def three_parts(y, groups, seed):
    """Split 7:1:2 into training, validation and test, each class and whole groups.

    With a group of its own for each spectrum it is the paper's random split.
    """
    rng = np.random.default_rng(seed)
    parts = ([], [], [])
    for label in np.unique(y):
        own = rng.permutation(np.unique(groups[y == label]))
        n_test, n_valid = round(0.2 * len(own)), max(1, round(0.1 * len(own)))
        test, valid, train = np.split(own, [n_test, n_test + n_valid])
        for part, chosen in zip(parts, (train, valid, test), strict=True):
            part.append(np.flatnonzero((y == label) & np.isin(groups, chosen)))
    return [np.concatenate(part) for part in parts]


def split(spectra, how, seed):
    """Return the three parts "by sample" (sample or crystal) or at "random"."""
    own = np.arange(len(spectra.y))
    groups = {"by sample": spectra.groups, "random": own}[how]
    return three_parts(spectra.y, groups, seed)


def mean_of_each(X, y):
    return np.stack([X[y == label].mean(axis=0) for label in np.unique(y)])
