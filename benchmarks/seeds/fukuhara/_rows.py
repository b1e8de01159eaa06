"""The lines of the page for Fukuhara et al.: simulated spectra, and all together."""

import numpy as np

from benchmarks.seeds._paper import Row, spread, verdict
from benchmarks.seeds.fukuhara._rows_mixing import mixing_rows
from benchmarks.seeds.fukuhara._rows_small import block_rows, small_set_rows
from benchmarks.seeds.fukuhara._summary import clearly_above, mean, take, with_settings

NEAR_ZERO = 0.05  # of a map's highest point


def rows(results):
    """Return the lines in the order of the paper."""
    return [
        *network_rows(results.get("network")),
        *filter_rows(results.get("filters")),
        *distractor_rows(results.get("distractors")),
        *small_set_rows(results),
        *block_rows(results),
        *mixing_rows(results),
        *not_checked(),
    ]


def network_rows(records):
    """Figure 1."""
    if not records:
        return []
    found = records[0]
    right = found["units"] == [1451, 726, 363]
    counted = found["n_weights"] == found["by_hand"]
    return [
        Row(
            "Fig. 1",
            "pooling twice turns 1451 points into 726 and 363 units; 64 filters of 8 "
            "points, 128 features",
            "1451 - 726 - 363",
            f"{' - '.join(map(str, found['units']))}; {found['n_weights']:,} weights "
            "for 9 classes",
            "-",
            verdict(right, counted),
            "the number of weights is not given; counted by hand from the layers of "
            f"the figure it is {found['by_hand']:,}",
        )
    ]


def filter_rows(records):
    """Figure 2; comparisons are between fits with the same seed."""
    if not records:
        return []
    sizes = with_settings(records, "kernel_size", n_filters=64)
    numbers = with_settings(records, "n_filters", kernel_size=8)
    if 8 not in sizes or min(len(sizes), len(numbers)) < 2:
        return []
    found = [size_row(sizes), *best_size_row(sizes), number_row(numbers)]
    return [*found, *enough_row(numbers), background_row(sizes[8])]


def size_row(sizes):
    """Figure 2a: from the largest size down to 8."""
    some = {size: sizes[size] for size in sorted(sizes) if size >= 8}
    widths = [mean(records, "linear", "width") for records in some.values()]
    masses = [mean(records, "linear", "mass") for records in some.values()]
    return Row(
        "Fig. 2a",
        f"the map gets narrower around the line as filters shrink from {max(some)} to "
        "8 channels",
        "shown, no figure",
        f"width of the map {in_order(some, 'linear', 'width', 0)} channels; share "
        f"within 2 FWHM {in_order(some, 'linear', 'mass')}",
        simulated(some),
        verdict(np.all(np.diff(widths) > 0), np.all(np.diff(masses) < 0)),
    )


def best_size_row(sizes):
    """Section 4.1: the size should be close to the width of a line, 4 channels."""
    if not {2, 4} <= set(sizes):
        return []
    some = {size: sizes[size] for size in sorted(sizes) if size <= 16}
    finer = clearly_above(sizes[4], sizes[2], "linear", "width")
    heavier = clearly_above(sizes[2], sizes[4], "linear", "mass")
    narrower = "Maps are narrower still" if finer else "Maps are no narrower"
    more = "more" if heavier else "no more"
    return [
        Row(
            "Sec. 4.1",
            "a filter about as wide as a line is the best choice",
            "8 for lines of 4",
            f"width of the map {in_order(some, 'linear', 'width', 1)} channels; share "
            f"within 2 FWHM {in_order(some, 'linear', 'mass')}, on this package's "
            f"bands {in_order(some, 'bands', 'mass')}",
            simulated(some),
            verdict(not finer, not heavier),
            "sizes of 2 and 4 were not tried in the paper; asked for: nothing is "
            f"gained from 4 to 2. {narrower} there, and {more} of them is on the line",
        )
    ]


def number_row(numbers):
    """Figure 2b."""
    numbers = dict(sorted(numbers.items()))
    tried = list(numbers)
    few, many = numbers[tried[0]], numbers[tried[-1]]
    narrower = clearly_above(few, many, "linear", "width")
    heavier = clearly_above(many, few, "linear", "mass")
    flatter = clearly_above(few, many, "linear", "background")
    better = {"narrower": narrower, "heavier on the line": heavier}
    better["flatter beside it"] = flatter
    gained = [name for name, true in better.items() if true]
    missing = [name for name, true in better.items() if not true]
    return Row(
        "Fig. 2b",
        f"the more filters, {tried[0]} to {tried[-1]}, the better the map meets the "
        "line",
        "shown, no figure",
        f"width {in_order(numbers, 'linear', 'width', 1)}; share within 2 FWHM "
        f"{in_order(numbers, 'linear', 'mass')}; background "
        f"{in_order(numbers, 'linear', 'background', 4)}",
        simulated(numbers),
        verdict(*better.values()),
        f"with {tried[-1]} filters against {tried[0]} maps are {listed(gained)}"
        + (f", not {listed(missing)}" if missing else ""),
    )


