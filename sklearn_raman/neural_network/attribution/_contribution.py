"""All methods by name, and the default: what feature-map units contribute."""

from __future__ import annotations

import inspect
from itertools import chain
from typing import Any, Literal

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional

from sklearn_raman.neural_network.attribution._cam import averages_units, cam
from sklearn_raman.neural_network.attribution._captum import captum_attribution
from sklearn_raman.neural_network.attribution._deconvolution import (
    class_deconv,
    deconv,
)
from sklearn_raman.neural_network.attribution._gradients import (
    input_x_gradient,
    integrated_gradients,
    saliency,
)
from sklearn_raman.neural_network.attribution._shared import (
    PIECE,
    check_scale,
    features_of,
    given_positions,
    gradients_at,
    maps_by_layer,
    on_private_copy,
    references_by_piece,
    score_gradients,
    stack_maps,
    weights_of_logits,
)

# A matrix product with few rows is twice as fast if the matrix lies transposed.
_MANY_ROWS = 64


@on_private_copy
def contribution(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
    *,
    score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
    reference: ArrayLike | torch.Tensor = "auto",
    scale: Literal["paper"] | None = None,
) -> torch.Tensor:
    """Map what each feature-map unit adds to the score of a class.

    Parameters
    ----------
    module : torch.nn.Module
        With `features` and `head`.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained. The log-odds have the direction of the softmax probability
        (the paper's score) and do not vanish when the probability reaches 1; "contrast"
        is the logit minus the mean logit.
    reference : str, float or array-like, default="auto"
        What contributes nothing. "zero_features": feature maps of zeros, as in the
        paper. "blank": a flat spectrum at the background level (the median) of each
        spectrum, see Notes. "local": the running median of each. "zero": zero
        intensity. Or an intensity, or spectra of shape (n_points,) or
        (n_spectra, n_points). "auto" is "blank" where the module subtracts a mean
        spectrum (`input.center`), and "zero_features" elsewhere.
    scale : {"paper"} or None, default=None
        "paper" multiplies the map of a spectrum by the sum over its feature maps, which
        eq. 8 implies.

    Returns
    -------
    torch.Tensor of shape (n_spectra, units) or (n_spectra, n_classes, units)
        The map; the second shape for target="all".

    Notes
    -----
    The paper [1]_ derives the map from the weights Fw of the first fully connected
    layer h = Fw A + b: eq. 8 is beta_l = sum_xk dy/dFw_xkl, eq. 9 is M_x = sum_k A_xk
    sum_l beta_l Fw_xkl. Since dy/dFw_xkl = A_xk dy/dh_l, beta_l is dy/dh_l times the
    sum of all of A, and

        M_x = (sum of A) * sum_k A_xk dy/dA_xk.

    So the map is the feature map times the gradient of the score. It takes one backward
    pass to the last pooling layer, and it is defined for any head. The factor in front,
    one number per spectrum, is left out: without it the map adds up to the logit minus
    the head's value at zero features, if the head is linear.

    A network that subtracts the mean training spectrum sees a band of another class as
    a dip where this spectrum has none, so that the literal map lights up where there is
    nothing. With a blank reference the map is sum_k (A_xk - A_xk(blank)) dy/dA_xk: it
    vanishes where the spectrum is at its background, and adds up to the logit minus the
    blank spectrum's.

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), eq. 8-9,
       https://doi.org/10.1016/j.aca.2019.08.064

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import contribution
    >>> class Net(torch.nn.Module):
    ...     def features(self, x):
    ...         return x[:, None]
    ...     def head(self, features):
    ...         return features[:, 0] @ torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    >>> contribution(Net(), torch.tensor([[3.0, 4.0]]), target="all", score="logit")
    tensor([[[3., 0.],
             [0., 8.]]])
    """
    check_scale(scale)
    every = isinstance(target, str)
    given = not every and target is not None
    positions = given_positions(target, len(X)) if given else None
    fixed = {id(t): t._version for t in chain(module.parameters(), module.buffers())}
    head = _Head(module, features_of(module, X[:1]), fixed)
    backgrounds = references_by_piece(
        module, X, reference, lambda features: [features, head.values(features)]
    )
    maps = []
    for start in range(0, len(X), PIECE):
        rows = slice(start, start + PIECE)
        wanted = positions[rows] if given else target
        background = backgrounds(rows)
        with torch.no_grad():
            features = module.features(X[rows])
        found = head.maps(features, *background, wanted, score)
        if scale is not None:
            found *= features.sum(dim=(1, 2))[:, None, None]
        maps.append(found if every else found[:, 0])
    return torch.cat(maps)


