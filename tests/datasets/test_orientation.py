"""Tables: which way round they are, and which columns are axes."""

import re

import numpy as np
import pandas as pd
import pytest

from sklearn_raman.datasets import load_spectra, read_spectra_table
from tests.datasets._tables import (
    AXIS,
    LEVELS,
    LONG_AXIS,
    X,
    as_line,
    check,
    write,
)


def test_orientation_is_asked_without_headings(tmp_path):
    """Two spectra in columns, whose first row falls like an axis."""
    rows = "".join(f"{400 + i},{12 + i % 3}.5,{1 + i % 2}.5\n" for i in range(6))
    for before in ("", "6\n", "6,2\n"):
        with pytest.raises(ValueError, match='Pass orientation="rows" if'):
            read_spectra_table(write(tmp_path, before + rows))


def test_orientation_is_asked_if_both_fit(tmp_path):
    """Samples 101, 102, ... in the headings and an axis in the first column."""
    text = "n,101,102,103\n" + "".join(
        f"{a}," + ",".join(map(str, x)) + "\n" for a, x in zip(AXIS, X.T, strict=True)
    )
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match='both rise or fall.*orientation="rows"'):
        read_spectra_table(path)
    check(read_spectra_table(path, orientation="columns"), None)
    path = write(tmp_path, text.replace("n,", "wavenumber,"))
    with pytest.raises(ValueError, match="headed 'wavenumber'.*orientation="):
        read_spectra_table(path)
    longer = "".join(f"{400 + 2 * i},{i % 3},{i % 4},{i % 5}\n" for i in range(20))
    path = write(tmp_path, "wavenumber,101,102,103\n" + longer)
    np.testing.assert_array_equal(
        read_spectra_table(path).wavenumbers, 400 + 2 * np.arange(20)
    )


@pytest.mark.parametrize("first", [101, 0.5, 1])
def test_heights_at_a_few_bands(tmp_path, first):
    """Fewer bands than samples; the first cell says what the headings are."""
    bands = [621, 643, 785, 853, 1003, 1155, 1450, 1660]
    heights = np.random.default_rng(0).integers(90, 101, (12, 8))
    text = as_line(["Raman shift (cm-1)", *bands]) + "".join(
        as_line([first + i * min(first, 1), *y]) for i, y in enumerate(heights)
    )
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match='rise or fall.*orientation="rows"'):
        read_spectra_table(path)
    bunch = read_spectra_table(path, orientation="rows")
    np.testing.assert_array_equal(bunch.data, heights)
    np.testing.assert_array_equal(bunch.wavenumbers, bands)


@pytest.mark.parametrize(
    "orientation, text, match",
    [
        (
            "rows",
            as_line("cab") + as_line([400, 1, 2]),
            "headings .* are no numbers",
        ),
        (
            "rows",
            as_line(["c", 400, 402, 401]) + as_line("a123"),
            "After .* Expected headings that rise or fall",
        ),
        (
            "columns",
            as_line("ca") + as_line([400, 3]) + as_line(["end", 3]),
            "below numbers",
        ),
        (
            "columns",
            as_line("ca") + as_line([400, 3]) + as_line(["", 3]) + as_line([404, 3]),
            "line 3 lacks a number in the first column",
        ),
        (
            "columns",
            as_line("ca") + as_line([400, ""]) + as_line([401, ""]),
            "no column beside",
        ),
    ],
)
def test_errors_in_a_given_orientation(tmp_path, orientation, text, match):
    with pytest.raises(ValueError, match=rf"t\.csv: .*{match}"):
        read_spectra_table(write(tmp_path, text), orientation=orientation)


def test_intensities_are_no_axis(tmp_path):
    """Few points without headings: a first line that rises is not the axis."""
    text = "100.5;120000;340000\n101.5;5;7\n102.5;12;8\n"
    bunch = read_spectra_table(write(tmp_path, text))
    np.testing.assert_array_equal(bunch.wavenumbers, [100.5, 101.5, 102.5])
    np.testing.assert_array_equal(bunch.data, [[120000, 5, 12], [340000, 7, 8]])
    with pytest.warns(UserWarning, match="looks like intensities"):
        read_spectra_table(write(tmp_path, text), orientation="rows")


def side_by_side(n_points=60):
    """Two axes, each with its intensities behind it."""
    rng = np.random.default_rng(0)
    axes = np.linspace(200.3, 1800.1, n_points), np.linspace(199.7, 1799.2, n_points)
    spectra = rng.normal(900, 8, (2, n_points))
    return np.c_[axes[0], spectra[0], axes[1], spectra[1]].round(3)


