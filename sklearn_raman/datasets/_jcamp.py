"""JCAMP-DX, read by the package jcamp."""

import contextlib
import io
import re
from itertools import zip_longest

import numpy as np

from sklearn_raman._utils._wavenumbers import unit_of_heading
from sklearn_raman.datasets._errors import ReadingError
from sklearn_raman.datasets._lines import decode, split_lines
from sklearn_raman.datasets._numbers import to_number

# A point, in one of the forms of numbers, and how often it stands there in all.
_REPEATED = re.compile(r"([ +\-@A-Ia-i%J-Rj-r][\d.]*)([S-Zs])(\d*)")
_CHECK_LINE = re.compile(r"([-+]?[\d.]+)([Ee]\d*)")


def read_jcamp(jcamp, path):
    """Read a JCAMP-DX file, with one spectrum or several linked ones."""
    text, _ = decode(path.read_bytes())
    lines = [line.partition("$$")[0] for line in split_lines(text)]  # no comments
    lines, tables = _find_tables(lines)
    printed = io.StringIO()  # the package prints what does not add up
    with contextlib.redirect_stdout(printed):
        content = jcamp.read(lines)
    if printed.getvalue():
        raise ReadingError(
            f"the package jcamp reports: {' '.join(printed.getvalue().split())}"
        )
    parts = content.get("children") or [content]
    if len(tables) > len(parts):
        raise ReadingError(
            f"{len(tables)} tables of points in {len(parts)} blocks; expected one in "
            "each block, and several blocks in one of DATA TYPE=LINK."
        )
    items = []
    for part, table in zip_longest(parts, tables, fillvalue=()):
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
        if "X++" in str(part.get("xydata")):
            _check_abscissas(jcamp, axis, table, part.get("xfactor", 1))
        items.append((axis, intensities, name if len(parts) > 1 else None, {}))
    units = [str(part.get("xunits", "")).lower() for part in parts]
    stated, *others = dict.fromkeys(units)
    if others:
        raise ReadingError(
            f"the blocks state different XUNITS, {stated!r} and {others[0]!r}; "
            "expected one unit. Save each block in a file of its own."
        )
    known = {"1/cm": "cm-1", "nanometers": "nm", "": None, "arbitrary units": None}
    unit = known.get(stated, unit_of_heading(stated) or stated)
    facts = {"format": "JCAMP-DX", "x unit": stated or "not stated"}
    return (
        items,
        unit,
        facts | {"data type": str(parts[0].get("data type", "")).lower()},
    )


def _find_tables(lines):
    """Return all lines, and those of each table, as the package reads them rightly.

    What it would read in part is refused.
    """
    labels, tables, legible = [], [], []
    is_table, form = False, ""
    n_stated = n_repeated = 0
    most = 10 * sum(map(len, lines))  # a repeated point needs part of a character
    for line in lines:
        if line.startswith("##"):
            label, _, value = line[2:].partition("=")
            labels.append(label.strip().upper())
            if labels[-1] == "NPOINTS":
                n_stated += np.nan_to_num(to_number(value) or 0)
                if n_stated > most:
                    raise ReadingError(
                        f"NPOINTS={value.strip()} is more than the file can hold."
                    )
            if is_table := labels[-1] in ("XYDATA", "XYPOINTS"):
                form = value
                tables.append([])
        elif is_table and line.strip():
            if "X++" in form:
                n_repeated += sum(_times(match) for match in _REPEATED.finditer(line))
                if n_repeated > n_stated:
                    raise ReadingError(
                        f"the line {line.strip()[:40]!r} repeats more points than "
                        "NPOINTS states: was the file copied completely?"
                    )
                line = _spell_out(line)
            tables[-1].append(line)
        legible.append(line)
    if labels.count("END") < max(1, labels.count("TITLE")):
        raise ReadingError(
            "a block has no end (##END=): was the file copied completely?"
        )
    if "PEAK TABLE" in labels:
        raise ReadingError("the file holds a list of peaks; expected a spectrum.")
    return legible, tables


def _spell_out(line):
    """Return a line of a table without what the package misreads.

    It takes 412E4, the abscissa 412 and the coded ordinate 54, for one number, and
    repeats differences only, and no more than nine times.
    """
    if alone := _CHECK_LINE.fullmatch(line.strip()):
        return f"{alone[1]} {alone[2]}"
    return _REPEATED.sub(lambda match: match[1] * _times(match), line)


def _times(match):
    return int(f"{'STUVWXYZs'.index(match[2]) + 1}{match[3]}")


def _check_abscissas(jcamp, axis, table, factor):
    """Compare the even axis of a header with the number that each line begins with.

    The package compares each line with the one above, within 1: an uneven axis passes.
    """
    half = abs(axis[-1] - axis[0]) / (len(axis) - 1) / 2
    # In difference form a line repeats the last point of the line above it.
    n_repeated = int(any(sign in jcamp.DIF_digits for sign in table[0]))
    first = 0
    for line in table:
        values = jcamp.parse(line)
        decimals = re.match(r"[-+\d]*\.?(\d*)", line.strip())[1]
        rounding = abs(factor) * 10.0 ** -len(decimals)
        stated = values[0] * factor
        if abs(stated - axis[first]) > half + rounding:
            raise ReadingError(
                f"the line {line.strip()[:40]!r} begins at {stated:g}, but FIRSTX, "
                f"LASTX and NPOINTS place it at {axis[first]:g}: the axis is uneven, "
                "or the header wrong. Export the spectrum as text, with an axis value "
                "for each point."
            )
        first += len(values) - 1 - n_repeated
