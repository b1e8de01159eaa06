"""Why a model said so: maps of the wavenumbers it used.

Classifiers call these functions from their method `explain_`.
"""

from sklearn_raman.inspection._attribution import contribution, grad_cam
from sklearn_raman.inspection._captum import captum_attribution
from sklearn_raman.inspection._class_activation import cam, decision_terms
from sklearn_raman.inspection._deconvolution import class_deconv, deconv
from sklearn_raman.inspection._feature_maps import feature_maps, filters
from sklearn_raman.inspection._geometry import unit_positions, upsampling_operator
from sklearn_raman.inspection._input_attribution import (
    input_x_gradient,
    integrated_gradients,
    module_occlusion,
    saliency,
)
from sklearn_raman.inspection._methods import attribute, available_methods

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
    "module_occlusion",
    "saliency",
    "unit_positions",
    "upsampling_operator",
]
