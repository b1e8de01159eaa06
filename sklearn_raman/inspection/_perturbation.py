"""Change the spectra, see what the score of a class loses: occlusion and deletion.

Both ask a classifier for nothing but its answers, so that support vector machines,
nearest neighbors and forests can be put beside networks.
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import Bunch, check_array, gen_batches
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._explanation import (
    REFERENCES,
    SCORES,
    check_maps,
    check_reference,
    maps_like,
    normalize_maps,
    reference_spectra,
    resolve_target,
)
from sklearn_raman._utils._frames import frame_like
from sklearn_raman._utils._pipeline import decision_by_class, predict_class
from sklearn_raman._utils._ragged import (
    by_axis,
    check_holds_spectra,
    is_ragged,
    read_ragged,
    unmask,
)
from sklearn_raman._utils._typing import SpectraLike
from sklearn_raman._utils._validation import (
    check_number,
    check_whole,
    lower_default,
    refuse_other_order,
)
from sklearn_raman._utils._wavenumbers import on_rising_axis
from sklearn_raman.inspection._bands import check_alignment
from sklearn_raman.inspection._pipeline import input_axis

_DEFAULT_WIDTH = 9


def occlusion(
    estimator: Any,
    X: SpectraLike,
    target: ArrayLike | None = None,
    *,
    width: int | None = None,
    step: int | None = None,
    reference: Literal["local", "blank", "zero"] | ArrayLike = "local",
    score: Literal["auto", "logodds", "logit", "prob", "contrast"] = "auto",
    normalize: Literal["max", "minmax", "sum"] | None = None,
    batch_size: int = 1024,
) -> Any:
    """Map what the score of a class loses when a stretch of the spectrum is hidden.

    It works for any classifier, and costs as many predictions per spectrum as there
    are stretches. A network's `explain_(X, method="occlusion")` gives the same map.

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        With `predict_proba` or `decision_function`. With a Pipeline the map lies on the
        axis of X, before all its steps.
    X : array-like, data frame (n_spectra, n_points), or sequence of pairs
        Spectra as the estimator takes them; ragged ones are pairs
        `(wavenumbers, intensities)`. Points that it does not use may hold NaN.
    target : None, "all", label or array-like of shape (n_spectra,), default=None
        Class to explain: the predicted one, every one, or the given ones.
    width : int or None, default=None
        Points that are hidden together, about the width of a band; None means 9, or
        all if the spectra are shorter.
    step : int or None, default=None
        Points from one stretch to the next, at most `width`; None means a third of
        `width`.
    reference : {"local", "blank", "zero"}, float or array-like, default="local"
        What takes the place of hidden points: the running median of the spectrum over a
        tenth of its points, but at least 31; its background level (the median, rounded
        to less than a 32nd of its range); zero intensity; an intensity; or, on one
        axis, spectra of shape (n_points,) or
        (n_spectra, n_points).
    score : {"auto", "logodds", "logit", "prob", "contrast"}, default="auto"
        What is explained: the log-odds of the class; its decision function, which for
        networks is the logit (of two classes, the difference of both logits); its
        probability; or its log-probability minus the mean of all classes'. "auto" is
        "logodds" where there are probabilities, else "logit".
    normalize : {"max", "minmax", "sum"} or None, default=None
        Scale of each map: as it is, by the largest absolute value, to 0..1, or to a
        sum of absolute values of 1.
    batch_size : int, default=1024
        Changed spectra that the classifier gets at a time.

    Returns
    -------
    ndarray or data frame of shape (n_spectra, n_points), ndarray of shape \
