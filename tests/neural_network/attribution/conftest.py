"""Small untrained networks in double precision, and a batch that they explain."""

import pytest
import torch

from sklearn_raman.neural_network import CNN, FMCNN, GAPCNN

N_POINTS = 41


def build(network, **settings):
    """A network with biases and a batch normalization that are not trivial."""
    torch.manual_seed(0)
    net = network(N_POINTS, 3, **settings).double().eval()
    net.learn_input(torch.randn(20, N_POINTS, dtype=torch.float64))
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.3)
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.running_var, 0.5, 2.0)
            torch.nn.init.normal_(layer.running_mean)
            torch.nn.init.normal_(layer.weight)
    return net


NETWORKS = {
    "cnn": lambda: build(CNN, n_filters=4, kernel_size=5, n_hidden=6),
    "fmcnn": lambda: build(FMCNN, n_filters=4, n_squeeze=3, n_expand=4, n_hidden=6),
    "gap": lambda: build(GAPCNN, n_filters=(4, 5, 6), stride=(2, 1, 1)),
    "gap_1": lambda: build(GAPCNN, n_filters=(4, 5, 6), pool_size=1, pool_bins=1),
}


@pytest.fixture(params=NETWORKS)
def any_net(request):
    return NETWORKS[request.param]()


@pytest.fixture
def net():
    """The paper's network, with the default input."""
    return NETWORKS["cnn"]()


@pytest.fixture
def batch(rng):
    return torch.tensor(rng.normal(size=(5, N_POINTS)))
