"""The axis contract, case by case."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_raman._utils._wavenumbers import (
    check_same_axis,
    check_wavenumbers,
    expand_grid,
    format_wavenumbers,
    labels_as_wavenumbers,
    require_wavenumbers,
    resolve_wavenumbers,
)

X = np.zeros((2, 3))


@pytest.mark.parametrize("axis", [[1.0, 2.0, 4.0], [4.0, 2.0, 1.0], [7.0]])
def test_valid_axis(axis):
    np.testing.assert_array_equal(check_wavenumbers(axis), axis)


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ([1, 2, 2], r"2 is followed by 2 \(position 1\)"),
        ([1, 3, 2], r"3 is followed by 2 \(position 1\)"),
        ([3, 1, 2], r"1 is followed by 2 \(position 1\)"),
        ([1, np.nan, 2], "NaN"),
        ([1, np.inf, 2], "infinity"),
        ([[1, 2, 3]], "1-D"),
        ([], "non-empty"),
        (["a", "b"], "numbers in cm-1"),
    ],
)
def test_invalid_axis(axis, message):
    with pytest.raises(ValueError, match=message):
        check_wavenumbers(axis)


def test_wrong_length_names_both():
    with pytest.raises(ValueError, match="has 2 points but the spectra have 3"):
        resolve_wavenumbers(X, [1.0, 2.0], 3)


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ((400, 404, 2), [400, 402, 404]),
        ((400, 405, 2), [400, 402, 404]),
        ((0.1, 0.7, 0.1), np.linspace(0.1, 0.7, 7)),  # 0.7 is lost by rounding down
        ((404, 400, -2), [404, 402, 400]),
        ([400, 401, 407], [400, 401, 407]),
    ],
)
def test_expand_grid(grid, expected):
    np.testing.assert_allclose(expand_grid(grid), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "grid", [(1, 2), (1, 2, 0), (1, 2, -1), (1, np.nan, 1), (1, np.inf, 1)]
)
def test_expand_grid_rejects(grid):
    with pytest.raises(ValueError, match="target_wavenumbers"):
        expand_grid(grid)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (pd.DataFrame(X, columns=["400.5", "401", "402"]), [400.5, 401, 402]),
        (pd.DataFrame(X, columns=[400.5, 401.0, 402.0]), [400.5, 401, 402]),
        (pd.DataFrame(X, columns=range(400, 403)), [400, 401, 402]),
        (pl.DataFrame(X, schema=["3", "2", "1"]), [3, 2, 1]),
        (pd.DataFrame(X), None),  # 0, 1, 2 are positions
        (pd.DataFrame(X, columns=["400", "401", "sample"]), None),
        (pl.DataFrame(X), None),
        (X, None),
    ],
)
def test_labels(frame, expected):
    found = labels_as_wavenumbers(frame)
    assert (found is None) == (expected is None)
    if expected is not None:
        np.testing.assert_array_equal(found, expected)


def test_parameter_goes_before_missing_labels():
    np.testing.assert_array_equal(resolve_wavenumbers(X, [3, 2, 1], 3), [3, 2, 1])
    assert resolve_wavenumbers(X, None, 3) is None


def test_parameter_and_labels_disagree():
    frame = pd.DataFrame(X, columns=["400", "401", "402"])
    np.testing.assert_array_equal(
        resolve_wavenumbers(frame, [400, 401, 402], 3), [400, 401, 402]
    )
    with pytest.raises(ValueError, match="parameter says 407 and the label 402"):
        resolve_wavenumbers(frame, [400, 401, 407], 3)


def test_labels_out_of_order():
    frame = pd.DataFrame(X, columns=["400", "402", "401"])
    with pytest.raises(ValueError, match="column labels of X must be strictly"):
        resolve_wavenumbers(frame, None, 3)


def test_required_axis_says_how_to_give_one():
    with pytest.raises(ValueError, match="plain array.*Crop.*set_output"):
        require_wavenumbers(None, X, owner="Crop", purpose="to crop")
    frame = pd.DataFrame(X, columns=["400", "401", "sample"])
    with pytest.raises(ValueError, match="not all numbers"):
        require_wavenumbers(None, frame, owner="Crop", purpose="to crop")


def test_same_axis():
    frame = pd.DataFrame(X, columns=[400.0, 401.0, 402.0])
    check_same_axis(frame, np.array([400.0, 401.0, 402.0]))
    check_same_axis(X, np.array([1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="400 to 402.*1 to 3"):
        check_same_axis(frame, np.array([1.0, 2.0, 3.0]))


def test_labels_read_back_exactly(rng):
    axis = np.sort(rng.uniform(100, 4000, 50))
    np.testing.assert_array_equal([float(s) for s in format_wavenumbers(axis)], axis)
