"""Where a unit of a feature map sits on the input axis, and how maps get back to it."""

import numpy as np
import torch
from torch import nn

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d)


def unit_positions(module, n_points):
    """Return the centre of each feature-map unit on the input axis.

    Parameters
    ----------
    module : torch.nn.Module
        With `features(x)`; its convolutions and pools are layers, called in the order
        in which the spectrum passes them, and convolutions keep the centre in place.
    n_points : int
        Length of a spectrum.

    Returns
    -------
    ndarray of shape (units,), float64
        Position in points: 0 is the first point, 1.5 lies between the second and the
        third.

    Notes
    -----
    A pool of width k centres its unit on its k inputs; a stride s multiplies the
    distance between units. After two pools of width 2, unit i sits at 4 i + 1.5.
    """
    start, step = 0.0, 1.0

    def follow(layer, inputs, output):
        nonlocal start, step
        if isinstance(layer, _POOLS):
            start += (_last(layer.kernel_size) - 1) / 2 * step
        step *= _last(layer.stride)

    hooks = [
        layer.register_forward_hook(follow)
        for layer in module.modules()
        if isinstance(layer, _CONVOLUTIONS + _POOLS)
    ]
    like = next(module.parameters())
    try:
        with torch.no_grad():
            n_units = module.features(like.new_zeros(1, n_points)).shape[-1]
    finally:
        for hook in hooks:
            hook.remove()
    return start + step * np.arange(n_units)


def _last(size):
    """Return the size along the spectrum of a scalar or (height, width) setting."""
    return size[-1] if isinstance(size, tuple) else size


def upsampling_operator(positions, n_points):
    """Return the matrix that interpolates a map linearly to the input axis.

    Parameters
    ----------
    positions : ndarray of shape (units,)
        Rising, in points; see :func:`unit_positions`.
    n_points : int
        Length of a spectrum.

    Returns
    -------
    ndarray of shape (units, n_points)
        ``map @ operator`` is the map on the input axis; outside the first and the last
        unit it is constant.
    """
    points = np.arange(n_points)
    return np.stack([np.interp(points, positions, u) for u in np.eye(len(positions))])
