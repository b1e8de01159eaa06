"""What the networks of Zhang et al. (2020) look at, in numbers.

Maps are the paper's: eq. 6 without the division by the number of units, of the logit,
put on the axis by a spline of order 2, and scaled to 0..1 spectrum by spectrum. Only
correctly classified spectra count, of all three parts.
"""

import numpy as np
from scipy.signal import find_peaks
from torch import nn

from benchmarks.papers._spectra import correlation
from benchmarks.papers.zhang.data import mean_of_each
from sklearn_raman.inspection import ExplanationSummary, explain_pipeline
from sklearn_raman.neural_network.attribution import unit_positions

EQ_6 = {"method": "cam", "score": "logit", "scale": "paper", "upsample": "spline"}
NEAR = 20  # cm-1 from a line
TOP = 0.1  # share of the points of a map that the paper calls active
_NEARLY_ZERO = 0.01  # of the highest activation of the layer
_ALIKE = 0.9  # correlation from which a feature map looks like the spectrum


def summarise(model, spectra):
    """Return the maps of a fitted model, and their summary by class."""
    maps = np.asarray(explain_pipeline(model, spectra.X, **EQ_6))
    predicted = model.predict(spectra.X)
    how = {"wavenumbers": spectra.wavenumbers, "fraction": TOP, "spectra": spectra.X}
    summary = ExplanationSummary.from_maps(maps, spectra.y, predicted, **how)
    return maps, predicted, summary


def by_class(model, spectra, vip, windows):
    """Return what the maps of each class show, as records.

    `windows` are bands in cm-1: how many spectra have an active point there
    (`touched`), and how high the mean map is (`level`). A record for each class with a
    correctly classified spectrum; `by_chance` is the share of spectra that touch a
    window as wide as the first wherever it is, `overlap_vip` and `overlap_difference`
    are shares of the highest points of the mean map that are also among the highest of
    the VIP and of the absolute difference between the classes' clean spectra;
    `most_alike` is the highest correlation with another class's mean map, `like_mean`
    the mean correlation of a spectrum's map with its class's, and `wrong` the same for
    each spectrum that was taken for this class by mistake.
    """
    maps, predicted, summary = summarise(model, spectra)
    axis = spectra.wavenumbers
    with_vip = summary.agreement(vip)
    with_difference = summary.agreement(np.ptp(_unit(spectra.clean), axis=0))
    alike = np.corrcoef(summary.mean) if len(summary.mean) > 1 else np.ones((1, 1))
    records = []
    for row, (label, mean) in enumerate(summary.mean.iterrows()):
        as_label, is_label = predicted == label, spectra.y == label
        own, wrong = maps[as_label & is_label], maps[as_label & ~is_label]
        active, highest = active_points(own), mean.idxmax()
        places = {n: between(axis, *w) for n, w in windows.items()}
        mean = mean.to_numpy()
        record = {
            "class": label,
            "touched": {name: touched(active, at) for name, at in places.items()},
            "level": inside(mean, axis, windows),
            "by_chance": touched_anywhere(active, axis, *windows.values()),
            "overlap_vip": with_vip.top_overlap[label],
            "overlap_difference": with_difference.top_overlap[label],
            "most_alike": np.delete(alike[row], row).max(initial=-1),
            "highest": highest,
            "like_mean": correlation(own, mean).mean(),
            "wrong": correlation(wrong, mean),
        }
        records.append(record)
    return records


def active_points(maps, fraction=TOP):
    """Mark the highest points of each map."""
    count = max(1, round(fraction * maps.shape[1]))
    return maps >= np.partition(maps, -count, axis=1)[:, [-count]]


def between(axis, low, high):
    """Mark the points of an axis from low to high."""
    return (axis >= low) & (axis <= high)


def inside(values, axis, windows):
    """Return the mean of the values in each window."""
    return {n: values[between(axis, *w)].mean() for n, w in windows.items()}


def touched(active, points):
    """Return the share of the spectra with an active point among these."""
    return active[:, points].any(axis=1).mean()


def touched_anywhere(active, axis, window, *others):
    """Return `touched` for a window of this width, averaged over its places."""
    width = window[1] - window[0]
    lows = axis[axis <= axis.max() - width]
    return np.mean([touched(active, between(axis, low, low + width)) for low in lows])


def layers(model, spectra):
    """Return what each layer answers to the mean spectra of the classes, as records.

    `zero_maps`: share of the feature maps that are nowhere above a hundredth of the
    layer's highest activation; `zero_activations`: share of the units that are 0;
    `like_input`: share of the feature maps that correlate with what enters the first
    convolution, by more than 0.9 either way; `roughness`: of these, the size of second
    differences over that of the input's, for single spectra (median).
    """
    network, n_means = model[-1], len(spectra.names)
    X = model[:-1].transform(np.concatenate([class_means(spectra), spectra.X[:50]]))
    found = network.feature_maps(X)
    entered = found["input"].reshape(len(X), -1, X.shape[1])[:, 0]
    records = []
    for name in activations(network):
        maps, means = found[name], found[name][:n_means]
        at_units = entered[:, _points(network, X.shape[1], name)]
        pairs = zip(means, at_units, strict=False)
        like = np.abs([correlation(*pair) for pair in pairs]) > _ALIKE
        roughness = [
            _roughness(maps[n_means:, channel]) / _roughness(at_units[n_means:])
            for channel in np.flatnonzero(like.all(axis=0))
        ]
        highest = means.max(axis=2)
        record = {
            "zero_maps": (highest <= _NEARLY_ZERO * highest.max()).mean(),
            "zero_activations": (means == 0).mean(),
            "like_input": like.mean(),
            "roughness": np.median(roughness) if roughness else np.nan,
        }
        records.append(record)
    return records


