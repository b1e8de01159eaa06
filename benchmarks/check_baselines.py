"""Agreement of the baselines with pybaselines on measured spectra, and a large map.

    python -m benchmarks.check_baselines            (two minutes, 8 GB of disk)
    python -m benchmarks.check_baselines --quick    (seconds; prints, writes no results)

Agreement: every twelfth RRUFF spectrum (extra `rruff`; background already removed,
which leaves few points below a baseline), orders 1 to 3, lam 1e2, 1e5, 1e7. For the
spectra that converge: the largest difference of the corrected spectra relative to their
range, how many exceed 1e-6, and in how many the numbers of solves differ (pybaselines
does not note its last solve where it stops for want of points below the baseline; it is
counted here). "own" is what pybaselines differs from itself: its solver for symmetric
bands (or pentapy's) against its general one. Where these are far apart, no result can
be near to both.

Map: 1,000,000 simulated spectra of 1000 points, float32, from one memory map into
another on two threads; wall time, CPU time, and the peak of the memory that is not
mapped from the files (Linux only).
"""

import argparse
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from pybaselines import Baseline

from benchmarks._results import rounded, write_results
from benchmarks.bench_baseline import FUNCTIONS, simulate
from sklearn_raman.datasets import fetch_rruff, load_minerals
from sklearn_raman.preprocessing import airpls


def by_pybaselines(X, name, settings, *, pivoting=False):
    """Return corrected spectra and numbers of solves.

    With `pivoting` by its general band solver (LU with partial pivoting) instead of
    the one that it takes by itself.
    """
    fitter = Baseline()
    if pivoting:
        fitter.banded_solver = 4
    corrected, n_iter = np.empty_like(X), np.empty(len(X), dtype=int)
    for i, y in enumerate(X):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            baseline, params = getattr(fitter, name)(y, max_iter=49, **settings)
        early = any("points are below the data" in str(w.message) for w in caught)
        corrected[i], n_iter[i] = y - baseline, len(params["tol_history"]) + early
    return corrected, n_iter


def compare(X, name, diff_order, lam):
    """Compare one algorithm with pybaselines on the rows of X."""
    settings = {"lam": lam, "diff_order": diff_order}
    found, info = FUNCTIONS[name](X, **settings, return_info=True)
    expected, n_iter = by_pybaselines(X, name, settings)
    other, _ = by_pybaselines(X, name, settings, pivoting=True)
    done = info["converged"]
    error, own_error = (
        (np.abs(corrected - expected).max(axis=1) / np.ptp(X, axis=1))[done]
        for corrected in (found, other)
    )
    return {
        "method": name,
        "order": diff_order,
        "lam": lam,
        "converged": int(done.sum()),
        "largest_difference": error.max(),
        "above_1e-6": int((error > 1e-6).sum()),
        "other_n_iter": int((info["n_iter"] != n_iter)[done].sum()),
        "largest_own_difference": own_error.max(),
        "own_above_1e-6": int((own_error > 1e-6).sum()),
    }


def private_memory():
    """Return the memory of this process that no file backs, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise OSError("This system does not tell private from mapped memory.")


def correct_map(folder, n_spectra):
    """Correct a map of spectra on disk; returns times in s and memory in MB."""
    some = simulate(5000, 1000).astype(np.float32)
    shape = (n_spectra, some.shape[1])
    source, target = (
        np.lib.format.open_memmap(
            folder / name, mode="w+", dtype=np.float32, shape=shape
        )
        for name in ("in.npy", "out.npy")
    )
    for start in range(0, n_spectra, len(some)):
        part = source[start : start + len(some)]
        part[:] = some[: len(part)] * np.float32(1 + start / n_spectra)
    airpls(source[:100])  # loads the kernels
    before, peak, finished = private_memory(), [0.0], threading.Event()

    def watch():
        while not finished.wait(0.02):
            peak[0] = max(peak[0], private_memory() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    wall, cpu = time.perf_counter(), time.process_time()
    airpls(source, out=target, n_jobs=2)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    finished.set()
    watcher.join()
    return {"n_spectra": n_spectra, "wall_s": wall, "cpu_s": cpu, "extra_mb": peak[0]}


def main(argv=None):
    """Run both parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")  # of convergence: only what converges is compared
    X = load_minerals().data[::40] if options.quick else fetch_rruff().data[::12]
    agreement = pd.DataFrame(
        [
            compare(X, name, diff_order, lam)
            for name in FUNCTIONS
            for diff_order in (1, 2, 3)
            for lam in (1e2, 1e5, 1e7)
        ]
    )
    print(f"{len(X)} spectra\n{agreement.to_string(index=False)}")
    with tempfile.TemporaryDirectory() as folder:
        large = correct_map(Path(folder), 2_000 if options.quick else 1_000_000)
    print(large)
    if not options.quick:
        figures = {
            "n_spectra": len(X),
            "agreement": rounded(agreement.set_index("method"), digits=15),
            "map": large,
        }
        print(write_results("check_baselines", figures))


if __name__ == "__main__":
    main()
