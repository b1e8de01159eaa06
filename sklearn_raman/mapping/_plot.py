"""Pictures of maps: classes, probabilities, what the classes look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sklearn_raman._utils._optional import import_optional
from sklearn_raman._utils._plot import (
    FAINT,
    INK,
    bare,
    given_panels,
    legend,
    new_figure,
    plain,
    same_axis,
)
from sklearn_raman.inspection import plot_explanation
from sklearn_raman.mapping._blocks import NOBODY, STATUS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of Okabe and Ito: told apart by every kind of color vision. More classes than these
# get lighter and darker ones.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5b4a8a")
NOBODYS_COLOR = "#d9dee4"
_MOST_PIXELS = 2000  # drawn along a side
_PANEL = 3.4


def plot_labels(maps: Any, *, ax: Any = None) -> Figure:
    """Draw the class of each pixel, with a legend and a scale bar.

    Parameters
    ----------
    maps : xarray.Dataset
        What :func:`apply_pipeline` returns, with "label" and two pixel dimensions.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib Figure
        The legend tells the share of each class among the pixels that have one, in the
        whole map, though above 2000 pixels along a side not all are drawn. The scale
        bar has the unit that the coordinate along it states, else it counts pixels.
        Pixels have the shape that the coordinates give them; they are square where
        these are not evenly spaced, or differ in their unit.

    Raises
    ------
    ValueError
        If there are no labels or names of classes, or not two pixel dimensions.
    ImportError
        If matplotlib is not installed (extra `plot`).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.mapping import apply_pipeline, plot_labels
    >>> X, y = make_raman_spectra(60, random_state=0)
    >>> model = PLSLDA(n_components=5).fit(X, y)
    >>> figure = plot_labels(apply_pipeline(model, X.reshape(6, 10, -1)))
    >>> len(figure.axes)
    1
    """
    maps, label = plane(maps, "label")
    codes, names = label.values, class_names(maps)  # all: the legend counts them
    colors = class_colors(len(names))
    if ax is None:
        width, height = _size(label)
        ax = new_figure(width + 1.9, height + 0.7, for_user=True).subplots()
    _, (ax,) = given_panels(ax, 1, "map")
    matplotlib = import_optional("matplotlib.colors", "plot")
    table = np.asarray([matplotlib.to_rgb(c) for c in (NOBODYS_COLOR, *colors)])
    _show(ax, label, table[thinned(label, _MOST_PIXELS).values + 1])
    counts = np.bincount(codes[codes != NOBODY], minlength=len(names))
    n_named = max(counts.sum(), 1)
    entries = {
        f"{name} ({count / n_named:.1%})": color
        for name, count, color in zip(names, counts, colors, strict=True)
        if count
    }
    if (codes == NOBODY).any():
        entries["unknown"] = NOBODYS_COLOR
    patches = import_optional("matplotlib.patches", "plot")
    handles = {text: patches.Patch(facecolor=c) for text, c in entries.items()}
    beside = {"loc": "upper left", "bbox_to_anchor": (1.02, 1), "borderaxespad": 0}
    legend(ax, handles, fontsize=9, **beside)
    bare(ax, "Class of each pixel")
    _hide_frame(ax)
    return ax.figure


def plot_scores(maps: Any, name: str = "proba", *, ax: Any = None) -> Figure:
    """Draw a score of each pixel, one panel for each class.

    Parameters
    ----------
    maps : xarray.Dataset
        What :func:`apply_pipeline` returns, with two pixel dimensions.
    name : str, default="proba"
        "proba", "decision", "novelty" or "status".
    ax : matplotlib Axes, array-like of these or None, default=None
        Where to draw, one for each panel; None makes a figure.

    Returns
    -------
    matplotlib Figure
        All panels have one scale of colors. Pixels without a result stay gray.

    Raises
    ------
    ValueError
        If there is no such score, or not two pixel dimensions.
    ImportError
        If matplotlib is not installed (extra `plot`).

    Examples
    --------
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.mapping import apply_pipeline, plot_scores
    >>> X, y = make_raman_spectra(60, random_state=0)
    >>> model = PLSLDA(n_components=5).fit(X, y)
    >>> figure = plot_scores(apply_pipeline(model, X.reshape(6, 10, -1)))
    >>> len(figure.axes)  # two classes and a scale of colors
    3
    """
    maps, whole = plane(maps, name)
    score = thinned(whole, _MOST_PIXELS).compute()
    panels = {score.attrs.get("long_name", name): score}
    if "class" in score.dims:
        panels = {
            f"{name}: {label}": score.isel({"class": k})
            for k, label in enumerate(class_names(maps))
        }
    values = score.values.astype(float)
    low, high = (0, 1) if name in ("proba", "novelty") else _range_of(values)
    if name == "status":
        low, high = 0, len(STATUS) - 1
    if ax is None:
        width, height = _size(whole)
        n_columns = 2 if len(panels) in (2, 4) else min(len(panels), 3)
        n_rows = -(-len(panels) // n_columns)
        size = n_columns * width + 0.9, n_rows * (height + 0.45)
        grid = new_figure(*size, for_user=True).subplots(n_rows, n_columns)
        figure, places = np.ravel(grid)[0].figure, np.ravel(grid)
    else:
        figure, places = given_panels(ax, len(panels), "class")
    for axes, (title, panel) in zip(places, panels.items(), strict=False):
        axes.set_facecolor(NOBODYS_COLOR)
        image = _show(axes, whole, panel.values, vmin=low, vmax=high, cmap="cividis")
        bare(axes, title)
        _hide_frame(axes)
    for axes in places[len(panels) :]:
        axes.set_visible(False)
    bar = figure.colorbar(image, ax=list(places), shrink=0.8)
    bar.ax.tick_params(labelsize=8, colors=INK)
    if name == "status":
        bar.set_ticks(range(len(STATUS)), labels=STATUS)
    return figure


def plot_overview(maps: Any, *, n_bands: int = 3) -> Figure:
    """Draw the classes of a map, and beside them what each of them looks like.

    Parameters
    ----------
    maps : xarray.Dataset
        What :func:`apply_pipeline` returns with "label" and "class_means" among its
        outputs, and two pixel dimensions.
    n_bands : int, default=3
        So many of the strongest bands of a map have their position written above them.

    Returns
    -------
    matplotlib Figure
        The map of labels, and the mean spectrum of each class in the colors of its mean
        explanation, if there is one.

    Raises
    ------
    ValueError
        If there are no labels or no means of classes.
    ImportError
        If matplotlib is not installed (extra `plot`).

    Examples
    --------
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.mapping import apply_pipeline, plot_overview
    >>> X, y = make_raman_spectra(60, random_state=0)
    >>> model = PLSLDA(n_components=5).fit(X, y)
    >>> cube = X.reshape(6, 10, -1)
    >>> maps = apply_pipeline(model, cube, output=("label", "class_means"))
    >>> len(plot_overview(maps).axes)
    3
    """
    maps, label = plane(maps, "label")
    if "class_spectrum" not in maps:
        raise ValueError(
            "The maps hold no means of classes: make them with "
            'apply_pipeline(..., output=("label", "class_means")).'
        )
    spectra, explained = class_means(maps)
    width, height = _size(label)
    tall = max(height + 0.7, 1.25 * len(spectra))
    figure = new_figure(width + 1.9 + 5.2, tall, for_user=True)
    left, right = figure.subfigures(1, 2, width_ratios=(width + 1.9, 5.2))
    beside = left.subplots()
    plot_labels(maps, ax=beside)
    beside.set_anchor("NW")
    if not spectra:
        right.text(0.5, 0.5, "no pixel has a class", ha="center", color=INK)
        return figure
    panels = np.ravel(right.subplots(len(spectra), 1, sharex=True))
    if explained:
        plot_explanation(spectra, explained, n_bands=n_bands, ax=panels)
        return figure
    colors = dict(
        zip(class_names(maps), class_colors(maps.sizes["class"]), strict=True)
    )
    for axes, (name, spectrum) in zip(panels, spectra.items(), strict=True):
        axes.plot(spectrum.index, spectrum, lw=1, color=colors[name])
        bare(axes, name)
    same_axis(panels, [spectrum.index], not isinstance(spectrum.index, pd.RangeIndex))
    return figure


# What is drawn -----------------------------------------------------------------------


def plane(maps, name):
    """Return maps and one of them, after a look at its shape.

    Parameters
    ----------
    maps : Dataset
    name : str

    Returns
    -------
    maps : Dataset
    one : DataArray
        Its first dimensions are those of the pixels, two.
    """
    if not hasattr(maps, "data_vars"):
        raise TypeError(
            f"The maps must be what apply_pipeline returns, got {type(maps).__name__}."
        )
    if name not in maps:
        raise ValueError(
            f"The maps hold no {name!r}, only {sorted(map(str, maps.data_vars))}: ask "
            f"for it, apply_pipeline(..., output=...)."
        )
    dims = [dim for dim in maps[name].dims if dim != "class"]
    if len(dims) != 2:
        raise ValueError(
            f"A picture has two dimensions, this map has {tuple(dims)}: pick a plane "
            "of it, such as maps.isel(z=0)."
        )
    for dim in dims:
        if dim not in maps.coords:
            counted = np.arange(maps.sizes[dim])
            maps = maps.assign_coords({dim: (dim, counted, {"units": "pixels"})})
    if name == "label" and "class" in maps.coords:
        maps = maps.assign(label=_as_codes(maps["label"], len(class_names(maps))))
    return maps, maps[name].transpose(*dims, ...)


def thin_steps(image, most):
    """Return for both dimensions every which pixel is shown, at most so many."""
    return {dim: -(-image.sizes[dim] // most) for dim in image.dims[:2]}


def thinned(image, most):
    """Return every n-th pixel of an image, at most so many along a side."""
    steps = thin_steps(image, most)
    return image.isel({dim: slice(None, None, step) for dim, step in steps.items()})


def _as_codes(label, n_classes):
    """Return labels as whole numbers; NaN, as `where` of xarray leaves it, is none."""
    label = label.compute()
    if label.dtype.kind == "f":
        label = label.fillna(NOBODY)
    codes = label.astype(np.int16)
    low, high = int(label.min()), int(label.max())
    if (codes != label).any() or low < NOBODY or high >= n_classes:
        raise ValueError(
            f"label holds values from {low} to {high}; expected positions in the "
            f"coordinate class, 0 to {n_classes - 1}, or {NOBODY}."
        )
    return codes


def class_means(maps):
    """Return mean spectrum and mean map of each class that has pixels, by name."""
    dims = maps["class_spectrum"].dims
    if len(dims) > 2:
        raise ValueError(
            f"class_spectrum has the dimensions {dims}, expected {dims[:2]}: means of "
            "classes have no pixels, and maps.where(...) of xarray spread them over "
            "these. Choose pixels in the other results only, such as "
            "maps.assign(label=maps.label.where(...)), or drop the means."
        )
    axis, spectra, explained = _axis(maps), {}, {}
    names = class_names(maps)
    counts = maps["class_count"].values
    for k in np.flatnonzero(counts):
        values = maps["class_spectrum"].isel({"class": k}).values
        spectra[names[k]] = pd.Series(values, index=axis)
        if "class_explanation" in maps:
            values = maps["class_explanation"].isel({"class": k}).values
            explained[names[k]] = pd.Series(values, index=axis)
    return spectra, explained


def _axis(maps):
    """Return the axis of the means as an index; positions where it is not known."""
    dim = maps["class_spectrum"].dims[1]
    for name in ("raman_shift", dim):
        if name in maps.coords:
            return pd.Index(maps[name].values.astype(float))
    return pd.RangeIndex(maps.sizes[dim])


def class_names(maps):
    """Return the names of the classes as text."""
    if "class" not in maps.coords:
        raise ValueError(
            "The maps have lost the coordinate 'class', the names of the classes: pick "
            "results together with it, such as maps[['label', 'class']]."
        )
    return [str(name) for name in maps["class"].values]


def class_colors(n_classes):
    """Return a color for each class."""
    colors = list(_COLORS[:n_classes])
    if n_classes > len(colors):
        mixed = import_optional("matplotlib.colors", "plot")
        for k in range(len(colors), n_classes):
            share = 0.35 + 0.25 * ((k // len(_COLORS) - 1) // 2)
            towards = (1, 1, 1) if (k // len(_COLORS)) % 2 else (0, 0, 0)
            color = np.asarray(mixed.to_rgb(_COLORS[k % len(_COLORS)]))
            color = (1 - share) * color + share * np.asarray(towards)
            colors.append(mixed.to_hex(np.clip(color, 0, 1)))
    return colors


def _range_of(values):
    finite = values[np.isfinite(values)]
    return (finite.min(), finite.max()) if len(finite) else (0, 1)


# How it is drawn ---------------------------------------------------------------------


def _size(image):
    """Return width and height in inches of a map, without what stands around it."""
    n_y, n_x = image.shape[:2]
    height, width = _sides(image)
    width, height = n_x * width, n_y * height
    scale = _PANEL / max(width, height)
    return max(width * scale, 1.2), max(height * scale, 1.2)


def _sides(image):
    """Return height and width of a pixel as it is drawn."""
    (height, one), (width, other) = _step(image, 0), _step(image, 1)
    return (height, width) if one == other else (1.0, 1.0)


def _step(image, k):
    """Return the distance between pixels along a dimension, and its unit or ""."""
    dim = image.dims[k]
    if dim in image.coords and image.sizes[dim] > 1:
        values = image[dim].values
        if values.dtype.kind in "iuf":
            steps = np.abs(np.diff(values.astype(float)))
            if steps.min() > 0 and np.ptp(steps) <= 0.1 * steps.mean():
                return float(steps.mean()), str(image[dim].attrs.get("units", ""))
    return 1.0, "pixels"


def _show(axes, image, values, **settings):
    """Draw the values of an image, all or every n-th, with a scale bar."""
    height, width = _sides(image)
    n_y, n_x = image.shape[:2]
    extent = (0, n_x * width, n_y * height, 0)
    drawn = axes.imshow(values, extent=extent, interpolation="nearest", **settings)
    step, unit = _step(image, 1)
    if not unit:
        step, unit = 1.0, "pixels"
    told = _round_length(n_x * step / 3)
    if unit == "pixels" and told <= 1:
        told, unit = 1, "pixel"
    length = told / step * width
    right, below = 0.96 * n_x * width, 0.94 * n_y * height
    style = {"solid_capstyle": "butt"}
    for color, wide in (("white", 6), (INK, 3)):
        axes.plot([right - length, right], [below] * 2, color=color, lw=wide, **style)
    effects = import_optional("matplotlib.patheffects", "plot")
    axes.text(
        right - length / 2,
        below - 0.02 * n_y * height,
        plain(f"{told:g} {unit}"),
        ha="center",
        va="bottom",
        fontsize=8,
        color=INK,
        path_effects=[effects.withStroke(linewidth=3, foreground="white")],
    )
    return drawn


def _round_length(most):
    """Return the largest of 1, 2, 5, 10, ... that is not above `most`."""
    power = 10.0 ** np.floor(np.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))


def _hide_frame(axes):
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(FAINT)
