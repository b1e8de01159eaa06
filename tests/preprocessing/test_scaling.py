"""Intensity scales against scikit-learn and their definitions."""

import numpy as np
import pytest
from scipy.integrate import simpson, trapezoid
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler

from sklearn_raman.preprocessing import (
    MSC,
    SNV,
    SpectrumMinMaxScaler,
    SpectrumNormalizer,
    SquareRoot,
)


def test_snv_is_a_standard_scaler_of_the_transposed(spectra):
    expected = StandardScaler().fit_transform(spectra.T).T
    np.testing.assert_allclose(SNV().fit_transform(spectra), expected, rtol=1e-10)


def test_snv_ignores_offset_and_gain(spectra):
    changed = spectra * 37 + 1e5
    np.testing.assert_allclose(
        SNV().fit_transform(changed), SNV().fit_transform(spectra), atol=1e-9
    )


@pytest.mark.parametrize("norm", ["max", "l1", "l2"])
def test_norms_are_sklearns(norm, spectra):
    expected = Normalizer(norm=norm).fit_transform(spectra)
    found = SpectrumNormalizer(norm=norm).fit_transform(spectra)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("direction", [1, -1])
def test_unit_area(direction, spectra, axis):
    uneven = (axis + axis**2 / 1e4)[::direction]
    area = SpectrumNormalizer(norm="area", wavenumbers=uneven)
    found = np.abs(trapezoid(area.fit_transform(spectra), uneven, axis=1))
    np.testing.assert_allclose(found, 1)
    smooth = np.abs(simpson(area.transform(spectra), uneven, axis=1))
    np.testing.assert_allclose(smooth, 1, rtol=0.02)


def test_min_max_per_spectrum(spectra):
    expected = MinMaxScaler((-1, 2)).fit_transform(spectra.T).T
    found = SpectrumMinMaxScaler(feature_range=(-1.0, 2.0)).fit_transform(spectra)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(
        SpectrumMinMaxScaler().fit_transform(spectra).max(axis=1), 1
    )


def test_min_max_per_feature_learns(spectra):
    scaler = SpectrumMinMaxScaler(per="feature").fit(spectra[:6])
    expected = MinMaxScaler().fit(spectra[:6]).transform(spectra)
    np.testing.assert_allclose(scaler.transform(spectra), expected, rtol=1e-9)


def test_min_max_per_dataset(spectra):
    """Eq. 10 of Zhang et al.: one minimum, one maximum; ratios between spectra stay."""
    found = SpectrumMinMaxScaler(per="dataset").fit_transform(spectra)
    low, high = spectra.min(), spectra.max()
    np.testing.assert_allclose(found, (spectra - low) / (high - low), atol=1e-12)


@pytest.mark.parametrize("feature_range", [(1.0, 1.0), (2.0, 1.0), (0.0, 1.0, 2.0)])
def test_bad_feature_range(feature_range, spectra):
    with pytest.raises(ValueError, match="feature_range"):
        SpectrumMinMaxScaler(feature_range=feature_range).fit(spectra)


def test_square_root(spectra):
    found = SquareRoot().fit_transform(spectra)
    above = spectra - spectra.min(axis=1, keepdims=True)
    np.testing.assert_allclose(found**2, above, atol=1e-10)


@pytest.mark.parametrize("reference", ["mean", "median"])
def test_msc_is_a_regression_on_the_reference(reference, spectra):
    msc = MSC(reference=reference).fit(spectra[:8])
    combine = {"mean": np.mean, "median": np.median}[reference]
    learnt = combine(spectra[:8], axis=0)
    np.testing.assert_allclose(msc.reference_, learnt)
    for row, found in zip(spectra, msc.transform(spectra), strict=True):
        line = LinearRegression().fit(learnt[:, None], row)
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


def test_overflow_is_an_error(spectra):
    with pytest.raises(ValueError, match="can't scale intensities as large as"):
        with np.errstate(over="ignore"):
            SNV().fit_transform(spectra * 1e200)


@pytest.mark.parametrize(
    "scaler", [SNV(), SpectrumMinMaxScaler(), MSC(), SpectrumNormalizer()], ids=str
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_rows_come_back_as_they_are(scaler, dtype, spectra):
    """0.1 is not a binary fraction: rounding must not be taken for spread."""
    X = spectra.astype(dtype)
    X[3], X[7] = 0.1, 0.0
    with pytest.warns(UserWarning, match="of 12 spectra .* unscaled"):
        found = scaler.fit_transform(X)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[7], X[7])
    if not isinstance(scaler, SpectrumNormalizer):  # 0.1 everywhere has a height
        np.testing.assert_array_equal(found[3], X[3])
    others = np.delete(np.arange(12), [3, 7])
    if not isinstance(scaler, MSC):  # learns its reference from all rows
        expected = type(scaler)().fit_transform(X[others])
        np.testing.assert_array_equal(found[others], expected)
