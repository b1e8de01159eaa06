"""Reading one text file of spectra: what separates what, and where the numbers are.

Nothing here is chosen in silence: what was found out comes back as `facts`, and what
can't be decided is an error that names the parameter which decides it.
"""

import contextlib
import os
import re
from collections import Counter
from pathlib import Path

import numpy as np

from sklearn_raman._utils._wavenumbers import are_positions
from sklearn_raman.datasets._decimals import (
    DECIMALS,
    refuse_spaced_thousands,
    refuse_thousands,
)
from sklearn_raman.datasets._errors import ReadingError, show
from sklearn_raman.datasets._headings import (
    COMPANION,
    axes_again,
    beside_spectra,
    is_unit,
    is_units_row,
    rows_of_names,
)
from sklearn_raman.datasets._units import (
    first_lies_apart,
    first_turn,
    is_axis_heading,
    is_shift_heading,
    next_spectrum,
)

# In order of preference. None splits at any run of white space.
DELIMITERS = {
    "\t": "tab",
    ";": "semicolon",
    "\x1f": "comma outside quotation marks",
    ",": "comma",
    "|": "bar",
    None: "spaces",
}
COMMENTS = ("#", "%", "//", "!")
SUSPECTS = "left out as comments"
NO_NUMBER = frozenset(
    "nan na n/a #n/a null none - -- --- inf +inf -inf infinity +infinity -infinity "
    "1.#ind -1.#ind 1.#qnan -1.#qnan 1.#inf -1.#inf".split()
) | {""}

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
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


def decode(raw, encoding=None):
    """Return the text of a file and the name of its encoding."""
    if not raw.strip(b"\x00\r\n\t "):
        raise ReadingError("the file is empty; expected a table of numbers.")
    if encoding is not None:
        try:
            return raw.decode(encoding).removeprefix("\ufeff"), encoding
        except UnicodeDecodeError as error:
            raise ReadingError(
                f"byte {error.start} is not {encoding}: give another encoding=."
            ) from error
    for mark, name in _BOMS:
        if raw.startswith(mark):
            try:
                return raw.decode(name).removeprefix("\ufeff"), name
            except UnicodeDecodeError as error:
                raise ReadingError(
                    f"the file starts like {name}, but byte {error.start} is not: "
                    "give encoding=."
                ) from error
    if b"\x00" in raw:
        return _decode_wide(raw), "utf-16 without mark"
    for name in ("utf-8", "cp1252"):
        try:
            return raw.decode(name), name
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1"


def _decode_wide(raw):
    """Decode UTF-16 without a byte order mark, told by where its zero bytes are."""
    even, odd = raw[0::2].count(0), raw[1::2].count(0)
    if len(raw) % 2 == 0 and max(even, odd) > 0.7 * len(raw) / 2 and not min(even, odd):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode("utf-16-le" if odd else "utf-16-be")
    raise ReadingError("the file is binary; expected text with columns of numbers.")


def split_lines(text, comment=None):
    """Split at CR, LF and CRLF, and nowhere else, without quotation marks.

    Commas between quoted cells become the sign \\x1f, so that "1,5","2,5" stays two
    numbers. Lines that begin with `comment` begin with # instead.
    """
    if '"' in text:
        if re.search(r'"[^"\r\n]*,[^"\r\n]*" *,|, *"[^"\r\n]*,[^"\r\n]*"', text):
            text = re.sub(r'("[^"\r\n]*")|,', lambda match: match[1] or "\x1f", text)
        text = text.replace('"', "")
    lines = re.split(r"\r\n|\n|\r", text.replace("\u2212", "-"))  # a true minus sign
    if comment:
        lines = ["#" * line.lstrip().startswith(comment) + line for line in lines]
    return lines


def is_comment(line):
    """Tell whether a line begins like a comment."""
    return line.lstrip().startswith(COMMENTS)


def rows_in_comments(lines, first, width, mark, point, comment):
    """Name the lines that begin like comments but hold numbers as rows do.

    Parameters
    ----------
    lines : list of str
    first : int
        Where the rows begin.
    width : int
        Cells of a row.
    mark, point : str or None
        Delimiter and decimal mark.
    comment : str or None
        How further comments begin, behind a # that was put before them.

    Returns
    -------
    dict
        Empty, or what goes into the facts, by name.
    """
    found = []
    for i, line in enumerate(lines[first:], first):
        is_named = comment and line[1:].lstrip().startswith(comment)
        if is_comment(line) and not is_named:
            cells = line.lstrip(" \t").lstrip("#%/!").strip("\r\n").split(mark)
            numbers = [to_number(cell, point or ".") for cell in cells]
            n_numbers = sum(v is not None and v == v for v in numbers)
            if len(cells) == width and 2 * n_numbers >= max(width, 3):
                found.append(i)
    if not found:
        return {}
    where = ", ".join(str(i + 1) for i in found[:5]) + ", ..." * (len(found) > 5)
    lines = f"line{'s' * (len(found) > 1)} {where} ({show(lines[found[0]].strip())})"
    return {SUSPECTS: lines}


