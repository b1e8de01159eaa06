"""
Can a saved model name a spectrum of another instrument?
========================================================

A fitted Pipeline holds all that a new spectrum needs, the axis included. Written to a
file and read again, it names spectra that were measured elsewhere, on an axis of their
own.
"""

# %%
# PLS-LDA, fitted on all crystals but one of each mineral.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import skops.io
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import OneGroupPerClassSplit
from sklearn_raman.preprocessing import SNV, WavenumberResampler

minerals = load_minerals(as_frame=True)
X, y = minerals.data, minerals.target_names[minerals.target]
split = OneGroupPerClassSplit(1, random_state=0)
train, test = next(split.split(X, y, minerals.groups))
grid = WavenumberResampler(target_wavenumbers=(170, 1480, 2))
model = make_pipeline(grid, SNV(), PLSLDA(n_components=20))
model.fit(X.iloc[train], y[train])

# %%
# A file for somebody else. skops names the types that a file holds before it makes
# anything of them: read the list before you trust it.
path = Path(tempfile.mkdtemp()) / "model.skops"
skops.io.dump(model, path)
types = skops.io.get_untrusted_types(file=path)
print(f"{path.stat().st_size / 1e6:.1f} MB, {types}")
again = skops.io.load(path, trusted=types)

# %%
# The other instrument: wider and uneven steps, bands shifted by 1 cm-1, more noise. Its
# spectra go in as pairs of wavenumbers and intensities.
rng = np.random.default_rng(0)
axis = 160 + np.cumsum(rng.uniform(2.0, 3.0, 534))
elsewhere = []
for row in test:
    values = np.interp(axis - 1, minerals.wavenumbers, X.iloc[row])
    elsewhere.append((axis, values + rng.normal(0, 0.03, len(axis))))
right = again.predict(elsewhere) == y[test]
print(f"named correctly: {right.sum()} of {len(right)} spectra of new crystals")

row = np.flatnonzero(y[test] == "Forsterite")[0]
probability = again.predict_proba([elsewhere[row]])[0]
best = probability.argsort()[-5:]
figure, (left, panel) = plt.subplots(
    1, 2, figsize=(9, 3.4), width_ratios=[2, 1], layout="constrained"
)
left.plot(*elsewhere[row], color="#1f2933", lw=0.9)
left.set_title(f"new spectrum, another axis ({y[test][row]})")
left.set_xlabel("Raman shift (cm$^{-1}$)")
left.set_yticks([])
panel.barh(again.classes_[best], 100 * probability[best], color="#0072b2")
panel.set_title("what the loaded model says")
panel.set_xlabel("probability (%)")
plt.show()

# %%
# What a file cannot carry: the model knows these 18 minerals, and any other spectrum
# gets the name of one of them.
