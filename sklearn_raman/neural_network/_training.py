"""How a network is trained: wholly or not at all, and calibrated afterwards."""
# What a classifier has, this mixin has not.
# mypy: disable-error-code="attr-defined"

import copy
import signal
import threading
import warnings
from contextlib import suppress
from math import ceil

import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from torch import nn

from sklearn_raman._utils._sklearn import check_sample_weight
from sklearn_raman._utils._temperature import temperature_excess
from sklearn_raman._utils._torch import (
    default_torch,
    device_of,
    is_same_device,
    isolated_randomness,
    like,
    limited_threads,
    restorer,
)
from sklearn_raman._utils._validation import (
    check_spectra,
    one_per_spectrum,
    refuse_missing,
    refuse_mixed,
    refuse_other_order,
)
from sklearn_raman._utils._wavenumbers import as_real
from sklearn_raman.neural_network._augmentation import noise_of, strength_for
from sklearn_raman.neural_network._calibration import (
    discriminate_logits,
    divide_logits,
    find_temperature,
    held_out_folds,
    last_layer,
)
from sklearn_raman.neural_network._data import Spectra, split
from sklearn_raman.neural_network._layers import weighted_spread
from sklearn_raman.neural_network._schedule import (
    auto_batch_size,
    auto_epochs,
    held_out_epochs,
)
from sklearn_raman.neural_network._skorch import TrainingStopped

_NOISE = 2.0  # largest noise of the augmentation, in multiples of what spectra have
_N_FOLDS = 3  # for the calibration
_FEWEST_COPIES, _VARIED = 2, 1000  # of spectra, to see how logits vary within classes
_BATCH = 256


