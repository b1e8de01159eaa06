"""Figure of a report: spectra, and the plane of a PCA.

``figure.savefig("report.png")`` writes it; where pyplot is in use, ``plt.show()`` shows
it.
"""

import numpy as np

from sklearn_raman._utils._plot import (
    ACCENT,
    FAINT,
    INK,
    MAP,
    bare,
    chosen_classes,
    legend_above,
    new_figure,
    same_axis,
)
from sklearn_raman.over_sampling._noise import high_frequency_part, noise_level
from sklearn_raman.over_sampling.report._measures import components_of_arrays

REAL, SYNTHETIC = ACCENT, MAP
N_EXAMPLES = 2
MAX_DOTS = 500


def draw_report(report, classes):
    """Draw a `SynthesisReport`; see its method `plot`."""
    classes = chosen_classes(classes, list(report.spectra))
    figure = new_figure(11, 5.4 * len(classes) + 0.4, for_user=True)
    panels = figure.subfigures(len(classes), 1, squeeze=False)[:, 0]
    scores = report.to_frame("classes")
    for panel, label in zip(panels, classes, strict=True):
        grid = panel.add_gridspec(3, 2, width_ratios=[1.75, 1], height_ratios=[4, 5, 3])
        column = [panel.add_subplot(grid[row, 0]) for row in range(3)]
        plane = panel.add_subplot(grid[:, 1])
        train, test, synthetic = report.spectra[label]
        name = f"{label}: " if report.labeled else ""
        noise, neighbor = (
            "{value:.2f} (real sets: {reference:.2f})".format(
                **scores.xs((label, metric))
            )
            for metric in ("noise_ratio", "one_nn_accuracy")
        )
        bare(column[0], f"{name}median (solid, dashed) and 5 to 95 % (shaded, dotted)")
        _draw_spread(column[0], report.axis, test, synthetic)
        bare(column[1], f"{name}{N_EXAMPLES} of each, from weak to strong, shifted")
        _draw_examples(column[1], report.axis, test, synthetic)
        bare(column[2], f"{name}typical noise, shifted; ratio {noise}")
        _draw_noise(column[2], report.axis, test, synthetic)
        bare(plane, f"{name}1-NN accuracy {neighbor}")
        _draw_plane(plane, train, test, synthetic)
        for axes in column:
            axes.set_yticks([])
            axes.set_ylabel("intensity", fontsize=9, color=INK)
            axes.sharex(column[-1])
            axes.tick_params(labelbottom=axes is column[-1])
        same_axis(column, [report.axis], report.unit == "cm-1")
    handles, names = plane.get_legend_handles_labels()
    legend_above(figure, dict(zip(names, handles, strict=True)))
    return figure


def _draw_spread(axes, axis, test, synthetic):
    low, median, high = np.percentile(test, [5, 50, 95], axis=0)
    axes.fill_between(axis, low, high, color=REAL, alpha=0.2, lw=0)
    axes.plot(axis, median, color=REAL, lw=1.1)
    low, median, high = np.percentile(synthetic, [5, 50, 95], axis=0)
    axes.plot(axis, median, color=SYNTHETIC, lw=1.1, ls="--")
    for edge in (low, high):
        axes.plot(axis, edge, color=SYNTHETIC, lw=0.8, ls=":")


def _draw_examples(axes, axis, test, synthetic):
    """Draw spectra at the same ranks of mean intensity, real and synthetic in turn."""
    rows = [
        spectra[_at_rank(spectra.mean(axis=1), rank)]
        for rank in np.linspace(0.1, 0.9, N_EXAMPLES)
        for spectra in (test, synthetic)
    ]
    rows = [row - np.median(row) for row in rows]
    _draw_shifted(axes, axis, rows, 0.6 * max(np.ptp(row) for row in rows))


def _draw_noise(axes, axis, test, synthetic):
    rows = [
        high_frequency_part(spectra[_at_rank(noise_level(spectra), 0.5)])
        for spectra in (test, synthetic)
    ]
    # Bands leave sharp residuals, beside which the noise would look flat: they run out
    # of the panel, which is as high as the noise.
    limit = 5 * max(noise_level(row) for row in rows) or 1.0
    _draw_shifted(axes, axis, rows, 2 * limit)
    axes.set_ylim(-1.1 * limit, 3.1 * limit)


def _draw_shifted(axes, axis, rows, step):
    """Draw rows above one another, alternately real (even) and synthetic (odd)."""
    for place, row in enumerate(rows):
        color = SYNTHETIC if place % 2 else REAL
        axes.plot(axis, row + place * step, color=color, lw=0.7)


def _at_rank(values, rank):
    """Return the position of the value of that rank, 0 the lowest and 1 the highest."""
    return np.argsort(values, kind="stable")[round(rank * (len(values) - 1))]


def _draw_plane(axes, train, test, synthetic):
    pca = components_of_arrays(2).fit(np.concatenate([train, test]))
    for name, spectra, style in (
        ("real, training", train, {"edgecolors": FAINT, "facecolors": "none"}),
        ("real, held out", test, {"edgecolors": REAL, "facecolors": REAL}),
        ("synthetic", synthetic, {"color": SYNTHETIC, "marker": "x"}),
    ):
        every = -(-len(spectra) // MAX_DOTS)
        x, y = pca.transform(spectra[::every]).T
        axes.scatter(x, y, s=20, lw=0.9, alpha=0.8, label=name, **style)
    first, second = 100 * pca.explained_variance_ratio_
    axes.set_xlabel(f"PC 1 ({first:.0f} % of real variance)", fontsize=9, color=INK)
    axes.set_ylabel(f"PC 2 ({second:.0f} %)", fontsize=9, color=INK)
    axes.set(xticks=[], yticks=[])
