"""Reading the RRUFF part of the Open Specy library, once, and keeping it as arrays."""

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklearn_raman._utils._whole_file import written_whole

LIBRARY_FILE = "raman_library.csv"
METADATA_FILE = "raman_metadata.csv"

# Of pyopenspecy 0.0.1. Another file could hold other spectra under the same names.
SOURCE_SHA256 = {
    LIBRARY_FILE: "0f8fc4bad315e4e41b69d3060db2964321d7ecd0319cd053449061c23a8ddbe2",
    METADATA_FILE: "eea48a32977a5d88078c5fa175c7034cb09d177f2dd452be925f892fab1553ce",
}


class RamanLibrary(NamedTuple):
    """Spectra of different lengths, end to end, sorted by mineral, crystal and number.

    Spectrum `i` lies in `wavenumbers[offsets[i]:offsets[i + 1]]` (cm-1, increasing) and
    the same part of `intensities`.
    """

    minerals: np.ndarray
    groups: np.ndarray
    spectrum_ids: np.ndarray
    offsets: np.ndarray
    wavenumbers: np.ndarray
    intensities: np.ndarray

    def spectrum(self, i):
        """Return the axis and the intensities of spectrum `i`."""
        part = slice(self.offsets[i], self.offsets[i + 1])
        return self.wavenumbers[part], self.intensities[part]

    def limits(self):
        """Return the first and the last measured wavenumber of each spectrum."""
        first, last = self.offsets[:-1], self.offsets[1:] - 1
        return self.wavenumbers[first], self.wavenumbers[last]


def load_library(data_home):
    """Return the library from its cache, which the first call builds.

    Parameters
    ----------
    data_home : str or path
        Existing folder; the cache lies in its subfolder "sklearn_raman".

    Returns
    -------
    RamanLibrary

    Raises
    ------
    ImportError
        If there is no cache yet and pyopenspecy is not installed.
    ValueError
        If a data file of pyopenspecy is not the expected one, or if the cache can't be
        read or does not hold what was written.
    """
    # Named after the data file it was made of: another one gets a cache of its own.
    name = f"rruff_{SOURCE_SHA256[LIBRARY_FILE][:12]}.npz"
    cache = Path(data_home) / "sklearn_raman" / name
    if not cache.exists():
        write_cache(cache, read_source(library_folder()))
    return read_cache(cache)


def library_folder():
    """Find the data files of pyopenspecy without importing it."""
    spec = find_spec("pyopenspecy")
    if spec is None:
        raise ImportError(
            "pyopenspecy, which brings the RRUFF spectra, is not installed. "
            "Install it with: pip install 'sklearn-raman[rruff]'"
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def read_source(folder):
    """Read the RRUFF spectra from the two csv files of pyopenspecy.

    Parameters
    ----------
    folder : Path
        Where the files are.

    Returns
    -------
    RamanLibrary
        Spectra in the order mineral, RRUFF id, number in the library. An entry of the
        metadata without any point in the library (chromatite) is left out.
    """
    keys = ["spectrum_identity", "rid", "sample_name"]
    meta = pd.read_csv(
        _checked_file(folder / METADATA_FILE),
        usecols=[*keys, "organization", "spectrum_id"],
    )
    meta = meta[meta["organization"] == "RRUFF"].sort_values(keys)
    points = pd.read_csv(
        _checked_file(folder / LIBRARY_FILE),
        usecols=["wavenumber", "intensity", "sample_name"],
    )
    # The points of different spectra are interleaved in the file.
    row = pd.Index(meta["sample_name"]).get_indexer(points["sample_name"])
    points, row = points[row >= 0], row[row >= 0]
    order = np.lexsort((points["wavenumber"], row))
    with_data, n_points = np.unique(row, return_counts=True)
    meta = meta.iloc[with_data]
    return RamanLibrary(
        minerals=np.asarray(meta["spectrum_identity"], dtype=str),
        groups=np.asarray(meta["rid"], dtype=str),
        spectrum_ids=np.asarray(meta["spectrum_id"], dtype=str),
        offsets=np.concatenate([[0], np.cumsum(n_points)]),
        wavenumbers=points["wavenumber"].to_numpy(dtype=np.float64)[order],
        intensities=points["intensity"].to_numpy(dtype=np.float64)[order],
    )


def _checked_file(path):
    """Return the content of a file as a stream, if it is the file we know."""
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    expected = SOURCE_SHA256[path.name]
    if found != expected:
        raise ValueError(
            f"{path} is not the file of pyopenspecy 0.0.1: its sha256 is {found}, "
            f"expected {expected}. Reinstall it with: "
            "pip install --force-reinstall --no-deps pyopenspecy==0.0.1"
        )
    return io.BytesIO(content)


def write_cache(path, library):
    """Write all arrays and their checksum; the file appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as unfinished, unfinished.open("xb") as file:
        np.savez(file, checksum=_checksum(library), **library._asdict())


def read_cache(path):
    """Read what `write_cache` wrote, or say which file is broken and what to do."""
    way_out = f"Delete {path}; the next call builds it again from pyopenspecy."
    try:
        with np.load(path, allow_pickle=False) as arrays:
            library = RamanLibrary(*(arrays[name] for name in RamanLibrary._fields))
            expected = str(arrays["checksum"])
    except Exception as error:  # numpy, zipfile and zlib raise a dozen kinds
        message = f"The cache {path} can't be read ({error}). {way_out}"
        raise ValueError(message) from error
    found = _checksum(library)
    if found != expected:
        raise ValueError(
            f"The cache {path} does not hold what was written: the checksum of its "
            f"arrays is {found}, expected {expected}. {way_out}"
        )
    return library


def _checksum(library):
    digest = hashlib.sha256()
    for array in library:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()
