"""WGANGP as its users meet it: always trained, from nothing or from a start."""

import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import skops.io
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklearn_raman.neural_network import paper_settings
from sklearn_raman.over_sampling import WGANGP, SpectrumBootstrap, synthesis_report
from tests.over_sampling._spectra import simulate

QUICK = {"max_iter": 3, "n_critic": 1, "validation_fraction": None, "random_state": 0}
KINDS = [
    {},
    {"start": SpectrumBootstrap()},
    {"network": "convolutional", "noise": None},
    {"network": "convolutional", "start": SpectrumBootstrap()},
]


@pytest.fixture(scope="module")
def spectra():
    return simulate((30, 8))


@pytest.fixture(scope="module")
def fitted(spectra):
    return WGANGP(**QUICK).fit(*spectra)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_trained(spectra, kind):
    sampler = WGANGP(**{**QUICK, "max_iter": 10}, **kind).fit(*spectra)
    assert sampler.best_iter_ == sampler.n_iter_ == 10
    assert sampler.critic_ is not None
    assert len(sampler.history_["wasserstein"]) == 10
    other = WGANGP(**QUICK, **kind).fit(*spectra)
    assert not np.array_equal(sampler.sample(3, 1, 0), other.sample(3, 1, 0))
    assert (sampler.start_ is None) == (kind.get("start") is None)


@pytest.mark.parametrize("start", [None, SpectrumBootstrap()])
@pytest.mark.parametrize("fraction", [0.5, 0.84, 0.99])
def test_any_share_is_held_out_of_a_small_class(fraction, start, spectra):
    X, y = spectra
    small = np.flatnonzero(y == 1)[:3]
    rows = np.r_[np.flatnonzero(y == 0), small]
    settings = {**QUICK, "max_iter": 10, "validation_fraction": fraction}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # "a single spectrum"
        warnings.simplefilter("ignore", ConvergenceWarning)
        sampler = WGANGP(**settings, start=start).fit(X[rows], y[rows])
    assert np.isfinite(sampler.sample(2, 1)).all()


def test_training_refines_the_spectra_of_the_start(spectra):
    """Few steps move them a little; the noise and the rest are those of the start."""
    sampler = WGANGP(start=SpectrumBootstrap(), **QUICK).fit(*spectra)
    drawn = sampler.sample(3, 1, random_state=0)
    rng = np.random.RandomState(0)
    rng.standard_normal((1, 3, sampler.latent_dim))
    start = sampler.start_.sample(3, 1, random_state=rng)
    assert not np.array_equal(drawn, start)
    assert np.corrcoef(drawn.ravel(), start.ravel())[0, 1] > 0.99


def test_a_start_is_kept_unless_it_is_improved_and_that_is_said(spectra):
    sampler = WGANGP(start=SpectrumBootstrap(), max_iter=10, random_state=0)
    message = "kept its start.*SpectrumBootstrap alone gives such spectra"
    with pytest.warns(ConvergenceWarning, match=message):
        sampler.fit(*spectra)
    assert sampler.best_iter_ == 0 and sampler.critic_ is None
    history = sampler.history_
    assert history["iteration"][0] == 0
    assert history["held_out_score"][0] == pytest.approx(1.0)
    rng = np.random.RandomState(3)
    rng.standard_normal((1, 4, sampler.latent_dim))
    kept = sampler.start_.sample(4, 0, random_state=rng)
    np.testing.assert_allclose(sampler.sample(4, 0, random_state=3), kept, rtol=1e-12)


def test_without_a_start_iteration_0_is_no_candidate(spectra):
    sampler = WGANGP(max_iter=20, n_critic=1, random_state=0).fit(*spectra)
    history = sampler.history_
    assert history["iteration"].tolist() == list(range(0, 21, 2))
    assert sampler.n_iter_ == 20
    later = history["held_out_score"][1:]
    assert sampler.best_iter_ >= history["iteration"][1:][later.argmin()]


@pytest.mark.usefixtures("few_trees")
def test_training_improves_on_random_weights():
    """Spectra come nearer to those held out, with noise of the right size."""
    X, y = simulate((60, 60), n_points=120, seed=2)
    train, held_out = np.r_[0:40, 60:100], np.r_[40:60, 100:120]
    distance = {}
    for max_iter in (1, 150):
        sampler = WGANGP(**{**QUICK, "n_critic": 2, "max_iter": max_iter})
        sampler.fit(X[train], y[train])
        new = np.vstack([sampler.sample(20, c, random_state=0) for c in (0, 1)])
        report = synthesis_report(
            X[train], X[held_out], new, n_draws=1, random_state=0
        ).to_frame(metrics=["frechet_distance", "noise_ratio"])["value"]
        distance[max_iter] = report["frechet_distance"]
    assert distance[150] < 0.7 * distance[1]
    assert 0.8 < report["noise_ratio"] < 1.2


