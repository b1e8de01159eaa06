"""Pipelines in searches in Pipelines: found, opened and named."""

import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_raman._utils._pipeline import flat_steps, is_search, moves_threshold


def test_steps_of_steps():
    inner = make_pipeline(StandardScaler(), "passthrough", MinMaxScaler())
    model = Pipeline(
        [("prepare", inner), ("none", None), ("end", LogisticRegression())]
    )
    names = [name for name, _ in flat_steps(model)]
    assert names == ["prepare__standardscaler", "prepare__minmaxscaler", "end"]
    for name, step in flat_steps(model):
        assert model.get_params()[name] is step


def test_samplers_are_left_out():
    model = make_imblearn_pipeline(RandomOverSampler(), LogisticRegression())
    assert [name for name, _ in flat_steps(model)] == ["logisticregression"]


def test_nothing_in_it():
    assert flat_steps(Pipeline([("only", "passthrough")])) == []


@pytest.mark.parametrize(
    "wrap",
    [
        FrozenEstimator,
        FixedThresholdClassifier,
        TunedThresholdClassifierCV,
        lambda model: GridSearchCV(model, {}),
    ],
)
@pytest.mark.parametrize("is_fitted", [True, False])
def test_wrappers_are_opened(wrap, is_fitted):
    X, y = [[0.0], [1.0]] * 10, [0, 1] * 10
    model = make_pipeline(StandardScaler(), LogisticRegression())
    wrapped = wrap(model.fit(X, y))
    if is_fitted:
        wrapped.fit(X, y)
    (_, scaler), (_, classifier) = flat_steps(wrapped)
    assert isinstance(scaler, StandardScaler)
    assert isinstance(classifier, LogisticRegression)


def test_an_unfitted_search_shows_what_it_starts_from():
    classifier = LogisticRegression()
    assert flat_steps(GridSearchCV(classifier, {})) == [("", classifier)]


def test_thresholds():
    fixed = FixedThresholdClassifier(LogisticRegression())
    assert moves_threshold(GridSearchCV(make_pipeline(StandardScaler(), fixed), {}))
    assert not moves_threshold(make_pipeline(StandardScaler(), LogisticRegression()))


def test_searches():
    assert is_search(GridSearchCV(LogisticRegression(), {}))
    assert not is_search(LogisticRegression())
