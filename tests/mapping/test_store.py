"""Results on disk, and what happens if writing them is interrupted."""

import os
import sys

import dask
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.mapping import _store, apply_pipeline, plot_labels
from sklearn_raman.preprocessing import SNV

ALL = ("label", "proba", "decision", "transform", "explanation", "class_means")


class Interruption(Exception):
    """Stands for Ctrl-C, or a machine that goes away."""


class Counter:
    """Counts the spectra that pass, and may stop at some number."""

    def __init__(self):
        self.seen, self.limit = [], np.inf

    def stop(self, *args, **kwargs):
        raise Interruption

    def __call__(self, X):
        if sum(self.seen) + len(X) > self.limit:
            raise Interruption
        self.seen.append(len(X))
        return X


@pytest.fixture
def counted(model, simulated):
    """The model behind a step that counts, and the counter."""
    counter = Counter()
    step = FunctionTransformer(counter, feature_names_out="one-to-one")
    step.fit(simulated[0])
    fitted = make_pipeline(step, *[s for _, s in model.steps])
    return fitted, counter


@pytest.fixture
def one_by_one():
    """Other threads would finish their block."""
    with dask.config.set(scheduler="synchronous"):
        yield


def test_store_holds_what_is_lazy(cube, model, tmp_path):
    chunks = {"y": 4, "x": 5}
    lazy = apply_pipeline(model, cube, output=ALL, chunks=chunks).compute()
    path = tmp_path / "maps.zarr"
    stored = apply_pipeline(
        model, cube, output=ALL, chunks=chunks, store=path, progress=False
    )
    xr.testing.assert_allclose(stored, lazy, rtol=1e-6)
    assert dict(stored.dtypes) == dict(lazy.dtypes)
    assert stored["class"].values.tolist() == lazy["class"].values.tolist()
    assert set(stored.coords) == set(lazy.coords)
    for name in cube.coords:
        np.testing.assert_array_equal(stored[name], cube[name])
    again = xr.open_zarr(path)
    xr.testing.assert_identical(again, stored)


def test_a_zarr_store_goes_in_and_comes_out(cube, model, tmp_path):
    """Blocks of the source that do not fit the results are cut anew."""
    given = cube.drop_vars("sample").to_dataset(name="spectra").chunk(y=3, x=5)
    given.to_zarr(tmp_path / "cube.zarr", zarr_format=2)
    source = xr.open_zarr(tmp_path / "cube.zarr").spectra
    for number, one in enumerate((source, source.chunk(y=(2, 5), x=9))):
        stored = apply_pipeline(
            model, one, store=tmp_path / f"{number}.zarr", progress=False
        )
        maps = apply_pipeline(model, cube).drop_vars("sample").compute()
        xr.testing.assert_allclose(stored, maps)


def test_interrupted_write_goes_on(cube, counted, one_by_one, tmp_path, capsys):
    model, counter = counted
    path = str(tmp_path / "maps.zarr")
    settings = {"output": ALL, "chunks": {"y": 1, "x": 9}, "store": path}
    counter.limit = 3 + 30
    with pytest.raises(Interruption):
        apply_pipeline(model, cube, **settings, progress=False)
    n_done = int(zarr.open_group(path, mode="r")["blocks/done"][:].sum())
    assert n_done == 3
    unfinished = xr.open_zarr(path, consolidated=False)
    missing = np.isnan(unfinished.proba).all("class").values
    assert missing.sum() == 4 * 9
    assert (unfinished.label.values[missing] == -1).all()
    assert (unfinished.status.values[missing] == 3).all()
    counter.limit = np.inf
    counter.seen.clear()
    stored = apply_pipeline(model, cube, **settings)
    # Two made-up spectra, three blocks that are made again, and what is left. Beside
    # each block a spectrum walks that shows maps the way back.
    seen = [n for n in counter.seen if n > 1]
    assert seen == [2, 9, 9, 9] + [9] * (7 - n_done)
    assert f"{n_done}/7" in capsys.readouterr().err
    lazy = apply_pipeline(model, cube, output=ALL).compute()
    xr.testing.assert_allclose(stored, lazy, rtol=1e-6)
    counter.seen.clear()
    again = apply_pipeline(model, cube, **settings)
    assert sum(counter.seen) <= 3 + 3 * 10  # all is there
    xr.testing.assert_identical(again.compute(), stored.compute())
    moved, last = cube.assign_coords(wavenumber=cube.wavenumber + 1), cube.copy()
    last[-2, -1, -1] += 1e-3
    for changed, why in ((moved, "on another axis"), (last, r"block \(5, 0\) have")):
        with pytest.raises(ValueError, match=why):
            apply_pipeline(model, changed, **settings)
    with pytest.raises(ValueError, match="another mask"):
        apply_pipeline(model, cube, **settings, mask=cube.time != 40)


