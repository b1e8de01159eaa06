"""Plain networks, convolutional or fully connected, penalized or clipped.

All run in the training loop of the package, with its batches, moving average and watch
for divergence; only what is compared differs. The poster gives no sizes. The large
fully connected pair has the four hidden layers of 512 units of Arjovsky et al. 2017
(section 4), the small one the single hidden layer of 64 units with which the
package's convolutional critic ends.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from sklearn_raman._utils._torch import isolated_randomness, limited_threads
from sklearn_raman.over_sampling import WGANGP
from sklearn_raman.over_sampling._wgan_networks import (
    ConvolutionalCritic,
    gradient_penalty,
)
from sklearn_raman.over_sampling._wgan_training import SpectrumModel, train_wgan

LATENT_DIM = 32
CONVOLUTIONAL = "convolutional"
HIDDEN = {"fully connected": (512, 512, 512, 512), "fully connected, small": (64,)}
NETWORKS = (CONVOLUTIONAL, *HIDDEN)
PENALTY_WEIGHT = 10.0
CLIP, WIDE_CLIP = 0.01, 0.1  # Arjovsky et al. 2017, algorithm 1; ten times that
_EMBEDDING, _SLOPE = 8, 0.2  # as in the convolutional pair


def dense_layers(n_inputs, hidden):
    """Return linear layers with leaky ReLUs after each."""
    layers = [nn.Linear(*sizes) for sizes in pairwise((n_inputs, *hidden))]
    return nn.Sequential(*[part for x in layers for part in (x, nn.LeakyReLU(_SLOPE))])


class DenseGenerator(nn.Module):
    """Fully connected layers in place of the transposed convolutions."""

    def __init__(self, n_classes, n_points, latent_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(n_classes, _EMBEDDING)
        self.layers = dense_layers(latent_dim + _EMBEDDING, hidden)
        self.output = nn.Linear(hidden[-1], n_points)

    def forward(self, latent, codes, base=None):
        """Return values of shape (n_groups, n, n_points); there is no start."""
        classes = self.embedding(codes)[:, None].expand(-1, latent.shape[1], -1)
        return self.output(self.layers(torch.cat([latent, classes], dim=2)))


class DenseCritic(nn.Module):
    """Fully connected layers in place of the convolutions, class as in the package."""

    def __init__(self, n_classes, n_points, hidden):
        super().__init__()
        self.layers = dense_layers(n_points, hidden)
        self.output = nn.Linear(hidden[-1], 1)
        self.embedding = nn.Embedding(n_classes, hidden[-1])
        nn.init.zeros_(self.embedding.weight)

    def forward(self, spectra, codes):
        """Return scores of shape (n,)."""
        x = self.layers(spectra)
        return self.output(x)[:, 0] + (x * self.embedding(codes)).sum(dim=1)


class Variant(NamedTuple):
    """What is compared: networks, how the critic is held, and the optimizer."""

    networks: str = CONVOLUTIONAL
    clip: float | None = None
    optimizer: str = "Adam"
    lr: float = 1e-3

    def settings(self, n_iter):
        """Return settings of the loop; no penalty where weights are clipped.

        Clipping bounds the critic's slope, but by an unknown number, so a slope that
        the loop never takes for too steep stands in its place.
        """
        weight, target = (PENALTY_WEIGHT, 1.0) if self.clip is None else (0.0, 1e6)
        penalty = {"gp_weight": weight, "gp_target": target, "n_critic": 5}
        steps = {"lr": self.lr, "betas": (0.0, 0.9), "batch_size": 24, "ema": 0.995}
        return WGANGP(**penalty, **steps, max_iter=n_iter)

    def make_critic(self, n_classes, n_points):
        """Return a new critic."""
        if self.networks == CONVOLUTIONAL:
            return ConvolutionalCritic(n_classes, n_points)
        return DenseCritic(n_classes, n_points, HIDDEN[self.networks])

    def make_model(self, X, codes, seed):
        """Return an untrained model that starts at the mean of all spectra."""
        with isolated_randomness(seed):
            how = {"network": CONVOLUTIONAL, "noise": False, "latent_dim": LATENT_DIM}
            model = SpectrumModel(X, codes, **how)
            if self.networks != CONVOLUTIONAL:
                sizes = *model.center.shape, LATENT_DIM, HIDDEN[self.networks]
                model.generator = DenseGenerator(*sizes)
        return model

    def make_optimizer(self, network, settings):
        """Return an optimizer; that of the critic may clip weights after each step."""
        parameters = list(network.parameters())
        if self.optimizer == "Adam":
            optimizer = torch.optim.Adam(parameters, settings.lr, settings.betas)
        else:
            optimizer = torch.optim.RMSprop(parameters, settings.lr)
        critics = ConvolutionalCritic, DenseCritic
        if self.clip is not None and isinstance(network, critics):
            optimizer.register_step_post_hook(lambda *_: _clip(parameters, self.clip))
        return optimizer


def train(variant, X, codes, seed, *, n_iter, probe=None):
    """Train plain networks.

    `seed` decides about weights, batches and latent variables; each of `n_iter` steps
    of the generator has five of the critic before it. `probe(iteration, model, critic)`
    is called after each step. Returns the model, the loop's figures of each iteration,
    and why training was stopped, or "".
    """
    model, critics = variant.make_model(X, codes, seed), []

    def make_critic(n_classes, n_points):
        critics.append(variant.make_critic(n_classes, n_points))
        return critics[0]

    def look(iteration, model):
        if probe is not None:
            probe(iteration, model, critics[0])
        return False

    makers = {"make_critic": make_critic, "make_optimizer": variant.make_optimizer}
    settings = variant.settings(n_iter), seed
    with limited_threads(1):
        training = train_wgan(model, *settings, n_iter=n_iter, judge=look, **makers)
    return model, training.steps, training.problem or ""


def synthesize(model, codes, seed):
    """Return a synthetic spectrum for each of the codes, which are sorted."""
    rng = np.random.RandomState(seed)
    counts = np.bincount(codes)
    return np.concatenate([model.synthesize(c, n, rng) for c, n in enumerate(counts)])


def n_parameters(variant, n_points, n_classes=2):
    """Return the number of parameters of generator and critic."""
    X = np.zeros((n_classes, n_points))
    X[0] = 1.0
    codes = np.arange(n_classes)
    generator = variant.make_model(X, codes, 0).generator
    nets = generator, variant.make_critic(n_classes, n_points)
    return [sum(part.numel() for part in net.parameters()) for net in nets]


def critic_slope(critic, real, fake, codes, seed):
    """Return the rms slope of a critic between real and synthetic spectra (scaled)."""
    with isolated_randomness(seed):
        squared = gradient_penalty(critic, real, fake, codes, 0.0)
    return float(squared.detach().sqrt())


def _clip(parameters, limit):
    with torch.no_grad():
        for parameter in parameters:
            parameter.clamp_(-limit, limit)
