"""
Cosmic ray or narrow band?
==========================

A cosmic ray hits the detector and leaves a spike: as high as a band, but one to three
points wide. The danger is on both sides: a spike that stays is learned like a band, and
a band that is taken for a spike is gone. Here every spike is known.
"""

# %%
# Noisy spectra, 100 photons in the strongest band, with two spikes on average.
# ``find_spikes`` says what ``transform`` would replace.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_raman.datasets import load_minerals, make_raman_spectra
from sklearn_raman.preprocessing import Despiker

X, y, truth = make_raman_spectra(
    1000,
    photons=100.0,
    spike_rate=2,
    as_frame=True,
    return_truth=True,
    random_state=1,
)
despiker = Despiker().fit(X)
found, repaired = despiker.find_spikes(X), despiker.transform(X)

row = (truth.spike_mask & ~found).sum(axis=1).argmax()
axis = truth.wavenumbers
figure, panels = plt.subplots(2, 1, figsize=(8.2, 5.2), sharex=True)
panels[0].plot(axis, X.iloc[row], color="#8a94a3", lw=0.9)
hits, misses = found[row] & truth.spike_mask[row], truth.spike_mask[row] & ~found[row]
panels[0].plot(axis[hits], X.iloc[row][hits], "v", color="#d55e00", label="found")
if misses.any():
    panels[0].plot(axis[misses], X.iloc[row][misses], "x", color="k", label="missed")
panels[0].set_title("Before: each spike is one point wide")
panels[0].legend()
panels[1].plot(axis, repaired.iloc[row], color="#0072b2", lw=0.9)
panels[1].set_title("After: bands and noise as they were; what was missed stays")
panels[1].set_xlabel("Raman shift (cm$^{-1}$)")
for ax in panels:
    ax.set_ylabel("counts")
plt.show()

# %%
# How high must a spike be to be found? Its height is counted in standard deviations of
# the noise around it.
height = truth.spikes / np.sqrt(truth.signal + truth.fluorescence + 5.0**2)
edges = [5, 8, 10, 12, 15, 20, 30, np.inf]
names = [f"{low} to {high}" for low, high in zip(edges[:-2], edges[1:-1], strict=True)]
classes = pd.cut(height[truth.spike_mask], edges, labels=[*names, "above 30"])
share = pd.Series(found[truth.spike_mask]).groupby(classes, observed=True).mean()
false = found & ~truth.spike_mask
clean = load_minerals(as_frame=True).data
taken = Despiker().fit(clean).find_spikes(clean)

figure, ax = plt.subplots(figsize=(8.2, 3.2))
ax.bar(share.index, 100 * share, color="#0072b2")
ax.set_ylabel("spikes found (%)")
ax.set_xlabel("height of the spike in standard deviations of the noise")
plt.show()
print(f"points taken for spikes that are none: {false.mean():.4%} in these spectra,")
print(f"{taken.mean():.4%} in clean spectra of minerals with very narrow bands")

# %%
# Use the despiker on raw spectra, before smoothing or resampling makes a spike as wide
# as a band. ``threshold`` trades missed spikes for damaged bands.
