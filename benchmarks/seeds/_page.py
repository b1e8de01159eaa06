"""The page `papers.md`, made from the results alone."""

from pathlib import Path

import pandas as pd

from benchmarks.seeds._paper import VERDICTS, table
from benchmarks.seeds._store import Store

_HEADER = ["where", "the paper says", "paper", "here", "data here", "", "why"]
_TOP = """# Four papers, done again

What four papers say, and what comes out when their experiments are done with this
package. `python -m benchmarks.seeds` runs them; this page is made from the results in
`benchmarks/results/seeds` by `python -m benchmarks.seeds page`. Figures are mean ±
standard deviation (number of repetitions). Much of the papers' data is not public; the
column *data here* names what stands in for it.
"""


def page(papers, output, folder):
    """Return the page's text; its pictures are drawn into `folder/images`."""
    images = Path(folder) / "images"
    images.mkdir(parents=True, exist_ok=True)
    stores = {p.number: Store(Path(output) / f"{p.number}.json") for p in papers}
    rows = {p.number: p.rows(stores[p.number].results()) for p in papers}
    parts = [_TOP, _count_verdicts(papers, rows)]
    for paper in papers:
        results = stores[paper.number].results()
        parts.append(f"## {paper.title}\n\n{paper.citation}\n")
        cells = [
            [r.place, r.claim, r.paper, r.here, r.data, f"**{r.verdict}**", r.why]
            for r in rows[paper.number]
        ]
        if cells:
            parts.append(table(_HEADER, cells) + "\n")
        parts.append(paper.sections(results))
        parts.extend(
            f"![{caption}](images/{name})\n\n*{caption}*\n"
            for name, caption in paper.figures(results, images)
        )
        parts.append(_what_was_run(paper, stores[paper.number]))
    return "\n".join(part for part in parts if part)


def write_page(papers, output, folder):
    """Write the page and its pictures; returns its path."""
    path = Path(folder) / "papers.md"
    path.write_text(page(papers, output, folder))
    return path


def side_by_side(paper, results):
    """Return the table "paper / here" for the terminal."""
    frame = pd.DataFrame(paper.rows(results), columns=_columns())
    wanted = ["place", "claim", "paper", "here", "verdict"]
    return frame[wanted].to_string(index=False, max_colwidth=60)


def _columns():
    return ["place", "claim", "paper", "here", "data", "verdict", "why"]


def _count_verdicts(papers, rows):
    """Return a table of how many lines of each paper came out how."""
    cells = [
        [
            paper.title,
            *(sum(r.verdict == v for r in rows[paper.number]) for v in VERDICTS),
        ]
        for paper in papers
    ]
    return table(["lines of", *VERDICTS], cells) + "\n"


def _what_was_run(paper, store):
    """Return a table of the experiments: tasks, CPU time, versions."""
    rows = []
    for experiment in paper.experiments:
        records = list(store.records.get(experiment.name, {}).values())
        if records:
            minutes = sum(record["seconds"]["cpu"] for record in records) / 60
            ran = f"{len(records)} | {minutes:.0f} min"
        else:
            ran = f"{store.skipped.get(experiment.name, 'not run')} | "
        rows.append([experiment.name, experiment.about, *ran.split(" | ")])
    packages = sorted({f"{p} {v}" for run in store.versions for p, v in run.items()})
    done = table(["experiment", "what", "repetitions", "CPU time"], rows)
    return f"What was run:\n\n{done}\n\nWith {', '.join(packages)}.\n"
