"""Would the tests notice? Change the code in small ways and see which tests fail.

    make mutate                          (all files, some hours on one core)
    python -m benchmarks.mutate axis split --sample 80
    python -m benchmarks.mutate axis --again      (survivors, after new tests)

A mutant is the package with one change: another comparison, a plus for a minus, a
number off by one, a condition turned round. It is killed if a test fails, or if the
tests take ten times as long as they should. Each file is tried against the tests that
are about it, in a process that forks from one where the libraries are loaded.

Writes `benchmarks/results/mutation.json` after each mutant, and goes on from there: a
file whose text changed starts afresh. Quantity: killed mutants over all; those that
survive are listed with a judgment, from `SURVIVORS`, of what they show. One process,
one thread.
"""

import argparse
import ast
import copy
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks._results import RESULTS, write_results
from benchmarks._survivors import SURVIVORS

ROOT = Path(__file__).parents[1]
TIMEOUT = 600  # seconds of a processor for the tests of a file, without a mutant

# File and the tests that are about it, those first that are quick.
TARGETS = {
    "axis": (
        "sklearn_raman/_utils/_wavenumbers.py",
        [
            "tests/_utils/test_wavenumbers.py",
            "tests/hostile/test_axes.py",
            "tests/preprocessing/test_axis.py",
        ],
    ),
    "ragged": (
        "sklearn_raman/_utils/_ragged.py",
        ["tests/_utils/test_ragged.py", "tests/preprocessing/test_base.py"],
    ),
    "split": (
        "sklearn_raman/model_selection/_split.py",
        ["tests/model_selection/test_split.py"],
    ),
    "conformal": (
        "sklearn_raman/uncertainty/_conformal.py",
        ["tests/uncertainty/test_conformal.py"],
    ),
    "calibration": (
        "sklearn_raman/uncertainty/_calibration.py",
        ["tests/uncertainty/test_conformal.py", "tests/uncertainty/test_novelty.py"],
    ),
    "kernels": (
        "sklearn_raman/preprocessing/_whittaker/reference.py",
        [
            "tests/preprocessing/test_smoothing.py",
            "tests/preprocessing/test_baselines.py",
        ],
    ),
    "interpolation": (
        "sklearn_raman/preprocessing/_interpolation.py",
        ["tests/preprocessing/test_axis.py", "tests/preprocessing/test_map_back.py"],
    ),
    "contribution": (
        "sklearn_raman/neural_network/attribution/_contribution.py",
        ["tests/neural_network/attribution/test_contribution.py"],
    ),
    "geometry": (
        "sklearn_raman/neural_network/attribution/_geometry.py",
        ["tests/neural_network/attribution/test_geometry.py"],
    ),
}

_COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


