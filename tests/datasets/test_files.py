"""Folders, patterns, classes, groups; and from files to a comparison of models."""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_raman.__main__ import main
from sklearn_raman.datasets import load_spectra, read_spectra_table
from sklearn_raman.model_selection import compare
from sklearn_raman.preprocessing import SNV, WavenumberResampler

TEXT = "400\t1\n402\t5\n404\t2\n"


@pytest.fixture
def folder(tmp_path):
    """Two classes with two crystals each, three spectra of each crystal."""
    for mineral in ("calcite", "quartz"):
        for crystal in ("c1", "c2"):
            for number in (1, 2, 10):
                path = tmp_path / "data" / mineral / f"{crystal}_{number}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(TEXT.replace("5", str(number)))
    return tmp_path / "data"


@pytest.fixture
def make_files(tmp_path):
    def make(names, text=TEXT):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def test_natural_order(folder):
    """a2 before a10, the same from a folder, a pattern and a list."""
    bunch = load_spectra(folder)
    wanted = [
        f"{m}/{c}_{n}.txt"
        for m in ("calcite", "quartz")
        for c in ("c1", "c2")
        for n in (1, 2, 10)
    ]
    assert list(bunch.names) == wanted == list(bunch.data.index)
    assert "natural order" in bunch.DESCR
    for paths in (
        str(folder),
        f"{folder}/**/*.txt",
        folder / "*" / "*.txt",
        [folder / "calcite", f"{folder}/quartz/*"],
        [folder / name for name in wanted],
    ):
        again = load_spectra(paths)
        assert [Path(f) for f in again.filenames] == [folder / n for n in wanted]
        np.testing.assert_array_equal(again.data, bunch.data)


def test_list_order_is_kept(folder):
    files = [folder / "quartz/c1_2.txt", folder / "calcite/c1_1.txt"]
    bunch = load_spectra(files)
    assert [Path(f) for f in bunch.filenames] == files
    assert list(bunch.names) == ["quartz/c1_2.txt", "calcite/c1_1.txt"]
    assert "in the order given" in bunch.DESCR


def test_overlapping_paths_load_once(folder):
    assert len(load_spectra([folder, folder / "calcite", f"{folder}/**/*"]).data) == 12


def test_a_file_spelled_in_two_ways_loads_once(folder, monkeypatch):
    monkeypatch.chdir(folder / "quartz")
    paths = ["c1_1.txt", "./c1_1.txt", "../quartz/c1_1.txt", folder]
    assert len(load_spectra(paths).data) == 12


