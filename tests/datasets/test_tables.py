"""Tables: either way round, long, as instruments and other packages write them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier

from sklearn_raman.datasets import load_spectra, read_spectra_table
from sklearn_raman.model_selection import compare
from tests.datasets._tables import (
    AXIS,
    RENISHAW,
    WHO,
    X,
    as_line,
    check,
    turned,
    wide,
    write,
)


@pytest.mark.parametrize("unit", ["", " cm-1", " (cm-1)", " 1/cm", " cm^-1", " cm⁻¹"])
@pytest.mark.parametrize(
    "delimiter, decimal", [(",", "."), (";", ","), ("\t", ","), (";", "."), ("|", ".")]
)
def test_rows(tmp_path, delimiter, decimal, unit):
    path = write(tmp_path, wide(delimiter, decimal, unit))
    check(read_spectra_table(path, label="class"))
    check(read_spectra_table(str(path), label="class", orientation="rows"))


@pytest.mark.parametrize("delimiter, decimal", [(",", "."), (";", ","), ("\t", ".")])
def test_columns(tmp_path, delimiter, decimal):
    path = write(tmp_path, turned(delimiter, decimal))
    bunch = read_spectra_table(path, label="mineral")
    check(bunch)
    assert list(bunch.names) == ["s1", "s2", "s3"]
    assert "spectra in columns" in bunch.DESCR


def test_classes_in_the_headings(tmp_path):
    """As label by name, or by an expression on the names."""
    text = turned().replace("s1,s2,s3", "calcite 1,quartz 1,calcite 2")
    text = text.replace("mineral,calcite,quartz,calcite\n", "")
    path = write(tmp_path, text)
    check(read_spectra_table(path, label=r"(\w+) \d"))
    check(read_spectra_table(path, label=lambda name: name.split()[0]))
    table = {"calcite 1": "calcite", "quartz 1": "quartz", "calcite 2": "calcite"}
    check(read_spectra_table(path, label=table))
    with pytest.raises(ValueError, match="label is missing for 1 of 3"):
        read_spectra_table(path, label=lambda name: name.replace("quartz 1", ""))
    text = text.replace(
        "Raman shift,calcite 1,quartz 1,calcite 2", "class,calcite,quartz,calcite"
    )
    check(read_spectra_table(write(tmp_path, text), label="class"))


WITEC = (
    "//Exported ASCII-File\n\n[Header]\nFileName = a.wip\nXAxisUnit = rel. 1/cm\n\n"
    "[Data]\nX-Axis\tSpec.Data 1\tSpec.Data 2\tSpec.Data 3\n"
    + "".join(
        f" {a:.5E}\t" + "\t".join(f" {v:.5E}" for v in row) + "\n"
        for a, row in zip(AXIS, X.T, strict=True)
    )
)


HORIBA = (
    "#Acq. time (s)=\t1\n#AxisUnit[1]=\t1/cm\n\t\t"
    + "\t".join(map(str, AXIS))
    + "\n"
    + "".join(
        f"{n % 2}.5\t{n // 2}\t" + "\t".join(map(str, X[n])) + "\n" for n in range(3)
    )
)


def test_witec(tmp_path):
    for encoding in ("utf-8", "utf-16"):
        path = write(tmp_path, WITEC, "w.txt", encoding)
        bunch = read_spectra_table(path)
        check(bunch, None)
        assert bunch.names[0] == "Spec.Data 1"
    np.testing.assert_array_equal(load_spectra(path).data, bunch.data)


def test_renishaw_map(tmp_path):
    bunch = read_spectra_table(write(tmp_path, RENISHAW, "r.txt"))
    np.testing.assert_array_equal(bunch.wavenumbers, AXIS[::-1])
    np.testing.assert_array_equal(bunch.data.to_numpy(), X[:, ::-1])
    assert bunch.metadata.to_dict("list") == {"x": [0, 1, 0], "y": [0, 0, 1]}
    assert "spectra in long" in bunch.DESCR


def test_order_of_a_long_table_does_not_matter(tmp_path):
    """Sorted by wavenumber first, as some export it."""
    head, *rows = RENISHAW.splitlines()
    by_wave = sorted(rows, key=lambda row: float(row.split("\t")[2]))
    path = write(tmp_path, "\n".join([head, *by_wave]), "r.txt")
    check(read_spectra_table(path), None)


def test_horiba_map(tmp_path):
    bunch = read_spectra_table(write(tmp_path, HORIBA, "h.txt"))
    check(bunch, None)
    assert bunch.metadata.to_dict("list") == {"x": [0.5, 1.5, 0.5], "y": [0, 0, 1]}


@pytest.mark.parametrize("text", [HORIBA, RENISHAW, wide(), wide("\t", ",")])
@pytest.mark.parametrize("missing", ["raise", "drop"])
def test_load_spectra_points_here(tmp_path, text, missing):
    """A table is no spectrum, also where points without a number are dropped."""
    with pytest.raises(ValueError, match="read_spectra_table"):
        load_spectra(write(tmp_path, text, "t.txt"), missing=missing)


def test_horiba_line(tmp_path):
    """One coordinate: a time or a depth."""
    text = "\n".join(
        line.split("\t", 1)[1] if "=" not in line else line
        for line in HORIBA.splitlines()
    )
    check(read_spectra_table(write(tmp_path, text, "h.txt")), None)


def test_coordinates_are_numbers(tmp_path):
    """-0.0 and 0.000000 are one place."""
    text = RENISHAW.replace("0.000000\t0.000000\t401", "-0.0\t0\t401")
    bunch = read_spectra_table(write(tmp_path, text, "r.txt"))
    np.testing.assert_array_equal(bunch.data.to_numpy(), X[:, ::-1])


def test_long_with_names(tmp_path):
    text = "Sample;Raman shift;Intensity\n" + "".join(
        f"{name} {n};{a};{v}\n".replace(".", ",")
        for n, name in enumerate(WHO)
        for a, v in zip(AXIS, X[n], strict=True)
    )
    bunch = read_spectra_table(write(tmp_path, text), sample="Sample")
    check(bunch, None)
    assert bunch.samples.tolist() == ["calcite 0", "quartz 1", "calcite 2"]


def test_long_with_different_axes(tmp_path):
    text = "x,wave,intensity\n0,400,1\n0,401,2\n1,400,3\n1,402,4\n1,404,5\n"
    bunch = read_spectra_table(write(tmp_path, text))
    assert [len(axis) for axis, _ in bunch.data] == [2, 3]


def test_long_errors(tmp_path):
    text = RENISHAW + "0.000000\t0.000000\t400.000000\t9.0\n"
    with pytest.raises(ValueError, match=r"line 14: .*measured twice"):
        read_spectra_table(write(tmp_path, text))
    with pytest.raises(ValueError, match="line 14: .* has one point"):
        read_spectra_table(write(tmp_path, RENISHAW + "7.0\t0.0\t400.0\t9.0\n"))
    path = write(tmp_path, wide())
    with pytest.raises(ValueError, match="not those of a long table"):
        read_spectra_table(path, orientation="long")


def test_written_by_r(tmp_path):
    """Names like X400.5, quotes, and a heading without that of the row names."""
    text = '"X400","X401.5","X403","X404.5"\n' + "".join(
        f'"{n + 1}",' + ",".join(map(str, X[n])) + "\n" for n in range(3)
    )
    check(read_spectra_table(write(tmp_path, text)), None)
    check(
        read_spectra_table(
            write(
                tmp_path,
                '"class",'
                + text.replace('"1"', '"calcite"')
                .replace('"2"', '"quartz"')
                .replace('"3"', '"calcite"'),
            ),
            label="class",
        )
    )


def test_heading_that_is_short(tmp_path):
    text = "400 401.5 403 404.5\n" + "".join(
        f"{n} " + " ".join(map(str, X[n])) + "\n" for n in range(3)
    )
    check(read_spectra_table(write(tmp_path, text, "t.txt")), None)


def test_quotes_and_delimiters_inside(tmp_path):
    text = wide(columns=([f'"{w}, pure; 1"' for w in WHO],))
    bunch = read_spectra_table(write(tmp_path, text), label="class")
    check(bunch, [f"{w}, pure; 1" for w in WHO])


def test_trailing_delimiters_and_footer(tmp_path):
    text = "exported by me\n\n" + wide(";", ",").replace("\n", ";\n") + "the end\n"
    bunch = read_spectra_table(write(tmp_path, text), label="class")
    check(bunch)
    assert "1 footer line" in bunch.DESCR


@pytest.mark.parametrize("start", [307.72, 387.142])
@pytest.mark.parametrize("head", ["", "Wellenzahl Intensität\n"])
def test_decimal_commas_between_spaces(tmp_path, head, start):
    """Of one spectrum, commas part as many numbers, but texts between them."""
    axis, y = start + 2 * np.arange(40), 900.51 + np.arange(40) % 7
    rows = [f"{a:.3f} {b:.2f}\n" for a, b in zip(axis, y, strict=True)]
    path = write(tmp_path, head + "".join(rows).replace(".", ","))
    for read in (load_spectra, read_spectra_table):
        bunch = read(path)
        np.testing.assert_allclose(bunch.wavenumbers, axis)
        np.testing.assert_allclose(bunch.data, y[None])


def test_quoted_decimals(tmp_path):
    """Commas between cells, commas in numbers, and quotation marks to tell them."""
    text = wide(";", ",").replace(";", '","').replace("\n", '"\n"')[:-1]
    check(read_spectra_table(write(tmp_path, '"' + text), label="class"))


def test_header_and_comments_given(tmp_path):
    text = "a,1,2,3,4\n* 1,1,1,1,1\n" + wide()
    path = write(tmp_path, text)
    bunch = read_spectra_table(path, label="class", header=2)
    check(bunch)
    bunch = read_spectra_table(path, label="class", header=1, comment="*")
    check(bunch)
    path = write(tmp_path, wide().replace("quartz", "# of the shop\nquartz") + "#\n")
    bunch = read_spectra_table(path, label="class")
    check(bunch)
    assert "2 comment lines" in bunch.DESCR


def test_numbers_have_no_underscores(tmp_path):
    path = write(tmp_path, wide() + "calcite,1,2,1_000,3\n")
    with pytest.raises(ValueError, match="line 5, column 4.*'1_000'; expected a num"):
        read_spectra_table(path, label="class")


@pytest.mark.parametrize("sign", ["#", "% ", "//", "!"])
def test_rows_that_begin_like_comments_are_named(tmp_path, sign):
    row = sign + "calcite,9,9,9,9\n"
    for text in (wide().replace("quartz", row + "quartz"), wide() + row):
        line = 1 + text.splitlines().index(row.strip())
        said = rf"t.csv: left out as comments: line {line} \('{sign}calc"
        with pytest.warns(UserWarning, match=said):
            bunch = read_spectra_table(write(tmp_path, text), label="class")
        check(bunch)
        assert "1 comment line" in bunch.DESCR and "left out" in bunch.DESCR


def test_heading_in_a_comment(tmp_path):
    """As numpy.savetxt writes it, above rows that rise like an axis."""
    np.savetxt(tmp_path / "a.txt", X[[0, 2]], header="400.0 401.5 403.0 404.5")
    bunch = read_spectra_table(tmp_path / "a.txt")
    np.testing.assert_array_equal(bunch.wavenumbers, AXIS)
    np.testing.assert_array_equal(bunch.data.to_numpy(), X[[0, 2]])


def test_metadata(tmp_path):
    """Kept and named; with a list, what is not named is an error."""
    text = wide(
        head=("id", "class", "note"),
        columns=(["007", "008", "009"], WHO, ["x", "", "NA"]),
    )
    path = write(tmp_path, text)
    bunch = read_spectra_table(path, label="class", group="id")
    check(bunch)
    assert bunch.groups.tolist() == ["007", "008", "009"]
    assert bunch.metadata["note"].tolist() == ["x", "", "NA"]
    assert "Metadata: id, class, note." in bunch.DESCR
    read_spectra_table(path, label="class", metadata=["id", "note"])
    with pytest.raises(ValueError, match="the headings note are no wavenumbers"):
        read_spectra_table(path, label="class", metadata=["id"])
    with pytest.raises(ValueError, match="metadata names age"):
        read_spectra_table(path, metadata=["age"])
    with pytest.raises(ValueError, match="label='note' is empty for 1 of 3"):
        read_spectra_table(path, label="note")
    with pytest.raises(ValueError, match="label='Class' is no heading.*'class'"):
        read_spectra_table(path, label="Class")


ERRORS = {
    "thousands": (
        "id;400;401;402\na;1,250;900;1,300\nb;800;1,100;950\n",
        r"line 2: '1,250': the comma in column 2 may separate thousands",
    ),
    "metadata headed by a number": (
        as_line(["c", 350, *range(400, 405)]) + as_line(["a", *range(1, 7)]),
        r"'350' is 50 from the next; expected at most 1, .* metadata=\['350'\]",
    ),
    "metadata headed by a year": (
        as_line(["c", *range(400, 405), 2024]) + as_line(["a", *range(1, 7)]),
        r"'2024' is 1620 from the next; .* metadata=\['2024'\]",
    ),
    "spaces between thousands": (
        "shift\ta\tb\n400.5\t1 234\t1 235\n401.5\t2 345\t2 346\n",
        "line 2: .*the space in '1 234' may separate thousands",
    ),
    "positions": (
        as_line(["c", *range(9)]) + as_line(["a", *range(9)]),
        "positions are no wavenumbers",
    ),
    "no axis": (
        as_line(["c", "a", "b"]) + as_line(["x", "1", "2"]),
        "neither the headings",
    ),
    "turns": (
        as_line(["c", 400, 402, 401, 403]) + as_line(["a", 1, 2, 3, 4]),
        "After the wavenumber '402' comes '401'",
    ),
    "twice": (
        as_line(["c", 400, 402, 402, 403]) + as_line(["a", 1, 2, 3, 4]),
        "After the wavenumber '402' comes '402'",
    ),
    "pandas' second name": (
        as_line(["c", "400.0", "402.0", "402.0.1", "403.0"])
        + as_line(["a", 1, 2, 3, 4]),
        "402.0.1 are pandas' new names",
    ),
    "misprint": (
        as_line(["c", "400", "4O2", "404", "406", "408"])
        + as_line(["a", 1, 2, 3, 4, 5]),
        "'4O2' stand among wavenumbers",
    ),
    "text": (
        wide().replace("-7.25", "n.d."),
        r"line 3, column 4 \('403.0'\): 'n.d.'; expected a number",
    ),
    "empty": (
        wide().replace("-7.25", ""),
        r"line 3: no number at 403 \(1 of 4 points\)",
    ),
    "empty, in nm": (
        as_line(["c", "540 nm", "541 nm", "542 nm"]) + as_line(["a", 1, "", 3]),
        r"line 2: no number at 541 nm \(1 of 3 points\)",
    ),
    "short row": (wide().replace("-7.25,", ""), "line 3: .* has 4 cells; expected 5"),
    "breaks off": (wide() + "quartz,1", "line 5: .* has 2 cells; expected 5. Is the"),
    "headings only": (wide().splitlines()[0], "headings only|expected"),
    "nothing": ("\n", "the file is empty"),
    "comments only": ("# a\n# b\n", "holds no table"),
    "a cell without end": (wide() + "b," + "1" * 140_000, "line 5: field larger than"),
    "two units": (
        as_line(["c", "400 nm", "402 cm-1", 404]) + as_line("a123"),
        "several units",
    ),
    "counted rows": (
        as_line(["n", "a"]) + "".join(as_line([n, 3]) for n in (1, 2, 3)),
        "The first column counts rows",
    ),
    "nearly long": (
        as_line(["wave", "intensity", "junk"])
        + as_line([400, 1, 2])
        + as_line([401, 1, 2]),
        "neither the headings",
    ),
    "commas for all": (
        "class,400,5,401,5\na,1,5,2,5\nb,1,7,2,9\n",
        "If commas are decimal marks here",
    ),
    "column text": (turned().replace("-7.25", "?"), "line 5, column 3"),
    "column turns": (
        turned().replace("403.0", "401.0"),
        "line 5: the axis goes from 401.5 to 401",
    ),
    "column gap": (turned().replace("-7.25", ""), "line 5, column 's2': no number"),
    "blank heading": (
        as_line(["c", "400", "402", "404", ""]) + as_line(["a", 1, 2, 3, 4]),
        "'' stand among",
    ),
    "another block": (
        turned() + "\n" + turned().split("\n", 2)[2].replace("40", "50"),
        r"line 8: '500.0, .* goes from 404\.5 to 500 behind a blank line or a comment",
    ),
    "headings of columns twice": (
        turned() + turned(),
        "In the first column text follows numbers at line 7: 'Raman shift, s1, s2, s3'",
    ),
    "headings of rows twice": (wide() + wide(), "line 5: 'class, 400.0, .* once more"),
    "headings of rows twice, other axis": (
        wide() + wide().replace("40", "50"),
        "line 5: 'class, 500.0, .* holds headings once more",
    ),
    "axis twice, nothing else": (
        as_line(AXIS) + as_line(X[0]) + as_line(AXIS) + as_line(X[1]),
        "line 3: '400.0, .* once more",
    ),
    "headings of a map twice": (
        RENISHAW + RENISHAW.replace("40", "50"),
        "line 14: '#X.* repeats the headings",
    ),
    "side by side": (
        as_line(["shift", "a", "shift", "b"])
        + as_line([400, 1, 500, 2])
        + as_line([401, 3, 501, 4])
        + as_line([402, 5, 502, 6]),
        r"column 3 \('shift'\) is an axis, as the first",
    ),
    "open quotation mark": (wide().replace("quartz", '"quartz'), "does not close"),
    "two headings": (wide(head=("a", "a"), columns=(WHO, WHO)), "several columns"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(tmp_path, name):
    text, match = ERRORS[name]
    with pytest.raises(ValueError, match=rf"(?s)t\.csv: .*{match}"):
        read_spectra_table(write(tmp_path, text))


def test_whether_a_number_heads_metadata_can_be_said(tmp_path):
    path = write(tmp_path, ERRORS["metadata headed by a number"][0])
    bunch = read_spectra_table(path, metadata=["350", "c"])
    assert bunch.metadata["350"].tolist() == [1]
    assert bunch.wavenumbers[0] == 400
    assert read_spectra_table(path, label="350", group="c").target.tolist() == [1]
    assert read_spectra_table(path, metadata=["c"]).wavenumbers[0] == 350


def test_too_few_points_are_left(tmp_path):
    text = as_line(["c", 400, 402, 404]) + as_line(["a", 1, "", ""]) + as_line("b123")
    with pytest.raises(ValueError, match="line 2: 1 of 3 points are numbers"):
        read_spectra_table(write(tmp_path, text), missing="drop")


@pytest.mark.parametrize("delimiter", [",", " ", "\t"])
def test_delimiter_as_given(tmp_path, delimiter):
    path = write(tmp_path, wide(delimiter))
    check(read_spectra_table(path, label="class", delimiter=delimiter))
    with pytest.raises(ValueError, match="expected a table with columns separated"):
        read_spectra_table(path, delimiter="|")


def test_missing_points_dropped(tmp_path):
    for text in (wide().replace("-7.25", "nan"), turned().replace("-7.25", "--")):
        bunch = read_spectra_table(write(tmp_path, text), missing="drop")
        assert [len(axis) for axis, _ in bunch.data] == [4, 3, 4]
        np.testing.assert_array_equal(bunch.data[1][1], [5, 6, 8])


def test_not_a_table(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        read_spectra_table(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="frame is empty"):
        read_spectra_table(pd.DataFrame())
    for value in (X, b"t.csv"):
        with pytest.raises(TypeError, match="str or pathlib.Path"):
            read_spectra_table(value)
    path = write(tmp_path, "PK\3\4", "t.xlsx")
    with pytest.raises(ValueError, match="pandas.read_excel"):
        read_spectra_table(path)


def test_nanometres(tmp_path):
    text = wide(unit=" nm").replace("40", "80")
    path = write(tmp_path, text)
    with pytest.warns(UserWarning, match="it is stated in nm.*laser_nm"):
        read_spectra_table(path)
    bunch = read_spectra_table(path, laser_nm=785)
    assert bunch.wavenumbers[0] == pytest.approx(1e7 * (1 / 785 - 1 / 800))
    with pytest.raises(ValueError, match="stated in cm-1"):
        read_spectra_table(write(tmp_path, wide(unit=" cm-1")), laser_nm=785)


def test_float_labels_read_back(tmp_path):
    axis = np.cumsum(np.random.default_rng(0).uniform(0.1, 2, 40)) + 100
    frame = pd.DataFrame(np.random.default_rng(1).normal(size=(5, 40)), columns=axis)
    frame.to_csv(tmp_path / "a.csv", index=False)
    bunch = read_spectra_table(tmp_path / "a.csv")
    np.testing.assert_array_equal(bunch.wavenumbers, axis)
    np.testing.assert_array_equal(bunch.data.to_numpy(), frame.to_numpy())


def test_from_a_table_to_a_comparison_in_six_lines(tmp_path):
    rng = np.random.default_rng(0)
    axis = np.arange(400.0, 500.0)
    y = np.repeat(["a", "b"], 20)
    values = np.exp(-((axis - np.where(y == "a", 430, 460)[:, None]) ** 2) / 50)
    frame = pd.DataFrame(values + rng.normal(0, 0.1, values.shape), columns=axis)
    frame.insert(0, "class", y)
    frame.insert(1, "patient", np.tile(np.arange(10), 4))
    frame.to_csv(tmp_path / "study.csv", sep=";", decimal=",")
    table = read_spectra_table(tmp_path / "study.csv", label="class", group="patient")
    models = {"KNN": KNeighborsClassifier()}
    result = compare(models, table, groups=table.groups, cv=4, progress=False)
    assert result.to_frame()["accuracy"].iloc[0] > 0.95


@pytest.mark.parametrize("heading", ["{}", "a{}b"])
def test_many_headings_and_no_rows(tmp_path, heading):
    """Told at once: what takes the square of their number takes minutes here."""
    text = ",".join(heading.replace("{}", str(i + 100.5)) for i in range(100_000))
    with pytest.raises(ValueError, match="headings"):
        read_spectra_table(write(tmp_path, text))


NAMES = {
    "as numbers": (["7", "-12", "0"], [7, -12, 0]),
    "18 digits": (["100000000000000001", "100000000000000002", "3"], None),
    "20 digits": (["18446744073709551617", "18446744073709551618", "3"], None),
    "long decimals": (["0.12345678901234567", "0.12345678901234568", "1.5"], None),
    "exponents": (["1E5", "100000", "2E7"], None),
    "exponents alone": (["1E5", "2E5", "3E5"], None),
    "zeros before": (["007", "7", "08"], None),
    "zeros behind": (["1", "1.0", "1.00"], None),
    "signs": (["+5", "5", "-0"], None),
    "fixed point": (["0.50", "1.50", "2.25"], [0.5, 1.5, 2.25]),
    "as pandas writes them": (["0.5", "1e-05", "2.25"], [0.5, 1e-5, 2.25]),
    "with and without point": (["1", "2.5", "3"], [1.0, 2.5, 3.0]),
}


@pytest.mark.parametrize(
    "orientation, field", [("rows", "label"), ("columns", "group"), ("long", "sample")]
)
@pytest.mark.parametrize("name", NAMES)
def test_what_differs_is_not_merged(tmp_path, name, orientation, field):
    """Numbers only where each, written again, is what the cell says."""
    cells, numbers = NAMES[name]
    if orientation == "rows":
        text = wide(head=("id",), columns=(cells,))
    elif orientation == "columns":
        text = turned().replace("mineral," + ",".join(WHO), "id," + ",".join(cells))
    else:
        text = "id,wave,intensity\n" + "".join(
            f"{cell},{a},{v}\n"
            for cell, row in zip(cells, X, strict=True)
            for a, v in zip(AXIS, row, strict=True)
        )
    path = write(tmp_path, text)
    bunch = read_spectra_table(path, orientation=orientation, **{field: "id"})
    found = bunch[{"label": "target", "group": "groups", "sample": "samples"}[field]]
    if name == "18 digits":
        numbers = list(map(int, cells))
    for values in (found, bunch.metadata["id"]):
        assert values.tolist() == (cells if numbers is None else numbers)
    np.testing.assert_array_equal(bunch.data.to_numpy(), X)


def test_places_are_numbers_however_they_are_written(tmp_path):
    times = ["1E1", "+2", "3"]
    columns = ["-0.0", "1", "1.50"], times, times
    text = wide(head=("x", "time (s)", "template"), columns=columns)
    found = read_spectra_table(write(tmp_path, text), orientation="rows").metadata
    assert found.to_dict("list") == {
        "x": [0.0, 1.0, 1.5],
        "time (s)": [10.0, 2.0, 3.0],
        "template": times,
    }


def test_a_stated_decimal_mark_holds(tmp_path):
    """With commas between columns points were read as decimal marks all the same."""
    path = write(tmp_path, "id,400,401,402\na,1.250,2.500,3.100\nb,2.100,3.500,4.200\n")
    assert read_spectra_table(path).data.iloc[0, 0] == 1.25
    with pytest.raises(ValueError, match=r"'1\.250'; expected a number"):
        read_spectra_table(path, decimal=",")


@pytest.mark.parametrize("missing", ["raise", "drop"])
@pytest.mark.parametrize("end", [",", ",,", ";;;"])
@pytest.mark.parametrize("heading_end", [False, True])
def test_empty_columns_at_the_end(tmp_path, missing, end, heading_end):
    """Delimiters at the ends of lines hold no spectrum; headings may have none."""
    axis, y = 400.5 + 2 * np.arange(30), 100.0 + np.arange(30) % 7
    path = tmp_path / "a.csv"
    text = "Wavenumber,Intensity" + end * heading_end + "\n"
    text += "".join(f"{a},{b}{end}\n" for a, b in zip(axis, y, strict=True))
    path.write_text(text.replace(",", end[0]))
    for read in (read_spectra_table, load_spectra):
        bunch = read(path, missing=missing)
        np.testing.assert_array_equal(bunch.wavenumbers, axis)
        np.testing.assert_array_equal(bunch.data.to_numpy(), [y])


@pytest.mark.parametrize("missing", ["raise", "drop"])
def test_empty_columns_that_may_be_spectra(tmp_path, missing):
    """A name, or spectra behind it, may say that one is missing."""
    path = tmp_path / "a.csv"
    for heading, row in (("shift,a,b", "{},5.5,"), ("shift,a,,b", "{},5.5,,6.5")):
        rows = [row.format(400.5 + i) for i in range(9)]
        path.write_text("\n".join([heading, *rows]))
        with pytest.raises(ValueError, match=r"0 of 9 points are numbers.*Delete it"):
            read_spectra_table(path, missing=missing)


def test_last_point_that_each_spectrum_lacks(tmp_path):
    """The heading of row names is left away, not a delimiter at the ends of rows."""
    path = tmp_path / "a.csv"
    axis = [400.5 + i for i in range(6)]
    rows = [",".join([f"s{i}", *"12345", ""]) for i in range(4)]
    path.write_text("\n".join([",".join(map(str, axis)), *rows]))
    bunch = read_spectra_table(path, missing="drop")
    np.testing.assert_array_equal(bunch.wavenumbers, axis[:5])
    assert bunch.data.shape == (4, 5)
