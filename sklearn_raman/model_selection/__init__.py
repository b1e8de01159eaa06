"""Splitting spectra and comparing models on equal terms."""

from sklearn_raman.model_selection._compare import compare
from sklearn_raman.model_selection._comparison import Comparison
from sklearn_raman.model_selection._sample_size import sample_size_curve
from sklearn_raman.model_selection._sample_size_curve import SampleSizeCurve
from sklearn_raman.model_selection._split import OneGroupPerClassSplit
from sklearn_raman.model_selection._standard import standard_models

__all__ = [
    "Comparison",
    "OneGroupPerClassSplit",
    "SampleSizeCurve",
    "compare",
    "sample_size_curve",
    "standard_models",
]


def __dir__():
    return __all__
