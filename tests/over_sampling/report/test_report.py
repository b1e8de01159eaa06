"""The report: each defect is seen by the metric that is there for it."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from scipy.ndimage import shift, uniform_filter1d

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.over_sampling import synthesis_report
from sklearn_raman.over_sampling.report import _measures

AXIS = np.arange(400.0, 800.0, 4.0)
MAIN = [
    "one_nn_accuracy",
    "forest_accuracy",
    "coverage",
    "nn_distance_ratio",
    "noise_ratio",
    "band_position",
]
OTHERS = [
    "kmeans_ari",
    "precision",
    "recall",
    "density",
    "frechet_distance",
    "near_copies",
    "intensity_ratio",
]
N = 30


def simulate(n_samples, **params):
    X, y = make_raman_spectra(
        n_samples,
        wavenumbers=AXIS,
        n_bands=4,
        fwhm=(20.0, 40.0),
        fluorescence=0.5,
        spike_rate=0,
        random_state=1,
        **params,
    )
    order = np.random.default_rng(0).permutation(len(X))
    return X[order], y[order]


@pytest.fixture(scope="module")
def sets():
    """Training, held-out and further spectra of one substance."""
    X, _ = simulate(3 * N, n_classes=1)
    return X[:N], X[N : 2 * N], X[2 * N :]


def measure(train, test, synthetic, **params):
    params = {"n_draws": 1, "random_state": 0, **params}
    report = synthesis_report(train, test, synthetic, **params)
    return report.to_frame(metrics="all")


def over_sample(sampler, train, n):
    """Let a sampler make n spectra; real ones come first in what it returns."""
    X = np.concatenate([train, np.zeros((len(train) + n, train.shape[1]))])
    y = np.repeat([0, 1], [len(train), len(train) + n])
    return sampler.fit_resample(X, y)[0][len(X) :]


@pytest.fixture(scope="module")
def frames(sets):
    """The frame of each kind of synthetic spectra."""
    train, test, further = sets
    smote = over_sample(SMOTE(random_state=0), train, N)
    with warnings.catch_warnings(action="ignore"):  # copies, on purpose
        copies = measure(train, test, train)
    return {
        "real": measure(train, test, further),
        "copies": copies,
        "smote": measure(train, test, smote),
        "smooth": measure(train, test, uniform_filter1d(further, 5, axis=1)),
        "shifted": measure(train, test, shift(further, (0, 2), mode="nearest")),
        "one": measure(train, test, further[:1] * np.linspace(0.99, 1, N)[:, None]),
    }


@pytest.fixture(scope="module")
def quick_frame(sets):
    """The frame of further real spectra; its forests have two trees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_measures, "N_TREES", 2)
        return measure(*sets)


def test_frame_has_a_row_for_each_metric_and_says_what_it_means(frames):
    frame = frames["real"]
    assert sorted(frame.index) == sorted(MAIN + OTHERS)
    assert list(frame.columns) == [
        "value",
        "value_std",
        "reference",
        "reference_std",
        "n_classes",
        "ideal",
        "meaning",
    ]
    deviations = ["value_std", "reference_std"]  # of one draw there are none
    assert frame.drop(columns=deviations).notna().all(axis=None)
    assert not frame["meaning"].str.contains("[{}]").any()
    assert "almost no power" in frame.loc["kmeans_ari", "meaning"].lower()


def test_further_real_spectra_score_like_real_ones(frames):
    frame = frames["real"]
    gap = (frame["value"] - frame["reference"]).abs()
    for metric in ("one_nn_accuracy", "forest_accuracy"):
        assert 0.3 <= frame.loc[metric, "value"] <= 0.67
    assert gap[["precision", "recall", "coverage", "nn_distance_ratio"]].max() < 0.25
    assert gap["noise_ratio"] < 0.1
    assert gap["band_position"] < 0.5
    assert gap["kmeans_ari"] < 0.1


def test_copies_pass_the_test_of_the_poster_and_are_caught(frames):
    """Against held-out spectra copies are real ones: only memorization tells them."""
    frame = frames["copies"]
    assert frame.loc["kmeans_ari", "value"] < 0.1
    assert frame.loc["nn_distance_ratio", "value"] == 0
    assert frame.loc["near_copies", "value"] == 1
    same = ["one_nn_accuracy", "recall", "frechet_distance", "noise_ratio"]
    np.testing.assert_allclose(frame.loc[same, "value"], frame.loc[same, "reference"])


def test_smote_stays_close_to_training_spectra_and_averages_noise(frames):
    frame = frames["smote"]
    real = frames["real"]
    assert frame.loc["nn_distance_ratio", "value"] < 0.7
    assert frame.loc["near_copies", "value"] > 0.3
    assert frame.loc["noise_ratio", "value"] < 0.9
    assert frame.loc["forest_accuracy", "value"] > real.loc["forest_accuracy", "value"]


