"""Scores of maps: small cases by hand, and what must not change them."""

from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import (
    complexity,
    deletion_percentile,
    localization_score,
    max_sensitivity,
    peak_share,
)
from sklearn_raman.inspection._metrics import pearson

in_points = partial(localization_score, wavenumbers="points")


def test_localization_by_hand():
    """Window of +-1 point around point 3; the negative point is no mass."""
    maps = [[0, 1, 2, 4, 0, 0, 0, -5, 0, 1], [9, 0, 0, 1, 0, 0, 0, 0, 0, 0]]
    scores = in_points(maps, 3, fwhm=1, n_widths=1)
    np.testing.assert_allclose(scores["mass"], [6 / 8, 1 / 10])
    np.testing.assert_allclose(scores["chance"], 0.3)
    assert scores["pointing"].to_list() == [True, False]
    assert scores["distance"].to_list() == [0, 3]


def test_a_peak_at_the_end_of_the_axis_lies_on_it():
    axis = 400 + np.arange(1000) * 0.1  # ends at 499.9 less rounding
    axis[-1] = np.nextafter(499.9, 0)
    scores = localization_score(np.ones((1, 1000)), 499.9, fwhm=1, wavenumbers=axis)
    assert scores["chance"].item() > 0


def test_rounding_does_not_move_the_end_of_near():
    axis = 400 + np.arange(101) * 0.2
    maps = np.zeros((2, 101))
    maps[0, 47], maps[1, 53] = 1, 1  # 409.4 and 410.6
    scores = localization_score(maps, 410.0, fwhm=0.3, wavenumbers=axis)
    np.testing.assert_allclose(scores["chance"], 7 / 101)
    assert scores["pointing"].all() and (scores["mass"] == 1).all()


def test_distractors_by_hand():
    maps = np.zeros((4, 40))
    maps[:, 10] = [4, 4, 4, -1]  # the peak
    maps[:, 20], maps[:, 30] = [1, 5, 1, 1], [3, 1, 1, 1]
    maps[2, 12] = 9  # on the flank: too close to be a distractor of its own
    others = [[20, 30], [20, 30], [12, np.nan], [20, 30]]
    scores = in_points(maps, 10, fwhm=1, n_widths=1, distractors=others)
    np.testing.assert_array_equal(scores["above_distractors"], [1, 0, np.nan, 0])
    np.testing.assert_array_equal(
        scores["distractor_ratio"], [(1 + 3) / 2 / 4, (5 + 1) / 2 / 4, np.nan, np.inf]
    )


def test_several_peaks_a_spectrum():
    maps = np.zeros((2, 50))
    maps[0, [10, 30]], maps[1, [10, 30]] = 1, 1
    scores = in_points(maps, [[10, 30], [10, np.nan]], fwhm=2)
    np.testing.assert_allclose(scores["mass"], [1, 0.5])
    assert scores["pointing"].all()
    one_for_all = in_points(maps, [[10, 30]], fwhm=2)
    np.testing.assert_allclose(one_for_all["mass"], 1)


def test_perfect_random_and_flat_maps(rng):
    X, _, truth = make_lorentzian_spectra(
        n_distractors=3, return_truth=True, random_state=0
    )

    def score(maps):
        return in_points(maps, truth.centers, fwhm=4, distractors=truth.distractors)

    points = np.arange(X.shape[1])
    perfect = score(np.exp(-((points - truth.centers[:, None]) ** 2) / 2))
    assert (perfect["mass"] > 0.999).all()
    assert perfect["pointing"].all()
    assert perfect["above_distractors"].min() == 1
    assert perfect["distractor_ratio"].max() < 1e-6
    noise = score(rng.uniform(size=X.shape))
    np.testing.assert_allclose(noise["mass"].mean(), noise["chance"].mean(), rtol=0.1)
    assert noise["pointing"].mean() < 0.1
    flat = score(np.ones_like(X))
    np.testing.assert_allclose(flat["mass"], flat["chance"])
    assert not flat["pointing"].any()
    # The lines all have one height: the spectrum itself can't tell them apart.
    np.testing.assert_allclose(score(X)["distractor_ratio"].median(), 1, atol=0.1)


