"""Does anything pile up? Many fits and calls in one process; memory, files, threads.

    python -m benchmarks.soak                     (an hour)
    python -m benchmarks.soak --minutes 10        (fewer of everything)
    python -m benchmarks.soak --quick             (seconds; prints, writes no results)

fits: 10,000 fits, of which half clone and refit, by seven estimators in turn on 24
spectra of 60 points; each is pickled and thrown away.
explanations: 100,000 calls of `explain_` of one network, by four methods in turn.
networks: one epoch of each classifier on 3,000 spectra of 1,360 points in 200 classes.

A part that has used its share of the minutes (a third each) ends early, and the results
say how much it did. After a warm-up of a tenth, which loads and compiles, and again at
the end, the memory in use after a collection, open files and threads are counted; for
networks, after the first and the last fit of a kind. Quantity: what was added since the
warm-up. At most 32 MB (networks: 256 MB, that of batches in the allocator), no
file and no thread may be, or the command fails. One thread a process, CPU time.
"""

import argparse
import gc
import os
import pickle
import threading
import time
import warnings
from functools import partial
from itertools import cycle

import numpy as np
import torch
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from benchmarks._results import write_results
from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
)
from sklearn_raman.over_sampling import SpectrumBootstrap
from sklearn_raman.preprocessing import AIRPLS, SNV, SavitzkyGolay
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector

N_FITS, N_CALLS = 10_000, 100_000
LIMITS = {"fits": 32, "explanations": 32, "networks": 256}  # MB that may be added
NETS = (CNNClassifier, FMCNNClassifier, GAPCNNClassifier)
METHODS = ("contribution", "grad_cam", "saliency", "occlusion")


def in_use():
    """Return memory in MB, open files and threads of this process (on Linux)."""
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return {
        "megabytes": pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        "files": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
    }


def small_spectra():
    """Return 24 spectra of 60 points in three classes."""
    axis = (400.0, 990.0, 10.0)
    return make_raman_spectra(24, n_classes=3, wavenumbers=axis, random_state=0)[:2]


def small_estimators():
    """Return estimators that fit in milliseconds."""
    brief = {"n_filters": 2, "max_epochs": 1, "random_state": 0, "device": "cpu"}
    return [
        AIRPLS(),
        make_pipeline(AIRPLS(), SavitzkyGolay(), SNV(), PLSLDA(n_components=2)),
        PLSLDA(n_components=2),
        SpectralNoveltyDetector(PLSLDA(n_components=2), grouped=False),
        ConformalClassifier(PLSLDA(n_components=2), grouped=False),
        SpectrumBootstrap(random_state=0),
        CNNClassifier(**brief),
    ]


def repeat(act, n_times, seconds, n_warm):
    """Call `act` so often, or for so long; returns how often and what was added.

    The warm-up is a tenth of it, and `n_warm` calls at least.
    """
    start, warm, number = time.process_time(), None, 0
    for number in range(1, n_times + 1):
        act()
        spent = time.process_time() - start
        enough = number >= n_times / 10 or spent > seconds / 10
        if warm is None and number >= n_warm and enough:
            warm = in_use()
        elif warm is not None and spent > seconds:
            break
    after = in_use()
    return {
        "done": number,
        "of": n_times,
        "cpu_seconds": time.process_time() - start,
        "warm": warm,
        "added": {name: after[name] - warm[name] for name in warm},
    }


def soak_fits(n_times, seconds):
    """Fit small estimators in turn."""
    X, y = small_spectra()
    estimators = small_estimators()
    n_warm, estimators = 2 * len(estimators), cycle(estimators)
    refits = cycle([False, True])

    def act():
        estimator = clone(next(estimators))
        fit = getattr(estimator, "fit_resample", estimator.fit)
        fit(X, y)
        if next(refits):
            fit(X[:, ::-1].copy(), y)
        pickle.loads(pickle.dumps(estimator))

    return repeat(act, n_times, seconds, n_warm)


def soak_explanations(n_times, seconds):
    """Explain spectra by one network, four methods in turn."""
    X, y = small_spectra()
    net = CNNClassifier(n_filters=2, max_epochs=2, random_state=0).fit(X, y)
    methods = cycle(METHODS)

    def act():
        net.explain_(X[:2], method=next(methods))

    return repeat(act, n_times, seconds, len(METHODS))


def soak_network(net, shape, n_classes, seconds):
    """Train one epoch of a network, twice, and again while there is time."""
    rng = np.random.default_rng(0)
    X = rng.random(shape, dtype=np.float32)
    y = np.arange(shape[0]) % n_classes
    start, uses = time.process_time(), []
    while len(uses) < 2 or time.process_time() - start < seconds / 2:
        net(max_epochs=1, random_state=0).fit(X, y).predict(X[:100])
        uses.append(in_use())
    row = {
        "done": len(uses),
        "shape": list(shape),
        "classes": n_classes,
        "cpu_seconds": time.process_time() - start,
        "warm": uses[0],
        "added": {name: uses[-1][name] - uses[0][name] for name in uses[0]},
    }
    return {net.__name__: row}


def too_much(row, megabytes):
    """Tell what of a row is more than may be added."""
    limits = {"megabytes": megabytes, "files": 0, "threads": 0}
    return [name for name, limit in limits.items() if row["added"][name] > limit]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    seconds = (0.1 if options.quick else options.minutes) * 60 / 3
    shape, n_classes = ((60, 80), 20) if options.quick else ((3000, 1360), 200)
    parts = [
        lambda: {"fits": soak_fits(N_FITS, seconds)},
        lambda: {"explanations": soak_explanations(N_CALLS, seconds)},
        *[partial(soak_network, net, shape, n_classes, seconds / 3) for net in NETS],
    ]
    rows, threads = {}, torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for part in parts:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of one epoch and few spectra
                rows |= part()
            if not options.quick:
                write_results("soak", {"minutes": options.minutes, "rows": rows})
    finally:
        torch.set_num_threads(threads)
    bad = {}
    for name, row in rows.items():
        added = row["added"]
        print(
            f"{name:17} {row['done']:6} times, {row['cpu_seconds']:.0f} CPU seconds, "
            f"added {added['megabytes']:.1f} MB, {added['files']} files, "
            f"{added['threads']} threads"
        )
        if names := too_much(row, LIMITS.get(name, LIMITS["networks"])):
            bad[name] = names
    if bad:
        raise SystemExit(f"More than may be: {bad}")


if __name__ == "__main__":
    main()
