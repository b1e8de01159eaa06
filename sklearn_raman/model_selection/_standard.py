"""The models to compare for someone who does not want to write Pipelines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, ParameterGrid, StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_raman._utils._typing import RandomState
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection._evaluate import fewest_units
from sklearn_raman.preprocessing import (
    AIRPLS,
    SNV,
    SavitzkyGolay,
    SquareRoot,
    WavenumberResampler,
)

# Parameters that must stay below the numbers of spectra and points; see `_Search`.
_SIZES = ("n_components", "n_neighbors")


def standard_models(
    random_state: RandomState = None,
    *,
    quick: bool = False,
    target_wavenumbers: ArrayLike | None = None,
) -> dict[str, Any]:
    """Return a roster of models for spectra of any kind, for :func:`compare`.

    A support vector machine, PLS-LDA, LDA with shrinkage, nearest neighbors and a
    random forest choose their preparation and their parameters by grid searches inside
    the training part; the three networks keep their defaults, which need no tuning.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=None
        Decides the random forest and the networks.
    quick : bool, default=False
        Small grids, a small CNN, fewer trees and short training, for a first look. The
        networks are then no judge of what networks can do.
    target_wavenumbers : array-like, tuple (start, stop, step) or None, default=None
        Axis in cm-1 to which `WavenumberResampler` brings the spectra first. Spectra
        with axes of their own (a list of pairs) need one, and baselines an even one.
        With one, the models also predict spectra on other axes.
        When `compare` is called without models it gives, where needed, the range that
        all spectra cover, with their median step, so that each fold has the same axis.

    Returns
    -------
    dict of str to estimator
        "SVM", "PLS-LDA", "LDA", "KNN", "Random forest", "CNN", "FMCNN", "GAP-CNN".

    Raises
    ------
    ValueError
        If `target_wavenumbers` is a text: a range learned in each fold is no one axis.

    See Also
    --------
    compare : Compares them if it is given no models.

    Notes
    -----
    Before :class:`SNV`, the searches choose the step `prepare` among: nothing;
    smoothing and square root; baseline and smoothing; baseline, smoothing and square
    root; with `quick`, between the first two. No step needs wavenumbers, so that plain
    arrays will do; windows and baselines suit about 1 to 4 cm-1 per point.

    Searches split by group where `fit` gets groups, otherwise by spectrum, in three
    stratified folds (two with `quick`), or in two where a class has no more groups.
    Numbers of components and neighbors that reach half of the training spectra, or the
    number of points, are left out of a grid, unless that leaves nothing.

    Examples
    --------
    >>> from sklearn_raman.model_selection import standard_models
    >>> models = standard_models(random_state=0)
    >>> list(models)
    ['SVM', 'PLS-LDA', 'LDA', 'KNN', 'Random forest', 'CNN', 'FMCNN', 'GAP-CNN']
    >>> models["KNN"].param_grid["kneighborsclassifier__n_neighbors"]
    [1, 3, 5, 7]
    """
    # Imported here: this module loads no torch.
    from sklearn_raman.neural_network import (
        CNNClassifier,
        FMCNNClassifier,
        GAPCNNClassifier,
    )

    first = []
    if isinstance(target_wavenumbers, str):
        raise ValueError(
            f"target_wavenumbers={target_wavenumbers!r} would be another axis in each "
            "inner fold, and spectra that reach less far could not be scored. Give the "
            "axis, (start, stop, step): the DESCR of load_spectra says what all "
            "spectra cover."
        )
    if target_wavenumbers is not None:
        first = [WavenumberResampler(target_wavenumbers=target_wavenumbers)]
    smooth = SavitzkyGolay()
    preparations = ["passthrough", make_pipeline(smooth, SquareRoot())]
    if not quick:
        preparations += [
            make_pipeline(AIRPLS(), smooth),
            make_pipeline(AIRPLS(), smooth, SquareRoot()),
        ]

    def tuned(steps, *grids):
        pipeline = make_pipeline(*first, SNV(), *steps)
        pipeline.steps.insert(len(first), ("prepare", "passthrough"))
        name = pipeline.steps[-1][0]
        grids = [
            {
                "prepare": preparations,
                **{
                    f"{name}__{parameter}": values[:2] if quick else values
                    for parameter, values in grid.items()
                },
            }
            for grid in grids
        ]
        inner = _InnerFolds(2 if quick else 3, shuffle=True, random_state=0)
        return _Search(pipeline, grids if len(grids) > 1 else grids[0], cv=inner)

    seed = {"random_state": random_state}
    training = {**seed, "max_epochs": 5} if quick else seed
    filters = {"n_filters": 8} if quick else {}
    n_trees = 50 if quick else 300
    return {
        "SVM": tuned(
            [SVC()],
            {"kernel": ["linear"], "C": [1.0, 0.01, 100.0]},
            {"kernel": ["rbf"], "C": [1.0, 10.0, 100.0]},
        ),
        "PLS-LDA": tuned([PLSLDA()], {"n_components": [2, 10, 5, 20, 40]}),
        "LDA": tuned(
            # All components: the same discriminant, but with fewer numbers than points.
            [PCA(), LinearDiscriminantAnalysis(solver="lsqr")],
            {"shrinkage": [0.5, 0.1, 0.03, 0.01]},
        ),
        "KNN": tuned([KNeighborsClassifier()], {"n_neighbors": [1, 3, 5, 7]}),
        "Random forest": tuned([RandomForestClassifier(n_trees, **seed)], {}),
        "CNN": make_pipeline(*first, SNV(), CNNClassifier(**filters, **training)),
        "FMCNN": make_pipeline(*first, SNV(), FMCNNClassifier(**training)),
        "GAP-CNN": make_pipeline(*first, SNV(), GAPCNNClassifier(**training)),
    }


class _InnerFolds(StratifiedGroupKFold):
    """Stratified folds by group, or by spectrum if there are no groups.

    There are fewer where a class has fewer groups, but at least two.
    """

    def get_n_splits(self, X=None, y=None, groups=None):
        if y is None:
            return self.n_splits
        return max(2, min(self.n_splits, fewest_units(y, groups)))

    def split(self, X, y=None, groups=None):
        units = np.arange(len(y)) if groups is None else groups
        folds = StratifiedGroupKFold(
            self.get_n_splits(X, y, groups),
            shuffle=self.shuffle,
            random_state=self.random_state,
        )
        return folds.split(X, y, units)


class _Search(GridSearchCV):
    """A grid search that leaves out sizes which few spectra do not allow."""

    def fit(self, X, y=None, **params):
        n_points = X.shape[1] if hasattr(X, "shape") else np.inf
        self._largest = min(len(y) // 2, n_points) - 1
        return super().fit(X, y, **params)

    def _run_search(self, evaluate_candidates):
        settings = list(ParameterGrid(self.param_grid))
        possible = [s for s in settings if self._fits(s)]
        evaluate_candidates(possible or settings)

    def _fits(self, setting):
        return all(
            value <= self._largest
            for name, value in setting.items()
            if name.endswith(_SIZES)
        )