@on_private_copy
def grad_cam(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
    *,
    score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
    relu: bool = True,
    layer: str | None = None,
    scale: Literal["paper"] | None = None,
) -> torch.Tensor:
    """Map Grad-CAM: feature maps, weighted by the mean gradient of the score.

    The gradient is averaged over the axis, so that it can't say where. On a network
    whose head tells positions apart, as that of this paper, every band lights up,
    whatever the class. Where the weights come out negative (half of the log-odds maps
    in a simulation), everything between the bands does. It is here because the paper
    compares with it.

    Parameters
    ----------
    module : torch.nn.Module
        With `features` and `head`.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    relu : bool, default=True
        Set what speaks against the class to zero, as in eq. 7. A map may then be zero
        everywhere.
    layer : str or None, default=None
        Take the feature maps of this layer, see :func:`feature_maps`, as in [1]_; None
        takes what `features` returns.
    scale : {"paper"} or None, default=None
        "paper" takes the sum of the gradient, as in eq. 6, instead of the mean.

    Returns
    -------
    torch.Tensor of shape (n_spectra, units) or (n_spectra, n_classes, units)
        The map; the second shape for target="all". Units are those of the layer.

    Raises
    ------
    ValueError
        If `scale` is not valid, or the spectrum passes no layer of that name.

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), eq. 6-7,
       https://doi.org/10.1016/j.aca.2019.08.064

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import grad_cam
    >>> from sklearn_raman.neural_network import CNN
    >>> net, X = CNN(50, 3), torch.rand(2, 50)
    >>> grad_cam(net, X).shape
    torch.Size([2, 13])
    >>> grad_cam(net, X, layer="blocks.3").shape
    torch.Size([2, 25])
    """
    check_scale(scale)
    if layer is None:
        features = features_of(module, X)
        gradients = score_gradients(module.head, features, target, score)
    else:
        last, inner = maps_by_layer(module, layer)(X.requires_grad_())
        features = inner.detach()
        gradients = gradients_at(module.head(last), inner, target, score)
    pool = torch.sum if scale == "paper" else torch.mean
    weights = (pool(gradient, dim=2, keepdim=True) for gradient in gradients)
    maps = stack_maps(((features * weight).sum(dim=1) for weight in weights), target)
    return maps.relu() if relu else maps


# By name ---------------------------------------------------------------------------

_METHODS = {
    "contribution": contribution,
    "grad_cam": grad_cam,
    "cam": cam,
    "deconv": deconv,
    "class_deconv": class_deconv,
    "saliency": saliency,
    "input_x_gradient": input_x_gradient,
    "integrated_gradients": integrated_gradients,
}
_ON_UNITS = ("auto", "contribution", "grad_cam", "cam")
_CAPTUM = "captum:"
_COMMON = ("module", "X", "target", "score", "name")


def available_methods(module: nn.Module) -> list[str]:
    """Return the names of the methods that fit a module.

    Parameters
    ----------
    module : torch.nn.Module
        With `features` and `head`.

    Returns
    -------
    list of str
        The first is the default. "captum:<Name>" stands for a class of `captum.attr`.

    Examples
    --------
    >>> from sklearn_raman.neural_network.attribution import available_methods
    >>> from sklearn_raman.neural_network import CNN, GAPCNN
    >>> available_methods(CNN(50, 3))[:3]
    ['contribution', 'grad_cam', 'deconv']
    >>> "cam" in available_methods(GAPCNN(50, 3))
    True
    """
    names = [n for n in _METHODS if n != "cam" or averages_units(module)]
    return [*names, f"{_CAPTUM}<Name>"]


def maps_units(method: str) -> bool:
    """Whether the maps of a method are on the units of the feature maps.

    Parameters
    ----------
    method : str
        As for :func:`attribute`; of captum, methods for layers have such maps.

    Returns
    -------
    bool

    Examples
    --------
    >>> from sklearn_raman.neural_network.attribution import maps_units
    >>> maps_units("grad_cam"), maps_units("captum:LayerGradCam"), maps_units("deconv")
    (True, True, False)
    """
    return method in _ON_UNITS or str(method).startswith(f"{_CAPTUM}Layer")


