"""Claims of Zhang et al. (2020) on what the layers do and how they decide."""

import numpy as np

from benchmarks.seeds._paper import spread
from benchmarks.seeds._zhang_claims import Claim, of_network
from benchmarks.seeds._zhang_models import PAPER_NET

MARGIN = 0.1  # what a share may lie below the paper's


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


LAYERS = (
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
