"""Contracts that hold for every estimator: scikit-learn's checks, and our own."""

import importlib
import pkgutil
import re
from itertools import permutations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.utils import estimator_checks as imblearn_checks
from sklearn.base import BaseEstimator, clone
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

import sklearn_raman
from sklearn_raman.preprocessing import SpectrumMinMaxScaler
from tests._estimators import (
    CLASSIFIERS,
    DETERMINISTIC,
    ESTIMATORS,
    KERNELS,
    SAMPLERS,
    SIZED,
    STATELESS,
    TRANSFORMERS,
    expected_failures,
)


def quick(estimator):
    """Return a fresh copy that trains as little as it can."""
    copied = clone(estimator)
    return copied.set_params(max_epochs=1) if hasattr(copied, "max_epochs") else copied


def use(fitted, X):
    """Do with spectra what a fitted estimator is for."""
    return (fitted.predict if hasattr(fitted, "predict") else fitted.transform)(X)


def result(fitted, X):
    """What shows that an estimator is the same, as an array."""
    for method in ("predict_proba", "transform"):
        if hasattr(fitted, method):
            return np.asarray(getattr(fitted, method)(X))


def public_estimators():
    """Yield every estimator class that a public module exports."""
    for info in pkgutil.walk_packages(sklearn_raman.__path__, "sklearn_raman."):
        if "._" in info.name:
            continue
        module = importlib.import_module(info.name)
        for name in getattr(module, "__all__", []):
            member = getattr(module, name)
            if isinstance(member, type) and issubclass(member, BaseEstimator):
                if hasattr(member, "fit"):
                    yield member


@parametrize_with_checks(
    ESTIMATORS + SAMPLERS, expected_failed_checks=expected_failures, xfail_strict=True
)
def test_sklearn_checks(estimator, check):
    """Networks train where a check asks how well, or whether weights move them."""
    name = getattr(check, "func", check).__name__
    asks = re.search("classifiers_(train|classes)|weight", name)
    check(estimator if asks else quick(estimator))


def checks_of_weights():
    """Yield the checks in which a deterministic network differs from others."""
    for estimator in DETERMINISTIC:
        marks = {"expected_failed_checks": expected_failures(estimator)}
        marks |= {"mark": "xfail", "xfail_strict": True}
        for pair in estimator_checks_generator(estimator, **marks):
            check = getattr(pair, "values", pair)[1]
            name = getattr(check, "func", check).__name__
            if re.search("weight|dtype|invariance", name):
                yield pair


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(checks_of_weights()),
    ids=lambda part: getattr(getattr(part, "func", part), "__name__", str(part)),
)
def test_sklearn_checks_of_weights(estimator, check):
    name = getattr(check, "func", check).__name__
    few = {} if "class_weight" in name else {"max_epochs": 5}
    check(clone(estimator).set_params(**few))


@pytest.mark.parametrize(
    ("estimator", "check"),
    [pair for e in SAMPLERS for pair in imblearn_checks.estimator_checks_generator(e)],
    ids=lambda part: getattr(getattr(part, "func", part), "__name__", str(part)),
)
def test_imblearn_checks(estimator, check):
    check(estimator)


def test_every_public_estimator_is_in_the_table():
    listed = {type(estimator) for estimator in ESTIMATORS + SAMPLERS}
    missing = {cls.__name__ for cls in public_estimators()} - {
        cls.__name__ for cls in listed
    }
    assert not missing, f"add a row to tests/_estimators.py for {sorted(missing)}"


@pytest.mark.parametrize("cls", sorted(set(public_estimators()), key=str), ids=str)
def test_built_without_arguments(cls):
    assert isinstance(cls(), cls)


