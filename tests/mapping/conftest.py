"""A small map of three substances, and Pipelines that know them."""

import numpy as np
import pytest
import xarray as xr
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.preprocessing import AIRPLS, SNV, WavenumberCrop

NAMES = np.array(["lipid", "protein", "water"])


@pytest.fixture(scope="session")
def simulated():
    """Spectra to fit, their classes, and the spectra of a map of 7 x 9 pixels."""
    X, y = make_raman_spectra(
        60 + 63,
        n_classes=3,
        wavenumbers=(400.0, 800.0, 4.0),
        as_frame=True,
        random_state=0,
    )
    X = X.astype(np.float32)
    order = np.random.default_rng(0).permutation(len(X))
    train, pixels = order[:60], order[60:]
    return X.iloc[train], NAMES[y.iloc[train]], X.iloc[pixels].reset_index(drop=True)


@pytest.fixture(scope="session")
def model(simulated):
    X, y, _ = simulated
    steps = WavenumberCrop(region=(420, 780)), AIRPLS(lam=1e4), SNV()
    return make_pipeline(*steps, PLSLDA(n_components=6)).fit(X, y)


@pytest.fixture
def pixels(simulated):
    """Spectra of the map as a table, in the order of the pixels."""
    return simulated[2].copy()


@pytest.fixture
def cube(pixels):
    """The map, with coordinates."""
    return xr.DataArray(
        pixels.to_numpy().reshape(7, 9, -1).copy(),
        dims=("y", "x", "wavenumber"),
        coords={
            "y": ("y", 2.0 * np.arange(7), {"units": "um"}),
            "x": ("x", 2.0 * np.arange(9), {"units": "um"}),
            "wavenumber": ("wavenumber", pixels.columns.astype(float)),
            "time": (("y", "x"), np.arange(63.0).reshape(7, 9)),
            "sample": "A1",
        },
    )
