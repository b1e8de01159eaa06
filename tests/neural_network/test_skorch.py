"""Where skorch and scikit-learn differ: parameters, failed fits, Ctrl-C."""

import copy
import pickle
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from skorch.callbacks import (
    BatchScoring,
    Callback,
    EarlyStopping,
    EpochScoring,
    InputShapeSetter,
    LRScheduler,
    ProgressBar,
)
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import nn
from torch.utils.data import Subset

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import CNNClassifier, SpectralNetClassifier

SMALL = {"n_filters": 2, "n_hidden": 4, "max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    X, y = make_lorentzian_spectra(
        10, centers=(10, 30, 50), n_points=64, noise=0.1, random_state=0
    )
    return X, np.array(["agate", "beryl", "topaz"])[y]


@pytest.mark.parametrize(
    "names", [[0, 1, 2], [1, 2, 3], [10, 5, 20], ["agate", "beryl", "topaz"]], ids=str
)
@pytest.mark.parametrize("extra", [{}, {"class_weight": "balanced"}], ids=str)
@pytest.mark.parametrize("on_train", [True, False])
def test_scores_of_callbacks(names, extra, on_train, data):
    """In batches and epochs, with the outputs of training and with others."""
    X, y = data
    y = np.array(names)[np.unique(y, return_inverse=True)[1]]
    scoring = [
        kind("accuracy", use_caching=caching, on_train=on_train, name=name)
        for name, kind, caching in [
            ("batch", BatchScoring, True),
            ("batch_again", BatchScoring, False),
            ("epoch", EpochScoring, True),
            ("epoch_again", EpochScoring, False),
        ]
    ]
    scoring.append(BatchScoring(None, name="score", on_train=on_train))
    settings = {**SMALL, "lr": 0.02, **extra, "early_stopping": not on_train}
    # Nothing random in training, and a last epoch that changes nothing.
    net = CNNClassifier(**settings, callbacks=scoring, lr_schedule=None).fit(X, y)
    found = net.history_[:, ("batch", "epoch", "score", "batch_again", "epoch_again")]
    for batch, epoch, score, batch_again, epoch_again in found:
        assert batch == score == pytest.approx(epoch)
        if not on_train:  # no step of the optimizer comes between
            assert batch_again == pytest.approx(batch)
            assert epoch_again == pytest.approx(batch)
    if on_train:
        assert found[-1][-1] == pytest.approx(net.score(X, y))
    assert set(net.predict(torch.tensor(X))) <= set(names)


@pytest.mark.parametrize(
    "names", [[5, 7, 9], [1, 0, 2], ["topaz", "agate", "beryl"]], ids=str
)
@pytest.mark.parametrize("part", [False, True])
def test_scores_of_callbacks_on_a_data_set_of_ones_own(names, part, data):
    """Its labels are positions; what is predicted at once scores as from the cache."""
    X, classes = data
    y = np.array(names)[np.unique(classes, return_inverse=True)[1]]
    rows = np.arange(0, len(X), 2) if part else np.arange(len(X))
    valid = Dataset(X.astype(np.float32), np.searchsorted(np.unique(y), y))
    valid = Subset(valid, rows) if part else valid
    scoring = [
        EpochScoring("accuracy", use_caching=caching, name=name)
        for name, caching in [("cached", True), ("again", False)]
    ]
    settings = {**SMALL, "lr": 0.02, "train_split": predefined_split(valid)}
    net = CNNClassifier(**settings, callbacks=scoring).fit(X, y)
    found = np.array(net.history_[:, ("cached", "again")])
    np.testing.assert_allclose(found[:, 1], found[:, 0])
    assert found[-1, 1] == pytest.approx(net.score(X[rows], y[rows]))


@pytest.mark.parametrize(
    "callback, message",
    [
        (ProgressBar(), "ProgressBar can't tell how many batches"),
        (ProgressBar, "set batch_size to a number"),
        (EarlyStopping(), "monitors 'valid_loss', and no spectra are held out"),
        (InputShapeSetter(), "InputShapeSetter is not needed"),
    ],
)
def test_callbacks_that_would_fail_are_refused(callback, message, data):
    with pytest.raises(ValueError, match=message):
        CNNClassifier(**SMALL, callbacks=[callback]).fit(*data)


