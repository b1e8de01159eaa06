"""The page stands alone, is safe, and says what the tables say."""

import re
import sys
from copy import deepcopy
from datetime import date
from html import escape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import Bunch

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import band_report
from sklearn_raman.model_selection import compare
from sklearn_raman.model_selection._notes import explain_labels, find_bands
from sklearn_raman.model_selection._report import _signed
from sklearn_raman.model_selection._spectra import sum_up_spectra
from sklearn_raman.preprocessing import WavenumberResampler

VOID = {"meta", "img", "br"}
PNG = "data:image/png;base64,"
CV = StratifiedGroupKFold(3, shuffle=True, random_state=0)
# HTML, and a formula that matplotlib cannot read.
ODD = "<b>bold $\\co$</b>"


class Page(HTMLParser):
    """Collects tags with their attributes and checks that they nest."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.stack, self.text = [], [], ""
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def result(spectra, explainer):
    X, y, groups = spectra
    y = np.where(y == "mineral 1", ODD, y)
    models = {
        "<script>alert(1)</script>": LogisticRegression(),
        "mean": explainer,
        "other mean": explainer,
        "third mean": explainer,
        "SVM": SVC(),
        "$guess$ $": DummyClassifier(),
    }
    return compare(models, X, y, groups=groups, cv=CV, progress=False, random_state=0)


@pytest.fixture(scope="module")
def text(result, tmp_path_factory):
    """The page of all models."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    written = result.save_html(
        path, title="A < B", description="First & best.\n\nSecond."
    )
    assert written == path
    return path.read_text(encoding="utf-8")


def test_page_is_self_contained_and_escaped(text):
    page = Page(text)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object"}
    for tag, attributes in page.tags:
        for key in ("src", "href"):
            if key in attributes:
                assert attributes[key].startswith((PNG, "#")), tag
    assert "http" not in text and "url(" not in text
    assert "<title>A &lt; B</title>" in text
    assert "<p>First &amp; best.</p><p>Second.</p>" in text
    assert "<script>alert(1)</script>" in page.text
    assert ODD in page.text


def test_page_says_what_the_tables_say(result, text):
    page = Page(text)
    for row in result.to_frame().itertuples():
        assert f"{row.accuracy:.3f} ± {row.accuracy_std:.3f}" in page.text
    pair = result.differences().iloc[-1]
    assert _signed(pair["difference"]) in page.text
    assert _signed(-pair["difference"]) in page.text
    assert "StratifiedGroupKFold(n_splits=3" in page.text
    assert "never on both sides" in page.text
    figures = [attributes["alt"] for tag, attributes in page.tags if tag == "img"]
    # Scores and class means; each of the first misses, maps of each class.
    assert len(figures) == 2 + len(result.missed) + 3 == 11
    cells = [attributes.get("class") for tag, attributes in page.tags if tag == "td"]
    better, worse = cells.count("better"), cells.count("worse")
    pairs = result.differences()
    clear = (pairs["lower"] > 0) | (pairs["upper"] < 0)
    assert better == worse == clear.sum()


def test_page_names_what_searches_chose(spectra, tmp_path):
    X, y, groups = spectra
    search = GridSearchCV(SVC(), {"C": [1, 10]}, cv=GroupKFold(2))
    models = {"<SVM>": search, "guess": DummyClassifier()}
    result = compare(models, X, y, groups=groups, cv=3, progress=False, random_state=0)
    text = result.save_html(tmp_path / "page.html").read_text("utf-8")
    table = text.partition("<h2>What the searches chose")[2].partition("</section>")[0]
    cells = re.findall(r"<td>(.*?)</td>", table)
    assert cells == ["C", *result.choices["value"]]
    assert table.count("<th>fold") == 3 and "&lt;SVM&gt;" in table
    alone = compare({"guess": DummyClassifier()}, X, y, groups=groups, progress=False)
    text = alone.save_html(tmp_path / "page.html").read_text("utf-8")
    assert "What the searches chose" not in text


def test_page_marks_what_is_level_with_the_best(result, text):
    page = Page(text)
    kinds = [
        attributes.get("class", "") for tag, attributes in page.tags if tag == "td"
    ]
    pairs = result.differences()
    pairs = pairs[pairs["model"] == result.to_frame().index[0]]
    ties = (pairs["verdict"] == "tie").sum()
    assert kinds.count("to-best") == 1
    assert kinds.count("to-tie") == ties > 0
    assert kinds.count("to-worse") == len(pairs) - ties > 0


