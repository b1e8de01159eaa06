"""Hostile spectra: good ones written in other ways, ones to refuse, extreme ones.

All are made of `SPECTRA`, whose values are small whole numbers, so that uint8, float16
and text hold the same numbers as float64.
"""

import tempfile

import numpy as np
import pandas as pd
import polars as pl
from scipy import sparse
from sklearn.utils import Bunch

AXIS = np.arange(400.0, 464.0, 2.0)
LABELS = np.repeat(["calcite", "quartz"], [5, 3])
GROUPS = np.array(["c1", "c1", "c2", "c2", "c2", "q1", "q1", "q2"])


def _simulate():
    rng = np.random.default_rng(0)
    centers = np.repeat([420.0, 444.0], [5, 3])[:, None]
    bands = rng.uniform(80, 150, (8, 1)) / (1 + ((AXIS - centers) / 4) ** 2)
    background = rng.uniform(10, 30, (8, 1)) + 0.1 * (AXIS - AXIS[0])
    return np.round(bands + background + rng.normal(0, 2, bands.shape))


SPECTRA = _simulate()
SPECTRA.flags.writeable = False
NAMES = [str(at) for at in AXIS]


class Subclass(np.ndarray):
    """An array of another type."""


def labeled(X=SPECTRA, columns=None):
    return pd.DataFrame(np.array(X), columns=NAMES if columns is None else columns)


def _every_second(X):
    wide = np.full((len(X), 2 * X.shape[1]), np.nan)
    wide[:, ::2] = X
    return wide[:, ::2]


def _memory_map(X):
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, dtype=np.float64, shape=X.shape)
    mapped[:] = X
    return mapped


def _unaligned(X):
    data = np.zeros(X.nbytes + 1, dtype=np.uint8)
    view = data[1:].view(np.float64).reshape(X.shape)
    view[:] = X
    return view


def _read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


# Other ways to write the same spectra: the result is that of a float64 matrix. Those in
# single precision may differ by what single precision makes of it.
SAME = {
    "list of lists": np.ndarray.tolist,
    "tuple of tuples": lambda X: tuple(map(tuple, X.tolist())),
    "list of arrays": list,
    "objects": lambda X: X.astype(object),
    "float16": lambda X: X.astype(np.float16),
    "float32": lambda X: X.astype(np.float32),
    "longdouble": lambda X: X.astype(np.longdouble),
    "uint8": lambda X: X.astype(np.uint8),
    "int64": lambda X: X.astype(np.int64),
    "big-endian": lambda X: X.astype(">f8"),
    "big-endian float32": lambda X: X.astype(">f4"),
    "read-only": _read_only,
    "Fortran order": np.asfortranarray,
    "every second column": _every_second,
    "turned round twice": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "memory map": _memory_map,
    "unaligned": _unaligned,
    "subclass": lambda X: X.view(Subclass),
    "masked array without a mask": np.ma.masked_array,
    "frame": lambda X: labeled(X),
    "frame of positions": pd.DataFrame,
    "frame, numbers as labels": lambda X: labeled(X, AXIS),
    "frame, rows named alike": lambda X: labeled(X).set_axis(["a"] * len(X)),
    "frame, falling index": lambda X: labeled(X).set_axis(range(len(X))[::-1]),
    "frame of uint8": lambda X: labeled(X.astype(np.uint8)),
    "frame of Float64": lambda X: labeled(X).astype("Float64"),
    "frame of objects": lambda X: labeled(X).astype(object),
    "frame of several types": lambda X: labeled(X).astype({NAMES[3]: np.float32}),
    "polars": lambda X: pl.DataFrame(X, schema=NAMES),
    "polars of positions": lambda X: pl.DataFrame(X, schema=list(map(str, range(32)))),
}
SINGLE = {"float32", "big-endian float32"}
FRAMES = {kind for kind in SAME if "frame" in kind or "polars" in kind}


def _with(value, X=SPECTRA, dtype=np.float64):
    X = X.astype(dtype)
    X[3, 5] = value
    return X


def _renamed(place, name):
    columns = list(NAMES)
    columns[place] = name
    return labeled(columns=columns)


def _swapped():
    columns = list(NAMES)
    columns[4], columns[5] = columns[5], columns[4]
    return labeled(columns=columns)


