"""Docstrings of the public names list exactly the parameters that exist."""

import importlib
import inspect
import re

import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc
from numpydoc.validate import validate

from tests.test_public_api import PUBLIC_MODULES

# Section and parameter errors; wording is for readers, not for a tool.
CHECKED = {"PR01", "PR02", "PR03", "PR04", "PR07", "RT01", "SS01", "GL08"}


def public_names():
    """Yield (dotted name, object) of public classes, functions and methods."""
    for module in PUBLIC_MODULES:
        imported = importlib.import_module(module)
        for name in imported.__all__:
            member = getattr(imported, name)
            yield f"{module}.{name}", member
            if isinstance(member, type):
                for method, function in vars(member).items():
                    if inspect.isfunction(function) and not method.startswith("_"):
                        yield f"{module}.{name}.{method}", function


NAMES = dict(public_names())
# skorch's and torch's own methods, with signatures of theirs.
OVERRIDES = re.compile(
    r"\.(set_params|get_params_for|check_data|get_split_datasets|fit_loop|forward|"
    r"initialize_module|infer|get_loss|features|head)$"
)


@pytest.mark.parametrize("name", [n for n in NAMES if not OVERRIDES.search(n)])
def test_numpydoc(name):
    errors = [f"{c}: {text}" for c, text in validate(name)["errors"] if c in CHECKED]
    assert not errors, "\n".join(errors)


@pytest.mark.parametrize("name", [n for n, o in NAMES.items() if isinstance(o, type)])
def test_class_has_example(name):
    assert ">>>" in NAMES[name].__doc__ or name.endswith(("Comparison", "CNN"))


@pytest.mark.parametrize("name", [n for n in NAMES if not OVERRIDES.search(n)])
def test_defaults_agree(name):
    """A default in the text is the default in the signature."""
    member = NAMES[name]
    is_class = isinstance(member, type)
    doc = ClassDoc(member) if is_class else FunctionDoc(member)
    signature = inspect.signature(member.__init__ if is_class else member)
    for parameter in doc["Parameters"]:
        stated = re.search(r"default=(.+)$", " ".join(parameter.type.split()))
        if stated is None:
            continue
        default, *others = (
            signature.parameters[name].default for name in parameter.name.split(", ")
        )
        assert others == [default] * len(others)
        if isinstance(default, type):
            assert stated[1].endswith(default.__name__)
        else:
            assert eval(stated[1]) == default, parameter.name
