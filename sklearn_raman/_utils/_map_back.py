"""How a map goes back through a transformer: what `map_back` means, and its tools.

A map has one value for each column that a model sees. Steps before the model may have
moved these columns. A transformer says where its own input columns went with a method
``map_back(maps, X=None, *, mode="conserve")``, which takes maps of shape (..., n_points
of its output) and returns maps of shape (..., n_points of its input), or a list of such
arrays where each spectrum has its own axis. It is found by its name alone, so that what
explains a Pipeline and what stands in it do not have to import each other.

A point of the input axis that has no part in the output gets 0, never NaN: the model
did not see it, so it added nothing to the score, and the map keeps its sum. `mode`
matters where points are interpolated: "conserve", for contributions, hands each value
to the input points it was made of, and keeps the sum; "density", for display, keeps the
height at each wavenumber.
"""

import numpy as np

from sklearn_raman._utils._wavenumbers import as_real

MODES = ("conserve", "density")


def check_maps(maps, n_points, *, owner):
    """Return maps as a float array, after a look at their length.

    Parameters
    ----------
    maps : array-like of shape (..., n_points)
    n_points : int or None
        Number of points of the transformer's output; None if it is not known.
    owner : str
        Class name, for the message.

    Returns
    -------
    ndarray of shape (..., n_points)
        float32 stays float32, all else becomes float64.
    """
    dtype = np.float32 if np.asarray(maps).dtype == np.float32 else np.float64
    maps = as_real(maps, "maps").astype(dtype, copy=False)
    if maps.ndim == 0 or n_points not in (None, maps.shape[-1]):
        wanted = "..." if n_points is None else f"..., {n_points}"
        raise ValueError(
            f"maps must have the shape ({wanted}) to go back through {owner}, which "
            f"puts out that many points, got shape {maps.shape}: a map made with "
            "upsample=False has one value per unit of the network, not one per point."
        )
    return maps


def check_n_maps(maps, n_spectra):
    """Raise unless there is one map, or one set of maps, for each ragged spectrum."""
    n_maps = len(maps) if np.ndim(maps[0] if len(maps) else 0) else 0
    if n_maps != n_spectra:
        shape = f"a list of {len(maps)}" if isinstance(maps, list) else np.shape(maps)
        raise ValueError(
            f"maps has shape {shape}, but X has {n_spectra} spectra: the first axis of "
            "maps must run over the spectra of X."
        )


def check_mode(mode):
    """Raise if `mode` is not one that `map_back` knows."""
    if mode not in MODES:
        raise ValueError(f"mode must be one of {MODES}, got {mode!r}.")


def place_back(maps, kept, n_points):
    """Put maps on the columns they belong to; the other columns get 0.

    Parameters
    ----------
    maps : ndarray of shape (..., n_kept)
    kept : ndarray of shape (n_kept,), int, or (n_points,), bool
        Where the columns of the maps stand on the longer axis.
    n_points : int
        Length of the longer axis.

    Returns
    -------
    ndarray of shape (..., n_points)
    """
    placed = np.zeros((*maps.shape[:-1], n_points), dtype=maps.dtype)
    placed[..., kept] = maps
    return placed
