"""WGANGP as its users meet it."""

import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from scipy import sparse
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
    """Noise of the right size, and spectra that are not near copies: 50 per class."""
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
        ).to_frame(metrics="all")["value"]
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
            n_critic=2,
            random_state=0,
        )
        sampler.fit_resample(X[train], y[train])
        new = np.vstack([sampler.sample(20, c, random_state=0) for c in (0, 1)])
        report = synthesis_report(X[train], X[held_out], new, random_state=0)
        frame = report.to_frame(metrics=["frechet_distance"])
        distance[max_iter] = frame.loc["frechet_distance", "value"]
    assert distance[300] < 0.5 * distance[0]


@pytest.mark.filterwarnings("ignore:WGANGP. the classes:UserWarning")
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
    repeated = X[:2].repeat((30, 8), axis=0)
    rounded = repeated * (1 + 2e-16 * np.arange(38)[:, None] % 3)
    for same in (np.ones_like(X), repeated, rounded):
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


@pytest.mark.filterwarnings("ignore:WGANGP. the classes:UserWarning")
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


QUICK = {"max_iter": 3, "validation_fraction": None, "random_state": 0}


def test_class_of_one_is_named(spectra):
    """What varies in its spectra is not its own; bands are not borrowed."""
    X, y = spectra
    labels = np.array(["calcite", "quartz"])[y]
    few = np.r_[0:30, 30:31]
    sampler = WGANGP(max_iter=0, random_state=0)
    message = r"\['quartz'\].*single spectrum.*gain, shift and baseline.*never bands"
    with pytest.warns(UserWarning, match=message):
        sampler.fit_resample(X[few], labels[few])
    with pytest.warns(UserWarning, match=message):
        sampler.sample(2, "quartz")
    same = np.concatenate([X[:30], X[[30]].repeat(4, axis=0)])  # as good as one
    with pytest.warns(UserWarning, match=message):
        WGANGP(max_iter=0).fit_resample(same, labels[:34])
    with pytest.warns(UserWarning, match="'quartz'.*the network finds"):
        WGANGP(warm_start_components=0, **QUICK).fit_resample(X[few], labels[few])


@pytest.mark.filterwarnings("error::UserWarning")
def test_no_warning_where_nothing_is_borrowed_in_full(spectra):
    X, y = spectra
    few = np.r_[0:30, 30:32]
    sampler = WGANGP(max_iter=0, random_state=0)
    sampler.fit_resample(X[few], y[few])
    sampler.sample(2, 1)
    alone = np.r_[0:20, 30:31]
    sampler.set_params(sampling_strategy={0: 25}).fit_resample(X[alone], y[alone])
    sampler.sample(2, 0)


def test_fit_learns_what_fit_resample_learns(spectra):
    sampler, other = WGANGP(**QUICK), WGANGP(**QUICK)
    assert sampler.fit(*spectra) is sampler
    other.fit_resample(*spectra)
    found = [s.sample(3, 1, random_state=0) for s in (sampler, other)]
    np.testing.assert_array_equal(*found)


class Interrupt(BaseException):
    """Stands for Ctrl-C."""


@pytest.mark.parametrize("error", [RuntimeError, Interrupt])
@pytest.mark.parametrize("method", ["fit", "fit_resample"])
def test_failed_refit_changes_nothing(spectra, monkeypatch, error, method):
    X, y = spectra
    sampler = WGANGP(**QUICK)
    sampler.fit_resample(pd.DataFrame(X, columns=[f"v{i}" for i in range(200)]), y)
    before, drawn = vars(sampler).copy(), sampler.sample(3, 1, random_state=0)

    def check():
        assert vars(sampler).keys() == before.keys()
        assert all(vars(sampler)[name] is value for name, value in before.items())
        np.testing.assert_array_equal(sampler.sample(3, 1, random_state=0), drawn)

    refit = getattr(sampler, method)
    other, labels = X[:, :50], np.array(["a", "b"])[y]
    with pytest.raises(ValueError, match="no class has two spectra that do"):
        refit(np.ones_like(other), labels)
    check()
    with monkeypatch.context() as patch, pytest.raises(error):
        patch.setattr(torch.optim.Adam, "step", _raise(error))
        refit(other, labels)
    check()
    with pytest.raises(ValueError, match="more than 1 class"):
        refit(other, np.zeros(38))
    check()

    fresh = WGANGP(**QUICK)
    with pytest.raises(ValueError, match="NaN"):
        getattr(fresh, method)(np.full_like(other, np.nan), labels)
    assert vars(fresh).keys() == vars(WGANGP()).keys()


