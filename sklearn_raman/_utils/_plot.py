"""What figures of several folders share: colors, axes and legends.

pyplot is never imported here: without it no window, no backend and no global state is
involved. Where the user has imported it, figures for the user are pyplot's, so that
`plt.show()` shows them.
"""

import sys

import numpy as np

from sklearn_raman._utils._optional import import_optional

INK, FAINT, GRID, ACCENT = "#1f2933", "#9aa5b1", "#e4e7eb", "#2457a6"
FOR, AGAINST = "#a50f15", "#08519c"
# Vermilion and gray are told apart by every kind of color vision.
MAP, SPECTRUM = "#d55e00", "#8a94a3"
COLOR_KEY = "red: speaks for the class, blue: against it, white: plays no part"


def new_figure(width, height, *, for_user=False, layout="constrained"):
    """Return an empty figure of that many inches.

    With `for_user` it is pyplot's if pyplot is in use; one that is only written to a
    file never is, or it would stay open. With `layout="none"` margins are the caller's.
    """
    figure = import_optional("matplotlib.figure", "plot")
    settings = {"figsize": (width, height), "layout": layout}
    pyplot = sys.modules.get("matplotlib.pyplot") if for_user else None
    return figure.Figure(**settings) if pyplot is None else pyplot.figure(**settings)


def given_panels(ax, n_panels, what):
    """Return the panels that a user gives to draw in, and the figure they are in.

    Parameters
    ----------
    ax : matplotlib Axes, or array-like of these
    n_panels : int
        Number of panels that are needed.
    what : str
        What each is for, for the message: "map".
    """
    panels = np.ravel(ax)
    if len(panels) != n_panels:
        raise ValueError(
            f"ax holds {len(panels)} Axes, but one for each {what} is needed, "
            f"{n_panels} in all: plt.subplots({n_panels}) makes them."
        )
    for panel in panels:
        if not hasattr(panel, "get_figure"):
            raise TypeError(f"ax must be a matplotlib Axes, or some, got {ax!r}.")
    return panels[0].figure, panels


def chosen_classes(classes, known):
    """Return the classes to draw: all that are known, or the given ones."""
    if classes is None:
        return list(known)
    if isinstance(classes, str) or not np.iterable(classes):
        raise TypeError(f"classes must be a list of labels, got {classes!r}.")
    chosen = list(classes)
    if not chosen or any(label not in known for label in chosen):
        raise ValueError(
            f"classes={chosen} must be some of those that have results: {list(known)}."
        )
    return chosen


def axis_label(in_wavenumbers):
    """Return the label of a horizontal axis, in cm-1 or in points.

    Spectra don't say whether they are of Raman scattering or infrared: the word holds
    for both.
    """
    return "Wavenumber (cm$^{-1}$)" if in_wavenumbers else "point"


def plain(text):
    """Write a label as it is: matplotlib takes text between two $ for a formula."""
    return str(text).replace("$", r"\$")


def bare(axes, title, ylabel="", fontsize=9.5):
    """Take away what is not data, and write a title, as it is, on the left."""
    axes.set_title(plain(title), loc="left", fontsize=fontsize, color=INK)
    axes.set_ylabel(ylabel, fontsize=8.5, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)


def same_axis(grid, axes_of_panels, in_wavenumbers):
    """Give all panels one horizontal range, named under the last."""
    low = min(axis.min() for axis in axes_of_panels)
    high = max(axis.max() for axis in axes_of_panels)
    for axes in grid:
        axes.set_xlim(low, high)
    grid[-1].set_xlabel(axis_label(in_wavenumbers), fontsize=9, color=INK)


def legend(place, handles, **settings):
    """Write a legend, its labels as they are.

    Parameters
    ----------
    place : matplotlib Axes or Figure
    handles : dict of str to artist
    **settings
        Those of matplotlib that differ from ours.
    """
    settings = {"frameon": False, "fontsize": 8.5} | settings
    # Set afterwards: matplotlib 3.9 leaves out labels that begin with "_".
    found = place.legend(handles.values(), ["label"] * len(handles), **settings)
    for written, text in zip(found.get_texts(), handles, strict=True):
        written.set_text(plain(text))


def legend_above(figure, handles):
    """Write one legend above all panels."""
    columns = min(len(handles), 5)
    legend(figure, handles, loc="outside upper center", ncols=columns, fontsize=9)
