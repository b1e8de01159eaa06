"""Prediction reads the network: no bit, mode, hook or global state changes."""

import copy
import os
import pickle
import signal
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import skops.io
import torch
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from torch import nn

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    SpectralNetClassifier,
)
from tests.neural_network._callbacks import Pause


class NormAndDropout(nn.Module):
    """A network of a user's own, with everything that differs in training."""

    def __init__(self, n_points, n_classes):
        super().__init__()
        self.norm = nn.BatchNorm1d(n_points)
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(n_points, n_classes)

    def features(self, x):
        return self.dropout(self.norm(x))[:, None]

    def head(self, features):
        return self.output(features[:, 0])

    def forward(self, x):
        return self.head(self.features(x))


NETS = {
    "CNN": CNNClassifier(n_filters=4, n_hidden=8),
    "FMCNN": FMCNNClassifier(n_filters=4, n_hidden=8, dropout=0.5),
    "GAPCNN": GAPCNNClassifier(n_filters=(4, 4, 4), dropout=0.5),
    "own": SpectralNetClassifier(NormAndDropout),
}
READERS = {
    "predict": lambda net, X: net.predict(X),
    "predict_proba": lambda net, X: net.predict_proba(X),
    "decision_function": lambda net, X: net.decision_function(X),
    "score": lambda net, X: net.score(X, np.arange(30) % 3),
    "forward": lambda net, X: net.forward(X),
    "forward in training": lambda net, X: net.forward(X, training=True),
    "forward_iter": lambda net, X: list(net.forward_iter(X)),
    "evaluation_step": lambda net, X: net.evaluation_step((torch.tensor(X), None)),
    "cascading_reset": lambda net, X: list(net.cascading_reset(0)),
}


@pytest.fixture(scope="module")
def data():
    X, y = make_lorentzian_spectra(
        10, centers=(10, 30, 50), n_points=64, noise=0.1, random_state=0
    )
    return X, y


def fitted(name, data, **params):
    net = copy.deepcopy(NETS[name])
    return net.set_params(max_epochs=2, random_state=0, **params).fit(*data)


def modes(net):
    return [part.training for part in net.module_.modules()]


def everything(net):
    """Return all that reading must leave alone."""
    parts = list(net.module_.modules())
    bits = {name: value.clone() for name, value in net.module_.state_dict().items()}
    layout = [
        (part.training, sorted(vars(part)), len(part._forward_hooks)) for part in parts
    ]
    return bits, layout, dict(vars(net))


def check_untouched(net, before):
    bits, layout, attributes = everything(net)
    for name, value in before[0].items():
        assert torch.equal(bits[name], value), name
    assert layout == before[1]
    assert attributes.keys() == before[2].keys()
    for name, value in attributes.items():
        assert value is before[2][name], name


@pytest.mark.parametrize("name", NETS)
def test_fit_leaves_evaluation_mode(name, data):
    net = fitted(name, data)
    assert not any(modes(net))
    net.partial_fit(*data)
    assert not any(modes(net))
    net.module_.train()
    with pytest.raises(ValueError, match="NaN"):
        net.partial_fit(data[0] * np.nan, data[1])
    assert not any(modes(net))
    net.set_params(early_stopping=True).fit(*data)
    assert not any(modes(net))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", NETS)
def test_reading_changes_nothing(name, reader, training, data):
    """Also if the user has left the network in training mode."""
    net = fitted(name, data)
    expected = net.predict_proba(data[0])
    net.module_.train(training)
    before = everything(net)
    READERS[reader](net, data[0])
    check_untouched(net, before)
    np.testing.assert_array_equal(net.predict_proba(data[0]), expected)


@pytest.mark.parametrize("name", NETS)
def test_copies_read_the_same(name, data, tmp_path):
    X, _ = data
    net = fitted(name, data)
    copies = [copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    if name != "own":
        skops.io.dump(net, tmp_path / "net.skops")
        unknown = skops.io.get_untrusted_types(file=tmp_path / "net.skops")
        copies.append(skops.io.load(tmp_path / "net.skops", trusted=unknown))
    for again in copies:
        assert not any(modes(again))
        before = everything(again)
        np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
        check_untouched(again, before)


def test_best_of_a_search_is_in_evaluation_mode(data):
    search = GridSearchCV(
        FMCNNClassifier(max_epochs=2, random_state=0), {"n_filters": [2, 4]}, cv=2
    ).fit(*data)
    net = search.best_estimator_
    assert not any(modes(net))
    before = everything(net)
    search.predict(data[0])
    check_untouched(net, before)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_threads_share_a_network(name, training, data):
    X, _ = data
    net = fitted(name, data)
    expected = net.predict_proba(X)
    net.module_.train(training)
    before = everything(net)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: net.predict_proba(X), range(24)):
            np.testing.assert_array_equal(found, expected)
    check_untouched(net, before)


