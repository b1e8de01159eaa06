"""What type checkers make of the code of users: mypy reads this file, pytest runs it.

A comment "type: ignore" stands where mypy has to see a mistake: it complains of one
that it does not need.
"""

from typing import assert_type

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline

import sklearn_raman
from sklearn_raman.datasets import (
    load_minerals,
    make_raman_spectra,
    nm_to_wavenumber,
    read_spectra_table,
)
from sklearn_raman.inspection import (
    ExplanationSummary,
    occlusion,
    peak_share,
    plot_explanation,
)
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
    ):
        with pytest.raises(TypeError, match="argument"):
            call()
