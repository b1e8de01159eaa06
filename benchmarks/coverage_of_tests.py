"""Which lines and branches of the package do its tests pass?

    make coverage                        (runs the tests, then this)
    python -m benchmarks.coverage_of_tests

Reads what `coverage run` left in `.coverage` (or in the file that COVERAGE_FILE names)
and writes `benchmarks/results/coverage.json`. Quantities: lines that were run over all
lines, and ways out of a condition that were taken over all of them; the files below a
bar, and every line that no test ran. Fails if a bar does not hold for the whole.

What runs as compiled code passes no line that could be watched: the solvers of the
baselines count as not run here, and are left out of the second figure. Their oracle is
`reference.py`, in plain numpy. Processes that tests start are not watched either.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks._results import write_results

LINES, BRANCHES = 0.95, 0.90
_FOLDER = "sklearn_raman/preprocessing/_whittaker/"
COMPILED = {_FOLDER + name for name in ("kernels.py", "solvers.py", "math.py")}


def shares(summaries):
    """Return the figures of some files together.

    Parameters
    ----------
    summaries : list of dict
        As `coverage json` has them, one for each file; numbers only.

    Returns
    -------
    dict
        `lines`, `branches` (shares) and `n_lines`, `n_branches`.
    """
    total = Counter()
    for summary in summaries:
        total.update(summary)
    return {
        "lines": round(total["covered_lines"] / max(total["num_statements"], 1), 4),
        "branches": round(total["covered_branches"] / max(total["num_branches"], 1), 4),
        "n_lines": total["num_statements"],
        "n_branches": total["num_branches"],
    }


def sum_up(files):
    """Return the record: figures of the whole, files below a bar, lines not run."""
    counts = {
        path: {k: v for k, v in one["summary"].items() if isinstance(v, int)}
        for path, one in files.items()
    }
    found = {path: shares([one]) for path, one in counts.items()}
    watched = [one for path, one in counts.items() if path not in COMPILED]
    return {
        "bars": {"lines": LINES, "branches": BRANCHES},
        "all": shares(list(counts.values())),
        "without_compiled": shares(watched),
        "below_a_bar": {
            path: row
            for path, row in found.items()
            if row["lines"] < LINES * (row["n_lines"] > 0)
            or row["branches"] < BRANCHES * (row["n_branches"] > 0)
        },
        "lines_not_run": {
            path: one["missing_lines"]
            for path, one in files.items()
            if one["missing_lines"] and path not in COMPILED
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="write nothing")
    options = parser.parse_args()
    from coverage import Coverage  # only here, since the extra `tests` lacks it

    measured = Coverage()
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(report))
        record = sum_up(json.loads(report.read_text(encoding="utf-8"))["files"])
    if not options.quick:
        write_results("coverage", record)
    for name in ("all", "without_compiled"):
        row = record[name]
        print(
            f"{name:17} {row['lines']:.1%} of lines, {row['branches']:.1%} of branches"
        )
    for path, row in record["below_a_bar"].items():
        print(f"  {path}: {row['lines']:.1%}, {row['branches']:.1%}")
    whole = record["all"]
    sys.exit(whole["lines"] < LINES or whole["branches"] < BRANCHES)


if __name__ == "__main__":
    main()
