"""
Can a model say that it does not know?
======================================

A classifier names one of its classes for whatever it is given. Here three minerals are
kept from it, two of them with near relatives among the others: how sure is it of the
names that it gives them, and which does a detector around it call unknown?
"""

# %%
# The detector wraps the Pipeline. It fits it on everything, and ten more times without
# some of the crystals, to see what scores spectra of *new crystals* have.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import OneGroupPerClassSplit
from sklearn_raman.preprocessing import SNV, SquareRoot, WavenumberResampler
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector

minerals = load_minerals(as_frame=True)
X, y, groups = minerals.data, minerals.target_names[minerals.target], minerals.groups
unknown = np.isin(y, ["Dolomite", "Grossular", "Zircon"])
X_known, y_known, crystals = X[~unknown], y[~unknown], groups[~unknown]
split = OneGroupPerClassSplit(1, random_state=0)
train, test = next(split.split(X_known, y_known, crystals))

grid = WavenumberResampler(target_wavenumbers=(150, 1508, 2))
pipeline = make_pipeline(grid, SquareRoot(), SNV(), PLSLDA(n_components=20))
detector = SpectralNoveltyDetector(pipeline, random_state=0)
detector.fit(X_known.iloc[train], y_known[train], groups=crystals[train])

noise = X_known.iloc[:40].copy()
noise[:] = 100 + np.random.default_rng(0).normal(0, 5, noise.shape)
spectra = {
    "new crystals of known minerals": X_known.iloc[test],
    "minerals it never saw": X[unknown],
    "noise": noise,
}

# %%
# The probability of the best class, and the score of the detector. Where the
# probability is near 1 for noise, no threshold on it could help.
figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.8))
bins = np.linspace(0, 1, 26)
scores = {name: detector.decision_function(found) for name, found in spectra.items()}
edges = np.linspace(-6, max(score.max() for score in scores.values()), 31)
for name, found in spectra.items():
    best = detector.estimator_.predict_proba(found).max(axis=1)
    share = np.full(len(found), 1 / len(found))
    left.hist(best, bins, weights=share, alpha=0.6, label=name)
    right.hist(scores[name].clip(-6), edges, weights=share, alpha=0.6, label=name)
left.set_xlabel("probability of the best class")
left.set_ylabel("share of spectra")
right.axvline(0, color="0.2")
right.set_xlabel("score of the detector; below 0: unknown")
left.legend(loc="center left")
for name, score in scores.items():
    print(f"{name}: {(score < 0).mean():.0%} called unknown")

# %%
# Sets of classes keep another promise: that the true class is in the set for nine of
# ten spectra. It holds for new crystals if the held-out spectra that the sets are made
# from were of new crystals, too. Noise makes the task hard enough to see it.
rng = np.random.default_rng(0)
heights = X.max(axis=1).to_numpy()[:, None]
noisy = grid.set_output(transform="pandas").fit_transform(
    X + rng.normal(size=X.shape) * heights / 3
)
model = make_pipeline(SNV(), PLSLDA(n_components=15))
covered = {"at random": [], "by crystal": []}
for seed in range(5):
    split = OneGroupPerClassSplit(1, random_state=seed)
    train, test = next(split.split(noisy, y, groups))
    for name, found in covered.items():
        own = groups[train] if name == "by crystal" else None
        sets = ConformalClassifier(model, grouped=own is not None, random_state=seed)
        sets.fit(noisy.iloc[train], y[train], groups=own)
        chosen = sets.predict_set(noisy.iloc[test])
        column = np.searchsorted(sets.classes_, y[test])
        found.append(chosen[np.arange(len(test)), column].mean())
figure, ax = plt.subplots(figsize=(8.2, 2.6))
for row, found in enumerate(covered.values()):
    ax.plot(found, np.full(5, row), "o", alpha=0.6)
    ax.plot(np.mean(found), row, "|", ms=24, color="0.2")
ax.axvline(0.9, ls="--", color="0.5")
ax.set_yticks([0, 1], [f"folds {name}" for name in covered])
ax.set_ylim(-0.6, 1.6)
ax.set_xlabel("share of sets that hold the true mineral; dashed: promised")
plt.show()

# %%
# ``describe`` says it in words, with names that were mistaken for one another.
print(sets.describe(noisy.iloc[test[:6]]))