PAIRS = {
    "none": None,
    "numbered": "x1,y1,x2,y2",
    "letters": "A,B,C,D",
    "named": "calcite x,calcite,quartz x,quartz",
    "shifts": "Raman shift a,a,Raman shift b,b",
}


@pytest.mark.parametrize("headings", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("order", [1, -1])
def test_each_spectrum_with_an_axis_of_its_own(tmp_path, headings, order):
    table = side_by_side()[::order]
    lines = [headings] * (headings is not None)
    lines += [",".join(map(str, row)) for row in table]
    path = write(tmp_path, "\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=r"column 3 is an axis too.*columns="):
        load_spectra(path)
    with pytest.raises(ValueError, match=r"column 3 .*is an axis, as the first"):
        read_spectra_table(path, orientation="columns")
    second = load_spectra(path, columns=(2, 3))
    np.testing.assert_array_equal(second.wavenumbers, table[:, 2])
    if headings is None:
        frame = pd.DataFrame(table.T, columns=[f"c{i}" for i in range(60)])
        frame.columns = table[:, 0] - 0.1
        with pytest.raises(ValueError, match="row 1 rises or falls all the way"):
            read_spectra_table(frame)


def test_shorter_axes_with_an_x_in_the_heading(tmp_path):
    """Also if one spectrum has fewer points, and cells below it are empty."""
    table = side_by_side(9)
    lines = [",".join(map(str, row)) for row in table[:-1]]
    lines.append(",".join([*map(str, table[-1, :2]), "", ""]))
    path = write(tmp_path, "x,calcite,x2,quartz\n" + "\n".join(lines) + "\n")
    for read in (load_spectra, read_spectra_table):
        with pytest.raises(ValueError, match="column 3 .*is an axis"):
            read(path, missing="drop")


@pytest.mark.parametrize("values", ["rising", "elsewhere", "last"])
def test_spectra_that_rise_are_no_axes(tmp_path, values):
    """Smooth ones, where nothing else speaks for an axis."""
    axis, noisy, rising, _ = side_by_side().T
    columns = {
        "rising": [rising, rising + axis],  # both: no spectrum of an axis between
        "elsewhere": [axis * 50, noisy],
        "last": [noisy, rising],
    }[values]
    rows = np.column_stack([axis, *columns])
    text = "Raman shift,a,b\n" + "\n".join(",".join(map(str, r)) for r in rows) + "\n"
    path = write(tmp_path, text)
    for read in (load_spectra, read_spectra_table):
        np.testing.assert_allclose(read(path).data, columns)


def test_a_background_is_no_axis(tmp_path):
    """It falls, bends, or says what it is; an axis of its own is still refused."""
    axis, noisy = np.linspace(400.5, 1800.2, 60), np.arange(60) % 7
    bent, straight = 3000 * np.exp(-axis / 900), 0.9 * axis + 500
    cases = {"a": bent, "b": bent[::-1], "c": straight[::-1], "baseline": straight}
    for name, background in cases.items():
        frame = pd.DataFrame({"Raman shift": axis, name: background, "s": noisy})
        assert read_spectra_table(frame).names.tolist() == [name, "s"]
    frame = pd.DataFrame({"Raman shift": axis, "d": axis + 0.6, "s": noisy})
    with pytest.raises(ValueError, match="'d'. is an axis"):
        read_spectra_table(frame)


@pytest.mark.parametrize("corner", ["Raman shift (cm-1)", "Wavenumber", "cm-1"])
@pytest.mark.parametrize("first", [1, 10, 101, 2001, 20.5])
def test_a_first_cell_that_is_said_of_its_row(tmp_path, corner, first):
    """Numbered samples, years, temperatures below it, and an axis beside it."""
    numbers = first + np.arange(5)
    wide = pd.DataFrame(LEVELS.T, columns=LONG_AXIS)
    wide.insert(0, corner, numbers)
    path = tmp_path / "t.csv"
    wide.to_csv(path, index=False)
    asked = f"rise or fall like an axis.*{re.escape(corner)}.*orientation="
    for table in (path, wide, wide.set_index(corner)):
        with pytest.raises(ValueError, match=asked):
            read_spectra_table(table)
        bunch = read_spectra_table(table, orientation="rows")
        np.testing.assert_array_equal(bunch.wavenumbers, LONG_AXIS)
        np.testing.assert_array_equal(bunch.data, LEVELS.T)
    turned = pd.DataFrame(LEVELS, columns=numbers * 1.5)
    turned.insert(0, corner, LONG_AXIS)  # a short series is no axis
    turned.to_csv(path, index=False)
    for table in (path, turned):
        np.testing.assert_array_equal(read_spectra_table(table).data, LEVELS.T)
