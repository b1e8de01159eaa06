"""One temperature from networks that have not seen all spectra."""

import warnings

import numpy as np
import pytest
import torch
from imblearn.over_sampling import SMOTE
from scipy.special import softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback, Checkpoint
from torch.utils.data import RandomSampler

from sklearn_raman._utils._temperature import temperature_excess
from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    SpectralNetClassifier,
)
from sklearn_raman.neural_network._calibration import (
    discriminate_logits,
    find_temperature,
    held_out_folds,
)
from sklearn_raman.over_sampling import SpectrumBootstrap

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
    # No more folds than the largest class has spectra.
    assert len(list(held_out_folds(np.array([0, 0, 1, 1]), None, 3, 0))) == 2
    assert list(held_out_folds(np.array([0, 1, 2]), None, 3, 0)) == []


def test_fewer_crystals_leave_less_sure(rng):
    """Discriminants of 200 classes of two crystals; then of others, with one held out.

    The temperature of the first comes from crystals of which they know nothing.
    """
    centers = rng.normal(0, 1.2, size=(200, 5))
    codes, crystals = np.repeat(np.arange(200), 4), np.repeat(np.arange(400), 2)
    X = (centers.repeat(2, axis=0) + rng.normal(size=(400, 5)))[crystals]

    def logits(training, tested):
        means = np.stack(
            [X[training][codes[training] == c].mean(0) for c in range(200)]
        )
        return tested @ means.T - (means**2).sum(axis=1) / 2

    every, labels = np.arange(800), np.repeat(np.arange(200), 20)
    fresh = centers[labels] + rng.normal(size=(4000, 5))
    expected = find_temperature(logits(every, fresh), labels)

    held_out = every[crystals % 2 == 1]
    training = np.setdiff1d(every, held_out)
    alone = logits(training, X[held_out])
    excess = temperature_excess(codes, crystals, training, held_out)
    np.testing.assert_allclose(excess, 2 / 1.5)
    before = find_temperature(alone, codes[held_out])
    found = find_temperature(alone / excess[:, None], codes[held_out])
    assert expected < found < np.sqrt(expected * before)  # less than half of it is left
    spectra = temperature_excess(codes, None, training, held_out)
    np.testing.assert_allclose(spectra, 1.5 / 1.25)


def logits_of(net, X):
    with torch.inference_mode():
        return net.module_(torch.tensor(X, dtype=torch.float32)).numpy()


@pytest.mark.parametrize("cls", [CNNClassifier, FMCNNClassifier, GAPCNNClassifier])
def test_logits_are_mapped_in_the_network(cls, data):
    """The same training, then a linear map; the module itself says what is found."""
    X, y, groups = data
    plain = cls(**SMALL, calibration=None).fit(X, y)
    net = cls(**SMALL, calibration="held_out").fit(X, y, groups=groups)
    assert plain.temperature_ == 1 != net.temperature_
    before, after = logits_of(plain, X), logits_of(net, X)
    known = np.column_stack([before, np.ones(len(X))])
    found = known @ np.linalg.lstsq(known, after)[0]
    # Without a bias, a sum of averages stands for the constant.
    atol = 1e-4 if net.module_.output.bias is not None else 0.1 * np.ptp(after)
    np.testing.assert_allclose(found, after, atol=atol)
    np.testing.assert_allclose(net.predict_proba(X), softmax(after, axis=1), rtol=1e-5)


