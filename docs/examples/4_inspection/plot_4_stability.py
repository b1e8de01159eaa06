"""
Would the map look the same with other samples?
===============================================

A model is fitted on the crystals that happened to be at hand. With others it might look
elsewhere. Before a map goes into a paper, fit the model several times, without a part
of the samples each time, and see what stays.
"""
# sphinx_gallery_thumbnail_number = 2

# %%
# PLS-LDA with six numbers of latent variables, five times each: every time another
# fifth of the crystals is missing.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import ExplanationSummary, map_stability, plot_stability
from sklearn_raman.preprocessing import SNV, WavenumberResampler

minerals = load_minerals(as_frame=True)
noise = np.random.default_rng(0).normal(0, 0.05, minerals.data.shape)
X, y = minerals.data + noise, minerals.target_names[minerals.target]
grid = WavenumberResampler(target_wavenumbers=(150, 1506, 4))
folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)


def fit_five_times(n_components):
    summaries, scores = [], []
    for train, test in folds.split(X, y, minerals.groups):
        model = make_pipeline(grid, SNV(), PLSLDA(n_components=n_components))
        model.fit(X.iloc[train], y[train])
        scores.append(model.score(X.iloc[test], y[test]))
        summaries.append(
            ExplanationSummary.from_estimator(model, X.iloc[test], y[test])
        )
    return summaries, np.mean(scores)


settings = [12, 15, 20, 25, 30, 45]
fits = {number: fit_five_times(number) for number in settings}

# %%
# Mean maps of the five fits over one another, for two minerals.
figure = plot_stability(fits[20][0], classes=["Epidote", "Forsterite"])

# %%
# More latent variables than needed cost little accuracy, but their maps agree less from
# fit to fit, and those of a few minerals change much while nearly all spectra are named
# correctly. Each circle is a mineral, the bar is their median.
figure, (left, right) = plt.subplots(2, 1, figsize=(8.2, 5), sharex=True)
left.plot(
    settings, [100 * fits[number][1] for number in settings], "o-", color="#0072b2"
)
left.set_ylabel("accuracy on\nnew crystals (%)")
for number in settings:
    values = map_stability(fits[number][0])["mean_correlation"]
    right.plot([number] * len(values), values, "o", color="#d55e00", alpha=0.4, mew=0)
    right.plot(number, values.median(), "_", color="#1f2933", ms=22, mew=2.5)
right.set_ylabel("correlation of the\nmaps of five fits")
right.set_xlabel("latent variables of PLS-LDA")
right.set_xticks(settings)
plt.show()
