"""What both samplers promise: kinds of spectra, units, labels, threads, errors."""

import os
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier

from sklearn_raman.neural_network import GAPCNNClassifier
from sklearn_raman.over_sampling import WGANGP, SpectrumBootstrap, synthesis_report
from tests.over_sampling._spectra import simulate

BOOTSTRAP = SpectrumBootstrap(random_state=0)
NETWORK = WGANGP(max_iter=3, n_critic=1, validation_fraction=None, random_state=0)
MEMORY = 2**63  # bytes
if hasattr(os, "sysconf"):
    MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
both = pytest.mark.parametrize("sampler", [BOOTSTRAP, NETWORK], ids=type)


@pytest.fixture(scope="module")
def spectra():
    return simulate((30, 8))


@pytest.fixture(scope="module")
def fitted(spectra):
    return {s: clone(s).fit(*spectra) for s in (BOOTSTRAP, NETWORK)}


@both
def test_real_spectra_come_first_and_unchanged(sampler, spectra):
    X, y = spectra
    X_new, y_new = clone(sampler).fit_resample(X, y)
    np.testing.assert_array_equal(X_new[: len(X)], X)
    np.testing.assert_array_equal(y_new[: len(X)], y)
    assert np.bincount(y_new).tolist() == [30, 30]
    again = clone(sampler).fit_resample(X, y)[0]
    np.testing.assert_array_equal(again, X_new)


@both
def test_sample(sampler, spectra, fitted):
    known = fitted[sampler]
    drawn = known.sample(4, label=1, random_state=5)
    assert drawn.shape == (4, 200) and drawn.dtype == np.float64
    np.testing.assert_array_equal(drawn, known.sample(4, 1, random_state=5))
    copy = pickle.loads(pickle.dumps(known))
    np.testing.assert_array_equal(drawn, copy.sample(4, 1, 5))
    assert known.sample(0, 0).shape == (0, 200)
    for label in ([0, 1], [0], np.array(0.5), "0", None, np.nan, 7, True):
        with pytest.raises(ValueError, match=r"is none of the classes \[0, 1\]"):
            known.sample(1, label)
    with pytest.raises(ValueError, match="n_samples asks for 10+ new.*memory"):
        known.sample(10**17, 1)
    for bad in (-1, 2.0, True, "3", None, np.nan):
        with pytest.raises(ValueError, match="n_samples.*Got"):
            known.sample(bad, 0)
    with pytest.raises(ValueError, match="random_state"):
        known.sample(1, 0, random_state="seed")
    with pytest.raises(NotFittedError):
        clone(sampler).sample(1, label=0)


@pytest.mark.usefixtures("few_trees")
def test_better_than_smote_where_it_claims():
    """Noise of the right size, and spectra that are not near copies: 50 per class."""
    X, y = simulate((100, 100), n_points=300, seed=1)
    train = np.r_[0:50, 100:150]
    held_out = np.setdiff1d(np.arange(200), train)
    wanted = {0: 100, 1: 100}
    found = {}
    for sampler in (
        SMOTE(sampling_strategy=wanted, random_state=0),
        clone(BOOTSTRAP).set_params(sampling_strategy=wanted),
    ):
        new, labels = sampler.fit_resample(X[train], y[train])
        found[type(sampler).__name__] = synthesis_report(
            X[train],
            X[held_out],
            new[100:],
            y_train=y[train],
            y_test=y[held_out],
            y_synthetic=labels[100:],
            n_draws=1,
            random_state=0,
        ).to_frame(metrics="all")["value"]
    ours, smote = found["SpectrumBootstrap"], found["SMOTE"]
    assert 0.9 < ours["noise_ratio"] < 1.1
    assert smote["noise_ratio"] < 0.9
    assert 0.85 < ours["nn_distance_ratio"] < 1.25
    assert smote["nn_distance_ratio"] < 0.6
    assert ours["recall"] >= smote["recall"]


