"""The command line, from files to files."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import skops.io

from sklearn_raman.__main__ import main
from sklearn_raman.datasets import load_spectra, read_spectra_table
from sklearn_raman.neural_network import GAPCNNClassifier

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


def test_report_then_predict(table, tmp_path, capsys):
    page, model = tmp_path / "report.html", tmp_path / "model.skops"
    command = ["report", table, "--label", "mineral", "--group", "crystal", "-o", page]
    command += ["--models", "LDA, KNN", "--quick", "--folds", 2, "--save-model", model]
    assert main([str(part) for part in command]) == 0
    out, err = capsys.readouterr()
    assert "8 groups" in out and str(page) in out
    assert "Groups, from the column 'crystal'" in err and "100%" in err
    assert "calcite" in page.read_text(encoding="utf-8")

    # New spectra need no labels, and may lie on another axis that covers this one.
    new = tmp_path / "new.txt"
    axis = np.arange(399.0, 461.0, 1.5)
    values = 1 / (1 + ((axis - 440) / 4) ** 2)
    np.savetxt(new, np.c_[axis, values], fmt="%.5f")
    assert main(["predict", str(model), str(new)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("spectrum,predicted")
    assert lines[1].split(",")[1] == "quartz" and len(lines) == 2
    written = tmp_path / "predictions.csv"
    assert main(["predict", str(model), str(table), "-o", str(written)]) == 0
    predicted = pd.read_csv(written)["predicted"]
    assert predicted.tolist() == pd.read_csv(table)["mineral"].tolist()


def test_report_of_a_folder_without_groups(folder, tmp_path, capsys):
    """Its folders are the classes, and what no groups means is said."""
    page = tmp_path / "report.html"
    command = ["report", str(folder), "-o", str(page), "--models", "LDA", "--quick"]
    assert main([*command, "--folds", "2"]) == 0
    out, err = capsys.readouterr()
    assert "16 spectra, 2 classes" in out and "without --group" in err
    assert page.exists()


def test_convert_and_back(folder, tmp_path, capsys):
    """The table holds the spectra on the axis that all cover, and is read again."""
    path = tmp_path / "all.csv"
    command = ["convert", str(folder), "--label", "folder", "--group", r"/(c\d)_"]
    assert main([*command, "-o", str(path)]) == 0
    out, err = capsys.readouterr()
    assert "16 spectra" in out and "resampled" in err
    table = read_spectra_table(path, label="label", group="group")
    files = load_spectra(folder, label="folder")
    assert table.target.tolist() == files.target.tolist()
    first, last = table.wavenumbers[[0, -1]]
    assert first == pytest.approx(400.7) and last <= 458
    for row, (axis, values) in zip(table.data.to_numpy(), files.data, strict=True):
        np.testing.assert_allclose(
            row, np.interp(table.wavenumbers, axis, values), atol=1e-6
        )
    assert main([*command, "--grid", "402", "450", "4", "-o", str(path)]) == 0
    assert read_spectra_table(path).wavenumbers.tolist() == [*range(402, 451, 4)]


def test_convert_leaves_one_axis_alone(table, tmp_path, capsys):
    path = tmp_path / "out.csv"
    assert main(["convert", str(table), "-o", str(path)]) == 0
    assert "resampled" not in capsys.readouterr().err
    before, after = read_spectra_table(table), read_spectra_table(path)
    assert before.data.columns.equals(after.data.columns)
    np.testing.assert_allclose(before.data, after.data)
    assert after.metadata["mineral"].tolist() == before.metadata["mineral"].tolist()


@pytest.mark.parametrize(
    "command, said",
    [
        (["report", "{table}"], r"--label is missing.*mineral"),
        (["report", "{table}", "--label", "mineral", "--models", "X"], "none of.*SVM"),
        (["report", "{folder}", "--orientation", "rows"], "for one table"),
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


def test_a_model_that_could_run_code_is_refused(table, tmp_path, capsys):
    path = tmp_path / "model.skops"
    skops.io.dump({"model": subprocess.Popen}, path)
    assert main(["predict", str(path), str(table)]) == 1
    assert "subprocess.Popen" in capsys.readouterr().err


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
