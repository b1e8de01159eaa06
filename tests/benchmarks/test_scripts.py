"""Every script in benchmarks/ that needs no extra data runs in its quick mode."""

import json
import types
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from benchmarks import (
    _over_sampling,
    _over_sampling_downstream,
    _over_sampling_vae,
    _random_convolution,
    bench_accuracy,
    bench_axis,
    bench_baseline,
    bench_explain,
    bench_first_call,
    bench_maps,
    bench_over_sampling,
    bench_training,
    bench_trust,
    check_baselines,
    check_despiker,
    compare_minerals,
)
from sklearn_raman.datasets import (
    load_minerals,
    make_lorentzian_spectra,
    make_raman_spectra,
)
from sklearn_raman.neural_network import CNN


def coarse(model):
    """Give a model of the minerals a grid of 8 cm-1 in the place of 2."""
    grids = [n for n in model.get_params() if n.endswith("r__target_wavenumbers")]
    return model.set_params(**dict.fromkeys(grids, (150, 1508, 8)))


def test_compare_minerals_quick(tmp_path, capsys, monkeypatch):
    """Both protocols, with a network and a quick search; all models are below."""
    listed = compare_minerals.models

    def models(n_inner, *, quick):
        found = listed(n_inner, quick=quick)
        return {name: coarse(found[name]) for name in ("CNN", "KNN")}

    monkeypatch.setattr(compare_minerals, "models", models)
    compare_minerals.main(["--quick", "--n-jobs", "1", "--output", str(tmp_path)])
    printed = capsys.readouterr().out
    assert printed.count("\nCNN ") == 2 and printed.count("\nKNN chose") == 2
    for page in ("new_crystals.html", "few_and_noisy.html"):
        assert "<html" in (tmp_path / page).read_text()


@pytest.mark.parametrize("name", ["SVM", "PLS-LDA", "KNN", "LDA", "Random forest"])
def test_models_of_compare_minerals(name):
    minerals = load_minerals(as_frame=True)
    chosen = minerals.target < 3
    X, y = minerals.data[chosen], minerals.target[chosen]
    model = coarse(compare_minerals.models(2, quick=True)[name])
    grouped = {"groups": minerals.groups[chosen]} if hasattr(model, "cv") else {}
    assert model.fit(X, y, **grouped).score(X, y) > 0.9


def test_bench_training_quick(monkeypatch, capsys):
    monkeypatch.setattr(bench_training, "write_results", None)
    bench_training.main(["--quick"])
    printed = capsys.readouterr().out
    for contestant in ("plain Conv1d + Adam", "bare torch", "skorch, not augmented"):
        assert contestant in printed


def test_bench_training_compares_the_same():
    """The plain network has the layers of `CNN`, with one channel that comes in."""
    ours = sum(p.numel() for p in CNN(101, 3, derivative=False).parameters())
    plain = bench_training.plain_cnn(101, 3, 64)
    assert sum(p.numel() for p in plain.parameters()) == ours


def test_bench_maps_quick(capsys):
    bench_maps.main(["--quick"])
    found = json.loads(capsys.readouterr().out)
    assert found["same"]["GAP-CNN"]["labels_that_differ"] == 0
    assert found["same"]["GAP-CNN"]["explanation"] < 1e-5
    assert min(found["stages"]["GAP-CNN"].values()) > 0


