"""What figures of several folders share: colors, axes and legends.

Figures are made without pyplot, so that no window, no backend and no global state is
involved.
"""

from sklearn_raman._utils._optional import import_optional

INK, FAINT, GRID, ACCENT = "#1f2933", "#9aa5b1", "#e4e7eb", "#2457a6"
FOR, AGAINST = "#a50f15", "#08519c"
# Vermilion and gray are told apart by every kind of color vision.
MAP, SPECTRUM = "#d55e00", "#8a94a3"
COLOR_KEY = "red: speaks for the class, blue: against it, white: plays no part"


def new_figure(width, height):
    """Return an empty figure of that many inches."""
    figure = import_optional("matplotlib.figure", "plot")
    return figure.Figure(figsize=(width, height), layout="constrained")


def axis_label(in_wavenumbers):
    """Return the label of a horizontal axis, in cm-1 or in points."""
    return "Raman shift (cm$^{-1}$)" if in_wavenumbers else "point"


def bare(axes, title, ylabel="", fontsize=9.5):
    """Take away what is not data, and write a title on the left."""
    axes.set_title(title, loc="left", fontsize=fontsize, color=INK)
    axes.set_ylabel(ylabel, fontsize=8.5, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)


def same_axis(grid, axes_of_panels, in_wavenumbers):
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
