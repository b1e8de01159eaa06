"""Savitzky-Golay against scipy, Whittaker against the dense solution."""

import numpy as np
import pandas as pd
import pytest
from numpy.polynomial import Chebyshev
from scipy.signal import savgol_filter

from sklearn_raman.preprocessing import SavitzkyGolay, WhittakerSmoother


@pytest.mark.parametrize("mode", ["interp", "mirror", "nearest"])
@pytest.mark.parametrize("deriv", [0, 1, 2])
@pytest.mark.parametrize("window_length", [7, 9])
def test_equals_scipy(mode, deriv, window_length, spectra):
    settings = {"window_length": window_length, "polyorder": 3, "deriv": deriv}
    found = SavitzkyGolay(**settings, mode=mode, delta=2.0).fit_transform(spectra)
    expected = savgol_filter(spectra, **settings, mode=mode, delta=2.0)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("deriv", [0, 1])
@pytest.mark.parametrize(("window_length", "polyorder"), [(21, 16), (59, 20), (151, 8)])
@pytest.mark.parametrize("is_even", [True, False])
def test_high_orders(window_length, polyorder, deriv, is_even):
    """scipy's weights are lost in rounding: smooth spectra were 0."""
    x = np.linspace(-1, 1, 160)
    x = x if is_even else x + 0.1 * x**2
    curve = Chebyshev.basis(polyorder)
    settings = {"window_length": window_length, "polyorder": polyorder, "deriv": deriv}
    found = SavitzkyGolay(
        **settings, delta="axis", wavenumbers=1000 + 500 * x
    ).fit_transform(curve(x)[None])
    expected = curve.deriv(deriv)(x) / 500**deriv
    np.testing.assert_allclose(found[0], expected, atol=1e-7 * abs(expected).max())


# A cubic and its derivatives: what a filter of order 3 follows exactly.
CUBIC = {
    0: lambda x: ((x - 800) / 200) ** 3 + x / 500,
    1: lambda x: 3 * ((x - 800) / 200) ** 2 / 200 + 1 / 500,
    2: lambda x: 6 * ((x - 800) / 200) / 200**2,
}
UNEVEN = 400 + 0.8 * (np.linspace(20, 45, 300) ** 2 - 400)  # 2 to 4.5 cm-1 apart


@pytest.mark.parametrize("deriv", CUBIC)
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("spacing", ["even", "drifting", "gap"])
@pytest.mark.parametrize("form", ["frame", "pairs", "parameter"])
@pytest.mark.parametrize("window_length", [9, 10])
def test_derivatives_per_wavenumber(deriv, direction, spacing, form, window_length):
    axis = {
        "even": np.linspace(400, 1200, 300),
        "drifting": UNEVEN,
        "gap": np.r_[UNEVEN[:150], UNEVEN[150:] + 700],
    }[spacing][::direction]
    settings = {"polyorder": 3, "deriv": deriv, "delta": "axis"}
    settings["window_length"] = window_length
    curve, step = CUBIC[0](axis), SavitzkyGolay(**settings)
    if form == "frame":
        found = step.fit_transform(pd.DataFrame(curve[None], columns=axis)).to_numpy()[
            0
        ]
    elif form == "pairs":
        ((_, found),) = step.fit_transform([(axis, curve)])
    else:
        found = step.set_params(wavenumbers=axis).fit_transform(curve[None])[0]
    expected = CUBIC[deriv](axis)
    rounding = 1e-9 * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=rounding)


@pytest.mark.parametrize("mode", ["interp", "mirror", "nearest", "constant", "wrap"])
@pytest.mark.parametrize("deriv", [0, 1, 2])
def test_uneven_goes_over_into_even(mode, deriv, spectra, axis):
    """An axis that is uneven by next to nothing gives next to the same."""
    settings = {"window_length": 9, "polyorder": 3, "deriv": deriv, "mode": mode}
    almost = axis + np.where(np.arange(150) % 7 == 3, 0.02, 0)
    for delta in (1.0, 2.0, "axis"):
        step = SavitzkyGolay(**settings, delta=delta)
        even = step.fit_transform(pd.DataFrame(spectra, columns=axis)).to_numpy()
        found = step.fit_transform(pd.DataFrame(spectra, columns=almost)).to_numpy()
        scale = np.abs(even).max()
        assert 0 < np.abs(found - even).max() < 0.02 * scale


def test_no_window_reaches_across_a_gap():
    axis = np.r_[400:500:2.0, 900:1000:2.0]
    X = pd.DataFrame([np.where(axis > 700, 100.0, 1.0)], columns=axis)
    np.testing.assert_allclose(SavitzkyGolay().fit_transform(X), X, rtol=1e-12)
    slope = SavitzkyGolay(deriv=1).fit_transform(X)
    np.testing.assert_allclose(slope, 0, atol=1e-10)
    with pytest.raises(ValueError, match="50 points on one side of a gap"):
        SavitzkyGolay(window_length=51).fit(X)


def test_uneven_rows_do_not_depend_on_each_other(rng):
    X = pd.DataFrame(rng.normal(size=(30, 300)), columns=UNEVEN)
    step = SavitzkyGolay(deriv=1).fit(X)
    alone = pd.concat([step.transform(X.iloc[[i]]) for i in range(30)])
    pd.testing.assert_frame_equal(step.transform(X), alone, rtol=1e-12)
    assert (step.transform(X.astype(np.float32)).dtypes == np.float32).all()


