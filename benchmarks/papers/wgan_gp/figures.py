"""Pictures of the poster's experiments, from the results alone."""

import numpy as np
from matplotlib.figure import Figure

from benchmarks.papers.wgan_gp.networks import CONVOLUTIONAL, NETWORKS
from benchmarks.papers.wgan_gp.quality import MEAN_AND_NOISE, SMOTE
from benchmarks.papers.wgan_gp.tasks import DEFAULT, PLAIN
from benchmarks.papers.wgan_gp.values import WAYS

DRAWN = (PLAIN, DEFAULT, SMOTE, MEAN_AND_NOISE)


def figures(results):
    """Return the pictures that the results allow, by name."""
    made = {}
    pictured = [r for r in results.get("indistinguishable", []) if "picture" in r]
    if pictured:
        made |= {"planes": _planes(pictured[0]), "spectra": _examples(pictured[0])}
    if results.get("times") or by_networks(results):
        made["networks"] = _networks(results)
    if len(by_way(results)) > 1:
        made["constraints"] = _curves(results)
    return made


def by_networks(results):
    """Return the records of quality by kind of networks."""
    records = results.get("networks", [])
    found = {name: [r for r in records if r["networks"] == name] for name in NETWORKS}
    return {name: part for name, part in found.items() if part}


def by_way(results):
    """Return records of quality by how the critic is held, and the optimizer."""
    penalized = by_networks(results).get(CONVOLUTIONAL, [])
    records = [*penalized, *results.get("constraints", [])]
    found = {
        name: [r for r in records if (r["clip"], r["optimizer"]) == way]
        for name, way in WAYS.items()
    }
    return {name: part for name, part in found.items() if part}


def _planes(record):
    planes = record["picture"]["planes"]
    names = [name for name in DRAWN if name in planes]
    figure = Figure(figsize=(11, 3.3), layout="constrained")
    axes = figure.subplots(1, len(names))
    for ax, name in zip(axes, names, strict=True):
        points = np.array(planes[name]["points"])
        clusters = np.array(planes[name]["clusters"])
        generated = np.arange(len(points)) >= planes[name]["real"]
        for marker, rows in (("o", ~generated), ("x", generated)):
            colors = np.where(clusters[rows] == 0, "tab:blue", "tab:orange")
            style = {"marker": marker, "s": 18, "linewidths": 1, "alpha": 0.8}
            ax.scatter(*points[rows].T, c=colors, **style)
        scores = record["scores"][name]
        told = [f"{scores[n]:.2f}" for n in ("poster_ari", "forest_accuracy")]
        ax.set_title(f"{name}\nK-means: {told[0]}, forest: {told[1]}", fontsize=9)
        ax.set_xlabel("PCA component 1")
    axes[0].set_ylabel("PCA component 2")
    legend = axes[0].legend(["real", "generated"], fontsize=8)
    for handle in legend.legend_handles:
        handle.set_color("grey")
    return figure


def _examples(record):
    picture = record["picture"]
    shown = {"real": picture["real"]}
    shown.update({n: picture["examples"][n] for n in DRAWN if n in picture["examples"]})
    axis = picture["axis"]
    figure = Figure(figsize=(9, 6), layout="constrained")
    ax = figure.subplots()
    for row, (name, spectra) in enumerate(reversed(shown.items())):
        for spectrum, color in zip(spectra, ("tab:blue", "tab:orange"), strict=True):
            ax.plot(axis, np.array(spectrum) + 1.1 * row, color=color, lw=0.8)
        ax.text(axis[-1] + 10, 1.1 * row, name, fontsize=9, va="bottom")
    ax.set(xlabel="Raman shift (cm$^{-1}$)", ylabel="intensity, shifted upwards")
    ax.set_yticks([])
    ax.set_xlim(axis[0], axis[-1])
    return figure


def _networks(results):
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    axes = figure.subplots(1, 3)
    times = results.get("times", [])
    sizes = sorted({record["n_points"] for record in times})
    for name in NETWORKS:
        of_size = [[r for r in times if r["n_points"] == n] for n in sizes]
        axes[0].plot(sizes, [sum(r[0]["parameters"][name]) for r in of_size], "o-")
        seconds = [np.median([r["critic_seconds"][name] for r in s]) for s in of_size]
        axes[1].plot(sizes, seconds, "o-", label=name)
    axes[0].set(ylabel="parameters, both networks", xlabel="points of a spectrum")
    axes[1].set(ylabel="CPU s for 1000 critic steps", xlabel="points of a spectrum")
    groups = by_networks(results)
    for place, (name, records) in enumerate(groups.items()):
        distances = [r["scores"]["frechet_distance"] for r in records]
        color = f"C{NETWORKS.index(name)}"
        axes[2].scatter([place] * len(distances), distances, color=color, s=20)
    if groups:
        real = [r["reference"]["frechet_distance"] for r in next(iter(groups.values()))]
        axes[2].axhline(np.mean(real), color="grey", lw=1, label="real spectra")
        axes[2].legend(fontsize=8)
    axes[2].set_xticks(range(len(groups)), [n.replace(", ", "\n") for n in groups])
    axes[2].tick_params(axis="x", labelsize=8)
    axes[2].set(ylabel="Frechet distance to held-out", xlim=(-0.5, len(groups) - 0.5))
    axes[0].set_yscale("log")
    for ax in axes[1:]:
        ax.set_ylim(bottom=0)
    axes[1].legend(fontsize=8)
    return figure


def _curves(results):
    panels = {
        "estimate": "critic's estimate (size)",
        "slope": "critic's slope",
        "held_out": "energy score, held-out (1: real)",
    }
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots(1, 3)
    for number, (name, records) in enumerate(by_way(results).items()):
        for record in records:
            for ax, what in zip(axes, panels, strict=True):
                values = np.abs(np.array(record["curves"][what], dtype=float))
                line = {"color": f"C{number}", "lw": 1, "alpha": 0.8}
                label = name if record is records[0] else None
                ax.plot(record["curves"]["iteration"], values, **line, label=label)
    for ax, label in zip(axes, panels.values(), strict=True):
        ax.set(xlabel="iteration", ylabel=label, yscale="log")
    axes[2].set(yscale="linear", ylim=(0, None))
    where = {"loc": "outside upper center", "ncols": 5, "fontsize": 8}
    figure.legend(*axes[0].get_legend_handles_labels(), **where)
    return figure
