"""Resampling and cropping, with numpy and scipy as oracles."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.interpolate import CubicSpline, PchipInterpolator, make_interp_spline
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
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


@pytest.mark.parametrize("fill_value", [np.nan, np.inf, True])
def test_fill_value_must_be_finite(fill_value, frame):
    resampler = WavenumberResampler(target_wavenumbers=[1], fill_value=fill_value)
    with pytest.raises(ValueError, match="fill_value"):
        resampler.fit(frame)


def test_three_points_in_a_tuple_are_no_range(frame):
    with pytest.raises(ValueError, match=r"Pass a list for three points: \[420, 440,"):
        WavenumberResampler(target_wavenumbers=(420, 440, 460)).fit(frame)


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


# One axis out of many ---------------------------------------------------------------


def other_frames(spectra, axis):
    """Spectra on other axes than `axis`, in frames of every kind."""
    shorter, values = axis[5:] + 0.7, spectra[:, 5:]
    yield pd.DataFrame(values, columns=shorter)
    yield pd.DataFrame(values, columns=[f"{value:.2f}" for value in shorter])
    yield pd.DataFrame(values[:, ::-1], columns=shorter[::-1])
    yield pd.DataFrame(values, columns=shorter.astype(int))
    yield pl.DataFrame(values, schema=[str(value) for value in shorter], orient="row")


@pytest.mark.parametrize("fitted_on", ["frame", "pairs", "falling frame"])
def test_frames_on_other_axes(fitted_on, spectra, axis, frame):
    """A frame is resampled from its own labels, whatever fit saw."""
    X = {
        "frame": frame,
        "pairs": [(axis, row) for row in spectra],
        "falling frame": frame.iloc[:, ::-1],
    }[fitted_on]
    resampler = WavenumberResampler(target_wavenumbers=(420, 680, 3)).fit(X)
    before = dict(vars(resampler))
    for other in (*other_frames(spectra, axis), frame, frame.astype(np.float32)):
        found = resampler.transform(other)
        assert type(found) is type(other)
        alone = clone(resampler).fit_transform(other)
        np.testing.assert_array_equal(found.to_numpy(), alone.to_numpy())
        labels = np.asarray([float(label) for label in other.columns])
        order = labels.argsort()
        expected = [
            np.interp(resampler.wavenumbers_out_, labels[order], row[order])
            for row in other.to_numpy()
        ]
        np.testing.assert_allclose(found.to_numpy(), expected, rtol=1e-4)
    assert vars(resampler) == before
    with pytest.raises(ValueError, match="1 of 150 column labels.*'id'"):
        resampler.transform(frame.rename(columns={"400.0": "id"}))
    with pytest.raises(ValueError, match="500 to 698 cm-1 .*420 to 678"):
        resampler.transform(frame.iloc[:, 50:])


def test_labels_against_the_parameter(spectra, axis, frame):
    resampler = WavenumberResampler(target_wavenumbers=[500], wavenumbers=axis)
    with pytest.raises(ValueError, match="parameter wavenumbers and the column labels"):
        resampler.fit(spectra).transform(pd.DataFrame(spectra, columns=axis + 1))


def test_ragged_gives_a_frame(spectra, axis):
    pairs = pd.Series([(axis, row) for row in spectra], index=range(5, 17))
    resampler = WavenumberResampler(target_wavenumbers=(420, 424, 2)).fit(pairs)
    found = resampler.transform(pairs)
    assert list(found.columns) == ["420.0", "422.0", "424.0"]
    assert list(found.index) == list(pairs.index)
    assert isinstance(
        resampler.set_output(transform="polars").transform(pairs), pl.DataFrame
    )
    array = resampler.set_output(transform="default").transform(pairs)
    np.testing.assert_array_equal(array, found)


@pytest.mark.parametrize("direction", [1, -1])
def test_common_axis(direction, spectra, axis):
    """From the last beginning to the first end, with the median of the steps."""
    axes = [axis, axis[4:-10] + 0.5, axis[3:], np.linspace(390, 700, 40)]
    axes = [own[::direction] for own in axes]
    pairs = [(own, row[: len(own)]) for own, row in zip(axes, spectra, strict=False)]
    resampler = WavenumberResampler(target_wavenumbers="common").fit(pairs)
    np.testing.assert_allclose(resampler.wavenumbers_out_, np.arange(408.5, 678.6, 2))
    names = [str(value) for value in resampler.wavenumbers_out_]
    assert list(resampler.get_feature_names_out()) == names
    assert list(resampler.transform(pairs).columns) == names
    given = WavenumberResampler(target_wavenumbers=resampler.wavenumbers_out_)
    pd.testing.assert_frame_equal(resampler.transform(pairs), given.transform(pairs))
    short = [(axis[20:], spectra[0, 20:])]
    with pytest.raises(ValueError, match="Spectrum 0 covers 440 to 698"):
        resampler.transform(short)
    filled = resampler.set_params(fill_value=-1.0).transform(short).to_numpy()[0]
    np.testing.assert_array_equal(filled == -1, resampler.wavenumbers_out_ < 440)


def test_common_axis_of_a_matrix(spectra, axis, frame):
    resampler = WavenumberResampler(target_wavenumbers="common")
    pd.testing.assert_frame_equal(resampler.fit_transform(frame), frame)
    with pytest.raises(ValueError, match="WavenumberResampler needs the wavenumber"):
        resampler.fit(spectra)
    with pytest.raises(ValueError, match="are positions"):
        resampler.fit(pd.DataFrame(spectra))


def test_common_axis_has_to_be_learned(spectra, axis, frame):
    resampler = WavenumberResampler(target_wavenumbers="common")
    pairs = [(axis, row) for row in spectra]
    for X in (frame, pairs):
        with pytest.raises(NotFittedError):
            resampler.transform(X)
    fitted = WavenumberResampler(target_wavenumbers=[500]).fit(frame)
    fitted.set_params(target_wavenumbers="common")
    for X in (frame, pairs):
        with pytest.raises(NotFittedError, match="call fit again"):
            fitted.transform(X)


def test_no_common_range(spectra, axis):
    pairs = [
        (axis[:40], spectra[0, :40]),
        (axis, spectra[1]),
        (axis[60:], spectra[2, 60:]),
    ]
    with pytest.raises(
        ValueError, match="spectrum 2 begins at 520 and spectrum 0 ends at 478 cm-1"
    ):
        WavenumberResampler(target_wavenumbers="common").fit(pairs)


# Averages ----------------------------------------------------------------------------


def bin_means(curve, axis, target):
    """The mean of a function over bins that meet half-way between target points."""
    half = np.diff(target) / 2
    edges = np.r_[target[0] - half[0], target[:-1] + half, target[-1] + half[-1]]
    edges = np.clip(edges, *np.sort(axis[[0, -1]]))
    return [
        quad(curve, *ends, points=axis[(axis > ends[0]) & (axis < ends[1])], limit=200)[
            0
        ]
        / (ends[1] - ends[0])
        for ends in zip(edges, edges[1:], strict=False)
    ]


@pytest.mark.parametrize("kind", ORACLES)
@pytest.mark.parametrize("step", [7.0, 0.9])
@pytest.mark.parametrize("form", ["matrix", "pairs", "falling"])
def test_means_over_bins(kind, step, form, spectra, axis):
    """The integral of the interpolated curve, computed by quadrature."""
    axis = (axis + np.sin(axis) / 2)[:40]
    row = spectra[0, :40]
    target = np.arange(axis[0], axis[-1], step)
    target[1:-1] += 0.2 * step * np.sin(target[1:-1])  # bins are not symmetric
    make = {
        "linear": lambda: lambda x: np.interp(x, axis, row),
        "quadratic": lambda: make_interp_spline(axis, row, k=2),
        "cubic": lambda: CubicSpline(axis, row),
        "pchip": lambda: PchipInterpolator(axis, row),
    }
    expected = bin_means(make[kind](), axis, target)
    settings = {"kind": kind, "reduction": "mean"}
    if form == "falling":
        axis, row, target, expected = (
            part[::-1] for part in (axis, row, target, expected)
        )
    X = [(axis, row)] if form == "pairs" else pd.DataFrame(row[None], columns=axis)
    resampler = WavenumberResampler(target_wavenumbers=target, **settings)
    np.testing.assert_allclose(
        resampler.fit_transform(X).to_numpy()[0], expected, rtol=1e-6
    )


@pytest.mark.parametrize("factor", [2, 5, 10])
def test_noise_falls_as_the_square_root(factor, rng):
    axis = np.arange(400.0, 1400.0)
    noise = pd.DataFrame(rng.normal(size=(200, 1000)), columns=axis)
    target = np.arange(400.0 + factor, 1390.0, factor)
    settings = {"target_wavenumbers": target}
    found = WavenumberResampler(**settings, reduction="mean").fit_transform(noise)
    alone = WavenumberResampler(**settings).fit_transform(noise)
    np.testing.assert_allclose(alone.to_numpy().std(), 1, rtol=0.02)
    ratio = found.to_numpy().std() * np.sqrt(factor)
    assert 0.8 < ratio < 1.02
    assert found.to_numpy()[:, 0].std() < 1.1 / np.sqrt(factor)


def test_means_keep_levels_and_sums(frame, spectra):
    target = (402, 694, 4)
    resampler = WavenumberResampler(target_wavenumbers=target, reduction="mean")
    flat = resampler.fit_transform(frame * 0 + 7.0)
    np.testing.assert_allclose(flat, 7, rtol=1e-12)
    # The bins tile 400 to 696: their means times 4 add up to the integral.
    found = resampler.fit_transform(frame).to_numpy().sum(axis=1) * 4
    whole = np.trapezoid(spectra[:, :149], dx=2.0, axis=1)
    np.testing.assert_allclose(found, whole, rtol=1e-12)


def test_a_single_target_has_no_bin(frame, spectra, axis):
    resampler = WavenumberResampler(target_wavenumbers=[501.0], reduction="mean")
    expected = [np.interp(501.0, axis, row) for row in spectra]
    found = resampler.fit_transform(frame).to_numpy()[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# Gaps and what is missing ------------------------------------------------------------


@pytest.fixture(params=[1, -1], ids=["rising", "falling"])
def gapped(request, axis):
    """An axis with nothing between 498 and 900 cm-1, and the gap's ends."""
    return np.where(axis > 499, axis + 400, axis)[:: request.param]


