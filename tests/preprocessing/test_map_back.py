"""Maps go back through each transformer to the axis it was given."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_raman.preprocessing import SNV, WavenumberCrop, WavenumberResampler
from tests._estimators import LEARNING, SIZED, STATELESS

TRANSFORMERS = STATELESS + LEARNING + SIZED
KINDS = ["linear", "quadratic", "cubic", "pchip"]
TARGET = (403.0, 690.0, 1.3)


@pytest.fixture(params=[1, -1], ids=["rising", "falling"])
def uneven(request, axis):
    return (axis + np.sin(axis) / 2)[:: request.param]


@pytest.fixture
def resampler(uneven):
    """A function that fits a resampler on the uneven axis."""

    def fit(kind="linear", target=TARGET, fill_value="raise", reduction=None):
        transformer = WavenumberResampler(
            target_wavenumbers=target,
            wavenumbers=uneven,
            kind=kind,
            fill_value=fill_value,
            reduction=reduction,
        )
        return transformer.fit(np.eye(len(uneven)))

    return fit


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mode", ["conserve", "density"])
def test_every_transformer(estimator, dtype, mode, spectra, rng):
    fitted = clone(estimator).fit(spectra)
    n_out = fitted.transform(spectra).shape[1]
    maps = rng.normal(size=(3, 2, n_out)).astype(dtype)
    before = maps.copy()
    back = fitted.map_back(maps, mode=mode)
    assert back.shape == (3, 2, spectra.shape[1])
    assert back.dtype == dtype
    assert np.isfinite(back).all()
    np.testing.assert_array_equal(maps, before)
    one = fitted.map_back(maps[1, 1], mode=mode)
    np.testing.assert_allclose(one, back[1, 1], rtol=1e-6)
    if not isinstance(estimator, (WavenumberCrop, WavenumberResampler)):
        np.testing.assert_array_equal(back, maps)


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=str)
def test_errors(estimator, spectra):
    fitted = clone(estimator).fit(spectra)
    n_out = fitted.transform(spectra).shape[1]
    with pytest.raises(ValueError, match=rf"{n_out}\).*{type(estimator).__name__}"):
        fitted.map_back(np.ones((4, n_out - 1)))
    with pytest.raises(ValueError, match="mode must be one of"):
        fitted.map_back(np.ones((4, n_out)), mode="mean")
    with pytest.raises(TypeError, match="maps must hold numbers, and some are masked"):
        fitted.map_back(np.ma.masked_equal(np.ones((4, n_out)), 1))


@pytest.mark.parametrize("cls", [WavenumberCrop, WavenumberResampler])
def test_not_fitted(cls):
    with pytest.raises(NotFittedError):
        cls().map_back(np.ones((2, 3)))


def test_same_grid_needs_no_fit():
    """As `transform` of a stateless transformer does not."""
    np.testing.assert_array_equal(SNV().map_back([[1, 2]]), [[1.0, 2.0]])


@pytest.mark.parametrize("kind", ["linear", "quadratic", "cubic"])
@pytest.mark.parametrize("fill_value", ["edge", 0.0])
@pytest.mark.parametrize("how", [(1.3, None), (1.3, "mean"), (7.0, "mean")])
def test_conserve_is_the_transposed_operator(kind, fill_value, how, resampler, rng):
    """What transforming the unit spectra shows, read the other way round."""
    step, reduction = how
    fitted = resampler(kind, (380.0, 720.0, step), fill_value, reduction)
    operator = fitted.transform(np.eye(fitted.n_features_in_))
    maps = rng.normal(size=(4, operator.shape[1]))
    back = fitted.map_back(maps)
    np.testing.assert_allclose(back, maps @ operator.T, rtol=1e-9, atol=1e-12)


def test_pchip_takes_the_linear_operator(resampler, rng):
    maps = rng.normal(size=(4, len(resampler().wavenumbers_out_)))
    expected = resampler("linear").map_back(maps)
    np.testing.assert_array_equal(resampler("pchip").map_back(maps), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", [TARGET, (380.0, 720.0, 7.0), [500.0]])
@pytest.mark.parametrize("reduction", [None, "mean"])
def test_sums_are_conserved(kind, target, reduction, resampler, rng):
    fitted = resampler(kind, target, "edge", reduction)
    maps = rng.normal(size=(4, 3, len(fitted.wavenumbers_out_)))
    sums = fitted.map_back(maps).sum(axis=-1)
    np.testing.assert_allclose(sums, maps.sum(axis=-1), atol=1e-10)


def test_values_that_a_number_made_up_go_nowhere(resampler, uneven):
    fitted = resampler(target=(380.0, 720.0, 1.0), fill_value=7.0)
    target = fitted.wavenumbers_out_
    measured = (target >= uneven.min()) & (target <= uneven.max())
    assert not fitted.map_back(np.where(measured, 0.0, 1.0)).any()
    back = fitted.map_back(np.ones(len(target)))
    np.testing.assert_allclose(back.sum(), measured.sum())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [1.3, -1.3])
def test_density_is_the_map_at_the_measured_points(kind, step, resampler, uneven, rng):
    target = TARGET if step > 0 else (690.0, 403.0, step)
    fitted = resampler(kind, target)
    maps = rng.normal(size=(4, len(fitted.wavenumbers_out_)))
    order = fitted.wavenumbers_out_.argsort()
    grid, rising = fitted.wavenumbers_out_[order], maps[:, order]
    expected = [np.interp(uneven, grid, row, left=0, right=0) for row in rising]
    found = fitted.map_back(maps, mode="density")
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("mode", ["conserve", "density"])
def test_a_band_comes_back_to_its_place(mode, resampler, uneven):
    fitted = resampler()
    band = 1 / (1 + ((fitted.wavenumbers_out_ - 550.0) / 8) ** 2)
    back = fitted.map_back(band, mode=mode)
    assert abs(uneven[back.argmax()] - 550.0) <= 2.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["conserve", "density"])
def test_ragged_equals_one_axis_at_a_time(kind, mode, spectra, axis, rng):
    ragged = [
        (axis[cut:] + shift, row[cut:])
        for cut, shift, row in zip([0, 1, 2, 0], [0, 0.3, -1, 1], spectra, strict=False)
    ]
    ragged[1] = tuple(part[::-1] for part in ragged[1])  # a falling one
    new = {"target_wavenumbers": (410.0, 680.0, 1.0), "kind": kind}
    fitted = WavenumberResampler(**new).fit(ragged)
    maps = rng.normal(size=(4, 3, len(fitted.wavenumbers_out_)))
    back = fitted.map_back(maps, ragged, mode=mode)
    assert isinstance(back, list)
    for found, one, (own_axis, row) in zip(back, maps, ragged, strict=True):
        alone = WavenumberResampler(wavenumbers=own_axis, **new).fit(row[None])
        assert found.shape == (3, len(own_axis))
        expected = alone.map_back(one, mode=mode)
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_means_leave_out_no_point(resampler):
    """Each measured point inside the target's range takes part in some bin."""
    target = (410.0, 680.0, 9.0)
    maps = np.ones(31)
    assert (resampler(target=target).map_back(maps) == 0).sum() > 80
    back = resampler(target=target, reduction="mean").map_back(maps)
    inside = (back > 0).nonzero()[0]
    np.testing.assert_array_equal(np.diff(inside), 1)
    assert len(inside) > 135


