"""Optional packages are imported late and missed politely."""

import math

import pytest

from sklearn_raman._utils._optional import import_optional


def test_installed():
    assert import_optional("math", extra="none") is math


def test_missing_names_the_extra():
    with pytest.raises(ImportError, match=r"sklearn-raman\[plot\]"):
        import_optional("no_such_package.sub", extra="plot")


def test_broken_package_keeps_its_own_error(tmp_path, monkeypatch):
    """An installed package with a missing dependency is not "not installed"."""
    (tmp_path / "broken_package.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        import_optional("broken_package", extra="plot")
