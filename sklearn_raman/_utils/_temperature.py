"""What held-out spectra tell of the temperature of a model of all spectra."""

import numpy as np
import pandas as pd


def temperature_excess(codes, groups, training, held_out):
    """Return how much larger a temperature held-out spectra need than later ones.

    The mean of a class that is learned from n crystals or patients is off by 1/n of the
    variance between them, so that another one lies from it by 1 + 1/n of that variance:
    discriminants are divided by as much [1]_. Models that help to calibrate have seen
    fewer than the model that they calibrate.

    Parameters
    ----------
    codes : ndarray of shape (n_spectra,), int
        Class positions.
    groups : ndarray of shape (n_spectra,) or None
        None counts spectra.
    training, held_out : ndarray, int
        Positions. Each class that is held out is in the training part.

    Returns
    -------
    ndarray of shape (n_held_out,)
        1 or more.

    References
    ----------
    .. [1] J. Aitchison, J. D. F. Habbema, J. W. Kay, "A critical comparison of two
       methods of statistical discrimination", Applied Statistics 26 (1977), 15-25.
    """
    groups = np.arange(len(codes)) if groups is None else groups

    def variance(known):
        units = pd.Series(groups[known]).groupby(codes[known]).nunique()
        return 1 + 1 / units.loc[codes[held_out]].to_numpy()

    return variance(training) / variance(np.arange(len(codes)))
