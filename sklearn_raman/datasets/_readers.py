"""Instruments' own formats, read by packages that are kept for them (extra `files`).

Each reader takes the package and a path and returns `(spectra, unit, facts)`: a list
of `(axis, intensities, name, metadata)`, the unit of the axis as the file states it
("cm-1", "nm", "eV" or None), and what goes into the description.
"""

import re
from functools import partial
from importlib import import_module
from pathlib import Path

from sklearn_raman._utils._suffixes import TEXT_SUFFIXES
from sklearn_raman.datasets._errors import ReadingError
from sklearn_raman.datasets._jcamp import read_jcamp
from sklearn_raman.datasets._opus import read_opus
from sklearn_raman.datasets._spc import read_spc
from sklearn_raman.datasets._wdf import read_wdf


def find_reader(path):
    """Return the reader of a file by its suffix, or None for text."""
    suffix = Path(path).suffix.lower()
    if suffix in _REFUSED:
        raise ReadingError(f"{suffix} files are not read: {_REFUSED[suffix]}")
    for pattern, read, *needed in _READERS:
        if re.fullmatch(pattern, suffix):
            return partial(_read, read, needed)
    return None


def _read(read, needed, path):
    """Read a file with its package."""
    return read(_import_package(*needed), path)


def _import_package(module, package, format):
    """Import a reading package, or say what to install."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise ImportError(
            f"{format} files need the package {package}, which is not installed: "
            f"pip install 'sklearn-raman[files]' brings it, or pip install {package}. "
            "Or export the spectra as text."
        ) from error


_READERS = (
    (r"\.wdf", read_wdf, "wdf", "renishaw-wdf", ".wdf"),
    (r"\.spc", read_spc, "spc_io", "spc-io", ".spc"),
    (r"\.\d{1,4}", read_opus, "brukeropus", "brukeropus", "OPUS"),
    (r"\.(jdx|dx|jcm|jcamp)", read_jcamp, "jcamp", "jcamp", "JCAMP-DX"),
)

_WITEC = "save the spectra as ASCII in WITec Project and read the text files."
_SHEET = (
    "save the sheet as .csv, or pass pandas.read_excel(path, header=None) to "
    "read_spectra_table."
)
_REFUSED = {
    ".wip": _WITEC,
    ".wid": _WITEC,
    ".l6s": "save the spectra as .txt in LabSpec 6.",
    ".l6m": "save the map as .txt in LabSpec 6 and read it with read_spectra_table.",
    ".ngs": "save the spectra as .txt in LabSpec 5.",
    ".sif": "export the spectra as .asc in Andor Solis.",
    ".spe": "export the spectra as .csv in LightField or WinSpec.",
    ".xls": _SHEET,
    ".xlsx": _SHEET,
    ".ods": _SHEET,
    ".mat": "pass arrays; scipy.io.loadmat reads such files.",
    ".npy": "numpy.load reads such files; they hold no axis.",
    ".npz": "numpy.load reads such files.",
    ".pkl": "a pickle runs code when it is read.",
    ".pickle": "a pickle runs code when it is read.",
}


def is_spectrum_suffix(suffix):
    """Tell whether files with this suffix are read when a folder is given."""
    suffix = suffix.lower()
    return suffix in TEXT_SUFFIXES or any(re.fullmatch(p, suffix) for p, *_ in _READERS)
