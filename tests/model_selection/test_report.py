"""The page stands alone, is safe, and says what the tables say."""

import re
from copy import deepcopy
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.svm import SVC

from sklearn_raman.model_selection import compare
from sklearn_raman.model_selection._plot import draw_confusion
from sklearn_raman.model_selection._report import _signed

VOID = {"meta", "img", "br"}


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
    y = np.where(y == "mineral 1", "<b>bold & co</b>", y)
    models = {
        "<script>alert(1)</script>": LogisticRegression(),
        "mean": explainer,
        "other mean": explainer,
        "third mean": explainer,
        "SVM": SVC(),
        "guess": DummyClassifier(),
    }
    return compare(models, X, y, groups=groups, cv=3, progress=False, random_state=0)


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
                assert attributes[key].startswith("data:image/png;base64,"), tag
    assert "http" not in text and "url(" not in text
    assert "<title>A &lt; B</title>" in text
    assert "<p>First &amp; best.</p><p>Second.</p>" in text
    assert "<script>alert(1)</script>" in page.text
    assert "<b>bold & co</b>" in page.text


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
    # One of scores, a confusion matrix for each model, maps for each class.
    assert len(figures) == 1 + 6 + 3
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
    table = text.partition("What the searches chose")[2].partition("</section>")[0]
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
    pairs = pairs[pairs["row"] == result.to_frame().index[0]]
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
    assert labels == list(result.to_frame().index)
    figure = result.plot_explanations([result.classes[2], result.classes[0]])
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
    assert len(titles) == 2 * 3
    assert titles[0].startswith(f"{result.classes[2]}: mean (mean of ")
    figure.savefig(tmp_path / "maps.png")
    assert (tmp_path / "maps.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match="classes must be a list of labels"):
        result.plot_explanations(["granite"])
    with pytest.raises(ValueError, match="metric must be one of"):
        result.plot("auc")


def test_the_confusion_matrix_of_many_classes_shows_its_counts(rng):
    counts = rng.integers(0, 3, size=(40, 40))
    axes = draw_confusion(pd.DataFrame(counts)).axes[0]
    shown = np.zeros_like(counts)
    for text in axes.texts:
        column, row = text.get_position()
        shown[row, column] = int(text.get_text())
    np.testing.assert_array_equal(shown, counts)


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
