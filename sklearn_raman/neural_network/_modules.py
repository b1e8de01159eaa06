"""The networks, plain modules with `features(x)` and `head(features)`; their layers.

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

import torch
from torch import Tensor, nn
from torch.nn import functional


class SpectralNet(nn.Module):
    """Base of the networks: `head(features(x))`, with an input that learns its scale.

    A subclass sets `input` (:class:`SpectralInput`) and `blocks` (layers on images
    (n, channels, 1, units)) and defines `head`. What its head is, it declares beside
    it, and maps of the network take a shorter way. A `head` without a declaration is
    explained by its gradients, which is always right:

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

    def learn_input(self, X: Tensor, sample_weight: Tensor | None = None) -> None:
        """Learn the scale of training spectra; the classifier calls it once."""
        self.input.learn(X, sample_weight)

    def features(self, x: Tensor) -> Tensor:
        """Return feature maps (n, channels, units) of spectra (n, n_points)."""
        return self.blocks(self.input(x)).squeeze(2)

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
        scaling: Literal["residual"] | None = "residual",
        derivative: bool = True,
    ) -> None:
        super().__init__()
        self.input = SpectralInput(n_points, scaling=scaling, derivative=derivative)
        layers, n_channels, n_units = [], self.input.n_channels, n_points
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
        scaling: Literal["residual"] | None = "residual",
        derivative: bool = True,
    ) -> None:
        super().__init__()
        self.input = SpectralInput(n_points, scaling=scaling, derivative=derivative)
        self.blocks = nn.Sequential(
            *same_convolution(self.input.n_channels, n_filters, kernel_size),
            nn.LeakyReLU(negative_slope),
            BatchNorm(n_filters) if batch_norm else nn.Identity(),
            Fire(n_filters, n_squeeze, n_expand, negative_slope),
            max_pool(pool_size),
            nn.LeakyReLU(negative_slope),
        )
        n_units = ceil(n_points / pool_size)
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
        scaling: Literal["residual"] | None = "residual",
        derivative: bool = True,
    ) -> None:
        super().__init__()
        if not len(n_filters) == len(kernel_size) == len(stride) > 0:
            raise ValueError(
                "n_filters, kernel_size and stride need one value per convolution, got "
                f"{n_filters}, {kernel_size} and {stride}."
            )
        self.input = SpectralInput(n_points, scaling=scaling, derivative=derivative)
        layers, n_channels, n_units = [], self.input.n_channels, n_points
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


def resettable_layers(module):
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


# Layers -----------------------------------------------------------------------------


class SpectralInput(nn.Module):
    """Turn raw spectra into the channels of an image of height 1.

    With `scaling="residual"` the mean of the training spectra is subtracted at each
    wavenumber and the rest divided by one number, its standard deviation over the whole
    set. What tells spectra apart then has a size near 1, however small its share of the
    signal. With `derivative=True` a second channel holds the smoothed first
    derivative, scaled likewise, which is blind to a background.

    Both are linear in the spectrum, so that maps go back through them exactly. What
    :meth:`learn` finds is kept in buffers: saved, copied and exported with the module.

    Parameters
    ----------
    n_points : int
        Length of a spectrum.
    scaling : {"residual", None}, default="residual"
        None passes the spectra on as they are.
    derivative : bool, default=True
        Add the channel of the first derivative.

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network import SpectralInput
    >>> layer = SpectralInput(3, derivative=False)
    >>> X = torch.tensor([[1.0, 1.0, 2.0], [1.0, 1.0, 4.0]])
    >>> layer.learn(X)
    >>> layer(X).shape
    torch.Size([2, 1, 1, 3])
    >>> layer.center
    tensor([[1., 1., 3.]])
    """

    def __init__(
        self,
        n_points: int,
        *,
        scaling: Literal["residual"] | None = "residual",
        derivative: bool = True,
    ) -> None:
        super().__init__()
        if scaling not in ("residual", None):
            raise ValueError(f'scaling must be "residual" or None, got {scaling!r}.')
        self.scaling = scaling
        self.n_channels = 1 + bool(derivative)
        self.receptive_width = 7 if derivative else 1  # points that one value sees
        self.register_buffer("center", torch.zeros(self.n_channels, n_points))
        self.register_buffer("scale", torch.ones(self.n_channels, 1))

    @torch.no_grad()
    def learn(self, X: Tensor, sample_weight: Tensor | None = None) -> None:
        """Learn center and scale from training spectra.

        Parameters
        ----------
        X : torch.Tensor of shape (n_spectra, n_points)
            Spectra.
        sample_weight : torch.Tensor of shape (n_spectra,) or None, default=None
            A spectrum of weight 2 counts as two spectra.
        """
        if self.scaling is None:
            return
        for channel, values in enumerate(self._channels(X.double())):
            center, spread = weighted_spread(values, sample_weight)
            self.center[channel] = center
            self.scale[channel] = spread if spread > 0 else 1.0

    def _channels(self, x):
        return [x] if self.n_channels == 1 else [x, smooth_derivative(x)]

    def forward(self, x: Tensor) -> Tensor:
        """Return images (n, channels, 1, n_points) of spectra (n, n_points)."""
        channels = [
            (values - center) / scale
            for values, center, scale in zip(
                self._channels(x), self.center, self.scale, strict=True
            )
        ]
        # Stacked last and seen from the front this is the channels-last layout.
        return torch.stack(channels, dim=-1)[:, None].permute(0, 3, 1, 2)


