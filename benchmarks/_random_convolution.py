"""Random-convolution features for a linear classifier, the strongest cheap rival.

In the manner of MiniRocket [1]_, with what position needs: shares are counted in
segments of the axis instead of over the whole spectrum.

.. [1] A. Dempster, D. F. Schmidt, G. I. Webb, "MiniRocket: a very fast (almost)
   deterministic transform for time series classification", KDD 2021.
"""

from itertools import combinations

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)

_KERNELS = list(combinations(range(9), 3))  # which 3 of 9 weights are 2; others -1


class RandomConvolution(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Share of positive values of 84 dilated filters, by segment of the axis.

    Parameters
    ----------
    dilations : sequence of int
        Distances between the 9 points of a filter.
    n_segments : int
        Segments in which the shares are counted.
    random_state : int
        Draws the training spectrum from whose filtered values a threshold (their
        median) is taken.
    """

    def __init__(self, dilations=(1, 2, 4, 8, 16, 32), n_segments=8, random_state=0):
        self.dilations = dilations
        self.n_segments = n_segments
        self.random_state = random_state

    def fit(self, X, y=None):
        """Draw the thresholds."""
        X = np.asarray(X, dtype=np.float32)
        rng = np.random.default_rng(self.random_state)
        sample = X[rng.integers(len(X), size=32)]
        self.thresholds_ = [
            np.array([np.median(v) for v in self._filtered(sample, dilation)])
            for dilation in self.dilations
        ]
        self._n_features_out = len(_KERNELS) * len(self.dilations) * self.n_segments
        return self

    def _filtered(self, X, dilation):
        """Yield the spectra after each of the filters of one dilation."""
        n_points = X.shape[1]
        padded = np.pad(X, [(0, 0), (4 * dilation, 4 * dilation)], mode="edge")
        shifted = [padded[:, k * dilation : k * dilation + n_points] for k in range(9)]
        total = sum(shifted)
        for i, j, k in _KERNELS:
            yield 3 * (shifted[i] + shifted[j] + shifted[k]) - total

    def transform(self, X):
        """Return shares, of shape (n_spectra, 84 * n_dilations * n_segments)."""
        X = np.asarray(X, dtype=np.float32)
        edges = np.linspace(0, X.shape[1], self.n_segments + 1).astype(int)[:-1]
        sizes = np.diff([*edges, X.shape[1]])
        return np.concatenate(
            [
                np.add.reduceat(values > threshold, edges, axis=1, dtype=np.float32)
                / sizes
                for dilation, thresholds in zip(
                    self.dilations, self.thresholds_, strict=True
                )
                for values, threshold in zip(
                    self._filtered(X, dilation), thresholds, strict=True
                )
            ],
            axis=1,
        )
