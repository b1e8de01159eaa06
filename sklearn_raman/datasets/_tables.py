"""One table with many spectra: wide, either way round, or long as maps are exported.

A table is read into cells of text first. Then the axis is looked for in the headings (a
spectrum in each row) and in the first column (a spectrum in each column); if both or
neither can be one, the user is asked.
"""

from __future__ import annotations

import os
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
from sklearn_raman.datasets._cells import read_cells, table_of_frame
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
from sklearn_raman.datasets._errors import ReadingError, printable
from sklearn_raman.datasets._forms import read_columns, read_long, read_rows
from sklearn_raman.datasets._lines import as_path, decode, suspicion
from sklearn_raman.datasets._orientation import find_orientation
from sklearn_raman.datasets._readers import find_reader
from sklearn_raman.datasets._text import check_format
from sklearn_raman.datasets._units import unit_of_text


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
        A text file (.csv, .tsv, .txt, ...) or a frame of pandas or polars, read with
        or without headings (header=None, has_header=False).
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
        form = orientation or find_orientation(table, named)
        read = {
            "rows": partial(read_rows, named=named, is_complete=metadata is not None),
            "columns": read_columns,
            "long": read_long,
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
