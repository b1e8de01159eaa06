"""airPLS, arPLS and AsLS: pybaselines as oracle, and the bits of each spectrum."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from pybaselines import Baseline
from sklearn.exceptions import ConvergenceWarning

from sklearn_raman.datasets import load_minerals, make_raman_spectra
from sklearn_raman.preprocessing import (
    AIRPLS,
    ARPLS,
    ASLS,
    SNV,
    airpls,
    arpls,
    asls,
)
from sklearn_raman.preprocessing._whittaker.correct import choose_engine
from sklearn_raman.preprocessing._whittaker.reference import (
    correct_with_numpy,
    penalise,
    penalty_bands,
)

FUNCTIONS = {"airpls": airpls, "arpls": arpls, "asls": asls}
ENGINES = ["numba", "numpy"]


@pytest.fixture(scope="module")
def raw():
    """70 spectra with fluorescence and shot noise, counts."""
    return make_raman_spectra(
        70, wavenumbers=(400.0, 1000.0, 2.0), spike_rate=0, random_state=0
    )[0]


def difference(found, expected, spectra):
    """Largest difference over the range of each spectrum."""
    return (np.abs(found - expected).max(axis=1) / np.ptp(spectra, axis=1)).max()


def pybaselines_result(name, X, **params):
    """Corrected spectra and number of solves; pybaselines solves max_iter + 1 times.

    It does not note the solve after which too few points lie below the baseline.
    """
    fitter = Baseline()
    params["max_iter"] = params.pop("max_iter", 50) - 1
    corrected, n_iter = np.empty_like(X), np.empty(len(X), dtype=int)
    for i, row in enumerate(X):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            baseline, info = getattr(fitter, name)(row, **params)
        early = any("points are below the data" in str(w.message) for w in caught)
        corrected[i], n_iter[i] = row - baseline, len(info["tol_history"]) + early
    return corrected, n_iter


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("diff_order", [1, 2, 3])
@pytest.mark.parametrize("lam", [1e2, 1e5, 1e7])
@pytest.mark.parametrize("data", ["simulated", "minerals"])
def test_is_pybaselines(name, diff_order, lam, data, raw):
    X = raw if data == "simulated" else 0.1 + load_minerals().data[::20]
    settings = {"lam": lam, "diff_order": diff_order}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, info = FUNCTIONS[name](X, **settings, return_info=True)
        expected, n_iter = pybaselines_result(name, X, **settings)
    done = info["converged"]
    assert done.any()
    np.testing.assert_array_equal(info["n_iter"][done], n_iter[done])
    error = np.abs(found - expected).max(axis=1) / np.ptp(X, axis=1)
    off = done & (error >= 1e-6)
    if (name, data, diff_order) != ("airpls", "minerals", 3):
        assert not off.any()
    # On background-free spectra few points lie below the baseline. At order 3 that is
    # so ill-conditioned that pybaselines is off in some; extended precision decides.
    for y, row, solves in zip(X[off], found[off], info["n_iter"][off], strict=True):
        truth = airpls_extended(y, diff_order, lam, solves)
        assert np.abs(row - truth).max() < 1e-7 * np.ptp(y)


def solve_extended(weights, right_side, bands, lam):
    """Solve (W / lam + D'D) r = right_side by LDL' in extended precision."""
    order, n = len(bands) - 1, len(weights)
    matrix = bands.astype(np.longdouble)
    matrix[0] += weights / np.longdouble(lam)
    lower = np.zeros((order + 1, n), np.longdouble)
    pivots, r = np.zeros(n, np.longdouble), right_side.astype(np.longdouble)
    for i in range(n):
        reach = min(order, i)
        for k in range(reach, 0, -1):
            done = [
                lower[m, i - m] * lower[m - k, i - m] * pivots[i - m]
                for m in range(k + 1, reach + 1)
            ]
            lower[k, i - k] = (matrix[k, i - k] - sum(done)) / pivots[i - k]
        back = range(1, reach + 1)
        pivots[i] = matrix[0, i] - sum(
            lower[k, i - k] ** 2 * pivots[i - k] for k in back
        )
        r[i] -= sum(lower[k, i - k] * r[i - k] for k in back)
    r /= pivots
    for i in range(n - 1, -1, -1):
        r[i] -= sum(lower[k, i] * r[i + k] for k in range(1, min(order, n - 1 - i) + 1))
    return r


@pytest.mark.parametrize("engine", ENGINES)
def test_ends_of_the_published_program(engine, raw):
    """The program's loop, dense; both ends weigh exp(t max(r_below) / sum)."""
    X, lam = raw[:5, ::3], 1e3
    found, info = airpls(X, lam=lam, ends="zhang", engine=engine, return_info=True)
    matrix = np.diff(np.eye(X.shape[1]), n=2, axis=0)
    for y, row, n_iter in zip(X, found, info["n_iter"], strict=True):
        weights = np.ones(len(y))
        for t in range(1, n_iter + 1):
            system = np.diag(weights) + lam * matrix.T @ matrix
            r = y - np.linalg.solve(system, weights * y)
            below = r < 0
            total = np.abs(r[below]).sum()
            weights = np.where(below, np.exp(t * np.abs(r) / total), 0)
            weights[[0, -1]] = np.exp(t * r[below].max() / total)
        np.testing.assert_allclose(row, r, atol=1e-8 * np.ptp(y))


def airpls_extended(y, diff_order, lam, n_iter):
    """Correct a spectrum in extended precision, with a given number of solves."""
    bands = penalty_bands(len(y), diff_order)
    weights = np.ones(len(y), np.longdouble)
    right_side = penalise(y.astype(np.longdouble), diff_order)
    for iteration in range(1, n_iter + 1):
        r = solve_extended(weights, right_side, bands, lam)
        depth = np.where(r < 0, -r, 0)
        weights = np.where(depth > 0, np.exp(iteration * depth / depth.sum()), 0)
    return r


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("diff_order", "lam"), [(2, 1e5), (2, 1e7), (3, 1e2), (3, 1e7)]
)
def test_extended_precision(engine, diff_order, lam):
    """The truth where the system is most ill-conditioned."""
    X = load_minerals().data[[0, 160, 240]]
    found, info = airpls(
        X, lam=lam, diff_order=diff_order, engine=engine, return_info=True
    )
    for y, row, n_iter in zip(X, found, info["n_iter"], strict=True):
        truth = airpls_extended(y, diff_order, lam, n_iter)
        assert np.abs(row - truth).max() < 1e-9 * np.ptp(y)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("diff_order", [1, 2, 3])
