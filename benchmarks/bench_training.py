"""What a training step, an epoch and a fit cost, against plain torch and skorch.

    python -m benchmarks.bench_training            (8 minutes)
    python -m benchmarks.bench_training --quick    (seconds; prints, writes no results)
    python -m benchmarks.bench_training --parts default    (one of the three)

One torch thread. The contestants of a comparison take turns, after a warm-up; medians
over the rounds of CPU time; ratios are medians of the ratios within a round.

Step: `CNNClassifier` (1200 points, 64 filters, batches of 32, with augmentation,
derivative channel and AdamW) against the same layers as `Conv1d` on the bare spectra,
trained by `Adam` as torch has it: what one would write first.

Fit: `fit` of the three classifiers against a bare torch loop that computes the same
(module, augmentation, optimizer, schedule), and against skorch as it installs: its own
data set, data loader and callbacks around the same module and optimizer, without
augmentation and schedule.

Default fit: seconds of one fit with all defaults, calibration included, on 2000 spectra
of 700 points and on 96 of 3400.
"""

import argparse
import json
import time
from functools import partial
from math import ceil

import numpy as np
import pandas as pd
import torch
from skorch import NeuralNetClassifier
from torch import nn
from torch.nn import functional

from benchmarks._results import RESULTS, rounded, write_results
from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import (
    CNN,
    FMCNN,
    GAPCNN,
    Augmentation,
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
)

NETS = {
    "CNN": (CNNClassifier, CNN),
    "FMCNN": (FMCNNClassifier, FMCNN),
    "GAPCNN": (GAPCNNClassifier, GAPCNN),
}


def plain_cnn(n_points, n_classes, n_filters):
    """Return the layers of `CNN` as one-dimensional ones on a single channel."""
    n_units = ceil(ceil(n_points / 2) / 2)
    return nn.Sequential(
        nn.Unflatten(1, (1, n_points)),
        nn.Conv1d(1, n_filters, 8, padding="same"),
        nn.LeakyReLU(0.2),
        nn.MaxPool1d(2, ceil_mode=True),
        nn.Conv1d(n_filters, n_filters, 8, padding="same"),
        nn.LeakyReLU(0.2),
        nn.MaxPool1d(2, ceil_mode=True),
        nn.Flatten(),
        nn.Linear(n_filters * n_units, 128),
        nn.Dropout(0.5),
        nn.Linear(128, n_classes),
    )


def plain_step(X, y, n_filters):
    """Return a function that takes a step of the plain network."""
    net = plain_cnn(X.shape[1], int(y.max()) + 1, n_filters)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad()
        functional.cross_entropy(net(X), y).backward()
        optimizer.step()

    return step


def our_step(X, y, n_filters):
    """Return a function that takes a step of a `CNNClassifier`."""
    net = CNNClassifier(n_filters=n_filters, max_epochs=1, random_state=0)
    net.fit(X.numpy(), y.numpy())
    return lambda: net.train_step((X, y))


def as_module(classifier, module, n_classes):
    """Return arguments that make the module of a classifier's defaults, and its lr."""
    given = classifier().get_params()
    names = given.keys() & module.__init__.__kwdefaults__.keys()
    arguments = {name: given[name] for name in names}
    return {"n_classes": n_classes, **arguments}, given["lr"]


