"""Instruments' own formats, read by packages that are kept for them (extra `files`).

Each reader takes a path and returns `(spectra, unit, facts)`: a list of `(axis,
intensities, name, metadata)`, the unit of the axis as the file states it ("cm-1", "nm",
"eV" or None), and what goes into the description.
"""

import contextlib
import io
import re
from importlib import import_module
from pathlib import Path

import numpy as np

from sklearn_raman._utils._suffixes import TEXT_SUFFIXES
from sklearn_raman._utils._wavenumbers import unit_of_heading
from sklearn_raman.datasets._text import ReadingError, decode, split_lines


def find_reader(path):
    """Return the reader of a file by its suffix, or None for text."""
    suffix = Path(path).suffix.lower()
    if suffix in _REFUSED:
        raise ReadingError(f"{suffix} files are not read: {_REFUSED[suffix]}")
    for pattern, reader in _READERS:
        if re.fullmatch(pattern, suffix):
            return reader
    return None


def _import_reader(module, package, suffix):
    """Import a reading package, or say what to install."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise ImportError(
            f"{suffix} files need the package {package}, which is not installed: "
            f"pip install 'sklearn-raman[files]' brings it, or pip install {package}. "
            "Or export the spectra as text."
        ) from error


def _read_wdf(path):
    """Read a Renishaw file: one spectrum, a series or a map with coordinates."""
    wdf = _import_reader("wdf", "renishaw-wdf", ".wdf")
    units = {"RamanShift": "cm-1", "Nanometre": "nm", "ElectronVolt": "eV"}
    _check_wdf(path)
    with wdf.Wdf(str(path)) as file:
        if file.hdr.flags & (wdf.WdfFlags.Multitrack | wdf.WdfFlags.XYXY):
            raise ReadingError(
                "the file holds several detector tracks, each with an axis of its own; "
                "expected one axis. Export it as text."
            )
        xlist = file.xlist()
        axis = np.asarray(xlist, dtype=np.float64)
        n_spectra = min(file.hdr.ncollected, file.hdr.nspectra)
        spectra = [np.asarray(file[i], dtype=np.float64) for i in range(n_spectra)]
        origins = _read_origins(file, n_spectra)
    names = [str(i) for i in range(n_spectra)] if n_spectra > 1 else [None]
    items = [
        (axis, y, name, {key: values[i] for key, values in origins.items()})
        for i, (y, name) in enumerate(zip(spectra, names, strict=True))
    ]
    facts = {"format": "Renishaw .wdf"}
    if n_spectra < file.hdr.nspectra:
        facts["not measured"] = f"{file.hdr.nspectra - n_spectra} planned spectra"
    unit = xlist.units.name
    return items, units.get(unit, None if unit == "Arbitrary" else unit), facts


def _check_wdf(path):
    """Refuse a file whose blocks do not fill it; the package would look for ever."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        if file.read(4) != b"WDF1":
            raise ReadingError("the file does not begin as a .wdf file does.")
        position = 0
        while position < size:
            file.seek(position)
            start = file.read(16)
            length = int.from_bytes(start[8:16], "little")
            if len(start) < 16 or length < 16 or position + length > size:
                raise ReadingError(
                    f"the block at byte {position} of {size} is not complete: was the "
                    "file copied completely?"
                )
            position += length


def _read_origins(file, n_spectra):
    """Return what a Renishaw file keeps for each spectrum: x, y, z and time."""
    wanted = {"Spatial_X": "x", "Spatial_Y": "y", "Spatial_Z": "z", "Time": "time"}
    try:
        origins = file.origins
    except EOFError:  # a single spectrum may have none
        return {}
    return {
        wanted[kind.name]: list(origin[0:n_spectra])
        for kind, origin in origins.items()
        if kind.name in wanted and n_spectra > 0
    }


def _read_spc(path):
    """Read a Galactic GRAMS (Thermo) file, with one spectrum or several."""
    spc_io = _import_reader("spc_io", "spc-io", ".spc")
    units = {"XRAMANS": "cm-1", "XWAVEN": "cm-1", "XNMETR": "nm", "XEV": "eV"}
    file = _Tracked(path.read_bytes())
    spc = spc_io.SPC.from_bytes_io(file)
    if n_left := len(file.rest.strip(b"\x00")):
        raise ReadingError(
            f"{n_left} bytes are left behind the spectra, as if the header stated too "
            "few points. Export the spectra as text."
        )
    items = []
    for number, part in enumerate(spc):
        coordinates = {key: getattr(part, key) for key in ("w", "z")}
        items.append(
            (
                np.array(part.xarray, dtype=np.float64),
                np.array(part.yarray, dtype=np.float64),
                str(number) if len(spc) > 1 else None,
                {k: float(v) for k, v in coordinates.items() if v is not None}
                if len(spc) > 1
                else {},
            )
        )
    unit = units.get(spc.xtype, None if spc.xtype == "XARB" else spc.xtype)
    return items, unit, {"format": "GRAMS .spc", "x type": spc.xtype}


class _Tracked(io.BytesIO):
    """Remembers what a reader found left when it had what it needed."""

    rest = b""

    def read(self, size=-1):
        found = super().read(size)
        if size is None or size < 0:
            self.rest = found
        return found


