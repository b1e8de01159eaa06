"""A module is only read: whatever is asked of it, by however many threads."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_raman.neural_network import attribution
from sklearn_raman.neural_network.attribution import (
    attribute,
    available_methods,
    contribution,
)
from tests.neural_network.attribution.conftest import N_POINTS, NETWORKS


class Own(nn.Module):
    """A network of a user: batch normalization, dropout, activations in place."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv1d(1, 4, 4, padding="same"),
            nn.BatchNorm1d(4),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.MaxPool1d(2),
        )
        self.first = nn.Linear(4 * (N_POINTS // 2), 8)
        self.norm, self.dropout = nn.BatchNorm1d(8), nn.Dropout(0.5)
        self.last = nn.Linear(8, 3)
        self.double()

    def features(self, x):
        return self.layers(x[:, None])

    def head(self, features):
        hidden = self.norm(self.first(features.flatten(1))).clamp(-1, 1)
        return self.last(self.dropout(hidden))

    def forward(self, x):
        return self.head(self.features(x))


class InPlace(Own):
    """The same with functions that work in place, on spectra and feature maps."""

    def features(self, x):
        x = x[:, None]
        x *= 0.5
        return nn.functional.relu(self.layers(x), inplace=True)

    def head(self, features):
        features += 1
        return super().head(nn.functional.leaky_relu(features, inplace=True))


MODULES = {name: NETWORKS[name] for name in ("cnn", "fmcnn", "gap")} | {"own": Own}


def calls(module):
    """Every public function, by name, as a function of (module, X)."""
    found = {
        name: partial(attribute, target="all", method=name)
        for name in available_methods(module)[:-1]
    }
    few = {"method": "integrated_gradients", "n_steps": 3}
    found["integrated_gradients"] = partial(attribute, target="all", **few)
    for name in ("DeepLift", "LayerGradCam"):
        found[name] = partial(attribute, method=f"captum:{name}")
    for name in ("feature_maps", "decision_terms"):
        found[name] = getattr(attribution, name)
    found["filters"] = lambda module, X: attribution.filters(module)
    for name in ("unit_positions", "unit_windows"):
        function = getattr(attribution, name)
        found[name] = lambda module, X, f=function: f(module, X.shape[1])
    if "cam" not in found:
        del found["decision_terms"]
    return found


def numbers(answer):
    """Flatten what a function returns into arrays."""
    if isinstance(answer, dict):
        return [array for value in answer.values() for array in numbers(value)]
    return [np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)]


def everything(module):
    """What must stay: values, modes, hooks, methods, gradients, identities."""
    state = {name: value.clone() for name, value in module.state_dict().items()}
    parts = []
    for part in module.modules():
        hooks = [len(h) for name, h in vars(part).items() if name.endswith("_hooks")]
        own = {k: v for k, v in vars(part).items() if not k.startswith("_")}
        parts.append((id(part), part.training, hooks, own))
    weights = [(id(p), p.requires_grad, p.grad) for p in module.parameters()]
    return state, parts, weights


def assert_same(before, after):
    assert before[0].keys() == after[0].keys()
    for name, value in before[0].items():
        assert torch.equal(value, after[0][name]), name
    assert before[1:] == after[1:]


@pytest.mark.parametrize("training", [True, False, "one layer"])
@pytest.mark.parametrize("name", MODULES)
def test_modules_are_only_read(name, training, batch):
    """Also in training mode, where the maps are those of evaluation mode."""
    module = MODULES[name]().eval()
    expected = {n: numbers(f(module, batch)) for n, f in calls(module).items()}
    if training == "one layer":
        next(p for p in module.modules() if isinstance(p, nn.Dropout)).train()
    else:
        module.train(training)
    before, X = everything(module), batch.clone()
    for name_of_call, call in calls(module).items():
        found = numbers(call(module, X))
        for array, wanted in zip(found, expected[name_of_call], strict=True):
            np.testing.assert_array_equal(array, wanted, err_msg=name_of_call)
        assert_same(before, everything(module))
    assert torch.equal(X, batch) and not X.requires_grad


@pytest.mark.parametrize("reference", ["zero_features", "blank", "local", "spectra"])
def test_what_works_in_place_changes_no_map(reference, batch):
    """The first spectrum has the map of any other, and nobody's arrays change."""

    class OnClones(InPlace):
        def features(self, x):
            return super().features(x.clone())

        def head(self, features):
            return super().head(features.clone())

    module, X = InPlace(), batch.numpy().copy()
    if reference == "spectra":
        reference = X[::-1].copy()
    for name, call in calls(module).items():
        compares = name == "contribution" or "deconv" in name
        settings = {"reference": reference} if compares else {}
        expected = numbers(call(OnClones(), torch.tensor(X), **settings))
        for spectra in (X, torch.from_numpy(X)):
            found = numbers(call(module, spectra, **settings))
            for array, wanted in zip(found, expected, strict=True):
                np.testing.assert_array_equal(array, wanted, err_msg=name)
        np.testing.assert_array_equal(X, batch.numpy(), err_msg=name)
    np.testing.assert_allclose(
        contribution(module, X[[0, 0]])[1], contribution(module, X[:1])[0]
    )


@pytest.mark.parametrize("name", MODULES)
def test_threads_get_the_bits_of_one(name, batch):
    """All functions at once, among forward passes, on one module."""
    module = MODULES[name]().eval()
    jobs = calls(module)
    jobs["forward"] = lambda module, X: module(X).detach()
    expected = {n: numbers(f(module, batch)) for n, f in jobs.items()}
    order = np.random.default_rng(0).permutation(list(jobs) * 4)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda n: (n, numbers(jobs[n](module, batch))), order)
        for name_of_call, arrays in found:
            for array, wanted in zip(arrays, expected[name_of_call], strict=True):
                np.testing.assert_array_equal(array, wanted, err_msg=name_of_call)


