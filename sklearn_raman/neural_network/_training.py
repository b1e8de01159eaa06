"""What happens in fit: data, schedule, augmentation, and torch's state around it."""

import warnings
from collections.abc import Mapping
from contextlib import contextmanager

import numpy as np
import torch
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from skorch.callbacks import EarlyStopping

from sklearn_raman._utils._sklearn import check_sample_weight
from sklearn_raman._utils._torch import isolated_randomness, limited_threads
from sklearn_raman._utils._validation import check_spectra
from sklearn_raman.neural_network._augmentation import Augmentation, strength_for
from sklearn_raman.neural_network._callbacks import (
    InterruptedByUser,
    raised_in_callback,
    stopping_last,
)
from sklearn_raman.neural_network._data import (
    Spectra,
    TrainingData,
    as_dataset,
    join_weights,
    keep_batch,
    over_sample,
    validation_split,
)
from sklearn_raman.neural_network._layers import weighted_spread
from sklearn_raman.neural_network._schedule import (
    OneCycle,
    auto_epochs,
    can_spare_some,
    prolong,
)

_UNKNOWN_SPACING = 2.0  # cm-1 a point, for the shift of spectra without an axis


class TrainingMixin:
    """Gives `SpectralNetClassifier` its `fit` and `partial_fit`."""

    def fit(self, X, y, sample_weight=None, groups=None):
        """Train the network.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Training spectra.
        y : array-like of shape (n_spectra,)
            Labels.
        sample_weight : array-like of shape (n_spectra,) or None, default=None
            Weights of the spectra, not negative.
        groups : array-like of shape (n_spectra,) or None, default=None
            Crystal, patient or sample of each spectrum. With `early_stopping` no group
            is on both sides of the validation split. Inside a Pipeline they arrive by
            metadata routing: ``classifier.set_fit_request(groups=True)``.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        self._check_params()
        cold = not (self.warm_start and self.initialized_)
        spectra, groups = self._check_training_data(
            X, y, sample_weight, groups, reset=cold
        )
        with self._training(fresh=cold):
            super().fit(self._training_data(spectra, groups, in_full=cold), None)
        return self._finish()

    def partial_fit(
        self, X, y=None, classes=None, sample_weight=None, groups=None, **fit_params
    ):
        """Train for another `max_epochs` epochs without starting afresh.

        What the first call learnt about the scale of the spectra is kept.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Training spectra.
        y : array-like of shape (n_spectra,)
            Labels.
        classes : array-like or None, default=None
            All labels, if the first call does not hold each of them.
        sample_weight : array-like of shape (n_spectra,) or None, default=None
            Weights of the spectra, not negative.
        groups : array-like of shape (n_spectra,) or None, default=None
            As in `fit`.
        **fit_params
            Used by skorch, whose fit calls this method.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        if isinstance(X, TrainingData):  # from skorch's fit
            return super().partial_fit(X, y, **fit_params)
        self._check_params()
        cold = not self.initialized_
        spectra, groups = self._check_training_data(
            X, y, sample_weight, groups, reset=cold, classes=classes
        )
        with self._training(fresh=cold):
            super().partial_fit(self._training_data(spectra, groups))
        return self._finish()

    # Data ----------------------------------------------------------------------------

    def _check_training_data(self, X, y, sample_weight, groups, *, reset, classes=None):
        """Validate; return the rows to train on, with class positions, and groups."""
        X, y = check_spectra(self, X, y, reset=reset, dtype=self.dtype)
        check_classification_targets(y)
        if groups is not None:
            groups = column_or_1d(groups)
            check_consistent_length(X, groups)
        if sample_weight is not None:
            sample_weight = check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
            kept = sample_weight > 0  # weight 0 is the same as not being there
            X, y, sample_weight = X[kept], y[kept], sample_weight[kept]
            groups = None if groups is None else groups[kept]
            if self.sampler is not None:
                raise ValueError(
                    "sample_weight can't be used together with sampler: the spectra "
                    "that it makes have no weight. Use class_weight, or no sampler."
                )
        if reset:
            # skorch's name for classes_, which is a property without a setter.
            self.classes_inferred_ = np.unique(y if classes is None else classes)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the "
                f"data, but the data contains only one class: {self.classes_[0]}"
            )
        if unseen := sorted(set(np.unique(y)) - set(self.classes_)):
            raise ValueError(f"y holds classes that the first fit did not: {unseen}.")
        codes = np.searchsorted(self.classes_, y)
        return Spectra(X, codes, sample_weight), groups

    def _training_data(self, spectra, groups, *, in_full=False):
        """Split off validation spectra, over-sample the others, join the weights.

        in_full is True if the number of epochs may be found by validation.
        """
        train, valid = spectra, None
        self._prolongs = in_full and self._may_prolong(spectra.codes)
        if self.train_split is not None:
            dataset = as_dataset(spectra)
            # skorch's splits return subsets, or a data set of the user's.
            train, valid_set = self.train_split(dataset, spectra.codes)
            positions = getattr(train, "indices", slice(None))
            train = spectra.take(positions)
            if getattr(valid_set, "dataset", None) is dataset:
                valid = spectra.take(valid_set.indices)
        elif self.early_stopping or self._prolongs:
            self._warn_without_groups(groups)
            fraction = self.validation_fraction if self.early_stopping else 0.1
            kept, held_out = validation_split(
                spectra.codes, fraction, groups, self.random_state_
            )
            train, valid = spectra.take(kept), spectra.take(held_out)
        if self.sampler is not None:
            train, self.sampler_ = over_sample(
                train, self.sampler, self.classes_, self.random_state_
            )
        train, valid = join_weights(self.class_weight, self.classes_, train, valid)
        n_train = len(train.codes)
        self.n_epochs_ = (
            auto_epochs(n_train, self.batch_size)
            if self.max_epochs == "auto"
            else self.max_epochs
        )
        valid = as_dataset(valid)
        if self.train_split is not None and valid is None:
            valid = valid_set
        return TrainingData(as_dataset(train), valid)

    def _may_prolong(self, codes):
        """Tell whether fit looks for the number of epochs on validation spectra."""
        return (
            self._longest_training > 1
            and self.max_epochs == "auto"
            and self.lr_schedule == "one_cycle"
            and not self.early_stopping
            and self.train_split is None
            and self.sampler is None
            and can_spare_some(codes)
        )

    def _warn_without_groups(self, groups):
        if self.sampler is not None and groups is None:
            warnings.warn(
                "early_stopping splits off validation spectra at random: spectra of "
                "one sample may be on both sides, and with a sampler copies of them. "
                "Pass fit(..., groups=...), inside a Pipeline by metadata routing: "
                "sklearn.set_config(enable_metadata_routing=True) and "
                "classifier.set_fit_request(groups=True).",
                UserWarning,
                stacklevel=4,
            )

    def get_split_datasets(self, X, y=None, **fit_params):
        """Return the data sets to train on and to validate on, made before."""
        return X

    def check_data(self, X, y=None):
        """Do nothing: skorch's check would replace the labels by their positions."""

    # Training ------------------------------------------------------------------------

    @contextmanager
    def _training(self, *, fresh):
        """Seed torch inside and restore it outside; the same for its threads."""
        if fresh or not hasattr(self, "random_state_"):
            self.random_state_ = check_random_state(self.random_state)
        seed = self.random_state_.randint(2**31 - 1)
        with isolated_randomness(seed, self.device), limited_threads(self.n_threads):
            try:
                yield
            except InterruptedByUser as stop:
                raise KeyboardInterrupt from stop

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """Train as skorch does, but do not take Ctrl-C for the end of training."""
        self._move_to_device()
        if not self.history_:
            self._learn_input(X.train)

        def train(n_epochs):
            super(TrainingMixin, self).fit_loop(X, y, epochs=n_epochs, **fit_params)

        try:
            if self._prolongs:
                prolong(self, train, self.n_epochs_, self._longest_training)
            else:
                train(epochs or self.n_epochs_)
            return self
        except KeyboardInterrupt as stop:
            # Callbacks stop training with this exception, and skorch swallows it. From
            # the keyboard it must get through, or a grid search would go on with
            # half-trained networks.
            if raised_in_callback(stop):
                raise
            raise InterruptedByUser from stop

    def _learn_input(self, dataset):
        """Learn the scale of the spectra, and how much augmentation they bear."""
        X = dataset.arrays["x"].double()
        weights = dataset.arrays.get("sample_weight")
        _, within = weighted_spread(X, weights)
        # The same around one overall mean: each value is a spectrum of one point.
        repeated = None if weights is None else weights.repeat_interleave(X.shape[1])
        _, total = weighted_spread(X.reshape(-1, 1), repeated)
        self.augmentation_strength_ = strength_for(
            float(within / total) if total else 0
        )
        if hasattr(self.module_, "learn_input"):
            device = next(self.module_.parameters()).device
            self.module_.learn_input(
                X.to(device), None if weights is None else weights.to(device)
            )

    def train_step(self, batch, **fit_params):
        """Vary the spectra of a batch, then take a step of the optimizer."""
        if self.augmentation is not None:
            inputs, y = batch
            if isinstance(inputs, Mapping):
                inputs = {**inputs, "x": self._augmented(inputs["x"], y)}
            else:
                inputs = self._augmented(inputs, y)
            batch = inputs, y
        return super().train_step(batch, **fit_params)

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

    def _zero_grad_optimizer(self, set_to_none=None):
        """Do nothing: `train_step_single` does it."""

    def _augmented(self, x, y):
        axis = self.wavenumbers_in_
        known = axis is not None and len(axis) > 1
        automatic = isinstance(self.augmentation, str)
        augmentation = Augmentation() if automatic else self.augmentation
        return augmentation.augment(
            x.to(self.device),
            y.to(self.device),
            spacing=np.abs(np.diff(axis)).mean() if known else _UNKNOWN_SPACING,
            strength=self.augmentation_strength_,
        )

    def _finish(self):
        self.n_iter_ = len(self.history_)
        loss = self.history_[-1].get("train_loss", 0.0)
        if not np.isfinite(loss):
            raise ValueError(
                f"The training loss is {loss} after {self.n_iter_} epochs: lower lr "
                f"(now {self.lr}) or scale the spectra, for example with "
                "SpectrumNormalizer."
            )
        return self

    def initialize_module(self):
        """Create the module in the chosen precision and memory layout."""
        super().initialize_module()
        self.module_.to(getattr(torch, self.dtype), memory_format=torch.channels_last)
        return self

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Apply weight_decay to weights only: not to biases and normalisations."""
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
        callbacks = super()._default_callbacks
        if isinstance(self.lr_schedule, str) and self.lr_schedule == "one_cycle":
            callbacks.append(("lr_schedule", OneCycle()))
        if isinstance(self.early_stopping, bool | np.bool_) and self.early_stopping:
            stopping = EarlyStopping(
                patience=self.n_iter_no_change,
                threshold=self.tol,
                load_best=True,
                sink=keep_batch,
            )
            callbacks.append(("early_stopping", stopping))
        return callbacks

    def _yield_callbacks(self):
        return stopping_last(super()._yield_callbacks())

    def infer(self, x, **fit_params):
        """Apply the module to a batch, without its sample weights."""
        x = x["x"] if isinstance(x, Mapping) else x
        return super().infer(x, **fit_params)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the weighted mean loss of a batch."""
        loss = super().get_loss(y_pred, y_true, X=X, training=training)
        if isinstance(X, Mapping):
            loss = loss * X["sample_weight"].to(loss.device)
        return loss.mean()

    def _move_to_device(self):
        """Follow a change of `device` after fit, with the module and the optimizer."""
        if next(self.module_.parameters()).device != torch.device(self.device):
            self.module_.to(self.device)
            self.optimizer_.load_state_dict(self.optimizer_.state_dict())
