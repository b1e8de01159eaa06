"""Mutants that no test kills, and what that means: see `mutate`.

"same: ..." says why the change changes nothing that a user could see; "killed since:
..." which test notices it now, where the record is of older code.
"""

_SPLIT = "sklearn_raman/model_selection/_split.py"
_AXIS = "sklearn_raman/_utils/_wavenumbers.py"
_SETS = "sklearn_raman/uncertainty/_conformal.py"
_GEOMETRY = "sklearn_raman/neural_network/attribution/_geometry.py"
_FOLDS = "sklearn_raman/uncertainty/_calibration.py"
_RAGGED = "sklearn_raman/_utils/_ragged.py"
_BETWEEN = "sklearn_raman/preprocessing/_interpolation.py"
_KERNELS = "sklearn_raman/preprocessing/_whittaker/reference.py"
_MAPS = "sklearn_raman/neural_network/attribution/_contribution.py"
SURVIVORS: dict = {
    (_SPLIT, "100", "(101)"): "same: one more draw before giving up",
    (_AXIS, "len(steps) < 2", "(len(steps) <= 2)"): (
        "same: of two steps none is ten times their median"
    ),
    (_AXIS, "return False", "return None"): "same: callers ask whether it is true",
    (_AXIS, "False", "(True)"): "same: a copy more",
    (_AXIS, "1", "(2)"): "same: of a tie between ends only the sign counts",
    (_GEOMETRY, "0", "(1)"): "same: units of all channels are asked for a line later",
    (_FOLDS, "1", "(2)"): "same: splitters look at the number of rows, and a fold that "
    "holds out nothing is left out",
    (_RAGGED, "return False", "return None"): "same: callers ask whether it is true",
    (_BETWEEN, "target[0] <= target[-1]", "(target[0] < target[-1])"): (
        "same: equal ends are those of a single target, whose bin has no width"
    ),
    (_BETWEEN, "False", "(True)"): "same: a copy more",
    (_KERNELS, "True", "(False)"): "same: a copy more",
    (_KERNELS, "False", "(True)"): "same: a copy more, or another look for NaN",
    (_KERNELS, "700", "(701)"): "same: any power of two rounds nothing",
    (
        _KERNELS,
        "settings.lam > largest[settings.diff_order]",
        "(settings.lam >= largest[settings.diff_order])",
    ): "same: solved once more where once was enough",
    (_KERNELS, "-1", "(1)"): "same: whether all points are equal is looked at below",
    (
        _MAPS,
        "False",
        "(True)",
    ): "same: what a head computes tells as well",
    (_RAGGED, "one.kind in 'fiub'", "(one.kind not in 'fiub')"): (
        "killed since: test_columns_of_other_types_are_numbers"
    ),
    (_KERNELS, "2.0", "(3.0)"): "killed since: test_powers_of_two_lose_no_bit",
    (_KERNELS, "0", "(1)"): "killed since: test_cutoff_is_where_half_is_followed",
    (_SETS, "12", "(13)"): "same: rounds what rounding left, from the 16th digit on",
}
