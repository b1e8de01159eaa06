"""The networks, plain modules with `features(x)` and `head(features)`.

`features` takes raw spectra (n, n_points) and returns feature maps (n, channels,
units); `head` turns these into logits (n, n_classes). There is no softmax inside, and
each layer is registered once, so that explanations can start at the feature maps. What
training learns about the scale of the spectra is in the layer `input`.

Where a paper has an activation and then max-pooling, the pool comes first here: the
activations are increasing functions, so the result is the same from fewer values.

Inside, a spectrum is an image of height 1: two-dimensional convolutions in torch's
channels-last layout take about half the time of one-dimensional ones on a CPU, and
compute the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Literal

from torch import Tensor, nn

from sklearn_raman.neural_network._layers import (
    BatchNorm,
    BinnedAveragePool,
    Fire,
    SpectralInput,
    average_points,
    initialize_glorot,
    max_pool,
    same_convolution,
)


class SpectralNet(nn.Module):
    """Base of the networks: `head(features(x))`, with an input that learns its scale.

    A subclass sets `average` (a layer that averages neighboring points or leaves them),
    `input` (:class:`SpectralInput`) and `blocks` (layers on images (n, channels, 1,
    units)) and defines `head`. What its head is, it declares beside it, and maps of the
    network take a shorter way. A `head` without a declaration is explained by its
    gradients, which is always right:

    - `first_linear`, the name of the fully connected layer through which alone the head
      sees ``features.flatten(1)``;
    - ``affine_head = True`` if in evaluation mode the head is a matrix product and a
      constant;
    - `pool` and `output` if the head is the bias-free linear layer `output` on the
      averages of the layer `pool`.
    """

    first_linear: str | None = None
    affine_head = False

    def __init_subclass__(cls, **kwargs):
        """Let a declaration hold for the head that it stands beside, and no other."""
        super().__init_subclass__(**kwargs)
        if "head" in vars(cls):
            for name in ("first_linear", "affine_head"):
                if name not in vars(cls):
                    setattr(cls, name, getattr(SpectralNet, name))

    def learn_input(
        self,
        X: Tensor,
        sample_weight: Tensor | None = None,
        codes: Tensor | None = None,
    ) -> None:
        """Learn the scale of training spectra; the classifier calls it once."""
        self.input.learn(self.average(X), sample_weight, codes)

    def features(self, x: Tensor) -> Tensor:
        """Return feature maps (n, channels, units) of spectra (n, n_points)."""
        return self.blocks(self.input(self.average(x))).squeeze(2)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, n_classes) of spectra (n, n_points)."""
        return self.head(self.features(x))


class CNN(SpectralNet):
    """The network of Fukuhara et al. (2019), figure 1.

    Blocks of convolution, leaky ReLU and max-pooling, a fully connected layer without
    activation, dropout, and an output layer. A spectrum of 1451 points gives feature
    maps of 363 units.

    Parameters
    ----------
    n_points : int
        Length of a spectrum; 1 or more.
    n_classes : int
        Number of logits.
    n_blocks : int, default=2
        Number of blocks; the paper also tries 3.
    n_filters : int, default=64
        Filters of each convolution.
    kernel_size : int, default=8
        Width of a filter in points.
    pool_size : int, default=2
        Width and stride of max-pooling in points. An incomplete last window counts.
    n_hidden : int, default=128
        Size of the fully connected layer.
    dropout : float, default=0.5
        Share of its values that training drops.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.
    n_averaged : int, default=1
        Neighboring points that are averaged before anything else.
    scaling : {"residual", None}, default="residual"
        See `SpectralInput`; the paper has None.
    derivative : bool, default=True
        See `SpectralInput`; the paper has False.

    Notes
    -----
    Where the paper is silent or says two things:

    - it names the leaky ReLU "at the output of every convolutional layer" only, so the
      fully connected layer is linear (no visible effect on accuracy);
    - eq. 1 gives the bias a position; a bias for each filter, as its software has;
    - an even width can't be centered: 8 points are padded by 3 on the left and 4 on the
      right, and pooling keeps an incomplete window, which gives the paper's 363 units;
    - initial weights are not given: Glorot's, the default of its software;
    - the output has 9 units in section 4.2 and 20 in 4.3; the text numbers them one
      section earlier.
    """

    first_linear = "hidden"
    affine_head = True

    def __init__(
        self,
        n_points: int,
        n_classes: int,
        *,
        n_blocks: int = 2,
        n_filters: int = 64,
        kernel_size: int = 8,
        pool_size: int = 2,
        n_hidden: int = 128,
        dropout: float = 0.5,
        negative_slope: float = 0.2,
        n_averaged: int = 1,
        scaling: Literal["residual"] | None = "residual",
        derivative: bool = True,
    ) -> None:
        super().__init__()
        self.average, n_units = average_points(n_points, n_averaged)
        self.input = SpectralInput(n_units, scaling=scaling, derivative=derivative)
        layers, n_channels = [], self.input.n_channels
        for _ in range(n_blocks):
            layers += same_convolution(n_channels, n_filters, kernel_size)
            layers += [max_pool(pool_size), nn.LeakyReLU(negative_slope)]
            n_channels, n_units = n_filters, ceil(n_units / pool_size)
        self.blocks = nn.Sequential(*layers)
        self.hidden = nn.Linear(n_channels * n_units, n_hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_hidden, n_classes)
        initialize_glorot(self)

    def head(self, features: Tensor) -> Tensor:
        """Return logits (n, n_classes) of feature maps."""
        return self.output(self.dropout(self.hidden(features.flatten(1))))


