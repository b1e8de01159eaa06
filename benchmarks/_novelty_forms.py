"""Other forms of novelty scores than the detector's, on the same held-out spectra."""

import numpy as np
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from sklearn_raman._utils._pipeline import classifier_and_input
from sklearn_raman.uncertainty._calibration import make_folds, out_of_fold
from sklearn_raman.uncertainty._novelty_scores import (
    MeanCorrelation,
    NearestCorrelation,
    RelativeMahalanobis,
)

SCORES = "distance", "spectra", "means", "bands", "residual"
N_AXES = 80  # of the residual
# Weighted sums of scores, or the greatest of them.
FORMS = {
    "distance": {"distance": 1},
    "correlation with spectra": {"spectra": 1},
    "correlation with class means": {"means": 1},
    "correlation with class means, less background": {"bands": 1},
    "residual of 80 principal axes (Q)": {"residual": 1},
    "distance + 0.3 correlation with class means": {"distance": 1, "means": 0.3},
    "distance + 0.7 correlation with class means": {"distance": 1, "means": 0.7},
    "greater of distance and 0.7 correlation with spectra": max,
    "distance + 0.5 residual": {"distance": 1, "residual": 0.5},
    "distance + 0.3 correlation less background": {"distance": 1, "bands": 0.3},
    "distance + 0.5 correlation less background": {"distance": 1, "bands": 0.5},
    "distance + 0.7 correlation less background": {"distance": 1, "bands": 0.7},
}


class Residual:
    """What principal axes leave of a standardized spectrum, squared."""

    def __init__(self, inputs):
        spectra = self._standardize(inputs)
        self.mean = spectra.mean(axis=0)
        self.axes = np.linalg.svd(spectra - self.mean, full_matrices=False)[2][:N_AXES]

    def __call__(self, classifier, inputs):
        centered = self._standardize(inputs) - self.mean
        return ((centered - centered @ self.axes.T @ self.axes) ** 2).sum(axis=1)

    @staticmethod
    def _standardize(spectra):
        centered = spectra - np.mean(spectra, axis=1, keepdims=True)
        length = np.linalg.norm(centered, axis=1, keepdims=True)
        return centered / np.where(length > 0, length, 1)


def learn(model, X, y):
    """Return a function: spectra -> scores (n_spectra, n_scores), high if strange."""
    classifier, inputs = classifier_and_input(model, X)
    code = np.unique(y, return_inverse=True)[1]
    spectra = NearestCorrelation(classifier, inputs)
    means = [spectra.library[code == c].mean(axis=0) for c in range(code.max() + 1)]
    scores = (
        RelativeMahalanobis(classifier, inputs, y),
        spectra,
        NearestCorrelation(classifier, np.stack(means)),
        MeanCorrelation(classifier, inputs, y),
        Residual(np.asarray(inputs)),
    )
    return lambda Z: np.stack(
        [score(*classifier_and_input(model, Z)) for score in scores], axis=1
    )


def judge_forms(model, data, test, unknown, odd, *, seed, n_folds, rate=0.05):
    """Return the figures of each form at the threshold of its held-out spectra."""
    X, y, groups = data
    folds = make_folds(n_folds, y, groups, seed)

    def judge(fitted, X, y, held):
        return {"scores": learn(fitted, X, y)(held)}

    known = out_of_fold(model, X, y, groups, folds, judge, None).scores
    measure = learn(clone(model).fit(X, y), X, y)
    center, rare = np.quantile(known, [0.5, 0.95], axis=0)
    spectra = {"known": test, "unknown": unknown, **odd}
    scores = {
        name: (measure(Z) - center) / (rare - center) for name, Z in spectra.items()
    }
    known = (known - center) / (rare - center)
    figures = {}
    for name, form in FORMS.items():
        threshold = np.quantile(_join(form, known), 1 - rate, method="higher")
        found = {kind: _join(form, values) for kind, values in scores.items()}
        two = np.r_[found["known"], found["unknown"]]
        figures[name] = {
            "auroc": roc_auc_score(np.arange(len(two)) >= len(test), two),
            "false_alarms": (found["known"] > threshold).mean(),
            "detected": (found["unknown"] > threshold).mean(),
            "odd": {kind: (found[kind] > threshold).mean() for kind in odd},
        }
    return figures


def _join(form, scores):
    columns = {name: scores[:, k] for k, name in enumerate(SCORES)}
    if form is max:
        return np.maximum(columns["distance"], 0.7 * columns["spectra"])
    return sum(weight * columns[name] for name, weight in form.items())
