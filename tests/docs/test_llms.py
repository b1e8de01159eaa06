"""The page for language models promises nothing that does not exist."""

import importlib
import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "llms.txt").read_text(encoding="utf-8")


def test_names_exist():
    modules = TEXT.partition("## Modules")[2].partition("## Pages")[0]
    lines = re.findall(r"^- `([\w.]+)`:(.*?)(?=^- |\Z)", modules, re.M | re.S)
    assert len(lines) > 5
    for module, names in lines:
        public = importlib.import_module(module).__all__
        assert set(re.findall(r"`(\w+)`", names)) == set(public), module


def test_pages_exist():
    """But for the gallery, which is made when the site is built."""
    pages = re.findall(r"\]\((\S+)\.html\)", TEXT)
    assert len(pages) > 5
    for page in set(pages) - {"auto_examples/index"}:
        assert (DOCS / f"{page}.md").exists(), page
