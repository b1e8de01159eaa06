"""
What does a network see of a spectrum?
======================================

Three channels: the spectrum less the mean one, its derivative, and the derivative with
its large values compressed. A background that no training spectrum had bends the first
channel. The other two keep their shape, and shrink because ``SNV`` divides by a larger
spread. Compression makes weak bands count beside strong ones.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from sklearn_raman.datasets import load_minerals
from sklearn_raman.neural_network import SpectralInput
from sklearn_raman.preprocessing import SNV, WavenumberResampler

minerals = load_minerals(as_frame=True)
spectra = WavenumberResampler(target_wavenumbers=(150, 1508, 2)).fit_transform(
    minerals.data
)
axis = spectra.columns.astype(float)
rows = spectra.to_numpy()
background = 0.8 * np.exp(-0.5 * ((axis.to_numpy() - 900) / 350) ** 2)
row = np.flatnonzero(minerals.target_names[minerals.target] == "Forsterite")[0]

# %%
# The layer learns from the training set: the mean of each channel, one size for each,
# and which of them tell classes apart. What it learned is saved with the network.
layer = SpectralInput(rows.shape[1])
layer.learn(
    torch.tensor(SNV().fit_transform(rows)), codes=torch.tensor(minerals.target)
)
height = rows[row].max()
both = np.stack([rows[row], rows[row] + height * background])
with torch.no_grad():
    seen = layer(torch.tensor(SNV().fit_transform(both)))[:, :, 0].numpy()

figure, axes = plt.subplots(4, 1, figsize=(8.2, 7.2), sharex=True)
names = ("as measured", "with a background")
for ax, values, title in zip(
    axes,
    [both, *seen.transpose(1, 0, 2)],
    [
        "spectrum",
        "channel 1: spectrum less the mean one",
        "channel 2: derivative",
        "channel 3: derivative, compressed",
    ],
    strict=True,
):
    for line, name, style in zip(values, names, ("-", "--"), strict=True):
        ax.plot(axis, line, style, lw=1, label=name)
    ax.set_title(title)
    ax.set_yticks([])
axes[0].legend()
axes[-1].set_xlabel("Raman shift (cm$^{-1}$)")
plt.show()
