"""Why a model said so: maps of the wavenumbers it used.

Classifiers call these functions from their method `explain_`.
"""

from sklearn_raman.inspection._attribution import contribution
from sklearn_raman.inspection._geometry import unit_positions, upsampling_operator
from sklearn_raman.inspection._pipeline import explain_pipeline

__all__ = [
    "contribution",
    "explain_pipeline",
    "unit_positions",
    "upsampling_operator",
]