@pytest.mark.parametrize("kind", ORACLES)
@pytest.mark.parametrize("reduction", [None, "mean"])
@pytest.mark.parametrize("form", ["frame", "pairs"])
def test_a_gap_is_no_measured_value(kind, reduction, form, gapped, spectra):
    target = np.array([480.0, 484.0, 498.0, 520.0, 800.0, 900.0, 904.0])
    if form == "frame":
        X = pd.DataFrame(spectra, columns=gapped)
    else:
        X = [(gapped, row) for row in spectra]
    how = {"kind": kind, "reduction": reduction}
    resampler = WavenumberResampler(target_wavenumbers=target, **how)
    with pytest.raises(ValueError, match="gap between .*2 points .*first at 520"):
        resampler.fit(X)
    resampler.set_params(fill_value="edge").fit(X)
    left, right = (int(np.flatnonzero(gapped == end)[0]) for end in (498, 900))
    if reduction is None:
        found = resampler.transform(X).to_numpy()
        expected = spectra[:, [left, left, right, right]]
        np.testing.assert_allclose(found[:, 2:6], expected, rtol=1e-9)
    found = resampler.set_params(fill_value=-5.0).transform(X).to_numpy()
    np.testing.assert_array_equal(
        (found == -5).all(axis=0), (target > 500) & (target < 890)
    )
    around = WavenumberResampler(target_wavenumbers=target[[0, 1, 2, 5, 6]], **how)
    assert np.isfinite(around.fit_transform(X).to_numpy()).all()


