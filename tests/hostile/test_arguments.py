"""Values of a wrong type or range: the error names the argument."""

from functools import cache

import matplotlib as mpl
import numpy as np
import pytest
from sklearn import config_context
from sklearn.neighbors import KNeighborsClassifier

from sklearn_raman.inspection import (
    ExplanationSummary,
    deletion_curve,
    localization_score,
    max_sensitivity,
    peak_share,
    plot_explanation,
)
from sklearn_raman.mapping import (
    apply_pipeline,
    plot_labels,
    sample_spectra,
    save_page,
    to_cube,
)
from sklearn_raman.model_selection import compare, sample_size_curve
from sklearn_raman.neural_network import attribution
from tests.hostile._entrances import ENTRANCES, fitted, make, maps, module, pipeline
from tests.hostile._kinds import AXIS, LABELS, SPECTRA, labeled
from tests.hostile.test_spectra import arrays, assert_same

mpl.use("agg")

CUBE = SPECTRA.reshape(2, 4, -1)


@cache
def _comparison():
    models = {"KNN": KNeighborsClassifier(1), "PLS-LDA": make("PLSLDA")}
    settings = {"cv": 2, "explain": False, "progress": False, "random_state": 0}
    return compare(models, SPECTRA, LABELS, **settings)


def _results(folder):
    return apply_pipeline(pipeline(), CUBE, progress=False)


WRONG_NUMBERS = ["1", None, True, np.nan, np.inf, -1.0, [0.1]]
NUMBERS = {
    "max_fraction": lambda v, _: deletion_curve(
        fitted("PLSLDA"), SPECTRA, maps(), max_fraction=v
    ),
    "min_prominence": lambda v, _: peak_share(maps(), SPECTRA, min_prominence=v),
    "fwhm": lambda v, _: localization_score(maps(), 424, fwhm=v, wavenumbers=AXIS),
    "n_widths": lambda v, _: localization_score(
        maps(), 424, fwhm=4, n_widths=v, wavenumbers=AXIS
    ),
    "fraction": lambda v, _: ExplanationSummary.from_maps(maps(), LABELS, fraction=v),
    "radius": lambda v, _: max_sensitivity(
        fitted("PLSLDA").explain_, SPECTRA, radius=v
    ),
}
OTHERS = {
    "n_jobs": (
        [1.5, "2", np.inf, 2**70],
        lambda v, _: compare(
            {"KNN": KNeighborsClassifier(1)}, SPECTRA, LABELS, cv=2, n_jobs=v
        ),
    ),
    "n_jobs of a curve": (
        [1.5, "2", np.inf, 2**70],
        lambda v, _: sample_size_curve(
            {"KNN": KNeighborsClassifier(1)}, SPECTRA, LABELS, cv=2, n_jobs=v
        ),
    ),
    "distractors": (
        ["peak", {}, 1j],
        lambda v, _: localization_score(
            maps(), 424, fwhm=4, wavenumbers=AXIS, distractors=v
        ),
    ),
    "explain": (
        ["contribution", 3],
        lambda v, _: ExplanationSummary.from_estimator(
            fitted("PLSLDA"), SPECTRA, LABELS, explain=v
        ),
    ),
    "ax": (
        [3, "figure"],
        lambda v, _: plot_explanation(SPECTRA[0], maps()[0], ax=v),
    ),
    "ax of a map": ([3, []], lambda v, folder: plot_labels(_results(folder), ax=v)),
    "layer": (
        [["blocks.0"], {}, 3],
        lambda v, _: attribution.feature_maps(module(), SPECTRA, layer=v),
    ),
    "layer of positions": (
        [["blocks.0"], {}, 3],
        lambda v, _: attribution.unit_positions(module(), 32, layer=v),
    ),
    "layer of filters": (
        [["blocks.0"], {}, 3],
        lambda v, _: attribution.filters(module(), layer=v),
    ),
    "score": (
        ["bogus", 3],
        lambda v, _: attribution.deconv(module(), SPECTRA, score=v),
    ),
    "output": (
        [3, None],
        lambda v, _: apply_pipeline(pipeline(), CUBE, output=v),
    ),
    "store": (
        [3, ["a"], b"a"],
        lambda v, _: apply_pipeline(pipeline(), CUBE, store=v, progress=False),
    ),
    "wavenumbers": ([3, "cm-1"], lambda v, _: to_cube(CUBE, wavenumbers=v)),
    "wavenumbers of a sample": (
        [3, "cm-1"],
        lambda v, _: sample_spectra(CUBE, 2, wavenumbers=v),
    ),
    "title": (
        [3, None],
        lambda v, folder: save_page(_results(folder), folder / "a.html", title=v),
    ),
    "description": (
        [3, True],
        lambda v, folder: save_page(_results(folder), folder / "a.html", description=v),
    ),
    "classes": (
        [3, "quartz"],
        lambda v, _: ExplanationSummary.from_maps(maps(), LABELS).plot(classes=v),
    ),
    "importance": (
        ["vip", 1j],
        lambda v, _: ExplanationSummary.from_maps(maps(), LABELS).agreement(v),
    ),
    "title of a comparison": (
        [3, None],
        lambda v, folder: _comparison().save_html(folder / "a.html", title=v),
    ),
    "ax of a comparison": ([3, []], lambda v, _: _comparison().plot(ax=v)),
    "laser_nm": (
        [532.0],
        lambda v, folder: save_page(_results(folder), folder / "a.html", laser_nm=v),
    ),
}
CASES = [
    (name, call, value) for name, call in NUMBERS.items() for value in WRONG_NUMBERS
]
CASES += [(name, call, v) for name, (values, call) in OTHERS.items() for v in values]


@pytest.mark.parametrize(("name", "call", "value"), CASES)
def test_the_argument_is_named(name, call, value, tmp_path):
    with pytest.raises((TypeError, ValueError), match=f"^{name.split()[0]}\\b|layer="):
        call(value, tmp_path)


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_what_scikit_learn_returns_inside(output):
    """A setting for the user's transformers is none for those inside a report."""
    call = ENTRANCES["synthesis_report"].call
    wanted = list(arrays(call(labeled())))
    with config_context(transform_output=output):
        assert_same(list(arrays(call(labeled()))), wanted, 12)
