"""Spectra and a classifier that explains itself, for the tests of this folder."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_raman.model_selection import _report

N_CLASSES, N_GROUPS, N_ROWS, N_POINTS = 3, 5, 4, 40


class NearestMean(ClassifierMixin, BaseEstimator):
    """Nearest class mean; its map is (x - overall mean) times the class mean."""

    def fit(self, X, y):
        X, y = validate_data(self, X, y)
        self.classes_ = np.unique(y)
        self.means_ = np.stack([X[y == label].mean(axis=0) for label in self.classes_])
        return self

    def _nearest(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        distances = ((X[:, None] - self.means_) ** 2).sum(axis=2)
        return X, distances.argmin(axis=1)

    def predict(self, X):
        return self.classes_[self._nearest(X)[1]]

    def explain_(self, X, target=None):
        X, places = self._nearest(X)
        if target is not None:
            places = np.searchsorted(self.classes_, target)
        return (X - self.means_.mean(axis=0)) * self.means_[places]


@pytest.fixture(scope="module", autouse=True)
def coarse_pictures():
    """Draw the pictures of pages with few points, which no test looks at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_report, "DPI", 36)
        yield


@pytest.fixture(scope="session")
def explainer():
    """An unfitted classifier with `explain_` and without probabilities."""
    return NearestMean()


@pytest.fixture(scope="session")
def spectra():
    """Frame with wavenumber labels, text labels and groups (five for each class)."""
    rng = np.random.default_rng(0)
    axis = np.linspace(200, 980, N_POINTS)
    X, y, groups = [], [], []
    for label in range(N_CLASSES):
        band = 300 + 250 * label
        for group in range(N_GROUPS):
            shift = rng.normal(0, 40)
            for _ in range(N_ROWS):
                line = 1 / (1 + ((axis - band - shift) / 30) ** 2)
                X.append(line + rng.normal(0, 0.6, N_POINTS))
                y.append(f"mineral {label}")
                groups.append(f"{label}-{group}")
    columns = [str(float(value)) for value in axis]
    return pd.DataFrame(X, columns=columns), np.array(y), np.array(groups)
