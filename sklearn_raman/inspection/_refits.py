"""Many fits of one model: to draws of the groups, to folds, with permuted labels."""

import numpy as np
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils import Bunch, check_random_state, indexable
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed

from sklearn_raman._utils._explanation import auto_space, check_maps
from sklearn_raman._utils._folds import deal_groups
from sklearn_raman._utils._pipeline import (
    flat_steps,
    group_parameters,
    holds_frozen,
    own_rows,
    refuse_no_classifier,
    unshared,
)
from sklearn_raman._utils._progress import progress_bar
from sklearn_raman._utils._ragged import check_holds_spectra, is_ragged, unmask
from sklearn_raman._utils._sklearn import num_samples
from sklearn_raman._utils._validation import (
    one_per_spectrum,
    open_bunch,
    refuse_other_order,
)
from sklearn_raman._utils._wavenumbers import describe_axis
from sklearn_raman.inspection._bands import common_axis
from sklearn_raman.inspection._perturbation import occlusion
from sklearn_raman.inspection._pipeline import explain_pipeline, input_axis, run_steps

_MOST_SEEDS = np.iinfo(np.int32).max


def check_study(owner, model, X, y, groups):
    """Check model, spectra, labels and groups; find out who belongs to whom.

    Returns
    -------
    Bunch
        `X`, `y`, `groups` (as given), `classes`, `code` (position of the class of each
        spectrum), `group` (number of its group), `unit` (number of its group and class
        together), `units` (group and class of each of those), `strata` (by group: which
        classes it holds), `average` (n_classes, n_units; class means of units), `space`
        (of the maps).
    """
    refuse_no_classifier(owner, model)
    if holds_frozen(model):
        raise ValueError(
            f"{owner} fits the model to many draws of the groups, and a "
            "FrozenEstimator in it would stay as it is: pass the model itself."
        )
    X, y, known = open_bunch(X, y)
    if groups is None:
        has_them = " This Bunch has them: groups=bunch.groups."
        raise ValueError(
            f"{owner} needs groups, the crystal, patient or sample of each spectrum: "
            "spectra of one group are alike, and counted one by one they make every "
            "band look sure. If each spectrum is from a sample of its own, say so: "
            f"groups=range(len(y)).{'' if known is None else has_them}"
        )
    check_holds_spectra(X)
    (X,) = indexable(unmask(X))
    refuse_other_order("y", y, X)
    refuse_other_order("groups", groups, X)
    y = one_per_spectrum("y", y, num_samples(X))
    groups = one_per_spectrum("groups", groups, num_samples(X))
    if not len(y):
        raise ValueError("X holds no spectra.")
    check_classification_targets(y)
    classes, code = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y has one class only ({classes[0]}): nothing to tell apart.")
    _, group = np.unique(groups, return_inverse=True)
    pairs = np.stack([group, code], axis=1)
    units, unit = np.unique(pairs, axis=0, return_inverse=True)
    holds = np.zeros((group.max() + 1, len(classes)), dtype=bool)
    holds[group, code] = True
    _, strata = np.unique(holds, axis=0, return_inverse=True)
    lonely = classes[holds.sum(axis=0) < 2]
    if len(lonely):
        raise ValueError(
            f"{len(lonely)} of {len(classes)} classes have a single group (first: "
            f"{lonely.tolist()[0]!r}), so that it can't be held out: leave these "
            "classes out. Check also that groups is not the class itself."
        )
    average = (units[:, 1] == np.arange(len(classes))[:, None]).astype(float)
    return Bunch(
        X=X,
        y=y,
        groups=groups,
        classes=classes,
        code=code,
        group=group,
        unit=unit.ravel(),
        units=units,
        strata=strata.ravel(),
        average=average / average.sum(axis=1, keepdims=True),
        space="model" if is_ragged(X) or auto_space(X) == "model" else "input",
    )


# What is fitted ----------------------------------------------------------------------