class FMCNN(SpectralNet):
    """The fire-module network of Guo et al. (2020).

    Convolution, leaky ReLU, batch normalization, fire module, max-pooling, a fully
    connected layer with leaky ReLU, and an output layer.

    Parameters
    ----------
    n_points : int
        Length of a spectrum; 1 or more.
    n_classes : int
        Number of logits.
    n_filters : int, default=32
        Filters of the first convolution.
    kernel_size : int, default=9
        Width of its filters in points.
    n_squeeze : int, default=16
        Channels of the fire module's squeezing convolution.
    n_expand : int, default=32
        Channels of each of its two expanding convolutions.
    pool_size : int, default=4
        Width and stride of max-pooling in units.
    n_hidden : int, default=128
        Size of the fully connected layer.
    dropout : float, default=0.0
        Share of its values that training drops.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.
    batch_norm : bool, default=True
        Normalize after the first convolution, as in the paper.
    n_averaged : int, default=1
        Neighboring points that are averaged before anything else.
    scaling : {"residual", None}, default="residual"
        See `SpectralInput`; the paper has None.
    derivative : bool, default=True
        See `SpectralInput`; the paper has False.

    Notes
    -----
    Where the paper is silent or says two things:

    - numbers of filters, their width and the pool's are only drawn, not given: the
      defaults are those that train well on minerals;
    - the text has the leaky ReLU before the batch normalization, and so has this;
    - an activation follows each convolution of the fire module, as where that module
      comes from; the paper does not say;
    - "FMCNN" is spelled out in two ways, with a fire module and as a factorization
      machine; only the first is described, and built here;
    - a fully connected layer *and* an output layer are named: there are two.
    """

    first_linear = "hidden"

    def __init__(
        self,
        n_points: int,
        n_classes: int,
        *,
        n_filters: int = 32,
        kernel_size: int = 9,
        n_squeeze: int = 16,
        n_expand: int = 32,
        pool_size: int = 4,
        n_hidden: int = 128,
        dropout: float = 0.0,
        negative_slope: float = 0.2,
        batch_norm: bool = True,
        n_averaged: int = 1,
        scaling: Literal["residual"] | None = "residual",
        derivative: bool = True,
    ) -> None:
        super().__init__()
        self.average, n_units = average_points(n_points, n_averaged)
        self.input = SpectralInput(n_units, scaling=scaling, derivative=derivative)
        self.blocks = nn.Sequential(
            *same_convolution(self.input.n_channels, n_filters, kernel_size),
            nn.LeakyReLU(negative_slope),
            BatchNorm(n_filters) if batch_norm else nn.Identity(),
            Fire(n_filters, n_squeeze, n_expand, negative_slope),
            max_pool(pool_size),
            nn.LeakyReLU(negative_slope),
        )
        n_units = ceil(n_units / pool_size)
        self.hidden = nn.Linear(2 * n_expand * n_units, n_hidden)
        self.activation = nn.LeakyReLU(negative_slope)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_hidden, n_classes)
        initialize_glorot(self)

    def head(self, features: Tensor) -> Tensor:
        """Return logits (n, n_classes) of feature maps."""
        hidden = self.activation(self.hidden(features.flatten(1)))
        return self.output(self.dropout(hidden))


