"""Hostile labels and groups into every public call that takes them."""

import enum
import inspect

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import Bunch

from sklearn_raman import inspection
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import ExplanationSummary, plot_stability
from sklearn_raman.model_selection import OneGroupPerClassSplit, compare
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.over_sampling import SpectrumBootstrap, synthesis_report
from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector
from tests.hostile._entrances import ENTRANCES, SPLITS, fitted, make, maps
from tests.hostile._kinds import AXIS, GROUPS, LABELS, SPECTRA, labeled
from tests.hostile.test_spectra import assert_same, cells, run

ALL = ENTRANCES | SPLITS
TAKE = {
    name: [
        entrance
        for entrance, how in ALL.items()
        if name in inspect.signature(how.call).parameters
    ]
    for name in ("y", "groups")
}
# One group each, so that nothing has to be split.
SAME = {
    "list": list,
    "tuple": tuple,
    "objects": lambda y: y.astype(object),
    "Series": pd.Series,
    "Series, falling index": lambda y: pd.Series(y, index=range(len(y))[::-1]),
    "categories": lambda y: pd.Series(pd.Categorical(y)),
    "strings of pandas": lambda y: pd.Series(y, dtype="string"),
    "polars": pl.Series,
    "read-only": lambda y: np.broadcast_to(y, y.shape),
    "every second": lambda y: np.repeat(y, 2)[::2],
}


def _with(values, place, value):
    values = values.astype(object)
    values[place] = value
    return values


MISSING = {
    "None": lambda y: _with(y, 2, None),
    "NaN": lambda y: _with(y, 2, np.nan),
    "NA": lambda y: pd.Series(_with(y, 2, pd.NA), dtype="string"),
    "missing category": lambda y: pd.Series(pd.Categorical(_with(y, 2, None))),
    "NaN among numbers": lambda y: np.where(np.arange(len(y)) == 2, np.nan, 1.0),
    "null of polars": lambda y: pl.Series([None, *y[1:].tolist()]),
    "NaN in a list of texts": lambda y: [
        *y[:2].tolist(),
        float("nan"),
        *y[3:].tolist(),
    ],
    "masked": lambda y: np.ma.masked_array(y, np.arange(len(y)) == 2),
}
WRONG = {
    "too short": lambda y: y[:-1],
    "too long": lambda y: np.append(y, y[:1]),
    "none": lambda y: y[:0],
    "two columns": lambda y: np.stack([y, y], axis=1),
    "one label": lambda y: str(y[0]),
    "dict": lambda y: dict(enumerate(y)),
    "set": set,
    "texts and numbers": lambda y: _with(y, 2, 7),
    # Of these an array makes one.
    "a list of texts and numbers": lambda y: [1, "1", *y[2:].tolist()],
    "zero bytes": lambda y: [*y[:-1].tolist(), f"{y[0]}\0"],
    "zero bytes in objects": lambda y: np.array(
        [*y[:-1].tolist(), f"{y[0]}\0"], dtype=object
    ),
    "large numbers beside a fraction": lambda y: [2**60, 2**60 + 1, 0.5, *[2**60] * 5],
}


LABELED = [(name, entrance) for name, found in TAKE.items() for entrance in found]
GOOD = {"y": LABELS, "groups": GROUPS}
each = pytest.mark.parametrize(("name", "entrance"), LABELED)


def call(entrance, **labels):
    return run(ALL[entrance], SPECTRA.copy(), **labels)


@each
def test_the_same_labels_written_otherwise(name, entrance):
    wanted, warned = call(entrance)

    def check(kind):
        found, said = call(entrance, **{name: SAME[kind](GOOD[name])})
        assert said == warned, said
        assert_same(found, wanted, ALL[entrance].digits)

    cells(check, SAME)


@each
def test_labels_that_are_missing_or_wrong(name, entrance):
    def check(kind):
        values = (MISSING | WRONG)[kind](GOOD[name])
        with pytest.raises((ValueError, TypeError)) as raised:
            call(entrance, **{name: values})
        assert len(str(raised.value)) > 20

    cells(check, MISSING | WRONG)


