"""Parts of a network in a file of skops, which must not run code when it is read."""

import io
import pickle

import torch
from torch import nn

_FUNCTIONS = {  # with which tensors are rebuilt
    ("torch._utils", "_rebuild_parameter"),
    ("torch._utils", "_rebuild_tensor_v2"),
}
_CONTAINERS = {
    ("builtins", "dict"),
    ("builtins", "set"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("torch", "device"),
}
_PARTS = ("sklearn_raman.neural_network.", "torch.nn.modules.", "torch.optim.")


def load_parts(packed, map_location, own_modules=()):
    """Return what `pickle` packed, if it is made of parts of networks and nothing else.

    Parameters
    ----------
    packed : bytes
    map_location : str
        Where tensors go.
    own_modules : collection of str, default=()
        Python modules of which the caller knows that their networks may be loaded.

    Raises
    ------
    ValueError
        If something else is in it, which could run any code.
    """
    return _Parts(packed, map_location, own_modules).load()


class _Parts(pickle.Unpickler):
    def __init__(self, packed, map_location, own_modules):
        super().__init__(io.BytesIO(packed))
        self._map_location, self._own = map_location, own_modules

    def find_class(self, module, name):
        """Return what a name stands for, or refuse it."""
        if (module, name) == ("torch.storage", "_load_from_bytes"):
            return self._load_tensor
        if (module, name) in _FUNCTIONS | _CONTAINERS:
            return super().find_class(module, name)
        if module.startswith(_PARTS) or module in self._own:
            found = super().find_class(module, name)
            # Not what such a module has imported itself.
            if isinstance(found, type) and found.__module__ == module:
                if issubclass(found, nn.Module | torch.optim.Optimizer):
                    return found
        raise ValueError(
            f"A network in a file of skops holds {module}.{name}, which could run any "
            "code. Save networks with parts of your own by joblib, and load such files "
            "only from people you trust."
        )

    def _load_tensor(self, content):
        return torch.load(
            io.BytesIO(content), map_location=self._map_location, weights_only=True
        )
