"""Engines in a process: threads, forks, caches, and without numba."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import sklearn_raman
from sklearn_raman.preprocessing import airpls
from sklearn_raman.preprocessing._whittaker import correct


@pytest.mark.parametrize("why", ["cannot be imported", "NUMBA_DISABLE_JIT"])
def test_without_numba_the_numpy_engine_answers(why, raw, monkeypatch):
    if why == "NUMBA_DISABLE_JIT":
        monkeypatch.setattr("numba.config.DISABLE_JIT", 1)
    else:
        kernels = "sklearn_raman.preprocessing._whittaker.kernels"
        monkeypatch.setitem(sys.modules, kernels, None)
    monkeypatch.setattr(correct, "_kernels", {})
    with pytest.raises(ImportError, match="NUMBA_DISABLE_JIT|None in sys"):
        airpls(raw[:3], engine="numba")
    np.testing.assert_array_equal(airpls(raw[:3]), airpls(raw[:3], engine="numpy"))


def test_small_chunks_are_the_same(raw, monkeypatch):
    expected = airpls(raw)
    monkeypatch.setattr(correct, "_CHUNK_VALUES", 2000)
    np.testing.assert_array_equal(airpls(raw), expected)


@pytest.fixture
def slow_chunks(monkeypatch):
    """An engine of small chunks that takes a while; returns the list of its calls."""
    calls = []

    def compute(X, out, info, settings):
        calls.append(len(X))
        time.sleep(0.02)
        if np.isnan(X).any():
            raise RuntimeError("a worker fails")
        out[:], info[:] = X, 1

    monkeypatch.setattr(correct, "choose_engine", lambda *args: compute)
    monkeypatch.setattr(correct, "_CHUNK_VALUES", 20)
    return calls


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_interrupt_ends_the_work(n_jobs, slow_chunks):
    """Ctrl-C waits for the chunks at hand, not for all of them."""
    gc.collect()
    gc.disable()  # Python drops what is raised inside the collector's callbacks
    main = threading.main_thread().ident
    timer = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            airpls(np.ones((2000, 5)), n_jobs=n_jobs)
    finally:
        gc.enable()
    n_calls = len(slow_chunks)
    assert n_calls < 400
    time.sleep(0.1)
    assert len(slow_chunks) == n_calls  # no thread goes on
    timer.join()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_error_in_a_worker_ends_the_work(n_jobs, slow_chunks):
    X = np.ones((2000, 5))
    X[3, 1] = np.nan
    with pytest.raises(RuntimeError, match="a worker fails"):
        airpls(X, n_jobs=n_jobs)
    assert len(slow_chunks) < 400


def test_threads_compile_once(raw, monkeypatch):
    """Two threads that call first at the same time get the bits of one."""
    expected = airpls(raw)
    monkeypatch.setattr(correct, "_kernels", {})
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: airpls(raw), range(4)):
            np.testing.assert_array_equal(found, expected)
    assert len(correct._kernels) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork_waits_for_the_compiler(raw, monkeypatch):
    """A child of a process that compiles in another thread gets no closed lock."""
    airpls(raw[:1])
    compiling = threading.Event()
    kernels = sys.modules["sklearn_raman.preprocessing._whittaker.kernels"]
    compile_kernel = kernels.compile_kernel

    def compile_slowly(*args, **kwargs):
        compiling.set()
        time.sleep(0.3)
        return compile_kernel(*args, **kwargs)

    monkeypatch.setattr(kernels, "compile_kernel", compile_slowly)
    monkeypatch.setattr(correct, "_kernels", {})
    thread = threading.Thread(target=airpls, args=(raw[:1],))
    thread.start()
    compiling.wait()
    if not (child := os.fork()):
        is_open = correct._compiling.acquire(timeout=5)
        os._exit(0 if is_open and correct._kernels else 1)
    assert os.waitpid(child, 0)[1] == 0
    thread.join()


@pytest.fixture
def copied(tmp_path):
    """A copy of the package, and a function that corrects spectra with it anew."""
    source, target = Path(sklearn_raman.__file__).parent, tmp_path / "sklearn_raman"
    for folder in ("_utils", "preprocessing"):
        shutil.copytree(
            source / folder, target / folder, ignore=shutil.ignore_patterns("__pyc*")
        )
    shutil.copy(source / "__init__.py", target)
    code = """
        import logging
        import sys
        import warnings
        import numpy as np
        from sklearn_raman.preprocessing import airpls
        logging.basicConfig(level="INFO", stream=sys.stdout, format="%(name)s-said")
        X = np.random.default_rng(0).random((9, 30)).cumsum(axis=1)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for n_rows in (9, 3):
                found = airpls(X[:n_rows], diff_order=1, max_iter=1, tol=1.0)
        print(found.sum().hex())
        print(sum("cannot keep compiled kernels" in str(w.message) for w in told))
    """

    def run(**variables):
        done = subprocess.run(
            [sys.executable, "-B", "-c", textwrap.dedent(code)],
            env={**os.environ, "PYTHONPATH": str(tmp_path), **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    return target / "preprocessing" / "_whittaker", run


def test_kernels_follow_their_sources(copied, tmp_path):
    """An edit of a helper is compiled anew, even one of the same size and time."""
    folder, run = copied
    # Compiled in less time; what is asked here is when.
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_OPT": "1"}
    said, *first = run(**cache)
    compiled = sorted((tmp_path / "cache").rglob("*.nbc"))
    assert said == "sklearn_raman-said" and first[1] == "0"
    assert compiled
    assert run(**cache) == first  # and nothing is said
    assert sorted((tmp_path / "cache").rglob("*.nbc")) == compiled  # read, not written
    file = folder / "solvers.py"
    text, times = file.read_text(), file.stat()
    edited = text.replace("1.0 / (", "2.0 / (", 1)
    assert edited != text
    file.write_text(edited)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    again = run(**cache)
    assert again[0] == said and again[1] != first[0]


def test_without_a_folder_to_write_to(copied, tmp_path):
    """Kernels are compiled for the process alone, which is said once."""
    folder, run = copied
    blocked = tmp_path / "file"
    blocked.touch()
    (folder / "__pycache__").touch()
    variables = dict.fromkeys(
        ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"), str(blocked)
    )
    X = np.random.default_rng(0).random((9, 30)).cumsum(axis=1)[:3]
    expected = airpls(X, diff_order=1, max_iter=1, tol=1.0)
    said = "sklearn_raman-said"  # once
    assert run(**variables) == [said, expected.sum().hex(), "1"]
