"""Laws of the transformers: which one obeys which is in `LAWS`."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
import skops.io
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.base import clone

from sklearn_raman.preprocessing import (
    AIRPLS,
    ARPLS,
    ASLS,
    EMSC,
    MSC,
    SNV,
    BaselineCorrection,
    Despiker,
    SavitzkyGolay,
    SpectrumMinMaxScaler,
    SpectrumNormalizer,
    SquareRoot,
    WavenumberCrop,
    WavenumberResampler,
    WhittakerSmoother,
)
from tests.properties._spectra import assert_close, samples

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@dataclass(frozen=True)
class Laws:
    """What f does when spectra are multiplied, raised, or treated twice."""

    scale: float | None
    """f(c X) = c^scale f(X) for c > 0."""
    offset: float | None
    """f(X + a) = f(X) + offset * a; None where it is neither."""
    again: bool
    """f(f(X)) = f(X)."""


# Constant spectra come back as they are from some: laws are for others.
LAWS = {
    # No offset: rounding decides which points of short spectra AIRPLS hangs on.
    AIRPLS(tol_reference="above_minimum"): Laws(scale=1, offset=None, again=False),
    AIRPLS(): Laws(scale=1, offset=None, again=False),
    ARPLS(): Laws(scale=1, offset=0, again=False),
    ASLS(): Laws(scale=1, offset=0, again=False),
    BaselineCorrection(): Laws(scale=1, offset=0, again=True),
    Despiker(): Laws(scale=1, offset=1, again=False),
    EMSC(): Laws(scale=1, offset=None, again=False),
    MSC(): Laws(scale=1, offset=None, again=False),
    SavitzkyGolay(): Laws(scale=1, offset=1, again=False),
    SavitzkyGolay(deriv=1): Laws(scale=1, offset=0, again=False),
    SNV(): Laws(scale=0, offset=0, again=True),
    SpectrumMinMaxScaler(): Laws(scale=0, offset=0, again=True),
    SpectrumNormalizer(): Laws(scale=0, offset=None, again=True),
    SpectrumNormalizer(norm="area"): Laws(scale=0, offset=None, again=True),
    SquareRoot(): Laws(scale=0.5, offset=0, again=False),
    WavenumberCrop(): Laws(scale=1, offset=1, again=True),
    WavenumberResampler(): Laws(scale=1, offset=1, again=True),
    WhittakerSmoother(): Laws(scale=1, offset=1, again=False),
}
ALL = list(LAWS)
STATELESS = [e for e in ALL if not e.__sklearn_tags__().requires_fit]
each = pytest.mark.parametrize("step", ALL, ids=str)
each_stateless = pytest.mark.parametrize("step", STATELESS, ids=str)


@each_stateless
@given(sample=samples(), seed=st.integers(0, 99))
def test_rows_do_not_see_each_other(step, sample, seed):
    """In any order, alone, in parts, and beside others."""
    X = sample.X
    whole = clone(step).fit_transform(X)
    order = np.random.default_rng(seed).permutation(len(X))
    assert_close(clone(step).fit_transform(X[order]), whole[order], 1e-12)
    assert_close(clone(step).fit_transform(np.repeat(X, 2, axis=0))[::2], whole, 1e-12)
    for row, one in zip(X, whole, strict=True):
        assert_close(clone(step).transform(row[None]), one[None], 1e-12)


@each
@given(sample=samples(min_spectra=3, constant=False), power=st.integers(-9, 9))
def test_scale_and_offset(step, sample, power):
    laws, X = LAWS[step], sample.X
    result = clone(step).fit_transform(X)
    if laws.scale is not None:
        found = clone(step).fit_transform(X * 4.0**power)
        assert_close(found, result * 4.0 ** (power * laws.scale), 1e-9)
    if laws.offset is not None:
        raised = np.ptp(X, axis=1, keepdims=True)
        found = clone(step).fit_transform(X + raised)
        # Relative to the height of the spectra, which the offset makes larger.
        tolerance = 1e-6 * np.abs(result).max(axis=1, keepdims=True)
        wanted = result + laws.offset * raised
        assert (np.abs(found - wanted) <= tolerance + 1e-12 * raised).all()


@pytest.mark.parametrize("step", [s for s in ALL if LAWS[s].again], ids=str)
@given(sample=samples())
def test_twice_is_once(step, sample):
    once = clone(step).fit_transform(sample.frame())
    assert_close(clone(step).fit_transform(once), once, 1e-9)


# On short rough spectra rounding decides which points AIRPLS hangs on: see its Notes.
@pytest.mark.parametrize("step", [s for s in ALL if not isinstance(s, AIRPLS)], ids=str)
@given(sample=samples(min_spectra=2, constant=False))
def test_from_either_end_of_the_axis(step, sample):
    """Derivatives change their sign per point, and not per cm-1."""
    frame = sample.frame()
    rising = clone(step).fit_transform(frame)
    falling = clone(step).fit_transform(frame.iloc[:, ::-1])
    sign = -1 if getattr(step, "deriv", 0) % 2 else 1
    assert list(falling.columns) == list(rising.columns[::-1])
    assert_close(sign * falling.iloc[:, ::-1], rising, 1e-6)


@each
@given(sample=samples(min_spectra=2))
def test_array_frame_and_pairs(step, sample):
    if isinstance(step, WavenumberResampler):
        step = WavenumberResampler(target_wavenumbers=sample.axis[3:-3])
        array = step.set_params(wavenumbers=sample.axis).fit_transform(sample.X)
        step = clone(step).set_params(wavenumbers=None)
    elif getattr(step, "norm", None) == "area":  # with an axis, area counts cm-1
        array = clone(step).set_params(wavenumbers=sample.axis).fit_transform(sample.X)
    else:
        array = clone(step).fit_transform(sample.X)
    frame = clone(step).fit_transform(sample.frame())
    assert_close(frame, array, 1e-9)
    if step.__sklearn_tags__().requires_fit:
        return
    pairs = clone(step).fit_transform(sample.pairs())
    if isinstance(step, WavenumberResampler):
        assert_close(pairs, array, 1e-9)
        return
    labels = [float(label) for label in frame.columns]
    for (axis, row), wanted in zip(pairs, array, strict=True):
        assert axis.tolist() == labels
        assert_close(row, wanted, 1e-9)


@each
@given(sample=samples(min_spectra=2), other=samples(min_spectra=2))
def test_fit_again_is_fit_once(step, sample, other):
    """Also after a fit that failed, in this process and in a copy on disk."""
    wanted = clone(step).fit(sample.frame()).transform(sample.frame())
    again = clone(step).fit(other.frame())
    bad = sample.frame().copy()
    bad.iloc[0, 3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        again.fit(bad)
    again.fit(sample.frame())
    known = skops.io.dumps(again)
    copies = [
        again,
        pickle.loads(pickle.dumps(again)),
        skops.io.loads(known, trusted=skops.io.get_untrusted_types(data=known)),
    ]
    for copied in copies:
        found = copied.transform(sample.frame())
        np.testing.assert_array_equal(found, wanted)
        assert list(found.columns) == list(wanted.columns)


@pytest.mark.parametrize("step", [AIRPLS(), ARPLS(), ASLS()], ids=str)
@given(sample=samples())
def test_threads_and_precision(step, sample):
    X = sample.X
    wanted = clone(step).fit_transform(X)
    threads = clone(step).set_params(n_jobs=3).fit_transform(X)
    np.testing.assert_array_equal(threads, wanted)


@each
@given(sample=samples(min_spectra=2))
def test_float32(step, sample):
    """What single precision takes from the spectra, it may take from the result."""
    single = sample.X.astype(np.float32)
    mean = single.mean(axis=0, dtype=np.float64)
    assume(np.ptp(mean) > 1e-4 * np.abs(mean).max())  # a reference of bands, not digits
    found = clone(step).fit_transform(single)
    assert found.dtype == np.float32
    wanted = clone(step).fit_transform(single.astype(np.float64))
    size = max(np.abs(wanted).max(), 1e-30)
    assert np.abs(found - wanted).max() <= 1e-3 * size


@given(
    sample=samples(even=False),
    kind=st.sampled_from(["linear", "quadratic", "cubic"]),
    reduction=st.sampled_from([None, "mean"]),
    seed=st.integers(0, 99),
)
def test_maps_go_back_as_spectra_came(sample, kind, reduction, seed):
    """<map, f(x)> = <map_back(map), x>: contributions keep their sum."""
    rng = np.random.default_rng(seed)
    target = np.sort(rng.uniform(sample.axis[1], sample.axis[-2], 9))
    step = WavenumberResampler(
        target_wavenumbers=target, kind=kind, reduction=reduction
    )
    transformed = step.fit_transform(sample.frame()).to_numpy()
    maps = rng.standard_normal(transformed.shape)
    there = (maps * transformed).sum(axis=1)
    back = (step.map_back(maps) * sample.X).sum(axis=1)
    size = np.abs(maps).sum(axis=1) * np.abs(sample.X).max(axis=1)
    assert (np.abs(there - back) <= 1e-9 * size).all()


def test_all_transformers_have_their_laws():
    from sklearn_raman import preprocessing

    classes = {
        n for n in preprocessing.__all__ if isinstance(getattr(preprocessing, n), type)
    }
    assert {type(step).__name__ for step in LAWS} == classes
