"""The same results from other processes, also if one of them dies."""

import os
import signal
import sys
import threading
import time

import cloudpickle
import dask
import distributed
import pytest
import xarray as xr
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.mapping import apply_pipeline
from sklearn_raman.preprocessing import SNV

OUTPUT = ("label", "proba", "explanation", "class_means")


@pytest.fixture(scope="module", autouse=True)
def functions_travel():
    """Workers can't import this file."""
    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


def die_once(X, folder, owner):
    """Kill the first process but the owner's that gets here."""
    if os.getpid() != owner:
        try:
            os.close(os.open(f"{folder}/killed", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return X
        os._exit(1)
    return X


class Traveler:
    """Notes each time it arrives in a process."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, X):
        return X

    def __setstate__(self, state):
        vars(self).update(state)
        open(f"{self.folder}/{os.getpid()}-{time.monotonic_ns()}", "w").close()


@pytest.fixture
def light(simulated):
    """A model that takes workers no second to import."""
    X, y, _ = simulated
    return make_pipeline(SNV(), PLSLDA(n_components=6)).fit(X, y)


@pytest.fixture
def lasting(light, simulated, tmp_path):
    """The model behind steps that die once, and that note where they go."""
    place = {"folder": str(tmp_path), "owner": os.getpid()}
    options = {"feature_names_out": "one-to-one"}
    steps = (
        FunctionTransformer(Traveler(str(tmp_path)), **options),
        FunctionTransformer(die_once, kw_args=place, **options),
    )
    steps = [step.fit(simulated[0]) for step in steps]
    return make_pipeline(*steps, *[step for _, step in light.steps])


def test_cluster_of_two_processes(cube, light, lasting, tmp_path):
    expected = apply_pipeline(light, cube, output=OUTPUT).compute(scheduler="sync")
    # Without dask's MALLOC_TRIM_THRESHOLD_, which doubles the time of its processes.
    environment = {"distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1}}
    with dask.config.set(environment):
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
        )
    with cluster, distributed.Client(cluster):
        store = tmp_path / "maps.zarr"
        settings = {"output": OUTPUT, "chunks": {"y": 1, "x": 2}, "progress": False}
        stored = apply_pipeline(lasting, cube, store=store, **settings).compute()
    assert (tmp_path / "killed").exists()
    xr.testing.assert_allclose(stored, expected, rtol=1e-5)
    arrivals = [name.partition("-")[0] for name in os.listdir(tmp_path) if "-" in name]
    # Once in each worker, the replacement included, and never in the scheduler.
    assert len(set(arrivals)) == len(arrivals) >= 2
    assert str(os.getpid()) not in arrivals


def test_interrupt_ends_the_blocks_of_a_cluster(simulated, light, tmp_path):
    """Nobody would end them later, and they write to the store."""
    folder, pixels = tmp_path / "blocks", simulated[0].to_numpy().reshape(6, 10, -1)
    folder.mkdir()

    def slowly(X):
        if len(X) > 2:  # a block of the map
            (folder / str(time.monotonic_ns())).touch()
            time.sleep(0.1)
        return X

    def interrupt(thread):
        while not os.listdir(folder):
            time.sleep(0.01)
        signal.pthread_kill(thread, signal.SIGINT)

    step = FunctionTransformer(slowly, feature_names_out="one-to-one")
    model = make_pipeline(step.fit(simulated[0]), *[s for _, s in light.steps])
    settings = {"wavenumbers": simulated[0].columns.astype(float), "chunks": 2}
    settings |= {"store": tmp_path / "maps.zarr", "progress": False}
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None
    ) as client:
        main = threading.main_thread().ident
        threading.Thread(target=interrupt, args=[main]).start()
        with pytest.raises(KeyboardInterrupt) as kept:
            apply_pipeline(model, pixels, **settings)
        assert kept.tb is not None  # as notebooks keep it, and with it what was begun
        while any(client.processing().values()):
            time.sleep(0.05)
    assert len(os.listdir(folder)) < 15


def test_processes_of_dask(cube, light):
    lazy = apply_pipeline(light, cube, output=OUTPUT, chunks={"y": 4, "x": 9})
    expected = lazy.compute(scheduler="sync")
    found = lazy.compute(scheduler="processes", num_workers=2)
    xr.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found["label"].equals(expected["label"])
