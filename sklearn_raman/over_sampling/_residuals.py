"""New noise from the residuals of real spectra: a bootstrap in blocks of the axis."""

import numpy as np

BLOCK = 20  # points between the centres of blocks
N_MIXED = 3  # residuals in a block


def block_weights(n_points, block=BLOCK):
    """Return weights that cut an axis into overlapping blocks.

    Parameters
    ----------
    n_points, block : int

    Returns
    -------
    ndarray of shape (n_blocks, n_points)
        The squares add up to 1 at every point, so that the sum of independent blocks
        has the variance of one.
    """
    n_blocks = max(1, round(n_points / block))
    width = n_points / n_blocks
    centres = (np.arange(n_blocks) + 0.5) * width
    points = np.clip(np.arange(n_points), centres[0], centres[-1])
    return np.sqrt(np.clip(1 - np.abs(points - centres[:, None]) / width, 0, None))


def resample_residuals(residuals, n, rng):
    """Draw noise with the local variance and colour of residuals, unlike each of them.

    Each block of the axis is a mixture of three residuals with random weights whose
    squares add up to 1. Variance at every point and correlation within a block stay;
    what is new is the combination: blocks are drawn independently, so two draws are
    about as unlike as two measurements.

    Parameters
    ----------
    residuals : ndarray of shape (n_spectra, n_points)
        Of one class, brought to a common level.
    n : int
        Spectra to draw.
    rng : RandomState

    Returns
    -------
    ndarray of shape (n, n_points)
    """
    drawn = np.zeros((n, residuals.shape[1]))
    for weights in block_weights(residuals.shape[1]):
        inside = np.flatnonzero(weights)
        block = residuals[:, inside] * weights[inside]
        mix = rng.standard_normal((n, N_MIXED))
        mix /= np.linalg.norm(mix, axis=1, keepdims=True)
        rows = rng.randint(len(residuals), size=(n, N_MIXED))
        for i in range(N_MIXED):
            drawn[:, inside] += mix[:, i, None] * block[rows[:, i]]
    return drawn
