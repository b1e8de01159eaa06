"""The pages of the papers, made from the results and the texts beside the experiments.

`docs/papers/<name>.md` is short, `<name>_lines.md` goes through a paper claim by claim,
`docs/papers.md` is the way in. All text stands in `page.md`, `lines.md` and `index.md`.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import t

from benchmarks.papers import _values
from benchmarks.papers._store import Store
from benchmarks.papers._values import Page, Values, table

_HELPERS = (
    *("reduce", "lowest", "highest", "share", "not_negative", "negative", "equals"),
    *("all_of", "clearly", "not_clearly", "reliably", "not_reliably", "gap", "of_five"),
)


def names_of(paper, store):
    """Return what the texts of a paper may name."""
    results = store.results()
    helpers = {name: getattr(_values, name) for name in _HELPERS}
    experiments = (experiment.name for experiment in paper.experiments)
    found = {name: Values.of(results.get(name, [])) for name in experiments}
    names = {**helpers, "median": np.median, **vars(paper.values), **found}
    return {**names, **paper.values.tables(results), "was_run": _was_run(paper, store)}


def filled(paper, store):
    """Return the page with all lines of a paper, and its text."""
    page = Page(names_of(paper, store))
    return page, page.fill((paper.folder / "lines.md").read_text())


def write_pages(papers, output, docs):
    """Write all pages and pictures; returns the paths of the pages."""
    output, docs = Path(output), Path(docs)
    (docs / "papers").mkdir(parents=True, exist_ok=True)
    (docs / "images").mkdir(exist_ok=True)
    texts = page_texts(papers, output)
    for paper in papers:
        results = Store(output / f"{paper.name}.json").results()
        for name, figure in paper.figures(results).items():
            _save(figure, docs / "images" / f"papers_{paper.name}_{name}.png")
    for name, text in texts.items():
        (docs / name).write_text(text)
    return [docs / name for name in texts]


def page_texts(papers, output):
    """Return the text of each page by its path in the documentation."""
    texts, tallies = {}, {}
    for paper in papers:
        store = Store(Path(output) / f"{paper.name}.json")
        lines, text = filled(paper, store)
        tallies[paper.name] = _in_words(lines.tally)
        short = Page({**lines.names, "tally": tallies[paper.name]})
        texts[f"papers/{paper.name}_lines.md"] = text
        page = (paper.folder / "page.md").read_text()
        texts[f"papers/{paper.name}.md"] = short.fill(page)
    index = (Path(__file__).parent / "index.md").read_text()
    texts["papers.md"] = Page(tallies).fill(index)
    return texts


def side_by_side(paper, fresh, stated):
    """Say of each value of a paper whether fresh seeds agree with what is stated.

    A value agrees if it lies within what 95 % of repetitions would give: the spread of
    the stated ones is all that is known of it (Student's t; few seeds say little).

    Returns
    -------
    str
        A line a value that both have, and how many agree.
    """
    texts, n_agree = [], 0
    pages = [filled(paper, store)[0].values for store in (stated, fresh)]
    for name, values in pages[0].items():
        others = pages[1].get(name, ())
        if len(values) < 2 or not len(others):
            continue
        error = (1 / len(others) + 1 / len(values)) ** 0.5
        reach = t(len(values) - 1).ppf(0.975) * values.array.std(ddof=1) * error
        agrees = abs(others.mean - values.mean) <= reach + 1e-9
        n_agree += agrees
        word = "agrees" if agrees else "DIFFERS"
        texts.append(f"{word:8}{values:3} | fresh {others:3} | {name}")
    return "\n".join([*texts, f"{n_agree} of {len(texts)} values agree"])


def _save(figure, path):
    """Write a PNG of 256 colors, half the size or less."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    Image.open(buffer).convert("RGB").quantize(256).save(path, optimize=True)


def _in_words(tally):
    """Write how many claims hold, in part, do not, and so on."""
    holds, *others = tally.values()
    words = ("in part", "not", "cannot be checked", "not run yet")
    parts = [f"{n} {word}" for n, word in zip(others, words, strict=True) if n]
    return f"{holds} of {sum(tally.values())} claims hold; {', '.join(parts)}"


def _was_run(paper, store):
    """Return a table of the experiments: tasks, CPU time; and the versions."""
    rows = []
    for experiment in paper.experiments:
        records = list(store.records.get(experiment.name, {}).values())
        minutes = sum(record["seconds"]["cpu"] for record in records) / 60
        ran = [len(records), f"{minutes:.0f} min"]
        if not records:
            reason = store.skipped.get(experiment.name, "not run yet")
            ran = [reason, f"(about {experiment.minutes:g} min)"]
        rows.append([f"`{experiment.name}`", experiment.about, *ran])
    done = table(["experiment", "what", "repetitions", "CPU time"], rows)
    packages = [", ".join(f"{p} {v}" for p, v in run.items()) for run in store.versions]
    return f"{done}\n\nWith {'; later with '.join(packages)}."
