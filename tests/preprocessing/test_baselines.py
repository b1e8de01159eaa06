"""Baselines weighted anew: pybaselines as oracle, and the bits of each spectrum."""

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest
from pybaselines import Baseline
from sklearn.exceptions import ConvergenceWarning

from sklearn_raman.datasets import load_minerals
from sklearn_raman.preprocessing import (
    AIRPLS,
    ARPLS,
    ASLS,
    SNV,
    BaselineCorrection,
    airpls,
    arpls,
    asls,
)
from sklearn_raman.preprocessing._whittaker import correct
from sklearn_raman.preprocessing._whittaker.reference import penalize, penalty_bands
from tests.preprocessing.conftest import difference

FUNCTIONS = {"airpls": airpls, "arpls": arpls, "asls": asls}


ENGINES = ["numba", "numpy"]


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
    X = raw[::4] if data == "simulated" else 0.1 + load_minerals().data[::40]
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
    right_side = penalize(y.astype(np.longdouble), diff_order)
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
    """Within 1e-9 of the range, also without a background (few points lie below).

    Some 20 spectra: two groups that the kernel takes together, and single ones.
    """
    X = raw[::4] if data == "simulated" else load_minerals().data[::16]
    settings = {"diff_order": diff_order, "lam": lam, "return_info": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fast, fast_info = FUNCTIONS[name](X, **settings, engine="numba")
        plain, plain_info = FUNCTIONS[name](X, **settings, engine="numpy")
    assert difference(fast, plain, X) < 1e-9
    for key in ("n_iter", "converged"):
        np.testing.assert_array_equal(fast_info[key], plain_info[key])


@pytest.mark.parametrize("n_points", [20, 60, 250])
@pytest.mark.parametrize("diff_order", [1, 2, 3])
@pytest.mark.parametrize("lam", [1e2, 1e5, 1e7])
def test_engines_agree_on_short_spectra(n_points, diff_order, lam, rng):
    """airPLS with noise and bands above a background; the others on anything."""
    x = np.linspace(0, 1, n_points)
    noise = rng.normal(size=(20, n_points))
    bands = 50 / (1 + ((x - rng.random((20, 1))) / 0.05) ** 2)
    usual = bands + 100 + 30 * x + 20 * x**2 + noise
    cases = [("airpls", usual, 1e-9)]
    cases += [(name, X, 1e-8) for name in ("arpls", "asls") for X in (noise, -bands)]
    settings = {"diff_order": diff_order, "lam": lam}
    for name, X, bound in cases:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fast, plain = (
                FUNCTIONS[name](X, **settings, engine=engine) for engine in ENGINES
            )
        assert difference(fast, plain, X) < bound, name


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
        with pytest.raises(ValueError, match=r"NaN or infinity .*\(rows 3, 40\)"):
            FUNCTIONS[name](X, engine=engine)
        found, info = FUNCTIONS[name](
            X, engine=engine, ensure_all_finite=False, return_info=True
        )
    assert not info["converged"][[3, 40]].any()
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


BAD_SETTINGS = [
    ("lam", 0),
    ("lam", -1.0),
    ("lam", np.nan),
    ("lam", np.inf),
    ("lam", True),
    ("lam", "1e5"),
    ("lam", None),
    ("diff_order", 0),
    ("diff_order", 4),
    ("diff_order", 2.0),
    ("diff_order", True),
    ("max_iter", 0),
    ("max_iter", 1.5),
    ("max_iter", True),
    ("tol", -1e-3),
    ("tol", np.nan),
    ("tol", np.inf),
    ("tol", True),
    ("engine", "gpu"),
    ("engine", None),
    ("n_jobs", 0),
    ("n_jobs", 1.0),
    ("n_jobs", True),
    ("tol_reference", "above"),
    ("ends", "Zhang"),
    ("ends", True),
    ("p", 0),
    ("p", 1),
    ("p", 5),
    ("p", np.nan),
    ("p", True),
]


@pytest.mark.parametrize(
    ("cls", "name", "value"),
    [
        (cls, name, value)
        for cls in (AIRPLS, ARPLS, ASLS)
        for name, value in BAD_SETTINGS
        if name in cls().get_params()
    ],
)
def test_functions_check_what_their_classes_check(cls, name, value, raw):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of") as of_class:
        cls(**{name: value}).fit(raw)
    with pytest.raises(type(of_class.value)) as of_function:
        FUNCTIONS[cls.__name__.lower()](raw, **{name: value})
    assert str(of_function.value) == str(of_class.value)


@pytest.mark.parametrize("function", FUNCTIONS.values())
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"out": [[0.0]]}, "'out' parameter"),
        ({"out": np.empty((2, 2))}, "out must be"),
        ({"out": np.empty((70, 301), int)}, "out must be"),
        ({"return_info": "yes"}, "'return_info' parameter"),
        ({"ensure_all_finite": "allow-nan"}, "'ensure_all_finite' parameter"),
        ({"lam": 1e16}, "at most 1e\\+14 for diff_order=2"),
        ({"lam": 1e14, "diff_order": 3}, "at most 1e\\+13"),
    ],
)
def test_bad_arguments(function, settings, message, raw):
    with pytest.raises(ValueError, match=message):
        function(raw, **settings)


