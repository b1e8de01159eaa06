"""Pictures for Zhang et al. (2020), drawn from the results alone."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from benchmarks.papers.zhang.models import BINS, PAPER_NET, PLS

_MAP, _BINS, _SPECTRUM, _INK = "#d55e00", "#0072b2", "#c3c9d1", "#1f2933"
_BEHIND, _TITLE = {"color": _SPECTRUM, "lw": 0}, {"loc": "left", "fontsize": 9.5}
_TITLES = {"meat": "meat", "minerals": "two minerals in place of E. coli"}
_AXES = {"meat": "wavenumber (cm$^{-1}$)", "minerals": "Raman shift (cm$^{-1}$)"}


def figures(results):
    """Return the pictures that the results allow, by name."""
    found = {data: results.get(f"{data}_example", []) for data in _TITLES}
    examples = {data: records[0] for data, records in found.items() if records}
    made = {f"{data}_maps": class_maps(one, data) for data, one in examples.items()}
    if examples:
        made["vip"] = vip(examples)
    if "minerals" in examples:
        made["layers"] = layers(examples["minerals"])
    parts = {data: results.get(f"{data}_partitions", []) for data in _TITLES}
    parts = {data: records for data, records in parts.items() if records}
    return made | ({"partitions": partitions(parts)} if parts else {})


def class_maps(example, data):
    """Draw mean maps and frequencies of active points, a row for each class."""
    names = example["classes"]
    axis = np.array(example["wavenumbers"])
    figure = _figure(10, 2.1 * len(names) + 0.9)
    grid = figure.subplots(len(names), 2, sharex=True, squeeze=False)
    handles = {}
    for row, (name, clean) in enumerate(zip(names, example["clean"], strict=True)):
        left, right = grid[row]
        for axes, height in ((left, 1), (right, 100)):
            behind = axes.fill_between(axis, 0, height * _unit(clean), **_BEHIND)
            handles["mean spectrum"] = behind
        for network, color in ((PAPER_NET, _MAP), (BINS, _BINS)):
            maps = example[network]
            if name not in maps["classes"]:
                continue
            place = maps["classes"].index(name)
            mean, std = (np.array(maps[part][place]) for part in ("mean", "std"))
            (handles[network],) = left.plot(axis, mean, color=color, lw=1.2)
            around = mean - std, mean + std
            left.fill_between(axis, *around, color=color, alpha=0.2, lw=0)
            frequency = 100 * np.array(maps["top_frequency"][place])
            right.plot(axis, frequency, color=color, lw=1.2)
        numbers = [example[network]["correct"][name] for network in (PAPER_NET, BINS)]
        total = example[PAPER_NET]["total"][name]
        title = f"{name}: {numbers[0]} and {numbers[1]} of {total} spectra right"
        left.set_title(title, **_TITLE)
        left.set_ylabel("map, 0 to 1 (± sd)", fontsize=9)
        right.set_ylabel("% of spectra", fontsize=9)
        left.set_ylim(-0.05, 1.25)
        right.set_ylim(0, 105)
    grid[0, 1].set_title("point among the highest tenth", **_TITLE)
    _finish(figure, grid[-1], axis, data, handles)
    return figure


def vip(examples):
    """Draw the VIP of PLS-LDA over the mean spectra, a panel for each data set."""
    figure = _figure(10, 2.4 * len(examples) + 0.4)
    grid = figure.subplots(len(examples), 1, squeeze=False)[:, 0]
    for axes, (data, example) in zip(grid, examples.items(), strict=True):
        axis, scores = (np.array(example[part]) for part in ("wavenumbers", "vip"))
        high = scores.max()
        for clean in example["clean"]:
            axes.fill_between(axis, 0, high * _unit(clean), alpha=0.5, **_BEHIND)
        axes.plot(axis, scores, color=_INK, lw=1.1)
        axes.axhline(1, color=_MAP, lw=0.8, ls="--")
        before = "first derivative, " if data == "minerals" else ""
        names = ", ".join(example["classes"])
        text = f"{_TITLES[data]}: {before}autoscaled; grey: mean spectra of {names}"
        axes.set_title(text, **_TITLE)
        axes.set_ylabel(f"VIP of {PLS}", fontsize=9)
        _finish(figure, [axes], axis, data)
    return figure


def layers(example):
    """Draw the feature maps of three layers as colours, and the decision below."""
    axis = np.array(example["wavenumbers"])
    first, other = example["classes"][:2]
    weights = np.array(example["weights"])
    contrast = weights[0] - weights[1]
    order = np.argsort(-contrast)
    figure = _figure(10, 9.2)
    grid = figure.subplots(5, 1, height_ratios=[1, 1.2, 1.6, 2.2, 1.6])
    grid[0].plot(axis, example["entered"], color=_INK, lw=1)
    grid[0].set_title(f"mean spectrum of {first} as the network gets it", **_TITLE)
    for number, maps in enumerate(example["layers"], 1):
        maps, axes = np.array(maps), grid[number]
        text = f"layer {number}: {len(maps)} feature maps (dark: active)"
        if number == len(example["layers"]):
            maps = maps[order]
            text += f", sorted: above for {first}, below for {other}"
        edges = np.linspace(axis[0], axis[-1], maps.shape[1] + 1)
        rows = np.arange(len(maps) + 1)
        axes.pcolormesh(edges, rows, maps, cmap="Oranges", vmin=0)
        axes.invert_yaxis()
        axes.set_ylabel("map", fontsize=9)
        axes.set_title(text, **_TITLE)
    for axes in grid[:4]:
        axes.set_xlim(axis.min(), axis.max())
        axes.tick_params(labelsize=8)
    grid[3].set_xlabel(_AXES["minerals"], fontsize=9)
    _decision(grid[4], example, order)
    return figure


def _decision(axes, example, order):
    products = np.array(example["pooled"]) * np.array(example["weights"])
    places = np.arange(len(order))
    parts = example["classes"], products, example["sums"], (_MAP, _BINS)
    for name, row, total, color in zip(*parts, strict=True):
        label = f"{name}: they add up to {total:+.2f}"
        axes.bar(places, row[order], color=color, alpha=0.6, label=label)
    axes.axhline(0, color=_INK, lw=0.6)
    axes.set_title("average times weight of each map", **_TITLE)
    axes.set_xlabel("feature map of layer 3, as sorted above", fontsize=9)
    axes.legend(frameon=False, fontsize=8.5)
    _bare(axes)


def partitions(parts):
    """Draw accuracies, mean maps and VIP of all partitions, a column for each set."""
    n_rows = 2 + max(len(records[0]["classes"]) for records in parts.values())
    figure = _figure(5.2 * len(parts), 1.75 * n_rows + 0.3)
    grid = figure.subplots(n_rows, len(parts), squeeze=False)
    for column, (data, records) in enumerate(parts.items()):
        top, *panels = grid[:, column]
        _partition_accuracies(top, records, _TITLES[data])
        names = records[0]["classes"]
        curves = [
            (f"{name}: mean map, 0 to 1", [record["maps"][row] for record in records])
            for row, name in enumerate(names)
        ]
        curves.append((f"VIP of {PLS}", [record["vip"] for record in records]))
        axis = np.array(records[0]["wavenumbers"])
        shades = colormaps["viridis"](np.linspace(0, 0.85, len(records)))
        for axes, (title, lines) in zip(panels, curves, strict=False):
            for line, shade in zip(lines, shades, strict=True):
                axes.plot(axis, line, color=shade, lw=1)
            axes.set_title(f"{title}, a line a partition", **_TITLE)
            axes.set_xlim(axis.min(), axis.max())
            _bare(axes)
        panels[len(curves) - 1].set_xlabel(_AXES[data], fontsize=9)
        for axes in panels[len(curves) :]:
            axes.remove()
    return figure


def _partition_accuracies(axes, records, title):
    places = np.arange(len(records))
    means = [np.mean(record["tests"]) for record in records]
    spreads = [np.std(record["tests"], ddof=1) for record in records]
    label = f"{PAPER_NET}, {len(records[0]['tests'])} runs ± sd"
    style = {"fmt": "o", "color": _MAP, "capsize": 3, "label": label}
    axes.errorbar(places - 0.06, means, spreads, **style)
    pls = [record["pls_test"] for record in records]
    axes.plot(places + 0.06, pls, "s", color=_INK, label=PLS)
    axes.set_xticks(places, ["base", *places[1:]])
    axes.set_xlim(-0.5, len(records) - 0.5)
    axes.set_ylabel("test accuracy", fontsize=9)
    axes.set_title(f"{title}: partitions by sample", loc="left", fontsize=9.5)
    axes.legend(frameon=False, fontsize=8)
    _bare(axes)


def _figure(width, height):
    return Figure(figsize=(width, height), layout="constrained")


def _bare(axes):
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _finish(figure, last, axis, data, handles=None):
    """Label the lowest panels, and write one legend above all."""
    for axes in last:
        axes.set_xlabel(_AXES[data], fontsize=9)
        axes.set_xlim(axis.min(), axis.max())
    for axes in figure.axes:
        _bare(axes)
    if handles:
        style = {"loc": "outside upper center", "frameon": False, "fontsize": 9}
        figure.legend(handles.values(), handles, ncols=len(handles), **style)


def _unit(values):
    values = np.array(values)
    return (values - values.min()) / (values.max() - values.min())
