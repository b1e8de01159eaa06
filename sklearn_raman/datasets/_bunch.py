"""The form in which every data set of measured spectra comes back."""

from importlib import resources

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_raman._utils._wavenumbers import format_wavenumbers

DATA_FOLDER = resources.files("sklearn_raman.datasets") / "data"

# Travels with the frame, so that a step which splits rows can tell that some belong
# together.
GROUPS_NOTE = "RRUFF id, one crystal each: Bunch.groups"


def read_description(name):
    """Return the text of a description beside the bundled data."""
    return (DATA_FOLDER / name).read_text(encoding="utf-8")


def make_bunch(data, names, *, groups, wavenumbers, as_frame, **extra):
    """Encode the class names and put the parts together.

    Parameters
    ----------
    data : ndarray of shape (n_spectra, n_points) or list of pairs
        Spectra.
    names : ndarray of shape (n_spectra,), str
        Class of each spectrum.
    groups : ndarray of shape (n_spectra,), str
        Specimen of each spectrum.
    wavenumbers : ndarray of shape (n_points,) or None
        Axis in cm-1; None for ragged data.
    as_frame : bool
        Whether data and target become pandas objects.
    **extra : object
        Further entries.

    Returns
    -------
    Bunch
    """
    target_names, target = np.unique(names, return_inverse=True)
    if as_frame:
        data = pd.DataFrame(data, columns=format_wavenumbers(wavenumbers))
        data.attrs["groups"] = GROUPS_NOTE
        target = pd.Series(target, name="target")
    return Bunch(
        data=data,
        target=target,
        target_names=target_names,
        groups=groups,
        wavenumbers=wavenumbers,
        **extra,
    )