def smooth_derivative(x):
    """First derivative per point, of the line fitted to 7 points (Savitzky-Golay)."""
    padded = functional.pad(x[:, None], (3, 3), mode="replicate")[:, 0]
    n = x.shape[1]
    total = torch.zeros_like(x)
    for distance in (1, 2, 3):
        later = padded[:, 3 + distance : 3 + distance + n]
        earlier = padded[:, 3 - distance : 3 - distance + n]
        total = total + distance * (later - earlier)
    return total / 28


def weighted_spread(X, sample_weight=None):
    """Return the mean spectrum and the standard deviation around it, one number."""
    weights = X.new_ones(len(X)) if sample_weight is None else sample_weight.to(X)
    weights = (weights / weights.sum())[:, None]
    center = (weights * X).sum(dim=0)
    variance = (weights * (X - center) ** 2).sum(dim=0).mean()
    return center, variance.sqrt()


def same_convolution(n_in, n_out, width, stride=1):
    """Convolution along the spectrum that keeps its length, as pad and convolution.

    An even width can't be centered: as in TensorFlow, which the papers used, the odd
    zero goes to the right. A stride s keeps every s-th unit.
    """
    left = (width - 1) // 2
    return [
        nn.ConstantPad2d((left, width - 1 - left, 0, 0), 0.0),
        nn.Conv2d(n_in, n_out, (1, width), stride=(1, stride)),
    ]


def max_pool(width):
    """Max-pooling along the spectrum; an incomplete last window counts."""
    return nn.MaxPool2d((1, width), ceil_mode=True)


class BatchNorm(nn.BatchNorm2d):
    """Batch normalization that survives a batch of a single value.

    One spectrum with one unit has no variance, and torch raises. It is normalized with
    the running statistics then, as in prediction.
    """

    def forward(self, x):
        """Normalize feature maps (n, channels, 1, units)."""
        if self.training and x.shape[0] * x.shape[2] * x.shape[3] == 1:
            return functional.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias
            )
        return super().forward(x)


class Fire(nn.Module):
    """Fire module: squeeze to few channels, expand with widths 1 and 3, side by side.

    The network applies the activation after the expansion itself, after pooling.

    Parameters
    ----------
    n_in : int
        Channels that come in.
    n_squeeze : int
        Channels of the squeezing convolution of width 1.
    n_expand : int
        Channels of each of the two expanding convolutions; 2 * n_expand go out.
    negative_slope : float
        Slope of the leaky ReLU below zero, after the squeezing convolution.

    References
    ----------
    .. [1] F. N. Iandola et al., "SqueezeNet", arXiv:1602.07360 (2016), section 3.2.
    """

    receptive_width = 3  # units that one unit sees

    def __init__(self, n_in, n_squeeze, n_expand, negative_slope):
        super().__init__()
        self.squeeze = nn.Conv2d(n_in, n_squeeze, (1, 1))
        self.activation = nn.LeakyReLU(negative_slope)
        self.expand_1 = nn.Conv2d(n_squeeze, n_expand, (1, 1))
        self.expand_3 = nn.Conv2d(n_squeeze, n_expand, (1, 3))

    def forward(self, x):
        """Return (n, 2 * n_expand, 1, units) of (n, n_in, 1, units)."""
        squeezed = self.activation(self.squeeze(x))
        # One convolution for both: joining the filters is cheaper than the maps.
        wide = functional.pad(self.expand_1.weight, (1, 1))
        weight = torch.cat([wide, self.expand_3.weight])
        bias = torch.cat([self.expand_1.bias, self.expand_3.bias])
        return functional.conv2d(squeezed, weight, bias, padding=(0, 1))


class BinnedAveragePool(nn.Module):
    """Average of the units in each of several bins that partition them.

    One bin is global average pooling. torch's adaptive pooling lets neighboring bins
    share units; here each unit is in one bin, so that class activation maps add up.

    Parameters
    ----------
    n_units : int
        Units of the feature maps.
    n_bins : int
        Number of bins; at most one per unit.
    """

    def __init__(self, n_units, n_bins):
        super().__init__()
        self.n_bins = min(n_bins, n_units)
        bin_of_unit = torch.arange(n_units) * self.n_bins // n_units
        weights = functional.one_hot(bin_of_unit, self.n_bins).float()
        self.register_buffer("weights", weights / weights.sum(dim=0))

    def forward(self, features):
        """Return (n, channels, n_bins) of feature maps (n, channels, units)."""
        return features @ self.weights


def initialize_glorot(module):
    """Draw weights as Glorot and Bengio (2010), TensorFlow's default; zero biases."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
