"""Training of WGANGP: what the networks see, the adversarial loop, and the judge."""

import copy
import sys
from typing import NamedTuple

import numpy as np
import torch
from scipy.interpolate import BSpline
from scipy.linalg import cho_solve_banded, cholesky_banded
from sklearn.metrics import pairwise_distances
from torch import nn
from tqdm import tqdm

from sklearn_raman._utils._progress import progress_bar
from sklearn_raman._utils._torch import (
    default_torch,
    full_precision,
    isolated_randomness,
)
from sklearn_raman.over_sampling._noise import (
    balanced_rows,
    resample_residuals,
    white_noise_level,
    wiener_filter,
)
from sklearn_raman.over_sampling._wgan_networks import NETWORKS, gradient_penalty

_POINTS_PER_KNOT = 2
_RIDGE = 1e-10
_SMALLEST_SCALE = 0.1  # of a value, relative to the rms of all
_MOST_DIRECTIONS = 64  # of a class
_SMALLEST_SPREAD = 1e-6  # relative to that in the first direction
_LARGEST_NOISE_FACTOR = 1.3
_STEP = 0.3  # of the real spectra that the critic sees, relative to their spread
_POOL = 2048  # prepared draws of noise and of the start, over all classes

# A critic of slope s tells real from synthetic by at most s times their distance d, and
# s d - gp_weight (s - k)^2 is largest at s = k + d / (2 gp_weight). If a running mean
# of the advantage is above this many times s d, the penalty does not hold the critic.
_LARGEST_ADVANTAGE = 3.0
_LARGEST_RANGE = 5.0  # of synthetic spectra, relative to real ones
# Relative to the first learning rate; the last one is reached in a straight line.
_FINAL_LR, _RESUMED_LR = 0.05, 0.2

_FEWEST = 3  # spectra of a class that can spare one
_SYNTHETIC = 100  # per class, to compare the held-out spectra with
_SCORE_TOLERANCE = 1.02  # ratio of scores, to the lowest
_NOISE_TOLERANCE = 1.1  # ratio of noise, synthetic to real
_N_CHECKPOINTS = 10
_TINY = 1e-12
_PATIENCE = 4  # checkpoints without improvement on a start


class Training(NamedTuple):
    """What `train_wgan` found."""

    critic: nn.Module
    """On the CPU, in evaluation mode."""
    best: tuple | None
    """Copies of moving average, generator and critic at the judge's best iteration."""
    steps: list
    """Figures of each iteration, as a dict; of the one that diverged too."""
    problem: str | None
    """Why it was stopped, if it diverged."""


