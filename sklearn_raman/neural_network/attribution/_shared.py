"""What all maps of a module share: the copy they work on, class, score, reference."""

from __future__ import annotations

import copy
from functools import partial, wraps
from itertools import chain
from math import ceil

import numpy as np
import torch
from torch import nn

from sklearn_raman._utils._explanation import reference_spectra, score_weights
from sklearn_raman._utils._torch import full_precision, send
from sklearn_raman._utils._typing import FunctionT
from sklearn_raman._utils._validation import check_finite, check_spectra_array

# Spectra at a time in the convolutions, whose feature maps then stay in a CPU's cache.
PIECE = 32


# A module is only read ---------------------------------------------------------------


def private_copy(module):
    """Return a copy of a module to work on: in evaluation mode, with the same weights.

    Weights are shared, so that the copy costs a millisecond; all else is the copy's
    own. It may get hooks, and forward passes of other threads never meet them. Its
    activations do not work in place: what a layer answered stays readable. Its
    `features` and `head` get clones: what they do in place, nobody else sees.
    """
    own = {}
    with torch.inference_mode(False):
        for part in module.modules():
            for weight in part.parameters(recurse=False):
                value = weight.clone() if weight.is_inference() else weight
                own[id(weight)] = nn.Parameter(value.detach(), requires_grad=False)
            for value in chain(part.buffers(recurse=False), vars(part).values()):
                if torch.is_tensor(value):
                    own[id(value)] = value.detach().clone()
        copied = copy.deepcopy(module, own).eval()
    for part in copied.modules():
        if getattr(part, "inplace", False):
            part.inplace = False
    inner = copy.copy(copied)
    for name in ("features", "head"):
        if hasattr(inner, name):  # perhaps a layer, which setattr would not replace
            vars(copied)[name] = partial(_call_on_clone, getattr(inner, name))
    return copied


def _call_on_clone(function, values):
    return function(values.clone())


def named_layers(module):
    """Yield names and layers that spectra pass and that take hooks.

    Parametrizations, such as weight_norm, pass weights; scripted parts take no hooks.
    """
    for name, part in module.named_modules():
        scripted = isinstance(part, torch.jit.ScriptModule)
        if not scripted and "parametrizations" not in name.split("."):
            yield name, part


def on_private_copy(function: FunctionT) -> FunctionT:
    """Let a function of (module, X) work on a private copy, whatever surrounds it.

    Neither the module nor X changes. The caller's `no_grad`, `inference_mode` and
    `autocast` do not reach inside. X becomes a tensor with the dtype and on the device
    of the module; what no spectra can be is refused, as the classifiers refuse it.
    """

    @wraps(function)
    def run(module, X, *args, **kwargs):
        module = private_copy(module)
        with torch.inference_mode(False), torch.enable_grad(), full_precision():
            X = _spectra_for(module, X)
            return function(module, X, *args, **kwargs)

    return run  # type: ignore[return-value]


def first_weight(module):
    """Return a tensor with the dtype and device of a module, or None if it has none."""
    tensors = chain(module.parameters(), module.buffers())
    return next((t for t in tensors if t.is_floating_point()), None)


def _spectra_for(module, X):
    if torch.is_tensor(X):
        X = X.clone() if X.is_inference() else X.detach()
        if X.ndim != 2 or not X.numel() or X.is_complex():
            raise ValueError(
                "X must hold spectra, real numbers of shape (n_spectra, n_points), got "
                f"{X.dtype} of shape {tuple(X.shape)}: pass one spectrum as X[None]."
            )
    else:
        X = torch.from_numpy(np.array(check_spectra_array(X)))
    name, center = type(module).__name__, _center(module)
    if center is not None:  # a single point would stand for all
        n_averaged = getattr(getattr(module, "average", None), "kernel_size", (1,))[0]
        n_units = center.numel() // len(center)
        if ceil(X.shape[1] / n_averaged) != n_units:
            raise ValueError(
                f"X has {X.shape[1]} points, but {name} expects {n_units * n_averaged}."
            )
    weight = first_weight(module)
    X = X if weight is None else send(X, weight.device, weight.dtype)
    # Terms of a finite sum are finite; others may be what single precision can't hold.
    if not X.sum().isfinite() and not X.isfinite().all():
        check_finite(X.cpu().double().numpy(), owner=name)
    return X


