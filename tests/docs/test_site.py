"""The built site in a browser. Slow, so only on request:

    RAMAN_TEST_SITE=1 python -m pytest tests/docs/test_site.py

Needs the extra `docs` and Chromium, and minutes where examples have not been run yet.
"""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build" / "html"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
PAGES = [
    "index.html",
    "user_guide.html",
    "guide/baselines.html",
    "guide/save_and_deploy.html",
    "papers.html",
    "api/index.html",
    "api/generated/sklearn_raman.preprocessing.AIRPLS.html",
    "auto_examples/index.html",
    "auto_examples/3_models/plot_4_preprocessing.html",
]

pytestmark = pytest.mark.skipif(
    "RAMAN_TEST_SITE" not in os.environ or BROWSER is None,
    reason="set RAMAN_TEST_SITE=1 and install Chromium to build and open the site",
)


@pytest.fixture(scope="module")
def site():
    """Build the site, or bring it up to date, and serve it."""
    pytest.importorskip("sphinx", reason="Sphinx builds the site (extra docs)")
    command = ["-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q"]
    command += ["-d", "docs/_build/doctrees", "docs", "docs/_build/html"]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    handler = functools.partial(QuietHandler, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


def open_page(address, profile):
    """Return the page after its scripts ran, and what was written to the console."""
    switches = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    switches += "--disable-background-networking --disable-component-update "
    switches += "--disable-sync --enable-logging=stderr --virtual-time-budget=8000"
    command = [BROWSER, *switches.split(), f"--user-data-dir={profile}", "--dump-dom"]
    done = subprocess.run([*command, address], capture_output=True, timeout=120)
    console = re.findall(r"CONSOLE.*", done.stderr.decode(errors="replace"))
    # The theme says what it did, and draws scikit-learn's copy icon.
    known = re.compile(
        r"\[PST\]: (Changed to|Scrolled|Set focus)|Expected copy-paste icon is missing"
    )
    return done.stdout.decode(), [line for line in console if not known.search(line)]


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_without_errors(site, page, tmp_path):
    shown, console = open_page(f"{site}/{page}", tmp_path)
    assert "</html>" in shown
    assert not console


def test_search_finds_airpls(site, tmp_path):
    shown, console = open_page(f"{site}/search.html?q=airPLS", tmp_path)
    assert "sklearn_raman.preprocessing.AIRPLS.html" in shown
    assert not console


def test_nothing_is_loaded_from_elsewhere_and_no_picture_is_missing(site):
    loaded = re.compile(
        r"<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=\"([^\"]+)\""
    )
    for page in set(SITE.rglob("*.html")) - set(SITE.glob("_static/**/*.html")):
        for target in loaded.findall(page.read_text(encoding="utf-8")):
            assert not target.startswith(("http:", "https:", "//")), (page, target)
            target = target.partition("?")[0].partition("#")[0]
            if target and not target.startswith("data:"):
                assert (page.parent / target).exists(), (page, target)
