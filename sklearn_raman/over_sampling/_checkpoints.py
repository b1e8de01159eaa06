"""Which iteration of the generator to keep: the judgement of held-out spectra."""

import numpy as np
from sklearn.metrics import pairwise_distances

from sklearn_raman.over_sampling._denoising import white_noise_level

_FEWEST = 3  # spectra of a class that can spare one
_SYNTHETIC = 100  # per class, to compare the held-out spectra with
_NOISE_TOLERANCE = 1.1  # ratio of noise, synthetic to real
_N_CHECKPOINTS = 10
_TINY = 1e-12
_PATIENCE = 4  # checkpoints without improvement


def hold_out(codes, fraction, rng):
    """Choose a share of each class, at least one; none of classes below 3 spectra.

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
    lowest, on average, for a set that has the distribution of the real spectra: a set
    that is too narrow or too wide, or at the wrong place, scores higher.

    Parameters
    ----------
    real : ndarray of shape (n_real, n_points)
    synthetic : ndarray of shape (n_synthetic, n_points)

    Returns
    -------
    ndarray of shape (n_real,)
    """
    # Distances lose digits far from 0: a bright background would take all of them.
    centre = synthetic.mean(axis=0)
    real, synthetic = real - centre, synthetic - centre
    n = len(synthetic)
    spread = pairwise_distances(synthetic).sum() / (n * (n - 1))
    return pairwise_distances(real, synthetic).mean(axis=1) - spread / 2


class Judge:
    """Judge a model while it trains, and name the best iteration.

    The measure is the energy score of the held-out spectra, of intensities and of
    their first differences (lines), each relative to that of the start. A later
    iteration is preferred to the start only if it is better by more than two standard
    errors of the paired difference, and if its noise is within 10 % of the held-out
    spectra's, or nearer to it than the start's.

    Parameters
    ----------
    X : ndarray of shape (n_held_out, n_points)
    codes : ndarray of shape (n_held_out,), int
    model : SpectrumModel
        The start.
    seed : int
        The same synthetic spectra, but for the generator, are compared each time.
    max_iter : int
    guard_noise : bool
        Whether noise is judged; without a warm start it is not.
    verbose : bool
        Whether each judgement is printed.
    """

    def __init__(self, X, codes, model, seed, *, max_iter, guard_noise, verbose):
        self.X, self.codes, self.seed = X, codes, seed
        self.every = max(1, round(max_iter / _N_CHECKPOINTS))
        self.guard_noise, self.verbose = guard_noise, verbose
        self.history = {"iteration": [], "held_out_score": [], "noise_ratio": []}
        scores, noise = self._measure(model)
        self._unit = np.where(scores.mean(axis=0) > 0, scores.mean(axis=0), 1.0)
        self._start = (scores / self._unit).mean(axis=1)
        self._tolerance = max(np.log(_NOISE_TOLERANCE), abs(np.log(noise)))
        self._best, self.best_iter, self._waited = self._start.mean(), 0, 0
        self._note(0, self._best, noise)

    def __call__(self, iteration, model):
        """Judge a model now and then; return True when waiting is of no use."""
        if iteration % self.every:
            return False
        scores, noise = self._measure(model)
        scores = (scores / self._unit).mean(axis=1)
        self._note(iteration, scores.mean(), noise)
        gain = self._start - scores
        error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.inf
        quiet = abs(np.log(noise)) <= self._tolerance or not self.guard_noise
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
        if self.verbose:
            print(
                f"[WGANGP] iteration {iteration}: held-out score {score:.4f}, "
                f"noise ratio {noise:.3f}"
            )


def _slopes(spectra):
    return np.diff(spectra, axis=1, prepend=spectra[:, :1])
