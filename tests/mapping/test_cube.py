"""Whatever holds a cube becomes one with coordinates."""

import pickle
from functools import partial
from types import SimpleNamespace

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.utils import Bunch

from sklearn_raman.datasets import wavenumber_to_nm
from sklearn_raman.mapping import apply_pipeline, sample_spectra, to_cube

AXIS = np.arange(400.0, 440.0, 4.0)


def array(dims=("y", "x", "shift"), **attributes):
    values = np.arange(60.0).reshape(2, 3, 10)
    coords = {dims[-1]: (dims[-1], AXIS, attributes)} if attributes else {}
    return xr.DataArray(values, dims=dims, coords=coords)


@pytest.mark.parametrize(
    "given",
    [
        array(("y", "x", "wavenumber"), long_name="w"),
        array(("y", "x", "Raman shift"), other=1),
        array(("y", "x", "f"), units="cm-1"),
        array(("y", "x", "f"), units="1/cm"),
        array(("y", "x", "f"), units="cm^-1"),
        array(("y", "x", "f"), units="cm$^{-1}$"),
        array(("y", "x", "f"), units="cm⁻¹"),
        array(("y", "x", "f"), units="1 / centimeter"),
        array(("y", "x", "f"), units="centimeter ** -1"),
        array(("y", "x", "f"), units="reciprocal_centimeter"),
        array(("shift", "x", "f"), units="1/cm").assign_coords(
            shift=("shift", [0.0, 1.0], {"units": "um"})
        ),
    ],
    ids=lambda given: f"{given.dims[-1]} {given[given.dims[-1]].attrs}",
)
def test_the_wavenumber_dimension_is_found(given):
    cube = to_cube(given)
    np.testing.assert_array_equal(cube[given.dims[-1]], AXIS)
    xr.testing.assert_identical(cube, given)


def test_the_wavenumber_dimension_is_named_or_asked_for():
    plain = array(("a", "b", "c"))
    with pytest.raises(ValueError, match="is not clear. Its dimensions"):
        to_cube(plain)
    named = to_cube(plain, dim="c", wavenumbers=AXIS)
    np.testing.assert_array_equal(named.c, AXIS)
    np.testing.assert_array_equal(to_cube(plain, wavenumbers=AXIS).c, AXIS)
    both = array(("raman", "x", "wavenumber"), units="cm-1")
    with pytest.raises(ValueError, match="'raman' or 'wavenumber'"):
        to_cube(both)
    with pytest.raises(ValueError, match="none of the dimensions"):
        to_cube(plain, dim="d")


@pytest.mark.parametrize(("unit", "factor"), [("nm", None), ("eV", 1), ("meV", 1e3)])
def test_units(unit, factor):
    values = wavenumber_to_nm(AXIS, laser_nm=532.0)
    if factor:
        values = factor * 1239.841984 / values
    given = array().assign_coords(shift=("shift", values, {"units": unit}))
    with pytest.raises(ValueError, match=f"is in {unit}"):
        to_cube(given)
    cube = to_cube(given, laser_nm=532.0)
    np.testing.assert_allclose(cube.raman_shift, AXIS)
    np.testing.assert_array_equal(cube["shift"], values)


@pytest.mark.parametrize("unit", ["µm", "angstrom", "m", "1/m", "GHz", "THz"])
@pytest.mark.parametrize("name", ["shift", "f"])
def test_units_that_can_not_be_converted(unit, name):
    """They are refused, wherever the axis is and whatever its name says."""
    given = array(("y", "x", name)).assign_coords(
        {name: (name, AXIS / 100, {"units": unit})}
    )
    for how in ({}, {"laser_nm": 785.0}):
        with pytest.raises(ValueError, match=f"is in {unit} .* must be in cm-1, nm or"):
            to_cube(given, dim=name, **how)
    cube = to_cube(given, dim=name, wavenumbers=AXIS)
    np.testing.assert_array_equal(cube.raman_shift, AXIS)


