"""Where maps and bands lie on the wavenumber axis, and where maps are high."""

from itertools import pairwise
from numbers import Integral, Real

import numpy as np
import pandas as pd
from scipy.signal import find_peaks
from sklearn.utils import check_scalar

from sklearn_raman._utils._explanation import normalize_maps, smallest_spread
from sklearn_raman._utils._validation import refuse_other_order
from sklearn_raman._utils._wavenumbers import (
    check_wavenumbers,
    describe_axis,
    labels_as_wavenumbers,
    lies_within,
)


def common_axis(wavenumbers, n_points, **labeled):
    """Return the axis in cm-1 of maps and spectra, or None if nobody knows it.

    Parameters
    ----------
    wavenumbers : array-like of shape (n_points,), "points" or None
        "points" counts points whatever the labels say; None takes the labels.
    n_points : int or None
        Needed to check `wavenumbers`.
    **labeled : array-like, data frame, Series or None
        By name: what may carry the axis as column labels (a Series: as its index).

    Raises
    ------
    ValueError
        If two axes disagree, or one is not valid.
    """
    if isinstance(wavenumbers, str) and wavenumbers == "points":
        return None
    axis, source = wavenumbers, "wavenumbers"
    if axis is not None:
        axis = check_wavenumbers(axis, n_points=n_points)
    for name, values in labeled.items():
        if isinstance(values, pd.Series):
            values = pd.DataFrame(columns=values.index)
        labels = labels_as_wavenumbers(values)
        if labels is None:
            continue
        labels = check_wavenumbers(labels, name=f"The axis of {name}")
        if axis is None:
            axis, source = labels, name
        elif len(axis) != len(labels) or not np.allclose(
            axis, labels, rtol=1e-9, atol=1e-6
        ):
            raise ValueError(
                f"{source} and the labels of {name} disagree: {describe_axis(axis)} "
                f"and {describe_axis(labels)}. Maps, spectra and wavenumbers must lie "
                "on one axis."
            )
    return axis


def check_alignment(maps, X):
    """Raise if labels say that maps are not those of the spectra, point by point.

    Parameters
    ----------
    maps, X : array-like or data frame of shape (n_spectra, n_points)
        Frames may differ in the axis that is their column labels, or have the same
        index in another order.
    """
    common_axis(None, None, maps=maps, X=X)
    refuse_other_order("maps", maps, X)


def strongest_bands(axis, mean_map, n_bands=3, min_distance=None):
    """Find the bands on which a map weighs most.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
    mean_map : ndarray of shape (n_points,)
        The largest absolute values count. A band below a tenth of the strongest is not
        one.
    n_bands : int, default=3
        At most this many.
    min_distance : float or None, default=None
        Two bands are at least this far apart, in the unit of the axis; None means 2 %
        of the points.

    Returns
    -------
    ndarray of shape (n_found,), int
        Positions on the axis, strongest first.
    """
    check_scalar(n_bands, "n_bands", Integral, min_val=0)
    if min_distance is not None:
        check_scalar(min_distance, "min_distance", Real, min_val=0)
    if axis[0] > axis[-1]:  # of a plateau with two middles the lower one is taken
        turned = strongest_bands(axis[::-1], mean_map[::-1], n_bands, min_distance)
        return len(axis) - 1 - turned
    # Zeros around it let a maximum at the very edge count: looking there is a finding.
    weight = np.pad(np.abs(mean_map), 1)
    peaks = find_peaks(weight, height=0.1 * weight.max())[0] - 1
    if min_distance is None:
        axis, min_distance = np.arange(len(axis)), round(0.02 * len(axis))
    found = []
    for peak in peaks[np.argsort(-weight[peaks + 1], kind="stable")]:
        # Up to rounding: 0.1 + 0.2 is as far from 0 as 0.3.
        gaps = np.abs(axis[found] - axis[peak])
        if (gaps >= min_distance * (1 - 1e-9)).all():
            found.append(peak)
    return np.asarray(found[:n_bands], dtype=int)


