"""Where a unit sits on the axis of the spectrum, and how maps get back to that axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import make_interp_spline
from scipy.sparse import csr_array
from torch import nn

from sklearn_raman._utils._explanation import local_width
from sklearn_raman._utils._torch import full_precision
from sklearn_raman._utils._typing import Floats
from sklearn_raman.neural_network.attribution._shared import (
    first_weight,
    named_layers,
    private_copy,
)

KINDS = ("linear", "spline")
# Added to the height of every point, as a share of the spectrum's range: a unit that
# sees no band keeps its contribution around its own position.
_FLOOR = 0.01
# Spectra and maps at a time, which then stay in a CPU's cache, and points at a time, of
# which each unit sees many.
_PIECE = 64
_BLOCK = 64
_FEATURES = "features()"
_AVERAGE_POOLS = (nn.AvgPool1d, nn.AvgPool2d)
_WINDOWED = (nn.Conv1d, nn.Conv2d, nn.MaxPool1d, nn.MaxPool2d, *_AVERAGE_POOLS)
_ADAPTIVE_POOLS = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)
_ADAPTIVE_POOLS += (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d)
_PADDINGS = (nn.ConstantPad1d, nn.ReflectionPad1d, nn.ReplicationPad1d)
_PADDINGS += (nn.ConstantPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d)
_PADDINGS += (nn.CircularPad1d, nn.CircularPad2d)
# Files of torch whose layers leave units where they are, or hold other layers.
_STILL = ("activation", "batchnorm", "instancenorm", "normalization", "dropout")
_STILL += ("container", "module")


def unit_positions(
    module: nn.Module, n_points: int, layer: str | None = None
) -> Floats:
    """Return the center of each feature-map unit on the input axis.

    Parameters
    ----------
    module : torch.nn.Module
        As for :func:`unit_windows`.
    n_points : int
        Length of a spectrum.
    layer : str or None, default=None
        Name of a layer, see :func:`feature_maps`; None takes what `features` returns.

    Returns
    -------
    ndarray of shape (units,), float64
        Position in points: 0 is the first point, 1.5 lies between the second and the
        third. It is the middle of the points that the unit sees, those of the padding
        included, so that units at the ends may sit outside the axis.

    Raises
    ------
    ValueError
        If the spectrum passes no layer of that name, or as :func:`unit_windows` does.

    Notes
    -----
    In a convolution or pool of width k, dilation d and stride s, with p points of
    padding on the left, the middle of unit i is at s i + d (k - 1) / 2 - p on the axis
    of its own input. The default :class:`CNN` pads its filters of width 8 with 3 zeros
    on the left and 4 on the right, which moves the middle by half a unit, and a pool of
    width 2 moves it by another half: after two of each, unit i sits at 4 i + 3. What
    the head does with the units, such as averaging them in bins, does not move them.

    Examples
    --------
    >>> from sklearn_raman.neural_network.attribution import unit_positions
    >>> from sklearn_raman.neural_network import CNN
    >>> unit_positions(CNN(16, 2), 16)
    array([ 3.,  7., 11., 15.])
    >>> unit_positions(CNN(16, 2), 16, layer="blocks.1")[:3]
    array([0.5, 1.5, 2.5])
    """
    units = _units(module, n_points, layer)
    return units.start + units.step * np.arange(units.number)


def unit_windows(
    module: nn.Module, n_points: int, layer: str | None = None
) -> csr_array:
    """Return the points that each unit of the feature maps sees, and how well.

    Parameters
    ----------
    module : torch.nn.Module
        With `features(x)`; its convolutions, pools and paddings are layers. A layer
        that looks at several points and is none of these says at how many, in an
        attribute `receptive_width`: an odd number, centered on the point.
    n_points : int
        Length of a spectrum.
    layer : str or None, default=None
        Name of a layer, see :func:`feature_maps`; None takes what `features` returns.

    Returns
    -------
    scipy.sparse.csr_array of shape (units, n_points), float64
        Share of the paths from the spectrum to a unit that start at a point; a row adds
        up to 1. It is centered on the unit's position and high in the middle: many
        paths lead from there. Padding has no share; a unit that sees nothing but
        padding has the nearest point.

    Raises
    ------
    ValueError
        If the spectrum passes a layer of torch that may move points in another way, or
        a function changes the number of units or moves points, as `roll` does. What
        functions move is tried at two points, on a CPU and not in half precision; it
        goes unseen where each unit sees all points, as behind a normalization over the
        axis.

    Examples
    --------
    >>> from sklearn_raman.neural_network.attribution import unit_windows
    >>> from sklearn_raman.neural_network import CNN
    >>> net = CNN(12, 2, n_blocks=1, kernel_size=3, derivative=False)
    >>> (8 * unit_windows(net, 12).toarray()[2]).round(3)  # at 4.5
    array([0.   , 0.   , 0.   , 1.333, 2.667, 2.667, 1.333, 0.   , 0.   , 0.   ,
           0.   , 0.   ])
    """
    units = _units(module, n_points, layer)
    n_seen = len(units.window)
    first = round(units.start - (n_seen - 1) / 2)
    points = first + units.step * np.arange(units.number)[:, None] + np.arange(n_seen)
    inside = (points >= 0) & (points < n_points)
    shares = np.where(inside, units.window, 0)
    unseen = ~shares.any(axis=1)
    points[unseen, 0] = np.clip(points[unseen, 0], 0, n_points - 1)
    shares[unseen, 0] = 1
    shares /= shares.sum(axis=1, keepdims=True)
    rows, columns = np.nonzero(shares)
    entries = shares[rows, columns], (rows, points[rows, columns])
    return csr_array(entries, shape=(units.number, n_points))


@dataclass
class _Units:
    """The units of a layer, evenly spaced on the axis of the spectrum.

    `start` is the position of the first, `step` the distance to the next, in points;
    `window` counts the paths to a unit from each of the points around its position.
    """

    start: float
    step: int
    window: np.ndarray
    number: int

    def through(self, width, stride, dilation, left, number):
        """Return the units of a layer that sees these: a filter or a pool."""
        taps = np.zeros(self.step * dilation * (width - 1) + 1)
        taps[:: self.step * dilation] = 1
        return _Units(
            self.start + self.step * (dilation * (width - 1) / 2 - left),
            self.step * stride,
            np.convolve(self.window, taps),
            number,
        )


def _units(module, n_points, layer=None):
    """Follow a spectrum through the layers, and return the units of one of them."""
    module = private_copy(module)  # its hooks go with it
    names = {part: name for name, part in named_layers(module)}
    known = [_Units(0.0, 1, np.ones(1), n_points)]
    outputs, reached = {}, {}
    lost = False  # a layer moved the units in a way that is not known

    def units_of(tensor):
        if id(tensor) in outputs:
            return outputs[id(tensor)][1]
        # Not the output of a layer but of a function, such as an activation or a sum of
        # branches: it has the units of the layer before, of the branch that sees most.
        fitting = [u for u in reversed(known) if u.number == tensor.shape[-1]]
        widest = max(fitting, key=lambda u: len(u.window), default=None)
        return None if lost else widest

    def follow(part, inputs, output):
        nonlocal lost
        x = inputs[0] if inputs else None
        if not torch.is_tensor(x) or x.ndim < 2:
            return
        settings, before = None, units_of(x)
        number = output.shape[-1] if torch.is_tensor(output) else None
        if before is not None and number is not None:
            settings = _settings(part, before.number, number)
        # Not so where units were averaged, as for weights of channels.
        has_axis = x.ndim > 2 or id(x) in outputs or x.shape[1] == n_points
        has_axis = has_axis and (x.ndim > 2 if before is None else before.number > 1)
        if settings is None and has_axis and not _is_known(part, x.shape[-1] == number):
            raise ValueError(
                "Where units are is not known behind the layer "
                f"{names[part]!r} of {type(module).__name__}, {type(part).__name__}: "
                "tell at how many points it looks in its attribute receptive_width, or "
                "leave maps on the units (upsample=False)."
            )
        if number is None or output.ndim < 2:
            return
        if settings is not None:
            after = before.through(*settings, number)
            known.append(after)
        elif next(part.children(), None) is not None:
            after = units_of(output)
        else:
            same = x.shape[-1] == number and not isinstance(part, _WINDOWED)
            after = before if same else None
            lost = lost or (not same and output.ndim > 2 and number > 1)
        outputs[id(output)] = output, after  # kept, so that no other gets its id
        if output.ndim > 2 and after is not None:
            reached[names[part]] = output, after

    for part in names:
        part.register_forward_hook(follow)
    weight = first_weight(module)
    like = torch.zeros((), device="cpu") if weight is None else weight
    # NaN passes all that comes after, and marks the units that see a point. The fast
    # convolutions of GPUs and of half precision may spread it.
    exact = like.device.type == "cpu" and like.dtype in (torch.float32, torch.float64)
    points = [n_points // 4, n_points // 2] if exact else []
    spectrum = like.new_zeros(1, n_points)
    spectrum[:, points] = torch.nan
    with torch.no_grad(), full_precision():
        maps = module.features(spectrum)
        found = units_of(maps)
    if layer is None and found is None:
        raise ValueError(
            f"The number of units of {type(module).__name__} changes in a function, or "
            "a layer has their axis elsewhere than last, and positions are not known: "
            "use layers, on the last axis, or leave maps on the units (upsample=False)."
        )
    if layer is not None and layer not in list(reached):
        raise ValueError(
            f"A spectrum passes no layer={layer!r}; layers are {list(reached)}."
        )
    if layer is not None:
        maps, found = reached[layer]
    positions = found.start + found.step * np.arange(found.number)
    beyond = np.abs(np.subtract.outer(points, positions)) > len(found.window) / 2
    seeing = maps.isnan().flatten(0, -2).any(dim=0).cpu().numpy()
    if not seeing.all() and (seeing & beyond.all(axis=0)).any():
        raise ValueError(
            f"Units of {type(module).__name__} see points outside their windows: a "
            "function moves points, as roll, flip and conv1d do. Use layers instead, "
            "or leave maps on the units (upsample=False)."
        )
    return found


def _is_known(part, same):
    """Whether a layer has settings, leaves units where they are, or is not torch's.

    Parameters
    ----------
    part : torch.nn.Module
    same : bool
        Whether the number of units stays.
    """
    if isinstance(part, (*_WINDOWED, *_PADDINGS)) or hasattr(part, "receptive_width"):
        return True
    layer = next(c for c in type(part).__mro__ if c.__module__.startswith("torch.nn.m"))
    if layer in (nn.Identity, nn.Flatten, nn.Unflatten):
        return same
    is_still = layer.__module__.rpartition(".")[2] in _STILL
    return is_still and layer is not nn.MultiheadAttention


def _settings(part, n_before, number):
    """Return width, stride, dilation and padding on the left of a layer, or None."""
    if hasattr(part, "receptive_width"):
        return part.receptive_width, 1, 1, (part.receptive_width - 1) // 2
    if isinstance(part, _PADDINGS):
        return 1, 1, 1, part.padding[0]
    if isinstance(part, _ADAPTIVE_POOLS):
        width, uneven = divmod(n_before, number)
        return None if uneven else (width, width, 1, 0)
    if not isinstance(part, _WINDOWED):
        return None
    width, stride = _last(part.kernel_size), _last(part.stride)
    dilation = 1 if isinstance(part, _AVERAGE_POOLS) else _last(part.dilation)
    if part.padding == "same":
        left = dilation * (width - 1) // 2
    else:
        left = 0 if part.padding == "valid" else _last(part.padding)
    return width, stride, dilation, left


def _last(size):
    """Return the size along the spectrum of a scalar or (height, width) setting."""
    return size[-1] if isinstance(size, tuple) else size


def upsampling_operator(
    positions: ArrayLike, n_points: int, kind: Literal["linear", "spline"] = "linear"
) -> Floats:
    """Return the matrix that interpolates a map to the input axis.

    Parameters
    ----------
    positions : array-like of shape (units,)
        Rising, in points; see :func:`unit_positions`.
    n_points : int
        Length of a spectrum.
    kind : {"linear", "spline"}, default="linear"
        Straight lines between units, or a spline of order 2, as in the paper on class
        activation maps; it is smoother and overshoots a little.

    Returns
    -------
    ndarray of shape (units, n_points), float64
        ``map @ operator`` is the map on the input axis; outside the first and the last
        unit it is constant.

    Examples
    --------
    >>> from sklearn_raman.neural_network.attribution import upsampling_operator
    >>> [0.0, 2.0] @ upsampling_operator([0.5, 2.5], 4)
    array([0. , 0.5, 1.5, 2. ])
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}.")
    positions = np.asarray(positions, dtype=float)
    units = np.arange(len(positions), dtype=float)
    points = np.arange(n_points, dtype=float)
    if kind == "spline" and len(positions) > 2:  # three units make a parabola
        spline = make_interp_spline(positions, np.eye(len(positions)), k=2)
        return spline(np.clip(points, positions[0], positions[-1])).T
    place = np.interp(points, positions, units)
    return np.maximum(0, 1 - np.abs(place - units[:, None]))


