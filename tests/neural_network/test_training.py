"""What fit does with the data: validation split, sampler, weights, schedule."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from imblearn.over_sampling import SMOTE
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_random_state
from skorch.callbacks import Callback
from skorch.dataset import ValidSplit
from skorch.helper import predefined_split

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    _schedule,
)
from sklearn_raman.neural_network._data import (
    BatchDataset,
    Spectra,
    join_weights,
    validation_split,
)
from sklearn_raman.neural_network._schedule import auto_epochs
from sklearn_raman.preprocessing import SNV

CLASSIFIERS = [CNNClassifier, FMCNNClassifier, GAPCNNClassifier]
SMALL = {
    "n_filters": 2,
    "n_hidden": 4,
    "max_epochs": 2,
    "batch_size": 32,
    "augmentation": None,
    "random_state": 0,
}


class Repeat(BaseEstimator):
    """Sampler that appends copies of every spectrum, and notes what it saw."""

    def __init__(self, n_copies=1, random_state=None):
        self.n_copies = n_copies
        self.random_state = random_state

    def fit_resample(self, X, y):
        self.seen_ = X[:, 0].copy()
        self.labels_ = set(y)
        n = self.n_copies + 1
        return np.concatenate([X] * n), np.concatenate([y] * n)


class Watch(Callback):
    """Note the first point of every spectrum in each data set, and learning rates."""

    def __init__(self):
        self.rates = []

    def on_epoch_begin(self, net, dataset_train, dataset_valid, **kwargs):
        self.train = dataset_train.arrays["x"][:, 0].numpy()
        self.valid = dataset_valid and dataset_valid.arrays["x"][:, 0].numpy()

    def on_batch_begin(self, net, training, **kwargs):
        if training:
            self.rates.append(net.optimizer_.param_groups[0]["lr"])


@pytest.fixture(scope="module")
def data():
    """60 spectra of three classes, numbered in their first point; 4 of a crystal."""
    X, y = make_lorentzian_spectra(
        20, centers=(10, 30, 50), n_points=64, noise=0.1, random_state=0
    )
    X[:, 0] = np.arange(60)
    return X, np.array(["agate", "beryl", "topaz"])[y], np.arange(60) // 4


def fit(data, **settings):
    """Fit a small network and return it with what its training saw."""
    groups = settings.pop("groups", None)
    watch = Watch()
    cnn = CNNClassifier(**{**SMALL, **settings}, callbacks=[("watch", watch)])
    cnn.fit(*data[:2], groups=groups)
    return cnn, watch


# Validation split -----------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5])
def test_validation_split_by_group(fraction, data):
    _, y, groups = data
    codes = np.unique(y, return_inverse=True)[1]
    for seed in range(5):
        train, valid = validation_split(
            codes, fraction, groups, np.random.RandomState(seed)
        )
        assert not set(groups[train]) & set(groups[valid])
        assert sorted([*train, *valid]) == list(range(60))
        assert set(codes[train]) == {0, 1, 2}
        assert abs(len(valid) / 60 - fraction) < 0.15


def test_class_with_one_group_stays_in_training():
    codes = np.repeat([0, 0, 0, 0, 1], 4)
    groups = np.repeat(range(5), 4)
    for seed in range(10):
        train, valid = validation_split(codes, 0.4, groups, np.random.RandomState(seed))
        assert 1 in codes[train]
        assert len(valid)
    with pytest.raises(ValueError, match="No group can be held out"):
        validation_split(codes, 0.2, codes, np.random.RandomState(0))


def test_class_with_one_spectrum_stays_in_training():
    codes = np.array([0] * 10 + [1] + [2] * 10 + [3])
    for seed in range(10):
        train, valid = validation_split(codes, 0.1, None, np.random.RandomState(seed))
        assert {1, 3} <= set(codes[train])
        assert set(codes[valid]) == {0, 2}
        assert sorted([*train, *valid]) == list(range(22))
    with pytest.raises(ValueError, match="No spectrum can be held out of 4"):
        validation_split(np.arange(4), 0.1, None, np.random.RandomState(0))


@pytest.mark.parametrize("n_groups", [0, 6, 12, 24])
def test_any_seed_holds_out_of_few_spectra(n_groups):
    """24 spectra of three classes, one of them of a single group."""
    codes = np.repeat([0, 1, 2], [10, 10, 4])
    groups = np.minimum(np.arange(24) * n_groups // 24, n_groups * 20 // 24)
    groups = groups if n_groups else None
    for seed in range(10):
        for fraction in (0.1, 0.5, 0.95):
            rng = np.random.RandomState(seed)
            train, valid = validation_split(codes, fraction, groups, rng)
            assert len(valid)
            assert set(codes[train]) == {0, 1, 2}
            assert sorted([*train, *valid]) == list(range(24))
            if groups is not None:
                assert not set(groups[train]) & set(groups[valid])


def test_early_stopping_with_fewer_spectra_of_a_class_than_folds(data):
    X, y, _ = data
    few = np.concatenate([np.flatnonzero(y == label)[:8] for label in np.unique(y)])
    net = CNNClassifier(**SMALL, early_stopping=True)
    assert net.fit(X[few], y[few], groups=np.arange(24)).n_iter_ == 2


def test_early_stopping_keeps_groups_apart(data):
    cnn, watch = fit(data, early_stopping=True, groups=data[2])
    assert not set(watch.train // 4) & set(watch.valid // 4)
    assert len(watch.train) + len(watch.valid) == 60


def test_train_split_of_skorch(data):
    split = ValidSplit(4, stratified=True)
    _, watch = fit(data, train_split=split)
    assert len(watch.valid) == 15
    assert not set(watch.train) & set(watch.valid)
    own = BatchDataset(data[0][:7].astype(np.float32) + 100, np.zeros(7, dtype=int))
    _, watch = fit(data, train_split=predefined_split(own))
    assert len(watch.train) == 60
    assert min(watch.valid) >= 100


# Sampler --------------------------------------------------------------------------


def test_sampler_sees_training_spectra_only(data):
    settings = {"early_stopping": True, "groups": data[2], "validation_fraction": 0.3}
    cnn, watch = fit(data, sampler=Repeat(2), **settings)
    assert not set(cnn.sampler_.seen_) & set(watch.valid)
    assert set(watch.train) == set(cnn.sampler_.seen_)
    assert len(watch.train) == 3 * len(cnn.sampler_.seen_)
    assert cnn.sampler_.labels_ == {"agate", "beryl", "topaz"}


def test_sampler_without_split_sees_everything(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cnn, watch = fit(data, sampler=Repeat())
    assert len(watch.train) == 120
    assert watch.valid is None


def test_a_fit_without_a_sampler_has_none(data):
    cnn, _ = fit(data, sampler=Repeat())
    assert not hasattr(cnn.set_params(sampler=None).fit(*data[:2]), "sampler_")


def test_sampler_and_split_without_groups_warns(data):
    with pytest.warns(UserWarning, match=r"Pass fit\(.*metadata_routing"):
        fit(data, sampler=Repeat(), early_stopping=True)


def test_random_state_reaches_the_sampler(data):
    cnn, _ = fit(data, sampler=Repeat())
    again, _ = fit(data, sampler=Repeat())
    assert cnn.sampler_.random_state == again.sampler_.random_state is not None
    assert cnn.sampler.random_state is None
    assert fit(data, sampler=Repeat(random_state=7))[0].sampler_.random_state == 7


class Spoils(BaseEstimator):
    """Sampler that returns what a function makes of spectra and labels."""

    def __init__(self, function=None):
        self.function = function

    def fit_resample(self, X, y):
        return self.function(X, y)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda X, y: (X, np.where(y == "beryl", "amber", y)), r"labels: \['amber'\]"),
        (lambda X, y: (X, y[:-1]), r"shape \(60, 64\) and labels of shape \(59,\)"),
        (lambda X, y: (X[:-1], y), r"shape \(59, 64\) and labels of shape \(60,\)"),
        (lambda X, y: (X, y[:, None]), r"labels of shape \(60, 1\)"),
        (lambda X, y: (X[:, 1:], y), r"64 points .* shape \(60, 63\)"),
        (lambda X, y: (X[:0], y[:0]), r"shape \(0, 64\) and labels of shape \(0,\)"),
        (lambda X, y: (X[0], y), r"spectra of shape \(64,\)"),
        (lambda X, y: (X + 1j, y), r"got complex"),
        (lambda X, y: (X * np.nan, y), r"finite spectra"),
        (lambda X, y: (X, np.arange(60)), r"labels: \[0, 1, "),
        (lambda X, y: (X, [None] * 60), r"labels: \[None\]"),
    ],
)
def test_result_of_a_sampler_is_checked(function, message, data):
    with pytest.raises(ValueError, match="Spoils must return .*" + message):
        fit(data, sampler=Spoils(function))


@pytest.mark.parametrize("container", [np.asarray, list, pd.DataFrame])
def test_containers_of_a_sampler(container, data):
    def twice(X, y):
        return container(np.r_[X, X]), list(y) * 2

    assert len(fit(data, sampler=Spoils(twice))[1].train) == 120


def test_sampler_of_imbalanced_learn(data):
    X, y, _ = data
    rare = np.r_[0:20, 20:26, 40:60]
    cnn, watch = fit((X[rare], y[rare]), sampler=SMOTE(k_neighbors=3))
    assert len(watch.train) == 60
    assert cnn.get_params()["sampler__k_neighbors"] == 3
    cnn = CNNClassifier(sampler=SMOTE())
    assert clone(cnn).set_params(sampler__k_neighbors=2).sampler.k_neighbors == 2
    assert cnn.sampler.k_neighbors == 5


def test_sampler_takes_no_weights(data):
    with pytest.raises(ValueError, match="sample_weight can't be used together"):
        CNNClassifier(**SMALL, sampler=Repeat()).fit(
            *data[:2], sample_weight=np.ones(60)
        )


def test_groups_reach_a_classifier_in_a_pipeline(data):
    X, y, groups = data
    with sklearn.config_context(enable_metadata_routing=True):
        cnn = CNNClassifier(
            **SMALL, early_stopping=True, validation_fraction=0.3, sampler=Repeat()
        ).set_fit_request(groups=True)
        pipeline = make_pipeline(SNV(), cnn)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pipeline.fit(X, y, groups=groups)
    seen = pipeline[-1].sampler_.seen_
    crystals = groups[np.isin(SNV().fit_transform(X)[:, 0].astype(np.float32), seen)]
    assert len(crystals) == 4 * len(set(crystals))  # whole crystals only


def test_groups_of_another_length(data):
    with pytest.raises(ValueError, match="groups has shape"):
        CNNClassifier(**SMALL).fit(*data[:2], groups=[1, 2])


# Weights --------------------------------------------------------------------------


def test_weights_have_mean_one_in_training(rng):
    codes = np.array([0, 0, 0, 1])
    rows = Spectra(rng.normal(size=(4, 3)), codes, np.array([1.0, 2.0, 1.0, 1.0]))
    classes = np.array(["a", "b"])
    train, valid = join_weights("balanced", classes, rows, rows.take([3]))
    assert train.weights.mean() == pytest.approx(1)
    assert train.weights[:3].sum() == pytest.approx(train.weights[3])
    assert valid.weights[0] == train.weights[3]
    assert join_weights(None, classes, rows._replace(weights=None))[0].weights is None


def test_balanced_without_spectra_of_a_class(data):
    """It needs no weight; the others have those of a fit without it."""
    X, y, _ = data
    kept = np.flatnonzero(y != y[-1])[5:]
    settings = {**SMALL, "class_weight": "balanced"}
    net = CNNClassifier(**settings).partial_fit(X[kept], y[kept], classes=np.unique(y))
    assert set(net.predict(X[kept])) <= set(y)
    classes, codes = np.unique(y), np.unique(y, return_inverse=True)[1]
    (train, _), (alone, _) = (
        join_weights("balanced", known, Spectra(X[kept], codes[kept], None))
        for known in (classes, classes[:2])
    )
    np.testing.assert_allclose(train.weights, alone.weights)


def test_no_batch_is_full(data):
    net = CNNClassifier(**{**SMALL, "batch_size": 100}, iterator_train__drop_last=True)
    with pytest.raises(ValueError, match="No batch of 100 is full with 60"):
        net.fit(*data[:2])


def test_weight_counts_as_repetition_in_the_scaling(data):
    """Also in what fit learns about the spectra."""
    X, y, _ = data
    weights = np.resize([1, 2, 3], 60)
    weighted = CNNClassifier(**SMALL).fit(X, y, sample_weight=weights)
    repeated = CNNClassifier(**SMALL).fit(
        np.repeat(X, weights, axis=0), np.repeat(y, weights)
    )
    for name in ("center", "scale"):
        torch.testing.assert_close(
            getattr(weighted.module_.input, name), getattr(repeated.module_.input, name)
        )
    strengths = weighted.augmentation_strength_, repeated.augmentation_strength_
    assert strengths[0] == pytest.approx(strengths[1])


# Schedule and optimizer -----------------------------------------------------------


def test_auto_epochs():
    assert auto_epochs(3200, 32, 32) == 18
    assert auto_epochs(320, 10, 32) == 80
    assert auto_epochs(30, 2, 32) == 800


def test_many_spectra_of_a_class_take_more_epochs():
    assert auto_epochs(800, 4, 32) == 36
    assert auto_epochs(500, 1, 32) == 72
    assert auto_epochs(2000, 10, 32) == 23  # 1500 steps
    assert auto_epochs(100_000, 4, 32) == 18


def test_all_spectra_are_trained_on(data, monkeypatch):
    monkeypatch.setattr(_schedule, "_MIN_STEPS", 1)
    monkeypatch.setattr(_schedule, "_MIN_EPOCHS", 3)
    cnn, watch = fit(data, max_epochs="auto", calibration=None)
    assert cnn.n_iter_ == 3
    assert len(watch.train) == 60
    assert watch.valid is None


def test_batches_follow_the_number_of_spectra(data):
    """16 spectra a step in a small set, 32 in a larger one; a number is a number."""
    X, y, _ = data
    settings = {**SMALL, "max_epochs": 1}
    for n_copies, size in ((1, 16), (9, 32)):
        cnn = CNNClassifier(**{**settings, "batch_size": "auto"})
        cnn.fit(np.tile(X, (n_copies, 1)), np.tile(y, n_copies))
        assert cnn.batch_size_ == size
        assert len(cnn.history_[0, "batches"]) == -(-60 * n_copies // size)
    assert CNNClassifier(**settings).fit(X, y).batch_size_ == SMALL["batch_size"]


def test_one_cycle(data):
    _, watch = fit(data, max_epochs=20, lr=0.01)
    rates = np.array(watch.rates)
    assert len(rates) == 40
    assert rates.argmax() == 8  # after a fifth
    assert rates.max() == pytest.approx(0.01)
    assert (np.diff(rates)[:8] > 0).all()
    assert (np.diff(rates)[8:] < 0).all()
    assert rates[-1] < 1e-4
    assert set(fit(data, lr_schedule=None, lr=0.01)[1].rates) == {0.01}


def test_one_cycle_counts_the_batches_there_are(data):
    """Not those of `batch_size`, if the iterator has a size of its own."""
    rates = fit(data, max_epochs=10, lr=0.01, iterator_train__batch_size=10)[1].rates
    assert len(rates) == 60
    assert np.argmax(rates) == 12
    assert len(set(rates)) == 60


@pytest.mark.parametrize("max_epochs", [1, 2, 3])
def test_short_cycles(max_epochs, data):
    rates = fit(data, max_epochs=max_epochs, lr=0.01, batch_size=60)[1].rates
    assert len(rates) == max_epochs
    assert max(rates) <= 0.01
    assert min(rates) > 0


def test_weight_decay_spares_biases(data):
    cnn, _ = fit(data, weight_decay=0.3)
    decay = {
        p.ndim > 1: group["weight_decay"]
        for group in cnn.optimizer_.param_groups
        for p in group["params"]
    }
    assert decay == {True: 0.3, False: 0.0}
    cnn, _ = fit(data, optimizer=torch.optim.SGD, optimizer__weight_decay=0.1)
    assert {g["weight_decay"] for g in cnn.optimizer_.param_groups} == {0.1}


# Sizes ----------------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSIFIERS)
@pytest.mark.parametrize("n_points", [1, 2, 3, 5, 8, 17, 64, 3000])
def test_any_number_of_points(cls, n_points, rng):
    """Also with a last batch of a single spectrum."""
    X, y = rng.normal(size=(9, n_points)), np.arange(9) % 2
    net = cls(max_epochs=2, batch_size=4, random_state=0).fit(X, y)
    probabilities = net.predict_proba(X)
    assert np.isfinite(probabilities).all()
    assert net.explain_(X).shape == X.shape


@pytest.mark.parametrize("cls", CLASSIFIERS)
def test_many_classes(cls, rng):
    X, y = rng.normal(size=(400, 20)), np.arange(400) % 200
    net = cls(max_epochs=1, random_state=0).fit(X, y)
    assert net.predict_proba(X).shape == (400, 200)


@pytest.mark.parametrize("cls", CLASSIFIERS)
def test_small_differences_are_learned(cls):
    """Differences of 1 % on top of a common spectrum, as well as by themselves."""
    rng = check_random_state(0)
    points = np.arange(200)
    common = 100 * np.exp(-(((points - 100) / 30) ** 2))
    y = np.arange(120) % 3
    own = np.exp(-(((points - np.array([40, 100, 160])[y, None]) / 3) ** 2))
    X = own + 0.3 * rng.standard_normal((120, 200))

    def score(X, **settings):
        net = cls(max_epochs=30, random_state=0, **settings).fit(X[:60], y[:60])
        return net.score(X[60:], y[60:]), net.augmentation_strength_

    alone, full_strength = score(X)
    hidden, strength = score(X + common)
    assert full_strength == 1
    assert strength < 0.02
    assert hidden > max(0.9, alone - 0.05)
    blind = {"scaling": None, "derivative": False, "augmentation": None}
    assert hidden >= score(X + common, **blind)[0]


# Points ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "resolution", "n_averaged"),
    [
        (0.5, "auto", 4),
        (1.2, "auto", 2),
        (3.0, "auto", 1),
        (1.0, 3.0, 3),
        (0.5, None, 1),
    ],
)
def test_close_points_are_averaged(step, resolution, n_averaged, rng):
    X = pd.DataFrame(
        rng.normal(size=(6, 61)), columns=(200 + step * np.arange(61)).astype(str)
    )
    net = GAPCNNClassifier(max_epochs=1, random_state=0, resolution=resolution)
    net.fit(X, [0, 1] * 3)
    assert net.module_.input.center.shape[1] == -(-61 // n_averaged)
    maps = net.explain_(X)
    assert list(maps.columns) == list(X.columns)


def test_points_without_an_axis(rng):
    """About 1000 values are left; a distance in cm-1 means nothing."""
    X, y = rng.normal(size=(4, 3400)), [0, 1] * 2
    net = GAPCNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    assert net.module_.input.center.shape[1] == 1134
    with pytest.raises(ValueError, match=r"resolution=2\.0 is in cm-1, and the axis"):
        net.set_params(resolution=2.0).fit(X, y)
