"""What figures of several folders share: colours, files, a spectrum under its map.

Figures are made without pyplot, so that no window, no backend and no global state is
involved.
"""

from io import BytesIO

import numpy as np

from sklearn_raman._utils._optional import import_optional

INK, FAINT, GRID, ACCENT = "#1f2933", "#9aa5b1", "#e4e7eb", "#2457a6"
FOR, AGAINST = "#a50f15", "#08519c"
# Vermillion and grey are told apart by every kind of colour vision.
MAP, SPECTRUM = "#d55e00", "#8a94a3"


def new_figure(width, height):
    """Return an empty figure of that many inches."""
    figure = import_optional("matplotlib.figure", "plot")
    return figure.Figure(figsize=(width, height), layout="constrained")


def to_png(figure, dpi=150):
    """Return a figure as the bytes of a PNG file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def axis_label(in_wavenumbers):
    """Return the label of a horizontal axis, in cm-1 or in points."""
    return "Raman shift (cm$^{-1}$)" if in_wavenumbers else "point"


def fill_with_map(axes, axis, spectrum, weight):
    """Draw a spectrum, the area under it in the colours of its map.

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
    return room


def label_bands(axes, axis, curve, bands, room, colors):
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
        One for each band.
    """
    reach = max(1, len(axis) // 60)
    for band, color in zip(bands, colors, strict=True):
        around = curve[max(0, band - reach) : band + reach + 1]
        axes.annotate(
            f"{axis[band]:.0f}",
            (axis[band], curve[band]),
            xytext=(axis[band], around.max() + 0.08 * room),
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=8,
            fontweight="bold",
            color=color,
            arrowprops={"arrowstyle": "-", "lw": 0.6, "color": FAINT, "shrinkB": 1},
            zorder=5,
        )


def bare(axes, title, fontsize=9.5):
    """Take away what is not data, and write a title on the left."""
    axes.set_title(title, loc="left", fontsize=fontsize, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)


def same_axis(figure, grid, axes_of_panels, in_wavenumbers):
    """Give all panels one horizontal range, named under the last."""
    grid[0].set_xlim(
        min(axis.min() for axis in axes_of_panels),
        max(axis.max() for axis in axes_of_panels),
    )
    grid[-1].set_xlabel(axis_label(in_wavenumbers), fontsize=9, color=INK)


def legend_above(figure, handles):
    """Write one legend above all panels."""
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside upper center",
        ncols=min(len(handles), 5),
        frameon=False,
        fontsize=9,
    )
