"""Hostile spectra into every public call: the right value, or an error that says why.

One cell per kind and entrance. What a kind leads to is written with the kind or the
family of the entrance; `EXCEPTIONS` holds the few cells that differ, with the reason.
"""

import warnings
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
import torch
import xarray as xr

from tests.hostile._entrances import ENTRANCES, calls_with_spectra
from tests.hostile._kinds import (
    AXIS,
    EXPONENTS,
    EXTREME,
    REFUSED,
    SAME,
    SINGLE,
    SPECTRA,
    labeled,
)

NOT_FINITE = {kind for kind, (_, says) in REFUSED.items() if "infinity in 1" in says}
SHAPES = {"1-D", "number", "3-D", "no points", "no spectra", "no spectra in a frame"}

# Where the words of an error are not those of `REFUSED`: what is said instead.
SAYS = {
    "baseline function": dict.fromkeys(SHAPES, "X must be a matrix of spectra in rows")
    | {"matrix of numpy": None}
    | dict.fromkeys(["complex", "complex in a frame"], "must hold real numbers")
    | {"sparse": "X is sparse"},
    # These look at groups, and lengths, first.
    "wrapper": dict.fromkeys(
        [*SHAPES, "Bunch", "empty list"], "groups has shape .* but X has"
    )
    | dict.fromkeys(["number", "generator"], "Expected sequence or array-like")
    | {"no points": "0 feature"},
    # This one looks at groups, and lengths, first.
    "bands": dict.fromkeys(SHAPES - {"no points"}, "but X has|at least 1 d")
    | {"Bunch": "y must be None when X is a Bunch"},
    "maps": dict.fromkeys(NOT_FINITE, "maps contains NaN or infinity, first in row 3")
    | {"masked": "some are masked", "matrix of numpy": None}
    | dict.fromkeys([*SHAPES, "empty list"], r"maps must have the shape \(n_spectra")
    | dict.fromkeys(["dict", "set", "generator", "Bunch", "sparse"], "")
    | dict.fromkeys(["complex", "complex in a frame", "dates"], "real numbers")
    | {"rows of several lengths": "maps holds arrays of different lengths"},
    "report": dict.fromkeys(
        ["3-D", "Bunch", "no spectra", "no spectra in a frame", "empty list"],
        "at least 5 are needed",
    )
    | dict.fromkeys(["number", "generator", "sparse"], "len|length"),
    "sampler": {"sparse": None},  # they take it
    # scikit-learn's models say what they need; `compare` adds where.
    "compare": dict.fromkeys([*NOT_FINITE, "no points"], "The model 'KNN' failed in")
    | dict.fromkeys(["complex", "complex in a frame", "words"], "The model 'KNN' fail")
    | dict.fromkeys(["matrix of numpy", "rows of several lengths"], "The model 'KNN'")
    | dict.fromkeys(
        ["1-D", "3-D", "no spectra", "no spectra in a frame"], "y has shape"
    )
    | {"Bunch": "y must be None when X is a Bunch", "sparse": None, "number": "len"},
}
# Networks compute in single precision, in which these are infinite, or zero.
OUT_OF_RANGE = "infinity in 8 of 8 spectra|compute in single precision"

# Said by scikit-learn where fit saw names and predict does not, or the other way round.
_NAMES = "feature names"


def arrays(result):
    """Yield the numbers and texts in a result, whatever holds them."""
    if isinstance(result, dict):
        for value in result.values():
            yield from arrays(value)
    elif isinstance(result, (tuple, list)):
        for value in result:
            yield from arrays(value)
    elif torch.is_tensor(result):
        yield result.detach().numpy()
    elif result is not None:
        yield np.asarray(result)


