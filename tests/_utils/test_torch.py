"""torch's generator and threads belong to the caller."""

import threading

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_raman._utils._torch import (
    DrawsFrom,
    device_of,
    full_precision,
    is_same_device,
    isolated_randomness,
    limited_threads,
    usable_device,
)
from sklearn_raman.neural_network import CNNClassifier


def test_isolated_randomness():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    with isolated_randomness(0):
        inside = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with isolated_randomness(0):
        assert torch.equal(torch.rand(3), inside)


def test_isolated_between_threads():
    """Without turns, two threads would draw from one stream."""
    draws = {}

    def draw(seed):
        with isolated_randomness(seed):
            draws[seed] = torch.stack([torch.rand(2) for _ in range(200)])

    workers = [threading.Thread(target=draw, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for seed, drawn in draws.items():
        torch.manual_seed(seed)
        assert torch.equal(drawn, torch.stack([torch.rand(2) for _ in range(200)]))


def test_one_device_is_seeded(monkeypatch):
    """torch.manual_seed seeds every device, and only one stream is given back."""
    monkeypatch.setattr(torch, "manual_seed", None)
    with isolated_randomness(0):
        inside = torch.rand(3)
    assert torch.equal(
        inside, torch.rand(3, generator=torch.Generator().manual_seed(0))
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_isolated_on_cuda():
    torch.cuda.manual_seed(7)
    expected = torch.rand(3, device="cuda")
    for device in ("cpu", "cuda", "cuda:0"):
        torch.cuda.manual_seed(7)
        with isolated_randomness(0, device):
            torch.rand(3, device="cuda")
        if device != "cpu":  # it promises nothing for what is drawn elsewhere
            assert torch.equal(torch.rand(3, device="cuda"), expected)
    drawn = []
    for _ in range(2):
        with isolated_randomness(0, "cuda"):
            drawn.append(torch.rand(3, device="cuda"))
    assert torch.equal(*drawn)


@pytest.mark.parametrize(
    "layer", [nn.Linear(3, 4), nn.Conv2d(1, 2, 3), nn.LSTM(2, 3), nn.Embedding(4, 2)]
)
def test_draws_from_a_generator(layer):
    """The numbers of the seeded global stream, which stays where it is."""
    with isolated_randomness(5):
        layer.reset_parameters()
    expected = [parameter.clone() for parameter in layer.parameters()]
    before = torch.get_rng_state()
    with DrawsFrom(torch.Generator().manual_seed(5)):
        layer.reset_parameters()
    assert torch.equal(torch.get_rng_state(), before)
    for parameter, value in zip(layer.parameters(), expected, strict=True):
        assert torch.equal(parameter, value)


def test_draws_from_a_generator_everywhere():
    before = torch.get_rng_state()
    with DrawsFrom(torch.Generator().manual_seed(0)):
        drawn = [
            torch.rand(2),
            torch.randperm(9),
            torch.empty(3).normal_(),
            torch.bernoulli(torch.full((9,), 0.5)),
            nn.init.orthogonal_(torch.empty(3, 3)),
        ]
    assert len(drawn) == 5
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("actual", "asked", "same"),
    [
        ("cpu", "cpu", True),
        ("cpu", "cpu:0", True),
        ("cuda:0", "cuda", True),
        ("cuda:1", "cuda", True),
        ("cuda:0", "cuda:0", True),
        ("cuda:0", "cuda:1", False),
        ("cpu", "cuda", False),
        ("cuda:0", "cpu", False),
    ],
)
def test_same_device(actual, asked, same):
    assert is_same_device(torch.device(actual), asked) is same


@pytest.mark.parametrize("device", ["cuda:99", "xpu:99", torch.device("cuda:99")])
def test_a_device_that_is_not_there(device):
    """In `fit` of whatever is trained, and with torch's reason."""
    message = rf"device='{device}' can't be used here: use device=\"cpu\".*\(.+\)"
    with pytest.raises(ValueError, match=message):
        usable_device(device)
    with pytest.raises(ValueError, match=message):
        CNNClassifier(device=device).fit(np.eye(8, 20), [0, 1] * 4)


def test_devices_that_are_there():
    assert usable_device("cpu:0") == torch.device("cpu")
    assert usable_device("meta") == torch.device("meta")


def test_device_of_a_module():
    assert device_of(nn.Identity()) == torch.device("cpu")
    assert device_of(nn.Linear(1, 1, device="meta")) == torch.device("meta")
    assert device_of(nn.BatchNorm1d(1, affine=False)) == torch.device("cpu")


@pytest.mark.parametrize("n_threads", [1, 2, None])
def test_limited_threads(n_threads):
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="inside"), limited_threads(n_threads):
        assert torch.get_num_threads() == (n_threads or before)
        raise RuntimeError("inside")
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("n_threads", [1, 2])
def test_threads_of_other_threads(n_threads):
    """A limit is the calling thread's; other threads, and new ones, see none."""
    before = torch.get_num_threads()
    seen = []
    with limited_threads(n_threads):
        thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        thread.start()
        thread.join()
    assert seen == [before]


def precision_of_convolutions():
    cudnn = torch.backends.cudnn
    if not hasattr(cudnn, "conv"):
        return cudnn.allow_tf32
    return cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision


@pytest.fixture(params=[True, False, "newer"])
def asked_for(request):
    """Whether the user lets convolutions use TF32, as torch does by default."""
    cudnn = torch.backends.cudnn
    if request.param == "newer":
        if not hasattr(cudnn, "conv"):
            pytest.skip("torch 2.9 has a switch for each kind of layer")
        cudnn.conv.fp32_precision = "ieee"
        yield request.param
        cudnn.conv.fp32_precision = "tf32"
    else:
        cudnn.allow_tf32 = request.param
        yield request.param
    cudnn.allow_tf32 = True


def test_no_tf32_inside(asked_for, monkeypatch):
    """The switch of the process is off while anybody is inside, then as it was."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    before = precision_of_convolutions()
    everybody, seen = threading.Barrier(4), []

    def compute():
        everybody.wait()
        for _ in range(50):
            with full_precision(), full_precision():
                seen.append(precision_of_convolutions())

    workers = [threading.Thread(target=compute) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(seen) <= {False, ("none", "none")} and len(seen) == 200
    with pytest.raises(KeyboardInterrupt), full_precision():
        raise KeyboardInterrupt
    assert precision_of_convolutions() == before
    if asked_for != "newer":
        assert torch.backends.cudnn.allow_tf32 is asked_for