@pytest.mark.parametrize("estimator", STATELESS + SIZED, ids=str)
def test_row_wise_transformers_are_stateless(estimator, spectra):
    """What other spectra were seen, in fit or beside it, must not change a result."""
    half = clone(estimator).fit(spectra[:6]).transform(spectra)
    one_by_one = clone(estimator).fit(spectra)
    found = {
        "fitted on others": clone(estimator).fit(spectra[6:] * 3).transform(spectra),
        "not fitted": clone(estimator).transform(spectra),
        "alone": np.concatenate([one_by_one.transform(row[None]) for row in spectra]),
        "in another order": clone(estimator).fit_transform(spectra[::-1])[::-1],
        "in columns": clone(estimator).fit_transform(np.asfortranarray(spectra)),
    }
    scale = 0 if isinstance(estimator, KERNELS) else 1e-12
    atol = scale * np.abs(half).max(axis=1, keepdims=True)
    for how, other in found.items():
        assert (np.abs(other - half) <= atol).all(), how


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_dtype(estimator, dtype, spectra):
    """float32 stays float32; anything else is computed in float64."""
    X = spectra.astype(dtype)
    transformed = clone(estimator).fit_transform(X)
    assert transformed.dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert X.dtype == dtype


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=str)
@pytest.mark.parametrize("container", ["string", "float", "polars"])
def test_axis_survives(estimator, container, spectra, axis):
    """The labels of a frame reach the next step, also where sklearn drops them."""
    if container == "polars":
        X = pl.DataFrame(spectra, schema=[str(value) for value in axis])
        found = clone(estimator).set_output(transform="polars").fit_transform(X)
    else:
        columns = axis if container == "float" else [str(value) for value in axis]
        X = pd.DataFrame(spectra, columns=columns, index=range(100, 112))
        found = clone(estimator).set_output(transform="pandas").fit_transform(X)
        assert list(found.index) == list(X.index)
    np.testing.assert_array_equal([float(label) for label in found.columns], axis)
    plain = clone(estimator).fit_transform(spectra)
    if getattr(estimator, "norm", None) == "area":  # with an axis, area counts cm-1
        plain = plain / 2
    np.testing.assert_allclose(found.to_numpy(), plain, rtol=1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(estimator, bad, spectra, labels):
    X = spectra.copy()
    X[3, 5] = bad
    with pytest.raises(ValueError, match="NaN|infinity"):
        clone(estimator).fit(X, labels)
    fitted = quick(estimator).fit(spectra, labels)
    with pytest.raises(ValueError, match="NaN|infinity"):
        use(fitted, X)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_shape_errors(estimator, spectra, labels):
    with pytest.raises(ValueError, match="Expected 2D array, got 1D"):
        clone(estimator).fit(spectra[0], labels[:1])
    with pytest.raises(ValueError, match="0 sample"):
        clone(estimator).fit(spectra[:0], labels[:0])
    fitted = quick(estimator).fit(spectra, labels)
    with pytest.raises(ValueError, match="149 features"):
        use(fitted, spectra[:, 1:])


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_other_axis_than_in_fit(estimator, spectra, labels, axis):
    """Float labels, which scikit-learn does not compare, are compared here."""
    fitted = quick(estimator).fit(pd.DataFrame(spectra, columns=axis), labels)
    shifted = pd.DataFrame(spectra, columns=axis + 1)
    with pytest.raises(ValueError, match="401 to 699 cm-1.*400 to 698 cm-1"):
        use(fitted, shifted)


@pytest.mark.parametrize("estimator", ESTIMATORS + SAMPLERS, ids=str)
def test_stray_columns(estimator, spectra, labels, axis):
    """A column that is no point of a spectrum is named, in fit and later."""
    X = pd.DataFrame(spectra, columns=[str(value) for value in axis])
    stray = X.rename(columns={"400.0": "Unnamed: 0"})
    fit = "fit_resample" if estimator in SAMPLERS else "fit"
    with pytest.raises(ValueError, match="1 of 150 column labels.*'Unnamed: 0'"):
        getattr(quick(estimator), fit)(stray, labels)
    if estimator not in SAMPLERS:
        fitted = quick(estimator).fit(X, labels)
        with pytest.raises(ValueError, match="1 of 150 column labels.*'Unnamed: 0'"):
            use(fitted, stray)


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=str)
def test_one_class(estimator, spectra):
    with pytest.raises(ValueError, match="only one class: calcite"):
        clone(estimator).fit(spectra, ["calcite"] * 12)


def bad_training_sets(spectra, labels, axis):
    """Yield spectra and labels that one fit or another refuses, early or late."""
    shorter = pd.DataFrame(spectra[:, 50:] * 2, columns=axis[50:].astype(str))
    new = np.char.add("new ", labels)
    with_nan = shorter.copy()
    with_nan.iloc[3, 5] = np.nan
    yield with_nan, new
    yield shorter.rename(columns={"500.0": "id"}), new
    yield shorter.iloc[:, [0, 2, 1, *range(3, 100)]], new
    yield shorter, new[:3]
    yield shorter, np.linspace(0, 1, 12)
    yield shorter, np.repeat("new", 12)
    yield shorter * 0 + 1, new
    yield shorter.iloc[:, :1], new
    yield shorter.iloc[:0], new[:0]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("estimator", ESTIMATORS + SIZED, ids=str)
