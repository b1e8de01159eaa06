"""Transformers from the raw spectrum to the input of a model.

Each one treats a spectrum by itself, unless its name or a parameter says otherwise
(`MSC`, `SpectrumMinMaxScaler(per="feature" | "dataset")`).
"""

from sklearn_raman.preprocessing._axis import WavenumberCrop, WavenumberResampler
from sklearn_raman.preprocessing._baseline import AIRPLS, BaselineCorrection
from sklearn_raman.preprocessing._scaling import (
    MSC,
    SNV,
    SpectrumMinMaxScaler,
    SpectrumNormalizer,
    SquareRoot,
)
from sklearn_raman.preprocessing._smoothing import SavitzkyGolay

__all__ = [
    "AIRPLS",
    "MSC",
    "SNV",
    "BaselineCorrection",
    "SavitzkyGolay",
    "SpectrumMinMaxScaler",
    "SpectrumNormalizer",
    "SquareRoot",
    "WavenumberCrop",
    "WavenumberResampler",
]
