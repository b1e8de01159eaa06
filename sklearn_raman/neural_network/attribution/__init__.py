"""Maps of a network: (module, X, target) -> where a spectrum speaks for a class.

The classifiers call these functions in `explain_`; here they take any module of yours.

A module is a `torch.nn.Module` with `features(x)`, spectra (n, n_points) to feature
maps (n, channels, units), and `head(features)`, feature maps to logits (n, n_classes).
What a head knows of a spectrum, it knows from these maps.
It is only read: each function works in evaluation mode on a copy of its own, which
shares the weights, so that training mode, hooks, buffers and gradients of the module
stay as they are, and several threads can explain one module.

A module may say more about itself, which makes :func:`contribution` faster:
``first_linear = "hidden"`` names the `torch.nn.Linear` that its head starts with, and
``affine_head = True`` tells that its head is affine in evaluation mode. A layer that
looks at several points and is neither a convolution nor a pool says how many in
`receptive_width`, see :func:`unit_windows`.
"""

from sklearn_raman.neural_network.attribution._cam import cam, decision_terms
from sklearn_raman.neural_network.attribution._captum import captum_attribution
from sklearn_raman.neural_network.attribution._contribution import (
    attribute,
    available_methods,
    contribution,
    grad_cam,
    maps_units,
)
from sklearn_raman.neural_network.attribution._deconvolution import (
    class_deconv,
    deconv,
    feature_maps,
    filters,
)
from sklearn_raman.neural_network.attribution._geometry import (
    place_on_bands,
    unit_positions,
    unit_windows,
    upsampling_operator,
)
from sklearn_raman.neural_network.attribution._gradients import (
    input_x_gradient,
    integrated_gradients,
    saliency,
)

__all__ = [
    "attribute",
    "available_methods",
    "cam",
    "captum_attribution",
    "class_deconv",
    "contribution",
    "decision_terms",
    "deconv",
    "feature_maps",
    "filters",
    "grad_cam",
    "input_x_gradient",
    "integrated_gradients",
    "maps_units",
    "place_on_bands",
    "saliency",
    "unit_positions",
    "unit_windows",
    "upsampling_operator",
]


def __dir__():
    return __all__
