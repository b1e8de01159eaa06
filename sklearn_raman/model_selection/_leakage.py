"""Test spectra that a model has seen already: copies and mixtures of training spectra.

Each spectrum is shifted to a mean of 0 and scaled to a length of 1, which leaves
nothing of an offset and a factor. Two spectra are copies if what is left is the same up
to rounding. A spectrum is a mixture if it lies between two others of its class, as
SMOTE makes them: seen from it, the directions to the two are opposite. The noise of a
measurement does not point that way.
"""

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from sklearn_raman._utils._ragged import by_axis, is_ragged, read_ragged

# Length of the difference of two unit spectra that counts as rounding: copies written
# with four digits are within it, replicates with a signal of 1000 times the noise three
# times as far apart.
ROUNDING = 5e-4
# Angle (radians) up to which two directions count as opposite.
BEND = 1e-3
# Fewer points can agree by chance: no spectra.
FEWEST_POINTS = 10
N_DIRECTIONS = 24
N_NEIGHBORS = 64
BLOCK = 256


def find_relatives(X, y):
    """Find the spectra that are copies of others, or lie between two others.

    Parameters
    ----------
    X : array-like, data frame or list of n_spectra pairs (wavenumbers, intensities)
    y : ndarray of shape (n_spectra,)
        Mixtures are looked for within a class, copies everywhere.

    Returns
    -------
    originals : ndarray of shape (n_spectra,), int
        The same number for all copies of one spectrum. A constant spectrum, which holds
        nothing to recognize, has a number of its own.
    mixtures : ndarray of shape (n_mixtures, 3), int
        Rows of each mixture and of the two spectra that it lies between.

    Notes
    -----
    Spectra are projected on a few directions, in which a tree finds neighbors: the
    whole set is never compared with itself point by point. Of each spectrum the 64
    nearest of its class are tried as parents. Spectra on different axes are not
    compared.
    """
    originals, mixtures = np.arange(len(y)), [np.empty((0, 3), dtype=np.intp)]
    for rows, values in _matrices(X):
        unit, rows = _unit_spectra(values, rows)
        if len(rows) < 2:
            continue
        places = unit @ _directions(unit.shape[1])
        first = _first_copies(unit, places)
        originals[rows] = rows[first]
        # One of each set of copies: a spectrum does not lie between its copies.
        is_first = first == np.arange(len(rows))
        for label in np.unique(y[rows]):
            members = np.flatnonzero(is_first & (y[rows] == label))
            mixtures.append(rows[_between(unit, places, members)])
    return originals, np.concatenate(mixtures)


def count_leaks(X, y, folds):
    """Count test spectra that have a relative in training.

    Parameters
    ----------
    X, y : spectra and labels
        As `find_relatives` takes them.
    folds : list of (train, test)
        Row positions.

    Returns
    -------
    dict
        `n_copies`, `n_mixtures` : list of int, one for each fold
            Test spectra with a copy in training; others that are a mixture of training
            spectra, or that training spectra are a mixture of.
        `n_conflicts` : int
            Spectra that have a copy with another label.
    """
    originals, mixtures = find_relatives(X, y)
    n_copies, n_mixtures = [], []
    for train, test in folds:
        copied = np.isin(originals[test], originals[train])
        # Mixtures name one of several copies, which stands for all.
        trained = np.isin(mixtures, originals[train]).any(axis=1)
        tested = np.isin(mixtures, originals[test]).any(axis=1)
        related = mixtures[trained & tested]
        n_copies.append(int(copied.sum()))
        n_mixtures.append(int((~copied & np.isin(originals[test], related)).sum()))
    labels = pd.DataFrame({"original": originals, "label": y})
    n_labels = labels.groupby("original")["label"].transform("nunique")
    return {
        "n_copies": n_copies,
        "n_mixtures": n_mixtures,
        "n_conflicts": int((n_labels > 1).sum()),
    }


def describe_leaks(protocol):
    """Say in sentences what leaks; an empty list if nothing does.

    Parameters
    ----------
    protocol : dict
        With `n_test`, `n_copies`, `n_mixtures` and `n_conflicts`.
    """
    n_tested, sentences = sum(protocol["n_test"]), []
    if any(protocol["n_copies"]):
        sentences.append(
            f"{sum(protocol['n_copies'])} of {n_tested} test spectra are copies of "
            "training spectra, up to scale, offset and rounding "
            f"({_each_fold(protocol['n_copies'])}). A model only has to remember them, "
            "so the scores are too high. Remove the copies, or give all copies of a "
            "spectrum one group."
        )
    if any(protocol["n_mixtures"]):
        sentences.append(
            f"{sum(protocol['n_mixtures'])} of {n_tested} test spectra are exact "
            "mixtures of training spectra, or training spectra of them "
            f"({_each_fold(protocol['n_mixtures'])}): the set looks over-sampled "
            "(SMOTE) or averaged before it was split, so the scores are too high. "
            "Over-sample inside the Pipeline (imblearn.pipeline), where it sees only "
            "training spectra."
        )
    if protocol["n_conflicts"]:
        sentences.append(
            f"{protocol['n_conflicts']} spectra have a copy of another class: one of "
            "the labels must be wrong."
        )
    return sentences


