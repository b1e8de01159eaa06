"""Convolutional networks as scikit-learn classifiers, trained by skorch."""

from sklearn_raman.neural_network._base import SpectralNetClassifier
from sklearn_raman.neural_network._classifiers import CNNClassifier
from sklearn_raman.neural_network._modules import CNN

__all__ = ["CNN", "CNNClassifier", "SpectralNetClassifier"]
