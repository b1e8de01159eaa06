"""Everything done to a Raman spectrum before, in and after a classifier.

Where things are:

- `sklearn_raman.datasets`: bundled minerals, the RRUFF library, simulated spectra
- `sklearn_raman.preprocessing`: transformers from the raw spectrum to the model's input
- `sklearn_raman.discriminant_analysis`: PLS-LDA with VIP scores
- `sklearn_raman.neural_network`: convolutional classifiers with `explain_`
- `sklearn_raman.over_sampling`: WGAN-GP, and whether synthetic spectra are any good
- `sklearn_raman.inspection`: how maps of important wavenumbers are computed
- `sklearn_raman.model_selection`: splits by crystal and `compare`

Importing this package does not import torch; `sklearn_raman.neural_network` and
`sklearn_raman.over_sampling` do.
"""

__version__ = "0.1.0.dev0"
