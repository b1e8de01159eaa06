"""Spectra to try things on: bundled minerals, the RRUFF library, simulated spectra."""

from sklearn_raman.datasets._minerals import load_minerals
from sklearn_raman.datasets._mixtures import make_mixtures
from sklearn_raman.datasets._rruff import fetch_rruff
from sklearn_raman.datasets._simulated import make_lorentzian_spectra
from sklearn_raman.datasets._simulated_raman import make_raman_spectra

__all__ = [
    "fetch_rruff",
    "load_minerals",
    "make_lorentzian_spectra",
    "make_mixtures",
    "make_raman_spectra",
]
