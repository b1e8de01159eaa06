"""Signature and docstring of a network classifier, completed from its base.

scikit-learn reads parameters from the signature of the most derived constructor: one
that travels through **kwargs only would be lost by `clone`. Instead of repeating 25
parameters in each classifier, they are added here, once, to what people and tools see.
"""

import inspect
import re


def complete_from_base(cls):
    """Add the base's parameters to the signature and the docstring of a class.

    A class decorator. The constructor takes its own parameters and **kwargs; those of
    the base that it does not name, but for `module`, join its signature. In the
    docstring the lines ``{parameters}`` and ``{attributes}`` are replaced by the base's
    descriptions.
    """
    (base,) = cls.__bases__
    own = inspect.signature(cls.__init__).parameters
    *named, rest = own.values()
    inherited = [
        parameter
        for name, parameter in inspect.signature(base.__init__).parameters.items()
        if name not in (*own, "module")
    ]
    cls.__init__.__signature__ = inspect.Signature([*named, *inherited, rest])
    text = inspect.getdoc(cls)
    for section, skipped in (
        ("Parameters", {*own, "module"} - {"kwargs"}),
        ("Attributes", {"module_"}),
    ):
        entries = [
            entry
            for name, entry in _entries(inspect.getdoc(base), section)
            if name not in skipped
        ]
        text = text.replace("{" + section.lower() + "}", "\n".join(entries))
    cls.__doc__ = text
    return cls


def _entries(text, section):
    """Yield name and text of each entry in a section of a numpydoc docstring."""
    start = text.index(f"{section}\n{'-' * len(section)}\n")
    body = text[start:].split("\n", 2)[2].split("\n\n")[0]
    for entry in re.split(r"\n(?=\S)", body):
        yield re.match(r"\*{0,2}(\w+)", entry)[1], entry
