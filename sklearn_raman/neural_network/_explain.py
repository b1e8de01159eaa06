"""`explain_` of the networks: spectra in, maps on the same axis out."""

from contextlib import contextmanager

import numpy as np
import torch
from sklearn.utils.metaestimators import available_if

from sklearn_raman._utils._explanation import normalize_maps, resolve_target
from sklearn_raman._utils._torch import limited_threads
from sklearn_raman._utils._validation import check_spectra
from sklearn_raman.inspection import (
    contribution,
    unit_positions,
    upsampling_operator,
)


def _can_explain(classifier):
    """Raise if the network of a classifier can't be split at its feature maps."""
    module = getattr(classifier, "module_", None)
    if module is None:
        return True  # layers may become attributes only when a module is built
    missing = [name for name in ("features", "head") if not hasattr(module, name)]
    if missing:
        raise AttributeError(
            f"{type(module).__name__} can't be explained, it has no "
            f"{' and no '.join(missing)}: split forward(x) into head(features(x))."
        )
    return True


class ExplainMixin:
    """Gives a fitted `SpectralNetClassifier` its method `explain_`."""

    @available_if(_can_explain)
    def explain_(
        self,
        X,
        target=None,
        *,
        method="auto",
        score="logodds",
        normalize=None,
        upsample="linear",
        batch_size=None,
    ):
        """Map each wavenumber's contribution to the score of a class.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.
        target : None, "all", label or array-like of shape (n_spectra,), default=None
            Class to explain: the predicted one, every one, or the given ones.
        method : {"auto", "contribution"}, default="auto"
            Both are the contribution map of eq. 8 and 9 in [1]_; see
            :func:`sklearn_raman.inspection.contribution`.
        score : {"logodds", "logit", "prob"}, default="logodds"
            What is explained: the log-odds of the class, its logit, or its probability.
        normalize : {"max", "minmax", "sum"} or None, default=None
            Scale of each map: as it is, by the largest absolute value, to 0..1, or to a
            sum of absolute values of 1.
        upsample : "linear" or False, default="linear"
            Interpolate the map to the points of the spectrum, or return it on the units
            of the feature maps.
        batch_size : int or None, default=None
            Spectra at a time; None takes the classifier's.

        Returns
        -------
        ndarray of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
            Contributions, aligned with X; the second shape for target="all". With
            upsample=False the last axis has the number of units.

        References
        ----------
        .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis
           with deep convolutional neural network", Anal. Chim. Acta 1087 (2019),
           https://doi.org/10.1016/j.aca.2019.08.064
        """
        self.check_is_fitted()
        if method not in ("auto", "contribution"):
            raise ValueError(
                f"method={method!r} is not available for {type(self).__name__}; use "
                '"auto" or "contribution".'
            )
        if upsample not in ("linear", False):
            raise ValueError(f'upsample must be "linear" or False, got {upsample!r}.')
        X = check_spectra(self, X, reset=False, dtype=self.dtype)
        target = resolve_target(target, self.classes_, len(X))
        size = batch_size or self.batch_size
        self._move_to_device()
        maps = []
        with limited_threads(self.n_threads), self._evaluation_mode():
            for start in range(0, len(X), size):
                rows = slice(start, start + size)
                batch = torch.tensor(X[rows], device=self.device)
                wanted = target[rows] if isinstance(target, np.ndarray) else target
                found = contribution(self.module_, batch, wanted, score=score)
                maps.append(found.cpu().numpy())
            maps = np.concatenate(maps)
            if upsample:
                n_points = X.shape[1]
                positions = unit_positions(self.module_, n_points)
                maps = maps @ upsampling_operator(positions, n_points)
        return normalize_maps(maps, normalize).astype(self.dtype, copy=False)

    explain = explain_

    @contextmanager
    def _evaluation_mode(self):
        was_training = self.module_.training
        self.module_.eval()
        try:
            yield
        finally:
            self.module_.train(was_training)