def test_settings_of_the_poster_are_the_literal_network(spectra):
    settings = paper_settings("wgan_gp")
    sampler = WGANGP(**{**settings, "max_iter": 2}, random_state=0).fit(*spectra)
    kinds = {type(part) for part in sampler.generator_.modules()}
    assert torch.nn.ConvTranspose1d in kinds
    assert torch.nn.Conv1d in {type(part) for part in sampler.critic_.modules()}
    assert settings["noise"] is None and settings.get("start") is None


def test_same_seed_same_spectra_whatever_the_caller_does(spectra):
    sampler = WGANGP(**QUICK)
    first = clone(sampler).fit_resample(*spectra)[0]
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    try:
        torch.manual_seed(99)
        np.random.seed(7)  # noqa: NPY002
        torch.set_num_threads(2)
        before = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
        again = clone(sampler).fit_resample(*spectra)[0]
        assert torch.get_num_threads() == 2
        assert torch.equal(before[0], torch.get_rng_state())
        after = np.random.get_state()  # noqa: NPY002
        np.testing.assert_array_equal(before[1][1], after[1])
    finally:
        torch.set_rng_state(state)
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(first, again)


def test_divergence_keeps_the_start_and_says_so(spectra):
    start = SpectrumBootstrap()
    wild = WGANGP(start=start, max_iter=10, lr=50.0, random_state=0)
    with pytest.warns(ConvergenceWarning, match="diverged.*Iteration 0 is kept"):
        wild.fit(*spectra)
    assert wild.best_iter_ == 0


@pytest.mark.parametrize("judged", [0.2, None])
@pytest.mark.parametrize("kind", KINDS[::2])
def test_divergence_without_a_start_is_an_error(spectra, judged, kind):
    wild = WGANGP(
        max_iter=20, lr=50.0, validation_fraction=judged, random_state=0, **kind
    )
    with pytest.raises(ValueError, match="diverged before it made usable spectra"):
        wild.fit_resample(*spectra)


@pytest.mark.filterwarnings("ignore:.*a single spectrum each:UserWarning")
@pytest.mark.filterwarnings("ignore:.*kept its start")
def test_classes_too_small_to_judge(spectra):
    X, y = spectra
    few = np.r_[0:2, 30:31]
    for start, kept in ((SpectrumBootstrap(), 0), (None, 4)):
        sampler = WGANGP(max_iter=4, start=start, random_state=0)
        assert sampler.fit(X[few], y[few]).best_iter_ == kept


def test_without_penalty_nothing_absurd(spectra):
    X, y = spectra
    sampler = WGANGP(max_iter=30, gp_weight=0, start=SpectrumBootstrap())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        new = sampler.set_params(random_state=0).fit_resample(X, y)[0]
    assert np.abs(new).max() < 2 * np.abs(X).max()


def test_verbose_shows_progress_and_judgments(spectra, capsys):
    WGANGP(max_iter=10, n_critic=1, verbose=1, random_state=0).fit(*spectra)
    out, err = capsys.readouterr()
    assert out.count("held-out score") == 11
    assert "WGANGP, all" in err and "/10" in err
    WGANGP(**QUICK).fit(*spectra)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", KINDS)
def test_cuda(spectra, kind):
    sampler = WGANGP(**QUICK, device="cuda", **kind)
    assert np.isfinite(sampler.fit_resample(*spectra)[0]).all()
    assert next(sampler.generator_.parameters()).device.type == "cpu"


class Interrupt(BaseException):
    """Stands for Ctrl-C."""


