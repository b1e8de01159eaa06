"""Every public call that takes spectra, with small models behind it.

An entrance is called with spectra in any form. `ENTRANCES` is complete: a test looks
for public functions and methods with spectra among their parameters.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

import sklearn_raman
from sklearn_raman import (
    datasets,
    discriminant_analysis,
    inspection,
    model_selection,
    neural_network,
    over_sampling,
    preprocessing,
    uncertainty,
)
from sklearn_raman.neural_network import attribution
from tests.hostile._kinds import AXIS, GROUPS, LABELS, SPECTRA

mpl.use("agg")

# What spectra are called in signatures.
SPECTRA_NAMES = ("X", "real_train", "maps")


@dataclass(frozen=True)
class Entrance:
    """A call, and what may be expected of it."""

    call: Callable[..., Any]
    degree: float | None = None
    """f(c X) = c^degree f(X); None if there is no such law."""
    digits: int = 12
    """Digits in which results for equal spectra agree."""
    rows: bool = False
    """Whether the result for a spectrum depends on that spectrum alone."""
    family: str = "estimator"
    """Whose words errors have, and which kinds it is asked with."""


def public_modules():
    for info in pkgutil.walk_packages(sklearn_raman.__path__, "sklearn_raman."):
        if "._" not in info.name and not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def public_names():
    """Yield the name and the object of everything public."""
    found = {}
    for module in public_modules():
        for name in module.__all__:
            value = getattr(module, name)
            if not inspect.ismodule(value):
                found.setdefault(id(value), (name, value))
    return list(found.values())


def calls_with_spectra():
    """Yield the names of public functions and methods that take spectra."""
    for name, value in public_names():
        if not inspect.isclass(value):
            if set(inspect.signature(value).parameters) & set(SPECTRA_NAMES):
                yield name
            continue
        for method, member in inspect.getmembers(value):
            own = inspect.unwrap(getattr(member, "__func__", member))
            if method.startswith("_") or not inspect.isroutine(own):
                continue
            if not getattr(own, "__module__", "").startswith("sklearn_raman."):
                continue
            if set(inspect.signature(own).parameters) & set(SPECTRA_NAMES):
                yield f"{name}.{method}"


# Small models ------------------------------------------------------------------------

_TINY = {"max_epochs": 1, "random_state": 0}
NETS = {
    "SpectralNetClassifier": dict(_TINY, module__n_filters=2, module__n_hidden=4),
    "CNNClassifier": dict(_TINY, n_filters=2, n_hidden=4),
    "FMCNNClassifier": dict(_TINY, n_filters=2, n_squeeze=2, n_expand=2, n_hidden=4),
    "GAPCNNClassifier": dict(_TINY, n_filters=(2, 3, 4)),
}
TRANSFORMERS = [
    name
    for name in preprocessing.__all__
    if isinstance(getattr(preprocessing, name), type)
]
# 1: a baseline, a smoothed spectrum, ...; 0: brought to one scale.
_DEGREES = {
    "SNV": 0,
    "SpectrumMinMaxScaler": 0,
    "SpectrumNormalizer": 0,
    "SquareRoot": 0.5,
}
_LEARNS = {"MSC", "EMSC"}


def make(name):
    """Return a small estimator of a public class."""
    if name in NETS:
        return getattr(neural_network, name)(**NETS[name])
    if name == "PLSLDA":
        return discriminant_analysis.PLSLDA()
    if name == "ConformalClassifier":
        return uncertainty.ConformalClassifier(
            cv=2,
            coverage=0.6,
            novelty_score="auto",
            false_alarm_rate=0.4,
            random_state=0,
        )
    if name == "SpectralNoveltyDetector":
        return uncertainty.SpectralNoveltyDetector(
            cv=2, false_alarm_rate=0.4, random_state=0
        )
    if name == "SpectrumBootstrap":
        return over_sampling.SpectrumBootstrap(random_state=0)
    if name == "WGANGP":
        return over_sampling.WGANGP(
            max_iter=1, n_critic=1, validation_fraction=None, random_state=0
        )
    return getattr(preprocessing, name)()


FITTED: dict[str, Any] = {}


def fitted(name):
    """Return such an estimator, fitted on the good spectra; nobody may change it."""
    if name not in FITTED:
        by_group = name in ("ConformalClassifier", "SpectralNoveltyDetector")
        labels = {} if name in TRANSFORMERS else {"y": LABELS}
        groups = {"groups": GROUPS} if by_group else {}
        FITTED[name] = make(name).fit(SPECTRA, **labels, **groups)
    return FITTED[name]


def pipeline():
    if "Pipeline" not in FITTED:
        steps = preprocessing.SNV(), discriminant_analysis.PLSLDA()
        FITTED["Pipeline"] = make_pipeline(*steps).fit(SPECTRA, LABELS)
    return FITTED["Pipeline"]


@cache
def maps():
    return fitted("PLSLDA").explain_(SPECTRA)


def _fit(name, answer):
    """Fit on hostile spectra; what it says then of good ones is the result."""

    def call(X, y=LABELS, groups=GROUPS):
        return answer(make(name).fit(X, y, groups=groups), X)

    return call


def _method(name, method, **kwargs):
    return lambda X: getattr(fitted(name), method)(X, **kwargs)


def _proba(estimator, X):
    return estimator.predict_proba(X)


ENTRANCES: dict[str, Entrance] = {}

# Preprocessing -----------------------------------------------------------------------

for _name in TRANSFORMERS:
    _law = {
        "degree": _DEGREES.get(_name, 1),
        "rows": _name not in _LEARNS,
    }
    ENTRANCES[f"{_name}.fit_transform"] = Entrance(
        lambda X, name=_name: make(name).fit_transform(X), **_law
    )
    if _name in _LEARNS:
        _law = {"degree": None, "rows": True}
    ENTRANCES[f"{_name}.transform"] = Entrance(_method(_name, "transform"), **_law)
ENTRANCES["Despiker.find_spikes"] = Entrance(
    _method("Despiker", "find_spikes"), degree=0, rows=True
)
for _name in ("airpls", "arpls", "asls"):
    ENTRANCES[_name] = Entrance(
        getattr(preprocessing, _name), degree=1, rows=True, family="baseline function"
    )
ENTRANCES["average_replicates"] = Entrance(
    lambda X, y=LABELS, groups=GROUPS: preprocessing.average_replicates(X, y, groups),
    degree=1,
)

# Classifiers -------------------------------------------------------------------------

for _name in NETS:
    ENTRANCES[f"{_name}.fit"] = Entrance(_fit(_name, _proba), digits=6)
    ENTRANCES[f"{_name}.partial_fit"] = Entrance(
        lambda X, y=LABELS, name=_name: make(name).partial_fit(X, y).predict_proba(X),
        digits=6,
    )
    for _method_name in (
        "predict",
        "predict_proba",
        "decision_function",
        "explain_",
        "feature_maps",
        "deconvolve",
        "embed_",
    ):
        ENTRANCES[f"{_name}.{_method_name}"] = Entrance(
            _method(_name, _method_name), rows=True, digits=4
        )
ENTRANCES["GAPCNNClassifier.decision_terms"] = Entrance(
    _method("GAPCNNClassifier", "decision_terms"), rows=True, digits=4
)
ENTRANCES["PLSLDA.fit"] = Entrance(_fit("PLSLDA", _proba), degree=0, digits=9)
for _method_name in (
    "transform",
    "embed_",
    "decision_function",
    "predict_proba",
    "predict",
    "explain_",
):
    ENTRANCES[f"PLSLDA.{_method_name}"] = Entrance(
        _method("PLSLDA", _method_name), rows=True, digits=9
    )

# Uncertainty -------------------------------------------------------------------------

ENTRANCES["ConformalClassifier.fit"] = Entrance(
    _fit("ConformalClassifier", lambda model, X: model.predict_p(X)),
    degree=0,
    digits=9,
    family="wrapper",
)
for _method_name in (
    "predict_p",
    "predict_set",
    "predict",
    "predict_proba",
    "describe",
):
    ENTRANCES[f"ConformalClassifier.{_method_name}"] = Entrance(
        _method("ConformalClassifier", _method_name), rows=True, digits=9
    )
ENTRANCES["SpectralNoveltyDetector.fit"] = Entrance(
    _fit("SpectralNoveltyDetector", lambda model, X: model.p_value(X)),
    degree=0,
    digits=9,
    family="wrapper",
)
for _method_name in ("score_samples", "decision_function", "p_value", "predict"):
    ENTRANCES[f"SpectralNoveltyDetector.{_method_name}"] = Entrance(
        _method("SpectralNoveltyDetector", _method_name),
        rows=True,
        digits=9,
    )

# Over-sampling -----------------------------------------------------------------------

for _name in ("SpectrumBootstrap", "WGANGP"):
    ENTRANCES[f"{_name}.fit_resample"] = Entrance(
        lambda X, y=LABELS, name=_name: [
            *map(np.asarray, make(name).fit_resample(X, y))
        ],
        degree=1,
        digits=6,
        family="sampler",
    )
    ENTRANCES[f"{_name}.fit"] = Entrance(
        lambda X, y=LABELS, name=_name: make(name).fit(X, y).sample(3, "quartz", 0),
        degree=1,
        digits=6,
        family="sampler",
    )
_REAL = np.concatenate([SPECTRA + k for k in (1, 3)])
ENTRANCES["synthesis_report"] = Entrance(
    lambda X: over_sampling.synthesis_report(
        X, _REAL[::2], _REAL[1::2] + 0.5, n_draws=1, random_state=0
    ).to_frame(),
    digits=6,
    family="report",
)

# Inspection --------------------------------------------------------------------------

ENTRANCES["occlusion"] = Entrance(
    lambda X: inspection.occlusion(fitted("PLSLDA"), X, step=3),
    rows=True,
    digits=9,
)
ENTRANCES["deletion_curve"] = Entrance(
    lambda X: inspection.deletion_curve(fitted("PLSLDA"), X, maps()),
    rows=True,
    digits=9,
    family="inspect beside maps",
)
ENTRANCES["explain_pipeline"] = Entrance(
    lambda X: inspection.explain_pipeline(pipeline(), X),
    rows=True,
    digits=9,
)
ENTRANCES["randomization_test"] = Entrance(
    lambda X: inspection.randomization_test(
        fitted("GAPCNNClassifier"), X, n_repeats=1, random_state=0
    ),
    digits=4,
)
ENTRANCES["ExplanationSummary.from_estimator"] = Entrance(
    lambda X, y=LABELS: inspection.ExplanationSummary.from_estimator(
        fitted("PLSLDA"), X, y
    ).mean.to_numpy(),
    digits=9,
)
ENTRANCES["ExplanationSummary.from_maps"] = Entrance(
    lambda X, y=LABELS: inspection.ExplanationSummary.from_maps(X, y).mean.to_numpy(),
    degree=0,
    digits=9,
    family="maps",
)
ENTRANCES["localization_score"] = Entrance(
    lambda X: inspection.localization_score(X, 424.0, fwhm=4.0, wavenumbers=AXIS),
    degree=0,
    rows=True,
    digits=9,
    family="maps",
)
ENTRANCES["peak_share"] = Entrance(
    lambda X: inspection.peak_share(maps(), X),
    degree=0,
    rows=True,
    digits=9,
    family="inspect beside maps",
)

ENTRANCES["complexity"] = Entrance(
    inspection.complexity, rows=True, digits=9, family="maps"
)
ENTRANCES["deletion_percentile"] = Entrance(
    lambda X: inspection.deletion_percentile(
        fitted("PLSLDA"), X, maps(), n_random=3, random_state=0
    ),
    digits=9,
    family="inspect beside maps",
)
ENTRANCES["max_sensitivity"] = Entrance(
    lambda X: inspection.max_sensitivity(
        fitted("PLSLDA").explain_, X, n_draws=2, random_state=0
    ),
    digits=6,
)
# band_intervals and band_report take spectra, labels and groups through the same door.
ENTRANCES["band_test"] = Entrance(
    lambda X, y=LABELS, groups=GROUPS: inspection.band_test(
        make("PLSLDA"),
        X,
        y,
        groups,
        bands=[(400, 420), (430, 450)],
        wavenumbers=AXIS,
        cv=2,
        n_repeats=1,
        progress=False,
        random_state=0,
    )[["contribution", "p_value"]].to_numpy(),
    digits=6,
    family="bands",
)

# Networks themselves -----------------------------------------------------------------


def module():
    return fitted("GAPCNNClassifier").module_


for _name in (
    "attribute",
    "cam",
    "class_deconv",
    "contribution",
    "decision_terms",
    "deconv",
    "feature_maps",
    "grad_cam",
    "input_x_gradient",
    "integrated_gradients",
    "saliency",
):
    _few = {"n_steps": 3} if _name == "integrated_gradients" else {}
    ENTRANCES[f"attribution.{_name}"] = Entrance(
        lambda X, name=_name, few=_few: getattr(attribution, name)(module(), X, **few),
        rows=True,
        digits=4,
        family="module",
    )
ENTRANCES["attribution.captum_attribution"] = Entrance(
    lambda X: attribution.captum_attribution(module(), X, name="Saliency"),
    rows=True,
    digits=4,
    family="module",
)

# Comparisons and splits --------------------------------------------------------------

_FOLDS = [(np.array([0, 1, 5, 6]), np.array([2, 3, 4, 7]))]
ENTRANCES["compare"] = Entrance(
    lambda X, y=LABELS, groups=GROUPS: model_selection.compare(
        {"KNN": KNeighborsClassifier(1)},
        X,
        y,
        groups=groups,
        cv=_FOLDS,
        explain=False,
        progress=False,
        random_state=0,
    ).predictions.drop(columns="file", errors="ignore"),
    family="compare",
)
ENTRANCES["sample_size_curve"] = Entrance(
    lambda X, y=LABELS, groups=GROUPS: (
        model_selection.sample_size_curve(
            {"KNN": KNeighborsClassifier(1)},
            X,
            y,
            groups=groups,
            sizes=[1],
            cv=_FOLDS,
            n_draws=1,
            progress=False,
            random_state=0,
        ).predictions
    ),
    family="compare",
)
ENTRANCES["make_mixtures"] = Entrance(
    lambda X, y=LABELS: datasets.make_mixtures(X, y, n_per_pair=2, random_state=0),
    degree=0,
    digits=6,  # of denormal spectra few are left
)

# Of the spectra only their number counts.
SPLITS = {
    "OneGroupPerClassSplit.split": Entrance(
        lambda X, y=LABELS, groups=GROUPS: list(
            model_selection.OneGroupPerClassSplit(2, random_state=0).split(X, y, groups)
        )
    )
}
