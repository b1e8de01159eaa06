"""Small spectra of three classes, five crystals each, three spectra per crystal."""

import numpy as np
import pytest
from sklearn.utils import Bunch


def make(seed, n_crystals=5, n_spectra=3, spread=0.5):
    """Bands at three places; crystals of a class differ more than their spectra."""
    rng = np.random.default_rng(seed)
    axis = np.arange(400.0, 520.0, 4.0)
    bands = np.exp(-(((axis - np.array([[430.0], [460.0], [490.0]])) / 10) ** 2))
    names = np.array(["calcite", "quartz", "zircon"])
    code = np.repeat(np.arange(3), n_crystals * n_spectra)
    crystal = np.repeat(np.arange(3 * n_crystals), n_spectra)
    of_crystal = spread * rng.normal(size=(3 * n_crystals, len(axis)))
    X = 10 * bands[code] + of_crystal[crystal]
    X += 0.1 * rng.normal(size=X.shape)
    return Bunch(X=X, y=names[code], groups=np.char.add("c", crystal.astype(str)))


@pytest.fixture(scope="module")
def minerals():
    return make(0)


@pytest.fixture(scope="module")
def new():
    """Crystals that nobody has seen."""
    return make(1)


@pytest.fixture(scope="module")
def folds(minerals):
    """Five folds, by crystal: the first of each mineral, the second, ..."""
    number = np.tile(np.repeat(np.arange(5), 3), 3)
    return [
        (np.flatnonzero(number != k), np.flatnonzero(number == k)) for k in range(5)
    ]
