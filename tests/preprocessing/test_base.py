"""What all transformers share: frames in, frames out; the axis of what comes in."""

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.utils import Bunch

from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.model_selection import compare
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.preprocessing import (
    AIRPLS,
    ARPLS,
    ASLS,
    MSC,
    SNV,
    BaselineCorrection,
    Despiker,
    SavitzkyGolay,
    SpectrumNormalizer,
    SquareRoot,
    WavenumberCrop,
    WavenumberResampler,
    WhittakerSmoother,
    airpls,
    average_replicates,
)
from tests._estimators import LEARNING, SIZED, STATELESS, TRANSFORMERS


def labelled(kind, X, labels):
    """Spectra as a frame of some kind."""
    if kind == "polars":
        return pl.DataFrame(X, schema=[str(label) for label in labels], orient="row")
    labels = [str(label) for label in labels] if kind == "text" else labels
    return pd.DataFrame(X, columns=labels, index=np.arange(len(X)) * 7 + 100)


KINDS = {"text": pd.DataFrame, "float": pd.DataFrame, "polars": pl.DataFrame}


@pytest.mark.parametrize("estimator", TRANSFORMERS + SIZED, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_frames_in_frames_out(estimator, kind, spectra, axis):
    X = labelled(kind, spectra, axis)
    fitted = clone(estimator).fit(X)
    for found in (fitted.transform(X), clone(estimator).fit_transform(X)):
        assert isinstance(found, KINDS[kind])
        array = clone(estimator).set_output(transform="default").fit_transform(X)
        assert isinstance(array, np.ndarray)
        np.testing.assert_array_equal(found.to_numpy(), array)
        if kind != "polars":
            pd.testing.assert_index_equal(found.index, X.index)
        if found.shape[1] == len(axis):
            assert list(found.columns) == list(X.columns)
        else:
            assert [float(label) for label in found.columns] == list(
                fitted.wavenumbers_out_
            )


@pytest.mark.parametrize("estimator", STATELESS + SIZED, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_unfitted_does_what_fitted_would(estimator, kind, spectra, axis):
    """On an uneven axis, where points and cm-1 are not the same."""
    given = getattr(estimator, "wavenumbers", None)
    uneven = axis if given is not None else axis + axis**2 / 2e3
    X = labelled(kind, spectra, uneven)
    expected = clone(estimator).fit(X).transform(X)
    found = clone(estimator).transform(X)
    assert list(found.columns) == list(expected.columns)
    np.testing.assert_array_equal(found, expected)
    chosen = clone(estimator).set_output(transform="pandas").transform(X)
    assert list(chosen.columns) == [str(label) for label in expected.columns]


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=str)
def test_arrays_give_arrays(estimator, spectra):
    for X in (spectra, spectra.tolist(), pd.DataFrame(spectra), pl.DataFrame(spectra)):
        assert isinstance(clone(estimator).fit_transform(X), np.ndarray)
    fitted = clone(estimator).fit(spectra)
    assert isinstance(fitted.transform(spectra), np.ndarray)


def test_an_explicit_choice_wins(frame):
    assert isinstance(SNV().fit_transform(frame), pd.DataFrame)
    chosen = SNV().set_output(transform="default")
    assert isinstance(chosen.fit_transform(frame), np.ndarray)
    assert isinstance(clone(chosen).fit_transform(frame), np.ndarray)
    to_polars = SNV().set_output(transform="polars")
    assert isinstance(to_polars.fit_transform(frame), pl.DataFrame)
    with config_context(transform_output="polars"):
        assert isinstance(SNV().fit_transform(frame), pl.DataFrame)
        assert isinstance(chosen.fit_transform(frame), np.ndarray)
    pipeline = make_pipeline(SNV(), SquareRoot()).set_output(transform="default")
    assert isinstance(pipeline.fit_transform(frame), np.ndarray)


def test_an_axis_given_by_parameter(spectra, axis):
    """Labels of another kind pass through; where the grid changes, the axis is known.

    Positions are such labels, whatever they start with.
    """
    settings = {"wavenumbers": axis}
    names = [f"point {i}" for i in range(len(axis))]
    for columns in (names, range(len(axis)), range(60, 60 + len(axis))):
        X = pd.DataFrame(spectra, columns=columns, index=range(5, 17))
        same = SpectrumNormalizer(norm="area", **settings).fit_transform(X)
        pd.testing.assert_index_equal(same.columns, X.columns, exact="equiv")
        pd.testing.assert_index_equal(same.index, X.index)
        cropped = WavenumberCrop(region=(500, 504), **settings).fit_transform(X)
        assert list(cropped.columns) == ["500.0", "502.0", "504.0"]
        new = WavenumberResampler(target_wavenumbers=[500, 501], **settings)
        assert list(new.fit_transform(X).columns) == ["500.0", "501.0"]
    crop = WavenumberCrop(region=(500, 504), **settings)
    assert isinstance(crop.fit_transform(spectra), np.ndarray)


def test_the_axis_that_a_step_makes_stays_an_axis(spectra):
    """Also one that starts low, in whole steps."""
    chain = make_pipeline(
        WavenumberResampler(
            target_wavenumbers=(10, 140, 1), wavenumbers=np.arange(5.0, 155.0)
        ),
        SNV(),
        WavenumberCrop(region=(20, 30)),
    )
    positions = pd.DataFrame(spectra)
    assert list(chain.fit_transform(positions).columns) == [
        f"{value}.0" for value in range(20, 31)
    ]


NEED_WAVENUMBERS = [
    AIRPLS(cutoff=100.0),
    ARPLS(cutoff=100.0),
    ASLS(cutoff=100.0),
    SavitzkyGolay(delta="axis"),
    WavenumberCrop(region=(0, 500)),
    WavenumberResampler(target_wavenumbers=[100, 120], fill_value="edge"),
    WavenumberResampler(target_wavenumbers="common"),
    WhittakerSmoother(cutoff=100.0),
]


@pytest.mark.parametrize("step", NEED_WAVENUMBERS, ids=str)
def test_positions_are_no_axis(step, spectra):
    """Seen from both sides: 0, 1, 2, ... is none, 400, 401, ... is one."""
    counted = pd.DataFrame(spectra)
    text = counted.rename(columns=str)
    shifted = counted.set_axis(pd.RangeIndex(400, 550), axis=1)
    for X in (spectra, counted, text, counted.iloc[:, 5:], text.iloc[:, ::2], shifted):
        for method in ("fit", "transform"):
            if method == "transform" and step.__sklearn_tags__().requires_fit:
                continue
            with pytest.raises(ValueError, match=r"are positions.*\(wavenumbers="):
                getattr(clone(step), method)(X)
    for labels in (np.arange(400, 550), [str(v) for v in range(400, 550)]):
        clone(step).fit(pd.DataFrame(spectra, columns=labels))
    clone(step).set_params(wavenumbers=range(150)).fit(counted)


@pytest.mark.parametrize("norm", ["area", "max"])
def test_labels_of_what_comes_in(norm, spectra, axis):
    """Fitted without an axis or not fitted, the labels that come in are used."""
    uneven = axis + axis**2 / 2e3
    X = pd.DataFrame(spectra, columns=uneven)
    expected = SpectrumNormalizer(norm=norm).fit_transform(X)
    for step in (SpectrumNormalizer(norm=norm), SpectrumNormalizer(norm=norm)):
        step.fit(spectra)
        pd.testing.assert_frame_equal(step.transform(X), expected)
    other = SpectrumNormalizer(norm=norm, wavenumbers=axis).fit(spectra)
    other.set_params(wavenumbers=uneven)
    pd.testing.assert_frame_equal(other.transform(X), expected)
    np.testing.assert_array_equal(other.transform(spectra), expected)
    with pytest.raises(ValueError, match="parameter wavenumbers and the column labels"):
        other.set_params(wavenumbers=axis).transform(X)


def test_a_straight_line_on_an_uneven_axis():
    axis = np.linspace(20, 45, 300) ** 2
    line = pd.DataFrame([3 * axis + 7], columns=axis)
    for step in (BaselineCorrection(), BaselineCorrection().fit(line)):
        np.testing.assert_allclose(step.transform(line), 0, atol=1e-9)


# Whole steps in a grid -----------------------------------------------------------


def three_steps(**output):
    """Baseline, axis, classifier."""
    resampler = WavenumberResampler(target_wavenumbers=(410, 690, 4))
    steps = [("baseline", AIRPLS()), ("axis", resampler), ("clf", SVC())]
    return Pipeline(steps).set_output(**output)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("output", [{}, {"transform": "pandas"}])
def test_whole_steps_in_a_grid(kind, output, spectra, labels, axis):
    """`set_output` reaches only the steps that are there when it is called."""
    X = labelled(kind, spectra, axis)
    swaps = [
        AIRPLS(),
        BaselineCorrection(),
        "passthrough",
        make_pipeline(SavitzkyGolay(), AIRPLS(lam=1e4)),
        Pipeline([("inner", SNV())]),
    ]
    one_point = WavenumberResampler(target_wavenumbers=[500])
    grid = [
        {"baseline": swaps, "axis": [one_point, "passthrough"]},
        {"baseline": swaps, "axis__kind": ["linear", "cubic"]},
    ]
    search = GridSearchCV(three_steps(**output), grid, cv=2, error_score="raise")
    search.fit(X, labels)
    assert search.predict(X).shape == labels.shape
    for baseline in swaps:
        model = clone(three_steps(**output)).set_params(baseline=baseline)
        resampled = model.fit(X, labels)[:-1].transform(X)
        assert [float(label) for label in resampled.columns[:2]] == [410, 414]


def test_a_swapped_step_leaves_the_network_its_axis(frame, labels):
    settings = {"max_epochs": 3, "random_state": 0, "augmentation": "auto"}
    steps = [("scale", SNV()), ("clf", CNNClassifier(**settings))]
    alone = Pipeline(steps).set_output(transform="pandas").fit(frame, labels)
    search = GridSearchCV(clone(alone), {"scale": [SNV()]}, cv=2).fit(frame, labels)
    network = search.best_estimator_[-1]
    np.testing.assert_array_equal(network.wavenumbers_in_, alone[-1].wavenumbers_in_)
    np.testing.assert_array_equal(
        search.predict_proba(frame), alone.predict_proba(frame)
    )


def test_default_output_drops_the_axis_and_says_so(frame, labels):
    model = three_steps(transform="default")
    with pytest.raises(ValueError, match="WavenumberResampler needs the wavenumber"):
        model.fit(frame, labels)


def test_steps_of_others_take_frames(frame, labels):
    union = make_union(SNV(), WavenumberCrop(region=(500, 520)))
    assert union.fit_transform(frame).shape == (12, 161)
    chain = make_pipeline(FunctionTransformer(), SNV(), KNeighborsClassifier(1))
    assert chain.fit(frame, labels).score(frame, labels) == 1


# Ragged spectra ------------------------------------------------------------------


@pytest.fixture
def ragged(spectra, axis):
    """Spectra on five axes, three of them shared; one falls, one is float32."""
    axes = [
        axis,
        axis[3:] + 0.3,
        axis,
        axis[::-1],
        axis[3:] + 0.3,
        axis,
        axis[7:] * 1.1,
    ]
    pairs = [
        (own, row[len(row) - len(own) :])
        for own, row in zip(axes, spectra, strict=False)
    ]
    pairs[2] = axis, spectra[2].astype(np.float32)
    return pairs


def without_axis(estimator):
    """The same step where each spectrum brings its axis; None if it can't be."""
    if isinstance(estimator, WavenumberResampler):
        return None
    parameters = estimator.get_params()
    if parameters.get("weights") is not None or parameters.get("reference") is not None:
        return None
    copied = clone(estimator)
    return (
        copied.set_params(wavenumbers=None) if "wavenumbers" in parameters else copied
    )


PER_SPECTRUM = [s for s in map(without_axis, STATELESS + SIZED) if s is not None]
LEARN_OR_FIXED = [
    s for s in LEARNING + SIZED if without_axis(s) is None or s in LEARNING
]


@pytest.mark.parametrize("estimator", PER_SPECTRUM, ids=str)
def test_pairs_in_pairs_out(estimator, ragged, spectra, axis, frame):
    """To the bit what each spectrum gives alone; whatever fit saw, or did not."""
    expected = []
    for own, row in ragged:
        alone = pd.DataFrame(row[None], columns=own)
        found = clone(estimator).fit_transform(alone)
        expected.append(([float(label) for label in found], found.to_numpy()[0]))
    before = pickle.dumps(ragged)
    for step in (
        clone(estimator).fit(ragged),
        clone(estimator).fit(ragged[3:]),
        clone(estimator),
        clone(estimator).fit(frame),
        pickle.loads(pickle.dumps(clone(estimator).fit(ragged))),
        clone(estimator).set_output(transform="pandas").fit(ragged),
        make_pipeline(clone(estimator)).set_output(transform="polars").fit(ragged),
    ):
        seen = dict(vars(step))
        found = step.transform(ragged)
        assert vars(step) == seen
        assert isinstance(found, list)
        for pair, (labels, row), given in zip(found, expected, ragged, strict=True):
            assert isinstance(pair, tuple)
            np.testing.assert_array_equal(pair[0], labels)
            np.testing.assert_array_equal(pair[1], row)
            assert pair[1].dtype == given[1].dtype
            assert not np.shares_memory(pair[0], given[0])
    assert pickle.dumps(ragged) == before


@pytest.mark.parametrize("estimator", PER_SPECTRUM, ids=str)
def test_a_fit_on_pairs_holds_for_frames(estimator, ragged, frame):
    """And leaves nothing behind of an earlier fit on a matrix."""
    expected = clone(estimator).fit_transform(frame)
    step = clone(estimator).fit(frame).fit(ragged)
    assert not hasattr(step, "n_features_in_")
    assert not hasattr(step, "feature_names_in_")
    assert step.wavenumbers_in_ is None
    pd.testing.assert_frame_equal(step.transform(frame), expected)
    pd.testing.assert_frame_equal(
        step.set_output(transform="pandas").transform(frame), expected
    )
    before = dict(vars(step))
    for bad in ([([400, 401], [1, np.nan])], [([400, 401], [1])], [*ragged, 1.0]):
        with pytest.raises(ValueError, match="[Ss]pectrum"):
            step.fit(bad)
        assert vars(step) == before


@pytest.mark.parametrize("estimator", PER_SPECTRUM[:3], ids=str)
def test_other_forms_of_ragged_spectra(estimator, ragged):
    """One check that steps read them; what the forms are is tested where they are."""
    expected = estimator.transform(ragged)
    series = [pd.Series(row, index=axis) for axis, row in ragged]
    for X in (series, pd.Series(ragged), tuple(ragged)):
        for found, wanted in zip(estimator.transform(X), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
    (one,) = estimator.transform(ragged[0])
    np.testing.assert_array_equal(one, expected[0])


@pytest.mark.parametrize("estimator", LEARN_OR_FIXED, ids=str)
def test_what_needs_one_axis_says_so(estimator, ragged, spectra, axis):
    if isinstance(estimator, WavenumberResampler):
        message = "bring their own axes"
    else:
        message = (
            "(learns across spectra|one value per point).*Resampler|Leave it at None"
        )
    with pytest.raises(ValueError, match=message):
        clone(estimator).fit(ragged)
    fitted = clone(estimator).fit(spectra)
    with pytest.raises(ValueError, match=message):
        fitted.transform(ragged)


def test_one_warning_per_call_names_the_spectra(ragged):
    flat = [
        (own, np.full_like(row, 7) if i in (1, 4, 5) else row)
        for i, (own, row) in enumerate(ragged)
    ]
    with pytest.warns(UserWarning) as caught:
        SNV().fit(flat).transform(flat)
    (warning,) = caught
    assert "3 of 7 spectra are constant" in str(warning.message)
    assert "(spectra 1, 4, 5)" in str(warning.message)
    assert warning.filename == __file__
    short = [(own[:5], row[:5]) for own, row in ragged]
    with pytest.warns(
        UserWarning, match=r"window_length=5 .*\(spectra 0, 1, 2, 3, 4, "
    ) as c:
        SavitzkyGolay().transform(short)
    assert len(c) == 1
    uneven = [(own + own**2 / 2e3, row) for own, row in ragged]
    with pytest.warns(
        UserWarning, match=r"AIRPLS counts points.*baseline is stiffer"
    ) as c:
        AIRPLS().transform(uneven)
    assert len(c) == 1
    with pytest.warns(
        UserWarning, match=r"1 of 7 spectra are constant.*\(spectrum 5\)"
    ):
        BaselineCorrection(method="arpls").transform(flat[:1] + ragged[1:5] + flat[5:])


@pytest.mark.parametrize(
    "step", [SNV(), AIRPLS(), SavitzkyGolay(), WhittakerSmoother()]
)
def test_an_error_names_the_spectrum(step, ragged):
    broken = [(own, row.astype(np.float64)) for own, row in ragged]
    broken[2][1][3:6] = np.nan
    broken[5][1][0] = np.inf
    message = r"NaN.* in 2 of 7 spectra \(spectra 2, 5\); spectrum 2 at 406 to 410 cm-1"
    with pytest.raises(ValueError, match=message):
        clone(step).fit(broken)
    with pytest.raises(ValueError, match=message):
        clone(step).transform(broken)
    huge = list(ragged)
    huge[5] = huge[5][0], np.full(150, 1e308) * (-1.0) ** np.arange(150)
    if not isinstance(step, SNV):
        with pytest.raises(ValueError, match="^Spectrum 5: "):
            clone(step).transform(huge)
    short = [*ragged[:3], (np.array([400.0, 402.0]), np.ones(2))]
    with pytest.raises(ValueError, match=r"Spectrum 3: .*window_length=7"):
        SavitzkyGolay(window_length=7).fit(short)
    with pytest.raises(ValueError, match="Spectrum 1 has 1 point, but AIRPLS needs 2"):
        AIRPLS().fit([ragged[0], ([400.0], [1.0])])


def test_threads_share_a_step(ragged):
    step = make_pipeline(SNV(), SavitzkyGolay()).fit(ragged)
    expected = step.transform(ragged)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(step.transform, [ragged] * 20):
            for pair, wanted in zip(found, expected, strict=True):
                np.testing.assert_array_equal(pair[1], wanted[1])


@pytest.mark.parametrize("output", [{}, {"transform": "pandas"}])
def test_pairs_through_a_search(output, ragged, labels, frame):
    """Steps before the resampler, whole steps swapped; frames may come later."""
    y = labels[[0, 4, 0, 4, 0, 4, 4]]
    resampler = WavenumberResampler(target_wavenumbers="common", fill_value="edge")
    steps = [("first", SNV()), ("axis", resampler), ("clf", SVC())]
    grid = {"first": [AIRPLS(), "passthrough", make_pipeline(SavitzkyGolay(), SNV())]}
    model = Pipeline(steps).set_output(**output)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(ragged, y)
    assert search.predict(ragged).shape == (7,)
    assert search.predict(frame).shape == (12,)
    assert cross_val_score(model, ragged, y, cv=2).shape == (2,)


def test_pairs_in_a_comparison(ragged, labels):
    y = labels[[0, 4, 0, 4, 0, 4, 4]]
    resampler = WavenumberResampler(target_wavenumbers="common", fill_value="edge")
    model = make_pipeline(Despiker(), SNV(), resampler, PLSLDA())
    result = compare({"PLS-LDA": model}, ragged, y, cv=2, progress=False)
    assert len(result.predictions) == 7


CLASSIFIERS = [SVC(), PLSLDA(), CNNClassifier(max_epochs=1, random_state=0)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("target", ["common", (410, 690, 4)])
def test_fitted_on_frames_predicts_pairs_and_the_reverse(
    classifier, target, frame, spectra, axis, labels
):
    """The same spectra in another form are the same spectra."""
    pairs = [(axis, row) for row in spectra]
    resampler = WavenumberResampler(target_wavenumbers=target)
    model = make_pipeline(SNV(), resampler, SNV(), classifier)
    on_frames, on_pairs = (
        clone(model).fit(frame, labels),
        clone(model).fit(pairs, labels),
    )
    method = "decision_function" if classifier is CLASSIFIERS[0] else "predict_proba"
    expected = getattr(on_frames, method)(frame)
    polars = pl.DataFrame(spectra, schema=[str(value) for value in axis])
    for fitted in (on_frames, on_pairs):
        for X in (frame, pairs, polars, frame.set_axis(axis, axis=1)):
            found = getattr(fitted, method)(X)
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    for needs_one_axis in (PLSLDA(), CNNClassifier()):
        with pytest.raises(ValueError, match="WavenumberResampler before it"):
            needs_one_axis.fit(pairs, labels)


@pytest.mark.parametrize(
    "X",
    [[], (), np.empty(0, dtype=object), pd.Series(dtype=object), np.ones((0, 2, 9))],
)
@pytest.mark.parametrize(
    "step", [SNV(), WavenumberResampler(target_wavenumbers=[450.0])], ids=str
)
def test_no_spectra_at_all(X, step, frame):
    for fitted in (clone(step), clone(step).fit(frame)):
        with pytest.raises(ValueError, match="X holds no spectra"):
            fitted.transform(X)
    with pytest.raises(ValueError, match="X holds no spectra"):
        average_replicates(X, [], [])
    with pytest.raises(ValueError, match="X holds no spectra"):
        compare([SVC()], X, [], progress=False)


@pytest.mark.parametrize(
    "form", [iter, dict, lambda pairs: dict(pairs).values(), lambda X: Bunch(data=X)]
)
def test_what_can_be_read_once_or_by_name_is_refused(form):
    """numpy would take it for a single value."""
    pairs = [("a", 1), ("b", 2)]
    with pytest.raises(
        ValueError, match=f"list of spectra, got a {type(form(pairs)).__name__}"
    ):
        SNV().fit(form(pairs))
    with pytest.raises(ValueError, match="make a list of it"):
        average_replicates(form(pairs), None, [1, 1])


@pytest.mark.parametrize("ragged", [False, True])
def test_masked_values_are_none(ragged, spectra, axis):
    """numpy hands out what is behind a mask."""
    masked = np.ma.masked_invalid(np.where(axis == 450, np.nan, spectra))
    masked.data[masked.mask] = 1e6
    X = [(axis, row) for row in masked] if ragged else masked
    with pytest.raises(ValueError, match="contains NaN .*spectr"):
        SNV().fit_transform(X)
    with pytest.raises(ValueError, match="contains NaN"):
        average_replicates(X, None, np.zeros(len(spectra)))
    if ragged:
        stacked = [np.ma.stack([axis, row]) for row in masked]
        with pytest.raises(ValueError, match="contains NaN.* at 450 cm-1"):
            SNV().fit_transform(stacked)
        whole = [(axis, np.ma.array(row)) for row in spectra]
        np.testing.assert_array_equal(
            [row for _, row in SNV().fit_transform(whole)], SNV().fit_transform(spectra)
        )


class TestColumnsThatMayBeWavenumbers:
    """pandas 3 makes a RangeIndex of evenly spaced whole numbers that it reads."""

    @pytest.fixture
    def table(self):
        rng = np.random.default_rng(0)
        X = pd.DataFrame(rng.normal(50, 5, (20, 100)), columns=range(400, 600, 2))
        assert isinstance(X.columns, pd.RangeIndex)
        return X, [0, 1] * 10

    @staticmethod
    def warnings_of(function, *arguments):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            function(*arguments)
        return [w for w in caught if "wavenumbers or positions" in str(w.message)]

    def test_one_warning_in_fit_and_none_later(self, table):
        X, y = table
        model = make_pipeline(SNV(), AIRPLS(), MSC(), PLSLDA(n_components=2))
        (found,) = self.warnings_of(model.fit, X, y)
        assert found.filename == __file__
        assert model[0].wavenumbers_in_ is None
        assert not self.warnings_of(model.predict, X)
        assert not self.warnings_of(model[:-1].transform, X)

    @pytest.mark.parametrize("ask", [SNV().fit, SNV().transform, airpls])
    def test_each_entrance(self, ask, table):
        assert len(self.warnings_of(ask, table[0])) == 1

    def test_ways_out(self, table):
        """Both that the warning names, and an axis as a parameter."""
        X, _ = table
        step, arrays = SpectrumNormalizer(norm="area"), X.to_numpy()
        for given, axis in ((X.rename(columns=float), X.columns), (arrays, None)):
            assert not self.warnings_of(step.fit, given)
            np.testing.assert_array_equal(step.wavenumbers_in_, axis)
        assert not self.warnings_of(step.set_params(wavenumbers=X.columns).fit, X)

    @pytest.mark.parametrize("start", [0, 10])
    def test_counts_are_counts(self, table, start):
        X = table[0].set_axis(range(start, start + 100), axis=1)
        assert not self.warnings_of(SNV().fit, X)
