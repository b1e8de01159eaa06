"""Do maps depend on what the network learned? Replace its layers by random ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from sklearn.utils import check_random_state

from sklearn_raman._utils._explanation import check_maps
from sklearn_raman._utils._typing import RandomState, SpectraLike
from sklearn_raman._utils._validation import check_whole, refuse_other_order
from sklearn_raman.inspection._metrics import pearson
from sklearn_raman.inspection._pipeline import run_steps


def randomization_test(
    classifier: Any,
    X: SpectraLike,
    *,
    method: str | Callable[..., Any] = "auto",
    target: ArrayLike | None = None,
    n_repeats: int = 3,
    random_state: RandomState = None,
) -> pd.DataFrame:
    """Compare maps with those of the network after its layers have been forgotten.

    Layer after layer, from the output back to the input, gets new random weights. Maps
    that stay the same do not depend on what these layers have learned, so that they
    can't explain the decision.

    Parameters
    ----------
    classifier : fitted network classifier, or a Pipeline or search that ends in one
        With `cascading_reset` and `explain_`, such as `CNNClassifier`. It is not
        changed.
    X : array-like, data frame (n_spectra, n_points), or sequence of pairs
        Spectra as the classifier, or the whole Pipeline, takes them.
    method : str or callable, default="auto"
        Method of `explain_`, or a function ``method(classifier, X, target)`` that
        returns maps (n_spectra, n_points). Of a Pipeline it is given the last step, and
        X as the steps before return it.
    target : None, label or array-like of shape (n_spectra,), default=None
        Class to explain; None means the one that the untouched classifier predicts.
    n_repeats : int, default=3
        Number of times the cascade is run, each with other random weights.
    random_state : int, RandomState or None, default=None
        Seed of the random weights.

    Returns
    -------
    DataFrame with one row for each layer, from the output back
        Index `layer`: the last layer that was replaced, together with all layers
        above it. `pearson`, the mean correlation with the original map, and
        `pearson_std`, its standard deviation, over spectra and repeats;
        `abs_spearman`, the mean of the absolute rank correlation, which does not take a
        change of sign for a change of the map. A map without spread counts as 0.

    Raises
    ------
    TypeError
        If the classifier, or the last step of the Pipeline, has no `cascading_reset`.
    ValueError
        If a layer does not know how to start afresh (`reset_parameters`).

    Notes
    -----
    What a network learned about the scale of its input (buffers) stays. Maps that are
    the input times a gradient keep a shadow of the input: their rank correlation stays
    well above zero for a random network too, without being wrong.

    References
    ----------
    .. [1] J. Adebayo et al., "Sanity checks for saliency maps", NeurIPS (2018),
       section 3.1 (cascading randomization), https://arxiv.org/abs/1810.03292

    Examples
    --------
    >>> from sklearn_raman.datasets import make_lorentzian_spectra
    >>> from sklearn_raman.inspection import randomization_test
    >>> from sklearn_raman.neural_network import CNNClassifier
    >>> X, y = make_lorentzian_spectra(
    ...     centers=(20, 50), n_points=80, random_state=0
    ... )
    >>> net = CNNClassifier(max_epochs=2, random_state=0).fit(X, y)
    >>> randomization_test(net, X, random_state=0).index.to_list()
    ['output', 'hidden', 'blocks.5', 'blocks.1']
    """
    refuse_other_order("target", target, X)
    classifier, info, _ = run_steps(classifier, X, space="model")
    X = info["spectra"]
    if not hasattr(classifier, "cascading_reset"):
        raise TypeError(
            f"{type(classifier).__name__} has no cascading_reset: randomization_test "
            "needs a fitted network classifier, or a Pipeline that ends in one."
        )
    check_whole(n_repeats, "n_repeats", low=1)
    random_state = check_random_state(random_state)
    target = classifier.predict(X) if target is None else target
    original = _explain(classifier, X, target, method)
    original_ranks = rankdata(original, axis=1)

    found = []
    for _ in range(n_repeats):
        seed = random_state.randint(np.iinfo(np.int32).max)
        for layer, forgetful in classifier.cascading_reset(seed):
            maps = _explain(forgetful, X, target, method)
            rank = np.abs(pearson(original_ranks, rankdata(maps, axis=1)))
            correlations = {"pearson": pearson(original, maps), "abs_spearman": rank}
            found.append(pd.DataFrame({"layer": layer, **correlations}))
    by_layer = pd.concat(found).groupby("layer", sort=False)
    means = by_layer.mean()
    means.insert(1, "pearson_std", by_layer["pearson"].std(ddof=0))
    return means


def _explain(classifier, X, target, method):
    if callable(method):
        maps = method(classifier, X, target)
    else:
        maps = classifier.explain_(X, target, method=method)
    return check_maps(maps)
