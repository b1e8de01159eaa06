"""Renishaw's .wdf, read by the package renishaw-wdf."""

import numpy as np

from sklearn_raman.datasets._errors import ReadingError


def read_wdf(wdf, path):
    """Read a Renishaw file: one spectrum, a series or a map with coordinates."""
    units = {"RamanShift": "cm-1", "Nanometre": "nm", "ElectronVolt": "eV"}
    _check_blocks(path)
    with wdf.Wdf(str(path)) as file:
        if file.hdr.flags & (wdf.WdfFlags.Multitrack | wdf.WdfFlags.XYXY):
            raise ReadingError(
                "the file holds several detector tracks, each with an axis of its own; "
                "expected one axis. Export it as text."
            )
        _check_counts(file.hdr, file.find_section(wdf.WdfBlockId.DATA)[0])
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


def _check_blocks(path):
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


def _check_counts(header, block):
    """Refuse numbers of points and spectra that do not fit the block of spectra."""
    n_values = (block.size - 16) // 4
    n_points = header.npoints
    if not header.ncollected:
        raise ReadingError("no spectrum was measured; expected one or more.")
    fits = n_values in (header.nspectra * n_points, header.ncollected * n_points)
    if not n_points or not fits:
        raise ReadingError(
            f"the header states {header.nspectra} spectra of {n_points} points, "
            f"{header.ncollected} of them measured, but {n_values} intensities follow. "
            "Export the spectra as text."
        )
    if header.xlistcount != n_points:
        raise ReadingError(
            f"the axis has {header.xlistcount} points but the spectra have {n_points}."
        )


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
