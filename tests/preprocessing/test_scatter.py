"""Fits to a reference, against linear least squares of numpy and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from numpy.polynomial import Polynomial
from sklearn.linear_model import LinearRegression

from sklearn_raman.preprocessing import EMSC, MSC


@pytest.mark.parametrize("reference", ["mean", "median"])
def test_msc_is_a_regression_on_the_reference(reference, spectra):
    msc = MSC(reference=reference).fit(spectra[:8])
    combine = {"mean": np.mean, "median": np.median}[reference]
    learned = combine(spectra[:8], axis=0)
    np.testing.assert_allclose(msc.reference_, learned)
    for row, found in zip(spectra, msc.transform(spectra), strict=True):
        line = LinearRegression().fit(learned[:, None], row)
        np.testing.assert_allclose(found, (row - line.intercept_) / line.coef_[0])


def test_msc_removes_gain_and_offset(spectra):
    changed = spectra * np.linspace(0.5, 2, 12)[:, None] + np.arange(12)[:, None]
    msc = MSC(reference=spectra[0])
    np.testing.assert_allclose(
        msc.fit_transform(changed), msc.fit_transform(spectra), atol=1e-9
    )


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ([1.0, 2.0], "150 points"),
        (np.ones(150), "constant"),
        (np.full(150, np.nan), "fin"),
    ],
)
def test_bad_reference(reference, message, spectra):
    with pytest.raises(ValueError, match=message):
        MSC(reference=reference).fit(spectra)


@pytest.mark.parametrize("combine", ["mean", "median"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("level", [0.0, 0.1, 1e6])
def test_msc_of_spectra_that_cancel(combine, dtype, level, spectra):
    """Their mean is constant apart from rounding: there is nothing to fit them to."""
    shape = spectra[:4] - spectra[:4].mean(axis=1, keepdims=True)
    X = (np.concatenate([shape, -shape]) / 3 + level).astype(dtype)
    with pytest.warns(UserWarning, match="8 of 8 spectra have no slope"):
        found = MSC(reference=combine).fit_transform(X)
    np.testing.assert_array_equal(found, X)


def test_msc_of_a_spectrum_without_a_slope(spectra):
    """A spectrum at right angles to the reference is not blown up."""
    wave = np.sin(2 * np.pi * np.arange(150) / 150)
    other = 3 * np.sin(4 * np.pi * np.arange(150) / 150) + 1000.0
    with pytest.warns(UserWarning, match="1 of 2 spectra have no slope"):
        found = MSC(reference=wave).fit_transform(np.stack([other, 2 * wave + 5]))
    np.testing.assert_array_equal(found[0], other)
    np.testing.assert_allclose(found[1], wave, atol=1e-12)


def test_a_given_reference_needs_no_fit(spectra):
    expected = MSC(reference=spectra[0]).fit_transform(spectra)
    found = MSC(reference=spectra[0]).transform(spectra)
    np.testing.assert_array_equal(found, expected)
    changed = MSC().fit(spectra).set_params(reference=spectra[0]).transform(spectra)
    np.testing.assert_array_equal(changed, expected)


def test_msc_takes_its_coefficients_from_a_region(spectra, axis):
    inside = (axis >= 430) & (axis <= 500) | (axis >= 600)
    regions = ((430, 500), (600, 800))
    msc = MSC(region=regions, wavenumbers=axis).fit(spectra)
    learned = spectra.mean(axis=0)
    for row, found in zip(spectra, msc.transform(spectra), strict=True):
        line = LinearRegression().fit(learned[inside, None], row[inside])
        expected = (row - line.intercept_) / line.coef_[0]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_what_lies_outside_the_region_does_not_count(frame):
    changed = frame.copy()
    changed.loc[:, "600.0":] += 1e4
    msc = MSC(reference=frame.iloc[0], region=(450, 580))
    found, expected = (msc.fit_transform(X) for X in (changed, frame))
    assert list(found.columns) == list(frame.columns)
    np.testing.assert_array_equal(found.loc[:, :"598.0"], expected.loc[:, :"598.0"])


def test_bad_regions_of_msc(spectra, axis, frame):
    with pytest.raises(ValueError, match="MSC needs the wavenumber"):
        MSC(region=(450, 500)).fit(spectra)
    with pytest.raises(ValueError, match="from 900 to 950 cm-1.*400 to 698"):
        MSC(region=(900, 950)).fit(frame)
    with pytest.raises(ValueError, match="region must"):
        MSC(region=(500, 450)).fit(frame)
    step = np.where(axis < 500, 1.0, axis)
    with pytest.raises(ValueError, match=r"constant in region=\(400, 450\)"):
        MSC(reference=step, region=(400, 450)).fit(frame)
    flat = frame.copy()
    flat.loc[:, :"450.0"] = 1.0
    with pytest.warns(UserWarning, match="12 of 12 spectra have no slope"):
        found = MSC(region=(400, 450)).fit_transform(flat)
    pd.testing.assert_frame_equal(found, flat)


@pytest.fixture
def glass(axis):
    """Two interferents: a broad hump and a band."""
    hump = np.exp(-(((axis - 520) / 60) ** 2))
    return np.stack([hump, 1 / (1 + ((axis - 640) / 5) ** 2)])


@pytest.mark.parametrize("order", [0, 1, 2, 5])
@pytest.mark.parametrize("n_interferents", [0, 1, 2])
@pytest.mark.parametrize("reference", ["mean", "median", "given"])
@pytest.mark.parametrize("direction", [1, -1])
def test_emsc_is_least_squares(
    order, n_interferents, reference, direction, spectra, axis, glass
):
    """On an uneven axis, with powers of cm-1 and numpy's solver."""
    axis = (axis + axis**2 / 1e4)[::direction]
    learned = {
        "mean": spectra[:8].mean(axis=0),
        "median": np.median(spectra[:8], axis=0),
        "given": spectra[1],
    }[reference]
    interferents = glass[:n_interferents] if n_interferents else None
    emsc = EMSC(
        order=order,
        reference=spectra[1] if reference == "given" else reference,
        interferents=interferents,
        wavenumbers=axis,
    ).fit(spectra[:8])
    np.testing.assert_allclose(emsc.reference_, learned)
    design = [learned] + [(axis / 500) ** k for k in range(order + 1)]
    design = np.stack([*design, *glass[:n_interferents]], axis=1)
    for row, found in zip(spectra, emsc.transform(spectra), strict=True):
        coefficients = np.linalg.lstsq(design, row, rcond=None)[0]
        expected = (row - design[:, 1:] @ coefficients[1:]) / coefficients[0]
        np.testing.assert_allclose(found, expected, atol=1e-7 * np.ptp(expected))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_emsc_gives_the_reference_back(dtype, spectra, axis, glass, rng):
    """Whatever gain, polynomial and interferents were put on it."""
    reference = spectra[0]
    t = (axis - 550) / 150
    gains, curves = rng.uniform(0.2, 5, 6), rng.normal(0, 100, (6, 3))
    X = [
        gain * reference + Polynomial(curve)(t) + curve[:2] @ glass
        for gain, curve in zip(gains, curves, strict=True)
    ]
    X = np.array(X, dtype=dtype)
    found = EMSC(reference=reference, interferents=glass).fit_transform(X)
    assert found.dtype == dtype
    atol = {np.float64: 1e-9, np.float32: 1e-2}[dtype]
    np.testing.assert_allclose(found, np.tile(reference, (6, 1)), atol=atol)