def what_layers_do(model, spectra):
    """Return what the filters of the first layer and the later feature maps look like.

    `linear_filters`: share of the first layer's filters of which a straight line
    explains half of the variance or which have one sign, as filters that smooth or
    differentiate have; `untrained` the same of a network with random weights. For the
    second and third layer, of the feature maps of the mean spectra that are not zero
    everywhere: `at_lines`, the share that is highest within `NEAR` of a line of the
    spectrum, `chance` the share of the axis that is, `off_lines` the mean height
    elsewhere over the highest, `trend` the share that follows the whole spectrum.
    """
    network, axis = model[-1], spectra.wavenumbers
    means = class_means(spectra)
    found = network.feature_maps(model[:-1].transform(means))
    first = next(p for p in network.module_.modules() if isinstance(p, nn.Conv2d))
    filters = first.weight.detach().numpy().reshape(len(first.weight), -1)
    random = np.random.RandomState(0).uniform(-1, 1, filters.shape)
    record = {"linear_filters": _linear(filters), "untrained": _linear(random)}
    near = np.stack([near_lines(axis, spectrum) for spectrum in spectra.clean])
    entered = found["input"].reshape(len(means), -1, len(axis))[:, 0]
    for number, name in enumerate(activations(network)[1:], 2):
        points = _points(network, len(axis), name)
        parts = {"at_lines": [], "chance": [], "off_lines": [], "trend": []}
        for maps, close, spectrum in zip(found[name], near, entered, strict=True):
            close, at = close[points], spectrum[points]
            active = maps[maps.max(axis=1) > _NEARLY_ZERO * found[name].max()]
            highest = active.max(axis=1)
            parts["at_lines"] += close[active.argmax(axis=1)].tolist()
            parts["chance"].append(close.mean())
            parts["off_lines"] += (active[:, ~close].mean(axis=1) / highest).tolist()
            parts["trend"] += (np.abs(correlation(active, at)) > _ALIKE).tolist()
        record[f"layer_{number}"] = {n: np.mean(part) for n, part in parts.items()}
    return record


def _points(network, n_points, layer):
    """Return the point at the center of each unit of a layer."""
    units = unit_positions(network.module_, n_points, layer=layer)
    # An incomplete last pool has its center beyond the last point.
    return units.round().astype(int).clip(max=n_points - 1)


def _linear(filters):
    """Return the share of filters that are of one sign or close to a straight line."""
    steps = np.arange(filters.shape[1])
    straight = np.abs(correlation(filters, steps)) ** 2 > 0.5
    one_sign = np.abs(np.sign(filters).mean(axis=1)) > 0.9
    return (straight | one_sign).mean()


def near_lines(axis, spectrum):
    """Mark the points within `NEAR` of a peak above a fifth of the highest."""
    lines, _ = find_peaks(spectrum, prominence=0.2 * np.ptp(spectrum))
    return (np.abs(axis[:, None] - axis[lines]) <= NEAR).any(axis=1)


def activations(network):
    """Return the names of the activations after the convolutions, in their order."""
    parts = network.module_.named_modules()
    return [name for name, part in parts if isinstance(part, nn.ReLU)]


def decision(model, spectra):
    """Return how the averages of the feature maps add up to the scores.

    For the mean spectrum of each class: `scores` of all classes, how far they are from
    what the network puts out (`error`), and the share of the averages, weighted by
    their size, that are larger for the class to which their weight is higher
    (`sorted_by_weight`, for all pairs of classes).
    """
    network = model[-1]
    X = model[:-1].transform(class_means(spectra)).astype(np.float32)
    terms = network.decision_terms(X, "all")
    output = network.forward(X).numpy()
    pooled, weights = terms.pooled[:, 0], terms.weights[0]
    shares = []
    for one in range(len(X)):
        for other in range(one):
            higher = pooled[one] - pooled[other]
            agrees = higher * (weights[one] - weights[other]) > 0
            shares.append(np.average(agrees, weights=np.abs(higher) + 1e-12))
    return {
        "scores": terms.sums,
        "error": np.abs(terms.sums - output).max(),
        "sorted_by_weight": np.mean(shares),
        "right": (terms.sums.argmax(axis=1) == np.arange(len(X))).mean(),
    }


def class_means(spectra):
    """Return the mean spectrum of each class."""
    return mean_of_each(spectra.X, spectra.y)


def top_overlap(rows, fraction=TOP):
    """Return the mean share of highest points that two of the rows have in common."""
    active = active_points(np.asarray(rows), fraction).astype(float)
    count = active.sum(axis=1).mean()
    common = active @ active.T / count
    return common[np.triu_indices(len(active), 1)].mean()


def _unit(X):
    low, high = X.min(axis=1, keepdims=True), X.max(axis=1, keepdims=True)
    return (X - low) / (high - low)


def _roughness(rows):
    """Return the size of second differences over that of the row, median of rows."""
    spread = rows.std(axis=1)
    wanted = spread > 0
    bends = np.diff(rows[wanted], 2, axis=1).std(axis=1)
    return np.median(bends / spread[wanted]) if wanted.any() else np.nan
