"""Guo et al. 2020: pictures, from the records alone."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks.seeds.guo._models import INPUTS, METHODS
from benchmarks.seeds.guo._rows import PAPER_FMCNN, PAPER_LDA, PAPER_SVM
from benchmarks.seeds.guo._tables import accuracies, chosen

_COLOURS = {
    "KNN": "tab:blue",
    "SVM": "tab:orange",
    "LDA": "tab:green",
    "FMCNN": "tab:red",
    "Random forest": "tab:purple",
}
_LINE_COLOURS = {"spectrum": "k", "deconv": "tab:blue", "contribution": "tab:red"}
_PAPER = {"FMCNN": PAPER_FMCNN, "SVM": PAPER_SVM, "LDA": PAPER_LDA}
_BELOW = {"loc": "outside lower center", "ncols": 5, "fontsize": 9}
_INPUT_TEXTS = {
    "paper": "spectra and settings as in the paper",
    "fair": "fair preprocessing",
}
_MAP_TEXTS = {
    "spectrum": "spectrum",
    "deconv": "deconvolution\n(paper, Fig. 5)",
    "contribution": "contribution\nto the mineral",
}


def figures(results, folder):
    """Draw what there are records for; returns pairs of file name and caption."""
    made = []
    folds = accuracies(chosen(results, "random_folds"))
    crystals = accuracies(chosen(results, "new_crystals"))
    if len(folds) or len(crystals):
        caption = (
            "Accuracy on random folds (as in the paper) and on crystals that were "
            "not learned from; bars are standard deviations over folds or draws, "
            "crosses the paper's figures."
        )
        made.append(("accuracy", draw_accuracies(folds, crystals), caption))
    if len(folds) > 1:
        caption = (
            "Accuracy fold by fold, first repetition, in place of the paper's Fig. 4."
        )
        made.append(("folds", draw_folds(folds), caption))
    maps = {r["spectra"]: r for r in chosen(results, "deconvolution")}
    for spectra in INPUTS:
        if spectra in maps:
            caption = (
                "What the pooling layer of FMCNN sends back to the spectrum, as in "
                f"Fig. 5, and the map of what speaks for the mineral; "
                f"{_INPUT_TEXTS[spectra]}. Test spectra of one random fold."
            )
            made.append((f"maps_{spectra}", draw_maps(maps[spectra]), caption))
    named = []
    for name, figure, caption in made:
        path = Path(folder) / f"seeds_002_{name}.png"
        figure.savefig(path, dpi=110)
        named.append((path.name, caption))
    return named


def draw_accuracies(folds, crystals):
    """Draw means and spreads of every method, inputs side by side."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, spectra in zip(panels, INPUTS, strict=True):
        for scores, text, marker, shift in (
            (folds, "random folds", "o", -0.12),
            (crystals, "new crystals", "s", 0.12),
        ):
            height = [
                i + shift for i, m in enumerate(METHODS) if (spectra, m) in scores
            ]
            values = [scores[spectra, m] for m in METHODS if (spectra, m) in scores]
            axes.errorbar(
                [v.mean() for v in values],
                height,
                xerr=[v.std(ddof=1) if v.count() > 1 else 0.0 for v in values],
                fmt=marker,
                capsize=3,
                label=text,
            )
        if spectra == "paper":
            at = [METHODS.index(method) - 0.12 for method in _PAPER]
            axes.plot(list(_PAPER.values()), at, "kx", label="the paper, random folds")
        axes.set_title(_INPUT_TEXTS[spectra], fontsize=10)
        axes.set_yticks(range(len(METHODS)), METHODS)
        axes.set_xlabel("accuracy")
        axes.grid(axis="x", alpha=0.3)
    panels[0].set_ylim(len(METHODS) - 0.5, -0.5)
    figure.legend(*panels[0].get_legend_handles_labels(), **_BELOW)
    return figure


def draw_folds(folds):
    """Draw the accuracy of each fold of the first repetition."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    first = folds.xs(0, level="repetition")
    number = first.index.get_level_values("fold") + 1
    for axes, spectra in zip(panels, INPUTS, strict=True):
        for method in METHODS:
            if (spectra, method) in first:
                axes.plot(
                    number,
                    first[spectra, method],
                    marker="o",
                    markersize=4,
                    color=_COLOURS[method],
                    label=method,
                )
        axes.set_title(_INPUT_TEXTS[spectra], fontsize=10)
        axes.set_xlabel("fold")
        axes.set_xticks(number)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("accuracy")
    shown = max(panels, key=lambda axes: len(axes.lines))
    figure.legend(*shown.get_legend_handles_labels(), **_BELOW)
    return figure


def draw_maps(record):
    """Draw spectrum, deconvolution and contribution of a few minerals."""
    shown = record["shown"]
    axis = np.linspace(*shown["axis"][:2], shown["axis"][2])
    n = len(shown["minerals"])
    figure = Figure(figsize=(2.6 * n, 4.6), layout="constrained")
    panels = figure.subplots(3, n, sharex=True, squeeze=False)
    for row, (name, text) in zip(panels, _MAP_TEXTS.items(), strict=True):
        for axes, values in zip(row, shown[name], strict=True):
            axes.axhline(0, color="0.8", linewidth=0.8)
            axes.plot(axis, values, linewidth=0.9, color=_LINE_COLOURS[name])
            axes.set_yticks([])
        row[0].set_ylabel(text, fontsize=9)
    for top, bottom, mineral in zip(
        panels[0], panels[-1], shown["minerals"], strict=True
    ):
        top.set_title(mineral, fontsize=10)
        bottom.set_xlabel("wavenumber (cm$^{-1}$)", fontsize=9)
    return figure
