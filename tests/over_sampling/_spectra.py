"""Spectra for tests of samplers."""

import numpy as np

from sklearn_raman.datasets import make_raman_spectra


def simulate(sizes, n_points=200, seed=0):
    sizes = np.array(sizes)
    return make_raman_spectra(
        sizes.sum(),
        n_classes=len(sizes),
        weights=sizes / sizes.sum(),
        wavenumbers=(400.0, 400.0 + 2 * (n_points - 1), 2.0),
        spike_rate=0,
        random_state=seed,
    )