def refuse_headings_again(lines, first, stop):
    """Refuse a comment among rows that repeats the line above them: a second block."""
    above = next((a.strip() for a in reversed(lines[:first]) if a.strip()), "")
    is_heading = is_comment(above) and re.search(r"[^\W\d]", above)
    for i in range(first, stop) if is_heading else ():
        if lines[i].strip() == above:
            raise ReadingError(
                f"line {i + 1}: {show(above)} repeats the headings, as if another "
                "spectrum or table began; expected one in a file. Save each in a file "
                "of its own."
            )


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


def suspicion(name, facts):
    """Return the sentences that say what `rows_in_comments` found in a file."""
    if SUSPECTS not in facts:
        return []
    return [
        f"{name}: {SUSPECTS}: {facts[SUSPECTS]}, with numbers as in the rows beside. "
        "What belongs to the spectra must begin without that sign."
    ]


def to_number(cell, decimal="."):
    """Return a cell as a float, NaN where it holds no value, None if it is text."""
    cell = cell.strip()
    if cell.lower() in NO_NUMBER:
        return np.nan
    if decimal == ",":
        if "." in cell:
            return None
        cell = cell.replace(",", ".")
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def to_row(line, delimiter, decimal):
    """Return a line as numbers, NaN for empty cells; None if it is no such row."""
    row = [to_number(cell, decimal) for cell in line.split(delimiter)]
    if None in row or all(value != value for value in row):
        return None
    return row


def find_format(lines, delimiter, decimal):
    """Find delimiter and decimal mark: those that make most lines rows of numbers.

    Parameters
    ----------
    lines : list of str
        Lines that may hold numbers.
    delimiter, decimal : str or None
        What is known.

    Returns
    -------
    (delimiter, decimal) : tuple or None
        None if no line is a row of two numbers or more.
    """
    text = "\n".join(lines)
    delimiters = (
        [mark for mark in DELIMITERS if mark is None or mark in text]
        if delimiter is None
        else [None if delimiter.isspace() and delimiter != "\t" else delimiter]
    )
    decimals = [decimal] if decimal else ["."] + [","] * ("," in text)
    best, most = None, 0
    for mark in delimiters:
        for point in decimals:
            if mark == point:
                continue
            rows = (to_row(line, mark, point) for line in lines)
            widths = Counter(len(row) for row in rows if row and len(row) > 1)
            count = max(widths.values(), default=0)
            if count > most:
                best, most = (mark, point), count
            if count == len(lines):
                return best
    return best


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
    headings, units = _find_headings(lines[:start], mark, values, n_columns)
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
    axis_column, others = _choose_columns(values, headings, columns, facts, lines)
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
        heading = own if is_unit(own) else f"{heading} {own}"
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


def _find_headings(header, mark, values, n_columns):
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
            + " Then read the table with read_spectra_table."
        )
    return last, None


def say_two_names(place, other, above, below):
    """Say that two rows of headings may name the spectra."""
    return (
        f"{place} ({show(', '.join(above))}) and {other} ({show(', '.join(below))}) "
        "may both name the spectra; expected one row of names. Write into the first "
        'cell of the other what it holds, such as "class".'
    )


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


def _choose_columns(values, headings, columns, facts, lines):
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
            "like an axis; expected the axis in the first column. Read such a table, "
            "as LabSpec writes maps, with read_spectra_table."
        )
    if len(used) > 10 > len(values) and first_turn(values[0, used]) is None:
        raise ReadingError(
            f"the first of {len(values)} rows rises or falls like an axis of "
            f"{len(used)} points; expected the axis in the first column. Read such a "
            "table, with a spectrum in each row, with read_spectra_table."
        )
    as_labels = [to_number(name) for name in names if name]
    if len(used) > 10 and sum(v is not None for v in as_labels) > 0.8 * len(used):
        raise ReadingError(
            "the headings are numbers, so each row may be a spectrum; expected the "
            "axis in the first column. Read such a table with read_spectra_table."
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


def as_path(value):
    """Return a text or path as a path; a leading ~ is the home folder."""
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str):
        raise TypeError(f"A path must be a str or a pathlib.Path, got {value!r}.")
    if not path:
        raise ValueError('A path is empty (""); "." is the folder you are in.')
    return Path(os.path.expanduser(path))
