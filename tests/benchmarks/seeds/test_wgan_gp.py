"""The poster's experiments: splits, networks, verdicts, and a tiny run of all."""

import json

import numpy as np
import pytest
import torch

from benchmarks.seeds.__main__ import run
from benchmarks.seeds._paper import MissingData, Options
from benchmarks.seeds._store import Store
from benchmarks.seeds.wgan_gp import PAPER, amino_acid_tasks
from benchmarks.seeds.wgan_gp import _classifiers as classifiers
from benchmarks.seeds.wgan_gp import _data as data
from benchmarks.seeds.wgan_gp import _networks as networks
from benchmarks.seeds.wgan_gp import _quality as quality
from benchmarks.seeds.wgan_gp._results import paired
from benchmarks.seeds.wgan_gp._tasks import PLAIN

TINY = Options(size="tiny")
CLASSES = np.repeat([0, 1], 12)


@pytest.fixture
def lines():
    """Two classes of spectra: a line each, with noise."""
    points = np.arange(60)
    centres = np.where(CLASSES == 0, 20, 40)[:, None]
    noise = np.random.RandomState(0).standard_normal((24, 60))
    return np.exp(-(((points - centres) / 4) ** 2)) + 0.05 * noise


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Results of the whole paper in its smallest size."""
    store = Store(tmp_path_factory.mktemp("seeds") / "004.json")
    run(PAPER, TINY, store)
    return store


def test_tiny_runs_and_a_second_run_does_nothing(tiny, capsys):
    before = tiny.path.read_text()
    run(PAPER, TINY, tiny)
    assert tiny.path.read_text() == before
    assert "amino_acids6.npz" in tiny.skipped["indistinguishable amino acids"]
    ran = {experiment.name for experiment in PAPER.experiments} - set(tiny.skipped)
    assert ran == set(tiny.records)


def test_rows_figures_and_tables_of_a_run(tiny, tmp_path):
    results = tiny.results()
    rows = PAPER.rows(results)
    verdicts = {"reproduced", "in part", "not reproduced", "not checked"}
    assert {row.verdict for row in rows} <= verdicts
    unchecked = [row.claim for row in rows if row.verdict == "not checked"]
    assert unchecked == [
        "Unequal numbers of spectra of the classes lead to overfitting"
    ]
    assert "| real training spectra |" in PAPER.sections(results)
    pictures = PAPER.figures(results, tmp_path)
    assert len(pictures) == 4
    assert all((tmp_path / name).stat().st_size for name, _ in pictures)


@pytest.mark.parametrize("left_out", [e.name for e in PAPER.experiments])
def test_rows_cope_with_missing_experiments(tiny, left_out, tmp_path):
    results = {k: v for k, v in tiny.results().items() if k != left_out}
    assert len(PAPER.rows(results)) > 10
    assert isinstance(PAPER.sections(results), str)


def test_nothing_was_run(tmp_path):
    assert {row.verdict for row in PAPER.rows({})} == {"not checked"}
    assert PAPER.sections({}) == ""
    assert PAPER.figures({}, tmp_path) == []


def test_verdicts_follow_the_figures(tiny):
    """A network that passes or fails the poster's test, in the same records."""
    for index, expected in ((0.0, "reproduced"), (1.0, "not reproduced")):
        results = json.loads(json.dumps(tiny.results()))
        for record in results["indistinguishable"]:
            record["scores"][PLAIN]["poster_ari"] = index
        (found,) = (
            row.verdict
            for row in PAPER.rows(results)
            if row.claim.startswith("PCA and K-means") and "simulated" in row.data
        )
        assert found == expected


def test_verdict_on_the_penalty_needs_every_rival(tiny):
    results = json.loads(json.dumps(tiny.results()))
    for name in ("networks", "constraints"):  # several seeds from one
        results[name] = [
            {**record, "seed": seed} for record in results[name] for seed in range(4)
        ]
    for record in [*results["networks"], *results["constraints"]]:
        distance = 1.0 if record["clip"] is None else 9.0
        record["scores"]["frechet_distance"] = distance + 0.01 * record["seed"]
    claim = "A gradient penalty makes better spectra"
    assert _verdict(results, claim) == "reproduced"
    for record in results["constraints"]:
        if record["optimizer"] == "RMSprop" and record["clip"]:
            record["scores"]["frechet_distance"] = 0.5
    assert _verdict(results, claim) == "in part"


def test_runs_with_more_iterations_are_not_mixed_with_the_others(tiny):
    results = json.loads(json.dumps(tiny.results()))
    (minerals,) = results["indistinguishable minerals"]
    longer = json.loads(json.dumps({**minerals, "n_iter": 50}))
    longer["scores"][PLAIN]["poster_ari"] = 0.0
    minerals["scores"][PLAIN]["poster_ari"] = 1.0
    results["indistinguishable minerals"].append(longer)
    found = {
        "50 iterations" in row.data: row.verdict
        for row in PAPER.rows(results)
        if row.claim.startswith("PCA and K-means") and "minerals" in row.data
    }
    assert found == {True: "reproduced", False: "not reproduced"}


