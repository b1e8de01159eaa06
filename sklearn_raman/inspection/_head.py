"""The head of a network, cut where gradients cost little."""

from functools import cached_property

import torch
from torch import nn

# Spectra at a time where feature maps are multiplied: they stay in a CPU's cache.
_PIECE = 8
# With more rows than this, one matrix product a unit is faster than a pass for each.
_FEW_ROWS = 16


class Head:
    """The head of a module, cut where its slopes are the same for every spectrum.

    Those of an affine head are so at the logits, those of a head that starts with a
    fully connected layer behind this layer. Slopes of a score at these few values are
    cheap; at the features they cost as much as the layer.

    Parameters
    ----------
    module : torch.nn.Module
        With `head`.
    features : torch.Tensor of shape (n_spectra, channels, units)
        A few feature maps, on which the head is tried.

    Attributes
    ----------
    rows : torch.Tensor of shape (n_inner, channels, units) or None
        Slopes of the values at the cut with respect to the features; None if the cut
        is at the features.
    """

    def __init__(self, module, features):
        self._module = module
        self._layer = self.rows = None
        linear, activations = _called_layers(module, features)
        if not activations:
            self.rows = _slopes_of_affine_head(module, features)
        self._is_affine = self.rows is not None
        if not self._is_affine and linear and not _goes_past(module, linear, features):
            self._layer = linear
            self.rows = linear.weight.detach().reshape(-1, *features.shape[1:])

    def __call__(self, features):
        """Return the logits of feature maps, and the values at the cut.

        Parameters
        ----------
        features : torch.Tensor of shape (n_spectra, channels, units)

        Returns
        -------
        logits : torch.Tensor of shape (n_spectra, n_classes)
            With a way back to the values.
        inner : torch.Tensor of shape (n_spectra, n_inner), or that of features
        """
        if self._is_affine:
            with torch.no_grad():
                logits = self._module.head(features)
            return logits, logits.requires_grad_()
        if self._layer is None:
            features = features.detach().requires_grad_()
            with torch.enable_grad():
                return self._module.head(features), features
        return _run_cut(self._module, self._layer, features)

    def channel_sums(self, features, background, slopes):
        """Sum changes of features over the channels, times the gradient of a score.

        Parameters
        ----------
        features : torch.Tensor of shape (n_spectra, channels, units)
        background : torch.Tensor of shape (n_spectra or 1, channels, units), or 0.0
            What the features changed from.
        slopes : torch.Tensor of shape (n_spectra, n_inner) or that of features
            Gradient of the score at the cut.

        Returns
        -------
        torch.Tensor of shape (n_spectra, units)
        """
        change = features - background
        if self.rows is not None:
            slopes = (slopes @ self.rows.flatten(1)).view_as(features)
        return torch.cat(
            [(change[few] * slopes[few]).sum(dim=1) for few in _pieces(change)]
        )

    def channel_sums_of_all(self, features, background, slopes):
        """Sum changes of features over the channels, for each of many gradients.

        Each row is summed once, and the sums are mixed. Parameters as for
        :meth:`channel_sums`, with a cut that is not at the features, but

        Parameters
        ----------
        slopes : list of torch.Tensor of shape (n_spectra, n_inner)
            Gradient of the score of each class.

        Returns
        -------
        torch.Tensor of shape (n_spectra, n_classes, units)
        """
        change = features - background
        if len(self.rows) > _FEW_ROWS:
            by_unit = torch.bmm(change.permute(2, 0, 1), self._rows_by_unit)
            sums = by_unit.permute(1, 2, 0)
        else:
            sums = change.new_empty(len(change), len(self.rows), change.shape[2])
            for few in _pieces(change):
                for position, row in enumerate(self.rows):
                    torch.sum(change[few] * row, dim=1, out=sums[few, position])
        return torch.bmm(torch.stack(slopes, dim=1), sums)

    @cached_property
    def _rows_by_unit(self):
        return self.rows.permute(2, 1, 0).contiguous()


def _called_layers(module, features):
    """Return the linear layer on the features that head calls, and activations."""
    linear, activations = [], []

    def note(layer, given, output):
        if type(layer).__module__ == nn.LeakyReLU.__module__:
            activations.append(layer)
        elif isinstance(layer, nn.Linear):
            on_features = given[0].data_ptr() == features.data_ptr()
            if on_features and given[0].shape == features.flatten(1).shape:
                linear.append(layer)

    hooks = [layer.register_forward_hook(note) for layer in module.modules()]
    try:
        with torch.no_grad():
            module.head(features)
    finally:
        for hook in hooks:
            hook.remove()
    return (linear[0] if linear else None), activations


def _run_cut(module, layer, features):
    """Return logits with a way back to the first output of a layer, and no further."""
    found = []

    def cut(called, given, output):
        if found:
            return None
        found.append(output.detach().requires_grad_())
        return found[0].clone()  # which an activation may change in place

    hook = layer.register_forward_hook(cut)
    try:
        with torch.enable_grad():
            logits = module.head(features)
    finally:
        hook.remove()
    return logits, found[0]


def _goes_past(module, layer, features):
    """Whether features also reach the logits by another way than the layer."""
    features = features.detach().requires_grad_()
    logits = _run_cut(module, layer, features)[0]
    found = torch.autograd.grad(logits.sum(), features, allow_unused=True)
    return found[0] is not None


def _slopes_of_affine_head(module, features):
    """Return slopes (n_classes, channels, units), or None if they are not constant."""
    with torch.no_grad():
        logits = module.head(features)
    origin = features.new_zeros(logits.shape[1], *features.shape[1:]).requires_grad_()
    with torch.enable_grad():
        at_zero = module.head(origin)
    if not at_zero.requires_grad:
        return None
    slopes = torch.autograd.grad(at_zero.diagonal().sum(), origin)[0]
    found = features.flatten(1) @ slopes.flatten(1).T + at_zero[0].detach()
    size = max(float(logits.abs().max()), float(found.abs().max()))
    return slopes if torch.allclose(found, logits, rtol=0, atol=1e-4 * size) else None


def _pieces(features):
    return [slice(i, i + _PIECE) for i in range(0, len(features), _PIECE)]
