"""Convolutional networks as scikit-learn classifiers, trained by skorch."""

from sklearn_raman.neural_network._augmentation import Augmentation
from sklearn_raman.neural_network._classifier import SpectralNetClassifier
from sklearn_raman.neural_network._layers import SpectralInput
from sklearn_raman.neural_network._modules import CNN, FMCNN, GAPCNN
from sklearn_raman.neural_network._papers import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    paper_settings,
)

__all__ = [
    "CNN",
    "FMCNN",
    "GAPCNN",
    "Augmentation",
    "CNNClassifier",
    "FMCNNClassifier",
    "GAPCNNClassifier",
    "SpectralInput",
    "SpectralNetClassifier",
    "paper_settings",
]


def __dir__():
    return [*__all__, "attribution"]
