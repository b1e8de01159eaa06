"""The experiments of Fukuhara et al. 2019, with seeds and cost.

They stand in `simulation` (section 4.1), `small_sets` (4.2) and `mixing` (4.3); each
file says which settings are the paper's and what was chosen where it is silent.
"""

from pathlib import Path

from benchmarks.papers._paper import Experiment, Paper, each
from benchmarks.papers._spectra import AMINO_ACIDS, spectra_file
from benchmarks.papers.fukuhara import values
from benchmarks.papers.fukuhara.figures import figures
from benchmarks.papers.fukuhara.mixing import mixing, neighbors
from benchmarks.papers.fukuhara.simulation import distractors, filters, network
from benchmarks.papers.fukuhara.small_sets import (
    five_folds,
    nine_substances,
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
N_SPECTRA = {"RRUFF": 44, "bundled": 18, "acids": 10}
TINY = {"n_filters": 4, "epochs": 2}


def of_network(options):
    """The network of Figure 1, once."""
    return each(network, options, n_points=1451, n_classes=9)


def of_filters(options):
    """Figure 2, every seed with one setting after the other."""
    settings = options.pick(
        FILTERS, ((4, 64), (8, 64), (32, 64), (8, 8)), ((4, 4), (8, 4))
    )
    effort = options.pick({}, {}, {"epochs": 2})
    return [
        task
        for size, number in settings
        for task in each(
            filters,
            options,
            kernel_size=size,
            n_filters=number,
            seed=options.seeds(5),
            **effort,
        )
    ]


def of_distractors(options):
    """Figure 3."""
    effort = options.pick({}, {"n_train": 30}, {"n_train": 4, "epochs": 2})
    return each(distractors, options, seed=options.seeds(5), **effort)


def small(function, source, *numbers):
    """Return what lists tasks of section 4.2: so many draws of one source."""

    def tasks(options):
        if source == "acids":
            spectra_file(options.folder, AMINO_ACIDS)
        draws = options.seeds(*numbers)
        if source == "RRUFF" and draws:
            nine_substances(source)
        n_spectra = N_SPECTRA[source]
        shared = {"source": source, "n_spectra": options.pick(n_spectra, 12, 6)}
        if source == "acids":
            shared["n_spectra"] = n_spectra
        effort = options.pick({}, {}, TINY)
        return each(function, options, **shared, snr=SNR, **effort, seed=draws)

    return tasks


def of_blocks(options):
    """Three blocks on the first draws; two blocks are in the other experiments."""
    source = "RRUFF" if options.size == "full" else "bundled"
    return small(three_blocks, source, 5)(options)


def of_acids(options):
    """Section 4.3 on amino acids, also with ratios up to 1."""
    spectra_file(options.folder, AMINO_ACIDS)
    shared = {"substances": "acids"}
    folds = range(options.pick(5, 1, 1))
    effort = options.pick({}, {}, TINY)
    seeds = options.seeds(2)
    usual = each(mixing, options, **shared, seed=seeds, fold=folds, high=0.5, **effort)
    wide = each(
        mixing, options, **shared, seed=seeds[:1], fold=folds, high=1.0, **effort
    )
    return usual + wide


def of_minerals(options):
    """Section 4.3 on the bundled minerals."""
    return each(
        mixing,
        options,
        substances="minerals",
        seed=options.seeds(1),
        n_minerals=options.pick(18, 8, 3),
        fold=range(options.pick(5, 1, 1)),
        **options.pick({}, {}, TINY),
    )


def of_neighbors(options):
    """Section 4.3: leucine's lines beside alanine's, on minerals."""
    effort = options.pick({}, {}, TINY)
    seeds = options.seeds(5)
    return each(neighbors, options, substances="minerals", seed=seeds, **effort)


PAPER = Paper(
    name="fukuhara",
    title="Fukuhara et al. 2019: contribution maps",
    folder=Path(__file__).parent,
    values=values,
    figures=figures,
    experiments=[
        Experiment("network", "shapes and weights (Fig. 1)", 0, of_network),
        Experiment("distractors", "three random lines (Fig. 3)", 3, of_distractors),
        Experiment(
            "small_training_set",
            "four training spectra a mineral, RRUFF (Fig. 4, 5, S4, S5)",
            9,
            small(small_training_set, "RRUFF", 20, 0, 0),
        ),
        Experiment(
            "small_training_set_bundled",
            "the same with bundled spectra",
            1,
            small(small_training_set, "bundled", 3),
        ),
        Experiment(
            "small_training_set_acids",
            "the same with repeats of one sample of six amino acids",
            4,
            small(small_training_set, "acids", 10, 1, 0),
        ),
        Experiment(
            "five_folds",
            "five-fold validation, shapes of maps, a default SVM, bundled spectra",
            6,
            small(five_folds, "bundled", 10),
        ),
        Experiment("three_blocks", "a third block on the same draws", 1, of_blocks),
        Experiment("mixing_acids", "mixtures of amino acids (Fig. 7, S8)", 2, of_acids),
        Experiment("mixing_minerals", "the same with minerals", 3, of_minerals),
        Experiment(
            "neighbors", "minerals whose strongest lines are close", 3, of_neighbors
        ),
        Experiment("filters", "size and number of filters (Fig. 2)", 20, of_filters),
    ],
)
