"""A folder of files becomes spectra with classes and groups."""

from __future__ import annotations

import glob
import os
import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_raman._utils._sklearn import Interval, StrOptions, validate_params
from sklearn_raman._utils._typing import Source
from sklearn_raman._utils._wavenumbers import check_wavenumbers, unit_of_heading
from sklearn_raman.datasets._collect import (
    convert_axis,
    count,
    describe_facts,
    few,
    find_doubts,
    make_bunch,
    natural_key,
    resolve_fields,
)
from sklearn_raman.datasets._errors import ReadingError, printable
from sklearn_raman.datasets._lines import as_path, decode, suspicion
from sklearn_raman.datasets._readers import find_reader, is_spectrum_suffix
from sklearn_raman.datasets._text import check_format, parse_spectra
from sklearn_raman.datasets._units import unit_of_count, unit_of_text

_JUNK = {"thumbs.db", "desktop.ini"}


@validate_params(
    {
        "columns": [tuple, list, None],
        "delimiter": [str, None],
        "decimal": [StrOptions({".", ","}), None],
        "encoding": [str, None],
        "header": [Interval(Integral, 0, None, closed="left"), None],
        "comment": [str, None],
        "laser_nm": [Real, None],
        "missing": [StrOptions({"raise", "drop"})],
        "on_error": [StrOptions({"raise", "skip"})],
    },
    prefer_skip_nested_validation=True,
)
def load_spectra(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    label: Source = None,
    group: Source = None,
    sample: Source = None,
    columns: list[int | str] | tuple[int | str, ...] | None = None,
    delimiter: str | None = None,
    decimal: Literal[".", ","] | None = None,
    encoding: str | None = None,
    header: int | None = None,
    comment: str | None = None,
    laser_nm: float | None = None,
    missing: Literal["raise", "drop"] = "raise",
    on_error: Literal["raise", "skip"] = "raise",
) -> Bunch:
    """Load spectra from files, one spectrum or several in each.

    In a text file the first column is the axis and each further one a spectrum.
    Delimiter, decimal mark, encoding, header and comment lines are found out for each
    file, and what was found is stated in `DESCR`. Instruments' own formats are read by
    suffix, through packages of the extra `files`: Renishaw .wdf, GRAMS .spc, Bruker
    OPUS .0, JCAMP-DX .jdx and .dx.

    Nothing is left out in silence: a file that can't be read stops the loading with its
    name, the line, what it says and what was expected.

    Parameters
    ----------
    paths : str, path or list of them
        A folder (with all folders below), a pattern such as ``data/**/*.txt``, a file,
        or a list of any of these. Files are taken in natural order of their names (a2
        before a10), the entries of a list in the order given.
    label, group, sample : str, path, callable, DataFrame, Series, dict, tuple or \
None, default=None
        Where the class of each spectrum comes from, its group (what makes spectra alike
        apart from the class: crystal, patient, replicate) and the name of its sample:

        - "folder": the folder that holds the file;
        - "file": the file, which is useful as group if files hold several spectra;
        - a regular expression with a group, searched for in the path below the folder,
          with "/" between its parts. Its groups can be named `label`, `group` and
          `sample`, so that one expression gives all three; other names become columns
          of `metadata`;
        - a function that takes the path of the file (`pathlib.Path`);
        - a table keyed by file name, stem or path below the folder: a dict, Series,
          data frame, or the path of a csv file. It has one further column, or one named
          like the parameter; otherwise pass a tuple (table, column). A named index is
          the key; columns that name the files in different rows are an error.
    columns : list or tuple of int or str, or None, default=None
        Columns to read from text files, by position from 0 or by heading: that of the
        axis, then those of intensities. None means all that hold numbers.
    delimiter : str or None, default=None
        What separates columns: "\\t", ";", ",", ... A space means any run of white
        space. None finds it out.
    decimal : {".", ","} or None, default=None
        Decimal mark. None finds it out.
    encoding : str or None, default=None
        Encoding of text files. None means what the byte order mark says, else UTF-8 if
        the file is valid UTF-8, else Windows' cp1252, else latin-1.
    header : int or None, default=None
        Number of lines before the numbers; the last of them may hold the headings. None
        finds it out.
    comment : str or None, default=None
        How further lines begin that belong to no spectrum, besides #, %, // and !.
    laser_nm : float or None, default=None
        Wavelength of the laser in nanometres, if the axes are wavelengths in nanometres
        that should become Raman shifts.
    missing : {"raise", "drop"}, default="raise"
        What happens to points without a number ("nan", "--", an empty cell): an error,
        or the point is left out of the spectrum and the number of such points stated.
    on_error : {"raise", "skip"}, default="raise"
        What happens if files can't be read: an error, or a warning; both list them.

    Returns
    -------
    Bunch
        With the entries

        data : DataFrame of shape (n_spectra, n_points), or list of n_spectra pairs
            A frame with the wavenumbers as column labels if all axes are the same,
            otherwise a list of pairs (wavenumbers, intensities) of float64 arrays,
            which `WavenumberResampler` takes as first step of a Pipeline. Axes stay as
            they are in the files, rising or falling.
        target : ndarray of shape (n_spectra,) or None
            Classes; None without `label`.
        target_names : ndarray of shape (n_classes,) or None
            The classes that occur, sorted.
        groups, samples : ndarray of shape (n_spectra,) or None
            None unless they were asked for.
        wavenumbers : ndarray of shape (n_points,) or None
            The axis that all share, in cm-1; None if `data` is a list.
        filenames : ndarray of shape (n_spectra,), str
            File of each spectrum. Bytes in its name that are no UTF-8 are written out
            in all texts, ff as \\udcff.
        names : ndarray of shape (n_spectra,), str
            Path below the folder, and the heading or number of the column if a file
            holds several spectra; the index of the frame.
        metadata : DataFrame of shape (n_spectra, n_columns)
            What else is known of each spectrum, such as map coordinates (x, y).
        DESCR : str
            What was found out: formats, axes, classes, groups, what was left out.

    Raises
    ------
    ValueError
        If files can't be read, a class, group or sample is missing for some, or a
        parameter is not valid. The message names the files, with line and text.
    TypeError
        If a path is neither text nor `pathlib.Path`, such as bytes.
    FileNotFoundError
        If a path or pattern leads to no file.
    ImportError
        If a format needs a package that is not installed; names it.

    Warns
    -----
    UserWarning
        If an axis looks like nanometres, eV or positions; if a line that begins like a
        comment holds numbers as the rows do; if files of a folder have suffixes that
        are not read; if files are skipped.

    See Also
    --------
    read_spectra_table : One table with many spectra, or a map.
    sklearn_raman.model_selection.compare : Takes the Bunch as it is.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_raman.datasets import load_spectra
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ["calcite_c1.txt", "calcite_c2.txt", "quartz_c1.txt"]:
    ...     text = "Raman shift;Intensity\\n400,5;12\\n401,0;15,5\\n401,5;11\\n"
    ...     _ = (folder / name).write_text(text)
    >>> spectra = load_spectra(folder, label="(?P<label>[a-z]+)_(?P<group>[a-z0-9]+)")
    >>> spectra.data
                    400.5  401.0  401.5
    calcite_c1.txt   12.0   15.5   11.0
    calcite_c2.txt   12.0   15.5   11.0
    quartz_c1.txt    12.0   15.5   11.0
    >>> spectra.target.tolist(), spectra.groups.tolist()
    (['calcite', 'calcite', 'quartz'], ['c1', 'c2', 'c1'])
    >>> print(spectra.DESCR.splitlines()[1])
    Format of 3 files: delimiter semicolon, decimal comma, encoding utf-8, 1 header ...
    """
    check_format(columns, delimiter, decimal, encoding)
    tables = [v for v in (label, group, sample) if isinstance(v, (str, os.PathLike))]
    tables += [v[0] for v in (label, group, sample) if isinstance(v, tuple) and v]
    files, root, notes = _find_files(paths, exclude=tables)
    options = {
        "delimiter": delimiter,
        "decimal": decimal,
        "header": header,
        "comment": comment,
        "columns": columns,
        "missing": missing,
    }
    parts, facts, failed = [], {}, []
    for path in files:
        try:
            items, unit, found = _read_file(path, encoding, options)
        except (ReadingError, OSError) as error:
            failed.append((path, error))
            continue
        facts.setdefault(tuple(found.items()), []).append(_below(path, root))
        for axis, intensities, name, metadata in items:
            axis = convert_axis(axis, unit, laser_nm, printable(path))
            parts.append((path, axis, intensities, name, metadata, unit))
    _report_failures(failed, files, parts, on_error, notes)
    where = [_below(path, root) for path, *_ in parts]
    names = [
        file if part[3] is None else f"{file}: {part[3]}"
        for file, part in zip(where, parts, strict=True)
    ]
    fields, extra, sources = resolve_fields(
        {"label": label, "group": group, "sample": sample},
        names,
        [path for path, *_ in parts],
        where,
    )
    names = [*map(printable, names)]
    metadata = pd.DataFrame(
        [
            {"file": printable(file)} | part[4]
            for file, part in zip(where, parts, strict=True)
        ],
        index=names,
    ).assign(**extra)
    doubts = find_doubts(
        [part[1] for part in parts], [part[5] for part in parts], where, laser_nm
    )
    for found, names_of in facts.items():
        doubts += suspicion(few(names_of, 3), dict(found))
    head = [_describe_count(parts, files, failed), *_describe_formats(facts), *notes]
    if laser_nm is not None:
        head.append(f"Axes converted from nanometres, with the laser at {laser_nm} nm.")
    return make_bunch(
        [(axis, intensities) for _, axis, intensities, *_ in parts],
        names,
        fields=fields,
        sources=sources,
        metadata=metadata,
        filenames=[path for path, *_ in parts],
        head=head,
        doubts=doubts,
    )


