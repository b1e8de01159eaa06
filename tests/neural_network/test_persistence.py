"""A fitted classifier on disk, in another process, on another device."""

import copy
import io
import os
import pickle
import zipfile

import joblib
import numpy as np
import pytest
import skops.io
import torch
from skorch.callbacks import EpochScoring, Freezer, LRScheduler
from torch import nn

from sklearn_raman.__main__ import main
from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    SpectralNetClassifier,
)

CLASSIFIERS = [CNNClassifier, FMCNNClassifier, GAPCNNClassifier]


@pytest.fixture(scope="module")
def data():
    return make_lorentzian_spectra(
        10, centers=(10, 50), n_points=64, noise=0.1, random_state=0
    )


def through_pickle(net, path):
    return pickle.loads(pickle.dumps(net))


def through_joblib(net, path):
    joblib.dump(net, path / "net.joblib")
    return joblib.load(path / "net.joblib")


def through_joblib_mapped(net, path):
    joblib.dump(net, path / "net.joblib")
    return joblib.load(path / "net.joblib", mmap_mode="r")


def through_skops(net, path):
    skops.io.dump(net, path / "net.skops")
    unknown = skops.io.get_untrusted_types(file=path / "net.skops")
    return skops.io.load(path / "net.skops", trusted=unknown)


def through_deepcopy(net, path):
    return copy.deepcopy(net)


@pytest.mark.parametrize("cls", CLASSIFIERS)
@pytest.mark.parametrize(
    "through", [through_pickle, through_joblib, through_joblib_mapped, through_skops]
)
@pytest.mark.parametrize("calibration", [None, "held_out"])
def test_round_trip(calibration, cls, through, data, tmp_path):
    X, y = data
    net = cls(max_epochs=2, random_state=0, calibration=calibration).fit(X, y)
    again = through(net, tmp_path)
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    np.testing.assert_array_equal(again.explain_(X), net.explain_(X))
    assert again.get_params()["max_epochs"] == 2
    more = [one.partial_fit(X, y).predict_proba(X) for one in (again, net)]
    np.testing.assert_array_equal(*more)
    assert again.fit(X, y).n_iter_ == 2


@pytest.mark.parametrize("device", ["cpu:0", torch.device("cpu", 0)], ids=str)
def test_cpu_with_a_number(device, data, tmp_path):
    """torch.load knows no such place."""
    X, y = data
    net = CNNClassifier(max_epochs=2, random_state=0, device=device).fit(X, y)
    net.save_params(f_params=tmp_path / "net.pt")
    copies = [copy.deepcopy(net), through_pickle(net, None)]
    copies += [through_joblib(net, tmp_path), through_skops(net, tmp_path)][
        : 1 + (isinstance(device, str))
    ]
    other = CNNClassifier(max_epochs=1, random_state=1, device=device).fit(X * 3, y)
    other.load_params(f_params=tmp_path / "net.pt")
    for again in [*copies, other]:
        np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
        again.partial_fit(X, y)
    assert len(list(net.cascading_reset(0))) == 4


@pytest.mark.parametrize("cls", CLASSIFIERS)
def test_save_params_of_skorch(cls, data, tmp_path):
    """The scale of the spectra is part of what is saved."""
    X, y = data
    net = cls(max_epochs=2, random_state=0).fit(X, y)
    net.save_params(f_params=tmp_path / "net.pt")
    other = cls(max_epochs=1, random_state=1).fit(X * 3, y)
    other.load_params(f_params=tmp_path / "net.pt")
    np.testing.assert_array_equal(other.predict_proba(X), net.predict_proba(X))


