"""Keep regions of the wavenumber axis, cut others out."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._map_back import check_maps, check_mode, place_back
from sklearn_raman._utils._ragged import is_ragged
from sklearn_raman._utils._typing import Floats, Regions, SpectraLike
from sklearn_raman._utils._wavenumbers import (
    describe_axis,
    format_wavenumbers,
    labels_as_wavenumbers,
    lies_within,
    require_wavenumbers,
)
from sklearn_raman.preprocessing._base import SpectrumTransformer


class WavenumberCrop(SpectrumTransformer):
    """Keep the parts of the spectra inside wavenumber regions.

    Parameters
    ----------
    region : tuple (low, high), sequence of these or None, default=None
        Region or regions in cm-1, both ends included; None in place of an end leaves it
        open. Regions may overlap. None keeps the whole spectrum.
    exclude : tuple (low, high), sequence of these or None, default=None
        Region or regions that are cut out, both ends included, of what `region` keeps.
        The spectra need not reach them.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis of the input in cm-1, rising or falling. None takes the column labels.

    Attributes
    ----------
    support_ : ndarray of shape (n_points,), bool
        True where a point is kept.
    wavenumbers_in_, wavenumbers_out_ : ndarray or None
        Axis of the input and of the result in cm-1, if known.
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.

    Raises
    ------
    ValueError
        If the axis of a plain array is not known, low is above high, no point lies
        inside one of the regions, none is left, or one that is left is not finite.

    Notes
    -----
    Points keep their order. What is cut out may hold NaN, as files often do at the
    edges.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_raman.preprocessing import WavenumberCrop
    >>> X = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["400.0", "500.0", "600.0"])
    >>> WavenumberCrop(region=(450, 600)).fit_transform(X)
       500.0  600.0
    0    2.0    3.0
    >>> WavenumberCrop(exclude=(450, 550)).fit_transform(X)
       400.0  600.0
    0    1.0    3.0
    """

    _selects = True
    _parameter_constraints: dict = {
        "region": ["array-like", None],
        "exclude": ["array-like", None],
        "wavenumbers": ["array-like", None],
    }

    def __init__(
        self,
        *,
        region: Regions | None = None,
        exclude: Regions | None = None,
        wavenumbers: ArrayLike | None = None,
    ) -> None:
        self.region = region
        self.exclude = exclude
        self.wavenumbers = wavenumbers

    def _learn(self, X):
        self.support_ = self._support(X.shape[1])
        axis = self.wavenumbers_in_
        self.wavenumbers_out_ = None if axis is None else axis[self.support_]

    def _transform_spectra(self, X):
        return X[:, self._support(X.shape[1])]

    def _used_points(self, n_points):
        return self._support(n_points)

    def _support(self, n_points):
        """Return which points are kept."""
        if self.region is None and self.exclude is None:
            return np.ones(n_points, dtype=bool)
        axis = self._known_axis(n_points)
        axis = require_wavenumbers(axis, owner="WavenumberCrop", purpose="to crop")
        support = inside_regions(axis, self.region, owner="WavenumberCrop")
        for low, high in parse_regions(self.exclude, "exclude"):
            support &= ~lies_within(axis, low, high)
        if not support.any():
            raise ValueError(
                f"WavenumberCrop(region={self.region!r}, exclude={self.exclude!r}) "
                f"leaves no point: the spectra cover {describe_axis(axis)}."
            )
        return support

    def map_back(
        self,
        maps: ArrayLike,
        X: SpectraLike | None = None,
        *,
        mode: Literal["conserve", "density"] = "conserve",
    ) -> Floats | Any:
        """Put maps back in their place on the whole axis.

        Parameters
        ----------
        maps : array-like of shape (..., n_points_out)
            Maps on the points that were kept.
        X : None or spectra, default=None
            Ragged spectra that the maps belong to, or a frame whose labels are the
            whole axis, which it needs after a fit on ragged spectra.
        mode : {"conserve", "density"}, default="conserve"
            Both are the same here.

        Returns
        -------
        ndarray of shape (..., n_points), or list of such arrays
            Maps on the whole axis: 0 where points were cut out, which the model did not
            see.
        """
        check_mode(mode)
        if X is not None and is_ragged(X):
            return self._map_back_ragged(maps, X, mode)
        axis = labels_as_wavenumbers(X)
        step = self if axis is None else self._on_axis(axis, None)
        check_is_fitted(step, "n_features_in_")
        support = step._support(step.n_features_in_)
        maps = check_maps(maps, int(support.sum()), owner="WavenumberCrop")
        return place_back(maps, support, step.n_features_in_)

    def _labels_out(self, labels):
        if self.region is None and self.exclude is None:
            return labels
        n_points = len(labels)
        if self.wavenumbers is not None:  # the labels may say something else
            labels = format_wavenumbers(self._known_axis(n_points))
        return np.asarray(labels)[self._support(n_points)]


def parse_regions(regions, name):
    """Return a list of pairs (low, high) from one pair, several, or None.

    Parameters
    ----------
    regions : pair, sequence of pairs or None
        In cm-1; None in place of an end leaves it open.
    name : str
        The parameter, for the message.

    Returns
    -------
    list of (float, float)
        Empty for None.
    """
    if regions is None:
        return []
    if not np.iterable(regions) or len(regions) == 0:
        raise ValueError(f"{name} must hold a pair (low, high) in cm-1, got {regions}.")
    is_one = len(regions) == 2 and all(_is_end(end) for end in regions)
    pairs = []
    for pair in [regions] if is_one else regions:
        is_pair = np.ndim(pair) == 1 and len(pair) == 2 and all(map(_is_end, pair))
        low, high = pair if is_pair else (np.nan, np.nan)
        low = -np.inf if low is None else low
        high = np.inf if high is None else high
        if not low <= high:
            place = "" if is_one else f", of which {pair!r} is none"
            raise ValueError(
                f"{name} must be a pair (low, high) of numbers in cm-1 with low <= "
                f"high, or a sequence of such pairs, got {regions!r}{place}."
            )
        pairs.append((float(low), float(high)))
    return pairs


def _is_end(end):
    return end is None or (isinstance(end, Real) and not isinstance(end, bool))


def inside_regions(axis, regions, *, owner):
    """Return which points lie inside one of the regions; all of them for None.

    Parameters
    ----------
    axis : ndarray of shape (n_points,)
    regions : pair, sequence of pairs or None
    owner : str
        Class name, for the message.

    Returns
    -------
    ndarray of shape (n_points,), bool
    """
    inside = np.full(len(axis), regions is None)
    for low, high in parse_regions(regions, "region"):
        found = lies_within(axis, low, high)
        if not found.any():
            raise ValueError(
                f"{owner}(region={regions!r}) leaves no point from {low:g} to "
                f"{high:g} cm-1: the spectra cover {describe_axis(axis)}."
            )
        inside |= found
    return inside
