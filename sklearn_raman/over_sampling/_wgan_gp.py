"""WGANGP: synthetic spectra by an adversarially trained generator."""

import warnings
from numbers import Integral, Real

import numpy as np
import pandas as pd
from imblearn.over_sampling.base import BaseOverSampler
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._sklearn import Interval, StrOptions
from sklearn_raman._utils._torch import isolated_randomness, limited_threads
from sklearn_raman.over_sampling._checkpoints import Judge, hold_out
from sklearn_raman.over_sampling._warm_start import PlainStart, WarmStart
from sklearn_raman.over_sampling._wgan_training import (
    Diverged,
    SpectrumModel,
    TrainingSettings,
    train_wgan,
)


class WGANGP(BaseOverSampler):
    """Over-sample classes with spectra of a generative adversarial network.

    A generator makes spectra; a critic learns to tell them from real ones of the same
    class; each improves on the other's mistakes (Wasserstein GAN with gradient penalty
    [1]_). One network serves all classes. It starts from a statistical model of the
    spectra, the *warm start*: class means, components of each class and noise made of
    real residuals. Held-out spectra decide which iteration is kept, with the warm start
    among the candidates: training has to show that it is better. See Notes for what it
    learns from few spectra.

    Cosmic spikes are learnt like lines: take them out first
    (:class:`~sklearn_raman.preprocessing.Despiker`).

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes to over-sample, and to what size, as everywhere in
        imbalanced-learn. "auto": all but the largest, up to its size.
    latent_dim : int, default=32
        Random inputs of the generator, beside the scores of the warm start.
    warm_start_components : int, default=15
        At most this many components of each class; those that rise above the noise are
        used. 0 is a plain network without any warm start and noise model, which needs
        some thousand iterations and spectra.
    noise : {"residual"} or None, default="residual"
        "residual" adds noise made of what the components leave of real spectra of the
        class. None returns noise-free spectra. Without meaning if
        `warm_start_components=0`.
    n_critic : int, default=5
        Steps of the critic for each of the generator.
    gp_weight : float, default=10.0
        Weight of the gradient penalty.
    gp_target : float, default=1.0
        The slope that the penalty asks of the critic: k in
        `gp_weight * mean((norm - k)**2)`.
    lr : float, default=1e-3
        First learning rate of both Adam optimizers; it falls to a tenth.
    betas : tuple (float, float), default=(0.0, 0.9)
        Of both optimizers.
    max_iter : int, default=400
        Generator steps at most. 0 returns the start.
    batch_size : int, default=24
        Spectra in a step.
    ema : float, default=0.995
        Decay of the moving average over generator steps, which is what is kept.
    validation_fraction : float or None, default=0.2
        Share of each class with 3 spectra or more (one at least) that is held out while
        iterations are compared. None keeps the last iteration, unjudged.
    device : str, default="cpu"
        torch device for training. The fitted networks are on the CPU.
    random_state : int, RandomState instance or None, default=None
        Decides about everything: same seed, same spectra.
    verbose : int, default=0
        1 prints the judgement of each checkpoint.

    Attributes
    ----------
    generator_, critic_ : torch.nn.Module
        The networks. Their spectra are centred and scaled; use :meth:`sample`.
        `critic_` is None if the start was kept.
    history_ : dict of ndarray
        "wasserstein" (the critic's estimate) and "penalty" for each iteration;
        "iteration", "held_out_score" (lower is better; the start has 1) and
        "noise_ratio" (synthetic to held-out) for each checkpoint, if spectra were held
        out.
    best_iter_ : int
        The iteration kept; 0 is the start.
    n_iter_ : int
        Iterations run before the choice.
    classes_ : ndarray of shape (n_classes,)
    sampling_strategy_ : dict
        Number of spectra made, by class.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    ValueError
        If X holds NaN or infinity, no class has two different spectra, or a plain
        network diverges before there is anything to return.

    Warns
    -----
    ConvergenceWarning
        If training diverges (the critic's advantage exceeds what its slope allows, or
        spectra leave the range of real ones). What was best before is kept.

    See Also
    --------
    synthesis_report : How good a set of synthetic spectra is.

    Notes
    -----
    The model that is returned learns from all spectra, for as many iterations as the
    held-out ones found best. Spectra of one crystal or patient may be on both sides of
    that inner split. They must not be on both sides of yours: over-sample within the
    training part, as a Pipeline does.

    With 50 spectra a class the distribution of the warm start is about as near to that
    of new spectra as the training spectra are, and adversarial training hardly ever
    improves on it: `best_iter_` is 0 as a rule. For classification, SMOTE or normally
    distributed scores of principal components are as good on many sets. What the warm
    start adds is noise of the right size and colour, spectra that are no near copies,
    and variation for small classes: those with fewer than 6 spectra borrow baseline,
    gain and shift from spectra of larger classes, never lines.

    A column that is constant in X stays so.

    Integer spectra come back as float, in a frame too. polars frames come back as
    polars frames.

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
        sampling_strategy="auto",
        latent_dim=32,
        warm_start_components=15,
        noise="residual",
        n_critic=5,
        gp_weight=10.0,
        gp_target=1.0,
        lr=1e-3,
        betas=(0.0, 0.9),
        max_iter=400,
        batch_size=24,
        ema=0.995,
        validation_fraction=0.2,
        device="cpu",
        random_state=None,
        verbose=0,
    ):
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

    def fit_resample(self, X, y, **params):
        """Learn from spectra, and return them with synthetic ones after them.

        Parameters
        ----------
        X : array-like, data frame (pandas, polars) or sparse matrix of shape \
                (n_spectra, n_points)
            Spectra.
        y : array-like of shape (n_spectra,)
            Labels.
        **params : dict
            None is used; for imbalanced-learn's signature.

        Returns
        -------
        X_resampled : of the type of X, of shape (n_spectra_new, n_points)
            The rows of X first, in their order.
        y_resampled : of the type of y, of shape (n_spectra_new,)
        """
        X, restore_X = _as_float_frame(X)
        y, restore_y = _as_pandas_series(y)
        X_new, y_new = super().fit_resample(X, y, **params)
        return restore_X(X_new), restore_y(y_new)

    def sample(self, n, label, random_state=None):
        """Return new synthetic spectra of a class.

        Parameters
        ----------
        n : int
            How many.
        label : str or int
            One of `classes_`.
        random_state : int, RandomState instance or None, default=None
            Same seed, same spectra; the fitted sampler does not change.

        Returns
        -------
        ndarray of shape (n, n_points), float64

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError
            If the label was not seen in fit.
        """
        check_is_fitted(self, "generator_")
        code = np.flatnonzero(self.classes_ == label)
        if len(code) != 1:
            raise ValueError(
                f"label={label!r} is none of the classes {self.classes_.tolist()}."
            )
        rng = check_random_state(random_state)
        with limited_threads(1):
            spectra = self._model.synthesize(np.full(n, code[0]), rng)
        return np.where(np.isnan(self._constants), spectra, self._constants)

    def _fit_resample(self, X, y):
        if sparse.issparse(X):
            X, y = self._fit_resample(X.toarray(), y)
            return sparse.csr_matrix(X), y
        rng = check_random_state(self.random_state)
        sample_rng = np.random.RandomState(rng.randint(2**31 - 1))
        X = X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)
        self.classes_, codes = np.unique(y, return_inverse=True)
        with limited_threads(1):
            # One layout in memory, whatever X was: sums depend on it.
            self._fit(np.array(X, dtype=np.float64, order="C"), codes, rng)
        parts = [X], [y]
        for label, n in self.sampling_strategy_.items():
            new = self.sample(n, label, sample_rng)
            parts[0].append(new.astype(X.dtype))
            parts[1].append(np.full(n, label, dtype=y.dtype))
        return np.concatenate(parts[0]), np.concatenate(parts[1])

    def _fit(self, X, codes, rng):
        """Choose an iteration with held-out spectra, then learn from all spectra."""
        _check_variation(X, codes)
        self._constants = np.where(np.ptp(X, axis=0) == 0, X[0], np.nan)
        seeds = {k: rng.randint(2**31 - 1) for k in ("split", "net", "train", "judge")}
        steps = []
        self.best_iter_, problem, self.history_ = self._judge_iterations(
            X, codes, seeds, steps
        )
        self._model, self.critic_ = self._start(X, codes, seeds["net"]), None
        if self.best_iter_:
            final = [] if steps else steps
            try:
                self.critic_ = self._train(
                    self._model, X, codes, seeds, n_iter=self.best_iter_, history=final
                )
            except Diverged as error:
                problem, self.best_iter_ = str(error), 0
                self._model = self._start(X, codes, seeds["net"])
        for name in ("wasserstein", "penalty"):
            self.history_[name] = np.array([step[name] for step in steps])
        self.n_iter_ = len(steps)
        self.generator_ = self._model.generator
        if problem:
            self._report(problem)
        elif self.max_iter and not self.best_iter_ and not self.warm_start_components:
            warnings.warn(
                "WGANGP found no iteration that was better than its random start, "
                "which is kept. Use more iterations, or a warm start.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _judge_iterations(self, X, codes, seeds, steps):
        """Return the best iteration for held-out spectra, a problem, and judgements."""
        if self.validation_fraction is None:
            return self.max_iter, None, {}
        split_rng = np.random.RandomState(seeds["split"])
        held_out = hold_out(codes, self.validation_fraction, split_rng)
        if not held_out.any() or self.max_iter == 0:
            plain = self.warm_start_components == 0
            return self.max_iter if plain else 0, None, {}
        model = self._start(X[~held_out], codes[~held_out], seeds["net"])
        judge = Judge(
            X[held_out],
            codes[held_out],
            model,
            seeds["judge"],
            max_iter=self.max_iter,
            guard_noise=self.warm_start_components > 0,
            verbose=self.verbose,
        )
        X, codes, problem = X[~held_out], codes[~held_out], None
        try:
            self._train(
                model, X, codes, seeds, n_iter=self.max_iter, history=steps, judge=judge
            )
        except Diverged as error:
            problem = str(error)
        history = {name: np.array(v) for name, v in judge.history.items()}
        return judge.best_iter, problem, history

    def _train(self, model, X, codes, seeds, **how):
        settings = TrainingSettings(
            **{name: getattr(self, name) for name in TrainingSettings._fields}
        )
        return train_wgan(model, X, codes, settings, seeds["train"], **how)

    def _report(self, problem):
        """Warn of divergence, or raise where nothing usable is left."""
        if self.best_iter_ == 0 and self.warm_start_components == 0:
            raise ValueError(
                f"WGANGP diverged before it made usable spectra: {problem}. Use a "
                "smaller lr, a gp_weight near 10, or a warm start "
                "(warm_start_components=15)."
            )
        warnings.warn(
            f"WGANGP diverged: {problem}. Iteration {self.best_iter_} is kept (0 is "
            "the start). Use a smaller lr or a gp_weight near 10.",
            ConvergenceWarning,
            stacklevel=2,
        )

    def _start(self, X, codes, seed):
        """Return an untrained model."""
        if self.warm_start_components == 0:
            start = PlainStart(X, codes)
        else:
            start = WarmStart(
                X,
                codes,
                n_components=self.warm_start_components,
                noise=self.noise is not None,
            )
        with isolated_randomness(seed):
            return SpectrumModel.untrained(start, X, self.latent_dim)


def _check_variation(X, codes):
    for code in np.unique(codes):
        if np.ptp(X[codes == code], axis=0).any():
            return
    raise ValueError(
        "WGANGP learns how spectra of a class differ, but no class has two spectra "
        "that do. Measure at least two of one class."
    )


def _as_float_frame(X):
    """Return X with float columns, and a function that gives results X's type."""
    if type(X).__module__.startswith("polars"):
        frame = pd.DataFrame(X.to_numpy(), columns=X.columns)
        return _as_float_frame(frame)[0], lambda new: type(X)(
            new.to_numpy(), schema=list(X.columns)
        )
    if isinstance(X, pd.DataFrame):
        counts = [c for c, t in X.dtypes.items() if t.kind in "iub"]
        X = X.astype(dict.fromkeys(counts, np.float64))
    return X, lambda new: new


def _as_pandas_series(y):
    """Return polars labels as pandas, and a function that gives them back."""
    if type(y).__module__.startswith("polars"):
        return pd.Series(y.to_list(), name=y.name), lambda new: type(y)(
            y.name, new.tolist()
        )
    return y, lambda new: new
