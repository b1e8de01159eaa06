"""A Pipeline on a map says what it says of a table, and keeps the coordinates."""

import sys
import tracemalloc

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_raman.datasets import wavenumber_to_nm
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import explain_pipeline
from sklearn_raman.mapping import apply_pipeline, sample_spectra
from sklearn_raman.neural_network import GAPCNNClassifier
from sklearn_raman.preprocessing import AIRPLS, SNV, WavenumberResampler
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector

ALL = ("label", "proba", "decision", "transform", "explanation", "class_means")


def flat(values, n_pixels=63):
    return np.asarray(values).reshape(n_pixels, *np.shape(values)[2:])


def check_same(maps, model, X, **settings):
    """Compare all results with those of the Pipeline called on a table."""
    maps = maps.compute()
    labels = model.predict(X)
    np.testing.assert_array_equal(model.classes_[flat(maps.label)], labels)
    np.testing.assert_array_equal(maps["class"], model.classes_)
    expected = {
        "proba": model.predict_proba(X),
        "decision": model.decision_function(X),
        "transform": model[:-1].transform(X),
        "explanation": explain_pipeline(model, X, **settings),
    }
    for name, values in expected.items():
        if name in maps:
            values = np.asarray(values)
            atol = 1e-5 * np.abs(values).max()
            np.testing.assert_allclose(flat(maps[name]), values, 1e-5, atol)
    if "class_spectrum" in maps:
        means = X.groupby(labels).mean()
        np.testing.assert_allclose(maps.class_spectrum, means, rtol=1e-5)
        means = pd.DataFrame(expected["explanation"]).groupby(labels).mean()
        atol = 1e-5 * means.abs().max(axis=None)
        np.testing.assert_allclose(maps.class_explanation, means, 1e-4, atol)
        counts = np.unique(labels, return_counts=True)[1]
        np.testing.assert_array_equal(maps.class_count, counts)


@pytest.mark.parametrize(
    ("chunks", "threads"),
    [("auto", 1), ({"y": 3, "x": 4}, 2), ({"x": 9}, 1), ({"y": 7, "x": 1}, 2)],
)
def test_results_are_those_of_the_pipeline(chunks, threads, cube, model, pixels):
    maps = apply_pipeline(model, cube, output=ALL, chunks=chunks)
    assert dask.is_dask_collection(maps)
    with dask.config.set(scheduler="threads", num_workers=threads):
        check_same(maps, model, pixels)


def test_coordinates_stay(cube, model):
    maps = apply_pipeline(model, cube, output=ALL)
    for name in cube.coords:
        xr.testing.assert_identical(maps[name].variable, cube[name].variable)
    assert maps.proba.dims == ("y", "x", "class")
    assert maps.explanation.dims == ("y", "x", "wavenumber")
    assert maps.sizes["wavenumber_transformed"] == 91
    assert maps.wavenumber_transformed.values[[0, -1]].tolist() == [420.0, 780.0]
    assert maps["class"].values.tolist() == ["lipid", "protein", "water"]
    assert {str(maps[n].dtype) for n in ("proba", "explanation")} == {"float32"}


def test_coordinates_of_pixels_and_axis_together(cube, model):
    """Neither a map nor an axis has them; they became those at the first wavenumber."""
    noise = ("y", "x", "wavenumber"), np.sqrt(np.abs(cube.values))
    drift = ("y", "wavenumber"), cube.wavenumber.values + np.arange(7.0)[:, None]
    more = cube.assign_coords(noise=noise, drift=drift, row=("y", np.arange(7)))
    for output in ("label", "explanation"):
        maps = apply_pipeline(model, more, output=output)
        expected = apply_pipeline(model, cube, output=output)
        assert {*maps.coords} == {*expected.coords, "row"}
        xr.testing.assert_equal(maps.drop_vars("row"), expected)


def test_networks_and_targets(cube, simulated, pixels):
    X, y, _ = simulated
    net = GAPCNNClassifier(max_epochs=1, n_filters=(4, 4, 4), random_state=0)
    model = make_pipeline(SNV(), net).fit(X, y)
    settings = {"output": ("label", "proba", "explanation"), "chunks": {"y": 4}}
    for target in ("protein", "all", None):
        maps = apply_pipeline(model, cube, target=target, **settings)
        assert ("class" in maps.explanation.dims) == (target == "all")
        check_same(maps, model, pixels, target=target)


