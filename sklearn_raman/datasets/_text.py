"""Reading one text file of spectra: what separates what, and where the numbers are.

Nothing here is chosen in silence: what was found out comes back as `facts`, and what
can't be decided is an error that names the parameter which decides it.
"""

import re
from collections import Counter

import numpy as np

from sklearn_raman._utils._wavenumbers import unit_of_heading
from sklearn_raman.datasets._columns import choose_columns, find_headings
from sklearn_raman.datasets._decimals import (
    DECIMALS,
    refuse_spaced_thousands,
    refuse_thousands,
)
from sklearn_raman.datasets._errors import ReadingError, show
from sklearn_raman.datasets._headings import is_unit, is_units_row
from sklearn_raman.datasets._lines import (
    is_comment,
    refuse_headings_again,
    rows_in_comments,
    split_lines,
)
from sklearn_raman.datasets._numbers import DELIMITERS, find_format, to_number, to_row
from sklearn_raman.datasets._units import first_lies_apart, first_turn, next_spectrum

_DATE = re.compile(
    r"\b\d{4}[-./]\d\d?[-./]\d\d?\b|\b\d\d?[-./]\d\d?[-./]\d{2,4}\b|\d:\d\d"
)
_SAMPLE = 60  # lines, from the whole file, by which its format is told first


def check_format(columns, delimiter, decimal, encoding):
    """Refuse what can't describe a file."""
    if delimiter is not None and (not delimiter or delimiter == (decimal or "")):
        raise ValueError(
            f"delimiter={delimiter!r} and decimal={decimal!r} must differ, and a "
            "delimiter has one character or more."
        )
    if columns is not None and (
        len(columns) < 2
        or not all(isinstance(c, (int, str)) and c is not True for c in columns)
    ):
        raise ValueError(
            f"columns={columns!r} must name the column of the axis and one or more of "
            "intensities, by position from 0 or by heading."
        )
    if encoding is not None:
        try:
            b"0".decode(encoding, "replace")
        except (LookupError, UnicodeError) as error:
            raise ValueError(
                f"encoding={encoding!r} is no encoding of text known to Python."
            ) from error


def refuse_count(axis, numbers, texts):
    """Refuse a first or last line that fits the rows, but lies far from the axis.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
    numbers : sequence of int of length n_points
        Lines of the points, from 1.
    texts : callable
        Returns the text of a point.
    """
    for end, values in ((0, axis), (-1, axis[::-1])):
        if not first_lies_apart(values):
            continue
        first = numbers[0]
        way_out = (
            f"Pass header={first} if it is no point, such as a number of points or "
            f"spectra, and header={first - 1} if it is one."
            if end == 0
            else f"Delete it if it is no point, such as a sum or a number of points; "
            f"pass header={first - 1} if it is one."
        )
        raise ReadingError(
            f"line {numbers[end]}: {show(texts(end).strip())} is "
            f"{abs(values[1] - values[0]):g} from the next axis value; expected at "
            f"most {np.abs(np.diff(values[1:])).max():g}, as between the others. "
            + way_out
        )


