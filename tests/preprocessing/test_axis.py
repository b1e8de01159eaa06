"""Resampling and cropping, with numpy and scipy as oracles."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import CubicSpline, PchipInterpolator, make_interp_spline
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_raman.preprocessing import SNV, WavenumberCrop, WavenumberResampler

TARGET = np.array([410.0, 411.3, 500.0, 650.7])
ORACLES = {
    "linear": lambda axis, row: np.interp(TARGET, axis, row),
    "quadratic": lambda axis, row: make_interp_spline(axis, row, k=2)(TARGET),
    "cubic": lambda axis, row: CubicSpline(axis, row)(TARGET),
    "pchip": lambda axis, row: PchipInterpolator(axis, row)(TARGET),
}


@pytest.mark.parametrize("kind", ORACLES)
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("uneven", [False, True])
def test_kinds(kind, direction, uneven, spectra, axis):
    axis = axis + (np.sin(axis) / 2 if uneven else 0)
    expected = np.stack([ORACLES[kind](axis, row) for row in spectra])
    resampler = WavenumberResampler(
        target_wavenumbers=TARGET, wavenumbers=axis[::direction], kind=kind
    )
    found = resampler.fit_transform(spectra[:, ::direction])
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", ORACLES)
def test_ragged_equals_matrix(kind, spectra, axis):
    """One axis for all, given once or with each spectrum: the same result."""
    ragged = [(axis, row) for row in spectra]
    resampler = WavenumberResampler(target_wavenumbers=TARGET, kind=kind)
    np.testing.assert_allclose(
        resampler.fit_transform(ragged),
        resampler.set_params(wavenumbers=axis).fit_transform(spectra),
        rtol=1e-10,
    )


@pytest.mark.parametrize("kind", ORACLES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_blocks_do_not_show(kind, dtype, rng):
    """Spectra are handled in blocks; where these begin must not change one bit."""
    axis = np.linspace(200, 2000, 211) + rng.uniform(-2, 2, 211)
    X = rng.normal(100, 30, (200, 211)).astype(dtype)
    resampler = WavenumberResampler(
        target_wavenumbers=(210, 1990, 7.3), wavenumbers=axis, kind=kind
    ).fit(X)
    one_by_one = np.concatenate([resampler.transform(row[None]) for row in X])
    assert one_by_one.dtype == dtype
    for n_rows in (1, 2, 63, 64, 65, 95, 96, 97, 128, 200):
        found = resampler.transform(X[:n_rows])
        np.testing.assert_array_equal(found, one_by_one[:n_rows])
        assert found.flags.c_contiguous
    for other in (np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(resampler.transform(other), one_by_one)
    np.testing.assert_array_equal(resampler.transform(X[::-1]), one_by_one[::-1])


@pytest.mark.parametrize("kind", ["linear", "quadratic", "cubic"])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("spacing", ["even", "uneven", "two samplings"])
def test_equals_scipy(kind, direction, spacing, rng):
    """Many points, also far from even: what is dropped from the spline is rounding."""
    axis = np.linspace(200, 2000, 1000)
    if spacing == "uneven":
        axis += rng.uniform(-0.7, 0.7, 1000)
    elif spacing == "two samplings":
        axis[500:] = axis[500] + 15 * (axis[500:] - axis[500])
    X = rng.normal(0, 1, (5, 1000))
    target = np.sort(rng.uniform(axis[0], axis[-1], 700))
    if kind == "linear":
        expected = np.stack([np.interp(target, axis, row) for row in X])
    else:
        degree = 2 if kind == "quadratic" else 3
        expected = make_interp_spline(axis, X, k=degree, axis=1)(target)
    settings = {"target_wavenumbers": target, "kind": kind}
    resampler = WavenumberResampler(wavenumbers=axis[::direction], **settings)
    found = resampler.fit_transform(X[:, ::direction])
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * scale)
    single = resampler.transform(X[:, ::direction].astype(np.float32))
    np.testing.assert_allclose(single, expected, rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_linear_keeps_what_was_measured(direction, dtype, rng):
    """A target on a measured point takes its value as it is, also on the last one."""
    axis = np.sort(rng.uniform(200, 2000, 100))
    X = rng.normal(0, 1e3, (70, 100)).astype(dtype)
    X[0] = 0.1
    resampler = WavenumberResampler(
        target_wavenumbers=axis, wavenumbers=axis[::direction]
    )
    np.testing.assert_array_equal(resampler.fit_transform(X[:, ::direction]), X)
    between = resampler.set_params(target_wavenumbers=(axis[1:] + axis[:-1]) / 2)
    found = between.fit_transform(X[:, ::direction])
    np.testing.assert_array_equal(found[0], X[0, 0])  # constant stays constant


@pytest.mark.parametrize("kind", ORACLES)
def test_memory_does_not_grow_with_spectra(kind, rng):
    X = rng.normal(size=(3000, 1000))
    axis = np.arange(1000.0)
    resampler = WavenumberResampler(
        target_wavenumbers=(1, 998, 0.5), wavenumbers=axis, kind=kind
    ).fit(X)
    tracemalloc.start()
    try:
        result = resampler.transform(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - result.nbytes < 16e6  # a copy of X alone is 24 MB


def test_descending_target(spectra, axis):
    up = WavenumberResampler(target_wavenumbers=(420, 480, 3), wavenumbers=axis)
    down = WavenumberResampler(target_wavenumbers=(480, 420, -3), wavenumbers=axis)
    np.testing.assert_allclose(
        up.fit_transform(spectra), down.fit_transform(spectra)[:, ::-1], rtol=1e-12
    )


def test_names_out(frame):
    resampler = WavenumberResampler(target_wavenumbers=(400, 410, 2.5))
    found = resampler.set_output(transform="pandas").fit_transform(frame)
    assert list(found.columns) == ["400.0", "402.5", "405.0", "407.5", "410.0"]
    unchanged = WavenumberResampler().set_output(transform="pandas")
    assert list(unchanged.fit_transform(frame).columns) == list(frame.columns)


@pytest.mark.parametrize("kind", ["linear", "cubic", "pchip"])
def test_outside_the_measured_range(kind, spectra, axis):
    settings = {
        "target_wavenumbers": [390.0, 400.0, 698.0, 710.0],
        "wavenumbers": axis,
        "kind": kind,
    }
    with pytest.raises(
        ValueError, match="400 to 698 cm-1.*390 to 710.*2 of its points"
    ):
        WavenumberResampler(**settings).fit(spectra)
    edge = WavenumberResampler(**settings, fill_value="edge").fit_transform(spectra)
    np.testing.assert_allclose(edge, spectra[:, [0, 0, -1, -1]], rtol=1e-10)
    zero = WavenumberResampler(**settings, fill_value=-1.0).fit_transform(spectra)
    np.testing.assert_array_equal(zero[:, [0, 3]], -1)
    np.testing.assert_allclose(zero[:, 1:3], edge[:, 1:3], rtol=1e-12)


def test_ragged_outside_names_the_spectrum(axis, spectra):
    ragged = [(axis, spectra[0]), (axis + 50, spectra[1])]
    resampler = WavenumberResampler(target_wavenumbers=(420, 480, 2))
    with pytest.raises(ValueError, match="Spectrum 1 covers 450 to 748"):
        resampler.fit_transform(ragged)


def test_plain_array_has_no_axis(spectra):
    with pytest.raises(ValueError, match="WavenumberResampler needs the wavenumber"):
        WavenumberResampler(target_wavenumbers=[1, 2, 3]).fit(spectra)
    with pytest.raises(ValueError, match="WavenumberCrop needs the wavenumber"):
        WavenumberCrop(region=(0, 10)).fit(spectra)
    automatic = pd.DataFrame(spectra)
    with pytest.raises(ValueError, match="needs the wavenumber"):
        WavenumberCrop(region=(0, 10)).fit(automatic)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (([1, 2, 3], [1, 2]), "axis of spectrum 0 has 3 points but the spectra have 2"),
        (([1, 2, 2], [1, 2, 3]), "axis of spectrum 0 must be strictly"),
        (([401, 402, 403], [1, np.nan, 3]), r"NaN.*1 of 1 spectra \(spectrum 0\)"),
        (([401, 402, 403], [np.nan] * 3), "spectrum 0 at 401 to 403 cm-1"),
        (([0, 1, 2], [1, 2, 3]), "axis of spectrum 0 counts points.*positions"),
        (([1, 2, 3], [1, 2j, 3]), "type complex128"),
        (([1, 2, 3], ["a", "b", "c"]), "must be real numbers"),
    ],
)
def test_bad_ragged(pair, message):
    with pytest.raises(ValueError, match=message):
        WavenumberResampler(target_wavenumbers=[401, 402.5]).fit([pair])


def test_ragged_with_something_else_in_it(axis, spectra):
    with pytest.raises(ValueError, match="Spectrum 1 is not a pair"):
        WavenumberResampler(target_wavenumbers=[500]).fit([(axis, spectra[0]), [1.0]])


@pytest.mark.parametrize("fill_value", [np.nan, np.inf])
def test_fill_value_must_be_finite(fill_value, frame):
    resampler = WavenumberResampler(target_wavenumbers=[1], fill_value=fill_value)
    with pytest.raises(ValueError, match="missing values into the spectra"):
        resampler.fit(frame)


def test_ragged_needs_a_target(axis, spectra):
    with pytest.raises(ValueError, match="set target_wavenumbers"):
        WavenumberResampler().fit([(axis, spectra[0])])
    with pytest.raises(ValueError, match="bring their own axes"):
        WavenumberResampler(target_wavenumbers=[500], wavenumbers=axis).fit(
            [(axis, spectra[0])]
        )


def test_ragged_keeps_float32(axis, spectra):
    ragged = [(axis, row.astype(np.float32)) for row in spectra]
    resampler = WavenumberResampler(target_wavenumbers=TARGET)
    assert (resampler.fit_transform(ragged).dtypes == np.float32).all()


def test_refit_forgets_the_other_form(axis, spectra):
    resampler = WavenumberResampler(target_wavenumbers=TARGET, wavenumbers=axis)
    resampler.fit(spectra)
    resampler.set_params(wavenumbers=None).fit([(axis, row) for row in spectra])
    assert not hasattr(resampler, "n_features_in_")
    with pytest.raises(ValueError, match="fitted on ragged"):
        resampler.transform(spectra)


def test_too_few_points_for_the_order():
    resampler = WavenumberResampler(
        target_wavenumbers=[1.5], wavenumbers=[1, 2, 3], kind="cubic"
    )
    with pytest.raises(ValueError, match="at least 4 points"):
        resampler.fit([[1.0, 2.0, 3.0]])


def test_ragged_through_a_grid_search(axis, spectra, labels):
    """Pairs of different lengths, split, searched over and predicted like an array."""
    ragged = [(axis[i % 3 :], row[i % 3 :]) for i, row in enumerate(spectra)]
    pipeline = make_pipeline(
        WavenumberResampler(), SNV(), KNeighborsClassifier(1)
    ).set_output(transform="pandas")
    grid = {
        "wavenumberresampler__target_wavenumbers": [(410, 690, 2), (410, 690, 5)],
        "wavenumberresampler__kind": ["linear", "cubic"],
    }
    pipeline.set_params(wavenumberresampler__target_wavenumbers=(410, 690, 2))
    search = GridSearchCV(pipeline, grid, cv=2).fit(ragged, labels)
    assert search.score(ragged, labels) == 1
    assert (cross_val_predict(pipeline, ragged, labels, cv=2) == labels).all()


@pytest.mark.parametrize("direction", [1, -1])
def test_crop_is_inclusive(direction, spectra, axis):
    crop = WavenumberCrop(region=(450, 460), wavenumbers=axis[::direction])
    found = crop.fit_transform(spectra[:, ::direction])
    expected = spectra[:, (axis >= 450) & (axis <= 460)]
    np.testing.assert_array_equal(found, expected[:, ::direction])
    np.testing.assert_array_equal(
        crop.wavenumbers_out_, np.arange(450, 461, 2.0)[::direction]
    )


def test_crop_chain_keeps_wavenumbers(frame):
    """Two crops in a row: the second one sees the axis that the first one left."""
    chain = make_pipeline(
        WavenumberCrop(region=(420, 600)), WavenumberCrop(region=(None, 500))
    ).set_output(transform="pandas")
    found = chain.fit_transform(frame)
    assert (found.columns[0], found.columns[-1]) == ("420.0", "500.0")
    pd.testing.assert_frame_equal(found, frame.loc[:, "420.0":"500.0"])


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ((1000, 1100), "leaves no point.*400 to 698"),
        ((600, 500), "low <= high"),
        ((500,), "must be"),
        (("low", "high"), "must be"),
    ],
)
def test_bad_region(region, message, frame):
    with pytest.raises(ValueError, match=message):
        WavenumberCrop(region=region).fit(frame)


@pytest.mark.parametrize("spacing", [1e-9, 2.0, 1e6])
@pytest.mark.parametrize("direction", [1, -1])
def test_outside_is_relative_to_the_spacing(spacing, direction, spectra):
    """In any unit, and however far from zero: rounding is inside, half a point not."""
    axis = (1e9 + np.arange(150.0))[::direction] * spacing
    ends = axis.min(), axis.max()
    for off, is_inside in ((1e-6, True), (0.5, False)):
        beyond = [ends[0] - off * spacing, ends[1] + off * spacing]
        step = WavenumberResampler(target_wavenumbers=beyond, wavenumbers=axis)
        if is_inside:
            found = step.fit_transform(spectra)
            np.testing.assert_array_equal(found, spectra[:, [0, -1]][:, ::direction])
        else:
            with pytest.raises(ValueError, match="2 of its points"):
                step.fit(spectra)


@pytest.mark.parametrize("fitted_on", ["ragged", "matrix"])
def test_a_new_target_after_fit(fitted_on, spectra, axis):
    """The target, its order and its ends may change after fit; the new ones count."""
    X = [(axis, row) for row in spectra] if fitted_on == "ragged" else spectra
    given = None if fitted_on == "ragged" else axis
    first = WavenumberResampler(target_wavenumbers=[500, 600], wavenumbers=given)
    settings = {"target_wavenumbers": TARGET, "kind": "cubic", "wavenumbers": given}
    expected = WavenumberResampler(**settings).fit_transform(X)
    changed = first.fit(X).set_params(**settings)
    np.testing.assert_array_equal(changed.transform(X), expected)
    assert list(changed.get_feature_names_out()) == [str(value) for value in TARGET]
    np.testing.assert_array_equal(
        WavenumberResampler(**settings).transform(X), expected
    )
    for bad in ({"fill_value": np.nan}, {"target_wavenumbers": [1e4]}):
        with pytest.raises(ValueError, match=r"fill_value"):
            changed.set_params(**bad).transform(X)
        changed.set_params(fill_value="raise")


def test_a_new_region_after_fit(frame):
    crop = WavenumberCrop(region=(450, 460)).fit(frame)
    expected = WavenumberCrop(region=(500, 510)).fit_transform(frame)
    crop.set_params(region=(500, 510))
    pd.testing.assert_frame_equal(crop.transform(frame), expected)
    assert crop.map_back(np.ones((2, 6))).sum(axis=1).tolist() == [6, 6]
    assert list(crop.get_feature_names_out()) == list(expected.columns)
    with pytest.raises(ValueError, match="low <= high"):
        crop.set_params(region=(2, 1)).transform(frame)
    pd.testing.assert_frame_equal(
        WavenumberCrop(region=(500, 510)).transform(frame), expected
    )