@pytest.fixture
def float64_by_default():
    torch.set_default_dtype(torch.float64)
    yield nullcontext
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", ["gap", "fmcnn", "own"])
@pytest.mark.parametrize(
    "around", ["no_grad", "inference_mode", "autocast", "float64", "device"]
)
def test_what_surrounds_a_call_does_not_matter(name, around, batch, request):
    module, X = MODULES[name]().float().eval(), batch.float()
    expected = {n: numbers(f(module, X)) for n, f in calls(module).items()}
    if around == "float64":
        surroundings = request.getfixturevalue("float64_by_default")
    elif around == "autocast":
        surroundings = partial(torch.autocast, "cpu", dtype=torch.bfloat16)
    elif around == "device":  # as torch.set_default_device
        surroundings = partial(torch.device, "meta")
        del expected["DeepLift"], expected["LayerGradCam"]  # captum does not expect it
    else:
        surroundings = getattr(torch, around)
    saved = pickle.dumps(module)
    with surroundings():
        here, there = pickle.loads(saved), X.clone()  # tensors of that mode
        for name_of_call, wanted_arrays in expected.items():
            call = calls(module)[name_of_call]
            for array, wanted in zip(
                [*numbers(call(module, X)), *numbers(call(here, there))],
                wanted_arrays * 2,
                strict=True,
            ):
                assert array.dtype == wanted.dtype
                np.testing.assert_array_equal(array, wanted, err_msg=name_of_call)


def test_global_generators_stay(net, batch):
    """Only methods of captum that sample touch them, and put them back."""

    def streams():
        numpy_state = np.random.get_state()[1:3]  # noqa: NPY002 captum draws from it
        return torch.get_rng_state().tolist(), [
            np.asarray(s).tolist() for s in numpy_state
        ]

    before = streams()
    for call in calls(net).values():
        call(net, batch)
        assert streams() == before


@pytest.mark.parametrize("dtype", [np.float32, np.float64, int])
def test_spectra_take_the_type_of_the_module(dtype, rng):
    """Arrays and lists too."""
    module = NETWORKS["cnn"]().float()
    X = rng.integers(0, 9, (3, N_POINTS)).astype(dtype)
    expected = contribution(module, torch.tensor(X, dtype=torch.float32))
    for spectra in (X, X.tolist(), torch.tensor(X)):
        assert torch.equal(contribution(module, spectra), expected)


def test_one_spectrum_needs_a_row(net, batch):
    with pytest.raises(ValueError, match=r"X\[None\]"):
        contribution(net, batch[0])


def test_spectra_of_another_length_are_refused(net, batch):
    """Also a single point, which torch would repeat."""
    for n_points in (1, N_POINTS - 1):
        with pytest.raises(ValueError, match=f"{n_points} points, .* {N_POINTS}"):
            contribution(net, batch[:, :n_points])


@pytest.mark.parametrize("wrong", [lambda X: X[:0], lambda X: X + 0j])
def test_tensors_that_are_no_spectra(net, batch, wrong):
    """Arrays are in the tests of hostile input."""
    with pytest.raises(ValueError, match="X must hold spectra, real numbers"):
        contribution(net, wrong(torch.as_tensor(batch)))
    values = torch.as_tensor(batch).double()
    values[1, 3] = 1e300
    with pytest.raises(ValueError, match=r"infinity in 1 of \d+ spectra \(row 1\)"):
        contribution(net.float(), values)


@pytest.mark.parametrize("target", [0.5, np.nan, True, [0.0, 1.0]])
def test_class_positions_are_whole_numbers(net, batch, target):
    with pytest.raises(ValueError, match="target must hold class positions, whole"):
        contribution(net, batch[:2], target)


def test_hooks_of_the_user_stay_in_place(net, batch):
    """And see the passes, as in `predict`."""
    seen = []
    net.blocks.register_forward_hook(lambda part, x, y: seen.append(len(y)))
    contribution(net, batch)
    assert seen and len(net.blocks._forward_hooks) == 1
