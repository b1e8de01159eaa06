"""A statistical model of spectra by class: mean, components, noise, shared variation.

A smoothed bootstrap with measured noise, in numpy and scipy. `WGANGP` starts from it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import dct, idct
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.signal import savgol_filter

# Classes below this size draw a part of their variation from larger ones.
_ENOUGH = 6
_SMALLEST_LEVEL = 1e-6  # relative to the spread of all spectra; less counts as no noise
_LARGEST_NOISE_FACTOR = 1.25
# Relative to the bandwidth that is best for a Gaussian (Silverman 1986, eq. 4.15).
# Fluorescence and the like are not Gaussian, and a kernel that wide fills gaps in their
# distribution.
_BANDWIDTH = 0.7

# Shared variation. Numbers of cosines: at most this many half waves over the axis.
_N_BASELINE, _N_GAIN, _N_SHIFT = 6, 6, 2
_RIDGE = 1e-4  # relative to the square of a curve, for its constant term

# The residual of this filter holds what repeats within about four points.
NOISE_WINDOW, NOISE_ORDER = 7, 2
# Share of the variance of white noise in that residual: 1 minus the center weight of
# the filter (7 / 21).
_KEPT_VARIANCE = 2 / 3
_POWER_WINDOW = 9  # points over which the power of a curve is averaged
_SMOOTHED_FREQUENCIES = 8  # standard deviation, in steps of the transform

_BLOCK = 40  # points between the centers of blocks
# With few residuals blocks are shorter. Otherwise there are few combinations, and a
# linear classifier finds directions in which no draw varies.
_POINTS_PER_RESIDUAL = 4
_FEW = 6  # fewer residuals do not show which sign is preferred


@dataclass
class ClassModel:
    """What is known about one class. A single spectrum has no components."""

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

    def draw_scores(self, n_samples, rng):
        """Draw scores of a real spectrum, moved toward others of the class.

        A smoothed bootstrap (Silverman and Young 1987). The kernel has the covariance
        of the class, and the sum is shrunk so that the variance stays that of the real
        scores. Classes never mix. The bootstrap is balanced: no spectrum is a parent
        twice before each has been one.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_components)
        parents : ndarray of shape (n_samples,), int
            Rows of the real spectra.
        """
        size, d = len(self.scores), max(self.scores.shape[1], 1)
        parents = balanced_rows(size, n_samples, rng)
        silverman = (4 / (d + 2) / size) ** (1 / (d + 4))
        bandwidth = _BANDWIDTH * silverman
        kernel = rng.standard_normal((n_samples, size)) / np.sqrt(size)
        scores = self.scores[parents] + bandwidth * kernel @ self.scores
        return scores / np.sqrt(1 + bandwidth**2), parents


class Bootstrap:
    """A statistical model of spectra by class.

    A synthetic spectrum is the mean of its class, plus its components times scores of
    :meth:`ClassModel.draw_scores`, plus noise made of real residuals
    (:func:`resample_residuals`). Means and components are noise filtered. The noise
    comes back with the residuals, so the high frequencies are those of real spectra. A
    class with fewer than 6 spectra borrows gain, shift and baseline from larger
    classes, never bands, in a share of its spectra that falls from 83 % (one spectrum)
    to 0 (six).

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points), float64
    codes : ndarray of shape (n_spectra,), int
        Class positions.
    n_components : int
        At most this many components per class; those that rise above the noise are
        kept.
    noise : bool
        Whether to add residuals.
    """

    def __init__(self, X, codes, *, n_components, noise):
        self.noise = noise
        self.n_components = n_components
        levels = np.maximum(white_noise_level(X), _SMALLEST_LEVEL * X.std())
        self.classes = [
            _fit_class(X[codes == code], levels[codes == code], n_components)
            for code in range(codes.max() + 1)
        ]

    def draw(self, codes, rng):
        """Draw what makes a synthetic spectrum, apart from means and loadings.

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
            lent = self._lent_to(code)
            if len(lent):
                borrows = rng.uniform(size=len(rows)) < 1 - len(own.scores) / _ENOUGH
                picked = lent[rng.randint(len(lent), size=borrows.sum())]
                offset[rows[borrows]] += picked @ shared_curves(own.mean)
                drawn[borrows] = 0
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

    def _lent_to(self, code):
        """Return shared coefficients of the spectra of all larger classes."""
        size = len(self.classes[code].scores)
        larger = [own.shared for own in self.classes if len(own.scores) > size]
        return np.concatenate(larger) if larger and size < _ENOUGH else np.empty((0, 0))