def test_smooth_spectra_lack_noise_and_the_forest_sees_it(frames):
    frame = frames["smooth"]
    assert frame.loc["noise_ratio", "value"] < 0.5
    assert frame.loc["forest_accuracy", "value"] > 0.85
    assert frame.loc["kmeans_ari", "value"] < 0.1


def test_shifted_spectra_are_seen_by_the_position_of_bands(frames):
    """Two points are 8 cm-1, and the number says so in the unit of the axis."""
    frame = frames["shifted"]
    assert frame.loc["band_position", "reference"] < 1
    position = frame.loc["band_position", "value"]
    assert "points" in frame.loc["band_position", "meaning"]
    assert position == pytest.approx(2, abs=0.7)
    assert frame.loc["noise_ratio", "value"] == pytest.approx(1, abs=0.15)


def test_one_spectrum_over_and_over_has_no_recall(frames):
    frame = frames["one"]
    assert frame.loc["recall", "value"] < 0.1
    assert frame.loc["coverage", "value"] < 0.7
    assert frame.loc["frechet_distance", "value"] > 0.3


@pytest.mark.usefixtures("few_trees")
def test_wrong_heights_are_seen_by_the_intensity_ratios(sets):
    train, test, further = sets
    tilt = np.linspace(0.5, 1.5, len(AXIS))
    ratio = measure(train, test, further * tilt).loc["intensity_ratio"]
    assert ratio["value"] > 2 * ratio["reference"]


@pytest.mark.usefixtures("few_trees")
# Squares of the last two are no numbers any more.
@pytest.mark.parametrize("factor", [1e9, 1e-12, 1e-200, 1e200])
def test_unit_of_intensity_does_not_matter(sets, quick_frame, factor):
    found = measure(*(factor * X for X in sets))
    columns = ["value", "reference"]
    expected = quick_frame[columns]
    np.testing.assert_allclose(found[columns], expected, rtol=1e-6, atol=1e-9)


@pytest.mark.usefixtures("few_trees")
def test_same_seed_same_report_and_the_callers_state_is_untouched(sets, quick_frame):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    pd.testing.assert_frame_equal(measure(*sets), quick_frame)
    after = np.random.get_state()[1]  # noqa: NPY002
    np.testing.assert_array_equal(after, before)


@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize("container", ["pandas", "polars", "parameter"])
def test_axis_and_containers(sets, quick_frame, container):
    """The axis changes the unit of one metric, and nothing else."""
    params = {}
    if container == "pandas":
        given = [pd.DataFrame(X, columns=AXIS) for X in sets]
    elif container == "polars":
        given = [pl.DataFrame(X, schema=[str(value) for value in AXIS]) for X in sets]
    else:
        given, params = sets, {"wavenumbers": AXIS[::-1]}
    report = synthesis_report(*given, n_draws=1, random_state=0, **params)
    assert report.unit == "cm-1"
    frame, expected = report.to_frame(metrics="all"), quick_frame["value"].copy()
    expected["band_position"] *= 4  # cm-1 per point
    np.testing.assert_allclose(frame["value"], expected)
    assert "cm-1" in frame.loc["band_position", "meaning"]


@pytest.mark.usefixtures("few_trees")
def test_unequal_sets_are_drawn_to_one_size(sets):
    """Three times the synthetic spectra must not raise recall or lower distances."""
    train, test, _ = sets
    many = over_sample(SMOTE(random_state=0), train, 5 * N)
    report = synthesis_report(train, test[:10], many, n_draws=3, random_state=0)
    assert report.counts["compared"].to_list() == [10]
    assert report.to_frame().loc["one_nn_accuracy", "value_std"] > 0
    assert len(report.to_frame("draws")) == 3 * len(MAIN)
    assert len(report.to_frame("draws", metrics="all")) == 3 * len(MAIN + OTHERS)


@pytest.mark.usefixtures("few_trees")
def test_classes_are_compared_with_themselves():
    """Labels that are swapped fool the pooled spectra and not the classes."""
    X, y = simulate(90, n_classes=2, similarity=0)
    parts = [slice(0, 30), slice(30, 60), slice(60, 90)]
    X, y = [X[p] for p in parts], [y[p] for p in parts]
    without = measure(*X)
    accuracy = {}
    for name, labels in (("right", y[2]), ("swapped", 1 - y[2])):
        report = synthesis_report(
            *X, y_train=y[0], y_test=y[1], y_synthetic=labels, n_draws=1, random_state=0
        )
        summary, classes = report.to_frame(), report.to_frame("classes")
        accuracy[name] = summary.loc["one_nn_accuracy", "value"]
        np.testing.assert_allclose(
            summary["value"],
            classes["value"].unstack("class").mean(axis=1)[summary.index],
        )
        assert (summary["n_classes"] == 2).all()
        assert "of 2 classes, averaged" in str(report)
    assert without.loc["one_nn_accuracy", "value"] < 0.7
    assert accuracy["right"] < 0.7
    assert accuracy["swapped"] == 1


