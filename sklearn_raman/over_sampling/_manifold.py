"""Do two sets of spectra lie in the same place? Distances, balls and Gaussians."""

import numpy as np
from sklearn.metrics import euclidean_distances


def pairwise_distances(first, second):
    """Return Euclidean distances, exactly 0 between equal spectra.

    Parameters
    ----------
    first, second : ndarray of shape (n_first, n_points), (n_second, n_points)
        Centred, so that no digits are lost to a common background.

    Returns
    -------
    ndarray of shape (n_first, n_second)
    """
    squared = euclidean_distances(first, second, squared=True)
    # The expanded square leaves rounding errors where two rows are equal.
    lengths = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1)
    squared[squared < 1e-13 * lengths] = 0.0
    return np.sqrt(squared)


def neighbourhood_size(n_spectra):
    """Return k: 5, fewer where it would be half of the spectra or more."""
    return max(1, min(5, (n_spectra - 1) // 2))


def manifold_scores(real, synthetic, cross, k):
    """Score fidelity and diversity by balls that reach to the k-th neighbour.

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
        Neighbours, not counting the spectrum itself.

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


def memorisation_scores(nearest, nearest_held_out):
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
        too few to move a median. NaN where held-out spectra have no distance.
    """
    typical = np.median(nearest_held_out)
    if typical == 0:
        return {"nn_distance_ratio": np.nan, "near_copies": np.nan}
    return {
        "nn_distance_ratio": float(np.median(nearest) / typical),
        "near_copies": float((nearest < typical / 2).mean()),
    }
