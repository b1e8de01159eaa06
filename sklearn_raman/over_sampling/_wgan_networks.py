"""Generators and critics of WGANGP: on a spline grid, and the poster's on the points.

Every generator maps `(latent, codes, base)`, of shapes (n_groups, n, latent_dim),
(n_groups,) and (n_groups, n, n_values), to values of shape (n_groups, n, n_values): a
group holds spectra of one class. `base` are spectra of a start, to which the generator
adds; without a start it is None. Every critic maps `(values, codes)`, of shapes
(n, n_values) and (n,), to scores of shape (n,): the larger, the more like real spectra.

No critic normalizes: the penalty is about the gradient of each spectrum by itself
(Gulrajani et al. 2017, section 4). The class enters it as a projection on an embedding
(Miyato and Koyama 2018).
"""

import torch
from torch import nn
from torch.nn import functional as F

_SLOPE = 0.2  # of the leaky ReLUs
# Whatever default dtype and device the caller has set.
_PLAIN = {"dtype": torch.float32, "device": "cpu"}

_HIDDEN = 128
_RANK = 32  # numbers that the classes share
_CLASS_SIZE = 16
# Adam moves a weight by about `lr` a step, whatever its gradient is, and bands are many
# units high: without this gain thousands of steps would pass before they are.
_WEIGHT_GAIN = 5.0
_WEIGHT_SIZE = 0.05  # of random weights: the first spectra hardly vary
_N_REFERENCE = 512

_STRIDE = 4
_POSTER_CLASS_SIZE = 8


def _layers(*sizes):
    """Return linear layers with leaky ReLUs after each."""
    found = []
    for a, b in zip(sizes, sizes[1:], strict=False):
        found += [nn.Linear(a, b, **_PLAIN), nn.LeakyReLU(_SLOPE)]
    return nn.Sequential(*found)


class SplineGenerator(nn.Module):
    """Spline coefficients of smooth spectra.

    A network that all classes share turns latent variables into a few numbers, of mean
    0. A linear map of each class turns these into steps along the directions in which
    its real spectra vary. So the mean of a class is where its values have their origin,
    and nothing appears where no real spectrum has it.

    Parameters
    ----------
    n_classes, n_values, latent_dim : int
    from_start : bool
        Whether it begins by adding nothing to the spectra of a start.
    directions : Tensor of shape (n_classes, n_directions, n_values)
        Each as long as the root of the spread of the class along it: a step of a weight
        moves wide ones further, and narrow ones by more of their spread. Zeros where a
        class has fewer.
    """

    def __init__(self, n_classes, n_values, latent_dim, from_start, directions):
        super().__init__()
        n_read = _RANK if from_start else 0
        self.read = nn.Linear(n_values, _RANK, **_PLAIN) if from_start else None
        self.embedding = nn.Embedding(n_classes, _CLASS_SIZE, **_PLAIN)
        self.body = _layers(latent_dim + n_read + _CLASS_SIZE, _HIDDEN, _HIDDEN)
        self.low = nn.Linear(_HIDDEN, _RANK, **_PLAIN)
        self.register_buffer("directions", directions)
        self.register_buffer(
            "reference", torch.randn(1, _N_REFERENCE, latent_dim, **_PLAIN)
        )
        shape = n_classes, _RANK, directions.shape[1]
        self.weight = nn.Parameter(torch.randn(shape, **_PLAIN))
        with torch.no_grad():
            self.weight *= 0.0 if from_start else _WEIGHT_SIZE

    def forward(self, latent, codes, base=None):
        """Return values of shape (n_groups, n, n_values)."""
        low = self._low(latent, codes, base)
        if base is None:
            low = low - self._mean(low, codes)
        steps = _WEIGHT_GAIN * low @ self.weight[codes]
        values = steps @ self.directions[codes]
        return values if base is None else base + values

    def _low(self, latent, codes, base=None):
        inputs = [
            latent,
            self.embedding(codes)[:, None].expand(-1, latent.shape[1], -1),
        ]
        if self.read is not None:
            inputs.append(self.read(base))
        return self.low(self.body(torch.cat(inputs, dim=2)))

    def _mean(self, low, codes):
        """Return the mean of a batch in training, and of fixed draws afterwards."""
        if not self.training:
            low = self._low(self.reference.expand(len(codes), -1, -1), codes)
        return low.mean(dim=1, keepdim=True)