def _find_files(paths, exclude=()):
    """Return the files, the folder that holds all of them, and notes."""
    if isinstance(paths, (str, bytes, os.PathLike)):  # bytes are no list of numbers
        paths, order = [paths], "in natural order of their names"
    else:
        paths = list(paths)
        order = "in the order given, folders and patterns in natural order"
    if not paths:
        raise ValueError("paths is empty: give a folder, a pattern or a list of files.")
    found, roots, left_out, odd, n_hidden = [], [], [], [], 0
    for entry in paths:
        path = as_path(entry)
        if path.is_dir():
            inside, others, strange, hidden = _search_folder(path)
            left_out += others
            odd += strange
            n_hidden += hidden
            roots.append(path)
        elif path.is_file():
            inside = [path]
            roots.append(path.parent)
        else:
            inside = _search_pattern(path)
            roots.append(_fixed_part(path))
        found += inside
    excluded = {as_path(p).absolute() for p in exclude if isinstance(p, (str, Path))}
    once = {os.path.abspath(p): p for p in reversed(found)}  # however it is spelled
    files = [p for p in dict.fromkeys(found) if once[os.path.abspath(p)] == p]
    files = [p for p in files if p.absolute() not in excluded]
    left_out = [p for p in left_out if p.absolute() not in excluded]
    if not files:
        raise FileNotFoundError(
            f"{few([str(p) for p in paths])}: no file with spectra."
            + (
                f" There are others: {few([p.name for p in left_out])}."
                * bool(left_out)
            )
        )
    _refuse_twins(files, paths)
    root = Path(os.path.commonpath([str(r.absolute()) for r in roots]))
    notes = [f"Files {order}, below {root}."]
    if left_out:
        listed = few([p.name for p in left_out])
        notes.append(f"Left out for their suffix: {listed}.")
        warnings.warn(
            f"load_spectra left out {len(left_out)} of {len(left_out) + len(files)} "
            f"files whose suffix is not that of a spectrum: {listed}. Give a pattern "
            'such as "folder/**/*.ext" to read them, or to leave them out on purpose.',
            UserWarning,
            stacklevel=4,
        )
    if odd:
        listed = few([str(p) for p in odd])
        notes.append(f"Left out, for they are links or no files: {listed}.")
        warnings.warn(
            f"load_spectra left out what is a link to a folder or to nothing, or no "
            f"regular file: {listed}. Put the folder behind a link into the list of "
            "paths to read it.",
            UserWarning,
            stacklevel=4,
        )
    if n_hidden:
        notes.append(f"Left out: {n_hidden} hidden or system files.")
    return files, root, notes


