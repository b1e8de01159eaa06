"""What claims of Zhang et al. (2020) have in common: where they stand, how told."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.seeds._paper import Row, verdict

SPLITS = ("by sample", "random")
DATA = {
    "meat": "the paper's meat",
    "minerals": "two minerals in place of E. coli",
}
_NOT_RUN = "not run", (), "see the experiments below"


@dataclass(frozen=True)
class Claim:
    """A line of the page.

    `judge(records)` of the named experiment, and of those in `needs`, returns what came
    out, conditions of which all, some or none hold, and why not all of them do.
    """

    experiment: str
    place: str
    text: str
    paper: str
    judge: Callable
    needs: tuple = ()

    def row(self, results):
        """Return the line, also if the experiment was not run."""
        data = DATA[self.experiment.split()[0]]
        records = [results.get(name) for name in (self.experiment, *self.needs)]
        here, holds, why = self.judge(*records) if all(records) else _NOT_RUN
        return Row(self.place, self.text, self.paper, here, data, verdict(*holds), why)


def accuracies_of(records, model, how, part="test"):
    """Return a model's accuracies, one for each repetition of a kind of split."""
    return [
        record["accuracy"][model][part]
        for record in records
        if record["how"] == how and model in record["accuracy"]
    ]


def of_network(records, name, kind):
    """Return what was found for the maps of a network, one for each fit."""
    return [r["maps"][name][kind] for r in records if name in r["maps"]]


def by_label(records, name):
    """Return the records of the maps of each class: `{class: [records]}`."""
    found = {}
    for classes in of_network(records, name, "classes"):
        for record in classes:
            found.setdefault(record["class"], []).append(record)
    return dict(sorted(found.items()))


def mean_of(records, *path):
    """Return the mean over records of a number inside them."""
    numbers = []
    for record in records:
        for step in path:
            record = record[step]
        if record is not None:
            numbers.append(record)
    return float(np.mean(numbers)) if numbers else float("nan")
