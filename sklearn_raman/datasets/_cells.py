"""A text becomes the cells of a table: delimiter, decimal mark, headings, numbers."""

import csv
import os
import re
from collections import Counter

import numpy as np
import pandas as pd

from sklearn_raman._utils._wavenumbers import PER_CM, are_positions, unit_of_heading
from sklearn_raman.datasets._decimals import (
    DECIMALS,
    find_thousands,
    refuse_spaced_thousands,
    say_thousands,
)
from sklearn_raman.datasets._errors import ReadingError, printable, show
from sklearn_raman.datasets._headings import long_columns
from sklearn_raman.datasets._lines import (
    as_path,
    decode,
    is_comment,
    refuse_headings_again,
    rows_in_comments,
)
from sklearn_raman.datasets._numbers import DELIMITERS, to_number
from sklearn_raman.datasets._units import (
    LARGEST,
    first_lies_apart,
    first_turn,
    is_axis_heading,
)

_LABEL = re.compile(
    r"([-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)\s*"
    rf"[\[(]?\s*((?:{PER_CM})\}}?|nm|eV)?\s*[\])]?",
    re.I,
)
_PREFIXED = re.compile(r"([^\W\d]+[ _.]?)(\d+(?:[.,]\d+)?)")


class Table:
    """Cells of a table, all rows of one length.

    Attributes
    ----------
    rows : list of list
        Cells, headings included.
    lines : list of int or None
        Line of each row in the file.
    decimal : str
        Decimal mark of the cells.
    facts : dict
        What was found out.
    header : int or None
        Number of lines before the headings, as the user gave it.
    is_stated : bool
        Whether the user gave the decimal mark.
    has_index : bool
        Whether the first column is the index of a frame.
    has_labels : bool
        Whether the first row is the column labels of a frame.
    name_of_labels : str
        How a frame calls them.
    """

    has_index, has_labels, name_of_labels = False, False, ""

    def __init__(self, rows, lines, decimal, facts, header=None, is_stated=True):
        self.header, self.is_stated = header, is_stated
        self.rows, self.lines = rows, lines
        self.decimal, self.facts = decimal, facts

    def place(self, row):
        """Say where a row is."""
        return f"row {row}" if self.lines is None else f"line {self.lines[row]}"

    def number(self, row, column):
        """Return a cell as a float, NaN if it is empty, None if it is text."""
        cell = self.rows[row][column]
        if isinstance(cell, str):
            return to_number(cell, self.decimal)
        try:
            return np.nan if cell is None else float(cell)
        except (TypeError, ValueError):
            return None

    def text(self, row, column):
        """Return a cell as text."""
        cell = self.rows[row][column]
        if isinstance(cell, str):
            return cell.strip()
        return "" if pd.isna(cell) else str(cell)

    def block(self, rows, columns, beside):
        """Return cells as an array of numbers; NaN where they are empty.

        `beside` are texts of the axis.
        """
        values = []
        for row in rows:
            cells = self.rows[row]
            cells = [cells[column] for column in columns]
            try:
                if isinstance(cells[0], str):
                    text = "\0".join(cells)
                    if "_" in text or (self.decimal == "," and "." in text):
                        raise ValueError  # float() reads 1_000
                    if self.decimal == ",":
                        cells = text.replace(",", ".").split("\0")
                values += list(map(float, cells))
            except (ValueError, TypeError):
                values += [self._number_or_raise(row, column) for column in columns]
        values = np.array(values, dtype=np.float64)
        if not self.is_stated:
            self._refuse_thousands(values, rows, columns, beside)
        return values.reshape(len(rows), len(columns))

    def _refuse_thousands(self, values, rows, columns, beside):
        """Refuse numbers that read as 987 and 1.234: thousands, or decimals?"""

        def cells():
            return [self.text(row, column) for row in rows for column in columns]

        is_marked = any(self.decimal in text for text in beside)
        found = find_thousands(values, cells, self.decimal, is_marked)
        if found is not None:
            row, column = rows[found // len(columns)], columns[found % len(columns)]
            text = self.text(row, column)
            raise say_thousands(text, self.place(row), column, self.decimal)

    def _number_or_raise(self, row, column):
        value = self.number(row, column)
        if value is None:
            heading = self.text(0, column)
            raise ReadingError(
                f"{self.place(row)}, column {column + 1} ({heading!r}): "
                f"{show(self.text(row, column))}; expected a number."
            )
        return value


def table_of_frame(frame, decimal=None):
    """Return the cells of a pandas or polars frame."""
    has_index = isinstance(getattr(frame, "index", None), pd.Index)
    if has_index and isinstance(frame.index, pd.RangeIndex):
        has_index = _says_something(frame.index, list(frame.columns))
    has_index = has_index and not _numbers_points(frame)
    if has_index:
        frame = frame.reset_index()
    if hasattr(frame, "collect"):
        raise TypeError("The frame is lazy: pass frame.collect().")
    if hasattr(frame, "rows"):
        rows = [list(row) for row in frame.rows()]
    else:
        rows = frame.astype(object).to_numpy().tolist()
    if not rows or not rows[0]:
        raise ValueError("The frame is empty: expected a table of spectra.")
    labels, name = list(frame.columns), getattr(frame.columns, "name", None)
    has_labels = has_index or not _are_without_headings(labels, rows)
    if has_labels:
        rows = [labels, *rows]
    else:  # as blank lines and empty cells of a file
        rows = [row for row in rows if not all(map(pd.isna, row))]
        rows = [["" if pd.isna(cell) else cell for cell in row] for row in rows]
    table = Table(rows, None, decimal or ".", {})
    table.has_index, table.has_labels = has_index, has_labels
    table.name_of_labels = "" if name is None else str(name)
    return table


def _are_without_headings(labels, rows):
    """Tell whether a file was read with header=None, so that its text is in cells."""
    count = range(len(labels) + 1)
    polars = [f"column_{i}" for i in count]  # from 0 or from 1
    is_numbered = labels in (list(count)[:-1], polars[:-1], polars[1:])
    edge = [*rows[0], *(row[0] for row in rows)]
    return is_numbered and any(isinstance(cell, str) for cell in edge)


def _says_something(index, labels):
    """Tell whether a RangeIndex is a column of a table with these headings.

    Any frame of which rows were taken has one. pandas makes one of wavenumbers, too.
    """
    names_rows = is_axis(_numbers(labels))
    is_axis_too = abs(index.step) > 1 and not are_positions(index)
    if index.name is not None or (names_rows and is_axis_too):
        return names_rows or not (index.start == 0 and index.step == 1)
    has_axis = names_rows or any(is_axis_heading(str(label)) for label in labels[:1])
    return not (has_axis or are_positions(index))


def _numbers_points(frame):
    """Tell whether a nameless index would make a spectrum of each row of a long table.

    So does that of a frame whose rows were chosen, sorted or joined.
    """
    found = long_columns(list(frame.columns))
    if found is None or any(name is not None for name in frame.index.names):
        return False
    coordinates = [c for c in range(frame.shape[1]) if c not in found]
    return not frame.iloc[:, coordinates].reset_index().duplicated().any()


def read_cells(text, delimiter=None, decimal=None, header=None, comment=None):
    """Split a text into cells: find delimiter, decimal mark, and the block of rows."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text.replace("\u2212", "-"))
    if comment:
        lines = ["#" * line.lstrip().startswith(comment) + line for line in lines]
    first = header or 0
    kept = [
        i
        for i, line in enumerate(lines)
        if i >= first and line.strip() and not is_comment(line)
    ]
    if not kept:
        raise ReadingError("the file holds no table.")
    sample = [lines[i] for i in [*kept[:60], *kept[60:][-20:]]]
    mark, point = _find_marks(sample, delimiter, decimal)
    chosen = set(kept)
    rows, numbers = _split_cells(
        [line if i in chosen else "\n" for i, line in enumerate(lines)], mark
    )
    rows, width = _cut_empty_columns(rows)
    full = [i for i, row in enumerate(rows) if len(row) == width]
    first, last = full[0], full[-1]
    for i in range(first, last + 1):
        if len(rows[i]) != width:
            raise ReadingError(
                f"line {numbers[i]}: {show(lines[numbers[i] - 1].strip())} has "
                f"{len(rows[i])} cells; expected {width}, as in most lines."
            )
    for i in range(last + 1, len(rows)):
        if "\n" in rows[i][0].strip():
            raise ReadingError(
                f"a quotation mark opens before line {numbers[i]} and does not close; "
                "expected them in pairs."
            )
        if len(rows[i]) > 1:
            raise ReadingError(
                f"line {numbers[i]}: {show(lines[numbers[i] - 1].strip())} has "
                f"{len(rows[i])} cells; expected {width}. Is the file complete?"
            )
    body, places = rows[first : last + 1], numbers[first : last + 1]
    if delimiter is None and mark is None:
        refuse_spaced_thousands(lines, [number - 1 for number in places])
    heading = _missing_heading(lines, rows, numbers, first, width, mark, point)
    if heading is not None:
        refuse_headings_again(lines, numbers[first] - 1, numbers[last])
        body, places = [heading[0], *body], [heading[1], *places]
    facts = {
        "delimiter": DELIMITERS.get(mark, repr(mark)),
        "decimal": DECIMALS[point],
        "header": places[0] - 1,
        "footer": len(rows) - 1 - last,
        "comments": sum(map(is_comment, lines[places[0] :])),
        **rows_in_comments(lines, places[0], width, mark, point, comment),
    }
    return Table(body, places, point, facts, header, decimal is not None)


def _cut_empty_columns(rows):
    """Return rows without the empty columns at their end, and the width of most.

    Delimiters at the ends of lines make them, or cells that a spreadsheet had filled.
    The headings may have none.
    """
    width, _ = Counter(len(row) for row in rows if len(row) > 1).most_common(1)[0]
    while width > 2 and all(not r[width - 1].strip() for r in rows if len(r) >= width):
        short = [row for row in rows if len(row) == width - 1]
        parsed = [value for row in short for value, _ in parse_headings(row)]
        if 2 * sum(value is not None for value in parsed) > len(parsed):
            break  # an axis without a heading of the row names: its last point is empty
        rows = [row[: width - 1] if len(row) == width else row for row in rows]
        width -= 1
    return rows, width


def _find_marks(sample, delimiter, decimal):
    """Find delimiter and decimal mark: those that make most cells numbers.

    Of those that make as many, those that make most rows of numbers alone.
    """
    text = "".join(sample)
    if delimiter is not None:
        marks = [None if delimiter == " " else delimiter]
    else:
        marks = [mark for mark in DELIMITERS if mark is None or mark in text]
    points = [decimal] if decimal else ["."] + [","] * ("," in text)
    best, most = None, (0, 0)
    for mark in marks:
        rows, _ = _split_cells(sample, mark)
        widths = Counter(len(row) for row in rows if len(row) > 1)
        width = widths.most_common(1)[0][0] if widths else 0
        rows = [row for row in rows if len(row) == width]
        for point in points:
            if mark == point and '"' not in text:  # quoted cells may hold commas
                continue
            found = [[_is_number(cell, point) for cell in row] for row in rows]
            count = sum(map(sum, found)), sum(map(all, found))
            if count > most:
                best, most = (mark, point), count
    if best is None:
        best = next(
            (
                (mark, decimal or ".")
                for mark in marks
                if any(len(r) > 1 for r in _split_cells(sample, mark)[0])
            ),
            None,
        )
    if best is None:
        raise ReadingError(
            f"line 1: {show(sample[0].strip())}; expected a table with columns "
            "separated by tab, semicolon, comma or spaces."
        )
    return best


def _is_number(cell, point):
    value = to_number(cell, point)
    if value is None:  # a heading with its unit
        return parse_label(cell)[1] is not None and (point in cell or "," not in cell)
    return value == value


def _split_cells(lines, mark):
    """Return the cells of each line that has any, and the number of the line."""
    if mark is not None and len(mark) == 1:
        reader = csv.reader(lines, delimiter=mark)
        try:
            pairs = [(row, reader.line_num) for row in reader]
        except csv.Error as error:
            raise ReadingError(
                f"line {reader.line_num}: {error}; expected cells, and quotation marks "
                "in pairs."
            ) from error
    else:
        pairs = [
            (line.replace('"', "").split(mark), number)
            for number, line in enumerate(lines, start=1)
        ]
    pairs = [(row, number) for row, number in pairs if any(c.strip() for c in row)]
    return [row for row, _ in pairs], [number for _, number in pairs]


def _missing_heading(lines, rows, numbers, first, width, mark, point):
    """Return a heading that has other cells than the rows: short, or a comment.

    R leaves the heading of row names away, Horiba that of coordinates; Renishaw writes
    "#X", with two tabs between headings.
    """
    if first > 0 and width - 2 <= len(rows[first - 1]) < width:
        short = [cell.strip() for cell in rows[first - 1]]
        n_numbers = sum(value is not None for value, _ in parse_headings(short))
        if n_numbers > len(short) / 2:
            return [""] * (width - len(short)) + short, numbers[first - 1]
    for i in range(numbers[first] - 2, -1, -1):
        if not lines[i].strip():
            continue
        if not is_comment(lines[i]):
            return None
        rest = lines[i].strip().lstrip("#%/! ")
        cells = _split_cells([rest], mark)[0] if rest else []
        named = [cell.strip(" #") for row in cells for cell in row if cell.strip(" #")]
        if len(named) != width:
            return None
        if (
            is_axis(_numbers(rows[first]))
            and not is_axis(_numbers(named))
            and long_columns(named) is None
            and not goes_on([to_number(row[0], point) for row in rows[first:]])
        ):
            return None  # the row is the headings, under a comment
        return named, i + 1
    return None


def read_label_table(path):
    """Read a table of names and classes as a frame of text."""
    path = as_path(path)
    name = printable(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{name} is no file, seen from {printable(os.getcwd())}."
        )
    try:
        table = read_cells(decode(path.read_bytes())[0])
    except ReadingError as error:
        raise ValueError(f"{name}: {error}") from error
    rows = [[cell.strip() for cell in row] for row in table.rows]
    return pd.DataFrame(rows[1:], columns=rows[0])


def _numbers(headings):
    return [value for value, _ in parse_headings(headings) if value is not None]


def is_axis(values):
    """Tell whether numbers may be wavenumbers: they rise or fall, and do not count."""
    if len(values) < 3 or np.abs(values).max() > LARGEST:
        return False
    return first_turn(values) is None and not are_positions(values)


def goes_on(values):
    """Tell whether a column is an axis from its first value on.

    Headings that are numbers may begin like the axis below them, but lie apart.
    """
    if len(values) < 5 or any(v is None for v in values):
        return False
    return is_axis(values) and not first_lies_apart(values)


def parse_label(label):
    """Return a heading as a number and its unit, or (None, None)."""
    if isinstance(label, (int, float, np.number)) and not isinstance(label, bool):
        return float(label), None
    match = _LABEL.fullmatch(str(label).strip())
    if match is None:
        return None, None
    unit = match[2] and unit_of_heading(match[2])
    return float(match[1].replace(",", ".")), unit


def parse_headings(headings):
    """Return each heading as a number and its unit, or (None, None).

    If next to none is a number, one prefix that most have is taken off: R writes
    "X400.5" for 400.5.
    """
    parsed = [parse_label(heading) for heading in headings]
    if sum(value is not None for value, _ in parsed) >= 3:
        return parsed
    matches = [_PREFIXED.fullmatch(str(heading).strip()) for heading in headings]
    prefixes = Counter(match[1] for match in matches if match)
    prefix = prefixes.most_common(1)[0][0] if prefixes else None
    return [
        parse_label(match[2]) if match and match[1] == prefix else (None, None)
        for match in matches
    ]
