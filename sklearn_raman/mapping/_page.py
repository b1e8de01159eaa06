"""One page with a map that can be inspected, without any other file.

What the page does is in `page.html`; here are the numbers that it shows.
"""

from __future__ import annotations

import base64
import json
import math
import os
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pandas as pd

from sklearn_raman._utils._validation import check_text
from sklearn_raman._utils._wavenumbers import describe_axis, first_difference
from sklearn_raman._utils._whole_file import written_whole
from sklearn_raman.mapping._apply import refuse_other_places
from sklearn_raman.mapping._blocks import LEFT_OUT, NAMED, NOBODY, STATUS
from sklearn_raman.mapping._cube import read_cube
from sklearn_raman.mapping._plot import (
    NOBODYS_COLOR,
    class_colors,
    class_means,
    class_names,
    plane,
    thin_steps,
)

# Values of spectra that go into a page, two bytes each: 11 MB of text.
_MOST_VALUES = 4_000_000
_MOST_PIXELS = 512  # shown along a side
_NO_SCORE = 255  # scores are 0 to 254


def save_page(
    maps: Any,
    path: str | os.PathLike[str],
    *,
    cube: Any = None,
    wavenumbers: Any = None,
    dim: str | None = None,
    laser_nm: float | None = None,
    title: str = "Map",
    description: str = "",
) -> Path:
    """Write one HTML page in which each pixel can be looked at.

    Pointing at a pixel, with the mouse or the arrow keys, shows its class and its
    probabilities; of a small map with its cube also the spectrum and the explanation.
    Means of classes stand below. The page needs no network and no other file.

    Parameters
    ----------
    maps : xarray.Dataset
        What :func:`apply_pipeline` returns, with "label" and two pixel dimensions.
        Shown are also "proba", "novelty", "explanation" and "class_means", if they are
        there.
    path : str or path
        File to write.
    cube : as in `apply_pipeline`, or None, default=None
        The spectra. They go into the page if there are at most four million values, and
        so do explanations.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis of the cube in cm-1, if it has none. Without an axis the spectra of the
        pixels stand on points.
    dim : str or None, default=None
        Wavenumber dimension of the cube; None finds it.
    laser_nm : float or None, default=None
        Wavelength of the laser, if the axis is in nm or eV.
    title, description : str
        Plain text.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there are no labels, or not two pixel dimensions; if the cube has other
        pixels, or another axis than explanations; if means of classes have pixels; if
        an argument describes a cube, and none is given.
    TypeError
        If `title` or `description` is no text.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.mapping import apply_pipeline, save_page
    >>> X, y = make_raman_spectra(60, random_state=0)
    >>> cube = X.reshape(6, 10, -1)
    >>> maps = apply_pipeline(PLSLDA(n_components=5).fit(X, y), cube)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_page(maps, folder + "/map.html", cube=cube).name
    'map.html'
    """
    check_text(title, "title")
    check_text(description, "description")
    given = {"wavenumbers": wavenumbers, "dim": dim, "laser_nm": laser_nm}
    for name, value in given.items():
        if cube is None and value is not None:
            raise ValueError(
                f"{name}={value!r} is for the spectra: pass the cube, or leave {name} "
                "out."
            )
    whole = maps
    maps, label = plane(maps, "label")
    dims = label.dims
    steps = thin_steps(label, _MOST_PIXELS)
    maps = maps.isel({d: slice(None, None, step) for d, step in steps.items()})
    names = class_names(maps)
    codes = maps["label"].values
    data = {
        "shape": list(codes.shape),
        "names": names,
        "colors": class_colors(len(names)),
        "nobody": NOBODYS_COLOR,
        "no_score": _NO_SCORE,
        "states": list(STATUS),
        "label": _pack(codes, "<i2"),
        "found": np.unique(label.values).tolist(),  # also by pixels that are not shown
        "where": [_coordinate(maps, d) for d in dims],
    }
    if "status" in maps:
        status = maps["status"].transpose(*dims).fillna(LEFT_OUT).values
        status = np.where((codes == NOBODY) & (status == NAMED), LEFT_OUT, status)
        data["status"] = _pack(status, "u1")
    if "proba" in maps:
        proba = maps["proba"].transpose(*dims, "class").values
        data["proba"] = _scores(proba)
    if "novelty" in maps:
        novelty = maps["novelty"].transpose(*dims).values
        data["novelty"] = _scores(novelty)
    note = " and ".join(
        f"every {({2: 'second', 3: 'third'}).get(step, f'{step}th')} pixel along {d}"
        for d, step in steps.items()
        if step > 1
    )
    note = f"Shown is {note}. " if note else ""
    if cube is not None:
        found = read_cube(cube, wavenumbers, dim, laser_nm)
        sizes = found.array.sizes
        if found.pixel_dims != dims or any(sizes[d] != whole.sizes[d] for d in dims):
            raise ValueError(
                f"The cube has the pixels {_sizes(found.array, found.pixel_dims)}, the "
                f"maps have {_sizes(whole, dims)}."
            )
        for d in dims:
            if d in whole.coords and d in found.array.coords:
                refuse_other_places("cube", d, found.array[d], whole[d], to="maps")
        array = found.array.transpose(*dims, found.dim)
        n_values = codes.size * array.shape[-1]
        if max(steps.values()) == 1 and n_values <= _MOST_VALUES:
            data["spectra"] = _quantized(array.values)
            axis = found.axis
            data["unit"] = "points" if axis is None else "cm⁻¹"
            data["axis"] = _short(np.arange(array.shape[-1]) if axis is None else axis)
            has_maps = "explanation" in maps and "class" not in maps["explanation"].dims
            if has_maps:
                explanation = maps["explanation"]
                if found.dim not in explanation.dims:
                    raise ValueError(
                        f"The cube has {found.dim!r} where the maps have "
                        f"{explanation.dims[-1]!r}: pass its wavenumbers=, too, or "
                        "the cube as to_cube makes it."
                    )
                explanation = explanation.transpose(*dims, found.dim)
                _check_axis(explanation, found)
                data["maps"] = _quantized(explanation.values)
        else:
            note += "The map is too large to have the spectrum of each pixel in a page."
    if "class_spectrum" in maps:
        spectra, explained = class_means(maps)
        axis = next(iter(spectra.values()), pd.Series()).index
        data["means"] = {
            "unit": "points" if isinstance(axis, pd.RangeIndex) else "cm⁻¹",
            "axis": _short(axis),
            "spectra": {name: _curve(values) for name, values in spectra.items()},
            "maps": {name: _curve(values) for name, values in explained.items()},
        }
    page = files("sklearn_raman.mapping").joinpath("page.html")
    text = Template(page.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        description=f"<p>{escape(description)}</p>" if description else "",
        note=escape(note),
        # "</script>" in a name must not end the script.
        data=json.dumps(data, allow_nan=False).replace("<", "\\u003c"),
    )
    path = Path(path)
    with written_whole(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return path


def _sizes(array, dims):
    return " x ".join(f"{array.sizes[d]} {d}" for d in dims)


def _check_axis(explanation, cube):
    """Raise if explanations stand on another axis than the spectra of the cube."""
    n_points = explanation.sizes[cube.dim], cube.array.sizes[cube.dim]
    name = "raman_shift" if "raman_shift" in explanation.coords else cube.dim
    if name not in explanation.coords or cube.axis is None:
        if n_points[0] != n_points[1]:
            raise ValueError(
                f"The explanations have {n_points[0]} points, the spectra of the cube "
                f"{n_points[1]}."
            )
        return
    axis = explanation[name].values.astype(float)
    if first_difference(axis, cube.axis) is not None:
        raise ValueError(
            f"The explanations are on the axis {describe_axis(axis)}, the cube is on "
            f"{describe_axis(cube.axis)}: pass the cube and the wavenumbers= that the "
            "maps were made with."
        )


def _scores(values):
    """Return scores from 0 to 1 in 254 steps; there may be none (NaN)."""
    steps = np.round(254 * values.astype(float))
    return _pack(np.where(np.isfinite(steps), steps, _NO_SCORE), "u1")


def _pack(values, dtype):
    """Return an array as text: its bytes in base64."""
    return base64.b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode()


def _quantized(values):
    """Return curves in 65534 steps between their lowest and highest points."""
    rows = values.reshape(-1, values.shape[-1]).astype(float)
    good = np.isfinite(rows).all(axis=1)
    rows[~good] = 0
    low, high = rows.min(axis=1), rows.max(axis=1)
    spread = np.where(high > low, high - low, 1)
    steps = np.round(65534 * (rows - low[:, None]) / spread[:, None])
    low[~good] = np.nan
    return {
        "low": _pack(low, "<f4"),
        "spread": _pack(spread, "<f4"),
        "steps": _pack(steps, "<u2"),
    }


def _short(places):
    """Return places or wavenumbers in no more digits than tell neighbors apart."""
    places = np.asarray(places, dtype=float)
    known = np.unique(places[np.isfinite(places)])
    return _rounded(places, np.diff(known).min(initial=np.inf))


def _curve(values):
    """Return a curve in no more digits than a screen shows."""
    return _rounded(values, np.ptp(values) / 1000)


def _rounded(values, least):
    """Return numbers in as many digits as show a difference of `least`."""
    values = [float(value) for value in values]
    if 0 < least < np.inf:
        decimals = 2 - math.floor(math.log10(least))
        values = [round(value, decimals) for value in values]
    # JSON has neither NaN nor infinity.
    return [value if math.isfinite(value) else str(value) for value in values]


def _coordinate(maps, dim):
    """Return name, unit and values of a dimension, for the text about a pixel."""
    values = maps[dim].values
    is_fraction = values.dtype.kind == "f"
    return {
        "name": str(dim),
        "units": str(maps[dim].attrs.get("units", "")),
        "values": _short(values) if is_fraction else [str(value) for value in values],
    }
