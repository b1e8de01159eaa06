"""
Which lam for a baseline?
=========================

Every baseline method of the Whittaker family has one number that decides almost
everything: ``lam``, the stiffness. Too soft, and the baseline climbs into the bands; too
stiff, and it cannot follow the background. The true background of a simulated spectrum
is known, so the picture can show both mistakes.
"""

# %%
# One raw spectrum with fluorescence, and what it is made of.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.preprocessing import AIRPLS

X, y, truth = make_raman_spectra(
    40, spike_rate=0, as_frame=True, return_truth=True, random_state=3
)
axis, spectrum = truth.wavenumbers, X.iloc[[0]]

# %%
# The same spectrum under seven settings. A transformer returns the corrected spectrum, so
# the baseline is the difference.
settings = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]
fig, panels = plt.subplots(7, 1, figsize=(8.2, 11), sharex=True)
for ax, lam in zip(panels, settings, strict=True):
    baseline = spectrum - AIRPLS(lam=lam).fit_transform(spectrum)
    ax.plot(axis, spectrum.iloc[0], color="#8a94a3", lw=0.8, label="spectrum")
    ax.plot(axis, truth.fluorescence[0], color="#1f2933", ls="--", label="true background")
    ax.plot(axis, baseline.iloc[0], color="#d55e00", lw=1.8, label="airPLS")
    ax.set_title(f"lam = {lam:.0e}")
    ax.set_yticks([])
panels[0].legend(ncols=3, loc="upper right")
panels[-1].set_xlabel("Raman shift (cm$^{-1}$)")
plt.show()
