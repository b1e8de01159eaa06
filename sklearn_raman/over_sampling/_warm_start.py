"""Where the generator starts: class means, components, and noise of real spectra."""

from dataclasses import dataclass

import numpy as np

from sklearn_raman.over_sampling._denoising import white_noise_level, wiener_filter
from sklearn_raman.over_sampling._residuals import balanced_rows, resample_residuals
from sklearn_raman.over_sampling._variation import shared_coefficients, shared_curves

# Classes below this size draw a part of their variation from larger ones.
_ENOUGH = 6
_SMALLEST_LEVEL = 1e-6  # relative to the spread of all spectra; less counts as no noise
_LARGEST_NOISE_FACTOR = 1.25
# Of the bandwidth that is best for a Gaussian (Silverman 1986, eq. 4.15): fluorescence
# and the like are not Gaussian, and a kernel that wide fills in what they leave empty.
_BANDWIDTH = 0.7


@dataclass
class ClassStart:
    """What is known of one class. One spectrum alone has no components."""

    mean: np.ndarray
    """Noise filtered, shape (n_points,)."""
    loadings: np.ndarray
    """Shape (n_components, n_points); scores of the class have rms 1."""
    scores: np.ndarray
    """Of its spectra, shape (n_spectra, n_components)."""
    residuals: np.ndarray
    """What mean and loadings leave, each divided by its level."""
    levels: np.ndarray
    """Rms of each residual, shape (n_spectra,)."""
    shared: np.ndarray
    """Coefficients of the shared variation, shape (n_spectra, n_curves)."""

    @property
    def n_spectra(self):
        """Number of real spectra."""
        return len(self.scores)

    def draw_scores(self, n, rng):
        """Draw scores of a real spectrum, moved towards others of the class.

        A smoothed bootstrap (Silverman and Young 1987): the kernel has the class's own
        covariance, and the sum is shrunk so that the variance stays that of the real
        scores. Two classes with other lines never mix. It is balanced, so that no two
        children of one parent are there before all have one.
        """
        size, d = self.scores.shape
        rows = balanced_rows(size, n, rng)
        silverman = (4 / (max(d, 1) + 2) / size) ** (1 / (max(d, 1) + 4))
        bandwidth = _BANDWIDTH * silverman
        kernel = rng.standard_normal((n, size)) / np.sqrt(size)
        scores = self.scores[rows] + bandwidth * kernel @ self.scores
        return scores / np.sqrt(1 + bandwidth**2), rows


class WarmStart:
    """A statistical model of spectra by class, which the generator starts from.

    A synthetic spectrum is the mean of its class, plus its components times scores of
    :meth:`ClassStart.draw_scores`, plus noise made of real residuals
    (:func:`resample_residuals`). Means and components are noise filtered; the noise
    comes back with the residuals, so the high frequencies are those of real spectra. A
    class with fewer than 6 spectra borrows baseline, gain and shift from spectra of
    larger classes, in a share of its spectra that falls from 83 % (one spectrum) to 0.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points), float64
    codes : ndarray of shape (n_spectra,), int
        Class positions.
    n_components : int
        At most this many components a class; those that rise above the noise are kept.
    noise : bool
        Whether to add residuals.
    """

    def __init__(self, X, codes, *, n_components, noise):
        self.noise = noise
        self.n_components = n_components
        floor = _SMALLEST_LEVEL * X.std()
        levels = np.maximum(white_noise_level(X), floor)
        self.classes = [
            _fit_class(X[codes == code], levels[codes == code], n_components)
            for code in range(codes.max() + 1)
        ]

    def draw(self, codes, rng):
        """Draw what a generator turns into spectra.

        Parameters
        ----------
        codes : ndarray of shape (n,), int
        rng : RandomState

        Returns
        -------
        scores : ndarray of shape (n, n_components)
            0 beyond the components of a class, and in spectra with borrowed variation.
        offset : ndarray of shape (n, n_points)
            Noise, and borrowed variation.
        """
        scores = np.zeros((len(codes), self.n_components))
        offset = np.zeros((len(codes), len(self.classes[0].mean)))
        for code in np.unique(codes):
            own, rows = self.classes[code], np.flatnonzero(codes == code)
            drawn, parents = own.draw_scores(len(rows), rng)
            if self.noise:
                noise = resample_residuals(own.residuals, len(rows), rng)
                offset[rows] = noise * own.levels[parents, None]
            lenders, donors = self._lenders(code), np.zeros(len(rows), dtype=bool)
            if len(lenders):
                donors = rng.uniform(size=len(rows)) < 1 - own.n_spectra / _ENOUGH
                picked = lenders[rng.randint(len(lenders), size=donors.sum())]
                offset[rows[donors]] += picked @ shared_curves(own.mean)
                drawn[donors] = 0
            scores[rows, : drawn.shape[1]] = drawn
        return scores, offset

    def means(self):
        """Return the means of all classes, (n_classes, n_points)."""
        return np.stack([own.mean for own in self.classes])

    def loadings(self):
        """Return the loadings of all classes, (n_classes, n_components, n_points)."""
        n_points = len(self.classes[0].mean)
        padded = np.zeros((len(self.classes), self.n_components, n_points))
        for own, loadings in zip(self.classes, padded, strict=True):
            loadings[: len(own.loadings)] = own.loadings
        return padded

    def _lenders(self, code):
        """Return shared coefficients of all classes that can lend to one."""
        others = [
            other.shared
            for i, other in enumerate(self.classes)
            if i != code and other.n_spectra > self.classes[code].n_spectra
        ]
        if self.classes[code].n_spectra >= _ENOUGH or not others:
            return np.empty((0, 0))
        return np.concatenate(others)


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


