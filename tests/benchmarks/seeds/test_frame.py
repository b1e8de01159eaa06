"""Runs go on where they stopped, and the page is what the results say."""

import json
from functools import partial

import numpy as np
import pytest

from benchmarks.seeds import __main__ as command
from benchmarks.seeds._page import page, side_by_side
from benchmarks.seeds._paper import (
    Experiment,
    MissingData,
    Options,
    Paper,
    Row,
    Task,
    spread,
    table,
    verdict,
)
from benchmarks.seeds._store import Store
from sklearn_raman.datasets import make_lorentzian_spectra


def mean_height(seed, n_points):
    """Stand for an experiment."""
    X, _ = make_lorentzian_spectra(
        3, n_points=n_points, centers=(10,), random_state=seed
    )
    return {"height": X.max(axis=1), "mean": np.float64(1 / 3), "bad": np.nan}


def fails(seed):
    raise RuntimeError("stopped half way")


def absent(options):
    raise MissingData("ask the authors")


def tasks_of(seeds, options):
    n_points = options.pick(full=100, quick=50, tiny=20)
    return [Task(mean_height, {"seed": seed, "n_points": n_points}) for seed in seeds]


def rows(results):
    heights = [np.mean(record["height"]) for record in results.get("heights", [])]
    if not heights:
        return [Row("Fig. 1", "lines are high", "1", "not run", "-", verdict())]
    here, holds = spread(heights), min(heights) > 0.5
    return [Row("Fig. 1", "lines are high", "1", here, "simulated", verdict(holds))]


def paper(seeds=(0, 1)):
    experiments = [
        Experiment("heights", "height of a line", partial(tasks_of, seeds)),
        Experiment("private", "spectra nobody has", absent),
    ]
    return Paper("009", "A paper", "Nobody (2000)", experiments, rows)


def test_store_keeps_what_was_put_in(tmp_path):
    store = Store(tmp_path / "sub" / "009.json")
    store.skip("b", "no data")
    store.add("a", "x=1", {"value": np.float32(0.1), "map": np.arange(3.0)})
    store.add("a", "x=2", {"value": np.inf, "map": [(1, "one")]})
    again = Store(store.path)
    assert ("a", "x=1") in again and ("a", "x=3") not in again
    first, second = again.results()["a"]
    assert first == {"value": 0.1, "map": [0.0, 1.0, 2.0], "versions": 0}
    assert second["value"] is None and second["map"] == [[1, "one"]]
    assert again.skipped == {"b": "no data"}
    again.add("b", "x=1", {})
    assert Store(store.path).skipped == {}
    assert not list(tmp_path.rglob("*.part"))


def test_store_tells_runs_with_other_versions_apart(tmp_path, monkeypatch):
    store = Store(tmp_path / "009.json")
    store.add("a", "x=1", {})
    monkeypatch.setattr(
        "benchmarks.seeds._store.versions", lambda: {"numpy": "99", "python": "9"}
    )
    store.add("a", "x=2", {})
    kept = Store(store.path)
    assert [record["versions"] for record in kept.results()["a"]] == [0, 1]
    assert kept.versions[1]["numpy"] == "99"


def test_run_goes_on_where_it_stopped(tmp_path, capsys):
    store = Store(tmp_path / "009.json")
    options = Options(size="tiny")
    command.run(paper(seeds=(0,)), options, store)
    before = store.results()["heights"]
    command.run(paper(seeds=(0, 1)), options, store)
    after = store.results()["heights"]
    assert after[0] == before[0] and len(after) == 2
    assert [record["seed"] for record in after] == [0, 1]
    assert after[0]["seconds"]["cpu"] >= 0
    printed = capsys.readouterr().out
    assert "1 of 2 there" in printed
    assert "009 private: skipped. ask the authors" in printed


def test_run_keeps_what_was_done_before_an_error(tmp_path):
    def tasks(options):
        return [
            Task(mean_height, {"seed": 0, "n_points": 20}),
            Task(fails, {"seed": 1}),
        ]

    store = Store(tmp_path / "009.json")
    with pytest.raises(RuntimeError, match="half way"):
        command.run(
            Paper("009", "", "", [Experiment("a", "", tasks)]), Options(), store
        )
    assert [record["seed"] for record in Store(store.path).results()["a"]] == [0]


def test_page_says_what_was_run_and_what_was_not(tmp_path):
    store = Store(tmp_path / "009.json")
    command.run(paper(), Options(size="tiny"), store)
    text = page([paper()], tmp_path, tmp_path)
    assert "| Fig. 1 | lines are high | 1 |" in text and "**reproduced**" in text
    assert "| heights | height of a line | 2 |" in text
    assert "ask the authors" in text
    empty = page([paper()], tmp_path / "nothing", tmp_path)
    assert "**not checked**" in empty
    assert "lines are high" in side_by_side(paper(), {})


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ((), "not checked"),
        ((True, True), "reproduced"),
        ((False,), "not reproduced"),
        ((True, False), "in part"),
    ],
)
def test_verdict(holds, expected):
    assert verdict(*holds) == expected


def test_spread_is_that_of_a_sample():
    values = np.random.RandomState(0).standard_normal(7)
    assert spread(values, 6) == f"{values.mean():.6f} ± {values.std(ddof=1):.6f} (7)"
    assert spread([1.0]) == "1.000 (1)"


def test_table_is_markdown():
    lines = table(["a", "b"], [[1, "x"]]).splitlines()
    assert lines == ["| a | b |", "| --- | --- |", "| 1 | x |"]


def test_command_lists_and_refuses(capsys):
    command.main([])
    listed = capsys.readouterr().out
    assert all(f"{number}  " in listed for number in command.PAPERS)
    with pytest.raises(SystemExit):
        command.main(["005"])
    assert "there is no 005" in capsys.readouterr().err


def test_command_runs_a_paper_and_writes_its_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "PAPERS", {"009": paper()})
    options = ["009", "page", "--tiny", "--output", str(tmp_path), "--n-jobs", "1"]
    command.main(options)
    assert "reproduced" in capsys.readouterr().out
    assert "lines are high" in (tmp_path / "papers.md").read_text()
    assert len(json.loads((tmp_path / "009.json").read_text())["experiments"]) == 1


def test_papers_page_is_made_from_the_committed_results(tmp_path):
    """The page in docs/ is what `page` writes, word for word."""
    made = page(command.PAPERS.values(), command.FULL, tmp_path)
    assert (command.DOCS_IMAGES.parent / "papers.md").read_text() == made
