"""The experiments of Zhang et al. 2020, with seeds and cost.

Data in `data`, models and their settings in `models`, tasks in `tasks`. Settings were
tried on seeds 0-4. The paper splits at random, which leaves measurements of one sample
on both sides; here each experiment also, or only, keeps a sample (a crystal) on one
side: "by sample". `minerals_fresh` has seeds that nobody had looked at when the rules
for narrow filters were written.
"""

from pathlib import Path

from benchmarks.papers._paper import Experiment, Paper, each
from benchmarks.papers._spectra import MEAT, spectra_file
from benchmarks.papers.zhang import values
from benchmarks.papers.zhang.figures import figures
from benchmarks.papers.zhang.models import WIDTHS
from benchmarks.papers.zhang.tasks import (
    SIZES,
    example,
    narrow,
    partition,
    repeat,
    what_it_does,
    width,
)

BOTH = ["by sample", "random"]


def of(function, data, splits, count=1, later=0):
    """Return what lists tasks; `count` is a number or the name of one in `SIZES`."""

    def tasks(options):
        if data == "meat":
            spectra_file(options.folder, MEAT)
        n = getattr(SIZES[options.size], count) if isinstance(count, str) else count
        first = options.first_seed + later
        seeds = range(first, first + n)
        return each(
            function, options, data=data, how=splits, seed=seeds, size=options.size
        )

    return tasks


def of_widths(splits, widths, seeds=None):
    """Return what lists networks for meat with filters of several widths.

    `seeds` None are those that are reported.
    """

    def tasks(options):
        spectra_file(options.folder, MEAT)
        few = options.seeds(10) if seeds is None else seeds
        shared = {"how": splits, "seed": options.pick(few, few[:1], few[:1])}
        sizes = [*options.pick(widths, widths[:2], widths[:1])]
        return each(
            width, options, data="meat", **shared, kernel_size=sizes, size=options.size
        )

    return tasks


PAPER = Paper(
    name="zhang",
    title="Zhang et al. 2020: class activation maps",
    folder=Path(__file__).parent,
    values=values,
    figures=figures,
    experiments=[
        Experiment(
            "meat", "accuracy and maps", 11, of(repeat, "meat", BOTH, "repeats")
        ),
        Experiment(
            "meat_partitions",
            "one network, run again",
            1,
            of(partition, "meat", BOTH[:1], "partitions"),
        ),
        Experiment(
            "meat_example", "what the pictures show", 0, of(example, "meat", BOTH[:1])
        ),
        Experiment(
            "meat_widths",
            "widths of filters, seeds below 100",
            4,
            of_widths(BOTH[:1], WIDTHS, range(5)),
        ),
        Experiment(
            "meat_chosen",
            "the best of these widths on the reported seeds",
            6,
            of_widths(BOTH, WIDTHS[-1:]),
        ),
        Experiment(
            "minerals", "accuracy and maps", 5, of(repeat, "minerals", BOTH, "repeats")
        ),
        Experiment(
            "minerals_partitions",
            "one network, run again",
            2,
            of(partition, "minerals", BOTH[:1], "partitions"),
        ),
        Experiment(
            "minerals_example",
            "what the pictures show",
            0,
            of(example, "minerals", BOTH[:1]),
        ),
        Experiment(
            "minerals_narrow",
            "the paper's network with filters as wide as a line",
            1,
            of(narrow, "minerals", BOTH[1:], "repeats"),
        ),
        Experiment(
            "minerals_fresh",
            "the same on seeds from 110 on",
            1,
            of(narrow, "minerals", BOTH[1:], "repeats", later=10),
        ),
        Experiment(
            "minerals_layers",
            "what filters and later layers of it do (Fig. 7, A4)",
            1,
            of(what_it_does, "minerals", BOTH[1:], "repeats"),
        ),
    ],
)
