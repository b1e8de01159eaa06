"""The three forms of a table: a spectrum a row, a spectrum a column, a point a row."""

import re
from collections import Counter

import numpy as np
import pandas as pd

from sklearn_raman._utils._wavenumbers import unit_of_heading
from sklearn_raman.datasets._cells import is_axis
from sklearn_raman.datasets._collect import few
from sklearn_raman.datasets._errors import ReadingError, show
from sklearn_raman.datasets._headings import (
    COMPANION,
    PLACE,
    axes_again,
    beside_spectra,
    is_units_row,
    long_columns,
    made_up,
    own_axes,
    rows_of_names,
    say_two_names,
)
from sklearn_raman.datasets._numbers import to_number
from sklearn_raman.datasets._orientation import (
    INDEX_HEADINGS,
    column_axis,
    has_index,
    heading_axis,
    say_turn,
)
from sklearn_raman.datasets._text import refuse_count
from sklearn_raman.datasets._units import (
    first_lies_apart,
    first_turn,
    is_axis_heading,
    is_shift_heading,
    next_spectrum,
    unit_of_count,
)

_MISPRINT = re.compile(r"\d[.,]\d|^[\W_]*\d[\W\d_]*$")  # of a number
_BY_ITSELF = (
    " Read each pair of columns by itself: pass columns=(axis, intensity) to "
    "load_spectra."
)


def read_rows(table, missing, *, named, is_complete):
    """Read a table with a spectrum in each row."""
    columns, axis, units = heading_axis(table, named)
    headings = [str(h).strip() for h in table.rows[0]]
    if len(columns) < 2:
        raise ReadingError(
            f"the headings ({few(headings, 4)}) are no numbers; expected wavenumbers."
        )
    if len(units) > 1:
        raise ReadingError(f"the headings state several units: {sorted(units)}.")
    repeated = [h for h in headings if re.fullmatch(r"\d+\.\d+\.\d+", h)]
    if repeated:
        raise ReadingError(
            f"the headings {few(repeated)} are pandas' new names for wavenumbers that "
            "occur twice; expected each once."
        )
    turn = say_turn(table, axis, columns)
    if turn:
        raise ReadingError(f"{turn} Expected headings that rise or fall.")
    for values, end in ((axis, 0), (axis[::-1], -1)):
        if first_lies_apart(values) and not is_complete:
            heading = headings[columns[end]]
            raise ReadingError(
                f"the heading {heading!r} is {abs(values[1] - values[0]):g} from the "
                f"next; expected at most {np.abs(np.diff(values[1:])).max():g}, as "
                f"between the others. Pass metadata=[{heading!r}] if the column holds "
                "no intensities, and metadata=[] if it does (with the headings of "
                "further columns in the list)."
            )
    numeric = set(columns)
    others = [c for c in range(len(headings)) if c not in numeric]
    inside = [
        headings[c]
        for c in others
        if (columns[0] < c and (c < columns[-1] or not headings[c]))
        or (_MISPRINT.search(headings[c]) and headings[c] not in named)
    ]
    if inside:
        raise ReadingError(
            f"the headings {few([repr(h) for h in inside])} stand among wavenumbers or "
            "look like some, and are no numbers. Mend them, or put columns of "
            "metadata before or behind the spectra and name them in metadata."
        )
    rows = range(1, len(table.rows))
    if not rows:
        raise ReadingError("the table holds headings only; expected rows of numbers.")
    values = table.block(rows, columns, [headings[c] for c in columns])
    names = [table.text(row, others[0]) if others else "" for row in rows]
    # Samples may be called "Raman 1" or "x3".
    titles = [name if is_shift_heading(name) else "" for name in names]
    if own := own_axes(values, titles, axis):
        raise ReadingError(
            f"{table.place(rows[own[0]])} rises or falls all the way, as an axis for "
            "the row below it; expected one axis for all. Save each spectrum with its "
            "axis in a file of its own."
        )
    for row, y in zip(rows, values, strict=True):
        beside = [table.text(row, c) for c in others]
        if np.array_equal(y, axis) or (
            any(beside)
            and beside == [headings[c] for c in others]
            and first_turn(y) is None
        ):
            raise ReadingError(
                f"{table.place(row)}: {show(', '.join(map(str, table.rows[row])))} "
                "holds headings once more, as if another table began; expected a "
                "spectrum. Save each table in a file of its own."
            )
    known = _metadata_columns(table, others, headings, rows)
    places = [table.place(row) for row in rows]
    stated = map(unit_of_heading, (headings[0], table.name_of_labels))
    unit = units.pop() if units else next(filter(None, stated), None)
    unit = unit or unit_of_count(headings[columns[0]], axis)
    spectra = [
        _keep(axis, y, missing, place, unit)
        for y, place in zip(values, places, strict=True)
    ]
    return spectra, _row_names(known, len(values)), known, unit


