"""The classifier beyond scikit-learn's checks: what users rely on."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import log_loss
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback, EpochScoring
from torch import nn

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    SpectralNetClassifier,
    paper_settings,
)

SMALL = {
    "n_filters": 4,
    "n_hidden": 8,
    "lr": 1e-2,
    "batch_size": 32,
    "max_epochs": 5,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def data():
    """60 spectra of 64 points, three classes with names."""
    X, y = make_lorentzian_spectra(
        20, centers=(10, 30, 50), n_points=64, noise=0.1, random_state=0
    )
    return X, np.array(["agate", "beryl", "topaz"])[y]


def test_is_a_skorch_classifier(data):
    cnn = CNNClassifier(**SMALL).fit(*data)
    assert isinstance(cnn, NeuralNetClassifier)
    assert len(cnn.history_) == cnn.n_iter_ == 5
    assert cnn.history_[-1]["train_loss"] < cnn.history_[0]["train_loss"]


@pytest.mark.parametrize(
    ("paper", "cls", "expected"),
    [
        (
            "fukuhara",
            CNNClassifier,
            {"n_filters": 64, "kernel_size": 8, "n_hidden": 128, "lr": 1e-4},
        ),
        ("guo", FMCNNClassifier, {"lr": 1e-3, "negative_slope": 0.2}),
        ("zhang", GAPCNNClassifier, {"n_filters": (16, 32, 64), "pool_bins": 1}),
    ],
)
def test_settings_of_the_papers(paper, cls, expected, data):
    params = cls(**paper_settings(paper)).get_params()
    expected |= {"augmentation": None, "scaling": None, "lr_schedule": None}
    assert expected.items() <= params.items()
    settings = {**paper_settings(paper), "max_epochs": 2}
    net = cls(**settings, random_state=0).fit(*data)
    assert isinstance(net.optimizer_, torch.optim.Adam)
    with pytest.raises(ValueError, match="fukuhara.*guo.*zhang"):
        paper_settings("einstein")


@pytest.mark.parametrize(
    "section, lr, max_epochs",
    [("4.1", 1e-4, 100), ("4.2", 1e-4, 200), ("4.3", 1e-3, 30)],
)
def test_sections_of_fukuhara_differ_in_training_alone(section, lr, max_epochs):
    settings = paper_settings("fukuhara", section=section)
    trained = {"lr": lr, "max_epochs": max_epochs}
    assert settings == paper_settings("fukuhara") | trained
    params = CNNClassifier(**settings).get_params()
    assert trained.items() <= params.items()
    for paper, name in (("fukuhara", "4.4"), ("zhang", section)):
        with pytest.raises(
            ValueError, match=f"section='{name}' is not known.*4.1, 4.2"
        ):
            paper_settings(paper, section=name)


def test_pls_lda_of_zhang(data):
    """Autoscaled, components by the error on an eighth, LDA as it is."""
    X, y = data
    model = PLSLDA(**paper_settings("zhang_pls_lda"), random_state=0).fit(X, y)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)
    plain = PLSLDA(
        n_components=model.n_components_, shrinkage=0.0, calibration=None, scale=False
    ).fit(scaled, y)
    assert (model.predict(X) == plain.predict(scaled)).all()


@pytest.mark.parametrize("cls", [CNNClassifier, FMCNNClassifier, GAPCNNClassifier])
def test_signature_lists_every_parameter(cls):
    """Those of the base too, once, and each described in the docstring."""
    names = set(inspect.signature(cls).parameters)
    assert {"lr", "sampler", "random_state", "scaling"} < names
    assert "module" not in names
    described = re.findall(r"^(\w+) : ", cls.__doc__, flags=re.MULTILINE)
    assert names - {"kwargs"} <= set(described)
    assert described.count("lr") == described.count("module_") == 1


def test_same_seed_same_bits(data):
    first = CNNClassifier(**SMALL).fit(*data).predict_proba(data[0])
    second = CNNClassifier(**SMALL).fit(*data).predict_proba(data[0])
    np.testing.assert_array_equal(first, second)
    other = CNNClassifier(**{**SMALL, "random_state": 1}).fit(*data)
    assert (other.predict_proba(data[0]) != first).any()


def test_callers_random_state_is_untouched(data):
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002 - the generator that must stay as it is
    expected = torch.rand(1), np.random.rand()  # noqa: NPY002
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    cnn = CNNClassifier(**SMALL).fit(*data)
    cnn.predict(data[0])
    cnn.explain_(data[0])
    assert (torch.rand(1), np.random.rand()) == expected  # noqa: NPY002


def test_threads_are_restored(data):
    before = torch.get_num_threads()
    seen = []

    class Watch(Callback):
        def on_epoch_begin(self, net, **kwargs):
            seen.append(torch.get_num_threads())

    CNNClassifier(**SMALL, callbacks=[Watch()]).fit(*data).predict(data[0])
    assert set(seen) == {1}
    assert torch.get_num_threads() == before


def test_refit_on_other_spectra(data):
    """Dimensions are found anew, and none of them is a parameter."""
    X, y = data
    cnn = CNNClassifier(**SMALL).fit(X, y)
    params = cnn.get_params(deep=False)
    cnn.fit(X[:40, :30], y[:40])
    assert list(cnn.classes_) == ["agate", "beryl"]
    assert cnn.predict(X[:, :30]).shape == (60,)
    assert cnn.get_params(deep=False) == params


def test_repr_is_scikit_learns():
    assert repr(CNNClassifier(n_filters=3)) == "CNNClassifier(n_filters=3)"


def test_clone_keeps_every_parameter():
    cnn = CNNClassifier(
        n_filters=3, optimizer=torch.optim.SGD, optimizer__momentum=0.5, verbose=1
    )
    assert clone(cnn).get_params(deep=False) == cnn.get_params(deep=False)


def test_skorch_names_in_parameters(data):
    cnn = CNNClassifier(**SMALL).set_params(
        optimizer__weight_decay=0.1, module__dropout=0.25, iterator_train__shuffle=False
    )
    cnn.fit(*data)
    assert cnn.optimizer_.param_groups[0]["weight_decay"] == 0.1
    assert cnn.module_.dropout.p == 0.25


@pytest.mark.parametrize("container", [pd.DataFrame, list, np.asfortranarray])
def test_containers(container, data):
    X, y = data
    expected = CNNClassifier(**SMALL).fit(X, y).predict_proba(X)
    X = container(X) if container is not list else X.tolist()
    found = CNNClassifier(**SMALL).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32


def test_double_precision(data):
    cnn = CNNClassifier(**SMALL, dtype="float64").fit(*data)
    assert cnn.predict_proba(data[0]).dtype == np.float64


def test_warm_start_continues(data):
    cold = CNNClassifier(**{**SMALL, "max_epochs": 10}).fit(*data)
    warm = CNNClassifier(**SMALL, warm_start=True).fit(*data).fit(*data)
    assert warm.n_iter_ == cold.n_iter_ == 10
    assert warm.history_[5]["train_loss"] < warm.history_[0]["train_loss"]


def test_partial_fit(data):
    X, y = data
    cnn = CNNClassifier(**SMALL)
    cnn.partial_fit(X[:40], y[:40], classes=["agate", "beryl", "topaz"])
    cnn.partial_fit(X[40:], y[40:])
    assert set(cnn.predict(X)) <= {"agate", "beryl", "topaz"}
    with pytest.raises(ValueError, match=r"classes that the first fit did not.*zircon"):
        cnn.partial_fit(X[:2], ["agate", "zircon"])
    with pytest.raises(ValueError, match="not those of the first call"):
        cnn.partial_fit(X, y, classes=["agate", "beryl", "topaz", "zircon"])


def test_early_stopping_returns_to_the_best_epoch(data):
    settings = {**SMALL, "max_epochs": 200, "lr": 3e-2}
    cnn = CNNClassifier(
        **settings, early_stopping=True, n_iter_no_change=3, validation_fraction=0.3
    ).fit(*data)
    losses = cnn.history_[:, "valid_loss"]
    assert cnn.n_iter_ < 200
    assert int(np.argmin(losses)) < cnn.n_iter_ - 1


def test_epoch_scoring_with_names_as_labels(data):
    """skorch's own scoring sees positions; both must agree."""
    scoring = EpochScoring("accuracy", lower_is_better=False, on_train=True)
    cnn = CNNClassifier(**{**SMALL, "max_epochs": 20, "dropout": 0.0})
    cnn.set_params(callbacks=[("scoring", scoring)]).fit(*data)
    assert cnn.history_[-1]["accuracy"] == pytest.approx(1.0, abs=0.05)


