"""Galactic's (GRAMS, Thermo) .spc, read by the package spc-io."""

import io

import numpy as np

from sklearn_raman._utils._wavenumbers import unit_of_heading
from sklearn_raman.datasets._errors import ReadingError

_FLOATS = -0x80  # an exponent that stands for numbers that need none


def read_spc(spc_io, path):
    """Read a Galactic GRAMS (Thermo) file, with one spectrum or several."""
    units = {"XRAMANS": "cm-1", "XWAVEN": "cm-1", "XNMETR": "nm", "XEV": "eV"}
    file = _Tracked(path.read_bytes())
    raw = spc_io.SpcRaw.from_bytes_io(file)  # SPC sorts the spectra
    if n_left := len(file.rest.strip(b"\x00")):
        raise ReadingError(
            f"{n_left} bytes are left behind the spectra, as if the header stated too "
            "few points. Export the spectra as text."
        )
    header = raw.main_header
    shared = raw.xarray
    if shared is None:
        shared = np.linspace(header.ffirst, header.flast, header.fnpts)
    items = []
    for number, sub in enumerate(raw.subs):
        axis = shared if sub.xarray is None else sub.xarray
        coordinates = {"w": sub.w, "z": sub.z} if len(raw.subs) > 1 else {}
        items.append(
            (
                np.array(axis, dtype=np.float64),
                _scale(sub, header),
                str(number) if len(raw.subs) > 1 else None,
                {k: float(v) for k, v in coordinates.items() if v is not None},
            )
        )
    label = header.fcatxt.decode("latin-1").strip() if header.ftflgs.TALABS else ""
    if label:  # the file says that it counts, not the type
        unit, facts = unit_of_heading(label), {"x label": label}
    else:
        kind = str(header.fxtype)
        unit = units.get(kind, None if kind == "XARB" else kind)
        facts = {"x type": kind}
    return items, unit, {"format": "GRAMS .spc"} | facts


def _scale(sub, header):
    """Return intensities, scaled by the exponent of the file if it holds one spectrum.

    The package takes that of the sub-header, which only files of several spectra use.
    """
    y = np.array(sub.yarray, dtype=np.float64)
    if header.ftflgs.TMULTI or header.fexp == _FLOATS:
        return y
    if sub.header.subexp == _FLOATS:
        raise ReadingError(
            f"the header states integers (exponent {header.fexp}), and that of the "
            "spectrum floating-point numbers. Export the spectrum as text."
        )
    return y * 2.0 ** (header.fexp - sub.header.subexp)


class _Tracked(io.BytesIO):
    """Remembers what a reader found left when it had what it needed."""

    rest = b""

    def read(self, size=-1):
        found = super().read(size)
        if size is None or size < 0:
            self.rest = found
        return found