class SpectrumModel:
    """A generator, and all that turns its values into spectra.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
    codes : ndarray of shape (n_spectra,), int
        Every class has a spectrum.
    network : {"spline", "convolutional"}
        "spline" sees coefficients of cubic splines, one for every two points, less the
        mean of the class, each over its spread within classes. "convolutional" sees the
        points, less the mean of all spectra, over one number.
    noise : bool
        Whether the generator learns smooth spectra, and noise made of what is left of
        the real ones is added to its own.
    latent_dim : int
    draw_start : callable or None
        `draw_start(code, n_samples, rng)` returns spectra of a start; they bring their
        noise.
    scale : ndarray of shape (n_values,) or None
        Spread of the values, if another model has found it.
    """

    def __init__(
        self, X, codes, *, network, noise, latent_dim, draw_start=None, scale=None
    ):
        self.draw_start, self.latent_dim = draw_start, latent_dim
        n_classes = codes.max() + 1
        smooth, residuals = _split(X) if noise else (X, np.zeros_like(X))
        self.levels = np.sqrt(np.mean(residuals**2, axis=1))
        unit = np.where(self.levels > 0, self.levels, 1.0)
        self.residuals = residuals / unit[:, None]
        self.noise, self.codes = noise, codes

        self.splines = _Splines(X.shape[1]) if network == "spline" else None
        values = self._values(smooth)
        if network == "spline":
            center = np.stack([values[codes == c].mean(0) for c in range(n_classes)])
            power = np.mean((values - center[codes]) ** 2, axis=0)
            found = np.sqrt(power) + _SMALLEST_SCALE * np.sqrt(power.mean())
        else:
            center = np.repeat(values.mean(axis=0)[None], n_classes, axis=0)
            found = np.sqrt(np.mean((values - center[0]) ** 2))
            found = np.full(values.shape[1], found)
        found = np.where(found > 0, found, 1.0)
        self.center, self.scale = center, found if scale is None else scale
        self.real = (values - center[codes]) / self.scale
        self.make_critic = NETWORKS[network][1]
        directions = _directions(self.real, codes) if self.splines else None
        self.generator = self._make_generator(directions)
        self.critic = None  # of the trained model

    def _make_generator(self, directions):
        """Return a new generator; `directions` are None for one of convolutions."""
        make = NETWORKS["spline" if self.splines else "convolutional"][0]
        own = {"directions": directions} if self.splines else {}
        from_start = self.draw_start is not None
        return make(*self.center.shape, self.latent_dim, from_start, **own).eval()

    def __getstate__(self):
        """Return the networks as arrays: skops knows no tensors."""
        networks = {"generator": self.generator, "critic": self.critic}
        return self.__dict__ | {
            name: {k: v.cpu().numpy() for k, v in network.state_dict().items()}
            for name, network in networks.items()
            if network is not None
        }

    def __setstate__(self, state):
        self.__dict__.update(state)
        with default_torch(), isolated_randomness(0):
            arrays = {key: torch.tensor(v) for key, v in state["generator"].items()}
            self.generator = self._make_generator(arrays.get("directions"))
            self.generator.load_state_dict(arrays)
            if self.critic is not None:
                arrays = {key: torch.tensor(v) for key, v in state["critic"].items()}
                self.critic = self.make_critic(*self.center.shape).eval()
                self.critic.load_state_dict(arrays)

    def draw_noise(self, code, n_samples, rng, values=None):
        """Return new noise (n_samples, n_points), at the level of a real spectrum.

        Noise grows with intensity: that of given `values` has the level of the nearest
        real spectrum; otherwise a spectrum is drawn.
        """
        rows = np.flatnonzero(self.codes == code)
        if values is None:
            parents = rng.choice(rows, n_samples)
        elif n_samples:
            parents = rows[_nearest(values, self.real[rows])]
        else:
            parents = rows[:0]
        drawn = resample_residuals(self.residuals[rows], n_samples, rng)
        return drawn * self.levels[parents, None]

    def pools(self, n_each, rng):
        """Return real spectra, noise and starts as the networks see them.

        Returns
        -------
        real : list of ndarray of shape (n_real, n_values)
            Smooth, if noise is added; each moved a little toward others of its class.
        noise : ndarray of shape (n_classes, n_each, n_values), or None
        starts : ndarray of shape (n_classes, n_each, n_values), or None
        """
        classes = range(len(self.center))
        real = [_moved(self.real[self.codes == c], n_each, rng) for c in classes]
        noise = starts = None
        if self.noise:
            drawn = [self.draw_noise(c, n_each, rng) for c in classes]
            noise = np.stack([self._values(part) / self.scale for part in drawn])
        if self.draw_start is not None:
            drawn = [self.draw_start(c, n_each, rng) for c in classes]
            starts = np.stack([self._scaled(s, c) for c, s in enumerate(drawn)])
        return real, noise, starts

    def synthesize(self, code, n_samples, rng):
        """Return synthetic spectra of a class, (n_samples, n_points).

        The model is only read, and all randomness comes from `rng`.
        """
        started = self.draw_start is not None
        latent = rng.standard_normal((1, n_samples, self.latent_dim))
        spectra = self.draw_start(code, n_samples, rng) if started else None
        base = self._scaled(spectra, code)[None] if started else None
        device = next(self.generator.parameters()).device
        with torch.no_grad(), full_precision():
            base = None if base is None else as_tensor(base, device)
            groups = torch.tensor([code], device=device)
            values = self.generator(as_tensor(latent, device), groups, base)
            values = values if base is None else values - base
        values = values[0].cpu().double().numpy()
        made = values * self.scale
        if not started:
            made = made + self.center[code]
        made = made if self.splines is None else self.splines.spectra(made)
        if started:
            return spectra + made
        if self.noise:
            made = made + self.draw_noise(code, n_samples, rng, values)
        return made

    def _values(self, spectra):
        return spectra if self.splines is None else self.splines.coefficients(spectra)

    def _scaled(self, spectra, code):
        return (self._values(spectra) - self.center[code]) / self.scale


def _split(X):
    """Split spectra into smooth parts and residuals with as much noise as they have."""
    level = white_noise_level(X)
    smooth = wiener_filter(X, level[:, None] ** 2)[0]
    residuals = X - smooth
    have = np.median(white_noise_level(residuals))
    factor = np.median(level) / have if have > 0 else 1.0
    return smooth, residuals * np.clip(factor, 1.0, _LARGEST_NOISE_FACTOR)