@pytest.mark.parametrize(
    "settings",
    [
        {"callbacks": [ProgressBar()], "batch_size": 16},
        {"callbacks": [ProgressBar(batches_per_epoch="count")]},
        {
            "callbacks": [ProgressBar],
            "callbacks__ProgressBar__batches_per_epoch": "count",
        },
        {"callbacks": [EarlyStopping()], "early_stopping": True},
        {"callbacks": [EarlyStopping(monitor="train_loss")]},
    ],
)
def test_callbacks_that_work_are_not(settings, data):
    assert CNNClassifier(**SMALL, **settings).fit(*data).n_iter_ == 2


# Parameters -----------------------------------------------------------------------


def test_set_params_on_a_fitted_net_waits_for_fit(data):
    """skorch would swap the trained module for a fresh one at once."""
    net = CNNClassifier(**SMALL).fit(*data)
    before = net.predict_proba(data[0])
    net.set_params(module__n_hidden=5, criterion__label_smoothing=0.2)
    np.testing.assert_array_equal(net.predict_proba(data[0]), before)
    assert net.fit(*data).module_.hidden.out_features == 5
    assert net.criterion_.label_smoothing == 0.2


@pytest.mark.parametrize("train", ["fit", "partial_fit"])
def test_optimizer_parameters_of_a_fitted_net_are_kept(train, data):
    """skorch changes the optimizer at hand and forgets the parameter."""
    net = CNNClassifier(**SMALL, lr_schedule=None).fit(*data)
    net.set_params(optimizer__weight_decay=0.3, lr=0.5)
    assert clone(net).get_params()["optimizer__weight_decay"] == 0.3
    steps = [int(state["step"]) for state in net.optimizer_.state.values()]
    getattr(net, train)(*data)
    found = {(g["weight_decay"], g["lr"]) for g in net.optimizer_.param_groups}
    assert found == {(0.3, 0.5)}
    after = [int(state["step"]) for state in net.optimizer_.state.values()]
    assert after == [step * (1 + (train == "partial_fit")) for step in steps]


class Lin(nn.Linear):
    def __init__(self, n_points, n_classes):
        super().__init__(n_points, n_classes)


class NoLinear(Lin):
    pass


@pytest.mark.parametrize(
    "params",
    [
        {"module": NoLinear},
        {"criterion": nn.MultiMarginLoss},
        {"optimizer": torch.optim.SGD},
        {"dtype": "float64"},
        {"callbacks": []},
        {"callbacks__print_log": None},
        {"callbacks__valid_loss__name": "mine"},
        {"iterator_train__shuffle": False},
        {"module": nn.Linear(2, 2), "criterion": 3, "module__bogus": 1, "callbacks": 3},
    ],
    ids=str,
)
def test_set_params_only_stores(params, data):
    net = SpectralNetClassifier(Lin, max_epochs=2, random_state=0).fit(*data)
    expected, before = net.predict_proba(data[0]), everything(net)
    drawn = torch.get_rng_state()
    net.set_params(**params)
    after = everything(net)
    for name in ("weights", "optimizer", "callbacks", "modes"):
        check_equal(after[name], before[name])
    for name in ("module_", "criterion_", "optimizer_", "callbacks_"):
        assert after["attributes"][name] == before["attributes"][name]
    np.testing.assert_array_equal(net.predict_proba(data[0]), expected)
    assert torch.equal(torch.get_rng_state(), drawn)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(data[0]), expected)
    if len(params) == 1:
        net.partial_fit(*data)
        assert type(net.module_) is Lin
        (name, value), *_ = params.items()
        assert isinstance(net.optimizer_, torch.optim.AdamW)
        assert net.fit(*data).get_params(deep=False)[name] is value
        assert type(net.module_) is params.get("module", Lin)
        assert isinstance(net.optimizer_, params.get("optimizer", torch.optim.AdamW))


