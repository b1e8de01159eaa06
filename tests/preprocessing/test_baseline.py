"""Baselines against pybaselines, and against a background that is known."""

import warnings

import numpy as np
import pytest
from pybaselines import Baseline
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_raman.preprocessing import BaselineCorrection
from sklearn_raman.preprocessing._baseline import baseline_methods


def relative_error(found, expected, spectra):
    """Largest difference over the range of each spectrum."""
    return (np.abs(found - expected).max(axis=1) / np.ptp(spectra, axis=1)).max()


def test_linear_baseline(spectra, axis):
    """Ends at zero, and a straight background goes exactly, on an uneven axis too."""
    found = BaselineCorrection().fit_transform(spectra)
    np.testing.assert_allclose(found[:, [0, -1]], 0, atol=1e-12)
    uneven = axis + axis**2 / 1e4
    line = 3 - 0.01 * uneven
    linear = BaselineCorrection(wavenumbers=uneven)
    np.testing.assert_allclose(linear.fit_transform(line[None]), 0, atol=1e-12)


@pytest.mark.parametrize("method", ["asls", "arpls", "modpoly", "snip", "rubberband"])
def test_methods_are_pybaselines(method, spectra, axis):
    found = BaselineCorrection(method=method, wavenumbers=axis).fit_transform(spectra)
    expected = [row - getattr(Baseline(axis), method)(row)[0] for row in spectra]
    assert relative_error(found, expected, spectra) < 1e-6


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = correction.fit_transform(spectra)
    expected = [row - getattr(Baseline(), method)(row, **params)[0] for row in spectra]
    assert relative_error(found, expected, spectra) < 1e-6


def test_offered_methods():
    methods = baseline_methods()
    assert {"linear", "airpls", "arpls", "mor", "snip", "irsqr"} <= set(methods)
    assert "collab_pls" not in methods
    assert len(methods) > 50


def test_collaborative_methods_are_not_offered(spectra):
    with pytest.raises(ValueError, match="depend on the others"):
        BaselineCorrection(method="collab_pls").fit(spectra)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "airpsl"}, "'airpsl' is not known.*airpls"),
        ({"method_params": {"lam": 1}}, '"linear" takes none'),
        ({"method": "arpls", "method_params": {"lamda": 1}}, "lamda.*it takes.*'lam'"),
    ],
)
def test_bad_method(settings, message, spectra):
    with pytest.raises(ValueError, match=message):
        BaselineCorrection(**settings).fit(spectra)


def test_failure_names_method_and_row(spectra):
    correction = BaselineCorrection(method="modpoly", method_params={"poly_order": -1})
    with pytest.raises(ValueError, match="modpoly.*row 0.*150 points"):
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
