"""Simulated measurements: lines, fluorescence, shot and read noise, cosmic spikes."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_array, check_random_state

from sklearn_raman._utils._sklearn import Interval, validate_params
from sklearn_raman._utils._wavenumbers import expand_grid, format_wavenumbers
from sklearn_raman.datasets._simulated import check_span, lorentzian_lines


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_classes": [Interval(Integral, 1, None, closed="left")],
        "weights": ["array-like", None],
        "wavenumbers": ["array-like"],
        "n_peaks": [Interval(Integral, 1, None, closed="left")],
        "similarity": [Interval(Real, 0, 1, closed="both")],
        "intensity_variation": [Interval(Real, 0, None, closed="left")],
        "position_variation": [Interval(Real, 0, None, closed="left")],
        "photons": [Interval(Real, 0, 1e9, closed="right")],
        "fluorescence": [Interval(Real, 0, 1e6, closed="both")],
        "read_noise": [Interval(Real, 0, None, closed="left")],
        "spike_rate": [Interval(Real, 0, None, closed="left")],
        "return_truth": ["boolean"],
        "as_frame": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_raman_spectra(
    n_samples=100,
    *,
    n_classes=2,
    weights=None,
    wavenumbers=(400.0, 1800.0, 1.0),
    n_peaks=8,
    fwhm=(8.0, 25.0),
    similarity=0.5,
    intensity_variation=0.1,
    position_variation=0.5,
    photons=1000.0,
    fluorescence=2.0,
    read_noise=5.0,
    spike_rate=0.1,
    return_truth=False,
    as_frame=False,
    random_state=None,
):
    """Make raw Raman spectra of which every part is known.

    A spectrum is the sum of Lorentzian lines, a smooth fluorescence background, the
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
    n_peaks : int, default=8
        Lines of each class. Their centres lie in the inner 90 % of the axis, their
        heights between 0.2 and 1.
    fwhm : tuple (low, high), default=(8.0, 25.0)
        Range of their full width at half maximum in cm-1.
    similarity : float, default=0.5
        Fraction of the lines, rounded to a whole number, that all classes have in
        common. With 1 the classes do not differ: nothing can be learnt.
    intensity_variation : float, default=0.1
        Standard deviation of the logarithm of a line's height among the spectra of a
        class; 0.1 is about 10 %.
    position_variation : float, default=0.5
        Standard deviation of a line's centre among the spectra of a class, in cm-1.
    photons : float, default=1000.0
        Expected counts at the centre of a line of height 1. The larger, the smaller the
        shot noise relative to the signal; above 0, at most 1e9.
    fluorescence : float, default=2.0
        Mean over the spectra of the highest background value, in units of `photons`. It
        varies by up to a half from spectrum to spectrum, independent of the class.
    read_noise : float, default=5.0
        Standard deviation of the read noise, in counts.
    spike_rate : float, default=0.1
        Mean number of cosmic spikes in a spectrum. Each is one point wide and one to
        ten times `photons` high.
    return_truth : bool, default=False
        Whether to return what the spectra are made of.
    as_frame : bool, default=False
        Whether X is a DataFrame with the wavenumbers as column labels and y a Series.
    random_state : int, RandomState instance or None, default=None
        Decides about everything. The lines of the classes are drawn first, so they do
        not change with the arguments about noise. Draw training and test spectra in one
        call and split them: two calls with one seed are not independent.

    Returns
    -------
    X : ndarray or DataFrame of shape (n_samples, n_points)
        Spectra in counts, class after class.
    y : ndarray or Series of shape (n_samples,), int
        Class, 0 to n_classes - 1.
    truth : Bunch
        Only with `return_truth=True`; X is
        `signal + fluorescence + noise + spikes`.

        signal : ndarray of shape (n_samples, n_points), the lines
        fluorescence : ndarray of shape (n_samples, n_points)
        noise : ndarray of shape (n_samples, n_points), shot and read noise
        spikes : ndarray of shape (n_samples, n_points)
        spike_mask : ndarray of shape (n_samples, n_points), True where a spike is
        positions, fwhm, heights : ndarrays of shape (n_samples, n_peaks)
            Lines of each spectrum in cm-1 and counts.
        class_positions, class_fwhm, class_heights : ndarrays of shape \
            (n_classes, n_peaks)
            Lines of each class; the shared ones come first.
        n_shared : int, how many are shared
        wavenumbers : ndarray of shape (n_points,), in cm-1.

    Raises
    ------
    ValueError
        If a parameter is not valid, or a class would get no spectrum.

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
            f"wavenumbers={wavenumbers!r} holds one point only: an axis needs a range."
        )
    width_span = check_span(fwhm, name="fwhm", minimum=0)
    y = np.repeat(np.arange(n_classes), _class_sizes(n_samples, n_classes, weights))

    n_shared = round(similarity * n_peaks)
    positions, widths, heights = _draw_classes(
        rng, axis, width_span, n_classes, n_peaks, n_shared
    )
    shape = (n_samples, n_peaks)
    own_positions = positions[y] + position_variation * rng.standard_normal(shape)
    own_heights = heights[y] * np.exp(intensity_variation * rng.standard_normal(shape))
    own_heights *= photons
    signal = lorentzian_lines(axis, own_positions, widths[y], own_heights)
    background = _draw_background(rng, axis, n_samples)
    background *= fluorescence * photons * rng.uniform(0.5, 1.5, size=(n_samples, 1))
    expected = signal + background
    noise = rng.poisson(expected) - expected
    noise += read_noise * rng.standard_normal(noise.shape)
    spikes = _draw_spikes(rng, noise.shape, spike_rate, photons)
    X = signal + background + noise + spikes

    target = y
    if as_frame:
        X = pd.DataFrame(X, columns=format_wavenumbers(axis))
        target = pd.Series(y, name="target")
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
        class_heights=heights,
        n_shared=n_shared,
        wavenumbers=axis,
    )
    return X, target, truth


