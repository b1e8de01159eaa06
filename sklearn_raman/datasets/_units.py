"""Units of an axis: nanometres to Raman shift and back, and what an axis looks like."""

from __future__ import annotations

import re
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from sklearn_raman._utils._frames import frame_like, is_frame
from sklearn_raman._utils._typing import Floats, Frame, FrameT
from sklearn_raman._utils._wavenumbers import (
    are_positions,
    as_real,
    format_wavenumbers,
    unit_of_heading,
)

_COUNT = re.compile(
    r"\W*((?P<part>pixels?|channels?)|(data\W*)?points?|index)"
    r"\W*(no|nr|num|number|index)?\W*\d*",
    re.I,
)
_CM_PER_NM = 1e7  # 1 cm = 1e7 nm
LARGEST = 1e5  # cm-1: light of 100 nm, more than lasers or an axis in nm or eV have


@overload
def nm_to_wavenumber(nm: float, laser_nm: float) -> float: ...
@overload
def nm_to_wavenumber(nm: FrameT, laser_nm: float) -> FrameT: ...
@overload
def nm_to_wavenumber(nm: ArrayLike, laser_nm: float) -> Floats | Any: ...
def nm_to_wavenumber(nm: ArrayLike | Frame, laser_nm: float) -> Any:
    """Convert wavelengths to Raman shifts.

    The shift is `1e7 * (1 / laser_nm - 1 / nm)`: positive on the Stokes side, where the
    wavelength is longer than that of the laser.

    Parameters
    ----------
    nm : float, array-like of shape (n_points,), or data frame of shape \
(n_spectra, n_points)
        Wavelengths in nanometres. Of a data frame the column labels are converted; its
        intensities stay as they are.
    laser_nm : float
        Wavelength of the laser in nanometres, such as 532, 633 or 785. The shift is as
        exact as this number: 0.1 nm is 3.5 cm-1 at 532 nm and 1.6 cm-1 at 785 nm.

    Returns
    -------
    float, ndarray of shape (n_points,) or data frame of shape (n_spectra, n_points)
        Raman shifts in cm-1, in the form in which the wavelengths were given. They rise
        where the wavelengths rise.

    Raises
    ------
    ValueError
        If a wavelength is not a positive number, or lies so far from the laser that the
        values can't be nanometres.

    See Also
    --------
    wavenumber_to_nm : The way back.
    load_spectra : Converts the axes of files with `laser_nm`.

    Examples
    --------
    >>> from sklearn_raman.datasets import nm_to_wavenumber
    >>> nm_to_wavenumber([785.0, 820.0, 850.0], laser_nm=785.0).round(1)
    array([  0. , 543.7, 974.1])
    """
    laser = _check_laser(laser_nm)

    def convert(values):
        _check_positive(values)
        _check_range(values, laser)
        return _CM_PER_NM * (1 / laser - 1 / values)

    return _apply(convert, nm, name="nm")


@overload
def wavenumber_to_nm(wavenumbers: float, laser_nm: float) -> float: ...
@overload
def wavenumber_to_nm(wavenumbers: FrameT, laser_nm: float) -> FrameT: ...
@overload
def wavenumber_to_nm(wavenumbers: ArrayLike, laser_nm: float) -> Floats | Any: ...
def wavenumber_to_nm(wavenumbers: ArrayLike | Frame, laser_nm: float) -> Any:
    """Convert Raman shifts to wavelengths.

    Parameters
    ----------
    wavenumbers : float, array-like of shape (n_points,), or data frame of shape \
(n_spectra, n_points)
        Raman shifts in cm-1; negative ones are anti-Stokes. Of a data frame the column
        labels are converted; its intensities stay as they are.
    laser_nm : float
        Wavelength of the laser in nanometres.

    Returns
    -------
    float, ndarray of shape (n_points,) or data frame of shape (n_spectra, n_points)
        Wavelengths in nanometres, in the form in which the shifts were given.

    Raises
    ------
    ValueError
        If a shift is not a finite number or not below the wavenumber of the laser,
        `1e7 / laser_nm`: light can't lose more than its whole energy.

    See Also
    --------
    nm_to_wavenumber : The way back.

    Examples
    --------
    >>> from sklearn_raman.datasets import wavenumber_to_nm
    >>> wavenumber_to_nm([0.0, 1000.0, 3000.0], laser_nm=532.0).round(2)
    array([532.  , 561.89, 633.03])
    """
    laser = _check_laser(laser_nm)

    def convert(values):
        if not np.isfinite(values).all():
            raise ValueError("wavenumbers contains NaN or infinity.")
        absolute = _CM_PER_NM / laser - values
        if (absolute <= 0).any():
            worst = values[absolute.argmin()]
            raise ValueError(
                f"wavenumbers holds {worst:g} cm-1, but light of {laser:g} nm has "
                f"{_CM_PER_NM / laser:.0f} cm-1 in all: is the axis a Raman shift?"
            )
        return _CM_PER_NM / absolute

    return _apply(convert, wavenumbers, name="wavenumbers")


