"""Regions of the axis: which points are kept, and how maps go back."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_raman.preprocessing import MSC, SNV, WavenumberCrop

SEVERAL = [
    (((450, 500), (600, 620)), None),
    (((600, 620), (450, 500)), None),  # the order of regions is not that of points
    (((450, 500), (480, 560), (560, 600)), None),  # they overlap and touch
    ([[None, 500], [650, None]], None),
    (None, (500, 520)),
    (None, ((None, 420), (500, 520), (510, 540))),
    ((450, 650), ((440, 460), (500, 520), (3000, 3100))),
    (np.array([[450.0, 500.0], [600.0, 620.0]]), np.array([470.0, 480.0])),
]


def naive_support(axis, region, exclude):
    """One wavenumber at a time, by the definition."""

    def lies_in(value, regions):
        pairs = np.atleast_2d(np.array(regions, dtype=object))
        return any(
            (low is None or low <= value) and (high is None or value <= high)
            for low, high in pairs
        )

    return np.array(
        [
            (region is None or lies_in(value, region))
            and not (exclude is not None and lies_in(value, exclude))
            for value in axis
        ]
    )


@pytest.mark.parametrize(("region", "exclude"), SEVERAL)
@pytest.mark.parametrize("direction", [1, -1])
def test_several_regions(region, exclude, direction, spectra, axis):
    axis, spectra = axis[::direction], spectra[:, ::direction]
    expected = naive_support(axis, region, exclude)
    assert 0 < expected.sum() < len(axis)
    crop = WavenumberCrop(region=region, exclude=exclude, wavenumbers=axis)
    np.testing.assert_array_equal(crop.fit_transform(spectra), spectra[:, expected])
    np.testing.assert_array_equal(crop.support_, expected)
    np.testing.assert_array_equal(crop.wavenumbers_out_, axis[expected])
    names = [str(value) for value in axis[expected]]
    assert list(crop.get_feature_names_out()) == names
    back = crop.map_back(np.ones((2, expected.sum())))
    np.testing.assert_array_equal(back, np.stack([expected, expected]))


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_frames(kind, frame, axis):
    X = pl.DataFrame(frame) if kind == "polars" else frame
    found = WavenumberCrop(region=(450, 600), exclude=(500, 520)).fit_transform(X)
    assert type(found) is type(X)
    expected = frame.loc[:, naive_support(axis, (450, 600), (500, 520))]
    assert list(found.columns) == list(expected.columns)
    np.testing.assert_array_equal(found.to_numpy(), expected)


def test_a_pipeline_sees_what_is_left(frame):
    steps = make_pipeline(WavenumberCrop(exclude=(500, 520)), SNV()).fit(frame)
    np.testing.assert_allclose(steps.transform(frame).mean(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("name", ["region", "exclude"])
@pytest.mark.parametrize(
    "bad",
    [
        (600, 500),
        ((400, 500), (600, 550)),
        (400, 500, 600),
        ((400, 500, 600),),
        ((400, 500), 600),
        ("400", "500"),
        (np.nan, 500),
        (True, 500),
        (),
    ],
    ids=str,
)
def test_malformed(name, bad, frame):
    crop = WavenumberCrop(**{name: bad})
    for use in (crop.fit, crop.transform):
        with pytest.raises(ValueError, match=f"^{name} must"):
            use(frame)


@pytest.mark.parametrize("bad", ["400-500", 400])
def test_of_another_type(bad, frame):
    with pytest.raises(ValueError, match="'region' parameter"):
        WavenumberCrop(region=bad).fit(frame)


def test_nothing_left(frame):
    with pytest.raises(ValueError, match="from 2800 to 3000.*cover 400 to 698"):
        WavenumberCrop(region=((450, 500), (2800, 3000))).fit(frame)
    with pytest.raises(ValueError, match="leaves no point: the spectra cover 400"):
        WavenumberCrop(region=(450, 500), exclude=(440, 510)).fit(frame)
    with pytest.raises(ValueError, match="needs the wavenumber of each column"):
        WavenumberCrop(exclude=(440, 510)).fit(frame.to_numpy())


@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_only_what_is_kept_is_checked(kind, bad, frame):
    """Files often have NaN at the edges."""
    given = None if kind is not np.asarray else [float(c) for c in frame.columns]
    crop = WavenumberCrop(region=(450, 600), exclude=(500, 520), wavenumbers=given)
    X = frame.copy()
    X.loc[3:, "400.0":"440.0"] = bad
    X.loc[2, "510.0"] = bad
    found = crop.fit(kind(X)).transform(kind(X))
    np.testing.assert_array_equal(found, crop.transform(kind(frame)))
    X.loc[[5, 7], "550.0":"560.0"] = bad
    message = r"in 2 of 12 spectra \(rows 5, 7\), at 550 to 560 cm-1"
    for use in (crop.transform, crop.fit):
        with pytest.raises(ValueError, match=message):
            use(kind(X))
    with pytest.raises(ValueError, match="in 2 of 12 spectra"):
        WavenumberCrop().fit(kind(X.iloc[:, 60:]))


def test_each_spectrum_on_its_own_axis(spectra, axis):
    """Pairs in, pairs out, and maps on the points of each."""
    ragged = [(axis[i:] + i / 10, row[i:].copy()) for i, row in enumerate(spectra)]
    ragged[3][1][:2] = np.nan  # cut off
    settings = {"region": ((450, 500), (600, None)), "exclude": (470, 480)}
    crop = WavenumberCrop(**settings).fit(ragged)
    found = crop.transform(ragged)
    maps = crop.map_back([row + 1 for _, row in found], ragged)
    for (own, row), (kept, values), one in zip(ragged, found, maps, strict=True):
        expected = naive_support(own, *settings.values())
        np.testing.assert_array_equal(kept, own[expected])
        np.testing.assert_array_equal(values, row[expected])
        np.testing.assert_array_equal(one[expected], values + 1)
        assert not one[~expected].any()
    ragged[5] = ragged[5][0][:20], ragged[5][1][:20]
    with pytest.raises(ValueError, match="Spectrum 5: .*no point"):
        crop.transform(ragged)


def test_maps_of_a_frame_after_a_fit_on_pairs():
    """The labels of the spectra say where the maps go."""
    axis = np.arange(400.0, 500.0, 5)
    X = pd.DataFrame(np.ones((2, 20)), columns=axis.astype(str))
    crop = WavenumberCrop(exclude=(430, 450)).fit([(axis + 1, np.ones(20))])
    kept = (axis < 430) | (axis > 450)
    maps = crop.map_back(np.ones((2, kept.sum())), X)
    np.testing.assert_array_equal(maps, np.tile(kept, (2, 1)))


@pytest.mark.parametrize("off", [-0.05, 0.05])
def test_rounded_labels_choose_the_points_of_fit(off, rng):
    """The first or last point of the region lies a hundredth of a step beyond it."""
    axis = np.arange(400.0, 801.0, 10.0)
    X = pd.DataFrame(rng.normal(size=(3, len(axis))), columns=axis)
    crop = WavenumberCrop(region=(500, 699.97)).fit(X)
    rounded = crop.transform(X.set_axis(axis + off, axis=1))
    np.testing.assert_array_equal(rounded, crop.transform(X))
    np.testing.assert_allclose(rounded.columns, crop.wavenumbers_out_ + off)


@pytest.mark.parametrize("direction", [1, -1])
def test_rounding_does_not_move_the_ends_of_a_region(direction):
    """Counted in tenths: points of np.arange lie above their labels by rounding."""
    axis, tenths = np.arange(400, 500, 0.1)[::direction], np.arange(4000, 5000)
    tenths = tenths[::direction]
    X = np.stack([tenths, np.sqrt(tenths)])
    for low, high in [(4000, 4100), (4056, 4063), (4101, 4999), (4323, 4323)]:
        inside = (tenths >= low) & (tenths <= high)
        region = low / 10, high / 10
        settings = {"region": {"region": region}, "exclude": {"exclude": region}}
        for name, kept in (("region", inside), ("exclude", ~inside)):
            found = WavenumberCrop(wavenumbers=axis, **settings[name]).fit_transform(X)
            np.testing.assert_array_equal(found, X[:, kept])
        if inside.sum() > 2:
            msc = MSC(region=region, wavenumbers=axis).fit_transform(X)
            on_points = MSC(region=(low, high), wavenumbers=tenths).fit_transform(X)
            np.testing.assert_array_equal(msc, on_points)