def test_bins_end_at_a_gap(gapped):
    """In the axis as in the target: a step in a gap does not show in the means."""
    X = pd.DataFrame([np.where(gapped > 700, 100.0, 1.0)], columns=gapped)
    target = np.r_[402:500:4.0, 902:1090:4.0]
    resampler = WavenumberResampler(target_wavenumbers=target, reduction="mean")
    found = resampler.fit_transform(X).to_numpy()[0]
    np.testing.assert_allclose(found, np.where(target > 700, 100, 1), rtol=1e-12)


@pytest.mark.parametrize("form", ["frame", "pairs"])
@pytest.mark.parametrize("reduction", [None, "mean"])
def test_nan_at_the_ends(form, reduction, spectra, axis):
    """Only what is kept is looked at; the ends are not measured."""
    broken = spectra.copy()
    broken[:, :5] = np.nan
    broken[3, -20:] = np.inf
    broken[4, 10:12] = np.nan  # 420 and 422
    if form == "frame":
        X, noun = pd.DataFrame(broken, columns=axis.astype(str)), "row"
    else:
        X, noun = [(axis, row) for row in broken], "spectrum"
    resampler = WavenumberResampler(
        target_wavenumbers=(430, 650, 2.5), reduction=reduction
    )
    expected = resampler.fit_transform(pd.DataFrame(spectra, columns=axis.astype(str)))
    found = resampler.fit_transform(X)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    for method in ("fit", "transform"):
        wider = clone(resampler).set_params(target_wavenumbers=(412, 650, 2))
        with pytest.raises(
            ValueError,
            match=rf"NaN.*1 of 12 spectra \({noun} 4\).*{noun} 4 at 420 to 422 cm-1",
        ):
            getattr(wider, method)(X)
        wider.set_params(target_wavenumbers=(430, 690, 2))
        with pytest.raises(
            ValueError,
            match=f"{noun.capitalize()} 3 .without its NaN. covers 410 to 658",
        ):
            getattr(wider, method)(X)
    filled = wider.set_params(fill_value=-1.0).transform(X).to_numpy()
    assert (filled[3] == -1).sum() == 16
    assert (np.delete(filled, 3, axis=0) != -1).all()
    X = X.drop(index=4) if form == "frame" else X[:4] + X[5:]
    common = WavenumberResampler(target_wavenumbers="common").fit(X)
    np.testing.assert_array_equal(common.wavenumbers_out_, np.arange(410, 659, 2))
    assert np.isfinite(common.transform(X).to_numpy()).all()


def test_nothing_but_nan(axis, spectra):
    X = pd.DataFrame(
        np.where(np.arange(12)[:, None] == 7, np.nan, spectra), columns=axis
    )
    for target in ([500.0], "common"):
        resampler = WavenumberResampler(target_wavenumbers=target, fill_value="edge")
        with pytest.raises(ValueError, match="row 7"):
            resampler.fit(X)
    with pytest.raises(ValueError, match=r"NaN.*\(row 7\), at 400 to 698 cm-1"):
        WavenumberResampler().fit(X)


def test_common_axis_names_itself_where_new_spectra_are_shorter(spectra, axis):
    common = WavenumberResampler(target_wavenumbers="common").fit([(axis, spectra[0])])
    with pytest.raises(ValueError, match='"common".*new spectra cover.*"edge"'):
        common.transform([(axis[1:], spectra[0][1:])])
