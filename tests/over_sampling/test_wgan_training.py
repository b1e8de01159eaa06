"""The adversarial loop: penalty, networks, model, divergence, and the judge."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from sklearn_raman.over_sampling import WGANGP
from sklearn_raman.over_sampling._noise import white_noise_level
from sklearn_raman.over_sampling._wgan_networks import (
    NETWORKS,
    ConvolutionalCritic,
    DenseCritic,
    SplineGenerator,
    gradient_penalty,
)
from sklearn_raman.over_sampling._wgan_training import (
    Judge,
    SpectrumModel,
    energy_scores,
    hold_out,
    train_wgan,
)

SETTINGS = WGANGP(n_critic=2, max_iter=10, batch_size=8, ema=0.9)


@pytest.fixture
def rng():
    return np.random.RandomState(0)


@pytest.fixture
def data(rng):
    codes = np.repeat([0, 1], 20)
    X = np.sin(np.linspace(0, 6, 50)) * (1 + codes[:, None])
    return X + 0.2 * rng.standard_normal((40, 50)), codes


def untrained(X, codes, **params):
    torch.manual_seed(0)
    params = {"network": "spline", "noise": True, "latent_dim": 4, **params}
    return SpectrumModel(X, codes, **params)


class LinearCritic(nn.Module):
    def __init__(self, slope):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, spectra, codes):
        return spectra @ self.slope


@pytest.mark.parametrize("target", [0.0, 1.0, 2.0])
def test_penalty_of_a_linear_critic(target):
    """Its gradient is the slope everywhere, the norm is over the points."""
    critic = LinearCritic([3.0, 4.0, 0.0])
    real, fake = torch.randn(5, 3), torch.randn(5, 3)
    penalty = gradient_penalty(critic, real, fake, torch.zeros(5, dtype=int), target)
    assert penalty.item() == pytest.approx((5.0 - target) ** 2, rel=1e-5)


def test_penalty_is_finite_and_trainable_at_zero_gradient():
    critic = LinearCritic([0.0, 0.0])
    points = torch.randn(4, 2)
    penalty = gradient_penalty(critic, points, points, torch.zeros(4, dtype=int), 1.0)
    penalty.backward()
    assert torch.isfinite(critic.slope.grad).all()


@pytest.mark.parametrize("kind", [DenseCritic, ConvolutionalCritic])
def test_penalty_agrees_with_finite_differences(kind):
    torch.manual_seed(0)
    critic = kind(2, 30).double()
    spectrum, code = torch.randn(1, 30).double(), torch.tensor([1])
    penalty = gradient_penalty(critic, spectrum, spectrum, code, 1.0).item()
    step = 1e-6 * torch.eye(30).double()
    codes = code.expand(30)
    with torch.no_grad():
        slopes = (
            critic(spectrum + step, codes) - critic(spectrum - step, codes)
        ) / 2e-6
    assert penalty == pytest.approx((slopes.norm().item() - 1) ** 2, rel=1e-5)


@pytest.mark.parametrize("n_values", [1, 7, 63, 64, 65, 1000])
@pytest.mark.parametrize("network", NETWORKS)
def test_networks_fit_any_length(n_values, network):
    make_generator, make_critic = NETWORKS[network]
    codes = torch.tensor([1, 0])
    own = {"directions": torch.randn(2, 5, n_values)} if network == "spline" else {}
    for base in (None, torch.randn(2, 3, n_values)):
        generator = make_generator(2, n_values, 4, base is not None, **own)
        spectra = generator(torch.randn(2, 3, 4), codes, base)
        assert spectra.shape == (2, 3, n_values)
        if base is not None:  # nothing is added at first
            torch.testing.assert_close(spectra, base)
        scores = make_critic(2, n_values)(spectra.flatten(0, 1), codes.repeat(3))
        assert scores.shape == (6,)


@pytest.mark.parametrize("kind", [DenseCritic, ConvolutionalCritic])
def test_critic_scores_spectra_by_themselves(kind):
    critic, spectra = kind(2, 40), torch.randn(6, 40)
    codes = torch.tensor([0, 1, 0, 1, 0, 1])
    torch.testing.assert_close(
        critic(spectra, codes)[2:4], critic(spectra[2:4], codes[2:4])
    )


@pytest.mark.parametrize("network", NETWORKS)
def test_values_are_the_spectra(data, network, rng):
    """From what the networks see, the spectra come back; noise is drawn anew."""
    X, codes = data
    model = untrained(X, codes, network=network, noise=False)
    values = model.real * model.scale + model.center[codes]
    back = values if model.splines is None else model.splines.spectra(values)
    error = np.sqrt(np.mean((back - X) ** 2))
    assert error < (1e-12 if network == "convolutional" else 0.2)
    smooth = untrained(X, codes, network=network)
    drawn = smooth.draw_noise(0, 200, rng, smooth.real[:20].repeat(10, axis=0))
    level, wanted = (np.median(white_noise_level(s)) for s in (drawn, X))
    assert level == pytest.approx(wanted, rel=0.2)


def test_noise_has_the_level_of_the_nearest_spectrum(rng):
    """Bright spectra with loud noise, dark ones with little."""
    bright = np.repeat([1.0, 10.0], 20)[:, None]
    shape = 1 + np.sin(np.linspace(0, 6, 300))
    X = bright * (shape + 0.01 * rng.standard_normal((40, 300)))
    model = untrained(X, np.zeros(40, dtype=int))
    drawn = model.draw_noise(0, 40, rng, model.real)
    level = white_noise_level(drawn)
    assert np.median(level[20:]) > 5 * np.median(level[:20])


def test_training_does_not_touch_the_callers_randomness(data):
    model = untrained(*data)
    before = torch.get_rng_state()
    train_wgan(model, SETTINGS, 0, n_iter=2)
    assert torch.equal(before, torch.get_rng_state())


def test_judge_can_stop_training(data):
    training = train_wgan(
        untrained(*data),
        SETTINGS,
        0,
        n_iter=10,
        judge=lambda iteration, model: iteration == 3,
    )
    assert len(training.steps) == 3 and training.problem is None


def test_critic_and_optimizers_can_be_others(data):
    trained = []

    def make_optimizer(network, settings):
        trained.append(network)
        return torch.optim.SGD(network.parameters(), lr=settings.lr)

    critic = train_wgan(
        untrained(*data),
        SETTINGS,
        0,
        n_iter=2,
        make_critic=lambda n_classes, n_values: LinearCritic([0.0] * n_values),
        make_optimizer=make_optimizer,
    ).critic
    assert isinstance(critic, LinearCritic) and critic.slope.abs().sum() > 0
    assert [type(network) for network in trained] == [SplineGenerator, LinearCritic]


def test_divergence_is_noticed(data):
    wild = clone(SETTINGS).set_params(lr=50.0)
    training = train_wgan(untrained(*data), wild, 0, n_iter=10)
    assert training.problem
    assert 0 < len(training.steps) < 10


def test_hold_out_takes_a_share_of_each_class(rng):
    codes = np.repeat([0, 1, 2, 3], [20, 5, 3, 2])
    held_out = hold_out(codes, 0.2, rng)
    assert np.bincount(codes[held_out], minlength=4).tolist() == [4, 1, 1, 0]


@pytest.mark.parametrize("fraction", [0.5, 0.84, 0.99])
def test_hold_out_leaves_two_of_each_class(fraction, rng):
    codes = np.repeat([0, 1, 2, 3], [20, 5, 3, 2])
    held_out = hold_out(codes, fraction, rng)
    assert np.bincount(codes[~held_out]).min() == 2
    assert np.bincount(codes[held_out], minlength=4).tolist()[2:] == [1, 0]


def test_energy_score_prefers_the_right_distribution(rng):
    real = rng.standard_normal((400, 5))
    scores = {
        name: energy_scores(real, synthetic).mean()
        for name, synthetic in {
            "right": rng.standard_normal((400, 5)),
            "narrow": 0.5 * rng.standard_normal((400, 5)),
            "wide": 2.0 * rng.standard_normal((400, 5)),
            "beside": 1.0 + rng.standard_normal((400, 5)),
        }.items()
    }
    assert min(scores, key=scores.get) == "right"


def test_energy_score_by_its_definition(rng):
    real, synthetic = rng.standard_normal((1, 3)), rng.standard_normal((4, 3))
    to_real = np.mean([np.linalg.norm(real[0] - s) for s in synthetic])
    pairs = [
        np.linalg.norm(a - b)
        for i, a in enumerate(synthetic)
        for j, b in enumerate(synthetic)
        if i != j
    ]
    expected = to_real - np.mean(pairs) / 2
    assert energy_scores(real, synthetic)[0] == pytest.approx(expected)


def test_energy_score_does_not_lose_digits_on_a_bright_background():
    rng = np.random.RandomState(0)
    real, synthetic = rng.standard_normal((2, 10, 50))
    np.testing.assert_allclose(
        energy_scores(real + 1e8, synthetic + 1e8),
        energy_scores(real, synthetic),
        rtol=1e-6,
    )


class FakeModel:
    """Stands for a model whose spectra are a little off."""

    def __init__(self, shift, noise=1.0, start=None):
        self.shift, self.noise, self.draw_start = shift, noise, start

    def synthesize(self, code, n_samples, rng):
        return self.shift + self.noise * rng.standard_normal((n_samples, 20))


def make_judge(rng, start="a start"):
    X = rng.standard_normal((50, 20))
    first = FakeModel(0.5, start=start)
    return Judge(X, np.zeros(50, dtype=int), first, 0, WGANGP(max_iter=10))


def test_judge_prefers_what_is_better_and_only_that(rng):
    judge = make_judge(rng)
    judge(1, FakeModel(0.8))
    assert judge.best_iter == 0
    judge(2, FakeModel(0.0))
    assert judge.best_iter == 2
    judge(3, FakeModel(0.3))
    assert judge.best_iter == 2
    assert judge.history["iteration"] == [0, 1, 2, 3]
    assert judge.history["held_out_score"][0] == pytest.approx(1.0)


def test_judge_takes_the_latest_that_is_not_worse(rng):
    """Without a start: even one worse than the random network, whatever its noise."""
    judge = make_judge(rng, start=None)
    judge(1, FakeModel(0.9))
    assert judge.best_iter == 1
    judge(2, FakeModel(0.2, noise=0.9))
    judge(3, FakeModel(0.2001, noise=0.9))
    assert judge.best_iter == 3
    assert not any(judge(i, FakeModel(0.9)) for i in range(4, 11))
    assert judge.best_iter == 3


def test_judge_refuses_other_noise(rng):
    """Spectra with little noise would score better than a start beside the place."""
    judge = make_judge(rng)
    judge(1, FakeModel(0.0, noise=0.7))
    assert judge.best_iter == 0


def test_judge_loses_patience(rng):
    judge = make_judge(rng)
    stops = [judge(i, FakeModel(0.9)) for i in range(1, 5)]
    assert stops == [False, False, False, True]
