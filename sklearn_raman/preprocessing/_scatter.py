"""Corrections that fit each spectrum to a reference spectrum: MSC and EMSC."""

from __future__ import annotations

from numbers import Integral
from typing import Literal

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.typing import ArrayLike

from sklearn_raman._utils._sklearn import Interval, StrOptions
from sklearn_raman._utils._typing import Regions
from sklearn_raman._utils._wavenumbers import (
    as_real,
    check_labels,
    require_wavenumbers,
)
from sklearn_raman.preprocessing._base import (
    SpectrumTransformer,
    are_constant,
    at_unit_size,
    rounding,
)
from sklearn_raman.preprocessing._crop import inside_regions
from sklearn_raman.preprocessing._scaling import divide, keep_unscalable

# An interferent of which less than this share is its own, neither polynomial nor other
# interferents, says nothing about itself.
_SMALLEST_OWN_SHARE = 1e-7


class _ReferenceCorrection(SpectrumTransformer):
    """Base of what fits x = b r + nuisance + rest and returns r + rest / b.

    A subclass says what the nuisance is, by `_nuisance`: curves that are fitted beside
    the reference r and taken away.
    """

    _learns_by = "reference"
    _parameter_constraints: dict = {
        "reference": [StrOptions({"mean", "median"}), "array-like"],
        "wavenumbers": ["array-like", None],
    }

    def _learn(self, X):
        if isinstance(self.reference, str):
            combine = np.mean if self.reference == "mean" else np.median
            whole, exponent = at_unit_size(X.reshape(1, -1))
            reference = combine(whole.reshape(X.shape), axis=0)
            self.reference_ = np.ldexp(reference, exponent[0])
            # What is smaller in the reference may be what rounding left of spectra
            # that cancel.
            self._rounding = np.ldexp(rounding(whole, X.dtype), exponent)[0]
        else:
            self.reference_ = self._given_reference(X.shape[1]).copy()
        self._fit_of_reference(X.shape[1])  # what does not fit fails in fit

    def _given_reference(self, n_points):
        check_labels(self.reference, self._known_axis(n_points), "reference")
        reference = as_real(self.reference, "reference")
        if reference.shape != (n_points,) or not np.isfinite(reference).all():
            raise ValueError(
                f"reference must be one finite spectrum of {n_points} points as in X, "
                f"got shape {reference.shape}."
            )
        if are_constant(reference[None], reference.dtype)[0]:
            raise ValueError(
                "reference is constant: no spectrum can be fitted to it. Give a "
                'spectrum with bands, or "mean".'
            )
        return reference

    def _fit_of_reference(self, n_points):
        """Return what the spectra are compared with.

        Returns
        -------
        inside : slice or ndarray of shape (n_points,), bool
            Points that the coefficients are estimated from.
        nuisance : ndarray of shape (n_curves, n_points)
            Nuisance curves, orthonormal inside.
        own : ndarray of shape (n_points,)
            The reference, less its part of the nuisance; 0 if rounding is all there is.
        rest : ndarray of shape (n_points,)
            That part.
        exponent : int
            own and rest are divided by 2 ** exponent.
        """
        learned = isinstance(self.reference, str)
        given = self.reference_ if learned else self._given_reference(n_points)
        reference, (exponent,) = at_unit_size(given[None])
        inside, nuisance = self._nuisance(n_points)
        rest = (reference[:, inside] @ nuisance[:, inside].T) @ nuisance
        own = (reference - rest)[0]
        least = rounding(reference, reference.dtype)[0]
        if learned:
            least = max(least, np.ldexp(self._rounding, -exponent))
        shape = own[inside]
        if np.linalg.norm(shape) <= least * np.sqrt(len(shape)):
            if not learned:
                self._raise_no_reference()
            own[:] = 0
        return inside, nuisance, own, rest[0], exponent

    def _transform_spectra(self, X):
        inside, nuisance, own, rest, exponent = self._fit_of_reference(X.shape[1])
        resized, _ = at_unit_size(X)
        centered = resized - (resized[:, inside] @ nuisance[:, inside].T) @ nuisance
        shape = own[inside]
        product = centered[:, inside] @ shape
        no_slope = np.abs(product) <= rounding(resized, X.dtype) * np.abs(shape).sum()
        slope = product / ((shape @ shape) or 1)
        scaled = np.ldexp(divide(centered, slope, no_slope) + rest, exponent)
        reason = "have no slope against the reference"
        return keep_unscalable(self, scaled, X, no_slope, reason)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = isinstance(self.reference, str)
        return tags


