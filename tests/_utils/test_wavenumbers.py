"""The axis contract, case by case."""

import io

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_raman._utils._wavenumbers import (
    are_positions,
    check_same_axis,
    check_wavenumbers,
    describe_unevenness,
    expand_grid,
    find_gaps,
    format_wavenumbers,
    is_even,
    labels_as_wavenumbers,
    measured_parts,
    require_wavenumbers,
    resolve_wavenumbers,
    unit_of_heading,
)

X = np.zeros((2, 3))


@pytest.mark.parametrize("axis", [[1.0, 2.0, 4.0], [4.0, 2.0, 1.0], [7.0]])
def test_valid_axis(axis):
    np.testing.assert_array_equal(check_wavenumbers(axis), axis)


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ([1, 2, 2], r"2 is followed by 2 \(position 1\)"),
        ([1, 3, 2], r"3 is followed by 2 \(position 1\)"),
        ([3, 1, 2], r"1 is followed by 2 \(position 1\)"),
        ([5, 8, 3], r"5 is followed by 8 \(position 0\)"),  # of the ends
        ([1, np.nan, 2], "NaN"),
        ([1, np.inf, 2], "infinity"),
        ([[1, 2, 3]], "1-D"),
        ([], "non-empty"),
        (["a", "b"], "numbers in cm-1"),
    ],
)
def test_invalid_axis(axis, message):
    with pytest.raises(ValueError, match=message):
        check_wavenumbers(axis)


def test_wrong_length_names_both():
    with pytest.raises(ValueError, match="has 2 points but the spectra have 3"):
        resolve_wavenumbers(X, [1.0, 2.0], 3)


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ((400, 404, 2), [400, 402, 404]),
        ((400, 405, 2), [400, 402, 404]),
        ((0.1, 0.7, 0.1), np.linspace(0.1, 0.7, 7)),  # 0.7 is lost by rounding down
        ((404, 400, -2), [404, 402, 400]),
        ((400, 400, 2), [400]),
        ([400, 401, 407], [400, 401, 407]),
    ],
)
def test_expand_grid(grid, expected):
    np.testing.assert_allclose(expand_grid(grid), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "grid",
    [
        (1, 2),
        (1, 2, 0),
        (1, 2, -1),
        (400, 401, 2),  # perhaps three points
        (1, np.nan, 1),
        (1, np.inf, 1),
        (1, 2, 1e-300),
    ],
)
def test_expand_grid_rejects(grid):
    with pytest.raises(ValueError, match="target_wavenumbers"):
        expand_grid(grid)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["400.5", "401", "402"], [400.5, 401, 402]),
        ([400.5, 401.0, 402.0], [400.5, 401, 402]),
        (np.arange(400, 403), [400, 401, 402]),
        (["400", "401", "402"], [400, 401, 402]),
        (["1.5", "1", "0.5"], [1.5, 1, 0.5]),
        (["0.0", "1.0", "2.0"], [0, 1, 2]),  # written as wavenumbers, not counted
        (["20", "25", "33"], [20, 25, 33]),  # not even
        (["-2", "-1", "0"], [-2, -1, 0]),  # no positions are negative
        (["400", "calcite", "quartz"], None),
        (["calcite", "quartz", "zircon"], None),
        (["400", "nan", "inf"], None),
        (["400_1", "400_2", "400_3"], None),  # which Python reads as 4001, ...
        ([True, False, True], None),
        (["400", "400.1", "400.2"], [400, 400.1, 400.2]),
        (pd.MultiIndex.from_product([["counts"], [0, 1, 2]]), None),
    ],
)
def test_labels(columns, expected):
    found = labels_as_wavenumbers(pd.DataFrame(X, columns=columns))
    assert (found is None) == (expected is None)
    if expected is not None:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (pd.MultiIndex.from_product([["n"], [400, 401, 402]]), "2 levels.*level 1"),
        (pd.MultiIndex.from_tuples([(400, 1), (401, 1), (402, 1)]), "level 0"),
        (["400", "400.1", "401"], "'400' that comes twice"),
        (["402", "401", "401.1"], "'401' that comes twice"),
    ],
)
def test_labels_that_hide_wavenumbers(columns, message):
    with pytest.raises(ValueError, match=message):
        labels_as_wavenumbers(pd.DataFrame(X, columns=columns))


@pytest.mark.parametrize(
    ("columns", "has_axis"),
    [
        ([400, 401, "calcite", "quartz"], False),  # half of them
        (["0", "1", "2", "4", "7", "11"], True),  # fewer than half of the steps alike
    ],
)
def test_half_of_the_labels(columns, has_axis):
    found = labels_as_wavenumbers(pd.DataFrame([columns], columns=columns))
    assert (found is not None) == has_axis


def test_labels_are_read_anew():
    """Who writes into an axis changes no other; 1 and 1.0 are not one label."""
    text = pd.DataFrame(X, columns=["400.0", "402.0", "404.0"])
    first = labels_as_wavenumbers(text)
    first[:] = 0
    np.testing.assert_array_equal(labels_as_wavenumbers(text), [400, 402, 404])
    counted = pd.DataFrame(X, columns=[0, 1, 2])
    assert labels_as_wavenumbers(counted) is None
    assert labels_as_wavenumbers(counted.rename(columns=float)) is not None