class Strange(nn.Module):
    """A module that takes nothing."""

    def __init__(self):
        super().__init__()


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"module": Lin(2, 3)}, r"module must be .*got Lin.*module__argument=\.\.\."),
        ({"module": int}, r"module must be a subclass of Module, got <class 'int'>"),
        ({"module": None}, r"module must be a subclass of Module, got None"),
        ({"module": Strange}, r"module=.*Strange.* is called with n_points, n_classes"),
        ({"module__bogus": 1}, r"is called with n_points, n_classes, bogus"),
        ({"optimizer__bogus": 1}, r"optimizer=.*AdamW.* is called with .*bogus"),
        ({"criterion__bogus": 1}, r"criterion=.*CrossEntropy.* is called with .*bogus"),
        ({"criterion": "mse"}, r"criterion must be .* got 'mse'.*criterion__argument"),
        ({"criterion": nn.NLLLoss()}, r"criterion must be .* got NLLLoss\(\)"),
        ({"optimizer": "adam"}, r"optimizer must be .* got 'adam'"),
        ({"optimizer": nn.Linear}, r"optimizer must be a subclass of Optimizer"),
        ({"callbacks": 3}, r"callbacks must be a list of skorch callbacks .* got 3"),
        ({"callbacks": [3]}, r"callbacks must be a list of skorch callbacks .*\[3\]"),
        ({"callbacks__bogus__x": 3}, r"callbacks__bogus__x names no callback"),
        ({"train_split": 0.2}, r"train_split.* must be a callable or None. Got 0.2"),
        ({"train_split": True}, r"train_split.* must be a callable or None. Got True"),
    ],
    ids=str,
)
def test_wrong_components_are_named_in_fit(params, message, fitted, data):
    net = SpectralNetClassifier(Lin, max_epochs=1)
    if fitted:
        net.fit(*data)
    net.set_params(**params)
    expected = everything(net)
    with pytest.raises((TypeError, ValueError), match=message):
        net.partial_fit(*data)
    check_equal(everything(net), expected)


def test_unknown_device(data):
    message = r'device must be one of torch, such as "cpu" or "cuda", got .nodevice'
    with pytest.raises(ValueError, match=message):
        CNNClassifier(**SMALL, device="nodevice").fit(*data)
    with pytest.raises(ValueError, match=message):
        CNNClassifier(**SMALL).fit(*data).set_params(device="nodevice")


def test_a_network_stays_where_it_can_be_used(data):
    net = CNNClassifier(**SMALL).fit(*data)
    expected = everything(net)
    with pytest.raises(ValueError, match="device='cuda:99' can't be used here"):
        net.set_params(device="cuda:99")
    check_equal(everything(net), expected)
    assert net.predict(data[0]).shape == data[1].shape


def test_schedule_of_a_user_goes_on(data):
    """In a fit that goes on, from the rate it has come to."""
    steps = LRScheduler("ExponentialLR", gamma=0.5)
    settings = {**SMALL, "lr": 1.0, "lr_schedule": None, "optimizer": torch.optim.SGD}
    settings |= {"optimizer__param_groups": [("output.*", {"weight_decay": 0.1})]}
    net = CNNClassifier(**settings, callbacks=[steps]).fit(*data).partial_fit(*data)
    rates = net.history_[:, "event_lr"]
    assert (np.diff(rates) < 0).all()


def test_module_made_by_a_function(data):
    net = SpectralNetClassifier(lambda n_points, n_classes: Lin(n_points, n_classes))
    assert type(net.set_params(max_epochs=1).fit(*data).module_) is Lin


@pytest.mark.parametrize("name", ["compile", "dataset", "use_caching"])
def test_parameters_that_clone_would_lose(name):
    with pytest.raises(TypeError, match=name):
        CNNClassifier(**{name: None})


@pytest.mark.parametrize(
    ("name", "value"),
    [("batch_size", 0), ("n_threads", -1), ("predict_nonlinearity", "softmax")],
)
def test_prediction_checks_the_parameters_that_it_uses(name, value, data):
    net = CNNClassifier(**SMALL).fit(*data).set_params(**{name: value})
    with pytest.raises(ValueError, match=f"'{name}' parameter of CNNClassifier"):
        net.predict(data[0])


