"""Every public name has its page."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import sklearn_raman
from sklearn_raman.preprocessing import SNV

API = Path(__file__).parents[2] / "docs" / "api"


def listed_names():
    """Names under `autosummary`, with the module that is current there."""
    names = []
    for page in sorted(API.glob("*.rst")):
        module, listing = None, False
        for line in page.read_text(encoding="utf-8").splitlines():
            if found := re.match(r"\.\. currentmodule:: (\S+)", line):
                module = found[1]
            if line and not line.startswith(" "):
                listing = line.startswith(".. autosummary::")
            elif listing and re.match(r"   \w+$", line):
                names.append(f"{module}.{line.strip()}")
    return names


def public_objects():
    """All that a public module exports, without what is itself a module."""
    for info in pkgutil.walk_packages(sklearn_raman.__path__, "sklearn_raman."):
        if "._" not in info.name:
            module = importlib.import_module(info.name)
            for name in module.__all__:
                yield f"{info.name}.{name}", getattr(module, name)


def resolve(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def test_every_public_name_is_listed():
    pages = {id(resolve(name)) for name in listed_names()}
    missing = [name for name, value in public_objects() if id(value) not in pages]
    assert not missing, f"add to a page in docs/api: {missing}"


def test_names_are_listed_once():
    names = listed_names()
    assert len(names) > 60
    assert len(set(names)) == len(names)


def test_pages_are_in_the_contents():
    contents = (API / "index.md").read_text(encoding="utf-8")
    for page in API.glob("*.rst"):
        assert re.search(rf"^{page.stem}$", contents, flags=re.MULTILINE)


@pytest.mark.parametrize("address", ["https://example.org/raman/", ""])
def test_html_of_an_estimator_leads_to_its_page(address, monkeypatch):
    """Where the documentation is, is read once, when the package is imported."""
    page = (
        "https://example.org/raman/api/generated/sklearn_raman.preprocessing.SNV.html"
    )
    template = "{estimator_module}.{estimator_name}.html"
    linked = address.rstrip("/") + "/api/generated/" + template
    monkeypatch.setattr(SNV, "_doc_link_template", linked)
    monkeypatch.setattr(SNV, "_doc_link_module", "sklearn_raman" if address else "")
    assert (page in SNV()._repr_html_()) == bool(address)
