"""Convolutional networks as scikit-learn classifiers, trained by skorch."""

from sklearn_raman.neural_network._augmentation import Augmentation
from sklearn_raman.neural_network._base import SpectralNetClassifier
from sklearn_raman.neural_network._classifiers import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
)
from sklearn_raman.neural_network._layers import SpectralInput
from sklearn_raman.neural_network._modules import CNN, FMCNN, GAPCNN
from sklearn_raman.neural_network._paper_settings import paper_settings

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
