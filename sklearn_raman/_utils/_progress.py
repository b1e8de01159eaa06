"""A line that shows how far a computation is."""

import sys

from tqdm import tqdm


def progress_bar(total, show, **settings):
    """Return a bar of tqdm, hidden where there is no console to show it.

    Parameters
    ----------
    total : int
        Number of steps.
    show : bool
        Whether the user wants to see it.
    **settings
        Of tqdm.
    """
    # A program with windows of its own has no standard error.
    return tqdm(total=total, disable=not show or sys.stderr is None, **settings)
