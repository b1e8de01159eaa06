"""What all tests share. SCIPY_ARRAY_API must be set before scipy is imported: without
it scikit-learn skips one of its checks."""

import os
import random
import signal

os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pandas as pd
import pytest

# A shell that starts the tests in the background has SIGINT ignored, here and in every
# child; tests of Ctrl-C need it as it is at a prompt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Shuffle files, and tests within a file, where RAMAN_TEST_ORDER is a seed."""
    seed = os.environ.get("RAMAN_TEST_ORDER")
    if seed:
        draw = random.Random(seed)
        files = sorted({item.path for item in items})
        place = dict(
            zip(files, draw.sample(range(len(files)), len(files)), strict=True)
        )
        within = {item: draw.random() for item in items}
        items.sort(key=lambda item: (place[item.path], within[item]))


@pytest.fixture
def rng():
    """A generator of its own for each test."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def axis():
    """A rising axis in cm-1."""
    return np.arange(400.0, 700.0, 2.0)


@pytest.fixture(scope="session")
def spectra(axis):
    """Twelve spectra of three classes: a Lorentzian band and a sloping background."""
    rng = np.random.default_rng(0)
    centers = np.repeat([450.0, 550.0, 650.0], 4)[:, None]
    bands = rng.uniform(50, 150, (12, 1)) / (1 + ((axis - centers) / 6) ** 2)
    background = rng.uniform(10, 30, (12, 1)) + rng.uniform(0.01, 0.1, (12, 1)) * axis
    return bands + background + rng.normal(0, 0.5, (12, len(axis)))


@pytest.fixture(scope="session")
def labels():
    """The classes of `spectra`."""
    return np.repeat(["calcite", "quartz", "zircon"], 4)


@pytest.fixture
def few_trees(monkeypatch):
    """Let the forests of `synthesis_report` have 2 trees: for all but their judgment.

    Fifty trees, grown for each class, fold and draw, take most of its time.
    """
    from sklearn_raman.over_sampling.report import _measures

    monkeypatch.setattr(_measures, "N_TREES", 2)


@pytest.fixture
def frame(spectra, axis):
    """`spectra` as a data frame whose column labels are the axis."""
    return pd.DataFrame(spectra, columns=[str(value) for value in axis])
