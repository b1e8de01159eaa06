"""Measures of synthetic spectra of one class, against held-out real ones.

First all of them together. Then, one by one: can classifiers tell two sets apart, do
they lie in the same place, and are the bands where they should be?
"""

from typing import NamedTuple

import numpy as np
from scipy.signal import find_peaks, peak_widths, savgol_filter
from scipy.stats import wasserstein_distance
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import adjusted_rand_score, euclidean_distances
from sklearn.model_selection import StratifiedKFold, cross_val_score

from sklearn_raman.over_sampling._noise import (
    NOISE_ORDER,
    NOISE_WINDOW,
    noise_level,
)

N_COMPONENTS = 10  # of the forest and of the Frechet distance
N_KMEANS_COMPONENTS = 3
N_FOLDS = 5
N_TREES = 50
N_BANDS = 5

# The metrics shown unless others are asked for. Each sees a fault that no other does.
MAIN = [
    "one_nn_accuracy",
    "forest_accuracy",
    "coverage",
    "nn_distance_ratio",
    "noise_ratio",
    "band_position",
]
# Ideal value and meaning; {unit} is that of the axis.
METRICS = {
    "kmeans_ari": (
        0.0,
        "the poster's test: do 2 clusters in PCA space separate real from synthetic? "
        "Almost no power: copies score 0 too",
    ),
    "one_nn_accuracy": (0.5, "1-NN classifier, real or synthetic? 0.5 cannot tell"),
    "forest_accuracy": (0.5, "random forest, real or synthetic? 0.5 cannot tell"),
    "precision": (1.0, "share of synthetic spectra among the real ones"),
    "recall": (1.0, "share of real spectra among the synthetic ones"),
    "density": (1.0, "how many real spectra surround a synthetic one; 1 expected"),
    "coverage": (1.0, "share of real spectra with a synthetic one close by"),
    "frechet_distance": (
        0.0,
        "distance between mean and covariance in PCA space, over the variance",
    ),
    "nn_distance_ratio": (
        1.0,
        "distance to the nearest training spectrum, over that of held-out spectra; "
        "0: copies",
    ),
    "near_copies": (
        0.0,
        "share that is less than half as far from a training spectrum as held-out ones",
    ),
    "noise_ratio": (1.0, "high-frequency noise over that of real spectra"),
    "band_position": (0.0, "by how much band positions are off, in {unit}"),
    "intensity_ratio": (0.0, "by how much ratios of band heights are off; 0.1 is 10 %"),
}


class Bands(NamedTuple):
    """The bands of a mean spectrum: where to look for them in each spectrum."""

    points: np.ndarray
    """Maxima, shape (n_bands,), int."""
    reach: np.ndarray
    """Points to either side in which the maximum is looked for, shape (n_bands,)."""
    window: int
    """Points of the smoothing filter."""
    floor: np.ndarray
    """Smallest height that differs from none, shape (n_bands,)."""


class _RealSpectra:
    """What both comparisons of a class share; lengths in units of its spread."""

    def __init__(self, train, test):
        pooled = np.concatenate([train, test])
        n_components = min(N_COMPONENTS, len(pooled) - 1, pooled.shape[1])
        self.pca = components_of_arrays(n_components).fit(pooled)
        self.center = pooled.mean(axis=0)
        self.train = train - self.center
        self.variance = pooled.var(axis=0, ddof=1).sum()
        self.bands = find_bands(self.center)