def _each_fold(counts):
    """Write the counts of the folds that have any."""
    return ", ".join(f"fold {k}: {n}" for k, n in enumerate(counts) if n)


def _matrices(X):
    """Yield rows and matrix of spectra that share an axis; nothing if no numbers."""
    try:
        if is_ragged(X):
            rising = [
                (axis[::step], intensities[::step])
                for axis, intensities in read_ragged(X)
                for step in [1 if axis[0] <= axis[-1] else -1]
            ]
            matrices = [(rows, values) for _, rows, values in by_axis(rising)]
        else:
            values = np.asarray(X)
            if values.dtype.kind != "f":
                values = values.astype(np.float64)
            matrices = [(np.arange(len(values)), values)]
    except (TypeError, ValueError):
        return
    for rows, values in matrices:
        if values.ndim == 2 and values.shape[1] >= FEWEST_POINTS:
            yield rows, values


def _unit_spectra(values, rows):
    """Return spectra with mean 0 and length 1, and their rows; constant ones left out.

    Missing values count as 0.
    """
    unit = np.empty(values.shape, dtype=np.float32)
    varies = np.empty(len(values), dtype=bool)
    rounding = 8 * np.finfo(values.dtype).eps * np.sqrt(values.shape[1])
    for start in range(0, len(values), BLOCK):
        part = values[start : start + BLOCK].astype(np.float64)
        part = np.nan_to_num(part, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        highest = np.abs(part).max(axis=1, keepdims=True)
        part /= np.where(highest > 0, highest, 1)
        part -= part.mean(axis=1, keepdims=True)
        length = np.linalg.norm(part, axis=1, keepdims=True)
        varies[start : start + BLOCK] = length[:, 0] > rounding
        unit[start : start + BLOCK] = part / np.where(length > rounding, length, 1)
    return (unit, rows) if varies.all() else (unit[varies], rows[varies])


def _directions(n_points):
    """Return orthonormal directions: no distance grows in projection."""
    rng = np.random.default_rng(0)
    size = n_points, min(n_points, N_DIRECTIONS)
    return np.linalg.qr(rng.standard_normal(size))[0].astype(np.float32)


def _first_copies(unit, places):
    """Return for each spectrum the position of the first one that it is a copy of."""
    first = np.arange(len(unit))
    tree = KDTree(places)
    reach = ROUNDING + 1e-6  # projections are rounded
    near = tree.query(places, k=2, distance_upper_bound=reach)[0][:, 1]
    for row in np.flatnonzero(np.isfinite(near)):
        if first[row] != row:
            continue
        others = np.asarray(tree.query_ball_point(places[row], reach))
        others = others[(others > row) & (first[others] == others)]
        distances = np.linalg.norm(unit[others] - unit[row], axis=1)
        first[others[distances <= ROUNDING]] = row
    return first


def _between(unit, places, members):
    """Find the members that lie between two others.

    Returns
    -------
    ndarray of shape (n_found, 3)
        Positions of each and of the two around it.
    """
    found = []
    if len(members) < 3:
        return np.empty((0, 3), dtype=np.intp)
    own = places[members]
    squares = (own**2).sum(axis=1)
    n_near = min(N_NEIGHBORS + 1, len(members))
    for start in range(0, len(members), BLOCK):
        part = own[start : start + BLOCK]
        distances = squares - 2 * part @ own.T
        nearest = np.argpartition(distances, n_near - 1, axis=1)[:, :n_near]
        for offset, candidates in enumerate(nearest):
            row = members[start + offset]
            near = members[candidates[candidates != start + offset]]
            cosines = unit[near] @ unit[row]
            seen = places[near] - cosines[:, None] * places[row]
            seen /= np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-30)
            angles = seen @ seen.T
            pair = near[list(np.unravel_index(angles.argmin(), angles.shape))]
            if angles.min() < -0.999 and _are_opposite(unit[pair], unit[row]):
                found.append((row, *pair))
    return np.asarray(found, dtype=np.intp).reshape(-1, 3)


def _are_opposite(pair, middle):
    """Tell whether two unit spectra lie in opposite directions from a third."""
    pair, middle = pair.astype(np.float64), middle.astype(np.float64)
    if pair[0] @ pair[1] < -1 + BEND:
        return False  # a spectrum and its negative, which any third one lies between
    steps = pair - middle
    steps -= (steps @ middle)[:, None] * middle
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    return np.linalg.norm(steps[0] + steps[1]) < BEND
