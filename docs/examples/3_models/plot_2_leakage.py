"""
How much does a random split flatter a model?
=============================================

Several spectra of one crystal, patient or tablet are near-duplicates. If some are in
the training part and some in the test part, the model only has to remember. How far
this goes shows a test in which there is nothing to learn: a coin decides which crystals
are "ill".
"""

# %%
# 320 real spectra of 113 crystals. Half of the crystals of each mineral, drawn at
# random, are called ill: all spectra of a crystal share the label, as those of a
# patient share a diagnosis. About a crystal that it has not seen a model can only
# guess.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import compare
from sklearn_raman.preprocessing import SNV, WavenumberResampler

minerals = load_minerals(as_frame=True)
X, crystals = minerals.data, minerals.groups
rng, y = np.random.default_rng(0), np.full(len(X), "healthy")
for mineral in range(len(minerals.target_names)):
    its_crystals = rng.permutation(np.unique(crystals[minerals.target == mineral]))
    y[np.isin(crystals, its_crystals[::2])] = "ill"

grid = WavenumberResampler(target_wavenumbers=(150, 1506, 4))
models = {
    "SVM": make_pipeline(grid, SNV(), SVC(kernel="linear", C=100.0)),
    "PLS-LDA": make_pipeline(grid, SNV(), PLSLDA(n_components=20)),
    "KNN": make_pipeline(grid, SNV(), KNeighborsClassifier(1)),
}

# %%
# The same spectra and labels, split in two ways: spectrum by spectrum, and by crystal.
settings = {"explain": False, "progress": False}
ways = {
    "split by spectrum": compare(
        models, X, y, cv=StratifiedKFold(5, shuffle=True, random_state=0), **settings
    ),
    "split by crystal": compare(
        models,
        X,
        y,
        groups=crystals,
        cv=StratifiedGroupKFold(5, shuffle=True, random_state=0),
        **settings,
    ),
}
figure, ax = plt.subplots(figsize=(8.2, 3.8))
for shift, (title, result) in zip([-0.2, 0.2], ways.items(), strict=True):
    scores = 100 * result.to_frame()["balanced_accuracy"][list(models)]
    bars = ax.bar(np.arange(3) + shift, scores, 0.38, label=title)
    ax.bar_label(bars, fmt="%.0f %%", label_type="center", color="white")
ax.axhline(50, color="#1f2933", ls="--", lw=1)
ax.text(2.45, 51, "guessing")
ax.set_xticks(range(3), models)
ax.set_ylim(0, 100)
ax.set_ylabel("balanced accuracy (%)")
ax.legend(ncols=2, loc="upper left")
ax.set_title("There is nothing to learn, and a random split does not notice", pad=12)
plt.show()

# %%
# Why? The nearest neighbor of a spectrum is often another one of the same crystal,
# taken in another orientation: the black and the orange spectrum share a label by
# birth.
clean = X.to_numpy()
distance = np.linalg.norm(clean[:, None, ::4] - clean[None, :, ::4], axis=2)
np.fill_diagonal(distance, np.inf)
nearest = distance.argmin(axis=1)
same = crystals[nearest] == crystals
print(f"nearest neighbor of the same crystal: {same.mean():.0%} of the spectra")

row = np.where(same & (minerals.target_names[minerals.target] == "Forsterite"))[0][0]
others = np.where(crystals == crystals[row], np.inf, distance[row])
figure, ax = plt.subplots(figsize=(8.2, 3.8))
axis = minerals.wavenumbers
ax.plot(axis, clean[row], color="#1f2933", label="a spectrum of forsterite")
ax.plot(axis, clean[nearest[row]], color="#d55e00", label="nearest: the same crystal")
ax.plot(
    axis, clean[others.argmin()], color="#0072b2", label="nearest of another crystal"
)
ax.legend()
ax.set_yticks([])
ax.set_xlim(700, 1050)
ax.set_xlabel("Raman shift (cm$^{-1}$)")
plt.show()

# %%
# Pass ``groups=`` whenever several spectra come from one sample, and give searches a
# splitter by group as well (``GridSearchCV(..., cv=StratifiedGroupKFold(3))``). With
# its data sets ``compare`` insists on it: ``compare(models, minerals)`` raises.
