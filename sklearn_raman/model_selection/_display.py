"""Figures of a comparison; the only file of this folder that knows matplotlib."""

import numpy as np

from sklearn_raman._utils._bands import strongest_bands
from sklearn_raman._utils._display import (
    ACCENT,
    AGAINST,
    FAINT,
    FOR,
    GRID,
    INK,
    axis_label,
    fill_with_map,
    label_bands,
    new_figure,
)
from sklearn_raman._utils._optional import import_optional

PANELS_PER_ROW = 2
MAX_COUNTED_CLASSES = 30


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
    axes.grid(axis="x", color=GRID)
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
    axes.grid(which="minor", color=GRID, lw=0.6)
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
    unit = axis_label(explanation.unit == "cm-1")
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
    room = fill_with_map(axes, axis, spectrum, weight)
    bands = strongest_bands(axis, weight)
    colors = [FOR if weight[band] > 0 else AGAINST for band in bands]
    label_bands(axes, axis, spectrum, bands, room, colors)
