"""What rows and columns of a table are: names, units, axes, or beside spectra."""

import re

import numpy as np

from sklearn_raman._utils._wavenumbers import PER_CM, find_gaps, unit_of_heading
from sklearn_raman.datasets._errors import show
from sklearn_raman.datasets._units import (
    describe_doubt,
    first_turn,
    is_axis_heading,
    is_shift_heading,
)

PLACE = r"(pos\w*[ _]?)?[xyzt]\b|time|depth|temp"  # these hold numbers
_COORDINATE = re.compile(
    PLACE + r"|point|index|row|col|spectr|sample|id\b|file|name|label|class|group",
    re.I,
)
_INTENSITY = re.compile(r"int(ens\w*)?\b|counts?\b|signal|cts\b", re.I)
# Headings of columns beside spectra.
_NO_SPECTRUM = re.compile(
    r"^(dark\b|pixel)|(?<![^\W_])(std|st(andard|d)?\W?dev\w*|sd|sem|error|uncertainty)"
    r"(?![^\W_])",
    re.I,
)
COMPANION = (
    "as no spectrum of a sample, but a standard deviation, dark signal or pixel number"
)
_AXIS_UNIT = re.compile(rf"\W*(rel\W*)?(({PER_CM})\w*|nm|[µμu]m|m?eV|units?)?\W*", re.I)
_INTENSITY_UNIT = re.compile(
    r"\W*(ccd|adc)?\W*(counts?|cts|cps|a\W{0,2}u|(arb|rel)\w*\W+u\w*|photons?|"
    r"electrons?|int(ensity)?)(\W*(units?|counts?|cts))?(\W*(per)?\W*m?s(ec)?\W*1?)?"
    r"\W*",
    re.I,
)
_X_HEADING = re.compile(r"(?<![^\W_])x(?![^\W\d_])", re.I)  # x2, "calcite x"
_SMOOTH = re.compile(r"b(ase|ack)[ _-]?(line|ground)|blank|fit|smooth", re.I)
_UNEVEN = 3.0  # times the smallest step of an axis, at most, is its largest
LONG = 20  # points; noisy intensities do not rise from each of as many to the next


def long_columns(headings):
    """Return the columns of axis and intensity if headings are long, else None."""
    headings = [str(h).strip(" #") for h in headings]
    if not 3 <= len(headings) <= 8:
        return None
    axis = [i for i, h in enumerate(headings) if is_axis_heading(h)]
    intensity = [i for i, h in enumerate(headings) if _INTENSITY.match(h)]
    rest = set(range(len(headings))) - set(axis) - set(intensity)
    if len(axis) != 1 or len(intensity) != 1 or not rest:
        return None
    if not all(_COORDINATE.match(headings[i]) for i in rest):
        return None
    return axis[0], intensity[0]


def is_unit(cell):
    """Tell whether a cell holds the unit of an axis, and nothing else."""
    is_bare = _AXIS_UNIT.fullmatch(cell) is not None
    return is_bare and unit_of_heading(cell) is not None


def is_units_row(cells):
    """Tell whether a row of headings holds units, or nothing but its first cell.

    Beside that of the axis any word that all columns have is a unit, in any language.
    """
    others = [cell for cell in cells[1:] if re.search(r"\w", cell)]
    if not others:
        return True
    is_one = len(others) > 1 and len(set(others)) == 1 and re.search(r"\w", cells[0])
    return _AXIS_UNIT.fullmatch(cells[0]) is not None and (
        bool(is_one) or all(map(_INTENSITY_UNIT.fullmatch, others))
    )


def rows_of_names(rows):
    """Return which rows of headings may name spectra.

    Numbers, and a word that all columns have, do not where another row does.
    """
    found = []
    for i, cells in enumerate(rows):
        others = [cell for cell in cells[1:] if cell]
        is_number = all(re.fullmatch(r"[-+]?[\d.,]+", cell) for cell in others)
        if not is_number and not (len(others) > 1 and len(set(others)) == 1):
            found.append(i)
    return found or list(range(len(rows)))


def axes_again(columns, headings):
    """Return which columns are axes as the first is: the same, or ones of their own.

    Parameters
    ----------
    columns : sequence of ndarray of shape (n_points,)
        NaN where there is no number.
    headings : list of str
        "" where there is none.
    """
    axis = columns[0]
    if len(columns) < 3 or first_turn(axis) is not None:
        return []
    titles = [re.sub(r"\.\d+$", "", title.strip().lower()) for title in headings]
    own = own_axes(columns[1:], headings[1:], axis)
    return [
        i
        for i in range(1, len(columns))
        if (titles[i] and titles[i] == titles[0])
        or is_shift_heading(titles[i])
        or np.array_equal(columns[i], axis)
        or i - 1 in own
    ]


def own_axes(columns, headings, axis):
    """Return which columns are axes of the columns behind them; as `axes_again`.

    They rise or fall all the way, what follows does not, and they are headed as an
    axis, or are long and have the range of the first.
    """
    columns = [column[np.isfinite(column)] for column in columns]
    goes_on = [len(c) > 4 and first_turn(c) is None for c in columns]
    is_nm = "nanometres" in (describe_doubt(axis[np.isfinite(axis)]) or "")
    found = []
    for i in np.flatnonzero(goes_on):
        is_before_spectrum = not all(goes_on[i + 1 : i + 2])
        is_headed = is_axis_heading(headings[i]) or _X_HEADING.search(headings[i])
        is_alike = _looks_alike(columns[i], axis) and not _SMOOTH.search(headings[i])
        if (is_nm or unit_of_heading(headings[i])) or (
            is_before_spectrum and (is_headed or is_alike)
        ):
            found.append(int(i))
    return found


def _looks_alike(values, axis):
    """Tell whether values that rise or fall may be an axis, by number and range."""
    low = max(values.min(), np.nanmin(axis))
    high = min(values.max(), np.nanmax(axis))
    shorter = min(np.ptp(values), np.nanmax(axis) - np.nanmin(axis))
    steps = np.diff(values) * np.sign(np.diff(axis[np.isfinite(axis)])[0])
    is_even = 0 < steps.max() < _UNEVEN * steps.min()
    return len(values) > LONG and high - low > shorter / 2 and is_even


def are_chosen(numbers):
    """Tell whether numbers are those of chosen rows: whole, and as uneven as no axis.

    Parameters
    ----------
    numbers : ndarray of shape (n_rows,)
    """
    steps = np.abs(np.diff(numbers))
    steps = np.delete(steps, find_gaps(numbers))
    return not (numbers % 1).any() and steps.max(initial=0) > _UNEVEN * steps.min()


def beside_spectra(headings):
    """Return which headings are those of columns beside spectra: an error, a pixel."""
    return [i for i, h in enumerate(headings) if _NO_SPECTRUM.search(h)]


def made_up(labels):
    """Return headings that pandas or polars made up where some repeat or are empty."""
    headings = [label for label in labels if isinstance(label, str)]
    found = []
    for heading in headings:
        match = re.fullmatch(r"(.*)(\.|_duplicated_)\d+", heading)
        if re.fullmatch(r"Unnamed: \d+", heading) or (match and match[1] in headings):
            found.append(heading)
    return found


def say_two_names(place, other, above, below):
    """Say that two rows of headings may name the spectra."""
    return (
        f"{place} ({show(', '.join(above))}) and {other} ({show(', '.join(below))}) "
        "may both name the spectra; expected one row of names. Write into the first "
        'cell of the other what it holds, such as "class".'
    )
