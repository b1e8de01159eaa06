"""One temperature from networks that have not seen all spectra."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    SpectralNetClassifier,
)
from sklearn_raman.neural_network._calibration import find_temperature, held_out_folds

SMALL = {"max_epochs": 2, "lr": 1e-2, "batch_size": 32, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    X, y = make_lorentzian_spectra(
        10, centers=(10, 30, 50), n_points=64, noise=0.1, random_state=0
    )
    return X, np.array(["agate", "beryl", "topaz"])[y], np.arange(30) // 2


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_temperature_is_found(temperature, rng):
    """Labels drawn with the probabilities of logits divided by a temperature."""
    logits = 3 * rng.normal(size=(20_000, 4))
    shares = softmax(logits / temperature, axis=1).cumsum(axis=1)
    codes = (rng.uniform(size=(20_000, 1)) > shares).sum(axis=1)
    assert find_temperature(logits, codes) == pytest.approx(temperature, rel=0.05)


def test_few_spectra_make_nothing_sure(rng):
    """The fewer independent spectra named correctly, the less sure."""
    logits = np.eye(3)[np.arange(60) % 3]
    found = [find_temperature(logits, np.arange(60) % 3, n_units=n) for n in (6, 60)]
    assert 0.05 < found[1] < found[0] < 1
    weights = np.arange(60) < 30
    assert find_temperature(logits, np.arange(60) % 3, weights) == pytest.approx(
        found[1], rel=1e-3
    )


def test_folds_keep_groups_apart():
    codes = np.repeat([0, 1, 1, 2, 2, 3], 4)
    groups = np.repeat(np.arange(6), 4)
    seen = []
    for training, held_out in held_out_folds(codes, groups, 3, 0):
        assert not set(groups[training]) & set(groups[held_out])
        assert set(codes[held_out]) <= set(codes[training])
        seen.extend(held_out)
    assert set(codes[seen]) == {1, 2}  # the others have one group
    assert len(seen) == len(set(seen))
    assert list(held_out_folds(codes, np.zeros(24), 3, 0)) == []


@pytest.mark.parametrize("cls", [CNNClassifier, FMCNNClassifier, GAPCNNClassifier])
def test_logits_are_divided_in_the_network(cls, data):
    """The same training; the module itself says what is calibrated."""
    X, y, groups = data
    plain = cls(**SMALL, calibration=None).fit(X, y)
    net = cls(**SMALL, calibration="held_out").fit(X, y, groups=groups)
    assert plain.temperature_ == 1 != net.temperature_
    expected = plain.decision_function(X) / net.temperature_
    np.testing.assert_allclose(net.decision_function(X), expected, rtol=1e-4, atol=1e-5)
    x = torch.tensor(X, dtype=torch.float32)
    found = softmax(net.module_(x).detach().numpy(), axis=1)
    np.testing.assert_allclose(net.predict_proba(X), found, rtol=1e-5)


def test_number_of_epochs_switches_it_off(data):
    X, y, _ = data
    assert CNNClassifier(**SMALL).fit(X, y).temperature_ == 1


def test_warm_start_keeps_the_temperature(data):
    X, y, _ = data
    nets = [
        CNNClassifier(**SMALL, calibration=calibration, warm_start=True)
        for calibration in (None, "held_out")
    ]
    plain, net = (one.fit(X, y).fit(X, y) for one in nets)
    expected = plain.decision_function(X) / net.temperature_
    np.testing.assert_allclose(net.decision_function(X), expected, rtol=1e-3, atol=1e-4)


def test_module_without_a_last_layer(data):
    class Sequence(torch.nn.Sequential):
        def __init__(self, n_points, n_classes):
            super().__init__(torch.nn.Linear(n_points, n_classes))

    net = SpectralNetClassifier(Sequence, **SMALL, calibration="held_out")
    with pytest.raises(TypeError, match="Sequence has none. Use calibration=None"):
        net.fit(*data[:2])
