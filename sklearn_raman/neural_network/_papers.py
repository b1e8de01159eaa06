"""The networks of the papers as classifiers, and the settings of the papers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import cleandoc
from numbers import Integral, Real
from typing import Any, Literal

import torch
from torch import nn

from sklearn_raman._utils._sklearn import Interval, StrOptions
from sklearn_raman._utils._typing import RandomState
from sklearn_raman.neural_network._augmentation import Augmentation
from sklearn_raman.neural_network._classifier import SpectralNetClassifier
from sklearn_raman.neural_network._modules import CNN, FMCNN, GAPCNN

_SIZE = [Interval(Integral, 1, None, closed="left")]
_SHARE = [Interval(Real, 0, 1, closed="left")]
_SLOPE = [Interval(Real, 0, None, closed="left")]
_INPUT = {
    "scaling": [StrOptions({"residual"}), None],
    "derivative": ["boolean"],
    "resolution": [
        Interval(Real, 0, None, closed="neither"),
        StrOptions({"auto"}),
        None,
    ],
}


def _arguments(module):
    """Return the arguments of a module that are its classifier's parameters."""
    names = module.__init__.__kwdefaults__
    return tuple(name for name in names if name != "n_averaged")


def _with_shared_text(docstring):
    """Put the base's entries at {parameters} and {attributes} of a docstring."""
    base = cleandoc(SpectralNetClassifier.__doc__)
    parameters = base[base.index("criterion : class") : base.index("\n\nAttributes\n")]
    attributes = base[base.index("classes_ : ") : base.index("\n\nRaises\n")]
    # The networks of the papers end as a calibration needs it.
    parameters = parameters.replace(
        'calibration : {"auto", "held_out"} or None, default=None',
        'calibration : {"auto", "held_out"} or None, default="auto"',
    )
    docstring = cleandoc(docstring).replace("{parameters}", parameters)
    return docstring.replace("{attributes}", attributes)


def _of_base(arguments):
    """Return those arguments of a classifier's constructor that its base takes."""
    names = SpectralNetClassifier.__init__.__kwdefaults__
    return {name: arguments[name] for name in names} | arguments["kwargs"]


