"""
Where on my raw spectrum did the model look?
============================================

The classifier at the end of a Pipeline never sees the raw axis: it gets cropped,
corrected, resampled, scaled spectra. ``explain_pipeline`` walks a map back through
every step, onto the columns that the spectrometer wrote.
"""

# %%
# Raw spectra with fluorescence and cosmic rays on an axis of 1.5 cm-1; two substances
# that share six of eight bands. The truth is known.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import explain_pipeline
from sklearn_raman.preprocessing import (
    AIRPLS,
    SNV,
    Despiker,
    WavenumberCrop,
    WavenumberResampler,
)

X, y, truth = make_raman_spectra(
    300,
    similarity=0.75,
    spike_rate=0.5,
    wavenumbers=(300.0, 1900.0, 1.5),
    as_frame=True,
    return_truth=True,
    random_state=7,
)
train, test = train_test_split(np.arange(300), stratify=y, random_state=0)
model = make_pipeline(
    Despiker(),
    AIRPLS(lam=1e5),
    WavenumberCrop(region=(350, 1850)),
    WavenumberResampler(target_wavenumbers=(360, 1840, 4)),
    SNV(),
    PLSLDA(n_components=4),
)
model.fit(X.iloc[train], y.iloc[train])
print(f"accuracy: {model.score(X.iloc[test], y.iloc[test]):.2f}")

# %%
# The mean map of each class, once on what the classifier is given and once on the raw
# axis. Dotted: bands that only this class has.
figure, grid = plt.subplots(2, 2, figsize=(9.8, 5.2), sharex=True)
for column, label in enumerate([0, 1]):
    rows = test[y.iloc[test] == label]
    for ax, space in zip(grid[:, column], ["model", "input"], strict=True):
        maps, info = explain_pipeline(
            model, X.iloc[rows], label, space=space, mode="density", return_info=True
        )
        mean = np.mean(info["spectra"], axis=0)
        mean = (mean - mean.min()) / np.ptp(mean)
        used = np.mean(maps, axis=0)
        axis = info["wavenumbers"]
        ax.fill_between(axis, mean, color="#8a94a3", alpha=0.5, lw=0)
        ax.plot(axis, used / np.abs(used).max(), color="#d55e00", lw=1.2)
        for band in truth.class_positions[label][truth.n_shared :]:
            ax.axvline(band, color="#1f2933", ls=":", lw=1)
        ax.set_yticks([])
        what = "what the classifier sees" if space == "model" else "the raw spectrum"
        ax.set_title(f"class {label}, on {what}", fontsize=10)
for ax in grid[-1]:
    ax.set_xlabel("Raman shift (cm$^{-1}$)")
figure.suptitle("gray: mean spectrum   orange: map   dotted: bands of this class only")
plt.show()

# %%
# Why is there a map where the spectrum has no band? The missing bands of the other
# class speak for this one, as much as its own bands do. Contributions are differences
# from the mean of the training spectra. Points that the crop removed are zero, since
# the model did not see them.