def place_on_bands(maps: NDArray[Any], X: NDArray[Any], windows: csr_array) -> Floats:
    """Put what each unit of a network contributes on the bands that it sees.

    Parameters
    ----------
    maps : ndarray of shape (n_spectra, units) or (n_spectra, n_classes, units)
        Contributions of units.
    X : ndarray of shape (n_spectra, n_points)
        Spectra.
    windows : scipy.sparse.csr_array of shape (units, n_points)
        What each unit sees, see :func:`unit_windows`.

    Returns
    -------
    ndarray of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        Contributions of points; each map keeps its sum.

    Notes
    -----
    A unit tells *that* something in its window, some 10 to 40 points, speaks for a
    class, and not which of its points. It answers to a band most strongly with the
    filter that fits best, which may be one for a flank: units beside a band often weigh
    more than the unit at its middle, and a map interpolated between units peaks beside
    the band.

    With v_up the window and h_p the height of point p above the background, unit u
    gives point p the share v_up h_p / sum_q v_uq h_q of its contribution. This is a
    rule of layer-wise relevance propagation [1]_, for all layers below the feature maps
    at once and with windows in place of filters. The background is the morphological
    opening of the spectrum over a tenth of its points, but at least 31.

    Two bands in one window share by their heights, whichever of them it was;
    integrated gradients and occlusion tell such bands apart.

    References
    ----------
    .. [1] S. Bach et al., "On pixel-wise explanations for non-linear classifier
       decisions by layer-wise relevance propagation", PLoS ONE 10 (2015) e0130140,
       section 2.3, https://doi.org/10.1371/journal.pone.0130140

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from sklearn_raman.neural_network.attribution import place_on_bands
    >>> X = np.zeros((1, 40))
    >>> X[0, 4] = 1.0  # a band; units see four points each, the contribution is 6
    >>> windows = csr_array(np.kron(np.eye(10), np.full((1, 4), 0.25)))
    >>> placed = place_on_bands(6.0 * np.eye(10)[[1]], X, windows)
    >>> placed[0, 3:9].round(1)
    array([0. , 5.8, 0.1, 0.1, 0.1, 0. ])
    """
    classes = maps if maps.ndim == 3 else maps[:, None]
    placed = np.empty((*classes.shape[:2], X.shape[1]), dtype=maps.dtype)
    blocks = list(_dense_blocks(windows))
    for start in range(0, len(X), _PIECE):
        rows = slice(start, start + _PIECE)
        heights = heights_above_background(X[rows])
        seen = np.ascontiguousarray(heights @ windows.T)
        shares = classes[rows] / seen[:, None]
        for units, points, block in blocks:
            np.matmul(shares[..., units], block, out=placed[rows][..., points])
        placed[rows] *= heights[:, None]
    return placed if maps.ndim == 3 else placed[:, 0]


