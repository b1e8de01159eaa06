"""Figures: what they show, and in which unit."""

import subprocess
import sys
import textwrap
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import (
    ExplanationSummary,
    plot_explanation,
    plot_feature_maps,
    plot_stability,
)

SHIFT = "Wavenumber (cm$^{-1}$)"


@pytest.fixture
def model(frame, labels):
    return PLSLDA().fit(frame, labels)


@pytest.fixture
def summary(model, frame, labels):
    return ExplanationSummary.from_estimator(model, frame, labels, normalize="max")


def to_png(figure):
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_explanation(model, spectra, axis):
    weight = model.explain_(spectra[:1])[0]
    figure = plot_explanation(spectra[0], weight, wavenumbers=axis)
    assert to_png(figure).startswith(b"\x89PNG")
    assert figure.axes[0].get_xlabel() == SHIFT
    assert "450" in texts(figure)
    in_points = plot_explanation(spectra[0], weight, n_bands=1)
    assert in_points.axes[0].get_xlabel() == "point"
    assert texts(in_points) == [f"{np.abs(weight).argmax()}"]


def test_explanation_takes_the_axis_of_a_series(frame, spectra, axis):
    for spectrum, weight in (
        (frame.iloc[0], frame.iloc[0]),
        (spectra[0], frame.iloc[0]),
        (frame.iloc[0], spectra[0]),
    ):
        figure = plot_explanation(spectrum, weight)
        assert figure.axes[0].get_xlabel() == SHIFT
        assert figure.axes[0].get_xlim() == (axis[0], axis[-1])
    counted = plot_explanation(frame.iloc[0], frame.iloc[0], wavenumbers="points")
    assert counted.axes[0].get_xlabel() == "point"
    positions = pd.DataFrame(spectra).iloc[0]
    assert plot_explanation(positions, positions).axes[0].get_xlabel() == "point"
    with pytest.raises(ValueError, match="disagree"):
        plot_explanation(frame.iloc[0], spectra[0], wavenumbers=axis + 1)


def test_panels_in_cm1_and_in_points_are_not_mixed(frame, spectra):
    maps = {"labelled": frame.iloc[0], "plain": spectra[0]}
    with pytest.raises(ValueError, match=r"\['labelled'\] is in cm-1"):
        plot_explanation(spectra[0], maps)


def test_explanation_in_a_panel_of_ones_own(frame):
    figure = plot_explanation(frame.iloc[0], frame.iloc[0])
    axes = figure.add_subplot()
    assert plot_explanation(frame.iloc[1], frame.iloc[1], ax=axes) is figure
    assert axes.get_xlabel() == SHIFT and texts(figure)
    with pytest.raises(ValueError, match="ax holds 1 Axes, but one for each map"):
        plot_explanation(frame.iloc[1], dict(enumerate(frame.to_numpy()[:2])), ax=axes)


def test_models_share_one_axis(frame, axis):
    """Each model may have its own grid; the range is that of all."""
    spectrum = frame.iloc[0].to_numpy()
    figure = plot_explanation(
        {"fine": spectrum, "coarse": spectrum[20::2]},
        {"fine": spectrum, "coarse": spectrum[20::2]},
        wavenumbers={"fine": axis, "coarse": axis[20::2]},
    )
    assert [axes.get_title("left") for axes in figure.axes] == ["fine", "coarse"]
    for axes in figure.axes:
        assert axes.get_xlim() == (axis[0], axis[-1])


def test_descending_axis(frame, axis):
    figure = plot_explanation(
        frame.iloc[0, ::-1], frame.iloc[0, ::-1], wavenumbers=axis[::-1]
    )
    assert figure.axes[0].get_xlim() == (axis[0], axis[-1])
    assert to_png(figure)


def test_feature_maps_are_sorted_by_weight(rng):
    maps = rng.uniform(size=(5, 30))
    figure = plot_feature_maps(maps, weights=[1, -2, 0.5, 3, 0], n_columns=2)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert [title.split(",")[0] for title in titles] == [
        f"map {number}" for number in (3, 0, 2, 4, 1)
    ]
    for axes, number in zip(figure.axes, (3, 0, 2, 4, 1), strict=True):
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), maps[number])
    assert figure.get_supxlabel() == "unit of the feature map"
    named = plot_feature_maps(
        maps, wavenumbers=np.arange(30) * 4.0, spectrum=np.arange(30)
    )
    assert named.get_supxlabel() == SHIFT
    assert to_png(named)


@pytest.mark.parametrize("kind", ["mean", "frequency"])
def test_summary(kind, summary):
    figure = summary.plot(kind)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert [title.split(" ")[0] for title in titles] == list(summary.mean.index)
    assert figure.axes[-1].get_xlabel() == SHIFT
    assert figure.legends
    assert to_png(figure)
    assert len(summary.plot(kind, classes=["quartz"]).axes) == 1


def test_summary_without_spectra_axis_or_bands():
    summary = ExplanationSummary.from_maps(np.zeros((2, 20)), [0, 1])
    figure = summary.plot()
    assert figure.axes[-1].get_xlabel() == "point"
    assert texts(figure) == []
    assert to_png(figure)


def test_misclassified(spectra, labels):
    predicted = labels.copy()
    predicted[0], predicted[4:8] = "zircon", "calcite"
    with pytest.warns(UserWarning, match="quartz"):
        summary = ExplanationSummary.from_maps(spectra, labels, predicted)
    figure = summary.plot("misclassified")
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles[0] == "spectrum 0: calcite, taken for zircon"
    assert len(titles) == 5
    assert to_png(figure)
    assert len(summary.plot("misclassified", ["calcite"]).axes) == 1


