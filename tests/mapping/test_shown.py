"""What pictures and the page say of a map, where it could be something else."""

import base64
import json
import re

import numpy as np
import pytest
import xarray as xr

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.mapping import (
    apply_pipeline,
    plot_labels,
    plot_overview,
    plot_scores,
    save_page,
)

STATES = {"named": 0, "not finite": 1, "left out": 3, "unknown": 4}


@pytest.fixture
def page(tmp_path):
    """Return what a page knows."""

    def read(maps, **settings):
        text = save_page(maps, tmp_path / "map.html", **settings).read_text("utf-8")
        known = json.loads(re.search(r'(\{"shape".*\})', text)[1])
        for name, dtype in {"label": "<i2", "status": "u1", "proba": "u1"}.items():
            if name in known:
                values = np.frombuffer(base64.b64decode(known[name]), dtype)
                known[name] = values.reshape(*known["shape"], *[-1][: name == "proba"])
        note = re.search(r"click to keep it\. (.*?)</p>", text)[1]
        return known | {"note": note.strip()}

    return read


def of_codes(codes, names, **coords):
    """Maps that hold labels only."""
    label = ("y", "x"), np.asarray(codes, dtype=np.int16)
    return xr.Dataset({"label": label}, coords={"class": list(names), **coords})


def legend_of(figure):
    return [t.get_text() for t in figure.axes[0].get_legend().get_texts()]


def bar_of(axes):
    """Text of the scale bar, and its length as a share of the picture."""
    left, right, *_ = axes.images[0].get_extent()
    return axes.texts[0].get_text(), np.ptp(axes.lines[-1].get_xdata()) / (right - left)


# The axis ----------------------------------------------------------------------------


def test_spectra_without_an_axis_stand_on_points(cube, simulated, model, page):
    """Whatever else is on the page, such as means in cm-1."""
    maps = apply_pipeline(model, cube, output=("label", "class_means")).compute()
    values, axis = cube.values, cube.wavenumber.values
    shown = page(maps, cube=values)
    assert shown["unit"] == "points" and shown["axis"][:3] == [0, 1, 2]
    assert shown["means"]["unit"] == "cm⁻¹"
    assert shown["means"]["axis"] == axis.tolist()
    shown = page(maps, cube=values, wavenumbers=axis)
    assert shown["unit"] == "cm⁻¹" and shown["axis"] == axis.tolist()
    X, y, _ = simulated
    blind = PLSLDA(n_components=6).fit(X.to_numpy(), y)
    maps = apply_pipeline(blind, values, output=("label", "class_means")).compute()
    assert page(maps, cube=cube)["unit"] == "cm⁻¹"
    assert page(maps, cube=cube)["means"]["unit"] == "points"
    maps = maps.drop_vars("class_explanation")
    assert plot_overview(maps).axes[-1].get_xlabel() == "point"


def test_explanations_are_not_put_on_another_axis(cube, model, page):
    maps = apply_pipeline(model, cube, output=("label", "explanation")).compute()
    values, axis = cube.values, cube.wavenumber.values
    with pytest.raises(ValueError, match="explanations are on the axis 400 to"):
        page(maps, cube=values, wavenumbers=axis + 10)
    with pytest.raises(ValueError, match="explanations are on the axis"):
        page(maps, cube=cube[..., 5:])
    bare = cube.drop_vars("wavenumber")
    with pytest.raises(ValueError, match="have 101 points, the spectra of the cube 96"):
        page(maps, cube=bare[..., 5:], dim="wavenumber")


# Pixels without a result -------------------------------------------------------------


def test_pixels_without_a_result_are_not_named(cube, model, page):
    cube[0, 0] = np.nan
    maps = apply_pipeline(model, cube).compute()
    some = maps.where(maps.x > 5)
    shown = page(some)
    gone = np.broadcast_to(maps.x.values <= 5, maps.label.shape)
    assert (shown["label"][gone] == -1).all() and (shown["status"][gone] == 3).all()
    assert (shown["proba"][gone] == shown["no_score"]).all()
    np.testing.assert_array_equal(shown["label"][~gone], maps.label.values[~gone])
    np.testing.assert_allclose(
        shown["proba"][~gone] / 254, maps.proba.values[~gone], atol=0.5 / 254 + 1e-6
    )
    assert (shown["status"][~gone] == 0).all()
    # What was known stays: a spectrum with NaN is none that was left out.
    assert page(maps)["status"][0, 0] == STATES["not finite"]
    # Without a status too there is nothing to show of them.
    shown = page(some[["label", "proba", "class"]])
    assert "status" not in shown
    assert (shown["proba"][gone] == shown["no_score"]).all()
    # Labels that are taken away by themselves are left out as well.
    for label in (maps.label.where(maps.x > 5), maps.label.where(maps.x > 5, -1)):
        assert page(maps.assign(label=label))["status"][3, 0] == STATES["left out"]


def test_means_of_classes_have_no_pixels(cube, model, page):
    maps = apply_pipeline(model, cube, output=("label", "class_means")).compute()
    some = maps.where(maps.x > 5)
    for draw in (page, plot_overview):
        with pytest.raises(ValueError, match=r"maps\.where\(\.\.\.\) of xarray spread"):
            draw(some)
    some = maps.assign(label=maps.label.where(maps.x > 5))
    assert len(page(some)["means"]["spectra"]) == 3