def _dense_blocks(windows):
    """Yield units, points and the part of `windows` there, until all points are done.

    Units see neighboring points, and products of small full matrices are cheaper than
    one with a sparse matrix.
    """
    n_units, n_points = windows.shape
    entries = windows.tocoo()
    number, column = np.divmod(entries.col, _BLOCK)
    first = np.full(-(-n_points // _BLOCK), n_units)
    np.minimum.at(first, number, entries.row)
    n_seeing = (entries.row - first[number]).max() + 1
    first = np.minimum(first, n_units - n_seeing)
    blocks = np.zeros((len(first), n_seeing, _BLOCK), dtype=windows.dtype)
    np.add.at(blocks, (number, entries.row - first[number], column), entries.data)
    starts = range(0, n_points, _BLOCK)
    for start, unit, block in zip(starts, first, blocks, strict=True):
        points = slice(start, min(start + _BLOCK, n_points))
        yield slice(unit, unit + n_seeing), points, block[:, : points.stop - start]


def heights_above_background(X):
    """Return how far each point rises above the background, a positive number.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_points)
        Spectra.

    Returns
    -------
    ndarray of shape (n_spectra, n_points)
        Difference from the morphological opening over an odd number of points, about
        `local_width`, plus a hundredth of the spectrum's range.
    """
    width = 2 * (local_width(X.shape[1]) // 2) + 1
    opening = _running(np.maximum, _running(np.minimum, X, width), width)
    heights = X - opening
    spread = np.ptp(X, axis=1, keepdims=True)
    return heights + np.where(spread > 0, _FLOOR * spread, 1)


def _running(extreme, X, width):
    """Return `extreme` over `width` points, an odd number, around each point of rows.

    Twice as many points in each round: a quarter of the time of scipy's filters.
    """
    padded = np.pad(X, ((0, 0), (width // 2, width // 2)), mode="edge")
    # One row behind the other is faster; what reaches into the next is left out.
    known, n_known = padded.ravel(), 1
    while 2 * n_known <= width:
        known = extreme(known[:-n_known], known[n_known:])
        n_known *= 2
    rest = width - n_known
    known = extreme(known[: known.size - rest], known[rest:])
    return sliding_window_view(known, X.shape[1])[:: padded.shape[1]]
