"""Spectra that were read become a Bunch: names, classes, groups, one axis or many."""

import os
import re
import warnings
from collections import Counter

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_raman._utils._frames import is_frame
from sklearn_raman._utils._wavenumbers import describe_axis, format_wavenumbers
from sklearn_raman.datasets._cells import read_label_table
from sklearn_raman.datasets._errors import printable
from sklearn_raman.datasets._units import describe_doubt, nm_to_wavenumber

FIELDS = ("label", "group", "sample")
_LARGEST_SHIFT = 4500.0  # cm-1; the fastest vibration, of H2, has 4160


def resolve_fields(given, names, files, below):
    """Find class, group and sample of each spectrum.

    Parameters
    ----------
    given : dict of str to object
        What the user passed as `label`, `group` and `sample`.
    names : list of str
        Name of each spectrum: its path below the folder, with "/" between parts, and
        what tells it from others in the file.
    files : list of Path
        File of each spectrum.
    below : list of str
        Path of each file below the folder.

    Returns
    -------
    fields : dict of str to ndarray or None
    extra : dict of str to list
        What further named groups of a regular expression found.
    sources : dict of str to str
        Where each came from, in words.
    """
    fields = dict.fromkeys(FIELDS)
    extra, sources = {}, {}
    for field, value in given.items():
        if value is None:
            continue
        values, sources[field], more = _resolve(field, value, names, files, below)
        refuse_unnamed(field, values, names, sources[field])
        fields[field] = as_names(field, values)
        extra.update(more)
    for name in [name for name in extra if name in FIELDS]:
        found = extra.pop(name)
        if fields[name] is None:
            sources[name] = "a named group of the regular expression"
            refuse_unnamed(name, found, names, sources[name])
            fields[name] = as_names(name, found)
    return fields, extra, sources


def _resolve(field, value, names, files, below):
    """Return the values of one field, where they come from, and what else was found."""
    if isinstance(value, tuple) and len(value) == 2:
        return *_from_table(field, *value, names, files, below), {}
    if isinstance(value, str):
        if value == "folder":
            return [path.absolute().parent.name for path in files], "the folder", {}
        if value == "file":
            return below, "the file", {}
        if not os.path.isfile(value):
            return _from_pattern(field, value, names)
    if isinstance(value, (str, os.PathLike, pd.Series, dict)) or is_frame(value):
        return *_from_table(field, value, None, names, files, below), {}
    if callable(value):
        return [value(path) for path in files], "a function of the path", {}
    raise ValueError(
        f'{field}={value!r} must be "folder", "file", a regular expression with a '
        "group, a function of the path, or a table keyed by file name."
    )


def _from_pattern(field, value, names):
    """Search a regular expression in the name of each spectrum."""
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise ValueError(
            f"{field}={value!r} is no file and no regular expression: {error}."
        ) from error
    if not pattern.groups:
        raise ValueError(
            f'{field}={value!r} must be "folder", "file", the path of a table that '
            "exists, or a regular expression with a group in round brackets, such as "
            r'r"(?P<label>\w+)_\d+\.txt".'
        )
    own = pattern.groupindex.get(field)
    if own is None and not (pattern.groups == 1 and not pattern.groupindex):
        raise ValueError(
            f"{field}={value!r} must have one group, or one with the name {field!r}: "
            f"(?P<{field}>...). It has {pattern.groups}"
            + (
                f", named {', '.join(pattern.groupindex)}."
                if pattern.groupindex
                else "."
            )
        )
    matches = [pattern.search(name) for name in names]
    values = [m and m[own or 1] for m in matches]
    others = {
        name: [m and m[name] and printable(m[name]) for m in matches]
        for name in pattern.groupindex
        if name != field
    }
    return values, f"the regular expression {value!r}", others


