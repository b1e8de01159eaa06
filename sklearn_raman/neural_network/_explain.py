"""`explain_` of the networks: spectra in, maps on the same axis out."""
# What a classifier has, this mixin has not.
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils import Bunch

from sklearn_raman._utils._explanation import (
    check_reference,
    maps_like,
    normalize_maps,
    reference_spectra,
    resolve_target,
)
from sklearn_raman._utils._sklearn import available_if
from sklearn_raman._utils._torch import (
    LastLinear,
    full_precision,
    like,
    limited_threads,
    send,
)
from sklearn_raman._utils._typing import Floats, Frame
from sklearn_raman._utils._validation import (
    check_answers,
    check_spectra,
    check_whole,
    refuse_other_order,
)
from sklearn_raman.inspection import occlusion
from sklearn_raman.neural_network.attribution import (
    attribute,
    decision_terms,
    deconv,
    feature_maps,
    filters,
    maps_units,
    place_on_bands,
    unit_positions,
    unit_windows,
    upsampling_operator,
)

_UPSAMPLINGS = ("bands", "linear", "spline")
# Heads have large matrices, which should be read rarely; feature maps are made in
# smaller pieces anyway. Contributions are made piece by piece as a whole.
_BATCHES_AT_ONCE = 4
_BATCHES_OF_CONTRIBUTIONS = 32


def _can_explain(classifier):
    """Raise if the network of a classifier can't be split at its feature maps."""
    module = getattr(classifier, "module_", None)
    if module is None:
        return True  # layers may become attributes only when a module is built
    missing = [name for name in ("features", "head") if not hasattr(module, name)]
    if missing:
        raise AttributeError(
            f"{type(module).__name__} can't be explained, it has no "
            f"{' and no '.join(missing)}: split forward(x) into head(features(x))."
        )
    return True


