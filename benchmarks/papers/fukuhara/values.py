"""What the page of Fukuhara et al. names besides its experiments."""

from itertools import pairwise

import numpy as np

from benchmarks.papers._values import Values, one, reduce, table
from benchmarks.papers.fukuhara import small_sets

PAPER_NET, NET = small_sets.PAPER_CNN, small_sets.CNN
SVM, SNV_SVM, PLS = small_sets.PCA_SVM, small_sets.PCA_SVM_SNV, small_sets.PLS_LDA
MINOR = "strongest of the minor"
LINEAR, BANDS = "contribution, linear", "contribution, bands"
LOGIT, LOG_ODDS = "Grad-CAM, logit", "Grad-CAM, log-odds"
SIGNALS = ("1.0", "0.5", "0.3333333333333333", "0.25")
_MAPS = {"linear": "interpolated, as in the paper", "bands": "on bands, the default"}
_SETS = {"mixing_acids": "6 amino acids and relatives"}
_SETS |= {"mixing_minerals": "18 minerals"}


def by_size(filters, placed, name, digits=0):
    """Write a measure of the maps by the size of 64 filters, 8 channels and more."""
    return _by(filters(n_filters=64), "kernel_size", placed, name, digits, 8)


def small_sizes(filters, placed, name, digits=2):
    """Write a measure by the size of 64 filters, up to 16 channels."""
    some = filters(n_filters=64).where(lambda record: record["kernel_size"] <= 16)
    return _by(some, "kernel_size", placed, name, digits)


def by_number(filters, placed, name, digits=2):
    """Write a measure by the number of filters 8 channels wide."""
    return _by(filters(kernel_size=8), "n_filters", placed, name, digits)


def _by(records, varied, placed, name, digits, least=0):
    settings = sorted({r[varied] for r in records if r[varied] >= least})
    found = {s: records(**{varied: s})[placed][name] for s in settings}
    texts = [f"{setting}: {values:~{digits}}" for setting, values in found.items()]
    return ", ".join(texts) or "not run yet"


def rises(filters, placed, name, sign=1):
    """Say whether a measure rises (falls) with the size, 8 to 128, step by step."""
    some = filters(n_filters=64)
    means = [some(kernel_size=size)[placed][name].mean for size in (8, 16, 32, 64, 128)]
    return None if None in means else bool(np.all(sign * np.diff(means) > 0))


def by_signal(small, model):
    """Write accuracies by the signal of the test spectra, strongest first."""
    found = [small.by_signal[model][signal] for signal in SIGNALS]
    return ", ".join(f"{values:.3f}" for values in found)


def lost(by_class):
    """Return how many mean maps are no more on lines than a flat one, of how many."""
    found = [
        share <= chance
        for maps in by_class
        for share, chance in zip(maps["on_lines"], maps["chance"], strict=True)
    ]
    return (one(sum(found)), one(len(found))) if found else (Values([]), Values([]))


def beside(on_lines):
    """Return the share of maps that is beside lines."""
    return on_lines.apply(lambda shares: 1 - np.mean(shares))


def most_beside(on_lines):
    """Return the largest share beside lines of any class's map."""
    return reduce(lambda _: max(1 - min(shares) for shares in on_lines), on_lines)


def shapes(small):
    """Return the correlation of shown maps, their positive part, with the spectra."""

    def correlations(shown):
        pairs = zip(shown["maps"], shown["spectra"], strict=True)
        return [np.corrcoef(np.maximum(m, 0), spectrum)[0, 1] for m, spectrum in pairs]

    return small.example.apply(correlations)


def tables(results):
    """Return what is made of the results, by name, tables among them."""
    filters, small, three, acids = (
        Values.of(results.get(name, []))
        for name in ("filters", "small_training_set", "three_blocks", "mixing_acids")
    )
    drawn = {record["seed"] for record in three}
    return {
        **{f"f{n}": filters(n_filters=64, kernel_size=n) for n in (2, 4)},
        **{f"f{n}": filters(n_filters=n, kernel_size=8) for n in (8, 64, 256)},
        "acc": small.accuracy,
        "maps": small.maps,
        "two_blocks": small.where(lambda record: record["seed"] in drawn),
        "acids": acids(high=0.5),
        "filter_table": _filter_table(filters),
        "small_table": _small_table(results),
        "ratio_table": _ratio_table(results),
    }


def _filter_table(filters):
    settings = {(r["kernel_size"], r["n_filters"]) for r in filters}
    rows = []
    for size, number in sorted(settings, key=lambda s: (s[1] != 64, s)):
        some = filters(kernel_size=size, n_filters=number)
        last = f"{some.accuracy:.3f}", f"{some.training_loss:.4f}"
        for placed, words in _MAPS.items():
            own = some[placed]
            row = [size, number, words, f"{own.width:1}", f"{own.mass:2}"]
            rows.append([*row, f"{own.pointing:2}", f"{own.background:4}", *last])
    header = ["size", "filters", "map", "width / channels", "share within 2 FWHM"]
    header += ["highest point there", "background", "accuracy", "training loss"]
    return table(header, rows)


def _small_table(results):
    rows = []
    sets = {"RRUFF": "", "bundled": "_bundled", "amino acids": "_acids"}
    for source, suffix in sets.items():
        small = Values.of(results.get(f"small_training_set{suffix}", []))
        for model in (PAPER_NET, NET, SVM, SNV_SVM, PLS) if len(small) else ():
            both = (small.accuracy[model][part] for part in ("random", "by_crystal"))
            both = (f"{values:3}" if len(values) else "-" for values in both)
            rows.append([source, model, *both, *by_signal(small, model).split(", ")])
    header = ["spectra", "model", "random split", "crystals kept apart"]
    header += [f"signal {signal}" for signal in ("1", "1/2", "1/3", "1/4")]
    return table(header, rows)


def _ratio_table(results):
    rows = []
    for name, words in _SETS.items():
        records = results.get(name) or []
        for high in sorted({r.get("high", 0.5) for r in records}):
            some = [r["by_ratio"] for r in records if r.get("high", 0.5) == high]
            right = np.nanmean(np.array([r["right"] for r in some], float), axis=0)
            span = f"0.1 to {high:g}"
            for found, (low, up) in zip(right, pairwise(some[0]["edges"]), strict=True):
                rows.append([words, span, f"{low:.2f} to {up:.2f}", f"{found:.3f}"])
    return table(["substances", "ratios", "of these", "recognized"], rows)
