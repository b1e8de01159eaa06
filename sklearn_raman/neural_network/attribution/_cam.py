"""Class activation maps: what a network that averages its feature maps adds up."""

from __future__ import annotations

from typing import Literal

import torch
from numpy.typing import ArrayLike
from sklearn.utils import Bunch
from torch import nn

from sklearn_raman._utils._explanation import score_weights
from sklearn_raman.neural_network.attribution._shared import (
    check_scale,
    class_positions,
    on_private_copy,
    stack_maps,
)


@on_private_copy
def cam(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
    *,
    score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
    scale: Literal["paper"] | None = None,
) -> torch.Tensor:
    """Map the class activation: feature maps, weighted by the output layer.

    The module averages its feature maps, as a whole or in bins, and its output layer is
    linear and has no bias: each unit has a share in the score.

    Parameters
    ----------
    module : torch.nn.Module
        With `features`, `head`, a layer `pool` that averages units and a layer
        `output`, `torch.nn.Linear` without bias on these averages.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained. "logit" is the map of the paper. Adding one vector to the
        weights of all classes changes that map and no probability; the other scores do
        not see it. "contrast" is the logit minus the mean logit.
    scale : {"paper"} or None, default=None
        "paper" is the literal eq. 6, which leaves out the division by the number of
        units that the average has; by default the map adds up to the logit.

    Returns
    -------
    torch.Tensor of shape (n_spectra, units) or (n_spectra, n_classes, units)
        The map; the second shape for target="all".

    Raises
    ------
    ValueError
        If the module has another architecture.

    Notes
    -----
    Eq. 6 of [1]_ is M_c(x) = sum_k w_kc A_k(x), and the score is the mean of that over
    x. With bins, the weight is that of the bin where x lies, and the score is the sum
    of the means in the bins.

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta (2020), eq. 5-6,
       https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import cam
    >>> from sklearn_raman.neural_network import GAPCNN
    >>> net, X = GAPCNN(50, 3, pool_bins=1), torch.rand(2, 50)
    >>> maps = cam(net, X, "all", score="logit")
    >>> torch.allclose(maps.sum(dim=2), net(X), atol=1e-5)
    True
    """
    check_scale(scale)
    with torch.no_grad():
        features = module.features(X)
        shares, weights, logits = _averages(module, features)
        if scale == "paper":
            shares = (shares > 0).to(shares)
        values = logits.double().cpu().numpy()
        maps = []
        for positions in class_positions(logits, target):
            of_logits = torch.from_numpy(score_weights(values, positions, score))
            mixed = torch.einsum("nc,ckb->nkb", of_logits.to(logits), weights)
            maps.append((features * (mixed @ shares.T)).sum(dim=1))
    return stack_maps(maps, target)


@on_private_copy
def decision_terms(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
) -> Bunch:
    """Return the products that add up to a class score, feature map by feature map.

    Parameters
    ----------
    module : torch.nn.Module
        As for :func:`cam`.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class: the predicted one, every one, or these.

    Returns
    -------
    Bunch
        Tensors; with target="all" an axis of length n_classes comes after n_spectra.

        pooled : (n_spectra, channels, bins), averages of the feature maps
        weights : (n_spectra, channels, bins), weights of the class in the output layer
        products : (n_spectra, channels, bins), pooled times weights
        sums : (n_spectra,), sums of the products: the logit.

    Raises
    ------
    ValueError
        If the module has another architecture.

    References
    ----------
    .. [1] X. Zhang et al., "Understanding the learning mechanism of convolutional
       neural networks in spectral analysis", Anal. Chim. Acta (2020), Fig. 8,
       https://doi.org/10.1016/j.aca.2020.03.055

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import decision_terms
    >>> from sklearn_raman.neural_network import GAPCNN
    >>> net, X = GAPCNN(50, 3, pool_bins=1), torch.rand(2, 50)
    >>> terms = decision_terms(net, X, "all")
    >>> terms.products.shape
    torch.Size([2, 3, 64, 1])
    >>> torch.allclose(terms.sums, net(X), atol=1e-5)
    True
    """
    with torch.no_grad():
        features = module.features(X)
        shares, weights, logits = _averages(module, features)
        pooled = features @ shares
        positions = class_positions(logits, target)
        chosen = [weights[torch.from_numpy(p).to(weights.device)] for p in positions]
    chosen = stack_maps(chosen, target)
    pooled = pooled[:, None].expand_as(chosen) if isinstance(target, str) else pooled
    products = pooled * chosen
    return Bunch(
        pooled=pooled,
        weights=chosen,
        products=products,
        sums=products.sum(dim=(-2, -1)),
    )


def averages_units(module):
    """Whether the module can have class activation maps, by its layers."""
    output = getattr(module, "output", None)
    return (
        isinstance(getattr(module, "pool", None), nn.Module)
        and isinstance(output, nn.Linear)
        and output.bias is None
    )


def _averages(module, features):
    """Return how a module averages its feature maps, and the logits of that.

    Returns
    -------
    shares : torch.Tensor of shape (units, bins)
        Of each unit in each average.
    weights : torch.Tensor of shape (n_classes, channels, bins)
        Of each average in each class.
    logits : torch.Tensor of shape (n_spectra, n_classes)
        What `head` answers, which is the weighted sum of the averages.
    """
    name = type(module).__name__
    if not averages_units(module):
        raise ValueError(
            "cam and decision_terms need a network that averages its feature maps in a "
            f"layer `pool` before a linear layer `output` without bias; {name} is not "
            "one. contribution gives the same map on such networks, and fits this one."
        )
    # A linear layer along the units shows its matrix when it meets the unit vectors.
    eye = torch.eye(features.shape[2], device=features.device, dtype=features.dtype)
    shares = module.pool(eye[None])[0]
    weights = module.output.weight
    n_averages = features.shape[1] * shares.shape[1]
    one_each = torch.allclose(shares.sum(dim=0), shares.new_ones(1), atol=1e-4)
    if not one_each or weights.shape[1] != n_averages:
        raise ValueError(
            f"cam and decision_terms need averages: {name}.pool is not an average, or "
            f"`output` takes {weights.shape[1]} values, not {n_averages}."
        )
    weights = weights.reshape(len(weights), features.shape[1], -1)
    logits = module.head(features)
    sums = torch.einsum("nkb,ckb->nc", features @ shares, weights)
    rounding = 1e-3 * float(logits.abs().max())
    if not torch.allclose(sums, logits, atol=rounding, equal_nan=True):
        raise ValueError(
            f"cam and decision_terms add up to the logits, but not those of {name}: "
            "its head does something else too. Use the method contribution."
        )
    return shares, weights, logits