def test_module_is_complete_by_itself(data):
    """Raw spectra in, logits out; nothing of the classifier is needed."""
    X, y = data
    net = CNNClassifier(max_epochs=2, random_state=0).fit(X, y)
    module = net.module_.eval()
    with torch.no_grad():
        logits = module(torch.tensor(X, dtype=torch.float32))
    np.testing.assert_allclose(
        torch.softmax(logits, dim=1), net.predict_proba(X), atol=1e-6
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("cls", CLASSIFIERS)
def test_moves_between_devices(cls, data):
    X, y = data
    net = cls(max_epochs=2, random_state=0).fit(X, y)
    expected, maps = net.predict_proba(X), net.explain_(X)
    net.set_params(device="cuda")
    np.testing.assert_allclose(net.predict_proba(X), expected, atol=1e-4)
    largest = np.abs(maps).max()
    np.testing.assert_allclose(net.explain_(X), maps, atol=1e-4 * largest)
    assert next(net.module_.parameters()).is_cuda
    net.partial_fit(X, y)
    assert net.explain_(X).shape == X.shape
    again = pickle.loads(pickle.dumps(net)).set_params(device="cpu")
    np.testing.assert_allclose(again.predict_proba(X), net.predict_proba(X), atol=1e-4)


SMALL = {"max_epochs": 1, "random_state": 0}


class Half(nn.Module):
    """A part of a network of one's own."""

    def forward(self, x):
        return x / 2


class Own(nn.Module):
    """A network of one's own."""

    def __init__(self, n_points, n_classes):
        super().__init__()
        self.halve, self.last = Half(), nn.Linear(n_points, n_classes)

    def forward(self, x):
        return self.last(self.halve(x))


@pytest.mark.parametrize("through", [through_pickle, through_deepcopy, through_skops])
@pytest.mark.parametrize(
    "net",
    [
        GAPCNNClassifier(**SMALL, optimizer=torch.optim.SGD),
        GAPCNNClassifier(**SMALL, callbacks=[LRScheduler("StepLR", step_size=1)]),
        GAPCNNClassifier(
            **SMALL,
            callbacks=[EpochScoring],
            callbacks__EpochScoring=EpochScoring("accuracy", on_train=True),
        ),
        SpectralNetClassifier(Own, **SMALL),
    ],
    ids=["SGD", "LRScheduler", "EpochScoring", "own"],
)
def test_training_goes_on(net, through, data, tmp_path):
    X, y = data
    net = net.fit(X, y)
    again = through(net, tmp_path)
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    # Training goes on as it would have: with the optimizer, and callbacks made anew.
    again.partial_fit(X, y)
    net.partial_fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))


def test_a_callback_that_skops_cannot_save_is_named(data, tmp_path):
    net = GAPCNNClassifier(**SMALL, callbacks=[("frozen", Freezer("none*"))]).fit(*data)
    with pytest.raises(TypeError, match="can't save the callback frozen"):
        skops.io.dumps(net)
    expected = net.predict(data[0])
    again = through_skops(net.set_params(callbacks=None), tmp_path)
    np.testing.assert_array_equal(again.predict(data[0]), expected)


class MakesFolder:
    """Its pickle makes a folder when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize(
    "named",
    [
        f"c{os.name}\nmkdir".encode(),
        b"cbuiltins\neval",
        b"ctorch.nn.modules.module\nwarnings",  # imported there
        b"ctorch.nn.modules.module\nregister_module_forward_hook",
    ],
)
def test_a_file_of_skops_runs_no_code(named, data, tmp_path, capsys):
    """skorch packs modules in a pickle, which skops takes for plain bytes."""
    net = GAPCNNClassifier(**SMALL).fit(*data)
    folder, path = tmp_path / "made", tmp_path / "model.skops"
    evil = pickle.dumps({"module_": MakesFolder(str(folder))}, protocol=0)
    evil = evil.replace(f"c{os.name}\nmkdir".encode(), named)
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(net))) as good:
        with zipfile.ZipFile(path, "w") as bad:
            for name in good.namelist():
                content = good.read(name)
                bad.writestr(name, evil if name.endswith(".bin") else content)
    types = skops.io.get_untrusted_types(file=path)
    with pytest.raises(ValueError, match="could run any code"):
        skops.io.load(path, trusted=types)
    assert main(["predict", str(path), str(tmp_path / "new.csv")]) == 1
    assert "could run any code" in capsys.readouterr().err
    assert not folder.exists()
