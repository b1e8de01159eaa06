"""The randomisation test tells maps of the network from maps of the input."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_raman.datasets import make_lorentzian_spectra
from sklearn_raman.discriminant_analysis import PLSLDA
from sklearn_raman.inspection import randomization_test
from sklearn_raman.neural_network import CNNClassifier
from sklearn_raman.preprocessing import SNV, WavenumberResampler


@pytest.fixture(scope="module")
def data():
    return make_lorentzian_spectra(5, centers=(20, 40), n_points=60, random_state=0)


@pytest.fixture(scope="module")
def net(data):
    return CNNClassifier(max_epochs=5, random_state=0).fit(*data)


def test_layers_from_the_output_back(net, data):
    frame = randomization_test(net, data[0], n_repeats=1, random_state=0)
    names = [name for name, _ in net.module_.named_parameters()]
    expected = list(dict.fromkeys(name.rpartition(".")[0] for name in names))[::-1]
    assert frame.index.to_list() == expected
    assert frame.index[0] == "output"


def test_is_cumulative_and_leaves_the_classifier_alone(net, data):
    """`seen` gets the weights of each scratch copy from a method of our own."""
    before = {k: v.clone() for k, v in net.module_.state_dict().items()}
    state = torch.random.get_rng_state()
    seen = []

    def method(classifier, X, target):
        seen.append({k: v.clone() for k, v in classifier.module_.state_dict().items()})
        return np.asarray(X)

    frame = randomization_test(net, data[0], method=method, n_repeats=1, random_state=0)
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, value in net.module_.state_dict().items():
        assert torch.equal(value, before[name])
    for depth, weights in enumerate(seen[1:], 1):
        changed = {
            name.rpartition(".")[0]
            for name, value in weights.items()
            if not torch.equal(value, before[name])
        }
        assert changed == set(frame.index[:depth])


def test_extremes(net, data, rng):
    """A map that ignores the network passes for unchanged, noise for changed."""

    def same(classifier, X, target):
        return X

    def noise(classifier, X, target):
        return rng.normal(size=X.shape)

    frame = randomization_test(net, data[0], method=same, random_state=0)
    np.testing.assert_allclose(frame[["pearson", "abs_spearman"]], 1)
    np.testing.assert_allclose(frame["pearson_std"], 0, atol=1e-12)
    frame = randomization_test(net, data[0], method=noise, random_state=0)
    assert (frame["pearson"].abs() < 0.1).all()
    flat = randomization_test(net, data[0], method=lambda c, X, t: 0 * X)
    np.testing.assert_array_equal(flat["pearson"], 0)


def test_contribution_depends_on_the_weights(net, data):
    def on_units(classifier, X, target):
        return classifier.explain_(X, target, upsample=False)

    settings = {"method": on_units, "n_repeats": 8, "random_state": 0}
    frame = randomization_test(net, data[0], **settings)
    assert frame["pearson"].iloc[-1] < 0.8
    again = randomization_test(net, data[0], **settings)
    np.testing.assert_array_equal(frame, again)


def test_explains_the_class_of_the_original(net, data):
    """Random weights change what is predicted; the explained class must stay."""
    asked = []

    def method(classifier, X, target):
        asked.append(target)
        return X

    randomization_test(net, data[0], method=method, n_repeats=1, random_state=0)
    for target in asked:
        np.testing.assert_array_equal(target, net.predict(data[0]))


def test_pipelines_and_searches(net, data):
    """The last step is tested, on what the steps before make of spectra of any form."""
    X, y = data
    axis = 400.0 + np.arange(X.shape[1])
    frame = pd.DataFrame(X, columns=axis)
    target = WavenumberResampler(target_wavenumbers=axis[5:-5])
    small = CNNClassifier(max_epochs=1, random_state=0)
    model = make_pipeline(target, SNV(), small).fit(frame, y)
    settings = {"n_repeats": 1, "random_state": 0}
    expected = randomization_test(model[-1], model[:-1].transform(frame), **settings)
    ragged = [(axis, row) for row in X]
    for spectra in (frame, ragged):
        found = randomization_test(model, spectra, **settings)
        pd.testing.assert_frame_equal(found, expected)
    search = GridSearchCV(make_pipeline(net), {}, cv=2)
    search.best_estimator_ = make_pipeline(net)  # as after fit
    found = randomization_test(search, X, **settings)
    pd.testing.assert_frame_equal(found, randomization_test(net, X, **settings))


def test_refuses(net, data):
    with pytest.raises(TypeError, match="PLSLDA has no cascading_reset"):
        randomization_test(make_pipeline(SNV(), PLSLDA()).fit(*data), data[0])
    with pytest.raises(ValueError, match="n_repeats"):
        randomization_test(net, data[0], n_repeats=0)
