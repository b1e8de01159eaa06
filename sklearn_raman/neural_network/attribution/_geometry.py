"""Where a unit of a feature map sits on the input axis, and how maps get back to it."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import make_interp_spline
from scipy.sparse import csr_array
from torch import nn

from sklearn_raman.neural_network.attribution._shared import (
    first_weight,
    named_layers,
    private_copy,
)

KINDS = ("linear", "spline")
_FEATURES = "features()"
_AVERAGE_POOLS = (nn.AvgPool1d, nn.AvgPool2d)
_WINDOWED = (nn.Conv1d, nn.Conv2d, nn.MaxPool1d, nn.MaxPool2d, *_AVERAGE_POOLS)
_ADAPTIVE_POOLS = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)
_ADAPTIVE_POOLS += (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d)
_PADDINGS = (nn.ConstantPad1d, nn.ReflectionPad1d, nn.ReplicationPad1d)
_PADDINGS += (nn.ConstantPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d)
_PADDINGS += (nn.CircularPad1d, nn.CircularPad2d)


def unit_positions(module, n_points, layer=None):
    """Return the center of each feature-map unit on the input axis.

    Parameters
    ----------
    module : torch.nn.Module
        With `features(x)`; its convolutions, pools and paddings are layers.
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
        If the spectrum passes no layer of that name, or the number of units changes
        elsewhere than in a convolution, a pool or a padding.

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


def unit_windows(module, n_points):
    """Return the points that each unit of the feature maps sees, and how well.

    Parameters
    ----------
    module : torch.nn.Module
        As for :func:`unit_positions`. A layer that looks at several points and is
        neither a convolution nor a pool says at how many, in an attribute
        `receptive_width`: an odd number, centered on the point.
    n_points : int
        Length of a spectrum.

    Returns
    -------
    scipy.sparse.csr_array of shape (units, n_points), float64
        Share of the paths from the spectrum to a unit that start at a point; a row adds
        up to 1. It is centered on the unit's position and high in the middle: many
        paths lead from there. Padding has no share; a unit that sees nothing but
        padding has the nearest point.

    Examples
    --------
    >>> from sklearn_raman.neural_network.attribution import unit_windows
    >>> from sklearn_raman.neural_network import CNN
    >>> net = CNN(12, 2, n_blocks=1, kernel_size=3, derivative=False)
    >>> (8 * unit_windows(net, 12).toarray()[2]).round(3)  # at 4.5
    array([0.   , 0.   , 0.   , 1.333, 2.667, 2.667, 1.333, 0.   , 0.   , 0.   ,
           0.   , 0.   ])
    """
    units = _units(module, n_points)
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
        tensors = (*inputs[:1], output)
        if not inputs or not all(torch.is_tensor(t) and t.ndim > 1 for t in tensors):
            return
        settings = None
        before, number = units_of(inputs[0]), output.shape[-1]
        if before is not None:
            settings = _settings(part, before.number, number)
        if settings is not None:
            after = before.through(*settings, number)
            known.append(after)
        elif next(part.children(), None) is not None:
            after = units_of(output)
        else:
            same = inputs[0].shape[-1] == number and not isinstance(part, _WINDOWED)
            after = before if same else None
            lost = lost or (after is None and output.ndim > 2)
        outputs[id(output)] = output, after  # kept, so that no other gets its id
        if output.ndim > 2 and after is not None:
            reached[names[part]] = after

    for part in names:
        part.register_forward_hook(follow)
    weight = first_weight(module)
    like = torch.zeros((), device="cpu") if weight is None else weight
    with torch.no_grad():
        found = units_of(module.features(like.new_zeros(1, n_points)))
    if layer is None and found is None:
        raise ValueError(
            f"The number of units of {type(module).__name__} changes elsewhere than in "
            "layers that are convolutions, pools or paddings, so that the positions of "
            "its units are not known: use such layers, or leave maps on the units "
            "(upsample=False)."
        )
    if layer is not None and layer not in reached:
        raise ValueError(
            f"A spectrum passes no layer={layer!r} on its way to the feature maps; it "
            f"passes {list(reached)}."
        )
    return found if layer is None else reached[layer]


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
