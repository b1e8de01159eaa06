"""JCAMP-DX, read by the package jcamp."""

import contextlib
import io

import numpy as np

from sklearn_raman._utils._wavenumbers import unit_of_heading
from sklearn_raman.datasets._text import ReadingError, decode, split_lines


def read_jcamp(jcamp, path):
    """Read a JCAMP-DX file, with one spectrum or several linked ones."""
    text, _ = decode(path.read_bytes())
    lines = [line.partition("$$")[0] for line in split_lines(text)]  # no comments
    n_tables = _check_labels(lines)
    printed = io.StringIO()  # the package prints what does not add up
    with contextlib.redirect_stdout(printed):
        content = jcamp.read(lines)
    if printed.getvalue():
        raise ReadingError(
            f"the package jcamp reports: {' '.join(printed.getvalue().split())}"
        )
    parts = content.get("children") or [content]
    if n_tables > len(parts):
        raise ReadingError(
            f"{n_tables} tables of points in {len(parts)} blocks; expected one in each "
            "block, and several blocks in one of DATA TYPE=LINK."
        )
    items = []
    for part in parts:
        if not len(part.get("x", ())):
            raise ReadingError("a block without XYDATA; expected a spectrum in each.")
        if "npoints" not in part:
            raise ReadingError("a block without NPOINTS, the number of its points.")
        name = str(part.get("title", "")) or None
        axis = np.asarray(part["x"], dtype=np.float64)
        intensities = np.asarray(part["y"], dtype=np.float64)
        n_stated = part["npoints"]
        if n_stated != len(axis):
            raise ReadingError(
                f"the header states {n_stated} points and {len(axis)} follow: was the "
                "file copied completely?"
            )
        items.append((axis, intensities, name if len(parts) > 1 else None, {}))
    stated = str(parts[0].get("xunits", "")).lower()
    known = {"1/cm": "cm-1", "nanometers": "nm", "": None, "arbitrary units": None}
    unit = known.get(stated, unit_of_heading(stated) or stated)
    facts = {"format": "JCAMP-DX", "x unit": stated or "not stated"}
    return (
        items,
        unit,
        facts | {"data type": str(parts[0].get("data type", "")).lower()},
    )


def _check_labels(lines):
    """Refuse what the package would read in part; return the number of tables."""
    labels = [
        line[2:].partition("=")[0].strip().upper()
        for line in lines
        if line.startswith("##")
    ]
    if labels.count("END") < max(1, labels.count("TITLE")):
        raise ReadingError(
            "a block has no end (##END=): was the file copied completely?"
        )
    if "PEAK TABLE" in labels:
        raise ReadingError("the file holds a list of peaks; expected a spectrum.")
    return labels.count("XYDATA") + labels.count("XYPOINTS")
