"""Spectra whose truth is known: simulated ones, and mixtures of given ones."""

from __future__ import annotations

from itertools import permutations
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import (
    Bunch,
    check_array,
    check_random_state,
)

from sklearn_raman._utils._frames import frame_like, is_frame
from sklearn_raman._utils._sklearn import Interval, validate_params
from sklearn_raman._utils._typing import Frame, RandomState
from sklearn_raman._utils._validation import (
    check_spectra_array,
    one_per_spectrum,
    refuse_other_order,
)
from sklearn_raman._utils._wavenumbers import (
    expand_grid,
    format_wavenumbers,
)

_MOST_COUNTS = 1e15  # a Poisson distribution of more cannot be drawn


@validate_params(
    {
        "n_per_class": [Interval(Integral, 1, None, closed="left")],
        "centers": ["array-like"],
        "fwhm": [Interval(Real, 0, None, closed="neither")],
        "n_points": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, 1, closed="left")],
        "n_distractors": [Interval(Integral, 0, None, closed="left")],
        "normalize": ["boolean"],
        "return_truth": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_lorentzian_spectra(
    n_per_class: int = 20,
    *,
    centers: ArrayLike = (100, 500, 1000),
    fwhm: float = 4.0,
    n_points: int = 1024,
    noise: float = 0.025,
    n_distractors: int = 0,
    normalize: bool = True,
    return_truth: bool = False,
    random_state: RandomState = None,
) -> tuple[Any, ...]:
    """Make spectra with one band, whose position tells the class, and white noise.

    These are the test spectra of [1]_, equation 10. The right explanation of a
    classifier's decision is known: it is the band of the class.

    Parameters
    ----------
    n_per_class : int, default=20
        Spectra per class. The paper uses 20, and 100 with distractors.
    centers : array-like of shape (n_classes,), default=(100, 500, 1000)
        Position of the band of each class, in channels from 0 to `n_points` - 1.
    fwhm : float, default=4.0
        Full width at half maximum of every band, in channels.
    n_points : int, default=1024
        Number of channels.
    noise : float, default=0.025
        The noise is uniform between plus and minus this fraction of the maximum that
        the spectrum has without noise; from 0 to below 1.
    n_distractors : int, default=0
        Number of further bands per spectrum, as wide and high as that of the class, at
        random positions; 3 in the paper. They may overlap with any band, and may lie
        where another class has its own.
    normalize : bool, default=True
        Whether to divide each spectrum by its maximum (section 2.1 of the paper).
    return_truth : bool, default=False
        Whether to return what the spectra are made of.
    random_state : int, RandomState instance or None, default=None
        Controls noise and distractors.

    Returns
    -------
    X : ndarray of shape (n_per_class * n_classes, n_points)
        Spectra, class after class.
    y : ndarray of shape (n_per_class * n_classes,), int
        Position of the class in `centers`.
    truth : Bunch
        Only with `return_truth=True`; `X * truth.scale` is `clean + noise`.

        centers : ndarray of shape (n_spectra,)
            The band of the class.
        distractors : ndarray of shape (n_spectra, n_distractors)
            The other bands.
        clean : ndarray of shape (n_spectra, n_points)
            All bands, of height 1.
        noise : ndarray of shape (n_spectra, n_points)
            White noise.
        scale : ndarray of shape (n_spectra, 1)
            By what each spectrum was divided.
        channels : ndarray of shape (n_points,)
            0 to n_points - 1.

    Raises
    ------
    ValueError
        If a parameter is not valid, or a center lies outside the channels.

    References
    ----------
    .. [1] Fukuhara, Fujiwara, Maruyama and Itoh, "Feature visualization of Raman
       spectrum analysis with deep convolutional neural network", Analytica Chimica
       Acta 1087, 2019, pp. 11-19, sections 2.1, 2.2 and 4.1.

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> X, y = make_lorentzian_spectra(n_per_class=2, random_state=0)
    >>> X.shape
    (6, 1024)
    >>> X.argmax(axis=1)
    array([ 100,  100,  500,  500, 1000, 1000])
    """
    rng = check_random_state(random_state)
    centers = check_array(centers, ensure_2d=False, dtype=float, input_name="centers")
    if centers.ndim != 1 or not ((centers >= 0) & (centers <= n_points - 1)).all():
        raise ValueError(
            f"centers={centers.tolist()} must be a list of positions from 0 to "
            f"n_points - 1 = {n_points - 1}: move the centers, or make n_points larger."
        )
    channels = np.arange(n_points, dtype=np.float64)
    y = np.repeat(np.arange(len(centers)), n_per_class)
    distractors = rng.uniform(0, n_points - 1, size=(len(y), n_distractors))
    positions = np.column_stack([centers[y], distractors])
    clean = _lorentzian_bands(channels, positions, fwhm, 1.0)
    amplitude = noise * clean.max(axis=1, keepdims=True)
    noise_part = amplitude * rng.uniform(-1, 1, size=clean.shape)
    X = clean + noise_part
    scale = X.max(axis=1, keepdims=True) if normalize else np.ones((len(X), 1))
    X /= scale
    if not return_truth:
        return X, y
    truth = Bunch(
        centers=centers[y],
        distractors=distractors,
        clean=clean,
        noise=noise_part,
        scale=scale,
        channels=channels,
    )
    return X, y, truth


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_classes": [Interval(Integral, 1, None, closed="left")],
        "weights": ["array-like", None],
        "wavenumbers": ["array-like"],
        "n_bands": [Interval(Integral, 1, None, closed="left")],
        "similarity": [Interval(Real, 0, 1, closed="both")],
        "intensity_variation": [Interval(Real, 0, 5, closed="both")],
        "position_variation": [Interval(Real, 0, 1e9, closed="both")],
        "photons": [Interval(Real, 0, 1e9, closed="right")],
        "fluorescence": [Interval(Real, 0, 1e6, closed="both")],
        "read_noise": [Interval(Real, 0, 1e9, closed="both")],
        "spike_rate": [Interval(Real, 0, 1e4, closed="both")],
        "return_truth": ["boolean"],
        "as_frame": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_raman_spectra(
    n_samples: int = 100,
    *,
    n_classes: int = 2,
    weights: ArrayLike | None = None,
    wavenumbers: ArrayLike = (400.0, 1800.0, 1.0),
    n_bands: int = 8,
    fwhm: tuple[float, float] = (8.0, 25.0),
    similarity: float = 0.5,
    intensity_variation: float = 0.1,
    position_variation: float = 0.5,
    photons: float = 1000.0,
    fluorescence: float = 2.0,
    read_noise: float = 5.0,
    spike_rate: float = 0.1,
    return_truth: bool = False,
    as_frame: bool = False,
    random_state: RandomState = None,
) -> tuple[Any, ...]:
    """Make raw Raman spectra whose every part is known.

    A spectrum is the sum of Lorentzian bands, a smooth fluorescence background, the
    shot noise of both, the read noise of the detector and cosmic spikes, in counts.

    Parameters
    ----------
    n_samples : int, default=100
        Number of spectra.
    n_classes : int, default=2
        Number of classes (substances).
    weights : array-like of shape (n_classes,) or None, default=None
        Proportion of each class; they add up to 1. None means equal.
    wavenumbers : tuple (start, stop, step) or array-like of shape (n_points,), \
            default=(400.0, 1800.0, 1.0)
        Axis in cm-1, two points or more. A tuple is a range that includes `stop` when
        it falls on the grid.
    n_bands : int, default=8
        Bands per class. Their centers lie in the inner 90 % of the axis, their heights
        between 0.2 and 1.
    fwhm : tuple (low, high), default=(8.0, 25.0)
        Range of their full width at half maximum in cm-1.
    similarity : float, default=0.5
        Fraction of the bands, rounded to a whole number, that all classes have in
        common. With 1 the classes do not differ: nothing can be learned.
    intensity_variation : float, default=0.1
        Standard deviation of the logarithm of a band's height among the spectra of a
        class; 0.1 is about 10 %, and 5 the most.
    position_variation : float, default=0.5
        Standard deviation of a band's center among the spectra of a class, in cm-1.
    photons : float, default=1000.0
        Expected counts at the center of a band of height 1. The larger, the smaller the
        shot noise relative to the signal; above 0, at most 1e9.
    fluorescence : float, default=2.0
        Mean over the spectra of the highest background value, in units of `photons`. It
        varies by up to a half from spectrum to spectrum, whatever the class.
    read_noise : float, default=5.0
        Standard deviation of the read noise, in counts.
    spike_rate : float, default=0.1
        Mean number of cosmic spikes per spectrum, at most 1e4. Each is one point wide
        and one to ten times `photons` high.
    return_truth : bool, default=False
        Whether to return what the spectra are made of.
    as_frame : bool, default=False
        Whether X is a DataFrame with the wavenumbers as column labels and y a Series.
    random_state : int, RandomState instance or None, default=None
        Controls all randomness. The bands of the classes are drawn first, so they do
        not change with the parameters of the noise; `photons` scales their heights.
        Draw training and test spectra in one call and split them: two calls with one
        seed are not independent.

    Returns
    -------
    X : ndarray or DataFrame of shape (n_samples, n_points)
        Spectra in counts, class after class.
    y : ndarray or Series of shape (n_samples,), int
        Class, 0 to n_classes - 1.
    truth : Bunch
        Only with `return_truth=True`; X is
        `signal + fluorescence + noise + spikes`.

        signal : ndarray of shape (n_samples, n_points)
            The bands.
        fluorescence : ndarray of shape (n_samples, n_points)
            The background.
        noise : ndarray of shape (n_samples, n_points)
            Shot and read noise.
        spikes : ndarray of shape (n_samples, n_points)
            Cosmic spikes.
        spike_mask : ndarray of shape (n_samples, n_points)
            True where a spike is.
        positions, fwhm, heights : ndarrays of shape (n_samples, n_bands)
            Bands of each spectrum in cm-1 and counts.
        class_positions, class_fwhm, class_heights : the same, (n_classes, n_bands)
            Bands of each class, in cm-1 and counts, without the variation among its
            spectra; the shared ones come first.
        n_shared : int
            How many are shared.
        wavenumbers : ndarray of shape (n_points,)
            In cm-1.

    Raises
    ------
    ValueError
        If a parameter is not valid, a class would get no spectrum, or a spectrum would
        have more counts than can be drawn.

    Examples
    --------
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> X, y, truth = make_raman_spectra(
    ...     6, n_classes=3, as_frame=True, return_truth=True, random_state=0
    ... )
    >>> X.shape, X.columns[0], y.tolist()
    ((6, 1401), '400.0', [0, 0, 1, 1, 2, 2])
    >>> parts = truth.signal + truth.fluorescence + truth.noise + truth.spikes
    >>> bool((X == parts).all(axis=None))
    True
    """
    rng = check_random_state(random_state)
    axis = expand_grid(wavenumbers, name="wavenumbers")
    if len(axis) < 2:
        raise ValueError(
            f"wavenumbers={wavenumbers!r} holds a single point: an axis needs a range."
        )
    allowed = Interval(Real, 0, None, closed="neither")
    width_span = _check_span(fwhm, name="fwhm", allowed=allowed)
    y = np.repeat(np.arange(n_classes), _class_sizes(n_samples, n_classes, weights))

    n_shared = round(similarity * n_bands)
    positions, widths, heights = _draw_classes(
        rng, axis, width_span, n_classes, n_bands, n_shared
    )
    shape = (n_samples, n_bands)
    own_positions = positions[y] + position_variation * rng.standard_normal(shape)
    own_heights = heights[y] * np.exp(intensity_variation * rng.standard_normal(shape))
    own_heights *= photons
    signal = _lorentzian_bands(axis, own_positions, widths[y], own_heights)
    background = _draw_background(rng, axis, n_samples)
    background *= fluorescence * photons * rng.uniform(0.5, 1.5, size=(n_samples, 1))
    expected = signal + background
    if expected.max() > _MOST_COUNTS:
        raise ValueError(
            f"photons={photons!r}, fluorescence={fluorescence!r} and "
            f"intensity_variation={intensity_variation!r} lead to {expected.max():.1g} "
            f"counts, and more than {_MOST_COUNTS:.0e} cannot be drawn: make one of "
            "them smaller."
        )
    noise = rng.poisson(expected) - expected
    noise += read_noise * rng.standard_normal(noise.shape)
    spikes = _draw_spikes(rng, noise.shape, spike_rate, photons)
    X = signal + background + noise + spikes

    if as_frame:
        X = pd.DataFrame(X, columns=format_wavenumbers(axis))
    target = pd.Series(y, name="target") if as_frame else y
    if not return_truth:
        return X, target
    truth = Bunch(
        signal=signal,
        fluorescence=background,
        noise=noise,
        spikes=spikes,
        spike_mask=spikes > 0,
        positions=own_positions,
        fwhm=widths[y],
        heights=own_heights,
        class_positions=positions,
        class_fwhm=widths,
        class_heights=photons * heights,
        n_shared=n_shared,
        wavenumbers=axis,
    )
    return X, target, truth


