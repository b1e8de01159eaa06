"""Methods of pybaselines by name: which there are, what they take, what they find."""

import inspect
from functools import cache
from numbers import Real

import numpy as np

from sklearn_raman._utils._validation import check_whole

_DEFAULT_LAM = 1e5  # as of AIRPLS, ARPLS and ASLS

_COUPLES_SPECTRA = {
    "collab_pls": "shares weights between spectra, so that one would depend on the "
    "others"
}

# Parameters of pybaselines that it takes for whole numbers without a look.
_WHOLE = {"diff_order", "max_iter", "num_knots", "poly_order", "spline_degree"}


@cache
def baseline_methods():
    """Return the parameters of each method that `BaselineCorrection` accepts, sorted.

    A dict of dicts: method -> name of a parameter -> its default.
    """
    from pybaselines import Baseline  # when first needed: it takes a while

    methods = {"linear": {}}
    for name, method in inspect.getmembers(Baseline, inspect.isfunction):
        parameters = dict(inspect.signature(method).parameters)
        if name.startswith("_") or name in _COUPLES_SPECTRA or "data" not in parameters:
            continue
        del parameters["self"], parameters["data"]
        methods[name] = {
            key: parameter.default
            for key, parameter in parameters.items()
            if parameter.kind is not parameter.VAR_KEYWORD
        }
    return dict(sorted(methods.items()))


def check_method(method, params):
    """Raise if there is no such method, or it does not take the parameters."""
    if method == "linear" and not params:  # known without pybaselines
        return
    if method not in baseline_methods():
        reason = _COUPLES_SPECTRA.get(method, "is not known")
        raise ValueError(
            f"method={method!r} {reason}. Choose one of: "
            f"{', '.join(baseline_methods())}."
        )
    allowed = list(baseline_methods()[method])
    if unknown := [name for name in params if name not in allowed]:
        raise ValueError(
            f"method_params has {unknown}, which method={method!r} does not "
            f"take; it takes {allowed}."
        )
    for name, value in params.items():
        if isinstance(value, Real) and np.isnan(value):
            raise ValueError(f"method_params has {name}={value}.")
        if name in _WHOLE and isinstance(value, Real):
            check_whole(value, f"method_params, {name},", low=0)


def counts_points(method):
    """Tell whether a method penalizes a curve of points, wherever they lie."""
    return method != "linear" and bool(_default_lam(method))


def find_baselines(X, rows, axis, method, params):
    """Yield pybaselines' baseline of each of these rows of X."""
    from pybaselines import Baseline

    fit_baseline = getattr(Baseline(axis), method)
    params = _with_lam(method, params)
    for row in rows:
        largest = np.abs(X[row]).max()
        if not 1e-8 < largest < 1e12:  # pybaselines adds and compares constants
            raise ValueError(
                f"method={method!r} is unreliable for the spectrum at row {row}, "
                f"whose largest absolute intensity is {largest:g}: multiply the "
                "spectra by a constant first."
            )
        try:
            baseline = fit_baseline(X[row], **params)[0]
        except Exception as error:
            raise ValueError(
                f"method={method!r} with method_params={params!r} fails on the "
                f"spectrum at row {row}, which has {X.shape[1]} points: {error}"
            ) from error
        yield baseline


def _with_lam(method, params):
    """Return the parameters for pybaselines, with our default of lam."""
    params = {**_default_lam(method), **params}
    if method == "custom_bc":  # which passes the spectrum to another method
        inner = params.get("method", baseline_methods()["custom_bc"]["method"])
        given = params.get("method_kwargs") or {}
        params["method_kwargs"] = {**_default_lam(inner), **given}
    return params


def _default_lam(method):
    """Return {"lam": _DEFAULT_LAM} for methods whose lam penalizes a curve of points.

    The lam of splines weighs their coefficients, which is another scale.
    """
    parameters = baseline_methods().get(method, {})
    is_spline = "spline_degree" in parameters
    is_penalized = isinstance(parameters.get("lam"), Real)
    return {"lam": _DEFAULT_LAM} if is_penalized and not is_spline else {}
