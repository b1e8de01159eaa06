"""skorch trains the network; this file makes it a scikit-learn classifier."""

from collections.abc import Mapping
from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping
from skorch.dataset import ValidSplit
from skorch.utils import is_dataset
from torch import nn

from sklearn_raman._utils._sklearn import (
    Interval,
    StrOptions,
    check_sample_weight,
)
from sklearn_raman._utils._torch import isolated_randomness, limited_threads
from sklearn_raman._utils._validation import check_spectra
from sklearn_raman.neural_network._callbacks import (
    InterruptedByUser,
    raised_in_callback,
    stopping_last,
)
from sklearn_raman.neural_network._dataset import (
    BatchDataset,
    keep_batch,
    relative_weights,
)
from sklearn_raman.neural_network._explain import ExplainMixin
from sklearn_raman.neural_network._modules import CNN
from sklearn_raman.neural_network._parameters import ParametersMixin


class SpectralNetClassifier(ExplainMixin, ParametersMixin, NeuralNetClassifier):
    """A torch network for spectra as a scikit-learn classifier.

    skorch does the training, with its callbacks, history and `module__*`,
    `optimizer__*`, `callbacks__*` parameters. This class adds what scikit-learn asks
    of a classifier: any labels, float64 or data frames in, sample and class weights,
    results that `random_state` alone decides, parameters that can be cloned, and
    `explain_`.

    Parameters
    ----------
    module : class, default=CNN
        Subclass of `torch.nn.Module`, called with `n_points` and `n_classes` (found in
        fit) and the `module__*` parameters. Takes spectra (n, n_points), returns logits
        (n, n_classes). With methods `features` and `head` it can be explained.
    criterion : class, default=torch.nn.CrossEntropyLoss
        Loss on logits; it must take ``reduction="none"``.
    optimizer : class, default=torch.optim.Adam
        Optimizer.
    lr : float, default=1e-3
        Learning rate.
    max_epochs : int, default=100
        Number of passes over the training spectra.
    batch_size : int, default=20
        Spectra in a step.
    early_stopping : bool, default=False
        Keep `validation_fraction` of the spectra out of training (shuffled, by class),
        stop when the loss on them has not improved for `n_iter_no_change` epochs, and
        return to the best epoch.
    validation_fraction : float, default=0.1
        See `early_stopping`.
    n_iter_no_change : int, default=10
        See `early_stopping`.
    tol : float, default=1e-4
        Relative improvement of the loss that counts.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, as in scikit-learn.
    random_state : int, RandomState or None, default=None
        Decides initial weights, dropout, order of batches and validation split. The
        caller's torch generator is left untouched.
    warm_start : bool, default=False
        Continue training at the next fit instead of starting afresh.
    callbacks : list or None, default=None
        skorch callbacks.
    train_split : callable or None, default=None
        skorch's own way to split off validation data; goes before `early_stopping`.
    device : str, default="cpu"
        Where the network lives, for example "cuda".
    dtype : {"float32", "float64"}, default="float32"
        Precision of the computation and of the probabilities.
    n_threads : int or None, default=1
        torch threads during fit and predict, set back after. The number changes the
        last bits of a result, so a fixed one keeps searches with any `n_jobs`
        identical; None leaves torch's setting.
    verbose : int, default=0
        1 prints a line an epoch.
    **kwargs
        skorch's `module__*`, `optimizer__*`, `callbacks__*`, ...

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    module_ : torch.nn.Module
        The fitted network.
    history_ : skorch.history.History
        Losses and times of each epoch.
    n_iter_ : int
        Number of epochs.
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If there are fewer than two classes, or the training loss is no longer finite.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_raman.neural_network import SpectralNetClassifier
    >>> class Linear(torch.nn.Module):
    ...     def __init__(self, n_points, n_classes):
    ...         super().__init__()
    ...         self.output = torch.nn.Linear(n_points, n_classes)
    ...     def features(self, x):
    ...         return x[:, None]
    ...     def head(self, features):
    ...         return self.output(features[:, 0])
    ...     def forward(self, x):
    ...         return self.head(self.features(x))
    >>> X, y = np.eye(4), ["a", "b", "a", "b"]
    >>> net = SpectralNetClassifier(Linear, lr=0.1, max_epochs=50, random_state=0)
    >>> net.fit(X, y).predict(X)
    array(['a', 'b', 'a', 'b'], dtype='<U1')
    """

    # Parameters of the classifier that are arguments of its module.
    _module_params = ()

    _parameter_constraints: dict = {
        "lr": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "dtype": [StrOptions({"float32", "float64"})],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        module=CNN,
        *,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        max_epochs=100,
        batch_size=20,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        class_weight=None,
        random_state=None,
        warm_start=False,
        callbacks=None,
        train_split=None,
        device="cpu",
        dtype="float32",
        n_threads=1,
        verbose=0,
        **kwargs,
    ):
        self._reject_unlisted(kwargs)
        super().__init__(
            module,
            criterion=criterion,
            optimizer=optimizer,
            lr=lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            warm_start=warm_start,
            callbacks=callbacks,
            train_split=train_split,
            device=device,
            verbose=verbose,
            dataset=BatchDataset,
            **kwargs,
        )
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.random_state = random_state
        self.dtype = dtype
        self.n_threads = n_threads
        self._forget_skorch_state()

    # Parameters ----------------------------------------------------------------------

    def get_params_for(self, prefix):
        # What the data decide is given here, so it is never a parameter and a refit on
        # other data gets it right; what the user set goes first.
        chosen = super().get_params_for(prefix)
        defaults = {}
        if prefix == "module":
            defaults = {name: getattr(self, name) for name in self._module_params}
            defaults["n_points"] = self.n_features_in_
            defaults["n_classes"] = len(self.classes_)
        elif prefix == "criterion":
            defaults = {"reduction": "none"}  # sample weights come after
        elif prefix == "optimizer":
            if issubclass(self.optimizer, torch.optim.Adam | torch.optim.AdamW):
                defaults = {"fused": True}  # the same steps, a fifth less time
        elif prefix in ("iterator_train", "iterator_valid"):
            defaults = {"collate_fn": keep_batch, "shuffle": prefix == "iterator_train"}
        if prefix == "iterator_valid":
            # A DataLoader draws a seed from torch's global generator even if it does
            # not shuffle; predict must not disturb the caller's stream.
            defaults["generator"] = torch.Generator()
        return {**defaults, **chosen}

    # Data ----------------------------------------------------------------------------

    def _check_training_data(self, X, y, sample_weight, *, reset, classes=None):
        """Validate; return what BatchDataset takes, and class positions."""
        X, y = check_spectra(self, X, y, reset=reset, dtype=self.dtype)
        check_classification_targets(y)
        if sample_weight is not None:
            sample_weight = check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
            kept = sample_weight > 0  # weight 0 is the same as not being there
            X, y, sample_weight = X[kept], y[kept], sample_weight[kept]
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
        weights = relative_weights(
            self.class_weight, self.classes_, y, sample_weight=sample_weight
        )
        if weights is not None:
            X = {"x": X, "sample_weight": weights.astype(self.dtype)}
        return X, codes

    def check_data(self, X, y=None):
        """Do nothing: skorch's check would replace the labels by their positions."""

    def get_split_datasets(self, X, y=None, **fit_params):
        """Split off validation data, as skorch does, or for `early_stopping`."""
        dataset = self.get_dataset(X, y)
        split = self.train_split
        if split is None and self.early_stopping:
            n_valid = max(
                int(np.ceil(self.validation_fraction * len(y))), len(self.classes_)
            )
            seed = self.random_state_.randint(2**31 - 1)
            shuffled = StratifiedShuffleSplit(1, test_size=n_valid, random_state=seed)
            split = ValidSplit(shuffled, stratified=True)
        return (dataset, None) if split is None else split(dataset, y, **fit_params)

    # Training ------------------------------------------------------------------------

    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Training spectra.
        y : array-like of shape (n_spectra,)
            Labels.
        sample_weight : array-like of shape (n_spectra,) or None, default=None
            Weights of the spectra, not negative.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        self._check_params()
        cold = not (self.warm_start and self.initialized_)
        X, codes = self._check_training_data(X, y, sample_weight, reset=cold)
        with self._training(fresh=cold):
            super().fit(X, codes)
        return self._finish()

    def partial_fit(self, X, y, classes=None, sample_weight=None, **fit_params):
        """Train for another `max_epochs` epochs without starting afresh.

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
        **fit_params
            Used by skorch, whose fit calls this method.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        if "_routing_method" in fit_params:
            return super().partial_fit(X, y, **fit_params)
        self._check_params()
        cold = not self.initialized_
        X, codes = self._check_training_data(
            X, y, sample_weight, reset=cold, classes=classes
        )
        with self._training(fresh=cold):
            super().partial_fit(X, codes)
        return self._finish()

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

    def fit_loop(self, X, y=None, **fit_params):
        """Train as skorch does, but do not take Ctrl-C for the end of training."""
        try:
            return super().fit_loop(X, y, **fit_params)
        except KeyboardInterrupt as stop:
            # Callbacks stop training with this exception, and skorch swallows it. From
            # the keyboard it must get through, or a grid search would go on with
            # half-trained networks.
            if raised_in_callback(stop):
                raise
            raise InterruptedByUser from stop

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

    @property
    def _default_callbacks(self):
        # get_params(deep=True) reads this, whatever the parameter's value is.
        callbacks = super()._default_callbacks
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

    # Prediction ----------------------------------------------------------------------

    def predict_proba(self, X):
        """Return class probabilities.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_classes)
            Probabilities in the order of `classes_`.
        """
        self.check_is_fitted()
        if not is_dataset(X):  # skorch's callbacks pass the validated data set
            X = check_spectra(self, X, reset=False, dtype=self.dtype)
        with limited_threads(self.n_threads):
            return super().predict_proba(X)

    def predict(self, X):
        """Return the most probable class of each spectrum.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            Labels.
        """
        codes = self.predict_proba(X).argmax(axis=1)
        # In skorch's data set the true labels are positions: answer in kind.
        return codes if is_dataset(X) else self.classes_[codes]
