"""WGANGP as its users meet it."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.neural_network import GAPCNNClassifier
from sklearn_raman.over_sampling import WGANGP, synthesis_report
from sklearn_raman.over_sampling._wgan_training import Judge


def simulate(sizes, n_points=200, seed=0):
    sizes = np.array(sizes)
    return make_raman_spectra(
        sizes.sum(),
        n_classes=len(sizes),
        weights=sizes / sizes.sum(),
        wavenumbers=(400.0, 400.0 + 2 * (n_points - 1), 2.0),
        spike_rate=0,
        random_state=seed,
    )


@pytest.fixture(scope="module")
def spectra():
    return simulate((30, 8))


@pytest.fixture(scope="module")
def fitted(spectra):
    """Trained to the last iteration."""
    sampler = WGANGP(max_iter=10, validation_fraction=None, random_state=0)
    sampler.fit_resample(*spectra)
    return sampler


def test_real_spectra_come_first_and_unchanged(spectra):
    X, y = spectra
    X_new, y_new = WGANGP(max_iter=5, random_state=0).fit_resample(X, y)
    np.testing.assert_array_equal(X_new[: len(X)], X)
    np.testing.assert_array_equal(y_new[: len(X)], y)
    assert np.bincount(y_new).tolist() == [30, 30]


def test_trained_generator_differs_from_the_start(spectra, fitted):
    assert fitted.best_iter_ == fitted.n_iter_ == 10
    assert fitted.critic_ is not None
    start = WGANGP(max_iter=0, random_state=0)
    start.fit_resample(*spectra)
    assert start.best_iter_ == 0 and start.critic_ is None
    pair = [s.sample(3, 1, random_state=0) for s in (start, fitted)]
    assert not np.array_equal(*pair)
    # Iteration 0 and the last one start from the same numbers: they can be paired.
    assert np.corrcoef(pair[0].ravel(), pair[1].ravel())[0, 1] > 0.9


def test_same_seed_same_spectra_whatever_the_caller_does(spectra):
    sampler = WGANGP(max_iter=10, validation_fraction=None, random_state=3)
    first = clone(sampler).fit_resample(*spectra)[0]
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    try:
        torch.manual_seed(99)
        np.random.seed(7)  # noqa: NPY002
        torch.set_num_threads(2)
        again = clone(sampler).fit_resample(*spectra)[0]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_rng_state(state)
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(first, again)


def test_callers_randomness_is_left_alone(spectra):
    before = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    WGANGP(max_iter=3, random_state=0).fit_resample(*spectra)
    assert torch.equal(before[0], torch.get_rng_state())
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(before[1][1], after[1])
    assert before[1][2] == after[2]


def test_sample(fitted):
    spectra = fitted.sample(4, label=1, random_state=5)
    assert spectra.shape == (4, 200) and spectra.dtype == np.float64
    np.testing.assert_array_equal(spectra, fitted.sample(4, 1, random_state=5))
    with pytest.raises(ValueError, match=r"label=7 is none of the classes \[0, 1\]"):
        fitted.sample(1, label=7)
    with pytest.raises(NotFittedError):
        WGANGP().sample(1, label=0)


def test_pickle(fitted):
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.sample(3, 0, 1), fitted.sample(3, 0, 1))


def test_history(spectra):
    sampler = WGANGP(max_iter=20, random_state=0)
    sampler.fit_resample(*spectra)
    history = sampler.history_
    assert len(history["wasserstein"]) == len(history["penalty"]) == sampler.n_iter_
    assert history["iteration"][0] == 0
    assert history["held_out_score"][0] == pytest.approx(1.0)
    assert sampler.best_iter_ in history["iteration"]


def test_better_than_smote_where_it_claims(spectra):
    """Noise of the right size, and no near copies: 50 spectra a class."""
    X, y = simulate((100, 100), n_points=300, seed=1)
    train = np.r_[0:50, 100:150]
    held_out = np.setdiff1d(np.arange(200), train)
    real = X[train], X[held_out]
    wanted = {0: 100, 1: 100}
    found = {}
    for sampler in (
        SMOTE(sampling_strategy=wanted, random_state=0),
        WGANGP(sampling_strategy=wanted, max_iter=0, random_state=0),
    ):
        new, labels = sampler.fit_resample(X[train], y[train])
        found[type(sampler).__name__] = synthesis_report(
            *real,
            new[100:],
            y_train=y[train],
            y_test=y[held_out],
            y_synthetic=labels[100:],
            random_state=0,
        ).to_frame()["value"]
    ours, smote = found["WGANGP"], found["SMOTE"]
    assert 0.9 < ours["noise_ratio"] < 1.1
    assert smote["noise_ratio"] < 0.9
    assert 0.85 < ours["nn_distance_ratio"] < 1.25
    assert smote["nn_distance_ratio"] < 0.6
    assert ours["recall"] >= smote["recall"]


def test_plain_network_improves_on_its_random_start():
    X, y = simulate((60, 60), n_points=120, seed=2)
    train, held_out = np.r_[0:40, 60:100], np.r_[40:60, 100:120]
    distance = {}
    for max_iter in (0, 300):
        sampler = WGANGP(
            warm_start_components=0,
            validation_fraction=None,
            max_iter=max_iter,
            random_state=0,
        )
        sampler.fit_resample(X[train], y[train])
        new = np.vstack([sampler.sample(20, c, random_state=0) for c in (0, 1)])
        report = synthesis_report(X[train], X[held_out], new, random_state=0)
        distance[max_iter] = report.to_frame()["value"]["frechet_distance"]
    assert distance[300] < 0.5 * distance[0]


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_tiny_classes(n):
    X, y = simulate((30, n))
    new = WGANGP(max_iter=3, random_state=0).fit_resample(X, y)[0][len(X) :]
    assert np.isfinite(new).all()
    assert len(np.unique(new, axis=0)) == 30 - n
    spread = np.ptp(X)
    assert new.min() > X.min() - spread and new.max() < X.max() + spread


@pytest.mark.parametrize("n_points", [7, 17, 1001, 3000])
def test_any_number_of_points(n_points):
    X, y = simulate((12, 5), n_points=n_points)
    sampler = WGANGP(max_iter=2, validation_fraction=None, random_state=0)
    assert sampler.fit_resample(X, y)[0].shape == (24, n_points)


@pytest.mark.parametrize(("factor", "offset"), [(1e-12, 0), (1e9, 0), (1, 1e9)])
def test_units_do_not_matter(spectra, factor, offset):
    X, y = spectra
    sampler = WGANGP(max_iter=5, validation_fraction=None, random_state=0)
    plain = clone(sampler).fit_resample(X, y)[0][len(X) :]
    scaled = clone(sampler).fit_resample(factor * X + offset, y)[0][len(X) :]
    tolerance = 1e-3 * np.ptp(plain)
    np.testing.assert_allclose((scaled - offset) / factor, plain, atol=tolerance)


def test_constant_column_stays(spectra):
    X, y = spectra
    X = X.copy()
    X[:, 10:20] = 7.0
    new = WGANGP(max_iter=3, validation_fraction=None, random_state=0)
    assert (new.fit_resample(X, y)[0][:, 10:20] == 7.0).all()
    assert (new.sample(3, 1, 0)[:, 10:20] == 7.0).all()


def test_spectra_without_variation(spectra):
    X, y = spectra
    for same in (np.ones_like(X), X[:2].repeat((30, 8), axis=0)):
        with pytest.raises(ValueError, match="no class has two spectra that do"):
            WGANGP().fit_resample(same, y)
    with pytest.raises(ValueError, match="no class has two spectra that do"):
        WGANGP(sampling_strategy={0: 2}).fit_resample(X[[0, 35]], y[[0, 35]])


def test_divergence_keeps_the_start_and_says_so(spectra):
    start = WGANGP(max_iter=0, random_state=0).fit_resample(*spectra)[0]
    wild = WGANGP(max_iter=10, lr=50.0, random_state=0)
    with pytest.warns(ConvergenceWarning, match="Iteration 0 is kept"):
        kept = wild.fit_resample(*spectra)[0]
    np.testing.assert_array_equal(kept, start)


def test_divergence_without_a_start_is_an_error(spectra):
    for judged in (0.2, None):
        wild = WGANGP(
            max_iter=10,
            lr=50.0,
            warm_start_components=0,
            validation_fraction=judged,
            random_state=0,
        )
        with pytest.raises(ValueError, match="diverged before it made usable spectra"):
            wild.fit_resample(*spectra)


def test_random_start_is_never_kept_in_silence(spectra, monkeypatch):
    monkeypatch.setattr(Judge, "__call__", lambda self, iteration, model: True)
    sampler = WGANGP(max_iter=3, warm_start_components=0, random_state=0)
    with pytest.warns(ConvergenceWarning, match="better than its random start"):
        sampler.fit_resample(*spectra)


def test_classes_too_small_to_judge(spectra):
    X, y = spectra
    few = np.r_[0:2, 30:31]
    for components, kept in ((15, 0), (0, 4)):
        sampler = WGANGP(max_iter=4, warm_start_components=components, random_state=0)
        sampler.fit_resample(X[few], y[few])
        assert sampler.best_iter_ == kept


def test_without_penalty_nothing_absurd(spectra):
    X, y = spectra
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        new = WGANGP(max_iter=40, gp_weight=0, random_state=0).fit_resample(X, y)[0]
    assert np.abs(new).max() < 2 * np.abs(X).max()


def test_integers_become_float(spectra):
    X, y = spectra
    counts = X.round().astype(int)
    sampler = WGANGP(max_iter=0, random_state=0)
    for given in (counts, pd.DataFrame(counts)):
        new = np.asarray(clone(sampler).fit_resample(given, y)[0])[len(X) :]
        assert (new != np.round(new)).mean() > 0.99


def test_float32_stays(spectra):
    X, y = spectra
    sampler = WGANGP(max_iter=0, random_state=0)
    assert sampler.fit_resample(X.astype(np.float32), y)[0].dtype == np.float32


def test_frames_give_frames(spectra):
    X, y = spectra
    columns = [f"{400 + 2 * i}.0" for i in range(X.shape[1])]
    labels = np.array(["calcite", "dolomite"])[y]
    sampler = WGANGP(max_iter=0, random_state=0)
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


def test_in_a_pipeline_under_grid_search(spectra):
    X, y = spectra
    pipeline = make_pipeline(
        WGANGP(max_iter=0, random_state=0), KNeighborsClassifier(3)
    )
    search = GridSearchCV(
        pipeline, {"wgangp__warm_start_components": [2, 10]}, cv=2, error_score="raise"
    ).fit(X, y)
    assert search.predict(X).shape == y.shape


def test_as_sampler_of_a_network(spectra):
    X, y = spectra
    net = GAPCNNClassifier(
        sampler=WGANGP(max_iter=0), max_epochs=1, random_state=0
    ).fit(X, y)
    assert net.sampler_.sampling_strategy_ == {1: 22}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda(spectra):
    sampler = WGANGP(
        max_iter=5, validation_fraction=None, device="cuda", random_state=0
    )
    assert np.isfinite(sampler.fit_resample(*spectra)[0]).all()
    assert next(sampler.generator_.parameters()).device.type == "cpu"
