"""All metrics of one class: synthetic and, as yardstick, training spectra."""

from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA

from sklearn_raman.over_sampling._manifold import (
    frechet_distance,
    manifold_scores,
    memorisation_scores,
    neighbourhood_size,
    pairwise_distances,
)
from sklearn_raman.over_sampling._spectroscopic import (
    Bands,
    band_distances,
    find_bands,
    measure_bands,
    noise_level,
    noise_ratio,
)
from sklearn_raman.over_sampling._two_sample import (
    N_COMPONENTS,
    forest_accuracy,
    kmeans_index,
    one_nn_accuracy,
    pooled_scores,
)

# Ideal value and meaning; {unit} is that of the axis.
METRICS = {
    "kmeans_ari": (
        0.0,
        "do 2 clusters in PCA space separate real from synthetic? Almost no power: "
        "copies score 0 too",
    ),
    "one_nn_accuracy": (
        0.5,
        "1-NN classifier, real or synthetic? 0.5 cannot tell, 1 always can",
    ),
    "forest_accuracy": (
        0.5,
        "random forest on PCA scores and noise, real or synthetic? 0.5 cannot tell",
    ),
    "precision": (1.0, "share of synthetic spectra among the real ones"),
    "recall": (1.0, "share of real spectra among the synthetic ones"),
    "density": (1.0, "how many real spectra surround a synthetic one; 1 expected"),
    "coverage": (1.0, "share of real spectra with a synthetic one close by"),
    "frechet_distance": (
        0.0,
        "distance of mean and covariance in PCA space, in units of the variance",
    ),
    "nn_distance_ratio": (
        1.0,
        "distance to the nearest training spectrum, over that of held-out spectra; "
        "0: copies",
    ),
    "near_copies": (
        0.0,
        "share that is twice as close to a training spectrum as held-out ones are",
    ),
    "noise_ratio": (1.0, "high-frequency noise over that of real spectra"),
    "peak_position": (0.0, "by how much band positions are off, in {unit}"),
    "intensity_ratio": (
        0.0,
        "by how much ratios of band heights are off; 0.1 is about 10 %",
    ),
}


class _RealSpectra(NamedTuple):
    """What both comparisons of a class share; lengths in units of its spread."""

    centre: np.ndarray
    train: np.ndarray
    pca: PCA
    variance: float
    bands: Bands
    axis: np.ndarray


def class_metrics(train, test, synthetic, axis, n_draws, rng):
    """Measure synthetic spectra of one class against held-out real ones.

    Parameters
    ----------
    train, test, synthetic : ndarray of shape (n, n_points)
        Five spectra or more of each.
    axis : ndarray of shape (n_points,)
        In cm-1, or the numbers of the points.
    n_draws : int
        How often as many spectra of each set are drawn as the smallest has.
    rng : RandomState

    Returns
    -------
    list of dict
        One for each draw and metric: `draw`, `metric`, `value` (synthetic against
        held-out) and `reference` (training against held-out).
    """
    pooled = np.concatenate([train, test])
    spread = np.sqrt(pooled.var(axis=0).mean()) or 1.0
    # One division makes every metric independent of the unit of intensity.
    train, test, synthetic, pooled = (
        X / spread for X in (train, test, synthetic, pooled)
    )
    centre = pooled.mean(axis=0)
    n_components = min(N_COMPONENTS, len(pooled) - 1, pooled.shape[1])
    real = _RealSpectra(
        centre=centre,
        train=train - centre,
        pca=PCA(n_components, svd_solver="full").fit(pooled),
        variance=pooled.var(axis=0, ddof=1).sum(),
        bands=find_bands(centre),
        axis=axis,
    )

    n = min(len(train), len(test), len(synthetic))
    records = []
    for draw in range(n_draws):
        chosen = [
            rng.choice(len(X), n, replace=False) for X in (train, test, synthetic)
        ]
        seed = rng.randint(np.iinfo(np.int32).max)
        held_out = test[chosen[1]]
        values = _compare(synthetic[chosen[2]], held_out, real, seed)
        references = _compare(train[chosen[0]], held_out, real, seed, rows=chosen[0])
        records += [
            {"draw": draw, "metric": m, "value": values[m], "reference": references[m]}
            for m in METRICS
        ]
    return records


def _compare(spectra, held_out, real, seed, rows=None):
    """Return all metrics; `rows` says which training spectra `spectra` are, if any."""
    n = len(spectra)
    is_second = np.arange(2 * n) >= n
    both = np.concatenate([held_out, spectra])
    distances = pairwise_distances(both - real.centre, both - real.centre)
    to_train = pairwise_distances(both - real.centre, real.train)
    if rows is not None:  # a training spectrum is no copy of itself
        to_train[n + np.arange(n), rows] = np.inf
    nearest = to_train.min(axis=1)

    scores = pooled_scores(held_out, spectra)
    levels = noise_level(both)
    # Noise shows in no single PCA score; its logarithm lets the forest see it. The
    # smallest number stands for none.
    features = np.column_stack([scores, np.log(np.maximum(levels, 1e-12))])
    projected = real.pca.transform(both)
    gap = frechet_distance(projected[n:], projected[:n])
    return {
        "kmeans_ari": kmeans_index(scores, is_second, seed),
        "one_nn_accuracy": one_nn_accuracy(distances, is_second),
        "forest_accuracy": forest_accuracy(features, is_second, seed),
        **manifold_scores(
            distances[:n, :n],
            distances[n:, n:],
            distances[:n, n:],
            neighbourhood_size(n),
        ),
        "frechet_distance": gap / real.variance if real.variance > 0 else np.nan,
        **memorisation_scores(nearest[n:], nearest[:n]),
        "noise_ratio": noise_ratio(levels[n:], levels[:n]),
        **band_distances(
            measure_bands(spectra, real.bands),
            measure_bands(held_out, real.bands),
            real.axis,
        ),
    }
