"""What a report refuses: spectra that are not held out, not finite, or not alike."""

import warnings

import numpy as np
import pandas as pd
from sklearn.utils import check_array

from sklearn_raman._utils._wavenumbers import (
    check_same_axis,
    labels_as_wavenumbers,
    resolve_wavenumbers,
)
from sklearn_raman.over_sampling._spectroscopic import NOISE_WINDOW

MIN_SPECTRA = 5


def check_sets(sets, wavenumbers):
    """Validate three sets of spectra.

    Parameters
    ----------
    sets : dict of str to array-like or data frame of shape (n, n_points)
        `real_train`, `real_test` and `synthetic`, in this order.
    wavenumbers : array-like of shape (n_points,) or None

    Returns
    -------
    arrays : dict of str to ndarray of shape (n, n_points), float64
    axis : ndarray of shape (n_points,) or None
        In cm-1.
    """
    arrays = {}
    for name, X in sets.items():
        if X is None or len(X) == 0:
            raise ValueError(_missing(name))
        arrays[name] = check_array(X, dtype=np.float64, input_name=name)
    _check_shapes(arrays)
    n_points = arrays["real_train"].shape[1]

    labelled = [X for X in sets.values() if labels_as_wavenumbers(X) is not None]
    axis = resolve_wavenumbers(next(iter(labelled), None), wavenumbers, n_points)
    for X in labelled:
        check_same_axis(X, axis)
    _check_held_out(arrays)
    return arrays, axis


def _missing(name):
    if name == "real_test":
        return (
            "real_test holds no spectra: without real spectra that the sampler has "
            "not seen, copies of the training spectra would get the best marks. Hold "
            "some out with train_test_split (or a split by group) before over-sampling."
        )
    return f"{name} holds no spectra."


def _check_shapes(arrays):
    lengths = {name: X.shape[1] for name, X in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"The spectra differ in length: {lengths}. Resample them to one axis first "
            "(WavenumberResampler)."
        )
    if lengths["real_train"] < NOISE_WINDOW:
        raise ValueError(
            f"The spectra have {lengths['real_train']} points; noise and bands can be "
            f"told apart from {NOISE_WINDOW} points on."
        )
    for name, X in arrays.items():
        if len(X) < MIN_SPECTRA:
            raise ValueError(
                f"{name} holds {len(X)} spectra, and at least {MIN_SPECTRA} are "
                "needed: with fewer, chance decides about every metric."
            )


def _check_held_out(arrays):
    """Refuse spectra that are not held out; warn about copies."""
    known = {row.tobytes() for row in arrays["real_train"] + 0.0}
    held_out = {row.tobytes() for row in arrays["real_test"] + 0.0}
    seen = [
        i for i, row in enumerate(arrays["real_test"] + 0.0) if row.tobytes() in known
    ]
    if seen:
        raise ValueError(
            f"{len(seen)} spectra of real_test are in real_train too (rows "
            f"{seen[:5]} of real_test): they are not held out. Split before "
            "over-sampling, and remove repeated spectra."
        )
    rows = [row.tobytes() for row in arrays["synthetic"] + 0.0]
    leaked = [i for i, row in enumerate(rows) if row in held_out]
    if leaked:
        raise ValueError(
            f"{len(leaked)} spectra of synthetic are in real_test too (rows "
            f"{leaked[:5]} of synthetic): the sampler has seen the held-out spectra. "
            "Fit it on real_train only."
        )
    n_copies = sum(row in known for row in rows)
    if n_copies:
        warnings.warn(
            f"{n_copies} of {len(rows)} spectra of synthetic are copies of real_train. "
            "If they come from fit_resample, which returns the real spectra first, "
            "pass the others only: X_resampled[len(X_train):].",
            UserWarning,
            stacklevel=4,
        )


def check_labels(labels, arrays):
    """Validate the labels of the three sets.

    Parameters
    ----------
    labels : dict of str to array-like or None
        `y_train`, `y_test` and `y_synthetic`, in the order of `arrays`.
    arrays : dict of str to ndarray of shape (n, n_points)

    Returns
    -------
    list of ndarray of shape (n,), or None if no labels are given
    """
    missing = [name for name, y in labels.items() if y is None]
    if len(missing) == len(labels):
        return None
    if missing:
        raise ValueError(
            f"{' and '.join(missing)} must be given too: classes are compared with "
            "themselves, so all three sets need labels, or none of them."
        )
    checked = []
    for (name, y), (owner, X) in zip(labels.items(), arrays.items(), strict=True):
        y = np.asarray(y)
        if y.shape != (len(X),):
            raise ValueError(
                f"{name} must hold one label for each of the {len(X)} spectra of "
                f"{owner}, got shape {y.shape}."
            )
        if pd.isna(y).any():
            raise ValueError(f"{name} contains missing labels.")
        checked.append(y)
    return checked


def split_classes(arrays, labels):
    """Sort the spectra by class, and say which classes cannot be measured.

    Parameters
    ----------
    arrays : dict of str to ndarray of shape (n, n_points)
    labels : list of ndarray of shape (n,), or None

    Returns
    -------
    classes : dict of label to list of ndarray
        Training, held-out and synthetic spectra; the label is "all" without labels.
    counts : DataFrame
        Spectra of each class: `real_train`, `real_test`, `synthetic`, and `compared`,
        how many of each are drawn, 0 for a class that is left out.
    """
    sets = list(arrays.values())
    if labels is None:
        names, members = ["all"], [[slice(None)] * 3]
    else:
        names = np.unique(np.concatenate(labels)).tolist()
        members = [[y == name for y in labels] for name in names]
    parts = {
        name: [X[rows] for X, rows in zip(sets, chosen, strict=True)]
        for name, chosen in zip(names, members, strict=True)
    }
    counts = pd.DataFrame(
        [[len(X) for X in part] for part in parts.values()],
        index=pd.Index(names, name="class"),
        columns=list(arrays),
    )
    smallest = counts.min(axis=1)
    counts["compared"] = smallest.where(smallest >= MIN_SPECTRA, 0)

    too_small = counts[(counts["compared"] == 0) & (counts["synthetic"] > 0)]
    text = "; ".join(
        f"{name!r}: "
        + ", ".join(f"{row[key]} {key}" for key in arrays if row[key] < MIN_SPECTRA)
        for name, row in too_small.iterrows()
    )
    if (counts["compared"] == 0).all():
        raise ValueError(
            f"No class has the {MIN_SPECTRA} spectra of each set that are needed "
            f"({text}). Without labels all classes are compared as one."
        )
    if len(too_small):
        warnings.warn(
            f"Left out, because {MIN_SPECTRA} spectra of each set are needed: {text}.",
            UserWarning,
            stacklevel=3,
        )
    compared = counts.index[counts["compared"] > 0]
    return {name: parts[name] for name in compared}, counts
