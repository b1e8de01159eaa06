"""One table of all estimators, with settings that keep the common checks fast.

To add an estimator, add a row; `test_common.py` fails while a public one is missing.
"""

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.neural_network import (
    CNN,
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
    SpectralNetClassifier,
)
from sklearn_raman.over_sampling import WGANGP, SpectrumBootstrap
from sklearn_raman.preprocessing import (
    AIRPLS,
    ARPLS,
    ASLS,
    EMSC,
    MSC,
    SNV,
    BaselineCorrection,
    Despiker,
    SavitzkyGolay,
    SpectrumMinMaxScaler,
    SpectrumNormalizer,
    SquareRoot,
    WavenumberCrop,
    WavenumberResampler,
    WhittakerSmoother,
)
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector


class SmallNet(CNN):
    """The default network of `SpectralNetClassifier`, a tenth of it."""

    def __init__(self, n_points, n_classes):
        super().__init__(n_points, n_classes, n_filters=8, n_hidden=16)


# The sum over one batch of all spectra does not depend on their order or repetition.
_DETERMINISTIC = {
    "dropout": 0,
    "augmentation": None,
    "batch_size": 1000,
    "dtype": "float64",
    "max_epochs": 60,
    "random_state": 0,
}

# As few steps as the checks allow that ask for accuracy.
_QUICK = {"max_epochs": 10, "batch_size": 64, "random_state": 0}

# Computed by kernels, which promise each bit; all else promises rtol 1e-12.
KERNELS = (AIRPLS, ARPLS, ASLS)

# Each spectrum's result depends on that spectrum alone.
STATELESS = [
    AIRPLS(),
    AIRPLS(diff_order=1, lam=10.0),
    AIRPLS(engine="numpy", n_jobs=2),
    AIRPLS(ends="zhang", tol_reference="above_minimum"),
    ARPLS(),
    ASLS(),
    BaselineCorrection(),
    Despiker(),
    Despiker(direction="both"),
    SavitzkyGolay(),
    SNV(),
    SpectrumMinMaxScaler(),
    SpectrumMinMaxScaler(feature_range=(-1.0, 2.0)),
    SpectrumNormalizer(),
    SpectrumNormalizer(norm="area"),
    SpectrumNormalizer(norm="l1"),
    SpectrumNormalizer(norm="l2"),
    SquareRoot(),
    WavenumberCrop(),
    WavenumberResampler(),
    WhittakerSmoother(),
]

# Stateless too, but for spectra of some length only: not for scikit-learn's checks.
SIZED = [
    AIRPLS(cutoff=100.0, wavenumbers=range(400, 700, 2)),
    WhittakerSmoother(weights=[float(i % 3) for i in range(150)]),
    BaselineCorrection(method="arpls", method_params={"lam": 1e4}),
    BaselineCorrection(method="modpoly"),
    EMSC(
        reference=[float(i % 7) for i in range(150)],
        interferents=[[float(i % 11) for i in range(150)]],
        order=3,
    ),
    MSC(reference=[float(i % 7) for i in range(150)]),
    MSC(
        reference=[float(i % 7) for i in range(150)],
        region=(450, 600),
        wavenumbers=range(400, 700, 2),
    ),
    SavitzkyGolay(window_length=7, polyorder=3, deriv=1, delta=2.0),
    SavitzkyGolay(window_length=8, polyorder=3, mode="mirror"),
    WavenumberCrop(region=(500, 600), wavenumbers=range(400, 700, 2)),
    WavenumberCrop(
        region=((410, 500), (600, None)),
        exclude=(450, 460),
        wavenumbers=range(400, 700, 2),
    ),
    WavenumberResampler(
        target_wavenumbers=(401, 697, 1.5), wavenumbers=range(400, 700, 2), kind="cubic"
    ),
    WavenumberResampler(
        target_wavenumbers=(401, 697, 1.5), wavenumbers=range(400, 700, 2), kind="pchip"
    ),
    WavenumberResampler(
        target_wavenumbers=(401, 697, 7),
        wavenumbers=range(400, 700, 2),
        reduction="mean",
    ),
]

LEARNING = [
    EMSC(),
    MSC(),
    MSC(reference="median"),
    SpectrumMinMaxScaler(per="feature"),
    SpectrumMinMaxScaler(per="dataset"),
]

CLASSIFIERS = [
    PLSLDA(),
    PLSLDA(n_components="rmse", random_state=0),
    PLSLDA(scale=True),
    SpectralNetClassifier(SmallNet, lr=1e-2, **_QUICK),
    CNNClassifier(n_filters=16, n_hidden=32, lr=1e-2, **_QUICK),
    FMCNNClassifier(lr=1e-2, **_QUICK),
    GAPCNNClassifier(lr=1e-2, **_QUICK),
    ConformalClassifier(cv=2, grouped=False),
]

# Where weights and the order of spectra decide nothing else: for checks of these only,
# all others say of them what they say of the networks above.
DETERMINISTIC = [
    CNNClassifier(n_filters=4, n_hidden=16, lr=1e-2, **_DETERMINISTIC),
    CNNClassifier(
        n_filters=4, n_hidden=16, lr=1e-2, class_weight="balanced", **_DETERMINISTIC
    ),
    FMCNNClassifier(**_DETERMINISTIC),
    FMCNNClassifier(batch_norm=False, **_DETERMINISTIC),
    GAPCNNClassifier(lr=1e-2, **_DETERMINISTIC),
]

# scikit-learn's checks and ours have few spectra, and no groups.
DETECTORS = [SpectralNoveltyDetector(cv=2, grouped=False, false_alarm_rate=0.2)]

# A sampler takes part in imbalanced-learn's checks too, which compare two calls: they
# need a random_state, as those of imbalanced-learn's own samplers do.
SAMPLERS = [
    SpectrumBootstrap(random_state=0),
    WGANGP(max_iter=2, n_critic=1, random_state=0),
    WGANGP(
        max_iter=2,
        n_critic=1,
        network="convolutional",
        noise=None,
        validation_fraction=None,
        random_state=0,
    ),
]

TRANSFORMERS = STATELESS + LEARNING
ESTIMATORS = TRANSFORMERS + CLASSIFIERS + DETECTORS


def expected_failures(estimator):
    """Return the checks that an estimator may fail, each with the reason."""
    if not isinstance(estimator, SpectralNetClassifier):
        return {}
    if estimator.dtype == "float32":
        reason = (
            "Repeating a spectrum changes which ones share a mini-batch, which values "
            "dropout drops and how spectra are varied, so it trains another net than "
            "doubling the weight. With dropout=0, augmentation=None, one batch and "
            "float64 the check passes."
        )
    elif getattr(estimator, "batch_norm", False):
        reason = (
            "Batch normalization counts the spectra of a batch, not their weights. "
            "With batch_norm=False the check passes."
        )
    else:
        return {}
    return {"check_sample_weight_equivalence_on_dense_data": reason}