def _apply(convert, values, *, name):
    """Convert a number, an array, or the column labels of a frame."""
    if is_frame(values):
        axis = _as_numbers(list(values.columns), name=f"The column labels of {name}")
        labels = format_wavenumbers(convert(axis))
        return frame_like(values.to_numpy(), values, columns=labels)
    converted = convert(np.atleast_1d(_as_numbers(values, name=name)))
    return float(converted[0]) if np.ndim(values) == 0 else converted


def _as_numbers(values, *, name):
    try:
        numbers = as_real(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, got {values!r}.") from error
    if numbers.ndim > 1:
        raise ValueError(
            f"{name} has shape {numbers.shape}, but an axis has one dimension: pass "
            "the axis, or a data frame with the axis as column labels."
        )
    return numbers


def _check_positive(values):
    bad = ~(np.isfinite(values) & (values > 0))
    if bad.any():
        raise ValueError(
            f"nm must be positive wavelengths, but position {int(bad.argmax())} "
            f"holds {values[bad.argmax()]:g}."
        )


def _check_laser(laser_nm):
    try:
        laser = float(laser_nm)
    except (TypeError, ValueError) as error:
        raise ValueError(f"laser_nm must be a number, got {laser_nm!r}.") from error
    if not 100 <= laser <= 5000:
        raise ValueError(
            f"laser_nm={laser_nm!r} must be the wavelength of the laser in nanometres, "
            "such as 532, 633, 785 or 1064."
        )
    return laser


def _check_range(values, laser):
    """Refuse wavelengths that no Raman spectrum of this laser reaches."""
    shift = _CM_PER_NM * (1 / laser - 1 / values)
    # The largest shift, of hydrogen, is 4160 cm-1; overtones and wide detectors reach
    # further, an axis in cm-1 taken for nm further still.
    if np.abs(shift).max(initial=0) > 9000:
        worst = values[np.abs(shift).argmax()]
        raise ValueError(
            f"nm holds {worst:g}, which is {shift[np.abs(shift).argmax()]:.0f} cm-1 "
            f"from a laser at {laser:g} nm. No Raman band lies there: are the values "
            "nanometres, and is laser_nm right?"
        )


def is_axis_heading(heading):
    """Tell whether a heading is that of an axis, in whatever unit."""
    return unit_of_heading(heading) is not None or bool(
        re.fullmatch(r"\W*(wave|x[ -_]?(axis|data))\W*", heading, re.I)
    )


def unit_of_count(heading, axis):
    """Return what an axis counts if its heading says so and it does, else None.

    Parameters
    ----------
    heading : str or None
        "Pixel", "Data point", "Channel 60".
    axis : ndarray of shape (n_points,)
        Of all that is counted, or a part.
    """
    found = _COUNT.fullmatch(heading or "")
    if not found or (axis % 1).any():
        return None
    # "Point" and "index" may also head the names in their row.
    is_count = found["part"] or (np.abs(np.diff(axis)) == 1).all()
    return "pixels or points" if is_count else None


def is_shift_heading(heading):
    """Tell whether a heading can only mean the Raman shift."""
    return heading is not None and bool(
        re.search(r"raman\s*[-_]?\s*shift|rel\.?\s*1\s*/\s*cm", heading, re.I)
    )


def first_turn(axis):
    """Return the first position that does not go on as most of an axis does, or None.

    An axis that rises or falls all the way has none.
    """
    steps = np.diff(axis)
    direction = np.sign(np.median(np.sign(steps))) if len(steps) else 0
    bad = np.flatnonzero(steps * (direction or 1) <= 0)
    return int(bad[0]) + 1 if len(bad) else None


def first_lies_apart(axis):
    """Tell whether the first step is more than twice as long as any other.

    Then the first value may be none of the axis, but a number of points or spectra.
    """
    steps = np.abs(np.diff(axis))
    return len(steps) > 3 and steps[0] > 2 * steps[1:].max()


def next_spectrum(axis, numbers):
    """Find where another spectrum begins, though the axis rises or falls all the way.

    What parts it from the one before are other lines, and a step that is more than
    twice as long for each line as those beside it.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
    numbers : sequence of int of length n_points
        Lines of the points.

    Returns
    -------
    (position, str) or None
        Its first point, and what to say of it.
    """
    n_lines = np.diff(numbers)
    steps = np.abs(np.diff(axis)) / n_lines
    for i in np.flatnonzero(n_lines > np.median(n_lines)):
        beside = [*steps[max(i - 1, 0) : i], *steps[i + 1 : i + 2]]
        if beside and steps[i] > 2 * max(beside):
            return int(i) + 1, (
                f"goes from {axis[i]:g} to {axis[i + 1]:g} behind a blank line or a "
                "comment, as if another spectrum began; expected one axis. Save each "
                "spectrum in a file of its own, or, if this is one with a gap, delete "
                "what lies between."
            )
    return None


def describe_doubt(axis):
    """Say what an axis looks like if it does not look like Raman shifts, else None.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
        Strictly monotone.

    Returns
    -------
    str or None
        For a warning: only values are looked at, and unusual Raman axes exist.
    """
    if (n_times := _times(axis)) > 1:
        return f"it looks like {n_times} spectra one behind the other, in equal steps"
    low, high = axis.min(), axis.max()
    step = np.median(np.abs(np.diff(axis))) if len(axis) > 1 else np.inf
    span = f"{low:g} to {high:g} in steps of {step:.3g}"
    if are_positions(axis):
        return f"{span} count points and look like positions, not wavenumbers"
    if 0.1 < low and high < 10:
        return f"{span} looks like eV, not Raman shifts in cm-1"
    is_fine = step < 0.25 or (step < 0.5 and high - low < 150)
    if 180 <= low and high <= 1200 and is_fine:
        return f"{span} looks like nanometres, not Raman shifts in cm-1"
    if high > LARGEST:
        return f"{span} looks like intensities: no light has such wavenumbers"
    if low > 5000:
        return f"{span} looks like absolute wavenumbers, not Raman shifts"
    return None


def _times(axis):
    """Return how often an axis is there, shifted; 1 if it goes on without a break."""
    steps = np.abs(np.diff(axis))
    usual = np.median(steps) if len(steps) else 0
    breaks = np.flatnonzero((steps > 2 * usual) | (steps < usual / 2))
    length = breaks[0] + 1 if len(breaks) else 1
    if length < 3 or len(axis) % length:
        return 1
    blocks = np.diff(axis.reshape(-1, length), axis=1)
    is_same = np.allclose(blocks, blocks[0], rtol=1e-6, atol=1e-6 * usual)
    return len(blocks) if is_same else 1


def unit_of_text(text, n_lines):
    """Return the unit that a line of a header states for the axis, or None.

    WITec writes "XAxisUnit = rel. 1/cm", LabSpec "#AxisUnit[1]=1/cm".
    """
    for line in text.splitlines()[:n_lines]:
        match = re.match(
            r"\W*(x?\s*axis\s*unit(\[1\])?|x\s*units?)\s*[=:]\s*(.+)", line, re.I
        )
        if match:
            stated = match[3].strip()
            is_word = re.search(r"[^\W\d_]", stated) and not re.match(
                "arb", stated, re.I
            )
            return unit_of_heading(stated) or (stated if is_word else None)
    return None
