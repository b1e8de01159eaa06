"""Claims of Zhang et al. (2020) on the VIP of PLS-LDA."""

import numpy as np

from benchmarks.seeds.zhang._claims import Claim, mean_of
from benchmarks.seeds.zhang._models import PLS, PLS_UNSCALED


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


VIP = (
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
)
