"""The adversarial loop: WGAN with gradient penalty (Gulrajani et al. 2017)."""

import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from sklearn_raman._utils._torch import isolated_randomness
from sklearn_raman.over_sampling._warm_start import PlainStart, WarmStart
from sklearn_raman.over_sampling._wgan_networks import (
    Critic,
    Generator,
    gradient_penalty,
)

_POOL = 1024  # prepared starts of synthetic spectra
# A critic of slope s tells real from synthetic by at most s times their distance d, and
# s d - gp_weight (s - k)^2 is largest at s = k + d / (2 gp_weight). A running mean of
# the advantage above this many times s d means that the penalty does not hold it.
_LARGEST_ADVANTAGE = 3.0
_LARGEST_RANGE = 5.0  # of synthetic spectra, over that of real ones
_FINAL_LR = 0.1  # of the first learning rate, reached in a straight line


class TrainingSettings(NamedTuple):
    """Parameters of the loop, as in `WGANGP`."""

    n_critic: int
    gp_weight: float
    gp_target: float
    lr: float
    betas: tuple
    max_iter: int
    batch_size: int
    ema: float
    device: str


def adam(network, settings):
    """Return the optimizer of the generator or of the critic."""
    return torch.optim.Adam(network.parameters(), lr=settings.lr, betas=settings.betas)


class Diverged(RuntimeError):
    """Training left what a critic with a bounded slope can do."""


@dataclass
class SpectrumModel:
    """A start and the generator trained on it; spectra in, spectra out."""

    start: WarmStart | PlainStart
    generator: nn.Module
    centre: np.ndarray
    scale: float
    latent_dim: int

    @classmethod
    def untrained(cls, start, X, latent_dim):
        """Return a model of which the networks are new; torch's generator is used."""
        centre = X.mean(axis=0)
        scale = np.sqrt(np.mean((X - centre) ** 2))
        means = start.means() - centre
        generator = Generator(
            torch.tensor(means / scale, dtype=torch.float32),
            torch.tensor(start.loadings() / scale, dtype=torch.float32),
            latent_dim,
        )
        return cls(start, generator, centre, scale, latent_dim)

    def draw(self, codes, rng):
        """Draw inputs of the generator, and what is added to its output (scaled)."""
        scores, offset = self.start.draw(codes, rng)
        latent = rng.standard_normal((len(codes), self.latent_dim))
        arrays = (scores, latent, offset / self.scale)
        return tuple(torch.tensor(a, dtype=torch.float32) for a in arrays)

    def synthesize(self, codes, rng):
        """Return synthetic spectra, (n, n_points), of the classes in `codes`."""
        device = self.generator.means.device
        scores, latent, offset = (part.to(device) for part in self.draw(codes, rng))
        codes = torch.tensor(codes, device=device)
        with torch.no_grad():
            spectra = self.generator(scores, latent, codes) + offset
        return spectra.cpu().double().numpy() * self.scale + self.centre


def train_wgan(
    model,
    X,
    codes,
    settings,
    seed,
    *,
    n_iter,
    history,
    judge=None,
    make_critic=Critic,
    make_optimizer=adam,
):
    """Train the generator of a model in turns with a critic.

    Parameters
    ----------
    model : SpectrumModel
        Its generator is replaced by the moving average of the trained one.
    X : ndarray of shape (n_spectra, n_points)
    codes : ndarray of shape (n_spectra,), int
    settings : TrainingSettings
    seed : int
    n_iter : int
        Generator steps; `settings.max_iter` sets the pace at which `lr` falls.
    history : list
        The figures of each step are appended, also if training diverges.
    judge : callable or None
        Called as `judge(iteration, model)` after each step, with the moving average in
        the model; returns True to stop.
    make_critic : callable
        `make_critic(n_classes, n_points)` returns a new critic.
    make_optimizer : callable
        `make_optimizer(network, settings)` returns a torch optimizer, once for the
        generator and once for the critic.

    Returns
    -------
    critic : torch.nn.Module
        On the CPU.

    Raises
    ------
    Diverged
        The model holds the last moving average then.
    """
    rng = np.random.RandomState(seed)
    device = torch.device(settings.device)
    with isolated_randomness(seed, device):
        n_classes = len(model.generator.means)
        average = model.generator.to(device)
        generator = copy.deepcopy(average)
        critic = make_critic(n_classes, X.shape[1]).to(device)
        optimizers = [make_optimizer(net, settings) for net in (generator, critic)]
        real = torch.tensor((X - model.centre) / model.scale, dtype=torch.float32)
        feed = _Feed(model, real.to(device), codes, settings.batch_size, rng)
        watch = _Watch(real.abs().max().item(), settings)
        try:
            for iteration in range(1, n_iter + 1):
                _set_rate(optimizers, settings, iteration)
                record = _step(generator, critic, optimizers, feed, settings)
                history.append(record)
                watch.check(record)
                _move_average(average, generator, settings.ema, iteration)
                if judge is not None and judge(iteration, model):
                    break
        finally:
            average.to("cpu")
    return critic.to("cpu")


