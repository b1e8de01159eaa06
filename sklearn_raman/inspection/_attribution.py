"""Maps on the feature-map units of a network: (module, X, target) -> map.

A module is any `torch.nn.Module` with `features(x)`, spectra (n, n_points) to feature
maps (n, channels, units), and `head(features)`, feature maps to logits (n, n_classes).
"""

import numpy as np
import torch

from sklearn_raman._utils._explanation import score_weights


def contribution(module, X, target=None, *, score="logodds"):
    """Map what each feature-map unit adds to the score of a class.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, with `features` and `head`.
    X : torch.Tensor of shape (n_spectra, n_points)
        Spectra, with the dtype and on the device of the module.
    target : None, "all" or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    score : {"logodds", "logit", "prob"}, default="logodds"
        What is explained. The log-odds have the direction of the softmax probability
        (the paper's score) and do not vanish when the probability reaches 1.

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
    with torch.no_grad():
        features = module.features(X)
    features = features.detach().requires_grad_()
    with torch.enable_grad():
        logits = module.head(features)
    values = logits.detach().cpu().numpy().astype(np.float64)
    if isinstance(target, str):
        explained = np.broadcast_to(np.arange(values.shape[1]), values.shape).T
    else:
        explained = [values.argmax(axis=1) if target is None else np.asarray(target)]
    maps = []
    for position in explained:
        weights = torch.from_numpy(score_weights(values, position, score))
        (gradient,) = torch.autograd.grad(
            logits, features, weights.to(logits), retain_graph=True
        )
        maps.append((features.detach() * gradient).sum(dim=1))
    return torch.stack(maps, dim=1) if isinstance(target, str) else maps[0]
