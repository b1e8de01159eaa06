"""Resample spectra to another wavenumber axis."""

from __future__ import annotations

import copy
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._map_back import (
    check_maps,
    check_mode,
    check_n_maps,
    place_back,
)
from sklearn_raman._utils._ragged import (
    by_axis,
    check_holds_spectra,
    is_ragged,
    read_ragged,
)
from sklearn_raman._utils._sklearn import Interval, StrOptions
from sklearn_raman._utils._typing import Floats, SpectraLike
from sklearn_raman._utils._validation import (
    name_numbers,
    name_points,
    raise_not_finite,
)
from sklearn_raman._utils._wavenumbers import (
    expand_grid,
    format_wavenumbers,
    labels_as_wavenumbers,
    require_wavenumbers,
)
from sklearn_raman.preprocessing._base import SpectrumTransformer
from sklearn_raman.preprocessing._interpolation import (
    check_coverage,
    common_axis,
    interpolate_rows,
    is_unmeasured,
    shared_axis_interpolator,
    unresample_maps,
    without_nan,
)


class WavenumberResampler(SpectrumTransformer):
    """Bring spectra to one wavenumber axis, by interpolation or by averages.

    It takes what brings an axis, whatever form fit saw: frames whose labels are
    wavenumbers, each set on its own axis, and ragged spectra (see Notes).

    Parameters
    ----------
    target_wavenumbers : array-like of shape (n_points_out,), tuple, "common" or None, \
default=None
        The new axis in cm-1: a list or array gives the points themselves, a tuple
        (start, stop, step) a range that includes `stop` when it falls on the grid.
        "common" takes the longest range that all training spectra cover, with the
        median of their steps; spectra that reach less far in prediction are then an
        error, so give the range itself where spectra are split (searches,
        cross-validation). None leaves the spectra as they are, whatever the other
        parameters say.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis of the input in cm-1, rising or falling. None takes the column labels.
        Ragged input brings its own axes and does not go together with this.
    kind : {"linear", "quadratic", "cubic", "pchip"}, default="linear"
        Interpolating spline of order 1, 2 or 3 (not-a-knot ends), or a piecewise cubic
        that does not overshoot. The source [1]_ uses order 2.
    reduction : {"mean"} or None, default=None
        None takes the value of the interpolated curve at each target point. "mean"
        takes the mean of that curve over the bin around the point, which averages
        noise where the target is coarser than the measured points. Bins meet half-way
        between target points, as in [2]_, and end where the measured range ends.
    fill_value : {"raise", "edge"} or float, default="raise"
        What happens where the target lies outside the measured range or in a gap of it:
        an error, the value of the nearest measured point, or this number. Neither
        carries information. A gap is a step more than 10 times as long as the usual
        step of the axis, there and as a whole.

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
        If the axis of a plain array is not known, an axis is not strictly monotone, of
        another length than its spectrum or counts points (0, 1, 2, ...), spectra have
        no common range, a point that the target needs is NaN, or the target leaves
        what was measured with fill_value="raise".

    Notes
    -----
    Ragged spectra each bring their own axis: a list of pairs `(wavenumbers,
    intensities)`. A pair may also be an array of shape (2, n) or (n, 2), a data frame
    of two columns, or a Series with the wavenumbers as index; a tuple of two sequences
    is a single pair. They pass through `Pipeline`, `cross_val_score` and `GridSearchCV`
    like an array; the steps before this one return pairs. The result is a data frame,
    so that the axis goes on.

    NaN at the ends of a spectrum make its measured range shorter. Others do no harm
    where no target point lies between their neighbors.

    On one shared axis fit prepares what the spectra have in common: for "linear" the
    two points around each target, else a sparse matrix (entries below 1e-13 are
    dropped). Spectra are then handled in blocks, so the memory beside the result does
    not grow with their number.

    With `reduction="mean"` and a target step of k measured steps, white noise falls to
    about 1 / sqrt(k) of its standard deviation. Where the target is finer than the
    measured points there is nothing to average, and the result is nearly that of None.

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), section 2.1,
       https://doi.org/10.1016/j.aca.2019.08.064
    .. [2] A. C. Carnall, "SpectRes: a fast spectral resampling tool in Python" (2017),
       https://arxiv.org/abs/1705.05165

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
       401.0  403.0
    0    1.0    3.0
    1    5.0    3.0
    """

    _unites_axes = True
    _learns_by = "target_wavenumbers"
    _parameter_constraints: dict = {
        "target_wavenumbers": [StrOptions({"common"}), "array-like", None],
        "wavenumbers": ["array-like", None],
        "kind": [StrOptions({"linear", "quadratic", "cubic", "pchip"})],
        "reduction": [StrOptions({"mean"}), None],
        "fill_value": [
            StrOptions({"raise", "edge"}),
            Interval(Real, None, None, closed="neither"),
        ],
    }
    _prepared = None, None  # the interpolator made in fit, after what it is for

    def __init__(
        self,
        *,
        target_wavenumbers: ArrayLike | Literal["common"] | None = None,
        wavenumbers: ArrayLike | None = None,
        kind: Literal["linear", "quadratic", "cubic", "pchip"] = "linear",
        reduction: Literal["mean"] | None = None,
        fill_value: Literal["raise", "edge"] | float = "raise",
    ) -> None:
        self.target_wavenumbers = target_wavenumbers
        self.wavenumbers = wavenumbers
        self.kind = kind
        self.reduction = reduction
        self.fill_value = fill_value

    def _check_training_spectra(self, X):
        if not is_ragged(X):
            return super()._check_training_spectra(X)
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)  # left by an earlier fit on a matrix
        self.wavenumbers_in_ = None
        return self._read_pairs(X)

    def _check_used(self, spectra):
        if self.target_wavenumbers is None:
            super()._check_used(spectra)
        # Else a look at the target tells which points have to be numbers.

    def _learn(self, X):
        vars(self).pop("wavenumbers_out_", None)
        self._prepared = None, None
        if self.target_wavenumbers is None:
            self.wavenumbers_out_ = self.wavenumbers_in_
            return
        if self._is_common():
            self.wavenumbers_out_ = self._common_axis(X)
        else:
            self.wavenumbers_out_ = self._target()
        # What does not fit fails in fit.
        if isinstance(X, list):
            self._resample_each(dict(enumerate(X)), len(X), "spectrum")
        else:
            self._prepared = self._prepare_for(X)

    def _read(self, X):
        check_holds_spectra(X)
        if is_ragged(X):
            self._validate_params()
            if self._is_common():
                check_is_fitted(self, "wavenumbers_out_")
            self._check_learned()
            return self, self._read_pairs(X), True
        was_fitted = hasattr(self, "wavenumbers_out_")
        if self.target_wavenumbers is not None and was_fitted:
            if labels_as_wavenumbers(X) is not None:
                return self._read_labelled(X)
            is_unknown = (
                not hasattr(self, "n_features_in_") and self.wavenumbers is None
            )
            if is_unknown:
                raise ValueError(
                    "This WavenumberResampler was fitted on ragged spectra, but X is a "
                    "matrix without wavenumbers: pass pairs of wavenumbers and "
                    "intensities, or a frame whose labels are wavenumbers."
                )
        return super()._read(X)

    def _read_labelled(self, X):
        """Look at a frame that brings its own axis, whatever fit saw."""
        self._validate_params()
        self._check_learned()
        step = copy.copy(self)
        vars(step).pop("feature_names_in_", None)
        step._axis_was_given = False
        return step, step._check_training_spectra(X), True

    def _contain(self, transformed, X):
        if not is_ragged(X):
            return super()._contain(transformed, X)
        index = X.index if isinstance(X, pd.Series) else None
        return pd.DataFrame(transformed, index=index, columns=self._labels_out(None))

    def _transform_spectra(self, X):
        if isinstance(X, list):
            return self._resample_each(dict(enumerate(X)), len(X), "spectrum")
        return X if self._target() is None else self._resample_matrix(X)

    def _is_common(self):
        target = self.target_wavenumbers
        return isinstance(target, str) and target == "common"

    def _target(self):
        """Return the target axis, or None."""
        if self.target_wavenumbers is None:
            return None
        if self._is_common():
            return self.wavenumbers_out_
        return expand_grid(self.target_wavenumbers)

    def _read_pairs(self, X):
        if self.target_wavenumbers is None:
            raise ValueError(
                "Ragged spectra (pairs of wavenumbers and intensities) need a common "
                "axis: set target_wavenumbers, for example (400, 1800, 1), or "
                '"common".'
            )
        if self.wavenumbers is not None:
            raise ValueError(
                "Ragged spectra bring their own axes: leave the parameter wavenumbers "
                "at None."
            )
        return read_ragged(X)

    def _common_axis(self, X):
        """Return the axis that all spectra cover, apart from NaN at their ends."""
        if isinstance(X, list):
            spectra, noun = X, "spectrum"
        else:
            axis = self._axis_to_resample(X)
            spectra, noun = [(axis, row) for row in X], "row"
        axes = {
            number: axis[_between_nan(row)]
            for number, (axis, row) in enumerate(spectra)
        }
        empty = [number for number, axis in axes.items() if not len(axis)]
        if empty:
            named = name_numbers(empty, noun)
            raise_not_finite(f"at all points of {named}", has_nan=True)
        return common_axis(axes, noun)

    def _axis_to_resample(self, X):
        owner, purpose = "WavenumberResampler", "to resample"
        axis = self._known_axis(X.shape[1])
        return require_wavenumbers(axis, owner=owner, purpose=purpose)

    def _prepare_for(self, X):
        """Return an interpolator after what it is for, if X can be resampled.

        That of fit if it serves; None for spectra that all hold NaN.
        """
        axis, target = self._axis_to_resample(X), self._target()
        whole = _are_finite(X)
        if not whole.all():
            self._resample_rows(X, ~whole, axis)
        return self._interpolator(axis, target) if whole.any() else (None, None)

    def _interpolator(self, axis, target):
        """Return what resamples spectra on an axis, after what it is for."""
        self._check_coverage(axis, target)
        how = self.kind, self.reduction
        use = axis.tobytes(), target.tobytes(), *how
        if use == self._prepared[0]:
            return self._prepared
        return use, shared_axis_interpolator(axis, target, *how)

    def _check_coverage(self, axis, target, **what):
        is_common = self._is_common()
        check_coverage(axis, target, self.fill_value, is_common=is_common, **what)

    def _resample_matrix(self, X):
        """Resample spectra that share one axis, those with NaN one by one."""
        target, axis = self._target(), self._axis_to_resample(X)
        whole = _are_finite(X)
        if whole.all():
            _, interpolate = self._interpolator(axis, target)
            resampled = interpolate(X)
            self._fill_unmeasured(resampled, axis, target)
            return resampled
        resampled = np.empty((len(X), len(target)), dtype=X.dtype)
        resampled[~whole] = self._resample_rows(X, ~whole, axis)
        if whole.any():
            resampled[whole] = self._resample_matrix(X[whole])
        return resampled

    def _resample_rows(self, X, chosen, axis):
        rows = {row: (axis, X[row]) for row in np.flatnonzero(chosen)}
        return self._resample_each(rows, len(X), "row")

    def _resample_each(self, spectra, n_spectra, noun):
        """Resample spectra that each have an axis.

        Parameters
        ----------
        spectra : dict of int to (axis, intensities)
            By the number of the spectrum.
        n_spectra : int
            All there are, for messages.
        noun : str
            "spectrum" or "row", for messages.
        """
        target = self._target()
        cut = self._without_nan(spectra, target, n_spectra, noun)
        numbers = list(spectra)
        dtype = np.result_type(*(row for _, row in spectra.values()))
        resampled = np.empty((len(spectra), len(target)), dtype=dtype)
        for axis, places, rows in by_axis([cut.get(n, spectra[n]) for n in numbers]):
            number = numbers[places[0]]
            what = f"{noun.capitalize()} {number}"
            what += " (without its NaN)" if number in cut else ""
            self._check_coverage(axis, target, what=what)
            try:
                how = self.kind, self.reduction
                found = interpolate_rows(axis, rows, target, *how)
            except ValueError as error:
                raise ValueError(f"{what}: {error}") from error
            self._fill_unmeasured(found, axis, target)
            resampled[places] = found
        return resampled

    def _without_nan(self, spectra, target, n_spectra, noun):
        """Return the spectra that hold NaN without them, or raise if they matter."""
        cut, bad = {}, {}
        for number, (axis, row) in spectra.items():
            if not np.isfinite(row).all():
                *pair, needed = without_nan(axis, row, target, self.reduction)
                cut[number] = pair
                if needed.any():
                    bad[number] = name_points(needed, axis)
        if bad:
            first = next(iter(bad))
            raise_not_finite(
                f"in {len(bad)} of {n_spectra} spectra ({name_numbers(bad, noun)}) "
                f"between points that are needed; {noun} {first} {bad[first]}",
                has_nan=True,
            )
        return cut

    def _fill_unmeasured(self, resampled, axis, target):
        if not isinstance(self.fill_value, str):
            resampled[:, is_unmeasured(axis, target)] = self.fill_value

    def map_back(
        self,
        maps: ArrayLike,
        X: SpectraLike | None = None,
        *,
        mode: Literal["conserve", "density"] = "conserve",
    ) -> Floats | Any:
        """Carry maps from the target axis to the axis of the input.

        Parameters
        ----------
        maps : array-like of shape (..., n_points_out)
            Maps on the target axis; for ragged input one for each spectrum, with the
            spectra along the first axis.
        X : None, data frame or ragged spectra, default=None
            The spectra that were transformed, or a part of them: they bring the axis.
            None takes that of fit.
        mode : {"conserve", "density"}, default="conserve"
            "conserve" is for contributions: the transposed operator hands each value to
            the points it was made from, and sums stay. Without `reduction` some points
            get 0 where they lie closer than target ones: the model did not see them.
            "pchip" is not linear and takes the operator of "linear". "density" is for
            display: the map, interpolated at the measured points, 0 outside the
            target's range.

        Returns
        -------
        ndarray of shape (..., n_points), or list of such arrays
            Maps on the measured axis; for ragged input a list, one for each spectrum,
            aligned with its own points.

        Notes
        -----
        What the model drew from places where nothing was measured goes to the nearest
        measured point with fill_value="edge", and nowhere if they hold a number.
        """
        check_is_fitted(self, "wavenumbers_out_")
        target = self._target()
        if target is None:
            return super().map_back(maps, mode=mode)
        check_mode(mode)
        maps = check_maps(maps, len(target), owner="WavenumberResampler")
        how = {
            "kind": self.kind,
            "reduction": self.reduction,
            "fill_value": self.fill_value,
            "mode": mode,
        }
        if X is not None and is_ragged(X):
            spectra = read_ragged(X)
            check_n_maps(maps, len(spectra))
            return [
                self._map_back_one(one, axis, row, target, how)
                for one, (axis, row) in zip(maps, spectra, strict=True)
            ]
        axis = labels_as_wavenumbers(X)
        if axis is None and not hasattr(self, "n_features_in_"):
            raise ValueError(
                "This WavenumberResampler was fitted on ragged spectra: pass those "
                "that the maps belong to as X, so that each map finds its axis."
            )
        if axis is None:
            axis = self._known_axis(self.n_features_in_)
        found = unresample_maps(maps, axis, target, **how)
        for number, row in _rows_with_nan(X, maps):
            found[number] = self._map_back_one(maps[number], axis, row, target, how)
        return found

    @staticmethod
    def _map_back_one(one, axis, row, target, how):
        """Carry maps back to a spectrum; points without a number get 0."""
        finite = np.isfinite(row)
        found = unresample_maps(one, axis[finite], target, **how)
        return found if finite.all() else place_back(found, finite, len(axis))

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[Any]:
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self._is_common()
        return tags


def _rows_with_nan(X, maps):
    """Return numbers and rows of spectra that hold NaN, if each one has maps."""
    one_each = maps.ndim > 1 and np.shape(X)[:1] == maps.shape[:1] != (0,)
    if X is None or not one_each:
        return []
    rows = np.asarray(X, dtype=np.float64)
    return [(number, rows[number]) for number in np.flatnonzero(~_are_finite(rows))]


def _are_finite(X):
    """Tell which spectra hold numbers only, as a mask."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(X.sum()):  # faster than a look at each value
            return np.ones(len(X), dtype=bool)
    return np.isfinite(X).all(axis=1)


def _between_nan(row):
    """Return the part of a spectrum between NaN at its ends, as a slice."""
    finite = np.isfinite(row)
    if not finite.any():
        return slice(0)
    return slice(finite.argmax(), len(row) - finite[::-1].argmax())
