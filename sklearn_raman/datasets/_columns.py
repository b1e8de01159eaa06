"""What the columns of a text file are: their headings, the axis, the spectra."""

import re

import numpy as np

from sklearn_raman._utils._wavenumbers import are_positions
from sklearn_raman.datasets._errors import ReadingError
from sklearn_raman.datasets._headings import (
    COMPANION,
    axes_again,
    beside_spectra,
    is_units_row,
    rows_of_names,
    say_two_names,
)
from sklearn_raman.datasets._numbers import to_number
from sklearn_raman.datasets._units import first_turn, is_axis_heading, is_shift_heading


def find_headings(header, mark, values, n_columns):
    """Return names and units of the columns, None for what the header does not give.

    The last line gives the names, or the units of those in the line above. If two or
    more of `n_columns` are spectra, they need one name each.
    """
    filled = [i for i, line in enumerate(header) if line.strip()][-2:]
    found = [_split_heading(header[i], mark, values) for i in filled]
    if len(found) < 2 or None in found:
        return found[-1] if found else None, None
    above, last = found
    names_spectra = above[0] == "" or is_axis_heading(above[0])
    is_table = len(above) > 2
    if is_units_row(last) and any(above[1:]) and (names_spectra or is_table):
        return above, last
    names = rows_of_names(found)
    if len(names) == 1:
        return (above, last) if names == [0] else (last, None)
    if names_spectra and n_columns > 2 and all(above[1:]):
        raise ReadingError(
            say_two_names(*(f"line {i + 1}" for i in filled), above, last)
            + " Then read it with read_spectra_table."
        )
    return last, None


def _split_heading(line, mark, values):
    """Return the cells of a header line, one for each column, or None."""
    width = values.shape[1]
    cells = [cell.strip() for cell in line.strip(" #%/!").split(mark)]
    if mark is None and len(cells) != width:
        cells = [c.strip() for c in re.split(r"\s{2,}|\t|,", line.strip(" #%/!\t"))]
    if len(cells) == width:
        return cells
    named = [cell for cell in cells if cell]
    used = np.flatnonzero(~np.isnan(values).all(axis=0))
    if len(named) == width:
        return named
    if len(named) == len(used):
        names = [""] * width
        for column, name in zip(used, named, strict=True):
            names[column] = name
        return names
    return None


def choose_columns(values, headings, columns, facts, lines):
    """Return the column of the axis and those of the spectra."""
    width = values.shape[1]
    names = headings or [""] * width
    if columns is not None:
        chosen = [_find_column(column, names, width) for column in columns]
        if len(set(chosen)) < len(chosen):
            raise ReadingError(f"columns={columns!r} names a column twice.")
        facts["columns"] = ", ".join(_call(i, names) for i in chosen)
        return chosen[0], chosen[1:]
    used = [int(i) for i in np.flatnonzero(~np.isnan(values).all(axis=0))]
    if len(used) < 2:
        raise ReadingError("only one column holds numbers; expected an axis as well.")
    row = values[0, np.isfinite(values[0])]
    if np.isnan(values[0, 0]) and len(row) > 2 and len(set(np.sign(np.diff(row)))) == 1:
        raise ReadingError(
            "the first row has no number in the first column and then rises or falls "
            "like an axis; expected the axis in the first column. If the file is a map "
            "as LabSpec writes it, read it with read_spectra_table."
        )
    if len(used) > 10 > len(values) and first_turn(values[0, used]) is None:
        raise ReadingError(
            f"the first of {len(values)} rows rises or falls like an axis of "
            f"{len(used)} points; expected the axis in the first column. If each row "
            "is a spectrum, read it with read_spectra_table."
        )
    as_labels = [to_number(name) for name in names if name]
    if len(used) > 10 and sum(v is not None for v in as_labels) > 0.8 * len(used):
        raise ReadingError(
            "the headings are numbers, so each row may be a spectrum; expected the "
            "axis in the first column. If it is, read it with read_spectra_table."
        )
    first = used[0]
    if len(used) > 2 and are_positions(values[:, first]):
        if names[first].lower() in ("", "index", "unnamed: 0") and headings:
            facts["left out"] = "the index in the first column"
            used = used[1:]
        elif not is_shift_heading(names[first]):
            raise ReadingError(
                _ask_for_columns(
                    "the first column counts 0, 1, 2, ... and is no axis", used, names
                )
            )
    shifts = [i for i in used if is_shift_heading(names[i])]
    if shifts and shifts[0] != used[0]:
        raise ReadingError(
            _ask_for_columns(
                f"the Raman shift is in column {shifts[0] + 1}, not in the first",
                used,
                names,
            )
        )
    titles = [names[i] for i in used]
    if again := axes_again(values.T[used], titles):
        raise ReadingError(
            _ask_for_columns(f"column {used[again[0]] + 1} is an axis too", used, names)
        )
    if companions := beside_spectra(titles[1:]):
        i = used[companions[0] + 1]
        why = f"column {i + 1} is headed {names[i]!r}, {COMPANION}"
        raise ReadingError(_ask_for_columns(why, used, names))
    facts["columns"] = (
        ", ".join(_call(i, names) for i in used)
        if any(names)
        else (f"{len(used)} without headings")
    )
    return used[0], used[1:]


def _ask_for_columns(why, used, names):
    listed = ", ".join(f"{i} {names[i]!r}" if names[i] else str(i) for i in used)
    return (
        f"{why}; expected the axis first, then intensities. Pass columns=(axis, "
        f"intensity), by position or heading: {listed}."
    )


def _call(i, names):
    return repr(names[i]) if names[i] else f"column {i}"


def _find_column(column, names, width):
    if isinstance(column, str):
        found = [i for i, name in enumerate(names) if name == column]
        if len(found) == 1:
            return found[0]
        raise ReadingError(
            f"{len(found) or 'no'} column{'s are' if len(found) > 1 else ' is'} headed "
            f"{column!r}; the headings are {names if any(names) else 'missing'}. Pass "
            "columns= by position, from 0."
        )
    if not 0 <= column < width:
        raise ReadingError(
            f"columns= asks for column {column}, but there are {width}, from 0."
        )
    return int(column)
