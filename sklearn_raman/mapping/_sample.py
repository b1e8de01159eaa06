"""Spectra of some pixels of a map, to fit a model with."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import Bunch, check_random_state

from sklearn_raman._utils._optional import import_optional
from sklearn_raman._utils._typing import RandomState
from sklearn_raman._utils._validation import check_whole
from sklearn_raman._utils._wavenumbers import format_wavenumbers
from sklearn_raman.mapping._apply import check_saturation, pixel_map, pixel_mask
from sklearn_raman.mapping._cube import read_cube

_SPARE = 1.2  # more pixels than asked are read, since some may be bad


def sample_spectra(
    cube: Any,
    n: int,
    *,
    stratify: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    saturation: float | None = None,
    wavenumbers: ArrayLike | None = None,
    dim: str | None = None,
    laser_nm: float | None = None,
    random_state: RandomState = None,
) -> Bunch:
    """Draw spectra of a map at random, without reading it into memory.

    Pixels whose spectrum holds NaN or infinity, or is saturated, are never drawn.

    Parameters
    ----------
    cube : DataArray, array, memory map or hyperspy `Signal1D`
        As :func:`apply_pipeline` takes it.
    n : int
        Number of spectra; all, if there are fewer.
    stratify : array-like with the shape of the map, or None, default=None
        Label of each pixel. The same number is drawn of each label, or all where there
        are fewer. NaN, None, "" (b"" too) and negative numbers are no label, and such
        pixels are not drawn.
    mask : array-like of bool with the shape of the map, or None, default=None
        Pixels that may be drawn.
    saturation : float or None, default=None
        Intensity from which on a spectrum is saturated.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1, for a cube without one.
    dim : str or None, default=None
        Wavenumber dimension of a DataArray; None finds it.
    laser_nm : float or None, default=None
        Wavelength of the laser, for an axis in nm or eV.
    random_state : int, RandomState or None, default=None
        Decides which pixels are drawn.

    Returns
    -------
    Bunch
        data : DataFrame or ndarray of shape (n, n_points)
            Spectra; with the wavenumbers as column labels if they are known.
        target : ndarray of shape (n,) or None
            Their labels in `stratify`.
        places : DataFrame of shape (n, n_pixel_dims)
            Where they are: positions along the dimensions of the map.
        wavenumbers : ndarray of shape (n_points,) or None
            Axis in cm-1.

    Raises
    ------
    ValueError
        If no pixel is left to draw, or shapes disagree.

    Notes
    -----
    Neighboring pixels, and all of one sample, are alike. A model that is judged by
    pixels of the map it was fitted on looks better than it is: take whole maps, of
    other samples, to judge it (``groups=``).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.mapping import sample_spectra
    >>> cube = np.arange(20 * 5, dtype=float).reshape(4, 5, 5)
    >>> regions = np.repeat([[0], [0], [1], [-1]], 5, axis=1)
    >>> sample = sample_spectra(cube, 6, stratify=regions, random_state=0)
    >>> sample.data.shape, sample.target.tolist()
    ((6, 5), [0, 0, 0, 1, 1, 1])
    """
    check_whole(n, "n", low=1)
    check_saturation(saturation)
    found = read_cube(cube, wavenumbers, dim, laser_nm)
    rng = check_random_state(random_state)
    array = found.array.transpose(*found.pixel_dims, found.dim)
    shape = array.shape[:-1]
    allowed = np.ones(shape, dtype=bool)
    if mask is not None:
        allowed &= np.asarray(pixel_mask(mask, found))
    labels = None
    if stratify is not None:
        labels = np.asarray(pixel_map(stratify, found, name="stratify")).ravel()
        allowed &= _has_label(labels).reshape(shape)
    candidates = np.flatnonzero(allowed.ravel())
    if len(candidates) == 0:
        raise ValueError("No pixel is left to draw: mask and stratify leave out all.")
    groups = [candidates]
    if labels is not None:
        own = labels[candidates]
        try:
            names = np.unique(own)
        except TypeError as error:
            raise ValueError(
                f"stratify holds labels of several kinds that have no order: {error}."
            ) from error
        groups = [candidates[own == label] for label in names]
    wanted = _shares(n, [len(group) for group in groups])
    drawn = [
        _draw(array, rng.permutation(group), number, saturation)
        for group, number in zip(groups, wanted, strict=True)
    ]
    chosen = np.concatenate([places for places, _ in drawn])
    if len(chosen) == 0:
        raise ValueError("No pixel is left to draw: all spectra are bad.")
    spectra = np.concatenate([rows for _, rows in drawn])
    places = np.stack(np.unravel_index(chosen, shape), axis=1)
    data = spectra
    if found.axis is not None:
        data = pd.DataFrame(spectra, columns=format_wavenumbers(found.axis))
    return Bunch(
        data=data,
        target=None if labels is None else labels[chosen],
        places=pd.DataFrame(places, columns=list(found.pixel_dims)),
        wavenumbers=found.axis,
    )


def _has_label(labels):
    known = ~pd.isna(labels)
    if labels.dtype.kind in "if":
        with np.errstate(invalid="ignore"):
            known &= labels >= 0
    elif labels.dtype.kind in "UST":
        known &= labels != labels.dtype.type()
    elif labels.dtype.kind == "O":
        known[known] = [_is_label(value) for value in labels[known]]
    return known


def _is_label(value):
    return value not in ("", b"") and not (isinstance(value, Real) and value < 0)


def _shares(n, sizes):
    """Deal out n among groups: the same number to each, all of those that are small."""
    shares = np.zeros(len(sizes), dtype=int)
    for left, k in enumerate(np.argsort(sizes, kind="stable")):
        shares[k] = min(sizes[k], (n - shares.sum()) // (len(sizes) - left))
    return shares


def _draw(array, order, number, saturation):
    """Return the first pixels of an order whose spectra are good, and these spectra."""
    xarray = import_optional("xarray", "maps")
    *dims, last = array.dims
    shape = array.shape[:-1]
    places, rows, start = order[:0], np.empty((0, array.shape[-1]), array.dtype), 0
    while len(places) < number and start < len(order):
        stop = start + int(np.ceil(_SPARE * (number - len(places))))
        chosen, start = order[start:stop], stop
        where = {
            dim: xarray.DataArray(positions, dims="drawn_pixel")
            for dim, positions in zip(
                dims, np.unravel_index(chosen, shape), strict=True
            )
        }
        spectra = array.isel(where).transpose("drawn_pixel", last).values
        good = np.isfinite(spectra).all(axis=1)
        if saturation is not None:
            with np.errstate(invalid="ignore"):
                good &= ~(spectra >= saturation).any(axis=1)
        places = np.concatenate([places, chosen[good]])
        rows = np.concatenate([rows, spectra[good]])
    by_place = np.argsort(places[:number])
    return places[by_place], rows[by_place]
