"""fetch_rruff on a library of a few invented spectra in the files' own format."""

import csv
import hashlib
import time
from importlib.util import find_spec

import numpy as np
import pytest

from sklearn_raman.datasets import _rruff_library, fetch_rruff
from sklearn_raman.datasets._rruff_library import LIBRARY_FILE, METADATA_FILE

# mineral, RRUFF id, number, first and last wavenumber; rows deliberately not sorted.
SPECTRA = [
    ("Quartz", "R2", 7, 100, 1600),
    ("Quartz", "R1", 9, 100, 1600),
    ("Quartz", "R1", 8, 160, 1600),
    ("Albite", "R4", 3, 100, 1200),
    ("Albite", "R4", 2, 100, 1600),
    ("Zircon", "R5", 1, 200, 1000),
]
ORDER = [2, 3, 8, 9, 7, 1]


def intensity(number, axis):
    """A value that tells which spectrum and which point it is; linear in the axis."""
    return number + axis / 10_000


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write the two files and make the reader look there."""
    folder = tmp_path / "pyopenspecy" / "data"
    folder.mkdir(parents=True)
    points = [
        (float(w), float(intensity(number, w)), number, number)
        for _, _, number, first, last in SPECTRA
        for w in np.arange(first, last + 1, 4)
    ]
    points += [(100.0, 5.0, 99, 99), (104.0, 5.0, 99, 99)]
    interleaved = [points[i] for i in np.random.RandomState(0).permutation(len(points))]
    with (folder / LIBRARY_FILE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["wavenumber", "intensity", "sample_name", "group"])
        writer.writerows(interleaved)
    with (folder / METADATA_FILE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["spectrum_identity", "spectrum_id", "organization", "rid", "sample_name"]
        )
        for mineral, rid, number, _, _ in SPECTRA:
            writer.writerow([mineral, f"{mineral}__{number}", "RRUFF", rid, number])
        writer.writerow(["Chromatite", "Chromatite__50", "RRUFF", "R6", 50])
        writer.writerow(["Plastic", "Plastic__99", "Other", "", 99])
    hashes = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (LIBRARY_FILE, METADATA_FILE)
    }
    monkeypatch.setattr(_rruff_library, "SOURCE_SHA256", hashes)
    monkeypatch.setattr(_rruff_library, "library_folder", lambda: folder)
    return folder


@pytest.fixture
def fetch(folder, tmp_path):
    """fetch_rruff with its cache in the test's folder."""
    return lambda **kwargs: fetch_rruff(data_home=tmp_path / "home", **kwargs)


def cache_file(tmp_path):
    (path,) = (tmp_path / "home" / "sklearn_raman").iterdir()
    return path


def numbers(bunch):
    return [int(name.rpartition("_")[2]) for name in bunch.spectrum_ids]


def test_rows_are_sorted_and_belong_together(fetch):
    bunch = fetch()
    assert bunch.data.shape == (6, 1360)
    assert numbers(bunch) == ORDER
    assert bunch.target_names.tolist() == ["Albite", "Quartz", "Zircon"]
    assert bunch.target.tolist() == [0, 0, 1, 1, 1, 2]
    assert bunch.groups.tolist() == ["R4", "R4", "R1", "R1", "R2", "R5"]
    assert (bunch.wavenumbers[0], bunch.wavenumbers[-1]) == (150, 1509)


def test_interpolation_is_linear_and_fills_outside(fetch):
    bunch = fetch(fill_value=-1.0)
    limits = {number: (first, last) for _, _, number, first, last in SPECTRA}
    for row, coverage, number in zip(
        bunch.data, bunch.coverage, numbers(bunch), strict=True
    ):
        first, last = limits[number]
        inside = (bunch.wavenumbers >= first) & (bunch.wavenumbers <= last)
        expected = np.where(inside, intensity(number, bunch.wavenumbers), -1.0)
        np.testing.assert_allclose(row, expected, rtol=1e-12)
        assert coverage == inside.mean()


def test_outside_is_zero_by_default_and_edge_repeats(fetch):
    zircon = fetch().data[-1]
    assert (zircon[:50] == 0).all()
    assert (zircon[-509:] == 0).all()
    edge = fetch(fill_value="edge").data[-1]
    np.testing.assert_allclose(edge[:50], intensity(1, 200))
    np.testing.assert_allclose(edge[-509:], intensity(1, 1000))


def test_full_coverage_keeps_complete_spectra_only(fetch):
    bunch = fetch(full_coverage=True)
    assert numbers(bunch) == [2, 9, 7]
    assert (bunch.coverage == 1).all()


def test_guo_subset_needs_range_and_two_spectra(fetch):
    # Zircon starts at 200 and ends at 1000 cm-1; the others pass with two or more.
    assert numbers(fetch(subset="guo2020")) == [2, 3, 8, 9, 7]
    # Complete albite spectra: one, which is too few.
    assert numbers(fetch(subset="guo2020", full_coverage=True)) == [9, 7]


def test_class_filters_count_what_the_others_left(fetch):
    assert numbers(fetch(min_spectra=3)) == [8, 9, 7]
    assert numbers(fetch(min_crystals=2)) == [8, 9, 7]
    assert numbers(fetch(min_spectra=2, full_coverage=True)) == [9, 7]


def test_nothing_left_says_what_to_relax(fetch):
    with pytest.raises(ValueError, match="No spectrum is left.*min_crystals=3"):
        fetch(min_crystals=3)


