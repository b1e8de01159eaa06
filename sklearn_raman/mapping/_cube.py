"""Cubes: pixels with coordinates and a wavenumber axis, whatever holds them."""

from __future__ import annotations

import mmap
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import constants

from sklearn_raman._utils._frames import is_frame
from sklearn_raman._utils._optional import import_optional
from sklearn_raman._utils._ragged import unmask
from sklearn_raman._utils._validation import (
    levels_to_user,
    refuse_other_order,
    warn_of_positions,
)
from sklearn_raman._utils._wavenumbers import (
    are_positions,
    as_real,
    check_wavenumbers,
    first_difference,
    labels_as_wavenumbers,
    unit_of_heading,
)
from sklearn_raman.datasets import nm_to_wavenumber

# Wavelength in nm times photon energy in eV.
_NM_EV = 1e9 * constants.h * constants.c / constants.e
_FACTORS = {"nm": None, "eV": 1.0, "meV": 1e3}  # of units that can be converted

_PIXELS = ("y", "x")

# Of the step between the lines of a map, what neighboring places on one line may differ
# by: by rounding, and as a stage repeats them; what all on one line may, and from where
# on a warning tells of it.
_ROUNDING, _JITTER, _SPREAD, _TOLD = 1e-6, 0.1, 0.25, 0.05
_COMPARED = 64  # spectra by which a file is known
_HOLES = 4  # a map has at most so many places for each spectrum


@dataclass
class Cube:
    """A cube whose axis is known.

    Attributes
    ----------
    array : DataArray
        As it was given, or made of what was given.
    dim : str
        Its wavenumber dimension.
    axis : ndarray of shape (n_points,) or None
        The axis in cm-1; None for an array without one.
    """

    array: Any
    dim: str
    axis: np.ndarray | None

    @property
    def pixel_dims(self):
        """The other dimensions, in their order."""
        return tuple(dim for dim in self.array.dims if dim != self.dim)


def to_cube(
    spectra: Any,
    *,
    wavenumbers: ArrayLike | None = None,
    dim: str | None = None,
    laser_nm: float | None = None,
) -> Any:
    """Make a cube with coordinates of what holds one.

    Parameters
    ----------
    spectra : Bunch, array, hyperspy `Signal1D`, dict or DataArray
        What `load_spectra` returns of a map, with the places `x`, `y` (and `z`) of the
        spectra in its metadata; an array of numpy or dask or a memory map of shape
        (..., n_points); a signal of hyperspy; the dictionary that a reader of
        rosettasciio returns.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1 of an array, or of a DataArray without one.
    dim : str or None, default=None
        Wavenumber dimension of a DataArray; None finds it by its name or unit.
    laser_nm : float or None, default=None
        Wavelength of the laser, for an axis in nm, eV or meV.

    Returns
    -------
    xarray.DataArray
        With the dimensions y, x and wavenumber, or those of what was given. An axis
        that was not in cm-1 stays as it is, with `raman_shift` in cm-1 beside it.
        Places of a map without a spectrum are NaN; the distance between lines may
        differ. A `z` that differs where no two spectra share `x` and `y` (the focus on
        a surface) is a coordinate of the pixels, else a dimension.

    Raises
    ------
    ValueError
        If the axis is not found, or is no axis of wavenumbers; if a `raman_shift` that
        is there already says something else; if the places of the spectra do not lie
        on a grid, or two are the same.
    TypeError
        If this is no cube.
    ImportError
        If xarray is not installed (extra `maps`).

    Warns
    -----
    UserWarning
        If places that differ by more than 5 % of the step are taken as one line; if
        the columns of a frame are a `RangeIndex` that may be wavenumbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.mapping import to_cube
    >>> cube = to_cube(np.zeros((2, 3, 50)), wavenumbers=np.arange(400.0, 500.0, 2))
    >>> dict(cube.sizes)
    {'y': 2, 'x': 3, 'wavenumber': 50}
    """
    return read_cube(spectra, wavenumbers, dim, laser_nm).array