def test_explanation_settings(cube, model, pixels):
    settings = {"normalize": "max", "mode": "density"}
    maps = apply_pipeline(model, cube, output="explanation", explain=settings)
    expected = explain_pipeline(model, pixels, **settings)
    np.testing.assert_allclose(flat(maps.explanation), expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="leave space and return_info out"):
        apply_pipeline(model, cube, output="explanation", explain={"space": "model"})


# Kinds of models ---------------------------------------------------------------------


def test_searches_thresholds_and_plain_models(cube, simulated, pixels):
    X, y, _ = simulated
    is_water = np.where(y == "water", "yes", "no")
    plain = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(plain, {"logisticregression__C": [0.1, 1.0]}, cv=2)
    threshold = TunedThresholdClassifierCV(make_pipeline(SNV(), plain), cv=2)
    for model in (search.fit(X, y), threshold.fit(X, is_water), plain.fit(X, y)):
        maps = apply_pipeline(model, cube, output=("label", "proba", "decision"))
        found = maps["class"].values[flat(maps.label)]
        np.testing.assert_array_equal(found, model.predict(pixels))
        np.testing.assert_allclose(
            flat(maps.proba), model.predict_proba(pixels), rtol=1e-5
        )
    on_arrays = clone(plain).fit(X.to_numpy(), y)
    maps = apply_pipeline(on_arrays, cube)
    assert (on_arrays.classes_[flat(maps.label)] == model.predict(pixels)).all()


def test_models_that_can_not_do_it(cube, model, simulated, pixels):
    X, y, _ = simulated
    machine = make_pipeline(SNV(), RidgeClassifier()).fit(X, y)
    with pytest.raises(TypeError, match="RidgeClassifier has no predict_proba"):
        apply_pipeline(machine, cube)
    with pytest.raises(TypeError, match="RidgeClassifier can't explain itself"):
        apply_pipeline(machine, cube, output="explanation")
    maps = apply_pipeline(machine, cube, output=("label", "decision", "class_means"))
    assert "class_explanation" not in maps and "class_spectrum" in maps
    np.testing.assert_array_equal(
        machine.classes_[flat(maps.label)], machine.predict(pixels)
    )
    bag = BaggingClassifier(RidgeClassifier(), 2, random_state=0).fit(X, y)
    found = apply_pipeline(bag, cube, output="label").label
    np.testing.assert_array_equal(bag.classes_[flat(found)], bag.predict(pixels))
    with pytest.raises(NotFittedError):
        apply_pipeline(clone(model), cube)


def test_transformers_alone(cube, pixels):
    steps = make_pipeline(AIRPLS(lam=1e4), SNV()).fit(pixels)
    maps = apply_pipeline(steps, cube, output="transform")
    np.testing.assert_allclose(flat(maps.transform), steps.transform(pixels), rtol=1e-5)
    assert maps.transform.dims == cube.dims
    with pytest.raises(TypeError, match="no classes_"):
        apply_pipeline(steps, cube)
    with pytest.raises(ValueError, match="needs a classifier"):
        apply_pipeline(steps, cube, output="proba")


def test_integer_labels_and_spectra(cube, simulated, pixels):
    X, y, _ = simulated
    counts = (100 * pixels).round().astype(np.uint16)
    model = make_pipeline(SNV(), LogisticRegression()).fit(
        X, np.unique(y, return_inverse=True)[1] + 3
    )
    maps = apply_pipeline(model, cube.copy(data=counts.to_numpy().reshape(cube.shape)))
    assert maps["class"].values.tolist() == [3, 4, 5]
    np.testing.assert_array_equal(flat(maps.label) + 3, model.predict(counts))
    np.testing.assert_array_equal(maps["class"], [3, 4, 5])