def bands_above_median(axis, mean_map, n_bands=3, min_distance=None):
    """Find the strongest bands of a map whose idle level is not zero.

    The median is the level where nothing happens: with min-max scaling zero is the
    strongest evidence against a class. Parameters as in `strongest_bands`.
    """
    above = np.maximum(mean_map - np.median(mean_map), 0)
    above[above <= smallest_spread(mean_map)] = 0
    return strongest_bands(axis, above, n_bands, min_distance)


def find_bands(axis, spectra, n_bands):
    """Divide an axis among the most prominent bands of several spectra.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
    spectra : ndarray of shape (n_spectra, n_points)
        Each counts the same, whatever its height.
    n_bands : int
        At most this many; each rises above its surroundings by a hundredth of the mean
        spectrum at least, and is 1 % of the points from the next.

    Returns
    -------
    ndarray of shape (n_found, 2)
        First and last value of each stretch, which starts and ends where the mean
        spectrum is lowest between two bands. They cover the axis; one, if there are no
        bands.
    """
    if axis[0] > axis[-1]:  # a point at a minimum belongs to the band above it
        return find_bands(axis[::-1], spectra[:, ::-1], n_bands)[::-1]
    curve = normalize_maps(spectra, "minmax").mean(axis=0)
    # Of a flat curve nothing is found: a plateau without an edge is no peak.
    padded = np.pad(curve, 1, constant_values=curve.min())
    apart, lowest = max(1, round(0.01 * len(curve))), 0.01 * np.ptp(curve)
    peaks, found = find_peaks(padded, distance=apart, prominence=lowest)
    strongest = np.argsort(-found["prominences"], kind="stable")[:n_bands]
    peaks = np.sort(peaks[strongest]) - 1
    starts = [
        left + int(curve[left : right + 1].argmin())
        for left, right in pairwise(peaks.tolist())
    ]
    first, last = np.array([0, *starts]), np.array([*starts, len(axis)]) - 1
    return np.sort(np.stack([axis[first], axis[last]], axis=1), axis=1)


def check_bands(bands, axis, unit):
    """Return stretches of an axis as an array of shape (n_bands, 2), or say why not."""
    bands = np.asarray(bands, dtype=float)
    if bands.ndim != 2 or bands.shape[1] != 2 or not np.isfinite(bands).all():
        raise ValueError(
            "bands must be a number, or pairs (low, high) in the unit of the axis, of "
            f"shape (n_bands, 2), got shape {bands.shape}."
        )
    once, counts = np.unique(bands, axis=0, return_counts=True)
    if (counts > 1).any():
        low, high = once[counts.argmax()]
        raise ValueError(f"bands has ({low:g}, {high:g}) {counts.max()} times.")
    for low, high in bands:
        if not lies_within(axis, low, high).any():
            raise ValueError(
                f"bands has ({low:g}, {high:g}), in which no point of the axis lies. "
                f"The axis goes from {axis.min():g} to {axis.max():g} ({unit}); the "
                "lower end of a band comes first."
            )
    return bands


def band_centers(axis, maps, inside, signs):
    """Find the center of the highest part of maps in each stretch.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
    maps : ndarray of shape (..., n_points)
    inside : ndarray of shape (n_bands, n_points), bool
        The stretches.
    signs : ndarray of shape (..., n_bands)
        Values of this sign count, 1 or -1; 0 for none.

    Returns
    -------
    ndarray of shape (..., n_bands)
        Mean position, weighted by the map, of the points around the highest one of the
        stretch at which the map is half as high or more; NaN where it is zero.
    """
    centers = np.full((*maps.shape[:-1], len(inside)), np.nan)
    for number, chosen in enumerate(inside):
        weight = np.maximum(maps[..., chosen] * signs[..., number, None], 0)
        top = weight.argmax(axis=-1)[..., None]
        highest = np.take_along_axis(weight, top, axis=-1)
        # Points that a lower one parts from the highest do not count.
        parted = np.cumsum(weight < highest / 2, axis=-1)
        weight = weight * (parted == np.take_along_axis(parted, top, axis=-1))
        weight[np.broadcast_to(2 * weight < highest, weight.shape)] = 0
        total = weight.sum(axis=-1)
        moment = (weight * axis[chosen]).sum(axis=-1)
        np.divide(moment, total, out=centers[..., number], where=total > 0)
    return centers
