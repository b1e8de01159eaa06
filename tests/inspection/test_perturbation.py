"""Occlusion and deletion against linear models, loops by hand, and captum."""

import numpy as np
import pandas as pd
import polars
import pytest
import torch
from captum import attr
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import (
    deletion_curve,
    deletion_percentile,
    explain_pipeline,
    occlusion,
)
from sklearn_raman.preprocessing import SNV, WavenumberCrop, WavenumberResampler
from sklearn_raman.uncertainty import ConformalClassifier
from tests.uncertainty.conftest import make


@pytest.fixture
def scaled(spectra):
    return spectra / spectra.max()


@pytest.fixture
def linear(scaled, labels):
    return LogisticRegression().fit(scaled, labels)


def test_linear_model_gives_weights_times_difference(linear, scaled, rng):
    """One point at a time, the answer is exact: w (x - b)."""
    nothing = rng.uniform(size=scaled.shape[1])
    found = occlusion(linear, scaled, "all", width=1, reference=nothing, score="logit")
    expected = linear.coef_[None] * (scaled - nothing)[:, None]
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
    found = occlusion(linear, scaled, "quartz", width=width, step=step, reference=0.2)
    np.testing.assert_allclose(found, total / count, atol=1e-9)


def test_is_captums(linear, scaled):
    weights = torch.tensor(linear.coef_)
    expected = attr.Occlusion(lambda x: x @ weights.T).attribute(
        torch.tensor(scaled), (6,), (3,), baselines=0.1, target=2
    )
    found = occlusion(
        linear, scaled, "zircon", width=6, step=3, reference=0.1, score="logit"
    )
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    "n_points, width, step", [(150, 9, 3), (10, 10, 1), (11, 4, 4)]
)
def test_every_point_is_covered(n_points, width, step, rng):
    X, y = rng.normal(size=(8, n_points)), [0, 1] * 4
    model = LogisticRegression().fit(X, y)
    settings = {"width": width, "step": step, "reference": 9.0, "score": "logit"}
    assert occlusion(model, X, **settings).all()


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
    if score != "prob":  # nearest neighbors may not change their vote
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
    np.testing.assert_array_equal(found.loc[:, cropped], 0)


@pytest.mark.filterwarnings("error")
def test_polars(frame, labels):
    table = polars.DataFrame(frame.to_numpy(), schema=list(frame.columns))
    model = PLSLDA().fit(table, labels)
    expected = occlusion(PLSLDA().fit(frame, labels), frame)
    found = occlusion(model, table)
    assert isinstance(found, polars.DataFrame) and found.columns == table.columns
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_frames_in_frames_out(frame, labels):
    """With their index and columns; arrays for every class, and without an axis."""
    table = frame.set_axis([f"s{i}" for i in range(12)])
    model = PLSLDA().fit(table, labels)
    found = occlusion(model, table)
    assert found.index.equals(table.index) and found.columns.equals(table.columns)
    expected = occlusion(PLSLDA().fit(table.to_numpy(), labels), table.to_numpy())
    assert isinstance(expected, np.ndarray)
    np.testing.assert_allclose(found, expected)
    assert isinstance(occlusion(model, table, "all"), np.ndarray)
    points = table.set_axis([f"point {i}" for i in range(150)], axis=1)
    model = LogisticRegression().fit(points, labels)
    assert isinstance(occlusion(model, points), np.ndarray)


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
        ({"width": 0}, "width must be 1 or more"),
        ({"reference": True}, "reference must hold intensities, got True"),
        ({"step": 0}, "step must be 1 or more"),
        ({"batch_size": 0}, "batch_size"),
        ({"target": "gold"}, "gold"),
        ({"target": ["quartz"] * 3}, "12 spectra"),
        ({"normalize": "l2"}, "normalize"),
        ({"reference": "auto"}, "reference must be .*one of .'local', 'blank', 'zero'"),
        ({"reference": np.zeros(7)}, "one spectrum for each of X"),
        ({"reference": np.nan}, "reference contains NaN"),
    ],
)
def test_occlusion_refuses(linear, scaled, change, message):
    with pytest.raises(ValueError, match=message):
        occlusion(linear, scaled, **change)


