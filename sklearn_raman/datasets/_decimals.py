"""Decimal marks, and marks that may part thousands instead."""

import re

import numpy as np

from sklearn_raman.datasets._errors import ReadingError, show

DECIMALS = {".": "point", ",": "comma"}

# 1 234 between tabs, with signs made for it, or with 034, which begins no number.
_SPACED = re.compile(
    r"\d[\xa0\u2007\u2009\u202f]\d{3}(?!\d)|(?<=[\s,])[1-9]\d{0,2} 0\d\d(?!\d)"
    r"|(?<=\t)[+-]?\d{1,3}(?: \d{3})+(?![^\t.,])"
)


def find_thousands(values, cells, point, is_axis_marked):
    """Return the first cell whose decimal mark may part thousands, or None.

    So do marks that always have three digits behind them, where other values have no
    mark and are below 1000; commas also if all values have one, but the axis has none.

    Parameters
    ----------
    values : ndarray of shape (n_cells,)
    cells : callable
        Returns the texts of the cells; called if the values leave a doubt.
    point : str
        Decimal mark.
    is_axis_marked : bool
        Whether values of the axis have a decimal mark.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = values * 1000
        suits = (np.abs(scaled - np.round(scaled)) < 1e-6) & (np.abs(values) < 1000)
    if not (suits | np.isnan(values)).all():
        return None
    texts = [cell.strip() for cell in cells()]
    marked = [i for i, text in enumerate(texts) if point in text]
    pattern = re.compile(rf"[+-]?[1-9]\d{{0,2}}{re.escape(point)}\d{{3}}")
    pairs = zip(values, texts, strict=True)
    is_mixed = any(v and v == v and point not in t for v, t in pairs)
    is_alone = point == "," and not is_axis_marked
    if not marked or not (is_mixed or is_alone):
        return None
    return marked[0] if all(pattern.fullmatch(texts[i]) for i in marked) else None


def say_thousands(text, place, column, point):
    """Return the error for what `find_thousands` found."""
    return ReadingError(
        f"{place}: {show(text)}: the {DECIMALS[point]} in column {column + 1} may "
        "separate thousands, for it always has three digits behind it and other values "
        f'or the axis have none. Pass decimal="{point}" if it is the decimal mark; '
        "files with thousands separators must be exported without them."
    )


def refuse_thousands(lines, numbers, values, mark, point):
    """Refuse a column that reads as 987 and 1.234: thousands, or decimals?

    The axis of a column is any further to the left; the first has none.
    """
    rows = [lines[i].split(mark) for i in numbers]
    is_marked = True
    for column in range(values.shape[1]):

        def cells(column=column):
            return [row[column] for row in rows]

        found = find_thousands(values[:, column], cells, point, is_marked)
        if found is not None:
            text = lines[numbers[found]]
            raise say_thousands(text, f"line {numbers[found] + 1}", column, point)
        here = any(point in row[column] for row in rows[:9])
        is_marked = here or (is_marked and column > 0)


def refuse_spaced_thousands(lines, numbers):
    """Refuse 1 234 where spaces part columns: one number, or two?"""
    for i in numbers:
        found = _SPACED.search(lines[i].strip().replace('"', ""))
        if found:
            raise ReadingError(
                f"line {i + 1}: {show(lines[i].strip())}: the space in {found[0]!r} "
                "may separate thousands, not columns. Pass delimiter=' ' if it "
                "separates columns; files with thousands separators must be exported "
                "without them."
            )
