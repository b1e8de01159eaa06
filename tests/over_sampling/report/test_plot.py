"""The figure shows the three sets, in their colors and on their axis."""

import numpy as np
import pytest

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.over_sampling import synthesis_report
from sklearn_raman.over_sampling.report import _measures

AXIS = np.arange(400.0, 800.0, 8.0)


@pytest.fixture(scope="module")
def report():
    X, y = make_raman_spectra(48, wavenumbers=AXIS, spike_rate=0, random_state=0)
    parts = [slice(start, None, 3) for start in range(3)]
    labels = np.array(["calcite", "quartz"])[y]
    train, test, synthetic = (labels[part] for part in parts)
    with pytest.MonkeyPatch.context() as patch:  # no picture shows what forests find
        patch.setattr(_measures, "N_TREES", 2)
        return synthesis_report(
            *(X[part] for part in parts),
            y_train=train,
            y_test=test,
            y_synthetic=synthetic,
            wavenumbers=AXIS,
            n_draws=1,
            random_state=0,
        )


def test_panels_of_each_class(report):
    figure = report.plot()
    assert len(figure.axes) == 8
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert sum(title.startswith("quartz: ") for title in titles) == 4
    bands, examples, noise, plane = figure.axes[:4]
    _, test, synthetic = report.spectra["calcite"]
    np.testing.assert_allclose(bands.lines[0].get_ydata(), np.median(test, axis=0))
    np.testing.assert_allclose(bands.lines[1].get_ydata(), np.median(synthetic, axis=0))
    np.testing.assert_array_equal(examples.lines[0].get_xdata(), AXIS)
    assert len(noise.lines) == 2
    assert [len(dots.get_offsets()) for dots in plane.collections] == [8, 8, 8]
    assert "Wavenumber" in noise.get_xlabel()
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["real, training", "real, held out", "synthetic"]


def test_chosen_classes(report):
    assert len(report.plot(classes=["quartz"]).axes) == 4
    with pytest.raises(ValueError, match="zircon.*calcite"):
        report.plot(classes=["zircon"])
    with pytest.raises(ValueError, match="must be some of"):
        report.plot(classes=[])


def test_figure_is_drawn(report, tmp_path):
    report.plot(classes=["calcite"]).savefig(tmp_path / "report.png", dpi=50)
    assert (tmp_path / "report.png").stat().st_size > 5000


@pytest.mark.usefixtures("few_trees")
def test_constant_spectra_can_be_drawn(tmp_path):
    """Nothing to scale by must not stop the figure."""
    levels = np.repeat([0.0, 1.0, 2.0], 5)[:, None] + np.zeros(20)
    flat = synthesis_report(
        levels[:5], levels[5:10], levels[10:], n_draws=1, random_state=0
    )
    flat.plot().savefig(tmp_path / "flat.png", dpi=50)