def test_equal_weights_are_none(data):
    X, y, groups = data
    nets = [
        FMCNNClassifier(**SMALL, calibration="held_out").fit(X, y, weights, groups)
        for weights in (None, np.full(len(X), 2.0))
    ]
    found = [net.decision_function(X) for net in nets]
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("bias", [True, False])
def test_discriminants_are_those_of_lda(bias, rng):
    """As scikit-learn finds them, and with the spread of the logits."""
    codes = np.repeat([0, 1, 2], [20, 30, 40])
    X = rng.normal(size=(90, 5)) + 2 * np.eye(3, 5)[codes]
    X[:, 4] = 1  # what stands for a constant where there is no bias
    module = torch.nn.Module()
    module.output = torch.nn.Linear(5, 3, bias=bias, dtype=torch.float64)
    module.forward = lambda x: module.output(x)
    x = torch.tensor(X)
    before = module(x).detach().numpy()
    parts = torch.arange(90).split(32)
    batches = [(x[p], torch.tensor(codes)[p], torch.ones(len(p))) for p in parts]
    discriminate_logits(module, batches, 3)
    after = module(x).detach().numpy()
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)
    found = lda.fit(before, codes).decision_function(before)
    sizes = [
        (Z - Z.mean(1, keepdims=True)).var(0).sum() ** 0.5 for Z in (before, found)
    ]
    expected = 0.25 * before + 0.75 * found * sizes[0] / sizes[1]
    atol = 1e-9 if bias else 0.01 * np.ptp(after)
    np.testing.assert_allclose(after, expected, atol=atol)


def test_a_class_without_spectra_keeps_its_logit(rng):
    module = torch.nn.Module()
    module.output = torch.nn.Linear(4, 3)
    module.forward = lambda x: module.output(x)
    x = torch.tensor(rng.normal(size=(8, 4)), dtype=torch.float32)
    before = module(x).detach()
    discriminate_logits(module, [(x, torch.arange(8) % 2, torch.ones(8))], 3)
    after = module(x).detach()
    torch.testing.assert_close(after[:, 2], before[:, 2])
    assert not torch.allclose(after[:, 0], before[:, 0])


def test_logits_that_do_not_vary_stay():
    module = torch.nn.Module()
    module.output = torch.nn.Linear(4, 3, bias=False)
    module.forward = lambda x: module.output(x)
    before = module.output.weight.detach().clone()
    codes = torch.arange(9) % 3
    discriminate_logits(module, [(torch.zeros(9, 4), codes, torch.ones(9))], 3)
    torch.testing.assert_close(module.output.weight.detach(), before)


def test_number_of_epochs_switches_it_off(data):
    X, y, _ = data
    assert CNNClassifier(**SMALL).fit(X, y).temperature_ == 1


def test_warm_start_goes_on_from_the_training(data):
    """With the weights that the training ended with; the temperature stays."""
    X, y, _ = data
    settings = {**SMALL, "warm_start": True, "augmentation": None}
    plain = CNNClassifier(**settings, calibration=None).fit(X, y)
    net = CNNClassifier(**settings, calibration="held_out").fit(X, y)
    temperature = net.temperature_
    plain.fit(X, y)
    expected = plain.decision_function(X) / temperature
    found = net.fit(X, y).decision_function(X)
    assert net.temperature_ == temperature
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_fit_without_calibration_forgets_an_earlier_one(n_classes, data):
    """What goes on from there goes on as without a past."""
    X, y, _ = data
    few = np.where(np.isin(y, np.unique(y)[:n_classes]), y, y[0])
    net = CNNClassifier(**SMALL, calibration="held_out").fit(X, y)
    net.set_params(calibration=None).fit(X, few).partial_fit(X, few)
    plain = CNNClassifier(**SMALL, calibration=None).fit(X, few).partial_fit(X, few)
    np.testing.assert_array_equal(net.predict_proba(X), plain.predict_proba(X))


def small_class(data):
    """Spectra of three classes, of which the last has one group, and groups."""
    X, y, groups = data
    rows = np.r_[:20, 20:24]
    return X[rows], y[rows], np.where(rows < 20, groups[rows], 99)


@pytest.mark.parametrize(
    "settings",
    [
        {"class_weight": "balanced"},
        {"sampler": SpectrumBootstrap(sampling_strategy={"topaz": 10})},
        {"sampler": SMOTE(k_neighbors=3)},
        {"iterator_train__drop_last": True, "batch_size": 20},
        {
            "iterator_train__sampler": RandomSampler(range(24)),
            "iterator_train__shuffle": False,
        },
    ],
    ids=lambda settings: [*settings][0],
)
@pytest.mark.parametrize("with_groups", [True, False])
def test_folds_take_what_all_spectra_take(settings, with_groups, data):
    """A fold has fewer spectra, and no class of a single group."""
    X, y, groups = small_class(data)
    groups = groups if with_groups else None
    settings = {**SMALL, **settings}
    plain = CNNClassifier(**settings, augmentation=None).fit(X, y, groups=groups)
    net = CNNClassifier(**settings, augmentation=None, calibration="held_out")
    logits = net.fit(X, y, groups=groups).decision_function(X)
    assert net.temperature_ != 1
    expected = plain.decision_function(X) / net.temperature_
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_a_sampler_speaks_of_all_spectra(data):
    """Not of those of a fold, where a class of two spectra may have one."""
    X, y, _ = data
    rows = np.r_[:22]
    net = CNNClassifier(**SMALL, sampler=SpectrumBootstrap(), calibration="held_out")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.fit(X[rows], y[rows])


