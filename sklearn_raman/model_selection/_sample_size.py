"""How accuracy grows with the number of training groups, or spectra, per class."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from imblearn.pipeline import make_pipeline
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.parallel import Parallel, delayed

from sklearn_raman._utils._pipeline import (
    group_parameters,
    is_search,
    last_step,
    own_rows,
    picks_model,
    warn_frozen,
)
from sklearn_raman._utils._progress import progress_bar
from sklearn_raman._utils._typing import RandomState, SpectraLike
from sklearn_raman._utils._validation import check_n_jobs
from sklearn_raman.model_selection._compare import (
    are_models,
    check_data,
    make_folds,
    name_estimators,
    warn_ungrouped_search,
)
from sklearn_raman.model_selection._evaluate import (
    check_predictions,
    needed_axis,
    stopwatch,
    write_label,
)
from sklearn_raman.model_selection._leakage import count_leaks, describe_leaks
from sklearn_raman.model_selection._sample_size_curve import CURVE, SampleSizeCurve

N_DEFAULT_SIZES = 6
PLACE = [*CURVE, "size", "split", "draw"]


def sample_size_curve(
    models: dict[str, Any] | Sequence[Any],
    X: SpectraLike | Bunch,
    y: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    sizes: Sequence[int] | None = None,
    sampler: Any = None,
    *,
    cv: Any = 5,
    n_draws: int = 3,
    n_jobs: int | None = None,
    progress: bool = True,
    random_state: RandomState = None,
) -> SampleSizeCurve:
    """Measure accuracy against the number of training groups, or spectra, per class.

    Can I get by with so few samples, and would more of them help? Test groups are set
    aside first and stay the same for all sizes. From the other groups, training sets of
    each size are drawn repeatedly; a larger one holds the smaller ones of its draw.

    Parameters
    ----------
    models : dict of str to estimator, or list of estimators
        Classifiers, Pipelines or searches, as in :func:`compare`.
    X : array-like of shape (n_spectra, n_points), data frame, list or Bunch
        Spectra, as in :func:`compare`. A Bunch brings `data` and `target`.
    y : array-like of shape (n_spectra,), default=None
        Class of each spectrum. None if X is a Bunch.
    groups : array-like of shape (n_spectra,), "ignore" or None, default=None
        What makes spectra alike apart from the class: crystal, patient, replicate. With
        groups, a size counts groups per class, and all spectra of a group are used.
        Without, it counts spectra per class.
    sizes : sequence of int or None, default=None
        Groups (spectra) per class in training. Beyond the smallest class, classes that
        have fewer give all of them. None takes up to six sizes, from the first one that
        all models can be fitted with to what the smallest class has. It is looked for
        with one fit of each model, from one on, or from two if a model is a search,
        which needs two groups to choose by.
    sampler : imbalanced-learn sampler or None, default=None
        Every model is measured without and with it. Networks get it as their parameter
        `sampler`; in other models it is put before the classifier, in a search inside
        of it, so that only training spectra are over-sampled.
    cv : int, splitter or iterable of (train, test), default=5
        Which groups are tested. An int means stratified, shuffled folds, by group if
        there are groups. One pair of row positions, `cv=[(train, test)]`, keeps one
        fixed test set.
    n_draws : int, default=3
        Training sets drawn per size and split. There are models times sizes times
        splits times draws fits, twice as many with a sampler.
    n_jobs : int or None, default=None
        Processes that work at the same time; draws don't depend on it.
    progress : bool, default=True
        Whether to show a progress bar on the standard error stream.
    random_state : int, RandomState instance or None, default=None
        Decides folds, draws and resampling. The randomness of models and sampler is
        theirs: set their `random_state`.

    Returns
    -------
    SampleSizeCurve
        Table, figure, power laws.

    Raises
    ------
    ValueError
        As :func:`compare` does; if `sizes` or `n_draws` is not valid, or a size exceeds
        what every class has; if the sampler can't be put into a model.
    RuntimeError
        If a model fails: names the model, the size and the draw.

    Warns
    -----
    UserWarning
        If `sizes` is None and a model can't be fitted with the smallest size.

    See Also
    --------
    compare : Compares models on all training spectra.
    sklearn.model_selection.learning_curve : Counts spectra, whatever their group.

    Notes
    -----
    A group that spans two classes is drawn for each of them separately. In a test part
    it is in no training set of that split.

    Folds, copies and mixtures are checked as in :func:`compare`, and groups are passed
    to searches. Probabilities are not scored: that takes further fits for some models.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.model_selection import sample_size_curve
    >>> from sklearn_raman.preprocessing import SNV
    >>> minerals = load_minerals()
    >>> curve = sample_size_curve(
    ...     {"KNN": make_pipeline(SNV(), KNeighborsClassifier(1))},
    ...     minerals, groups=minerals.groups, n_draws=1, progress=False, random_state=0,
    ... )
    >>> curve.to_frame()[["size", "accuracy"]].round(2).values.tolist()
    [[1.0, 0.95], [2.0, 0.98], [3.0, 0.99], [4.0, 0.99]]
    """
    if models is None or not are_models(models):
        raise ValueError(
            "models must be a dict of names and models or a list of models, got "
            f"{type(models).__name__}."
        )
    try:
        models = name_estimators(models)
    except ValueError as error:
        raise ValueError(str(error).replace("estimators", "models")) from None
    check_n_jobs(n_jobs)
    data = check_data(X, y, groups)
    if not _is_count(n_draws):
        raise ValueError(f"n_draws must be an integer of at least 1, got {n_draws!r}.")
    if isinstance(cv, numbers.Integral) and not isinstance(cv, bool):
        kind = StratifiedKFold if data.groups is None else StratifiedGroupKFold
        cv = kind(int(cv), shuffle=True, random_state=random_state)
    splits = make_folds(cv, data)
    rng = check_random_state(random_state)
    seed = rng.randint(np.iinfo(np.int32).max)
    units = np.arange(len(data.y)) if data.groups is None else data.groups
    numbers_left = [_count_units(data.y, units, train) for train, _ in splits]
    if sizes is not None:
        sizes = _check_sizes(sizes, numbers_left, data)
    curves = {(name, ""): model for name, model in models.items()}
    if sampler is not None:
        curves |= {
            (name, type(sampler).__name__): _with_sampler(name, model, sampler)
            for name, model in models.items()
        }
    for name, model in models.items():
        warn_frozen("sample_size_curve", f"The model {name!r}", model)
        if data.groups is not None:
            warn_ungrouped_search(name, model)

    draws = [
        (split, draw, _draw_ranks(data.y, units, train, rng))
        for split, (train, _) in enumerate(splits)
        for draw in range(n_draws)
    ]

    def training_set(size, split, draw, ranks):
        train, test = splits[split]
        complete = min(numbers_left[split].values()) >= size
        return (size, split, draw, complete), (np.sort(train[ranks < size]), test)

    if sizes is None:

        def smallest_set(size):
            sets = [training_set(size, *draw) for draw in draws]
            return min(sets, key=lambda found: len(found[1][0]))

        sizes = _default_sizes(curves, numbers_left, smallest_set, data)
    sets = [training_set(size, *draw) for draw in draws for size in sizes]
    cells, folds = [list(part) for part in zip(*sets, strict=True)]
    leaks = count_leaks(data.X, data.y, folds)
    protocol = {
        "n_spectra": len(data.y),
        "n_groups": None if data.groups is None else len(np.unique(data.groups)),
        "grouping": data.grouping,
        "n_train": [len(train) for train, _ in folds],
        "n_test": [len(test) for _, test in folds],
        **leaks,
    }
    if found := describe_leaks(protocol):
        warnings.warn(" ".join(found), UserWarning, stacklevel=2)
    tasks = [
        delayed(_evaluate)(key, model, cell, fold, data)
        for cell, fold in zip(cells, folds, strict=True)
        for key, model in curves.items()
    ]
    outcomes = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(tasks)
    done = {}
    with progress_bar(len(tasks), progress, desc="sample sizes") as bar:
        for place, scores, predictions in outcomes:
            done[place] = scores, predictions
            bar.set_postfix_str(f"{place[0]}, size {place[2]}", refresh=False)
            bar.update()
    order = [
        (*key, *cell) for key in curves for cell in sorted(cell[:3] for cell in cells)
    ]
    return SampleSizeCurve(
        pd.DataFrame([done[place][0] for place in order]),
        pd.concat([done[place][1] for place in order], ignore_index=True),
        classes=data.classes,
        protocol=protocol,
        seed=seed,
    )


def _evaluate(key, model, cell, fold, data):
    """Fit one model on one training set and judge it on the test groups.

    Returns
    -------
    place : tuple (model, sampler, size, split, draw)
    scores : dict
    predictions : DataFrame
    """
    (name, sampler), (size, split, draw, complete), (train, test) = key, cell, fold
    groups = None if data.groups is None else data.groups[train]
    model, stage = clone(model), "fit"
    try:
        with stopwatch() as clock:
            model.fit(
                own_rows(data.X, train),
                data.y[train],
                **group_parameters(model, groups),
            )
        stage = "predict"
        predicted = np.asarray(model.predict(own_rows(data.X, test)))
        check_predictions(predicted, data.y[test], data.classes)
    except Exception as error:
        what = f" with {sampler}" if sampler else ""
        raise RuntimeError(
            f"The model {name!r}{what} failed in {stage} with size {size} "
            f"({len(train)} training and {len(test)} test spectra; split {split}, "
            f"draw {draw}): {needed_axis(model, data.X)}{type(error).__name__}: {error}"
        ) from error
    place = dict(zip(PLACE, (name, sampler, size, split, draw), strict=True))
    scores = {
        **place,
        "accuracy": accuracy_score(data.y[test], predicted),
        "complete": complete,
        "n_groups": None if groups is None else len(np.unique(groups)),
        "n_train": len(train),
        "n_test": len(test),
        "fit_time": clock.seconds,
    }
    units = test if data.groups is None else data.groups[test]
    true = data.y[test]
    predictions = pd.DataFrame(
        {**place, "row": test, "group": units, "true": true, "predicted": predicted}
    )
    return tuple(place.values()), scores, predictions


def _count_units(y, units, rows):
    """Return the number of groups (spectra) of each class among the rows."""
    return {
        label: len(np.unique(units[rows][y[rows] == label]))
        for label in np.unique(y[rows])
    }


def _draw_ranks(y, units, rows, rng):
    """Put the groups of each class in random order; return the place of each row's.

    A training set of n groups per class holds the rows whose place is below n.
    """
    ranks = np.empty(len(rows), dtype=np.intp)
    for label in np.unique(y[rows]):
        own = y[rows] == label
        found, places = np.unique(units[rows][own], return_inverse=True)
        ranks[own] = rng.permutation(len(found))[places]
    return ranks


def _is_count(value):
    """Tell whether a value is a whole number of at least 1."""
    is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return is_whole and value > 0


def _default_sizes(curves, numbers_left, smallest_set, data):
    """Return some sizes, from the first that all models can do.

    Parameters
    ----------
    curves : dict of (model, sampler) to estimator
    numbers_left : list of dict
        Groups (spectra) of each class in the training part of each split.
    smallest_set : callable
        Returns the cell and the fold of the smallest training set of a size.
    data : Bunch
    """
    most = _most_complete(numbers_left)
    has_search = any(is_search(last_step(model)[0]) for model in curves.values())
    size, failed = min(2 if has_search else 1, most), None
    for key, model in curves.items():
        is_done = False
        while not is_done:
            try:
                _evaluate(key, model, *smallest_set(size), data)
                is_done = True
            except RuntimeError as error:
                if size == most:
                    raise
                failed, size = error, min(max(size + 1, 3 * size // 2), most)
    if failed is not None:
        warnings.warn(
            f"Sizes begin at {size} {_unit(data)} per class, because smaller ones are "
            f"too small for a model. {failed}",
            UserWarning,
            stacklevel=3,
        )
    found = np.geomspace(size, most, N_DEFAULT_SIZES).round().astype(int)
    return np.unique(found).tolist()


def _most_complete(numbers_left):
    """Return the largest size that all classes have in all splits."""
    return min(min(counts.values()) for counts in numbers_left)


def _unit(data):
    """Say what a size counts."""
    return "spectra" if data.groups is None else "groups"


def _check_sizes(sizes, numbers_left, data):
    """Return sizes, rising."""
    unit = _unit(data)
    listed = list(sizes) if np.iterable(sizes) and not isinstance(sizes, str) else []
    if not listed or not all(_is_count(size) for size in listed):
        raise ValueError(
            f"sizes must be numbers of {unit} per class, integers of at least 1 such "
            f"as [2, 4, 8], got {sizes!r}."
        )
    largest = {}
    for counts in numbers_left:
        for label, count in counts.items():
            largest[label] = max(count, largest.get(label, 0))
    label = max(largest, key=largest.get)
    if max(listed) > largest[label]:
        raise ValueError(
            f"sizes goes up to {max(listed)} {unit} per class, but the largest class "
            f"({write_label(label)}) has {largest[label]} for training, and the "
            f"smallest {_most_complete(numbers_left)}."
        )
    return sorted({int(size) for size in listed})


def _with_sampler(name, model, sampler):
    """Return a model that over-samples its training spectra, and only these."""
    if not hasattr(sampler, "fit_resample") or isinstance(sampler, type):
        raise ValueError(
            "sampler must be an imbalanced-learn sampler (with fit_resample), got "
            f"{sampler!r}."
        )
    return _put_before_last(name, clone(model), clone(sampler))


def _put_before_last(name, model, sampler):
    if isinstance(model, Pipeline):
        step, last = model.steps[-1]
        if is_search(last) or "sampler" in last.get_params():
            return model.set_params(**{step: _put_before_last(name, last, sampler)})
        _refuse_inner_folds(name, last)
        # Step names stay: a search addresses parameters by them.
        with_sampler = make_pipeline(sampler, memory=model.memory)
        added = with_sampler.steps[0][0]
        while added in dict(model.steps):
            added += "_"
        with_sampler.steps = [*model.steps[:-1], (added, sampler), (step, last)]
        return with_sampler
    if "sampler" in model.get_params():
        return model.set_params(sampler=sampler)
    if is_search(model):
        inner = model.estimator
        is_ready = isinstance(inner, Pipeline) or "sampler" in inner.get_params()
        if picks_model(model) and not is_ready:
            raise ValueError(
                f"The search of {name!r} searches {type(inner).__name__}() itself: its "
                "parameters have no step's name, so that no sampler can be put before "
                "it. Give it a Pipeline, make_pipeline("
                f"{type(inner).__name__}()), and address parameters by step."
            )
        return model.set_params(estimator=_put_before_last(name, inner, sampler))
    _refuse_inner_folds(name, model)
    return make_pipeline(sampler, model)


def _refuse_inner_folds(name, model):
    """Raise for models that would split synthetic spectra from their parents."""
    if hasattr(model, "cv"):
        raise ValueError(
            f"{type(model).__name__} in {name!r} splits its training spectra itself "
            "(cv): a sampler before it would put synthetic spectra and their parents "
            "on both sides. Put the sampler into the model inside it, and measure it "
            "as a model of its own."
        )