class TrainingMixin:
    """Gives a `SpectralNetClassifier` what its `fit` and `partial_fit` do."""

    def _fit_or_restore(self, X, y, sample_weight, groups, *, cold, classes=None):
        """Train, or leave everything as it was: the classifier and torch's state.

        `cold` starts afresh.
        """
        self.check_training_readiness()
        with torch.inference_mode(False):
            restore = self._restorer(cold)
        ctrl_c = CtrlC()
        try:
            ctrl_c.watch()
            self._check_params()
            spectra, groups = self._check_training_data(
                X, y, sample_weight, groups, reset=cold, classes=classes
            )
            self._check_components()
            if cold:
                self.random_state_ = check_random_state(self.random_state)
            seed = self.random_state_.randint(2**31 - 1)
            with (
                default_torch(),
                isolated_randomness(seed, self.device),
                limited_threads(self.n_threads),
            ):
                try:
                    calibrated = (
                        self._wants_calibration() if cold else bool(self._as_trained)
                    )
                    temperature = None if cold else self.temperature_
                    if not cold:
                        self._undo_calibration()
                    self._train(spectra, groups, cold=cold, calibrated=calibrated)
                    self._calibrate(spectra, groups, seed, temperature)
                finally:
                    ctrl_c.holds = True
            ctrl_c.release()
        except BaseException as error:
            ctrl_c.holds = True
            with torch.inference_mode(False):
                restore()
            ctrl_c.pressed &= not isinstance(error, KeyboardInterrupt)
            ctrl_c.release()
            raise
        return self

    def _restorer(self, cold):
        """Return a function that puts the classifier back as it is now.

        A cold start makes everything anew; a warm one changes the network and what
        belongs to it in place.
        """
        attributes = dict(vars(self))
        if not cold:
            restore_parts = restorer(self.module_, self.criterion_)
            steps = copy.deepcopy(self.optimizer_.state_dict())
            dicts = [getattr(one, "__dict__", {}) for _, one in self.callbacks_]
            contents = [(content, dict(content)) for content in dicts]
            n_epochs = len(self.history_)
            drawn = self.random_state_.get_state()

        def restore():
            vars(self).clear()
            vars(self).update(attributes)
            if cold:
                return
            restore_parts()
            self.optimizer_.load_state_dict(steps)
            for content, before in contents:
                content.clear()
                content.update(before)
            del self.history_[n_epochs:]
            self.random_state_.set_state(drawn)
            self._set_training(False)

        return restore

    def _check_training_data(self, X, y, sample_weight, groups, *, reset, classes=None):
        """Validate; return the rows to train on, with class positions, and groups."""
        refuse_other_order("sample_weight", sample_weight, X)
        refuse_other_order("groups", groups, X)
        X, y = check_spectra(self, X, y, reset=reset, dtype=self.dtype)
        check_classification_targets(y)
        if groups is not None:
            groups = one_per_spectrum("groups", groups, len(X))
        if sample_weight is not None:
            if isinstance(sample_weight, np.ndarray):  # masks and dates are no weights
                sample_weight = as_real(sample_weight, "sample_weight")
            sample_weight = check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
            kept = sample_weight > 0  # weight 0 is the same as not being there
            X, y, sample_weight = X[kept], y[kept], sample_weight[kept]
            groups = None if groups is None else groups[kept]
            if self.sampler is not None:
                raise ValueError(
                    "sample_weight can't be used together with sampler, whose spectra "
                    "have no weight. Use class_weight, or no sampler."
                )
        if classes is not None:
            refuse_missing("classes", classes)
            refuse_mixed("classes", classes)
            classes = np.unique(classes)
        if reset:
            # skorch's name for classes_, which is a property without a setter.
            self.classes_inferred_ = np.unique(y) if classes is None else classes
        elif classes is not None and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"classes={classes.tolist()} are not those of the first call, "
                f"{self.classes_.tolist()}: leave them out, or start afresh with fit."
            )
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the "
                f"data, but the data contains only one class: {self.classes_[0]}"
            )
        rounding = 4 * np.finfo(X.dtype).eps * np.abs(X[0])
        if reset and (np.ptp(X, axis=0) <= rounding).all():
            raise ValueError(
                "All training spectra are equal: nothing tells the classes "
                f"{self.classes_.tolist()[:3]} apart."
            )
        if unseen := sorted(set(np.unique(y)) - set(self.classes_)):
            raise ValueError(f"y holds classes that the first fit did not: {unseen}.")
        codes = np.searchsorted(self.classes_, y)
        return Spectra(X, codes, sample_weight), groups

    def _train(self, spectra, groups, *, cold, calibrated):
        """Split the spectra, set the network up, and let skorch train it.

        `calibrated` looks for the directions in which logits vary.
        """
        fraction = self.validation_fraction if self.early_stopping else None
        if self.train_split is None and fraction is not None:
            self._warn_without_groups(groups)
        data = split(
            spectra,
            self.classes_,
            groups=groups,
            fraction=fraction,
            train_split=self.train_split,
            sampler=self.sampler,
            class_weight=self.class_weight,
            random_state=self.random_state_,
        )
        vars(self).pop("sampler_", None)  # of the last training
        if data.sampler is not None:
            self.sampler_ = data.sampler
        n_spectra = len(data.train)
        self.batch_size_ = self.batch_size
        if self.batch_size == "auto":
            self.batch_size_ = auto_batch_size(n_spectra)
        if not len(self.get_iterator(data.train, training=True)):
            raise ValueError(
                f"No batch of {self.get_params_for('iterator_train')['batch_size']} is "
                f"full with {n_spectra} training spectra: use a smaller batch_size, or "
                "no iterator_train__drop_last."
            )
        self.n_epochs_ = self.max_epochs
        if self.max_epochs == "auto":
            n_classes = len(self.classes_)
            self.n_epochs_ = auto_epochs(n_spectra, n_classes, self.batch_size_)
        if cold:
            self.initialize()
        else:
            self._initialize_callbacks()
        self._move_to_device()
        if calibrated:
            last_layer(self.module_)  # raises now, and not after the training

        if not self._knows_scale:
            self._learn_input(data.train)
            self._knows_scale = True
        # As skorch's partial_fit, which takes Ctrl-C for the end of training.
        with suppress(TrainingStopped):
            self.notify("on_train_begin", X=data, y=None)
            self.fit_loop(data, epochs=self.n_epochs_)
        self._set_training(False)
        with suppress(TrainingStopped):
            self.notify("on_train_end", X=data, y=None)

        self.n_iter_ = len(self.history_)
        loss = self.history_[-1].get("train_loss", 0.0) if self.history_ else 0.0
        if not np.isfinite(loss):
            raise ValueError(
                f"The training loss is {loss} after {self.n_iter_} epochs: lower lr "
                f"({self.lr}) or scale the spectra (SpectrumNormalizer)."
            )

        if calibrated:
            state = last_layer(self.module_).state_dict()
            # Copies. Arrays can be saved, and loaded where there is no such device.
            self._as_trained = {k: v.cpu().numpy().copy() for k, v in state.items()}
            # Of two classes there is but one direction.
            if self.augmentation is not None and len(self.classes_) > 2:
                batches = self._varied_batches(data.train)
                discriminate_logits(self.module_, batches, len(self.classes_))

    def _varied_batches(self, dataset):
        """Yield the training spectra, as they are and more varied than in training."""
        n_spectra, module = len(dataset), like(self.module_)
        for copy_ in range(1 + max(_FEWEST_COPIES, ceil(_VARIED / n_spectra))):
            for positions in torch.arange(n_spectra).split(_BATCH):
                X, codes = dataset.__getitems__(positions)
                weights = X["sample_weight"] if isinstance(X, dict) else None
                x = (X if weights is None else X["x"]).to(**module)
                if weights is None:
                    weights = torch.ones(len(x))
                if copy_:
                    x = self._augmented(x, codes, wider=True)
                yield x, codes, weights

    def _undo_calibration(self):
        """Give a calibrated network the last layer that training ended with."""
        if self._as_trained:
            state = {k: torch.tensor(v) for k, v in self._as_trained.items()}
            last_layer(self.module_).load_state_dict(state)

    def _calibrate(self, spectra, groups, seed, temperature):
        """Divide the logits by a temperature, or by one found here if it is None."""
        if temperature is None:
            temperature = 1.0
            if self._wants_calibration():
                temperature = self._held_out_temperature(spectra, groups, seed)
        self.temperature_ = temperature
        if self.temperature_ != 1.0:
            divide_logits(self.module_, self.temperature_)

    def _wants_calibration(self):
        if self.calibration != "auto":
            return self.calibration is not None
        return (
            self.max_epochs == "auto"
            and issubclass(self.criterion, nn.CrossEntropyLoss)
            and self.predict_nonlinearity == "auto"
        )

    def _held_out_temperature(self, spectra, groups, seed):
        """Return the temperature of logits of spectra that networks have not seen."""
        logits, found = [], []
        folds = held_out_folds(spectra.codes, groups, _N_FOLDS, seed)
        for training, held_out in folds:
            rows = spectra.take(training)
            try:
                with warnings.catch_warnings():
                    # What a sampler says is of the fold, not of the user's spectra.
                    warnings.simplefilter("ignore", UserWarning)
                    twin = self._twin(rows, seed, self.sampler)
            except (ValueError, RuntimeError):
                if self.sampler is None:
                    raise
                twin = self._twin(rows, seed, None)  # too few spectra for the sampler
            found.append(held_out)
            seen = twin._outputs(spectra.X[held_out], lambda output: output)
            excess = temperature_excess(spectra.codes, groups, training, held_out)
            logits.append(seen / excess[:, None])
        if not found:
            return 1.0
        found = np.concatenate(found)
        rows = spectra.take(found)
        n_units = None if groups is None else len(np.unique(groups[found]))
        logits = np.concatenate(logits).astype(np.float64)
        return find_temperature(logits, rows.codes, rows.weights, n_units)

    def _twin(self, spectra, seed, sampler):
        """Return a network like this one, trained a little on some of the spectra."""
        twin = clone(self).set_params(
            batch_size=self.batch_size_,
            callbacks=None,
            calibration=None,
            early_stopping=False,
            max_epochs=held_out_epochs(
                self.n_epochs_, len(spectra.X), self.batch_size_
            ),
            sampler=sampler,
            train_split=None,
            verbose=0,
        )
        # These count on all spectra.
        own = self.get_params_for("iterator_train")
        if own.get("sampler") is not None:
            twin.set_params(iterator_train__sampler=None, iterator_train__shuffle=True)
        if own.get("drop_last"):
            twin.set_params(iterator_train__drop_last=False)
        for name in ("classes_inferred_", "n_features_in_", "wavenumbers_in_"):
            setattr(twin, name, getattr(self, name))
        twin.random_state_ = check_random_state(seed)
        twin._train(spectra, None, cold=True, calibrated=True)
        return twin

    def _warn_without_groups(self, groups):
        if self.sampler is not None and groups is None:
            warnings.warn(
                "early_stopping splits off validation spectra at random: spectra of "
                "one sample may be on both sides, and with a sampler copies of them. "
                "Pass fit(..., groups=...), inside a Pipeline by metadata routing: "
                "sklearn.set_config(enable_metadata_routing=True).",
                UserWarning,
                stacklevel=5,
            )

    def _learn_input(self, dataset):
        """Learn the scale of the spectra, and how much augmentation they bear."""
        X = dataset.arrays["x"].double()
        weights = dataset.arrays.get("sample_weight")
        _, within = weighted_spread(X, weights)
        # The same around one overall mean: each value is a spectrum of one point.
        repeated = None if weights is None else weights.repeat_interleave(X.shape[1])
        _, total = weighted_spread(X.reshape(-1, 1), repeated)
        share = float(within / total) if total else 0
        self.augmentation_strength_ = strength_for(share)
        self.augmentation_noise_ = _NOISE * noise_of(X)
        if hasattr(self.module_, "learn_input"):
            device = device_of(self.module_)
            weights = None if weights is None else weights.to(device)
            codes = dataset.y.to(device)
            self.module_.learn_input(X.to(device), weights, codes)

    def _move_to_device(self):
        """Bring the network, and the optimizer with it, to where it should be."""
        if not is_same_device(device_of(self.module_), self.device):
            self.module_.to(self.device)
            self.optimizer_.load_state_dict(self.optimizer_.state_dict())


