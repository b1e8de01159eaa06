"""Spectra of one line and noise (Fukuhara et al. 2019), and their building blocks."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_array, check_random_state

from sklearn_raman._utils._sklearn import Interval, validate_params


def lorentzian_lines(axis, positions, fwhm, heights):
    """Return spectra that are sums of Lorentzian lines.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
    positions, fwhm, heights : array-like, broadcastable to (n_spectra, n_lines)
        Centre and full width at half maximum in units of the axis, height at centre.

    Returns
    -------
    ndarray of shape (n_spectra, n_points)
    """
    lines = np.broadcast_arrays(positions, fwhm, heights)
    spectra = np.zeros((lines[0].shape[0], len(axis)))
    # One line at a time: all at once would take n_lines times the memory of the result.
    for position, width, height in zip(*(part.T for part in lines), strict=True):
        distance = (axis - position[:, None]) / (width[:, None] / 2)
        spectra += height[:, None] / (1 + distance**2)
    return spectra


def check_span(span, *, name, minimum, maximum=np.inf):
    """Validate a pair (low, high) with minimum < low <= high <= maximum."""
    try:
        low, high = (float(value) for value in span)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a pair (low, high), got {span!r}.") from error
    if not (minimum < low <= high <= maximum and np.isfinite(high)):
        above = "" if maximum == np.inf else f" and at most {maximum:g}"
        raise ValueError(
            f"{name}={span!r} must be a pair (low, high) with low <= high, both above "
            f"{minimum:g}{above}. Give one value twice to have it fixed."
        )
    return low, high


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
    n_per_class=20,
    *,
    centers=(100, 500, 1000),
    fwhm=4.0,
    n_points=1024,
    noise=0.025,
    n_distractors=0,
    normalize=True,
    return_truth=False,
    random_state=None,
):
    """Make spectra with one line at a place that tells the class, and white noise.

    These are the test spectra of [1]_, equation 10: the right explanation of a
    classifier's decision is known, namely the line of the class.

    Parameters
    ----------
    n_per_class : int, default=20
        Spectra of each class. The paper uses 20, and 100 with distractors.
    centers : array-like of shape (n_classes,), default=(100, 500, 1000)
        Position of the line of each class, in channels from 0 to `n_points` - 1.
    fwhm : float, default=4.0
        Full width at half maximum of every line, in channels.
    n_points : int, default=1024
        Number of channels.
    noise : float, default=0.025
        The noise is uniform within plus and minus this fraction of the maximum of each
        spectrum without noise; from 0 to below 1.
    n_distractors : int, default=0
        Number of further lines, as wide and high as that of the class, at random places
        in each spectrum; 3 in the paper. They may overlap any line, also lie where
        another class has its own.
    normalize : bool, default=True
        Whether to divide each spectrum by its maximum (section 2.1 of the paper).
    return_truth : bool, default=False
        Whether to return what the spectra are made of.
    random_state : int, RandomState instance or None, default=None
        Decides about noise and distractors.

    Returns
    -------
    X : ndarray of shape (n_per_class * n_classes, n_points)
        Spectra, class after class.
    y : ndarray of shape (n_per_class * n_classes,), int
        Position of the class in `centers`.
    truth : Bunch
        Only with `return_truth=True`; `X * truth.scale` is `clean + noise`.

        centers : ndarray of shape (n_spectra,), the line of the class
        distractors : ndarray of shape (n_spectra, n_distractors), the other lines
        clean : ndarray of shape (n_spectra, n_points), all lines, of height 1
        noise : ndarray of shape (n_spectra, n_points)
        scale : ndarray of shape (n_spectra, 1), by what each spectrum was divided
        channels : ndarray of shape (n_points,), 0 to n_points - 1.

    Raises
    ------
    ValueError
        If a parameter is not valid or a centre lies outside the channels.

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
    centers = check_array(
        centers, ensure_2d=False, dtype=np.float64, input_name="centers"
    )
    if centers.ndim != 1 or not ((centers >= 0) & (centers <= n_points - 1)).all():
        raise ValueError(
            f"centers={centers.tolist()} must be a list of positions from 0 to "
            f"n_points - 1 = {n_points - 1}: move the centres or make n_points larger."
        )
    channels = np.arange(n_points, dtype=np.float64)
    y = np.repeat(np.arange(len(centers)), n_per_class)
    distractors = rng.uniform(0, n_points - 1, size=(len(y), n_distractors))
    positions = np.column_stack([centers[y], distractors])
    clean = lorentzian_lines(channels, positions, fwhm, 1.0)
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
