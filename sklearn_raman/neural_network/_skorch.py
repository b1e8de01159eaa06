"""What makes skorch's net behave as a scikit-learn estimator."""

import copy
import sys
from collections.abc import Mapping
from inspect import signature

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from skorch import NeuralNetClassifier
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    InputShapeSetter,
    ParamMapper,
    PrintLog,
    ProgressBar,
)
from skorch.dataset import unpack_data
from skorch.utils import get_map_location, is_dataset, noop, to_device
from torch import nn

from sklearn_raman._utils._sklearn import DocLinkMixin, validate_parameter_constraints
from sklearn_raman._utils._torch import (
    as_device,
    full_precision,
    like,
    limited_threads,
    send,
)
from sklearn_raman.neural_network._augmentation import (
    augmentation_for,
    wider_than,
)
from sklearn_raman.neural_network._data import BatchDataset, collate
from sklearn_raman.neural_network._saved import load_parts
from sklearn_raman.neural_network._schedule import OneCycle

_UNKNOWN_SPACING = 2.0  # cm-1 per point, for the shift of spectra without an axis

_RESOLUTION = 2.0  # cm-1, for resolution="auto"
_MANY_POINTS = 1000  # the same for spectra without an axis
_ROWS_AT_ONCE = 32  # spectra whose feature maps stay in a CPU's cache
# skorch would take these through **kwargs; as they are not in our signatures, clone()
# would lose them silently.
_NOT_TAKEN = {"iterator_train", "iterator_valid", "torch_load_kwargs", "use_caching"}
_NOT_TAKEN |= {"compile", "dataset"}
_COMPONENTS = ("module", "criterion", "optimizer", "iterator_train", "iterator_valid")
_COMPONENTS += ("callbacks",)
_PACKED = "__cuda_dependent_attributes__"  # skorch's name for modules and optimizer