@pytest.mark.parametrize(
    "frame", [X, X.tolist(), pd.DataFrame(X), pl.DataFrame(X), pd.Series([1.0, 2.0])]
)
def test_no_labels(frame):
    assert labels_as_wavenumbers(frame) is None


def through_csv(frame):
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)))


def through_parquet(frame):
    file = io.BytesIO()
    pl.DataFrame(frame.rename(columns=str).to_dict("list")).write_parquet(file)
    file.seek(0)
    return pl.read_parquet(file)


POSITIONS = pd.DataFrame(np.zeros((1, 1000)))
SELECTIONS = {
    "all": POSITIONS,
    "end": POSITIONS.iloc[:, 5:],
    "beginning": POSITIONS.iloc[:, :5],
    "every second": POSITIONS.iloc[:, ::2],
    "reversed": POSITIONS.iloc[:, ::-1],
    "without one": POSITIONS.drop(columns=3),
    "without some": POSITIONS.drop(columns=[0, 17, 18, 400]),
    "without a block": POSITIONS.drop(columns=range(100, 300)),
    "every second, without one": POSITIONS.iloc[:, ::2].drop(columns=4),
    "in another order": POSITIONS.sample(frac=1, axis=1, random_state=0),
    "one": POSITIONS[[7]],
}


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("through", [lambda frame: frame, through_csv, through_parquet])
def test_positions_are_no_wavenumbers(selection, through):
    assert labels_as_wavenumbers(through(SELECTIONS[selection])) is None


@pytest.mark.parametrize("through", [through_csv, through_parquet])
@pytest.mark.parametrize("step", [1, -1])
def test_whole_numbers_are_an_axis(through, step):
    axis = np.arange(400, 1801)[::step]
    frame = pd.DataFrame(np.zeros((1, len(axis))), columns=axis)
    for some in (frame, frame.iloc[:, 5:], frame.drop(columns=407)):
        np.testing.assert_array_equal(
            labels_as_wavenumbers(through(some)), list(some.columns)
        )


@pytest.mark.parametrize("position", [0, 2, 3])
@pytest.mark.parametrize("stray", ["Unnamed: 0", "id", "401.0.1", None, "nan"])
def test_mixed_labels_name_the_others(position, stray):
    columns = ["400.0", "401.0", "402.0"]
    columns.insert(position, stray)
    frame = pd.DataFrame(np.zeros((1, 4)), columns=columns)
    with pytest.raises(ValueError, match="1 of 4 column labels.*not wavenumbers") as e:
        labels_as_wavenumbers(frame)
    assert repr(frame.columns[position]) in str(e.value)
    assert ("pandas renames" in str(e.value)) == (stray == "401.0.1")


def test_parameter_takes_precedence_over_missing_labels():
    np.testing.assert_array_equal(resolve_wavenumbers(X, [3, 2, 1], 3), [3, 2, 1])
    assert resolve_wavenumbers(X, None, 3) is None


def test_parameter_and_labels_disagree():
    frame = pd.DataFrame(X, columns=["400", "401", "402"])
    np.testing.assert_array_equal(
        resolve_wavenumbers(frame, [400, 401, 402], 3), [400, 401, 402]
    )
    with pytest.raises(ValueError, match="parameter says 407 and the label 402"):
        resolve_wavenumbers(frame, [400, 401, 407], 3)


def test_labels_out_of_order():
    frame = pd.DataFrame(X, columns=["400", "402", "401"])
    with pytest.raises(ValueError, match="column labels of X must be strictly"):
        resolve_wavenumbers(frame, None, 3)


def test_required_axis_says_how_to_give_one():
    with pytest.raises(
        ValueError, match=r"plain array.*Crop\(wavenumbers=.*set_output"
    ):
        require_wavenumbers(None, owner="Crop", purpose="to crop")


