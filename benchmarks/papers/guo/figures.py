"""Guo et al. 2020: pictures, from the records alone."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.papers.guo.models import INPUTS, METHODS
from benchmarks.papers.guo.values import PAPER_FMCNN, PAPER_LDA, PAPER_SVM

_COLORS = {"KNN": "tab:blue", "SVM": "tab:orange", "LDA": "tab:green"}
_COLORS |= {"FMCNN": "tab:red", "Random forest": "tab:purple"}
_LINE_COLORS = {"spectrum": "k", "deconv": "tab:blue", "contribution": "tab:red"}
_PAPER = {"FMCNN": PAPER_FMCNN, "SVM": PAPER_SVM, "LDA": PAPER_LDA}
_BELOW = {"loc": "outside lower center", "ncols": 5, "fontsize": 9}
_INPUT_TEXTS = {
    "paper": "spectra and settings as in the paper",
    "fair": "fair preprocessing and settings",
}
_MAP_TEXTS = {
    "spectrum": "spectrum",
    "deconv": "deconvolution\n(paper, Fig. 5)",
    "contribution": "contribution\nto the mineral",
}


def figures(results):
    """Return the pictures that the results allow, by name."""
    records = results.get("random_folds") or results.get("bundled_random_folds", [])
    tested = results.get("new_crystals") or results.get("bundled_new_crystals", [])
    folds, crystals = accuracies(records), accuracies(tested)
    made = {}
    if len(folds) or len(crystals):
        made["accuracy"] = draw_accuracies(folds, crystals)
    if len(folds) > 1:
        made["repetitions"] = draw_repetitions(folds)
    maps = results.get("deconvolution") or results.get("bundled_deconvolution", [])
    return made | {f"maps_{r['spectra']}": draw_maps(r) for r in maps}


def accuracies(records):
    """Return a frame: a row for each fold or draw, a column for (input, method)."""
    places = ["repetition", "fold", "seed"]
    frame = pd.DataFrame(records, columns=["spectra", "method", "accuracy", *places])
    frame[places] = frame[places].fillna(-1).astype(int)
    return frame.pivot(index=places, columns=["spectra", "method"], values="accuracy")


def draw_accuracies(folds, crystals):
    """Draw means and spreads of every method, inputs side by side."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, spectra in zip(panels, INPUTS, strict=True):
        for scores, text, marker, shift in (
            (folds, "random folds", "o", -0.12),
            (crystals, "new crystals", "s", 0.12),
        ):
            known = [(i, m) for i, m in enumerate(METHODS) if (spectra, m) in scores]
            values = [scores[spectra, method] for _, method in known]
            spread = [v.std(ddof=1) if v.count() > 1 else 0.0 for v in values]
            where = [v.mean() for v in values], [i + shift for i, _ in known]
            style = {"fmt": marker, "capsize": 3, "label": text}
            axes.errorbar(*where, xerr=spread, **style)
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


def draw_repetitions(folds):
    """Draw the mean accuracy of each repetition over its folds."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    means = folds.groupby(level="repetition").mean()
    for axes, spectra in zip(panels, INPUTS, strict=True):
        for method in (m for m in METHODS if (spectra, m) in means):
            style = {"color": _COLORS[method], "marker": "o", "markersize": 4}
            axes.plot(means.index + 1, means[spectra, method], label=method, **style)
        axes.set_title(_INPUT_TEXTS[spectra], fontsize=10)
        axes.set_xlabel("repetition")
        axes.set_xticks(means.index + 1)
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
            axes.plot(axis, values, linewidth=0.9, color=_LINE_COLORS[name])
            axes.set_yticks([])
        row[0].set_ylabel(text, fontsize=9)
    ends = zip(panels[0], panels[-1], shown["minerals"], strict=True)
    for top, bottom, mineral in ends:
        top.set_title(mineral, fontsize=10)
        bottom.set_xlabel("wavenumber (cm$^{-1}$)", fontsize=9)
    return figure