def parse_spectra(
    text,
    *,
    delimiter=None,
    decimal=None,
    header=None,
    comment=None,
    columns=None,
    missing="raise",
):
    """Read a text with an axis and one or more spectra in columns.

    Returns
    -------
    spectra : list of (axis, intensities, heading or None)
    axis_heading : str or None
    facts : dict
        What was found out.
    """
    lines = split_lines(text, comment)
    if delimiter == "," and any("\x1f" in line for line in lines):
        delimiter = "\x1f"
    options = {
        "delimiter": delimiter,
        "decimal": decimal,
        "header": header,
        "comment": comment,
        "columns": columns,
        "missing": missing,
    }
    below = lines[header or 0 :]
    found = None
    if len(below) > 2 * _SAMPLE:
        sample = _with_digits(below[:: len(below) // _SAMPLE])
        found = sample and find_format(sample, delimiter, decimal)
    if found:
        try:
            return _parse(lines, found, **options)
        except ReadingError:
            pass  # the sample may have missed what is rare: look at all lines
    candidates = _with_digits(below)
    if not candidates:
        raise ReadingError("the file holds no number; expected columns of numbers.")
    found = find_format(candidates, delimiter, decimal)
    return _parse(lines, found, **options)


def _with_digits(lines):
    """Return the lines that may hold numbers."""
    return [
        line for line in lines if any(map(str.isdigit, line)) and not is_comment(line)
    ]


def _parse(lines, found, *, delimiter, decimal, header, comment, columns, missing):
    """Read lines whose format is known."""
    if found is None:
        raise _no_rows(lines, delimiter, decimal)
    mark, point = found
    is_given, header = header is not None, header or 0
    block = _read_plain(lines, mark, point, header)
    if block is None:
        rows = [None] * header + _read_rows(lines[header:], mark, point)
        start, stop, width = _find_block(lines, rows, mark, header)
        numbers = [i for i in range(start, stop) if rows[i] is not None]
        values = np.array([rows[i] for i in numbers], dtype=np.float64)
    else:
        start, stop, values = block
        numbers, width = range(start, stop), values.shape[1]
    n_columns = width if columns is None else len(columns)
    headings, units = find_headings(lines[:start], mark, values, n_columns)
    facts = {
        "delimiter": DELIMITERS.get(mark, repr(mark)),
        "decimal": DECIMALS[point] if _has_mark(lines, numbers, point) else "none",
        "header": start,
        "footer": sum(bool(line.strip()) for line in lines[stop:]),
        "comments": sum(map(is_comment, lines[start:stop])) if block is None else 0,
    }
    if units:
        what = "units" if is_units_row(units) else "below the headings"
        facts[what] = ", ".join(filter(None, units))
    if block is None:
        refuse_headings_again(lines, start, stop)
    near = lines if block is None else lines[:start]  # there are none in a block
    first = max(start - 1, header)
    facts |= rows_in_comments(near, first, width, mark, point, comment)
    if delimiter is None and mark is None:
        refuse_spaced_thousands(lines, numbers)
    if decimal is None:
        if mark == "," and delimiter is None:
            _refuse_ambiguous_commas(lines, numbers, headings, width)
        refuse_thousands(lines, numbers, values, mark, point)
    axis_column, others = choose_columns(values, headings, columns, facts, lines)
    axis = values[:, axis_column]
    spectra, n_dropped = [], 0
    for column in others:
        kept = np.isfinite(axis) & np.isfinite(values[:, column])
        if not kept.all() and missing == "raise":
            bad = int((~kept).argmax())
            raise ReadingError(
                f"line {numbers[bad] + 1}: {show(lines[numbers[bad]])} lacks a number "
                f"in column {(column if np.isfinite(axis[bad]) else axis_column) + 1} "
                f"({(~kept).sum()} of {len(kept)} lines do); expected one in each "
                'column that is read. Pass missing="drop" to leave such points out.'
            )
        n_dropped += int((~kept).sum())
        where = np.asarray(numbers)[kept]
        if kept.sum() < 2:
            raise ReadingError(
                f"column {column + 1} holds {kept.sum()} points; expected a spectrum, "
                "of two points or more."
            )
        _check_monotone(axis[kept], where, lines, width)
        if not is_given:
            refuse_count(axis[kept], where + 1, lambda i, at=where: lines[at[i]])
        heading = headings[column] if headings else None
        spectra.append((axis[kept], values[kept, column], heading))
    if n_dropped:
        facts["dropped points"] = n_dropped
    heading = headings[axis_column] if headings else None
    if units:
        own = units[axis_column]
        # A row that is no unit may be that of the laser's nm: cm-1 of either wins.
        if is_unit(own):
            heading = own
        elif unit_of_heading(heading) != "cm-1":
            heading = f"{heading} {own}"
    return spectra, heading, facts


def _read_plain(lines, mark, point, header):
    """Read a block of numbers without gaps or comments at once, or return None.

    It begins and ends with the first and last line of numbers, and all lines between
    have as many. What is not so plain is left to `_read_rows`, line by line.
    """
    start = header
    while start < len(lines) and len(to_row(lines[start], mark, point) or ()) < 2:
        start += 1
    stop = len(lines)
    while stop > start and not lines[stop - 1].strip():
        stop -= 1
    body = lines[start:stop]
    text = "\n".join(body)
    if "_" in text or "#" in text or (point == "," and "." in text):
        return None
    if point == ",":
        body = text.replace(",", ".").split("\n")
    if mark is not None and body and body[0].endswith(mark):
        body = [line.removesuffix(mark) for line in body]
    cells = [line.split(mark) for line in body]
    widths = set(map(len, cells))
    if len(widths) != 1 or (width := widths.pop()) < 2:
        return None
    try:
        values = np.array([float(cell) for row in cells for cell in row])
    except ValueError:
        return None
    if not np.isfinite(values).all():
        return None
    if any(
        _is_damaged(line, mark, width) for line in lines[max(start - 1, header) : start]
    ):
        return None
    return start, stop, values.reshape(-1, width)


def _read_rows(lines, mark, point):
    """Return for each line its numbers, or None."""
    rows = []
    plain = point == "."
    for line in lines:
        try:
            if plain:
                row = [float(cell) for cell in line.split(mark)]
            elif "." in line:
                row = to_row(line, mark, point)
            else:
                row = [float(cell) for cell in line.replace(",", ".").split(mark)]
        except ValueError:
            row = None if is_comment(line) else to_row(line, mark, point)
        if row and "_" in line:  # float() reads 1_000
            row = to_row(line, mark, point)
        rows.append(row or None)
    return rows


def _find_block(lines, rows, mark, header):
    """Return start, stop and width of the block of numbers."""
    widths = Counter(len(row) for row in rows if row and len(row) > 1)
    width, _ = widths.most_common(1)[0]
    start = next(i for i, row in enumerate(rows) if row and len(row) == width)
    stop = 1 + max(i for i, row in enumerate(rows) if row and len(row) == width)
    for i in range(start, stop):
        if rows[i] and len(rows[i]) == width:
            continue
        if lines[i].strip() and not is_comment(lines[i]):
            raise _bad_line(lines, i, width)
    before = [i for i in range(header, start) if lines[i].strip()]
    for three in zip(before, before[1:], before[2:], strict=False):
        if all(rows[i] and len(rows[i]) > 1 for i in three):  # a table, not a header
            raise _bad_line(lines, three[0], width)
    for i in before[-1:] + list(range(stop, len(lines))):
        if i >= stop and rows[i]:  # a row that breaks off: the end is missing
            raise _bad_line(lines, i, width)
        if _is_damaged(lines[i], mark, width):
            raise _bad_line(lines, i, width)
    return start, stop, width


def _is_damaged(line, mark, width):
    """Tell whether a line beside the numbers is one of them, with a misprint.

    It has a number first and digits in each column, or no letter at all; dates and
    times are no numbers.
    """
    if not line.strip() or is_comment(line) or _DATE.search(line):
        return False
    cells = line.split(mark)
    if not all(any(map(str.isdigit, cell)) for cell in cells if cell.strip()):
        return False
    first = to_number(cells[0], "." if "." in cells[0] else ",")
    if len(cells) == width and first is not None and first == first:
        return True
    n_parts = len(cells) if len(cells) > 1 else len(re.findall(r"\d+", line)) - 1
    return n_parts > 1 and not re.search(r"[^\W\d_eE]", line)


def _bad_line(lines, i, width):
    return ReadingError(
        f"line {i + 1}: {show(lines[i])}; expected {width} numbers, as in most lines. "
        "If this line belongs to no spectrum, pass header= (the number of lines before "
        "the spectra) or comment= (how such lines begin)."
    )


def _no_rows(lines, delimiter, decimal):
    """Say which line came nearest to a row of numbers."""
    digits = [sum(map(str.isdigit, line)) for line in lines]
    i = int(np.argmax(digits))
    given = [
        f"{n}={v!r}"
        for n, v in (("delimiter", delimiter), ("decimal", decimal))
        if v is not None
    ]
    hint = ""
    if len(re.split(r"[\t;]|,(?!\d+(?:[;\t]|$))", lines[i])) > 3:
        hint = (
            " If each row of the file is a spectrum, read it with read_spectra_table."
        )
    elif re.search(r"\d[.,']\d{3}[.,]\d|\d[.,']\d{3}[.,']\d{3}", lines[i]):
        hint = " Thousands separators are not read: export the file without them."
    elif re.search(r"\d,\d+, ?-?\d+,\d", lines[i]) and "." not in lines[i]:
        hint = (
            " If commas stand for the decimal mark and between columns, export the "
            "file with another delimiter."
        )
    return ReadingError(
        f"line {i + 1}: {show(lines[i])}; expected a row of two or more numbers"
        + (f" with {' and '.join(given)}" if given else "")
        + ", and no line of the file is one."
        + hint
    )


def _has_mark(lines, numbers, point):
    return any(point in lines[i] for i in numbers)


def _refuse_ambiguous_commas(lines, numbers, headings, width):
    """Refuse 1,5,2,5: four whole numbers, or two with a decimal comma."""
    if width < 3 or any("." in lines[i] for i in numbers):
        return
    if headings is not None and all(headings[1:]):  # the index of pandas has none
        return
    raise ReadingError(
        f"line {numbers[0] + 1}: {show(lines[numbers[0]])} can be read in two ways: as "
        f"{width} whole numbers with commas between them, or as numbers with decimal "
        'commas. Pass delimiter="," for the first; for the second, export the file '
        "with another delimiter."
    )


def _check_monotone(axis, where, lines, width):
    """Refuse an axis that turns, repeats or begins anew, with the line."""
    turn = first_turn(axis)
    if turn is None:
        if found := next_spectrum(axis, where):
            i, what = where[found[0]], found[1]
            raise ReadingError(f"line {i + 1}: {show(lines[i])} {what}")
        return
    here = where[turn]
    before = np.flatnonzero(axis[:turn] == axis[turn])
    what = (
        f"repeats the axis value of line {where[before[0]] + 1}"
        if len(before)
        else f"goes back from {axis[turn - 1]:g} to {axis[turn]:g}"
    )
    hint = (
        " If each row of the file is a spectrum, or the file a map with coordinates, "
        "read it with read_spectra_table."
        if width > 2
        else ""
    )
    raise ReadingError(
        f"line {here + 1}: {show(lines[here])} {what}; expected an axis that rises or "
        "falls from line to line, one spectrum in a file." + hint
    )