def class_metrics(train, test, synthetic, axis, n_draws, rng):
    """Measure synthetic spectra of one class against held-out real ones.

    Parameters
    ----------
    train, test, synthetic : ndarray of shape (n, n_points)
        Five spectra or more of each.
    axis : ndarray of shape (n_points,)
        In cm-1, or the numbers of the points.
    n_draws : int
        Number of draws; each takes as many spectra of each set as the smallest has.
    rng : RandomState

    Returns
    -------
    list of dict
        One per draw and metric: `draw`, `metric`, `value` (synthetic against held-out)
        and `reference` (training against held-out).
    """
    # One division makes every metric independent of the unit of intensity. A power of 2
    # comes first, exact, so that squares neither overflow nor underflow.
    exponent = int(np.frexp(max(np.abs(train).max(), np.abs(test).max()))[1])
    train, test, synthetic = (np.ldexp(X, -exponent) for X in (train, test, synthetic))
    spread = np.sqrt(np.concatenate([train, test]).var(axis=0).mean()) or 1.0
    train, test, synthetic = (X / spread for X in (train, test, synthetic))
    real = _RealSpectra(train, test)
    n = min(len(train), len(test), len(synthetic))
    records = []
    for draw in range(n_draws):
        sets = train, test, synthetic
        own, kept, made = (rng.choice(len(X), n, replace=False) for X in sets)
        seed = rng.randint(np.iinfo(np.int32).max)
        values = _compare(synthetic[made], test[kept], real, axis, seed)
        references = _compare(train[own], test[kept], real, axis, seed, own)
        records += [
            {"draw": draw, "metric": m, "value": values[m], "reference": references[m]}
            for m in METRICS
        ]
    return records


def _compare(spectra, held_out, real, axis, seed, rows=None):
    """Return all metrics; `rows` says which training spectra `spectra` are, if any."""
    n = len(spectra)
    is_second = np.arange(2 * n) >= n
    both = np.concatenate([held_out, spectra])
    centered = both - real.center
    distances = distances_between(centered, centered)
    blocks = distances[:n, :n], distances[n:, n:], distances[:n, n:]
    to_train = distances_between(centered, real.train)
    if rows is not None:  # a training spectrum is not a copy of itself
        to_train[n + np.arange(n), rows] = np.inf
    nearest = to_train.min(axis=1)

    scores = pooled_scores(held_out, spectra)
    levels = noise_level(both)
    # No single PCA score shows the noise; its logarithm lets the forest see it. A very
    # small number stands for none.
    features = np.column_stack([scores, np.log(np.maximum(levels, 1e-12))])
    projected = real.pca.transform(both)
    gap = frechet_distance(projected[n:], projected[:n])
    measured = [measure_bands(X, real.bands) for X in (spectra, held_out)]
    return {
        "kmeans_ari": kmeans_index(scores, is_second, seed),
        "one_nn_accuracy": one_nn_accuracy(distances, is_second),
        "forest_accuracy": forest_accuracy(features, is_second, seed),
        **manifold_scores(*blocks, neighborhood_size(n)),
        "frechet_distance": gap / real.variance if real.variance > 0 else np.nan,
        **memorization_scores(nearest[n:], nearest[:n]),
        "noise_ratio": noise_ratio(levels[n:], levels[:n]),
        **band_distances(*measured, axis),
    }


def components_of_arrays(n_components):
    """Return a PCA whose scores are arrays, whatever scikit-learn is set to return."""
    return PCA(n_components, svd_solver="full").set_output(transform="default")


def pooled_scores(first, second, n_components=N_COMPONENTS):
    """Return PCA scores of two sets, on components of both together.

    Fitted on both, the components treat the two sets alike: two samples of one
    distribution stay exchangeable, and a classifier tells half of them right. They also
    see the directions in which only the synthetic spectra vary. Fitted on training
    spectra they would suit these better than held-out ones, and tell two real sets
    apart.

    Parameters
    ----------
    first, second : ndarray of shape (n_first, n_points), (n_second, n_points)
    n_components : int
        At most this many; no more than the spectra allow.

    Returns
    -------
    ndarray of shape (n_first + n_second, n_components)
        The rows of `first` come first.
    """
    both = np.concatenate([first, second])
    n_components = min(n_components, len(both) - 1, both.shape[1])
    # Where training spectra have another unit, these may be too small to be squared.
    exponent = int(np.frexp(np.abs(both).max())[1])
    scaled = np.ldexp(both, -exponent)
    scores = components_of_arrays(n_components).fit_transform(scaled)
    return np.ldexp(scores, exponent)


