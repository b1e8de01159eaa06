"""What a map of many pixels costs: each stage, the whole way, memory.

    python -m benchmarks.bench_maps                      (10,000 and 100,000 spectra)
    python -m benchmarks.bench_maps --sizes 1000000      (4 GB of disk, 20 minutes)
    python -m benchmarks.bench_maps --quick              (seconds; writes no results)

The map is simulated, tissue-like regions of four kinds, 1000 points (400 to 1800 cm-1),
float32, written to zarr block by block in ``--folder``. A Pipeline AIRPLS -> SNV ->
network is fitted to 1200 pixels of it and applied to all: labels, probabilities and one
contribution map a pixel, to zarr. One torch thread.

stages: CPU time per spectrum of each step by itself, on a block of 4096 spectra, one
thread; median of 3 rounds after a warm-up. `forward` is the bare network on a tensor.

whole: each run in a process of its own. `threads` and `workers` are dask's (threads of
one process; processes of a local cluster: the sum of their CPU times, the largest of
their peaks). `in memory` calls the same Pipeline on one big array. Wall and CPU time of
`apply_pipeline` or of the calls; the peak is that of the resident memory, and `before`
what the process held before the call, with torch and the model. `load` is the number of
other processes at work when the run began: wall times count only where it is near 0.
Runs that are there already are skipped, but for ``--again``.

rivals, ramanspy: CPU time per spectrum, one thread, against packages that have to be
installed; 1000 and 10,000 spectra. hyperspy with `signal.map`, which calls the Pipeline
for each spectrum, against `predict_proba`. RamanSPy with a Pipeline of its own on a
`SpectralImage` (airPLS with the same lam, then each spectrum divided by its norm)
against AIRPLS and the Normalizer of scikit-learn in `apply_pipeline`. RamanSPy calls
pybaselines, which is faster where pentapy is installed too. `difference` is the median
over spectra of the largest difference, relative to the largest value.

same: labels of the map that differ from those in memory, and the largest difference of
probabilities and maps, relative to the largest value; on 10,000 spectra.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import dask
import dask.array as da
import joblib
import numpy as np
import pandas as pd
import torch
import xarray as xr
from sklearn.pipeline import make_pipeline

from benchmarks._results import DOCS_IMAGES, RESULTS, write_results
from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.inspection import explain_pipeline
from sklearn_raman.mapping import apply_pipeline, sample_spectra
from sklearn_raman.neural_network import CNNClassifier, GAPCNNClassifier
from sklearn_raman.preprocessing import AIRPLS, SNV

NETS = {"GAP-CNN": GAPCNNClassifier, "CNN": CNNClassifier}
OUTPUT = ("label", "proba", "explanation")
N_POINTS = 1000
BLOCK = 4096


# The map and the models --------------------------------------------------------------


def regions(n_y, n_x, n_kinds, rng):
    """Return a map of kinds, in patches as tissue has them."""
    y, x = np.linspace(0, 1, n_y)[:, None], np.linspace(0, 1, n_x)
    fields = np.zeros((n_kinds, n_y, n_x), np.float32)
    for field in fields:
        for _ in range(12):
            down, along, phase = rng.normal(0, 18), rng.normal(0, 18), rng.uniform(0, 7)
            field += np.cos(down * y + along * x + phase)
    return fields.argmax(axis=0)


def make_map(path, n_spectra, n_points=N_POINTS, seed=0):
    """Write a map to a zarr store, block by block; return it, lazy."""
    if not Path(path).exists():
        rng = np.random.default_rng(seed)
        n_x = round(n_spectra**0.5)
        n_y = n_spectra // n_x
        axis = np.linspace(400, 1800, n_points)
        pool, kinds = make_raman_spectra(
            2000, n_classes=4, wavenumbers=axis, spike_rate=0, random_state=seed
        )
        pool, region = pool.astype(np.float32), regions(n_y, n_x, 4, rng)
        starts = np.searchsorted(kinds, np.arange(4))
        rows = max(1, BLOCK // n_x)

        def block(block_id):
            own = np.random.default_rng([seed, *block_id])
            kind = region[block_id[0] * rows : (block_id[0] + 1) * rows]
            which = starts[kind] + own.integers(500, size=kind.shape)
            spectra = pool[which] * own.lognormal(0, 0.2, kind.shape)[..., None]
            noise = own.standard_normal(spectra.shape, dtype=np.float32)
            return (spectra + 10 * noise).astype(np.float32)

        sizes = [rows] * (n_y // rows) + [n_y % rows] * (n_y % rows > 0)
        chunks = tuple(sizes), (n_x,), (n_points,)
        data = da.map_blocks(block, chunks=chunks, dtype=np.float32)
        coords = {"wavenumber": ("wavenumber", axis, {"units": "cm-1"})}
        coords |= {
            d: (d, 0.5 * np.arange(n), {"units": "um"})
            for d, n in (("y", n_y), ("x", n_x))
        }
        dataset = xr.Dataset(
            {
                "spectra": (("y", "x", "wavenumber"), data),
                "region": (("y", "x"), region),
            },
            coords=coords,
        )
        with dask.config.set(scheduler="synchronous"):
            dataset.to_zarr(path, consolidated=False)
    return xr.open_zarr(path, consolidated=False)


def make_model(path, name, dataset, **settings):
    """Fit the Pipeline to pixels of the map; keep it on disk."""
    if not path.exists():
        sample = sample_spectra(
            dataset.spectra, 1200, stratify=dataset.region, random_state=0
        )
        net = NETS[name](**{"max_epochs": 10, **settings}, random_state=0)
        model = make_pipeline(AIRPLS(lam=1e5), SNV(), net)
        joblib.dump(model.fit(sample.data, sample.target), path)
    return joblib.load(path)


# Stages ------------------------------------------------------------------------------


def cpu_time(function, n_rounds):
    """Return the median CPU time of calls, after one that does not count."""
    function()
    times = []
    for _ in range(n_rounds):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return float(np.median(times))


def stages(model, dataset, folder, n_rounds=3):
    """Return the CPU time of each stage in microseconds per spectrum."""
    cube = dataset.spectra
    rows = cube.chunksizes["y"][0]
    block = cube.isel(y=slice(rows))
    with dask.config.set(scheduler="synchronous"):
        values = block.values.reshape(-1, cube.sizes["wavenumber"])
        axis = [str(v) for v in cube.wavenumber.values]
        X = pd.DataFrame(values, columns=axis)
        corrected = model[0].transform(X)
        scaled = model[1].transform(corrected)
        net, tensor = model[-1], torch.tensor(scaled.to_numpy())
        maps = net.explain_(scaled)

        def forward():
            with torch.inference_mode():
                for start in range(0, len(tensor), 32):
                    net.module_(tensor[start : start + 32])

        def write():
            with tempfile.TemporaryDirectory(dir=folder) as place:
                result = xr.Dataset({"map": (("n", "p"), np.asarray(maps))})
                result.to_zarr(f"{place}/maps.zarr", consolidated=False)

        torch.set_num_threads(1)
        what = {
            "read": lambda: block.compute(),
            "AIRPLS": lambda: model[0].transform(X),
            "SNV": lambda: model[1].transform(corrected),
            "forward": forward,
            "predict_proba": lambda: net.predict_proba(scaled),
            "explain": lambda: net.explain_(scaled),
            "write": write,
        }
        return {
            name: 1e6 * cpu_time(function, n_rounds) / len(X)
            for name, function in what.items()
        }


# The whole way -----------------------------------------------------------------------


def peak_mb():
    """Return the largest resident memory so far, of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_whole(cube_path, model_path, how, number, store):
    """Apply the model to the map in this process; print what it took as JSON."""
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    dataset, model = (
        xr.open_zarr(cube_path, consolidated=False),
        joblib.load(model_path),
    )
    cube = dataset.spectra
    apply = partial(
        apply_pipeline, model, cube, output=OUTPUT, store=store, progress=False
    )
    few = cube[:1, :8]
    apply_pipeline(model, few, output=OUTPUT).compute()  # compiles
    cluster = client = None
    if how == "workers":
        from distributed import Client, LocalCluster

        # Not MALLOC_TRIM_THRESHOLD_, with which memory is fetched anew for each array.
        environment = {"distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1}}
        with dask.config.set(environment):
            cluster = LocalCluster(
                n_workers=number, threads_per_worker=1, dashboard_address=None
            )
        client = Client(cluster)
        for one in client.scheduler_info()["workers"]:  # each imports and compiles
            maps = apply_pipeline(model, few, output=OUTPUT)
            client.compute(maps, workers=[one]).result()

    def everywhere(function):
        return list(client.run(function).values()) if client else [function()]

    before, cpu = max(everywhere(peak_mb)), sum(everywhere(time.process_time))
    start = time.perf_counter()
    if how == "in memory":
        with dask.config.set(scheduler="synchronous"):
            values = cube.values.reshape(-1, cube.sizes["wavenumber"])
        X = pd.DataFrame(values, columns=[str(v) for v in cube.wavenumber.values])
        model.predict(X), model.predict_proba(X), explain_pipeline(model, X)
    elif how == "workers":
        apply()
    else:
        with dask.config.set(scheduler="threads", num_workers=number):
            apply()
    wall, cpu = time.perf_counter() - start, sum(everywhere(time.process_time)) - cpu
    peak = max(everywhere(peak_mb))
    if client is not None:
        client.close()
        cluster.close()
    print(
        json.dumps(
            {
                "wall_s": wall,
                "cpu_s": cpu,
                "peak_mb": peak,
                "before_mb": before,
                "load": load,
            }
        )
    )


def whole(cube_path, model_path, how, number, folder):
    """Run `run_whole` in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        worker = [cube_path, model_path, how, number, f"{place}/maps.zarr"]
        command = [sys.executable, "-m", "benchmarks.bench_maps", "--worker"]
        done = subprocess.run(
            [*command, *map(str, worker)],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def same(model, dataset, n_rows):
    """Compare part of a map with what the Pipeline says in memory."""
    part = dataset.spectra.isel(y=slice(n_rows))
    maps = apply_pipeline(model, part, output=OUTPUT).compute()
    X = pd.DataFrame(
        part.values.reshape(-1, part.sizes["wavenumber"]),
        columns=[str(v) for v in part.wavenumber.values],
    )
    proba, explained = model.predict_proba(X), explain_pipeline(model, X).to_numpy()
    labels = model.classes_[maps.label.values.ravel()]

    def difference(found, expected):
        found = found.values.reshape(expected.shape)
        return float(np.abs(found - expected).max() / np.abs(expected).max())

    return {
        "n_spectra": len(X),
        "labels_that_differ": int((labels != model.predict(X)).sum()),
        "proba": difference(maps.proba, proba),
        "explanation": difference(maps.explanation, explained),
        "accuracy": float((labels == dataset.region[:n_rows].values.ravel()).mean()),
    }


def rivals(model, dataset, n_spectra=1000):
    """Return the CPU time per spectrum of `predict_proba`, in microseconds."""
    import hyperspy.api as hs

    cube = dataset.spectra[: -(-n_spectra // dataset.sizes["x"])].load()
    n_spectra = cube.sizes["y"] * cube.sizes["x"]
    signal = hs.signals.Signal1D(cube.values)

    def one(spectrum):
        return model.predict_proba(spectrum[None])[0]

    def ours():
        with dask.config.set(scheduler="synchronous"):
            apply_pipeline(model, cube, output="proba").compute()

    def theirs():
        with dask.config.set(scheduler="synchronous"):
            signal.map(one, inplace=False, show_progressbar=False, lazy_output=False)

    found = {"apply_pipeline": ours, "hyperspy": theirs}
    return {"n_spectra": n_spectra, **per_spectrum(found, n_spectra)}


def ramanspy(dataset, n_spectra=10_000):
    """Return the CPU time per spectrum of airPLS and norm, in microseconds."""
    import ramanspy as rp
    from sklearn.preprocessing import Normalizer

    cube = dataset.spectra[: -(-n_spectra // dataset.sizes["x"])].load()
    n_spectra = cube.sizes["y"] * cube.sizes["x"]
    image = rp.SpectralImage(cube.values, cube.wavenumber.values)
    airpls, norm = rp.preprocessing.baseline.AIRPLS, rp.preprocessing.normalise.Vector
    theirs = rp.preprocessing.Pipeline([airpls(lam=1e5), norm()])
    model = make_pipeline(AIRPLS(lam=1e5), Normalizer())
    model.fit(sample_spectra(cube, 10, random_state=0).data)

    def ours():
        with dask.config.set(scheduler="synchronous"):
            last["ours"] = apply_pipeline(model, cube, output="transform").compute()

    def others():
        last["theirs"] = theirs.apply(image).spectral_data

    last = {}
    times = per_spectrum({"apply_pipeline": ours, "ramanspy": others}, n_spectra)
    expected = last["theirs"]
    off = np.abs(last["ours"]["transform"].values - expected).max(-1)
    off /= expected.max(-1)
    return {
        "n_spectra": n_spectra,
        **times,
        "difference": float(f"{np.median(off):.2g}"),
    }


def per_spectrum(found, n_spectra, n_rounds=1):
    """Return the CPU time of functions per spectrum, in microseconds."""
    return {
        k: round(1e6 * cpu_time(f, n_rounds) / n_spectra, 1) for k, f in found.items()
    }


# Results -----------------------------------------------------------------------------


def draw(figures):
    """Draw the stages as bars, one for each network."""
    from matplotlib.figure import Figure

    shown = ("read", "AIRPLS", "SNV", "predict_proba", "explain", "write")
    colors = ("#8a94a3", "#0072b2", "#56b4e9", "#009e73", "#d55e00", "#c3cad3")
    figure = Figure(figsize=(8.2, 2.3), layout="constrained")
    axes = figure.subplots()
    for row, found in enumerate(figures["stages"].values()):
        left = 0.0
        for stage, color in zip(shown, colors, strict=True):
            axes.barh(
                row, found[stage], left=left, color=color, label=None if row else stage
            )
            left += found[stage]
        axes.text(left, row, f" {left:.0f}", va="center")
    axes.set_yticks(range(len(figures["stages"])), figures["stages"])
    axes.set_xlabel("CPU time per spectrum of 1000 points, microseconds")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=6, frameon=False)
    figure.savefig(DOCS_IMAGES / "maps_stages.png", dpi=130)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[10_000, 100_000])
    parser.add_argument("--nets", nargs="+", default=list(NETS), choices=NETS)
    parser.add_argument("--how", nargs="+", default=["1 threads", "2 threads"])
    parser.add_argument("--parts", nargs="+", default=["stages", "same", "whole"])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--figures", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--worker", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        *places, how, number, store = options.worker
        return run_whole(*places, how, int(number), store)
    path = RESULTS / "maps.json"
    figures = {"stages": {}, "same": {}, "whole": []}
    if path.exists() and not options.quick:
        figures |= json.loads(path.read_text())
        figures.pop("versions")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if options.quick else options.folder / "bench_maps"
        folder.mkdir(exist_ok=True)
        if options.quick:
            options.sizes, options.nets = [100], ["GAP-CNN"]
            options.how, options.parts = [], ["stages", "same"]
        measure(options, folder, figures)
    if options.quick:
        print(json.dumps(figures, indent=1))
        return None
    if options.figures:
        draw(figures)
    return None


def measure(options, folder, figures):
    """Measure what is asked for and not known yet; write it down after each run."""
    n_points = 60 if options.quick else N_POINTS
    settings = {"max_epochs": 1} if options.quick else {}
    for size in options.sizes:
        cube_path = folder / f"map_{size}.zarr"
        dataset = make_map(cube_path, size, n_points)
        if "ramanspy" in options.parts:
            figures["ramanspy"] = ramanspy(dataset)
        for name in options.nets:
            model_path = folder / f"{name}.joblib"
            model = make_model(model_path, name, dataset, **settings)
            if "stages" in options.parts and (
                options.again or name not in figures["stages"]
            ):
                found = stages(model, dataset, folder, 1 if options.quick else 3)
                figures["stages"][name] = {k: round(v, 1) for k, v in found.items()}
            if "same" in options.parts and (
                options.again or name not in figures["same"]
            ):
                n_rows = -(-10_000 // dataset.sizes["x"])
                figures["same"][name] = same(model, dataset, n_rows)
            if "rivals" in options.parts:
                figures.setdefault("rivals", {})[name] = rivals(model, dataset)
            for one in options.how if "whole" in options.parts else ():
                number, _, how = one.partition(" ")
                key = {
                    "net": name,
                    "n_spectra": size,
                    "how": how,
                    "number": int(number),
                }
                known = [r for r in figures["whole"] if key.items() <= r.items()]
                if known and not options.again:
                    continue
                found = whole(cube_path, model_path, how, number, folder)
                row = {**key, **{k: round(v, 2) for k, v in found.items()}}
                figures["whole"] = [r for r in figures["whole"] if r not in known]
                figures["whole"].append(row)
                print(row, flush=True)
                write_results("maps", figures)
    if not options.quick:
        write_results("maps", figures)


if __name__ == "__main__":
    main()