def attribute(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
    *,
    method: str = "auto",
    score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
    **options: Any,
) -> torch.Tensor:
    """Compute maps with the method of this name; see that method for its parameters.

    Parameters
    ----------
    module : torch.nn.Module
        With `features` and `head`.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    method : str, default="auto"
        One of :func:`available_methods`; "auto" is "contribution".
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    **options
        Further parameters of the method.

    Returns
    -------
    torch.Tensor of shape (n_spectra, n) or (n_spectra, n_classes, n)
        The map; n is the number of points of a spectrum, or of units of a feature map.
        The second shape for target="all".

    Raises
    ------
    ValueError
        If the method is not known, or does not fit the module.
    TypeError
        If the method has no such option.

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import attribute
    >>> from sklearn_raman.neural_network import CNN
    >>> attribute(CNN(50, 3), torch.rand(2, 50), method="saliency").shape
    torch.Size([2, 50])
    """
    if isinstance(method, str) and method.startswith(_CAPTUM):
        options["name"] = method.removeprefix(_CAPTUM)
        return captum_attribution(module, X, target, score=score, **options)
    available = available_methods(module)
    name = available[0] if method == "auto" else method
    if name not in available:
        raise ValueError(
            f"method={method!r} is not available for {type(module).__name__}; use "
            f'"auto" or one of {available}. A classifier also has "occlusion".'
        )
    function = _METHODS[name]
    known = [p for p in inspect.signature(function).parameters if p not in _COMMON]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise TypeError(
            f"method {name!r} has no option {unknown[0]!r}; its options are {known}."
        )
    return function(module, X, target, score=score, **options)


# The head, cut where gradients cost little ------------------------------------------


class _Head:
    """The head of a module, cut where its slopes are the same for every spectrum.

    Those of an affine head are so at the logits (the module says
    ``affine_head = True``), those of a head that starts with a fully connected layer
    behind this layer (``first_linear = "its name"``). There, what the units of the
    feature maps add can be told apart: added up it gives the logits, and mixed by the
    gradient of a score the map, so that the large layer is passed once for both.

    What the module says is used if each operation of `head` on the feature maps bears
    it out; it may be inherited by a head that does something else. All other heads are
    cut at the feature maps: automatic differentiation, which is right for any head.

    Parameters
    ----------
    module : torch.nn.Module
        With `head`.
    features : torch.Tensor of shape (1, channels, units)
        Feature maps, for their shape.
    fixed : dict of int to int
        Identities and versions of weights and buffers, before `features` was called.

    Attributes
    ----------
    rows : torch.Tensor of shape (n_inner, channels, units) or None
        Slopes of the values at the cut with respect to the features; None if the cut
        is at the features.
    """

    def __init__(self, module, features, fixed):
        self._module, self._linear = module, None
        self.rows = _slopes_of_affine_head(module, features, fixed)
        if self.rows is None:
            self._linear = _first_linear(module, features)
            if self._linear is None:
                return
            self.rows = self._linear.weight.reshape(-1, *features.shape[1:])
        few = len(self.rows) < _MANY_ROWS
        by_unit = self.rows.permute((2, 0, 1) if few else (2, 1, 0)).contiguous()
        self._rows_by_unit = by_unit.mT if few else by_unit
        self._at_zero = self.values(torch.zeros_like(features))

    @torch.no_grad()
    def values(self, features):
        """Return the values at the cut.

        Parameters
        ----------
        features : torch.Tensor of shape (n_spectra, channels, units), or 0.0

        Returns
        -------
        torch.Tensor of shape (n_spectra or 1, n_inner), or that of features
        """
        if self.rows is None:
            return features
        if not torch.is_tensor(features):
            return self._at_zero
        if self._linear is None:
            return self._module.head(features)
        weight, bias = self._linear.weight, self._linear.bias
        return functional.linear(features.flatten(1), weight, bias)

    def maps(self, features, background, background_values, target, score):
        """Sum changes of features over the channels, times gradients of scores.

        Parameters
        ----------
        features : torch.Tensor of shape (n_spectra, channels, units)
        background : torch.Tensor of shape (n_spectra or 1, channels, units), or 0.0
            What the features changed from.
        background_values : torch.Tensor of shape (n_spectra or 1, n_inner)
            Its :meth:`values`.
        target, score : see :func:`contribution`

        Returns
        -------
        torch.Tensor of shape (n_spectra, n_maps, units)
        """
        change = features - background
        if self.rows is None:
            inner = features.detach().requires_grad_()
            logits = self._module.head(inner)
            gradients = gradients_at(logits, inner, target, score)
            return torch.stack([(change * g).sum(dim=1) for g in gradients], dim=1)
        # Channels last, which our networks have anyway: a third of the time.
        by_unit = change.mT.contiguous().transpose(0, 1)
        added = torch.bmm(by_unit, self._rows_by_unit)
        logits = inner = background_values + added.sum(dim=0)
        if self._linear is None:
            slopes = weights_of_logits(logits, target, score)
        else:
            inner.requires_grad_()
            logits = self._module.head(_answered_by(self._linear, features, inner))
            slopes = torch.stack(list(gradients_at(logits, inner, target, score)))
        return torch.bmm(slopes.transpose(0, 1), added.permute(1, 2, 0))