def _metadata_columns(table, columns, headings, rows):
    """Return the columns beside the intensities as a frame."""
    names = [headings[c] for c in columns]
    nameless = [i for i, name in enumerate(names) if not name]
    found = (
        dict(zip(nameless, ("x", "y"), strict=True))
        if len(nameless) == 2
        else {i: "index" if i == 0 else f"column {columns[i] + 1}" for i in nameless}
    )
    names = [found.get(i, name) for i, name in enumerate(names)]
    names = ["index" if n.lower() in INDEX_HEADINGS else n for n in names]
    if len(set(names)) < len(names):
        repeated = [n for n, count in Counter(names).items() if count > 1]
        raise ReadingError(f"several columns are headed {few(repeated)}.")
    return pd.DataFrame(
        {
            name: _as_column([table.rows[row][c] for row in rows], table.decimal, name)
            for name, c in zip(names, columns, strict=True)
        },
        index=range(len(rows)),
    )


def _row_names(known, n_spectra):
    """Name rows by the index that was written with them, or by their number."""
    if "index" in known and known["index"].is_unique:
        return [str(value) for value in known["index"]]
    return [str(number) for number in range(n_spectra)]


def read_columns(table, missing):
    """Read a table with a spectrum in each column."""
    skip = int(has_index(table))
    if skip:
        table.facts["left out"] = "the index in the first column"
    rows, axis = column_axis(table, skip)
    if len(rows) < 2:
        raise ReadingError(
            f"the first column ({few([repr(r[skip]) for r in table.rows], 4)}) holds "
            "text below numbers, or no numbers; expected the axis."
        )
    columns = range(skip + 1, len(table.rows[0]))
    heads = list(range(rows[0]))
    is_count = table.has_index and table.rows[0][0] == "index" and not (axis % 1).any()
    if is_count and not skip and is_axis(column_axis(table, 1)[1]):
        raise ReadingError(
            f"its index ({axis[0]:g}, {axis[1]:g}, ...) and its first column both rise "
            "or fall like an axis. Pass frame.reset_index() if the index holds the "
            "wavenumbers, frame.reset_index(drop=True) if the column does."
        )
    bad = np.flatnonzero(~np.isfinite(axis))
    if len(bad):
        raise ReadingError(
            f"{table.place(rows[bad[0]])} lacks a number in the first column; expected "
            "the axis."
        )
    turn = first_turn(axis)
    if turn is not None:
        raise ReadingError(
            f"{table.place(rows[turn])}: the axis goes from {axis[turn - 1]:g} to "
            f"{axis[turn]:g}; expected one that rises or falls from line to line."
        )
    if table.lines is not None:
        found = next_spectrum(axis, [table.lines[row] for row in rows])
        if found:
            text = show(", ".join(table.rows[rows[found[0]]]))
            raise ReadingError(f"{table.place(rows[found[0]])}: {text} {found[1]}")
        if table.header is None:
            places = [table.lines[row] for row in rows]
            refuse_count(axis, places, lambda i: ", ".join(table.rows[rows[i]]))
    values = table.block(rows, columns, [table.text(row, skip) for row in rows]).T
    titles = [" ".join(table.text(row, c) for row in heads) for c in (skip, *columns)]
    if again := axes_again([axis, *values], titles):
        raise ReadingError(
            f"column {skip + again[0] + 1} ({titles[again[0]]!r}) is an axis, as the "
            f"first is; expected intensities.{_BY_ITSELF}"
        )
    empty = np.isnan(values).all(axis=1)
    if empty.all():
        raise ReadingError("no column beside the first holds numbers.")
    names, known, unit = _read_heads(table, heads, skip)
    for row in heads:
        if table.lines is not None or table.text(row, skip) != "index":  # of pandas
            unit = unit or unit_of_count(table.text(row, skip), axis)
    if companions := beside_spectra(names):
        i = companions[0]
        raise ReadingError(
            f"column {columns[i] + 1} is headed {names[i]!r}, {COMPANION}. Delete "
            "it, or rename it if it is the spectrum of a sample."
        )
    spectra = [
        _keep(axis, y, missing, f"column {names[i]!r}", unit, table, rows)
        for i, y in enumerate(values)
    ]
    return spectra, names, known, unit