class Raise(Callback):
    """Fail after the first epoch."""

    def on_epoch_end(self, net, **kwargs):
        raise RuntimeError("a callback failed")


@pytest.fixture
def net_beside_a_fit(data):
    """A fitted network, while another thread is in the middle of a fit."""
    net = fitted("FMCNN", data)
    pause = Pause()
    other = CNNClassifier(n_filters=2, max_epochs=1, callbacks=[pause])
    thread = threading.Thread(target=other.fit, args=data)
    thread.start()
    assert pause.reached.wait(60)
    yield net
    pause.go_on.set()
    thread.join()


@pytest.mark.parametrize("reader", READERS)
def test_reading_does_not_wait_for_a_fit(reader, data, net_beside_a_fit):
    """It would wait for ever: the fit goes on after the test only."""
    thread = threading.Thread(
        target=READERS[reader], args=(net_beside_a_fit, data[0]), daemon=True
    )
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_fork_beside_a_fit(data, net_beside_a_fit):
    """The child has no thread that would ever end the fit."""
    expected = net_beside_a_fit.predict_proba(data[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of any fork beside threads
        child = os.fork()
    if child == 0:
        try:
            found = net_beside_a_fit.predict_proba(data[0])
            CNNClassifier(n_filters=2, max_epochs=1).fit(*data)
            os._exit(0 if np.array_equal(found, expected) else 1)
        finally:
            os._exit(2)
    for _ in range(600):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.1)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the child hangs")
    assert os.waitstatus_to_exitcode(status) == 0


def test_torchs_state_is_not_touched_meanwhile(data):
    """Seen from another thread, and from a new one, while this one predicts."""
    net = fitted("CNN", data)
    before = torch.get_num_threads()
    seen = set()

    def look():
        seen.add((torch.get_num_threads(), torch.get_rng_state().sum().item()))

    class Look(nn.Identity):
        def forward(self, x):
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
            inside.append(torch.get_num_threads())
            return x

    inside = []
    net.module_.dropout = Look()
    look()
    torch.set_num_threads(2)
    try:
        seen.clear()
        look()
        for reader in ("predict", "decision_function"):
            READERS[reader](net, data[0])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert len(seen) == 1
    assert set(inside) == {1}


class default_dtype:
    """Set torch's default dtype and put it back."""

    def __enter__(self):
        torch.set_default_dtype(torch.float64)

    def __exit__(self, *error):
        assert torch.get_default_dtype() == torch.float64
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(
    "ambient",
    [
        torch.no_grad,
        torch.inference_mode,
        default_dtype,
        lambda: torch.device("meta"),
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    ],
)
@pytest.mark.parametrize("name", NETS)
def test_the_callers_modes_change_nothing(name, ambient, data):
    """Whichever of fitting, fitting on, failing and reading they surround."""
    X, y = data
    net = fitted(name, data)
    readers = list(READERS)[:4]
    expected = {reader: READERS[reader](net, X) for reader in readers}
    later = copy.deepcopy(net).partial_fit(X, y).predict_proba(X)
    with ambient():
        for reader, value in expected.items():
            np.testing.assert_array_equal(READERS[reader](net, X), value)
        modes = torch.is_grad_enabled(), torch.get_default_dtype()
        one, other = fitted(name, data), fitted(name, data)
        other.partial_fit(X, y)
        one.set_params(callbacks=[Raise()])
        with pytest.raises(RuntimeError, match="a callback failed"):
            one.partial_fit(X, y)
        one.set_params(callbacks=None)
        assert (torch.is_grad_enabled(), torch.get_default_dtype()) == modes
    for reader, value in expected.items():
        np.testing.assert_array_equal(READERS[reader](one, X), value)
    for net in (one.partial_fit(X, y), other):
        np.testing.assert_array_equal(net.predict_proba(X), later)
