"""Which way round a table of spectra is: where its axis lies."""

import numpy as np

from sklearn_raman._utils._wavenumbers import are_positions
from sklearn_raman.datasets._cells import goes_on, is_axis, parse_headings, parse_label
from sklearn_raman.datasets._collect import few
from sklearn_raman.datasets._errors import ReadingError, show
from sklearn_raman.datasets._headings import LONG, are_chosen, long_columns
from sklearn_raman.datasets._units import first_turn, is_axis_heading

INDEX_HEADINGS = ("", "index", "unnamed: 0")


def heading_axis(table, named):
    """Find an axis in the headings, beside those that are named as metadata.

    Returns
    -------
    columns : list of int
        Where the headings are numbers.
    axis : ndarray
    units : set of str
    """
    parsed = parse_headings(table.rows[0])
    columns = [
        i
        for i, (value, _) in enumerate(parsed)
        if value is not None and table.text(0, i) not in named
    ]
    axis = np.array([parsed[i][0] for i in columns])
    return columns, axis, {parsed[i][1] for i in columns} - {None}


def has_index(table):
    """Tell whether the first column is the index that pandas writes to csv."""
    if str(table.rows[0][0]).strip().lower() not in INDEX_HEADINGS:
        return False
    values = [table.number(row, 0) for row in range(1, len(table.rows))]
    return None not in values and are_positions(values) and values[0] == 0


def column_axis(table, column=0):
    """Find an axis in a column: return the rows that hold it, and its values."""
    values = [table.number(row, column) for row in range(len(table.rows))]
    first = next((i for i, v in enumerate(values) if v is not None and v == v), None)
    if first is None or None in values[first:]:
        return [], np.array([])
    rows = list(range(first, len(values)))
    return rows, np.array([values[row] for row in rows], dtype=np.float64)


def find_orientation(table, named):
    """Return "rows", "columns" or "long", or ask."""
    if long_columns(table.rows[0]) is not None:
        return "long"
    columns, in_heading, _ = heading_axis(table, named)
    skip = int(has_index(table))
    corner = str(table.rows[0][skip])
    _, in_column = column_axis(table, skip)
    stated = parse_label(corner)[0] is None and is_axis_heading(corner)
    by_rows = is_axis(in_heading) and 2 * len(columns) >= len(table.rows[0]) - 8
    by_columns = is_axis(in_column) or (stated and len(in_column) > 2)
    if by_rows and columns[0] == 0 and not goes_on(in_column):
        return "rows"  # all headings are wavenumbers, the first as well
    if table.has_index and by_rows and by_columns and not stated:
        is_count = corner != "index" and not (in_column % 1).any()
        is_name = (in_heading % 1).any() and (is_count or are_chosen(in_column))
        beside = {*range(1, len(table.rows[0]))} - {*columns}
        if is_name or any(table.number(1, column) is None for column in beside):
            return "rows"  # the index names them, or words stand beside spectra
    # What the first cell states may be said of its row, if that is no short series
    # above a long axis.
    is_series = len(columns) < LONG <= len(in_column)
    is_said_of_row = not is_series or are_positions(in_column)
    if by_columns and not (by_rows and (is_said_of_row or not stated)):
        return "columns"
    if by_rows and not by_columns:
        return "rows"
    headings = few([repr(h) for h in table.rows[0]], 4)
    if by_rows and by_columns:
        both = (
            f"rise or fall like an axis, and the first column is headed {corner!r}"
            if stated
            else "and the first column both rise or fall like an axis"
        )
        raise ReadingError(
            f"the headings ({headings}) {both}. Pass "
            'orientation="rows" if a row is a spectrum and the headings are '
            'wavenumbers, orientation="columns" if the first column holds them.'
        )
    why = _say_text_below(table, skip)
    if not why and len(columns) > 2 and are_positions(in_heading):
        why = " The headings count columns: positions are no wavenumbers."
    elif not why and len(columns) > 2:
        why = " " + say_turn(table, in_heading, columns)
    elif len(in_column) > 2 and are_positions(in_column):
        why = " The first column counts rows: positions are no wavenumbers."
    raise ReadingError(
        f"neither the headings ({headings}) nor the first column are an axis; expected "
        "wavenumbers that rise or fall in one of them." + why
    )


def _say_text_below(table, column):
    """Say where numbers of a column are followed by text; nothing if they are not."""
    n_numbers = 0
    for row in range(len(table.rows)):
        if table.number(row, column) is not None:
            n_numbers += 1
        elif n_numbers > 2:
            text = show(", ".join(map(str, table.rows[row])))
            place = table.place(row)
            return f" In the first column text follows numbers at {place}: {text}."
    return ""


def say_turn(table, axis, columns):
    """Say where an axis in the headings turns or repeats; nothing if it does not."""
    labels = [table.text(0, column) for column in columns]
    turn = first_turn(axis)
    if turn is None:
        return ""
    text = f"After the wavenumber {labels[turn - 1]!r} comes {labels[turn]!r}."
    if table.facts.get("delimiter") == "comma" and all(map(str.isdigit, labels)):
        text += " If commas are decimal marks here, pass delimiter=."
    return text