def test_unknown_spectra(cube, simulated, model, pixels):
    """What a wrapper does not name has no label."""
    X, y, _ = simulated
    cube[0, :3] = 100 + 500 * (np.arange(cube.shape[2]) % 2)  # up and down
    table = pixels.copy()
    table.iloc[:3] = cube[0, :3]
    detector = SpectralNoveltyDetector(model, cv=3, grouped=False, random_state=0)
    detector.fit(X, y)
    maps = apply_pipeline(
        detector, cube, output=("label", "proba", "novelty"), chunks=4
    ).compute()
    is_known = detector.predict(table) == 1
    assert not is_known[:3].any() and is_known.any()
    np.testing.assert_array_equal(flat(maps.label) != -1, is_known)
    np.testing.assert_array_equal(flat(maps.status) == 4, ~is_known)
    np.testing.assert_allclose(
        flat(maps.novelty), 1 - detector.p_value(table), rtol=1e-5
    )
    named = detector.classes_[flat(maps.label)[is_known]]
    assert (named == detector.estimator_.predict(table)[is_known]).all()
    sets = ConformalClassifier(
        model,
        cv=3,
        grouped=False,
        novelty_score="auto",
        unknown_label="?",
        random_state=0,
    ).fit(X, y)
    maps = apply_pipeline(sets, cube, output=("label", "novelty")).compute()
    answers = sets.predict(table)
    np.testing.assert_array_equal(flat(maps.label) == -1, answers == "?")
    p = sets.describe(table)["p_known"]
    np.testing.assert_allclose(flat(maps.novelty), 1 - p, rtol=1e-5)
    with pytest.raises(ValueError, match="fit a SpectralNoveltyDetector"):
        apply_pipeline(model, cube, output="novelty")


@pytest.mark.parametrize("search", [False, True])
def test_unknown_spectra_behind_steps(cube, simulated, pixels, search):
    """As where the wrapper is around the steps; unknown to it is what is unlike all."""
    X, y, _ = simulated
    y = np.unique(y, return_inverse=True)[1]  # 1, "known" of a detector, is a class
    cube[0, :3] = 100 + 500 * (np.arange(cube.shape[2]) % 2)
    table = pixels.copy()
    table.iloc[:3] = cube[0, :3]
    settings = {"cv": 3, "grouped": False, "random_state": 0}
    sets = ConformalClassifier(unknown_label=-1, novelty_score="auto", **settings)
    if search:
        sets = GridSearchCV(sets, {"coverage": [0.9]}, cv=2)
    model = make_pipeline(SNV(), sets).fit(X, y)
    maps = apply_pipeline(model, cube, output=("label", "novelty"))
    np.testing.assert_array_equal(flat(maps.label), model.predict(table))
    assert (flat(maps.label)[:3] == -1).all() and (flat(maps.label) >= 0).any()
    detector = make_pipeline(SNV(), SpectralNoveltyDetector(**settings)).fit(X, y)
    maps = apply_pipeline(detector, cube, output=("label", "novelty"))
    is_known = detector.predict(table) == 1
    named = detector[-1].estimator_.predict(SNV().transform(table))
    np.testing.assert_array_equal(flat(maps.label), np.where(is_known, named, -1))


# Bad pixels --------------------------------------------------------------------------


def test_bad_pixels_are_unknown(cube, model, pixels):
    good = apply_pipeline(model, cube, output=ALL[:-1]).compute()
    full = float(cube.max()) + 1
    cube[1, 1, 50] = np.nan
    cube[2, 3] = np.nan
    cube[3, 4, 60] = np.inf
    cube[4, 5, 7] = full
    cube[:, 8, :3] = np.nan  # cut off by the first step
    mask = xr.ones_like(cube[..., 0], dtype=bool)
    mask[6, 0] = False
    settings = {"mask": mask.T, "saturation": full, "output": ALL[:-1], "chunks": 4}
    maps = apply_pipeline(model, cube, **settings).compute()
    expected = np.zeros((7, 9))
    expected[1, 1] = expected[2, 3] = 1
    expected[4, 5], expected[6, 0] = 2, 3
    expected[3, 4] = 2  # infinity is more than the detector counts
    np.testing.assert_array_equal(maps.status, expected)
    bad = expected > 0
    assert (maps.label.values[bad] == -1).all()
    for name in ("proba", "decision", "transform", "explanation"):
        assert np.isnan(maps[name].values[bad]).all()
        np.testing.assert_allclose(
            maps[name].values[~bad], good[name].values[~bad], rtol=1e-5, atol=1e-5
        )
    np.testing.assert_array_equal(maps.label.values[~bad], good.label.values[~bad])