def read_cube(cube, wavenumbers=None, dim=None, laser_nm=None):
    """Return what holds a cube as a `Cube`; arguments as in `to_cube`."""
    xarray = import_optional("xarray", "maps")
    if wavenumbers is not None:
        wavenumbers = check_wavenumbers(wavenumbers)
    if isinstance(cube, xarray.Dataset):
        raise TypeError(
            f"The cube is a Dataset with {list(map(str, cube.data_vars))}: pass the "
            "variable that holds the spectra, dataset[name]."
        )
    if isinstance(cube, xarray.DataArray):
        array = cube
    elif hasattr(cube, "axes_manager"):
        array = _of_hyperspy(cube)
    elif isinstance(cube, Mapping) and "metadata" in cube and "axes" not in cube:
        array = _of_places(cube)
    elif isinstance(cube, Mapping) and {"data", "axes"} <= set(cube):
        array = _of_axes(cube["data"], cube["axes"])
    else:
        array = _of_array(cube, wavenumbers, dim)
        dim = array.dims[-1]
    _check_has_pixels(array)
    dim = _find_dim(array, dim, wavenumbers)
    if array.sizes[dim] == 0 or array.size == 0:
        raise ValueError(f"The cube is empty: its sizes are {dict(array.sizes)}.")
    if array.dtype.kind not in "fiu":
        raise TypeError(f"Spectra must be real numbers, got dtype {array.dtype}.")
    axis, unit = _read_axis(array, dim, wavenumbers, laser_nm)
    if axis is not None and "raman_shift" in array.coords and dim != "raman_shift":
        _check_raman_shift(array, dim, axis)
    elif axis is not None and unit != "cm-1":
        array = array.assign_coords(raman_shift=(dim, axis, {"units": "cm-1"}))
    elif axis is not None and dim not in array.coords:
        array = array.assign_coords({dim: (dim, axis, {"units": "cm-1"})})
    return Cube(array, dim, axis)


def _check_has_pixels(array):
    if array.ndim < 2:
        raise ValueError(
            "A cube has pixels: one dimension or more beside the wavenumbers, got the "
            f"shape {array.shape}. Of a single spectrum make one by spectrum[None]."
        )
    if not all(size == size for size in array.shape):
        raise ValueError(
            "The sizes of the cube are not known before it is computed: call its "
            "compute_chunk_sizes() first."
        )


# The wavenumber dimension ------------------------------------------------------------


def _find_dim(array, dim, wavenumbers):
    if dim is not None:
        if dim not in array.dims:
            raise ValueError(f"dim={dim!r} is none of the dimensions {array.dims}.")
        return dim
    found = [name for name in array.dims if _unit_of(array, name) is not None]
    if len(found) == 1:
        return found[0]
    if not found and wavenumbers is not None:
        found = [d for d in array.dims if array.sizes[d] == len(wavenumbers)]
        if len(found) == 1:
            return found[0]
    several = f": it may be {' or '.join(map(repr, found))}" if found else ""
    raise ValueError(
        f"Which dimension of the cube holds the wavenumbers is not clear{several}. "
        f"Its dimensions are {dict(array.sizes)}: pass dim=, or give that dimension "
        'the name "wavenumber", or its coordinate the attribute units="cm-1".'
    )


def _unit_of(array, dim):
    """Return the unit of a dimension if it is a spectral axis, else None."""
    if stated := _stated_unit(array, dim):
        return unit_of_heading(stated)
    attributes = array.coords[dim].attrs if dim in array.coords else {}
    name = str(attributes.get("long_name", ""))
    return unit_of_heading(name) or unit_of_heading(str(dim))


def _stated_unit(array, dim):
    """Return the unit that a coordinate states, whatever it is, else an empty text."""
    attributes = array.coords[dim].attrs if dim in array.coords else {}
    return str(attributes.get("units", attributes.get("unit", "")))


def _read_axis(array, dim, wavenumbers, laser_nm):
    """Return the axis in cm-1, None if there is none, and the unit that it had."""
    n_points = array.sizes[dim]
    given = None
    if wavenumbers is not None:
        given = check_wavenumbers(wavenumbers, n_points=n_points)
    if dim not in array.coords:
        if laser_nm is not None:
            raise ValueError(
                "laser_nm is for a coordinate in nm or eV, and "
                + ("wavenumbers are in cm-1" if given is not None else "there is none")
                + ": leave it out."
            )
        return given, "cm-1"
    name = f"The coordinate {dim!r} of the cube"
    values = check_wavenumbers(array.coords[dim].values, name=name)
    unit = _unit_of(array, dim) or _stated_unit(array, dim) or "cm-1"
    if unit != "cm-1":
        if laser_nm is None and given is not None:
            return given, unit
        if unit not in _FACTORS:
            raise ValueError(
                f"{name} is in {unit} ({values[0]:g} to {values[-1]:g}), and must be "
                "in cm-1, nm or eV: convert it, or pass wavenumbers= in cm-1 alone."
            )
        if laser_nm is None:
            raise ValueError(
                f"{name} is in {unit} ({values[0]:g} to {values[-1]:g}): pass the "
                "wavelength of the laser, laser_nm=, to make wavenumbers of it."
            )
        factor = _FACTORS[unit]
        nm = values if factor is None else _NM_EV * factor / values
        values = np.asarray(nm_to_wavenumber(nm, laser_nm))
    elif laser_nm is not None:
        raise ValueError(
            f"laser_nm={laser_nm!r} asks for a conversion, but {name[0].lower()}"
            f"{name[1:]} is in cm-1: leave laser_nm out."
        )
    elif are_positions(values):
        if given is not None:
            return given, "points"
        raise ValueError(
            f"{name} counts points ({values[0]:g}, ..., {values[-1]:g}): these are "
            "positions, not wavenumbers. Pass wavenumbers=, in cm-1."
        )
    if given is not None and (where := first_difference(given, values)) is not None:
        raise ValueError(
            f"The parameter wavenumbers and the coordinate {dim!r} disagree: at "
            f"position {where} the parameter says {given[where]:.10g} and the "
            f"coordinate {values[where]:.10g} cm-1. Drop one of them."
        )
    return values, unit


