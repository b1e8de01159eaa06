"""torch's generator and threads belong to the caller."""

import threading

import pytest
import torch

from sklearn_raman._utils._torch import isolated_randomness, limited_threads


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


@pytest.mark.parametrize("n_threads", [1, 2, None])
def test_limited_threads(n_threads):
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="inside"), limited_threads(n_threads):
        assert torch.get_num_threads() == (n_threads or before)
        raise RuntimeError("inside")
    assert torch.get_num_threads() == before
