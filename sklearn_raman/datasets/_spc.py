"""Galactic's (GRAMS, Thermo) .spc, read by the package spc-io."""

import io

import numpy as np

from sklearn_raman.datasets._text import ReadingError


def read_spc(spc_io, path):
    """Read a Galactic GRAMS (Thermo) file, with one spectrum or several."""
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
