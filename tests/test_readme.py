"""What the README shows is what happens."""

import json
import re
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_raman import model_selection
from sklearn_raman.model_selection import _compare, standard_models

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
OWN_FILES, WIDE_TABLE, EXAMPLE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
BANDS = {"calcite": 1086, "quartz": 465}


@pytest.fixture
def two_models(monkeypatch):
    """Two of the standard models, in their quick form: one with a search, one net."""

    def few(random_state, **settings):
        models = standard_models(random_state, **{**settings, "quick": True})
        return {name: models[name] for name in ("PLS-LDA", "GAP-CNN")}

    monkeypatch.setattr(_compare, "standard_models", few)


def measure(mineral, axis, rng):
    """A noisy spectrum with one band and a background."""
    band = 900 / (1 + ((axis - BANDS[mineral]) / 8) ** 2)
    return 100 + 0.02 * axis + band + rng.normal(0, 5, len(axis))


def write_folder(folder, rng):
    """Write two minerals of five crystals, two files each, in four hands."""
    for mineral in BANDS:
        (folder / mineral).mkdir(parents=True)
        for crystal in range(5):
            for number in range(2):
                start, step = rng.uniform(398, 402), rng.uniform(7.9, 8.1)
                axis = start + step * np.arange(110)
                rows = [
                    f"{x:.2f}\t{value:.3f}"
                    for x, value in zip(axis, measure(mineral, axis, rng), strict=True)
                ]
                text, encoding = "\n".join(rows), "utf-8"
                if crystal % 2:
                    text = text.replace(".", ",")
                if number:
                    text, encoding = f"# Größe: 5 µm\n{text}", "latin-1"
                path = folder / mineral / f"R{mineral[0]}{crystal}_{number}.txt"
                path.write_text(text, encoding=encoding)


def check_report(names, folder):
    """The result is by crystal and right, and the page has maps on wavenumbers."""
    result = names["result"]
    assert names["spectra"].data is not None
    assert result.protocol["n_spectra"] == 20 and result.protocol["n_groups"] == 10
    assert list(result.classes) == list(BANDS)
    assert result.to_frame().loc["PLS-LDA", "accuracy"] == 1
    assert set(result.explanations) == {"PLS-LDA", "GAP-CNN"}
    found = result.explanations["PLS-LDA"]
    assert found.unit == "cm-1"
    for mineral, position in BANDS.items():
        # What speaks for one of two minerals is its band, or that the other's is not.
        highest = found.axis[np.abs(found.mean.loc[mineral]).argmax()]
        assert min(abs(highest - band) for band in BANDS.values()) <= 16, position
    page = (folder / "report.html").read_text("utf-8")
    assert "What the models looked at" in page
    assert page.count("Mean spectrum and map of class") == 2


def test_own_files_become_a_report(tmp_path, monkeypatch, capsys, rng, two_models):
    """Ten lines or fewer, run as they stand there."""
    assert len([line for line in OWN_FILES.splitlines() if line]) <= 10
    write_folder(tmp_path / "data", rng)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(OWN_FILES, "README.md", "exec"), names)
    check_report(names, tmp_path)
    assert isinstance(names["spectra"].data, list)  # pairs: the axes differ
    printed = capsys.readouterr().out
    assert "different axes" in printed and "PLS-LDA chose" in printed


def test_a_wide_table_becomes_a_report(tmp_path, monkeypatch, rng, two_models):
    """Six lines or fewer, run as they stand there."""
    assert len([line for line in WIDE_TABLE.splitlines() if line]) <= 6
    axis = np.arange(400, 1270, 8.0)
    table = [
        {"mineral": mineral, "crystal": f"{mineral[0]}{number // 2}"}
        | dict(zip(axis, measure(mineral, axis, rng), strict=True))
        for mineral in BANDS
        for number in range(10)
    ]
    pd.DataFrame(table).to_csv(tmp_path / "spectra.csv")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(WIDE_TABLE, "README.md", "exec"), names)
    check_report(names, tmp_path)


def test_a_kept_model_names_files_on_another_axis(tmp_path, monkeypatch, capsys, rng):
    """The guide's example, with small grids."""
    guide = (ROOT / "docs" / "guide" / "save_and_deploy.md").read_text("utf-8")
    (example,) = re.findall(
        r"## A model to keep.*?```python\n(.*?)```", guide, re.DOTALL
    )
    write_folder(tmp_path / "data", rng)
    (tmp_path / "new").mkdir()
    axis = np.linspace(430, 1230, 300)
    for mineral in BANDS:
        rows = np.transpose([axis, measure(mineral, axis, rng)])
        np.savetxt(tmp_path / "new" / f"unknown {mineral}.txt", rows)
    monkeypatch.chdir(tmp_path)
    quick = partial(standard_models, quick=True)
    monkeypatch.setattr(model_selection, "standard_models", quick)
    exec(compile(example, "save_and_deploy.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == list(BANDS)
    assert lines[0].startswith("new/unknown calcite.txt")


def test_example(capsys):
    """The printed score and band are those shown, up to what processors round."""
    shown = re.findall(r"```text\n(.*?)```", README, flags=re.DOTALL)[0]
    exec(compile(EXAMPLE, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    score, band = (float(value) for value in printed.split())
    shown_score, shown_band = (float(value) for value in shown.split())
    assert score == pytest.approx(shown_score, abs=0.02)
    assert band == pytest.approx(shown_band, abs=10)
    assert band == pytest.approx(1086, abs=10)  # the carbonate stretch of calcite


def test_commands_exist():
    makefile = (ROOT / "Makefile").read_text()
    for command in set(re.findall(r"make (\w+)", README)) - {"installs"}:
        assert re.search(rf"^{command}:", makefile, flags=re.MULTILINE), command


@pytest.mark.parametrize("page", ["README.md", "benchmarks/README.md"])
def test_figures_are_the_committed_results(page):
    """Every mean ± deviation in the pages stands in a file of results."""
    stated = re.findall(r"(\d\.\d{3}) ± (\d\.\d{3})", (ROOT / page).read_text())
    committed = []
    for path in (ROOT / "benchmarks" / "results").glob("*.json"):
        figures = json.loads(path.read_text())
        tables = [figures, *(v for v in figures.values() if isinstance(v, dict))]
        summaries = [table.get("summary", []) for table in tables]
        for row in chain(*(rows for rows in summaries if isinstance(rows, list))):
            for metric in ("accuracy", "balanced_accuracy", "f1_macro", "log_loss"):
                if row.get(metric) is not None:
                    committed.append((row[metric], row[metric + "_std"]))
    assert stated
    for pair in stated:
        distance = np.abs(np.array(committed) - np.array(pair, dtype=float))
        # Results are rounded to six digits, and the page to three.
        assert distance.max(axis=1).min() <= 0.000501, pair


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "benchmarks/README.md",
        "docs/contributing.md",
        "docs/papers.md",
        "docs/papers/fukuhara.md",
        "docs/papers/guo.md",
        "docs/papers/zhang.md",
        "docs/papers/wgan_gp.md",
    ],
)
def test_links_lead_somewhere(page):
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / page).read_text()):
        assert target.startswith("https://") or (folder / target).exists(), target