def test_a_refit_that_fails_changes_nothing(estimator, spectra, labels, axis):
    fitted = quick(estimator)
    if hasattr(fitted, "wavenumbers"):
        fitted.set_params(wavenumbers=axis)
    fitted.fit(spectra, labels)
    before, expected = dict(vars(fitted)), result(fitted, spectra)
    n_failed = 0
    for X, y in bad_training_sets(spectra, labels, axis):
        try:
            clone(fitted).fit(X, y)
        except ValueError:
            n_failed += 1
            with pytest.raises(ValueError):
                fitted.fit(X, y)
            assert vars(fitted).keys() == before.keys()
            changed = [key for key in before if vars(fitted)[key] is not before[key]]
            assert not changed
            np.testing.assert_array_equal(result(fitted, spectra), expected)
    assert n_failed >= 3


@pytest.mark.parametrize("estimator", TRANSFORMERS + SIZED, ids=str)
def test_a_fit_that_fails_at_the_end_changes_nothing(estimator, spectra, monkeypatch):
    fitted = clone(estimator).fit(spectra)
    before, expected = dict(vars(fitted)), fitted.transform(spectra)
    learn = type(fitted)._learn

    def learn_and_fail(self, X):
        learn(self, X)
        raise RuntimeError("at the end")

    monkeypatch.setattr(type(fitted), "_learn", learn_and_fail)
    with pytest.raises(RuntimeError, match="at the end"):
        fitted.fit(spectra[:, ::-1] * 2)
    assert vars(fitted) == before
    np.testing.assert_array_equal(fitted.transform(spectra), expected)


@pytest.mark.parametrize("estimator", TRANSFORMERS + SIZED, ids=str)
@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_transform_only_reads(estimator, container, spectra, axis):
    X = pd.DataFrame(spectra, columns=axis.astype(str))
    fitted = clone(estimator).fit(container(X))
    before = dict(vars(fitted))
    copies = {
        key: value.copy() for key, value in before.items() if hasattr(value, "copy")
    }
    fitted.transform(container(X))
    fitted.map_back(np.ones(fitted.transform(spectra).shape))
    assert vars(fitted).keys() == before.keys()
    assert all(vars(fitted)[key] is before[key] for key in before)
    for key, value in copies.items():
        np.testing.assert_array_equal(vars(fitted)[key], value)
    unfitted = clone(estimator)
    if estimator not in TRANSFORMERS[len(STATELESS) :]:
        before = dict(vars(unfitted))
        unfitted.transform(container(X))
        assert vars(unfitted) == before
    np.testing.assert_array_equal(X, spectra)


@pytest.mark.parametrize("estimator", TRANSFORMERS + SIZED, ids=str)
def test_parameters_are_checked_where_they_are_used(estimator, spectra):
    """In transform too, of a fitted transformer and of one that needs no fit."""
    for name, value in estimator.get_params().items():
        for bad in (object(), "typo") if isinstance(value, str) else (object(),):
            for changed in (clone(estimator).fit(spectra), clone(estimator)):
                changed.set_params(**{name: bad})
                with pytest.raises(ValueError, match=name):
                    changed.transform(spectra)


SAME_CLASS = [
    (first, second)
    for first, second in permutations(STATELESS + SIZED, 2)
    if type(first) is type(second)
]


@pytest.mark.parametrize(("first", "second"), SAME_CLASS, ids=str)
@pytest.mark.parametrize("labelled", [False, True])
def test_set_params_after_fit(first, second, labelled, spectra, axis):
    """New parameters are used as they are, and never mixed with those of fit."""
    X = spectra[::4]
    X = pd.DataFrame(X, columns=axis.astype(str)) if labelled else X
    expected = clone(second).fit(X).transform(X)
    changed = clone(first).fit(X).set_params(**second.get_params())
    found = changed.transform(X)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)
    if labelled:
        assert list(found.columns) == list(expected.columns)
    named = changed.set_output(transform="pandas").transform(X)
    again = clone(second).set_output(transform="pandas").fit_transform(X)
    pd.testing.assert_frame_equal(named, again)


MINMAX = [e for e in TRANSFORMERS if isinstance(e, SpectrumMinMaxScaler)]


@pytest.mark.parametrize(("first", "second"), list(permutations(MINMAX, 2)), ids=str)
def test_a_fit_forgets_the_one_before(first, second, spectra):
    """What was learned with other parameters is gone, as if it had never been."""
    expected = clone(second).fit(spectra)
    refitted = clone(first).fit(spectra).set_params(**second.get_params()).fit(spectra)
    assert vars(refitted).keys() == vars(expected).keys()