def _check_raman_shift(array, dim, axis):
    """Raise if the coordinate of wavenumbers beside the axis says something else."""
    known = array.coords["raman_shift"]
    if known.dims != (dim,) or known.dtype.kind not in "fiu":
        raise ValueError(
            "The coordinate 'raman_shift' of the cube must hold a number for each "
            f"point of {dim!r}, it has the dimensions {known.dims} and the dtype "
            f'{known.dtype}: leave it out with cube.drop_vars("raman_shift").'
        )
    if (where := first_difference(axis, known.values)) is not None:
        raise ValueError(
            "The coordinate 'raman_shift' of the cube and its axis disagree: at "
            f"position {where} they say {known.values[where]:.10g} and "
            f"{axis[where]:.10g} cm-1. If another laser_nm or other wavenumbers are "
            'right now, pass cube.drop_vars("raman_shift").'
        )


# Other kinds of cubes ----------------------------------------------------------------


class OnDisk:
    """A memory map that travels to other processes as the name of its file.

    Here it is read itself: the name may lead to another file by now, or to none.
    """

    def __init__(self, array):
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        order = "C" if array.flags.c_contiguous else "F"
        self._place = {"filename": array.filename, "offset": array.offset}
        self._place |= {"shape": array.shape, "dtype": array.dtype, "order": order}
        self._array, self._known = array, None

    def __getitem__(self, where):
        """Read a part."""
        if self._array is None:
            self._array = self._open()
        return np.array(self._array[where])

    def __getstate__(self):
        """Return where the spectra are, and some of them to know them by."""
        if self._known is None:
            self._known = _some_spectra(self._array)
        return self.__dict__ | {"_array": None}

    def _open(self):
        """Map the file in another process, if it still holds these spectra."""
        try:
            array = np.memmap(mode="r", **self._place)
            is_same = _some_spectra(array) == self._known
        except (OSError, ValueError):  # no such file, or a shorter one
            is_same = False
        if not is_same:
            raise ValueError(
                f"The file {self._place['filename']} does not hold the spectra of its "
                "memory map: it was replaced or removed, or it is not on this machine. "
                "Load it again; threads read the memory map itself."
            )
        return array


def _some_spectra(array):
    """Return the bytes of spectra from all over an array."""
    rows = array.reshape(-1, array.shape[-1], order="A")
    return rows[np.linspace(0, len(rows) - 1, _COMPARED).astype(int)].tobytes()


def _is_whole_file(array):
    """Tell whether the file holds what the array holds, now and later.

    What is changed in memory (mode "c") is never there.
    """
    is_whole = isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap)
    return is_whole and array.mode == "r"


