"""Pictures of the page for Fukuhara et al., from the records alone."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from benchmarks.papers.fukuhara.mixing import SHOWN_RATIO
from benchmarks.papers.fukuhara.simulation import SHOWN

INPUT, MAP, OTHER = "black", "tab:blue", "tab:green"


def figures(results):
    """Return the pictures that the results allow, by name."""
    makers = draw_filters, draw_lines, draw_minerals, draw_mixtures
    made = {make.__name__.split("_")[1]: make(results) for make in makers}
    return {name: figure for name, figure in made.items() if figure is not None}


def draw_filters(results):
    """Figure 2: maps of one spectrum, by size and by number of filters."""
    shown = [r for r in results.get("filters", []) if "map" in r]
    if not shown:
        return None
    figure = Figure(figsize=(11, 4.2))
    channels = np.arange(SHOWN.start, SHOWN.stop)
    panels = (
        ("n_filters", 64, "kernel_size", "{} channels", "64 filters of several sizes"),
        ("kernel_size", 8, "n_filters", "{} filters", "numbers of filters, 8 wide"),
    )
    for ax, panel in zip(figure.subplots(1, 2, sharey=True), panels, strict=True):
        fixed, value, varied, words, title = panel
        some = sorted((r for r in shown if r[fixed] == value), key=lambda r: r[varied])
        ax.plot(channels, shown[0]["spectrum"], color=INPUT, lw=0.8, label="spectrum")
        colors = colormaps["viridis"](np.linspace(0, 0.9, max(len(some), 1)))
        for record, color in zip(some, colors, strict=False):
            label = words.format(record[varied])
            ax.plot(channels, record["map"], color=color, lw=1.2, label=label)
        ax.set(xlabel="channel", xlim=(SHOWN.start, SHOWN.stop - 1))
        ax.set_title(title, fontsize=10)
        ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=4)
    figure.axes[0].set(ylabel="height over the highest point")
    figure.tight_layout()
    return figure


def draw_lines(results):
    """Figure 3: a line that counts among three that do not."""
    found = [r["shown"] for r in results.get("distractors", []) if "shown" in r]
    if not found:
        return None
    shown = found[0]
    figure = Figure(figsize=(10, 7.5))
    axes = figure.subplots(3, 1, sharex=True)
    for row, ax in enumerate(axes):
        channels = 2 * np.arange(len(shown["spectrum"][row]))
        plot_curves(
            *(ax, channels),
            (shown["spectrum"][row], 0, INPUT, 1, "spectrum"),
            (shown["Grad-CAM, logit"][row], -1.15, OTHER, 1, "Grad-CAM of the logit"),
            (shown["Grad-CAM, log-odds"][row], -2.3, "olive", 1, "... of the log-odds"),
            (shown["contribution, linear"][row], -3.45, MAP, 1, "contribution"),
        )
        center = shown["centers"][row]
        ax.axvline(center, color="tab:red", lw=6, alpha=0.15)
        ax.set(yticks=[], ylabel="height")
        title = f"class with its line at {center:.0f} (marked)"
        ax.set_title(title, fontsize=9, loc="left")
    axes[-1].set(xlabel="channel", xlim=(0, channels[-1]))
    legend_above(figure, axes[0], 4, 0.96)
    return figure


def draw_minerals(results):
    """Figure 5: test spectra and maps, with the VIP of PLS-LDA."""
    shown = first_example(results, "small_training_set", "small_training_set_bundled")
    if shown is None:
        return None
    figure = Figure(figsize=(10, 7))
    axes = figure.subplots(3, 3, sharex=True, sharey=True)
    axis, vip = (np.asarray(shown[name]) for name in ("wavenumbers", "vip"))
    for row, (ax, mineral) in enumerate(zip(axes.flat, shown["classes"], strict=False)):
        plot_curves(
            *(ax, axis),
            (shown["spectra"][row], 1, INPUT, 0.7, "test spectrum"),
            (shown["maps"][row], 0, MAP, 0.9, "contribution map"),
            (vip / vip.max(), -1.6, "tab:orange", 0.7, "VIP of PLS-LDA"),
        )
        ax.set_title(mineral, fontsize=9)
        ax.set(yticks=[])
    for ax in axes[-1]:
        ax.set_xlabel("wavenumber / cm$^{-1}$")
    figure.supylabel("height over the highest point, curves set apart", fontsize=10)
    legend_above(figure, axes[0, 0], 3, 0.97)
    return figure


def draw_mixtures(results):
    """Figure 7: maps of mixtures, the pure spectra behind them."""
    shown = first_example(results, "mixing_acids", "mixing_minerals")
    if shown is None:
        return None
    axis, pure = (np.asarray(shown[name]) for name in ("wavenumbers", "pure"))
    figure = Figure(figsize=(10, 8))
    axes = figure.subplots(len(shown["majors"]) + 1, 1, sharex=True)
    axes[0].plot(axis, pure[0], color="tab:red", lw=0.9, label="pure")
    axes[0].set_title(f"{shown['minor']}, pure: the smaller part below", fontsize=9)
    for row, (ax, major) in enumerate(zip(axes[1:], shown["majors"], strict=True)):
        plot_curves(
            *(ax, axis),
            (shown["mixtures"][row], 1.1, INPUT, 0.8, "mixture"),
            (shown["maps"][row], 0, MAP, 1, "contribution map"),
            (pure[row + 1], -1.9, "tab:red", 0.9, "pure"),
        )
        ax.axhline(0, color="grey", lw=0.5)
        ax.set_title(f"{major} : {shown['minor']} = 1 : {SHOWN_RATIO}", fontsize=9)
        ax.axvline(axis[pure[0].argmax()], color="tab:red", lw=6, alpha=0.12)
    for ax in axes:
        ax.set(yticks=[])
    figure.supylabel("height over the highest point, curves set apart", fontsize=10)
    axes[-1].set(xlabel="wavenumber / cm$^{-1}$", xlim=(axis[0], axis[-1]))
    legend_above(figure, axes[1], 3, 0.97)
    return figure


def plot_curves(ax, axis, *curves):
    """Plot curves, each given as (values, shift, color, line width, label)."""
    for values, shift, color, width, label in curves:
        ax.plot(axis, np.asarray(values) + shift, color=color, lw=width, label=label)


def first_example(results, *names):
    """Return what the first of some experiments keeps for its picture, or None."""
    records = (record for name in names for record in results.get(name, []))
    return next((r["example"] for r in records if "example" in r), None)


def legend_above(figure, ax, n_columns, top):
    """Put the legend of one panel above all, which end at the height `top`."""
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=9, ncols=n_columns, loc="upper center")
    figure.tight_layout(rect=(0, 0, 1, top))
