"""The commands that look at licenses, known weaknesses, and whether tests notice."""

import threading

import numpy as np
import pytest

from benchmarks import audit, coverage_of_tests, mutate, soak


@pytest.mark.parametrize(
    ("stated", "judgment"),
    [
        ("BSD-3-Clause", "free"),
        ("MIT License", "free"),
        ("Apache-2.0 WITH LLVM-exception", "free"),
        ("MPL-2.0 AND MIT", "free"),
        ("MIT OR GPL-3.0-only", "free"),
        ("GNU General Public License v3 (GPLv3)", "binding"),
        ("LGPL-2.1-or-later", "binding"),
        ("BSD-3-Clause AND GPL-3.0-only", "binding"),
        ("BUSL-1.1", "binding"),
        ("not stated", "unknown"),
        ("Proprietary", "unknown"),
    ],
)
def test_judgment_of_licenses(stated, judgment):
    assert audit.judge(stated) == judgment


def test_every_license_of_the_core_is_free():
    rows, _ = audit.licenses()
    core = {name: row for name, row in rows.items() if "core" in row["parts"]}
    assert {"numpy", "torch", "scikit-learn", "llvmlite"} <= set(core)
    assert {row["judgment"] for row in core.values()} == {"free"}, core


def test_what_was_not_asked_is_not_called_clean():
    good = {"name": "a", "version": "1", "vulns": []}
    bad = good | {"vulns": [{"id": "CVE-1"}]}
    skipped = {"name": "b", "skip_reason": "not found"}
    assert audit.read_audit([good, good]) == ("none known of 2 of 2 packages", True)
    said, clean = audit.read_audit([good, skipped])
    assert said == "none known of 1 of 2 packages" and clean is None
    said, clean = audit.read_audit([skipped])
    assert said.startswith("not checked") and clean is None
    said, clean = audit.read_audit([bad, skipped])
    assert said.startswith("a 1: CVE-1") and clean is False


def test_mutants_are_one_change_each():
    source = (
        'def f(x):\n    """Text > 1."""\n    if x < 3 and x:\n'
        '        raise ValueError(f"{x + 1}")\n    return x + 2\n'
    )
    found = {(m["before"], m["after"]) for m in mutate.mutants(source)}
    assert found == {
        ("x < 3", "(x <= 3)"),
        ("x < 3 and x", "(x < 3 or x)"),
        ("x < 3 and x", "not (x < 3 and x)"),
        ("3", "(4)"),
        ("x + 2", "(x - 2)"),
        ("2", "(3)"),
        ("return x + 2", "return None"),
    }
    for mutant in mutate.mutants(source):
        compile(mutant["source"], "mutant", "exec")
        assert mutant["source"] != source


def test_all_files_to_mutate_and_their_tests_exist():
    for path, tests in mutate.TARGETS.values():
        assert all((mutate.ROOT / name).exists() for name in [path, *tests])


def test_figures_of_mutants():
    """One that changes nothing counts neither way."""
    path, before, after = next(iter(mutate.SURVIVORS))
    same = {"line": 1, "before": before, "after": after, "outcome": "survived"}
    killed = same | {"outcome": "killed by time"}
    lived = same | {"after": "(7)"}
    record = {"file": path, "tests": [], "mutants": [same]}
    assert mutate.sum_up({"a": record})["a"]["share_killed"] == 0
    record["mutants"] = [same, killed, lived]
    row = mutate.sum_up({"a": record})["a"]
    assert (row["killed"], row["by_time"], row["the_same"]) == (1, 1, 1)
    assert row["share_killed"] == 0.5 and lived["judgment"] == "not judged"


def test_soak_sees_what_piles_up(tmp_path):
    """Memory, a file and a thread that stay behind."""
    kept, go_on = [], threading.Event()

    def leave():
        kept.append(np.ones(2**23))  # 64 MB, as memory of earlier tests may go
        kept.append(open(tmp_path / "left", "w"))
        threading.Thread(target=go_on.wait).start()

    try:
        row = soak.repeat(leave, n_times=6, seconds=60, n_warm=2)
        none = soak.repeat(lambda: None, n_times=6, seconds=60, n_warm=2)
    finally:
        go_on.set()
        [thing.close() for thing in kept[1::2]]
    assert soak.too_much(row, 16) == ["megabytes", "files", "threads"]
    assert soak.too_much(none, 16) == []
    assert (row["done"], row["of"]) == (6, 6)
    assert {"files": 4, "threads": 4}.items() <= row["added"].items()


def test_soak_fits_each_of_its_estimators_twice():
    assert soak.soak_fits(15, seconds=0)["done"] == 15


def test_coverage_of_files_adds_up():
    """The whole by lines, not by files; files without code are under no bar."""

    def file(lines, run, branches, taken):
        names = ("num_statements", "covered_lines", "num_branches", "covered_branches")
        counts = dict(zip(names, (lines, run, branches, taken), strict=True))
        summary = {**counts, "percent_covered_display": "50"}
        return {"summary": summary, "missing_lines": list(range(lines - run))}

    solvers = "sklearn_raman/preprocessing/_whittaker/solvers.py"
    found = coverage_of_tests.sum_up(
        {
            "a": file(90, 90, 10, 10),
            "b": file(10, 8, 10, 9),
            "empty": file(0, 0, 0, 0),
            solvers: file(100, 0, 0, 0),
        }
    )
    assert found["all"]["lines"] == 0.49 and found["all"]["branches"] == 0.95
    assert found["without_compiled"]["lines"] == 0.98
    assert set(found["below_a_bar"]) == {"b", solvers}
    assert found["lines_not_run"] == {"b": [0, 1]}
