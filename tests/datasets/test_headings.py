"""Tables: what stands above the numbers, and what it says of a column."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_raman.datasets import load_spectra, read_spectra_table, wavenumber_to_nm
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


@pytest.mark.parametrize("places", [["X", "Y"], ["X"], ["Time"], ["Y", "X", "Z"]])
@pytest.mark.parametrize("start", [-1.0, 3000.0])
def test_headings_of_a_map_hold_whatever_the_first_row_is(tmp_path, places, start):
    """Where the map begins changes nothing, also if its first row rises."""
    where = start + np.arange(3) + 0.25
    text = "\t\t".join(f"#{name}" for name in [*places, "Wave", "Intensity"]) + "\n"
    for place, row in zip(where, X, strict=True):
        for a, v in list(zip(AXIS, 5000 + X[0] + row, strict=True))[::-1]:
            cells = [*np.linspace(place, place + 0.5, len(places)), a + 4000, v + 5000]
            text += "\t".join(f"{cell:.3f}" for cell in cells) + "\n"
    path = write(tmp_path, text)
    for bunch in (read_spectra_table(path), read_spectra_table(path, header=0)):
        np.testing.assert_array_equal(bunch.wavenumbers, AXIS[::-1] + 4000)
        np.testing.assert_allclose(bunch.data, (10000 + X[0] + X)[:, ::-1])
        known = bunch.metadata[places[0] if len(places[0]) > 1 else places[0].lower()]
        np.testing.assert_array_equal(known, where)


@pytest.mark.parametrize("orientation", [None, "columns"])
def test_names_behind_a_sign_above_a_row_that_rises(tmp_path, orientation):
    axis = 400.5 + np.arange(6)
    spectra = np.array([[500.0, 520, 510, 530, 505, 500]]).T + [0, 100, 200]
    rows = [",".join(map(str, row)) for row in np.c_[axis, spectra]]
    path = write(tmp_path, "\n".join(["#Raman shift,s1,s2,s3", *rows]) + "\n")
    bunch = read_spectra_table(path, orientation=orientation)
    assert list(bunch.names) == ["s1", "s2", "s3"]
    np.testing.assert_array_equal(bunch.data, spectra.T)


def test_words_above_wavenumbers_are_no_headings(tmp_path):
    """A comment of as many cells as the table has columns."""
    text = "# exported\tby\tsomebody\tin 2024\n" + wide("\t", head=(), columns=())
    check(read_spectra_table(write(tmp_path, text)), None)


@pytest.mark.parametrize("name", ["SD", "std. dev.", "error", "dark", "Pixel"])
def test_columns_that_are_no_spectra(tmp_path, name):
    """Both readers refuse them, in the same words."""
    text = turned().replace("s3", name).replace("mineral,calcite,quartz,calcite\n", "")
    path = write(tmp_path, text)
    for read in (load_spectra, read_spectra_table):
        with pytest.raises(ValueError, match=rf"column 4 is headed '{name}', as no"):
            read(path)
    with pytest.raises(ValueError, match="Delete it, or rename it"):
        read_spectra_table(path)
    kept = load_spectra(path, columns=("Raman shift", "s1", "s2"))
    np.testing.assert_array_equal(kept.data, X[:2])


@pytest.mark.parametrize(
    ("head", "n_points"),
    [
        ("Raman shift (cm-1),Wavelength (nm),Intensity", 12),
        ("Wavelength (nm),Raman shift (cm-1),Intensity", 4),
        ("No,Raman shift,Intensity", 4),
        ("Raman shift,Raw,Dark", 4),
    ],
)
def test_columns_beside_spectra(tmp_path, head, n_points):
    points = range(n_points)
    rows = [f"{400.5 + 1.7 * i:.2f},{540 + i / 2},{900 + i % 3}" for i in points]
    path = write(tmp_path, "\n".join([head, *rows]) + "\n")
    for read in (load_spectra, read_spectra_table):
        with pytest.raises(ValueError, match="column [23],? .*(axis|no spectrum)"):
            read(path)


UNITS = {
    "plain": "cm-1,counts,counts,counts",
    "brackets": "[1/cm],[CCD cts],[CCD cts],[CCD cts]",
    "arbitrary": "(cm^-1),(a.u.),(a.u.),(a.u.)",
    "first only": "cm-1,,,",
    "no corner": ",arb. units,arb. units,arb. units",
}


@pytest.mark.parametrize("units", UNITS.values(), ids=UNITS)
def test_a_row_of_units_does_not_hide_the_names(tmp_path, units):
    text = turned().replace("mineral,calcite,quartz,calcite", units)
    path = write(tmp_path, text)
    for read in (load_spectra, read_spectra_table):
        bunch = read(path)
        check(bunch, None)
        assert [n.removeprefix("t.csv: ") for n in bunch.names] == ["s1", "s2", "s3"]
        assert f"units {units.strip(',').split(',')[0]}" in bunch.DESCR
    check(
        read_spectra_table(pd.read_csv(path, dtype=object, keep_default_na=False)), None
    )


@pytest.mark.parametrize("read", [load_spectra, read_spectra_table])
def test_a_stated_unit_counts_more_than_words(tmp_path, read):
    nm = wavenumber_to_nm(LONG_AXIS, 785.0)
    for heading, axis in (
        ("Raman wavelength (nm)", nm),
        ("Raman shift (meV)", 0.12398 * LONG_AXIS),
    ):
        rows = [f"{a!r},{b}" for a, b in zip(axis.tolist(), LEVELS[:, 0], strict=True)]
        path = write(tmp_path, "\n".join([f"{heading},a", *rows]) + "\n")
        unit = heading.partition("(")[2][:-1]
        with pytest.warns(UserWarning, match=f"it is stated in {unit}, not as Raman"):
            read(path)
        if unit == "nm":
            found = read(path, laser_nm=785.0).wavenumbers
            np.testing.assert_allclose(found, LONG_AXIS)


def test_units_state_the_axis(tmp_path):
    text = turned().replace("Raman shift", "x")
    text = text.replace("mineral,calcite,quartz,calcite", "nm,cts,cts,cts")
    path = write(tmp_path, text)
    for read in (load_spectra, read_spectra_table):
        bunch = read(path, laser_nm=390.0)
        np.testing.assert_allclose(bunch.wavenumbers, 1e7 / 390 - 1e7 / AXIS)
        assert bunch.names[0].endswith("s1")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "row", ["Wavelength (nm),785,532,785", "Laser / nm,532,532,532"]
)
def test_a_row_of_lasers_is_no_unit_of_shifts(tmp_path, row):
    text = turned().replace("Raman shift", "Raman shift (cm-1)")
    path = write(tmp_path, text.replace("mineral,calcite,quartz,calcite", row))
    for read in (load_spectra, read_spectra_table):
        bunch = read(path)
        check(bunch, None)
        assert bunch.names[0].endswith("s1")


@pytest.mark.parametrize("corner", ["", "wavenumber", "cm-1"])
def test_two_rows_of_names(tmp_path, corner):
    path = write(tmp_path, turned().replace("mineral", corner))
    for read in (load_spectra, read_spectra_table):
        with pytest.raises(
            ValueError, match=r"line 1 \('Raman shift.*line 2 .*both name the spectra"
        ):
            read(path)
    np.testing.assert_array_equal(load_spectra(path, columns=(0, 2)).data, X[1:2])
    assert list(read_spectra_table(path, header=1).names) == WHO


def test_rows_of_names_beside_metadata(tmp_path):
    """load_spectra would lose one of them; read_spectra_table keeps both."""
    path = write(tmp_path, turned())
    with pytest.raises(ValueError, match="both name the spectra.*read_spectra_table"):
        load_spectra(path)
    text = turned().replace("\n", "\nmineral,1,2,3\n", 1)
    with pytest.raises(ValueError, match="several rows are headed 'mineral'"):
        read_spectra_table(write(tmp_path, text))
    text = RENISHAW.replace("#Y", "#x")
    with pytest.raises(ValueError, match="several columns are headed x"):
        read_spectra_table(write(tmp_path, text))


POINTS = "".join(f"{400.5 + i};{900 + i % 3};{1000 + i % 4}\n" for i in range(12))


@pytest.mark.parametrize(
    "headings",
    [
        "Raman shift;s1;s2\ncm-1;Zähler;Zähler",
        "Raman shift;s1;s2\ncm-1;-;-",
        "Raman shift range;400;1800\nRaman shift;s1;s2",
        "Raman shift;s1;s2\nLaser wavelength (nm);785;785",
        "Wavenumber;Intensity;Intensity\ncm-1;a.u.;a.u.\n;s1;s2",
    ],
)
def test_one_row_of_headings_names_the_spectra(headings, tmp_path):
    """Units in any language, numbers, and words that all columns have, do not."""
    path = write(tmp_path, f"{headings}\n{POINTS}")
    assert read_spectra_table(path).names.tolist() == ["s1", "s2"]
    names = load_spectra(path).names
    assert [name.split(": ")[1] for name in names] == ["s1", "s2"]


@pytest.mark.parametrize("read", [read_spectra_table, load_spectra])
@pytest.mark.parametrize("heading", ["Pixel", "pixel no.", "Data point", "Channel #"])
@pytest.mark.parametrize("names", ["a,b", "a"])
def test_a_part_of_a_count_is_doubted(tmp_path, read, heading, names):
    """What the heading says to count pixels or points, wherever it begins."""
    below = [f"{n},{900 + n % 3},{800 + n % 4}" for n in range(60, 90)]
    if names == "a":
        below = [row.rpartition(",")[0] for row in below]
    path = write(tmp_path, "\n".join([f"{heading},{names}", *below]) + "\n", "c.csv")
    with pytest.warns(UserWarning, match="stated in pixels or points, not as Raman"):
        bunch = read(path)
    assert "pixels or points" in bunch.DESCR
    above = "\n".join([f"cm-1,{names}", *below]) + "\n"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(write(tmp_path, above, "d.csv")).wavenumbers[0] == 60


def test_pixels_in_headings_are_doubted_and_an_index_of_a_frame_is_not(tmp_path):
    columns = [f"Pixel {n}" for n in range(60, 120)]
    with pytest.warns(UserWarning, match="stated in pixels or points"):
        read_spectra_table(pd.DataFrame(LEVELS.T, columns=columns))
    frame = pd.DataFrame(LEVELS, index=np.arange(400, 460), columns=[*"abcde"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for table in (frame, frame.reset_index()):
            assert read_spectra_table(table).wavenumbers[0] == 400
