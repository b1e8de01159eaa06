"""Contracts that hold for every estimator: scikit-learn's checks, and our own."""

import importlib
import pkgutil

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.utils import estimator_checks as imblearn_checks
from sklearn.base import BaseEstimator, clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_raman
from tests._estimators import (
    CLASSIFIERS,
    ESTIMATORS,
    SAMPLERS,
    SIZED,
    STATELESS,
    expected_failures,
)

TRANSFORMERS = [e for e in ESTIMATORS if e not in CLASSIFIERS]


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
    check(estimator)


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
    """What other spectra were seen, in fit or beside it, must not change one bit."""
    half = clone(estimator).fit(spectra[:6]).transform(spectra)
    other = clone(estimator).fit(spectra[6:][::-1] * 3 + 1).transform(spectra)
    np.testing.assert_array_equal(half, other)
    alone = np.concatenate(
        [clone(estimator).fit(spectra).transform(row[None]) for row in spectra]
    )
    np.testing.assert_array_equal(half, alone)
    shuffled = clone(estimator).fit_transform(spectra[::-1])[::-1]
    np.testing.assert_array_equal(half, shuffled)
    in_columns = clone(estimator).fit_transform(np.asfortranarray(spectra))
    np.testing.assert_array_equal(half, in_columns)


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
    fitted = clone(estimator)
    if estimator in CLASSIFIERS and hasattr(fitted, "max_epochs"):
        fitted.set_params(max_epochs=1)
    fitted.fit(spectra, labels)
    with pytest.raises(ValueError, match="NaN|infinity"):
        (fitted.predict if estimator in CLASSIFIERS else fitted.transform)(X)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_shape_errors(estimator, spectra, labels):
    with pytest.raises(ValueError, match="Expected 2D array, got 1D"):
        clone(estimator).fit(spectra[0], labels[:1])
    with pytest.raises(ValueError, match="0 sample"):
        clone(estimator).fit(spectra[:0], labels[:0])
    fitted = clone(estimator)
    if hasattr(fitted, "max_epochs"):
        fitted.set_params(max_epochs=1)
    fitted.fit(spectra, labels)
    with pytest.raises(ValueError, match="149 features"):
        use = fitted.predict if estimator in CLASSIFIERS else fitted.transform
        use(spectra[:, 1:])


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_other_axis_than_in_fit(estimator, spectra, labels, axis):
    """Float labels, which scikit-learn does not compare, are compared here."""
    fitted = clone(estimator)
    if hasattr(fitted, "max_epochs"):
        fitted.set_params(max_epochs=1)
    fitted.fit(pd.DataFrame(spectra, columns=axis), labels)
    shifted = pd.DataFrame(spectra, columns=axis + 1)
    with pytest.raises(ValueError, match="401 to 699 cm-1.*400 to 698 cm-1"):
        (fitted.predict if estimator in CLASSIFIERS else fitted.transform)(shifted)


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=str)
def test_one_class(estimator, spectra):
    with pytest.raises(ValueError, match="only one class: calcite"):
        clone(estimator).fit(spectra, ["calcite"] * 12)
