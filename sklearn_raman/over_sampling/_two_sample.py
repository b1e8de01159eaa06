"""Can two sets of spectra be told apart? Tests in which a classifier tries."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import StratifiedKFold, cross_val_score

N_COMPONENTS = 10  # of the forest and of the Frechet distance
N_KMEANS_COMPONENTS = 3
N_FOLDS = 5
N_TREES = 50


def pooled_scores(first, second, n_components=N_COMPONENTS):
    """Return PCA scores of two sets, on components of both together.

    Fitted on both, the components treat the two sets alike, so that two samples of one
    distribution stay exchangeable and score a half; and they see the directions in
    which the synthetic spectra alone vary. Fitted on training spectra they would fit
    these better than held-out ones and tell two real sets apart.

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
    return PCA(n_components, svd_solver="full").fit_transform(both)


def one_nn_accuracy(distances, is_second):
    """Return the leave-one-out accuracy of a 1-nearest-neighbour classifier.

    Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests", section 3: a
    half says that the sets cannot be told apart; below it, each set lies closer to the
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
        Neighbours at one distance share the vote, so that the order of the rows does
        not matter.
    """
    others = distances.copy()
    np.fill_diagonal(others, np.inf)
    nearest = others == others.min(axis=1, keepdims=True)
    right = is_second[:, None] == is_second
    return float(((nearest & right).sum(axis=1) / nearest.sum(axis=1)).mean())


def forest_accuracy(features, is_second, seed):
    """Return the cross-validated accuracy with which a random forest tells two sets.

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
    if np.ptp(few, axis=0).max() == 0:  # one point has no two clusters
        return 0.0
    clusters = KMeans(2, n_init=10, random_state=seed).fit_predict(few)
    return float(adjusted_rand_score(is_second, clusters))