def test_not_all_of_many_mistakes_are_drawn(rng):
    many = ExplanationSummary.from_maps(
        rng.normal(size=(26, 9)), [0] * 14 + [1] * 12, [0] + [1] * 25
    )
    with pytest.warns(UserWarning, match="13 spectra were misclassified; the first 12"):
        figure = many.plot("misclassified")
    assert len(figure.axes) == 12


def test_stability(model, frame, labels, summary):
    figure = plot_stability([summary, summary], labels=["one", "two"])
    assert figure.axes[-1].get_xlabel() == SHIFT
    assert "mean correlation of fits 1.00" in figure.axes[0].get_title("left")
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["one", "two"]
    assert to_png(figure)
    arrays = plot_stability([model.coef_, -model.coef_], classes=[1])
    assert len(arrays.axes) == 1
    assert arrays.axes[0].get_xlabel() == "point"
    by_point = [ExplanationSummary.from_maps(summary.mean, [0, 1, 2])] * 2
    assert plot_stability(by_point).axes[-1].get_xlabel() == SHIFT
    no_axis = [ExplanationSummary.from_maps(summary.mean.to_numpy(), [0, 1, 2])] * 2
    assert plot_stability(no_axis).axes[-1].get_xlabel() == "point"


def test_refuses(summary, rng):
    maps = rng.uniform(size=(3, 20))
    with pytest.raises(ValueError, match="spectrum has 19 values, but 20"):
        plot_explanation(maps[0, 1:], maps[0])
    with pytest.raises(ValueError, match="without NaN"):
        plot_explanation(maps[0], maps[0] * np.nan)
    with pytest.raises(ValueError, match="map must be real numbers"):
        plot_explanation(maps[0], maps[0] + 1j)
    with pytest.raises(ValueError, match=r"entries for \['a'\], and maps for \['b'\]"):
        plot_explanation({"a": maps[0]}, {"b": maps[0]})
    with pytest.raises(ValueError, match="weights has 2"):
        plot_feature_maps(maps, weights=[1, 2])
    with pytest.raises(ValueError, match="feature_maps must be 2-D"):
        plot_feature_maps(maps[0])
    with pytest.raises(ValueError, match="n_columns must be 1 or more"):
        plot_feature_maps(maps, n_columns=0)
    with pytest.raises(ValueError, match="kind must be one of"):
        summary.plot("all")
    with pytest.raises(ValueError, match="no spectrum is in 'misclassified'"):
        summary.plot("misclassified")
    with pytest.raises(ValueError, match="gold"):
        summary.plot(classes=["gold"])
    with pytest.raises(ValueError, match="labels has 1"):
        plot_stability([summary, summary], labels=["one"])
    with pytest.raises(ValueError, match="some of those"):
        plot_stability([summary, summary], classes=["gold"])


def test_every_figure_goes_into_panels_of_ones_own(summary, frame, rng):
    """The user's panels keep their figure, and nothing is written outside them."""
    from matplotlib.figure import Figure

    maps = dict(enumerate(frame.to_numpy()[:3]))
    fits = [summary, summary]
    for draw in (
        lambda ax: plot_explanation(frame.iloc[0], maps, ax=ax, wavenumbers="points"),
        lambda ax: plot_feature_maps(rng.uniform(size=(3, 30)), ax=ax),
        lambda ax: plot_stability(fits, ax=ax),
        lambda ax: summary.plot(ax=ax),
        lambda ax: summary.plot("frequency", ax=list(ax)),
    ):
        mine = Figure()
        panels = mine.subplots(3, 1)
        assert draw(panels) is mine
        assert mine.axes == list(panels)
        assert all(axes.has_data() for axes in panels)
        assert not mine.legends and mine.get_supxlabel() == ""
        with pytest.raises(ValueError, match="ax holds 2 Axes.* 3 in all"):
            draw(panels[:2])
    one = Figure().subplots()
    assert summary.plot(classes=["quartz"], ax=one) is one.figure
    assert one.get_xlabel() == SHIFT


def test_figures_are_pyplots_where_it_is_in_use():
    """In a fresh process: pyplot is never imported here, and used if it is."""
    code = """
        import sys
        import numpy as np
        from sklearn_raman.inspection import (
            ExplanationSummary, plot_explanation, plot_feature_maps, plot_stability
        )
        from sklearn_raman._utils._plot import new_figure
        x = np.eye(3, 40).repeat(2, axis=0)
        summary = ExplanationSummary.from_maps(x, [0, 0, 1, 1, 2, 2], spectra=x)
        def draw():
            yield plot_explanation(x[0], x[0])
            yield plot_feature_maps(x)
            yield plot_stability([summary, summary])
            yield summary.plot()
        first = list(draw())
        assert "matplotlib.pyplot" not in sys.modules
        import matplotlib
        matplotlib.use("agg")
        import matplotlib.pyplot as plt
        assert not plt.get_fignums()
        second = list(draw())
        assert [plt.figure(number) for number in plt.get_fignums()] == second
        plt.show()
        plt.close("all")
        figure, ax = plt.subplots()
        assert plot_explanation(x[0], x[0], ax=ax) is figure
        new_figure(2, 2)  # for a page: not left open
        assert plt.get_fignums() == [figure.number]
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