def _read_heads(table, heads, skip):
    """Return the names of the spectra, their metadata, and the unit of the axis."""
    width = len(table.rows[0])
    texts = {row: [table.text(row, c) for c in range(skip, width)] for row in heads}
    named = [
        row for row in heads if not texts[row][0] or is_axis_heading(texts[row][0])
    ]
    units = [row for row in named if is_units_row(texts[row])]
    rows = [row for row in named if row not in units]
    rows = [rows[i] for i in rows_of_names([texts[row] for row in rows])]
    named = [row for row in named if row in rows or row in units]
    if not rows:  # a row headed by something else, above its units
        rows = [row - 1 for row in units if row and any(texts[row][1:])][:1]
    rows = rows or units[:1]
    if len(rows) > 1:
        places = map(table.place, rows[:2])
        raise ReadingError(say_two_names(*places, *(texts[row] for row in rows[:2])))
    known = {}
    for row in heads:
        title = texts[row][0]
        if title in known:
            raise ReadingError(f"several rows are headed {title!r}.")
        if row not in named:
            if row == 0 and table.has_labels and (new := made_up(table.rows[0])):
                raise ReadingError(
                    f"the headings {few(list(map(repr, new)))} are new names, made up "
                    f"where cells of the row {title!r} repeat or are empty. Read the "
                    "file with header=None (polars: has_header=False)."
                )
            cells = table.rows[row][skip + 1 :]
            known[title] = _as_column(cells, table.decimal, title)
    if units and units != rows:
        table.facts["units"] = ", ".join(filter(None, texts[units[0]]))
    rows = rows or heads[: len(heads) == 1]
    names = [str(number) for number in range(width - skip - 1)]
    if rows:
        names = [text or n for text, n in zip(texts[rows[0]][1:], names, strict=True)]
    titles = [texts[row][0] for row in (*units, *rows, *heads[:1])]
    unit = next(filter(None, map(unit_of_heading, titles)), None)
    return names, pd.DataFrame(known, index=range(len(names))), unit


