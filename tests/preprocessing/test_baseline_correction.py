"""Any baseline by name: pybaselines as oracle."""

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest
from pybaselines import Baseline
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_raman.preprocessing import BaselineCorrection
from tests.preprocessing.conftest import difference


def test_linear_baseline(spectra, axis):
    """Ends at zero, and a straight background goes exactly, on an uneven axis too."""
    uneven_ends = 10 ** np.random.default_rng(0).uniform(-1, 3, (200, 9))
    for X in (spectra, uneven_ends, uneven_ends.astype(np.float32)):
        found = BaselineCorrection().fit_transform(X)
        assert (found[:, [0, -1]] == 0).all()  # to the bit
    uneven = axis + axis**2 / 1e4
    line = 3 - 0.01 * uneven
    linear = BaselineCorrection(wavenumbers=uneven)
    np.testing.assert_allclose(linear.fit_transform(line[None]), 0, atol=1e-12)


def is_whittaker(method):
    """Tell whether a method's lam penalizes a curve of points, not of splines."""
    if method == "linear":
        return False
    names = inspect.signature(getattr(Baseline, method)).parameters
    lam = names["lam"].default if "lam" in names else None
    return isinstance(lam, float) and "spline_degree" not in names


def offered_methods():
    """All methods, as the error of a wrong one lists them."""
    with pytest.raises(ValueError, match="Choose one of: ") as caught:
        BaselineCorrection(method="?").fit([[1.0, 2.0]])
    return str(caught.value).split("Choose one of: ")[1].rstrip(".").split(", ")


def test_offered_methods():
    methods = offered_methods()
    assert {"linear", "airpls", "arpls", "mor", "snip", "irsqr"} <= set(methods)
    assert "collab_pls" not in methods
    assert len(methods) > 50


def test_every_method(spectra, axis):
    """Each is pybaselines', with lam 1e5 in the Whittaker family; constants are 0."""
    X = spectra[:4].copy()
    X[1:3] = [[0.0], [7.0]]
    whittaker = {method for method in offered_methods() if is_whittaker(method)}
    for method in set(offered_methods()) - {"linear"}:
        params = {"lam": 1e5} if method in whittaker else {}
        if method == "custom_bc":  # passes the spectrum to asls
            params = {"method_kwargs": {"lam": 1e5}}
        correction = BaselineCorrection(method=method, wavenumbers=axis)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                expected = [
                    row - getattr(Baseline(axis), method)(row, **params)[0]
                    for row in X[[0, 3]]
                ]
            except (TypeError, ValueError):  # interp_pts wants points, cwt_br fails
                with pytest.raises(ValueError, match=f"'{method}'.* fails .* row 0"):
                    correction.fit_transform(X)
                continue
            found = correction.fit_transform(X)
        assert sum("2 of 4 spectra are const" in str(w.message) for w in told) == 1
        assert (found[1:3] == 0).all(), method
        assert difference(found[[0, 3]], expected, X[[0, 3]]) < 1e-6, method
    assert {"airpls", "arpls", "asls", "iasls", "drpls", "mpls", "fabc"} <= whittaker


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("labelled", [False, True])
def test_constants_of_any_size_in_every_method(dtype, labelled, axis):
    """Zeros, one warning: also where pybaselines refuses the size or fails."""
    tiny, huge = (1e-30, 1e30) if dtype == np.float32 else (1e-300, 1e300)
    X = np.array([[0], [7], [0.1], [-3.3], [tiny], [huge]], dtype=dtype)
    X = np.repeat(X, len(axis), axis=1)
    X[2, ::2] = np.nextafter(X[2, ::2], dtype(1))  # constant apart from rounding
    for method in offered_methods():
        step = BaselineCorrection(method=method, wavenumbers=axis if labelled else None)
        with pytest.warns(UserWarning, match="6 of 6 spectra are constant") as told:
            found = step.fit_transform(X)
        assert len(told) == 1, method
        assert found.dtype == dtype and not found.any(), method


@pytest.mark.parametrize("method", ["airpls", "arpls", "asls"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"max_iter": 2},
        {"lam": 1e4, "diff_order": 3, "tol": 1e-4},
        {"weights": np.linspace(0.5, 1, 150)},  # pybaselines' own
        {"diff_order": 4},
    ],
)
def test_fast_methods_take_pybaselines_parameters(method, params, spectra):
    correction = BaselineCorrection(method=method, method_params=params)
    params = {"lam": 1e5, **params}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = correction.fit_transform(spectra)
        expected = [
            row - getattr(Baseline(), method)(row, **params)[0] for row in spectra
        ]
    assert difference(found, expected, spectra) < 1e-6