@pytest.mark.parametrize(
    ("groups", "words"), [("ignore", "ignored on purpose"), (None, "No groups were")]
)
def test_page_warns_where_groups_play_no_part(spectra, tmp_path, groups, words):
    X, y, _ = spectra
    models = {"guess": DummyClassifier()}
    result = compare(models, X, y, groups=groups, cv=2, progress=False)
    text = result.save_html(tmp_path / "new" / "one.html").read_text("utf-8")
    assert words in Page(text).text
    assert "What the models looked at" not in text
    assert "row minus" not in text


def test_figures_show_every_model_and_class(result, tmp_path):
    figure = result.plot("log_loss")
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert figure.axes[0].get_xlim()[0] >= 0
    low, high = result.plot("accuracy").axes[0].get_xlim()
    assert 0 <= low < high <= 1  # no axis shows scores that cannot be
    names = result.to_frame().index
    assert labels == [name.replace("$", r"\$") for name in names]
    figure = result.plot_explanations([result.classes[2], result.classes[0]])
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
    assert len(titles) == 2 * 3
    assert titles[0].startswith(f"{result.classes[2]}: mean (mean of ")
    # As they are, and not as formulas.
    figure = result.plot_explanations([ODD])
    assert figure.axes[0].get_title(loc="left").startswith(ODD.replace("$", r"\$"))
    figure.savefig(tmp_path / "maps.png")
    assert (tmp_path / "maps.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match="classes must be a list of labels"):
        result.plot_explanations(["granite"])
    with pytest.raises(ValueError, match="metric must be one of"):
        result.plot("auc")


def test_confusion_matrices_are_tables(result, text):
    tables = text.split('<table class="matrix">')[1:]
    names = list(result.to_frame().index)
    assert len(tables) == len(names)
    for name, table in zip(names, tables, strict=True):
        body = table.partition("<tbody>")[2].partition("</tbody>")[0]
        rows = [re.findall(r"<td[^>]*>(\d*)</td>", row) for row in body.split("</tr>")]
        shown = [[int(count or 0) for count in row] for row in rows if row]
        np.testing.assert_array_equal(shown, result.confusion_matrix(name))


def test_a_class_that_was_never_right_gets_a_sentence(result):
    result = deepcopy(result)
    summary = result.explanations["mean"]
    summary.mean = summary.mean.drop(index=result.classes[0])
    figure = result.plot_explanations([result.classes[0]])
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert re.search("no test spectrum", texts[0])


def test_signs_are_readable():
    assert [_signed(v) for v in (0.0314, -0.02, -0.0001, 0)] == [
        "+0.031",
        "−0.020",
        "0.000",
        "0.000",
    ]


def test_every_section_is_in_the_contents(text):
    page = Page(text)
    anchors = {a["href"] for tag, a in page.tags if tag == "a"}
    sections = {"#" + a["id"] for tag, a in page.tags if tag == "section"}
    # The note on groups has no heading, and no search was compared.
    assert anchors == sections - {"#groups"}
    assert len(anchors) == text.count("<h2>") == 7
    alone = text.partition('<nav class="contents"')[2].partition("</nav>")[0]
    assert re.findall(r">([^<>]+)</a>", alone) == re.findall("<h2>(.*?)</h2>", text)


def test_page_tells_date_versions_and_parameters(spectra, tmp_path):
    X, y, groups = spectra
    model = make_pipeline(StandardScaler(with_std=False), SVC(C=123))
    grid = np.arange(3000.0)
    models = {"<SVM>": model, "odd": FunctionTransformerLike(np.log1p, grid)}
    result = compare(models, X, y, groups=groups, cv=2, progress=False)
    text = result.save_html(tmp_path / "page.html").read_text("utf-8")
    part = text.partition("<h2>The models")[2].partition("</section>")[0]
    assert part.count("<details>") == part.count("<pre>") == 2
    shown = Page(part.partition("</p>")[2]).text
    for words in ("<SVM>", "with_std=False", "SVC(C=123)", "log1p"):
        assert words in shown
    assert "0x" not in shown and "SVC()" not in shown
    foot = text.partition("<footer>")[2]
    assert str(date.today().year) in foot and sklearn.__version__ in foot
    assert ("PyTorch" in foot) == ("torch" in sys.modules)
    assert all(isinstance(text, str) for text in result.protocol["models"].values())


class FunctionTransformerLike(DummyClassifier):
    """A classifier with a function and a long array among its parameters."""

    def __init__(self, func=None, grid=None):
        super().__init__()
        self.func = func
        self.grid = grid


def test_misclassified_spectra_are_listed_most_missed_first(spectra, tmp_path):
    X, y, groups = spectra
    files = [f"/folder/of/me/set/{label}/{row}.txt" for row, label in enumerate(y)]
    bunch = Bunch(data=X, target=y, filenames=files)
    models = {"guess": DummyClassifier(), "SVM": SVC(), "LR": LogisticRegression()}
    result = compare(models, bunch, groups=groups, cv=3, progress=False, random_state=0)
    text = result.save_html(tmp_path / "page.html").read_text("utf-8")
    part = text.partition('<table class="missed">')[2].partition("</table>")[0]
    found = re.findall(r"<tr><th>(\d+)</th><td>(.*?)</td>.*?<td>(\d) of 3</td>", part)
    predictions = result.predictions
    wrong = predictions[predictions["true"] != predictions["predicted"]]
    counts = wrong["row"].value_counts()
    assert len(found) == min(len(counts), 40)
    assert [int(n) for _, _, n in found] == sorted(counts, reverse=True)[:40]
    for row, file, n in found:
        assert counts[int(row)] == int(n)
        assert file == f"{y[int(row)]}/{row}.txt"
    assert f"{len(counts)} of {len(y)} test spectra" in text
    rest = len(counts) - len(found)
    assert (f"{rest} are not" in text) == (rest > 0)
    # The picture shows the first of the list, and needs no more than them.
    assert list(result.missed.index) == [int(row) for row, _, _ in found[:6]]
    assert "/folder/of/me" not in text


def test_missed_spectra_come_with_both_maps_of_a_model_that_had_not_seen_them(
    result, spectra, explainer, text
):
    X, y, groups = spectra
    y = np.where(y == "mineral 1", ODD, y)
    folds = list(CV.split(X, y, groups))
    assert list(result.missed_maps) == list(result.missed.index)
    for row, found in result.missed_maps.items():
        train, test = folds[found.fold]
        assert row in test and found.true == y[row] != found.predicted
        model = clone(explainer).fit(X.iloc[train], y[train])
        assert model.predict(X.iloc[[row]]) == [found.predicted]
        assert list(found.maps.index) == [found.predicted, found.true]
        for label, values in found.maps.iterrows():
            expected = model.explain_(X.iloc[[row]], label)[0]
            np.testing.assert_allclose(values, expected)
        np.testing.assert_array_equal(found.maps.columns, X.columns.astype(float))
        np.testing.assert_array_equal(found.spectrum, X.iloc[row])
        shown = f"<b>Row {row}</b>: {escape(found.true)}, taken for "
        assert f"{shown}{escape(found.predicted)}; missed by" in text
    assert text.count(f"Maps: {found.model}, fold") == len(result.missed)


def test_labels_off_a_band_say_what_the_class_means_show():
    """Bands of a at 300 and 500, of b at 700, of c at 700 and 900; b is high up."""
    axis = np.arange(200.0, 1001.0, 2)

    def mean(*centers):
        return sum(1 / (1 + ((axis - center) / 6) ** 2) for center in centers) * 0.8

    means = pd.DataFrame(
        [mean(300, 500), 0.2 + mean(700), mean(700, 900)],
        index=["a", "b", "c"],
        columns=pd.Index(axis, name="cm-1"),
    )
    bands = find_bands(means.to_numpy())
    positions = [(300, 1), (502, -1), (700, 1), (902, -1), (600, 1), (604, 1)]
    assert explain_labels("a", positions, means, bands) == [
        (
            "600–604",
            "no class has a band here; a is lower than the mean of the others. "
            "Background, scaling or noise.",
        ),
        (
            "902",
            "no band of a here, but one of c; what intensity there is speaks against "
            "a.",
        ),
        (
            "700",
            "no band of a here, but one of b and c; a is lower than the others: the "
            "missing band is evidence.",
        ),
        ("300, 502", "on a band of a."),
    ]
    assert explain_labels("b", [(300, 1), (600, -1)], means, bands) == [
        (
            "600",
            "no class has a band here; b is higher than the mean of the others. "
            "Background, scaling or noise.",
        ),
        (
            "300",
            "no band of b here, but one of a; b is lower than the others: the missing "
            "band is evidence.",
        ),
    ]
    means.loc["b"] += 0.5
    ((_, text),) = explain_labels("b", [(300, 1)], means, bands)
    assert text.endswith("b is no lower than the others. Background or scaling.")
    # Noise alone is no band, and what nobody measured has no note.
    noise = np.random.default_rng(0).normal(0.5, 0.1, (2, 400)).clip(0, 1)
    assert find_bands(noise).mean() < 0.05
    means.loc["b", 300] = np.nan
    assert explain_labels("b", [(300, 1)], means, bands) == []


def test_every_label_of_a_map_has_its_note(result, text):
    """The positions that the pictures show are those that the lists explain."""
    part = text.partition("<h2>What the models looked at")[2]
    assert part.count('<ul class="small">') == 3
    figure = result.plot_explanations([result.classes[0]])
    drawn = [t.get_text() for axes in figure.axes for t in axes.texts if t.xy[0] > 0]
    notes = part.partition('<ul class="small">')[2].partition("</ul>")[0]
    told = re.findall(r"<b>(.*?)</b>", notes)
    ends = [[float(end) for end in at.split("–")] for at in ", ".join(told).split(", ")]
    assert drawn
    assert all(any(e[0] <= float(at) <= e[-1] for e in ends) for at in drawn)


def test_class_means_are_those_of_the_stretched_spectra(result, spectra):
    X, y, _ = spectra
    X, y = X.to_numpy(), np.where(y == "mineral 1", ODD, y)
    low, high = X.min(axis=1)[:, None], X.max(axis=1)[:, None]
    mean = ((X - low) / (high - low))[y == "mineral 2"].mean(axis=0)
    np.testing.assert_allclose(result.class_means.loc["mineral 2"], mean)
    assert result.class_means.columns.name == "cm-1"
    frame = pl.DataFrame(X, schema=list(spectra[0].columns))
    means, missed = sum_up_spectra(frame, y, result.classes, result.missed.index)
    pd.testing.assert_frame_equal(means, result.class_means, check_dtype=False)
    pd.testing.assert_frame_equal(missed, result.missed)


def test_means_of_pairs_lie_on_the_axis_that_all_cover(spectra, tmp_path):
    X, y, groups = spectra
    axis = X.columns.astype(float).to_numpy()
    pairs = [(axis[k % 3 :], row[k % 3 :]) for k, row in enumerate(X.to_numpy())]
    resampler = WavenumberResampler(target_wavenumbers=(300, 900, 20))
    models = {"guess": make_pipeline(resampler, DummyClassifier())}
    result = compare(models, pairs, y, groups=groups, cv=2, progress=False)
    means = result.class_means
    assert means.columns.min() >= axis[2] - 1e-9 and np.isfinite(means).all(axis=None)
    text = result.save_html(tmp_path / "page.html").read_text("utf-8")
    assert "What the classes look like" in text
    far = [(a + 5000 * (k % 2), row) for k, (a, row) in enumerate(pairs)]
    assert sum_up_spectra(far, y, np.unique(y), [0]) == (None, None)


def test_gaps_and_constant_spectra_leave_the_means_finite():
    X = np.array([[0.0, 1, 2], [0, np.nan, 4], [3, 3, 3], [np.nan] * 3, [1, np.inf, 2]])
    y = np.array(["a", "a", "b", "b", "b"])
    means, missed = sum_up_spectra(X, y, np.unique(y), [3, 1])
    np.testing.assert_allclose(means, [[0, 0.5, 1], [0, 0, 0.5]])
    assert means.columns.name == "point" and list(missed.index) == [3, 1]


def test_a_perfect_comparison_has_no_misses(spectra, tmp_path):
    X, y, _ = spectra
    X = (y[:, None] == np.unique(y)) + np.arange(len(y))[:, None] % 7 / 100
    models = {"LR": LogisticRegression(C=100)}
    result = compare(models, X, y, cv=2, progress=False, random_state=0)
    text = result.save_html(tmp_path / "page.html").read_text("utf-8")
    assert "named every test spectrum correctly" in Page(text).text
    assert len(result.missed) == 0


def test_a_comparison_without_the_new_parts_still_makes_a_page(result, tmp_path):
    result = deepcopy(result)
    result.class_means = result.missed = None
    result.explanations = {}
    for key in ("models", "versions", "date"):
        del result.protocol[key]
    text = result.save_html(tmp_path / "page.html").read_text("utf-8")
    assert "<h2>The models" not in text and "<h2>What the classes" not in text
    assert '<table class="missed">' in text and not re.search(r"\$[a-z]+_", text)


def test_bands_are_shown_on_request(result, text, spectra, tmp_path):
    X, y, groups = spectra
    settings = {"n_refits": 10, "n_repeats": 1, "n_permutations": 0, "cv": 2}
    found = band_report(PLSLDA(), X, y, groups, progress=False, **settings)
    page = tmp_path / "page.html"
    shown = result.save_html(page, bands={"a < b": found}).read_text("utf-8")
    section = shown.partition("<h2>Bands with error bars")[2].partition("</section>")[0]
    assert "<h3>a &lt; b</h3>" in section and escape(found.verdict()[1]) in section
    assert section.count(PNG) == 1
    assert (
        "<h3>"
        not in result.save_html(page, bands=found)
        .read_text("utf-8")
        .partition("<h2>Bands with error bars")[2]
    )
    assert "Bands with error bars" not in text


def test_page_fits_dark_screens_and_paper(text):
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert "prefers-color-scheme: dark" in style and "@media print" in style
    screen = style.partition("@media screen")[0]
    for name in set(re.findall(r"var\((--[\w-]+)\)", style)):
        assert f"{name}:" in screen
