"""Where a unit of a feature map sits on the input axis, and how maps get back to it."""

from functools import lru_cache

import numpy as np
import torch
from scipy.interpolate import make_interp_spline
from torch import nn

KINDS = ("linear", "spline")
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
    start, step = 0.0, 1.0
    positions = {}
    names = {part: name for name, part in module.named_modules()}

    def follow(called, inputs, output):
        nonlocal start, step
        if isinstance(called, _POOLS):
            start += (_last(called.kernel_size) - 1) / 2 * step
        if isinstance(called, _CONVOLUTIONS + _POOLS):
            step *= _last(called.stride)
        positions[names[called]] = start + step * np.arange(output.shape[-1])

    hooks = [part.register_forward_hook(follow) for part in module.modules()]
    like = next(module.parameters())
    try:
        with torch.no_grad():
            features = module.features(like.new_zeros(1, n_points))
    finally:
        for hook in hooks:
            hook.remove()
    if layer is None:
        return start + step * np.arange(features.shape[-1])
    if layer not in positions:
        raise ValueError(
            f"layer={layer!r} is none that a spectrum passes on its way to the feature "
            f"maps; these are {list(positions)}."
        )
    return positions[layer]


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
