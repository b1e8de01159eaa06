"""The networks of the papers as classifiers: a signature and a module each.

A signature repeats every parameter of the base, because scikit-learn reads parameters
from the most derived constructor: one that travels through **kwargs only would be lost
by `clone`.
"""

from numbers import Integral, Real

import torch
from torch import nn

from sklearn_raman._utils._sklearn import Interval
from sklearn_raman.neural_network._base import SpectralNetClassifier
from sklearn_raman.neural_network._modules import CNN


class CNNClassifier(SpectralNetClassifier):
    """The convolutional network of Fukuhara et al. (2019).

    Twice convolution, leaky ReLU and max-pooling, then a fully connected layer, dropout
    and the output [1]_. Architecture and training follow the paper, with a learning
    rate of 1e-3 (its experiment on mixed spectra; the other two use 1e-4).

    Spectra should come in scaled: the paper subtracts a linear baseline and divides by
    the maximum (:class:`~sklearn_raman.preprocessing.BaselineCorrection`,
    :class:`~sklearn_raman.preprocessing.SpectrumNormalizer`).

    Parameters
    ----------
    n_filters : int, default=64
        Filters of each convolution.
    kernel_size : int, default=8
        Width of a filter in points; best close to the width of a peak.
    pool_size : int, default=2
        Width and stride of max-pooling in points.
    n_hidden : int, default=128
        Size of the fully connected layer.
    dropout : float, default=0.5
        Share of the fully connected layer that training drops.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.
    criterion : class, default=torch.nn.CrossEntropyLoss
        Loss on logits; it must take ``reduction="none"``.
    optimizer : class, default=torch.optim.Adam
        Optimizer.
    lr : float, default=1e-3
        Learning rate.
    max_epochs : int, default=100
        Number of passes over the training spectra.
    batch_size : int, default=20
        Spectra in a step; the paper does not give it.
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
        skorch's `optimizer__*`, `callbacks__*`, `iterator_train__*`, ...

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    module_ : torch.nn.Module
        The fitted network, :class:`~sklearn_raman.neural_network.CNN`.
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

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), section 2.1 and
       4.3, https://doi.org/10.1016/j.aca.2019.08.064

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.neural_network import CNNClassifier
    >>> X, y = make_lorentzian_spectra(10, n_points=256, centers=(60, 180),
    ...                                random_state=0)
    >>> cnn = CNNClassifier(n_filters=8, max_epochs=10, random_state=0).fit(X, y)
    >>> float(cnn.score(X, y))
    1.0
    >>> abs(cnn.explain_(X[y == 1]).argmax(axis=1) - 180).max() < 8
    np.True_
    """

    _module_params = (
        "n_filters",
        "kernel_size",
        "pool_size",
        "n_hidden",
        "dropout",
        "negative_slope",
    )

    _parameter_constraints: dict = {
        **SpectralNetClassifier._parameter_constraints,
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "pool_size": [Interval(Integral, 1, None, closed="left")],
        "n_hidden": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "negative_slope": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        n_filters=64,
        kernel_size=8,
        pool_size=2,
        n_hidden=128,
        dropout=0.5,
        negative_slope=0.2,
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
        super().__init__(
            CNN,
            criterion=criterion,
            optimizer=optimizer,
            lr=lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            class_weight=class_weight,
            random_state=random_state,
            warm_start=warm_start,
            callbacks=callbacks,
            train_split=train_split,
            device=device,
            dtype=dtype,
            n_threads=n_threads,
            verbose=verbose,
            **kwargs,
        )
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.pool_size = pool_size
        self.n_hidden = n_hidden
        self.dropout = dropout
        self.negative_slope = negative_slope
