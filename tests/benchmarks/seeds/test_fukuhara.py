"""Fukuhara et al. 2019: splits, noise, measures of maps, verdicts, and a tiny run."""

import copy

import numpy as np
import pandas as pd
import pytest

from benchmarks.seeds import fukuhara
from benchmarks.seeds.__main__ import run
from benchmarks.seeds._paper import MissingData, Options
from benchmarks.seeds._store import Store
from benchmarks.seeds.fukuhara import _lines as lines
from benchmarks.seeds.fukuhara import _mixing as mixing
from benchmarks.seeds.fukuhara import _simulation as simulation
from benchmarks.seeds.fukuhara import _small as small
from benchmarks.seeds.fukuhara._summary import clearly_above, differences, take
from sklearn_raman.datasets import fetch_rruff, make_lorentzian_spectra

pytestmark = [
    pytest.mark.filterwarnings("ignore:No spectrum of"),
    pytest.mark.filterwarnings("ignore:Only one sample available"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with made-up acids in the form of the real ones."""
    path = tmp_path_factory.mktemp("spectra")
    X, y = make_lorentzian_spectra(
        4, centers=(150, 400, 700), fwhm=12, noise=0.005, random_state=0
    )
    names = np.array(["a", "b", "c"])[y]
    axis = np.linspace(267, 2004, 1024)
    np.savez(path / mixing.AMINO_ACIDS, X=X + 0.1, y=names, axis=axis)
    return path


@pytest.fixture(scope="module")
def store(folder, tmp_path_factory):
    """Results of the tiny run."""
    store = Store(tmp_path_factory.mktemp("results") / "001.json")
    run(fukuhara.PAPER, Options(size="tiny", folder=folder), store)
    return store


def test_tiny_run_is_complete_and_resumes(store, folder, capsys):
    results = store.results()
    names = {experiment.name for experiment in fukuhara.PAPER.experiments}
    assert names - set(results) == {"small_training_set"}  # it has no tiny tasks
    text = store.path.read_text()
    assert str(folder) not in text
    again = Store(store.path)
    run(fukuhara.PAPER, Options(size="tiny", folder=folder), again)
    assert " s\n" not in capsys.readouterr().out.replace(" there\n", "")
    assert store.path.read_text() == text


def test_page_parts_from_records(store, tmp_path):
    results = store.results()
    rows = fukuhara.PAPER.rows(results)
    assert {row.place for row in rows} >= {"Fig. 1", "Fig. 3", "Fig. S4", "Fig. 7"}
    assert all("nan" not in row.here for row in rows if row.place == "Fig. S4")
    assert "crystals kept apart" in fukuhara.PAPER.sections(results)
    for name, caption in fukuhara.PAPER.figures(results, tmp_path):
        assert name.startswith("seeds_001_") and caption
        assert (tmp_path / name).stat().st_size < 300_000


@pytest.mark.parametrize("name", [e.name for e in fukuhara.PAPER.experiments])
def test_page_copes_with_one_experiment(store, tmp_path, name):
    results = {key: value for key, value in store.results().items() if key == name}
    assert all(row.verdict for row in fukuhara.PAPER.rows(results))
    fukuhara.PAPER.sections(results)
    fukuhara.PAPER.figures(results, tmp_path)


def test_nothing_run():
    assert {row.verdict for row in fukuhara.PAPER.rows({})} == {"not checked"}
    assert fukuhara.PAPER.sections({}) == ""


@pytest.mark.parametrize(
    ("network", "svm", "expected"),
    [(0.95, 0.9, "reproduced"), (0.9, 0.905, "in part"), (0.9, 0.95, "not")],
)
def test_verdict_against_svm_follows_the_accuracies(store, network, svm, expected):
    results = copy.deepcopy(store.results())
    for record in results["small_training_set_bundled"]:
        for name in small.PAPER_CNN, small.CNN:
            record["accuracy"][name] = {"random": network, "by_crystal": network}
        for name in small.PCA_SVM, small.PCA_SVM_SNV:
            record["accuracy"][name] = {"random": svm, "by_crystal": svm}
    rows = [r for r in fukuhara.PAPER.rows(results) if r.place == "Fig. S4"]
    assert len(rows) == 2
    assert all(row.verdict.startswith(expected) for row in rows)


def filter_records(width_of_size, mass_of_number):
    """Return made-up records of Figure 2 for three seeds."""
    settings = [(size, 64) for size in width_of_size]
    settings += [(8, number) for number in mass_of_number if number != 64]
    return [
        {
            "kernel_size": size,
            "n_filters": number,
            "seed": seed,
            "accuracy": 1.0,
            "training_loss": 0.1,
            **{
                placed: {
                    "width": width_of_size[size] + 0.01 * seed,
                    "mass": mass_of_number.get(number, 0.5) / size,
                    "pointing": 1.0,
                    "background": 0.002,
                }
                for placed in simulation.UPSAMPLE
            },
        }
        for size, number in settings
        for seed in range(3)
    ]


def test_verdicts_of_filters_follow_the_widths():
    numbers = {8: 0.5, 64: 0.6, 256: 0.7}
    for widths, sharper, best in (
        ({2: 12, 4: 9, 8: 15, 128: 90}, "reproduced", "in part"),
        ({2: 6, 4: 9, 8: 95, 128: 90}, "in part", "not reproduced"),
    ):
        results = {"filters": filter_records(widths, numbers)}
        rows = {row.claim[:12]: row for row in fukuhara.PAPER.rows(results)}
        assert rows["the map gets"].verdict == sharper
        assert rows["a filter abo"].verdict == best
        assert rows["the more fil"].verdict == "in part"  # heavier, no narrower
        assert rows["64 filters a"].verdict == "reproduced"


def test_network_is_the_papers():
    for n_points, n_classes in ((1451, 9), (1024, 3), (701, 20)):
        found = simulation.network(n_points, n_classes)
        assert found["n_weights"] == found["by_hand"]
    assert simulation.network(1451, 9)["units"] == [1451, 726, 363]


def test_draws_keep_signals_and_crystals():
    data = small.nine_minerals("bundled")
    assert set(data.y) == set(small.MINERALS)
    drawn = small.draw_spectra(data.y, data.groups, 14, seed=3)
    groups = pd.Series(data.groups[drawn["row"]])
    assert drawn["row"].is_unique
    assert (pd.Series(data.y[drawn["row"]]).value_counts() == 14).all()
    for _, part in drawn[drawn["train"]].groupby(data.y[drawn["row"]][drawn["train"]]):
        assert sorted(part["signal"]) == sorted(small.SIGNALS)
    assert set(drawn["signal"]) <= set(small.SIGNALS)
    assert not drawn["new_crystal"][drawn["train"]].any()
    assert not set(groups[drawn["train"]]) & set(groups[drawn["new_crystal"]])
    seen = ~drawn["train"] & ~drawn["new_crystal"]
    assert set(groups[seen]) <= set(groups[drawn["train"]])
    other = small.draw_spectra(data.y, data.groups, 14, seed=4)
    assert not np.array_equal(drawn["row"], other["row"])


def test_noise_has_the_ratio():
    data = small.small_set("bundled", 1, 10, 20.0)
    noise = data.X.to_numpy() - data.clean
    ratio = data.clean.max(axis=1) / noise.std(axis=1)
    np.testing.assert_allclose(ratio, 20 * data.drawn["signal"], rtol=0.1)


def test_minerals_are_those_of_the_rule():
    pytest.importorskip(
        "pyopenspecy", reason="the rule is about all of RRUFF's spectra"
    )
    data = fetch_rruff(
        wavenumbers=small.GRID, full_coverage=True, min_spectra=44, min_crystals=6
    )
    assert tuple(data.target_names) == small.MINERALS


def test_maps_on_and_beside_lines():
    clean, _ = make_lorentzian_spectra(2, n_points=1024, noise=0, random_state=0)
    on = (clean > 0.5).astype(float)
    beside = np.roll(on, 200, axis=1)
    found = lines.map_levels(
        np.vstack([on, beside]), np.tile(clean, (2, 1)), np.tile(clean, (2, 1))
    )
    half = len(on)
    assert (found["on_lines"][:half] == 1).all()
    assert (found["on_lines"][half:] == 0).all()
    assert (found["background"][:half] == 0).all()
    assert (found["background"][half:] > 0).all()
    assert lines.lines_of(np.arange(1024.0), clean[0]).tolist() == [100.0]


def test_lines_that_stand_out():
    _, _, truth = make_lorentzian_spectra(
        5, n_distractors=3, return_truth=True, noise=0, random_state=0
    )
    channels = np.arange(1024.0)
    far = [  # one whose random lines are clear of the class's
        row
        for row, center in enumerate(truth.centers)
        if np.abs(truth.distractors[row] - center).min() > 40
    ]
    part = type(truth)(centers=truth.centers[far], distractors=truth.distractors[far])
    every = truth.clean[far]
    own = np.exp(-(((channels - part.centers[:, None]) / 4) ** 2))
    found = simulation.lines_shown(every, part)
    assert (found["random_shown"], found["class_shown"]) == (1, 1)
    assert found["only_random"] == 0
    assert simulation.lines_shown(own, part)["random_shown"] == 0
    without = every * (np.abs(channels - part.centers[:, None]) > 20)
    assert simulation.lines_shown(without, part)["only_random"] == 1
    upside_down = simulation.lines_shown(1 - every, part)
    assert (upside_down["random_shown"], upside_down["class_shown"]) == (0, 0)


def test_width_and_background_of_a_map():
    channels = np.arange(1024)
    maps = np.where(np.abs(channels - 500) <= 3, 1.0, 0.01)[None]
    assert simulation.half_widths(maps).tolist() == [7]
    assert simulation.background(maps, np.array([500])) == pytest.approx(0.01)


def test_kinds_of_lines():
    kinds = mixing.kinds_of_lines(
        np.array([500.0, 700.0]), np.array([705.0, 900.0]), np.array([900.0])
    )
    assert kinds["major"].tolist() == [500] and kinds["both"].tolist() == [700]
    assert kinds["minor"].tolist() == [900]
    assert kinds["strongest of the minor"].tolist() == [900]
    curve = np.where(np.arange(1000.0) >= 890, -1.0, 1.0)
    heights = mixing.heights_at(curve, np.arange(1000.0), np.array([500.0, 900.0]))
    assert heights.tolist() == [1, -1]


def test_shares_by_ratio():
    found = mixing.right_by_ratio(
        np.array([True, True, False, False]),
        np.array([0.1, 0.15, 0.45, 0.5]),
        (0.1, 0.5),
    )
    assert found["right"][0] == 1 and found["right"][-1] == 0
    assert np.isnan(found["right"][1])


def test_pure_spectra_come_from_different_measurements(folder):
    acids = mixing.pure_acids(str(folder))
    assert len(acids.train[0]) == len(acids.test[0]) == 6
    assert len(np.unique(np.vstack([acids.train[0], acids.test[0]]), axis=0)) == 12
    assert acids.train[0].shape[1] == 1451 == len(acids.wavenumbers)
    minerals = mixing.pure_minerals(4)
    assert len(minerals.train[0]) == 4
    rows = {spectrum.tobytes() for spectrum in minerals.others[0]}
    assert not rows & {spectrum.tobytes() for spectrum in minerals.train[0]}


@pytest.mark.parametrize("place", [None, "somewhere"])
def test_acids_that_are_missing_are_named(place, tmp_path):
    with pytest.raises(MissingData, match="MIT"):
        mixing.pure_acids(None if place is None else tmp_path / place)


def test_comparisons_are_between_equal_seeds():
    first = [{"seed": s, "a": 1.0 + s} for s in range(4)]
    second = [{"seed": s, "a": 0.9 + s} for s in (3, 1, 2)]
    np.testing.assert_allclose(differences(first, second, "a"), 0.1)
    assert clearly_above(first, second, "a") and not clearly_above(second, first, "a")
    assert take([{"a": None}, {"a": [1.0, None]}], "a").tolist() == [1.0]
