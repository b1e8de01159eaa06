"""New noise from the residuals of real spectra: a bootstrap in blocks of the axis."""

import numpy as np

BLOCK = 40  # points between the centres of blocks


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


def balanced_rows(size, n, rng):
    """Draw n rows of size, each equally often, plus or minus one, in random order.

    A balanced bootstrap (Davison, Hinkley and Schechtman 1986).
    """
    return np.concatenate([rng.permutation(size) for _ in range(-(-n // size))])[:n]


def resample_residuals(residuals, n, rng):
    """Draw noise with the local distribution and colour of residuals, unlike each.

    Each block of the axis comes from a real residual, drawn for each block anew, and
    neighbouring blocks overlap. So variance, skewness and the correlation within a
    block stay; what is new is the combination. A residual is not turned upside down or
    averaged with others: what the components leave of lines that move or grow has a
    preferred sign, and a random forest sees it missing.

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
        Around 0: what all residuals have in common is left out.
    """
    size, n_points = residuals.shape
    if size > 1:
        # Divided by n - 1, as deviations from their own mean are too small.
        residuals = (residuals - residuals.mean(axis=0)) * np.sqrt(size / (size - 1))
    drawn = np.zeros((n, n_points))
    for weights in block_weights(n_points):
        inside = np.flatnonzero(weights)
        block = residuals[:, inside] * weights[inside]
        if size == 1:  # has no other to be combined with
            block = np.concatenate([block, -block])
        drawn[:, inside] += block[balanced_rows(len(block), n, rng)]
    return drawn