def test_a_raman_shift_of_another_laser(model, pixels):
    """Nothing that is shown stands on another axis than the model was given."""
    nm = wavenumber_to_nm(pixels.columns.astype(float).to_numpy(), 532.6)
    raw = xr.DataArray(
        pixels.to_numpy().reshape(7, 9, -1),
        dims=("y", "x", "wavelength"),
        coords={"wavelength": ("wavelength", nm, {"units": "nm"})},
    )
    cube = to_cube(raw, laser_nm=532.0)
    xr.testing.assert_identical(to_cube(cube, laser_nm=532.0), cube)
    for read in (to_cube, partial(apply_pipeline, model), partial(sample_spectra, n=2)):
        with pytest.raises(ValueError, match="'raman_shift' of the cube and its axis"):
            read(cube, laser_nm=532.6)
        read(cube.drop_vars("raman_shift"), laser_nm=532.6)
    again = cube.drop_vars("raman_shift")
    for other in (("y", np.arange(7.0)), ("wavelength", nm.astype(str))):
        with pytest.raises(ValueError, match="must hold a number for each point of"):
            to_cube(again.assign_coords(raman_shift=other), laser_nm=532.6)
    beside = array(units="cm-1").assign_coords(raman_shift=("shift", AXIS + 5))
    with pytest.raises(ValueError, match="position 0 they say 405 and 400 cm-1"):
        to_cube(beside)
    # A dimension of that name is the axis itself.
    counted = array(("y", "x", "raman_shift")).assign_coords(raman_shift=np.arange(10))
    np.testing.assert_array_equal(to_cube(counted, wavenumbers=AXIS).raman_shift, AXIS)


def test_axes_that_are_none():
    cube = array(units="cm-1")
    with pytest.raises(ValueError, match="counts points"):
        to_cube(cube.assign_coords(shift=("shift", np.arange(10))))
    counted = cube.assign_coords(shift=("shift", np.arange(10)))
    np.testing.assert_array_equal(to_cube(counted, wavenumbers=AXIS).raman_shift, AXIS)
    with pytest.raises(ValueError, match="strictly increasing"):
        to_cube(cube.assign_coords(shift=("shift", np.ones(10))))
    with pytest.raises(ValueError, match="leave laser_nm out"):
        to_cube(cube, laser_nm=532.0)
    with pytest.raises(ValueError, match="disagree: at position 0"):
        to_cube(cube, wavenumbers=AXIS + 1)
    with pytest.raises(ValueError, match="and there is none: leave it out"):
        to_cube(np.zeros((2, 3, 9)), laser_nm=532.0)
    for flat in (np.array(3.0), np.zeros(9), xr.DataArray(3.0)):
        with pytest.raises(ValueError, match="A cube has pixels: .* the shape"):
            to_cube(flat)
    lazy = da.ones((4, 3, 10), chunks=(2, 3, 10))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        to_cube(lazy[da.ones(4, dtype=bool, chunks=2)])
    with pytest.raises(TypeError, match=r"dataset\[name\]"):
        to_cube(cube.to_dataset(name="spectra"))
    with pytest.raises(TypeError, match="pipeline.predict takes them"):
        to_cube(pd.DataFrame(np.ones((3, 3))))
    with pytest.raises(TypeError, match="real numbers"):
        to_cube(cube.astype(complex))


# Places ------------------------------------------------------------------------------


def scattered(places, columns=("x", "y")):
    table = pd.DataFrame(places, columns=list(columns))
    data = pd.DataFrame(np.arange(10.0 * len(table)).reshape(-1, 10), columns=AXIS)
    return Bunch(data=data, metadata=table)


def test_places_of_spectra_make_a_map(rng):
    """In whatever order they come, and as well as a stage repeats them."""
    y, x = np.divmod(rng.permutation(12), 4)
    keep = np.arange(12) < 11
    jitter = rng.uniform(-0.02, 0.02, (2, 11))
    spectra = scattered(np.stack([5 + 2 * x[keep], 3 * y[keep]], 1) + jitter.T)
    cube = to_cube(spectra)
    assert cube.dims == ("y", "x", "wavenumber") and cube.shape == (3, 4, 10)
    np.testing.assert_allclose(cube.x, [5, 7, 9, 11], atol=0.03)
    for k in range(11):
        np.testing.assert_array_equal(cube[y[k], x[k]], spectra.data.iloc[k])
    assert np.isnan(cube[y[11], x[11]]).all()
    np.testing.assert_array_equal(cube.wavenumber, AXIS)
    line = to_cube(scattered([[0], [2], [1]], ["x"]))
    assert line.dims == ("x", "wavenumber")
    np.testing.assert_array_equal(line[1], np.arange(20.0, 30.0))


