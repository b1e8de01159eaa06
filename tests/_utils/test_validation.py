"""Sizes that spectra are too short for."""

import numpy as np
import pytest

from sklearn_raman._utils._validation import lower_default, warn_unscaled

PLACE = {"owner": "Filter", "name": "width", "why": "the spectra have 5 points"}


def test_lower_default():
    assert lower_default(None, 11, 20, **PLACE) == 11
    assert lower_default(3, 11, 5, **PLACE) == 3
    with pytest.warns(UserWarning, match="width=5 instead of its default 11"):
        assert lower_default(None, 11, 5, **PLACE) == 5
    with pytest.raises(ValueError, match=r"width=11\) is too large.*at most 5"):
        lower_default(11, 11, 5, **PLACE)


def test_warn_unscaled(recwarn):
    warn_unscaled(np.zeros(3, dtype=bool), owner="SNV", reason="are constant")
    assert not recwarn
    with pytest.warns(UserWarning, match="SNV: 2 of 3 spectra are constant"):
        warn_unscaled(np.array([1, 0, 1], bool), owner="SNV", reason="are constant")
