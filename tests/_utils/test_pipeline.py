"""Pipelines in searches in Pipelines: found, opened and named."""

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn import clone, config_context
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from sklearn_raman._utils._pipeline import (
    best_of,
    flat_steps,
    group_parameters,
    is_search,
    last_step,
    moves_threshold,
)
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import band_test
from sklearn_raman.model_selection import compare, sample_size_curve
from sklearn_raman.preprocessing import SNV
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector


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
        lambda model: ConformalClassifier(model, grouped=False, cv=2),
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
    default = ConformalClassifier()  # it makes a model of its own
    assert flat_steps(default) == [("", default)]


def test_thresholds():
    fixed = FixedThresholdClassifier(LogisticRegression())
    assert moves_threshold(GridSearchCV(make_pipeline(StandardScaler(), fixed), {}))
    assert not moves_threshold(make_pipeline(StandardScaler(), LogisticRegression()))


def test_searches():
    assert is_search(GridSearchCV(LogisticRegression(), {}))
    assert not is_search(LogisticRegression())


def test_who_gets_groups(rng):
    """The search, and the classifier in it; not one behind a sampler or swapped."""
    X, y, groups = rng.normal(size=(24, 5)), np.arange(24) % 2, np.arange(24) // 4
    pipeline = make_pipeline(StandardScaler(), PLSLDA())
    grid, cv = {"plslda__n_components": [1, 2]}, GroupKFold(3)
    search = GridSearchCV(pipeline, grid, cv=cv)
    swapped = GridSearchCV(pipeline, {"plslda": [LogisticRegression()]}, cv=cv)
    sampled = make_imblearn_pipeline(RandomOverSampler(), PLSLDA())
    expected = [
        (PLSLDA(), {"groups"}),
        (pipeline, {"plslda__groups"}),
        (search, {"groups", "plslda__groups"}),
        (
            make_pipeline(StandardScaler(), search),
            {"gridsearchcv__groups", "gridsearchcv__plslda__groups"},
        ),
        (swapped, {"groups"}),
        (sampled, set()),
        (GridSearchCV(sampled, grid, cv=cv), {"groups"}),
        (GridSearchCV(PLSLDA(), {"n_components": [1]}, cv=2), set()),
        (LogisticRegression(), set()),
    ]
    for model, names in expected:
        found = group_parameters(model, groups)
        assert found.keys() == names
        model.fit(X, y, **found)
    alone = make_pipeline(StandardScaler(), PLSLDA(n_components=1))
    alone.fit(X, y, plslda__groups=groups)
    search.set_params(param_grid={"plslda__n_components": [1]})
    search.fit(X, y, **group_parameters(search, groups))
    assert search.best_estimator_[-1].temperature_ == alone[-1].temperature_


def test_groups_arrive_by_metadata_routing_too():
    """Where they would without it, unless a classifier was told otherwise."""
    rng, groups = np.random.default_rng(0), np.repeat(np.arange(12), 4)
    y = groups % 2
    X = rng.normal(size=(12, 20))[groups] + rng.normal(0, 0.1, (48, 20))
    X[y == 1, :2] += 0.8
    plain = PLSLDA(n_components=2)
    by_group = clone(plain).fit(X, y, groups=groups).temperature_
    by_spectrum = clone(plain).fit(X, y).temperature_
    assert by_group > 2 * by_spectrum
    with config_context(enable_metadata_routing=True):
        told = clone(plain).set_fit_request(groups=False)
        for last, expected in ((plain, by_group), (told, by_spectrum)):
            steps = make_pipeline(FunctionTransformer(), last)
            grid = {"plslda__n_components": [2]}
            search = GridSearchCV(steps, grid, cv=GroupKFold(3))
            for model in (last, steps, search):
                detector = SpectralNoveltyDetector(model, cv=2).fit(X, y, groups)
                found = last_step(best_of(detector.estimator_))[0]
                assert found.temperature_ == expected
        sampled = make_imblearn_pipeline(RandomOverSampler(), plain)
        SpectralNoveltyDetector(sampled, cv=2).fit(X, y, groups)
        open_ended = Asks()
        SpectralNoveltyDetector(open_ended, cv=2).fit(X, y, groups)
        with pytest.raises(UnsetMetadataPassedError, match="set_fit_request"):
            steps = make_pipeline(FunctionTransformer(), open_ended)
            SpectralNoveltyDetector(steps, cv=2).fit(X, y, groups)


class Asks(DummyClassifier):
    """A classifier of somebody else that cannot be fitted without groups."""

    def fit(self, X, y, groups=None):
        assert len(groups) == len(y)
        return super().fit(X, y)


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(SNV(), m)])
def test_frozen_models_are_not_judged_in_silence(wrap):
    """No fold fits them, so what they know of its spectra would count as skill."""
    rng, y, groups = np.random.default_rng(0), np.arange(24) % 2, np.arange(24) // 2 % 6
    groups = 6 * y + groups
    X = rng.normal(size=(24, 12)) + 3 * y[:, None]
    frozen = wrap(FrozenEstimator(PLSLDA(n_components=1).fit(X, y)))
    quiet = {"progress": False, "random_state": 0}
    judges = {
        "compare": lambda: compare(
            {"m": frozen}, X, y, groups=groups, cv=2, explain=False, **quiet
        ),
        "sample_size_curve": lambda: sample_size_curve(
            {"m": frozen}, X, y, groups, sizes=[2], cv=2, n_draws=1, **quiet
        ),
        "ConformalClassifier": lambda: ConformalClassifier(frozen, cv=2).fit(
            X, y, groups
        ),
        "SpectralNoveltyDetector": lambda: SpectralNoveltyDetector(frozen, cv=2).fit(
            X, y, groups
        ),
    }
    for name, judge in judges.items():
        with pytest.warns(UserWarning, match=f"FrozenEstimator, which {name} does not"):
            judge()
    with pytest.raises(ValueError, match="band_test fits the model .* Frozen"):
        band_test(frozen, X, y, groups, bands=2, **quiet)