def _raise(error):
    def step(*args, **kwargs):
        raise error

    return step


@contextmanager
def ambient(mode):
    """Set one of torch's modes as a caller may have."""
    before = torch.get_default_dtype()
    try:
        if mode == "float64":
            torch.set_default_dtype(torch.float64)
            yield
        elif mode == "meta":
            torch.set_default_device("meta")
            yield
        else:
            modes = {
                "no_grad": torch.no_grad(),
                "inference": torch.inference_mode(),
                "autocast": torch.autocast("cpu", dtype=torch.bfloat16),
            }
            with modes[mode]:
                yield
    finally:
        torch.set_default_dtype(before)
        torch.set_default_device(None)


@pytest.mark.parametrize(
    "mode", ["float64", "meta", "no_grad", "inference", "autocast"]
)
@pytest.mark.parametrize("components", [0, 15])
def test_modes_of_torch_that_the_caller_set_do_not_matter(spectra, mode, components):
    sampler = WGANGP(warm_start_components=components, **QUICK)
    expected = clone(sampler).fit_resample(*spectra)[0]
    with ambient(mode):
        found = sampler.fit_resample(*spectra)[0]
        drawn = sampler.sample(4, 0, random_state=1)
        assert torch.is_inference_mode_enabled() == (mode == "inference")
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(drawn, sampler.sample(4, 0, random_state=1))
    assert all(p.dtype == torch.float32 for p in sampler.generator_.parameters())
    for parameter in sampler.generator_.parameters():
        parameter.requires_grad_(True).sum().backward()  # an ordinary tensor


def test_errors_give_the_callers_torch_back(spectra, monkeypatch):
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    numpys = np.random.get_state()[1].copy()  # noqa: NPY002
    monkeypatch.setattr(torch.optim.Adam, "step", _raise(Interrupt))
    with pytest.raises(Interrupt):
        WGANGP(**QUICK).fit_resample(*spectra)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()
    np.testing.assert_array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002


def test_sampling_only_reads(fitted, monkeypatch):
    """No bit, no flag, no thread count, no generator changes."""
    start = WGANGP(max_iter=0, random_state=0).fit(*simulate((8, 6)))
    networks = fitted.generator_, fitted.critic_, start.generator_
    assert not any(part.training for net in networks for part in net.modules())
    before = {k: v.clone() for k, v in fitted.generator_.state_dict().items()}
    attributes = dict(vars(fitted))
    state = torch.get_rng_state()
    monkeypatch.setattr(torch, "set_num_threads", _raise(AssertionError))
    monkeypatch.setattr(torch, "manual_seed", _raise(AssertionError))
    fitted.sample(5, 0, random_state=0)
    assert torch.equal(state, torch.get_rng_state())
    after = fitted.generator_.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(vars(fitted)[name] is value for name, value in attributes.items())
    assert all(p.grad is None for p in fitted.generator_.parameters())


