"""Transformers from the raw spectrum to the input of a model.

Each one treats every spectrum by itself, unless its name or a parameter says otherwise
(`MSC`, `EMSC`, `SpectrumMinMaxScaler(per="feature" | "dataset")`).
"""

from sklearn_raman.preprocessing._axis import WavenumberResampler
from sklearn_raman.preprocessing._baselines import (
    AIRPLS,
    ARPLS,
    ASLS,
    BaselineCorrection,
    airpls,
    arpls,
    asls,
)
from sklearn_raman.preprocessing._crop import WavenumberCrop
from sklearn_raman.preprocessing._despike import Despiker
from sklearn_raman.preprocessing._replicates import average_replicates
from sklearn_raman.preprocessing._scaling import (
    SNV,
    SpectrumMinMaxScaler,
    SpectrumNormalizer,
    SquareRoot,
)
from sklearn_raman.preprocessing._scatter import EMSC, MSC
from sklearn_raman.preprocessing._smoothing import SavitzkyGolay, WhittakerSmoother

__all__ = [
    "AIRPLS",
    "ARPLS",
    "ASLS",
    "EMSC",
    "MSC",
    "SNV",
    "BaselineCorrection",
    "Despiker",
    "SavitzkyGolay",
    "SpectrumMinMaxScaler",
    "SpectrumNormalizer",
    "SquareRoot",
    "WavenumberCrop",
    "WavenumberResampler",
    "WhittakerSmoother",
    "airpls",
    "arpls",
    "asls",
    "average_replicates",
]


def __dir__():
    return __all__
