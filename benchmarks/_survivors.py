"""Mutants that no test kills, and what that means: see `mutate`.

"same: ..." says why the change changes nothing that a user could see.
"""

_SPLIT = "sklearn_raman/model_selection/_split.py"
_AXIS = "sklearn_raman/_utils/_wavenumbers.py"
_SETS = "sklearn_raman/uncertainty/_conformal.py"
_GEOMETRY = "sklearn_raman/neural_network/attribution/_geometry.py"
SURVIVORS: dict = {
    (_SPLIT, "100", "(101)"): "same: one more draw before giving up",
    (_AXIS, "len(steps) < 2", "(len(steps) <= 2)"): (
        "same: of two steps none is ten times their median"
    ),
    (_AXIS, "return False", "return None"): "same: callers ask whether it is true",
    (_GEOMETRY, "0", "(1)"): "same: units of all channels are asked for a line later",
    (_SETS, "12", "(13)"): "same: rounds what rounding left, from the 16th digit on",
}