def _of_array(array, wavenumbers, dim):
    """Make a cube of an array whose last axis is that of the wavenumbers."""
    xarray = import_optional("xarray", "maps")
    has_shape = hasattr(array, "shape") and hasattr(array, "ndim")
    has_shape = has_shape and isinstance(getattr(array, "dtype", None), np.dtype)
    if is_frame(array) or not has_shape:
        raise TypeError(
            "A cube is a DataArray, an array of numpy or dask, a memory map or a "
            f"signal of hyperspy, got a {type(array).__name__}. The spectra of a table "
            "need no map: pipeline.predict takes them. What load_spectra returns "
            "becomes a cube as a whole, with its places."
        )
    _check_has_pixels(array)
    n_points = array.shape[-1]
    if wavenumbers is not None and len(wavenumbers) != n_points:
        fits = [k for k, n in enumerate(array.shape) if n == len(wavenumbers)]
        way_out = (
            f" Axis {fits[0]} has as many: np.moveaxis(cube, {fits[0]}, -1)."
            if len(fits) == 1
            else ""
        )
        raise ValueError(
            f"wavenumbers has {len(wavenumbers)} points, but the last axis of the cube "
            f"of shape {array.shape} has {n_points}; that axis is the one of the "
            f"wavenumbers.{way_out}"
        )
    last = dim or ("point" if wavenumbers is None else "wavenumber")
    n_pixel_dims = array.ndim - 1
    names = ("z", *_PIXELS)[-n_pixel_dims:]
    if n_pixel_dims == 1:
        names = ("pixel",)
    elif n_pixel_dims > 3:
        names = tuple(f"dim_{k}" for k in range(n_pixel_dims))
    if _is_whole_file(array):
        chunked = import_optional("dask.array", "maps")
        blocks = (*default_block(array.shape), array.shape[-1])
        array = chunked.from_array(OnDisk(array), blocks, name=False, meta=array[:0])
    elif isinstance(array, np.ndarray):
        array = unmask(array)
    elif not hasattr(array, "__dask_graph__"):  # such as an array of zarr
        chunked = import_optional("dask.array", "maps")
        array = chunked.from_array(array, getattr(array, "chunks", "auto"), name=False)
    return xarray.DataArray(array, dims=(*names, last))


