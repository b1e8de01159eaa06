"""New noise from the residuals of real spectra: a bootstrap in blocks of the axis."""

import numpy as np

BLOCK = 40  # points between the centres of blocks
# With few residuals blocks are shorter, or there would be few combinations: a linear
# classifier finds directions that no draw varies.
_POINTS_PER_RESIDUAL = 4
_FEW = 6  # residuals; fewer do not show which sign is preferred


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
    block stay; what is new is the combination. What components leave of lines that
    move or grow has a preferred sign, which a random forest would miss; only blocks of
    few residuals (below 6) get a random sign.

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
    few = size < _FEW
    if not few:
        # Divided by n - 1, as deviations from their own mean are too small.
        residuals = (residuals - residuals.mean(axis=0)) * np.sqrt(size / (size - 1))
    drawn = np.zeros((n, n_points))
    for weights in block_weights(n_points, min(BLOCK, _POINTS_PER_RESIDUAL * size)):
        inside = np.flatnonzero(weights)
        block = (residuals[:, inside] * weights[inside])[balanced_rows(size, n, rng)]
        if few:
            block = block * rng.choice([-1, 1], (n, 1))
        drawn[:, inside] += block
    return drawn
