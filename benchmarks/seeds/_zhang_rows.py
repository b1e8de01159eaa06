"""The lines and tables of the page for Zhang et al. (2020)."""

from benchmarks.seeds._paper import spread, table
from benchmarks.seeds._zhang_claims import DATA, SPLITS, accuracies_of
from benchmarks.seeds._zhang_claims_accuracy import PARTITIONS, TABLES
from benchmarks.seeds._zhang_claims_maps import MAPS
from benchmarks.seeds._zhang_models import PARTS


def rows(results):
    """Return a line for each table, figure and claim."""
    return [claim.row(results) for claim in (*TABLES, *MAPS, *PARTITIONS)]


def sections(results):
    """Return the accuracies of all models, on all parts, as tables."""
    texts = []
    for data, title in DATA.items():
        records = results.get(data, [])
        if records:
            texts.append(f"Accuracy, {title}:\n\n{_accuracy_table(records)}\n")
    return "\n".join(texts)


def _accuracy_table(records):
    lines = [
        [model, how, *(spread(accuracies_of(records, model, how, p)) for p in PARTS)]
        for model in records[0]["accuracy"]
        for how in SPLITS
        if accuracies_of(records, model, how)
    ]
    return table(["model", "split", *PARTS], lines)
