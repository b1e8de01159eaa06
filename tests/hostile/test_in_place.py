"""Steps that write into what they are given: results are those of steps that copy."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import (
    ExplanationSummary,
    band_test,
    deletion_curve,
    deletion_percentile,
    explain_pipeline,
    max_sensitivity,
    occlusion,
)
from sklearn_raman.mapping import sample_spectra
from sklearn_raman.model_selection import compare, sample_size_curve
from sklearn_raman.over_sampling import SpectrumBootstrap, synthesis_report
from sklearn_raman.preprocessing import (
    MSC,
    SavitzkyGolay,
    WavenumberCrop,
    WavenumberResampler,
)
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector
from tests.hostile.test_spectra import arrays, assert_same
from tests.uncertainty.conftest import make

DATA = make(0, n_crystals=4, n_spectra=2)
X, Y, GROUPS = DATA.X + 10, DATA.y, DATA.groups
NEW = make(1, n_crystals=2, n_spectra=1).X + 10
AXIS = np.arange(400.0, 520.0, 4.0)


def _shift_and_root(spectra, in_place):
    """Not the same when done twice, as scaling nearly is."""
    if isinstance(spectra, list):
        for number, (axis, row) in enumerate(spectra):
            spectra[number] = axis, _shift_and_root(row, in_place)
        return spectra
    out = spectra if in_place else None
    return np.sqrt(np.add(spectra, 3.0, out=out), out=out)


def _pipeline(in_place, last):
    how = {"in_place": in_place}
    step = FunctionTransformer(
        _shift_and_root, kw_args=how, feature_names_out="one-to-one"
    )
    return make_pipeline(step, last)


MODELS = {
    "steps": lambda in_place: _pipeline(in_place, PLSLDA(n_components=4)),
    "steps before one of scikit-learn": lambda in_place: _pipeline(in_place, SVC()),
    "steps in a wrapper": lambda in_place: CalibratedClassifierCV(
        _pipeline(in_place, SVC()), method="temperature", cv=2, ensemble=False
    ),
}


def _sets(model, spectra):
    wrapped = ConformalClassifier(
        model,
        cv=3,
        coverage=0.7,
        novelty_score="correlation",
        false_alarm_rate=0.3,
        unknown_label="unknown",
        random_state=0,
    ).fit(spectra, Y, GROUPS)
    new = NEW.copy()
    found = [wrapped.predict(new) == "unknown", wrapped.predict_p(new)]
    found += [wrapped.describe(new)[["p", "p_known"]], wrapped.predict_set(new)]
    if hasattr(wrapped, "predict_proba"):
        found.append(wrapped.predict_proba(new))
    return [*found, new]


def _alarms(model, spectra):
    detector = SpectralNoveltyDetector(
        model, cv=3, novelty_score="correlation", false_alarm_rate=0.3, random_state=0
    ).fit(spectra, Y, GROUPS)
    new = NEW.copy()
    return [detector.predict(new), detector.p_value(new), new]


def _compared(model, spectra):
    found = compare(
        [model],
        spectra,
        Y,
        groups=GROUPS,
        cv=2,
        explain="all",
        novelty=SpectralNoveltyDetector(cv=3, false_alarm_rate=0.3),
        unknown=NEW[::-1],
        progress=False,
        random_state=0,
    )
    tables = found.folds, found.predictions, found.unknown
    return [
        *(
            t.select_dtypes("number").drop(columns=TIMES, errors="ignore")
            for t in tables
        ),
        *(t["known"].astype(float) for t in tables[1:]),
        *(summary.mean for summary in found.explanations.values()),
    ]


TIMES = ["fit_time", "score_time"]


def _curve(model, spectra):
    return sample_size_curve(
        [model],
        spectra,
        Y,
        GROUPS,
        sizes=[1, 2],
        sampler=SpectrumBootstrap(random_state=0) if hasattr(model, "steps") else None,
        cv=2,
        n_draws=1,
        progress=False,
        random_state=0,
    ).predictions.select_dtypes("number")


def _bands(model, spectra):
    return band_test(
        model,
        spectra,
        Y,
        GROUPS,
        bands=[(400, 450), (454, 516)],
        wavenumbers=AXIS,
        cv=2,
        n_repeats=1,
        explain=lambda *given: occlusion(*given, score=_score(given[0])),
        progress=False,
        random_state=0,
    ).select_dtypes("number")


def _score(model):
    return "logit" if hasattr(model, "decision_function") else "prob"


def _fitted(call):
    """Fit on a copy: it is the call that must leave spectra as they are."""

    def run(model, spectra):
        return call(model.fit(X.copy(), Y), spectra)

    return run


CALLS = {
    "ConformalClassifier": _sets,
    "SpectralNoveltyDetector": _alarms,
    "compare": _compared,
    "sample_size_curve": _curve,
    "band_test": _bands,
    "occlusion": _fitted(lambda m, S: occlusion(m, S, score=_score(m))),
    "deletion_curve": _fitted(
        lambda m, S: deletion_curve(m, S, X, score=_score(m)).curve
    ),
    "deletion_percentile": _fitted(
        lambda m, S: deletion_percentile(
            m, S, X, score=_score(m), n_random=2, random_state=0
        )
    ),
    "max_sensitivity": _fitted(
        lambda m, S: max_sensitivity(
            lambda given: m.predict(given)[:, None] == m.classes_[[0] * X.shape[1]],
            S,
            n_draws=1,
            random_state=0,
        )
    ),
    "ExplanationSummary.from_estimator": _fitted(
        lambda m, S: (
            ExplanationSummary.from_estimator(
                m, S, Y, explain=occlusion, score=_score(m)
            ).mean
        )
    ),
    "explain_pipeline": _fitted(
        lambda m, S: (
            (explain_pipeline(m, S) if isinstance(m[-1], PLSLDA) else m[-1].classes_)
            if hasattr(m, "steps")
            else m.classes_
        )
    ),
}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("name", CALLS)
def test_steps_that_work_in_place(name, kind):
    wanted = list(arrays(CALLS[name](MODELS[kind](False), X.copy())))
    spectra = X.copy()
    found = list(arrays(CALLS[name](MODELS[kind](True), spectra)))
    assert len(found) > 0
    assert_same(found, wanted, 12)
    np.testing.assert_array_equal(spectra, X)


@pytest.mark.parametrize(
    "name", ["ConformalClassifier", "compare", "sample_size_curve"]
)
def test_steps_that_write_into_pairs(name):
    """A list of some of them holds the same spectra, not copies."""

    def run(in_place, spectra):
        step = FunctionTransformer(_shift_and_root, kw_args={"in_place": in_place})
        grid = WavenumberResampler(target_wavenumbers=AXIS)
        model = make_pipeline(step, grid, PLSLDA(n_components=4))
        if name == "ConformalClassifier":
            found = ConformalClassifier(model, cv=3, coverage=0.7, random_state=0)
            return found.fit(spectra, Y, GROUPS)._p_values.scores
        how = {"groups": GROUPS, "cv": 2, "progress": False, "random_state": 0}
        if name == "compare":
            found = compare([model], spectra, Y, explain=False, **how)
            return found.folds[["accuracy", "log_loss"]]
        found = sample_size_curve([model], spectra, Y, sizes=[1], n_draws=1, **how)
        return found.predictions.select_dtypes("number")

    def pairs():
        return [(AXIS.copy(), row) for row in X.copy()]

    wanted = list(arrays(run(False, pairs())))
    spectra = pairs()
    assert_same(list(arrays(run(True, spectra))), wanted, 12)
    np.testing.assert_array_equal([row for _, row in spectra], X)


def _report(grid):
    how = {"y_train": Y, "y_test": Y, "y_synthetic": Y, "n_draws": 1}
    return synthesis_report(X, X + 1, X + 2, **how, random_state=0, wavenumbers=grid)


GIVEN = {
    "fit": lambda axis: SavitzkyGolay(wavenumbers=axis).fit(X).wavenumbers_in_,
    "reference": lambda axis: MSC(reference=axis).fit(X).reference_,
    "maps": lambda axis: ExplanationSummary.from_maps(X, Y, wavenumbers=axis).axis,
    "report": lambda axis: _report(axis).axis,
    "map": lambda axis: sample_spectra(X[None], 3, wavenumbers=axis).wavenumbers,
    "simulated": lambda axis: (
        make_raman_spectra(3, wavenumbers=axis, return_truth=True)[2].wavenumbers
    ),
}


@pytest.mark.parametrize("name", GIVEN)
def test_an_axis_that_was_given_is_left_alone(name):
    axis = AXIS.copy()
    GIVEN[name](axis)[:] += 6.0
    np.testing.assert_array_equal(axis, AXIS)


@pytest.mark.parametrize("space", ["input", "model"])
def test_the_axis_of_maps_is_not_the_model_s(space):
    frame = pd.DataFrame(X, columns=AXIS)
    crop = WavenumberCrop(region=(410, 500))
    for steps in ([crop], []):
        model = make_pipeline(*steps, PLSLDA(n_components=2)).fit(frame, Y)
        expected = model.decision_function(X)
        how = {"return_info": True, "space": space}
        axis = explain_pipeline(model, X, **how)[1]["wavenumbers"]
        if axis is not None:
            axis += 6.0
        ExplanationSummary.from_estimator(model, X, Y).axis[:] += 6.0
        np.testing.assert_array_equal(model.decision_function(X), expected)
        np.testing.assert_array_equal(model[0].wavenumbers_in_, AXIS)
