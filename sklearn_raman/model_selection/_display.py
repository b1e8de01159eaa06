"""Figures of a comparison; the only file of this folder that knows matplotlib.

They are made without pyplot, so that no window, no backend and no global state is
involved.
"""

from io import BytesIO

import numpy as np

from sklearn_raman._utils._optional import import_optional
from sklearn_raman.model_selection._explanations import strongest_bands

INK, FAINT, ACCENT = "#1f2933", "#9aa5b1", "#2457a6"
FOR, AGAINST = "#a50f15", "#08519c"
PANELS_PER_ROW = 2
MAX_COUNTED_CLASSES = 30


def new_figure(width, height):
    """Return an empty figure of that many inches."""
    figure = import_optional("matplotlib.figure", "plot")
    return figure.Figure(figsize=(width, height), layout="constrained")


def to_png(figure, dpi=150):
    """Return a figure as the bytes of a PNG file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def draw_scores(scores, label, more_is_better):
    """Draw one line for each model: its folds as circles, their mean as a bar.

    Parameters
    ----------
    scores : dict of str to ndarray of shape (n_folds,)
        In the order from top to bottom; NaN where there is no score.
    label : str
        Name of the metric.
    more_is_better : bool
    """
    figure = new_figure(8, 0.9 + 0.42 * len(scores))
    axes = figure.subplots()
    for line, values in enumerate(scores.values()):
        # Folds with the same score would hide one another on one line.
        shifts = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else 0
        axes.plot(
            values,
            line + shifts,
            "o",
            color=ACCENT,
            markersize=5,
            alpha=0.45,
            markeredgewidth=0,
            clip_on=False,
            zorder=3,
        )
        mean = np.mean(values)
        axes.plot([mean] * 2, [line - 0.32, line + 0.32], color=INK, lw=2.5, zorder=4)
        text = "no probabilities" if np.isnan(mean) else f"{mean:.3f}"
        axes.annotate(
            text,
            (1.02, line),
            xycoords=("axes fraction", "data"),
            va="center",
            color=INK if text[0].isdigit() else FAINT,
        )
    axes.set_yticks(range(len(scores)), scores.keys(), color=INK)
    axes.set_ylim(len(scores) - 0.5, -0.5)
    direction = "right is better" if more_is_better else "left is better"
    axes.set_xlabel(f"{label} of each fold, and mean ({direction})", color=INK)
    axes.grid(axis="x", color="#e4e7eb")
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure


def draw_confusion(matrix):
    """Draw a confusion matrix: correct counts in blue, mistakes in orange.

    Parameters
    ----------
    matrix : DataFrame of shape (n_classes, n_classes)
        Counts, true classes in rows.
    """
    colormaps = import_optional("matplotlib", "plot").colormaps
    counts = matrix.to_numpy()
    n_classes = len(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    colors = colormaps["Oranges"](0.15 + 0.75 * share)
    correct = np.eye(n_classes, dtype=bool)
    colors[correct] = colormaps["Blues"](0.15 + 0.75 * share[correct])
    colors[counts == 0] = 1

    side = max(2.2, 0.3 * n_classes)
    figure = new_figure(side + 1.8, side + 1.4)
    axes = figure.subplots()
    axes.imshow(colors)
    names = [str(label) for label in matrix.index]
    axes.set_xticks(range(n_classes), names, rotation=90, fontsize=8, color=INK)
    axes.set_yticks(range(n_classes), names, fontsize=8, color=INK)
    axes.set_xlabel("predicted", color=INK)
    axes.set_ylabel("true", color=INK)
    edges = np.arange(n_classes + 1) - 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", color="#e4e7eb", lw=0.6)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    for row, column in np.argwhere(counts) if n_classes <= MAX_COUNTED_CLASSES else ():
        axes.text(
            column,
            row,
            counts[row, column],
            ha="center",
            va="center",
            fontsize=8,
            color="white" if share[row, column] > 0.6 else INK,
        )
    return figure


def draw_explanations(explanations, classes, *, standalone=True):
    """Draw the mean spectrum of each class, filled with the colour of the mean map.

    Parameters
    ----------
    explanations : dict of str to Bunch
        As in `Comparison.explanations`.
    classes : sequence of labels
        One row of panels each, or more where there are more than two models.
    standalone : bool, default=True
        Whether the figure names the classes and says what the colours mean; False
        leaves that to the text around it.
    """
    n_columns = min(PANELS_PER_ROW, len(explanations))
    n_rows = -(-len(explanations) // n_columns)
    height = 2.35 * n_rows * len(classes) + (0.6 if standalone else 0)
    figure = new_figure(max(5.6 * n_columns, 7), height)
    grid = figure.subplots(n_rows * len(classes), n_columns, squeeze=False)
    panels = grid.reshape(len(classes), n_rows * n_columns)
    in_wavenumbers = [e for e in explanations.values() if e.unit == "cm-1"]
    for label, row in zip(classes, panels, strict=True):
        for axes in row[len(explanations) :]:
            axes.set_visible(False)
        for axes, (name, explanation) in zip(row, explanations.items(), strict=False):
            position = int(np.flatnonzero(explanation.classes == label)[0])
            count = explanation.counts[position]
            what = "spectrum" if count == 1 else "spectra"
            title = f"{name} (mean of {count} {what})"
            axes.set_title(
                f"{label}: {title}" if standalone else title,
                loc="left",
                fontsize=9.5,
                color=INK,
            )
            shared = in_wavenumbers if explanation.unit == "cm-1" else [explanation]
            axes.set_xlim(
                min(e.axis.min() for e in shared), max(e.axis.max() for e in shared)
            )
            _draw_panel(axes, explanation, position)
    if standalone:
        figure.supxlabel(
            "red: speaks for the class, blue: against it, white: plays no part; "
            "colours scaled in each panel",
            fontsize=9,
            color=INK,
        )
    return figure


def _draw_panel(axes, explanation, position):
    """Draw one class of one model."""
    axes.set_yticks([])
    axes.set_ylabel("intensity", fontsize=8.5, color=INK)
    unit = "Raman shift (cm$^{-1}$)" if explanation.unit == "cm-1" else "point"
    axes.set_xlabel(unit, fontsize=8.5, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if explanation.counts[position] == 0:
        axes.text(
            0.5,
            0.5,
            "no test spectrum of this class\nwas classified correctly",
            transform=axes.transAxes,
            ha="center",
            va="center",
            color=FAINT,
        )
        return
    axis = explanation.axis
    spectrum = explanation.mean_spectrum[position]
    weight = explanation.mean_map[position]
    low, high = spectrum.min(), spectrum.max()
    room = (high - low) or 1.0
    # The fill starts well below the lowest point, so that no wavenumber is without it.
    bottom = low - 0.14 * room
    axes.set_ylim(bottom, high + 0.42 * room)

    limit = np.abs(weight).max() or 1.0
    fill = axes.pcolormesh(
        axis,
        [bottom, high],
        np.stack([weight, weight]),
        shading="gouraud",
        cmap="RdBu_r",
        vmin=-limit,
        vmax=limit,
        zorder=1,
    )
    outline = axes.fill_between(axis, bottom, spectrum, facecolor="none", lw=0)
    fill.set_clip_path(outline.get_paths()[0], axes.transData)
    axes.plot(axis, spectrum, color=INK, lw=0.8, zorder=3)
    _label_bands(axes, axis, spectrum, weight, room)


def _label_bands(axes, axis, spectrum, weight, room):
    """Write the position of the strongest bands of the map above the spectrum."""
    reach = max(1, len(axis) // 60)
    for band in strongest_bands(axis, weight):
        around = spectrum[max(0, band - reach) : band + reach + 1]
        axes.annotate(
            f"{axis[band]:.0f}",
            (axis[band], spectrum[band]),
            xytext=(axis[band], around.max() + 0.08 * room),
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=8,
            fontweight="bold",
            color=FOR if weight[band] > 0 else AGAINST,
            arrowprops={"arrowstyle": "-", "lw": 0.6, "color": FAINT, "shrinkB": 1},
            zorder=5,
        )
