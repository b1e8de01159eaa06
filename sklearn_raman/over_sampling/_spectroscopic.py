"""What a spectroscopist looks at: noise, and place and height of the bands."""

from typing import NamedTuple

import numpy as np
from scipy.signal import find_peaks, peak_widths, savgol_filter
from scipy.stats import wasserstein_distance

# The residual of this filter holds what repeats within about four points.
NOISE_WINDOW, NOISE_ORDER = 7, 2
N_BANDS = 5


def high_frequency_part(spectra):
    """Return what a Savitzky-Golay filter (7 points, order 2) takes away.

    Parameters
    ----------
    spectra : ndarray of shape (..., n_points)
        7 points or more.

    Returns
    -------
    ndarray of shape (..., n_points)
        0 where it is not more than what rounding leaves.
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
        its rms, where it is normal. The median leaves out lines and spikes, as long as
        they cover less than about a third of the axis.
    """
    return 1.4826 * np.median(np.abs(high_frequency_part(spectra)), axis=-1)


def noise_ratio(spectra_levels, real_levels):
    """Return the ratio of the median noise levels of two sets.

    Parameters
    ----------
    spectra_levels, real_levels : ndarray of shape (n,)

    Returns
    -------
    float
        NaN if both are without noise, infinite if only the real spectra are.
    """
    level, real = np.median(spectra_levels), np.median(real_levels)
    if real == 0:
        return np.inf if level > 0 else np.nan
    return float(level / real)


class Bands(NamedTuple):
    """The bands of a mean spectrum: where to look for them in each spectrum."""

    points: np.ndarray
    """Maxima, shape (n_bands,), int."""
    reach: np.ndarray
    """Points to either side in which the maximum is looked for, shape (n_bands,)."""
    window: int
    """Points of the smoothing filter."""
    floor: np.ndarray
    """Smallest height that is told from none, shape (n_bands,)."""


def find_bands(mean_spectrum, n_bands=N_BANDS):
    """Find the most prominent bands of a mean spectrum.

    Parameters
    ----------
    mean_spectrum : ndarray of shape (n_points,)
        7 points or more.
    n_bands : int
        At most this many. A band rises above its surroundings by a tenth of what the
        strongest does, and by six times the noise.

    Returns
    -------
    Bands
        From left to right. Each is looked for within its full width at half height to
        either side, not beyond half way to the next band, nor beyond a twentieth of
        the axis. Heights below 1 % of that in the mean are not told from none.
    """
    n_points = len(mean_spectrum)
    smooth = savgol_filter(mean_spectrum, NOISE_WINDOW, NOISE_ORDER)
    points, found = find_peaks(smooth, prominence=6 * noise_level(mean_spectrum))
    prominence = found["prominences"]
    strong = np.flatnonzero(prominence > 0.1 * prominence.max(initial=0))
    strongest = strong[np.argsort(-prominence[strong], kind="stable")][:n_bands]
    points = np.sort(points[strongest])
    if len(points) == 0:
        return Bands(points, points, NOISE_WINDOW, np.empty(0))

    widths = peak_widths(smooth, points)[0]
    gaps = np.diff(points, prepend=-2 * n_points, append=3 * n_points) // 2
    reach = np.minimum(np.ceil(widths), np.minimum(gaps[:-1], gaps[1:]))
    reach = np.clip(reach, 2, max(2, n_points // 20)).astype(int)
    # An odd number of points, about one band wide: less noise, and the same maximum.
    limit = n_points - 1 + n_points % 2
    window = int(np.clip(2 * (np.median(widths) // 2) + 1, 5, limit))
    bands = Bands(points, reach, window, np.zeros(len(points)))
    _, heights = measure_bands(mean_spectrum[None], bands)
    return bands._replace(floor=np.maximum(0.01 * heights[0], np.finfo(float).tiny))


def measure_bands(spectra, bands):
    """Measure position and height of bands in each spectrum.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_points)
    bands : Bands

    Returns
    -------
    positions : ndarray of shape (n_spectra, n_bands)
        Local maximum of the smoothed spectrum, in points; between two points by the
        parabola through the maximum and its neighbours.
    heights : ndarray of shape (n_spectra, n_bands)
        Above the straight line between both ends of the range that is looked at;
        `bands.floor` where the maximum is not higher than that.
    """
    smooth = savgol_filter(spectra, bands.window, 2, axis=1)
    rows = np.arange(len(spectra))
    shape = (len(spectra), len(bands.points))
    positions, heights = np.empty(shape), np.empty(shape)
    for band, (point, reach) in enumerate(zip(bands.points, bands.reach, strict=True)):
        start = max(point - reach, 0)
        part = smooth[:, start : point + reach + 1]
        top = part.argmax(axis=1)
        middle = np.clip(top, 1, part.shape[1] - 2)
        left, centre, right = (part[rows, middle + step] for step in (-1, 0, 1))
        bend = left - 2 * centre + right
        vertex = np.divide(
            left - right, 2 * bend, out=np.zeros(len(rows)), where=bend < 0
        )
        inside = top == middle
        positions[:, band] = start + top + inside * np.clip(vertex, -0.5, 0.5)
        share = top / (part.shape[1] - 1)
        line = (1 - share) * part[:, 0] + share * part[:, -1]
        heights[:, band] = part[rows, top] - line
    return positions, np.maximum(heights, bands.floor)


def band_distances(measured, real, axis):
    """Compare the distributions of band positions and of intensity ratios.

    Parameters
    ----------
    measured, real : tuple (positions, heights)
        Of two sets, from `measure_bands`.
    axis : ndarray of shape (n_points,)
        In cm-1, or the numbers of the points.

    Returns
    -------
    dict of str to float
        `peak_position`, the Wasserstein distance between the positions of a band in
        both sets, in the unit of the axis, mean over bands (NaN without a band);
        `intensity_ratio`, that between the logarithms of a band's height over the
        geometric mean of all bands of its spectrum (NaN with fewer than two).
    """
    numbers = np.arange(len(axis))
    n_bands = measured[0].shape[1]
    if n_bands == 0:
        return {"peak_position": np.nan, "intensity_ratio": np.nan}
    places = [np.interp(positions, numbers, axis) for positions, _ in (measured, real)]
    logs = [np.log(heights) for _, heights in (measured, real)]
    ratios = [values - values.mean(axis=1, keepdims=True) for values in logs]
    return {
        "peak_position": _mean_wasserstein(*places),
        "intensity_ratio": _mean_wasserstein(*ratios) if n_bands > 1 else np.nan,
    }


def _mean_wasserstein(first, second):
    columns = zip(first.T, second.T, strict=True)
    return float(np.mean([wasserstein_distance(a, b) for a, b in columns]))