def _read_opus(path):
    """Read a Bruker OPUS file: its Raman spectrum, or the only spectrum it holds."""
    brukeropus = _import_reader("brukeropus", "brukeropus", "OPUS")
    file = brukeropus.read_opus(str(path))
    if not file.is_opus:
        raise ReadingError(
            "the suffix says Bruker OPUS, but the file does not begin as one does. "
            "Rename text files to .txt."
        )
    keys = [key for key in file.data_keys if key.startswith("ra")] or [
        key for key in file.data_keys if not re.match(r"(ig|ph)|.*rf$", key)
    ]
    if len(keys) != 1:
        raise ReadingError(
            f"the file holds the data blocks {file.all_data_keys}; expected one Raman "
            "spectrum. Export the one that is meant as text."
        )
    block = getattr(file, keys[0])
    known = {"WN": "cm-1", "RSH": "cm-1", "MI": "micrometers"}
    unit = known.get(block.dxu, block.dxu)
    facts = {"format": "Bruker OPUS", "block": block.label, "x unit": block.dxu}
    axis = np.array(block.x, dtype=np.float64)
    return [(axis, np.array(block.y, dtype=np.float64), None, {})], unit, facts


def _read_jcamp(path):
    """Read a JCAMP-DX file, with one spectrum or several linked ones."""
    jcamp = _import_reader("jcamp", "jcamp", "JCAMP-DX")
    text, _ = decode(path.read_bytes())
    lines = [line.partition("$$")[0] for line in split_lines(text)]  # no comments
    n_tables = _check_jcamp(lines)
    printed = io.StringIO()  # the package prints what does not add up
    with contextlib.redirect_stdout(printed):
        content = jcamp.read(lines)
    if printed.getvalue():
        raise ReadingError(
            f"the package jcamp reports: {' '.join(printed.getvalue().split())}"
        )
    parts = content.get("children") or [content]
    if n_tables > len(parts):
        raise ReadingError(
            f"{n_tables} tables of points in {len(parts)} blocks; expected one in each "
            "block, and several blocks in one of DATA TYPE=LINK."
        )
    items = []
    for part in parts:
        if not len(part.get("x", ())):
            raise ReadingError("a block without XYDATA; expected a spectrum in each.")
        if "npoints" not in part:
            raise ReadingError("a block without NPOINTS, the number of its points.")
        name = str(part.get("title", "")) or None
        axis = np.asarray(part["x"], dtype=np.float64)
        intensities = np.asarray(part["y"], dtype=np.float64)
        n_stated = part["npoints"]
        if n_stated != len(axis):
            raise ReadingError(
                f"the header states {n_stated} points and {len(axis)} follow: was the "
                "file copied completely?"
            )
        items.append((axis, intensities, name if len(parts) > 1 else None, {}))
    stated = str(parts[0].get("xunits", "")).lower()
    known = {"1/cm": "cm-1", "nanometers": "nm", "": None, "arbitrary units": None}
    unit = known.get(stated, unit_of_heading(stated) or stated)
    facts = {"format": "JCAMP-DX", "x unit": stated or "not stated"}
    return (
        items,
        unit,
        facts | {"data type": str(parts[0].get("data type", "")).lower()},
    )


def _check_jcamp(lines):
    """Refuse what the package would read in part; return the number of tables."""
    labels = [
        line[2:].partition("=")[0].strip().upper()
        for line in lines
        if line.startswith("##")
    ]
    if labels.count("END") < max(1, labels.count("TITLE")):
        raise ReadingError(
            "a block has no end (##END=): was the file copied completely?"
        )
    if "PEAK TABLE" in labels:
        raise ReadingError("the file holds a list of peaks; expected a spectrum.")
    return labels.count("XYDATA") + labels.count("XYPOINTS")


_READERS = (
    (r"\.wdf", _read_wdf),
    (r"\.spc", _read_spc),
    (r"\.\d{1,4}", _read_opus),
    (r"\.(jdx|dx|jcm|jcamp)", _read_jcamp),
)

_WITEC = "save the spectra as ASCII in WITec Project and read the text files."
_REFUSED = {
    ".wip": _WITEC,
    ".wid": _WITEC,
    ".l6s": "save the spectra as .txt in LabSpec 6.",
    ".l6m": "save the map as .txt in LabSpec 6 and use read_spectra_table.",
    ".ngs": "save the spectra as .txt in LabSpec 5.",
    ".sif": "export the spectra as .asc in Andor Solis.",
    ".spe": "export the spectra as .csv in LightField or WinSpec.",
    ".xls": "save the sheet as .csv, or pass pandas.read_excel(path) to "
    "read_spectra_table.",
    ".xlsx": "save the sheet as .csv, or pass pandas.read_excel(path) to "
    "read_spectra_table.",
    ".mat": "pass arrays; scipy.io.loadmat reads such files.",
    ".npy": "numpy.load reads such files; they hold no axis.",
    ".npz": "numpy.load reads such files.",
    ".pkl": "a pickle runs code when it is read.",
    ".pickle": "a pickle runs code when it is read.",
}


def is_spectrum_suffix(suffix):
    """Tell whether files with this suffix are read when a folder is given."""
    suffix = suffix.lower()
    return suffix in TEXT_SUFFIXES or any(re.fullmatch(p, suffix) for p, _ in _READERS)
