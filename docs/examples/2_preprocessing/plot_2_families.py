"""
Which baseline method?
======================

There are more than sixty, in half a dozen families. Each family has its own idea of
what a background is, and its own way of failing. Here is one method of each on the same
spectrum, with one setting each, and the true background beside them.
"""

# %%
# ``BaselineCorrection`` offers every method of pybaselines by its name.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.preprocessing import AIRPLS, BaselineCorrection

X, y, truth = make_raman_spectra(
    40, spike_rate=0, as_frame=True, return_truth=True, random_state=3
)
families = {
    "Whittaker: airPLS": AIRPLS(lam=1e6),
    "Whittaker: arPLS": BaselineCorrection(method="arpls", method_params={"lam": 1e6}),
    "polynomial: modpoly, order 5": BaselineCorrection(
        method="modpoly", method_params={"poly_order": 5}
    ),
    "morphology: mor, half window 60": BaselineCorrection(
        method="mor", method_params={"half_window": 60}
    ),
    "smoothing: snip, half window 60": BaselineCorrection(
        method="snip", method_params={"max_half_window": 60, "decreasing": True}
    ),
    "splines: mixture_model": BaselineCorrection(method="mixture_model"),
    "classification: fabc": BaselineCorrection(
        method="fabc", method_params={"lam": 1e6}
    ),
    "convex hull: rubberband": BaselineCorrection(method="rubberband"),
}

# %%
# In each title: the mistake of the corrected spectrum relative to the height of the
# bands, median over 40 spectra.
axis, spectrum = truth.wavenumbers, X.iloc[0]
height = np.ptp(truth.signal, axis=1)
figure, grid = plt.subplots(4, 2, figsize=(9.5, 9), sharex=True, sharey=True)
for ax, (name, method) in zip(grid.ravel(), families.items(), strict=True):
    corrected = method.fit_transform(X)
    error = np.sqrt(np.mean((corrected - truth.signal) ** 2, axis=1)) / height
    ax.plot(axis, spectrum, color="#8a94a3", lw=0.8, label="spectrum")
    ax.plot(axis, truth.fluorescence[0], "k--", lw=1, label="true background")
    ax.plot(
        axis, spectrum - corrected.iloc[0], color="#d55e00", lw=1.8, label="baseline"
    )
    ax.set_title(f"{name}: {np.median(error):.0%}", fontsize=10)
    ax.set_yticks([])
grid[0, 0].legend(loc="lower left", fontsize=8)
for ax in grid[-1]:
    ax.set_xlabel("Raman shift (cm$^{-1}$)")
plt.show()

# %%
# What to look for in spectra of your own:
#
# - a **polynomial** has one stiffness for the whole axis, and swings at the ends;
# - **morphology and smoothing** (mor, snip) need a window wider than the widest band,
#   and run along the lower edge of the noise;
# - the **convex hull** touches the spectrum from below, so that it is too low wherever
#   the background bulges, and by the depth of the noise everywhere;
# - the **Whittaker** methods follow slow backgrounds well and cost little; they differ
#   in where they run within the noise: arPLS through its middle, airPLS nearer to its
#   lower edge.
#
# One simulated kind of spectrum ranks no method. The differences between families with
# a suitable setting are smaller than those between two settings of one of them: see
# :ref:`sphx_glr_auto_examples_2_preprocessing_plot_1_lam.py`.
