"""One text file: every format gives the same numbers, or an error with its place."""

import sys
from collections import Counter

import numpy as np
import pytest

from sklearn_raman.datasets import load_spectra, read_spectra_table, wavenumber_to_nm

AXIS = np.array([400.5, 402.25, 404.0, 405.75, 407.5])
Y = np.array([12.0, 1234.5, -3.25, 0.001, 100000.0])


def write(folder, content, name="a.txt", encoding="utf-8"):
    path = folder / name
    raw = content if isinstance(content, bytes) else content.encode(encoding)
    path.write_bytes(raw)
    return path


def lines(delimiter="\t", decimal=".", axis=AXIS, y=Y, form="{}"):
    rows = [
        delimiter.join(form.format(v).replace(".", decimal) for v in pair)
        for pair in zip(axis, y, strict=True)
    ]
    return "\n".join(rows) + "\n"


def check(bunch, axis=AXIS, y=Y):
    np.testing.assert_array_equal(bunch.wavenumbers, axis)
    np.testing.assert_array_equal(bunch.data.to_numpy(), [y])


LABSPEC = "#Acq. time (s)=\t10\n#Accumulations=\t2\n#Laser (nm)=\t532\n#Title=\tr\n"
WITEC = (
    "//Exported ASCII-File\n\n[Header]\nFileName = C:\\a.wip\nSizeX = 1\nSizeY = 1\n"
    "XAxisUnit = rel. 1/cm\n\n[Data]\nX-Axis\tSpec.Data 1\n"
)
OCEAN = (
    "Data from a Node\n\nDate: Thu Jan 02 2020\nIntegration Time (sec): 1.000000E0\n"
    "Number of Pixels in Spectrum: 5\n>>>>>Begin Spectral Data<<<<<\n"
)
SIXTY = "".join(f"key{i};value {i}\n" for i in range(60))

FORMATS = {
    "tab": lines(),
    "comma": lines(","),
    "comma and space": lines(", "),
    "semicolon": lines(";"),
    "semicolon, decimal comma": lines(";", ","),
    "tab, decimal comma": lines("\t", ","),
    "spaces": lines("   "),
    "spaces, decimal comma": lines("  ", ","),
    "bar": lines("|"),
    "aligned": "".join(f"{a:12.3f}{b:14.4f}\n" for a, b in zip(AXIS, Y, strict=True)),
    "scientific": lines("\t", form="{:.6E}"),
    "scientific, decimal comma": lines(";", ",", form="{:.6e}"),
    "plus signs": lines(";", form="{:+.4f}"),
    "trailing delimiter": lines().replace("\n", "\t\n"),
    "trailing delimiter but once": lines().replace("\n", "\t\n").rstrip(),
    "trailing semicolons": lines(";", ",").replace("\n", ";;\n"),
    "two tabs": lines("\t\t"),
    "CRLF": lines().replace("\n", "\r\n"),
    "CR": lines().replace("\n", "\r"),
    "mixed ends": lines().replace("\n", "\r\n", 2),
    "blank lines": "\n\n" + lines().replace("\n", "\n\n"),
    "no end of line": lines().rstrip(),
    "quoted cells": lines('"\t"').replace("\n", '"\n"').rstrip('"').join(['"', ""]),
    "quoted lines": "".join(f' " {line}"\r\n' for line in lines().splitlines()),
    "comments": "# a\n% b\n" + lines() + "# the end 1 2\n",
    "blank line inside": lines().replace("\n404", "\n\n404"),
    "comment inside": lines().replace("\n", "\n#402 no point\n", 1),
    "csv with quoted decimals": "".join(
        f'"{a}","{b}"\n'.replace(".", ",") for a, b in zip(AXIS, Y, strict=True)
    ),
    "true minus sign": lines().replace("-", "\u2212"),
    "heading": "Raman Shift (cm-1)\tIntensity\n" + lines(),
    "heading, semicolon": "Raman Shift;Intensity\n" + lines(";", ","),
    "heading, comma": "wavenumber,intensity\n" + lines(","),
    "heading, spaces": "Raman shift / cm-1   Counts\n" + lines("  "),
    "Renishaw": "#Wave\t\t#Intensity\n" + lines(),
    "LabSpec": LABSPEC + lines(),
    "WITec": WITEC + lines(form=" {:.6E}"),
    "Ocean": OCEAN + lines() + ">>>>>End Spectral Data<<<<<\n",
    "sixty": SIXTY + "Raman shift;Intensity\n" + lines(";", ","),
    "count first": "5\n" + lines(),
    "date first": "12.03.2021\t10:15\n" + lines(),
    "title": "calcite 532 nm, 10 s\n" + lines(),
    "footer after a blank line": lines("  ") + "\n\nsaved by somebody\n",
    "footer": lines() + "Total points: five\nsaved by somebody\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_same_numbers(tmp_path, name):
    """How a file is written does not change what is read."""
    check(load_spectra(write(tmp_path, FORMATS[name])))


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8",
        "utf-8-sig",
        "latin-1",
        "cp1252",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
    ],
)
def test_encodings(tmp_path, encoding):
    """Signs beyond ASCII in the header, in each encoding that instruments write."""
    text = "Größe: 5 µm²\nRaman shift (cm-1)\tIntensität\n" + lines()
    bunch = load_spectra(write(tmp_path, text, encoding=encoding))
    check(bunch)
    assert "'Intensität'" in bunch.DESCR
    assert encoding[:6] in bunch.DESCR or encoding == "latin-1"  # cp1252 contains it


