"""The command line, from files to files."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from imblearn.pipeline import make_pipeline
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.svm import LinearSVC

from sklearn_raman.__main__ import main
from sklearn_raman._utils._suffixes import TEXT_SUFFIXES
from sklearn_raman.datasets import load_spectra, read_spectra_table
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.mapping._parcel import Parcel
from sklearn_raman.neural_network import (
    CNN,
    Augmentation,
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    SpectralNetClassifier,
)
from sklearn_raman.over_sampling import WGANGP, SpectrumBootstrap
from sklearn_raman.preprocessing import (
    EMSC,
    SNV,
    BaselineCorrection,
    SavitzkyGolay,
    SpectrumMinMaxScaler,
    WavenumberCrop,
    WavenumberResampler,
)
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector

NONE = "none of these"
DOCS = Path(__file__).parents[1] / "docs"
AXIS = np.arange(400.0, 460.0, 2.0)


def simulate(center, rng):
    return 1 / (1 + ((AXIS - center) / 4) ** 2) + rng.normal(0, 0.01, len(AXIS))


@pytest.fixture
def table(tmp_path, rng):
    """Two minerals, four crystals each, two spectra of each crystal."""
    rows = []
    for name, center in [("calcite", 420), ("quartz", 440)]:
        for crystal in range(4):
            for _ in range(2):
                spectrum = dict(zip(map(str, AXIS), simulate(center, rng), strict=True))
                rows.append({"mineral": name, "crystal": f"{name}{crystal}"} | spectrum)
    path = tmp_path / "spectra.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.fixture
def folder(tmp_path, rng):
    """The same as files: axes differ a little, half of them have decimal commas."""
    for name, center in [("calcite", 420), ("quartz", 440)]:
        for number in range(8):
            axis = AXIS + 0.1 * number
            pairs = zip(axis, simulate(center, rng), strict=True)
            text = "\n".join(f"{at:.1f}\t{value:.6f}" for at, value in pairs)
            path = tmp_path / "data" / name / f"c{number // 2}_{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(".", ",") if number % 2 else text)
    return tmp_path / "data"


def test_every_command_of_the_page_does_what_it_says(
    table, folder, tmp_path, monkeypatch, capsys
):
    """In order, on small files; reports with one quick model and two folds."""
    monkeypatch.chdir(tmp_path)
    crystals = tmp_path / "data"
    shutil.copytree(folder, tmp_path / "folder")
    for path in list(crystals.glob("*/*")):
        path.rename(path.with_name(path.name.replace("c", f"R{len(path.parent.name)}")))
    # New spectra need no labels, and may lie on another axis that covers that of old.
    axis = np.arange(399.0, 461.0, 1.5)
    new = [1 / (1 + ((axis - center) / 4) ** 2) for center in (440, 420)]
    pd.DataFrame(new, columns=axis).to_csv("new.csv", index=False)

    page = (DOCS / "command_line.md").read_text(encoding="utf-8").replace("\\\n", "")
    commands = re.findall(r"^\$ python -m sklearn_raman (.*)$", page, re.MULTILINE)
    assert len(commands) >= 7 and page.count("$ ") == len(commands)
    said = ""
    for command in commands:
        command = shlex.split(command)
        if "--help" in command:
            with pytest.raises(SystemExit) as stopped:
                main(command)
            assert stopped.value.code == 0
            continue
        if command[0] == "report":
            command += ["--models", "LDA", "--quick", "--folds", "2"]
            # Maps by occlusion where the page has been read to its end.
            command += ["--explain-all"] if "data/" in command else []
            command += ["--unknown", "new.csv"] if "spectra.csv" in command else []
        assert main(command) == 0, command
        said += "".join(capsys.readouterr())
    assert "Groups, from the column 'crystal'" in said and "100%" in said
    assert "calcite" in Path("report.html").read_text(encoding="utf-8")
    assert "What the models looked at" not in Path("report.html").read_text("utf-8")
    assert "What the models looked at" in Path("data.html").read_text("utf-8")
    assert "None of these" in Path("report.html").read_text("utf-8")
    assert "None of these" not in Path("data.html").read_text("utf-8")
    assert said.count("8 groups") == 2
    predictions = pd.read_csv("predictions.csv")
    assert list(predictions) == ["spectrum", "predicted", "probability"]
    assert predictions["predicted"].tolist() == ["quartz", "calcite"]
    # The table holds the spectra on the axis that all cover, or on the one asked for.
    files, written = load_spectra("folder"), read_spectra_table("all.csv")
    first, last = written.wavenumbers[[0, -1]]
    assert "resampled" in said and first == pytest.approx(400.7) and last <= 458
    for row, (axis, values) in zip(written.data.to_numpy(), files.data, strict=True):
        expected = np.interp(written.wavenumbers, axis, values)
        np.testing.assert_allclose(row, expected, atol=1e-6)
    written = read_spectra_table("grid.csv", label="label")
    assert written.wavenumbers.tolist() == [*range(402, 451, 2)]
    assert (
        written.target.tolist()
        == load_spectra("folder", label="folder").target.tolist()
    )


def test_what_no_groups_means_is_said_before_the_work(folder, capsys):
    """Folders are the classes where there is no label."""
    assert main(["report", str(folder), "--folds", "99"]) == 1
    assert re.search(r"16 spectra(.|\n)*without --group", capsys.readouterr().err)


@pytest.mark.parametrize("suffix", sorted(TEXT_SUFFIXES))
def test_a_table_may_have_the_suffix_of_any_text_file(table, suffix, capsys):
    renamed = table.rename(table.with_suffix(suffix))
    assert main(["convert", str(renamed), "-o", str(table.with_name("o.csv"))]) == 0
    assert "16 spectra" in capsys.readouterr().out


def test_convert_leaves_one_axis_alone(table, tmp_path, capsys):
    path = tmp_path / "out.csv"
    assert main(["convert", str(table), "-o", str(path)]) == 0
    assert "resampled" not in capsys.readouterr().err
    before, after = read_spectra_table(table), read_spectra_table(path)
    assert before.data.columns.equals(after.data.columns)
    np.testing.assert_allclose(before.data, after.data)
    assert after.metadata["mineral"].tolist() == before.metadata["mineral"].tolist()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX links and rights")
def test_interrupted_while_it_writes(table, tmp_path, monkeypatch):
    """The table of before is left, through a link too, and nothing half made."""
    folder = tmp_path / "out"
    folder.mkdir()
    path, link = folder / "all.csv", tmp_path / "link.csv"
    command = ["convert", str(table), "-o"]
    assert main([*command, str(path)]) == 0
    link.symlink_to(path)
    path.chmod(0o600)
    whole, to_csv = path.read_bytes(), pd.DataFrame.to_csv

    def interrupted(frame, target, **settings):
        to_csv(frame.head(1), target, **settings)
        raise KeyboardInterrupt

    for target in (path, link):
        with monkeypatch.context() as patch:
            patch.setattr(pd.DataFrame, "to_csv", interrupted)
            assert main([*command, str(target)]) == 130
        assert path.read_bytes() == whole
        path.write_text("older")
        assert main([*command, str(target)]) == 0
        assert path.read_bytes() == whole
        assert path.stat().st_mode & 0o777 == 0o600
        assert [*folder.iterdir()] == [path]
    assert link.is_symlink()
    assert main([*command, os.devnull]) == 0
    words = [sys.executable, "-m", "sklearn_raman", *command, "/dev/stdout"]
    piped = subprocess.run(words, capture_output=True, check=True).stdout
    assert whole in piped


@pytest.mark.parametrize(
    "command, said",
    [
        (["report", "{table}"], r"--label is missing.*mineral"),
        (["report", "{table}", "--label", "mineral", "--models", "X"], "none of.*SVM"),
        (["report", "{folder}", "--orientation", "rows"], "for one table"),
        (["report", "{table}", "--label", "stone"], "--label 'stone' is no heading"),
        (["report", "{folder}", "--metadata", "a"], "--metadata is for one table"),
        (["report", "{table}", "--label", "mineral", "-o", "{table}"], "is an input"),
        (["convert", "{table}", "-o", "{folder}"], "is a folder: name a file in it"),
        (["convert", "{table}", "-o", "no/such/a.csv"], "a.csv does not exist"),
        (["convert", "{table}", "-o", "{table}"], "is an input: give the output"),
        (["predict", "{table}", "{table}", "-o", "{table}"], "is an input"),
        (["convert", "{folder}", "--label", "(no)", "-o", "a.csv"], r"'\(no\)' gives"),
        (["convert", "nowhere.csv", "-o", "out.csv"], "nowhere.csv"),
        (["predict", "nowhere.skops", "{table}"], "no model nowhere.skops"),
        (["predict", "{table}", "{table}"], "is no model"),
    ],
)
def test_faults_of_data_are_one_line(command, said, table, folder, capsys):
    command = [part.format(table=table, folder=folder) for part in command]
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert not out and "Traceback" not in err
    assert err.startswith("error: ") and len(err.splitlines()) <= 3
    assert re.search(said, err)


def test_no_file_that_is_read_is_overwritten(table, folder, tmp_path, capsys):
    """In whatever way it was given, and by whatever link the output leads to it."""
    one = folder / "quartz" / "c0_0.txt"
    labels, link, hard = (tmp_path / name for name in ("l.csv", "s.txt", "h.txt"))
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*.txt")]
    labels.write_text("file,a\n" + "".join(f"{file},{file[:6]}\n" for file in files))
    link.symlink_to(one)
    hard.hardlink_to(one)
    pattern, beside = str(folder / "**" / "*.txt"), str(folder / "quartz" / "c0_1.txt")
    before = {path: path.read_bytes() for path in (one, table, labels)}
    for given, out in [
        ([folder], one),
        ([pattern], one),
        ([one, beside], hard),
        ([folder], link),
        ([folder, "--label", labels], labels),
        ([folder, "--group", labels], labels),
    ]:
        for command in ("convert", "report"):
            assert main([command, *map(str, given), "-o", str(out)]) == 1
            assert "is an input: give the output" in capsys.readouterr().err
    unknown = ["report", str(table), "--label", "mineral", "--unknown", str(folder)]
    assert main([*unknown, "-o", str(one)]) == 1
    assert main([*unknown[:4], "--save-model", str(table)]) == 1
    assert {path: path.read_bytes() for path in before} == before
    page = folder / "report.html"  # is read by no command
    page.touch()
    assert main(["convert", str(folder), "-o", str(page)]) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX links")
def test_an_output_that_is_a_link_to_nowhere(table, tmp_path, capsys):
    """Is refused before the work, as where it leads to would be."""
    link, folder = tmp_path / "model.skops", tmp_path / "nowhere"
    link.symlink_to(folder / "model.skops")
    report = ["report", str(table), "--label", "mineral", "--quick", "--folds", "2"]
    assert main([*report, "--models", "PLS-LDA", "--save-model", str(link)]) == 1
    out, err = capsys.readouterr()
    assert not out and f"does not exist: make {folder} first" in err
    folder.mkdir()
    assert main(["convert", str(table), "-o", str(link)]) == 0
    assert (folder / "model.skops").is_file()


@pytest.mark.parametrize("name", ["a [2].csv", "a?.csv", "[ab]*.csv"])
@pytest.mark.parametrize("beside", [True, False])
def test_a_table_whose_name_looks_like_a_pattern(name, beside, table, tmp_path):
    path, out = tmp_path / "a" / name, str(tmp_path / "o.csv")
    path.parent.mkdir()
    found = pd.read_csv(table)
    found.drop(columns=[] if beside else ["crystal", "mineral"]).to_csv(
        path, index=False
    )
    assert main(["convert", str(path), "-o", out]) == 0
    np.testing.assert_array_equal(
        read_spectra_table(out).data, read_spectra_table(table).data
    )


@pytest.mark.parametrize(
    "name, advice",
    [
        ("b.csv", "If each row is a spectrum, give it alone, as the only file"),
        ("b.xlsx", "save the sheet as .csv."),
        ("b.l6m", "in LabSpec 6 and give it alone, as the only file"),
    ],
)
def test_no_way_out_is_a_function_of_python(name, advice, table, tmp_path, capsys):
    path, out = tmp_path / name, str(tmp_path / "o.csv")
    rows = [[n + 0.5, *AXIS[1:]] for n in range(3)]
    pd.DataFrame(rows, columns=AXIS).to_csv(path, index=False)
    assert main(["convert", str(table), str(path), "-o", out]) == 1
    said = capsys.readouterr().err
    assert "read_spectra_table" not in said and "pandas" not in said
    assert advice in said


@pytest.mark.parametrize(
    "option", [["--folds", "1"], ["--jobs", "0"], ["--seed", "-1"], ["--seed", "x"]]
)
def test_numbers_that_can_not_be(option, table, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["report", str(table), *option])
    assert stop.value.code == 2
    assert f"{option[1]!r} is no whole number" in capsys.readouterr().err


def test_every_way_out_is_an_option(table, tmp_path, capsys):
    """What an error tells to pass can be passed."""
    lines = table.read_text().splitlines()
    path, out = tmp_path / "b.csv", str(tmp_path / "o.csv")
    path.write_text("\n".join([lines[0].replace("crystal", "350"), *lines[1:]]))
    assert main(["convert", str(path), "-o", out]) == 1
    assert "Pass --metadata 350 if" in capsys.readouterr().err
    assert main(["convert", str(path), "--metadata", "350", "mineral", "-o", out]) == 0
    path.write_text("\n".join(f"{i},{400.5 + 3 * i},{i % 3}" for i in range(9)))
    for header in ([], ["--header", "0"]):
        assert main(["convert", str(path), *header, "-o", out]) == 1
    columns = ["--columns", "1", "2"]
    assert main(["convert", str(path), *columns, "-o", out]) == 0
    assert read_spectra_table(out).wavenumbers[0] == 400.5
    path.write_text("400,1\n401,\n402,3\n403,4\n")
    assert main(["convert", str(path), *columns[:1], "0", "1", "-o", out]) == 1
    assert 'Pass --missing "drop"' in capsys.readouterr().err
    assert main(["convert", str(path), "--missing", "drop", "-o", out]) == 0


@pytest.mark.parametrize("form", ["andor.asc", "jasco.txt", "comma.csv"])
def test_one_file_of_an_instrument(form, tmp_path, rng, capsys):
    """A spectrum alone is read as beside others, whatever stands around it."""
    values = rng.integers(100, 900, len(AXIS))
    lines = [f"{at}\t{value}\n" for at, value in zip(AXIS, values, strict=True)]
    text = {
        "andor.asc": "".join(lines) + "\n\nDate and Time:\tFri Jan 01 2020\n",
        "jasco.txt": "TITLE\tQuartz\nXUNITS\tRaman Shift [cm-1]\nXYDATA\n"
        + "".join(lines),
        "comma.csv": "Wavenumber,Intensity\n"
        + "".join(lines).replace("\t", ",").replace("\n", ",\n"),
    }[form]
    path, out = tmp_path / form, tmp_path / "o.csv"
    path.write_text(text)
    assert main(["convert", str(path), "-o", str(out)]) == 0
    found = read_spectra_table(out)
    np.testing.assert_array_equal(found.wavenumbers, AXIS)
    np.testing.assert_array_equal(found.data.to_numpy(), [values])
    # What is no spectrum stays refused as the table it is not.
    path.write_text(
        text.replace(f"\t{values[3]}", "\tx").replace(f",{values[3]}", ",x")
    )
    assert main(["convert", str(path), "-o", str(out)]) == 1
    two = [f"{at} {value} {value}\n" for at, value in zip(AXIS, values, strict=True)]
    path.write_text("".join(two) + "\nDate and Time: Fri\n")
    assert main(["convert", str(path), "-o", str(out)]) == 1
    assert "error: " in capsys.readouterr().err


def test_predictions_carry_what_is_known_of_the_spectra(table, tmp_path, capsys):
    """Names beside predictions, under which they are looked up; nothing is lost."""
    frame = pd.read_csv(table, dtype=str)
    frame = frame.assign(id=[f"00{i}" for i in range(16)], predicted="by hand")
    X = frame[map(str, AXIS)].astype(float)
    model = PLSLDA(n_components=2).fit(X, frame["mineral"])
    skops.io.dump(model, tmp_path / "model.skops")
    frame.to_csv(table, index=False)
    out = tmp_path / "out.csv"
    predict = ["predict", str(tmp_path / "model.skops"), str(table)]
    assert main([*predict, "-o", str(out)]) == 0
    found = pd.read_csv(out, dtype=str)
    assert found["id"].tolist() == frame["id"].tolist()
    assert found["predicted (as read)"].eq("by hand").all()
    assert found["predicted"].tolist() == model.predict(X).tolist()
    model.fit(X.to_numpy(), frame["mineral"])
    skops.io.dump(model, tmp_path / "model.skops")
    assert main(predict) == 1
    assert "does not know the wavenumbers" in capsys.readouterr().err


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: GridSearchCV(m, {}, cv=2)])
def test_a_model_fitted_on_an_axis_of_numbers(wrap, table, tmp_path, capsys):
    """As `pandas.DataFrame(X, columns=wavenumbers)` gives it; another is refused."""
    frame = pd.read_csv(table)
    X, y = frame[map(str, AXIS)], frame["mineral"]
    model = wrap(make_pipeline(SNV(), PLSLDA())).fit(X.set_axis(AXIS, axis=1), y)
    found = predicted_by(model, table, tmp_path)
    assert found["predicted"].tolist() == y.tolist()
    other = tmp_path / "other.csv"
    X.set_axis([f"{at + 1:g}" for at in AXIS], axis=1).to_csv(other, index=False)
    assert main(["predict", str(tmp_path / "model.skops"), str(other)]) == 1
    assert "but fit saw" in capsys.readouterr().err


@pytest.fixture
def strangers(table, tmp_path):
    """A spectrum of each of the two minerals, and one of neither, with ids."""
    named = pd.read_csv(table)[["crystal", *map(str, AXIS)]].iloc[[0, 8]]
    other = named.iloc[[0]].assign(crystal="unlike")
    other[list(map(str, AXIS))] = np.resize([0.0, 1.0], len(AXIS))
    path = tmp_path / "strangers.csv"
    pd.concat([named, other]).to_csv(path, index=False)
    return path


def predicted_by(model, path, tmp_path):
    """Return the table that the command makes with a model from Python."""
    skops.io.dump(model, tmp_path / "model.skops")
    out = tmp_path / "predicted.csv"
    command = ["predict", tmp_path / "model.skops", path, "-o", out]
    assert main([str(part) for part in command]) == 0
    return pd.read_csv(out)


@pytest.mark.parametrize("place", ["around", "behind"])
@pytest.mark.parametrize(
    "make, column, answers",
    [
        (partial(SpectralNoveltyDetector, false_alarm_rate=0.2), "known", [True, True]),
        (
            partial(ConformalClassifier, false_alarm_rate=0.2, novelty_score="both"),
            "answer",
            ["calcite", "quartz"],
        ),
        (
            partial(
                ConformalClassifier,
                false_alarm_rate=0.2,
                novelty_score="both",
                unknown_label="?",
            ),
            "answer",
            ["calcite", "quartz"],
        ),
    ],
)
def test_wrappers_say_class_and_doubt(
    make, column, answers, place, table, strangers, tmp_path
):
    """Their answer beside the class; no probability for what is none of the classes."""
    frame = pd.read_csv(table)
    X, y, groups = frame[map(str, AXIS)], frame["mineral"], frame["crystal"]
    classifier = PLSLDA(n_components=2)
    inner = make_pipeline(SNV(), classifier) if place == "around" else classifier
    wrapper = make(inner, cv=4, random_state=0)
    if place == "around":
        model = wrapper.fit(X, y, groups=groups)
    else:
        model = make_pipeline(SNV(), wrapper)
        model.fit(X, y, **{f"{model.steps[-1][0]}__groups": groups})
    found = predicted_by(model, strangers, tmp_path)
    assert list(found) == ["spectrum", "crystal", "predicted", "probability", column]
    assert found["crystal"].tolist() == ["calcite0", "quartz0", "unlike"]
    alone = make_pipeline(SNV(), classifier).fit(X, y)
    new = pd.read_csv(strangers)[map(str, AXIS)]
    assert found["predicted"].tolist() == alone.predict(new).tolist()
    odd = {"known": False}.get(column, getattr(wrapper, "unknown_label", None))
    assert found[column].tolist() == [*answers, odd if odd is not None else NONE]
    expected = alone.predict_proba(new).max(axis=1)[:2]
    np.testing.assert_allclose(found["probability"][:2], expected, atol=1e-4)
    assert np.isnan(found["probability"][2])


def test_what_a_detector_cannot_tell_is_left_empty(table, strangers, tmp_path):
    """With too few held-out spectra none could ever be called unknown."""
    frame = pd.read_csv(table)
    detector = SpectralNoveltyDetector(cv=2, false_alarm_rate=0.01, random_state=0)
    with pytest.warns(UserWarning, match="too few"):
        detector.fit(frame[map(str, AXIS)], frame["mineral"], groups=frame["crystal"])
    found = predicted_by(detector, strangers, tmp_path)
    assert found["known"].isna().all() and found["probability"].notna().all()


def test_a_detector_takes_any_axis_that_its_model_takes(table, tmp_path):
    """Fitted on spectra each on its own axis, so that there are no columns' names."""
    frame = pd.read_csv(table)
    pairs = [(AXIS, values) for values in frame[map(str, AXIS)].to_numpy()]
    grid = WavenumberResampler(target_wavenumbers=(402, 456, 2))
    detector = SpectralNoveltyDetector(
        make_pipeline(grid, PLSLDA(n_components=2)), cv=4, false_alarm_rate=0.2
    )
    detector.fit(pairs, frame["mineral"], groups=frame["crystal"])
    found = predicted_by(detector, table, tmp_path)
    assert found["predicted"].tolist() == frame["mineral"].tolist()


