"""Tables that are frames: what their index and their column labels are."""

import io
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_raman.datasets import read_spectra_table
from tests.datasets._tables import (
    AXIS,
    LEVELS,
    LONG_AXIS,
    RENISHAW,
    WHO,
    X,
    check,
    turned,
    wide,
    write,
)


def test_rows_of_a_long_frame_may_be_chosen_sorted_and_joined():
    """Their index without a name tells no spectra apart; one that does is kept."""
    axis, y = np.linspace(400.5, 1800.2, 60), np.arange(120) % 7 + 900.0
    shift = {"Raman shift": np.tile(axis, 2)}
    long = pd.DataFrame({"x": np.repeat([3, 5], 60), **shift, "Intensity": y})
    parts = [long[:60], long[60:].reset_index(drop=True)]
    mixed = long.sample(frac=1, random_state=0)
    for frame in (long, mixed.sort_values("Raman shift"), pd.concat(parts)):
        bunch = read_spectra_table(frame)
        order = bunch.metadata["x"].argsort()
        np.testing.assert_array_equal(bunch.data.iloc[order], y.reshape(2, 60))
        assert bunch.metadata.columns.tolist() == ["x"]
    below = read_spectra_table(long[long["Raman shift"] < 900])
    np.testing.assert_array_equal(below.data, y.reshape(2, 60)[:, axis < 900])
    repeated = long.assign(x=3).set_index(long["x"].to_numpy())
    bunch = read_spectra_table(repeated)
    np.testing.assert_array_equal(bunch.data, y.reshape(2, 60))
    assert bunch.metadata["index"].tolist() == [3, 5]


def test_index_of_pandas(tmp_path):
    """to_csv writes an index without heading; read_csv calls it "Unnamed: 0"."""
    frame = pd.DataFrame(X, columns=AXIS)
    frame.insert(0, "class", WHO)
    frame.to_csv(tmp_path / "a.csv")
    bunch = read_spectra_table(tmp_path / "a.csv", label="class")
    check(bunch)
    assert bunch.metadata["index"].tolist() == [0, 1, 2]
    again = read_spectra_table(pd.read_csv(tmp_path / "a.csv"), label="class")
    check(again)
    assert list(again.metadata) == ["index", "class"]
    frame.index = ["p", "q", "r"]
    frame.to_csv(tmp_path / "b.csv")
    named = read_spectra_table(tmp_path / "b.csv", label="class")
    assert list(named.data.index) == ["p", "q", "r"]


def test_index_before_an_axis(tmp_path):
    frame = pd.DataFrame(X.T, columns=["a", "b", "c"])
    frame.insert(0, "wavenumber", AXIS)
    frame.to_csv(tmp_path / "a.csv")
    bunch = read_spectra_table(tmp_path / "a.csv")
    check(bunch, None)
    assert list(bunch.names) == ["a", "b", "c"]
    assert "left out the index" in bunch.DESCR


@pytest.mark.parametrize("kind", ["strings", "floats", "index", "polars", "transposed"])
def test_frames(kind):
    frame = pd.DataFrame(X, columns=AXIS)
    if kind == "strings":
        frame.columns = [f"{a} cm-1" for a in AXIS]
    elif kind == "index":
        frame.index = pd.Index(["p", "q", "r"], name="who")
    elif kind == "polars":
        frame = pl.DataFrame(X, schema=[str(a) for a in AXIS], orient="row")
    elif kind == "transposed":
        frame = pd.DataFrame(X.T, index=AXIS, columns=["p", "q", "r"])
    bunch = read_spectra_table(frame, group="who" if kind == "index" else None)
    check(bunch, None)
    if kind == "index":
        assert bunch.groups.tolist() == ["p", "q", "r"]
    if kind == "transposed":
        assert list(bunch.names) == ["p", "q", "r"]


def test_frame_of_text():
    """Cells with decimal commas, as read_csv leaves them without decimal=."""
    frame = pd.DataFrame(
        [[f"{v}".replace(".", ",") for v in x] for x in X],
        columns=[f"{a}".replace(".", ",") for a in AXIS],
    )
    with pytest.raises(ValueError, match="row 1, column 1 .* expected a number"):
        read_spectra_table(frame)
    check(read_spectra_table(frame, decimal=","), None)


