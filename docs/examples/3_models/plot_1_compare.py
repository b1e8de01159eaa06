"""
Which model should I take?
==========================

The one with the highest mean? With five folds, means differ by chance. Here five models
name 18 minerals on crystals that none of them has seen, in noise, and the picture says
which differences are more than chance.
"""
# sphinx_gallery_thumbnail_number = 2

# %%
# The bundled minerals are clean; noise of 20 % of the highest point makes the task
# harder. Each model gets the same steps in front.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import OneGroupPerClassSplit, compare
from sklearn_raman.preprocessing import SNV, WavenumberResampler

minerals = load_minerals(as_frame=True)
X = minerals.data + np.random.default_rng(0).normal(0, 0.2, minerals.data.shape)
y = minerals.target_names[minerals.target]
grid = WavenumberResampler(target_wavenumbers=(150, 1506, 4))
lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.2)
classifiers = {
    "SVM": SVC(kernel="linear", C=100.0),
    "PLS-LDA": PLSLDA(n_components=20),
    "LDA": lda,
    "KNN": KNeighborsClassifier(1),
    "random forest": RandomForestClassifier(100, random_state=0),
}
models = {
    name: make_pipeline(grid, SNV(), model) for name, model in classifiers.items()
}

# %%
# Ten times, one crystal of each mineral is held out.
split = OneGroupPerClassSplit(n_splits=10, random_state=0)
result = compare(
    models, X, y, groups=minerals.groups, cv=split, explain=False, progress=False
)
print(result)

# %%
# Each circle is one set of held-out crystals. The spread along a line is how much a
# score depends on which crystals were held out: more than most models differ.
figure = result.plot()

# %%
# All models were scored on the same crystals, so look at the difference within each
# fold. The bars are 95 % intervals that allow for the overlap of the training sets
# (Nadeau and Bengio). A bar that crosses zero is a tie: no ground to prefer either.
pairs = result.differences().iloc[::-1]
tie = (pairs["lower"] <= 0) & (pairs["upper"] >= 0)
figure, ax = plt.subplots(figsize=(8.2, 4.2))
for height, (row, is_tie) in enumerate(zip(pairs.itertuples(), tie, strict=True)):
    color = "#8a94a3" if is_tie else "#d55e00"
    ax.plot([row.lower, row.upper], [height, height], color=color, lw=3)
    ax.plot(row.difference, height, "o", color=color)
ax.axvline(0, color="#1f2933", lw=1)
ax.set_yticks(range(len(pairs)), pairs["model"] + " minus " + pairs["other"])
ax.set_xlabel("difference in accuracy; gray: a tie, orange: more than chance")
plt.show()

# %%
# Ten comparisons are ten chances to be misled: p-values here are not corrected for the
# number of pairs. Where several models tie, take the one that is fastest, or that
# explains itself best.
