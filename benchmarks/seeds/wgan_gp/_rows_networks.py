"""The poster's two claims about networks: parameters and time, and the penalty."""

import numpy as np

from benchmarks.seeds._paper import Row, verdict
from benchmarks.seeds.wgan_gp._networks import CONVOLUTIONAL, HIDDEN
from benchmarks.seeds.wgan_gp._results import (
    by_networks,
    by_way,
    difference,
    missing_row,
    paired,
    spread_of,
)

VANISHED, EXPLODED = 0.01, 100.0  # slopes of the critic; the penalty asks for 1
PLACE = "abstract, design"
DATA = "simulated, 50 a class"
OURS = "penalty, Adam"
PAIRS = {
    "clipping, Adam": OURS,
    "wide clipping, Adam": OURS,
    "clipping, RMSprop": "penalty, RMSprop",
}


def design_rows(results):
    """Return rows on convolutional against fully connected networks."""
    return [*_cost(results.get("times", [])), *_quality(by_networks(results))]


def _cost(times):
    parameters = "Convolutional networks have far fewer parameters than connected ones"
    seconds = "Convolutional networks save computing time"
    if not times:
        return [
            missing_row(PLACE, parameters, "far fewer"),
            missing_row(PLACE, seconds, "less"),
        ]
    sizes = sorted({record["n_points"] for record in times})
    of_size = [[r for r in times if r["n_points"] == n] for n in sizes]
    more, slower = {}, {}
    for name in HIDDEN:
        more[name] = [
            _ratio({n: sum(p) for n, p in r[0]["parameters"].items()}, name)
            for r in of_size
        ]
        slower[name] = [
            np.median([_ratio(record["critic_seconds"], name) for record in records])
            for records in of_size
        ]
    points = f"at {', '.join(map(str, sizes))} points"
    return [
        Row(
            PLACE,
            parameters,
            "far fewer",
            f"{_listed(more)} as many {points}, generator and critic together",
            "architectures only",
            verdict(*(min(ratios) > 1 for ratios in more.values())),
            "no sizes on the poster; the large pair has four layers of 512 units, the "
            "small one a layer of 64",
        ),
        Row(
            PLACE,
            seconds,
            "less",
            f"{_listed(slower)} the time {points}; medians of "
            f"{len(times) // len(sizes)} turns",
            "CPU, one thread, batches of 24",
            verdict(*(min(ratios) > 1 for ratios in slower.values())),
            "a convolution uses each parameter many times: fewer parameters are not "
            "less work",
        ),
    ]


def _quality(networks):
    if len(networks) < 2:
        return []
    ours = networks[CONVOLUTIONAL]
    gaps = {
        name: paired(ours, part, _log_frechet)
        for name, part in networks.items()
        if name != CONVOLUTIONAL
    }
    return [
        Row(
            PLACE,
            "(not said) convolutional networks lose no quality",
            "no figure",
            _distances(networks, ours),
            DATA,
            verdict(*(low <= 0 for _, low, _ in gaps.values())),
            "logarithm, convolutional minus "
            + "; minus ".join(f"{n} {difference(*gap, 2)}" for n, gap in gaps.items())
            + "; holds if not reliably above 0. Same iterations, not same time",
        )
    ]


def stability_rows(results):
    """Return rows on the gradient penalty against weight clipping."""
    ways = by_way(results)
    pairs = {a: b for a, b in PAIRS.items() if {a, b} <= set(ways)}
    stable = "A gradient penalty makes training more stable than weight clipping"
    better = "A gradient penalty makes better spectra than weight clipping"
    if OURS not in ways or not pairs:
        return [
            missing_row(PLACE, stable, "more stable"),
            missing_row(PLACE, better, "better"),
        ]
    lost = {name: np.mean([_lost(r) for r in part]) for name, part in ways.items()}
    losses, quality = (
        {a: paired(ways[b], ways[a], value) for a, b in pairs.items()}
        for value in (_log_loss_spread, _log_frechet)
    )
    return [
        Row(
            PLACE,
            stable,
            "more stable",
            "slope of the critic (share of runs where it vanished or exploded, or "
            "training stopped): "
            + "; ".join(
                f"{name} {_typical_slope(part):.2g} ({lost[name]:.0%})"
                for name, part in ways.items()
            )
            + ". Spread of the critic's loss over its mean, last half: "
            + "; ".join(
                f"{name} {spread_of(part, lambda r: r['loss_spread'], 2)}"
                for name, part in ways.items()
            ),
            DATA,
            verdict(
                *(lost[b] < lost[a] for a, b in pairs.items()),
                *(high < 0 for _, _, high in losses.values()),
            ),
            "logarithm of that spread, penalty minus "
            + "; minus ".join(f"{n} {difference(*g, 2)}" for n, g in losses.items())
            + ". A critic whose slope has vanished learns nothing, and its loss is "
            "steady",
        ),
        Row(
            PLACE,
            better,
            "better",
            _distances(ways, ways[OURS]),
            DATA,
            verdict(*(high < 0 for _, _, high in quality.values())),
            "logarithm, penalty minus "
            + "; minus ".join(f"{n} {difference(*g, 2)}" for n, g in quality.items())
            + " (same optimizer). RMSprop has the rate of 5e-5 that belongs to "
            "clipping, too small for so few iterations",
        ),
    ]


def _distances(groups, reference):
    parts = [f"{n} {spread_of(part, _frechet)}" for n, part in groups.items()]
    real = spread_of(reference, lambda r: r["reference"]["frechet_distance"])
    return f"Frechet distance: {'; '.join(parts)}; real training spectra {real}"


def _ratio(values, name):
    return values[name] / values[CONVOLUTIONAL]


def _listed(ratios):
    return "; ".join(
        f"{name} {', '.join(f'{ratio:.2g}x' for ratio in values)}"
        for name, values in ratios.items()
    )


def _frechet(record):
    return record["scores"]["frechet_distance"]


def _log_frechet(record):
    return np.log(_frechet(record))


def _log_loss_spread(record):
    return np.log(record["loss_spread"])


def _late_slope(record):
    slopes = record["curves"]["slope"]
    return np.median(slopes[len(slopes) // 2 :]) if slopes else np.nan


def _typical_slope(records):
    return np.median([_late_slope(record) for record in records])


def _lost(record):
    return bool(record["problem"]) or not VANISHED < _late_slope(record) < EXPLODED