def _from_table(field, table, column, names, files, below):
    """Look each file up in a table, by name, path below the folder, or stem."""
    what = "a table"
    if isinstance(table, (str, os.PathLike)):
        what = f"the table {printable(table)}"
        table = read_label_table(table)
    if isinstance(table, dict):
        table = {"file": [*table], field: [*table.values()]}
        table = pd.DataFrame(table, dtype=object)
    if isinstance(table, pd.Series):
        table = table.rename(field).rename_axis("file").reset_index()
    if not is_frame(table):
        raise ValueError(f"{field} must be a table, got {type(table).__name__}.")
    if not isinstance(table, pd.DataFrame):  # polars
        table = pd.DataFrame(
            {c: table[c].to_list() for c in table.columns}, dtype=object
        )
    columns, index = [*table.columns], table.index
    is_named = any(name is not None for name in index.names)
    by_index = []
    if is_named or not isinstance(index, pd.RangeIndex) or index.start:
        table = table.reset_index()
        by_index = [c for c in table.columns if c not in columns]
    # Without a name, whole numbers may be left of a table that was cut.
    decides = is_named or not pd.api.types.is_integer_dtype(index)
    beside = [] if decides or isinstance(index, pd.RangeIndex) else by_index
    keys = {
        "name": [path.name for path in files],
        "path": below,
        "stem": [path.stem for path in files],
        "spectrum": names,
    }
    wanted = field if column is None else column

    def find(candidate):
        """Return how a column names the files, and the row of each or None."""
        rows = {str(e).replace("\\", "/"): i for i, e in enumerate(table[candidate])}
        found = {kind: [rows.get(v) for v in values] for kind, values in keys.items()}
        kind = min(found, key=lambda kind: found[kind].count(None))
        return kind, found[kind]

    candidates = [c for c in (*beside, *columns) if c != wanted]
    for tried in (by_index if decides else [], candidates, by_index):
        found = {c: find(c)[1] for c in tried}
        fewest = min((rows.count(None) for rows in found.values()), default=len(files))
        fits = [c for c, rows in found.items() if rows.count(None) == fewest]
        if fewest < len(files):
            break
    else:
        raise ValueError(
            f"{field}: no column of {what} holds the names of the files, such as "
            f"{files[0].name!r}; its columns are {list(table.columns)}."
        )
    if any(found[c] != found[fits[0]] for c in fits):
        raise ValueError(
            f"{field}: the columns {fits} of {what} all name the files, in different "
            "rows: make the right one the index, table.set_index(...), or leave out "
            "the others."
        )
    key_column = fits[0]
    key, _ = find(key_column)
    others = [c for c in (table if is_named else columns) if c != key_column]
    if column is None:
        column = field if field in others else others[0] if len(others) == 1 else None
    if column not in others:
        raise ValueError(
            f"{field}: {what} has the columns {others}; pass ({field} table, column) "
            f"to say which one holds the {field}."
        )
    entries = [str(e).replace("\\", "/") for e in table[key_column]]
    repeated = [e for e, n in Counter(entries).items() if n > 1 and e in set(keys[key])]
    if repeated:
        raise ValueError(f"{field}: {what} has more than one row for {few(repeated)}.")
    places = {}
    for value, file in zip(keys[key], below, strict=True):
        places.setdefault(value, set()).add(file)
    shared = [value for value, where in places.items() if len(where) > 1]
    if shared and key in ("name", "stem"):
        raise ValueError(
            f"{field}: several files are called {few(shared)}, such as "
            f"{few(sorted(places[shared[0]]), 2)}; {what} must name them by their path "
            "below the folder."
        )
    found = dict(zip(entries, table[column], strict=True))
    values = [found.get(value) for value in keys[key]]
    return values, f"column {column!r} of {what}, by file {key}"


