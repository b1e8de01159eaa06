"""What the baselines have in common that are weighted anew until they converge.

airPLS, arPLS and AsLS are penalized least squares baselines; how they are computed is
in `_whittaker`.
"""

from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

from sklearn_raman._utils._ragged import is_ragged, refuse_ragged, unmask
from sklearn_raman._utils._sklearn import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn_raman._utils._validation import warn_of_positions
from sklearn_raman._utils._wavenumbers import resolve_wavenumbers
from sklearn_raman.preprocessing._base import SpectrumTransformer
from sklearn_raman.preprocessing._penalty import PenaltyMixin
from sklearn_raman.preprocessing._whittaker.correct import correct_spectra
from sklearn_raman.preprocessing._whittaker.reference import Settings, relative_rounding

CONSTANT = "are constant: they are their own baseline and come back as zeros."
# What the functions have beside the parameters of their classes.
_OUTPUT_CONSTRAINTS = {
    "out": [np.ndarray, None],
    "return_info": ["boolean"],
    "ensure_all_finite": ["boolean"],
}


class ReweightedBaseline(PenaltyMixin, SpectrumTransformer):
    """Base of the baselines that are weighted anew until they converge.

    A subclass adds its own parameters, and its settings where it has some.
    """

    _algorithm: str
    _min_points = 2  # one point is its own baseline
    _parameter_constraints: dict = {
        **PenaltyMixin.constraints,
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, np.inf, closed="left")],
        "engine": [StrOptions({"auto", "numba", "numpy"})],
        "n_jobs": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ],
    }

    def _settings(self, X):
        lam, diff_order = self._penalty(X)
        return Settings(
            algorithm=self._algorithm,
            lam=float(lam),
            diff_order=int(diff_order),
            max_iter=int(min(self.max_iter, np.iinfo(np.int32).max)),
            tol=float(self.tol),
            rounding=relative_rounding(X.dtype),
        )

    def _correct(self, X, **output):
        """Return corrected spectra and what became of them, after one warning each."""
        settings = self._settings(X)
        corrected, info = correct_spectra(
            X, settings, engine=self.engine, n_jobs=self.n_jobs, **output
        )
        self._warn_rows(info.pop("constant"), CONSTANT)
        self._warn_rows(
            ~info["converged"] & np.isfinite(corrected[:, 0]),
            f"did not converge within max_iter={settings.max_iter} solves at "
            f"tol={settings.tol:g}: raise max_iter or tol.",
            ConvergenceWarning,
        )
        return corrected, info

    def _check_used(self, spectra):
        """Leave it to the result of a spectrum, which tells at no cost."""

    def _check_finite(self, transformed):
        """Leave it to `correct_spectra`, which raises."""

    def _learn(self, X):
        super()._check_used(X)
        # One spectrum shows whether the settings work; transform corrects the others.
        _, info = correct_spectra(X[:1], self._settings(X), engine=self.engine)
        self.n_iter_ = int(info["n_iter"][0])

    def _take_over(self, step):
        self.n_iter_ = step.n_iter_

    def _transform_spectra(self, X):
        try:
            return self._correct(X)[0]
        except ValueError as error:
            failure = error
        super()._check_used(X)  # names what is not finite
        raise failure


def call(cls, X, **arguments):
    """Correct spectra as a function does: with the parameters of a class."""
    output = {name: arguments.pop(name) for name in _OUTPUT_CONSTRAINTS}
    for constraints, values, name in (
        (_OUTPUT_CONSTRAINTS, output, cls._algorithm),
        (cls._parameter_constraints, arguments, cls.__name__),
    ):
        validate_parameter_constraints(constraints, values, caller_name=name)
    if is_ragged(X):
        raise ValueError(
            f"{cls._algorithm} needs all spectra on one axis, but X holds spectra that "
            f"each bring their own: {cls.__name__}().fit_transform(X) takes them."
        )
    refuse_ragged(X, cls._algorithm)
    axis = resolve_wavenumbers(X, None)
    if axis is None:
        warn_of_positions(X)
    X = _as_matrix(unmask(X))
    if output["out"] is not None:
        _check_out(output["out"], X.shape)
    estimator = cls(**arguments)
    estimator.wavenumbers_in_ = axis
    return_info = output.pop("return_info")
    corrected, info = estimator._correct(X, **output)
    return (corrected, info) if return_info else corrected


def _as_matrix(X):
    """Return spectra as a matrix of real numbers, a memory map as it is."""
    if issparse(X):
        raise TypeError(
            "X is sparse, but spectra have a value everywhere: X.toarray()."
        )
    X = np.asarray(X)
    if X.ndim != 2 or X.size == 0:
        raise ValueError(
            f"X must be a matrix of spectra in rows, got shape {X.shape}: reshape one "
            "spectrum with X[None, :]."
        )
    if X.shape[1] < ReweightedBaseline._min_points:
        raise ValueError("X has 1 point per spectrum, which is its own baseline.")
    if X.dtype.kind not in "fiub":
        if X.dtype.kind != "O":
            raise ValueError(f"X must hold real numbers, got dtype {X.dtype}.")
        X = X.astype(np.float64)
    return X


def _check_out(out, shape):
    """Raise if corrected spectra cannot be written to `out`."""
    if out.shape != shape or out.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"out must be float32 or float64 of shape {shape}, got {out.dtype} of "
            f"shape {out.shape}."
        )
    if not out.flags.writeable:
        raise ValueError(
            "out is read-only: open a memory map with mode='r+', or copy the array."
        )
