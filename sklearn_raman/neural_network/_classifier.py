"""The classifier: skorch trains a network, scikit-learn's rules hold around it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from skorch.utils import to_numpy
from torch import nn

from sklearn_raman._utils._sklearn import HasMethods, Interval, StrOptions
from sklearn_raman._utils._torch import (
    DrawsFrom,
    device_of,
    limited_threads,
    usable_device,
)
from sklearn_raman._utils._typing import Floats, Frame, RandomState
from sklearn_raman._utils._validation import check_answers, check_spectra
from sklearn_raman.neural_network._augmentation import Augmentation
from sklearn_raman.neural_network._explain import ExplainMixin
from sklearn_raman.neural_network._modules import CNN, resettable_layers
from sklearn_raman.neural_network._skorch import SklearnNet
from sklearn_raman.neural_network._training import TrainingMixin


class SpectralNetClassifier(ExplainMixin, TrainingMixin, SklearnNet):
    """A torch network for spectra as a scikit-learn classifier.

    skorch does the training, with its callbacks, history and `module__*`,
    `optimizer__*`, `callbacks__*` parameters. This class adds what scikit-learn asks
    of a classifier: any labels, float64 or data frames in, sample and class weights,
    results that `random_state` alone decides, parameters that can be cloned, and
    `explain_`. A fit that fails, or is interrupted, leaves the classifier as it was;
    prediction and explanation only read the network, so that threads can share it, but
    not while one of them fits it: give that one a copy. `partial_fit` and a warm start
    go on with network, loss and optimizer, whatever `module`, `criterion`, `optimizer`
    and `dtype` are now.

    Parameters
    ----------
    module : class, default=CNN
        Subclass of `torch.nn.Module`, called with `n_points` and `n_classes` (found in
        fit) and the `module__*` parameters. Takes spectra (n, n_points), returns logits
        (n, n_classes). With methods `features` and `head` it can be explained, and
        faster if it declares how its head begins:

        - `first_linear`, a string: the name of the fully connected layer through which
          alone `head` sees ``features.flatten(1)``;
        - ``affine_head = True``: in evaluation mode `head` is affine, a matrix product
          and a constant;
        - `pool` and `output`: `head` is the bias-free linear layer `output` on the
          averages that the layer `pool` makes of the feature maps.
    lr : float, default=1e-3
        Learning rate; with a schedule, the highest.
    max_epochs : int or "auto", default="auto"
        Number of passes over the training spectra. "auto" takes 18; more where the
        set is so small that these are fewer than 800 steps, and in proportion to the
        spectra per class where these are more than 100, up to 72 and 1500 steps.
    criterion : class, default=torch.nn.CrossEntropyLoss
        Loss of logits (n_spectra, n_classes) and class positions (n_spectra,); it must
        take ``reduction="none"`` and give one value for each spectrum.
    optimizer : class, default=torch.optim.AdamW
        Optimizer.
    lr_schedule : {"one_cycle", None}, default="one_cycle"
        Let the learning rate rise over the first fifth of all steps and then fall to 0,
        or keep it constant.
    batch_size : int or "auto", default="auto"
        Spectra per step; "auto" takes 16 for less than 512 training spectra, else 32.
    weight_decay : float, default=0.05
        Weight decay of the optimizer for weights (not for biases and normalizations):
        decoupled in AdamW, an L2 penalty in Adam and SGD.
    label_smoothing : float, default=0.1
        Share of each label that is spread evenly over the classes; for the
        cross-entropy. Without `calibration`, probabilities come out less sure.
    augmentation : Augmentation, "auto" or None, default="auto"
        Random variations of the training spectra, see
        :class:`~sklearn_raman.neural_network.Augmentation`; None switches them off.
        "auto" adds up to twice as much noise as the spectra have, where that is more,
        and varies baselines and widths of bands less, the more noise there is.
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
        Weights of the classes, as in scikit-learn; "balanced" goes by the training
        spectra of each call.
    calibration : {"auto", "held_out"} or None, default=None
        How probabilities come to mean what they say. "held_out", in the last layer:

        - with three classes or more and an augmentation, logits are mixed with linear
          discriminants of themselves, which weigh directions by how much logits of
          training spectra, varied more than in training, differ within classes;
        - up to three networks, each trained on two thirds of the spectra (by group,
          where fit gets `groups`) for up to 15 % of the epochs, tell how sure a network
          may be of spectra that it has not seen: a temperature, by which the logits are
          divided. That they know fewer groups of a class, n' instead of n, is allowed
          for: their logits count as divided by (1 + 1/n') / (1 + 1/n). No network comes
          after 500 groups, or spectra without groups, that were held out. Where two
          thirds are too few for `sampler`, the network is trained without it.

        It takes up to half as long as the training itself. "auto" does so for
        ``max_epochs="auto"`` and the cross-entropy: who sets a number of epochs is in a
        hurry or knows better. None leaves the probabilities as trained.
    random_state : int, RandomState or None, default=None
        Decides initial weights, dropout, augmentation, order of batches, validation
        split, and a sampler whose own `random_state` is None. torch's generators are
        given back as they were.
    warm_start : bool, default=False
        Continue training at the next fit instead of starting afresh.
    callbacks : list or None, default=None
        skorch callbacks. Labels that they are given, and what `predict` answers to
        them, are positions in `classes_`.
    train_split : callable or None, default=None
        skorch's own way to hold out validation data; takes precedence over
        `early_stopping`. The labels of a data set of your own are positions in
        `classes_`.
    predict_nonlinearity : "auto", callable or None, default="auto"
        What makes probabilities of the outputs of the module: "auto" is the softmax
        (with `torch.nn.NLLLoss`, for which skorch's modules return probabilities,
        nothing), None nothing, a function maps tensors to tensors.
    device : str, default="cpu"
        Where the network lives, for example "cuda". `set_params` moves a fitted one.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the computation and of the probabilities.
    n_threads : int or None, default=1
        torch threads during fit and predict. The number changes the last bits of a
        result, so a fixed one keeps searches with any `n_jobs` identical; None takes
        torch's setting. At most 1024. A process that is forked after more than one were
        used hangs when it predicts: start it by "spawn".
    verbose : int, default=0
        1 prints a line per epoch.
    **kwargs
        skorch's `module__*`, `optimizer__*`, `callbacks__*`, `iterator_train__*`, ...

    Attributes
    ----------
    module_ : torch.nn.Module
        The fitted network, in evaluation mode.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    history_ : skorch.history.History
        Losses and times of each epoch.
    n_iter_ : int
        Number of epochs.
    batch_size_ : int
        Spectra per step.
    sampler_ : estimator
        The sampler as used, if there is one.
    temperature_ : float
        By which `calibration` divided the logits; 1 without. The weights that
        `save_params` saves hold it; `load_params` does not tell it and leaves 1.
    augmentation_strength_ : float
        Factor between 0 and 1 for the strengths of the augmentation: how much the
        training spectra differ from one another.
    augmentation_noise_ : float
        Largest noise of the augmentation "auto", relative to the standard deviation of
        a spectrum, if it is more than that of `Augmentation`: twice what the second
        differences of the training spectra tell.
    n_features_in_ : int
        Number of points per spectrum.
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
    _module_params: tuple[str, ...] = ()

    # Metadata routing: groups are asked for unless set_fit_request says otherwise.
    __metadata_request__fit = {"groups": True}

    _parameter_constraints: dict = {
        "lr": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "lr_schedule": [StrOptions({"one_cycle"}), None],
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "augmentation": [Augmentation, StrOptions({"auto"}), None],
        "sampler": [HasMethods("fit_resample"), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "calibration": [StrOptions({"auto", "held_out"}), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "train_split": [callable, None],
        "predict_nonlinearity": [StrOptions({"auto"}), callable, None],
        "dtype": [StrOptions({"float32", "float64"})],
        # Far more threads end the process.
        "n_threads": [Interval(Integral, 1, 1024, closed="both"), None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        module: type[nn.Module] = CNN,
        *,
        lr: float = 1e-3,
        max_epochs: int | Literal["auto"] = "auto",
        criterion: type[nn.Module] = nn.CrossEntropyLoss,
        optimizer: type[torch.optim.Optimizer] = torch.optim.AdamW,
        lr_schedule: Literal["one_cycle"] | None = "one_cycle",
        batch_size: int | Literal["auto"] = "auto",
        weight_decay: float = 0.05,
        label_smoothing: float = 0.1,
        augmentation: Augmentation | Literal["auto"] | None = "auto",
        sampler: Any = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
        calibration: Literal["auto", "held_out"] | None = None,
        random_state: RandomState = None,
        warm_start: bool = False,
        callbacks: list[Any] | None = None,
        train_split: Callable[..., Any] | None = None,
        predict_nonlinearity: Literal["auto"] | Callable[..., Any] | None = "auto",
        device: str = "cpu",
        dtype: Literal["float32", "float64"] = "float32",
        n_threads: int | None = 1,
        verbose: int = 0,
        **kwargs: Any,
    ) -> None:
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
            predict_nonlinearity=predict_nonlinearity,
            device=device,
            verbose=verbose,
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
        self.calibration = calibration
        self.random_state = random_state
        self.dtype = dtype
        self.n_threads = n_threads

    # Fit -----------------------------------------------------------------------------

    def fit(
        self,
        X: ArrayLike | Frame,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
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
            Crystal, patient or sample of each spectrum. No group is on both sides of
            the validation split of `early_stopping`, or of a fold of `calibration`.
            Inside a Pipeline they arrive by metadata routing:
            ``sklearn.set_config(enable_metadata_routing=True)``.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        cold = not (self.warm_start and self.initialized_)
        return self._fit_or_restore(X, y, sample_weight, groups, cold=cold)

    def partial_fit(
        self,
        X: ArrayLike | Frame,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train for another `max_epochs` epochs without starting afresh.

        What the first call learned about the scale of the spectra is kept.

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

        Returns
        -------
        self : object
            The fitted classifier.
        """
        return self._fit_or_restore(
            X, y, sample_weight, groups, cold=not self.initialized_, classes=classes
        )

    # Prediction only reads -----------------------------------------------------------

    def decision_function(self, X: ArrayLike | Frame) -> Floats:
        """Return the outputs of the network before they become probabilities.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_classes), or (n_spectra,) for two classes
            Logits in the order of `classes_`; of two classes the second's minus the
            first's.
        """
        logits = self._outputs(X, lambda output: output)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict_proba(self, X: ArrayLike | Frame) -> Floats:
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
        return self._outputs(X, self._probabilities)

    def predict(self, X: ArrayLike | Frame) -> NDArray[Any]:
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
        # Where skorch's callbacks have positions as true labels, answer in kind.
        return codes if self._is_of_training(X) else self.classes_[codes]

    def _outputs(self, X, function):
        """Return a function of the outputs of the module, as an array."""
        self.check_is_fitted()
        self._check_params("batch_size", "n_threads", "predict_nonlinearity")
        if not self._is_of_training(X):
            X = check_spectra(self, X, reset=False, dtype=self.dtype)
        outputs = []
        with limited_threads(self.n_threads):
            for output in self.forward_iter(X):
                output = output[0] if isinstance(output, tuple) else output
                answer = to_numpy(function(output))
                if answer.shape != (len(output), len(self.classes_)):
                    raise ValueError(
                        "The module, or predict_nonlinearity, must return one value "
                        f"for each of {len(output)} spectra and {len(self.classes_)} "
                        f"classes, got shape {answer.shape}."
                    )
                outputs.append(answer)
        outputs = np.concatenate(outputs)
        check_answers(outputs, type(self).__name__)
        return outputs

    def _probabilities(self, output):
        if callable(self.predict_nonlinearity):
            return self.predict_nonlinearity(output)
        # skorch's modules return probabilities if this is the loss.
        ready = isinstance(getattr(self, "criterion_", None), nn.NLLLoss)
        if self.predict_nonlinearity is None or ready:
            return output
        return torch.softmax(output, dim=-1)

    def set_params(self, **params: Any) -> Self:
        """Set parameters for the next fit; `device` moves a fitted network at once.

        `predict_nonlinearity`, `batch_size` and `n_threads` hold for the next
        prediction, `lr` and `optimizer__*` for `partial_fit`, too.

        Parameters
        ----------
        **params
            Parameters of the classifier and, with double underscores, of its parts.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter is unknown, or this machine can't use the device: a fitted
            network stays where it is then.
        """
        before = self.device
        super().set_params(**params)
        if "device" in params and self.initialized_:
            try:
                usable_device(self.device)
            except ValueError:
                self.device = before  # where the network still is
                raise
            with torch.inference_mode(False):
                self._move_to_device()
        return self

    def cascading_reset(
        self, random_state: RandomState = None
    ) -> Iterator[tuple[str, Self]]:
        """Forget the network layer by layer, from the output back to the input.

        What does not change in the maps of these networks does not depend on what the
        layers learned, see :func:`sklearn_raman.inspection.randomization_test`.

        Parameters
        ----------
        random_state : int, RandomState or None, default=None
            Seed of the new weights.

        Yields
        ------
        name : str
            A layer of `module_`.
        classifier : SpectralNetClassifier
            A copy of this classifier in which this layer, and all that were yielded
            before, have new random weights. What the network learned about the scale
            of its input (buffers) stays.

        Raises
        ------
        ValueError
            If a layer with weights has no method `reset_parameters`.
        """
        self.check_is_fitted()
        seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
        classifier = self
        for position, name in enumerate(resettable_layers(self.module_)):
            classifier = copy.deepcopy(classifier)
            layer = classifier.module_.get_submodule(name)
            generator = torch.Generator(device_of(layer)).manual_seed(seed + position)
            with DrawsFrom(generator):
                layer.reset_parameters()
            yield name, classifier
