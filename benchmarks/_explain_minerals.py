"""Strongest bands of the maps of four models on bundled minerals, for bench_explain."""

from functools import partial

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import load_minerals
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import ExplanationSummary, occlusion, plot_explanation
from sklearn_raman.neural_network import (
    CNNClassifier,
    FMCNNClassifier,
    GAPCNNClassifier,
)
from sklearn_raman.preprocessing import SNV, WavenumberResampler

NETS = {"CNN": CNNClassifier, "FMCNN": FMCNNClassifier, "GAP-CNN": GAPCNNClassifier}
LINES = {
    "Calcite": (1086,),
    "Dolomite": (1097,),
    "Forsterite": (824, 856),
    "Fluorapatite": (964,),
}
TOLERANCE = 10.0


def minerals(step=2, *, max_epochs="auto"):
    """Fit four models; return the bands of their maps, and the summaries."""
    data = load_minerals(as_frame=True)
    X, y = data.data, data.target_names[data.target]
    folds = StratifiedGroupKFold(3, shuffle=True, random_state=0)
    train, test = next(iter(folds.split(X, y, data.groups)))
    test = test[np.isin(y[test], list(LINES))]
    settings = {"max_epochs": max_epochs, "random_state": 0}
    models = {"PLS-LDA": PLSLDA(n_components=20)}
    models |= {name: net(**settings) for name, net in NETS.items()}
    rows, summaries = [], {}
    for name, classifier in models.items():
        grid = WavenumberResampler(target_wavenumbers=(150, 1508, step))
        model = make_pipeline(grid, SNV(), classifier)
        model.set_output(transform="pandas").fit(X.iloc[train], y[train])
        # PLS-LDA is too sure for log-odds. Hidden is the width of a line, in points of
        # the raw axis, 1 cm-1 apart.
        score = "logit" if name == "PLS-LDA" else "logodds"
        hide = partial(occlusion, width=18, score=score)
        maps = {"explain_": {}, "occlusion": {"explain": hide}}
        if name != "PLS-LDA":
            maps["explain_, interpolated"] = {"upsample": "linear"}
            maps["integrated gradients"] = {"method": "integrated_gradients"}
        for method, how in maps.items():
            summary = ExplanationSummary.from_estimator(
                model, X.iloc[test], y[test], normalize="max", **how
            )
            summaries[name, method] = summary
            labels = {"step": step, "model": name, "map": method}
            rows += [labels | row for row in lines_of(summary)]
    return pd.DataFrame(rows), summaries


def lines_of(summary):
    """Yield the strongest bands of each mineral and the lines they meet."""
    for mineral in summary.mean.index:
        positions = summary.bands(n_bands=5).loc[mineral, "position"].to_numpy()
        gaps = [float(np.abs(positions - line).min()) for line in LINES[mineral]]
        yield {
            "mineral": mineral,
            "bands": positions.tolist(),
            "lines": list(LINES[mineral]),
            "distance": gaps,
            "found": max(gaps) <= TOLERANCE,
            "correct": int(summary.counts.loc[mineral, "correct"]),
            "total": int(summary.counts.loc[mineral, "total"]),
        }


def draw_doublet(summaries):
    """Draw the doublet of forsterite in the colors of mean maps."""
    shown = {
        ("PLS-LDA", "explain_"): "PLS-LDA, explain_",
        ("CNN", "explain_"): "CNN, explain_ (contribution)",
        ("CNN", "explain_, interpolated"): "CNN, the same, interpolated between units",
        ("CNN", "integrated gradients"): "CNN, integrated gradients",
    }
    maps = {}
    for key, title in shown.items():
        summary = summaries[key]
        near = (summary.axis > 780) & (summary.axis < 900)
        maps[title] = summary.mean.loc["Forsterite"].to_numpy()[near]
    spectrum = summary.mean_spectrum.loc["Forsterite"].to_numpy()[near]
    axis = summary.axis[near]
    figure = plot_explanation(spectrum, maps, wavenumbers=axis, n_bands=2)
    title = (
        "Forsterite, lines at 824 and 856 cm$^{-1}$. Numbers: highest points of maps"
    )
    figure.suptitle(title, fontsize=10)
    return figure