def test_undefined_in_cp1252(tmp_path):
    raw = b"\x81\xb5m\n" + lines().encode()
    assert "encoding latin-1" in load_spectra(write(tmp_path, raw)).DESCR


def test_encoding_given(tmp_path):
    path = write(tmp_path, "ä\tb\n" + lines(), encoding="latin-1")
    with pytest.raises(ValueError, match=r"byte 0 is not utf-8"):
        load_spectra(path, encoding="utf-8")
    for name in ("klingon", "rot13"):
        with pytest.raises(ValueError, match=f"encoding='{name}' is no encoding of"):
            load_spectra(path, encoding=name)
    check(load_spectra(path, encoding="latin-1"))


def test_choices_are_stated(tmp_path):
    bunch = load_spectra(write(tmp_path, SIXTY + lines(";", ",") + "the end\n"))
    for fact in (
        "delimiter semicolon",
        "decimal comma",
        "encoding utf-8",
        "60 header lines",
        "1 footer line",
    ):
        assert fact in bunch.DESCR


def test_falling_axis_stays(tmp_path):
    check(load_spectra(write(tmp_path, lines(axis=AXIS[::-1], y=Y))), AXIS[::-1])


def test_a_gap_is_no_second_spectrum(tmp_path):
    """Two windows of one spectrum; nothing but the step tells them apart."""
    axis = AXIS + [0, 0, 0, 500, 500]
    check(load_spectra(write(tmp_path, lines(axis=axis))), axis)


def test_axis_reads_back_exactly(tmp_path):
    axis = np.cumsum(np.random.default_rng(0).uniform(0.1, 2, 50)) + 100
    bunch = load_spectra(
        write(
            tmp_path,
            lines(axis=axis, y=axis, form="{!r}")
            .replace("np.float64(", "")
            .replace(")", ""),
        )
    )
    assert [float(label) for label in bunch.data.columns] == axis.tolist()


def test_several_spectra(tmp_path):
    """Each further column is a spectrum, with its heading as name."""
    text = "shift,calcite 1,calcite 2,quartz\n400,1,2,3\n401,4,5,6\n402,7,8,9\n"
    bunch = load_spectra(write(tmp_path, text))
    assert list(bunch.names) == [
        f"a.txt: {n}" for n in ("calcite 1", "calcite 2", "quartz")
    ]
    np.testing.assert_array_equal(
        bunch.data.to_numpy(), [[1, 4, 7], [2, 5, 8], [3, 6, 9]]
    )
    assert len(set(bunch.filenames)) == 1


