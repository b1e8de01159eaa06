"""The head of a network, cut where gradients cost little."""

import torch
from torch import nn

# A matrix product with few rows is twice as fast if the matrix lies transposed.
_MANY_ROWS = 64


class Head:
    """The head of a module, cut where its slopes are the same for every spectrum.

    Those of an affine head are so at the logits, those of a head that starts with a
    fully connected layer behind this layer. There, what the units of the feature maps
    add can be told apart: added up it gives the logits, and mixed by the gradient of a
    score the map, so that the large layer is passed once for both.

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
        features = features.contiguous()
        linear, activations = _called_layers(module, features)
        if not activations:
            self.rows = _slopes_of_affine_head(module, features)
        if self.rows is None and linear and not _goes_past(module, linear, features):
            self._layer = linear
            self.rows = linear.weight.detach().reshape(-1, *features.shape[1:])
        if self.rows is not None:
            few = len(self.rows) < _MANY_ROWS
            order = (2, 0, 1) if few else (2, 1, 0)
            by_unit = self.rows.permute(order).contiguous()
            self._rows_by_unit = by_unit.mT if few else by_unit
            self._at_zero = self.values(torch.zeros_like(features[:1]))

    @torch.no_grad()
    def values(self, features):
        """Return the values at the cut.

        Parameters
        ----------
        features : torch.Tensor of shape (n_spectra, channels, units), or 0.0

        Returns
        -------
        torch.Tensor of shape (n_spectra or 1, n_inner), or that of features
        """
        if self.rows is None:
            return features
        if not torch.is_tensor(features):
            return self._at_zero
        if self._layer is None:
            return self._module.head(features)
        return self._layer(features.flatten(1))

    def maps(self, features, background, background_values, gradients):
        """Sum changes of features over the channels, times gradients of scores.

        Parameters
        ----------
        features : torch.Tensor of shape (n_spectra, channels, units)
        background : torch.Tensor of shape (n_spectra or 1, channels, units), or 0.0
            What the features changed from.
        background_values : torch.Tensor of shape (n_spectra or 1, n_inner)
            Its :meth:`values`.
        gradients : callable
            Logits, and the values at the cut that they come from, to an iterable of
            gradients of scores at these values.

        Returns
        -------
        torch.Tensor of shape (n_spectra, n_gradients, units)
        """
        change = features - background
        if self.rows is None:
            inner = features.detach().requires_grad_()
            with torch.enable_grad():
                logits = self._module.head(inner)
            maps = [(change * slopes).sum(dim=1) for slopes in gradients(logits, inner)]
            return torch.stack(maps, dim=1)
        # Channels last, which our networks have anyway: a third of the time.
        by_unit = change.mT.contiguous().transpose(0, 1)
        added = torch.bmm(by_unit, self._rows_by_unit)
        logits = inner = background_values + added.sum(dim=0)
        if self._layer is not None:
            inner.requires_grad_()
            unseen = features.new_zeros(()).expand_as(features)
            logits = _behind(self._module, self._layer, unseen, inner)
        slopes = torch.stack(list(gradients(logits, inner)), dim=1)
        return torch.bmm(slopes, added.permute(1, 2, 0))


def _called_layers(module, features):
    """Return the linear layer on the features that head calls, and activations."""
    linear, activations = [], []

    def note(layer, given, output):
        if type(layer).__module__ == nn.LeakyReLU.__module__:
            activations.append(layer)
        elif isinstance(layer, nn.Linear) and "forward" not in vars(layer):
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


def _behind(module, layer, features, values):
    """Return the logits if a layer of the head answers certain values.

    The layer itself, which may be large, does not run.
    """

    def answer(given):
        del layer.forward  # if it is called again, the layer answers itself
        return values.clone()  # which an activation may change in place

    layer.forward = answer
    try:
        with torch.enable_grad():
            return module.head(features)
    finally:
        vars(layer).pop("forward", None)


def _goes_past(module, layer, features):
    """Whether features also reach the logits by another way than the layer."""
    values = layer(features.flatten(1)).detach().requires_grad_()
    features = features.detach().requires_grad_()
    logits = _behind(module, layer, features, values)
    found = torch.autograd.grad(logits.sum(), features, allow_unused=True)
    unseen = _behind(module, layer, torch.zeros_like(features), values)
    return found[0] is not None or not torch.equal(logits, unseen)


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