def test_what_is_no_classifier_has_nothing_to_hide(scaled):
    with pytest.raises(TypeError, match="SNV has no classes_"):
        occlusion(SNV().fit(scaled), scaled)


def test_occlusion_refuses_half_points(linear, scaled):
    with pytest.raises(TypeError, match="width must be a whole number"):
        occlusion(linear, scaled, width=2.5)


# Scores ------------------------------------------------------------------------------


def whole(model, X, score):
    """What hiding everything costs, in one window: scores less those of a blank."""
    n_points = X.shape[1]
    return occlusion(model, X, "all", width=n_points, score=score, reference=0.2)[
        ..., 0
    ]


def test_scores_of_every_kind(linear, scaled):
    blank = np.full((1, scaled.shape[1]), 0.2)

    def lost(function):
        return function(scaled) - function(blank)

    p = linear.predict_proba
    for score, function in {
        "prob": p,
        "logodds": lambda X: logit(p(X)),
        "auto": lambda X: logit(p(X)),
        "logit": linear.decision_function,
        "contrast": lambda X: np.log(p(X)) - np.log(p(X)).mean(axis=1, keepdims=True),
    }.items():
        np.testing.assert_allclose(whole(linear, scaled, score), lost(function))


def test_decision_of_two_classes(scaled, labels):
    """One number, whose sign tells: against the first class, for the second."""
    two = LogisticRegression().fit(scaled[:8], labels[:8])
    found = whole(two, scaled, "logit")
    blank = np.full((1, scaled.shape[1]), 0.2)
    lost = two.decision_function(scaled) - two.decision_function(blank)
    np.testing.assert_allclose(found, np.stack([-lost, lost], axis=1), atol=1e-12)
    np.testing.assert_allclose(whole(two, scaled, "logodds"), found, atol=1e-9)


def test_log_odds_of_a_sure_classifier():
    """1 - p would be 0 where the other classes' probabilities are 1e-30."""

    class Sure(LogisticRegression):
        def predict_proba(self, X):
            return np.where(np.asarray(X)[:, :1] > 0.5, [[1, 1e-30, 1e-40]], 1 / 3)

    X, y = np.array([[1.0], [0.0], [0.0]]), [0, 1, 2]
    found = occlusion(Sure().fit(X, y), X[:1], 0, width=1, reference=0.0)
    np.testing.assert_allclose(found, -np.log(1e-30) + np.log(2), rtol=1e-9)