def test_scale_and_axis_do_not_matter(rng):
    maps = rng.normal(size=(6, 60))
    places = rng.integers(5, 55, size=(6, 1)).astype(float)
    counted = in_points(maps, places, fwhm=2, distractors=30)
    axis = 400 + 2.0 * np.arange(60)
    factors = rng.uniform(1, 9, size=(6, 1))
    others = {"distractors": 460, "fwhm": 4}
    in_wavenumbers = localization_score(
        factors * maps, 400 + 2 * places, wavenumbers=axis, **others
    )
    falling = localization_score(
        maps[:, ::-1], 400 + 2 * places, wavenumbers=axis[::-1], **others
    )
    columns = ["mass", "chance", "pointing", "above_distractors", "distractor_ratio"]
    for found in (in_wavenumbers, falling):
        np.testing.assert_allclose(
            found[columns].to_numpy(float), counted[columns].to_numpy(float)
        )
        np.testing.assert_allclose(found["distance"], 2 * counted["distance"])


def test_a_map_without_evidence_finds_nothing():
    scores = in_points(np.zeros((1, 20)), 0, fwhm=2)
    assert scores.iloc[0].to_list() == [0, 5 / 20, False, np.inf]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"maps": np.full((2, 20), np.nan)}, "NaN or infinity, first in row 0"),
        ({"maps": np.zeros(20)}, r"got \(20,\)"),
        ({"maps": np.zeros((2, 3, 20))}, "one class"),
        ({"peaks": [1, 2, 3]}, "peaks has shape"),
        ({"peaks": [1, 50]}, "50, which lies outside the axis"),
        ({"peaks": [1, np.nan]}, "no position for spectrum 1"),
        ({"distractors": [-3.0, 4]}, "distractors holds -3"),
        ({"fwhm": 0}, "must be above 0"),
        ({"peaks": 2.5, "fwhm": 0.1}, "too small"),
        ({"wavenumbers": np.arange(3)}, "3 points but the spectra have 20"),
    ],
)
def test_localization_refuses(change, message):
    arguments = {"maps": np.zeros((2, 20)), "peaks": 5, "fwhm": 2} | change
    with pytest.raises(ValueError, match=message):
        in_points(arguments.pop("maps"), arguments.pop("peaks"), **arguments)


@pytest.mark.parametrize("maps", [np.ones((2, 1000)), pd.DataFrame(np.ones((2, 1000)))])
def test_positions_need_a_unit(maps):
    """686 cm-1 or point 686? Without an axis nobody knows."""
    with pytest.raises(ValueError, match="axis of the maps is not known"):
        localization_score(maps, 686.0, fwhm=8)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_labels_of_the_maps_are_their_axis(kind, frame, axis):
    maps = frame if kind == "pandas" else pl.from_pandas(frame)
    found = localization_score(maps, [450.0] * 4 + [550] * 4 + [650] * 4, fwhm=12)
    assert found["pointing"].mean() > 0.9
    expected = localization_score(
        frame.to_numpy(),
        [450.0] * 4 + [550] * 4 + [650] * 4,
        fwhm=12,
        wavenumbers=axis,
    )
    pd.testing.assert_frame_equal(found, expected)
    points = in_points(maps, 25, fwhm=6)
    pd.testing.assert_frame_equal(points, in_points(frame.to_numpy(), 25, fwhm=6))
    with pytest.raises(ValueError, match="disagree"):
        localization_score(maps, 450, fwhm=12, wavenumbers=axis + 1)


def test_peak_share_of_known_maps(rng):
    X, _, truth = make_lorentzian_spectra(
        n_per_class=3, noise=0.01, return_truth=True, random_state=0
    )
    on_line = np.abs(np.arange(X.shape[1]) - truth.centers[:, None]) <= 2
    np.testing.assert_allclose(peak_share(on_line, X)["mass"], 1)
    away = np.roll(on_line, 50, axis=1)
    np.testing.assert_allclose(peak_share(away, X)["mass"], 0)
    flat = peak_share(np.ones_like(X), X)
    np.testing.assert_allclose(flat["mass"], flat["chance"])
    # Three quarters down a Lorentzian of width 4: sqrt(3) * 4 channels.
    np.testing.assert_allclose(flat["chance"] * X.shape[1], np.sqrt(3) * 4, atol=1)


def test_peak_share_ignores_signs_and_scales(rng, spectra):
    maps = rng.normal(size=spectra.shape)
    expected = peak_share(maps, spectra)
    found = peak_share(-3 * maps, 7 * spectra + 100)
    np.testing.assert_allclose(found, expected)


def test_peak_share_of_a_flat_spectrum():
    assert peak_share(np.ones((1, 9)), np.ones((1, 9))).to_numpy().tolist() == [[0, 0]]


def test_peak_share_refuses(spectra):
    with pytest.raises(ValueError, match="the spectra have"):
        peak_share(spectra[:, 1:], spectra)
    with pytest.raises(ValueError, match="min_prominence"):
        peak_share(spectra, spectra, min_prominence=2)