def _search_folder(folder):
    """Return files with spectra, other files, what is no file, and how many are hidden.

    Links to folders are not followed: they may lead back.
    """
    inside, others, odd, n_hidden = [], [], [], 0
    found = [
        Path(root, name)
        for root, folders, names in os.walk(folder, onerror=_refuse_folder)
        for name in [*names, *(f for f in folders if Path(root, f).is_symlink())]
    ]
    for path in sorted(
        found, key=lambda p: natural_key(p.relative_to(folder).as_posix())
    ):
        parts = path.relative_to(folder).parts
        if any(p.startswith((".", "~$")) for p in parts) or parts[-1].lower() in _JUNK:
            n_hidden += 1
        elif not path.is_file():
            odd.append(path)
        elif is_spectrum_suffix(path.suffix):
            inside.append(path)
        else:
            others.append(path)
    return inside, others, odd, n_hidden


def _refuse_folder(error):
    """Stop at a folder that can't be read: its spectra would be missing."""
    raise OSError(
        f"The folder {printable(error.filename)} can't be read ({error.strerror}): "
        "list the folders or files to read, or give yourself the right to."
    ) from error


def _search_pattern(path):
    """Return the files that a pattern matches."""
    if not glob.has_magic(str(path)):
        near = path.parent
        while not near.exists():
            near = near.parent
        raise FileNotFoundError(
            f"{printable(path)} does not exist; {printable(near.absolute())} does"
            + (f" and holds {few(sorted(os.listdir(near)))}." if near.is_dir() else ".")
        )
    matches = [Path(p) for p in glob.glob(str(path), recursive=True)]
    if "**" in path.parts:  # glob passes over what it may not read
        for _ in os.walk(_fixed_part(path), onerror=_refuse_folder):
            pass
    inside = sorted((p for p in matches if p.is_file()), key=natural_key)
    if not inside:
        raise FileNotFoundError(
            f"No file matches the pattern {str(path)!r}, seen from "
            f'{printable(Path.cwd())}. "**" stands for any number of folders.'
        )
    return inside


