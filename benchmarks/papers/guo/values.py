"""What the page of Guo et al. names besides its experiments."""

import numpy as np
from scipy.stats import spearmanr

from benchmarks.papers._values import Values, one, reduce, table
from benchmarks.papers.guo.models import INPUTS, METHODS

PAPER_FMCNN = 0.988
PAPER_SVM, PAPER_LDA = PAPER_FMCNN - 0.024, PAPER_FMCNN - 0.15
HEAD = "hidden"  # the first layer behind the pooling
_LAYERS = ("", "convolution", "activation", "normalization", "fire module")
_LAYERS += ("pooling", "activation")
WORDS = {"paper": "as in the paper", "fair": "fair"}


def deviation(values):
    """Return the standard deviation over folds."""
    return reduce(lambda found: np.std(found, ddof=1), values)


def short_of(bar, records):
    """Return how many more right spectra would bring the mean over folds to a bar."""
    missing = records.apply(lambda r: (bar - r["accuracy"]) * r["n_test"])
    return reduce(lambda found: np.ceil(found.sum()), missing)


def by_name(values):
    """Write the accuracies of the settings that a search compared."""
    names = next(iter(values), ())
    return "; ".join(f"{name}: {_each(values, name):3}" for name in names)


def first_is_best(values):
    """Say whether the paper's setting, the first, is not behind any other."""
    if not len(values):
        return None
    first, *others = (_each(values, name).mean for name in next(iter(values)))
    return all(first >= other for other in others)


def _each(values, name):
    """Return the folds' accuracies of one setting as values of their own."""
    return Values(((n,), value) for n, value in enumerate(next(iter(values[name]), ())))


def by_kind(interpolations, method):
    """Write accuracies by the kind of interpolation."""
    kinds = dict.fromkeys(record["kind"] for record in interpolations)
    texts = [f"{k}: {interpolations(kind=k)[method]:4}" for k in kinds]
    return ", ".join(texts) or "not run yet"


def linear_is_best(interpolations, method):
    """Say whether no other kind of interpolation has a higher mean."""
    kinds = {record["kind"] for record in interpolations}
    means = {kind: interpolations(kind=kind)[method].mean for kind in kinds}
    return means["linear"] >= max(means.values()) if means else None


def is_it(place, folds, name):
    """Say whether a classical method is first (0) or last (-1); None without any."""
    ordered = _ordered(folds, "paper", without="FMCNN")
    return ordered[place] == name if ordered else None


def tables(results):
    """Return what is made of the results, by name, tables among them."""
    folds, crystals = _of(results, "random_folds"), _of(results, "new_crystals")
    patience = Values.of(results.get("patience") or results.get("bundled_patience", []))
    bundled = [_of(results, f"bundled_{n}") for n in ("random_folds", "new_crystals")]
    random, maps = (results.get(n, []) for n in ("random_folds", "deconvolution"))
    layers = results.get("bundled_deconvolution", [])
    asked = Values.of(random)(method="FMCNN", spectra="paper")
    runs = sorted({record["repetition"] for record in asked})
    both = asked.n_epochs.array, asked.accuracy.array
    return {
        **{f"d{s[0]}": Values.of(maps)(spectra=s) for s in INPUTS},
        "folds": folds,
        "crystals": crystals,
        "lead": _leads(folds),
        "new_lead": {spectra: _leads(crystals, spectra) for spectra in INPUTS},
        "rival": {spectra: _rival(crystals, spectra) for spectra in INPUTS},
        "asked": asked,
        "by_repetition": Values(
            ((n,), asked(repetition=n).accuracy.mean) for n in runs
        ),
        "stopped_early": asked.where(lambda r: r["n_epochs"] < 20).accuracy,
        "stopped_late": asked.where(lambda r: r["n_epochs"] >= 30).accuracy,
        "longer_is_better": one(spearmanr(*both)[0]) if len(asked) > 2 else Values([]),
        "n_repetitions": len(runs),
        "n_folds": len(folds["FMCNN"]["paper"]),
        "steadier": _steadier(folds),
        "folds_order": {spectra: _order(folds, spectra) for spectra in INPUTS},
        "crystals_order": {spectra: _order(crystals, spectra) for spectra in INPUTS},
        "rruff_table": _methods_table(folds, crystals),
        "bundled_table": _methods_table(*bundled),
        "patience_table": _patience_table(patience),
        "layer_table": _layer_table(Values.of(layers)),
    }


def _of(results, name):
    """Return accuracies by method and input."""
    found = Values.of(results.get(name, []))
    return {
        method: {s: found(method=method, spectra=s).accuracy for s in INPUTS}
        for method in METHODS
    }


def _leads(scores, spectra="paper"):
    """Return by how much FMCNN leads each other method, fold by fold."""
    ours = scores["FMCNN"][spectra]
    return {m: ours - scores[m][spectra] for m in METHODS if m != "FMCNN"}


def _rival(scores, spectra):
    """Name the method that is closest to FMCNN."""
    return next(iter(_ordered(scores, spectra, without="FMCNN")), "SVM")


def _ordered(scores, spectra, without=None):
    """Return the methods that were run, best first."""
    means = {m: scores[m][spectra].mean for m in METHODS if m != without}
    known = [m for m, mean in means.items() if mean is not None]
    return sorted(known, key=means.get, reverse=True)


def _order(scores, spectra):
    """Write the methods with their means, best first."""
    ordered = _ordered(scores, spectra)
    texts = [f"{m} {scores[m][spectra]:.3f}" for m in ordered]
    return ", ".join(texts) or "not run yet"


def _steadier(folds):
    """Say of each other method whether FMCNN varies less over the folds."""
    own = deviation(folds["FMCNN"]["paper"])
    others = [deviation(folds[m]["paper"]) for m in METHODS if m != "FMCNN"]
    return [own < other for other in others]


def _methods_table(folds, crystals):
    rows = []
    for method in METHODS:
        for spectra in INPUTS:
            both = folds[method][spectra], crystals[method][spectra]
            drop = both[0].mean - both[1].mean if all(map(len, both)) else None
            words = [f"{values:3}" for values in both]
            last = "" if drop is None else f"{drop:.3f}"
            rows.append([method, WORDS[spectra], *words, last])
    return table(["method", "input", "random folds", "new crystals", "drop"], rows)


def _layer_table(maps):
    rows = []
    for layer in next(iter(maps.by_layer), ()):
        row = [layer, _LAYERS[int(layer.split(".")[1])]]
        for spectra in INPUTS:
            found = maps(spectra=spectra).by_layer[layer]
            row += [f"{found.correlation:.2f}", f"{found.strongest_line:.0%}"]
            row += [f"{found.on_lines:.0%}", f"{found.off_lines:.3f}"]
        rows.append(row)
    head = ["correlation", "on the strongest line", "on lines", "off the lines"]
    fair = [f"{name}, fair" for name in head]
    return table(["layer", "", *head, *fair], rows) if rows else "Not run yet."


def _patience_table(patience):
    rows = []
    for waits, penalty in sorted({(r["patience"], r["penalty"]) for r in patience}):
        some = patience(patience=waits, penalty=penalty)
        rows.append([waits, penalty, f"{some.accuracy:4}", f"{some.n_epochs:.0f}"])
    if not rows:
        return "Not run yet."
    return table(["patience", "penalty", "accuracy", "epochs"], rows)