class SklearnNet(DocLinkMixin, NeuralNetClassifier):
    """skorch's classifier, with scikit-learn's parameters and our training step.

    Parameters are what the signature lists and what double underscores add. skorch
    keeps more on the instance and acts on some parameters as they are set; scikit-learn
    wants an unfitted estimator to hold its parameters and nothing else, and set_params
    to store and fit to act.
    """

    # skorch sets these on the instance; scikit-learn allows nothing but parameters
    # there before fit, so they are class attributes.
    history_ = None
    initialized_ = False
    temperature_ = 1.0
    _as_trained = None  # the last layer, before its logits were calibrated
    _knows_scale = False  # of the spectra, which the module keeps
    _batch = None  # what callbacks are given while they are called
    virtual_params_ = {}  # replaced, never changed in place
    classes = None

    __repr__ = BaseEstimator.__repr__

    def __init__(self, module, **kwargs):
        if lost := sorted(kwargs.keys() & _NOT_TAKEN):
            raise TypeError(f"{type(self).__name__} does not take {lost}.")
        super().__init__(module, dataset=BatchDataset, **kwargs)
        for name in ("history_", "initialized_", "virtual_params_", "classes"):
            vars(self).pop(name, None)

    def _get_param_names(self):
        # scikit-learn's (the signature) and skorch's double-underscore names that were
        # given, instead of all of __dict__. skorch notes a name in set_params before it
        # sets it, hence "in vars".
        signature = BaseEstimator._get_param_names.__func__(type(self))
        given = {name for name in self._params_to_validate if name in vars(self)}
        return sorted({*signature, *given})

    def __setattr__(self, name, value):
        # skorch takes each torch object for a part that it made.
        if name.endswith("_"):
            super().__setattr__(name, value)
        else:
            object.__setattr__(self, name, value)

    def set_params(self, **params):
        given = dict(params)
        for owner in ("sampler", "augmentation"):
            if owner in params:
                setattr(self, owner, params.pop(owner))
            prefix = f"{owner}__"
            names = sorted(name for name in params if name.startswith(prefix))
            nested = {name.removeprefix(prefix): params.pop(name) for name in names}
            component = getattr(self, owner)
            if nested and not hasattr(component, "set_params"):
                raise ValueError(
                    f"{names[0]} can't be set: {owner} is {component!r} and has no "
                    f"parameters. Set {owner} to an object first."
                )
            if nested:
                component.set_params(**nested)
        for name in list(params):
            component, nested, _ = name.partition("__")
            if nested and component in _COMPONENTS:
                self._params_to_validate.add(name)
                setattr(self, name, params.pop(name))
        # Not skorch's, which replaces parts of a fitted net at once.
        BaseEstimator.set_params(self, **params)
        self._apply_virtual_params(given)  # lr, optimizer__*: settings of the optimizer
        return self

    def _check_params(self, *names):
        """Validate parameters: these, or all."""
        # Not scikit-learn's decorator: it calls self._validate_params(), a name that
        # skorch uses for something else.
        names = names or tuple(self._parameter_constraints)
        validate_parameter_constraints(
            {name: self._parameter_constraints[name] for name in names},
            {name: getattr(self, name) for name in names},
            type(self).__name__,
        )

    def _check_components(self):
        """Check what skorch is going to create, and with what."""
        bases = nn.Module, nn.Module, torch.optim.Optimizer
        for name, base in zip(_COMPONENTS, bases, strict=False):
            part = getattr(self, name)
            fits = isinstance(part, type) and issubclass(part, base)
            if name == "module" and not isinstance(part, type | nn.Module):
                fits = callable(part)  # a function that makes one
            if not fits:
                raise TypeError(
                    f"{name} must be a subclass of {base.__name__}, got {part!r}. Pass "
                    f"the class, and what it takes with the prefix {name}__: "
                    f"{type(self).__name__}({name}=Class, {name}__argument=...)."
                )
            arguments = self.get_params_for(name)
            arguments.pop("param_groups", None)  # skorch's, for the optimizer
            try:
                signature(part).bind(*[None] * (name == "optimizer"), **arguments)
            except TypeError as error:
                raise TypeError(
                    f"{name}={part!r} is called with {', '.join(arguments)}: {error}. "
                    f"Parameters {name}__* say with what else."
                ) from error
        self._check_callbacks()

    def _check_callbacks(self):
        if self.callbacks == "disable":
            return

        def is_callback(one):
            one = one[1] if isinstance(one, tuple | list) and len(one) == 2 else one
            kind = one if isinstance(one, type) else type(one)
            return one is None or issubclass(kind, Callback)

        callbacks = [] if self.callbacks is None else self.callbacks
        if not (isinstance(callbacks, list) and all(map(is_callback, callbacks))):
            raise TypeError(
                "callbacks must be a list of skorch callbacks or of pairs (name, "
                f"callback), got {callbacks!r}."
            )
        named = dict(self._uniquely_named_callbacks())
        known = sorted(named)
        for name in sorted(self._params_to_validate):
            component, _, nested = name.partition("__")
            if component == "callbacks" and nested.split("__")[0] not in known:
                raise ValueError(f"{name} names no callback: there are {known}.")
        for name, callback in named.items():
            self._check_fits(name, getattr(self, f"callbacks__{name}", callback))

    def _check_fits(self, name, callback):
        """Refuse those of skorch that would fail in training, and not say why."""
        kind = callback if isinstance(callback, type) else type(callback)
        own = {} if callback is kind or callback is None else callback.get_params()
        own |= self.get_params_for(f"callbacks__{name}")
        if issubclass(kind, ProgressBar) and self.batch_size == "auto":
            if own.get("batches_per_epoch", "auto") == "auto":
                raise ValueError(
                    "skorch's ProgressBar can't tell how many batches "
                    'batch_size="auto" makes: set batch_size to a number, or use '
                    'ProgressBar(batches_per_epoch="count").'
                )
        elif issubclass(kind, EarlyStopping):
            monitor = own.get("monitor", "valid_loss")
            validates = self.early_stopping or self.train_split is not None
            if str(monitor).startswith("valid_") and not validates:
                raise ValueError(
                    f"EarlyStopping monitors {monitor!r}, and no spectra are held out "
                    "to validate on: use the parameter early_stopping=True instead, or "
                    "set train_split."
                )
        elif issubclass(kind, InputShapeSetter):
            raise ValueError(
                "InputShapeSetter is not needed: the module gets the number of points "
                "as n_points."
            )

    # Training ------------------------------------------------------------------------

    def get_params_for(self, prefix):
        # What the data decide is given here, so it is never a parameter and a refit on
        # other data gets it right; what the user set takes precedence.
        chosen = super().get_params_for(prefix)
        defaults = {}
        if prefix == "module":
            defaults = {name: getattr(self, name) for name in self._module_params}
            if hasattr(self, "resolution"):
                defaults["n_averaged"] = self._n_averaged()
            defaults["n_points"] = self.n_features_in_
            defaults["n_classes"] = len(self.classes_)
        elif prefix == "criterion":
            defaults = {"reduction": "none"}  # sample weights come after
            if issubclass(self.criterion, nn.CrossEntropyLoss):
                defaults["label_smoothing"] = self.label_smoothing
        elif prefix == "optimizer":
            if issubclass(self.optimizer, torch.optim.Adam | torch.optim.AdamW):
                defaults = {"fused": True}  # the same steps, a fifth less time
        elif prefix in ("iterator_train", "iterator_valid"):
            training = prefix == "iterator_train"
            defaults = {"collate_fn": collate, "shuffle": training}
            size = self.batch_size_ if training else self._rows_at_once
            defaults["batch_size"] = size
        if prefix == "iterator_valid":
            # A DataLoader draws a seed from torch's global generator even if it does
            # not shuffle; validation must not change the course of the training.
            defaults["generator"] = torch.Generator()
        return {**defaults, **chosen}

    def _n_averaged(self):
        """Return how many neighboring points the module is to average."""
        axis, n_points = self.wavenumbers_in_, self.n_features_in_
        if self.resolution is None:
            return 1
        if axis is not None and n_points > 1:
            wanted = _RESOLUTION if self.resolution == "auto" else self.resolution
            return max(1, round(wanted / np.abs(np.diff(axis)).mean()))
        if self.resolution == "auto":
            return max(1, n_points // _MANY_POINTS)
        raise ValueError(
            f"resolution={self.resolution!r} is in cm-1, and the axis of the spectra "
            "is not known. Pass a data frame whose columns are wavenumbers, or "
            'resolution="auto".'
        )

    @property
    def _rows_at_once(self):
        """How many spectra are predicted at a time."""
        return _ROWS_AT_ONCE if self.batch_size == "auto" else self.batch_size

    def initialize(self):
        """Make network, loss and optimizer anew, as in skorch.

        Raises
        ------
        NotFittedError
            If there was no fit, which finds the numbers of points and classes.
        """
        if not hasattr(self, "n_features_in_"):
            raise NotFittedError(
                f"{type(self).__name__} can't be initialized before fit, which finds "
                "the numbers of points and classes. To load parameters, fit it for one "
                "epoch to spectra of the same form, then use load_params."
            )
        self.history_ = None  # skorch would empty that of the last fit
        self._forget_calibration()
        self._knows_scale = False
        return super().initialize()

    def _forget_calibration(self):
        self.temperature_, self._as_trained = 1.0, None

    def initialize_module(self):
        """Create the module in the chosen precision and memory layout."""
        super().initialize_module()
        self.module_.to(getattr(torch, self.dtype), memory_format=torch.channels_last)
        return self

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Apply weight_decay to weights only: not to biases and normalizations."""
        (groups,), settings = super().get_params_for_optimizer(prefix, named_parameters)
        if not self.weight_decay or "weight_decay" in settings:
            return (groups,), settings
        # What the user's optimizer__param_groups do not match comes last.
        *matched, rest = groups
        weights = [p for p in rest["params"] if p.ndim > 1]
        others = [p for p in rest["params"] if p.ndim <= 1]
        groups = [
            *matched,
            {**rest, "params": weights, "weight_decay": self.weight_decay},
            {**rest, "params": others, "weight_decay": 0.0},
        ]
        return ([group for group in groups if group["params"]],), settings

    @property
    def _default_callbacks(self):
        # get_params(deep=True) reads this, whatever the parameters' values are.
        callbacks = [
            (name, PrintLogIfAsked() if name == "print_log" else callback)
            for name, callback in super()._default_callbacks
        ]
        if isinstance(self.lr_schedule, str) and self.lr_schedule == "one_cycle":
            callbacks.append(("lr_schedule", OneCycle()))
        if isinstance(self.early_stopping, bool | np.bool_) and self.early_stopping:
            settings = {"patience": self.n_iter_no_change, "threshold": self.tol}
            stopping = EarlyStopping(**settings, load_best=True, sink=noop)
            callbacks.append(("early_stopping", stopping))
        return callbacks

    def _yield_callbacks(self):
        # EarlyStopping last: it ends the round of callbacks, and those after it would
        # miss the last epoch.
        return sorted(
            super()._yield_callbacks(),
            key=lambda entry: isinstance(entry[1], EarlyStopping),
        )

    def _current_init_context(self, name):
        return InitContext(self, name)

    def notify(self, method_name, **cb_kwargs):
        """Call the callbacks; one that ends the training is told from Ctrl-C."""
        outer, self._batch = self._batch, cb_kwargs.get("batch")
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt as stop:
            raise TrainingStopped from stop
        finally:
            self._batch = outer  # a callback may notify of something itself

    def _is_of_training(self, X):
        """Say if skorch handed X to a callback: checked, with positions as labels."""
        return is_dataset(X) or (self._batch is not None and X is self._batch[0])

    def get_split_datasets(self, X, y=None, **fit_params):
        """Return the data sets to train on and to validate on, made before."""
        return X.train, X.valid

    def check_data(self, X, y=None):
        """Do nothing: skorch's check would replace the labels by their positions."""

    def train_step(self, batch, **fit_params):
        """Vary the spectra of a batch, then take a step of the optimizer."""
        inputs, y = batch
        if self.augmentation is not None:
            weighted = isinstance(inputs, Mapping)
            x = self._augmented(inputs["x"] if weighted else inputs, y)
            inputs = {**inputs, "x": x} if weighted else x
        return super().train_step((inputs, y), **fit_params)

    def _augmented(self, x, y, *, wider=False):
        axis = self.wavenumbers_in_
        known = axis is not None and len(axis) > 1
        automatic = isinstance(self.augmentation, str)
        noise, augmentation = 0.0, self.augmentation
        if automatic:
            noise = self.augmentation_noise_
            augmentation = augmentation_for(noise, x.shape[1])
        if wider:
            augmentation = wider_than(augmentation)
        return augmentation.augment(
            x.to(self.device),
            y.to(self.device),
            spacing=np.abs(np.diff(axis)).mean() if known else _UNKNOWN_SPACING,
            strength=self.augmentation_strength_,
            least_noise=noise,
        )

    def train_step_single(self, batch, **fit_params):
        """Compute loss and gradients of a batch.

        As skorch does, but the last gradients are freed after the forward pass instead
        of before it. Otherwise nothing large is held in between, the C library gives
        the memory back to the system, and getting it again costs a tenth of a step.
        """
        self._set_training(True)
        inputs, y = batch
        y_pred = self.infer(inputs, **fit_params)
        loss = self.get_loss(y_pred, y, X=inputs, training=True)
        super()._zero_grad_optimizer()
        loss.backward()
        return {"loss": loss, "y_pred": y_pred}

    def _set_training(self, training=True):
        # Setting the mode of each part costs more than asking for it.
        modules = [getattr(self, f"{name}_") for name in self._modules + self._criteria]
        modules = [module for module in modules if isinstance(module, torch.nn.Module)]
        for module in modules:
            if any(part.training is not training for part in module.modules()):
                module.train(training)

    def _zero_grad_optimizer(self, set_to_none=None):
        """Do nothing: `train_step_single` does it."""

    def infer(self, x, **fit_params):
        """Apply the module to a batch, without its sample weights."""
        x = x["x"] if isinstance(x, Mapping) else x
        # torch.tensor copies: as_tensor warns about joblib's read-only memory maps.
        x = x if torch.is_tensor(x) else torch.tensor(np.asarray(x), device="cpu")
        return self.module_(send(x, **like(self.module_)), **fit_params)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the weighted mean loss of a batch."""
        logits = y_pred[0] if isinstance(y_pred, tuple) else y_pred
        self._check_logits(logits)
        name = type(self.criterion_).__name__
        given = f"logits of shape {tuple(logits.shape)} and as many class positions"
        try:
            loss = super().get_loss(y_pred, y_true, X=X, training=training)
        except (RuntimeError, ValueError) as error:  # e.g. of a regression
            raise ValueError(f"criterion={name} can't take {given}: {error}") from error
        if loss.shape != logits.shape[:1]:
            raise ValueError(
                f"criterion={name} must give one loss for each spectrum, and gives the "
                f"shape {tuple(loss.shape)} for {given}."
            )
        if isinstance(X, Mapping):
            loss = loss * X["sample_weight"].to(loss.device)
        return loss.mean()

    def _check_logits(self, logits):
        n_classes, name = len(self.classes_), type(self.module_).__name__
        if logits.ndim != 2 or logits.shape[1] != n_classes:
            raise ValueError(
                f"module={name} returns values of shape {tuple(logits.shape)}, and "
                f"must return logits of shape (n_spectra, {n_classes})."
            )
        takes_softmax = isinstance(self.criterion_, nn.CrossEntropyLoss)
        takes_softmax &= self.predict_nonlinearity == "auto"
        takes_logarithm = isinstance(self.criterion_, nn.NLLLoss)  # skorch does so
        if not (takes_softmax or takes_logarithm) or len(self.history_) > 1:
            return
        with torch.no_grad():
            sums_to_one = (logits.sum(dim=1) - 1).abs().max() < 1e-4
            is_share = bool(logits.min() >= 0 and sums_to_one)
        if takes_softmax and is_share:
            raise ValueError(
                f"module={name} returns probabilities, of which the loss would take "
                "the softmax again: return logits, or set criterion=NLLLoss."
            )
        if takes_logarithm and not is_share:
            raise ValueError(
                f"module={name} returns no probabilities, of which NLLLoss takes the "
                "logarithm: leave criterion at CrossEntropyLoss."
            )

    # On disk -------------------------------------------------------------------------

    def __reduce_ex__(self, protocol):
        # For pickle and copy, which trust what they are given.
        return _in_a_pickle, (type(self),), super().__getstate__()

    def __getstate__(self):
        """Return the state for skops, which asks for it itself.

        Callbacks are as before the training: skops can't write what all of them have
        learned, and each training begins with new ones.
        """
        if self.initialized_ and self.callbacks != "disable":
            for name, callback in self._uniquely_named_callbacks():
                if isinstance(callback, ParamMapper):  # it holds its own methods now
                    raise TypeError(
                        f"skops can't save the callback {name} after training: "
                        "set_params(callbacks=None) first, or use joblib."
                    )
        state = super().__getstate__()
        for name, value in state.items():
            if name == "callbacks_":
                state[name] = []
            elif name.split("__")[0] == "callbacks":
                state[name] = clone(value, safe=False)
        return state

    def __setstate__(self, state):
        # skorch hands the name on to torch.load, which knows no "cpu:0".
        state = {**state, "device": str(as_device(state["device"]))}
        if not vars(self).pop("_is_of_pickle", False):
            # skorch would unpickle whatever a file of skops holds.
            place = get_map_location(state["device"])
            own = [getattr(state[name], "__module__", "") for name in _COMPONENTS[:3]]
            parts = load_parts(state.pop(_PACKED), place, own)
            vars(self).update(state, **parts)
            self.device = self._check_device(state["device"], place)
            return
        super().__setstate__(state)

    def load_params(self, *args, **kwargs):
        """Load what `save_params` saved, as in skorch.

        What `calibration` did is in the weights, but they do not tell what it was:
        `temperature_` is 1 after it, and `partial_fit` goes on from them uncalibrated.
        """
        self.device = str(as_device(self.device))
        super().load_params(*args, **kwargs)
        given = signature(super().load_params).bind(*args, **kwargs).arguments
        given |= kwargs
        weights = ("f_params", "f_module", "checkpoint")
        if any(given.get(name) is not None for name in weights):
            self._forget_calibration()
            self._knows_scale = True
        if self.history_:
            self.n_iter_ = len(self.history_)

    # Prediction only reads -----------------------------------------------------------

    def forward_iter(self, X, training=False, device="cpu"):
        """Yield the outputs of the module batch by batch.

        As in skorch, without a change of the network: what it does in training
        (`training=True`) it does in a copy.
        """
        reader = self._reader(training)
        if is_dataset(X):  # of a callback, with labels
            batches = (unpack_data(batch)[0] for batch in self.get_iterator(X))
        elif self._is_of_training(X):
            batches = (X,)
        else:
            size = getattr(self, "iterator_valid__batch_size", self._rows_at_once)
            batches = (X[start : start + size] for start in range(0, len(X), size))
        for batch in batches:
            yield to_device(reader._evaluate(batch, training), device)

    def evaluation_step(self, batch, training=False):
        """Apply the module to a batch of spectra and labels, without changing it."""
        self.check_is_fitted()
        return self._reader(training)._evaluate(unpack_data(batch)[0], training)

    def _evaluate(self, x, training):
        with (
            torch.set_grad_enabled(training),
            full_precision(),
            limited_threads(self.n_threads),
        ):
            return self.infer(x)

    def _reader(self, training=False):
        """Return this classifier, or one with a copy of the network in another mode."""
        module = self._module_to_read()
        if training:
            module = copy.deepcopy(module).train()
        if module is self.module_:
            return self
        reader = object.__new__(type(self))
        vars(reader).update(vars(self), module_=module)
        return reader

    def _module_to_read(self):
        """Return the network in evaluation mode, without a change to `module_`."""
        module = self.module_
        if any(part.training for part in module.modules()):
            module = copy.deepcopy(module).eval()
        return module


def _in_a_pickle(kind):
    """Return an empty net that will unpack what it is given."""
    net = kind.__new__(kind)
    net._is_of_pickle = True
    return net


class InitContext:
    """Notes which part of a net is being made.

    skorch's own is a generator, whose end comes late where Ctrl-C hits it: it would
    write into a net that has been put back to what it was.
    """

    def __init__(self, net, name):
        self.net, self.name = net, name

    def __enter__(self):
        self.net.init_context_ = self.name

    def __exit__(self, *_):
        self.net.init_context_ = None


class PrintLogIfAsked(PrintLog):
    """Works out no table that nobody sees, and needs no standard output for it.

    A program without a console has none: `sys.stdout` is None there.
    """

    def on_epoch_end(self, net, **kwargs):
        """Print the losses of an epoch."""
        if self.sink is not print or (net.verbose and sys.stdout is not None):
            super().on_epoch_end(net, **kwargs)


class TrainingStopped(KeyboardInterrupt):
    """A callback ended the training, as skorch's do: by a KeyboardInterrupt."""
