"""The same bits however the work is spread."""

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.preprocessing import AIRPLS, SNV, WavenumberCrop


@pytest.fixture(scope="module")
def data():
    return make_raman_spectra(
        40, wavenumbers=(400.0, 800.0, 4.0), as_frame=True, random_state=0
    )


def search(n_jobs):
    pipeline = make_pipeline(
        WavenumberCrop(region=(420, 780)),
        AIRPLS(lam=1e4),
        SNV(),
        CNNClassifier(n_hidden=8, max_epochs=3, random_state=0),
    ).set_output(transform="pandas")
    grid = {"cnnclassifier__n_filters": [2, 4], "airpls__lam": [1e3, 1e5]}
    return GridSearchCV(pipeline, grid, cv=2, scoring="neg_log_loss", n_jobs=n_jobs)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_bit_identical_scores(backend, data):
    X, y = data
    alone = search(1).fit(X, y)
    with joblib.parallel_config(backend):
        together = search(2).fit(X, y)
    for key in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(together.cv_results_[key], alone.cv_results_[key])
    np.testing.assert_array_equal(together.predict_proba(X), alone.predict_proba(X))
