"""The bundled minerals: what is in them, and that they can be rebuilt."""

from importlib.util import find_spec

import numpy as np
import pytest
from scipy.signal import find_peaks
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from benchmarks import build_minerals
from sklearn_raman.datasets import load_minerals
from sklearn_raman.datasets._minerals import DATA_FOLDER


@pytest.fixture(scope="module")
def minerals():
    return load_minerals()


def test_every_mineral_has_five_crystals_or_more(minerals):
    assert minerals.data.shape == (320, 1360)
    assert len(minerals.target_names) == 18
    np.testing.assert_array_equal(np.unique(minerals.target), np.arange(18))
    for code in range(18):
        groups = minerals.groups[minerals.target == code]
        assert len(np.unique(groups)) >= 5
        assert len(groups) <= 18
        # Evenly spread: no crystal dominates its mineral.
        assert np.unique(groups, return_counts=True)[1].max() <= 4


def test_a_crystal_is_of_one_mineral(minerals):
    pairs = set(zip(minerals.groups, minerals.target, strict=True))
    assert len(pairs) == len(set(minerals.groups))


def test_no_spectrum_occurs_twice(minerals):
    assert len(np.unique(minerals.data, axis=0)) == len(minerals.data)
    assert len(set(minerals.spectrum_ids)) == len(minerals.data)


def test_no_crystal_holds_nearly_the_spectrum_of_another(minerals):
    # Second differences leave the noise, which two measurements don't share: two files
    # of one measurement would correlate to 1 apart from rounding.
    rough = np.diff(minerals.data, n=2, axis=1)
    rough /= np.linalg.norm(rough, axis=1, keepdims=True)
    other = minerals.groups[:, None] != minerals.groups[None, :]
    assert (rough @ rough.T)[other].max() < 0.999


def test_coverage_is_complete_but_for_the_documented_crystals(minerals):
    partial = minerals.coverage < 1
    names = minerals.target_names[minerals.target[partial]]
    assert set(names) == {"Dravite", "Fluorite"}
    assert len(set(minerals.groups[partial])) == 4
    for row, coverage in zip(
        minerals.data[partial], minerals.coverage[partial], strict=True
    ):
        n_missing = round((1 - coverage) * 1360)
        assert n_missing in (19, 28)
        assert (row[:n_missing] == 0).all()
        assert row[n_missing + 5] > 0


@pytest.mark.parametrize(
    ("mineral", "bands"),
    [
        ("Calcite", [1086]),
        ("Dolomite", [1097]),
        ("Forsterite", [824, 856]),
        ("Fluorapatite", [964]),
        ("Cerussite", [1054]),
        ("Diopside", [1012]),
    ],
)
def test_strongest_bands_are_those_of_the_literature(minerals, mineral, bands):
    mean = minerals.data[minerals.target_names[minerals.target] == mineral].mean(axis=0)
    peaks, _ = find_peaks(mean)
    strongest = peaks[np.argsort(mean[peaks])[::-1][: len(bands)]]
    found = np.sort(minerals.wavenumbers[strongest])
    np.testing.assert_allclose(found, bands, atol=2)


def test_minerals_can_be_told_apart_on_unseen_crystals(minerals):
    scores = cross_val_score(
        KNeighborsClassifier(1, metric="cosine"),
        minerals.data,
        minerals.target,
        groups=minerals.groups,
        cv=LeaveOneGroupOut(),
    )
    assert scores.mean() > 0.8


def test_frame_has_the_axis_as_labels(minerals):
    framed = load_minerals(as_frame=True)
    labels = [float(label) for label in framed.data.columns]
    np.testing.assert_array_equal(labels, minerals.wavenumbers)
    assert all(isinstance(label, str) for label in framed.data.columns)
    np.testing.assert_array_equal(framed.data.to_numpy(), minerals.data)
    np.testing.assert_array_equal(framed.target.to_numpy(), minerals.target)
    assert framed.target.name == "target"


def test_return_X_y(minerals):
    X, y = load_minerals(return_X_y=True)
    np.testing.assert_array_equal(X, minerals.data)
    np.testing.assert_array_equal(y, minerals.target)


def test_intensities_are_on_the_scale_of_the_library(minerals):
    assert minerals.data.dtype == np.float64
    assert minerals.data.min() >= 0
    assert minerals.data.max() <= 1


def test_description_names_licence_and_sources(minerals):
    licence = (DATA_FOLDER / "LICENSE.txt").read_text(encoding="utf-8")
    for text in (minerals.DESCR, licence):
        assert "CC BY 4.0" in text
        assert "Lafuente" in text
        assert "Cowger" in text


def test_data_folder_stays_below_one_megabyte():
    assert sum(len(entry.read_bytes()) for entry in DATA_FOLDER.iterdir()) <= 1_000_000


@pytest.mark.parametrize("flag", ["as_frame", "return_X_y"])
@pytest.mark.parametrize("value", ["yes", 1, None])
def test_flags_must_be_boolean(flag, value):
    with pytest.raises(ValueError, match=f"{flag}.*{value}"):
        load_minerals(**{flag: value})


def test_crystals_with_all_points_are_preferred():
    coverage = np.array([1, 1, 1, 1, 1, 1, 0.9])
    crystals = np.array(list("aabcdef"))
    assert set(build_minerals.choose_crystals(coverage, crystals)) == set("abcde")


def test_too_few_complete_crystals_are_filled_up_with_the_best():
    coverage = np.array([1, 1, 0.7, 0.9, 0.8, 0.6, 0.99])
    crystals = np.array(list("abcdefd"))
    chosen = build_minerals.choose_crystals(coverage, crystals)
    assert chosen == {"a": 1, "b": 1, "d": 0.99, "e": 0.8, "c": 0.7}


def test_spectra_are_taken_in_turns(monkeypatch):
    monkeypatch.setattr(build_minerals, "MAX_SPECTRA", 6)
    crystals = np.array(list("aaaabbbbccde"))
    kept = build_minerals.choose_spectra(np.ones(12), crystals)
    np.testing.assert_array_equal(kept, [0, 1, 4, 8, 10, 11])


@pytest.mark.skipif(
    find_spec("pyopenspecy") is None,
    reason="a rebuild reads the RRUFF spectra of pyopenspecy (extra rruff)",
)
def test_rebuild_gives_the_same_bytes(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    assert build_minerals.main(["--check"]) == 0
    assert capsys.readouterr().out.count("identical") == 2

    monkeypatch.setattr(build_minerals, "FOLDER", tmp_path)
    assert build_minerals.main(["--check"]) == 1
    assert "differs" in capsys.readouterr().err