@pytest.mark.filterwarnings("ignore:.*a single spectrum each:UserWarning")
@both
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_tiny_classes(sampler, n):
    X, y = simulate((30, n))
    new = clone(sampler).fit_resample(X, y)[0][len(X) :]
    assert np.isfinite(new).all()
    assert len(np.unique(new, axis=0)) == 30 - n
    spread = np.ptp(X)
    assert new.min() > X.min() - spread and new.max() < X.max() + spread


@both
@pytest.mark.parametrize("n_points", [1, 2, 7, 17, 1001, 3000])
def test_any_number_of_points(sampler, n_points):
    X, y = simulate((12, 5), n_points=max(n_points, 10))
    found = clone(sampler).fit_resample(X[:, :n_points], y)[0]
    assert found.shape == (24, n_points) and np.isfinite(found).all()


@both
@pytest.mark.parametrize(("factor", "offset"), [(1e-12, 0), (1e9, 0), (1, 1e9)])
def test_units_do_not_matter(sampler, spectra, factor, offset):
    X, y = spectra
    plain = clone(sampler).fit_resample(X, y)[0][len(X) :]
    scaled = clone(sampler).fit_resample(factor * X + offset, y)[0][len(X) :]
    tolerance = 1e-3 * np.ptp(plain)
    np.testing.assert_allclose((scaled - offset) / factor, plain, atol=tolerance)


@both
@pytest.mark.parametrize("exponent", [-900, 900])
def test_squares_that_overflow_do_not_matter(sampler, spectra, exponent):
    """A power of two changes no digit, so the results are those of ordinary spectra."""
    X, y = spectra
    plain = clone(sampler).fit_resample(X, y)[0]
    scaled = clone(sampler).fit_resample(np.ldexp(X, exponent), y)[0]
    np.testing.assert_array_equal(scaled, np.ldexp(plain, exponent))


@both
def test_constant_column_stays(sampler, spectra):
    X, y = spectra
    X = X.copy()
    X[:, 10:20] = 7.0
    new = clone(sampler)
    assert (new.fit_resample(X, y)[0][:, 10:20] == 7.0).all()
    assert (new.sample(3, 1, 0)[:, 10:20] == 7.0).all()


@both
def test_spectra_without_variation(sampler, spectra):
    X, y = spectra
    repeated = X[:2].repeat((30, 8), axis=0)
    rounded = repeated * (1 + 2e-16 * np.arange(38)[:, None] % 3)
    for same in (np.ones_like(X), repeated, rounded):
        with pytest.raises(ValueError, match="no class has two spectra that do"):
            clone(sampler).fit_resample(same, y)
    alone = clone(sampler).set_params(sampling_strategy={0: 2})
    with pytest.raises(ValueError, match="no class has two spectra that do"):
        alone.fit_resample(X[[0, 35]], y[[0, 35]])


@both
def test_types_of_numbers(sampler, spectra):
    """Counts become floats, and float32 stays."""
    X, y = spectra
    counts = X.round().astype(int)
    for given in (counts, pd.DataFrame(counts)):
        new = np.asarray(clone(sampler).fit_resample(given, y)[0])[len(X) :]
        assert (new != np.round(new)).mean() > 0.99
    found = clone(sampler).fit_resample(X.astype(np.float32), y)[0]
    assert found.dtype == np.float32


def test_spectra_too_large_for_their_precision_are_an_error(spectra):
    X, y = spectra
    bright = (X / X.max() * np.finfo(np.float32).max).astype(np.float32)
    many = clone(BOOTSTRAP).set_params(sampling_strategy={0: 3000, 1: 3000})
    with pytest.raises(ValueError, match="too large for float32"):
        many.fit_resample(bright, y)


