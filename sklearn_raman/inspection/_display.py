"""Figures of maps; the only file of this folder that knows matplotlib.

Every function returns a figure made without pyplot; in a notebook it shows itself, and
``figure.savefig("maps.png")`` writes it.
"""

import numpy as np

from sklearn_raman._utils._bands import bands_above_median, strongest_bands
from sklearn_raman._utils._display import (
    AGAINST,
    FAINT,
    FOR,
    INK,
    axis_label,
    fill_with_map,
    label_bands,
    new_figure,
)
from sklearn_raman._utils._explanation import normalize_maps
from sklearn_raman._utils._optional import import_optional
from sklearn_raman._utils._wavenumbers import check_wavenumbers, labels_as_wavenumbers
from sklearn_raman.inspection._stability import class_means, map_stability

MAP = "#d55e00"  # vermillion and grey: told apart by every kind of colour vision
SPECTRUM = "#8a94a3"
MAX_MISCLASSIFIED = 12
COLOR_KEY = "red: speaks for the class, blue: against it, white: plays no part"


def plot_explanation(spectrum, maps, *, wavenumbers=None, n_bands=3):
    """Draw a spectrum in the colours of its map, one panel for each model.

    Parameters
    ----------
    spectrum : array-like of shape (n_points,) or dict of str to array-like
        Spectrum, or one for each model if their preprocessing differs.
    maps : array-like of shape (n_points,) or dict of str to array-like
        Map of the spectrum, or name of the model: map. Each panel has its own scale of
        colours.
    wavenumbers : array-like of shape (n_points,), dict of str to array-like, or None, \
default=None
        Axis in cm-1, or one for each model; None counts points. All panels show the
        same range.
    n_bands : int, default=3
        The position of this many of the strongest bands of a map is written above it.

    Returns
    -------
    matplotlib Figure
        One panel below the other, on one axis.

    Raises
    ------
    ValueError
        If spectrum, map and axis have different lengths, or hold NaN.
    ImportError
        If matplotlib is not installed (extra `plot`).

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import occlusion, plot_explanation
    >>> X, y = make_lorentzian_spectra(
    ...     centers=(20, 50), n_points=80, random_state=0
    ... )
    >>> model = PLSLDA().fit(X, y)
    >>> maps = {
    ...     "contribution": model.explain_(X[:1])[0],
    ...     "occlusion": occlusion(model, X[:1], score="decision")[0],
    ... }
    >>> len(plot_explanation(X[0], maps).axes)
    2
    """
    named = maps if isinstance(maps, dict) else {"": maps}
    panels = []
    for name, weight in named.items():
        weight = _finite(weight, "map")
        intensity = _finite(_pick(spectrum, name), "spectrum", len(weight))
        axis = _axis(_pick(wavenumbers, name), len(weight))
        panels.append((name, axis, intensity, weight))

    figure = new_figure(8.2, 2.05 * len(panels) + 0.6)
    grid = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (name, axis, intensity, weight) in zip(grid, panels, strict=True):
        _bare(axes, name)
        axes.set_ylabel("intensity", fontsize=8.5, color=INK)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        room = fill_with_map(axes, axis, intensity, weight)
        bands = strongest_bands(axis, weight, n_bands)
        colors = [FOR if weight[band] > 0 else AGAINST for band in bands]
        label_bands(axes, axis, intensity, bands, room, colors)
    _same_axis(figure, grid, [p[1] for p in panels], wavenumbers is not None)
    key = COLOR_KEY + ("; colours scaled in each panel" if len(panels) > 1 else "")
    figure.supxlabel(key, fontsize=8.5, color=INK)
    return figure


