"""torch's process-wide state: the random generator and the number of threads."""

import threading
from contextlib import contextmanager

import torch

# torch's default generator and its thread setting belong to the process. Two fits in
# two threads (joblib's threading backend, dask workers) would draw from one another's
# stream and restore one another's setting, so they take turns.
_TORCH_STATE = threading.RLock()


@contextmanager
def isolated_randomness(seed, device="cpu"):
    """Run torch under `seed` and give the caller's generators back untouched.

    Parameters
    ----------
    seed : int
    device : str or torch.device
        The generator of this device is seeded and restored beside the CPU's.
    """
    device = torch.device(device)
    on_cpu = device.type == "cpu"
    with (
        _TORCH_STATE,
        torch.random.fork_rng(
            devices=[] if on_cpu else [device.index or 0],
            device_type="cuda" if on_cpu else device.type,
        ),
    ):
        torch.manual_seed(seed)
        yield


@contextmanager
def limited_threads(n_threads):
    """Let torch use `n_threads` threads (None: as set) and restore the setting after.

    The number of threads changes the order of sums and with it the last bits of a
    result, so a fixed number is part of being reproducible.
    """
    with _TORCH_STATE:
        before = torch.get_num_threads()
        torch.set_num_threads(before if n_threads is None else n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
