"""Why a model said so: maps of the wavenumbers it used, and how far to believe them.

Classifiers call these functions from their method `explain_`.
"""

from sklearn_raman.inspection._attribution import contribution, grad_cam
from sklearn_raman.inspection._captum import captum_attribution
from sklearn_raman.inspection._class_activation import cam, decision_terms
from sklearn_raman.inspection._deconvolution import class_deconv, deconv
from sklearn_raman.inspection._deletion import deletion_curve
from sklearn_raman.inspection._feature_maps import feature_maps, filters
from sklearn_raman.inspection._geometry import (
    unit_positions,
    unit_windows,
    upsampling_operator,
)
from sklearn_raman.inspection._input_attribution import (
    input_x_gradient,
    integrated_gradients,
    module_occlusion,
    saliency,
)
from sklearn_raman.inspection._methods import (
    attribute,
    available_methods,
    maps_units,
)
from sklearn_raman.inspection._metrics import localization_score, peak_share
from sklearn_raman.inspection._occlusion import occlusion
from sklearn_raman.inspection._pipeline import explain_pipeline
from sklearn_raman.inspection._placement import place_on_bands
from sklearn_raman.inspection._plot import (
    plot_explanation,
    plot_feature_maps,
    plot_stability,
)
from sklearn_raman.inspection._randomization import randomization_test
from sklearn_raman.inspection._summary import ExplanationSummary, map_stability

__all__ = [
    "ExplanationSummary",
    "attribute",
    "available_methods",
    "cam",
    "captum_attribution",
    "class_deconv",
    "contribution",
    "decision_terms",
    "deconv",
    "deletion_curve",
    "explain_pipeline",
    "feature_maps",
    "filters",
    "grad_cam",
    "input_x_gradient",
    "integrated_gradients",
    "localization_score",
    "map_stability",
    "maps_units",
    "module_occlusion",
    "occlusion",
    "peak_share",
    "place_on_bands",
    "plot_explanation",
    "plot_feature_maps",
    "plot_stability",
    "randomization_test",
    "saliency",
    "unit_positions",
    "unit_windows",
    "upsampling_operator",
]
