"""Why a model said so: maps of the wavenumbers it used, and how far to believe them.

For any classifier with `explain_`, `predict_proba` or `decision_function`. Maps of a
torch module itself are in :mod:`sklearn_raman.neural_network.attribution`.
"""

from sklearn_raman.inspection._band_report import (
    BandReport,
    band_intervals,
    band_report,
    band_test,
)
from sklearn_raman.inspection._metrics import (
    complexity,
    deletion_percentile,
    localization_score,
    max_sensitivity,
    peak_share,
)
from sklearn_raman.inspection._perturbation import deletion_curve, occlusion
from sklearn_raman.inspection._pipeline import explain_pipeline
from sklearn_raman.inspection._plot import (
    plot_explanation,
    plot_feature_maps,
    plot_stability,
)
from sklearn_raman.inspection._randomization import randomization_test
from sklearn_raman.inspection._summary import ExplanationSummary, map_stability

__all__ = [
    "BandReport",
    "ExplanationSummary",
    "band_intervals",
    "band_report",
    "band_test",
    "complexity",
    "deletion_curve",
    "deletion_percentile",
    "explain_pipeline",
    "localization_score",
    "map_stability",
    "max_sensitivity",
    "occlusion",
    "peak_share",
    "plot_explanation",
    "plot_feature_maps",
    "plot_stability",
    "randomization_test",
]


def __dir__():
    return __all__