NOT_FINITE = r"contains NaN or infinity in 1 of 8 spectra \(row 3\), (at|in col)"

# What no spectrum can be, with what the error says. scikit-learn's own words where
# its checks come first.
REFUSED = {
    "NaN": (lambda: _with(np.nan), NOT_FINITE),
    "NaN in float32": (lambda: _with(np.nan, dtype=np.float32), NOT_FINITE),
    "NaN in float16": (lambda: _with(np.nan, dtype=np.float16), NOT_FINITE),
    "infinity": (lambda: _with(np.inf), "infinity in 1 of 8 spectra"),
    "minus infinity": (lambda: _with(-np.inf), "infinity in 1 of 8 spectra"),
    "None among objects": (lambda: _with(None, dtype=object), NOT_FINITE),
    "NA among objects": (lambda: labeled(_with(pd.NA, dtype=object)), NOT_FINITE),
    "NaN in a frame": (lambda: labeled(_with(np.nan)), NOT_FINITE),
    "NA in a frame": (
        lambda: labeled(_with(np.nan)).astype("Float64"),
        NOT_FINITE,
    ),
    "null in polars": (
        lambda: pl.DataFrame(
            _with(None, dtype=object).tolist(), schema=NAMES, orient="row"
        ),
        NOT_FINITE,
    ),
    "masked": (
        lambda: np.ma.masked_array(SPECTRA, _with(300.0) > 255),
        NOT_FINITE,
    ),
    "no spectra": (lambda: SPECTRA[:0], "0 sample"),
    "no spectra in a frame": (lambda: labeled().iloc[:0], "0 sample"),
    "empty list": (lambda: [], "X holds no spectra"),
    "no points": (lambda: SPECTRA[:, :0], "0 feature"),
    "1-D": (lambda: SPECTRA[0], "Expected 2D array, got 1D"),
    "number": (lambda: 3.0, "Expected 2D array, got scalar|must be an array-like"),
    "3-D": (lambda: np.stack([SPECTRA] * 3), "array with dim 3|array of dim 3"),
    "words": (lambda: SPECTRA.astype(str).astype(object) + "a", "could not convert"),
    "complex": (lambda: SPECTRA + 1j, "Complex data not supported"),
    "complex in a frame": (lambda: labeled(SPECTRA + 1j), "Complex data not supported"),
    "dates": (lambda: SPECTRA.astype("M8[s]"), "date"),
    "sparse": (
        lambda: sparse.csr_array(SPECTRA),
        "Sparse data was passed|must be an array-like",
    ),
    "matrix of numpy": (lambda: np.asmatrix(SPECTRA), "np.matrix is not supported"),
    "None": (lambda: None, ""),
    "dict": (lambda: dict(enumerate(SPECTRA)), "got a dict"),
    "set": (lambda: set(map(tuple, SPECTRA)), "got a set"),
    "generator": (
        lambda: (row for row in SPECTRA),
        "got a generator|must be an array-like",
    ),
    "Bunch": (lambda: Bunch(data=SPECTRA), "of a Bunch pass its data"),
    "file name": (lambda: "spectra.csv", ""),
    "bytes": (lambda: b"spectra", ""),
    "rows of several lengths": (
        lambda: [row[: 20 + k] for k, row in enumerate(SPECTRA.tolist())],
        "spectra with 20 to 27 points and without wavenumbers|inhomogeneous",
    ),
    "stray column": (
        lambda: _renamed(0, "sample"),
        "1 of 32 column labels of X are not wavenumbers: .'sample'.",
    ),
    "None as label": (lambda: _renamed(7, None), "1 of 32 column labels"),
    "NaN as label": (lambda: _renamed(7, np.nan), "1 of 32 column labels"),
    "infinity as label": (lambda: _renamed(31, np.inf), "1 of 32 column labels"),
    "twice the same label": (
        lambda: _renamed(5, NAMES[4]),
        "408 is followed by 408 .position 4.|Expected unique column names",
    ),
    "unsorted labels": (_swapped, "410 is followed by 408"),
}

EXTREME = {
    "around 1e300": np.ldexp(SPECTRA, 990),
    "around 1e-300": np.ldexp(SPECTRA, -1004),
    "denormal": np.ldexp(SPECTRA, -1060),
}
EXPONENTS = {"around 1e300": 990, "around 1e-300": -1004, "denormal": -1060}
