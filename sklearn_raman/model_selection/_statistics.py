"""Is a difference in scores more than chance? Pure functions."""

import numpy as np
from scipy import stats

ROUNDING = 1e-12


def corrected_t_test(differences, n_train, n_test, *, confidence=0.95):
    """Corrected resampled t-test of Nadeau and Bengio.

    The scores of two models on the same k folds differ by d_1, ..., d_k. Training sets
    of the folds overlap, so the d_i are correlated and the usual s^2 / k is too small
    a variance of their mean. The correction replaces it by

        (1/k + n_test/n_train) * s^2,    s^2 = sum (d_i - mean d)^2 / (k - 1),

    and compares the mean with Student's t for k - 1 degrees of freedom.

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        Score of one model minus that of the other in each fold.
    n_train, n_test : array-like of shape (n_folds,)
        Rows in the training and in the test part of each fold; the mean of their
        ratio enters.
    confidence : float, default=0.95
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    mean, lower, upper, p_value : float
        NaN except for the mean when there are fewer than two folds. If all
        differences are equal (up to rounding) the interval has no width, and p is 1
        when they are zero and 0 otherwise.

    References
    ----------
    .. [1] Nadeau, C. and Bengio, Y. (2003). Inference for the generalization error.
       Machine Learning 52, 239-281.
    """
    differences = np.asarray(differences, dtype=np.float64)
    n_folds = len(differences)
    mean = differences.mean()
    if n_folds < 2 or np.isnan(mean):
        return mean, np.nan, np.nan, np.nan
    ratio = np.mean(np.asarray(n_test) / np.asarray(n_train))
    error = np.sqrt((1 / n_folds + ratio) * differences.var(ddof=1))
    # Below this, differences between scores of order 1 are rounding.
    if np.ptp(differences) < ROUNDING:
        return mean, mean, mean, float(abs(mean) < ROUNDING)
    width = error * stats.t.ppf((1 + confidence) / 2, n_folds - 1)
    p_value = 2 * stats.t.sf(abs(mean) / error, n_folds - 1)
    return mean, mean - width, mean + width, p_value