class CtrlC:
    """Tell Ctrl-C from the KeyboardInterrupt by which callbacks end a training.

    Both are the same exception, and it can come from anywhere. Python calls the handler
    of the signal, in the main thread, so that is where Ctrl-C is noted. The caller's
    own handler does what it always does; what it raises propagates.
    """

    def __init__(self):
        self.pressed = False
        self._before = None
        # Set it while something is put back that must not be torn: the signal waits.
        self.holds = False
        self._held = False

    def watch(self):
        """Note the signal from here on."""
        if threading.current_thread() is not threading.main_thread():
            return  # no signal arrives here
        before = signal.getsignal(signal.SIGINT)
        if callable(before):
            self._before = before
            signal.signal(signal.SIGINT, self._handle)

    def _handle(self, number, frame):
        if self.holds:
            self._held = True
            return
        try:
            self._before(number, frame)
        except KeyboardInterrupt:
            self.pressed = True
            raise

    def release(self):
        """Give the signal back to the caller's handler, and with it what waited.

        Raises
        ------
        KeyboardInterrupt
            If the signal waited, or its exception was swallowed on the way.
        """
        if self._before is None:
            return
        signal.signal(signal.SIGINT, self._before)
        if self._held:
            self._held = False
            self._before(signal.SIGINT, None)
        if self.pressed:
            raise KeyboardInterrupt
