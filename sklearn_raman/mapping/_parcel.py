"""A model on its way to other processes: unpacked once in each."""

from __future__ import annotations

import hashlib
import pickle
import threading
from typing import Any

from sklearn_raman._utils._optional import import_optional

# The model that was unpacked last, under the hash of what it was packed in: one, since
# a process that lives long may be asked for many.
_UNPACKED: dict[str, Any] = {}
_TURN = threading.Lock()


class Parcel:
    """Carries a fitted model to where blocks are computed.

    dask pickles what tasks are given for its scheduler, for each worker and again after
    a death, and a process may unpickle it for several tasks at a time. So it is given
    bytes, and the first task in a process that asks for the model unpacks it for all.

    Parameters
    ----------
    model : fitted estimator
    """

    def __init__(self, model):
        self._model, self._packed = model, None

    @property
    def model(self):
        """The model: the very same object for all threads of a process."""
        if self._model is None:
            with _TURN:
                key = hashlib.sha256(self._packed).hexdigest()
                if key not in _UNPACKED:
                    found = pickle.loads(self._packed)
                    _UNPACKED.clear()
                    _UNPACKED[key] = found
                self._model = _UNPACKED[key]
        return self._model

    def __getstate__(self):
        """Return the packed model."""
        if self._packed is None:
            cloudpickle = import_optional("cloudpickle", "maps")
            self._packed = cloudpickle.dumps(self._model)
        return {"_model": None, "_packed": self._packed}