class GAPCNN(SpectralNet):
    """The global-average-pooling network of Zhang et al. (2020).

    Three convolutions with ReLU, the average of each feature map, and an output layer
    without bias, so that its class activation maps add up to the logits.

    Parameters
    ----------
    n_points : int
        Length of a spectrum; 1 or more.
    n_classes : int
        Number of logits.
    n_filters : sequence of int, default=(16, 32, 64)
        Filters of each convolution.
    kernel_size : sequence of int, default=(11, 7, 5)
        Width of the filters of each convolution, in units.
    stride : sequence of int, default=(1, 1, 1)
        Stride of each convolution, in units.
    pool_size : int, default=2
        Width and stride of max-pooling between the convolutions; 1 pools nothing.
    pool_bins : int, default=32
        Bins that the feature maps are averaged in; 1 is the paper. A single average
        cannot tell where a band is, since a convolution does not know.
    dropout : float, default=0.0
        Share of the averages that training drops.
    n_averaged : int, default=1
        Neighboring points that are averaged before anything else.
    scaling : {"residual", None}, default="residual"
        See `SpectralInput`; the paper has None.
    derivative : bool, default=True
        See `SpectralInput`; the paper has False.

    Notes
    -----
    Where the paper is silent or says two things:

    - the table with widths and strides is missing from its public parts, as are pooling
      and padding: the defaults are those that train well on minerals, with zeros as
      padding;
    - the loss (eq. 4) is written as a binary cross-entropy, for a softmax over classes:
      the classifier has the cross-entropy over classes;
    - the output has no bias, as in eq. 5, so that class activation maps add up to
      the logits.
    """

    affine_head = True

    def __init__(
        self,
        n_points: int,
        n_classes: int,
        *,
        n_filters: Sequence[int] = (16, 32, 64),
        kernel_size: Sequence[int] = (11, 7, 5),
        stride: Sequence[int] = (1, 1, 1),
        pool_size: int = 2,
        pool_bins: int = 32,
        dropout: float = 0.0,
        n_averaged: int = 1,
        scaling: Literal["residual"] | None = "residual",
        derivative: bool = True,
    ) -> None:
        super().__init__()
        if not len(n_filters) == len(kernel_size) == len(stride) > 0:
            raise ValueError(
                "n_filters, kernel_size and stride need one value per convolution, got "
                f"{n_filters}, {kernel_size} and {stride}."
            )
        self.average, n_units = average_points(n_points, n_averaged)
        self.input = SpectralInput(n_units, scaling=scaling, derivative=derivative)
        layers, n_channels = [], self.input.n_channels
        for i, (n_out, width, step) in enumerate(
            zip(n_filters, kernel_size, stride, strict=True)
        ):
            layers += same_convolution(n_channels, n_out, width, step)
            n_channels, n_units = n_out, ceil(n_units / step)
            if i < len(n_filters) - 1 and pool_size > 1:
                layers.append(max_pool(pool_size))
                n_units = ceil(n_units / pool_size)
            layers.append(nn.ReLU())
        self.blocks = nn.Sequential(*layers)
        self.pool = BinnedAveragePool(n_units, pool_bins)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_channels * self.pool.n_bins, n_classes, bias=False)
        initialize_glorot(self)

    def head(self, features: Tensor) -> Tensor:
        """Return logits (n, n_classes) of feature maps."""
        return self.output(self.dropout(self.pool(features).flatten(1)))


def resettable_layers(module: nn.Module) -> list[str]:
    """Return the names of the layers with weights, from the last registered back.

    Parameters
    ----------
    module : torch.nn.Module
        Registers its layers in the order in which the spectrum passes them.

    Raises
    ------
    ValueError
        If there is none, or a layer has weights but no `reset_parameters`.
    """
    owners = [
        (name, layer)
        for name, layer in module.named_modules()
        if next(layer.parameters(recurse=False), None) is not None
    ]
    for name, layer in owners:
        if not hasattr(layer, "reset_parameters"):
            raise ValueError(
                f"Layer {name!r} ({type(layer).__name__}) has weights but no method "
                "reset_parameters(), which gives them new random values: add one."
            )
    if not owners:
        raise ValueError(f"{type(module).__name__} has no layer with weights.")
    return [name for name, _ in reversed(owners)]
