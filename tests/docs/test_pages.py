"""Code on pages runs, and what the text says about its result is true."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def run(page):
    """Run the code of a page, one block after the other."""
    text = (DOCS / page).read_text(encoding="utf-8")
    names = {}
    for code in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(code, page, "exec"), names)
    return names


def test_pitfalls(capsys):
    """Chosen before the split, noise looks like something; inside it does not."""
    names = run("pitfalls.md")
    assert names["wrong"] > 0.7
    assert abs(names["right"] - 0.5) < 0.2


def test_glossary(capsys):
    run("glossary.md")
    assert "320 spectra of 18 classes" in capsys.readouterr().out


def test_equivalents_exist(capsys):
    """The code runs, and each class or function in the right column has a page here."""
    run("equivalents.md")
    rows = re.findall(r"^\|.*\|(.*)\|$", (DOCS / "equivalents.md").read_text(), re.M)
    found = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    listed = "".join(page.read_text() for page in (DOCS / "api").glob("*.rst"))
    methods = {"vip_", "differences", "fit_transform"}
    methods |= {"window_length", "polyorder", "deriv"}
    missing = [n for n in found if not re.search(rf"^   {n}$", listed, re.M)]
    assert len(found) > 40
    assert set(missing) <= methods


def test_pages_are_in_the_navigation():
    contents = "".join(page.read_text() for page in DOCS.glob("*.md"))
    for page in DOCS.glob("*.md"):
        listed = re.search(rf"^(.*<)?{page.stem}>?$", contents, flags=re.MULTILINE)
        assert page.stem == "index" or listed, page.name


# Lists of other pages, and what was measured or changed.
LISTS = {"development", "changelog", "papers"}
PAGES = sorted(page for page in DOCS.glob("*.md") if page.stem not in LISTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_has_a_picture_or_code(page):
    """Pages of the guide are held to more in `test_guide.py`."""
    text = page.read_text(encoding="utf-8")
    for included in re.findall(r"```{include} (\S+)", text):
        text += (DOCS / included).read_text(encoding="utf-8")
    assert re.search(r"^(!\[|```{image}|:img-top: |```(python|console)$)", text, re.M)
