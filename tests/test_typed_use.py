"""What type checkers make of the code of users: mypy reads this file, pytest runs it.

A comment "type: ignore" stands where mypy has to see a mistake: it complains of one
that it does not need.
"""

from typing import assert_type

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline

import sklearn_raman
from sklearn_raman.datasets import (
    load_minerals,
    make_raman_spectra,
    nm_to_wavenumber,
    read_spectra_table,
)
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import (
    ExplanationSummary,
    occlusion,
    peak_share,
    plot_explanation,
)
from sklearn_raman.model_selection import Comparison, OneGroupPerClassSplit, compare
from sklearn_raman.neural_network import CNN, CNNClassifier
from sklearn_raman.neural_network.attribution import saliency
from sklearn_raman.over_sampling import WGANGP
from sklearn_raman.preprocessing import (
    AIRPLS,
    EMSC,
    SNV,
    Despiker,
    SavitzkyGolay,
    WavenumberCrop,
    WavenumberResampler,
    airpls,
)

Floats = NDArray[np.floating]

AXIS = np.linspace(400, 500, 51)
SPECTRA: Floats = 5 + np.exp(-(((AXIS - [[440.0], [460.0]]) / 5) ** 2))


def test_arrays_in_arrays_out() -> None:
    assert_type(SNV().fit(SPECTRA), SNV)
    assert_type(SNV().fit_transform(SPECTRA), Floats)
    assert_type(AIRPLS(engine="numpy").fit(SPECTRA).transform(SPECTRA), Floats)
    smooth = SavitzkyGolay(deriv=1, wavenumbers=AXIS).fit_transform(SPECTRA)
    assert smooth.mean(axis=0).shape == AXIS.shape
    assert airpls(SPECTRA, engine="numpy").shape == SPECTRA.shape
    corrected, info = airpls(SPECTRA, engine="numpy", return_info=True)
    assert corrected.shape == SPECTRA.shape and info["converged"].all()


def test_frames_in_frames_out() -> None:
    labels = [f"{number:g}" for number in AXIS]
    frame = pd.DataFrame(SPECTRA, columns=labels)
    cropped = WavenumberCrop(region=(420, None)).fit_transform(frame)
    assert_type(cropped, pd.DataFrame)
    assert cropped.columns[0] == "420"
    resampler = WavenumberResampler(target_wavenumbers=(410, 490, 1.0))
    assert_type(resampler.fit(frame).transform(frame), pd.DataFrame)
    other = pl.DataFrame(SPECTRA, schema=labels, orient="row")
    assert_type(EMSC(reference=SPECTRA[0]).fit_transform(other), pl.DataFrame)
    assert_type(nm_to_wavenumber(800.0, 785.0), float)


def test_whatever_holds_spectra() -> None:
    pairs = [(AXIS, SPECTRA[0]), (AXIS[::2].tolist(), SPECTRA[1, ::2])]
    assert len(Despiker().fit(pairs).transform(pairs)) == 2
    assert make_pipeline(WavenumberCrop(region=[420, 480]), SNV()).fit_transform(pairs)
    assert SNV().fit_transform(SPECTRA.tolist()).shape == SPECTRA.shape


def test_data_sets() -> None:
    X, y = load_minerals(return_X_y=True)
    assert_type(X, Floats)
    assert_type(y, NDArray[np.intp])
    frame, target = load_minerals(return_X_y=True, as_frame=True)
    assert_type(frame, pd.DataFrame)
    assert frame.shape == X.shape and target.shape == y.shape
    assert load_minerals().DESCR
    simulated, classes, truth = make_raman_spectra(
        4, wavenumbers=AXIS, return_truth=True, as_frame=True, random_state=0
    )
    assert len(read_spectra_table(simulated.assign(y=classes), label="y").target) == 4
    assert len(truth.wavenumbers) == len(AXIS)


def test_maps() -> None:
    assert_type(peak_share(SPECTRA, SPECTRA), pd.DataFrame)
    summary = ExplanationSummary.from_maps(SPECTRA, ["a", "b"], wavenumbers=AXIS)
    assert_type(summary, ExplanationSummary)
    assert_type(summary.mean_spectrum, pd.DataFrame | None)
    assert summary.bands(1)["position"].tolist() == [440, 460]
    panels = plot_explanation({"a": SPECTRA[0]}, {"a": SPECTRA[1]}, n_bands=1).axes
    assert len(panels) == 1


def test_models() -> None:
    X = np.repeat(SPECTRA, 3, axis=0) + np.random.default_rng(0).normal(0, 0.1, (6, 51))
    y = np.repeat(["a", "b"], 3)
    model = PLSLDA(n_components=1).fit(X, y)
    assert_type(model, PLSLDA)
    assert_type(model.predict_proba(X), Floats)
    assert model.predict(X).tolist() == y.tolist()
    net = CNNClassifier(max_epochs=1, batch_size=6, random_state=0).fit(X, y)
    assert_type(net, CNNClassifier)
    assert_type(net.predict_proba(X), Floats)
    assert net.explain_(X, target="all", normalize="max").shape == (6, 2, len(AXIS))
    assert_type(saliency(CNN(len(AXIS), 2), X), torch.Tensor)
    for train, test in OneGroupPerClassSplit(1, random_state=0).split(
        X, y, [*range(6)]
    ):
        assert_type(train, NDArray[np.intp])
        assert len(train) == 4 and len(test) == 2
    comparison = compare([model], X, y, cv=3, explain=False, progress=False)
    assert_type(comparison, Comparison)
    assert_type(comparison.to_frame(), pd.DataFrame)


def test_mistakes_are_seen() -> None:
    """At the latest when fit looks at the parameters."""
    for step in (
        AIRPLS(engine="fast"),  # type: ignore[arg-type]
        SavitzkyGolay(window_length="11"),  # type: ignore[arg-type]
        sklearn_raman.preprocessing.SpectrumNormalizer(norm="L2"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match="must be"):
            step.fit(SPECTRA)
    for call in (
        lambda: SNV().fit(),  # type: ignore[call-arg]
        lambda: AIRPLS(lamda=1e5),  # type: ignore[call-arg]
        lambda: load_minerals(frame=True),  # type: ignore[call-overload]
        lambda: make_raman_spectra(bands=3),  # type: ignore[call-arg]
        lambda: occlusion(SNV()),  # type: ignore[call-arg]
        lambda: WGANGP(epochs=3),  # type: ignore[call-arg]
        lambda: PLSLDA().explain_(SPECTRA, baseline=0),  # type: ignore[call-arg]
        lambda: CNNClassifier().fit(SPECTRA),  # type: ignore[call-arg]
        lambda: CNNClassifier().filters(name="blocks.1"),  # type: ignore[call-arg]
        lambda: saliency(CNN(9, 2), method="auto"),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError, match="argument"):
            call()
