"""Guo et al. 2020: a network with a fire module names minerals of RRUFF.

The paper takes 3,284 spectra of 196 minerals on 1360 points from 150 to 1509 cm-1 and
cuts them at random into ten parts, ten times (Table I, Fig. 4), with KNN, random
forest, linear SVM and LDA beside its FMCNN; Fig. 5 shows what the pooling layer sends
back to the spectrum. Here the same, plus what the paper does not ask: minerals by
crystals that no method has seen. Two spectra of one crystal, in two orientations or
polarisations, are near-duplicates, and random folds have such pairs on both sides.

Choices of ours: folds are stratified (the paper does not say), so that every mineral
can be learned; draws and folds have seeds from 100 on. Which of the package's spectra
the paper left out cannot be told: see `subset="guo2020"` of `fetch_rruff`. Methods and
settings are in `_models.py`, maps in `_maps.py`, sizes in `_size.py`.
Without the extra `rruff` the bundled 18 minerals stand in.

A full run has ten repetitions of all methods, ordered so that each repetition is
complete before the next begins. It takes many hours and can be stopped at any time: the
rows count what is there.
"""

from functools import partial

from benchmarks.seeds._paper import Experiment, Paper, Task
from benchmarks.seeds.guo._figures import figures
from benchmarks.seeds.guo._maps import maps_of_fold
from benchmarks.seeds.guo._models import (
    FIRST_SEED,
    INPUTS,
    METHODS,
    minerals,
    on_new_crystals,
    on_random_fold,
)
from benchmarks.seeds.guo._rows import rows
from benchmarks.seeds.guo._size import sizes
from benchmarks.seeds.guo._spectra import CHOICES, choice, likeness
from benchmarks.seeds.guo._tables import sections

SEEDS = range(FIRST_SEED, FIRST_SEED + 5)
N_FOLDS = {"rruff": 10, "bundled": 5}
SLOW = (("FMCNN", "paper"), ("Random forest", "paper"), ("Random forest", "fair"))
N_REPETITIONS = {"rruff": 10, "bundled": 1}


def every_method(options, data):
    """Return pairs of method and input; a quick run leaves out the slowest."""
    methods = options.pick(full=METHODS, quick=METHODS, tiny=("KNN", "FMCNN"))
    left_out = SLOW if (options.size, data) == ("quick", "rruff") else ()
    return [
        {"method": method, "spectra": spectra}
        for method in methods
        for spectra in INPUTS
        if (method, spectra) not in left_out
    ]


def random_folds(options, data):
    """List the folds, repetition by repetition and the cheapest methods first."""
    n_folds, n_repetitions = N_FOLDS[data], N_REPETITIONS[data]
    return [
        _task(on_random_fold, options, data, **asked, **place, n_folds=n_folds)
        for repetition in range(options.pick(full=n_repetitions, quick=1, tiny=1))
        for asked in every_method(options, data)
        for place in (
            {"repetition": repetition, "fold": fold}
            for fold in range(options.pick(full=n_folds, quick=1, tiny=1))
        )
    ]


def new_crystals(options, data):
    """List the draws of one crystal of each mineral."""
    return [
        _task(on_new_crystals, options, data, **asked, seed=seed)
        for asked in every_method(options, data)
        for seed in SEEDS[: options.pick(full=None, quick=1, tiny=1)]
    ]


def spectra(_, data):
    """List the one task that counts and compares spectra."""
    return [Task(likeness, {"data": data})]


def settings(options, data):
    """List the methods whose settings the paper searched for."""
    return [
        Task(choice, {"data": data, "method": method, "n_folds": N_FOLDS[data]})
        for method in options.pick(full=CHOICES, quick=CHOICES, tiny=["KNN"])
    ]


def deconvolution(options, data):
    """List the networks whose maps are looked at; not RRUFF's in a quick run."""
    if (options.size, data) == ("quick", "rruff"):
        return []
    return [
        _task(maps_of_fold, options, data, spectra=spectra, n_folds=N_FOLDS[data])
        for spectra in options.pick(full=INPUTS, quick=INPUTS[1:], tiny=INPUTS[:1])
    ]


def size(options):
    """List the one task that counts parameters."""
    return [Task(sizes, {"n_rounds": options.pick(full=9, quick=5, tiny=2)})]


def _tasks(options, list_tasks, data):
    """List tasks if the size includes the data; raises `MissingData` if they miss."""
    if (options.size, data) == ("tiny", "rruff"):
        return []
    minerals(data)
    return list_tasks(options, data)


def _task(function, options, data, **arguments):
    tiny = {"tiny": True} if options.size == "tiny" else {}
    return Task(function, {"data": data, **arguments, **tiny})


def _experiments():
    """Return the experiments on both sets of minerals, cheapest first."""
    about = {
        "size": "parameters with and without the fire module",
        "spectra": "how alike they are (Fig. 1)",
        "settings": "k of KNN and kernel of the SVM",
        "deconvolution": "maps of one random fold (Fig. 5)",
        "new_crystals": "one crystal of each mineral held out",
        "random_folds": "random folds (Table I, Fig. 4)",
    }
    found = [Experiment("size", about["size"], size)]
    for data, prefix, text in (
        ("bundled", "bundled_", "18 bundled minerals: "),
        ("rruff", "", "RRUFF: "),
    ):
        found += [
            Experiment(
                f"{prefix}{list_tasks.__name__}",
                f"{text}{about[list_tasks.__name__]}",
                partial(_tasks, list_tasks=list_tasks, data=data),
            )
            for list_tasks in (
                spectra,
                settings,
                deconvolution,
                new_crystals,
                random_folds,
            )
        ]
    return found


PAPER = Paper(
    number="002",
    title="Guo et al. 2020: FMCNN on minerals",
    citation=(
        "Z. Guo, L. Yu, S. Tian, X. Lv, W. Xue, Raman spectroscopy analysis of "
        "minerals based on feature visualization, Spectroscopy 35 (11) (2020), 37-46."
    ),
    experiments=_experiments(),
    rows=rows,
    sections=sections,
    figures=figures,
)
