"""Every form of spectra that bring their own axes means the same."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.utils import Bunch

from sklearn_raman._utils._ragged import by_axis, is_ragged, read_ragged, refuse_ragged
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.preprocessing import SNV, WavenumberResampler

AXES = [np.array([400.0, 402.0, 404.5]), np.array([500.0, 499.0, 497.0, 490.0])]
ROWS = [np.array([1.0, 5.0, 2.0]), np.array([3.0, 1.0, 4.0, 1.0])]
PAIRS = list(zip(AXES, ROWS, strict=True))


def object_array(items):
    found = np.empty(len(items), dtype=object)
    found[:] = items
    return found


FORMS = {
    "list of tuples": PAIRS,
    "tuple of tuples": tuple(PAIRS),
    "list of lists": [list(pair) for pair in PAIRS],
    "plain numbers": [tuple(part.tolist() for part in pair) for pair in PAIRS],
    "only lists": [[part.tolist() for part in pair] for pair in PAIRS],
    "(2, n)": [np.stack(pair) for pair in PAIRS],
    "(n, 2)": [np.stack(pair).T for pair in PAIRS],
    "lists of points": [np.stack(pair).T.tolist() for pair in PAIRS],
    "object array": object_array(PAIRS),
    "object array of arrays": np.array(PAIRS, dtype=object),
    "Series of pairs": pd.Series(PAIRS, index=[7, 3]),
    "Series of pandas": [pd.Series(row, index=axis) for axis, row in PAIRS],
    "labels of text": [pd.Series(y, index=x.astype(str)) for x, y in PAIRS],
    "frames": [pd.DataFrame({"x": axis, "y": row}) for axis, row in PAIRS],
    "polars": [pl.DataFrame({"x": axis, "y": row}) for axis, row in PAIRS],
    "parts of pandas": [(pd.Index(axis), pd.Series(row)) for axis, row in PAIRS],
    "parts of polars": [(pl.Series(axis), pl.Series(row)) for axis, row in PAIRS],
    "nullable": [(x, pd.Series(y, dtype="Float64")) for x, y in PAIRS],
    "mixed": [PAIRS[0], pd.Series(ROWS[1], index=AXES[1])],
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_mean_the_same(form):
    assert is_ragged(FORMS[form])
    found = read_ragged(FORMS[form])
    assert isinstance(found, list)
    for pair, (axis, row) in zip(found, PAIRS, strict=True):
        assert isinstance(pair, tuple)
        np.testing.assert_array_equal(pair[0], axis)
        np.testing.assert_array_equal(pair[1], row)
        assert pair[0].dtype == pair[1].dtype == np.float64
    for _, row in FORMS["list of tuples"]:
        assert row.flags.writeable


@pytest.mark.parametrize(
    "pair",
    [
        PAIRS[0],
        tuple(part.tolist() for part in PAIRS[0]),
        (pd.Series(AXES[0]), pd.Series(ROWS[0])),
        ((400.0, 410.0), (1.0, 2.0)),
        (range(400, 403), [1, 2, 3]),
    ],
)
def test_a_tuple_of_two_sequences_is_one_pair(pair):
    assert is_ragged(pair)
    ((axis, row),) = read_ragged(pair)
    np.testing.assert_array_equal(axis, list(pair[0]))
    np.testing.assert_array_equal(row, list(pair[1]))


def test_an_array_of_three_dimensions():
    pairs = [(AXES[0], ROWS[0]), (AXES[0] + 1, ROWS[0] * 2)]
    for array in (np.array(pairs), np.array(pairs).transpose(0, 2, 1)):
        assert is_ragged(array)
        for found, pair in zip(read_ragged(array), pairs, strict=True):
            np.testing.assert_array_equal(found, pair)
    assert not is_ragged(np.zeros((4, 5, 6)))


MATRIX = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "X",
    [
        MATRIX,
        MATRIX.tolist(),
        list(MATRIX),
        MATRIX[:, :2].tolist(),  # two spectra of two points
        [list(row) for row in zip(*PAIRS[0], strict=True)],  # three of two points
        MATRIX.astype(object),
        MATRIX[0],
        pd.DataFrame(MATRIX),
        pl.DataFrame(MATRIX),
        pd.Series([1.0, 2.0]),
        pd.Series(["a", "b"]),
        pd.Series(["a", "b"], dtype=object),
        [],
        "text",
        None,
        [[1.0, 2.0], [1.0]],
    ],
)
def test_what_scikit_learn_reads_as_a_matrix_is_one(X):
    assert not is_ragged(X)


@pytest.mark.parametrize("dtype", ["f4", ">f4", "f2", "f8", "i2", "u1", "i8"])
def test_float32_stays(dtype):
    ((axis, row),) = read_ragged([(AXES[0].astype("f4"), ROWS[0].astype(dtype))])
    assert axis.dtype == np.float64
    assert row.dtype == (np.float32 if dtype == "f4" else np.float64)
    np.testing.assert_array_equal(row, ROWS[0])


@pytest.mark.parametrize("missing", [None, np.nan])
def test_missing_values_are_nan(missing):
    ((_, row),) = read_ragged([(AXES[0], [1.0, missing, 2.0])])
    np.testing.assert_array_equal(row, [1.0, np.nan, 2.0])


GOOD = PAIRS[0]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([GOOD, ([1, 2, 3], [1, 2])], "axis of spectrum 1 has 3 points but .* have 2"),
        ([GOOD, ([1, 3, 2], [1, 2, 3])], "axis of spectrum 1 must be strictly"),
        ([GOOD, ([1, np.nan, 2], [1, 2, 3])], "axis of spectrum 1 contains NaN"),
        ([GOOD, ([], [])], "axis of spectrum 1 must be a non-empty"),
        ([GOOD, ([401, 402], [1, 2j])], "Spectrum 1 .*complex128.*real numbers"),
        ([GOOD, ([401, 402], ["1", "2"])], "Spectrum 1 .*real numbers"),
        ([GOOD, ([401, 402], [1, {}])], "Spectrum 1 .*type object.*real numbers"),
        ([GOOD, ([401, 402], [True, False])], "Spectrum 1 .*real numbers"),
        ([GOOD, 1.0], "Spectrum 1 is not a pair .*got a float"),
        ([GOOD, [1.0, 2.0]], "Spectrum 1 is not a pair .*list of length 2"),
        ([GOOD, np.zeros((3, 3))], r"Spectrum 1 is not a pair .*\(3, 3\)"),
        ([GOOD, np.array([[400, 401], [1, 2]])], r"Spectrum 1 .*\(2, 2\).*tuple"),
        ([GOOD, [[400, 401], [1, 2]]], r"Spectrum 1 .*\(2, 2\).*tuple"),
        ([GOOD, pd.DataFrame(np.zeros((4, 3)))], "Spectrum 1 .*3 columns.*has two"),
        ([GOOD, pd.Series([1, 2, 3])], "Spectrum 1 .*RangeIndex.*positions"),
        ([GOOD, pd.Series([1, 2], index=[0, 1])], "spectrum 1 counts points"),
        ([GOOD, pd.Series([1, 2], index=["a", "b"])], "axis of spectrum 1 must be"),
        ((ROWS[1], ROWS[1]), "spectrum 0 must be strictly.*matrix of two spectra"),
    ],
)
def test_what_is_no_spectrum_is_named(items, message):
    assert is_ragged(items)
    with pytest.raises(ValueError, match=message):
        read_ragged(items)


@pytest.mark.parametrize(
    "axis", [np.arange(9), np.arange(9.0), np.arange(9)[::-1], np.arange(1, 19, 2)]
)
@pytest.mark.parametrize("form", [lambda x, y: (x, y), lambda x, y: np.stack([x, y])])
def test_positions_are_no_axis(axis, form):
    with pytest.raises(ValueError, match="spectrum 0 counts points.*positions"):
        read_ragged([form(axis, np.ones(9))])
    read_ragged([form(axis + 400, np.ones(9))])
    read_ragged([form(axis + 0.5, np.ones(9))])


def test_by_axis():
    """Equal axes go together, whoever holds them; types are kept apart."""
    spectra = [(AXES[0], ROWS[0]), PAIRS[1], (AXES[0].copy(), ROWS[0] * 2)]
    spectra.append((AXES[0], ROWS[0].astype(np.float32)))
    (first, numbers, rows), (second, *_), (third, _, single) = by_axis(spectra)
    np.testing.assert_array_equal(first, AXES[0])
    np.testing.assert_array_equal(second, AXES[1])
    np.testing.assert_array_equal(third, AXES[0])
    assert numbers.tolist() == [0, 2]
    np.testing.assert_array_equal(rows, [ROWS[0], ROWS[0] * 2])
    assert single.dtype == np.float32


def test_refuse_ragged():
    with pytest.raises(ValueError, match="SVM needs .*WavenumberResampler before it"):
        refuse_ragged(PAIRS, "SVM")
    with pytest.raises(ValueError, match="3 to 4 points and without wavenumbers"):
        refuse_ragged(ROWS, "SVM")
    for X in (MATRIX, MATRIX.tolist(), pd.DataFrame(MATRIX), "text"):
        refuse_ragged(X, "SVM")


@pytest.mark.parametrize("kind", ["frame", "pairs"])
def test_a_bunch_is_told_from_its_spectra(kind):
    frame = pd.DataFrame(np.eye(6) + 1, columns=np.arange(400, 412, 2))
    pairs = [(frame.columns.to_numpy(), row) for row in frame.to_numpy()]
    bunch = Bunch(data=frame if kind == "frame" else pairs, target=[0, 1] * 3)
    grid = WavenumberResampler(target_wavenumbers=(402, 408, 2))
    with pytest.raises(ValueError, match="of a Bunch pass its data"):
        grid.fit(bunch)
    with pytest.raises(ValueError, match="of a Bunch pass its data"):
        grid.fit(bunch.data).transform(bunch)
    for step in (SNV(), PLSLDA()):
        with pytest.raises(ValueError, match="of a Bunch pass its data"):
            step.fit(bunch, bunch.target)


@pytest.mark.parametrize("kind", [pd.SparseDtype(float, 0.0), "Float64", "category"])
def test_columns_of_other_types_are_numbers(kind):
    frame = pd.DataFrame(MATRIX + 1.0, columns=["400.0", "402.0", "404.0"])
    pd.testing.assert_frame_equal(
        SNV().fit_transform(frame.astype(kind)), SNV().fit_transform(frame)
    )


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(3, dtype=[("400", float)]), "a structured array"),
        (pd.DataFrame(index=range(3)), "a frame without columns"),
        (pl.DataFrame({"400": [1, 2]}).cast(pl.Date), "X holds dates or times"),
        (pl.DataFrame({"400": [1, 2]}).lazy(), r"not computed yet: X\.collect\(\)"),
        (pd.Series(list(MATRIX)), r"cell of X holds a whole spectrum.*np\.stack"),
    ],
)
def test_what_is_no_matrix(X, message):
    for step in (SNV(), WavenumberResampler()):
        with pytest.raises(ValueError, match=message):
            step.fit(X)
