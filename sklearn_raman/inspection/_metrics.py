"""How far to believe a map: is it on the bands, faithful, steady, and short enough?

Every function takes any array of maps, from this package or not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.signal import find_peaks, peak_widths
from scipy.special import entr
from sklearn.utils import check_random_state

from sklearn_raman._utils._explanation import (
    check_maps,
    smallest_spread,
)
from sklearn_raman._utils._frames import frame_like
from sklearn_raman._utils._pipeline import predict_class, unshared
from sklearn_raman._utils._ragged import is_ragged
from sklearn_raman._utils._typing import RandomState, SpectraLike
from sklearn_raman._utils._validation import (
    check_number,
    check_spectra_array,
    check_whole,
    refuse_other_order,
)
from sklearn_raman._utils._wavenumbers import (
    as_real,
    axis_tolerance,
    labels_as_wavenumbers,
    on_rising_axis,
)
from sklearn_raman.inspection._bands import check_alignment, common_axis
from sklearn_raman.inspection._perturbation import deletion_curve


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
    for name, positions in (("peaks", peaks), ("distractors", distractors)):
        refuse_other_order(name, positions, maps, spectra="maps")
    labeled, maps = maps, check_maps(maps)
    n_spectra, n_points = maps.shape
    check_number(fwhm, "fwhm")
    check_number(n_widths, "n_widths")
    axis = common_axis(wavenumbers, n_points, maps=labeled)
    if axis is None and wavenumbers is None:
        raise ValueError(
            "The axis of the maps is not known, so peaks could be in cm-1 or in "
            "points. Pass wavenumbers=<axis in cm-1>, or maps as a data frame whose "
            'column labels are wavenumbers; wavenumbers="points" if positions and fwhm '
            "are numbers of points."
        )
    axis = np.arange(n_points, dtype=np.float64) if axis is None else axis
    maps, axis = on_rising_axis(axis, maps), on_rising_axis(axis, axis)
    reach = n_widths * fwhm * (1 + 1e-9)  # what lies at its end is near, rounding aside
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
    values = as_real(positions, name)
    values = values.reshape(-1, 1) if values.ndim < 2 else values
    if len(values) == 1:
        values = np.repeat(values, n_spectra, axis=0)
    if values.ndim != 2 or len(values) != n_spectra:
        raise ValueError(
            f"{name} has shape {np.shape(positions)} but there are {n_spectra} maps: "
            "pass one position, or one row of positions per map."
        )
    slack = axis_tolerance(axis).min()
    outside = (values < axis.min() - slack) | (values > axis.max() + slack)
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
        If maps contain NaN, or do not have the shape, the axis or the order of the
        spectra.

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
    check_alignment(labeled, X)
    check_number(min_prominence, "min_prominence", high=1)
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


def complexity(maps: ArrayLike) -> pd.DataFrame:
    """Measure over how many points a map is spread.

    A map that colors everything is no explanation, even if it is faithful.

    Parameters
    ----------
    maps : array-like or data frame of shape (n_spectra, n_points)
        Absolute values count.

    Returns
    -------
    DataFrame with one row per spectrum
        `entropy` of the shares of the points in the map [1]_, in nats; `n_points`, its
        exponential: the number of equally high points with that entropy; `share`, this
        number as a part of all points. All are NaN for a map of zeros.

    Raises
    ------
    ValueError
        If maps contain NaN, or a few of the labels of a data frame are no wavenumbers.

    References
    ----------
    .. [1] U. Bhatt, A. Weller, J. M. F. Moura, "Evaluating and aggregating feature-
       based model explanations", IJCAI (2020), https://arxiv.org/abs/2005.00631

    Examples
    --------
    >>> from sklearn_raman.inspection import complexity
    >>> complexity([[0, 1, 0, 0], [1, 1, -1, 1]])["n_points"].round().to_list()
    [1.0, 4.0]
    """
    labels_as_wavenumbers(maps)  # a stray column is not a part of a map
    weight = np.abs(check_maps(maps))
    total = weight.sum(axis=1, keepdims=True)
    share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    value = np.where(total[:, 0] > 0, entr(share).sum(axis=1), np.nan)
    number = np.exp(value)
    return pd.DataFrame(
        {"entropy": value, "n_points": number, "share": number / weight.shape[1]}
    )


def max_sensitivity(
    explain: Callable[[Any], Any],
    X: ArrayLike,
    *,
    radius: float = 0.02,
    n_draws: int = 10,
    random_state: RandomState = None,
) -> NDArray[np.float64]:
    """Measure how much a map changes when the spectrum hardly does.

    Parameters
    ----------
    explain : callable
        ``explain(X)`` returns maps of shape (n_spectra, n_points). Keep the class
        fixed, or a changed answer looks like a changed map:
        ``lambda Z: model.explain_(Z, target=y)``.
    X : array-like or data frame of shape (n_spectra, n_points)
        Spectra.
    radius : float, default=0.02
        Largest change of a point, as a share of the height of its spectrum (highest
        minus lowest point). The noise is white and uniform.
    n_draws : int, default=10
        Changed spectra for each spectrum.
    random_state : int, RandomState or None, default=None
        Seed of the noise.

    Returns
    -------
    ndarray of shape (n_spectra,)
        The largest difference between a map and that of a changed spectrum, as a
        multiple of the length of the map: 0 for maps that stay as they are; infinite
        for a map of zeros that does not stay one.

    Raises
    ------
    ValueError
        If a parameter is not valid, or maps contain NaN or do not have the shape of X.

    References
    ----------
    .. [1] C.-K. Yeh et al., "On the (in)fidelity and sensitivity of explanations",
       NeurIPS (2019), definition 3.1, https://arxiv.org/abs/1901.09392

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import max_sensitivity
    >>> X, y = make_lorentzian_spectra(random_state=0)
    >>> model = PLSLDA().fit(X, y)
    >>> found = max_sensitivity(
    ...     lambda Z: model.explain_(Z, target=y), X, random_state=0
    ... )
    >>> bool(np.median(found) < 0.1)
    True
    """
    spectra = check_spectra_array(X)
    check_number(radius, "radius")
    check_whole(n_draws, "n_draws", low=1)
    rng = check_random_state(random_state)
    before = check_maps(explain(unshared(X)), shape=spectra.shape)
    largest = np.zeros(len(spectra))
    unit = np.abs(before).max(axis=1, keepdims=True)  # so that no square overflows
    unit[unit == 0] = 1.0
    for _ in range(n_draws):
        noise = rng.uniform(-radius, radius, spectra.shape)
        changed = spectra + noise * np.ptp(spectra, axis=1, keepdims=True)
        changed = frame_like(changed.astype(spectra.dtype, copy=False), X)
        after = check_maps(explain(changed), shape=spectra.shape)
        largest = np.maximum(largest, np.linalg.norm((after - before) / unit, axis=1))
    length = np.linalg.norm(before / unit, axis=1)
    ratio = np.where(largest > 0, np.inf, 0.0)
    return np.divide(largest, length, out=ratio, where=length > 0)


def deletion_percentile(
    estimator: Any,
    X: SpectraLike,
    maps: ArrayLike,
    *,
    n_random: int = 50,
    target: ArrayLike | None = None,
    random_state: RandomState = None,
    **deletion_settings: Any,
) -> pd.DataFrame:
    """Rank the deletion score of a map among those of random maps as smooth as it.

    A random map is the map itself, moved along the axis by a random distance (what
    leaves on one side comes in on the other): as high, as smooth, in the wrong place.

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        As :func:`deletion_curve` takes it.
    X : array-like, data frame (n_spectra, n_points), or sequence of pairs
        Spectra as the estimator takes them.
    maps : array-like of shape (n_spectra, n_points), or list of arrays
        Maps on the axis of X.
    n_random : int, default=50
        Random maps for each spectrum; each costs as much as a :func:`deletion_curve`.
    target : None, label or array-like of shape (n_spectra,), default=None
        Class that is watched; None means the predicted one.
    random_state : int, RandomState or None, default=None
        Decides how far maps are moved.
    **deletion_settings
        Further arguments of :func:`deletion_curve`, such as `max_fraction`.

    Returns
    -------
    DataFrame with one row per spectrum
        `area`, the deletion score of the map, lower is better; `random_area`, the mean
        of the random ones; `percentile`, the share of random maps that are worse, ties
        counting half: 1 is better than all, 0.5 no better than chance.

    Raises
    ------
    ValueError
        As :func:`deletion_curve`; if `n_random` is not valid.

    Examples
    --------
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import deletion_percentile
    >>> minerals = load_minerals(as_frame=True)
    >>> X, y = minerals.data[minerals.target < 3], minerals.target[minerals.target < 3]
    >>> model = PLSLDA(n_components=4).fit(X, y)
    >>> found = deletion_percentile(
    ...     model, X, model.explain_(X), n_random=10, random_state=0
    ... )
    >>> bool(found["percentile"].mean() > 0.9)
    True
    """
    check_whole(n_random, "n_random", low=1)
    rng = check_random_state(random_state)
    target = predict_class(estimator, X) if target is None else target
    curve = partial(deletion_curve, estimator, X, target=target, **deletion_settings)
    area = curve(maps=maps).area
    rows = [np.asarray(row) for row in (maps if is_ragged(X) else np.asarray(maps))]
    others = []
    for _ in range(n_random):
        moved = [
            np.roll(row, rng.randint(1, len(row)) if len(row) > 1 else 0)
            for row in rows
        ]
        others.append(curve(maps=moved).area)
    worse = np.mean([(a > area) + 0.5 * (a == area) for a in others], axis=0)
    return pd.DataFrame(
        {"area": area, "random_area": np.mean(others, axis=0), "percentile": worse}
    )


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
