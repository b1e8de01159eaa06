"""Where a unit of a feature map sits on the input axis, and how maps get back to it."""

from functools import lru_cache

import numpy as np
import torch
from scipy.interpolate import make_interp_spline
from scipy.sparse import csr_array
from torch import nn

KINDS = ("linear", "spline")
_FEATURES = "features()"
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d)


def unit_positions(module, n_points, layer=None):
    """Return the centre of each feature-map unit on the input axis.

    Parameters
    ----------
    module : torch.nn.Module
        With `features(x)`; its convolutions and pools are layers, called in the order
        in which the spectrum passes them, and convolutions keep the centre in place.
    n_points : int
        Length of a spectrum.
    layer : str or None, default=None
        Name of a layer, see :func:`feature_maps`; None takes what `features` returns.

    Returns
    -------
    ndarray of shape (units,), float64
        Position in points: 0 is the first point, 1.5 lies between the second and the
        third.

    Notes
    -----
    A pool of width k centres its unit on its k inputs; a stride s multiplies the
    distance between units. After two pools of width 2, unit i sits at 4 i + 1.5. What
    the head does with the units, such as averaging them in bins, does not move them.

    Examples
    --------
    >>> from sklearn_raman.inspection import unit_positions
    >>> from sklearn_raman.neural_network import CNN
    >>> unit_positions(CNN(16, 2), 16)
    array([ 1.5,  5.5,  9.5, 13.5])
    >>> unit_positions(CNN(16, 2), 16, layer="blocks.1")[:3]
    array([0., 1., 2.])
    """
    reached = _path_of_an_impulse(module, n_points)
    name = _FEATURES if layer is None else layer
    if name not in reached:
        raise ValueError(
            f"layer={layer!r} is none that a spectrum passes on its way to the feature "
            f"maps; these are {[name for name in reached if name != _FEATURES]}."
        )
    start, step, _, n_units = reached[name]
    return start + step * np.arange(n_units)


def unit_windows(module, n_points):
    """Return the points that each unit of the feature maps sees, and how well.

    Parameters
    ----------
    module : torch.nn.Module
        As for :func:`unit_positions`. A layer that looks beyond a point and is neither
        a convolution nor a pool says how far in an attribute `receptive_width`, a
        number of points.
    n_points : int
        Length of a spectrum.

    Returns
    -------
    scipy.sparse.csr_array of shape (units, n_points), float64
        Share of the paths from the spectrum to a unit that start at a point; a row adds
        up to 1. It is centred on the unit's position and high in the middle: many paths
        lead from there. Padding has no share.

    Examples
    --------
    >>> from sklearn_raman.inspection import unit_windows
    >>> from sklearn_raman.neural_network import CNN
    >>> net = CNN(12, 2, n_blocks=1, kernel_size=3, derivative=False)
    >>> (8 * unit_windows(net, 12).toarray()[2]).round(3)  # at 4.5
    array([0.   , 0.   , 0.   , 1.333, 2.667, 2.667, 1.333, 0.   , 0.   , 0.   ,
           0.   , 0.   ])
    """
    start, step, window, n_units = _path_of_an_impulse(module, n_points)[_FEATURES]
    return _windows(start, step, tuple(window), n_units, n_points)


@lru_cache(maxsize=8)
def _windows(start, step, window, n_units, n_points):
    positions = start + step * np.arange(n_units)[:, None]
    reach = (len(window) - 1) / 2
    points = np.ceil(positions - reach).astype(int) + np.arange(len(window))
    offsets = np.arange(len(window)) - reach
    shares = np.interp(points - positions, offsets, window, left=0, right=0)
    shares[(points < 0) | (points >= n_points)] = 0
    shares /= shares.sum(axis=1, keepdims=True)
    units, places = np.nonzero(shares)
    entries = shares[units, places], (units, points[units, places])
    return csr_array(entries, shape=(n_units, n_points))


def _path_of_an_impulse(module, n_points):
    """Return what the layers that a spectrum passes do to positions, by their names.

    Returns
    -------
    dict of str to tuple
        Position of the first unit and distance between units, in points; number of
        paths to a unit from points around it, one a point, centred; number of units.
        What `features` returns has the name "features()".
    """
    start, step, window = 0.0, 1.0, np.ones(1)
    reached = {}
    names = {part: name for name, part in module.named_modules()}

    def follow(called, inputs, output):
        nonlocal start, step, window
        if isinstance(called, _POOLS):
            start += (_last(called.kernel_size) - 1) / 2 * step
        width = getattr(called, "receptive_width", 1)
        if isinstance(called, _CONVOLUTIONS + _POOLS):
            width = _last(called.kernel_size)
        comb = np.zeros(int(step) * (width - 1) + 1)
        comb[:: int(step)] = 1
        window = np.convolve(window, comb)
        if isinstance(called, _CONVOLUTIONS + _POOLS):
            step *= _last(called.stride)
        reached[names[called]] = start, step, window, output.shape[-1]

    hooks = [part.register_forward_hook(follow) for part in module.modules()]
    like = next(module.parameters())
    try:
        with torch.no_grad():
            features = module.features(like.new_zeros(1, n_points))
    finally:
        for hook in hooks:
            hook.remove()
    reached[_FEATURES] = start, step, window, features.shape[-1]
    return reached


def _last(size):
    """Return the size along the spectrum of a scalar or (height, width) setting."""
    return size[-1] if isinstance(size, tuple) else size


def upsampling_operator(positions, n_points, kind="linear"):
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
        unit it is constant. Read-only: the same arguments give the same array.

    Examples
    --------
    >>> from sklearn_raman.inspection import upsampling_operator
    >>> [0.0, 2.0] @ upsampling_operator([0.5, 2.5], 4)
    array([0. , 0.5, 1.5, 2. ])
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}.")
    return _operator(tuple(map(float, positions)), n_points, kind)


@lru_cache(maxsize=8)
def _operator(positions, n_points, kind):
    units = np.eye(len(positions))
    points = np.arange(n_points, dtype=float)
    if kind == "spline" and len(positions) > 2:  # three units make a parabola
        spline = make_interp_spline(positions, units, k=2)
        operator = spline(np.clip(points, positions[0], positions[-1])).T.copy()
    else:
        operator = np.stack([np.interp(points, positions, unit) for unit in units])
    operator.setflags(write=False)
    return operator
