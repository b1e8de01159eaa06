"""Nanometres to Raman shift and back."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_raman.datasets import nm_to_wavenumber, wavenumber_to_nm


def test_formula():
    """The shift of silicon, 520.5 cm-1, with a laser at 532 nm."""
    assert nm_to_wavenumber(532.0, 532.0) == 0
    expected = 1 / (1 / 532e-7 - 520.5) * 1e7  # in cm, then nm
    assert wavenumber_to_nm(520.5, 532) == pytest.approx(expected, rel=1e-12)
    assert isinstance(nm_to_wavenumber(600.0, 532.0), float)


@pytest.mark.parametrize("laser", [532.0, 632.8, 785, 1064])
def test_there_and_back(laser):
    shifts = np.linspace(-1500, 4000, 301)
    nm = wavenumber_to_nm(shifts, laser)
    np.testing.assert_allclose(nm_to_wavenumber(nm, laser), shifts, atol=1e-8)
    assert (np.diff(nm) > 0).all()
    assert nm_to_wavenumber(nm[::-1].tolist(), laser)[0] == pytest.approx(4000)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_frame(kind):
    """The labels change, the intensities and the index do not."""
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    frame = kind(
        values, **{"columns" if kind is pd.DataFrame else "schema": ["800", "850.5"]}
    )
    if kind is pd.DataFrame:
        frame.index = ["a", "b", "c"]
    out = nm_to_wavenumber(frame, 785)
    assert type(out) is kind
    np.testing.assert_array_equal(out.to_numpy(), values)
    assert [float(c) for c in out.columns] == list(nm_to_wavenumber([800, 850.5], 785))
    back = wavenumber_to_nm(out, 785)
    np.testing.assert_allclose([float(c) for c in back.columns], [800, 850.5])
    if kind is pd.DataFrame:
        assert list(out.index) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "nm, laser, match",
    [
        ([800, 0], 785, "position 1 holds 0"),
        ([800, np.nan], 785, "position 1 holds nan"),
        ([400, 1800], 785, "are the values nanometres"),
        ([800], 7850, "laser_nm=7850"),
        ([800], 0.785, "laser_nm=0.785"),
        ([800], "red", "laser_nm must be a number"),
        (["a"], 785, "nm must be numbers"),
        (np.ones((2, 2)), 785, "one dimension"),
    ],
)
def test_refused(nm, laser, match):
    with pytest.raises(ValueError, match=match):
        nm_to_wavenumber(nm, laser)


@pytest.mark.parametrize(
    "shift, match", [([19000], "has 18797 cm-1 in all"), ([np.inf], "infinity")]
)
def test_impossible_shifts(shift, match):
    with pytest.raises(ValueError, match=match):
        wavenumber_to_nm(shift, 532)
