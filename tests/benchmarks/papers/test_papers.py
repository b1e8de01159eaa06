"""The four papers: a tiny run of each, the machinery, and the pages."""

import json

import numpy as np
import pytest

from benchmarks.papers import __main__ as command
from benchmarks.papers import _spectra
from benchmarks.papers import _store as store_module
from benchmarks.papers._page import filled, page_texts, side_by_side
from benchmarks.papers._paper import Experiment, MissingData, Options, Paper, each
from benchmarks.papers._store import Store
from benchmarks.papers._values import Page, Values, clearly, gap, reliably
from benchmarks.papers.fukuhara import models, simulation, values
from benchmarks.papers.guo.models import minerals
from benchmarks.papers.zhang.data import three_parts
from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.over_sampling.report import _measures

pytestmark = [
    pytest.mark.filterwarnings("ignore:No spectrum of"),
    pytest.mark.filterwarnings("ignore:Only one sample available"),
    pytest.mark.filterwarnings("ignore:Fewer than two fits"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with made-up acids and meat in the form of the real ones."""
    path = tmp_path_factory.mktemp("spectra")
    X, y = make_lorentzian_spectra(
        10, centers=(150, 400, 700), fwhm=12, noise=0.005, random_state=0
    )
    axis = np.linspace(267, 2004, 1024)
    names = np.array(["a", "b", "c"])[y]
    np.savez(path / _spectra.AMINO_ACIDS, X=X + 0.1, y=names, axis=axis)
    X, y = make_lorentzian_spectra(
        20, n_points=56, centers=(10, 30, 45), random_state=0
    )
    np.savez(
        path / _spectra.MEAT,
        X=X.astype(np.float32),
        y=np.array(["Chicken", "Pork", "Turkey"])[y],
        axis=np.linspace(1000, 1868, 56),
        group=np.char.add("s", (np.arange(len(X)) // 2).astype(str)),
    )
    return path


@pytest.fixture(scope="module")
def run_of(folder, tmp_path_factory):
    """Return the store of a paper's tiny run, done once."""
    output, stores = tmp_path_factory.mktemp("results"), {}

    def tiny(name):
        if name not in stores:
            stores[name] = Store(output / f"{name}.json")
            options = Options(size="tiny", folder=folder)
            command.run(command.PAPERS[name], options, stores[name])
        return stores[name]

    with pytest.MonkeyPatch.context() as patch:
        # Forests, searches and maps are most of the time, and tested elsewhere.
        patch.setattr(_measures, "forest_accuracy", lambda *sets: 0.5)
        patch.setattr(models, "SVM_GRID", {"svc__C": [1.0]})
        patch.setattr(simulation, "N_TEST", 4)
        yield tiny


@pytest.mark.parametrize("name", command.PAPERS)
def test_tiny_run(name, run_of, folder, capsys):
    """It is complete, a second one does nothing, and the pages can be written."""
    store, paper = run_of(name), command.PAPERS[name]
    text, options = store.path.read_text(), Options(size="tiny", folder=folder)
    assert str(folder) not in text and not store.skipped
    ran = {e.name for e in paper.experiments if e.tasks(options)}
    assert ran == set(store.records) and len(ran) > 5
    command.run(paper, options, Store(store.path))
    assert store.path.read_text() == text
    page, lines = filled(paper, store)
    assert sum(page.tally.values()) == lines.count("** |") - _ours(lines)
    assert len(paper.figures(store.results())) >= 2
    texts = page_texts(command.PAPERS.values(), store.path.parent)
    assert texts[f"papers/{name}.md"]


def _ours(text):
    """Count the verdicts on tests of ours."""
    return text.split("## Beyond the p")[1].count("** |")


@pytest.mark.parametrize("name", command.PAPERS)
def test_nothing_run(name, tmp_path):
    paper = command.PAPERS[name]
    page, _ = filled(paper, Store(tmp_path / "nothing.json"))
    assert page.tally["holds"] == page.tally["does not hold"] == 0
    assert page.tally["not run yet"] > 10 and not paper.figures({})


def test_pages_are_made_from_the_committed_results():
    """Byte for byte."""
    docs = command.DOCS_IMAGES.parent
    for name, text in page_texts(command.PAPERS.values(), command.FULL).items():
        assert (docs / name).read_text() == text, name


@pytest.mark.parametrize("name", command.PAPERS)
def test_short_page_names_what_was_not_checked(name):
    """As many as are counted; our own tests have their heading, too."""
    store = Store(command.FULL / f"{name}.json")
    tally = filled(command.PAPERS[name], store)[0].tally
    page = (command.DOCS_IMAGES.parent / f"papers/{name}.md").read_text()
    parts = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    assert {"What it claims", "What holds", "Main numbers"} < set(parts)
    own = {"Beyond the paper (not counted)", "Beyond the poster (not counted)"}
    assert len(own & set(parts)) == 1
    unknown = tally["cannot be checked"] + tally["not run yet"]
    assert parts["Not checked"].count("\n- ") == unknown > 0


def test_pictures_of_the_pages_are_there():
    for paper in command.PAPERS.values():
        parts = (paper.folder / "page.md").read_text().split("](../images/")[1:]
        shown = {part.split(")")[0] for part in parts}
        drawn = command.DOCS_IMAGES.glob(f"papers_{paper.name}_*.png")
        assert shown == {path.name for path in drawn} and len(shown) >= 4


# Machinery ------------------------------------------------------------------------


def height(seed, n):
    """Stand for an experiment."""
    if n == 0:
        raise RuntimeError("stopped half way")
    X, _ = make_lorentzian_spectra(2, n_points=n, centers=(10,), random_state=seed)
    return {"height": X.max(axis=1), "bad": np.nan}


def paper(folder, numbers=(20,), n_seeds=3):
    """Return a paper with one experiment, and one without data."""

    def absent(options):
        raise MissingData("ask the authors")

    def tasks(options):
        return each(height, options, seed=options.seeds(1, 1, n_seeds), n=[*numbers])

    (folder / "lines.md").write_text(
        "{heights.height:2} {claim(heights.height > 0.5)} {claim()}{private:2} "
        "{ours(heights.height < 0)}\n\n{was_run}"
    )
    (folder / "page.md").write_text("{tally}")
    experiments = [Experiment("heights", "of a line", 0, tasks)]
    experiments.append(Experiment("private", "nobody's", 9, absent))
    names = type(command)("values")
    names.tables = lambda results: {}
    return Paper("one", "A paper", folder, names, lambda results: {}, experiments)


def test_runs_go_on_and_keep_what_was_done(tmp_path, capsys, monkeypatch):
    store, options = Store(tmp_path / "one.json"), Options(size="tiny")
    with pytest.raises(RuntimeError, match="half way"):
        command.run(paper(tmp_path, (20, 0), 1), options, store)
    assert [r["n"] for r in Store(store.path).results()["heights"]] == [20]
    monkeypatch.setattr(store_module, "versions", lambda: {"numpy": "99"})
    command.run(paper(tmp_path), options, store)
    kept = Store(store.path)
    assert [r["versions"] for r in kept.results()["heights"]] == [0, 1, 1]
    assert kept.results()["heights"][0]["bad"] is None
    assert "1 of 3 there" in capsys.readouterr().out
    assert kept.skipped == {"private": "ask the authors"}
    page, text = filled(paper(tmp_path), kept)
    assert "**holds** **cannot be checked**not run yet **failed**" in text
    assert page.tally["holds"] == 1 and "ask the authors | (about 9 min)" in text


def test_fresh_seeds_are_set_beside_the_stated_ones(tmp_path):
    stated, fresh = Store(tmp_path / "a.json"), Store(tmp_path / "b.json")
    command.run(paper(tmp_path), Options(size="tiny"), stated)
    command.run(paper(tmp_path), Options(size="tiny", first_seed=200), fresh)
    assert [r["seed"] for r in fresh.results()["heights"]] == [200, 201, 202]
    assert "1 of 1 values agree" in side_by_side(paper(tmp_path), fresh, stated)
    for record in fresh.records["heights"].values():
        record["height"] = [9.0]
    assert "0 of 1 values agree" in side_by_side(paper(tmp_path), fresh, stated)


def test_values_pair_by_seed_and_know_what_was_not_run():
    first = Values.of([{"seed": s, "a": 1.0 + s, "b": [s, None]} for s in range(4)])
    second = Values.of([{"seed": s, "a": 0.9 + s} for s in (3, 1, 2)])
    lead = first.a - second.a
    assert f"{lead:2}" == "0.10 ± 0.00 (3)" and f"{first.a:+.1f}" == "+2.5"
    assert f"{first.b:~1}" == "1.5 ± 1.3" and f"{first.c:2}" == "not run yet"
    assert clearly(lead) and not clearly(second.a - first.a)
    assert (first.c > 1, first.c - first.a >= 0, reliably(first.c)) == (None,) * 3
    found = Values.of([{"seed": s, "v": v} for s, v in enumerate((0.0, 2.0, 1.0))]).v
    reach = 4.302652729911275 / np.sqrt(3)  # t of two degrees of freedom
    assert gap(found) == f"+1.000 ({1 - reach:+.3f} to {1 + reach:+.3f})"
    assert not reliably(found)


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ((), "cannot be checked"),
        ((True, True), "holds"),
        ((False,), "does not hold"),
        ((True, False), "in part"),
        ((True, None), "not run yet"),
    ],
)
def test_verdict(holds, expected):
    page = Page({"holds": holds})
    assert page.fill("{claim(*holds)}") == f"**{expected}**"
    assert page.tally[expected] == 1


