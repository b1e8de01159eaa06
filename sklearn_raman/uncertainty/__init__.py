"""When a model should not answer, or not with one name.

- `ConformalClassifier`: sets of classes that hold the true one as often as promised,
  for new crystals and new patients
- `SpectralNoveltyDetector`: spectra that belong to none of the classes

Both go around any classifier or Pipeline and learn from spectra that it was not fitted
on, by group: crystal, patient, sample.
"""

from sklearn_raman.uncertainty._conformal import ConformalClassifier
from sklearn_raman.uncertainty._novelty import SpectralNoveltyDetector

__all__ = ["ConformalClassifier", "SpectralNoveltyDetector"]


def __dir__():
    return __all__
