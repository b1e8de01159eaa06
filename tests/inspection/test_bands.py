"""The strongest bands of a map."""

import numpy as np
from scipy.signal import find_peaks

from sklearn_raman.inspection._bands import strongest_bands


def test_strongest_bands_are_apart_in_order_and_of_either_sign():
    axis = np.linspace(100, 1099, 1000)
    curve = np.zeros(1000)
    for place, height in ((0, 0.7), (300, -1.0), (304, -0.9), (600, 0.8), (900, 0.1)):
        curve[place] = height
    np.testing.assert_array_equal(strongest_bands(axis, curve), [300, 600, 0])
    curve[[0, 900]] = 0.05
    np.testing.assert_array_equal(strongest_bands(axis, curve), [300, 600])
    assert len(strongest_bands(axis, np.zeros(1000))) == 0


def test_distance_is_in_the_unit_of_the_axis():
    axis = np.arange(0.0, 200.0, 2.0)
    curve = np.zeros(100)
    curve[[20, 26]] = 1.0, 0.9  # 12 cm-1 apart
    assert len(strongest_bands(axis, curve, min_distance=10)) == 2
    assert len(strongest_bands(axis, curve, min_distance=20)) == 1
    assert len(strongest_bands(axis[::-1], curve, min_distance=20)) == 1


def test_distance_is_a_real_one_on_an_uneven_axis():
    """Points 1 cm-1 apart below 200 cm-1 and 10 cm-1 apart above."""
    axis = np.concatenate([np.arange(100.0, 200.0), np.arange(200.0, 1200.0, 10.0)])
    curve = np.zeros(200)
    curve[[50, 62, 130, 133]] = 1.0, 0.9, 0.8, 0.7  # 12 and 30 cm-1 apart
    found = strongest_bands(axis, curve, n_bands=4, min_distance=20)
    np.testing.assert_array_equal(found, [50, 130, 133])


def test_default_distance_is_that_of_find_peaks(rng):
    curve = np.abs(rng.normal(size=1000))
    found = strongest_bands(np.arange(1000.0), curve, n_bands=1000)
    padded = np.pad(curve, 1)
    expected = find_peaks(padded, distance=20, height=0.1 * padded.max())[0] - 1
    np.testing.assert_array_equal(np.sort(found), expected)