# Large maps --------------------------------------------------------------------------


def test_shares_are_those_of_the_whole_map(page):
    codes = np.ones((3, 4002), dtype=np.int16)
    codes[:, ::3] = 0
    codes[1, 7], codes[1, 8] = 2, -1
    maps = of_codes(codes, ["a", "b", "rare", "absent"])
    figure = plot_labels(maps)
    counts = np.bincount(codes[codes >= 0])
    a, b, rare = counts / counts.sum()
    assert legend_of(figure) == [
        f"a ({a:.1%})",
        f"b ({b:.1%})",
        f"rare ({rare:.1%})",
        "unknown",
    ]
    assert figure.axes[0].images[0].get_array().shape[1] == 1334
    shown = page(maps)
    assert shown["found"] == [-1, 0, 1, 2]
    assert shown["note"] == "Shown is every 8th pixel along x."
    assert shown["shape"] == [3, 501]
    np.testing.assert_array_equal(shown["label"], codes[:, ::8])


@pytest.mark.parametrize("place", [str, float])
def test_the_bar_counts_pixels_of_the_map(place):
    """Not those that are drawn, which are fewer."""
    coords = {"x": [place(k) for k in range(4002)]}
    maps = of_codes(np.zeros((3, 4002)), ["a"], **coords)
    text, share = bar_of(plot_labels(maps).axes[0])
    assert text == "1000 pixels" and share == pytest.approx(1000 / 4002)


# Places ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "places",
    [
        12345.6 + 0.05 * np.arange(7),
        1e6 + 0.12 * np.arange(7),
        1e-6 * np.arange(7),
        50.0 * np.arange(7) - 123456,
        np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 7e5]),
        1_700_000_001 + np.arange(7),
    ],
)
def test_neighboring_places_can_be_told_apart(places, page):
    shown = page(of_codes(np.zeros((2, 7)), ["a"], x=places))["where"][1]["values"]
    step = np.diff(places).min()
    np.testing.assert_allclose(np.array(shown, float), places, rtol=0, atol=0.01 * step)
    assert len(set(shown)) == 7
    assert max(len(str(value)) for value in shown) <= 11


def test_curves_show_what_they_differ_in(cube, model, page):
    """On a narrow axis, and above a large offset."""
    maps = apply_pipeline(model, cube, output=("label", "class_means")).compute()
    axis = 1000 + 0.0015 * np.arange(maps.sizes["wavenumber"])
    raised = maps.class_spectrum / maps.class_spectrum.max() + 1e6
    maps = maps.assign(class_spectrum=raised.astype(float))
    shown = page(maps.assign_coords(wavenumber=axis))["means"]
    np.testing.assert_allclose(shown["axis"], axis, rtol=0, atol=2e-5)
    for name, expected in zip(maps["class"].values, maps.class_spectrum, strict=True):
        drawn = shown["spectra"][str(name)]
        error = np.abs(drawn - expected.values).max()
        assert error <= 1e-3 * np.ptp(expected.values)


# The scale bar -----------------------------------------------------------------------


def test_the_bar_counts_pixels_where_no_unit_is_stated(cube, model):
    half, um = np.arange(7) / 2, {"units": "um"}
    codes = np.zeros((6, 7))
    maps = of_codes(codes, ["a"], x=half, y=half[:6])
    text, share = bar_of(plot_labels(maps).axes[0])
    assert text == "2 pixels" and share == pytest.approx(2 / 7)
    maps = of_codes(codes, ["a"], x=("x", half, um), y=("y", half[:6], um))
    text, share = bar_of(plot_labels(maps).axes[0])
    assert text == "1 um" and share == pytest.approx(2 / 7)
    text, share = bar_of(plot_labels(of_codes([[0, 0]], ["a"])).axes[0])
    assert text == "1 pixel" and share == pytest.approx(1 / 2)
    scores = apply_pipeline(model, cube.drop_attrs()).compute()
    assert bar_of(plot_scores(scores).axes[0])[0] == "2 pixels"


def test_pixels_have_the_shape_that_the_coordinates_state():
    um, mm = {"units": "um"}, {"units": "mm"}
    places = np.arange(7) / 2
    for x, y, sides in (
        (("x", places, um), ("y", 4 * places[:6], um), (0.5, 2)),
        (places, 4 * places[:6], (0.5, 2)),
        (("x", places, um), ("y", 4 * places[:6], mm), (1, 1)),
        (places, [0, 1, 5, 6, 7, 8], (1, 1)),
        (("x", places, um), [0, 1, 5, 6, 7, 8], (1, 1)),
    ):
        axes = plot_labels(of_codes(np.zeros((6, 7)), ["a"], x=x, y=y)).axes[0]
        _, width, height, _ = axes.images[0].get_extent()
        assert (width / 7, height / 6) == sides
        text, share = bar_of(axes)
        assert text == ("1 um" if isinstance(x, tuple) else "2 pixels")
        assert share == pytest.approx(2 / 7)
