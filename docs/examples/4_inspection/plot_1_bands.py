"""
By which bands does a model know a mineral?
===========================================

A network, PLS-LDA and a support vector machine name the same crystal of forsterite,
which none of them has seen. Do they look at the same bands, and are they those of the
textbook (824 and 856 cm-1, the doublet of the silicate tetrahedra)?
"""

# %%
# One crystal of each mineral is held out. All three models get the same steps in front.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import explain_pipeline, occlusion, plot_explanation
from sklearn_raman.model_selection import OneGroupPerClassSplit
from sklearn_raman.neural_network import GAPCNNClassifier
from sklearn_raman.preprocessing import SNV, WavenumberResampler

minerals = load_minerals(as_frame=True)
X, y = minerals.data, minerals.target_names[minerals.target]
split = OneGroupPerClassSplit(1, random_state=0).split(X, y, minerals.groups)
train, test = next(split)

grid = WavenumberResampler(target_wavenumbers=(150, 1508, 2))
classifiers = {
    "network (GAP-CNN)": GAPCNNClassifier(max_epochs=30, random_state=0),
    "PLS-LDA": PLSLDA(n_components=20),
    "SVM": SVC(kernel="linear", C=100.0),
}
models = {}
for name, classifier in classifiers.items():
    models[name] = make_pipeline(grid, SNV(), classifier).fit(X.iloc[train], y[train])
    print(f"{name}: {models[name].score(X.iloc[test], y[test]):.2f} of new crystals")

# %%
# The network and PLS-LDA explain themselves, and ``explain_pipeline`` carries their
# maps back to the raw axis. ``occlusion`` works for any classifier: it hides 18 cm-1 at
# a time and watches what the model loses.
row = test[(y[test] == "Forsterite").argmax()]
spectrum = X.iloc[[row]]
maps = {
    name: explain_pipeline(models[name], spectrum, mode="density").iloc[0]
    for name in ["network (GAP-CNN)", "PLS-LDA"]
}
maps["SVM, by occlusion"] = occlusion(
    models["SVM"], spectrum, width=18, score="logit"
).iloc[0]
figure = plot_explanation(spectrum.iloc[0], maps, n_bands=2)

# %%
# All three name the doublet. That need not be so: a model takes what tells *these*
# classes apart, and may leave out a band that any spectroscopist would name. The
# highest point of the network's map for each mineral, beside the strongest band of its
# mean spectrum:
explained = explain_pipeline(models["network (GAP-CNN)"], X.iloc[test], mode="density")
figure, ax = plt.subplots(figsize=(8.2, 5.6))
for line, mineral in enumerate(minerals.target_names):
    mean = X[y == mineral].mean()
    used = explained[y[test] == mineral].mean()
    ax.plot(
        minerals.wavenumbers, line - 0.8 * mean / mean.max(), color="#8a94a3", lw=0.8
    )
    ax.plot(float(used.idxmax()), line - 0.9, "v", color="#d55e00", ms=7)
ax.set_yticks(np.arange(len(minerals.target_names)) - 0.2, minerals.target_names)
ax.tick_params(axis="y", length=0)
ax.invert_yaxis()
ax.set_xlabel("Raman shift (cm$^{-1}$); orange: where the network looked most")
plt.show()
