"""OneGroupPerClassSplit: what a draw must hold, whatever the seed."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.neighbors import KNeighborsClassifier

from sklearn_raman.model_selection import OneGroupPerClassSplit


def crystals(group_counts, rows=3):
    """Labels and groups with that many groups in each class."""
    y, groups = [], []
    for label, n_groups in group_counts.items():
        for number in range(n_groups):
            y += [label] * (rows + number % 2)
            groups += [f"{label}-{number}"] * (rows + number % 2)
    return np.array(y), np.array(groups)


COUNTS = {"calcite": 4, "quartz": 2, "topaz": 7, "zircon": 1}


@pytest.mark.parametrize("single_group", ["train", "drop"])
@pytest.mark.parametrize("seed", range(4))
def test_one_group_of_each_class_is_tested_and_no_group_is_on_both_sides(
    seed, single_group
):
    y, groups = crystals(COUNTS)
    splitter = OneGroupPerClassSplit(6, random_state=seed, single_group=single_group)
    folds = list(splitter.split(np.zeros((len(y), 2)), y, groups))
    assert len(folds) == splitter.get_n_splits() == 6
    for train, test in folds:
        tested = {label: set(groups[test][y[test] == label]) for label in COUNTS}
        assert [len(tested[label]) for label in COUNTS] == [1, 1, 1, 0]
        assert not set(groups[train]) & set(groups[test])
        assert np.all(np.diff(train) > 0) and np.all(np.diff(test) > 0)
        left_out = set(y) - set(y[train]) - set(y[test])
        assert left_out == ({"zircon"} if single_group == "drop" else set())
        kept = y != ("zircon" if single_group == "drop" else "")
        assert len(train) + len(test) == kept.sum()


def test_all_rows_of_a_held_out_group_are_tested():
    y, groups = crystals(COUNTS)
    for _, test in OneGroupPerClassSplit(5, random_state=0).split(y, y, groups):
        assert np.isin(groups, groups[test]).sum() == len(test)


def test_same_seed_same_splits_also_for_shuffled_rows():
    y, groups = crystals(COUNTS)
    order = np.random.default_rng(0).permutation(len(y))
    splitter = OneGroupPerClassSplit(5, random_state=3)
    first, again = (list(splitter.split(y, y, groups)) for _ in range(2))
    moved = list(splitter.split(y, y[order], groups[order]))
    for (_, test), (_, test_again), (_, test_moved) in zip(
        first, again, moved, strict=True
    ):
        np.testing.assert_array_equal(test, test_again)
        np.testing.assert_array_equal(test, np.sort(order[test_moved]))
    other = OneGroupPerClassSplit(5, random_state=4).split(y, y, groups)
    assert any(
        not np.array_equal(a[1], b[1]) for a, b in zip(first, other, strict=True)
    )


def test_every_group_is_drawn_sooner_or_later():
    y, groups = crystals(COUNTS)
    drawn = set()
    for _, test in OneGroupPerClassSplit(60, random_state=0).split(y, y, groups):
        drawn |= set(groups[test])
    assert drawn == {group for group in groups if not group.startswith("zircon")}


@pytest.mark.parametrize("seed", range(10))
def test_a_group_that_spans_two_classes_never_stands_on_both_sides(seed):
    y, groups = crystals({"calcite": 3, "quartz": 3, "topaz": 2})
    groups[np.isin(groups, ["calcite-0", "quartz-0"])] = "mixed"
    for train, test in OneGroupPerClassSplit(5, random_state=seed).split(y, y, groups):
        assert not set(groups[train]) & set(groups[test])
        assert set(y[train]) == set(y)
        for label in set(y):
            assert len(set(groups[test][y[test] == label])) == 1


def test_works_with_cross_val_score_and_searches():
    y, groups = crystals(COUNTS)
    X = np.random.default_rng(0).normal(size=(len(y), 4))
    splitter = OneGroupPerClassSplit(3, random_state=0)
    model = KNeighborsClassifier(1)
    assert cross_val_score(model, X, y, groups=groups, cv=splitter).shape == (3,)
    search = GridSearchCV(model, {"n_neighbors": [1, 2]}, cv=splitter)
    assert search.fit(X, y, groups=groups).n_splits_ == 3


def test_asks_for_groups_under_metadata_routing():
    y, groups = crystals(COUNTS)
    X = np.random.default_rng(0).normal(size=(len(y), 4))
    splitter = OneGroupPerClassSplit(3, random_state=0)
    model = KNeighborsClassifier(1)
    plain = cross_val_score(model, X, y, groups=groups, cv=splitter)
    with config_context(enable_metadata_routing=True):
        routed = cross_validate(model, X, y, params={"groups": groups}, cv=splitter)
    np.testing.assert_array_equal(plain, routed["test_score"])


def test_repr_shows_the_parameters():
    assert OneGroupPerClassSplit().get_n_splits() == 5
    assert OneGroupPerClassSplit(1).get_n_splits() == 1
    assert repr(OneGroupPerClassSplit(3, random_state=1)) == (
        "OneGroupPerClassSplit(n_splits=3, random_state=1, single_group='train')"
    )


@pytest.mark.parametrize(
    ("y", "groups", "message"),
    [
        (None, ["a", "b"], "needs y"),
        ([0, 1], None, "needs groups, the crystal"),
        ([0, 1, 1], ["a", "b", "c"], "inconsistent numbers of samples"),
        ([0, 1], ["a", "b"], "None of the 2 classes has two groups"),
        ([0, 0], ["a", None], "groups misses 1 of 2 values .first at row 1"),
        ([0.0, np.nan], ["a", "b"], "y misses 1 of 2"),
        ([0, 1, 0, 2], ["a", "a", "b", "b"], "no training group to class"),
    ],
)
def test_bad_input_is_explained(y, groups, message):
    X = np.zeros((4 if y is not None and len(y) == 4 else 2, 3))
    with pytest.raises(ValueError, match=message):
        list(OneGroupPerClassSplit(20, random_state=0).split(X, y, groups))


@pytest.mark.parametrize(
    "parameters",
    [{"n_splits": 0}, {"n_splits": 2.5}, {"n_splits": True}, {"single_group": "keep"}],
)
def test_bad_parameters_are_named(parameters):
    with pytest.raises((ValueError, TypeError), match=next(iter(parameters))):
        OneGroupPerClassSplit(**parameters)
