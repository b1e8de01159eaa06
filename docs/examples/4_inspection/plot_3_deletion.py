"""
Does the model really use what the map colors?
==============================================

Ask the model: take away the points that the map ranks highest and watch the probability
of the class. If the map is right, it falls at once; if it falls as fast for points at
random, the map is decoration.
"""

# %%
# A network, trained on all but one crystal of each mineral.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import load_minerals
from sklearn_raman.inspection import deletion_curve
from sklearn_raman.model_selection import OneGroupPerClassSplit
from sklearn_raman.neural_network import GAPCNNClassifier
from sklearn_raman.preprocessing import SNV, WavenumberResampler

minerals = load_minerals(as_frame=True)
y = minerals.target_names[minerals.target]
steps = make_pipeline(WavenumberResampler(target_wavenumbers=(150, 1508, 2)), SNV())
X = steps.fit_transform(minerals.data)
split = OneGroupPerClassSplit(1, random_state=0).split(X, y, minerals.groups)
train, test = next(split)
net = GAPCNNClassifier(max_epochs=30, random_state=0).fit(X.iloc[train], y[train])
spectra = X.iloc[test]

# %%
# Five rankings of the points: two maps, the spectrum itself (highest points first),
# chance, and the map upside down. Points that are taken away get the value of their
# surroundings, as if the band were not there.
rng = np.random.default_rng(0)
contribution = net.explain_(spectra)
rankings = {
    "integrated gradients": (
        net.explain_(spectra, method="integrated_gradients"),
        "C0",
    ),
    "contribution": (contribution, "C1"),
    "height of the spectrum": (spectra, "C2"),
    "at random": (rng.uniform(size=spectra.shape), "C6"),
    "contribution, lowest first": (-contribution, "C3"),
}
figure, ax = plt.subplots(figsize=(8.2, 4.4))
for name, (ranking, color) in rankings.items():
    result = deletion_curve(net, spectra, ranking, max_fraction=0.15, steps=15)
    mean = result.curve.mean(axis=0)
    ax.plot(100 * result.fraction, mean, "o-", ms=3, color=color, label=name)
ax.set_xlabel("points taken away (%)")
ax.set_ylabel("probability of the class, mean")
ax.set_ylim(0, 1)
ax.legend(loc="center right")
plt.show()

# %%
# The height of the spectrum is the rival to beat: in Raman spectra the highest points
# are bands, and any classifier uses bands. A map is worth its place where it falls
# faster than that. ``result.area`` sums a curve up in one number for each spectrum;
# lower is better.