# Probabilities --------------------------------------------------------------------


class Focal(nn.Module):
    """A loss of a user's own on logits."""

    def __init__(self, reduction):
        super().__init__()

    def forward(self, logits, y):
        return nn.functional.cross_entropy(logits, y, reduction="none") ** 2


class OneNumber(nn.Module):
    """A loss that has its mean already."""

    def __init__(self, reduction="mean"):
        super().__init__()

    def forward(self, logits, y):
        return nn.functional.cross_entropy(logits, y)


@pytest.mark.parametrize("criterion", [Focal, nn.MultiMarginLoss])
def test_probabilities_of_any_criterion_on_logits(criterion, data):
    X, _ = data
    net = CNNClassifier(**SMALL, criterion=criterion).fit(*data)
    probabilities, logits = net.predict_proba(X), net.decision_function(X)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    with torch.no_grad():
        own = net.module_(torch.tensor(X, dtype=torch.float32))
    np.testing.assert_allclose(logits, own, rtol=1e-5, atol=1e-6)
    net.trim_for_prediction()
    np.testing.assert_array_equal(net.predict_proba(X), probabilities)


def test_probabilities_of_a_module_that_ends_in_a_softmax(data):
    """With torch.nn.NLLLoss skorch's modules return probabilities."""

    class Probabilities(nn.Sequential):
        def __init__(self, n_points, n_classes):
            super().__init__(nn.Linear(n_points, n_classes), nn.Softmax(dim=-1))

    net = SpectralNetClassifier(Probabilities, criterion=nn.NLLLoss, max_epochs=2)
    net.fit(*data)
    np.testing.assert_allclose(net.predict_proba(data[0]).sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(net.predict_proba(data[0]), net.forward(data[0]))


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        (nn.MSELoss, r"MSELoss can't take logits of shape \(\d+, 3\) and as"),
        (nn.BCEWithLogitsLoss, r"BCEWithLogitsLoss can't take logits .*size"),
        (nn.NLLLoss, "Lin returns no probabilities, of which NLLLoss takes the log"),
        (OneNumber, r"OneNumber must give one loss for each spectrum.*\(\)"),
    ],
)
@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_criterion_that_is_none_of_classes(criterion, message, data):
    with pytest.raises((RuntimeError, ValueError), match=message):
        SpectralNetClassifier(Lin, criterion=criterion, max_epochs=1).fit(*data)


def test_predict_nonlinearity(data):
    net = CNNClassifier(**SMALL, predict_nonlinearity=torch.sigmoid).fit(*data)
    logits = net.decision_function(data[0])
    np.testing.assert_allclose(
        net.predict_proba(data[0]), 1 / (1 + np.exp(-logits)), atol=1e-6
    )
    assert clone(net).predict_nonlinearity is torch.sigmoid
    net.set_params(predict_nonlinearity=None)
    np.testing.assert_array_equal(net.predict_proba(data[0]), logits)


def test_decision_of_two_classes_is_one_number(data):
    X, y = data[0][:20], data[1][:20]
    net = CNNClassifier(**SMALL).fit(X, y)
    decision, probabilities = net.decision_function(X), net.predict_proba(X)
    assert decision.shape == (20,)
    np.testing.assert_allclose(
        decision, np.log(probabilities[:, 1] / probabilities[:, 0]), atol=1e-4
    )
    assert (net.predict(X) == net.classes_[(decision > 0).astype(int)]).all()


# Fits that fail -------------------------------------------------------------------


class Fails(Callback):
    """Raise at one of skorch's hooks."""

    def __init__(self, hook="on_epoch_end", error=RuntimeError):
        self.hook, self.error = hook, error
        setattr(self, hook, self._raise)

    def _raise(self, *args, **kwargs):
        raise self.error("a callback failed")


