"""
Which bands would still be there with other crystals?
=====================================================

A map has no error bar. Here it gets one: PLS-LDA is fitted again and again, each time
to another draw of the crystals, and explains spectra of crystals that it does not know.
A test says which bands speak for a mineral in *new* crystals, and how many of these may
be false.
"""

# %%
# Four minerals, five to eight crystals each, with noise so that not everything is sure.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import annotate_bands, load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import band_report
from sklearn_raman.preprocessing import SNV, WavenumberResampler

minerals = load_minerals(as_frame=True)
y = minerals.target_names[minerals.target]
four = np.isin(y, ["Calcite", "Dolomite", "Forsterite", "Fluorapatite"])
rng = np.random.default_rng(0)
X = minerals.data[four] + rng.normal(0, 0.05, minerals.data[four].shape)
y, crystals = y[four], minerals.groups[four]

grid = WavenumberResampler(target_wavenumbers=(150, 1506, 4))
X = grid.fit_transform(X)  # once, not in each fit
model = make_pipeline(SNV(), PLSLDA(n_components=6))
report = band_report(
    model, X, y, crystals, n_permutations=19, progress=False, random_state=0
)

# %%
# Orange: the mean map and the interval of each of its points. Blue: bands that speak
# for their mineral, each with the interval of its position.
figure = report.plot()

# %%
# The verdict in words, and the bands as a table; :func:`annotate_bands` says what they
# are.
print(report)
bands = annotate_bands(report)
used = bands[bands["used"]]
print(
    used[["class", "position", "share", "assignment"]].round(2).to_string(index=False)
)

# %%
# The same spectra, with the names of the crystals shuffled. There are still maps; the
# report says that there is nothing to them.
names, first = np.unique(crystals, return_index=True)
shuffled = dict(zip(names, rng.permutation(y[first]), strict=True))
y_shuffled = np.array([shuffled[crystal] for crystal in crystals])
nothing = band_report(
    model, X, y_shuffled, crystals, n_permutations=19, progress=False, random_state=0
)
print("\n".join(nothing.verdict()))

# %%
# The largest shares, true names on the left, shuffled ones on the right. Intervals do
# not reach zero in either: a map is always somewhere. What tells them apart is the test
# whether a band speaks for the *right* mineral in crystals that the model does not
# know.
figure, panels = plt.subplots(1, 2, figsize=(8.2, 4), sharex=True)
for ax, found, title in zip(
    panels, (report, nothing), ("true", "shuffled"), strict=True
):
    table = found.to_frame().nlargest(12, "share").iloc[::-1]
    lengths = [
        table["share"] - table["share_low"],
        table["share_high"] - table["share"],
    ]
    for k, band in enumerate(table.itertuples()):
        color = "#2457a6" if band.used else "#8a94a3"
        ends = [[max(values.iloc[k], 0)] for values in lengths]
        ax.errorbar(band.share, k, xerr=ends, fmt="o", color=color, capsize=2)
    ax.set_yticks(range(len(table)), [f"{p:.0f}" for p in table["position"]])
    ax.set_title(f"{title} names")
    ax.set_xlabel("share of the map; blue: used")
panels[0].set_ylabel("band (cm$^{-1}$)")
plt.show()