@pytest.mark.usefixtures("few_trees")
def test_small_classes_are_named():
    X, _ = simulate(60, n_classes=1)
    y = np.repeat(["calcite", "quartz", "zircon"], [12, 4, 4])
    without_zircon = np.where(y == "zircon", "calcite", y)
    labels = {"y_train": y, "y_test": y, "y_synthetic": without_zircon}
    sets = X[:20], X[20:40], X[40:]
    with pytest.warns(UserWarning, match="Left out.*'quartz': 4 real_train"):
        report = synthesis_report(*sets, **labels, n_draws=1, random_state=0)
    assert list(report.spectra) == ["calcite"]
    assert report.counts.loc["zircon"].to_list() == [4, 4, 0, 0]
    last = str(report).splitlines()[-2:]
    assert "fewer than 5" in last[0] and "['quartz']" in last[0]
    assert "without synthetic" in last[1] and "['zircon']" in last[1]
    with pytest.raises(ValueError, match="No class has the 5 spectra"):
        synthesis_report(
            *sets, **{name: np.arange(20) for name in labels}, random_state=0
        )


@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize(("n", "n_points"), [(5, 7), (5, 3000), (6, 64)])
def test_few_spectra_of_any_length(rng, n, n_points):
    sets = rng.normal(size=(3, n, n_points))
    frame = measure(*sets)
    no_bands = ["band_position", "intensity_ratio"]
    assert np.isfinite(frame.drop(no_bands)[["value", "reference"]]).all(axis=None)
    assert frame["value_std"].isna().all()


