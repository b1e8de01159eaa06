"""Cost of penalised least squares baselines for a spectrum, against other packages.

    python -m benchmarks.bench_baseline            (about 4 minutes)
    python -m benchmarks.bench_baseline --quick    (seconds; prints, writes no results)

Simulated spectra with fluorescence and shot noise, 500 x 1000 and 2000 x 1500, lam 1e5,
tol 1e-3: airPLS with differences of order 1, 2 and 3, arPLS and AsLS with order 2.
Rivals: pybaselines with pentapy (order 2), pybaselines as it installs (scipy's banded
solver), chemotools. Needs the extra `benchmarks`; without pentapy it fails rather than
compare with the slow path. chemotools' airPLS is another algorithm (it starts from
weights of the first training spectrum), so its speed is listed and its result is not
compared.

One thread (BLAS too). The kernels are compiled and cached by a process of their own
before. Then rounds in which the methods take turns, the slow ones on the first 40
spectra. Figures are microseconds a spectrum, medians over the rounds of CPU and wall
time, and ratios of the CPU medians of one run. Beside them the largest difference of
the corrected spectra, divided by the range of a spectrum, and whether the numbers of
iterations are the same. Also: two threads against one (wall time, meaningful on an idle
machine), the cost by number of spectra and of points, with a figure, and how much the
choices that definitions of airPLS leave open change the result.
"""

import argparse
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from benchmarks._results import DOCS_IMAGES, rounded, write_results
from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.preprocessing import airpls, arpls, asls

FUNCTIONS = {"airpls": airpls, "arpls": arpls, "asls": asls}
CASES = [("airpls", 2), ("arpls", 2), ("asls", 2), ("airpls", 1), ("airpls", 3)]
LAM = 1e5
N_SLOW = 40  # spectra that slow methods get in a round
OURS = "sklearn-raman"
PENTAPY = "pybaselines + pentapy"
SCIPY = "pybaselines"


def simulate(n_spectra, n_points):
    """Return spectra in counts."""
    axis = (400.0, 400.0 + n_points - 1, 1.0)
    return make_raman_spectra(
        n_spectra, n_classes=5, wavenumbers=axis, spike_rate=0, random_state=0
    )[0]