def test_a_store_interrupted_at_its_start(cube, model, tmp_path, monkeypatch):
    """Nothing is left that a second call would stumble over."""
    path = tmp_path / "maps.zarr"
    with monkeypatch.context() as patch:
        patch.setattr(zarr.Group, "create_array", Counter().stop)
        with pytest.raises(Interruption):
            apply_pipeline(model, cube, store=path, progress=False)
    assert not path.exists()
    path.mkdir()
    (path / "mine").write_text("")
    for store in (path, path / "mine"):
        with pytest.raises(ValueError, match="exists and does not hold results"):
            apply_pipeline(model, cube, store=store, progress=False)
    assert (path / "mine").exists()
    (path / "mine").unlink()
    apply_pipeline(model, cube, store=path, progress=False)


@pytest.mark.parametrize(
    "name, how", [("label/2.0", "gone"), ("blocks/class_count/2.0", "cut")]
)
def test_a_damaged_store_is_refused(name, how, cube, model, tmp_path):
    """What is missing would read as zeros: the first class."""
    settings = {"output": ("label", "class_means"), "chunks": {"y": 1}}
    settings |= {"store": tmp_path / "maps.zarr", "progress": False}
    apply_pipeline(model, cube + 0.0, **settings)
    chunk = tmp_path / "maps.zarr" / name
    chunk.unlink() if how == "gone" else chunk.write_bytes(chunk.read_bytes()[:9])
    with pytest.raises(ValueError, match=r"damaged: block \(2, 0\) does not hold what"):
        apply_pipeline(model, cube + 0.0, **settings)


def test_two_calls_with_one_new_store(cube, model, tmp_path, monkeypatch):
    """The one that came too late leaves the store of the other alone."""
    path, create = tmp_path / "maps.zarr", zarr.Group.create_group

    def make_first(*args, **kwargs):
        path.mkdir()
        (path / "of the other").write_text("")
        return create(*args, **kwargs)

    monkeypatch.setattr(zarr.Group, "create_group", make_first)
    with pytest.raises(FileExistsError, match="begun by another call at the same time"):
        apply_pipeline(model, cube, store=path, progress=False)
    assert [each.name for each in path.iterdir()] == ["of the other"]
    assert list(tmp_path.iterdir()) == [path]


def test_two_calls_that_write_at_the_same_time(simulated, one_by_one, tmp_path):
    """The maps are those of the last call, and the first is told."""
    X, y = simulated[0].to_numpy(), simulated[1]
    settings = {"store": tmp_path / "maps.zarr", "chunks": 2, "progress": False}
    cube, last = X.reshape(6, 10, -1), PLSLDA(n_components=4).fit(X, y[::-1])
    calls = []

    def call_once(X):
        if len(X) > 2 and not calls:  # a block of the map, before it is written
            calls.append(0)
            calls.append(apply_pipeline(last, cube, **settings))
        return X

    step = FunctionTransformer(call_once)
    first = make_pipeline(step, PLSLDA(n_components=4).fit(X, y))
    with pytest.raises(FileExistsError, match="one call at a time can write"):
        apply_pipeline(first, cube, **settings)
    labels = last.classes_[calls[1].label.values]
    np.testing.assert_array_equal(labels.ravel(), last.predict(X))