def test_same_axis():
    frame = pd.DataFrame(X, columns=[400.0, 401.0, 402.0])
    check_same_axis(frame, np.array([400.0, 401.0, 402.0]))
    check_same_axis(X, np.array([1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="400 to 402.*1 to 3"):
        check_same_axis(frame, np.array([1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="position 1 it is 401 here and 401.2 there"):
        check_same_axis(frame, np.array([400.0, 401.2, 401.9]))
    with pytest.raises(ValueError, match="one is the beginning of the other"):
        check_same_axis(frame, np.array([400.0, 401.0]))


@pytest.mark.parametrize("spacing", [1e-8, 0.01, 2.0, 1e4])
@pytest.mark.parametrize("direction", [1, -1])
def test_tolerance_follows_the_spacing(spacing, direction):
    """Files with few digits are the same axis; what can be told apart is another."""
    axis = direction * spacing * np.array([3.0, 4.0, 5.0, 7.0, 12.0])
    frame = pd.DataFrame(np.zeros((1, 5)), columns=axis)
    for off in (0.005, -0.005):
        check_same_axis(frame, axis + off * spacing)
        resolve_wavenumbers(frame, axis + off * spacing)
    for off in (0.02, -0.02, 1.0):
        other = axis.copy()
        other[2] += off * spacing / 1.5
        with pytest.raises(ValueError, match="position 2"):
            check_same_axis(frame, other)
        with pytest.raises(ValueError, match="position 2"):
            resolve_wavenumbers(frame, other)


def test_opposite_order_is_named():
    frame = pd.DataFrame(X, columns=[402.0, 401.0, 400.0])
    with pytest.raises(ValueError, match="opposite order"):
        check_same_axis(frame, np.array([400.0, 401.0, 402.0]))


RAMP = np.linspace(20, 45, 300) ** 2  # steps drift by a factor of two
NO_GAPS = {
    "even": np.arange(400.0, 1800.0),
    "drifting": RAMP,
    "drifting by three": 400 + 1400 * np.linspace(0.5, 1.5, 500) ** 2,
    "geometric": np.geomspace(100, 4000, 500),
    "jittered": np.arange(300.0) * 2 + np.sin(np.arange(300.0) * 7) * 0.9,
    "few points missing": np.delete(np.arange(400.0, 800.0), [100, 101, 102, 103, 200]),
    "two samplings": np.r_[400:500:0.1, 500:1000:2.0],
    "at random": np.sort(np.random.default_rng(0).uniform(200, 2000, 100)),
    "two points": np.array([400.0, 1800.0]),
    "one point": np.array([400.0]),
}


@pytest.mark.parametrize("name", NO_GAPS)
@pytest.mark.parametrize("direction", [1, -1])
def test_no_gaps(name, direction):
    axis = NO_GAPS[name][::direction]
    assert len(find_gaps(axis)) == 0
    assert measured_parts(axis) == [slice(0, len(axis))]


@pytest.mark.parametrize("name", ["even", "drifting", "jittered", "two samplings"])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("places", [[100], [30, 200], [50, 53], [0], [1, 297]])
def test_gaps(name, direction, places):
    axis = NO_GAPS[name][:300].copy()
    for place in places:
        axis[place + 1 :] += 30 * np.diff(axis).max(initial=0, where=np.diff(axis) < 9)
    found = find_gaps(axis[::direction])
    expected = places if direction == 1 else [298 - place for place in places[::-1]]
    assert found.tolist() == expected
    parts = measured_parts(axis)
    assert len(parts) == len(places) + 1
    np.testing.assert_array_equal(np.concatenate([axis[p] for p in parts]), axis)
    assert "there is a gap between" in describe_unevenness(axis)


@pytest.mark.parametrize(("step", "places"), [(10.0, []), (10.5, [150])])
def test_ten_steps_are_no_gap_yet(step, places):
    """Ten of those beside it, which are longer than the others."""
    steps = np.repeat([0.5, 1.0], [100, 90])
    steps[150] = step
    axis = np.append(400.0, 400.0 + steps.cumsum())
    assert find_gaps(axis).tolist() == places


def test_fractions_count_nothing():
    assert are_positions(np.arange(10.0, 13.0))
    assert not are_positions(np.arange(10.5, 13.5))


def test_evenness():
    assert is_even(NO_GAPS["even"])
    assert is_even([400.0])
    assert is_even([400.0, 403.0]) and not is_even([400.0, 401.0, 403.0])
    assert describe_unevenness(NO_GAPS["even"]) == ""
    assert not is_even(RAMP)
    assert "varies from" in describe_unevenness(RAMP)


def test_labels_read_back_exactly(rng):
    axis = np.sort(rng.uniform(100, 4000, 50))
    np.testing.assert_array_equal([float(s) for s in format_wavenumbers(axis)], axis)


def test_the_step_that_turns_is_named():
    with pytest.raises(ValueError, match="904 is followed by 600 .position 2"):
        check_wavenumbers([880, 892, 904, 600, 612])


@pytest.mark.parametrize(
    ("unit", "headings"),
    [
        ("cm-1", "1/cm|cm^-1|cm**-1|cm^{-1}|$cm⁻¹$|Raman shift|Wave number|Wellenzahl"),
        ("cm-1", "Raman shift 785 nm|Raman shift (cm-1), laser in nm|Wavelength shift"),
        ("nm", "nm|Wavelength (nm)|wave_length|Wellenlänge|nanometre"),
        (
            "nm",
            "Raman wavelength (nm)|raman_wavelength|Wavelength shift (nm)",
        ),
        ("THz", "Raman shift (THz)"),
        ("GHz", "Raman shift (GHz)"),
        ("1/m", "Wavenumber (1/m)|Wellenzahl (m^-1)|m-1"),
        ("1/mm", "Wavenumber (1/mm)|mm⁻¹"),
        ("eV", "eV|electron volt|Photon energy|energy"),
        ("meV", "E (meV)|Raman shift (meV)"),
        (None, "y|x|time|counts|nmol|pulse energy|level|redshift"),
    ],
)
def test_units_of_headings(unit, headings):
    """Files and cubes state the axis in the same words."""
    assert {unit_of_heading(heading) for heading in headings.split("|")} == {unit}
