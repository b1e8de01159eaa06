"""Maps of any classifier: hide a stretch of the spectrum, see what the score loses."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar, gen_batches
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._explanation import normalize_maps, resolve_target
from sklearn_raman._utils._validation import lower_default
from sklearn_raman.inspection._perturbation import (
    check_spectra_array,
    class_scores,
    like_input,
    predicted_positions,
    replacement,
)

_DEFAULT_WIDTH = 9


def occlusion(
    estimator,
    X,
    target=None,
    *,
    width=None,
    step=None,
    baseline="local",
    window=None,
    score="auto",
    normalize=None,
    batch_size=1024,
):
    """Map what the score of a class loses when a stretch of the spectrum is hidden.

    It asks the classifier for nothing but its answers, so that support vector machines,
    nearest neighbours and forests can be put beside networks. It costs as many
    predictions for each spectrum as there are stretches.

    Parameters
    ----------
    estimator : fitted classifier or Pipeline
        With `predict_proba` or `decision_function`. With a Pipeline the map lies on the
        axis of X, before all its steps.
    X : array-like or data frame of shape (n_spectra, n_points)
        Spectra.
    target : None, "all", label or array-like of shape (n_spectra,), default=None
        Class to explain: the predicted one, every one, or the given ones.
    width : int or None, default=None
        Points that are hidden together, about the width of a line; None means 9, or
        all if the spectra are shorter.
    step : int or None, default=None
        Points from one stretch to the next, at most `width`; None means a third of
        `width`.
    baseline : "local", float or array-like, default="local"
        What takes the place of hidden points: the running median of the spectrum, a
        number, one spectrum (n_points,), or one for each (n_spectra, n_points).
    window : int or None, default=None
        Points of the running median, more than twice a line's; None means a tenth of
        the spectrum, but at least 31.
    score : {"auto", "logodds", "prob", "decision"}, default="auto"
        What is explained: the log-odds of the class, its probability, or its decision
        function. "auto" means log-odds where there are probabilities.
    normalize : {"max", "minmax", "sum"} or None, default=None
        Scale of each map: as it is, by the largest absolute value, to 0..1, or to a
        sum of absolute values of 1.
    batch_size : int, default=1024
        Changed spectra that the classifier gets at a time.

    Returns
    -------
    ndarray of shape (n_spectra, n_points) or (n_spectra, n_classes, n_points)
        Loss of score, positive where the spectrum speaks for the class; the second
        shape for target="all". A point has the mean over the stretches that cover it.

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
        If log-odds are taken of probabilities that are exactly 0 or 1 (nearest
        neighbours, forests): ``score="prob"`` is better there.

    See Also
    --------
    contribution : Maps of a network, for the cost of one prediction.

    Notes
    -----
    Hiding points means changing the spectrum: the local baseline leaves a spectrum
    without the line, whereas 0 would often leave a dip that no spectrum has.

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
    check_is_fitted(estimator)
    values = check_spectra_array(X)
    n_spectra, n_points = values.shape
    if width is not None:
        check_scalar(width, "width", Integral, min_val=1)
    width = lower_default(
        width,
        _DEFAULT_WIDTH,
        n_points,
        owner="occlusion",
        name="width",
        why=f"the spectra have {n_points} points",
    )
    step = max(1, width // 3) if step is None else step
    check_scalar(step, "step", Integral, min_val=1)
    check_scalar(batch_size, "batch_size", Integral, min_val=1)
    if step > width:
        raise ValueError(
            f"step={step} must be at most width={width}: otherwise points between the "
            "stretches are never hidden."
        )
    filler = replacement(values, baseline, window)
    classes = estimator.classes_
    target = resolve_target(target, classes, n_spectra)
    if target is None:
        target = predicted_positions(estimator, X)

    starts = window_starts(n_points, width, step)
    spread = _mean_over_windows(starts, width, n_points)
    maps = []
    for rows in gen_batches(n_spectra, batch_size):
        lost = _lost_scores(
            estimator, X, values[rows], filler[rows], starts, width, score, batch_size
        )
        if not isinstance(target, str):
            lost = lost[:, np.arange(lost.shape[1]), target[rows]]
        # windows x spectra (x classes) -> spectra (x classes) x points
        maps.append(np.moveaxis(lost, 0, -1) @ spread)
    maps = np.concatenate(maps)
    return normalize_maps(maps, normalize).astype(values.dtype, copy=False)


def window_starts(n_points, width, step):
    """Return where the stretches begin; the last one ends with the spectrum."""
    starts = np.arange(0, n_points - width + 1, step)
    last = n_points - width
    return starts if starts[-1] == last else np.append(starts, last)


def _mean_over_windows(starts, width, n_points):
    """Return the matrix (n_windows, n_points) that averages windows over points."""
    offset = np.arange(n_points)[None, :] - starts[:, None]
    covers = ((offset >= 0) & (offset < width)).astype(np.float64)
    return covers / covers.sum(axis=0)


def _lost_scores(estimator, X, values, filler, starts, width, score, batch_size):
    """Return what each class loses by each window, (n_windows, n_spectra, n_classes).

    `X` is only asked for its column labels.
    """
    n_spectra, n_points = values.shape
    before = class_scores(estimator, like_input(values, X), score)
    lost = []
    for block in gen_batches(len(starts), max(1, batch_size // n_spectra)):
        changed = np.repeat(values[None], len(starts[block]), axis=0)
        for spectra, start in zip(changed, starts[block], strict=True):
            hidden = slice(start, start + width)
            spectra[:, hidden] = filler[:, hidden]
        flat = like_input(changed.reshape(-1, n_points), X)
        after = class_scores(estimator, flat, score)
        lost.append(before - after.reshape(len(changed), *before.shape))
    return np.concatenate(lost)