def test_means_are_of_whole_spectra(cube, model):
    """A point that is missing in one pixel is not missing in the mean of a class."""
    settings = {"output": ("label", "class_means")}
    whole = np.ones((7, 9), dtype=bool)
    whole[2, 3] = False
    expected = apply_pipeline(model, cube, mask=whole, **settings).compute()
    cube[2, 3, 0] = np.nan  # cut off by the first step
    found = apply_pipeline(model, cube, **settings).compute()
    assert (found.label != -1).all() and found.class_count.sum() == 62
    for name in ("class_spectrum", "class_explanation"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)


def test_errors_of_masks(cube, model):
    with pytest.raises(ValueError, match=r"mask has the shape \(7, 8\)"):
        apply_pipeline(model, cube, mask=np.ones((7, 8), dtype=bool))
    with pytest.raises(ValueError, match="compare it with something"):
        apply_pipeline(model, cube, mask=np.ones((7, 9)))
    placed = cube.assign_coords(y=np.arange(7.0))
    mask = placed[..., 0] > 0
    with pytest.raises(ValueError, match="mask and the cube disagree in 'y': .* 0"):
        apply_pipeline(model, placed, mask=mask[::-1])
    turned = apply_pipeline(model, placed, mask=mask.T).status
    np.testing.assert_array_equal(turned == 3, ~mask)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"saturation": np.nan}, "saturation must be a number, got nan"),
        ({"saturation": "high"}, "saturation must be a number, got 'high'"),
        ({"chunks": {"y": 0}}, "chunks has {'y': 0}; expected"),
        ({"chunks": {"y": 1.5}}, "chunks has {'y': 1.5}; expected"),
        ({"target": "calcite"}, "target='calcite' is for explanations"),
        ({"explain": {"mode": "density"}}, "explain=.* is for explanations"),
    ],
)
def test_what_cannot_be_meant(settings, message, cube, model):
    with pytest.raises(ValueError, match=message):
        apply_pipeline(model, cube, **settings)


# Axes --------------------------------------------------------------------------------


def test_descending_axis(cube, model, pixels):
    """It is another order than in fit: an error, unless a step can deal with it."""
    turned = cube[..., ::-1]
    with pytest.raises(ValueError, match="opposite order"):
        apply_pipeline(model, turned)
    grid = WavenumberResampler(target_wavenumbers=(410, 790, 4))
    resampled = make_pipeline(grid, clone(model[2:])).fit(pixels, model.predict(pixels))
    outputs = ("label", "proba", "explanation")
    maps, same = (
        apply_pipeline(resampled, c, output=outputs).compute() for c in (turned, cube)
    )
    xr.testing.assert_allclose(maps.sortby("wavenumber"), same)


def test_another_axis_raises_before_any_block(cube, model):
    other = cube.assign_coords(wavenumber=cube.wavenumber + 1)
    with pytest.raises(ValueError, match="401 to 801"):
        apply_pipeline(model, other)


def test_axis_in_nanometers(cube, model, pixels):
    nm = wavenumber_to_nm(cube.wavenumber.values, laser_nm=785.0)
    cube = cube.rename(wavenumber="wavelength")
    cube = cube.assign_coords(wavelength=("wavelength", nm, {"units": "nm"}))
    with pytest.raises(ValueError, match="laser_nm"):
        apply_pipeline(model, cube)
    maps = apply_pipeline(model, cube, laser_nm=785.0, output=ALL)
    check_same(maps, model, pixels)
    assert maps.explanation.dims[-1] == "wavelength"
    np.testing.assert_allclose(maps.raman_shift, pixels.columns.astype(float))


@pytest.mark.parametrize("dims", [("wavenumber", "y", "x"), ("x", "wavenumber", "y")])
def test_wavenumbers_need_not_be_last(dims, cube, model, pixels):
    turned = cube.transpose(*dims)
    maps = apply_pipeline(model, turned, output=ALL, chunks=4)
    assert maps.label.dims == tuple(d for d in dims if d != "wavenumber")
    order = ("y", "x", "class", "wavenumber", "wavenumber_transformed")
    check_same(maps.transpose(*order), model, pixels)


