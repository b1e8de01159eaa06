"""
How many latent variables does PLS-LDA need?
============================================

Too few can't tell the classes apart, too many learn the noise. The default of two suits
two classes; 18 minerals need more. The curve shows where the mistakes stop falling on
crystals that the model has not seen, and why the training score is no guide.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedGroupKFold,
    validation_curve,
)
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.preprocessing import SNV, WavenumberResampler

minerals = load_minerals(as_frame=True)
X = minerals.data + np.random.default_rng(0).normal(0, 0.1, minerals.data.shape)
y, crystals = minerals.target_names[minerals.target], minerals.groups
grid = WavenumberResampler(target_wavenumbers=(150, 1508, 4))
model = make_pipeline(grid, SNV(), PLSLDA())

numbers = [2, 4, 6, 8, 10, 13, 16, 20, 25, 30, 40]
folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
training, test = validation_curve(
    model,
    X,
    y,
    groups=crystals,
    param_name="plslda__n_components",
    param_range=numbers,
    cv=folds,
)

# %%
# The choice itself belongs inside: a search takes the number that is best on crystals
# of the training part, and only then meets the test part. Its score is honest; the
# lowest point of the curve, picked after looking at it, would not be.
search = GridSearchCV(
    model,
    {"plslda__n_components": [4, 8, 13, 20, 30]},
    cv=StratifiedGroupKFold(3, shuffle=True, random_state=1),
)
scores = []
for train, held_out in folds.split(X, y, crystals):
    search.fit(X.iloc[train], y[train], groups=crystals[train])
    scores.append(search.score(X.iloc[held_out], y[held_out]))

figure, ax = plt.subplots(figsize=(8.2, 4.2))
for values, label in [(training, "training spectra"), (test, "new crystals")]:
    wrong = 100 * (1 - values)
    (line,) = ax.plot(numbers, wrong.mean(axis=1), "o-", ms=4, label=label)
    low, high = wrong.min(axis=1), wrong.max(axis=1)
    ax.fill_between(numbers, low, high, color=line.get_color(), alpha=0.15, lw=0)
ax.axhline(100 * (1 - np.mean(scores)), color="#1f2933", ls="--", lw=1)
ax.text(
    numbers[-1], 100 * (1 - np.mean(scores)) + 1.5, "chosen by the search", ha="right"
)
ax.set_ylim(0, 60)
ax.set_xlabel("latent variables")
ax.set_ylabel("wrong answers (%); band: lowest and highest fold")
ax.legend()
plt.show()
