"""Figures out of records: means over seeds and comparisons seed by seed."""

import numpy as np

from benchmarks.seeds._paper import spread


def take(records, *path):
    """Return the numbers that stand at a path in records; lists give their mean.

    Examples
    --------
    >>> take([{"a": {"b": 1.0}}, {"a": {"b": [2.0, 4.0]}}, {}], "a", "b")
    array([1., 3.])
    """
    found = []
    for record in records:
        value = record
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        numbers = [v for v in np.ravel(value) if v is not None]
        if numbers:
            found.append(np.mean(numbers))
    return np.array(found)


def mean(records, *path):
    """Return the mean of the numbers at a path; NaN without any."""
    found = take(records, *path)
    return found.mean() if len(found) else np.nan


def over(records, *path, digits=2):
    """Write mean ± standard deviation (number) of the numbers at a path."""
    found = take(records, *path)
    return spread(found, digits) if len(found) else "none"


def with_settings(records, by, **settings):
    """Return lists of records with these settings, by another of their settings."""
    chosen = {}
    for record in records:
        if all(record[name] == value for name, value in settings.items()):
            chosen.setdefault(record[by], []).append(record)
    return chosen


def differences(first, second, *path):
    """Return the differences between records with the same seed."""
    other = {record["seed"]: record for record in second}
    pairs = [(one, other[one["seed"]]) for one in first if one["seed"] in other]
    gaps = [take([one], *path) - take([two], *path) for one, two in pairs]
    return np.concatenate([*gaps, np.empty(0)])


def clearly_above(first, second, *path):
    """Say whether one is above the other over the seeds they share."""
    return stands_out(differences(first, second, *path))


def stands_out(gaps):
    """Say whether the mean is more than twice its standard error above zero."""
    if len(gaps) < 2:
        return bool(len(gaps) and gaps.mean() > 0)
    return bool(gaps.mean() > 2 * gaps.std(ddof=1) / np.sqrt(len(gaps)))
