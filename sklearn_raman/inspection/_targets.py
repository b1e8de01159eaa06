"""Which class is explained, and how: the one place where target and score meet torch.

Every method is a function (module, X, target, score) -> map. Here a target becomes
class positions and a score becomes a gradient.
"""

import numpy as np
import torch

from sklearn_raman._utils._explanation import check_score, score_weights

# Spectra at a time in the convolutions, whose feature maps then stay in a CPU's cache.
PIECE = 32


def features_of(module, X):
    """Return feature maps (n_spectra, channels, units), without a way back."""
    features = None
    with torch.no_grad():
        for start in range(0, len(X), PIECE):
            piece = module.features(X[start : start + PIECE])
            if features is None:
                features = piece.new_empty(len(X), *piece.shape[1:])
            features[start : start + PIECE] = piece
    return features


def logits_of(module, X):
    """Return the logits (n_spectra, n_classes) of spectra (n_spectra, n_points)."""
    return module.head(module.features(X))


def class_positions(logits, target):
    """Return the class positions that are explained, one array for each map.

    Parameters
    ----------
    logits : torch.Tensor of shape (n_spectra, n_classes)
        What the module says; it decides if `target` is None.
    target : None, "all", int or array-like of shape (n_spectra,), int
        See :func:`sklearn_raman.inspection.contribution`.

    Returns
    -------
    list of ndarray of shape (n_spectra,), int
        One array, or one for each class for "all".
    """
    n_spectra, n_classes = logits.shape
    if isinstance(target, str):
        if target != "all":
            raise ValueError(
                f'target must be None, "all" or class positions, got {target!r}; '
                "labels are known to the classifier's explain_ only."
            )
        return [np.full(n_spectra, position) for position in range(n_classes)]
    if target is None:
        return [logits.detach().argmax(dim=1).cpu().numpy()]
    positions = given_positions(target, n_spectra)
    if not (positions >= 0).all() or not (positions < n_classes).all():
        raise ValueError(
            f"target must hold class positions from 0 to {n_classes - 1}, got {target}."
        )
    return [positions]


def given_positions(target, n_spectra):
    """Return class positions, one for each spectrum, of one or of as many."""
    positions = torch.as_tensor(target).cpu().numpy()
    if positions.ndim > 1 or positions.size not in (1, n_spectra):
        raise ValueError(
            f"target has shape {positions.shape} but X has {n_spectra} spectra: pass "
            'one position, one for each spectrum, or "all".'
        )
    return np.broadcast_to(positions, n_spectra).astype(int)


def stack_maps(maps, target):
    """Join the maps of :func:`class_positions`; "all" has an axis for the classes."""
    return torch.stack(maps, dim=1) if isinstance(target, str) else maps[0]


def score_gradients(function, inputs, target, score, to_map):
    """Return maps made of the gradient of the score with respect to some values.

    Parameters
    ----------
    function : callable
        Values to logits (n_spectra, n_classes). It is called once.
    inputs : torch.Tensor of shape (n_spectra, ...)
        The values.
    target : None, "all", int or array-like of shape (n_spectra,), int
        See :func:`sklearn_raman.inspection.contribution`.
    score : {"logodds", "logit", "prob", "contrast"}
        See :func:`sklearn_raman.inspection.contribution`.
    to_map : callable
        (values, gradient) to a map.

    Returns
    -------
    torch.Tensor of shape (n_spectra, ...) or (n_spectra, n_classes, ...)
        The maps; the second shape for target="all".
    """
    inputs = inputs.detach().requires_grad_()
    with torch.enable_grad():
        logits = function(inputs)
    maps = [
        to_map(inputs.detach(), gradient)
        for gradient in gradients_at(logits, inputs, target, score)
    ]
    return stack_maps(maps, target)


def gradients_at(logits, inputs, target, score):
    """Yield the gradient of the score at `inputs`, for each map that is asked for."""
    values = logits.detach().cpu().numpy().astype(np.float64)
    for positions in class_positions(logits, target):
        weights = torch.from_numpy(score_weights(values, positions, score)).to(logits)
        if inputs is logits:
            yield weights
        else:
            yield torch.autograd.grad(logits, inputs, weights, retain_graph=True)[0]


def class_scores(logits, score):
    """Return the score of every class.

    Parameters
    ----------
    logits : torch.Tensor of shape (n_spectra, n_classes)
    score : {"logodds", "logit", "prob", "contrast"}
        See :func:`sklearn_raman.inspection.contribution`.

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_classes)
        `score_weights` are its derivatives.
    """
    check_score(score)
    if score == "logit":
        return logits
    if score == "contrast":
        return logits - logits.mean(dim=1, keepdim=True)
    if score == "prob":
        return logits.softmax(dim=1)
    itself = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
    others = logits[:, None].expand(-1, logits.shape[1], -1)
    return logits - others.masked_fill(itself, -torch.inf).logsumexp(dim=2)
