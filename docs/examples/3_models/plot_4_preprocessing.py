"""
Which preprocessing? Let a search find out
==========================================

Baseline or not, which stiffness, derivative or not: instead of arguing, put whole steps
into a grid. The search judges each combination on spectra that its model was not fitted
to.
"""

# %%
# Raw simulated spectra: four substances that share three quarters of their bands,
# strong fluorescence, little light.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.preprocessing import AIRPLS, SNV, SavitzkyGolay

X, y = make_raman_spectra(
    400,
    n_classes=4,
    similarity=0.75,
    photons=25.0,
    fluorescence=6.0,
    spike_rate=0,
    wavenumbers=(400.0, 1800.0, 2.0),
    as_frame=True,
    random_state=5,
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=0.5, stratify=y, random_state=0
)

# %%
# Every step can be swapped for another or for ``"passthrough"``, which does nothing.
pipeline = Pipeline(
    [
        ("baseline", "passthrough"),
        ("smoothing", "passthrough"),
        ("scaling", SNV()),
        ("classifier", SVC(kernel="linear", C=1.0)),
    ]
)
baselines = {
    "no baseline correction": "passthrough",
    "airPLS, lam = 1e3": AIRPLS(lam=1e3),
    "airPLS, lam = 1e5": AIRPLS(lam=1e5),
    "airPLS, lam = 1e7": AIRPLS(lam=1e7),
}
filters = {
    "as it is": "passthrough",
    "smoothed, 11 points": SavitzkyGolay(window_length=11),
    "smoothed, 21 points": SavitzkyGolay(window_length=21),
    "1st derivative, 15": SavitzkyGolay(window_length=15, deriv=1),
    "2nd derivative, 21": SavitzkyGolay(window_length=21, deriv=2),
}
choices = {"baseline": list(baselines.values()), "smoothing": list(filters.values())}
search = GridSearchCV(pipeline, choices, cv=5).fit(X_train, y_train)

# %%
# One square per combination, from the cross-validation inside the training part.
found = search.cv_results_["mean_test_score"].reshape(len(baselines), len(filters))
figure, ax = plt.subplots(figsize=(8.2, 4))
ax.imshow(found, cmap="cividis", aspect="auto")
for row, column in np.ndindex(*found.shape):
    best = found[row, column] == found.max()
    dark = found[row, column] < (found.min() + found.max()) / 2
    ax.text(
        column,
        row,
        f"{found[row, column]:.2f}",
        ha="center",
        va="center",
        color="white" if dark else "black",
        fontweight="bold" if best else None,
    )
ax.set_xticks(range(len(filters)), filters, rotation=20, ha="right")
ax.set_yticks(range(len(baselines)), baselines)
ax.spines[:].set_visible(False)
ax.tick_params(length=0)
ax.set_title("accuracy in cross-validation; bold: chosen")
plt.show()
print(
    f"the chosen Pipeline on spectra the search never saw: "
    f"{search.score(X_test, y_test):.2f}"
)

# %%
# The best square is a little flattered, being the best of twenty; the score on the
# held-out half is the honest one. Squares that differ by less than the folds do are
# ties. The chosen Pipeline:
search.best_estimator_