def test_workers_in_another_folder(simulated, one_by_one, tmp_path, monkeypatch):
    """A relative store is that of the caller, wherever blocks are written from."""
    X, y = simulated[0].to_numpy(), simulated[1]
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    monkeypatch.chdir(here)

    def go_there(X):
        if len(X) > 2:  # a block of the map
            os.chdir(there)
        return X

    last = PLSLDA(n_components=4).fit(X, y)
    model = make_pipeline(FunctionTransformer(go_there), last)
    maps = apply_pipeline(
        model, X.reshape(6, 10, -1), store="maps.zarr", chunks=2, progress=False
    )
    labels = model.classes_[maps.label.values].ravel()
    np.testing.assert_array_equal(labels, model.predict(X))
    assert (here / "maps.zarr").exists() and not list(there.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX links and homes")
def test_a_store_is_a_folder(cube, model, tmp_path, monkeypatch):
    """That of a user, that a link leads to; no URL."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "link.zarr").symlink_to(tmp_path / "home" / "new" / "linked.zarr")
    for _ in range(2):  # laid out, and read again
        for path in ("~/maps.zarr", "link.zarr"):
            apply_pipeline(model, cube, store=path, progress=False)
    found = sorted(path.name for path in (tmp_path / "home").iterdir())
    assert found == ["maps.zarr", "new"]
    for path in ("memory://x", "file:///u.zarr", "a::b.zarr"):
        with pytest.raises(ValueError, match="a folder, not a URL"):
            apply_pipeline(model, cube, store=path, progress=False)
    assert sorted(os.listdir()) == ["home", "link.zarr"]


def test_a_store_that_a_worker_does_not_reach(cube, model, tmp_path, monkeypatch):
    path = tmp_path / "maps.zarr"
    write = _store.write_block

    def elsewhere(found, *, block_id, **how):
        how["store"] = str(tmp_path / "no.zarr")
        return write(found, block_id=block_id, **how)

    monkeypatch.setattr(_store, "write_block", elsewhere)
    with pytest.raises(FileNotFoundError, match="seen from a worker: .* workers share"):
        apply_pipeline(model, cube, store=path, progress=False)


@pytest.mark.parametrize("with_store", [False, True])
def test_any_coordinate_goes_along(cube, model, with_store, tmp_path):
    how = {"store": tmp_path / "maps.zarr", "progress": False} if with_store else {}
    kind = pd.Categorical(list("aabbaab"))
    maps = apply_pipeline(model, cube.assign_coords(kind=("y", kind)), **how)
    assert maps.kind.values.tolist() == list(kind)
    named = cube.assign_coords(blocks=("y", np.arange(7)))
    if with_store:
        how["store"] = tmp_path / "other.zarr"
        with pytest.raises(ValueError, match="'blocks', which is the name of a result"):
            apply_pipeline(model, named, **how)
    else:
        assert apply_pipeline(model, named).blocks.values.tolist() == [*range(7)]


def test_another_job_is_refused(cube, counted, simulated, one_by_one, tmp_path):
    model, counter = counted
    path = tmp_path / "maps.zarr"
    settings = {"chunks": {"y": 1}, "store": path, "progress": False}
    counter.limit = 2 + 30
    with pytest.raises(Interruption):
        apply_pipeline(model, cube, **settings)
    counter.limit = np.inf
    with pytest.raises(ValueError, match="holds results with output="):
        apply_pipeline(model, cube, **settings, output="label")
    with pytest.raises(
        ValueError,
        match=r"of [\dx ]+ pixels in blocks of 1 x \d+, .* of 3 x 3: pass chunks=",
    ):
        apply_pipeline(model, cube, **{**settings, "chunks": 3})
    with pytest.raises(ValueError, match="holds results with dtype="):
        apply_pipeline(model, cube, **settings, dtype="float64")
    other = clone(model).set_params(plslda__n_components=2).fit(*simulated[:2])
    with pytest.raises(ValueError, match="another Pipeline"):
        apply_pipeline(other, cube, **settings)
    other = clone(model).set_params(plslda__n_components=2)
    other.fit(simulated[0], np.arange(60) % 3)
    with pytest.raises(ValueError, match="holds results with classes="):
        apply_pipeline(other, cube, **settings)
    apply_pipeline(model, cube, **settings)  # it can still be gone on with


def test_a_pipeline_that_differs_in_one_class_is_seen(tmp_path):
    X = np.kron(np.eye(3), np.ones((4, 3))) + np.arange(12)[:, None] / 100
    settings = {"store": tmp_path / "maps.zarr", "chunks": 2, "output": "label"}
    settings["progress"] = False
    cube, y = np.repeat(X, 2, axis=0)[None], np.repeat(["a", "b", "c"], 4)
    model = KNeighborsClassifier(1).fit(X, y)
    apply_pipeline(model, cube, **settings)
    y[4:6] = "a"  # neither at the ends of the map nor in its middle
    with pytest.raises(ValueError, match="another Pipeline"):
        apply_pipeline(KNeighborsClassifier(1).fit(X, y), cube, **settings)


def test_other_stores_are_left_alone(cube, model, tmp_path):
    path = tmp_path / "cube.zarr"
    cube.drop_vars("sample").to_dataset(name="spectra").to_zarr(path, zarr_format=2)
    with pytest.raises(ValueError, match="give another path"):
        apply_pipeline(model, cube, store=path)
    kept = xr.open_zarr(path).spectra
    np.testing.assert_array_equal(kept, cube)


@pytest.mark.parametrize("names", [["fat, dry", "µ-protein", "w a t e r"], [3, 5, 9]])
def test_results_as_netcdf(names, cube, simulated, tmp_path):
    """Of its own making or read from zarr, in the oldest format of netCDF too."""
    X, y, _ = simulated
    y = np.asarray(names)[np.unique(y, return_inverse=True)[1]]
    model = make_pipeline(SNV(), PLSLDA(n_components=6)).fit(X, y)
    settings = {"output": ("label", "proba", "class_means"), "progress": False}
    lazy = apply_pipeline(model, cube, **settings)
    stored = apply_pipeline(model, cube, **settings, store=tmp_path / "maps.zarr")
    for number, maps in enumerate((lazy, stored)):
        path = tmp_path / f"{number}.nc"
        maps.to_netcdf(path, engine="scipy")
        with xr.open_dataset(path, engine="scipy") as opened:
            xr.testing.assert_equal(opened, lazy.compute())
            plot_labels(opened)
            assert dict(opened.label.attrs) == dict(lazy.label.attrs)
            assert opened.status.flag_meanings == lazy.status.flag_meanings
            assert opened.status.flag_values.tolist() == lazy.status.flag_values