@pytest.mark.parametrize("history", [True, False])
def test_loaded_parameters_bring_their_calibration(history, data, tmp_path):
    """In the weights, from which training goes on; no earlier fit leaves anything."""
    X, y, _ = data
    net = CNNClassifier(**SMALL, calibration="held_out").fit(X, y)
    files = {"f_params": tmp_path / "net.pt"}
    if history:
        files["f_history"] = tmp_path / "net.json"
    net.save_params(**files)
    settings = {**SMALL, "random_state": 1, "max_epochs": 3, "calibration": "held_out"}
    other = CNNClassifier(**settings).fit(X, y)
    other.load_params(**files)
    assert other.temperature_ == 1
    assert other.n_iter_ == (2 if history else 3)
    other.set_params(lr=1e-30).partial_fit(X, y)
    np.testing.assert_allclose(other.predict_proba(X), net.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("weights", [{}, {"f_params": None}, {"f_module": None}])
def test_what_loads_no_weights_leaves_the_calibration(weights, data, tmp_path):
    X, y, _ = data
    net = CNNClassifier(**SMALL, calibration="held_out").fit(X, y)
    net.temperature_ = temperature = 0.5  # whatever it was
    net.save_params(f_history=tmp_path / "net.json")
    net.load_params(**weights, f_history=tmp_path / "net.json")
    assert net.temperature_ == temperature


def test_initialized_and_loaded_as_skorch_does_it(data, tmp_path):
    """Training goes on from what was loaded, with its scale of the spectra."""
    X, y, _ = data
    net = CNNClassifier(**SMALL, calibration="held_out").fit(X, y)
    net.save_params(f_params=tmp_path / "net.pt")
    other = CNNClassifier(**{**SMALL, "lr": 1e-30}).fit(3 * X + 1, y)
    other.initialize().load_params(f_params=tmp_path / "net.pt")
    other.partial_fit(3 * X + 1, y)
    np.testing.assert_allclose(other.predict_proba(X), net.predict_proba(X), atol=1e-6)


def test_checkpoint_keeps_the_temperature(data, tmp_path):
    """It loads weights while `partial_fit` trains, before they are calibrated."""
    X, y, _ = data
    best = Checkpoint(monitor="train_loss_best", load_best=True, dirname=tmp_path)
    net = CNNClassifier(**SMALL, callbacks=[best], calibration="held_out").fit(X, y)
    temperature = net.temperature_
    assert temperature != 1
    assert net.partial_fit(X, y).temperature_ == temperature


def test_initialize_before_and_after_fit(data):
    X, y, _ = data
    net = CNNClassifier(**SMALL, calibration="held_out")
    with pytest.raises(NotFittedError, match="before fit, which finds"):
        net.initialize()
    net.fit(X, y).initialize()
    assert net.temperature_ == 1
    assert net.partial_fit(X, y).n_iter_ == 2


def test_module_without_a_last_layer(data):
    class Sequence(torch.nn.Sequential):
        def __init__(self, n_points, n_classes):
            super().__init__(torch.nn.Linear(n_points, n_classes))

    net = SpectralNetClassifier(Sequence, **SMALL, calibration="held_out")
    trained = []

    class Note(Callback):
        def on_batch_end(self, net, **kwargs):
            trained.append(net)

    net.set_params(callbacks=[Note()])
    with pytest.raises(TypeError, match="Sequence has none. Use calibration=None"):
        net.fit(*data[:2])
    assert trained == []
