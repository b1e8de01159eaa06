"""Guo et al. 2020: folds, figures with a known truth, verdicts, a whole run."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from benchmarks.seeds import _spectra, guo
from benchmarks.seeds.__main__ import run
from benchmarks.seeds._paper import Options
from benchmarks.seeds._store import Store
from benchmarks.seeds.guo._maps import _thinned, against_the_spectrum, rarity
from benchmarks.seeds.guo._models import METHODS, minerals, random_fold
from benchmarks.seeds.guo._size import multiplications, networks, sizes
from benchmarks.seeds.guo._spectra import likeness
from benchmarks.seeds.guo._tables import accuracies, in_words, leads, order

AXIS = np.arange(200.0, 600.0)


def band(position, height):
    """Return a Lorentzian band on `AXIS`."""
    return height / (1 + ((AXIS - position) / 4) ** 2)


def fold_records(**accuracy):
    """Return records of two folds for each method, as a run leaves them."""
    return [
        {
            "data": "rruff",
            "method": method,
            "spectra": spectra,
            "repetition": 0,
            "fold": fold,
            "accuracy": value + 0.001 * fold,
            "n_test": 100,
            "seen_crystals": 1.0,
        }
        for method, value in accuracy.items()
        for spectra in ("paper", "fair")
        for fold in (0, 1)
    ]


def verdicts(results):
    """Return the verdicts of the page by claim."""
    return {row.claim: row.verdict for row in guo.PAPER.rows(results)}


# From end to end ------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the store of a tiny run."""
    store = Store(tmp_path_factory.mktemp("guo") / "002.json")
    run(guo.PAPER, Options(size="tiny"), store)
    return store


def test_tiny_runs_and_goes_on_where_it_stopped(tiny, monkeypatch):
    assert set(tiny.records) == {
        "size",
        *(
            f"bundled_{part}"
            for part in (
                "spectra",
                "settings",
                "deconvolution",
                "new_crystals",
                "random_folds",
            )
        ),
    }
    again = Store(tiny.path)
    monkeypatch.setattr(again, "add", None)  # there is nothing left to do
    run(guo.PAPER, Options(size="tiny"), again)


def test_page_of_a_tiny_run(tiny, tmp_path):
    results = Store(tiny.path).results()
    for row in guo.PAPER.rows(results):
        assert row.verdict in ("reproduced", "in part", "not reproduced", "not checked")
        assert "196 minerals, 3,284 spectra" not in row.data
    assert "bundled" in guo.PAPER.sections(results)
    drawn = guo.PAPER.figures(results, tmp_path)
    assert len(drawn) >= 2
    for name, _ in drawn:
        assert name.startswith("seeds_002_")
        assert 0 < (tmp_path / name).stat().st_size < 200_000


def test_crystals_are_apart_only_where_it_says_so(tiny):
    results = tiny.results()
    for record in results["bundled_new_crystals"]:
        assert record["seen_crystals"] == 0
    for record in results["bundled_random_folds"]:
        assert record["seen_crystals"] > 0.9


def test_maps_of_the_pooling_layer_ignore_the_class(tiny):
    """Known beforehand: the way back does not pass the layers behind."""
    (record,) = tiny.results()["bundled_deconvolution"]
    assert record["deconv"]["other_class"] == pytest.approx(1)
    assert record["deconv"]["forgotten"]["hidden"] == pytest.approx(1)
    assert record["contribution"]["other_class"] < 0.9


def test_rruff_is_skipped_without_its_package(monkeypatch, tmp_path):
    def missing(**_):
        raise ImportError("no pyopenspecy")

    monkeypatch.setattr(_spectra, "fetch_rruff", missing)
    minerals.cache_clear()
    of_rruff = [part for part in guo.PAPER.experiments if part.name == "spectra"]
    paper = replace(guo.PAPER, experiments=of_rruff)
    store = Store(tmp_path / "002.json")
    run(paper, Options(), store)
    minerals.cache_clear()
    assert "sklearn-raman[rruff]" in store.skipped["spectra"]
    assert not store.records