def _design(data, rng, fold=None, counts=None, code=None):
    """Say what a fit is: who is in which fold, how often, with which label.

    Without folds all are trained on and explained.
    """
    return Bunch(
        fold=fold,
        counts=np.ones(len(data.code), dtype=int) if counts is None else counts,
        code=data.code if code is None else code,
        seed=rng.randint(_MOST_SEEDS),
        explained=code is None,
    )


def whole_designs(data, n_repeats, seed):
    """Return fits to all groups, which differ by their seed."""
    rng = check_random_state(seed)
    return [_design(data, rng) for _ in range(n_repeats)]


def bootstrap_designs(data, n_refits, seed):
    """Return draws of the groups with replacement, whose model explains all spectra.

    Groups that hold the same classes are drawn from one another, so that no class loses
    any.
    """
    rng = check_random_state(seed)
    strata = [np.flatnonzero(data.strata == k) for k in range(data.strata.max() + 1)]
    designs = []
    for _ in range(n_refits):
        drawn = [rng.choice(members, len(members)) for members in strata]
        times = np.bincount(np.concatenate(drawn), minlength=len(data.strata))
        designs.append(_design(data, rng, counts=times[data.group]))
    return designs


def held_out_designs(data, cv, n_repeats, seed):
    """Return folds of all groups, dealt out anew for each repeat."""
    rng = check_random_state(seed)
    strata, n_folds = data.strata[data.group], min(cv, len(data.strata))
    return [
        _design(data, rng, fold=deal_groups(strata, data.group, n_folds, rng))
        for _ in range(n_repeats)
    ]


def permuted_designs(data, cv, n_permutations, seed):
    """Return designs with labels that mean nothing.

    Groups trade their classes; where a group holds several classes, all spectra trade
    them inside their group.
    """
    rng = check_random_state(seed)
    pure = np.bincount(data.units[:, 0]).max() == 1
    class_of_group = np.empty(len(data.strata), dtype=int)
    class_of_group[data.group] = data.code
    designs = []
    for _ in range(n_permutations):
        if pure:
            code = rng.permutation(class_of_group)[data.group]
        else:
            code = data.code.copy()
            for group in range(len(data.strata)):
                rows = np.flatnonzero(data.group == group)
                code[rows] = rng.permutation(code[rows])
        strata = code if pure else data.strata[data.group]
        fold = deal_groups(strata, data.group, min(cv, len(data.strata)), rng)
        designs.append(_design(data, rng, fold=fold, code=code))
    return designs


# Fitting it --------------------------------------------------------------------------


def run_designs(model, data, designs, *, explain, n_jobs, progress, name):
    """Fit a model as designs say, and explain and name spectra.

    Yields
    ------
    Bunch
        One for each design, in order: `score`, the balanced accuracy; and if it is
        explained `maps` (n_units, n_points), the mean map of the spectra of each unit,
        of its own class; `spectra`, the mean spectra on the same points; `axis` in
        cm-1, or None.
    """
    numbers = [1 if d.fold is None else d.fold.max() + 1 for d in designs]
    tasks = [
        delayed(_fit_fold)(model, data, design, fold, explain)
        for design, n_folds in zip(designs, numbers, strict=True)
        for fold in range(n_folds)
    ]
    outcomes = Parallel(n_jobs=n_jobs, return_as="generator")(tasks)
    axis = ()
    with progress_bar(len(tasks), progress, desc=name) as bar:
        for design, n_folds in zip(designs, numbers, strict=True):
            parts = []
            for _ in range(n_folds):
                parts.append(next(outcomes))
                bar.update()
            found = _join(data, design, parts)
            if design.explained:
                axis = _same_axis(axis, found)
            yield found


