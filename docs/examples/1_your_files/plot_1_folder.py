"""
How do I get from a folder of files to an answer?
=================================================

A folder of text files, one spectrum in each, as instruments leave them: axes that
differ a little, a decimal comma here and there, headings in some. The class is the name
of the folder, the crystal is in the name of the file. Ten lines lead to a comparison of
models.
"""

# %%
# First such a folder is made, from the bundled minerals: you have one already.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_raman.datasets import load_minerals, load_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import compare
from sklearn_raman.preprocessing import SNV, WavenumberResampler

wanted = ["Beryl", "Calcite", "Diopside", "Dolomite", "Epidote", "Forsterite"]
minerals, rng = load_minerals(), np.random.default_rng(0)
folder = Path(tempfile.mkdtemp())
for row, spectrum in enumerate(minerals.data):
    mineral = minerals.target_names[minerals.target[row]]
    if mineral in wanted:
        axis = np.arange(160 + rng.uniform(0, 10), 1490, rng.uniform(1.2, 1.8))
        values = np.interp(axis, minerals.wavenumbers, spectrum)
        lines = [f"{a:.2f};{v:.5f}" for a, v in zip(axis, values, strict=True)]
        text = "Raman shift (1/cm);Intensity\n" + "\n".join(lines)
        file = folder / mineral / f"{minerals.groups[row]}_{row}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text.replace(".", ",") if row % 2 else text)

# %%
# Now the way back. What was found out is stated, so that it can be checked: delimiter,
# decimal mark, axes, classes, groups.
spectra = load_spectra(folder, label="folder", group=r"/(R\d+)_")
print(spectra.DESCR)

# %%
# Look before you compute: one spectrum of each class, on its own axis.
classes = np.unique(spectra.target)
figure, ax = plt.subplots(figsize=(8.2, 5))
for height, name in enumerate(classes):
    axis, values = spectra.data[(spectra.target == name).argmax()]
    ax.plot(axis, height + 0.9 * values / values.max(), color="#1f2933", lw=0.9)
    ax.text(1495, height + 0.05, name)
ax.set_yticks([])
ax.set_xlabel("Raman shift (cm$^{-1}$)")
plt.show()

# %%
# Two models, the same folds, no crystal on both sides. The first step puts all spectra
# on one axis; in front of the models, so that new files are treated the same way.
grid = WavenumberResampler(target_wavenumbers=(175, 1485, 2))
models = {
    "SVM": make_pipeline(grid, SNV(), SVC(kernel="linear", C=100.0)),
    "PLS-LDA": make_pipeline(grid, SNV(), PLSLDA(n_components=10)),
}
result = compare(
    models, spectra, groups=spectra.groups, cv=5, progress=False, random_state=0
)
print(result)

# %%
# ``result.save_html("report.html")`` writes everything into one page: scores of each
# fold, differences with their intervals, confusion matrices, and by which bands the
# classes were told apart. One of its pictures is here. (Six minerals with strong bands
# of their own are an easy task: do not expect such scores of yours.)
figure = result.plot_explanations(["Calcite", "Dolomite", "Forsterite"])
