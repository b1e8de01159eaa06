"""Do the experiments of four papers again and set the figures side by side.

    python -m benchmarks.papers                    (lists papers and experiments)
    python -m benchmarks.papers all                (hours; goes on where it stopped)
    python -m benchmarks.papers guo zhang --folder F     (two papers, spectra from F)
    python -m benchmarks.papers zhang --only narrow partitions  (some experiments)
    python -m benchmarks.papers all --quick        (minutes; fewer and smaller tasks)
    python -m benchmarks.papers fukuhara --only distractors --first-seed 200
    python -m benchmarks.papers page               (docs/papers from the results)

Results are kept task by task in `benchmarks/results/papers/<name>.json`, with versions,
arguments (seeds among them) and seconds; quick ones, and those with another first seed,
in `report/papers`. A task that is there is not done again: remove its line, or use
another `--output`. With another first seed each value is set beside the stated one.
One thread a task; `--n-jobs` tasks run side by side.

The folder F may hold `meat_mir.npz` and `amino_acids6.npz`. Without them their
experiments are skipped, with a line that says where the spectra come from.
"""

import argparse
import time
from importlib import import_module
from pathlib import Path

from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks._results import DOCS_IMAGES, RESULTS
from benchmarks.papers._page import filled, side_by_side, write_pages
from benchmarks.papers._paper import FIRST_SEED, MissingData, Options
from benchmarks.papers._store import Store
from sklearn_raman._utils._torch import limited_threads

PAPERS = {
    name: import_module(f"benchmarks.papers.{name}.experiments").PAPER
    for name in ("fukuhara", "guo", "zhang", "wgan_gp")
}
FULL = RESULTS / "papers"
OTHER = Path("report") / "papers"


def timed(task):
    """Do a task in one thread; returns its key and its record."""
    wall, cpu = time.perf_counter(), time.process_time()
    with limited_threads(1), threadpool_limits(1):
        record = task.run()
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return task.key, {**record, "seconds": seconds}


def run(paper, options, store, *, only=(), n_jobs=1):
    """Do what is missing of a paper's experiments, and say how far it is."""
    for experiment in paper.experiments:
        name = experiment.name
        if only and name not in only:
            continue
        try:
            tasks = experiment.tasks(options)
        except MissingData as missing:
            print(f"{paper.name} {name}: skipped. {missing}", flush=True)
            store.skip(name, str(missing))
            continue
        left = [task for task in tasks if (name, task.key) not in store]
        done = len(tasks) - len(left)
        print(f"{paper.name} {name}: {done} of {len(tasks)} there", flush=True)
        finished = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
            delayed(timed)(task) for task in left
        )
        for key, record in finished:
            store.add(name, key, record)
            done += 1
            seconds = record["seconds"]["wall"]
            print(f"  {done}/{len(tasks)}  {key}  {seconds:.0f} s", flush=True)


def show(papers):
    """List papers and experiments, with what they cost."""
    for paper in papers:
        minutes = sum(experiment.minutes for experiment in paper.experiments)
        print(f"{paper.name}  {paper.title} ({minutes:.0f} CPU minutes)")
        for experiment in paper.experiments:
            print(f"    {experiment.name}: {experiment.about} ({experiment.minutes:g})")


def main(argv=None):
    """List, run, or write the pages; see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", help=f"{', '.join(PAPERS)}, all, page")
    parser.add_argument("--only", nargs="+", default=(), help="experiments by name")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tiny", action="store_true", help="smaller still: for tests")
    parser.add_argument("--folder", type=Path, help="of spectra from elsewhere")
    parser.add_argument("--output", type=Path, help="folder for results")
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.what) - {*PAPERS, "all", "page"}:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    wanted = PAPERS if "all" in arguments.what else arguments.what
    wanted = [PAPERS[name] for name in wanted if name in PAPERS]
    known = {experiment.name for paper in wanted for experiment in paper.experiments}
    if unknown := set(arguments.only) - known:
        parser.error(f"there is no experiment {', '.join(sorted(unknown))}")

    if not arguments.what:
        show(PAPERS.values())
        return
    size = "tiny" if arguments.tiny else "quick" if arguments.quick else "full"
    options = Options(size, arguments.folder, arguments.first_seed)
    stated = size == "full" and options.first_seed == FIRST_SEED
    output = arguments.output or (FULL if stated else OTHER)
    for paper in wanted:
        store = Store(output / f"{paper.name}.json")
        run(paper, options, store, only=arguments.only, n_jobs=arguments.n_jobs)
        if stated:
            print(filled(paper, store)[1])
        else:
            print(side_by_side(paper, store, Store(FULL / f"{paper.name}.json")))
    if "page" in arguments.what:
        docs = DOCS_IMAGES.parent if output == FULL else output
        print(*write_pages(PAPERS.values(), output, docs), sep="\n")


if __name__ == "__main__":
    main()