def test_columns(tmp_path):
    text = "n;shift;dark;signal\n" + "".join(
        f"{i};{400 + i};{i % 3};{i * i}\n" for i in range(12)
    )
    path = write(tmp_path, text)
    for columns in (["shift", "signal"], (1, 3), [1, "signal"]):
        bunch = load_spectra(path, columns=columns)
        assert bunch.wavenumbers[0] == 400
        np.testing.assert_array_equal(bunch.data.to_numpy()[0], np.arange(12) ** 2)
        assert "columns 'shift', 'signal'" in bunch.DESCR
    for columns, match in (
        (["shift", "Signal"], "no column is headed 'Signal'.*'signal'"),
        ([1, 4], "column 4, but there are 4"),
        ([1, 1], "twice"),
        ([1], "must name the column"),
    ):
        with pytest.raises(ValueError, match=match):
            load_spectra(path, columns=columns)


def test_index_column_of_pandas(tmp_path):
    text = ",wavenumber,intensity\n" + "".join(
        f"{i},{400 + 2 * i},{i * i}\n" for i in range(5)
    )
    bunch = load_spectra(write(tmp_path, text, "a.csv"))
    assert bunch.wavenumbers.tolist() == [400, 402, 404, 406, 408]
    assert len(bunch.data) == 1
    assert "left out the index in the first column" in bunch.DESCR


BWTEK = (
    "File Version;BWRam4.11_11\nintegration times(ms);40\nlaser_wavelength;785,00\n"
    "Pixel;Wavelength;Wavenumber;Raman Shift;Dark;Raw data #1;Dark Subtracted #1;\n"
    "0;   ;   ;   ;958,3;943,3;-15,0;\n"
    + "".join(
        f"{i};{785 + i / 10:.2f};{9000 - i};{i * 1.5:.2f};900;{i + 900};{i}.25;\n"
        for i in range(1, 30)
    ).replace(".", ",")
    + "30;   ;   ;   ;958,3;943,3;-15,0;\n"
)


def test_spectrometer_table(tmp_path):
    """Eight columns, the axis in the fourth, detector edges without an axis."""
    path = write(tmp_path, BWTEK)
    with pytest.raises(ValueError, match="3 'Raman Shift', 4 'Dark'"):
        load_spectra(path)
    columns = ("Raman Shift", "Dark Subtracted #1")
    with pytest.raises(ValueError, match=r"line 5: '0;.*lacks a number in column 4"):
        load_spectra(path, columns=columns)
    bunch = load_spectra(path, columns=columns, missing="drop")
    np.testing.assert_allclose(bunch.wavenumbers, 1.5 * np.arange(1, 30))
    np.testing.assert_allclose(bunch.data.to_numpy()[0], np.arange(1, 30) + 0.25)
    assert "2 points without a number dropped" in bunch.DESCR


@pytest.mark.parametrize("token", ["nan", "NaN", "--", "", "N/A", "1.#IND", "inf"])
def test_missing(tmp_path, token):
    """A point without a number: an error with the line, or left out and counted."""
    text = lines(";").replace("-3.25", token)
    path = write(tmp_path, "shift;counts\n" + text)
    with pytest.raises(ValueError, match=r"a\.txt: line 4: '404\.0;.*lacks a number"):
        load_spectra(path)
    bunch = load_spectra(path, missing="drop")
    check(bunch, np.delete(AXIS, 2), np.delete(Y, 2))
    assert "1 point without a number dropped" in bunch.DESCR


