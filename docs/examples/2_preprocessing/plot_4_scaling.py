"""
SNV, min-max or area: what does scaling do?
===========================================

Spectra of one substance differ in height because the focus, the laser power or the
grain differs. Scaling takes that away. Each method takes away something else too.
"""

# %%
# Twenty simulated spectra of one substance with different fluorescence, multiplied by
# what a focus could do, and five common ways to scale them.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.preprocessing import (
    AIRPLS,
    MSC,
    SNV,
    SpectrumMinMaxScaler,
    SpectrumNormalizer,
)

X, y = make_raman_spectra(
    20, n_classes=1, spike_rate=0, fluorescence=1.0, as_frame=True, random_state=4
)
X = X.mul(np.random.default_rng(0).lognormal(sigma=0.5, size=len(X)), axis=0)
axis = X.columns.astype(float)
scalers = {
    "no scaling": None,
    "min-max: 0 at the lowest point, 1 at the highest": SpectrumMinMaxScaler(),
    "area: integral of 1": SpectrumNormalizer(norm="area"),
    "SNV: mean 0, standard deviation 1": SNV(),
    "MSC: fitted to the mean spectrum": MSC(),
}

# %%
# Left without, right with a baseline correction before. The title says how much the
# height of the strongest band (over its surroundings) still varies: standard deviation
# over the spectra relative to the mean. The substance itself varies by 10 %, so a
# scaling can't be asked for less.
names = X.columns[(axis > 550) & (axis < 1700)]
truth = AIRPLS(lam=1e6).fit_transform(X)[names].mean()
band = axis.get_loc(float(truth.idxmax()))
around = [band - 40, band + 40]

figure, grid = plt.subplots(5, 2, figsize=(9.5, 10.5), sharex=True)
for row, (name, scaler) in zip(grid, scalers.items(), strict=True):
    for ax, baseline in zip(row, [None, AIRPLS(lam=1e6)], strict=True):
        model = make_pipeline(baseline or "passthrough", scaler or "passthrough")
        shown = model.fit_transform(X)
        height = shown.iloc[:, band] - shown.iloc[:, around].mean(axis=1)
        ax.plot(axis, shown.T, color="#0072b2", lw=0.5, alpha=0.4)
        ax.plot(axis, shown.mean(), color="#1f2933", lw=1.2)
        ax.set_yticks([])
        spread = height.std() / height.mean()
        ax.set_title(f"{name}: {spread:.0%}", fontsize=9.5)
for ax in grid[-1]:
    ax.set_xlabel("Raman shift (cm$^{-1}$)")
figure.suptitle("left: raw spectra     right: baseline corrected first", fontsize=11)
plt.show()

# %%
# - On **raw** spectra no method works well: the background is part of the mean, the
#   area and the lowest point. Baseline first, then scale.
# - **Min-max** and **max** tie each spectrum to its highest point. They even out that
#   one band too much (less spread than the substance has) and hand its noise to all
#   others.
# - **SNV** and **area** use all points, and with them the strongest bands most.
# - **MSC** fits each spectrum to a reference, so it learns from the training spectra.
#
# What none of them can give back is the absolute intensity: if concentration is what
# you want to know, scale by a band that does not depend on it.
