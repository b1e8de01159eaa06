"""What the first use costs: kernels that numba has to compile, and imports.

    python -m benchmarks.bench_first_call            (about 4 minutes)
    python -m benchmarks.bench_first_call --quick    (seconds; writes no results)

The first `AIRPLS().fit_transform(X)` of a fresh process, imports of this package not
counted, numba's import counted: *cold*, where numba's cache (`NUMBA_CACHE_DIR`) is an
empty folder, so that the kernel is compiled; *warm*, in another process that finds it
there; and *second*, the next call of the warm process. Spectra of 1000 points, few or
500 of them, float64 or float32, each with a folder of its own; 500 float64 spectra also
with the folder that the few have left.

The import of each public module in a fresh process, and of what it stands on (numpy,
scipy, pandas, scikit-learn; torch and skorch) for comparison.

Figures are seconds of CPU and wall time, medians over the rounds, one thread; wall time
is meaningful on an idle machine. Before the first round each module is imported once,
so that Python has compiled it.
"""

import argparse
import json
import os
import pkgutil
import subprocess
import sys
import tempfile

import pandas as pd

import sklearn_raman
from benchmarks._results import rounded, write_results

CALL = """
import json, time
import numpy as np
from sklearn_raman.preprocessing import AIRPLS
rng = np.random.default_rng(0)
axis = np.arange(1000)
band = 100 / (1 + ((axis - 400) / 5) ** 2)
X = band + 200 + axis / 10 + rng.normal(size=({n_spectra}, 1000))
X = X.astype(np.{dtype})
found = []
for call in range(2):
    wall, cpu = time.perf_counter(), time.process_time()
    AIRPLS(diff_order={diff_order}).fit_transform(X)
    found.append((time.process_time() - cpu, time.perf_counter() - wall))
print(json.dumps(found))
"""
IMPORT = """
import json, time
wall, cpu = time.perf_counter(), time.process_time()
import {modules}
print(json.dumps((time.process_time() - cpu, time.perf_counter() - wall)))
"""
# The last one takes over the cache of the first.
CASES = [
    (4, "float64", "few"),
    (500, "float64", "500"),
    (4, "float32", "few, float32"),
    (500, "float64", "few"),
]
STANDS_ON = [
    "numpy, scipy.signal, scipy.stats, pandas, sklearn.pipeline, sklearn.linear_model",
    "torch, skorch",
]


def run(code, **variables):
    """Run code in a fresh process with one thread; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def first_calls(cases, diff_order, root):
    """Time the calls of each case once; one record for each.

    Parameters
    ----------
    cases : list of (int, str, str)
        Number of spectra, dtype, and the name of the folder for numba's cache.
    diff_order : int
    root : str
        An empty folder.
    """
    records, filled = [], set()
    for n_spectra, dtype, folder in cases:
        code = CALL.format(n_spectra=n_spectra, dtype=dtype, diff_order=diff_order)
        cache = {"NUMBA_CACHE_DIR": os.path.join(root, folder)}
        calls = {}
        if folder not in filled:
            calls["cold"], _ = run(code, **cache)
            filled.add(folder)
        calls["warm"], calls["second"] = run(code, **cache)
        case = {"n_spectra": n_spectra, "dtype": dtype, "cache_of": folder}
        records += [
            {**case, "call": call, "cpu_s": cpu, "wall_s": wall}
            for call, (cpu, wall) in calls.items()
        ]
    return records


def imports(modules):
    """Time the import of each module once; one record for each."""
    records = []
    for name in modules:
        cpu, wall = run(IMPORT.format(modules=name))
        records.append({"module": name, "cpu_s": cpu, "wall_s": wall})
    return records


def medians(rounds, by):
    """Return the median of each figure over the rounds, in the order of the first."""
    table = pd.concat([pd.DataFrame(records) for records in rounds])
    return table.groupby(by, sort=False)[["cpu_s", "wall_s"]].median()


def main(argv=None):
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(argv)

    n_rounds, cases, diff_order = options.rounds, CASES, 2
    public = pkgutil.walk_packages(sklearn_raman.__path__, "sklearn_raman.")
    modules = [info.name for info in public if "._" not in info.name]
    modules = [*STANDS_ON, "sklearn_raman", *modules]
    if options.quick:  # order 1 is compiled in half the time
        n_rounds, cases, diff_order = 1, CASES[:1], 1
        modules = ["sklearn_raman"]
    else:
        imports(modules)  # the warm-up
    rounds = []
    for _ in range(n_rounds):
        with tempfile.TemporaryDirectory() as root:
            rounds.append(first_calls(cases, diff_order, root))
    calls = medians(rounds, ["n_spectra", "dtype", "cache_of", "call"])
    loaded = medians([imports(modules) for _ in range(n_rounds)], ["module"])
    print(calls.round(3).to_string(), loaded.round(3).to_string(), sep="\n\n")
    if not options.quick:
        figures = {
            "n_points": 1000,
            "threads": 1,
            "rounds": n_rounds,
            "first_call": rounded(calls, 3),
            "imports": rounded(loaded, 3),
        }
        print(write_results("first_call", figures))


if __name__ == "__main__":
    main()
