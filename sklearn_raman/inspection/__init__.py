"""Why a model said so: maps of the wavenumbers it used.

Classifiers call these functions from their method `explain_`.
"""

from sklearn_raman.inspection._attribution import contribution
from sklearn_raman.inspection._geometry import unit_positions, upsampling_operator

__all__ = ["contribution", "unit_positions", "upsampling_operator"]
