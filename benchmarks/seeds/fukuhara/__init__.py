"""Fukuhara et al. 2019: what a network looks at in Raman spectra.

The experiments stand in `_simulation` (section 4.1), `_small` (4.2)
and `_mixing` (4.3); each file says which settings are the paper's and what was
chosen where it is silent. Settings were chosen on seeds 0 to 4; what is reported uses
seeds from 100 on.
"""

from functools import partial

from benchmarks.seeds._paper import Experiment, MissingData, Paper, Task
from benchmarks.seeds._spectra import AMINO_ACIDS, spectra_file
from benchmarks.seeds.fukuhara._figures import figures
from benchmarks.seeds.fukuhara._mixing import mixing
from benchmarks.seeds.fukuhara._rows import rows
from benchmarks.seeds.fukuhara._sections import sections
from benchmarks.seeds.fukuhara._simulation import distractors, filters, network
from benchmarks.seeds.fukuhara._small import (
    nine_minerals,
    small_training_set,
    three_blocks,
)

# Size and number of filters, cheap ones first: a run that is stopped has all seeds of
# most of them.
FILTERS = (
    *((2, 64), (4, 64), (8, 64), (16, 64), (32, 64)),
    *((8, 8), (8, 16), (8, 32)),
    *((64, 64), (8, 128), (128, 64), (8, 256)),
)
SNR = 20.0  # of the best training spectrum; chosen on draws 0 to 2
TINY = {"n_filters": 4, "epochs": 2}
N_SPECTRA = {"RRUFF": 44, "bundled": 18}


def seeds(number):
    """Return the first seeds that are reported."""
    return range(100, 100 + number)


def network_tasks(options):
    """The network of Figure 1, once."""
    return [Task(network, {"n_points": 1451, "n_classes": 9})]


def filter_tasks(options):
    """Figure 2, every seed with one setting after the other."""
    settings = options.pick(
        full=FILTERS,
        quick=((4, 64), (8, 64), (32, 64), (8, 8)),
        tiny=((4, 4), (8, 4)),
    )
    effort = options.pick(full={}, quick={}, tiny={"epochs": 2})
    return [
        Task(filters, {"kernel_size": size, "n_filters": n, "seed": seed, **effort})
        for size, n in settings
        for seed in seeds(options.pick(full=5, quick=1, tiny=1))
    ]


def distractor_tasks(options):
    """Figure 3."""
    effort = options.pick(
        full={}, quick={"n_train": 30}, tiny={"n_train": 4, "epochs": 2}
    )
    number = options.pick(full=5, quick=1, tiny=1)
    return [Task(distractors, {"seed": seed, **effort}) for seed in seeds(number)]


def small_arguments(options, source):
    """Return what all tasks of section 4.2 are told."""
    n_spectra = options.pick(full=N_SPECTRA[source], quick=12, tiny=6)
    effort = options.pick(full={}, quick={}, tiny=TINY)
    return {"source": source, "n_spectra": n_spectra, "snr": SNR, **effort}


def small_tasks(options, source, full, quick, tiny):
    """Section 4.2: so many draws of the nine minerals."""
    draws = seeds(options.pick(full=full, quick=quick, tiny=tiny))
    if draws:
        nine_minerals(source)
    shared = small_arguments(options, source)
    return [Task(small_training_set, {**shared, "seed": seed}) for seed in draws]


def block_tasks(options):
    """Three blocks on the first draws; two blocks are in the other experiments."""
    shared = small_arguments(options, source_at_hand(options))
    draws = seeds(options.pick(full=5, quick=1, tiny=1))
    return [Task(three_blocks, {**shared, "seed": seed}) for seed in draws]


def source_at_hand(options):
    """Return "RRUFF" if its spectra are installed and worth while, else "bundled"."""
    if options.size != "full":
        return "bundled"
    try:
        nine_minerals("RRUFF")
    except MissingData:
        return "bundled"
    return "RRUFF"


def acid_tasks(options):
    """Section 4.3 on amino acids, also with ratios up to 1."""
    spectra_file(options.folder, AMINO_ACIDS)
    function = partial(mixing, folder=str(options.folder))
    folds = range(options.pick(full=5, quick=1, tiny=1))
    effort = options.pick(full={}, quick={}, tiny=TINY)
    numbers = seeds(options.pick(full=2, quick=1, tiny=1))
    asked = [(seed, fold, 0.5) for seed in numbers for fold in folds]
    asked += [(numbers[0], fold, 1.0) for fold in folds]
    return [
        Task(
            function,
            {"substances": "acids", "seed": s, "fold": f, "high": high, **effort},
        )
        for s, f, high in asked
    ]


def mineral_tasks(options):
    """Section 4.3 on the bundled minerals."""
    n_minerals = options.pick(full=18, quick=8, tiny=3)
    shared = {"substances": "minerals", "seed": 100, "n_minerals": n_minerals}
    effort = options.pick(full={}, quick={}, tiny=TINY)
    folds = range(options.pick(full=5, quick=1, tiny=1))
    return [Task(mixing, {**shared, "fold": fold, **effort}) for fold in folds]


PAPER = Paper(
    number="001",
    title="Fukuhara et al. 2019: contribution maps",
    citation=(
        "M. Fukuhara, K. Fujiwara, Y. Maruyama, H. Itoh, *Feature visualization of "
        "Raman spectrum analysis with deep convolutional neural network*, Analytica "
        "Chimica Acta 1087 (2019) 11-19, <https://doi.org/10.1016/j.aca.2019.08.064>."
    ),
    experiments=[
        Experiment("network", "shapes and weights (Fig. 1)", network_tasks),
        Experiment("distractors", "three random lines (Fig. 3)", distractor_tasks),
        Experiment(
            "small_training_set",
            "four training spectra a mineral, RRUFF (Fig. 4, 5, S4, S5)",
            partial(small_tasks, source="RRUFF", full=20, quick=0, tiny=0),
        ),
        Experiment(
            "small_training_set_bundled",
            "the same with bundled spectra",
            partial(small_tasks, source="bundled", full=3, quick=1, tiny=1),
        ),
        Experiment("three_blocks", "a third block on the same draws", block_tasks),
        Experiment("mixing_acids", "mixtures of amino acids (Fig. 7, S8)", acid_tasks),
        Experiment("mixing_minerals", "the same with bundled minerals", mineral_tasks),
        Experiment("filters", "size and number of filters (Fig. 2)", filter_tasks),
    ],
    rows=rows,
    sections=sections,
    figures=figures,
)
