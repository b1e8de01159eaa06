"""Sizes that spectra are too short for, labels in other words, fits that fail."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator

from sklearn_raman._utils._validation import (
    check_spectra,
    lower_default,
    unchanged_on_error,
)

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
