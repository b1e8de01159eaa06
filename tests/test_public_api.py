"""What `import sklearn_raman` brings, and what it does not."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_raman

PUBLIC_MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(sklearn_raman.__path__, "sklearn_raman.")
    if "._" not in info.name
)
HEAVY = {"torch", "skorch", "matplotlib", "pyopenspecy", "xarray", "dask"}
LIGHT = [
    "sklearn_raman",
    "sklearn_raman.datasets",
    "sklearn_raman.discriminant_analysis",
    "sklearn_raman.inspection",
    "sklearn_raman.mapping",
    "sklearn_raman.model_selection",
    "sklearn_raman.over_sampling",
    "sklearn_raman.preprocessing",
    "sklearn_raman.uncertainty",
]


# In a fresh process: in this one all is imported already.
FIRST_USE = f"""
import importlib, sys
import sklearn_raman

def ours():
    return [name for name in sys.modules if name.startswith("sklearn_raman")]

def heavy():
    return {HEAVY} & set(sys.modules)

assert ours() == ["sklearn_raman"]
assert set(sklearn_raman.__all__) <= set(dir(sklearn_raman))
sklearn_raman.preprocessing.SNV()
assert "sklearn_raman.neural_network" not in sys.modules
assert sklearn_raman.over_sampling.report.synthesis_report
assert "torch" not in sys.modules
for module in {LIGHT}:
    for name in ours():  # each as if it were the first
        del sys.modules[name]
    importlib.import_module(module)
    assert not heavy(), (module, heavy())
assert importlib.import_module("sklearn_raman").neural_network.attribution.contribution
assert "torch" in sys.modules
"""


def test_submodules_are_imported_when_first_used_and_load_no_torch():
    subprocess.run([sys.executable, "-c", FIRST_USE], check=True)
    for name in sklearn_raman.__all__:
        assert getattr(sklearn_raman, name) is sys.modules[f"sklearn_raman.{name}"]
    with pytest.raises(AttributeError, match="no attribute 'processing'"):
        sklearn_raman.processing  # noqa: B018


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_exports(module):
    """__all__ is sorted as ruff sorts it, complete, and each name has a docstring."""
    imported = importlib.import_module(module)
    assert imported.__doc__
    for name in imported.__all__:
        assert getattr(imported, name).__doc__, name


@pytest.mark.parametrize("module", ["sklearn_raman", *PUBLIC_MODULES])
def test_dir_shows_public_names(module):
    """What `__all__` names and public modules below, nothing else; all of it there."""
    imported = importlib.import_module(module)
    below = {
        name.removeprefix(f"{module}.")
        for name in PUBLIC_MODULES
        if name.startswith(f"{module}.")
    }
    expected = {*imported.__all__, *(name for name in below if "." not in name)}
    if module == "sklearn_raman":
        expected.add("__version__")
    assert dir(imported) == sorted(expected)
    assert all(hasattr(imported, name) for name in dir(imported))


def test_every_submodule_is_listed():
    tops = {name.split(".")[1] for name in PUBLIC_MODULES}
    assert sklearn_raman.__all__ == sorted(tops)


def test_version():
    assert sklearn_raman.__version__.count(".") >= 2


def test_no_private_module_of_another_folder_is_imported():
    """Folders meet by what they export; `_utils` is there for all of them."""
    package = Path(sklearn_raman.__file__).parent
    foreign = []
    for path in package.rglob("*.py"):
        folder = (package.name, *path.relative_to(package).parts[:-1])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{name.name}" for name in node.names]
            else:
                continue
            for parts in (tuple(name.split(".")) for name in names):
                private = [k for k, part in enumerate(parts) if part.startswith("_")]
                if parts[0] != package.name or not private or parts[1] == "_utils":
                    continue
                owner = parts[: private[0]]
                if folder[: len(owner)] != owner:
                    foreign.append((path.name, node.lineno, ".".join(parts)))
    assert not foreign
