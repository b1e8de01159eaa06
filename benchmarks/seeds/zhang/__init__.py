"""Zhang et al. 2020: class activation maps beside PLS-LDA and its VIP.

Data in `_data`, models and their settings in `_models`, tasks in
`_tasks`. Settings were tried on seeds 0-4; seeds from 100 are reported. The paper
splits at random, which leaves measurements of one sample on both sides; here each
experiment also, or only, keeps a sample (a crystal) on one side: "by sample".
"""

from functools import partial

from benchmarks.seeds._paper import Experiment, Paper, Task
from benchmarks.seeds._spectra import MEAT, spectra_file
from benchmarks.seeds.zhang._figures import figures
from benchmarks.seeds.zhang._rows import rows, sections
from benchmarks.seeds.zhang._tasks import SIZES, example, narrow, partition, repeat

FIRST_SEED = 100


def _tasks(function, data, splits, count, options):
    """Return tasks for seeds from 100 on; `count` names a number in `SIZES`."""
    if data == "meat":
        spectra_file(options.folder, MEAT)
    n_seeds = getattr(SIZES[options.size], count) if count else 1
    with_folder = partial(function, folder=options.folder)  # kept out of the results
    return [
        Task(
            with_folder, {"data": data, "how": how, "seed": seed, "size": options.size}
        )
        for how in splits
        for seed in range(FIRST_SEED, FIRST_SEED + n_seeds)
    ]


def _experiments(data):
    """Return the experiments on one data set."""

    def of(name, about, function, splits, count=None):
        tasks = partial(_tasks, function, data, splits, count)
        return Experiment(f"{data} {name}".strip(), about, tasks)

    both = ("by sample", "random")
    experiments = [
        of("", "accuracy, class maps, feature maps", repeat, both, "repeats"),
        of("partitions", "one network, run again", partition, both[:1], "partitions"),
        of("example", "what the pictures show", example, both[:1]),
    ]
    if data == "minerals":
        about = "the paper's network with filters as wide as a line"
        experiments.append(of("narrow", about, narrow, both[1:], "repeats"))
    return experiments


PAPER = Paper(
    number="003",
    title="Zhang et al. 2020: class activation maps",
    citation=(
        "X. Zhang, J. Xu, J. Yang, L. Chen, H. Zhou, X. Liu, H. Li, T. Lin, Y. Ying, "
        '"Understanding the learning mechanism of convolutional neural networks in '
        'spectral analysis", Anal. Chim. Acta 1119 (2020) 41-51, '
        "https://doi.org/10.1016/j.aca.2020.03.055"
    ),
    experiments=[*_experiments("meat"), *_experiments("minerals")],
    rows=rows,
    sections=sections,
    figures=figures,
)
