"""One mean spectrum for each group, against pandas' groupby."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_raman.preprocessing import average_replicates

GROUPS = np.array(["z", "a", "z", "m", "a", "z", "m", "b", "b", "b", "z", "a"])
Y = np.char.add("class of ", GROUPS)


def test_means(spectra):
    X, y, groups = average_replicates(spectra, Y, GROUPS)
    expected = pd.DataFrame(spectra).groupby(GROUPS, sort=False).mean()
    assert list(groups) == list(expected.index) == ["z", "a", "m", "b"]
    np.testing.assert_allclose(X, expected, rtol=1e-12)
    assert list(y) == [f"class of {group}" for group in groups]


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_frames(kind, frame):
    given = pl.DataFrame(frame) if kind == "polars" else frame
    given = given if kind == "polars" else given.set_index(np.arange(7, 19))
    X, y, groups = average_replicates(given, pd.Series(Y), pd.Series(GROUPS))
    assert type(X) is type(given)
    assert list(X.columns) == list(frame.columns)
    expected, *_ = average_replicates(frame.to_numpy(), Y, GROUPS)
    np.testing.assert_array_equal(X.to_numpy(), expected)
    assert isinstance(y, np.ndarray) and isinstance(groups, np.ndarray)
    if kind == "pandas":
        assert list(X.index) == [0, 1, 2, 3]


def test_each_its_own_group_changes_nothing(frame, labels):
    X, y, groups = average_replicates(frame, labels, np.arange(12)[::-1])
    np.testing.assert_array_equal(X, frame)
    np.testing.assert_array_equal(y, labels)
    np.testing.assert_array_equal(groups, np.arange(12)[::-1])


def test_without_labels(spectra):
    X, y, groups = average_replicates(spectra, None, GROUPS)
    assert y is None and len(X) == len(groups) == 4


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_dtype_and_size(dtype, spectra):
    X, *_ = average_replicates(spectra.astype(dtype), None, GROUPS)
    assert X.dtype == (np.float32 if dtype == np.float32 else np.float64)
    large, *_ = average_replicates(np.full((12, 3), 1.5e308), None, np.zeros(12))
    np.testing.assert_allclose(large, 1.5e308)


def test_errors(spectra, frame):
    mixed = Y.copy()
    mixed[4] = "else"
    with pytest.raises(ValueError, match="'a'.* 'class of a'.* 'else'.* .row 4"):
        average_replicates(spectra, mixed, GROUPS)
    missing = GROUPS.astype(object)
    missing[[3, 5]] = None, np.nan
    for y, groups in ((Y, missing), (missing, GROUPS)):
        with pytest.raises(ValueError, match="misses 2 of 12 .* row 3"):
            average_replicates(spectra, y, groups)
    for y, groups in ((Y[1:], GROUPS), (Y, GROUPS[1:]), (Y, None)):
        with pytest.raises(ValueError, match=r"has shape \(.*\) but X has 12"):
            average_replicates(spectra, y, groups)
    bad = frame.copy()
    bad.iloc[3, 5] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        average_replicates(bad, Y, GROUPS)
    with pytest.raises(ValueError, match="'id'"):
        average_replicates(frame.rename(columns={"400.0": "id"}), Y, GROUPS)


def test_ragged(spectra, axis):
    """Groups may have axes of their own, but one each."""
    shift = {group: i for i, group in enumerate("zamb")}
    ragged = [
        (axis + shift[group], row) for group, row in zip(GROUPS, spectra, strict=True)
    ]
    found, y, groups = average_replicates(ragged, Y, GROUPS)
    expected, *_ = average_replicates(spectra, Y, GROUPS)
    assert list(groups) == ["z", "a", "m", "b"] and len(y) == 4
    for (own, mean), group, wanted in zip(found, groups, expected, strict=True):
        np.testing.assert_array_equal(own, axis + shift[group])
        np.testing.assert_array_equal(mean, wanted)
    ragged[4] = axis + 7, ragged[4][1]
    with pytest.raises(ValueError, match="'a' has several axes: .*spectrum 4"):
        average_replicates(ragged, Y, GROUPS)
    ragged[4] = axis + 1, np.where(axis == 500, np.nan, spectra[4])
    with pytest.raises(ValueError, match="NaN.* at 501 cm-1.*group 'a'"):
        average_replicates(ragged, Y, GROUPS)
    with pytest.raises(ValueError, match="but X has 11 spectra"):
        average_replicates(ragged[1:], Y, GROUPS)


def test_axes_of_the_means_are_their_own():
    axis = np.arange(400.0, 404.0)
    pairs = [(axis, np.ones(4)), (axis, np.ones(4)), (axis, np.zeros(4))]
    means, _, _ = average_replicates(pairs, None, ["a", "b", "b"])
    means[0][0][:] += 3
    np.testing.assert_array_equal(means[1][0], np.arange(400.0, 404.0))
    np.testing.assert_array_equal(axis, np.arange(400.0, 404.0))