def _verdict(results, claim):
    (found,) = (r.verdict for r in PAPER.rows(results) if r.claim.startswith(claim))
    return found


def test_amino_acids_say_where_they_come_from(tmp_path):
    for folder in (None, tmp_path):
        with pytest.raises(MissingData, match=r"(?s)785 nm.*MIT.*\(60, 1024\)"):
            amino_acid_tasks(Options(size="tiny", folder=folder))


def test_results_do_not_name_the_folder(tmp_path):
    (tmp_path / data.sources.AMINO_ACIDS).touch()
    tasks = amino_acid_tasks(Options(size="tiny", folder=tmp_path))
    assert not any(str(tmp_path) in task.key for task in tasks)


def test_mineral_sets_keep_crystals_apart():
    X, _, groups, _ = data.minerals(16)
    crystal = {row.tobytes(): group for row, group in zip(X, groups, strict=True)}
    sets = data.mineral_sets(0, n_classes=3, step=16)
    train, test = ({crystal[row.tobytes()] for row in s[0]} for s in sets[:2])
    assert train and test and not train & test


def test_simulated_sets_have_the_sizes_asked_for():
    sets = data.simulated_sets(0, n_train=4, n_test=3, step=8)
    assert np.bincount(sets.train[1]).tolist() == [4, 4]
    assert np.bincount(sets.test[1]).tolist() == [3, 3]
    assert sets.train[0].max(axis=1) == pytest.approx(np.ones(8))
    assert sets.axis[[0, -1]].tolist() == [400.0, 1392.0]


def test_more_crystals_hold_the_fewer_ones():
    y = np.repeat(np.arange(3), 12)
    groups = np.array([f"{label}-{n // 2}" for n, label in enumerate(y)])
    training, test = classifiers.nested_crystals(y, groups, seed=0)
    for n, rows in training.items():
        assert len(set(groups[rows])) == 3 * n
        assert not set(groups[rows]) & set(groups[test])
    assert set(training[2]) < set(training[3]) < set(training[4])


def test_poster_test_sees_a_shift_and_passes_what_only_has_the_mean(lines):
    rng = np.random.RandomState(0)
    counts = {0: 12, 1: 12}
    real = lines, CLASSES
    shifted = lines + 5 * np.sin(np.arange(60)), CLASSES
    assert quality.poster_test(real, shifted, 0) == 1.0
    noise = quality.CONTROLS[quality.MEAN_AND_NOISE](*real, counts, 0)[0]
    assert quality.poster_test(real, (noise, CLASSES), 0) < 0.3
    assert quality.likeness(real, real) > quality.likeness(
        real, (lines + rng.standard_normal(lines.shape), CLASSES)
    )


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_networks_are_trained_and_repeat_exactly(lines, name):
    variant = networks.Variant(name)
    state = torch.get_rng_state()
    made = []
    for _ in range(2):
        model, history, problem = networks.train(variant, lines, CLASSES, 0, n_iter=3)
        made.append(networks.synthesize(model, CLASSES, 0))
        assert len(history) == 3 and problem == ""
    assert np.array_equal(*made) and made[0].shape == lines.shape
    assert torch.equal(state, torch.get_rng_state())


def test_clipped_weights_stay_within_the_limit(lines):
    limits = []

    def probe(iteration, model, critic):
        limits.append(max(p.abs().max().item() for p in critic.parameters()))

    for clip in (0.01, None):
        variant = networks.Variant(clip=clip, optimizer="RMSprop", lr=1e-3)
        networks.train(variant, lines, CLASSES, 0, n_iter=1, probe=probe)
    assert limits[0] == pytest.approx(0.01)
    assert limits[1] > 0.05


def test_slope_of_a_linear_critic():
    class Linear(torch.nn.Module):
        def forward(self, spectra, codes):
            return 3.0 * spectra[:, 0] + 4.0 * spectra[:, 1]

    real, fake = torch.zeros(5, 2), torch.ones(5, 2)
    codes = torch.zeros(5, dtype=int)
    slope = networks.critic_slope(Linear(), real, fake, codes, seed=0)
    assert slope == pytest.approx(5.0)


def test_parameters_of_the_dense_networks():
    """Counted by hand: weights and biases, and embeddings of two classes."""
    generator = 2 * 8 + (32 + 8) * 64 + 64 + 64 * 100 + 100
    critic = 100 * 64 + 64 + 64 + 1 + 2 * 64
    variant = networks.Variant("fully connected, small")
    assert networks.n_parameters(variant, 100) == [generator, critic]


def test_paired_difference_by_its_definition():
    first = [{"seed": s, "value": v} for s, v in ((0, 1.0), (1, 3.0), (2, 5.0))]
    second = [{"seed": s, "value": v} for s, v in ((2, 4.0), (0, 1.0), (1, 1.0))]
    mean, low, high = paired(first, second, lambda record: record["value"])
    reach = 4.302652729911275 / np.sqrt(3)  # t of two degrees of freedom
    assert (mean, low, high) == pytest.approx((1.0, 1.0 - reach, 1.0 + reach))
    assert paired(first[:1], second, lambda r: r["value"])[1:] == (-np.inf, np.inf)
