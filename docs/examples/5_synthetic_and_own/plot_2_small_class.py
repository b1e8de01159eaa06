"""
One class is rare. Do synthetic spectra help?
=============================================

Ten healthy samples for each ill one: a classifier that always says "healthy" is right
nine times out of ten. Over-sampling fills the small class up. Whether that helps, and
whether it helps more than asking the classifier to weigh the classes, has to be
measured.
"""

# %%
# Simulated spectra: two substances that share all but one of eight bands, 200 of one
# and 20 of the other to learn from, 400 of each to test; four repetitions with other
# substances.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.over_sampling import SpectrumBootstrap
from sklearn_raman.preprocessing import SNV

ways = {
    "as it is": (None, None),
    "class weights": (None, "balanced"),
    "copies": (RandomOverSampler(random_state=0), None),
    "SMOTE": (SMOTE(random_state=0), None),
    "bootstrap": (SpectrumBootstrap(random_state=0), None),
}
records = []
for seed in range(4):
    X, y = make_raman_spectra(
        1200,
        similarity=0.875,
        photons=25.0,
        intensity_variation=0.2,
        fluorescence=0.3,
        spike_rate=0,
        wavenumbers=(400.0, 1600.0, 8.0),
        random_state=seed,
    )
    common, rare = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    train = np.r_[common[:200], rare[:20]]
    test = np.r_[common[200:], rare[200:]]
    for name, (sampler, weight) in ways.items():
        classifier = LogisticRegression(C=0.05, class_weight=weight, max_iter=2000)
        model = make_pipeline(SNV(), sampler or "passthrough", classifier)
        predicted = model.fit(X[train], y[train]).predict(X[test])
        healthy, ill = recall_score(y[test], predicted, average=None)
        records.append((name, seed, healthy, ill))
table = pd.DataFrame(records, columns=["way", "seed", "healthy", "ill"])
print(table.groupby("way", sort=False)[["healthy", "ill"]].mean().round(3))

# %%
# Share of each class that is found; one thin line per repetition.
figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True)
for ax, kind, color in zip(panels, ["healthy", "ill"], ["C0", "C1"], strict=True):
    values = 100 * table.pivot(index="way", columns="seed", values=kind).loc[list(ways)]
    ax.plot(values.index, values, color=color, lw=0.7, alpha=0.5)
    ax.plot(values.index, values.mean(axis=1), "o-", color=color, lw=2.5)
    ax.set_title(
        f"{kind}: {'200' if kind == 'healthy' else '20'} spectra to learn from"
    )
    ax.tick_params(axis="x", rotation=20)
panels[0].set_ylabel("found (%)")
plt.show()

# %%
# Doing nothing is worst by far. Class weights cost nothing and are hard to beat;
# synthetic spectra have to show on your own data that they do more. Whatever the way,
# the sampler belongs inside the Pipeline: over-sampling before the split puts children
# of test spectra into the training part.
