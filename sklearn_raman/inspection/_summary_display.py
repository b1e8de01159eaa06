"""Figures of class summaries and of several fits.

Made without pyplot; ``figure.savefig("maps.png")`` writes one.
"""

import warnings

import numpy as np

from sklearn_raman._utils._bands import bands_above_median
from sklearn_raman._utils._display import (
    AGAINST,
    INK,
    MAP,
    SPECTRUM,
    bare,
    label_bands,
    legend_above,
    new_figure,
    same_axis,
)
from sklearn_raman._utils._explanation import normalize_maps
from sklearn_raman._utils._optional import import_optional
from sklearn_raman._utils._wavenumbers import labels_as_wavenumbers
from sklearn_raman.inspection._stability import class_means, map_stability

MAX_MISCLASSIFIED = 12


def draw_summary(summary, kind, classes):
    """Draw an `ExplanationSummary`; see its method `plot`."""
    kinds = {
        "mean": _draw_mean,
        "frequency": _draw_frequency,
        "misclassified": _draw_misclassified,
    }
    if kind not in kinds:
        raise ValueError(f"kind must be one of {list(kinds)}, got {kind!r}.")
    known = summary.counts.index if kind == "misclassified" else summary.mean.index
    classes = list(known) if classes is None else list(classes)
    unknown = [label for label in classes if label not in known]
    if unknown:
        raise ValueError(
            f"classes holds {unknown}, for which there are no maps; there are maps of "
            f"{list(known)}."
        )
    if kind == "misclassified":
        titles = _misclassified_titles(summary, classes)
    else:
        titles = {label: _class_title(summary, label) for label in classes}
    if not titles:
        raise ValueError(f"There is nothing to draw: no spectrum is in {kind!r}.")
    figure = new_figure(8.2, 1.75 * len(titles) + 0.9)
    grid = figure.subplots(len(titles), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (key, title) in zip(grid, titles.items(), strict=True):
        bare(axes, title)
        kinds[kind](axes, summary, key)
    same_axis(figure, grid, [summary.axis], summary.unit == "cm-1")
    handles, labels = grid[0].get_legend_handles_labels()
    legend_above(figure, dict(zip(labels, handles, strict=True)))
    return figure


def _class_title(summary, label):
    correct, total = summary.counts.loc[label]
    return f"{label} ({correct} of {total} spectra, correctly classified)"


def _misclassified_titles(summary, classes):
    chosen = [key for key in summary.misclassified.index if key[1] in classes]
    if len(chosen) > MAX_MISCLASSIFIED:
        warnings.warn(
            f"{len(chosen)} spectra were misclassified; the first {MAX_MISCLASSIFIED} "
            "are drawn. Choose some with classes=[...]; all are in "
            "summary.misclassified.",
            UserWarning,
            stacklevel=4,
        )
    return {
        key: f"spectrum {key[0]}: {key[1]}, taken for {key[2]}"
        for key in chosen[:MAX_MISCLASSIFIED]
    }


def _draw_mean(axes, summary, label):
    axis = summary.axis
    mean, std = (t.loc[label].to_numpy() for t in (summary.mean, summary.std))
    _draw_spectrum_behind(axes, summary, label, 1.0)
    axes.fill_between(
        axis, mean - std, mean + std, color=MAP, alpha=0.25, lw=0, label="map ± sd"
    )
    axes.plot(axis, mean, color=MAP, lw=1.3, label="mean map")
    zero = summary.zero_level.loc[label]
    axes.axhline(zero, color=INK, lw=0.8, ls=":", label="no influence")
    # One scale for all panels.
    low = min(0, (summary.mean - summary.std).min(axis=None))
    high = max(1, (summary.mean + summary.std).max(axis=None))
    axes.set_ylim(low - 0.02, high + 0.45)
    axes.set_yticks([0, 1] if low > -0.5 else [-1, 0, 1])
    axes.set_ylabel("scaled", fontsize=8.5, color=INK)
    bands = bands_above_median(axis, mean, n_bands=4)
    top = mean + std
    if summary.mean_spectrum is not None:
        top = np.maximum(top, _unit_range(summary.mean_spectrum, label))
    label_bands(axes, axis, top, bands, 1.0, [MAP] * len(bands))


def _draw_frequency(axes, summary, label):
    frequency = 100 * summary.top_frequency.loc[label].to_numpy()
    _draw_spectrum_behind(axes, summary, label, 100.0)
    share = f"{100 * summary.fraction:g} %"
    axes.fill_between(
        summary.axis,
        0,
        frequency,
        step="mid",
        color=MAP,
        alpha=0.55,
        lw=0,
        label=f"among the highest {share} of a map",
    )
    axes.set_ylim(0, 104)
    axes.set_yticks([0, 50, 100])
    axes.set_ylabel("% of spectra", fontsize=8.5, color=INK)


def _draw_misclassified(axes, summary, key):
    _, true, predicted = key
    lines = (
        (true, SPECTRUM, 0.9, "mean map of the true class"),
        (predicted, AGAINST, 0.9, "mean map of the class it was taken for"),
        (None, MAP, 1.3, "map of this spectrum"),
    )
    for label, color, width, text in lines:
        if label is None:
            row = summary.misclassified.loc[key].to_numpy()
        elif label in summary.mean.index:
            row = summary.mean.loc[label].to_numpy()
        else:  # an empty line keeps the legend complete
            row = np.full(len(summary.axis), np.nan)
        # Min-max scaling leaves each map at a level of its own where nothing happens.
        axes.plot(summary.axis, row - np.median(row), color=color, lw=width, label=text)
    axes.axhline(0, color=INK, lw=0.8, ls=":", zorder=1)
    axes.set_ylabel("above median", fontsize=8.5, color=INK)


def _draw_spectrum_behind(axes, summary, label, height):
    if summary.mean_spectrum is None:
        return
    mean = height * _unit_range(summary.mean_spectrum, label)
    axes.fill_between(
        summary.axis, 0, mean, color=SPECTRUM, alpha=0.45, lw=0, label="mean spectrum"
    )


def plot_stability(fits, *, classes=None, labels=None):
    """Draw the class means of several fits over one another, as in [1]_, Fig. 10.

    Parameters
    ----------
    fits : sequence of ExplanationSummary, DataFrame or array-like
        As for :func:`map_stability`; column labels of frames are the axis in cm-1.
    classes : list of labels or None, default=None
        Classes that are drawn; None means all.
    labels : list of str or None, default=None
        Name of each fit; None numbers them.

    Returns
    -------
    matplotlib Figure
        One panel for each class, with the mean correlation of its fits in the title.

    Raises
    ------
    ValueError
        If there are fewer than two fits, or their axes disagree.
    ImportError
        If matplotlib is not installed (extra `plot`).

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta 1119 (2020) 41-51,
       section 3.4, https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.inspection import plot_stability
    >>> fits = np.random.default_rng(0).uniform(size=(3, 2, 50))
    >>> len(plot_stability(list(fits)).axes)
    2
    """
    tables = class_means(fits)
    stability = map_stability(fits)
    known = list(stability.index)
    classes = known if classes is None else list(classes)
    if not classes or set(classes) - set(known):
        raise ValueError(
            f"classes={classes} must be some of those that two fits have: {known}."
        )
    names = [f"fit {number}" for number in range(1, len(tables) + 1)]
    names = names if labels is None else list(labels)
    if len(names) != len(tables):
        raise ValueError(f"labels has {len(names)} names for {len(tables)} fits.")
    labelled = labels_as_wavenumbers(tables[0])
    in_wavenumbers = getattr(fits[0], "unit", "cm-1") == "cm-1" and labelled is not None
    axis = np.arange(tables[0].shape[1], dtype=float) if labelled is None else labelled
    # viridis darkens evenly, so that fits are told apart in grey as well.
    viridis = import_optional("matplotlib", "plot").colormaps["viridis"]
    colors = viridis(np.linspace(0, 0.85, len(tables)))

    figure = new_figure(8.2, 1.75 * len(classes) + 0.9)
    grid = figure.subplots(len(classes), 1, squeeze=False, sharex=True)[:, 0]
    handles = {}
    for axes, label in zip(grid, classes, strict=True):
        correlation = stability.loc[label, "mean_correlation"]
        bare(axes, f"{label} (mean correlation of fits {correlation:.2f})")
        axes.set_ylabel("mean map", fontsize=8.5, color=INK)
        for name, table, color in zip(names, tables, colors, strict=True):
            if label in table.index:
                (handles[name],) = axes.plot(
                    axis, table.loc[label], color=color, lw=0.9, alpha=0.9
                )
    same_axis(figure, grid, [axis], in_wavenumbers)
    legend_above(figure, handles)
    return figure


def _unit_range(table, label):
    """Return a row scaled to 0..1, to lie behind maps."""
    return normalize_maps(table.loc[label].to_numpy(), "minmax")
