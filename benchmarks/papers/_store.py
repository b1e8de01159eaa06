"""Results that are kept task by task, so that a run goes on where it stopped."""

import json
import os
from pathlib import Path

import numpy as np

from benchmarks._results import versions


class Store:
    """Records of one paper in a JSON file, one line a record.

    Parameters
    ----------
    path : path
        The file; it need not exist.

    Attributes
    ----------
    versions : list of dict
        Versions of the packages of each run that added records.
    records : dict of dict
        `{experiment: {key: record}}`. A record is what a task returned, with its
        arguments, its `seconds` (wall and CPU) and the index of its `versions`.
    skipped : dict of str
        Why an experiment had no data, by name.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.versions, self.records, self.skipped = [], {}, {}
        if self.path.exists():
            content = json.loads(self.path.read_text())
            self.versions = content["versions"]
            self.skipped = content["skipped"]
            self.records = content["experiments"]

    def __contains__(self, name_key):
        name, key = name_key
        return key in self.records.get(name, {})

    def add(self, name, key, record):
        """Keep a record and save the file."""
        current = versions()
        if current not in self.versions:
            self.versions.append(current)
        record = {**_plain(record), "versions": self.versions.index(current)}
        self.records.setdefault(name, {})[key] = record
        self.skipped.pop(name, None)
        self.save()

    def skip(self, name, reason):
        """Note why an experiment has no data, unless it has results already."""
        if name not in self.records:
            self.skipped[name] = reason
            self.save()

    def results(self):
        """Return the records of each experiment as a list."""
        return {name: list(found.values()) for name, found in self.records.items()}

    def save(self):
        """Write the file anew, at once as seen from other processes."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        parts = [
            f"{json.dumps(name)}: {{\n{_lines(sorted(found.items()))}\n}}"
            for name, found in sorted(self.records.items())
        ]
        text = (
            f'{{"versions": {json.dumps(self.versions)},\n'
            f'"skipped": {json.dumps(self.skipped)},\n'
            f'"experiments": {{{", ".join(parts)}}}}}\n'
        )
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text(text)
        os.replace(unfinished, self.path)


def _lines(items):
    return ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in items)


def _plain(value):
    """Turn arrays into lists and round to five digits that count."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if np.isfinite(value) else None
    return value
