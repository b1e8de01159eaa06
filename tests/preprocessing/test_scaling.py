"""Intensity scales against scikit-learn and their definitions."""

import warnings

import numpy as np
import pytest
from scipy.integrate import simpson, trapezoid
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler

from sklearn_raman.preprocessing import (
    EMSC,
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


@pytest.mark.parametrize(
    "feature_range",
    [(1.0, 1.0), (2.0, 1.0), (0.0, 1.0, 2.0), (0.0, np.inf), (np.nan, 1.0), (0, "1")],
)
def test_bad_feature_range(feature_range, spectra):
    scaler = SpectrumMinMaxScaler(feature_range=feature_range)
    for use in (scaler.fit, scaler.transform):
        with pytest.raises(ValueError, match="feature_range"):
            use(spectra)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 1e4, -1e6])
@pytest.mark.parametrize("feature_range", [(0.0, 1.0), (-1.0, 2.0), (0.1, 0.3)])
def test_min_max_stays_in_its_range(dtype, offset, feature_range, spectra):
    X = (spectra + offset).astype(dtype)
    found = SpectrumMinMaxScaler(feature_range=feature_range).fit_transform(X)
    low, high = np.array(feature_range, dtype=dtype)
    np.testing.assert_array_equal(found.min(axis=1), low)
    np.testing.assert_array_equal(found.max(axis=1), high)
    exact = X.astype(np.longdouble)
    bottom = exact.min(axis=1, keepdims=True)
    part = (exact - bottom) / np.ptp(exact, axis=1)[:, None]
    expected = feature_range[0] + part * (feature_range[1] - feature_range[0])
    np.testing.assert_allclose(found, expected, atol=4 * np.finfo(dtype).eps)


def test_square_root(spectra):
    found = SquareRoot().fit_transform(spectra)
    above = spectra - spectra.min(axis=1, keepdims=True)
    np.testing.assert_allclose(found**2, above, atol=1e-10)


SCALERS = [
    SNV(),
    SpectrumMinMaxScaler(),
    SpectrumMinMaxScaler(per="feature"),
    SpectrumMinMaxScaler(per="dataset"),
    EMSC(),
    MSC(),
    SpectrumNormalizer(),
    SpectrumNormalizer(norm="area"),
    SpectrumNormalizer(norm="l1"),
    SpectrumNormalizer(norm="l2"),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scaler", SCALERS, ids=str)
@pytest.mark.parametrize("size", [1e-304, 1e-155, 1e155, 1e305])
def test_size_does_not_matter(scaler, size, spectra):
    """Squares and sums of such intensities are no floating-point numbers."""
    X = spectra - spectra.mean(axis=1, keepdims=True)
    expected = scaler.fit_transform(X)
    found = scaler.fit_transform(X * size)
    if isinstance(scaler, (EMSC, MSC)):  # as large as its reference
        found = found / size
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [1e-304, 1e-155, 1e155, 1e304])
def test_size_of_a_square_root(size, spectra):
    expected = SquareRoot().fit_transform(spectra - spectra.mean()) * np.sqrt(size)
    found = SquareRoot().fit_transform((spectra - spectra.mean()) * size)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * expected.max())


def test_extremes_stand_beside_ordinary_spectra(spectra):
    X = spectra.copy()
    X[3] *= 1e300
    X[7] *= 1e-300
    for scaler in (SNV(), SpectrumMinMaxScaler(), SpectrumNormalizer(norm="l2")):
        expected = scaler.fit_transform(spectra)
        np.testing.assert_allclose(scaler.fit_transform(X), expected, rtol=1e-9)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_overflow_is_an_error(spectra):
    """float32 ends at 3e38, which what per="feature" learned can't foresee."""
    scaler = SpectrumMinMaxScaler(per="feature").fit(spectra.astype(np.float32) * 1e-9)
    X = spectra.astype(np.float32)
    X[5] *= 1e35
    with pytest.raises(ValueError, match="no finite result for 1 of 12.*at row 5"):
        scaler.transform(X)


CONSTANT = [0.1, 0.0, 7.0, 1e6, -3.3]


@pytest.mark.parametrize(
    "scaler", [SNV(), SpectrumMinMaxScaler(), MSC(), SpectrumNormalizer()], ids=str
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("level", CONSTANT)
def test_constant_rows_come_back_as_they_are(scaler, dtype, level, spectra, rng):
    """They may be constant apart from rounding, which must not be taken for spread."""
    X = spectra.astype(dtype)
    X[3], X[7] = level, 0.0
    noise = rng.integers(-2, 3, X.shape[1])
    X[3] += (noise * (np.spacing(dtype(level)) if level else 0)).astype(dtype)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = scaler.fit_transform(X)
    assert len(caught) == 1
    assert "of 12 spectra" in str(caught[0].message)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[7], X[7])
    if not isinstance(scaler, SpectrumNormalizer):  # 0.1 everywhere has a height
        np.testing.assert_array_equal(found[3], X[3])
    others = np.delete(np.arange(12), [3, 7])
    if not isinstance(scaler, (EMSC, MSC)):  # learns its reference from all rows
        expected = type(scaler)().fit_transform(X[others])
        np.testing.assert_array_equal(found[others], expected)


def test_constant_wavenumbers_are_only_shifted(spectra):
    X = spectra.copy()
    X[:, 3] = 0.1
    X[::2, 3] = np.nextafter(0.1, 1)
    found = SpectrumMinMaxScaler(per="feature").fit_transform(X)
    np.testing.assert_allclose(found[:, 3], 0, atol=1e-15)


@pytest.mark.parametrize(
    ("fitted", "changed"),
    [
        (SpectrumMinMaxScaler(per="feature"), {"per": "dataset"}),
        (SpectrumMinMaxScaler(per="dataset"), {"per": "feature"}),
        (SpectrumMinMaxScaler(), {"per": "feature"}),
        (MSC(), {"reference": "median"}),
        (MSC(reference=range(150)), {"reference": "mean"}),
    ],
)
def test_what_was_learned_otherwise_is_not_used(fitted, changed, spectra):
    fitted.fit(spectra).set_params(**changed)
    with pytest.raises(NotFittedError):
        fitted.transform(spectra)
    found = fitted.fit(spectra).transform(spectra)
    expected = type(fitted)(**changed).fit_transform(spectra)
    np.testing.assert_array_equal(found, expected)


def test_refit_forgets_what_was_learned(spectra):
    scaler = SpectrumMinMaxScaler(per="feature").fit(spectra)
    scaler.set_params(per="spectrum").fit(spectra)
    with pytest.raises(NotFittedError):
        scaler.set_params(per="feature").transform(spectra)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_square_root_does_not_enlarge_rounding(dtype):
    """The root of 1e-16 is 1e-8, which SNV would take for bands."""
    X = np.full((2, 9), 7.3, dtype)
    X[1, ::2] = np.nextafter(X[1, ::2], dtype(8))
    assert not SquareRoot().fit_transform(X).any()
