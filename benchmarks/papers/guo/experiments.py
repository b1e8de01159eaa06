"""The experiments of Guo et al. 2020, with seeds and cost.

The paper takes 3,284 spectra of 196 minerals on 1360 points from 150 to 1509 cm-1 and
cuts them at random into ten parts, ten times (Table I, Fig. 4), with KNN, random
forest, linear SVM and LDA beside its FMCNN; Fig. 5 shows what the pooling layer sends
back to the spectrum. Here the same, plus what the paper does not ask: minerals by
crystals that no method has seen. Two spectra of one crystal, in two orientations or
polarizations, are near-duplicates, and random folds have such pairs on both sides.

Choices of ours: folds are stratified (the paper does not say), so that every mineral
can be learned. Which of the package's spectra the paper left out cannot be told: see
`subset="guo2020"` of `fetch_rruff`. Without the extra `rruff` the bundled 18 minerals
stand in.

A full run has ten repetitions of all methods, ordered so that each repetition is
complete before the next begins. It takes many hours and can be stopped at any time: the
pages count what is there. `patience` looks at settings on seeds below 100 alone.
"""

from functools import partial
from itertools import product
from pathlib import Path

from benchmarks.papers._paper import FIRST_SEED, Paper, each
from benchmarks.papers.guo import maps, models, values
from benchmarks.papers.guo import size as sizes
from benchmarks.papers.guo import spectra as of_spectra
from benchmarks.papers.guo.figures import figures

N_FOLDS = {"rruff": 10, "bundled": 5}
SLOW = {
    "bundled": {("FMCNN", "paper")},
    "rruff": {*product(("FMCNN", "Random forest"), models.INPUTS)},
}
TITLE = "Guo et al. 2020: FMCNN on minerals"
PAPER = Paper("guo", TITLE, Path(__file__).parent, values, figures)


def tiny(options):
    """Return the argument that makes models small in tests."""
    return {"tiny": True} if options.size == "tiny" else {}


def methods(options, data):
    """Return pairs of method and input; a quick run leaves out the slowest."""
    left_out = SLOW[data] if options.size == "quick" else ()
    return [
        {"method": method, "spectra": spectra}
        for method in options.pick(models.METHODS, models.METHODS, ("KNN", "FMCNN"))
        for spectra in models.INPUTS
        if (method, spectra) not in left_out
    ]


def random_folds(options, data):
    """List the folds, repetition by repetition and the cheapest methods first."""
    first = options.first_seed - FIRST_SEED
    n_repetitions = options.pick({"rruff": 10, "bundled": 1}[data], 1, 1)
    shared = {"fold": range(options.pick(N_FOLDS[data], 1, 1))}
    shared |= {"n_folds": N_FOLDS[data], **tiny(options)}
    asked = [
        {"data": data, **method, "repetition": repetition}
        for repetition in range(first, first + n_repetitions)
        for method in methods(options, data)
    ]
    ask = models.on_random_fold, options
    return [task for which in asked for task in each(*ask, **which, **shared)]


def new_crystals(options, data):
    """List the draws of one crystal of each mineral."""
    draws = options.seeds({"rruff": 5, "bundled": 15}[data])
    ask, shared = models.on_new_crystals, {"seed": draws, **tiny(options)}
    return [
        task
        for asked in methods(options, data)
        for task in each(ask, options, data=data, **asked, **shared)
    ]


def spectra(options, data):
    """List the one task that counts and compares spectra."""
    return each(of_spectra.likeness, options, data=data)


def settings(options, data):
    """List the methods whose settings the paper searched for."""
    names = options.pick([*of_spectra.CHOICES], [*of_spectra.CHOICES], ["KNN"])
    return each(
        of_spectra.choice, options, data=data, method=names, n_folds=N_FOLDS[data]
    )


def deconvolution(options, data):
    """List the networks whose maps are looked at."""
    inputs = options.pick([*models.INPUTS], ["fair"], ["paper"])
    shared = {"n_folds": N_FOLDS[data], **tiny(options)}
    return each(maps.maps_of_fold, options, data=data, spectra=inputs, **shared)


def patience(options, data):
    """List values of patience and penalty, fold by fold; a quick run has none."""
    return each(
        *(models.with_patience, options),
        data=data,
        repetition=[
            -FIRST_SEED + n for n in range(options.pick(2, 0, 1))
        ],  # seeds 0, 1
        fold=range(options.pick(3, 0, 1)),
        patience=options.pick([10, 20, 40], [], [1]),
        penalty=options.pick([0.0, 1e-5, 1e-4, 1e-3], [], [1e-4]),
        n_folds=N_FOLDS[data],
        **tiny(options),
    )


def interpolations(options):
    """List ways to interpolate, on RRUFF's spectra as they were measured."""
    if options.size == "tiny":
        return []
    models.minerals("rruff")
    folds = range(options.pick(10, 1, 1))
    return each(of_spectra.interpolation, options, kind=[*of_spectra.KINDS], fold=folds)


def size(options):
    """List the one task that counts parameters."""
    return each(sizes.sizes, options, n_rounds=options.pick(9, 5, 2))


def _tasks_of(options, list_tasks, data):
    """List tasks; of RRUFF a quick run leaves out the longest, a tiny one all."""
    left_out = {"full": (), "quick": (settings, deconvolution), "tiny": _ABOUT}
    if data == "rruff" and list_tasks in left_out[options.size]:
        return []
    models.minerals(data)
    return list_tasks(options, data)


# What it is about, and CPU minutes of a full run with bundled minerals and with RRUFF.
_ABOUT = {
    spectra: ("how alike they are (Fig. 1)", 0, 0),
    settings: ("k of KNN and kernel of the SVM", 0, 1),
    deconvolution: ("maps of one random fold (Fig. 5)", 1, 2),
    new_crystals: ("one crystal of each mineral held out", 9, 13),
    patience: ("patience and penalty, seeds below 100", 40, 300),
    random_folds: ("random folds (Table I, Fig. 4)", 2, 730),
}
PAPER.add("size", 0, "parameters with and without the fire module", size)
for _data, _prefix, _text in (
    ("bundled", "bundled_", "18 bundled minerals"),
    ("rruff", "", "RRUFF"),
):
    if _data == "rruff":
        PAPER.add("interpolations", 5, "RRUFF: ways to interpolate", interpolations)
    for _list, (_about, *_minutes) in _ABOUT.items():
        _tasks = partial(_tasks_of, list_tasks=_list, data=_data)
        _about = f"{_text}: {_about}"
        PAPER.add(_prefix + _list.__name__, _minutes[_data == "rruff"], _about, _tasks)