def test_wavenumbers_in_several_blocks(cube, model, pixels):
    cut = cube.chunk({"y": 3, "wavenumber": 50})
    with pytest.warns(UserWarning, match="in 3 blocks"):
        maps = apply_pipeline(model, cut, output=ALL)
    check_same(maps, model, pixels)


# Shapes and kinds --------------------------------------------------------------------


def test_one_pixel_and_other_shapes(cube, model, pixels):
    one = apply_pipeline(model, cube[:1, :1], output=ALL)
    assert one.label.shape == (1, 1)
    assert model.classes_[int(one.label[0, 0])] == model.predict(pixels[:1])[0]
    line = apply_pipeline(model, cube[0], chunks=4)
    np.testing.assert_array_equal(model.classes_[line.label], model.predict(pixels[:9]))
    deep = cube.expand_dims(z=2)
    assert apply_pipeline(model, deep, chunks=3).label.compute().shape == (2, 7, 9)
    with pytest.raises(ValueError, match="A cube has pixels"):
        apply_pipeline(model, cube[0, 0])
    with pytest.raises(ValueError, match="empty"):
        apply_pipeline(model, cube[:0])


def test_arrays_and_memory_maps(cube, model, pixels, tmp_path):
    values, axis = cube.values, cube.wavenumber.values
    stored = np.lib.format.open_memmap(tmp_path / "map.npy", "w+", "f4", values.shape)
    stored[:] = values
    stored.flush()
    lazy = da.from_array(values, chunks=(3, 4, -1))
    for array in (values, lazy, np.load(tmp_path / "map.npy", mmap_mode="r")):
        maps = apply_pipeline(model, array, wavenumbers=axis, output=ALL)
        check_same(maps, model, pixels)
        assert maps.label.dims == ("y", "x")
        np.testing.assert_array_equal(maps.wavenumber, axis)
    rows = apply_pipeline(model, lazy.reshape(63, -1), wavenumbers=axis)
    assert rows.label.dims == ("pixel",)
    with pytest.raises(ValueError, match=r"np.moveaxis\(cube, 0, -1\)"):
        apply_pipeline(model, np.moveaxis(values, -1, 0), wavenumbers=axis)


def test_names_that_results_need(cube, model):
    with pytest.raises(ValueError, match=r"cube.rename\({'class': 'class_of_cube'}\)"):
        apply_pipeline(model, cube.rename(x="class"), output="label")
    with pytest.raises(ValueError, match="coordinate 'label'"):
        apply_pipeline(model, cube.rename(time="label"))


def test_wrong_arguments(cube, model):
    for settings, message in [
        ({"output": "labels"}, "output must be one or more of"),
        ({"output": ()}, "output must be one or more of"),
        ({"dtype": "float16"}, "dtype must be"),
        ({"chunks": 0}, "1 or more"),
        ({"chunks": {"row": 3}}, "names \\['row'\\]"),
        ({"chunks": "small"}, "chunks must be"),
        ({"target": "sugar", "output": "explanation"}, "not a class of this model"),
    ]:
        with pytest.raises(ValueError, match=message):
            apply_pipeline(model, cube, **settings)
    mixed = make_pipeline(PCA(3), LogisticRegression()).fit(
        cube[0].values, list("abcabcabc")
    )
    with pytest.raises(ValueError, match="mixes wavenumbers"):
        apply_pipeline(mixed, cube, output="explanation")


def test_an_axis_that_can_not_be_compared(cube, model, simulated):
    """Where one side has none: an error if the model has it, else a warning."""
    with pytest.raises(ValueError, match="has no axis, and the Pipeline was fitted on"):
        apply_pipeline(model, cube.values)
    X, y, _ = simulated
    numbered = clone(model).fit(X.set_axis(X.columns.astype(float), axis=1), y)
    with pytest.raises(ValueError, match="has no axis, and the Pipeline was fitted on"):
        apply_pipeline(numbered, cube.values)
    blind = make_pipeline(SNV(), PLSLDA(n_components=3)).fit(X.to_numpy(), y)
    with pytest.warns(UserWarning, match="fitted on arrays without one"):
        apply_pipeline(blind, cube)


