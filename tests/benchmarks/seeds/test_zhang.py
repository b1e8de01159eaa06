"""Experiments of Zhang et al. (2020): splits, choices, verdicts, all of it small."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import PLSRegression
from sklearn.metrics import root_mean_squared_error

from benchmarks.seeds.__main__ import run
from benchmarks.seeds._page import page
from benchmarks.seeds._paper import MissingData, Options
from benchmarks.seeds._store import Store
from benchmarks.seeds.zhang import PAPER
from benchmarks.seeds.zhang import _data as data
from benchmarks.seeds.zhang import _maps as maps
from benchmarks.seeds.zhang._claims_accuracy import PARTITIONS, TABLES
from benchmarks.seeds.zhang._claims_maps import MAPS
from benchmarks.seeds.zhang._models import (
    CNN,
    PAPER_NET,
    PLS_MODELS,
    lowest_rmse,
    network,
)
from sklearn_raman.datasets import make_lorentzian_spectra

MEAT = ("Chicken", "Pork", "Turkey")


def write_meat(folder, n_samples=10, n_points=56):
    """Simulated meat in the form of the real one: each sample measured twice."""
    X, y = make_lorentzian_spectra(
        2 * n_samples, n_points=n_points, centers=(10, 30, 45), random_state=0
    )
    np.savez(
        folder / data.MEAT,
        X=X.astype(np.float32),
        y=np.array(MEAT)[y],
        axis=np.linspace(1005, 1868, n_points),
        group=np.char.add("s", (np.arange(len(X)) // 2).astype(str)),
    )
    return folder


@pytest.mark.parametrize("seed", range(3))
def test_parts_are_seven_one_two_and_keep_samples_together(seed):
    y = np.repeat(MEAT, 40)
    samples = np.arange(120) // 2
    for groups in (samples, np.arange(120)):
        parts = data.three_parts(y, groups, seed)
        assert [len(part) for part in parts] == [84, 12, 24]
        assert sorted(np.concatenate(parts)) == list(range(120))
        for part in parts:
            assert len(set(np.unique(y[part], return_counts=True)[1])) == 1
        of_part = [set(groups[part]) for part in parts]
        assert not of_part[0] & of_part[2] and not of_part[1] & of_part[2]


def test_minerals_are_the_two_most_alike():
    rng = np.random.default_rng(0)
    means = rng.standard_normal((4, 50))
    means[3] = means[1] + 0.1 * rng.standard_normal(50)
    X = np.repeat(means, 3, axis=0) + 0.01 * rng.standard_normal((12, 50))
    assert data.most_alike(X, np.repeat(list("abcd"), 3)) == ["b", "d"]


def test_crystals_of_minerals_are_kept_apart():
    minerals = data.two_minerals(2, 16)
    train, valid, test = data.split(minerals, "by sample", 100)
    assert not set(minerals.groups[train]) & set(minerals.groups[test])
    assert not set(minerals.groups[valid]) & set(minerals.groups[test])
    assert minerals.X.shape == (len(minerals.y), len(minerals.wavenumbers))


def test_background_has_the_size_it_says():
    X = np.zeros((400, 300))
    X[:, 150] = 2.0
    added = (data.add_background(X, np.random.default_rng(0)) - X) / 2
    steps = np.linspace(-0.5, 0.5, 300)
    slope, offset = np.polyfit(steps, added.T, 1)
    assert -0.02 <= offset.min() and offset.max() <= data.OFFSET + 0.02
    assert offset.max() > 0.9 * data.OFFSET
    assert np.abs(slope).max() <= data.SLOPE + 0.05
    rest = added - offset[:, None] - slope[:, None] * steps
    np.testing.assert_allclose(rest.std(), data.NOISE, rtol=0.05)


@pytest.mark.parametrize("scale", [True, False])
def test_latent_variables_have_the_lowest_sum_of_errors(scale):
    """As by a fit for each number of them."""
    X, y = make_lorentzian_spectra(15, n_points=60, centers=(20, 40), random_state=0)
    X = X + 0.3 * np.random.default_rng(0).standard_normal(X.shape)
    train, valid = np.arange(0, 30, 2), np.arange(1, 30, 2)
    indicators = (y[:, None] == np.unique(y)).astype(float)

    def error(n):
        pls = PLSRegression(n_components=n, scale=scale)
        pls.fit(X[train], indicators[train])
        return sum(
            root_mean_squared_error(indicators[part], pls.predict(X[part]))
            for part in (train, valid)
        )

    found = lowest_rmse(
        X[train], y[train], X[valid], y[valid], scale=scale, candidates=range(2, 9)
    )
    assert found == min(range(2, 9), key=error)


def test_active_points_of_a_map():
    axis = np.arange(0.0, 100, 10)
    rows = np.eye(10)[[2, 2, 7]]
    active = maps.active_points(rows)
    np.testing.assert_array_equal(active, rows.astype(bool))
    assert maps.touched(active, maps.between(axis, 15, 25)) == pytest.approx(2 / 3)
    # Whatever the place of a window, one of ten points is active.
    assert maps.touched_anywhere(active, axis, (15, 15)) == pytest.approx(0.1)
    assert maps.top_overlap(rows) == pytest.approx(1 / 3)


def test_network_is_the_papers_and_leaves_torchs_generator_alone():
    spectra = data.two_minerals(2, 16)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    model = network(PAPER_NET, "minerals", 0, max_epochs=1)
    model.fit(spectra.X, spectra.y)
    assert torch.equal(torch.rand(3), expected)
    net = model[-1].module_
    assert net.output.bias is None and net.pool.n_bins == 1
    assert len(maps.activations(model[-1])) == 3
    (total,) = {len(found) for found in maps.decision(model, spectra)["scores"]}
    assert total == 2 and maps.decision(model, spectra)["error"] < 1e-4


def test_lines_of_the_page_without_results():
    lines = PAPER.rows({})
    assert len(lines) > 20 and {line.verdict for line in lines} == {"not checked"}
    assert PAPER.sections({}) == ""
    assert PAPER.figures({}, "nowhere") == []


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ((1.0, 1.0), "reproduced"),
        ((0.99, 0.9), "in part"),
        ((0.8, 0.9), "not reproduced"),
    ],
)
def test_verdict_on_accuracy_follows_the_figures(tests, expected):
    records = [
        {
            "how": how,
            "accuracy": {CNN: {"training": 1.0, "validation": 1.0, "test": test}},
        }
        for how, test in zip(("by sample", "random"), tests, strict=True)
    ]
    (claim,) = (c for c in TABLES if "this package's" in c.text)
    line = claim.row({"meat": records})
    assert line.verdict == expected
    assert all(f"{test:.3f}" in line.here for test in tests)


@pytest.mark.parametrize(
    ("turkey", "expected"), [(0.7, "reproduced"), (0.2, "in part")]
)
def test_verdict_on_frequency_follows_the_figures(turkey, expected):
    shares = {"Chicken": 0.9, "Pork": 0.8, "Turkey": turkey}
    classes = [
        {"class": name, "touched": {"1740": share}, "by_chance": 0.1, "highest": 1200}
        for name, share in shares.items()
    ]
    (claim,) = (c for c in MAPS if c.place == "Fig. 5")
    line = claim.row({"meat": [{"maps": {PAPER_NET: {"classes": classes}}}]})
    assert line.verdict == expected
    assert ("Turkey" in line.why) == (expected == "in part")


@pytest.mark.parametrize(
    ("highest", "expected"), [(52.0, "reproduced"), (90.0, "in part")]
)
def test_verdict_on_bands_follows_the_lines_of_the_class(highest, expected):
    axis = np.arange(0.0, 200, 2)
    clean = [np.exp(-(((axis - line) / 6) ** 2)) for line in (50, 120)]
    example = {"wavenumbers": axis, "classes": ["a", "b"], "clean": clean}
    classes = [
        {"class": "a", "highest": highest, "most_alike": -0.2},
        {"class": "b", "highest": 121.0, "most_alike": -0.2},
    ]
    claim = next(c for c in MAPS if c.place == "Fig. 2")
    fit = {"maps": {PAPER_NET: {"classes": classes}}}
    line = claim.row({"minerals": [fit], "minerals example": [example]})
    assert line.verdict == expected
    assert claim.row({"minerals": [fit]}).verdict == "not checked"


def test_verdict_on_partitions_follows_the_spread():
    claim = next(c for c in PARTITIONS if c.place == "Fig. 9")

    def verdict_of(network, pls):
        records = [
            {"tests": [one, one], "pls_test": other}
            for one, other in zip(network, pls, strict=True)
        ]
        return claim.row({claim.experiment: records}).verdict

    assert verdict_of([0.9, 0.91], [0.8, 1.0]) == "reproduced"
    assert verdict_of([0.8, 1.0], [0.9, 0.91]) == "not reproduced"
    assert verdict_of([0.9], [0.9]) == "not checked"


def test_without_meat_it_says_where_to_get_it(tmp_path):
    for folder in (None, tmp_path):
        with pytest.raises(MissingData, match="Quadram"):
            PAPER.experiments[0].tasks(Options(size="tiny", folder=folder))


@pytest.mark.filterwarnings("ignore:No spectrum of", "ignore:Fewer than two fits")
def test_all_of_it_small_and_a_second_run_does_nothing(tmp_path, capsys):
    options = Options(size="tiny", folder=write_meat(tmp_path))
    path = tmp_path / f"{PAPER.number}.json"
    run(PAPER, options, Store(path))
    first = path.read_text()
    assert str(tmp_path) not in first
    capsys.readouterr()
    run(PAPER, options, Store(path))
    assert path.read_text() == first and "100" not in capsys.readouterr().out

    records = json.loads(first)["experiments"]
    assert set(records) == {experiment.name for experiment in PAPER.experiments}
    for name in ("meat", "minerals"):
        (one, _) = records[name].values()
        assert {*PLS_MODELS[name], PAPER_NET} <= set(one["accuracy"])
    text = page([PAPER], tmp_path, tmp_path)
    pictures = list((tmp_path / "images").glob("seeds_003_*.png"))
    assert 4 <= len(pictures) <= 5
    assert all(Path(picture).name in text for picture in pictures)
    assert all(line.here != "not run" for line in PAPER.rows(Store(path).results()))