def compile_kernels():
    """Fill numba's cache on disk: code of the same process may run slower."""
    code = (
        "import numpy as np\n"
        "from sklearn_raman.preprocessing import airpls\n"
        "airpls(np.random.default_rng(0).random((3, 50)))\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def pybaselines_method(name, diff_order, solver):
    """Return a function that corrects spectra one by one, as pybaselines does."""
    from pybaselines import Baseline

    def correct(X):
        fitter = Baseline()
        fitter.banded_solver = solver
        fits = [
            # max_iter + 1 solves
            getattr(fitter, name)(y, lam=LAM, diff_order=diff_order, max_iter=49)
            for y in X
        ]
        n_iter = np.array([len(params["tol_history"]) for _, params in fits])
        return X - np.stack([baseline for baseline, _ in fits]), n_iter

    return correct


def chemotools_method(name):
    """Return chemotools' transformer as a function."""
    from chemotools.baseline import AirPls, ArPls, AsLs

    cls = {"airpls": AirPls, "arpls": ArPls, "asls": AsLs}[name]
    return lambda X: (cls(lam=LAM).fit_transform(X), None)


def ours(name, diff_order, n_jobs=None):
    """Return our function with the number of iterations."""

    def correct(X):
        corrected, info = FUNCTIONS[name](
            X, lam=LAM, diff_order=diff_order, n_jobs=n_jobs, return_info=True
        )
        return corrected, info["n_iter"]

    return correct


def methods(name, diff_order):
    """Return the methods of a case by name."""
    table = {
        OURS: ours(name, diff_order),
        SCIPY: pybaselines_method(name, diff_order, 3),
    }
    if diff_order == 2:  # all that pentapy and chemotools can do
        table[PENTAPY] = pybaselines_method(name, diff_order, 2)
        table["chemotools"] = chemotools_method(name)
    return table


def seconds(method, X):
    """Return CPU and wall time of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    method(X)
    return time.process_time() - cpu, time.perf_counter() - wall


def compare_speed(X, n_rounds):
    """Time every method on every case; one record each."""
    records = []
    few = X[:N_SLOW]
    for name, diff_order in CASES:
        table = methods(name, diff_order)
        times = {label: [] for label in table}
        for number in range(n_rounds + 1):
            for label, method in table.items():
                spectra = X if label == OURS else few
                elapsed = np.array(seconds(method, spectra)) / len(spectra) * 1e6
                if number > 0:  # the first round is the warm-up
                    times[label].append(elapsed)
        own, own_iter = table[OURS](few)
        base = np.median(np.array(times[OURS])[:, 0])
        for label, method in table.items():
            cpu, wall = np.median(np.array(times[label]), axis=0)
            corrected, n_iter = method(few)
            comparable = label != "chemotools"
            error = (np.abs(corrected - own).max(axis=1) / np.ptp(few, axis=1)).max()
            records.append(
                {
                    "method": name,
                    "order": diff_order,
                    "n_spectra": len(X),
                    "n_points": X.shape[1],
                    "package": label,
                    "cpu_us": cpu,
                    "wall_us": wall,
                    "ratio": cpu / base,
                    "difference": error if comparable else None,
                    "same_iterations": bool((n_iter == own_iter).all())
                    if comparable
                    else None,
                }
            )
    return records


def thread_speedup(X, n_rounds):
    """Return wall time of one thread over that of two, airPLS, order 2."""
    one, two = ours("airpls", 2), ours("airpls", 2, n_jobs=2)
    ratios = []
    for _ in range(n_rounds + 1):
        ratios.append(seconds(one, X)[1] / seconds(two, X)[1])
    return float(np.median(ratios[1:]))


def choices(X):
    """How much the corrected spectra change with what definitions leave open.

    Relative to the range of a spectrum, median and maximum over the spectra.
    """
    published = airpls(X, lam=LAM)
    variants = {
        'ends="zhang"': {"ends": "zhang"},
        "tol=1e-4": {"tol": 1e-4},
        'tol_reference="above_minimum"': {"tol_reference": "above_minimum"},
    }
    records = []
    for name, settings in variants.items():
        change = np.abs(airpls(X, lam=LAM, **settings) - published).max(axis=1)
        change /= np.ptp(X, axis=1)
        records.append(
            {"choice": name, "median": np.median(change), "max": change.max()}
        )
    return records


def scaling(n_rounds):
    """Cost of airPLS by number of spectra (1000 points) and of points."""
    many, records = simulate(4096, 1000), []
    rival = pybaselines_method("airpls", 2, 2)
    sizes = [(n, 1000) for n in (1, 4, 7, 8, 16, 64, 256, 1024, 4096)]
    sizes += [(256, n) for n in (256, 512, 2000, 4000, 8000)]
    for n_spectra, n_points in sizes:
        X = many[:n_spectra] if n_points == 1000 else simulate(n_spectra, n_points)
        cost = {}
        for label, method, spectra in (
            (OURS, ours("airpls", 2), X),
            (PENTAPY, rival, X[:N_SLOW]),
        ):
            runs = [seconds(method, spectra)[0] for _ in range(n_rounds + 1)][1:]
            cost[label] = float(np.median(runs)) / len(spectra) * 1e6
        records.append({"n_spectra": n_spectra, "n_points": n_points, **cost})
    return records


def draw(records):
    """Draw the cost by number of spectra and of points."""
    table = pd.DataFrame(records)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    by_spectra = table[table["n_points"] == 1000]
    by_points = table[table["n_spectra"] == 256].sort_values("n_points")
    for label, color in ((PENTAPY, "#9aa5b1"), (OURS, "#2457a6")):
        left.loglog(by_spectra["n_spectra"], by_spectra[label], "o-", color=color)
        right.loglog(
            by_points["n_points"], by_points[label], "o-", color=color, label=label
        )
    left.set_xlabel("number of spectra (of 1000 points)")
    right.set_xlabel("number of points (256 spectra)")
    left.set_ylabel("microseconds a spectrum, one thread")
    right.legend(frameon=False)
    points = by_points["n_points"].to_list()
    right.set_xticks(points, [str(n) for n in points])
    right.minorticks_off()
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e4e7eb")
    figure.suptitle("airPLS, order 2, lam 1e5", fontsize=11)
    return figure


def main(argv=None):
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    import pentapy  # noqa: F401 - without it pybaselines would take its slow path

    warnings.simplefilter("ignore")  # of convergence, the same for all
    compile_kernels()
    sizes = [(50, 200)] if options.quick else [(500, 1000), (2000, 1500)]
    n_rounds = 1 if options.quick else 7
    with threadpool_limits(1):
        speed = [
            record
            for size in sizes
            for record in compare_speed(simulate(*size), n_rounds)
        ]
        threads = thread_speedup(np.tile(simulate(*sizes[-1]), (8, 1)), n_rounds)
        costs = [] if options.quick else scaling(3)
        open_choices = choices(simulate(*sizes[0]))
    table = pd.DataFrame(speed)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    print(f"two threads: {threads:.2f} times as fast as one (wall time)")
    print(pd.DataFrame(open_choices).to_string(index=False))
    if not options.quick:
        figures = {
            "lam": LAM,
            "speed": rounded(table, digits=12),
            "two_threads": threads,
            "scaling": rounded(pd.DataFrame(costs)),
            "choices": open_choices,
        }
        print(write_results("baseline", figures))
        draw(costs).savefig(DOCS_IMAGES / "baseline_cost.png", dpi=110)


if __name__ == "__main__":
    main()