def test_class_weight_moves_the_decision(data):
    X, y = data
    settings = {**SMALL, "max_epochs": 20}
    rare = np.r_[0:20, 20:24]
    plain = CNNClassifier(**settings).fit(X[rare], y[rare])
    weighted = CNNClassifier(**settings, class_weight={"agate": 1e-3, "beryl": 1})
    weighted.fit(X[rare], y[rare])
    assert (
        weighted.predict_proba(X[rare])[:, 1].mean()
        > plain.predict_proba(X[rare])[:, 1].mean()
    )


def test_divergence_is_an_error(data):
    with pytest.raises(ValueError, match="training loss is .* lower lr"):
        CNNClassifier(
            **{**SMALL, "lr": 1e30, "optimizer": torch.optim.SGD, "max_epochs": 20}
        ).fit(data[0] * 1e10, data[1])


def test_batch_size_does_not_change_predictions(data):
    cnn = CNNClassifier(**SMALL).fit(*data)
    expected = cnn.predict_proba(data[0])
    cnn.set_params(batch_size=7)
    np.testing.assert_allclose(cnn.predict_proba(data[0]), expected, atol=1e-6)


def test_learns_simulated_spectra():
    """Three peak positions and noise, as in section 4.1 of Fukuhara et al."""
    X, y = make_lorentzian_spectra(
        20,
        n_points=256,
        centers=(40, 120, 210),
        noise=0.1,
        n_distractors=1,
        random_state=0,
    )
    X_new, y_new = make_lorentzian_spectra(
        20,
        n_points=256,
        centers=(40, 120, 210),
        noise=0.1,
        n_distractors=1,
        random_state=1,
    )
    cnn = CNNClassifier(n_filters=16, max_epochs=30, random_state=0).fit(X, y)
    assert cnn.score(X_new, y_new) > 0.95
    assert log_loss(y_new, cnn.predict_proba(X_new)) < 0.3


