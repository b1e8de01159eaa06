"""What data can do: be read. No code of theirs runs, no label writes a page."""

import ast
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import sklearn_raman
from sklearn_raman.__main__ import main
from sklearn_raman.inspection import ExplanationSummary, plot_stability
from sklearn_raman.model_selection import compare, sample_size_curve
from sklearn_raman.over_sampling import synthesis_report

mpl.use("agg")

PACKAGE = Path(sklearn_raman.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
# Calls with which text becomes code, and modules that are there for it.
FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "system",
    "popen",
    "unsafe_load",
}
FORBIDDEN_MODULES = {
    "pickle",
    "marshal",
    "shelve",
    "subprocess",
    "joblib.load",
    "ctypes",
}
# dask brings the model of a map to its workers as a pickle, made by the same program;
# what skorch packs in a pickle is read with a list of what may be in it.
PICKLES = {"mapping/_parcel.py", "neural_network/_saved.py"}

HOSTILE = [
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    "\"'><u>bold</u>&amp;",
    "$x^{2$ \\frac{",
    "_hidden",
    "\x1b[31mred\x1b[0m\x07",
    "{0.__class__} %s %(x)s",
    "=HYPERLINK(1)",
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_in_the_package_makes_code_of_data(path):
    pickles = path.relative_to(PACKAGE).as_posix() in PICKLES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            on_module = isinstance(node.func, ast.Attribute)
            allowed = name == "compile" and on_module  # regular expressions
            allowed |= name in ("eval",) and on_module and not node.args  # of networks
            assert name not in FORBIDDEN_CALLS or allowed, node.lineno
            for keyword in node.keywords:
                if keyword.arg in ("allow_pickle", "shell", "weights_only"):
                    assert keyword.value.value is (keyword.arg == "weights_only")
            if name == "load" and isinstance(node.func, ast.Attribute):
                owner = getattr(node.func.value, "id", "")
                known = owner in ("np", "skops") or pickles
                assert known, f"{owner}.load in line {node.lineno}"
                if owner == "np":
                    assert "allow_pickle" in {k.arg for k in node.keywords}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {getattr(node, "module", None), *(a.name for a in node.names)}
            if pickles:
                names -= {"pickle"}
            assert not names & FORBIDDEN_MODULES, node.lineno


class Tags(HTMLParser):
    """Collects tags and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.handlers, self.text = set(), [], ""

    def handle_starttag(self, tag, attributes):
        if tag != "img" or not dict(attributes)["src"].startswith("data:image/"):
            self.tags.add(tag)
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
        self.handlers += [v for _, v in attributes if v and "javascript:" in v]

    def handle_data(self, data):
        self.text += data


def read_page(text):
    page = Tags()
    page.feed(text)
    assert not page.tags & {"script", "img", "u", "iframe", "object", "link"}
    assert not page.handlers
    return page


@pytest.fixture(scope="module")
def named():
    """Spectra whose classes, groups, columns and rows have hostile names."""
    rng = np.random.default_rng(0)
    labels = np.repeat(HOSTILE[:4], 6)
    axis = np.arange(400.0, 440.0, 2.0)
    centers = np.repeat([405.0, 415.0, 425.0, 435.0], 6)[:, None]
    X = 1 / (1 + ((axis - centers) / 3) ** 2) + rng.normal(0, 0.1, (24, 20))
    groups = np.array([f"{HOSTILE[k % 8]} {k // 2}" for k in range(24)])
    groups[1::2] = groups[::2]
    return pd.DataFrame(X, columns=axis.astype(str)), labels, groups


def models():
    from sklearn_raman.discriminant_analysis import PLSLDA

    return {name: PLSLDA(shrinkage=k / 10) for k, name in enumerate(HOSTILE)}


@pytest.mark.usefixtures("few_trees")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pages_and_figures_show_labels_as_they_are(named, tmp_path):
    X, y, groups = named
    result = compare(
        dict(list(models().items())[:5]),
        X,
        y,
        groups=groups,
        cv=2,
        progress=False,
        random_state=0,
    )
    title = HOSTILE[1]
    path = result.save_html(tmp_path / "report.html", title=title, description=title)
    page = read_page(path.read_text(encoding="utf-8"))
    for name in HOSTILE[:5]:
        assert name in page.text
    read_page(result._repr_html_())
    curve = sample_size_curve(
        models(),
        X,
        y,
        groups=groups,
        sizes=[1, 2],
        cv=2,
        n_draws=1,
        progress=False,
        random_state=0,
    )
    read_page(curve._repr_html_())
    figure = curve.plot()
    shown = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert [text.replace("\\$", "$") for text in shown] == HOSTILE
    formula = HOSTILE[3:4]  # the page has the pictures of all
    draw(figure, result.plot(), result.plot_explanations(formula))
    model = models()["_hidden"].fit(X, y)
    summary = ExplanationSummary.from_estimator(model, X, y)
    # In panels of one's own, too, where the legend is in the first of them.
    figure = Figure()
    panels = figure.subplots(4)
    plot_stability([summary] * len(HOSTILE), labels=HOSTILE, ax=panels)
    shown = [text.get_text() for text in panels[0].get_legend().get_texts()]
    assert [text.replace("\\$", "$") for text in shown] == HOSTILE
    draw(figure)
    read_page(summary._repr_html_())
    draw(*(summary.plot(kind) for kind in ("mean", "frequency")))
    report = synthesis_report(
        X, X + 0.01, X * 1.01, y_train=y, y_test=y, y_synthetic=y, n_draws=1
    )
    draw(report.plot(classes=formula))


def draw(*figures):
    """Draw figures: a label that is taken for a formula fails here."""
    for figure in figures:
        figure.draw_without_rendering()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_command_line_shows_labels_as_they_are(
    named, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    X, y, groups = named
    y = np.repeat([HOSTILE[5], HOSTILE[0]], 12)
    table = X.assign(**{"<i>class</i>": y, "\x1b[1mgroup": groups})
    name = "\x1b]0;title\x07<b>.csv"
    table.to_csv(name, index=False)
    columns = ["--label", "<i>class</i>", "--group", "\x1b[1mgroup"]
    options = ["--models", "LDA", "--quick", "--folds", "2", "--title", HOSTILE[0]]
    model = ["--save-model", "m.skops"]
    assert main(["report", name, *columns, *options, *model]) == 0
    assert main(["convert", name, *columns, "-o", "all.csv"]) == 0
    assert main(["convert", "\x1b[2Jnone.csv", "-o", "all.csv"]) == 1
    out, err = capsys.readouterr()
    assert not {"\x1b", "\x07"} & set(out + err)
    assert "\\x1b[2Jnone.csv" in err
    page = read_page(Path("report.html").read_text(encoding="utf-8"))
    assert HOSTILE[0] in page.text
