"""Maps of a million pixels: a fitted Pipeline on a cube of spectra, block by block.

Cubes are arrays of xarray, dask or numpy, memory maps, or signals of hyperspy; needs
the extra `maps` (xarray, dask, zarr). dask spreads the work over threads, processes or
a cluster.
"""

from sklearn_raman.mapping._apply import apply_pipeline
from sklearn_raman.mapping._cube import to_cube
from sklearn_raman.mapping._page import save_page
from sklearn_raman.mapping._plot import plot_labels, plot_overview, plot_scores
from sklearn_raman.mapping._sample import sample_spectra

__all__ = [
    "apply_pipeline",
    "plot_labels",
    "plot_overview",
    "plot_scores",
    "sample_spectra",
    "save_page",
    "to_cube",
]


def __dir__():
    return __all__
