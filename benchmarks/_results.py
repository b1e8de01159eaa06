"""Write the figures of a benchmark to `benchmarks/results/<name>.json`."""

import json
import platform
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
DOCS_IMAGES = Path(__file__).parents[1] / "docs" / "images"
_PACKAGES = (
    "sklearn-raman",
    "scikit-learn",
    "torch",
    "skorch",
    "numpy",
    "scipy",
    "numba",
)


def versions():
    """Return the versions that a result depends on, by package."""
    found = {package: version(package) for package in _PACKAGES}
    return {**found, "python": platform.python_version()}


def write_results(name, figures, *, folder=RESULTS):
    """Save figures with the versions that made them; returns the path."""
    path = Path(folder) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"versions": versions(), **figures}, indent=2) + "\n")
    return path


def rounded(frame, digits=6):
    """Turn a table into records with rounded numbers; missing values become None."""
    frame = frame.reset_index().round(digits).astype(object)
    return frame.where(frame.notna(), None).to_dict(orient="records")


def write_between(page, mark, text):
    """Put text between the comments "mark: begin" and "mark: end" of a page."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, rest = page.read_text(encoding="utf-8").split(begin)
    after = rest.split(end)[1]
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
