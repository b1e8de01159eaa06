"""What units contribute, put on bands: sums, places and the background by scipy."""

import numpy as np
import pytest
import torch
from scipy.ndimage import grey_opening

from sklearn_raman.neural_network import CNN
from sklearn_raman.neural_network.attribution import (
    contribution,
    place_on_bands,
    unit_positions,
    unit_windows,
)
from sklearn_raman.neural_network.attribution._placement import heights_above_background

N_POINTS = 200


@pytest.fixture
def windows():
    """40 points wide, units four points apart."""
    return unit_windows(CNN(N_POINTS, 2, n_filters=2), N_POINTS)


def line_at(center, height=1.0, fwhm=5.0):
    return height / (1 + ((np.arange(N_POINTS) - center) / (fwhm / 2)) ** 2)


def test_sums_are_kept(windows, rng):
    """Of 70 spectra, more than are taken at a time."""
    X = rng.normal(size=(70, N_POINTS))
    one = rng.normal(size=(70, windows.shape[0]))
    every = rng.normal(size=(70, 4, windows.shape[0]))
    for maps in (one, every):
        placed = place_on_bands(maps, X, windows)
        assert placed.shape == (*maps.shape[:-1], N_POINTS)
        np.testing.assert_allclose(placed.sum(axis=-1), maps.sum(axis=-1))
    np.testing.assert_allclose(
        place_on_bands(every, X, windows)[:, 2], place_on_bands(every[:, 2], X, windows)
    )


def test_completeness_reaches_the_points(rng):
    """The map on points adds up to the logit minus that of zero features."""
    net = CNN(N_POINTS, 3, n_filters=4).double().eval()
    X = torch.tensor(rng.normal(size=(2, N_POINTS)))
    maps = contribution(net, X, "all", score="logit", reference="zero_features")
    placed = place_on_bands(maps.numpy(), X.numpy(), unit_windows(net, N_POINTS))
    with torch.no_grad():
        features = net.features(X)
        wanted = net.head(features) - net.head(torch.zeros_like(features))
    np.testing.assert_allclose(placed.sum(axis=-1), wanted.numpy(), atol=1e-10)


def test_share_of_a_unit(windows, rng):
    """In proportion to window times height, by a loop over units and points."""
    X, maps = rng.normal(size=(2, N_POINTS)), rng.normal(size=(2, windows.shape[0]))
    heights, dense = heights_above_background(X), windows.toarray()
    expected = np.zeros_like(X)
    for row in range(2):
        for unit, window in enumerate(dense):
            weights = window * heights[row]
            expected[row] += maps[row, unit] * weights / weights.sum()
    np.testing.assert_allclose(place_on_bands(maps, X, windows), expected)


@pytest.mark.parametrize("slope", [0.0, 0.02, -0.02])
@pytest.mark.parametrize("beside", [-2, 0, 2])
def test_flanks_go_to_the_line(windows, slope, beside):
    """Also on a background that falls below the spectrum's median."""
    X = (line_at(90) + slope * np.arange(N_POINTS))[None]
    unit = np.argmin(np.abs(4 * np.arange(50) + 3 - 90)) + beside
    placed = place_on_bands(np.eye(50)[[unit]], X, windows)[0]
    assert abs(placed.argmax() - 90) <= 1
    assert placed[86:95].sum() > 0.6


@pytest.mark.parametrize("n_points", [1, 2, 9, 57, 200])
def test_heights_by_scipy(n_points, rng):
    X = rng.normal(size=(3, n_points))
    width = 2 * (min(31, n_points) // 2) + 1
    expected = X - grey_opening(X, size=(1, width), mode="nearest")
    expected += 0.01 * np.ptp(X, axis=1, keepdims=True)
    if n_points == 1:
        expected[:] = 1
    np.testing.assert_allclose(heights_above_background(X), expected, atol=1e-12)


def test_flat_spectra_keep_contributions_around_units(windows, rng):
    maps = rng.normal(size=(2, windows.shape[0]))
    placed = place_on_bands(maps, np.full((2, N_POINTS), 7.0), windows)
    np.testing.assert_allclose(placed, maps @ windows.toarray())


def test_scale_and_offset_of_a_spectrum_do_not_matter(windows, rng):
    X, maps = rng.normal(size=(1, N_POINTS)), rng.normal(size=(1, windows.shape[0]))
    found = place_on_bands(maps, X, windows)
    np.testing.assert_allclose(place_on_bands(maps, 5 * X - 3, windows), found)


@pytest.mark.parametrize("n_points", [1, 2, 5, 31])
def test_short_spectra(n_points):
    net = CNN(n_points, 2, n_filters=2)
    units = len(unit_positions(net, n_points))
    placed = place_on_bands(
        np.ones((1, units)), np.ones((1, n_points)), unit_windows(net, n_points)
    )
    assert placed.sum() == pytest.approx(units)
