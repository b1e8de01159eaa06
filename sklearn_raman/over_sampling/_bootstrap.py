"""SpectrumBootstrap: a smoothed bootstrap of spectra, with measured noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from scipy.ndimage import gaussian_filter1d

from sklearn_raman._utils._sklearn import Interval, StrOptions
from sklearn_raman._utils._typing import RandomState
from sklearn_raman.over_sampling._base import SpectrumSampler
from sklearn_raman.over_sampling._noise import (
    balanced_rows,
    resample_residuals,
    white_noise_level,
    wiener_filter,
)

# Classes below this size draw a part of their variation from larger ones.
_ENOUGH = 6
_SMALLEST_LEVEL = 1e-6  # relative to the spread of all spectra; less counts as no noise
_LARGEST_NOISE_FACTOR = 1.25

# Shared variation. Numbers of cosines: at most this many half waves over the axis.
_N_BASELINE, _N_GAIN, _N_SHIFT = 6, 6, 2
_RIDGE = 1e-4  # relative to the square of a curve, for its constant term


class SpectrumBootstrap(SpectrumSampler):
    """Over-sample classes with a smoothed bootstrap of their spectra.

    A synthetic spectrum is a real one of its class, moved a little in the directions in
    which the class varies, with new noise:

    1. Each spectrum is split into a smooth part (Wiener filter [3]_) and a residual.
    2. The smooth parts of a class give a mean and its principal components, those that
       rise above the noise [4]_.
    3. New scores are those of a real spectrum plus a random step, shrunk so that their
       variance stays that of the real ones: a smoothed bootstrap [1]_. Every spectrum
       is a parent equally often (balanced bootstrap [2]_).
    4. New noise is pieced together from the residuals of the class, in blocks of the
       axis, at the level of the parent. It keeps their strength, color and sign.

    Nothing is trained: 200 spectra of 1000 points take a tenth of a second. The nearest
    relative is imbalanced-learn's ``RandomOverSampler(shrinkage=...)``, a smoothed
    bootstrap that moves each point of a spectrum by itself: what it adds to a spectrum
    is white noise, on top of the noise of the parent.

    Cosmic spikes are learned like noise: remove them first
    (:class:`~sklearn_raman.preprocessing.Despiker`).

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes to over-sample, and to what size, as in all of
        imbalanced-learn. "auto": all but the largest, up to its size.
    n_components : int, default=15
        At most this many components per class; those that rise above the noise are
        used.
    bandwidth : float, default=0.7
        Size of the random step, relative to the one that is best for Gaussian scores
        (Silverman 1986, eq. 4.15). Fluorescence and the like are not Gaussian, and a
        step that long fills gaps in their distribution. 0 repeats the real scores.
    noise : {"residual"} or None, default="residual"
        "residual" adds noise made of what the components leave of real spectra of the
        class. None returns noise-free spectra.
    random_state : int, RandomState instance or None, default=None
        Controls all randomness: same seed, same spectra.

    Attributes
    ----------
    n_components_ : ndarray of shape (n_classes,), int
        Components used of each class.
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
        different axes, or the labels of the columns are no axis. After a failed fit the
        sampler is as it was before.

    Warns
    -----
    UserWarning
        If a class to over-sample has a single spectrum.

    See Also
    --------
    WGANGP : A network, which can start from this sampler.
    synthesis_report : How good a set of synthetic spectra is.

    Notes
    -----
    With 50 spectra per class the synthetic ones are about as near to new spectra as the
    training spectra are. Better classifiers do not follow: compare with SMOTE and with
    ``class_weight="balanced"``.

    A class with fewer than 6 spectra hardly shows how it varies. It borrows gain, shift
    and baseline from spectra of larger classes, never bands, in a share of its
    synthetic spectra that falls from 83 % (one spectrum) to 0 (six). In a class of one,
    all variation but the noise is borrowed, and a warning says so.

    A column that is constant in X stays constant. Integer spectra come back as float,
    in a frame too. Frames come back as the kind of frame they are (pandas, polars),
    with their column labels, and pairs as pairs.

    References
    ----------
    .. [1] Silverman, B. W. and Young, G. A. (1987). The bootstrap: to smooth or not to
       smooth? Biometrika 74.
    .. [2] Davison, A. C., Hinkley, D. V. and Schechtman, E. (1986). Efficient bootstrap
       simulation. Biometrika 73.
    .. [3] Wiener, N. (1949). Extrapolation, interpolation, and smoothing of stationary
       time series. MIT Press.
    .. [4] Marchenko, V. A. and Pastur, L. A. (1967). Distribution of eigenvalues for
       some sets of random matrices. Math. USSR-Sbornik 1.

    Examples
    --------
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> from sklearn_raman.over_sampling import SpectrumBootstrap
    >>> X, y = make_raman_spectra(
    ...     60, weights=[0.8, 0.2], wavenumbers=(400, 1000, 2), random_state=0
    ... )
    >>> sampler = SpectrumBootstrap(random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> X_resampled.shape, (y_resampled == 1).sum().item()
    ((96, 301), 48)
    >>> sampler.sample(5, label=1, random_state=0).shape
    (5, 301)
    """

    _parameter_constraints: dict = {
        **SpectrumSampler._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "bandwidth": [Interval(Real, 0, None, closed="left")],
        "noise": [StrOptions({"residual"}), None],
    }

    def __init__(
        self,
        *,
        sampling_strategy: float
        | Literal["auto", "all", "minority", "not minority", "not majority"]
        | Mapping[Any, int]
        | Callable[..., Any] = "auto",
        n_components: int = 15,
        bandwidth: float = 0.7,
        noise: Literal["residual"] | None = "residual",
        random_state: RandomState = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.n_components = n_components
        self.bandwidth = bandwidth
        self.noise = noise
        self.random_state = random_state

    def _fit_spectra(self, X, codes, rng):
        levels = np.maximum(white_noise_level(X), _SMALLEST_LEVEL * X.std())
        self._models = [
            _fit_class(X[codes == code], levels[codes == code], self.n_components)
            for code in range(len(self.classes_))
        ]
        self._bandwidth, self._noise = self.bandwidth, self.noise
        self.n_components_ = np.array([len(own.loadings) for own in self._models])

    def _draw(self, code, n_samples, rng):
        own = self._models[code]
        scores, parents = own.draw_scores(n_samples, self._bandwidth, rng)
        lent = self._lent_to(code)
        share = 1 - len(own.scores) / _ENOUGH if len(lent) else 0
        borrows = rng.uniform(size=n_samples) < share
        scores[borrows] = 0
        spectra = own.mean + scores @ own.loadings
        if borrows.any():
            picked = lent[rng.randint(len(lent), size=borrows.sum())]
            spectra[borrows] += picked @ shared_curves(own.mean)
        if self._noise is not None:
            noise = resample_residuals(own.residuals, n_samples, rng)
            spectra += noise * own.levels[parents, None]
        return spectra

    def _lent_to(self, code):
        """Return shared coefficients of the spectra of all larger classes."""
        size = len(self._models[code].scores)
        larger = [own.shared for own in self._models if len(own.scores) > size]
        return np.concatenate(larger) if larger and size < _ENOUGH else np.empty((0, 0))

    def _single_source(self):
        return (
            "noise, and gain, shift and baseline borrowed from larger classes, never "
            "bands"
        )


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

    def draw_scores(self, n_samples, bandwidth, rng):
        """Draw scores of real spectra, moved toward others of the class.

        The kernel has the covariance of the class: a random sum of its scores.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_components)
        parents : ndarray of shape (n_samples,), int
            Rows of the real spectra.
        """
        size, d = len(self.scores), max(self.scores.shape[1], 1)
        parents = balanced_rows(size, n_samples, rng)
        width = bandwidth * (4 / (d + 2) / size) ** (1 / (d + 4))
        kernel = rng.standard_normal((n_samples, size)) / np.sqrt(size)
        scores = self.scores[parents] + width * kernel @ self.scores
        return scores / np.hypot(1, width), parents


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