@pytest.mark.usefixtures("few_trees")
def test_constant_spectra_and_bands_without_noise(rng):
    """No number is made up where there is nothing to compare."""
    with pytest.warns(UserWarning, match="copies"):
        frame = measure(np.ones((5, 20)), np.zeros((5, 20)), np.ones((6, 20)))
    assert np.isnan(frame.loc["noise_ratio", "value"])
    assert frame.loc["one_nn_accuracy", "value"] == 1
    clean = np.exp(-(((AXIS - 600) / 30) ** 2)) * rng.uniform(1, 2, (15, 1))
    frame = measure(*np.split(clean, 3))
    assert np.isnan(frame.loc["intensity_ratio", "value"])
    assert frame.loc["band_position", "value"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("empty", [None, [], np.empty((0, 100))])
def test_nothing_without_held_out_spectra(sets, empty):
    with pytest.raises(ValueError, match="real_test holds no spectra.*Hold some out"):
        synthesis_report(sets[0], empty, sets[2])


def test_training_spectra_are_not_held_out(sets):
    train, test, further = sets
    mixed = np.concatenate([test, train[3:5]])
    with pytest.raises(ValueError, match=r"2 spectra of real_test.*\[30, 31\].*Split"):
        synthesis_report(train, mixed, further)
    leaked = np.concatenate([further, test[:1]])
    with pytest.raises(
        ValueError, match="1 spectra of synthetic are also in real_test"
    ):
        synthesis_report(train, test, leaked)


def test_real_spectra_among_the_synthetic_ones_are_pointed_out(sets):
    """What fit_resample returns begins with the real spectra."""
    train, test, _ = sets
    copies = over_sample(RandomOverSampler(random_state=0), train, N)
    with pytest.warns(UserWarning, match=f"{N} of {N} .* copies.*fit_resample"):
        measure(train, test, copies)


def test_errors_name_the_cause(sets):
    train, test, further = sets
    y = np.zeros(N)
    cases = [
        ((train, test[:4], further), {}, "real_test holds 4 spectra.*at least 5"),
        ((train[:2], test, further), {}, "real_train holds 2 spectra"),
        ((train, test[:, 1:], further), {}, "differ in length.*99.*Resampler"),
        ((train[:, :6], test[:, :6], further[:, :6]), {}, "6 points.*from 7"),
        ((train, test, further), {"wavenumbers": AXIS[1:]}, "99 points.*have 100"),
        ((train, test, further), {"y_train": y}, "y_test and y_synthetic must be"),
        ((train, test, further), {"n_draws": 0}, "n_draws"),
        (
            (train, test, further),
            {"y_train": y, "y_test": y[1:], "y_synthetic": y},
            r"y_test has shape \(29,\) but real_test has 30 spectra",
        ),
        (
            (train, test, further),
            {"y_train": y, "y_test": y, "y_synthetic": np.full(N, np.nan)},
            "y_synthetic misses 30 of 30",
        ),
        (
            (
                pd.DataFrame(train, columns=AXIS),
                pd.DataFrame(test, columns=AXIS + 1),
                further,
            ),
            {},
            "401 to 797 cm-1",
        ),
    ]
    for given, params, match in cases:
        with pytest.raises(ValueError, match=match):
            synthesis_report(*given, **params)


@pytest.mark.parametrize("name", ["real_train", "real_test", "synthetic"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(sets, name, bad):
    given = dict(zip(("real_train", "real_test", "synthetic"), sets, strict=True))
    given[name] = given[name].copy()
    given[name][2, 3] = bad
    with pytest.raises(ValueError, match=f"{name} contains (NaN|infinity)"):
        synthesis_report(**given)


@pytest.mark.usefixtures("few_trees")
def test_printing_and_copies_of_the_frame(sets):
    report = synthesis_report(*sets, n_draws=2, random_state=0)
    lines = str(report).splitlines()
    assert lines[0] == "30 synthetic against 30 held-out real spectra (30 for training)"
    assert "2 draws of 30 each" in lines[1]
    assert lines[2].startswith("all sets are equally large")
    assert [line.split()[0] for line in lines[5:-1]] == MAIN
    assert lines[-1] == "7 more: to_frame(metrics='all')"
    before = report.to_frame("draws")
    changed = report.to_frame("draws")
    changed["value"] = 0
    pd.testing.assert_frame_equal(report.to_frame("draws"), before)
    with pytest.raises(ValueError, match="kind must be"):
        report.to_frame("all")


@pytest.mark.usefixtures("few_trees")
def test_metrics_on_request(sets):
    """Fewer metrics are the same numbers, in one order."""
    report = synthesis_report(*sets, n_draws=2, random_state=0)
    everything = report.to_frame(metrics="all")
    assert list(report.to_frame().index) == MAIN
    pd.testing.assert_frame_equal(report.to_frame(), everything.loc[MAIN])
    some = report.to_frame("classes", metrics=["density", "recall"])
    assert list(some.index.get_level_values("metric")) == ["recall", "density"]
    for wrong in ("density", "none", ["density", "fid"], [1]):
        with pytest.raises(ValueError, match="metrics must be.*got"):
            report.to_frame(metrics=wrong)


@pytest.mark.usefixtures("few_trees")
def test_frames_with_other_columns_are_refused(sets):
    """The same number of columns is not the same columns."""
    named = [f"v{i}" for i in range(len(AXIS))]
    train, test, further = (pd.DataFrame(X, columns=named) for X in sets)
    with pytest.raises(ValueError, match="column 0 is 'v0' in real_train and 'v99'"):
        synthesis_report(train, test, further[named[::-1]])
    with pytest.raises(ValueError, match="column 1 is 'v1' in real_train and 'v2'"):
        synthesis_report(
            train, pl.DataFrame(test[["v0", "v2", "v1", *named[3:]]]), further
        )
    with pytest.raises(ValueError, match="401 to 797 cm-1"):
        synthesis_report(
            pl.DataFrame(sets[0], schema=[str(w) for w in AXIS]),
            sets[1],
            pd.DataFrame(sets[2], columns=AXIS + 1),
        )
    numbered = [pd.DataFrame(X) for X in sets]  # positions have no unit
    assert synthesis_report(*numbered, n_draws=1, random_state=0).unit == "point"
    assert synthesis_report(train, sets[1], further, n_draws=1).unit == "point"


def test_rounding_to_float32_does_not_hide_a_leak(sets):
    train, test, further = sets
    with pytest.raises(ValueError, match="2 spectra of real_test are also in real_tr"):
        synthesis_report(
            train, np.concatenate([test, train[:2]]).astype(np.float32), further
        )
    with pytest.warns(UserWarning, match=f"{N} of {N} .* copies"):
        measure(train, test, train.astype(np.float32))


def test_labels_of_different_kinds_are_refused(sets):
    y = np.zeros(N, dtype=int)
    with pytest.raises(ValueError, match="different kinds.*'y_synthetic': 'text'"):
        synthesis_report(*sets, y_train=y, y_test=y, y_synthetic=y.astype(str))


@pytest.mark.parametrize("bad", [True, 1.0, "2", np.nan])
def test_number_of_draws_is_a_number(sets, bad):
    with pytest.raises(ValueError, match="n_draws.*Got"):
        synthesis_report(*sets, n_draws=bad)


def test_the_global_generator_is_untouched_after_errors_too(sets):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    with pytest.raises(ValueError, match="hold"):
        synthesis_report(sets[0], sets[1][:2], sets[2], random_state=0)
    with pytest.raises(ValueError, match="wavenumbers"):
        synthesis_report(*sets, wavenumbers=AXIS[1:], random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
