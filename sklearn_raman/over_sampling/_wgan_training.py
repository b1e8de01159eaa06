"""Training of WGANGP: the adversarial loop, and which of its iterations to keep."""

import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from sklearn.metrics import pairwise_distances
from torch import nn

from sklearn_raman._utils._torch import isolated_randomness
from sklearn_raman.over_sampling._bootstrap import Bootstrap, white_noise_level
from sklearn_raman.over_sampling._wgan_networks import (
    Critic,
    Generator,
    gradient_penalty,
)

_POOL = 1024  # prepared starts of synthetic spectra
# A critic of slope s tells real from synthetic by at most s times their distance d, and
# s d - gp_weight (s - k)^2 is largest at s = k + d / (2 gp_weight). If a running mean
# of the advantage is above this many times s d, the penalty does not hold the critic.
_LARGEST_ADVANTAGE = 3.0
_LARGEST_RANGE = 5.0  # of synthetic spectra, relative to real ones
_FINAL_LR = 0.1  # relative to the first learning rate, reached in a straight line

_FEWEST = 3  # spectra of a class that can spare one
_SYNTHETIC = 100  # per class, to compare the held-out spectra with
_NOISE_TOLERANCE = 1.1  # ratio of noise, synthetic to real
_N_CHECKPOINTS = 10
_TINY = 1e-12
_PATIENCE = 4  # checkpoints without improvement


class Training(NamedTuple):
    """What `train_wgan` found."""

    critic: nn.Module
    """On the CPU, in evaluation mode."""
    steps: list
    """Figures of each iteration, as a dict; of the one that diverged too."""
    problem: str | None
    """Why it was stopped, if it diverged."""


class PlainStart:
    """Nothing but the mean of all spectra: the start of a plain network."""

    def __init__(self, X, codes):
        self._means = np.repeat(X.mean(axis=0)[None], codes.max() + 1, axis=0)

    def draw(self, codes, rng):
        """Return no scores and an offset of 0."""
        return np.zeros((len(codes), 0)), np.zeros((len(codes), self._means.shape[1]))

    def means(self):
        """Return the same mean for all classes, (n_classes, n_points)."""
        return self._means

    def loadings(self):
        """Return no loadings, (n_classes, 0, n_points)."""
        return np.zeros((len(self._means), 0, self._means.shape[1]))


@dataclass
class SpectrumModel:
    """A start and the generator trained on it: spectra in, spectra out."""

    start: Bootstrap | PlainStart
    generator: nn.Module
    center: np.ndarray
    scale: float
    latent_dim: int

    @classmethod
    def untrained(cls, start, X, latent_dim):
        """Return a model with new networks, drawn by the generator of torch."""
        center = X.mean(axis=0)
        scale = np.sqrt(np.mean((X - center) ** 2))
        means = _tensor((start.means() - center) / scale)
        loadings = _tensor(start.loadings() / scale)
        generator = Generator(means, loadings, latent_dim).eval()
        return cls(start, generator, center, scale, latent_dim)

    def draw(self, codes, rng, device="cpu"):
        """Draw inputs of the generator, and what is added to its output (scaled)."""
        scores, offset = self.start.draw(codes, rng)
        latent = rng.standard_normal((len(codes), self.latent_dim))
        parts = scores, latent, offset / self.scale
        return [_tensor(part, device) for part in parts]

    def synthesize(self, codes, rng):
        """Return synthetic spectra, (n, n_points), of the classes in `codes`.

        The model is only read, and all randomness comes from `rng`.
        """
        device = self.generator.means.device
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            scores, latent, offset = self.draw(codes, rng, device)
            codes = torch.tensor(codes, device=device)
            spectra = self.generator(scores, latent, codes) + offset
        return spectra.cpu().double().numpy() * self.scale + self.center


def _tensor(values, device="cpu"):
    return torch.tensor(values, dtype=torch.float32, device=device)


def adam(network, settings):
    """Return the optimizer of the generator or of the critic."""
    return torch.optim.Adam(network.parameters(), lr=settings.lr, betas=settings.betas)


