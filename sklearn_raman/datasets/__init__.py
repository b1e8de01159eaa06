"""Spectra of your own from files, bundled minerals, the RRUFF library, simulations."""

from sklearn_raman.datasets._bands import annotate_bands, load_band_assignments
from sklearn_raman.datasets._files import load_spectra
from sklearn_raman.datasets._minerals import fetch_rruff, load_minerals
from sklearn_raman.datasets._simulated import (
    make_lorentzian_spectra,
    make_mixtures,
    make_raman_spectra,
)
from sklearn_raman.datasets._tables import read_spectra_table
from sklearn_raman.datasets._units import nm_to_wavenumber, wavenumber_to_nm

__all__ = [
    "annotate_bands",
    "fetch_rruff",
    "load_band_assignments",
    "load_minerals",
    "load_spectra",
    "make_lorentzian_spectra",
    "make_mixtures",
    "make_raman_spectra",
    "nm_to_wavenumber",
    "read_spectra_table",
    "wavenumber_to_nm",
]


def __dir__():
    return __all__
