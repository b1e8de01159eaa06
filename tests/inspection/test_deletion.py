"""The deletion curve of models of which the answer is known."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from sklearn_raman.inspection import deletion_curve


@pytest.fixture
def scaled(spectra):
    return spectra / spectra.max()


@pytest.fixture
def linear(scaled, labels):
    return LogisticRegression().fit(scaled, labels)


def test_curve_by_hand(linear, scaled, labels, rng):
    maps = rng.normal(size=scaled.shape)
    found = deletion_curve(
        linear, scaled, maps, target=labels, steps=3, max_fraction=0.3, baseline=0.5
    )
    np.testing.assert_allclose(found.fraction, [0, 0.1, 0.2, 0.3])
    assert found.curve.shape == (12, 4)
    row = 7
    for step, count in enumerate([0, 15, 30, 45]):
        changed = scaled[row].copy()
        changed[np.argsort(maps[row])[len(changed) - count :]] = 0.5
        p = linear.predict_proba(changed[None])[0, linear.classes_ == labels[row]]
        np.testing.assert_allclose(found.curve[row, step], p[0])
    a, b, c, d = found.curve[row]
    np.testing.assert_allclose(found.area[row], (a / 2 + b + c + d / 2) / 3)


def test_the_true_contributions_are_the_best_order(linear, scaled, rng):
    """For a linear model no order lowers the score faster than w (x - b)."""
    model = LogisticRegression().fit(scaled[:8], ["calcite"] * 4 + ["quartz"] * 4)
    X = scaled[4:8]
    settings = {"baseline": 0.1, "score": "decision", "max_fraction": 0.5}
    truth = model.coef_ * (X - 0.1)
    best = deletion_curve(model, X, truth, **settings)
    worst = deletion_curve(model, X, -truth, **settings)
    random = deletion_curve(model, X, rng.normal(size=X.shape), **settings)
    assert (best.curve <= random.curve + 1e-12).all()
    assert (best.area < random.area).all() and (random.area < worst.area).all()


def test_only_the_order_counts(linear, scaled, rng):
    maps = rng.normal(size=scaled.shape)
    expected = deletion_curve(linear, scaled, maps)
    found = deletion_curve(linear, scaled, np.exp(3 * maps))
    np.testing.assert_array_equal(found.curve, expected.curve)


def test_nothing_and_everything(linear, scaled):
    found = deletion_curve(linear, scaled, scaled, max_fraction=1.0, baseline=0.3)
    probability = linear.predict_proba(scaled).max(axis=1)
    np.testing.assert_allclose(found.curve[:, 0], probability)
    empty = linear.predict_proba(np.full((1, scaled.shape[1]), 0.3))[0]
    predicted = np.searchsorted(linear.classes_, linear.predict(scaled))
    np.testing.assert_allclose(found.curve[:, -1], empty[predicted])


@pytest.mark.filterwarnings("error")
def test_frames_and_classifiers_without_probabilities(frame, labels, rng):
    svm = SVC().fit(frame, labels)
    maps = rng.normal(size=frame.shape)
    assert np.isfinite(deletion_curve(svm, frame, maps, score="decision").area).all()
    with pytest.raises(ValueError, match="no predict_proba"):
        deletion_curve(svm, frame, maps)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"maps": np.zeros((12, 3))}, "maps has shape"),
        ({"maps": np.full((12, 150), np.inf)}, "infinity"),
        ({"steps": 0}, "steps == 0"),
        ({"max_fraction": 1.5}, "max_fraction must lie"),
        ({"max_fraction": 0.001}, "less than one point"),
        ({"target": "all"}, "one class at a time"),
    ],
)
def test_refuses(linear, scaled, change, message):
    arguments = {"maps": scaled} | change
    with pytest.raises(ValueError, match=message):
        deletion_curve(linear, scaled, **arguments)
