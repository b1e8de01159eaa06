"""Pictures of maps."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from sklearn_raman.mapping import (
    apply_pipeline,
    plot_labels,
    plot_overview,
    plot_scores,
)

ALL = ("label", "proba", "class_means")


@pytest.fixture
def maps(cube, model):
    cube[0, 0] = np.nan
    return apply_pipeline(model, cube, output=ALL).compute()


def texts(figure):
    figure.canvas.draw()
    return [
        text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))
    ]


def test_labels_have_legend_and_scale_bar(maps):
    figure = plot_labels(maps)
    (axes,) = figure.axes
    (image,) = axes.images
    colors = image.get_array()
    codes = maps.label.values
    for code, patch in zip((0, 1, 2), axes.get_legend().get_patches(), strict=False):
        color = patch.get_facecolor()[:3]
        is_this = (np.abs(colors - color) < 1e-6).all(axis=2)
        np.testing.assert_array_equal(is_this, codes == code)
    shown = texts(figure)
    share = (codes == 1).sum() / (codes >= 0).sum()
    assert f"protein ({share:.1%})" in shown and "unknown" in shown
    assert "5 um" in shown  # at most a third of 18 um
    bar = axes.lines[-1].get_xdata()
    assert np.ptp(bar) == pytest.approx(5)
    assert image.get_extent() == [0, 18, 14, 0]
    plain = maps.drop_vars(["x", "y"])
    assert "2 pixels" in texts(plot_labels(plain))
    own = Figure().subplots()
    assert plot_labels(maps, ax=own) is own.figure


def test_scores(maps):
    figure = plot_scores(maps)
    *panels, bar = figure.axes
    assert [p.get_title(loc="left") for p in panels] == [
        f"proba: {name}" for name in ("lipid", "protein", "water")
    ]
    for k, panel in enumerate(panels):
        shown = panel.images[0].get_array()
        np.testing.assert_array_equal(
            np.ma.filled(shown, np.nan), maps.proba.values[..., k]
        )
        assert panel.images[0].get_clim() == (0, 1)
    assert "not finite" in texts(plot_scores(maps, "status"))
    with pytest.raises(ValueError, match="hold no 'novelty'"):
        plot_scores(maps, "novelty")


def test_overview(maps):
    figure = plot_overview(maps)
    assert len(figure.axes) == 4
    shown = texts(figure)
    assert all(any(name in text for text in shown) for name in ("lipid", "water"))
    without = maps.drop_vars("class_explanation")
    curves = [axes.lines[0] for axes in plot_overview(without).axes[1:]]
    for curve, mean in zip(curves, maps.class_spectrum.values, strict=True):
        np.testing.assert_allclose(curve.get_ydata(), mean)
    with pytest.raises(ValueError, match="no means of classes"):
        plot_overview(maps[["label"]])


def test_maps_with_next_to_nothing_in_them(cube, model):
    """Of dark pixels, and behind `where` of xarray."""
    output = ("label", "explanation", "class_means")
    dark = apply_pipeline(model, cube * np.nan, output=output)
    assert "no pixel has a class" in texts(plot_overview(dark))
    maps = apply_pipeline(model, cube).compute()
    some = maps.where(maps.x > 5)
    np.testing.assert_array_equal(
        plot_labels(some).axes[0].images[0].get_array()[:, 3:],
        plot_labels(maps).axes[0].images[0].get_array()[:, 3:],
    )
    with pytest.raises(ValueError, match="label holds values from 9 to 9; expected"):
        plot_labels(maps.assign(label=0 * maps.label + 9))
    with pytest.raises(TypeError, match="what apply_pipeline returns, got dict"):
        plot_labels({})


def test_what_can_not_be_drawn(cube, model):
    line = apply_pipeline(model, cube[0])
    with pytest.raises(ValueError, match="pick a plane"):
        plot_labels(line)
    large = apply_pipeline(model, cube).isel(x=np.zeros(4001, dtype=int))
    assert plot_labels(large).axes[0].images[0].get_array().shape[1] == 1334


def test_many_classes_have_colors_of_their_own(maps):
    codes = np.arange(30).reshape(5, 6)
    many = maps[["label"]].isel(y=slice(5), x=slice(6))
    many["label"] = ("y", "x"), codes
    with pytest.raises(ValueError, match="lost the coordinate 'class'"):
        plot_labels(many)
    many["class"] = "class", [str(k) for k in range(30)]
    image = plot_labels(many).axes[0].images[0].get_array()
    assert len(np.unique(image.reshape(-1, 3), axis=0)) == 30
    assert to_rgb("#0072b2") in {tuple(c) for c in image.reshape(-1, 3)}