def test_links_pipes_and_closed_folders(folder, monkeypatch, tmp_path):
    """What is not read is named, and what can't be looked into is an error."""
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (folder / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    os.mkfifo(folder / "pipe.txt")
    with pytest.warns(UserWarning, match=r"again, .*gone\.txt, .*pipe\.txt"):
        bunch = load_spectra(folder)
    assert len(bunch.data) == 12 and "again" in bunch.DESCR
    scan = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("calcite"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    for paths in (folder, f"{folder}/**/*.txt"):
        with pytest.raises(OSError, match=r"calcite can't be read \(Permission"):
            load_spectra(paths)


def test_labels_from_folder_and_name(folder):
    bunch = load_spectra(folder, label="folder", group=r"(.*_)", sample="file")
    assert bunch.target.tolist() == ["calcite"] * 6 + ["quartz"] * 6
    assert bunch.target_names.tolist() == ["calcite", "quartz"]
    assert len(set(bunch.groups)) == 4
    assert bunch.samples.tolist() == list(bunch.names)
    assert "Classes, from the folder: calcite (6), quartz (6)" in bunch.DESCR


def test_one_expression_for_all(folder):
    pattern = r"(?P<label>\w+)/(?P<group>c\d)_(?P<position>\d+)"
    bunch = load_spectra(folder, label=pattern)
    assert bunch.target.tolist() == ["calcite"] * 6 + ["quartz"] * 6
    assert bunch.groups.tolist()[:4] == ["c1", "c1", "c1", "c2"]
    assert bunch.metadata["position"].tolist()[:3] == ["1", "2", "10"]
    assert bunch.samples is None


def test_group_of_the_parameter_wins(folder):
    pattern = r"(?P<label>\w+)/(?P<group>c\d)"
    bunch = load_spectra(folder, label=pattern, group="folder")
    assert set(bunch.groups) == {"calcite", "quartz"}


def test_function_of_the_path(folder):
    bunch = load_spectra(
        folder,
        label=lambda path: len(path.stem) > 4,
        group=lambda path: path.parent.name + path.stem[:2],
    )
    assert bunch.target.tolist() == [False, False, True] * 4
    assert set(bunch.groups) == {"calcitec1", "calcitec2", "quartzc1", "quartzc2"}


NAMES = ["s1.txt", "s2.txt", "s10.txt"]
FRAME = pd.DataFrame({"file": NAMES, "label": ["a", "b", "a"], "crystal": [7, 8, 9]})


@pytest.mark.parametrize(
    "label, group",
    [
        (FRAME, (FRAME, "crystal")),
        (FRAME.set_index("file"), (FRAME.set_index("file"), "crystal")),
        (FRAME.set_index("file")["label"], FRAME.set_index("file")["crystal"]),
        (
            dict(zip(NAMES, "aba", strict=True)),
            dict(zip(["s1", "s2", "s10"], [7, 8, 9], strict=True)),
        ),
        (pl.from_pandas(FRAME), (pl.from_pandas(FRAME), "crystal")),
        (FRAME[::-1], (FRAME.assign(file=[n[:-4] for n in NAMES]), "crystal")),
    ],
)
def test_tables(make_files, label, group):
    """In any order, keyed by file name or stem."""
    bunch = load_spectra(make_files(NAMES), label=label, group=group)
    assert bunch.target.tolist() == ["a", "b", "a"]
    assert bunch.groups.tolist() == [7, 8, 9]


def test_groups_of_a_table_are_not_merged(make_files):
    """1 and "1" are two groups to the user, and so are long numbers beside 0.5."""
    names = ["a.txt", "b.txt"]
    folder = make_files(names)
    groups = dict(zip(names, [2**60 + 1, 0.5], strict=True))
    for table in (groups, lambda path: groups[path.name]):
        assert load_spectra(folder, group=table).groups.tolist() == [
            str(2**60 + 1),
            "0.5",
        ]
    with pytest.raises(ValueError, match="group holds 1 and '1', which read the same"):
        load_spectra(folder, group=dict(zip(names, [1, "1"], strict=True)))
    table = pl.DataFrame({"file": [*names, "c.txt"], "group": [2**60 + 1, 7, None]})
    assert load_spectra(folder, group=table).groups.tolist() == [2**60 + 1, 7]


@pytest.mark.parametrize("as_path", [str, Path])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_table_beside_the_files(make_files, delimiter, as_path):
    """The csv is read as a table, not as a spectrum; "001" stays as it is."""
    root = make_files(NAMES)
    rows = [
        "filename,label,group",
        "s1.txt,calcite,001",
        "s2.txt,quartz,002",
        "s10.txt,calcite,001",
    ]
    (root / "samples.csv").write_text("\n".join(rows).replace(",", delimiter))
    table = as_path(root / "samples.csv")
    bunch = load_spectra(root, label=table, group=table)
    assert bunch.target.tolist() == ["calcite", "quartz", "calcite"]
    assert bunch.groups.tolist() == ["001", "002", "001"]
    assert "column 'label' of the table" in bunch.DESCR


def test_one_name_in_two_folders(folder):
    """A table by file name can't tell them apart; by path it can."""
    names = [f"{c}_{n}.txt" for c in ("c1", "c2") for n in (1, 2, 10)]
    table = dict.fromkeys(names, "a")
    with pytest.raises(ValueError, match="several files are called c1_1.txt.*by their"):
        load_spectra(folder, label=table)
    assert len(load_spectra(folder / "quartz", label=table).target) == 6


def test_colon_in_a_name(make_files):
    root = make_files(["a: 1.txt", "a: 2.txt"])
    bunch = load_spectra(root, group="file", label={"a: 1.txt": 1, "a: 2.txt": 2})
    assert bunch.groups.tolist() == ["a: 1.txt", "a: 2.txt"]
    assert bunch.target.tolist() == [1, 2]


def test_paths_as_keys(folder):
    names = list(load_spectra(folder).names)
    table = {name.replace("/", "\\"): name[:9] for name in names}
    assert load_spectra(folder, label=table).target.tolist() == [n[:9] for n in names]


@pytest.mark.parametrize(
    "label, match",
    [
        (
            r"(\w+)_c\d",
            r"label is missing for 12 of 12 .*d' gives none for calcite/c1_1\.txt",
        ),
        (
            r"(calcite)/",
            r"missing for 6 of 12 .* none for quartz/c1_1.txt.* and 1 more",
        ),
        (r"(?P<label>a)|quartz", "label is missing for 6"),
        (r"(\w+)/(\w+)", "must have one group, or one with the name 'label'"),
        (r"(?P<a>\w+)/(?P<b>\w+)", "It has 2, named a, b"),
        ("folders", "regular expression with a group"),
        ("labels.csv", "path of a table that exists"),
        ("(", "no regular expression"),
        (3, "label=3 must be"),
        ({"c1_1.txt": "a"}, "several files are called c1_1.txt"),
        ({"quartz/c1_1.txt": "a"}, "label is missing for 11 of 12"),
        ({"x.txt": "a"}, "no column of a table holds the names"),
        (pd.DataFrame({"n": ["c1_1.txt"], "a": [1], "b": [2]}), "pass .*column"),
        ((FRAME.assign(file="c1_1.txt"), "label"), "more than one row for c1_1.txt"),
        ((3, "mineral"), "label must be a table, got int"),
        (({"c1_1.txt": "a"}, "mineral"), "has the columns .'label'.; pass"),
        (lambda path: None, "label is missing for 12"),
        (lambda path: "", "label is missing for 12"),
    ],
)
def test_label_errors(folder, label, match):
    with pytest.raises(ValueError, match=match):
        load_spectra(folder, label=label)


def test_different_axes_give_pairs(make_files):
    root = make_files(["a.txt"])
    (root / "b.txt").write_text("401\t1\n403\t2\n405\t3\n407\t4\n")
    bunch = load_spectra(root)
    assert bunch.wavenumbers is None
    (axis, y), (other, z) = bunch.data
    assert axis.tolist() == [400, 402, 404] and y.tolist() == [1, 5, 2]
    assert other.tolist() == [401, 403, 405, 407] and z.tolist() == [1, 2, 3, 4]
    assert "2 different axes" in bunch.DESCR and "401 to 404" in bunch.DESCR
    grid = WavenumberResampler(target_wavenumbers=[401, 404]).fit_transform(bunch.data)
    np.testing.assert_allclose(grid, [[3, 2], [1, 2.5]])


def test_groups_are_asked_for(folder):
    """`compare` refuses to lose them."""
    bunch = load_spectra(folder, label="folder", group="(.*)_")
    models = {"KNN": KNeighborsClassifier(1)}
    with pytest.raises(ValueError, match="groups is None"):
        compare(models, bunch, cv=2, progress=False)


def test_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dat").mkdir()
    for paths, match in (
        ("data", "data does not exist; .* does and holds dat"),
        ("*.txt", r"No file matches the pattern '\*.txt'"),
        ("dat", "no file with spectra"),
        ([], "paths is empty"),
    ):
        with pytest.raises((FileNotFoundError, ValueError), match=match):
            load_spectra(paths)


@pytest.mark.parametrize("paths", [b"data", [b"data"], [7]])
def test_paths_are_text(paths):
    with pytest.raises(TypeError, match="must be a str or a pathlib.Path, got"):
        load_spectra(paths)


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
@pytest.mark.filterwarnings("ignore:load_spectra left out")
def test_names_that_are_no_utf_8(tmp_path, capsys):
    """They are read, stay apart, and can be printed and written."""
    names = [os.fsdecode(name) for name in (b"a\xfe_1\xe9.txt", b"a\xff_2\xe9.txt")]
    for name in names:
        (tmp_path / name).write_text(TEXT)
    (tmp_path / os.fsdecode(b"z\xff.zz")).touch()
    with pytest.warns(UserWarning, match=r"z\\udcff"):
        bunch = load_spectra(tmp_path, group="file", label=r"(?P<label>.)_(?P<more>.)")
    assert bunch.target.tolist() == [r"\udcfe", r"\udcff"]
    for found in (bunch.groups, bunch.names, bunch.metadata["file"], bunch.data.index):
        assert list(found) == [r"a\udcfe_1\udce9.txt", r"a\udcff_2\udce9.txt"]
    assert f"{bunch}{bunch.DESCR}{bunch.filenames}".encode()
    table = dict(zip(names, "cd", strict=True))
    with pytest.warns(UserWarning):
        assert load_spectra(tmp_path, label=table).target.tolist() == ["c", "d"]
    csv = tmp_path / os.fsdecode(b"t\xff.csv")
    csv.write_text("class,400,402,404.5\na,1,2,3\n")
    assert r"t\udcff.csv" in read_spectra_table(csv).DESCR
    broken = tmp_path / os.fsdecode(b"broken\xff.txt")
    broken.touch()
    for read, path in [
        (load_spectra, tmp_path),
        (load_spectra, tmp_path / os.fsdecode(b"none\xff")),
        (load_spectra, f"{broken}*.none"),
        (read_spectra_table, broken),
        (read_spectra_table, f"{broken}.none"),
    ]:
        with pytest.raises((ValueError, OSError)) as caught:
            read(path)
        assert str(caught.value).encode()
    out = os.fsdecode(b"out\xff.csv")
    assert main(["convert", str(csv), "-o", str(tmp_path / out)]) == 0
    assert main(["convert", str(broken), "-o", str(tmp_path / out)]) == 1
    assert r"out\udcff.csv" in capsys.readouterr().out


def test_name_with_brackets(make_files):
    """A file that exists is no pattern."""
    root = make_files(["a[1].txt", "a1.txt"])
    assert list(load_spectra(root / "a[1].txt").names) == ["a[1].txt"]


def test_what_is_left_out_is_said(make_files):
    root = make_files(["a.txt", "notes.md", ".hidden.txt", "Thumbs.db", "b/.x/c.txt"])
    with pytest.warns(UserWarning, match=r"left out 1 of 2 files .*notes\.md"):
        bunch = load_spectra(root)
    assert list(bunch.names) == ["a.txt"]
    assert "Left out for their suffix: notes.md" in bunch.DESCR
    assert "3 hidden or system files" in bunch.DESCR


def test_two_formats_of_one_spectrum(make_files):
    root = make_files(["a.txt", "a.csv"])
    with pytest.raises(ValueError, match="may be the same spectrum in two formats"):
        load_spectra(root)
    assert len(load_spectra([root / "a.txt", root / "a.csv"]).data) == 2
    assert len(load_spectra(f"{root}/*.csv").data) == 1


def test_unreadable_files(make_files):
    """All are listed, with their places; or skipped, with a warning that lists them."""
    root = make_files(["a.txt", "b.txt"])
    (root / "empty.txt").write_text("")
    (root / "broken.txt").write_text(TEXT + "406\tx9\n")
    for n in range(12):
        (root / f"more{n}.txt").write_text("prose\n")
    with pytest.raises(ValueError) as caught:
        load_spectra(root)
    message = str(caught.value)
    assert "14 of 16 files can't be read" in message and "and 4 more" in message
    assert "empty.txt: the file is empty" in message
    assert r"broken.txt: line 4: '406\tx9'" in message
    with pytest.warns(UserWarning, match="skips 14 of 16 files"):
        bunch = load_spectra(root, on_error="skip", label="file")
    assert list(bunch.target) == ["a.txt", "b.txt"]
    assert "Skipped: 14 of 16" in bunch.DESCR
    with pytest.raises(ValueError, match="14 of 14 files can't be read"):
        load_spectra(
            [f"{root}/more*", root / "empty.txt", root / "broken.txt"], on_error="skip"
        )


@pytest.mark.parametrize("parameter", ["missing", "on_error", "decimal", "columns"])
def test_parameters(make_files, parameter):
    with pytest.raises(ValueError, match=parameter):
        load_spectra(make_files(["a.txt"]), **{parameter: "wrong"})


def test_formats_are_stated_by_file(make_files):
    root = make_files(["a.txt", "b.txt"])
    (root / "c.csv").write_text("µ;I\n400,5;1,5\n401,5;2,5\n", encoding="latin-1")
    bunch = load_spectra(root)
    assert "Format of 2 files (a.txt, b.txt): delimiter tab" in bunch.DESCR
    assert "Format of 1 file (c.csv): delimiter semicolon, decimal comma" in (
        bunch.DESCR
    )


def write_minerals(root):
    """Write what several instruments left: axes that differ, commas, latin-1."""
    rng = np.random.default_rng(0)
    for mineral, center in (("calcite", 1086), ("quartz", 464), ("zircon", 1008)):
        (root / mineral).mkdir(parents=True)
        for crystal in range(4):
            for n in range(4):
                axis = np.arange(400 + 3 * rng.random(), 1200, 1.9 + 0.1 * crystal)
                y = 50 / (1 + ((axis - center) / 6) ** 2) + rng.normal(10, 1, len(axis))
                rows = [f"{a:.2f};{v:.3f}" for a, v in zip(axis, y, strict=True)]
                text = "\n".join(rows)
                if crystal % 2:
                    text = text.replace(".", ",")
                if n % 2:
                    text = "Größe: 5 µm\nRaman shift;Intensität\n" + text
                (root / mineral / f"R{crystal}_{n}.txt").write_bytes(
                    text.encode("latin-1")
                )


def test_from_a_folder_to_a_report(tmp_path, monkeypatch):
    """Four lines of a user, beside the imports, and what they find out."""
    write_minerals(tmp_path / "data")
    monkeypatch.chdir(tmp_path)

    spectra = load_spectra("data", label="folder", group=r"/(R\d+)_")
    steps = WavenumberResampler(target_wavenumbers=(405, 1195, 2)), SNV()
    models = {"KNN": make_pipeline(*steps, KNeighborsClassifier(3))}
    result = compare(models, spectra, groups=spectra.groups, cv=4, progress=False)

    assert result.to_frame()["accuracy"].iloc[0] > 0.95
    assert isinstance(spectra.data, list) and len(spectra.data) == 48
    for fact in (
        "decimal comma",
        "decimal point",
        "cp1252",
        "R0 (12)",
        "zircon (16)",
        "different axes",
    ):
        assert fact in spectra.DESCR, fact


class TestWhichColumnNamesTheFiles:
    """Of a table in which two columns could."""

    TABLE = pd.DataFrame(
        {
            "run_order": [4, 6, 1, 3, 2, 5],
            "id": [1, 2, 3, 4, 5, 6],
            "mineral": list("aabbcc"),
        }
    )

    @pytest.fixture
    def folder(self, tmp_path):
        for n in range(1, 7):
            (tmp_path / f"{n}.txt").write_text(f"400.5\t{n}\n401.5\t{n}\n")
        return tmp_path

    @pytest.mark.parametrize("as_path", [True, False])
    def test_is_asked(self, folder, tmp_path_factory, as_path):
        table = self.TABLE
        if as_path:
            table = tmp_path_factory.mktemp("table") / "t.csv"
            self.TABLE.to_csv(table, index=False)
        with pytest.raises(ValueError, match=r"\['run_order', 'id'\].*set_index"):
            load_spectra(folder, label=(table, "mineral"))

    @pytest.mark.parametrize("key", ["id", "run_order"])
    def test_the_index_decides(self, folder, key):
        bunch = load_spectra(folder, label=(self.TABLE.set_index(key), "mineral"))
        expected = self.TABLE.sort_values(key)["mineral"]
        assert bunch.target.tolist() == expected.tolist()

    def test_an_index_left_of_a_longer_table_does_not(self, folder):
        more = pd.DataFrame({"id": [8, 9], "mineral": ["x", "y"]})
        table = pd.concat([more, self.TABLE[["id", "mineral"]]], ignore_index=True)
        for cut in (table.iloc[1:], table[table.index % 8 != 1]):
            bunch = load_spectra(folder, label=cut)
            assert bunch.target.tolist() == list("aabbcc")

    def test_columns_that_agree_and_the_one_asked_for(self, folder):
        table = self.TABLE[["id", "mineral"]].assign(
            file=lambda t: t["id"].map("{}.txt".format)
        )
        assert load_spectra(folder, label=(table, "mineral")).target.tolist() == list(
            "aabbcc"
        )
        bunch = load_spectra(folder, sample=(self.TABLE, "run_order"))
        assert bunch.samples.tolist() == self.TABLE["run_order"].tolist()
