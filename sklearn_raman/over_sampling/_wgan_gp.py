"""WGANGP: synthetic spectra by an adversarially trained generator."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import torch
from imblearn.over_sampling.base import BaseOverSampler
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._frames import frame_like, is_frame
from sklearn_raman._utils._ragged import refuse_ragged
from sklearn_raman._utils._sklearn import (
    DocLinkMixin,
    Interval,
    StrOptions,
    validate_params,
)
from sklearn_raman._utils._torch import (
    default_torch,
    isolated_randomness,
    limited_threads,
)
from sklearn_raman._utils._typing import Floats, RandomState
from sklearn_raman._utils._validation import check_finite, unchanged_on_error
from sklearn_raman._utils._wavenumbers import resolve_wavenumbers
from sklearn_raman.over_sampling._bootstrap import Bootstrap
from sklearn_raman.over_sampling._wgan_training import (
    Judge,
    PlainStart,
    SpectrumModel,
    hold_out,
    train_wgan,
)

_ROUNDING = 1e-14  # relative to the largest intensity


class WGANGP(DocLinkMixin, BaseOverSampler):
    """Over-sample classes with spectra of a generative adversarial network.

    A generator makes spectra; a critic learns to tell them from real ones of the same
    class; each improves on the other's mistakes (Wasserstein GAN with gradient penalty
    [1]_). One network serves all classes. It starts from a statistical model of the
    spectra, the *warm start*: class means, components of each class and noise made of
    real residuals. Held-out spectra decide which iteration is kept, with the warm start
    among the candidates: training has to show that it is better. See Notes for what it
    learns from few spectra.

    Cosmic spikes are learned like bands: remove them first
    (:class:`~sklearn_raman.preprocessing.Despiker`).

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes to over-sample, and to what size, as in all of
        imbalanced-learn. "auto": all but the largest, up to its size.
    latent_dim : int, default=32
        Random inputs of the generator, beside the scores of the warm start.
    warm_start_components : int, default=15
        At most this many components per class; those that rise above the noise are
        used. 0 is a plain network, without warm start and noise model, which needs
        some thousand iterations and spectra.
    noise : {"residual"} or None, default="residual"
        "residual" adds noise made of what the components leave of real spectra of the
        class. None returns noise-free spectra. Ignored with `warm_start_components=0`:
        a plain network makes its noise itself.
    n_critic : int, default=5
        Critic steps per generator step.
    gp_weight : float, default=10.0
        Weight of the gradient penalty.
    gp_target : float, default=1.0
        The slope that the penalty asks of the critic: k in
        `gp_weight * mean((norm - k)**2)`. Ignored with `gp_weight=0`.
    lr : float, default=1e-3
        First learning rate of both Adam optimizers; it falls to a tenth.
    betas : tuple (float, float), default=(0.0, 0.9)
        Of both optimizers, each from 0 to below 1.
    max_iter : int, default=400
        Generator steps at most. With 0 nothing is trained, no training parameter
        matters, and the start is returned.
    batch_size : int, default=24
        Spectra per step.
    ema : float, default=0.995
        Decay of the moving average over generator steps, which is what is kept.
    validation_fraction : float or None, default=0.2
        Share of each class with 3 spectra or more (one spectrum at least) that is held
        out while iterations are compared. None keeps the last iteration, unjudged. If
        no class has 3 spectra, nothing can be judged: the warm start is kept, and a
        plain network is trained to the end.
    device : str, default="cpu"
        torch device for training. The fitted networks are on the CPU.
    random_state : int, RandomState instance or None, default=None
        Controls all randomness: same seed, same spectra.
    verbose : int, default=0
        1 prints the judgment of each checkpoint, if spectra are held out.

    Attributes
    ----------
    generator_, critic_ : torch.nn.Module
        The networks. Their spectra are centered and scaled; use :meth:`sample`.
        `critic_` is None if the start was kept.
    history_ : dict of ndarray
        "wasserstein" (the critic's estimate) and "penalty" of each iteration. If
        spectra were held out, "iteration", "held_out_score" (lower is better; the start
        has 1) and "noise_ratio" (synthetic to held-out) of each checkpoint.
    best_iter_ : int
        The iteration kept; 0 is the start.
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
        If X holds NaN or infinity, no class has two different spectra, the labels of
        the columns are no axis, or a plain network diverges before there is anything to
        return. After a failed fit the sampler is as it was before.

    Warns
    -----
    ConvergenceWarning
        If training diverges (the critic's advantage exceeds what its slope allows, or
        spectra leave the range of real ones). What was best before is kept.
    UserWarning
        If a class to over-sample has a single spectrum.

    See Also
    --------
    synthesis_report : How good a set of synthetic spectra is.

    Notes
    -----
    The model that is returned learns from all spectra, for as many iterations as the
    held-out ones found best. Spectra of one crystal or patient may be on both sides of
    that inner split. They must not be on both sides of yours: over-sample within the
    training part, as a Pipeline does.

    With 50 spectra per class the distribution of the warm start is about as near to
    that of new spectra as the training spectra are, and adversarial training hardly
    ever improves on it: as a rule `best_iter_` is 0. For classification, SMOTE or
    Gaussian scores of principal components are as good on many sets. What the warm
    start adds is noise of the right size and color, spectra that are not near copies,
    and variation for small classes: those with fewer than 6 spectra borrow gain, shift
    and baseline from spectra of larger classes, never bands. In a class of one, all
    variation but the noise is borrowed.

    A column that is constant in X stays constant. Integer spectra come back as float,
    in a frame too. Frames come back as the kind of frame they are (pandas, polars),
    with their column labels.

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
        **BaseOverSampler._parameter_constraints,
        "latent_dim": [Interval(Integral, 1, None, closed="left")],
        "warm_start_components": [Interval(Integral, 0, None, closed="left")],
        "noise": [StrOptions({"residual"}), None],
        "n_critic": [Interval(Integral, 1, None, closed="left")],
        "gp_weight": [Interval(Real, 0, None, closed="left")],
        "gp_target": [Interval(Real, 0, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "betas": [tuple],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
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
        latent_dim: int = 32,
        warm_start_components: int = 15,
        noise: Literal["residual"] | None = "residual",
        n_critic: int = 5,
        gp_weight: float = 10.0,
        gp_target: float = 1.0,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.0, 0.9),
        max_iter: int = 400,
        batch_size: int = 24,
        ema: float = 0.995,
        validation_fraction: float | None = 0.2,
        device: str = "cpu",
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.latent_dim = latent_dim
        self.warm_start_components = warm_start_components
        self.noise = noise
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

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from spectra, to draw new ones with `sample`.

        Parameters
        ----------
        X : array-like, data frame (pandas, polars) or sparse matrix of shape \
                (n_spectra, n_points)
            Spectra.
        y : array-like of shape (n_spectra,)
            Labels.

        Returns
        -------
        self
        """
        self.fit_resample(X, y)
        return self

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Learn from spectra, and return them with synthetic ones after them.

        Parameters
        ----------
        X : array-like, data frame (pandas, polars) or sparse matrix of shape \
                (n_spectra, n_points)
            Spectra.
        y : array-like of shape (n_spectra,)
            Labels.

        Returns
        -------
        X_resampled : of the type of X, of shape (n_spectra_new, n_points)
            The rows of X first, in their order.
        y_resampled : of the type of y, of shape (n_spectra_new,)
        """
        refuse_ragged(X, type(self).__name__)
        axis = resolve_wavenumbers(X, None)  # labels that are no axis are refused
        _check_numbers(X, axis)
        with unchanged_on_error(self):
            X_new, y_new = super().fit_resample(_as_float_frame(X), _as_series(y))
        if _is_polars(X):
            X_new = frame_like(X_new.to_numpy(), X)
        if _is_polars(y):
            y_new = type(y)(y.name, y_new.tolist())
        return X_new, y_new

    @validate_params(
        {
            "n_samples": [Interval(Integral, 0, None, closed="left")],
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=True,
    )
    def sample(
        self, n_samples: int, label: Any, random_state: RandomState = None
    ) -> Floats:
        """Return new synthetic spectra of a class.

        The fitted sampler is only read, so several threads may draw from it.

        Parameters
        ----------
        n_samples : int
            How many.
        label : str or int
            One of `classes_`.
        random_state : int, RandomState instance or None, default=None
            Same seed, same spectra (to the last bits, with the same number of torch
            threads).

        Returns
        -------
        ndarray of shape (n_samples, n_points), float64

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError
            If a parameter is not valid, or the label was not seen in fit.

        Warns
        -----
        UserWarning
            If the class has a single spectrum.
        """
        check_is_fitted(self, "generator_")
        known = self.classes_.tolist()
        if np.ndim(label) or label not in known:
            raise ValueError(f"label={label!r} is none of the classes {known}.")
        self._warn_of_single_spectra([label])
        return self._draw(n_samples, label, check_random_state(random_state))

    def _draw(self, n_samples, label, rng):
        code = self.classes_.tolist().index(label)
        spectra = self._model.synthesize(np.full(n_samples, code), rng)
        spectra = np.ldexp(spectra, self._exponent)
        return np.where(np.isnan(self._constants), spectra, self._constants)

    def _fit_resample(self, X, y):
        if sparse.issparse(X):
            dense, y = self._fit_resample(X.toarray(), y)
            return type(X)(dense), y
        rng = check_random_state(self.random_state)
        sample_rng = np.random.RandomState(rng.randint(2**31 - 1))
        X = X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)
        self._learn(X, y, rng)
        spectra, labels = [X], [y]
        with limited_threads(1):
            for label, n_samples in self.sampling_strategy_.items():
                new = self._draw(n_samples, label, sample_rng)
                spectra.append(_cast(new, X.dtype))
                labels.append(np.full(n_samples, label, dtype=y.dtype))
        return np.concatenate(spectra), np.concatenate(labels)

    def _learn(self, X, y, rng):
        """Prepare the spectra, fit, and say what went wrong."""
        self._check_training()
        self.classes_, codes = np.unique(y, return_inverse=True)
        # One layout in memory, whatever X was: sums depend on it.
        X = np.array(X, dtype=np.float64, order="C")
        self._constants = np.where((X == X[0]).all(axis=0), X[0], np.nan)
        # A power of 2 loses no digits, and keeps squares from overflow and underflow.
        self._exponent = int(np.frexp(np.abs(X).max())[1])
        X = np.ldexp(X, -self._exponent)
        same = [not _vary(X[codes == code]) for code in range(len(self.classes_))]
        if all(same):
            raise ValueError(
                "WGANGP learns how spectra of a class differ, but no class has two "
                "spectra that do. Measure at least two of one class."
            )
        self._single = self.classes_[same].tolist()
        self._warn_of_single_spectra(
            [label for label, n in self.sampling_strategy_.items() if n]
        )
        with limited_threads(1), default_torch():
            problem = self._fit_model(X, codes, rng)
        self._report(problem)

    def _fit_model(self, X, codes, rng):
        """Choose an iteration with held-out spectra, then learn from all spectra.

        Returns why training diverged, or None.
        """
        seeds = {k: rng.randint(2**31 - 1) for k in ("split", "net", "train", "judge")}
        best_iter, steps, problem, history = self._judge_iterations(X, codes, seeds)
        model, critic = self._start(X, codes, seeds["net"]), None
        if best_iter:
            final = train_wgan(model, X, codes, self, seeds["train"], n_iter=best_iter)
            steps, critic = steps or final.steps, final.critic
            if final.problem:
                best_iter, critic, problem = 0, None, final.problem
                model = self._start(X, codes, seeds["net"])
        for name in ("wasserstein", "penalty"):
            history[name] = np.array([step[name] for step in steps])
        self.best_iter_, self.n_iter_, self.history_ = best_iter, len(steps), history
        self._model, self.generator_, self.critic_ = model, model.generator, critic
        return problem

    def _judge_iterations(self, X, codes, seeds):
        """Return the best iteration, the steps taken, a problem, and judgments."""
        if self.validation_fraction is None:
            return self.max_iter, [], None, {}
        split_rng = np.random.RandomState(seeds["split"])
        held_out = hold_out(codes, self.validation_fraction, split_rng)
        if self.max_iter == 0 or not held_out.any() or not _vary(X[~held_out]):
            plain = self.warm_start_components == 0
            return self.max_iter if plain else 0, [], None, {}
        kept = X[~held_out], codes[~held_out]
        model = self._start(*kept, seeds["net"])
        judge = Judge(X[held_out], codes[held_out], model, seeds["judge"], self)
        judged = train_wgan(
            model, *kept, self, seeds["train"], n_iter=self.max_iter, judge=judge
        )
        history = {name: np.array(v) for name, v in judge.history.items()}
        return judge.best_iter, judged.steps, judged.problem, history

    def _start(self, X, codes, seed):
        """Return an untrained model."""
        if self.warm_start_components == 0:
            start = PlainStart(X, codes)
        else:
            n_components, noise = self.warm_start_components, self.noise is not None
            start = Bootstrap(X, codes, n_components=n_components, noise=noise)
        with isolated_randomness(seed):
            return SpectrumModel.untrained(start, X, self.latent_dim)

    def _check_training(self):
        """Refuse values that otherwise only torch would notice, during training."""
        allowed = Interval(Real, 0, 1, closed="left")
        if len(self.betas) != 2 or not all(map(allowed.is_satisfied_by, self.betas)):
            raise ValueError(
                f"betas={self.betas!r} must be two numbers from 0 to below 1."
            )
        try:
            torch.device(self.device)
        except RuntimeError as error:
            raise ValueError(
                f"device={self.device!r} is not known to torch. Use 'cpu' or 'cuda'."
            ) from error

    def _report(self, problem):
        """Warn of divergence or failure, or raise where nothing usable is left."""
        plain = self.warm_start_components == 0
        if problem and plain and self.best_iter_ == 0:
            raise ValueError(
                f"WGANGP diverged before it made usable spectra: {problem}. Use a "
                "smaller lr, a gp_weight near 10, or warm_start_components=15."
            )
        if problem:
            message = (
                f"WGANGP diverged: {problem}. Iteration {self.best_iter_} is kept (0 "
                "is the start). Use a smaller lr or a gp_weight near 10."
            )
        elif plain and self.max_iter and self.best_iter_ == 0:
            message = (
                "WGANGP found no iteration that was better than its random start, "
                "which is kept. Use more iterations, or a warm start."
            )
        else:
            return
        warnings.warn(message, ConvergenceWarning, stacklevel=2)

    def _warn_of_single_spectra(self, labels):
        """Say where a class without variation of its own gets it from."""
        single = [label for label in self._single if label in labels]
        if not single:
            return
        source = (
            "gain, shift and baseline borrowed from larger classes, never bands"
            if self.warm_start_components
            else "whatever the network finds in other classes"
        )
        warnings.warn(
            f"WGANGP: the classes {single} have a single spectrum each (or equal "
            "ones). What varies in their synthetic spectra is noise, and "
            f"{source}. Measure more, or leave them out (sampling_strategy).",
            UserWarning,
            stacklevel=3,
        )


def _vary(X):
    """Tell whether spectra, of magnitude 1, differ by more than rounding."""
    return np.ptp(X, axis=0).max() > _ROUNDING


def _cast(spectra, dtype):
    """Return spectra in the precision of the real ones, or say that it is too small."""
    with np.errstate(over="ignore"):
        spectra = spectra.astype(dtype)
    if not np.isfinite(spectra).all():
        raise ValueError(
            f"Synthetic spectra are too large for {dtype}, as X nearly is: divide X by "
            "a constant first."
        )
    return spectra


def _is_polars(values):
    return type(values).__module__.startswith("polars")


def _check_numbers(X, axis):
    """Say where numbers are missing; imbalanced-learn says what else is wrong."""
    if sparse.issparse(X):
        return
    try:
        values = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError):
        return
    if values.ndim == 2:
        check_finite(values, owner="WGANGP", axis=axis)


def _as_float_frame(X):
    """Return a frame as one of pandas whose counts are floats; an array as it is."""
    if not is_frame(X):
        return X
    X = pd.DataFrame(X.to_numpy(), columns=X.columns) if _is_polars(X) else X
    counts = [c for c, t in X.dtypes.items() if t.kind in "iub"]
    return X.astype(dict.fromkeys(counts, np.float64))


def _as_series(y):
    """Return labels of polars as a series of pandas; others as they are."""
    return pd.Series(y.to_list(), name=y.name) if _is_polars(y) else y