def one_nn_accuracy(distances, is_second):
    """Return the leave-one-out accuracy of a 1-nearest-neighbor classifier.

    Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests", section 3. A
    half means that the sets cannot be told apart; below it, each set lies closer to the
    other than to itself.

    Parameters
    ----------
    distances : ndarray of shape (n, n)
        Between all spectra of both sets.
    is_second : ndarray of shape (n,), bool
        Which set a spectrum is from.

    Returns
    -------
    float
        Neighbors at the same distance share the vote, so the order of the rows does not
        matter.
    """
    others = distances.copy()
    np.fill_diagonal(others, np.inf)
    nearest = others == others.min(axis=1, keepdims=True)
    right = is_second[:, None] == is_second
    return float(((nearest & right).sum(axis=1) / nearest.sum(axis=1)).mean())


def forest_accuracy(features, is_second, seed):
    """Return the cross-validated accuracy of a random forest that tells two sets apart.

    Parameters
    ----------
    features : ndarray of shape (n, n_features)
    is_second : ndarray of shape (n,), bool
        Which set a row is from.
    seed : int

    Returns
    -------
    float
        Mean over 5 stratified folds.
    """
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    forest = RandomForestClassifier(N_TREES, random_state=seed)
    return float(cross_val_score(forest, features, is_second, cv=folds).mean())


def kmeans_index(scores, is_second, seed):
    """Return the agreement between two clusters and the two sets.

    Parameters
    ----------
    scores : ndarray of shape (n, n_components)
        PCA scores; the first 3 count.
    is_second : ndarray of shape (n,), bool
        Which set a row is from.
    seed : int

    Returns
    -------
    float
        Adjusted Rand index: 1 if the clusters are the sets, 0 if they have nothing to
        do with them.
    """
    few = scores[:, :N_KMEANS_COMPONENTS]
    if np.ptp(few, axis=0).max() == 0:  # a single point does not make two clusters
        return 0.0
    clusters = KMeans(2, n_init=10, random_state=seed).fit_predict(few)
    return float(adjusted_rand_score(is_second, clusters))


def distances_between(first, second):
    """Return Euclidean distances, exactly 0 between equal spectra.

    Parameters
    ----------
    first, second : ndarray of shape (n_first, n_points), (n_second, n_points)
        Centered, so that no digits are lost to a common background.

    Returns
    -------
    ndarray of shape (n_first, n_second)
    """
    squared = euclidean_distances(first, second, squared=True)
    # The expanded square leaves rounding errors where two rows are equal.
    lengths = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1)
    squared[squared < 1e-13 * lengths] = 0.0
    return np.sqrt(squared)