def test_threads_draw_the_bits_of_one(fitted):
    expected = [fitted.sample(20, seed % 2, random_state=seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(
                lambda seed: fitted.sample(20, seed % 2, random_state=seed),
                list(range(8)) * 3,
            )
        )
    for drawn, wanted in zip(found, expected * 3, strict=True):
        np.testing.assert_array_equal(drawn, wanted)


def test_sampling_waits_for_no_fit(spectra, fitted, monkeypatch):
    """A fit in another thread holds torch's generator; a draw needs none."""
    inside, go_on = threading.Event(), threading.Event()
    step = torch.optim.Adam.step

    def slow(*args, **kwargs):
        inside.set()
        assert go_on.wait(30)
        return step(*args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", slow)
    with ThreadPoolExecutor(2) as pool:
        fit = pool.submit(WGANGP(**QUICK).fit_resample, *spectra)
        try:
            assert inside.wait(30)
            drawn = pool.submit(fitted.sample, 3, 1, 0).result(timeout=20)
        finally:
            go_on.set()
        fit.result(timeout=60)
    np.testing.assert_array_equal(drawn, fitted.sample(3, 1, 0))


@pytest.mark.parametrize("exponent", [-900, 900])
@pytest.mark.parametrize("components", [0, 15])
def test_squares_that_overflow_do_not_matter(spectra, exponent, components):
    """A power of two changes no digit, so the results are those of ordinary spectra."""
    X, y = spectra
    sampler = WGANGP(warm_start_components=components, **QUICK)
    plain = clone(sampler).fit_resample(X, y)[0]
    scaled = clone(sampler).fit_resample(np.ldexp(X, exponent), y)[0]
    np.testing.assert_array_equal(scaled, np.ldexp(plain, exponent))


def test_spectra_too_large_for_their_precision_are_an_error(spectra):
    X, y = spectra
    largest = np.finfo(np.float32).max
    bright = (X / X.max() * largest).astype(np.float32)
    with pytest.raises(ValueError, match="too large for float32"):
        WGANGP(sampling_strategy={0: 3000, 1: 3000}, max_iter=0).fit_resample(bright, y)


@pytest.mark.parametrize("label_type", [float, str, "positions", "words"])
def test_labels_of_columns_stay(spectra, label_type):
    X, y = spectra
    columns = {
        float: pd.Index(400 + 2.0 * np.arange(200)),
        str: pd.Index([f"{400 + 2 * i}.0" for i in range(200)]),
        "positions": pd.RangeIndex(300, 500),
        "words": pd.Index([f"v{i}" for i in range(200)]),
    }[label_type]
    frame = pd.DataFrame(X, columns=columns, index=np.arange(38)[::-1])
    new, labels = WGANGP(**QUICK).fit_resample(frame, pd.Series(y, index=frame.index))
    pd.testing.assert_index_equal(new.columns, columns, exact=True)
    assert new.index.equals(labels.index)
    np.testing.assert_array_equal(new.iloc[:38], X)


def test_labels_that_are_no_axis_are_refused(spectra):
    X, y = spectra
    columns = 400 + 2.0 * np.arange(200)
    columns[7] = columns[6]
    for frame in (pd.DataFrame(X, columns=columns),):
        with pytest.raises(ValueError, match="position 6"):
            WGANGP().fit_resample(frame, y)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix])
def test_sparse_stays(spectra, kind):
    new = WGANGP(**QUICK).fit_resample(kind(spectra[0]), spectra[1])[0]
    plain = WGANGP(**QUICK).fit_resample(*spectra)[0]
    assert isinstance(new, kind)
    np.testing.assert_array_equal(new.toarray(), plain)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"betas": (0.0,)}, r"betas=\(0.0,\) must be two numbers"),
        ({"betas": (0.0, 1.0)}, "betas"),
        ({"betas": (0.0, np.nan)}, "betas"),
        ({"betas": ("0", 0.9)}, "betas"),
        ({"device": "gpu"}, "device='gpu' is not known"),
        ({"max_iter": True}, "max_iter.*True"),
        ({"lr": np.nan}, "lr"),
        ({"lr": np.inf}, "lr"),
        ({"gp_weight": True}, "gp_weight"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
    ],
)
def test_bad_parameters_are_named(spectra, bad, message):
    """Those of the training too where nothing is trained."""
    for method in ("fit", "fit_resample"):
        with pytest.raises(ValueError, match=message):
            getattr(WGANGP(**{"max_iter": 0, **bad}), method)(*spectra)


@pytest.mark.parametrize("n_samples", [-1, 2.0, True, "3", None, np.nan])
def test_number_of_spectra_is_a_number(fitted, n_samples):
    with pytest.raises(ValueError, match="n_samples.*Got"):
        fitted.sample(n_samples, 0)


def test_sample_names_what_is_wrong(fitted):
    assert fitted.sample(0, 0).shape == (0, 200)
    for label in ([0, 1], [0], np.array(0.5), "0", None, np.nan):
        with pytest.raises(ValueError, match="is none of the classes"):
            fitted.sample(1, label)
    with pytest.raises(ValueError, match="random_state"):
        fitted.sample(1, 0, random_state="seed")


@pytest.mark.filterwarnings("ignore:WGANGP. the classes:UserWarning")
@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(4))
def test_holding_out_the_only_variation(spectra, seed):
    """Without the spectrum held out, all are the same: nothing can be judged."""
    X = spectra[0][[0, 0, 1, 0]]
    sampler = WGANGP(max_iter=2, random_state=seed)
    new, _ = sampler.fit_resample(X, [0, 0, 0, 1])
    assert np.isfinite(new).all()


@pytest.mark.parametrize("method", ["fit", "fit_resample"])
def test_arguments_without_meaning_are_refused(spectra, method):
    with pytest.raises(TypeError, match="groups"):
        getattr(WGANGP(max_iter=0), method)(*spectra, groups=spectra[1])
