"""The head of a network, taken apart so that many gradients cost little."""

from dataclasses import dataclass

import torch
from torch import nn

# Spectra at a time where feature maps are multiplied: they stay in a CPU's cache.
_PIECE = 8
# Spectra on which slopes at zero features must give the logits of an affine head.
_N_CHECKED = 8
# With more rows than this, one matrix product a unit is faster than a pass for each.
_FEW_ROWS = 16


@dataclass
class Head:
    """What a head made of feature maps, and how gradients get back to these.

    Attributes
    ----------
    logits : torch.Tensor of shape (n_spectra, n_classes)
        With a way back to `inner`.
    inner : torch.Tensor of shape (n_spectra, n_inner) or (n_spectra, channels, units)
        Values between features and logits, or the features.
    rows : torch.Tensor of shape (n_inner, channels, units) or None
        Slopes of `inner` at the features, the same for every spectrum; None if `inner`
        are the features.
    """

    logits: torch.Tensor
    inner: torch.Tensor
    rows: torch.Tensor | None


def run_head(module, features):
    """Call the head, and find where its slopes are the same for every spectrum.

    Those of an affine head are so at the logits, those of a head that starts with a
    fully connected layer behind this layer. Slopes of logits at these few values are
    cheap, those at the features cost as much as the layer.

    Parameters
    ----------
    module : torch.nn.Module
        With `head`.
    features : torch.Tensor of shape (n_spectra, channels, units)
        Feature maps.

    Returns
    -------
    Head
    """
    inputs = features.detach().requires_grad_()
    cuts, activations = [], []

    def cut(layer, given, output):
        if cuts or given[0].data_ptr() != features.data_ptr():
            return None  # not the feature maps themselves
        if given[0].shape != (len(features), features[0].numel()):
            return None
        cuts.extend([layer, output.detach().requires_grad_()])
        return cuts[1].clone()  # which an activation may change in place

    def note(layer, given, output):
        activations.append(layer)

    hooks = []
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            hooks.append(layer.register_forward_hook(cut))
        elif type(layer).__module__ == nn.LeakyReLU.__module__:
            hooks.append(layer.register_forward_hook(note))
    try:
        with torch.enable_grad():
            logits = module.head(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    if not activations:
        rows = _slopes_of_affine_head(module, features, logits.detach())
        if rows is not None:
            logits = logits.detach().requires_grad_()
            return Head(logits, logits, rows)
    if not cuts:
        return Head(logits, inputs, None)
    layer, inner = cuts
    if _reaches(logits, inputs):  # by a way past the layer
        with torch.enable_grad():
            return Head(module.head(inputs), inputs, None)
    return Head(logits, inner, layer.weight.detach().reshape(-1, *features.shape[1:]))


def _reaches(logits, inputs):
    found = torch.autograd.grad(
        logits.sum(), inputs, allow_unused=True, retain_graph=True
    )
    return found[0] is not None


def _slopes_of_affine_head(module, features, logits):
    """Return slopes (n_classes, channels, units), or None if they are not constant."""
    n_classes = logits.shape[1]
    origin = features.new_zeros(n_classes, *features.shape[1:]).requires_grad_()
    with torch.enable_grad():
        at_zero = module.head(origin)
    if not at_zero.requires_grad:
        return None
    slopes = torch.autograd.grad(at_zero.diagonal().sum(), origin)[0]
    few = slice(_N_CHECKED)
    found = features[few].flatten(1) @ slopes.flatten(1).T + at_zero[0].detach()
    size = max(float(logits[few].abs().max()), float(found.abs().max()))
    affine = torch.allclose(found, logits[few], rtol=0, atol=1e-4 * size)
    return slopes if affine else None


def channel_sums(features, background, head, slopes):
    """Sum changes over the channels, times the gradient of a score: one map.

    Parameters
    ----------
    features : torch.Tensor of shape (n_spectra, channels, units)
    background : torch.Tensor that can be subtracted from features, or 0.0
    head : Head
    slopes : torch.Tensor with the shape of `head.inner`
        Gradient of the score there.

    Returns
    -------
    torch.Tensor of shape (n_spectra, units)
    """
    late = head.rows is not None and len(head.rows) <= _FEW_ROWS
    if not late:
        gradient = slopes
        if head.rows is not None:
            gradient = (slopes @ head.rows.flatten(1)).view_as(features)
    maps = features.new_empty(len(features), features.shape[2])
    for piece in _pieces(features):
        change = _change(features, background, piece)
        if late:
            weights = (slopes[piece] @ head.rows.flatten(1)).view_as(change)
        else:
            weights = gradient[piece]
        maps[piece] = change.mul_(weights).sum(dim=1)
    return maps


def channel_sums_by_row(features, background, rows):
    """Sum changes over the channels with the weights of each of several rows.

    Parameters
    ----------
    features : torch.Tensor of shape (n_spectra, channels, units)
    background : torch.Tensor that can be subtracted from features, or 0.0
    rows : torch.Tensor of shape (n_rows, channels, units)

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_rows, units)
    """
    if len(rows) > _FEW_ROWS:
        change = (features - background).permute(2, 0, 1)
        return torch.bmm(change, rows.permute(2, 1, 0)).permute(1, 2, 0)
    sums = features.new_empty(len(features), len(rows), features.shape[2])
    for piece in _pieces(features):
        change = _change(features, background, piece)
        for position, row in enumerate(rows):
            sums[piece, position] = (change * row).sum(dim=1)
    return sums


def _pieces(features):
    return [slice(i, i + _PIECE) for i in range(0, len(features), _PIECE)]


def _change(features, background, rows):
    """Return features minus background of some spectra, in memory of its own."""
    if isinstance(background, float):
        return features[rows] - background
    one_for_all = len(background) == 1
    return features[rows] - (background if one_for_all else background[rows])