def test_rows_of_fill_values_only_are_refused(fetch):
    with pytest.raises(ValueError, match="2 of 6 spectra .*1300 to 1400.*full_cov"):
        fetch(wavenumbers=(1300, 1400, 10))
    bunch = fetch(wavenumbers=(1300, 1400, 10), full_coverage=True)
    assert numbers(bunch) == [2, 8, 9, 7]


def test_descending_grid(fetch):
    up, down = fetch(), fetch(wavenumbers=(1509, 150, -1))
    np.testing.assert_array_equal(down.data, up.data[:, ::-1])


def test_ragged_spectra_keep_their_axes(fetch):
    bunch = fetch(ragged=True)
    limits = {number: (first, last) for _, _, number, first, last in SPECTRA}
    assert bunch.wavenumbers is None
    assert len(bunch.data) == 6
    for (axis, values), number in zip(bunch.data, numbers(bunch), strict=True):
        assert (axis[0], axis[-1]) == limits[number]
        assert (np.diff(axis) > 0).all()
        np.testing.assert_allclose(values, intensity(number, axis))
    np.testing.assert_array_equal(bunch.coverage, fetch().coverage)
    X, y = fetch(ragged=True, return_X_y=True)
    assert len(X) == len(y) == 6


def test_frame(fetch):
    bunch = fetch(as_frame=True, wavenumbers=[400.0, 402.5, 900.0])
    assert bunch.data.columns.tolist() == ["400.0", "402.5", "900.0"]
    assert bunch.target.tolist() == [0, 0, 1, 1, 1, 2]
    with pytest.raises(ValueError, match="as_frame=True.*ragged=True"):
        fetch(as_frame=True, ragged=True)


def test_cache_needs_neither_package_nor_files(fetch, folder, monkeypatch, tmp_path):
    first = fetch()
    for path in folder.iterdir():
        path.unlink()
    monkeypatch.setattr(_rruff_library, "library_folder", lambda: 1 / 0)
    np.testing.assert_array_equal(fetch().data, first.data)
    assert cache_file(tmp_path).suffix == ".npz"  # and no temporary file beside it


def test_missing_package_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(_rruff_library, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-raman\[rruff\]'"):
        fetch_rruff(data_home=tmp_path)


@pytest.mark.parametrize("name", [LIBRARY_FILE, METADATA_FILE])
def test_changed_source_file_is_refused(fetch, folder, tmp_path, name):
    expected = _rruff_library.SOURCE_SHA256[name]
    content = (folder / name).read_bytes() + b"\n"
    (folder / name).write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(ValueError, match=f"{name} is not.*{found}.*{expected}"):
        fetch()
    assert not (tmp_path / "home" / "sklearn_raman").exists()


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text"])
def test_broken_cache_says_which_file_to_delete(fetch, tmp_path, damage):
    first = fetch()
    path = cache_file(tmp_path)
    content = path.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    path.write_bytes(
        {
            "empty": b"",
            "cut": content[:middle],
            "flipped": flipped,
            "text": b"not an archive",
        }[damage]
    )
    with pytest.raises(ValueError, match=f"{path.name} can't be read.*Delete"):
        fetch()
    path.unlink()
    np.testing.assert_array_equal(fetch().data, first.data)


def test_cache_with_other_arrays_is_refused(fetch, tmp_path):
    fetch()
    path = cache_file(tmp_path)
    with np.load(path) as arrays:
        changed = dict(arrays)
    changed["intensities"] = changed["intensities"] * 2
    np.savez(path, **changed)
    with pytest.raises(ValueError, match="checksum of its arrays.*Delete"):
        fetch()


def test_cache_appears_complete_or_not_at_all(fetch, tmp_path, monkeypatch):
    def fail(file, **arrays):
        file.write(b"half of it")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", fail)
        with pytest.raises(OSError, match="No space"):
            fetch()
    assert list((tmp_path / "home" / "sklearn_raman").iterdir()) == []
    assert len(fetch().data) == 6


@pytest.mark.parametrize(
    "bad",
    [
        {"subset": "guo"},
        {"min_crystals": 0},
        {"min_spectra": 1.5},
        {"fill_value": "zero"},
        {"wavenumbers": (150, 1509)},
        {"wavenumbers": [150, np.nan]},
        {"min_crystals": True},
        {"fill_value": np.nan},
        {"fill_value": np.inf},
        {"fill_value": True},
        {"ragged": 1},
        {"full_coverage": "yes"},
        {"data_home": 3},
    ],
)
def test_bad_arguments_are_named(folder, bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        fetch_rruff(**{"data_home": folder, **bad})


@pytest.mark.skipif(
    find_spec("pyopenspecy") is None,
    reason="the counts are those of the RRUFF spectra of pyopenspecy (extra rruff)",
)
def test_counts_of_the_real_library(tmp_path):
    rruff = fetch_rruff(data_home=tmp_path)
    assert rruff.data.shape == (3695, 1360)
    assert (len(rruff.target_names), len(set(rruff.groups))) == (221, 448)
    assert len(set(zip(rruff.groups, rruff.target, strict=True))) == 448

    start = time.perf_counter()
    crystals = fetch_rruff(data_home=tmp_path, min_crystals=2)
    assert time.perf_counter() - start < 2
    assert (len(crystals.data), len(crystals.target_names)) == (2705, 97)

    guo = fetch_rruff(data_home=tmp_path, subset="guo2020", ragged=True)
    assert (len(guo.data), len(guo.target_names)) == (3284, 196)

    complete = fetch_rruff(data_home=tmp_path, full_coverage=True)
    assert (len(complete.data), len(complete.target_names)) == (2517, 186)