def test_full_run_completes_a_repetition_before_the_next():
    tasks = guo.random_folds(Options(), "bundled")
    assert [t.arguments["fold"] for t in tasks[:5]] == [0, 1, 2, 3, 4]
    assert {t.arguments["method"] for t in tasks} == set(METHODS)
    assert len({t.key for t in tasks}) == len(tasks)
    repetitions = [t.arguments["repetition"] for t in tasks]
    assert repetitions == sorted(repetitions)


# Splits and spectra ---------------------------------------------------------------


def test_random_folds_partition_the_spectra():
    found = minerals("bundled")
    for repetition in (0, 1):
        tests = []
        for fold in range(5):
            train, test = random_fold(found, repetition, fold, 5)
            assert sorted([*train, *test]) == list(range(len(found.target)))
            assert set(found.target[train]) == set(found.target)
            tests.append(test)
        assert sorted(np.concatenate(tests)) == list(range(len(found.target)))
    other = random_fold(found, 0, 4, 5)[1]
    assert list(other) != list(tests[-1])


def test_spectra_of_a_crystal_are_more_alike():
    found = likeness(data="bundled")
    assert found["n_spectra"] == len(minerals("bundled").target)
    assert found["same_crystal"] > found["other_crystal"] > found["other_mineral"]


# Maps -----------------------------------------------------------------------------


def test_rarity_follows_what_other_classes_share():
    """Lines at 300, 400 and 500; two others share the first, one the second."""
    X = np.stack([band(300, 1.0) + band(400, 0.8) + band(500, 0.6)])
    others = [np.array([300.0, 400, 500]), np.array([301.0, 399]), np.array([302.0])]
    rare = np.stack([band(300, 0.1) + band(400, 0.4) + band(500, 0.9)])
    common = np.stack([band(300, 1.0) + band(400, 0.4) + band(500, 0.1)])
    assert rarity(rare, X, AXIS, others, [0]) == pytest.approx(-1)
    assert rarity(common, X, AXIS, others, [0]) == pytest.approx(1)
    assert rarity(X[:, ::-1], band(300, 1.0)[None], AXIS, others, [0]) is None


def test_measures_of_a_map_know_lines_from_background():
    X = np.stack([band(300, 1.0) + band(500, 0.5)])
    itself = against_the_spectrum(X, X, AXIS)
    assert itself["correlation"] == pytest.approx(1)
    assert itself["strongest_line"] == 1
    assert itself["off_lines"] < 0.05 and itself["on_lines"] > 0.5
    beside = against_the_spectrum(band(420, 1.0)[None], X, AXIS)
    assert beside["strongest_line"] == 0
    assert beside["on_lines"] < itself["on_lines"]
    flat = against_the_spectrum(np.ones_like(X), X, AXIS)
    assert flat["off_lines"] == pytest.approx(1)
    assert flat["on_lines"] == pytest.approx(flat["chance"])


def test_pictures_keep_the_highest_points():
    rows = np.array([[0.0, 4, 1, -8, 0, 2, 9]])
    np.testing.assert_allclose(_thinned(rows, 2), [[0.444, -0.889, 0.222]])
    assert np.abs(_thinned(rows[:, :6], 3)).max() == 1


# Size -----------------------------------------------------------------------------


def test_multiplications_of_known_layers():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(1, 3, (1, 5), padding=(0, 2))
            self.last = nn.Linear(30, 4)

        def forward(self, x):
            return self.last(self.first(x[:, None, None]).flatten(1))

    assert multiplications(Net(), torch.zeros(1, 10)) == 10 * 3 * 5 + 30 * 4


def test_networks_of_one_width_give_as_many_maps():
    found = networks()
    x = torch.zeros(1, 1360)
    shapes = {found[name].eval().features(x).shape for name in ("FMCNN", "plain")}
    assert len(shapes) == 1


