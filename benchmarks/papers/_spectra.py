"""Spectra that are not part of the project, from files or an extra; lines, likeness."""

from pathlib import Path

import numpy as np
from scipy.signal import find_peaks

from benchmarks.papers._paper import MissingData
from sklearn_raman.datasets import fetch_rruff

PROMINENCE = 0.05  # of a line, as a part of the spectrum's range
AMINO_ACIDS, MEAT = "amino_acids6.npz", "meat_mir.npz"
_SOURCES = {
    AMINO_ACIDS: (
        "785 nm Raman spectra of six amino acids and relatives published by MIT, ten "
        "repeats of one sample each; arrays X (60, 1024), y (60,) of names, axis "
        "(1024,) in cm-1, rising."
    ),
    MEAT: (
        "mid-infrared spectra of the Quadram Institute's example data sets (Al-Jowder, "
        "Kemsley and Wilson 1997), free to use if it is cited; arrays X (120, 448), y "
        "(120,) of str, axis (448,) in cm-1, group (120,), the sample of each spectrum."
    ),
}


def spectra_file(folder, name):
    """Return the path of a file in the folder of the user.

    Raises `MissingData`, which says what belongs in it, and where it comes from.
    """
    path = Path(folder or "") / name
    if folder is None or not path.exists():
        raise MissingData(f"needs {name} in the folder of --folder: {_SOURCES[name]}")
    return path


def rruff(**options):
    """Return what `fetch_rruff` does; raises `MissingData` without its extra."""
    try:
        return fetch_rruff(**options)
    except ImportError as error:
        text = "needs the extra rruff: pip install 'sklearn-raman[rruff]'"
        raise MissingData(text) from error


def lines_of(wavenumbers, spectrum, prominence=PROMINENCE):
    """Return the positions of the lines of a spectrum with little noise."""
    peaks, _ = find_peaks(spectrum, prominence=prominence * np.ptp(spectrum))
    return wavenumbers[peaks]


def correlation(a, b):
    """Correlate rows of two arrays, or with a single one; 0 for constant rows."""
    a, b = (x - x.mean(axis=-1, keepdims=True) for x in (a, b))
    norm = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return (a * b).sum(axis=-1) / np.where(norm > 0, norm, 1)
