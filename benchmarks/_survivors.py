"""Mutants that no test kills, and what that means: see `mutate`.

"same: ..." says why the change changes nothing that a user could see.
"""

SURVIVORS: dict = {}