def enough_row(numbers):
    """Section 4.1: 64 filters do."""
    largest = max(numbers)
    if 64 not in numbers or largest <= 64:
        return []
    accuracy = mean(numbers[64], "accuracy")
    most = mean(numbers[largest], "accuracy")
    return [
        Row(
            "Sec. 4.1",
            "64 filters are enough to recognise the test spectra",
            "sufficient",
            f"accuracy {accuracy:.3f} with 64, {most:.3f} with {largest}, "
            f"{mean(numbers[min(numbers)], 'accuracy'):.3f} with {min(numbers)}",
            simulated({n: numbers[n] for n in (min(numbers), 64, largest)}),
            verdict(accuracy >= most - 0.01),
        )
    ]


def distractor_rows(records):
    """Figure 3, and the background level."""
    if not records:
        return []
    data = simulated({8: records}) + ", three random lines"
    shown = {
        score: take(records, f"Grad-CAM, {score}", "random_shown")
        for score in ("logit", "log-odds")
    }
    alone = take(records, "Grad-CAM, logit", "only_random")
    of_class = take(records, "Grad-CAM, logit", "class_shown")
    ratio = take(records, "Grad-CAM, logit", "distractor_ratio")
    return [
        Row(
            "Fig. 3",
            "Grad-CAM shows the random lines",
            "shown, no figure",
            f"they stand out in {spread(shown['logit'], 2)} of the maps of the logit, "
            f"in {spread(shown['log-odds'], 2)} of those of the log-odds; random line "
            f"{spread(ratio, 2)} times as high as the class's",
            data,
            verdict(shown["logit"].mean() >= 0.95, ratio.mean() >= 0.8),
            "asked for: in 0.95 of the maps of the logit, 0.8 times as high. Grad-CAM "
            "weighs feature maps by the sum of their gradients; where that comes out "
            "negative, the map is high where there are no lines. The paper does not "
            "say which score it takes",
        ),
        Row(
            "Fig. 3",
            "Grad-CAM shows all lines except the class's",
            "shown, no figure",
            f"class's line less than half as high as the others in {spread(alone, 2)} "
            f"of the maps of the logit; it stands out in {spread(of_class, 2)}",
            data,
            verdict(alone.mean() >= 0.5),
            "averaging the gradients over the axis forgets where a line is, so that "
            "it cannot leave one out",
        ),
        contribution_row(records, "linear", "Fig. 3", data),
        contribution_row(records, "bands", "Fig. 3, this package's maps", data),
    ]


def contribution_row(records, upsample, place, data):
    """Figure 3: the contribution map shows the class's line alone."""
    found = {
        name: take(records, f"contribution, {upsample}", name)
        for name in (
            "mass",
            "pointing",
            "above_distractors",
            "distractor_ratio",
            "deletion",
        )
    }
    return Row(
        place,
        "the contribution map shows the class's line and no other"
        + (" (units interpolated)" if upsample == "linear" else " (units on bands)"),
        "shown, no figure",
        f"share within 2 FWHM {spread(found['mass'], 2)}; highest point there "
        f"{spread(found['pointing'], 2)}; above every random line "
        f"{spread(found['above_distractors'], 2)}; random line over class's "
        f"{spread(found['distractor_ratio'], 2)}; deletion over the spectrum's own "
        f"{spread(found['deletion'], 2)}",
        data,
        verdict(
            found["mass"].mean() >= 0.55,
            found["pointing"].mean() >= 0.95,
            found["above_distractors"].mean() >= 0.95,
            found["distractor_ratio"].mean() <= 0.15,
            found["deletion"].mean() <= 0.6,
        ),
        "asked for: share 0.55 or more, 0.95, 0.95, 0.15 or less, 0.6 or less",
    )


def background_row(records):
    """Section 4.1 and 4.2: near zero where the spectrum has no line."""
    level = take(records, "linear", "background")
    return Row(
        "Sec. 4.1",
        "the map is near zero far from the line",
        "near zero",
        f"mean height {spread(level, 4)} of the highest point",
        simulated({8: records}),
        verdict(level.mean() <= NEAR_ZERO),
        "64 filters of 8 channels, more than 50 channels from the line",
    )


def not_checked():
    """What cannot be checked."""
    return [
        Row(
            "Fig. 4, 6, S1-S3, S6, S7",
            "spectra of medicines and of 20 amino acids, and single lines of them "
            "(1600 and 360 cm-1 of two medicines)",
            "shown",
            "-",
            "not public",
            verdict(),
            "neither the spectra nor the supplement are at hand; the substitutes are "
            "named in the other lines",
        )
    ]


def simulated(groups):
    """Say what the data are, and how many seeds the settings have."""
    counts = sorted({len(records) for records in groups.values()})
    number = " or ".join(map(str, counts))
    return f"the paper's simulation, {number} seeds, 90 test spectra each"


def in_order(groups, placed, name, digits=2):
    """Write mean ± standard deviation for each setting."""
    texts = []
    for setting, records in groups.items():
        found = take(records, placed, name)
        deviation = f" ± {found.std(ddof=1):.{digits}f}" if len(found) > 1 else ""
        texts.append(f"{setting}: {found.mean():.{digits}f}{deviation}")
    return ", ".join(texts)


def listed(words):
    """Write words with commas, or "no better"."""
    return ", ".join(words) or "no better"
