"""Guo et al. 2020: lines of the page about the spectra and the choice of settings."""

import numpy as np

from benchmarks.seeds._paper import Row, spread, verdict
from benchmarks.seeds.guo._tables import chosen, names_of

N_SPECTRA, N_MINERALS = 3284, 196
_CLAIMS = {"KNN": "k = 1 is best for KNN", "SVM": "a linear kernel is best for the SVM"}


def spectra_rows(results):
    """Return the lines on the data set and on Fig. 1."""
    records = chosen(results, "spectra")
    counts = likeness = "not run"
    same = alike = ()
    if records:
        (found,) = records
        own = found.get("shown")
        counts = (
            f"{found['n_spectra']:,} spectra, {found['n_minerals']} minerals, "
            f"{found['n_crystals']} crystals; {1 - found['whole_range']:.0%} of the "
            "spectra were not measured over all of 150 to 1509 cm-1 and are 0 there"
        )
        if found["data"] == "rruff":
            same = [
                (found["n_spectra"], found["n_minerals"]) == (N_SPECTRA, N_MINERALS)
            ]
        likeness = (
            "median correlation with the most alike spectrum of the same crystal "
            f"{found['same_crystal']:.3f}, of another crystal of the mineral "
            f"{found['other_crystal']:.3f}, of another mineral "
            f"{found['other_mineral']:.3f}"
        )
        if own:
            likeness = (
                f"albite: {own['n_spectra']} spectra of {own['n_crystals']} crystals, "
                f"correlation of pairs {own['median']:.2f} (median), "
                f"{own['lowest']:.2f} (lowest). All minerals: {likeness}"
            )
        alike = [found["same_crystal"] > found["other_crystal"]]
    return [
        Row(
            "Data",
            "196 minerals and 3,284 spectra are left of 222 and 3,696",
            "3,284 spectra, 196 minerals",
            counts,
            names_of(records),
            verdict(*same),
            "The paper's rule is not clear enough to follow: spectra that are measured "
            "from 163 to 1104 cm-1, of minerals with two or more, give these numbers; "
            "so do other rules."
            if same
            else "Not the paper's set.",
        ),
        Row(
            "Fig. 1",
            "spectra of one mineral differ (shown for albite)",
            "a picture",
            likeness,
            names_of(records),
            verdict(*alike),
            "They differ between crystals; those of one crystal are near-duplicates, "
            "which random folds put on both sides.",
        ),
    ]


def settings_rows(results):
    """Say whether the settings that the paper chose are the best here."""
    return [_settings_row(results, method) for method in _CLAIMS]


def _settings_row(results, method):
    records = [r for r in chosen(results, "settings") if r["method"] == method]
    here, holds = "not run", ()
    if records:
        found = records[0]["accuracy"]
        here = "; ".join(f"{name}: {spread(values)}" for name, values in found.items())
        first, *others = (np.mean(values) for values in found.values())
        holds = [all(first >= other for other in others)]
    return Row(
        "Comparison with other methods",
        _CLAIMS[method],
        "chosen by search",
        here,
        names_of(records),
        verdict(*holds),
        "Spectra as in the paper, one repetition.",
    )
