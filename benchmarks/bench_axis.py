"""Cost of taking spectra from one shared wavenumber axis to another.

    python -m benchmarks.bench_axis            (about 90 seconds)
    python -m benchmarks.bench_axis --quick    (seconds; prints, writes no results)

2000 and 20000 simulated spectra of 1000 points, uneven axis, to 1024 points, linear and
cubic, float64 and float32. `WavenumberResampler.transform`, with its checks of the
input, against what one would write by hand. What needs to be done once an axis (the
indices, the matrix, our `fit`) is done before; scipy's splines are solved for each
spectrum and have no such part.

One thread (BLAS too). One warm-up, then rounds in which the methods take turns. Figures
are microseconds a spectrum: medians over the rounds of CPU time and wall time, and the
median of the ratio of CPU times within a round (more than 1: ours is faster). Beside
them the largest deviation from scipy's float64 spline, divided by the range of X, and
the memory (MB, from tracemalloc, in a run of its own) needed beyond the result.
"""

import argparse
import time
import tracemalloc

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline, make_interp_spline
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from benchmarks._results import rounded, write_results
from sklearn_raman.preprocessing import WavenumberResampler

OURS = "WavenumberResampler"
DEGREE = {"linear": 1, "cubic": 3}


def simulate(n_spectra, n_points, dtype):
    """Return an uneven axis and spectra with peaks, background and noise."""
    rng = np.random.default_rng(0)
    axis = np.linspace(200, 2000, n_points)
    axis[1:-1] += rng.uniform(-0.2, 0.2, n_points - 2) * (axis[1] - axis[0])
    centers = rng.uniform(250, 1950, 15)
    peaks = 1 / (1 + ((axis - centers[:, None]) / 8) ** 2)
    X = rng.uniform(10, 100, (n_spectra, 15)) @ peaks
    X += 50 + axis / 40 + rng.normal(0, 1, X.shape)
    return axis, X.astype(dtype)


def methods(kind, axis, target, X):
    """Return functions of X by name; what depends on the axis alone is done here."""
    degree = DEGREE[kind]
    ours = WavenumberResampler(
        target_wavenumbers=target, wavenumbers=axis, kind=kind
    ).fit(X)
    matrix = make_interp_spline(axis, np.eye(len(axis)), k=degree)(target)
    matrix[np.abs(matrix) < 1e-13] = 0
    matrix = matrix.astype(X.dtype)
    sparse = csr_array(matrix)
    table = {
        "copy of X": np.copy,
        OURS: ours.transform,
        f"make_interp_spline(k={degree}, axis=1)": lambda X: make_interp_spline(
            axis, X, k=degree, axis=1
        )(target),
        "sparse matmul": lambda X: np.ascontiguousarray((sparse @ X.T).T),
        "dense matmul": lambda X: X @ matrix.T,
    }
    if kind == "cubic":
        table["CubicSpline(axis=1)"] = lambda X: CubicSpline(axis, X, axis=1)(target)
        return table
    left = np.clip(np.searchsorted(axis, target, side="right") - 1, 0, len(axis) - 2)
    fraction = (target - axis[left]) / (axis[left + 1] - axis[left])
    fraction = fraction.astype(X.dtype)
    table["np.interp, one by one"] = lambda X: np.stack(
        [np.interp(target, axis, row) for row in X]
    )
    table["fancy indexing"] = lambda X: (
        X[:, left] * (1 - fraction) + X[:, left + 1] * fraction
    )
    return table


def seconds(method, X):
    """Return CPU and wall time of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    method(X)
    return time.process_time() - cpu, time.perf_counter() - wall


def extra_memory(method, X):
    """Return the peak memory of one call beyond its result, in MB."""
    tracemalloc.start()
    try:
        n_bytes = method(X).nbytes
        return (tracemalloc.get_traced_memory()[1] - n_bytes) / 1e6
    finally:
        tracemalloc.stop()


def measure(kind, n_spectra, n_points, n_points_out, dtype, n_rounds):
    """Time all methods on the same spectra; one record for each."""
    axis, X = simulate(n_spectra, n_points, dtype)
    target = np.linspace(axis[0], axis[-1], n_points_out)
    table = methods(kind, axis, target, X)
    few = X[:200].astype(np.float64)
    truth = make_interp_spline(axis, few, k=DEGREE[kind], axis=1)(target)
    times = {name: [] for name in table}
    for number in range(n_rounds + 1):
        for name, method in table.items():
            elapsed = seconds(method, X)
            if number > 0:  # the first round is the warm-up
                times[name].append(elapsed)
    ours = np.array(times[OURS])[:, 0]
    records = []
    for name, method in table.items():
        cpu, wall = np.array(times[name]).T
        error = None
        if name != "copy of X":
            error = float(np.abs(method(X[:200]) - truth).max() / np.ptp(few))
        records.append(
            {
                "kind": kind,
                "dtype": np.dtype(dtype).name,
                "n_spectra": n_spectra,
                "method": name,
                "cpu_us": np.median(cpu) / n_spectra * 1e6,
                "wall_us": np.median(wall) / n_spectra * 1e6,
                "ratio": np.median(cpu / ours),
                "extra_mb": extra_memory(method, X),
                "error": error,
            }
        )
    return records


def main(argv=None):
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(argv)

    sizes, n_rounds = [2000, 20000], options.rounds
    if options.quick:
        sizes, n_rounds = [100], 2
    with threadpool_limits(limits=1):
        records = [
            record
            for kind in DEGREE
            for dtype in (np.float64, np.float32)
            for n_spectra in sizes
            for record in measure(kind, n_spectra, 1000, 1024, dtype, n_rounds)
        ]
    result = pd.DataFrame(records).set_index(["kind", "dtype", "n_spectra", "method"])
    shown = result.copy()
    shown["error"] = shown["error"].map("{:.0e}".format, na_action="ignore")
    print(shown.round(2).to_string(na_rep=""))
    if not options.quick:
        errors = result.pop("error")
        figures = {
            "n_points": 1000,
            "n_points_out": 1024,
            "threads": 1,
            "rounds": n_rounds,
            "figures": [
                {**record, "error": None if np.isnan(error) else float(f"{error:.1e}")}
                for record, error in zip(rounded(result, 3), errors, strict=True)
            ],
        }
        print(write_results("axis", figures))


if __name__ == "__main__":
    main()
