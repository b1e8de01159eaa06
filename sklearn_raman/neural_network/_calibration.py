"""How sure a network should be: where its classes end, and one temperature."""

import warnings

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedGroupKFold
from torch import nn
from torch.nn import functional

from sklearn_raman._utils._torch import LastLinear

_ENOUGH = 500  # independent spectra that tell a temperature well enough
_LARGEST = np.log(50.0)  # temperatures from 1/50 to 50
_SHRINKAGE = 0.3  # of the covariance of logits within classes
_OF_DISCRIMINANTS = 0.75  # the rest is of the logits themselves
_RIDGE = 1e-3  # where a constant is replaced by a sum of what the last layer sees


def held_out_folds(codes, groups, n_folds, random_state):
    """Yield positions (training, held out) of folds by group, or by spectrum.

    Held-out spectra of a class that is not in the training part are left out: nothing
    can be learned from what a network says about a class that it does not know. No
    fold comes after those that hold out 500 groups, or spectra without groups.

    Parameters
    ----------
    codes : ndarray of shape (n_spectra,), int
        Class positions.
    groups : ndarray of shape (n_spectra,) or None
        No group is on both sides.
    n_folds : int
        Number of folds; as many as there are groups, or spectra of the largest class,
        if these are fewer.
    random_state : int
        Seed.

    Yields
    ------
    training, held_out : ndarray, int
        Neither is empty, and there are two classes or more to learn.
    """
    units = np.arange(len(codes)) if groups is None else groups
    n_folds = min(n_folds, len(np.unique(units)), np.bincount(codes).max())
    if n_folds < 2:
        return
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        # It warns of classes with fewer spectra than folds: not a concern here.
        warnings.filterwarnings("ignore", message="The least populated class")
        parts = list(folds.split(codes, codes, units))
    n_seen = 0
    for training, held_out in parts:
        if n_seen >= _ENOUGH:
            return
        n_seen += len(np.unique(units[held_out]))
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
def discriminate_logits(module, batches, n_classes):
    """Mix the logits of a module with linear discriminants of them.

    Training pushes the logits of each class towards one place, as near as it can for
    spectra that it sees, and does not say in which directions those of other spectra
    will lie beside it. Varied spectra tell: linear discriminant analysis [1]_ weighs
    directions by how much logits vary within classes. Its discriminants are linear in
    the logits, so that the last layer `output` takes them in; three parts of them and
    one of the logits, each with the same spread. scikit-learn's LDA takes no weights of
    samples, so that sums over batches are made here.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode; its last layer is `output`.
    batches : iterable of (x, codes, weights)
        Varied spectra, class positions, sample weights.
    n_classes : int
        Number of logits.

    References
    ----------
    .. [1] T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical
       Learning" (2009), section 4.3.
    """
    output, sums = last_layer(module), None
    for x, codes, weights in batches:
        with LastLinear() as seen:
            logits = module(x)
        inputs = seen.input_of(logits, owner=type(module).__name__).cpu().double()
        logits, weights = logits.cpu().double(), weights.cpu().double()[:, None]
        members = functional.one_hot(codes.cpu(), n_classes) * weights
        found = [members.sum(dim=0), members.T @ logits, logits.T @ (weights * logits)]
        if output.bias is None:
            found += [inputs.T @ (weights * inputs), inputs.T @ weights]
        sums = found if sums is None else list(map(torch.add, sums, found))
    sizes, totals, products, *constants = sums
    known = torch.nonzero(sizes)[:, 0]
    weights, constant = torch.eye(n_classes).double(), torch.zeros(n_classes).double()
    # A class without spectra keeps its logit.
    weights[known[:, None], known], constant[known] = linear_discriminants(
        sizes[known], totals[known][:, known], products[known][:, known]
    )
    new = weights @ output.weight.cpu().double()
    if output.bias is not None:
        output.bias.copy_(weights @ output.bias.cpu().double() + constant)
    elif constant.any():
        # A sum of inputs that is near 1 for each spectrum stands for the constant.
        gram, ones = constants
        gram.diagonal().add_(_RIDGE * gram.diagonal().mean())
        new += torch.outer(constant, torch.linalg.solve(gram, ones)[:, 0])
    output.weight.copy_(new)


def linear_discriminants(sizes, totals, products):
    """Return weights and constants of the linear discriminants of logits.

    Parameters
    ----------
    sizes : torch.Tensor of shape (n_classes,)
        Sum of the weights of the spectra of each class.
    totals : torch.Tensor of shape (n_classes, n_classes)
        Sums of the logits (columns) of each class (rows).
    products : torch.Tensor of shape (n_classes, n_classes)
        Sums of their products.

    Returns
    -------
    weights, constants : torch.Tensor
        Of the mixture; of the logits alone where they do not vary within classes.
    """
    n, means = sizes.sum(), totals / sizes[:, None]
    within = (products - totals.T @ means) / n
    mean = totals.sum(dim=0) / n
    total = products / n - torch.outer(mean, mean)
    size = within.diagonal().mean()
    own = torch.eye(len(sizes)).double()
    if not size > 1e-12 * total.diagonal().mean():
        return own, torch.zeros(len(sizes)).double()
    shrunk = (1 - _SHRINKAGE) * within
    shrunk.diagonal().add_(_SHRINKAGE * size)
    weights = torch.linalg.solve(shrunk, means.T).T
    constants = (sizes / n).log() - (weights * means).sum(dim=1) / 2

    def spread(weights):
        centered = weights - weights.mean(dim=0)
        return (centered @ total @ centered.T).trace().sqrt()

    factor = _OF_DISCRIMINANTS * spread(own) / spread(weights)
    return (1 - _OF_DISCRIMINANTS) * own + factor * weights, factor * constants


@torch.no_grad()
def divide_logits(module, temperature):
    """Divide the logits of a module by a number, in its last layer `output`.

    The module then says by itself what is calibrated, as do its maps.
    """
    output = last_layer(module)
    output.weight /= temperature
    if output.bias is not None:
        output.bias /= temperature


def last_layer(module):
    """Return the last layer of a module.

    Raises
    ------
    TypeError
        If it is not a linear one by the name of `output`.
    """
    output = getattr(module, "output", None)
    if not isinstance(output, nn.Linear):
        raise TypeError(
            f"calibration needs a module whose last layer is its attribute `output`, a "
            f"torch.nn.Linear; {type(module).__name__} has none. Use calibration=None."
        )
    return output
