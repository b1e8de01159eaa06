"""Measured spectra of minerals of the RRUFF project: the bundled ones, and all."""

from __future__ import annotations

import csv
import os
from importlib import resources
from numbers import Integral, Real
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.datasets import get_data_home
from sklearn.utils import Bunch

from sklearn_raman._utils._sklearn import Interval, StrOptions, validate_params
from sklearn_raman._utils._typing import Floats
from sklearn_raman._utils._wavenumbers import (
    describe_axis,
    expand_grid,
    format_wavenumbers,
)
from sklearn_raman.datasets._rruff_library import load_library

DATA_FOLDER = resources.files("sklearn_raman.datasets") / "data"

# What benchmarks/build_minerals.py writes.
GRID = (150.0, 1509.0, 1.0)
FULL_SCALE = 65535
SPECTRA_FILE = "minerals.npy"
ROWS_FILE = "minerals.csv"

# What leads to the 196 minerals of Guo et al.: measured from here to there, in cm-1.
GUO_RANGE = (163.0, 1104.0)


@overload
def load_minerals(
    *, return_X_y: Literal[False] = False, as_frame: bool = False
) -> Bunch: ...
@overload
def load_minerals(
    *, return_X_y: Literal[True], as_frame: Literal[False] = False
) -> tuple[Floats, NDArray[np.intp]]: ...
@overload
def load_minerals(
    *, return_X_y: Literal[True], as_frame: Literal[True]
) -> tuple[pd.DataFrame, pd.Series]: ...
@validate_params(
    {"return_X_y": ["boolean"], "as_frame": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def load_minerals(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """Load the bundled Raman spectra of 18 minerals.

    A selection from `fetch_rruff` that needs no extra and no network: at most 18
    spectra of each mineral, spread evenly over its five or more crystals. They are
    background-corrected, measured with a 514 nm laser and given on 150 to 1509 cm-1.

    Spectra of one crystal are near-duplicates. Split by `groups`, one group per
    crystal; otherwise a classifier only has to retrieve what it has seen.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return `(data, target)` only.
    as_frame : bool, default=False
        Whether `data` is a DataFrame with the wavenumbers as column labels, from which
        every step of a Pipeline learns the axis, and `target` a Series.

    Returns
    -------
    data : Bunch
        With the entries

        data : ndarray or DataFrame of shape (n_spectra, 1360)
            Spectra, sorted by mineral and crystal; 1 is the highest point of the whole
            measured range.
        target : ndarray or Series of shape (n_spectra,), int
            Position in `target_names`.
        target_names : ndarray of shape (18,), str
            Minerals in alphabetical order.
        groups : ndarray of shape (n_spectra,), str
            RRUFF id of the crystal.
        spectrum_ids : ndarray of shape (n_spectra,), str
            Name of the spectrum at RRUFF: mineral, id and cut, laser, orientation.
        coverage : ndarray of shape (n_spectra,)
            Fraction of the grid points that were measured. It is 1 except for two
            crystals each of dravite and fluorite, whose spectra start between 168 and
            178 cm-1 and hold 0 before.
        wavenumbers : ndarray of shape (1360,)
            Grid in cm-1.
        DESCR : str
            Description, terms and citations.
    (data, target) : tuple if `return_X_y` is True

    See Also
    --------
    fetch_rruff : All 221 minerals, and the spectra on the axes they were measured on.

    Notes
    -----
    The intensities are stored as 16-bit integers, so they differ from those of
    `fetch_rruff` by up to half a step, 7.7e-6.

    References
    ----------
    .. [1] Lafuente, Downs, Yang and Stone, "The power of databases: the RRUFF project",
       in Highlights in Mineralogical Crystallography, De Gruyter, 2015, pp. 1-30.
    .. [2] Cowger et al., "Microplastic spectral classification needs an open source
       community: Open Specy to the rescue!", Analytical Chemistry 93, 2021, 7543-7548.

    Examples
    --------
    >>> from sklearn_raman.datasets import load_minerals
    >>> minerals = load_minerals()
    >>> minerals.data.shape, len(minerals.target_names), len(set(minerals.groups))
    ((320, 1360), 18, 113)
    >>> calcite = minerals.data[minerals.target_names[minerals.target] == "Calcite"]
    >>> print(minerals.wavenumbers[calcite.mean(axis=0).argmax()])
    1087.0
    """
    with (DATA_FOLDER / SPECTRA_FILE).open("rb") as file:
        steps = np.load(file, allow_pickle=False)
    with (DATA_FOLDER / ROWS_FILE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    grid = expand_grid(GRID, name="wavenumbers")
    return _make_bunch(
        steps / FULL_SCALE,
        np.asarray([row["mineral"] for row in rows]),
        as_frame=as_frame,
        return_X_y=return_X_y,
        description="minerals.rst",
        groups=np.asarray([row["rruff_id"] for row in rows]),
        wavenumbers=grid,
        coverage=np.asarray([int(row["n_measured"]) for row in rows]) / len(grid),
        spectrum_ids=np.asarray([row["spectrum_id"] for row in rows]),
    )


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "wavenumbers": ["array-like"],
        "ragged": ["boolean"],
        "full_coverage": ["boolean"],
        "subset": [StrOptions({"all", "guo2020"})],
        "min_spectra": [Interval(Integral, 1, None, closed="left")],
        "min_crystals": [Interval(Integral, 1, None, closed="left")],
        "fill_value": [
            Interval(Real, None, None, closed="neither"),
            StrOptions({"edge"}),
        ],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_rruff(
    *,
    data_home: str | os.PathLike[str] | None = None,
    wavenumbers: ArrayLike = (150.0, 1509.0, 1.0),
    ragged: bool = False,
    full_coverage: bool = False,
    subset: Literal["all", "guo2020"] = "all",
    min_spectra: int = 1,
    min_crystals: int = 1,
    fill_value: float | Literal["edge"] = 0.0,
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Bunch | Any:
    """Load 3,695 Raman spectra of 221 minerals from the RRUFF project.

    The spectra come from the installed package pyopenspecy (extra `rruff`), nothing is
    downloaded. They are background-corrected and scaled to 0..1, nearly all measured
    with a 514 nm laser, on 448 crystals, in up to three orientations per cut.

    Spectra of one crystal are near-duplicates: with some of them on each side of a
    split, a classifier only has to retrieve them. Split by `groups`, one group per
    crystal.

    Parameters
    ----------
    data_home : str, path or None, default=None
        Folder for the cache, a file of about 70 MB; None means the data folder of
        scikit-learn (`sklearn.datasets.get_data_home`).
    wavenumbers : tuple (start, stop, step) or array-like of shape (n_points,), \
            default=(150.0, 1509.0, 1.0)
        Grid in cm-1 on which the spectra are interpolated linearly. A tuple is a range
        that includes `stop` when it falls on the grid. The default is the grid of [1]_,
        1,360 points.
    ragged : bool, default=False
        Whether to return each spectrum on the axis it was measured on. Then
        `wavenumbers` only affects `coverage` and `full_coverage`, and
        `fill_value` is ignored.
    full_coverage : bool, default=False
        Whether to keep only spectra that were measured on the whole grid.
    subset : {"all", "guo2020"}, default="all"
        "guo2020" keeps spectra which start at or below 163 cm-1 and end at or above
        1104 cm-1, of minerals that have two or more of those. These are 196 minerals
        and 3,284 spectra, the numbers given in [1]_. Which filter the paper used cannot
        be told: several lead to these numbers.
    min_spectra : int, default=1
        Minerals with fewer spectra, after the filters above, are left out.
    min_crystals : int, default=1
        Minerals with fewer crystals, after the filters above, are left out. With 2 or
        more, each mineral can be learned from one crystal and tested on another.
    fill_value : float or "edge", default=0.0
        Intensity at grid points outside the measured range of a spectrum; "edge"
        repeats its first or last value. The default suits spectra without background,
        which start and end near 0, but it is not a measurement: it tells a model how a
        crystal was measured, not what it is. `coverage` says how much of a row was
        measured; `full_coverage=True` avoids the problem.
    return_X_y : bool, default=False
        Whether to return `(data, target)` only.
    as_frame : bool, default=False
        Whether `data` is a DataFrame with the wavenumbers as column labels and `target`
        a Series.

    Returns
    -------
    data : Bunch
        With the entries

        data : ndarray or DataFrame of shape (n_spectra, n_points), or list
            Spectra, sorted by mineral, RRUFF id and number in the library. With
            `ragged=True` a list of pairs (wavenumbers, intensities).
        target : ndarray or Series of shape (n_spectra,), int
            Position in `target_names`.
        target_names : ndarray of shape (n_minerals,), str
            Minerals in alphabetical order.
        groups : ndarray of shape (n_spectra,), str
            RRUFF id of the crystal.
        spectrum_ids : ndarray of shape (n_spectra,), str
            Name of the spectrum at RRUFF: mineral, id and cut, laser, orientation.
        coverage : ndarray of shape (n_spectra,)
            Fraction of the grid points inside the measured range.
        wavenumbers : ndarray of shape (n_points,) or None
            The grid in cm-1; None with `ragged=True`.
        DESCR : str
            Description, terms and citations.
    (data, target) : tuple if `return_X_y` is True

    Raises
    ------
    ImportError
        If the spectra are not in the cache and pyopenspecy is not installed.
    ValueError
        If a parameter is not valid, a spectrum lies entirely outside the grid, no
        spectrum is left, a data file is not the known one, or the cache is broken.

    See Also
    --------
    load_minerals : 18 of these minerals, bundled, without extra.

    Notes
    -----
    The first call reads 224 MB of text and takes some seconds; later ones read the
    cache. Seven spectra occur twice, each time within one crystal; they are kept.

    References
    ----------
    .. [1] Guo, Yu, Tian, Lv and Xue, "Raman spectroscopy analysis of minerals based on
       feature visualization", Spectroscopy 35(11), 2020, pp. 37-46.
    .. [2] Lafuente, Downs, Yang and Stone, "The power of databases: the RRUFF project",
       in Highlights in Mineralogical Crystallography, De Gruyter, 2015, pp. 1-30.
    .. [3] Cowger et al., "Microplastic spectral classification needs an open source
       community: Open Specy to the rescue!", Analytical Chemistry 93, 2021, 7543-7548.

    Examples
    --------
    >>> from sklearn_raman.datasets import fetch_rruff
    >>> rruff = fetch_rruff(min_crystals=2)  # doctest: +SKIP
    >>> rruff.data.shape, len(rruff.target_names)  # doctest: +SKIP
    ((2705, 1360), 97)
    """
    if ragged and as_frame:
        raise ValueError(
            "as_frame=True needs one axis for all spectra, and ragged=True leaves each "
            "on its own: use one of the two."
        )
    grid = expand_grid(wavenumbers, name="wavenumbers")
    library = load_library(get_data_home(data_home))
    first, last = library.limits()
    inside = (first[:, None] <= grid) & (grid <= last[:, None])
    coverage = inside.mean(axis=1)

    keep = np.ones(len(coverage), dtype=bool)
    if subset == "guo2020":
        keep &= (first <= GUO_RANGE[0]) & (last >= GUO_RANGE[1])
        min_spectra = max(min_spectra, 2)
    if full_coverage:
        keep &= inside.all(axis=1)
    kept = pd.DataFrame({"mineral": library.minerals, "crystal": library.groups})[keep]
    crystals = kept.groupby("mineral")["crystal"]
    frequent = crystals.transform("size") >= min_spectra
    frequent &= crystals.transform("nunique") >= min_crystals
    rows = kept.index[frequent].to_numpy()
    if len(rows) == 0:
        raise ValueError(
            f"No spectrum is left with subset={subset!r}, full_coverage="
            f"{full_coverage}, min_spectra={min_spectra}, min_crystals={min_crystals} "
            f"and the grid {describe_axis(grid)}: relax one of them."
        )

    data = [library.spectrum(i) for i in rows]
    if not ragged:
        n_outside = (coverage[rows] == 0).sum()
        if n_outside:
            raise ValueError(
                f"{n_outside} of {len(rows)} spectra measured no point of wavenumbers="
                f"{describe_axis(grid)}: use full_coverage=True or another grid; all "
                "spectra of the library measure 330 to 900 cm-1."
            )
        outside = None if fill_value == "edge" else float(fill_value)
        data = np.stack(
            [np.interp(grid, *pair, left=outside, right=outside) for pair in data]
        )
    return _make_bunch(
        data,
        library.minerals[rows],
        as_frame=as_frame,
        return_X_y=return_X_y,
        description="rruff.rst",
        groups=library.groups[rows],
        wavenumbers=None if ragged else grid,
        coverage=coverage[rows],
        spectrum_ids=library.spectrum_ids[rows],
    )


def _make_bunch(data, names, *, as_frame, return_X_y, description, **extra):
    """Encode the class names and put the parts together.

    Parameters
    ----------
    data : ndarray of shape (n_spectra, n_points) or list of pairs
        Spectra.
    names : ndarray of shape (n_spectra,), str
        Class of each spectrum.
    as_frame : bool
        Whether data and target become pandas objects.
    return_X_y : bool
        Whether to return data and target only.
    description : str
        File beside the bundled data.
    **extra : object
        Further entries, `wavenumbers` among them.

    Returns
    -------
    Bunch or tuple
    """
    target_names, target = np.unique(names, return_inverse=True)
    if as_frame:
        data = pd.DataFrame(data, columns=format_wavenumbers(extra["wavenumbers"]))
        target = pd.Series(target, name="target")
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=target_names,
        DESCR=(DATA_FOLDER / description).read_text(encoding="utf-8"),
        **extra,
    )
