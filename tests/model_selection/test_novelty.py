"""Compared models that may answer "none of these"."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.utils import Bunch

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import compare
from sklearn_raman.uncertainty import SpectralNoveltyDetector

CV = StratifiedGroupKFold(2, shuffle=True, random_state=0)
PLS = PLSLDA(n_components=2, calibration=None)
MODELS = {
    "<PLS-LDA>": PLS,
    "KNN": GridSearchCV(
        KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=GroupKFold(2)
    ),
}
DETECTOR = SpectralNoveltyDetector(cv=2, false_alarm_rate=0.2, random_state=3)
HOW = {"cv": CV, "progress": False, "explain": False, "random_state": 0}


@pytest.fixture(scope="module")
def unknown(spectra):
    """Noise, and two spectra that could be any other."""
    X = spectra[0]
    noise = np.random.default_rng(0).normal(0, 3, (6, X.shape[1]))
    return pd.DataFrame(np.r_[noise, X[:2]], columns=X.columns)


@pytest.fixture(scope="module")
def result(spectra, unknown):
    X, y, groups = spectra
    given = {"novelty": DETECTOR, "unknown": unknown}
    return compare(MODELS, X, y, groups=groups, **given, **HOW)


def test_each_model_is_asked_in_each_fold(result, spectra, unknown):
    """As by a detector around it, fitted by hand."""
    X, y, groups = spectra
    for number, (train, test) in enumerate(CV.split(X, y, groups)):
        for name, model in MODELS.items():
            if name == "KNN":
                search = model.fit(X.iloc[train], y[train], groups=groups[train])
                model = search.best_estimator_
            detector = SpectralNoveltyDetector(
                model, cv=2, false_alarm_rate=0.2, random_state=3
            ).fit(X.iloc[train], y[train], groups[train])
            for spectra_, frame, score in (
                (X.iloc[test], result.predictions, "false_alarms"),
                (unknown, result.unknown, "detected"),
            ):
                rows = frame[(frame["model"] == name) & (frame["fold"] == number)]
                known = detector.predict(spectra_) == 1
                np.testing.assert_array_equal(rows["known"], known)
                np.testing.assert_array_equal(
                    rows["predicted"], detector.estimator_.predict(spectra_)
                )
                folds = result.to_frame("folds").set_index(["model", "fold"])
                assert folds.loc[(name, number), score] == pytest.approx(
                    1 - known.mean()
                )
    means = result.folds.groupby("model")["detected"].mean()
    assert result.to_frame()["detected"].to_dict() == pytest.approx(means.to_dict())


def test_the_table_and_the_page_count_them(result, spectra, tmp_path):
    text = str(result)
    assert (
        "false alarms" in text
        and "unknown detected" in text
        and "20 % were asked for" in text
    )
    page = result.save_html(tmp_path / "page.html").read_text("utf-8")
    section = page.partition("<h2>None of these")[2].partition("</section>")[0]
    cells = [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        for row in re.findall(r"<tr>(.*?)</tr>", section, flags=re.DOTALL)
    ]
    head, *rows = cells
    models = list(result.to_frame().index)
    assert head[2:] == [
        name.replace("<", "&lt;").replace(">", "&gt;") for name in models
    ]
    counts = {what: list(map(int, (n or "0" for n in line))) for what, *line in rows}
    novel = result.predictions[~result.predictions["known"]]
    expected = {
        label: [20, *((novel["model"] == m) & (novel["true"] == label) for m in models)]
        for label in np.unique(spectra[1])
    }
    expected["all classes"] = [60, *(novel["model"] == m for m in models)]
    of_unknown = result.unknown[~result.unknown["known"]]
    expected["unknown"] = [16, *(of_unknown["model"] == m for m in models)]
    for what, (n_tested, *called) in expected.items():
        assert counts[what] == [n_tested, *(mask.sum() for mask in called)]
    missed = result.unknown[result.unknown["known"]].groupby("model")["predicted"]
    for _, names in missed:
        for name, count in names.value_counts().items():
            assert f"{name} ({count})" in section


def test_without_unknown_spectra(spectra, tmp_path):
    """Nor groups: each spectrum is then one."""
    X, y, _ = spectra
    result = compare({"PLS-LDA": PLS}, X.to_numpy(), y, novelty=True, **HOW | {"cv": 2})
    assert result.unknown is None and "detected" not in result.to_frame()
    assert result.to_frame()["false_alarms"].between(0, 0.3).all()
    page = result.save_html(tmp_path / "page.html").read_text("utf-8")
    assert "<h2>None of these" in page and "are taken for" not in page


def test_a_tuned_threshold(spectra):
    """As by a detector around it; a machine in one is calibrated for the log-loss."""
    X, y, groups = spectra
    two = np.where(y == y[0], "yes", "no")
    models = {
        "PLS-LDA": TunedThresholdClassifierCV(PLS, cv=2),
        "SVC": TunedThresholdClassifierCV(SVC(), cv=2),
    }
    cv = StratifiedKFold(2)
    detector = clone(DETECTOR).set_params(grouped=False)
    result = compare(models, X, two, novelty=detector, **HOW | {"cv": cv})
    train, test = next(cv.split(X, two))
    first = result.predictions.query("model == 'PLS-LDA' and fold == 0")
    detector.set_params(estimator=models["PLS-LDA"])
    known = detector.fit(X.iloc[train], two[train]).predict(X.iloc[test]) == 1
    np.testing.assert_array_equal(first["known"], known)
    assert np.isfinite(result.to_frame()["log_loss"]).all()


def test_unknown_spectra_in_a_bunch_ask_for_novelty(spectra, unknown):
    X, y, groups = spectra
    given = {"unknown": Bunch(data=unknown), "groups": groups}
    result = compare({"PLS-LDA": PLS}, X, y, **given, **HOW)
    assert len(result.unknown) == 2 * len(unknown)
    assert result.protocol["n_unknown"] == len(unknown)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"novelty": "both"}, "novelty must be True, False or a Spectral"),
        ({"novelty": SpectralNoveltyDetector(PLS)}, "estimator of its own"),
        ({"unknown": np.ones((2, 7))}, r"shape \(2, 7\) and X has \(60, 40\)"),
        ({"unknown": np.ones(40)}, r"unknown has shape \(40,\)"),
        ({"unknown": 3}, r"unknown has shape \(\)"),
        ({"unknown": {"a": [1.0]}}, "unknown must be a matrix.*got a dict"),
        ({"unknown": np.ones((0, 40))}, "unknown holds no spectrum"),
    ],
)
def test_what_cannot_be_is_explained_before_anything_is_fitted(spectra, given, message):
    X, y, groups = spectra
    with pytest.raises(ValueError, match=message):
        compare(MODELS, X.to_numpy(), y, groups=groups, **given, **HOW)


@pytest.mark.parametrize("change", [lambda X: X.iloc[:, 1:], lambda X: X.iloc[:, ::-1]])
def test_unknown_spectra_on_another_axis(spectra, change):
    """A model that can't take them is named before any is fitted."""
    X, y, groups = spectra
    models = {"a": GridSearchCV(PLS, {"n_components": [2]})}
    with pytest.raises(
        ValueError, match="model 'a' does not bring spectra to one axis"
    ):
        compare(models, X, y, groups=groups, unknown=change(X[:3]), **HOW)


def test_a_detector_that_can_never_ring_cannot_tell(spectra, unknown, tmp_path):
    """It finds nothing, which is not the same as that there is nothing."""
    X, y, groups = spectra
    detector = SpectralNoveltyDetector(cv=2, false_alarm_rate=0.001)
    with pytest.warns(UserWarning, match="too few held-out"):
        result = compare(
            {"PLS-LDA": PLS},
            X,
            y,
            groups=groups,
            novelty=detector,
            unknown=unknown,
            **HOW,
        )
    assert result.unknown["known"].isna().all()
    assert result.predictions["known"].isna().all()
    assert np.isnan(result.folds["detected"]).all()
    row = str(result).splitlines()[3]
    assert row.count("cannot tell") == 2
    page = result.save_html(tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count("<td>cannot tell</td>") == len(result.classes) + 2
    assert "that were not found" not in page
