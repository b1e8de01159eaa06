"""Hostile wavenumbers into every public call that takes an axis."""

import inspect
from unittest.mock import patch

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier

from sklearn_raman import (
    datasets,
    inspection,
    mapping,
    model_selection,
    over_sampling,
    uncertainty,
)
from sklearn_raman.preprocessing import (
    AIRPLS,
    ARPLS,
    ASLS,
    EMSC,
    MSC,
    BaselineCorrection,
    SavitzkyGolay,
    SpectrumNormalizer,
    WavenumberCrop,
    WavenumberResampler,
    WhittakerSmoother,
)
from tests.hostile._entrances import fitted, make, maps, pipeline, public_names
from tests.hostile._kinds import AXIS, GROUPS, LABELS, SPECTRA, labeled
from tests.hostile.test_spectra import arrays, assert_same

AXIS_NAMES = {"wavenumbers", "target_wavenumbers", "nm"}


def _transform(cls, **settings):
    return lambda axis: cls(wavenumbers=axis, **settings).fit_transform(SPECTRA)


def _target(axis):
    resampler = WavenumberResampler(target_wavenumbers=axis, fill_value="edge")
    return np.asarray(resampler.fit_transform(labeled()))


def _report_axis(axis):
    """Return the axis of a report, without measuring anything."""
    sets = SPECTRA, SPECTRA[::-1] + 1, SPECTRA + 0.5
    with patch("sklearn_raman.over_sampling.report._report.class_metrics", list_none):
        return over_sampling.synthesis_report(*sets, wavenumbers=axis).axis


def list_none(*_):
    return []


def _lines(figure):
    """Return what is drawn, and close the figure."""
    found = [line.get_xydata() for axes in figure.axes for line in axes.get_lines()]
    plt.close(figure)
    return found


TAKES_AXIS = {
    "AIRPLS": _transform(AIRPLS, cutoff=40.0),
    "ARPLS": _transform(ARPLS, cutoff=40.0),
    "ASLS": _transform(ASLS, cutoff=40.0),
    "BaselineCorrection": _transform(BaselineCorrection),
    "EMSC": _transform(EMSC),
    "MSC": _transform(MSC, region=(410, 450)),
    "SavitzkyGolay": _transform(SavitzkyGolay, delta="axis", deriv=1),
    "SpectrumNormalizer": _transform(SpectrumNormalizer, norm="area"),
    "WavenumberCrop": _transform(WavenumberCrop, region=(410, 450)),
    "WavenumberResampler": _transform(
        WavenumberResampler, target_wavenumbers=[410.0, 413.0, 421.0]
    ),
    "WavenumberResampler, target": _target,
    "WhittakerSmoother": _transform(WhittakerSmoother, cutoff=40.0),
    "ExplanationSummary.from_maps": lambda axis: (
        inspection.ExplanationSummary.from_maps(
            maps(), LABELS, wavenumbers=axis
        ).to_frame()
    ),
    "ExplanationSummary.from_estimator": lambda axis: (
        inspection.ExplanationSummary.from_estimator(
            fitted("PLSLDA"), SPECTRA, LABELS, wavenumbers=axis
        ).to_frame()
    ),
    "localization_score": lambda axis: inspection.localization_score(
        maps(), 424.0, fwhm=4.0, wavenumbers=axis
    ),
    "band_test": lambda axis: inspection.band_test(
        make("PLSLDA"),
        SPECTRA,
        LABELS,
        GROUPS,
        bands=2,
        wavenumbers=axis,
        cv=2,
        n_repeats=1,
        progress=False,
        random_state=0,
    ).drop(columns="class"),
    "plot_explanation": lambda axis: _lines(
        inspection.plot_explanation(SPECTRA[0], maps()[0], wavenumbers=axis)
    ),
    "plot_feature_maps": lambda axis: _lines(
        inspection.plot_feature_maps(maps()[:3], wavenumbers=axis, spectrum=SPECTRA[0])
    ),
    "synthesis_report": _report_axis,
    "make_raman_spectra": lambda axis: datasets.make_raman_spectra(
        4, wavenumbers=axis, random_state=0
    ),
    "fetch_rruff": None,  # needs 82 MB of data: see tests/datasets/test_rruff.py
    "standard_models": lambda axis: model_selection.standard_models(
        0, quick=True, target_wavenumbers=axis
    )["CNN"][0].fit_transform(labeled()),
    "apply_pipeline": lambda axis: mapping.apply_pipeline(
        pipeline(), SPECTRA.reshape(2, 4, -1), wavenumbers=axis, progress=False
    )["proba"],
    "sample_spectra": lambda axis: (
        mapping.sample_spectra(SPECTRA, 3, wavenumbers=axis, random_state=0).data
    ),
    "to_cube": lambda axis: mapping.to_cube(
        SPECTRA.reshape(2, 4, -1), wavenumbers=axis
    ),
    "nm_to_wavenumber": lambda axis: datasets.nm_to_wavenumber(axis, 400.0),
    "wavenumber_to_nm": lambda axis: datasets.wavenumber_to_nm(axis, 532.0),
}
# They give the axis of the result; any length and, of units, any order will do.
ANY_LENGTH = {
    "WavenumberResampler, target",
    "make_raman_spectra",
    "standard_models",
    "nm_to_wavenumber",
    "wavenumber_to_nm",
}
UNITS = {"nm_to_wavenumber", "wavenumber_to_nm"}
ENTRANCES = [name for name, call in TAKES_AXIS.items() if call]

