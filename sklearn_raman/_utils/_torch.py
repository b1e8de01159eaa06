"""torch's state belongs to the caller: generators, threads, modes, defaults."""

import copy
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import chain

import torch
from joblib import parallel_config
from joblib.parallel import get_active_backend
from threadpoolctl import ThreadpoolController
from torch.overrides import TorchFunctionMode

from sklearn_raman._utils._locks import lock_forks_wait_for, lock_free_after_fork

# torch's default generator belongs to the process, and dropout and initial weights draw
# from no other; so does the default dtype. Two fits in two threads (joblib's threading
# backend, dask workers) would draw from one another's stream, so they take turns.
# Prediction draws nothing and takes no turn.
_FIT_TURN = lock_free_after_fork()
_IMPORTING = lock_forks_wait_for()


@contextmanager
def isolated_randomness(seed, device="cpu"):
    """Run torch under `seed` and give the caller's generators back untouched.

    Parameters
    ----------
    seed : int
    device : str or torch.device
        The generator of this device is seeded and restored beside the CPU's, and no
        other is.
    """
    device = usable_device(device)
    devices, kind = [], None
    if device.type not in ("cpu", "meta"):
        kind = torch.get_device_module(device)
        devices = [kind.current_device() if device.index is None else device.index]
    with (
        _FIT_TURN,
        torch.random.fork_rng(devices, device_type=device.type if devices else "cuda"),
    ):
        torch.default_generator.manual_seed(seed)
        if devices:
            with kind.device(devices[0]):
                kind.manual_seed(seed)
        yield


class DrawsFrom(TorchFunctionMode):
    """Within it, torch's random functions draw from one generator.

    Like :func:`isolated_randomness` for code that can't be given a generator, such as
    `reset_parameters` of a layer, but it holds for the calling thread alone. It reaches
    what is called from Python, not dropout.

    Parameters
    ----------
    generator : torch.Generator
        On the device of the tensors that are filled.
    """

    _FILLERS = frozenset(
        "bernoulli bernoulli_ cauchy_ exponential_ geometric_ log_normal_ multinomial "
        "normal normal_ rand randint randn random_ randperm uniform_".split()
    )

    def __init__(self, generator):
        super().__init__()
        self.generator = generator

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """Call a function of torch, with the generator if it draws."""
        kwargs = dict(kwargs or {})
        # torch.nn.init announces its functions here, with the argument `generator`.
        if func.__name__ in self._FILLERS or "generator" in kwargs:
            kwargs["generator"] = self.generator
        return func(*args, **kwargs)


class LastLinear(TorchFunctionMode):
    """Within it, what fully connected layers are given in this thread is remembered.

    Unlike a hook it leaves the module alone, which other threads may be reading.
    """

    def __init__(self):
        super().__init__()
        self._values = self._answer = None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """Call a function of torch, and keep values and answer of a linear layer."""
        answer = func(*args, **(kwargs or {}))
        if func is torch.nn.functional.linear:
            self._values, self._answer = args[0], answer
        return answer

    def input_of(self, logits, *, owner):
        """Return what the layer that gave the logits was given, (n, n_values).

        Parameters
        ----------
        logits : torch.Tensor of shape (n, n_classes)
        owner : str
            The network, for the message if the logits came another way.
        """
        if self._answer is None or self._answer.shape != logits.shape:
            raise ValueError(
                f"The logits of {owner} do not come from a layer torch.nn.Linear, so "
                "there is no input of it to look at."
            )
        return self._values


@contextmanager
def default_torch():
    """Run torch as it starts, whatever the caller has set around this.

    Gradients are recorded, tensors are float32 and on the CPU unless told otherwise,
    and nothing is cast automatically. Other threads wait: the default dtype is theirs,
    too. What is run here waits for none of them.
    """
    with ExitStack() as stack:
        stack.enter_context(_FIT_TURN)
        if getattr(get_active_backend()[0], "uses_threads", False):
            # Jobs of a sampler, say, that fit networks would wait for their turn.
            stack.enter_context(parallel_config("sequential"))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(full_precision())
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        dtype = torch.get_default_dtype()
        if dtype != torch.float32:  # it belongs to the process: touched only if needed
            stack.callback(torch.set_default_dtype, dtype)
            torch.set_default_dtype(torch.float32)
        _import_for_optimizers()
        yield


@cache
def _import_for_optimizers():
    """Let torch import what it imports for the first optimizer of a process."""
    with _IMPORTING:
        torch.optim.SGD([torch.zeros(1)])


