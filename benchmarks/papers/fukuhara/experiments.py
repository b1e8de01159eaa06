"""The experiments of Fukuhara et al. 2019, with seeds and cost.

They stand in `simulation` (section 4.1), `small_sets` (4.2) and `mixing` (4.3); each
file says which settings are the paper's and what was chosen where it is silent.
"""

from pathlib import Path

from benchmarks.papers._paper import Paper, each
from benchmarks.papers._spectra import AMINO_ACIDS, spectra_file
from benchmarks.papers.fukuhara import mixing, simulation, small_sets, values
from benchmarks.papers.fukuhara.figures import figures

# Size and number of filters, cheap ones first: a run that is stopped has all seeds of
# most of them.
FILTERS = ((2, 64), (4, 64), (8, 64), (16, 64), (32, 64), (8, 8), (8, 16), (8, 32))
FILTERS += ((64, 64), (8, 128), (128, 64), (8, 256))
SNR = 20.0  # of the best training spectrum; chosen on draws 0 to 2
N_SPECTRA = {"RRUFF": 44, "bundled": 18, "acids": 10}
TINY = {"n_filters": 4, "epochs": 2}
TITLE = "Fukuhara et al. 2019: contribution maps"
PAPER = Paper("fukuhara", TITLE, Path(__file__).parent, values, figures)


@PAPER.add("network", 0, "shapes and weights (Fig. 1)")
def of_network(options):
    return each(simulation.network, options, n_points=1451, n_classes=9)


@PAPER.add("distractors", 3, "three random lines (Fig. 3)")
def of_distractors(options):
    effort = options.pick({}, {"n_train": 30}, {"n_train": 4, "epochs": 2})
    return each(simulation.distractors, options, seed=options.seeds(10), **effort)


def small(function, source, *numbers, **quick):
    """Return what lists tasks of section 4.2: so many draws of one source.

    `quick` are arguments of the function in a quick run.
    """

    def tasks(options):
        if source == "acids":
            spectra_file(options.folder, AMINO_ACIDS)
        draws = options.seeds(*numbers)
        if source == "RRUFF" and draws:
            small_sets.nine_substances(source)
        n_spectra = N_SPECTRA[source]
        if source != "acids":
            n_spectra = options.pick(n_spectra, 12, 6)
        effort = {"n_spectra": n_spectra, "snr": SNR, **options.pick({}, quick, TINY)}
        return each(function, options, source=source, **effort, seed=draws)

    return tasks


def of_blocks(options):
    """Three blocks on the first draws; two blocks are in the other experiments."""
    source = "RRUFF" if options.size == "full" else "bundled"
    return small(small_sets.three_blocks, source, 5)(options)


for _name, _minutes, _about, *_what in (
    ("", 9, "four training spectra a mineral, RRUFF (Fig. 4, 5, S4, S5)", 20, 0, 0),
    ("_bundled", 1, "the same with bundled spectra", 3),
    ("_acids", 9, "the same with repeats of one sample of six amino acids", 10, 1, 0),
):
    _source = _name[1:] or "RRUFF"
    _tasks = small(small_sets.small_training_set, _source, *_what, n_filters=16)
    PAPER.add(f"small_training_set{_name}", _minutes, _about, _tasks)
_ABOUT = "five-fold validation, shapes of maps, a default SVM, bundled spectra"
PAPER.add(
    "five_folds", 18, _ABOUT, small(small_sets.five_folds, "bundled", 10, n_filters=16)
)
PAPER.add("three_blocks", 1, "a third block on the same draws", of_blocks)


@PAPER.add("mixing_acids", 2, "mixtures of amino acids (Fig. 7, S8)")
def of_acids(options):
    """Section 4.3 on amino acids, also with ratios up to 1."""
    spectra_file(options.folder, AMINO_ACIDS)
    folds, effort = range(options.pick(5, 1, 1)), options.pick({}, {}, TINY)
    return [
        task
        for seeds, high in ((options.seeds(2), 0.5), (options.seeds(1), 1.0))
        for task in each(
            *(mixing.mixing, options),
            **{"substances": "acids", "seed": seeds, "fold": folds, "high": high},
            **effort,
        )
    ]


@PAPER.add("mixing_minerals", 3, "the same with minerals")
def of_minerals(options):
    return each(
        mixing.mixing,
        options,
        substances="minerals",
        seed=options.seeds(1),
        n_minerals=options.pick(18, 8, 3),
        fold=range(options.pick(5, 1, 1)),
        **options.pick({}, {}, TINY),
    )


@PAPER.add("neighbors", 7, "minerals whose strongest lines are close")
def of_neighbors(options):
    """Section 4.3: leucine's lines beside alanine's, on minerals."""
    fewer = options.pick({}, {"n_filters": 16}, TINY)
    effort = {"seed": options.seeds(5), **fewer}
    return each(mixing.neighbors, options, substances="minerals", **effort)


@PAPER.add("filters", 20, "size and number of filters (Fig. 2)")
def of_filters(options):
    """Every seed with one setting after the other."""
    settings = ((4, 64), (8, 64), (8, 8)), ((4, 4), (8, 4))
    effort = {"seed": options.seeds(5), **options.pick({}, {}, {"epochs": 2})}
    return [
        task
        for size, number in options.pick(FILTERS, *settings)
        for task in each(
            *(simulation.filters, options),
            kernel_size=size,
            n_filters=number,
            **effort,
        )
    ]