def as_names(field, values):
    """Return classes, groups or samples as an array, in which none become one.

    numpy makes 1 and "1" one text, and long whole numbers beside 0.5 one number.
    """
    values = [printable(v) if isinstance(v, str) else v for v in values]
    found = np.asarray(values)
    if found.dtype != object and found.tolist() == values:
        return found
    texts = {}
    for value in values:
        text = printable(value)
        if texts.setdefault(text, value) != value:
            raise ValueError(
                f"{field} holds {texts[text]!r} and {value!r}, which read the same: "
                "give all as texts, or all as numbers."
            )
    return np.asarray([printable(value) for value in values])


def refuse_unnamed(field, values, names, source):
    """Raise if a spectrum has no value, with the names of those that have none."""
    missing = [
        name
        for name, value in zip(names, values, strict=True)
        if pd.isna(value) or value == ""
    ]
    if missing:
        raise ValueError(
            f"{field} is missing for {len(missing)} of {len(names)} spectra: {source} "
            f"gives none for {few(missing)}. Give it for each, or leave them out."
        )


def few(items, n_shown=5):
    """Return the first items as text, and how many more there are."""
    shown = ", ".join(printable(item) for item in items[:n_shown])
    return shown + (f" and {len(items) - n_shown} more" if len(items) > n_shown else "")


def describe_facts(facts):
    """Say what was found out about a format; what does not occur is left out."""
    counted = {
        "header": "header line",
        "footer": "footer line",
        "comments": "comment line",
        "dropped points": "point without a number dropped",
    }
    first = ("spectra in", "format", "delimiter", "decimal", "encoding")
    order = [*(key for key in first if key in facts), *facts]
    parts = []
    for key in dict.fromkeys(order):
        value = facts[key]
        if key in counted and value:
            noun = counted[key].replace(" ", "s ", value != 1 and "point" in key)
            plural = "s" * (value != 1 and "point" not in key)
            parts.append(f"{value} {noun}{plural}")
        elif key not in counted and value:
            parts.append(f"{key} {value}")
    return ", ".join(parts)


def count(items, noun, plural=None):
    """Say how many there are: "1 file", "2 files"."""
    n = len(items)
    return f"{n} {noun if n == 1 else plural or noun + 's'}"


def convert_axis(axis, unit, laser_nm, where):
    """Return an axis in cm-1."""
    if laser_nm is None:
        return axis
    asked = f"laser_nm={laser_nm!r} asks for a conversion from nanometres, but the axis"
    if unit not in (None, "nm"):
        raise ValueError(f"{asked} of {where} is stated in {unit}: leave laser_nm out.")
    try:
        shift = nm_to_wavenumber(axis, laser_nm)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    # What no spectrometer measures; where a file states nm, it is believed.
    low, high = shift.min(), shift.max()
    step = (high - low) / max(len(shift) - 1, 1)
    is_coarse = step > 4.5 and (low < -1000 or high > 5000)
    if unit is None and (low < -2500 or high - low > 8000 or is_coarse):
        raise ValueError(
            f"{asked} of {where}, {axis.min():g} to {axis.max():g}, would become "
            f"{low:.0f} to {high:.0f} cm-1 in steps of about {step:.2g}, as from no "
            "Raman spectrometer. Leave laser_nm out if the axis is in cm-1; if it is "
            'in nanometres, say so in its heading ("nm"), or cut what is no Raman '
            "spectrum."
        )
    return shift