def neighborhood_size(n_spectra):
    """Return k: 5, or fewer where that would be half of the spectra or more."""
    return max(1, min(5, (n_spectra - 1) // 2))


def manifold_scores(real, synthetic, cross, k):
    """Score fidelity and diversity by balls that reach to the k-th neighbor.

    Precision and recall as in Kynkaanniemi et al. (2019), "Improved precision and
    recall metric for assessing generative models", equations 1 and 2; density and
    coverage as in Naeem et al. (2020), "Reliable fidelity and diversity metrics for
    generative models", equations 3 and 4.

    Parameters
    ----------
    real : ndarray of shape (n_real, n_real)
        Distances among the real spectra.
    synthetic : ndarray of shape (n_synthetic, n_synthetic)
        Distances among the synthetic spectra.
    cross : ndarray of shape (n_real, n_synthetic)
        Distances between them.
    k : int
        Neighbors, not counting the spectrum itself.

    Returns
    -------
    dict of str to float
        `precision`, share of synthetic spectra in the ball of a real one; `recall`,
        share of real spectra in the ball of a synthetic one; `density`, number of real
        balls that a synthetic spectrum lies in, over k; `coverage`, share of real
        spectra with a synthetic one in their ball.
    """
    # Column 0 of the sorted distances is the spectrum itself.
    real_radius = np.sort(real, axis=1)[:, k]
    synthetic_radius = np.sort(synthetic, axis=1)[:, k]
    in_real_ball = cross <= real_radius[:, None]
    in_synthetic_ball = cross <= synthetic_radius
    return {
        "precision": float(in_real_ball.any(axis=0).mean()),
        "recall": float(in_synthetic_ball.any(axis=1).mean()),
        "density": float(in_real_ball.sum(axis=0).mean() / k),
        "coverage": float(in_real_ball.any(axis=1).mean()),
    }


def frechet_distance(first, second):
    """Return the squared Frechet distance between the Gaussians of two sets.

    Heusel et al. (2017), "GANs trained by a two time-scale update rule converge to a
    local Nash equilibrium", equation 6: ``|m1 - m2|^2 + tr(C1 + C2 - 2 sqrt(C1 C2))``.

    Parameters
    ----------
    first, second : ndarray of shape (n_first, n_features), (n_second, n_features)

    Returns
    -------
    float
    """
    covariances = [np.atleast_2d(np.cov(x, rowvar=False)) for x in (first, second)]
    values, vectors = np.linalg.eigh(covariances[0])
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    # sqrt(C1 C2) and sqrt(R C2 R) with R = sqrt(C1) have the same eigenvalues; the
    # second is symmetric, so that they stay real.
    squares = np.linalg.eigvalsh(root @ covariances[1] @ root)
    cross = np.sqrt(np.maximum(squares, 0)).sum()
    shift = np.square(first.mean(axis=0) - second.mean(axis=0)).sum()
    spread = sum(np.trace(covariance) for covariance in covariances)
    return float(max(shift + spread - 2 * cross, 0.0))


def memorization_scores(nearest, nearest_held_out):
    """Say how much closer spectra lie to training spectra than held-out ones do.

    Parameters
    ----------
    nearest : ndarray of shape (n,)
        Distance of each spectrum to the nearest training spectrum.
    nearest_held_out : ndarray of shape (n_test,)
        The same of held-out real spectra.

    Returns
    -------
    dict of str to float
        `nn_distance_ratio`, the ratio of the medians; `near_copies`, the share of
        spectra nearer than half of the held-out median, which shows copies that are
        too few to move a median. NaN if the held-out median is 0.
    """
    typical = np.median(nearest_held_out)
    if typical == 0:
        return {"nn_distance_ratio": np.nan, "near_copies": np.nan}
    return {
        "nn_distance_ratio": float(np.median(nearest) / typical),
        "near_copies": float((nearest < typical / 2).mean()),
    }


def noise_ratio(spectra_levels, real_levels):
    """Return the ratio of the median noise levels of two sets.

    Parameters
    ----------
    spectra_levels, real_levels : ndarray of shape (n,)

    Returns
    -------
    float
        NaN if both are without noise, infinite if only the real spectra are.
    """
    level, real = np.median(spectra_levels), np.median(real_levels)
    if real == 0:
        return np.inf if level > 0 else np.nan
    return float(level / real)


def find_bands(mean_spectrum, n_bands=N_BANDS):
    """Find the most prominent bands of a mean spectrum.

    Parameters
    ----------
    mean_spectrum : ndarray of shape (n_points,)
        7 points or more.
    n_bands : int
        At most this many. A band rises above its surroundings by at least a tenth of
        what the strongest does, and by six times the noise.

    Returns
    -------
    Bands
        From left to right. Each is looked for within its full width at half height to
        either side, but no further than half way to the next band or a twentieth of
        the axis. Heights below 1 % of that in the mean count as none.
    """
    n_points = len(mean_spectrum)
    smooth = savgol_filter(mean_spectrum, NOISE_WINDOW, NOISE_ORDER)
    points, found = find_peaks(smooth, prominence=6 * noise_level(mean_spectrum))
    prominence = found["prominences"]
    strong = np.flatnonzero(prominence > 0.1 * prominence.max(initial=0))
    strongest = strong[np.argsort(-prominence[strong], kind="stable")][:n_bands]
    points = np.sort(points[strongest])
    if len(points) == 0:
        return Bands(points, points, NOISE_WINDOW, np.empty(0))

    widths = peak_widths(smooth, points)[0]
    gaps = np.diff(points, prepend=-2 * n_points, append=3 * n_points) // 2
    reach = np.minimum(np.ceil(widths), np.minimum(gaps[:-1], gaps[1:]))
    reach = np.clip(reach, 2, max(2, n_points // 20)).astype(int)
    # An odd number of points, about one band wide: less noise, and the same maximum.
    limit = n_points - 1 + n_points % 2
    window = int(np.clip(2 * (np.median(widths) // 2) + 1, 5, limit))
    bands = Bands(points, reach, window, np.zeros(len(points)))
    _, heights = measure_bands(mean_spectrum[None], bands)
    return bands._replace(floor=np.maximum(0.01 * heights[0], np.finfo(float).tiny))


def measure_bands(spectra, bands):
    """Measure position and height of bands in each spectrum.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_points)
    bands : Bands

    Returns
    -------
    positions : ndarray of shape (n_spectra, n_bands)
        Local maximum of the smoothed spectrum, in points; between two points by the
        parabola through the maximum and its neighbors.
    heights : ndarray of shape (n_spectra, n_bands)
        Above the straight line between both ends of the range that is searched; at
        least `bands.floor`.
    """
    smooth = savgol_filter(spectra, bands.window, 2, axis=1)
    rows = np.arange(len(spectra))
    shape = (len(spectra), len(bands.points))
    positions, heights = np.empty(shape), np.empty(shape)
    for band, (point, reach) in enumerate(zip(bands.points, bands.reach, strict=True)):
        start = max(point - reach, 0)
        part = smooth[:, start : point + reach + 1]
        top = part.argmax(axis=1)
        middle = np.clip(top, 1, part.shape[1] - 2)
        left, center, right = (part[rows, middle + step] for step in (-1, 0, 1))
        bend = left - 2 * center + right
        flat = np.zeros(len(rows))
        vertex = np.divide(left - right, 2 * bend, out=flat, where=bend < 0)
        inside = top == middle
        positions[:, band] = start + top + inside * np.clip(vertex, -0.5, 0.5)
        share = top / (part.shape[1] - 1)
        chord = (1 - share) * part[:, 0] + share * part[:, -1]
        heights[:, band] = part[rows, top] - chord
    return positions, np.maximum(heights, bands.floor)


def band_distances(measured, real, axis):
    """Compare the distributions of band positions and of intensity ratios.

    Parameters
    ----------
    measured, real : tuple (positions, heights)
        Of two sets, from `measure_bands`.
    axis : ndarray of shape (n_points,)
        In cm-1, or the numbers of the points.

    Returns
    -------
    dict of str to float
        `band_position`, the Wasserstein distance between the positions of a band in
        both sets, in the unit of the axis, averaged over bands (NaN without a band).
        `intensity_ratio`, that between the logarithms of a band's height over the
        geometric mean of all bands of its spectrum (NaN with fewer than two).
    """
    numbers = np.arange(len(axis))
    n_bands = measured[0].shape[1]
    if n_bands == 0:
        return {"band_position": np.nan, "intensity_ratio": np.nan}
    places = [np.interp(positions, numbers, axis) for positions, _ in (measured, real)]
    logs = [np.log(heights) for _, heights in (measured, real)]
    ratios = [values - values.mean(axis=1, keepdims=True) for values in logs]
    return {
        "band_position": _mean_wasserstein(*places),
        "intensity_ratio": _mean_wasserstein(*ratios) if n_bands > 1 else np.nan,
    }


def _mean_wasserstein(first, second):
    columns = zip(first.T, second.T, strict=True)
    return float(np.mean([wasserstein_distance(a, b) for a, b in columns]))
