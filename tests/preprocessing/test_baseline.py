"""Baselines against pybaselines, and against a background that is known."""

import numpy as np
import pytest
from pybaselines import Baseline
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_raman.preprocessing import AIRPLS, BaselineCorrection
from sklearn_raman.preprocessing._baseline import baseline_methods
from sklearn_raman.preprocessing._whittaker import penalise, penalty_bands


def relative_error(found, expected, spectra):
    """Largest difference over the range of each spectrum."""
    return (np.abs(found - expected).max(axis=1) / np.ptp(spectra, axis=1)).max()


@pytest.mark.parametrize("diff_order", [1, 2, 3])
@pytest.mark.parametrize("lam", [1e2, 1e5, 1e7])
def test_airpls_is_pybaselines(diff_order, lam, spectra):
    """pybaselines solves max_iter + 1 times."""
    found = AIRPLS(lam=lam, diff_order=diff_order).fit_transform(spectra)
    fitter = Baseline()
    baselines = [
        fitter.airpls(row, lam=lam, diff_order=diff_order, max_iter=49)[0]
        for row in spectra
    ]
    assert relative_error(found, spectra - baselines, spectra) < 1e-6


def test_airpls_counts_solves(spectra):
    airpls = AIRPLS(lam=1e5).fit(spectra)
    iterations = [
        len(Baseline().airpls(row, lam=1e5)[1]["tol_history"]) for row in spectra
    ]
    assert airpls.n_iter_ == max(iterations)


@pytest.mark.parametrize("diff_order", [1, 2, 3])
def test_penalty(diff_order, rng):
    """The bands and the right side are D'D and D'D y for the difference matrix D."""
    difference = np.diff(np.eye(9), n=diff_order, axis=0)
    penalty = difference.T @ difference
    bands = penalty_bands(9, diff_order)
    for offset in range(diff_order + 1):
        np.testing.assert_allclose(
            bands[offset, : 9 - offset], np.diag(penalty, offset)
        )
    y = rng.normal(size=9)
    np.testing.assert_allclose(penalise(y, diff_order), penalty @ y, atol=1e-12)


def test_airpls_warns_once_with_the_count(spectra):
    with pytest.warns(ConvergenceWarning, match="for 12 of 12 spectra") as caught:
        AIRPLS(lam=10.0, max_iter=1, tol=0.0).fit_transform(spectra)
    assert len(caught) == 1


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
def test_airpls_scales_with_the_spectrum(scale, spectra):
    found = AIRPLS().fit_transform(spectra * scale) / scale
    np.testing.assert_allclose(found, AIRPLS().fit_transform(spectra), atol=1e-6)


def test_airpls_lam_beyond_rounding(spectra):
    with pytest.raises(ValueError, match=r"lam=1e\+30 is too large for diff_order=2"):
        AIRPLS(lam=1e30).fit(spectra)


@pytest.mark.parametrize("flat", [0.0, 5.0])
def test_airpls_constant_spectrum(flat):
    """A constant is its own baseline; nothing becomes NaN."""
    np.testing.assert_allclose(AIRPLS().fit_transform(np.full((2, 50), flat)), 0)


def test_airpls_short_spectra():
    with pytest.warns(UserWarning, match="diff_order=1 instead of its default 2"):
        AIRPLS().fit_transform([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"diff_order=2\) is too large"):
        AIRPLS(diff_order=2).fit([[1.0, 2.0]])
    with pytest.raises(ValueError, match="1 feature"):
        AIRPLS().fit([[1.0], [2.0]])


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
    for row, corrected in zip(spectra, found, strict=True):
        expected = row - getattr(Baseline(axis), method)(row)[0]
        np.testing.assert_allclose(corrected, expected, atol=1e-9)


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
        ({"method_params": {"lam": 1}}, "does not take; it takes \\[\\]"),
        ({"method": "arpls", "method_params": {"lamda": 1}}, "lamda.*it takes.*'lam'"),
    ],
)
def test_bad_method(settings, message, spectra):
    with pytest.raises(ValueError, match=message):
        BaselineCorrection(**settings).fit(spectra)


def test_failure_names_method_and_row(spectra):
    correction = BaselineCorrection(method="arpls", method_params={"lam": -1.0})
    with pytest.raises(ValueError, match="arpls.*row 0.*150 points"):
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