class _Splines:
    """Cubic B-splines, one for every two points, and their coefficients."""

    def __init__(self, n_points):
        n_pieces = max(1, -(-(n_points - 1) // _POINTS_PER_KNOT))
        end = max(n_points - 1, 1)
        knots = np.r_[[0] * 3, np.linspace(0, end, n_pieces + 1), [end] * 3]
        points = np.clip(np.arange(n_points), 0, end * (1 - 1e-12))
        self._basis = BSpline.design_matrix(points, knots, 3)
        gram = (self._basis.T @ self._basis).todia()
        bands = [np.pad(gram.diagonal(-k), (0, k)) for k in range(4)]
        bands[0] += _RIDGE  # a few points have more splines than points
        self._factor = cholesky_banded(np.array(bands), lower=True)

    def coefficients(self, spectra):
        """Return coefficients, (n, n_splines), by least squares."""
        moments = self._basis.T @ spectra.T
        return np.ascontiguousarray(cho_solve_banded((self._factor, True), moments).T)

    def spectra(self, coefficients):
        """Return spectra, (n, n_points)."""
        return np.ascontiguousarray((self._basis @ coefficients.T).T)


def _directions(values, codes):
    """Return the principal directions of each class, for `SplineGenerator`."""
    found = []
    for code in range(codes.max() + 1):
        rows = values[codes == code]
        _, singular, directions = np.linalg.svd(rows, full_matrices=False)
        spread = singular[:_MOST_DIRECTIONS] / np.sqrt(len(rows))
        spread[spread <= _SMALLEST_SPREAD * spread[0]] = 0.0
        found.append(np.sqrt(spread)[:, None] * directions[:_MOST_DIRECTIONS])
    most = max(map(len, found))
    padded = [np.pad(part, ((0, most - len(part)), (0, 0))) for part in found]
    return as_tensor(np.stack(padded))


def _moved(rows, n_each, rng):
    """Return real rows with a random step, or as they are where they are too few.

    A smoothed bootstrap with the covariance of the rows, whose variance stays. A critic
    that sees the same few rows again and again teaches the generator to repeat them.
    """
    size = len(rows)
    if size < _FEWEST:
        return rows
    center = rows.mean(axis=0)
    step = rng.standard_normal((n_each, size)) / np.sqrt(size) @ (rows - center)
    parents = rows[balanced_rows(size, n_each, rng)]
    return center + (parents - center + _STEP * step) / np.sqrt(1 + _STEP**2)


def _nearest(values, real):
    """Return the row of the nearest real spectrum of each."""
    return pairwise_distances(values, real).argmin(axis=1)


def as_tensor(values, device="cpu"):
    """Return numbers as a float32 tensor."""
    return torch.tensor(values, dtype=torch.float32, device=device)


def adam(network, settings):
    """Return the optimizer of the generator or of the critic."""
    return torch.optim.Adam(
        network.parameters(), lr=settings.lr, betas=settings.betas, fused=True
    )


def train_wgan(
    model,
    settings,
    seed,
    *,
    n_iter,
    judge=None,
    trained=None,
    make_critic=None,
    make_optimizer=adam,
    name="WGANGP",
):
    """Train the generator of a model in turns with a critic.

    Parameters
    ----------
    model : SpectrumModel
        Its generator is replaced by the moving average of the trained one.
    settings : WGANGP
        Its parameters are read.
    seed : int
    n_iter : int
        Generator steps; the learning rate falls as if they were `settings.max_iter`.
    judge : callable or None
        Called as `judge(iteration, model)` after each step, with the moving average in
        the model; returns True to stop. At its `best_iter` the networks are copied.
    trained : (moving average, generator, critic) or None
        Networks to go on with, at a low learning rate; they are changed.
    make_critic : callable or None
        `make_critic(n_classes, n_values)` returns a new critic; None takes that of the
        model's network.
    make_optimizer : callable
        `make_optimizer(network, settings)` returns a torch optimizer, once for the
        generator and once for the critic.
    name : str
        Of the progress bar, if `settings.verbose`.

    Returns
    -------
    Training
    """
    rng = np.random.RandomState(seed)
    device = torch.device(settings.device)
    steps, problem, best = [], None, None
    with (
        isolated_randomness(seed, device),
        progress_bar(n_iter, settings.verbose, desc=name) as bar,
    ):
        if trained is None:
            average = model.generator.to(device)
            make_critic = make_critic or model.make_critic
            critic = make_critic(*model.center.shape).to(device)
            generator = copy.deepcopy(average).train()
        else:
            average, generator, critic = (net.to(device).train() for net in trained)
            model.generator = average.eval()
        optimizers = [make_optimizer(net, settings) for net in (generator, critic)]
        feed = _Feed(model, settings.batch_size, rng, device)
        watch = _Watch(feed.range, settings)
        for iteration in range(1, n_iter + 1):
            _set_rate(optimizers, settings, iteration, n_iter, trained is not None)
            steps.append(_step(generator, critic, optimizers, feed, settings))
            bar.update()
            if problem := watch.problem(steps[-1]):
                break
            # A random start is forgotten quickly.
            decay = 1.0 if trained is not None else iteration / (iteration + 9)
            _move_average(average, generator, min(settings.ema, decay))
            stop = judge is not None and judge(iteration, model)
            if getattr(judge, "best_iter", 0) == iteration:
                networks = average, generator, critic
                best = tuple(copy.deepcopy(net).to("cpu") for net in networks)
            if stop:
                break
    average.to("cpu")
    return Training(critic.to("cpu").eval(), best, steps, problem)


class _Feed:
    """Batches with as many spectra of each class, real ones and synthetic ones."""

    def __init__(self, model, batch_size, rng, device):
        n_classes = len(model.center)
        self.n_each = max(_POOL // n_classes, 64)
        real, noise, starts = model.pools(self.n_each, rng)
        self.sizes = torch.tensor([[len(rows)] for rows in real], device=device)
        largest = max(map(len, real))
        padded = [np.pad(rows, ((0, largest - len(rows)), (0, 0))) for rows in real]
        self.real = as_tensor(np.stack(padded), device)
        self.noise = None if noise is None else as_tensor(noise, device)
        self.starts = None if starts is None else as_tensor(starts, device)
        self.range = self.real.abs().max().item()
        if noise is not None:
            self.range += self.noise.abs().max().item()
        self.latent_dim, self.device = model.latent_dim, device
        self.shape = n_classes, max(1, batch_size // n_classes)
        self.groups = torch.arange(n_classes, device=device)
        self.codes = self.groups.repeat_interleave(self.shape[1])

    def batch(self):
        """Return real spectra, (n, n_values), with new noise."""
        share = torch.rand(self.shape, device=self.device)
        return self._with_noise(self.real[self.groups[:, None], self._rows(share)])

    def fake(self, generator):
        """Return as many synthetic ones, with noise of their own."""
        latent = torch.randn(*self.shape, self.latent_dim, device=self.device)
        base = None if self.starts is None else self._pick(self.starts)
        made = generator(latent, self.groups, base)
        return made.flatten(0, 1) if base is not None else self._with_noise(made)

    def _rows(self, share):
        # In float32 the share may round to 1.
        return torch.minimum((share * self.sizes).long(), self.sizes - 1)

    def _pick(self, pool):
        rows = torch.randint(self.n_each, self.shape, device=self.device)
        return pool[self.groups[:, None], rows]

    def _with_noise(self, values):
        values = values if self.noise is None else values + self._pick(self.noise)
        return values.flatten(0, 1)


def _step(generator, critic, optimizers, feed, settings):
    """Take `n_critic` steps of the critic and one of the generator; return figures."""
    generator_optimizer, critic_optimizer = optimizers
    codes = feed.codes
    both = codes.repeat(2)
    for _ in range(settings.n_critic):
        real = feed.batch()
        with torch.no_grad():
            fake = feed.fake(generator)
        scores = critic(torch.cat([real, fake]), both)
        advantage = scores[: len(real)].mean() - scores[len(real) :].mean()
        penalty = gradient_penalty(critic, real, fake, codes, settings.gp_target)
        critic_optimizer.zero_grad()
        (settings.gp_weight * penalty - advantage).backward()
        critic_optimizer.step()
    generator_optimizer.zero_grad()
    (-critic(feed.fake(generator), codes).mean()).backward()
    generator_optimizer.step()
    return {
        "wasserstein": advantage.item(),
        "penalty": penalty.item(),
        "distance": (real - fake).norm(dim=1).mean().item(),
        "range": fake.abs().max().item(),
    }


def _set_rate(optimizers, settings, iteration, n_iter, resumed):
    if resumed:
        done, first = (iteration - 1) / n_iter, _RESUMED_LR
    else:
        done, first = (iteration - 1) / settings.max_iter, 1.0
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = settings.lr * (first - (first - _FINAL_LR) * done)


def _move_average(average, current, decay):
    """Move the average of the weights over steps, exponentially."""
    old, new = list(average.parameters()), list(current.parameters())
    with torch.no_grad():
        torch._foreach_lerp_(old, new, 1 - decay)


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


def hold_out(codes, fraction, rng):
    """Choose a share of each class, one at least; none of classes below 3 spectra.

    Two at least are left: of one alone it is not known how the class varies.

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
            wanted = max(1, round(fraction * len(rows)))
            held_out[rows[: min(wanted, len(rows) - 2)]] = True
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
    their first differences (bands), each relative to that of iteration 0. Without a
    start the latest iteration wins whose score is within 2 % of the lowest: training
    goes on to improve what the score hardly sees. Iteration 0, a random network, is no
    candidate. With a start, a later iteration is preferred only if it is better than
    the start by more than two standard errors, and if its noise is within 10 % of that
    of the held-out spectra, or nearer to it than that of the start.

    Parameters
    ----------
    X : ndarray of shape (n_held_out, n_points)
    codes : ndarray of shape (n_held_out,), int
    model : SpectrumModel
        Untrained.
    seed : int
        Every comparison uses the same random draws; only the generator differs.
    settings : WGANGP
        Its parameters are read.
    """

    def __init__(self, X, codes, model, seed, settings):
        self.X, self.codes, self.seed = X, codes, seed
        self.every = max(1, round(settings.max_iter / _N_CHECKPOINTS))
        self.settings, self.started = settings, model.draw_start is not None
        self.history = {"iteration": [], "held_out_score": [], "noise_ratio": []}
        scores, noise = self._measure(model)
        self._unit = np.where(scores.mean(axis=0) > 0, scores.mean(axis=0), 1.0)
        self._start = (scores / self._unit).mean(axis=1)
        self._tolerance = max(np.log(_NOISE_TOLERANCE), abs(np.log(noise)))
        self._best = self._start if self.started else None
        self.best_iter, self._waited = 0, 0
        self._note(0, self._start.mean(), noise)

    def __call__(self, iteration, model):
        """Judge a model now and then; return True when it is time to stop."""
        if iteration % self.every and iteration != self.settings.max_iter:
            return False
        scores, noise = self._measure(model)
        scores = (scores / self._unit).mean(axis=1)
        self._note(iteration, scores.mean(), noise)
        best = self._best
        if best is None or scores.mean() < best.mean():
            self._best = scores
        if best is None or self._is_preferred(scores, noise, best):
            self.best_iter, self._waited = iteration, 0
        else:
            self._waited += 1
        return self.started and self._waited >= _PATIENCE

    def _is_preferred(self, scores, noise, best):
        """Compare an iteration with the best so far."""
        if not self.started:
            return scores.mean() <= _SCORE_TOLERANCE * best.mean()
        gain = self._start - scores
        quiet = abs(np.log(noise)) <= self._tolerance
        clear = gain.mean() > 2 * _standard_error(gain)
        return quiet and clear and scores.mean() < best.mean()

    def _measure(self, model):
        """Return scores, (n_held_out, 2), and the ratio of noise."""
        rng = np.random.RandomState(self.seed)
        scores, ratios = np.empty((len(self.X), 2)), []
        for code in np.unique(self.codes):
            rows = self.codes == code
            real = self.X[rows]
            synthetic = model.synthesize(code, _SYNTHETIC, rng)
            scores[rows, 0] = energy_scores(real, synthetic)
            scores[rows, 1] = energy_scores(_slopes(real), _slopes(synthetic))
            level, wanted = (np.median(white_noise_level(s)) for s in (synthetic, real))
            ratios.append(max(level / wanted, _TINY) if wanted > 0 else 1.0)
        return scores, float(np.exp(np.mean(np.log(ratios))))

    def _note(self, iteration, score, noise):
        for name, value in zip(self.history, (iteration, score, noise), strict=True):
            self.history[name].append(value)
        if self.settings.verbose and sys.stdout is not None:
            tqdm.write(
                f"[WGANGP] iteration {iteration}: held-out score {score:.4f}, "
                f"noise ratio {noise:.3f}"
            )


def _standard_error(gaps):
    return gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else np.inf


def _slopes(spectra):
    return np.diff(spectra, axis=1, prepend=spectra[:, :1])
