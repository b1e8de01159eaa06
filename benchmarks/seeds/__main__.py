"""Do the experiments of four papers again and set the figures side by side.

    python -m benchmarks.seeds                      (lists papers and experiments)
    python -m benchmarks.seeds all                  (hours; goes on where it stopped)
    python -m benchmarks.seeds 001 003 --folder F   (two papers, with data from F)
    python -m benchmarks.seeds all --quick          (minutes; fewer and smaller tasks)
    python -m benchmarks.seeds page                 (docs/papers.md from the results)

Results are kept task by task in `benchmarks/results/seeds/<number>.json`, with
versions, arguments (seeds among them) and seconds; quick ones in `report/seeds`. A task
that is there is not done again: remove its line, or use another `--output`. One
thread a task; `--n-jobs` tasks run side by side.

The folder F may hold `meat_mir.npz` and `amino_acids6.npz`. Without them their
experiments are skipped, with a line that says where the spectra come from.
"""

import argparse
import time
from pathlib import Path

from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks._results import DOCS_IMAGES, RESULTS
from benchmarks.seeds import fukuhara, guo, wgan_gp, zhang
from benchmarks.seeds._page import side_by_side, write_page
from benchmarks.seeds._paper import MissingData, Options
from benchmarks.seeds._store import Store
from sklearn_raman._utils._torch import limited_threads

PAPERS = {
    module.PAPER.number: module.PAPER for module in (fukuhara, guo, zhang, wgan_gp)
}
FULL = RESULTS / "seeds"
QUICK = Path("report") / "seeds"


def timed(task):
    """Do a task in one thread; returns its key and its record."""
    wall, cpu = time.perf_counter(), time.process_time()
    with limited_threads(1), threadpool_limits(1):
        record = task.function(**task.arguments)
    seconds = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
    }
    return task.key, {**task.arguments, **record, "seconds": seconds}


def run(paper, options, store, *, n_jobs=1):
    """Do what is missing of a paper's experiments, and say how far it is."""
    for experiment in paper.experiments:
        try:
            tasks = experiment.tasks(options)
        except MissingData as missing:
            print(f"{paper.number} {experiment.name}: skipped. {missing}", flush=True)
            store.skip(experiment.name, str(missing))
            continue
        left = [task for task in tasks if (experiment.name, task.key) not in store]
        done = len(tasks) - len(left)
        print(f"{paper.number} {experiment.name}: {done} of {len(tasks)} there")
        finished = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
            delayed(timed)(task) for task in left
        )
        for key, record in finished:
            store.add(experiment.name, key, record)
            done += 1
            seconds = record["seconds"]["wall"]
            print(f"  {done}/{len(tasks)}  {key}  {seconds:.0f} s", flush=True)


def main(argv=None):
    """List, run, or write the page; see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", help="001, 002, 003, 004, all, page")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tiny", action="store_true", help="smaller still: for tests")
    parser.add_argument("--folder", type=Path, help="of spectra from elsewhere")
    parser.add_argument("--output", type=Path, help="folder for results")
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.what) - {*PAPERS, "all", "page"}:
        parser.error(f"there is no {', '.join(sorted(unknown))}")

    if not arguments.what:
        for paper in PAPERS.values():
            print(f"{paper.number}  {paper.citation}")
            for experiment in paper.experiments:
                print(f"       {experiment.name}: {experiment.about}")
        return
    size = "tiny" if arguments.tiny else "quick" if arguments.quick else "full"
    output = arguments.output or (FULL if size == "full" else QUICK)
    options = Options(size=size, folder=arguments.folder)
    wanted = PAPERS if "all" in arguments.what else arguments.what
    for number in (name for name in wanted if name in PAPERS):
        store = Store(output / f"{number}.json")
        run(PAPERS[number], options, store, n_jobs=arguments.n_jobs)
        print(side_by_side(PAPERS[number], store.results()))
    if "page" in arguments.what:
        folder = DOCS_IMAGES.parent if output == FULL else output
        print(write_page(PAPERS.values(), output, folder))


if __name__ == "__main__":
    main()
