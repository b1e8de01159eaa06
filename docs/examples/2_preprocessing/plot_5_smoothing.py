"""
How much smoothing is too much?
===============================

A Savitzky-Golay filter takes noise away, and with a long window the narrow bands as
well. The right window depends on the width of your narrowest band in points, not on how
noisy the spectrum looks.
"""

# %%
# Two bands of the same height, 6 and 24 cm-1 wide, on an axis of 1 cm-1, in noise.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_raman.preprocessing import SavitzkyGolay

rng = np.random.default_rng(0)
axis = np.arange(900.0, 1201.0)
widths = {6: 980.0, 24: 1100.0}
clean = sum(1 / (1 + ((axis - at) / (width / 2)) ** 2) for width, at in widths.items())
noise = 0.08 * rng.standard_normal((500, len(axis)))
X = clean + noise

shown = [1, 7, 15, 31]
figure, panels = plt.subplots(4, 1, figsize=(8.2, 6.5), sharex=True, sharey=True)
for ax, window in zip(panels, shown, strict=True):
    smoothed = X[0]
    if window > 1:
        smoothed = SavitzkyGolay(window_length=window, polyorder=2).fit_transform(X)[0]
    ax.plot(axis, clean, "k--", lw=1, label="without noise")
    ax.plot(axis, smoothed, color="#0072b2", label="smoothed")
    ax.set_title(f"window of {window} points" if window > 1 else "not smoothed")
    ax.set_yticks([])
panels[0].legend(loc="upper right", fontsize=9)
panels[-1].set_xlabel("Raman shift (cm$^{-1}$)")
plt.show()

# %%
# What is gained and what is lost, for every window: the noise that is left, and the
# height that is left of each band.
windows = np.arange(3, 62, 2)
left, heights = [], {width: [] for width in widths}
for window in windows:
    smooth = SavitzkyGolay(window_length=int(window), polyorder=2)
    left.append(smooth.fit_transform(noise).std() / noise.std())
    for width, at in widths.items():
        band = 1 / (1 + ((axis - at) / (width / 2)) ** 2)
        heights[width].append(smooth.fit_transform(band[None]).max())

figure, ax = plt.subplots(figsize=(8.2, 3.8))
ax.plot(windows, 100 * np.array(left), "k--", label="noise")
for width, color in zip(widths, ["#d55e00", "#0072b2"], strict=True):
    ax.plot(windows, 100 * np.array(heights[width]), color=color)
    ax.text(61.5, 100 * heights[width][-1], f"band of {width} cm$^{{-1}}$", color=color)
    ax.axvline(1.5 * width, color=color, lw=0.8, ls=":")
ax.set_xlim(3, 61)
ax.set_ylim(0, 105)
ax.set_xlabel("window (points); dotted: one and a half times the width of a band")
ax.set_ylabel("what is left (%)")
ax.legend(loc="lower left")
plt.show()

# %%
# A window of about one and a half times the width of the narrowest band that matters
# lowers the noise to a half or less and costs that band little. Beyond it the noise
# falls slowly and the band fast.
#
# Networks with filters of their own rarely gain from smoothing; linear models in noise
# often do. Put the window into the search, with ``"passthrough"`` among the choices.
