"""Augmentation: what each step may change and what it must keep."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from sklearn_raman.neural_network import Augmentation, CNNClassifier
from sklearn_raman.neural_network._augmentation import (
    augmentation_for,
    blur,
    move_axis,
    smooth_curves,
    strength_for,
)

OFF = dict.fromkeys(Augmentation().get_params(), 0.0)
ON = {
    "shift": 20.0,
    "stretch": 0.05,
    "broadening": 30.0,
    "gain": 0.3,
    "baseline": 0.5,
    "noise": 0.2,
    "mixup": 1.0,
}


@pytest.fixture
def X():
    """8 spectra of two classes, one peak each, at 40 and 80 of 120 points."""
    points = torch.arange(120.0)
    centers = torch.tensor([40.0, 80.0]).repeat(4)[:, None]
    return 3 + 2 / (1 + ((points - centers) / 3) ** 2)


@pytest.fixture
def y():
    return torch.tensor([0, 1]).repeat(4)


def test_all_off_changes_nothing(X, y):
    torch.testing.assert_close(Augmentation(**OFF).augment(X, y), X)


@pytest.mark.parametrize("name", sorted(set(ON) - {"mixup"}))
def test_each_step_keeps_mean_and_deviation(name, X, y):
    torch.manual_seed(0)
    found = Augmentation(**{**OFF, name: ON[name]}).augment(X, y)
    assert (found - X).abs().max() > 1e-3  # it does something
    torch.testing.assert_close(found.mean(dim=1), X.mean(dim=1))
    torch.testing.assert_close(found.std(dim=1), X.std(dim=1))


def test_default_leaves_the_argument_alone(X, y):
    before = X.clone()
    Augmentation().augment(X, y)
    torch.testing.assert_close(X, before, rtol=0, atol=0)


@pytest.mark.parametrize(
    "of_batch",
    [{"spacing": 0}, {"spacing": True}, {"strength": -1}, {"least_noise": "1"}],
)
def test_what_no_batch_can_have(of_batch, X, y):
    with pytest.raises(ValueError, match=f"'{next(iter(of_batch))}' parameter of Augm"):
        Augmentation().augment(X, y, **of_batch)
    with pytest.raises(ValueError, match=r"shapes \(8, 120\) and \(7,\)"):
        Augmentation().augment(X, y[1:])
    assert Augmentation().augment(X, y, spacing=1e-9).isfinite().all()


@pytest.mark.parametrize("spacing", [0.5, 2.0])
def test_shift_is_in_wavenumbers(spacing, X, y):
    """The peak moves by at most shift / spacing points, and by nearly that much."""
    torch.manual_seed(0)
    shift = Augmentation(**{**OFF, "shift": 10 * spacing})
    moved = torch.cat(
        [shift.augment(X, y, spacing=spacing).argmax(dim=1) for _ in range(50)]
    )
    distance = (moved - X.argmax(dim=1).repeat(50)).abs()
    assert 8 <= distance.max() <= 10


def test_move_axis_interpolates(X):
    shift, stretch = torch.tensor([[2.5]]), torch.tensor([[0.1]])
    source = np.arange(120) + 2.5 + (np.arange(120) - 59.5) * 0.1
    expected = np.interp(source, np.arange(120), X[0].numpy())
    found = move_axis(X[:1], shift, stretch)[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_blur_is_a_gaussian_of_that_width(X):
    """Against scipy's filter; no width leaves a spectrum as it is."""
    widths = torch.tensor([[0.0], [2.0], [7.0]])
    found = blur(X[:3].double(), widths, 8.0).numpy()
    for row, spectrum, width in zip(found, X[:3].double().numpy(), widths, strict=True):
        expected = gaussian_filter1d(
            spectrum, max(float(width), 1e-9) / 2.3548, mode="nearest", truncate=6
        )
        np.testing.assert_allclose(row, expected, atol=2e-3)


@pytest.mark.parametrize("spacing", [0.5, 2.0])
def test_broadening_is_in_wavenumbers(spacing, X, y):
    """Bands get broader, by at most the given width."""
    torch.manual_seed(0)
    broader = Augmentation(**{**OFF, "broadening": 8 * spacing})
    found = torch.cat([broader.augment(X, y, spacing=spacing) for _ in range(50)])
    own = X[:1]
    limit = blur(own, torch.full((1, 1), 8.0), 8.0)

    def width(spectra):  # points above half of the height
        floor = spectra.median(dim=1, keepdim=True).values
        half = (spectra.amax(dim=1, keepdim=True) - floor) / 2
        return (spectra - floor > half).sum(dim=1)

    assert width(own) <= width(found).min() <= width(own) + 1
    assert width(limit) - 1 <= width(found).max() <= width(limit)