@pytest.mark.parametrize("mode", ["conserve", "density"])
@pytest.mark.parametrize("form", ["frame", "pairs"])
def test_gaps(mode, form, axis, spectra, rng):
    """What a number filled goes nowhere; the nearest point gets what it lent."""
    gapped = np.where(axis > 499, axis + 400, axis)
    target = np.arange(450.0, 1050.0, 5.0)
    X = pd.DataFrame(spectra, columns=gapped)
    X = [(gapped, row) for row in spectra] if form == "pairs" else X
    maps = rng.uniform(1, 2, (12, len(target)))
    settings = {"target_wavenumbers": target}
    edge = WavenumberResampler(**settings, fill_value="edge").fit(X)
    number = WavenumberResampler(**settings, fill_value=0.0).fit(X)
    in_gap = (target > 498) & (target < 900)
    back = np.stack(edge.map_back(maps, X, mode=mode))
    without = np.stack(number.map_back(maps, X, mode=mode))
    if mode == "density":
        np.testing.assert_array_equal(back, without)
        ordered = [np.interp(gapped, target, row, left=0, right=0) for row in maps]
        np.testing.assert_allclose(back, ordered)
    else:
        np.testing.assert_allclose(back.sum(axis=1), maps.sum(axis=1))
        np.testing.assert_allclose(without.sum(axis=1), maps[:, ~in_gap].sum(axis=1))
        lent = back - without
        assert (lent[:, gapped == 498] > 0).all()
        assert not lent[:, (gapped != 498) & (gapped != 900)].any()