@both
def test_frames_give_frames(sampler, spectra):
    X, y = spectra
    columns = [f"{400 + 2 * i}.0" for i in range(X.shape[1])]
    labels = np.array(["calcite", "dolomite"])[y]
    plain = clone(sampler).fit_resample(X, labels)[0]
    frame, series = pd.DataFrame(X, columns=columns), pd.Series(labels, name="mineral")
    new, named = clone(sampler).fit_resample(frame, series)
    assert list(new.columns) == columns and named.name == "mineral"
    np.testing.assert_array_equal(new, plain)
    frame, series = pl.DataFrame(X, schema=columns), pl.Series("mineral", labels)
    new, named = clone(sampler).fit_resample(frame, series)
    assert isinstance(new, pl.DataFrame) and isinstance(named, pl.Series)
    assert new.columns == columns and named.name == "mineral"
    np.testing.assert_array_equal(new.to_numpy(), plain)


@pytest.mark.parametrize("kind", ["category", "int64", "UInt16", "Float32"])
def test_synthetic_values_are_those_of_no_column_type(kind, spectra):
    """None is missing because it is no category, or rounded to a whole number."""
    frame = pd.DataFrame(np.round(100 + 10 * spectra[0]), dtype=kind)
    found, _ = clone(BOOTSTRAP).fit_resample(frame, spectra[1])
    expected, _ = clone(BOOTSTRAP).fit_resample(frame.astype(float), spectra[1])
    np.testing.assert_allclose(np.asarray(found, dtype=float), expected, rtol=1e-6)


@both
def test_pairs_give_pairs(sampler, spectra):
    X, y = spectra
    axis = 400 + 2.0 * np.arange(200)
    plain = clone(sampler).fit_resample(X, y)[0]
    pairs, labels = clone(sampler).fit_resample([(axis, row) for row in X], y)
    np.testing.assert_array_equal([row for _, row in pairs], plain)
    assert all((own == axis).all() for own, _ in pairs) and len(labels) == 60
    other = [(axis, row) for row in X]
    other[3] = (axis[:150], X[3, :150])
    message = "spectrum 0 has 200 points from 400 to 798.*spectrum 3 has 150 points"
    with pytest.raises(ValueError, match=message):
        clone(sampler).fit_resample(other, y)


@both
@pytest.mark.parametrize("label_type", [float, str, "positions", "words"])
def test_labels_of_columns_stay(sampler, spectra, label_type):
    X, y = spectra
    columns = {
        float: pd.Index(400 + 2.0 * np.arange(200)),
        str: pd.Index([f"{400 + 2 * i}.0" for i in range(200)]),
        "positions": pd.RangeIndex(300, 500),
        "words": pd.Index([f"v{i}" for i in range(200)]),
    }[label_type]
    frame = pd.DataFrame(X, columns=columns, index=np.arange(38)[::-1])
    series = pd.Series(y, index=frame.index)
    new, labels = clone(sampler).fit_resample(frame, series)
    pd.testing.assert_index_equal(new.columns, columns, exact=True)
    assert new.index.equals(labels.index)
    np.testing.assert_array_equal(new.iloc[:38], X)


@both
def test_labels_that_are_no_axis_are_refused(sampler, spectra):
    X, y = spectra
    columns = 400 + 2.0 * np.arange(200)
    columns[7] = columns[6]
    with pytest.raises(ValueError, match="position 6"):
        clone(sampler).fit_resample(pd.DataFrame(X, columns=columns), y)


@both
@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix])
def test_sparse_stays(sampler, spectra, kind):
    new = clone(sampler).fit_resample(kind(spectra[0]), spectra[1])[0]
    plain = clone(sampler).fit_resample(*spectra)[0]
    assert isinstance(new, kind)
    np.testing.assert_array_equal(new.toarray(), plain)


@both
def test_class_of_one_is_named(sampler, spectra):
    """What varies in its spectra is not its own; bands are not borrowed."""
    X, y = spectra
    labels = np.array(["calcite", "quartz"])[y]
    few = np.r_[0:30, 30:31]
    source = "never bands" if sampler is BOOTSTRAP else "noise alone"
    message = rf"\['quartz'\].*single spectrum.*{source}"
    known = clone(sampler)
    with pytest.warns(UserWarning, match=message):
        known.fit_resample(X[few], labels[few])
    with pytest.warns(UserWarning, match=message):
        known.sample(2, "quartz")
    same = np.concatenate([X[:30], X[[30]].repeat(4, axis=0)])  # as good as one
    with pytest.warns(UserWarning, match=message):
        clone(sampler).fit_resample(same, labels[:34])