def test_cascading_reset(data):
    """Layer after layer from the output back; the rest, and the net itself, stay."""
    net = CNNClassifier(**SMALL).fit(*data)
    before = {k: v.clone() for k, v in net.module_.state_dict().items()}
    forgotten, seen = set(), {}
    for name, other in net.cascading_reset(0):
        forgotten.add(name)
        for key, value in other.module_.state_dict().items():
            changed = key.rpartition(".")[0] in forgotten
            assert torch.equal(value, before[key]) != changed, key
        assert other.predict_proba(data[0]).shape == (60, 3)
        seen[name] = other
    assert list(seen) == ["output", "hidden", "blocks.5", "blocks.1"]
    for key, value in net.module_.state_dict().items():
        assert torch.equal(value, before[key])
    for name, other in net.cascading_reset(0):  # what was yielded stays as it was
        np.testing.assert_array_equal(
            other.predict_proba(data[0]), seen[name].predict_proba(data[0])
        )
    other = next(net.cascading_reset(1))[1]
    assert (other.predict_proba(data[0]) != seen["output"].predict_proba(data[0])).any()


def test_layer_that_can_not_be_forgotten(data):
    class Scale(nn.Module):
        def __init__(self, n_points, n_classes):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(n_points, n_classes))

        def forward(self, x):
            return x @ self.weight

    net = SpectralNetClassifier(Scale, max_epochs=1, random_state=0).fit(*data)
    with pytest.raises(ValueError, match="Scale.*reset_parameters"):
        next(net.cascading_reset(0))


@pytest.mark.parametrize(
    "device",
    [
        "cpu:0",
        pytest.param(
            "cuda",
            marks=pytest.mark.skipif(
                not torch.cuda.is_available(), reason="needs a CUDA device"
            ),
        ),
    ],
)
def test_one_device_under_two_names(device, data):
    """Prediction moves nothing, and does not load the optimizer's state anew."""
    net = CNNClassifier(**SMALL, device=device).fit(*data)
    states = {key: id(value) for key, value in net.optimizer_.state.items()}
    moments = [value["exp_avg"] for value in net.optimizer_.state.values()]
    net.predict(data[0])
    assert states == {key: id(value) for key, value in net.optimizer_.state.items()}
    now = [value["exp_avg"] for value in net.optimizer_.state.values()]
    assert all(one is other for one, other in zip(moments, now, strict=True))


