"""Section 2.1 and 4.1: the network, and simulated spectra of one line.

Figure 2 is about filters: 20 training spectra of each of three classes, whose line of
4 channels FWHM is at 100, 500 or 1000 of 1024 channels, and 100 epochs at a learning
rate of 1e-4. Figure 3 adds three lines as high at random places to each spectrum, with
100 training spectra a class. The batch size is not given: 20. Maps are those of the
true class of fresh test spectra, for the log-odds of the class, which have the
direction of the probability; Grad-CAM also for the logit, since the paper says only
"score". "linear" is the paper's interpolation between units, "bands" this package's
default.
"""

import numpy as np
import torch

from benchmarks.bench_explain import FWHM, judge, simulate
from benchmarks.papers.fukuhara.models import paper_cnn
from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.inspection import localization_score
from sklearn_raman.neural_network import CNN, paper_settings

UPSAMPLE = ("linear", "bands")
MAPS = {
    "contribution, linear": {"method": "contribution", "upsample": "linear"},
    "contribution, bands": {"method": "contribution", "upsample": "bands"},
    "Grad-CAM, logit": {"method": "grad_cam", "upsample": "linear", "score": "logit"},
    "Grad-CAM, log-odds": {"method": "grad_cam", "upsample": "linear"},
}
SHOWN = slice(400, 601)  # channels of the picture's inset
FAR = 50  # channels from the line where a map should be near zero
N_TEST = 30  # spectra a class


def network(n_points, n_classes):
    """Return shapes and number of weights of the network of Figure 1."""
    settings = paper_settings("fukuhara", section="4.1")
    layers = ("n_blocks", "n_filters", "kernel_size", "pool_size", "n_hidden")
    layers += ("dropout", "negative_slope", "scaling", "derivative")
    module = CNN(n_points, n_classes, **{name: settings[name] for name in layers})
    shapes, pools = [n_points], []
    with torch.no_grad():
        signal = module.input(torch.zeros(1, n_points))
        for layer in module.blocks:
            signal = layer(signal)
            if "Pool" in type(layer).__name__:
                pools.append(signal.shape[-1])
    return {
        "units": shapes + pools,
        "n_channels": signal.shape[1],
        "n_weights": sum(p.numel() for p in module.parameters()),
        "by_hand": weights_by_hand(n_points, n_classes),
    }


def weights_by_hand(n_points, n_classes):
    """Count the weights and biases of Figure 1's layers."""
    units = (n_points + 3) // 4  # pooled twice by 2, incomplete windows kept
    convolutions = (8 * 1 * 64 + 64) + (8 * 64 * 64 + 64)
    return convolutions + (units * 64 * 128 + 128) + (128 * n_classes + n_classes)


def filters(kernel_size, n_filters, seed, epochs=100):
    """Train with one size and number of filters; measure the maps (Figure 2)."""
    X, y = make_lorentzian_spectra(random_state=seed)
    sizes = {"kernel_size": kernel_size, "n_filters": n_filters}
    net = paper_cnn("4.1", seed, epochs=epochs, **sizes).fit(X, y)
    fresh = {"return_truth": True, "random_state": 1000 + seed}
    X, y, truth = make_lorentzian_spectra(N_TEST, **fresh)
    loss = net.history_[-1]["train_loss"]
    record = {"accuracy": net.score(X, y), "training_loss": loss}
    for upsample in UPSAMPLE:
        maps = net.explain_(X, y, upsample=upsample)
        record[upsample] = measure(maps, truth.centers)
        if upsample == "linear" and seed == 100:
            row = np.flatnonzero(truth.centers == 500)[0]
            shown = maps[row] / np.abs(maps[row]).max()
            record["spectrum"] = X[row, SHOWN].round(3)
            record["map"] = shown[SHOWN]
    return record


def measure(maps, centers):
    """Say how sharp maps are and where they lie; medians or means over spectra."""
    place = {"fwhm": FWHM, "wavenumbers": "points"}
    scores = localization_score(maps, centers, **place)
    narrow = localization_score(maps, centers, n_widths=1.0, **place)
    return {
        "width": np.median(half_widths(maps)),
        "mass": scores["mass"].mean(),
        "pointing": scores["pointing"].mean(),
        "pointing_1": narrow["pointing"].mean(),
        "background": background(maps, centers).mean(),
    }


def half_widths(maps):
    """Return how many channels of each map are above half of its highest point."""
    return (maps > maps.max(axis=1, keepdims=True) / 2).sum(axis=1)


def background(maps, centers):
    """Return the mean absolute height far from the line over the highest one."""
    far = np.abs(np.arange(maps.shape[1]) - centers[:, None]) > FAR
    height = np.abs(maps)
    return (height * far).sum(axis=1) / far.sum(axis=1) / height.max(axis=1)


def distractors(seed, n_train=100, epochs=100):
    """Train among random lines; judge contribution and Grad-CAM (Figure 3)."""
    X, y, _ = simulate(n_train, seed)
    net = paper_cnn("4.1", seed, epochs=epochs).fit(X, y)
    X, y, truth = simulate(N_TEST, 1000 + seed)
    itself = judge(net, X, y, truth, X)
    record = {"accuracy": net.score(X, y), "the spectrum itself": itself.to_dict()}
    shown = one_of_each_class(y, truth) if seed == 100 else []
    if len(shown):
        lines = {n: getattr(truth, n)[shown] for n in ("centers", "distractors")}
        record["shown"] = {**lines, "spectrum": X[shown, ::2].round(3)}
    for name, settings in MAPS.items():
        maps = net.explain_(X, y, **settings)
        found = judge(net, X, y, truth, maps, itself["deletion_area"]).to_dict()
        record[name] = {**found, **lines_shown(maps, truth)}
        if len(shown) and settings["upsample"] == "linear":
            scaled = maps[shown].astype(float)
            scaled /= np.maximum(np.abs(scaled).max(axis=1, keepdims=True), 1e-12)
            record["shown"][name] = scaled[:, ::2].round(3)
    return record


def lines_shown(maps, truth, reach=2 * FWHM):
    """Say which lines stand out in maps: twice as high as where no line is.

    `random_shown` and `class_shown`, the share of maps in which the random lines and
    the line of the class stand out; `only_random`, the share in which the random lines
    do and the class's is less than half as high.
    """
    channels = np.arange(maps.shape[1])
    positions = np.column_stack([truth.centers, truth.distractors])
    near = np.abs(channels - positions[:, :, None]) <= reach
    own, others = near[:, 0], near[:, 1:].any(axis=1)

    def height(where):
        return (maps * where).sum(axis=1) / np.maximum(where.sum(axis=1), 1)

    nowhere = np.maximum(height(~own & ~others), 0)
    random, of_class = height(others & ~own), height(own & ~others)
    shown = random > 2 * nowhere
    only, own_shown = shown & (of_class < random / 2), of_class > 2 * nowhere
    found = {"random_shown": shown, "class_shown": own_shown, "only_random": only}
    return {name: maps.mean() for name, maps in found.items()}


def one_of_each_class(y, truth, apart=40):
    """Return the first spectrum of each class whose lines lie well apart."""
    lines = np.column_stack([truth.centers, truth.distractors])
    gaps = np.diff(np.sort(lines, axis=1), axis=1).min(axis=1)
    return [np.flatnonzero((y == label) & (gaps > apart))[0] for label in np.unique(y)]