@pytest.mark.parametrize("function", ["occlusion", "deletion_curve"])
def test_scores_that_are_not_there(function, spectra, labels):
    def run(model, score):
        if function == "occlusion":
            return occlusion(model, spectra, width=50, score=score)
        return deletion_curve(model, spectra, spectra, score=score).curve

    knn = KNeighborsClassifier(1).fit(spectra, labels)
    with pytest.raises(ValueError, match='no decision_function.*score="prob"'):
        run(knn, "logit")
    with pytest.warns(UserWarning, match="exactly 0 or 1"):
        assert np.isfinite(run(knn, "logodds")).all()
    svm = SVC(decision_function_shape="ovo").fit(spectra, np.repeat(np.arange(4), 3))
    with pytest.raises(ValueError, match='no predict_proba.*score="logit"'):
        run(svm, "prob")
    with pytest.raises(ValueError, match="6 columns for 4 classes"):
        run(svm, "auto")
    pairs = SVC(decision_function_shape="ovo").fit(spectra[:9], np.arange(9) // 3)
    with pytest.raises(ValueError, match="3 columns for 3 classes, one for each pair"):
        run(pairs, "auto")
    with pytest.raises(ValueError, match="score must be one of.*got 'margin'"):
        run(svm, "margin")


# Deletion ----------------------------------------------------------------------------


def test_curve_by_hand(linear, scaled, labels, rng):
    maps = rng.normal(size=scaled.shape)
    found = deletion_curve(
        linear, scaled, maps, target=labels, steps=3, max_fraction=0.3, reference=0.5
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
    settings = {"reference": 0.1, "score": "logit", "max_fraction": 0.5}
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
    found = deletion_curve(linear, scaled, scaled, max_fraction=1.0, reference=0.3)
    probability = linear.predict_proba(scaled).max(axis=1)
    np.testing.assert_allclose(found.curve[:, 0], probability)
    empty = linear.predict_proba(np.full((1, scaled.shape[1]), 0.3))[0]
    predicted = np.searchsorted(linear.classes_, linear.predict(scaled))
    np.testing.assert_allclose(found.curve[:, -1], empty[predicted])


@pytest.mark.filterwarnings("error")
def test_frames_and_classifiers_without_probabilities(frame, labels, rng):
    svm = SVC().fit(frame, labels)
    maps = rng.normal(size=frame.shape)
    assert np.isfinite(deletion_curve(svm, frame, maps, score="logit").area).all()
    with pytest.raises(ValueError, match="no predict_proba"):
        deletion_curve(svm, frame, maps)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"maps": np.zeros((12, 3))}, "maps has shape"),
        ({"maps": np.full((12, 150), np.inf)}, "infinity"),
        ({"steps": 0}, "steps must be 1 or more"),
        ({"max_fraction": 1.5}, "max_fraction must be above 0 and at most 1"),
        ({"max_fraction": 0.001}, "less than one point"),
        ({"target": "all"}, "one class at a time"),
    ],
)
def test_deletion_refuses(linear, scaled, change, message):
    arguments = {"maps": scaled} | change
    with pytest.raises(ValueError, match=message):
        deletion_curve(linear, scaled, **arguments)


# What a Pipeline takes ----------------------------------------------------------------

RESAMPLED = (430.0, 670.0, 2.0)


@pytest.fixture
def pipeline(frame, labels):
    resampler = WavenumberResampler(target_wavenumbers=RESAMPLED)
    return make_pipeline(resampler, SNV(), PLSLDA()).fit(frame, labels)


SETTINGS = {"width": 12, "step": 6, "score": "logit"}


@pytest.mark.parametrize("target", [None, "all", "quartz"])
def test_ragged_on_one_axis_equals_a_frame(target, pipeline, frame, axis):
    ragged = [(axis, row) for row in frame.to_numpy()]
    found = occlusion(pipeline, ragged, target, **SETTINGS)
    assert isinstance(found, list)
    expected = occlusion(pipeline, frame, target, **SETTINGS)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    if target != "all":
        settings = {"target": target, "steps": 3, "score": "logit"}
        curves = deletion_curve(pipeline, ragged, found, **settings)
        expected = deletion_curve(pipeline, frame, expected, **settings)
        np.testing.assert_allclose(curves.curve, expected.curve)
        np.testing.assert_allclose(curves.area, expected.area)
        np.testing.assert_array_equal(
            curves.fraction, np.tile(expected.fraction, (len(frame), 1))
        )


def test_each_spectrum_on_its_own_axis(pipeline, frame, axis, labels):
    """Aligned with its own points; the same as that spectrum alone."""
    rows = frame.to_numpy()[::3]
    ragged = [(axis[i:] + i / 10, row[i:]) for i, row in enumerate(rows)]
    target = list(labels[::3])
    found = occlusion(pipeline, ragged, target, **SETTINGS)
    curves = deletion_curve(pipeline, ragged, found, target=target, steps=4)
    for i, (own, row) in enumerate(ragged):
        alone = pd.DataFrame([row], columns=own)
        expected = occlusion(pipeline, alone, target[i], **SETTINGS)
        np.testing.assert_allclose(found[i], expected.iloc[0], atol=1e-9)
        one = deletion_curve(pipeline, alone, expected, target=target[i], steps=4)
        np.testing.assert_allclose(curves.curve[i], one.curve[0])
        np.testing.assert_allclose(curves.fraction[i], one.fraction)
        np.testing.assert_allclose(curves.area[i], one.area[0])


