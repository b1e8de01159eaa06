"""Maps on the points of the spectrum, from gradients: finer, and costlier.

Each needs at least one backward pass through the whole network.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from sklearn_raman._utils._validation import check_whole
from sklearn_raman.neural_network.attribution._shared import (
    class_positions,
    logits_of,
    on_private_copy,
    reference_tensor,
    score_gradients,
    stack_maps,
)

_MOST_STEPS = 2000  # the nodes of more take longer than the gradients


@on_private_copy
def saliency(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
    *,
    score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
    absolute: bool = True,
) -> torch.Tensor:
    """Map the gradient of the score: where a change would matter.

    Parameters
    ----------
    module : torch.nn.Module
        With `features` and `head`.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    absolute : bool, default=True
        Take the absolute value, or keep the sign.

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        Change of the score for one unit of intensity; the second shape for
        target="all".

    References
    ----------
    .. [1] K. Simonyan, A. Vedaldi, A. Zisserman, "Deep inside convolutional networks",
       arXiv:1312.6034 (2013).

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import saliency
    >>> from sklearn_raman.neural_network import CNN
    >>> saliency(CNN(50, 3), torch.rand(2, 50)).shape
    torch.Size([2, 50])
    """
    gradients = score_gradients(partial(logits_of, module), X, target, score)
    maps = stack_maps(gradients, target)
    return maps.abs() if absolute else maps


@on_private_copy
def input_x_gradient(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
    *,
    score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
    reference: ArrayLike | torch.Tensor = "zero",
) -> torch.Tensor:
    """Map the spectrum times the gradient of the score.

    Parameters
    ----------
    module : torch.nn.Module
        With `features` and `head`.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    reference : {"zero", "blank", "local"}, float or array-like, default="zero"
        Spectrum that is subtracted first: zero intensity, flat at the background level
        (the median) of each spectrum, its running median, an intensity, or spectra of
        shape (n_points,) or (n_spectra, n_points).

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        The map; the second shape for target="all".

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import input_x_gradient
    >>> from sklearn_raman.neural_network import CNN
    >>> input_x_gradient(CNN(50, 3), torch.rand(2, 50)).shape
    torch.Size([2, 50])
    """
    change = X - reference_tensor(X, reference)
    gradients = score_gradients(partial(logits_of, module), X, target, score)
    return stack_maps((change * gradient for gradient in gradients), target)


@on_private_copy
def integrated_gradients(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
    *,
    score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
    reference: ArrayLike | torch.Tensor = "blank",
    n_steps: int = 32,
) -> torch.Tensor:
    """Map integrated gradients: what leads from a blank spectrum to the score.

    Parameters
    ----------
    module : torch.nn.Module
        With `features` and `head`.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    reference : {"blank", "local", "zero"}, float or array-like, default="blank"
        Where the path starts: a flat spectrum at the background level (the median) of
        each spectrum, its running median, zero intensity, an intensity, or spectra of
        shape (n_points,) or (n_spectra, n_points).
    n_steps : int, default=32
        Points on the path (Gauss-Legendre); each costs a forward and a backward pass.
        At most 2000.

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        The map; the second shape for target="all". It adds up to the difference of the
        scores of X and the reference, the better the more steps.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic attribution for deep networks",
       ICML (2017).

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import integrated_gradients
    >>> from sklearn_raman.neural_network import CNN
    >>> integrated_gradients(CNN(50, 3), torch.rand(2, 50), n_steps=4).shape
    torch.Size([2, 50])
    """
    check_whole(n_steps, "n_steps", low=1, high=_MOST_STEPS)
    start = reference_tensor(X, reference)
    change, logits = X - start, partial(logits_of, module)
    if target is None:  # the class of the spectrum, not of what is on the path
        with torch.no_grad():
            (target,) = class_positions(logits(X), None)
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    total = 0
    for node, weight in zip(nodes, weights, strict=True):
        on_path = start + (1 + float(node)) / 2 * change
        gradients = score_gradients(logits, on_path, target, score)
        maps = stack_maps((change * gradient for gradient in gradients), target)
        total = total + float(weight) / 2 * maps
    return total  # type: ignore[return-value]
