"""Figures of a comparison."""

from itertools import cycle

import numpy as np

from sklearn_raman._utils._plot import (
    ACCENT,
    COLOR_KEY,
    FAINT,
    FOR,
    GRID,
    INK,
    SPECTRUM,
    axis_label,
    bare,
    given_panels,
    legend,
    new_figure,
    plain,
)
from sklearn_raman.inspection import plot_explanation

PANELS_PER_ROW = 2
# Of Okabe and Ito: told apart by every kind of color vision.
CURVES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
PANEL_WIDTH = 5.6


def draw_scores(scores, label, more_is_better, ax=None):
    """Draw one line per model: its folds as circles, their mean as a bar.

    Parameters
    ----------
    scores : DataFrame of shape (n_folds, n_models)
        Models in the order from top to bottom; NaN where there is no score.
    label : str
        Name of the metric.
    more_is_better : bool
    ax : matplotlib Axes or None
        Where to draw; None makes a figure.
    """
    n_models = scores.shape[1]
    if ax is None:
        ax = new_figure(8, 0.9 + 0.42 * n_models, for_user=True).subplots()
    figure, (axes,) = given_panels(ax, 1, "picture")
    circle = {"color": ACCENT, "markersize": 5, "alpha": 0.45, "markeredgewidth": 0}
    for line, values in enumerate(scores.to_numpy().T):
        # Folds with the same score would hide one another on one line.
        shifts = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else 0
        axes.plot(values, line + shifts, "o", clip_on=False, zorder=3, **circle)
        mean = np.mean(values)
        axes.plot([mean] * 2, [line - 0.32, line + 0.32], color=INK, lw=2.5, zorder=4)
        text, color = f"{mean:.3f}", INK
        if np.isnan(mean):
            text, color = "no probabilities", FAINT
        beside = axes.get_yaxis_transform()
        axes.text(1.02, line, text, transform=beside, va="center", color=color)
    axes.set_yticks(range(n_models), map(plain, scores.columns), color=INK)
    axes.set_ylim(n_models - 0.5, -0.5)
    # No score is below 0, and none of those that rise is above 1.
    low, high = axes.get_xlim()
    axes.set_xlim(max(low, 0), min(high, 1) if more_is_better else high)
    direction = "right is better" if more_is_better else "left is better"
    axes.set_xlabel(f"{label} of each fold, and mean ({direction})", color=INK)
    axes.grid(axis="x", color=GRID)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure


def draw_curves(curves, metric, label, unit, beyond=None, ax=None):
    """Draw scores against training size: a line and its interval for each model.

    Parameters
    ----------
    curves : DataFrame
        `model`, `sampler` ("" for none: a full line; otherwise a dashed one), `size`,
        the metric, `lower`, `upper`.
    metric, label : str
        Column of the score and its name.
    unit : str
        What a size counts.
    beyond : DataFrame or None
        The same columns, of what is extrapolated, and `law`; dotted.
    ax : matplotlib Axes or None
        Where to draw; None makes a figure.
    """
    if ax is None:
        ax = new_figure(7.5, 4.2, for_user=True).subplots()
    _, (ax,) = given_panels(ax, 1, "picture")
    names, handles = list(dict.fromkeys(curves["model"])), {}
    colors = dict(zip(names, cycle(CURVES), strict=False))
    by_curve = ["model", "sampler"]
    laws = {} if beyond is None else dict(iter(beyond.groupby(by_curve)))
    for key, part in curves.groupby(by_curve, sort=False):
        (model, sampler), law = key, laws.get(key)
        own = {"color": colors[model]}
        name = f"{model} + {sampler}" if sampler else model
        if law is not None:
            name += f": {law['law'].iloc[0]}"
            ax.plot(law["size"], law[metric], ":", lw=1.5, **own)
            ax.plot(law["size"], law["lower"], ":", lw=0.7, **own)
            ax.plot(law["size"], law["upper"], ":", lw=0.7, **own)
        style = "o--" if sampler else "o-"
        (handles[name],) = ax.plot(part["size"], part[metric], style, ms=4, **own)
        band = part["lower"], part["upper"]
        ax.fill_between(part["size"], *band, alpha=0.12, lw=0, **own)
    sizes = np.unique(curves["size"])
    ax.set_xscale("log")
    ticks = sizes if beyond is None else [*sizes, beyond["size"].max()]
    ax.set_xticks(ticks, [f"{size:g}" for size in ticks])
    ax.minorticks_off()
    ax.set_xlabel(f"training {unit} per class", color=INK)
    ax.set_ylabel(f"{label} on new {unit}, 95 % interval", color=INK)
    ax.grid(color=GRID)
    ax.spines[["top", "right"]].set_visible(False)
    legend(ax, handles)
    return ax.figure


