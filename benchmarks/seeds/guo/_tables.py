"""Guo et al. 2020: records of accuracies as tables and words."""

import pandas as pd

from benchmarks.seeds._paper import spread, table
from benchmarks.seeds.guo._models import INPUTS, METHODS

SETS = {
    "rruff": "RRUFF, 196 minerals, 3,284 spectra",
    "bundled": "18 bundled minerals of RRUFF, 320 spectra, in place of 196",
}
INPUT_NAMES = {"paper": "as in the paper", "fair": "fair"}
_PLACES = ["repetition", "fold", "seed"]


def chosen(results, name):
    """Return the records of an experiment, of RRUFF if there are any."""
    return results.get(name) or results.get(f"bundled_{name}") or []


def names_of(records, sets=SETS):
    """Say which spectra the records are about."""
    return sets[records[0]["data"]] if records else "RRUFF"


def accuracies(records):
    """Return a frame: a row for each fold or draw, a column for (input, method)."""
    frame = pd.DataFrame(records, columns=["spectra", "method", "accuracy", *_PLACES])
    frame[_PLACES] = frame[_PLACES].fillna(-1).astype(int)
    return frame.pivot(index=_PLACES, columns=["spectra", "method"], values="accuracy")


def leads(scores, spectra, method):
    """Return by how much a method leads each other, on the folds that both have."""
    if (spectra, method) not in scores:
        return pd.Series(dtype=float)
    others = scores[spectra].drop(columns=method)
    return others.rsub(scores[spectra, method], axis=0).mean().dropna()


def order(scores, spectra):
    """List methods, best first; one with fewer folds than others says how many."""
    if spectra not in scores.columns.get_level_values(0):
        return "not run"
    found = scores[spectra].dropna(axis=1, how="all")
    most = found.count().max()
    words = [
        f"{method} {value:.3f}"
        + (
            f" (of {found[method].count()} only)"
            if found[method].count() < most
            else ""
        )
        for method, value in found.mean().sort_values(ascending=False).items()
    ]
    missing = [method for method in METHODS if method not in found]
    text = f"{', '.join(words)} (means of {most})"
    return f"{text}; {', '.join(missing)} not run" if missing else text


def in_words(values, digits=3):
    """Say mean, spread over folds, and how many folds of how many repetitions."""
    values = values.dropna()
    if values.empty:
        return "not run"
    plural = "s" if len(values) > 1 else ""
    text = spread(values, digits)[:-1]
    if (values.index.get_level_values("fold") < 0).all():
        return f"{text} draw{plural})"
    n_repetitions = values.index.get_level_values("repetition").nunique()
    return f"{text} fold{plural}, {n_repetitions} of 10 repetitions)"


def sections(results):
    """Return tables of all methods, on random folds and on new crystals."""
    parts = []
    for prefix, title in (
        ("", "RRUFF: random folds of 196 minerals, new crystals of 97"),
        ("bundled_", "The 18 bundled minerals: random folds, new crystals"),
    ):
        folds = results.get(f"{prefix}random_folds", [])
        crystals = results.get(f"{prefix}new_crystals", [])
        if folds or crystals:
            scores = accuracies(folds), accuracies(crystals)
            header = ["method", "input", "random folds", "new crystals", "drop"]
            lines = table(header, method_lines(*scores))
            names = ("random folds", "new crystals")
            best = [
                f"on {name} {_best(found)}"
                for name, found in zip(names, scores, strict=True)
                if len(found)
            ]
            parts.append(f"{title}.\n\n{lines}\n\nBest {', '.join(best)}.\n")
    return "\n".join(parts)


def _best(scores):
    """Name the method and input with the highest mean, and how many share it."""
    mean = scores.mean()
    spectra, method = mean.idxmax()
    n_others = int((mean == mean.max()).sum()) - 1
    shared = f", with {n_others} others" if n_others else ""
    return f"{method}, {INPUT_NAMES[spectra]} ({mean.max():.3f}{shared})"


def method_lines(folds, crystals):
    """Return a line for each method and input, with the drop between the two."""
    lines = []
    for method in METHODS:
        for spectra in INPUTS:
            column = (spectra, method)
            both = [
                scores[column].dropna() if column in scores else None
                for scores in (folds, crystals)
            ]
            if all(values is None for values in both):
                continue
            drop = ""
            if all(values is not None and len(values) for values in both):
                drop = f"{both[0].mean() - both[1].mean():.3f}"
            words = ["not run" if v is None else in_words(v) for v in both]
            lines.append([method, INPUT_NAMES[spectra], *words, drop])
    return lines
