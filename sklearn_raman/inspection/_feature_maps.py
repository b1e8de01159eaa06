"""What each layer of a network answers to a spectrum, and its filters."""

import torch
from torch import nn

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
# They only hold or pass on what their neighbours show.
_SILENT = (nn.Sequential, nn.ModuleList, nn.Identity, nn.Dropout, nn.ConstantPad1d)
_SILENT += (nn.ConstantPad2d, nn.ZeroPad1d, nn.ZeroPad2d, nn.Flatten)


def feature_maps(module, X, layer=None):
    """Return the feature maps of the layers that make up `features`.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, with `features`.
    X : torch.Tensor of shape (n_spectra, n_points)
        Spectra, with the dtype and on the device of the module.
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
    >>> from sklearn_raman.inspection import feature_maps
    >>> from sklearn_raman.neural_network import CNN
    >>> maps = feature_maps(CNN(50, 3).eval(), torch.rand(2, 50))
    >>> {name: tuple(found.shape[1:]) for name, found in maps.items()}
    {'input': (2, 50), 'blocks.1': (64, 50), 'blocks.2': (64, 25), 'blocks.3': (64, 25),
     'blocks.5': (64, 25), 'blocks.6': (64, 13), 'blocks.7': (64, 13)}
    """
    found, hooks = {}, []

    def keep(name):
        def hook(called, inputs, output):
            if layer in (None, name):
                # An image of height 1 is a map.
                found[name] = output.squeeze(2) if output.ndim == 4 else output

        return hook

    for name, part in module.named_modules():
        if name and not isinstance(part, _SILENT):
            hooks.append(part.register_forward_hook(keep(name)))
    try:
        with torch.no_grad():
            module.features(X)
    finally:
        for hook in hooks:
            hook.remove()
    if layer is None:
        return found
    if layer not in found:
        raise ValueError(
            f"layer={layer!r} has no feature maps; layers that have are "
            f"{list(feature_maps(module, X[:1]))}."
        )
    return found[layer]


def filters(module, layer=None):
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
    >>> from sklearn_raman.inspection import filters
    >>> from sklearn_raman.neural_network import CNN
    >>> {name: tuple(found.shape) for name, found in filters(CNN(50, 3)).items()}
    {'blocks.1': (64, 2, 8), 'blocks.5': (64, 64, 8)}
    """
    found = {
        name: part.weight.detach().flatten(2)
        for name, part in module.named_modules()
        if isinstance(part, _CONVOLUTIONS)
    }
    if layer is None:
        return found
    if layer not in found:
        raise ValueError(
            f"layer={layer!r} is no convolution; convolutions are {list(found)}."
        )
    return found[layer]