@both
def test_no_warning_where_nothing_is_borrowed_in_full(sampler, spectra):
    X, y = spectra
    few, alone = np.r_[0:30, 30:32], np.r_[0:20, 30:31]
    known = clone(sampler)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        known.fit_resample(X[few], y[few])
        known.sample(2, 1)
        known.set_params(sampling_strategy={0: 25}).fit_resample(X[alone], y[alone])
        known.sample(2, 0)


@both
@pytest.mark.parametrize("method", ["fit", "fit_resample"])
def test_failed_refit_changes_nothing(sampler, spectra, method):
    X, y = spectra
    known = clone(sampler)
    known.fit_resample(pd.DataFrame(X, columns=[f"v{i}" for i in range(200)]), y)
    before, drawn = vars(known).copy(), known.sample(3, 1, random_state=0)
    other, labels = X[:, :50], np.array(["a", "b"])[y]
    for bad, message in (
        ((np.ones_like(other), labels), "no class has two spectra that do"),
        ((other, np.zeros(38)), "more than 1 class"),
        ((np.full_like(other, np.nan), labels), "NaN"),
    ):
        with pytest.raises(ValueError, match=message):
            getattr(known, method)(*bad)
        assert vars(known).keys() == before.keys()
        assert all(vars(known)[name] is value for name, value in before.items())
    np.testing.assert_array_equal(known.sample(3, 1, random_state=0), drawn)
    with pytest.raises(TypeError, match="groups"):
        getattr(known, method)(X, y, groups=y)


@both
def test_fit_learns_what_fit_resample_learns(sampler, spectra, fitted):
    other = clone(sampler)
    other.fit_resample(*spectra)
    found = [s.sample(3, 1, random_state=0) for s in (fitted[sampler], other)]
    np.testing.assert_array_equal(*found)


@both
def test_threads_draw_the_bits_of_one(sampler, fitted):
    def draw(seed):
        return fitted[sampler].sample(20, seed % 2, random_state=seed)

    expected = [draw(seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(draw, list(range(8)) * 3))
    for drawn, wanted in zip(found, expected * 3, strict=True):
        np.testing.assert_array_equal(drawn, wanted)


def test_search_chooses_among_samplers_by_group_with_the_axis_kept(spectra):
    """As the guide does: the step is swapped, the labels of the columns stay."""
    X, y = spectra
    seen = []

    class Nearest(KNeighborsClassifier):
        def fit(self, X, y):
            seen.append((len(X), list(X.columns)))
            return super().fit(X, y)

    columns = [f"{400 + 2 * i}.0" for i in range(200)]
    frame, groups = pd.DataFrame(X, columns=columns), np.arange(38) // 2
    choices = ["passthrough", SMOTE(k_neighbors=2), BOOTSTRAP, NETWORK]
    search = GridSearchCV(
        Pipeline([("sampler", None), ("model", Nearest(3))]),
        {"sampler": choices},
        cv=StratifiedGroupKFold(2),
        error_score="raise",
    ).fit(frame, y, groups=groups)
    assert search.predict(frame).shape == y.shape
    assert all(names == columns for _, names in seen)
    assert len({n for n, _ in seen[:2]}) <= 2 and seen[2][0] > seen[0][0]


def test_as_sampler_of_a_network(spectra):
    net = GAPCNNClassifier(sampler=BOOTSTRAP, max_epochs=1, random_state=0)
    assert net.fit(*spectra).sampler_.sampling_strategy_ == {1: 22}


@both
@pytest.mark.parametrize("count", [40.5, 40.0, np.nan, 10**17, MEMORY // 1600 + 100])
def test_counts_that_nothing_can_draw(sampler, count, spectra):
    sampler = clone(sampler).set_params(sampling_strategy={1: count})
    with pytest.raises((TypeError, ValueError), match="sampling_strategy={1: .*asks? "):
        sampler.fit_resample(*spectra)