def draw_explanations(explanations, classes, *, standalone=True):
    """Draw the mean spectrum of each class, filled with the color of the mean map.

    Parameters
    ----------
    explanations : dict of str to ExplanationSummary
        As in `Comparison.explanations`.
    classes : sequence of labels
        One row of panels each, or more where there are more than two models.
    standalone : bool, default=True
        Whether the figure names the classes and says what the colors mean; False
        leaves that to the text around it.
    """
    n_columns = min(PANELS_PER_ROW, len(explanations))
    n_rows = -(-len(explanations) // n_columns)
    height = 2.35 * n_rows * len(classes) + (0.6 if standalone else 0)
    width = max(PANEL_WIDTH * n_columns, 7)
    layout = "constrained" if standalone else "none"
    figure = new_figure(width, height, for_user=standalone, layout=layout)
    grid = figure.subplots(n_rows * len(classes), n_columns, squeeze=False)
    if not standalone:
        _fix_margins(figure, grid)
    panels = grid.reshape(len(classes), n_rows * n_columns)
    in_wavenumbers = [s for s in explanations.values() if s.unit == "cm-1"]
    for label, row in zip(classes, panels, strict=True):
        for axes in row[len(explanations) :]:
            axes.set_visible(False)
        for axes, (name, summary) in zip(row, explanations.items(), strict=False):
            if label in summary.mean.index:
                plot_explanation(
                    summary.mean_spectrum.xs(label).to_numpy(),
                    summary.mean.xs(label).to_numpy(),
                    wavenumbers=summary.axis if summary.unit == "cm-1" else "points",
                    ax=axes,
                )
            else:
                axes.set_yticks([])
                text = "no test spectrum of this class\nwas classified correctly"
                middle = {"transform": axes.transAxes, "ha": "center", "va": "center"}
                axes.text(0.5, 0.5, text, color=FAINT, **middle)
            count = summary.counts["correct"].get(label, 0)
            what = "spectrum" if count == 1 else "spectra"
            title = f"{name} (mean of {count} {what})"
            bare(axes, f"{label}: {title}" if standalone else title, axes.get_ylabel())
            shared = in_wavenumbers if summary.unit == "cm-1" else [summary]
            low = min(other.axis.min() for other in shared)
            axes.set_xlim(low, max(other.axis.max() for other in shared))
    if standalone:
        key = f"{COLOR_KEY}; colors scaled in each panel"
        figure.supxlabel(key, fontsize=9, color=INK)
    return figure


def list_labels(panels):
    """Return the positions that are written into panels of maps, with their sign.

    Parameters
    ----------
    panels : iterable of matplotlib Axes

    Returns
    -------
    list of (float, int)
        Position on the axis and 1 for evidence for the class, -1 against it.
    """
    return [
        (text.xy[0], 1 if text.get_color() == FOR else -1)
        for axes in panels
        for text in axes.texts
        if hasattr(text, "xy")  # an annotation
    ]


def _fix_margins(figure, grid, between=0.8):
    """Give panels fixed margins: to measure their texts takes longer than to draw."""
    width, height = figure.get_size_inches()
    n_rows, n_columns = np.shape(grid)
    left, right, bottom, top = 0.3, 0.12, 0.46, 0.26
    panel_height = (height - bottom - top - (n_rows - 1) * between) / n_rows
    panel_width = (width - right - n_columns * left) / n_columns
    figure.subplots_adjust(
        left=left / width,
        right=1 - right / width,
        bottom=bottom / height,
        top=1 - top / height,
        hspace=between / panel_height,
        wspace=left / panel_width,
    )


def draw_class_means(means):
    """Draw the mean spectrum of each class, one above the other, on one axis.

    Parameters
    ----------
    means : DataFrame of shape (n_classes, n_points)
        Columns called "cm-1" or "point".
    """
    n_classes = len(means)
    figure = new_figure(8.5, 1 + 0.42 * n_classes)
    axes = figure.subplots()
    for line, (label, values) in enumerate(means.iterrows()):
        base = n_classes - 1 - line
        axes.plot(means.columns, base + 0.9 * _stretch(values), color=INK, lw=0.9)
        beside = {"transform": axes.get_yaxis_transform(), "va": "bottom"}
        axes.text(1.01, base, plain(label), fontsize=9, color=INK, **beside)
    _without_heights(axes, means)
    axes.set_ylim(-0.1, n_classes)
    return figure


def draw_missed(spectrum, means, true, predicted, maps=None):
    """Draw a spectrum between the means of two classes, and below it its maps.

    Parameters
    ----------
    spectrum : Series
        A row of `Comparison.missed`, named by its row of X.
    means : DataFrame
        As `Comparison.class_means`.
    true, predicted : label
        Its class, and the one that it was taken for.
    maps : Bunch or None, default=None
        An entry of `Comparison.missed_maps`.
    """
    n_panels = 1 if maps is None else 3
    figure = new_figure(PANEL_WIDTH, 2.5 + 1.7 * (n_panels - 1), layout="none")
    ratios = [1.8, 1.2, 1.2][:n_panels]
    panels = figure.subplots(n_panels, 1, squeeze=False, height_ratios=ratios)[:, 0]
    _fix_margins(figure, panels[:, None], between=0.55)
    top = panels[0]
    lines = [
        (2.5, means.xs(true), SPECTRUM, f"mean of {true} (true)"),
        (1.25, spectrum, ACCENT, f"row {spectrum.name}"),
        (0, means.xs(predicted), SPECTRUM, f"mean of {predicted} (predicted)"),
    ]
    for base, heights, color, text in lines:
        top.plot(means.columns, base + 0.85 * _stretch(heights), color=color, lw=1)
        inside = {"transform": top.get_yaxis_transform(), "va": "bottom"}
        inside |= {"ha": "right", "fontsize": 8, "color": INK}
        top.text(0.99, base + 0.86, plain(text), **inside)
    _without_heights(top, means)
    if maps is None:
        return figure
    # One scale of colors for both: what spoke more loudly looks so.
    limit = np.abs(maps.maps.to_numpy()).max() or 1.0
    texts = f"for or against {predicted} (predicted)", f"for or against {true} (true)"
    unit = maps.maps.columns.name
    for axes, text, values in zip(panels[1:], texts, maps.maps.to_numpy(), strict=True):
        plot_explanation(
            maps.spectrum,
            values,
            wavenumbers=maps.maps.columns if unit == "cm-1" else "points",
            ax=axes,
        )
        bare(axes, text, axes.get_ylabel())
        for colors in axes.collections:
            colors.set_clim(-limit, limit)
        if unit == means.columns.name:
            axes.set_xlim(top.get_xlim())
    if unit == means.columns.name:  # the axis is named once, below all
        for axes in panels[:-1]:
            axes.set_xlabel("")
    return figure


def _stretch(heights):
    """Stretch a spectrum to 0..1: a mean of noisy ones is flatter than each of them."""
    heights = np.asarray(heights, dtype=float)
    low, high = np.fmin.reduce(heights), np.fmax.reduce(heights)
    return (heights - low) / (high - low if high > low else 1)


def _without_heights(axes, spectra):
    """Name the horizontal axis and leave the vertical one away."""
    bare(axes, "")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    points = spectra.columns
    axes.set_xlim(points.min(), points.max())
    axes.set_xlabel(axis_label(points.name == "cm-1"), fontsize=9, color=INK)
