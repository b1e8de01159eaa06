"""Copies and mixtures of training spectra among the test spectra."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.over_sampling import ADASYN, SMOTE, RandomOverSampler
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import KFold, StratifiedKFold

from sklearn_raman.model_selection import compare
from sklearn_raman.model_selection._leakage import find_relatives

N_POINTS = 120
AXIS = np.linspace(400, 1600, N_POINTS)


def measure(rng, n_spectra, noise=0.002):
    """Replicates: one spectrum, measured with independent noise and background."""
    bands = sum(h / (1 + ((AXIS - c) / 12) ** 2) for c, h in [(600, 1), (1100, 0.4)])
    slope = rng.uniform(0, 0.05, (n_spectra, 1)) * (AXIS - 400) / 1200
    return bands + slope + rng.normal(0, noise, (n_spectra, N_POINTS))


@pytest.fixture
def replicates(rng):
    return measure(rng, 40), np.repeat(["a", "b"], 20)


def compared(X, y, cv=4, **settings):
    """A comparison that is about the spectra only."""
    guess = {"guess": DummyClassifier()}
    return compare(guess, X, y, cv=cv, progress=False, random_state=0, **settings)


def test_replicates_with_noise_of_their_own_are_not_counted(replicates):
    """Also where the noise is two thousandths of the highest band."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = compared(*replicates)
    assert result.protocol["n_copies"] == [0] * 4
    assert result.protocol["n_mixtures"] == [0] * 4
    assert result.protocol["n_conflicts"] == 0


def test_copies_are_counted_fold_by_fold(replicates, tmp_path):
    """By hand: rows 30 to 39 are copies of rows 0 to 9."""
    X, y = replicates[0], np.tile(["a", "b"], 20)
    X[30:] = X[:10] * 3 + 100
    rows = np.arange(40)
    with pytest.warns(UserWarning, match="copies of training spectra") as caught:
        result = compared(X, y, [(rows[10:], rows[:10]), (rows[:30], rows[36:])])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert result.protocol["n_copies"] == [10, 4]
    sentence = "14 of 14 test spectra are copies of training spectra"
    assert sentence in str(caught[0].message)
    assert "fold 0: 10, fold 1: 4" in str(caught[0].message)
    page = result.save_html(tmp_path / "page.html").read_text("utf-8")
    for text in (str(result), page, result._repr_html_()):
        assert sentence in text
    # Copies on one side are nobody's leak, and a group keeps them there.
    assert compared(X, y, [(rows[:20], rows[20:30])]).protocol["n_copies"] == [0]
    groups = np.append(rows[:30], rows[:10])
    assert compared(X, y, groups=groups).protocol["n_copies"] == [0] * 4


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x,
        lambda x: 1e6 * x,
        lambda x: x - 50,
        lambda x: x.astype(np.float32),
        lambda x: np.round(x / x.max(), 4),
        lambda x: np.round(65535 * x / x.max()),
        lambda x: (x - x.mean()) / x.std(),
    ],
    ids=["as is", "scaled", "shifted", "float32", "four digits", "counts", "SNV"],
)
def test_a_copy_is_known_whatever_became_of_its_scale(replicates, change):
    X, y = replicates
    X[33] = change(X[4])
    originals = find_relatives(X, y)[0]
    assert originals[33] == originals[4] == 4
    assert len(set(originals)) == 39


@pytest.mark.parametrize("kind", ["pandas", "polars", "float32", "integers", "NaN"])
def test_copies_are_found_in_every_kind_of_matrix(replicates, kind):
    X, y = replicates
    X[33] = X[4]
    kinds = {
        "pandas": lambda: pd.DataFrame(X, columns=AXIS.astype(str)),
        "polars": lambda: pl.DataFrame(X, schema=list(AXIS.astype(str))),
        "float32": lambda: X.astype(np.float32),
        "integers": lambda: np.round(X * 1e6).astype(int),
        "NaN": lambda: np.where(AXIS < 450, np.nan, X),
    }
    originals = find_relatives(kinds[kind](), y)[0]
    assert np.flatnonzero(originals != np.arange(40)).tolist() == [33]


def test_pairs_are_copies_on_the_same_axis_only(replicates):
    X, y = replicates
    pairs = [(AXIS + 0.1 * row, spectrum) for row, spectrum in enumerate(X)]
    pairs[33] = pairs[4]
    pairs[34] = (pairs[5][0][::-1], 2 * pairs[5][1][::-1])  # stored the other way round
    pairs[35] = (pairs[35][0], pairs[6][1])  # another axis: another spectrum
    originals = find_relatives(pairs, y)[0]
    assert np.flatnonzero(originals != np.arange(40)).tolist() == [33, 34]


