"""Maps on the feature-map units of a network: (module, X, target) -> map.

A module is any `torch.nn.Module` with `features(x)`, spectra (n, n_points) to feature
maps (n, channels, units), and `head(features)`, feature maps to logits (n, n_classes).
"""

from functools import partial

import torch

from sklearn_raman.inspection._class_activation import check_scale
from sklearn_raman.inspection._head import Head
from sklearn_raman.inspection._reference import references_by_piece
from sklearn_raman.inspection._targets import (
    PIECE,
    features_of,
    given_positions,
    gradients_at,
    score_gradients,
)

# Spectra on which the head is tried.
_N_TRIED = 4


def contribution(
    module, X, target=None, *, score="logodds", reference="auto", scale=None
):
    """Map what each feature-map unit adds to the score of a class.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, with `features` and `head`.
    X : torch.Tensor of shape (n_spectra, n_points)
        Spectra, with the dtype and on the device of the module.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained. The log-odds have the direction of the softmax probability
        (the paper's score) and do not vanish when the probability reaches 1; "contrast"
        is the logit minus the mean logit.
    reference : {"auto", "blank", "local", "zero"} or array-like, default="auto"
        What contributes nothing. "zero": feature maps of zeros, as in the paper.
        "blank": a flat spectrum at the background level (the median) of each, see
        Notes; "local": the moving median of each; or spectra of shape (n_points,) or
        (n_spectra, n_points). "auto" is "blank" where the module subtracts a mean
        spectrum (`input.center`), and "zero" elsewhere.
    scale : {"paper"} or None, default=None
        "paper" multiplies the map of a spectrum by the sum over its feature maps, which
        eq. 8 implies.

    Returns
    -------
    torch.Tensor of shape (n_spectra, units) or (n_spectra, n_classes, units)
        The map; the second shape for target="all".

    Notes
    -----
    The paper [1]_ derives the map from the weights Fw of the first fully connected
    layer h = Fw A + b: eq. 8 is beta_l = sum_xk dy/dFw_xkl, eq. 9 is M_x = sum_k A_xk
    sum_l beta_l Fw_xkl. Since dy/dFw_xkl = A_xk dy/dh_l, beta_l is dy/dh_l times the
    sum of all of A, and

        M_x = (sum of A) * sum_k A_xk dy/dA_xk.

    So the map is the feature map times the gradient of the score, one pass back to the
    last pooling layer, and it is defined for any head. The factor in front, one number
    for each spectrum, is left out: without it the map adds up to the logit minus the
    head's value at zero features, if the head is linear.

    A network that subtracts the mean training spectrum sees a band of another class as
    a dip where this spectrum has none, so that the literal map lights up where there is
    nothing. With a blank reference the map is sum_k (A_xk - A_xk(blank)) dy/dA_xk: it
    vanishes where the spectrum is at its background, and adds up to the logit minus the
    blank spectrum's.

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), eq. 8-9,
       https://doi.org/10.1016/j.aca.2019.08.064

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.inspection import contribution
    >>> class Net(torch.nn.Module):
    ...     def features(self, x):
    ...         return x[:, None]
    ...     def head(self, features):
    ...         return features[:, 0] @ torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    >>> contribution(Net(), torch.tensor([[3.0, 4.0]]), target="all", score="logit")
    tensor([[[3., 0.],
             [0., 8.]]])
    """
    check_scale(scale)
    every = isinstance(target, str)
    given = not every and target is not None
    positions = given_positions(target, len(X)) if given else None
    head = Head(module, features_of(module, X[:_N_TRIED]))
    backgrounds = references_by_piece(
        module, X, reference, lambda features: [features, head.values(features)]
    )
    maps = []
    for start in range(0, len(X), PIECE):
        rows = slice(start, start + PIECE)
        wanted = positions[rows] if given else target
        with torch.no_grad():
            features = module.features(X[rows])
        gradients = partial(gradients_at, target=wanted, score=score)
        found = head.maps(features, *backgrounds(rows), gradients)
        if scale is not None:
            found *= features.sum(dim=(1, 2))[:, None, None]
        maps.append(found if every else found[:, 0])
    return torch.cat(maps)


def grad_cam(module, X, target=None, *, score="logodds", relu=True, scale=None):
    """Map Grad-CAM: feature maps, weighted by the mean gradient of the score.

    The gradient is averaged over the axis, so that it can't say where: on a network
    whose head tells positions apart, as that of this paper, every band lights up,
    whatever the class, or, where the weights come out negative (half of the log-odds
    maps in a simulation), all that lies between bands. It is here because the paper
    compares with it.

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
    relu : bool, default=True
        Set what speaks against the class to zero, as in eq. 7; a map may then be zero
        everywhere.
    scale : {"paper"} or None, default=None
        "paper" takes the sum of the gradient, as in eq. 6, instead of the mean.

    Returns
    -------
    torch.Tensor of shape (n_spectra, units) or (n_spectra, n_classes, units)
        The map; the second shape for target="all".

    References
    ----------
    .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis with
       deep convolutional neural network", Anal. Chim. Acta 1087 (2019), eq. 6-7,
       https://doi.org/10.1016/j.aca.2019.08.064

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.inspection import grad_cam
    >>> from sklearn_raman.neural_network import CNN
    >>> grad_cam(CNN(50, 3).eval(), torch.rand(2, 50)).shape
    torch.Size([2, 13])
    """
    check_scale(scale)
    features = features_of(module, X)

    def to_map(values, gradient):
        pool = torch.sum if scale == "paper" else torch.mean
        found = (values * pool(gradient, dim=2, keepdim=True)).sum(dim=1)
        return found.relu() if relu else found

    return score_gradients(module.head, features, target, score, to_map)