class _OtherOperation(Exception):
    """A head does something else with feature maps than its module says."""


# Operations that only ask for the shape, that keep the values in their order, and that
# are affine if all else is numbers, or weights and buffers that `features` leaves be.
_ASK = {Tensor.size, Tensor.dim, Tensor.__len__}
_ASK |= {getattr(Tensor, name).__get__ for name in ("shape", "ndim", "dtype", "device")}
_KEEP = {Tensor.flatten, Tensor.reshape, Tensor.view, torch.flatten, torch.reshape}
_KEEP |= {functional.dropout}
_AFFINE = {Tensor.matmul, Tensor.mean, Tensor.sum, Tensor.add, Tensor.mul}
_AFFINE |= {Tensor.squeeze, torch.matmul, torch.mean, torch.sum, functional.linear}
_AFFINE |= {functional.avg_pool1d, functional.adaptive_avg_pool1d}


class _Watched(Tensor):
    """Feature maps that see what is done to them, whatever their values.

    With a `layer`, this layer's `answer` is all that a head may learn about them. Else
    they may only meet tensors that are `fixed`.
    """

    layer = answer = fixed = None

    def clone(self):
        return self  # no operation in place is let through

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        watched = [value for value in (*args, *kwargs.values()) if type(value) is cls]
        if len(watched) != 1 or watched[0] is not args[0] or kwargs.get("training"):
            raise _OtherOperation
        with torch._C.DisableTorchFunctionSubclass():
            return watched[0]._apply(function, args, kwargs)

    def _apply(self, function, args, kwargs):
        layer, answer = self.layer, self.answer
        if function in _ASK:
            return function(*args, **kwargs)
        if function in _KEEP or (layer is None and function in _AFFINE):
            others = [t for t in (*args[1:], *kwargs.values()) if torch.is_tensor(t)]
            if any(self.fixed.get(id(t)) != t._version for t in others):
                raise _OtherOperation
            found = function(*args, **kwargs).as_subclass(type(self))
            found.layer, found.answer, found.fixed = layer, answer, self.fixed
            return found
        is_layer = layer is not None and function is functional.linear
        is_layer = is_layer and len(args) == 3 and args[1] is layer.weight
        is_layer = is_layer and args[2] is layer.bias
        if is_layer and self.shape == (len(answer), layer.in_features):
            return answer.clone()  # which an activation may change in place
        raise _OtherOperation


def _answered_by(layer, features, answer):
    """Return feature maps without values, in whose place a layer's answer stands."""
    unseen = features.new_zeros(()).expand_as(features).as_subclass(_Watched)
    unseen.layer, unseen.answer, unseen.fixed = layer, answer, {}
    return unseen


def _slopes_of_affine_head(module, features, fixed):
    """Return the slopes (n_classes, channels, units) of the logits of an affine head.

    None if the module does not declare it, or applies to feature maps what is not
    affine.
    """
    if not getattr(module, "affine_head", False):
        return None
    watched = features.as_subclass(_Watched)
    watched.fixed = fixed
    try:
        with torch.no_grad():
            logits = module.head(watched)
    except _OtherOperation:
        return None
    if type(logits) is not _Watched:
        return None
    origin = features.new_zeros(logits.shape[1], *features.shape[1:]).requires_grad_()
    return torch.autograd.grad(module.head(origin).diagonal().sum(), origin)[0]


def _first_linear(module, features):
    """Return the layer `first_linear`, or None if the head sees more than its answer.

    None, too, if the module declares no such layer.
    """
    name = getattr(module, "first_linear", None)
    if name is None:
        return None
    linear = dict(module.named_modules()).get(name)
    n_values = features[0].numel()
    if not isinstance(linear, nn.Linear) or linear.in_features != n_values:
        raise ValueError(
            f"first_linear={name!r} of {type(module).__name__} must name a layer "
            f"torch.nn.Linear on all {n_values} values of the feature maps, got "
            f"{linear}. Leave it out if the head starts with something else."
        )
    answer = features.new_zeros(1, linear.out_features).requires_grad_()
    try:
        logits = module.head(_answered_by(linear, features, answer))
        return linear if logits.requires_grad else None
    except _OtherOperation:
        return None
