"""Numerical mixtures of measured spectra (Fukuhara et al. 2019)."""

from itertools import permutations
from numbers import Integral

import numpy as np
from sklearn.utils import (
    Bunch,
    check_array,
    check_consistent_length,
    check_random_state,
    column_or_1d,
)

from sklearn_raman._utils._sklearn import Interval, validate_params
from sklearn_raman.datasets._simulated import check_span


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
    X,
    y,
    *,
    n_per_pair=5,
    ratio=(0.1, 0.5),
    normalize=True,
    return_truth=False,
    random_state=None,
):
    """Mix spectra of each two classes numerically, labelled by the larger part.

    The experiment of [1]_, section 4.3: for every ordered pair of classes (major,
    minor) a mixture is `major + r * minor`, with `r` uniform in `ratio` and both
    spectra drawn at random from the rows of their class. The label says nothing about
    `minor` or `r`.

    Split into training and test rows first and mix each part by itself: mixtures that
    share a spectrum are not independent.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_spectra, n_points)
        Pure spectra, on one scale: the ratio refers to their intensities as they are.
    y : array-like of shape (n_spectra,)
        Class of each; two classes or more.
    n_per_pair : int, default=5
        Mixtures of each ordered pair of classes.
    ratio : tuple (low, high), default=(0.1, 0.5)
        Range of the share of the minor spectrum relative to the major one, above 0 and
        at most 1.
    normalize : bool, default=True
        Whether to divide each mixture by its maximum (section 2.1 of the paper).
    return_truth : bool, default=False
        Whether to return what the mixtures are made of.
    random_state : int, RandomState instance or None, default=None
        Decides about spectra and ratios.

    Returns
    -------
    X_mixed : ndarray or DataFrame of shape (n_mixtures, n_points)
        `n_mixtures = n_per_pair * n_classes * (n_classes - 1)`, major class after major
        class. A DataFrame, with the columns of X, if X is one. float32 stays float32.
    y_mixed : ndarray of shape (n_mixtures,)
        Major class.
    truth : Bunch
        Only with `return_truth=True`.

        ratio : ndarray of shape (n_mixtures,), share of the minor spectrum
        minor : ndarray of shape (n_mixtures,), class of the minor spectrum
        rows : ndarray of shape (n_mixtures, 2), rows of X: major and minor
        classes : ndarray of shape (n_classes,), order of the next two
        composition : ndarray of shape (n_mixtures, n_classes), 1 for the major and
            the ratio for the minor class
        one_hot : ndarray of shape (n_mixtures, n_classes), 1 for the major class only
        scale : ndarray of shape (n_mixtures, 1), by what each mixture was divided.

    Raises
    ------
    ValueError
        If a parameter is not valid, there is only one class, or a mixture without a
        positive value should be normalized.

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
    low, high = check_span(ratio, name="ratio", minimum=0, maximum=1)
    spectra = check_array(X, dtype=[np.float64, np.float32], input_name="X")
    labels = column_or_1d(y)
    check_consistent_length(spectra, labels)
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
    scale = _maximum(mixed) if normalize else np.ones_like(share)
    mixed = _like(mixed / scale, X)
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


def _maximum(spectra):
    """Return the maximum of each row, which must be positive to divide by."""
    maximum = spectra.max(axis=1, keepdims=True)
    n_flat = int((maximum <= 0).sum())
    if n_flat:
        raise ValueError(
            f"{n_flat} of {len(spectra)} mixtures have no positive value, so they "
            "can't be divided by their maximum: pass normalize=False, or spectra with "
            "lines above 0."
        )
    return maximum


def _like(spectra, X):
    """Return the spectra in a frame as X is one, with its columns, or as they are."""
    if not hasattr(X, "columns"):
        return spectra
    if type(X).__module__.partition(".")[0] == "polars":
        return type(X)(spectra, schema=list(X.columns), orient="row")
    return type(X)(spectra, columns=X.columns)
