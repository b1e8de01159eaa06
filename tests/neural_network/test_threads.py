"""Fits in several threads, and processes that are forked beside them."""

import os
import subprocess
import sys
import threading

import joblib
import numpy as np
import pytest
import torch
from imblearn.under_sampling import InstanceHardnessThreshold

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.over_sampling import WGANGP
from tests.neural_network._callbacks import Pause


@pytest.fixture(scope="module")
def data():
    X, y = make_lorentzian_spectra(10, centers=(15, 45), n_points=64, random_state=0)
    return X[:-4], y[:-4]


def small_net(**settings):
    return CNNClassifier(
        n_filters=2, n_hidden=4, max_epochs=1, random_state=0, **settings
    )


FITS = {
    "network": lambda X, y: small_net().fit(X, y).predict_proba(X),
    "WGANGP": lambda X, y: WGANGP(max_iter=2, random_state=0).fit_resample(X, y)[0],
}


@pytest.mark.parametrize("name", FITS)
def test_default_dtype_beside_a_fit(name, data):
    """The fit that ends gives the default back before the next one looks at it."""
    fit = FITS[name]
    expected, found, pause = fit(*data), [], Pause()
    first = threading.Thread(target=small_net(callbacks=[pause]).fit, args=data)
    second = threading.Thread(target=lambda: found.append(fit(*data)))
    torch.set_default_dtype(torch.float64)
    try:
        first.start()
        assert pause.reached.wait(60)
        second.start()
        second.join(0.5)  # it waits for the first by then
        pause.go_on.set()
        first.join()
        second.join()
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_array_equal(found, [expected])


def test_sampler_that_fits_networks_in_threads(data):
    """Their fits would wait for that of the network that waits for them."""
    scores = []

    def fit():
        for n_jobs in (1, 2):
            sampler = InstanceHardnessThreshold(
                estimator=small_net(), cv=2, n_jobs=n_jobs, random_state=0
            )
            with joblib.parallel_config("threading"):
                net = small_net(sampler=sampler).fit(*data)
            scores.append(net.predict_proba(data[0]))

    thread = threading.Thread(target=fit, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    np.testing.assert_array_equal(*scores)


FIRST_FIT = """
import os, signal, sys, threading, time
from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import CNNClassifier

X, y = make_lorentzian_spectra(8, centers=(10, 30), n_points=64, random_state=0)
net = CNNClassifier(n_filters=2, n_hidden=4, max_epochs=1)
assert "torch._dynamo" not in sys.modules
thread = threading.Thread(target=net.fit, args=(X, y))
thread.start()
while "torch._dynamo" not in sys.modules and thread.is_alive():
    time.sleep(0.001)
child = os.fork()
if not child:
    signal.alarm(60)
    CNNClassifier(n_filters=2, n_hidden=4, max_epochs=1).fit(X, y)
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_fork_beside_the_first_fit_of_a_process():
    """torch imports a part of itself then; the child would wait for the import."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FIRST_FIT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