ERRORS = {
    "empty": ("", "the file is empty"),
    "blank": ("\n \r\n", "the file is empty"),
    "prose": ("not a spectrum\n", "holds no number"),
    "one point": ("400 1\n", "column 2 holds 1 points; expected a spectrum"),
    "one column": ("400\n401\n402\n", "expected a row of two or more numbers"),
    "broken line": (
        lines().replace("404.0\t-3.25", "404.0\t-3.x25"),
        r"line 3: '404.0\\t-3.x25'; expected 2 numbers",
    ),
    "broken first line": (
        lines().replace("400.5\t12.0", "400.5\t1?2.0"),
        r"line 1: '400.5\\t1\?2.0'; expected 2 numbers",
    ),
    "broken last line": (
        lines().replace("100000.0", "1e5 ?"),
        r"line 5: .*expected 2 numbers",
    ),
    "breaks off": (lines() + "409", r"line 6: '409'; expected 2 numbers"),
    "first axis value broken": ("4,0.5\t1\n" + lines(), r"line 1: .*expected 2"),
    "first line of three": ("399\t0\t1\n" + lines(), r"line 1: .*expected 2"),
    "text inside": (
        lines().replace("404.0", "saved\n404.0"),
        r"line 3: 'saved'; expected 2 numbers",
    ),
    "three numbers": (
        lines().replace("-3.25", "-3.25\t7"),
        r"line 3: '404.0\\t-3.25\\t7'; expected 2",
    ),
    "axis twice": (
        lines(axis=[400, 401, 401, 402, 403]),
        r"line 3: '401.*repeats the axis value of line 2",
    ),
    "axis turns": (
        lines(axis=[400, 401, 402, 399, 403]),
        r"line 4: '399.*goes back from 402 to 399",
    ),
    "two spectra": (lines() + lines(), r"line 6: .*repeats the axis value of line 1"),
    "axis in zigzag": (
        lines(axis=[400, 402, 401, 403, 402]),
        "line 3: '401.* goes back from 402 to 401",
    ),
    "two spectra that rise": (
        lines() + "\n" + lines(axis=AXIS + 100),
        r"line 7: '500\.5.* goes from 407\.5 to 500\.5 behind a blank line or a .* "
        "expected one axis",
    ),
    "two spectra that fall": (
        lines(axis=AXIS[::-1] + 100) + "# second\n" + lines(axis=AXIS[::-1]),
        r"line 7: '407\.5.* behind a blank line or a comment",
    ),
    "headings twice": (
        "# shift a\n" + lines() + "# shift a\n" + lines(axis=AXIS + 8.75),
        "line 7: '# shift a' repeats the headings, .* expected one in a file",
    ),
    "headings twice, no comment": (
        "shift\ta\n" + lines() + "shift\ta\n" + lines(axis=AXIS + 8.75),
        r"line 7: 'shift\\ta'; expected 2 numbers",
    ),
    "a table above": (
        "400\t1\t2\n401\t1\t2\n402\t1\t2\nshift\ta\n" + lines(),
        r"line 1: '400\\t1\\t2'; expected 2 numbers",
    ),
    "two spectra side by side": (
        "400 1 400 1\n401 2 401 7\n402 1 402 2\n",
        "column 3 is an axis too; .* Pass columns=.*: 0, 1, 2, 3",
    ),
    "two axes by heading": (
        "shift;a;shift;b\n400;1;500;1\n401;2;501;7\n402;1;502;2\n",
        "column 3 is an axis too; .* 2 'shift', 3 'b'",
    ),
    "thousands": (
        "400.5\t1,234.5\n401.5\t1,235.5\n",
        "line 1: .*Thousands separators are not read",
    ),
    "thousands, decimal comma": (
        "400,5;1.234,5\n401,5;1.235,5\n",
        "Thousands separators are not read",
    ),
    "maybe thousands": (
        "400;987\n401;1.234\n402;2.345\n403;12.345\n404;999\n",
        r"line 2: '401;1.234': the point in column 2 may separate thousands",
    ),
    "maybe thousands, comma": (
        "400;987\n401;1,234\n402;2,345\n403;12,345\n404;999\n",
        "the comma in column 2 may separate thousands",
    ),
    "spaces between thousands": (
        "400.5\t1 234\n401.5\t12 345\n",
        "line 1: .* the space in '1 234' may separate thousands",
    ),
    "spaces between thousands, quoted": (
        '"400.5"\t"1 234"\n"401.5"\t"2 345"\n',
        "'1 234'",
    ),
    "no-break spaces": ("400.5\t1\xa0234\n401.5\t1\xa0345\n", "may separate thousands"),
    "an empty column": ("400,\n401,\n", "only one column holds numbers"),
    "spaces for all": ("400.5 1 234\n401.5 1 034\n", "line 2: .*'1 034' may separate"),
    "commas for all": (
        "400,5,12,3\n401,5,13,4\n402,5,14,8\n",
        "line 1: '400,5,12,3' can be read in two ways",
    ),
    "decimal commas and whole numbers": (
        "400,5,12\n401,5,13\n402,5,14\n",
        "can be read in two ways",
    ),
    "commas for all, uneven": (
        "400,5,12,3\n401,13,4\n402,5,14,8\n",
        "line 2: '401,13,4'; expected 4 numbers",
    ),
    "thousands, few of them": (
        "400\t999\n401\t1,600\n402\t800\n",
        r"line 2: .* comma in column 2 may separate thousands",
    ),
    "thousands, all of them": (
        "400\t1,500\n401\t1,600\n402\t1,700\n",
        r"line 1: .* comma in column 2 may separate thousands",
    ),
    "two points of no spectrum": (
        lines(axis=AXIS[::-1]) + "8\t2\n",
        r"line 6: '8\\t2' is 392\.5 from the next axis value; expected at most 1\.75",
    ),
    "nanometers and wavenumbers": (
        "".join(f"{530 + i / 10},{i * 3 + 90.5},{i % 3}\n" for i in range(6)),
        "column 2 is an axis too",
    ),
    "wavenumbers in another column": (
        "pixel size,cm-1,I\n" + "".join(f"{5.5 * i},{i + 90.5},7\n" for i in range(6)),
        "column 2 is an axis too",
    ),
    "spectra in rows": (
        "\n".join(" ".join(str(i + 400 * k) for i in range(400, 420)) for k in (0, 1)),
        "the first of 2 rows rises or falls like an axis of 20 points",
    ),
    "deviations": (
        "shift\tmean\tmean_std\n400\t1\t.1\n401\t2\t.1\n402\t3\t.2\n",
        "column 3 is headed 'mean_std', as no spectrum of a sample",
    ),
    "underscores": ("400 1_000\n401 1_001\n", "expected a row of two or more numbers"),
    "binary": (bytes(range(256)) * 4, "the file is binary"),
    "half a sign": (b"\xff\xfe4\x000\x00\x00\xd8", "starts like utf-16, but byte"),
    "wide table": (
        "id,"
        + ",".join(str(400 + i) for i in range(20))
        + "\n"
        + "".join(f"{n},{'5,' * 19}5\n" for n in (1, 2, 3)),
        "If it is, read it with read_spectra_table",
    ),
    "map": (
        "#X\t\t#Y\t\t#Wave\t\t#Intensity\n0\t0\t400\t1\n0\t0\t401\t2\n1\t0\t400\t3\n"
        "1\t0\t401\t4\n",
        "read_spectra_table",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(tmp_path, name):
    """File, line, text, and what was expected."""
    content, match = ERRORS[name]
    with pytest.raises(ValueError, match=rf"(?s)a\.txt: .*{match}"):
        load_spectra(write(tmp_path, content))


def test_what_was_asked_can_be_answered(tmp_path):
    """The parameter that an error names resolves it."""
    for name in ("thousands, few of them", "thousands, all of them"):
        path = write(tmp_path, ERRORS[name][0])
        assert load_spectra(path, decimal=",").data.iloc[0, 1] == 1.6
    path = write(tmp_path, ERRORS["two points of no spectrum"][0])
    assert load_spectra(path, header=0).wavenumbers[-1] == 8
    path = write(tmp_path, ERRORS["nanometers and wavenumbers"][0])
    assert load_spectra(path, columns=(1, 2)).wavenumbers[0] == 90.5
    path = write(tmp_path, ERRORS["maybe thousands"][0])
    assert load_spectra(path, decimal=".").data.iloc[0, 1] == 1.234
    path = write(tmp_path, ERRORS["spaces between thousands"][0])
    assert load_spectra(path, delimiter=" ").data.to_numpy().tolist() == [
        [1, 12],
        [234, 345],
    ]
    path = write(tmp_path, ERRORS["commas for all"][0])
    bunch = load_spectra(path, delimiter=",")
    np.testing.assert_array_equal(bunch.data.to_numpy()[:, 0], [5, 12, 3])
    assert (
        load_spectra(
            write(tmp_path, "a;b\n400;1,234\n401;987\n"), decimal=","
        ).data.iloc[0, 0]
        == 1.234
    )


def test_headings_resolve_commas(tmp_path):
    text = "shift,a,b,c\n400,5,12,3\n401,5,13,4\n"
    assert load_spectra(write(tmp_path, text)).data.shape == (3, 2)


def test_given_format_is_kept(tmp_path):
    path = write(tmp_path, lines(";", ","))
    with pytest.raises(ValueError, match=r"delimiter='\\t'"):
        load_spectra(path, delimiter="\t")
    with pytest.raises(ValueError, match=r"decimal='\.'"):
        load_spectra(path, decimal=".")
    with pytest.raises(ValueError, match="must differ"):
        load_spectra(path, delimiter=",", decimal=",")
    check(load_spectra(path, delimiter=";", decimal=","))
    path = write(tmp_path, lines(", ", ","))
    check(load_spectra(path, delimiter=", ", decimal=","))
    quoted = lines('","', ",").replace("\n", '"\n"').join('""')[:-2]
    check(load_spectra(write(tmp_path, quoted), delimiter=","))


def test_header_and_comments_given(tmp_path):
    """Where numbers stand before the numbers, or lines begin in a way of their own."""
    path = write(tmp_path, "532\t10\nRaman shift\tInt\n" + lines())
    with pytest.raises(ValueError, match="line 2: .*pass header="):
        load_spectra(path)
    bunch = load_spectra(path, header=2)
    check(bunch)
    assert "columns 'Raman shift', 'Int'" in bunch.DESCR
    path = write(tmp_path, lines().replace("402.25", "* 402 no point\n402.25"))
    with pytest.raises(ValueError, match=r"line 2: '\* 402.*comment="):
        load_spectra(path)
    check(load_spectra(path, comment="*"))
    path = write(tmp_path, lines().replace("402.25", "#401\t7\n402.25") + "% 900\t1\n")
    said = r"a.txt: left out as .*: lines 2, \d+ \('#401"
    with pytest.warns(UserWarning, match=said):
        check(load_spectra(path))
    path = write(tmp_path, "#" + lines())
    with pytest.warns(UserWarning, match="left out as comments: line 1 "):
        load_spectra(path)
    with pytest.raises(ValueError, match="header"):
        load_spectra(path, header=-1)


def test_decimals_late_in_a_long_file(tmp_path):
    """The format is told by the whole file, not by its first or last lines."""
    rows = [f"{400 + i};{i}" for i in range(900)]
    rows[100] = "500;12,5"
    bunch = load_spectra(write(tmp_path, "\n".join(rows)))
    assert bunch.data.iloc[0, 100] == 12.5


@pytest.mark.parametrize(
    "heading, axis, match",
    [
        ("Wavelength (nm)\tCounts\n", np.linspace(790, 900, 5), "it is stated in nm"),
        ("", np.linspace(790, 800, 101), "looks like nanometres"),
        ("#Wave\t\t#Intensity\n", np.linspace(790, 800, 101), "looks like nanometres"),
        ("", np.linspace(2.1, 2.3, 21), "looks like eV"),
        ("Energy (eV)\tCounts\n", np.linspace(2.1, 2.3, 21), "it is stated in eV"),
        ("Frequency (THz)\tI\n", np.linspace(12, 54, 60), "it is stated in THz"),
        ("Wavelength (µm)\tI\n", np.linspace(0.8, 0.9, 60), "it is stated in µm"),
        ("", np.arange(0.0, 500.0), "look like positions"),
        ("", np.linspace(12000, 16000, 50), "absolute wavenumbers"),
        ("XAxisUnit = nm\n\n[Data]\n", np.linspace(790, 900, 5), "it is stated in nm"),
        ("XAxisUnit = Angstrom\n", np.linspace(7900, 9000, 5), "stated in Angstrom"),
        ("#AxisUnit[1]=pixel\n", np.linspace(400, 500, 5), "it is stated in pixel"),
    ],
)
def test_doubtful_axis_warns(tmp_path, heading, axis, match):
    text = heading + "".join(f"{a:.6f}\t{i % 7}\n" for i, a in enumerate(axis))
    with pytest.warns(UserWarning, match=match):
        bunch = load_spectra(write(tmp_path, text))
    assert match in bunch.DESCR
    np.testing.assert_allclose(bunch.wavenumbers, axis, atol=1e-6)


@pytest.mark.parametrize("end", ["", ","])
def test_decimals_quoted_in_one_column(tmp_path, end):
    """Whole numbers for an axis, and a comma in each cell of the other column."""
    text = "".join(f'{400 + i},"{i},5"{end}\n' for i in range(5))
    check(load_spectra(write(tmp_path, text)), 400.0 + np.arange(5), np.arange(5) + 0.5)


def test_two_spectra_one_behind_the_other_warn(tmp_path):
    """They rise all the way, as one with a gap does."""
    two = lines(axis=range(400, 420, 4)) + lines(axis=range(500, 520, 4))
    for read in (load_spectra, read_spectra_table):
        with pytest.warns(UserWarning, match="like 2 spectra one behind the other"):
            read(write(tmp_path, two))


def test_stated_shift_is_no_doubt(tmp_path, recwarn):
    text = "Raman shift (cm-1)\tI\n" + "".join(f"{a}\t1\n" for a in range(3000))
    load_spectra(write(tmp_path, text))
    assert not recwarn.list


def test_laser(tmp_path, recwarn):
    text = "Wavelength (nm)\tCounts\n785\t1\n800\t2\n820\t3\n"
    path = write(tmp_path, text)
    bunch = load_spectra(path, laser_nm=785)
    np.testing.assert_allclose(
        bunch.wavenumbers, 1e7 * (1 / 785 - 1 / np.array([785, 800, 820]))
    )
    assert "laser at 785 nm" in bunch.DESCR
    assert not recwarn.list
    with pytest.raises(ValueError, match="stated in cm-1: leave laser_nm out"):
        load_spectra(write(tmp_path, "Raman shift\tI\n" + lines()), laser_nm=785)


@pytest.mark.parametrize("laser", [532, 633, 785, 830, 1064])
@pytest.mark.parametrize(
    "axis", [np.arange(400, 1801, 2), np.arange(3200, 199, -1), np.arange(600, 1801, 2)]
)
def test_laser_for_an_axis_in_wavenumbers(tmp_path, axis, laser):
    """Where no heading tells, what comes out does: it is no Raman spectrum."""
    path = write(tmp_path, "".join(f"{a}\t{i % 7}\n" for i, a in enumerate(axis)))
    with pytest.raises(ValueError, match=r"a.txt.*(is the axis|Leave|are the values)"):
        load_spectra(path, laser_nm=laser)


@pytest.mark.parametrize("laser", [532, 633, 785, 830, 1064])
@pytest.mark.parametrize("shifts", [(-1500, 1500, 3), (100, 4500, 5), (-80, 3600, 1)])
def test_laser_for_an_axis_in_nanometres(tmp_path, shifts, laser):
    """Anti-Stokes bands are measured, too."""
    shifts = np.arange(*shifts)
    nm = wavenumber_to_nm(shifts, laser)
    path = write(tmp_path, "".join(f"{a:.6f}\t{i % 7}\n" for i, a in enumerate(nm)))
    found = load_spectra(path, laser_nm=laser).wavenumbers
    np.testing.assert_allclose(found, shifts, atol=0.05)


@pytest.mark.parametrize("laser, hint", [(None, "nanometres"), (532, "laser_nm=532")])
def test_coarse_nanometres_and_a_wrong_laser_get_a_hint(tmp_path, laser, hint):
    nm = wavenumber_to_nm(np.linspace(400, 1196, 200), 785)
    path = write(tmp_path, "".join(f"{a:.3f}\t{i % 7}\n" for i, a in enumerate(nm)))
    with pytest.warns(UserWarning, match=hint):
        load_spectra(path, laser_nm=laser)


def test_content_is_not_executed(tmp_path):
    text = "__import__('os').abort()\t1\n=cmd()\t2\n" + lines()
    check(load_spectra(write(tmp_path, text)))


@pytest.mark.parametrize("read", [load_spectra, read_spectra_table])
@pytest.mark.parametrize("mark", [",", ";", "\t", " "])
@pytest.mark.parametrize("first", ["100{}10", "1{}2", "512{}7"])
def test_a_count_before_the_rows_is_no_point(tmp_path, first, mark, read):
    """Neither in silence: header= says what it is."""
    axis = AXIS if first < "5" else AXIS[::-1]
    rows = [f"{a}{mark}{i % 3}.5\n" for i, a in enumerate(axis)]
    path = write(tmp_path, first.format(mark) + "\n" + "".join(rows))
    with pytest.raises(ValueError, match=r"line 1: .* header=1 if it is no point"):
        read(path)
    np.testing.assert_array_equal(read(path, header=1).wavenumbers, axis)
    count = float(first.partition("{")[0])
    assert read(path, header=0).wavenumbers.tolist() == [count, *axis]


@pytest.mark.parametrize("first", ["5", "5 2 1", "5|2", "5;2", "n=5"])
def test_another_line_before_the_rows_is_a_header(tmp_path, first):
    """Where it has another form than they, it is counted, or stops the reading."""
    path = write(tmp_path, first + "\n" + lines(","))
    try:
        found = load_spectra(path)
    except ValueError as error:
        assert "line 1: " in str(error)
    else:
        check(found)
        assert "1 header line" in found.DESCR


def test_many_columns(tmp_path):
    """Lines are not split again for each column."""
    counts = []
    for n_spectra in (20, 40):
        table = np.c_[400.5 + np.arange(6), np.full((6, n_spectra), 900.25)]
        path = tmp_path / "a.csv"
        np.savetxt(path, table, fmt="%.2f", delimiter=",")
        calls = Counter()

        def count(frame, event, called, calls=calls):
            if event == "c_call":
                calls[called.__name__] += 1

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            bunch = load_spectra(path)
        finally:
            sys.setprofile(before)
        assert bunch.data.shape == (n_spectra, 6)
        counts.append(calls["split"])
    assert counts[1] - counts[0] < 20 * len(table)


@pytest.mark.parametrize("read", [load_spectra, read_spectra_table])
@pytest.mark.parametrize("decimal", [".", ","])
def test_missing_point_among_three_decimals(tmp_path, read, decimal):
    """What holds no number is no number without decimal mark."""
    for cell in ("nan", "--", ""):
        cells = ["9.667", cell, "7.466", "10.709", "9.380"]
        text = "".join(f"{400.5 + i};{v}\n" for i, v in enumerate(cells))
        bunch = read(write(tmp_path, text.replace(".", decimal)), missing="drop")
        np.testing.assert_array_equal(
            bunch.data.to_numpy(), [[9.667, 7.466, 10.709, 9.38]]
        )