def train_wgan(
    model,
    X,
    codes,
    settings,
    seed,
    *,
    n_iter,
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
    settings : WGANGP
        Its parameters are read.
    seed : int
    n_iter : int
        Generator steps; `settings.max_iter` sets the pace at which `lr` falls.
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
    Training
    """
    rng = np.random.RandomState(seed)
    device = torch.device(settings.device)
    steps, problem = [], None
    with isolated_randomness(seed, device):
        n_classes = len(model.generator.means)
        average = model.generator.to(device)
        generator = copy.deepcopy(average)
        critic = make_critic(n_classes, X.shape[1]).to(device)
        optimizers = [make_optimizer(net, settings) for net in (generator, critic)]
        real = _tensor((X - model.center) / model.scale, device)
        feed = _Feed(model, real, codes, settings.batch_size, rng)
        watch = _Watch(real.abs().max().item(), settings)
        for iteration in range(1, n_iter + 1):
            _set_rate(optimizers, settings, iteration)
            steps.append(_step(generator, critic, optimizers, feed, settings))
            if problem := watch.problem(steps[-1]):
                break
            _move_average(average, generator, settings.ema, iteration)
            if judge is not None and judge(iteration, model):
                break
    average.to("cpu")
    return Training(critic.to("cpu").eval(), steps, problem)


class _Feed:
    """Batches of real spectra, and starts of synthetic ones of the same classes."""

    def __init__(self, model, real, codes, batch_size, rng):
        n_classes = len(model.generator.means)
        self.per_class = max(_POOL // n_classes, 32)
        pool = np.repeat(np.arange(n_classes), self.per_class)
        self.starts = model.draw(pool, rng, real.device)
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
        real = self.real[torch.tensor(rows, device=self.real.device)]
        return real, codes, (scores, latent, codes), offset


class _Watch:
    """Notices a critic without bound, and output out of range, while it happens."""

    def __init__(self, real_range, settings):
        self.largest_range = _LARGEST_RANGE * real_range
        self.gp_target = settings.gp_target
        self.gp_weight = max(settings.gp_weight, 1.0)
        self.excess = 0.0

    def problem(self, record):
        """Say what is out of bounds in a step, or on average over the last ten."""
        distance = max(record["distance"], 1e-12)
        slope = self.gp_target + distance / (2 * self.gp_weight)
        excess = abs(record["wasserstein"]) / (slope * distance)
        self.excess += 0.1 * (excess - self.excess)
        if not (self.excess < _LARGEST_ADVANTAGE and record["penalty"] < np.inf):
            return "the critic's loss grows without bound"
        if not record["range"] < self.largest_range:
            return "synthetic spectra leave the range of the real ones"
        return None


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


def hold_out(codes, fraction, rng):
    """Choose a share of each class, one at least; none of classes below 3 spectra.

    Parameters
    ----------
    codes : ndarray of shape (n_spectra,), int
    fraction : float
    rng : RandomState

    Returns
    -------
    ndarray of shape (n_spectra,), bool
    """
    held_out = np.zeros(len(codes), dtype=bool)
    for code in np.unique(codes):
        rows = rng.permutation(np.flatnonzero(codes == code))
        if len(rows) >= _FEWEST:
            held_out[rows[: max(1, round(fraction * len(rows)))]] = True
    return held_out


def energy_scores(real, synthetic):
    """Return how well a set of synthetic spectra predicts each real one.

    The energy score E|Y - x| - E|Y - Y'| / 2 (Gneiting and Raftery 2007, eq. 22) is
    lowest, on average, for a set with the distribution of the real spectra. A set that
    is too narrow, too wide or in the wrong place scores higher.

    Parameters
    ----------
    real : ndarray of shape (n_real, n_points)
    synthetic : ndarray of shape (n_synthetic, n_points)

    Returns
    -------
    ndarray of shape (n_real,)
    """
    # Distances lose digits far from 0: a bright background would take all of them.
    center = synthetic.mean(axis=0)
    real, synthetic = real - center, synthetic - center
    n = len(synthetic)
    spread = pairwise_distances(synthetic).sum() / (n * (n - 1))
    return pairwise_distances(real, synthetic).mean(axis=1) - spread / 2


class Judge:
    """Judges a model while it trains, and names the best iteration.

    The measure is the energy score of the held-out spectra: of their intensities and of
    their first differences (bands), each relative to that of the start. A later
    iteration is preferred to the start only if it is better by more than two standard
    errors of the paired difference, and if its noise is within 10 % of that of the
    held-out spectra, or nearer to it than that of the start.

    Parameters
    ----------
    X : ndarray of shape (n_held_out, n_points)
    codes : ndarray of shape (n_held_out,), int
    model : SpectrumModel
        The start.
    seed : int
        Every comparison uses the same random draws; only the generator differs.
    settings : WGANGP
        Its parameters are read. Without a warm start, noise is not judged.
    """

    def __init__(self, X, codes, model, seed, settings):
        self.X, self.codes, self.seed = X, codes, seed
        self.every = max(1, round(settings.max_iter / _N_CHECKPOINTS))
        self.settings = settings
        self.history = {"iteration": [], "held_out_score": [], "noise_ratio": []}
        scores, noise = self._measure(model)
        self._unit = np.where(scores.mean(axis=0) > 0, scores.mean(axis=0), 1.0)
        self._start = (scores / self._unit).mean(axis=1)
        self._tolerance = max(np.log(_NOISE_TOLERANCE), abs(np.log(noise)))
        self._best, self.best_iter, self._waited = self._start.mean(), 0, 0
        self._note(0, self._best, noise)

    def __call__(self, iteration, model):
        """Judge a model now and then; return True when it is time to stop."""
        if iteration % self.every:
            return False
        scores, noise = self._measure(model)
        scores = (scores / self._unit).mean(axis=1)
        self._note(iteration, scores.mean(), noise)
        gain = self._start - scores
        error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.inf
        plain = self.settings.warm_start_components == 0
        quiet = plain or abs(np.log(noise)) <= self._tolerance
        if quiet and scores.mean() < self._best and gain.mean() > 2 * error:
            self._best, self.best_iter, self._waited = scores.mean(), iteration, 0
        else:
            self._waited += 1
        return self._waited >= _PATIENCE

    def _measure(self, model):
        """Return scores, (n_held_out, 2), and the ratio of noise."""
        rng = np.random.RandomState(self.seed)
        scores, ratios = np.empty((len(self.X), 2)), []
        for code in np.unique(self.codes):
            rows = self.codes == code
            real = self.X[rows]
            synthetic = model.synthesize(np.full(_SYNTHETIC, code), rng)
            scores[rows, 0] = energy_scores(real, synthetic)
            scores[rows, 1] = energy_scores(_slopes(real), _slopes(synthetic))
            level, wanted = (np.median(white_noise_level(s)) for s in (synthetic, real))
            ratios.append(max(level / wanted, _TINY) if wanted > 0 else 1.0)
        return scores, float(np.exp(np.mean(np.log(ratios))))

    def _note(self, iteration, score, noise):
        for name, value in zip(self.history, (iteration, score, noise), strict=True):
            self.history[name].append(value)
        if self.settings.verbose:
            print(
                f"[WGANGP] iteration {iteration}: held-out score {score:.4f}, "
                f"noise ratio {noise:.3f}"
            )


def _slopes(spectra):
    return np.diff(spectra, axis=1, prepend=spectra[:, :1])
