"""The pages of the guide: code that runs, a picture, a box with what goes wrong."""

import importlib.util
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(page.stem for page in GUIDE.glob("*.md"))
BLOCK = re.compile(r"(?:<!-- ([\w ]+): ([^>]*) -->\n)?```python\n(.*?)```", re.DOTALL)
# What would be most of the time of a page.
QUICKER = {
    "bands_with_error_bars": [
        ("n_permutations=19, ", "n_refits=10, n_repeats=1, n_permutations=0, cv=2, "),
    ],
    "believe_a_map": [("max_epochs=8", "max_epochs=4")],
    "how_many_samples": [
        ("import sample_size", "import OneGroupPerClassSplit, sample_size"),
        ("n_draws=3", "n_draws=1, cv=OneGroupPerClassSplit(1, random_state=0)"),
        ("sizes=[2, 4]", "sizes=[2], cv=OneGroupPerClassSplit(1, random_state=0)"),
    ],
    "networks": [
        ("1508, 2)", "1508, 8)"),
        ("max_epochs=10, ", "max_epochs=2, "),
        ("here, max_epochs=3", "here, max_epochs=1"),
        ("(max_epochs=3, cal", "(max_epochs=1, cal"),
    ],
    "synthetic_spectra": [
        ("WGANGP(max_iter=300, ", "WGANGP(max_iter=3, "),
        ("max_epochs=10", "max_epochs=2"),
        ("n_draws=2", "n_draws=1"),
    ],
    "what_models_look_at": [
        ("1508, 2)", "1508, 4)"),
        ("max_epochs=30", "max_epochs=12"),
    ],
    "unknowns": [("random_state=0)\ndet", "cv=3, random_state=0)\ndet")],
    "which_model": [("cv=5", "cv=3, explain=False")],
}


def read(page):
    return (GUIDE / f"{page}.md").read_text(encoding="utf-8")


def run(page):
    """Run the blocks of a page, one after the other, but for those that are marked."""
    names = {"__name__": page}
    for mark, what, code in BLOCK.findall(read(page)):
        if mark == "not run":
            continue
        assert mark in ("", "needs"), mark
        if all(importlib.util.find_spec(package) for package in what.split()):
            for change in QUICKER.get(page, []):
                code = code.replace(*change)
            with warnings.catch_warnings():
                if mark == "needs":  # torch's exporter uses what torch deprecates
                    warnings.simplefilter("ignore")
                exec(compile(code, f"{page}.md", "exec", dont_inherit=True), names)
    return names


def files(folder):
    return {path.name for path in folder.iterdir()}


def check_your_files(names, folder):
    assert names["spectra"].data.shape == (40, 1360)
    assert names["spectra"].groups is not None


def check_cosmic_rays(names, folder):
    assert names["found"][names["truth"].spike_mask].mean() > 0.8


def check_classify(names, folder):
    assert names["search"].score(names["X"], names["y"]) > 0.9


def check_which_model(names, folder):
    assert names["result"].protocol["n_groups"] == 113
    assert files(folder) == {"report.html"}


def check_how_many_samples(names, folder):
    assert set(names["table"]["size"]) == {1, 2, 3, 4}
    assert files(folder) == {"curve.png", "beyond.png"}


def check_what_models_look_at(names, folder):
    """Both pictures are drawn, and the bands it names are found."""
    assert files(folder) == {"minerals.png", "forsterite.png"}
    bands = names["summary"].bands()["position"]
    known = {
        "Calcite": [1086],
        "Dolomite": [1097],
        "Forsterite": [824, 856],
        "Fluorapatite": [964],
    }
    assert list(known) == names["shown"]
    for mineral, positions in known.items():
        for band in positions:
            assert np.abs(bands.loc[mineral] - band).min() <= 10, (mineral, band)