class MSC(_ReferenceCorrection):
    """Multiplicative scatter correction: fit each spectrum to a reference.

    Each spectrum x is regressed on the reference r, x = a + b r + rest, and returned
    as (x - a) / b.

    Parameters
    ----------
    reference : {"mean", "median"} or array-like of shape (n_points,), default="mean"
        Reference spectrum: mean or median of the training spectra (learned in fit, so
        that the result depends on them), or a given spectrum, which needs no fit.
    region : tuple (low, high), sequence of these or None, default=None
        Region or regions in cm-1, both ends included, from which a and b are estimated;
        they are applied to the whole spectrum. None takes all points.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1, used by `region` only. None takes the column labels.

    Attributes
    ----------
    reference_ : ndarray of shape (n_points,)
        The reference spectrum.
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If a given reference is constant (in the region), not finite or of another
        length than the spectra; if no point lies in the region or the axis is not
        known.

    Warns
    -----
    UserWarning
        If spectra have no slope against the reference, rounding aside, because they or
        the learned reference are constant: they come back as they are.

    See Also
    --------
    EMSC : The same with a polynomial background and known interferents.

    References
    ----------
    .. [1] P. Geladi, D. MacDougall, H. Martens, "Linearization and scatter-correction
       for near-infrared reflectance spectra of meat", Appl. Spectrosc. 39 (1985)
       491-500.

    Examples
    --------
    >>> from sklearn_raman.preprocessing import MSC
    >>> MSC(reference=[0.0, 1.0, 2.0]).fit_transform([[5.0, 7.0, 9.0]]).round(9)
    array([[0., 1., 2.]])
    """

    _parameter_constraints: dict = {
        **_ReferenceCorrection._parameter_constraints,
        "region": ["array-like", None],
    }

    def __init__(
        self,
        *,
        reference: Literal["mean", "median"] | ArrayLike = "mean",
        region: Regions | None = None,
        wavenumbers: ArrayLike | None = None,
    ) -> None:
        self.reference = reference
        self.region = region
        self.wavenumbers = wavenumbers

    def _nuisance(self, n_points):
        """Return the points of the region, and a constant."""
        inside, n_inside = slice(None), n_points
        if self.region is not None:
            axis, purpose = self._known_axis(n_points), "to find the region"
            axis = require_wavenumbers(axis, owner="MSC", purpose=purpose)
            inside = inside_regions(axis, self.region, owner="MSC")
            n_inside = int(inside.sum())
        return inside, np.full((1, n_points), n_inside**-0.5)

    def _raise_no_reference(self):
        raise ValueError(
            f"reference is constant in region={self.region!r}: no spectrum can be "
            "fitted to it there. Choose a region with bands."
        )


