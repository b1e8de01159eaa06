"""What is that band? A small table of textbook bands, and how to look bands up."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from sklearn_raman._utils._frames import is_frame
from sklearn_raman._utils._sklearn import Interval, validate_params
from sklearn_raman._utils._validation import refuse_missing
from sklearn_raman.datasets._minerals import DATA_FOLDER

ASSIGNMENTS_FILE = "band_assignments.csv"
_MOST_NAMED = 3  # candidates for one band


def load_band_assignments() -> pd.DataFrame:
    """Load a small table of well-known Raman bands.

    Strong bands of the minerals of `load_minerals` but axinite, of some other minerals,
    and of common organic and biological substances. It is there to put a name to a band
    of a report, not to identify a spectrum.

    Returns
    -------
    DataFrame with one row for each band
        `wavenumber` in cm-1; `material`, the substance or kind of substance; `kind`,
        "mineral", "organic" or "biological"; `assignment`, what vibrates; `source`,
        where it is published.

    See Also
    --------
    annotate_bands : Looks up the bands of a report.

    Notes
    -----
    Positions are rounded to 1 cm-1. In solid solutions (garnets, pyroxenes,
    amphiboles) and with temperature they move by several cm-1.

    All 29 sources were looked up, by title, authors or DOI; what they say was read in
    abstracts and tables quoted elsewhere, not in each paper. All bands of the minerals
    of `load_minerals` are bands of their measured spectra, too. Axinite has none: no
    source for it was found.

    Examples
    --------
    >>> from sklearn_raman.datasets import load_band_assignments
    >>> table = load_band_assignments()
    >>> table[table["material"] == "Calcite"].iloc[3]["assignment"]
    'carbonate symmetric stretch (nu1)'
    """
    with (DATA_FOLDER / ASSIGNMENTS_FILE).open(encoding="utf-8", newline="") as file:
        return pd.read_csv(file, dtype={"wavenumber": float})


@validate_params(
    {"tolerance": [Interval(Real, 0, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def annotate_bands(
    report: Any, table: pd.DataFrame | None = None, *, tolerance: float = 8.0
) -> pd.DataFrame:
    """Say what the bands of a report are.

    Parameters
    ----------
    report : BandReport, or data frame with a column `position`
        Bands in cm-1, as :func:`~sklearn_raman.inspection.band_report` or
        `ExplanationSummary.bands` finds them. Classes, if it has them, are in a column
        or index level `class`.
    table : data frame or None, default=None
        With columns `wavenumber` and `assignment`, and if you like `material` and
        `source`. None means :func:`load_band_assignments`.
    tolerance : float, default=8.0
        How far a band may be from that of the table, in cm-1.

    Returns
    -------
    DataFrame
        The bands with two more columns: `assignment` and `source`, empty where the
        table has nothing near. Several candidates are named, the nearest first, as
        "material: assignment", up to three.

        A class that is a material of the table, such as "Calcite", gets the bands of
        that material. Where it has none, those of the other classes are looked through:
        a band of theirs that is missing can speak for a class, too.

    Raises
    ------
    ValueError
        If bands are in points, a column is missing or taken, or a position is no
        number.
    TypeError
        If the report or the table is neither.

    Notes
    -----
    A position near that of the table is a hint, no proof.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_raman.datasets import annotate_bands
    >>> bands = pd.DataFrame({"class": ["Calcite"], "position": [1087.2]})
    >>> annotate_bands(bands)["assignment"].iloc[0]
    'carbonate symmetric stretch (nu1)'
    """
    is_table = isinstance(report, pd.DataFrame)
    told = report.attrs if is_table else {"unit": getattr(report, "unit", "cm-1")}
    if told.get("unit", "cm-1") != "cm-1":
        raise ValueError(
            "The bands of this report are in points, and the table is in cm-1: make "
            "the report of a data frame whose column labels are wavenumbers."
        )
    bands = _as_frame("report", report)
    table = load_band_assignments() if table is None else _as_frame("table", table)
    for name, frame, columns in (
        ("report", bands, ["position"]),
        ("table", table, ["wavenumber", "assignment"]),
    ):
        missing = [column for column in columns if column not in frame]
        if missing:
            raise ValueError(
                f"{name} has no column {missing[0]!r}, its columns are "
                f"{list(map(str, frame.columns))}."
            )
    if taken := [name for name in ("assignment", "source") if name in bands]:
        raise ValueError(
            f"report has a column {taken[0]!r} of its own: rename it, or drop it if it "
            "is of an earlier call."
        )
    texts = table.reindex(columns=["assignment", "material", "source"], fill_value="")
    known = texts.fillna("").astype(str)
    refuse_missing("wavenumber of table", table["wavenumber"])
    known.insert(0, "wavenumber", _numbers("table", table, "wavenumber"))
    known = known.reset_index(drop=True)
    names = [""] * len(bands)
    if "class" in bands:
        names = [str(label).casefold() for label in bands["class"]]
    elif "class" in bands.index.names:
        labels = bands.index.get_level_values("class")
        names = [str(label).casefold() for label in labels]
    found = [
        _look_up(position, name, set(names), known, tolerance)
        for position, name in zip(
            _numbers("report", bands, "position"), names, strict=True
        )
    ]
    return bands.assign(
        assignment=[text for text, _ in found], source=[source for _, source in found]
    )


def _as_frame(name, given):
    """Return a report or a frame of any kind as a pandas frame."""
    if isinstance(given, pd.DataFrame):
        return given
    if is_frame(given):  # of polars
        return pd.DataFrame({column: list(given[column]) for column in given.columns})
    if not hasattr(given, "to_frame"):
        kinds = "a data frame" if name == "table" else "a BandReport or a data frame"
        raise TypeError(f"{name} must be {kinds}, got {type(given).__name__}.")
    return given.to_frame()


def _numbers(name, frame, column):
    """Return a column as numbers, NaN where it is missing."""
    numbers = pd.to_numeric(frame[column], errors="coerce")
    numbers = numbers.to_numpy(dtype=float, na_value=np.nan)
    wrong = np.flatnonzero(np.isnan(numbers) & frame[column].notna().to_numpy())
    if len(wrong):
        raise ValueError(
            f"{name} has {frame[column].iloc[wrong[0]]!r} in the place of a number in "
            f"cm-1 (column {column!r}, row {wrong[0]})."
        )
    return numbers


def _look_up(position, name, names, known, tolerance):
    """Return the assignments of a band and their sources as texts."""
    distance = np.abs(known["wavenumber"].to_numpy() - position)
    material = known["material"].str.casefold().to_numpy()
    near = distance <= tolerance + 1e-9  # rounding aside
    if name and name in material:
        own = near & (material == name)
        near = own if own.any() else near & np.isin(material, list(names))
    order = np.flatnonzero(near)[np.argsort(distance[near], kind="stable")]
    found = known.iloc[order[:_MOST_NAMED]]
    texts = [
        what if other.casefold() in ("", name) else f"{other}: {what}"
        for what, other in zip(found["assignment"], found["material"], strict=True)
    ]
    return "; ".join(texts), "; ".join(dict.fromkeys(filter(None, found["source"])))