@pytest.mark.parametrize("function", FUNCTIONS.values())
@pytest.mark.parametrize("X", [np.ones((3, 9)) + 1j, np.full((3, 9), "1.0")])
def test_only_real_numbers(function, X):
    with pytest.raises(ValueError, match="must hold real numbers"):
        function(X)


def test_read_only_out(raw):
    out = np.empty_like(raw)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out is read-only"):
        airpls(raw, out=out)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    "overlap",
    [
        lambda room: (room[:70], room[1:71]),
        lambda room: (room[1:71], room[:70]),
        lambda room: (room[:70], room[69::-1]),
        lambda room: (room[:70, ::-1], room[:70]),
        lambda room: (room[:70, :150], room[:70, 1:151]),
        lambda room: (room[:140:2], room[1:141:2]),  # side by side
    ],
)
def test_out_may_overlap(overlap, n_jobs, raw, monkeypatch):
    """No row is overwritten before it is read."""
    monkeypatch.setattr(correct, "_CHUNK_VALUES", 2000)
    room = np.concatenate([raw, raw[::-1], raw[:1]])
    X, out = overlap(room)
    expected = airpls(X.copy())
    assert airpls(X, out=out, n_jobs=n_jobs) is out
    np.testing.assert_array_equal(out, expected)


def test_in_place_nothing_is_written_where_a_value_is_missing(raw, monkeypatch):
    monkeypatch.setattr(correct, "_CHUNK_VALUES", 2000)
    X = raw.copy()
    X[60, 5] = np.nan
    before = X.copy()
    with pytest.raises(ValueError, match=r"\(row 60\)"):
        airpls(X, out=X)
    np.testing.assert_array_equal(X, before)


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
    with pytest.warns(ConvergenceWarning, match="70 of 70 spectra did not") as caught:
        AIRPLS(lam=10.0, max_iter=1, tol=0.0, engine=engine).fit_transform(raw)
    assert len(caught) == 1


@pytest.mark.parametrize("cls", [AIRPLS, ARPLS, ASLS])
def test_fit_corrects_one_spectrum(cls, raw, monkeypatch):
    """That n_iter_ tells of; each of the others is corrected once."""
    corrected = []

    def count(X, *args, **kwargs):
        corrected.append(len(X))
        return correct.correct_spectra(X, *args, **kwargs)

    module = "sklearn_raman.preprocessing._reweighted"
    monkeypatch.setattr(f"{module}.correct_spectra", count)
    model = cls().fit(raw)
    assert corrected == [1]
    model.transform(raw)
    assert corrected == [1, len(raw)]
    assert cls().fit_transform(raw).shape == raw.shape
    assert corrected == [1, len(raw), 1, len(raw)]
    n_iter = FUNCTIONS[cls.__name__.lower()](raw, return_info=True)[1]["n_iter"]
    assert model.n_iter_ == n_iter[0]


@pytest.mark.parametrize("cls", [AIRPLS, ARPLS, ASLS])
@pytest.mark.parametrize("settings", [{"lam": 1e15}, {"cutoff": 100.0}])
def test_fit_raises_what_transform_raises(cls, settings, raw):
    for method in ("fit", "transform", "fit_transform"):
        with pytest.raises(ValueError, match="at most|needs the wavenumber"):
            getattr(cls(**settings), method)(raw)


