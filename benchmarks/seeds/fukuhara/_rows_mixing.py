"""The lines of the page for section 4.3 of Fukuhara et al.: mixtures."""

from benchmarks.seeds._paper import Row, spread, verdict
from benchmarks.seeds.fukuhara._summary import mean, take

GOOD = 0.99
SETS = {
    "mixing_acids": "6 amino acids and relatives, repeats of one sample each",
    "mixing_minerals": "{n} bundled minerals",
}


def mixing_rows(results):
    """Section 4.3, Figures 7 and S8, for each set of substances."""
    rows = []
    for name, what in SETS.items():
        records = [r for r in results.get(name, []) if r.get("high", 0.5) == 0.5]
        if not records:
            continue
        what = what.format(n=records[0].get("n_minerals"))
        data = f"{what}; {len(records)} fits, {records[0]['n_test']} test mixtures"
        rows += [
            accuracy_row(records, data),
            svm_row(records, data),
            sign_row(records, data, "major"),
            sign_row(records, data, "strongest of the minor"),
            component_row(records, data),
        ]
    return rows


def accuracy_row(records, data):
    """Section 4.3: the major component is always found."""
    fold = take(records, "accuracy", "CNN", "fold")
    test = take(records, "accuracy", "CNN", "test")
    others = take(records, "accuracy", "CNN", "others")
    text = f"test {spread(test)}, folds {spread(fold)}"
    why = "the same pure spectra, or repeats of the same sample, are in training and "
    why += "test mixtures"
    if len(others):
        text += f"; mixtures of other crystals {spread(others)}"
        if others.mean() < test.mean():
            why += "; mixtures of crystals that were not trained on are harder"
    holds = verdict(test.mean() >= GOOD, fold.mean() >= GOOD)
    return Row(
        "Sec. 4.3",
        "the larger part of a mixture is always recognised (ratios 0.1 to 0.5)",
        "1.000",
        text,
        data,
        holds,
        why,
    )


def svm_row(records, data):
    """Figure S8: slightly better than PCA + SVM."""
    cnn = take(records, "accuracy", "CNN", "test")
    svm = take(records, "accuracy", "PCA + SVM", "test")
    text = f"{spread(svm)}, difference {spread(cnn - svm)}"
    others = take(records, "accuracy", "CNN", "others")
    if len(others):
        other_svm = take(records, "accuracy", "PCA + SVM", "others")
        text += f"; other crystals {spread(other_svm)}, {spread(others - other_svm)}"
    why = ""
    if cnn.mean() == svm.mean():
        why = "equal on the paper's test: tuned, PCA + SVM reach the same"
    return Row(
        "Fig. S8",
        "PCA + SVM are slightly worse",
        "slightly below 1",
        text,
        data,
        verdict(cnn.mean() > svm.mean()),
        why,
    )


def sign_row(records, data, lines):
    """Figure 7: positive at lines of the major part, negative at the minor's."""
    wanted = "positive" if lines == "major" else "negative"
    texts = []
    for score, words in (("logodds", "log-odds"), ("logit", "logit")):
        share = take(records, "maps", score, wanted, lines)
        height = mean(records, "maps", score, "height", lines)
        texts.append(f"{words}: {wanted} at {spread(share, 2)}, mean {height:+.2f}")
    share = mean(records, "maps", "logodds", wanted, lines)
    height = mean(records, "maps", "logodds", "height", lines)
    if lines == "major":
        claim = "the map is high at the lines of the larger part"
        weak = ""
    else:
        claim = "the map is negative at the strongest line of the smaller part"
        every = mean(records, "maps", "logodds", "negative", "minor")
        weak = f"; at all lines of the smaller part alone {every:.2f}"
    return Row(
        "Fig. 7",
        claim,
        "shown for three mixtures",
        "; ".join(texts),
        data,
        verdict(share > 0.5, (height > 0) == (lines == "major")),
        "mean heights within 4 cm-1 of lines that the other part has not, the highest "
        "point of the map being 1" + weak,
    )


def component_row(records, data):
    """Section 4.3: the map as the spectrum of the common component."""
    parts = ("larger", "smaller")
    of_map = {
        part: take(
            [{"r": r["maps"]["logodds"]["correlation"][k]} for r in records], "r"
        )
        for k, part in enumerate(parts)
    }
    of_input = {
        part: mean([{"r": r["maps"]["input_correlation"][k]} for r in records], "r")
        for k, part in enumerate(parts)
    }
    taken_out = of_map["smaller"].mean() < of_input["smaller"] / 2
    better = of_map["larger"].mean() >= of_input["larger"]
    why = "asked for: with the smaller part less than half of the mixture's own, with "
    why += "the larger at least as much"
    if taken_out and not better:
        why += ". The smaller part is taken out, yet the mixture is more like the pure "
        why += "spectrum than the map: a map shows what tells the substances apart"
    return Row(
        "Sec. 4.3",
        "the map extracts the spectrum of the larger part",
        "shown for three mixtures",
        "correlation of the positive map with the pure larger part "
        f"{spread(of_map['larger'], 2)}, smaller part {spread(of_map['smaller'], 2)}; "
        f"of the mixture itself {of_input['larger']:.2f} and "
        f"{of_input['smaller']:.2f}",
        data,
        verdict(taken_out, better),
        why,
    )
