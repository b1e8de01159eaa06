"""What a paper's module hands over: experiments cut into tasks, rows of the page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

VERDICTS = ("reproduced", "in part", "not reproduced", "not checked")


class MissingData(Exception):
    """Spectra that are not part of the project; the message says where to get them."""


@dataclass(frozen=True)
class Options:
    """What an experiment may be told.

    `size` is "full" (the figures of the page), "quick" (minutes for all papers) or
    "tiny" (seconds for each, for tests); `folder` holds files of spectra that are not
    part of the project.
    """

    size: str = "full"
    folder: Path | None = None

    def pick(self, *, full, quick, tiny):
        """Return the value that belongs to the size."""
        return {"full": full, "quick": quick, "tiny": tiny}[self.size]


@dataclass(frozen=True)
class Task:
    """One piece of work that is saved when done: `function(**arguments)`.

    The function stands at the top of a module (it may run in another process), leaves
    torch's generator alone and returns a dict of numbers, strings, lists and arrays.
    Arguments are kept with the result; bind a folder by `functools.partial`, which is
    not.
    """

    function: Callable
    arguments: dict

    @property
    def key(self):
        """Name under which the result is kept: what was asked for."""
        return " ".join(f"{name}={value}" for name, value in self.arguments.items())


@dataclass(frozen=True)
class Experiment:
    """Part of a paper: `tasks(options)` lists its tasks or raises `MissingData`."""

    name: str
    about: str
    tasks: Callable


@dataclass(frozen=True)
class Row:
    """A line of the page: what the paper has, what came out here.

    `verdict` is one of `VERDICTS`; derive it from the figures, never write it down.
    """

    place: str
    claim: str
    paper: str
    here: str
    data: str
    verdict: str
    why: str = ""


@dataclass(frozen=True)
class Paper:
    """A paper and how to do it again.

    `rows(results)` gives the lines of the page; `sections(results)` further text and
    tables in Markdown; `figures(results, folder)` draws pictures named
    `seeds_<number>_*.png` and returns pairs of file name and caption. All three get
    `{experiment: [records]}` and cope with experiments that were not run.
    """

    number: str
    title: str
    citation: str
    experiments: list[Experiment] = field(default_factory=list)
    rows: Callable = lambda results: []
    sections: Callable = lambda results: ""
    figures: Callable = lambda results, folder: []


def verdict(*holds):
    """Say how many of the conditions of a claim hold: all, some or none.

    Examples
    --------
    >>> verdict(True, False)
    'in part'
    """
    all_hold, some_hold, none_holds, unknown = VERDICTS
    if not holds:
        return unknown
    if all(holds):
        return all_hold
    return some_hold if any(holds) else none_holds


def spread(values, digits=3):
    """Write mean ± standard deviation (of the sample) and the number of values.

    Examples
    --------
    >>> spread([0.9, 1.0])
    '0.950 ± 0.071 (2)'
    """
    values = np.asarray(values, dtype=float)
    deviation = f" ± {values.std(ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{deviation} ({len(values)})"


def table(header, rows):
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