class DenseCritic(nn.Module):
    """Two fully connected layers: quick enough for thousands of steps on a CPU.

    Parameters
    ----------
    n_classes, n_values : int
    """

    def __init__(self, n_classes, n_values):
        super().__init__()
        self.first = nn.Linear(n_values, _HIDDEN, **_PLAIN)
        self.second = nn.Linear(_HIDDEN, _HIDDEN, **_PLAIN)
        self.output = nn.Linear(_HIDDEN, 1, **_PLAIN)
        self.embedding = nn.Embedding(n_classes, _HIDDEN, **_PLAIN)
        nn.init.zeros_(self.embedding.weight)

    def forward(self, values, codes):
        """Return scores of shape (n,)."""
        x = F.leaky_relu(self.first(values), _SLOPE)
        x = F.leaky_relu(self.second(x), _SLOPE)
        return (x * self._weights(codes)).sum(dim=1) + self.output.bias

    def gradient(self, values, codes):
        """Return the gradient of the scores with respect to the values.

        Between its kinks the critic is linear, so the gradient is a product of its
        weights: half the time of differentiating a derivative.
        """
        first = self.first(values)
        second = self.second(F.leaky_relu(first, _SLOPE))
        inner = self._weights(codes) * _slopes(second)
        return (inner @ self.second.weight * _slopes(first)) @ self.first.weight

    def _weights(self, codes):
        return self.output.weight + self.embedding(codes)


def _slopes(x):
    return torch.where(x > 0, 1.0, _SLOPE)


class ConvolutionalGenerator(nn.Module):
    """Transposed convolutions from latent variables to the points of a spectrum.

    Parameters
    ----------
    n_classes, n_values, latent_dim : int
    from_start : bool
        Whether it begins by adding nothing to the spectra of a start.
    n_channels : tuple of int
        Of the transposed convolutions.
    """

    def __init__(
        self, n_classes, n_values, latent_dim, from_start, n_channels=(32, 16, 8)
    ):
        super().__init__()
        self.n_values = n_values
        self.embedding = nn.Embedding(n_classes, _POSTER_CLASS_SIZE, **_PLAIN)
        self.coarse_shape = (n_channels[0], -(-n_values // _STRIDE**3))
        n_coarse = self.coarse_shape[0] * self.coarse_shape[1]
        self.coarse = nn.Linear(latent_dim + _POSTER_CLASS_SIZE, n_coarse, **_PLAIN)
        self.layers = nn.ModuleList(
            nn.ConvTranspose1d(a, b, 2 * _STRIDE, _STRIDE, _STRIDE // 2, **_PLAIN)
            for a, b in zip(n_channels, (*n_channels[1:], 1), strict=True)
        )
        if from_start:
            nn.init.zeros_(self.layers[-1].weight)
            nn.init.zeros_(self.layers[-1].bias)

    def forward(self, latent, codes, base=None):
        """Return values of shape (n_groups, n, n_values)."""
        n_groups, n, _ = latent.shape
        classes = self.embedding(codes)[:, None].expand(-1, n, -1)
        inputs = torch.cat([latent, classes], dim=2).flatten(0, 1)
        x = F.leaky_relu(self.coarse(inputs), _SLOPE)
        x = x.view(len(inputs), *self.coarse_shape)
        for layer in self.layers[:-1]:
            x = F.leaky_relu(layer(x), _SLOPE)
        values = self.layers[-1](x)[:, 0, : self.n_values]
        values = values.reshape(n_groups, n, self.n_values)
        return values if base is None else base + values


class ConvolutionalCritic(nn.Module):
    """Strided convolutions over the points, and a linear layer.

    Parameters
    ----------
    n_classes, n_values : int
    n_channels : tuple of int
    kernel_size : int
    """

    def __init__(self, n_classes, n_values, n_channels=(8, 16, 32), kernel_size=9):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(a, b, kernel_size, _STRIDE, kernel_size // 2, **_PLAIN)
            for a, b in zip((1, *n_channels[:-1]), n_channels, strict=True)
        )
        length = -(-n_values // _STRIDE ** len(n_channels))
        self.hidden = nn.Linear(n_channels[-1] * length, 64, **_PLAIN)
        self.output = nn.Linear(64, 1, **_PLAIN)
        self.embedding = nn.Embedding(n_classes, 64, **_PLAIN)
        nn.init.zeros_(self.embedding.weight)

    def forward(self, values, codes):
        """Return scores of shape (n,)."""
        x = values[:, None]
        for layer in self.layers:
            x = F.leaky_relu(layer(x), _SLOPE)
        x = F.leaky_relu(self.hidden(x.flatten(1)), _SLOPE)
        return self.output(x)[:, 0] + (x * self.embedding(codes)).sum(dim=1)


NETWORKS = {
    "spline": (SplineGenerator, DenseCritic),
    "convolutional": (ConvolutionalGenerator, ConvolutionalCritic),
}


def gradient_penalty(critic, real, fake, codes, target):
    """Return the mean of (norm - target)^2 of the critic's gradient.

    It is taken at random places between a real and a synthetic spectrum of the same
    class (Gulrajani et al. 2017, eq. 3); the norm is over the values of a spectrum.
    """
    share = torch.rand(len(real), 1, dtype=real.dtype, device=real.device)
    between = torch.lerp(real, fake, share)
    if hasattr(critic, "gradient"):
        gradient = critic.gradient(between, codes)
    else:
        between.requires_grad_(True)
        score = critic(between, codes).sum()
        (gradient,) = torch.autograd.grad(score, between, create_graph=True)
    # The gradient of a square root is not finite at 0.
    norm = (gradient.square().sum(dim=1) + 1e-12).sqrt()
    return (norm - target).square().mean()