class ExplainMixin:
    """Gives a fitted `SpectralNetClassifier` `explain_` and looks at its layers."""

    @available_if(_can_explain)
    def explain_(
        self,
        X: ArrayLike | Frame,
        target: ArrayLike | None = None,
        *,
        method: str = "auto",
        score: Literal["logodds", "logit", "prob", "contrast"] = "logodds",
        normalize: Literal["max", "minmax", "sum"] | None = None,
        upsample: Literal["bands", "linear", "spline", False] = "bands",
        batch_size: int | None = None,
        **options: Any,
    ) -> Any:
        """Map each wavenumber's contribution to the score of a class.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.
        target : None, "all", label or array-like of shape (n_spectra,), default=None
            Class to explain: the predicted one, every one, or the given ones.
        method : str, default="auto"
            "contribution", also as "auto": eq. 8-9 of [1]_, the cheapest and best
            tested; "grad_cam": eq. 6-7 of [1]_; "cam": class activation map of [2]_,
            for networks that average their feature maps; "deconv": what excited the
            feature maps [3]_, whatever the class; "class_deconv", "saliency",
            "input_x_gradient", "integrated_gradients"; "captum:<Name>", a class of
            `captum.attr`. Each is described at the function of that name in
            :mod:`sklearn_raman.neural_network.attribution`. "occlusion" is
            :func:`sklearn_raman.inspection.occlusion`.
        score : {"logodds", "logit", "prob", "contrast"}, default="logodds"
            What is explained: the log-odds of the class, its logit, its probability, or
            its logit minus the mean logit.
        normalize : {"max", "minmax", "sum"} or None, default=None
            Scale of each map: as it is, by the largest absolute value, to 0..1, or to a
            sum of absolute values of 1.
        upsample : {"bands", "linear", "spline"} or False, default="bands"
            How maps on the units of the feature maps, "contribution", "grad_cam" and
            "cam", get to the points of the spectrum. "bands": what a unit contributes
            goes to the bands that it sees, see :func:`place_on_bands
            <sklearn_raman.neural_network.attribution.place_on_bands>`; a map keeps its
            sum. "linear", as in [1]_, and "spline", of order 2, as in [2]_:
            interpolated between the units, at the height of the units; bands are as
            wide as what a unit sees, and the highest point may be beside the band.
            False: left on the units.
        batch_size : int or None, default=None
            Spectra at a time; None takes what is fast.
        **options
            Further parameters of the method, such as ``relu=False`` for "grad_cam",
            ``reference="zero_features"`` or ``scale="paper"`` for "contribution",
            ``rule="relu"`` for "deconv", ``layer="blocks.3"`` for "grad_cam" and
            "deconv", ``n_steps=64`` for "integrated_gradients" and ``width=15`` for
            "occlusion".

        Returns
        -------
        ndarray or data frame of shape (n_spectra, n_points), or ndarray of shape \
(n_spectra, n_classes, n_points)
            Contributions, aligned with X; the second shape for target="all". A frame if
            X is one with a wavenumber axis. With upsample=False the last axis may have
            the number of units, and there is no frame.

        Raises
        ------
        ValueError
            If an argument is not valid, or the method does not fit this network.
        TypeError
            If the method has no such option.

        References
        ----------
        .. [1] M. Fukuhara et al., "Feature visualization of Raman spectrum analysis
           with deep convolutional neural network", Anal. Chim. Acta 1087 (2019),
           https://doi.org/10.1016/j.aca.2019.08.064
        .. [2] X. Zhang et al., "Understanding the learning mechanism of convolutional
           neural networks in spectral analysis", Anal. Chim. Acta (2020),
           https://doi.org/10.1016/j.aca.2020.03.055
        .. [3] Z. Guo, L. Yu, S. Tian, X. Lv, W. Xue, "Raman spectroscopy analysis of
           minerals based on feature visualization", Spectroscopy 35 (11) (2020), 37-46.
        """
        if upsample is not False and upsample not in _UPSAMPLINGS:
            raise ValueError(
                f"upsample must be one of {_UPSAMPLINGS} or False, got {upsample!r}."
            )
        if method == "occlusion":
            settings = {"score": score, "normalize": normalize, **options}
            if batch_size is not None:
                settings["batch_size"] = batch_size
            return occlusion(self, X, target, **settings)
        refuse_other_order("target", target, X)
        reference = options.get("reference")
        check_reference(reference, X)
        values, module = self._ready_to_explain(X)
        target = resolve_target(target, self.classes_, len(values))
        one_for_each = not isinstance(reference, str) and np.ndim(reference) == 2
        if one_for_each:
            reference = reference_spectra(values, reference)
        to_points = None
        if upsample and maps_units(method):
            # Methods of captum have options of their own.
            layer = options.get("layer") if method == "grad_cam" else None
            to_points = self._way_to_points(module, values.shape[1], upsample, layer)

        def explain(batch, rows):
            wanted = target[rows] if isinstance(target, np.ndarray) else target
            own = {"reference": reference[rows]} if one_for_each else {}
            settings = {"method": method, "score": score, **options, **own}
            maps = attribute(module, batch, wanted, **settings)
            return maps if to_points is None else to_points(_to_numpy(maps), batch)

        if batch_size is None and method in ("auto", "contribution"):
            batch_size = _BATCHES_OF_CONTRIBUTIONS * self._rows_at_once
        maps = normalize_maps(self._in_batches(explain, values, batch_size), normalize)
        maps = maps.astype(self.dtype, copy=False)
        on_units = maps_units(method) and not upsample
        check_answers(maps, type(self).__name__)
        return maps if on_units else maps_like(maps, X)

    def _way_to_points(self, module, n_points, upsample, layer):
        """Return the function (maps on units, spectra) -> maps on points."""
        if upsample == "bands":
            windows = _windows_of(module, n_points, layer)
            windows = windows.astype(self.dtype, copy=False)
            return lambda maps, X: place_on_bands(maps, X, windows)
        positions = unit_positions(module, n_points, layer)
        operator = upsampling_operator(positions, n_points, upsample)
        operator = operator.astype(self.dtype)
        return lambda maps, X: maps @ operator

    @available_if(_can_explain)
    def feature_maps(
        self,
        X: ArrayLike | Frame,
        layer: str | None = None,
        *,
        batch_size: int | None = None,
    ) -> Floats | Any:
        """Return what the layers before the head answer to spectra.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra, for example the mean spectrum of each class.
        layer : str or None, default=None
            Name of a layer of `module_`, such as "blocks.1"; None takes all.
        batch_size : int or None, default=None
            Spectra at a time; None takes what is fast.

        Returns
        -------
        ndarray of shape (n_spectra, channels, units), or dict of str to such
            Of the layer, or of each in the order in which the spectrum passes them.
            :func:`~sklearn_raman.neural_network.attribution.unit_positions` says where
            the units are.
        """
        X, module = self._ready_to_explain(X)
        return self._in_batches(
            lambda batch, rows: feature_maps(module, batch, layer), X, batch_size
        )

    @available_if(_can_explain)
    def filters(self, layer: str | None = None) -> Floats | Any:
        """Return the filters of the convolutions.

        Parameters
        ----------
        layer : str or None, default=None
            Name of a convolution of `module_`, such as "blocks.1"; None takes all.

        Returns
        -------
        ndarray of shape (n_filters, channels, width), or dict of str to such
            Of the layer, or of each.
        """
        self.check_is_fitted()
        return _to_numpy(filters(self.module_, layer))

    @available_if(_can_explain)
    def deconvolve(
        self,
        X: ArrayLike | Frame,
        feature: int | None = None,
        *,
        layer: str | None = None,
        rule: Literal["leaky", "relu", "linear"] = "leaky",
        batch_size: int | None = None,
    ) -> Floats:
        """Send feature maps back to the spectrum: what excited them.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.
        feature : int or None, default=None
            Position of the feature map; None takes all together.
        layer : str or None, default=None
            Name of the layer whose feature maps are sent back, such as "blocks.1"; see
            `feature_maps`. None takes the last ones.
        rule : {"leaky", "relu", "linear"}, default="leaky"
            What activations do to the signal on its way back, see
            :func:`sklearn_raman.neural_network.attribution.deconv`.
        batch_size : int or None, default=None
            Spectra at a time; None takes what is fast.

        Returns
        -------
        ndarray of shape (n_spectra, n_points)
            The signal; it does not depend on a class.
        """
        X, module = self._ready_to_explain(X)
        return self._in_batches(
            lambda batch, rows: deconv(
                module, batch, rule=rule, feature=feature, layer=layer
            ),
            X,
            batch_size,
        )

    @available_if(_can_explain)
    def decision_terms(
        self, X: ArrayLike | Frame, target: ArrayLike | None = None
    ) -> Bunch:
        """Return the products that add up to the logit of a class.

        For networks that average their feature maps before the output, as
        :class:`GAPCNNClassifier` does.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra, for example the mean spectrum of each class.
        target : None, "all", label or array-like of shape (n_spectra,), default=None
            Class: the predicted one, every one, or the given ones.

        Returns
        -------
        Bunch
            Arrays `pooled`, `weights` and `products` of shape (n_spectra, channels,
            bins) and `sums` of shape (n_spectra,); with target="all" n_classes comes
            after n_spectra. See
            :func:`~sklearn_raman.neural_network.attribution.decision_terms`.
        """
        X, module = self._ready_to_explain(X)
        target = resolve_target(target, self.classes_, len(X))

        def explain(batch, rows):
            wanted = target[rows] if isinstance(target, np.ndarray) else target
            return decision_terms(module, batch, wanted)

        return Bunch(**self._in_batches(explain, X, None))

    def embed_(self, X: ArrayLike | Frame) -> Floats:
        """Return what the last fully connected layer is given.

        Spectra that the network has not learned stand apart here rather than in its
        probabilities: see
        :class:`~sklearn_raman.uncertainty.SpectralNoveltyDetector`.

        Parameters
        ----------
        X : array-like or data frame of shape (n_spectra, n_points)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_values)
            For `GAPCNN` the averages of its feature maps, for `CNN` and `FMCNN` the
            values of the hidden layer.

        Raises
        ------
        ValueError
            If the logits do not come from a layer `torch.nn.Linear`.
        """
        X, module = self._ready_to_explain(X)

        def embed(batch, rows):
            spectra = send(torch.as_tensor(batch), **like(module))
            with torch.no_grad(), full_precision(), LastLinear() as last:
                logits = module(spectra)
            return last.input_of(logits, owner=type(module).__name__)

        embedded = self._in_batches(embed, X, None)
        check_answers(embedded, type(self).__name__)
        return embedded

    def _ready_to_explain(self, X):
        """Return checked spectra, and the network to read."""
        self.check_is_fitted()
        X = check_spectra(self, X, reset=False, dtype=self.dtype)
        return X, self._module_to_read()

    def _in_batches(self, function, X, batch_size):
        """Call function(batch, rows) on batches of spectra; join what it returns."""
        size = _BATCHES_AT_ONCE * self._rows_at_once
        if batch_size is not None:
            check_whole(batch_size, "batch_size", low=1)
            size = batch_size
        parts = []
        with limited_threads(self.n_threads):
            for start in range(0, len(X), size):
                rows = slice(start, start + size)
                parts.append(_to_numpy(function(X[rows], rows)))
        if isinstance(parts[0], dict):
            return {k: np.concatenate([part[k] for part in parts]) for k in parts[0]}
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


# What units see, by network: following a spectrum through the layers takes as long as
# maps of fifty spectra. A network that is gone takes its entry along.
_WINDOWS: WeakKeyDictionary = WeakKeyDictionary()


def _windows_of(module, n_points, layer):
    """Return `unit_windows`, computed once for a network as it is built now."""
    widths = [getattr(part, "receptive_width", None) for part in module.modules()]
    build = n_points, layer, repr(module), tuple(widths)
    known, windows = _WINDOWS.get(module, (None, None))
    if known != build:
        windows = unit_windows(module, n_points, layer)
        _WINDOWS[module] = build, windows
    return windows


def _to_numpy(tensors):
    """Turn a tensor, or each of a dictionary, into an array; leave an array."""
    if isinstance(tensors, np.ndarray):
        return tensors
    if isinstance(tensors, dict):
        return {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
    return tensors.detach().cpu().numpy()
