"""Resample spectra to another wavenumber axis."""

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._map_back import check_maps, check_mode
from sklearn_raman._utils._sklearn import StrOptions
from sklearn_raman._utils._wavenumbers import (
    expand_grid,
    format_wavenumbers,
    require_wavenumbers,
)
from sklearn_raman.preprocessing._base import SpectrumTransformer
from sklearn_raman.preprocessing._interpolation import (
    check_coverage,
    check_ragged,
    interpolate_rows,
    is_outside,
    is_ragged,
    shared_axis_interpolator,
    unresample_maps,
)


class WavenumberResampler(SpectrumTransformer):
    """Interpolate spectra to a common wavenumber axis.

    Parameters
    ----------
    target_wavenumbers : array-like of shape (n_points_out,), tuple or None, \
default=None
        The new axis in cm-1: a list or array gives the points themselves, a tuple
        (start, stop, step) a range that includes `stop` when it falls on the grid.
        None leaves the spectra as they are, whatever `kind` and `fill_value` say.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis of the input in cm-1, rising or falling. None takes the column labels.
        Ragged input brings its own axes and does not go together with this.
    kind : {"linear", "quadratic", "cubic", "pchip"}, default="linear"
        Interpolating spline of order 1, 2 or 3 (not-a-knot ends), or a piecewise cubic
        that does not overshoot. The source [1]_ uses order 2.
    fill_value : {"raise", "edge"} or float, default="raise"
        What happens where the target leaves the measured range: an error, the value of
        the nearest measured point, or this number. Neither carries information.

    Attributes
    ----------
    wavenumbers_in_ : ndarray of shape (n_points,) or None
        Axis of the input in cm-1; None if unknown, or if the input is ragged.
    wavenumbers_out_ : ndarray of shape (n_points_out,) or None
        Axis of the result in cm-1.
    n_features_in_ : int
        Number of points per spectrum; not defined for ragged input.
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
    `GridSearchCV` like an array if this transformer is the first step. The result is an
    array: use ``set_output(transform="pandas")`` to hand on the axis.

    On one shared axis fit prepares what the spectra have in common: for "linear" the
    two points around each target, for "quadratic" and "cubic" the spline as a sparse
    matrix (entries below 1e-13 are dropped). Spectra are then handled in blocks, so the
    memory beside the result does not grow with their number.

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
    >>> resampler.fit_transform(X)
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
    _prepared = None, None  # the interpolator made in fit, after what it is for

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

    def _check_training_spectra(self, X):
        if not is_ragged(X):
            return super()._check_training_spectra(X)
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)  # left by an earlier fit on a matrix
        self.wavenumbers_in_ = None
        return self._check_ragged(X)

    def _learn(self, X):
        target = self._target()
        self.wavenumbers_out_ = self.wavenumbers_in_ if target is None else target
        self._prepared = None, None
        if target is not None and not is_ragged(X):
            self._prepared = self._prepare(X, target)

    def _read(self, X):
        if is_ragged(X):
            self._validate_params()
            return self, self._check_ragged(X), False
        if hasattr(self, "wavenumbers_out_") and not hasattr(self, "n_features_in_"):
            raise ValueError(
                "This WavenumberResampler was fitted on ragged spectra, but X is a "
                "matrix: pass pairs of wavenumbers and intensities."
            )
        return super()._read(X)

    def _transform_spectra(self, X):
        target = self._target()
        if is_ragged(X):
            return self._resample_ragged(X, target)
        if target is None:
            return X
        _, interpolate = self._prepare(X, target)
        resampled = interpolate(X)
        self._fill_outside(resampled, self._known_axis(X.shape[1]), target)
        return resampled

    def _target(self):
        """Return the target axis, or None; check what goes with it."""
        if not isinstance(self.fill_value, str) and not np.isfinite(self.fill_value):
            raise ValueError(
                f"fill_value={self.fill_value} would put missing values into the "
                'spectra; use "raise", "edge" or a finite number.'
            )
        if self.target_wavenumbers is None:
            return None
        return expand_grid(self.target_wavenumbers)

    def _check_ragged(self, X):
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
        return check_ragged(X)

    def _prepare(self, X, target):
        """Return an interpolator, that of fit if it serves, after what it is for."""
        axis = self._known_axis(X.shape[1])
        owner, purpose = "WavenumberResampler", "to resample"
        axis = require_wavenumbers(axis, owner=owner, purpose=purpose)
        check_coverage(axis, target, self.fill_value)
        use = axis.tobytes(), target.tobytes(), self.kind
        if use == self._prepared[0]:
            return self._prepared
        return use, shared_axis_interpolator(axis, target, self.kind)

    def _resample_ragged(self, spectra, target):
        dtype = np.result_type(*(intensities for _, intensities in spectra))
        resampled = np.empty((len(spectra), len(target)), dtype=dtype)
        for number, (axis, intensities) in enumerate(spectra):
            check_coverage(axis, target, self.fill_value, what=f"Spectrum {number}")
            row = interpolate_rows(axis, intensities[None], target, self.kind)
            self._fill_outside(row, axis, target)
            resampled[number] = row[0]
        return resampled

    def _fill_outside(self, resampled, axis, target):
        if not isinstance(self.fill_value, str):
            resampled[:, is_outside(axis, target)] = self.fill_value

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
        check_is_fitted(self, "wavenumbers_out_")
        target = self._target()
        if target is None:
            return super().map_back(maps, X, mode=mode)
        check_mode(mode)
        maps = check_maps(maps, len(target), owner="WavenumberResampler")
        how = {"kind": self.kind, "fill_value": self.fill_value, "mode": mode}
        if X is not None and is_ragged(X):
            spectra = check_ragged(X)
            if maps.ndim == 1 or len(maps) != len(spectra):
                raise ValueError(
                    f"maps has shape {maps.shape}, but X has {len(spectra)} spectra: "
                    "the first axis of maps must run over the spectra of X."
                )
            return [
                unresample_maps(one, axis, target, **how)
                for one, (axis, _) in zip(maps, spectra, strict=True)
            ]
        if not hasattr(self, "n_features_in_"):
            raise ValueError(
                "This WavenumberResampler was fitted on ragged spectra: pass those "
                "that the maps belong to as X, so that each map finds its axis."
            )
        axis = self._known_axis(self.n_features_in_)
        return unresample_maps(maps, axis, target, **how)

    def get_feature_names_out(self, input_features=None):
        """Return the new wavenumbers as text.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Labels of the input, used only if the axis is left as it is.

        Returns
        -------
        ndarray of str
            Labels of the output.
        """
        check_is_fitted(self, "wavenumbers_out_")
        if self.target_wavenumbers is not None:
            return self._labels_out(None)
        return super().get_feature_names_out(input_features)

    def _labels_out(self, labels):
        target = self._target()
        return labels if target is None else format_wavenumbers(target)
