"""How far to believe a map: does it lie on the bands, of the answer or of anything?

Every function takes any array of maps, from this package or not.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.signal import find_peaks, peak_widths
from sklearn.utils import check_scalar

from sklearn_raman._utils._explanation import (
    check_maps,
    smallest_spread,
)
from sklearn_raman._utils._validation import check_spectra_array
from sklearn_raman.inspection._bands import common_axis


def localization_score(
    maps: ArrayLike,
    peaks: ArrayLike,
    *,
    fwhm: float,
    n_widths: float = 2.0,
    wavenumbers: ArrayLike | None = None,
    distractors: ArrayLike | None = None,
) -> pd.DataFrame:
    """Score how well maps point at peaks that are known to carry the answer.

    Parameters
    ----------
    maps : array-like or data frame of shape (n_spectra, n_points)
        Maps of the right class, positive where the spectrum speaks for it.
    peaks : float or array-like of shape (n_spectra,) or (n_spectra, n_peaks)
        Positions of the known peaks, in cm-1 (in points for
        ``wavenumbers="points"``). NaN fills up rows with fewer peaks.
    fwhm : float
        Full width at half maximum of a peak, in the same unit.
    n_widths : float, default=2.0
        "Near" means within `n_widths` times `fwhm` of a peak.
    wavenumbers : array-like of shape (n_points,), "points" or None, default=None
        Axis in cm-1; None takes the column labels of `maps`. "points" says that all
        positions are numbers of points, from 0.
    distractors : None, float or array-like, default=None
        Positions of peaks that carry no answer, in the shapes of `peaks`.

    Returns
    -------
    DataFrame with one row per spectrum
        `mass`, the share of the positive part of the map that is near a peak (0 if
        nothing is positive); `chance`, the share of the points that are near a peak,
        which is the mass of a flat map; `pointing`, whether the highest point is near a
        peak; `distance` from it to the closest peak (infinite for a flat map). With
        `distractors` also `above_distractors`, whether the map is higher near the known
        peaks than near every distractor, and `distractor_ratio`, the mean height at the
        distractors divided by the height at the peaks (infinite if that is not
        positive). These two are NaN where no distractor is left to compare with: one
        closer than three times "near" to a known peak would be measured on its flank.
        ``frame.mean()``, or ``frame.median()`` for the ratio, sums up.

    Raises
    ------
    ValueError
        If the axis is not known, maps contain NaN, shapes disagree, a spectrum has no
        peak, or a position lies outside the axis.

    Notes
    -----
    The masses are sums over points; on an axis with uneven steps, dense stretches count
    more. None of the numbers changes when a map is multiplied by a positive number.

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), Fig. 3 (the
       common peak among distractors), https://doi.org/10.1016/j.aca.2019.08.064
    .. [2] J. Zhang et al., "Top-down neural attention by excitation backprop", ECCV
       (2016), section 4.1 (the pointing game), https://arxiv.org/abs/1608.00507

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.inspection import localization_score
    >>> X, y, truth = make_lorentzian_spectra(
    ...     n_distractors=3, return_truth=True, random_state=0
    ... )
    >>> scores = localization_score(
    ...     X,
    ...     truth.centers,
    ...     fwhm=4,
    ...     wavenumbers="points",
    ...     distractors=truth.distractors,
    ... )
    >>> bool(scores["mass"].mean() < 0.5)  # the spectra are not good maps
    True
    """
    labeled, maps = maps, check_maps(maps)
    n_spectra, n_points = maps.shape
    for name, value in (("fwhm", fwhm), ("n_widths", n_widths)):
        check_scalar(value, name, Real)
    if not fwhm > 0 or not n_widths > 0:
        raise ValueError(
            f"fwhm and n_widths must be positive, got {fwhm!r} and {n_widths!r}."
        )
    axis = common_axis(wavenumbers, n_points, maps=labeled)
    if axis is None and wavenumbers is None:
        raise ValueError(
            "The axis of the maps is not known, so peaks could be in cm-1 or in "
            "points. Pass wavenumbers=<axis in cm-1>, or maps as a data frame whose "
            'column labels are wavenumbers; wavenumbers="points" if positions and fwhm '
            "are numbers of points."
        )
    axis = np.arange(n_points, dtype=np.float64) if axis is None else axis
    reach = n_widths * fwhm
    peaks = _check_positions(peaks, axis, n_spectra, reach, "peaks")
    absent = np.isnan(peaks).all(axis=1)
    if absent.any():
        raise ValueError(
            f"peaks has no position for spectrum {absent.argmax()}: leave it out."
        )

    near = (np.abs(axis - peaks[:, :, None]) <= reach).any(axis=1)
    flat = np.ptp(maps, axis=1) <= smallest_spread(maps)[:, 0]
    to_peak = np.abs(axis[maps.argmax(axis=1), None] - peaks)
    distance = np.where(flat, np.inf, np.nanmin(to_peak, axis=1))
    scores = pd.DataFrame(
        {
            "mass": _share(np.maximum(maps, 0), near),
            "chance": near.mean(axis=1),
            "pointing": distance <= reach,
            "distance": distance,
        }
    )
    if distractors is not None:
        others = _check_positions(distractors, axis, n_spectra, reach, "distractors")
        gaps = np.abs(others[:, :, None] - peaks[:, None, :])
        judged = ~(gaps <= 3 * reach).any(axis=2) & ~np.isnan(others)
        height = _heights(maps, axis, peaks, reach).max(axis=1)
        beside = _heights(maps, axis, others, reach)
        highest = np.where(judged, beside, -np.inf).max(axis=1)
        count = judged.sum(axis=1)
        mean = np.where(judged, np.maximum(beside, 0), 0).sum(axis=1)
        mean /= np.maximum(count, 1)
        ratio = np.full(n_spectra, np.inf)
        np.divide(mean, height, out=ratio, where=height > 0)
        scores["above_distractors"] = np.where(count > 0, height > highest, np.nan)
        scores["distractor_ratio"] = np.where(count > 0, ratio, np.nan)
    return scores


def _check_positions(positions, axis, n_spectra, reach, name):
    """Return positions of shape (n_spectra, n_positions), NaN where there is none."""
    values = np.asarray(positions, dtype=np.float64)
    values = values.reshape(-1, 1) if values.ndim < 2 else values
    if len(values) == 1:
        values = np.repeat(values, n_spectra, axis=0)
    if values.ndim != 2 or len(values) != n_spectra:
        raise ValueError(
            f"{name} has shape {np.shape(positions)} but there are {n_spectra} maps: "
            "pass one position, or one row of positions per map."
        )
    outside = (values < axis.min()) | (values > axis.max())
    if outside.any():
        raise ValueError(
            f"{name} holds {values[outside][0]:g}, which lies outside the axis from "
            f"{axis[0]:g} to {axis[-1]:g}: give positions in the unit of the axis "
            "and NaN for peaks that were not measured."
        )
    closest = np.abs(axis - values[:, :, None]).min(axis=2)
    if (closest > reach).any():
        raise ValueError(
            f"No point of the axis is within {reach:g} of {name} "
            f"{values[closest > reach][0]:g}: fwhm or n_widths is too small."
        )
    return values


def _heights(maps, axis, positions, reach):
    """Return the largest value near each position, -inf for NaN."""
    near = np.abs(axis - positions[:, :, None]) <= reach
    return np.where(near, maps[:, None, :], -np.inf).max(axis=2)


def _share(weight, chosen):
    """Return the share of each row's weight on its chosen points, 0 if all is zero."""
    total = weight.sum(axis=1)
    part = (weight * chosen).sum(axis=1)
    return np.divide(part, total, out=np.zeros_like(total), where=total > 0)


