"""The strongest bands of a map."""

import numpy as np

from sklearn_raman._utils._bands import strongest_bands


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
