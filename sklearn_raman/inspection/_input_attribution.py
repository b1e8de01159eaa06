"""Maps on the points of the spectrum itself: (module, X, target) -> map.

Finer than maps on feature-map units, and dearer: each needs at least one pass back
through the whole network.
"""

from functools import partial

import numpy as np
import torch

from sklearn_raman.inspection._reference import reference_spectra
from sklearn_raman.inspection._targets import (
    class_positions,
    class_scores,
    logits_of,
    score_gradients,
    stack_maps,
)


def saliency(module, X, target=None, *, score="logodds", absolute=True):
    """Map the gradient of the score: where a change would matter.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, with `features` and `head`.
    X : torch.Tensor of shape (n_spectra, n_points)
        Spectra, with the dtype and on the device of the module.
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
    >>> from sklearn_raman.inspection import saliency
    >>> from sklearn_raman.neural_network import CNN
    >>> saliency(CNN(50, 3).eval(), torch.rand(2, 50)).shape
    torch.Size([2, 50])
    """

    def to_map(values, gradient):
        return gradient.abs() if absolute else gradient

    return score_gradients(partial(logits_of, module), X, target, score, to_map)


def input_x_gradient(module, X, target=None, *, score="logodds", reference="zero"):
    """Map the spectrum times the gradient of the score.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, with `features` and `head`.
    X : torch.Tensor of shape (n_spectra, n_points)
        Spectra, with the dtype and on the device of the module.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    reference : {"zero", "blank", "local"} or array-like, default="zero"
        Spectrum that is subtracted first: none, flat at the background level (the
        median) of each spectrum, its moving median, or spectra of shape (n_points,) or
        (n_spectra, n_points).

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        The map; the second shape for target="all".

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.inspection import input_x_gradient
    >>> from sklearn_raman.neural_network import CNN
    >>> input_x_gradient(CNN(50, 3).eval(), torch.rand(2, 50)).shape
    torch.Size([2, 50])
    """
    change = X - reference_spectra(X, reference)

    def to_map(values, gradient):
        return change * gradient

    return score_gradients(partial(logits_of, module), X, target, score, to_map)


def integrated_gradients(
    module, X, target=None, *, score="logodds", reference="blank", n_steps=32
):
    """Map integrated gradients: what leads from a blank spectrum to the score.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, with `features` and `head`.
    X : torch.Tensor of shape (n_spectra, n_points)
        Spectra, with the dtype and on the device of the module.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    reference : {"blank", "local", "zero"} or array-like, default="blank"
        Where the path starts: a flat spectrum at the background level (the median) of
        each spectrum, its moving median, zero intensity, or spectra of shape
        (n_points,) or (n_spectra, n_points).
    n_steps : int, default=32
        Points on the path (Gauss-Legendre); each costs a pass forth and back.

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
    >>> from sklearn_raman.inspection import integrated_gradients
    >>> from sklearn_raman.neural_network import CNN
    >>> integrated_gradients(CNN(50, 3).eval(), torch.rand(2, 50), n_steps=4).shape
    torch.Size([2, 50])
    """
    if n_steps < 1:
        raise ValueError(f"n_steps must be 1 or more, got {n_steps}.")
    start = reference_spectra(X, reference)
    if target is None:  # the class of the spectrum, not of what is on the path
        with torch.no_grad():
            (target,) = class_positions(logits_of(module, X), None)
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)

    def to_map(values, gradient):
        return (X - start) * gradient

    return sum(
        float(weight)
        / 2
        * score_gradients(
            partial(logits_of, module),
            start + (1 + float(node)) / 2 * (X - start),
            target,
            score,
            to_map,
        )
        for node, weight in zip(nodes, weights, strict=True)
    )


def module_occlusion(
    module,
    X,
    target=None,
    *,
    score="logodds",
    reference="local",
    width=9,
    step=4,
):
    """Map how much the score falls when a window of the spectrum is covered.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, with `features` and `head`.
    X : torch.Tensor of shape (n_spectra, n_points)
        Spectra, with the dtype and on the device of the module.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    reference : {"local", "blank", "zero"} or array-like, default="local"
        What a window is replaced by: the moving median of each spectrum over a tenth of
        its points, its background level (the median), zero intensity, or spectra of
        shape (n_points,) or (n_spectra, n_points).
    width : int, default=9
        Width of the window in points; about that of a band.
    step : int, default=4
        Points from one window to the next, at most `width`; each window costs a pass
        forth.

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        Mean fall of the score over the windows that cover a point; the second shape for
        target="all".

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.inspection import module_occlusion
    >>> from sklearn_raman.neural_network import CNN
    >>> module_occlusion(CNN(50, 3).eval(), torch.rand(2, 50)).shape
    torch.Size([2, 50])
    """
    if not 1 <= step <= width:
        raise ValueError(
            f"step and width need 1 <= step <= width, got step={step} and "
            f"width={width}: points between two windows would never be covered."
        )
    cover = reference_spectra(X, reference)
    n_points = X.shape[1]
    last = max(n_points - width, 0)
    with torch.no_grad():
        logits = logits_of(module, X)
        before = class_scores(logits, score)
        total = X.new_zeros(len(X), before.shape[1], n_points)
        n_windows = X.new_zeros(n_points)
        for start in range(0, last + step, step):
            window = slice(start, start + width)
            covered = X.clone()
            covered[:, window] = cover[:, window]
            fall = before - class_scores(logits_of(module, covered), score)
            total[:, :, window] += fall[:, :, None]
            n_windows[window] += 1
        total /= n_windows
        rows = torch.arange(len(X), device=X.device)
        maps = [
            total[rows, torch.from_numpy(positions).to(X.device)]
            for positions in class_positions(logits, target)
        ]
    return stack_maps(maps, target)