def test_constant_rows_one_warning(raw):
    X = raw.copy()
    X[[2, 5]] = [[0.0], [123.4]]
    X[7] = 0.1 * 3 + np.arange(X.shape[1]) % 2 * 2.0**-54  # constant up to rounding
    for function in FUNCTIONS.values():
        for engine in ENGINES:
            with pytest.warns(
                UserWarning, match="3 of 70 spectra are constant"
            ) as told:
                found = function(X, engine=engine)
            assert sum("are constant" in str(warning.message) for warning in told) == 1
            assert (found[[2, 5, 7]] == 0).all()
            np.testing.assert_array_equal(found[3], function(raw, engine=engine)[3])
    X = X[7:9].astype(np.float32)
    X[0] = 1e6 + np.arange(X.shape[1]) % 2 / 16  # of float32
    with pytest.warns(UserWarning, match="1 of 2 spectra are constant"):
        assert (airpls(X)[0] == 0).all()


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
    np.testing.assert_allclose(penalize(y, diff_order), y @ penalty, atol=1e-12)


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
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    "power", [-1000, -700, -500, -390, -30, 30, 110, 390, 600, 700, 1009]
)
def test_scales_with_the_spectrum(name, engine, power, raw):
    """By powers of two, which round nothing, to the bit: also near the extremes."""
    found = FUNCTIONS[name](raw[:9] * 2.0**power, engine=engine) * 2.0**-power
    expected = FUNCTIONS[name](raw[:9], engine=engine)
    if power == -1000:  # the result loses bits where it is smaller than 2 ** -1022
        assert difference(found, expected, raw[:9]) < 1e-6
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_overflow_names_the_row(name, engine, dtype, raw):
    """The corrected spectrum is larger than the spectrum, which fits just so."""
    X = raw.astype(dtype)
    X[5] = np.where(np.arange(X.shape[1]) % 2, -1, 1) * np.finfo(dtype).max * 0.999
    X[5, 100:102] = np.finfo(dtype).max
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            found = FUNCTIONS[name](X, engine=engine)
        except ValueError as error:
            assert "Row 5 has intensities up to" in str(error)
        else:
            assert np.isfinite(found).all()
        lenient = FUNCTIONS[name](X, engine=engine, ensure_all_finite=False)
        others = np.arange(len(X)) != 5
        expected = FUNCTIONS[name](X[others], engine=engine)
    np.testing.assert_array_equal(lenient[others], expected)
    assert np.isnan(lenient[5]).all() or np.isfinite(lenient[5]).all()


def test_what_does_not_fit_out_names_the_row(raw):
    X = raw.copy()
    X[3] *= 1e40
    with pytest.raises(ValueError, match="Row 3 .* exceeds the largest float32"):
        airpls(X, out=np.empty(X.shape, np.float32))


@pytest.mark.parametrize("engine", ENGINES)
def test_singular_in_rounding(engine):
    """A lam that leaves no factorization is told, never computed with."""
    X = np.random.default_rng(0).normal(size=(9, 3000)).cumsum(axis=1)
    for function in FUNCTIONS.values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = function(X, lam=1e13, diff_order=3, engine=engine)
            except ValueError as error:
                assert "singular in rounding" in str(error)
            else:
                assert np.isfinite(found).all()


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
        with pytest.raises(ValueError, match=r"diff_order=2\) is too large"):
            airpls(X, diff_order=2, engine=engine)
        with pytest.raises(ValueError, match="1 point per spectrum"):
            airpls(X[:, :1], engine=engine)


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
    with pytest.raises(ValueError, match=r"cutoff=1e\+06\) is too large"):
        AIRPLS(cutoff=1e6, wavenumbers=axis).fit(spectra)


def test_axis_may_fall(spectra, axis):
    up = AIRPLS(cutoff=100.0, wavenumbers=axis).fit_transform(spectra)
    down = AIRPLS(cutoff=100.0, wavenumbers=axis[::-1])
    found = down.fit_transform(spectra[:, ::-1])[:, ::-1]
    assert difference(found, up, spectra) < 1e-9


@pytest.mark.parametrize("cls", [AIRPLS, ARPLS, ASLS, BaselineCorrection])
def test_one_default_for_lam(cls):
    found = cls().get_params().get("lam", 1e5)
    assert found == 1e5
    for function in FUNCTIONS.values():
        assert inspect.signature(function).parameters["lam"].default == 1e5


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_powers_of_two_lose_no_bit(engine, spectra):
    """Absurd spectra are brought to a safe size, and back, without rounding."""
    for function in FUNCTIONS.values():
        expected = function(spectra[:2], engine=engine)
        for exponent in (-980, -600, 600, 980):
            found = function(np.ldexp(spectra[:2], exponent), engine=engine)
            np.testing.assert_array_equal(found, np.ldexp(expected, exponent))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_look_at_the_axis_as_classes_do(name, raw):
    """A pair is no matrix of two rows, a stray column no intensity, a mask no zero."""
    function, axis = FUNCTIONS[name], np.arange(400.0, 1001.0, 2.0)
    for pairs in ((axis, raw[0]), [(axis, raw[0])]):
        with pytest.raises(
            ValueError, match=f"{name} needs .* one axis.*{name.upper()}"
        ):
            function(pairs)
    frame = pd.DataFrame(raw[:2], columns=axis)
    with pytest.raises(ValueError, match=r"column labels .*\['id'\]"):
        function(frame.assign(id=[1, 2]))
    with pytest.raises(ValueError, match="in columns 3"):
        function(np.ma.array(raw[:2], mask=[np.arange(len(axis)) == 3] * 2))
    with pytest.warns(UserWarning, match="counts points, but there is a gap"):
        function(frame.drop(columns=axis[100:150]))
    np.testing.assert_array_equal(function(frame), function(raw[:2]))