ROWS = list("abcdefgh")


@each
def test_labels_in_another_order(name, entrance):
    X = labeled().set_axis(ROWS)
    values = pd.Series(GOOD[name], index=ROWS)[::-1]
    with pytest.raises(ValueError, match=rf"{name} has the index of .* another order"):
        run(ALL[entrance], X, **{name: values})
    found, _ = run(ALL[entrance], X, **{name: values.loc[ROWS]})
    assert_same(found, run(ALL[entrance], X)[0], ALL[entrance].digits)


def _report(**labels):
    sets = {
        name: labeled(np.tile(SPECTRA, (2, 1)) + shift)
        for name, shift in (("train", 1), ("test", 2), ("synthetic", 3))
    }
    y = {f"y_{name}": pd.Series(np.tile(LABELS, 2)) for name in sets}
    return synthesis_report(*sets.values(), **(y | labels), n_draws=1)


def _bunch(y):
    return compare([make("PLSLDA")], Bunch(data=ORDERED, target=y), explain=False)


ORDERED = labeled().set_axis(ROWS)
FIRST = pd.Series("quartz", index=ROWS)
TURNED_MAPS = ORDERED[::-1]
# Beside those that the table of entrances names: the argument, what it belongs to.
OTHERS = {
    "synthesis_report, y_train": lambda: _report(
        y_train=pd.Series(np.tile(LABELS, 2))[::-1]
    ),
    "synthesis_report, y_test": lambda: _report(
        y_test=pd.Series(np.tile(LABELS, 2))[::-1]
    ),
    "synthesis_report, y_synthetic": lambda: _report(
        y_synthetic=pd.Series(np.tile(LABELS, 2))[::-1]
    ),
    "compare, target": lambda: _bunch(pd.Series(LABELS, index=ROWS)[::-1]),
    "OneGroupPerClassSplit.split, groups beside y": lambda: next(
        OneGroupPerClassSplit().split(
            np.zeros((8, 1)),
            pd.Series(LABELS, index=ROWS),
            pd.Series(GROUPS, index=ROWS)[::-1],
        )
    ),
    "randomization_test, target": lambda: inspection.randomization_test(
        fitted("GAPCNNClassifier"), ORDERED, target=FIRST[::-1], n_repeats=1
    ),
    "occlusion, target": lambda: inspection.occlusion(
        fitted("PLSLDA"), ORDERED, FIRST[::-1]
    ),
    "occlusion, reference": lambda: inspection.occlusion(
        fitted("PLSLDA"), ORDERED, reference=TURNED_MAPS
    ),
    "explain_, reference": lambda: fitted("PLSLDA").explain_(
        ORDERED, reference=TURNED_MAPS
    ),
    "explain_ of a network, reference": lambda: fitted("CNNClassifier").explain_(
        ORDERED, reference=TURNED_MAPS
    ),
    "deletion_curve, target": lambda: inspection.deletion_curve(
        fitted("PLSLDA"), ORDERED, maps(), target=FIRST[::-1]
    ),
    "deletion_curve, reference": lambda: inspection.deletion_curve(
        fitted("PLSLDA"), ORDERED, maps(), reference=TURNED_MAPS
    ),
    "deletion_curve, maps": lambda: inspection.deletion_curve(
        fitted("PLSLDA"), ORDERED, TURNED_MAPS
    ),
    "deletion_percentile, maps": lambda: inspection.deletion_percentile(
        fitted("PLSLDA"), ORDERED, TURNED_MAPS
    ),
    "peak_share, maps": lambda: inspection.peak_share(TURNED_MAPS, ORDERED),
    "localization_score, peaks": lambda: inspection.localization_score(
        ORDERED, pd.Series(424.0, index=ROWS)[::-1], fwhm=4.0
    ),
    "localization_score, distractors": lambda: inspection.localization_score(
        ORDERED, 424.0, fwhm=4.0, distractors=pd.Series(444.0, index=ROWS)[::-1]
    ),
    "ExplanationSummary.from_maps, predicted": lambda: ExplanationSummary.from_maps(
        ORDERED, LABELS, FIRST[::-1]
    ),
    "ExplanationSummary.from_maps, spectra": lambda: ExplanationSummary.from_maps(
        ORDERED, LABELS, spectra=TURNED_MAPS
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_goes_with_spectra_in_another_order(name):
    argument = name.partition(", ")[2].partition(" ")[0]
    with pytest.raises(
        ValueError, match=f"{argument} has the index of .* another order"
    ):
        OTHERS[name]()


def test_labels_of_spectra_whose_axis_is_not_known():
    """Maps of these are arrays, which have no index to compare with."""
    X = pd.DataFrame(SPECTRA, index=ROWS)
    y = pd.Series(LABELS, index=ROWS)[::-1]
    with pytest.raises(ValueError, match="y has the index of X in another order"):
        ExplanationSummary.from_estimator(fitted("PLSLDA"), X, y)


ON_ANOTHER_AXIS = {
    "deletion_curve": lambda maps: inspection.deletion_curve(
        fitted("PLSLDA"), ORDERED, maps
    ),
    "deletion_percentile": lambda maps: inspection.deletion_percentile(
        fitted("PLSLDA"), ORDERED, maps
    ),
    "peak_share": lambda maps: inspection.peak_share(maps, ORDERED),
    "from_maps": lambda maps: ExplanationSummary.from_maps(
        maps, LABELS, spectra=ORDERED
    ),
    "occlusion": lambda reference: inspection.occlusion(
        fitted("PLSLDA"), ORDERED, reference=reference
    ),
    "explain_": lambda reference: fitted("PLSLDA").explain_(
        ORDERED, reference=reference
    ),
    "explain_ of a network": lambda reference: fitted("CNNClassifier").explain_(
        ORDERED, reference=reference
    ),
}


@pytest.mark.parametrize("name", ON_ANOTHER_AXIS)
def test_maps_and_references_on_another_axis(name):
    call = ON_ANOTHER_AXIS[name]
    call(ORDERED)
    shifted = ORDERED.set_axis([f"{at + 1:g}" for at in AXIS], axis=1)
    for other in (ORDERED.iloc[:, ::-1], shifted):
        with pytest.raises(ValueError, match="cm-1"):
            call(other)


CLASSIFIERS = [e for e in TAKE["y"] if ".fit" in e or "partial" in e or e == "compare"]


@pytest.mark.parametrize("entrance", CLASSIFIERS)
def test_numbers_that_are_no_labels(entrance):
    with pytest.raises(ValueError, match="continuous|Unknown label type"):
        call(entrance, y=np.linspace(0, 1, 8))


# The others would use groups to calibrate, or average.
JUDGED = [
    e for e in TAKE["groups"] if "N" not in e and "PLS" not in e and "av" not in e
]
JUDGED += ["SpectralNoveltyDetector.fit"]


@pytest.mark.parametrize("entrance", JUDGED)
def test_a_group_of_all(entrance):
    with pytest.raises(ValueError, match="group"):
        call(entrance, groups=np.zeros(8), y=LABELS)


class _Named(str, enum.Enum):  # noqa: UP042  (whose text is another)
    CALCITE = "calcite"
    QUARTZ = "quartz"


@each
def test_labels_whose_text_is_another(name, entrance):
    """numpy makes "_Named.QUARTZ" of such a label, or cuts it to "_Named."."""
    values = np.array([_Named.CALCITE] * 5 + [_Named.QUARTZ] * 3, dtype=object)
    with pytest.raises(ValueError, match=rf"{name} would hold '_Named.CALCITE'"):
        call(entrance, **{name: values})


@pytest.mark.parametrize("name", ["longdouble", "strings"])
@pytest.mark.parametrize("entrance", ["compare", "ExplanationSummary.from_maps"])
def test_labels_that_pandas_can_not_index_by(entrance, name):
    numbers = np.repeat([0.0, 1.0], [5, 3])
    if name == "longdouble":
        y, wanted = numbers.astype(np.longdouble), numbers
    elif entrance == "compare":
        pytest.skip("scikit-learn refuses them")
    else:
        y, wanted = LABELS.astype(np.dtypes.StringDType()), LABELS
    found, _ = call(entrance, y=y)
    assert_same(found, call(entrance, y=wanted)[0], 12)


MISTAKEN = [0, 1, 2, 3, 5, 5, 6, 0]


def _shown(y):
    """Return all that results show of classes, as numbers."""
    summary = ExplanationSummary.from_maps(maps(), y, y[MISTAKEN], spectra=SPECTRA)
    figures = [
        summary.plot(kind, classes=list(np.unique(y))[::-1])
        for kind in ("mean", "frequency", "misclassified")
    ]
    fits = [pd.DataFrame(maps()[[k, -1]], np.unique(y), AXIS) for k in (0, 1)]
    figures.append(plot_stability(fits, classes=list(np.unique(y))[::-1]))
    sets = np.concatenate([SPECTRA + k for k in range(6)])
    labels = np.tile(y, 6)
    report = synthesis_report(
        sets[:24],
        sets[24:] + 0.5,
        sets[:24] + 0.25,
        y_train=labels[:24],
        y_test=labels[24:],
        y_synthetic=labels[:24],
        n_draws=1,
        random_state=0,
    )
    figures.append(report.plot(classes=list(np.unique(y))[::-1]))
    lines = [
        line.get_ydata() for f in figures for axes in f.axes for line in axes.lines
    ]
    frames = [summary.bands(), summary.to_frame(), report.to_frame("classes")]
    return lines + [f.select_dtypes("number").to_numpy() for f in frames]


@pytest.mark.parametrize("dtype", [bool, object])
def test_results_for_labels_that_are_true_or_false(dtype):
    """pandas takes a list of them for a mask, and one of them for an error."""
    wanted = _shown(LABELS)
    found = _shown((LABELS == "quartz").astype(dtype))
    assert len(found) == len(wanted) > 20
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(np.asarray(one, float), np.asarray(other, float))


FITTED = {
    "PLSLDA": lambda y: PLSLDA(n_components=2).fit(SPECTRA, y).classes_,
    "network": lambda y: CNNClassifier(max_epochs=1).fit(SPECTRA, y).classes_,
    "sampler": lambda y: SpectrumBootstrap().fit(SPECTRA, y).classes_,
    "wrapper of PLSLDA": lambda y: (
        SpectralNoveltyDetector(PLSLDA(n_components=2), cv=2, grouped=False)
        .fit(SPECTRA, y)
        .classes_
    ),
    "wrapper of scikit-learn's": lambda y: (
        ConformalClassifier(KNeighborsClassifier(1), cv=2, grouped=False)
        .fit(SPECTRA, y)
        .classes_
    ),
}


@pytest.mark.parametrize("kind", ["Int64", "UInt64", "int64[pyarrow]", "boolean"])
@pytest.mark.parametrize("name", FITTED)
def test_nullable_numbers_are_as_those_of_numpy(name, kind):
    """Floats would make one class of large ones, and write 0.0 for 0."""
    codes = (LABELS == "quartz") if kind == "boolean" else 2**53 + (LABELS == "quartz")
    found = FITTED[name](pd.Series(codes, dtype=kind))
    assert found.tolist() == sorted(set(codes.tolist()))
    assert found.dtype.kind in "iub"


def test_a_sampler_gives_back_the_dtype_of_labels():
    y = pd.Series(2**53 + (LABELS == "quartz"), dtype="Int64")
    _, new = SpectrumBootstrap(random_state=0).fit_resample(SPECTRA, y)
    assert new.dtype == "Int64"
    assert new.value_counts().to_dict() == {2**53: 5, 2**53 + 1: 5}
