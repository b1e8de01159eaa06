"""Claims of Zhang et al. (2020) on class maps."""

import numpy as np
from scipy.signal import find_peaks

from benchmarks.seeds.zhang._claims import Claim, by_label, mean_of
from benchmarks.seeds.zhang._models import BINS, NARROW, PAPER_NET

MARGIN = 0.1  # what a share of spectra may lie below the paper's
LINE_REACH = 20  # cm-1
CHANCE = 0.1  # overlap of the highest tenths of two unrelated rankings
_NETWORKS = (PAPER_NET, NARROW, BINS)  # the first of those that ran is judged


def _for_classes(records, name, write):
    """Write something on the records of each class, by network."""
    return f"{name}: " + ", ".join(
        f"{label} {write(label, found)}"
        for label, found in by_label(records, name).items()
    )


def _known(records):
    return [name for name in _NETWORKS if by_label(records, name)]


def _judged(records):
    """Return the records of each class for the network that a claim is about."""
    return by_label(records, _known(records)[0])


def _each(records, write):
    names = _known(records)
    return ". ".join(_for_classes(records, name, write) for name in names)


def _higher_at(band, than):
    """The mean map of each class is higher at one band than at another."""

    def judge(records):
        def levels(found):
            return [mean_of(found, "level", name) for name in (band, than)]

        def write(label, found):
            return "{:.2f}/{:.2f}".format(*levels(found))

        found = _judged(records).values()
        holds = [np.greater(*levels(some)) for some in found]
        here = f"{_each(records, write)} ({band}/{than}, map 0 to 1)"
        return here, holds, _elsewhere(records, holds)

    return judge


def _elsewhere(records, holds):
    """Say where the maps of the classes peak for which a claim does not hold."""
    parts = []
    for (label, some), right in zip(_judged(records).items(), holds, strict=False):
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
        found = _judged(records)
        holds = [
            share(label, some) >= wanted.get(label, in_order) - MARGIN
            for (label, some), in_order in zip(
                found.items(), wanted.values(), strict=False
            )
        ]
        return _each(records, write), holds, _elsewhere(records, holds)

    return judge


def _own_maps(records):
    """The most alike of the classes' mean maps correlate by less than 0.5."""

    def write(label, found):
        return f"{mean_of(found, 'most_alike'):.2f}"

    found = _judged(records)
    alike = [
        label for label, some in found.items() if mean_of(some, "most_alike") > 0.5
    ]
    holds = [label not in alike for label in found]
    here = f"correlation with the most similar class: {_each(records, write)}"
    why = f"the map of {', '.join(alike)} is like another class's" if alike else ""
    return here, holds, why


def _at_own_lines(records, examples):
    """Most mean maps are highest at a line of their class, and unlike the other's map.

    Lines are the peaks of the clean mean spectrum above a fifth of the highest.
    """
    axis, clean = (np.array(examples[0][part]) for part in ("wavenumbers", "clean"))
    near = {
        label: _near_a_line(axis, spectrum)
        for label, spectrum in zip(examples[0]["classes"], clean, strict=True)
    }

    def share(label, some):
        highest = [record["highest"] for record in some]
        return near[label][np.abs(axis - np.c_[highest]).argmin(axis=1)].mean()

    def write(label, some):
        alike = mean_of(some, "most_alike")
        return (
            f"{share(label, some):.2f} (chance {near[label].mean():.2f}; r {alike:.2f})"
        )

    found = _judged(records)
    holds = [share(label, some) > 0.5 for label, some in found.items()]
    why = _elsewhere(records, holds)
    holds.append(mean_of(sum(found.values(), []), "most_alike") < 0.5)
    here = (
        f"share of fits whose map is highest within {LINE_REACH} cm-1 of a line of the "
        f"class (r: correlation with the other's map): {_each(records, write)}"
    )
    return here, holds, why


def _near_a_line(axis, spectrum):
    """Mark the points within `LINE_REACH` of a peak."""
    lines, _ = find_peaks(spectrum, prominence=0.2 * np.ptp(spectrum))
    return (np.abs(axis[:, None] - axis[lines]) <= LINE_REACH).any(axis=1)


def _misclassified(records):
    """Maps of misclassified spectra are less like the class's map than correct ones."""
    parts, holds = [], []
    for name in _known(records):
        found = [record for some in by_label(records, name).values() for record in some]
        wrong = [value for record in found for value in record["wrong"]]
        if wrong:
            right = mean_of(found, "like_mean")
            parts.append(f"{name}: {np.mean(wrong):.2f} ({len(wrong)}) / {right:.2f}")
            holds.append(np.mean(wrong) < right)
    here = "correlation with the class's mean map, wrong/right: " + "; ".join(parts)
    return here, holds, ""


def _consistent(records):
    """The highest tenth of each class's map shares three times more with VIP's than
    chance does."""

    def write(label, found):
        return f"{mean_of(found, 'overlap_vip'):.2f}"

    found = _judged(records)
    holds = [mean_of(some, "overlap_vip") >= 3 * CHANCE for some in found.values()]
    here = f"highest tenths in common (chance {CHANCE}): {_each(records, write)}"
    return here, holds, _elsewhere(records, holds)


_FILTERS = {"minerals": "", "minerals narrow": ", with narrow filters"}

MAPS = (
    *(
        Claim(
            experiment,
            "Fig. 2",
            f"E. coli: classes have maps of their own, highest at their lines{filters}",
            "498: 624-652 cm-1, 1116: 652-735 cm-1",
            _at_own_lines,
            ("minerals example",),
        )
        for experiment, filters in _FILTERS.items()
    ),
    *(
        Claim(
            experiment,
            "Fig. 3",
            "E. coli: most spectra have the place that marks their class (here: where "
            f"it exceeds the other most) in the highest tenth of the map{filters}",
            "0.99 and 0.82",
            _frequency({"498": 0.99, "1116": 0.82}),
        )
        for experiment, filters in _FILTERS.items()
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
        _higher_at("1740", "1650"),
    ),
    Claim(
        "meat",
        "Fig. 4",
        "meat: maps are also high at 1000-1150 cm-1, as VIP is",
        "by eye",
        _higher_at("1000-1150", "1650"),
    ),
    Claim(
        "meat",
        "Fig. 4",
        "meat: each class has a map of its own",
        "by eye",
        _own_maps,
    ),
    Claim(
        "meat",
        "Fig. 5",
        "meat: share of spectra with 1730-1750 cm-1 in the highest tenth of the map",
        "chicken 0.90, pork 0.78, turkey 0.78",
        _frequency({"Chicken": 0.90, "Pork": 0.78, "Turkey": 0.78}),
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
)
