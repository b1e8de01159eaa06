"""What a paper's folder hands over: experiments cut into tasks, values and pictures."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from types import ModuleType

FIRST_SEED = 100  # of what is reported; settings were chosen on seeds below


class MissingData(Exception):
    """Spectra that are not part of the project; the message says where to get them."""


@dataclass(frozen=True)
class Options:
    """What an experiment may be told.

    `size` is "full" (the figures of the page), "quick" (minutes for all papers) or
    "tiny" (seconds for each, for tests); `folder` holds files of spectra that are not
    part of the project; seeds and repetitions start at `first_seed`.
    """

    size: str = "full"
    folder: Path | None = None
    first_seed: int = FIRST_SEED

    def pick(self, full, quick, tiny):
        """Return the value that belongs to the size."""
        return {"full": full, "quick": quick, "tiny": tiny}[self.size]

    def seeds(self, full, quick=1, tiny=1):
        """Return as many seeds as belong to the size."""
        return range(self.first_seed, self.first_seed + self.pick(full, quick, tiny))


@dataclass(frozen=True)
class Task:
    """One piece of work that is saved when done: `function(**arguments)`.

    The function stands at the top of a module (it may run in another process), leaves
    torch's generator alone and returns a dict of numbers, strings, lists and arrays.
    Arguments are kept with the result; a `folder` is handed to functions that take
    one, and is not kept. `key` is the name under which the result is kept.
    """

    function: Callable
    arguments: dict
    folder: Path | None = None

    @property
    def key(self):
        return " ".join(f"{name}={value}" for name, value in self.arguments.items())

    def run(self):
        """Do it; returns the arguments and what came out."""
        takes_folder = "folder" in inspect.signature(self.function).parameters
        folder = {"folder": self.folder} if takes_folder else {}
        return {**self.arguments, **self.function(**self.arguments, **folder)}


def each(function, options, **arguments):
    """List tasks for each combination of the arguments that are lists or ranges."""
    listed = [v if isinstance(v, list | range) else [v] for v in arguments.values()]
    return [
        Task(function, dict(zip(arguments, values, strict=True)), options.folder)
        for values in product(*listed)
    ]


@dataclass(frozen=True)
class Experiment:
    """Part of a paper: `tasks(options)` lists its tasks or raises `MissingData`.

    `minutes` is about what a full run takes of one CPU core.
    """

    name: str
    about: str
    minutes: float
    tasks: Callable


@dataclass(frozen=True)
class Paper:
    """A paper and how to do it again.

    `folder` holds `page.md` and `lines.md`, whose {expressions} find each experiment
    by its name, and what `values` defines (a module; `tables(results)` in it returns
    further values by name). `figures(results)` returns what `page.md` shows, by name.
    """

    name: str
    title: str
    folder: Path
    values: ModuleType
    figures: Callable
    experiments: list[Experiment] = field(default_factory=list)

    def add(self, name, minutes, about, tasks=None):
        """Add an experiment; without `tasks` it decorates the function."""
        if tasks is None:
            return lambda function: self.add(name, minutes, about, function)
        self.experiments.append(Experiment(name, about, minutes, tasks))
        return tasks
