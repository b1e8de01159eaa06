"""
Which lam for a baseline?
=========================

Baseline methods of the Whittaker family have one number that decides almost everything:
``lam``, the stiffness. Too soft, and the baseline climbs into the bands and takes them
away; too stiff, and it can't follow the background. In a simulated spectrum the true
background is known, so that both mistakes can be seen.
"""

# %%
# Raw spectra with fluorescence, the hump of a glass slide and noise, and what they are
# made of. Each column is a wavenumber in cm-1.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.preprocessing import AIRPLS

X, y, truth = make_raman_spectra(
    60, spike_rate=0, as_frame=True, return_truth=True, random_state=3
)
axis = truth.wavenumbers
glass = 1200 * np.exp(-(((axis - 1000) / 160) ** 2))  # the hump of a microscope slide
X, background = X + glass, truth.fluorescence + glass
spectrum = X.iloc[[0]]

# %%
# One spectrum under seven settings. The transformer returns the corrected spectrum, so
# the baseline is what it took away.
settings = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]
figure, panels = plt.subplots(7, 1, figsize=(8.2, 10.5), sharex=True)
for ax, lam in zip(panels, settings, strict=True):
    baseline = spectrum - AIRPLS(lam=lam).fit_transform(spectrum)
    ax.plot(axis, spectrum.iloc[0], color="#8a94a3", lw=0.8, label="spectrum")
    ax.plot(axis, background[0], "k--", lw=1, label="true background")
    ax.plot(axis, baseline.iloc[0], color="#d55e00", lw=1.8, label="airPLS")
    ax.set_title(f"lam = {lam:.0e}")
    ax.set_yticks([])
panels[0].legend(ncols=3, loc="lower left", fontsize=8)
panels[-1].set_xlabel("Raman shift (cm$^{-1}$)")
plt.show()

# %%
# With the truth at hand the mistake can be measured: how far is the baseline from the
# true background, relative to the height of the bands? Each gray line is one of 60
# spectra.
grid = np.logspace(2, 8, 13)
height = np.ptp(truth.signal, axis=1)


def mistake(lam):
    baseline = X - AIRPLS(lam=lam).fit_transform(X)
    return np.sqrt(np.mean((baseline - background) ** 2, axis=1)) / height


error = np.array([mistake(lam) for lam in grid])
figure, ax = plt.subplots(figsize=(8.2, 3.6))
ax.semilogx(grid, 100 * error, color="#8a94a3", lw=0.6, alpha=0.5)
ax.semilogx(grid, 100 * np.median(error, axis=1), color="#d55e00", lw=2.5)
ax.set_ylabel("mistake (% of band height)")
ax.set_xlabel("lam: soft on the left, stiff on the right")
ax.set_ylim(0)
ax.set_title("A wide valley: slow to rise on the soft side, steep on the stiff side")
plt.show()

# %%
# Where the valley lies depends on the spacing of the points, the width of the bands and
# the background, so look at your own spectra: at a good ``lam`` the baseline touches
# the spectrum between the bands and passes below each of them. Without a truth to look
# at, let a search choose ``lam`` by what it does to the classification; see
# :ref:`sphx_glr_auto_examples_3_models_plot_4_preprocessing.py`.
#
# ``lam`` counts points. After resampling to half the spacing the same baseline needs 16
# times the value; ``cutoff``, in cm-1, means the same on every axis.
