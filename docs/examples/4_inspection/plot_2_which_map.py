"""
Which kind of map can I believe?
================================

There are a dozen ways to color a spectrum. On a test of Fukuhara et al. (2019) the
right answer is known: one band tells the class, three others of the same height stand
at random places. A map that colors all four says that bands are there, not why the
model decided.
"""

# %%
# 300 spectra of three classes, and a network with the settings of that paper.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.inspection import localization_score
from sklearn_raman.neural_network import CNNClassifier, paper_settings

X, y, truth = make_lorentzian_spectra(
    100,
    n_points=512,
    centers=(60, 250, 440),
    n_distractors=3,
    return_truth=True,
    random_state=0,
)
settings = paper_settings("fukuhara") | {"max_epochs": 60}
test = np.arange(len(X)) % 5 == 0
net = CNNClassifier(**settings, random_state=0).fit(X[~test], y[~test])
print(f"test spectra named correctly: {net.score(X[test], y[test]):.0%}")

# %%
# One spectrum of the test part in six kinds of maps. The band that decides is at 250,
# the dotted line.
methods = [
    "contribution",
    "integrated_gradients",
    "occlusion",
    "saliency",
    "grad_cam",
    "deconv",
]
row = np.flatnonzero(test & (y == 1) & (np.ptp(truth.distractors, axis=1) > 250))[0]
maps = {name: net.explain_(X[test], target=y[test], method=name) for name in methods}
shown = np.flatnonzero(test).tolist().index(row)
figure, panels = plt.subplots(6, 1, figsize=(8.2, 8), sharex=True)
for ax, (name, values) in zip(panels, maps.items(), strict=True):
    ax.fill_between(truth.channels, X[row], color="#8a94a3", alpha=0.45, lw=0)
    scale = np.abs(values[shown]).max()
    ax.plot(truth.channels, values[shown] / scale, color="#d55e00", lw=1)
    ax.axvline(250, color="#1f2933", ls=":", lw=1)
    ax.set_title(name.replace("_", " "))
    ax.set_yticks([])
panels[-1].set_xlabel("channel; gray: spectrum, orange: map")
plt.show()

# %%
# Over all test spectra: how much of the (positive) map lies at the band that decides?
# The gray mark is what a map would have that is spread evenly over all four bands.
share = {
    name: localization_score(values, truth.centers[test], fwhm=4, wavenumbers="points")
    for name, values in maps.items()
}
figure, ax = plt.subplots(figsize=(8.2, 3.4))
mass = [100 * share[name]["mass"].median() for name in methods]
bars = ax.barh([name.replace("_", " ") for name in methods], mass, color="#0072b2")
ax.bar_label(bars, fmt="%.0f %%", padding=3)
ax.axvline(25, color="#8a94a3", lw=2)
ax.text(25.5, 5.55, "even over four bands", color="#52606d")
ax.invert_yaxis()
ax.set_xlim(0, 100)
ax.set_xlabel("share of the map at the deciding band (%), median")
plt.show()

# %%
# Contributions, integrated gradients and occlusion agree, by three different ways, and
# point at the band that decides. Deconvolution answers another question ("what is in
# this spectrum?") and colors all four; saliency and Grad-CAM, made for photographs,
# also color where the spectrum has nothing. No map is chemistry: each says what this
# network used.