@pytest.mark.parametrize("lam", [1e2, 1e5, 1e7])
@pytest.mark.parametrize("data", ["simulated", "minerals"])
def test_engines_agree(name, diff_order, lam, data, raw):
    """Within 1e-9 of the range, also where few points lie below the baseline."""
    X = raw if data == "simulated" else load_minerals().data[::4]  # no background
    settings = {"diff_order": diff_order, "lam": lam, "return_info": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fast, fast_info = FUNCTIONS[name](X, **settings, engine="numba")
        plain, plain_info = FUNCTIONS[name](X, **settings, engine="numpy")
    assert difference(fast, plain, X) < 1e-9
    for key in ("n_iter", "converged"):
        np.testing.assert_array_equal(fast_info[key], plain_info[key])


@pytest.mark.parametrize(
    "settings", [{"ends": "zhang"}, {"tol_reference": "above_minimum"}]
)
def test_engines_agree_on_options(settings, raw):
    fast = airpls(raw, **settings, engine="numba")
    plain = airpls(raw, **settings, engine="numpy")
    assert difference(fast, plain, raw) < 1e-9
    assert difference(fast, airpls(raw), raw) > 1e-6  # the option does something


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("diff_order", [1, 2, 3])
@pytest.mark.parametrize("lam", [1e4, 1e7])
def test_bits_do_not_depend_on_company(name, diff_order, lam, raw):
    """Order, chunks (also below 8 rows: the scalar kernel) and threads."""
    settings = {"diff_order": diff_order, "lam": lam}
    # Some of the minerals need more steps of refinement than others.
    raw = np.concatenate([raw[:30], load_minerals().data[:320:8, : raw.shape[1]]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        together = FUNCTIONS[name](raw, **settings)
        shuffled = np.random.default_rng(1).permutation(len(raw))
        np.testing.assert_array_equal(
            FUNCTIONS[name](raw[shuffled], **settings), together[shuffled]
        )
        for size in (1, 7, 8, 33):
            pieces = [
                FUNCTIONS[name](raw[i : i + size], **settings)
                for i in range(0, len(raw), size)
            ]
            np.testing.assert_array_equal(np.concatenate(pieces), together)
        threaded = FUNCTIONS[name](raw, **settings, n_jobs=3)
        np.testing.assert_array_equal(threaded, together)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_missing_values_stay_in_their_row(name, engine, raw):
    X = raw.copy()
    X[3, 7], X[40, 0] = np.nan, np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = FUNCTIONS[name](raw, engine=engine)
        with pytest.raises(ValueError, match="NaN or infinity, first in row 3"):
            FUNCTIONS[name](X, engine=engine)
        found = FUNCTIONS[name](X, engine=engine, ensure_all_finite=False)
    others = np.delete(np.arange(len(X)), [3, 40])
    np.testing.assert_array_equal(found[others], expected[others])
    assert np.isnan(found[[3, 40], 0]).all()


def test_memory_maps_and_strides(raw, tmp_path):
    X = raw.astype(np.float32)
    np.save(tmp_path / "in.npy", X)
    source = np.load(tmp_path / "in.npy", mmap_mode="r")
    target = np.lib.format.open_memmap(
        tmp_path / "out.npy", mode="w+", dtype=np.float32, shape=X.shape
    )
    assert airpls(source, out=target) is target
    expected = airpls(X)
    assert expected.dtype == np.float32
    np.testing.assert_array_equal(target, expected)
    np.testing.assert_array_equal(airpls(np.asfortranarray(X)), expected)
    wide = np.repeat(X, 2, axis=1)
    np.testing.assert_array_equal(airpls(wide[:, ::2]), expected)
    in_place = X.copy()
    airpls(in_place, out=in_place)
    np.testing.assert_array_equal(in_place, expected)


def test_float32_is_computed_in_float64(raw):
    X = raw.astype(np.float32)
    np.testing.assert_array_equal(
        airpls(X), airpls(X.astype(np.float64)).astype(np.float32)
    )


def test_without_numba_the_numpy_engine_answers(raw, monkeypatch):
    kernels = "sklearn_raman.preprocessing._whittaker.kernels"
    monkeypatch.setitem(sys.modules, kernels, None)  # as if it could not be imported
    assert choose_engine("auto") is correct_with_numpy
    with pytest.raises(ImportError):
        choose_engine("numba")
    np.testing.assert_array_equal(airpls(raw[:3]), airpls(raw[:3], engine="numpy"))


def test_small_chunks_are_the_same(raw, monkeypatch):
    expected = airpls(raw)
    monkeypatch.setattr("sklearn_raman.preprocessing._whittaker.correct._CHUNK_VALUES", 2000)
    np.testing.assert_array_equal(airpls(raw), expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"out": np.empty((2, 2))}, "out must be"),
        ({"out": np.empty((70, 301), int)}, "out must be"),
        ({"engine": "gpu"}, "engine must be"),
        ({"lam": 0}, "above 0"),
        ({"lam": -1.0}, "above 0"),
        ({"lam": np.nan}, "above 0"),
        ({"lam": 1e16}, "at most 1e\\+14 for diff_order=2"),
        ({"lam": 1e14, "diff_order": 3}, "at most 1e\\+13"),
    ],
)
def test_bad_arguments(settings, message, raw):
    with pytest.raises(ValueError, match=message):
        airpls(raw, **settings)


