"""
What is where on this map?
==========================

A model learns four kinds of tissue from pixels of one map and names those of another:
labels, probabilities and, for each kind, the mean spectrum in the colors of its map.
"""

# %%
# Two simulated maps with coordinates, as a microscope gives them. Patches of four
# kinds; each pixel has its own band heights, background and noise.
import numpy as np
import xarray as xr
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.mapping import (
    apply_pipeline,
    plot_labels,
    plot_overview,
    plot_scores,
    sample_spectra,
)
from sklearn_raman.neural_network import GAPCNNClassifier
from sklearn_raman.preprocessing import AIRPLS, SNV

KINDS = np.array(["epithelium", "lipid", "necrosis", "stroma"])
n_y, n_x = 48, 72
X, y = make_raman_spectra(
    4 * n_y * n_x,
    n_classes=4,
    similarity=0.75,
    wavenumbers=(500.0, 1700.0, 6.0),
    photons=80,
    as_frame=True,
    random_state=0,
)
pool = [X[y == kind].to_numpy(dtype=np.float32) for kind in range(4)]


def make_map(seed):
    """Return a map, and the kind of each of its pixels."""
    rng = np.random.default_rng(seed)
    down, along = np.mgrid[0:n_y, 0:n_x]
    fields = np.zeros((4, n_y, n_x))
    for field in fields:
        for a, b, phase in rng.normal(0, (0.12, 0.12, 3), (9, 3)):
            field += np.cos(a * down + b * along + phase)
    kinds = fields.argmax(axis=0)
    spectra = np.empty((n_y, n_x, X.shape[1]), np.float32)
    for kind in range(4):
        where = kinds == kind
        own = pool[kind][seed::2]  # no spectrum is on both maps
        spectra[where] = own[rng.integers(len(own), size=where.sum())]
    coords = {
        "y": ("y", 0.5 * np.arange(n_y), {"units": "µm"}),
        "x": ("x", 0.5 * np.arange(n_x), {"units": "µm"}),
        "wavenumber": ("wavenumber", X.columns.astype(float), {"units": "cm-1"}),
    }
    cube = xr.DataArray(spectra, dims=("y", "x", "wavenumber"), coords=coords)
    return cube, KINDS[kinds]


first, truth = make_map(0)
second, expected = make_map(1)

# %%
# The model learns from 400 pixels of the first map: the same number of each kind,
# drawn at random.
sample = sample_spectra(first, 400, stratify=truth, random_state=0)
network = GAPCNNClassifier(max_epochs=15, random_state=0)
model = make_pipeline(AIRPLS(lam=1e4), SNV(), network)
model.fit(sample.data, sample.target)

# %%
# Nothing is computed before it is asked for; then dask works on several blocks at a
# time. A ``store`` would write the results to disk, block by block.
maps = apply_pipeline(model, second, output=("label", "proba", "class_means"))
maps = maps.compute()
figure = plot_overview(maps)
right = maps["class"].values[maps.label] == expected
print(f"{right.mean():.1%} of the pixels are named right")

# %%
# How sure is it of each kind?
scores = plot_scores(maps)

# %%
# Where it is not sure, it need not answer: a mask takes such pixels out.
doubtful = maps.proba.max("class") < 0.8
labels = maps.label.where(~doubtful, -1).astype(int)
labels.attrs = maps.label.attrs
sure = plot_labels(maps.assign(label=labels))
print(f"{float(doubtful.mean()):.1%} are doubtful")
print(f"{right[~doubtful.values].mean():.1%} of the others are named right")
