"""
Does a map hold something that the model never learned?
=======================================================

A classifier names one of its classes for every pixel: for the dust on the sample, the
edge where there is no sample, the pixel that a cosmic ray or too much light spoiled.
A detector around it leaves such pixels "unknown", and a map of novelty shows them.
"""

# %%
# A simulated tablet of three substances that are known. On the map there are also a
# grain of a fourth one, a corner of nothing but background, and a row that was not
# measured.
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.mapping import apply_pipeline, plot_labels, plot_scores
from sklearn_raman.preprocessing import AIRPLS, SNV
from sklearn_raman.uncertainty import SpectralNoveltyDetector

NAMES = np.array(["binder", "drug", "filler"])
n_y, n_x = 30, 45
X, y = make_raman_spectra(
    8000,
    n_classes=4,
    wavenumbers=(300.0, 1300.0, 5.0),
    photons=150,
    spike_rate=0,
    as_frame=True,
    random_state=0,
)
rng = np.random.default_rng(0)
down, along = np.mgrid[0:n_y, 0:n_x]
kind = (along + 4 * np.sin(down / 5) > 16).astype(int) + (along + down / 3 > 35)
kind[(down - 20) ** 2 + (along - 12) ** 2 < 16] = 3  # the grain
values = X.to_numpy(dtype=np.float32)
spectra = np.empty((n_y, n_x, X.shape[1]), np.float32)
for k in range(4):
    own = values[::2][y[::2] == k]
    spectra[kind == k] = own[rng.integers(len(own), size=(kind == k).sum())]
spectra[:6, -9:] = rng.normal(300, 17, (6, 9, X.shape[1]))  # no sample
spectra[27] = np.nan  # not measured
cube = xr.DataArray(
    spectra,
    dims=("y", "x", "wavenumber"),
    coords={
        "y": ("y", 2.0 * np.arange(n_y), {"units": "µm"}),
        "x": ("x", 2.0 * np.arange(n_x), {"units": "µm"}),
        "wavenumber": ("wavenumber", X.columns.astype(float), {"units": "cm-1"}),
    },
)

# %%
# The detector wraps the Pipeline; it learns from held-out spectra how strange known
# ones are. Here each spectrum is of a sample of its own; yours come with groups.
train = (np.arange(len(X)) % 20 == 1) & (y < 3)  # none of them is on the map
model = make_pipeline(AIRPLS(lam=1e4), SNV(), PLSLDA(n_components=8))
detector = SpectralNoveltyDetector(
    model, false_alarm_rate=0.01, grouped=False, random_state=0
)
detector.fit(X[train], NAMES[y[train]])
outputs = ("label", "proba", "novelty")
maps = apply_pipeline(detector, cube, output=outputs).compute()

# %%
# Left, what the classifier alone would say: it gives the grain and the empty corner the
# name of something. Right, what is left when the detector has its say.
alone = apply_pipeline(detector.estimator_, cube).compute()
figure, axes = plt.subplots(1, 2, figsize=(10.5, 3.4))
answers = {"the classifier alone": alone, "with a detector": maps}
for ax, (title, found) in zip(axes, answers.items(), strict=True):
    plot_labels(found, ax=ax)
    ax.set_title(title, loc="left")

# %%
# The map of novelty tells how strange a pixel is: 0.99 is stranger than 99 % of known
# spectra. The status says why a pixel has no label.
figure, axes = plt.subplots(1, 2, figsize=(10.5, 3.4))
plot_scores(maps, "novelty", ax=axes[0])
plot_scores(maps, "status", ax=axes[1])
plt.show()

# %%
grain = (kind == 3) & (maps.status.values != 1)
empty = np.zeros_like(grain)
empty[:6, -9:] = True
rest = (maps.status.values != 1) & ~grain & ~empty
for name, where in {"grain": grain, "empty": empty, "known": rest}.items():
    print(f"{name}: {(maps.label.values[where] == -1).mean():.1%} called unknown")