class CNNClassifier(SpectralNetClassifier):
    """The convolutional network of Fukuhara et al. (2019).

    Twice convolution, leaky ReLU and max-pooling, then a fully connected layer, dropout
    and the output [1]_. The layers are the paper's; how they are trained is not, since
    other settings do better on measured spectra. `paper_settings("fukuhara")` returns
    the paper's.

    Spectra should come in on a common axis of about 2 cm-1 per point and normalized
    (:class:`~sklearn_raman.preprocessing.WavenumberResampler`,
    :class:`~sklearn_raman.preprocessing.SNV`).

    Parameters
    ----------
    n_blocks : int, default=2
        Number of blocks of convolution and pooling; the paper also tries 3.
    n_filters : int, default=32
        Filters of each convolution. The paper has 64, which take more than twice as
        long.
    kernel_size : int, default=8
        Width of a filter in points; best close to the width of a band.
    pool_size : int, default=2
        Width and stride of max-pooling in points.
    n_hidden : int, default=128
        Size of the fully connected layer.
    dropout : float, default=0.5
        Share of the fully connected layer that training drops.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.
    scaling : {"residual", None}, default="residual"
        Subtract the mean training spectrum and divide by the standard deviation of the
        rest, one number, so that small differences between similar spectra are learned
        as well as large ones. The paper has None.
    derivative : bool, default=True
        Show the network the first derivative, too, in two channels: as it is, and with
        its large values compressed, so that weak bands count beside strong ones. A
        background then matters little. The paper has False.
    resolution : float, "auto" or None, default="auto"
        Distance in cm-1 between the values that the network works on: where points are
        closer, neighbors are averaged in the network, whose cost follows their number.
        "auto" takes 2 cm-1, or 1000 values (or more, below 2000) where the axis is not
        known. None, as in the paper, averages nothing. Maps have all points.
    lr : float, default=1e-3
        Learning rate; with a schedule, the highest.
    max_epochs : int or "auto", default="auto"
        Number of passes over the training spectra. "auto" takes 18; more where the
        set is so small that these are fewer than 800 steps, and in proportion to the
        spectra per class where these are more than 100, up to 72 and 1500 steps.
    {parameters}

    Attributes
    ----------
    module_ : torch.nn.Module
        The fitted network, :class:`~sklearn_raman.neural_network.CNN`; its notes say
        how the paper's ambiguities are resolved.
    {attributes}

    Raises
    ------
    ValueError
        If there are fewer than two classes, or the training loss is no longer finite.

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), section 2.1,
       https://doi.org/10.1016/j.aca.2019.08.064

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.neural_network import CNNClassifier
    >>> X, y = make_lorentzian_spectra(10, n_points=256, centers=(60, 180),
    ...                                random_state=0)
    >>> cnn = CNNClassifier(n_filters=8, max_epochs=20, random_state=0).fit(X, y)
    >>> float(cnn.score(X, y))
    1.0
    """

    __doc__ = _with_shared_text(__doc__)

    _module_params = _arguments(CNN)

    _parameter_constraints: dict = {
        **SpectralNetClassifier._parameter_constraints,
        **dict.fromkeys(_module_params, _SIZE),
        **_INPUT,
        "dropout": _SHARE,
        "negative_slope": _SLOPE,
    }

    def __init__(
        self,
        *,
        n_blocks: int = 2,
        n_filters: int = 32,
        kernel_size: int = 8,
        pool_size: int = 2,
        n_hidden: int = 128,
        dropout: float = 0.5,
        negative_slope: float = 0.2,
        scaling: Literal["residual"] | None = "residual",
        derivative: bool = True,
        resolution: float | Literal["auto"] | None = "auto",
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
        calibration: Literal["auto", "held_out"] | None = "auto",
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
        super().__init__(CNN, **_of_base(locals()))
        self.n_blocks = n_blocks
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.pool_size = pool_size
        self.n_hidden = n_hidden
        self.dropout = dropout
        self.negative_slope = negative_slope
        self.scaling = scaling
        self.derivative = derivative
        self.resolution = resolution


class FMCNNClassifier(SpectralNetClassifier):
    """The fire-module network of Guo et al. (2020).

    Convolution, leaky ReLU, batch normalization, a fire module (a few squeezing
    channels that two widths of filters expand), max-pooling, a fully connected layer
    and the output [1]_. `paper_settings("guo")` returns the paper's training.

    Spectra should come in on a common axis of about 2 cm-1 per point and normalized
    (:class:`~sklearn_raman.preprocessing.WavenumberResampler`,
    :class:`~sklearn_raman.preprocessing.SNV`).

    Parameters
    ----------
    n_filters : int, default=16
        Filters of the first convolution.
    kernel_size : int, default=9
        Width of its filters in points.
    n_squeeze : int, default=8
        Channels of the fire module's squeezing convolution.
    n_expand : int, default=16
        Channels of each of its two expanding convolutions.
    pool_size : int, default=4
        Width and stride of max-pooling in points.
    n_hidden : int, default=128
        Size of the fully connected layer.
    dropout : float, default=0.0
        Share of the fully connected layer that training drops.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.
    batch_norm : bool, default=True
        Normalize after the first convolution, as the paper does.
    scaling : {"residual", None}, default="residual"
        Subtract the mean training spectrum and divide by the standard deviation of the
        rest, one number, so that small differences between similar spectra are learned
        as well as large ones. The paper has None.
    derivative : bool, default=True
        Show the network the first derivative, too, in two channels: as it is, and with
        its large values compressed, so that weak bands count beside strong ones. A
        background then matters little. The paper has False.
    resolution : float, "auto" or None, default="auto"
        Distance in cm-1 between the values that the network works on: where points are
        closer, neighbors are averaged in the network, whose cost follows their number.
        "auto" takes 2 cm-1, or 1000 values (or more, below 2000) where the axis is not
        known. None, as in the paper, averages nothing. Maps have all points.
    lr : float, default=3e-3
        Learning rate; with a schedule, the highest.
    max_epochs : int or "auto", default="auto"
        Number of passes over the training spectra. "auto" takes 18; more where the
        set is so small that these are fewer than 800 steps, and in proportion to the
        spectra per class where these are more than 100, up to 72 and 1500 steps.
    {parameters}

    Attributes
    ----------
    module_ : torch.nn.Module
        The fitted network, :class:`~sklearn_raman.neural_network.FMCNN`; its notes say
        how the paper's ambiguities are resolved.
    {attributes}

    Raises
    ------
    ValueError
        If there are fewer than two classes, or the training loss is no longer finite.

    References
    ----------
    .. [1] Z. Guo, L. Yu, S. Tian, X. Lv, W. Xue, "Raman spectroscopy analysis of
       minerals based on feature visualization", Spectroscopy 35 (11) (2020), 37-46.

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.neural_network import FMCNNClassifier
    >>> X, y = make_lorentzian_spectra(10, n_points=256, centers=(60, 180),
    ...                                random_state=0)
    >>> fmcnn = FMCNNClassifier(n_filters=8, max_epochs=20, random_state=0).fit(X, y)
    >>> float(fmcnn.score(X, y))
    1.0
    """

    __doc__ = _with_shared_text(__doc__)

    _module_params = _arguments(FMCNN)

    _parameter_constraints: dict = {
        **SpectralNetClassifier._parameter_constraints,
        **dict.fromkeys(_module_params, _SIZE),
        **_INPUT,
        "dropout": _SHARE,
        "negative_slope": _SLOPE,
        "batch_norm": ["boolean"],
    }

    def __init__(
        self,
        *,
        n_filters: int = 16,
        kernel_size: int = 9,
        n_squeeze: int = 8,
        n_expand: int = 16,
        pool_size: int = 4,
        n_hidden: int = 128,
        dropout: float = 0.0,
        negative_slope: float = 0.2,
        batch_norm: bool = True,
        scaling: Literal["residual"] | None = "residual",
        derivative: bool = True,
        resolution: float | Literal["auto"] | None = "auto",
        lr: float = 3e-3,
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
        calibration: Literal["auto", "held_out"] | None = "auto",
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
        super().__init__(FMCNN, **_of_base(locals()))
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.n_squeeze = n_squeeze
        self.n_expand = n_expand
        self.pool_size = pool_size
        self.n_hidden = n_hidden
        self.dropout = dropout
        self.negative_slope = negative_slope
        self.batch_norm = batch_norm
        self.scaling = scaling
        self.derivative = derivative
        self.resolution = resolution


class GAPCNNClassifier(SpectralNetClassifier):
    """The global-average-pooling network of Zhang et al. (2020).

    Three convolutions with ReLU, averages of the feature maps, and an output layer
    without bias, so that class activation maps add up to the scores [1]_. The paper
    averages each map as a whole. A convolution does not know where it is, so that a
    single average cannot tell a band at 500 from one at 900 cm-1; with `pool_bins`
    averages along the axis it can. `paper_settings("zhang")` returns the paper's
    settings.

    Spectra should come in on a common axis of about 2 cm-1 per point and normalized
    (:class:`~sklearn_raman.preprocessing.WavenumberResampler`,
    :class:`~sklearn_raman.preprocessing.SNV`).

    Parameters
    ----------
    n_filters : sequence of int, default=(16, 32, 32)
        Filters of each convolution.
    kernel_size : sequence of int, default=(11, 7, 5)
        Width of the filters of each convolution, in units of its input.
    stride : sequence of int, default=(1, 1, 1)
        Stride of each convolution.
    pool_size : int, default=2
        Width and stride of max-pooling between the convolutions; 1 pools nothing.
    pool_bins : int, default=32
        Number of averages of each feature map along the axis, at most one per unit; 1
        is the paper.
    dropout : float, default=0.0
        Share of the averages that training drops.
    scaling : {"residual", None}, default="residual"
        Subtract the mean training spectrum and divide by the standard deviation of the
        rest, one number, so that small differences between similar spectra are learned
        as well as large ones. The paper has None.
    derivative : bool, default=True
        Show the network the first derivative, too, in two channels: as it is, and with
        its large values compressed, so that weak bands count beside strong ones. A
        background then matters little. The paper has False.
    resolution : float, "auto" or None, default="auto"
        Distance in cm-1 between the values that the network works on: where points are
        closer, neighbors are averaged in the network, whose cost follows their number.
        "auto" takes 2 cm-1, or 1000 values (or more, below 2000) where the axis is not
        known. None, as in the paper, averages nothing. Maps have all points.
    lr : float, default=3e-3
        Learning rate; with a schedule, the highest.
    max_epochs : int or "auto", default="auto"
        Number of passes over the training spectra. "auto" takes 18; more where the
        set is so small that these are fewer than 800 steps, and in proportion to the
        spectra per class where these are more than 100, up to 72 and 1500 steps.
    {parameters}

    Attributes
    ----------
    module_ : torch.nn.Module
        The fitted network, :class:`~sklearn_raman.neural_network.GAPCNN`; its notes say
        how the paper's ambiguities are resolved.
    {attributes}

    Raises
    ------
    ValueError
        If there are fewer than two classes, or the training loss is no longer finite.

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta (2020),
       https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.neural_network import GAPCNNClassifier
    >>> X, y = make_lorentzian_spectra(10, n_points=256, centers=(60, 180),
    ...                                random_state=0)
    >>> gap = GAPCNNClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> float(gap.score(X, y))
    1.0
    """

    __doc__ = _with_shared_text(__doc__)

    _module_params = _arguments(GAPCNN)

    _parameter_constraints: dict = {
        **SpectralNetClassifier._parameter_constraints,
        **dict.fromkeys(_module_params, _SIZE),
        **_INPUT,
        **dict.fromkeys(["n_filters", "kernel_size", "stride"], ["array-like"]),
        "dropout": _SHARE,
    }

    def __init__(
        self,
        *,
        n_filters: Sequence[int] = (16, 32, 32),
        kernel_size: Sequence[int] = (11, 7, 5),
        stride: Sequence[int] = (1, 1, 1),
        pool_size: int = 2,
        pool_bins: int = 32,
        dropout: float = 0.0,
        scaling: Literal["residual"] | None = "residual",
        derivative: bool = True,
        resolution: float | Literal["auto"] | None = "auto",
        lr: float = 3e-3,
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
        calibration: Literal["auto", "held_out"] | None = "auto",
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
        super().__init__(GAPCNN, **_of_base(locals()))
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.stride = stride
        self.pool_size = pool_size
        self.pool_bins = pool_bins
        self.dropout = dropout
        self.scaling = scaling
        self.derivative = derivative
        self.resolution = resolution


_PAPER_INPUT = {
    "scaling": None,
    "derivative": False,
    "resolution": None,
}
_PAPER_TRAINING = {
    **_PAPER_INPUT,
    "calibration": None,
    "optimizer": torch.optim.Adam,
    "lr_schedule": None,
    "label_smoothing": 0.0,
    "augmentation": None,
}
_PAPER_SETTINGS = {
    # Section 4.1; the others are in _FUKUHARA_SECTIONS. The batch size is not given.
    "fukuhara": {
        **_PAPER_TRAINING,
        "n_blocks": 2,
        "n_filters": 64,
        "kernel_size": 8,
        "pool_size": 2,
        "n_hidden": 128,
        "dropout": 0.5,
        "negative_slope": 0.2,
        "lr": 1e-4,
        "max_epochs": 100,
        "batch_size": 20,
        "weight_decay": 0.0,
    },
    # Adam's constants, early stopping and an L2 penalty are named; the penalty's size,
    # patience and batch size are not.
    "guo": {
        **_PAPER_TRAINING,
        "n_filters": 32,
        "kernel_size": 9,
        "n_squeeze": 16,
        "n_expand": 32,
        "pool_size": 4,
        "n_hidden": 128,
        "batch_norm": True,
        "negative_slope": 0.2,
        "lr": 1e-3,
        "weight_decay": 1e-4,
        "early_stopping": True,
        "max_epochs": 200,
        "batch_size": 32,
    },
    # One average for each map; widths and strides are in a table that is not public:
    # these train on the paper's public data set, meat.
    "zhang": {
        **_PAPER_TRAINING,
        "n_filters": (16, 32, 64),
        "kernel_size": (31, 15, 7),
        "stride": (2, 2, 2),
        "pool_size": 1,
        "pool_bins": 1,
        "lr": 1e-3,
        "weight_decay": 1e-4,
        "max_epochs": 300,
        "batch_size": 32,
    },
    # scikit-learn's regression, which autoscales; components by RMSEC + RMSEV.
    "zhang_pls_lda": {
        "n_components": "rmse",
        "scale": True,
        "validation_fraction": 0.125,
        "shrinkage": 0.0,
        "calibration": None,
    },
    # Networks are named, sizes and training are not. Spectra are smoothed and their
    # baseline subtracted before.
    "wgan_gp": {
        "network": "convolutional",
        "noise": None,
        "latent_dim": 32,
        "n_critic": 5,
        "gp_weight": 10.0,
        "lr": 1e-3,
        "betas": (0.0, 0.9),
        "max_iter": 2000,
        "batch_size": 24,
        "ema": 0.995,
        "validation_fraction": None,
    },
}


# How the sections of Fukuhara et al. train.
_FUKUHARA_SECTIONS = {
    "4.1": {"lr": 1e-4, "max_epochs": 100},
    "4.2": {"lr": 1e-4, "max_epochs": 200},
    "4.3": {"lr": 1e-3, "max_epochs": 30},
}


def paper_settings(
    paper: Literal["fukuhara", "guo", "zhang", "zhang_pls_lda", "wgan_gp"],
    *,
    section: Literal["4.1", "4.2", "4.3"] | None = None,
) -> dict[str, Any]:
    """Return the literal settings of a paper as keyword arguments of its class.

    Parameters
    ----------
    paper : {"fukuhara", "guo", "zhang", "zhang_pls_lda", "wgan_gp"}
        For :class:`CNNClassifier`, :class:`FMCNNClassifier`, :class:`GAPCNNClassifier`,
        :class:`~sklearn_raman.discriminant_analysis.PLSLDA` and
        :class:`~sklearn_raman.over_sampling.WGANGP`.
    section : {"4.1", "4.2", "4.3"} or None, default=None
        Of Fukuhara et al., whose training differs: simulated spectra (also meant by
        None), few training spectra, and mixtures.

    Returns
    -------
    dict
        Keyword arguments. What a paper does not give is set to a value that trains, and
        named in a comment beside it.

    Raises
    ------
    ValueError
        If the paper is not known, or has no such section.

    Notes
    -----
    Zhang et al. split 7:1:2. scikit-learn's
    ``StratifiedShuffleSplit(n_splits=6, test_size=0.2)`` sets the test spectra apart;
    of the rest an eighth (`validation_fraction=0.125`) chooses the number of latent
    variables of PLS-LDA, whose variables are divided by their standard deviation.

    Examples
    --------
    >>> from sklearn_raman.neural_network import GAPCNNClassifier, paper_settings
    >>> GAPCNNClassifier(**paper_settings("zhang"), random_state=0).pool_bins
    1
    >>> paper_settings("fukuhara", section="4.3")["max_epochs"]
    30
    """
    if paper not in _PAPER_SETTINGS:
        raise ValueError(
            f"paper must be one of {sorted(_PAPER_SETTINGS)}, got {paper!r}."
        )
    settings = dict(_PAPER_SETTINGS[paper])
    if section is None:
        return settings
    if paper != "fukuhara" or section not in _FUKUHARA_SECTIONS:
        raise ValueError(
            f"section={section!r} is not known for paper={paper!r}: only 'fukuhara' "
            f"has sections, {', '.join(_FUKUHARA_SECTIONS)}."
        )
    return settings | _FUKUHARA_SECTIONS[section]