def _center(module):
    """Return what a module subtracts from spectra, (n_channels, n_points), or None."""
    center = getattr(getattr(module, "input", None), "center", None)
    return center if torch.is_tensor(center) and center.ndim == 2 else None


# Values of the network ---------------------------------------------------------------

# They only hold or pass on what their neighbors show.
_SILENT = (nn.Sequential, nn.ModuleList, nn.Identity, nn.Dropout, nn.ConstantPad1d)
_SILENT += (nn.ConstantPad2d, nn.ZeroPad1d, nn.ZeroPad2d, nn.Flatten)


def maps_by_layer(module, layer=None):
    """Let a private copy return the feature maps of its layers.

    Parameters
    ----------
    module : torch.nn.Module
        A private copy. It gets hooks, which see what hooks that were there before them
        made of the answers.
    layer : str or None, default=None
        Name of a layer; None takes all.

    Returns
    -------
    callable
        Spectra to what `features` returns and the feature maps (n_spectra, channels,
        units) of the layer, or a dict of those of all. What comes after a layer may
        work in place, and gradients reach the maps.
    """
    found = {}

    def keep(name):
        def hook(called, inputs, output):
            if not torch.is_tensor(output) or output.ndim not in (3, 4):
                return None
            if layer not in (None, name):
                found[name] = None
                return None
            # An image of height 1 is a map.
            maps = (output.squeeze(2) if output.ndim == 4 else output).clone()
            found[name] = maps
            return maps.reshape(output.shape).clone() if maps.requires_grad else None

        return hook

    for name, part in named_layers(module):
        if name and not isinstance(part, _SILENT):
            part.register_forward_hook(keep(name))

    def maps_of(X):
        found.clear()
        features = module.features(X)
        if layer is None:
            return features, found
        if layer not in list(found):
            raise ValueError(
                f"layer={layer!r} has no feature maps; layers that have are "
                f"{list(found)}."
            )
        return features, found[layer]

    return maps_of


def features_of(module, X):
    """Return feature maps (n_spectra, channels, units), detached."""
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


# Which class -------------------------------------------------------------------------