@pytest.mark.parametrize("shape", [(5,), (0, 5), (5, 0), (2, 3, 4)])
def test_bad_shapes(shape):
    with pytest.raises(ValueError, match="matrix of spectra"):
        airpls(np.ones(shape))


@pytest.mark.parametrize(("diff_order", "lam"), [(1, 2e12), (2, 2e11), (3, 2e10)])
def test_large_lam_warns(diff_order, lam, raw):
    with pytest.warns(UserWarning, match="rounding may show"):
        found = airpls(raw[:3], lam=lam, diff_order=diff_order)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_one_warning_with_the_count(engine, raw):
    with pytest.warns(ConvergenceWarning, match="for 70 of 70 spectra") as caught:
        AIRPLS(lam=10.0, max_iter=1, tol=0.0, engine=engine).fit_transform(raw)
    assert len(caught) == 1


@pytest.mark.parametrize("max_iter", [1, 2, 3])
def test_max_iter_is_the_number_of_solves(max_iter, raw):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found, info = airpls(raw, max_iter=max_iter, tol=1e-9, return_info=True)
        expected, _ = pybaselines_result(
            "airpls", raw, lam=1e5, max_iter=max_iter, tol=1e-9
        )
    assert (info["n_iter"] == max_iter).all()
    assert not info["converged"].any()
    assert difference(found, expected, raw) < 1e-6


@pytest.mark.parametrize("diff_order", [1, 2, 3])
def test_penalty(diff_order, rng):
    """The bands and the right side are D'D and D'D y for the difference matrix D."""
    matrix = np.diff(np.eye(9), n=diff_order, axis=0)
    penalty = matrix.T @ matrix
    bands = penalty_bands(9, diff_order)
    for offset in range(diff_order + 1):
        expected = np.diag(penalty, offset)
        np.testing.assert_allclose(bands[offset, : 9 - offset], expected)
    y = rng.normal(size=(2, 9))
    np.testing.assert_allclose(penalise(y, diff_order), y @ penalty, atol=1e-12)


