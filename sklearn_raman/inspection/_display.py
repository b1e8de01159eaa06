"""Figures of single maps: a spectrum in their colours, and feature maps.

Made without pyplot; ``figure.savefig("maps.png")`` writes one.
"""

import numpy as np

from sklearn_raman._utils._bands import strongest_bands
from sklearn_raman._utils._display import (
    AGAINST,
    FOR,
    INK,
    MAP,
    SPECTRUM,
    axis_label,
    bare,
    fill_with_map,
    label_bands,
    new_figure,
    same_axis,
)
from sklearn_raman._utils._explanation import normalize_maps
from sklearn_raman._utils._wavenumbers import check_wavenumbers

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
        bare(axes, name)
        axes.set_ylabel("intensity", fontsize=8.5, color=INK)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        room = fill_with_map(axes, axis, intensity, weight)
        bands = strongest_bands(axis, weight, n_bands)
        colors = [FOR if weight[band] > 0 else AGAINST for band in bands]
        label_bands(axes, axis, intensity, bands, room, colors)
    same_axis(figure, grid, [p[1] for p in panels], wavenumbers is not None)
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
        behind = high * normalize_maps(_finite(spectrum, "spectrum", n_units), "minmax")

    n_rows = -(-n_maps // n_columns)
    figure = new_figure(2.5 * n_columns, 1.15 * n_rows + 0.7)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    panels = grid.ravel()
    for axes in panels[n_maps:]:
        axes.remove()
    for axes, number in zip(panels, order, strict=False):
        bare(axes, titles[number], fontsize=8)
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
