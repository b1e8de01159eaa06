"""Targets, normalization and score derivatives of `explain_`."""

import numpy as np
import pytest
import torch

from sklearn_raman._utils._explanation import (
    blank_level,
    local_width,
    normalize_maps,
    reference_spectra,
    resolve_target,
    score_weights,
)

CLASSES = np.array(["calcite", "quartz"])


def test_targets():
    assert resolve_target(None, CLASSES, 3) is None
    assert resolve_target("all", CLASSES, 3) == "all"
    np.testing.assert_array_equal(resolve_target("quartz", CLASSES, 3), [1, 1, 1])
    found = resolve_target(["quartz", "calcite", "quartz"], CLASSES, 3)
    np.testing.assert_array_equal(found, [1, 0, 1])
    # A class may be called "all": then the label goes first.
    np.testing.assert_array_equal(resolve_target("all", np.array(["a", "all"]), 1), [1])


def test_unknown_target():
    with pytest.raises(ValueError, match="gypsum.*calcite.*quartz"):
        resolve_target("gypsum", CLASSES, 2)
    with pytest.raises(ValueError, match=r"shape \(3,\) but X has 2"):
        resolve_target(["quartz"] * 3, CLASSES, 2)
    with pytest.raises(ValueError, match="target=True is not a class"):
        resolve_target([True, False], np.array([0, 1]), 2)  # a mask, not labels


@pytest.mark.parametrize("how", [None, "max", "minmax", "sum"])
def test_normalize(how, rng):
    maps = rng.normal(size=(3, 2, 7))
    maps[1] = 0
    found = normalize_maps(maps, how)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[1], 0)
    rows = found[[0, 2]]
    if how == "max":
        np.testing.assert_allclose(np.abs(rows).max(axis=-1), 1)
        np.testing.assert_array_equal(np.sign(rows), np.sign(maps[[0, 2]]))
    elif how == "minmax":
        np.testing.assert_allclose(rows.min(axis=-1), 0)
        np.testing.assert_allclose(rows.max(axis=-1), 1)
    elif how == "sum":
        np.testing.assert_allclose(np.abs(rows).sum(axis=-1), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_map_that_is_flat_up_to_rounding_becomes_zeros(dtype, rng):
    flat = (0.1 * rng.normal(size=(4, 1)) @ np.ones((1, 50))).astype(dtype)
    flat += np.finfo(dtype).eps * np.abs(flat) * rng.integers(-2, 3, flat.shape)
    assert np.ptp(flat, axis=1).all()
    assert not normalize_maps(flat.astype(dtype), "minmax").any()


def test_normalize_unknown():
    with pytest.raises(ValueError, match="normalize"):
        normalize_maps(np.ones((1, 2)), "l7")


SCORES = {
    "logit": lambda z, c: z[c],
    "logodds": lambda z, c: z[c] - torch.logsumexp(torch.cat([z[:c], z[c + 1 :]]), 0),
    "prob": lambda z, c: torch.softmax(z, 0)[c],
}


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("n_classes", [2, 5])
def test_score_weights_against_autograd(score, n_classes, rng):
    logits = rng.normal(size=(6, n_classes)) * 3
    positions = rng.integers(n_classes, size=6)
    found = score_weights(logits, positions, score)
    for z, c, weights in zip(logits, positions, found, strict=True):
        z = torch.tensor(z, requires_grad=True)
        SCORES[score](z, c).backward()
        np.testing.assert_allclose(weights, z.grad, atol=1e-12)


def test_logodds_do_not_saturate():
    """At probability 1 the derivative of the probability is 0, of log-odds not."""
    weights = score_weights(np.array([[1000.0, 0.0]]), np.array([0]), "logodds")
    np.testing.assert_allclose(weights, [[1, -1]])


def test_unknown_score():
    with pytest.raises(ValueError, match="score"):
        score_weights(np.zeros((1, 2)), np.array([0]), "logits")


@pytest.mark.parametrize("n_points", [1, 20, 200, 1001])
def test_local_reference_is_the_median_of_the_surroundings(n_points, rng):
    """A tenth of the points, but at least 31, as far as there are so many."""
    X = rng.normal(size=(3, n_points))
    found = reference_spectra(X, "local")
    width = min(max(round(n_points / 10), 31), n_points)
    assert local_width(n_points) == width
    left = width // 2
    padded = np.pad(X, [(0, 0), (left, width - 1 - left)], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
    expected = np.sort(windows, axis=2)[..., width // 2]
    np.testing.assert_array_equal(found, expected)


def test_local_reference_keeps_a_slope_and_drops_a_band():
    points = np.arange(200.0)
    slope = 5 + 0.1 * points
    band = 50 / (1 + ((points - 100) / 2) ** 2)
    found = reference_spectra((slope + band)[None], "local")[0]
    # A Lorentzian has wide tails; a tenth of its height is what may be left of it.
    np.testing.assert_allclose(found[20:-20], slope[20:-20], atol=5)


def test_blank_level_is_the_median_to_a_32nd_of_the_range(rng):
    X = rng.normal(size=(50, 41)) * rng.uniform(0.1, 10, (50, 1))
    error = np.abs(blank_level(X) - np.median(X, axis=1))
    assert (error <= np.ptp(X, axis=1) / 64 + 1e-12).all()
    # Each spectrum decides by itself.
    found = np.concatenate([blank_level(row[None]) for row in X])
    np.testing.assert_array_equal(blank_level(X), found)
    np.testing.assert_array_equal(blank_level(np.full((1, 9), 3.7)), 3.7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_given_references(dtype, rng):
    X = rng.normal(size=(3, 8)).astype(dtype)
    for reference in (0.5, np.full(8, 0.5), np.full((3, 8), 0.5), [0.5] * 8):
        found = reference_spectra(X, reference)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, np.full((3, 8), 0.5))
    np.testing.assert_array_equal(reference_spectra(X, "zero"), 0 * X)
    for bad in (np.ma.masked_array([0.5] * 8, [1] + [0] * 7), X[0].astype("M8[s]")):
        with pytest.raises(TypeError, match="reference must hold"):
            reference_spectra(X, bad)
