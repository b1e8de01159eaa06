"""What is masked is missing, whatever model would take it for measured."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import (
    ExplanationSummary,
    band_test,
    deletion_curve,
    deletion_percentile,
    explain_pipeline,
    occlusion,
)
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector
from tests.hostile._kinds import AXIS, GROUPS, LABELS, SPECTRA

MASKED = np.ma.masked_greater(SPECTRA, np.sort(SPECTRA, axis=None)[-3])
NOVELTY = {"novelty_score": "correlation", "cv": 2, "false_alarm_rate": 0.4}


def _wrapped():
    model = ConformalClassifier(SVC(), coverage=0.6, unknown_label="?", **NOVELTY)
    return model.fit(SPECTRA, LABELS, GROUPS)


def _svm():
    return SVC().fit(SPECTRA, LABELS)


def _steps():
    return make_pipeline(StandardScaler(), PLSLDA()).fit(SPECTRA, LABELS)


CALLS = {
    "ConformalClassifier.fit": lambda: ConformalClassifier(SVC(), cv=2).fit(
        MASKED, LABELS, GROUPS
    ),
    "SpectralNoveltyDetector.fit": lambda: SpectralNoveltyDetector(
        SVC(), **NOVELTY
    ).fit(MASKED, LABELS, GROUPS),
    "ConformalClassifier.predict": lambda: _wrapped().predict(MASKED),
    "ConformalClassifier.predict_p": lambda: _wrapped().predict_p(MASKED),
    "ConformalClassifier.describe": lambda: _wrapped().describe(MASKED),
    "SpectralNoveltyDetector.predict": lambda: (
        SpectralNoveltyDetector(SVC(), **NOVELTY)
        .fit(SPECTRA, LABELS, GROUPS)
        .predict(MASKED)
    ),
    "occlusion": lambda: occlusion(_svm(), MASKED, score="logit"),
    "deletion_curve": lambda: deletion_curve(_svm(), MASKED, SPECTRA, score="logit"),
    "deletion_percentile": lambda: deletion_percentile(
        _svm(), MASKED, SPECTRA, score="logit", n_random=1
    ),
    "explain_pipeline": lambda: explain_pipeline(_steps(), MASKED),
    "ExplanationSummary.from_estimator": lambda: ExplanationSummary.from_estimator(
        _steps(), MASKED, LABELS
    ),
    "band_test": lambda: band_test(
        SVC(),
        MASKED,
        LABELS,
        GROUPS,
        bands=[(400, 420), (430, 450)],
        wavenumbers=AXIS,
        cv=2,
        n_repeats=1,
        progress=False,
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_masked_is_not_measured(name):
    with pytest.raises(ValueError, match="NaN"):
        CALLS[name]()