SAME = {
    "list": np.ndarray.tolist,
    "float32": lambda axis: axis.astype(np.float32),
    "float16": lambda axis: axis.astype(np.float16),
    "int16": lambda axis: axis.astype(np.int16),
    "range": lambda axis: range(400, 464, 2),
    "objects": lambda axis: axis.astype(object),
    "big-endian": lambda axis: axis.astype(">f8"),
    "every second": lambda axis: np.repeat(axis, 2)[::2],
    "read-only": lambda axis: np.broadcast_to(axis, axis.shape),
    "Series": lambda axis: pd.Series(axis, index=axis[::-1]),
    "Index": pd.Index,
}


def _changed(place, value):
    axis = AXIS.astype(object if value is None else np.result_type(AXIS, type(value)))
    axis[place] = value
    return axis


REFUSED = {
    "NaN": _changed(3, np.nan),
    "infinity": _changed(31, np.inf),
    "None": _changed(3, None),
    "twice the same": _changed(5, 408.0),
    "two points swapped": AXIS[[0, 2, 1, *range(3, 32)]],
    "zigzag": np.where(np.arange(32) % 2, AXIS, AXIS[::-1]),
    "one value": np.full(32, 400.0),
    "two rows": np.stack([AXIS, AXIS]),
    "a column": AXIS[:, None],
    "none": AXIS[:0],
    "complex": AXIS + 1j,
    "words": np.char.add(AXIS.astype(str), " cm-1"),
    "dates": AXIS.astype("M8[D]"),
    "dict": dict(enumerate(AXIS)),
    "word": "cm-1",
}
WRONG_LENGTH = {"too short": AXIS[:-1], "too long": np.append(AXIS, 464.0)}


STUDIES = {
    "ConformalClassifier": lambda model, X: uncertainty.ConformalClassifier(
        model, cv=2, random_state=0
    ).fit(X, LABELS, GROUPS),
    "SpectralNoveltyDetector": lambda model, X: uncertainty.SpectralNoveltyDetector(
        model, cv=2, random_state=0
    ).fit(X, LABELS, GROUPS),
    "compare": lambda model, X: model_selection.compare(
        [model], X, LABELS, groups=GROUPS, cv=2, progress=False
    ),
    "sample_size_curve": lambda model, X: model_selection.sample_size_curve(
        [model], X, LABELS, GROUPS, cv=2, sizes=[1], progress=False
    ),
    "band_test": lambda model, X: inspection.band_test(
        model, X, LABELS, GROUPS, progress=False
    ),
}


@pytest.mark.parametrize("study", STUDIES)
def test_stray_columns_beside_a_model_that_knows_no_axis(study):
    """A classifier of scikit-learn would take them for intensities."""
    model = KNeighborsClassifier(1)
    stray = labeled()
    stray.insert(0, "id", np.arange(8.0))
    with pytest.raises(ValueError, match=r"1 of 33 column labels .*\['id'\]"):
        STUDIES[study](model, stray)
    mixed = labeled().iloc[:, np.r_[1, 0, 2:32]]
    with pytest.raises(ValueError, match="strictly increasing or strictly decreasing"):
        STUDIES[study](model, mixed)


def test_every_call_with_an_axis_is_in_the_table():
    covered, missing = {name.split(",")[0] for name in TAKES_AXIS}, []
    # As band_test and apply_pipeline.
    covered |= {"SynthesisReport", "band_intervals", "band_report", "save_page"}
    for name, value in public_names():
        calls = {name: value}
        if inspect.isclass(value):
            calls |= {
                f"{name}.{method}": member
                for method, member in inspect.getmembers(value, inspect.isroutine)
                if not method.startswith("_")
            }
        for call, member in calls.items():
            if AXIS_NAMES & set(inspect.signature(member).parameters):
                missing += [call] if call not in covered else []
    assert not missing, f"add to tests/hostile/test_axes.py: {missing}"


@pytest.mark.parametrize("kind", SAME)
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_the_same_axis_written_otherwise(entrance, kind):
    call = TAKES_AXIS[entrance]
    found = list(arrays(call(SAME[kind](AXIS.copy()))))
    assert_same(found, list(arrays(call(AXIS.copy()))), 12)


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_what_no_axis_can_be(entrance, kind):
    if (entrance, kind) == ("plot_explanation", "dict"):
        return  # one axis for each model
    order = {"twice the same", "two points swapped", "zigzag", "one value", "none"}
    if entrance in UNITS and kind in order:
        found = TAKES_AXIS[entrance](REFUSED[kind])
        assert np.isfinite(found).all() and found.shape == REFUSED[kind].shape
        return
    with pytest.raises((ValueError, TypeError)):
        TAKES_AXIS[entrance](REFUSED[kind])


@pytest.mark.parametrize("kind", WRONG_LENGTH)
@pytest.mark.parametrize("entrance", sorted(set(ENTRANCES) - ANY_LENGTH))
def test_an_axis_of_another_length(entrance, kind):
    with pytest.raises(
        ValueError, match=f"{len(WRONG_LENGTH[kind])}.*32|32.*{len(WRONG_LENGTH[kind])}"
    ):
        TAKES_AXIS[entrance](WRONG_LENGTH[kind])
