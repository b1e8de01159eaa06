"""Do maps come back to the raw axis at the right place? For bench_explain."""

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.inspection import explain_pipeline
from sklearn_raman.preprocessing import (
    AIRPLS,
    SpectrumMinMaxScaler,
    WavenumberCrop,
    WavenumberResampler,
)

TOLERANCE = 8.0
MAPS = {
    "contribution": {},
    "contribution, interpolated": {"upsample": "linear"},
    "integrated_gradients": {"method": "integrated_gradients"},
}


def simulate(seed, n_per_class=60):
    """Return raw spectra with backgrounds, classes, axis and true wavenumbers.

    One line tells the class, three as high do not; points get closer along the axis
    (2.6 to 1.4 cm-1), as behind a grating.
    """
    rng = np.random.default_rng(seed)
    centers = np.array([150, 400, 650])
    X, y = make_lorentzian_spectra(
        n_per_class,
        centers=centers,
        fwhm=6,
        n_points=800,
        n_distractors=3,
        random_state=seed,
    )
    t = np.linspace(0, 1, 800)
    size = rng.uniform(0.5, 1.5, (len(X), 3))
    hump = size[:, :1] * np.exp(-(((t - 0.2 - 0.3 * size[:, 1:2]) / 0.5) ** 2))
    axis = 210.7 + np.cumsum(np.linspace(2.6, 1.4, 800))
    return 1000 * (X + hump + size[:, 2:] * t / 2), y, axis, axis[centers[y]]


def carried(name, network, seed, *, step=2.0, n_per_class=60):
    """Fit a Pipeline on two thirds; return how often maps of the rest peak right."""
    X, y, axis, true = simulate(seed, n_per_class)
    test = np.arange(len(X)) % 3 == 0
    low, high = axis[20], axis[-20]
    model = make_pipeline(
        WavenumberCrop(region=(low, high), wavenumbers=axis),
        WavenumberResampler(target_wavenumbers=(np.ceil(low), high - 1, step)),
        AIRPLS(lam=1e4),
        SpectrumMinMaxScaler(),
        network,
    )
    model.set_output(transform="pandas").fit(X[~test], y[~test])
    rows = []
    for label, settings in MAPS.items():
        maps = explain_pipeline(model, X[test], y[test], mode="density", **settings)
        distance = np.abs(axis[maps.argmax(axis=1)] - true[test])
        rows.append(
            {
                "network": name,
                "map": label,
                "step": step,
                "seed": seed,
                "within": (distance <= TOLERANCE).mean(),
                "accuracy": model.score(X[test], y[test]),
            }
        )
    return pd.DataFrame(rows)
