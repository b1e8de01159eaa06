"""The layers of the networks, and what they learn about the scale of spectra."""

from __future__ import annotations

from math import ceil
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

_COMPRESSED = 0.5  # size of the compressed derivative beside the other channels
_LEAST_SHARE = 0.05  # a channel is not made smaller than this


class SpectralInput(nn.Module):
    """Turn raw spectra into the channels of an image of height 1.

    The first channel is the spectrum. With `derivative=True` a second one holds its
    smoothed first derivative d, which is blind to a background, and a third one
    d / sqrt(abs(d) + c), where c is the standard deviation of d: about the square root
    of what is larger, with its sign, so that weak bands count beside strong ones.

    With `scaling="residual"` the mean over the training spectra is subtracted from each
    channel at each wavenumber and the rest divided by one number, its standard
    deviation over the whole set. What tells spectra apart then has a size near 1,
    however small its share of the signal; the third channel gets half of that. Where
    classes are known, each channel is made smaller in proportion to the share of its
    variance that is between classes, relative to the best channel: a derivative that is
    mostly noise then disturbs little.

    What :meth:`learn` finds is kept in buffers: saved, copied and exported with the
    module.

    Parameters
    ----------
    n_points : int
        Length of a spectrum.
    scaling : {"residual", None}, default="residual"
        None passes the channels on as they are.
    derivative : bool, default=True
        Add the two channels of the first derivative.

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
        self.n_channels = 3 if derivative else 1
        self.receptive_width = 7 if derivative else 1  # points that one value sees
        self.register_buffer("center", torch.zeros(self.n_channels, n_points))
        self.register_buffer("scale", torch.ones(self.n_channels, 1))
        self.register_buffer("knee", torch.ones(()))

    @torch.no_grad()
    def learn(
        self,
        X: Tensor,
        sample_weight: Tensor | None = None,
        codes: Tensor | None = None,
    ) -> None:
        """Learn center and scale of each channel from training spectra.

        Parameters
        ----------
        X : torch.Tensor of shape (n_spectra, n_points)
            Spectra.
        sample_weight : torch.Tensor of shape (n_spectra,) or None, default=None
            A spectrum of weight 2 counts as two spectra.
        codes : torch.Tensor of shape (n_spectra,), int, or None, default=None
            Class positions.
        """
        X = X.double()
        if self.n_channels > 1:
            sizes = smooth_derivative(X).square().mean(dim=1)
            weights = None if sample_weight is None else sample_weight.cpu().numpy()
            knee = np.average(sizes.cpu().numpy(), weights=weights) ** 0.5
            self.knee.fill_(knee if knee > 0 else 1.0)
        if self.scaling is None:
            return
        shares = []
        for channel, values in enumerate(self._channels(X)):
            center, spread = weighted_spread(values, sample_weight)
            self.center[channel] = center
            self.scale[channel] = spread if spread > 0 else 1.0
            shares.append(share_between(values, codes, sample_weight))
        if self.n_channels > 1:
            self.scale[2] /= _COMPRESSED
        largest = max(shares)
        for channel, share in enumerate(shares):
            relative = share / largest if largest > 0 else 1.0
            self.scale[channel] /= max(relative, _LEAST_SHARE)

    def _channels(self, x):
        if self.n_channels == 1:
            return [x]
        slopes = smooth_derivative(x)
        return [x, slopes, slopes / (slopes.abs() + self.knee).sqrt()]

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


def average_points(n_points, n_averaged):
    """Return the layer that averages neighboring points, and how many values it leaves.

    An incomplete last window is averaged over the points that it has.
    """
    if n_averaged == 1:
        return nn.Identity(), n_points
    layer = nn.AvgPool1d(n_averaged, ceil_mode=True, count_include_pad=False)
    return layer, ceil(n_points / n_averaged)


def share_between(X, codes=None, sample_weight=None):
    """Return the share of the variance of spectra that is between classes; 1 if none.

    All points together: sums over the spectrum of squared distances of the class means
    from the mean, and of the spectra from the mean.
    """
    center, total = weighted_spread(X, sample_weight)
    if codes is None or not total > 0:
        return 1.0
    weights = X.new_ones(len(X)) if sample_weight is None else sample_weight.to(X)
    members = functional.one_hot(codes).to(X) * weights[:, None]
    sizes = members.sum(dim=0)
    means = (members.T @ X)[sizes > 0] / sizes[sizes > 0, None]
    _, between = weighted_spread(means, sizes[sizes > 0])
    return float((between / total) ** 2)


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
