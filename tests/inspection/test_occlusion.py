"""Occlusion against linear models, a loop over windows, and captum."""

import numpy as np
import polars
import pytest
import torch
from captum import attr
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import occlusion
from sklearn_raman.inspection._occlusion import window_starts
from sklearn_raman.preprocessing import SNV, WavenumberCrop


@pytest.fixture
def scaled(spectra):
    return spectra / spectra.max()


@pytest.fixture
def linear(scaled, labels):
    return LogisticRegression().fit(scaled, labels)


def test_linear_model_gives_weights_times_difference(linear, scaled, rng):
    """One point at a time, the answer is exact: w (x - b)."""
    baseline = rng.uniform(size=scaled.shape[1])
    found = occlusion(
        linear, scaled, "all", width=1, baseline=baseline, score="decision"
    )
    expected = linear.coef_[None] * (scaled - baseline)[:, None]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_is_a_loop_over_windows(linear, scaled):
    """The last window ends with the spectrum, though the step would pass it."""
    width, step, n_points = 7, 4, scaled.shape[1]
    starts = [*range(0, n_points - width, step), n_points - width]
    before = np.log(linear.predict_proba(scaled)[:, 1])
    before -= np.log1p(-linear.predict_proba(scaled)[:, 1])
    total, count = np.zeros_like(scaled), np.zeros(n_points)
    for start in starts:
        changed = scaled.copy()
        changed[:, start : start + width] = 0.2
        p = linear.predict_proba(changed)[:, 1]
        total[:, start : start + width] += (before - np.log(p / (1 - p)))[:, None]
        count[start : start + width] += 1
    found = occlusion(linear, scaled, "quartz", width=width, step=step, baseline=0.2)
    np.testing.assert_allclose(found, total / count, atol=1e-9)


def test_is_captums(linear, scaled):
    weights = torch.tensor(linear.coef_)
    expected = attr.Occlusion(lambda x: x @ weights.T).attribute(
        torch.tensor(scaled), (6,), (3,), baselines=0.1, target=2
    )
    found = occlusion(
        linear, scaled, "zircon", width=6, step=3, baseline=0.1, score="decision"
    )
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    "n_points, width, step", [(150, 9, 3), (10, 10, 1), (11, 4, 4)]
)
def test_every_point_is_covered(n_points, width, step):
    starts = window_starts(n_points, width, step)
    covered = {p for start in starts for p in range(start, start + width)}
    assert covered == set(range(n_points))
    assert len(set(starts)) == len(starts)


@pytest.mark.parametrize(
    "model, score",
    [
        (SVC(kernel="rbf"), "auto"),
        (KNeighborsClassifier(3), "prob"),
        (PLSLDA(), "logodds"),
    ],
)
def test_any_classifier_finds_the_lines(model, score, spectra, labels, axis):
    """Each class has one line: hiding it costs most."""
    found = occlusion(model.fit(spectra, labels), spectra, labels, score=score)
    assert found.shape == spectra.shape
    lines = np.repeat([450, 550, 650], 4)
    if score != "prob":  # nearest neighbours may not change their vote
        assert (np.abs(axis[found.argmax(axis=1)] - lines) <= 12).all()


def test_targets_and_batches_agree(linear, scaled):
    together = occlusion(linear, scaled, "all")
    assert together.shape == (12, 3, scaled.shape[1])
    predicted = linear.predict(scaled)
    positions = np.searchsorted(linear.classes_, predicted)
    rows = np.arange(12)
    for batch_size in (1, 5, 1000):
        found = occlusion(linear, scaled, batch_size=batch_size)
        np.testing.assert_allclose(found, together[rows, positions], atol=1e-12)
    zircon = occlusion(linear, scaled, "zircon")
    np.testing.assert_allclose(zircon, together[:, 2], atol=1e-12)


def test_keeps_dtype_and_input(linear, scaled):
    X = scaled.astype(np.float32)
    before = X.copy()
    assert occlusion(linear, X).dtype == np.float32
    np.testing.assert_array_equal(X, before)
    peaks = np.abs(occlusion(linear, X, normalize="max")).max(axis=1)
    np.testing.assert_allclose(peaks, 1)


@pytest.mark.filterwarnings("error")
def test_pipeline_sees_the_axis(frame, labels):
    """Steps before the classifier get the column labels; the map is on their axis."""
    model = make_pipeline(WavenumberCrop(region=(430, 700)), SNV(), SVC())
    model.set_output(transform="pandas").fit(frame, labels)
    found = occlusion(model, frame, width=3, step=1)
    assert found.shape == frame.shape
    cropped = frame.columns.astype(float) < 430 - 6
    np.testing.assert_array_equal(found[:, cropped], 0)


@pytest.mark.filterwarnings("error")
def test_polars(frame, labels):
    table = polars.DataFrame(frame.to_numpy(), schema=list(frame.columns))
    model = PLSLDA().fit(table, labels)
    expected = occlusion(PLSLDA().fit(frame, labels), frame)
    np.testing.assert_allclose(occlusion(model, table), expected, atol=1e-9)


def test_short_spectra(rng):
    X, y = rng.normal(size=(8, 5)), [0, 1] * 4
    model = LogisticRegression().fit(X, y)
    with pytest.warns(UserWarning, match="width=5 instead of its default 9"):
        assert occlusion(model, X).shape == X.shape


@pytest.mark.parametrize(
    "change, message",
    [
        ({"width": 200}, "width=200"),
        ({"width": 3, "step": 4}, "step=4 must be at most width=3"),
        ({"width": 0}, "width == 0"),
        ({"step": 0}, "step == 0"),
        ({"batch_size": 0}, "batch_size"),
        ({"target": "gold"}, "gold"),
        ({"target": ["quartz"] * 3}, "12 spectra"),
        ({"normalize": "l2"}, "normalize"),
    ],
)
def test_refuses(linear, scaled, change, message):
    with pytest.raises(ValueError, match=message):
        occlusion(linear, scaled, **change)


def test_refuses_half_points(linear, scaled):
    with pytest.raises(TypeError, match="width must be an instance of int"):
        occlusion(linear, scaled, width=2.5)
