"""Tables of the page for Fukuhara et al. that say more than one line can."""

import numpy as np

from benchmarks.seeds._paper import spread, table
from benchmarks.seeds.fukuhara._rows_mixing import SETS
from benchmarks.seeds.fukuhara._rows_small import SPLITS
from benchmarks.seeds.fukuhara._summary import mean, take

PLACED = {"linear": "interpolated, as in the paper", "bands": "on bands, the default"}
MEASURES = {
    "width": ("width / channels", 1),
    "mass": ("share within 2 FWHM", 2),
    "pointing": ("highest point there", 2),
    "background": ("background", 4),
}


def sections(results):
    """Return the tables of what was run."""
    parts = [
        filter_section(results.get("filters")),
        small_section(results),
        ratio_section(results),
    ]
    return "\n".join(part for part in parts if part)


def filter_section(records):
    """Figure 2 in numbers."""
    if not records:
        return ""
    rows = []
    settings = {(r["kernel_size"], r["n_filters"]) for r in records}
    by_size = sorted(s for s in settings if s[1] == 64)
    by_number = sorted(s for s in settings if s[1] != 64)
    for size, number in by_size + by_number:
        some = [
            r for r in records if (r["kernel_size"], r["n_filters"]) == (size, number)
        ]
        for placed, words in PLACED.items():
            cells = [
                spread(take(some, placed, name), digits)
                for name, (_, digits) in MEASURES.items()
            ]
            fit = [
                f"{mean(some, 'accuracy'):.3f}",
                f"{mean(some, 'training_loss'):.4f}",
            ]
            rows.append([size, number, words, *cells, *fit])
    header = ["size", "filters", "map", *(words for words, _ in MEASURES.values())]
    header += ["accuracy", "training loss"]
    return (
        "Filters (Fig. 2). Lines are 4 channels wide; the width of a map is the number "
        "of channels above half of its highest point, the background its mean height "
        "more than 50 channels from the line over the highest point.\n\n"
        + table(header, rows)
        + "\n"
    )


def small_section(results):
    """Accuracies of section 4.2."""
    rows = []
    names = {"RRUFF": "small_training_set", "bundled": "small_training_set_bundled"}
    for source, name in names.items():
        records = results.get(name) or []
        for model in records[0]["accuracy"] if records else ():
            accuracy = [
                spread(take(records, "accuracy", model, split)) for split in SPLITS
            ]
            signals = sorted(records[0]["by_signal"][model], key=float, reverse=True)
            by_signal = [f"{mean(records, 'by_signal', model, s):.3f}" for s in signals]
            rows.append([source, model, *accuracy, *by_signal])
    if not rows:
        return ""
    header = ["spectra", "model", *SPLITS.values()]
    header += [f"signal {s}" for s in ("1", "1/2", "1/3", "1/4")]
    return (
        "Few training spectra (section 4.2). Accuracy over the draws; the last columns "
        'are of the random split, by the signal of the test spectra. "SNV" stands '
        "for this package's steps: smoothed, 2 cm-1 a point, SNV.\n\n"
        + table(header, rows)
        + "\n"
    )


def ratio_section(results):
    """Mixtures by ratio, up to equal parts."""
    rows = []
    for name, what in SETS.items():
        records = results.get(name) or []
        for high in sorted({r.get("high", 0.5) for r in records}):
            some = [r for r in records if r.get("high", 0.5) == high]
            edges = some[0]["by_ratio"]["edges"]
            right = np.array([r["by_ratio"]["right"] for r in some], dtype=float)
            bins = zip(edges[:-1], edges[1:], np.nanmean(right, axis=0), strict=True)
            rows += [
                [
                    what.format(n=some[0].get("n_minerals")),
                    f"0.1 to {high:g}",
                    f"{low:.2f} to {up:.2f}",
                    f"{share:.3f}",
                ]
                for low, up, share in bins
            ]
    if not rows:
        return ""
    return (
        "Mixtures (section 4.3). The paper gives one ratio, 1 : 0.45, so a ratio is "
        "taken as height of the smaller part over that of the larger: 0.5 is not yet "
        "equal parts, 1 is.\n\n"
        + table(["substances", "ratios", "of these", "recognised"], rows)
        + "\n"
    )