def test_the_probability_is_that_of_the_class_beside_it(table, tmp_path):
    """Also where a threshold decides otherwise than the higher probability."""
    frame = pd.read_csv(table)
    X, y = frame[map(str, AXIS)], frame["mineral"]
    model = FixedThresholdClassifier(
        PLSLDA(n_components=2),
        threshold=2.0,
        pos_label="quartz",
        response_method="predict_proba",
    ).fit(X, y)
    found = predicted_by(model, table, tmp_path)
    assert set(found["predicted"]) == {"calcite"}
    of_calcite = model.predict_proba(X)[:, 0]
    np.testing.assert_allclose(found["probability"], of_calcite, atol=1e-4)


STEPS = [
    *(WavenumberResampler(target_wavenumbers=(404, 452, 2), kind=kind)
      for kind in ("linear", "quadratic", "cubic", "pchip")),
    WavenumberResampler(target_wavenumbers="common", reduction="mean"),
    WavenumberResampler(target_wavenumbers=range(404, 453, 2)),
    WavenumberCrop(region=((400, 428), (432, None)), wavenumbers=range(400, 460, 2)),
    *(BaselineCorrection(method=method) for method in ("arpls", "snip", "modpoly")),
    SavitzkyGolay(window_length=5, deriv=1, delta="axis"),
    EMSC(interferents=[np.cos(AXIS / 9)], order=1),
    SpectrumMinMaxScaler(per="feature"),
    SpectrumBootstrap(random_state=0),
    WGANGP(max_iter=2, random_state=0),
]  # fmt: skip
MODELS = [
    PLSLDA(n_components="rmse", random_state=0),
    PLSLDA(shrinkage=0, calibration=None, scale=True),
    CNNClassifier(n_filters=2, n_hidden=4, max_epochs=1, sampler=WGANGP(max_iter=2)),
    FMCNNClassifier(max_epochs=1, early_stopping=True, class_weight="balanced"),
    SpectralNetClassifier(CNN, max_epochs=1, augmentation=Augmentation(shift=2)),
    CalibratedClassifierCV(LinearSVC(), cv=2),
    *(
        GridSearchCV(PLSLDA(), {"n_components": [1, 2]}, cv=2, scoring=scoring)
        for scoring in (None, "balanced_accuracy", "neg_log_loss", "roc_auc_ovr")
    ),
    VotingClassifier([("one", PLSLDA(n_components=1))], voting="soft"),
]


