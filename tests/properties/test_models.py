"""Laws of classifiers, samplers, maps, splitters, sets, loaders and units."""

import pickle
from functools import cache

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from sklearn_raman.datasets import (
    load_spectra,
    make_mixtures,
    make_raman_spectra,
    nm_to_wavenumber,
    read_spectra_table,
    wavenumber_to_nm,
)
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import OneGroupPerClassSplit
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
)
from sklearn_raman.over_sampling import WGANGP, SpectrumBootstrap
from sklearn_raman.uncertainty import ConformalClassifier
from tests.properties._spectra import assert_close

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

_TINY = {"max_epochs": 1, "random_state": 0, "n_filters": 2}
MODELS = [
    PLSLDA(),
    CNNClassifier(n_hidden=4, **_TINY),
    FMCNNClassifier(n_hidden=4, n_squeeze=2, n_expand=2, **_TINY),
    GAPCNNClassifier(**_TINY | {"n_filters": (2, 3, 4)}),
]
each = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
seeds = st.integers(0, 2**31 - 1)


@cache
def spectra(seed, n_samples=12, n_classes=2, step=8.0):
    return make_raman_spectra(
        n_samples,
        n_classes=n_classes,
        wavenumbers=(400.0, 720.0, step),
        spike_rate=0,
        random_state=seed,
    )


@cache
def fitted(model):
    return clone(model).fit(*spectra(0))


@each
@given(seed=seeds, method=st.sampled_from(["predict_proba", "explain_", "embed_"]))
def test_predictions_and_maps_are_of_one_spectrum(model, seed, method):
    """In any order, in parts and beside others."""
    X, _ = spectra(seed % 50 + 1)
    ask = getattr(fitted(model), method)
    whole = ask(X)
    order = np.random.default_rng(seed).permutation(len(X))
    tolerance = 1e-9 if isinstance(model, PLSLDA) else 1e-4
    assert_close(ask(X[order]), whole[order], tolerance)
    assert_close(np.concatenate([ask(X[:5]), ask(X[5:])]), whole, tolerance)
    assert_close(ask(X[3:4]), whole[3:4], tolerance)


@each
@given(seed=seeds)
def test_maps_of_all_classes_hold_that_of_each(model, seed):
    X, y = spectra(seed % 50 + 1)
    explained = fitted(model)
    every = explained.explain_(X, "all")
    for place, label in enumerate(explained.classes_):
        assert_close(explained.explain_(X, label), every[:, place], 1e-5)
    predicted = explained.predict(X)
    assert_close(explained.explain_(X), explained.explain_(X, predicted), 1e-5)


@each
@given(seed=st.integers(0, 9))
def test_a_model_is_what_it_was_fitted_on(model, seed):
    """Fitted twice, after a failure, copied, stored; with other names for classes."""
    X, y = spectra(seed)
    wanted = clone(model).fit(X, y).predict_proba(X)
    again = clone(model).fit(*spectra(seed + 1))
    with pytest.raises(ValueError, match="one class"):
        again.fit(X, np.zeros(len(y)))
    again.fit(X, y)
    known = skops.io.dumps(again)
    copies = [
        again,
        pickle.loads(pickle.dumps(again)),
        skops.io.loads(known, trusted=skops.io.get_untrusted_types(data=known)),
        clone(model).fit(X, np.array(["a", "b"])[y]),
        clone(model).fit(X.tolist(), y.tolist()),
    ]
    for copied in copies:
        np.testing.assert_array_equal(copied.predict_proba(X), wanted)


@given(
    seed=seeds, power=st.integers(-60, 60), shrinkage=st.sampled_from([0.0, 0.1, 1.0])
)
def test_plslda_has_no_unit_and_no_order(seed, power, shrinkage):
    X, y = spectra(seed % 50)
    model = PLSLDA(shrinkage=shrinkage, calibration=None)
    wanted = clone(model).fit(X, y).predict_proba(X)
    unit = 2.0**power
    assert_close(clone(model).fit(X * unit, y).predict_proba(X * unit), wanted, 1e-7)
    order = np.random.default_rng(seed).permutation(len(X))
    found = clone(model).fit(X[order], y[order]).predict_proba(X)
    assert_close(found, wanted, 1e-6)
    turned = clone(model).fit(X[:, ::-1], y).predict_proba(X[:, ::-1])
    assert_close(turned, wanted, 1e-6)


SAMPLERS = [
    SpectrumBootstrap(random_state=0),
    WGANGP(max_iter=1, n_critic=1, validation_fraction=None, random_state=0),
]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: type(s).__name__)
@given(seed=seeds, n_small=st.integers(2, 5), power=st.integers(-40, 40))
def test_samplers(sampler, seed, n_small, power):
    """Real spectra first, as they are; as many as asked for; in any unit."""
    X, y = spectra(seed % 50)
    X, y = X[: 6 + n_small], y[: 6 + n_small]
    X_new, y_new = clone(sampler).fit_resample(X, y)
    np.testing.assert_array_equal(X_new[: len(X)], X)
    np.testing.assert_array_equal(y_new[: len(y)], y)
    assert np.bincount(y_new).tolist() == [6, 6] and np.isfinite(X_new).all()
    again, _ = clone(sampler).fit_resample(X * 2.0**power, y)
    np.testing.assert_array_equal(again, X_new * 2.0**power)


