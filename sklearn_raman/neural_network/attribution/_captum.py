"""Methods of captum on our modules."""

from __future__ import annotations

import inspect
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from sklearn_raman._utils._explanation import check_score
from sklearn_raman._utils._locks import lock_free_after_fork
from sklearn_raman._utils._optional import import_optional
from sklearn_raman._utils._torch import DrawsFrom
from sklearn_raman.neural_network.attribution._shared import (
    class_positions,
    logits_of,
    on_private_copy,
    reference_tensor,
    stack_maps,
)

# They replace the gradient of nn.ReLU and of no other layer, silently.
_RELU_ONLY = ("GuidedBackprop", "GuidedGradCam", "Deconvolution")
# They draw from the global generators of torch and numpy; captum takes no others.
_RANDOM = ("FeaturePermutation", "GradientShap", "KernelShap", "Lime")
_RANDOM += ("LayerFeaturePermutation", "LayerGradientShap", "ShapleyValueSampling")
# numpy's generator belongs to the process: these methods use it in turn.
_NUMPY_TURN = lock_free_after_fork()


@on_private_copy
def captum_attribution(
    module: nn.Module,
    X: ArrayLike | torch.Tensor,
    target: ArrayLike | torch.Tensor | None = None,
    *,
    name: str,
    score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
    **options: Any,
) -> torch.Tensor:
    """Map with a method of captum.

    Parameters
    ----------
    module : torch.nn.Module
        With `features` and `head`.
    X : array-like or torch.Tensor of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", int or array-like of shape (n_spectra,), int, default=None
        Position of the class to explain: the predicted one, every one, or these.
    name : str
        Class of `captum.attr`, for example "DeepLift" or "LayerGradCam". Methods for
        layers get the feature maps.
    score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
        What is explained; see :func:`contribution`.
    **options
        For the method's `attribute`, for example ``n_samples=20``. `baselines` is a
        blank spectrum by default.

    Returns
    -------
    torch.Tensor of shape (n_spectra, n) or (n_spectra, n_classes, n)
        The map; n is the number of points, or of units for methods on layers. The
        second shape for target="all".

    Raises
    ------
    ImportError
        If captum is not installed.
    ValueError
        If captum has no such method, or it does not fit the network's layers.

    Notes
    -----
    The methods that sample (GradientShap, Lime, KernelShap, ShapleyValueSampling,
    FeaturePermutation) run with a fixed seed, so that a map repeats. captum takes some
    of their numbers from numpy's global generator, which is seeded and put back:
    another thread that draws from it in the meantime gets numbers of the seeded
    stream. All other methods touch no generator.

    Examples
    --------
    >>> import torch
    >>> from sklearn_raman.neural_network.attribution import captum_attribution
    >>> from sklearn_raman.neural_network import CNN
    >>> net, X = CNN(50, 3), torch.rand(2, 50)
    >>> captum_attribution(net, X, name="Saliency").shape  # doctest: +SKIP
    torch.Size([2, 50])
    """
    check_score(score)
    method = getattr(import_optional("captum.attr", "captum"), name, None)
    arguments, of_attribute = (
        inspect.signature(function).parameters if hasattr(method, "attribute") else {}
        for function in (method, getattr(method, "attribute", None))
    )
    if not {"model", "forward_func"} & set(arguments) or "target" not in of_attribute:
        raise ValueError(
            f"captum.attr has no method {name!r} that maps the score of a network; "
            'names are for example "DeepLift", "GradientShap", "LayerGradCam".'
        )
    _check_fits(module, name)
    scored = _Scored(module, score, X.dtype)
    explainer = method(scored, scored.maps) if "layer" in arguments else method(scored)  # type: ignore[misc]
    if "baselines" in of_attribute:
        options = {"baselines": reference_tensor(X, "blank"), **options}
    with torch.no_grad():
        positions = class_positions(logits_of(module, X), target)
    maps = []
    inputs = X.detach().requires_grad_()  # captum warns if it has to do this
    with _seeded() if name in _RANDOM else nullcontext():
        for chosen in positions:
            wanted = torch.from_numpy(chosen).to(X.device)
            found = explainer.attribute(inputs, target=wanted, **options)
            found = found.detach().to(X.dtype)
            maps.append(found.sum(dim=1) if found.ndim == 3 else found)
    return stack_maps(maps, target)


@contextmanager
def _seeded():
    """Let captum draw from fixed seeds, and put numpy's generator back."""
    with _NUMPY_TURN, DrawsFrom(torch.Generator().manual_seed(0)):
        state = np.random.get_state()  # noqa: NPY002 captum draws from this one
        np.random.seed(0)  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002


class _Scored(nn.Module):
    """A module that returns scores, with a layer where its feature maps are.

    captum makes some spectra in torch's default type; they get that of the module.
    """

    def __init__(self, module, score, dtype):
        super().__init__()
        self.dtype = dtype
        self.module = module
        self.maps = nn.Identity()
        self.score = score
        self.eval()

    def forward(self, x):
        logits = self.module.head(self.maps(self.module.features(x.to(self.dtype))))
        return _class_scores(logits, self.score)


def _check_fits(module, name):
    """Raise where captum would fail, or silently return something else."""
    if name in ("LRP", "LayerLRP"):
        raise ValueError(
            f"captum:{name} has no rule for the layers of {type(module).__name__} "
            "(padding, leaky ReLU, scaling of the input). On networks of piecewise "
            'linear layers its epsilon rule is method="input_x_gradient".'
        )
    if name not in _RELU_ONLY:
        return
    others = {
        type(layer).__name__
        for layer in module.modules()
        if type(layer).__module__ == "torch.nn.modules.activation"
        and not isinstance(layer, nn.ReLU)
    }
    if others:
        raise ValueError(
            f"captum:{name} changes the gradient of nn.ReLU only; "
            f"{type(module).__name__} has {', '.join(sorted(others))}, for which it "
            'would return the plain gradient. method="deconv" with rule="relu" or '
            '"leaky", and "class_deconv", know these layers.'
        )


def _class_scores(logits, score):
    """Return the score of every class; `score_weights` are its derivatives.

    Parameters
    ----------
    logits : torch.Tensor of shape (n_spectra, n_classes)
    score : {"logodds", "logit", "prob", "contrast"}

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_classes)
    """
    if score == "logit":
        return logits
    if score == "contrast":
        return logits - logits.mean(dim=1, keepdim=True)
    if score == "prob":
        return logits.softmax(dim=1)
    itself = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
    others = logits[:, None].expand(-1, logits.shape[1], -1)
    return logits - others.masked_fill(itself, -torch.inf).logsumexp(dim=2)
