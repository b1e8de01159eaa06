"""What can be said of the gallery without running it; `make docs` runs it."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
EXAMPLES = sorted(FOLDER.glob("*/plot_*.py"))


def test_groups():
    """At least fifteen examples; each group has a title."""
    groups = {example.parent for example in EXAMPLES}
    assert len(EXAMPLES) >= 15 and len(groups) == 6
    for group in groups:
        assert len((group / "README.rst").read_text(encoding="utf-8")) > 80


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_asks_a_question_and_draws_the_answer(example):
    text = example.read_text(encoding="utf-8")
    tree = ast.parse(text, filename=str(example))
    title, underline, *_ = ast.get_docstring(tree).splitlines()
    assert "?" in title and underline == "=" * len(title)
    assert "plt.show()" in text or "figure = " in text
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {
        getattr(function, "id", getattr(function, "attr", "")) for function in called
    }
    assert "fetch_rruff" not in names  # only what everyone has
    imported = [
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    ]
    assert any(module.startswith("sklearn_raman") for module in imported)
    assert not any("._" in module for module in imported)