def run(how, X, **labels):
    """Return the result of a call as arrays, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = list(arrays(how.call(X, **labels)))
    caught = [w for w in caught if _NAMES not in str(w.message)]
    # What numpy says of overflow and the like says nothing to a user.
    noise = [str(w.message) for w in caught if issubclass(w.category, RuntimeWarning)]
    assert not noise, noise
    return result, {(w.category, str(w.message)) for w in caught}


@cache
def expected(entrance):
    return run(ENTRANCES[entrance], SPECTRA.copy())


def assert_same(found, wanted, digits):
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape
        if other.dtype.kind in "fc":
            largest = np.abs(other).max(initial=0)
            one = one.astype(np.float64)
            atol = largest * 10.0**-digits + 1e-322  # some of the smallest steps
            np.testing.assert_allclose(one, other, rtol=0, atol=atol)
        else:
            np.testing.assert_array_equal(one.astype(str), other.astype(str))


# Called by skorch during training, with what fit has checked.
INNER = {"check_data", "forward_iter", "get_loss", "get_split_datasets"}
# In test_arguments.py, or for one kind of network only.
ELSEWHERE = {"split", "decision_terms", "augment", "learn", "learn_input", "map_back"}
ELSEWHERE |= {"place_on_bands", "plot_explanation", "get_n_splits"}
ELSEWHERE |= {"band_intervals", "band_report"}  # as band_test
# Their `maps` are results of apply_pipeline: see tests/mapping.
ELSEWHERE |= {"plot_labels", "plot_scores", "plot_overview", "save_page"}


def test_every_call_with_spectra_is_in_the_table():
    covered = {name.removeprefix("attribution.") for name in ENTRANCES}
    covered |= {n.removesuffix("_transform") for n in ENTRANCES if ".fit_" in n}
    missing = {
        name
        for name in set(calls_with_spectra()) - covered
        if name.rpartition(".")[2] not in INNER | ELSEWHERE
    }
    assert not missing, f"add to tests/hostile/_entrances.py: {sorted(missing)}"
    assert len(ENTRANCES) * (len(SAME) + len(REFUSED) + len(EXTREME)) > 6000


def cells(check, kinds):
    """Go through a line of the table; say what fails where."""
    wrong = {}
    for kind in kinds:
        try:
            check(kind)
        except (Exception, pytest.fail.Exception) as error:
            text = str(error).strip().replace("\n", " ")
            wrong[kind] = f"{type(error).__name__}: {text[:300]}"
    assert not wrong, "\n" + "\n".join(f"{k}: {text}" for k, text in wrong.items())


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_the_same_spectra_written_otherwise(entrance):
    wanted, warned = expected(entrance)
    how = ENTRANCES[entrance]

    def check(kind):
        found, said = run(how, SAME[kind](SPECTRA.copy()))
        assert said == warned, said
        assert_same(found, wanted, 4 if kind in SINGLE else how.digits)

    kinds = list(SAME)
    if how.family == "report" or entrance == "randomization_test":  # take long
        kinds = ["list of lists", "uint8", "big-endian", "frame of positions"]
    cells(check, kinds)


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_what_no_spectra_can_be(entrance):
    how = ENTRANCES[entrance]
    says = SAYS.get(how.family, {})
    errors = (ValueError, TypeError)
    errors += (RuntimeError,) * (how.family == "compare")

    def check(kind):
        make, usual = REFUSED[kind]
        if says.get(kind, usual) is None:
            found, _ = run(how, make())
            if how.family != "sampler":  # whose result is sparse, too
                assert_same(found, expected(entrance)[0], how.digits)
            return
        with pytest.raises(errors, match=says.get(kind, usual)):
            run(how, make())

    cells(check, REFUSED)


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_extreme_intensities(entrance):
    """Finite, and in proportion where a law says so; or an error that says why not."""
    how = ENTRANCES[entrance]

    def check(kind):
        owner = entrance.partition(".")[0]
        says = NO_RESULT.get((owner, kind), NO_RESULT.get((entrance, kind)))
        if says is not None:
            with pytest.raises(ValueError, match=says):
                run(how, EXTREME[kind].copy())
            return
        found, _ = run(how, EXTREME[kind].copy())
        assert all(np.isfinite(a).all() for a in found if a.dtype.kind == "f")
        if how.degree is not None:
            wanted = [
                np.ldexp(a, int(how.degree * EXPONENTS[kind]))
                if a.dtype.kind == "f"
                else a
                for a in expected(entrance)[0]
            ]
            assert_same(found, wanted, how.digits)

    cells(check, EXTREME)


# What is beyond a number's reach is said.
NO_RESULT = {
    (name, "around 1e300"): OUT_OF_RANGE
    for name in (
        "SpectralNetClassifier",
        "CNNClassifier",
        "FMCNNClassifier",
        "GAPCNNClassifier",
        "randomization_test",
        "attribution",
    )
}
NO_RESULT |= {
    (f"{name}.{fit}", kind): OUT_OF_RANGE
    for name in (
        "SpectralNetClassifier",
        "CNNClassifier",
        "FMCNNClassifier",
        "GAPCNNClassifier",
    )
    for fit in ("fit", "partial_fit")
    for kind in ("around 1e-300", "denormal")
}
NO_RESULT |= {
    (f"{name}.fit", "denormal"): "too small to be divided by"
    for name in ("PLSLDA", "ConformalClassifier", "SpectralNoveltyDetector")
} | {("band_test", "denormal"): "too small to be divided by"}
NO_RESULT |= {
    (f"SpectralNoveltyDetector.{name}", "around 1e300"): "so far from those of fit"
    for name in ("score_samples", "decision_function", "p_value", "predict")
} | {("ConformalClassifier.describe", "around 1e300"): "so far from those of fit"}


@pytest.mark.parametrize("kind", ["DataArray", "Table"])
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_axes_that_are_not_read_are_refused(entrance, kind):
    """What is no frame would lose its axis in silence."""
    given = {
        "DataArray": lambda: xr.DataArray(
            SPECTRA, dims=("pixel", "wavenumber"), coords={"wavenumber": AXIS}
        ),
        "Table": lambda: pa.Table.from_pandas(labeled(), preserve_index=False),
    }[kind]()
    with pytest.raises(ValueError, match=rf"is a {kind}.*\.to_pandas\(\)"):
        ENTRANCES[entrance].call(given)
