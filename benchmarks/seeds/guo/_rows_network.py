"""Guo et al. 2020: lines of the page about maps (Fig. 5) and the network's size."""

from benchmarks.seeds._paper import Row, verdict
from benchmarks.seeds.guo._maps import HEAD_START, MAPS
from benchmarks.seeds.guo._models import INPUTS
from benchmarks.seeds.guo._tables import INPUT_NAMES, chosen, names_of

# What counts as strong at lines, near zero, the same map, and stronger where rare.
STRONG, NEAR_ZERO, SAME, RARE = 0.9, 0.05, 0.9, -0.1


def network_rows(results):
    """Return the lines on Fig. 5 and on the fire module."""
    return [*map_rows(results), *size_rows(results), _not_measured()]


def map_rows(results):
    """Return the lines on Fig. 5 and the text around it."""
    records = {r["spectra"]: r for r in chosen(results, "deconvolution")}
    records = {name: records[name] for name in INPUTS if name in records}
    return [
        _map_row(
            records,
            "Fig. 5",
            "what the pooling layer sends back is strong at the strong lines",
            _at_lines,
            f"Holds if the highest point is on the strongest line in {STRONG:.0%} of "
            "the spectra, and lines hold twice their share. The map swings above and "
            "below zero around a line (see the pictures), which lowers its correlation "
            "with the spectrum.",
        ),
        _map_row(
            records,
            "Fig. 5",
            "it is near zero where there is only background",
            _off_lines,
            f"Near zero is {NEAR_ZERO} of the highest point or less.",
        ),
        _map_row(
            records,
            "Fig. 5, text",
            "it tells the weights that the classification rests on",
            _of_the_decision,
            "The way back starts at all feature maps as they are. What the layers "
            "behind them do with these has no say, so that every class has the same "
            "map, also with random weights there. It shows what the network sees; the "
            "map `contribution` shows what speaks for a class.",
        ),
        _map_row(
            records,
            "Fig. 5, text",
            "a line that other minerals do not have is stronger in it, one that they "
            "share is weaker",
            _by_rarity,
            "Strength is the height in the map over the height in the spectrum. Holds "
            f"at {RARE} or below.",
        ),
    ]


def _map_row(records, place, claim, judge, why):
    """Make a line; `judge` returns figures in words, and whether the claim holds."""
    found = [judge(record) for record in records.values()]
    here = "; ".join(
        f"{INPUT_NAMES[name]}: {text}"
        for name, (text, *_) in zip(records, found, strict=True)
    )
    holds = [condition for _, *conditions in found for condition in conditions]
    data = names_of(list(records.values()))
    if records:
        counts = {record["n_spectra"] for record in records.values()}
        numbers = " and ".join(map(str, sorted(counts)))
        data += f"; {numbers} correctly named test spectra of one fold"
    return Row(place, claim, "a picture", here or "not run", data, verdict(*holds), why)


def _at_lines(record):
    found = record["deconv"]
    return (
        f"highest point on the strongest line in {found['strongest_line']:.0%} of the "
        f"spectra, {found['on_lines']:.0%} of the map on lines ({found['chance']:.0%} "
        f"of the points are), correlation with the spectrum {found['correlation']:.2f}",
        found["strongest_line"] >= STRONG,
        found["on_lines"] >= 2 * found["chance"],
    )


def _off_lines(record):
    level = record["deconv"]["off_lines"]
    return (
        f"median level off the lines {level:.3f} of the highest point",
        level <= NEAR_ZERO,
    )


def _of_the_decision(record):
    forgotten = {name: record[name]["forgotten"][HEAD_START] for name in MAPS}
    other = {name: record[name]["other_class"] for name in MAPS}
    return (
        f"correlation of the maps for the right class and the runner-up "
        f"{other['deconv']:.2f}, with the map after the layers behind the pooling are "
        f"forgotten {forgotten['deconv']:.2f}; of `contribution` "
        f"{other['contribution']:.2f} and {forgotten['contribution']:.2f}",
        other["deconv"] < SAME,
        forgotten["deconv"] < SAME,
    )


def _by_rarity(record):
    found = {name: record[name]["rarity"] for name in MAPS}
    words = {name: "none" if v is None else f"{v:+.2f}" for name, v in found.items()}
    text = (
        "rank correlation of a line's strength in the map with the number of minerals "
        f"that share it {words['deconv']}; of `contribution` {words['contribution']}"
    )
    return (text,) if found["deconv"] is None else (text, found["deconv"] <= RARE)


def size_rows(results):
    """Return the lines on parameters and computation."""
    (found,) = results.get("size") or [None]
    fire = cost = dense = "not run"
    fewer = cheaper = lighter = ()
    if found:
        ours, plain = found["FMCNN"], found["plain"]
        flat = found["dense"]["parameters"]
        fire = (
            f"module {ours['block_parameters']:,} against {plain['block_parameters']:,}"
            f"; network {ours['parameters']:,} against {plain['parameters']:,} "
            f"({1 - ours['parameters'] / plain['parameters']:.1%} fewer)"
        )
        fewer = (
            ours["block_parameters"] < 0.5 * plain["block_parameters"],
            ours["parameters"] < 0.5 * plain["parameters"],
        )
        cost = (
            f"{ours['multiplications'] / 1e6:.1f} against "
            f"{plain['multiplications'] / 1e6:.1f} million multiplications a spectrum; "
            f"training step {ours['seconds_per_step'] * 1e3:.0f} against "
            f"{plain['seconds_per_step'] * 1e3:.0f} ms"
        )
        cheaper = [ours["multiplications"] < plain["multiplications"]]
        dense = (
            f"FMCNN {ours['parameters']:,}, `CNNClassifier` (Fukuhara et al.) "
            f"{found['CNN']['parameters']:,}, fully connected with the same hidden "
            f"layer {flat:,}"
        )
        lighter = [ours["parameters"] < flat]
    data = "counted for 1360 points and 196 minerals"
    return [
        Row(
            "Abstract, model",
            "the fire module makes a wide network with few parameters",
            "no figure",
            fire,
            data,
            verdict(*fewer),
            "Against a plain convolution of the same width. Fewer than half counts as "
            "few: of the module, and of the network. Nearly all parameters are in the "
            "fully connected layer behind it.",
        ),
        Row(
            "Abstract, model",
            "the fire module lowers the cost of computing",
            "no figure",
            cost,
            data,
            verdict(*cheaper),
            "Against the same. The verdict is on multiplications; times depend on the "
            "machine.",
        ),
        Row(
            "Model",
            "it has fewer parameters than a fully connected network",
            "no figure",
            dense,
            data,
            verdict(*lighter),
            "The paper does not say which one. Feature maps are longer than the "
            "spectrum and each of their values is connected; convolutions save "
            "parameters only against dense layers that make as many feature maps.",
        ),
    ]


def _not_measured():
    return Row(
        "Fig. 2, 3; Tables II, III",
        "drawings of the network and of deconvolution; characteristic bands of groups",
        "drawings; bands from textbooks",
        "no experiment",
        "",
        verdict(),
        "Nothing was measured there.",
    )
