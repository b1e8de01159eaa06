"""skorch trains the network; this file makes it a scikit-learn classifier."""

import copy
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils import check_random_state
from skorch import NeuralNetClassifier
from skorch.utils import is_dataset
from torch import nn

from sklearn_raman._utils._sklearn import HasMethods, Interval, StrOptions
from sklearn_raman._utils._torch import isolated_randomness, limited_threads
from sklearn_raman._utils._validation import check_spectra
from sklearn_raman.neural_network._augmentation import Augmentation
from sklearn_raman.neural_network._data import BatchDataset, keep_batch
from sklearn_raman.neural_network._explain import ExplainMixin
from sklearn_raman.neural_network._modules import CNN
from sklearn_raman.neural_network._parameters import ParametersMixin
from sklearn_raman.neural_network._training import TrainingMixin


class SpectralNetClassifier(
    ExplainMixin, TrainingMixin, ParametersMixin, NeuralNetClassifier
):
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
    optimizer : class, default=torch.optim.AdamW
        Optimizer.
    lr : float, default=1e-3
        Learning rate; with a schedule, the highest.
    lr_schedule : {"one_cycle", None}, default="one_cycle"
        Let the learning rate rise over the first fifth of all steps and then fall to 0,
        or keep it.
    max_epochs : int or "auto", default="auto"
        Number of passes over the training spectra. "auto" takes 18, and more where the
        set is so small that these are fewer than 800 steps.
    batch_size : int, default=32
        Spectra in a step.
    weight_decay : float, default=0.05
        Weight decay of the optimizer for weights (not for biases and normalisations):
        decoupled in AdamW, an L2 penalty in Adam and SGD.
    label_smoothing : float, default=0.1
        Share of each label that is spread evenly over the classes; for the
        cross-entropy. Probabilities come out less sure: where they matter, calibrate
        them (`sklearn.calibration.CalibratedClassifierCV(method="temperature")`).
    augmentation : Augmentation, "auto" or None, default="auto"
        Random variations of the training spectra, see :class:`Augmentation`; None
        switches them off.
    sampler : estimator with `fit_resample` or None, default=None
        Over-sampler as in imbalanced-learn. It sees the training spectra only, after
        the validation split, so that no synthetic spectrum has a parent among the
        validation spectra. `sampler__*` parameters can be searched. Not together with
        `sample_weight`.
    early_stopping : bool, default=False
        Keep `validation_fraction` of the spectra out of training (by class, and by
        group where fit gets `groups`), stop when the loss on them has not improved for
        `n_iter_no_change` epochs, and return to the best epoch.
    validation_fraction : float, default=0.1
        See `early_stopping`.
    n_iter_no_change : int, default=10
        See `early_stopping`.
    tol : float, default=1e-4
        Relative improvement of the loss that counts.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, as in scikit-learn.
    random_state : int, RandomState or None, default=None
        Decides initial weights, dropout, augmentation, order of batches, validation
        split, and a sampler whose own `random_state` is None. The caller's torch
        generator is left untouched.
    warm_start : bool, default=False
        Continue training at the next fit instead of starting afresh.
    callbacks : list or None, default=None
        skorch callbacks.
    train_split : callable or None, default=None
        skorch's own way to split off validation data; goes before `early_stopping`.
    device : str, default="cpu"
        Where the network lives, for example "cuda". A fitted classifier moves when this
        is set anew.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the computation and of the probabilities.
    n_threads : int or None, default=1
        torch threads during fit and predict, set back after. The number changes the
        last bits of a result, so a fixed one keeps searches with any `n_jobs`
        identical; None leaves torch's setting.
    verbose : int, default=0
        1 prints a line an epoch.
    **kwargs
        skorch's `module__*`, `optimizer__*`, `callbacks__*`, `iterator_train__*`, ...

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
    sampler_ : estimator
        The sampler as used, if there is one.
    augmentation_strength_ : float
        Factor between 0 and 1 for the strengths of the augmentation: how much the
        training spectra differ from one another.
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
    >>> net = SpectralNetClassifier(Linear, lr=0.1, max_epochs=50, augmentation=None,
    ...                             random_state=0)
    >>> net.fit(X, y).predict(X)
    array(['a', 'b', 'a', 'b'], dtype='<U1')
    """

    # Parameters of the classifier that are arguments of its module.
    _module_params = ()
    # Bound of a training that max_epochs="auto" prolongs, in multiples of the usual
    # one: what keeps 2000 spectra of 700 points below half a minute.
    _longest_training = 1.0

    _parameter_constraints: dict = {
        "lr": [Interval(Real, 0, None, closed="neither")],
        "lr_schedule": [StrOptions({"one_cycle"}), None],
        "max_epochs": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "augmentation": [Augmentation, StrOptions({"auto"}), None],
        "sampler": [HasMethods("fit_resample"), None],
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
        optimizer=torch.optim.AdamW,
        lr=1e-3,
        lr_schedule="one_cycle",
        max_epochs="auto",
        batch_size=32,
        weight_decay=0.05,
        label_smoothing=0.1,
        augmentation="auto",
        sampler=None,
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
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.augmentation = augmentation
        self.sampler = sampler
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
            if issubclass(self.criterion, nn.CrossEntropyLoss):
                defaults["label_smoothing"] = self.label_smoothing
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
        self._move_to_device()
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

    def decision_function(self, X):
        """Return logits; of two classes, their difference.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_classes) or (n_spectra,)
        """
        self.check_is_fitted()
        X = check_spectra(self, X, reset=False, dtype=self.dtype)
        with torch.no_grad():
            logits = self._module_to_read()(torch.tensor(X, device=self.device))
        logits = logits.cpu().numpy()
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def cascading_reset(self, random_state=None):
        """Yield copies of this classifier whose layers forget, from the output back.

        Parameters
        ----------
        random_state : int, RandomState or None, default=None
            Seed of the random weights.

        Yields
        ------
        name : str
            The layer that has new random weights, together with all above it.
        classifier : SpectralNetClassifier
            The copy.
        """
        self.check_is_fitted()
        seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
        scratch = copy.deepcopy(self)
        module = scratch.module_
        owners = [
            (name, layer)
            for name, layer in module.named_modules()
            if next(layer.parameters(recurse=False), None) is not None
        ]
        for name, layer in owners:
            if not hasattr(layer, "reset_parameters"):
                raise ValueError(
                    f"Layer {name!r} ({type(layer).__name__}) has weights but no "
                    "method reset_parameters(), which gives them new random values: "
                    "add one."
                )
        device = next(module.parameters()).device
        for position, (name, layer) in enumerate(reversed(owners)):
            with isolated_randomness(seed + position, device):
                layer.reset_parameters()
            yield name, copy.deepcopy(scratch)

    def _module_to_read(self):
        """Return the network in evaluation mode, without a change to `module_`."""
        module = self.module_
        if any(part.training for part in module.modules()):
            module = copy.deepcopy(module).eval()
        return module
