"""Figures of maps: single ones, feature maps, class summaries, several fits, bands.

``figure.savefig("maps.png")`` writes one; where pyplot is in use, ``plt.show()`` shows
it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_raman._utils._explanation import normalize_maps
from sklearn_raman._utils._optional import import_optional
from sklearn_raman._utils._plot import (
    ACCENT,
    AGAINST,
    COLOR_KEY,
    FAINT,
    FOR,
    INK,
    MAP,
    SPECTRUM,
    axis_label,
    bare,
    chosen_classes,
    given_panels,
    legend,
    legend_above,
    new_figure,
    same_axis,
)
from sklearn_raman._utils._validation import check_whole
from sklearn_raman._utils._wavenumbers import check_wavenumbers, labels_as_wavenumbers
from sklearn_raman.inspection._bands import (
    bands_above_median,
    common_axis,
    strongest_bands,
)
from sklearn_raman.inspection._summary import class_means, map_stability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_MISCLASSIFIED = 12
# Bands of a panel whose position is written.
MAX_WRITTEN = 6


def plot_explanation(
    spectrum: ArrayLike | dict[str, Any],
    maps: ArrayLike | dict[str, Any],
    *,
    wavenumbers: ArrayLike | dict[str, Any] | None = None,
    n_bands: int = 3,
    ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
) -> Figure:
    """Draw a spectrum in the colors of its map, one panel per model.

    Parameters
    ----------
    spectrum : array-like of shape (n_points,), Series, or dict of str to these
        Spectrum, or one per model if their preprocessing differs.
    maps : array-like of shape (n_points,), Series, or dict of str to these
        Map of the spectrum, or name of the model: map. Each panel has its own scale of
        colors.
    wavenumbers : array-like of shape (n_points,), "points", dict of str to these, or \
