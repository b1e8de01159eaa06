"""Spectra for property tests: any number, length, level and axis; some constant."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from hypothesis import strategies as st


@dataclass
class Sample:
    """Spectra on an axis."""

    X: np.ndarray
    axis: np.ndarray

    def frame(self):
        return pd.DataFrame(self.X, columns=[str(at) for at in self.axis])

    def pairs(self):
        return [(self.axis, row) for row in self.X]


@st.composite
def samples(draw, *, min_spectra=1, constant=True, even=True):
    """Draw bands on a background with noise, at any level, perhaps a constant one."""
    n_spectra = draw(st.integers(min_spectra, 6))
    n_points = draw(st.integers(16, 48))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step = draw(st.sampled_from([0.5, 1.0, 2.0]))
    steps = np.full(n_points, step) if even else step * rng.uniform(0.6, 1.6, n_points)
    axis = draw(st.sampled_from([100.0, 400.5, 2800.0])) + np.cumsum(steps)
    position = np.arange(n_points)
    centers, widths = rng.uniform(0, n_points, (2, n_spectra, 1)) / [[[1]], [[8]]] + 1
    X = rng.uniform(1, 10, (n_spectra, 1)) / (1 + ((position - centers) / widths) ** 2)
    X += rng.uniform(0, 3, (n_spectra, 1)) * (1 + position / n_points)
    X += 0.05 * rng.standard_normal(X.shape)
    X *= 10.0 ** draw(st.integers(-6, 6))
    if constant and n_spectra > 1 and draw(st.booleans()):
        X[draw(st.integers(0, n_spectra - 1))] = draw(st.sampled_from([0.0, 7.5, -3.0]))
    return Sample(X, axis)


def assert_close(found, wanted, tolerance=1e-9):
    """Compare spectra, each to its own largest value."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    size = np.abs(wanted).max(axis=-1, keepdims=True, initial=0)
    assert (np.abs(found - wanted) <= tolerance * size).all()