def test_peak_share_refuses_maps_on_another_axis(frame, axis):
    shifted = frame.set_axis(axis + 4, axis=1)
    with pytest.raises(ValueError, match="maps and the labels of X disagree"):
        peak_share(shifted, frame)


def test_pearson_is_numpys(rng):
    a, b = rng.normal(size=(2, 5, 30))
    expected = [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(pearson(a, b), expected)
    np.testing.assert_array_equal(pearson(a, np.ones(30)), 0)
    np.testing.assert_array_equal(pearson(a, np.zeros(30)), 0)
    for exponent in (-300, -180, 180, 300):  # squares vanish or overflow
        scaled = pearson(a * 10.0**exponent, b * 10.0**-exponent)
        np.testing.assert_allclose(scaled, expected)


def test_a_map_that_is_flat_up_to_rounding_points_nowhere():
    maps = np.full((1, 50), 0.3)
    maps[0, 20] = 0.1 + 0.2
    assert maps.max() > maps.min()
    scores = in_points(maps, 20, fwhm=2)
    assert not scores["pointing"].any() and np.isinf(scores["distance"]).all()
    np.testing.assert_allclose(scores["mass"], scores["chance"])


@pytest.mark.parametrize("name", ["fwhm", "n_widths"])
def test_widths_are_numbers(name):
    widths = {"fwhm": 4.0, "n_widths": 2.0, name: "a"}
    with pytest.raises(TypeError, match=name):
        localization_score(np.eye(9), 3.0, wavenumbers="points", **widths)


def test_maps_of_ragged_spectra_are_scored_one_by_one():
    ragged = [np.eye(1, 30, 10)[0], np.eye(1, 29, 10)[0]]
    for score in (
        lambda: localization_score(ragged, 10, fwhm=2, wavenumbers="points"),
        lambda: peak_share(ragged, np.ones((2, 30))),
    ):
        with pytest.raises(ValueError, match='different lengths.*space="model"'):
            score()
    alone = localization_score(ragged[1][None], 10, fwhm=2, wavenumbers="points")
    assert alone["pointing"].all()


def test_complexity_counts_equal_points():
    maps = np.zeros((4, 20))
    maps[1, 3], maps[2, :5], maps[3] = -2, [1, -1, 1, 1, -1], 7
    found = complexity(maps)
    np.testing.assert_allclose(found["n_points"], [np.nan, 1, 5, 20])
    np.testing.assert_allclose(found["share"], [np.nan, 0.05, 0.25, 1])
    np.testing.assert_allclose(found["entropy"], np.log(found["n_points"]))
    pd.testing.assert_frame_equal(complexity(5 * maps), found)


def test_sensitivity_of_maps_that_are_known(frame):
    """A map of ones does not move; twice the spectrum moves as the spectrum does."""
    X = frame - frame.min(axis=None)
    settings = {"radius": 0.1, "random_state": 0}
    still = max_sensitivity(lambda Z: np.ones_like(Z), X, **settings)
    np.testing.assert_array_equal(still, 0)
    moved = max_sensitivity(lambda Z: 2 * Z, X, **settings)
    largest = 0.1 * np.ptp(X, axis=1) * np.sqrt(X.shape[1]) / np.linalg.norm(X, axis=1)
    assert (moved < largest).all() and (moved > 0.4 * largest).all()
    few = max_sensitivity(lambda Z: 2 * Z, X, n_draws=2, **settings)
    assert (few <= moved).all()
    jumps = max_sensitivity(lambda Z: Z - X.to_numpy(), X, **settings)
    assert np.isinf(jumps).all()
    with pytest.raises(ValueError, match="radius"):
        max_sensitivity(lambda Z: Z, X, radius=0)


def test_deletion_percentile(frame, spectra, axis, labels):
    model = PLSLDA(n_components=3).fit(frame, labels)
    settings = {"n_random": 10, "random_state": 0, "steps": 3, "score": "logodds"}
    right = deletion_percentile(model, frame, model.explain_(frame), **settings)
    wrong = deletion_percentile(model, frame, -model.explain_(frame), **settings)
    assert right["percentile"].mean() > 0.9 > 0.5 > wrong["percentile"].mean()
    assert (right["area"] < right["random_area"]).all()
    flat = deletion_percentile(model, frame, np.ones(frame.shape), **settings)
    np.testing.assert_array_equal(flat["percentile"], 0.5)
    with pytest.raises(ValueError, match="n_random"):
        deletion_percentile(model, frame, frame, n_random=0)
