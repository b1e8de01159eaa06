"""Spectra with a background, and how far results lie apart."""

import numpy as np
import pytest

from sklearn_raman.datasets import make_raman_spectra


@pytest.fixture(scope="module")
def raw():
    """70 spectra with fluorescence and shot noise, counts."""
    return make_raman_spectra(
        70, wavenumbers=(400.0, 1000.0, 2.0), spike_rate=0, random_state=0
    )[0]


def difference(found, expected, spectra):
    """Largest difference over the range of each spectrum."""
    return (np.abs(found - expected).max(axis=1) / np.ptp(spectra, axis=1)).max()
