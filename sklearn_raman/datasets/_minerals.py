"""The bundled sample: 18 minerals of the RRUFF project, several crystals each."""

import csv

import numpy as np

from sklearn_raman._utils._sklearn import validate_params
from sklearn_raman._utils._wavenumbers import expand_grid
from sklearn_raman.datasets._bunch import DATA_FOLDER, make_bunch, read_description

# What benchmarks/build_minerals.py writes.
GRID = (150.0, 1509.0, 1.0)
FULL_SCALE = 65535
SPECTRA_FILE = "minerals.npy"
ROWS_FILE = "minerals.csv"


@validate_params(
    {"return_X_y": ["boolean"], "as_frame": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def load_minerals(*, return_X_y=False, as_frame=False):
    """Load the bundled Raman spectra of 18 minerals.

    A selection from `fetch_rruff` that needs no extra and no network: at most 18
    spectra of each mineral, spread evenly over its five or more crystals. They are
    background-corrected, measured with a 514 nm laser and given on 150 to 1509 cm-1.

    Spectra of one crystal are near-duplicates: split by `groups`, one group for each
    crystal, or a classifier only has to retrieve what it has seen.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return `(data, target)` only.
    as_frame : bool, default=False
        Whether `data` is a DataFrame with the wavenumbers as column labels, from which
        every step of a Pipeline learns the axis, and `target` a Series.

    Returns
    -------
    data : Bunch
        With the entries

        data : ndarray or DataFrame of shape (n_spectra, 1360)
            Spectra, sorted by mineral and crystal; 1 is the highest point of the whole
            measured range.
        target : ndarray or Series of shape (n_spectra,), int
            Position in `target_names`.
        target_names : ndarray of shape (18,), str
            Minerals in alphabetical order.
        groups : ndarray of shape (n_spectra,), str
            RRUFF id of the crystal.
        spectrum_ids : ndarray of shape (n_spectra,), str
            Name of the spectrum at RRUFF: mineral, id and cut, laser, orientation.
        coverage : ndarray of shape (n_spectra,)
            Fraction of the grid points that were measured. It is 1 except for two
            crystals each of dravite and fluorite, whose spectra start between 168 and
            178 cm-1 and hold 0 before.
        wavenumbers : ndarray of shape (1360,)
            Grid in cm-1.
        DESCR : str
            Description, terms and citations.
    (data, target) : tuple if `return_X_y` is True

    See Also
    --------
    fetch_rruff : All 221 minerals, and the spectra on the axes they were measured on.

    Notes
    -----
    The intensities are stored as 16-bit integers, so they differ from those of
    `fetch_rruff` by up to half a step, 7.7e-6.

    References
    ----------
    .. [1] Lafuente, Downs, Yang and Stone, "The power of databases: the RRUFF project",
       in Highlights in Mineralogical Crystallography, De Gruyter, 2015, pp. 1-30.
    .. [2] Cowger et al., "Microplastic spectral classification needs an open source
       community: Open Specy to the rescue!", Analytical Chemistry 93, 2021, 7543-7548.

    Examples
    --------
    >>> from sklearn_raman.datasets import load_minerals
    >>> minerals = load_minerals()
    >>> minerals.data.shape, len(minerals.target_names), len(set(minerals.groups))
    ((320, 1360), 18, 113)
    >>> calcite = minerals.data[minerals.target_names[minerals.target] == "Calcite"]
    >>> print(minerals.wavenumbers[calcite.mean(axis=0).argmax()])
    1087.0
    """
    with (DATA_FOLDER / SPECTRA_FILE).open("rb") as file:
        steps = np.load(file, allow_pickle=False)
    with (DATA_FOLDER / ROWS_FILE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    grid = expand_grid(GRID, name="wavenumbers")
    bunch = make_bunch(
        steps / FULL_SCALE,
        np.asarray([row["mineral"] for row in rows]),
        groups=np.asarray([row["rruff_id"] for row in rows]),
        wavenumbers=grid,
        as_frame=as_frame,
        coverage=np.asarray([int(row["n_measured"]) for row in rows]) / len(grid),
        spectrum_ids=np.asarray([row["spectrum_id"] for row in rows]),
        DESCR=read_description("minerals.rst"),
    )
    return (bunch.data, bunch.target) if return_X_y else bunch
