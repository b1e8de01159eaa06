"""The experiments of Zhang et al. 2020, with seeds and cost.

Data in `data`, models and their settings in `models`, tasks in `tasks`. Settings were
tried on seeds 0-4. The paper splits at random, which leaves measurements of one sample
on both sides; here each experiment also, or only, keeps a sample (a crystal) on one
side: "by sample". `minerals_fresh` has seeds that nobody had looked at when the rules
for narrow filters were written.
"""

from pathlib import Path

from benchmarks.papers._paper import Paper, each
from benchmarks.papers._spectra import MEAT, spectra_file
from benchmarks.papers.zhang import tasks, values
from benchmarks.papers.zhang.figures import figures
from benchmarks.papers.zhang.models import WIDTHS

BOTH, SAMPLE, RANDOM = ["by sample", "random"], ["by sample"], ["random"]
TITLE = "Zhang et al. 2020: class activation maps"
PAPER = Paper("zhang", TITLE, Path(__file__).parent, values, figures)


def of(function, data, splits, count=1, later=0):
    """Return what lists tasks; `count` is a number or the name of one in `SIZES`."""

    def list_tasks(options):
        if data == "meat":
            spectra_file(options.folder, MEAT)
        n = getattr(tasks.SIZES[options.size], count) if count != 1 else 1
        first = options.first_seed + later
        shared = {"seed": range(first, first + n), "size": options.size}
        return each(function, options, data=data, how=splits, **shared)

    return list_tasks


def of_widths(splits, widths, seeds=None):
    """Return what lists networks for meat with filters of several widths.

    `seeds` None are those that are reported.
    """

    def list_tasks(options):
        spectra_file(options.folder, MEAT)
        few = options.seeds(10) if seeds is None else seeds
        sizes = [*options.pick(widths, widths[:2], widths[:1])]
        shared = {"data": "meat", "how": splits}
        shared |= {"seed": options.pick(few, few[:1], few[:1]), "kernel_size": sizes}
        return each(tasks.width, options, **shared, size=options.size)

    return list_tasks


for _name, _minutes, _about, _tasks in (
    ("meat", 11, "accuracy and maps", of(tasks.repeat, "meat", BOTH, "repeats")),
    (
        *("meat_partitions", 1, "one network, run again"),
        of(tasks.partition, "meat", SAMPLE, "partitions"),
    ),
    ("meat_example", 0, "what the pictures show", of(tasks.example, "meat", SAMPLE)),
    (
        *("meat_widths", 4, "widths of filters, seeds below 100"),
        of_widths(SAMPLE, WIDTHS, range(5)),
    ),
    (
        *("meat_chosen", 6, "the best of these widths on the reported seeds"),
        of_widths(BOTH, WIDTHS[-1:]),
    ),
    ("minerals", 5, "accuracy and maps", of(tasks.repeat, "minerals", BOTH, "repeats")),
    (
        *("minerals_partitions", 2, "one network, run again"),
        of(tasks.partition, "minerals", SAMPLE, "partitions"),
    ),
    (
        *("minerals_example", 0, "what the pictures show"),
        of(tasks.example, "minerals", SAMPLE),
    ),
    (
        *("minerals_narrow", 1, "the paper's network with filters as wide as a line"),
        of(tasks.narrow, "minerals", RANDOM, "repeats"),
    ),
    (
        *("minerals_fresh", 1, "the same on seeds from 110 on"),
        of(tasks.narrow, "minerals", RANDOM, "repeats", later=10),
    ),
    (
        *("minerals_layers", 1, "what filters and later layers of it do (Fig. 7, A4)"),
        of(tasks.what_it_does, "minerals", RANDOM, "repeats"),
    ),
):
    PAPER.add(_name, _minutes, _about, _tasks)