None, default=None
        Axis in cm-1, or one per model. None takes the index of a Series, if it is
        wavenumbers, and else counts points, as "points" does in any case. All panels
        show the same range.
    n_bands : int, default=3
        The position of this many of the strongest bands of a map is written above it.
    ax : matplotlib Axes, array-like of these or None, default=None
        Where to draw, one for each map; None makes a figure.

    Returns
    -------
    matplotlib Figure
        One panel below the other, on one axis; with `ax` the figure that it is in.
        pyplot's own where pyplot is in use.

    Raises
    ------
    ValueError
        If spectrum, map and axis have different lengths, or hold NaN; if some panels
        are in cm-1 and others in points; if `ax` does not hold one for each map.
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
    ...     "occlusion": occlusion(model, X[:1], score="logit")[0],
    ... }
    >>> len(plot_explanation(X[0], maps).axes)
    2
    """
    named = maps if isinstance(maps, dict) else {"": maps}
    panels, known = {}, []
    for what, values in (("spectrum", spectrum), ("wavenumbers", wavenumbers)):
        if isinstance(values, dict) and not values.keys() >= named.keys():
            raise ValueError(
                f"{what} has entries for {list(values)}, and maps for {list(named)}: "
                "each map needs one of its name."
            )
    for name, weight in named.items():
        own, given = (
            value[name] if isinstance(value, dict) else value
            for value in (spectrum, wavenumbers)
        )
        values = _finite(weight, "map")
        intensity = _finite(own, "spectrum", len(values))
        axis = common_axis(given, len(values), maps=weight, spectrum=own)
        if axis is None:
            axis = np.arange(len(values), dtype=float)
        else:
            known.append(name)
        panels[name] = (axis, intensity, values)
    if 0 < len(known) < len(panels):
        raise ValueError(
            f"The axis of {sorted(known)} is in cm-1 and that of the other panels is "
            'not known: give wavenumbers for all, or "points".'
        )
    figure, grid = _stacked_panels(len(panels), 2.05, 0.6, ax, "map")
    if ax is None:
        key = COLOR_KEY + ("; colors scaled in each panel" if len(panels) > 1 else "")
        figure.supxlabel(key, fontsize=8.5, color=INK)
    for axes, name in zip(grid, panels, strict=True):
        axis, intensity, values = panels[name]
        bare(axes, name, "intensity")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        room = _fill_with_map(axes, axis, intensity, values)
        bands = strongest_bands(axis, values, n_bands)
        colors = [FOR if values[band] > 0 else AGAINST for band in bands]
        _label_bands(axes, axis, intensity, bands, room, colors)
    same_axis(grid, [axis for axis, _, _ in panels.values()], bool(known))
    return figure


def _stacked_panels(n_panels, height, margin, ax, what):
    """Return a figure and its panels, one below the other, or those of the user."""
    if ax is not None:
        return given_panels(ax, n_panels, what)
    figure = new_figure(8.2, height * n_panels + margin, for_user=True)
    return figure, figure.subplots(n_panels, 1, squeeze=False, sharex=True)[:, 0]


def _fill_with_map(axes, axis, spectrum, weight):
    """Draw a spectrum, the area under it in the colors of its map.

    Parameters
    ----------
    axes : matplotlib Axes
    axis : ndarray of shape (n_points,)
    spectrum : ndarray of shape (n_points,)
    weight : ndarray of shape (n_points,)
        Red where positive, blue where negative, white at zero; scaled by the largest
        absolute value.

    Returns
    -------
    float
        The height of the spectrum, from its lowest to its highest point.
    """
    low, high = spectrum.min(), spectrum.max()
    room = (high - low) or 1.0
    # The fill starts well below the lowest point, so that no wavenumber is without it.
    bottom = low - 0.14 * room
    axes.set_ylim(bottom, high + 0.42 * room)

    limit = np.abs(weight).max() or 1.0
    # Shades between points are slow to draw, and not seen where points are dense.
    shading = "gouraud" if len(axis) < 400 else "nearest"
    colors = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, "shading": shading}
    fill = axes.pcolormesh(axis, [bottom, high], [weight, weight], **colors)
    outline = axes.fill_between(axis, bottom, spectrum, facecolor="none", lw=0)
    fill.set_clip_path(outline.get_paths()[0], axes.transData)
    axes.plot(axis, spectrum, color=INK, lw=0.8, zorder=3)
    return room


def _label_bands(axes, axis, curve, bands, room, colors):
    """Write positions above a curve, upright, with a line down to it.

    Parameters
    ----------
    axes : matplotlib Axes
    axis, curve : ndarray of shape (n_points,)
    bands : sequence of int
        Positions on the axis.
    room : float
        Height of the curve, for the distance between curve and text.
    colors : sequence of str
        One per band.
    """
    reach = max(1, len(axis) // 60)
    upright = {"rotation": 90, "ha": "center", "va": "bottom", "zorder": 5}
    font = {"fontsize": 8, "fontweight": "bold"}
    line = {"arrowstyle": "-", "lw": 0.6, "color": FAINT, "shrinkB": 1}
    for band, color in zip(bands, colors, strict=True):
        around = curve[max(0, band - reach) : band + reach + 1]
        place = axis[band], around.max() + 0.08 * room
        text = axes.annotate(
            f"{axis[band]:.0f}", (axis[band], curve[band]), place, arrowprops=line
        )
        text.set(color=color, **upright, **font)


def plot_feature_maps(
    feature_maps: ArrayLike,
    *,
    wavenumbers: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    spectrum: ArrayLike | None = None,
    n_columns: int = 4,
    ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
) -> Figure:
    """Draw the feature maps of a layer, one small panel each.

    As in [1]_, Fig. 7.

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
        The spectrum at the positions of the units, in gray behind each map.
    n_columns : int, default=4
        Panels side by side.
    ax : matplotlib Axes, array-like of these or None, default=None
        Where to draw, one for each map; None makes a figure.

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
    if wavenumbers is None:
        axis = np.arange(n_units, dtype=float)
    else:
        axis = check_wavenumbers(wavenumbers, n_points=n_units)
    titles, order = [f"map {number}" for number in range(n_maps)], range(n_maps)
    if weights is not None:
        weights = _finite(weights, "weights", n_maps)
        titles = [f"{t}, weight {w:+.2g}" for t, w in zip(titles, weights, strict=True)]
        order = np.argsort(-weights)
    low, high = min(0.0, maps.min()), maps.max()
    room = 0.05 * (high - low or 1)
    behind = None
    if spectrum is not None:
        behind = high * normalize_maps(_finite(spectrum, "spectrum", n_units), "minmax")

    check_whole(n_columns, "n_columns", low=1)
    n_rows = -(-n_maps // n_columns)
    unit = axis_label(True) if wavenumbers is not None else "unit of the feature map"
    if ax is not None:
        figure, panels = given_panels(ax, n_maps, "map")
        panels[-1].set_xlabel(unit, fontsize=9, color=INK)
    else:
        figure = new_figure(2.5 * n_columns, 1.15 * n_rows + 0.7, for_user=True)
        shared = {"squeeze": False, "sharex": True, "sharey": True}
        panels = figure.subplots(n_rows, n_columns, **shared).ravel()
        for axes in panels[n_maps:]:
            axes.remove()
        figure.supxlabel(unit, fontsize=9, color=INK)
        figure.supylabel("activation", fontsize=9, color=INK)
    for axes, number in zip(panels, order, strict=False):
        bare(axes, titles[number], fontsize=8)
        axes.tick_params(labelsize=7)
        if behind is not None:
            axes.fill_between(axis, 0, behind, color=SPECTRUM, alpha=0.4, lw=0)
        axes.plot(axis, maps[number], color=MAP, lw=1)
        axes.set_xlim(axis.min(), axis.max())
        axes.set_ylim(low - room, high + room)
    # A column whose last panel is missing ends one row higher.
    for axes in panels[max(0, n_maps - n_columns) : n_maps]:
        axes.tick_params(labelbottom=True)
    return figure


def draw_summary(summary, kind, classes, ax=None):
    """Draw an `ExplanationSummary`; see its method `plot`."""
    kinds = {
        "mean": (_draw_mean, "scaled"),
        "frequency": (_draw_frequency, "% of spectra"),
        "misclassified": (_draw_misclassified, "above median"),
    }
    if kind not in kinds:
        raise ValueError(f"kind must be one of {list(kinds)}, got {kind!r}.")
    known = summary.counts.index if kind == "misclassified" else summary.mean.index
    classes = chosen_classes(classes, known)
    if kind == "misclassified":
        titles = _misclassified_titles(summary, classes)
    else:
        titles = {
            label: f"{label} ({correct} of {total} spectra classified correctly)"
            for label, correct, total in summary.counts.reindex(classes).itertuples()
        }
    if not titles:
        raise ValueError(f"There is nothing to draw: no spectrum is in {kind!r}.")
    figure, grid = _stacked_panels(len(titles), 1.75, 0.9, ax, "panel")
    draw, ylabel = kinds[kind]
    for axes, (key, title) in zip(grid, titles.items(), strict=True):
        bare(axes, title, ylabel)
        draw(axes, summary, key)
    same_axis(grid, [summary.axis], summary.unit == "cm-1")
    handles, labels = grid[0].get_legend_handles_labels()
    _legend(figure, grid, ax, dict(zip(labels, handles, strict=True)))
    return figure


def _legend(figure, grid, ax, handles):
    """Write the legend above the panels, or into the first of the user's."""
    if ax is None:
        legend_above(figure, handles)
    else:
        legend(grid[0], handles)


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
    mean, std = (t.xs(label).to_numpy() for t in (summary.mean, summary.std))
    behind = _draw_spectrum_behind(axes, summary, label, 1.0)
    band = {"color": MAP, "alpha": 0.25, "lw": 0, "label": "map ± sd"}
    axes.fill_between(axis, mean - std, mean + std, **band)
    axes.plot(axis, mean, color=MAP, lw=1.3, label="mean map")
    zero = summary.zero_level.xs(label)
    axes.axhline(zero, color=INK, lw=0.8, ls=":", label="no influence")
    # One scale for all panels.
    low = min(0, (summary.mean - summary.std).min(axis=None))
    high = max(1, (summary.mean + summary.std).max(axis=None))
    axes.set_ylim(low - 0.02, high + 0.45)
    axes.set_yticks([0, 1] if low > -0.5 else [-1, 0, 1])
    bands = bands_above_median(axis, mean, n_bands=4)
    top = np.maximum(mean + std, behind)
    _label_bands(axes, axis, top, bands, 1.0, [MAP] * len(bands))


def _draw_frequency(axes, summary, label):
    frequency = 100 * summary.top_frequency.xs(label).to_numpy()
    _draw_spectrum_behind(axes, summary, label, 100.0)
    text = f"among the highest {100 * summary.fraction:g} % of a map"
    bars = {"step": "mid", "color": MAP, "alpha": 0.55, "lw": 0, "label": text}
    axes.fill_between(summary.axis, 0, frequency, **bars)
    axes.set_ylim(0, 104)
    axes.set_yticks([0, 50, 100])


def _draw_misclassified(axes, summary, key):
    _, true, predicted = key
    lines = (
        (summary.mean, true, SPECTRUM, 0.9, "mean map of the true class"),
        (
            summary.mean,
            predicted,
            AGAINST,
            0.9,
            "mean map of the class it was taken for",
        ),
        (summary.misclassified, key, MAP, 1.3, "map of this spectrum"),
    )
    for table, label, color, width, text in lines:
        # Without a mean map, an empty line keeps the legend complete.
        known = label in table.index
        row = (
            table.xs(label).to_numpy() if known else np.full(len(summary.axis), np.nan)
        )
        # Min-max scaling leaves each map at a level of its own where nothing happens.
        axes.plot(summary.axis, row - np.median(row), color=color, lw=width, label=text)
    axes.axhline(0, color=INK, lw=0.8, ls=":", zorder=1)


def _draw_spectrum_behind(axes, summary, label, height):
    """Draw the mean spectrum up to `height` and return it; -inf if there is none."""
    if summary.mean_spectrum is None:
        return -np.inf
    mean = summary.mean_spectrum.xs(label).to_numpy()
    mean = height * normalize_maps(mean, "minmax")
    gray = {"color": SPECTRUM, "alpha": 0.45, "lw": 0, "label": "mean spectrum"}
    axes.fill_between(summary.axis, 0, mean, **gray)
    return mean


def draw_bands(report, classes, ax=None):
    """Draw a `BandReport`; see its method `plot`."""
    classes = chosen_classes(classes, report.mean_map.index)
    figure, grid = _stacked_panels(len(classes), 1.9, 0.9, ax, "class")
    axis = report.mean_map.columns.to_numpy()
    for axes, label in zip(grid, classes, strict=True):
        own = report.bands[report.bands["class"] == label]
        used = own[own["used"]]
        text = "1 band is used" if len(used) == 1 else f"{len(used)} bands are used"
        if used.empty:
            text = "the data cannot tell any band"
        n_groups = report.n_groups.xs(label)
        bare(axes, f"{label} ({n_groups} groups): {text}", "map")
        # Scaled for each panel: a map has no unit of its own.
        unit = np.abs(report.mean_map.xs(label)).max() or 1.0
        mean, low, high = (
            table.xs(label).to_numpy() / unit
            for table in (report.mean_map, report.lower_map, report.upper_map)
        )
        spectrum = normalize_maps(report.mean_spectrum.xs(label).to_numpy(), "minmax")
        gray = {"color": SPECTRUM, "alpha": 0.45, "lw": 0, "label": "mean spectrum"}
        axes.fill_between(axis, 0, spectrum, **gray)
        percent = f"{100 * report.settings['confidence']:g} %"
        shade = {
            "color": MAP,
            "alpha": 0.3,
            "lw": 0,
            "label": f"its {percent} interval",
        }
        axes.plot(axis, mean, color=MAP, lw=1.1, label="mean map")
        axes.fill_between(axis, low, high, **shade)
        axes.axhline(0, color=INK, lw=0.8, ls=":")
        top = max(1.0, high.max())
        axes.set_ylim(min(-0.1, low.min()) - 0.03, top + 0.65)
        axes.set_yticks([0, 1])
        _mark_bands(axes, used, top, np.ptp(axis))
    same_axis(grid, [axis], report.unit == "cm-1")
    # A panel without bands has no entry for them.
    entries = {}
    for axes in grid:
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    _legend(figure, grid, ax, entries)
    return figure


def _mark_bands(axes, used, top, span):
    """Shade the bands that are used; write down the strongest, with their intervals."""
    written = []
    for number, band in enumerate(used.itertuples()):
        name = {"label": "used: speaks for the class"} if number == 0 else {}
        axes.axvspan(band.low, band.high, color=ACCENT, alpha=0.1, lw=0, **name)
        height, ends = top + 0.08, [band.position_low, band.position_high]
        axes.plot(ends, [height] * 2, "|-", color=ACCENT, lw=1.2, ms=5)
        axes.plot(band.position, height, "o", color=ACCENT, ms=3)
        if number < MAX_WRITTEN:
            # Above the texts that are too near to stand beside it.
            level = sum(abs(band.position - other) < 0.05 * span for other in written)
            written.append(band.position)
            axes.annotate(
                f"{band.position:.0f}",
                (band.position, height),
                (0, 4 + 9 * level),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                fontweight="bold",
                color=ACCENT,
            )


def plot_stability(
    fits: Sequence[Any],
    *,
    classes: Sequence[Any] | NDArray[Any] | None = None,
    labels: Sequence[str] | None = None,
    ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
) -> Figure:
    """Draw the class means of several fits over one another.

    As in [1]_, Fig. 10.

    Parameters
    ----------
    fits : sequence of ExplanationSummary, DataFrame or array-like
        As for :func:`map_stability`; column labels of frames are the axis in cm-1.
    classes : list of labels or None, default=None
        Classes that are drawn; None means all.
    labels : list of str or None, default=None
        Name of each fit; None numbers them.
    ax : matplotlib Axes, array-like of these or None, default=None
        Where to draw, one for each class; None makes a figure.

    Returns
    -------
    matplotlib Figure
        One panel per class, with the mean correlation of its fits in the title.

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
    classes = chosen_classes(classes, stability.index)
    numbers = range(1, len(tables) + 1)
    names = [f"fit {n}" for n in numbers] if labels is None else list(labels)
    if len(names) != len(tables):
        raise ValueError(f"labels has {len(names)} names for {len(tables)} fits.")
    axis = labels_as_wavenumbers(tables[0])
    in_wavenumbers = getattr(fits[0], "unit", "cm-1") == "cm-1" and axis is not None
    axis = np.arange(tables[0].shape[1], dtype=float) if axis is None else axis
    # viridis darkens evenly, so that fits are told apart in gray as well.
    viridis = import_optional("matplotlib", "plot").colormaps["viridis"]
    colors = viridis(np.linspace(0, 0.85, len(tables)))

    figure, grid = _stacked_panels(len(classes), 1.75, 0.9, ax, "class")
    handles = {}
    for axes, label in zip(grid, classes, strict=True):
        correlation = stability["mean_correlation"].xs(label)
        title = f"{label} (mean correlation of fits {correlation:.2f})"
        bare(axes, title, "mean map")
        for name, table, color in zip(names, tables, colors, strict=True):
            if label in table.index:
                line = {"color": color, "lw": 0.9, "alpha": 0.9}
                (handles[name],) = axes.plot(axis, table.xs(label), **line)
    same_axis(grid, [axis], in_wavenumbers)
    _legend(figure, grid, ax, handles)
    return figure


def _finite(values, name, length=None, ndim=1):
    """Return values as a finite float array, or say which are not."""
    if np.iscomplexobj(values):
        raise ValueError(f"{name} must be real numbers, got complex ones.")
    values = np.asarray(values, dtype=float)
    if values.ndim != ndim or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(
            f"{name} must be {ndim}-D without NaN, got shape {values.shape}."
        )
    if length is not None and len(values) != length:
        raise ValueError(f"{name} has {len(values)} values, but {length} are needed.")
    return values