def peak_share(
    maps: ArrayLike, X: ArrayLike, *, min_prominence: float = 0.05
) -> pd.DataFrame:
    """Measure how much of a map lies on peaks of the spectrum, not on its baseline.

    A model that looks at baselines has learned something about the measurement, not
    about the sample.

    Parameters
    ----------
    maps : array-like or data frame of shape (n_spectra, n_points)
        Absolute values count: evidence against a class counts like evidence for it.
    X : array-like or data frame of shape (n_spectra, n_points)
        Spectra in which peaks are looked for.
    min_prominence : float, default=0.05
        A peak rises at least this far above its surroundings, as a fraction of the
        range of the spectrum.

    Returns
    -------
    DataFrame with one row per spectrum
        `mass`, the share of the map on peaks; `chance`, the share of the points that
        belong to peaks, which is the mass of a flat map.

    Raises
    ------
    ValueError
        If maps contain NaN, or do not have the shape or the axis of the spectra.

    Notes
    -----
    A peak reaches down to a quarter of its prominence on both sides.

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.inspection import peak_share
    >>> X, y = make_lorentzian_spectra(n_per_class=1, noise=0.0)
    >>> scores = peak_share(X, X)
    >>> bool((scores["mass"] > 0.6).all() and (scores["chance"] < 0.01).all())
    True
    """
    spectra = check_spectra_array(X)
    labeled, maps = maps, check_maps(maps, shape=spectra.shape)
    common_axis(None, spectra.shape[1], maps=labeled, X=X)
    if not 0 < min_prominence < 1:
        raise ValueError(
            f"min_prominence must lie between 0 and 1, got {min_prominence!r}."
        )
    on_peak = np.stack([_peak_points(row, min_prominence) for row in spectra])
    return pd.DataFrame(
        {"mass": _share(np.abs(maps), on_peak), "chance": on_peak.mean(axis=1)}
    )


def _peak_points(spectrum, min_prominence):
    """Return True for each point that belongs to a peak."""
    peaks, _ = find_peaks(spectrum, prominence=min_prominence * np.ptp(spectrum))
    _, _, left, right = peak_widths(spectrum, peaks, rel_height=0.75)
    points = np.arange(len(spectrum))[:, None]
    return ((points >= left) & (points <= right)).any(axis=1)


def pearson(a, b):
    """Correlate rows of two arrays; 0 where a row is flat.

    Parameters
    ----------
    a, b : ndarray of shape (..., n_points)

    Returns
    -------
    ndarray of shape (...)
    """
    a, b = _centered(a), _centered(b)
    norm = np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    product = (a * b).sum(axis=-1)
    return np.divide(product, norm, out=np.zeros_like(product), where=norm > 0)


def _centered(rows):
    """Subtract the mean of each row, in a unit in which squares do not vanish."""
    highest = np.abs(rows).max(axis=-1, keepdims=True)
    rows = np.ldexp(rows, -np.frexp(highest)[1])
    is_flat = np.ptp(rows, axis=-1, keepdims=True) <= smallest_spread(rows)
    return np.where(is_flat, 0, rows - rows.mean(axis=-1, keepdims=True))