def _class_sizes(n_samples, n_classes, weights):
    """Divide the spectra among the classes by largest remainder: the sum is exact."""
    if weights is None:
        weights = np.full(n_classes, 1 / n_classes)
    weights = check_array(weights, ensure_2d=False, dtype=float, input_name="weights")
    add_up = weights.shape == (n_classes,) and np.isclose(weights.sum(), 1)
    if not add_up or (weights < 0).any():
        raise ValueError(
            f"weights={weights.tolist()} must be {n_classes} proportions, one per "
            "class, that are not negative and add up to 1."
        )
    # Rounded, so that equal shares have equal remainders; the first classes get more.
    exact = (n_samples * weights).round(9)
    sizes = np.floor(exact).astype(int)
    missing = n_samples - sizes.sum()
    sizes[np.argsort(sizes - exact, kind="stable")[:missing]] += 1
    if (sizes == 0).any():
        raise ValueError(
            f"n_samples={n_samples} gives class {int(sizes.argmin())} no spectrum with "
            f"weights={weights.tolist()}: use more spectra, or fewer classes."
        )
    return sizes


def _draw_classes(rng, axis, width_span, n_classes, n_bands, n_shared):
    """Draw position, width and height of the bands of each class."""
    margin = 0.05 * (axis.max() - axis.min())
    size = (n_classes, n_bands)
    bands = [
        rng.uniform(axis.min() + margin, axis.max() - margin, size=size),
        rng.uniform(*width_span, size=size),
        rng.uniform(0.2, 1.0, size=size),
    ]
    for values in bands:
        values[:, :n_shared] = values[0, :n_shared]
    return bands


