"""Sizes that spectra are too short for, labels in other words, fits that fail."""

from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator

from sklearn_raman._utils._validation import (
    check_finite,
    check_spectra,
    lower_default,
    unchanged_on_error,
)
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.over_sampling import SpectrumBootstrap
from sklearn_raman.preprocessing import WhittakerSmoother, average_replicates

PLACE = {"owner": "Filter", "name": "width", "why": "the spectra have 5 points"}
X = np.arange(6.0).reshape(2, 3)


def test_lower_default():
    assert lower_default(None, 11, 20, **PLACE) == 11
    assert lower_default(3, 11, 5, **PLACE) == 3
    with pytest.warns(UserWarning, match="width=5 instead of its default 11"):
        assert lower_default(None, 11, 5, **PLACE) == 5
    with pytest.raises(ValueError, match=r"width=11\) is too large.*at most 5"):
        lower_default(11, 11, 5, **PLACE)


LABELLED = [
    pd.DataFrame(X, columns=["400", "402", "404"]),
    pd.DataFrame(X, columns=["400.0", "402.0", "404.0"]),
    pd.DataFrame(X, columns=[400.0, 402.0, 404.0]),
    pl.DataFrame(X, schema=["400.000", "402", "404.0"], orient="row"),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("fitted_on", LABELLED)
@pytest.mark.parametrize("used_on", LABELLED)
def test_labels_in_other_words(fitted_on, used_on):
    """The same wavenumbers are the same labels, however they are written."""
    estimator = BaseEstimator()
    check_spectra(estimator, fitted_on, reset=True)
    before = dict(vars(estimator))
    np.testing.assert_array_equal(check_spectra(estimator, used_on, reset=False), X)
    assert vars(estimator) == before


def test_what_is_not_finite_is_named():
    axis = 400.0 + 2 * np.arange(20)
    spectra = np.full((9, 20), 1e300)  # their sum is not finite
    check_finite(spectra)
    check_finite(np.ones((2, 2), dtype=int))
    spectra[4, :3] = np.nan
    spectra[[6, 7], 10] = np.inf
    expected = r"3 of 9 spectra \(rows 4, 6, 7\), "
    with pytest.raises(
        ValueError, match=f"NaN.*{expected}at 400 to 404, 420 cm-1.*Crop"
    ):
        check_finite(spectra, axis=axis, owner="SNV")
    with pytest.raises(ValueError, match=expected + "in columns 0 to 2, 10"):
        check_finite(spectra)
    used = axis > 405
    with pytest.raises(ValueError, match=r"contains infinity in 2 .*\(rows 6, 7\)"):
        check_finite(spectra, axis=axis, used=used)
    check_finite(spectra[:6], used=used)
    spectra = np.where(np.arange(20) % 2, 1.0, np.nan) * np.ones((9, 1))
    place = r"\(rows 0, 1, 2, 3, 4, \.\.\.\), in columns 0, 2, 4, \.\.\."
    with pytest.raises(ValueError, match=place):
        check_finite(spectra)


@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, pl.DataFrame])
def test_estimators_say_where(kind):
    bad = X.copy()
    bad[1, 2] = np.nan
    with pytest.raises(ValueError, match=r"1 of 2 spectra \(row 1\), in columns 2"):
        check_spectra(BaseEstimator(), kind(bad), reset=True)
    labelled = pd.DataFrame(bad, columns=["400", "402", "404"])
    with pytest.raises(ValueError, match=r"\(row 1\), at 404 cm-1"):
        check_spectra(BaseEstimator(), labelled, reset=True)
    fitted = BaseEstimator()
    check_spectra(fitted, labelled.fillna(0), reset=True)
    with pytest.raises(ValueError, match=r"\(row 1\), at 404 cm-1"):
        check_spectra(fitted, labelled, reset=False)


def test_unchanged_on_error():
    estimator = BaseEstimator()
    estimator.old_ = "old"
    with pytest.raises(KeyboardInterrupt), unchanged_on_error(estimator):
        estimator.old_, estimator.new_ = "new", "new"
        raise KeyboardInterrupt
    assert vars(estimator) == {"old_": "old"}
    with unchanged_on_error(estimator):
        estimator.new_ = "new"
    assert vars(estimator) == {"old_": "old", "new_": "new"}


def test_groups_that_have_no_order():
    """One value that stands for all says nothing of whether it can be sorted."""
    with pytest.raises(ValueError, match="groups holds object values.*sorted"):
        PLSLDA().fit(np.eye(4), [0, 0, 1, 1], groups=[object()] * 4)


@pytest.mark.parametrize("lam", [Fraction(10), True])
def test_numbers_that_are_none(lam):
    with pytest.raises(ValueError, match="lam.*must be"):
        WhittakerSmoother(lam=lam).fit(X)


@pytest.mark.parametrize("names", ["abcdefgh", "aabbccdd"])
@pytest.mark.parametrize(
    "call",
    [
        lambda X, y: PLSLDA().fit(X, y),
        lambda X, y: PLSLDA().fit(X, y.to_numpy(), groups=y),
        lambda X, y: PLSLDA().fit(X, y.to_numpy()).explain_(X, y),
        lambda X, y: CNNClassifier(max_epochs=1).fit(X, y),
        lambda X, y: CNNClassifier(max_epochs=1).fit(X, y.to_numpy(), y + 1.0),
        lambda X, y: CNNClassifier(max_epochs=1).fit(X, y.to_numpy(), groups=y),
        lambda X, y: SpectrumBootstrap().fit_resample(X, y),
        lambda X, y: average_replicates(X, None, y),
        lambda X, y: average_replicates(X, y, X.index),
    ],
)
def test_labels_in_another_order(call, names, rng):
    """Rows are matched by position, which an index in another order denies."""
    X = pd.DataFrame(rng.normal(size=(8, 20)), index=list(names))
    y = pd.Series([0, 1] * 4, index=X.index)
    with pytest.raises(ValueError, match="index of X in another order"):
        call(X, y[::-1])