def test_constant_spectra_are_nobodys_copy(replicates):
    X, y = replicates
    X[3], X[20], X[33], X[34] = 0, 0, 7, 0.1
    originals, mixtures = find_relatives(X, y)
    np.testing.assert_array_equal(originals, np.arange(40))
    assert len(mixtures) == 0


@pytest.mark.parametrize("X", [np.zeros((40, 3)), [["a"]] * 40, [[1, 2]] * 40])
def test_what_is_no_spectrum_is_left_alone(X):
    originals, mixtures = find_relatives(X, np.repeat([0, 1], 20))
    assert len(set(originals)) == 40 and len(mixtures) == 0


def test_copies_of_another_class_are_counted(replicates):
    X, y = replicates
    X[[5, 33]] = X[4]  # rows 4 and 5 are of one class, row 33 of the other
    with pytest.warns(UserWarning, match="3 spectra have a copy of another class"):
        result = compared(X, y)
    assert result.protocol["n_conflicts"] == 3


def test_random_over_sampling_is_recognized(replicates):
    X, y = replicates
    sampler = RandomOverSampler(sampling_strategy={"a": 60}, random_state=0)
    X, y = sampler.fit_resample(X, y)
    cv = StratifiedKFold(4, shuffle=True, random_state=0)
    with pytest.warns(UserWarning, match="copies of training spectra"):
        result = compared(X, y, cv)
    for found, (train, test) in zip(
        result.protocol["n_copies"], cv.split(X, y), strict=True
    ):
        seen = {row.tobytes() for row in X[train]}
        assert found == sum(row.tobytes() in seen for row in X[test]) > 0


@pytest.mark.parametrize("after", ["as is", "float32", "SNV"])
@pytest.mark.parametrize("sampler", [SMOTE, ADASYN])
def test_interpolated_spectra_are_recognized(replicates, sampler, after):
    X, y = replicates
    sampler = sampler(sampling_strategy={"a": 60}, random_state=0)
    X, y = sampler.fit_resample(X, y)
    if after == "float32":
        X = X.astype(np.float32)
    if after == "SNV":
        X = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    originals, mixtures = find_relatives(X, y)
    # ADASYN also "interpolates" between a spectrum and itself.
    synthetic = np.flatnonzero((np.arange(len(y)) >= 40) & (originals >= 40))
    assert np.isin(synthetic, mixtures[:, 0]).mean() > 0.95
    assert np.isin(mixtures[:, 0], synthetic).mean() > 0.95
    for row, *parents in mixtures[::10]:
        between = [X[p] - X[p].mean() for p in parents]
        own = X[row] - X[row].mean()
        rest = (
            own - np.linalg.lstsq(np.transpose(between), own, rcond=None)[0] @ between
        )
        assert np.linalg.norm(rest) < 1e-3 * np.linalg.norm(own)
    with pytest.warns(
        UserWarning, match=r"over-sampled \(SMOTE\).*inside the Pipeline"
    ):
        result = compared(X, y, KFold(4, shuffle=True, random_state=0))
    assert sum(result.protocol["n_mixtures"]) > 40


def test_an_inverted_spectrum_makes_no_mixtures(replicates):
    """Every spectrum lies between another one and its negative."""
    X, y = replicates
    X[1] = -X[0]
    assert len(find_relatives(X, y)[1]) == 0


def test_a_mixture_counts_only_across_a_split(replicates):
    X, y = replicates
    X[10] = 0.3 * X[11] + 0.7 * X[12]
    rows = np.arange(40)
    inside = np.isin(rows, [10, 11, 12, 30])
    across = np.isin(rows, [11, 30])
    with pytest.warns(UserWarning, match="1 of 6 test spectra are exact mixtures"):
        cv = [(rows[~part], rows[part]) for part in (inside, across)]
        assert compared(X, y, cv).protocol["n_mixtures"] == [0, 1]


@pytest.mark.parametrize("kind", ["spectra", "copies", "all alike"])
def test_thousands_of_spectra_are_no_burden(rng, kind):
    """No table has the square of their number."""
    X = rng.standard_normal((3000, 60), dtype=np.float32)
    expected = 3000
    if kind == "copies":
        X, expected = X[rng.integers(0, 20, 3000)], 20
    if kind == "all alike":
        X, expected = X[:1] + 1e-6 * X, 1
    originals = find_relatives(X, np.zeros(3000))[0]
    assert len(set(originals)) == expected
