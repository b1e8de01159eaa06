"""Removal of cosmic rays: find spikes narrower than any band, bridge the gap."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from sklearn_raman._utils._sklearn import Interval, StrOptions
from sklearn_raman._utils._typing import SpectraLike
from sklearn_raman.preprocessing._base import (
    SpectrumTransformer,
    at_unit_size,
    rounding,
)

_CHUNK = 2**20  # values looked at in one go, which bounds the extra memory
_REACH = 10  # points on each side that tell the local noise
_SHOULDER = 3  # points beyond the run's neighbors that tell a band from a spike


class Despiker(SpectrumTransformer):
    """Replace cosmic rays, or dead pixels, by a straight line between their neighbors.

    A cosmic ray rises and falls within a few points. It is looked for where the first
    difference of the spectrum jumps up and down again by more than its usual spread
    (the modified z-scores of Whitaker and Hayes [1]_), and then has to pass a width
    test, because in a spectrum with little noise every band jumps: a spike stands on
    the spectrum without shoulders, a band whose full width at half maximum is 3 points
    or more does not. Use it on raw spectra, before smoothing or resampling widens
    spikes.

    Parameters
    ----------
    threshold : float, default=5.0
        Smallest modified z-score of both edges of a spike, and smallest height of the
        spike in units of the local noise of a difference. In white noise 5 finds half
        of the spikes that are 8 standard deviations high and nearly all from 12 on; 4
        finds more, and takes more than three times as many points of clean mineral
        spectra for spikes.
    max_width : int or None, default=None
        Largest width of a spike in points; what is wider stays. None means 3, or less
        than half of a short spectrum.
    window : int or None, default=None
        Number of points on each side of a spike from which its replacement is drawn:
        a line through the mean of those before and the mean of those behind, other
        spikes left out. Larger is less noisy and flattens bands more. None means 2, or
        as many as the spectra have.
    direction : {"up", "down", "both"}, default="up"
        Which spikes are replaced: those that point up, as cosmic rays do; those that
        point down, as dead pixels do; or both, those that point down being looked for
        where the others have been replaced.

    Attributes
    ----------
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If a given `max_width` is not less than half of the spectrum, or a given
        `window` is not shorter than the spectrum.

    Warns
    -----
    UserWarning
        If a default is lowered because the spectra are short.

    Notes
    -----
    With d the first difference of a spectrum, the score is z = 0.6745 (d - median d) /
    MAD(d), MAD being the median absolute deviation from the median. A run of up to
    `max_width` points is a candidate if one z in it is above `threshold` and a later
    one below minus `threshold`. It is a spike if its height is above `threshold` times
    the noise of a difference there, and above that by a multiple of its shoulders: 1.5
    for one point, four times more for each further one. The height is taken over the
    higher of the run's neighbors and over a cubic through two neighbors on each side,
    so that neither the flank nor the top of a band counts; the shoulders are how far
    the neighbors stand above points further out. Points of the run that hardly rise
    stay.

    What this costs: a spike stays on a band of about its own height (the wider the
    spike, the sooner), and so does a small one among many strong bands, which raise
    MAD. Bands of 2 to 3 points' width stay without noise; at an intensity of 30 times
    the noise a third of those of 2 points lose their top. A few of those that an end
    of the spectrum cuts do so up to 4 points' width. Where bands of less than 4 points'
    width overlap, some of the small ones are taken for spikes. Spectra of less than ten
    points are too short to find much.

    A spike that points down is one that points up in the spectrum upside down.

    At an end the spectrum is continued by its mirror image, where a spike shows half of
    itself. Wide dips stay, and steps, except for a step that only (`max_width` + 1) / 2
    points follow until the end of the spectrum: these look like half a spike.

    If more than half of the differences are equal, rounding aside (spectra without
    noise, rounded to few levels or clipped at zero), MAD is 0. Then the spread is taken
    over those that do deviate, so that one level up and down is no spike where that
    happens all the time. Where at most one in twenty deviates, or four, there is no
    noise to speak of and the width test alone decides: in an otherwise constant row
    every bump is a spike. In any case, what the rounding of floating-point numbers can
    do is no spike.

    Each spectrum is looked at once. A second pass finds next to nothing.

    References
    ----------
    .. [1] D. A. Whitaker, K. Hayes, "A simple algorithm for despiking Raman spectra",
       Chemom. Intell. Lab. Syst. 179 (2018) 82-84,
       https://doi.org/10.1016/j.chemolab.2018.06.009

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import Despiker
    >>> x = np.arange(200.0)
    >>> band = 100 / (1 + ((x - 60) / 3) ** 2)
    >>> spectrum = band + 50 * (x == 130)
    >>> despiker = Despiker().fit([spectrum])
    >>> np.argwhere(despiker.find_spikes([spectrum]))
    array([[  0, 130]])
    >>> cleaned = despiker.transform([spectrum])[0]
    >>> print(abs(cleaned - band).max().round(2), cleaned.max())
    0.0 100.0
    """

    _parameter_constraints: dict = {
        "threshold": [Interval(Real, 0, None, closed="neither")],
        "max_width": [Interval(Integral, 1, None, closed="left"), None],
        "window": [Interval(Integral, 1, None, closed="left"), None],
        "direction": [StrOptions({"up", "down", "both"})],
    }

    def __init__(
        self,
        *,
        threshold: float = 5.0,
        max_width: int | None = None,
        window: int | None = None,
        direction: Literal["up", "down", "both"] = "up",
    ) -> None:
        self.threshold = threshold
        self.max_width = max_width
        self.window = window
        self.direction = direction

    def find_spikes(self, X: SpectraLike) -> NDArray[np.bool_] | Any:
        """Say which points `transform` replaces.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra on the axis seen in fit, or ragged ones.

        Returns
        -------
        ndarray of shape (n_spectra, n_points), bool, or list of such arrays
            True at the points that belong to a spike; for ragged spectra one array for
            each, aligned with its own points.
        """
        if self._keeps_ragged(X):
            self._validate_params()
            found = {}
            for numbers, _, masks in self._on_each_axis(X, Despiker._look):
                found |= dict(zip(numbers, masks, strict=True))
            return [found[number] for number in range(len(found))]
        _, spectra, _ = self._read(X)
        return self._look(spectra)

    def _look(self, X):
        return self._find(X, *self._resolve_widths(X.shape[1]))

    def _transform_spectra(self, X):
        max_width, window = self._resolve_widths(X.shape[1])
        return replace_spikes(X, self._find(X, max_width, window), window=window)

    def _find(self, X, max_width, window):
        """Return which points belong to spikes of the directions asked for."""
        if self.direction == "up":
            return spike_mask(X, self.threshold, max_width)
        if self.direction == "down":
            return spike_mask(-X, self.threshold, max_width)
        up = spike_mask(X, self.threshold, max_width)
        without = replace_spikes(X, up, window=window)
        return up | spike_mask(-without, self.threshold, max_width)

    def _learn(self, X):
        self._resolve_widths(X.shape[1])  # what does not fit fails in fit

    def _resolve_widths(self, n_points):
        """Return max_width and window for spectra of n_points."""
        why = f"the spectra have {n_points} points"
        max_width = self._lowered("max_width", 3, max(1, (n_points - 1) // 2), why)
        return max_width, self._lowered("window", 2, max(1, n_points - 1), why)


def spike_mask(X, threshold, max_width):
    """Find the points that belong to cosmic rays.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points), float64 or float32
        Finite spectra. With fewer than three points there is nothing to find.
    threshold, max_width
        As in `Despiker`; `max_width` is less than half of `n_points`.

    Returns
    -------
    ndarray of shape (n_spectra, n_points), bool
    """
    mask = np.zeros(X.shape, dtype=bool)
    if X.shape[1] < 3:
        return mask
    for rows in gen_batches(len(X), max(1, _CHUNK // X.shape[1])):
        _mark_spikes(mask[rows], X[rows], threshold, max_width)
    return mask


def replace_spikes(X, mask, *, window=2):
    """Draw a straight line between the neighbors of each run of marked points.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points), float64 or float32
    mask : ndarray of shape (n_spectra, n_points), bool
        True at the points to replace. A row that is True throughout stays.
    window : int, default=2
        Points on each side of a run whose means the line goes through, without those
        that are marked themselves. At an end there is one side, and its mean is taken.

    Returns
    -------
    ndarray of shape (n_spectra, n_points), of X's dtype
    """
    replaced = X.copy()
    mask = mask & ~mask.all(axis=1, keepdims=True)
    first = mask & ~np.pad(mask, ((0, 0), (1, 0)))[:, :-1]
    last = mask & ~np.pad(mask, ((0, 0), (0, 1)))[:, 1:]
    rows, start = np.nonzero(first)
    stop = np.nonzero(last)[1]
    distance = np.arange(1, window + 1)[:, None]
    x_left, y_left = _mean_point(X, mask, rows, start - distance)
    x_right, y_right = _mean_point(X, mask, rows, stop + distance)
    y_left = np.where(np.isnan(y_left), y_right, y_left)
    y_right = np.where(np.isnan(y_right), y_left, y_right)
    rows, columns = np.nonzero(mask)
    run = np.cumsum(first[rows, columns]) - 1
    slope = ((y_right - y_left) / (x_right - x_left))[run]
    replaced[rows, columns] = y_left[run] + slope * (columns - x_left[run])
    return replaced


def _mean_point(X, mask, rows, columns):
    """Return mean position and height of the unmarked points; a height of NaN if none.

    The columns, of shape (window, n_runs), may lie outside the spectrum.
    """
    inside = np.clip(columns, 0, X.shape[1] - 1)
    good = (columns == inside) & ~mask[rows, inside]
    number = good.sum(axis=0)
    heights = np.where(good, X[rows, inside], 0).astype(np.float64)
    # Where no point is good any position does: the height is the other side's.
    position = np.where(good, columns, 0).sum(axis=0) / np.maximum(number, 1)
    position[number == 0] = columns[0, number == 0]
    height = heights.sum(axis=0) / np.where(number == 0, np.nan, number)
    return position, height


def _mark_spikes(mask, X, threshold, max_width):
    """Set mask where X, of three points or more, has spikes."""
    dtype = X.dtype
    X, _ = at_unit_size(X)
    scores, spread = _edge_scores(X, max_width, rounding(X, dtype))
    rows, first, width = _candidates(scores, threshold, max_width)
    noise = spread / np.sqrt(2)
    found = []
    for r in np.unique(width):
        chosen = width == r
        where = rows[chosen], first[chosen]
        margin, belongs = _judge_runs(X, *where, r, noise[where[0]], threshold)
        keep = margin > 0
        found += zip(
            where[0][keep], where[1][keep], margin[keep], belongs[keep], strict=True
        )
    # The clearest first; what overlaps or touches it is another view of the same spike.
    for row, start, _, belongs in sorted(found, key=lambda run: -run[2]):
        stop = start + len(belongs)
        if not mask[row, max(start - 1, 0) : stop + 1].any():
            points = np.flatnonzero(belongs) + start
            mask[row, _mirror(points, X.shape[1])] = True


def _mirror(columns, n_points):
    """Return the columns that stand for those beyond the ends: their mirror images."""
    columns = np.abs(columns) % (2 * (n_points - 1))
    return np.where(columns < n_points, columns, 2 * (n_points - 1) - columns)


def _edge_scores(X, max_width, least):
    """Return the modified z-scores of the differences, and the spread behind them.

    The scores are those of each spectrum continued by max_width points at each end;
    the spread (one standard deviation of a difference) has shape (n_spectra,). What is
    at most `least`, of that shape too, is rounding.
    """
    n_points = X.shape[1]
    columns = _mirror(np.arange(-max_width, n_points + max_width), n_points)
    d = np.diff(X[:, columns], axis=1)
    own = slice(max_width, max_width + n_points - 1)
    d -= np.median(d[:, own], axis=1, keepdims=True)
    deviation = np.abs(d[:, own])
    mad = np.median(deviation, axis=1)
    quiet = np.flatnonzero(mad <= least)
    moving = deviation[quiet]
    moving[moving <= least[quiet, None]] = np.nan
    noisy = np.isfinite(moving).sum(axis=1) > max(4, moving.shape[1] / 20)
    mad[quiet[noisy]] = np.nanmedian(moving[noisy], axis=1)
    spread = np.maximum(mad / 0.6745, least)
    d /= np.where(spread == 0, 1, spread)[:, None]  # 0: the row is zero throughout
    return d, spread


def _candidates(scores, threshold, max_width):
    """Return row, first column and width of each run that might be a spike.

    These are all runs of up to max_width points that hold an edge up and, behind it,
    an edge down. A run that crosses an end has to be its own mirror image.
    """
    n_points = scores.shape[1] + 1 - 2 * max_width
    up, down = scores > threshold, scores < -threshold
    runs = [np.zeros((0, 3), dtype=int)]
    for core in range(1, max_width + 1):
        rows, edges = np.nonzero(up[:, :-core] & down[:, core:])
        for width in range(core, max_width + 1):
            for before in range(width - core + 1):
                first = edges + 1 - max_width - before
                runs.append(np.stack([rows, first, np.full_like(rows, width)], axis=1))
    rows, first, width = np.unique(np.concatenate(runs), axis=0).T
    last = first + width - 1
    end = n_points - 1
    inner = (first > 0) & (last < end)
    mirrored = (first == -last) | (first + last == 2 * end)
    keep = inner | mirrored
    return rows[keep], first[keep], width[keep]


def _judge_runs(X, rows, first, width, noise, threshold):
    """Tell how clearly runs of one width are spikes, and which of their points belong.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points), float64
    rows, first : ndarrays of shape (n_runs,), int
    width : int
    noise : ndarray of shape (n_runs,)
        Standard deviation of the noise in the whole spectrum.
    threshold : float

    Returns
    -------
    margin : ndarray of shape (n_runs,)
        Height of the run less what a line or noise could reach; a spike is above 0.
    belongs : ndarray of shape (n_runs, width), bool
        Whether a point rises above the noise.
    """
    left, run, right = _surroundings(X, rows, first, width)
    local = _local_noise(left, right)
    # Bands crowd both estimates. Each test takes the one on the safe side.
    low, high = np.minimum(noise, local), np.maximum(noise, local)
    line, cubic = _bridges(left, right, width)
    neighbors = np.maximum(left[:, :1], right[:, :1])
    height = (run - np.maximum(neighbors, cubic)).max(axis=1)
    # 1.5 and the factor 4 were found by trying: enough for Lorentzian and Gaussian
    # bands of 2 points' full width at half maximum without noise, wherever the grid
    # meets them. A band that the end cuts looks sharper in its mirror image.
    crosses_end = (first <= 0) | (first + width >= X.shape[1])
    sharpness = 1.5 * 4.0 ** (width - 1 + 2 * crosses_end)
    shoulders = _shoulders(left, right, width, low)
    margin = height - sharpness * shoulders - threshold * np.sqrt(2) * high
    return margin, run - line > 3 * high[:, None]


def _surroundings(X, rows, first, width):
    """Return the points left of each run, in it, and right of it; outwards from it."""
    columns = first[:, None] + np.arange(-_REACH, width + _REACH)
    values = X[rows[:, None], _mirror(columns, X.shape[1])]
    left, run, right = np.split(values, [_REACH, _REACH + width], axis=1)
    return left[:, ::-1], run, right


def _local_noise(left, right):
    """Return the standard deviation of the noise around each run.

    Third differences leave next to nothing of bands wider than a few points. Their
    variance is 1 + 9 + 9 + 1 = 20 times that of the noise.
    """
    rough = np.abs(np.concatenate([np.diff(left, n=3), np.diff(right, n=3)], axis=1))
    return np.median(rough, axis=1) / 0.6745 / np.sqrt(20)


def _even_and_odd(left, right, width):
    """Split the two neighbors on each side of a run about its middle.

    Returns
    -------
    position : ndarray of shape (2,)
        How far the neighbors are from the middle.
    even, odd : ndarrays of shape (n_runs, 2)
        The neighbors are even + odd * position and even - odd * position.
    """
    position = (width + np.array([1, 3])) / 2
    even = (right[:, :2] + left[:, :2]) / 2
    odd = (right[:, :2] - left[:, :2]) / (2 * position)
    return position, even, odd


def _bridges(left, right, width):
    """Return the line through the neighbors of each run, and the cubic through four."""
    (a, b), even, odd = _even_and_odd(left, right, width)
    t = np.arange(width) - (width - 1) / 2
    line = even[:, :1] + odd[:, :1] * t
    even_slope, odd_slope = (
        (part[:, 1:] - part[:, :1]) / (b**2 - a**2) for part in (even, odd)
    )
    return line, line + (even_slope + odd_slope * t) * (t**2 - a**2)


def _shoulders(left, right, width, noise):
    """Return how far neighbors stand above what the points beyond them lead to expect.

    Less 2.5 standard deviations of that: by the mean of both sides, where the slope of
    a flank cancels, and on each side by the slope across the run, because the rise to
    the next band may make up for a shoulder.
    """
    (a, _), even, odd = _even_and_odd(left, right, width)
    m = np.arange(1, _SHOULDER + 1)
    beyond = slice(1, _SHOULDER + 1)
    slope = odd[:, :1]
    lever = m / (2 * a)
    allowed = 2.5 * noise[:, None]
    allowed_one_sided = allowed * np.sqrt((1 + lever) ** 2 + lever**2 + 1)
    terms = [
        even[:, :1] - (left + right)[:, beyond] / 2 - allowed,
        left[:, :1] - slope * m - left[:, beyond] - allowed_one_sided,
        right[:, :1] + slope * m - right[:, beyond] - allowed_one_sided,
    ]
    return np.maximum(np.max(terms, axis=(0, 2)), 0)