def _class_sizes(n_samples, n_classes, weights):
    """Share the spectra out by largest remainder, so that they add up."""
    if weights is None:
        weights = np.full(n_classes, 1 / n_classes)
    weights = check_array(
        weights, ensure_2d=False, dtype=np.float64, input_name="weights"
    )
    if (
        weights.shape != (n_classes,)
        or (weights < 0).any()
        or not np.isclose(weights.sum(), 1)
    ):
        raise ValueError(
            f"weights={weights.tolist()} must be {n_classes} proportions, one for each "
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


def _draw_classes(rng, axis, width_span, n_classes, n_peaks, n_shared):
    """Draw position, width and height of the lines of each class."""
    margin = 0.05 * (axis.max() - axis.min())
    size = (n_classes, n_peaks)
    lines = [
        rng.uniform(axis.min() + margin, axis.max() - margin, size=size),
        rng.uniform(*width_span, size=size),
        rng.uniform(0.2, 1.0, size=size),
    ]
    for values in lines:
        values[:, :n_shared] = values[0, :n_shared]
    return lines


def _draw_background(rng, axis, n_samples):
    """Draw smooth shapes with maximum 1: two Gaussians, far wider than the lines."""
    span = axis.max() - axis.min()
    size = (2, n_samples, 1)
    centres = rng.uniform(axis.min() - span / 2, axis.max() + span / 2, size=size)
    widths = rng.uniform(0.4, 1.0, size=size) * span
    amplitudes = rng.uniform(0.2, 1.0, size=size)
    shapes = amplitudes * np.exp(-0.5 * ((axis - centres) / widths) ** 2)
    background = shapes.sum(axis=0)
    return background / background.max(axis=1, keepdims=True)


def _draw_spikes(rng, shape, rate, photons):
    """Draw one-point spikes; two that hit the same point add up."""
    spikes = np.zeros(shape)
    rows = np.repeat(np.arange(shape[0]), rng.poisson(rate, size=shape[0]))
    columns = rng.randint(shape[1], size=len(rows))
    np.add.at(spikes, (rows, columns), photons * rng.uniform(1, 10, size=len(rows)))
    return spikes