def test_a_focus_is_no_dimension(rng):
    """Where z follows the surface, each place has one spectrum; a stack has several."""
    y, x = np.divmod(rng.permutation(12)[:11], 4)
    z = rng.normal(12.3, 0.5, 11)
    jitter = rng.uniform(-0.02, 0.02, (2, 11))
    cube = to_cube(scattered(np.stack([x + jitter[0], y + jitter[1], z], 1), "xyz"))
    assert cube.dims == ("y", "x", "wavenumber") and cube.z.dims == ("y", "x")
    for k in range(11):
        assert cube.z[y[k], x[k]] == z[k] and cube[y[k], x[k], 0] == 10 * k
    assert np.isnan(cube.z).sum() == np.isnan(cube[..., 0]).sum() == 1
    tilted = to_cube(scattered([[0, 5], [1, 6], [2, 7]], "xz"))
    assert tilted.dims == ("x", "wavenumber") and tilted.z.values.tolist() == [5, 6, 7]
    # A stage repeats places of a stack to a part of a step.
    stack = np.indices((3, 4, 5)).reshape(3, -1)
    z, y, x = stack + rng.uniform(-0.01, 0.01, (3, 60))
    assert to_cube(scattered(np.stack([x, y, z], 1), "xyz")).shape == (3, 4, 5, 10)
    profile = to_cube(scattered([[1, 1, 0], [1, 1, 5]], "xyz"))
    assert dict(profile.sizes) == {"z": 2, "y": 1, "x": 1, "wavenumber": 10}
    assert "z" not in to_cube(scattered([[0, 0, 7], [1, 0, 7]], "xyz")).coords
    with pytest.raises(ValueError, match="If z is only the focus, drop it"):
        z = rng.uniform(size=60)
        to_cube(scattered(np.stack([np.arange(60) // 2, np.zeros(60), z], 1), "xyz"))


@pytest.mark.parametrize("x", [[0, 5, 100], [0, 1, 10, 100]])
def test_lines_of_a_map_may_be_anywhere(x):
    """A place is never moved in silence, on a full map or one with holes."""
    full = [(place, line) for place in x for line in (0, 1)]
    for places in (full, full[:-1], [(place, k) for k, place in enumerate(x)]):
        cube = to_cube(scattered(places))
        np.testing.assert_array_equal(cube.x, x)
        assert np.isfinite(cube[..., 0]).sum() == len(places)
    with pytest.warns(UserWarning, match="in x by up to 5 of 98"):
        cube = to_cube(scattered([[0, 0], [5, 1], [100, 0], [100, 1]]))
    np.testing.assert_array_equal(cube.x, [2.5, 100])


def test_places_that_make_no_map(rng):
    with pytest.raises(ValueError, match="2 spectra have one place"):
        to_cube(scattered([[0, 0], [0, 1], [1, 0], [0, 1]]))
    with pytest.raises(ValueError, match="do not lie on a grid"):
        to_cube(scattered(rng.uniform(size=(30, 2))))
    with pytest.raises(ValueError, match="x or y is missing"):
        to_cube(scattered([[0, 0], [np.nan, 1]]))
    for x in ("left", pd.Timestamp("2026")):
        with pytest.raises(ValueError, match="places y, x must be numbers"):
            to_cube(scattered([[0, 0], [x, 1]]))
    with pytest.raises(ValueError, match="tell no places"):
        to_cube(scattered([[0, 0]], ["depth", "time"]))
    longer = scattered([[0, 0], [1, 0]])
    longer.metadata = longer.metadata.iloc[:1]
    with pytest.raises(ValueError, match="1 rows for 2 spectra"):
        to_cube(longer)
    ragged = Bunch(data=[(AXIS, AXIS)], metadata=pd.DataFrame({"x": [0.0]}))
    with pytest.raises(ValueError, match="different axes"):
        to_cube(ragged)


# hyperspy and rosettasciio -----------------------------------------------------------


def described(data):
    """Axes as rosettasciio describes them: those of pixels in the order of the data."""
    return [
        {"name": "height", "units": "um", "size": 2, "offset": 0.0, "scale": 0.5,
         "navigate": True, "index_in_array": 0},
        {"name": "width", "units": "um", "size": 3, "offset": 1.0, "scale": 0.5,
         "navigate": True, "index_in_array": 1},
        {"name": "Raman shift", "units": "1/cm", "size": 10, "axis": AXIS,
         "navigate": False, "index_in_array": 2},
    ]  # fmt: skip


def test_signals_and_what_readers_return(cube, model):
    data = np.arange(60.0).reshape(2, 3, 10)
    axes = described(data)
    read = to_cube({"data": data, "axes": axes, "metadata": {}})
    assert read.dims == ("height", "width", "Raman shift")
    np.testing.assert_array_equal(read.width, [1.0, 1.5, 2.0])
    assert read.height.attrs == {"units": "um"}
    # hyperspy lists the axes of pixels the other way round.
    made = [SimpleNamespace(**{"axis": None, **axis}) for axis in axes]
    manager = SimpleNamespace(navigation_axes=made[1::-1], signal_axes=made[2:])
    signal = SimpleNamespace(data=data, axes_manager=manager)
    made[0].axis, made[1].axis = read.height.values, read.width.values
    xr.testing.assert_identical(to_cube(signal), read)
    with pytest.raises(ValueError, match="has 2"):
        manager.signal_axes = made[1:]
        to_cube(signal)


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_memory_maps_are_taken_as_they_are(tmp_path, mode):
    """What was changed in memory counts, whether or not the file has it."""
    np.save(tmp_path / "cube.npy", np.full((4, 5, 50), 100.0))
    cube = np.load(tmp_path / "cube.npy", mmap_mode=mode)
    expected = 100.0
    if mode != "r":
        cube -= 60.0
        expected = 40.0
    assert (to_cube(cube).values == expected).all()
    sample = sample_spectra(cube, 3, random_state=0)
    assert (np.asarray(sample.data) == expected).all()


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_maps_of_files_that_are_not_there_any_more(tmp_path, order):
    """An open map keeps the old file; its name leads to the new one, or nowhere."""
    path, old = tmp_path / "cube.npy", np.arange(1000.0).reshape(4, 5, 50, order=order)
    np.save(path, old)
    cube = np.load(path, mmap_mode="r")
    lazy = to_cube(cube)
    there = pickle.loads(pickle.dumps(lazy))  # as in another process
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(there)).values, old)
    np.testing.assert_array_equal(there.values, old)
    np.save(tmp_path / "new.npy", np.full((4, 5, 50), 7.0))
    (tmp_path / "new.npy").replace(path)
    for _ in ("replaced", "removed"):
        np.testing.assert_array_equal(to_cube(cube).values, old)
        np.testing.assert_array_equal(lazy.values, old)
        sample = sample_spectra(cube, 20)
        np.testing.assert_array_equal(
            np.sort(sample.data, axis=None), np.sort(old, None)
        )
        for made in (lazy, to_cube(cube)):
            with pytest.raises(ValueError, match="does not hold the spectra of its"):
                pickle.loads(pickle.dumps(made)).compute()
        path.unlink(missing_ok=True)
    np.testing.assert_array_equal(there.values, old)  # as it was opened


def test_places_in_another_order_than_the_spectra():
    """Rows are matched by position, so an index that disagrees is refused."""
    data = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=[400.0, 401.0, 402.0])
    places = pd.DataFrame({"x": [0, 1, 0, 1], "y": [0, 0, 1, 1]})
    bunch = {"data": data, "metadata": places.iloc[::-1]}
    with pytest.raises(ValueError, match="metadata has the index of X in another"):
        to_cube(bunch)
    found = to_cube({"data": data.iloc[::-1], "metadata": places.iloc[::-1]})
    assert (found.values.ravel() == np.arange(12)).all()