def class_positions(logits, target):
    """Return the class positions that are explained, one array for each map.

    Parameters
    ----------
    logits : torch.Tensor of shape (n_spectra, n_classes)
        They decide if `target` is None.
    target : None, "all", int or array-like of shape (n_spectra,), int
        See :func:`contribution`.

    Returns
    -------
    list of ndarray of shape (n_spectra,), int
        One array, or one for each class for "all".
    """
    n_spectra, n_classes = logits.shape
    if isinstance(target, str):
        if target != "all":
            raise ValueError(
                f'target must be None, "all" or class positions, got {target!r}: only '
                "the classifier's explain_ knows labels."
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
    """Return class positions, one per spectrum, from one or as many."""
    positions = target.cpu().numpy() if torch.is_tensor(target) else np.asarray(target)
    if positions.dtype.kind not in "iu":
        raise ValueError(
            f"target must hold class positions, whole numbers, got {target!r}."
        )
    if positions.ndim > 1 or positions.size not in (1, n_spectra):
        raise ValueError(
            f"target has shape {positions.shape} but X has {n_spectra} spectra: pass "
            'one position, one for each spectrum, or "all".'
        )
    return np.broadcast_to(positions, n_spectra).astype(int)


def stack_maps(maps, target):
    """Join the maps of :func:`class_positions`; "all" has an axis for the classes."""
    maps = list(maps)
    return torch.stack(maps, dim=1) if isinstance(target, str) else maps[0]


# Which score -------------------------------------------------------------------------


def score_gradients(function, inputs, target, score):
    """Return the gradient of the score at some values, for each map that is asked for.

    Parameters
    ----------
    function : callable
        Values to logits (n_spectra, n_classes). It is called once.
    inputs : torch.Tensor of shape (n_spectra, ...)
        The values.
    target : None, "all", int or array-like of shape (n_spectra,), int
        See :func:`contribution`.
    score : {"logodds", "logit", "prob", "contrast"}
        See :func:`contribution`.

    Returns
    -------
    iterator of torch.Tensor of shape (n_spectra, ...)
        For :func:`stack_maps`.
    """
    inputs = inputs.detach().requires_grad_()
    return gradients_at(function(inputs), inputs, target, score)


def gradients_at(logits, inputs, target, score):
    """Yield the gradient of the score at `inputs`, for each map that is asked for."""
    for weights in weights_of_logits(logits, target, score):
        yield torch.autograd.grad(logits, inputs, weights, retain_graph=True)[0]


def weights_of_logits(logits, target, score):
    """Return the gradient of the score at the logits, (n_maps, n_spectra, n_classes).

    `target` and `score` are as for :func:`contribution`.
    """
    values = logits.detach().cpu().numpy().astype(np.float64)
    positions = np.stack(class_positions(logits, target))
    values = np.broadcast_to(values, (len(positions), *values.shape))
    weights = score_weights(
        values.reshape(-1, values.shape[2]), positions.ravel(), score
    )
    return torch.from_numpy(weights.reshape(values.shape)).to(logits)


def check_scale(scale):
    """Raise if `scale` is neither None nor "paper"."""
    if scale not in (None, "paper"):
        raise ValueError(f'scale must be None or "paper", got {scale!r}.')


# Compared with what ------------------------------------------------------------------


def reference_tensor(X, reference):
    """Return the spectra (n_spectra, n_points) that those of X are compared with.

    `reference` is as for :func:`input_x_gradient`.
    """
    if torch.is_tensor(reference):
        reference = reference.detach().cpu()
    found = reference_spectra(X.cpu().numpy(), reference)
    if found.strides[1] == 0:  # flat: one number per spectrum is copied
        return torch.tensor(found[:, :1], device=X.device).expand(X.shape)
    return torch.tensor(found, device=X.device)


def reference_features(module, X, reference, features=None):
    """Return the feature maps that those of X are compared with, or 0.

    `reference` is as for :func:`contribution`, `features` as below.

    Returns
    -------
    torch.Tensor of shape (n_spectra or 1, channels, units), or 0.0
    """
    found = references_by_piece(module, X, reference, lambda f: [f], features)
    return found(slice(None))[0]


def references_by_piece(module, X, reference, answers, features=None):
    """Return the function slice -> answers to the reference features of these spectra.

    Parameters
    ----------
    module : torch.nn.Module
    X : torch.Tensor of shape (n_spectra, n_points)
    reference : see :func:`contribution`
    answers : callable
        Feature maps (n, channels, units), or 0.0, to several tensors of shape (n, ...).
        What spectra share is answered once.
    features : callable or None, default=None
        Spectra to feature maps; None takes those of the module.
    """
    features = features or module.features
    named = reference if isinstance(reference, str) else None
    if named == "auto":
        center = _center(module)
        subtracts_mean = center is not None and bool(center.any())
        named = reference = "blank" if subtracts_mean else "zero_features"
    if named == "zero_features":
        nothing = answers(0.0)
        return lambda rows: nothing

    @torch.no_grad()
    def answers_to(spectra):
        return answers(features(spectra))

    spectra = reference_tensor(X, reference)
    flat = np.ndim(reference) == 0 if named is None else named in ("blank", "zero")
    if not flat:
        return lambda rows: answers_to(spectra[rows])
    levels, which = torch.unique(spectra[:, 0], return_inverse=True)
    pieces = [
        answers_to(few[:, None].expand(-1, X.shape[1])) for few in levels.split(PIECE)
    ]
    if len(levels) == 1:
        return lambda rows: pieces[0]
    # Joined with the channels last, as they lie in memory.
    flat = [
        torch.cat([part.movedim(1, -1) for part in parts]).movedim(-1, 1)
        for parts in zip(*pieces, strict=True)
    ]
    return lambda rows: [answer[which[rows]] for answer in flat]