def test_smooth_curves_are_slow(X):
    """No more than four half waves: hardly any energy above the fifth frequency."""
    torch.manual_seed(0)
    curves = smooth_curves(X, 1.0).numpy()
    curvature = np.diff(curves, 2, axis=1)
    assert np.abs(curvature).max() < 0.05 * np.abs(curves).max()


def test_mixup_stays_within_the_class(X, y):
    """Every mixture of spectra with a peak at one place has none at the other."""
    torch.manual_seed(0)
    X = X * torch.linspace(1, 2, 8)[:, None]
    found = Augmentation(**{**OFF, "mixup": 1.0}).augment(X, y)
    assert (found.argmax(dim=1) == X.argmax(dim=1)).all()
    assert (found - X).abs().max() > 0.1
    alone = Augmentation(**{**OFF, "mixup": 1.0}).augment(X, torch.arange(8))
    torch.testing.assert_close(alone, X)


@pytest.mark.parametrize("n_points", [1, 2, 7])
def test_short_and_constant_spectra_stay_finite(n_points):
    X = torch.ones(3, n_points)
    found = Augmentation(**ON).augment(X, torch.zeros(3, dtype=torch.int64))
    torch.testing.assert_close(found, X)


def test_strength_follows_the_variation_within_the_set():
    assert strength_for(0.97) == 1.0
    assert strength_for(0.035) == pytest.approx(0.05)


def test_classifier_uses_the_axis_and_seed(X, y):
    """The shift is in cm-1 of the labels; the same seed gives the same network."""
    settings = {"n_filters": 2, "n_hidden": 4, "max_epochs": 3, "random_state": 0}
    frame = pd.DataFrame(X.numpy(), columns=np.arange(120) * 10.0 + 100)
    fine = frame.set_axis(np.arange(120) * 1.0 + 100, axis=1)

    def fit(data, **params):
        return CNNClassifier(**{**settings, **params}).fit(data, y).predict_proba(data)

    only_shift = Augmentation(**{**OFF, "shift": 15.0})
    coarse = fit(frame, augmentation=only_shift)
    np.testing.assert_array_equal(coarse, fit(frame, augmentation=only_shift))
    assert (fit(fine, augmentation=only_shift) != coarse).any()
    assert (fit(frame, augmentation=None) != coarse).any()


def test_automatic_varies_like_another_instrument_only_without_noise():
    """Full baselines and widths without noise, small ones from noise on, less between.

    And the classifier takes them from its spectra, the same to the bit.
    """
    assert augmentation_for(0.0, 100).get_params() == Augmentation().get_params()
    less = Augmentation(baseline=0.5, broadening=0.0)
    for noise, n_points in ((3.0, 100), (0.0, 2)):
        found = augmentation_for(noise, n_points)
        assert found.get_params() == less.get_params()
    between = [augmentation_for(noise, 100) for noise in (0.0, 0.05, 0.1, 0.2)]
    for name in ("baseline", "broadening"):
        assert (np.diff([getattr(one, name) for one in between]) < 0).all()

    settings = {"n_filters": 2, "n_hidden": 4, "max_epochs": 1, "random_state": 0}
    y = np.repeat([0, 1], 4)
    triangles = np.maximum(8 - abs(np.arange(120) - np.array([30, 80])[y, None]), 0)
    noise = np.random.default_rng(0).normal(size=(8, 120))
    for X, expected in ((triangles, Augmentation()), (noise, less)):
        automatic = CNNClassifier(**settings).fit(X, y)
        assert automatic.augmentation_strength_ == 1
        expected.noise = max(expected.noise, automatic.augmentation_noise_)
        same = CNNClassifier(**settings, augmentation=expected).fit(X, y)
        np.testing.assert_array_equal(automatic.predict_proba(X), same.predict_proba(X))


def test_off_in_prediction(X, y):
    settings = {"n_filters": 2, "n_hidden": 4, "max_epochs": 3, "random_state": 0}
    cnn = CNNClassifier(**settings, augmentation=Augmentation(**ON)).fit(X, y)
    np.testing.assert_array_equal(cnn.predict_proba(X), cnn.predict_proba(X))


def test_parameters_through_the_classifier(X, y):
    cnn = CNNClassifier(augmentation=Augmentation())
    cnn.set_params(augmentation__noise=0.7)
    assert cnn.augmentation.noise == cnn.get_params()["augmentation__noise"] == 0.7
    with pytest.raises(ValueError, match="augmentation is 'auto' and has no"):
        CNNClassifier().set_params(augmentation__noise=0.7)
    with pytest.raises(ValueError, match="'noise' parameter of Augmentation"):
        CNNClassifier(augmentation=Augmentation(noise=-1), max_epochs=1).fit(X, y)