@given(
    seed=seeds, n_splits=st.integers(1, 4), single=st.sampled_from(["train", "drop"])
)
def test_one_group_per_class_split(seed, n_splits, single):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 24)
    groups = 10 * y + rng.integers(0, 3, 24)
    y, groups = np.append(y, [0, 0, 5]), np.append(groups, [7, 8, 50])
    splitter = OneGroupPerClassSplit(n_splits, random_state=seed, single_group=single)
    splits = list(splitter.split(np.zeros((27, 1)), y, groups))
    order = rng.permutation(27)
    others = list(splitter.split(np.zeros((27, 1)), y[order], groups[order]))
    assert len(splits) == n_splits == splitter.get_n_splits()
    for (train, test), (other_train, other_test) in zip(splits, others, strict=True):
        assert not set(groups[train]) & set(groups[test])
        for label in np.unique(y[test]):
            held = np.unique(groups[test][y[test] == label])
            assert len(held) == 1
            assert set(test) >= set(np.flatnonzero(groups == held[0]))
            assert label in y[train]
        assert 5 not in y[test] and (5 in y[train]) == (single == "train")
        assert sorted(order[other_train]) == train.tolist()
        assert sorted(order[other_test]) == test.tolist()


@cache
def sets(unit, score):
    X, y = spectra(0, 24)
    groups = np.arange(24) // 2
    model = ConformalClassifier(
        cv=3, coverage=0.8, unit=unit, conformity_score=score, random_state=0
    )
    return model.fit(X, y, groups=groups)


@given(
    seed=seeds,
    unit=st.sampled_from(["spectrum", "group", "whole_group"]),
    score=st.sampled_from(["lac", "aps"]),
    coverages=st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)),
)
def test_conformal_sets(seed, unit, score, coverages):
    """p-values are shares, sets grow with the coverage and hold what has a large p."""
    model, (X, _) = sets(unit, score), spectra(seed % 50, 6)
    p = model.predict_p(X)
    assert (p > 0).all() and (p <= 1).all()
    low, high = sorted(coverages)
    small = clone(model).set_params(coverage=low)
    large = clone(model).set_params(coverage=high)
    for twin in (small, large):
        vars(twin).update({k: v for k, v in vars(model).items() if k != "coverage"})
    small, large = small.predict_set(X), large.predict_set(X)
    assert (large | ~small).all()
    order = model.predict_proba(X)
    assert_close(np.sort(p, axis=1)[:, -1], p[np.arange(len(p)), order.argmax(axis=1)])


@given(seed=seeds, n_per_pair=st.integers(1, 3), normalize=st.booleans())
def test_mixtures_are_what_they_are_said_to_be(seed, n_per_pair, normalize):
    X, y = spectra(seed % 50, 9, 3)
    mixed, labels, truth = make_mixtures(
        X,
        y,
        n_per_pair=n_per_pair,
        normalize=normalize,
        return_truth=True,
        random_state=seed,
    )
    major, minor = truth.rows.T
    parts = X[major] + truth.ratio[:, None] * X[minor]
    np.testing.assert_allclose(mixed * truth.scale, parts)
    assert (y[major] == labels).all() and (y[minor] == truth.minor).all()
    assert (labels != truth.minor).all() and len(mixed) == 6 * n_per_pair


@given(
    shifts=st.lists(st.floats(-3000, 6000), min_size=1, max_size=9),
    laser=st.floats(200, 1100),
)
def test_units_and_back(shifts, laser):
    back = nm_to_wavenumber(wavenumber_to_nm(shifts, laser), laser)
    np.testing.assert_allclose(back, shifts, rtol=0, atol=1e-6)


@given(
    seed=seeds,
    mark=st.sampled_from(
        [("\t", "."), (";", "."), (";", ","), (",", "."), ("\t", ",")]
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    orientation=st.sampled_from(["rows", "columns", "files"]),
    falling=st.booleans(),
)
def test_what_is_written_is_read(
    tmp_path_factory, seed, mark, encoding, orientation, falling
):
    """Any delimiter, decimal mark, encoding and orientation, none of them given."""
    delimiter, decimal = mark
    rng = np.random.default_rng(seed)
    axis = np.round(400.5 + np.cumsum(rng.uniform(0.6, 1.4, 20)), 3)
    axis = axis[::-1] if falling else axis
    X = np.round(rng.normal(300, 200, (3, 20)), 2)
    folder = tmp_path_factory.mktemp("written")

    def text(value):
        return f"{value:.3f}".replace(".", decimal)

    columns = [[text(v) for v in row] for row in np.vstack([axis, X])]
    if orientation == "files":
        for number, row in enumerate(columns[1:]):
            lines = map(delimiter.join, zip(columns[0], row, strict=True))
            (folder / f"{number}.txt").write_text("\n".join(lines), encoding=encoding)
        found = load_spectra(folder)
    else:
        heads = ["Probe", "größte", "kleinste", "3"]
        rows = [[head, *row] for head, row in zip(heads, columns, strict=True)]
        if orientation == "columns":
            rows[0][0] = "Raman shift (cm-1)"
            rows = list(zip(*rows, strict=True))
        path = folder / "table.csv"
        path.write_text("\n".join(map(delimiter.join, rows)), encoding=encoding)
        found = read_spectra_table(path)
    assert isinstance(found.data, pd.DataFrame)
    np.testing.assert_array_equal(found.wavenumbers, axis)
    np.testing.assert_array_equal(found.data, X)