def default_block(shape):
    """Return the sizes of blocks of some thousand spectra, whole rows where they fit.

    Parameters
    ----------
    shape : tuple
        Of the cube, wavenumbers last.

    Returns
    -------
    tuple
        One size for each dimension of the pixels.
    """
    left = max(1, min(_BLOCK_VALUES // shape[-1], max(256, _n_pixels(shape) // 8)))
    sizes = []
    for size in shape[-2::-1]:
        sizes.append(max(1, min(size, left)))
        left //= sizes[-1]
    return tuple(sizes[::-1])


_BLOCK_VALUES = 2**22  # of spectra: 16 MB in float32


def _n_pixels(shape):
    return int(np.prod(shape[:-1]))


def _of_hyperspy(signal):
    manager = signal.axes_manager
    if len(manager.signal_axes) != 1:
        raise ValueError(
            f"A cube of spectra has one signal axis, this signal of hyperspy has "
            f"{len(manager.signal_axes)}: use as_signal1D(axis) to say which."
        )
    axes = [
        {
            "index_in_array": axis.index_in_array,
            "navigate": axis.navigate,
            "name": axis.name,
            "units": axis.units,
            "axis": axis.axis,
        }
        for axis in (*manager.navigation_axes, *manager.signal_axes)
    ]
    return _of_axes(signal.data, axes)


def _of_axes(data, axes):
    """Make a cube of data and of axes as hyperspy and rosettasciio describe them."""
    xarray = import_optional("xarray", "maps")
    axes = list(axes)
    if all("index_in_array" in axis for axis in axes):
        axes = sorted(axes, key=lambda axis: axis["index_in_array"])
    if len(axes) != np.ndim(data):
        raise ValueError(f"The data have {np.ndim(data)} axes, described are {axes}.")
    spectral = [k for k, axis in enumerate(axes) if not axis.get("navigate", True)]
    if len(spectral) != 1:
        raise ValueError(
            f"A cube of spectra has one signal axis, these data have {len(spectral)}."
        )
    pixels = iter(("z", *_PIXELS)[-(len(axes) - 1) :] if len(axes) > 1 else ())
    dims, coords = [], {}
    for k, axis in enumerate(axes):
        usual = "wavenumber" if k == spectral[0] else next(pixels, f"dim_{k}")
        name, units = (str(axis.get(key, "")) for key in ("name", "units"))
        name = usual if name in ("", "None", "<undefined>") else name
        values = axis.get("axis")
        if values is None:
            n = np.shape(data)[k]
            values = axis.get("offset", 0) + axis.get("scale", 1) * np.arange(n)
        known = {} if units in ("", "None", "<undefined>") else {"units": units}
        dims.append(name)
        coords[name] = name, np.asarray(values), known
    return xarray.DataArray(data, dims=dims, coords=coords)


# Places on a map ---------------------------------------------------------------------


def _of_places(spectra):
    """Make a cube of spectra whose places are in their metadata."""
    xarray = import_optional("xarray", "maps")
    metadata, data = spectra["metadata"], spectra["data"]
    columns = [] if metadata is None else list(metadata.columns)
    if metadata is not None and len(metadata) != len(data):
        raise ValueError(
            f"The metadata have {len(metadata)} rows for {len(data)} spectra; expected "
            "one for each."
        )
    if not is_frame(data):
        raise ValueError(
            "The spectra have different axes: bring them to one before they become a "
            "cube (WavenumberResampler), and put the result in the place of data."
        )
    refuse_other_order("metadata", metadata, data)
    if "x" not in columns:
        raise ValueError(
            "The metadata of the spectra tell no places: a cube needs the columns x "
            f"and y, there are {columns}."
        )
    names = [name for name in ("z", "y", "x") if name in columns]
    try:
        places = np.stack([as_real(metadata[name]) for name in names], axis=1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"The places {', '.join(names)} must be numbers.") from error
    if not np.isfinite(places).all():
        raise ValueError("Some spectra have no place: x or y is missing.")
    focus = None
    if "z" in names and (np.ptp(places[:, 0]) == 0 or _is_surface(places[:, 1:].T)):
        focus, names, places = places[:, 0], names[1:], places[:, 1:]
    lines, where = _find_grid(names, places.T)
    shape = tuple(map(len, lines))
    cells = np.ravel_multi_index(where, shape)
    found, counts = np.unique(cells, return_counts=True)
    if counts.max() > 1:
        rows = np.flatnonzero(cells == found[counts.argmax()])
        raise ValueError(
            f"{counts.max()} spectra have one place (rows {rows[0]} and {rows[1]}): "
            "are these several maps? Make a cube of each."
        )
    values = np.asarray(data)
    dtype = np.result_type(values.dtype, np.float32)
    filled = np.full((int(np.prod(shape)), values.shape[1]), np.nan, dtype)
    filled[cells] = values
    axis = labels_as_wavenumbers(data)
    if axis is None:
        warn_of_positions(data)
    coords = dict(zip(names, lines, strict=True))
    if focus is not None and np.ptp(focus) > 0:
        z = np.full(len(filled), np.nan)
        z[cells] = focus
        coords["z"] = tuple(names), z.reshape(shape)
    if axis is not None:
        coords["wavenumber"] = "wavenumber", axis, {"units": "cm-1"}
    dims = (*names, "wavenumber")
    return xarray.DataArray(filled.reshape(*shape, -1), dims=dims, coords=coords)


def _is_surface(places):
    """Tell whether no two spectra have one place, so that z only follows the surface.

    Parameters
    ----------
    places : ndarray of shape (n_dims, n_spectra)
        Without z.
    """
    where = np.stack([_lines(values, _JITTER)[1] for values in places])
    return np.unique(where, axis=1).shape[1] == where.shape[1]


def _find_grid(names, places):
    """Return the lines of the grid that places lie on, and the lines of each place.

    Places are taken as they are, if they make a grid with few holes. Else it may be
    that the stage repeats a place to a part of a step.

    Parameters
    ----------
    names : list of str
        Of the dimensions.
    places : ndarray of shape (n_dims, n_spectra)

    Returns
    -------
    lines, where : list of ndarray, one for each dimension
    """
    n_spectra = places.shape[1]
    exact, near = (
        [_lines(values, share) for values in places] for share in (_ROUNDING, _JITTER)
    )
    n_exact, n_near = (int(np.prod([len(a) for a, _ in g])) for g in (exact, near))
    found = near if n_near == n_spectra or n_exact > _HOLES * n_spectra else exact
    told = []
    for name, (lines, where), values in zip(names, found, places, strict=True):
        step = np.diff(lines).min(initial=np.inf)
        spread = 2 * np.abs(values - lines[where]).max()
        if spread > _SPREAD * step or min(n_exact, n_near) > _HOLES * n_spectra:
            sizes = " x ".join(str(len(line)) for line, _ in exact)
            raise ValueError(
                f"The places of {n_spectra} spectra do not lie on a grid: they have "
                f"{sizes} different values of {', '.join(names)}."
                + " If z is only the focus, drop it."
                * ("z" in names)
            )
        if spread > _TOLD * step:
            told.append(f"{name} by up to {spread:.2g} of {step:.2g}")
    if told:
        warnings.warn(
            "Places that differ by a part of the step are taken as one line of the "
            f"map: in {', in '.join(told)}. Round them if these are different places.",
            UserWarning,
            stacklevel=levels_to_user(),
        )
    return zip(*found, strict=True)


def _lines(values, share):
    """Return the lines that values lie on, and the line of each value.

    Values that differ by less than a share of the largest step are on one line.
    """
    order = np.sort(values)
    steps = np.diff(order)
    breaks = steps > share * steps.max(initial=0)
    number = np.concatenate([[0], np.cumsum(breaks)])
    lines = np.bincount(number, order) / np.bincount(number)
    return lines, number[np.searchsorted(order, values)]
