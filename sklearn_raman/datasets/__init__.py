"""Spectra to try things on: bundled minerals, the RRUFF library, simulated spectra."""

from sklearn_raman.datasets._minerals import fetch_rruff, load_minerals
from sklearn_raman.datasets._simulated import (
    make_lorentzian_spectra,
    make_mixtures,
    make_raman_spectra,
)

__all__ = [
    "fetch_rruff",
    "load_minerals",
    "make_lorentzian_spectra",
    "make_mixtures",
    "make_raman_spectra",
]
