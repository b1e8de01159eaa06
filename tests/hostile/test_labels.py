"""Hostile labels and groups into every public call that takes them."""

import inspect

import numpy as np
import pandas as pd
import polars as pl
import pytest

from tests.hostile._entrances import ENTRANCES, SPLITS
from tests.hostile._kinds import GROUPS, LABELS, SPECTRA
from tests.hostile.test_spectra import assert_same, cells, run

ALL = ENTRANCES | SPLITS
TAKE = {
    name: [
        entrance
        for entrance, how in ALL.items()
        if name in inspect.signature(how.call).parameters
    ]
    for name in ("y", "groups")
}
# One group each, so that nothing has to be split.
SAME = {
    "list": list,
    "tuple": tuple,
    "objects": lambda y: y.astype(object),
    "Series": pd.Series,
    "Series, falling index": lambda y: pd.Series(y, index=range(len(y))[::-1]),
    "categories": lambda y: pd.Series(pd.Categorical(y)),
    "strings of pandas": lambda y: pd.Series(y, dtype="string"),
    "polars": pl.Series,
    "read-only": lambda y: np.broadcast_to(y, y.shape),
    "every second": lambda y: np.repeat(y, 2)[::2],
}


def _with(values, place, value):
    values = values.astype(object)
    values[place] = value
    return values


MISSING = {
    "None": lambda y: _with(y, 2, None),
    "NaN": lambda y: _with(y, 2, np.nan),
    "NA": lambda y: pd.Series(_with(y, 2, pd.NA), dtype="string"),
    "missing category": lambda y: pd.Series(pd.Categorical(_with(y, 2, None))),
    "NaN among numbers": lambda y: np.where(np.arange(len(y)) == 2, np.nan, 1.0),
    "null of polars": lambda y: pl.Series([None, *y[1:].tolist()]),
    "NaN in a list of texts": lambda y: [
        *y[:2].tolist(),
        float("nan"),
        *y[3:].tolist(),
    ],
    "masked": lambda y: np.ma.masked_array(y, np.arange(len(y)) == 2),
}
WRONG = {
    "too short": lambda y: y[:-1],
    "too long": lambda y: np.append(y, y[:1]),
    "none": lambda y: y[:0],
    "two columns": lambda y: np.stack([y, y], axis=1),
    "one label": lambda y: str(y[0]),
    "dict": lambda y: dict(enumerate(y)),
    "set": set,
    "texts and numbers": lambda y: _with(y, 2, 7),
    # Of these an array makes one.
    "a list of texts and numbers": lambda y: [1, "1", *y[2:].tolist()],
    "zero bytes": lambda y: [*y[:-1].tolist(), f"{y[0]}\0"],
    "large numbers beside a fraction": lambda y: [2**60, 2**60 + 1, 0.5, *[2**60] * 5],
}


LABELED = [(name, entrance) for name, found in TAKE.items() for entrance in found]
GOOD = {"y": LABELS, "groups": GROUPS}
each = pytest.mark.parametrize(("name", "entrance"), LABELED)


def call(entrance, **labels):
    return run(ALL[entrance], SPECTRA.copy(), **labels)


@each
def test_the_same_labels_written_otherwise(name, entrance):
    wanted, warned = call(entrance)

    def check(kind):
        found, said = call(entrance, **{name: SAME[kind](GOOD[name])})
        assert said == warned, said
        assert_same(found, wanted, ALL[entrance].digits)

    cells(check, SAME)


@each
def test_labels_that_are_missing_or_wrong(name, entrance):
    def check(kind):
        values = (MISSING | WRONG)[kind](GOOD[name])
        with pytest.raises((ValueError, TypeError)) as raised:
            call(entrance, **{name: values})
        assert len(str(raised.value)) > 20

    cells(check, MISSING | WRONG)


CLASSIFIERS = [e for e in TAKE["y"] if ".fit" in e or "partial" in e or e == "compare"]


@pytest.mark.parametrize("entrance", CLASSIFIERS)
def test_numbers_that_are_no_labels(entrance):
    with pytest.raises(ValueError, match="continuous|Unknown label type"):
        call(entrance, y=np.linspace(0, 1, 8))


# The others would use groups to calibrate, or average.
JUDGED = [
    e for e in TAKE["groups"] if "N" not in e and "PLS" not in e and "av" not in e
]
JUDGED += ["SpectralNoveltyDetector.fit"]


@pytest.mark.parametrize("entrance", JUDGED)
def test_a_group_of_all(entrance):
    with pytest.raises(ValueError, match="group"):
        call(entrance, groups=np.zeros(8), y=LABELS)