def test_bench_accuracy(monkeypatch, tmp_path, capsys):
    """The whole way on simulated samples, measured twice each; what is done is kept."""
    X, y = make_lorentzian_spectra(10, n_points=60, centers=(15, 45), random_state=0)
    archive = {"X": X, "y": y, "axis": 1000.0 + np.arange(60)}
    np.savez(tmp_path / "meat_mir.npz", **archive, group=np.arange(20) // 2)
    written = []
    monkeypatch.setattr(
        bench_accuracy, "write_results", lambda name, figures: written.append(figures)
    )
    monkeypatch.setattr(bench_accuracy, "SMALL", (2,))
    monkeypatch.setattr(bench_accuracy, "RESULTS", tmp_path)
    options = ["--n-jobs", "1", "--data", str(tmp_path), "--sets", "meat"]
    bench_accuracy.main([*options, "--quick", "--models", "LDA, derivative"])
    assert "LDA, derivative" in capsys.readouterr().out and not written
    coffee = bench_accuracy.SETS["coffee"]
    monkeypatch.setattr(bench_accuracy, "SETS", {"meat": bench_accuracy.meat})
    options += ["--cache", str(tmp_path / "cache"), "--models", "LDA, derivative"]
    bench_accuracy.main(options)
    monkeypatch.setattr(bench_accuracy, "evaluate", None)  # nothing is left to do
    bench_accuracy.main(options)
    assert written[0] == written[1]
    (row,) = written[0]["meat"]["summary"]
    assert row["accuracy"] == 1 and row["log_loss"] < 0.2
    assert len(written[0]["meat"]["folds"]) == 5
    assert "not run" in bench_accuracy.table(written[0])
    # A model that is not in the cache keeps its figures, and so does a set whose file
    # is not at hand.
    monkeypatch.setitem(bench_accuracy.SETS, "coffee", coffee)
    before = json.dumps(written[0], default=float).replace("LDA, derivative", "CNN")
    before = {"versions": {}, **json.loads(before), "coffee": {"title": "coffee"}}
    (tmp_path / "accuracy.json").write_text(json.dumps(before))
    bench_accuracy.main(options)
    assert list(written[2]) == ["meat", "coffee"]
    assert written[2]["coffee"] == before["coffee"]
    part = written[2]["meat"]
    assert {row["model"] for row in part["summary"]} == {"LDA, derivative", "CNN"}
    assert len(part["folds"]) == 10
    verdict = "CNN level with LDA, derivative: +0.000 [+0.000, +0.000] over splits"
    assert bench_accuracy.verdict(part) == verdict


def test_temperature_and_calibration_error_of_bench_accuracy():
    """Against scikit-learn's temperature scaling, and by hand."""
    X, y = make_lorentzian_spectra(
        20, noise=0.9, centers=(5, 20, 35), n_points=40, random_state=0
    )
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
    search = GridSearchCV(lda, {"shrinkage": [0.1]}, cv=2).fit(X, y)
    found = bench_accuracy.learn_temperature(search, pd.DataFrame(X), y, None)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    theirs = CalibratedClassifierCV(lda, method="temperature", cv=folds, ensemble=False)
    theirs = theirs.fit(X, y).calibrated_classifiers_[0].calibrators[0].beta_
    assert found == pytest.approx(theirs, rel=0.02)
    error = bench_accuracy.calibration_error([0.9, 0.9, 0.5, 0.5], [1, 0, 1, 1])
    assert error == pytest.approx((0.4 + 0.5) / 2)


def test_random_convolution_counts_shares(rng):
    """Above a filter's median in half of all points, in the segments together."""
    X = rng.normal(size=(30, 64))
    features = _random_convolution.RandomConvolution((1, 4), n_segments=4)
    shares = features.fit_transform(X)
    assert shares.shape == (30, 84 * 2 * 4) and len(features.get_feature_names_out())
    assert ((0 <= shares) & (shares <= 1)).all()
    np.testing.assert_allclose(shares.mean(), 0.5, atol=0.05)


@pytest.mark.parametrize(
    "script, name",
    [(bench_accuracy, "accuracy"), (bench_over_sampling, "over_sampling")],
)
def test_table_of_the_docs_is_the_committed_result(script, name):
    figures = json.loads((script.RESULTS / f"{name}.json").read_text())
    figures.pop("versions")
    assert script.table(figures) in script.PAGE.read_text("utf-8")


def test_bench_trust_quick(monkeypatch, tmp_path, capsys):
    """Detectors on the bundled minerals, sets on simulated samples."""
    X, y = make_lorentzian_spectra(20, n_points=120, centers=(30, 90), random_state=0)
    archive = {"X": X, "y": y, "axis": 1000.0 + np.arange(120)}
    np.savez(tmp_path / "meat_mir.npz", **archive, group=np.arange(40) // 2)
    monkeypatch.setattr(bench_trust, "write_results", None)
    options = ["--quick", "--folds", "2", "--data", str(tmp_path)]
    bench_trust.main([*options, "--parts", "minerals", "meat"])
    printed = capsys.readouterr().out
    for row in ("auroc", "PLS-LDA | both | by group", "PLS-LDA | group", "coverage"):
        assert row in printed


def test_bench_axis_quick(monkeypatch, capsys):
    monkeypatch.setattr(bench_axis, "write_results", None)  # quick writes no results
    bench_axis.main(["--quick"])
    printed = capsys.readouterr().out
    for method in (bench_axis.OURS, "np.interp", "CubicSpline", "fancy indexing"):
        assert method in printed


def test_bench_first_call_quick(monkeypatch, capsys):
    monkeypatch.setattr(bench_first_call, "write_results", None)
    call = bench_first_call.CALL.replace("(diff_", "(engine='numpy', diff_")
    assert call != bench_first_call.CALL  # nothing to compile
    monkeypatch.setattr(bench_first_call, "CALL", call)
    bench_first_call.main(["--quick"])
    printed = capsys.readouterr().out
    for row in ("cold", "warm", "second", "sklearn_raman"):
        assert row in printed


@pytest.mark.filterwarnings("ignore:No spectrum of")
def test_bench_explain_quick(monkeypatch, capsys):
    monkeypatch.setattr(bench_explain, "write_results", None)
    bench_explain.main(["--quick"])
    printed = capsys.readouterr().out
    for row in ("Forsterite", "contribution, 9 classes", "distractor_ratio"):
        assert row in printed


def test_bench_explain_scores_the_truth_best():
    """A map of the line itself is perfect, and one of a distractor is not."""
    X, y, truth = bench_explain.simulate(4, seed=0)
    net = bench_explain.NETS["GAP-CNN"](max_epochs=1, random_state=0).fit(X, y)
    right, wrong = np.zeros((2, *X.shape))
    right[np.arange(len(X)), truth.centers.astype(int)] = 1
    wrong[np.arange(len(X)), truth.distractors[:, 0].astype(int)] = 1
    scores = bench_explain.judge(net, X, y, truth, right)
    assert scores["mass"] == scores["pointing"] == scores["deletion"] == 1
    assert scores["distractor_ratio"] == 0
    assert bench_explain.judge(net, X, y, truth, wrong)["mass"] < 0.5


@pytest.mark.usefixtures("few_trees")
def test_bench_over_sampling_goes_on_where_it_was(monkeypatch, tmp_path):
    """Two parts, one of them with a file; what is in the results is not run again."""
    X, y = make_lorentzian_spectra(24, n_points=60, centers=(20, 40), random_state=0)
    np.savez(tmp_path / "sers_vlp.npz", X=X, y=y)
    script, few = bench_over_sampling, ("none", "class weights", "SpectrumBootstrap")
    methods = {name: script.METHODS[name] for name in few}
    monkeypatch.setattr(_over_sampling_downstream, "METHODS", methods)
    monkeypatch.setattr(script, "RESULTS", tmp_path)
    monkeypatch.setattr(script, "write_results", None)
    monkeypatch.setattr(script, "DOCS_IMAGES", tmp_path)
    parts = ["--parts", "networks", "small class"]
    script.main(["--quick", "--figures", "--folder", str(tmp_path), *parts])
    assert (tmp_path / "wgan_networks.png").exists()
    options = types.SimpleNamespace(folder=tmp_path, quick=True, networks=0)
    rows = []
    found = script.run_small_class(options, rows, print)
    assert {row["set"] for row in found["summary"]} >= {"minerals", "sers_vlp"}
    assert {row["method"] for row in found["summary"]} == set(few)
    n_rows = len(rows)
    script.run_small_class(options, rows, print)
    assert len(rows) == n_rows


@pytest.mark.parametrize("name", _over_sampling.CLASSICAL)
def test_samplers_fill_each_class_with_its_own(name, monkeypatch):
    """As many of each class as asked for, near their class, also of one spectrum."""
    monkeypatch.setattr(_over_sampling_vae, "N_STEPS", 60)
    X, y = make_raman_spectra(
        40, wavenumbers=(400, 800, 4), spike_rate=0, similarity=0, random_state=0
    )
    X, y = X[:21], y[:21]  # one of class 1
    new, kept = _over_sampling.CLASSICAL[name](X, y, {1: 3, 0: 30}, 0)
    assert new.shape == (33, X.shape[1]) and kept is None
    repeated = _over_sampling.CLASSICAL[name](X, y, {1: 3, 0: 30}, 0)[0]
    np.testing.assert_array_equal(new, repeated)
    distance = np.abs(new[:3] - X[20]).mean()
    assert distance < np.abs(new[3:] - X[20]).mean(axis=1).min()


def test_over_sampling_gives_wgan_spectra_in_the_order_asked_for():
    X, y = make_raman_spectra(
        20, wavenumbers=(400, 800, 4), spike_rate=0, similarity=0, random_state=0
    )
    new, kept = _over_sampling.BOOTSTRAP(X, y, {1: 2, 0: 3}, 0)
    near = np.linalg.norm(new[:, None] - X, axis=2).argmin(axis=1)
    assert kept is None and y[near].tolist() == [1, 1, 0, 0, 0]


def test_paired_differences_of_over_sampling():
    """The interval is that of scipy's paired t test."""
    rng = np.random.RandomState(0)
    frame = pd.DataFrame(
        {
            "method": np.repeat(["a", "b"], 8),
            "seed": np.tile(np.arange(8), 2),
            "score": rng.standard_normal(16),
        }
    )
    (row,) = _over_sampling.differences(frame, [("a", "b")], ["score"]).itertuples()
    a, b = frame["score"].to_numpy().reshape(2, 8)
    expected = ttest_rel(a, b).confidence_interval(0.95)
    np.testing.assert_allclose([row.low, row.high], expected)
    assert row.n_seeds == 8


def test_bench_baseline_compares_the_same():
    """Every rival that is installed with the tests corrects as ours does."""
    X = bench_baseline.simulate(5, 150)
    for name, diff_order in bench_baseline.CASES:
        own, own_iter = bench_baseline.ours(name, diff_order)(X)
        rival = bench_baseline.pybaselines_method(name, diff_order, solver=3)
        expected, n_iter = rival(X)
        np.testing.assert_allclose(own, expected, atol=1e-6 * np.ptp(X))
        np.testing.assert_array_equal(own_iter, n_iter)


def test_check_despiker_quick(monkeypatch, capsys):
    monkeypatch.setattr(
        check_despiker, "write_results", None
    )  # quick writes no results
    check_despiker.main(["--quick"])
    assert "recall" in capsys.readouterr().out


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc"
)
def test_check_baselines_quick(capsys):
    with warnings.catch_warnings():  # the script silences them for the whole process
        check_baselines.main(["--quick"])
    assert "above_1e-6" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["linear", "cubic"])
def test_bench_axis_compares_the_same(kind):
    """All methods that the benchmark times compute the same values."""
    records = bench_axis.measure(kind, 20, 200, 230, np.float64, 1)
    errors = [record["error"] for record in records if record["error"] is not None]
    assert len(errors) == len(records) - 1  # a copy is the floor, not a method
    assert max(errors) < 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_few_crystals_split(seed):
    minerals = load_minerals()
    train, test = compare_minerals.few_crystals_split(
        minerals.target, minerals.groups, 2, random_state=seed
    )
    assert not set(minerals.groups[train]) & set(minerals.groups[test])
    assert len(train) + len(test) == len(minerals.target)
    crystals = pd.DataFrame({"y": minerals.target, "g": minerals.groups}).iloc[train]
    assert (crystals.groupby("y")["g"].nunique() == 2).all()


def test_noise_has_the_ratio_it_says():
    clean = pd.DataFrame(np.vstack([np.zeros(4000), np.zeros(4000)]))
    clean[7] = [10.0, 40.0]
    noise = compare_minerals.add_noise(clean, 5.0, random_state=0) - clean
    np.testing.assert_allclose(noise.std(axis=1), [2, 8], rtol=0.05)
