"""Transformers that change the wavenumber axis: resample it, cut a region out."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sklearn_raman._utils._map_back import check_maps, check_mode, place_back
from sklearn_raman._utils._sklearn import StrOptions, fit_context
from sklearn_raman._utils._validation import check_spectra
from sklearn_raman._utils._wavenumbers import (
    describe_axis,
    expand_grid,
    format_wavenumbers,
    require_wavenumbers,
)
from sklearn_raman.preprocessing._interpolation import (
    check_coverage,
    check_ragged,
    interpolate_rows,
    is_outside,
    is_ragged,
    shared_axis_interpolator,
    unresample_maps,
    unresample_ragged,
)


class WavenumberResampler(TransformerMixin, BaseEstimator):
    """Interpolate spectra to a common wavenumber axis.

    Parameters
    ----------
    target_wavenumbers : array-like of shape (n_points_out,), tuple or None, \
default=None
        The new axis in cm-1: a list or array gives the points themselves, a tuple
        (start, stop, step) a range that includes `stop` when it falls on the grid.
        None leaves the spectra as they are.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis of the input in cm-1, rising or falling. None takes numeric column labels.
        Ragged input brings its own axes.
    kind : {"linear", "quadratic", "cubic", "pchip"}, default="linear"
        Interpolating spline of order 1, 2 or 3 (not-a-knot ends), or a piecewise cubic
        that does not overshoot. The source [1]_ uses order 2.
    fill_value : {"raise", "edge"} or float, default="raise"
        What happens where the target leaves the measured range: an error, the value of
        the nearest measured point, or this number. None of the last two is information.

    Attributes
    ----------
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis of the input in cm-1; None if unknown, or if the input is ragged.
    wavenumbers_out_ : ndarray of shape (n_points_out,) or None
        Axis of the result in cm-1.
    n_features_in_ : int
        Number of points of a spectrum; not defined for ragged input.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.

    Raises
    ------
    ValueError
        If the axis of a plain array is not known, an axis is not strictly monotone or
        of another length than its spectrum, or the target leaves the measured range
        with fill_value="raise".

    Notes
    -----
    X may also be ragged: a sequence of pairs `(wavenumbers, intensities)`, each
    spectrum with its own axis. It passes through `Pipeline`, `cross_val_score` and
    `GridSearchCV` like an array if this transformer is the first step.

    On one shared axis fit prepares what the spectra have in common: for "linear" the
    two points around each target, for "quadratic" and "cubic" the spline as a product
    of sparse matrices (entries below 1e-13 are dropped). Spectra are then handled in
    blocks, so memory beside the result does not grow with their number.

    Resampling to a coarser grid does not average: noise stays as it is.

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), section 2.1,
       https://doi.org/10.1016/j.aca.2019.08.064

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_raman.preprocessing import WavenumberResampler
    >>> X = pd.DataFrame([[0.0, 2.0, 4.0]], columns=["400.0", "402.0", "404.0"])
    >>> resampler = WavenumberResampler(target_wavenumbers=(400, 404, 1))
    >>> resampler.set_output(transform="pandas").fit_transform(X)
       400.0  401.0  402.0  403.0  404.0
    0    0.0    1.0    2.0    3.0    4.0
    >>> ragged = [([400, 402, 404], [0, 2, 4]), ([398, 406], [8, 0])]
    >>> WavenumberResampler(target_wavenumbers=[401, 403]).fit_transform(ragged)
    array([[1., 3.],
           [5., 3.]])
    """

    _parameter_constraints: dict = {
        "target_wavenumbers": ["array-like", None],
        "wavenumbers": ["array-like", None],
        "kind": [StrOptions({"linear", "quadratic", "cubic", "pchip"})],
        "fill_value": [StrOptions({"raise", "edge"}), Real],
    }

    def __init__(
        self,
        *,
        target_wavenumbers=None,
        wavenumbers=None,
        kind="linear",
        fill_value="raise",
    ):
        self.target_wavenumbers = target_wavenumbers
        self.wavenumbers = wavenumbers
        self.kind = kind
        self.fill_value = fill_value

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the axis of X and prepare the interpolation.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra on one axis, or ragged: `(wavenumbers, intensities)` each.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        if not isinstance(self.fill_value, str) and not np.isfinite(self.fill_value):
            raise ValueError(
                f"fill_value={self.fill_value} would put missing values into the "
                'spectra; use "raise", "edge" or a finite number.'
            )
        if is_ragged(X):
            self._fit_ragged(X)
            return self
        check_spectra(self, X, reset=True)
        if self.target_wavenumbers is None:
            self.wavenumbers_out_ = self.wavenumbers_in_
            return self
        axis = require_wavenumbers(
            self.wavenumbers_in_, X, owner="WavenumberResampler", purpose="to resample"
        )
        self.wavenumbers_out_ = expand_grid(self.target_wavenumbers)
        check_coverage(axis, self.wavenumbers_out_, self.fill_value)
        self._interpolate = shared_axis_interpolator(
            axis, self.wavenumbers_out_, self.kind
        )
        return self

    def _fit_ragged(self, X):
        for name in ("n_features_in_", "feature_names_in_", "_interpolate"):
            vars(self).pop(name, None)  # left by an earlier fit on a matrix
        if self.target_wavenumbers is None:
            raise ValueError(
                "Ragged spectra (pairs of wavenumbers and intensities) need a common "
                "axis: set target_wavenumbers, for example (400, 1800, 1)."
            )
        if self.wavenumbers is not None:
            raise ValueError(
                "Ragged spectra bring their own axes: leave the parameter wavenumbers "
                "at None."
            )
        self.wavenumbers_in_ = None
        self.wavenumbers_out_ = expand_grid(self.target_wavenumbers)
        check_ragged(X)

    def transform(self, X):
        """Interpolate each spectrum to the target axis.

        Parameters
        ----------
        X : array-like, data frame (n_spectra, n_points), or sequence of pairs
            Spectra on the axis seen in fit, or ragged spectra.

        Returns
        -------
        ndarray or data frame of shape (n_spectra, n_points_out)
            Resampled spectra; float32 stays float32, all else becomes float64.
        """
        check_is_fitted(self)
        if is_ragged(X):
            return self._transform_ragged(X)
        if not hasattr(self, "n_features_in_"):
            raise ValueError(
                "This WavenumberResampler was fitted on ragged spectra, but X is a "
                "matrix: pass pairs of wavenumbers and intensities."
            )
        X = check_spectra(self, X, reset=False)
        if self.target_wavenumbers is None:
            return X
        resampled = self._interpolate(X)
        self._fill_outside(resampled, self.wavenumbers_in_)
        return resampled

    def _transform_ragged(self, X):
        if self.target_wavenumbers is None:
            raise ValueError("Ragged spectra need target_wavenumbers, which is None.")
        spectra = check_ragged(X)
        target = self.wavenumbers_out_
        dtype = np.result_type(*(intensities for _, intensities in spectra))
        resampled = np.empty((len(spectra), len(target)), dtype=dtype)
        for number, (axis, intensities) in enumerate(spectra):
            check_coverage(axis, target, self.fill_value, what=f"Spectrum {number}")
            row = interpolate_rows(axis, intensities[None], target, self.kind)
            self._fill_outside(row, axis)
            resampled[number] = row[0]
        return resampled

    def map_back(self, maps, X=None, *, mode="conserve"):
        """Carry maps from the target axis to the axis of the input.

        Parameters
        ----------
        maps : array-like of shape (..., n_points_out)
            Maps on the target axis; for ragged input one for each spectrum, with the
            spectra along the first axis.
        X : None or sequence of pairs, default=None
            For ragged input the spectra that were transformed: each brings its axis.
        mode : {"conserve", "density"}, default="conserve"
            "conserve" is for contributions: the transposed operator hands each value to
            the points it was interpolated from, and sums stay. Where measured points
            lie closer than target ones, some get 0: the model did not see them. "pchip"
            is not linear and takes the operator of "linear". "density" is for display:
            the map, interpolated at the measured points, 0 outside the target's range.

        Returns
        -------
        ndarray of shape (..., n_points), or list of such arrays
            Maps on the measured axis; for ragged input a list, one for each spectrum,
            aligned with its own points.

        Notes
        -----
        What the model drew from points outside the measured range goes to the nearest
        measured point with fill_value="edge", and nowhere if they hold a number.
        """
        check_is_fitted(self)
        check_mode(mode)
        if self.target_wavenumbers is None:
            return check_maps(maps, self.n_features_in_, owner="WavenumberResampler")
        target, axis = self.wavenumbers_out_, self.wavenumbers_in_
        maps = check_maps(maps, len(target), owner="WavenumberResampler")
        how = {"kind": self.kind, "fill_value": self.fill_value, "mode": mode}
        if X is not None and is_ragged(X):
            return unresample_ragged(maps, X, target, **how)
        if axis is None:
            raise ValueError(
                "This WavenumberResampler was fitted on ragged spectra: pass those "
                "that the maps belong to as X, so that each map finds its axis."
            )
        return unresample_maps(maps, axis, target, **how)

    def _fill_outside(self, resampled, axis):
        if not isinstance(self.fill_value, str):
            outside = is_outside(axis, self.wavenumbers_out_)
            resampled[:, outside] = self.fill_value

    def get_feature_names_out(self, input_features=None):
        """Return the new wavenumbers as text.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Labels of the input, used only if the axis is left as it is and not known.

        Returns
        -------
        ndarray of str
            Labels of the output.
        """
        check_is_fitted(self)
        if self.target_wavenumbers is None and (
            self.wavenumbers_out_ is None or hasattr(self, "feature_names_in_")
        ):
            return _check_feature_names_in(self, input_features)
        return format_wavenumbers(self.wavenumbers_out_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class WavenumberCrop(TransformerMixin, BaseEstimator):
    """Keep the part of the spectra inside a wavenumber region.

    Parameters
    ----------
    region : tuple (low, high) or None, default=None
        Region in cm-1, both ends included; None in place of an end leaves it open. None
        keeps the whole spectrum.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis of the input in cm-1, rising or falling. None takes numeric column labels.

    Attributes
    ----------
    support_ : ndarray of shape (n_points,), bool
        True where a point is kept.
    wavenumbers_in_, wavenumbers_out_ : ndarray or None
        Axis of the input and of the result in cm-1, if known.
    n_features_in_ : int
        Number of points of a spectrum.
    feature_names_in_ : ndarray of shape (n_points,)
        Column labels, if all are strings.

    Raises
    ------
    ValueError
        If the axis of a plain array is not known, low is above high, or no point lies
        inside the region.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_raman.preprocessing import WavenumberCrop
    >>> X = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["400.0", "500.0", "600.0"])
    >>> crop = WavenumberCrop(region=(450, 600))
    >>> crop.set_output(transform="pandas").fit_transform(X)
       500.0  600.0
    0    2.0    3.0
    """

    _parameter_constraints: dict = {
        "region": [tuple, list, None],
        "wavenumbers": ["array-like", None],
    }

    def __init__(self, *, region=None, wavenumbers=None):
        self.region = region
        self.wavenumbers = wavenumbers

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the points inside the region.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        check_spectra(self, X, reset=True)
        if self.region is None:
            self.support_ = np.ones(self.n_features_in_, dtype=bool)
            self.wavenumbers_out_ = self.wavenumbers_in_
            return self
        low, high = self._region_bounds()
        axis = require_wavenumbers(
            self.wavenumbers_in_, X, owner="WavenumberCrop", purpose="to crop"
        )
        self.support_ = (axis >= low) & (axis <= high)
        if not self.support_.any():
            raise ValueError(
                f"WavenumberCrop(region={self.region!r}) leaves no point: the spectra "
                f"cover {describe_axis(axis)}."
            )
        self.wavenumbers_out_ = axis[self.support_]
        return self

    def _region_bounds(self):
        numbers = all(end is None or isinstance(end, Real) for end in self.region)
        if len(self.region) == 2 and numbers:
            low, high = self.region
            low = -np.inf if low is None else low
            high = np.inf if high is None else high
            if low <= high:
                return low, high
        raise ValueError(
            "region must be a pair (low, high) of numbers in cm-1 with low <= high, "
            f"got {self.region!r}."
        )

    def transform(self, X):
        """Cut the region out of each spectrum.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra on the axis seen in fit.

        Returns
        -------
        ndarray or data frame of shape (n_spectra, n_points_out)
            The points inside the region.
        """
        check_is_fitted(self)
        return check_spectra(self, X, reset=False)[:, self.support_]

    def map_back(self, maps, X=None, *, mode="conserve"):
        """Put maps back in their place on the whole axis.

        Parameters
        ----------
        maps : array-like of shape (..., n_points_out)
            Maps on the points that were kept.
        X : None or spectra, default=None
            Ignored.
        mode : {"conserve", "density"}, default="conserve"
            Both are the same here.

        Returns
        -------
        ndarray of shape (..., n_points)
            Maps on the whole axis: 0 outside the region, which the model did not see.
        """
        check_is_fitted(self)
        check_mode(mode)
        n_kept = int(self.support_.sum())
        maps = check_maps(maps, n_kept, owner="WavenumberCrop")
        return place_back(maps, self.support_, self.n_features_in_)

    def get_feature_names_out(self, input_features=None):
        """Return the labels of the points that are kept.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Labels of the input; None means those seen in fit.

        Returns
        -------
        ndarray of str
            Labels of the output.
        """
        check_is_fitted(self)
        if self.wavenumbers_in_ is None or hasattr(self, "feature_names_in_"):
            return _check_feature_names_in(self, input_features)[self.support_]
        return format_wavenumbers(self.wavenumbers_out_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
