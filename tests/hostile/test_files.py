"""Hostile files into every call that reads some, and into the command line."""

import csv
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sklearn_raman.__main__ import _make_parser, main
from sklearn_raman.datasets import load_spectra, read_spectra_table
from tests.hostile._kinds import AXIS, LABELS, SPECTRA

LINES = [f"{at:g},{value:g}" for at, value in zip(AXIS, SPECTRA[0], strict=True)]


class Planted:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("planted"),)


def _lines(place, line):
    lines = list(LINES)
    lines[place] = line
    return "\n".join(lines)


# One file with one spectrum, whose axis is in the first column, and what is said of it.
REFUSED = {
    "nothing": (b"", "empty|no line|expected"),
    "white space": (b"\n \n\t\n", "empty|no line|expected"),
    "a heading only": (b"Raman shift,Intensity\n", "expected"),
    "words": (b"to be or not to be\n" * 9, "expected"),
    "NUL bytes": (bytes(400), "expected|binary|NUL"),
    "random bytes": (np.random.default_rng(0).bytes(4000), "expected|binary|NUL"),
    "a pickle": (pickle.dumps(Planted()), "expected|binary|pickle|NUL"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "expected|binary|NUL"),
    "one column": (
        "\n".join(line.split(",")[1] for line in LINES).encode(),
        "expected",
    ),
    "one point": (b"400.5,3\n", "expected|two points"),
    "a word among numbers": (_lines(7, "414,saturated").encode(), "line 8"),
    "a row that breaks off": (_lines(31, "462,").encode(), "line 32"),
    "three numbers in a row": (_lines(7, "414,3,5").encode(), "line 8"),
    "NaN": (_lines(7, "414,nan").encode(), "line 8.*lacks a number"),
    "infinity": (_lines(7, "414,inf").encode(), "line 8"),
    "too large a number": (_lines(7, "414,1e999").encode(), "line 8"),
    "the same point twice": (_lines(7, "412,9").encode(), "line 8.*repeats"),
    "an axis that turns": (_lines(7, "411,9").encode(), "line 8.*goes back"),
    "hexadecimal": (_lines(7, "414,0x1F").encode(), "line 8"),
    "underscores": (_lines(7, "414,1_0").encode(), "line 8"),
    "thousands": (
        b"400.5,987\n401.5,1.234\n402.5,1.345\n403.5,2.456\n404.5,3.567\n",
        "",
    ),
}
# The same spectrum written otherwise.
_TEXT = "\n".join(LINES)
SAME = {
    "UTF-8 with a mark": b"\xef\xbb\xbf" + _TEXT.encode(),
    "UTF-16": _TEXT.encode("utf-16"),
    "UTF-16, big-endian": b"\xfe\xff" + _TEXT.encode("utf-16-be"),
    "Windows": _TEXT.replace("\n", "\r\n").encode(),
    "old Macintosh": _TEXT.replace("\n", "\r").encode(),
    "line at the end": (_TEXT + "\n\n\n").encode(),
    "tabs": _TEXT.replace(",", "\t").encode(),
    "semicolons": _TEXT.replace(",", ";").encode(),
    "spaces": _TEXT.replace(",", "   ").encode(),
    "delimiter at the end": _TEXT.replace("\n", ",\n").encode() + b",",
    "decimal commas": "\n".join(
        f"{at:.1f};{v:.2f}".replace(".", ",")
        for at, v in zip(AXIS, SPECTRA[0], strict=True)
    ).encode(),
    "exponents": "\n".join(
        f"{at:.6e},{v:.6E}" for at, v in zip(AXIS, SPECTRA[0], strict=True)
    ).encode(),
    "plus signs": "\n".join("+" + line.replace(",", ",+") for line in LINES).encode(),
    "quotes": "\n".join(
        f'"{at:g}","{v:g}"' for at, v in zip(AXIS, SPECTRA[0], strict=True)
    ).encode(),
    "a heading": b"Raman shift (cm-1),Intensity\n" + _TEXT.encode(),
    "a heading in latin-1": "Raman-Verschiebung [cm⁻¹],Intensität\n".encode()
    + _TEXT.encode(),
    "comments": b"# 532 nm, 10 s\n% 50 mW\n" + _TEXT.encode(),
    "falling": "\n".join(LINES[::-1]).encode(),
}
NAMES = [
    "<img src=x onerror=alert(1)>.csv",
    "$(touch planted).csv",
    "; touch planted;.csv",
    "`touch planted`.csv",
    "%s%n{0}{path}.csv",
    "-o.csv",
    "a b  c.csv",
    "=cmd|' C'!A0.csv",
    "ü☃.csv",
    "a\nb.csv",
    "[ab]*?.csv",
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the tests work, so that planted code would be seen."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    yield tmp_path / "in"
    assert not (tmp_path / "planted").exists()
    assert not (tmp_path / "in" / "planted").exists()


def convert(path, capsys):
    """Run the command and return what it wrote, or raise what it said."""
    code = main(["convert", str(path), "-o", "out.csv"])
    err = capsys.readouterr().err
    assert "Traceback" not in err
    if code:
        raise ValueError(err)
    return read_spectra_table("out.csv")


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("reader", ["load_spectra", "convert"])
def test_files_without_a_spectrum(kind, reader, folder, capsys):
    content, says = REFUSED[kind]
    path = folder / "one.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"(?s)one.txt.*({says})"):
        load_spectra(path) if reader == "load_spectra" else convert(folder, capsys)


@pytest.mark.parametrize("kind", SAME)
@pytest.mark.parametrize("reader", ["load_spectra", "convert"])
def test_the_same_spectrum_written_otherwise(kind, reader, folder, capsys):
    path = folder / "one.txt"
    path.write_bytes(SAME[kind])
    found = load_spectra(path) if reader == "load_spectra" else convert(folder, capsys)
    step = -1 if kind == "falling" else 1
    np.testing.assert_array_equal(found.wavenumbers, AXIS[::step])
    np.testing.assert_array_equal(found.data, SPECTRA[:1, ::step])


def test_an_axis_that_counts_points_is_doubted(folder):
    lines = [f"{k},{value:g}" for k, value in enumerate(SPECTRA[0])]
    (folder / "one.txt").write_text("\n".join(lines))
    with pytest.warns(UserWarning, match="count points and look like positions"):
        load_spectra(folder)


def table(labels=LABELS, headings=None, first="mineral"):
    """Return the rows of a table with a spectrum in each."""
    headings = [f"{at:g}" for at in AXIS] if headings is None else headings
    rows = [[first, *headings]]
    for label, values in zip(labels, SPECTRA, strict=True):
        rows.append([label, *(f"{value:g}" for value in values)])
    return rows


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def _cell(row, column, text):
    rows = table()
    rows[row][column] = text
    return rows


TABLES = {
    "nothing": ([], "empty|expected"),
    "headings only": (table()[:1], "headings only"),
    "one cell": ([["1"]], "expected"),
    "a word": (_cell(3, 9, "saturated"), "'saturated'"),
    "an empty cell": (_cell(3, 9, ""), "line 4"),
    "NaN": (_cell(3, 9, "nan"), "line 4"),
    "infinity": (_cell(3, 9, "inf"), "line 4"),
    "too large a number": (_cell(3, 9, "1e999"), "line 4"),
    "a short row": ([*table()[:3], table()[3][:20], *table()[4:]], "line 4"),
    "a long row": ([*table()[:3], [*table()[3], "1"], *table()[4:]], "line 4"),
    "the same wavenumber twice": (_cell(0, 9, "414"), "'414'.*'414'"),
    "a word among wavenumbers": (_cell(0, 9, "site"), "'site'"),
    "a misprint among wavenumbers": (_cell(0, 9, "4I6"), "'4I6'"),
    "pandas' name for a repeated one": (_cell(0, 9, "414.0.1"), "414.0.1"),
    "positions": (table(headings=map(str, range(32))), "position|expected"),
    "wavenumbers that turn": (_cell(0, 9, "413"), "'413'|'412'"),
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("reader", ["read_spectra_table", "convert", "report"])
def test_tables_without_spectra(kind, reader, folder, capsys):
    rows, says = TABLES[kind]
    path = write(folder / "table.csv", rows)
    if reader == "report":
        assert main(["report", str(path), "--label", "mineral", "--quick"]) == 1
        said = capsys.readouterr().err
        assert "Traceback" not in said
        assert re.search(f"(?s)table.csv.*({says})", said), said
        return
    with pytest.raises(ValueError, match=f"(?s)table.csv.*({says})"):
        if reader == "read_spectra_table":
            read_spectra_table(path)
        else:
            convert(path, capsys)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_are_only_names(name, folder, capsys):
    (folder / name).write_text("\n".join(LINES))
    found = convert(folder, capsys)
    assert found.names.tolist() == [name] or found.metadata["file"].tolist() == [name]
    np.testing.assert_array_equal(found.data, SPECTRA[:1])
    found = load_spectra([folder / name], label=lambda path: path.stem)
    assert found.target.tolist() == [Path(name).stem]


@pytest.mark.parametrize("suffix", ["npy", "npz", "pkl", "csv", "txt", "wdf", "spc"])
def test_nothing_is_unpickled(suffix, folder, capsys):
    path = folder / f"one.{suffix}"
    if suffix == "npy":
        np.save(path, np.array([Planted()], dtype=object), allow_pickle=True)
    elif suffix == "npz":
        np.savez(path, X=np.array([Planted()], dtype=object))
    else:
        path.write_bytes(pickle.dumps(Planted()))
    for read in (load_spectra, read_spectra_table):
        with pytest.raises((ValueError, ImportError, OSError)):
            read(path)
    assert main(["convert", str(path), "-o", "out.csv"]) == 1
    capsys.readouterr()


def _skops(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return path


MODELS = {
    "no archive": lambda path: path.write_bytes(b"PK"),
    "a pickle": lambda path: path.write_bytes(pickle.dumps(Planted())),
    "empty archive": lambda path: _skops(path, {}),
    "no schema": lambda path: _skops(path, {"a.txt": "a"}),
    "schema without content": lambda path: _skops(path, {"schema.json": "{}"}),
    "broken schema": lambda path: _skops(path, {"schema.json": "{"}),
    "a foreign type": lambda path: _skops(
        path,
        {
            "schema.json": '{"__class__": "system", "__module__": "os", '
            '"__loader__": "FunctionNode", "__id__": 1, "content": "os.system", '
            '"protocol": 2, "_skops_version": "0.16"}'
        },
    ),
}


@pytest.mark.parametrize("kind", MODELS)
def test_models_that_are_none(kind, folder, capsys):
    model = folder / "model.skops"
    MODELS[kind](model)
    spectra = write(folder / "table.csv", table())
    assert main(["predict", str(model), str(spectra)]) == 1
    out, err = capsys.readouterr()
    assert not out and "Traceback" not in err and "model.skops" in err


COMMANDS = {
    "no command": [],
    "unknown command": ["destroy", "table.csv"],
    "no spectra": ["convert", "-o", "out.csv"],
    "no output": ["convert", "table.csv"],
    "grid of two": ["convert", "table.csv", "-o", "out.csv", "--grid", "400", "450"],
    "grid of words": ["convert", "table.csv", "-o", "o.csv", "--grid", "a", "b", "c"],
    "folds of a word": ["report", "table.csv", "--folds", "many"],
    "unknown orientation": ["predict", "m", "table.csv", "--orientation", "up"],
}
FAULTS = {
    "falling grid": (["convert", "t.csv", "--grid", "450", "400", "1"], "empty"),
    "no step": (["convert", "t.csv", "--grid", "400", "450", "0"], "not 0"),
    "NaN grid": (["convert", "t.csv", "--grid", "nan", "450", "1"], "finite"),
    "grid outside": (["convert", "t.csv", "--grid", "100", "200", "1"], "400 to 462"),
    "laser of 0": (["convert", "t.csv", "--laser-nm", "0"], "--laser-nm 0"),
    "laser of NaN": (["convert", "t.csv", "--laser-nm", "nan"], "--laser-nm nan"),
    "unknown encoding": (["convert", "t.csv", "--encoding", "klingon"], "klingon"),
    "empty delimiter": (["convert", "t.csv", "--delimiter", ""], "delimiter"),
    "no such file": (["convert", "none.csv"], "none.csv"),
    "no such label": (["convert", "t.csv", "--label", "species"], "species"),
    "broken expression": (["convert", "t.csv", "--label", "("], r"\('?"),
    "output is a folder": (["convert", "t.csv", "-o", "in"], "in"),
    "output in no folder": (["convert", "t.csv", "-o", "no/o.csv"], "no"),
    "no label": (["report", "t.csv"], "--label is missing"),
    "one fold": (
        ["report", "t.csv", "--label", "mineral", "--folds", "1"],
        "fold|split",
    ),
    "no fold": (
        ["report", "t.csv", "--label", "mineral", "--folds", "-3"],
        "fold|split",
    ),
    "too many folds": (
        ["report", "t.csv", "--label", "mineral", "--folds", "99"],
        "99",
    ),
    "seed below 0": (
        ["report", "t.csv", "--label", "mineral", "--seed", "-1"],
        "--seed: '-1' is no whole number from 0",
    ),
    "output over the table": (["convert", "t.csv", "-o", "t.csv"], "is an input"),
    "option of files": (["report", "in", "--metadata", "id"], "is for one table"),
    "unknown model": (
        ["report", "t.csv", "--label", "mineral", "--models", "<b>"],
        "<b>",
    ),
    "unknown group": (
        ["report", "t.csv", "--label", "mineral", "--group", "lot"],
        "lot",
    ),
    "no model": (["predict", "m.skops", "t.csv"], "m.skops"),
    "a folder as model": (["predict", "in", "t.csv"], "in"),
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_command_lines_that_are_none(kind, folder, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(COMMANDS[kind])
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("kind", FAULTS)
def test_commands_that_cannot_be_done(kind, folder, capsys):
    write(folder.parent / "t.csv", table())
    command, says = FAULTS[kind]
    if command[0] == "convert" and "-o" not in command:
        command = [*command, "-o", "out.csv"]
    try:
        code = main(command)
    except SystemExit as stop:  # the command line is at fault, not data
        code = stop.code
    is_number = kind in ("one fold", "no fold", "seed below 0")
    assert code == (2 if is_number else 1)
    out, err = capsys.readouterr()
    assert "Traceback" not in err and re.search(says, err), err
    assert not Path("out.csv").exists() and not Path("report.html").exists()


def test_every_command_is_in_the_table():
    (commands,) = _make_parser()._subparsers._group_actions
    tried = {command[0] for command, _ in FAULTS.values()}
    assert set(commands.choices) == tried