def test_emsc_of_order_0_is_msc(spectra):
    found = EMSC(order=0).fit_transform(spectra)
    np.testing.assert_allclose(found, MSC().fit_transform(spectra), rtol=1e-9)


def test_emsc_takes_the_axis_of_labels(frame, glass):
    """An interferent as a frame must lie on the axis of the spectra."""
    on_axis = pd.DataFrame(glass, columns=frame.columns)
    found = EMSC(interferents=on_axis).fit_transform(frame)
    assert list(found.columns) == list(frame.columns)
    expected = EMSC(interferents=glass).fit_transform(frame.to_numpy())
    np.testing.assert_allclose(found, expected)
    off_axis = on_axis.set_axis(np.arange(401.0, 701, 2), axis=1)
    with pytest.raises(ValueError, match="401 to 699 cm-1.*400 to 698 cm-1"):
        EMSC(interferents=off_axis).fit(frame)


def test_one_interferent_as_a_row(spectra, glass):
    found = EMSC(interferents=glass[1]).fit_transform(spectra)
    expected = EMSC(interferents=glass[1:]).fit_transform(spectra)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"interferents": np.ones((2, 9))}, r"150 points as in X, got shape \(2, 9\)"),
        ({"interferents": [[np.nan] * 150]}, "number 0 .* NaN"),
        ({"interferents": np.zeros(150)}, "number 0 .* zero everywhere"),
        ({"interferents": np.arange(150.0)}, "number 0 .* polynomial of order 2"),
        ({"interferents": [np.arange(150) % 7] * 2}, "number 1 .* sum of the ones"),
        ({"reference": np.arange(150.0) ** 2}, "sum of the polynomial"),
        (
            {"reference": np.arange(150) % 7, "interferents": np.arange(150) % 7},
            "leave out the interferent",
        ),
        ({"reference": np.arange(9.0)}, "150 points"),
        ({"order": 149}, "order=149.*allows at most 148"),
        ({"order": 148}, "order=148.*too high"),
        ({"order": -1}, "'order' parameter"),
    ],
)
def test_bad_emsc(settings, message, spectra):
    for use in (EMSC(**settings).fit, EMSC(**settings).fit_transform):
        with pytest.raises(ValueError, match=message):
            use(spectra)