def _changes(node):
    """Yield copies of a node with one change each, and nothing for most nodes."""

    def changed(**fields):
        other = copy.copy(node)
        vars(other).update(fields)
        return other

    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            if type(operator) in _COMPARED:
                ops = list(node.ops)
                ops[place] = _COMPARED[type(operator)]()
                yield changed(ops=ops)
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in _COMPUTED:
        yield changed(op=_COMPUTED[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield changed(op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield changed(test=ast.UnaryOp(op=ast.Not(), operand=node.test))
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield changed(value=not node.value)
        elif isinstance(node.value, (int, float)):
            yield changed(value=node.value + 1)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.copy_location(ast.Pass(), node)  # a check, or a change in place
    elif isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield changed(value=ast.Constant(value=None))


def _is_text(node, parents):
    """Tell what only words depend on: docstrings, messages, types."""
    while node in parents:
        parent = parents[node]
        if isinstance(parent, (ast.JoinedStr, ast.Raise, ast.arg, ast.AnnAssign)):
            return True
        if isinstance(parent, ast.FunctionDef) and node is parent.returns:
            return True
        if isinstance(parent, ast.FunctionDef) and node in parent.decorator_list:
            return True
        node = parent
    return False


def mutants(source):
    """Return the mutants of a source text.

    Returns
    -------
    list of dict
        `line`, `before` and `after` (the code of the place), and `source`.
    """
    tree = ast.parse(source)
    parents = {c: node for node in ast.walk(tree) for c in ast.iter_child_nodes(node)}
    lines = source.splitlines(keepends=True)
    found = []
    for node in ast.walk(tree):
        if not hasattr(node, "lineno") or _is_text(node, parents):
            continue
        for other in _changes(node):
            ast.fix_missing_locations(other)
            if isinstance(node, (ast.If, ast.While)):
                place, before = node.test, ast.unparse(node.test)
                after = f"not ({before})"
            else:
                place, before, after = node, ast.unparse(node), ast.unparse(other)
                if isinstance(node, ast.expr):
                    after = f"({after})"
            first, last = place.lineno - 1, place.end_lineno - 1
            start = len(lines[first].encode()[: place.col_offset].decode())
            stop = len(lines[last].encode()[: place.end_col_offset].decode())
            text = lines[first][:start] + after + lines[last][stop:]
            changed = "".join([*lines[:first], text, *lines[last + 1 :]])
            try:
                ast.parse(changed)
            except SyntaxError:  # inside a formatted text, for example
                continue
            found.append(
                {"line": first + 1, "before": before, "after": after, "source": changed}
            )
    return found


def _run_tests(folder, tests, log):
    """Run tests in this process, on the package in another folder; never returns."""
    os.chdir(ROOT)
    sys.path.insert(0, str(folder))
    with open(log, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    import pytest

    # Plugins and explained assertions would take longer than most tests.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-x", "-q", "--no-header", "--assert=plain", "-o", "pythonpath="]
    code = pytest.main([*options, "-p", "no:cacheprovider", *tests])
    os._exit(int(code))


def judge(folder, tests, seconds):
    """Run tests on the package in a folder, for so many seconds of a processor.

    Returns
    -------
    outcome : {"survived", "killed", "killed by time"}
    spent : float
        Seconds of a processor.
    """
    start, pid = time.monotonic(), os.fork()
    if pid == 0:
        try:
            limit = int(seconds) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            _run_tests(folder, tests, folder / "log")
        finally:
            os._exit(70)
    # A mutant may also wait for ever; others on this machine may only be slow.
    while time.monotonic() < start + 60 * seconds:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            spent = usage.ru_utime + usage.ru_stime
            code = os.waitstatus_to_exitcode(status)
            if code in (-signal.SIGXCPU, -signal.SIGKILL):
                return "killed by time", spent
            return "survived" if code == 0 else "killed", spent
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.wait4(pid, 0)
    return "killed by time", 0.0


def _load_libraries():
    """Import what tests need, but for the package, which differs from fork to fork."""
    import hypothesis
    import imblearn.pipeline
    import matplotlib.figure
    import numba
    import pandas
    import polars
    import pyarrow.parquet
    import pytest
    import scipy.stats
    import sklearn.ensemble
    import sklearn.utils.estimator_checks
    import skops.io
    import skorch
    import torch

    for module in list(sys.modules):
        assert not module.startswith("sklearn_raman"), module
    return [
        hypothesis,
        imblearn,
        matplotlib,
        numba,
        pandas,
        polars,
        pyarrow,
        pytest,
        scipy,
        sklearn,
        skops,
        skorch,
        torch,
    ]


def try_target(name, known, *, sample=None, again=False, save):
    """Try the mutants of a file that were not tried yet; returns the record.

    With `again` those that survived, for which there may be new tests now.
    """
    path, tests = TARGETS[name]
    source = (ROOT / path).read_text(encoding="utf-8")
    found = mutants(source)
    random.Random(0).shuffle(found)
    found = found[:sample]
    version = hashlib.sha256(source.encode()).hexdigest()[:12]
    record = known if known.get("version") == version else {"mutants": []}
    record |= {"file": path, "tests": tests, "version": version}
    if again:
        left = [m for m in record["mutants"] if judgment(path, m) == "not judged"]
        places = {(m["line"], m["before"], m["after"]) for m in left}
        found = [m for m in found if (m["line"], m["before"], m["after"]) in places]
        record["mutants"] = [m for m in record["mutants"] if m not in left]
    tried = {(m["line"], m["before"], m["after"]) for m in record["mutants"]}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        shutil.copytree(
            ROOT / "sklearn_raman",
            folder / "sklearn_raman",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        outcome, spent = judge(folder, tests, TIMEOUT)
        if outcome != "survived":
            raise SystemExit(f"{name}: the tests fail without a mutant: {tests}")
        for number, mutant in enumerate(found):
            place = mutant["line"], mutant["before"], mutant["after"]
            if place in tried:
                continue
            (folder / path).write_text(mutant["source"], encoding="utf-8")
            outcome, _ = judge(folder, tests, 10 * spent)
            record["mutants"].append(
                dict(zip(("line", "before", "after"), place, strict=True))
                | {"outcome": outcome}
            )
            print(f"{name} {number + 1}/{len(found)} {outcome}: {place}", flush=True)
            save(record)
    return record


def judgment(path, mutant):
    """Return what is known of a mutant that survived; nothing of those killed."""
    if mutant["outcome"] == "survived":
        key = path, mutant["before"], mutant["after"]
        return SURVIVORS.get(key, "not judged")


def sum_up(records):
    """Return the figures and the judged survivors of each file."""
    table = {}
    for name, record in records.items():
        counts = Counter(mutant["outcome"] for mutant in record["mutants"])
        left = [m for m in record["mutants"] if m["outcome"] == "survived"]
        for mutant in left:
            mutant["judgment"] = judgment(record["file"], mutant)
        same = sum(m["judgment"].startswith("same:") for m in left)
        n_killed = len(record["mutants"]) - len(left)
        n_real = n_killed + len(left) - same
        table[name] = {
            "file": record["file"],
            "tests": record["tests"],
            "mutants": len(record["mutants"]),
            "killed": n_killed,
            "by_time": counts["killed by time"],
            "survived": len(left),
            "the_same": same,
            "share_killed": round(n_killed / max(n_real, 1), 3),
        }
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--sample", type=int, help="mutants per file, drawn at random")
    parser.add_argument("--again", action="store_true", help="survivors, once more")
    parser.add_argument("--quick", action="store_true", help="five mutants per file")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"{sorted(unknown)} are none of {list(TARGETS)}")
    _load_libraries()
    path = RESULTS / "mutation.json"
    records = json.loads(path.read_text())["records"] if path.exists() else {}

    def save(name, record):
        records[name] = record
        if not options.quick:
            write_results("mutation", {"summary": sum_up(records), "records": records})

    for name in options.targets or TARGETS:
        record = try_target(
            name,
            records.get(name, {}),
            sample=5 if options.quick else options.sample,
            again=options.again,
            save=lambda record, name=name: save(name, record),
        )
        save(name, record)
    for name, row in sum_up(records).items():
        print(f"{name:15} {row['killed']:4} of {row['mutants']:4} killed", end="")
        print(f", {row['the_same']} of {row['survived']} survivors change nothing")


if __name__ == "__main__":
    main()
