"""`explain_` on a trained network: shapes, alignment, and where the peaks are."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.inspection import contribution
from sklearn_raman.neural_network import CNNClassifier, SpectralNetClassifier

CENTERS = (60, 130, 210)


@pytest.fixture(scope="module")
def data():
    return make_lorentzian_spectra(
        40, n_points=256, centers=CENTERS, n_distractors=2, random_state=0
    )


@pytest.fixture(scope="module")
def cnn(data):
    return CNNClassifier(n_filters=16, max_epochs=20, random_state=0).fit(*data)


def test_shapes(cnn, data):
    X = data[0][:9]
    assert cnn.explain_(X).shape == (9, 256)
    assert cnn.explain_(X, target="all").shape == (9, 3, 256)
    assert cnn.explain_(X, upsample=False).shape == (9, 64)
    assert cnn.explain_(X).dtype == np.float32
    np.testing.assert_array_equal(cnn.explain(X), cnn.explain_(X))


def test_maps_point_at_the_class_peak(cnn):
    """Distractors are as high as the class's own peak; the map must not follow them."""
    X, y = make_lorentzian_spectra(
        30, n_points=256, centers=CENTERS, n_distractors=2, random_state=1
    )
    right = cnn.predict(X) == y
    assert right.mean() > 0.95
    found = cnn.explain_(X[right]).argmax(axis=1)
    near = np.abs(found - np.take(CENTERS, y[right])) <= 8
    assert near.mean() > 0.9


def test_native_map_is_the_contribution(cnn, data):
    X = data[0][:5].astype(np.float32)
    expected = contribution(cnn.module_.eval(), torch.tensor(X))
    np.testing.assert_allclose(cnn.explain_(X, upsample=False), expected, rtol=1e-5)


def test_targets(cnn, data):
    X, y = data
    together = cnn.explain_(X[:7], target="all")
    for c in cnn.classes_:
        np.testing.assert_allclose(
            together[:, c], cnn.explain_(X[:7], target=c), rtol=1e-5, atol=1e-6
        )
    np.testing.assert_array_equal(
        cnn.explain_(X[:7]), cnn.explain_(X[:7], target=cnn.predict(X[:7]))
    )


def test_batches_do_not_matter(cnn, data):
    X, y = data
    expected = cnn.explain_(X, target=y)
    found = cnn.explain_(X, target=y, batch_size=17)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_normalize(cnn, data):
    maps = cnn.explain_(data[0], normalize="max")
    np.testing.assert_allclose(np.abs(maps).max(axis=1), 1, rtol=1e-6)


def test_mode_of_the_module_is_kept(cnn, data):
    """Dropout is off inside, whatever mode the module was in, and that mode returns."""
    expected = cnn.explain_(data[0][:3])
    cnn.module_.train()
    np.testing.assert_array_equal(cnn.explain_(data[0][:3]), expected)
    assert cnn.module_.training
    cnn.module_.eval()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "tarot"}, "method='tarot'"),
        ({"score": "luck"}, "score"),
        ({"upsample": "magic"}, "upsample"),
        ({"normalize": "l7"}, "normalize"),
        ({"target": 7}, "not a class"),
    ],
)
def test_bad_arguments(settings, message, cnn, data):
    with pytest.raises(ValueError, match=message):
        cnn.explain_(data[0], **settings)


def test_before_fit(data):
    with pytest.raises(Exception, match="fit"):
        CNNClassifier().explain_(data[0])


class Opaque(nn.Module):
    """A network in one piece."""

    def __init__(self, n_points, n_classes):
        super().__init__()
        self.layer = nn.Linear(n_points, n_classes)

    def forward(self, x):
        return self.layer(x)


def test_a_network_in_one_piece_says_what_it_lacks(data):
    net = SpectralNetClassifier(Opaque, max_epochs=1, random_state=0).fit(*data)
    assert not hasattr(net, "explain_")
    with pytest.raises(AttributeError, match="explain_") as caught:
        net.explain_(data[0])
    assert "no features and no head" in str(caught.value.__cause__)
