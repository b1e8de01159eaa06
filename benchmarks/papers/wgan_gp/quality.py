"""The poster's test of generated spectra, stricter ones, and hopeless controls."""

from functools import partial

import numpy as np
from sklearn.cluster import KMeans

from benchmarks._over_sampling import copies, of_each_class, smote
from benchmarks.bench_over_sampling import judge
from sklearn_raman.over_sampling.report._measures import kmeans_index, pooled_scores

REAL = "real training spectra"
SMOTE, COPIES = "SMOTE", "copies"
MEAN, MEAN_AND_NOISE = "the mean, repeated", "mean and white noise"
METRICS = ("kmeans_ari", "one_nn_accuracy", "forest_accuracy", "coverage", "recall")
METRICS += ("frechet_distance", "noise_ratio", "nn_distance_ratio", "near_copies")
METRICS += ("band_position", "intensity_ratio")


def mean_and_noise(X, n, rng):
    """Add to the mean, at each wavenumber by itself, as much noise as spectra vary."""
    return X.mean(axis=0) + X.std(axis=0) * rng.standard_normal((n, X.shape[1]))


def mean_repeated(X, n, rng):
    """Return the mean, n times."""
    return np.repeat(X.mean(axis=0)[None], n, axis=0)


CONTROLS = {
    SMOTE: partial(of_each_class, smote),
    COPIES: partial(of_each_class, copies),
    MEAN: partial(of_each_class, mean_repeated),
    MEAN_AND_NOISE: partial(of_each_class, mean_and_noise),
}


def poster_test(real, new, seed):
    """Return how far two K-means clusters in the PCA plane are real and generated.

    Adjusted Rand index, mean over classes: 1 if each cluster holds one kind, 0 if the
    clusters have nothing to do with it.
    """
    indices = []
    for label in np.unique(real[1]):
        first, second = (X[y == label] for X, y in (real, new))
        is_new = np.repeat([False, True], [len(first), len(second)])
        indices.append(kmeans_index(pooled_scores(first, second), is_new, seed))
    return float(np.mean(indices))


def likeness(test, new):
    """Return the median correlation with the mean held-out spectrum of the class."""
    found = []
    for label in np.unique(test[1]):
        mean = test[0][test[1] == label].mean(axis=0)
        found += [np.corrcoef(mean, row)[0, 1] for row in new[0][new[1] == label]]
    return float(np.median(found))


def assess(sets, new, seed):
    """Return figures of generated spectra, and of real training ones in their place.

    Of both: `METRICS` of `synthesis_report`, the `poster_ari` against the spectra
    learned from (of the reference: between training and held-out spectra), and
    `likeness`.
    """
    *both, _ = judge({}, sets.train, sets.test, new, sets.axis, 1, seed)
    rivals = (new, new), (sets.test, sets.train)
    return [
        {
            **{name: found[name] for name in METRICS},
            "poster_ari": poster_test(sets.train, made, seed),
            "likeness": likeness(sets.test, like),
        }
        for found, (made, like) in zip(both, rivals, strict=True)
    ]


def plane(real, news, label):
    """Return points of one class in the plane of a PCA of real and generated ones.

    Each of `news` gets a plane of its own, as on the poster: `points` of both, real
    ones first, how many are `real`, and two `clusters`.
    """
    own, found = real[0][real[1] == label], {}
    for name, (X, y) in news.items():
        points = pooled_scores(own, X[y == label], 2)
        clusters = KMeans(2, n_init=10, random_state=0).fit_predict(points)
        found[name] = {"points": points, "real": len(own), "clusters": clusters}
    return found