def test_sizes_leave_torch_alone():
    state = torch.get_rng_state()
    found = sizes(n_rounds=2)
    assert torch.equal(state, torch.get_rng_state())
    fire, plain = found["FMCNN"], found["plain"]
    gap = plain["parameters"] - fire["parameters"]
    assert gap == plain["block_parameters"] - fire["block_parameters"]


# Rows -----------------------------------------------------------------------------


def test_rows_without_results(tmp_path):
    assert set(verdicts({}).values()) == {"not checked"}
    assert guo.PAPER.sections({}) == ""
    assert guo.PAPER.figures({}, tmp_path) == []


def test_verdicts_follow_the_figures():
    reached = "FMCNN, accuracy in 10 times 10 random folds"
    best = "FMCNN is better than each of the four classical methods"
    second = "the linear SVM is second, 2.4 points below FMCNN"
    last = "LDA is last, 15 points below FMCNN"
    others = {"KNN": 0.95, "Random forest": 0.94}
    as_paper = fold_records(FMCNN=0.988, SVM=0.964, LDA=0.838, **others)
    found = verdicts({"random_folds": as_paper})
    assert {found[claim] for claim in (reached, best, second, last)} == {"reproduced"}

    svm_first = fold_records(FMCNN=0.98, SVM=0.99, LDA=0.93, **others)
    found = verdicts({"random_folds": svm_first})
    assert found[reached] == "not reproduced"
    assert found[best] == found[second] == found[last] == "in part"

    knn_first = fold_records(FMCNN=0.9, SVM=0.95, LDA=0.97, KNN=0.99)
    found = verdicts({"random_folds": knn_first})
    assert found[best] == found[second] == found[last] == "not reproduced"


def test_methods_are_compared_on_common_folds():
    records = fold_records(FMCNN=0.9, SVM=0.8)
    records += [{**records[-1], "fold": 2, "accuracy": 0.0}]  # of the SVM only
    scores = accuracies(records)
    assert leads(scores, "fair", "FMCNN")["SVM"] == pytest.approx(0.1)
    assert leads(scores, "fair", "SVM")["FMCNN"] == pytest.approx(-0.1)
    assert leads(scores, "fair", "KNN").empty
    assert in_words(scores["fair", "SVM"]).endswith("(3 folds, 1 of 10 repetitions)")
    assert "FMCNN 0.901 (of 2 only)" in order(scores, "fair")
    assert "KNN" in order(scores, "fair").split(";")[1]


def test_a_method_with_few_folds_does_not_shorten_the_comparison_of_spreads():
    records = fold_records(FMCNN=0.9, SVM=0.8, KNN=0.8)
    records = [r for r in records if r["method"] != "KNN" or r["fold"] == 0]
    rows = guo.PAPER.rows({"random_folds": records})
    (spread,) = [row for row in rows if row.place == "Fig. 4"]
    assert "SVM" in spread.here and "KNN" not in spread.here


def test_draws_are_called_draws():
    frame = pd.DataFrame(fold_records(FMCNN=0.9)).drop(columns=["repetition", "fold"])
    frame["seed"] = [100, 101, 100, 101]
    scores = accuracies(frame.to_dict("records"))
    assert in_words(scores["paper", "FMCNN"]).endswith("(2 draws)")


@pytest.mark.parametrize(
    "svm, expected",
    [
        ([0.80, 0.81, 0.80], "reproduced"),
        ([0.80, 1.00, 0.85], "in part"),  # first, by chance
        ([0.95, 0.95, 0.96], "not reproduced"),
    ],
)
def test_being_first_on_new_crystals_needs_more_than_chance(svm, expected):
    records = [
        {
            "data": "rruff",
            "method": method,
            "spectra": spectra,
            "seed": seed,
            "accuracy": value,
        }
        for spectra in ("paper", "fair")
        for method, values in {"FMCNN": [0.9, 0.91, 0.9], "SVM": svm}.items()
        for seed, value in enumerate(values)
    ]
    rows = guo.PAPER.rows({"new_crystals": records})
    assert [row.verdict for row in rows if row.place == "Conclusion"] == [expected]