def check_bands_with_error_bars(names, folder):
    """The strongest band of each mineral is its textbook band."""
    bands = names["bands"]
    strongest = bands[bands["used"]].groupby("class").first()
    assert strongest.loc["Dolomite", "assignment"].startswith("carbonate symmetric")
    assert strongest.loc["Fluorapatite", "assignment"].startswith("phosphate symmetric")
    assert files(folder) == {"bands.png"}


def check_unknowns(names, folder):
    assert (names["detector"].predict(names["noise"]) == -1).all()
    assert set(names["model"].predict(names["noise"])) == {"unknown"}


def check_synthetic_spectra(names, folder):
    assert files(folder) == {"report.png"}
    assert names["search"].best_score_ > 0.9
    assert set(names["report"].spectra) == {"Calcite", "Forsterite"}


@pytest.mark.parametrize("page", PAGES)
def test_code_runs(page, tmp_path, monkeypatch, capsys, few_trees):
    monkeypatch.chdir(tmp_path)
    names = run(page)
    check = globals().get(f"check_{page}")
    if check:
        check(names, tmp_path)


@pytest.mark.parametrize("page", [p for p in PAGES if "<!-- needs: " in read(p)])
def test_code_that_needs_more_has_run(page):
    """`test_code_runs` leaves it out where a package is missing; here that is seen."""
    for mark, packages, _ in BLOCK.findall(read(page)):
        for package in packages.split() if mark == "needs" else []:
            pytest.importorskip(package, reason=f"{page}.md: a block needs {package}")


def test_every_check_has_its_page():
    checks = {name.removeprefix("check_") for name in globals() if "check_" in name[:6]}
    assert checks
    assert checks <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_page_has_picture_code_and_box(page):
    text = read(page)
    first_screen = "\n".join(text.splitlines()[:12])
    assert re.search(r"!\[[^\]]{20,}\]\(", first_screen)
    assert "```python" in text
    assert text.count(":::{admonition} What goes wrong\n:class: warning") == 1
    for slow, _ in QUICKER.get(page, []):
        assert text.count(slow) == 1


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    """Pages of the gallery are made from examples, and so are their pictures."""
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read(page)):
        if target.startswith("https://"):
            continue
        target = target.replace("../auto_examples/", "../examples/")
        target = re.sub(r"images/sphx_glr_(\w+)_\d{3}\.png$", r"\1", target)
        if "/examples/" in target:
            target += ".py"
        assert (GUIDE / target).exists(), target


def test_figures_of_synthetic_spectra_are_the_committed_results():
    """Every row of both tables of fidelity stands in the file of results."""
    page = read("synthetic_spectra")
    path = ROOT / "benchmarks" / "results" / "over_sampling.json"
    results = json.loads(path.read_text())
    tables = re.findall(r"^\| (?:sampler).*\n\|.*\n((?:\|.*\n)+)", page, re.MULTILINE)
    columns = re.findall(r"^\| sampler \| (.*) \|$", page, re.MULTILINE)
    for part, names, rows in zip(
        ("simulator", "minerals"), columns, tables, strict=True
    ):
        found = {row["method"]: row for row in results[part]["summary"]}
        for line in rows.strip().splitlines():
            method, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            for name, cell in zip(names.split(" | "), cells, strict=True):
                value = found[method][name.strip("`")]
                digits = len(cell.split(".")[1])
                assert abs(float(cell) - value) <= 0.51 * 10**-digits, (method, name)