def test_searches_and_other_axes(pipeline, frame, labels, axis):
    search = GridSearchCV(pipeline, {"plslda__n_components": [2]}, cv=2)
    search.fit(frame, labels)
    expected = occlusion(search.best_estimator_, frame, **SETTINGS)
    np.testing.assert_array_equal(occlusion(search, frame, **SETTINGS), expected)
    other = polars.DataFrame(frame.iloc[:, 4:])
    found = occlusion(search, other, **SETTINGS)
    assert isinstance(found, polars.DataFrame)
    assert found.columns == list(frame.columns[4:])


def test_points_that_the_model_does_not_use_may_be_missing(frame, labels):
    model = make_pipeline(WavenumberCrop(region=(420, 690)), SNV(), PLSLDA())
    model.fit(frame, labels)
    X = frame.copy()
    X.loc[3:, :"416.0"] = np.nan
    found, expected = (
        occlusion(model, one, reference=0.0, **SETTINGS) for one in (X, frame)
    )
    np.testing.assert_array_equal(found, expected)
    assert np.isfinite(occlusion(model, X, **SETTINGS)).all(axis=None)
    curve = deletion_curve(model, X, found, score="logit").curve
    assert np.isfinite(curve).all()
    X.loc[5, "500.0"] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        occlusion(model, X)


def test_bad_ragged(pipeline, frame, axis):
    ragged = [(axis, row) for row in frame.to_numpy()]
    with pytest.raises(ValueError, match="reference can't be spectra"):
        occlusion(pipeline, ragged, reference=frame.iloc[0])
    with pytest.raises(ValueError, match="one map for each of the 12 spectra, got 2"):
        deletion_curve(pipeline, ragged, frame.to_numpy()[:2])
    with pytest.raises(ValueError, match=r"\(12, 149\)"):
        deletion_curve(pipeline, ragged, frame.to_numpy()[:, 1:])
    with pytest.raises(ValueError, match="WavenumberResampler"):
        occlusion(make_pipeline(SNV(), pipeline[-1]), ragged)


def test_unknown_spectra_of_a_wrapper_around_a_threshold():
    """The class is that of the threshold, not the one with the higher score."""
    X, y = make_raman_spectra(60, n_classes=2, random_state=0)
    never = FixedThresholdClassifier(PLSLDA(), threshold=2.0, pos_label=1)
    model = ConformalClassifier(
        never, cv=3, grouped=False, coverage=0.5, unknown_label=-1, random_state=0
    )
    for given in (model, make_pipeline(SNV(), model)):
        fitted = given.fit(X, y)
        assert (fitted.predict(X) == -1).any()
        for explain in (occlusion, explain_pipeline):
            np.testing.assert_array_equal(explain(fitted, X), explain(fitted, X, 0))


def test_spectra_that_a_wrapper_calls_unknown():
    """Their maps are of the class that the model inside takes them for."""
    data = make(0)
    model = ConformalClassifier(
        PLSLDA(n_components=2),
        cv=3,
        novelty_score="both",
        unknown_label=-1,
        random_state=0,
    ).fit(data.X, data.y, data.groups)
    X = np.concatenate([np.random.default_rng(0).normal(0, 3, (9, 30)), data.X[::9]])
    inside = model.estimator_.predict(X)
    unknown = (model.predict(X) == -1) & (inside != model.classes_[0])
    assert unknown[:9].sum() > 3 and not unknown[9:].all()
    for wrapper in (model, make_pipeline(FunctionTransformer(), model)):
        np.testing.assert_array_equal(
            occlusion(wrapper, X), occlusion(wrapper, X, inside)
        )
        for found, wanted in zip(
            *(
                [
                    deletion_curve(wrapper, X, X, target=target).area,
                    deletion_percentile(
                        wrapper, X, X, target=target, n_random=2, random_state=0
                    )["percentile"],
                ]
                for target in (None, inside)
            ),
            strict=True,
        ):
            np.testing.assert_array_equal(found, wanted)