def _fit_class(X, levels, n_components):
    """Learn mean, components, noise and shared variation of one class."""
    size = len(X)
    smooth, gain = wiener_filter(X, levels[:, None] ** 2)
    raw_mean = smooth.mean(axis=0)
    left_noise = (levels[:, None] * gain) ** 2
    mean = wiener_filter(raw_mean[None], left_noise.sum(axis=0) / size**2)[0][0]

    # Deviations of few spectra from their own mean are too small: divisor n - 1.
    deviations = (smooth - raw_mean) * np.sqrt(size / max(size - 1, 1))
    k = min(n_components, _count_components((X - X.mean(axis=0)) / levels[:, None]))
    scores, loadings = _components(deviations, levels, gain, k)
    shared = shared_coefficients(deviations, mean)

    model = mean + scores @ loadings * np.sqrt(max(size - 1, 1) / size)
    residuals = _scale_noise(X, model)
    rms = np.sqrt(np.mean(residuals**2, axis=1))
    spread = np.sqrt(np.mean(scores**2, axis=0))
    spread[spread == 0] = 1.0
    return ClassModel(
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


def _components(deviations, levels, gain, k):
    """Return scores and noise-filtered loadings of the first k components.

    Rows are divided by their noise before the singular value decomposition, so that
    noisy spectra do not dominate the components.
    """
    left, singular, loadings = np.linalg.svd(
        deviations / levels[:, None], full_matrices=False
    )
    loadings = loadings[:k]
    scores = deviations @ loadings.T
    if k:
        # Noise of component j: that of the rows (1 after the division), weighted.
        noise_power = (left[:, :k] ** 2).T @ gain**2 / singular[:k, None] ** 2
        loadings = wiener_filter(loadings, noise_power)[0]
    return scores, loadings


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


def shared_curves(mean):
    """Return what small instrumental changes add to a spectrum, to first order.

    A smooth baseline b, a smooth relative gain g and a smooth shift s of the axis turn
    m(v) into m(v - s) (1 + g) + b, which is about m + b + g m - s m'. Each of b, g, s
    is a sum of cosines. The coefficients mean the same for every class.

    Parameters
    ----------
    mean : ndarray of shape (n_points,)
        Mean spectrum of a class.

    Returns
    -------
    ndarray of shape (n_curves, n_points)
        Baselines relative to the rms of the mean spectrum, gains, shifts in points.
    """
    n_points = len(mean)
    position = (np.arange(n_points) + 0.5) / n_points
    baseline, gain, shift = (
        np.cos(np.pi * orders[:, None] * position) for orders in _orders(n_points)
    )
    slope = np.zeros_like(mean)
    if n_points > 1:
        slope = np.gradient(gaussian_filter1d(mean, 1.0, mode="nearest"))
    size = np.sqrt(np.mean(mean**2))
    return np.concatenate([size * baseline, mean * gain, -slope * shift])


def shared_coefficients(deviations, mean):
    """Express deviations from a class mean by shared curves (ridge regression).

    The penalty grows with the fourth power of a cosine's order: where a class has no
    bands that could tell, gain and shift are those at its bands.

    Parameters
    ----------
    deviations : ndarray of shape (n_spectra, n_points)
    mean : ndarray of shape (n_points,)

    Returns
    -------
    ndarray of shape (n_spectra, n_curves)
    """
    curves = shared_curves(mean)
    gram = curves @ curves.T
    squares = np.diag(gram).copy()
    squares[squares == 0] = 1.0  # a curve that is 0 gets the coefficient 0
    orders = np.concatenate(_orders(len(mean)))
    gram[np.diag_indices_from(gram)] += _RIDGE * (1 + orders) ** 4 * squares
    return np.linalg.solve(gram, curves @ deviations.T).T


def _orders(n_points):
    """Return orders of the cosines of baseline, gain and shift."""
    limit = max(1, n_points // 8)
    return [np.arange(min(n, limit)) for n in (_N_BASELINE, _N_GAIN, _N_SHIFT)]


def high_frequency_part(spectra):
    """Return what a Savitzky-Golay filter (7 points, order 2) takes away.

    Parameters
    ----------
    spectra : ndarray of shape (..., n_points)
        7 points or more.

    Returns
    -------
    ndarray of shape (..., n_points)
        0 where there is no more than rounding leaves.
    """
    rest = spectra - savgol_filter(spectra, NOISE_WINDOW, NOISE_ORDER, axis=-1)
    rounding = 1e-14 * np.abs(spectra).max(axis=-1, keepdims=True)
    return np.where(np.abs(rest) > rounding, rest, 0.0)


def noise_level(spectra):
    """Return the level of the high-frequency noise of each spectrum.

    Parameters
    ----------
    spectra : ndarray of shape (..., n_points)
        7 points or more.

    Returns
    -------
    ndarray of shape (...,)
        1.4826 times the median over the points of the absolute high-frequency part:
        its rms if it is Gaussian. The median ignores bands and spikes, as long as they
        cover less than about a third of the axis.
    """
    return 1.4826 * np.median(np.abs(high_frequency_part(spectra)), axis=-1)


def white_noise_level(spectra):
    """Return the standard deviation of the noise of each spectrum.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_points)

    Returns
    -------
    ndarray of shape (n_spectra,)
        From the high frequencies, as if the noise were white. 0 below 7 points.
    """
    if spectra.shape[1] < NOISE_WINDOW:
        return np.zeros(len(spectra))
    return noise_level(spectra) / np.sqrt(_KEPT_VARIANCE)


def wiener_filter(curves, noise_power):
    """Filter curves by the share of their power that is not noise.

    The gain at a frequency is 1 - N / P, at least 0 (Wiener 1949): N is the power of
    the noise, P that of the curve, smoothed over frequencies. A curve with narrow bands
    has power at all frequencies and keeps it; one with broad bands loses the noise
    beyond them. The cosine transform assumes nothing about what lies beyond the ends.

    Parameters
    ----------
    curves : ndarray of shape (n_curves, n_points)
    noise_power : ndarray that broadcasts to (n_curves, n_points)
        Variance of the noise at each frequency of the orthonormal DCT-II; for white
        noise, its variance per point.

    Returns
    -------
    filtered : ndarray of shape (n_curves, n_points)
    gain : ndarray of shape (n_curves, n_points)
        Of each frequency, 0 to 1.
    """
    # The mean is left out: smoothing would spread its power to its neighbors.
    mean = curves.mean(axis=1, keepdims=True)
    frequencies = dct(curves - mean, norm="ortho", axis=1)
    power = gaussian_filter1d(
        frequencies**2, _SMOOTHED_FREQUENCIES, axis=1, mode="nearest"
    )
    share = np.divide(noise_power, power, out=np.zeros_like(power), where=power > 0)
    gain = np.clip(1 - share, 0, 1)
    filtered = idct(gain * frequencies, norm="ortho", axis=1) + mean
    left = np.broadcast_to(noise_power * gain**2, curves.shape).mean(axis=1)
    return _local_wiener(filtered, left[:, None]), gain


def _local_wiener(curves, variance):
    """Smooth where a curve varies no more than noise of that variance (Lee 1980)."""
    if curves.shape[1] < NOISE_WINDOW:
        return curves
    size = min(_POWER_WINDOW, curves.shape[1])
    rest = high_frequency_part(curves)
    power = uniform_filter1d(rest**2, size, axis=1, mode="nearest")
    # Twice the variance, because an average over few points scatters.
    share = np.divide(2 * variance, power, out=np.zeros_like(power), where=power > 0)
    return curves - np.clip(share, 0, 1) * rest


def balanced_rows(size, n_samples, rng):
    """Draw rows of `size`, each equally often, plus or minus one, in random order.

    A balanced bootstrap (Davison, Hinkley and Schechtman 1986).
    """
    rounds = [rng.permutation(size) for _ in range(-(-n_samples // size))]
    return np.concatenate(rounds)[:n_samples]


def block_weights(n_points, block=_BLOCK):
    """Return weights that cut an axis into overlapping blocks.

    Parameters
    ----------
    n_points, block : int

    Returns
    -------
    ndarray of shape (n_blocks, n_points)
        The squares add up to 1 at every point, so that the sum of independent blocks
        has the variance of a single one.
    """
    n_blocks = max(1, round(n_points / block))
    width = n_points / n_blocks
    centers = (np.arange(n_blocks) + 0.5) * width
    points = np.clip(np.arange(n_points), centers[0], centers[-1])
    return np.sqrt(np.clip(1 - np.abs(points - centers[:, None]) / width, 0, None))


def resample_residuals(residuals, n_samples, rng):
    """Draw noise with the local distribution and color of residuals, but none of them.

    A bootstrap in blocks of the axis: each block comes from a real residual, drawn anew
    for every block, and neighboring blocks overlap. Variance, skewness and the
    correlation within a block stay; the combination is new. What components leave of
    bands that move or grow has a preferred sign, which a random forest would miss, so
    only blocks of few residuals (below 6) get a random sign.

    Parameters
    ----------
    residuals : ndarray of shape (n_spectra, n_points)
        Of one class, brought to a common level.
    n_samples : int
        Spectra to draw.
    rng : RandomState

    Returns
    -------
    ndarray of shape (n_samples, n_points)
        Around 0: what all residuals have in common is left out.
    """
    size, n_points = residuals.shape
    few = size < _FEW
    if not few:
        # Divided by n - 1, because deviations from their own mean are too small.
        residuals = (residuals - residuals.mean(axis=0)) * np.sqrt(size / (size - 1))
    drawn = np.zeros((n_samples, n_points))
    for weights in block_weights(n_points, min(_BLOCK, _POINTS_PER_RESIDUAL * size)):
        inside = np.flatnonzero(weights)
        rows = balanced_rows(size, n_samples, rng)
        block = (residuals[:, inside] * weights[inside])[rows]
        if few:
            block = block * rng.choice([-1, 1], (n_samples, 1))
        drawn[:, inside] += block
    return drawn