def plot_feature_maps(
    feature_maps, *, wavenumbers=None, weights=None, spectrum=None, n_columns=4
):
    """Draw the feature maps of a layer, one small panel each, as in [1]_, Fig. 7.

    Parameters
    ----------
    feature_maps : array-like of shape (n_maps, n_units)
        Feature maps of one spectrum.
    wavenumbers : array-like of shape (n_units,) or None, default=None
        Where the units sit in cm-1; None counts units.
    weights : array-like of shape (n_maps,) or None, default=None
        Weight of each map in the score of a class: maps are sorted by it, from the one
        that speaks most for the class to the one that speaks most against it.
    spectrum : array-like of shape (n_units,) or None, default=None
        The spectrum at the positions of the units, in grey behind each map.
    n_columns : int, default=4
        Panels side by side.

    Returns
    -------
    matplotlib Figure
        All panels have the same axes, so that heights can be compared.

    Raises
    ------
    ValueError
        If shapes disagree, or there are NaN.
    ImportError
        If matplotlib is not installed (extra `plot`).

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta 1119 (2020) 41-51,
       section 3.3, https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.inspection import plot_feature_maps
    >>> maps = np.random.default_rng(0).uniform(size=(6, 50))
    >>> len(plot_feature_maps(maps, wavenumbers=np.arange(400, 900, 10.0)).axes)
    6
    """
    maps = _finite(feature_maps, "feature_maps", ndim=2)
    n_maps, n_units = maps.shape
    axis = _axis(wavenumbers, n_units)
    titles = [f"map {number}" for number in range(n_maps)]
    if weights is not None:
        weights = _finite(weights, "weights", n_maps)
        titles = [f"{t}, weight {w:+.2g}" for t, w in zip(titles, weights, strict=True)]
    order = np.arange(n_maps) if weights is None else np.argsort(-weights)
    low, high = min(0.0, maps.min()), maps.max()
    behind = None
    if spectrum is not None:
        behind = _unit_range(_finite(spectrum, "spectrum", n_units)) * high

    n_rows = -(-n_maps // n_columns)
    figure = new_figure(2.5 * n_columns, 1.15 * n_rows + 0.7)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    panels = grid.ravel()
    for axes in panels[n_maps:]:
        axes.remove()
    for axes, number in zip(panels, order, strict=False):
        _bare(axes, titles[number], fontsize=8)
        axes.tick_params(labelsize=7)
        if behind is not None:
            axes.fill_between(axis, 0, behind, color=SPECTRUM, alpha=0.4, lw=0)
        axes.plot(axis, maps[number], color=MAP, lw=1)
        axes.set_ylim(low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1))
    # A column whose last panel is missing ends one row higher.
    for axes in panels[max(0, n_maps - n_columns) : n_maps]:
        axes.tick_params(labelbottom=True)
    panels[0].set_xlim(axis.min(), axis.max())
    unit = axis_label(True) if wavenumbers is not None else "unit of the feature map"
    figure.supxlabel(unit, fontsize=9, color=INK)
    figure.supylabel("activation", fontsize=9, color=INK)
    return figure


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
        _bare(axes, title)
        kinds[kind](axes, summary, key)
    _same_axis(figure, grid, [summary.axis], summary.unit == "cm-1")
    handles, labels = grid[0].get_legend_handles_labels()
    _legend(figure, dict(zip(labels, handles, strict=True)))
    return figure


def _class_title(summary, label):
    correct, total = summary.counts.loc[label]
    return f"{label} ({correct} of {total} spectra, correctly classified)"


def _misclassified_titles(summary, classes):
    chosen = [key for key in summary.misclassified.index if key[1] in classes]
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
        top = np.maximum(top, _unit_range(summary.mean_spectrum.loc[label].to_numpy()))
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
    for label, color, text in (
        (true, SPECTRUM, "mean map of the true class"),
        (predicted, AGAINST, "mean map of the class it was taken for"),
    ):
        # An empty line where a class was never recognised keeps the legend complete.
        known = label in summary.mean.index
        mean = summary.mean.loc[label] if known else np.full(len(summary.axis), np.nan)
        axes.plot(summary.axis, mean, color=color, lw=0.9, label=text)
    weight = summary.misclassified.loc[key]
    axes.plot(summary.axis, weight, color=MAP, lw=1.3, label="map of this spectrum")
    axes.set_ylabel("scaled", fontsize=8.5, color=INK)


def _draw_spectrum_behind(axes, summary, label, height):
    if summary.mean_spectrum is None:
        return
    mean = height * _unit_range(summary.mean_spectrum.loc[label].to_numpy())
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
        _bare(axes, f"{label} (mean correlation of fits {correlation:.2f})")
        axes.set_ylabel("mean map", fontsize=8.5, color=INK)
        for name, table, color in zip(names, tables, colors, strict=True):
            if label in table.index:
                (handles[name],) = axes.plot(
                    axis, table.loc[label], color=color, lw=0.9, alpha=0.9
                )
    _same_axis(figure, grid, [axis], in_wavenumbers)
    _legend(figure, handles)
    return figure


def _bare(axes, title, fontsize=9.5):
    """Take away what is not data, and write a title."""
    axes.set_title(title, loc="left", fontsize=fontsize, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)


def _same_axis(figure, grid, axes_of_panels, in_wavenumbers):
    """Give all panels one horizontal range, named under the last."""
    grid[0].set_xlim(
        min(axis.min() for axis in axes_of_panels),
        max(axis.max() for axis in axes_of_panels),
    )
    grid[-1].set_xlabel(axis_label(in_wavenumbers), fontsize=9, color=INK)


def _legend(figure, handles):
    """Write one legend above all panels."""
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside upper center",
        ncols=min(len(handles), 5),
        frameon=False,
        fontsize=9,
    )


def _finite(values, name, length=None, ndim=1):
    """Return values as a finite float array, or say which are not."""
    values = np.asarray(values, dtype=float)
    if values.ndim != ndim or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(
            f"{name} must be {ndim}-D without NaN, got shape {values.shape}."
        )
    if length is not None and len(values) != length:
        raise ValueError(f"{name} has {len(values)} values, but {length} are needed.")
    return values


def _axis(wavenumbers, n_points):
    if wavenumbers is None:
        return np.arange(n_points, dtype=float)
    return check_wavenumbers(wavenumbers, n_points=n_points)


def _pick(value, name):
    return value[name] if isinstance(value, dict) else value


def _unit_range(values):
    return normalize_maps(values, "minmax")
