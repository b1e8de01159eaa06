"""How smooth a curve is: `lam`, `cutoff` and the order of differences."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np

from sklearn_raman._utils._sklearn import Interval
from sklearn_raman._utils._wavenumbers import describe_unevenness, require_wavenumbers

# Rounding relative to the range of a spectrum, measured against extended precision with
# 1000 and 3000 points: above the first value 1e-7 to 1e-6, above the second 1e-4 and
# soon no factorization at all. Where many weights are 0 it comes sooner.
LAM_WARN = {1: 1e12, 2: 1e11, 3: 1e10}
LAM_MAX = {1: 1e15, 2: 1e14, 3: 1e13}


def warn_uneven(step, owner, curve, axis):
    """Warn if points that a step counts are not the same distance apart."""
    if axis is not None and (uneven := describe_unevenness(axis)):
        step._warn(
            f"{owner} counts points, but {uneven}, or the {curve} is stiffer where "
            "points are far apart."
        )


class PenaltyMixin:
    """Resolves `lam`, `cutoff` and `diff_order` for spectra of some length and axis."""

    _curve = "baseline"  # what is smooth
    constraints: ClassVar = {
        "lam": [Interval(Real, 0, np.inf, closed="neither")],
        "cutoff": [Interval(Real, 0, np.inf, closed="neither"), None],
        "diff_order": [Interval(Integral, 1, 3, closed="both"), None],
        "wavenumbers": ["array-like", None],
    }

    def _penalty(self, X):
        """Return lam and the order of differences for these spectra."""
        owner, n_points = type(self).__name__, X.shape[1]
        why = f"the spectra have {n_points} points"
        order = self._lowered("diff_order", 2, n_points - 1, why)
        axis = self._known_axis(n_points)
        if self.cutoff is None:
            lam, given = self.lam, f"lam={self.lam:g}"
            warn_uneven(self, owner, self._curve, axis)
        else:
            lam, given = self._lam_of_cutoff(axis, order), f"cutoff={self.cutoff:g}"
        if lam > LAM_MAX[order]:
            raise ValueError(
                f"{owner}({given}) is too large: lam={lam:.3g} may be at most "
                f"{LAM_MAX[order]:g} for diff_order={order}, beyond which rounding is "
                "all that is left of the spectrum."
            )
        if lam > LAM_WARN[order]:
            self._warn(
                f"lam={lam:.3g} is so large for diff_order={order} that rounding may "
                f"show; up to {LAM_WARN[order]:g} it does not.",
            )
        return lam, order

    def _lam_of_cutoff(self, axis, diff_order):
        """Return the lam whose smooth curve follows half of a wave of length `cutoff`.

        For equal weights the curve is a filter with the response 1 / (1 + lam (2 sin(pi
        s / P))^(2 d)) to a wave of length P (`cutoff`) sampled every s (`spacing`), for
        differences of order d; it is 1/2 where the product is 1.
        """
        owner, purpose = type(self).__name__, "to turn cutoff into points"
        axis = require_wavenumbers(axis, owner=owner, purpose=purpose)
        if uneven := describe_unevenness(axis):
            raise ValueError(
                f"{owner}(cutoff={self.cutoff:g}) needs an even axis, but {uneven}, or "
                "use lam, which counts points."
            )
        spacing = np.abs(np.diff(axis)).mean()
        if self.cutoff <= 2 * spacing:
            raise ValueError(
                f"{owner}(cutoff={self.cutoff:g}) must be more than two points wide, "
                f"and these are {spacing:g} cm-1 apart."
            )
        return (2 * np.sin(np.pi * spacing / self.cutoff)) ** (-2 * diff_order)