# Spectra without peaks, with too many, or of absurd size ---------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("diff_order", [2, 3])
@pytest.mark.parametrize("n_spectra", [2, 40])
def test_constants_and_lines_are_their_own_baseline(
    name, engine, diff_order, n_spectra
):
    axis = np.arange(60.0)
    lines = [np.zeros(60), np.full(60, 5.0), 3 * axis - 7]
    X = np.stack([lines[i % 3] for i in range(n_spectra)])
    found = FUNCTIONS[name](X, diff_order=diff_order, engine=engine)
    np.testing.assert_allclose(found, 0, atol=1e-8)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("diff_order", [1, 2, 3])
def test_few_points_below_the_baseline(engine, diff_order):
    """tol=0 goes on until too few points are left; the next system is singular."""
    X = np.zeros((9, 50)) + np.linspace(0, 1, 50)
    X[:, 25] = 1e4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = airpls(X, tol=0.0, diff_order=diff_order, engine=engine)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e12, 1e200])
def test_scales_with_the_spectrum(engine, scale, raw):
    found = airpls(raw * scale, engine=engine) / scale
    assert difference(found, airpls(raw, engine=engine), raw) < 1e-9


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("make", [np.negative, SNV().fit_transform])
def test_negative_intensities(engine, make, raw):
    assert np.isfinite(airpls(make(raw), engine=engine)).all()


def test_offset_and_the_reference_of_tol(raw):
    """As published, an offset of 1e6 ends the iteration; the option goes on."""
    published = airpls(raw + 1e6, return_info=True)[1]["n_iter"]
    assert (published < airpls(raw, return_info=True)[1]["n_iter"]).all()
    settings = {"tol_reference": "above_minimum"}
    found = airpls(raw + 1e6, **settings)
    assert difference(found, airpls(raw, **settings), raw) < 1e-9


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n_points", [2, 3, 4, 5])
def test_few_points(engine, n_points, rng):
    X = rng.uniform(1, 2, size=(9, n_points))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = AIRPLS(engine=engine).fit_transform(X)
    assert np.isfinite(found).all()
    if n_points == 2:
        with pytest.raises(ValueError, match=r"diff_order=2\) is too large"):
            AIRPLS(diff_order=2).fit(X)
        with pytest.raises(ValueError, match="1 feature"):
            AIRPLS().fit(X[:, :1])
        with pytest.raises(ValueError, match="more than 2 points"):
            airpls(X, engine=engine)


# Smoothness in cm-1 ---------------------------------------------------------------


@pytest.mark.parametrize("cls", [AIRPLS, ARPLS, ASLS])
@pytest.mark.parametrize("diff_order", [1, 2])
def test_cutoff_does_not_know_the_sampling(cls, diff_order):
    """The same curve sampled twice as densely has the same baseline; with lam not."""
    fine = np.arange(400.0, 1200.0, 1.0)
    y = 100 + 40 * np.sin(fine / 150) + 60 / (1 + ((fine - 800) / 6) ** 2)

    def baseline(axis, **settings):
        frame = pd.DataFrame([np.interp(axis, fine, y)], columns=axis)
        model = cls(diff_order=diff_order, **settings)
        return (frame - model.fit_transform(frame)).to_numpy()[0]

    dense, coarse = baseline(fine, cutoff=300.0), baseline(fine[::2], cutoff=300.0)
    assert np.abs(dense[::2] - coarse).max() < 0.01 * np.ptp(y)
    if diff_order == 2:
        dense, coarse = baseline(fine, lam=1e4), baseline(fine[::2], lam=1e4)
        assert np.abs(dense[::2] - coarse).max() > 0.02 * np.ptp(y)


def test_cutoff_needs_an_even_axis(spectra, axis):
    with pytest.raises(ValueError, match="AIRPLS needs the wavenumber of each column"):
        AIRPLS(cutoff=100.0).fit(spectra)
    uneven = axis + axis**2 / 1e4
    with pytest.raises(ValueError, match="even axis.*varies from 2.1604 to 2.2788"):
        AIRPLS(cutoff=100.0, wavenumbers=uneven).fit(spectra)
    with pytest.warns(UserWarning, match="counts points.*Resample"):
        AIRPLS(wavenumbers=uneven).fit(spectra)
    with pytest.raises(ValueError, match="more than two points wide"):
        AIRPLS(cutoff=3.0, wavenumbers=axis).fit(spectra)


def test_axis_may_fall(spectra, axis):
    up = AIRPLS(cutoff=100.0, wavenumbers=axis).fit_transform(spectra)
    down = AIRPLS(cutoff=100.0, wavenumbers=axis[::-1])
    found = down.fit_transform(spectra[:, ::-1])[:, ::-1]
    assert difference(found, up, spectra) < 1e-9