def test_the_axis_has_to_be_known(spectra):
    with pytest.raises(ValueError, match=r'delta="axis".*SavitzkyGolay\(wavenumbers='):
        SavitzkyGolay(delta="axis").fit(spectra)


def test_derivatives_per_point_of_different_samplings(axis, spectra):
    pairs = [(axis, spectra[0]), (axis * 1.5, spectra[1])]
    with pytest.warns(UserWarning, match='2 to 3 cm-1 apart. With delta="axis"'):
        SavitzkyGolay(deriv=1).transform(pairs)


def test_the_noun_of_an_uneven_axis(spectra):
    X = pd.DataFrame(spectra, columns=UNEVEN[:150])
    with pytest.warns(UserWarning, match="distance .* varies .* the curve is stiffer"):
        WhittakerSmoother().fit(X)
    X = pd.DataFrame(spectra, columns=np.r_[400:500:1.0, 900:950:1.0])
    with pytest.warns(UserWarning, match="there is a gap between 499 and 900 cm-1"):
        WhittakerSmoother().fit(X)
    with pytest.raises(ValueError, match="needs an even axis, but there is a gap"):
        WhittakerSmoother(cutoff=30.0).fit(X)


def test_defaults(spectra):
    found = SavitzkyGolay().fit_transform(spectra)
    np.testing.assert_allclose(found, savgol_filter(spectra, 11, 2), atol=1e-9)


def test_default_window_follows_short_spectra():
    with pytest.warns(UserWarning, match="window_length=4 instead of its default 11"):
        found = SavitzkyGolay().fit_transform([[1.0, 4.0, 9.0, 16.0]])
    np.testing.assert_allclose(found, [[1, 4, 9, 16]])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window_length": 11}, "spectra have 5 points, which allows at most 5"),
        ({"window_length": 3, "polyorder": 3}, "window has 3 points"),
        ({"window_length": 5, "polyorder": 1, "deriv": 2}, "zero everywhere"),
        ({"delta": 0.0}, "delta"),
    ],
)
def test_what_does_not_fit_raises(settings, message):
    with pytest.raises(ValueError, match=message):
        SavitzkyGolay(**settings).fit([[1.0, 2.0, 3.0, 4.0, 5.0]])


def test_orders_that_rounding_does_not_allow():
    with pytest.raises(
        ValueError, match="polyorder=58 is too large for a window of 59"
    ):
        SavitzkyGolay(window_length=59, polyorder=58).fit_transform(np.ones((1, 60)))


@pytest.mark.parametrize("factor", [1e-300, 1e-20, 1e3])
def test_the_unit_of_weights_is_that_of_lam(factor, spectra, rng):
    weights = rng.uniform(0.1, 1, spectra.shape[1])
    expected = WhittakerSmoother(weights=weights).fit_transform(spectra)
    found = WhittakerSmoother(lam=10 * factor, weights=weights * factor)
    np.testing.assert_allclose(found.fit_transform(spectra), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.full(150, 1e-300), "lam=10 is too large for weights of at most 1e-300"),
        (np.r_[1.0, np.full(149, 1e-20)], "weights must be .* at 2 points or more"),
        (pd.Series(np.ones(150), UNEVEN[150:]), "weights has the axis"),
    ],
)
def test_weights_that_determine_nothing(weights, message, spectra):
    X = pd.DataFrame(spectra, columns=UNEVEN[:150])
    with pytest.raises(ValueError, match=message):
        WhittakerSmoother(weights=weights).fit(X)


@pytest.mark.parametrize("diff_order", [1, 2, 3])
def test_cutoff_is_where_half_is_followed(diff_order):
    """A long wave with the period of the cutoff comes through at half its height."""
    axis = np.arange(0.0, 6000.0, 2.0)
    wave = np.cos(2 * np.pi * axis / 300.0)
    smoother = WhittakerSmoother(cutoff=300.0, diff_order=diff_order, wavenumbers=axis)
    smooth = smoother.fit_transform(wave[None])[0]
    middle = slice(1000, 2000)
    np.testing.assert_allclose(smooth[middle], wave[middle] / 2, atol=1e-3)


@pytest.mark.parametrize("diff_order", [1, 2, 3])
def test_smoother_is_the_dense_solution(diff_order, spectra):
    weights = np.linspace(0, 1, spectra.shape[1])
    matrix = np.diff(np.eye(spectra.shape[1]), n=diff_order, axis=0)
    system = np.diag(weights) + 50.0 * matrix.T @ matrix
    expected = np.linalg.solve(system, (weights * spectra).T).T
    smoother = WhittakerSmoother(lam=50.0, diff_order=diff_order, weights=weights)
    np.testing.assert_allclose(smoother.fit_transform(spectra), expected, atol=1e-8)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), "150 values"),
        (-np.ones(150), "0 or more"),
        (np.zeros(150), "positive at 2 points"),
        (np.full(150, np.inf), "finite"),
    ],
)
def test_smoother_bad_weights(weights, message, spectra):
    with pytest.raises(ValueError, match=message):
        WhittakerSmoother(weights=weights).fit(spectra)
