"""The tools of `map_back`: what they accept, and where values end up."""

import numpy as np
import pytest

from sklearn_raman._utils._map_back import check_maps, check_mode, place_back


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_dtype(dtype):
    found = check_maps(np.ones((2, 3), dtype=dtype), 3, owner="Crop")
    assert found.dtype == (np.float32 if dtype == np.float32 else np.float64)


@pytest.mark.parametrize("shape", [(), (4,), (3, 4), (3, 3, 2)])
def test_length(shape):
    with pytest.raises(ValueError, match=r"\(\.\.\., 3\) to go back through Crop"):
        check_maps(np.ones(shape), 3, owner="Crop")


def test_mode():
    with pytest.raises(ValueError, match="'conserve', 'density'.*got 'sum'"):
        check_mode("sum")


@pytest.mark.parametrize("kept", [[1, 3], [False, True, False, True, False]])
def test_place_back(kept):
    maps = np.arange(1.0, 5.0).reshape(2, 1, 2)
    expected = [[[0, 1, 0, 2, 0]], [[0, 3, 0, 4, 0]]]
    np.testing.assert_array_equal(place_back(maps, np.asarray(kept), 5), expected)
