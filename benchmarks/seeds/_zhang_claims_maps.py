"""Claims of Zhang et al. (2020) on class maps, VIP, feature maps and decisions."""

import numpy as np

from benchmarks.seeds._paper import spread
from benchmarks.seeds._zhang_claims import Claim, by_label, mean_of, of_network
from benchmarks.seeds._zhang_models import BINS, PAPER_NET, PLS, PLS_UNSCALED

MARGIN = 0.1  # what a share of spectra may lie below the paper's
CHANCE = 0.1  # overlap of the highest tenths of two unrelated rankings
_NETWORKS = (PAPER_NET, BINS)


def _for_classes(records, name, write):
    """Write something on the records of each class, by network."""
    return f"{name}: " + ", ".join(
        f"{label} {write(label, found)}"
        for label, found in by_label(records, name).items()
    )


def _both(records, write):
    known = [name for name in _NETWORKS if by_label(records, name)]
    return ". ".join(_for_classes(records, name, write) for name in known)


def _fat_not_water(records):
    """The mean map of each class is higher at 1740 than at 1650 cm-1."""

    def write(label, found):
        levels = [mean_of(found, "level", band) for band in ("1740", "1650")]
        return "{:.2f}/{:.2f}".format(*levels)

    holds = [
        mean_of(found, "level", "1740") > mean_of(found, "level", "1650")
        for found in by_label(records, PAPER_NET).values()
    ]
    here = _both(records, write) + " (1740/1650, 0..1)"
    return here, holds, _elsewhere(records, holds)


def _elsewhere(records, holds):
    """Say where the maps of the classes peak for which a claim does not hold."""
    parts = []
    for (label, some), right in zip(
        by_label(records, PAPER_NET).items(), holds, strict=False
    ):
        if not right:
            place = np.median([record["highest"] for record in some])
            parts.append(f"the mean map of {label} is highest at {place:.0f} (median)")
    return "; ".join(parts)


def _frequency(wanted):
    """As large a share of the spectra as in the paper, less `MARGIN`, is active there.

    `wanted` gives the share for each class; a class of another name, in the order of
    the names, stands in for it. The window is the first one, or the class's own.
    """

    def share(label, some):
        window = "1740" if "1740" in some[0]["touched"] else label
        return mean_of(some, "touched", window)

    def write(label, some):
        by_chance = mean_of(some, "by_chance")
        return f"{share(label, some):.2f} (anywhere {by_chance:.2f})"

    def judge(records):
        found = by_label(records, PAPER_NET)
        holds = [
            share(label, some) >= wanted.get(label, in_order) - MARGIN
            for (label, some), in_order in zip(
                found.items(), wanted.values(), strict=False
            )
        ]
        return _both(records, write), holds, _elsewhere(records, holds)

    return judge


def _discriminative(records):
    """Maps are higher at the class's own line, and unlike the other class's map."""
    holds = []
    for label, found in by_label(records, PAPER_NET).items():
        (other,) = (name for name in found[0]["level"] if name != label)
        own, others = (mean_of(found, "level", name) for name in (label, other))
        holds.append(own > others)
    alike = {
        name: np.mean([mean_of(some, "most_alike") for some in found.values()])
        for name in _NETWORKS
        if (found := by_label(records, name))
    }
    holds.append(alike[PAPER_NET] < 0.5)

    def write(label, found):
        (other,) = (name for name in found[0]["level"] if name != label)
        levels = [mean_of(found, "level", name) for name in (label, other)]
        return "{:.2f}/{:.2f}".format(*levels)

    correlation = ", ".join(f"{value:.2f}" for value in alike.values())
    here = (
        f"{_both(records, write)} (height of the map at the line of the class / of the "
        f"other); correlation of the classes' maps: {correlation}"
    )
    return here, holds, _elsewhere(records, holds)


def _misclassified(records):
    """Maps of misclassified spectra are less like the class's map than correct ones."""
    parts, holds = [], []
    for name in _NETWORKS:
        found = [record for some in by_label(records, name).values() for record in some]
        wrong = [value for record in found for value in record["wrong"]]
        if wrong:
            right = mean_of(found, "like_mean")
            parts.append(f"{name}: {np.mean(wrong):.2f} ({len(wrong)}) / {right:.2f}")
            holds.append(np.mean(wrong) < right)
    here = "correlation with the class's mean map, wrong/right: " + "; ".join(parts)
    return here, holds, ""


def _vip_of_meat(records):
    """VIP is highest near 1740, above 1 there and at 1000-1150, lower at 1650 cm-1."""
    found, parts = {}, []
    for model in (PLS, PLS_UNSCALED):
        bands = {b: mean_of(records, "vip", model, b) for b in records[0]["bands"]}
        found[model] = bands, np.median([r["vip_highest"][model] for r in records])
        written = ", ".join(f"{b}: {v:.2f}" for b, v in bands.items())
        parts.append(f"{model}: highest at {found[model][1]:.0f}; {written}")
    bands, highest = found[PLS]
    holds = (
        1720 <= highest <= 1760,
        bands["1740"] > 1 and bands["1000-1150"] > 1,
        bands["1650"] < bands["1740"],
    )
    why = "needs variables divided by their standard deviation, scikit-learn's default"
    return ". ".join(parts), holds, why


def _vip_of_minerals(records):
    """VIP of the derivative is above 1 at the line of each class."""
    bands = {b: mean_of(records, "vip", PLS, b) for b in records[0]["bands"]}
    highest = np.median([record["vip_highest"][PLS] for record in records])
    written = ", ".join(f"line of {b}: {value:.2f}" for b, value in bands.items())
    holds = [value > 1 for value in bands.values()]
    why = "" if all(holds) else "a derivative shows a line at its flanks"
    return f"{written}; highest at {highest:.0f}", holds, why


