"""The adversarial loop: penalty, networks, divergence, and the judge."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from sklearn_raman.over_sampling import WGANGP
from sklearn_raman.over_sampling._bootstrap import Bootstrap
from sklearn_raman.over_sampling._wgan_networks import (
    Critic,
    Generator,
    gradient_penalty,
)
from sklearn_raman.over_sampling._wgan_training import (
    Judge,
    PlainStart,
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


def start_model(X, codes, **params):
    params = {"n_components": 3, "noise": True, **params}
    start = Bootstrap(X, codes, **params)
    torch.manual_seed(0)
    return SpectrumModel.untrained(start, X, latent_dim=4)


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


def test_penalty_agrees_with_finite_differences():
    torch.manual_seed(0)
    critic = Critic(2, 30).double()
    spectrum, code = torch.randn(1, 30).double(), torch.tensor([1])
    penalty = gradient_penalty(critic, spectrum, spectrum, code, 1.0).item()
    step = 1e-6 * torch.eye(30).double()
    codes = code.expand(30)
    with torch.no_grad():
        slopes = (
            critic(spectrum + step, codes) - critic(spectrum - step, codes)
        ) / 2e-6
    assert penalty == pytest.approx((slopes.norm().item() - 1) ** 2, rel=1e-5)


@pytest.mark.parametrize("n_points", [1, 7, 63, 64, 65, 1000])
def test_networks_fit_any_length(n_points):
    means, loadings = torch.randn(2, n_points), torch.randn(2, 3, n_points)
    codes = torch.tensor([0, 1, 1])
    for parts in (loadings, loadings[:, :0]):
        generator = Generator(means, parts, latent_dim=4)
        scores = torch.randn(3, parts.shape[1])
        spectra = generator(scores, torch.randn(3, 4), codes)
        assert spectra.shape == (3, n_points)
        assert Critic(2, n_points)(spectra, codes).shape == (3,)


def test_new_generator_is_the_start():
    means, loadings = torch.randn(2, 40), torch.randn(2, 3, 40)
    generator = Generator(means, loadings, latent_dim=4)
    scores, codes = torch.randn(5, 3), torch.tensor([0, 1, 1, 0, 0])
    spectra = generator(scores, torch.randn(5, 4), codes)
    expected = means[codes] + (scores[:, None] @ loadings[codes])[:, 0]
    torch.testing.assert_close(spectra, expected)


def test_critic_scores_spectra_by_themselves():
    critic, spectra = Critic(2, 40), torch.randn(6, 40)
    codes = torch.tensor([0, 1, 0, 1, 0, 1])
    torch.testing.assert_close(
        critic(spectra, codes)[2:4], critic(spectra[2:4], codes[2:4])
    )


def test_training_moves_the_generator_toward_the_data(rng):
    """A plain network starts at the overall mean and finds the class means."""
    codes = np.repeat([0, 1], 30)
    X = np.where(codes[:, None] == 1, 1.0, -1.0) + 0.1 * rng.standard_normal((60, 32))
    torch.manual_seed(0)
    model = SpectrumModel.untrained(PlainStart(X, codes), X, latent_dim=4)
    settings = WGANGP(batch_size=8, max_iter=300, ema=0.9, n_critic=3)
    train_wgan(model, X, codes, settings, 0, n_iter=300)
    means = [model.synthesize(np.full(200, c), rng).mean() for c in (0, 1)]
    assert means == pytest.approx([-1.0, 1.0], abs=0.2)


def test_training_does_not_touch_the_callers_randomness(data):
    X, codes = data
    model = start_model(X, codes)
    before = torch.get_rng_state()
    train_wgan(model, X, codes, SETTINGS, 0, n_iter=2)
    assert torch.equal(before, torch.get_rng_state())


def test_judge_can_stop_training(data):
    X, codes = data
    training = train_wgan(
        start_model(X, codes),
        X,
        codes,
        SETTINGS,
        0,
        n_iter=10,
        judge=lambda iteration, model: iteration == 3,
    )
    assert len(training.steps) == 3 and training.problem is None


def test_critic_and_optimizers_can_be_others(data):
    X, codes = data
    model, trained = start_model(X, codes), []

    def make_optimizer(network, settings):
        trained.append(network)
        return torch.optim.SGD(network.parameters(), lr=settings.lr)

    critic = train_wgan(
        model,
        X,
        codes,
        SETTINGS,
        0,
        n_iter=2,
        make_critic=lambda n_classes, n_points: LinearCritic([0.0] * n_points),
        make_optimizer=make_optimizer,
    ).critic
    assert isinstance(critic, LinearCritic) and critic.slope.abs().sum() > 0
    assert [type(network) for network in trained] == [Generator, LinearCritic]


def test_divergence_is_noticed(data):
    X, codes = data
    wild = clone(SETTINGS).set_params(lr=50.0)
    training = train_wgan(start_model(X, codes), X, codes, wild, 0, n_iter=10)
    assert training.problem
    assert 0 < len(training.steps) < 10


def test_plain_start_knows_the_overall_mean_only(data, rng):
    X, y = data
    start = PlainStart(X, y)
    scores, offset = start.draw(y, rng)
    assert scores.shape == (40, 0) and not offset.any()
    np.testing.assert_allclose(start.means(), [X.mean(axis=0)] * 2)


def test_hold_out_takes_a_share_of_each_class(rng):
    codes = np.repeat([0, 1, 2, 3], [20, 5, 3, 2])
    held_out = hold_out(codes, 0.2, rng)
    assert np.bincount(codes[held_out], minlength=4).tolist() == [4, 1, 1, 0]


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

    def __init__(self, shift, noise=1.0):
        self.shift, self.noise = shift, noise

    def synthesize(self, codes, rng):
        return self.shift + self.noise * rng.standard_normal((len(codes), 20))


def make_judge(rng, **params):
    X = rng.standard_normal((50, 20))
    settings = WGANGP(max_iter=10, **params)
    return Judge(X, np.zeros(50, dtype=int), FakeModel(0.5), 0, settings)


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


def test_judge_refuses_other_noise(rng):
    """A start without any noise would score better than one at the wrong place."""
    quiet = FakeModel(0.0, noise=0.7)
    guarded, free = make_judge(rng), make_judge(rng, warm_start_components=0)
    for judge in (guarded, free):
        judge(1, quiet)
    assert guarded.best_iter == 0
    assert free.best_iter == 1


def test_judge_loses_patience(rng):
    judge = make_judge(rng)
    stops = [judge(i, FakeModel(0.9)) for i in range(1, 5)]
    assert stops == [False, False, False, True]
