"""Tables: either way round, long, as instruments and other packages write them."""

import io
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.neighbors import KNeighborsClassifier

from sklearn_raman.datasets import load_spectra, read_spectra_table
from sklearn_raman.model_selection import compare

AXIS = np.array([400.0, 401.5, 403.0, 404.5])
X = np.array([[1.0, 2.5, 3.0, 4.0], [5.0, 6.0, -7.25, 8.0], [9.0, 10.0, 11.0, 12.5]])
WHO = ["calcite", "quartz", "calcite"]


def write(folder, text, name="t.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def wide(delimiter=",", decimal=".", unit="", head=("class",), columns=(WHO,)):
    """A spectrum in each row, metadata before."""
    number = "{}".format
    rows = [[*head, *(number(a) + unit for a in AXIS)]]
    rows += [[*(c[i] for c in columns), *map(number, X[i])] for i in range(len(X))]
    data = [
        [
            cell.replace(".", decimal)
            if cell[-1:] in "0123456789" + unit[-1:]
            else cell
            for cell in row
        ]
        for row in rows
    ]
    return "\n".join(delimiter.join(row) for row in data) + "\n"


def check(bunch, target=WHO):
    np.testing.assert_array_equal(bunch.wavenumbers, AXIS)
    np.testing.assert_array_equal(bunch.data.to_numpy(), X)
    assert [float(label) for label in bunch.data.columns] == AXIS.tolist()
    if target is not None:
        assert bunch.target.tolist() == target


@pytest.mark.parametrize("unit", ["", " cm-1", " (cm-1)", " 1/cm", " cm^-1", " cm⁻¹"])
@pytest.mark.parametrize(
    "delimiter, decimal", [(",", "."), (";", ","), ("\t", ","), (";", "."), ("|", ".")]
)
def test_rows(tmp_path, delimiter, decimal, unit):
    path = write(tmp_path, wide(delimiter, decimal, unit))
    check(read_spectra_table(path, label="class"))
    check(read_spectra_table(str(path), label="class", orientation="rows"))


def turned(delimiter=",", decimal="."):
    """A spectrum in each column, one row of names and one of classes."""
    rows = [["Raman shift", "s1", "s2", "s3"], ["mineral", *WHO]]
    rows += [[str(a), *map(str, x)] for a, x in zip(AXIS, X.T, strict=True)]
    rows[2:] = [[c.replace(".", decimal) for c in row] for row in rows[2:]]
    return "\n".join(delimiter.join(row) for row in rows) + "\n"


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
RENISHAW = "#X\t\t#Y\t\t#Wave\t\t#Intensity\n" + "".join(
    f"{n % 2:.6f}\t{n // 2:.6f}\t{a:.6f}\t{v:.6f}\n"
    for n in range(3)
    for a, v in list(zip(AXIS, X[n], strict=True))[::-1]
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


def test_long_errors(tmp_path):
    text = RENISHAW + "0.000000\t0.000000\t400.000000\t9.0\n"
    with pytest.raises(ValueError, match=r"line 14: .*measured twice"):
        read_spectra_table(write(tmp_path, text))
    with pytest.raises(ValueError, match="line 14: .* has one point"):
        read_spectra_table(write(tmp_path, RENISHAW + "7.0\t0.0\t400.0\t9.0\n"))
    path = write(tmp_path, wide())
    with pytest.raises(ValueError, match="not those of a long table"):
        read_spectra_table(path, orientation="long")


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
    text = row(["Raman shift (cm-1)", *bands]) + "".join(
        row([first + i * min(first, 1), *y]) for i, y in enumerate(heights)
    )
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match='rise or fall.*orientation="rows"'):
        read_spectra_table(path)
    bunch = read_spectra_table(path, orientation="rows")
    np.testing.assert_array_equal(bunch.data, heights)
    np.testing.assert_array_equal(bunch.wavenumbers, bands)


def row(cells):
    return ",".join(str(c) for c in cells) + "\n"


ERRORS = {
    "thousands": (
        "id;400;401;402\na;1,250;900;1,300\nb;800;1,100;950\n",
        r"line 2: '1,250': the comma in column 2 may separate thousands",
    ),
    "metadata headed by a number": (
        row(["c", 350, *range(400, 405)]) + row(["a", *range(1, 7)]),
        r"'350' is 50 from the next; expected at most 1, .* metadata=\['350'\]",
    ),
    "metadata headed by a year": (
        row(["c", *range(400, 405), 2024]) + row(["a", *range(1, 7)]),
        r"'2024' is 1620 from the next; .* metadata=\['2024'\]",
    ),
    "spaces between thousands": (
        "shift\ta\tb\n400.5\t1 234\t1 235\n401.5\t2 345\t2 346\n",
        "line 2: .*the space in '1 234' may separate thousands",
    ),
    "positions": (
        row(["c", *range(9)]) + row(["a", *range(9)]),
        "positions are no wavenumbers",
    ),
    "no axis": (row(["c", "a", "b"]) + row(["x", "1", "2"]), "neither the headings"),
    "turns": (
        row(["c", 400, 402, 401, 403]) + row(["a", 1, 2, 3, 4]),
        "After the wavenumber '402' comes '401'",
    ),
    "twice": (
        row(["c", 400, 402, 402, 403]) + row(["a", 1, 2, 3, 4]),
        "After the wavenumber '402' comes '402'",
    ),
    "pandas' second name": (
        row(["c", "400.0", "402.0", "402.0.1", "403.0"]) + row(["a", 1, 2, 3, 4]),
        "402.0.1 are pandas' new names",
    ),
    "misprint": (
        row(["c", "400", "4O2", "404", "406", "408"]) + row(["a", 1, 2, 3, 4, 5]),
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
        row(["c", "540 nm", "541 nm", "542 nm"]) + row(["a", 1, "", 3]),
        r"line 2: no number at 541 nm \(1 of 3 points\)",
    ),
    "short row": (wide().replace("-7.25,", ""), "line 3: .* has 4 cells; expected 5"),
    "breaks off": (wide() + "quartz,1", "line 5: .* has 2 cells; expected 5. Is the"),
    "headings only": (wide().splitlines()[0], "headings only|expected"),
    "nothing": ("\n", "the file is empty"),
    "comments only": ("# a\n# b\n", "holds no table"),
    "a cell without end": (wide() + "b," + "1" * 140_000, "line 5: field larger than"),
    "two units": (row(["c", "400 nm", "402 cm-1", 404]) + row("a123"), "several units"),
    "counted rows": (
        row(["n", "a"]) + "".join(row([n, 3]) for n in (1, 2, 3)),
        "The first column counts rows",
    ),
    "nearly long": (
        row(["wave", "intensity", "junk"]) + row([400, 1, 2]) + row([401, 1, 2]),
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
        row(["c", "400", "402", "404", ""]) + row(["a", 1, 2, 3, 4]),
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
        row(AXIS) + row(X[0]) + row(AXIS) + row(X[1]),
        "line 3: '400.0, .* once more",
    ),
    "headings of a map twice": (
        RENISHAW + RENISHAW.replace("40", "50"),
        "line 14: '#X.* repeats the headings",
    ),
    "side by side": (
        row(["shift", "a", "shift", "b"])
        + row([400, 1, 500, 2])
        + row([401, 3, 501, 4])
        + row([402, 5, 502, 6]),
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


@pytest.mark.parametrize(
    "orientation, text, match",
    [
        (
            "rows",
            row("cab") + row([400, 1, 2]),
            "headings .* are no numbers",
        ),
        (
            "rows",
            row(["c", 400, 402, 401]) + row("a123"),
            "After .* Expected headings that rise or fall",
        ),
        ("columns", row("ca") + row([400, 3]) + row(["end", 3]), "below numbers"),
        (
            "columns",
            row("ca") + row([400, 3]) + row(["", 3]) + row([404, 3]),
            "line 3 lacks a number in the first column",
        ),
        ("columns", row("ca") + row([400, ""]) + row([401, ""]), "no column beside"),
    ],
)
def test_errors_in_a_given_orientation(tmp_path, orientation, text, match):
    with pytest.raises(ValueError, match=rf"t\.csv: .*{match}"):
        read_spectra_table(write(tmp_path, text), orientation=orientation)


def test_too_few_points_are_left(tmp_path):
    text = row(["c", 400, 402, 404]) + row(["a", 1, "", ""]) + row("b123")
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


def test_read_csv_text():
    """What pandas has read already, with classes and groups as numbers."""
    frame = pd.read_csv(io.StringIO("class,g,400,402,404\n1,5,1,2,3\n2,6,4,5,6\n"))
    bunch = read_spectra_table(frame, label="class", group="g")
    assert bunch.target.tolist() == [1, 2] and bunch.groups.tolist() == [5, 6]


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


def test_intensities_are_no_axis(tmp_path):
    """Few points without headings: a first line that rises is not the axis."""
    text = "100.5;120000;340000\n101.5;5;7\n102.5;12;8\n"
    bunch = read_spectra_table(write(tmp_path, text))
    np.testing.assert_array_equal(bunch.wavenumbers, [100.5, 101.5, 102.5])
    np.testing.assert_array_equal(bunch.data, [[120000, 5, 12], [340000, 7, 8]])
    with pytest.warns(UserWarning, match="looks like intensities"):
        read_spectra_table(write(tmp_path, text), orientation="rows")


def test_a_stated_decimal_mark_holds(tmp_path):
    """With commas between columns points were read as decimal marks all the same."""
    path = write(tmp_path, "id,400,401,402\na,1.250,2.500,3.100\nb,2.100,3.500,4.200\n")
    assert read_spectra_table(path).data.iloc[0, 0] == 1.25
    with pytest.raises(ValueError, match=r"'1\.250'; expected a number"):
        read_spectra_table(path, decimal=",")


# Headings behind a sign ------------------------------------------------------------


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


# Axes of their own -----------------------------------------------------------------


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


# Headings --------------------------------------------------------------------------


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


# The index of a frame --------------------------------------------------------------


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


# Headings of more than one row -----------------------------------------------------

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


def test_rows_that_rise_are_no_axes_by_their_names():
    frame = pd.DataFrame(
        np.arange(30).reshape(3, 10) ** 2, columns=np.linspace(400, 500, 10)
    )
    frame.insert(0, "sample", ["Raman_0", "x1", "cm_2"])
    assert read_spectra_table(frame).data.shape == (3, 10)


# Where the axis is, if headings and first column both count or rise -----------------

LONG_AXIS = 400.5 + 2 * np.arange(60)
LEVELS = np.random.default_rng(0).normal(900, 9, (60, 5)).round(1)


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