def _fixed_part(path):
    """Return the folder before the first wildcard."""
    fixed = []
    for part in path.parts[:-1]:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed)


def _refuse_twins(files, paths):
    """Refuse a.wdf beside a.txt: most likely one spectrum, twice."""
    if all(as_path(path).is_file() for path in paths):
        return  # named one by one
    seen = {}
    for path in files:
        twin = seen.setdefault(path.parent / path.stem.lower(), path)
        if twin.suffix.lower() != path.suffix.lower() and not path.suffix[1:].isdigit():
            raise ValueError(
                f"{printable(twin)} and {printable(path.name)} may be the same "
                "spectrum in two formats. Give a pattern for one of them, such as "
                f'"**/*{printable(path.suffix)}", or list the files one by one.'
            )


def _below(path, root):
    """Return the path below the folder, with "/" between its parts."""
    return Path(os.path.relpath(path.absolute(), root)).as_posix()


def _read_file(path, encoding, options):
    """Return the spectra of a file, the unit of their axis, and what was found out."""
    reader = find_reader(path)
    if reader is None:
        text, name = decode(path.read_bytes(), encoding)
        spectra, heading, facts = parse_spectra(text, **options)
        unit = unit_of_heading(heading) or unit_of_text(text, facts["header"])
        unit = unit or unit_of_count(heading, spectra[0][0])
        several = len(spectra) > 1
        items = [
            (axis, y, (title or str(number)) if several else None, {})
            for number, (axis, y, title) in enumerate(spectra)
        ]
        return items, unit, {**facts, "encoding": name}
    if not path.stat().st_size:
        raise ReadingError("the file is empty; expected a spectrum.")
    try:
        items, unit, facts = reader(path)
    except (ReadingError, ImportError, OSError):
        raise
    except Exception as error:  # whatever a reading package does with a broken file
        raise ReadingError(
            f"is this a complete {path.suffix} file? The package that reads such "
            f"files ended with {type(error).__name__}: {error}"
        ) from error
    if not items:
        raise ReadingError("the file holds no spectrum.")
    for axis, intensities, *_ in items:
        try:
            check_wavenumbers(axis, name="the axis", n_points=len(intensities))
        except ValueError as error:
            raise ReadingError(str(error)) from error
        if not np.isfinite(intensities).all():
            raise ReadingError("intensities hold NaN or infinity; expected numbers.")
    return items, unit, facts


def _report_failures(failed, files, parts, on_error, notes):
    """Raise or warn, with the list of files that can't be read."""
    if not failed:
        return
    listed = printable("\n".join(f"  {path}: {error}" for path, error in failed[:10]))
    if len(failed) > 10:
        listed += f"\n  and {len(failed) - 10} more"
    message = f"{len(failed)} of {count(files, 'file')} can't be read:\n{listed}"
    if on_error == "raise" or not parts:
        raise ValueError(
            f"{message}\nMend or move them, name the files to read with a pattern, or "
            'pass on_error="skip".'
        ) from failed[0][1]
    warnings.warn(f"load_spectra skips {message}", UserWarning, stacklevel=4)
    notes.append(f"Skipped: {message}")


def _describe_count(parts, files, failed):
    n_files = len(files) - len(failed)
    return (
        f"{count(parts, 'spectrum', 'spectra')} from {count(range(n_files), 'file')}, "
        "read by load_spectra."
    )


def _describe_formats(facts):
    """Say for each format how many files have it."""
    lines = []
    for found, names in sorted(facts.items(), key=lambda entry: -len(entry[1])):
        which = f" ({few(names, 3)})" if len(facts) > 1 else ""
        lines.append(
            f"Format of {count(names, 'file')}{which}: {describe_facts(dict(found))}."
        )
    return lines