def _fit_fold(model, data, design, fold, explain):
    """Fit on all folds but one; explain and name the spectra of that."""
    kept = held = np.arange(len(data.code))
    if design.fold is not None:
        kept, held = (
            np.flatnonzero(design.fold != fold),
            np.flatnonzero(design.fold == fold),
        )
    train = np.repeat(kept, design.counts[kept])
    n_groups = len(np.unique(data.group[train]))
    y = data.classes[design.code]
    if len(np.unique(y[train])) < 2:  # of permuted labels only
        return Bunch(held=held, named=np.repeat(y[train[:1]], len(held)))
    fitted = _reseeded(clone(model), design.seed)
    own = group_parameters(fitted, data.groups[train])
    try:
        fitted.fit(own_rows(data.X, train), y[train], **own)
    except Exception as error:
        error.add_note(
            f"This was a fit to {len(train)} spectra, of {n_groups} "
            "different groups: few groups may hold too little for the model."
        )
        raise
    X = own_rows(data.X, held)
    found = Bunch(held=held, named=np.asarray(fitted.predict(unshared(X))))
    if design.explained:
        given, info = _explain(fitted, X, y[held], explain, data.space)
        maps = check_maps(given)
        spectra = np.asarray(info["spectra"], dtype=float)
        if spectra.shape != maps.shape:
            raise ValueError(
                f"Maps have shape {maps.shape} and the spectra {spectra.shape}: bands "
                "need maps with one value for each point of the spectra."
            )
        common_axis(info["wavenumbers"], maps.shape[1], maps=given)
        units, place = np.unique(data.unit[held], return_inverse=True)
        mean = np.zeros((len(units), len(held)))
        mean[place, np.arange(len(held))] = 1
        mean /= mean.sum(axis=1, keepdims=True)
        found |= {"units": units, "maps": mean @ maps, "spectra": mean @ spectra}
        found["axis"] = info["wavenumbers"]
    return found


def _reseeded(model, seed):
    """Give everything random in a model a seed that is drawn from `seed`."""
    rng = np.random.RandomState(seed)
    names = sorted(model.get_params(deep=True))
    names = [n for n in names if n == "random_state" or n.endswith("__random_state")]
    return model.set_params(**{name: rng.randint(_MOST_SEEDS) for name in names})


def _explain(model, X, target, explain, space):
    """Return maps of a class, and spectra and axis where they lie."""
    if explain is None and hasattr(flat_steps(model)[-1][1], "explain_"):
        return explain_pipeline(model, X, target, space=space, return_info=True)
    explain = occlusion if explain is None else explain
    info = {"spectra": X, "wavenumbers": input_axis(model, X)}
    if space == "model":
        model, info, _ = run_steps(model, X, space=space)
    return explain(model, unshared(info["spectra"]), target), info


def _join(data, design, parts):
    """Put the folds of one design together."""
    held = np.concatenate([part.held for part in parts])
    named = np.concatenate([part.named for part in parts])
    true = data.classes[design.code[held]]
    found = Bunch(score=balanced_accuracy_score(true, named))
    if not design.explained:
        return found
    for part in parts:
        _same_axis(_key(parts[0]), part)
    # All spectra of a unit are held out in one fold.
    order = np.argsort(np.concatenate([part.units for part in parts]))
    for name in ("maps", "spectra"):
        found[name] = np.concatenate([part[name] for part in parts])[order]
    found.axis = parts[0].axis
    return found


def _key(found):
    """Return what two maps on the same points have in common."""
    axis = found.axis
    return found.maps.shape[1], None if axis is None else tuple(np.round(axis, 6))


def _same_axis(known, found):
    """Return the axis of the maps, or raise if it is not the one that is known."""
    key = _key(found)
    if known and known != key:
        names = [
            f"{n_points} points" if axis is None else describe_axis(np.asarray(axis))
            for n_points, axis in (known, key)
        ]
        raise ValueError(
            f"The maps of two refits lie on different axes ({' and '.join(names)}), so "
            "that bands can't be compared. Resample the spectra to one given axis "
            "(WavenumberResampler(target_wavenumbers=...)), and choose no other points "
            "from fit to fit."
        )
    return key