class FailingSampler(BaseEstimator):
    def fit_resample(self, X, y):
        raise RuntimeError("a sampler failed")


def failing_split(dataset, y):
    raise RuntimeError("a split failed")


def everything(net):
    """Return what a failed fit must not change, with the identity of each part."""
    if not net.initialized_:
        return dict(vars(net))
    return {
        "attributes": {name: id(value) for name, value in vars(net).items()},
        "weights": copy.deepcopy(net.module_.state_dict()),
        "optimizer": copy.deepcopy(net.optimizer_.state_dict()),
        "history": copy.deepcopy(list(net.history_)),
        "callbacks": [dict(vars(one)) for _, one in net.callbacks_],
        "random": net.random_state_.get_state()[1].copy(),
        "modes": [part.training for part in net.module_.modules()],
        "classes": net.classes_.tolist(),
    }


def check_equal(found, expected):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            check_equal(found[name], value)
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            check_equal(one, other)
    else:
        assert np.array_equal(found, expected)


def fit(net, X, y):
    net.fit(X, y)


def partial_fit(net, X, y):
    net.partial_fit(X, y)


FAILURES = {
    "lengths": ({}, lambda X, y: (X, y[1:])),
    "NaN": ({}, lambda X, y: (X * np.nan, y)),
    "one class": ({}, lambda X, y: (X[:, :30], np.full(30, 7))),
    "sampler": ({"sampler": FailingSampler()}, None),
    "split": ({"train_split": failing_split}, None),
    "parameter": ({"tol": -1}, None),
    "loss": ({"augmentation": None}, lambda X, y: (X * 1e38, y)),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("train", [fit, partial_fit])
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("before", ["unfitted", "fitted"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_failed_fit_changes_nothing(before, warm_start, train, failure, data):
    net = CNNClassifier(**SMALL, warm_start=warm_start, module__scaling=None)
    if before == "fitted":
        net.fit(*data)
    params, spoil = FAILURES[failure]
    net.set_params(**params)
    expected = everything(net)
    X, y = data if spoil is None else spoil(*data)
    with pytest.raises((ValueError, RuntimeError)):
        train(net, X, y)
    check_equal(everything(net), expected)


@pytest.mark.parametrize(
    "hook", ["on_train_begin", "on_grad_computed", "on_epoch_end", "on_train_end"]
)
@pytest.mark.parametrize("train", [fit, partial_fit])
@pytest.mark.parametrize("before", ["unfitted", "fitted"])
def test_failed_callback_changes_nothing(before, train, hook, data):
    net = CNNClassifier(**SMALL)
    if before == "fitted":
        net.fit(*data)
    net.set_params(callbacks=[Fails(hook)])
    expected = everything(net)
    with pytest.raises(RuntimeError, match="a callback failed"):
        train(net, *data)
    check_equal(everything(net), expected)


def test_training_goes_on_after_a_failed_one(data):
    """With the bits of one that was never interrupted."""
    one = CNNClassifier(**SMALL).fit(*data)
    other = CNNClassifier(**SMALL).fit(*data)
    other.set_params(callbacks=[Fails("on_epoch_end")])
    with pytest.raises(RuntimeError):
        other.partial_fit(*data)
    other.set_params(callbacks=None)
    expected = one.partial_fit(*data).predict_proba(data[0])
    np.testing.assert_array_equal(
        other.partial_fit(*data).predict_proba(data[0]), expected
    )


class Counts(nn.Module):
    """A module that notes what it sees, in all the ways there are."""

    def __init__(self, n_points, n_classes):
        super().__init__()
        self.output = nn.Linear(n_points, n_classes)
        self.register_buffer("seen", torch.zeros(1), persistent=False)
        self.register_buffer("sum", torch.zeros(n_points))
        self.count, self.log, self.lock = 0, {"all": []}, threading.Lock()
        self.last = None

    def forward(self, x):
        if self.training:
            self.seen += len(x)
            self.sum = self.sum + x.sum(dim=0)
            self.count += 1
            self.log["all"].append(self.count)
            self.output.note = self.count
            self.last = self.output(x)
        return self.output(x)


class FreezesAndFails(Fails):
    def on_train_begin(self, net, **kwargs):
        net.module_.output.bias.requires_grad_(False)


@pytest.mark.parametrize("ambient", [nullcontext, torch.inference_mode])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_failed_fit_gives_the_module_back_exactly(ambient, error, data):
    """Buffers that are not saved and plain attributes too; the objects stay."""
    settings = {"max_epochs": 2, "random_state": 0}
    net = SpectralNetClassifier(Counts, **settings).fit(*data)
    other = SpectralNetClassifier(Counts, **settings).fit(*data)

    def state(module):
        own = module.seen.item(), module.sum.tolist(), module.count, module.output.note
        return (*own, str(module.log), [p.requires_grad for p in module.parameters()])

    module, tensors = net.module_, [*net.module_.parameters(), *net.module_.buffers()]
    before = state(module)
    net.set_params(callbacks=[FreezesAndFails("on_epoch_end", RuntimeError)])
    if error is KeyboardInterrupt:
        net.set_params(callbacks=[Presses("on_epoch_end")])
    with ambient(), pytest.raises(error):
        net.partial_fit(*data)
    assert net.module_ is module
    now = [*module.parameters(), *module.buffers()]
    assert all(one is same for one, same in zip(now, tensors, strict=True))
    assert state(module) == before
    net.set_params(callbacks=None).partial_fit(*data)
    np.testing.assert_array_equal(
        net.predict_proba(data[0]), other.partial_fit(*data).predict_proba(data[0])
    )


# The end of training, and Ctrl-C --------------------------------------------------


class Ends(Fails):
    """End the training after an epoch, as skorch's EarlyStopping does."""

    def __init__(self, hook="on_epoch_end", error=KeyboardInterrupt):
        super().__init__(hook, error)


class Presses(Callback):
    """Press Ctrl-C at one of skorch's hooks."""

    def __init__(self, hook):
        self.hook = hook
        setattr(self, hook, lambda net, **kwargs: signal.raise_signal(signal.SIGINT))


def test_callback_ends_the_training(data):
    net = CNNClassifier(**SMALL, callbacks=[Ends()]).fit(*data)
    assert net.n_iter_ == 1
    assert net.fit(*data).predict(data[0]).shape == (30,)


@pytest.mark.parametrize(("hook", "n"), [("on_train_begin", 0), ("on_train_end", 2)])
@pytest.mark.parametrize("train", [fit, partial_fit])
def test_callback_ends_the_training_at_its_ends(train, hook, n, data):
    net = CNNClassifier(**SMALL, callbacks=[Ends(hook)])
    train(net, *data)
    assert net.n_iter_ == n
    assert net.predict(data[0]).shape == (30,)


def test_callback_ends_the_training_in_a_thread(data):
    net = CNNClassifier(**SMALL, callbacks=[Ends()])
    thread = threading.Thread(target=net.fit, args=data)
    thread.start()
    thread.join()
    assert net.n_iter_ == 1


@pytest.mark.parametrize(
    "hook", ["on_train_begin", "on_batch_begin", "on_epoch_end", "on_train_end"]
)
@pytest.mark.parametrize("train", [fit, partial_fit])
def test_ctrl_c_in_a_callback(train, hook, data):
    """skorch would return a half-trained net, and a grid search would go on."""
    net = CNNClassifier(**SMALL).fit(*data)
    net.set_params(callbacks=[Presses(hook)])
    expected = everything(net)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(net, *data)
    check_equal(everything(net), expected)
    assert signal.getsignal(signal.SIGINT) is handler


def test_ctrl_c_that_something_swallows(data):
    """Such as a destructor, or a callback that catches everything."""

    class Swallows(Callback):
        def on_batch_end(self, net, **kwargs):
            try:
                signal.raise_signal(signal.SIGINT)
            except BaseException:
                pass

    net = CNNClassifier(**SMALL, callbacks=[Swallows()])
    with pytest.raises(KeyboardInterrupt):
        net.fit(*data)
    assert not net.initialized_


def test_interrupt_by_the_module(data):
    class PressCtrlC(nn.Module):
        def __init__(self, n_points, n_classes):
            super().__init__()
            self.layer = nn.Linear(n_points, n_classes)

        def forward(self, x):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SpectralNetClassifier(PressCtrlC).fit(*data)


def test_callers_own_handler(data):
    """A handler that raises nothing interrupts nothing, and hears of the signal."""
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        net = CNNClassifier(**SMALL, callbacks=[Presses("on_epoch_end")]).fit(*data)
    finally:
        signal.signal(signal.SIGINT, before)
    assert net.n_iter_ == 2
    assert heard == [signal.SIGINT] * 2


SHOTS = """
import os, random, signal, sys, threading, time
import numpy as np, torch
from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.neural_network import CNNClassifier

random.seed(0)
X, y = make_lorentzian_spectra(8, centers=(10, 30), n_points=64, random_state=0)
net = CNNClassifier(n_filters=2, n_hidden=4, max_epochs=8, random_state=0).fit(X, y)
start = time.perf_counter()
net.fit(X, y)
seconds = time.perf_counter() - start
expected, weights = net.predict_proba(X), net.module_
drawn = torch.get_rng_state()
interrupted = 0
for shot in range(10):
    train = net.fit if shot % 2 else net.partial_fit
    delay = random.random() * seconds
    gun = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
    returned = False
    try:
        gun.start()
        train(X, y)
        returned = True
        time.sleep(60)
    except KeyboardInterrupt:
        pass
    gun.join()
    assert torch.equal(torch.get_rng_state(), drawn)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if returned:
        net.fit(X, y)
        weights = net.module_
    else:
        interrupted += 1
        assert net.module_ is weights
    np.testing.assert_array_equal(net.predict_proba(X), expected)
print(interrupted)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_at_any_time():
    """No shot is lost, and each leaves the net of before."""
    done = subprocess.run(
        [sys.executable, "-c", SHOTS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1


# torch's state --------------------------------------------------------------------


def test_fit_on_the_cpu_seeds_no_other_device(monkeypatch, data):
    """torch.manual_seed would, without giving the streams back."""

    def refuse(*args):
        raise AssertionError("another device was seeded")

    monkeypatch.setattr(torch.cuda, "manual_seed_all", refuse)
    monkeypatch.setattr(torch, "manual_seed", refuse)
    CNNClassifier(**SMALL).fit(*data)


def test_validation_data_of_a_users_own(data):
    """A plain data set is collated row by row."""
    X, y = data
    codes = np.unique(y, return_inverse=True)[1]

    class Rows(torch.utils.data.Dataset):
        def __len__(self):
            return 30

        def __getitem__(self, position):
            return X[position], codes[position]

    scoring = EpochScoring("accuracy", name="own", lower_is_better=False)
    net = CNNClassifier(
        **SMALL, train_split=lambda train, y: (train, Rows()), callbacks=[scoring]
    ).fit(X, y)
    assert np.isfinite(net.history_[:, "valid_loss"]).all()
    assert net.history_[-1, "own"] == pytest.approx(net.score(X, y))


def test_subsets_of_subsets(data):
    """Rows count in the whole data set, not in the subset between."""
    seen = []

    class See(Callback):
        def on_epoch_begin(self, net, dataset_train, dataset_valid, **kwargs):
            seen.append([one.arrays["x"] for one in (dataset_train, dataset_valid)])

    def split(dataset, y):
        subset = torch.utils.data.Subset
        outer = subset(dataset, range(29, -1, -1))
        return subset(outer, range(20)), subset(outer, range(20, 30))

    X = data[0].astype(np.float32)
    CNNClassifier(**SMALL, train_split=split, callbacks=[See()]).fit(*data)
    np.testing.assert_array_equal(seen[0][0], X[:9:-1])
    np.testing.assert_array_equal(seen[0][1], X[9::-1])
    with pytest.raises(ValueError, match="train_split must return a subset"):
        CNNClassifier(**SMALL, train_split=lambda train, y: ([], None)).fit(*data)
