"""The models of Zhang et al. (2020) and how their settings are chosen.

The paper's network has 16, 32 and 64 filters, ReLU, one average for each feature map
and no bias in the output. The table with widths and strides of its filters is not
public; the L2 penalty, the learning rate and the number of epochs are not given: they
are those of `paper_settings("zhang")`. For a fixed number of epochs nothing is left for
the validation spectra to choose.

Meat is scaled to 0..1 by eq. 9, which has the minimum and maximum of each variable,
while the text says "by different spectra". Both readings run; by the equation the
network trains better (on seeds 0-4), so that is `PAPER_NET`, and the other is
`PER_SPECTRUM`. Centring in place of eq. 9, also with wider filters, was no better
there. Minerals are scaled by the minimum and maximum of all values (eq. 10). The
filters of `paper_settings("zhang")`, 31 points in the first layer, are as wide as
several lines of a mineral (124 cm-1, 35 at the paper's resolution); `NARROW` has 7
points (28 cm-1), and less in the later layers. `WIDTHS` are those tried on meat, on
seeds below 100. `BINS` and `CNN` are the defaults of this package, on SNV spectra.

PLS-LDA gets 2 to 20 latent variables, by the lowest sum of the errors of calibration
and validation (RMSEC + RMSEV) of the regression on the class indicators. It sees the
meat as it is and the first derivative of the minerals, as in the paper, which worked
with scikit-learn: each variable is divided by its standard deviation, the default
there. `PLS_UNSCALED` does without, and `PLS_RAW` without the derivative.
"""

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.neural_network import CNNClassifier, GAPCNNClassifier, paper_settings
from sklearn_raman.preprocessing import SNV, SavitzkyGolay, SpectrumMinMaxScaler

PAPER_NET = "the paper's network"
PER_SPECTRUM = "the paper's network, each spectrum to 0..1"
NARROW = "the paper's network, narrow filters"
BINS = "GAP network, 32 averages"
CNN = "CNN with a fully connected layer"
PLS = "PLS-LDA"
PLS_UNSCALED = "PLS-LDA, not autoscaled"
PLS_RAW = "PLS-LDA, raw spectra"
PLS_MODELS = {"meat": (PLS, PLS_UNSCALED), "minerals": (PLS, PLS_UNSCALED, PLS_RAW)}
NETWORKS = {"meat": (PAPER_NET, PER_SPECTRUM, BINS, CNN), "minerals": (PAPER_NET, BINS)}
LATENT_VARIABLES = range(2, 21)
PARTS = ("training", "validation", "test")

_SCALED_BY = {(PAPER_NET, "meat"): "feature", (PER_SPECTRUM, "meat"): "spectrum"}
_NARROW = {"kernel_size": (7, 5, 3)}
WIDTHS = ((15, 9, 5), (31, 15, 7), (61, 31, 15), (31, 31, 31))


def network(name, data, random_state, **changes):
    """Return a network with the preprocessing of its spectra."""
    settings = {**changes, "random_state": random_state}
    if name in (BINS, CNN):
        net = GAPCNNClassifier if name == BINS else CNNClassifier
        return make_pipeline(SNV(), net(**settings))
    scaler = SpectrumMinMaxScaler(per=_SCALED_BY.get((name, data), "dataset"))
    if name == NARROW:
        settings |= _NARROW
    settings = {**paper_settings("zhang"), **settings}
    return make_pipeline(scaler, GAPCNNClassifier(**settings))


def fit_pls(name, data, spectra, train, valid):
    """Return a PLS-LDA by its name, its latent variables chosen by validation."""
    derivative = [SavitzkyGolay(window_length=15, deriv=1)]
    steps = derivative if data == "minerals" and name != PLS_RAW else []
    scale = name != PLS_UNSCALED
    model = make_pipeline(*steps, PLSLDA(scale=scale, shrinkage=0, calibration=None))
    X, y = spectra.X, spectra.y
    for step in steps:
        X = step.fit_transform(X)
    n_latent = lowest_rmse(X[train], y[train], X[valid], y[valid], scale=scale)
    model[-1].set_params(n_components=n_latent)
    return model.fit(spectra.X[train], y[train])


def lowest_rmse(X, y, X_valid, y_valid, *, scale, candidates=LATENT_VARIABLES):
    """Return the number of latent variables with the lowest RMSEC + RMSEV.

    One fit is enough: a PLS model holds all smaller ones. `scale` divides each variable
    by its standard deviation.
    """
    scaler = StandardScaler(with_std=scale).fit(X)
    X, X_valid = scaler.transform(X), scaler.transform(X_valid)
    labels = np.unique(y)
    indicators = [(part[:, None] == labels).astype(float) for part in (y, y_valid)]
    candidates = [n for n in candidates if n < min(len(X), X.shape[1])]
    pls = PLSRegression(n_components=max(candidates), scale=False)
    pls.fit(X, indicators[0])

    def error(n):
        slopes = pls.x_rotations_[:, :n] @ pls.y_loadings_[:, :n].T
        return sum(
            root_mean_squared_error(true, part @ slopes + pls.intercept_)
            for part, true in zip((X, X_valid), indicators, strict=True)
        )

    return min(candidates, key=error)


def accuracies(model, spectra, parts):
    """Return a fitted model's accuracy on training, validation and test spectra."""
    right = model.predict(spectra.X) == spectra.y
    return {name: right[part].mean() for name, part in zip(PARTS, parts, strict=True)}
