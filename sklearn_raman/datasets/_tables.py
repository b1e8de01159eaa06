"""One table with many spectra: wide, either way round, or long as maps are exported.

A table is read into cells of text first. Then the axis is looked for in the headings (a
spectrum in each row) and in the first column (a spectrum in each column); if both or
neither can be one, the user is asked.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from functools import partial
from numbers import Integral, Real
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_raman._utils._frames import is_frame
from sklearn_raman._utils._sklearn import Interval, StrOptions, validate_params
from sklearn_raman._utils._typing import Frame, Source
from sklearn_raman._utils._wavenumbers import are_positions, unit_of_heading
from sklearn_raman.datasets._cells import (
    goes_on,
    is_axis,
    parse_headings,
    parse_label,
    read_cells,
    table_of_frame,
)
from sklearn_raman.datasets._collect import (
    FIELDS,
    as_names,
    convert_axis,
    describe_facts,
    few,
    find_doubts,
    make_bunch,
    refuse_unnamed,
    resolve_fields,
)
from sklearn_raman.datasets._errors import ReadingError, printable, show
from sklearn_raman.datasets._headings import (
    COMPANION,
    LONG,
    PLACE,
    are_chosen,
    axes_again,
    beside_spectra,
    is_units_row,
    long_columns,
    own_axes,
    rows_of_names,
)
from sklearn_raman.datasets._readers import find_reader
from sklearn_raman.datasets._text import (
    as_path,
    check_format,
    decode,
    refuse_count,
    say_two_names,
    suspicion,
    to_number,
)
from sklearn_raman.datasets._units import (
    first_lies_apart,
    first_turn,
    is_axis_heading,
    is_shift_heading,
    next_spectrum,
    unit_of_count,
    unit_of_text,
)

_MISPRINT = re.compile(r"\d[.,]\d|^[\W_]*\d[\W\d_]*$")  # of a number
_INDEX_HEADINGS = ("", "index", "unnamed: 0")
_BY_ITSELF = (
    " Read each pair of columns by itself: load_spectra(path, columns=(axis, "
    "intensity))."
)


@validate_params(
    {
        "metadata": [list, tuple, None],
        "orientation": [StrOptions({"rows", "columns", "long"}), None],
        "delimiter": [str, None],
        "decimal": [StrOptions({".", ","}), None],
        "encoding": [str, None],
        "header": [Interval(Integral, 0, None, closed="left"), None],
        "comment": [str, None],
        "laser_nm": [Real, None],
        "missing": [StrOptions({"raise", "drop"})],
    },
    prefer_skip_nested_validation=True,
)
def read_spectra_table(
    path_or_frame: str | os.PathLike[str] | Frame,
    *,
    label: Source = None,
    group: Source = None,
    sample: Source = None,
    metadata: list[str] | tuple[str, ...] | None = None,
    orientation: Literal["rows", "columns", "long"] | None = None,
    delimiter: str | None = None,
    decimal: Literal[".", ","] | None = None,
    encoding: str | None = None,
    header: int | None = None,
    comment: str | None = None,
    laser_nm: float | None = None,
    missing: Literal["raise", "drop"] = "raise",
) -> Bunch:
    """Read a table of spectra: wide, either way round, or a map in long form.

    Three forms are told apart:

    - a spectrum in each row, with wavenumbers as headings ("1000.5", "1000,5",
      "1000 cm-1", "X1000.5" as R writes them) and any columns of metadata before or
      behind them. Maps of Horiba LabSpec are such tables, with x and y in two columns
      without heading;
    - a spectrum in each column, with wavenumbers in the first column, names as
      headings, and any rows of metadata above the numbers. WITec's tables are of this
      form. Columns headed as a standard deviation ("SD 1", "std"), a dark signal or a
      pixel number are refused: delete or rename them;
    - long, with a column of wavenumbers, one of intensities, and coordinates that tell
      the spectra apart. Renishaw exports maps in this way (#X #Y #Wave #Intensity).

    Parameters
    ----------
    path_or_frame : str, path or data frame
        A text file (.csv, .tsv, .txt, ...) or a frame of pandas or polars.
    label, group, sample : str, callable, DataFrame, Series, dict, tuple or None, \
default=None
        Column (or row) of metadata that holds the class of each spectrum, its group and
        the name of its sample. What is no such heading is taken as in `load_spectra`,
        with the name of the spectrum in place of a path: for example a regular
        expression with a group, or a function of the name.
        A column of numbers stays one if each number, written again, gives the text of
        its cell; 007, 1E5, or 1 beside 1.0 stay texts, for they may be names.
    metadata : list or tuple of str, or None, default=None
        Headings of further columns that are no intensities, numbers such as "350" too.
        None keeps all columns whose heading is not a number and names them in `DESCR`;
        with a list, any other such column is an error.
    orientation : {"rows", "columns", "long"} or None, default=None
        Where the spectra are. None finds it out; if it can't be told, an error asks.
    delimiter : str or None, default=None
        What separates columns. None finds it out.
    decimal : {".", ","} or None, default=None
        Decimal mark. None finds it out.
    encoding : str or None, default=None
        Encoding of the file. None finds it out as `load_spectra` does.
    header : int or None, default=None
        Number of lines before the headings of the table. None finds it out.
    comment : str or None, default=None
        How further lines begin that do not belong to the table, besides #, %, //
        and !. All of them are counted in `DESCR`.
    laser_nm : float or None, default=None
        Wavelength of the laser in nanometres, if the axis is in nanometres and should
        become Raman shifts.
    missing : {"raise", "drop"}, default="raise"
        What happens to points without a number: an error, or they are left out of their
        spectrum, which then has an axis of its own.

    Returns
    -------
    Bunch
        The entries of `load_spectra`: `data`, `target`, `target_names`, `groups`,
        `samples`, `wavenumbers`, `filenames`, `names`, `metadata` and `DESCR`. The
        coordinates of a map are columns of `metadata`.

    Raises
    ------
    ValueError
        If the table can't be read or not be told what it is, if an axis turns or
        repeats, or if a cell is not a number: with line, column, text, and what was
        expected.
    TypeError
        If `path_or_frame` is neither text, `pathlib.Path` nor a frame.
    FileNotFoundError
        If there is no such file.

    Warns
    -----
    UserWarning
        If the axis looks like nanometres, eV or positions, or a line that begins like
        a comment holds numbers as the rows do.

    See Also
    --------
    load_spectra : Many files, one spectrum or several in each.

    Examples
    --------
    >>> import io
    >>> import pandas as pd
    >>> from sklearn_raman.datasets import read_spectra_table
    >>> text = io.StringIO("id,mineral,400 cm-1,402 cm-1,404 cm-1\\n"
    ...                    "7,calcite,1,5,2\\n8,quartz,4,1,3\\n")
    >>> spectra = read_spectra_table(pd.read_csv(text), label="mineral", group="id")
    >>> spectra.data
       400.0  402.0  404.0
    0    1.0    5.0    2.0
    1    4.0    1.0    3.0
    >>> spectra.target.tolist(), spectra.groups.tolist()
    (['calcite', 'quartz'], [7, 8])
    """
    check_format(None, delimiter, decimal, encoding)
    how = {"delimiter": delimiter, "decimal": decimal, "header": header}
    name, table, preface = _open(path_or_frame, encoding, {**how, "comment": comment})
    try:
        named = {field for field in (label, group, sample) if isinstance(field, str)}
        named |= {*(metadata or ())}
        form = orientation or _find_orientation(table, named)
        read = {
            "rows": partial(_read_rows, named=named, is_complete=metadata is not None),
            "columns": _read_columns,
            "long": _read_long,
        }[form]
        spectra, names, known, unit = read(table, missing)
    except ReadingError as error:
        raise ValueError(f"{name}: {error}") from error
    unit = unit or preface
    _check_metadata(known, metadata, (label, group, sample), name)
    spectra = [(convert_axis(axis, unit, laser_nm, name), y) for axis, y in spectra]
    fields, extra, sources = _resolve_fields((label, group, sample), known, names, name)
    units = [unit] * len(spectra)
    doubts = find_doubts([a for a, _ in spectra], units, [name] * len(units), laser_nm)
    doubts += suspicion(name, table.facts)
    facts = {"spectra in": form + " form" * (form == "long")} | table.facts
    head = [
        f"{len(spectra)} spectra from {name}, read by read_spectra_table.",
        f"Format: {describe_facts(facts)}.",
    ]
    if len(known.columns):
        head.append(f"Metadata: {few(list(known.columns), 12)}.")
    if laser_nm is not None:
        head.append(f"Axis converted from nanometres, with the laser at {laser_nm} nm.")
    return make_bunch(
        spectra,
        names,
        fields=fields,
        sources=sources,
        metadata=known.assign(**extra).set_axis(names),
        filenames=[name] * len(spectra),
        head=head,
        doubts=doubts,
    )


def _open(path_or_frame, encoding, how):
    """Return a name for messages, the cells, and the unit that a header states."""
    if is_frame(path_or_frame):
        return "the frame", table_of_frame(path_or_frame, how["decimal"]), None
    if not isinstance(path_or_frame, (str, os.PathLike)):
        raise TypeError(
            "path_or_frame must be a path (str or pathlib.Path) or a data frame, got "
            f"{type(path_or_frame).__name__}."
        )
    path = as_path(path_or_frame)
    where = printable(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{where} is no file, seen from {printable(os.getcwd())}."
        )
    try:
        if find_reader(path) is not None:
            raise ReadingError(
                "an instrument's own format; load_spectra reads it, maps included."
            )
        text, name = decode(path.read_bytes(), encoding)
        table = read_cells(text, **how)
    except (ReadingError, LookupError) as error:
        raise ValueError(f"{where}: {error}") from error
    table.facts["encoding"] = name
    return where, table, unit_of_text(text, table.lines[0])


def _heading_axis(table, named):
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


def _has_index(table):
    """Tell whether the first column is the index that pandas writes to csv."""
    if str(table.rows[0][0]).strip().lower() not in _INDEX_HEADINGS:
        return False
    values = [table.number(row, 0) for row in range(1, len(table.rows))]
    return None not in values and are_positions(values) and values[0] == 0


def _column_axis(table, column=0):
    """Find an axis in a column: return the rows that hold it, and its values."""
    values = [table.number(row, column) for row in range(len(table.rows))]
    first = next((i for i, v in enumerate(values) if v is not None and v == v), None)
    if first is None or None in values[first:]:
        return [], np.array([])
    rows = list(range(first, len(values)))
    return rows, np.array([values[row] for row in rows], dtype=np.float64)


def _find_orientation(table, named):
    """Return "rows", "columns" or "long", or ask."""
    if long_columns(table.rows[0]) is not None:
        return "long"
    columns, in_heading, _ = _heading_axis(table, named)
    skip = int(_has_index(table))
    corner = str(table.rows[0][skip])
    _, in_column = _column_axis(table, skip)
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
    # What the first cell states may be said of its row, if that is no short series.
    is_long = len(columns) >= min(len(in_column), LONG)
    is_said_of_row = is_long or are_positions(in_column)
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
        why = " " + _say_turn(table, in_heading, columns)
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


def _say_turn(table, axis, columns):
    """Say where an axis in the headings turns or repeats; nothing if it does not."""
    labels = [table.text(0, column) for column in columns]
    turn = first_turn(axis)
    if turn is None:
        return ""
    text = f"After the wavenumber {labels[turn - 1]!r} comes {labels[turn]!r}."
    if table.facts.get("delimiter") == "comma" and all(map(str.isdigit, labels)):
        text += " If commas are decimal marks here, pass delimiter=."
    return text


def _read_rows(table, missing, *, named, is_complete):
    """Read a table with a spectrum in each row."""
    columns, axis, units = _heading_axis(table, named)
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
    turn = _say_turn(table, axis, columns)
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
    unit = units.pop() if units else unit_of_heading(headings[0])
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
    names = ["index" if n.lower() in _INDEX_HEADINGS else n for n in names]
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


def _row_names(known, n_spectra):
    """Name rows by the index that was written with them, or by their number."""
    if "index" in known and known["index"].is_unique:
        return [str(value) for value in known["index"]]
    return [str(number) for number in range(n_spectra)]


def _read_columns(table, missing):
    """Read a table with a spectrum in each column."""
    skip = int(_has_index(table))
    if skip:
        table.facts["left out"] = "the index in the first column"
    rows, axis = _column_axis(table, skip)
    if len(rows) < 2:
        raise ReadingError(
            f"the first column ({few([repr(r[skip]) for r in table.rows], 4)}) holds "
            "text below numbers, or no numbers; expected the axis."
        )
    columns = range(skip + 1, len(table.rows[0]))
    heads = list(range(rows[0]))
    is_count = table.has_index and table.rows[0][0] == "index" and not (axis % 1).any()
    if is_count and not skip and is_axis(_column_axis(table, 1)[1]):
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


def _read_long(table, missing):
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


def _check_metadata(known, metadata, fields, name):
    """Refuse columns that the user did not name."""
    if metadata is None:
        return
    wanted = set(metadata) | {f for f in fields if isinstance(f, str)} | {"index"}
    absent = [m for m in metadata if m not in known]
    if absent:
        raise ValueError(
            f"{name}: metadata names {few(absent)}, but the headings beside the "
            f"spectra are {list(known.columns)}."
        )
    others = [column for column in known if column not in wanted]
    if others:
        raise ValueError(
            f"{name}: the headings {few(others)} are no wavenumbers and not named in "
            "metadata: name them, or drop these columns."
        )


def _resolve_fields(given, known, names, name):
    """Find class, group and sample: a column of metadata, or as for files."""
    fields, sources, rest = {}, {}, {}
    for field, value in zip(FIELDS, given, strict=True):
        if isinstance(value, str) and value in known:
            column = known[value].to_numpy()
            gone = pd.isna(column) | (column.astype(str) == "")
            if gone.any():
                empty = few([names[i] for i in np.flatnonzero(gone)])
                raise ValueError(
                    f"{name}: {field}={value!r} is empty for {gone.sum()} of "
                    f"{len(gone)} spectra: {empty}."
                )
            if column.dtype == object:
                column = as_names(field, list(column))
            fields[field], sources[field] = column, f"the column {value!r}"
        elif isinstance(value, str) and "(" not in value and not os.path.isfile(value):
            raise ValueError(
                f"{name}: {field}={value!r} is no heading of metadata; those are "
                f"{list(known.columns)}."
            )
        elif callable(value):
            values = [value(spectrum) for spectrum in names]
            sources[field] = "a function of the name"
            refuse_unnamed(field, values, names, sources[field])
            fields[field] = as_names(field, values)
        else:
            rest[field] = value
    files = [Path(spectrum) for spectrum in names]
    found, extra, more = resolve_fields(rest, names, files, names)
    found.update(fields)
    return found, extra, more | sources
