"""What all transformers share: frames in, frames out; the axis of what comes in."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.preprocessing import (
    AIRPLS,
    SNV,
    BaselineCorrection,
    SavitzkyGolay,
    SpectrumNormalizer,
    SquareRoot,
    WavenumberCrop,
    WavenumberResampler,
)
from tests._estimators import SIZED, STATELESS, TRANSFORMERS


def labelled(kind, X, labels):
    """Spectra as a frame of some kind."""
    if kind == "polars":
        return pl.DataFrame(X, schema=[str(label) for label in labels], orient="row")
    labels = [str(label) for label in labels] if kind == "text" else labels
    return pd.DataFrame(X, columns=labels, index=np.arange(len(X)) * 7 + 100)


KINDS = {"text": pd.DataFrame, "float": pd.DataFrame, "polars": pl.DataFrame}


@pytest.mark.parametrize("estimator", TRANSFORMERS + SIZED, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_frames_in_frames_out(estimator, kind, spectra, axis):
    X = labelled(kind, spectra, axis)
    fitted = clone(estimator).fit(X)
    for found in (fitted.transform(X), clone(estimator).fit_transform(X)):
        assert isinstance(found, KINDS[kind])
        array = clone(estimator).set_output(transform="default").fit_transform(X)
        assert isinstance(array, np.ndarray)
        np.testing.assert_array_equal(found.to_numpy(), array)
        if kind != "polars":
            pd.testing.assert_index_equal(found.index, X.index)
        if found.shape[1] == len(axis):
            assert list(found.columns) == list(X.columns)
        else:
            assert [float(label) for label in found.columns] == list(
                fitted.wavenumbers_out_
            )


@pytest.mark.parametrize("estimator", STATELESS + SIZED, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_unfitted_does_what_fitted_would(estimator, kind, spectra, axis):
    """On an uneven axis, where points and cm-1 are not the same."""
    given = getattr(estimator, "wavenumbers", None)
    uneven = axis if given is not None else axis + axis**2 / 2e3
    X = labelled(kind, spectra, uneven)
    expected = clone(estimator).fit(X).transform(X)
    found = clone(estimator).transform(X)
    assert list(found.columns) == list(expected.columns)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=str)
def test_arrays_give_arrays(estimator, spectra):
    for X in (spectra, spectra.tolist(), pd.DataFrame(spectra), pl.DataFrame(spectra)):
        assert isinstance(clone(estimator).fit_transform(X), np.ndarray)
    fitted = clone(estimator).fit(spectra)
    assert isinstance(fitted.transform(spectra), np.ndarray)


def test_an_explicit_choice_wins(frame):
    assert isinstance(SNV().fit_transform(frame), pd.DataFrame)
    chosen = SNV().set_output(transform="default")
    assert isinstance(chosen.fit_transform(frame), np.ndarray)
    assert isinstance(clone(chosen).fit_transform(frame), np.ndarray)
    to_polars = SNV().set_output(transform="polars")
    assert isinstance(to_polars.fit_transform(frame), pl.DataFrame)
    with config_context(transform_output="polars"):
        assert isinstance(SNV().fit_transform(frame), pl.DataFrame)
        assert isinstance(chosen.fit_transform(frame), np.ndarray)
    pipeline = make_pipeline(SNV(), SquareRoot()).set_output(transform="default")
    assert isinstance(pipeline.fit_transform(frame), np.ndarray)


def test_an_axis_given_by_parameter(spectra, axis):
    """Labels of another kind pass through; where the grid changes, the axis is known.

    Positions are such labels, whatever they start with.
    """
    settings = {"wavenumbers": axis}
    names = [f"point {i}" for i in range(len(axis))]
    for columns in (names, range(len(axis)), range(60, 60 + len(axis))):
        X = pd.DataFrame(spectra, columns=columns, index=range(5, 17))
        same = SpectrumNormalizer(norm="area", **settings).fit_transform(X)
        pd.testing.assert_index_equal(same.columns, X.columns, exact="equiv")
        pd.testing.assert_index_equal(same.index, X.index)
        cropped = WavenumberCrop(region=(500, 504), **settings).fit_transform(X)
        assert list(cropped.columns) == ["500.0", "502.0", "504.0"]
        new = WavenumberResampler(target_wavenumbers=[500, 501], **settings)
        assert list(new.fit_transform(X).columns) == ["500.0", "501.0"]
    crop = WavenumberCrop(region=(500, 504), **settings)
    assert isinstance(crop.fit_transform(spectra), np.ndarray)


def test_the_axis_that_a_step_makes_stays_an_axis(spectra):
    """Also one that starts low, in whole steps."""
    chain = make_pipeline(
        WavenumberResampler(
            target_wavenumbers=(10, 140, 1), wavenumbers=np.arange(5.0, 155.0)
        ),
        SNV(),
        WavenumberCrop(region=(20, 30)),
    )
    positions = pd.DataFrame(spectra)
    assert list(chain.fit_transform(positions).columns) == [
        f"{value}.0" for value in range(20, 31)
    ]


@pytest.mark.parametrize("step", [AIRPLS(cutoff=100.0), WavenumberCrop(region=(0, 9))])
def test_positions_are_no_axis(step, spectra):
    for X in (pd.DataFrame(spectra), pd.DataFrame(spectra).iloc[:, 5:]):
        with pytest.raises(ValueError, match=r"are positions.*\(wavenumbers="):
            clone(step).fit(X)
        with pytest.raises(ValueError, match=r"are positions.*\(wavenumbers="):
            clone(step).transform(X)


@pytest.mark.parametrize("norm", ["area", "max"])
def test_labels_of_what_comes_in(norm, spectra, axis):
    """Fitted without an axis or not fitted, the labels that come in are used."""
    uneven = axis + axis**2 / 2e3
    X = pd.DataFrame(spectra, columns=uneven)
    expected = SpectrumNormalizer(norm=norm).fit_transform(X)
    for step in (SpectrumNormalizer(norm=norm), SpectrumNormalizer(norm=norm)):
        step.fit(spectra)
        pd.testing.assert_frame_equal(step.transform(X), expected)
    other = SpectrumNormalizer(norm=norm, wavenumbers=axis).fit(spectra)
    other.set_params(wavenumbers=uneven)
    pd.testing.assert_frame_equal(other.transform(X), expected)
    np.testing.assert_array_equal(other.transform(spectra), expected)
    with pytest.raises(ValueError, match="parameter wavenumbers and the column labels"):
        other.set_params(wavenumbers=axis).transform(X)


def test_a_straight_line_on_an_uneven_axis():
    axis = np.linspace(20, 45, 300) ** 2
    line = pd.DataFrame([3 * axis + 7], columns=axis)
    for step in (BaselineCorrection(), BaselineCorrection().fit(line)):
        np.testing.assert_allclose(step.transform(line), 0, atol=1e-9)


# Whole steps in a grid -----------------------------------------------------------


def three_steps(**output):
    """Baseline, axis, classifier."""
    resampler = WavenumberResampler(target_wavenumbers=(410, 690, 4))
    steps = [("baseline", AIRPLS()), ("axis", resampler), ("clf", SVC())]
    return Pipeline(steps).set_output(**output)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("output", [{}, {"transform": "pandas"}])
def test_whole_steps_in_a_grid(kind, output, spectra, labels, axis):
    """`set_output` reaches only the steps that are there when it is called."""
    X = labelled(kind, spectra, axis)
    swaps = [
        AIRPLS(),
        BaselineCorrection(),
        "passthrough",
        make_pipeline(SavitzkyGolay(), AIRPLS(lam=1e4)),
        Pipeline([("inner", SNV())]),
    ]
    one_point = WavenumberResampler(target_wavenumbers=[500])
    grid = [
        {"baseline": swaps, "axis": [one_point, "passthrough"]},
        {"baseline": swaps, "axis__kind": ["linear", "cubic"]},
    ]
    search = GridSearchCV(three_steps(**output), grid, cv=2, error_score="raise")
    search.fit(X, labels)
    assert search.predict(X).shape == labels.shape
    for baseline in swaps:
        model = clone(three_steps(**output)).set_params(baseline=baseline)
        resampled = model.fit(X, labels)[:-1].transform(X)
        assert [float(label) for label in resampled.columns[:2]] == [410, 414]


def test_a_swapped_step_leaves_the_network_its_axis(frame, labels):
    settings = {"max_epochs": 3, "random_state": 0, "augmentation": "auto"}
    steps = [("scale", SNV()), ("clf", CNNClassifier(**settings))]
    alone = Pipeline(steps).set_output(transform="pandas").fit(frame, labels)
    search = GridSearchCV(clone(alone), {"scale": [SNV()]}, cv=2).fit(frame, labels)
    network = search.best_estimator_[-1]
    np.testing.assert_array_equal(network.wavenumbers_in_, alone[-1].wavenumbers_in_)
    np.testing.assert_array_equal(
        search.predict_proba(frame), alone.predict_proba(frame)
    )


def test_default_output_drops_the_axis_and_says_so(frame, labels):
    model = three_steps(transform="default")
    with pytest.raises(ValueError, match="WavenumberResampler needs the wavenumber"):
        model.fit(frame, labels)


def test_steps_of_others_take_frames(frame, labels):
    union = make_union(SNV(), WavenumberCrop(region=(500, 520)))
    assert union.fit_transform(frame).shape == (12, 161)
    chain = make_pipeline(FunctionTransformer(), SNV(), KNeighborsClassifier(1))
    assert chain.fit(frame, labels).score(frame, labels) == 1
