"""Textbook bands: against the bundled spectra, and looking bands up."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.signal import find_peaks

from sklearn_raman.datasets import (
    annotate_bands,
    load_band_assignments,
    load_minerals,
)
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import (
    ExplanationSummary,
    band_intervals,
    band_report,
    localization_score,
)


def test_every_row_is_complete_and_has_a_source():
    table = load_band_assignments()
    assert table.notna().all(axis=None) and len(table) > 80
    assert table["source"].str.contains(r"\(\d{4}\): ").all()
    assert not table.duplicated(["wavenumber", "material"]).any()
    assert set(table["kind"]) == {"mineral", "organic", "biological"}


def test_bundled_minerals_have_their_textbook_bands():
    """Whatever the table says of them is a band of the mean spectrum."""
    minerals, table = load_minerals(), load_band_assignments()
    y = minerals.target_names[minerals.target]
    for mineral, rows in table.groupby("material"):
        if mineral not in minerals.target_names:
            continue
        mean = minerals.data[y == mineral].mean(axis=0)
        peaks = minerals.wavenumbers[find_peaks(mean, prominence=0.003)[0]]
        for band in rows["wavenumber"]:
            if band < 160:  # at the edge of the measured range
                continue
            assert np.abs(peaks - band).min() <= 8, (mineral, band)
    assert set(minerals.target_names) - set(table["material"]) == {"Axinite-(Fe)"}


def test_the_strongest_band_of_calcite_is_the_carbonate_stretch():
    minerals = load_minerals(as_frame=True)
    y = minerals.target_names[minerals.target]
    few = np.isin(y, ["Calcite", "Fluorapatite", "Forsterite"])
    report = band_report(
        PLSLDA(n_components=3),
        minerals.data[few],
        y[few],
        minerals.groups[few],
        n_refits=10,
        n_permutations=0,
        n_repeats=1,
        cv=2,
        progress=False,
        random_state=0,
    )
    bands = annotate_bands(report)
    calcite = bands[(bands["class"] == "Calcite") & bands["used"]].iloc[0]
    assert calcite["assignment"] == "carbonate symmetric stretch (nu1)"
    assert "CaCO3" in calcite["source"]
    pd.testing.assert_frame_equal(bands[report.bands.columns], report.bands)


def test_own_table_and_other_reports():
    own = pd.DataFrame({"wavenumber": [1000, 1004], "assignment": ["first", "second"]})
    bands = pd.DataFrame({"position": [1003.0, 1500.0, np.nan]}, index=list("abc"))
    found = annotate_bands(bands, own)
    assert found["assignment"].to_list() == ["second; first", "", ""]
    assert found.index.to_list() == list("abc") and (found["source"] == "").all()
    exact = annotate_bands(bands, own, tolerance=1)
    assert exact["assignment"].iloc[0] == "second"
    maps = np.eye(2, 40)[:, ::-1]
    summary = ExplanationSummary.from_maps(
        maps, ["Calcite", "protein"], wavenumbers=np.linspace(886, 1086, 40)
    )
    by_class = annotate_bands(summary.bands())["assignment"]
    assert by_class.loc["Calcite"].to_list() == ["carbonate symmetric stretch (nu1)"]


@pytest.mark.parametrize("kind", ["polars", "text", "nullable"])
def test_frames_of_any_kind_mean_the_same(kind):
    bands = pd.DataFrame({"class": ["Calcite"] * 2, "position": [1086.0, 711.0]})
    own = pd.DataFrame({"wavenumber": [1085.0], "assignment": ["own"]})
    expected = annotate_bands(bands, own)[["assignment", "source"]]
    if kind == "polars":
        bands, own = (
            pl.DataFrame(bands.to_dict("list")),
            pl.DataFrame(own.to_dict("list")),
        )
    else:
        dtype = {"text": str, "nullable": "Float64"}[kind]
        bands = bands.astype({"position": dtype})
        own = own.astype({"wavenumber": dtype})
    found = annotate_bands(bands, own)[["assignment", "source"]]
    pd.testing.assert_frame_equal(found, expected)


def test_a_class_of_the_table_gets_its_own_bands():
    bands = pd.DataFrame(
        {"class": ["Calcite", "Dolomite", "unheard of"], "position": [1092.0] * 3}
    )
    calcite, dolomite, unheard = annotate_bands(bands)["assignment"]
    assert calcite == dolomite == "carbonate symmetric stretch (nu1)"
    assert unheard.startswith("Nucleic acid: ") and "Cellulose: " in unheard
    absent = bands.assign(position=282.0)
    assert annotate_bands(absent)["assignment"].iloc[1].startswith("Calcite: libration")


def test_refuses():
    with pytest.raises(ValueError, match="report has no column 'position'"):
        annotate_bands(pd.DataFrame({"place": [1]}))
    with pytest.raises(ValueError, match="table has no column 'assignment'"):
        annotate_bands(
            pd.DataFrame({"position": [1.0]}), pd.DataFrame({"wavenumber": [1.0]})
        )
    with pytest.raises(TypeError, match="report must be a BandReport or .*, got list"):
        annotate_bands([1086.0])
    with pytest.raises(TypeError, match="table must be a data frame, got dict"):
        annotate_bands(pd.DataFrame({"position": [1.0]}), {"wavenumber": [1.0]})
    with pytest.raises(ValueError, match="report has 'high' in the place of a number"):
        annotate_bands(pd.DataFrame({"position": [None, "high"]}))
    own = pd.DataFrame({"wavenumber": [None, 1.0], "assignment": ["a", "b"]})
    with pytest.raises(ValueError, match="wavenumber of table misses 1 of 2"):
        annotate_bands(pd.DataFrame({"position": [1.0]}), own)
    with pytest.raises(ValueError, match="bands of this report are in points"):
        annotate_bands(SimpleNamespace(unit="point"))
    with pytest.raises(ValueError, match="tolerance"):
        annotate_bands(pd.DataFrame({"position": [1.0]}), tolerance=-1)


@pytest.fixture(scope="module")
def in_points():
    """Tables of bands, and frames, of arrays, whose axis nobody knows."""
    X = np.random.default_rng(0).normal(size=(24, 300))
    y = np.repeat(["Calcite", "Quartz"], 12)
    X[:12, 200] += 20
    X[12:, 240] += 20
    model, bands = PLSLDA(n_components=2), [(190, 210), (230, 250)]
    settings = {"bands": bands, "n_repeats": 1, "progress": False, "random_state": 0}
    data = model, X, y, range(24)
    report = band_report(*data, n_refits=10, n_permutations=0, cv=2, **settings)
    summary = ExplanationSummary.from_estimator(model.fit(X, y), X, y)
    tables = {
        "summary": summary.bands(2),
        "report": report,
        "table of the report": report.to_frame(),
        "intervals": band_intervals(*data, n_refits=10, **settings),
    }
    frames = summary.mean, summary.std, summary.mean_spectrum
    return tables, [*frames, report.mean_map, report.lower_map, report.mean_spectrum]


def test_bands_in_points_have_no_names(in_points):
    for table in in_points[0].values():
        with pytest.raises(ValueError, match="bands of this report are in points"):
            annotate_bands(table)
    units = pd.DataFrame({"position": [1086.0], "unit": ["cm-1"]})
    assert annotate_bands(units)["assignment"].iloc[0]


def test_frames_in_points_are_no_axis(in_points):
    """Labels 0, 1, 2, ... are positions everywhere, if they are whole numbers."""
    for frame in in_points[1]:
        again = ExplanationSummary.from_maps(frame, range(len(frame)))
        assert again.unit == "point"
    with pytest.raises(ValueError, match="wavenumbers"):
        localization_score(in_points[1][0], 200.0, fwhm=8.0)


@pytest.mark.parametrize("taken", ["assignment", "source"])
def test_no_column_is_overwritten(taken):
    mine = pd.DataFrame({"position": [1087.0], taken: ["my note"]})
    with pytest.raises(ValueError, match=f"has a column '{taken}' of its own"):
        annotate_bands(mine)


def test_rounding_does_not_move_the_end_of_the_tolerance():
    known = pd.DataFrame({"wavenumber": [400.0], "assignment": ["a"]})
    at = pd.DataFrame({"position": [401.1, 398.9, 401.11, 398.89]})
    found = annotate_bands(at, known, tolerance=1.1)["assignment"]
    assert found.tolist() == ["a", "a", "", ""]