def test_command_lists_and_refuses(capsys):
    command.main([])
    listed = capsys.readouterr().out
    assert all(f"{name}  " in listed for name in command.PAPERS)
    for wrong in (["einstein"], ["guo", "--only", "meat"]):
        with pytest.raises(SystemExit):
            command.main(wrong)
        assert "there is no" in capsys.readouterr().err


def test_missing_spectra_say_where_they_come_from(tmp_path, monkeypatch):
    for name, words in ((_spectra.AMINO_ACIDS, "MIT"), (_spectra.MEAT, "Quadram")):
        for place in (None, tmp_path):
            with pytest.raises(MissingData, match=words):
                _spectra.spectra_file(place, name)

    def missing(**_):
        raise ImportError("no pyopenspecy")

    monkeypatch.setattr(_spectra, "fetch_rruff", missing)
    minerals.cache_clear()
    store = Store(tmp_path / "guo.json")
    command.run(
        command.PAPERS["guo"], Options(), store, only=["spectra", "interpolations"]
    )
    assert all("sklearn-raman[rruff]" in reason for reason in store.skipped.values())
    assert len(store.skipped) == 2 and not store.records


def test_parts_of_zhang():
    """7:1:2 of each class; measurements of a sample stay together."""
    y = np.repeat(["a", "b"], [40, 80])
    for groups in (np.arange(120), np.arange(120) // 2):
        parts = three_parts(y, groups, seed=0)
        assert sorted(np.concatenate(parts)) == list(range(120))
        assert [len(part) for part in parts] == [84, 12, 24]
        for label, n in (("a", 40), ("b", 80)):
            shares = [(y[part] == label).sum() / n for part in parts]
            assert shares == pytest.approx([0.7, 0.1, 0.2])
        assert not set.intersection(*(set(groups[part]) for part in parts[:2]))
        assert not set.intersection(*(set(groups[part]) for part in parts[1:]))


def test_what_cannot_be_run_is_not_promised():
    """Repeats of one sample have no other crystals to test."""
    record = {"seed": 100, "accuracy": {values.PAPER_NET: {"random": 1.0}}}
    found = values.tables({"small_training_set_acids": [record]})["small_table"]
    assert f"| amino acids | {values.PAPER_NET} | 1.000 (1) | - | " in found


def test_unbalanced_sets_have_as_many_spectra(run_of):
    records = run_of("wgan_gp").results()["unbalanced"]
    assert all(r["balanced"]["n"] == r["unbalanced"]["n"] for r in records)


def test_crystals_are_apart_only_where_it_says_so(run_of):
    results = json.loads(run_of("guo").path.read_text())["experiments"]
    seen = {
        name: [r["seen_crystals"] for r in found.values()]
        for name, found in results.items()
        if name.endswith(("crystals", "folds"))
    }
    assert max(seen["bundled_new_crystals"]) == 0
    assert min(seen["bundled_random_folds"]) > 0.9
    (maps,) = results["bundled_deconvolution"].values()
    # Known beforehand: the way back does not pass the layers behind the pooling.
    assert maps["deconv"]["other_class"] == pytest.approx(1)
    assert maps["deconv"]["forgotten"]["hidden"] == pytest.approx(1)
    assert maps["contribution"]["other_class"] < 0.9