def test_figures_of_unknowns_are_the_committed_results():
    """Every row of the three tables stands in the file of results."""
    path = ROOT / "benchmarks" / "results" / "trust.json"
    results = json.loads(path.read_text())
    tables = re.findall(r"^\|-.*\n((?:\|.*\n)+)", read("unknowns"), re.MULTILINE)
    novelty, tried, sets = tables
    for line in tried.splitlines():
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        found = results["forms"]["means"][name]
        saliva = found.pop("odd: saliva_pd_ad")
        least = min(value for kind, value in found.items() if kind.startswith("odd: "))
        values = [found[kind] for kind in ("auroc", "detected", "false_alarms")]
        assert [float(cell) for cell in cells] == pytest.approx(
            [*values, saliva, least], abs=0.00051
        )
    for line in novelty.splitlines():
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        score, _, network = name.partition(", ")
        kind = f"{network or 'PLS-LDA'} | {score}"
        found = results["rruff"]["means"][f"{kind} | by group"]
        other = results["rruff"]["means"].get(f"{kind} | at random", {})
        values = [found[k] for k in ("auroc", "detected_at_5", "false_alarms")]
        values += [other["false_alarms"]] if other else []
        assert [float(cell) for cell in cells if cell] == [round(v, 3) for v in values]
    cost = results["cost"]["means"]["PLS-LDA | both | by group"]["cost"]
    assert f"`predict` takes {cost:.1f} times" in read("unknowns").replace("\n", " ")
    kinds = "spectrum | by group", "group | by group", "spectrum | at random"
    for line in sets.splitlines():
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        part = re.match(r"\w+", name)[0]
        means = results["rruff_sets" if part == "RRUFF" else part]["means"]
        for kind, cell in zip(kinds, cells, strict=True):
            found = means[f"PLS-LDA | {kind}"]
            expected = f"{found['coverage']:.3f} ({found['size']:.2f})"
            assert cell == expected.removeprefix("0")


def test_figures_of_maps_are_the_committed_results():
    """Both rows of the table of stages, and what is computed from them."""
    path = ROOT / "benchmarks" / "results" / "maps.json"
    results = json.loads(path.read_text())
    page = read("maps")
    stages = "read", "AIRPLS", "SNV", "predict_proba", "explain", "write"
    for name, found in results["stages"].items():
        values = [found[stage] for stage in stages]
        cells = [f"{value:.0f}" for value in (*values, sum(values))]
        assert f"| {name} | {' | '.join(cells)} |" in page
    rival = results["rivals"]["GAP-CNN"]
    times = rival["hyperspy"] / rival["apply_pipeline"]
    assert re.search(rf"{times:.0f}\s+times as long", page)


def test_figures_of_bands_are_the_committed_results():
    """Every row of the table stands in the file of results, in its order."""
    results = json.loads((ROOT / "benchmarks" / "results" / "bands.json").read_text())
    means, page = results["worlds"]["means"], read("bands_with_error_bars")
    null = pd.DataFrame(results["null"]["each"]).sum(axis=1)
    names = ["share_covered", "position_covered", "false_discoveries"]
    expected = [means[name] for name in (*names, "power", "power_5_percent")]
    expected.append(null["with_discovery"] / null["n_sets"])
    cells = re.findall(r"^\| .* \| .*\| (\.\d{3}) \|$", page, re.MULTILINE)
    assert cells == [f"{value:.3f}".removeprefix("0") for value in expected]
    cost = results["cost"]["each"]["world, network"]
    words = f"{cost['n_refits']:.0f} of a network .* {cost['seconds'] / 60:.0f} minutes"
    assert re.search(words, page.replace("\n", " "))
    n_worlds = len(results["worlds"]["each"])
    assert f"Means of {n_worlds} worlds; {null['n_sets']:.0f} sets" in page


def test_figures_of_another_instrument_are_the_committed_results():
    """Every row of the table of the page on networks."""
    path = ROOT / "benchmarks" / "results" / "accuracy.json"
    results = json.loads(path.read_text())
    here, there = (
        {row["model"]: row["accuracy"] for row in results[kind]["summary"]}
        for kind in ("crystals", "instrument")
    )
    _, table = read("networks").split("| | same instrument | another |")
    table = table.partition("\n\n")[0]
    rows = re.findall(r"^\| (.+) \| (0\.\d+) \| (0\.\d+) \|$", table, re.MULTILINE)
    assert len(rows) == 7
    for name, *cells in rows:
        assert cells == [f"{here[name]:.3f}", f"{there[name]:.3f}"]
