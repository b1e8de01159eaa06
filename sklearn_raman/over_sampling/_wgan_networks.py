"""Generator and critic of WGANGP."""

import torch
from torch import nn
from torch.nn import functional as F

_SLOPE = 0.2  # of the leaky ReLUs
_STRIDE = 4
_EMBEDDING = 8
_SMOOTHING = 4.0  # standard deviation in points of the filter behind the deconvolution
# Whatever default dtype and device the caller has set.
_PLAIN = {"dtype": torch.float32, "device": "cpu"}


class Generator(nn.Module):
    """Spectra from scores, latent variables and a class.

    The sum of a start that is not trained (class mean, loadings times scores), a
    network that moves the scores, and transposed convolutions. With components, both
    networks begin at 0, and the output of the convolutions is smoothed: strided
    transposed convolutions leave a pattern of their stride (Odena et al. 2016), which
    would be the only high frequencies that do not come from real spectra.

    Parameters
    ----------
    means : Tensor of shape (n_classes, n_points)
    loadings : Tensor of shape (n_classes, n_components, n_points)
        With 0 components the network is plain: it has only the convolutions.
    latent_dim : int
    n_channels : tuple of int
        Of the transposed convolutions.
    """

    def __init__(self, means, loadings, latent_dim, n_channels=(32, 16, 8)):
        super().__init__()
        n_classes, n_components, self.n_points = loadings.shape
        self.register_buffer("means", means)
        self.register_buffer("loadings", loadings)
        self.embedding = nn.Embedding(n_classes, _EMBEDDING, **_PLAIN)
        n_inputs = n_components + latent_dim + _EMBEDDING
        self.coarse_shape = (n_channels[0], -(-self.n_points // _STRIDE**3))
        n_coarse = self.coarse_shape[0] * self.coarse_shape[1]
        self.coarse = nn.Linear(n_inputs, n_coarse, **_PLAIN)
        self.layers = nn.ModuleList(
            nn.ConvTranspose1d(a, b, 2 * _STRIDE, _STRIDE, _STRIDE // 2, **_PLAIN)
            for a, b in zip(n_channels, (*n_channels[1:], 1), strict=True)
        )
        self.move_scores = None
        if n_components:
            self.move_scores = nn.Sequential(
                nn.Linear(n_inputs, 64, **_PLAIN),
                nn.LeakyReLU(_SLOPE),
                nn.Linear(64, n_components, **_PLAIN),
            )
            for last in (self.move_scores[-1], self.layers[-1]):
                nn.init.zeros_(last.weight)
                nn.init.zeros_(last.bias)
            self.register_buffer("kernel", _gaussian_kernel(_SMOOTHING, self.n_points))

    def forward(self, scores, latent, codes):
        """Return spectra of shape (n, n_points), without noise.

        Parameters
        ----------
        scores : Tensor of shape (n, n_components)
        latent : Tensor of shape (n, latent_dim)
        codes : Tensor of shape (n,), int
        """
        inputs = torch.cat([scores, latent, self.embedding(codes)], dim=1)
        spectra = self._deconvolve(inputs)
        if self.move_scores is None:
            return spectra + self.means[codes]
        scores = scores + self.move_scores(inputs)
        padding = self.kernel.shape[-1] // 2
        padded = F.pad(spectra[:, None], (padding, padding), mode="replicate")
        spectra = F.conv1d(padded, self.kernel)[:, 0]
        start = torch.einsum("nk,nkp->np", scores, self.loadings[codes])
        return self.means[codes] + start + spectra

    def _deconvolve(self, inputs):
        x = F.leaky_relu(self.coarse(inputs), _SLOPE)
        x = x.view(len(inputs), *self.coarse_shape)
        for layer in self.layers[:-1]:
            x = F.leaky_relu(layer(x), _SLOPE)
        return self.layers[-1](x)[:, 0, : self.n_points]


class Critic(nn.Module):
    """Score spectra of a class: the larger, the more like real ones.

    Strided convolutions, a linear layer, and a projection on an embedding of the class
    (Miyato and Koyama 2018). No normalization: the penalty is about the gradient of
    each spectrum by itself (Gulrajani et al. 2017, section 4).

    Parameters
    ----------
    n_classes, n_points : int
    n_channels : tuple of int
    kernel_size : int
    """

    def __init__(self, n_classes, n_points, n_channels=(8, 16, 32), kernel_size=9):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(a, b, kernel_size, _STRIDE, kernel_size // 2, **_PLAIN)
            for a, b in zip((1, *n_channels[:-1]), n_channels, strict=True)
        )
        length = -(-n_points // _STRIDE ** len(n_channels))
        self.hidden = nn.Linear(n_channels[-1] * length, 64, **_PLAIN)
        self.output = nn.Linear(64, 1, **_PLAIN)
        self.embedding = nn.Embedding(n_classes, 64, **_PLAIN)
        nn.init.zeros_(self.embedding.weight)

    def forward(self, spectra, codes):
        """Return scores of shape (n,) for spectra of shape (n, n_points)."""
        x = spectra[:, None]
        for layer in self.layers:
            x = F.leaky_relu(layer(x), _SLOPE)
        x = F.leaky_relu(self.hidden(x.flatten(1)), _SLOPE)
        return self.output(x)[:, 0] + (x * self.embedding(codes)).sum(dim=1)


def gradient_penalty(critic, real, fake, codes, target):
    """Return the mean of (norm - target)^2 of the critic's gradient.

    It is taken at random places between a real and a synthetic spectrum of the same
    class (Gulrajani et al. 2017, eq. 3); the norm is over the points of a spectrum.
    """
    share = torch.rand(len(real), 1, dtype=real.dtype, device=real.device)
    between = torch.lerp(real, fake, share).requires_grad_(True)
    score = critic(between, codes).sum()
    (gradient,) = torch.autograd.grad(score, between, create_graph=True)
    # The gradient of a square root is not finite at 0.
    norm = (gradient.square().sum(dim=1) + 1e-12).sqrt()
    return (norm - target).square().mean()


def _gaussian_kernel(deviation, n_points):
    """Return a Gaussian of shape (1, 1, odd), no wider than the spectrum."""
    reach = min(int(3 * deviation), max((n_points - 1) // 2, 0))
    points = torch.arange(-reach, reach + 1, **_PLAIN)
    kernel = torch.exp(-0.5 * (points / deviation) ** 2)
    return (kernel / kernel.sum())[None, None]