def test_frames_bring_their_axis(spectra, axis, rng):
    """A map goes back to the axis of the frame that it belongs to."""
    target = {"target_wavenumbers": (420.0, 680.0, 3.0)}
    maps = rng.normal(size=(12, 87))
    frame = pd.DataFrame(spectra, columns=axis)
    other = pd.DataFrame(spectra[:, 4:], columns=axis[4:] + 0.6)
    for fitted in (
        WavenumberResampler(**target).fit(frame),
        WavenumberResampler(**target).fit([(axis, row) for row in spectra]),
    ):
        for X in (frame, other):
            expected = WavenumberResampler(**target).fit(X).map_back(maps)
            np.testing.assert_array_equal(fitted.map_back(maps, X), expected)


@pytest.mark.parametrize("mode", ["conserve", "density"])
def test_ragged_through_a_step_that_keeps_the_grid(mode, spectra, axis, rng):
    ragged = [(axis[i:], row[i:]) for i, row in enumerate(spectra)]
    maps = [rng.normal(size=(3, len(own))) for own, _ in ragged]
    fitted = SNV().fit(ragged)
    back = fitted.map_back(maps, ragged, mode=mode)
    assert isinstance(back, list)
    for found, one in zip(back, maps, strict=True):
        np.testing.assert_array_equal(found, one)
    with pytest.raises(ValueError, match="X has 12 spectra"):
        fitted.map_back(maps[:5], ragged)
    with pytest.raises(ValueError, match=r"..., 150.*SNV"):
        fitted.map_back([maps[1], *maps[1:]], ragged)


def test_common_and_nan_go_back(spectra, axis):
    """Points without a number took no part."""
    rows = spectra.copy()
    rows[:, :5] = np.nan
    ragged = [(axis, row) for row in rows]
    fitted = WavenumberResampler(target_wavenumbers="common").fit(ragged)
    back = np.stack(fitted.map_back(np.ones((12, 145)), ragged))
    np.testing.assert_array_equal(back[:, :5], 0)
    np.testing.assert_array_equal(back[:, 5:], 1)


def test_ragged_errors(spectra, axis):
    ragged = [(axis, row) for row in spectra]
    fitted = WavenumberResampler(target_wavenumbers=(410.0, 680.0, 1.0)).fit(ragged)
    maps = np.ones((len(ragged), len(fitted.wavenumbers_out_)))
    with pytest.raises(ValueError, match="fitted on ragged spectra: pass those"):
        fitted.map_back(maps)
    with pytest.raises(ValueError, match="X has 5 spectra"):
        fitted.map_back(maps, ragged[:5])
    with pytest.raises(ValueError, match="X has 12 spectra"):
        fitted.map_back(maps[0], ragged)


@pytest.mark.parametrize("direction", [1, -1])
def test_crop_places_back(direction, spectra, axis, rng):
    axis = axis[::direction]
    crop = WavenumberCrop(region=(500, 600), wavenumbers=axis).fit(spectra)
    inside = (axis >= 500) & (axis <= 600)
    maps = rng.normal(size=(12, inside.sum()))
    back = crop.map_back(maps)
    np.testing.assert_array_equal(back[:, inside], maps)
    assert not back[:, ~inside].any()


@pytest.mark.parametrize("fill_value", ["edge", 0.0])
@pytest.mark.parametrize("kind", ["linear", "cubic"])
def test_resampled_nan_gets_nothing(kind, fill_value, frame, axis):
    """Points that were not measured have no part in it; frames as pairs."""
    X = frame.copy()
    X.iloc[0, :4], X.iloc[1, -3:] = np.nan, np.nan
    X.iloc[2, 70] = np.nan
    target = [*np.arange(396.0, 538, 4), *np.arange(544.0, 704, 4)]
    resampler = WavenumberResampler(
        target_wavenumbers=target, fill_value=fill_value, kind=kind
    ).fit(X)
    maps = np.random.default_rng(0).random((12, 2, len(target)))
    found = resampler.map_back(maps, X)
    assert not np.moveaxis(found, 1, 2)[np.isnan(X)].any()
    pairs = [(axis, row) for row in X.to_numpy()]
    np.testing.assert_allclose(found, resampler.map_back(maps, pairs), atol=1e-12)
    if fill_value == "edge":
        np.testing.assert_allclose(found.sum(axis=2), maps.sum(axis=2))
    one = resampler.map_back(maps[0, 0], X)  # says nothing of a spectrum
    np.testing.assert_array_equal(one, resampler.map_back(maps[0, 0]))
