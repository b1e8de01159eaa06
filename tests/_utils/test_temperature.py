"""By how much held-out spectra are less sure than later ones will be."""

import numpy as np
import pytest

from sklearn_raman._utils._temperature import temperature_excess


@pytest.fixture
def data(rng):
    """Classes of one to five crystals with one to four spectra each, in any order."""
    sizes = np.repeat([1, 2, 3, 4, 5], 2)
    crystals = np.repeat(np.arange(sizes.sum()), rng.integers(1, 5, sizes.sum()))
    codes = np.repeat(np.arange(10), sizes)[crystals]
    order = rng.permutation(len(codes))
    return codes[order], crystals[order]


@pytest.mark.parametrize("grouped", [True, False])
def test_counts_crystals_or_spectra(grouped, data, rng):
    codes, crystals = data
    units = crystals if grouped else np.arange(len(codes))
    is_held_out = np.isin(units, rng.choice(np.unique(units), 8, replace=False))
    is_held_out &= np.isin(codes, codes[~is_held_out])
    training, held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    found = temperature_excess(codes, units if grouped else None, training, held_out)
    expected = []
    for label in codes[held_out]:
        n_known = len({*units[codes == label]})
        n_seen = len({*units[training][codes[training] == label]})
        expected.append((1 + 1 / n_seen) / (1 + 1 / n_known))
    np.testing.assert_allclose(found, expected)
    assert (found >= 1).all()
    names = np.array([f"no. {unit}" for unit in rng.permutation(200)])[units]
    order = rng.permutation(len(codes))
    place = np.argsort(order)
    again = temperature_excess(
        codes[order], names[order], place[training], place[held_out]
    )
    np.testing.assert_array_equal(again, found)


def test_many_crystals_change_nothing():
    """With a hundred, what a fifth more tells of the mean hardly counts."""
    codes = np.repeat([0, 1], 100)
    held_out = np.arange(0, 200, 5)
    training = np.setdiff1d(np.arange(200), held_out)
    found = temperature_excess(codes, None, training, held_out)
    np.testing.assert_allclose(found, 1, atol=0.003)
