"""How smooth: what `lam`, `cutoff` and `diff_order` mean for the spectra at hand."""

import warnings
from numbers import Integral, Real
from typing import ClassVar

import numpy as np

from sklearn_raman._utils._sklearn import Interval
from sklearn_raman._utils._validation import lower_default
from sklearn_raman._utils._wavenumbers import require_wavenumbers
from sklearn_raman.preprocessing._whittaker.reference import lam_from_cutoff


class PenaltyMixin:
    """Resolves `lam`, `cutoff` and `diff_order` for spectra of some length and axis."""

    constraints: ClassVar = {
        "lam": [Interval(Real, 0, None, closed="neither")],
        "cutoff": [Interval(Real, 0, None, closed="neither"), None],
        "diff_order": [Interval(Integral, 1, 3, closed="both"), None],
        "wavenumbers": ["array-like", None],
    }

    def _penalty(self, X):
        """Return lam and the order of differences for these spectra."""
        owner = type(self).__name__
        n_points = X.shape[1]
        diff_order = lower_default(
            self.diff_order,
            2,
            n_points - 1,
            owner=owner,
            name="diff_order",
            why=f"the spectra have {n_points} points",
        )
        axis = self._known_axis(n_points)
        if self.cutoff is not None:
            axis = require_wavenumbers(
                axis, X, owner=owner, purpose="to turn cutoff into points"
            )
        if axis is None:
            return self.lam, diff_order
        steps = np.abs(np.diff(axis))
        uneven = np.ptp(steps) > 0.01 * steps.mean()
        if self.cutoff is None:
            if uneven:
                warnings.warn(
                    f"{owner} counts points, but the distance between them varies from "
                    f"{steps.min():g} to {steps.max():g} cm-1: the baseline is stiffer "
                    "where points are far apart. Resample to an even axis first "
                    "(WavenumberResampler).",
                    UserWarning,
                    stacklevel=4,
                )
            return self.lam, diff_order
        if uneven:
            raise ValueError(
                f"{owner}(cutoff={self.cutoff:g}) needs an even axis, but the distance "
                f"between points varies from {steps.min():g} to {steps.max():g} cm-1. "
                "Resample first (WavenumberResampler), or use lam, which counts points."
            )
        if self.cutoff <= 2 * steps.mean():
            raise ValueError(
                f"{owner}(cutoff={self.cutoff:g}) must be more than two points wide, "
                f"and these are {steps.mean():g} cm-1 apart."
            )
        return lam_from_cutoff(self.cutoff, steps.mean(), diff_order), diff_order
