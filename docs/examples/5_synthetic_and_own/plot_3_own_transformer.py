"""
How do I add a step of my own?
==============================

Write a scikit-learn transformer. Two methods make it part of every Pipeline, search and
comparison, and a third lets maps find their way back through it.
"""

# %%
# The step: ratios to the intensity of a reference band, as one does with an internal
# standard. It treats each spectrum by itself, so fit has nothing to learn.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import explain_pipeline
from sklearn_raman.preprocessing import AIRPLS


class ReferenceBand(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Divide each spectrum by the area of one band."""

    def __init__(self, region=(900.0, 1000.0)):
        self.region = region

    def fit(self, X, y=None):
        """Remember which columns hold the band."""
        axis = np.asarray(X.columns, dtype=float)
        self.columns_ = (axis >= self.region[0]) & (axis <= self.region[1])
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.asarray(X.columns)
        return self

    def transform(self, X):
        """Divide; a data frame stays a data frame, and so the axis is kept."""
        return X.div(X.loc[:, self.columns_].sum(axis=1), axis=0)

    def map_back(self, maps, X=None, *, mode="conserve"):
        """A value stays at its wavenumber, so its map does too."""
        return maps


# %%
# Spectra whose laser power varies by a factor of ten, two substances, and the step
# among those of the package.
X, y, truth = make_raman_spectra(
    200,
    spike_rate=0,
    fluorescence=1.0,
    similarity=0.75,
    as_frame=True,
    return_truth=True,
    random_state=12,
)
X = X.mul(10 ** np.random.default_rng(0).uniform(-0.5, 0.5, len(X)), axis=0)
shared = truth.class_positions[0, : truth.n_shared]
print("bands that both substances have:", np.sort(shared.round()))
standard = shared[truth.class_heights[0, : truth.n_shared].argmax()]

X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
baseline = AIRPLS(lam=1e6)
step = ReferenceBand(region=(standard - 20, standard + 20))
model = make_pipeline(baseline, step, PLSLDA(n_components=4)).fit(X_train, y_train)
print(f"with the step: {model.score(X_test, y_test):.2f}")

# %%
# What the step does to the spectra of one class, and the map of the Pipeline, back on
# the raw axis.
rows = X_test[y_test == 0]
corrected = baseline.fit_transform(rows)
maps = explain_pipeline(model, rows, 0)
axis = X.columns.astype(float)
figure, panels = plt.subplots(3, 1, figsize=(8.2, 6.5), sharex=True)
panels[0].plot(axis, corrected.T, color="#0072b2", lw=0.5)
panels[0].set_title("baseline corrected: height is laser power")
panels[1].plot(axis, step.fit_transform(corrected).T, color="#0072b2", lw=0.5)
panels[1].axvspan(*step.region, color="#e69f00", alpha=0.35, lw=0)
panels[1].set_title("divided by the band in yellow")
panels[2].plot(axis, maps.mean(), color="#d55e00")
panels[2].set_title("what PLS-LDA used to tell this class from the other")
for band in truth.class_positions[:, truth.n_shared :].ravel():
    panels[2].axvline(band, color="#1f2933", ls=":", lw=1)
for ax in panels:
    ax.set_yticks([])
panels[2].set_xlabel("Raman shift (cm$^{-1}$); dotted: bands that differ")
plt.show()

# %%
# ``sklearn.utils.estimator_checks.check_estimator`` tells what a step lacks that is
# meant for others: this one takes data frames only.
