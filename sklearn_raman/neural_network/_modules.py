"""The networks: plain modules with `features(x)` and `head(features)`.

`features` takes spectra (n, n_points) and returns feature maps (n, channels, units);
`head` turns these into logits (n, n_classes). There is no softmax inside, and each
layer is registered once, so that explanations can start at the feature maps.

A spectrum is an image of height 1 here: two-dimensional convolutions in torch's
channels-last layout take about half the time of one-dimensional ones on a CPU, and
compute the same.
"""

from math import ceil

from torch import nn


def same_convolution(n_in, n_out, width):
    """Convolution along the spectrum that keeps its length, as pad and convolution.

    An even width can't be centred: as in TensorFlow, which the papers used, the odd
    zero goes to the right.
    """
    left = (width - 1) // 2
    return [
        nn.ConstantPad2d((left, width - 1 - left, 0, 0), 0.0),
        nn.Conv2d(n_in, n_out, (1, width)),
    ]


def initialise_glorot(module):
    """Draw weights as Glorot and Bengio (2010), TensorFlow's default; zero biases."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


class CNN(nn.Module):
    """The network of Fukuhara et al. (2019), figure 1.

    Two blocks of convolution, leaky ReLU and max-pooling, a fully connected layer
    without activation, dropout, and an output layer. A spectrum of 1451 points gives
    feature maps of 363 units.

    Parameters
    ----------
    n_points : int
        Length of a spectrum; 1 or more.
    n_classes : int
        Number of logits.
    n_filters : int, default=64
        Filters of each convolution.
    kernel_size : int, default=8
        Width of a filter in points.
    pool_size : int, default=2
        Width and stride of max-pooling in points. An incomplete last window counts.
    n_hidden : int, default=128
        Size of the fully connected layer.
    dropout : float, default=0.5
        Share of its values that training drops.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.

    Notes
    -----
    The paper names the leaky ReLU "at the output of every convolutional layer" only, so
    the fully connected layer is linear. Initial weights are not given: Glorot's.
    """

    def __init__(
        self,
        n_points,
        n_classes,
        *,
        n_filters=64,
        kernel_size=8,
        pool_size=2,
        n_hidden=128,
        dropout=0.5,
        negative_slope=0.2,
    ):
        super().__init__()
        layers, n_channels, n_units = [], 1, n_points
        for _ in range(2):
            layers += same_convolution(n_channels, n_filters, kernel_size)
            layers += [
                nn.LeakyReLU(negative_slope),
                nn.MaxPool2d((1, pool_size), ceil_mode=True),
            ]
            n_channels, n_units = n_filters, ceil(n_units / pool_size)
        self.blocks = nn.Sequential(*layers)
        self.hidden = nn.Linear(n_channels * n_units, n_hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_hidden, n_classes)
        initialise_glorot(self)

    def features(self, x):
        """Return feature maps (n, n_filters, units) of spectra (n, n_points)."""
        return self.blocks(x[:, None, None, :]).squeeze(2)

    def head(self, features):
        """Return logits (n, n_classes) of feature maps."""
        return self.output(self.dropout(self.hidden(features.flatten(1))))

    def forward(self, x):
        """Return logits (n, n_classes) of spectra (n, n_points)."""
        return self.head(self.features(x))
