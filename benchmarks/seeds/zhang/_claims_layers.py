"""Claims of Zhang et al. (2020) on what the layers do and how they decide."""

import numpy as np

from benchmarks.seeds._paper import spread
from benchmarks.seeds.zhang._claims import Claim, of_network
from benchmarks.seeds.zhang._models import NARROW, PAPER_NET

MARGIN = 0.1  # what a share may lie below the paper's


_WIDTHS = {
    "minerals": "filters of 124 cm-1",
    "minerals narrow": "filters of 28 cm-1",
}


def _found(records, kind):
    """Return what was found for the paper's network, broad or narrow."""
    return of_network(records, PAPER_NET, kind) or of_network(records, NARROW, kind)


def _layer(records, number, what):
    layers = [found[number] for found in _found(records, "layers")]
    return [found[what] for found in layers if found[what] is not None]


def _first_layer(records):
    """At least 0.4 of the maps look like the spectrum, and these are smoother."""
    like = _layer(records, 0, "like_input")
    rough = _layer(records, 0, "roughness")
    smoother = bool(rough) and np.mean(rough) < 1
    here = f"{spread(like, 2)} correlate with the spectrum by more than 0.9"
    if rough:
        here += f"; their second differences: {spread(rough, 2)} of the spectrum's"
    holds = np.mean(like) >= 0.5 - MARGIN, smoother
    why = "the wider the filters the fewer; the paper's widths are not public"
    return here, holds, "" if all(holds) else why


def _silent_maps(records):
    """Between 0.2 and 0.45 of the first layer's maps are nearly zero everywhere."""
    silent = _layer(records, 0, "zero_maps")
    holds = 0.2 <= np.mean(silent) <= 0.45
    why = f"from {min(silent):.2f} to {max(silent):.2f} from fit to fit"
    return spread(silent, 2), (holds,), "" if holds else why


def _sparser(records):
    """From the first to the second layer, and on to the third, more units are zero."""
    shares = [np.mean(_layer(records, n, "zero_activations")) for n in range(3)]
    written = ", ".join(f"{share:.2f}" for share in shares)
    holds = shares[1] > shares[0], shares[2] > shares[1]
    why = "the third layer has broad maps, see the picture" if not holds[1] else ""
    return f"units that are 0, by layer: {written}", holds, why


def _sorted(records):
    """Feature maps with a higher weight for a class are higher for that class."""
    shares = [found["sorted_by_weight"] for found in _found(records, "decision")]
    here = f"of the difference in averages: {spread(shares, 2)}"
    return here, (np.mean(shares) > 0.5 + MARGIN,), ""


def _adds_up(records):
    """Products of averages and weights add up to the scores; the class's is highest."""
    found = _found(records, "decision")
    error = max(one["error"] for one in found)
    right = [one["right"] for one in found]
    scores = np.array(found[0]["scores"])[0]
    written = " and ".join(f"{score:+.2f}" for score in scores)
    here = (
        f"{written} in the first fit; largest deviation from the output {error:.0e}; "
        f"mean spectra named correctly {spread(right, 2)}"
    )
    return here, (error < 1e-3, np.mean(right) > 1 - MARGIN), ""


_OF_LAYERS = (
    (
        "first layer, {}: maps look like a smoothed spectrum, as of Savitzky-Golay",
        "nearly half",
        _first_layer,
    ),
    (
        "first layer, {}: maps that are nearly zero everywhere",
        "one third",
        _silent_maps,
    ),
    ("from layer to layer less of the axis is active ({})", "by eye", _sparser),
    (
        "third layer, {}: maps with a high weight for a class answer to that class",
        "by eye",
        _sorted,
    ),
)
LAYERS = (
    *(
        Claim(experiment, "Fig. 7", text.format(width), paper, judge)
        for text, paper, judge in _OF_LAYERS
        for experiment, width in _WIDTHS.items()
    ),
    *(
        Claim(
            data,
            "Fig. 8",
            f"{name}: averages times weights add up to the scores",
            paper,
            _adds_up,
        )
        for data, name, paper in (
            ("minerals", "E. coli", "+2.30 and -2.37"),
            ("meat", "meat", "not shown"),
        )
    ),
)