def make_bunch(spectra, names, *, fields, sources, metadata, filenames, head, doubts):
    """Put spectra together, on one frame if all have the same axis.

    Parameters
    ----------
    spectra : list of (axis, intensities)
        At least one.
    names : list of str
        Row labels.
    fields, sources : dict
        What `resolve_fields` returned.
    metadata : DataFrame with one row for each spectrum
    filenames : list of str
    head : list of str
        First lines of the description.
    doubts : list of str
        What to warn of.

    Returns
    -------
    Bunch
    """
    axes = {axis.tobytes(): axis for axis, _ in spectra}
    lines = list(head)
    if len(axes) == 1:
        (axis,) = axes.values()
        data = pd.DataFrame(
            np.stack([intensities for _, intensities in spectra]),
            index=names,
            columns=format_wavenumbers(axis),
        )
        lines.append(f"Axis: {describe_axis(axis)}, the same for all spectra.")
    else:
        axis, data = None, [(axis, intensities) for axis, intensities in spectra]
        lines.append(_describe_axes(axes))
    for field, title in zip(FIELDS, ("Classes", "Groups", "Samples"), strict=True):
        if fields[field] is None:
            continue
        values, counts = np.unique(fields[field].astype(str), return_counts=True)
        shown = [f"{v} ({n})" for v, n in zip(values, counts, strict=True)]
        lines.append(f"{title}, from {sources[field]}: {few(shown, 12)}.")
    for text in doubts:
        lines.append(f"Doubtful: {text}")
        warnings.warn(text, UserWarning, stacklevel=4)
    target = fields["label"]
    return Bunch(
        data=data,
        target=target,
        target_names=None if target is None else np.unique(target),
        groups=fields["group"],
        samples=fields["sample"],
        wavenumbers=axis,
        filenames=np.asarray([*map(printable, filenames)], dtype=str),
        names=np.asarray(names, dtype=str),
        metadata=metadata,
        DESCR=printable("\n".join(lines)) + "\n",
    )


def _describe_axes(axes):
    """Say how the axes differ, and what all of them cover."""
    axes = list(axes.values())
    low = max(axis.min() for axis in axes)
    high = min(axis.max() for axis in axes)
    steps = [np.median(np.abs(np.diff(axis))) for axis in axes if len(axis) > 1]
    shared = (
        f"all cover {low:g} to {high:g} cm-1"
        if low < high
        else "no range is covered by all of them"
    )
    return (
        f"Axis: {len(axes)} different axes, so data is a list of pairs (wavenumbers, "
        f"intensities); {shared}, with steps of about {np.median(steps):.3g}. A "
        "WavenumberResampler as first step of a Pipeline brings them together."
    )


def find_doubts(axes, units, where, laser_nm):
    """Return sentences about axes that do not look like Raman shifts.

    Parameters
    ----------
    axes : list of ndarray
    units : list of str or None
        What the files state.
    where : list of str
        Name of the file of each axis.
    laser_nm : float or None
    """
    doubts, seen = {}, {}
    for axis, unit, name in zip(axes, units, where, strict=True):
        key = axis.tobytes(), unit
        if key not in seen and laser_nm is None:
            seen[key] = _doubt(axis, unit)
        elif key not in seen:
            seen[key] = _doubt_converted(axis, laser_nm)
        if seen[key] is not None:
            kind = re.sub(r"[\d.]+", "", seen[key])
            doubts.setdefault(kind, [seen[key], []])[1].append(name)
    sentences = []
    for doubt, names in doubts.values():
        names = list(dict.fromkeys(names))
        ways = ""
        if re.search(r"\bnm\b|nanomet", doubt):
            ways = " Pass laser_nm= to convert nanometres."
        sentences.append(
            f"The axis of {few(names, 3)}: {doubt}.{ways} The axis is kept as it is."
        )
    return sentences


def _doubt(axis, unit):
    doubt = describe_doubt(axis)
    if doubt is not None and "one behind the other" in doubt:
        return doubt
    if unit not in (None, "cm-1"):
        return f"it is stated in {unit}, not as Raman shift in cm-1"
    if unit == "cm-1" and axis.min() < 5000:
        return None
    return doubt


def _doubt_converted(axis, laser_nm):
    if 0 < axis.max() <= _LARGEST_SHIFT:
        return None
    return (
        f"{axis.min():g} to {axis.max():g} cm-1 is unusual for Raman shifts, so "
        f"laser_nm={laser_nm:g} may not be the laser's line"
    )


def natural_key(text):
    """Sort "a2" before "a10"."""
    parts = re.split(r"(\d+)", str(text).casefold())
    return [int(p) if i % 2 else p for i, p in enumerate(parts)], str(text)
