"""What layers answer to a spectrum, and signals sent back from there to it.

Up to the activations every layer is linear, given which values the pools let through.
Going back is then a product with the transposed Jacobian, and torch's automatic
differentiation computes it: a transposed convolution for a convolution, switches for a
max-pool, the same slope for a batch normalization in evaluation mode, and the scaling
and derivative that a module does first. Only the rule at the activations is replaced.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from numpy.typing import ArrayLike
from torch import nn

from sklearn_raman._utils._explanation import check_score
from sklearn_raman._utils._validation import check_whole
from sklearn_raman.neural_network.attribution._shared import (
    class_positions,
    logits_of,
    maps_by_layer,
    named_layers,
    on_private_copy,
    private_copy,
    reference_features,
    score_gradients,
    stack_maps,
)

RULES = ("leaky", "relu", "linear")
_ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Tanh)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)


@on_private_copy
def deconv(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
    *,
    score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
    rule: Literal["leaky", "relu", "linear"] = "leaky",
    feature: int | None = None,
    layer: str | None = None,
    reference: ArrayLike | torch.Tensor = "auto",
) -> torch.Tensor:
    """Send feature maps back to the spectrum: what excited them.

    This shows features, not a decision: what comes after the feature maps plays no
    part, and every class has the same map. For a decision see :func:`class_deconv`.

    Parameters
    ----------
    module : torch.nn.Module
        With `features` and `head`; its activations are layers.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Does not change the map; with "all" it is repeated for each class.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        Does not change the map.
    rule : {"leaky", "relu", "linear"}, default="leaky"
        What an activation does to the signal on its way back: "leaky" applies the
        activation itself (in [1]_ a leaky ReLU), "relu" keeps what is
        positive [2]_, "linear" multiplies by the activation's slope in the forward
        pass, which is the transpose of what the network is for this spectrum.
    feature : int or None, default=None
        Send only this feature map back, or all of them together.
    layer : str or None, default=None
        Send back the feature maps of this layer, see :func:`feature_maps`, as [1]_
        attaches the way back to every layer; None takes what `features` returns.
    reference : str, float or array-like, default="auto"
        Spectrum whose feature maps are subtracted first, see :func:`contribution`;
        "zero_features" subtracts nothing.

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        The map; the second shape for target="all".

    Raises
    ------
    ValueError
        If there is no such rule, feature map or layer.

    References
    ----------
    .. [1] Z. Guo, L. Yu, S. Tian, X. Lv, W. Xue, "Raman spectroscopy analysis of
       minerals based on feature visualization", Spectroscopy 35 (11) (2020), 37-46.
    .. [2] M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional
       networks", ECCV (2014), section 2.1.

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import deconv
    >>> from sklearn_raman.neural_network import FMCNN
    >>> net = FMCNN(50, 3)
    >>> deconv(net, torch.rand(2, 50)).shape
    torch.Size([2, 50])
    >>> deconv(net, torch.rand(2, 50), layer="blocks.3").shape
    torch.Size([2, 50])
    """
    check_score(score)
    features, send_back = _two_way(module, X, rule, layer)
    if feature is not None:
        check_whole(feature, "feature", low=0, high=features.shape[1] - 1)
    maps_of = _maps_of(module, layer)
    signal = features - reference_features(module, X, reference, maps_of)
    if feature is not None:
        chosen = torch.zeros_like(features)
        chosen[:, feature] = 1
        signal = signal * chosen
    maps = send_back(signal)
    if target is None:
        return maps
    with torch.no_grad():  # refuses what is no class
        n_maps = len(class_positions(logits_of(module, X), target))
    return maps[:, None].repeat(1, n_maps, 1) if isinstance(target, str) else maps


@on_private_copy
def class_deconv(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
    *,
    score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
    rule: Literal["leaky", "relu", "linear"] = "linear",
    reference: ArrayLike | torch.Tensor = "auto",
) -> torch.Tensor:
    """Send what each feature-map value adds to a class back to the spectrum.

    The way back of :func:`deconv`, started from the terms of :func:`contribution`
    before these are summed over the channels. So it depends on the class, and is as
    fine as the spectrum.

    Parameters
    ----------
    module : torch.nn.Module
        With `features` and `head`; its activations are layers.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    rule : {"leaky", "relu", "linear"}, default="linear"
        See :func:`deconv`; "linear" keeps signs.
    reference : str, float or array-like, default="auto"
        What contributes nothing; see :func:`contribution`.

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        The map; the second shape for target="all".

    Notes
    -----
    Not from a paper: a repair of the way back in [1]_, which is blind to the class. It
    is made for networks that see the spectrum alone. Where a module also sees the
    derivative, the way back through that channel is a derivative too: the map swings
    around each band, and :func:`contribution` or :func:`integrated_gradients` are
    clearer.

    References
    ----------
    .. [1] Z. Guo, L. Yu, S. Tian, X. Lv, W. Xue, "Raman spectroscopy analysis of
       minerals based on feature visualization", Spectroscopy 35 (11) (2020), 37-46.

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import class_deconv
    >>> from sklearn_raman.neural_network import CNN
    >>> class_deconv(CNN(50, 3), torch.rand(2, 50), target="all").shape
    torch.Size([2, 3, 50])
    """
    features, send_back = _two_way(module, X, rule)
    change = features - reference_features(module, X, reference)
    gradients = score_gradients(module.head, features, target, score)
    return stack_maps((send_back(change * gradient) for gradient in gradients), target)


def _two_way(module, X, rule, layer=None):
    """Return the feature maps, and a function that sends signals back to spectra."""
    if rule not in RULES:
        raise ValueError(f"rule must be one of {RULES}, got {rule!r}.")

    def replace(part, inputs, output):
        return _Ruled.apply(inputs[0], output.detach(), part, rule)

    ruled = private_copy(module)  # the hooks go with it
    for _, part in named_layers(ruled):
        if rule != "linear" and isinstance(part, _ACTIVATIONS):
            part.register_forward_hook(replace)
    X = X.detach().requires_grad_()
    features = _maps_of(ruled, layer)(X)

    def send_back(signal):
        return torch.autograd.grad(features, X, signal, retain_graph=True)[0]

    return features.detach(), send_back


def _maps_of(module, layer):
    """Return the function from spectra to the feature maps of a layer, or the last."""
    if layer is None:
        return module.features
    both = maps_by_layer(module, layer)
    return lambda X: both(X)[1]


class _Ruled(torch.autograd.Function):
    """An activation with another rule on the way back."""

    @staticmethod
    def forward(ctx, inputs, output, layer, rule):
        ctx.layer, ctx.rule = layer, rule
        return output

    @staticmethod
    def backward(ctx, signal):
        if ctx.rule == "relu":
            back = signal.relu()
        else:  # the layer's own forward, called past its hooks
            back = type(ctx.layer).forward(ctx.layer, signal)
        return back, None, None, None


@on_private_copy
def feature_maps(
    module: nn.Module, X: ArrayLike | torch.Tensor, layer: str | None = None
) -> torch.Tensor | Any:
    """Return the feature maps of the layers that make up `features`.

    Parameters
    ----------
    module : torch.nn.Module
        With `features`.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    layer : str or None, default=None
        Name of a layer, as `named_modules` has it; None takes all.

    Returns
    -------
    torch.Tensor of shape (n_spectra, channels, units), or dict of str to such
        Of the layer, or of each in the order in which the spectrum passes them.
        :func:`unit_positions` says where the units are.

    Raises
    ------
    ValueError
        If the spectrum passes no layer of that name.

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta (2020), Fig. 7,
       https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import feature_maps
    >>> from sklearn_raman.neural_network import CNN
    >>> maps = feature_maps(CNN(50, 3), torch.rand(2, 50))
    >>> {name: tuple(found.shape[1:]) for name, found in maps.items()}
    {'input': (3, 50), 'blocks.1': (64, 50), 'blocks.2': (64, 25), 'blocks.3': (64, 25),
     'blocks.5': (64, 25), 'blocks.6': (64, 13), 'blocks.7': (64, 13)}
    """
    with torch.no_grad():
        return maps_by_layer(module, layer)(X)[1]


def filters(module: nn.Module, layer: str | None = None) -> torch.Tensor | Any:
    """Return the filters of convolutions.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    layer : str or None, default=None
        Name of a convolution, as `named_modules` has it; None takes all.

    Returns
    -------
    torch.Tensor of shape (n_filters, channels, width), or dict of str to such
        Of the layer, or of each in the order of the module. `width` is in units of the
        layer's input.

    Raises
    ------
    ValueError
        If there is no convolution of that name.

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta (2020), Fig. A4,
       https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> from sklearn_raman.neural_network.attribution import filters
    >>> from sklearn_raman.neural_network import CNN
    >>> {name: tuple(found.shape) for name, found in filters(CNN(50, 3)).items()}
    {'blocks.1': (64, 3, 8), 'blocks.5': (64, 64, 8)}
    """
    found = {
        name: part.weight.detach().flatten(2).clone()
        for name, part in module.named_modules()
        if isinstance(part, _CONVOLUTIONS)
    }
    if layer is None:
        return found
    if layer not in list(found):
        raise ValueError(
            f"layer={layer!r} is not a convolution; convolutions are {list(found)}."
        )
    return found[layer]