@contextmanager
def full_precision():
    """Compute in the precision of the tensors.

    Nothing is cast automatically. On a GPU torch rounds what convolutions of float32
    get to TF32, 10 bits of 23, unless told otherwise: enough to turn the sides of
    rectifiers and pools, and with them maps.
    """
    with ExitStack() as stack:
        for kind in ("cpu", "cuda", "mps", "xpu"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.cuda.is_available():
            stack.enter_context(_WITHOUT_TF32)
        yield


class _WithoutTF32:
    """The switch belongs to the process: first in turns it, last out turns it back."""

    def __init__(self):
        self._lock = lock_free_after_fork()
        self._n_inside = 0
        self._before = ()

    def __enter__(self):
        with self._lock:
            if not self._n_inside:
                self._before = _tf32_switch(), _tf32_switches()
                torch.backends.cudnn.allow_tf32 = False
            self._n_inside += 1

    def __exit__(self, *_):
        with self._lock:
            self._n_inside -= 1
            if self._n_inside:
                return
            both, each = self._before
            if both is not None:
                torch.backends.cudnn.allow_tf32 = both
            for kind, precision in each:
                if kind.fp32_precision != precision:
                    kind.fp32_precision = precision


def _tf32_switch():
    """Return torch's older switch; None where it has been replaced by newer ones."""
    try:
        return torch.backends.cudnn.allow_tf32
    except RuntimeError:  # they say different things
        return None


def _tf32_switches():
    """Return the switches of torch 2.9 and later, with what they say."""
    cudnn = torch.backends.cudnn
    kinds = (cudnn.conv, cudnn.rnn) if hasattr(cudnn, "conv") else ()
    return [(kind, kind.fp32_precision) for kind in kinds]


_WITHOUT_TF32 = _WithoutTF32()


@contextmanager
def limited_threads(n_threads):
    """Let torch use `n_threads` threads (None: as set) in the calling thread.

    The number of threads changes the order of sums and with it the last bits of a
    result, so a fixed number is part of being reproducible. `torch.set_num_threads`
    would change it for threads that start meanwhile, too; OpenMP's setting belongs to
    the calling thread.
    """
    # Asking makes a new thread take over the setting of the process, now and not later.
    before = torch.get_num_threads()
    if n_threads is None or n_threads == before:
        yield
        return
    with _openmp().limit(limits=n_threads):
        yield


@cache
def _openmp():
    return ThreadpoolController().select(user_api="openmp")


def as_device(device):
    """Return a torch.device; the CPU without a number, which `torch.load` wants so.

    Parameters
    ----------
    device : str or torch.device
    """
    try:
        device = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f'device must be one of torch, such as "cpu" or "cuda", got {device!r}.'
        ) from error
    return torch.device("cpu") if device.type == "cpu" else device


def usable_device(device):
    """Return a device as `as_device` does, or raise if this machine can't use it.

    Parameters
    ----------
    device : str or torch.device
    """
    found = as_device(device)
    try:
        torch.empty(0, device=found)
    except Exception as error:  # each kind of device has errors of its own
        cause = str(error).partition("\n")[0]
        raise ValueError(
            f'device={str(device)!r} can\'t be used here: use device="cpu", or install '
            f"what it needs ({cause.rstrip('.')})."
        ) from error
    return found


def like(module):
    """Return device and dtype of a module, as keyword arguments for a tensor."""
    tensors = chain(module.parameters(), module.buffers())
    floating = (tensor.dtype for tensor in tensors if tensor.is_floating_point())
    return {"device": device_of(module), "dtype": next(floating, torch.float32)}


def send(x, device, dtype):
    """Return a tensor on a device; to a GPU through pinned memory, without waiting."""
    if device.type == "cuda" and x.device.type == "cpu":
        x = x.pin_memory().to(device, non_blocking=True)
    return x.to(device, dtype)


def restorer(*modules):
    """Return a function that puts modules back exactly as they are now.

    Modules, parameters and buffers stay the same objects, with the values of now. Other
    attributes are copied, or left alone where they can't be, such as a lock.
    """
    whole = torch.nn.ModuleList(modules)
    parts, tensors = [*whole.modules()], [*whole.parameters(), *whole.buffers()]
    values = [(tensor.detach().clone(), tensor.requires_grad) for tensor in tensors]
    same = {id(one): one for one in (*parts, *tensors)}  # what deepcopy passes through

    def copied(value):
        memo = dict(same)
        try:
            value = copy.deepcopy(value, memo)
        except Exception:
            return value
        same.update(memo)
        return value

    contents = [{name: copied(v) for name, v in vars(part).items()} for part in parts]

    def restore():
        for part, content in zip(parts, contents, strict=True):
            vars(part).clear()
            vars(part).update(content)
        for tensor, (value, learned) in zip(tensors, values, strict=True):
            tensor.data = value
            tensor.requires_grad_(learned)

    return restore


def device_of(module):
    """Return the device of a module; the CPU if it holds no tensor."""
    first = next(chain(module.parameters(), module.buffers()), None)
    return torch.device("cpu") if first is None else first.device


def is_same_device(actual, asked):
    """Tell whether a tensor's device is the one asked for: "cuda" is any of its kind.

    Parameters
    ----------
    actual : torch.device
    asked : str or torch.device
    """
    asked = as_device(asked)
    same_index = asked.index is None or asked.index == (actual.index or 0)
    return actual.type == asked.type and same_index