def test_device_set_anew_moves_a_fitted_net(data):
    net = CNNClassifier(**SMALL).fit(*data).set_params(device="meta")
    assert {parameter.device.type for parameter in net.module_.parameters()} == {"meta"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda(data):
    cnn = CNNClassifier(**SMALL, device="cuda").fit(*data)
    assert next(cnn.module_.parameters()).is_cuda
    assert cnn.explain_(data[0]).shape == data[0].shape


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        (np.ma.masked_array(np.ones(60), np.arange(60) == 7), "some are masked"),
        (np.ones(60).astype("M8[s]"), "real numbers, got datetime"),
    ],
)
def test_sample_weights_that_are_none(sample_weight, message, data):
    with pytest.raises(TypeError, match=f"sample_weight must hold .*{message}"):
        CNNClassifier(**SMALL).fit(*data, sample_weight)


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf, 1e308])
def test_class_weights_that_are_none(weight, data):
    weights = dict.fromkeys(["agate", "beryl", "topaz"], weight)
    with pytest.raises(ValueError, match="class_weight must hold finite weights"):
        CNNClassifier(**SMALL, class_weight=weights).fit(*data)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["agate", "beryl", "topaz", 1], "classes mixes texts and other values"),
        (["agate", "beryl", "topaz", np.nan], "classes misses 1 of 4"),
    ],
)
def test_partial_fit_refuses_classes(classes, message, data):
    with pytest.raises(ValueError, match=message):
        CNNClassifier(**SMALL).partial_fit(*data, classes=classes)


@pytest.mark.parametrize("factor", [1e-300, 1e-36, 1e40, 1e300])
def test_intensities_beyond_single_precision(factor, data):
    X, y = data
    with pytest.raises(ValueError, match="largest intensity.*multiply all spectra"):
        CNNClassifier(**SMALL).fit(X * factor, y)


def test_equal_spectra(data):
    """Nothing could be learned of them, but probabilities came out as 0 and 1."""
    X, y = np.repeat(data[0][:1], 6, axis=0), list("ababab")
    for spectra in (X, X * (1 + 1e-9 * np.eye(6, X.shape[1]))):
        with pytest.raises(ValueError, match="All training spectra are equal"):
            CNNClassifier(**SMALL).fit(spectra, y)


class Answers(nn.Module):
    """A linear layer and what its user made of it."""

    def __init__(self, n_points, n_classes, n_more=0, change=lambda z, training: z):
        super().__init__()
        self.layer, self.change = nn.Linear(n_points, n_classes + n_more), change

    def forward(self, x):
        return self.change(self.layer(x), self.training)


SHAPE = r"returns values of shape .* logits of shape \(n_spectra, 3\)"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"module__n_more": 2}, SHAPE),
        ({"module__n_more": -1}, SHAPE),
        ({"module__change": lambda z, training: z[:, 0]}, SHAPE),
        ({"module__change": lambda z, training: z.softmax(1)}, "returns probabilities"),
    ],
)
def test_modules_that_return_no_logits(settings, message, data):
    net = SpectralNetClassifier(Answers, max_epochs=1, augmentation=None, **settings)
    with pytest.raises(ValueError, match=message):
        net.fit(*data)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"module__change": lambda z, training: z if training else z / 0}, "no finite"),
        ({"predict_nonlinearity": lambda z: z * np.nan}, "for 60 of 60 spectra"),
        ({"predict_nonlinearity": lambda z: z[:, :2]}, "one value for each of .* 3"),
        ({"predict_nonlinearity": lambda z: z[:1]}, "one value for each of"),
    ],
)
def test_predictions_that_are_no_numbers(settings, message, data):
    """The first class was the answer to NaN."""
    net = SpectralNetClassifier(Answers, max_epochs=1, augmentation=None, **settings)
    with pytest.raises(ValueError, match=message):
        net.fit(*data).predict(data[0])


def test_spectra_that_overflow(data):
    X = np.where(np.arange(64) % 2, 3e38, -3e38)[None]
    cnn = CNNClassifier(**SMALL).fit(*data)
    for call in (cnn.predict, cnn.predict_proba, cnn.decision_function, cnn.embed_):
        with pytest.raises(ValueError, match="no finite answer for 1 of 1 spectra"):
            call(X)
