"""Spectra drawn from a map."""

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from sklearn_raman.mapping import apply_pipeline, sample_spectra


def where(sample, pixels):
    """Rows of the table that were drawn, checked against the spectra."""
    rows = sample.places["y"].to_numpy() * 9 + sample.places["x"].to_numpy()
    np.testing.assert_array_equal(np.asarray(sample.data), pixels.to_numpy()[rows])
    return rows


def test_draws_once_and_by_seed(cube, pixels):
    sample = sample_spectra(cube, 20, random_state=0)
    rows = where(sample, pixels)
    assert len(np.unique(rows)) == 20 and sample.target is None
    assert sample.data.columns.tolist() == pixels.columns.tolist()
    lazy = cube.chunk(y=2, x=4).transpose("wavenumber", "x", "y")
    again = sample_spectra(lazy, 20, random_state=0)
    assert set(again.places.columns) == {"x", "y"}
    assert len(sample_spectra(cube, 1000).data) == 63
    seen = [where(sample_spectra(cube, 5, random_state=k), pixels) for k in range(60)]
    assert len(np.unique(np.concatenate(seen))) > 50  # from everywhere


def test_labels_get_the_same_number_each(cube, pixels):
    labels = np.repeat(["a", "b", "c", ""], [40, 15, 3, 5]).reshape(7, 9)
    sample = sample_spectra(cube, 21, stratify=labels, random_state=0)
    assert pd.Series(sample.target).value_counts().to_dict() == {"a": 9, "b": 9, "c": 3}
    np.testing.assert_array_equal(labels.ravel()[where(sample, pixels)], sample.target)
    codes = np.where(labels == "", -1, 0)
    assert len(sample_spectra(cube, 100, stratify=codes).data) == 58
    some = np.where(labels == "", np.nan, 1.0)
    assert len(sample_spectra(cube, 100, stratify=some, mask=labels != "c").data) == 55


def test_labels_of_any_kind_may_be_missing(cube):
    """Negative numbers are none in arrays of objects, and beside names, as well."""
    names = np.repeat(["a", "b", "c"], [40, 15, 8]).reshape(7, 9).astype(object)
    for missing in (-1, np.float64(-2), None, np.nan, pd.NA, ""):
        some = np.where(names == "c", missing, names)
        assert set(sample_spectra(cube, 100, stratify=some).target) == {"a", "b"}
    for kind in "UTS":  # text of numpy, old and new, and bytes
        some = np.where(names == "c", "", names).astype(kind)
        found = set(sample_spectra(cube, 100, stratify=some).target)
        assert found == set(some.ravel()) - {"", b""} and len(found) == 2
        objects = some.astype(object)
        assert set(sample_spectra(cube, 100, stratify=objects).target) == found
    codes = np.where(names == "a", None, np.where(names == "b", -1, 0))
    assert set(sample_spectra(cube, 100, stratify=codes).target) == {0}
    with pytest.raises(ValueError, match="stratify holds labels of several kinds"):
        sample_spectra(cube, 100, stratify=np.where(names == "c", 3, names))


def test_bad_pixels_are_not_drawn(cube):
    cube[0] = np.nan
    cube[1, 0, 5] = 1e6
    sample = sample_spectra(cube, 63, saturation=1e6, random_state=0)
    assert len(sample.data) == 53
    assert sample.places["y"].min() == 1
    with pytest.raises(ValueError, match="all spectra are bad"):
        sample_spectra(cube[:1], 3)
    with pytest.raises(ValueError, match="leave out all"):
        sample_spectra(cube, 3, mask=np.zeros((7, 9), dtype=bool))
    with pytest.raises(ValueError, match="n must be"):
        sample_spectra(cube, 0)
    for mask in (np.full((7, 9), "False"), np.full((7, 9), np.nan)):
        with pytest.raises(ValueError, match="mask must be True where a pixel"):
            sample_spectra(cube, 3, mask=mask)
    with pytest.raises(ValueError, match="saturation must be a number, got nan"):
        sample_spectra(cube, 3, saturation=np.nan)


def test_a_model_of_the_map_itself(cube, model):
    """Labels of a map, a fit, a map of labels."""
    labels = apply_pipeline(model, cube).label
    sample = sample_spectra(cube, 30, stratify=labels, random_state=0)
    own = clone(model).fit(sample.data, sample.target)
    again = apply_pipeline(own, cube).label
    assert (again == labels).mean() > 0.9
    array = sample_spectra(da.from_array(cube.values), 10)
    assert isinstance(array.data, np.ndarray) and array.wavenumbers is None
