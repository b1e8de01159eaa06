"""Does the model need what a map points at?"""

from numbers import Integral

import numpy as np
from sklearn.utils import Bunch, check_scalar
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._explanation import resolve_target
from sklearn_raman.inspection._perturbation import (
    check_maps,
    check_spectra_array,
    class_scores,
    like_input,
    predicted_positions,
    replacement,
)


def deletion_curve(
    estimator,
    X,
    maps,
    *,
    target=None,
    steps=12,
    max_fraction=0.1,
    baseline="local",
    window=None,
    score="prob",
):
    """Take away the points that a map ranks highest and watch the score fall.

    If the map is right about what the model uses, the probability of the class falls
    at once. Compare the area with that of ``maps=X`` and of random maps.

    Parameters
    ----------
    estimator : fitted classifier or Pipeline
        With `predict_proba`, or `decision_function` for ``score="decision"``.
    X : array-like or data frame of shape (n_spectra, n_points)
        Spectra.
    maps : array-like of shape (n_spectra, n_points)
        The highest values are taken away first.
    target : None, label or array-like of shape (n_spectra,), default=None
        Class that is watched; None means the predicted one.
    steps : int, default=12
        Number of steps.
    max_fraction : float, default=0.1
        Share of the points that is gone after the last step. Raman lines cover little
        of the axis: with 1.0 most steps would remove nothing but baseline.
    baseline : "local", float or array-like, default="local"
        What takes the place of points: the running median of the spectrum, a number,
        one spectrum (n_points,), or one for each (n_spectra, n_points).
    window : int or None, default=None
        Points of the running median, more than twice a line's; None means a tenth of
        the spectrum, but at least 31.
    score : {"prob", "logodds", "decision"}, default="prob"
        What is watched.

    Returns
    -------
    Bunch
        fraction : ndarray of shape (steps + 1,), share of points taken away, from 0
        curve : ndarray of shape (n_spectra, steps + 1), the score
        area : ndarray of shape (n_spectra,), mean height of the curve; lower is better

    Raises
    ------
    ValueError
        If maps contain NaN or do not have the shape of X, or a parameter is not valid.

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
    check_is_fitted(estimator)
    values = check_spectra_array(X)
    n_spectra, n_points = values.shape
    maps = check_maps(maps, shape=values.shape)
    check_scalar(steps, "steps", Integral, min_val=1)
    if not 0 < max_fraction <= 1:
        raise ValueError(
            f"max_fraction must lie between 0 and 1, got {max_fraction!r}."
        )
    counts = np.round(np.linspace(0, max_fraction, steps + 1) * n_points).astype(int)
    if counts[-1] < 1:
        raise ValueError(
            f"max_fraction={max_fraction} of {n_points} points is less than one point."
        )
    positions = _one_position_each(estimator, X, target)
    filler = replacement(values, baseline, window)
    rank = np.argsort(np.argsort(-maps, axis=1, kind="stable"), axis=1, kind="stable")
    curve = np.empty((n_spectra, steps + 1))
    for step, count in enumerate(counts):
        left = like_input(np.where(rank < count, filler, values), X)
        scores = class_scores(estimator, left, score)
        curve[:, step] = scores[np.arange(n_spectra), positions]
    fraction = counts / n_points
    area = np.trapezoid(curve, fraction, axis=1) / fraction[-1]
    return Bunch(fraction=fraction, curve=curve, area=area)


def _one_position_each(estimator, X, target):
    """Return the position in `classes_` of the class watched for each spectrum."""
    positions = resolve_target(target, estimator.classes_, len(X))
    if isinstance(positions, str):
        raise ValueError('target="all" is not possible here: pass one class at a time.')
    return predicted_positions(estimator, X) if positions is None else positions
