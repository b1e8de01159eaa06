"""The standard models take any spectra, with groups and without."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_raman.model_selection import _compare, compare, standard_models

NAMES = ["SVM", "PLS-LDA", "LDA", "KNN", "Random forest", "CNN", "FMCNN", "GAP-CNN"]


def smallest(models):
    """The same models with one setting a grid and one epoch, which fit at once."""
    for model in models.values():
        if isinstance(model, GridSearchCV):
            grids = model.param_grid
            first = grids[0] if isinstance(grids, list) else grids
            model.param_grid = {name: values[-1:] for name, values in first.items()}
            if "n_estimators" in model.estimator[-1].get_params():
                model.estimator[-1].n_estimators = 3
        else:
            model[-1].set_params(max_epochs=1)
    return models


def test_every_search_may_prepare_in_each_way_and_by_group():
    models = standard_models(random_state=0)
    assert list(models) == NAMES == list(standard_models(quick=True))
    for name in NAMES[:5]:
        grids = models[name].param_grid
        for grid in grids if isinstance(grids, list) else [grids]:
            shown = " ".join(map(repr, grid["prepare"]))
            for step in ("passthrough", "AIRPLS", "SavitzkyGolay", "SquareRoot"):
                assert step in shown
    for name in NAMES[4:]:
        last = getattr(models[name], "estimator", models[name])[-1]
        assert last.random_state == 0


@pytest.mark.parametrize(
    ("kind", "grouped"), [("frame", True), ("array", False), ("pairs", True)]
)
def test_compare_without_models_takes_any_spectra(spectra, kind, grouped, monkeypatch):
    X, y, groups = spectra
    given = {
        "frame": X,
        "array": X.to_numpy(np.float32),
        "pairs": [(X.columns.to_numpy(float), row) for row in X.to_numpy()],
    }[kind]
    asked = []

    def fast(random_state, **settings):
        asked.append(settings)
        return smallest(standard_models(random_state, **settings))

    monkeypatch.setattr(_compare, "standard_models", fast)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "No spectrum of")  # a network of one epoch
        result = compare(
            given,
            y,
            groups=groups if grouped else None,
            cv=2,
            quick=True,
            progress=False,
        )
    assert all(settings["quick"] for settings in asked)
    (target,) = [settings["target_wavenumbers"] for settings in asked]
    if kind == "pairs":
        np.testing.assert_allclose(target, X.columns.to_numpy(float))
    else:
        assert target is None
    assert sorted(result.to_frame().index) == sorted(NAMES)
    assert set(result.explanations) == {"PLS-LDA", "CNN", "FMCNN", "GAP-CNN"}
    units = {summary.unit for summary in result.explanations.values()}
    assert units == {"point" if kind == "array" else "cm-1"}
    assert set(result.choices["model"]) == set(NAMES[:5])


def test_an_axis_that_folds_would_change_is_refused():
    with pytest.raises(ValueError, match="inner fold.*start, stop, step"):
        standard_models(target_wavenumbers="common")


@pytest.mark.parametrize("name", ["SVM", "PLS-LDA", "KNN"])
def test_few_spectra_shorten_the_grids_without_a_warning(spectra, name):
    """Three spectra of a class: three folds, and no size above 4."""
    X, y, _ = spectra
    rows = np.r_[0:4, 20:24, 40:43]
    model = clone(standard_models(quick=False)[name])
    model.set_params(estimator__prepare="passthrough")
    grids = model.param_grid if name == "SVM" else [model.param_grid]
    model.param_grid = [{**grid, "prepare": ["passthrough"]} for grid in grids]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X.iloc[rows], y[rows])
    assert model.n_splits_ == 3
    assert np.isfinite(model.cv_results_["mean_test_score"]).all()


def test_inner_folds_keep_groups_together(spectra):
    X, y, groups = spectra
    inner = standard_models()["KNN"].cv
    assert inner.get_n_splits(X, y, groups) == inner.get_n_splits(X, y) == 3
    for train, test in inner.split(X, y, groups):
        assert not set(groups[train]) & set(groups[test])
    sides = [
        set(groups[train]) & set(groups[test]) for train, test in inner.split(X, y)
    ]
    assert all(sides)
    # A class with two groups only: two folds, so that each trains it.
    few = ~np.isin(groups, ["0-0", "0-1", "0-2"])
    folds = list(inner.split(X[few], y[few], groups[few]))
    assert len(folds) == inner.get_n_splits(X[few], y[few], groups[few]) == 2
    assert all(len(np.unique(y[few][train])) == 3 for train, _ in folds)


def test_lda_on_components_is_lda_on_points(spectra):
    """Shrinkage toward a multiple of the unit matrix does not see a rotation."""
    X, y, _ = spectra
    model = standard_models()["LDA"].estimator
    model.set_params(lineardiscriminantanalysis__shrinkage=0.3)
    direct = clone(model).set_params(pca="passthrough")
    found = [m.fit(X, y).predict_proba(X) for m in (model, direct)]
    np.testing.assert_allclose(*found, atol=1e-6)
    assert isinstance(X, pd.DataFrame)
