"""Licenses of all that comes with the package, and known weaknesses of it.

    make audit
    python -m benchmarks.audit --no-weaknesses      (licenses only; no network)

Licenses are those that the installed packages state, of the core and of each extra,
with all that they bring along. A license that would bind users of the package (GPL,
AGPL, BUSL, SSPL) or that is not known ends in exit code 1. Weaknesses are what
pip-audit knows of the pinned versions in `constraints.txt`; without a network it can't
ask, which is said and is no failure.

Writes `benchmarks/results/audit.json`.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks._results import write_results

ROOT = Path(__file__).parents[1]
PROJECT = "sklearn-raman"
# Whoever gets the package may do with it what BSD-3-Clause allows.
FREE = re.compile(
    r"BSD|MIT\b|Apache|PSF|Python Software|ISC\b|MPL|Mozilla|HPND|Unlicense|Zlib|"
    r"CC0|Public Domain|0BSD|CNRI|Historical Permission|matplotlib license",
    re.I,
)
BINDING = re.compile(r"\bA?GPL|\bLGPL|General Public|BUSL|Business Source|SSPL", re.I)
# Stated by the package in words that no pattern reads, and looked at.
LOOKED_AT = {
    "docutils": "Public Domain AND BSD-2-Clause",  # an Emacs mode that is GPL stays out
    "skops": "MIT",
}


def requirements_of(name, extras=()):
    """Yield (name, extras) of what a package needs here, with these extras."""
    for line in distribution(name).requires or []:
        requirement = Requirement(line)
        marker = requirement.marker
        wanted = ["", *extras]
        if marker is None or any(marker.evaluate({"extra": e}) for e in wanted):
            yield canonicalize_name(requirement.name), tuple(sorted(requirement.extras))


def closure(wanted):
    """Return the installed packages that come with some, and those that are missing."""
    found, missing, queue = {}, set(), list(wanted)
    seen = set()
    while queue:
        name, extras = queue.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found[name] = distribution(name)
            queue += requirements_of(name, extras)
        except PackageNotFoundError:
            missing.add(name)
    return found, missing


def license_of(installed):
    """Return what a package states, in one line."""
    metadata = installed.metadata
    classifiers = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier", [])
        if value.startswith("License ::")
    ]
    stated = metadata.get("License-Expression") or "; ".join(classifiers)
    stated = stated or (metadata.get("License") or "").strip().partition("\n")[0]
    name = canonicalize_name(metadata["Name"])
    return LOOKED_AT.get(name) or stated or "not stated"


def judge(stated):
    """Return "free", "binding" or "unknown".

    "MIT OR GPL-3.0" leaves the choice, and is free.
    """
    choices = re.split(r"\bOR\b", stated)
    if any(FREE.search(one) and not BINDING.search(one) for one in choices):
        return "free"
    return "binding" if BINDING.search(stated) else "unknown"


def licenses():
    """Return a row for each package: version, license, judgment, and for what it is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    parts = {"core": project["dependencies"]} | project["optional-dependencies"]
    rows, absent = {}, {}
    for part, lines in parts.items():
        wanted = [
            (canonicalize_name(r.name), tuple(sorted(r.extras)))
            for r in map(Requirement, lines)
            if r.name != PROJECT
        ]
        found, missing = closure(wanted)
        for name, installed in found.items():
            stated = license_of(installed)
            row = {"version": installed.version, "license": stated}
            row["judgment"] = judge(stated)
            rows.setdefault(name, row | {"parts": []})["parts"].append(part)
        if missing:
            absent[part] = sorted(missing)
    return dict(sorted(rows.items())), absent


def weaknesses():
    """Return what pip-audit says, and whether all packages were asked about.

    It ends with success where it could ask about none: what it skipped is counted.

    Returns
    -------
    said : str
    clean : bool or None
        None if some packages were not asked about, and no weakness was found.
    """
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off"]
    command += ["--requirement", str(ROOT / "constraints.txt"), "--no-deps"]
    command += ["--disable-pip", "--timeout", "30", "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        listed = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return "not checked: pip-audit did not answer within 10 minutes", None
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return f"not checked: {last}", None
    return read_audit(listed)


def read_audit(listed):
    """Say what pip-audit found of a list of packages, as `weaknesses` does."""
    skipped = [one for one in listed if "skip_reason" in one]
    found = [
        f"{one['name']} {one['version']}: {weakness['id']}"
        for one in listed
        for weakness in one.get("vulns", [])
    ]
    asked = len(listed) - len(skipped)
    if found:
        return f"{'; '.join(found)} ({asked} of {len(listed)} packages asked)", False
    if not asked:
        reason = skipped[0]["skip_reason"] if skipped else "no package"
        return f"not checked: pip-audit could ask about no package ({reason})", None
    said = f"none known of {asked} of {len(listed)} packages"
    return said, True if asked == len(listed) else None


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--no-weaknesses", action="store_true")
    options = parser.parse_args(arguments)
    rows, absent = licenses()
    bad = [name for name, row in rows.items() if row["judgment"] != "free"]
    for name in bad:
        row = rows[name]
        print(f"{name} {row['version']}: {row['judgment']} license {row['license']!r}")
    print(f"licenses: {len(rows)} packages, {len(bad)} to look at")
    for part, names in absent.items():
        print(f"not installed, so not looked at ({part}): {', '.join(names)}")
    said, clean = "not asked", None
    if not options.no_weaknesses:
        said, clean = weaknesses()
    print(f"weaknesses: {said}")
    figures = {"packages": rows, "not_installed": absent, "weaknesses": said}
    write_results("audit", figures)
    return 1 if bad or clean is False else 0


if __name__ == "__main__":
    sys.exit(main())
