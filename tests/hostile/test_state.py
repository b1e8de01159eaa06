"""No call leaves a trace: in models, its input, torch, numpy, Python, the process.

Nor does who writes into what it returned.
"""

import os
import pickle
import random
import sys
import threading
import warnings

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_info

from sklearn_raman.mapping import apply_pipeline
from sklearn_raman.model_selection import compare
from tests.hostile._entrances import ENTRANCES, FITTED, TRANSFORMERS, make, pipeline
from tests.hostile._kinds import GROUPS, LABELS, SPECTRA, labeled
from tests.hostile.test_spectra import arrays

OPEN_FILES = "/proc/self/fd"  # on Linux


def state_of_the_process():
    """Return all that a call could change beside its arguments, by name."""
    return {
        "generator of numpy": pickle.dumps(np.random.get_state()),  # noqa: NPY002
        "generator of Python": random.getstate(),
        "generator of torch": torch.get_rng_state().numpy().tobytes(),
        "type of torch": torch.get_default_dtype(),
        "threads of torch": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "determinism": torch.are_deterministic_algorithms_enabled(),
        "threads of libraries": [
            (pool["filepath"], pool["num_threads"]) for pool in threadpool_info()
        ],
        "errors of numpy": np.geterr(),
        "warning filters": list(warnings.filters),
        "how warnings are shown": warnings.showwarning,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "open files": os.path.isdir(OPEN_FILES) and len(os.listdir(OPEN_FILES)),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "recursion": sys.getrecursionlimit(),
    }


def state_of_models():
    """Return the content of each model that the entrances share."""
    return {name: pickle.dumps(model) for name, model in FITTED.items()}


def changed(before, after):
    return [name for name, value in before.items() if after[name] != value]


def write_into(result):
    for array in arrays(result):
        if array.flags.writeable:
            array[...] = array.ravel()[0] if array.dtype.kind in "OU" else 7


def call(entrance, X):
    """Call it, and again where it fails late; say which arguments changed."""
    given = {"X": X, "y": LABELS.copy(), "groups": GROUPS.copy()}
    before = {name: pickle.dumps(value) for name, value in given.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            write_into(ENTRANCES[entrance].call(X))
        except (ValueError, TypeError, RuntimeError) as error:
            failed = error
        else:
            failed = None
    after = {name: pickle.dumps(value) for name, value in given.items()}
    return failed, changed(before, after)


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_a_call_leaves_no_trace(entrance):
    """A good one, with an array and a frame, and one that fails."""
    bad = SPECTRA.copy()
    bad[3, 5] = np.nan
    call(entrance, SPECTRA.copy())  # loads modules, compiles, opens what stays open
    before, models = state_of_the_process(), state_of_models()
    for X in (SPECTRA.copy(), labeled(), bad):
        failed, arguments = call(entrance, X)
        assert (failed is not None) == (X is bad), failed
        assert not arguments
        assert not changed(before, state_of_the_process())
    assert not changed(models, state_of_models())


def test_a_program_without_a_console(monkeypatch, tmp_path):
    """Progress is shown nowhere then."""
    knn, cube = KNeighborsClassifier(1), SPECTRA.reshape(2, 4, -1)
    models, shown = {"KNN": knn}, {"progress": True, "random_state": 0}
    folds = [(np.array([0, 1, 5, 6]), np.array([2, 3, 4, 7]))]
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    make("CNNClassifier").set_params(verbose=1).fit(SPECTRA, LABELS)
    make("WGANGP").set_params(verbose=1).fit(SPECTRA, LABELS)
    compare(models, SPECTRA, LABELS, groups=GROUPS, cv=folds, explain=False, **shown)
    apply_pipeline(pipeline(), cube, store=tmp_path / "maps.zarr", progress=True)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_names_are_given_away(name):
    step = make(name).fit(labeled())
    names = step.get_feature_names_out()
    names[:] = "0"
    assert "0" not in step.get_feature_names_out()
    step.transform(labeled())


# Other values than those of the small models, and what is asked of the fitted ones.
SETTINGS = {
    "PLSLDA": {
        "n_components": 3,
        "scale": True,
        "validation_fraction": 0.5,
        "shrinkage": 1.0,
        "calibration": None,
    },
    "ConformalClassifier": {
        "estimator": KNeighborsClassifier(1),
        "cv": 3,
        "coverage": 0.2,
        "conformity_score": "aps",
        "unit": "group",
        "look_alikes": True,
        "novelty_score": None,
        "false_alarm_rate": 0.9,
        "unknown_label": "none of these",
        "max_set_size": 1,
        "grouped": False,
    },
    "SpectralNoveltyDetector": {
        "estimator": KNeighborsClassifier(1),
        "cv": 3,
        "novelty_score": "correlation",
        "false_alarm_rate": 0.9,
        "unit": "group",
        "grouped": False,
    },
    "SpectrumBootstrap": {
        "sampling_strategy": {"quartz": 9},
        "n_components": 1,
        "bandwidth": 0.0,
        "noise": None,
    },
    "WGANGP": {"sampling_strategy": {"quartz": 9}, "noise": None, "max_iter": 7},
}
ASKED = [
    "predict",
    "predict_proba",
    "predict_p",
    "predict_set",
    "describe",
    "p_value",
    "decision_function",
    "explain_",
]


def _answers(model):
    found = [getattr(model, m)(SPECTRA) for m in ASKED if hasattr(model, m)]
    if hasattr(model, "sample"):
        found.append(model.sample(4, "quartz", 0))
    return found


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_hold_from_the_next_fit_on(name):
    groups = {"groups": GROUPS} if hasattr(make(name), "grouped") else {}
    model = make(name).fit(SPECTRA, LABELS, **groups)
    wanted = _answers(model)
    assert wanted
    for setting, value in SETTINGS[name].items():
        before = model.get_params()[setting]
        assert before != value
        found = _answers(model.set_params(**{setting: value}))
        for one, other in zip(arrays(found), arrays(wanted), strict=True):
            np.testing.assert_array_equal(one, other, err_msg=setting)
        model.set_params(**{setting: before})
    new = {"unknown_label": "none of these", "novelty_score": "auto"}
    if name == "ConformalClassifier":  # together, they asked for what fit had not made
        model = make(name).set_params(novelty_score=None).fit(SPECTRA, LABELS, GROUPS)
        wanted = model.predict(SPECTRA)
        np.testing.assert_array_equal(model.set_params(**new).predict(SPECTRA), wanted)
