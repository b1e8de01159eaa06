"""Public signatures have types, and these say what the checks of parameters say."""

import importlib
import inspect
import re
import types
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import HasMethods, Interval, Options

from sklearn_raman._utils._typing import Frame, RandomState, Regions
from tests.test_public_api import PUBLIC_MODULES

MEMBERS = {
    f"{module}.{name}": getattr(importlib.import_module(module), name)
    for module in PUBLIC_MODULES
    for name in importlib.import_module(module).__all__
}
OURS = re.compile(r"sklearn_raman\.(?!neural_network\._skorch$)")


def functions():
    """Yield our public functions and methods, also inherited ones, by name.

    Those of `_skorch.py` are skorch's own.
    """
    for member in MEMBERS.values():
        found = [member]
        if isinstance(member, type):
            names = [name for name in dir(member) if not name.startswith("_")]
            names += ["__init__", "__call__"]
            found = [inspect.getattr_static(member, name, None) for name in names]
        for function in found:
            for inner in ("fget", "__func__", "fn"):  # where decorators keep it
                function = getattr(function, inner, function)
            module = getattr(function, "__module__", None) or ""
            if inspect.isfunction(function) and OURS.match(module):
                yield f"{module}.{function.__qualname__}", function


def test_signatures_are_typed():
    untyped = set()
    for name, function in functions():
        signature = inspect.signature(function)
        hints = {p.name: p.annotation for p in signature.parameters.values()}
        hints["return"] = signature.return_annotation
        missing = {
            key for key, hint in hints.items() if hint is inspect.Signature.empty
        }
        if missing - {"self", "cls"}:
            untyped.add(name)
    assert not untyped


def parts(hint):
    """Return what a type hint is a union of, with the options of a Literal."""
    if get_origin(hint) in (Union, types.UnionType):
        return set().union(*map(parts, get_args(hint)))
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {get_origin(hint) or hint}


ARRAYS = parts(ArrayLike) | parts(Regions) | {Frame}
NAMED = {
    "array-like": ARRAYS,
    "boolean": {bool},
    "cv_object": {Any},
    "random_state": parts(RandomState),
    "verbose": {int},
}
NUMBERS = {Integral: int, Real: float}


def allowed(constraint):
    """Return what one of scikit-learn's constraints allows, as `parts` does."""
    if isinstance(constraint, Options):
        return set(constraint.options)
    if isinstance(constraint, Interval):
        return {NUMBERS[constraint.type]}
    if isinstance(constraint, HasMethods):
        return {Any}
    if isinstance(constraint, str):
        return NAMED[constraint]
    if constraint is None or constraint is callable:
        return {type(None) if constraint is None else Callable}
    return {NUMBERS.get(constraint, constraint)}


def constraints(member):
    """Return what is checked, of the parameters of a class or a function."""
    if isinstance(member, type):
        return getattr(member, "_parameter_constraints", {})
    return getattr(member, "_skl_parameter_constraints", {})


@pytest.mark.parametrize("name", [n for n, m in MEMBERS.items() if constraints(m)])
def test_types_agree_with_checks(name):
    member = MEMBERS[name]
    function = member.__init__ if isinstance(member, type) else inspect.unwrap(member)
    hints = get_type_hints(function)
    for parameter, checks in constraints(member).items():
        expected = set().union(*map(allowed, checks)) - ARRAYS
        found = parts(hints[parameter]) - ARRAYS
        assert found == expected or Any in found & expected, parameter
