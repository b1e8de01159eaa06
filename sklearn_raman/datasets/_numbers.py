"""Cells as numbers, and the delimiter and decimal mark that make them so."""

from collections import Counter

import numpy as np

NO_NUMBER = frozenset(
    "nan na n/a #n/a null none - -- --- inf +inf -inf infinity +infinity -infinity "
    "1.#ind -1.#ind 1.#qnan -1.#qnan 1.#inf -1.#inf".split()
) | {""}
# In order of preference. None splits at any run of white space.
DELIMITERS = {
    "\t": "tab",
    ";": "semicolon",
    "\x1f": "comma outside quotation marks",
    ",": "comma",
    "|": "bar",
    None: "spaces",
}


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
