"""The source distribution and the wheel hold what users need, and nothing else."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import sklearn_raman

pytest.importorskip("setuptools", "77", reason="setuptools 77 builds the package")
pytest.importorskip("pip", reason="pip installs the wheel")

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BUILD = "import sys; from setuptools import build_meta as b; print(b.build_{}({!r}))"
USE = """
import sys
import sklearn_raman
from sklearn.dummy import DummyClassifier
from sklearn_raman.datasets import load_minerals
from sklearn_raman.model_selection import compare

assert sklearn_raman.__file__.startswith(sys.argv[1]), sklearn_raman.__file__
minerals = load_minerals()
assert minerals.data.shape == (320, 1360) and "RRUFF" in minerals.DESCR
few = minerals.data[:, :5]
result = compare(
    {"dummy": DummyClassifier()}, few, minerals.target, groups=minerals.groups,
    cv=2, explain=False, progress=False,
)
assert "dummy" in result.save_html("report.html").read_text(encoding="utf-8")
"""


def python(*arguments, cwd, **environment):
    """Run Python without the repository on its path; return what it printed last."""
    environment = {**os.environ, "PYTHONPATH": "", **environment}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().rpartition("\n")[2]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """Build from a copy: a build leaves files, and takes up those of earlier ones."""
    folder = tmp_path_factory.mktemp("build")
    skipped = shutil.ignore_patterns(
        ".*", "__pycache__", "*.egg-info", "build", "dist", "docs", "benchmarks"
    )
    shutil.copytree(ROOT, folder / "copy", ignore=skipped)
    return folder / python(
        "-c", BUILD.format("sdist", str(folder)), cwd=folder / "copy"
    )


@pytest.fixture(scope="module")
def wheel(sdist):
    """Build from the source distribution, as pip does."""
    folder = sdist.parent
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    source = folder / sdist.name.removesuffix(".tar.gz")
    return folder / python("-c", BUILD.format("wheel", str(folder)), cwd=source)


def sources():
    """Files of the package, without what running it leaves."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "sklearn_raman").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_source_distribution_is_complete_and_has_no_tests(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", *sources()} <= names
    assert not [name for name in names if name.startswith("tests")]


def test_wheel_holds_the_package_and_its_license(wheel):
    info = f"sklearn_raman-{sklearn_raman.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
    described = {name for name in names if name.startswith(f"{info}/")}
    assert names - described == sources()
    assert "sklearn_raman/py.typed" in names  # or type checkers do not look
    assert f"{info}/licenses/LICENSE" in described
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Version"] == sklearn_raman.__version__


def test_wheel_works_where_the_repository_is_not(wheel, tmp_path):
    target = tmp_path / "target"
    install = ["-m", "pip", "install", "--no-deps", "--no-index", "--no-compile"]
    python(*install, "--target", str(target), str(wheel), cwd=tmp_path)
    python("-c", USE, str(target), cwd=tmp_path, PYTHONPATH=str(target))


def lower_bounds(extra=None):
    """Requirements of the package, or of an extra, that have a lowest version."""
    lines = (
        PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    )
    for requirement in map(Requirement, lines):
        if requirement.name == PROJECT["name"]:
            for inner in requirement.extras:
                yield from lower_bounds(inner)
        for bound in requirement.specifier:
            if bound.operator == ">=":
                yield requirement.name, Version(bound.version)


def test_oldest_versions_are_those_that_are_tested():
    pins = (ROOT / "constraints-min.txt").read_text().splitlines()
    pins = dict(pin.split("==") for pin in pins if not pin.startswith("#"))
    tested = {name: Version(version) for name, version in pins.items()}
    assert tested == dict([*lower_bounds(), *lower_bounds("tests")])


def test_conda_recipe_repeats_the_project():
    recipe = (ROOT / ".github" / "conda" / "meta.yaml").read_text()
    assert f'version = "{sklearn_raman.__version__}"' in recipe
    listed = recipe.partition("  run:\n")[2].partition("  run_constrained:")[0]
    found = [Requirement(line.strip(" -")) for line in listed.splitlines()]
    expected = [Requirement(f"python{PROJECT['requires-python']}")]
    for line in PROJECT["dependencies"]:
        expected.append(Requirement(re.sub(r"^torch\b", "pytorch", line)))
    assert found == expected
