"""Hold out one crystal, patient or replicate of each class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length, check_random_state

from sklearn_raman._utils._typing import RandomState
from sklearn_raman._utils._validation import (
    check_whole,
    one_per_spectrum,
    refuse_other_order,
)

SINGLE_GROUP = ("train", "drop")
MAX_DRAWS = 100


class OneGroupPerClassSplit(BaseCrossValidator):
    """Hold out one group of each class, drawn at random, and train on the others.

    A group is whatever makes spectra alike for a reason that isn't the class: the
    crystal, the patient, the replicate. Every split asks the question "a new crystal of
    a known mineral comes in: is it recognized?" once for each class.

    Parameters
    ----------
    n_splits : int, default=5
        Number of independent draws. A group may be held out in more than one of them.
    random_state : int, RandomState instance or None, default=None
        Decides the draws. An int gives the same splits at each call; they depend on
        the labels and the groups, not on the order of the rows.
    single_group : {"train", "drop"}, default="train"
        What becomes of a class that has one group only and so can't be tested:
        "train" keeps it in every training set, "drop" leaves it out of both sides.

    Raises
    ------
    ValueError
        When splitting, if `groups` is missing, lengths differ, a label is missing, no
        class has two groups, or groups that span classes leave a class untrained.

    See Also
    --------
    sklearn.model_selection.StratifiedGroupKFold : Each group is tested exactly once.
    sklearn_raman.model_selection.compare : Compares models on such splits.

    Notes
    -----
    A group that spans two classes stands for each of them. When it is held out for one
    class, its rows of that class are the test rows, and all its other rows leave the
    training set too, so that no group is ever on both sides. A draw that would take
    the last training group from a class is repeated.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_raman.model_selection import OneGroupPerClassSplit
    >>> y = np.array(["calcite"] * 4 + ["quartz"] * 4)
    >>> crystals = np.array(["c1", "c1", "c2", "c3", "q1", "q2", "q2", "q2"])
    >>> splitter = OneGroupPerClassSplit(n_splits=2, random_state=0)
    >>> for train, test in splitter.split(np.zeros((8, 3)), y, crystals):
    ...     print("train", *np.unique(crystals[train]), end="; ")
    ...     print("test", *np.unique(crystals[test]))
    train c2 c3 q1; test c1 q2
    train c1 c3 q2; test c2 q1
    """

    # Metadata routing: groups are asked for by default, as in GroupKFold.
    __metadata_request__split = {"groups": True}

    n_splits: int
    random_state: RandomState
    single_group: Literal["train", "drop"]

    def __init__(
        self,
        n_splits: int = 5,
        *,
        random_state: RandomState = None,
        single_group: Literal["train", "drop"] = "train",
    ) -> None:
        check_whole(n_splits, "n_splits", low=1)
        if single_group not in SINGLE_GROUP:
            raise ValueError(
                f"single_group must be one of {SINGLE_GROUP}, got {single_group!r}."
            )
        self.n_splits = n_splits
        self.random_state = random_state
        self.single_group = single_group

    def split(
        self, X: Any, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Generate the training and test rows of each draw.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_points)
            Only its length is used.
        y : array-like of shape (n_spectra,)
            Class of each spectrum.
        groups : array-like of shape (n_spectra,)
            Group of each spectrum.

        Yields
        ------
        train, test : ndarray of int
            Row positions, in rising order.
        """
        y, groups = self._check(X, y, groups)
        classes, class_codes = np.unique(y, return_inverse=True)
        group_codes = np.unique(groups, return_inverse=True)[1]
        members = [
            np.unique(group_codes[class_codes == code]) for code in range(len(classes))
        ]
        tested = [code for code, owned in enumerate(members) if len(owned) > 1]
        if not tested:
            raise ValueError(
                f"None of the {len(classes)} classes has two groups, so none can be "
                "tested on a group it was not trained on. Check that groups names the "
                "crystal, patient or replicate and is not the class itself."
            )
        kept = np.ones(len(y), dtype=bool)
        if self.single_group == "drop":
            kept = np.isin(class_codes, tested)
        rng = check_random_state(self.random_state)
        for _ in range(self.n_splits):
            held = self._draw(rng, members, tested, classes)
            test = np.zeros(len(y), dtype=bool)
            for code, group in held.items():
                test |= (class_codes == code) & (group_codes == group)
            train = kept & ~np.isin(group_codes, list(held.values()))
            yield np.flatnonzero(train), np.flatnonzero(test)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups : object, default=None
            Not used; every scikit-learn splitter has them.

        Returns
        -------
        int
            The parameter `n_splits`.
        """
        return self.n_splits

    def _draw(self, rng, members, tested, classes):
        """Draw one group for each tested class; every class keeps one for training."""
        required = tested if self.single_group == "drop" else range(len(members))
        for _ in range(MAX_DRAWS):
            held = {code: rng.choice(members[code]) for code in tested}
            out = list(held.values())
            bare = [code for code in required if np.isin(members[code], out).all()]
            if not bare:
                return held
        raise ValueError(
            f"Groups that span several classes leave no training group to class "
            f"{classes[bare[0]]!r} in {MAX_DRAWS} draws. Give such groups a name for "
            'each class if they are separate samples, or use single_group="drop".'
        )

    def _check(self, X, y, groups):
        """Return labels and groups as arrays, or say what is missing."""
        owner = type(self).__name__
        if y is None:
            raise ValueError(f"{owner} needs y: one group of each class is held out.")
        if groups is None:
            raise ValueError(
                f"{owner} needs groups, the crystal, patient or replicate of each "
                "spectrum: pass groups to split, cross_val_score, a search or compare."
            )
        check_consistent_length(X, y, groups)
        refuse_other_order("y", y, X)
        refuse_other_order("groups", groups, X)
        # Only the length of X counts, so that it may be anything.
        refuse_other_order("groups", groups, y, spectra="y")
        return (
            one_per_spectrum("y", y, len(y)),
            one_per_spectrum("groups", groups, len(y)),
        )