def _draw_background(rng, axis, n_samples):
    """Draw smooth shapes with maximum 1: two Gaussians, far wider than the bands."""
    span = axis.max() - axis.min()
    size = (2, n_samples, 1)
    centers = rng.uniform(axis.min() - span / 2, axis.max() + span / 2, size=size)
    widths = rng.uniform(0.4, 1.0, size=size) * span
    amplitudes = rng.uniform(0.2, 1.0, size=size)
    shapes = amplitudes * np.exp(-0.5 * ((axis - centers) / widths) ** 2)
    background = shapes.sum(axis=0)
    return background / background.max(axis=1, keepdims=True)


def _draw_spikes(rng, shape, rate, photons):
    """Draw one-point spikes; two that hit the same point add up."""
    spikes = np.zeros(shape)
    rows = np.repeat(np.arange(shape[0]), rng.poisson(rate, size=shape[0]))
    columns = rng.randint(shape[1], size=len(rows))
    np.add.at(spikes, (rows, columns), photons * rng.uniform(1, 10, size=len(rows)))
    return spikes


@validate_params(
    {
        "X": ["array-like"],
        "y": ["array-like"],
        "n_per_pair": [Interval(Integral, 1, None, closed="left")],
        "normalize": ["boolean"],
        "return_truth": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_mixtures(
    X: ArrayLike | Frame,
    y: ArrayLike,
    *,
    n_per_pair: int = 5,
    ratio: tuple[float, float] = (0.1, 0.5),
    normalize: bool = True,
    return_truth: bool = False,
    random_state: RandomState = None,
) -> tuple[Any, ...]:
    """Mix spectra of any two classes numerically, labeled by the larger part.

    The experiment of [1]_, section 4.3: for every ordered pair of classes (major,
    minor) a mixture is `major + r * minor`, with `r` uniform in `ratio` and both
    spectra drawn at random from the rows of their class. The label says nothing about
    `minor` or `r`.

    Split into training and test rows first, and mix each part by itself: mixtures that
    share a spectrum are not independent.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_spectra, n_points)
        Pure spectra, on one scale: the ratio refers to their intensities as they are.
    y : array-like of shape (n_spectra,)
        Class of each; two classes or more.
    n_per_pair : int, default=5
        Mixtures per ordered pair of classes.
    ratio : tuple (low, high), default=(0.1, 0.5)
        Range of the share of the minor spectrum relative to the major one, above 0 and
        at most 1.
    normalize : bool, default=True
        Whether to divide each mixture by its maximum (section 2.1 of the paper).
    return_truth : bool, default=False
        Whether to return what the mixtures are made of.
    random_state : int, RandomState instance or None, default=None
        Controls the choice of spectra and ratios.

    Returns
    -------
    X_mixed : ndarray or DataFrame of shape (n_mixtures, n_points)
        `n_mixtures = n_per_pair * n_classes * (n_classes - 1)`, major class after major
        class. A data frame with the columns of X if X is one. float32 stays float32.
    y_mixed : ndarray of shape (n_mixtures,)
        Major class.
    truth : Bunch
        Only with `return_truth=True`.

        ratio : ndarray of shape (n_mixtures,)
            Share of the minor spectrum.
        minor : ndarray of shape (n_mixtures,)
            Class of the minor spectrum.
        rows : ndarray of shape (n_mixtures, 2)
            Rows of X: major and minor.
        classes : ndarray of shape (n_classes,)
            Order of the next two.
        composition : ndarray of shape (n_mixtures, n_classes)
            1 for the major and the ratio for the minor class.
        one_hot : ndarray of shape (n_mixtures, n_classes)
            1 for the major class only.
        scale : ndarray of shape (n_mixtures, 1)
            By what each mixture was divided.

    Raises
    ------
    ValueError
        If a parameter is not valid, a label is missing, y has the index of X in another
        order, there is only one class, or a mixture without a positive value should be
        normalized.

    References
    ----------
    .. [1] Fukuhara, Fujiwara, Maruyama and Itoh, "Feature visualization of Raman
       spectrum analysis with deep convolutional neural network", Analytica Chimica
       Acta 1087, 2019, pp. 11-19, sections 2.1 and 4.3.

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra, make_mixtures
    >>> X, y = make_lorentzian_spectra(n_per_class=4, noise=0, random_state=0)
    >>> X_mixed, y_mixed = make_mixtures(X, y, n_per_pair=5, random_state=0)
    >>> X_mixed.shape
    (30, 1024)
    >>> X_mixed[0, [100, 500]].round(2)
    array([1.  , 0.21])
    """
    rng = check_random_state(random_state)
    allowed = Interval(Real, 0, 1, closed="right")
    low, high = _check_span(ratio, name="ratio", allowed=allowed)
    refuse_other_order("y", y, X)
    spectra = check_spectra_array(X)
    labels = one_per_spectrum("y", y, len(spectra))
    classes, code = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y holds only the class {classes[0]}, and a mixture needs two: pass "
            "spectra of two or more classes."
        )
    pairs = np.repeat(list(permutations(range(len(classes)), 2)), n_per_pair, axis=0)
    members = [np.flatnonzero(code == k) for k in range(len(classes))]
    rows = np.array([[rng.choice(members[k]) for k in pair] for pair in pairs])
    r = rng.uniform(low, high, size=len(pairs))
    share = r.astype(spectra.dtype)[:, None]
    mixed = spectra[rows[:, 0]] + share * spectra[rows[:, 1]]
    scale = mixed.max(axis=1, keepdims=True) if normalize else np.ones_like(share)
    if (scale <= 0).any():
        raise ValueError(
            f"{(scale <= 0).sum()} of {len(mixed)} mixtures have no positive value to "
            "be divided by: pass normalize=False, or spectra with bands above 0."
        )
    mixed = mixed / scale
    if is_frame(X):  # a mixture has no place in the index of X
        mixed = frame_like(mixed, X.head(0))
    y_mixed = classes[pairs[:, 0]]
    if not return_truth:
        return mixed, y_mixed
    one_hot = np.eye(len(classes))[pairs[:, 0]]
    truth = Bunch(
        ratio=r,
        minor=classes[pairs[:, 1]],
        rows=rows,
        classes=classes,
        composition=one_hot + r[:, None] * np.eye(len(classes))[pairs[:, 1]],
        one_hot=one_hot,
        scale=scale,
    )
    return mixed, y_mixed, truth


def _lorentzian_bands(axis, positions, fwhm, heights):
    """Return spectra that are sums of Lorentzian bands.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
    positions, fwhm, heights : array-like, broadcastable to (n_spectra, n_bands)
        Center and full width at half maximum in units of the axis, height at center.

    Returns
    -------
    ndarray of shape (n_spectra, n_points)
    """
    bands = np.broadcast_arrays(positions, fwhm, heights)
    spectra = np.zeros((bands[0].shape[0], len(axis)))
    # One band at a time: all at once would take n_bands times the memory of the result.
    for position, width, height in zip(*(part.T for part in bands), strict=True):
        distance = (axis - position[:, None]) / (width[:, None] / 2)
        spectra += height[:, None] / (1 + distance**2)
    return spectra


def _check_span(span, *, name, allowed):
    """Validate a pair (low, high), low <= high, of numbers in an `Interval`."""
    pair = list(span) if np.iterable(span) else []
    numbers = len(pair) == 2 and all(map(allowed.is_satisfied_by, pair))
    if not numbers or pair[0] > pair[1]:
        raise ValueError(
            f"{name}={span!r} must be a pair (low, high) with low <= high, each "
            f"{allowed}. Give one value twice to keep it fixed."
        )
    return pair
