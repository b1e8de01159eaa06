"""The same bits however the work is spread."""

import dask
import distributed
import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.neural_network import GAPCNNClassifier
from sklearn_raman.preprocessing import AIRPLS, SNV, WavenumberCrop
from sklearn_raman.uncertainty import ConformalClassifier


@pytest.fixture(scope="module")
def data():
    return make_raman_spectra(
        40, wavenumbers=(400.0, 800.0, 4.0), as_frame=True, random_state=0
    )


def search(n_jobs):
    """Search with every source of randomness that a fit has."""
    pipeline = make_pipeline(
        WavenumberCrop(region=(420, 780)),
        AIRPLS(lam=1e4),
        SNV(),
        GAPCNNClassifier(max_epochs=3, dropout=0.2, early_stopping=True),
    ).set_output(transform="pandas")
    pipeline.set_params(gapcnnclassifier__random_state=0)
    grid = {"gapcnnclassifier__pool_bins": [2, 4], "airpls__lam": [1e3, 1e5]}
    return GridSearchCV(pipeline, grid, cv=2, scoring="neg_log_loss", n_jobs=n_jobs)


@pytest.fixture(scope="module")
def alone(data):
    return search(1).fit(*data)


def check_same_bits(together, alone, X):
    for key in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(together.cv_results_[key], alone.cv_results_[key])
    np.testing.assert_array_equal(together.predict_proba(X), alone.predict_proba(X))


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_bit_identical_scores(backend, data, alone):
    with joblib.parallel_config(backend):
        check_same_bits(search(2).fit(*data), alone, data[0])


@pytest.fixture(scope="module")
def unsure(data):
    return unsure_answers(data, 1)


def unsure_answers(data, n_jobs):
    """What a classifier says that was judged on folds."""
    net = GAPCNNClassifier(max_epochs=1, random_state=0)
    model = ConformalClassifier(
        make_pipeline(WavenumberCrop(region=(420, 780)), SNV(), net),
        cv=2,
        novelty_score="both",
        grouped=False,
        random_state=0,
        n_jobs=n_jobs,
    )
    return model.fit(*data).describe(data[0])


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_bit_identical_calibration(backend, data, unsure):
    with joblib.parallel_config(backend):
        pd.testing.assert_frame_equal(unsure_answers(data, 2), unsure, check_exact=True)


@pytest.mark.parametrize(("n_workers", "threads"), [(2, 1), (1, 2)])
def test_bit_identical_scores_on_dask(n_workers, threads, data, alone):
    """Two processes of one thread, and two threads of this one."""
    # Without dask's MALLOC_TRIM_THRESHOLD_, which doubles the time of its processes.
    environment = {"distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1}}
    with (
        dask.config.set(environment),
        distributed.LocalCluster(
            n_workers=n_workers,
            threads_per_worker=threads,
            processes=n_workers > 1,
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        check_same_bits(search(2).fit(*data), alone, data[0])