def test_read_csv_text():
    """What pandas has read already, with classes and groups as numbers."""
    frame = pd.read_csv(io.StringIO("class,g,400,402,404\n1,5,1,2,3\n2,6,4,5,6\n"))
    bunch = read_spectra_table(frame, label="class", group="g")
    assert bunch.target.tolist() == [1, 2] and bunch.groups.tolist() == [5, 6]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_long_numbers_beside_others_in_a_frame(kind):
    """numpy would make floats of them."""
    ids = [2**60 + 1, 2**60 + 2, 0.5]
    columns = {"id": ids, **{str(a): X[:, i] for i, a in enumerate(AXIS)}}
    if kind is pd.DataFrame:
        frame = pd.DataFrame(columns | {"id": pd.Series(ids, dtype=object)})
    else:
        frame = pl.DataFrame(columns | {"id": pl.Series(ids, dtype=pl.Object)})
    found = read_spectra_table(frame, group="id")
    assert found.groups.tolist() == [*map(str, ids)]
    assert found.metadata["id"].tolist() == ids


RANGES = {
    "range": pd.RangeIndex(400, 420, 2),
    "numbers": pd.Index(range(400, 420, 2), dtype="int64").append(pd.Index([421])),
}


@pytest.mark.parametrize("index", RANGES.values(), ids=RANGES)
def test_an_axis_in_the_index_of_a_frame(index):
    """pandas 3 makes a RangeIndex of evenly spaced whole numbers."""
    rising, other = np.linspace(100.5, 180, len(index)), np.arange(len(index)) % 3
    frame = pd.DataFrame({"a": rising, "b": other}, index=index)
    for table in (frame.rename_axis("shift"), frame.reset_index()):
        bunch = read_spectra_table(table)
        np.testing.assert_array_equal(bunch.wavenumbers, index)
        np.testing.assert_array_equal(bunch.data, [rising, other])
    with pytest.raises(ValueError, match=r"index \(400, 402.*reset_index\(drop=True"):
        read_spectra_table(frame)
    bunch = read_spectra_table(frame.reset_index(drop=True))
    np.testing.assert_array_equal(bunch.wavenumbers, rising)


@pytest.mark.parametrize("start", [0, 10, 700])
def test_metadata_in_the_index_of_a_frame(start):
    frame = pd.DataFrame(X, columns=AXIS)
    frame.index = pd.RangeIndex(start, start + 3, name="crystal")
    bunch = read_spectra_table(frame, group="crystal")
    assert bunch.groups.tolist() == [start, start + 1, start + 2]


@pytest.mark.parametrize("first", ["k1,k2,k1", "k1,,", "1,2,1", "1,1,1.1"])
@pytest.mark.parametrize("read", [pd.read_csv, pl.read_csv])
def test_new_names_of_headings_are_no_metadata(tmp_path, first, read):
    """A frame without headings is read as its file is."""
    text = turned().replace("mineral,calcite,quartz,calcite\n", "")
    path = write(tmp_path, f"who,{first}\n{text}")
    with pytest.raises(ValueError, match="new names, made up .* 'who'.* header=None"):
        read_spectra_table(read(path))
    no_headings = {"has_header": False} if read is pl.read_csv else {"header": None}
    bunch = read_spectra_table(read(path, **no_headings))
    check(bunch, None)
    expected = read_spectra_table(path)
    assert list(bunch.names) == list(expected.names) == ["s1", "s2", "s3"]
    assert bunch.metadata.to_dict("list") == expected.metadata.to_dict("list")


@pytest.mark.parametrize("text", [wide(), wide().replace("class", ""), RENISHAW])
def test_frames_without_headings(tmp_path, text):
    path = write(tmp_path, text.replace("\t\t", "\t"))
    mark = "\t" if text is RENISHAW else ","
    found = read_spectra_table(pd.read_csv(path, header=None, sep=mark))
    expected = read_spectra_table(path)
    pd.testing.assert_frame_equal(found.data, expected.data)
    pd.testing.assert_frame_equal(found.metadata, expected.metadata)


