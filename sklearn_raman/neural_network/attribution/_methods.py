"""The methods by name: what `explain_` of a network can be asked for."""

import inspect

from sklearn_raman.neural_network.attribution._cam import averages_units, cam
from sklearn_raman.neural_network.attribution._captum import captum_attribution
from sklearn_raman.neural_network.attribution._contribution import (
    contribution,
    grad_cam,
)
from sklearn_raman.neural_network.attribution._deconvolution import (
    class_deconv,
    deconv,
)
from sklearn_raman.neural_network.attribution._gradients import (
    input_x_gradient,
    integrated_gradients,
    saliency,
)

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


def available_methods(module):
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


def maps_units(method):
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


def attribute(module, X, target=None, *, method="auto", score="logodds", **options):
    """Map with the method of a name; see there for its parameters.

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
