"""Tables of the poster's experiments."""

import numpy as np

from benchmarks.seeds._paper import table
from benchmarks.seeds.wgan_gp._quality import REAL
from benchmarks.seeds.wgan_gp._results import (
    by_iterations,
    by_networks,
    by_way,
    of_method,
    sets_of_spectra,
)

SHOWN = {
    "poster_ari": "PCA + K-means",
    "one_nn_accuracy": "1-NN",
    "forest_accuracy": "forest",
    "coverage": "coverage",
    "frechet_distance": "Frechet",
    "noise_ratio": "noise",
    "nn_distance_ratio": "nearest",
    "band_position": "bands (cm-1)",
}
_HOW_TO_READ = """### Two tests of generated spectra

*PCA + K-means* is the poster's test: adjusted Rand index between two clusters and real
or generated, of generated spectra and those learned from; 0 passes. All others compare
with spectra held out; read them against the line of real training spectra. *1-NN* and
*forest*: accuracy with which a classifier tells generated from real. *Coverage*: share
of real spectra with a generated one near by. *Frechet*: distance of the distributions.
*Noise* and *nearest* (distance to the nearest training spectrum): ratios to real
spectra. Two methods are of no use on purpose: the mean of the class, again and again,
and the mean with white noise.
"""


def sections(results):
    """Return the tables of all methods, in Markdown."""
    parts = []
    for name, records in sets_of_spectra(results).items():
        head = f"**{name}** (mean of {len(records)})"
        parts.append(f"{head}\n\n{_methods_table(records)}\n")
    if parts:
        parts.insert(0, _HOW_TO_READ)
    for title, groups in (
        ("Convolutional and fully connected networks", by_networks(results)),
        ("Gradient penalty and weight clipping", by_way(results)),
    ):
        if len(groups) > 1:
            parts.append(f"### {title}\n\n{_variants_table(groups)}\n")
    records, longer = by_iterations(results)
    if records:
        text = _f1_table(records, longer)
        parts.append(f"### Training with generated spectra\n\n{text}\n")
    return "\n".join(parts)


def _methods_table(records):
    methods = [m for m in records[0]["scores"] if m != REAL]
    lines = [
        [method, *(_mean(of_method(records, method, metric)) for metric in SHOWN)]
        for method in (REAL, *methods)
    ]
    return table(["", *SHOWN.values()], lines)


def _variants_table(groups):
    """Return quality and CPU time, mean over seeds, of each variant."""
    first = next(iter(groups.values()))
    metrics = [name for name in SHOWN if name in first[0]["scores"]]
    lines = [
        ["real training spectra", _mean_of(first, "reference", metrics), "", ""],
        *(
            [
                name,
                _mean_of(records, "scores", metrics),
                f"{np.mean([r['training_seconds'] for r in records]):.0f}",
                len(records),
            ]
            for name, records in groups.items()
        ),
    ]
    header = ["", *(SHOWN[name] for name in metrics), "CPU s", "repetitions"]
    return table(header, [[name, *values, *rest] for name, values, *rest in lines])


def _f1_table(records, longer):
    """Return macro-F1 by what was added; runs with more iterations on a last line."""
    lines = [_f1_line(name, name, records) for name in records[0]["f1"]]
    for name in longer[0]["f1"] if longer else ():
        head = f"{name}, {longer[0]['n_iter']} iterations ({len(longer)} draws)"
        lines.append(_f1_line(head, name, longer))
    text = (
        f"Macro-F1 on new crystals, mean of {len(records)} draws; "
        f"{records[0]['n_iter']} iterations. *Crystals* are measured instead."
    )
    header = ["added to 2 crystals of each mineral", "spectra", "CNN", "SVM"]
    return f"{text}\n\n{table(header, lines)}"


def _f1_line(head, name, records):
    return [
        head,
        round(np.mean([record["n_train"][name] for record in records])),
        *(_mean([r["f1"][name][model] for r in records]) for model in ("CNN", "SVM")),
    ]


def _mean_of(records, part, metrics):
    return [_mean([record[part][metric] for record in records]) for metric in metrics]


def _mean(values):
    values = np.asarray(values, dtype=float)
    return "" if np.isnan(values).all() else f"{np.nanmean(values):.3g}"
