"""Everything done to a Raman spectrum before, in and after a classifier.

Where things are:

- `sklearn_raman.datasets`: files of your own, bundled minerals, the RRUFF library,
  simulated spectra
- `sklearn_raman.preprocessing`: transformers from the raw spectrum to the model's input
- `sklearn_raman.discriminant_analysis`: PLS-LDA with VIP scores
- `sklearn_raman.neural_network`: convolutional classifiers with `explain_`
- `sklearn_raman.over_sampling`: WGAN-GP, and whether synthetic spectra are any good
- `sklearn_raman.inspection`: which wavenumbers a classifier looked at, and how sure
- `sklearn_raman.uncertainty`: sets of classes with a promise, and "none of these"
- `sklearn_raman.mapping`: maps of a million pixels, in and out
- `sklearn_raman.model_selection`: splits by crystal, `compare` and `standard_models`
- `sklearn_raman.__main__`: the command line, `python -m sklearn_raman`

Submodules are imported when first used, so that this package loads without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn_raman import (
        datasets,
        discriminant_analysis,
        inspection,
        mapping,
        model_selection,
        neural_network,
        over_sampling,
        preprocessing,
        uncertainty,
    )

__version__ = "0.1.0.dev0"

__all__ = [
    "datasets",
    "discriminant_analysis",
    "inspection",
    "mapping",
    "model_selection",
    "neural_network",
    "over_sampling",
    "preprocessing",
    "uncertainty",
]


def __getattr__(name):
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*__all__, "__version__"]
