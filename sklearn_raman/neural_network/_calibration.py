"""How sure a network should be: one temperature, found on spectra it has not seen."""

import warnings

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedGroupKFold
from torch import nn

_LARGEST = np.log(50.0)  # temperatures from 1/50 to 50


def held_out_folds(codes, groups, n_folds, random_state):
    """Yield positions (training, held out) of folds by group, or by spectrum.

    Held-out spectra of a class that is not in the training part are left out: nothing
    can be learned from what a network says about a class that it does not know.

    Parameters
    ----------
    codes : ndarray of shape (n_spectra,), int
        Class positions.
    groups : ndarray of shape (n_spectra,) or None
        No group is on both sides.
    n_folds : int
        Number of folds; as many as there are groups, if these are fewer.
    random_state : int
        Seed.

    Yields
    ------
    training, held_out : ndarray, int
        Neither is empty, and there are two classes or more to learn.
    """
    units = np.arange(len(codes)) if groups is None else groups
    n_folds = min(n_folds, len(np.unique(units)))
    if n_folds < 2:
        return
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        # It warns of classes with fewer spectra than folds: not a concern here.
        warnings.filterwarnings("ignore", message="The least populated class")
        parts = list(folds.split(codes, codes, units))
    for training, held_out in parts:
        known = np.unique(codes[training])
        held_out = held_out[np.isin(codes[held_out], known)]
        if len(known) > 1 and len(held_out):
            yield training, held_out


def find_temperature(logits, codes, weights=None, n_units=None):
    """Return the temperature by which logits should be divided.

    Parameters
    ----------
    logits : ndarray of shape (n_spectra, n_classes)
        Of spectra that the network has not seen.
    codes : ndarray of shape (n_spectra,), int
        Class positions.
    weights : ndarray of shape (n_spectra,) or None, default=None
        Weights of the spectra.
    n_units : int or None, default=None
        How many of the spectra are independent; None takes all.

    Returns
    -------
    float
        It has the lowest log-loss against labels that are a little unsure: with n
        independent spectra a label counts (n + 1/2) / (n + 1), as if half a spectrum
        more had been seen that it is right for, and half a one that it is not [1]_. A
        few spectra, all named correctly, do not make a network infinitely sure then.

    References
    ----------
    .. [1] R. E. Krichevsky, V. K. Trofimov, "The performance of universal encoding",
       IEEE Transactions on Information Theory 27 (1981), 199-207.
    """
    n_units = len(codes) if n_units is None else n_units
    n_classes = logits.shape[1]
    rows = np.arange(len(codes))
    spread = 0.5 / (n_units + 1)

    def loss(log_temperature):
        logs = log_softmax(logits / np.exp(log_temperature), axis=1)
        true = logs[rows, codes]
        others = (logs.sum(axis=1) - true) / (n_classes - 1)
        return -np.average((1 - spread) * true + spread * others, weights=weights)

    found = minimize_scalar(loss, bounds=(-_LARGEST, _LARGEST), method="bounded")
    return float(np.exp(found.x))


@torch.no_grad()
def divide_logits(module, temperature):
    """Divide the logits of a module by a number, in its last layer `output`.

    The module then says by itself what is calibrated, as do its maps.

    Raises
    ------
    TypeError
        If the module has no such layer.
    """
    output = getattr(module, "output", None)
    if not isinstance(output, nn.Linear):
        raise TypeError(
            f"calibration needs a module whose last layer is its attribute `output`, a "
            f"torch.nn.Linear; {type(module).__name__} has none. Use calibration=None."
        )
    output.weight /= temperature
    if output.bias is not None:
        output.bias /= temperature