def _consistent(records):
    """The highest tenth of each class's map shares three times more with VIP's than
    chance does."""

    def write(label, found):
        return f"{mean_of(found, 'overlap_vip'):.2f}"

    found = by_label(records, PAPER_NET)
    holds = [mean_of(some, "overlap_vip") >= 3 * CHANCE for some in found.values()]
    here = f"highest tenths in common (chance {CHANCE}): {_both(records, write)}"
    why = "" if all(holds) else "not for each class; by eye the paper finds some bands"
    return here, holds, why


def _layer(records, number, what):
    layers = [found[number] for found in of_network(records, PAPER_NET, "layers")]
    return [found[what] for found in layers if found[what] is not None]


def _first_layer(records):
    """At least 0.4 of the maps look like the spectrum, and these are smoother."""
    like = _layer(records, 0, "like_input")
    rough = _layer(records, 0, "roughness")
    smoother = bool(rough) and np.mean(rough) < 1
    here = f"{spread(like, 2)} correlate with the spectrum by more than 0.9"
    if rough:
        here += f"; second differences {spread(rough, 2)} of the spectrum's"
    holds = np.mean(like) >= 0.5 - MARGIN, smoother
    why = "" if all(holds) else "the shapes of the filters depend on their widths"
    return here, holds, why


def _silent_maps(records):
    """Between 0.2 and 0.45 of the first layer's maps are nearly zero everywhere."""
    silent = _layer(records, 0, "zero_maps")
    holds = 0.2 <= np.mean(silent) <= 0.45
    why = "" if holds else "depends on initial weights and on the training"
    return spread(silent, 2), (holds,), why


def _sparser(records):
    """From the first to the second layer, and on to the third, more units are zero."""
    shares = [np.mean(_layer(records, n, "zero_activations")) for n in range(3)]
    written = ", ".join(f"{share:.2f}" for share in shares)
    holds = shares[1] > shares[0], shares[2] > shares[1]
    return f"units that are 0, by layer: {written}", holds, ""


def _sorted(records):
    """Feature maps with a higher weight for a class are higher for that class."""
    shares = [
        found["sorted_by_weight"]
        for found in of_network(records, PAPER_NET, "decision")
    ]
    here = f"of the difference in averages: {spread(shares, 2)}"
    return here, (np.mean(shares) > 0.5 + MARGIN,), ""


def _adds_up(records):
    """Products of averages and weights add up to the scores; the class's is highest."""
    found = of_network(records, PAPER_NET, "decision")
    error = max(one["error"] for one in found)
    right = [one["right"] for one in found]
    scores = np.array(found[0]["scores"])[0]
    written = " and ".join(f"{score:+.2f}" for score in scores)
    here = (
        f"{written} in the first fit; largest deviation from the output {error:.0e}; "
        f"mean spectra named correctly {spread(right, 2)}"
    )
    return here, (error < 1e-3, np.mean(right) > 1 - MARGIN), ""


MAPS = (
    Claim(
        "minerals",
        "Fig. 2",
        "E. coli: maps differ between the classes and peak where the classes do",
        "498: 624-652 cm-1, 1116: 652-735 cm-1",
        _discriminative,
    ),
    Claim(
        "minerals",
        "Fig. 3",
        "E. coli: most spectra have the class's line in the highest tenth of the map",
        "0.99 and 0.82",
        _frequency({"498": 0.99, "1116": 0.82}),
    ),
    Claim(
        "minerals",
        "Fig. A3",
        "maps of misclassified spectra have patterns of their own",
        "by eye",
        _misclassified,
    ),
    Claim(
        "meat",
        "Fig. 4",
        "meat: maps are highest at 1740 cm-1 (fat), low at 1650 (water, protein)",
        "by eye",
        _fat_not_water,
    ),
    Claim(
        "meat",
        "Fig. 5",
        "meat: share of spectra with 1730-1750 cm-1 in the highest tenth of the map",
        "chicken 0.90, pork 0.78, turkey 0.78",
        _frequency({"Chicken": 0.90, "Pork": 0.78, "Turkey": 0.78}),
    ),
    Claim(
        "meat",
        "Fig. 6",
        "meat: VIP is highest at 1740 cm-1 and high at 1000-1150",
        "by eye",
        _vip_of_meat,
    ),
    Claim(
        "minerals",
        "Fig. 6",
        "E. coli: VIP is high at the lines that matter",
        "above 1.5 at 652, 955 and 1330 cm-1",
        _vip_of_minerals,
    ),
    *(
        Claim(
            data,
            "Section 3.2",
            f"{name}: class maps and VIP find the same bands",
            "by eye",
            _consistent,
        )
        for data, name in (("meat", "meat"), ("minerals", "E. coli"))
    ),
    Claim(
        "minerals",
        "Fig. 7",
        "first layer: maps look like a smoothed spectrum, as of Savitzky-Golay",
        "nearly half",
        _first_layer,
    ),
    Claim(
        "minerals",
        "Fig. 7",
        "first layer: maps that are nearly zero everywhere",
        "one third",
        _silent_maps,
    ),
    Claim(
        "minerals",
        "Fig. 7",
        "from layer to layer less of the axis is active",
        "by eye",
        _sparser,
    ),
    Claim(
        "minerals",
        "Fig. 7",
        "third layer: maps with a high weight for a class answer to that class",
        "by eye",
        _sorted,
    ),
    *(
        Claim(
            data,
            "Fig. 8",
            f"{name}: averages times weights add up to the scores",
            p,
            _adds_up,
        )
        for data, name, p in (
            ("minerals", "E. coli", "+2.30 and -2.37"),
            ("meat", "meat", "not shown"),
        )
    ),
)