def test_too_many_interferents(spectra, rng):
    with pytest.raises(ValueError, match="4 interferents, too many .* 5 points"):
        EMSC(interferents=rng.normal(size=(4, 5)), order=0).fit(spectra[:, :5])


def test_short_spectra_lower_the_order(spectra):
    with pytest.warns(UserWarning, match="EMSC uses order=1 instead of its default 2"):
        EMSC().fit(spectra[:, :3])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_emsc_of_spectra_without_a_slope(dtype, spectra, axis):
    """Backgrounds alone have no gain; they come back, with one warning."""
    X = spectra.astype(dtype)
    X[3], X[5] = 7.0, 1e3 + axis / 10 + axis**2 / 1e4
    with pytest.warns(UserWarning, match="2 of 12 spectra have no slope") as told:
        found = EMSC(reference=spectra[0]).fit_transform(X)
    assert len(told) == 1
    np.testing.assert_array_equal(found[[3, 5]], X[[3, 5]])
    with pytest.warns(UserWarning, match="2 of 2 spectra have no slope"):
        found = EMSC().fit_transform(X[[3, 5]])
    np.testing.assert_array_equal(found, X[[3, 5]])


@pytest.mark.parametrize("cls", [MSC, EMSC])
def test_a_reference_on_another_axis(cls, frame):
    """A Series brings its axis, which has to be that of the spectra."""
    expected = cls(reference=frame.iloc[0].to_numpy()).fit_transform(frame)
    found = cls(reference=frame.iloc[0]).fit_transform(frame)
    pd.testing.assert_frame_equal(found, expected)
    other = frame.iloc[0].set_axis(np.arange(401.0, 701, 2))
    for use in (cls(reference=other).fit, cls(reference=other).transform):
        with pytest.raises(ValueError, match="reference .*401 to 699.*400 to 698"):
            use(frame)


@pytest.mark.parametrize(
    "step",
    [
        MSC(),
        EMSC(),
        MSC(reference=np.arange(150) % 7),
        EMSC(reference=np.arange(150) % 7, interferents=np.ones((1, 150))),
    ],
)
def test_ragged_spectra_have_no_common_reference(step, spectra, axis):
    ragged = [(axis, row) for row in spectra]
    with pytest.raises(ValueError, match="reference.*WavenumberResampler before it"):
        step.fit_transform(ragged)