class _Feed:
    """Batches of real spectra, and starts of synthetic ones of the same classes."""

    def __init__(self, model, real, codes, batch_size, rng):
        n_classes = len(model.generator.means)
        self.per_class = max(_POOL // n_classes, 32)
        pool = np.repeat(np.arange(n_classes), self.per_class)
        self.starts = [part.to(real.device) for part in model.draw(pool, rng)]
        self.real, self.codes, self.rng = real, codes, rng
        self.batch_size = batch_size

    def __call__(self):
        """Return real spectra, their classes, and inputs and offset of as many new."""
        rows = self.rng.randint(len(self.codes), size=self.batch_size)
        codes = self.codes[rows]
        new = codes * self.per_class + self.rng.randint(self.per_class, size=len(rows))
        new = torch.tensor(new, device=self.real.device)
        scores, latent, offset = (part[new] for part in self.starts)
        codes = torch.tensor(codes, device=self.real.device)
        return self.real[torch.tensor(rows)], codes, (scores, latent, codes), offset


class _Watch:
    """Notice a critic without bound, and output out of range, while it happens."""

    def __init__(self, real_range, settings):
        self.largest_range = _LARGEST_RANGE * real_range
        self.gp_target = settings.gp_target
        self.gp_weight = max(settings.gp_weight, 1.0)
        self.excess = 0.0

    def check(self, record):
        """Raise if the figures of a step, or of the last ten, are out of bounds."""
        distance = max(record["distance"], 1e-12)
        slope = self.gp_target + distance / (2 * self.gp_weight)
        excess = abs(record["wasserstein"]) / (slope * distance)
        self.excess += 0.1 * (excess - self.excess)
        if not (self.excess < _LARGEST_ADVANTAGE and record["penalty"] < np.inf):
            raise Diverged("the critic's loss grows without bound")
        if not record["range"] < self.largest_range:
            raise Diverged("synthetic spectra leave the range of the real ones")


def _step(generator, critic, optimizers, feed, settings):
    """Take `n_critic` steps of the critic and one of the generator; return figures."""
    generator_optimizer, critic_optimizer = optimizers
    for _ in range(settings.n_critic):
        real, codes, inputs, offset = feed()
        with torch.no_grad():
            fake = generator(*inputs) + offset
        advantage = critic(real, codes).mean() - critic(fake, codes).mean()
        penalty = gradient_penalty(critic, real, fake, codes, settings.gp_target)
        critic_optimizer.zero_grad()
        (settings.gp_weight * penalty - advantage).backward()
        critic_optimizer.step()
    _, codes, inputs, offset = feed()
    score = critic(generator(*inputs) + offset, codes).mean()
    generator_optimizer.zero_grad()
    (-score).backward()
    generator_optimizer.step()
    return {
        "wasserstein": advantage.item(),
        "penalty": penalty.item(),
        "distance": (real - fake).norm(dim=1).mean().item(),
        "range": fake.abs().max().item(),
    }


def _set_rate(optimizers, settings, iteration):
    done = (iteration - 1) / max(settings.max_iter, 1)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = settings.lr * (1 - (1 - _FINAL_LR) * done)


def _move_average(average, current, decay, iteration):
    """Exponential moving average, which forgets the random start quickly."""
    decay = min(decay, iteration / (iteration + 9))
    with torch.no_grad():
        for old, new in zip(average.parameters(), current.parameters(), strict=True):
            old.lerp_(new, 1 - decay)