(n_spectra, n_classes, n_points), or list
        Loss of score, positive where the spectrum speaks for the class; the second
        shape for target="all". A point has the mean over the stretches that cover it.
        A frame if X is one with a wavenumber axis. For ragged spectra a list with one
        array per spectrum, aligned with its own points. float32 where the spectra or
        the scores are.

    Raises
    ------
    TypeError
        If a number of points is not an integer.
    ValueError
        If a parameter is not valid, a target is no class of the estimator, or the
        estimator can't give the score.

    Warns
    -----
    UserWarning
        If logarithms are taken of probabilities that are exactly 0 or 1 (nearest
        neighbors, forests): ``score="prob"`` is better there.

    Notes
    -----
    Hiding points means changing the spectrum: the local reference leaves a spectrum
    without the band, whereas 0 would often leave a dip that no spectrum has.

    References
    ----------
    .. [1] M. D. Zeiler and R. Fergus, "Visualizing and understanding convolutional
       networks", ECCV (2014), section 4.2, https://arxiv.org/abs/1311.2901

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.inspection import occlusion
    >>> X, y = make_lorentzian_spectra(
    ...     centers=(20, 50), n_points=80, random_state=0
    ... )
    >>> svm = SVC(kernel="linear").fit(X, y)
    >>> maps = occlusion(svm, X[[0, -1]], width=5, step=1)
    >>> maps.argmax(axis=1)
    array([20, 50])
    """
    parts, n_spectra = _parts(estimator, X, reference)
    target = _positions(estimator, X, target, n_spectra)
    if width is not None:
        check_whole(width, "width", low=1)
    if step is not None:
        check_whole(step, "step", low=1)
    check_whole(batch_size, "batch_size", low=1)
    found = [None] * n_spectra
    for numbers, values, filler, like, _ in parts:
        hidden = _stretches(values.shape[1], width, step)
        maps = []
        for rows in gen_batches(len(values), batch_size):
            lost = _lost_scores(
                estimator, like, values[rows], filler[rows], hidden, score, batch_size
            )
            if not isinstance(target, str):
                own = target[numbers[rows]]
                lost = lost[:, np.arange(lost.shape[1]), own]
            dtype = np.float32 if lost.dtype == np.float32 else values.dtype
            # windows x spectra (x classes) -> spectra (x classes) x points
            maps.append(np.moveaxis(lost, 0, -1) @ (hidden / hidden.sum(axis=0)))
        maps = normalize_maps(np.concatenate(maps), normalize).astype(dtype, copy=False)
        for number, one in zip(numbers, maps, strict=True):
            found[number] = one
    return found if is_ragged(X) else maps_like(maps, X)


def _stretches(n_points, width, step):
    """Return which points each stretch hides, of shape (n_stretches, n_points)."""
    width = lower_default(
        width,
        _DEFAULT_WIDTH,
        n_points,
        owner="occlusion",
        name="width",
        why=f"the spectra have {n_points} points",
    )
    step = max(1, width // 3) if step is None else step
    if step > width:
        raise ValueError(
            f"step={step} must be at most width={width}: otherwise points between the "
            "stretches are never hidden."
        )
    # The last stretch ends with the spectrum.
    starts = np.append(np.arange(0, n_points - width, step), n_points - width)[:, None]
    points = np.arange(n_points)
    return (points >= starts) & (points < starts + width)


def _parts(estimator, X, reference):
    """Split spectra into those that share an axis.

    Returns
    -------
    parts : list of (numbers, values, filler, like, axis)
        Which spectra; their intensities, a matrix; what takes the place of points; a
        function that gives changed intensities the form in which the estimator takes
        X; and their axis, None if it is not known. A matrix or frame is one part.
    n_spectra : int
    """
    check_is_fitted(estimator)
    check_holds_spectra(X)
    check_reference(reference, X)
    X = unmask(X)
    if not is_ragged(X):
        values = check_array(
            X, dtype=(np.float64, np.float32), ensure_all_finite=False, input_name="X"
        )
        filler = _fill(values, reference)
        like, axis = partial(frame_like, X=X), input_axis(estimator, X)
        return [(np.arange(len(values)), values, filler, like, axis)], len(values)
    if not isinstance(reference, str) and np.ndim(reference):
        raise ValueError(
            "Each spectrum of X has an axis of its own, so that reference can't be "
            f"spectra: pass a number or one of {REFERENCES}."
        )
    spectra = read_ragged(X)
    return [
        (numbers, values, _fill(values, reference), partial(_as_pairs, axis=axis), axis)
        for axis, numbers, values in by_axis(spectra)
    ], len(spectra)


def _as_pairs(values, axis):
    return [(axis, row) for row in values]


def _fill(values, reference):
    """Return what takes the place of points; those that are no number stay as they are.

    The estimator does not use them, or refuses the spectra itself.
    """
    missing = ~np.isfinite(values)
    if missing.any():
        row = np.arange(values.shape[1])
        values = np.stack(
            [
                one if ok.all() or not ok.any() else np.interp(row, row[ok], one[ok])
                for one, ok in zip(values, ~missing, strict=True)
            ]
        ).astype(values.dtype)
    filler = reference_spectra(values, reference)
    return np.where(missing, values, filler) if missing.any() else filler


def _positions(estimator, X, target, n_spectra):
    """Return the position of the class to explain of each spectrum, or "all"."""
    if not hasattr(estimator, "classes_"):
        raise TypeError(
            f"Classes are explained, and this is no fitted classifier: "
            f"{type(estimator).__name__} has no classes_."
        )
    refuse_other_order("target", target, X)
    target = resolve_target(target, estimator.classes_, n_spectra)
    if target is None:
        predicted = predict_class(estimator, X)
        target = (predicted[:, None] == estimator.classes_).argmax(axis=1)
    return target


def _lost_scores(estimator, like, values, filler, hidden, score, batch_size):
    """Return what each class loses by each window, (n_windows, n_spectra, n_classes).

    `hidden` (n_windows, n_points) says what each hides; `like` makes intensities what
    the estimator takes.
    """
    before = _class_scores(estimator, like(values.copy()), score)
    lost = []
    for block in gen_batches(len(hidden), max(1, batch_size // len(values))):
        changed = np.where(hidden[block, None], filler, values)
        flat = like(changed.reshape(-1, values.shape[1]))
        after = _class_scores(estimator, flat, score)
        lost.append(before - after.reshape(len(changed), *before.shape))
    return np.concatenate(lost)


def deletion_curve(
    estimator: Any,
    X: SpectraLike,
    maps: ArrayLike,
    *,
    target: ArrayLike | None = None,
    steps: int = 12,
    max_fraction: float = 0.1,
    reference: Literal["local", "blank", "zero"] | ArrayLike = "local",
    score: Literal["prob", "logodds", "logit", "contrast"] = "prob",
) -> Bunch:
    """Remove the points that a map ranks highest and watch the score fall.

    If the map is right about what the model uses, the probability of the class falls
    at once. Compare the area with that of ``maps=X`` and of random maps.

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        With `predict_proba`, or `decision_function` for ``score="logit"``.
    X : array-like, data frame (n_spectra, n_points), or sequence of pairs
        Spectra as the estimator takes them; ragged ones are pairs
        `(wavenumbers, intensities)`.
    maps : array-like of shape (n_spectra, n_points), or list of arrays
        The highest values are taken away first, of equal ones those at lower
        wavenumbers. For ragged spectra one map for each, on its own points, as
        :func:`occlusion` and :func:`explain_pipeline` give them.
    target : None, label or array-like of shape (n_spectra,), default=None
        Class that is watched; None means the predicted one.
    steps : int, default=12
        Number of steps.
    max_fraction : float, default=0.1
        Share of the points that is gone after the last step. Raman bands cover little
        of the axis: with 1.0 most steps would remove nothing but background.
    reference : {"local", "blank", "zero"}, float or array-like, default="local"
        What takes the place of points, see :func:`occlusion`.
    score : {"prob", "logodds", "logit", "contrast"}, default="prob"
        What is watched, see :func:`occlusion`.

    Returns
    -------
    Bunch
        fraction : ndarray of shape (steps + 1,), share of points taken away, from 0;
        for ragged spectra of shape (n_spectra, steps + 1)
        curve : ndarray of shape (n_spectra, steps + 1), the score
        area : ndarray of shape (n_spectra,), mean height of the curve; lower is better

    Raises
    ------
    ValueError
        If maps contain NaN, do not have the shape, the axis or the order of X, or if a
        parameter is not valid.

    References
    ----------
    .. [1] V. Petsiuk, A. Das and K. Saenko, "RISE: randomized input sampling for
       explanation of black-box models", BMVC (2018), section 4.2 (deletion),
       https://arxiv.org/abs/1806.07421

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import deletion_curve
    >>> X, y = make_lorentzian_spectra(random_state=0)
    >>> model = PLSLDA().fit(X, y)
    >>> right = deletion_curve(model, X, model.explain_(X)).area.mean()
    >>> wrong = deletion_curve(model, X, -model.explain_(X)).area.mean()
    >>> bool(right < wrong)
    True
    """
    parts, n_spectra = _parts(estimator, X, reference)
    positions = _positions(estimator, X, target, n_spectra)
    if isinstance(positions, str):
        raise ValueError('target="all" is not possible here: pass one class at a time.')
    check_whole(steps, "steps", low=1)
    check_number(max_fraction, "max_fraction", high=1)
    if is_ragged(X) and len(maps) != n_spectra:
        raise ValueError(
            f"maps must hold one map for each of the {n_spectra} spectra, got "
            f"{len(maps)}."
        )
    if not is_ragged(X):
        check_alignment(maps, X)
    fraction, curve = np.empty((2, n_spectra, steps + 1))
    for numbers, values, filler, like, axis in parts:
        n_points = values.shape[1]
        own = [maps[number] for number in numbers] if is_ragged(X) else maps
        own = check_maps(own, shape=values.shape)
        counts = np.linspace(0, max_fraction, steps + 1) * n_points
        counts = np.round(counts).astype(int)
        if counts[-1] < 1:
            raise ValueError(
                f"max_fraction={max_fraction} of {n_points} points is less than one "
                "point."
            )
        turned = on_rising_axis(axis, own)
        rank = np.argsort(np.argsort(-turned, axis=1, kind="stable"), axis=1)
        rank = on_rising_axis(axis, rank)
        fraction[numbers] = counts / n_points
        for step, count in enumerate(counts):
            left = like(np.where(rank < count, filler, values))
            scores = _class_scores(estimator, left, score)
            curve[numbers, step] = scores[np.arange(len(values)), positions[numbers]]
    area = np.trapezoid(curve, fraction, axis=1) / fraction[:, -1]
    return Bunch(
        fraction=fraction if is_ragged(X) else fraction[0], curve=curve, area=area
    )


# Scores of any classifier ------------------------------------------------------------


def _class_scores(estimator, X, score):
    """Return the score of each class, higher for a likelier one.

    Parameters
    ----------
    estimator : fitted classifier
    X : array or data frame of shape (n_spectra, n_points)
    score : {"auto", "logodds", "logit", "prob", "contrast"}

    Returns
    -------
    ndarray of shape (n_spectra, n_classes)
        In the dtype of the answers of the classifier.
    """
    if score not in ("auto", *SCORES):
        raise ValueError(f"score must be one of {('auto', *SCORES)}, got {score!r}.")
    owner = type(estimator).__name__
    if score == "auto":
        score = "logodds" if hasattr(estimator, "predict_proba") else "logit"
    method = "decision_function" if score == "logit" else "predict_proba"
    if not hasattr(estimator, method):
        other = "prob" if score == "logit" else "logit"
        raise ValueError(
            f'{owner} has no {method}, which score="{score}" needs. Use '
            f'score="{other}", or wrap the classifier in CalibratedClassifierCV.'
        )
    values = np.asarray(getattr(estimator, method)(X))
    if score == "prob":
        return values
    if score == "logit":
        return decision_by_class(estimator, values)
    own, others = _log_probabilities(values, owner)
    compared = others if score == "logodds" else own.mean(axis=1, keepdims=True)
    return (own - compared).astype(values.dtype)


def _log_probabilities(probabilities, owner):
    """Return log(p) and log(1 - p) in double precision.

    1 - p is the sum of the other classes, which keeps what 1 - p would round to zero.
    Probabilities of exactly 0 have no logarithm; the smallest number that the data type
    holds takes their place, with a warning.
    """
    n_classes = probabilities.shape[1]
    others = probabilities @ (1 - np.eye(n_classes, dtype=probabilities.dtype))
    if (probabilities <= 0).any() or (others <= 0).any():
        warnings.warn(
            f"{owner} gives probabilities of exactly 0 or 1, whose logarithms are "
            'infinite: use score="prob" or score="logit".',
            UserWarning,
            stacklevel=5,
        )
    floor = np.finfo(probabilities.dtype).tiny
    return [
        np.log(np.maximum(p, floor).astype(np.float64)) for p in (probabilities, others)
    ]
