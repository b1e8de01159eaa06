"""What `import sklearn_raman` brings, and what it does not."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import sklearn_raman

PUBLIC_MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(sklearn_raman.__path__, "sklearn_raman.")
    if "._" not in info.name
)
LIGHT = [
    "sklearn_raman",
    "sklearn_raman.datasets",
    "sklearn_raman.discriminant_analysis",
    "sklearn_raman.model_selection",
    "sklearn_raman.preprocessing",
]


@pytest.mark.parametrize("module", LIGHT)
def test_loads_no_torch(module):
    """A fresh process: in this one torch is loaded already."""
    code = (
        f"import sys, {module}\n"
        "heavy = {'torch', 'skorch', 'matplotlib', 'pyopenspecy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_exports(module):
    """__all__ is sorted as ruff sorts it, complete, and each name has a docstring."""
    imported = importlib.import_module(module)
    assert imported.__doc__
    for name in imported.__all__:
        assert getattr(imported, name).__doc__, name


def test_version():
    assert sklearn_raman.__version__.count(".") >= 2