@pytest.mark.parametrize("error", [RuntimeError, Interrupt])
def test_interrupted_refit_changes_nothing(spectra, monkeypatch, error):
    X, y = spectra
    sampler = WGANGP(**QUICK).fit(X, y)
    before, drawn = vars(sampler).copy(), sampler.sample(3, 1, random_state=0)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    numpys = np.random.get_state()[1].copy()  # noqa: NPY002
    with monkeypatch.context() as patch, pytest.raises(error):
        patch.setattr(torch.optim.Adam, "step", _raise(error))
        sampler.fit(X[:, :50], np.array(["a", "b"])[y])
    assert vars(sampler).keys() == before.keys()
    assert all(vars(sampler)[name] is value for name, value in before.items())
    np.testing.assert_array_equal(sampler.sample(3, 1, random_state=0), drawn)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads and torch.is_grad_enabled()
    np.testing.assert_array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002


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
@pytest.mark.parametrize("kind", KINDS[:3])
def test_modes_of_torch_that_the_caller_set_do_not_matter(spectra, mode, kind):
    sampler = WGANGP(**QUICK, **kind)
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


def test_sampling_only_reads(fitted, monkeypatch):
    """No bit, no flag, no thread count, no generator changes."""
    networks = fitted.generator_, fitted.critic_
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


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"betas": (0.0,)}, r"betas=\(0.0,\) must be two numbers"),
        ({"betas": (0.0, 1.0)}, "betas"),
        ({"betas": (0.0, np.nan)}, "betas"),
        ({"betas": ("0", 0.9)}, "betas"),
        ({"device": "gpu"}, "device must be one of torch"),
        ({"device": "cuda:99"}, "device='cuda:99' can't be used here"),
        ({"max_iter": True}, "max_iter.*True"),
        ({"max_iter": 0}, "max_iter"),
        ({"start": "bootstrap"}, "start"),
        ({"network": "dense"}, "network"),
        ({"lr": np.nan}, "lr"),
        ({"lr": np.inf}, "lr"),
        ({"gp_weight": True}, "gp_weight"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
    ],
)
def test_bad_parameters_are_named(spectra, bad, message):
    for method in ("fit", "fit_resample"):
        with pytest.raises(ValueError, match=message):
            getattr(WGANGP(**{**QUICK, **bad}), method)(*spectra)


@pytest.mark.filterwarnings("ignore:.*a single spectrum each:UserWarning")
@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(3))
def test_holding_out_the_only_variation(spectra, seed):
    """Without the spectrum held out, all are the same: nothing can be judged."""
    X = spectra[0][[0, 0, 1, 0]]
    sampler = WGANGP(max_iter=2, random_state=seed)
    new, _ = sampler.fit_resample(X, [0, 0, 0, 1])
    assert np.isfinite(new).all()


def test_classes_vary_as_their_own_spectra_do():
    """Each class along one curve, which the other class does not know."""
    rng = np.random.default_rng(0)
    place = np.linspace(-1, 1, 60)
    mean, curves = 3 + place, np.stack([place**2, place**3])
    heights = rng.normal(size=(40, 1)) * np.array([[2.0], [0.5]]).repeat(20, axis=0)
    y = np.repeat([0, 1], 20)
    X = mean + heights * curves[y]  # cubic splines hold it exactly
    sampler = WGANGP(
        noise=None, max_iter=20, validation_fraction=None, random_state=0
    ).fit(X, y)
    for label, curve in enumerate(curves):
        moved = sampler.sample(500, label, random_state=1) - X[y == label].mean(axis=0)
        height = moved @ curve / (curve @ curve)
        assert np.abs(moved - height[:, None] * curve).max() < 1e-4
        assert height.std() > 0.1


@pytest.mark.parametrize("kind", [*KINDS, {"validation_fraction": 0.2}])
def test_saved_by_skops_and_by_pickle(spectra, kind):
    """All bits come back, both networks too, and torch's generator is as it was."""
    sampler = WGANGP(**QUICK | kind).fit(*spectra)
    expected = sampler.sample(4, 1, random_state=1)
    dumped, pickled = skops.io.dumps(sampler), pickle.dumps(sampler)
    state = torch.get_rng_state()
    with torch.inference_mode():
        types = skops.io.get_untrusted_types(data=dumped)
        again = skops.io.loads(dumped, trusted=types), pickle.loads(pickled)
    assert torch.equal(state, torch.get_rng_state())
    for copy in again:
        np.testing.assert_array_equal(copy.sample(4, 1, random_state=1), expected)
        for name in ("generator_", "critic_"):
            known, found = getattr(sampler, name), getattr(copy, name)
            assert found.training is known.training is False
            found, known = found.state_dict(), known.state_dict()
            assert found.keys() == known.keys()
            assert all(torch.equal(found[key], known[key]) for key in known)
        for parameter in copy.generator_.parameters():
            parameter.sum().backward()  # an ordinary tensor