@pytest.mark.parametrize("method", ["airpls", "arpls", "asls", "drpls", "snip"])
def test_methods_that_count_points_warn_of_an_uneven_axis(method, spectra, axis):
    gap, curved = np.r_[axis[:75], axis[75:] + 60], axis + axis**2 / 1e4
    for uneven in (gap, curved):
        step = BaselineCorrection(method=method, wavenumbers=uneven)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            step.fit_transform(spectra)
        about = [str(w.message) for w in told if "counts points" in str(w.message)]
        assert len(about) == (method != "snip")
        assert all(f"(method={method!r})" in message for message in about)


def test_collaborative_methods_are_not_offered(spectra):
    with pytest.raises(ValueError, match="depend on the others"):
        BaselineCorrection(method="collab_pls").fit(spectra)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "airpsl"}, "'airpsl' is not known.*airpls"),
        ({"method_params": {"lam": 1}}, "'linear' does not take"),
        ({"method": "arpls", "method_params": {"lamda": 1}}, "lamda.*it takes.*'lam'"),
        # pybaselines would pass these on to a function that pads
        ({"method": "snip", "method_params": {"max_half": 1}}, "takes.*'max_half_win"),
        ({"method": "mpls", "method_params": {"half_win": 1}}, "takes.*'half_window'"),
        ({"method": "asls", "method_params": {"p": 2.0}}, "'p' parameter of ASLS"),
        ({"method": "asls", "method_params": {"lam": True}}, "'lam' parameter"),
        ({"method": "airpls", "method_params": {"max_iter": "9"}}, "'max_iter' par"),
        ({"method": "airpls", "method_params": {"data": 1}}, "does not take"),
        ({"method": 3}, "'method' parameter"),
    ],
)
def test_bad_method(settings, message, spectra):
    """Whichever is called first."""
    for call in ("fit_transform", "transform"):
        if settings == {"method": 3} and call == "transform":
            continue
        with pytest.raises(ValueError, match=message):
            getattr(BaselineCorrection(**settings), call)(spectra)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"poly_order": 2.5}, "poly_order, must be a whole number, got 2.5"),
        ({"tol": np.nan}, "method_params has tol=nan"),
        ({"weights": pd.Series(1.0, np.arange(150.0) + 500)}, "weights has the axis"),
    ],
)
def test_parameters_that_pybaselines_takes_in_silence(params, message, spectra):
    X = pd.DataFrame(spectra, columns=np.arange(spectra.shape[1]) + 400.0)
    with pytest.raises((TypeError, ValueError), match=message):
        BaselineCorrection(method="modpoly", method_params=params).fit_transform(X)


@pytest.mark.parametrize("factor", [1e-130, 1e-18, 1e18, 1e130])
def test_absurd_sizes_name_the_row(factor, spectra):
    """pybaselines would return something."""
    X = spectra.copy()
    X[3] *= factor
    with pytest.raises(ValueError, match="at row 3, whose largest .* multiply"):
        BaselineCorrection(method="modpoly").fit_transform(X)
    for method in ("linear", "airpls", "arpls", "asls"):
        found = BaselineCorrection(method=method).fit_transform(X)
        expected = BaselineCorrection(method=method).fit_transform(spectra)
        np.testing.assert_allclose(found[3], factor * expected[3], rtol=1e-6)


def test_failure_names_method_and_row(spectra):
    correction = BaselineCorrection(method="imodpoly", method_params={"num_std": -1})
    with pytest.raises(ValueError, match="imodpoly.*row 0.*150 points.*num_std"):
        correction.fit_transform(spectra)


def test_grid_over_methods(spectra, labels):
    pipeline = make_pipeline(BaselineCorrection(), KNeighborsClassifier(1))
    grid = [
        {"baselinecorrection__method": ["linear", "snip"]},
        {
            "baselinecorrection__method": ["arpls"],
            "baselinecorrection__method_params": [{"lam": 1e3}, {"lam": 1e5}],
        },
    ]
    search = GridSearchCV(pipeline, grid, cv=2).fit(spectra, labels)
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