@pytest.mark.parametrize("own", STEPS + MODELS, ids=lambda own: type(own).__name__)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_models_of_this_package_are_trusted(own, table, tmp_path):
    """Whatever they are made of: a saved model names spectra as the fitted one does."""
    frame = pd.read_csv(table).iloc[:14]  # something to over-sample
    X, y = frame[map(str, AXIS)], frame["mineral"]
    last = [] if hasattr(own, "predict") else [PLSLDA(n_components=2)]
    model = make_pipeline(own, *last).fit(X, y)
    found = predicted_by(model, table, tmp_path)
    X = pd.read_csv(table)[map(str, AXIS)]
    assert found["predicted"].tolist() == model.predict(X).tolist()
    expected = model.predict_proba(X).max(axis=1)
    np.testing.assert_allclose(found["probability"], expected, atol=1e-4)


@pytest.mark.parametrize(
    "what, name",
    [
        (subprocess.Popen, "subprocess.Popen"),
        # skops calls with arguments from the file what it is told to be a class.
        (main, "sklearn_raman.__main__.main"),
        (Parcel(3), "sklearn_raman.mapping._parcel.Parcel"),  # unpickles
    ],
)
def test_a_model_that_could_run_code_is_refused(what, name, table, tmp_path, capsys):
    path = tmp_path / "model.skops"
    skops.io.dump({"model": what}, path)
    assert main(["predict", str(path), str(table)]) == 1
    assert name in capsys.readouterr().err


