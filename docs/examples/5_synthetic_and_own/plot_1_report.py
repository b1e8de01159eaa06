"""
Are these synthetic spectra any good?
=====================================

SMOTE draws a straight line between two spectra and takes a point on it. That is easy,
and for spectra it has a price: the mean of two noisy spectra is less noisy than any
real one. A synthetic set should be compared with real spectra that its maker has not
seen.
"""
# sphinx_gallery_thumbnail_number = 3

# %%
# Two hundred simulated spectra of two substances; half of them teach, half are held
# out.
import matplotlib.pyplot as plt
import numpy as np
from imblearn.over_sampling import SMOTE

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.over_sampling import SpectrumBootstrap, synthesis_report

X, y = make_raman_spectra(
    200,
    wavenumbers=(400.0, 1600.0, 4.0),
    photons=300.0,
    spike_rate=0,
    fluorescence=0.5,
    as_frame=True,
    random_state=0,
)
train = np.arange(len(X)) % 2 == 0
wanted = {0: 100, 1: 100}  # real and synthetic ones together
samplers = {
    "SMOTE": SMOTE(sampling_strategy=wanted, random_state=0),
    "bootstrap": SpectrumBootstrap(sampling_strategy=wanted, random_state=0),
}
reports = {}
for name, sampler in samplers.items():
    X_new, y_new = sampler.fit_resample(X[train], y[train])
    synthetic = slice(train.sum(), None)  # the synthetic ones come last
    reports[name] = synthesis_report(
        X[train],
        X[~train],
        X_new[synthetic],
        y_train=y[train],
        y_test=y[~train],
        y_synthetic=y_new[synthetic],
        random_state=0,
    )
    print(f"\n{name}\n{reports[name]}")

# %%
# What SMOTE makes: look at the noise in the third panel, and at the crosses, which lie
# closer to the middle than real spectra do.
figure = reports["SMOTE"].plot(classes=[0])

# %%
# What a smoothed bootstrap with measured noise makes.
figure = reports["bootstrap"].plot(classes=[0])

# %%
# Three numbers of the report in one picture; dashed: what cannot be told from real. The
# noise should be that of real spectra, the distance to the nearest training spectrum
# that of new real ones (much less is a copy), and a random forest should only be able
# to guess which are which.
figure, panels = plt.subplots(1, 3, figsize=(9.5, 3.2))
goals = {"noise_ratio": 1.0, "nn_distance_ratio": 1.0, "forest_accuracy": 0.5}
for ax, (metric, goal) in zip(panels, goals.items(), strict=True):
    rows = [report.to_frame().loc[metric] for report in reports.values()]
    values = [row["value"] for row in rows] + [rows[0]["reference"]]
    bars = ax.bar([*reports, "real spectra"], values, color=["C1", "C0", "C6"])
    ax.bar_label(bars, fmt="%.2f")
    ax.axhline(goal, color="#1f2933", ls="--", lw=1)
    ax.set_title(metric.replace("_", " "))
    ax.tick_params(axis="x", rotation=15)
plt.show()

# %%
# SMOTE stays close to what it was given and is too smooth; the bootstrap has the noise
# and the distance about right.
#
# Good synthetic spectra are not yet useful ones: whether they help a classifier is a
# question for cross-validation, with the sampler inside, see
# :ref:`sphx_glr_auto_examples_5_synthetic_and_own_plot_2_small_class.py`.
