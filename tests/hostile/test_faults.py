"""Whatever stops a fit, and wherever: the estimator is as it was, and so is all else.

A few places and shots in each run; all of them with `-m long` (RAMAN_SHOTS, `make
soak`).
"""

import os
import pickle
import random
import signal
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import sklearn_raman
from tests.hostile._entrances import NETS, TRANSFORMERS, make
from tests.hostile._kinds import GROUPS, LABELS, SPECTRA
from tests.hostile.test_state import changed, state_of_the_process

PACKAGE = str(Path(sklearn_raman.__file__).parent)
N_SHOTS = int(os.environ.get("RAMAN_SHOTS", "50"))
FITTED = [
    *TRANSFORMERS,
    *NETS,
    "PLSLDA",
    "ConformalClassifier",
    "SpectralNoveltyDetector",
    "SpectrumBootstrap",
    "WGANGP",
]
# They put things back after an error, and return what is done: no place for errors.
CLEANS_UP = {"unchanged_on_error", "restore", "release", "limited_threads"}
CLEANS_UP |= {"fit", "fit_resample", "_fit_or_restore"}


class PlantedError(Exception):
    """Thrown at a line of the package."""


def fit(estimator, X=SPECTRA):
    groups = {}
    if type(estimator).__name__ in ("ConformalClassifier", "SpectralNoveltyDetector"):
        groups = {"groups": GROUPS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X.copy(), LABELS, **groups)


def lines_of(function):
    """Return the lines of the package that a call passes, in order, each once."""
    passed = {}

    def trace(frame, event, argument):
        code = frame.f_code
        if not code.co_filename.startswith(PACKAGE) or code.co_name in CLEANS_UP:
            return None
        if event == "line":
            passed.setdefault((code.co_filename, frame.f_lineno))
        return trace

    _traced(function, trace)
    return list(passed)


def throw_at(place, function):
    """Call a function in which a line of the package fails; say whether it came up."""
    thrown = []

    def trace(frame, event, argument):
        if frame.f_code.co_filename != place[0] or frame.f_code.co_name in CLEANS_UP:
            return None
        if event == "line" and frame.f_lineno == place[1] and not thrown:
            thrown.append(place)
            raise PlantedError
        return trace

    try:
        _traced(function, trace)
    except Exception as error:
        while error is not None and not isinstance(error, PlantedError):
            error = error.__cause__ or error.__context__
        return isinstance(error, PlantedError)
    return False


def _traced(function, trace):
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)


def check_as_before(estimator, before, content):
    assert vars(estimator).keys() == before.keys()
    assert not [key for key in before if vars(estimator)[key] is not before[key]]
    assert pickle.dumps(estimator) == content


def check_faults(name, n_places):
    fitted = fit(make(name))
    before, content = dict(vars(fitted)), pickle.dumps(fitted)
    other = SPECTRA[:, ::-1] * 2
    places = lines_of(lambda: fit(make(name), other))
    assert len(places) > 3
    # The same ones in each run; first and last are where things go wrong.
    few = random.Random(0).sample(places, min(n_places, len(places)))
    process = state_of_the_process()
    for place in dict.fromkeys([places[-1], *few]):
        if throw_at(place, partial(fit, fitted, other)):
            check_as_before(fitted, before, content)
        else:  # what failed has another way round, or is only looked at
            fitted = fit(make(name))
            before, content = dict(vars(fitted)), pickle.dumps(fitted)
        assert not changed(process, state_of_the_process()), place


@pytest.mark.parametrize("name", FITTED)
def test_a_line_that_fails(name):
    check_faults(name, 4)


@pytest.mark.long
@pytest.mark.parametrize("name", FITTED)
def test_every_line_that_fails(name):
    check_faults(name, sys.maxsize)


@pytest.mark.long
@pytest.mark.parametrize("name", [*NETS, "PLSLDA", "ConformalClassifier", "WGANGP"])
def test_ctrl_c_at_any_time(name):
    """A fit ends as fitted on all, or is not one: never something between."""
    durations = []
    for _ in range(6):  # the first loads and compiles, others may stop for a while
        start = time.perf_counter()
        wanted = pickle.dumps(fit(make(name)))
        durations.append(time.perf_counter() - start)
    duration = min(durations)
    rng, n_stopped = np.random.default_rng(0), 0
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    for _ in range(N_SHOTS):
        estimator, done = make(name), False
        unfitted = dict(vars(estimator))
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, duration))
            fit(estimator)
            done = True
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            signal.setitimer(signal.ITIMER_REAL, 0)
            n_stopped += not done
        # It may come after the last line of fit, before the next one here.
        if done or vars(estimator).keys() == vars(pickle.loads(wanted)).keys():
            probe = pickle.loads(wanted)
            ask = "predict_proba" if hasattr(probe, "predict_proba") else "_sample"
            if ask == "predict_proba":
                np.testing.assert_array_equal(
                    estimator.predict_proba(SPECTRA), probe.predict_proba(SPECTRA)
                )
        else:
            assert vars(estimator).keys() == unfitted.keys()
    assert n_stopped > N_SHOTS / 4