class EMSC(_ReferenceCorrection):
    """Extended multiplicative signal correction.

    Each spectrum x is fitted by least squares as b r + polynomial + interferents +
    rest, r being the reference. What comes back is the spectrum without polynomial and
    interferents, divided by b: r + rest / b [1]_, [2]_.

    Parameters
    ----------
    order : int or None, default=None
        Order of the polynomial, a smooth background. None means 2, or less for spectra
        of a few points. With 0 and without interferents this is :class:`MSC`.
    reference : {"mean", "median"} or array-like of shape (n_points,), default="mean"
        Reference spectrum: mean or median of the training spectra (learned in fit, so
        that the result depends on them), or a given spectrum, which needs no fit.
    interferents : array-like or data frame of shape (n_interferents, n_points), \
default=None
        Spectra that are fitted beside the reference and subtracted, such as glass,
        water or paraffin, on the axis of X; one spectrum may have shape (n_points,).
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1. None takes the column labels; where there are none, points are
        taken as evenly spaced.

    Attributes
    ----------
    reference_ : ndarray of shape (n_points,)
        The reference spectrum.
    n_features_in_ : int
        Number of points per spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis in cm-1, if known.

    Raises
    ------
    ValueError
        If a given reference or the interferents are not finite, or do not have the
        points of the spectra; if a given reference is a sum of polynomial and
        interferents, or an interferent one of polynomial and other interferents; if
        there are more curves to fit than points.

    Warns
    -----
    UserWarning
        If spectra have no slope against the reference, rounding aside: they come back
        as they are. If the default order is lowered because the spectra are short.

    See Also
    --------
    MSC : An offset in place of the polynomial.
    AIRPLS : Baselines that do not need a reference.

    Notes
    -----
    The polynomial runs over the wavenumber, scaled to -1 to 1. It is fitted together
    with the reference, so that bands are not taken for background; the more spectra
    differ from the reference, the less this holds.

    References
    ----------
    .. [1] H. Martens, E. Stark, "Extended multiplicative signal correction and spectral
       interference subtraction: new preprocessing methods for near infrared
       spectroscopy", J. Pharm. Biomed. Anal. 9 (1991) 625-635,
       https://doi.org/10.1016/0731-7085(91)80188-F
    .. [2] N. K. Afseth, A. Kohler, "Extended multiplicative signal correction in
       vibrational spectroscopy, a tutorial", Chemom. Intell. Lab. Syst. 117 (2012)
       92-99, https://doi.org/10.1016/j.chemolab.2012.03.004

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.preprocessing import EMSC
    >>> axis = np.arange(9.0)
    >>> reference = np.array([0.0, 0, 0, 1, 5, 1, 0, 0, 0])
    >>> X = [3 * reference + 7 - axis + axis**2 / 10]
    >>> abs(EMSC(reference=reference).fit_transform(X)).round(6)
    array([[0., 0., 0., 1., 5., 1., 0., 0., 0.]])
    """

    _parameter_constraints: dict = {
        **_ReferenceCorrection._parameter_constraints,
        "order": [Interval(Integral, 0, None, closed="left"), None],
        "interferents": ["array-like", None],
    }

    def __init__(
        self,
        *,
        order: int | None = None,
        reference: Literal["mean", "median"] | ArrayLike = "mean",
        interferents: ArrayLike | None = None,
        wavenumbers: ArrayLike | None = None,
    ) -> None:
        self.order = order
        self.reference = reference
        self.interferents = interferents
        self.wavenumbers = wavenumbers

    def _nuisance(self, n_points):
        """Return all points, and polynomial and interferents."""
        axis = self._known_axis(n_points)
        interferents = self._given_interferents(n_points, axis)
        n_curves = len(interferents)
        why = f"the spectra have {n_points} points"
        if n_curves:
            why += f" and {n_curves} interferents are fitted too"
        order = self._lowered("order", 2, max(0, n_points - 2 - n_curves), why)
        if n_curves and n_curves + 2 > n_points:
            raise ValueError(
                f"EMSC fits a reference, an offset and {n_curves} interferents, too "
                f"many for spectra of {n_points} points: give fewer interferents."
            )
        axis = np.arange(n_points, dtype=np.float64) if axis is None else axis
        middle, half = (axis[0] + axis[-1]) / 2, np.ptp(axis) / 2 or 1
        curves = np.vstack([legvander((axis - middle) / half, order).T, interferents])
        curves /= np.linalg.norm(curves, axis=1, keepdims=True)
        basis, triangle = np.linalg.qr(curves.T)
        dependent = np.abs(np.diag(triangle)) < _SMALLEST_OWN_SHARE
        if dependent[: order + 1].any():
            raise ValueError(
                f"EMSC(order={order}) is too high for {n_points} points, on which its "
                f"powers cannot be told apart: choose at most {dependent.argmax() - 1}."
            )
        if dependent.any():
            raise ValueError(
                f"interferents: number {dependent.argmax() - order - 1} (from 0) is a "
                f"polynomial of order {order}, a sum of the ones before it, or of "
                "both: leave it out."
            )
        return slice(None), basis.T

    def _given_interferents(self, n_points, axis):
        """Return interferents near unit size, of shape (n_interferents, n_points)."""
        if self.interferents is None:
            return np.empty((0, n_points))
        check_labels(self.interferents, axis, "interferents")
        values = np.atleast_2d(as_real(self.interferents, "interferents"))
        if values.ndim != 2 or values.shape[1] != n_points or len(values) == 0:
            raise ValueError(
                f"interferents must be spectra of {n_points} points as in X, got shape "
                f"{np.shape(self.interferents)}."
            )
        flat = np.flatnonzero(~np.isfinite(values).all(axis=1) | ~values.any(axis=1))
        if len(flat):
            raise ValueError(
                f"interferents: number {flat[0]} (from 0) holds NaN or infinity, or is "
                "zero everywhere."
            )
        return at_unit_size(values)[0]

    def _raise_no_reference(self):
        raise ValueError(
            "reference is a sum of the polynomial and the interferents, from which it "
            "cannot be told: lower the order, or leave out the interferent."
        )