def bare_fit(module, arguments, lr, X, y, n_epochs, *, augment):
    """Train as the classifiers do, in a plain loop."""
    torch.manual_seed(0)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    net = module(X.shape[1], **arguments).to(memory_format=torch.channels_last)
    net.learn_input(X, codes=y)
    groups = [
        {"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": 0.05},
        {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=lr, fused=True)
    n_steps = n_epochs * -(-len(X) // 32)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, n_steps)
    # What the classifiers take for spectra as noisy as these.
    augmentation = Augmentation(baseline=0.5, broadening=0.0)
    net.train()
    for _ in range(n_epochs):
        for batch in torch.randperm(len(X)).split(32):
            x = augmentation.augment(X[batch], y[batch]) if augment else X[batch]
            loss = functional.cross_entropy(net(x), y[batch], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def skorch_fit(module, arguments, lr, X, y, n_epochs):
    """Train the same module with skorch as it installs."""
    NeuralNetClassifier(
        module,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        optimizer__fused=True,
        lr=lr,
        max_epochs=n_epochs,
        batch_size=32,
        train_split=None,
        verbose=0,
        module__n_points=X.shape[1],
        **{f"module__{name}": value for name, value in arguments.items()},
    ).fit(X.astype(np.float32), y)


def interleaved(contestants, n_rounds, repeat=1):
    """Return CPU seconds of each contestant in each round, after a warm-up."""
    seconds = {name: [] for name in contestants}
    for round_ in range(n_rounds + 1):
        for name, run in contestants.items():
            start = time.process_time()
            for _ in range(repeat):
                run()
            if round_:
                seconds[name].append((time.process_time() - start) / repeat)
    return pd.DataFrame(seconds)


def summary(seconds, reference):
    """Return medians and ratios to one contestant."""
    ratios = seconds.div(seconds[reference], axis=0)
    return pd.DataFrame({"cpu_ms": 1000 * seconds.median(), "ratio": ratios.median()})


def measure_steps(quick):
    """Compare a training step with the same layers in plain torch."""
    n_filters, n_rounds = (4, 2) if quick else (64, 15)
    X, y = make_lorentzian_spectra(
        16, n_points=1200, centers=(300, 900), random_state=0
    )
    batch = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    steps = {
        "plain Conv1d + Adam": plain_step(*batch, n_filters),
        "CNNClassifier": our_step(*batch, n_filters),
    }
    seconds = interleaved(steps, n_rounds, repeat=2 if quick else 20)
    return {"step": summary(seconds, "plain Conv1d + Adam")}


def measure_fits(quick):
    """Compare fits with loops in plain torch and in skorch."""
    n_spectra, n_epochs = (20, 2) if quick else (100, 10)
    X, y = make_lorentzian_spectra(
        n_spectra, n_points=700, centers=(100, 300, 600), random_state=0
    )
    figures = {}
    for name, (classifier, module) in NETS.items():
        bare = module, *as_module(classifier, module, 3), X, y, n_epochs
        net = classifier(max_epochs=n_epochs, batch_size=32, random_state=0)
        runs = {
            "bare torch": partial(bare_fit, *bare, augment=True),
            "fit": partial(net.fit, X, y),
            "bare torch, not augmented": partial(bare_fit, *bare, augment=False),
            "skorch, not augmented": partial(skorch_fit, *bare),
        }
        found = interleaved(runs, 1 if quick else 15)
        figures[f"fit {name}"] = summary(found, "bare torch")
    return figures


def measure_default(quick):
    """Time a fit of each classifier with all defaults."""
    rows, settings = {}, {"max_epochs": 1} if quick else {}
    sizes = ((20, 2, 60),) if quick else ((2000, 10, 700), (96, 2, 3400))
    for n_spectra, n_classes, n_points in sizes:
        X, y = make_lorentzian_spectra(
            n_spectra // n_classes,
            n_points=n_points,
            centers=np.linspace(10, n_points - 10, n_classes).round(),
            random_state=0,
        )
        for name, (classifier, _) in NETS.items():
            start = time.process_time(), time.perf_counter()
            net = classifier(random_state=0, **settings).fit(X, y)
            rows[f"{name}, {n_spectra} x {n_points}"] = {
                "cpu_s": time.process_time() - start[0],
                "wall_s": time.perf_counter() - start[1],
                "n_epochs": net.n_iter_,
                "batch_size": net.batch_size_,
            }
    return {"default_fit": pd.DataFrame.from_dict(rows, orient="index")}


PARTS = {"step": measure_steps, "fit": measure_fits, "default": measure_default}


def main(argv=None):
    """Run the comparisons and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    path = RESULTS / "bench_training.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    results.pop("versions", None)
    for part in options.parts:
        for name, table in PARTS[part](options.quick).items():
            print(f"\n{name}\n{table}", flush=True)
            is_default = name == "default_fit"
            results[name] = table.to_dict("index") if is_default else rounded(table)
    if not options.quick:
        print(write_results("bench_training", results))


if __name__ == "__main__":
    main()