def _fit_class(X, levels, n_components):
    """Learn mean, components and residuals of one class.

    Rows are divided by their noise before the singular value decomposition, so that a
    noisy spectrum does not decide about the components.
    """
    size, n_points = X.shape
    smooth, gain = wiener_filter(X, levels[:, None] ** 2)
    raw_mean = smooth.mean(axis=0)
    # Divided by n - 1: deviations of few spectra from their own mean are too small.
    deviations = (smooth - raw_mean) * np.sqrt(size / max(size - 1, 1))
    left_noise = (levels[:, None] * gain) ** 2
    mean = wiener_filter(raw_mean[None], left_noise.sum(axis=0) / size**2)[0][0]

    k = min(n_components, _count_components((X - X.mean(axis=0)) / levels[:, None]))
    left, singular, loadings = np.linalg.svd(
        deviations / levels[:, None], full_matrices=False
    )
    scores = deviations @ loadings[:k].T
    loadings = loadings[:k]
    if k:
        # Noise of component j: that of the rows (1 after the division), weighted.
        noise_power = (left[:, :k] ** 2).T @ gain**2 / singular[:k, None] ** 2
        loadings = wiener_filter(loadings, noise_power)[0]

    model = mean + scores @ loadings * np.sqrt(max(size - 1, 1) / size)
    residuals = _scale_noise(X, model)
    rms = np.sqrt(np.mean(residuals**2, axis=1))
    shared = shared_coefficients(deviations, mean)
    spread = np.sqrt(np.mean(scores**2, axis=0))
    spread[spread == 0] = 1.0
    return ClassStart(
        mean=mean,
        loadings=loadings * spread[:, None],
        scores=scores / spread,
        residuals=residuals / np.where(rms > 0, rms, 1.0)[:, None],
        levels=rms,
        shared=shared if size > 1 else shared[:0],
    )


def _count_components(whitened):
    """Count singular values above those of white noise of variance 1.

    The largest one of an n x p matrix of noise is about sqrt(n) + sqrt(p) (Marchenko
    and Pastur 1967).
    """
    size, n_points = whitened.shape
    singular = np.linalg.svd(whitened, compute_uv=False)[: size - 1]
    return int((singular > np.sqrt(size) + np.sqrt(n_points)).sum())


def _scale_noise(X, model):
    """Return residuals with as much noise as the spectra have.

    Components fitted to noisy spectra take some of the noise with them.
    """
    residuals = X - model
    wanted = white_noise_level(X) ** 2 - white_noise_level(model) ** 2
    have = white_noise_level(residuals)
    known = have > 0
    if not known.any():
        return residuals
    factor = np.sqrt(np.median(np.maximum(wanted[known], 0) / have[known] ** 2))
    return residuals * np.clip(factor, 1.0, _LARGEST_NOISE_FACTOR)
