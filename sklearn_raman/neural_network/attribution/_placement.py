"""Maps on the units of a network, put on the bands that the units see."""

import numpy as np
from scipy.ndimage import grey_opening

from sklearn_raman._utils._explanation import local_width

# Added to the height of every point, as a share of the spectrum's range: a unit that
# sees no band keeps its contribution around its own position.
_FLOOR = 0.01
# Spectra at a time, which then stay in a CPU's cache.
_PIECE = 64


def place_on_bands(maps, X, windows):
    """Put what each unit of a network contributes on the bands that it sees.

    Parameters
    ----------
    maps : ndarray of shape (n_spectra, units) or (n_spectra, n_classes, units)
        Contributions of units.
    X : ndarray of shape (n_spectra, n_points)
        Spectra.
    windows : scipy.sparse.csr_array of shape (units, n_points)
        What each unit sees, see :func:`unit_windows`.

    Returns
    -------
    ndarray of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        Contributions of points; each map keeps its sum.

    Notes
    -----
    A unit tells *that* something in its window, some 10 to 40 points, speaks for a
    class, and not which of its points. It answers to a band most strongly with the
    filter that fits best, which may be one for a flank: units beside a band often weigh
    more than the unit at its middle, and a map interpolated between units peaks beside
    the band.

    With v_up the window and h_p the height of point p above the background, unit u
    gives point p the share v_up h_p / sum_q v_uq h_q of its contribution. This is a
    rule of layer-wise relevance propagation [1]_, for all layers below the feature maps
    at once and with windows in place of filters. The background is the morphological
    opening of the spectrum over a tenth of its points.

    Two bands in one window share by their heights, whichever of them it was;
    integrated gradients and occlusion tell such bands apart.

    References
    ----------
    .. [1] S. Bach et al., "On pixel-wise explanations for non-linear classifier
       decisions by layer-wise relevance propagation", PLoS ONE 10 (2015) e0130140,
       section 2.3, https://doi.org/10.1371/journal.pone.0130140

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from sklearn_raman.neural_network.attribution import place_on_bands
    >>> X = np.zeros((1, 40))
    >>> X[0, 4] = 1.0  # a band; units see four points each, the contribution is 6
    >>> windows = csr_array(np.kron(np.eye(10), np.full((1, 4), 0.25)))
    >>> placed = place_on_bands(6.0 * np.eye(10)[[1]], X, windows)
    >>> placed[0, 3:9].round(1)
    array([0. , 5.8, 0.1, 0.1, 0.1, 0. ])
    """
    classes = maps if maps.ndim == 3 else maps[:, None]
    placed = np.empty((*classes.shape[:2], X.shape[1]), dtype=maps.dtype)
    for start in range(0, len(X), _PIECE):
        rows = slice(start, start + _PIECE)
        heights = heights_above_background(X[rows])
        seen = heights @ windows.T
        for position in range(classes.shape[1]):
            shares = classes[rows, position] / seen
            np.multiply(shares @ windows, heights, out=placed[rows, position])
    return placed if maps.ndim == 3 else placed[:, 0]


def heights_above_background(X):
    """Return how far each point rises above the background, a positive number.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
        Spectra.

    Returns
    -------
    ndarray of shape (n_spectra, n_points)
        Difference from the morphological opening over an odd number of points, about a
        tenth, plus a hundredth of the spectrum's range.
    """
    width = 2 * (local_width(X.shape[1]) // 2) + 1
    heights = X - grey_opening(X, size=(1, width), mode="nearest")
    spread = np.ptp(X, axis=1, keepdims=True)
    return heights + np.where(spread > 0, _FLOOR * spread, 1)
