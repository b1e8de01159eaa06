"""WGANGP: synthetic spectra by an adversarially trained generator."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklearn_raman._utils._sklearn import HasMethods, Interval, StrOptions
from sklearn_raman._utils._torch import (
    default_torch,
    isolated_randomness,
    limited_threads,
    usable_device,
)
from sklearn_raman._utils._typing import RandomState
from sklearn_raman.over_sampling._base import SpectrumSampler, vary
from sklearn_raman.over_sampling._wgan_training import (
    Judge,
    SpectrumModel,
    hold_out,
    train_wgan,
)

# Iterations with all spectra, after the choice: best_iter_ divided by this.
_PART_WITH_ALL = 4


class WGANGP(SpectrumSampler):
    """Over-sample classes with spectra of a generative adversarial network.

    A generator makes spectra; a critic learns to tell them from real ones of the same
    class; each improves on the other's mistakes: a Wasserstein GAN with gradient
    penalty [1]_. One pair of networks serves all classes. It is always trained, from
    random weights (`start=None`) or from the spectra of another sampler, which it then
    refines. Held-out spectra decide which iteration is kept.

    The generator makes smooth spectra, and noise made of what smoothing takes away from
    real ones is added (`noise="residual"`). It works on a grid of splines with small
    fully connected networks, quicker than convolutions over the points
    (``paper_settings("wgan_gp")``), so that it can take the thousands of steps that it
    needs. With 100 to 200 spectra of 1000 points a fit takes 100 s of one CPU core;
    :class:`SpectrumBootstrap` takes 0.1 s, and its spectra are better.

    Cosmic spikes are learned like bands: remove them first
    (:class:`~sklearn_raman.preprocessing.Despiker`).

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes to over-sample, and to what size, as in all of
        imbalanced-learn. "auto": all but the largest, up to its size.
    start : sampler or None, default=None
        None trains from random weights. A sampler with `fit` and
        `sample(n_samples, label, random_state)`, such as ``SpectrumBootstrap()``: a
        copy is fitted, and the generator learns what to add to its spectra, nothing at
        first. It is kept as it is unless held-out spectra show that training improves
        it.
    noise : {"residual"} or None, default="residual"
        "residual": the generator learns smooth spectra (Wiener filter), and noise
        pieced together from the residuals of the class is added. None: the generator
        learns the spectra as they are, noise and all, as the poster's does of spectra
        that were smoothed before. A `start` brings its own noise.
    network : {"spline", "convolutional"}, default="spline"
        "spline": fully connected networks on coefficients of cubic splines, one for
        every two points, less the mean of the class. A class varies in the directions
        in which its real spectra vary, at most 64. "convolutional": transposed
        convolutions and a convolutional critic on the points themselves, as in the
        poster.
    latent_dim : int, default=32
        Random inputs of the generator.
    n_critic : int, default=3
        Critic steps per generator step.
    gp_weight : float, default=10.0
        Weight of the gradient penalty.
    gp_target : float, default=1.0
        The slope that the penalty asks of the critic: k in
        `gp_weight * mean((norm - k)**2)`. Ignored with `gp_weight=0`.
    lr : float, default=1e-3
        First learning rate of both Adam optimizers; it falls to a twentieth.
    betas : tuple (float, float), default=(0.0, 0.9)
        Of both optimizers, each from 0 to below 1.
    max_iter : int, default=4500
        Generator steps at most.
    batch_size : int, default=128
        Real and synthetic spectra per step, as many of each class; at most 65,536.
    ema : float, default=0.998
        Decay of the moving average over generator steps, which is what is kept.
    validation_fraction : float or None, default=0.2
        Share of each class with 3 spectra or more (one spectrum at least; two are left)
        that is held out while ten iterations are compared. The best one then sees all
        spectra, for a fourth as many iterations. None keeps the last iteration,
        unjudged. If no class has 3 spectra, nothing can be judged: a start is kept, and
        without one the network is trained to the end.
    device : str, default="cpu"
        torch device for training. The fitted networks are on the CPU.
    random_state : int, RandomState instance or None, default=None
        Controls all randomness: same seed, same spectra.
    verbose : int, default=0
        1 shows a progress bar and prints the judgment of each checkpoint.

    Attributes
    ----------
    generator_, critic_ : torch.nn.Module
        The networks. Their spectra are coefficients, centered and scaled; use
        :meth:`sample`. `critic_` is None if the start was kept.
    start_ : sampler or None
        The fitted start.
    history_ : dict of ndarray
        "wasserstein" (the critic's estimate of the distance) and "penalty" of each
        iteration. If spectra were held out, "iteration", "held_out_score" (lower is
        better; iteration 0 has 1) and "noise_ratio" (synthetic to held-out) of each
        checkpoint.
    best_iter_ : int
        The iteration kept; 0, only with a start, is the start.
    n_iter_ : int
        Iterations run before the choice.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    sampling_strategy_ : dict
        Number of spectra to make, by class.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    ValueError
        If X holds NaN or infinity, no class has two different spectra, pairs have
        different axes, the labels of the columns are no axis, or training diverges
        before there is anything to return. After a failed fit the sampler is as it was
        before.

    Warns
    -----
    ConvergenceWarning
        If a start is kept as it is. If training diverges (the critic's advantage
        exceeds what its slope allows, or spectra leave the range of real ones); what
        was best before is kept.
    UserWarning
        If a class to over-sample has a single spectrum.

    See Also
    --------
    SpectrumBootstrap : Quicker, and better.
    synthesis_report : How good a set of synthetic spectra is.

    Notes
    -----
    Spectra of one crystal or patient may be on both sides of the split of
    `validation_fraction`. They must not be on both sides of yours: over-sample within
    the training part, as a Pipeline does.

    A column that is constant in X stays constant. Integer spectra come back as float,
    in a frame too. Frames come back as the kind of frame they are (pandas, polars),
    with their column labels, and pairs as pairs.

    References
    ----------
    .. [1] Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017.

    Examples
    --------
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> from sklearn_raman.over_sampling import WGANGP
    >>> X, y = make_raman_spectra(
    ...     60, weights=[0.8, 0.2], wavenumbers=(400, 1000, 2), random_state=0
    ... )
    >>> sampler = WGANGP(max_iter=20, random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> X_resampled.shape, (y_resampled == 1).sum().item()
    ((96, 301), 48)
    >>> sampler.sample(5, label=1, random_state=0).shape
    (5, 301)
    """

    _parameter_constraints: dict = {
        **SpectrumSampler._parameter_constraints,
        "start": [HasMethods(["fit", "sample"]), None],
        "noise": [StrOptions({"residual"}), None],
        "network": [StrOptions({"spline", "convolutional"})],
        "latent_dim": [Interval(Integral, 1, None, closed="left")],
        "n_critic": [Interval(Integral, 1, None, closed="left")],
        "gp_weight": [Interval(Real, 0, None, closed="left")],
        "gp_target": [Interval(Real, 0, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "betas": [tuple],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, 2**16, closed="both")],
        "ema": [Interval(Real, 0, 1, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "device": [str],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        sampling_strategy: float
        | Literal["auto", "all", "minority", "not minority", "not majority"]
        | Mapping[Any, int]
        | Callable[..., Any] = "auto",
        start: Any = None,
        noise: Literal["residual"] | None = "residual",
        network: Literal["spline", "convolutional"] = "spline",
        latent_dim: int = 32,
        n_critic: int = 3,
        gp_weight: float = 10.0,
        gp_target: float = 1.0,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.0, 0.9),
        max_iter: int = 4500,
        batch_size: int = 128,
        ema: float = 0.998,
        validation_fraction: float | None = 0.2,
        device: str = "cpu",
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.start = start
        self.noise = noise
        self.network = network
        self.latent_dim = latent_dim
        self.n_critic = n_critic
        self.gp_weight = gp_weight
        self.gp_target = gp_target
        self.lr = lr
        self.betas = betas
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.ema = ema
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _fit_resample(self, X, y):
        with limited_threads(1):
            return super()._fit_resample(X, y)

    def _draw(self, code, n_samples, rng):
        return self._model.synthesize(code, n_samples, rng)

    def _fit_spectra(self, X, codes, rng):
        with default_torch():
            problem = self._fit_model(X, codes, rng)
        self._report(problem)

    def _fit_model(self, X, codes, rng):
        """Choose an iteration with held-out spectra, then go on with all spectra.

        Returns why training diverged, or None.
        """
        seeds = {k: rng.randint(2**31 - 1) for k in ("split", "net", "train", "judge")}
        held_out = self._hold_out(X, codes, seeds["split"])
        if held_out is None:
            model, start = self._untrained(X, codes, seeds["net"])
            n_iter = self.max_iter
            if self.validation_fraction is not None and start is not None:
                n_iter = 0  # nothing can be judged
            first = train_wgan(model, self, seeds["train"], n_iter=n_iter)
            best_iter, history = 0 if first.problem else n_iter, {}
            critic, problem = first.critic if best_iter else None, first.problem
            if problem:
                model, start = self._untrained(X, codes, seeds["net"])
        else:
            judged, _ = self._untrained(X[~held_out], codes[~held_out], seeds["net"])
            judge = Judge(X[held_out], codes[held_out], judged, seeds["judge"], self)
            first = train_wgan(
                judged, self, seeds["train"], n_iter=self.max_iter, judge=judge
            )
            best_iter, problem = judge.best_iter, first.problem
            history = {name: np.array(v) for name, v in judge.history.items()}
            model, start = self._untrained(X, codes, seeds["net"], judged.scale)
            critic = None
            if best_iter:
                critic = self._go_on(model, first.best, seeds["train"], best_iter)
        if best_iter == 0 and self.start is None:
            raise ValueError(
                f"WGANGP diverged before it made usable spectra: {problem}. Use a "
                "smaller lr, or a gp_weight near 10."
            )
        for name in ("wasserstein", "penalty"):
            history[name] = np.array([step[name] for step in first.steps])
        self.best_iter_, self.n_iter_ = best_iter, len(first.steps)
        self.history_, self.start_ = history, start
        model.critic = critic
        self._model = model
        return problem

    @property
    def generator_(self) -> Any:
        """The network that makes spectra."""
        return self._model.generator

    @property
    def critic_(self) -> Any:
        """The network that tells them from real ones, or None."""
        return self._model.critic

    def _hold_out(self, X, codes, seed):
        """Return which spectra judge, or None where none can."""
        if self.validation_fraction is None:
            return None
        rng = np.random.RandomState(seed)
        held_out = hold_out(codes, self.validation_fraction, rng)
        return held_out if held_out.any() and vary(X[~held_out]) else None

    def _go_on(self, model, best, seed, best_iter):
        """Show all spectra to the networks chosen; return the critic."""
        n_iter = -(-best_iter // _PART_WITH_ALL)
        trained = tuple(copy.deepcopy(net) for net in best)
        final = train_wgan(
            model, self, seed, n_iter=n_iter, trained=trained, name="WGANGP, all"
        )
        if not final.problem:
            return final.critic
        model.generator, _, critic = (net.eval() for net in best)
        return critic

    def _untrained(self, X, codes, seed, scale=None):
        """Return an untrained model, and its fitted start."""
        start = draw_start = None
        if self.start is not None:
            start = clone(self.start)
            start.set_params(sampling_strategy="auto", random_state=seed)
            start.fit(np.ldexp(X, self._exponent), self.classes_[codes])
            draw_start = _StartDraw(start, self.classes_, self._exponent)
        with isolated_randomness(seed):
            model = SpectrumModel(
                X,
                codes,
                network=self.network,
                noise=self.noise is not None,
                latent_dim=self.latent_dim,
                draw_start=draw_start,
                scale=scale,
            )
        return model, start

    def _check_settings(self):
        """Refuse values that otherwise only torch would notice, during training."""
        allowed = Interval(Real, 0, 1, closed="left")
        if len(self.betas) != 2 or not all(map(allowed.is_satisfied_by, self.betas)):
            raise ValueError(
                f"betas={self.betas!r} must be two numbers from 0 to below 1."
            )
        usable_device(self.device)

    def _report(self, problem):
        """Warn of divergence, and of a start that training did not improve."""
        message = ""
        if problem:
            message = (
                f"WGANGP diverged: {problem}. Iteration {self.best_iter_} is kept (0 "
                "is the start). Use a smaller lr or a gp_weight near 10. "
            )
        if self.best_iter_ == 0:
            name = type(self.start).__name__
            message += (
                f"WGANGP kept its start: training improved nothing that held-out "
                f"spectra show. {name} alone gives such spectra, at least 20 times as "
                "quickly."
            )
        if message:
            warnings.warn(message.strip(), ConvergenceWarning, stacklevel=2)

    def _single_source(self):
        return None if self.start is not None else "noise alone"


class _StartDraw:
    """Draws from a fitted start, in units of the model."""

    def __init__(self, start, classes, exponent):
        self.start, self.classes, self.exponent = start, classes, exponent

    def __call__(self, code, n_samples, rng):
        drawn = self.start.sample(n_samples, self.classes[code], random_state=rng)
        return np.ldexp(np.asarray(drawn, dtype=np.float64), -self.exponent)