def read_long(table, missing):
    """Read a table with one point in each row: gather the points of each spectrum."""
    found = long_columns(table.rows[0])
    headings = [str(h).strip(" #") for h in table.rows[0]]
    if found is None:
        raise ReadingError(
            f"the headings {headings} are not those of a long table; expected one of "
            "wavenumbers (Wave, Raman shift), one of intensities (Intensity, Counts) "
            "and coordinates (X, Y, Z, Time, Sample, ...)."
        )
    rows = range(1, len(table.rows))
    beside = [table.text(row, found[0]) for row in rows]
    axis = table.block(rows, found[:1], [table.decimal])[:, 0]
    intensities = table.block(rows, found[1:], beside)[:, 0]
    others = [c for c in range(len(headings)) if c not in found]
    titles = [headings[c].lower() for c in others]
    if len({*titles}) < len(titles):
        repeated = [title for title, count in Counter(titles).items() if count > 1]
        raise ReadingError(f"several columns are headed {few(repeated)}.")
    columns = {
        headings[c].lower() if len(headings[c]) == 1 else headings[c]: _as_column(
            [table.rows[row][c] for row in rows], table.decimal, headings[c]
        )
        for c in others
    }
    keys = zip(*columns.values(), strict=True)
    order = {}
    members = np.array([order.setdefault(key, len(order)) for key in keys])
    sorted_rows = np.argsort(members, kind="stable")
    ends = np.cumsum(np.bincount(members))
    starts = np.r_[0, ends[:-1]]
    spectra, unit = [], unit_of_heading(headings[found[0]])
    for start, end in zip(starts, ends, strict=True):
        mine = sorted_rows[start:end]
        place = ", ".join(f"{headings[c]}={table.text(mine[0] + 1, c)}" for c in others)
        x, y = _keep(axis[mine], intensities[mine], missing, place, unit)
        turn = first_turn(axis[mine])
        if turn is not None:
            raise ReadingError(
                f"{table.place(mine[turn] + 1)}: the spectrum at {place} goes from "
                f"{axis[mine[turn - 1]]:g} to {axis[mine[turn]]:g}; expected an axis "
                "that rises or falls. If this place was measured twice, add a column "
                "that tells the spectra apart."
            )
        if len(x) < 2:
            raise ReadingError(
                f"{table.place(mine[0] + 1)}: the spectrum at {place} has one point; "
                "expected two or more."
            )
        spectra.append((x, y))
    known = pd.DataFrame(columns).iloc[sorted_rows[starts]].reset_index(drop=True)
    names = [str(number) for number in range(len(spectra))]
    return spectra, names, known, unit


def _as_column(cells, decimal, heading):
    """Return cells as numbers if these say all that the texts do, else as texts.

    1E5, 007, or 1 beside 1.0 may be names, which as numbers would be others, or one.
    Only of places it is known that they are numbers, however they are written.
    """
    if not all(isinstance(cell, str) for cell in cells):
        large = any(isinstance(cell, int) and abs(cell) > 2**53 for cell in cells)
        mixed = not all(isinstance(cell, int) for cell in cells)
        return pd.Series(cells, dtype=object) if large and mixed else cells
    cells = [cell.strip() for cell in cells]
    different = list(dict.fromkeys(cells))  # maps repeat their places at each point
    numbers = _as_numbers(different, decimal, heading)
    found = dict(zip(different, numbers, strict=True))
    return [found[cell] for cell in cells]


def _as_numbers(cells, decimal, heading):
    """Do what `_as_column` does for texts that all differ."""
    if all(re.fullmatch("0|-?[1-9][0-9]{0,17}", cell) for cell in cells):
        return [int(cell) for cell in cells]
    values = [to_number(cell, decimal) for cell in cells]
    if None in values or not np.isfinite(values).all():
        return cells
    texts = [cell.replace(decimal, ".") for cell in cells]
    n_digits = len(texts[0].partition(".")[2])
    ways = (repr, "{:.15g}".format, f"{{:.{n_digits}f}}".format)
    if len(set(values)) == len(values) and any(
        texts == [*map(way, values)] for way in ways
    ):
        return values
    plain = r"[-+]?(?!0\d)\d{0,15}(\.\d*)?([eE][-+]?\d+)?"
    is_place = re.match(rf"({PLACE})(erature)?\b", heading, re.I)
    if is_place and all(re.fullmatch(plain, text) for text in texts):
        return values
    return cells


def _keep(axis, intensities, missing, place, unit, table=None, rows=None):
    """Return axis and intensities where both are numbers; raise if some are not."""
    kept = np.isfinite(intensities) & np.isfinite(axis)
    if kept.all():
        return axis, intensities
    i = int((~kept).argmax())
    at = f"{table.place(rows[i])}, {place}" if table is not None else place
    if kept.sum() < 2:
        raise ReadingError(
            f"{at}: {kept.sum()} of {len(kept)} points are numbers; expected two or "
            "more. Delete it if it holds no spectrum."
        )
    if missing == "raise":
        where = f"{axis[i]:g} {unit}" if unit else f"{axis[i]:g}"
        raise ReadingError(
            f"{at}: no number at {where} ({(~kept).sum()} of {len(kept)} "
            'points); expected one at each. Pass missing="drop" to leave such points '
            "out."
        )
    return axis[kept], intensities[kept]