@pytest.mark.parametrize("name", ["Wavelength (nm)", "Frequency (THz)", "Raman shift"])
def test_the_name_of_the_columns_states_a_unit_as_that_of_the_index(name):
    frame = pd.DataFrame(
        LEVELS, index=pd.Index(LONG_AXIS, name=name), columns=[*"abcde"]
    )
    told = []
    for table in (frame, frame.T):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = read_spectra_table(table)
        np.testing.assert_array_equal(found.wavenumbers, LONG_AXIS)
        told.append([str(warning.message) for warning in caught])
    assert told[0] == told[1]
    assert len(told[0]) == (name != "Raman shift")


def test_rows_cut_out_of_a_frame():
    """What is left of a count is no axis and no metadata."""
    axis = np.linspace(400.5, 500, 100)
    frame = pd.DataFrame({"shift": axis, "b": np.arange(100) % 7})
    for rows in (slice(20, 40), slice(60, 90)):  # wavenumbers are above 50
        bunch = read_spectra_table(frame.iloc[rows])
        np.testing.assert_array_equal(bunch.wavenumbers, axis[rows])
        assert bunch.metadata.columns.empty
    bunch = read_spectra_table(frame.rename_axis("point"))
    np.testing.assert_array_equal(bunch.wavenumbers, axis)

    wide = pd.DataFrame(np.arange(700).reshape(70, 10) % 7, columns=axis[:10])
    bunch = read_spectra_table(wide[60:])
    assert bunch.data.shape == (10, 10)
    assert bunch.metadata.columns.empty

    long = pd.DataFrame({"x": np.repeat([0, 1], 100), "Raman shift": np.tile(axis, 2)})
    long["Intensity"] = np.arange(200) % 7
    bunch = read_spectra_table(long[long.x == 1])
    np.testing.assert_array_equal(bunch.wavenumbers, axis)
    assert bunch.metadata["x"].tolist() == [1]


def test_rows_that_rise_are_no_axes_by_their_names():
    frame = pd.DataFrame(
        np.arange(30).reshape(3, 10) ** 2, columns=np.linspace(400, 500, 10)
    )
    frame.insert(0, "sample", ["Raman_0", "x1", "cm_2"])
    assert read_spectra_table(frame).data.shape == (3, 10)


@pytest.mark.parametrize("series", [[0.5, 1, 2, 5, 10], [300.5, 310.5, 320, 330, 340]])
@pytest.mark.parametrize("kind", ["fractions", "whole", "range"])
def test_a_series_above_wavenumbers_in_the_index_of_a_frame(series, kind):
    """Concentrations, temperatures: what the frame says is asked, as for its csv."""
    index = {
        "fractions": LONG_AXIS,
        "whole": np.arange(400, 520, 2),
        "range": range(400, 520, 2),
    }[kind]
    frame = pd.DataFrame(LEVELS, index=index, columns=series)
    with pytest.raises(ValueError, match='both rise or fall.*orientation="rows"'):
        read_spectra_table(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bunch = read_spectra_table(frame, orientation="columns")
        stated = read_spectra_table(frame.rename_axis("shift"))
    for found in (bunch, stated):
        np.testing.assert_array_equal(found.wavenumbers, index)
        np.testing.assert_array_equal(found.data, LEVELS.T)
        assert [float(name) for name in found.names] == series


def test_chosen_rows_of_a_wide_frame():
    """Their index has gaps as no axis has, and is told from one."""
    frame = pd.DataFrame(LEVELS, columns=LONG_AXIS[:5])
    chosen = np.sort(np.random.default_rng(1).choice(np.arange(5, 60), 12, False))
    for rows in (chosen[chosen > 9], [50, 52, 53, 59], slice(0, 60, 2)):
        np.testing.assert_array_equal(
            read_spectra_table(frame.iloc[rows]).data, LEVELS[rows]
        )
    frame.insert(0, "class", np.repeat([*"abcdef"], 10))  # words are no spectrum
    frame.index += 100
    bunch = read_spectra_table(frame[frame["class"].isin(["b", "d"])], label="class")
    np.testing.assert_array_equal(bunch.data, LEVELS[np.r_[10:20, 30:40]])