def test_a_file_without_a_model(table, tmp_path, capsys):
    path = tmp_path / "model.skops"
    for content in ({"model": 3}, SNV()):
        skops.io.dump(content, path)
        assert main(["predict", str(path), str(table)]) == 1
        name = type(content).__name__
        assert f"holds a {name}, which predicts nothing" in capsys.readouterr().err
    with zipfile.ZipFile(path) as good:
        broken = good.read("schema.json").replace(b'"SNV"', b'"SNW"')
    with zipfile.ZipFile(path, "w") as bad:
        bad.writestr("schema.json", broken)
    assert main(["predict", str(path), str(table)]) == 1
    assert "can't be loaded" in capsys.readouterr().err


def test_interrupt(table, monkeypatch, capsys):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("sklearn_raman.datasets.read_spectra_table", stop)
    assert main(["convert", str(table), "-o", "out.csv"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_help_and_usage():
    """As it is called; help comes without loading torch."""
    module = [sys.executable, "-X", "importtime", "-m", "sklearn_raman"]
    done = subprocess.run([*module, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("report", "predict", "convert"))
    assert " torch" not in done.stderr
    with pytest.raises(SystemExit) as stopped:
        main(["report"])
    assert stopped.value.code == 2


def test_the_saved_model_is_fitted_by_group(table, tmp_path, monkeypatch):
    """As in the comparison, also where it is the network that splits by group."""
    seen = []
    fit = GAPCNNClassifier.fit

    def note(self, X, y, groups=None, **fit_params):
        seen.append((len(X), groups is not None))
        return fit(self, X, y, groups=groups, **fit_params)

    monkeypatch.setattr(GAPCNNClassifier, "fit", note)
    command = ["report", table, "--label", "mineral", "--group", "crystal"]
    command += ["-o", tmp_path / "report.html", "--models", "GAP-CNN", "--quick"]
    command += ["--folds", 2, "--save-model", tmp_path / "model.skops"]
    assert main([str(part) for part in command]) == 0
    assert seen[-1] == (16, True)
    assert all(by_group for _, by_group in seen)
