"""The only import of scikit-learn's private names: a change there is one diff."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sklearn import get_config
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._param_validation import (
    Interval as _Interval,
)
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_samples as num_samples

if TYPE_CHECKING:  # or what they decorate would have no type
    from sklearn_raman._utils._typing import FunctionT

    def available_if(
        check: Callable[[Any], bool],
    ) -> Callable[[FunctionT], FunctionT]: ...

    def fit_context(
        *, prefer_skip_nested_validation: bool
    ) -> Callable[[FunctionT], FunctionT]: ...

    def validate_params(
        parameter_constraints: dict[str, Any], *, prefer_skip_nested_validation: bool
    ) -> Callable[[FunctionT], FunctionT]: ...

else:
    from sklearn.base import _fit_context as fit_context
    from sklearn.utils._param_validation import validate_params
    from sklearn.utils.metaestimators import available_if


class Interval(_Interval):
    """scikit-learn's interval of numbers; True is none, nor is a Fraction."""

    def is_satisfied_by(self, val):
        """Tell whether a value is a number of the type and range asked for."""
        is_other = isinstance(val, bool | Fraction)  # numpy takes no fraction
        return not is_other and super().is_satisfied_by(val)


# Where the documentation is: pages of estimators are linked from there.
_DOCS = os.environ.get("SKLEARN_RAMAN_DOCS", "").rstrip("/")


class DocLinkMixin:
    """Links the HTML of an estimator to its page, if `SKLEARN_RAMAN_DOCS` is set."""

    _doc_link_module = "sklearn_raman" if _DOCS else ""
    _doc_link_template = (
        _DOCS + "/api/generated/{estimator_module}.{estimator_name}.html"
    )


__all__ = [
    "DocLinkMixin",
    "HasMethods",
    "Interval",
    "StrOptions",
    "available_if",
    "check_feature_names_in",
    "check_sample_weight",
    "fit_context",
    "num_samples",
    "output_is_chosen",
    "safe_indexing",
    "validate_parameter_constraints",
    "validate_params",
]


def output_is_chosen(estimator):
    """Tell whether `set_output` or the configuration says what transform returns."""
    chosen = getattr(estimator, "_sklearn_output_config", {})
    return "transform" in chosen or get_config()["transform_output"] != "default"