def test_a_model_that_loses_spectra(cube, model, monkeypatch):
    predict = PLSLDA.predict
    maps = apply_pipeline(model, cube, output="label")
    monkeypatch.setattr(PLSLDA, "predict", lambda self, X: predict(self, X)[1:])
    with pytest.raises(ValueError, match="63 spectra went into Pipeline and 62"):
        maps.compute()


# Work --------------------------------------------------------------------------------


def test_each_step_runs_once_for_each_block(cube, simulated):
    """Whatever is asked, and however many results are computed together."""
    calls = []

    def note(X):
        calls.append(len(X))
        return X

    X, y, _ = simulated
    step = FunctionTransformer(note, feature_names_out="one-to-one")
    model = make_pipeline(step, SNV(), LogisticRegression()).fit(X, y)
    maps = apply_pipeline(model, cube, output=("label", "proba", "decision"), chunks=4)
    calls.clear()
    maps.compute()
    assert sorted(calls) == [3, 4, 12, 12, 16, 16]


def test_memory_does_not_grow_with_the_map(model, pixels):
    """Ten times as many blocks need no more than one block more."""
    peaks, one = [], pixels.to_numpy()[:50]
    for n_blocks in (2, 10):
        block = da.from_delayed(dask.delayed(np.tile)(one, (2, 1)), (100, 101), "f4")
        cube = da.concatenate([block + 0] * n_blocks)
        axis = pixels.columns.astype(float)
        maps = apply_pipeline(model, cube, wavenumbers=axis, output="class_means")
        with dask.config.set(scheduler="synchronous"):
            tracemalloc.start()
            maps.class_spectrum.compute()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100 * 101 * 4 + 200_000


def test_says_which_extra_is_missing(cube, model, monkeypatch):
    values = cube.values
    for package in ("xarray", "dask.array"):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, package, None)
            with pytest.raises(ImportError, match=r"sklearn-raman\[maps\]"):
                apply_pipeline(model, values)


@pytest.mark.parametrize("chunks", [None, {"y": 3}])
def test_a_file_of_netcdf(model, cube, tmp_path, chunks):
    """Opened at once or lazily, it gives what the cube in memory gives."""
    cube.to_netcdf(tmp_path / "cube.nc", engine="scipy")
    output = ("label", "proba", "explanation")
    expected = apply_pipeline(model, cube, output=output).compute()
    with xr.open_dataarray(tmp_path / "cube.nc", chunks=chunks) as opened:
        xr.testing.assert_equal(
            apply_pipeline(model, opened, output=output).compute(), expected
        )


def test_masked_masks(model, cube):
    """What lies behind a mask of numpy is not looked at as if it were there."""
    pixels = np.ma.masked_array(np.ones(cube.shape[:2], bool), False)
    pixels[0, 0] = np.ma.masked
    for call in (
        lambda: apply_pipeline(model, cube, mask=pixels),
        lambda: sample_spectra(cube, 2, stratify=pixels),
    ):
        with pytest.raises(ValueError, match=r"values of (mask|stratify) are masked"):
            call()


def test_later_fits_do_not_change_maps(cube, model, simulated, pixels):
    """One model in a loop: each map keeps the classes of its own fit."""
    X, y, _ = simulated
    one = clone(model)
    maps, expected = [], []
    for labels in (y, np.roll(np.unique(y), 1)[np.unique(y, return_inverse=True)[1]]):
        one.fit(X, labels)
        maps.append(apply_pipeline(one, cube))
        expected.append(one.predict(pixels))
    one.set_params(plslda__n_components=1)
    for found, labels in zip(maps, expected, strict=True):
        named = found["class"].values[flat(found.label)]
        np.testing.assert_array_equal(named, labels)
    assert (expected[0] != expected[1]).all()


@pytest.mark.parametrize("dtype", [">i2", ">i4", ">f8", "<i4"])
def test_labels_in_another_byte_order(simulated, dtype, tmp_path):
    X = simulated[0].to_numpy()
    y = np.unique(simulated[1], return_inverse=True)[1].astype(dtype)
    model = PLSLDA(n_components=4).fit(X, y)
    for how in ({}, {"store": tmp_path / "maps.zarr", "progress": False}):
        maps = apply_pipeline(model, X.reshape(6, 10, -1), **how)
        named = maps["class"].values[maps.label.values].ravel()
        np.testing.assert_array_equal(named, model.predict(X))
