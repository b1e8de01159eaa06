"""Networks in files: pickles, copies, and skops, which must not run code."""

import copy
import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import skops.io
import torch
from skorch.callbacks import EpochScoring, Freezer, LRScheduler
from torch import nn

from sklearn_raman.__main__ import main
from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import GAPCNNClassifier, SpectralNetClassifier

SMALL = {"max_epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    return make_lorentzian_spectra(
        10, centers=(10, 30, 50), n_points=64, noise=0.1, random_state=0
    )


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


def through_skops(net):
    dumped = skops.io.dumps(net)
    types = skops.io.get_untrusted_types(data=dumped)
    return skops.io.loads(dumped, trusted=types)


@pytest.mark.parametrize(
    "way",
    [through_skops, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))],
    ids=["skops", "deepcopy", "pickle"],
)
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
def test_there_and_back(net, way, data):
    X, y = data
    net = net.fit(X, y)
    again = way(net)
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    # Training goes on as it would have: with the optimizer, and callbacks made anew.
    again.partial_fit(X, y)
    net.partial_fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))


def test_a_callback_that_skops_cannot_save_is_named(data):
    net = GAPCNNClassifier(**SMALL, callbacks=[("frozen", Freezer("none*"))]).fit(*data)
    with pytest.raises(TypeError, match="can't save the callback frozen"):
        skops.io.dumps(net)
    expected = net.predict(data[0])
    again = through_skops(net.set_params(callbacks=None))
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
        b"cposix\nmkdir",
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
    assert b"cposix\nmkdir" in evil
    evil = evil.replace(b"cposix\nmkdir", named)
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
