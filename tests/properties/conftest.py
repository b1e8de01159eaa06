"""Profiles of hypothesis: `ci` by default; `HYPOTHESIS_PROFILE=long` looks further."""

import os

from hypothesis import HealthCheck, settings

_SHARED = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile(
    "ci", max_examples=8, derandomize=True, database=None, **_SHARED
)
settings.register_profile("long", max_examples=400, print_blob=True, **_SHARED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
