"""Signals sent back from the feature maps to the spectrum, layer by layer.

Up to the activations every layer is linear, given which values the pools let through.
The way back is then the product with the transposed Jacobian, and torch's automatic
differentiation computes it: a transposed convolution for a convolution, switches for a
max-pool, the same slope for a batch normalisation in evaluation mode, and the scaling
and derivative that a module does first. Only the rule at the activations is replaced.
"""

from contextlib import contextmanager

import torch
from torch import nn

from sklearn_raman.inspection._reference import reference_features
from sklearn_raman.inspection._targets import class_positions, score_gradients

RULES = ("leaky", "relu", "linear")
_ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Tanh)


def deconv(
    module,
    X,
    target=None,
    *,
    score="logodds",
    rule="leaky",
    feature=None,
    reference="auto",
):
    """Send feature maps back to the spectrum: what excited them.

    This shows features, not a decision: what comes after the feature maps has no say,
    and every class has the same map. For a decision there is :func:`class_deconv`.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, with `features` and `head`; its activations are layers.
    X : torch.Tensor of shape (n_spectra, n_points)
        Spectra, with the dtype and on the device of the module.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Does not change the map; with "all" it is repeated for each class.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        Does not change the map.
    rule : {"leaky", "relu", "linear"}, default="leaky"
        What an activation does to the signal on its way back: "leaky" applies the
        activation itself (in [1]_ a leaky ReLU), "relu" keeps what is
        positive [2]_, "linear" multiplies by the activation's slope on the way forth,
        which is the transpose of what the network is for this spectrum.
    feature : int or None, default=None
        Send only this feature map back, or all of them together.
    reference : {"auto", "blank", "local", "zero"} or array-like, default="auto"
        Spectrum whose feature maps are subtracted first, see :func:`contribution`;
        "zero", which is none, where the module subtracts no mean spectrum.

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        The map; the second shape for target="all".

    References
    ----------
    .. [1] Z. Guo, L. Yu, S. Tian, X. Lv, W. Xue, "Raman spectroscopy analysis of
       minerals based on feature visualization", Spectroscopy 35 (11) (2020), 37-46.
    .. [2] M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional
       networks", ECCV (2014), section 2.1.

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.inspection import deconv
    >>> from sklearn_raman.neural_network import FMCNN
    >>> deconv(FMCNN(50, 3).eval(), torch.rand(2, 50)).shape
    torch.Size([2, 50])
    """
    features, send_back = _two_way(module, X, rule)
    if feature is not None and not 0 <= feature < features.shape[1]:
        raise ValueError(
            f"feature must be None or from 0 to {features.shape[1] - 1}, got {feature}."
        )
    signal = features - reference_features(module, X, reference)
    if feature is not None:
        chosen = torch.zeros_like(features)
        chosen[:, feature] = 1
        signal = signal * chosen
    maps = send_back(signal)
    if not isinstance(target, str):
        return maps
    with torch.no_grad():
        n_classes = len(class_positions(module.head(features), target))
    return maps[:, None].expand(-1, n_classes, -1)


def class_deconv(
    module, X, target=None, *, score="logodds", rule="linear", reference="auto"
):
    """Send what each feature-map value adds to a class back to the spectrum.

    The way back of :func:`deconv`, started from the terms of :func:`contribution`
    before these are summed over the channels. So it depends on the class, and is as
    fine as the spectrum.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, with `features` and `head`; its activations are layers.
    X : torch.Tensor of shape (n_spectra, n_points)
        Spectra, with the dtype and on the device of the module.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    rule : {"leaky", "relu", "linear"}, default="linear"
        See :func:`deconv`; "linear" keeps signs.
    reference : {"auto", "blank", "local", "zero"} or array-like, default="auto"
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
    around each line, and :func:`contribution` or :func:`integrated_gradients` are
    clearer.

    References
    ----------
    .. [1] Z. Guo, L. Yu, S. Tian, X. Lv, W. Xue, "Raman spectroscopy analysis of
       minerals based on feature visualization", Spectroscopy 35 (11) (2020), 37-46.

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.inspection import class_deconv
    >>> from sklearn_raman.neural_network import CNN
    >>> class_deconv(CNN(50, 3).eval(), torch.rand(2, 50), target="all").shape
    torch.Size([2, 3, 50])
    """
    features, send_back = _two_way(module, X, rule)
    nothing = reference_features(module, X, reference)

    def to_map(values, gradient):
        return send_back((values - nothing) * gradient)

    return score_gradients(module.head, features, target, score, to_map)


def _two_way(module, X, rule):
    """Return the feature maps, and a function that sends signals back to spectra."""
    if rule not in RULES:
        raise ValueError(f"rule must be one of {RULES}, got {rule!r}.")
    X = X.detach().requires_grad_()
    with torch.enable_grad(), _activations_with(module, rule):
        features = module.features(X)

    def send_back(signal):
        return torch.autograd.grad(features, X, signal, retain_graph=True)[0]

    return features.detach(), send_back


@contextmanager
def _activations_with(module, rule):
    """Let the gradient pass the activations by `rule`; values forth do not change."""

    def replace(layer, inputs, output):
        return _Ruled.apply(inputs[0], output.detach(), layer, rule)

    layers = [layer for layer in module.modules() if isinstance(layer, _ACTIVATIONS)]
    if rule != "linear" and any(getattr(layer, "inplace", False) for layer in layers):
        raise ValueError(
            f"rule={rule!r} needs what goes into an activation, and an activation of "
            f"{type(module).__name__} overwrites it: set its inplace=False, or use "
            'rule="linear".'
        )
    hooks = (
        [] if rule == "linear" else [x.register_forward_hook(replace) for x in layers]
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


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
