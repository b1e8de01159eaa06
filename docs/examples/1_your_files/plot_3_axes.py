"""
My spectra have different axes. What does resampling do to them?
================================================================

Two instruments, two days, two axes. A classifier needs one. Interpolation onto a common
axis is harmless as long as the new axis is about as fine as the old ones; a coarse one
cuts the tops off the bands, and each spectrum loses a different part of them.
"""

# %%
# Spectra of one crystal of calcite, written on four axes that start and step
# differently.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_raman.datasets import load_minerals
from sklearn_raman.preprocessing import WavenumberResampler

minerals = load_minerals()
row = (minerals.target_names[minerals.target] == "Calcite").argmax()
measured = []
for start, step in [(160.0, 1.5), (160.7, 1.5), (161.3, 1.7), (162.0, 2.0)]:
    axis = np.arange(start, 1500, step)
    values = np.interp(axis, minerals.wavenumbers, minerals.data[row])
    measured.append((axis, values))

# %%
# The same four spectra on common axes of 2, 6 and 12 cm-1, around the strongest band.
figure, panels = plt.subplots(1, 4, figsize=(10, 3.6), sharey=True)
for axis, values in measured:
    panels[0].plot(axis, values, "o-", ms=3, lw=0.8)
panels[0].set_title("as measured")
for ax, step in zip(panels[1:], [2, 6, 12], strict=True):
    resampler = WavenumberResampler(target_wavenumbers=(165, 1490, step))
    common = np.asarray(resampler.fit_transform(measured))
    for values in common:
        ax.plot(resampler.wavenumbers_out_, values, "o-", ms=3, lw=0.8)
    ax.set_title(f"every {step} cm$^{{-1}}$")
for ax in panels:
    ax.set_xlim(1060, 1115)
    ax.set_xlabel("Raman shift (cm$^{-1}$)")
panels[0].set_ylabel("intensity")
plt.show()

# %%
# How far apart are spectra that should be the same? The band is 6 cm-1 wide. Here the
# crystal is written on 40 random axes, and the spread is that of the highest point,
# which a model may rely on.
rng = np.random.default_rng(0)
many = []
for _ in range(40):
    axis = np.arange(160 + rng.uniform(0, 3), 1500, rng.uniform(1.4, 2.0))
    many.append((axis, np.interp(axis, minerals.wavenumbers, minerals.data[row])))
steps = [1, 2, 3, 4, 6, 8, 10, 12, 16]
height = []
for step in steps:
    starts = 165 + rng.uniform(0, step, 20)  # where the grid starts is chance, too
    grids = [WavenumberResampler(target_wavenumbers=(s, 1490, step)) for s in starts]
    height.append(
        np.concatenate([np.max(g.fit_transform(many), axis=1) for g in grids])
    )
figure, ax = plt.subplots(figsize=(8.2, 3.4))
ax.boxplot(height, positions=steps, widths=0.5, showfliers=False)
ax.axhline(minerals.data[row].max(), color="#d55e00", lw=1)
ax.text(16.6, minerals.data[row].max(), "true height", color="#d55e00", va="center")
ax.set_xlabel("spacing of the common axis (cm$^{-1}$)")
ax.set_ylabel("height of the band")
plt.show()

# %%
# Take the spacing that most of your spectra have, about a quarter of the width of the
# narrowest band at most. Where spectra don't reach as far as the common axis there is
# nothing to interpolate: ``WavenumberResampler`` raises rather than invent values.
